// The reference softmax: any axis, sizes and strides on every device, one row an item. Long rows go
// in parts, each pass for itself.
#include "algo/walk.h"

static struct instance instance_of(const struct device *device)
{
    return instance_start("softmax_reference", flat_group(device), 1, 1);
}

#define ALL_PASSES 7    // maximum 1, sum 2, results 4

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

static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    (void)config;
    return 8.0 * move_seconds(device, problem);
}

// The passes over the elements [from, to) of each row.
static void add_passes(struct plan_builder *builder, const struct problem *problem, int passes,
                       struct operand state, int64_t from, int64_t to)
{
    int axis = problem->u.softmax.axis;
    struct walk rows = walk_across(&problem->src, &problem->dst, axis);
    struct instance instance = instance_of(builder_device(builder));
    struct step *step = plan_step(builder, PHASE_RUN, &instance);

    step_tensor(step, OPERAND(SLOT_SRC), problem->src.dtype);
    step_tensor(step, OPERAND(SLOT_DST), problem->dst.dtype);
    step_tensor(step, state, CVY_F32);
    step_int(step, passes);
    step_long(step, from);
    step_long(step, to);
    step_int(step, problem->u.softmax.log);
    step_long(step, problem->src.stride[axis]);
    step_long(step, problem->dst.stride[axis]);
    step_walk(step, rows.size, 0, 4);
    step_walk(step, rows.src, 0, 5);
    step_walk(step, rows.dst, 0, 5);
    step_flat(step, tensor_elements(&problem->dst) / problem->src.size[axis]);
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    const struct device *device = builder_device(builder);
    int64_t elements = tensor_elements(&problem->dst);
    int64_t length = problem->dst.size[problem->u.softmax.axis], most = device->max_rounds / 2;
    struct operand state;

    (void)config;
    if (elements == 0)
        return builder_status(builder);
    if (parts_of(device, 1, 1, 1, 4 * length).count == 1) {
        add_passes(builder, problem, ALL_PASSES, OPERAND(SLOT_NONE), 0, length);
        return builder_status(builder);
    }
    state = plan_scratch(builder, (size_t)(elements / length) * 2 * sizeof(float));
    for (int pass = 1; pass < ALL_PASSES; pass *= 2)
        for (int64_t from = 0; from < length; from += most)
            add_passes(builder, problem, pass, state, from, MIN(from + most, length));
    return builder_status(builder);
}

const struct algo algo_softmax_reference = {
    .name = "softmax_reference", .about = "softmax along any axis, one row an item",
    .op = OP_SOFTMAX, .dtypes = DTYPE_BIT(CVY_F32), .layouts = ANY_LAYOUT,
    .accuracy = ACCURACY_DIRECT, .start_set = start_set, .applicable = applicable,
    .estimate = estimate, .build = build,
};
