// Convolution for devices with many small work-items (GPUs, llvmpipe): both directions, any
// strides.
#include "algo/common.h"

enum { V };

static const struct tunable tunables[] = {
    { "V", { 4, 1, 8 } },       // output channels of one work-item
    { NULL, { 0 } },
};

static struct instance instance_of(const struct device *device, enum direction direction, int v,
                                   bool channels_fastest)
{
    struct instance instance = instance_start("conv_simt", flat_group(device), 1, 1);

    instance_define(&instance, "V", v);
    instance_define(&instance, "BACKWARD", direction == BACKWARD_DATA);
    instance_define(&instance, "CHANNELS_FASTEST", channels_fastest);
    return instance;
}

// One channel in a group needs no vector.
static int vector_of(const struct problem *problem, const struct config *config)
{
    return problem->dst.size[AXIS_C] == problem->u.conv.groups ? 1 : config->value[V];
}

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    size_t count = 0;

    if (device->device_class == DEVICE_CPU_WIDE || cap < 9)
        return 0;
    for (int direction = FORWARD; direction <= BACKWARD_DATA; direction++)
        for (int nhwc = 0; nhwc < 2; nhwc++)
            for (int wide = 0; wide < 2; wide++)
                out[count++] = instance_of(device, (enum direction)direction,
                                           wide ? tunables[V].values[0] : 1, nhwc);
    out[count++] = pack_weights_instance(device);
    return count;
}

static bool applicable(const struct device *device, const struct problem *problem)
{
    const struct tensor *src = &problem->src, *dst = &problem->dst;
    const struct conv_problem *conv = &problem->u.conv;
    const int64_t *kernel = conv->window.kernel;
    struct parts parts = parts_of(device, kernel[0], kernel[1], kernel[2],
                                  src->size[AXIS_C] / conv->groups);

    return parts.count == 1 && problem->direction != BACKWARD_WEIGHTS
        && src->stride[AXIS_C] <= INT32_MAX && dst->stride[AXIS_C] <= INT32_MAX
        && src->size[AXIS_N] <= INT32_MAX
        && dst->size[AXIS_D] * dst->size[AXIS_H] * dst->size[AXIS_W] <= INT32_MAX;
}

static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    struct rates rates = rules_rates(device);

    (void)config;
    return rates.launch + 4.0 * (double)conv_macs(problem, &problem->u.conv) / rates.macs;
}

static void add_map(struct step *step, const struct tensor *t)
{
    step_int(step, t->stride[AXIS_C]);
    step_map_strides(step, t);
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    const struct conv_problem *conv = &problem->u.conv;
    const struct tensor *src = &problem->src, *dst = &problem->dst;
    int64_t c = src->size[AXIS_C] / conv->groups, k = dst->size[AXIS_C] / conv->groups;
    int v = vector_of(problem, config);
    struct instance instance = instance_of(builder_device(builder), problem->direction, v,
                                           dst->stride[AXIS_C] == 1 && k > 1);
    struct packed_weights packed = pack_weights(builder, problem, conv->groups, c, k, v);
    struct step *step = plan_step(builder, PHASE_RUN, &instance);

    step_tensor(step, OPERAND(SLOT_SRC), src->dtype);
    step_tensor(step, packed.weights, src->dtype);
    step_tensor(step, packed.bias, src->dtype);
    step_tensor(step, OPERAND(conv->residual ? SLOT_RESIDUAL : SLOT_NONE), dst->dtype);
    step_tensor(step, OPERAND(SLOT_DST), dst->dtype);
    step_int(step, conv->residual);
    step_piecewise(step, &conv->activation);
    step_int(step, conv->padding_mode);
    step_int(step, conv->groups);
    step_int(step, c);
    step_int(step, k);
    step_int(step, packed.blocks);
    step_sizes(step, src, AXIS_SPATIAL, 3);
    step_sizes(step, dst, AXIS_SPATIAL, 3);
    add_map(step, src);
    add_map(step, dst);
    step_window(step, &conv->window);
    step_flat(step, dst->size[AXIS_N] * conv->groups * packed.blocks * dst->size[AXIS_D]
              * dst->size[AXIS_H] * dst->size[AXIS_W]);
    activate_rest(builder, problem, &conv->activation);
    return builder_status(builder);
}

const struct algo algo_conv_simt = {
    .name = "conv_simt", .about = "any strides on GPUs: many small work-items, packed weights",
    .op = OP_CONV, .dtypes = DTYPE_BIT(CVY_F32),
    .layouts = LAYOUT_BIT(CVY_NCHW) | LAYOUT_BIT(CVY_NHWC), .accuracy = ACCURACY_DIRECT,
    .tunables = tunables, .start_set = start_set, .applicable = applicable, .estimate = estimate,
    .build = build,
};
