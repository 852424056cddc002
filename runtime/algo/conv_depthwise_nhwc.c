// Depthwise convolution in NHWC on a CPU with wide vectors, 3x3 and 5x5.
#include "algo/common.h"

// Output pixels in registers.
static const struct tunable tunables[] = {
    { "MR", { 4, 3, 6, 8 } },
    { NULL, { 0 } },
};

extern const struct algo algo_conv_depthwise_nhwc;

// Square filters that have kernels, with their stride, 0: any. 5x5 192 @12x24 takes 43 us (EPYC
// Zen 4, PoCL 3.1, one thread), and 36 with its stride fixed, for two kernels instead of one.
static const struct {
    int size, stride;
} filters[] = { { 3, 1 }, { 3, 2 }, { 5, 0 } };

static struct instance instance_of(const struct device *device, const struct config *config,
                                   int filter)
{
    struct instance instance = instance_start("conv_depthwise_nhwc", 1, 1, 1);

    instance_define(&instance, "V", device->vector_width);
    instance_define(&instance, "MR", config->value[0]);
    instance_define(&instance, "K", filters[filter].size);
    instance_define(&instance, "S", filters[filter].stride);
    return instance;
}

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    struct config config;

    if (device->device_class != DEVICE_CPU_WIDE || cap < COUNT_OF(filters))
        return 0;
    rules_configs(device, &algo_conv_depthwise_nhwc, &config, 1);
    for (size_t i = 0; i < COUNT_OF(filters); i++)
        out[i] = instance_of(device, &config, (int)i);
    return COUNT_OF(filters);
}

// The kernel of a window, or -1.
static int filter_of(const struct window *w)
{
    for (size_t i = 0; i < COUNT_OF(filters); i++) {
        int64_t stride = filters[i].stride;

        if (w->kernel[1] == filters[i].size && w->kernel[2] == filters[i].size
            && (stride == 0 || (w->stride[1] == stride && w->stride[2] == stride)))
            return (int)i;
    }
    return -1;
}

static bool window_fits(const struct window *w)
{
    return filter_of(w) >= 0 && w->kernel[0] == 1 && w->dilation[1] == 1 && w->dilation[2] == 1;
}

static bool applicable(const struct device *device, const struct problem *problem)
{
    const struct conv_problem *conv = &problem->u.conv;

    return device->device_class == DEVICE_CPU_WIDE && problem->direction == FORWARD
        && problem->src.size[AXIS_C] == conv->groups && problem->dst.size[AXIS_C] == conv->groups
        && conv->groups >= device->vector_width && conv->groups > 1
        && tensor_is_pixels(&problem->src) && tensor_is_pixels(&problem->dst)
        && problem->dst.size[AXIS_D] == 1 && window_fits(&conv->window) && !conv->residual
        && conv->padding_mode == CVY_ZEROS;
}

// Bound by memory, or by a vector load for each multiply-add.
static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    struct rates rates = rules_rates(device);

    (void)config;
    return rates.launch + 1.2 * (double)conv_macs(problem, &problem->u.conv) / rates.macs
        + 4.0 * (double)(tensor_elements(&problem->src) + tensor_elements(&problem->dst))
              / rates.bytes;
}

// How the work falls into items.
struct cut {
    int64_t rows, block;        // output rows, those of an item
    int64_t group, groups;      // channels of an item
};

// Items of 2,000 vector operations at least, which take longer than an item's start, and no more
// than 16 for each unit. Rows apart where there are as many, so that what an item reads and writes
// lies together; else channels apart first, then rows.
#define LEAST_WORK 2000

// Columns of a strip, in times MR: all channels of one follow one another. 3x3 64 @512x1024 takes
// 16.7 ms without strips and with channels apart, 18.3 with strips of 1, 13.5 of 4, 15.1 of 16
// (EPYC Zen 4, PoCL 3.1).
#define STRIP 4

static struct cut cut_of(const struct device *device, const struct problem *problem)
{
    const struct tensor *dst = &problem->dst;
    int64_t vector = device->vector_width, units = MAX(device->info.compute_units, 1);
    int64_t whole = dst->size[AXIS_C] / vector, each, items;
    struct cut cut = { .rows = dst->size[AXIS_N] * dst->size[AXIS_H] };

