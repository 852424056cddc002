// Concatenation on every device: one copy for each source, into its part of dst. Made of children
// only.
#include "algo/walk.h"

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
    return (double)problem->u.concat.count * rules_rates(device).launch
        + move_seconds(device, problem);
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    const struct tensor *srcs = problem->u.concat.srcs;
    int axis = problem->u.concat.axis;
    size_t element = cvy_dtype_bytes(problem->dst.dtype), offset = 0;

    (void)config;
    for (size_t i = 0; i < problem->u.concat.count; i++) {
        struct problem copy = { .op = OP_COPY, .src = srcs[i], .dst = problem->dst };
        struct bindings bindings = bindings_same();

        copy.dst.size[axis] = srcs[i].size[axis];
        bindings.slots[SLOT_SRC] = OPERAND((enum slot)(SLOT_SRCS + i));
        bindings.slots[SLOT_DST] = (struct operand) { SLOT_DST, offset };
        if (tensor_elements(&copy.dst) > 0)
            plan_child(builder, &copy, &bindings);
        offset += (size_t)(srcs[i].size[axis] * problem->dst.stride[axis]) * element;
    }
    return builder_status(builder);
}

const struct algo algo_concat_copies = {
    .name = "concat_copies", .about = "one copy for each source", .op = OP_CONCAT,
    .dtypes = DTYPE_BIT(CVY_F32), .layouts = ANY_LAYOUT, .accuracy = ACCURACY_DIRECT,
    .applicable = applicable, .estimate = estimate, .build = build,
};
