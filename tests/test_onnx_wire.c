// The loader against any bytes at all: K1 to K6 and K12 of its faults. No device.
#include "onnx_fixture.h"

#include <time.h>

TestSuite(wire, .timeout = 300);

// Damage ------------------------------------------------------------------------------------------

Test(wire, the_models_that_are_damaged_are_good_ones)
{
    gives("plain", model_plain(), CVY_OK, NULL);
    gives("odd", model_odd(), CVY_ERR_MODEL_OP, "not supported");
}

// K1. A message without fields is a message, but no model.
Test(wire, nothing_is_no_model)
{
    gives("empty", (struct bytes) { .data = calloc(1, 1) }, CVY_ERR_MODEL, "not an ONNX model");
}

// K2.
Test(wire, random_bytes_are_refused_or_loaded)
{
    uint64_t state = 88172645463325252u;

    for (size_t round = 0; round < 20000; round++) {
        unsigned char data[64];

        for (size_t i = 0; i < sizeof data; i++) {
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;
            data[i] = (unsigned char)(state >> 32);
        }
        // Half of them begin like a model.
        if (round & 1)
            memcpy(data, "\x08\x08\x3a\x3c\x0a\x20", 6);
        survives("round", round, data, 1 + round % sizeof data);
    }
}

// In memory of their own size, so that a sanitizer sees a read past the end.
static void try_cut(const char *label, const struct bytes *model, size_t count)
{
    unsigned char *cut = malloc(count ? count : 1);

    memcpy(cut, model->data, count);
    survives(label, count, cut, count);
    free(cut);
}

// K3.
Test(wire, a_file_that_ends_anywhere_is_refused_or_loaded)
{
    struct bytes plain = model_plain(), odd = model_odd();

    for (size_t i = 0; i <= plain.count; i++)
        try_cut("plain cut to", &plain, i);
    for (size_t i = 0; i <= odd.count; i++)
        try_cut("odd cut to", &odd, i);
    bytes_free(&plain);
    bytes_free(&odd);
}

static void try_every_byte(const char *label, struct bytes model)
{
    for (size_t i = 0; i < model.count; i++) {
        unsigned char was = model.data[i];

        for (int value = 0; value < 256; value++) {
            model.data[i] = (unsigned char)value;
            survives(label, 256 * i + (size_t)value, model.data, model.count);
        }
        model.data[i] = was;
    }
    bytes_free(&model);
}

// K4.
Test(wire, a_plain_model_with_any_byte_changed_is_refused_or_loaded)
{
    try_every_byte("plain, byte * 256 + value", model_plain());
}

Test(wire, an_odd_model_with_any_byte_changed_is_refused_or_loaded)
{
    try_every_byte("odd, byte * 256 + value", model_odd());
}

// K4: several at once, bytes that vanish, bytes that are given twice.
Test(wire, models_with_many_changes_are_refused_or_loaded)
{
    struct bytes plain = model_plain();
    uint64_t state = 1234567;

    for (size_t round = 0; round < 30000; round++) {
        struct bytes copy = { 0 };

        bytes_add(&copy, plain.data, plain.count);
        for (size_t change = 0; change < 1 + round % 4; change++) {
            size_t at, length;

            state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
            at = (size_t)(state >> 33) % copy.count;
            length = (size_t)(state >> 20) % 16 % (copy.count - at);
            if (state & 1 << 12)
                copy.data[at] = (unsigned char)(state >> 24);
            else if (state & 1 << 13)
                memmove(copy.data + at, copy.data + at + length, (copy.count -= length) - at);
            else
                memmove(copy.data + at, copy.data + at / 2, length);
        }
        survives("round", round, copy.data, copy.count);
        bytes_free(&copy);
    }
    bytes_free(&plain);
}

// Single fields (K5) ------------------------------------------------------------------------------

// A good model and more bytes of the same message behind it.
static struct bytes model_and(const void *data, size_t count)
{
    struct bytes model = model_plain();

