// What a model needs and Convoy has not: K10, K11, K14 and K15 of the loader's faults. No device.
#include "onnx_fixture.h"

TestSuite(support, .timeout = 60);

// Operators, domains, opsets, IR versions (K10) ---------------------------------------------------

static void domain_node(struct bytes *graph, const char *domain, const char *op)
{
    struct bytes part = node(op, "x", "");

    put_text(&part, NODE_OUTPUT, op);
    put_text(&part, NODE_DOMAIN, domain);
    put(graph, GRAPH_NODE, part);
}

Test(support, one_error_lists_all_that_is_missing)
{
    struct bytes g = graph_open("x", "y"), conv = node("Conv", "x x", "c"), model;
    const int64_t one = 1;

    graph_node(&g, "Foo", "x", "f1");
    graph_node(&g, "Relu", "x", "y");
    graph_node(&g, "Bar", "x", "b");
    graph_node(&g, "Foo", "x", "f2");
    domain_node(&g, "com.example", "Relu");
    put(&conv, NODE_ATTRIBUTE, attr_text("auto_pad", "MIDDLE"));
    put(&g, GRAPH_NODE, conv);
    put(&g, GRAPH_INITIALIZER, tensor_raw("t", ONNX_TEXT, 1, &one, NULL, 0));
    put(&g, GRAPH_INPUT, value_info("u", 4, 1, &one));
    put(&g, GRAPH_INPUT, value_info("v", ONNX_TEXT, 1, &one));
    put_data(&g, GRAPH_SPARSE, NULL, 0);
    model = model_of(g, 22);
    put_text(&model, MODEL_FUNCTIONS, "");
    put_text(&model, MODEL_FUNCTIONS, "");
    gives("all", model, CVY_ERR_MODEL_OP,
          "not supported: opset 22, newer than 21 (1); functions of the model's own (2); "
          "sparse tensors (1); Foo (2); Bar (1); com.example::Relu (1); "
          "Conv: auto_pad MIDDLE (1); dtype UINT16 (1); dtype STRING (2)");
}

Test(support, a_long_list_says_how_much_more_there_is)
{
    struct bytes g = graph_open("x", "y");
    char op[64], out[32];

    graph_node(&g, "Relu", "x", "y");
    for (int i = 0; i < 1000; i++) {
        snprintf(op, sizeof op, "AnOperatorWithAName%d", i);
        snprintf(out, sizeof out, "o%d", i);
        graph_node(&g, op, "x", out);
    }
    gives("thousand", model_of(g, 13), CVY_ERR_MODEL_OP, "AnOperatorWithAName20 (1); ");
    cr_expect(strstr(cvy_error_text(), " more"), "%s", cvy_error_text());
    cr_expect_lt(strlen(cvy_error_text()), 1024);
}

static struct bytes relu_of_opset(int64_t opset)
{
    struct bytes g = graph_open("x", "y");

    graph_node(&g, "Relu", "x", "y");
    return model_of(g, opset);
}

static struct bytes add_import(struct bytes model, const char *domain, int64_t opset)
{
    struct bytes import = { 0 };

    put_text(&import, 1, domain);
    put_int(&import, 2, opset);
    put(&model, MODEL_OPSET, import);
    return model;
}

Test(support, opsets_are_1_to_21)
{
    gives("1", relu_of_opset(1), CVY_OK, NULL);
    gives("21", relu_of_opset(21), CVY_OK, NULL);
    gives("22", relu_of_opset(22), CVY_ERR_MODEL_OP, "opset 22, newer than 21 (1)");
    gives("2^63 - 1", relu_of_opset(INT64_MAX), CVY_ERR_MODEL_OP, "opset 9223372036854775807");
    gives("0", relu_of_opset(0), CVY_ERR_MODEL, "opset 0: it must be 1 or more");
    gives("-1", relu_of_opset(-1), CVY_ERR_MODEL, "opset -1");
    gives("both names", add_import(relu_of_opset(13), "ai.onnx", 13), CVY_OK, NULL);
    gives("two opsets", add_import(relu_of_opset(13), "ai.onnx", 14), CVY_ERR_MODEL, "beside");
    gives("others", add_import(relu_of_opset(13), "ai.onnx.ml", 99), CVY_OK, NULL);
}

