// Depthwise convolution in NCHW on a CPU with wide vectors.
#include "algo/common.h"

static struct instance instance_of(const struct device *device)
{
    struct instance instance = instance_start("conv_depthwise_nchw", 1, 1, 1);

    instance_define(&instance, "V", device->vector_width);
    return instance;
}

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    if (device->device_class != DEVICE_CPU_WIDE || cap < 1)
        return 0;
    out[0] = instance_of(device);
    return 1;
}

static bool columns_are_inner(const struct tensor *t)
{
    return t->stride[AXIS_W] == 1 && t->layout == CVY_NCHW;
}

// The kernel counts rows in int, and columns in float32, exactly.
static bool counts_fit(const struct problem *problem)
{
    const struct tensor *dst = &problem->dst;
    const struct window *w = &problem->u.conv.window;

    for (int i = 1; i < 3; i++) {
        double reach = (double)problem->src.size[AXIS_D + i] + 16.0 * (double)w->stride[i]
            + (double)w->kernel[i] * (double)w->dilation[i] + (double)w->pad[i];

        if (reach > 1 << 23)
            return false;
    }
    return dst->size[AXIS_N] * dst->size[AXIS_C] * dst->size[AXIS_H] < INT32_MAX / 2
        && window_taps(w) * dst->size[AXIS_C] < INT32_MAX / 2;
}

static bool applicable(const struct device *device, const struct problem *problem)
{
    const struct conv_problem *conv = &problem->u.conv;
    const struct window *w = &conv->window;

    return device->device_class == DEVICE_CPU_WIDE && problem->direction == FORWARD
        && problem->src.size[AXIS_C] == conv->groups && problem->dst.size[AXIS_C] == conv->groups
        && columns_are_inner(&problem->src) && columns_are_inner(&problem->dst)
        && problem->src.size[AXIS_D] == 1 && problem->dst.size[AXIS_D] == 1 && w->kernel[0] == 1
        && w->stride[2] <= 2 && !conv->residual && conv->padding_mode == CVY_ZEROS
        && counts_fit(problem);
}

// Bound by memory, or by a vector load for each multiply-add; a row of dst is whole vectors.
static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    struct rates rates = rules_rates(device);
    int64_t width = problem->dst.size[AXIS_W];
    double lanes = (double)round_up(width, device->vector_width) / (double)MAX(width, 1);

    (void)config;
    return rates.launch + 2.0 * lanes * (double)conv_macs(problem, &problem->u.conv) / rates.macs
        + 4.0 * (double)(tensor_elements(&problem->src) + tensor_elements(&problem->dst))
              / rates.bytes;
}

// Rows of an item: 2,000 vector operations at least, which take longer than an item's start, and
// at most 16 items for each unit; whole channels where an item has some.
#define LEAST_WORK 2000

static int64_t rows_of_item(const struct device *device, const struct problem *problem)
{
    const struct tensor *dst = &problem->dst;
    int64_t units = MAX(device->info.compute_units, 1);
    int64_t rows = dst->size[AXIS_N] * dst->size[AXIS_C] * dst->size[AXIS_H];
    int64_t work = window_taps(&problem->u.conv.window)
        * ceil_div(dst->size[AXIS_W], device->vector_width);
    int64_t least = MIN(ceil_div(LEAST_WORK, work), ceil_div(rows, units));
    int64_t block = MAX(MAX(least, ceil_div(rows, 16 * units)), 1);

    return block > dst->size[AXIS_H] ? round_up(block, dst->size[AXIS_H]) : block;
}

static void step_planes(struct step *step, const struct tensor *t)
{
    step_long(step, t->stride[AXIS_N]);
    step_long(step, t->stride[AXIS_C]);
    step_long(step, t->stride[AXIS_H]);
}

// Whether the rows of all planes follow each other without gaps.
static bool is_dense(const struct tensor *t)
{
    return t->stride[AXIS_H] == t->size[AXIS_W]
        && t->stride[AXIS_C] == t->size[AXIS_W] * t->size[AXIS_H]
        && (t->size[AXIS_N] == 1 || t->stride[AXIS_N] == t->stride[AXIS_C] * t->size[AXIS_C]);
}

static void step_filter(struct step *step, const struct window *w)
{
    const int64_t *const lists[] = { w->kernel, w->stride, w->dilation, w->pad };

    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        step_int(step, lists[i][1]);
        step_int(step, lists[i][2]);
    }
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    const struct conv_problem *conv = &problem->u.conv;
    const struct tensor *src = &problem->src, *dst = &problem->dst;
    const struct device *device = builder_device(builder);
    struct instance instance = instance_of(device);
    int64_t rows = dst->size[AXIS_N] * dst->size[AXIS_C] * dst->size[AXIS_H];
    int64_t block = rows_of_item(device, problem);
    struct step *step = plan_step(builder, PHASE_RUN, &instance);

    (void)config;
    step_tensor(step, OPERAND(SLOT_SRC), src->dtype);
    step_tensor(step, OPERAND(SLOT_WEIGHTS), src->dtype);
    step_tensor(step, OPERAND(conv->bias ? SLOT_BIAS : SLOT_NONE), src->dtype);
    step_tensor(step, OPERAND(SLOT_DST), dst->dtype);
    step_int(step, conv->bias);
    step_piecewise(step, &conv->activation);
    step_int(step, rows);
    step_int(step, block);
    step_int(step, is_dense(dst));
    step_long(step, (int64_t)(tensor_bytes(src) / sizeof(float)));
    step_int(step, src->size[AXIS_C]);
    step_sizes(step, src, AXIS_H, 2);
    step_sizes(step, dst, AXIS_H, 2);
    step_planes(step, src);
    step_planes(step, dst);
    step_filter(step, &conv->window);
    step_grid(step, ceil_div(rows, block), 1, 1, 0);
    activate_rest(builder, problem, &conv->activation);
    return builder_status(builder);
}

const struct algo algo_conv_depthwise_nchw = {
    .name = "conv_depthwise_nchw", .about = "depthwise in NCHW on CPUs with wide vectors",
    .op = OP_CONV, .dtypes = DTYPE_BIT(CVY_F32), .layouts = LAYOUT_BIT(CVY_NCHW),
    .accuracy = ACCURACY_DIRECT, .start_set = start_set, .applicable = applicable,
    .estimate = estimate, .build = build,
};
