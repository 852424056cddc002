// Max unpooling, any strides: zeroes, then one work-item for each plane.
#include "algo/common.h"

static struct instance instance_of(const struct device *device)
{
    return instance_start("max_unpool_plane", flat_group(device), 1, 1);
}

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    if (cap < 1)
        return 0;
    out[0] = instance_of(device);
    return 1;
}

static bool applicable(const struct device *device, const struct problem *problem)
{
    (void)device;
    (void)problem;
    return true;
}

// Three launches; each element is read or written by one scalar operation.
static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    struct rates rates = rules_rates(device);

    (void)config;
    return 3.0 * rates.launch
        + 20.0 * (double)(tensor_elements(&problem->src) + tensor_elements(&problem->dst))
              / rates.macs;
}

// In a single plane, an index of the whole tensor is one of the plane.
static bool crosses_planes(const struct problem *problem)
{
    return problem->u.pool.indices == CVY_INDICES_TENSOR
        && problem->src.size[AXIS_N] * problem->src.size[AXIS_C] > 1;
}

static void add_pass(struct plan_builder *builder, const struct problem *problem, int pass,
                     struct operand foreign, int64_t items)
{
    const struct tensor *src = &problem->src, *dst = &problem->dst;
    bool wide = problem->u.pool.indices_dtype == CVY_I64;
    struct instance instance = instance_of(builder_device(builder));
    struct step *step = plan_step(builder, PHASE_RUN, &instance);
    struct tensor indices = *src;

    tensor_set_dense(&indices, src->layout);
    step_tensor(step, OPERAND(SLOT_SRC), src->dtype);
    step_tensor(step, OPERAND(wide ? SLOT_NONE : SLOT_INDICES), CVY_I32);
    step_tensor(step, OPERAND(wide ? SLOT_INDICES : SLOT_NONE), CVY_I64);
    step_tensor(step, OPERAND(SLOT_DST), dst->dtype);
    step_tensor(step, foreign, CVY_I32);
    step_int(step, pass);
    step_int(step, wide);
    step_int(step, crosses_planes(problem));
    step_int(step, dst->layout == CVY_NHWC);
    step_long(step, src->size[AXIS_N] * src->size[AXIS_C]);
    step_sizes(step, src, AXIS_C, 4);
    step_sizes(step, dst, AXIS_SPATIAL, 3);
    step_strides(step, src, 5);
    step_strides(step, &indices, 5);
    step_strides(step, dst, 5);
    step_flat(step, items);
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    int64_t planes = problem->src.size[AXIS_N] * problem->src.size[AXIS_C];
    bool whole = crosses_planes(problem);
    struct operand foreign = OPERAND(SLOT_NONE);

    (void)config;
    if (whole)
        foreign = plan_scratch(builder, (size_t)planes * sizeof(int32_t));
    add_pass(builder, problem, 0, foreign,
             planes * problem->dst.size[AXIS_D] * problem->dst.size[AXIS_H]);
    add_pass(builder, problem, 1, foreign, planes);
    if (whole)
        add_pass(builder, problem, 2, foreign, planes);
    return builder_status(builder);
}

const struct algo algo_max_unpool_plane = {
    .name = "max_unpool_plane", .about = "any max unpooling, one plane at a time",
    .op = OP_UNPOOL, .dtypes = DTYPE_BIT(CVY_F32),
    .layouts = LAYOUT_BIT(CVY_NCHW) | LAYOUT_BIT(CVY_NHWC), .accuracy = ACCURACY_DIRECT,
    .start_set = start_set, .applicable = applicable, .estimate = estimate, .build = build,
};
