// Rows of pad, slice, transpose, depth_to_space, space_to_depth and gather.
#include "rows_parts.h"

#include <math.h>

#define PAD(name, ...) ROW(name, REF_PAD, pad, __VA_ARGS__)
#define PAD_WITH(flags, name, ...) ROW_WITH(flags, name, REF_PAD, pad, __VA_ARGS__)
#define SLICE(name, ...) ROW(name, REF_SLICE, slice, __VA_ARGS__)
#define SLICE_WITH(flags, name, ...) ROW_WITH(flags, name, REF_SLICE, slice, __VA_ARGS__)
#define TRANSPOSE(name, ...) ROW(name, REF_TRANSPOSE, transpose, __VA_ARGS__)
#define TRANSPOSE_WITH(flags, name, ...) \
    ROW_WITH(flags, name, REF_TRANSPOSE, transpose, __VA_ARGS__)
#define TO_SPACE(name, ...) ROW(name, REF_DEPTH_TO_SPACE, block, __VA_ARGS__)
#define TO_SPACE_WITH(flags, name, ...) \
    ROW_WITH(flags, name, REF_DEPTH_TO_SPACE, block, __VA_ARGS__)
#define TO_DEPTH(name, ...) ROW(name, REF_SPACE_TO_DEPTH, block, __VA_ARGS__)
#define TO_DEPTH_WITH(flags, name, ...) \
    ROW_WITH(flags, name, REF_SPACE_TO_DEPTH, block, __VA_ARGS__)
#define GATHER(name, ...) ROW(name, REF_GATHER, gather, __VA_ARGS__)
#define GATHER_WITH(flags, name, ...) ROW_WITH(flags, name, REF_GATHER, gather, __VA_ARGS__)
#define INDICES(type, r, ...) \
    { .dtype = type, .layout = CVY_PLAIN, .rank = r, .size = { __VA_ARGS__ } }

