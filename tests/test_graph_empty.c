// Tensors of nothing and scalars in networks that run.
#include "plan_fixture.h"
#include "graph_fixture.h"

static void open_empty(void)
{
    open_all();
    OK(cvy_graph_create(&graph));
}

static void close_empty(void)
{
    close_graph();
    close_all();
}

TestSuite(graph_empty, .init = open_empty, .fini = close_empty, .timeout = 60);

#define NODE(...) &(cvy_node) { .name = "it", __VA_ARGS__ }

static cvy_value relu(cvy_value src)
{
    cvy_value v = 0;

    OK(cvy_graph_activation(graph, &(cvy_activation_params) { .activation = { CVY_RELU, 0, 0 } },
                            NODE(.src = src), &v));
    return v;
}

// Compiles and runs, fused and not; gives what output 0 is when fused.
static float *run_both(size_t bytes)
{
    void *out[PORTS] = { NULL };
    cvy_network_port port;

    for (int fused = 0; fused < 2; fused++) {
        for (int i = 0; i < PORTS; i++)
            free(out[i]);
        memset(out, 0, sizeof out);
        compile(&(cvy_network_options) { .no_fusion = !fused });
        OK(cvy_network_output_get(network, 0, &port));
        cr_assert_eq(port.bytes, bytes, "%zu bytes", port.bytes);
        run_network(out);
    }
    for (int i = 1; i < PORTS; i++)
        free(out[i]);
    return out[0];
}

static cvy_value empty_conv(void)
{
    cvy_value v = 0;

    OK(cvy_graph_conv(graph, NULL, NODE(.src = input("x", "0x3x4x4"),
                                        .weights = weights_of("2x3x1x1", 1)), &v));
    return relu(v);
}

static cvy_value empty_linear(void)
{
    cvy_value v = 0;

    OK(cvy_graph_linear(graph, NULL, NODE(.src = input("x", "0x3"),
                                          .weights = weights_of("2x3", 1)), &v));
    return v;
}

static cvy_value empty_sum(void)
{
    cvy_value v = 0;

    OK(cvy_graph_binary(graph, &(cvy_binary_params) { .kind = CVY_ADD },
                        NODE(.src = relu(input("x", "0x3")), .src2 = weights_of("3", 1)), &v));
    return v;
}

static cvy_value empty_gather(void)
{
    cvy_value v = 0;

    OK(cvy_graph_gather(graph, NULL, NODE(.src = input("x", "4x3"), .indices =
                                          constant(CVY_I64, "0", NULL)), &v));
    return relu(v);
}

static cvy_value empty_moves(void)
{
    cvy_value v = relu(input("x", "2x0x3"));

    OK(cvy_graph_transpose(graph, &(cvy_transpose_params) { .order = { 2, 0, 1 } },
                           NODE(.src = v), &v));
    OK(cvy_graph_reshape(graph, &(cvy_reshape_params) { .rank = 2, .size = { 0, 7 } },
                         NODE(.src = v), &v));
    return relu(v);
}

Test(graph_empty, outputs_of_nothing_need_no_memory)
{
    static const struct {
        const char *label;
        cvy_value (*build)(void);
    } rows[] = {
        { "an input", NULL }, { "conv", empty_conv }, { "linear", empty_linear },
        { "sum", empty_sum }, { "gather", empty_gather }, { "moves", empty_moves },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        new_graph();
        output("y", rows[i].build ? rows[i].build() : input("x", "0x3"));
        free(run_both(0));
    }
}

Test(graph_empty, parts_of_nothing_join_and_pad)
{
    cvy_value v = 0, parts[2];
    float *got;

    parts[0] = relu(input("none", "0x3"));
    parts[1] = relu(constant(CVY_F32, "1x3", (const float[]) { 1, 2, 3 }));
    OK(cvy_graph_concat(graph, NULL, NODE(.srcs = parts, .src_count = 2), &v));
    output("y", v);
    got = run_both(12);
    cr_expect(got[0] == 1 && got[1] == 2 && got[2] == 3);
    free(got);
    new_graph();
    OK(cvy_graph_pad(graph, &(cvy_pad_params) { .before = { 1 }, .value = 5.0f },
                     NODE(.src = relu(input("none", "0x2"))), &v));
    output("y", v);
    got = run_both(8);
    cr_expect(got[0] == 5 && got[1] == 5, "%g, %g", (double)got[0], (double)got[1]);
    free(got);
}

Test(graph_empty, sums_of_nothing_are_0)
{
    cvy_value v = 0;
    float *got;

    OK(cvy_graph_reduce(graph, &(cvy_reduce_params) { .kind = CVY_REDUCE_SUM,
                        .axes = { true } }, NODE(.src = relu(input("x", "0x2"))), &v));
    output("y", v);
    got = run_both(8);
    cr_expect(got[0] == 0 && got[1] == 0, "%g, %g", (double)got[0], (double)got[1]);
    free(got);
}

Test(graph_empty, scalars_go_in_and_out)
{
    cvy_value x = input("x", ""), v = 0;
    cvy_network_port port;
    float *got, want = number(100, 0);

    OK(cvy_graph_binary(graph, &(cvy_binary_params) { .kind = CVY_MUL },
                        NODE(.src = x, .src2 = constant(CVY_F32, "", (const float[]) { 2 })), &v));
    OK(cvy_graph_unary(graph, &(cvy_unary_params) { .kind = CVY_NEG }, NODE(.src = v), &v));
    output("y", v);
    got = run_both(4);
    cr_expect_eq(got[0], -2 * want);
    OK(cvy_network_output_get(network, 0, &port));
    cr_expect_eq(port.desc.rank, 0);
    OK(cvy_network_input_get(network, 0, &port));
    cr_expect_eq(port.desc.rank, 0);
    free(got);
}

Test(graph_empty, a_scalar_expands_and_comes_back)
{
    cvy_value v = input("x", "");
    float *got, want = number(100, 0);

    OK(cvy_graph_expand(graph, &(cvy_reshape_params) { .rank = 2, .size = { 2, 3 } },
                        NODE(.src = v), &v));
    OK(cvy_graph_reduce(graph, &(cvy_reduce_params) { .kind = CVY_REDUCE_SUM }, NODE(.src = v),
                        &v));
    OK(cvy_graph_reshape(graph, &(cvy_reshape_params) { .rank = 1, .size = { 1 } },
                         NODE(.src = v), &v));
    output("y", v);
    got = run_both(4);
    cr_expect_eq(got[0], 6 * want, "%g", (double)got[0]);
    free(got);
}
