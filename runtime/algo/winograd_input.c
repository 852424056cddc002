// Appends the launch that transforms tiles for conv_winograd. No algorithm of its own.
#include "algo/winograd.h"

struct instance winograd_input_instance(const struct device *device, const struct config *config)
{
    struct instance instance = instance_start("winograd_input", 1, 1, 1);

    instance_define(&instance, "V", device->vector_width);
    instance_define(&instance, "F", config->value[F]);
    return instance;
}

void winograd_input(struct plan_builder *builder, const struct problem *problem,
                    const struct config *config, const struct tiling *t, struct operand planes,
                    int64_t from)
{
    const struct device *device = builder_device(builder);
    const struct tensor *src = &problem->src;
    struct instance instance = winograd_input_instance(device, config);
    struct step *step = plan_step(builder, PHASE_RUN, &instance);
    int64_t mr = config->value[MR], rows = MIN(t->chunk, round_up(t->tiles - from, mr));
    // At least eight work-items for each unit; and each of some thousand elements.
    int64_t each = MAX(rows / (8 * device->info.compute_units), 1);

    while (rows % each)
        each--;
    step_tensor(step, OPERAND(SLOT_SRC), src->dtype);
    step_tensor(step, planes, src->dtype);
    step_int(step, src->size[AXIS_C]);
    step_sizes(step, src, AXIS_H, 2);
    step_long(step, src->stride[AXIS_N]);
    step_long(step, src->stride[AXIS_H]);
    step_long(step, src->stride[AXIS_W]);
    step_int(step, problem->u.conv.window.pad[1]);
    step_int(step, problem->u.conv.window.pad[2]);
    step_int(step, t->rows);
    step_int(step, t->columns);
    step_int(step, from);
    step_int(step, t->tiles);
    step_int(step, each);
    step_long(step, t->plane);
    step_grid(step, rows / each, 1, 1, 0);
}
