// Softmax along an axis without gaps: whole vectors and many rows an item on CPUs, a work-group for
// each row elsewhere.
#include "algo/walk.h"

#define MOST_ITEMS 256

// The largest power of two that the device has items for.
static uint32_t group_of(const struct device *device)
{
    uint32_t items = 1;

    if (device->device_class == DEVICE_CPU_WIDE)
        return 1;
    while (items < MOST_ITEMS && 2 * items <= (uint32_t)device->max_group
           && device->local_bytes >= 2 * items * (int64_t)sizeof(float))
        items *= 2;
    return items;
}

static struct instance instance_of(const struct device *device)
{
    struct instance instance = instance_start("softmax_row", group_of(device), 1, 1);

    instance_define(&instance, "V", device->device_class == DEVICE_CPU_WIDE ? device->vector_width
                                                                            : 1);
    return instance;
}

// Even a group of one item has a place in local memory.
static bool fits(const struct device *device)
{
    return device->local_bytes >= (int64_t)sizeof(float);
}

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    if (cap < 1 || !fits(device))
        return 0;
    out[0] = instance_of(device);
    return 1;
}

// Rows that a work-group takes one after another: on a CPU enough to hide its start.
static int64_t rows_block(const struct device *device, int64_t length)
{
    return device->device_class == DEVICE_CPU_WIDE ? MAX(1024 / MAX(length, 1), 1) : 1;
}

static int64_t rows_of(const struct problem *problem)
{
    return tensor_elements(&problem->dst) / MAX(problem->dst.size[problem->u.softmax.axis], 1);
}

// Rows of fewer than 32 elements leave most of a work-group idle. An item goes through its share of
// a row three times, and takes a round more for each run.
static bool length_fits(const struct device *device, int64_t length)
{
    if (device->device_class == DEVICE_CPU_WIDE)
        return true;
    return length >= 32
        && parts_of(device, 1, 1, 1, 4 * (length / group_of(device) + 1)).count == 1;
}

static bool applicable(const struct device *device, const struct problem *problem)
{
    int axis = problem->u.softmax.axis;
    int64_t length = problem->dst.size[axis];

    return fits(device) && problem->src.stride[axis] == 1 && problem->dst.stride[axis] == 1
        && length_fits(device, length)
        && rows_of(problem) / rows_block(device, length) < INT32_MAX;
}

static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    (void)config;
    return 2.0 * move_seconds(device, problem);
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    const struct device *device = builder_device(builder);
    int axis = problem->u.softmax.axis;
    int64_t length = problem->dst.size[axis], block = rows_block(device, length);
    struct walk rows = walk_across(&problem->src, &problem->dst, axis);
    struct instance instance = instance_of(device);
    struct step *step;

    (void)config;
    if (tensor_elements(&problem->dst) == 0)
        return builder_status(builder);
    step = plan_step(builder, PHASE_RUN, &instance);
    step_tensor(step, OPERAND(SLOT_SRC), problem->src.dtype);
    step_tensor(step, OPERAND(SLOT_DST), problem->dst.dtype);
    step_int(step, problem->u.softmax.log);
    step_long(step, length);
    step_long(step, rows_of(problem));
    step_long(step, block);
    step_walk(step, rows.size, 0, 4);
    step_walk(step, rows.src, 0, 5);
    step_walk(step, rows.dst, 0, 5);
    step_grid(step, ceil_div(rows_of(problem), block), 1, 1, 0);
    return builder_status(builder);
}

const struct algo algo_softmax_row = {
    .name = "softmax_row", .about = "softmax along an axis without gaps", .op = OP_SOFTMAX,
    .dtypes = DTYPE_BIT(CVY_F32), .layouts = ANY_LAYOUT, .accuracy = ACCURACY_DIRECT,
    .start_set = start_set, .applicable = applicable, .estimate = estimate, .build = build,
};
