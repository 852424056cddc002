// Special values: NaN and infinities stay in their footprint and class (T9), denormals, -0, equal
// maxima, and stale NaN in outputs and workspace. Every row with every direct algorithm.
#include "judge.h"
#include "rows_parts.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ALGORITHMS = 64 };

struct value_row {
    struct row row;
    int poke_count;
    struct judge_poke pokes[JUDGE_MAX_POKES];
};

#define POKES(n, ...) .poke_count = n, .pokes = { __VA_ARGS__ }
#define EVERY (-1)
#define TINY 1e-40f             // denormal in float32

static const struct value_row sum_rows[] = {
    // D1: and T9.
    { .row = CONV("conv NaN in one input", .src = MAP2(1, 5, 9, 8), .out_channels = 6,
                  .kernel_size = { 3, 3 }, .padding = { 1, 1 }, .bias = true),
      POKES(1, { SLOT_SRC, 2 * 72 + 4 * 8 + 3, NAN }) },
    { .row = CONV("conv NaN in a corner of a wide map", .src = MAP2(2, 32, 6, 9),
                  .out_channels = 40, .kernel_size = { 3, 3 }, .padding = { 1, 1 }),
      POKES(1, { SLOT_SRC, 0, NAN }) },
    { .row = CONV("conv NaN in a long row", .src = MAP2(1, 6, 3, 45), .out_channels = 20,
                  .kernel_size = { 3, 3 }, .padding = { 1, 1 }),
      POKES(2, { SLOT_SRC, 60, NAN }, { SLOT_SRC, 200, INFINITY }) },
    { .row = CONV("conv NaN under stride 2", .src = MAP2(1, 16, 9, 9), .out_channels = 16,
                  .kernel_size = { 3, 3 }, .stride = { 2, 2 }, .padding = { 1, 1 }),
      POKES(1, { SLOT_SRC, 3 * 81 + 4 * 9 + 5, NAN }) },
    { .row = CONV("conv 1x1 NaN", .src = MAP2(1, 33, 4, 7), .out_channels = 35,
                  .kernel_size = { 1, 1 }, .bias = true, .activation = { CVY_RELU }),
      POKES(1, { SLOT_SRC, 20 * 28 + 27, NAN }) },
    { .row = CONV("conv depthwise NaN", .src = MAP2(1, 17, 7, 6), .out_channels = 17,
                  .kernel_size = { 3, 3 }, .padding = { 1, 1 }, .groups = 17),
      POKES(1, { SLOT_SRC, 8 * 42 + 20, NAN }) },
    { .row = CONV("conv groups NaN", .src = MAP2(1, 8, 5, 6), .out_channels = 12,
                  .kernel_size = { 3, 3 }, .groups = 2), POKES(1, { SLOT_SRC, 65, NAN }) },
    // D2.
    { .row = CONV("conv infinities of both signs", .src = MAP2(1, 4, 8, 8), .out_channels = 5,
                  .kernel_size = { 3, 3 }, .padding = { 1, 1 }),
      POKES(2, { SLOT_SRC, 18, INFINITY }, { SLOT_SRC, 20, -INFINITY }) },
    // D8.
    { .row = CONV("conv infinite weight over zero padding", .src = MAP2(1, 3, 6, 7),
                  .out_channels = 4, .kernel_size = { 3, 3 }, .padding = { 1, 1 }),
      POKES(2, { SLOT_WEIGHTS, 0, INFINITY }, { SLOT_WEIGHTS, 27 + 8, NAN }) },
    { .row = CONV("conv infinite weight over zero padding wide", .src = MAP2(1, 32, 6, 7),
                  .out_channels = 32, .kernel_size = { 3, 3 }, .stride = { 2, 2 },
                  .padding = { 1, 1 }),
      POKES(2, { SLOT_WEIGHTS, 0, -INFINITY }, { SLOT_WEIGHTS, 31 * 288 + 287, INFINITY }) },
    { .row = CONV("conv depthwise 5x5 infinite weights over zero padding",
                  .src = MAP2(1, 37, 9, 11), .out_channels = 37, .kernel_size = { 5, 5 },
                  .padding = { 2, 2 }, .groups = 37),
      POKES(3, { SLOT_WEIGHTS, 0, INFINITY }, { SLOT_WEIGHTS, 20 * 25 + 2, -INFINITY },
            { SLOT_WEIGHTS, 37 * 25 - 1, NAN }) },
    { .row = CONV("conv depthwise infinite weight over zero padding", .src = MAP2(1, 16, 6, 7),
                  .out_channels = 16, .kernel_size = { 3, 3 }, .padding = { 1, 1 },
                  .groups = 16),
      POKES(2, { SLOT_WEIGHTS, 0, INFINITY }, { SLOT_WEIGHTS, 143, NAN }) },
    { .row = CONV("conv 1-D infinite weight over zero padding", .src = MAP1(1, 4, 19),
                  .out_channels = 5, .kernel_size = { 5 }, .padding = { 4 }),
      POKES(1, { SLOT_WEIGHTS, 4, INFINITY }) },
    { .row = CONV("conv NaN under reflect", .src = MAP2(1, 3, 6, 7), .out_channels = 4,
                  .kernel_size = { 3, 3 }, .padding = { 2, 2 }, .padding_mode = CVY_REFLECT),
      POKES(1, { SLOT_SRC, 9, NAN }) },
    { .row = CONV("conv NaN bias", .src = MAP2(1, 3, 6, 7), .out_channels = 20,
                  .kernel_size = { 3, 3 }, .bias = true),
      POKES(2, { SLOT_BIAS, 1, NAN }, { SLOT_BIAS, 17, -INFINITY }) },
    { .row = CONV("conv NaN residual", .src = MAP2(1, 16, 5, 6), .out_channels = 16,
                  .kernel_size = { 1, 1 }, .residual = true, .activation = { CVY_RELU }),
      POKES(2, { SLOT_RESIDUAL, 7, NAN }, { SLOT_RESIDUAL, 200, -INFINITY }) },
    { .row = ROW_WITH(ROW_IN_PLACE, "conv NaN residual in dst", REF_CONV, conv,
                      .src = MAP2(1, 16, 5, 6), .out_channels = 16, .kernel_size = { 3, 3 },
                      .padding = { 1, 1 }, .residual = true),
      POKES(1, { SLOT_RESIDUAL, 33, NAN }) },
    // D4.
    { .row = CONV("conv denormal inputs", .src = MAP2(1, 9, 6, 7), .out_channels = 8,
                  .kernel_size = { 3, 3 }, .padding = { 1, 1 }),
      POKES(1, { SLOT_SRC, EVERY, TINY }) },
    // D5.
    { .row = CONV("conv of -0", .src = MAP2(1, 5, 6, 7), .out_channels = 8,
                  .kernel_size = { 3, 3 }, .padding = { 1, 1 }, .bias = true),
      POKES(1, { SLOT_SRC, EVERY, -0.0f }) },
    { .row = DECONV("deconv NaN in one input", .src = MAP2(1, 5, 5, 6), .out_channels = 6,
                    .kernel_size = { 3, 3 }, .stride = { 2, 2 }, .padding = { 1, 1 }),
      POKES(1, { SLOT_SRC, 45, NAN }) },
    { .row = DECONV("deconv infinite weight", .src = MAP2(1, 5, 5, 6), .out_channels = 6,
                    .kernel_size = { 3, 3 }, .stride = { 2, 2 }, .padding = { 1, 1 }),
      POKES(2, { SLOT_WEIGHTS, 0, INFINITY }, { SLOT_WEIGHTS, 10, NAN }) },
    { .row = SEPARABLE("separable NaN", .src = MAP2(1, 8, 6, 7), .out_channels = 9,
                       .kernel_size = { 3, 3 }, .padding = { 1, 1 },
                       .activation = { CVY_RELU }), POKES(1, { SLOT_SRC, 100, NAN }) },
    { .row = SEPARABLE("separable infinite weight over zero padding",
                       .kind = CVY_SEPARABLE_SPATIAL, .src = MAP2(1, 8, 6, 7),
                       .kernel_size = { 3, 3 }, .padding = { 1, 1 }),
      POKES(2, { SLOT_WEIGHTS, 0, INFINITY }, { SLOT_WEIGHTS2, 5, INFINITY }) },
    { .row = LINEAR("linear NaN in one row", .src = PLAIN(2, 9, 37), .out_features = 35,
                    .bias = true), POKES(1, { SLOT_SRC, 4 * 37 + 36, NAN }) },
    { .row = ROW("matmul NaN in one row", REF_MATMUL, matmul, .src = PLAIN(3, 2, 9, 37),
                 .src2 = PLAIN(2, 37, 35)), POKES(1, { SLOT_SRC, 4 * 37 + 36, NAN }) },
    { .row = ROW("matmul NaN and infinity in a column, and in the bias", REF_MATMUL, matmul,
                 .src = PLAIN(3, 2, 9, 37), .src2 = PLAIN(3, 2, 35, 37), .transpose2 = true,
                 .bias = PLAIN(1, 35)),
      POKES(3, { SLOT_SRC2, 37 * 34 + 1, NAN }, { SLOT_SRC2, 3, INFINITY },
            { SLOT_BIAS, 17, -INFINITY }) },
    { .row = LINEAR("linear NaN weight", .src = PLAIN(2, 9, 37), .out_features = 35),
      POKES(2, { SLOT_WEIGHTS, 37 * 34 + 1, NAN }, { SLOT_WEIGHTS, 3, INFINITY }) },
};