Test(support, an_operator_is_that_of_the_opset)
{
    struct bytes g = graph_open("x", "y");

    graph_node(&g, "Add", "x x", "y");
    gives("Add before 7", model_of(g, 6), CVY_ERR_MODEL_OP, "Add of opset 6 (1)");
    g = graph_open("x", "y");
    graph_node(&g, "Clip", "x x", "y");
    gives("Clip before 11", model_of(g, 10), CVY_ERR_MODEL, "1 at most");
    cr_expect_null(onnx_op_find("Add", 6));
    cr_expect_eq(onnx_op_find("Add", 21)->since, 7);
    cr_expect_eq(onnx_op_find("Clip", 10)->since, 1);
    cr_expect_eq(onnx_op_find("Clip", 11)->since, 11);
    cr_expect_null(onnx_op_find("add", 21));
}

static struct bytes model_of_ir(int64_t ir, bool opset)
{
    struct bytes g = graph_open("x", "y"), model = { 0 };

    graph_node(&g, "Relu", "x", "y");
    put_int(&model, MODEL_IR, ir);
    if (opset)
        model = add_import(model, "", 13);
    put(&model, MODEL_GRAPH, g);
    return model;
}

Test(support, ir_versions_are_those_that_there_are)
{
    struct bytes none = { 0 }, g = graph_open("x", "x");

    gives("0", model_of_ir(0, true), CVY_ERR_MODEL, "IR version");
    gives("-1", model_of_ir(-1, true), CVY_ERR_MODEL, "IR version");
    gives("3", model_of_ir(3, true), CVY_OK, NULL);
    gives("10", model_of_ir(10, true), CVY_OK, NULL);
    gives("99", model_of_ir(99, true), CVY_ERR_MODEL_OP, "IR version 99, newer than 13 (1)");
    // Opset 1 is meant before opsets could be named.
    gives("2 without an opset", model_of_ir(2, false), CVY_OK, NULL);
    gives("3 without an opset", model_of_ir(3, false), CVY_ERR_MODEL, "no opset");
    put_int(&none, MODEL_IR, 8);
    gives("no graph", none, CVY_ERR_MODEL, "no graph");
    none = (struct bytes) { 0 };
    put(&none, MODEL_GRAPH, g);
    gives("no IR version", none, CVY_ERR_MODEL, "no IR version");
}

// Attributes (K11) --------------------------------------------------------------------------------

static struct bytes with_attr(const char *op, struct bytes attribute, int64_t opset)
{
    struct bytes g = graph_open("x", "y"), part = node(op, "x", "y");

    put(&part, NODE_ATTRIBUTE, attribute);
    put(&g, GRAPH_NODE, part);
    return model_of(g, opset);
}

// An attribute of a type alone.
static struct bytes bare(const char *name, int type)
{
    struct bytes out = { 0 };

    if (name)
        put_text(&out, ATTR_NAME, name);
    if (type)
        put_int(&out, ATTR_TYPE, type);
    return out;
}

Test(support, attributes_have_the_type_that_the_standard_says)
{
    struct bytes attr;

    gives("INT", with_attr("Relu", attr_int("axis", 1), 13), CVY_OK, NULL);
    gives("0 left out", with_attr("Relu", bare("axis", 2), 13), CVY_OK, NULL);
    gives("FLOAT for INT", with_attr("Relu", attr_float("axis", 1), 13), CVY_ERR_MODEL,
          "node \"Relu_0\" (Relu): attribute \"axis\" is of type FLOAT, not INT");
    gives("INT for INTS", with_attr("Relu", attr_int("axes", 1), 13), CVY_ERR_MODEL,
          "not INTS");
    gives("STRING for FLOAT", with_attr("Relu", attr_text("alpha", "1"), 13), CVY_ERR_MODEL,
          "not FLOAT");
    gives("GRAPH for INT", with_attr("Relu", bare("axis", 5), 13), CVY_ERR_MODEL, "GRAPH");
    gives("type 15", with_attr("Relu", bare("axis", 15), 13), CVY_ERR_MODEL, "type 15");
    gives("type -1", with_attr("Relu", bare("axis", -1), 13), CVY_ERR_MODEL, "type -1");
    gives("no name", with_attr("Relu", bare(NULL, 2), 13), CVY_ERR_MODEL, "without a name");
    gives("TENSOR without one", with_attr("ConstantOfShape", bare("value", 4), 13),
          CVY_ERR_MODEL, "no tensor");
    attr = attr_int("axis", 1);
    put_float(&attr, ATTR_F, 2);
    gives("two values", with_attr("Relu", attr, 13), CVY_ERR_MODEL, "another one");
    attr = bare("axis", 2);
    put_text(&attr, ATTR_REF, "outer");
    gives("a reference", with_attr("Relu", attr, 13), CVY_ERR_MODEL, "function");
}

