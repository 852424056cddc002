// A separable convolution as two convolutions, one after the other, with the tensor between them in
// scratch. Each half is solved as the planner thinks best.
#include "algo/common.h"

static bool applicable(const struct device *device, const struct problem *problem)
{
    (void)device;
    return problem->direction == FORWARD;
}

// Two launches at the device's rate, and the tensor between them written and read.
static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    struct rates rates = rules_rates(device);
    struct problem first = separable_first(problem), second = separable_second(problem);
    double macs = (double)conv_macs(&first, &first.u.conv)
        + (double)conv_macs(&second, &second.u.conv);

    (void)config;
    return 2.0 * rates.launch + macs / rates.macs
        + 2.0 * (double)tensor_bytes(&problem->u.separable.mid) / rates.bytes;
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    struct operand mid = plan_scratch(builder, tensor_bytes(&problem->u.separable.mid));
    struct problem first = separable_first(problem), second = separable_second(problem);
    struct bindings bindings = bindings_same();

    (void)config;
    bindings.slots[SLOT_DST] = mid;
    bindings.slots[SLOT_RESIDUAL] = OPERAND(SLOT_NONE);
    bindings.slots[SLOT_SLOPE] = OPERAND(SLOT_NONE);
    plan_child(builder, &first, &bindings);
    bindings = bindings_same();
    bindings.slots[SLOT_SRC] = mid;
    bindings.slots[SLOT_WEIGHTS] = OPERAND(SLOT_WEIGHTS2);
    bindings.slots[SLOT_BIAS] = OPERAND(SLOT_BIAS2);
    plan_child(builder, &second, &bindings);
    return builder_status(builder);
}

const struct algo algo_separable_pair = {
    .name = "separable_pair", .about = "a separable convolution as two convolutions",
    .op = OP_SEPARABLE, .dtypes = DTYPE_BIT(CVY_F32),
    .layouts = LAYOUT_BIT(CVY_NCHW) | LAYOUT_BIT(CVY_NHWC), .accuracy = ACCURACY_DIRECT,
    .applicable = applicable, .estimate = estimate, .build = build,
};
