// Max and average pooling along the width first, then along depth and height: a k x k window costs
// 2 k taps, and one window over a large plane becomes many short rows. Made of two poolings.
// EPYC Zen 4, 2 cores, PoCL 3.1, max 13x13 s1 512 @13: 0.14 ms against 0.57 in NHWC, 0.61 against
// 3.6 in NCHW; max 5x5 s1 256 @20: 0.10 against 0.15 and 0.20 against 0.34.
#include "algo/pool_common.h"

// The problem of the first step, into `mid`, and that of the second.
static void split(const struct problem *problem, struct problem *along_w, struct problem *across_w)
{
    struct tensor mid = problem->src;
    struct pool_problem *first = &along_w->u.pool, *second = &across_w->u.pool;

    mid.size[AXIS_W] = problem->dst.size[AXIS_W];
    tensor_set_dense(&mid, mid.layout);
    *along_w = *across_w = *problem;
    along_w->dst = across_w->src = mid;
    for (int i = 0; i < 2; i++) {
        first->window.kernel[i] = first->window.stride[i] = first->window.dilation[i] = 1;
        first->window.pad[i] = first->pad_end[i] = 0;
    }
    second->window.kernel[2] = second->window.stride[2] = second->window.dilation[2] = 1;
    second->window.pad[2] = second->pad_end[2] = 0;
}

static double split_work(const struct problem *problem)
{
    struct problem along_w, across_w;

    split(problem, &along_w, &across_w);
    return pool_work(&along_w) + pool_work(&across_w);
}

// A window over so much that a device has more units than there are outputs. llvmpipe takes a
// second launch for longer than such a window: global average 3 @112 0.57 ms, by axis 1.05. But
// where its loops have too many rounds for pool_window, only the reference remains: 512 @200 115
// ms, by axis 19.5.
static bool starves(const struct device *device, const struct problem *problem)
{
    int64_t outputs = tensor_elements(&problem->dst);

    if (device->device_class == DEVICE_SIMT_SOFTWARE)
        return !pool_rounds_fit(device, problem);
    if (device->device_class == DEVICE_CPU_WIDE)
        outputs /= problem->src.layout == CVY_NHWC ? device->vector_width : 1;
    else
        outputs /= 64;
    return outputs < device->info.compute_units && pool_taps(&problem->u.pool.window) >= 4096.0;
}

// Half the work must pay for the detour; on llvmpipe, where an item costs as much as 60 taps, three
// quarters (max s1 64 @28: 5x5 3.2 ms, by axis 4.4; 9x9 alike; 13x13 6.9 and 5.2).
static bool pays(const struct device *device, const struct problem *problem)
{
    double saved = device->device_class == DEVICE_SIMT_SOFTWARE ? 4.0 : 2.0;

    return pool_taps(&problem->u.pool.window) >= 25.0
        && saved * split_work(problem) <= pool_work(problem);
}

// A divisor of the caller's would have to be applied once.
static bool applicable(const struct device *device, const struct problem *problem)
{
    const struct window *w = &problem->u.pool.window;

    return pool_is_plain(problem) && pool_fits_int(problem) && problem->u.pool.divisor == 0
        && tensor_elements(&problem->dst) > 0 && w->kernel[2] > 1
        && (w->kernel[0] > 1 || w->kernel[1] > 1)
        && (starves(device, problem) || pays(device, problem));
}

static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    struct rates rates = rules_rates(device);
    double bytes = 4.0 * (double)(tensor_elements(&problem->src) + tensor_elements(&problem->dst));

    (void)config;
    return 2.0 * rates.launch + 4.0 * split_work(problem) / rates.macs + 2.0 * bytes / rates.bytes;
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    struct problem along_w, across_w;
    struct bindings first = bindings_same(), second = bindings_same();

    (void)config;
    split(problem, &along_w, &across_w);
    first.slots[SLOT_DST] = plan_scratch(builder, tensor_bytes(&along_w.dst));
    second.slots[SLOT_SRC] = first.slots[SLOT_DST];
    plan_child(builder, &along_w, &first);
    plan_child(builder, &across_w, &second);
    return builder_status(builder);
}

const struct algo algo_pool_by_axis = {
    .name = "pool_by_axis", .about = "max and average pooling along one axis, then the others",
    .op = OP_POOL, .dtypes = DTYPE_BIT(CVY_F32),
    .layouts = LAYOUT_BIT(CVY_NCHW) | LAYOUT_BIT(CVY_NHWC), .accuracy = ACCURACY_DIRECT,
    .applicable = applicable, .estimate = estimate, .build = build,
};
