// Fusion: each pattern becomes one step where it may and stays several where it may not, and both
// give what a plan for each node gives.
#include "plan_fixture.h"
#include "graph_fixture.h"

static void open_fuse(void)
{
    open_all();
    OK(cvy_graph_create(&graph));
}

static void close_fuse(void)
{
    close_graph();
    close_all();
}

TestSuite(graph_fuse, .init = open_fuse, .fini = close_fuse, .timeout = 240);

// Nodes in short ----------------------------------------------------------------------------------

enum { C = 4 };
static cvy_value x;             // [2,4,6,6]

#define NODE(...) &(cvy_node) { __VA_ARGS__ }
#define CHECKED(declared, call)                                                             \
    static cvy_value declared                                                               \
    {                                                                                       \
        cvy_value v = 0;                                                                    \
        OK(call);                                                                           \
        return v;                                                                           \
    }

// A convolution with weights of this shape.
CHECKED(conv_of(cvy_value src, const char *weights, cvy_conv_params p),
        cvy_graph_conv(graph, &p, NODE(.name = "conv", .src = src,
                                       .weights = weights_of(weights, 1)), &v))
CHECKED(biased(cvy_value src, const char *weights, cvy_conv_params p),
        cvy_graph_conv(graph, &p, NODE(.name = "conv", .src = src,
                       .weights = weights_of(weights, 2), .bias = weights_of("4", 3)), &v))
CHECKED(act(cvy_activation_kind kind, cvy_value src),
        cvy_graph_activation(graph, &(cvy_activation_params) { .activation = { kind, 0, 0 } },
                             NODE(.name = "act", .src = src), &v))
CHECKED(prelu(const char *slopes, cvy_value src),
        cvy_graph_activation(graph, &(cvy_activation_params) {
                             .activation = { CVY_PRELU, 0, 0 } },
                             NODE(.name = "act", .src = src, .slope = weights_of(slopes, 4)), &v))
CHECKED(op(cvy_binary_kind kind, cvy_value a, cvy_value b),
        cvy_graph_binary(graph, &(cvy_binary_params) { .kind = kind },
                         NODE(.name = "op", .src = a, .src2 = b), &v))
CHECKED(neg(cvy_value a), cvy_graph_unary(graph, &(cvy_unary_params) { .kind = CVY_NEG },
                                          NODE(.name = "neg", .src = a), &v))
CHECKED(pad(cvy_value src, cvy_pad_params p),
        cvy_graph_pad(graph, &p, NODE(.name = "pad", .src = src), &v))

static cvy_value positive(void)
{
    return constant(CVY_F32, "4", (const float[]) { 0.5f, 1.0f, 1.5f, 2.0f });
}

CHECKED(norm_by(cvy_value src, cvy_value mean),
        cvy_graph_batch_norm(graph, NULL, NODE(.name = "norm", .src = src, .mean = mean,
                             .variance = positive(), .scale = positive(),
                             .bias = weights_of("4", 5)), &v))

static cvy_value norm(cvy_value src)
{
    return norm_by(src, weights_of("4", 6));
}

static const cvy_conv_params plain, padded = { .padding = { 1, 1 } };

static cvy_value conv(cvy_value src)
{
    return conv_of(src, "4x4x3x3", padded);
}

static cvy_value deep(cvy_value src)
{
    return conv_of(src, "4x1x3x3", (cvy_conv_params) { .padding = { 1, 1 }, .groups = C });
}

static cvy_value point(cvy_value src)
{
    return conv_of(src, "4x4x1x1", plain);
}

static cvy_value pad_of(int64_t before, int64_t after, cvy_padding_mode mode, float value)
{
    return pad(x, (cvy_pad_params) { .before = { 0, 0, before, 1 }, .after = { 0, 0, after, 1 },
                                     .mode = mode, .value = value });
}

// Patterns ----------------------------------------------------------------------------------------

#define CASE(name, value) static cvy_value case_##name(void) { return value; }

CASE(norm_and_relu, act(CVY_RELU, norm(conv(x))))
CASE(norm_with_bias, norm(biased(x, "4x4x1x1", plain)))
CASE(factor_and_term, op(CVY_ADD, weights_of("1", 8),
                         op(CVY_MUL, conv(x), weights_of("4x1x1", 7))))
