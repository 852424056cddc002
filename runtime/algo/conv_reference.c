// The reference convolution, both directions: accepts every legal problem on every device. One
// instance for each direction; all else is arguments. Long loops run in parts: the bias and the
// residual enter the first, later ones add to dst, the activation ends the last.
#include "algo/common.h"

static struct instance instance_of(const struct device *device, enum direction direction)
{
    struct instance instance = instance_start("conv_reference", flat_group(device), 1, 1);

    instance_define(&instance, "BACKWARD", direction == BACKWARD_DATA);
    return instance;
}

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    if (device->device_class == DEVICE_CPU_WIDE || cap < 2)
        return 0;           // there the rules never come to it
    out[0] = instance_of(device, FORWARD);
    out[1] = instance_of(device, BACKWARD_DATA);
    return 2;
}

static bool applicable(const struct device *device, const struct problem *problem)
{
    (void)device;
    return problem->direction != BACKWARD_WEIGHTS;
}

// One output at a time, no reuse in registers: a tenth of the device's rate at best.
static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    struct rates rates = rules_rates(device);

    (void)config;
    return rates.launch + 20.0 * (double)conv_macs(problem, &problem->u.conv) / rates.macs;
}

static void add_part(struct plan_builder *builder, const struct problem *problem,
                     const struct part *part)
{
    const struct conv_problem *conv = &problem->u.conv;
    const struct tensor *src = &problem->src, *dst = &problem->dst;
    struct instance instance = instance_of(builder_device(builder), problem->direction);
    struct step *step = plan_step(builder, PHASE_RUN, &instance);
    enum slot residual = !part->first ? SLOT_DST : conv->residual ? SLOT_RESIDUAL : SLOT_NONE;
    cvy_activation none = { CVY_NONE }, activation = part->last ? conv->activation : none;

    step_tensor(step, OPERAND(SLOT_SRC), src->dtype);
    step_tensor(step, OPERAND(SLOT_WEIGHTS), src->dtype);
    step_tensor(step, OPERAND(conv->bias ? SLOT_BIAS : SLOT_NONE), src->dtype);
    step_tensor(step, OPERAND(activation.kind == CVY_PRELU ? SLOT_SLOPE : SLOT_NONE), src->dtype);
    step_tensor(step, OPERAND(residual), dst->dtype);
    step_tensor(step, OPERAND(SLOT_DST), dst->dtype);
    step_int(step, conv->bias && part->first);
    step_int(step, residual != SLOT_NONE);
    step_activation(step, &activation);
    step_int(step, conv->padding_mode);
    step_int(step, conv->groups);
    step_int(step, src->size[AXIS_C] / conv->groups);
    step_int(step, dst->size[AXIS_C] / conv->groups);
    step_sizes(step, src, AXIS_SPATIAL, 3);
    step_sizes(step, dst, AXIS_SPATIAL, 3);
    step_strides(step, src, 5);
    step_strides(step, dst, 5);
    step_window(step, &conv->window);
    step_part(step, part, 0);
    step_flat(step, tensor_elements(dst));
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    const struct conv_problem *conv = &problem->u.conv;
    const int64_t *kernel = conv->window.kernel;
    struct parts parts = parts_of(builder_device(builder), kernel[0], kernel[1], kernel[2],
                                  problem->src.size[AXIS_C] / conv->groups);

    (void)config;
    for (int64_t i = 0; i < parts.count; i++) {
        struct part part = part_at(&parts, i);

        add_part(builder, problem, &part);
    }
    return builder_status(builder);
}

const struct algo algo_conv_reference = {
    .name = "conv_reference", .about = "any convolution in either direction, one output at a time",
    .op = OP_CONV, .dtypes = DTYPE_BIT(CVY_F32),
    .layouts = LAYOUT_BIT(CVY_NCHW) | LAYOUT_BIT(CVY_NHWC), .accuracy = ACCURACY_DIRECT,
    .start_set = start_set, .applicable = applicable, .estimate = estimate, .build = build,
};
