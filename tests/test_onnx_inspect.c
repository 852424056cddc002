// What cvy_onnx_inspect says of models that load and of models that do not. No device.
#include "onnx_fixture.h"

#include <unistd.h>

TestSuite(inspect, .timeout = 60);

// The info of a model, which is freed; NULL and the status checked, or an info to destroy.
static cvy_onnx_info *inspect(struct bytes model, cvy_status wanted, cvy_graph **graph)
{
    char path[] = "/tmp/convoy_inspect_XXXXXX";
    int fd = mkstemp(path);
    cvy_onnx_info *info = (cvy_onnx_info *)&info;
    cvy_status st;

    cr_assert_eq(write(fd, model.data, model.count), (ssize_t)model.count);
    close(fd);
    st = cvy_onnx_inspect(path, NULL, &info, graph);
    cr_expect_eq(st, wanted, "%s: %s", cvy_status_name(st), cvy_error_text());
    cr_assert_eq(info != NULL, st == CVY_OK);
    unlink(path);
    bytes_free(&model);
    return info;
}

static void expect_operator(const cvy_onnx_info *info, size_t i, const char *name, size_t nodes,
                            size_t unsupported)
{
    cr_assert_lt(i, info->operator_count);
    cr_expect_str_eq(info->operators[i].name, name);
    cr_expect_eq(info->operators[i].nodes, nodes, "%s: %zu", name, info->operators[i].nodes);
    cr_expect_eq(info->operators[i].unsupported, unsupported, "%s: %zu", name,
                 info->operators[i].unsupported);
}

Test(inspect, a_model_that_loads_has_a_graph_as_well)
{
    cvy_graph *graph;
    cvy_onnx_info *info = inspect(model_plain(), CVY_OK, &graph);

    cr_assert(info && graph);
    cr_expect_eq(info->load_status, CVY_OK);
    cr_expect_str_eq(info->load_text, "");
    cr_expect_str_eq(info->producer, "a program that nobody asked about");
    cr_expect_eq(info->opset, 13);
    cr_expect_eq(info->ir_version, 8);
    cr_expect_eq(info->nodes, 6);
    cr_expect_eq(info->gap_count, 0);
    cr_expect_eq(info->operator_count, 6);
    expect_operator(info, 0, "Add", 1, 0);
    expect_operator(info, 5, "Sum", 1, 0);
    cr_assert_eq(info->input_count, 2);
    cr_expect_str_eq(info->inputs[1].name, "image");
    cr_expect_eq(info->inputs[1].desc.rank, 3);
    cr_expect_eq(info->inputs[1].desc.size[0], CVY_ANY_SIZE);
    cr_expect_eq(info->inputs[1].desc.size[1], 2);
    cr_assert_eq(info->output_count, 3);
    cr_expect_str_eq(info->outputs[0].name, "y");
    cr_expect_eq(info->outputs[0].desc.dtype, CVY_F32);
    // packed, raw, doubles, shape, bytes, scalar, and a Constant
    cr_expect_eq(info->parameters, 7);
    cr_expect_eq(info->parameter_elements, 4 + 4 + 2 + 2 + 2 + 1 + 1);
    cr_expect_eq(info->parameter_bytes, 16 + 16 + 16 + 16 + 2 + 4 + 4);
    cvy_onnx_info_destroy(&info);
    cr_expect_null(info);
    cvy_graph_destroy(&graph);
    cr_expect_eq(stub_graphs, 0);
}

Test(inspect, what_is_not_supported_comes_first)
{
    struct bytes g = graph_open("x", "y"), part;
    cvy_graph *graph;
    cvy_onnx_info *info;

    graph_node(&g, "Relu", "x", "y");
    graph_node(&g, "Relu", "x", "z");
    graph_node(&g, "Relu", "x", "u");
    graph_node(&g, "Foo", "x", "f1");
    graph_node(&g, "Foo", "x", "f2");
    part = node("Relu", "x", "r");
    put_text(&part, NODE_DOMAIN, "com.exam\nple");
    put(&g, GRAPH_NODE, part);
    part = node("Conv", "x x", "c1");
    put(&part, NODE_ATTRIBUTE, attr_text("auto_pad", "MIDDLE"));
    put(&g, GRAPH_NODE, part);
    graph_node(&g, "Conv", "x x", "c2");
    info = inspect(model_of(g, 13), CVY_OK, &graph);
    cr_assert(info && !graph);
    cr_expect_eq(info->load_status, CVY_ERR_MODEL_OP);
    cr_expect(strstr(info->load_text, "not supported: Foo (2)"), "%s", info->load_text);
    cr_expect_eq(info->operator_count, 4);
    expect_operator(info, 0, "Conv", 2, 1);
    expect_operator(info, 1, "Foo", 2, 2);
    expect_operator(info, 2, "com.exam\\x0aple::Relu", 1, 1);
    expect_operator(info, 3, "Relu", 3, 0);
    cr_assert_eq(info->gap_count, 3);
    cr_expect_str_eq(info->gaps[0].text, "Foo");
    cr_expect_eq(info->gaps[0].count, 2);
    cr_expect_str_eq(info->gaps[2].text, "Conv: auto_pad MIDDLE");
    cvy_onnx_info_destroy(&info);
    cr_expect_eq(stub_graphs, 0);
}

