// Launches of more groups than a grid may have, which fall into slices and give the same bits, and
// sizes beyond 32 bits. The device's limits are changed from inside: the true ones take gigabytes.
#include "cl_fixture.h"

#include <convoy/ops.h>

enum { FLOATS = 80000, SMALL_GRID = 3 };

// One buffer holds src, weights and dst.
static void open_slices(void)
{
    static float values[FLOATS];

    open_all();
    for (int i = 0; i < FLOATS; i++)
        values[i] = (float)(i * 37 % 101 - 50) / 16.0f;
    cvy_buffer_destroy(&buffer);
    OK(make((cvy_buffer_params) { .bytes = 3 * sizeof values }, &buffer));
    OK(cvy_queue_write(queue, at(0), values, sizeof values, NULL, NULL));
    OK(cvy_queue_write(queue, at(sizeof values), values, sizeof values, NULL, NULL));
}

TestSuite(slices, .init = open_slices, .timeout = 120);

static void limit_grid(int64_t groups)
{
    ((struct device *)(uintptr_t)context_device(context))->max_grid = groups;
}

struct outcome {
    float values[FLOATS];
    char algorithm[128];
    int launches;
};

// Runs a plan and destroys it. What dst held before shows where a slice is missing.
static void run(cvy_plan *plan, bool has_weights, struct outcome *out)
{
    cvy_args args = { .src = at(0), .dst = at(2 * sizeof out->values) };
    const float unwritten = -12345.0f;
    cvy_plan_info info;

    if (has_weights)
        args.weights = at(sizeof out->values);
    OK(cvy_plan_info_get(plan, &info));
    strcpy(out->algorithm, info.algorithm);
    OK(cvy_queue_fill(queue, args.dst, &unwritten, 4, sizeof out->values, NULL, NULL));
    out->launches = -cl_table_calls("clEnqueueNDRangeKernel");
    OK(cvy_plan_enqueue(plan, queue, &args, NULL, NULL));
    out->launches += cl_table_calls("clEnqueueNDRangeKernel");
    OK(cvy_queue_read(queue, args.dst, out->values, sizeof out->values, NULL, NULL));
    cvy_plan_destroy(&plan);
}

static void expect_same(const char *label, const struct outcome *whole, const struct outcome *cut)
{
    cr_expect_str_eq(cut->algorithm, whole->algorithm, "%s: %s", label, cut->algorithm);
    cr_expect_gt(cut->launches, whole->launches, "%s: %d launches", label, cut->launches);
    for (int i = 0; i < FLOATS; i++)
        if (memcmp(&cut->values[i], &whole->values[i], sizeof(float))) {
            cr_expect(false, "%s (%s): float %d is %g, not %g", label, cut->algorithm, i,
                      (double)cut->values[i], (double)whole->values[i]);
            return;
        }
}

// Twice the same problem, with the true limit and with a small one.
#define EXPECT_SAME(label, has_weights, create)                                             \
    do {                                                                                    \
        static struct outcome whole, cut;                                                   \
        int64_t most = context_device(context)->max_grid;                                   \
        cvy_plan *plan = NULL;                                                              \
        OK(create);                                                                         \
        run(plan, has_weights, &whole);                                                     \
        limit_grid(SMALL_GRID);                                                             \
        OK(create);                                                                         \
        run(plan, has_weights, &cut);                                                       \
        limit_grid(most);                                                                   \
        expect_same(label, &whole, &cut);                                                   \
    } while (0)

LEDGER_TEST(slices, flat_ranges_give_the_same_bits)
{
    static const cvy_plan_options reference = { .algorithm = "conv_reference" };
    const cvy_conv_params conv = { .src = cvy_nchw(CVY_F32, 1, 3, 100, 80), .out_channels = 9,
                                   .kernel_size = { 3, 3 }, .padding = { 1, 1 },
                                   .options = &reference };

    EXPECT_SAME("reference", true, cvy_conv_create(context, &conv, &plan));
}