CASE(sub_and_div, op(CVY_DIV, op(CVY_SUB, conv(x), weights_of("1x4x1x1", 7)),
                     constant(CVY_F32, "", (const float[]) { 4.0f })))
CASE(alone_norm_and_relu, act(CVY_RELU, norm(x)))
CASE(any_activation, act(CVY_GELU, conv(x)))
CASE(slopes, prelu("4", conv(x)))
CASE(slopes_as_a_map, prelu("4x1x1", conv(x)))
CASE(residual, act(CVY_RELU, op(CVY_ADD, conv(x), x)))
CASE(residual_first, op(CVY_ADD, x, norm(conv(x))))
CASE(silu, op(CVY_MUL, x, act(CVY_SIGMOID, x)))
CASE(silu_of_conv, op(CVY_MUL, act(CVY_SIGMOID, conv(x)), x))
CASE(arithmetic, act(CVY_RELU, op(CVY_ADD, x, neg(x))))
CASE(zeros, conv_of(pad_of(2, 1, CVY_ZEROS, 0), "4x4x3x3", plain))
CASE(zeros_twice, conv_of(pad_of(2, 1, CVY_ZEROS, 0), "4x4x3x3", padded))
CASE(reflected, conv_of(pad_of(1, 2, CVY_REFLECT, 0), "4x4x3x3", plain))
CASE(separable, act(CVY_RELU, norm(point(act(CVY_RELU6, norm(deep(x)))))))
CASE(separable_by_two, conv_of(conv_of(x, "8x1x3x3", (cvy_conv_params) { .groups = C }),
                               "4x8x1x1", plain))
CASE(separable_residual, op(CVY_ADD, x, point(deep(x))))

static cvy_value case_silu_behind_conv(void)
{
    cvy_value y = conv(x);

    return op(CVY_MUL, y, act(CVY_SIGMOID, y));
}

static cvy_value transposed(const char *weights, int64_t groups)
{
    cvy_value v = 0;

    OK(cvy_graph_conv_transpose(graph, &(cvy_conv_transpose_params) { .groups = groups,
                                .stride = { 2, 2 } },
                                NODE(.name = "deconv", .src = x,
                                     .weights = weights_of(weights, 1)), &v));
    return v;
}

CASE(transposed, act(CVY_RELU, norm(transposed("4x4x2x2", 0))))
CASE(transposed_groups, norm(transposed("4x2x2x3", 2)))

static cvy_value flat(int32_t rank)
{
    cvy_value v = 0;
    cvy_reshape_params p = { .rank = rank, .size = { 2, rank == 2 ? 144 : 9, rank == 2 ? 0 : 16 } };

    OK(cvy_graph_reshape(graph, &p, NODE(.name = "flat", .src = x), &v));
    return v;
}

CHECKED(linear(cvy_value src, const char *weights),
        cvy_graph_linear(graph, NULL, NODE(.name = "linear", .src = src,
                                           .weights = weights_of(weights, 9)), &v))
CHECKED(matmul(cvy_value a, cvy_value b),
        cvy_graph_matmul(graph, NULL, NODE(.name = "matmul", .src = a, .src2 = b), &v))

CASE(linear, act(CVY_RELU, op(CVY_ADD, op(CVY_MUL, linear(flat(2), "4x144"), positive()),
                              positive())))
CASE(matmul, act(CVY_RELU, matmul(flat(3), weights_of("16x5", 1))))

// Hard swish and hard sigmoid as exporters write them.
static cvy_value scalar(float number)
{
    return constant(CVY_F32, "", &number);
}

CASE(hard_sigmoid, op(CVY_DIV, act(CVY_RELU6, op(CVY_ADD, x, scalar(3))), scalar(6)))
CASE(hard_swish, op(CVY_DIV, op(CVY_MUL, x, act(CVY_RELU6, op(CVY_ADD, x, scalar(3)))),
                    scalar(6)))
CASE(hard_swish_by_a_sixth, op(CVY_MUL, scalar(1.0f / 6.0f), op(
     CVY_MUL, act(CVY_RELU6, op(CVY_ADD, scalar(3), x)), x)))
CASE(other_sixth, op(CVY_DIV, op(CVY_MUL, neg(x), act(CVY_RELU6, op(CVY_ADD, x, scalar(3)))),
                     scalar(6)))
