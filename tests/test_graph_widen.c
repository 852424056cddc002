// Zeros behind channels: made by the nodes that make the channels where they can, and the results
// of a plan for each node.
#include "plan_fixture.h"
#include "graph_fixture.h"

static void open_widen(void)
{
    open_all();
    OK(cvy_graph_create(&graph));
}

static void close_widen(void)
{
    close_graph();
    close_all();
}

TestSuite(graph_widen, .init = open_widen, .fini = close_widen, .timeout = 240);

// Nodes in short ----------------------------------------------------------------------------------

static cvy_value x;             // [2,4,6,6]

#define NODE(...) &(cvy_node) { __VA_ARGS__ }
#define CHECKED(declared, call)                                                             \
    static cvy_value declared                                                               \
    {                                                                                       \
        cvy_value v = 0;                                                                    \
        OK(call);                                                                           \
        return v;                                                                           \
    }

CHECKED(conv_of(cvy_value src, const char *weights, const char *bias, cvy_activation_kind kind),
        cvy_graph_conv(graph, &(cvy_conv_params) { .activation = { kind, 0, 0 } },
                       NODE(.name = "conv", .src = src, .weights = weights_of(weights, 1),
                            .bias = weights_of(bias, 2)), &v))
CHECKED(add_op(cvy_value a, cvy_value b, cvy_activation_kind kind),
        cvy_graph_binary(graph, &(cvy_binary_params) { .kind = CVY_ADD,
                                                       .activation = { kind, 0, 0 } },
                         NODE(.name = "add", .src = a, .src2 = b), &v))
CHECKED(neg(cvy_value a), cvy_graph_unary(graph, &(cvy_unary_params) { .kind = CVY_NEG },
                                          NODE(.name = "neg", .src = a), &v))
CHECKED(pad_of(cvy_value src, cvy_pad_params p),
        cvy_graph_pad(graph, &p, NODE(.name = "pad", .src = src), &v))
CHECKED(pool(cvy_value src, cvy_pool_params p),
        cvy_graph_pool(graph, &p, NODE(.name = "pool", .src = src), &v, NULL))

static cvy_value conv(cvy_value src)
{
    return conv_of(src, "4x4x1x1", "4", CVY_RELU);
}

static cvy_value pad(cvy_value src, int64_t channels)
{
    return pad_of(src, (cvy_pad_params) { .after = { 0, channels } });
}

static cvy_value concat(cvy_value a, cvy_value b)
{
    cvy_value srcs[] = { a, b }, v = 0;

    OK(cvy_graph_concat(graph, &(cvy_concat_params) { .axis = 1 },
                        NODE(.name = "concat", .srcs = srcs, .src_count = 2), &v));
    return v;
}

static cvy_value zeros(const char *shape)
{
    static const float data[2 * 16 * 6 * 6];

    return constant(CVY_F32, shape, data);
}

// Graphs ------------------------------------------------------------------------------------------

#define CASE(name, value) static cvy_value case_##name(void) { return value; }

CASE(conv_and_zeros, neg(concat(conv(x), zeros("2x3x6x6"))))
CASE(conv_and_pad, neg(pad(conv(x), 12)))
CASE(pad_twice, neg(pad(pad(conv(x), 2), 5)))
CASE(hard_swish, neg(pad(conv_of(x, "4x4x1x1", "4", CVY_HARD_SWISH), 2)))
CASE(of_max_pool, neg(pad(pool(conv(x), (cvy_pool_params) {
     .kind = CVY_POOL_MAX, .kernel_size = { 3, 3 }, .padding = { 1, 1 } }), 3)))
CASE(of_average_pool, neg(pad(pool(conv(x), (cvy_pool_params) {
     .kind = CVY_POOL_AVERAGE, .kernel_size = { 3, 3 }, .padding = { 1, 1 } }), 3)))

// Not.
CASE(no_room, neg(pad(conv(x), 13)))
CASE(of_an_input, neg(pad(x, 3)))
CASE(of_lp_pool, neg(pad(pool(conv(x), (cvy_pool_params) {
     .kind = CVY_POOL_LP, .kernel_size = { 2, 2 } }), 3)))