#define MAX_POOL(name, ...) POOL(name, .kind = CVY_POOL_MAX, __VA_ARGS__)
#define AVERAGE(name, ...) POOL(name, .kind = CVY_POOL_AVERAGE, __VA_ARGS__)

static const struct value_row other_rows[] = {
    // D1.
    { .row = MAX_POOL("pool max NaN wins", .src = MAP2(1, 5, 6, 7), .kernel_size = { 3, 3 },
                      .stride = { 1, 1 }, .padding = { 1, 1 }, .indices = CVY_INDICES_PLANE),
      POKES(2, { SLOT_SRC, 60, NAN }, { SLOT_SRC, 61, INFINITY }) },
    { .row = MAX_POOL("pool max NaN first in its window", .src = MAP2(1, 20, 4, 6),
                      .kernel_size = { 2, 2 }),
      POKES(2, { SLOT_SRC, 0, NAN }, { SLOT_SRC, 24 * 19 + 23, NAN }) },
    { .row = MAX_POOL("pool max NaN among many channels", .src = MAP2(1, 85, 5, 6),
                      .kernel_size = { 3, 3 }, .stride = { 2, 2 }, .padding = { 1, 1 }),
      POKES(4, { SLOT_SRC, 7, NAN }, { SLOT_SRC, 8, INFINITY }, { SLOT_SRC, 70 * 30 + 11, NAN },
            { SLOT_SRC, 84 * 30 + 29, NAN }) },
    { .row = MAX_POOL("pool max infinities of both signs among many channels",
                      .src = MAP2(1, 70, 4, 5), .kernel_size = { 2, 2 }),
      POKES(3, { SLOT_SRC, 6, -INFINITY }, { SLOT_SRC, 7, INFINITY },
            { SLOT_SRC, 69 * 20, -INFINITY }) },
    { .row = MAX_POOL("pool max NaN in long rows", .src = MAP2(1, 3, 5, 45),
                      .kernel_size = { 3, 3 }, .stride = { 1, 2 }, .padding = { 1, 1 }),
      POKES(3, { SLOT_SRC, 30, NAN }, { SLOT_SRC, 300, NAN }, { SLOT_SRC, 674, NAN }) },
    { .row = MAX_POOL("pool global max NaN in long rows", .src = MAP2(1, 5, 4, 37),
                      .global = true), POKES(2, { SLOT_SRC, 37, NAN }, { SLOT_SRC, 739, NAN }) },
    { .row = MAX_POOL("pool global max of zeros keeps the first one's sign",
                      .src = MAP2(1, 2, 3, 37), .global = true),
      POKES(5, { SLOT_SRC, EVERY, 0.0f }, { SLOT_SRC, 0, -1.0f }, { SLOT_SRC, 1, -0.0f },
            { SLOT_SRC, 111, -1.0f }, { SLOT_SRC, 113, -0.0f }) },
    // D3.
    { .row = MAX_POOL("pool max windows of -inf", .src = MAP2(1, 5, 6, 7),
                      .kernel_size = { 3, 2 }, .stride = { 2, 2 }, .padding = { 1, 1 },
                      .indices = CVY_INDICES_PLANE), POKES(1, { SLOT_SRC, EVERY, -INFINITY }) },
    // D10.
    { .row = MAX_POOL("pool max of equals is the first", .src = MAP2(2, 18, 6, 7),
                      .kernel_size = { 3, 3 }, .stride = { 2, 2 }, .padding = { 1, 1 },
                      .indices = CVY_INDICES_TENSOR), POKES(1, { SLOT_SRC, EVERY, 5.0f }) },
    { .row = MAX_POOL("pool max windows without taps", .src = MAP2(1, 5, 2, 2),
                      .kernel_size = { 2, 2 }, .stride = { 4, 4 }, .dilation = { 3, 3 },
                      .padding = { 2, 2 }, .indices = CVY_INDICES_PLANE),
      POKES(1, { SLOT_SRC, 0, 3.0f }) },
    { .row = MAX_POOL("pool max of zeros keeps the first one's sign", .src = MAP2(1, 4, 4, 6),
                      .kernel_size = { 2, 2 }, .indices = CVY_INDICES_PLANE),
      POKES(3, { SLOT_SRC, EVERY, 0.0f }, { SLOT_SRC, 0, -0.0f }, { SLOT_SRC, 3, -0.0f }) },
    { .row = MAX_POOL("pool max of zeros keeps the first one's sign in vectors, too",
                      .src = MAP2(1, 20, 4, 60), .kernel_size = { 2, 2 }),
      POKES(5, { SLOT_SRC, EVERY, 0.0f }, { SLOT_SRC, 0, -0.0f }, { SLOT_SRC, 38, -0.0f },
            { SLOT_SRC, 2 * 240 + 128, -0.0f }, { SLOT_SRC, 19 * 240 + 58, -0.0f }) },
    { .row = MAX_POOL("pool max of denormals", .src = MAP2(1, 4, 4, 6),
                      .kernel_size = { 2, 2 }), POKES(1, { SLOT_SRC, EVERY, TINY }) },
    { .row = ROW("softmax of values far below the largest", REF_SOFTMAX, softmax,
                 .src = PLAIN(3, 2, 3, 21), .axis = -1),
      POKES(3, { SLOT_SRC, 4, 80.3f }, { SLOT_SRC, 50, 77.7f }, { SLOT_SRC, 120, 70.1f }) },
    { .row = ROW("softmax of values far below 0", REF_SOFTMAX, softmax,
                 .src = PLAIN(3, 2, 3, 21), .axis = -1),
      POKES(3, { SLOT_SRC, EVERY, -300.0f }, { SLOT_SRC, 5, -299.0f },
            { SLOT_SRC, 50, -298.5f }) },
    // One long sum of equal values drifts away by 0.1 %.
    { .row = AVERAGE("pool average of equal values in long rows", .src = MAP1(1, 16, 70001),
                     .global = true),
      POKES(4, { SLOT_SRC, EVERY, 0.1f }, { SLOT_SRC, 0, 300 }, { SLOT_SRC, 3 * 70001, -200 },
            { SLOT_SRC, 9 * 70001, 700 }) },
    { .row = AVERAGE("pool average of equal values in tall windows", .src = MAP2(1, 1, 20011, 40),
                     .kernel_size = { 20011, 1 }),
      POKES(5, { SLOT_SRC, EVERY, 0.1f }, { SLOT_SRC, 0, 300 }, { SLOT_SRC, 7, -200 },
            { SLOT_SRC, 21, 700 }, { SLOT_SRC, 38, 50 }) },
    { .row = AVERAGE("pool average of equal values in a large plane", .src = MAP2(1, 3, 290, 301),
                     .global = true),
      POKES(1, { SLOT_SRC, EVERY, 0.1f }) },
    { .row = POOL("pool adaptive max NaN", .kind = CVY_POOL_ADAPTIVE_MAX,
                  .src = MAP2(1, 5, 7, 8), .output_size = { 3, 5 },
                  .indices = CVY_INDICES_PLANE), POKES(1, { SLOT_SRC, 70, NAN }) },
    { .row = MAX_POOL("pool max NaN in both parts of long loops", .src = MAP2(1, 3, 260, 260),
                      .global = true, .indices = CVY_INDICES_PLANE),
      POKES(3, { SLOT_SRC, 9, NAN }, { SLOT_SRC, 67599, NAN }, { SLOT_SRC, 67600, NAN }) },
    { .row = MAX_POOL("pool max of equals is the first of long loops", .src = MAP2(2, 2, 260, 260),
                      .global = true, .indices = CVY_INDICES_TENSOR),
      POKES(2, { SLOT_SRC, EVERY, 5.0f }, { SLOT_SRC, 67600, -INFINITY }) },
    { .row = MAX_POOL("pool max of -inf in long loops", .src = MAP2(1, 2, 260, 260),
                      .global = true, .indices = CVY_INDICES_PLANE),
      POKES(1, { SLOT_SRC, EVERY, -INFINITY }) },
    { .row = AVERAGE("pool average NaN and infinity", .src = MAP2(1, 18, 6, 7),
                     .kernel_size = { 3, 3 }, .stride = { 2, 2 }, .padding = { 1, 1 }),
      POKES(3, { SLOT_SRC, 0, NAN }, { SLOT_SRC, 84, INFINITY }, { SLOT_SRC, 86, -INFINITY }) },
    { .row = AVERAGE("pool global average NaN", .src = MAP2(1, 18, 6, 7), .global = true),
      POKES(1, { SLOT_SRC, 43, NAN }) },
    { .row = AVERAGE("pool average windows without taps", .src = MAP2(1, 5, 3, 3),
                     .kernel_size = { 2, 2 }, .stride = { 5, 5 }, .padding = { 1, 1 },
                     .padding_end = { 1, 1 }, .padding_rule = CVY_PAD_BEGIN_END,
                     .ceil_mode = true, .count_include_pad = CVY_COUNT_PAD_EXCLUDE),
      POKES(1, { SLOT_SRC, 0, 3.0f }) },
    { .row = POOL("pool lp NaN and infinity", .kind = CVY_POOL_LP, .src = MAP2(1, 5, 6, 7),
                  .kernel_size = { 2, 2 }),
      POKES(2, { SLOT_SRC, 0, NAN }, { SLOT_SRC, 84, -INFINITY }) },
    { .row = UNPOOL("unpool NaN and -0", .src = MAP2(1, 5, 3, 4), .kernel_size = { 2, 2 }),
      POKES(2, { SLOT_SRC, 7, NAN }, { SLOT_SRC, 8, -0.0f }) },
    { .row = ROW("copy special values", REF_COPY, copy, .src = MAP2(1, 17, 4, 5)),
      POKES(5, { SLOT_SRC, 0, NAN }, { SLOT_SRC, 1, -0.0f }, { SLOT_SRC, 2, TINY },
            { SLOT_SRC, 3, INFINITY }, { SLOT_SRC, 339, -INFINITY }) },
    { .row = ROW_WITH(ROW_OTHER_LAYOUT, "copy special values to the other layout", REF_COPY,
                      copy, .src = MAP2(1, 17, 4, 5)),
      POKES(5, { SLOT_SRC, 0, NAN }, { SLOT_SRC, 1, -0.0f }, { SLOT_SRC, 2, TINY },
            { SLOT_SRC, 3, INFINITY }, { SLOT_SRC, 339, -INFINITY }) },
    { .row = { .label = "concat special values",
               .ref = { .op = REF_CONCAT, .concat = { .src_count = 2, .axis = 1 },
                        .sources = { MAP2(2, 3, 4, 5), MAP2(2, 2, 4, 5) } } },
      POKES(3, { SLOT_SOURCES, 9, NAN }, { SLOT_SOURCES, 10, -0.0f },
            { SLOT_SOURCES + 1, 0, TINY }) },
    { .row = ROW("pad special values", REF_PAD, pad, .src = MAP2(1, 17, 4, 5),
                 .before = { 0, 0, 1, 2 }, .after = { 0, 0, 1, 1 }, .mode = CVY_REFLECT),
      POKES(5, { SLOT_SRC, 0, NAN }, { SLOT_SRC, 1, -0.0f }, { SLOT_SRC, 2, TINY },
            { SLOT_SRC, 3, INFINITY }, { SLOT_SRC, 339, -INFINITY }) },
    { .row = ROW("pad with NaN", REF_PAD, pad, .src = MAP2(1, 17, 4, 5),
                 .before = { 0, 1, 1, 2 }, .after = { 0, 1, -1, 1 }, .value = NAN),
      POKES(2, { SLOT_SRC, 7, -0.0f }, { SLOT_SRC, 33, INFINITY }) },
    { .row = ROW("pad with -0", REF_PAD, pad, .src = MAP2(1, 17, 4, 5),
                 .before = { 0, 1, 1, 2 }, .after = { 0, 1, -1, 1 }, .value = -0.0f),
      POKES(1, { SLOT_SRC, 7, NAN }) },
    { .row = ROW("pad with a denormal", REF_PAD, pad, .src = MAP2(1, 17, 4, 5),
                 .before = { 0, 1, 1, 2 }, .value = TINY),
      POKES(1, { SLOT_SRC, EVERY, TINY }) },
    { .row = ROW("slice special values", REF_SLICE, slice, .src = MAP2(1, 17, 4, 5),
                 .start = { 0, -1, 0, -1 }, .step = { 1, -1, 2, -1 }),
      POKES(5, { SLOT_SRC, 0, NAN }, { SLOT_SRC, 1, -0.0f }, { SLOT_SRC, 2, TINY },
            { SLOT_SRC, 3, INFINITY }, { SLOT_SRC, 332, -INFINITY }) },
    { .row = ROW("transpose special values", REF_TRANSPOSE, transpose, .src = MAP2(1, 17, 4, 25),
                 .order = { 3, 1, 0, 2 }),
      POKES(5, { SLOT_SRC, 0, NAN }, { SLOT_SRC, 1, -0.0f }, { SLOT_SRC, 2, TINY },
            { SLOT_SRC, 3, INFINITY }, { SLOT_SRC, 339, -INFINITY }) },
    { .row = ROW("depth_to_space special values", REF_DEPTH_TO_SPACE, block,
                 .src = MAP2(1, 16, 4, 5), .block = 2),
      POKES(3, { SLOT_SRC, 0, NAN }, { SLOT_SRC, 1, -0.0f }, { SLOT_SRC, 2, TINY }) },
    { .row = ROW("gather special values", REF_GATHER, gather, .src = MAP2(1, 3, 4, 25), .axis = 1,
                 .indices = { .dtype = CVY_I64, .layout = CVY_PLAIN, .rank = 1, .size = { 20 } }),
      POKES(5, { SLOT_SRC, 0, NAN }, { SLOT_SRC, 101, -0.0f }, { SLOT_SRC, 202, TINY },
            { SLOT_SRC, 3, INFINITY }, { SLOT_SRC, 299, -INFINITY }) },
    { .row = ROW("batch_norm special values", REF_BATCH_NORM, batch_norm, .src = MAP2(1, 19, 4, 5),
                 .scale = true, .bias = true),
      POKES(8, { SLOT_SRC, 0, NAN }, { SLOT_SRC, 41, INFINITY }, { SLOT_SRC, 42, -INFINITY },
            { SLOT_MEAN, 4, INFINITY }, { SLOT_VARIANCE, 6, INFINITY },
            { SLOT_VARIANCE, 8, -3.0f }, { SLOT_SCALE, 10, NAN }, { SLOT_BIAS, 18, -INFINITY }) },
    { .row = ROW("instance_norm NaN and infinity stay in their planes", REF_INSTANCE_NORM,
                 instance_norm, .src = MAP2(2, 19, 4, 5), .scale = true),
      POKES(4, { SLOT_SRC, 0, NAN }, { SLOT_SRC, 57, INFINITY }, { SLOT_SRC, 400, -INFINITY },
            { SLOT_SCALE, 7, NAN }) },
    { .row = ROW("instance_norm of equal values", REF_INSTANCE_NORM, instance_norm,
                 .src = MAP2(2, 5, 4, 5), .bias = true), POKES(1, { SLOT_SRC, EVERY, 0.1f }) },
    { .row = ROW("lrn NaN and infinity stay in their windows", REF_LRN, lrn, .size = 3,
                 .src = MAP2(1, 19, 4, 5), .alpha = 1.0f),
      POKES(3, { SLOT_SRC, 0, NAN }, { SLOT_SRC, 165, INFINITY }, { SLOT_SRC, 379, -0.0f }) },
    { .row = ROW("sum NaN and infinities", REF_REDUCE, reduce, .kind = CVY_REDUCE_SUM,
                 .src = MAP2(2, 19, 4, 5), .axes = { false, false, true, true }),
      POKES(4, { SLOT_SRC, 0, NAN }, { SLOT_SRC, 25, INFINITY }, { SLOT_SRC, 45, INFINITY },
            { SLOT_SRC, 46, -INFINITY }) },
    { .row = ROW("neg of special values", REF_UNARY, unary, .kind = CVY_NEG,
                 .src = MAP2(1, 9, 4, 5)),
      POKES(4, { SLOT_SRC, 0, NAN }, { SLOT_SRC, 1, INFINITY }, { SLOT_SRC, 2, -INFINITY },
            { SLOT_SRC, 3, -0.0f }) },
    { .row = ROW("add infinities and NaN", REF_BINARY, binary, .kind = CVY_ADD,
                 .src = MAP2(1, 9, 4, 5), .src2 = MAP2(1, 9, 1, 1)),
      POKES(5, { SLOT_SRC, 0, NAN }, { SLOT_SRC, 1, INFINITY }, { SLOT_SRC, 2, -INFINITY },
            { SLOT_SRC2, 0, INFINITY }, { SLOT_SRC2, 8, NAN }) },
    { .row = ROW("mul zero by infinity", REF_BINARY, binary, .kind = CVY_MUL,
                 .src = MAP2(1, 9, 4, 5), .src2 = MAP2(1, 9, 4, 5), .activation = { CVY_RELU }),
      POKES(4, { SLOT_SRC, 0, 0.0f }, { SLOT_SRC2, 0, INFINITY }, { SLOT_SRC, 178, 3e38f },
            { SLOT_SRC2, 178, 3e38f }) },
    { .row = ROW("div by zero", REF_BINARY, binary, .kind = CVY_DIV, .src = MAP2(1, 9, 4, 5),
                 .src2 = MAP2(1, 9, 4, 5)),
      POKES(6, { SLOT_SRC2, 0, 0.0f }, { SLOT_SRC2, 1, -0.0f }, { SLOT_SRC2, 2, 0.0f },
            { SLOT_SRC, 2, 0.0f }, { SLOT_SRC2, 3, INFINITY }, { SLOT_SRC, 4, INFINITY }) },
    { .row = ROW("max of NaN on either side", REF_BINARY, binary, .kind = CVY_MAX,
                 .src = MAP2(1, 9, 4, 5), .src2 = MAP2(1, 9, 4, 5)),
      POKES(5, { SLOT_SRC, 0, NAN }, { SLOT_SRC2, 1, NAN }, { SLOT_SRC, 2, -INFINITY },
            { SLOT_SRC2, 3, INFINITY }, { SLOT_SRC2, 179, NAN }) },
    { .row = ROW("min of NaN on either side", REF_BINARY, binary, .kind = CVY_MIN,
                 .src = MAP2(1, 9, 4, 5), .src2 = MAP2(1, 9, 4, 5)),
      POKES(5, { SLOT_SRC, 0, NAN }, { SLOT_SRC2, 1, NAN }, { SLOT_SRC, 2, -INFINITY },
            { SLOT_SRC2, 3, INFINITY }, { SLOT_SRC2, 179, NAN }) },
    { .row = ROW("pow of the corners of C99", REF_BINARY, binary, .kind = CVY_POW,
                 .src = MAP2(1, 9, 4, 5), .src2 = MAP2(1, 9, 4, 5)),
      POKES(8, { SLOT_SRC, 0, NAN }, { SLOT_SRC2, 0, 0.0f }, { SLOT_SRC, 1, 1.0f },
            { SLOT_SRC2, 1, NAN }, { SLOT_SRC, 2, 0.0f }, { SLOT_SRC2, 2, -1.0f },
            { SLOT_SRC, 3, -2.0f }, { SLOT_SRC2, 3, 3.0f }) },
    { .row = ROW("pow of infinities", REF_BINARY, binary, .kind = CVY_POW,
                 .src = MAP2(1, 9, 4, 5), .src2 = MAP2(1, 9, 4, 5)),
      POKES(8, { SLOT_SRC, 0, INFINITY }, { SLOT_SRC2, 0, -0.5f }, { SLOT_SRC, 1, -INFINITY },
            { SLOT_SRC2, 1, 3.0f }, { SLOT_SRC2, 2, INFINITY }, { SLOT_SRC2, 3, -INFINITY },
            { SLOT_SRC, 4, -2.0f }, { SLOT_SRC2, 4, 0.5f }) },
    { .row = ROW("comparison with NaN", REF_BINARY, binary, .kind = CVY_LESS_EQUAL,
                 .src = MAP2(1, 9, 4, 5), .src2 = MAP2(1, 9, 4, 5)),
      POKES(6, { SLOT_SRC, 0, NAN }, { SLOT_SRC2, 0, NAN }, { SLOT_SRC2, 1, NAN },
            { SLOT_SRC, 2, INFINITY }, { SLOT_SRC2, 2, INFINITY }, { SLOT_SRC, 3, -INFINITY }) },
    { .row = ROW("NaN is not equal", REF_BINARY, binary, .kind = CVY_NOT_EQUAL,
                 .src = MAP2(1, 9, 4, 5), .src2 = MAP2(1, 9, 4, 5)),
      POKES(5, { SLOT_SRC, 0, NAN }, { SLOT_SRC2, 0, NAN }, { SLOT_SRC2, 1, NAN },
            { SLOT_SRC, 2, 0.0f }, { SLOT_SRC2, 2, -0.0f }) },
    { .row = ROW("where keeps bits and drops the other side", REF_WHERE, where,
                 .condition = { CVY_BOOL, CVY_NCHW, 4, { 1, 9, 4, 5 }, { 0 } },
                 .src = MAP2(1, 9, 4, 5), .src2 = MAP2(1, 1, 1, 1)),
      POKES(5, { SLOT_SOURCES + 1, 0, NAN }, { SLOT_SOURCES + 1, 7, -0.0f },
            { SLOT_SOURCES + 1, 8, TINY }, { SLOT_SOURCES + 1, 20, INFINITY },
            { SLOT_SOURCES + 2, 0, -INFINITY }) },
    // D6.
    { .row = ROW("cast special values to f16", REF_CAST, cast, .src = MAP2(1, 9, 4, 5),
                 .dtype = CVY_F16),
      POKES(8, { SLOT_SRC, 0, NAN }, { SLOT_SRC, 1, -INFINITY }, { SLOT_SRC, 2, 65519.996f },
            { SLOT_SRC, 3, 65520.0f }, { SLOT_SRC, 4, 0x1p-25f }, { SLOT_SRC, 5, 0x1.8p-24f },
            { SLOT_SRC, 6, -0.0f }, { SLOT_SRC, 7, 0x1.002p0f }) },
    { .row = ROW("cast special values to i8", REF_CAST, cast, .src = MAP2(1, 9, 4, 5),
                 .dtype = CVY_I8),
      POKES(8, { SLOT_SRC, 0, NAN }, { SLOT_SRC, 1, -INFINITY }, { SLOT_SRC, 2, INFINITY },
            { SLOT_SRC, 3, 127.99f }, { SLOT_SRC, 4, 128.0f }, { SLOT_SRC, 5, -128.99f },
            { SLOT_SRC, 6, -0.5f }, { SLOT_SRC, 7, TINY }) },
    { .row = ROW("cast special values to bool", REF_CAST, cast, .src = MAP2(1, 9, 4, 5),
                 .dtype = CVY_BOOL),
      POKES(5, { SLOT_SRC, 0, NAN }, { SLOT_SRC, 1, -INFINITY }, { SLOT_SRC, 2, -0.0f },
            { SLOT_SRC, 3, TINY }, { SLOT_SRC, 4, 0.0f }) },
    { .row = ROW("max NaN wins", REF_REDUCE, reduce, .kind = CVY_REDUCE_MAX,
                 .src = MAP2(2, 19, 4, 5), .axes = { false, false, false, true }),
      POKES(4, { SLOT_SRC, 0, NAN }, { SLOT_SRC, 8, NAN }, { SLOT_SRC, 9, INFINITY },
            { SLOT_SRC, 10, -INFINITY }) },
    { .row = ROW("min of -inf and NaN over long rows", REF_REDUCE, reduce,
                 .kind = CVY_REDUCE_MIN, .src = PLAIN(2, 3, 30011), .axes = { false, true }),
      POKES(3, { SLOT_SRC, 30010, NAN }, { SLOT_SRC, 40000, -INFINITY },
            { SLOT_SRC, 70000, INFINITY }) },
    { .row = ROW("argmax is the first of equals", REF_REDUCE, reduce, .kind = CVY_REDUCE_ARGMAX,
                 .src = MAP2(2, 40, 4, 5), .axes = { false, true }),
      POKES(5, { SLOT_SRC, EVERY, 2.0f }, { SLOT_SRC, 700, 3.0f }, { SLOT_SRC, 780, 3.0f },
            { SLOT_SRC, 40, NAN }, { SLOT_SRC, 60, NAN }) },
    { .row = ROW("argmin of zeros of both signs", REF_REDUCE, reduce, .kind = CVY_REDUCE_ARGMIN,
                 .src = MAP2(2, 5, 4, 37), .axes = { false, false, false, true }),
      POKES(3, { SLOT_SRC, EVERY, 0.0f }, { SLOT_SRC, 5, -0.0f }, { SLOT_SRC, 77, -0.0f }) },
    { .row = ROW("argmax of -inf alone", REF_REDUCE, reduce, .kind = CVY_REDUCE_ARGMAX,
                 .src = MAP2(2, 5, 4, 37), .axes = { false, false, false, true }),
      POKES(1, { SLOT_SRC, EVERY, -INFINITY }) },
    { .row = ROW("argmax NaN first of long rows", REF_REDUCE, reduce, .kind = CVY_REDUCE_ARGMAX,
                 .src = PLAIN(2, 3, 30011), .axes = { false, true }),
      POKES(5, { SLOT_SRC, EVERY, -1.0f }, { SLOT_SRC, 30010, NAN }, { SLOT_SRC, 20000, NAN },
            { SLOT_SRC, 60022 + 17, INFINITY }, { SLOT_SRC, 60022 + 29000, INFINITY }) },
    { .row = ROW("resize nearest moves special values", REF_RESIZE, resize,
                 .src = MAP2(1, 19, 4, 5), .scale = { 2, 1.5f }),
      POKES(5, { SLOT_SRC, 0, NAN }, { SLOT_SRC, 25, INFINITY }, { SLOT_SRC, 45, -INFINITY },
            { SLOT_SRC, 46, -0.0f }, { SLOT_SRC, 47, TINY }) },
    { .row = ROW("resize bilinear NaN where it has weight", REF_RESIZE, resize,
                 .src = MAP2(2, 19, 4, 5), .output_size = { 7, 9 }, .mode = CVY_BILINEAR,
                 .coordinates = CVY_ALIGN_CORNERS),
      POKES(3, { SLOT_SRC, 7, NAN }, { SLOT_SRC, 25, INFINITY }, { SLOT_SRC, 47, -INFINITY }) },
    { .row = ROW("resize bicubic NaN where it has weight", REF_RESIZE, resize,
                 .src = MAP2(2, 19, 9, 8), .scale = { 2, 2 }, .mode = CVY_BICUBIC,
                 .coordinates = CVY_ASYMMETRIC, .exclude_outside = true),
      POKES(3, { SLOT_SRC, 7, NAN }, { SLOT_SRC, 125, INFINITY }, { SLOT_SRC, 470, NAN }) },
    { .row = ROW("log_softmax infinities and NaN", REF_SOFTMAX, softmax, .log = true,
                 .src = PLAIN(2, 5, 9), .axis = 1),
      POKES(3, { SLOT_SRC, 4, -INFINITY }, { SLOT_SRC, 12, INFINITY }, { SLOT_SRC, 30, NAN }) },
    { .row = ROW("log_softmax of large values", REF_SOFTMAX, softmax, .log = true,
                 .src = PLAIN(2, 5, 9), .axis = 1),
      POKES(3, { SLOT_SRC, 4, 1e30f }, { SLOT_SRC, 12, -1e30f }, { SLOT_SRC, 13, 88.0f }) },
    { .row = ROW("softmax infinities and NaN", REF_SOFTMAX, softmax, .src = PLAIN(2, 5, 9),
                 .axis = 1),
      POKES(3, { SLOT_SRC, 4, -INFINITY }, { SLOT_SRC, 12, INFINITY }, { SLOT_SRC, 30, NAN }) },
    { .row = ROW("softmax of large values", REF_SOFTMAX, softmax, .src = PLAIN(2, 5, 9),
                 .axis = 1),
      POKES(3, { SLOT_SRC, 4, 1e30f }, { SLOT_SRC, 12, -1e30f }, { SLOT_SRC, 13, 88.0f }) },
};

