// The table of a resize: where each output position reads, and with what weights. No algorithm of
// its own.
#include "algo/resize.h"

struct instance resize_table_instance(const struct device *device)
{
    return instance_start("resize_table", flat_group(device), 1, 1);
}

static int taps_of(const struct problem *problem, int axis)
{
    const struct resize_problem *r = &problem->u.resize;
    bool same = r->scale[axis] == r->divisor[axis] && r->shift[axis] == 0;

    return same || r->mode == CVY_NEAREST ? 1 : r->mode == CVY_BILINEAR ? 2 : 4;
}

static void step_positions(struct step *step, const struct problem *problem, const int taps[3])
{
    const struct resize_problem *r = &problem->u.resize;
    const int64_t *const lists[] = { r->scale, r->shift, r->divisor };

    for (int i = 0; i < 3; i++)
        step_int(step, taps[i]);
    step_sizes(step, &problem->src, AXIS_D, 3);
    for (size_t list = 0; list < COUNT_OF(lists); list++)
        for (int i = 0; i < 3; i++)
            step_long(step, lists[list][i]);
}

struct resize_table resize_table(struct plan_builder *builder, const struct problem *problem)
{
    const struct resize_problem *r = &problem->u.resize;
    const int64_t *size = &problem->dst.size[AXIS_D];
    struct instance instance = resize_table_instance(builder_device(builder));
    struct resize_table table;
    int64_t entries = 0;
    struct step *step;

    for (int i = 0; i < 3; i++) {
        table.taps[i] = taps_of(problem, i);
        entries += size[i] * table.taps[i];
    }
    table.index = plan_scratch(builder, (size_t)entries * sizeof(int32_t));
    table.weight = plan_scratch(builder, (size_t)entries * sizeof(float));
    step = plan_step(builder, PHASE_RUN, &instance);
    step_table(step, &table);
    step_int(step, r->rounding);
    step_int(step, r->exclude_outside);
    step_int(step, r->crop);
    step_float(step, r->cubic_a);
    step_long(step, size[0]);
    step_long(step, size[1]);
    step_positions(step, problem, table.taps);
    step_flat(step, size[0] + size[1] + size[2]);
    return table;
}

void step_table(struct step *step, const struct resize_table *table)
{
    step_tensor(step, table->index, CVY_I32);
    step_tensor(step, table->weight, CVY_F32);
}

double resize_seconds(const struct device *device, const struct problem *problem)
{
    struct rates rates = rules_rates(device);
    double reads = (double)tensor_elements(&problem->dst);

    for (int i = 0; i < 3; i++)
        reads *= taps_of(problem, i);
    return 2.0 * rates.launch + reads / rates.macs
        + 4.0 * (double)(tensor_elements(&problem->src) + tensor_elements(&problem->dst))
              / rates.bytes;
}