static const struct row move_rows[] = {
    PAD("pad zeros", .src = MAP2(2, 5, 6, 7), .before = { 0, 0, 1, 2 }, .after = { 0, 0, 3, 1 }),
    PAD("pad zeros value", .src = MAP2(2, 17, 4, 5), .before = { 1, 2, 1, 1 },
        .after = { 1, 0, 0, 3 }, .value = -2.5f),
    PAD("pad zeros value -inf", .src = MAP2(1, 6, 5, 5), .before = { 0, 0, 1, 1 },
        .after = { 0, 0, 1, 1 }, .value = -INFINITY),
    PAD("pad zeros cuts", .src = MAP2(3, 9, 7, 8), .before = { -1, -2, 2, -3 },
        .after = { 1, 3, -4, -1 }, .value = 7.0f),
    PAD("pad zeros cuts to one", .src = MAP2(3, 5, 7, 8), .before = { -1, 0, -3, 0 },
        .after = { -1, 0, -3, 0 }),
    PAD("pad zeros wide rows", .src = MAP2(1, 3, 5, 67), .before = { 0, 0, 0, 19 },
        .after = { 0, 0, 1, 21 }),
    PAD("pad channels", .src = MAP2(2, 35, 3, 4), .before = { 0, 3, 0, 0 },
        .after = { 0, 10, 0, 0 }),
    PAD("pad nothing", .src = MAP2(2, 5, 6, 7)),
    PAD("pad reflect", .src = MAP2(2, 5, 6, 7), .before = { 0, 0, 5, 2 }, .after = { 0, 0, 1, 6 },
        .mode = CVY_REFLECT),
    PAD("pad reflect on every axis", .src = MAP2(3, 4, 5, 6), .before = { 2, 3, 4, 5 },
        .after = { 1, 2, 0, 4 }, .mode = CVY_REFLECT),
    PAD("pad replicate", .src = MAP2(2, 5, 6, 7), .before = { 0, 0, 9, 2 },
        .after = { 0, 0, 1, 11 }, .mode = CVY_REPLICATE),
    PAD("pad replicate channels and batch", .src = MAP2(2, 17, 3, 4), .before = { 1, 3, 0, 0 },
        .after = { 3, 2, 0, 0 }, .mode = CVY_REPLICATE),
    PAD("pad circular", .src = MAP2(2, 5, 6, 7), .before = { 0, 0, 6, 2 }, .after = { 0, 0, 1, 7 },
        .mode = CVY_CIRCULAR),
    PAD("pad circular on every axis", .src = MAP2(2, 3, 4, 5), .before = { 2, 1, 4, 5 },
        .after = { 0, 3, 2, 3 }, .mode = CVY_CIRCULAR),
    PAD("pad 1-D", .src = MAP1(2, 6, 43), .before = { 0, 0, 5 }, .after = { 0, 0, 8 },
        .mode = CVY_REFLECT),
    PAD("pad 3-D", .src = MAP3(1, 5, 3, 4, 5), .before = { 0, 0, 1, 2, 1 },
        .after = { 0, 0, 2, 0, 4 }, .mode = CVY_REPLICATE),
    PAD("pad rank 1", .src = PLAIN(1, 71), .before = { 4 }, .after = { -9 }, .value = 1.0f),
    PAD("pad rank 6", .src = PLAIN(6, 2, 3, 1, 2, 3, 4), .before = { 0, 1, 1, 0, -1, 2 },
        .after = { 1, 0, 1, 1, 2, -1 }, .value = 3.0f),
    PAD("pad no batch", .src = MAP2(0, 5, 6, 7), .before = { 0, 0, 1, 1 }),
    PAD_WITH(ROW_OTHER_LAYOUT, "pad to the other layout", .src = MAP2(2, 18, 5, 7),
             .before = { 0, 1, 2, 3 }, .after = { 0, 2, 1, 0 }),
    PAD_WITH(ROW_SRC_STRIDED | ROW_DST_STRIDED, "pad strided", .src = MAP2(2, 6, 5, 7),
             .before = { 0, 0, 2, 3 }, .after = { 0, 0, 1, 1 }, .mode = CVY_CIRCULAR),
    SLICE("slice", .src = MAP2(2, 9, 8, 7), .start = { 0, 2, 1, 3 }, .size = { 0, 5, 4, 0 }),
    SLICE("slice steps", .src = MAP2(3, 9, 8, 7), .start = { 1, 0, 1, 0 }, .step = { 2, 3, 2, 2 }),
    SLICE("slice step on the channels", .src = MAP2(1, 67, 3, 5), .step = { 1, 2, 1, 1 }),
    SLICE("slice step on the width", .src = MAP2(1, 3, 4, 67), .start = { 0, 0, 0, 1 },
          .step = { 1, 1, 1, 3 }),
    SLICE("slice backwards", .src = MAP2(3, 5, 6, 7), .start = { -1, -1, -1, -1 },
          .step = { -1, -1, -1, -1 }),
    SLICE("slice backwards width", .src = MAP2(2, 5, 6, 37), .start = { 0, 0, 0, -1 },
          .step = { 0, 0, 0, -1 }),
    SLICE("slice backwards channels and height", .src = MAP2(2, 18, 9, 5),
          .start = { 0, 16, -2, 0 }, .step = { 1, -1, -2, 1 }, .size = { 0, 16, 3, 0 }),
    SLICE("slice from the end", .src = MAP2(4, 9, 8, 7), .start = { -2, -9, -3, -1 }),
    SLICE("slice one element", .src = MAP2(4, 9, 8, 7), .start = { 3, -1, 2, 5 },
          .step = { -1, 4, -9, 7 }, .size = { 1, 1, 1, 1 }),
    SLICE("slice all", .src = MAP2(2, 5, 6, 7)),
    SLICE("slice none", .src = MAP2(2, 5, 6, 7), .start = { 0, 0, 6, 0 }),
    SLICE("slice no batch", .src = MAP2(0, 5, 6, 7), .start = { 0, 1, 2, 3 }),
    SLICE("slice 1-D", .src = MAP1(2, 6, 43), .start = { 0, 0, 40 }, .step = { 0, 0, -3 }),
    SLICE("slice rank 1", .src = PLAIN(1, 171), .start = { 5 }, .step = { 2 }),
    SLICE("slice rank 6", .src = PLAIN(6, 3, 3, 2, 4, 3, 5), .start = { 2, 0, 0, 3, 1, 4 },
          .step = { -1, 2, 1, -2, 1, -1 }),
    SLICE_WITH(ROW_OTHER_LAYOUT, "slice to the other layout", .src = MAP2(2, 33, 9, 21),
               .start = { 0, 1, -1, 2 }, .step = { 1, 1, -1, 1 }),
    SLICE_WITH(ROW_SRC_STRIDED | ROW_DST_STRIDED, "slice strided", .src = MAP2(2, 6, 5, 7),
               .start = { 1, 5, 0, 1 }, .step = { -1, -2, 2, 2 }),
    TRANSPOSE("transpose", .src = MAP2(2, 5, 6, 7), .order = { 0, 2, 3, 1 }),
    TRANSPOSE("transpose back", .src = MAP2(2, 5, 6, 7), .order = { 0, 3, 1, 2 }),
    TRANSPOSE("transpose wide", .src = MAP2(1, 40, 5, 37), .order = { 0, 3, 2, 1 }),
    TRANSPOSE("transpose batch and channels", .src = MAP2(4, 5, 3, 7), .order = { 1, 0, 2, 3 }),
    TRANSPOSE("transpose nothing", .src = MAP2(2, 5, 6, 7), .order = { 0, 1, 2, 3 }),
    TRANSPOSE("transpose no batch", .src = MAP2(0, 5, 6, 7), .order = { 3, 2, 1, 0 }),
    TRANSPOSE("transpose matrix", .src = PLAIN(2, 33, 41), .order = { 1, 0 }),
    TRANSPOSE("transpose rank 1", .src = PLAIN(1, 33), .order = { 0 }),
    TRANSPOSE("transpose heads", .src = PLAIN(4, 2, 9, 3, 20), .order = { 0, 2, 1, 3 }),
    TRANSPOSE("transpose rank 6", .src = PLAIN(6, 2, 3, 4, 2, 3, 5), .order = { 5, 0, 4, 2, 1, 3 }),
    TRANSPOSE("transpose rank 6 inside out", .src = PLAIN(6, 3, 2, 4, 2, 3, 5),
              .order = { 5, 4, 3, 2, 1, 0 }),
    TRANSPOSE_WITH(ROW_OTHER_LAYOUT, "transpose to the other layout", .src = MAP2(2, 18, 6, 7),
                   .order = { 0, 1, 3, 2 }),
    TRANSPOSE_WITH(ROW_SRC_STRIDED | ROW_DST_STRIDED, "transpose strided",
                   .src = MAP2(2, 6, 5, 7), .order = { 3, 1, 0, 2 }),
    TO_SPACE("depth_to_space", .src = MAP2(2, 12, 3, 5), .block = 2),
    TO_SPACE("depth_to_space depth_last", .src = MAP2(2, 12, 3, 5), .block = 2,
             .depth_last = true),
    TO_SPACE("depth_to_space 3", .src = MAP2(1, 9, 4, 5), .block = 3),
    TO_SPACE("depth_to_space depth_last wide", .src = MAP2(1, 72, 4, 3), .block = 2,
             .depth_last = true),
    TO_SPACE("depth_to_space 1", .src = MAP2(2, 5, 3, 4), .block = 1),
    TO_SPACE("depth_to_space no batch", .src = MAP2(0, 12, 3, 5), .block = 2),
    TO_SPACE_WITH(ROW_OTHER_LAYOUT, "depth_to_space to the other layout",
                  .src = MAP2(2, 48, 3, 5), .block = 4),
    TO_SPACE_WITH(ROW_SRC_STRIDED | ROW_DST_STRIDED, "depth_to_space strided",
                  .src = MAP2(2, 12, 3, 5), .block = 2, .depth_last = true),
    TO_DEPTH("space_to_depth", .src = MAP2(2, 3, 6, 10), .block = 2),
    TO_DEPTH("space_to_depth depth_last", .src = MAP2(2, 3, 6, 10), .block = 2,
             .depth_last = true),
    TO_DEPTH("space_to_depth 3", .src = MAP2(1, 1, 12, 15), .block = 3),
    TO_DEPTH("space_to_depth depth_last wide", .src = MAP2(1, 18, 8, 6), .block = 2,
             .depth_last = true),
    TO_DEPTH("space_to_depth to one pixel", .src = MAP2(2, 3, 4, 4), .block = 4),
    TO_DEPTH("space_to_depth no batch", .src = MAP2(0, 3, 4, 4), .block = 2),
    TO_DEPTH_WITH(ROW_OTHER_LAYOUT, "space_to_depth to the other layout",
                  .src = MAP2(2, 5, 6, 8), .block = 2),
    TO_DEPTH_WITH(ROW_SRC_STRIDED | ROW_DST_STRIDED, "space_to_depth strided",
                  .src = MAP2(2, 5, 6, 8), .block = 2),
    GATHER("gather channels", .src = MAP2(2, 9, 4, 5), .indices = INDICES(CVY_I64, 1, 12),
           .axis = 1),
    GATHER("gather batch", .src = MAP2(5, 3, 4, 5), .indices = INDICES(CVY_I32, 1, 7)),
    GATHER("gather width", .src = MAP2(2, 3, 4, 37), .indices = INDICES(CVY_I64, 1, 40),
           .axis = -1),
    GATHER("gather by a matrix", .src = MAP1(2, 6, 9), .indices = INDICES(CVY_I32, 2, 3, 5),
           .axis = 1),
    GATHER("gather embedding", .src = PLAIN(2, 23, 40), .indices = INDICES(CVY_I64, 2, 3, 7)),
    GATHER("gather vector", .src = PLAIN(1, 50), .indices = INDICES(CVY_I64, 3, 3, 4, 5)),
    GATHER("gather rank 6", .src = PLAIN(4, 3, 4, 5, 6), .indices = INDICES(CVY_I32, 3, 2, 3, 2),
           .axis = 2),
    GATHER("gather one", .src = PLAIN(3, 4, 5, 6), .indices = INDICES(CVY_I64, 1, 1), .axis = 1),
    GATHER("gather no indices", .src = MAP2(2, 3, 4, 5), .indices = INDICES(CVY_I64, 1, 0),
           .axis = 1),
    GATHER_WITH(ROW_OTHER_LAYOUT, "gather to the other layout", .src = MAP2(2, 18, 4, 5),
                .indices = INDICES(CVY_I64, 1, 21), .axis = 1),
    GATHER_WITH(ROW_SRC_STRIDED | ROW_DST_STRIDED, "gather strided", .src = MAP2(2, 6, 5, 7),
                .indices = INDICES(CVY_I32, 1, 9), .axis = 2),
};

struct row_list rows_moves(void)
{
    return (struct row_list) { move_rows, sizeof move_rows / sizeof move_rows[0] };
}
