// A depthwise convolution and the 1x1 convolution behind it in one launch, in NHWC on a CPU with
// wide vectors: the tensor between the two stays in the first cache.
#include "algo/common.h"

extern const struct algo algo_separable_tiles;

static const struct tunable tunables[] = {
    { "MR", { 4, 6, 7, 8 } },               // pixels of one tile
    { "C_MOST", { 256, 1024 } },            // channels between the two, at most
    { NULL, { 0 } },
};

enum { MR, C_MOST };

// Taps along a row, at most.
#define KW_MOST 16

static struct instance instance_of(const struct device *device, const struct config *config)
{
    struct instance instance = instance_start("separable_tiles", 1, 1, 1);

    instance_define(&instance, "V", device->vector_width);
    instance_define(&instance, "MR", config->value[MR]);
    instance_define(&instance, "C_MOST", config->value[C_MOST]);
    instance_define(&instance, "KW_MOST", KW_MOST);
    return instance;
}

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    struct config config;

    if (device->device_class != DEVICE_CPU_WIDE || cap < 1)
        return 0;
    rules_configs(device, &algo_separable_tiles, &config, 1);
    out[0] = instance_of(device, &config);
    return 1;
}

// A row's offsets are ints in the kernel.
static bool map_elements_fit(const struct tensor *t)
{
    return t->size[AXIS_W] * t->stride[AXIS_W] <= INT32_MAX;
}

static bool applicable(const struct device *device, const struct problem *problem)
{
    const struct conv_problem *first = &problem->u.separable.first;
    struct problem second = separable_second(problem);
    int64_t c = problem->src.size[AXIS_C];
    float slope, low, high;

    return device->device_class == DEVICE_CPU_WIDE && problem->direction == FORWARD
        && first->groups == c && problem->u.separable.mid.size[AXIS_C] == c && c <= 256
        && problem->u.separable.second.groups == 1 && conv_is_pointwise(&second)
        && activation_piecewise(&first->activation, &slope, &low, &high)
        && problem->src.size[AXIS_D] == 1 && problem->dst.size[AXIS_D] == 1
        && first->window.kernel[0] == 1 && first->window.kernel[2] <= KW_MOST
        && map_elements_fit(&problem->src)
        && tensor_is_pixels(&problem->src) && tensor_is_pixels(&problem->dst);
}

// As two convolutions with less launched and no tensor between them; a unit's last tile may be
// alone.
static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    struct rates rates = rules_rates(device);
    struct problem first = separable_first(problem), second = separable_second(problem);
    const struct tensor *dst = &problem->dst;
    int64_t units = MAX(device->info.compute_units, 1);
    int64_t tiles = ceil_div(dst->size[AXIS_W], config->value[MR]) * dst->size[AXIS_H]
        * dst->size[AXIS_N];
    double idle = (double)round_up(MAX(tiles, 1), units) / (double)MAX(tiles, 1);
    double macs = 2.0 * (double)conv_macs(&first, &first.u.conv)
        + (double)conv_macs(&second, &second.u.conv);

    return rates.launch + idle * macs / rates.macs
        + 4.0 * (double)(tensor_elements(&problem->src) + tensor_elements(dst)) / rates.bytes;
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    const struct conv_problem *conv = &problem->u.separable.first;
    const struct conv_problem *conv2 = &problem->u.separable.second;
    const struct window *w = &conv->window;
    const struct tensor *src = &problem->src, *dst = &problem->dst;
    const struct device *device = builder_device(builder);
    struct problem first = separable_first(problem), second = separable_second(problem);
    struct instance instance = instance_of(device, config);
    int64_t c = src->size[AXIS_C], k = dst->size[AXIS_C];
    struct packed_weights packed = pack_weights(builder, &first, 1, 1, c, device->vector_width);
    struct packed_weights packed2 = pack_second(builder, &second, 1, c, k, device->vector_width);
    int64_t tiles = ceil_div(dst->size[AXIS_W], config->value[MR]);
    int64_t rows = dst->size[AXIS_N] * dst->size[AXIS_H], each = tiles_each(device, tiles, rows);
    struct step *step = plan_step(builder, PHASE_RUN, &instance);

    if (round_up(c, device->vector_width) > config->value[C_MOST])
        return fail(CVY_ERR_UNSUPPORTED, "separable_tiles takes at most %d channels",
                    (int)config->value[C_MOST]);
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
    step_int(step, k);
    step_sizes(step, src, AXIS_H, 2);
    step_sizes(step, dst, AXIS_H, 2);
    step_plane_strides(step, src);
    step_plane_strides(step, dst);
    step_plane_window(step, w->kernel, w->kernel);
    step_plane_window(step, w->stride, w->stride);
    step_plane_window(step, w->dilation, w->dilation);
    step_plane_window(step, w->pad, w->pad);
    step_int(step, tiles);
    step_int(step, each);
    step_grid(step, ceil_div(tiles, each), rows, 1, 1);
    activate_rest(builder, problem, &conv2->activation);
    return builder_status(builder);
}

const struct algo algo_separable_tiles = {
    .name = "separable_tiles",
    .about = "depthwise and 1x1 in one launch, in NHWC on CPUs with wide vectors",
    .op = OP_SEPARABLE, .dtypes = DTYPE_BIT(CVY_F32),
    .layouts = LAYOUT_BIT(CVY_NCHW) | LAYOUT_BIT(CVY_NHWC), .accuracy = ACCURACY_DIRECT,
    .tunables = tunables, .start_set = start_set, .applicable = applicable, .estimate = estimate,
    .build = build,
};
