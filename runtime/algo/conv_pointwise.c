// 1x1 convolution and linear layers in NHWC on a CPU with wide vectors, tiled in registers.
#include "algo/common.h"

enum { MR, NV };

extern const struct algo algo_conv_pointwise;

static const struct tunable tunables[] = {
    { "MR", { 4, 1, 2, 6, 7, 8 } },         // pixels of one tile
    { "NV", { 1, 2, 4 } },                  // vectors of output channels
    { NULL, { 0 } },
};

// What of the weights stays in a core's cache beside the pixels. EPYC Zen 4, PoCL 3.1.
#define CACHED_WEIGHTS (INT64_C(256) << 10)

static struct instance instance_of(const struct device *device, const struct config *config)
{
    struct instance instance = instance_start("conv_pointwise", 1, 1, 1);

    instance_define(&instance, "V", device->vector_width);
    instance_define(&instance, "MR", config->value[MR]);
    instance_define(&instance, "NV", config->value[NV]);
    return instance;
}

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    struct config configs[4];
    size_t count;

    if (device->device_class != DEVICE_CPU_WIDE)
        return 0;
    count = rules_configs(device, &algo_conv_pointwise, configs, MIN(cap, COUNT_OF(configs)));
    for (size_t i = 0; i < count; i++)
        out[i] = instance_of(device, &configs[i]);
    return count;
}

// The map as one row of pixels for each image, or for all of them where they follow each other.
static void flatten(struct tensor *t, bool batch)
{
    int64_t pitch = pixel_pitch(t), pixels = map_pixels(t);

    t->size[AXIS_W] = pixels * (batch ? t->size[AXIS_N] : 1);
    t->size[AXIS_D] = t->size[AXIS_H] = 1;
    t->size[AXIS_N] = batch ? 1 : t->size[AXIS_N];
    t->stride[AXIS_W] = pitch;
}

static bool applicable(const struct device *device, const struct problem *problem)
{
    const struct conv_problem *conv = &problem->u.conv;

    return device->device_class == DEVICE_CPU_WIDE && conv_is_pointwise(problem)
        && conv->groups * ceil_div(problem->dst.size[AXIS_C] / conv->groups, device->vector_width)
           <= device->max_grid
        && map_pixels(&problem->dst) <= device->max_grid
        && tensor_is_pixels(&problem->src) && tensor_is_pixels(&problem->dst);
}

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

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    const struct conv_problem *conv = &problem->u.conv;
    const struct device *device = builder_device(builder);
    int64_t c = problem->src.size[AXIS_C] / conv->groups;
    int64_t k = problem->dst.size[AXIS_C] / conv->groups;
    int64_t block = device->vector_width * config->value[NV];
    bool batch = batch_is_packed(&problem->src) && batch_is_packed(&problem->dst)
        && map_pixels(&problem->dst) * problem->dst.size[AXIS_N] <= device->max_grid;
    bool weights_first = problem->dst.size[AXIS_C] * c * 4 > CACHED_WEIGHTS;
    struct instance instance = instance_of(device, config);
    struct packed_weights packed = pack_weights(builder, problem, conv->groups, c, k, (int)block);
    struct tensor src = problem->src, dst = problem->dst;
    struct step *step = plan_step(builder, PHASE_RUN, &instance);
    int64_t tiles, each, blocks = conv->groups * packed.blocks;

    flatten(&src, batch);
    flatten(&dst, batch);
    tiles = ceil_div(dst.size[AXIS_W], config->value[MR]);
    each = tiles_each(device, tiles, blocks * dst.size[AXIS_N]);
    step_tensor(step, OPERAND(SLOT_SRC), src.dtype);
    step_tensor(step, packed.weights, src.dtype);
    step_tensor(step, packed.bias, src.dtype);
    step_tensor(step, OPERAND(conv->residual ? SLOT_RESIDUAL : SLOT_NONE), dst.dtype);
    step_tensor(step, OPERAND(SLOT_DST), dst.dtype);
    step_int(step, weights_first);
    step_int(step, conv->residual);
    step_piecewise(step, &conv->activation);
    step_int(step, c);
    step_int(step, k);
    step_int(step, packed.blocks);
    step_int(step, dst.size[AXIS_W]);
    step_long(step, src.stride[AXIS_N]);
    step_long(step, src.stride[AXIS_W]);
    step_long(step, dst.stride[AXIS_N]);
    step_long(step, dst.stride[AXIS_W]);
    step_int(step, tiles);
    step_int(step, each);
    step_grid(step, weights_first ? ceil_div(tiles, each) : blocks,
              weights_first ? blocks : ceil_div(tiles, each), dst.size[AXIS_N], 2);
    activate_rest(builder, problem, &conv->activation);
    return builder_status(builder);
}

const struct algo algo_conv_pointwise = {
    .name = "conv_pointwise",
    .about = "1x1 and linear in NHWC on CPUs with wide vectors, register tiles",
    .op = OP_CONV, .dtypes = DTYPE_BIT(CVY_F32),
    .layouts = LAYOUT_BIT(CVY_NCHW) | LAYOUT_BIT(CVY_NHWC), .accuracy = ACCURACY_DIRECT,
    .tunables = tunables, .start_set = start_set, .applicable = applicable, .estimate = estimate,
    .build = build,
};
