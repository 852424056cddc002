// Copies row by row on CPUs with wide vectors: whole vectors between tensors with the same
// innermost axis, else one element after the other. Devices of the SIMT kind do as well with
// copy_strided, whose neighbouring items move neighbouring elements.
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
    (void)problem;
    return device->device_class == DEVICE_CPU_WIDE;
}

static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    struct walk walk = walk_of(&problem->src, &problem->dst, -1);
    bool together = walk.src[0] == 1 && walk.dst[0] == 1;

    (void)config;
    return (together ? 1.0 : 3.0) * move_seconds(device, problem);
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
    step_tensor(step, copy_source(problem), problem->src.dtype);
    step_tensor(step, OPERAND(SLOT_DST), problem->dst.dtype);
    step_rows(step, &walk, &blocks);
    step_walk(step, walk.src, 0, CVY_MAX_RANK);
    step_walk(step, walk.dst, 0, CVY_MAX_RANK);
    step_int(step, walk.dst[0] == 1 && streams(device, &problem->dst));
    step_flat(step, row_items(&walk, &blocks));
    return builder_status(builder);
}

const struct algo algo_copy_rows = {
    .name = "copy_rows", .about = "any copy on CPUs, whole vectors where the order is the same",
    .op = OP_COPY, .dtypes = DTYPE_BIT(CVY_F32), .layouts = ANY_LAYOUT, .accuracy = ACCURACY_DIRECT,
    .start_set = start_set, .applicable = applicable, .estimate = estimate, .build = build,
};
