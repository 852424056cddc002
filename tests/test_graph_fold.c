// Constants computed on the host: every operator that folds, every dtype, what is out of range,
// scalars and tensors of nothing.
#include "plan_fixture.h"
#include "graph_fixture.h"

#include <math.h>

static void open_fold(void)
{
    open_all();
    OK(cvy_graph_create(&graph));
}

static void close_fold(void)
{
    close_graph();
    close_all();
}

TestSuite(graph_fold, .init = open_fold, .fini = close_fold, .timeout = 120);

#define I64S(...) (const int64_t[]) { __VA_ARGS__ }
#define I32S(...) (const int32_t[]) { __VA_ARGS__ }
#define I8S(...) (const int8_t[]) { __VA_ARGS__ }
#define U8S(...) (const uint8_t[]) { __VA_ARGS__ }
#define F32S(...) (const float[]) { __VA_ARGS__ }
#define F64S(...) (const double[]) { __VA_ARGS__ }

// Bits are equal; a NaN is any NaN.
static bool same_element(cvy_dtype dtype, const void *a, const void *b)
{
    uint64_t x = 0, y = 0;

    memcpy(&x, a, cvy_dtype_bytes(dtype));
    memcpy(&y, b, cvy_dtype_bytes(dtype));
    return x == y || (isnan(ref_value_of(dtype, x)) && isnan(ref_value_of(dtype, y)));
}

// The value is a constant of this shape and these contents: nothing runs but a copy to the output.
static void expect(const char *label, cvy_value value, cvy_dtype dtype, const char *shape,
                   const void *want)
{
    cvy_desc desc = shaped(dtype, shape);
    size_t bytes = cvy_dtype_bytes(dtype), count = elements_of(&desc);
    cvy_network_info info;
    cvy_network_port port;
    void *out[PORTS] = { NULL };

    output("out", value);
    info = compile(NULL);
    cr_expect_eq(info.expanded_nodes, 0, "%s: %zu nodes are left", label, info.expanded_nodes);
    OK(cvy_network_output_get(network, 0, &port));
    cr_expect(port.desc.dtype == dtype && port.desc.rank == desc.rank
              && memcmp(port.desc.size, desc.size, (size_t)desc.rank * 8) == 0,
              "%s: dtype %d, rank %d, first size %d", label, (int)port.desc.dtype,
              (int)port.desc.rank, (int)port.desc.size[0]);
    cr_assert_eq(port.bytes, bytes * count, "%s: %zu bytes", label, port.bytes);
    run_network(out);
    for (size_t i = 0; i < count; i++) {
        const char *got = (const char *)out[0] + i * bytes, *good = (const char *)want + i * bytes;
        uint64_t x = 0, y = 0;

        memcpy(&x, got, bytes);
        memcpy(&y, good, bytes);
        cr_expect(same_element(dtype, got, good), "%s: element %zu is %g (%llx), not %g (%llx)",
                  label, i, ref_value_of(dtype, x), (unsigned long long)x, ref_value_of(dtype, y),
                  (unsigned long long)y);
    }
    free(out[0]);
    new_graph();
}

static cvy_value binary(cvy_binary_kind kind, cvy_value a, cvy_value b)
{
    cvy_value out = 0;

    OK(cvy_graph_binary(graph, &(cvy_binary_params) { .kind = kind },
                        &(cvy_node) { .name = "binary", .src = a, .src2 = b }, &out));
    return out;
}

static cvy_value unary(cvy_unary_kind kind, float alpha, cvy_value a)
{
    cvy_value out = 0;

    OK(cvy_graph_unary(graph, &(cvy_unary_params) { .kind = kind, .alpha = alpha },
                       &(cvy_node) { .name = "unary", .src = a }, &out));
    return out;
}

static cvy_value cast(cvy_dtype dtype, cvy_value a)
{
    cvy_value out = 0;

    OK(cvy_graph_cast(graph, &(cvy_cast_params) { .dtype = dtype },
                      &(cvy_node) { .name = "cast", .src = a }, &out));
    return out;
}

