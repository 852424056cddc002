// Direct convolution in NHWC on a CPU with wide vectors, both directions, tiled in registers.
// Weights are packed once; activations that are not piecewise linear follow as a second pass.
#include "algo/common.h"

enum { MR, NV };

extern const struct algo algo_conv_direct;

static const struct tunable tunables[] = {
    { "MR", { 4, 2, 6, 7, 8, 12, 14 } },    // output pixels of one work-item
    { "NV", { 1, 2 } },                     // vectors of output channels
    { NULL, { 0 } },
};

static struct instance instance_of(const struct device *device, const struct config *config)
{
    struct instance instance = instance_start("conv_direct", 1, 1, 1);

    instance_define(&instance, "V", device->vector_width);
    instance_define(&instance, "MR", config->value[MR]);
    instance_define(&instance, "NV", config->value[NV]);
    return instance;
}

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    struct config configs[4];
    size_t count = 0, given;

    if (device->device_class != DEVICE_CPU_WIDE || cap < 5)
        return 0;
    given = rules_configs(device, &algo_conv_direct, configs, COUNT_OF(configs));
    for (size_t i = 0; i < given; i++)
        out[count++] = instance_of(device, &configs[i]);
    out[count++] = pack_weights_instance(device);
    return count;
}

static bool applicable(const struct device *device, const struct problem *problem)
{
    return device->device_class == DEVICE_CPU_WIDE && problem->direction != BACKWARD_WEIGHTS
        && problem->u.conv.groups <= device->max_grid
        && tensor_is_pixels(&problem->src) && tensor_is_pixels(&problem->dst);
}

// Output channels of a group are rounded up to whole blocks, a row's pixels to whole tiles.
static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    struct rates rates = rules_rates(device);
    int64_t k = problem->dst.size[AXIS_C] / problem->u.conv.groups;
    int64_t block = device->vector_width * config->value[NV];
    double waste = (double)round_up(k, block) / (double)k;

    return rates.launch + waste * (double)conv_macs(problem, &problem->u.conv) / rates.macs
        + 4.0 * (double)(tensor_elements(&problem->src) + tensor_elements(&problem->dst))
              / rates.bytes;
}

// Equal sizes rule out padding behind the end, which the window does not tell.
static bool is_pointwise(const struct problem *problem)
{
    const struct window *w = &problem->u.conv.window;

    for (int i = 0; i < 3; i++)
        if (w->kernel[i] != 1 || w->stride[i] != 1 || w->pad[i] != 0
            || problem->src.size[AXIS_D + i] != problem->dst.size[AXIS_D + i])
            return false;
    return true;
}

static int64_t pixels_of(const struct tensor *t)
{
    return t->size[AXIS_D] * t->size[AXIS_H] * t->size[AXIS_W];
}

static bool batch_is_packed(const struct tensor *t)
{
    return t->size[AXIS_N] <= 1 || t->stride[AXIS_N] == pixels_of(t) * pixel_pitch(t);
}

static void flatten_map(struct tensor *t, bool batch)
{
    int64_t pitch = pixel_pitch(t);

    t->size[AXIS_W] = pixels_of(t) * (batch ? t->size[AXIS_N] : 1);
    t->size[AXIS_D] = t->size[AXIS_H] = 1;
    t->size[AXIS_N] = batch ? 1 : t->size[AXIS_N];
    t->stride[AXIS_W] = pitch;
}

// A 1x1 convolution without stride or padding is the same for any shape of its pixels: one long
// row, of at most `limit` pixels, has no short tiles.
static void flatten(struct problem *problem, int64_t limit)
{
    struct tensor *src = &problem->src, *dst = &problem->dst;
    bool batch;

    if (!is_pointwise(problem) || pixels_of(dst) > limit)
        return;
    batch = batch_is_packed(src) && batch_is_packed(dst)
        && pixels_of(dst) * dst->size[AXIS_N] <= limit;
    flatten_map(src, batch);
    flatten_map(dst, batch);
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    const struct conv_problem *conv = &problem->u.conv;
    const struct device *device = builder_device(builder);
    int64_t c = problem->src.size[AXIS_C] / conv->groups;
    int64_t k = problem->dst.size[AXIS_C] / conv->groups;
    int block = device->vector_width * config->value[NV];
    struct instance instance = instance_of(device, config);
    struct packed_weights packed = pack_weights(builder, problem, conv->groups, c, k, block);
    struct problem flat = *problem;
    struct step *step = plan_step(builder, PHASE_RUN, &instance);

    flatten(&flat, device->max_grid * config->value[MR]);
    step_tensor(step, OPERAND(SLOT_SRC), flat.src.dtype);
    step_tensor(step, packed.weights, flat.src.dtype);
    step_tensor(step, packed.bias, flat.src.dtype);
    step_tensor(step, OPERAND(conv->residual ? SLOT_RESIDUAL : SLOT_NONE), flat.dst.dtype);
    step_tensor(step, OPERAND(SLOT_DST), flat.dst.dtype);
    step_int(step, problem->direction == BACKWARD_DATA);
    step_int(step, conv->residual);
    step_piecewise(step, &conv->activation);
    step_int(step, conv->padding_mode);
    step_int(step, c);
    step_int(step, k);
    step_int(step, packed.blocks);
    step_sizes(step, &flat.src, AXIS_SPATIAL, 3);
    step_sizes(step, &flat.dst, AXIS_SPATIAL, 3);
    step_map_strides(step, &flat.src);
    step_map_strides(step, &flat.dst);
    step_window(step, &conv->window);
    step_grid(step, row_tiles(&flat, config->value[MR]),
              flat.dst.size[AXIS_N] * flat.dst.size[AXIS_D] * flat.dst.size[AXIS_H],
              conv->groups * packed.blocks, 1);
    activate_rest(builder, problem, &conv->activation);
    return builder_status(builder);
}

const struct algo algo_conv_direct = {
    .name = "conv_direct",
    .about = "NHWC on CPUs with wide vectors, register tiles, packed weights",
    .op = OP_CONV, .dtypes = DTYPE_BIT(CVY_F32),
    .layouts = LAYOUT_BIT(CVY_NCHW) | LAYOUT_BIT(CVY_NHWC), .accuracy = ACCURACY_DIRECT,
    .tunables = tunables, .start_set = start_set, .applicable = applicable, .estimate = estimate,
    .build = build,
};
