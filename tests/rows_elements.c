// Rows of unary, binary, where and cast.
#include "rows_parts.h"

#define UNARY(name, ...) ROW(name, REF_UNARY, unary, __VA_ARGS__)
#define UNARY_WITH(flags, name, ...) ROW_WITH(flags, name, REF_UNARY, unary, __VA_ARGS__)
#define BINARY(name, ...) ROW(name, REF_BINARY, binary, __VA_ARGS__)
#define BINARY_WITH(flags, name, ...) ROW_WITH(flags, name, REF_BINARY, binary, __VA_ARGS__)
#define WHERE(name, ...) ROW(name, REF_WHERE, where, __VA_ARGS__)
#define WHERE_WITH(flags, name, ...) ROW_WITH(flags, name, REF_WHERE, where, __VA_ARGS__)
#define CAST(name, ...) ROW(name, REF_CAST, cast, __VA_ARGS__)
#define CAST_WITH(flags, name, ...) ROW_WITH(flags, name, REF_CAST, cast, __VA_ARGS__)
#define FLAGS(r, ...) \
    { .dtype = CVY_BOOL, .layout = CVY_PLAIN, .rank = r, .size = { __VA_ARGS__ } }
#define SOURCE(type, n, c, h, w) { .dtype = type, .rank = 4, .size = { n, c, h, w } }

// From one dtype to each.
#define CASTS(name, type) \
    CAST("cast " name " f32", .src = SOURCE(type, 2, 19, 4, 7), .dtype = CVY_F32), \
    CAST("cast " name " f16", .src = SOURCE(type, 2, 19, 4, 7), .dtype = CVY_F16), \
    CAST("cast " name " bf16", .src = SOURCE(type, 2, 19, 4, 7), .dtype = CVY_BF16), \
    CAST("cast " name " f64", .src = SOURCE(type, 2, 19, 4, 7), .dtype = CVY_F64), \
    CAST("cast " name " i8", .src = SOURCE(type, 2, 19, 4, 7), .dtype = CVY_I8), \
    CAST("cast " name " u8", .src = SOURCE(type, 2, 19, 4, 7), .dtype = CVY_U8), \
    CAST("cast " name " i32", .src = SOURCE(type, 2, 19, 4, 7), .dtype = CVY_I32), \
    CAST("cast " name " i64", .src = SOURCE(type, 2, 19, 4, 7), .dtype = CVY_I64), \
    CAST("cast " name " bool", .src = SOURCE(type, 2, 19, 4, 7), .dtype = CVY_BOOL)

