// Activations of tensors whose innermost axes are the same and without gaps: whole vectors on CPUs,
// one element an item elsewhere.
#include "algo/walk.h"

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    if (cap < 1)
        return 0;
    out[0] = row_instance(device, "activation_dense");
    return 1;
}

static struct walk walk_problem(const struct problem *problem)
{
    return walk_of(&problem->src, &problem->dst, problem->u.elementwise.channel_axis);
}

static bool applicable(const struct device *device, const struct problem *problem)
{
    struct walk walk = walk_problem(problem);

    (void)device;
    return walk.src[0] == 1 && walk.dst[0] == 1;
}

static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    (void)config;
    return move_seconds(device, problem);
}

// The piecewise kinds become one, CVY_NONE with a slope and bounds.
static void step_function(struct step *step, const cvy_activation *activation)
{
    float slope, low, high;

    if (activation_piecewise(activation, &slope, &low, &high))
        step_activation(step, &(cvy_activation) { CVY_NONE, slope, 0.0f });
    else
        step_activation(step, activation);
    step_float(step, low);
    step_float(step, high);
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    const cvy_activation *activation = &problem->u.elementwise.activation;
    const struct device *device = builder_device(builder);
    struct walk walk = walk_problem(problem);
    struct row_blocks blocks = row_blocks(device, &walk);
    struct instance instance = row_instance(device, "activation_dense");
    struct step *step;

    (void)config;
    if (tensor_elements(&problem->dst) == 0)
        return builder_status(builder);
    step = plan_step(builder, PHASE_RUN, &instance);
    step_tensor(step, OPERAND(SLOT_SRC), problem->src.dtype);
    step_tensor(step, OPERAND(activation->kind == CVY_PRELU ? SLOT_SLOPE : SLOT_NONE),
                problem->src.dtype);
    step_tensor(step, OPERAND(SLOT_DST), problem->dst.dtype);
    step_function(step, activation);
    step_rows(step, &walk, &blocks);
    step_walk(step, walk.src, 1, CVY_MAX_RANK - 1);
    step_walk(step, walk.dst, 1, CVY_MAX_RANK - 1);
    step_walk(step, walk.slope, 0, CVY_MAX_RANK);
    step_flat(step, row_items(&walk, &blocks));
    return builder_status(builder);
}

const struct algo algo_activation_dense = {
    .name = "activation_dense", .about = "activations over rows without gaps, whole vectors",
    .op = OP_ACTIVATION, .dtypes = DTYPE_BIT(CVY_F32), .layouts = ANY_LAYOUT,
    .accuracy = ACCURACY_DIRECT, .start_set = start_set, .applicable = applicable,
    .estimate = estimate, .build = build,
};
