// Appends the step that lays an image out for a product with weights. No algorithm of its own.
#include "algo/common.h"

void im2col(struct plan_builder *builder, const struct problem *problem, int64_t image,
            struct operand to)
{
    const struct tensor *src = &problem->src, *dst = &problem->dst;
    struct instance instance = instance_start("im2col", flat_group(builder_device(builder)), 1, 1);
    struct step *step = plan_step(builder, PHASE_RUN, &instance);
    size_t at = (size_t)(image * src->stride[AXIS_N]) * cvy_dtype_bytes(src->dtype);

    step_tensor(step, (struct operand) { SLOT_SRC, at }, src->dtype);
    step_tensor(step, to, src->dtype);
    step_int(step, problem->u.conv.padding_mode);
    step_sizes(step, src, AXIS_SPATIAL, 3);
    step_sizes(step, dst, AXIS_SPATIAL, 3);
    for (int axis = AXIS_C; axis <= AXIS_W; axis++)
        step_long(step, src->stride[axis]);
    step_window(step, &problem->u.conv.window);
    step_flat(step, src->size[AXIS_C] * window_taps(&problem->u.conv.window) * map_pixels(dst));
}