// Arithmetic --------------------------------------------------------------------------------------

Test(graph_fold, whole_numbers_of_64_bits_are_exact_and_wrap_around)
{
    static const int64_t big = INT64_C(9007199254740993);      // no double has it
    static const struct {
        const char *label;
        cvy_binary_kind kind;
        int64_t a[2], b[2], want[2];
    } rows[] = {
        { "add", CVY_ADD, { big, -3 }, { 1, 5 }, { big + 1, 2 } },
        { "add, beyond the range", CVY_ADD, { INT64_MAX, 0 }, { 1, 0 }, { INT64_MIN, 0 } },
        { "sub", CVY_SUB, { big, INT64_MIN }, { 2, 1 }, { big - 2, INT64_MAX } },
        { "mul", CVY_MUL, { big, -7 }, { 3, 6 }, { big * 3, -42 } },
        { "div, towards 0", CVY_DIV, { -7, 7 }, { 2, -2 }, { -3, -3 } },
        { "div by -1", CVY_DIV, { INT64_MIN, 5 }, { -1, -1 }, { INT64_MIN, -5 } },
        { "div by 0", CVY_DIV, { 5, 0 }, { 0, 0 }, { 0, 0 } },
        { "max", CVY_MAX, { big, -2 }, { big - 1, -1 }, { big, -1 } },
        { "min", CVY_MIN, { big, -2 }, { big - 1, -1 }, { big - 1, -2 } },
        { "pow", CVY_POW, { 3, -2 }, { 39, 5 }, { INT64_C(4052555153018976267), -32 } },
        { "pow, beyond the range", CVY_POW, { 2, 2 }, { 64, 63 }, { 0, INT64_MIN } },
        { "pow, below 1", CVY_POW, { 2, -1 }, { -1, -3 }, { 0, -1 } },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        expect(rows[i].label, binary(rows[i].kind, constant(CVY_I64, "2", rows[i].a),
                                     constant(CVY_I64, "2", rows[i].b)), CVY_I64, "2",
               rows[i].want);
}

Test(graph_fold, narrow_whole_numbers_wrap_around)
{
    expect("i32 add", binary(CVY_ADD, constant(CVY_I32, "2", I32S(INT32_MAX, -4)),
                             constant(CVY_I32, "2", I32S(1, 1))), CVY_I32, "2",
           I32S(INT32_MIN, -3));
    expect("i32 mul", binary(CVY_MUL, constant(CVY_I32, "1", I32S(65536)),
                             constant(CVY_I32, "1", I32S(65537))), CVY_I32, "1", I32S(65536));
    expect("i32 div", binary(CVY_DIV, constant(CVY_I32, "2", I32S(-7, 9)),
                             constant(CVY_I32, "", I32S(2))), CVY_I32, "2", I32S(-3, 4));
    expect("u8 sub", binary(CVY_SUB, constant(CVY_U8, "2", U8S(3, 200)),
                            constant(CVY_U8, "2", U8S(5, 100))), CVY_U8, "2", U8S(254, 100));
    expect("i8 neg", unary(CVY_NEG, 0, constant(CVY_I8, "2", I8S(-128, 5))), CVY_I8, "2",
           I8S(-128, -5));
    expect("i64 abs", unary(CVY_ABS, 0, constant(CVY_I64, "3", I64S(INT64_MIN, -9, 9))), CVY_I64,
           "3", I64S(INT64_MIN, 9, 9));
}

Test(graph_fold, comparisons_give_bools)
{
    static const struct {
        cvy_binary_kind kind;
        uint8_t whole[3], real[3];
    } rows[] = {
        { CVY_EQUAL, { 0, 1, 0 }, { 0, 1, 0 } },
        { CVY_NOT_EQUAL, { 1, 0, 1 }, { 1, 0, 1 } },
        { CVY_LESS, { 1, 0, 0 }, { 1, 0, 0 } },
        { CVY_LESS_EQUAL, { 1, 1, 0 }, { 1, 1, 0 } },
        { CVY_GREATER, { 0, 0, 1 }, { 0, 0, 0 } },
        { CVY_GREATER_EQUAL, { 0, 1, 1 }, { 0, 1, 0 } },
    };
    static const int64_t big = INT64_C(1) << 60;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        expect("whole", binary(rows[i].kind, constant(CVY_I64, "3", I64S(big, 4, big + 1)),
                               constant(CVY_I64, "3", I64S(big + 1, 4, big))), CVY_BOOL, "3",
               rows[i].whole);
        expect("real", binary(rows[i].kind, constant(CVY_F32, "3", F32S(-1, 2, NAN)),
                              constant(CVY_F32, "3", F32S(1, 2, 1))), CVY_BOOL, "3",
               rows[i].real);
    }
}