static struct judge_device open_device(void)
{
    struct judge_device device;
    cvy_status st = judge_open(getenv("CONVOY_DEVICE"), &device);

    if (st == CVY_ERR_NO_DEVICE) {
        cr_skip_test("no device: %s", cvy_error_text());
    }
    cr_assert(st == CVY_OK, "%s: %s", cvy_status_name(st), cvy_error_text());
    return device;
}

static void expect_right(struct judge_device *device, const struct judge_problem *problem,
                         const char *algorithm)
{
    struct judge_result result;

    cr_expect(judge_run(device->judge, problem, algorithm, &result) != JUDGE_FAIL, "%s",
              result.message);
}

// With the planner's choice among the direct algorithms, then with each of them forced.
static void expect_right_everywhere(struct judge_device *device,
                                    const struct judge_problem *problem)
{
    cvy_algorithm_info list[MOST_ALGORITHMS];
    size_t count = 0;

    cr_assert(cvy_algorithm_list(list, MOST_ALGORITHMS, &count) == CVY_OK);
    cr_assert(count <= MOST_ALGORITHMS, "%zu algorithms: raise MOST_ALGORITHMS", count);
    expect_right(device, problem, NULL);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i].accuracy, "direct") == 0) {
            expect_right(device, problem, list[i].name);
        }
    }
}

