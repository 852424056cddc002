// What is known of each class of device: values of tunables, order of algorithms, rough speeds.
// A row stands for a class; its comment is its measurement.
#include "plan/planner.h"

// Values for one algorithm on one class of device. First row that matches wins; what is 0 matches
// everything.
struct config_row {
    const char *algo;
    enum device_class device_class;
    int vector_width;           // float32 lanes of the device
    int64_t most_channels;      // output channels in a group, counted in vectors of the device
    int64_t most_pixels;        // output pixels of the batch
    int64_t row_multiple;       // a row of output pixels is a multiple of it; backward, those that
                                // are a stride apart
    int32_t values[CONFIG_VALUES];
};

// EPYC Zen 4, PoCL 3.1, two cores; ms. Width 8 is not measured: 12 sums, two weights and a
// broadcast fill the 16 registers of AVX2.
// conv_direct: 3x3 64->64 @56 with MR 7, NV 2 runs at 229 of 235 GFLOP/s, with MR 14 at 214; more
// spills. Rows of 16 pixels waste less of MR 8: 4x4 s2 256->128 @16 1.19 against 1.56.
// conv_pointwise: NV 1 is as fast as NV 2 from 16 to 1024 channels, and wastes less of an odd
// number of vectors: 64->48 @28 0.032 against 0.040. MR 8: 960->320 @7 0.163 against 0.143. One
// pixel, 2048->1000: 0.057, with MR 7 0.145.
// conv_winograd: MR 8, NV 2 0.40 for 64->64 @56 and 256->256 @14, NV 1 0.43 and 0.44. Seven tiles
// in a row waste less of MR 7: 128->128 @28 0.32 against 0.37, 256->256 @56 4.7 against 5.0.
// conv_simt, rusticl 22.3 on llvmpipe there: V 4 wastes lanes of few channels, 3x3 64->2 @28 7.0
// against 4.5 with V 1, g32 64->64 @28 11.4 against 7.8, 64->3 alike; a GPU wastes the same. One
// pixel of few channels leaves items idle: 512->10 1.31 against 0.66, 512->256 2.04 against 1.77.
// V 8 is as fast as V 4 where channels fill it, and half as fast in groups of four.
static const struct config_row config_rows[] = {
    { "conv_pointwise", DEVICE_CPU_WIDE, .most_pixels = 1, .values = { 1, 4 } },
    { "conv_pointwise", DEVICE_CPU_WIDE, 8, .most_channels = 1, .values = { 6, 1 } },
    { "conv_pointwise", DEVICE_CPU_WIDE, 8, .values = { 6, 2 } },
    { "conv_pointwise", DEVICE_CPU_WIDE, .values = { 7, 1 } },
    { "conv_pointwise_planes", DEVICE_CPU_WIDE, 8, .values = { 6, 2 } },
    { "conv_pointwise_planes", DEVICE_CPU_WIDE, .values = { 8, 2 } },
    { "separable_spatial", DEVICE_CPU_WIDE, .values = { 4 } },
    { "separable_tiles", DEVICE_CPU_WIDE, 8, .values = { 6, 256 } },
    { "separable_tiles", DEVICE_CPU_WIDE, .values = { 7, 256 } },
    { "conv_grouped", DEVICE_CPU_WIDE, .values = { 4 } },
    { "conv_winograd", DEVICE_CPU_WIDE, 8, .values = { 4, 6, 2 } },
    { "conv_winograd", DEVICE_CPU_WIDE, .row_multiple = 28, .values = { 4, 7, 2 } },
    { "conv_winograd", DEVICE_CPU_WIDE, .values = { 4, 8, 2 } },
    { "conv_direct", DEVICE_CPU_WIDE, 8, .most_channels = 1, .values = { 6, 1 } },
    { "conv_direct", DEVICE_CPU_WIDE, 8, .values = { 6, 2 } },
    { "conv_direct", DEVICE_CPU_WIDE, .most_channels = 1, .values = { 7, 1 } },
    { "conv_direct", DEVICE_CPU_WIDE, .row_multiple = 7, .values = { 7, 2 } },
    { "conv_direct", DEVICE_CPU_WIDE, .row_multiple = 8, .values = { 8, 2 } },
    { "conv_direct", DEVICE_CPU_WIDE, .values = { 7, 2 } },
    { "conv_simt", DEVICE_SIMT_GPU, .most_channels = 2, .values = { 1 } },
    { "conv_simt", DEVICE_SIMT_GPU, .values = { 4 } },
    { "conv_simt", DEVICE_SIMT_SOFTWARE, .most_channels = 2, .values = { 1 } },
    { "conv_simt", DEVICE_SIMT_SOFTWARE, .most_channels = 256, .most_pixels = 1, .values = { 1 } },
    { "conv_simt", DEVICE_SIMT_SOFTWARE, .values = { 4 } },
};

