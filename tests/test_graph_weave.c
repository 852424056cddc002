// Channel shuffles as networks write them out, reshape, transpose, reshape: as few steps as there
// may be, and the results of a plan for each node.
#include "plan_fixture.h"
#include "graph_fixture.h"

static void open_weave(void)
{
    open_all();
    OK(cvy_graph_create(&graph));
}

static void close_weave(void)
{
    close_graph();
    close_all();
}

TestSuite(graph_weave, .init = open_weave, .fini = close_weave, .timeout = 240);

// Nodes in short ----------------------------------------------------------------------------------

static cvy_value x;             // [2,12,6,5]

#define NODE(...) &(cvy_node) { __VA_ARGS__ }
#define CHECKED(declared, call)                                                             \
    static cvy_value declared                                                               \
    {                                                                                       \
        cvy_value v = 0;                                                                    \
        OK(call);                                                                           \
        return v;                                                                           \
    }

CHECKED(conv_of(cvy_value src, const char *weights, const char *bias, cvy_conv_params p),
        cvy_graph_conv(graph, &p, NODE(.name = "conv", .src = src,
                       .weights = weights_of(weights, 1), .bias = weights_of(bias, 2)), &v))
CHECKED(reshape(cvy_value src, cvy_reshape_params p),
        cvy_graph_reshape(graph, &p, NODE(.name = "reshape", .src = src), &v))
CHECKED(transpose(cvy_value src, cvy_transpose_params p),
        cvy_graph_transpose(graph, &p, NODE(.name = "turn", .src = src), &v))
CHECKED(slice(cvy_value src, cvy_slice_params p),
        cvy_graph_slice(graph, &p, NODE(.name = "slice", .src = src), &v))
CHECKED(neg(cvy_value a), cvy_graph_unary(graph, &(cvy_unary_params) { .kind = CVY_NEG },
                                          NODE(.name = "neg", .src = a), &v))
CHECKED(add(cvy_value a, cvy_value b),
        cvy_graph_binary(graph, &(cvy_binary_params) { .kind = CVY_ADD },
                         NODE(.name = "add", .src = a, .src2 = b), &v))

static cvy_value relu_conv(cvy_value src, const char *weights, const char *bias)
{
    return conv_of(src, weights, bias, (cvy_conv_params) { .activation = { CVY_RELU } });
}

static cvy_value point(cvy_value src)
{
    return relu_conv(src, "12x12x1x1", "12");
}

static cvy_value half(cvy_value src)
{
    return relu_conv(src, "6x6x1x1", "6");
}

static cvy_value deep(cvy_value src, int64_t channels, const char *weights, const char *bias)
{
    return conv_of(src, weights, bias, (cvy_conv_params) { .groups = channels,
                                                           .padding = { 1, 1 } });
}

static cvy_value concat(cvy_value a, cvy_value b)
{
    cvy_value srcs[] = { a, b }, v = 0;

    OK(cvy_graph_concat(graph, &(cvy_concat_params) { .axis = 1 },
                        NODE(.name = "concat", .srcs = srcs, .src_count = 2), &v));
    return v;
}

// 12 channels dealt out to `groups` of them.
static cvy_value shuffle_of(cvy_value src, int64_t groups, int32_t first, int32_t second)
{
    cvy_value v = reshape(src, (cvy_reshape_params) {
        .rank = 5, .size = { 2, groups, 12 / groups, 6, 5 } });

    v = transpose(v, (cvy_transpose_params) { .order = { 0, first, second, 3, 4 } });
    return reshape(v, (cvy_reshape_params) { .rank = 4, .size = { 2, 12, 6, 5 } });
}

static cvy_value shuffle(cvy_value src, int64_t groups)
{
    return shuffle_of(src, groups, 2, 1);
}

static cvy_value part(cvy_value src, int64_t from, int64_t to)
{
    return slice(src, (cvy_slice_params) { .start = { 0, from }, .size = { 0, to - from } });
}

// Graphs ------------------------------------------------------------------------------------------

#define CASE(name, value) static cvy_value case_##name(void) { return value; }

CASE(alone, neg(shuffle(x, 2)))
CASE(three_groups, neg(shuffle(x, 3)))
CASE(twelve_groups, neg(shuffle(x, 12)))
CASE(into_a_conv, point(shuffle(neg(x), 3)))
CASE(into_a_separable, point(deep(shuffle(neg(x), 2), 12, "12x1x3x3", "12")))
CASE(into_more_channels, relu_conv(deep(shuffle(neg(x), 4), 12, "24x1x3x3", "24"),
                                   "5x24x1x1", "5"))
CASE(other_order, neg(shuffle_of(x, 2, 1, 2)))
CASE(concat_of_two, neg(shuffle(concat(half(part(x, 0, 6)), half(part(x, 6, 12))), 2)))
CASE(into_an_odd_slice, neg(part(shuffle(neg(x), 2), 3, 9)))
CASE(into_a_deep_and_neg, neg(deep(shuffle(neg(x), 2), 12, "12x1x3x3", "12")))

// The halves that go on: one to a convolution, one around it.
static cvy_value block(cvy_value a, cvy_value b)
{
    cvy_value all = shuffle(concat(a, b), 2);

    return concat(part(all, 0, 6), half(deep(half(part(all, 6, 12)), 6, "6x1x3x3", "6")));
}

