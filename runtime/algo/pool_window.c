// Max and average pooling in 32-bit arithmetic: vectors of channels on CPUs with wide vectors, one
// output a work-item elsewhere.
// EPYC Zen 4, 2 cores, PoCL 3.1, NHWC, best of many times 20 in a row: max 3x3 s2 64 @112 45 us,
// avg 2x2 s2 128 @56 21 us, global avg 2048 @7 9 us, all with the 4 us of a launch.
#include "algo/pool_common.h"

static struct instance instance_of(const struct device *device)
{
    bool wide = device->device_class == DEVICE_CPU_WIDE;
    struct instance instance = instance_start("pool_window", wide ? 1 : flat_group(device), 1, 1);

    instance_define(&instance, "V", wide ? device->vector_width : 1);
    return instance;
}

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    if (cap < 1)
        return 0;
    out[0] = instance_of(device);
    return 1;
}

static bool channels_are_inner(const struct problem *problem)
{
    return problem->src.stride[AXIS_C] == 1 && problem->dst.stride[AXIS_C] == 1;
}

// Channels below a vector go lane by lane: fine for small windows only.
static bool fills_vectors(const struct device *device, const struct problem *problem)
{
    return problem->src.size[AXIS_C] >= device->vector_width
        || pool_taps(&problem->u.pool.window) <= 64.0;
}

static bool applicable(const struct device *device, const struct problem *problem)
{
    return pool_is_plain(problem) && pool_fits_int(problem) && pool_rounds_fit(device, problem)
        && (device->device_class != DEVICE_CPU_WIDE
            || (channels_are_inner(problem) && fills_vectors(device, problem)));
}

// Bound by memory, or by a load and three operations for a vector of taps.
static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    struct rates rates = rules_rates(device);
    double bytes = 4.0 * (double)(tensor_elements(&problem->src) + tensor_elements(&problem->dst));

    (void)config;
    return rates.launch + 4.0 * pool_work(problem) / rates.macs + bytes / rates.bytes;
}

// Vectors that a kernel takes at once.
#define AT_ONCE 8

// How an output row falls into blocks: whole where rows are many, else pixels first, then channels.
struct blocks {
    int64_t w, count_w, c, count_c;
};

static struct blocks blocks_of(const struct device *device, const struct tensor *dst)
{
    int64_t rows = MAX(dst->size[AXIS_N] * dst->size[AXIS_D] * dst->size[AXIS_H], 1);
    int64_t vectors = ceil_div(dst->size[AXIS_C], device->vector_width), w = dst->size[AXIS_W];
    struct blocks b = { 1, w, 1, vectors };
    int64_t parts = ceil_div(pool_parts(device, 4), rows);

    if (device->device_class != DEVICE_CPU_WIDE)
        return (struct blocks) { 1, w, 1, dst->size[AXIS_C] };
    b.w = ceil_div(w, MIN(parts, w));
    b.count_w = ceil_div(w, b.w);
    b.c = round_up(ceil_div(vectors, MIN(ceil_div(parts, b.count_w), vectors)), AT_ONCE);
    b.c = MIN(b.c, vectors);
    b.count_c = ceil_div(vectors, b.c);
    return b;
}

static void add_params(struct step *step, const struct problem *problem, const struct blocks *b)
{
    const struct pool_problem *pool = &problem->u.pool;

    step_int(step, pool->kind == CVY_POOL_AVERAGE);
    step_int(step, pool->count_pad);
    step_float(step, (float)pool->divisor);
    step_int(step, pool_run(problem));
    step_int(step, problem->dst.stride[AXIS_C] == 1);
    step_int(step, b->w);
    step_int(step, b->count_w);
    step_int(step, b->c);
    step_int(step, b->count_c);
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    const struct device *device = builder_device(builder);
    const struct tensor *src = &problem->src, *dst = &problem->dst;
    struct blocks b = blocks_of(device, dst);
    struct instance instance = instance_of(device);
    struct step *step = plan_step(builder, PHASE_RUN, &instance);

    (void)config;
    step_tensor(step, OPERAND(SLOT_SRC), src->dtype);
    step_tensor(step, OPERAND(SLOT_DST), dst->dtype);
    add_params(step, problem, &b);
    step_sizes(step, src, AXIS_C, 4);
    step_sizes(step, dst, AXIS_SPATIAL, 3);
    step_int_strides(step, src);
    step_int_strides(step, dst);
    step_window(step, &problem->u.pool.window);
    step_pad_end(step, &problem->u.pool);
    step_flat(step, dst->size[AXIS_N] * dst->size[AXIS_D] * dst->size[AXIS_H] * b.count_w
                        * b.count_c);
    return builder_status(builder);
}

const struct algo algo_pool_window = {
    .name = "pool_window", .about = "max and average pooling, vectors of channels on CPUs",
    .op = OP_POOL, .dtypes = DTYPE_BIT(CVY_F32),
    .layouts = LAYOUT_BIT(CVY_NCHW) | LAYOUT_BIT(CVY_NHWC), .accuracy = ACCURACY_DIRECT,
    .start_set = start_set, .applicable = applicable, .estimate = estimate, .build = build,
};