CASE(sixth_over, op(CVY_DIV, scalar(6), act(CVY_RELU6, op(CVY_ADD, x, scalar(3)))))

static cvy_value case_sixth_beside_an_output(void)
{
    cvy_value y = act(CVY_RELU6, op(CVY_ADD, x, scalar(3)));

    output("y", y);
    return op(CVY_DIV, op(CVY_MUL, x, y), scalar(6));
}

// Numbers behind activations.
CASE(numbers_behind_relu, op(CVY_ADD, op(CVY_MUL, act(CVY_RELU, conv(x)), scalar(1.5f)),
                             scalar(-0.25f)))
CASE(factor_below_zero, op(CVY_MUL, scalar(-2), act(CVY_RELU6, biased(x, "4x4x1x1", plain))))
CASE(numbers_behind_linear, op(CVY_SUB, act(CVY_RELU, linear(flat(2), "4x144")), scalar(0.5f)))
CASE(numbers_behind_transposed, op(CVY_DIV, act(CVY_RELU, transposed("4x2x2x3", 2)), scalar(4)))
CASE(numbers_behind_hard_swish, op(CVY_SUB, op(CVY_DIV, act(CVY_HARD_SWISH, deep(x)), scalar(4)),
                                   scalar(0.5f)))
CASE(numbers_behind_hard_swish_alone, op(CVY_MUL, op(CVY_ADD, act(CVY_HARD_SWISH, x), scalar(2)),
                                         scalar(-0.75f)))
CASE(numbers_behind_residual, op(CVY_MUL, act(CVY_HARD_SWISH, op(CVY_ADD, conv(x), x)),
                                 scalar(3)))
CASE(hard_sigmoid_of_conv, act(CVY_HARD_SIGMOID, biased(x, "4x4x1x1", plain)))

static cvy_value gate_of(cvy_activation_kind kind)
{
    return act(kind, biased(input("r", "2x4x1x1"), "4x4x1x1", plain));
}

CASE(shortcut, act(CVY_RELU, op(CVY_ADD, op(CVY_MUL, x, gate_of(CVY_HARD_SIGMOID)), x)))
CASE(shortcut_first, op(CVY_ADD, x, op(CVY_MUL, gate_of(CVY_RELU), x)))

CHECKED(reduce(cvy_value src, cvy_reduce_params p),
        cvy_graph_reduce(graph, &p, NODE(.name = "reduce", .src = src), &v))

// In NHWC, a pool.
CASE(mean_of_pixels, reduce(conv(x), (cvy_reduce_params) {
     .kind = CVY_REDUCE_MEAN, .axes = { false, false, true, true } }))
CASE(most_of_pixels, act(CVY_RELU, reduce(conv(x), (cvy_reduce_params) {
     .kind = CVY_REDUCE_MAX, .axes = { false, false, true, true }, .keep_dims = true })))
CASE(sum_of_pixels, reduce(conv(x), (cvy_reduce_params) {
     .kind = CVY_REDUCE_SUM, .axes = { false, false, true, true } }))
CASE(mean_of_rows, reduce(conv(x), (cvy_reduce_params) {
     .kind = CVY_REDUCE_MEAN, .axes = { false, false, true, false } }))

// What may not be fused.
CASE(relu_less_number, op(CVY_SUB, scalar(1), act(CVY_RELU, conv(x))))
CASE(number_less_hard_swish, op(CVY_SUB, scalar(1), act(CVY_HARD_SWISH, conv(x))))
CASE(factor_zero, op(CVY_MUL, act(CVY_RELU, conv(x)), scalar(0)))
CASE(number_behind_sum, op(CVY_MUL, act(CVY_RELU, op(CVY_ADD, conv(x), x)), scalar(2)))
CASE(number_behind_gelu, op(CVY_MUL, act(CVY_GELU, conv(x)), scalar(2)))
CASE(number_then_relu, act(CVY_RELU, op(CVY_MUL, act(CVY_HARD_SWISH, conv(x)), scalar(2))))
CASE(shortcut_of_another, op(CVY_ADD, op(CVY_MUL, x, gate_of(CVY_RELU)), neg(x)))
CASE(shortcut_by_sigmoid, op(CVY_ADD, op(CVY_MUL, x, gate_of(CVY_SIGMOID)), x))