static cvy_value case_blocks(void)
{
    cvy_value v = block(half(part(x, 0, 6)), half(part(x, 6, 12)));

    v = block(part(v, 0, 6), part(v, 6, 12));
    return point(shuffle(v, 2));
}

static cvy_value case_network(void)
{
    cvy_value a = half(part(x, 0, 6)), b = half(part(x, 6, 12));

    for (int i = 0; i < 4; i++) {
        cvy_value all = shuffle(concat(a, b), 2);

        a = part(all, 0, 6);
        b = half(deep(half(part(all, 6, 12)), 6, "6x1x3x3", "6"));
    }
    a = shuffle(concat(a, b), 2);
    return add(point(a), relu_conv(deep(a, 12, "12x1x3x3", "12"), "12x12x1x1", "12"));
}

static cvy_value case_halves_of_inputs(void)
{
    cvy_value all = shuffle(concat(input("a", "2x6x6x5"), input("b", "2x6x6x5")), 2);

    return concat(part(all, 0, 6), half(part(all, 6, 12)));
}

static cvy_value case_half_twice(void)
{
    cvy_value a = half(part(x, 0, 6)), all = shuffle(concat(a, a), 2);

    return concat(part(all, 0, 6), half(part(all, 6, 12)));
}

static cvy_value case_beside_an_output(void)
{
    cvy_value v = shuffle(neg(x), 2);

    output("all", v);
    return point(v);
}

static cvy_value case_part_beside_an_output(void)
{
    cvy_value b = half(part(x, 6, 12)), all = shuffle(concat(half(part(x, 0, 6)), b), 2);

    output("b", b);
    return concat(part(all, 0, 6), half(part(all, 6, 12)));
}

static cvy_value case_weights_of_an_input(void)
{
    cvy_value v = 0;

    OK(cvy_graph_conv(graph, NULL, NODE(.src = shuffle(neg(x), 2),
                                        .weights = input("w", "4x12x1x1")), &v));
    return v;
}

static cvy_value case_residual_of_itself(void)
{
    cvy_value v = shuffle(neg(x), 2);

    return add(conv_of(v, "12x12x1x1", "12", (cvy_conv_params) { .groups = 0 }), v);
}

static cvy_value case_two_conv_halves(void)
{
    cvy_value all = shuffle(concat(half(part(x, 0, 6)), half(part(x, 6, 12))), 2);

    return concat(half(part(all, 0, 6)), half(part(all, 6, 12)));
}

// Steps: in NHWC, the two at the ends that change layouts counted.
#define ROW(name, steps) { #name, case_##name, steps }
static const struct {
    const char *label;
    cvy_value (*build)(void);
    size_t steps;
} rows[] = {
    ROW(alone, 2), ROW(three_groups, 2), ROW(twelve_groups, 2),
    ROW(into_a_conv, 4), ROW(into_a_separable, 4), ROW(into_more_channels, 4),
    ROW(other_order, 1), ROW(concat_of_two, 7), ROW(blocks, 14), ROW(network, 20),
    ROW(two_conv_halves, 9),
    // Not all of it.
    ROW(into_an_odd_slice, 4), ROW(into_a_deep_and_neg, 6), ROW(halves_of_inputs, 8),
    ROW(half_twice, 7), ROW(beside_an_output, 5), ROW(part_beside_an_output, 10),
    ROW(weights_of_an_input, 5), ROW(residual_of_itself, 5),
};

Test(graph_weave, shuffles_are_copied_once_or_not_at_all)
{
    static const cvy_network_options options[] = {
        { .no_fusion = true }, { .layout = CVY_NCHW }, { .layout = CVY_NHWC },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        void *out[COUNT_OF(options)][PORTS] = { { NULL } };

        new_graph();
        x = input("x", "2x12x6x5");
        output("out", rows[i].build());
        for (size_t k = 0; k < COUNT_OF(options); k++) {
            cvy_network_info info = compile(&options[k]);

            if (k == 2 && info.nodes != rows[i].steps) {
                cr_expect(false, "%s: %zu steps, not %zu", rows[i].label, info.nodes,
                          rows[i].steps);
                show_steps(rows[i].label);
            }
            run_network(out[k]);
            compare_outputs(rows[i].label, out[k], out[0]);
        }
        for (size_t k = 0; k < COUNT_OF(options) * PORTS; k++)
            free(out[k / PORTS][k % PORTS]);
    }
}

// A shuffle of rows that are not channels stays what it is.
Test(graph_weave, other_axes_are_left_alone)
{
    void *out[2][PORTS] = { { NULL } };
    cvy_value v;

    x = input("x", "2x12x6x5");
    v = reshape(x, (cvy_reshape_params) { .rank = 5, .size = { 2, 12, 2, 3, 5 } });
    v = transpose(v, (cvy_transpose_params) { .order = { 0, 1, 3, 2, 4 } });
    output("out", reshape(v, (cvy_reshape_params) { .rank = 4, .size = { 2, 12, 6, 5 } }));
    for (int i = 0; i < 2; i++) {
        compile(&(cvy_network_options) { .no_fusion = i == 0 });
        run_network(out[i]);
    }
    compare_outputs("rows", out[1], out[0]);
    free(out[0][0]);
    free(out[1][0]);
}
