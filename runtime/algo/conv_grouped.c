// Grouped convolution in NHWC with as many output as input channels in each group, a few, on a CPU
// with wide vectors.
#include "algo/common.h"

// Output pixels at a time. EPYC Zen 4, PoCL 3.1, 3x3 g32 128 @56: 2 0.31 ms, 4 0.21, 7 0.27.
static const struct tunable tunables[] = {
    { "MR", { 4, 2, 7, 8 } },
    { NULL, { 0 } },
};

extern const struct algo algo_conv_grouped;

static struct instance instance_of(const struct device *device, int64_t channels,
                                   const struct config *config)
{
    struct instance instance = instance_start("conv_grouped", 1, 1, 1);

    instance_define(&instance, "V", device->vector_width);
    instance_define(&instance, "CG", (int32_t)channels);
    instance_define(&instance, "MR", config->value[0]);
    return instance;
}

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    struct config config;

    if (device->device_class != DEVICE_CPU_WIDE || cap < 1)
        return 0;
    rules_configs(device, &algo_conv_grouped, &config, 1);
    out[0] = instance_of(device, 4, &config);
    return 1;
}

static bool applicable(const struct device *device, const struct problem *problem)
{
    int64_t groups = problem->u.conv.groups, channels = problem->src.size[AXIS_C] / groups;

    return device->device_class == DEVICE_CPU_WIDE && problem->direction == FORWARD && groups > 1
        && problem->src.size[AXIS_C] == problem->dst.size[AXIS_C]
        && channels == 4 && channels <= device->vector_width
        && problem->src.size[AXIS_C] <= device->max_grid
        && tensor_is_pixels(&problem->src) && tensor_is_pixels(&problem->dst);
}

// A shuffle beside each multiply-add.
static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    struct rates rates = rules_rates(device);

    (void)config;
    return rates.launch + 1.5 * (double)conv_macs(problem, &problem->u.conv) / rates.macs
        + 4.0 * (double)(tensor_elements(&problem->src) + tensor_elements(&problem->dst))
              / rates.bytes;
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    const struct conv_problem *conv = &problem->u.conv;
    const struct tensor *src = &problem->src, *dst = &problem->dst;
    const struct device *device = builder_device(builder);
    int64_t channels = src->size[AXIS_C] / conv->groups;
    struct instance instance = instance_of(device, channels, config);
    // The weights of a channel stand in the order of a convolution of one group with few channels.
    struct packed_weights packed = pack_weights(builder, problem, 1, channels, dst->size[AXIS_C],
                                                device->vector_width);
    struct step *step = plan_step(builder, PHASE_RUN, &instance);

    step_tensor(step, OPERAND(SLOT_SRC), src->dtype);
    step_tensor(step, packed.weights, src->dtype);
    step_tensor(step, packed.bias, src->dtype);
    step_tensor(step, OPERAND(conv->residual ? SLOT_RESIDUAL : SLOT_NONE), dst->dtype);
    step_tensor(step, OPERAND(SLOT_DST), dst->dtype);
    step_int(step, conv->residual);
    step_piecewise(step, &conv->activation);
    step_int(step, conv->padding_mode);
    step_int(step, src->size[AXIS_C]);
    step_sizes(step, src, AXIS_SPATIAL, 3);
    step_sizes(step, dst, AXIS_SPATIAL, 3);
    step_map_strides(step, src);
    step_map_strides(step, dst);
    step_window(step, &conv->window);
    step_grid(step, packed.blocks, dst->size[AXIS_N] * dst->size[AXIS_D] * dst->size[AXIS_H], 1,
              1);
    activate_rest(builder, problem, &conv->activation);
    return builder_status(builder);
}

const struct algo algo_conv_grouped = {
    .name = "conv_grouped",
    .about = "4 channels in each group in NHWC on CPUs with wide vectors",
    .op = OP_CONV, .dtypes = DTYPE_BIT(CVY_F32),
    .layouts = LAYOUT_BIT(CVY_NCHW) | LAYOUT_BIT(CVY_NHWC), .accuracy = ACCURACY_DIRECT,
    .tunables = tunables, .start_set = start_set, .applicable = applicable, .estimate = estimate,
    .build = build,
};
