// Max and average pooling where columns lie side by side (NCHW), on CPUs with wide vectors.
// EPYC Zen 4, 2 cores, PoCL 3.1, best of many times 20 in a row: max 3x3 s2 64 @112 112 us, avg 2x2
// s2 128 @56 44 us, global avg 2048 @7 12 us, all with the 4 us of a launch.
#include "algo/pool_common.h"

static struct instance instance_of(const struct device *device)
{
    struct instance instance = instance_start("pool_rows", 1, 1, 1);

    instance_define(&instance, "V", device->vector_width);
    return instance;
}

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    if (cap < 1 || device->device_class != DEVICE_CPU_WIDE)
        return 0;
    out[0] = instance_of(device);
    return 1;
}

// One channel has no layout: its columns can be vectors in NHWC, too.
static bool columns_are_inner(const struct tensor *t)
{
    return t->stride[AXIS_W] == 1 && (t->layout == CVY_NCHW || t->size[AXIS_C] == 1);
}

static bool applicable(const struct device *device, const struct problem *problem)
{
    return device->device_class == DEVICE_CPU_WIDE && pool_is_plain(problem)
        && pool_fits_int(problem) && columns_are_inner(&problem->src)
        && columns_are_inner(&problem->dst);
}

// Bound by memory, or by a load, a shuffle and three operations for a vector of taps.
static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    struct rates rates = rules_rates(device);
    double bytes = 4.0 * (double)(tensor_elements(&problem->src) + tensor_elements(&problem->dst));

    (void)config;
    return rates.launch + 6.0 * pool_work(problem) / rates.macs + bytes / rates.bytes;
}

// Whether one window is all of a plane without gaps.
static bool window_is_plane(const struct problem *problem)
{
    const struct pool_problem *pool = &problem->u.pool;
    const struct tensor *src = &problem->src;
    int64_t step = 1;

    for (int i = 2; i >= 0; i--) {
        int64_t size = src->size[AXIS_SPATIAL + i];

        if (problem->dst.size[AXIS_SPATIAL + i] != 1 || pool->window.kernel[i] != size
            || pool->window.pad[i] || pool->pad_end[i]
            || (size > 1 && pool->window.dilation[i] != 1)
            || (size > 1 && src->stride[AXIS_SPATIAL + i] != step))
            return false;
        step *= size;
    }
    return true;
}

// Such a plane as one long row.
static struct problem as_row(const struct problem *problem)
{
    struct problem row = *problem;
    struct tensor *src = &row.src;

    src->size[AXIS_W] *= src->size[AXIS_D] * src->size[AXIS_H];
    src->size[AXIS_D] = src->size[AXIS_H] = 1;
    row.u.pool.window = (struct window) {
        { 1, 1, src->size[AXIS_W] }, { 1, 1, 1 }, { 1, 1, 1 }, { 0, 0, 0 } };
    return row;
}

static void add_strides(struct step *step, const struct tensor *t)
{
    for (int i = AXIS_N; i < AXIS_W; i++)
        step_int(step, t->size[i] > 1 ? t->stride[i] : 0);
}

static void add_step(struct plan_builder *builder, const struct problem *problem)
{
    const struct device *device = builder_device(builder);
    const struct pool_problem *pool = &problem->u.pool;
    const struct tensor *src = &problem->src, *dst = &problem->dst;
    int64_t rows = tensor_elements(dst) / dst->size[AXIS_W];
    int64_t block = MAX(rows / pool_parts(device, 8), 1);
    struct instance instance = instance_of(device);
    struct step *step = plan_step(builder, PHASE_RUN, &instance);

    step_tensor(step, OPERAND(SLOT_SRC), src->dtype);
    step_tensor(step, OPERAND(SLOT_DST), dst->dtype);
    step_int(step, pool->kind == CVY_POOL_AVERAGE);
    step_int(step, pool->count_pad);
    step_float(step, (float)pool->divisor);
    step_int(step, pool_run(problem));
    step_int(step, rows);
    step_int(step, block);
    step_int(step, (int64_t)(tensor_bytes(src) / sizeof(float)));
    step_sizes(step, src, AXIS_C, 4);
    step_sizes(step, dst, AXIS_SPATIAL, 3);
    add_strides(step, src);
    add_strides(step, dst);
    step_window(step, &pool->window);
    step_pad_end(step, pool);
    step_flat(step, ceil_div(rows, block));
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    struct problem row;

    (void)config;
    if (window_is_plane(problem)) {
        row = as_row(problem);
        problem = &row;
    }
    add_step(builder, problem);
    return builder_status(builder);
}

const struct algo algo_pool_rows = {
    .name = "pool_rows", .about = "max and average pooling in NCHW on CPUs with wide vectors",
    .op = OP_POOL, .dtypes = DTYPE_BIT(CVY_F32),
    .layouts = LAYOUT_BIT(CVY_NCHW) | LAYOUT_BIT(CVY_NHWC), .accuracy = ACCURACY_DIRECT,
    .start_set = start_set, .applicable = applicable, .estimate = estimate, .build = build,
};
