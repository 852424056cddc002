// The two models that are cut, changed and starved.
#include "onnx_write.h"

#include <string.h>

static struct bytes dimension(const char *name)
{
    struct bytes out = { 0 };

    if (name)
        put_text(&out, 2, name);
    return out;
}

// A batch of any size, two channels, and a size that is not said at all.
static struct bytes open_input(const char *name)
{
    struct bytes shape = { 0 }, tensor = { 0 }, type = { 0 }, out = { 0 }, two = { 0 };

    put_int(&two, 1, 2);
    put(&shape, 1, dimension("batch"));
    put(&shape, 1, two);
    put(&shape, 1, dimension(NULL));
    put_int(&tensor, 1, ONNX_F32);
    put(&tensor, 2, shape);
    put(&type, 1, tensor);
    put_text(&out, 1, name);
    put(&out, 2, type);
    return out;
}

static void add_tensors(struct bytes *graph)
{
    static const float floats[] = { 1, -2, 0.5f, 4 };
    static const double doubles[] = { 0.1, -1e300 };
    const int64_t four = 4, two = 2, minus[] = { -1, 2 };
    struct bytes t = tensor_head("packed", ONNX_F32, 1, &four);

    put_data(&t, TENSOR_FLOATS, floats, sizeof floats);
    put(graph, GRAPH_INITIALIZER, t);
    put(graph, GRAPH_INITIALIZER, tensor_raw("raw", ONNX_F32, 1, &four, floats, sizeof floats));
    t = tensor_head("doubles", ONNX_F64, 1, &two);
    put_data(&t, TENSOR_DOUBLES, doubles, sizeof doubles);
    put(graph, GRAPH_INITIALIZER, t);
    t = tensor_head("shape", ONNX_I64, 1, &two);
    put_packed(&t, TENSOR_INT64S, minus, 2);
    put(graph, GRAPH_INITIALIZER, t);
    t = tensor_head("bytes", ONNX_I8, 1, &two);
    put_int(&t, TENSOR_INT32S, -1);
    put_int(&t, TENSOR_INT32S, 127);
    put(graph, GRAPH_INITIALIZER, t);
    put(graph, GRAPH_INITIALIZER, tensor_raw("scalar", ONNX_F32, 0, NULL, floats, 4));
}

struct bytes model_plain(void)
{
    static const int64_t pads[] = { 0, 1, -1, 1000000 };
    static const float half = 0.5f;
    struct bytes graph = graph_open("x", "y constant copy"), conv, constant, pad, model;

    put(&graph, GRAPH_INPUT, open_input("image"));
    add_tensors(&graph);
    conv = node("Conv", "image packed -", "c");
    put(&conv, NODE_ATTRIBUTE, attr_ints("pads", pads, 4));
    put(&conv, NODE_ATTRIBUTE, attr_int("group", 1));
    put(&conv, NODE_ATTRIBUTE, attr_text("auto_pad", "NOTSET"));
    put_text(&conv, NODE_NAME, "first");
    put_text(&conv, NODE_DOMAIN, "ai.onnx");
    put(&graph, GRAPH_NODE, conv);
    constant = node("Constant", "", "constant");
    put(&constant, NODE_ATTRIBUTE, attr_tensor("value",
        tensor_raw("", ONNX_F32, 0, NULL, &half, 4)));
    put(&graph, GRAPH_NODE, constant);
    graph_node(&graph, "Add", "c raw", "sum");
    graph_node(&graph, "Reshape", "sum shape", "s");
    graph_node(&graph, "Sum", "s x bytes doubles scalar", "y");
    pad = node("Pad", "y", "copy");
    put(&pad, NODE_ATTRIBUTE, attr_float("value", 1.5f));
    put(&graph, GRAPH_NODE, pad);
    model = model_of(graph, 13);
    put_text(&model, 2, "a program that nobody asked about");
    return model;
}

struct bytes model_odd(void)
{
    const int64_t one = 1;
    struct bytes graph = graph_open("x", "y"), body = graph_open("", "z"), branch, info, type,
        sequence = { 0 }, model, import = { 0 }, entry = { 0 }, outside, sparse;

    graph_node(&body, "Relu", "x", "z");
    branch = node("If", "x", "y");
    info = attr_text("then_branch", "");
    put(&info, ATTR_G, body);
    put(&branch, NODE_ATTRIBUTE, info);
    put(&graph, GRAPH_NODE, branch);
    info = (struct bytes) { 0 };
    type = (struct bytes) { 0 };
    put_data(&sequence, 1, NULL, 0);
    put(&type, 4, sequence);
    put_text(&info, 1, "list");
    put(&info, 2, type);
    put(&graph, GRAPH_INPUT, info);
    outside = tensor_head("outside", ONNX_F32, 1, &one);
    put_text(&entry, 1, "location");
    put_text(&entry, 2, "weights.bin");
    put(&outside, TENSOR_EXTERNAL, entry);
    put_int(&outside, TENSOR_LOCATION, 1);
    put(&graph, GRAPH_INITIALIZER, outside);
    sparse = node("Relu", "x", "u");
    put_text(&sparse, NODE_DOMAIN, "com.example");
    put(&graph, GRAPH_NODE, sparse);
    put_data(&graph, GRAPH_SPARSE, "\x0a", 1);
    put(&graph, GRAPH_INITIALIZER, tensor_raw("text", ONNX_TEXT, 1, &one, "", 0));
    model = model_of(graph, 22);
    put_text(&import, 1, "com.example");
    put_int(&import, 2, 1);
    put(&model, MODEL_OPSET, import);
    put_text(&model, MODEL_FUNCTIONS, "f");
    return model;
}
