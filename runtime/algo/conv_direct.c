// Direct convolution in NHWC on a CPU with wide vectors, both directions, tiled in registers.
// Weights are packed once; activations that are not piecewise follow as a second pass.
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

// Output channels of a group are rounded up to whole blocks, a row's pixels to whole tiles, and
// taps in the padding of a tile are not saved.
static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    struct rates rates = rules_rates(device);
    int64_t k = problem->dst.size[AXIS_C] / problem->u.conv.groups;
    int64_t block = device->vector_width * config->value[NV];
    double waste = (double)round_up(k, block) / (double)k
        * (double)(row_tiles(problem, config->value[MR]) * config->value[MR])
        / (double)MAX(problem->dst.size[AXIS_W], 1);

    return rates.launch + waste * (double)conv_macs(problem, &problem->u.conv) / rates.macs
        + 4.0 * (double)(tensor_elements(&problem->src) + tensor_elements(&problem->dst))
              / rates.bytes;
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    const struct conv_problem *conv = &problem->u.conv;
    const struct tensor *src = &problem->src, *dst = &problem->dst;
    const struct device *device = builder_device(builder);
    int64_t c = problem->src.size[AXIS_C] / conv->groups;
    int64_t k = problem->dst.size[AXIS_C] / conv->groups;
    int block = device->vector_width * config->value[NV];
    struct instance instance = instance_of(device, config);
    struct packed_weights packed = pack_weights(builder, problem, conv->groups, c, k, block);
    struct step *step = plan_step(builder, PHASE_RUN, &instance);
    int64_t tiles, rows, each;

    tiles = row_tiles(problem, config->value[MR]);
    rows = dst->size[AXIS_N] * dst->size[AXIS_D] * dst->size[AXIS_H];
    each = tiles_each(device, tiles, rows * conv->groups * packed.blocks);
    step_tensor(step, OPERAND(SLOT_SRC), src->dtype);
    step_tensor(step, packed.weights, src->dtype);
    step_tensor(step, packed.bias, src->dtype);
    step_tensor(step, OPERAND(conv->residual ? SLOT_RESIDUAL : SLOT_NONE), dst->dtype);
    step_tensor(step, OPERAND(SLOT_DST), dst->dtype);
    step_int(step, problem->direction == BACKWARD_DATA);
    step_int(step, conv->residual);
    step_piecewise(step, &conv->activation);
    step_int(step, conv->padding_mode);
    step_int(step, c);
    step_int(step, k);
    step_int(step, packed.blocks);
    step_sizes(step, src, AXIS_SPATIAL, 3);
    step_sizes(step, dst, AXIS_SPATIAL, 3);
    step_map_strides(step, src);
    step_map_strides(step, dst);
    step_window(step, &conv->window);
    step_int(step, tiles);
    step_int(step, each);
    step_grid(step, ceil_div(tiles, each), rows, conv->groups * packed.blocks, 1);
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
