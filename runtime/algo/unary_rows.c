// Any unary function on every device: pieces of rows of dst, whole vectors on CPUs; one element an
// item elsewhere.
#include "algo/walk.h"

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    if (cap < 1)
        return 0;
    out[0] = row_instance(device, "unary_rows");
    return 1;
}

static bool applicable(const struct device *device, const struct problem *problem)
{
    (void)device;
    (void)problem;
    return true;
}

static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    (void)config;
    return 2.0 * move_seconds(device, problem);
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    const struct device *device = builder_device(builder);
    struct walk walk = walk_of(&problem->src, &problem->dst, -1);
    struct row_blocks blocks = row_blocks(device, &walk);
    struct instance instance = row_instance(device, "unary_rows");
    struct step *step;

    (void)config;
    if (tensor_elements(&problem->dst) == 0)
        return builder_status(builder);
    step = plan_step(builder, PHASE_RUN, &instance);
    step_tensor(step, OPERAND(SLOT_SRC), problem->src.dtype);
    step_tensor(step, OPERAND(SLOT_DST), problem->dst.dtype);
    step_int(step, problem->u.unary.kind);
    step_float(step, problem->u.unary.alpha);
    step_rows(step, &walk, &blocks);
    step_walk(step, walk.src, 0, CVY_MAX_RANK);
    step_walk(step, walk.dst, 0, CVY_MAX_RANK);
    step_flat(step, row_items(&walk, &blocks));
    return builder_status(builder);
}

const struct algo algo_unary_rows = {
    .name = "unary_rows", .about = "any unary function, whole vectors where elements lie together",
    .op = OP_UNARY, .dtypes = DTYPE_BIT(CVY_F32), .layouts = ANY_LAYOUT,
    .accuracy = ACCURACY_DIRECT, .start_set = start_set, .applicable = applicable,
    .estimate = estimate, .build = build,
};