static cvy_value case_shortcut_beside_a_user(void)
{
    cvy_value gate = gate_of(CVY_RELU);

    output("gate", gate);
    return op(CVY_ADD, op(CVY_MUL, x, gate), x);
}

CASE(norm_behind_relu, norm(act(CVY_RELU, conv(x))))
CASE(norm_of_an_input, norm_by(conv(x), input("mean", "4")))
CASE(norm_behind_residual, norm(op(CVY_ADD, conv(x), x)))
CASE(term_by_pixel, op(CVY_MUL, conv(x), weights_of("6x1", 7)))
CASE(term_of_more_axes, op(CVY_MUL, conv(x), weights_of("1x1x1x1x1", 8)))
CASE(term_behind_linear_rows, op(CVY_MUL, linear(flat(3), "4x16"), weights_of("9x1", 7)))
CASE(constant_less_conv, op(CVY_SUB, weights_of("4x1x1", 7), conv(x)))
CASE(constant_by_conv, op(CVY_DIV, positive(), linear(flat(2), "4x144")))
CASE(one_slope, prelu("1", conv(x)))
CASE(slopes_behind_arithmetic, prelu("4", op(CVY_ADD, x, neg(x))))
CASE(residual_behind_relu, op(CVY_ADD, act(CVY_RELU, conv(x)), x))
CASE(residual_that_broadcasts, op(CVY_ADD, conv(x), input("r", "1x4x1x1")))
CASE(conv_that_broadcasts, op(CVY_ADD, conv_of(input("r", "1x4x6x6"), "4x4x1x1", plain), x))
CASE(subtraction, op(CVY_SUB, conv(x), x))
CASE(two_activations, act(CVY_SIGMOID, act(CVY_RELU, conv(x))))
CASE(pad_of_ones, conv_of(pad_of(1, 1, CVY_ZEROS, 1.0f), "4x4x3x3", plain))
CASE(pad_that_cuts, conv_of(pad_of(-1, 1, CVY_ZEROS, 0), "4x4x3x3", plain))
CASE(pad_of_channels, conv_of(pad(x, (cvy_pad_params) { .before = { 0, 1 } }), "4x5x3x3", plain))
CASE(pad_reflected_and_zeros, conv_of(pad_of(1, 1, CVY_REFLECT, 0), "4x4x3x3", padded))
CASE(pad_zeros_and_reflected, conv_of(pad_of(1, 1, CVY_ZEROS, 0), "4x4x3x3", (cvy_conv_params) {
                                      .padding = { 1, 1 }, .padding_mode = CVY_REFLECT }))
CASE(pad_and_same, conv_of(pad_of(1, 1, CVY_ZEROS, 0), "4x4x3x3",
                           (cvy_conv_params) { .padding_rule = CVY_PAD_SAME }))
CASE(pool_behind_pad, act(CVY_RELU, pad_of(1, 1, CVY_ZEROS, 0)))
CASE(strided_point, conv_of(deep(x), "4x4x1x1", (cvy_conv_params) { .stride = { 2, 2 } }))
CASE(padded_point, conv_of(deep(x), "4x4x1x1", padded))
CASE(grouped_point, conv_of(deep(x), "4x2x1x1", (cvy_conv_params) { .groups = 2 }))
CASE(slopes_between, point(prelu("4", deep(x))))
CASE(residual_between, point(op(CVY_ADD, deep(x), x)))
CASE(not_pointwise, conv_of(deep(x), "4x4x1x2", plain))
CASE(two_groups, point(conv_of(x, "4x2x3x3", (cvy_conv_params) { .groups = 2 })))

static cvy_value twice(cvy_value y, cvy_value then)
{
    return op(CVY_MAX, y, then);
}

static cvy_value case_relu_beside_a_user(void)
{
    cvy_value y = conv(x);

    return twice(y, act(CVY_RELU, y));
}

static cvy_value case_norm_beside_an_output(void)
{
    cvy_value y = conv(x);

    output("y", y);
    return norm(y);
}

static cvy_value case_pad_beside_a_user(void)
{
    cvy_value y = pad_of(1, 1, CVY_ZEROS, 0);

    output("y", neg(y));
    return conv_of(y, "4x4x3x3", plain);
}

