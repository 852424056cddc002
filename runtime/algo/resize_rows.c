// Resize on a CPU with wide vectors where channels, or the pixels of a row, lie together in both
// tensors.
#include "algo/resize.h"

static struct instance instance_of(const struct device *device)
{
    struct instance instance = instance_start("resize_rows", 1, 1, 1);

    instance_define(&instance, "V", device->vector_width);
    return instance;
}

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    if (device->device_class != DEVICE_CPU_WIDE || cap < 2)
        return 0;
    out[0] = resize_table_instance(device);
    out[1] = instance_of(device);
    return 2;
}

static bool lies_together(const struct problem *problem, int axis)
{
    return problem->src.stride[axis] == 1 && problem->dst.stride[axis] == 1;
}

// A row sums all the pixels of src that it spans, needed or not: at most so many for each output.
#define MOST_SPAN 4

static bool applicable(const struct device *device, const struct problem *problem)
{
    return device->device_class == DEVICE_CPU_WIDE
        && (lies_together(problem, AXIS_C)
            || (lies_together(problem, AXIS_W)
                && problem->src.size[AXIS_W] <= MOST_SPAN * problem->dst.size[AXIS_W]));
}

static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    (void)config;
    return resize_seconds(device, problem);
}

// 1,024 elements at least, or the launch of an item shows.
static int64_t pixels_of_item(const struct problem *problem)
{
    return MIN(ceil_div(1024, problem->dst.size[AXIS_C]), problem->dst.size[AXIS_W]);
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    const struct tensor *src = &problem->src, *dst = &problem->dst;
    struct instance instance = instance_of(builder_device(builder));
    bool pixels = lies_together(problem, AXIS_C)
        && (dst->size[AXIS_C] > 1 || !lies_together(problem, AXIS_W));
    int64_t run = pixels ? pixels_of_item(problem) : dst->size[AXIS_W];
    int64_t rows = dst->size[AXIS_N] * dst->size[AXIS_D] * dst->size[AXIS_H];
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
    step_int(step, pixels);
    step_float(step, problem->u.resize.extrapolation_value);
    step_long(step, run);
    step_long(step, ceil_div(dst->size[AXIS_W], run));
    for (int axis = AXIS_C; axis <= AXIS_W; axis++)
        step_long(step, dst->size[axis]);
    for (int i = 0; i < 3; i++)
        step_int(step, table.taps[i]);
    step_strides(step, src, 5);
    step_strides(step, dst, 5);
    step_flat(step, rows * (pixels ? ceil_div(dst->size[AXIS_W], run) : dst->size[AXIS_C]));
    return builder_status(builder);
}

const struct algo algo_resize_rows = {
    .name = "resize_rows", .about = "resizing on CPUs with wide vectors, pixels or rows at a time",
    .op = OP_RESIZE, .dtypes = DTYPE_BIT(CVY_F32),
    .layouts = LAYOUT_BIT(CVY_NCHW) | LAYOUT_BIT(CVY_NHWC), .accuracy = ACCURACY_DIRECT,
    .start_set = start_set, .applicable = applicable, .estimate = estimate, .build = build,
};