// A fault ends loading where it is; operators are all listed even so.
Test(inspect, a_fault_in_the_model_is_told_beside_its_operators)
{
    struct bytes g = graph_open("x", "y"), model;
    cvy_onnx_info *info;

    graph_node(&g, "Relu", "nothing", "y");
    graph_node(&g, "Foo", "x", "f");
    info = inspect(model_of(g, 13), CVY_OK, NULL);
    cr_assert(info);
    cr_expect_eq(info->load_status, CVY_ERR_MODEL);
    cr_expect(strstr(info->load_text, "nothing makes its input"), "%s", info->load_text);
    expect_operator(info, 0, "Foo", 1, 1);
    expect_operator(info, 1, "Relu", 1, 0);
    cr_expect_eq(info->input_count, 1);
    cvy_onnx_info_destroy(&info);

    g = graph_open("x", "y");
    graph_node(&g, "Relu", "x", "y");
    model = model_of(g, 0);
    put_text(&model, MODEL_PRODUCER, "tool");
    put_text(&model, MODEL_PRODUCER_VERSION, "1.2");
    info = inspect(model, CVY_OK, NULL);
    cr_assert(info);
    cr_expect_eq(info->load_status, CVY_ERR_MODEL);
    cr_expect_str_eq(info->producer, "tool 1.2");
    expect_operator(info, 0, "Relu", 1, 0);
    cvy_onnx_info_destroy(&info);
}

Test(inspect, sizes_may_be_anything)
{
    const int64_t huge[] = { INT64_MAX, INT64_MAX }, minus[] = { -4, INT64_MIN };
    struct bytes g = graph_open("x", "y");
    cvy_onnx_info *info;

    graph_node(&g, "Relu", "x", "y");
    put(&g, GRAPH_INITIALIZER, tensor_head("huge", ONNX_F32, 2, huge));
    put(&g, GRAPH_INITIALIZER, tensor_head("minus", ONNX_F32, 2, minus));
    put(&g, GRAPH_INPUT, value_info("odd", ONNX_TEXT, 2, minus));
    info = inspect(model_of(g, 13), CVY_OK, NULL);
    cr_assert(info);
    cr_expect_neq(info->load_status, CVY_OK);
    cr_expect_eq(info->parameters, 2);
    cr_expect_eq(info->parameter_elements, INT64_MAX);
    cr_expect_eq(info->parameter_bytes, INT64_MAX);
    cr_expect_eq(info->inputs[1].desc.dtype, CVY_DTYPE_DEFAULT);
    cr_expect_eq(info->inputs[1].desc.size[0], CVY_ANY_SIZE);
    cvy_onnx_info_destroy(&info);
}

Test(inspect, an_input_with_a_default_is_none)
{
    const int64_t four = 4;
    struct bytes g = graph_open("x w", "y");
    cvy_onnx_info *info;

    graph_node(&g, "Add", "x w", "y");
    put(&g, GRAPH_INITIALIZER, tensor_raw("w", ONNX_F32, 1, &four, "0123456789abcdef", 16));
    info = inspect(model_of(g, 13), CVY_OK, NULL);
    cr_assert(info);
    cr_assert_eq(info->input_count, 1);
    cr_expect_str_eq(info->inputs[0].name, "x");
    cvy_onnx_info_destroy(&info);
}

Test(inspect, what_is_no_model_is_an_error)
{
    struct bytes none = { 0 }, damaged = { 0 };
    cvy_onnx_info *info = NULL;
    cvy_graph *graph = (cvy_graph *)&graph;

    put_int(&none, MODEL_IR, 8);
    inspect(none, CVY_ERR_MODEL, NULL);
    bytes_add(&damaged, "\x89PNG", 4);
    inspect(damaged, CVY_ERR_MODEL, NULL);
    cr_expect_eq(cvy_onnx_inspect("/nowhere/a", NULL, &info, &graph), CVY_ERR_IO);
    cr_expect_null(graph);
    cr_expect_eq(cvy_onnx_inspect(NULL, NULL, &info, NULL), CVY_ERR_ARGUMENT);
    cr_expect_eq(cvy_onnx_inspect("/nowhere/a", NULL, NULL, NULL), CVY_ERR_ARGUMENT);
    cvy_onnx_info_destroy(&info);
    cvy_onnx_info_destroy(NULL);
}