static cvy_value case_deep_beside_an_output(void)
{
    cvy_value y = deep(x);

    output("y", y);
    return point(y);
}

static cvy_value case_sigmoid_beside_a_user(void)
{
    cvy_value y = act(CVY_SIGMOID, x);

    output("y", y);
    return op(CVY_MUL, y, x);
}

static cvy_value case_conv_and_itself(void)
{
    cvy_value y = conv(x);

    return op(CVY_ADD, y, y);
}

static cvy_value case_two_convs_added(void)
{
    return op(CVY_ADD, conv(x), biased(neg(x), "4x4x1x1", plain));
}

static cvy_value case_weights_of_an_input(void)
{
    cvy_value v = 0;

    OK(cvy_graph_conv(graph, &padded, NODE(.src = x, .weights = input("w", "4x4x3x3")), &v));
    return norm(v);
}

static cvy_value case_term_with_weights_of_an_input(void)
{
    cvy_value v = 0;

    OK(cvy_graph_conv(graph, &padded, NODE(.src = x, .weights = input("w", "4x4x3x3")), &v));
    return op(CVY_ADD, v, weights_of("4x1x1", 7));
}

static cvy_value case_comparison(void)
{
    cvy_value srcs[3], v = 0;

    srcs[0] = op(CVY_LESS, x, constant(CVY_F32, "", (const float[]) { 0.3f }));
    srcs[1] = x;
    srcs[2] = neg(x);
    OK(cvy_graph_where(graph, NULL, NODE(.srcs = srcs, .src_count = 3), &v));
    return v;
}

#define ROW(name, steps) { #name, case_##name, steps }
static const struct {
    const char *label;
    cvy_value (*build)(void);
    size_t steps;
} rows[] = {
    ROW(norm_and_relu, 1), ROW(norm_with_bias, 1), ROW(factor_and_term, 1), ROW(sub_and_div, 1),
    ROW(alone_norm_and_relu, 1), ROW(any_activation, 1), ROW(slopes, 1), ROW(slopes_as_a_map, 1),
    ROW(residual, 1), ROW(residual_first, 1), ROW(silu, 1), ROW(silu_behind_conv, 1),
    ROW(arithmetic, 2), ROW(zeros, 1), ROW(zeros_twice, 1), ROW(reflected, 1), ROW(separable, 1),
    ROW(separable_by_two, 1), ROW(separable_residual, 1), ROW(transposed, 1),
    ROW(transposed_groups, 1), ROW(linear, 1), ROW(matmul, 1), ROW(two_convs_added, 3),
    ROW(term_with_weights_of_an_input, 1),
    ROW(hard_sigmoid, 1), ROW(hard_swish, 1), ROW(hard_swish_by_a_sixth, 1),
    ROW(numbers_behind_relu, 1), ROW(factor_below_zero, 1), ROW(numbers_behind_linear, 1),
    ROW(numbers_behind_transposed, 1), ROW(numbers_behind_hard_swish, 1),
    ROW(numbers_behind_hard_swish_alone, 1), ROW(numbers_behind_residual, 1),
    ROW(hard_sigmoid_of_conv, 1), ROW(shortcut, 2), ROW(shortcut_first, 2),
    ROW(mean_of_pixels, 2), ROW(most_of_pixels, 3), ROW(sum_of_pixels, 2), ROW(mean_of_rows, 2),
    // Not fused, or not all of it.
    ROW(relu_less_number, 2), ROW(number_less_hard_swish, 2), ROW(factor_zero, 2),
    ROW(number_behind_sum, 2), ROW(number_behind_gelu, 2), ROW(number_then_relu, 2),
    ROW(shortcut_of_another, 4), ROW(shortcut_by_sigmoid, 3), ROW(shortcut_beside_a_user, 3),
    ROW(silu_of_conv, 2), ROW(norm_behind_relu, 2), ROW(norm_of_an_input, 2),
    ROW(norm_behind_residual, 2), ROW(term_by_pixel, 2), ROW(term_of_more_axes, 2),
    ROW(term_behind_linear_rows, 2), ROW(constant_less_conv, 2), ROW(constant_by_conv, 2),
    ROW(one_slope, 2),
    ROW(slopes_behind_arithmetic, 3), ROW(residual_behind_relu, 2),
    ROW(residual_that_broadcasts, 2), ROW(conv_that_broadcasts, 2), ROW(subtraction, 2),
    ROW(two_activations, 2), ROW(pad_of_ones, 2), ROW(pad_that_cuts, 2), ROW(pad_of_channels, 2),
    ROW(pad_reflected_and_zeros, 2), ROW(pad_zeros_and_reflected, 2), ROW(pad_and_same, 2),
    ROW(pool_behind_pad, 2), ROW(strided_point, 2), ROW(padded_point, 2), ROW(grouped_point, 2),
    ROW(slopes_between, 2), ROW(residual_between, 2), ROW(not_pointwise, 2), ROW(two_groups, 2),
    ROW(relu_beside_a_user, 3), ROW(norm_beside_an_output, 2), ROW(pad_beside_a_user, 3),
    ROW(deep_beside_an_output, 2), ROW(sigmoid_beside_a_user, 2), ROW(conv_and_itself, 2),
    ROW(weights_of_an_input, 2), ROW(comparison, 3), ROW(other_sixth, 4), ROW(sixth_over, 2),
    ROW(sixth_beside_an_output, 3),
};

