// Batch normalisation with statistics from training, any strides: constants become a table when
// the plan is prepared, rows go through it.
#include "algo/norm.h"

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    return norm_instances(device, out, cap);
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
    return move_seconds(device, problem);
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    const struct norm_statistics statistics = { OPERAND(SLOT_MEAN), OPERAND(SLOT_VARIANCE),
                                                PHASE_PREPARE, false };

    (void)config;
    if (tensor_elements(&problem->dst) > 0)
        norm_steps(builder, problem, &statistics);
    return builder_status(builder);
}

const struct algo algo_batch_norm_rows = {
    .name = "batch_norm_rows", .about = "batch normalisation, any strides, by a packed table",
    .op = OP_BATCH_NORM, .dtypes = DTYPE_BIT(CVY_F32),
    .layouts = LAYOUT_BIT(CVY_NCHW) | LAYOUT_BIT(CVY_NHWC),
    .accuracy = ACCURACY_DIRECT, .start_set = start_set, .applicable = applicable,
    .estimate = estimate, .build = build,
};