CASE(sigmoid, neg(pad(conv_of(x, "4x4x1x1", "4", CVY_SIGMOID), 3)))
CASE(ones, neg(concat(conv(x), weights_of("2x3x6x6", 9))))
CASE(zeros_first, neg(concat(zeros("2x3x6x6"), conv(x))))
CASE(pad_before, neg(pad_of(conv(x), (cvy_pad_params) { .before = { 0, 3 } })))
CASE(pad_of_ones, neg(pad_of(conv(x), (cvy_pad_params) { .after = { 0, 3 }, .value = 1.0f })))
CASE(pad_of_pixels, neg(pad_of(conv(x), (cvy_pad_params) { .after = { 0, 3, 1 } })))
CASE(pad_that_cuts, neg(pad_of(conv(x), (cvy_pad_params) { .after = { 0, 3, -1 } })))

static cvy_value case_beside_a_user(void)
{
    cvy_value y = conv(x);

    output("y", neg(y));
    return neg(pad(y, 3));
}

static cvy_value case_beside_an_output(void)
{
    cvy_value y = conv(x);

    output("y", y);
    return neg(pad(y, 3));
}

static cvy_value case_two_widths(void)
{
    cvy_value y = conv(x);

    output("y", neg(pad(y, 5)));
    return neg(pad(y, 3));
}

static cvy_value case_one_of_groups(void)
{
    cvy_value v = 0;

    OK(cvy_graph_conv(graph, &(cvy_conv_params) { .groups = 2 },
                      NODE(.name = "conv", .src = x, .weights = weights_of("4x2x1x1", 1)), &v));
    return neg(pad(v, 3));
}

// Sums with ever more channels, as in BlazeFace.
static cvy_value case_sums(void)
{
    cvy_value a = conv(x), b, c, d;

    b = add_op(conv_of(a, "4x4x1x1", "4", CVY_NONE), a, CVY_RELU);
    c = add_op(conv_of(b, "7x4x1x1", "7", CVY_NONE), pad(b, 3), CVY_RELU);
    d = add_op(conv_of(c, "7x7x1x1", "7", CVY_NONE), c, CVY_RELU);
    d = pool(d, (cvy_pool_params) { .kind = CVY_POOL_MAX, .kernel_size = { 2, 2 } });
    return add_op(conv_of(d, "12x7x1x1", "12", CVY_NONE), pad(d, 5), CVY_RELU);
}

// The pad that stays takes what the later ones want.
static cvy_value case_sums_behind_a_pad(void)
{
    cvy_value a = neg(x), b;

    a = add_op(conv_of(a, "7x4x1x1", "7", CVY_NONE), pad(a, 3), CVY_RELU);
    b = add_op(conv_of(a, "12x7x1x1", "12", CVY_NONE), concat(a, zeros("2x5x6x6")), CVY_RELU);
    output("a", neg(a));
    return b;
}

// Steps in NCHW.
#define ROW(name, steps) { #name, case_##name, steps }
static const struct {
    const char *label;
    cvy_value (*build)(void);
    size_t steps;
} rows[] = {
    ROW(conv_and_zeros, 2), ROW(conv_and_pad, 2), ROW(pad_twice, 2), ROW(hard_swish, 2),
    ROW(of_max_pool, 3), ROW(of_average_pool, 3), ROW(beside_a_user, 3), ROW(sums, 6),
    ROW(sums_behind_a_pad, 6),
    // Not widened, or not all of it.
    ROW(no_room, 3), ROW(of_an_input, 2), ROW(of_lp_pool, 4), ROW(sigmoid, 3), ROW(ones, 3),
    ROW(zeros_first, 3), ROW(pad_before, 3), ROW(pad_of_ones, 3), ROW(pad_of_pixels, 3),
    ROW(pad_that_cuts, 3), ROW(beside_an_output, 3), ROW(two_widths, 4), ROW(one_of_groups, 3),
};

Test(graph_widen, what_makes_the_channels_makes_the_zeros)
{
    static const cvy_network_options options[] = {
        { .no_fusion = true, .layout = CVY_NCHW }, { .layout = CVY_NCHW }, { .layout = CVY_NHWC },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        void *out[COUNT_OF(options)][PORTS] = { { NULL } };

        new_graph();
        x = input("x", "2x4x6x6");
        output("out", rows[i].build());
        for (size_t k = 0; k < COUNT_OF(options); k++) {
            cvy_network_info info = compile(&options[k]);

            if (k == 1 && info.nodes != rows[i].steps) {
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
