// From a model to a graph: K9 of the loader's faults, and what a good model becomes. No device.
#include "onnx_fixture.h"

TestSuite(graph, .timeout = 60);

// What a model becomes ----------------------------------------------------------------------------

static cvy_value value_of(const cvy_graph *graph, const char *name)
{
    const struct stub_port *port = stub_port_find(graph->inputs, graph->input_count, name);

    port = port ? port : stub_port_find(graph->constants, graph->constant_count, name);
    return port ? port->value : 0;
}

Test(graph, a_model_becomes_inputs_constants_nodes_and_outputs)
{
    cvy_graph *graph = load("plain", model_plain(), CVY_OK, NULL);
    const struct stub_node *conv, *sum, *pad;

    cr_expect_eq(graph->input_count, 2);
    cr_expect_str_eq(graph->inputs[0].name, "x");
    cr_expect_str_eq(graph->inputs[1].name, "image");
    cr_expect_eq(graph->constant_count, 7);
    cr_expect_eq(graph->node_count, 5);
    cr_expect_eq(graph->output_count, 3);
    cr_expect_str_eq(graph->outputs[0].name, "y");
    cr_expect_str_eq(graph->outputs[1].name, "constant");
    cr_expect_eq(graph->outputs[1].value, value_of(graph, "constant"));
    conv = stub_node_find(graph, "first");
    cr_assert(conv);
    cr_expect_str_eq(conv->op, "Conv");
    // The input that is left out at the end is not there at all.
    cr_expect_eq(conv->input_count, 2);
    cr_expect_eq(conv->inputs[0], value_of(graph, "image"));
    cr_expect_eq(conv->inputs[1], value_of(graph, "packed"));
    // A node without a name has the operator's and its number in the file.
    sum = stub_node_find(graph, "Sum_4");
    pad = stub_node_find(graph, "Pad_5");
    cr_assert(sum && pad);
    cr_expect_eq(pad->inputs[0], sum->first_output);
    cr_expect_eq(graph->outputs[0].value, sum->first_output);
    cvy_graph_destroy(&graph);
}

Test(graph, an_input_has_the_sizes_that_are_known)
{
    static const int64_t zero_minus[] = { 0, -1 };
    struct bytes g = graph_open("x", "y"), type = { 0 }, info = { 0 }, tensor = { 0 };
    cvy_graph *graph = load("plain", model_plain(), CVY_OK, NULL);
    const cvy_desc *desc = &graph->inputs[1].desc;

    cr_expect_eq(desc->rank, 3);
    cr_expect_eq(desc->dtype, CVY_F32);
    cr_expect_eq(desc->size[0], CVY_ANY_SIZE);
    cr_expect_eq(desc->size[1], 2);
    cr_expect_eq(desc->size[2], CVY_ANY_SIZE);
    cvy_graph_destroy(&graph);
    put_int(&tensor, 1, ONNX_I64);
    put(&type, 1, tensor);
    put_text(&info, 1, "any");
    put(&info, 2, type);
    put(&g, GRAPH_INPUT, info);
    put(&g, GRAPH_INPUT, value_info("scalar", ONNX_BOOL, 0, NULL));
    put(&g, GRAPH_INPUT, value_info("odd", ONNX_F32, 2, zero_minus));
    graph_node(&g, "Relu", "x", "y");
    graph = load("shapes", model_of(g, 13), CVY_OK, NULL);
    cr_expect_eq(graph->inputs[1].desc.rank, CVY_ANY_RANK);
    cr_expect_eq(graph->inputs[1].desc.dtype, CVY_I64);
    cr_expect_eq(graph->inputs[2].desc.rank, 0);
    cr_expect_eq(graph->inputs[3].desc.size[0], 0);
    cr_expect_eq(graph->inputs[3].desc.size[1], CVY_ANY_SIZE);
    cvy_graph_destroy(&graph);
}

