// The table of a normalisation: mean, factor and bias of each channel, or each image's channel.
// No algorithm of its own.
#include "algo/norm.h"

struct instance norm_table_instance(const struct device *device)
{
    return instance_start("norm_table", flat_group(device), 1, 1);
}

struct operand norm_table(struct plan_builder *builder, const struct problem *problem,
                          const struct norm_statistics *statistics)
{
    const struct norm_problem *norm = &problem->u.norm;
    int64_t channels = problem->src.size[AXIS_C], count = norm_count(problem, statistics);
    size_t bytes = (size_t)(3 * count) * sizeof(float);
    struct instance instance = norm_table_instance(builder_device(builder));
    struct operand table = statistics->phase == PHASE_PREPARE ? plan_packed(builder, bytes)
                                                              : plan_scratch(builder, bytes);
    struct step *step = plan_step(builder, statistics->phase, &instance);

    step_tensor(step, statistics->mean, CVY_F32);
    step_tensor(step, statistics->variance, CVY_F32);
    step_tensor(step, OPERAND(norm->scale ? SLOT_SCALE : SLOT_NONE), CVY_F32);
    step_tensor(step, OPERAND(norm->bias ? SLOT_BIAS : SLOT_NONE), CVY_F32);
    step_tensor(step, table, CVY_F32);
    step_int(step, norm->scale);
    step_int(step, norm->bias);
    step_float(step, norm->eps);
    step_long(step, count);
    step_long(step, channels);
    step_flat(step, count);
    return table;
}