Test(support, a_type_that_is_left_out_is_that_of_the_value)
{
    struct bytes attr = bare("axis", 0);

    put_int(&attr, ATTR_I, 3);
    gives("INT", with_attr("Relu", attr, 1), CVY_OK, NULL);
    attr = bare("axis", 0);
    put_float(&attr, ATTR_F, 3);
    gives("FLOAT", with_attr("Relu", attr, 1), CVY_ERR_MODEL, "FLOAT");
    gives("nothing", with_attr("Relu", bare("axis", 0), 1), CVY_OK, NULL);
}

// The same name, another operator or opset.
Test(support, a_type_may_depend_on_operator_and_opset)
{
    gives("Cast 5", with_attr("Cast", attr_text("to", "FLOAT"), 5), CVY_OK, NULL);
    gives("Cast 6", with_attr("Cast", attr_text("to", "FLOAT"), 6), CVY_ERR_MODEL, "not INT");
    gives("Cast 13", with_attr("Cast", attr_int("to", 1), 13), CVY_OK, NULL);
    gives("Pad", with_attr("Pad", attr_float("value", 1), 2), CVY_OK, NULL);
    gives("ConstantOfShape", with_attr("ConstantOfShape", attr_float("value", 1), 13),
          CVY_ERR_MODEL, "not TENSOR");
}

Test(support, attributes_that_nobody_knows_are_listed)
{
    struct bytes g = graph_open("x", "y"), twice = node("Relu", "x", "y"), part;

    gives("unknown", with_attr("Relu", attr_int("frobnicate", 1), 13), CVY_ERR_MODEL_OP,
          "not supported: attribute frobnicate of Relu (1)");
    gives("a tool's own", with_attr("Relu", attr_int("__frobnicate", 1), 13), CVY_OK, NULL);
    put(&twice, NODE_ATTRIBUTE, attr_int("axis", 1));
    put(&twice, NODE_ATTRIBUTE, attr_int("axis", 1));
    put(&g, GRAPH_NODE, twice);
    gives("twice", model_of(g, 13), CVY_ERR_MODEL, "\"axis\" is given twice");
    g = graph_open("x", "y");
    part = node("Conv", "x x", "y");
    put(&part, NODE_ATTRIBUTE, attr_ints("pads", (int64_t[]) { 1, 2, 3 }, 3));
    put_text(&part, NODE_NAME, "odd pads");
    put(&g, GRAPH_NODE, part);
    gives("wrong length", model_of(g, 13), CVY_ERR_MODEL, "node \"odd pads\" (Conv): 3 pads");
}

Test(support, attributes_are_found_by_name_and_type)
{
    static const int64_t pads[] = { 1, -2 };
    struct bytes g = graph_open("x", "y"), part = node("Conv", "x x", "y");
    const struct onnx_node *found;
    cvy_graph *graph;
    size_t count;

    put(&part, NODE_ATTRIBUTE, attr_int("group", -7));
    put(&part, NODE_ATTRIBUTE, attr_float("alpha", 0.25f));
    put(&part, NODE_ATTRIBUTE, attr_text("mode", "text"));
    put(&part, NODE_ATTRIBUTE, attr_ints("pads", pads, 2));
    put(&part, NODE_ATTRIBUTE, attr_tensor("value", tensor_raw("", ONNX_F32, 0, NULL, "abcd", 4)));
    put(&g, GRAPH_NODE, part);
    graph = load("attributes", model_of(g, 13), CVY_OK, NULL);
    found = graph->nodes[0].user;
    cr_expect_eq(found->opset, 13);
    cr_expect_eq(onnx_int(found, "group", 1), -7);
    cr_expect_eq(onnx_int(found, "missing", 1), 1);
    cr_expect_eq(onnx_int(found, "alpha", 1), 1);
    cr_expect_eq(onnx_float(found, "alpha", 1), 0.25f);
    cr_expect_eq(onnx_float(found, "beta", 1), 1);
    cr_expect_str_eq(onnx_string(found, "mode", ""), "text");
    cr_expect_str_eq(onnx_string(found, "auto_pad", "NOTSET"), "NOTSET");
    cr_expect_eq(onnx_ints(found, "pads", &count)[1], -2);
    cr_expect_eq(count, 2);
    cr_expect_null(onnx_ints(found, "group", &count));
    cr_expect_eq(count, 0);
    cr_expect_null(onnx_floats(found, "scales", &count));
    cr_expect_eq(onnx_attr(found, "value")->t.desc.dtype, CVY_F32);
    cr_expect_null(onnx_attr(found, "nothing"));
    cvy_graph_destroy(&graph);
}

