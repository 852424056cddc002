// The reference copy: any sizes and strides on every device, one element an item.
#include "algo/walk.h"

static struct instance instance_of(const struct device *device)
{
    return instance_start("copy_strided", flat_group(device), 1, 1);
}

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    if (cap < 1 || device->device_class == DEVICE_CPU_WIDE)
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

// Of each cache line that is fetched, one element may be all that is used.
static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    (void)config;
    return 4.0 * move_seconds(device, problem);
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    struct walk walk = walk_of(&problem->src, &problem->dst, -1);
    struct instance instance = instance_of(builder_device(builder));
    struct step *step;

    (void)config;
    if (tensor_elements(&problem->dst) == 0)
        return builder_status(builder);
    step = plan_step(builder, PHASE_RUN, &instance);
    step_tensor(step, copy_source(problem), problem->src.dtype);
    step_tensor(step, OPERAND(SLOT_DST), problem->dst.dtype);
    step_walk(step, walk.size, 0, CVY_MAX_RANK - 1);
    step_walk(step, walk.src, 0, CVY_MAX_RANK);
    step_walk(step, walk.dst, 0, CVY_MAX_RANK);
    step_flat(step, tensor_elements(&problem->dst));
    return builder_status(builder);
}

const struct algo algo_copy_strided = {
    .name = "copy_strided", .about = "any copy, one element at a time", .op = OP_COPY,
    .dtypes = DTYPE_BIT(CVY_F32), .layouts = ANY_LAYOUT, .accuracy = ACCURACY_DIRECT,
    .start_set = start_set, .applicable = applicable, .estimate = estimate, .build = build,
};