static bool input_is_constant(const char *op, const char *inputs, int64_t opset)
{
    struct bytes g = graph_open("a b c", "y");
    cvy_graph *graph;
    bool constant;

    graph_node(&g, op, inputs, "y");
    graph = load(op, model_of(g, opset), CVY_OK, NULL);
    constant = graph->inputs[1].constant;
    cr_expect(!graph->inputs[0].constant);
    cvy_graph_destroy(&graph);
    return constant;
}

Test(graph, an_input_whose_contents_a_node_needs_is_constant)
{
    cr_expect(input_is_constant("Reshape", "a b", 13));
    cr_expect(input_is_constant("Clip", "a b", 13));
    cr_expect(input_is_constant("Clip", "a - b", 13));
    cr_expect(!input_is_constant("Sum", "a b", 13));
    cr_expect(!input_is_constant("Sum", "a a b", 13));
}

Test(graph, one_node_that_needs_the_contents_is_enough)
{
    struct bytes g = graph_open("a b", "y z");
    cvy_graph *graph;

    graph_node(&g, "Reshape", "a b", "y");
    graph_node(&g, "Add", "a b", "z");
    graph = load("both", model_of(g, 13), CVY_OK, NULL);
    cr_expect(graph->inputs[1].constant);
    cvy_graph_destroy(&graph);
}

// IR versions before 4 list initialisers as inputs.
Test(graph, an_initialiser_that_is_an_input_is_no_input)
{
    struct bytes g = graph_open("x t", "y");
    const int64_t one = 1;
    cvy_graph *graph;

    put(&g, GRAPH_INITIALIZER, tensor_raw("t", ONNX_F32, 1, &one, "abcd", 4));
    put(&g, GRAPH_INITIALIZER, tensor_raw("unused", ONNX_F32, 1, &one, "abcd", 4));
    graph_node(&g, "Add", "x t", "y");
    graph = load("default", model_of(g, 13), CVY_OK, NULL);
    cr_expect_eq(graph->input_count, 1);
    cr_expect_eq(graph->constant_count, 1);
    cvy_graph_destroy(&graph);
    g = graph_open("x t t", "y");
    put(&g, GRAPH_INITIALIZER, tensor_raw("t", ONNX_F32, 1, &one, "abcd", 4));
    graph_node(&g, "Add", "x t", "y");
    gives("twice", model_of(g, 13), CVY_ERR_MODEL, "input \"t\"");
}

static struct bytes constant_model(struct bytes attribute)
{
    struct bytes g = graph_open("", "y"), constant = node("Constant", "", "y");

    put(&constant, NODE_ATTRIBUTE, attribute);
    put(&g, GRAPH_NODE, constant);
    return model_of(g, 13);
}

static struct bytes attr_floats(const char *name, const float *values, size_t count)
{
    struct bytes out = { 0 };

    put_text(&out, ATTR_NAME, name);
    put_int(&out, ATTR_TYPE, 6);
    for (size_t i = 0; i < count; i++)
        put_float(&out, ATTR_FLOATS, values[i]);
    return out;
}

static void expect_constant(struct bytes attribute, cvy_dtype dtype, int rank, const void *data,
                            size_t bytes)
{
    cvy_graph *graph = load("constant", constant_model(attribute), CVY_OK, NULL);
    const struct stub_port *port = graph->constants;

    cr_assert_eq(graph->constant_count, 1);
    cr_expect_eq(graph->node_count, 0);
    cr_expect_eq(port->desc.dtype, dtype);
    cr_expect_eq(port->desc.rank, rank);
    cr_expect(rank == 0 || port->desc.size[0] == (int64_t)(bytes / cvy_dtype_bytes(dtype)));
    cr_expect_eq(memcmp(port->data, data, bytes), 0);
    cvy_graph_destroy(&graph);
}