LEDGER_TEST(slices, rows_of_maps_give_the_same_bits)
{
    const cvy_conv_params dense = { .src = cvy_nhwc(CVY_F32, 2, 11, 9, 24), .out_channels = 20,
                                    .kernel_size = { 3, 3 }, .padding = { 1, 1 } };
    const cvy_conv_params depthwise = { .src = cvy_nhwc(CVY_F32, 2, 90, 9, 12),
                                        .out_channels = 12, .groups = 12,
                                        .kernel_size = { 3, 3 }, .padding = { 1, 1 } };

    if (context_device(context)->device_class != DEVICE_CPU_WIDE)
        cr_skip_test("here convolutions are flat ranges");
    EXPECT_SAME("dense", true, cvy_conv_create(context, &dense, &plan));
    EXPECT_SAME("depthwise", true, cvy_conv_create(context, &depthwise, &plan));
}

LEDGER_TEST(slices, rows_of_softmax_give_the_same_bits)
{
    const cvy_softmax_params params = { .src = cvy_nc(CVY_F32, 50, 1500), .axis = 1 };

    EXPECT_SAME("softmax", false, cvy_softmax_create(context, &params, &plan));
}

LEDGER_TEST(slices, changes_of_layout_give_the_same_bits)
{
    const cvy_copy_params params = { .src = cvy_nchw(CVY_F32, 2, 70, 20, 25),
                                     .dst = { .layout = CVY_NHWC } };

    EXPECT_SAME("copy", false, cvy_copy_create(context, &params, &plan));
}

// Sizes ------------------------------------------------------------------------------------------

// The device is said to have buffers of any size; nothing is allocated.
// B19, B24.
LEDGER_TEST(slices, sizes_beyond_32_bits_go_to_algorithms_that_count_so_far)
{
    static const cvy_plan_options simt = { .algorithm = "conv_simt" };
    static const cvy_plan_options window = { .algorithm = "pool_window" };
    const int64_t most = context_device(context)->max_bytes;
    const cvy_conv_params channels = { .out_channels = 1, .kernel_size = { 1, 1 },
                                       .src = cvy_nchw(CVY_F32, 1, INT64_C(1) << 31, 1, 1) };
    const cvy_conv_params pixels = { .out_channels = 1, .kernel_size = { 1, 1 }, .options = &simt,
                                     .src = cvy_nchw(CVY_F32, 1, 1, 1 << 16, 1 << 16) };
    const cvy_pool_params taps = { .kind = CVY_POOL_MAX, .src = cvy_nhwc(CVY_F32, 1, 4, 4, 16),
                                   .kernel_size = { 1 << 30, 1 }, .padding = { 1 << 29, 0 },
                                   .options = &window };
    cvy_pool_params last = { .kind = CVY_POOL_MAX, .kernel_size = { 2, 2 },
                             .src = cvy_nchw(CVY_F32, 1, 1, 1 << 15, 1 << 16),
                             .indices = CVY_INDICES_TENSOR, .indices_dtype = CVY_I32 };
    cvy_plan *plan = NULL;

    ((struct device *)(uintptr_t)context_device(context))->max_bytes = INT64_MAX / 16;
    OK(cvy_pool_create(context, &last, &plan));
    cvy_plan_destroy(&plan);
    last.src.size[2]++;
    GIVES(CVY_ERR_LIMIT, cvy_pool_create(context, &last, &plan));
    GIVES(CVY_ERR_LIMIT, cvy_conv_create(context, &channels, &plan));
    GIVES(CVY_ERR_UNSUPPORTED, cvy_conv_create(context, &pixels, &plan));
    GIVES(CVY_ERR_UNSUPPORTED, cvy_pool_create(context, &taps, &plan));
    ((struct device *)(uintptr_t)context_device(context))->max_bytes = most;
}
