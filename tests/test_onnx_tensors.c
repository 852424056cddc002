// Tensors of a model, and in files of their own: K7, K8, K17 and K18 of the loader's faults.
#include "onnx_fixture.h"

#include <unistd.h>

TestSuite(tensors, .timeout = 60);

// A model whose output is x and this tensor.
static struct bytes model_with(struct bytes tensor)
{
    struct bytes graph = graph_open("x", "y");

    put(&graph, GRAPH_INITIALIZER, tensor);
    graph_node(&graph, "Sum", "x t", "y");
    return model_of(graph, 13);
}

static void expect_contents(const char *label, struct bytes tensor, cvy_dtype dtype,
                            const void *data, size_t count)
{
    cvy_graph *graph = load(label, model_with(tensor), CVY_OK, NULL);
    const struct stub_port *port;

    cr_assert(graph);
    port = stub_port_find(graph->constants, graph->constant_count, "t");
    cr_assert(port);
    cr_expect_eq(port->desc.dtype, dtype, "%s: dtype %d", label, port->desc.dtype);
    cr_expect_eq(memcmp(port->data, data, count), 0, "%s: other contents", label);
    cvy_graph_destroy(&graph);
}

// Contents ----------------------------------------------------------------------------------------

static struct bytes typed(int dtype, uint32_t field, const void *data, size_t count)
{
    const int64_t two = 2;
    struct bytes t = tensor_head("t", dtype, 1, &two);

    put_data(&t, field, data, count);
    return t;
}

static struct bytes int32s(int dtype, int64_t first, int64_t second)
{
    const int64_t two = 2, values[] = { first, second };
    struct bytes t = tensor_head("t", dtype, 1, &two);

    put_packed(&t, TENSOR_INT32S, values, 2);
    return t;
}

// K8: each dtype in its field, packed or not.
Test(tensors, every_dtype_comes_from_its_own_field)
{
    static const float floats[] = { -0.0f, 1e-40f };
    static const double doubles[] = { -1e-310, 3 };
    static const int64_t longs[] = { INT64_MIN, INT64_MAX };
    const int64_t two = 2;
    struct bytes loose = tensor_head("t", ONNX_F32, 1, &two);

    put_float(&loose, TENSOR_FLOATS, floats[0]);
    put_float(&loose, TENSOR_FLOATS, floats[1]);
    expect_contents("f32", typed(ONNX_F32, TENSOR_FLOATS, floats, 8), CVY_F32, floats, 8);
    expect_contents("f32 unpacked", loose, CVY_F32, floats, 8);
    expect_contents("f64", typed(ONNX_F64, TENSOR_DOUBLES, doubles, 16), CVY_F64, doubles, 16);
    loose = tensor_head("t", ONNX_I64, 1, &two);
    put_packed(&loose, TENSOR_INT64S, longs, 2);
    expect_contents("i64", loose, CVY_I64, longs, 16);
    expect_contents("i32", int32s(ONNX_I32, INT32_MIN, INT32_MAX), CVY_I32,
                    (int32_t[]) { INT32_MIN, INT32_MAX }, 8);
    expect_contents("i8", int32s(ONNX_I8, -128, 127), CVY_I8, "\x80\x7f", 2);
    expect_contents("u8", int32s(ONNX_U8, 0, 255), CVY_U8, "\x00\xff", 2);
    expect_contents("bool", int32s(ONNX_BOOL, 1, 0), CVY_BOOL, "\x01\x00", 2);
    expect_contents("f16", int32s(ONNX_F16, 0x3c00, 0xfc01), CVY_F16, "\x00\x3c\x01\xfc", 4);
    expect_contents("bf16", int32s(ONNX_BF16, 0x3f80, 0xff81), CVY_BF16, "\x80\x3f\x81\xff", 4);
}