static void expect_row(struct judge_device *device, const struct value_row *row, size_t i)
{
    for (int way = 0; way < 4; way++) {
        cvy_layout layout = way % 2 == 0 ? CVY_NCHW : CVY_NHWC;
        struct judge_problem problem = {
            .data = JUDGE_REAL, .seed = i * 4 + (size_t)way, .prepared = way / 2 == 0,
            .own_workspace = true, .exact = true, .poke_count = row->poke_count
        };

        rows_place(&row->row, layout, &problem);
        memcpy(problem.pokes, row->pokes, sizeof problem.pokes);
        expect_right_everywhere(device, &problem);
    }
}

static void expect_rows(const struct value_row *rows, size_t count)
{
    struct judge_device device = open_device();

    for (size_t i = 0; i < count; i++) {
        expect_row(&device, &rows[i], i);
    }
    judge_close(&device);
}

Test(values, sums_keep_nan_and_infinity_in_their_footprint)
{
    expect_rows(sum_rows, sizeof sum_rows / sizeof sum_rows[0]);
}

Test(values, pools_and_moves_keep_special_values)
{
    expect_rows(other_rows, sizeof other_rows / sizeof other_rows[0]);
}

Test(values, activations_map_special_values_as_pytorch_does)
{
    struct judge_device device = open_device();

    for (int kind = 1; kind < CVY_ACTIVATION_COUNT; kind++) {
        struct value_row row = {
            .row = ROW("activation", REF_ACTIVATION, activation, .src = MAP2(1, 9, 4, 5)),
            POKES(8, { SLOT_SRC, 0, NAN }, { SLOT_SRC, 1, INFINITY }, { SLOT_SRC, 2, -INFINITY },
                  { SLOT_SRC, 3, -0.0f }, { SLOT_SRC, 4, TINY }, { SLOT_SRC, 5, -110.0f },
                  { SLOT_SRC, 6, 95.0f }, { SLOT_SRC, 179, NAN })
        };

        row.row.ref.activation.activation = (cvy_activation) { (cvy_activation_kind)kind, 0, 0 };
        if (kind == CVY_CLIP) {
            row.row.ref.activation.activation = (cvy_activation) { CVY_CLIP, -1.0f, 2.0f };
        }
        expect_row(&device, &row, (size_t)kind);
    }
    judge_close(&device);
}