Test(graph, a_constant_node_becomes_a_constant)
{
    static const float floats[] = { 1.5f, -2 };
    static const int64_t ints[] = { -3, INT64_MAX, 0 };
    struct bytes two = node("Constant", "", "y"), g = graph_open("", "y"), attr;

    expect_constant(attr_int("value_int", -3), CVY_I64, 0, ints, 8);
    expect_constant(attr_ints("value_ints", ints, 3), CVY_I64, 1, ints, 24);
    expect_constant(attr_float("value_float", 1.5f), CVY_F32, 0, floats, 4);
    expect_constant(attr_floats("value_floats", floats, 2), CVY_F32, 1, floats, 8);
    expect_constant(attr_floats("value_floats", floats, 0), CVY_F32, 1, floats, 0);
    gives("text", constant_model(attr_text("value_string", "a")), CVY_ERR_MODEL_OP,
          "Constant: a value of text (1)");
    attr = attr_text("value_strings", "");
    attr.data[attr.count - 3] = 8;      // the type: STRINGS
    gives("texts", constant_model(attr), CVY_ERR_MODEL_OP, "value_strings");
    gives("another attribute", constant_model(attr_int("axis", 1)), CVY_ERR_MODEL, "one value");
    gives("bad tensor", constant_model(attr_tensor("value",
          tensor_raw("", ONNX_F32, 0, NULL, "abc", 3))), CVY_ERR_MODEL, "Constant_0");
    put(&two, NODE_ATTRIBUTE, attr_int("value_int", 1));
    put(&two, NODE_ATTRIBUTE, attr_float("value_float", 1));
    put(&g, GRAPH_NODE, two);
    gives("two values", model_of(g, 13), CVY_ERR_MODEL, "one value");
}

Test(graph, a_node_is_expanded_by_its_operator)
{
    struct bytes g = graph_open("x", "y pooled"), pool = node("MaxPool", "x", "pooled -"), soft;
    cvy_value in = 17, out[2] = { 99, 99 };
    const struct stub_node *found;
    cvy_graph *graph;

    put(&g, GRAPH_NODE, pool);
    soft = node("Softmax", "x", "soft");
    put_text(&soft, NODE_NAME, "soft\n");
    put(&g, GRAPH_NODE, soft);
    graph_node(&g, "Identity", "x", "y");
    graph_node(&g, "MaxPool", "x", "- indices");
    graph = load("expand", model_of(g, 13), CVY_OK, NULL);
    found = stub_node_find(graph, "MaxPool_0");
    cr_expect_eq(found->output_count, 1);
    OK(found->expand(found->user, graph, found->name, &in, out));
    cr_expect_eq(out[0], 17);
    cr_expect_eq(out[1], 99);
    found = stub_node_find(graph, "Softmax_1");
    cr_expect_null(found);
    found = stub_node_find(graph, "soft\\x0a");
    cr_expect_eq(found->expand(found->user, graph, found->name, &in, out), CVY_ERR_SHAPE);
    cr_expect_str_eq(cvy_error_text(), "soft\\x0a cannot be had");
    found = stub_node_find(graph, "Identity_2");
    cr_expect_eq(found->expand(found->user, graph, found->name, &in, out), CVY_ERR_INTERNAL);
    found = stub_node_find(graph, "MaxPool_3");
    cr_expect_eq(found->output_count, 2);
    cr_expect(!((struct onnx_node *)found->user)->output_used[0]);
    cr_expect(((struct onnx_node *)found->user)->output_used[1]);
    cvy_graph_destroy(&graph);
}

// Order and names (K9) ----------------------------------------------------------------------------

struct wire_node {
    const char *op, *inputs, *outputs;
};

static struct bytes nodes_model(const char *inputs, const char *outputs,
                                const struct wire_node nodes[6])
{
    struct bytes g = graph_open(inputs, outputs);

    for (int i = 0; i < 6 && nodes[i].op; i++)
        graph_node(&g, nodes[i].op, nodes[i].inputs, nodes[i].outputs);
    return model_of(g, 13);
}