Test(graph_fold, floats_round_once)
{
    static const float a[] = { 1.0f, 3.0f, -0.5f, INFINITY, NAN };
    static const float b[] = { 0x1p-24f, 7.0f, 0.0f, -INFINITY, 1.0f };
    static const struct {
        cvy_binary_kind kind;
        float want[5];
    } rows[] = {
        { CVY_ADD, { 1.0f, 10.0f, -0.5f, NAN, NAN } },
        { CVY_DIV, { 0x1p24f, 3.0f / 7.0f, -INFINITY, NAN, NAN } },
        { CVY_MAX, { 1.0f, 7.0f, 0.0f, INFINITY, NAN } },
        { CVY_MIN, { 0x1p-24f, 3.0f, -0.5f, -INFINITY, NAN } },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        expect("a op b", binary(rows[i].kind, constant(CVY_F32, "5", a),
                                constant(CVY_F32, "5", b)), CVY_F32, "5", rows[i].want);
    }
    expect("a NaN on the right", binary(CVY_MAX, constant(CVY_F32, "", F32S(1)),
                                        constant(CVY_F32, "", F32S(NAN))), CVY_F32, "",
           F32S(NAN));
    expect("f64", binary(CVY_MUL, constant(CVY_F64, "1", F64S(0.1)),
                         constant(CVY_F64, "1", F64S(3.0))), CVY_F64, "1", F64S(0.1 * 3.0));
}