Test(values, functions_map_special_values_as_pytorch_does)
{
    struct judge_device device = open_device();

    for (int kind = CVY_ABS; kind < CVY_UNARY_END; kind++) {
        struct value_row row = {
            .row = ROW("unary", REF_UNARY, unary, .src = MAP2(1, 9, 4, 5)),
            POKES(8, { SLOT_SRC, 0, NAN }, { SLOT_SRC, 1, INFINITY }, { SLOT_SRC, 2, -INFINITY },
                  { SLOT_SRC, 3, -0.0f }, { SLOT_SRC, 4, 0.0f }, { SLOT_SRC, 5, -110.0f },
                  { SLOT_SRC, 6, 95.0f }, { SLOT_SRC, 179, NAN })
        };

        row.row.ref.unary.kind = (cvy_unary_kind)kind;
        expect_row(&device, &row, (size_t)kind);
    }
    judge_close(&device);
}

Test(values, fused_activations_map_special_sums_as_pytorch_does)
{
    struct judge_device device = open_device();

    for (int kind = 1; kind < CVY_ACTIVATION_COUNT; kind++) {
        struct value_row row = {
            .row = CONV("conv and activation", .src = MAP2(1, 4, 5, 6), .out_channels = 18,
                        .kernel_size = { 1, 1 }, .bias = true),
            POKES(4, { SLOT_SRC, 0, NAN }, { SLOT_BIAS, 1, INFINITY },
                  { SLOT_BIAS, 2, -INFINITY }, { SLOT_BIAS, 17, -110.0f })
        };

        row.row.ref.conv.activation = (cvy_activation) { (cvy_activation_kind)kind, 0, 0 };
        if (kind == CVY_CLIP) {
            row.row.ref.conv.activation = (cvy_activation) { CVY_CLIP, -1.0f, 2.0f };
        }
        expect_row(&device, &row, (size_t)kind);
    }
    judge_close(&device);
}