    bytes_add(&model, data, count);
    return model;
}

Test(wire, numbers_lengths_and_wire_types_are_checked)
{
#define ROW(label, status, word, text) { label, status, word, text, sizeof text - 1 }
    static const struct {
        const char *label;
        cvy_status status;
        const char *word;
        const char *data;
        size_t count;
    } rows[] = {
        ROW("an unknown number", CVY_OK, NULL, "\xc8\x3e\x07"),
        ROW("unknown 32 bits", CVY_OK, NULL, "\xcd\x3e" "abcd"),
        ROW("unknown 64 bits", CVY_OK, NULL, "\xc9\x3e" "abcdefgh"),
        ROW("an unknown text", CVY_OK, NULL, "\xca\x3e\x02" "a\0"),
        ROW("ten bytes", CVY_OK, NULL, "\xc8\x3e\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
        ROW("a number written long", CVY_OK, NULL, "\xc8\x3e\x81\x80\x80\x80\x00"),
        ROW("eleven bytes", CVY_ERR_MODEL, "number",
            "\xc8\x3e\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
        ROW("65 bits", CVY_ERR_MODEL, "64 bits",
            "\xc8\x3e\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
        ROW("a tag of six bytes", CVY_ERR_MODEL, "too many bytes",
            "\xc8\x80\x80\x80\x80\x00\x07"),
        ROW("a tag of 35 bits", CVY_ERR_MODEL, "no number", "\xf8\xff\xff\xff\x7f\x07"),
        ROW("a tag alone", CVY_ERR_MODEL, "does not end", "\xc8\x3e"),
        ROW("half a tag", CVY_ERR_MODEL, "does not end", "\xc8"),
        ROW("field 0", CVY_ERR_MODEL, "no number", "\x00\x07"),
        ROW("3 of 4 bytes", CVY_ERR_MODEL, "past the end", "\xcd\x3e" "abc"),
        ROW("7 of 8 bytes", CVY_ERR_MODEL, "past the end", "\xc9\x3e" "abcdefg"),
        ROW("a length past the end", CVY_ERR_MODEL, "past the end", "\xca\x3e\x03" "ab"),
        ROW("a length of 2^31", CVY_ERR_MODEL, "past the end", "\xca\x3e\x80\x80\x80\x80\x08"),
        ROW("a length of six bytes", CVY_ERR_MODEL, "too many", "\xca\x3e\x81\x80\x80\x80\x80\0a"),
        ROW("a group", CVY_ERR_MODEL, "groups", "\xcb\x3e\xcc\x3e"),
        ROW("the end of a group", CVY_ERR_MODEL, "groups", "\xcc\x3e"),
        ROW("wire type 6", CVY_ERR_MODEL, "wire types", "\xce\x3e"),
        ROW("wire type 7", CVY_ERR_MODEL, "wire types", "\xcf\x3e"),
        ROW("a second IR version", CVY_ERR_MODEL, "twice", "\x08\x08"),
        ROW("a second graph", CVY_ERR_MODEL, "twice", "\x3a\x00"),
        ROW("a graph that is a number", CVY_ERR_MODEL, "wrong wire type", "\x38\x00"),
        ROW("a graph of 32 bits", CVY_ERR_MODEL, "wrong wire type", "\x3d" "abcd"),
        ROW("an IR version of 32 bits", CVY_ERR_MODEL, "wrong wire type", "\x0d" "abcd"),
        ROW("a packed IR version", CVY_ERR_MODEL, "wrong wire type", "\x0a\x01\x08"),
        ROW("an opset of one odd byte", CVY_ERR_MODEL, "does not end", "\x42\x01\x80"),
        ROW("an opset past its end", CVY_ERR_MODEL, "past the end", "\x42\x02\x0a\x01"),
        ROW("a NUL in a domain", CVY_ERR_MODEL, "NUL", "\x42\x04\x0a\x02" "a\0"),
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        gives(rows[i].label, model_and(rows[i].data, rows[i].count), rows[i].status,
              rows[i].word);
}

Test(wire, packed_numbers_fill_their_length)
{
    const int64_t two = 2;
    static const struct {
        const char *label;
        int dtype;
        uint32_t field;
        const char *data;
        size_t count;
        cvy_status status;
        const char *word;
    } rows[] = {
        { "two floats", ONNX_F32, TENSOR_FLOATS, "abcdabcd", 8, CVY_OK, NULL },
        { "two floats and a byte", ONNX_F32, TENSOR_FLOATS, "abcdabcda", 9, CVY_ERR_MODEL,
          "fill" },
        { "a double and a half", ONNX_F64, TENSOR_DOUBLES, "abcdabcdabcd", 12, CVY_ERR_MODEL,
          "fill" },
        { "two numbers", ONNX_I64, TENSOR_INT64S, "\x01\x81\x00", 3, CVY_OK, NULL },
        { "a number past the field", ONNX_I64, TENSOR_INT64S, "\x01\x81", 2, CVY_ERR_MODEL,
          "does not end" },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bytes graph = graph_open("x", "y"), t = tensor_head("t", rows[i].dtype, 1, &two);

        put_data(&t, rows[i].field, rows[i].data, rows[i].count);
        put(&graph, GRAPH_INITIALIZER, t);
        graph_node(&graph, "Sum", "x t", "y");
        gives(rows[i].label, model_of(graph, 13), rows[i].status, rows[i].word);
    }
}

// Nesting (K6, K15) -------------------------------------------------------------------------------

// A tag and a length around what there is, which for many layers are written from the end.
static struct bytes wrap_all(struct bytes inner, const uint32_t *fields, size_t count,
                             size_t layers)
{
    size_t room = layers * count * 8 + inner.count, at = room - inner.count;
    unsigned char *data = malloc(room);
    struct bytes out = { 0 };

    if (inner.count)
        memcpy(data + at, inner.data, inner.count);
    bytes_free(&inner);
    for (size_t i = 0; i < layers * count; i++) {
        struct bytes head = { 0 };

        put_tag(&head, fields[i % count], WIRE_LENGTH);
        put_varint(&head, room - at);
        at -= head.count;
        memcpy(data + at, head.data, head.count);
        bytes_free(&head);
    }
    bytes_add(&out, data + at, room - at);
    free(data);
    return out;
}

// Graphs in attributes of nodes, `layers` deep.
static struct bytes nested_graphs(size_t layers)
{
    static const uint32_t fields[] = { ATTR_G, NODE_ATTRIBUTE, GRAPH_NODE };

    return model_of(wrap_all(graph_open("", ""), fields, 3, layers), 13);
}

static struct bytes nested_types(size_t layers)
{
    static const uint32_t fields[] = { 1, 4 };      // a type in a sequence in a type
    struct bytes info = { 0 }, graph = graph_open("x", "y");

    put_text(&info, 1, "list");
    put(&info, 2, wrap_all((struct bytes) { .data = calloc(1, 1) }, fields, 2, layers));
    put(&graph, GRAPH_INPUT, info);
    graph_node(&graph, "Relu", "x", "y");
    return model_of(graph, 13);
}

Test(wire, nesting_is_bounded)
{
    // Model, graph, and three messages for each graph inside: 2 + 3 * 32 is below 100.
    gives("32 graphs", nested_graphs(32), CVY_ERR_MODEL, "no operator");
    gives("33 graphs", nested_graphs(33), CVY_ERR_MODEL_LIMIT, "nested");
    gives("20,000 graphs", nested_graphs(20000), CVY_ERR_MODEL_LIMIT, "nested");
    gives("300,000 graphs", nested_graphs(300000), CVY_ERR_MODEL_LIMIT, "nested");
    gives("48 types", nested_types(48), CVY_ERR_MODEL_OP, "no dense tensors");
    gives("49 types", nested_types(49), CVY_ERR_MODEL_LIMIT, "nested");
    gives("100,000 types", nested_types(100000), CVY_ERR_MODEL_LIMIT, "nested");
}

// Counts (K12) ------------------------------------------------------------------------------------

// One field many times over in a message of its own.
static struct bytes many(uint32_t field, struct bytes part, size_t count)
{
    struct bytes out = { 0 };

    for (size_t i = 0; i < count; i++)
        put_data(&out, field, part.data, part.count);
    bytes_free(&part);
    return out;
}

Test(wire, counts_are_bounded)
{
    enum { MILLION = 1000000 };
    const int64_t four = 4, zeros[65] = { 0 };
    struct bytes none = { 0 }, sizes = { 0 };

    gives("nodes", model_of(many(GRAPH_NODE, none, MILLION), 13), CVY_ERR_MODEL_LIMIT, "nodes");
    gives("inputs", model_of(many(GRAPH_INPUT, value_info("x", 1, 1, &four), MILLION), 13),
          CVY_ERR_MODEL_LIMIT, "inputs");
    gives("outputs", model_of(many(GRAPH_OUTPUT, none, MILLION), 13), CVY_ERR_MODEL_LIMIT,
          "outputs");
    gives("initialisers", model_of(many(GRAPH_INITIALIZER, none, MILLION), 13),
          CVY_ERR_MODEL_LIMIT, "tensors");
    gives("attributes", model_of(many(GRAPH_NODE, many(NODE_ATTRIBUTE, none, 65), 1), 13),
          CVY_ERR_MODEL_LIMIT, "NodeProto");
    put_packed(&sizes, TENSOR_DIMS, zeros, 65);
    gives("sizes", model_of(many(GRAPH_INITIALIZER, sizes, 1), 13), CVY_ERR_MODEL_LIMIT,
          "TensorProto");
}

// A file that takes much more memory than it has bytes.
Test(wire, memory_is_bounded_by_the_size_of_the_file)
{
    struct bytes node_of_many = { 0 };

    for (int i = 0; i < 6000000; i++)
        put_tag(&node_of_many, NODE_INPUT, WIRE_LENGTH), put_varint(&node_of_many, 0);
    gives("empty names", model_of(many(GRAPH_NODE, node_of_many, 1), 13), CVY_ERR_MODEL_LIMIT,
          "memory");
}

// Numbers that are not packed take some hundred bytes each, but only for a while.
Test(wire, memory_that_was_given_back_does_not_count)
{
    struct bytes graph = graph_open("x", "y"), numbers = { 0 };

    put_text(&numbers, ATTR_NAME, "axes");
    for (int i = 0; i < 1000000; i++)
        put_int(&numbers, ATTR_INTS, 1);
    graph_node(&graph, "Relu", "x", "y");
    for (int i = 0; i < 8; i++) {
        struct bytes relu = { 0 };
        char name[8];

        snprintf(name, sizeof name, "o%d", i);
        put_text(&relu, NODE_INPUT, "x");
        put_text(&relu, NODE_OUTPUT, name);
        put_text(&relu, NODE_OP, "Relu");
        put_data(&relu, NODE_ATTRIBUTE, numbers.data, numbers.count);
        put(&graph, GRAPH_NODE, relu);
    }
    bytes_free(&numbers);
    gives("eight times a million", model_of(graph, 13), CVY_OK, NULL);
}

Test(wire, limits_are_the_callers)
{
    struct bytes model = model_plain();
    cvy_graph *graph;
    const struct {
        const char *label;
        cvy_onnx_options options;
        cvy_status status;
    } rows[] = {
        { "six nodes", { .max_nodes = 6 }, CVY_OK },
        { "five nodes", { .max_nodes = 5 }, CVY_ERR_MODEL_LIMIT },
        { "twelve tensors", { .max_tensors = 12 }, CVY_OK },
        { "eleven tensors", { .max_tensors = 11 }, CVY_ERR_MODEL_LIMIT },
        { "as many bytes", { .max_bytes = (int64_t)model.count }, CVY_OK },
        { "a byte less", { .max_bytes = (int64_t)model.count - 1 }, CVY_ERR_MODEL_LIMIT },
        { "nodes below 0", { .max_nodes = -1 }, CVY_ERR_ARGUMENT },
        { "tensors below 0", { .max_tensors = -1 }, CVY_ERR_ARGUMENT },
        { "bytes below 0", { .max_bytes = INT64_MIN }, CVY_ERR_ARGUMENT },
        { "no limits", { false, INT64_MAX, INT64_MAX, INT64_MAX }, CVY_OK },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        cvy_status st = cvy_onnx_load_memory(model.data, model.count, &rows[i].options, &graph);

        cr_expect_eq(st, rows[i].status, "%s: %s", rows[i].label, cvy_status_name(st));
        cvy_graph_destroy(&graph);
    }
    bytes_free(&model);
}

Test(wire, arguments_are_checked)
{
    cvy_graph *graph = (cvy_graph *)&graph;

    cr_expect_eq(cvy_onnx_load_memory(NULL, 1, NULL, &graph), CVY_ERR_ARGUMENT);
    cr_expect_null(graph);
    cr_expect_eq(cvy_onnx_load_memory("", 0, NULL, NULL), CVY_ERR_ARGUMENT);
    cr_expect_eq(cvy_onnx_load(NULL, NULL, &graph), CVY_ERR_ARGUMENT);
    cr_expect_eq(cvy_onnx_load("model.onnx", NULL, NULL), CVY_ERR_ARGUMENT);
}

// Time (K12) --------------------------------------------------------------------------------------

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// A chain of count nodes, in order or the last one first.
static struct bytes chain(int count, bool backwards)
{
    struct bytes graph = graph_open("n0", "");
    const int64_t four = 4;
    char in[32], out[32];

    for (int i = 0; i < count; i++) {
        int at = backwards ? count - 1 - i : i;

        snprintf(in, sizeof in, "n%d", at);
        snprintf(out, sizeof out, "n%d", at + 1);
        graph_node(&graph, "Relu", in, out);
    }
    snprintf(out, sizeof out, "n%d", count);
    put(&graph, GRAPH_OUTPUT, value_info(out, ONNX_F32, 1, &four));
    return model_of(graph, 13);
}

static struct bytes wide_sum(int count)
{
    struct bytes graph = graph_open("x", "y"), sum = { 0 };

    for (int i = 0; i < count; i++)
        put_text(&sum, NODE_INPUT, "x");
    put_text(&sum, NODE_OUTPUT, "y");
    put_text(&sum, NODE_OP, "Sum");
    put(&graph, GRAPH_NODE, sum);
    return model_of(graph, 13);
}

static double time_to_load(struct bytes model)
{
    const cvy_onnx_options options = { .max_nodes = 2000000 };
    double start = seconds();
    cvy_graph *graph;

    OK(cvy_onnx_load_memory(model.data, model.count, &options, &graph));
    start = seconds() - start;
    cvy_graph_destroy(&graph);
    bytes_free(&model);
    return start;
}

// Quadratic time would be a hundred times as much for ten times the file.
static void expect_linear(const char *label, double small, double large)
{
    cr_expect_lt(large, 40 * small + 0.5, "%s: %g s, %g s for ten times as much", label, small,
                 large);
}

Test(wire, time_grows_with_the_file_and_no_faster)
{
    expect_linear("a chain", time_to_load(chain(100000, false)),
                  time_to_load(chain(1000000, false)));
    expect_linear("backwards", time_to_load(chain(100000, true)),
                  time_to_load(chain(1000000, true)));
    expect_linear("one node", time_to_load(wide_sum(200000)), time_to_load(wide_sum(2000000)));
}
