// Copies between tensors with the same innermost axis, on CPUs with wide vectors. Devices of the
// SIMT kind do as well with copy_strided, whose neighbouring items move neighbouring elements.
#include "algo/walk.h"

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    if (cap < 1 || device->device_class != DEVICE_CPU_WIDE)
        return 0;
    out[0] = row_instance(device, "copy_rows");
    return 1;
}

static bool applicable(const struct device *device, const struct problem *problem)
{
    struct walk walk = walk_of(&problem->src, &problem->dst, -1);

    return device->device_class == DEVICE_CPU_WIDE && walk.src[0] == 1 && walk.dst[0] == 1;
}

static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    (void)config;
    return move_seconds(device, problem);
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    const struct device *device = builder_device(builder);
    struct walk walk = walk_of(&problem->src, &problem->dst, -1);
    struct row_blocks blocks = row_blocks(device, &walk);
    struct instance instance = row_instance(device, "copy_rows");
    struct step *step;

    (void)config;
    if (tensor_elements(&problem->dst) == 0)
        return builder_status(builder);
    step = plan_step(builder, PHASE_RUN, &instance);
    step_tensor(step, OPERAND(SLOT_SRC), problem->src.dtype);
    step_tensor(step, OPERAND(SLOT_DST), problem->dst.dtype);
    step_rows(step, &walk, &blocks);
    step_walk(step, walk.src, 1, CVY_MAX_RANK - 1);
    step_walk(step, walk.dst, 1, CVY_MAX_RANK - 1);
    step_flat(step, row_items(&walk, &blocks));
    return builder_status(builder);
}

const struct algo algo_copy_rows = {
    .name = "copy_rows", .about = "copies in the same order, whole vectors on CPUs", .op = OP_COPY,
    .dtypes = DTYPE_BIT(CVY_F32), .layouts = ANY_LAYOUT, .accuracy = ACCURACY_DIRECT,
    .start_set = start_set, .applicable = applicable, .estimate = estimate, .build = build,
};
