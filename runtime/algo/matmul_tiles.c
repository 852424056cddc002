// Products of matrices on a CPU with wide vectors, tiled in registers. src2 is packed at each run,
// unless its rows are vectors already and few rows of src share them; activations that are not
// piecewise follow as a second pass.
#include "algo/matmul.h"

enum { MR, NV };

static const struct tunable tunables[] = {
    { "MR", { 7, 4, 8, 14 } },      // rows of one work-item
    { "NV", { 2, 1 } },             // vectors of columns
    { NULL, { 0 } },
};

// Below, packing costs more than it gives: it moves an element of src2 for each of these rows'
// multiply-adds.
#define FEW_ROWS 64

static struct instance instance_of(const struct device *device, const struct config *config)
{
    struct instance instance = instance_start("matmul_tiles", 1, 1, 1);

    instance_define(&instance, "V", device->vector_width);
    instance_define(&instance, "MR", config->value[MR]);
    instance_define(&instance, "NV", config->value[NV]);
    return instance;
}

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    struct config config = { { tunables[MR].values[0], tunables[NV].values[0] } };

    if (device->device_class != DEVICE_CPU_WIDE || cap < 2)
        return 0;
    out[0] = instance_of(device, &config);
    out[1] = matmul_pack_instance(device, tunables[NV].values[0]);
    return 2;
}

static bool applicable(const struct device *device, const struct problem *problem)
{
    return device->device_class == DEVICE_CPU_WIDE
        && (problem->dst.stride[MATMUL_COLUMNS] == 1 || problem->dst.size[MATMUL_COLUMNS] == 1)
        && matmul_batch(problem) <= device->max_grid
        && ceil_div(problem->dst.size[MATMUL_COLUMNS], device->vector_width) <= device->max_grid;
}

static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    struct rates rates = rules_rates(device);

    (void)config;
    return 2.0 * rates.launch + matmul_macs(problem) / rates.macs
        + 8.0 * (double)tensor_elements(&problem->u.matmul.src2) / rates.bytes;
}

static bool reads_as_it_is(const struct problem *problem, int block)
{
    const struct tensor *src2 = &problem->u.matmul.src2;

    return problem->dst.size[MATMUL_ROWS] <= FEW_ROWS && src2->stride[MATMUL_COLUMNS] == 1
        && src2->size[MATMUL_COLUMNS] >= block;
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    const struct matmul_problem *matmul = &problem->u.matmul;
    const struct device *device = builder_device(builder);
    int block = device->vector_width * config->value[NV];
    struct instance instance = instance_of(device, config);
    bool packs = matmul_depth(problem) > 0 && !reads_as_it_is(problem, block);
    struct operand src2 = OPERAND(SLOT_SRC2);
    struct problem view = *problem;
    struct step *step;

    if (tensor_elements(&problem->dst) == 0)
        return builder_status(builder);
    if (packs)
        view.u.matmul.src2 = matmul_pack(builder, problem, config->value[NV], &src2);
    step = plan_step(builder, PHASE_RUN, &instance);
    step_tensor(step, OPERAND(SLOT_SRC), problem->src.dtype);
    step_tensor(step, src2, problem->src.dtype);
    step_tensor(step, OPERAND(matmul->has_bias ? SLOT_BIAS : SLOT_NONE), problem->src.dtype);
    step_tensor(step, OPERAND(SLOT_DST), problem->dst.dtype);
    step_int(step, matmul->has_bias);
    step_float(step, matmul->alpha);
    step_float(step, matmul->beta);
    step_piecewise(step, &matmul->activation);
    step_long(step, packs ? matmul_depth(problem) * block : 0);
    step_long(step, packs ? block : matmul->src2.stride[MATMUL_ROWS]);
    step_long(step, matmul_depth(problem));
    step_matmul(step, &view);
    step_grid(step, ceil_div(problem->dst.size[MATMUL_ROWS], config->value[MR]),
              matmul_batch(problem), ceil_div(problem->dst.size[MATMUL_COLUMNS], block), 0);
    activate_rest(builder, problem, &matmul->activation);
    return builder_status(builder);
}

const struct algo algo_matmul_tiles = {
    .name = "matmul_tiles", .about = "matrices on CPUs with wide vectors, register tiles",
    .op = OP_MATMUL, .dtypes = DTYPE_BIT(CVY_F32), .layouts = ANY_LAYOUT,
    .accuracy = ACCURACY_DIRECT, .tunables = tunables, .start_set = start_set,
    .applicable = applicable, .estimate = estimate, .build = build,
};