Test(graph, names_and_order_are_checked)
{
    static const struct {
        const char *label, *inputs, *outputs;
        struct wire_node nodes[6];
        cvy_status status;
        const char *word;
    } rows[] = {
        { "one node", "x", "y", { { "Relu", "x", "y" } }, CVY_OK, NULL },
        { "unsorted", "x", "y", { { "Relu", "b", "y" }, { "Relu", "a", "b" },
                                  { "Relu", "x", "a" } }, CVY_OK, NULL },
        { "a self-loop", "x", "y", { { "Add", "x y", "y" } }, CVY_ERR_MODEL, "a cycle" },
        { "a cycle", "x", "y", { { "Add", "x b", "a" }, { "Relu", "a", "b" },
                                 { "Relu", "b", "y" } }, CVY_ERR_MODEL, "node \"Add_0\"" },
        { "a cycle apart", "x", "y", { { "Relu", "x", "y" }, { "Relu", "a", "b" },
                                       { "Relu", "b", "a" } }, CVY_ERR_MODEL, "a cycle" },
        { "a missing input", "x", "y", { { "Add", "x z", "y" } }, CVY_ERR_MODEL,
          "node \"Add_0\" (Add): nothing makes its input \"z\"" },
        { "a missing output", "x", "y", { { "Relu", "x", "z" } }, CVY_ERR_MODEL,
          "nothing makes the output \"y\"" },
        { "no outputs", "x", "", { { "Relu", "x", "z" } }, CVY_ERR_MODEL, "no outputs" },
        { "an output twice", "x", "y y", { { "Relu", "x", "y" } }, CVY_ERR_MODEL, "twice" },
        { "an input twice", "x x", "y", { { "Relu", "x", "y" } }, CVY_ERR_MODEL, "\"x\"" },
        { "two makers", "x", "y", { { "Relu", "x", "y" }, { "Relu", "x", "y" } }, CVY_ERR_MODEL,
          "another tensor" },
        { "one maker twice", "x", "y", { { "MaxPool", "x", "y y" } }, CVY_ERR_MODEL, "\"y\"" },
        { "a shadowed input", "x y", "y", { { "Relu", "x", "y" } }, CVY_ERR_MODEL, "\"y\"" },
        { "an output that dangles", "x", "y", { { "Relu", "x", "z" }, { "Relu", "x", "y" } },
          CVY_OK, NULL },
        { "an input as an output", "x", "x", { { NULL } }, CVY_OK, NULL },
        { "nothing but an output", "", "y", { { NULL } }, CVY_ERR_MODEL, "\"y\"" },
        { "a needed input left out", "x", "y", { { "Add", "- x", "y" } }, CVY_ERR_MODEL,
          "leaves out input 0" },
        { "too few inputs", "x", "y", { { "Add", "x", "y" } }, CVY_ERR_MODEL, "1 inputs" },
        { "only inputs left out", "x", "y", { { "Relu", "- -", "y" } }, CVY_ERR_MODEL,
          "0 inputs" },
        { "too many inputs", "x", "y", { { "Add", "x x x", "y" } }, CVY_ERR_MODEL, "2 at most" },
        { "any number", "x", "y", { { "Sum", "x x x x x x x x", "y" } }, CVY_OK, NULL },
        { "too many outputs", "x", "y", { { "Relu", "x", "y z" } }, CVY_ERR_MODEL, "2 outputs" },
        { "no output", "x", "x", { { "Relu", "x", "" } }, CVY_ERR_MODEL, "0 outputs" },
        { "outputs left out", "x", "x", { { "Relu", "x", "-" } }, CVY_ERR_MODEL, "0 outputs" },
        { "a hole among outputs", "x", "y", { { "MaxPool", "x", "- y" } }, CVY_OK, NULL },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        gives(rows[i].label, nodes_model(rows[i].inputs, rows[i].outputs, rows[i].nodes),
              rows[i].status, rows[i].word);
}

Test(graph, nodes_in_order_stay_as_they_are)
{
    static const struct wire_node sorted[6] = {
        { "Relu", "x", "a" }, { "Relu", "x", "b" }, { "Add", "b a", "c" }, { "Relu", "x", "d" },
        { "Add", "d c", "y" } };
    cvy_graph *graph = load("sorted", nodes_model("x", "y", sorted), CVY_OK, NULL);
    static const char *const names[] = { "Relu_0", "Relu_1", "Add_2", "Relu_3", "Add_4" };

    for (size_t i = 0; i < COUNT_OF(names); i++)
        cr_expect_str_eq(graph->nodes[i].name, names[i]);
    cvy_graph_destroy(&graph);
}

Test(graph, each_node_comes_after_those_that_it_reads)
{
    static const struct wire_node mixed[6] = {
        { "Add", "d c", "y" }, { "Add", "b a", "c" }, { "Relu", "x", "b" }, { "Relu", "c", "d" },
        { "Relu", "x", "a" } };
    cvy_graph *graph = load("mixed", nodes_model("x", "y", mixed), CVY_OK, NULL);

    // The stub refuses values that are not there yet.
    cr_expect_eq(graph->node_count, 5);
    cr_expect_str_eq(graph->nodes[4].name, "Add_0");
    cr_expect_eq(graph->outputs[0].value, graph->nodes[4].first_output);
    cvy_graph_destroy(&graph);
}

Test(graph, what_has_no_name_is_refused)
{
    const int64_t one = 1;
    struct bytes g = graph_open("x", "y");

    put(&g, GRAPH_INPUT, value_info("", ONNX_F32, 1, &one));
    gives("input", model_of(g, 13), CVY_ERR_MODEL, "input without a name");
    g = graph_open("x", "x");
    put(&g, GRAPH_OUTPUT, value_info("", ONNX_F32, 1, &one));
    gives("output", model_of(g, 13), CVY_ERR_MODEL, "output without a name");
    g = graph_open("x", "x");
    put(&g, GRAPH_INITIALIZER, tensor_raw("", ONNX_F32, 1, &one, "abcd", 4));
    gives("initializer", model_of(g, 13), CVY_ERR_MODEL, "initializer without a name");
    g = graph_open("x", "x");
    put(&g, GRAPH_INITIALIZER, tensor_raw("t", ONNX_F32, 1, &one, "abcd", 4));
    put(&g, GRAPH_INITIALIZER, tensor_raw("t", ONNX_F32, 1, &one, "abcd", 4));
    gives("initializer twice", model_of(g, 13), CVY_ERR_MODEL, "\"t\"");
    g = graph_open("x", "y");
    graph_node(&g, "", "x", "y");
    gives("node without an operator", model_of(g, 13), CVY_ERR_MODEL, "node 0");
    g = graph_open("x", "t");
    put(&g, GRAPH_INITIALIZER, tensor_raw("t", ONNX_F32, 1, &one, "abcd", 4));
    graph_node(&g, "Relu", "x", "t");
    gives("initializer made by a node", model_of(g, 13), CVY_ERR_MODEL, "\"t\"");
}

Test(graph, inputs_are_dense_tensors_of_known_type)
{
    const int64_t seven[] = { 1, 1, 1, 1, 1, 1, 1 }, minus = -2;
    struct bytes g = graph_open("x", "x"), info = { 0 };

    put(&g, GRAPH_INPUT, value_info("a", ONNX_F32, 7, seven));
    gives("rank 7", model_of(g, 13), CVY_ERR_MODEL_OP, "inputs of rank 7 (1)");
    g = graph_open("x", "x");
    put(&g, GRAPH_INPUT, value_info("a", ONNX_F32, 1, &minus));
    gives("a negative size", model_of(g, 13), CVY_ERR_MODEL, "size -2");
    g = graph_open("x", "x");
    put_text(&info, 1, "a");
    put(&g, GRAPH_INPUT, info);
    gives("no type", model_of(g, 13), CVY_ERR_MODEL, "no type");
    g = graph_open("x", "x");
    put(&g, GRAPH_INPUT, value_info("a", 0, 1, seven));
    gives("no dtype", model_of(g, 13), CVY_ERR_MODEL, "number 0");
}
