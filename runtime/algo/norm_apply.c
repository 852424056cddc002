// Normalisation once statistics are there: the table, its use, and the rest of the activation. No
// algorithm of its own.
#include "algo/norm.h"

int64_t norm_count(const struct problem *problem, const struct norm_statistics *statistics)
{
    return problem->src.size[AXIS_C] * (statistics->each_image ? problem->src.size[AXIS_N] : 1);
}

size_t norm_instances(const struct device *device, struct instance *out, size_t cap)
{
    if (cap < 2)
        return 0;
    out[0] = norm_table_instance(device);
    out[1] = row_instance(device, "norm_apply");
    return 2;
}

void norm_steps(struct plan_builder *builder, const struct problem *problem,
                const struct norm_statistics *statistics)
{
    const struct device *device = builder_device(builder);
    const int64_t strides[CVY_MAX_RANK] = {
        [AXIS_N] = statistics->each_image ? problem->src.size[AXIS_C] : 0, [AXIS_C] = 1,
    };
    struct walk walk = walk_with(&problem->src, &problem->dst, strides);
    struct row_blocks blocks = row_blocks(device, &walk);
    struct instance instance = row_instance(device, "norm_apply");
    struct operand table = norm_table(builder, problem, statistics);
    struct step *step = plan_step(builder, PHASE_RUN, &instance);

    step_tensor(step, OPERAND(SLOT_SRC), problem->src.dtype);
    step_tensor(step, table, CVY_F32);
    step_tensor(step, OPERAND(SLOT_DST), problem->dst.dtype);
    step_piecewise(step, &problem->u.norm.activation);
    step_long(step, norm_count(problem, statistics));
    step_rows(step, &walk, &blocks);
    step_walk(step, walk.src, 0, CVY_MAX_RANK);
    step_walk(step, walk.dst, 0, CVY_MAX_RANK);
    step_walk(step, walk.slope, 0, CVY_MAX_RANK);
    step_flat(step, row_items(&walk, &blocks));
    activate_rest(builder, problem, &problem->u.norm.activation);
}
