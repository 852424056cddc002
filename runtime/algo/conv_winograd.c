// 3x3 convolution by Winograd's F(4x4, 3x3) or F(2x2, 3x3) in NHWC on a CPU with wide vectors: a
// fourth, or four ninths, of the multiplications, with a larger error (T3 of the tolerances).
// Filters are transformed once. The map goes through in chunks of tiles, whose transformed planes
// stay in the cache between the two launches that a chunk takes.
#include "algo/winograd.h"

extern const struct algo algo_conv_winograd;

static const struct tunable tunables[] = {
    { "F", { 4, 2 } },                      // output pixels of a tile, in each direction
    { "MR", { 4, 6, 7, 8 } },               // tiles of one work-item
    { "NV", { 1, 2 } },                     // vectors of output channels
    { NULL, { 0 } },
};

// What the planes of a chunk may take for each unit. EPYC Zen 4, PoCL 3.1, two cores: 64->64 @224
// takes 7.4 ms with 1 MiB, 7.9 with half of it, 9.8 with a quarter.
#define CHUNK_BYTES (INT64_C(1) << 20)

static struct instance product_instance(const struct device *device, const struct config *config)
{
    struct instance instance = instance_start("conv_winograd", 1, 1, 1);

    instance_define(&instance, "V", device->vector_width);
    instance_define(&instance, "F", config->value[F]);
    instance_define(&instance, "MR", config->value[MR]);
    instance_define(&instance, "NV", config->value[NV]);
    return instance;
}

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    struct config configs[4];
    size_t count;

    if (device->device_class != DEVICE_CPU_WIDE || cap < 3)
        return 0;
    count = rules_configs(device, &algo_conv_winograd, configs, MIN(cap - 2, COUNT_OF(configs)));
    out[0] = winograd_input_instance(device, &configs[0]);
    out[1] = winograd_filter_instance(device, &configs[0]);
    for (size_t i = 0; i < count; i++)
        out[2 + i] = product_instance(device, &configs[i]);
    return 2 + count;
}

static bool applicable(const struct device *device, const struct problem *problem)
{
    const struct conv_problem *conv = &problem->u.conv;
    const struct window *w = &conv->window;

    return device->device_class == DEVICE_CPU_WIDE && problem->direction == FORWARD
        && conv->groups == 1 && conv->padding_mode == CVY_ZEROS
        && w->kernel[0] == 1 && w->kernel[1] == 3 && w->kernel[2] == 3
        && w->stride[0] == 1 && w->stride[1] == 1 && w->stride[2] == 1
        && w->dilation[1] == 1 && w->dilation[2] == 1
        && problem->src.size[AXIS_D] == 1 && problem->dst.size[AXIS_D] == 1
        && tensor_is_pixels(&problem->src) && tensor_is_pixels(&problem->dst);
}

static struct tiling tiling_of(const struct device *device, const struct problem *problem,
                               const struct config *config)
{
    const struct tensor *dst = &problem->dst;
    int64_t f = config->value[F], mr = config->value[MR], planes = (f + 2) * (f + 2);
    struct tiling t = { .rows = ceil_div(dst->size[AXIS_H], f),
                        .columns = ceil_div(dst->size[AXIS_W], f) };
    int64_t chunks, most;

    t.tiles = t.rows * t.columns * dst->size[AXIS_N];
    t.pitch = round_up(problem->src.size[AXIS_C], device->vector_width);
    most = MAX(CHUNK_BYTES * device->info.compute_units / (planes * t.pitch * 4),
               mr * device->info.compute_units);
    chunks = ceil_div(t.tiles, most);
    t.chunk = round_up(ceil_div(t.tiles, MAX(chunks, 1)), mr);
    t.plane = t.chunk * t.pitch + device->vector_width;
    return t;
}

// Products at the device's rate; both transforms, of some six multiply-adds' time an element; maps
// from memory, and the filters, some times larger than they were, rather from a cache. EPYC Zen 4,
// PoCL 3.1: 55 shapes from 8 channels @7 to 512 @28.
static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    struct rates rates = rules_rates(device);
    struct tiling t = tiling_of(device, problem, config);
    double planes = (config->value[F] + 2) * (config->value[F] + 2);
    double tiles = (double)round_up(t.tiles, config->value[MR]);
    double c = (double)t.pitch, k = (double)round_up(problem->dst.size[AXIS_C],
                                                     device->vector_width * config->value[NV]);

    return 2.0 * rates.launch * (double)ceil_div(t.tiles, MAX(t.chunk, 1))
        + planes * (tiles * c * k + 6.0 * tiles * (c + k)) / rates.macs
        + 4.0 * (double)(tensor_elements(&problem->src) + tensor_elements(&problem->dst))
              / rates.bytes
        + 4.0 * planes * c * k / (3.5 * rates.bytes);
}

static void add_product(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config, const struct tiling *t,
                        struct operand planes, const struct packed_weights *packed, int64_t from)
{
    const struct conv_problem *conv = &problem->u.conv;
    const struct tensor *dst = &problem->dst;
    struct instance instance = product_instance(builder_device(builder), config);
    struct step *step = plan_step(builder, PHASE_RUN, &instance);

    step_tensor(step, planes, problem->src.dtype);
    step_tensor(step, packed->weights, problem->src.dtype);
    step_tensor(step, packed->bias, problem->src.dtype);
    step_tensor(step, OPERAND(conv->residual ? SLOT_RESIDUAL : SLOT_NONE), dst->dtype);
    step_tensor(step, OPERAND(SLOT_DST), dst->dtype);
    step_int(step, conv->residual);
    step_piecewise(step, &conv->activation);
    step_int(step, problem->src.size[AXIS_C]);
    step_int(step, dst->size[AXIS_C]);
    step_sizes(step, dst, AXIS_H, 2);
    step_long(step, dst->stride[AXIS_N]);
    step_long(step, dst->stride[AXIS_H]);
    step_long(step, dst->stride[AXIS_W]);
    step_int(step, t->rows);
    step_int(step, t->columns);
    step_int(step, from);
    step_int(step, t->tiles);
    step_long(step, t->plane);
    step_grid(step, ceil_div(MIN(t->chunk, t->tiles - from), config->value[MR]), packed->blocks, 1,
              0);
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    struct tiling t = tiling_of(builder_device(builder), problem, config);
    int64_t f = config->value[F];
    struct packed_weights packed = winograd_filter(builder, problem, config);
    struct operand planes = plan_scratch(builder, (size_t)(t.plane * (f + 2) * (f + 2))
                                         * cvy_dtype_bytes(problem->src.dtype));

    for (int64_t from = 0; from < t.tiles; from += t.chunk) {
        winograd_input(builder, problem, config, &t, planes, from);
        add_product(builder, problem, config, &t, planes, &packed, from);
    }
    activate_rest(builder, problem, &problem->u.conv.activation);
    return builder_status(builder);
}

const struct algo algo_conv_winograd = {
    .name = "conv_winograd",
    .about = "3x3 by Winograd's F(4x4) or F(2x2) in NHWC on CPUs with wide vectors",
    .op = OP_CONV, .dtypes = DTYPE_BIT(CVY_F32),
    .layouts = LAYOUT_BIT(CVY_NCHW) | LAYOUT_BIT(CVY_NHWC), .accuracy = ACCURACY_WINOGRAD,
    .tunables = tunables, .start_set = start_set, .applicable = applicable, .estimate = estimate,
    .build = build,
};