static const struct row element_rows[] = {
    UNARY("abs", .kind = CVY_ABS, .src = MAP2(2, 5, 6, 7)),
    UNARY("neg", .kind = CVY_NEG, .src = MAP2(2, 5, 6, 7)),
    UNARY("exp", .kind = CVY_EXP, .src = MAP2(2, 5, 6, 7)),
    UNARY("log", .kind = CVY_LOG, .src = MAP2(2, 5, 6, 7)),
    UNARY("sqrt", .kind = CVY_SQRT, .src = MAP2(2, 5, 6, 7)),
    UNARY("reciprocal", .kind = CVY_RECIPROCAL, .src = MAP2(2, 5, 6, 7)),
    UNARY("erf", .kind = CVY_ERF, .src = MAP2(2, 5, 6, 7)),
    UNARY("softsign", .kind = CVY_SOFTSIGN, .src = MAP2(2, 5, 6, 7)),
    UNARY("thresholded_relu", .kind = CVY_THRESHOLDED_RELU, .src = MAP2(2, 5, 6, 7)),
    UNARY("thresholded_relu of -2", .kind = CVY_THRESHOLDED_RELU, .src = MAP2(2, 5, 6, 7),
          .alpha = -2.0f),
    UNARY("floor", .kind = CVY_FLOOR, .src = MAP2(2, 5, 6, 7)),
    UNARY("ceil", .kind = CVY_CEIL, .src = MAP2(2, 5, 6, 7)),
    UNARY("round", .kind = CVY_ROUND, .src = MAP2(2, 5, 6, 7)),
    UNARY("round of rows", .kind = CVY_ROUND, .src = PLAIN(2, 70, 33)),
    UNARY("exp of many", .kind = CVY_EXP, .src = PLAIN(1, 30011)),
    UNARY("erf of rows", .kind = CVY_ERF, .src = PLAIN(2, 700, 33)),
    UNARY("neg rank 6", .kind = CVY_NEG, .src = PLAIN(6, 2, 3, 1, 4, 2, 5)),
    UNARY("abs 1-D", .kind = CVY_ABS, .src = MAP1(2, 6, 43)),
    UNARY("abs 3-D", .kind = CVY_ABS, .src = MAP3(2, 6, 3, 4, 5)),
    UNARY("abs of one", .kind = CVY_ABS, .src = PLAIN(1, 1)),
    UNARY("sqrt of nothing", .kind = CVY_SQRT, .src = MAP2(2, 0, 6, 7)),
    UNARY_WITH(ROW_IN_PLACE, "exp in place", .kind = CVY_EXP, .src = MAP2(2, 5, 6, 37)),
    UNARY_WITH(ROW_OTHER_LAYOUT, "softsign other layout", .kind = CVY_SOFTSIGN,
               .src = MAP2(2, 19, 6, 7)),
    UNARY_WITH(ROW_SRC_STRIDED | ROW_DST_STRIDED, "log strided", .kind = CVY_LOG,
               .src = MAP2(2, 19, 6, 7)),
    BINARY("add", .kind = CVY_ADD, .src = MAP2(2, 5, 6, 7), .src2 = MAP2(2, 5, 6, 7)),
    BINARY("sub", .kind = CVY_SUB, .src = MAP2(2, 5, 6, 7), .src2 = MAP2(2, 5, 6, 7)),
    BINARY("mul", .kind = CVY_MUL, .src = MAP2(2, 5, 6, 7), .src2 = MAP2(2, 5, 6, 7)),
    BINARY("div", .kind = CVY_DIV, .src = MAP2(2, 5, 6, 7), .src2 = MAP2(2, 5, 6, 7)),
    BINARY("max", .kind = CVY_MAX, .src = MAP2(2, 5, 6, 7), .src2 = MAP2(2, 5, 6, 7)),
    BINARY("min", .kind = CVY_MIN, .src = MAP2(2, 5, 6, 7), .src2 = MAP2(2, 5, 6, 7)),
    BINARY("pow", .kind = CVY_POW, .src = MAP2(2, 5, 6, 7), .src2 = MAP2(2, 5, 6, 7)),
    BINARY("equal", .kind = CVY_EQUAL, .src = MAP2(2, 5, 6, 7), .src2 = MAP2(2, 5, 6, 7)),
    BINARY("not_equal", .kind = CVY_NOT_EQUAL, .src = MAP2(2, 5, 6, 7),
           .src2 = MAP2(2, 5, 6, 7)),
    BINARY("less", .kind = CVY_LESS, .src = MAP2(2, 5, 6, 7), .src2 = MAP2(2, 5, 6, 7)),
    BINARY("less_equal", .kind = CVY_LESS_EQUAL, .src = MAP2(2, 5, 6, 7),
           .src2 = MAP2(2, 5, 6, 7)),
    BINARY("greater", .kind = CVY_GREATER, .src = MAP2(2, 5, 6, 7), .src2 = MAP2(2, 5, 6, 7)),
    BINARY("greater_equal", .kind = CVY_GREATER_EQUAL, .src = MAP2(2, 5, 6, 7),
           .src2 = MAP2(2, 5, 6, 7)),
    BINARY("add many", .kind = CVY_ADD, .src = PLAIN(1, 30011), .src2 = PLAIN(1, 30011)),
    BINARY("add a number", .kind = CVY_ADD, .src = MAP2(2, 5, 6, 7),
           .src2 = { .rank = 1, .size = { 1 } }),
    BINARY("sub from a number", .kind = CVY_SUB, .src = PLAIN(1, 1), .src2 = PLAIN(2, 700, 33)),
    BINARY("mul by channels", .kind = CVY_MUL, .src = MAP2(2, 19, 6, 7),
           .src2 = MAP2(1, 19, 1, 1)),
    BINARY("mul by a gate", .kind = CVY_MUL, .src = MAP2(2, 19, 6, 7), .src2 = MAP2(2, 19, 1, 1)),
    BINARY("add a row", .kind = CVY_ADD, .src = MAP2(2, 5, 6, 37), .src2 = MAP2(1, 1, 1, 37)),
    BINARY("sub a column", .kind = CVY_SUB, .src = MAP2(2, 5, 6, 37), .src2 = MAP2(1, 1, 6, 1)),
    BINARY("add outer", .kind = CVY_ADD, .src = PLAIN(2, 40, 1), .src2 = PLAIN(2, 1, 33)),
    BINARY("div missing axes", .kind = CVY_DIV, .src = PLAIN(3, 4, 5, 17), .src2 = PLAIN(1, 17)),
    BINARY("max missing axes of the first", .kind = CVY_MAX, .src = PLAIN(2, 5, 1),
           .src2 = PLAIN(4, 2, 3, 1, 17)),
    BINARY("less than channels", .kind = CVY_LESS, .src = MAP2(2, 19, 6, 7),
           .src2 = MAP2(1, 19, 1, 1)),
    BINARY("greater rank 6", .kind = CVY_GREATER, .src = PLAIN(6, 2, 3, 1, 4, 2, 5),
           .src2 = PLAIN(6, 2, 1, 3, 1, 2, 5)),
    BINARY("add 1-D", .kind = CVY_ADD, .src = MAP1(2, 6, 43), .src2 = MAP1(2, 6, 1)),
    BINARY("add 3-D", .kind = CVY_ADD, .src = MAP3(2, 6, 3, 4, 5), .src2 = MAP3(1, 6, 3, 1, 5)),
    BINARY("add layouts", .kind = CVY_ADD, .src = MAP2(2, 19, 6, 7),
           .src2 = { .layout = CVY_NHWC, .rank = 4, .size = { 2, 19, 6, 7 } }),
    BINARY("add nothing", .kind = CVY_ADD, .src = MAP2(0, 5, 6, 7), .src2 = MAP2(1, 5, 1, 1)),
    BINARY("add nothing to one", .kind = CVY_ADD, .src = PLAIN(2, 1, 7), .src2 = PLAIN(2, 0, 7)),
    BINARY("add relu", .kind = CVY_ADD, .src = MAP2(2, 5, 6, 7), .src2 = MAP2(2, 5, 6, 7),
           .activation = { CVY_RELU }),
    BINARY("add clip", .kind = CVY_ADD, .src = MAP2(2, 5, 6, 7), .src2 = MAP2(2, 5, 6, 7),
           .activation = { CVY_CLIP, -1.0f, 2.0f }),
    BINARY("sub leaky_relu", .kind = CVY_SUB, .src = MAP2(2, 5, 6, 7), .src2 = MAP2(2, 5, 6, 7),
           .activation = { CVY_LEAKY_RELU, 0.1f, 0 }),
    BINARY("mul sigmoid", .kind = CVY_MUL, .src = MAP2(2, 5, 6, 7), .src2 = MAP2(1, 5, 1, 1),
           .activation = { CVY_SIGMOID }),
    BINARY("div relu6", .kind = CVY_DIV, .src = MAP2(2, 5, 6, 7), .src2 = MAP2(2, 5, 6, 7),
           .activation = { CVY_RELU6 }),
    BINARY("max silu", .kind = CVY_MAX, .src = MAP2(2, 5, 6, 7), .src2 = MAP2(2, 5, 6, 7),
           .activation = { CVY_SILU }),
    BINARY_WITH(ROW_IN_PLACE, "add in place", .kind = CVY_ADD, .src = MAP2(2, 5, 6, 37),
                .src2 = MAP2(1, 5, 1, 1), .activation = { CVY_RELU }),
    BINARY_WITH(ROW_IN_PLACE2, "sub in place of the second", .kind = CVY_SUB,
                .src = MAP2(1, 5, 1, 1), .src2 = MAP2(2, 5, 6, 37),
                .activation = { CVY_HARD_SWISH }),
    BINARY_WITH(ROW_OTHER_LAYOUT, "mul other layout", .kind = CVY_MUL, .src = MAP2(2, 19, 6, 7),
                .src2 = MAP2(2, 19, 6, 7)),
    BINARY_WITH(ROW_SRC_STRIDED | ROW_DST_STRIDED, "add strided", .kind = CVY_ADD,
                .src = MAP2(2, 19, 6, 7), .src2 = MAP2(2, 19, 1, 7)),
    BINARY_WITH(ROW_SRC_STRIDED | ROW_DST_STRIDED, "equal strided", .kind = CVY_EQUAL,
                .src = MAP2(2, 19, 6, 7), .src2 = MAP2(2, 19, 1, 7)),
    WHERE("where", .condition = SOURCE(CVY_BOOL, 2, 5, 6, 7), .src = MAP2(2, 5, 6, 7),
          .src2 = MAP2(2, 5, 6, 7)),
    WHERE("where many", .condition = FLAGS(1, 30011),
          .src = PLAIN(1, 30011), .src2 = PLAIN(1, 30011)),
    WHERE("where or a number", .condition = SOURCE(CVY_DTYPE_DEFAULT, 2, 19, 6, 37),
          .src = MAP2(2, 19, 6, 37), .src2 = MAP2(1, 1, 1, 1)),
    WHERE("where by channels", .condition = SOURCE(CVY_BOOL, 1, 19, 1, 1),
          .src = MAP2(2, 19, 6, 7), .src2 = MAP2(2, 1, 6, 7)),
    WHERE("where all broadcast", .condition = FLAGS(2, 4, 1),
          .src = PLAIN(2, 1, 35), .src2 = PLAIN(3, 3, 1, 1)),
    WHERE("where missing axes", .condition = FLAGS(1, 7),
          .src = PLAIN(3, 4, 5, 7), .src2 = PLAIN(2, 5, 1)),
    WHERE("where rank 6", .condition = FLAGS(6, 2, 3, 1, 4, 2, 5),
          .src = PLAIN(6, 2, 1, 3, 1, 2, 5), .src2 = PLAIN(6, 1, 1, 1, 1, 2, 1)),
    WHERE("where nothing", .condition = SOURCE(CVY_BOOL, 0, 5, 6, 7), .src = MAP2(1, 5, 6, 7),
          .src2 = MAP2(0, 5, 1, 7)),
    WHERE_WITH(ROW_OTHER_LAYOUT, "where other layout",
               .condition = { .layout = CVY_NHWC, .rank = 4, .size = { 2, 19, 6, 7 } },
               .src = MAP2(2, 19, 6, 7), .src2 = MAP2(2, 19, 6, 7)),
    WHERE_WITH(ROW_SRC_STRIDED | ROW_DST_STRIDED, "where strided",
               .condition = SOURCE(CVY_BOOL, 2, 19, 6, 1), .src = MAP2(2, 19, 6, 7),
               .src2 = MAP2(2, 19, 1, 7)),
    CASTS("f32", CVY_F32), CASTS("f16", CVY_F16), CASTS("bf16", CVY_BF16),
    CASTS("f64", CVY_F64), CASTS("i8", CVY_I8), CASTS("u8", CVY_U8),
    CASTS("i32", CVY_I32), CASTS("i64", CVY_I64), CASTS("bool", CVY_BOOL),
    CAST("cast many", .src = PLAIN(1, 30011), .dtype = CVY_F16),
    CAST("cast rows", .src = { .dtype = CVY_F64, .layout = CVY_PLAIN, .rank = 2,
                               .size = { 700, 33 } }, .dtype = CVY_F32),
    CAST("cast nothing", .src = SOURCE(CVY_U8, 0, 5, 6, 7), .dtype = CVY_F32),
    CAST_WITH(ROW_OTHER_LAYOUT, "cast other layout", .src = SOURCE(CVY_U8, 2, 19, 6, 7),
              .dtype = CVY_F32),
    CAST_WITH(ROW_OTHER_LAYOUT, "cast other layout f16", .src = SOURCE(CVY_F32, 2, 19, 6, 7),
              .dtype = CVY_F16),
    CAST_WITH(ROW_SRC_STRIDED | ROW_DST_STRIDED, "cast strided",
              .src = SOURCE(CVY_I64, 2, 19, 6, 7), .dtype = CVY_BF16),
    CAST_WITH(ROW_SRC_STRIDED | ROW_DST_STRIDED, "cast strided u8",
              .src = SOURCE(CVY_F32, 2, 19, 6, 7), .dtype = CVY_U8),
};

struct row_list rows_elements(void)
{
    return (struct row_list) { element_rows, sizeof element_rows / sizeof element_rows[0] };
}
