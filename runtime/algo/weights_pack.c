// Appends the prepare steps that pack a convolution's weights and bias. No algorithm of its own.
#include "algo/common.h"

struct instance pack_weights_instance(const struct device *device)
{
    return instance_start("weights_pack", flat_group(device), 1, 1);
}

// What one launch packs: see cl_kernels/weights_pack.cl.
struct pack {
    struct operand from, to;
    bool fill;
    int block;
    int64_t groups, blocks, taps, c, k, group, wei_k, wei_c;
};

static void pack_step(struct plan_builder *builder, const struct pack *p, cvy_dtype dtype)
{
    struct instance instance = pack_weights_instance(builder_device(builder));
    struct step *step = plan_step(builder, PHASE_PREPARE, &instance);

    step_tensor(step, p->from, dtype);
    step_tensor(step, p->to, dtype);
    step_int(step, p->fill);
    step_int(step, p->block);
    step_int(step, p->blocks);
    step_int(step, p->taps);
    step_int(step, p->c);
    step_int(step, p->k);
    step_long(step, p->group);
    step_long(step, p->wei_k);
    step_long(step, p->wei_c);
    step_flat(step, p->groups * p->blocks * p->taps * p->c * p->block);
}

static struct operand pack_bias_of(struct plan_builder *builder, const struct problem *problem,
                                   enum slot slot, int64_t groups, int64_t k, int block)
{
    bool bias = problem->u.conv.bias;
    struct pack p = { .from = OPERAND(bias ? slot : SLOT_NONE), .fill = !bias, .block = block,
                      .groups = groups, .blocks = ceil_div(k, block), .taps = 1, .c = 1, .k = k,
                      .group = k, .wei_k = 1 };

    p.to = plan_packed(builder, (size_t)(groups * p.blocks * block)
                       * cvy_dtype_bytes(problem->src.dtype));
    pack_step(builder, &p, problem->src.dtype);
    return p.to;
}

struct operand pack_bias(struct plan_builder *builder, const struct problem *problem,
                         int64_t groups, int64_t k, int block)
{
    return pack_bias_of(builder, problem, SLOT_BIAS, groups, k, block);
}

// From these slots.
static struct packed_weights pack_slots(struct plan_builder *builder,
                                        const struct problem *problem, enum slot weights,
                                        enum slot bias, int64_t groups, int64_t c, int64_t k,
                                        int block)
{
    size_t bytes = cvy_dtype_bytes(problem->src.dtype);
    int64_t taps = window_taps(&problem->u.conv.window), blocks = ceil_div(k, block);
    struct packed_weights packed = { .blocks = blocks };
    struct pack p = { .from = OPERAND(weights), .block = block, .groups = groups,
                      .blocks = blocks, .taps = taps, .c = c, .k = k, .group = k * c * taps };

    packed.weights = plan_packed(builder, (size_t)(groups * blocks * block * c * taps) * bytes);
    p.to = packed.weights;
    p.wei_k = problem->direction == FORWARD ? c * taps : taps;
    p.wei_c = problem->direction == FORWARD ? taps : k * taps;
    pack_step(builder, &p, problem->src.dtype);
    packed.bias = pack_bias_of(builder, problem, bias, groups, k, block);
    return packed;
}

struct packed_weights pack_weights(struct plan_builder *builder, const struct problem *problem,
                                   int64_t groups, int64_t c, int64_t k, int block)
{
    return pack_slots(builder, problem, SLOT_WEIGHTS, SLOT_BIAS, groups, c, k, block);
}

struct packed_weights pack_second(struct plan_builder *builder, const struct problem *problem,
                                  int64_t groups, int64_t c, int64_t k, int block)
{
    return pack_slots(builder, problem, SLOT_WEIGHTS2, SLOT_BIAS2, groups, c, k, block);
}
