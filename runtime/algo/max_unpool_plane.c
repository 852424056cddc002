// Max unpooling, any strides: zeroes, then one work-item for each plane. Long loops run in parts.
#include "algo/common.h"

static struct instance instance_of(const struct device *device)
{
    bool wide = device->device_class == DEVICE_CPU_WIDE;

    return instance_start("max_unpool_plane", wide ? 1 : flat_group(device), 1, 1);
}

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    if (cap < 1)
        return 0;
    out[0] = instance_of(device);
    return 1;
}

static bool applicable(const struct device *device, const struct problem *problem)
{
    (void)device;
    (void)problem;
    return true;
}

// Up to four launches; each element is read or written by one scalar operation.
static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    struct rates rates = rules_rates(device);

    (void)config;
    return 4.0 * rates.launch
        + 20.0 * (double)(tensor_elements(&problem->src) + tensor_elements(&problem->dst))
              / rates.macs;
}

// In a single plane, an index of the whole tensor is one of the plane.
static bool crosses_planes(const struct problem *problem)
{
    return problem->u.pool.indices == CVY_INDICES_TENSOR
        && problem->src.size[AXIS_N] * problem->src.size[AXIS_C] > 1;
}

enum pass { ZERO, OWN_PIXELS, ZERO_AGAIN, ALL_PIXELS };     // as the kernel numbers them

static int64_t planes_of(const struct problem *problem)
{
    return problem->src.size[AXIS_N] * problem->src.size[AXIS_C];
}

static void add_part(struct plan_builder *builder, const struct problem *problem, enum pass pass,
                     struct operand foreign, const struct part *part)
{
    const struct tensor *src = &problem->src, *dst = &problem->dst;
    cvy_dtype index = problem->u.pool.indices_dtype;
    struct instance instance = instance_of(builder_device(builder));
    struct step *step = plan_step(builder, PHASE_RUN, &instance);
    struct tensor indices = *src;

    tensor_set_dense(&indices, src->layout);
    step_tensor(step, OPERAND(SLOT_SRC), src->dtype);
    step_tensor(step, OPERAND(SLOT_INDICES), index);
    step_tensor(step, OPERAND(SLOT_DST), dst->dtype);
    step_tensor(step, foreign, CVY_I32);
    step_int(step, index == CVY_I64);
    step_int(step, (int64_t)pass);
    step_int(step, crosses_planes(problem));
    step_int(step, dst->layout == CVY_NHWC);
    step_long(step, planes_of(problem));
    step_int(step, src->size[AXIS_C]);
    step_sizes(step, dst, AXIS_SPATIAL, 3);
    step_strides(step, src, 5);
    step_strides(step, &indices, 5);
    step_strides(step, dst, 5);
    step_long(step, part->from[0]);
    step_long(step, part->to[0]);
    step_part(step, part, 1);
    step_flat(step, planes_of(problem)
                        * (pass % 2 == ZERO ? dst->size[AXIS_D] * dst->size[AXIS_H] : 1));
}

static void add_pass(struct plan_builder *builder, const struct problem *problem, enum pass pass,
                     struct operand foreign)
{
    const struct device *device = builder_device(builder);
    const int64_t *map = problem->src.size + AXIS_SPATIAL;
    int64_t planes = pass == ALL_PIXELS ? planes_of(problem) : 1;
    struct parts parts = pass % 2 == ZERO
        ? parts_of(device, 1, 1, 1, problem->dst.size[AXIS_W])
        : parts_of(device, planes, map[0], map[1], map[2]);

    for (int64_t i = 0; i < parts.count; i++) {
        struct part part = part_at(&parts, i);

        add_part(builder, problem, pass, foreign, &part);
    }
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    bool whole = crosses_planes(problem);
    struct operand foreign = OPERAND(SLOT_NONE);

    (void)config;
    if (whole)
        foreign = plan_scratch(builder, sizeof(int32_t));
    for (enum pass pass = ZERO; pass <= (whole ? ALL_PIXELS : OWN_PIXELS); pass++)
        add_pass(builder, problem, pass, foreign);
    return builder_status(builder);
}

const struct algo algo_max_unpool_plane = {
    .name = "max_unpool_plane", .about = "any max unpooling, one plane at a time",
    .op = OP_UNPOOL, .dtypes = DTYPE_BIT(CVY_F32),
    .layouts = LAYOUT_BIT(CVY_NCHW) | LAYOUT_BIT(CVY_NHWC), .accuracy = ACCURACY_DIRECT,
    .start_set = start_set, .applicable = applicable, .estimate = estimate, .build = build,
};
