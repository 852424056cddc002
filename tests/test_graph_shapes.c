// Graphs that are wrong: each error has its status, names the node and the parameter, and changes
// nothing. Sizes and ranks that are open until a compile. Deferred nodes.
#include "plan_fixture.h"
#include "graph_fixture.h"

static void open_shapes(void)
{
    open_all();
    OK(cvy_graph_create(&graph));
}

static void close_shapes(void)
{
    close_graph();
    close_all();
}

TestSuite(graph_shapes, .init = open_shapes, .fini = close_shapes, .timeout = 120);

static const float zeros[4096];

// Building ----------------------------------------------------------------------------------------

// The call fails, sets its value to 0, and leaves the graph as it was.
#define REFUSED(status, word, value, call)                                                  \
    do {                                                                                    \
        cvy_graph_info before_, after_;                                                     \
        OK(cvy_graph_info_get(graph, &before_));                                            \
        (value) = 77;                                                                       \
        GIVES(status, word, call);                                                          \
        cr_expect_eq((value), 0, "%s leaves a value", #call);                               \
        OK(cvy_graph_info_get(graph, &after_));                                             \
        cr_expect(memcmp(&before_, &after_, sizeof after_) == 0, "%s changes the graph", #call); \
    } while (0)

Test(graph_shapes, inputs_and_constants_are_checked)
{
    static const int64_t huge[] = { INT64_C(1) << 40, INT64_C(1) << 40 };
    cvy_desc plain = shaped(CVY_F32, "2"), large = cvy_plain(CVY_F32, 2, huge), odd = plain;
    cvy_value v = input("x", "2x3");

    odd.rank = CVY_MAX_RANK + 1;
    GIVES(CVY_ERR_ARGUMENT, "out", cvy_graph_create(NULL));
    REFUSED(CVY_ERR_ARGUMENT, "params", v, cvy_graph_input(graph, NULL, &v));
    REFUSED(CVY_ERR_ARGUMENT, "name", v, cvy_graph_input(graph, &(cvy_graph_input_params) {
            .desc = plain }, &v));
    REFUSED(CVY_ERR_ARGUMENT, "\"x\"", v, cvy_graph_input(graph, &(cvy_graph_input_params) {
            .name = "x", .desc = plain }, &v));
    REFUSED(CVY_ERR_ARGUMENT, "rank", v, cvy_graph_input(graph, &(cvy_graph_input_params) {
            .name = "y", .desc = odd }, &v));
    odd.rank = -2;
    REFUSED(CVY_ERR_ARGUMENT, "rank", v, cvy_graph_input(graph, &(cvy_graph_input_params) {
            .name = "y", .desc = odd }, &v));
    odd = plain;
    odd.dtype = (cvy_dtype)99;
    REFUSED(CVY_ERR_ARGUMENT, "dtype", v, cvy_graph_input(graph, &(cvy_graph_input_params) {
            .name = "y", .desc = odd }, &v));
    odd = plain;
    odd.size[0] = -2;
    REFUSED(CVY_ERR_SHAPE, "size[0]", v, cvy_graph_input(graph, &(cvy_graph_input_params) {
            .name = "y", .desc = odd }, &v));
    REFUSED(CVY_ERR_LIMIT, "y", v, cvy_graph_input(graph, &(cvy_graph_input_params) {
            .name = "y", .desc = large }, &v));
    REFUSED(CVY_ERR_ARGUMENT, "desc", v, cvy_graph_constant(graph, "c", NULL, zeros, &v));
    REFUSED(CVY_ERR_ARGUMENT, "data", v, cvy_graph_constant(graph, "c", &plain, NULL, &v));
    REFUSED(CVY_ERR_SHAPE, "size[0]", v, cvy_graph_constant(graph, "c", &(cvy_desc) {
            .rank = 1, .size = { CVY_ANY_SIZE } }, zeros, &v));
    GIVES(CVY_ERR_ARGUMENT, "out", cvy_graph_constant(graph, "c", &plain, zeros, NULL));
}

Test(graph_shapes, outputs_are_checked)
{
    cvy_value x = input("x", "2");
    cvy_port_info port;

    GIVES(CVY_ERR_ARGUMENT, "name", cvy_graph_output(graph, NULL, x));
    GIVES(CVY_ERR_ARGUMENT, "value is 0", cvy_graph_output(graph, "y", 0));
    GIVES(CVY_ERR_ARGUMENT, "value is 2", cvy_graph_output(graph, "y", 2));
    GIVES(CVY_ERR_ARGUMENT, "value is -1", cvy_graph_output(graph, "y", -1));
    OK(cvy_graph_output(graph, "y", x));
    GIVES(CVY_ERR_ARGUMENT, "taken", cvy_graph_output(graph, "y", x));
    OK(cvy_graph_output(graph, "y2", x));
    OK(cvy_graph_output_get(graph, 1, &port));
    cr_expect_str_eq(port.name, "y2");
    GIVES(CVY_ERR_ARGUMENT, "i is 2", cvy_graph_output_get(graph, 2, &port));
    GIVES(CVY_ERR_ARGUMENT, "i is 1", cvy_graph_input_get(graph, 1, &port));
}

Test(graph_shapes, nodes_need_their_tensors_and_no_others)
{
    cvy_value x = input("x", "1x3x4x4"), w = weights_of("2x3x1x1", 1), v = 0, i = 0;
    cvy_pool_params with = { .kind = CVY_POOL_MAX, .kernel_size = { 2, 2 },
                             .indices = CVY_INDICES_PLANE };

    REFUSED(CVY_ERR_ARGUMENT, "node is NULL", v, cvy_graph_conv(graph, NULL, NULL, &v));
    REFUSED(CVY_ERR_ARGUMENT, "node.weights", v,
            cvy_graph_conv(graph, NULL, &(cvy_node) { .src = x }, &v));
    REFUSED(CVY_ERR_ARGUMENT, "node.src ", v,
            cvy_graph_conv(graph, NULL, &(cvy_node) { .weights = w }, &v));
    REFUSED(CVY_ERR_ARGUMENT, "node.src is 99", v,
            cvy_graph_conv(graph, NULL, &(cvy_node) { .src = 99, .weights = w }, &v));
    REFUSED(CVY_ERR_ARGUMENT, "node.src is -1", v,
            cvy_graph_conv(graph, NULL, &(cvy_node) { .src = -1, .weights = w }, &v));
    REFUSED(CVY_ERR_ARGUMENT, "node.mean", v,
            cvy_graph_conv(graph, NULL, &(cvy_node) { .src = x, .weights = w, .mean = w }, &v));
    REFUSED(CVY_ERR_ARGUMENT, "node.srcs", v,
            cvy_graph_conv(graph, NULL, &(cvy_node) { .src = x, .weights = w, .srcs = &x,
                           .src_count = 1 }, &v));
    REFUSED(CVY_ERR_ARGUMENT, "node.srcs", v, cvy_graph_concat(graph, NULL, &(cvy_node) {
            .src_count = 2 }, &v));
    REFUSED(CVY_ERR_ARGUMENT, "node.srcs[1] is 50", v, cvy_graph_concat(graph, NULL, &(cvy_node) {
            .srcs = (cvy_value[]) { x, 50 }, .src_count = 2 }, &v));
    GIVES(CVY_ERR_ARGUMENT, "out", cvy_graph_conv(graph, NULL, &(cvy_node) { .src = x }, NULL));
    REFUSED(CVY_ERR_ARGUMENT, "indices", v,
            cvy_graph_pool(graph, &with, &(cvy_node) { .src = x }, &v, NULL));
    with.indices = CVY_INDICES_NONE;
    REFUSED(CVY_ERR_ARGUMENT, "indices", v,
            cvy_graph_pool(graph, &with, &(cvy_node) { .src = x }, &v, &i));
}

// Compiling ---------------------------------------------------------------------------------------

static cvy_value x, w;                  // [1,4,6,6] and [8,4,3,3]

static cvy_value made(cvy_status status, cvy_value value)
{
    OK(status);
    return value;
}

#define NODE(...) &(cvy_node) { .name = "it", __VA_ARGS__ }
#define CASE(name, call)                                                                    \
    static cvy_value case_##name(void)                                                      \
    {                                                                                       \
        cvy_value v = 0;                                                                    \
        cvy_status st = call;                                                               \
        return made(st, v);                                                                 \
    }

CASE(weights_of_other_channels,
     cvy_graph_conv(graph, NULL, NODE(.src = x, .weights = weights_of("8x5x3x3", 1)), &v))
CASE(weights_of_other_rank,
     cvy_graph_conv(graph, NULL, NODE(.src = x, .weights = weights_of("8x4x3", 1)), &v))
CASE(other_kernel, cvy_graph_conv(graph, &(cvy_conv_params) { .kernel_size = { 5, 3 } },
                                  NODE(.src = x, .weights = w), &v))
CASE(groups, cvy_graph_conv(graph, &(cvy_conv_params) { .groups = 3 },
                            NODE(.src = x, .weights = w), &v))
CASE(short_bias, cvy_graph_conv(graph, NULL, NODE(.src = x, .weights = w,
                                .bias = weights_of("7", 1)), &v))
CASE(whole_weights, cvy_graph_conv(graph, NULL, NODE(.src = x, .weights =
                                   constant(CVY_I32, "8x4x3x3", zeros)), &v))
CASE(large_kernel, cvy_graph_conv(graph, NULL, NODE(.src = x, .weights =
                                  weights_of("1x4x9x1", 1)), &v))
CASE(prelu_without_slope, cvy_graph_conv(graph, &(cvy_conv_params) {
                          .activation = { CVY_PRELU, 0, 0 } }, NODE(.src = x, .weights = w), &v))
CASE(slope_without_prelu, cvy_graph_activation(graph, &(cvy_activation_params) {
                          .activation = { CVY_RELU, 0, 0 } },
                          NODE(.src = x, .slope = weights_of("4", 1)), &v))
CASE(long_slope, cvy_graph_activation(graph, &(cvy_activation_params) {
                 .activation = { CVY_PRELU, 0, 0 } },
                 NODE(.src = x, .slope = weights_of("5", 1)), &v))
CASE(small_residual, cvy_graph_conv(graph, NULL, NODE(.src = x, .weights = w, .residual = x), &v))
CASE(transposed_weights, cvy_graph_conv_transpose(graph, NULL, NODE(.src = x, .weights = w), &v))
CASE(flat_conv, cvy_graph_conv(graph, NULL, NODE(.src = input("f", "2x4"), .weights = w), &v))
CASE(linear_features, cvy_graph_linear(graph, NULL, NODE(.src = input("f", "2x4"), .weights =
                                       weights_of("3x5", 1)), &v))
CASE(norm_channels, cvy_graph_batch_norm(graph, NULL, NODE(.src = x, .mean = weights_of("4", 1),
                                         .variance = weights_of("3", 1)), &v))
CASE(norm_scale, cvy_graph_instance_norm(graph, NULL, NODE(.src = x, .scale =
                                         weights_of("1", 1)), &v))
CASE(no_pool_kind, cvy_graph_pool(graph, NULL, NODE(.src = x), &v, NULL))
CASE(concat_sizes, cvy_graph_concat(graph, &(cvy_concat_params) { .axis = 1 },
                   NODE(.srcs = (cvy_value[]) { x, input("f", "1x4x5x6") }, .src_count = 2), &v))
CASE(concat_axis, cvy_graph_concat(graph, &(cvy_concat_params) { .axis = 4 },
                  NODE(.srcs = &x, .src_count = 1), &v))
CASE(broadcast, cvy_graph_binary(graph, &(cvy_binary_params) { .kind = CVY_ADD },
                                 NODE(.src = x, .src2 = input("f", "5")), &v))
CASE(two_dtypes, cvy_graph_binary(graph, &(cvy_binary_params) { .kind = CVY_ADD },
                 NODE(.src = x, .src2 = constant(CVY_I64, "1", (int64_t[]) { 1 })), &v))
CASE(no_binary_kind, cvy_graph_binary(graph, NULL, NODE(.src = x, .src2 = x), &v))
CASE(folded_kind, cvy_graph_binary(graph, &(cvy_binary_params) { .kind = CVY_BINARY_END },
                                   NODE(.src = w, .src2 = w), &v))
CASE(folded_unary_kind, cvy_graph_unary(graph, NULL, NODE(.src = w), &v))
CASE(folded_dtype, cvy_graph_cast(graph, NULL, NODE(.src = w), &v))
CASE(float_condition, cvy_graph_where(graph, NULL, NODE(.srcs = (cvy_value[]) { w, w, w },
                                      .src_count = 3), &v))
CASE(where_dtypes, cvy_graph_where(graph, NULL, NODE(.srcs = (cvy_value[]) {
                   constant(CVY_BOOL, "1", zeros), constant(CVY_I64, "8", zeros),
                   constant(CVY_I32, "8", zeros) }, .src_count = 3), &v))
CASE(where_two, cvy_graph_where(graph, NULL, NODE(.srcs = (cvy_value[]) { w, w },
                                .src_count = 2), &v))
CASE(float_indices, cvy_graph_gather(graph, NULL, NODE(.src = w, .indices = w), &v))
CASE(gather_axis, cvy_graph_gather(graph, &(cvy_gather_params) { .axis = 4 }, NODE(.src = x,
                  .indices = constant(CVY_I64, "1", zeros)), &v))
CASE(reshape_count, cvy_graph_reshape(graph, &(cvy_reshape_params) { .rank = 1, .size = { 7 } },
                                      NODE(.src = x), &v))
CASE(reshape_two_open, cvy_graph_reshape(graph, &(cvy_reshape_params) { .rank = 2,
                       .size = { -1, -1 } }, NODE(.src = x), &v))
CASE(expand_size, cvy_graph_expand(graph, &(cvy_reshape_params) { .rank = 4,
                  .size = { 1, 4, 6, 5 } }, NODE(.src = x), &v))
CASE(expand_negative, cvy_graph_expand(graph, &(cvy_reshape_params) { .rank = 1,
                      .size = { -1 } }, NODE(.src = constant(CVY_F32, "1", zeros)), &v))
CASE(expand_beyond, cvy_graph_expand(graph, &(cvy_reshape_params) { .rank = 2,
                    .size = { INT64_C(1) << 40, INT64_C(1) << 40 } },
                    NODE(.src = constant(CVY_F32, "1", zeros)), &v))
CASE(transpose_order, cvy_graph_transpose(graph, NULL, NODE(.src = x), &v))
CASE(slice_start, cvy_graph_slice(graph, &(cvy_slice_params) { .start = { 0, 5 } },
                                  NODE(.src = x), &v))
CASE(softmax_axis, cvy_graph_softmax(graph, &(cvy_softmax_params) { .axis = -5 },
                                     NODE(.src = x), &v))
CASE(matmul_depth, cvy_graph_matmul(graph, NULL, NODE(.src = input("f", "2x3"),
                                    .src2 = input("g", "4x2")), &v))
CASE(block_channels, cvy_graph_depth_to_space(graph, &(cvy_block_params) { .block = 3 },
                                              NODE(.src = x), &v))
CASE(deep_weights, cvy_graph_separable(graph, NULL, NODE(.src = x,
                   .weights = weights_of("6x1x3x3", 1), .weights2 = weights_of("5x6x1x1", 1)), &v))
CASE(point_weights, cvy_graph_separable(graph, NULL, NODE(.src = x,
                    .weights = weights_of("4x1x3x3", 1), .weights2 = weights_of("5x3x1x1", 1)),
                    &v))
CASE(spatial_weights, cvy_graph_separable(graph, &(cvy_separable_params) {
                      .kind = CVY_SEPARABLE_SPATIAL, .kernel_size = { 3, 3 } },
                      NODE(.src = x, .weights = weights_of("4x1x3x1", 1),
                           .weights2 = weights_of("4x1x1x2", 1)), &v))
CASE(middle_bias, cvy_graph_separable(graph, NULL, NODE(.src = x,
                  .weights = weights_of("4x1x3x3", 1), .weights2 = weights_of("5x4x1x1", 1),
                  .bias = weights_of("5", 1)), &v))
CASE(linear_scalar, cvy_graph_linear(graph, NULL, NODE(.src = input("f", ""), .weights =
                                     weights_of("3x5", 1)), &v))
CASE(unpool_indices, cvy_graph_max_unpool(graph, &(cvy_max_unpool_params) {
                     .kernel_size = { 2, 2 } }, NODE(.src = x, .indices =
                     constant(CVY_I64, "1x4x6x5", zeros)), &v))

static cvy_value case_whole_relu(void)
{
    cvy_value v = 0;

    OK(cvy_graph_input(graph, &(cvy_graph_input_params) { .name = "i",
                       .desc = shaped(CVY_I32, "4") }, &v));
    OK(cvy_graph_activation(graph, &(cvy_activation_params) { .activation = { CVY_RELU, 0, 0 } },
                            NODE(.src = v), &v));
    return v;
}

#define ROW(name, status, word) { #name, case_##name, CVY_ERR_##status, word }
static const struct {
    const char *label;
    cvy_value (*build)(void);
    cvy_status status;
    const char *word;
} wrong[] = {
    ROW(weights_of_other_channels, SHAPE, "weights.size[1] is 5"),
    ROW(weights_of_other_rank, SHAPE, "weights"), ROW(other_kernel, SHAPE, "weights.size[2]"),
    ROW(groups, SHAPE, ""), ROW(short_bias, SHAPE, "bias"),
    ROW(whole_weights, UNSUPPORTED, "weights"), ROW(large_kernel, SHAPE, ""),
    ROW(prelu_without_slope, ARGUMENT, "slope"), ROW(slope_without_prelu, ARGUMENT, "slope"),
    ROW(long_slope, SHAPE, "num_parameters"), ROW(small_residual, SHAPE, "residual"),
    ROW(transposed_weights, SHAPE, "weights.size[0] is 8"), ROW(flat_conv, SHAPE, "src"),
    ROW(linear_features, SHAPE, "weights.size[1] is 5"), ROW(norm_channels, SHAPE, "variance"),
    ROW(norm_scale, SHAPE, "scale"), ROW(no_pool_kind, ARGUMENT, "kind"),
    ROW(concat_sizes, SHAPE, "srcs[1].size[2]"), ROW(concat_axis, SHAPE, "axis"),
    ROW(broadcast, SHAPE, "broadcast"), ROW(two_dtypes, SHAPE, "dtype"),
    ROW(no_binary_kind, ARGUMENT, "kind"), ROW(folded_kind, ARGUMENT, "kind"),
    ROW(folded_unary_kind, ARGUMENT, "kind"), ROW(folded_dtype, ARGUMENT, "dtype"),
    ROW(float_condition, ARGUMENT, "CVY_BOOL"), ROW(where_dtypes, ARGUMENT, "dtype"),
    ROW(where_two, ARGUMENT, "src_count"), ROW(float_indices, UNSUPPORTED, "indices"),
    ROW(gather_axis, SHAPE, "axis"), ROW(reshape_count, SHAPE, "elements"),
    ROW(reshape_two_open, SHAPE, "size[1]"), ROW(expand_size, SHAPE, "broadcast"),
    ROW(expand_negative, SHAPE, "size[0]"), ROW(expand_beyond, LIMIT, "elements"),
    ROW(transpose_order, ARGUMENT, "order"), ROW(slice_start, SHAPE, "start"),
    ROW(softmax_axis, SHAPE, "axis"), ROW(matmul_depth, SHAPE, ""),
    ROW(deep_weights, SHAPE, "weights.size[0] is 6"),
    ROW(point_weights, SHAPE, "weights2.size[1] is 3"),
    ROW(spatial_weights, SHAPE, "weights2.size[3] is 2"), ROW(middle_bias, SHAPE, "bias"),
    ROW(linear_scalar, SHAPE, "src"), ROW(unpool_indices, SHAPE, "indices"),
    ROW(block_channels, SHAPE, ""), ROW(whole_relu, UNSUPPORTED, "dtype"),
};

Test(graph_shapes, a_compile_that_fails_names_the_node_and_says_why)
{
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        cvy_network *none = (cvy_network *)&none;
        cvy_status st;

        new_graph();
        x = input("x", "1x4x6x6");
        w = weights_of("8x4x3x3", 1);
        output("out", wrong[i].build());
        st = cvy_graph_compile(graph, context, NULL, &none);
        cr_expect(st == wrong[i].status, "%s gives %s (%s), not %s", wrong[i].label,
                  cvy_status_name(st), st ? cvy_error_text() : "",
                  cvy_status_name(wrong[i].status));
        cr_expect(st == CVY_OK || strstr(cvy_error_text(), "node \"it\""), "%s: \"%s\"",
                  wrong[i].label, cvy_error_text());
        cr_expect(st == CVY_OK || strstr(cvy_error_text(), wrong[i].word),
                  "%s: \"%s\" has no \"%s\"", wrong[i].label, cvy_error_text(), wrong[i].word);
        cr_expect(st == CVY_OK || !none, "%s leaves a network", wrong[i].label);
        if (st == CVY_OK)
            cvy_network_destroy(&none);
    }
}

Test(graph_shapes, compile_checks_its_own_arguments)
{
    cvy_network *none = NULL;
    cvy_network_options options = { .input_count = 1 };

    GIVES(CVY_ERR_STATE, "no outputs", cvy_graph_compile(graph, context, NULL, &none));
    output("y", input("x", "2x3"));
    GIVES(CVY_ERR_ARGUMENT, "out", cvy_graph_compile(graph, context, NULL, NULL));
    GIVES(CVY_ERR_ARGUMENT, "graph", cvy_graph_compile(NULL, context, NULL, &none));
    GIVES(CVY_ERR_ARGUMENT, "context", cvy_graph_compile(graph, NULL, NULL, &none));
    GIVES(CVY_ERR_ARGUMENT, "inputs", cvy_graph_compile(graph, context, &options, &none));
    options.inputs = &(cvy_network_input) { .name = "z", .desc = shaped(CVY_F32, "2x3") };
    GIVES(CVY_ERR_ARGUMENT, "\"z\"", cvy_graph_compile(graph, context, &options, &none));
    options.inputs = &(cvy_network_input) { .desc = shaped(CVY_F32, "2x3") };
    GIVES(CVY_ERR_ARGUMENT, "name", cvy_graph_compile(graph, context, &options, &none));
    options.inputs = NULL;
    options.input_count = 0;
    options.layout = (cvy_layout)17;
    GIVES(CVY_ERR_ARGUMENT, "layout", cvy_graph_compile(graph, context, &options, &none));
    options.layout = CVY_LAYOUT_DEFAULT;
    options.output_layout = (cvy_layout)17;
    GIVES(CVY_ERR_ARGUMENT, "output_layout",
          cvy_graph_compile(graph, context, &options, &none));
    cr_assert_null(none);
    compile(NULL);
}

// Open sizes --------------------------------------------------------------------------------------

static cvy_status compile_with(const char *name, cvy_desc desc, const void *data)
{
    cvy_network_input given = { .name = name, .desc = desc, .data = data };

    cvy_network_destroy(&network);
    return cvy_graph_compile(graph, context, &(cvy_network_options) {
                             .inputs = &given, .input_count = 1 }, &network);
}

Test(graph_shapes, open_sizes_come_with_the_compile)
{
    cvy_desc open = shaped(CVY_F32, "1x4x6x6"), rank = { .dtype = CVY_F32, .rank = CVY_ANY_RANK };
    cvy_value v = 0;
    cvy_network_port port;
    cvy_network *none = NULL;

    open.size[2] = CVY_ANY_SIZE;
    OK(cvy_graph_input(graph, &(cvy_graph_input_params) { .name = "x", .desc = open }, &v));
    OK(cvy_graph_activation(graph, &(cvy_activation_params) { .activation = { CVY_RELU, 0, 0 } },
                            &(cvy_node) { .src = v }, &v));
    output("y", v);
    GIVES(CVY_ERR_ARGUMENT, "size[2]", cvy_graph_compile(graph, context, NULL, &none));
    GIVES(CVY_ERR_SHAPE, "size[1] is 5", compile_with("x", shaped(CVY_F32, "1x5x6x6"), NULL));
    GIVES(CVY_ERR_SHAPE, "rank", compile_with("x", shaped(CVY_F32, "1x4x6"), NULL));
    GIVES(CVY_ERR_ARGUMENT, "dtype is CVY_I32",
          compile_with("x", shaped(CVY_I32, "1x4x6x6"), NULL));
    GIVES(CVY_ERR_SHAPE, "size[2] is -1; it must be", compile_with("x", open, NULL));
    for (int64_t h = 1; h < 4; h++) {
        open.size[2] = h;
        OK(compile_with("x", open, NULL));
        OK(cvy_network_output_get(network, 0, &port));
        cr_expect_eq(port.desc.size[2], h);
        cr_expect_eq(port.bytes, (size_t)h * 24 * 4);
    }
    new_graph();
    OK(cvy_graph_input(graph, &(cvy_graph_input_params) { .name = "x", .desc = rank }, &v));
    output("y", v);
    GIVES(CVY_ERR_ARGUMENT, "open rank", cvy_graph_compile(graph, context, NULL, &none));
    GIVES(CVY_ERR_SHAPE, "rank is 7", compile_with("x", (cvy_desc) { .rank = 7 }, NULL));
    GIVES(CVY_ERR_LIMIT, "\"x\"", compile_with("x", (cvy_desc) { .rank = 2,
          .size = { INT64_C(1) << 40, INT64_C(1) << 40 } }, NULL));
    OK(compile_with("x", shaped(CVY_F32, "3"), NULL));
    OK(compile_with("x", shaped(CVY_F32, ""), NULL));
}

Test(graph_shapes, bad_layouts_and_strides_of_inputs_name_the_input)
{
    cvy_desc desc = shaped(CVY_F32, "1x4x6x6");

    output("y", input("x", "1x4x6x6"));
    desc.stride[0] = 1;
    GIVES(CVY_ERR_SHAPE, "x.stride", compile_with("x", desc, NULL));
    desc = shaped(CVY_F32, "1x4x6x6");
    desc.layout = (cvy_layout)9;
    GIVES(CVY_ERR_ARGUMENT, "x", compile_with("x", desc, NULL));
}

Test(graph_shapes, an_input_that_is_needed_to_compile_needs_contents)
{
    static const float data[6] = { 1, 2, 3, 4, 5, 6 };
    cvy_value v = 0;
    cvy_network *none = NULL;
    cvy_network_info info;
    void *out[PORTS] = { NULL };

    OK(cvy_graph_input(graph, &(cvy_graph_input_params) { .name = "x", .constant = true,
                       .desc = shaped(CVY_F32, "2x3") }, &v));
    output("y", v);
    GIVES(CVY_ERR_ARGUMENT, "contents", cvy_graph_compile(graph, context, NULL, &none));
    GIVES(CVY_ERR_ARGUMENT, "contents", compile_with("x", shaped(CVY_F32, "2x3"), NULL));
    OK(compile_with("x", shaped(CVY_F32, "2x3"), data));
    OK(cvy_network_info_get(network, &info));
    cr_expect_eq(info.inputs, 0);
    run_network(out);
    cr_expect(memcmp(out[0], data, sizeof data) == 0);
    free(out[0]);
}

Test(graph_shapes, the_same_name_twice_is_refused)
{
    cvy_network_input given[2] = { { .name = "x", .desc = shaped(CVY_F32, "2x3") },
                                   { .name = "x", .desc = shaped(CVY_F32, "2x3") } };
    cvy_network *none = NULL;

    output("y", input("x", "2x3"));
    GIVES(CVY_ERR_ARGUMENT, "\"x\"", cvy_graph_compile(graph, context, &(cvy_network_options) {
          .inputs = given, .input_count = 2 }, &none));
}

// A convolution that does not fit, and has no name either.
static cvy_status add_wrong(void *user, cvy_graph *into, const char *name, const cvy_value *inputs,
                            cvy_value *outputs)
{
    (void)user;
    (void)name;
    return cvy_graph_conv(into, &(cvy_conv_params) { .groups = 3 },
                          &(cvy_node) { .src = inputs[0], .weights = inputs[0] }, outputs);
}

Test(graph_shapes, a_node_without_a_name_goes_by_its_number)
{
    for (int deferred = 0; deferred < 2; deferred++) {
        cvy_network *none = NULL;
        cvy_value v = 0, y = 0;

        new_graph();
        x = input("x", "1x4x6x6");
        OK(cvy_graph_activation(graph, &(cvy_activation_params) { .activation = { CVY_RELU } },
                                &(cvy_node) { .src = x }, &v));
        if (deferred)
            OK(cvy_graph_deferred(graph, &(cvy_deferred_params) {
                .op = "Wrong", .expand = add_wrong, .inputs = &v, .input_count = 1,
                .output_count = 1 }, &y));
        else
            OK(cvy_graph_conv(graph, NULL, &(cvy_node) {
                .src = v, .weights = weights_of("8x3x3x3", 1) }, &y));
        output("out", y);
        cr_expect_eq(cvy_graph_compile(graph, context, NULL, &none), CVY_ERR_SHAPE);
        cr_expect(strncmp(cvy_error_text(), "node 1 (conv): ", 15) == 0, "\"%s\"",
                  cvy_error_text());
    }
}
