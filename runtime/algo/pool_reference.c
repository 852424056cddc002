// The reference pooling: every kind, any strides, with or without indices. One instance: all is
// arguments. Long loops run in parts that hand on maxima and sums in dst and the indices.
#include "algo/pool_common.h"

static struct instance instance_of(const struct device *device)
{
    return instance_start("pool_reference", flat_group(device), 1, 1);
}

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    if (cap < 1)
        return 0;
    out[0] = instance_of(device);
    return 1;
}

static bool applicable(const struct device *device, const struct problem *problem)
{
    (void)device;
    (void)problem;
    return true;
}

// One output at a time and a test for each tap: scalar work at a twentieth of the device's rate.
static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    struct rates rates = rules_rates(device);
    double outputs = (double)tensor_elements(&problem->dst);

    (void)config;
    return rates.launch + 20.0 * (pool_work(problem) + 8.0 * outputs) / rates.macs;
}

static void add_params(struct step *step, const struct problem *problem)
{
    const struct pool_problem *pool = &problem->u.pool;

    step_int(step, pool->kind);
    step_int(step, pool->count_pad);
    step_float(step, (float)pool->divisor);
    step_float(step, pool->p);
    step_int(step, pool_run(problem));
    step_int(step, pool->indices);
    step_int(step, pool->indices_dtype == CVY_I64);
    step_int(step, problem->dst.layout == CVY_NHWC);
}

static void add_part(struct plan_builder *builder, const struct problem *problem,
                     const struct part *part)
{
    const struct pool_problem *pool = &problem->u.pool;
    const struct tensor *src = &problem->src, *dst = &problem->dst;
    bool wide = pool->indices_dtype == CVY_I64;
    struct instance instance = instance_of(builder_device(builder));
    struct step *step = plan_step(builder, PHASE_RUN, &instance);
    struct tensor indices = *dst;

    tensor_set_dense(&indices, dst->layout);
    step_tensor(step, OPERAND(SLOT_SRC), src->dtype);
    step_tensor(step, OPERAND(SLOT_DST), dst->dtype);
    step_tensor(step, OPERAND(pool->indices && !wide ? SLOT_INDICES : SLOT_NONE), CVY_I32);
    step_tensor(step, OPERAND(pool->indices && wide ? SLOT_INDICES : SLOT_NONE), CVY_I64);
    add_params(step, problem);
    step_sizes(step, src, AXIS_C, 4);
    step_sizes(step, dst, AXIS_SPATIAL, 3);
    step_strides(step, src, 5);
    step_strides(step, dst, 5);
    step_strides(step, &indices, 5);
    step_window(step, &pool->window);
    step_pad_end(step, pool);
    step_int(step, !part->first);
    step_int(step, !part->last);
    step_part(step, part, 1);
    step_flat(step, tensor_elements(dst));
}

// Most taps along an axis. A window of an adaptive kind may be one longer than the next.
static int64_t most_taps(const struct problem *problem, int i)
{
    int64_t size = problem->src.size[AXIS_SPATIAL + i];

    if (problem->u.pool.kind < CVY_POOL_ADAPTIVE_MAX)
        return problem->u.pool.window.kernel[i];
    return MIN(ceil_div(size, problem->dst.size[AXIS_SPATIAL + i]) + 1, size);
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    struct parts parts = parts_of(builder_device(builder), 1, most_taps(problem, 0),
                                  most_taps(problem, 1), most_taps(problem, 2));

    (void)config;
    for (int64_t i = 0; i < parts.count; i++) {
        struct part part = part_at(&parts, i);

        add_part(builder, problem, &part);
    }
    return builder_status(builder);
}

const struct algo algo_pool_reference = {
    .name = "pool_reference", .about = "any pooling, with indices, one output at a time",
    .op = OP_POOL, .dtypes = DTYPE_BIT(CVY_F32),
    .layouts = LAYOUT_BIT(CVY_NCHW) | LAYOUT_BIT(CVY_NHWC), .accuracy = ACCURACY_DIRECT,
    .start_set = start_set, .applicable = applicable, .estimate = estimate, .build = build,
};
