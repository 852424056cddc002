// Arithmetic and comparison of two tensors on every device: pieces of rows of dst, whole vectors on
// CPUs; one element an item elsewhere. Activations that are no bend and bounds follow in place.
#include "algo/walk.h"

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    if (cap < 1)
        return 0;
    out[0] = row_instance(device, "binary_rows");
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
    const struct binary_problem *binary = &problem->u.binary;
    bool compares = problem->dst.dtype == CVY_BOOL;
    const struct device *device = builder_device(builder);
    struct walk walk = walk_with(&problem->src, &problem->dst, binary->src2.stride);
    struct row_blocks blocks = row_blocks(device, &walk);
    struct instance instance = row_instance(device, "binary_rows");
    struct step *step;

    (void)config;
    if (tensor_elements(&problem->dst) == 0)
        return builder_status(builder);
    step = plan_step(builder, PHASE_RUN, &instance);
    step_tensor(step, OPERAND(SLOT_SRC), problem->src.dtype);
    step_tensor(step, OPERAND(SLOT_SRC2), binary->src2.dtype);
    step_tensor(step, OPERAND(compares ? SLOT_NONE : SLOT_DST), problem->src.dtype);
    step_tensor(step, OPERAND(compares ? SLOT_DST : SLOT_NONE), CVY_BOOL);
    step_int(step, binary->kind);
    step_piecewise(step, &binary->activation);
    step_rows(step, &walk, &blocks);
    step_walk(step, walk.src, 0, CVY_MAX_RANK);
    step_walk(step, walk.slope, 0, CVY_MAX_RANK);
    step_walk(step, walk.dst, 0, CVY_MAX_RANK);
    step_int(step, walk.dst[0] == 1 && streams(device, &problem->dst));
    step_flat(step, row_items(&walk, &blocks));
    activate_rest(builder, problem, &binary->activation);
    return builder_status(builder);
}

const struct algo algo_binary_rows = {
    .name = "binary_rows",
    .about = "arithmetic and comparison, whole vectors where elements lie together",
    .op = OP_BINARY, .dtypes = DTYPE_BIT(CVY_F32), .layouts = ANY_LAYOUT,
    .accuracy = ACCURACY_DIRECT, .start_set = start_set, .applicable = applicable,
    .estimate = estimate, .build = build,
};
