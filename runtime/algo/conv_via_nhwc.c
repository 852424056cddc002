// Any convolution on a CPU with wide vectors by way of NHWC: source and residual are laid out anew
// in scratch, a child solves the problem there, and the result is laid back. Children only.
#include "algo/common.h"

static bool applicable(const struct device *device, const struct problem *problem)
{
    return device->device_class == DEVICE_CPU_WIDE && problem->direction != BACKWARD_WEIGHTS
        && (!tensor_is_pixels(&problem->src) || !tensor_is_pixels(&problem->dst));
}

static double copy_seconds(const struct rates *rates, const struct tensor *t)
{
    return tensor_is_pixels(t) ? 0.0
                               : rates->launch + 8.0 * (double)tensor_elements(t) / rates->bytes;
}

static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    struct rates rates = rules_rates(device);

    (void)config;
    return rates.launch + (double)conv_macs(problem, &problem->u.conv) / rates.macs
        + copy_seconds(&rates, &problem->src) + copy_seconds(&rates, &problem->dst)
        + (problem->u.conv.residual ? copy_seconds(&rates, &problem->dst) : 0.0);
}

static void add_copy(struct plan_builder *builder, const struct tensor *from,
                     struct operand from_at, const struct tensor *to, struct operand to_at)
{
    struct problem copy = { .op = OP_COPY, .src = *from, .dst = *to };
    struct bindings bindings = bindings_same();

    bindings.slots[SLOT_SRC] = from_at;
    bindings.slots[SLOT_DST] = to_at;
    plan_child(builder, &copy, &bindings);
}

// The tensor in NHWC: itself, or a dense one in scratch.
static struct operand laid_out(struct plan_builder *builder, struct tensor *t,
                               struct operand here)
{
    if (tensor_is_pixels(t)) {
        t->layout = CVY_NHWC;
        return here;
    }
    tensor_set_dense(t, CVY_NHWC);
    return plan_scratch(builder, tensor_bytes(t));
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    struct problem inner = *problem;
    struct bindings bindings = bindings_same();
    bool moved = !tensor_is_pixels(&problem->dst);
    struct operand *slots = bindings.slots;

    (void)config;
    slots[SLOT_SRC] = laid_out(builder, &inner.src, OPERAND(SLOT_SRC));
    slots[SLOT_DST] = laid_out(builder, &inner.dst, OPERAND(SLOT_DST));
    if (!tensor_is_pixels(&problem->src))
        add_copy(builder, &problem->src, OPERAND(SLOT_SRC), &inner.src, slots[SLOT_SRC]);
    if (problem->u.conv.residual && moved) {
        slots[SLOT_RESIDUAL] = plan_scratch(builder, tensor_bytes(&inner.dst));
        add_copy(builder, &problem->dst, OPERAND(SLOT_RESIDUAL), &inner.dst, slots[SLOT_RESIDUAL]);
    }
    plan_child(builder, &inner, &bindings);
    if (moved)
        add_copy(builder, &inner.dst, slots[SLOT_DST], &problem->dst, OPERAND(SLOT_DST));
    return builder_status(builder);
}

const struct algo algo_conv_via_nhwc = {
    .name = "conv_via_nhwc", .about = "any layout on CPUs with wide vectors, by way of NHWC",
    .op = OP_CONV, .dtypes = DTYPE_BIT(CVY_F32),
    .layouts = LAYOUT_BIT(CVY_NCHW) | LAYOUT_BIT(CVY_NHWC), .accuracy = ACCURACY_DIRECT,
    .applicable = applicable, .estimate = estimate, .build = build,
};
