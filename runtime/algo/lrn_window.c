// Local response normalisation of any strides: every output sums its own window.
#include "algo/walk.h"

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    if (cap < 1)
        return 0;
    out[0] = row_instance(device, "lrn_window");
    return 1;
}

static bool applicable(const struct device *device, const struct problem *problem)
{
    (void)device;
    (void)problem;
    return true;
}

// The window, no further than channels can be.
static int64_t first_of(const struct problem *problem)
{
    return -MIN(problem->u.lrn.before, problem->src.size[AXIS_C]);
}

static int64_t last_of(const struct problem *problem)
{
    return MIN(problem->u.lrn.after, problem->src.size[AXIS_C]);
}

static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    const struct lrn_problem *lrn = &problem->u.lrn;
    double taps = (double)MIN(lrn->size, problem->src.size[AXIS_C]);

    (void)config;
    return move_seconds(device, problem)
        + 4.0 * taps * (double)tensor_elements(&problem->dst) / rules_rates(device).macs;
}

// The powers that roots make, by number.
static int root_of(float beta)
{
    return beta == 0.75f ? 1 : beta == 0.5f ? 2 : beta == 1.0f ? 3 : 0;
}

// The part [from, to] of the window's channels, counted from the one in the middle.
static void add_part(struct plan_builder *builder, const struct problem *problem, int64_t from,
                     int64_t to)
{
    const struct lrn_problem *lrn = &problem->u.lrn;
    const struct device *device = builder_device(builder);
    struct walk walk = walk_of(&problem->src, &problem->dst, AXIS_C);
    struct row_blocks blocks = row_blocks(device, &walk);
    struct instance instance = row_instance(device, "lrn_window");
    struct step *step = plan_step(builder, PHASE_RUN, &instance);

    step_tensor(step, OPERAND(SLOT_SRC), problem->src.dtype);
    step_tensor(step, OPERAND(SLOT_DST), problem->dst.dtype);
    step_float(step, (float)((double)lrn->alpha / (double)lrn->size));
    step_float(step, lrn->beta);
    step_float(step, lrn->k);
    step_int(step, root_of(lrn->beta));
    step_int(step, from == first_of(problem));
    step_int(step, to == last_of(problem));
    step_long(step, problem->src.size[AXIS_C]);
    step_long(step, problem->src.stride[AXIS_C]);
    step_long(step, from);
    step_long(step, to);
    step_rows(step, &walk, &blocks);
    step_walk(step, walk.src, 0, CVY_MAX_RANK);
    step_walk(step, walk.dst, 0, CVY_MAX_RANK);
    step_walk(step, walk.slope, 0, CVY_MAX_RANK);
    step_flat(step, row_items(&walk, &blocks));
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    int64_t last = last_of(problem), part = builder_device(builder)->max_rounds / 2;

    (void)config;
    if (tensor_elements(&problem->dst) == 0)
        return builder_status(builder);
    for (int64_t from = first_of(problem); from <= last; from += part)
        add_part(builder, problem, from, MIN(last, from + MIN(part, last - from + 1) - 1));
    return builder_status(builder);
}

const struct algo algo_lrn_window = {
    .name = "lrn_window", .about = "local response normalisation, each output its own window",
    .op = OP_LRN, .dtypes = DTYPE_BIT(CVY_F32),
    .layouts = LAYOUT_BIT(CVY_NCHW) | LAYOUT_BIT(CVY_NHWC),
    .accuracy = ACCURACY_DIRECT, .start_set = start_set, .applicable = applicable,
    .estimate = estimate, .build = build,
};