// NCHW inside, so that no layout changes between; then with the device's layout, for the results.
Test(graph_fuse, patterns_become_one_step_where_they_may)
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

            if (k == 1)
                cr_expect_eq(info.nodes, rows[i].steps, "%s: %zu steps, not %zu", rows[i].label,
                             info.nodes, rows[i].steps);
            if (k == 1 && info.nodes != rows[i].steps)
                show_steps(rows[i].label);
            run_network(out[k]);
            compare_outputs(rows[i].label, out[k], out[0]);
        }
        for (size_t k = 0; k < COUNT_OF(options) * PORTS; k++)
            free(out[k / PORTS][k % PORTS]);
    }
}

// A separable node of each kind, whose weights say all sizes, and the two convolutions that it is.
Test(graph_fuse, separable_nodes_are_their_two_convolutions)
{
    static const struct {
        cvy_separable_kind kind;
        const char *first, *second;
        int64_t groups, groups2;
    } kinds[] = {
        { CVY_SEPARABLE_DEPTHWISE, "8x1x3x2", "5x8x1x1", C, 1 },
        { CVY_SEPARABLE_SPATIAL, "4x1x3x1", "4x1x1x2", C, C },
        { CVY_SEPARABLE_SPATIAL_DENSE, "6x4x3x1", "5x6x1x2", 1, 1 },
    };

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        void *out[PORTS] = { NULL };
        cvy_value a = 0, b = 0;

        new_graph();
        x = input("x", "2x4x6x6");
        OK(cvy_graph_separable(graph, &(cvy_separable_params) { .kind = kinds[i].kind },
                               NODE(.name = "it", .src = x,
                                    .weights = weights_of(kinds[i].first, 1),
                                    .weights2 = weights_of(kinds[i].second, 1)), &a));
        b = conv_of(x, kinds[i].first, (cvy_conv_params) { .groups = kinds[i].groups });
        b = conv_of(b, kinds[i].second, (cvy_conv_params) { .groups = kinds[i].groups2 });
        output("one", a);
        output("two", b);
        compile(&(cvy_network_options) { .no_fusion = true });
        run_network(out);
        compare_outputs("one", out, (void *[PORTS]) { out[1], out[0] });
        free(out[0]);
        free(out[1]);
    }
}

Test(graph_fuse, steps_carry_the_names_of_their_nodes)
{
    cvy_network_step step;

    x = input("x", "2x4x6x6");
    output("out", act(CVY_RELU, op(CVY_ADD, x, norm(conv(x)))));
    compile(&(cvy_network_options) { .layout = CVY_NCHW });
    OK(cvy_network_step_get(network, 0, &step));
    cr_expect_str_eq(step.name, "conv + norm + op + act");
}

Test(graph_fuse, nodes_that_nothing_needs_do_not_run)
{
    cvy_network_info info;

    x = input("x", "2x4x6x6");
    conv(neg(x));
    output("out", neg(x));
    info = compile(NULL);
    cr_expect_eq(info.graph_nodes, 3);
    cr_expect_eq(info.expanded_nodes, 1);
    cr_expect_eq(info.nodes, 1);
}
