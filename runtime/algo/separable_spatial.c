// A k x 1 and a 1 x k convolution of each channel in one launch, in NHWC on a CPU with wide
// vectors: the tensor between the two stays in the first cache.
#include "algo/common.h"

extern const struct algo algo_separable_spatial;

static const struct tunable tunables[] = {
    { "MR", { 4, 8 } },                     // columns at a time
    { NULL, { 0 } },
};

// Columns between the two that private memory takes.
#define COLUMNS 96

static struct instance instance_of(const struct device *device, const struct config *config)
{
    struct instance instance = instance_start("separable_spatial", 1, 1, 1);

    instance_define(&instance, "V", device->vector_width);
    instance_define(&instance, "MR", config->value[0]);
    instance_define(&instance, "COLUMNS", COLUMNS);
    return instance;
}

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    struct config config;

    if (device->device_class != DEVICE_CPU_WIDE || cap < 1)
        return 0;
    rules_configs(device, &algo_separable_spatial, &config, 1);
    out[0] = instance_of(device, &config);
    return 1;
}

static bool applicable(const struct device *device, const struct problem *problem)
{
    const struct conv_problem *first = &problem->u.separable.first;
    const struct conv_problem *second = &problem->u.separable.second;
    const struct window *w = &second->window;
    int64_t c = problem->src.size[AXIS_C];
    float slope, low, high;

    return device->device_class == DEVICE_CPU_WIDE && problem->direction == FORWARD
        && first->groups == c && second->groups == c && problem->dst.size[AXIS_C] == c
        && first->window.kernel[2] == 1 && w->kernel[1] == 1 && w->kernel[0] == 1
        && first->window.kernel[0] == 1 && problem->src.size[AXIS_D] == 1
        && problem->dst.size[AXIS_D] == 1
        && (w->kernel[2] - 1) * w->dilation[2] + 1 <= COLUMNS
        && ceil_div(c, device->vector_width) <= device->max_grid
        && activation_piecewise(&first->activation, &slope, &low, &high)
        && tensor_is_pixels(&problem->src) && tensor_is_pixels(&problem->dst);
}

// Bound by memory, or by two vector loads for each multiply-add.
static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    struct rates rates = rules_rates(device);
    struct problem first = separable_first(problem), second = separable_second(problem);

    (void)config;
    return rates.launch
        + 2.0 * (double)(conv_macs(&first, &first.u.conv) + conv_macs(&second, &second.u.conv))
              / rates.macs
        + 4.0 * (double)(tensor_elements(&problem->src) + tensor_elements(&problem->dst))
              / rates.bytes;
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    const struct conv_problem *conv = &problem->u.separable.first;
    const struct conv_problem *conv2 = &problem->u.separable.second;
    const struct window *w = &conv->window, *w2 = &conv2->window;
    const struct tensor *src = &problem->src, *dst = &problem->dst;
    const struct device *device = builder_device(builder);
    struct problem first = separable_first(problem), second = separable_second(problem);
    struct instance instance = instance_of(device, config);
    int64_t c = src->size[AXIS_C];
    struct packed_weights packed = pack_weights(builder, &first, 1, 1, c, device->vector_width);
    struct packed_weights packed2 = pack_second(builder, &second, 1, 1, c, device->vector_width);
    struct step *step = plan_step(builder, PHASE_RUN, &instance);

    step_tensor(step, OPERAND(SLOT_SRC), src->dtype);
    step_tensor(step, packed.weights, src->dtype);
    step_tensor(step, packed.bias, src->dtype);
    step_tensor(step, packed2.weights, src->dtype);
    step_tensor(step, packed2.bias, src->dtype);
    step_tensor(step, OPERAND(conv2->residual ? SLOT_RESIDUAL : SLOT_NONE), dst->dtype);
    step_tensor(step, OPERAND(SLOT_DST), dst->dtype);
    step_int(step, conv2->residual);
    step_piecewise(step, &conv->activation);
    step_piecewise(step, &conv2->activation);
    step_int(step, conv->padding_mode);
    step_int(step, c);
    step_sizes(step, src, AXIS_H, 2);
    step_sizes(step, dst, AXIS_H, 2);
    step_plane_strides(step, src);
    step_plane_strides(step, dst);
    step_plane_window(step, w->kernel, w2->kernel);
    step_plane_window(step, w->stride, w2->stride);
    step_plane_window(step, w->dilation, w2->dilation);
    step_plane_window(step, w->pad, w2->pad);
    step_grid(step, packed.blocks, dst->size[AXIS_N] * dst->size[AXIS_H], 1, 1);
    activate_rest(builder, problem, &conv2->activation);
    return builder_status(builder);
}

const struct algo algo_separable_spatial = {
    .name = "separable_spatial",
    .about = "k x 1 and 1 x k of each channel in one launch, in NHWC on CPUs with wide vectors",
    .op = OP_SEPARABLE, .dtypes = DTYPE_BIT(CVY_F32),
    .layouts = LAYOUT_BIT(CVY_NCHW) | LAYOUT_BIT(CVY_NHWC), .accuracy = ACCURACY_DIRECT,
    .tunables = tunables, .start_set = start_set, .applicable = applicable, .estimate = estimate,
    .build = build,
};
