// Appends the prepare steps of conv_winograd. No algorithm of its own.
#include "algo/winograd.h"

struct instance winograd_filter_instance(const struct device *device, const struct config *config)
{
    struct instance instance = instance_start("winograd_filter", flat_group(device), 1, 1);

    instance_define(&instance, "F", config->value[F]);
    return instance;
}

struct packed_weights winograd_filter(struct plan_builder *builder, const struct problem *problem,
                                      const struct config *config)
{
    const struct device *device = builder_device(builder);
    int64_t c = problem->src.size[AXIS_C], k = problem->dst.size[AXIS_C];
    int64_t f = config->value[F], block = device->vector_width * config->value[NV];
    struct instance instance = winograd_filter_instance(device, config);
    struct packed_weights packed = { .blocks = ceil_div(k, block) };
    struct step *step;

    packed.weights = plan_packed(builder, (size_t)(packed.blocks * block * c * (f + 2) * (f + 2))
                                 * cvy_dtype_bytes(problem->src.dtype));
    step = plan_step(builder, PHASE_PREPARE, &instance);
    step_tensor(step, OPERAND(SLOT_WEIGHTS), problem->src.dtype);
    step_tensor(step, packed.weights, problem->src.dtype);
    step_int(step, block);
    step_int(step, c);
    step_int(step, k);
    step_flat(step, packed.blocks * c * block);
    packed.bias = pack_bias(builder, problem, 1, k, (int)block);
    return packed;
}