// Order of algorithms where several apply; the first that applies wins. Those whose name begins
// with '=' stand in the same place as the one before: among them the least estimate wins.
struct order_row {
    enum device_class device_class;
    enum op op;
    const char *names[12];
};

static const struct order_row order_rows[] = {
    { DEVICE_CPU_WIDE, OP_CONV,
      { "conv_pointwise", "conv_depthwise_nhwc", "conv_depthwise_nchw", "conv_depthwise",
        "conv_grouped", "conv_direct", "=conv_winograd", "conv_via_nhwc",
        "=conv_pointwise_planes", "conv_simt", "conv_reference" } },
    { DEVICE_CPU_WIDE, OP_SEPARABLE,
      { "separable_spatial", "separable_tiles", "=separable_pair" } },
    { DEVICE_SIMT_GPU, OP_CONV, { "conv_simt", "conv_reference" } },
    { DEVICE_SIMT_SOFTWARE, OP_CONV, { "conv_simt", "conv_reference" } },
    { DEVICE_CPU_WIDE, OP_POOL, { "pool_by_axis", "pool_rows", "pool_window", "pool_reference" } },
    { DEVICE_SIMT_GPU, OP_POOL, { "pool_by_axis", "pool_window", "pool_reference" } },
    { DEVICE_SIMT_SOFTWARE, OP_POOL, { "pool_by_axis", "pool_window", "pool_reference" } },
    { DEVICE_CPU_WIDE, OP_COPY, { "copy_transpose", "copy_rows", "copy_strided" } },
    { DEVICE_SIMT_GPU, OP_COPY, { "copy_tiled", "copy_strided" } },
    { DEVICE_SIMT_SOFTWARE, OP_COPY, { "copy_tiled", "copy_strided" } },
    { DEVICE_CPU_WIDE, OP_ACTIVATION, { "activation_dense", "activation_reference" } },
    { DEVICE_SIMT_GPU, OP_ACTIVATION, { "activation_dense", "activation_reference" } },
    { DEVICE_SIMT_SOFTWARE, OP_ACTIVATION, { "activation_dense", "activation_reference" } },
    { DEVICE_CPU_WIDE, OP_SOFTMAX, { "softmax_row", "softmax_reference" } },
    { DEVICE_SIMT_GPU, OP_SOFTMAX, { "softmax_row", "softmax_reference" } },
    { DEVICE_SIMT_SOFTWARE, OP_SOFTMAX, { "softmax_row", "softmax_reference" } },
    { DEVICE_CPU_WIDE, OP_MATMUL, { "matmul_tiles", "matmul_reference" } },
    { DEVICE_CPU_WIDE, OP_RESIZE, { "resize_rows", "resize_reference" } },
};

static int64_t output_vectors(const struct device *device, const struct problem *problem)
{
    int64_t k = problem->dst.size[AXIS_C];

    if (problem->op == OP_CONV)
        k /= problem->u.conv.groups;
    return ceil_div(k, device->vector_width);
}

static int64_t output_pixels(const struct problem *problem)
{
    const struct tensor *dst = &problem->dst;

    return dst->size[AXIS_N] * dst->size[AXIS_D] * dst->size[AXIS_H] * dst->size[AXIS_W];
}