Test(tensors, every_dtype_comes_from_raw_bytes)
{
    static const unsigned char raw[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
    static const struct {
        int number;
        cvy_dtype dtype;
    } rows[] = {
        { ONNX_F32, CVY_F32 }, { ONNX_U8, CVY_U8 }, { ONNX_I8, CVY_I8 }, { ONNX_I32, CVY_I32 },
        { ONNX_I64, CVY_I64 }, { ONNX_F16, CVY_F16 }, { ONNX_F64, CVY_F64 },
        { ONNX_BF16, CVY_BF16 },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t count = 2 * cvy_dtype_bytes(rows[i].dtype);

        expect_contents("raw", typed(rows[i].number, TENSOR_RAW, raw, count), rows[i].dtype, raw,
                        count);
    }
    expect_contents("bools are 0 or 1", typed(ONNX_BOOL, TENSOR_RAW, "\x00\x80", 2), CVY_BOOL,
                    "\x00\x01", 2);
}

Test(tensors, numbers_that_a_dtype_has_not_are_refused)
{
    gives("u8 below", model_with(int32s(ONNX_U8, 0, -1)), CVY_ERR_MODEL, "UINT8");
    gives("u8 above", model_with(int32s(ONNX_U8, 256, 0)), CVY_ERR_MODEL, "256");
    gives("i8 below", model_with(int32s(ONNX_I8, 0, -129)), CVY_ERR_MODEL, "INT8");
    gives("i8 above", model_with(int32s(ONNX_I8, 128, 0)), CVY_ERR_MODEL, "INT8");
    gives("bool", model_with(int32s(ONNX_BOOL, 0, 2)), CVY_ERR_MODEL, "BOOL");
    gives("f16", model_with(int32s(ONNX_F16, 0, 65536)), CVY_ERR_MODEL, "FLOAT16");
    gives("bf16", model_with(int32s(ONNX_BF16, -1, 0)), CVY_ERR_MODEL, "BFLOAT16");
}

// K8.
Test(tensors, contents_are_in_one_place_and_of_their_length)
{
    const int64_t none = 0;
    struct bytes t;

    t = typed(ONNX_F32, TENSOR_RAW, "abcdabcd", 8);
    put_data(&t, TENSOR_FLOATS, "abcdabcd", 8);
    gives("raw and floats", model_with(t), CVY_ERR_MODEL, "more than one place");
    t = typed(ONNX_F32, TENSOR_FLOATS, "abcdabcd", 8);
    put_packed(&t, TENSOR_INT32S, (int64_t[]) { 1, 2 }, 2);
    gives("floats and numbers", model_with(t), CVY_ERR_MODEL, "FLOAT");
    t = typed(ONNX_F32, TENSOR_FLOATS, "abcdabcd", 8);
    put_data(&t, TENSOR_RAW, NULL, 0);
    gives("floats and no raw bytes", model_with(t), CVY_OK, NULL);
    gives("neither", model_with(typed(ONNX_F32, TENSOR_FLOATS, NULL, 0)), CVY_ERR_MODEL,
          "0 elements");
    gives("neither, of no elements", model_with(tensor_head("t", ONNX_F32, 1, &none)), CVY_OK,
          NULL);
    gives("no raw bytes", model_with(typed(ONNX_F32, TENSOR_RAW, NULL, 0)), CVY_ERR_MODEL,
          "\"t\"");
    gives("a raw byte less", model_with(typed(ONNX_F32, TENSOR_RAW, "abcdabc", 7)),
          CVY_ERR_MODEL, "7 bytes");
    gives("a raw byte more", model_with(typed(ONNX_F32, TENSOR_RAW, "abcdabcda", 9)),
          CVY_ERR_MODEL, "9 bytes");
    gives("an element more", model_with(typed(ONNX_F32, TENSOR_FLOATS, "abcdabcdabcd", 12)),
          CVY_ERR_MODEL, "3 elements");
    gives("floats as doubles", model_with(typed(ONNX_F64, TENSOR_FLOATS, "abcdabcd", 8)),
          CVY_ERR_MODEL, "DOUBLE");
    gives("i64 as i32", model_with(int32s(ONNX_I64, 1, 2)), CVY_ERR_MODEL, "int64_data");
    gives("external in memory", model_with(typed(ONNX_F32, TENSOR_LOCATION, NULL, 0)),
          CVY_ERR_MODEL, "wire type");
    t = typed(ONNX_F32, TENSOR_RAW, "abcdabcd", 8);
    put_int(&t, TENSOR_LOCATION, 2);
    gives("a location unheard of", model_with(t), CVY_ERR_MODEL, "data_location");
    t = typed(ONNX_F32, TENSOR_RAW, "abcdabcd", 8);
    put_data(&t, TENSOR_EXTERNAL, NULL, 0);
    gives("raw bytes and a file", model_with(t), CVY_ERR_MODEL, "more than one place");
}

// Sizes (K7, K18) ---------------------------------------------------------------------------------

static struct bytes sized(int rank, const int64_t *sizes, size_t bytes)
{
    static const char zeros[64];

    return model_with(tensor_raw("t", ONNX_F32, rank, sizes, zeros, bytes));
}

Test(tensors, sizes_are_checked)
{
#define SIZES(...) sizeof((int64_t[]) { __VA_ARGS__ }) / sizeof(int64_t), { __VA_ARGS__ }
    static const struct {
        const char *label;
        size_t bytes;
        cvy_status status;
        const char *word;
        int rank;
        int64_t sizes[8];
    } rows[] = {
        { "rank 6", 64, CVY_OK, NULL, SIZES(1, 2, 1, 4, 2, 1) },
        { "rank 7", 4, CVY_ERR_MODEL_LIMIT, "rank 7", SIZES(1, 1, 1, 1, 1, 1, 1) },
        { "a scalar", 4, CVY_OK, NULL, 0, { 0 } },
        { "a scalar of two", 8, CVY_ERR_MODEL, "8 bytes", 0, { 0 } },
        { "no elements", 0, CVY_OK, NULL, SIZES(3, 0) },
        { "no elements but contents", 4, CVY_ERR_MODEL, "4 bytes", SIZES(3, 0) },
        { "negative", 4, CVY_ERR_MODEL, "size -1", SIZES(-1) },
        { "two negative", 4, CVY_ERR_MODEL, "size -1", SIZES(-1, -1) },
        { "INT64_MIN", 4, CVY_ERR_MODEL, "size -9223372036854775808", SIZES(INT64_MIN) },
        { "INT64_MAX", 4, CVY_ERR_MODEL_LIMIT, "2^63", SIZES(INT64_MAX) },
        { "2^64 elements", 4, CVY_ERR_MODEL_LIMIT, "2^63", SIZES(1LL << 32, 1LL << 32) },
        { "2^64 + 4 bytes", 4, CVY_ERR_MODEL_LIMIT, "2^63", SIZES((1LL << 62) + 1) },
        { "2^61 elements", 4, CVY_ERR_MODEL_LIMIT, "2^63", SIZES(1LL << 61) },
        { "2^62 bytes", 4, CVY_ERR_MODEL_LIMIT, "max_bytes", SIZES(1LL << 60) },
        { "2 GiB and 4 bytes", 4, CVY_ERR_MODEL_LIMIT, "max_bytes", SIZES((1LL << 29) + 1) },
        { "2 GiB that are not there", 4, CVY_ERR_MODEL, "4 bytes", SIZES(1LL << 29) },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        gives(rows[i].label, sized(rows[i].rank, rows[i].sizes, rows[i].bytes), rows[i].status,
              rows[i].word);
}

Test(tensors, a_scalar_has_rank_0)
{
    cvy_graph *graph = load("scalar", sized(0, NULL, 4), CVY_OK, NULL);
    const cvy_desc *desc = &graph->constants[0].desc;

    cr_expect_eq(desc->rank, 0);
    cr_expect_eq(desc->layout, CVY_PLAIN);
    cvy_graph_destroy(&graph);
}

// K18: all tensors together, those of Constant nodes as well.
Test(tensors, all_tensors_together_have_a_limit)
{
    static const float values[256];
    const int64_t size = 256;
    struct bytes graph = graph_open("x", "y"), constant = node("Constant", "", "c"), model;
    cvy_onnx_options options = { .max_bytes = 3000 };
    cvy_graph *none;

    put(&graph, GRAPH_INITIALIZER, tensor_head("a", ONNX_F32, 1, &size));
    put(&constant, NODE_ATTRIBUTE,
        attr_tensor("value", tensor_raw("", ONNX_F32, 1, &size, values, sizeof values)));
    put(&graph, GRAPH_NODE, constant);
    graph_node(&graph, "Sum", "x c", "y");
    model = model_of(graph, 13);
    // 1,024 bytes of c are there, those of a are only promised.
    cr_expect_eq(cvy_onnx_load_memory(model.data, model.count, &options, &none), CVY_ERR_MODEL);
    options.max_bytes = 2000;
    cr_expect_eq(cvy_onnx_load_memory(model.data, model.count, &options, &none),
                 CVY_ERR_MODEL_LIMIT, "%s", cvy_error_text());
    bytes_free(&model);
}

// dtypes (K17) ------------------------------------------------------------------------------------

Test(tensors, dtypes_that_convoy_has_not_are_named)
{
    static const struct {
        int number;
        const char *name;
    } rows[] = {
        { 4, "UINT16" }, { 5, "INT16" }, { 8, "STRING" }, { 12, "UINT32" }, { 13, "UINT64" },
        { 14, "COMPLEX64" }, { 15, "COMPLEX128" }, { 17, "FLOAT8E4M3FN" },
        { 18, "FLOAT8E4M3FNUZ" }, { 19, "FLOAT8E5M2" }, { 20, "FLOAT8E5M2FNUZ" }, { 21, "UINT4" },
        { 22, "INT4" }, { 23, "FLOAT4E2M1" }, { 24, "FLOAT8E8M0" }, { 25, "number 25" },
        { INT32_MAX, "number 2147483647" },
    };
    const int64_t one = 1;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bytes graph = graph_open("x", "y");

        gives(rows[i].name, model_with(tensor_raw("t", rows[i].number, 1, &one, "abcdabcd", 8)),
              CVY_ERR_MODEL_OP, rows[i].name);
        put(&graph, GRAPH_INPUT, value_info("z", rows[i].number, 1, &one));
        graph_node(&graph, "Relu", "x", "y");
        gives(rows[i].name, model_of(graph, 13), CVY_ERR_MODEL_OP, rows[i].name);
    }
    gives("0", model_with(tensor_raw("t", 0, 1, &one, "abcd", 4)), CVY_ERR_MODEL, "number 0");
    gives("-1", model_with(tensor_raw("t", -1, 1, &one, "abcd", 4)), CVY_ERR_MODEL, "number -1");
}

Test(tensors, segments_and_sparse_tensors_are_not_supported)
{
    struct bytes graph = graph_open("x", "y"), t = typed(ONNX_F32, TENSOR_RAW, "abcdabcd", 8),
                 constant = node("Constant", "", "c"), attr = { 0 };

    put_data(&t, TENSOR_SEGMENT, NULL, 0);
    gives("segment", model_with(t), CVY_ERR_MODEL_OP, "segments");
    put_data(&graph, GRAPH_SPARSE, NULL, 0);
    put_text(&attr, ATTR_NAME, "sparse_value");
    put_int(&attr, ATTR_TYPE, 11);
    put_data(&attr, 22, NULL, 0);
    put(&constant, NODE_ATTRIBUTE, attr);
    put(&graph, GRAPH_NODE, constant);
    graph_node(&graph, "Relu", "x", "y");
    gives("sparse", model_of(graph, 13), CVY_ERR_MODEL_OP,
          "sparse tensors (1); attribute sparse_value of Constant (1)");
}

// Files -------------------------------------------------------------------------------------------

static void write_file(const char *path, struct bytes contents)
{
    FILE *file = fopen(path, "wb");

    cr_assert(file);
    if (contents.count)
        cr_assert_eq(fwrite(contents.data, 1, contents.count, file), contents.count);
    fclose(file);
    bytes_free(&contents);
}

// The status for a file of these contents. *out is what came of it.
static cvy_status load_tensor(struct bytes contents, cvy_onnx_tensor *out)
{
    char path[] = "/tmp/convoy_tensor_XXXXXX";
    int fd = mkstemp(path);
    cvy_status st;

    cr_assert_geq(fd, 0);
    close(fd);
    write_file(path, contents);
    memset(out, 0xff, sizeof *out);
    st = cvy_onnx_tensor_load(path, out);
    unlink(path);
    return st;
}

Test(tensors, a_file_of_a_tensor_loads)
{
    static const float values[] = { 1, 2, 3, 4, 5, 6 };
    const int64_t sizes[] = { 2, 3 };
    cvy_onnx_tensor tensor;

    OK(load_tensor(tensor_raw("in", ONNX_F32, 2, sizes, values, sizeof values), &tensor));
    cr_expect_str_eq(tensor.name, "in");
    cr_expect_eq(tensor.desc.rank, 2);
    cr_expect_eq(tensor.desc.size[1], 3);
    cr_expect_eq(cvy_desc_bytes(&tensor.desc), sizeof values);
    cr_expect_eq(memcmp(tensor.data, values, sizeof values), 0);
    cvy_onnx_tensor_free(&tensor);
    cr_expect_null(tensor.data);
    cvy_onnx_tensor_free(&tensor);
    cvy_onnx_tensor_free(NULL);
    OK(load_tensor(tensor_raw("", ONNX_F32, 0, NULL, values, 4), &tensor));
    cr_expect_str_eq(tensor.name, "");
    cr_expect_eq(tensor.desc.rank, 0);
    cvy_onnx_tensor_free(&tensor);
}

static void expect_no_tensor(const char *label, struct bytes contents, cvy_status wanted)
{
    cvy_onnx_tensor tensor;
    cvy_status st = load_tensor(contents, &tensor);

    cr_expect_eq(st, wanted, "%s: %s: %s", label, cvy_status_name(st), cvy_error_text());
    cr_expect_null(tensor.data, "%s", label);
    cr_expect_eq(tensor.desc.rank, 0, "%s", label);
    cvy_onnx_tensor_free(&tensor);
}

Test(tensors, a_bad_file_of_a_tensor_gives_nothing)
{
    struct bytes entry = { 0 }, outside;
    const int64_t one = 1;
    char *name = calloc(1, 100001);
    cvy_onnx_tensor tensor;

    expect_no_tensor("empty", (struct bytes) { 0 }, CVY_ERR_MODEL);
    expect_no_tensor("a model", model_plain(), CVY_ERR_MODEL);
    expect_no_tensor("text", tensor_raw("t", ONNX_TEXT, 1, &one, NULL, 0), CVY_ERR_MODEL_OP);
    outside = tensor_head("t", ONNX_F32, 1, &one);
    put_text(&entry, 1, "location");
    put_text(&entry, 2, "etc/passwd");
    put(&outside, TENSOR_EXTERNAL, entry);
    put_int(&outside, TENSOR_LOCATION, 1);
    expect_no_tensor("external", outside, CVY_ERR_MODEL_OP);
    cr_expect_eq(cvy_onnx_tensor_load("/nowhere/at/all", &tensor), CVY_ERR_IO);
    cr_expect_eq(cvy_onnx_tensor_load("/tmp", &tensor), CVY_ERR_IO);
    cr_expect_eq(cvy_onnx_tensor_load(NULL, &tensor), CVY_ERR_ARGUMENT);
    cr_expect_eq(cvy_onnx_tensor_load("/tmp", NULL), CVY_ERR_ARGUMENT);
    // K14: a name that is too long is cut.
    memset(name, 'n', 100000);
    OK(load_tensor(tensor_raw(name, ONNX_F32, 1, &one, "abcd", 4), &tensor));
    cr_expect_eq(strlen(tensor.name), sizeof tensor.name - 1);
    cvy_onnx_tensor_free(&tensor);
    free(name);
}

// K3, K4 for tensors.
Test(tensors, a_damaged_file_of_a_tensor_is_refused_or_loaded)
{
    struct bytes whole = int32s(ONNX_F16, 1, 2);

    for (size_t i = 0; i <= whole.count; i++)
        for (int value = 0; value < 256; value += i == whole.count ? 256 : 1) {
            struct bytes copy = { 0 };
            cvy_onnx_tensor tensor;
            cvy_status st;

            // Cut for the last value, changed for the others.
            bytes_add(&copy, whole.data, value == 255 ? i : whole.count);
            if (i < copy.count)
                copy.data[i] = (unsigned char)value;
            st = load_tensor(copy, &tensor);
            cr_expect(is_documented(st), "byte %zu, value %d: %s", i, value,
                      cvy_status_name(st));
            cvy_onnx_tensor_free(&tensor);
        }
    bytes_free(&whole);
}
