// 1x1 convolution in NCHW on a CPU with wide vectors: pixels are the vector, nothing is laid out
// anew.
#include "algo/common.h"

enum { MR, NV };

extern const struct algo algo_conv_pointwise_planes;

static const struct tunable tunables[] = {
    { "MR", { 4, 6, 7, 8 } },               // output channels of one tile
    { "NV", { 1, 2 } },                     // vectors of pixels
    { NULL, { 0 } },
};

static struct instance instance_of(const struct device *device, const struct config *config)
{
    struct instance instance = instance_start("conv_pointwise_planes", 1, 1, 1);

    instance_define(&instance, "V", device->vector_width);
    instance_define(&instance, "MR", config->value[MR]);
    instance_define(&instance, "NV", config->value[NV]);
    return instance;
}

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    struct config config;

    if (device->device_class != DEVICE_CPU_WIDE || cap < 1)
        return 0;
    rules_configs(device, &algo_conv_pointwise_planes, &config, 1);
    out[0] = instance_of(device, &config);
    return 1;
}

static bool applicable(const struct device *device, const struct problem *problem)
{
    return device->device_class == DEVICE_CPU_WIDE && conv_is_pointwise(problem)
        && tensor_is_planes(&problem->src) && tensor_is_planes(&problem->dst)
        && map_pixels(&problem->dst) <= device->max_grid
        && problem->dst.size[AXIS_C] <= device->max_grid;
}

// Whole tiles of pixels: the lanes behind a plane's end are lost.
static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    struct rates rates = rules_rates(device);
    int64_t pixels = MAX(map_pixels(&problem->dst), 1);
    int64_t k = MAX(problem->dst.size[AXIS_C] / problem->u.conv.groups, 1);
    double waste = (double)round_up(pixels, device->vector_width * config->value[NV])
        / (double)pixels * (double)round_up(k, config->value[MR]) / (double)k;

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
    int64_t c = src->size[AXIS_C] / conv->groups, k = dst->size[AXIS_C] / conv->groups;
    int64_t tile = device->vector_width * config->value[NV], pixels = map_pixels(dst);
    int64_t images = dst->size[AXIS_N] * conv->groups;
    struct instance instance = instance_of(device, config);
    struct packed_weights packed = pack_weights(builder, problem, conv->groups, c, k,
                                                config->value[MR]);
    int64_t each = tiles_each(device, packed.blocks, ceil_div(pixels, tile) * images);
    struct step *step = plan_step(builder, PHASE_RUN, &instance);

    step_tensor(step, OPERAND(SLOT_SRC), src->dtype);
    step_tensor(step, packed.weights, src->dtype);
    step_tensor(step, packed.bias, src->dtype);
    step_tensor(step, OPERAND(conv->residual ? SLOT_RESIDUAL : SLOT_NONE), dst->dtype);
    step_tensor(step, OPERAND(SLOT_DST), dst->dtype);
    step_int(step, conv->residual);
    step_piecewise(step, &conv->activation);
    step_int(step, c);
    step_int(step, k);
    step_int(step, conv->groups);
    step_int(step, packed.blocks);
    step_int(step, pixels);
    // A tile may end this many channels behind the plane that it begins in.
    step_int(step, ceil_div(tile, MAX(src->stride[AXIS_C], 1)));
    step_long(step, src->stride[AXIS_N]);
    step_long(step, src->stride[AXIS_C]);
    step_long(step, dst->stride[AXIS_N]);
    step_long(step, dst->stride[AXIS_C]);
    step_int(step, each);
    step_grid(step, ceil_div(packed.blocks, each), ceil_div(pixels, tile), images, 2);
    activate_rest(builder, problem, &conv->activation);
    return builder_status(builder);
}

const struct algo algo_conv_pointwise_planes = {
    .name = "conv_pointwise_planes",
    .about = "1x1 in NCHW on CPUs with wide vectors, register tiles over pixels",
    .op = OP_CONV, .dtypes = DTYPE_BIT(CVY_F32),
    .layouts = LAYOUT_BIT(CVY_NCHW) | LAYOUT_BIT(CVY_NHWC), .accuracy = ACCURACY_DIRECT,
    .tunables = tunables, .start_set = start_set, .applicable = applicable, .estimate = estimate,
    .build = build,
};
