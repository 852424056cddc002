// The reference resize: any mode, sizes and strides on every device, one output an item.
#include "algo/resize.h"

static struct instance instance_of(const struct device *device)
{
    return instance_start("resize_reference", flat_group(device), 1, 1);
}

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    if (cap < 2)
        return 0;
    out[0] = resize_table_instance(device);
    out[1] = instance_of(device);
    return 2;
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
    return 8.0 * resize_seconds(device, problem);
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    const struct tensor *src = &problem->src, *dst = &problem->dst;
    struct instance instance = instance_of(builder_device(builder));
    struct resize_table table;
    struct step *step;

    (void)config;
    if (tensor_elements(dst) == 0)
        return builder_status(builder);
    table = resize_table(builder, problem);
    step = plan_step(builder, PHASE_RUN, &instance);
    step_tensor(step, OPERAND(SLOT_SRC), src->dtype);
    step_table(step, &table);
    step_tensor(step, OPERAND(SLOT_DST), dst->dtype);
    step_int(step, dst->layout == CVY_NHWC);
    step_float(step, problem->u.resize.extrapolation_value);
    for (int axis = AXIS_C; axis <= AXIS_W; axis++)
        step_long(step, dst->size[axis]);
    for (int i = 0; i < 3; i++)
        step_int(step, table.taps[i]);
    step_strides(step, src, 5);
    step_strides(step, dst, 5);
    step_flat(step, tensor_elements(dst));
    return builder_status(builder);
}

const struct algo algo_resize_reference = {
    .name = "resize_reference", .about = "any resizing, one output at a time",
    .op = OP_RESIZE, .dtypes = DTYPE_BIT(CVY_F32),
    .layouts = LAYOUT_BIT(CVY_NCHW) | LAYOUT_BIT(CVY_NHWC), .accuracy = ACCURACY_DIRECT,
    .start_set = start_set, .applicable = applicable, .estimate = estimate, .build = build,
};