// Subgraphs and functions (K15) -------------------------------------------------------------------

Test(support, subgraphs_and_functions_are_not_supported)
{
    struct bytes g = graph_open("x", "y"), part = node("If", "x", "y"),
                 body = bare("then_branch", 5), model = relu_of_opset(13);

    put(&body, ATTR_G, graph_open("", ""));
    put(&part, NODE_ATTRIBUTE, body);
    put(&g, GRAPH_NODE, part);
    gives("If", model_of(g, 13), CVY_ERR_MODEL_OP, "not supported: If (1)");
    body = bare("body", 5);
    put(&body, ATTR_G, graph_open("", ""));
    gives("a known operator", with_attr("Relu", body, 13), CVY_ERR_MODEL_OP,
          "attribute body of Relu");
    // A function may stand for an operator of the standard: what is in it matters.
    put_text(&model, MODEL_FUNCTIONS, "\x0a\x04Relu");
    gives("a function", model, CVY_ERR_MODEL_OP, "functions of the model's own (1)");
}

// Names in texts (K14) ----------------------------------------------------------------------------

static const char *text_for_missing_input(const char *name)
{
    struct bytes g = graph_open("x", "y"), part = { 0 };

    put_text(&part, NODE_INPUT, name);
    put_text(&part, NODE_OUTPUT, "y");
    put_text(&part, NODE_OP, "Relu");
    put_text(&part, NODE_NAME, name);
    put(&g, GRAPH_NODE, part);
    gives(name, model_of(g, 13), CVY_ERR_MODEL, NULL);
    return cvy_error_text();
}