static int64_t row_pixels(const struct problem *problem)
{
    int64_t width = problem->dst.size[AXIS_W];

    return problem->op == OP_CONV && problem->direction == BACKWARD_DATA
        ? ceil_div(width, problem->u.conv.window.stride[2]) : width;
}

static bool row_fits_device(const struct config_row *row, const struct device *device,
                            const struct algo *algo)
{
    return row->device_class == device->device_class && strcmp(row->algo, algo->name) == 0
        && (row->vector_width == 0 || row->vector_width == device->vector_width);
}

static bool row_fits(const struct config_row *row, const struct device *device,
                     const struct problem *problem)
{
    return !(row->most_channels && output_vectors(device, problem) > row->most_channels)
        && !(row->most_pixels && output_pixels(problem) > row->most_pixels)
        && !(row->row_multiple && row_pixels(problem) % row->row_multiple);
}

static void config_safe(const struct algo *algo, struct config *out)
{
    memset(out, 0, sizeof *out);
    for (int i = 0; algo->tunables && algo->tunables[i].name; i++)
        out->value[i] = algo->tunables[i].values[0];
}

void rules_config(const struct device *device, const struct algo *algo,
                  const struct problem *problem, struct config *out)
{
    config_safe(algo, out);
    for (size_t i = 0; i < COUNT_OF(config_rows); i++) {
        const struct config_row *row = &config_rows[i];

        if (!row_fits_device(row, device, algo) || !row_fits(row, device, problem))
            continue;
        memcpy(out->value, row->values, sizeof row->values);
        return;
    }
}

static bool config_listed(const struct config *list, size_t count, const int32_t *values)
{
    for (size_t i = 0; i < count; i++)
        if (memcmp(list[i].value, values, sizeof list[i].value) == 0)
            return true;
    return false;
}

size_t rules_configs(const struct device *device, const struct algo *algo, struct config *out,
                     size_t cap)
{
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(config_rows) && count < cap; i++) {
        const struct config_row *row = &config_rows[i];

        if (!row_fits_device(row, device, algo))
            continue;
        if (!config_listed(out, count, row->values))
            memcpy(out[count++].value, row->values, sizeof row->values);
        if (!row->most_channels && !row->most_pixels && !row->row_multiple)
            break;              // no problem gets past this row
    }
    if (count == 0 && cap > 0)
        config_safe(algo, &out[count++]);
    return count;
}

int rules_rank(const struct device *device, const struct algo *algo, const struct problem *problem)
{
    for (size_t i = 0; i < COUNT_OF(order_rows); i++) {
        const struct order_row *row = &order_rows[i];
        int rank = -1;

        if (row->device_class != device->device_class || row->op != problem->op)
            continue;
        for (size_t n = 0; n < COUNT_OF(row->names) && row->names[n]; n++) {
            bool same = row->names[n][0] == '=';

            rank += !same;
            if (strcmp(row->names[n] + same, algo->name) == 0)
                return rank;
        }
    }
    return 100;
}

// CPU: multiply-adds of 1.4 vectors for each cycle of the clock that the driver tells (EPYC Zen 4:
// 117 G a second on two cores of nominally 2.6 GHz); PoCL launches in 1 us batched, memory 15 GB/s
// a core (measured there). SIMT GPU: 64 lanes a unit as a floor. Software SIMT: llvmpipe runs
// about 1 G multiply-adds a second.
struct rates rules_rates(const struct device *device)
{
    double clock = 1e6 * MAX(device->info.clock_mhz, 1000);
    double units = MAX(device->info.compute_units, 1);

    switch (device->device_class) {
    case DEVICE_CPU_WIDE:
        return (struct rates) { 1.4 * device->vector_width * clock * units, 15e9 * units, 2e-6 };
    case DEVICE_SIMT_GPU:
        return (struct rates) { 64.0 * clock * units, 1e11, 1e-5 };
    default:
        return (struct rates) { 1e9, 1e9, 5e-5 };
    }
}
