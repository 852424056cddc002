// The reference softmax: any axis, sizes and strides on every device, one row an item.
#include "algo/walk.h"

static struct instance instance_of(const struct device *device)
{
    return instance_start("softmax_reference", flat_group(device), 1, 1);
}

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    if (cap < 1)
        return 0;
    out[0] = instance_of(device);
    return 1;
}

// llvmpipe leaves a kernel's loops after 65,535 rounds in all (measured on Mesa 22.3), and says
// nothing; a row takes three for each element.
#define SOFTWARE_LENGTH 20000

static bool applicable(const struct device *device, const struct problem *problem)
{
    return device->device_class != DEVICE_SIMT_SOFTWARE
        || problem->dst.size[problem->u.softmax.axis] <= SOFTWARE_LENGTH;
}

static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    (void)config;
    return 8.0 * move_seconds(device, problem);
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    int axis = problem->u.softmax.axis;
    struct walk rows = walk_across(&problem->src, &problem->dst, axis);
    struct instance instance = instance_of(builder_device(builder));
    struct step *step;

    (void)config;
    if (tensor_elements(&problem->dst) == 0)
        return builder_status(builder);
    step = plan_step(builder, PHASE_RUN, &instance);
    step_tensor(step, OPERAND(SLOT_SRC), problem->src.dtype);
    step_tensor(step, OPERAND(SLOT_DST), problem->dst.dtype);
    step_long(step, problem->src.size[axis]);
    step_long(step, problem->src.stride[axis]);
    step_long(step, problem->dst.stride[axis]);
    step_walk(step, rows.size, 0, 4);
    step_walk(step, rows.src, 0, 5);
    step_walk(step, rows.dst, 0, 5);
    step_flat(step, tensor_elements(&problem->dst) / problem->src.size[axis]);
    return builder_status(builder);
}

const struct algo algo_softmax_reference = {
    .name = "softmax_reference", .about = "softmax along any axis, one row an item",
    .op = OP_SOFTMAX, .dtypes = DTYPE_BIT(CVY_F32), .layouts = ANY_LAYOUT,
    .accuracy = ACCURACY_DIRECT, .start_set = start_set, .applicable = applicable,
    .estimate = estimate, .build = build,
};
