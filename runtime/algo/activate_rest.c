// The activation behind a kernel that knows only the piecewise ones.
#include "algo/common.h"

void activate_dst(struct plan_builder *builder, const struct problem *problem,
                  const cvy_activation *activation)
{
    struct problem rest = { .op = OP_ACTIVATION, .src = problem->dst, .dst = problem->dst };
    struct bindings bindings = bindings_same();

    rest.u.elementwise.activation = *activation;
    rest.u.elementwise.channel_axis = activation->kind == CVY_PRELU ? AXIS_C : -1;
    bindings.slots[SLOT_SRC] = OPERAND(SLOT_DST);
    plan_child(builder, &rest, &bindings);
}

void activate_rest(struct plan_builder *builder, const struct problem *problem,
                   const cvy_activation *activation)
{
    float slope, low, high;

    if (!activation_piecewise(activation, &slope, &low, &high))
        activate_dst(builder, problem, activation);
}