Test(support, names_are_harmless_in_texts)
{
    static const struct {
        const char *name, *shown;
    } rows[] = {
        { "plain/name:0", "plain/name:0" },
        { "%n%s%p", "%n%s%p" },
        { "two\nlines\r\t", "two\\x0alines\\x0d\\x09" },
        { "\x1b[31mred", "\\x1b[31mred" },
        { "\x7f", "\\x7f" },
        { "caf\xc3\xa9 \xe6\xb7\xb1", "caf\xc3\xa9 \xe6\xb7\xb1" },
        { "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
        { "\xc2\x9b" "31m", "\\xc2\\x9b31m" },              // a control character of Latin-1
        { "a\xe2\x80\xae" "b", "a\\xe2\\x80\\xae" "b" },    // turns the line around
        { "\xef\xbb\xbf", "\\xef\\xbb\\xbf" },
        { "\xff\xfe", "\\xff\\xfe" },
        { "\xc0\xaf", "\\xc0\\xaf" },                       // overlong
        { "\xe0\x80\xaf", "\\xe0\\x80\\xaf" },
        { "\xed\xa0\x80", "\\xed\\xa0\\x80" },              // a surrogate
        { "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },     // beyond Unicode
        { "cut \xe6\xb7", "cut \\xe6\\xb7" },
        { "back\\slash", "back\\slash" },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char wanted[256];

        snprintf(wanted, sizeof wanted, "node \"%s\" (Relu): nothing makes its input \"%s\"",
                 rows[i].shown, rows[i].shown);
        cr_expect_str_eq(text_for_missing_input(rows[i].name), wanted);
    }
}

Test(support, long_names_are_cut_in_texts)
{
    enum { MEGABYTE = 1 << 20 };
    char *name = malloc(MEGABYTE + 1);
    const char *text;

    for (int kind = 0; kind < 3; kind++) {
        static const char patterns[3][4] = { "aaaa", "\n\n\n\n", "\xc3\xa9\xc3\xa9" };

        for (size_t i = 0; i < MEGABYTE; i++)
            name[i] = patterns[kind][i % 4];
        name[MEGABYTE] = '\0';
        text = text_for_missing_input(name);
        cr_expect_lt(strlen(text), 400);
        cr_expect(strstr(text, "..."), "%s", text);
        cr_expect(strstr(text, "nothing makes its input"), "%s", text);
    }
    free(name);
}

Test(support, a_nul_in_a_name_is_refused)
{
    struct bytes g = graph_open("x", "y"), part = { 0 };

    put_data(&part, NODE_INPUT, "x\0z", 3);
    put_text(&part, NODE_OUTPUT, "y");
    put_text(&part, NODE_OP, "Relu");
    put(&g, GRAPH_NODE, part);
    gives("input", model_of(g, 13), CVY_ERR_MODEL, "NUL");
    part = bare("mode", 3);
    put_data(&part, ATTR_S, "a\0b", 3);
    gives("text", with_attr("Relu", part, 13), CVY_ERR_MODEL, "NUL");
}

Test(support, operators_and_domains_are_harmless_in_texts)
{
    struct bytes g = graph_open("x", "y"), part = node("Conv", "x x", "y");

    domain_node(&g, "com\n.example", "Re\x1blu");
    put(&part, NODE_ATTRIBUTE, attr_text("auto_pad", "\x1b[2J"));
    put(&g, GRAPH_NODE, part);
    gives("all", model_of(g, 13), CVY_ERR_MODEL_OP,
          "not supported: com\\x0a.example::Re\\x1blu (1); Conv: auto_pad \\x1b[2J (1)");
}

// Floats of other widths --------------------------------------------------------------------------

// A convolution of x with w, a tensor of two elements; its contents follow if there are any.
static struct bytes conv_of(int x_dtype, int w_dtype, bool contents)
{
    const int64_t two = 2, data[2] = { 0 };
    struct bytes g = graph_open("", "y");

    put(&g, GRAPH_INPUT, value_info("x", x_dtype, 1, &two));
    if (contents)
        put(&g, GRAPH_INITIALIZER, tensor_raw("w", w_dtype, 1, &two, data,
                                              w_dtype == ONNX_F64 ? 16 : 4));
    else
        put(&g, GRAPH_INPUT, value_info("w", w_dtype, 1, &two));
    graph_node(&g, "Conv", "x w", "y");
    return model_of(g, 13);
}

Test(support, layers_of_half_or_double_precision_are_told_when_loading)
{
    const int64_t two = 2;
    struct bytes g = graph_open("", "y z"), cast = node("Cast", "x", "h");

    gives("half", conv_of(ONNX_F16, ONNX_F16, true), CVY_ERR_MODEL_OP, "Conv of FLOAT16 (1)");
    gives("double", conv_of(ONNX_F64, ONNX_F64, true), CVY_ERR_MODEL_OP, "Conv of DOUBLE (1)");
    gives("weights", conv_of(ONNX_F32, ONNX_F16, false), CVY_ERR_MODEL_OP, "Conv of FLOAT16 (1)");
    gives("brain", conv_of(ONNX_BF16, ONNX_I8, false), CVY_ERR_MODEL_OP, "Conv of BFLOAT16 (1)");
    gives("single", conv_of(ONNX_F32, ONNX_F32, false), CVY_OK, NULL);
    // Casting it, before or behind, is no layer's business.
    put(&g, GRAPH_INPUT, value_info("x", ONNX_F16, 1, &two));
    put(&cast, NODE_ATTRIBUTE, attr_int("to", ONNX_F32));
    put(&g, GRAPH_NODE, cast);
    graph_node(&g, "Conv", "h h", "y");
    cast = node("Cast", "y", "z");
    put(&cast, NODE_ATTRIBUTE, attr_int("to", ONNX_F16));
    put(&g, GRAPH_NODE, cast);
    gives("cast", model_of(g, 13), CVY_OK, NULL);
    g = graph_open("x", "y");
    cast = node("Cast", "x", "h");
    put(&cast, NODE_ATTRIBUTE, attr_int("to", ONNX_F16));
    put(&g, GRAPH_NODE, cast);
    graph_node(&g, "Conv", "x h", "y");
    gives("cast to half", model_of(g, 13), CVY_ERR_MODEL_OP, "Conv of FLOAT16 (1)");
}

// The list of operators ---------------------------------------------------------------------------

Test(support, operators_are_listed_once_in_alphabetical_order)
{
    const char *names[32] = { NULL };
    size_t count = 0, again = 0;

    OK(cvy_onnx_operators(NULL, 0, &count));
    cr_assert_eq(count, 14);
    OK(cvy_onnx_operators(names, COUNT_OF(names), &again));
    cr_expect_eq(again, count);
    for (size_t i = 1; i < count; i++)
        cr_expect_lt(strcmp(names[i - 1], names[i]), 0);
    cr_expect_str_eq(names[0], "Add");
    cr_expect_str_eq(names[3], "Constant");
    cr_expect_null(names[count]);
    names[1] = names[2] = NULL;
    OK(cvy_onnx_operators(names, 2, &again));
    cr_expect_str_eq(names[1], "Cast");
    cr_expect_null(names[2]);
    cr_expect_eq(again, count);
    cr_expect_eq(cvy_onnx_operators(NULL, 1, &again), CVY_ERR_ARGUMENT);
    cr_expect_eq(cvy_onnx_operators(NULL, 0, NULL), CVY_ERR_ARGUMENT);
}