Test(graph_fold, unary_kinds_are_those_of_the_operator)
{
    static const struct {
        cvy_unary_kind kind;
        float alpha, want;
    } rows[] = {
        { CVY_ABS, 0, 0.75f }, { CVY_NEG, 0, -0.75f }, { CVY_EXP, 0, 2.11700002f },
        { CVY_LOG, 0, -0.287682072f }, { CVY_SQRT, 0, 0.866025404f },
        { CVY_RECIPROCAL, 0, 1.33333333f }, { CVY_ERF, 0, 0.711155634f },
        { CVY_SOFTSIGN, 0, 0.428571429f }, { CVY_THRESHOLDED_RELU, 0, 0.0f },
        { CVY_THRESHOLDED_RELU, 0.5f, 0.75f },
        { CVY_FLOOR, 0, 0.0f }, { CVY_CEIL, 0, 1.0f }, { CVY_ROUND, 0, 1.0f },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        expect("0.75", unary(rows[i].kind, rows[i].alpha, constant(CVY_F32, "1", F32S(0.75f))),
               CVY_F32, "1", &rows[i].want);
    expect("halves to even", unary(CVY_ROUND, 0, constant(CVY_F32, "4", F32S(-2.5f, -0.5f, 0.5f,
           3.5f))), CVY_F32, "4", F32S(-2, -0.0f, 0, 4));
    expect("floor of integers", unary(CVY_FLOOR, 0, constant(CVY_I64, "2", I64S(-7,
           (INT64_C(1) << 60) + 1))), CVY_I64, "2", I64S(-7, (INT64_C(1) << 60) + 1));
    expect("a NaN stays", unary(CVY_THRESHOLDED_RELU, 0, constant(CVY_F32, "", F32S(NAN))),
           CVY_F32, "", F32S(NAN));
}

Test(graph_fold, arithmetic_broadcasts)
{
    expect("column and row", binary(CVY_SUB, constant(CVY_I64, "2x1", I64S(10, 20)),
                                    constant(CVY_I64, "3", I64S(1, 2, 3))), CVY_I64, "2x3",
           I64S(9, 8, 7, 19, 18, 17));
    expect("scalars", binary(CVY_ADD, constant(CVY_I64, "", I64S(2)),
                             constant(CVY_I64, "", I64S(3))), CVY_I64, "", I64S(5));
    expect("a scalar in front", binary(CVY_SUB, constant(CVY_I64, "", I64S(2)),
                                       constant(CVY_I64, "1x2", I64S(3, 4))), CVY_I64, "1x2",
           I64S(-1, -2));
}

// Casts -------------------------------------------------------------------------------------------

static uint64_t bits_at(cvy_dtype dtype, const void *data, size_t i)
{
    uint64_t bits = 0;

    memcpy(&bits, (const char *)data + i * cvy_dtype_bytes(dtype), cvy_dtype_bytes(dtype));
    return bits;
}

// Every pair of dtypes, on values at the ends and between, as the reference casts them.
Test(graph_fold, casts_saturate_and_round_as_the_operator_does)
{
    static const float floats[] = { 0.0f, -0.9f, 2.5f, -3.5f, 127.9f, 300.0f, -300.0f, 3e9f,
                                    -3e9f, 1e19f, -1e19f, INFINITY, -INFINITY, NAN, 1e-40f };
    static const double doubles[] = { 0.1, -2.999999999999, 2147483647.5, -2147483649.0, 255.99,
                                      9.3e18, -9.3e18, NAN, 1e300, 1e-310 };
    static const uint16_t halves[] = { 0x3c00, 0xbc00, 0x7bff, 0x0001, 0x7c00, 0xfc00, 0x7e00,
                                       0x8000, 0x42f1 };
    static const int64_t longs[] = { 0, -1, 127, 128, -129, 255, 256, INT32_MAX, INT64_C(1) << 31,
                                     INT64_MIN, INT64_MAX, (INT64_C(1) << 54) + (1 << 30) + 1,
                                     (INT64_C(1) << 53) + 1 };
    static const int32_t ints[] = { 0, -1, 16777217, INT32_MIN, INT32_MAX, 200 };
    static const int8_t bytes[] = { 0, -1, 127, -128 };
    static const uint8_t ubytes[] = { 0, 1, 127, 255 }, bools[] = { 0, 1 };
    static const struct {
        cvy_dtype dtype;
        const void *data;
        size_t count;
    } sources[] = {
        { CVY_F32, floats, COUNT_OF(floats) }, { CVY_F64, doubles, COUNT_OF(doubles) },
        { CVY_F16, halves, COUNT_OF(halves) }, { CVY_BF16, halves, COUNT_OF(halves) },
        { CVY_I64, longs, COUNT_OF(longs) }, { CVY_I32, ints, COUNT_OF(ints) },
        { CVY_I8, bytes, COUNT_OF(bytes) }, { CVY_U8, ubytes, COUNT_OF(ubytes) },
        { CVY_BOOL, bools, COUNT_OF(bools) },
    };
    static const cvy_dtype targets[] = { CVY_F32, CVY_F64, CVY_I8, CVY_U8, CVY_I32, CVY_I64,
                                         CVY_BOOL };

    for (size_t s = 0; s < COUNT_OF(sources); s++)
        for (size_t t = 0; t < COUNT_OF(targets); t++) {
            char shape[8], label[64];
            uint64_t want[16];

            if (sources[s].dtype == targets[t])
                continue;
            snprintf(shape, sizeof shape, "%zu", sources[s].count);
            snprintf(label, sizeof label, "dtype %d to %d", (int)sources[s].dtype,
                     (int)targets[t]);
            for (size_t i = 0; i < sources[s].count; i++) {
                uint64_t bits = ref_convert(sources[s].dtype,
                                            bits_at(sources[s].dtype, sources[s].data, i),
                                            targets[t]);

                memcpy((char *)want + i * cvy_dtype_bytes(targets[t]), &bits,
                       cvy_dtype_bytes(targets[t]));
            }
            expect(label, cast(targets[t], constant(sources[s].dtype, shape, sources[s].data)),
                   targets[t], shape, want);
        }
}

// Moves -------------------------------------------------------------------------------------------

static cvy_value gather(int32_t axis, cvy_value src, cvy_value indices)
{
    cvy_value out = 0;

    OK(cvy_graph_gather(graph, &(cvy_gather_params) { .axis = axis },
                        &(cvy_node) { .src = src, .indices = indices }, &out));
    return out;
}

static cvy_value slice(const cvy_slice_params *params, cvy_value src)
{
    cvy_value out = 0;

    OK(cvy_graph_slice(graph, params, &(cvy_node) { .src = src }, &out));
    return out;
}

static cvy_value moved(cvy_status (*add)(cvy_graph *, const cvy_reshape_params *,
                                         const cvy_node *, cvy_value *),
                       const char *shape, cvy_value src)
{
    cvy_desc desc = shaped(CVY_F32, shape);
    cvy_reshape_params params = { .rank = desc.rank };
    cvy_value out = 0;

    memcpy(params.size, desc.size, sizeof params.size);
    OK(add(graph, &params, &(cvy_node) { .src = src }, &out));
    return out;
}

static cvy_value six(void)
{
    return constant(CVY_I64, "2x3", I64S(1, 2, 3, 4, 5, 6));
}

static cvy_value list(const char *shape, const int64_t *data)
{
    return constant(CVY_I64, shape, data);
}

Test(graph_fold, gather_picks_along_an_axis)
{
    expect("rows", gather(0, six(), list("2", I64S(1, 0))), CVY_I64, "2x3",
           I64S(4, 5, 6, 1, 2, 3));
    expect("a scalar takes the axis away", gather(1, six(), list("", I64S(-1))), CVY_I64, "2",
           I64S(3, 6));
    expect("a scalar of a vector", gather(0, list("3", I64S(7, 8, 9)), list("", I64S(1))), CVY_I64,
           "", I64S(8));
    expect("negative", gather(-1, six(), list("3", I64S(-3, -1, 0))), CVY_I64, "2x3",
           I64S(1, 3, 1, 4, 6, 4));
    expect("outside", gather(0, six(), list("2", I64S(2, -3))), CVY_I64, "2x3",
           I64S(0, 0, 0, 0, 0, 0));
    expect("a matrix of indices", gather(1, six(), list("2x2", I64S(0, 1, 2, 0))), CVY_I64,
           "2x2x2", I64S(1, 2, 3, 1, 4, 5, 6, 4));
    expect("indices of 32 bits", gather(0, six(), constant(CVY_I32, "1", I32S(-1))), CVY_I64,
           "1x3", I64S(4, 5, 6));
    expect("no index", gather(0, six(), list("0", NULL)), CVY_I64, "0x3", NULL);
}

Test(graph_fold, slices_go_either_way)
{
    cvy_slice_params last = { .start = { 0, -1 }, .size = { 0, 1 } };
    cvy_slice_params back = { .start = { -1, -1 }, .step = { -1, -2 } };
    cvy_slice_params part = { .start = { 1, 1 }, .size = { 1, 2 } };

    expect("the last column", slice(&last, six()), CVY_I64, "2x1", I64S(3, 6));
    expect("backwards", slice(&back, six()), CVY_I64, "2x2", I64S(6, 4, 3, 1));
    expect("a part", slice(&part, six()), CVY_I64, "1x2", I64S(5, 6));
    expect("bytes", slice(&last, constant(CVY_BOOL, "1x3", U8S(0, 0, 1))), CVY_BOOL, "1x1",
           U8S(1));
}

Test(graph_fold, shapes_change_without_the_elements)
{
    cvy_value out = 0;

    expect("reshape", moved(cvy_graph_reshape, "3x-1", six()), CVY_I64, "3x2",
           I64S(1, 2, 3, 4, 5, 6));
    expect("to a scalar", moved(cvy_graph_reshape, "", list("1x1", I64S(5))), CVY_I64, "",
           I64S(5));
    expect("from a scalar", moved(cvy_graph_reshape, "1", list("", I64S(5))), CVY_I64, "1",
           I64S(5));
    expect("nothing", moved(cvy_graph_reshape, "0x4", list("0", NULL)), CVY_I64, "0x4", NULL);
    expect("expand", moved(cvy_graph_expand, "2x1x3", list("2x1", I64S(1, 2))), CVY_I64,
           "2x2x3", I64S(1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2));
    expect("expand a scalar", moved(cvy_graph_expand, "3", list("", I64S(7))), CVY_I64, "3",
           I64S(7, 7, 7));
    expect("expand to nothing", moved(cvy_graph_expand, "0x2", list("1", I64S(7))), CVY_I64,
           "0x2", NULL);
    OK(cvy_graph_transpose(graph, &(cvy_transpose_params) { .order = { 1, 0 } },
                           &(cvy_node) { .src = six() }, &out));
    expect("transpose", out, CVY_I64, "3x2", I64S(1, 4, 2, 5, 3, 6));
}

Test(graph_fold, concat_joins_what_is_there)
{
    cvy_value srcs[] = { six(), list("2x0", NULL), list("2x1", I64S(7, 8)) }, out = 0;

    OK(cvy_graph_concat(graph, &(cvy_concat_params) { .axis = -1 },
                        &(cvy_node) { .srcs = srcs, .src_count = 3 }, &out));
    expect("along the last axis", out, CVY_I64, "2x4", I64S(1, 2, 3, 7, 4, 5, 6, 8));
    srcs[0] = srcs[1] = constant(CVY_F16, "1", (const uint16_t[]) { 0x3c00 });
    OK(cvy_graph_concat(graph, NULL, &(cvy_node) { .srcs = srcs, .src_count = 2 }, &out));
    expect("halves", out, CVY_F16, "2", (const uint16_t[]) { 0x3c00, 0x3c00 });
}

Test(graph_fold, where_chooses)
{
    cvy_value srcs[] = { constant(CVY_BOOL, "3", U8S(1, 0, 2)), list("", I64S(-1)),
                         list("2x1", I64S(5, 6)) }, out = 0;

    OK(cvy_graph_where(graph, NULL, &(cvy_node) { .srcs = srcs, .src_count = 3 }, &out));
    expect("broadcast", out, CVY_I64, "2x3", I64S(-1, 5, -1, -1, 6, -1));
}

Test(graph_fold, pad_fills_and_cuts)
{
    cvy_pad_params wide = { .before = { 1 }, .after = { 0, 1 }, .value = 9.0f };
    cvy_pad_params cut = { .before = { 0, -1 }, .after = { -1, 0 } };
    cvy_value out = 0;

    OK(cvy_graph_pad(graph, &wide, &(cvy_node) { .src = six() }, &out));
    expect("fill", out, CVY_I64, "3x4", I64S(9, 9, 9, 9, 1, 2, 3, 9, 4, 5, 6, 9));
    OK(cvy_graph_pad(graph, &cut, &(cvy_node) { .src = six() }, &out));
    expect("cut", out, CVY_I64, "1x2", I64S(2, 3));
}

// Reduction ---------------------------------------------------------------------------------------

static cvy_value reduce(const cvy_reduce_params *params, cvy_value src)
{
    cvy_value out = 0;

    OK(cvy_graph_reduce(graph, params, &(cvy_node) { .src = src }, &out));
    return out;
}

Test(graph_fold, reductions_are_exact_for_whole_numbers)
{
    static const int64_t big = INT64_C(1) << 60;
    static const struct {
        const char *label;
        cvy_reduce_params params;
        const char *shape;
        int64_t want[3];
    } rows[] = {
        { "sum of all", { .kind = CVY_REDUCE_SUM }, "", { 21 } },
        { "sum of all, axes kept", { .kind = CVY_REDUCE_SUM, .keep_dims = true }, "1x1", { 21 } },
        { "sum of columns", { .kind = CVY_REDUCE_SUM, .axes = { true } }, "3", { 5, 7, 9 } },
        { "max of rows", { .kind = CVY_REDUCE_MAX, .axes = { false, true }, .keep_dims = true },
          "2x1", { 3, 6 } },
        { "min", { .kind = CVY_REDUCE_MIN }, "", { 1 } },
        { "mean, towards 0", { .kind = CVY_REDUCE_MEAN }, "", { 3 } },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        expect(rows[i].label, reduce(&rows[i].params, six()), CVY_I64, rows[i].shape,
               rows[i].want);
    expect("large sum", reduce(&rows[0].params, list("2", I64S(big, 1))), CVY_I64, "",
           I64S(big + 1));
    expect("large max", reduce(&(cvy_reduce_params) { .kind = CVY_REDUCE_MAX },
                               list("2", I64S(big, big + 1))), CVY_I64, "", I64S(big + 1));
    expect("a product of sizes", reduce(&rows[4].params, list("", I64S(4))), CVY_I64, "",
           I64S(4));
}

Test(graph_fold, reductions_of_floats_let_a_nan_win)
{
    cvy_reduce_params max = { .kind = CVY_REDUCE_MAX }, mean = { .kind = CVY_REDUCE_MEAN };

    expect("max", reduce(&max, constant(CVY_F32, "3", F32S(1, NAN, 2))), CVY_F32, "", F32S(NAN));
    expect("max of -inf", reduce(&max, constant(CVY_F32, "2", F32S(-INFINITY, -INFINITY))),
           CVY_F32, "", F32S(-INFINITY));
    expect("mean", reduce(&mean, constant(CVY_F32, "2", F32S(1, 2))), CVY_F32, "", F32S(1.5f));
}

// The arithmetic of shapes that exporters write -------------------------------------------------

Test(graph_fold, chains_of_shape_arithmetic_fold)
{
    cvy_value shape = list("4", I64S(2, 3, 8, 10)), half, parts[2], joined = 0;

    half = binary(CVY_DIV, slice(&(cvy_slice_params) { .start = { 2 }, .size = { 2 } }, shape),
                  list("", I64S(2)));
    half = cast(CVY_I64, cast(CVY_F32, half));
    parts[0] = slice(&(cvy_slice_params) { .size = { 2 } }, shape);
    parts[1] = half;
    OK(cvy_graph_concat(graph, NULL, &(cvy_node) { .srcs = parts, .src_count = 2 }, &joined));
    expect("half the size", joined, CVY_I64, "4", I64S(2, 3, 4, 5));
}

Test(graph_fold, what_folds_feeds_what_runs)
{
    cvy_value x = input("x", "2x3"), y = 0;
    cvy_value bias = binary(CVY_MUL, constant(CVY_F32, "3", F32S(1, 2, 3)),
                            constant(CVY_F32, "", F32S(0.5f)));
    void *out[PORTS] = { NULL };
    float *in = numbers(6, 100);

    OK(cvy_graph_binary(graph, &(cvy_binary_params) { .kind = CVY_ADD },
                        &(cvy_node) { .src = x, .src2 = bias }, &y));
    output("y", y);
    cr_expect_eq(compile(NULL).expanded_nodes, 1);
    run_network(out);
    for (size_t i = 0; i < 6; i++)
        cr_expect_eq(((float *)out[0])[i], in[i] + 0.5f * (float)(i % 3 + 1), "element %zu", i);
    free(out[0]);
    free(in);
}
