// NCHW to NHWC and back, on CPUs with wide vectors: tiles turned in registers.
#include "algo/walk.h"

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    if (cap < 1 || device->device_class != DEVICE_CPU_WIDE)
        return 0;
    out[0] = row_instance(device, "copy_transpose");
    return 1;
}

static bool applicable(const struct device *device, const struct problem *problem)
{
    struct walk walk = walk_of(&problem->src, &problem->dst, -1);
    struct turn turn;

    return device->device_class == DEVICE_CPU_WIDE && turn_of(&walk, &turn);
}

static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    (void)config;
    return 1.5 * move_seconds(device, problem);
}

// Blocks of 256 along a, so that a row of dst is written in long runs, and of 4,096 elements.
#define BLOCK_A 256
#define BLOCK 4096
// Small blocks are moved several at once: finding the first of them takes as long as moving some
// dozens of elements.
#define SMALL 512

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    const struct device *device = builder_device(builder);
    struct instance instance = row_instance(device, "copy_transpose");
    struct walk walk = walk_of(&problem->src, &problem->dst, -1);
    struct turn turn;
    struct step *step;
    int64_t a_blocks, b_blocks, each, items;

    (void)config;
    if (!turn_of(&walk, &turn) || tensor_elements(&problem->dst) == 0)
        return builder_status(builder);
    a_blocks = MAX(turn.a / BLOCK_A, 1);
    b_blocks = MAX(turn.b / MAX(BLOCK / ceil_div(turn.a, a_blocks), device->vector_width), 1);
    each = MAX(MIN(SMALL * a_blocks * b_blocks / (turn.a * turn.b), turn.size[0]), 1);
    items = tensor_elements(&problem->dst) / turn.a / turn.b / turn.size[0]
        * ceil_div(turn.size[0], each);
    step = plan_step(builder, PHASE_RUN, &instance);
    step_tensor(step, copy_source(problem), problem->src.dtype);
    step_tensor(step, OPERAND(SLOT_DST), problem->dst.dtype);
    step_long(step, turn.a);
    step_long(step, turn.b);
    step_long(step, a_blocks);
    step_long(step, b_blocks);
    step_long(step, turn.src_a);
    step_long(step, turn.dst_b);
    step_long(step, each);
    step_turn(step, &turn);
    step_flat(step, items * a_blocks * b_blocks);
    return builder_status(builder);
}

const struct algo algo_copy_transpose = {
    .name = "copy_transpose", .about = "between NCHW and NHWC, tiles turned in vector registers",
    .op = OP_COPY, .dtypes = DTYPE_BIT(CVY_F32), .layouts = ANY_LAYOUT,
    .accuracy = ACCURACY_DIRECT, .start_set = start_set, .applicable = applicable,
    .estimate = estimate, .build = build,
};
