// The reference product of matrices: any batches, sizes and strides on every device, one output an
// item.
#include "algo/matmul.h"

static struct instance instance_of(const struct device *device)
{
    return instance_start("matmul_reference", flat_group(device), 1, 1);
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

static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    struct rates rates = rules_rates(device);

    (void)config;
    return rates.launch + 20.0 * matmul_macs(problem) / rates.macs;
}

// Terms [from, to) of each sum. Those behind the first ones are added to dst.
static void add_part(struct plan_builder *builder, const struct problem *problem, int64_t from,
                     int64_t to)
{
    const struct matmul_problem *matmul = &problem->u.matmul;
    struct instance instance = instance_of(builder_device(builder));
    struct step *step = plan_step(builder, PHASE_RUN, &instance);
    enum slot added = from > 0 ? SLOT_DST : matmul->has_bias ? SLOT_BIAS : SLOT_NONE;
    cvy_activation none = { CVY_NONE };
    struct problem view = *problem;

    if (from > 0)
        view.u.matmul.bias = problem->dst;
    step_tensor(step, OPERAND(SLOT_SRC), problem->src.dtype);
    step_tensor(step, OPERAND(SLOT_SRC2), problem->src.dtype);
    step_tensor(step, OPERAND(added), problem->dst.dtype);
    step_tensor(step, OPERAND(SLOT_DST), problem->dst.dtype);
    step_int(step, added != SLOT_NONE);
    step_float(step, matmul->alpha);
    step_float(step, from > 0 ? 1.0f : matmul->beta);
    step_activation(step, to < matmul_depth(problem) ? &none : &matmul->activation);
    step_long(step, from);
    step_long(step, to);
    step_matmul(step, &view);
    step_flat(step, tensor_elements(&problem->dst));
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    int64_t depth = matmul_depth(problem), most = builder_device(builder)->max_rounds / 2;

    (void)config;
    if (tensor_elements(&problem->dst) == 0)
        return builder_status(builder);
    add_part(builder, problem, 0, MIN(most, depth));
    for (int64_t from = most; from < depth; from += most)
        add_part(builder, problem, from, MIN(from + most, depth));
    return builder_status(builder);
}

const struct algo algo_matmul_reference = {
    .name = "matmul_reference", .about = "any product of matrices, one output at a time",
    .op = OP_MATMUL, .dtypes = DTYPE_BIT(CVY_F32), .layouts = ANY_LAYOUT,
    .accuracy = ACCURACY_DIRECT, .start_set = start_set, .applicable = applicable,
    .estimate = estimate, .build = build,
};