    items = conv_macs(problem, &problem->u.conv) / vector / LEAST_WORK;
    items = MIN(MAX(items, units), 16 * units);
    each = cut.rows >= items ? whole : ceil_div(whole, MIN(items, whole));
    cut.group = each * vector;
    cut.groups = ceil_div(whole, each);
    cut.block = ceil_div(cut.rows, MIN(ceil_div(items, cut.groups), MAX(cut.rows, 1)));
    return cut;
}

// The output pixels of a row whose taps are all inside, where they are enough to go `mr` at once.
static void step_inside(struct step *step, const struct problem *problem, int64_t mr)
{
    const struct window *w = &problem->u.conv.window;
    int64_t width = problem->dst.size[AXIS_W];
    int64_t reach = problem->src.size[AXIS_W] - w->kernel[2] + w->pad[2];
    int64_t inner = MIN(ceil_div(w->pad[2], w->stride[2]), width);
    int64_t outer = reach < 0 ? 0 : MIN(reach / w->stride[2] + 1, width);

    if (outer - inner < mr)
        inner = outer = width;
    step_int(step, inner);
    step_int(step, outer);
}

// Of the weights of a tap: vectors of channels and, so that not all taps of a channel fall into one
// set of a cache, an odd number of them.
static int64_t pitch_of(const struct device *device, const struct problem *problem)
{
    return (ceil_div(problem->src.size[AXIS_C], device->vector_width) | 1) * device->vector_width;
}

static void step_pixels(struct step *step, const struct tensor *t)
{
    step_long(step, t->stride[AXIS_N]);
    step_long(step, t->stride[AXIS_H]);
    step_long(step, t->stride[AXIS_W]);
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    const struct conv_problem *conv = &problem->u.conv;
    const struct window *w = &conv->window;
    const struct tensor *src = &problem->src, *dst = &problem->dst;
    const struct device *device = builder_device(builder);
    struct instance instance = instance_of(device, config, filter_of(w));
    struct cut cut = cut_of(device, problem);
    int64_t pitch = pitch_of(device, problem);
    struct packed_weights packed = pack_weights(builder, problem, 1, 1, src->size[AXIS_C],
                                                (int)pitch);
    struct step *step = plan_step(builder, PHASE_RUN, &instance);

    step_tensor(step, OPERAND(SLOT_SRC), src->dtype);
    step_tensor(step, packed.weights, src->dtype);
    step_tensor(step, packed.bias, src->dtype);
    step_tensor(step, OPERAND(SLOT_DST), dst->dtype);
    step_piecewise(step, &conv->activation);
    step_int(step, cut.rows);
    step_int(step, cut.block);
    step_int(step, cut.group);
    step_int(step, STRIP * config->value[0]);
    step_inside(step, problem, config->value[0]);
    step_int(step, pitch);
    step_int(step, src->size[AXIS_C]);
    step_sizes(step, src, AXIS_H, 2);
    step_sizes(step, dst, AXIS_H, 2);
    step_pixels(step, src);
    step_pixels(step, dst);
    step_int(step, w->stride[1]);
    step_int(step, w->stride[2]);
    step_int(step, w->pad[1]);
    step_int(step, w->pad[2]);
    step_int(step, streams(device, dst) && dst->size[AXIS_C] % device->vector_width == 0);
    step_grid(step, ceil_div(cut.rows, cut.block), cut.groups, 1, 0);
    activate_rest(builder, problem, &conv->activation);
    return builder_status(builder);
}

const struct algo algo_conv_depthwise_nhwc = {
    .name = "conv_depthwise_nhwc",
    .about = "depthwise 3x3 and 5x5 in NHWC on CPUs with wide vectors", .op = OP_CONV,
    .dtypes = DTYPE_BIT(CVY_F32), .layouts = LAYOUT_BIT(CVY_NCHW) | LAYOUT_BIT(CVY_NHWC),
    .accuracy = ACCURACY_DIRECT, .tunables = tunables, .start_set = start_set,
    .applicable = applicable, .estimate = estimate, .build = build,
};
