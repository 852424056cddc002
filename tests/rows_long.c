// Rows whose outputs each take more than 65,535 steps, which some devices cannot loop over at once
// (quirk "loop-limit"). Few outputs, so that they are fast on all that are no simulators.
#include "rows_parts.h"

static const struct row long_rows[] = {
    LINEAR("linear 70001 inputs", .src = PLAIN(2, 2, 70001), .out_features = 3, .bias = true,
           .residual = true),
    CONV("conv 1x1 70000 channels", .src = MAP2(1, 70000, 1, 2), .out_channels = 2,
         .kernel_size = { 1, 1 }, .bias = true, .activation = { CVY_PRELU }),
    ROW_WITH(ROW_IN_PLACE, "conv 2x2 70000 channels residual is dst", REF_CONV, conv,
             .src = MAP2(1, 70000, 1, 1), .out_channels = 2, .kernel_size = { 2, 2 },
             .padding = { 1, 1 }, .bias = true, .residual = true),
    CONV("conv 270x260", .src = MAP2(1, 1, 271, 261), .out_channels = 1,
         .kernel_size = { 270, 260 }, .residual = true, .activation = { CVY_LEAKY_RELU }),
    CONV("conv 3x3 9000 channels", .src = MAP2(1, 18000, 3, 4), .out_channels = 2,
         .kernel_size = { 3, 3 }, .groups = 2, .bias = true),
    DECONV("deconv 3x2 35000 channels", .src = MAP2(1, 35000, 1, 2), .out_channels = 1,
           .kernel_size = { 3, 2 }, .stride = { 1, 2 }, .bias = true),
    POOL("pool global average 300x300", .kind = CVY_POOL_AVERAGE, .src = MAP2(1, 2, 300, 300),
         .global = true),
    POOL("pool global average 3-D", .kind = CVY_POOL_AVERAGE, .src = MAP3(1, 2, 3, 150, 170),
         .global = true),
    POOL("pool global max 260x260 indices", .kind = CVY_POOL_MAX, .src = MAP2(2, 2, 260, 260),
         .global = true, .indices = CVY_INDICES_TENSOR),
    POOL("pool global max 1-D", .kind = CVY_POOL_MAX, .src = MAP1(1, 2, 70001), .global = true),
    POOL("pool global lp 270x270", .kind = CVY_POOL_LP, .src = MAP2(1, 2, 270, 270),
         .global = true),
    POOL("pool average 280x280 padding counted", .kind = CVY_POOL_AVERAGE,
         .src = MAP2(1, 1, 262, 262), .kernel_size = { 280, 280 }, .stride = { 2, 2 },
         .padding = { 10, 10 }),
    POOL("pool average 270x270 padding not counted", .kind = CVY_POOL_AVERAGE,
         .src = MAP2(1, 1, 270, 262), .kernel_size = { 270, 270 }, .stride = { 1, 5 },
         .padding = { 0, 10 }, .count_include_pad = CVY_COUNT_PAD_EXCLUDE),
    POOL("pool average 260x260 divisor_override", .kind = CVY_POOL_AVERAGE,
         .src = MAP2(1, 1, 260, 261), .kernel_size = { 260, 260 }, .stride = { 1, 1 },
         .divisor_override = 777),
    POOL("pool adaptive max 270x511", .kind = CVY_POOL_ADAPTIVE_MAX, .src = MAP2(1, 2, 270, 511),
         .output_size = { 1, 2 }, .indices = CVY_INDICES_PLANE, .indices_dtype = CVY_I32),
    POOL("pool adaptive average 270x511", .kind = CVY_POOL_ADAPTIVE_AVERAGE,
         .src = MAP2(1, 1, 270, 511), .output_size = { 1, 2 }),
    UNPOOL("unpool 300x300", .src = MAP2(1, 2, 300, 300), .kernel_size = { 2, 1 },
           .stride = { 1, 1 }),
    UNPOOL("unpool tensor 70001", .src = MAP1(2, 1, 70001), .kernel_size = { 1 },
           .indices = CVY_INDICES_TENSOR, .indices_dtype = CVY_I32),
    SOFTMAX("softmax 70001", .src = PLAIN(2, 2, 70001), .axis = 1),
    ROW_WITH(ROW_IN_PLACE, "softmax 70001 in place", REF_SOFTMAX, softmax,
             .src = PLAIN(2, 70001, 3), .axis = 0),
    SOFTMAX("softmax 25000 strided", .src = PLAIN(3, 2, 25000, 2), .axis = 1),
};

struct row_list rows_long(void)
{
    return (struct row_list) { long_rows, sizeof long_rows / sizeof long_rows[0] };
}
