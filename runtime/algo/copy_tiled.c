// NCHW to NHWC and back, on devices of the SIMT kind: tiles turned in local memory.
#include "algo/walk.h"

#define TILE 32
#define TILE_ROWS 8

static struct instance instance_of(void)
{
    return instance_start("copy_tiled", TILE, TILE_ROWS, 1);
}

static bool fits(const struct device *device)
{
    return device->device_class != DEVICE_CPU_WIDE && device->max_group >= TILE * TILE_ROWS
        && device->info.max_work_item[1] >= TILE_ROWS
        && device->local_bytes >= TILE * (TILE + 1) * (int64_t)sizeof(float);
}

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    if (cap < 1 || !fits(device))
        return 0;
    out[0] = instance_of();
    return 1;
}

static int64_t groups_of(const struct problem *problem, const struct turn *turn)
{
    return tensor_elements(&problem->dst) / turn->a / turn->b * ceil_div(turn->a, TILE)
        * ceil_div(turn->b, TILE);
}

// Below 8 elements along an axis most of each tile would be empty.
static bool applicable(const struct device *device, const struct problem *problem)
{
    struct walk walk = walk_of(&problem->src, &problem->dst, -1);
    struct turn turn;

    return fits(device) && tensor_elements(&problem->dst) > 0 && turn_of(&walk, &turn)
        && turn.a >= 8 && turn.b >= 8 && groups_of(problem, &turn) <= INT32_MAX;
}

static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    (void)config;
    return 1.5 * move_seconds(device, problem);
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    struct instance instance = instance_of();
    struct step *step = plan_step(builder, PHASE_RUN, &instance);
    struct walk walk = walk_of(&problem->src, &problem->dst, -1);
    struct turn turn = { 0 };

    (void)config;
    turn_of(&walk, &turn);
    step_tensor(step, copy_source(problem), problem->src.dtype);
    step_tensor(step, OPERAND(SLOT_DST), problem->dst.dtype);
    step_long(step, turn.a);
    step_long(step, turn.b);
    step_long(step, ceil_div(turn.a, TILE));
    step_long(step, ceil_div(turn.b, TILE));
    step_long(step, turn.src_a);
    step_long(step, turn.dst_b);
    step_turn(step, &turn);
    step_grid(step, groups_of(problem, &turn), 1, 1, 0);
    return builder_status(builder);
}

const struct algo algo_copy_tiled = {
    .name = "copy_tiled", .about = "between NCHW and NHWC, tiles turned in local memory",
    .op = OP_COPY, .dtypes = DTYPE_BIT(CVY_F32), .layouts = ANY_LAYOUT,
    .accuracy = ACCURACY_DIRECT, .start_set = start_set, .applicable = applicable,
    .estimate = estimate, .build = build,
};
