// Instance normalisation of any strides: the mean of each plane, then the mean of the squares of
// what is left, both by trees, then the rows.
#include "algo/norm.h"
#include "algo/reduce.h"

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    size_t count = norm_instances(device, out, cap);

    if (count < cap)
        out[count++] = reduce_instance(device);
    return count;
}

static bool applicable(const struct device *device, const struct problem *problem)
{
    (void)device;
    (void)problem;
    return true;
}

static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    (void)config;
    return 2.0 * move_seconds(device, problem);
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    struct norm_statistics statistics = { .phase = PHASE_RUN, .each_image = true };
    struct reduction reduction = { .kind = CVY_REDUCE_MEAN, .src = problem->src,
                                   .dst = problem->src, .from = OPERAND(SLOT_SRC) };
    size_t bytes = (size_t)norm_count(problem, &statistics) * sizeof(float);

    (void)config;
    if (tensor_elements(&problem->dst) == 0)
        return builder_status(builder);
    for (int axis = AXIS_SPATIAL; axis < CVY_MAX_RANK; axis++)
        reduction.dst.size[axis] = 1;
    tensor_set_dense(&reduction.dst, CVY_NCHW);
    statistics.mean = reduction.to = reduction.centre = plan_scratch(builder, bytes);
    reduce_steps(builder, &reduction);
    statistics.variance = reduction.to = plan_scratch(builder, bytes);
    reduction.kind = REDUCE_SQUARES;
    reduce_steps(builder, &reduction);
    norm_steps(builder, problem, &statistics);
    return builder_status(builder);
}

const struct algo algo_instance_norm_planes = {
    .name = "instance_norm_planes", .about = "instance normalisation, any strides, in three passes",
    .op = OP_INSTANCE_NORM, .dtypes = DTYPE_BIT(CVY_F32),
    .layouts = LAYOUT_BIT(CVY_NCHW) | LAYOUT_BIT(CVY_NHWC),
    .accuracy = ACCURACY_DIRECT, .start_set = start_set, .applicable = applicable,
    .estimate = estimate, .build = build,
};
