// Where the tensors of a network lie: concatenations, slices and transpositions without copies, an
// arena whose tensors take turns, and operators in place that overwrite nothing needed.
#include "plan_fixture.h"
#include "graph_fixture.h"

#include <math.h>

static void open_memory(void)
{
    open_all();
    OK(cvy_graph_create(&graph));
}

static void close_memory(void)
{
    close_graph();
    close_all();
}

TestSuite(graph_memory, .init = open_memory, .fini = close_memory, .timeout = 120);

static cvy_value conv(cvy_value src, const char *weights)
{
    cvy_value v = 0;

    OK(cvy_graph_conv(graph, NULL, &(cvy_node) { .name = "conv", .src = src,
                      .weights = weights_of(weights, 1) }, &v));
    return v;
}

static cvy_value neg(cvy_value src)
{
    cvy_value v = 0;

    OK(cvy_graph_unary(graph, &(cvy_unary_params) { .kind = CVY_NEG },
                       &(cvy_node) { .name = "neg", .src = src }, &v));
    return v;
}

static cvy_value add(cvy_value a, cvy_value b)
{
    cvy_value v = 0;

    OK(cvy_graph_binary(graph, &(cvy_binary_params) { .kind = CVY_ADD },
                        &(cvy_node) { .name = "add", .src = a, .src2 = b }, &v));
    return v;
}

static cvy_value concat(int axis, const cvy_value *srcs, size_t count)
{
    cvy_value v = 0;

    OK(cvy_graph_concat(graph, &(cvy_concat_params) { .axis = axis },
                        &(cvy_node) { .name = "concat", .srcs = srcs, .src_count = count }, &v));
    return v;
}

static cvy_value slice(cvy_value src, int64_t start, int64_t size)
{
    cvy_value v = 0;

    OK(cvy_graph_slice(graph, &(cvy_slice_params) { .start = { 0, start }, .size = { 0, size } },
                       &(cvy_node) { .name = "slice", .src = src }, &v));
    return v;
}

static cvy_value transpose(cvy_value src, const int32_t *order, int rank)
{
    cvy_transpose_params p = { 0 };
    cvy_value v = 0;

    memcpy(p.order, order, (size_t)rank * sizeof *order);
    OK(cvy_graph_transpose(graph, &p, &(cvy_node) { .name = "turn", .src = src }, &v));
    return v;
}

// NHWC at both ends and inside: what is left are the nodes' own steps and copies.
static cvy_network_info compile_nhwc(const char *shape, bool no_fusion)
{
    cvy_network_input given = { .name = "x", .desc = shaped(CVY_F32, shape) };

    given.desc.layout = CVY_NHWC;
    return compile(&(cvy_network_options) { .inputs = &given, .input_count = 1,
                   .layout = CVY_NHWC, .output_layout = CVY_NHWC, .no_fusion = no_fusion });
}

static void list_steps(void)
{
    cvy_network_step step;

    for (size_t i = 0; cvy_network_step_get(network, i, &step) == CVY_OK; i++)
        cr_log_warn("step %zu is \"%s\", %s; %s %zu+%zu", i, step.name, step.plan.spec,
                    step.in_arena ? "arena" : "output", step.offset, step.bytes);
}

// The network has so many steps, and gives what it gives in NCHW.
static cvy_network_info expect_steps(const char *shape, size_t steps)
{
    void *a[PORTS] = { NULL }, *b[PORTS] = { NULL };
    cvy_network_input given = { .name = "x", .desc = shaped(CVY_F32, shape) };
    cvy_network_info info;
    cvy_network_port port;

    given.desc.layout = CVY_NHWC;
    compile(&(cvy_network_options) { .inputs = &given, .input_count = 1, .layout = CVY_NCHW,
            .output_layout = CVY_NHWC, .no_fusion = true });
    run_network(a);
    info = compile_nhwc(shape, false);
    cr_expect_eq(info.nodes, steps, "%zu steps, not %zu", info.nodes, steps);
    if (info.nodes != steps)
        list_steps();
    run_network(b);
    for (size_t i = 0; i < info.outputs; i++) {
        OK(cvy_network_output_get(network, i, &port));
        for (size_t k = 0; k < port.bytes / 4; k++)
            cr_assert(fabsf(((float *)a[i])[k] - ((float *)b[i])[k]) <= 1e-4f,
                      "output %zu, element %zu is %g, not %g", i, k, (double)((float *)b[i])[k],
                      (double)((float *)a[i])[k]);
        free(a[i]);
        free(b[i]);
    }
    return info;
}

// Concat and slice --------------------------------------------------------------------------------

Test(graph_memory, concat_takes_no_copies_of_what_is_made_for_it)
{
    for (int axis = 0; axis < 4; axis++) {
        cvy_value x, parts[3];

        new_graph();
        x = input("x", "1x4x6x6");
        for (int i = 0; i < 3; i++)
            parts[i] = conv(x, "4x4x1x1");
        output("y", neg(concat(axis, parts, 3)));
        expect_steps("1x4x6x6", 4);
    }
}

Test(graph_memory, concat_copies_what_cannot_lie_there)
{
    cvy_value x = input("x", "1x4x6x6"), y = conv(x, "4x4x1x1"), v;

    output("an input", neg(concat(1, (cvy_value[]) { x, y }, 2)));
    expect_steps("1x4x6x6", 3);
    new_graph();
    x = input("x", "1x4x6x6");
    y = conv(x, "4x4x1x1");
    output("one value twice", neg(concat(1, (cvy_value[]) { y, y }, 2)));
    expect_steps("1x4x6x6", 3);
    new_graph();
    x = input("x", "1x4x6x6");
    y = conv(x, "4x4x1x1");
    v = concat(1, (cvy_value[]) { y, conv(x, "2x4x1x1") }, 2);
    output("an output", y);
    output("and joined", v);
    expect_steps("1x4x6x6", 3);
}

Test(graph_memory, growing_concats_copy_nothing)
{
    cvy_value x = input("x", "1x4x6x6"), all;
    char shape[32];

    all = conv(x, "4x4x1x1");
    for (int i = 0; i < 5; i++) {
        snprintf(shape, sizeof shape, "2x%dx1x1", 4 + 2 * i);
        all = concat(1, (cvy_value[]) { all, conv(all, shape) }, 2);
    }
    output("y", all);
    expect_steps("1x4x6x6", 6);
}

// A residual lies as its sum does: both go into a concatenation, or one of them is copied.
Test(graph_memory, residuals_and_sums_are_joined)
{
    cvy_value x = input("x", "1x4x6x6"), y = conv(x, "4x4x1x1"), z = add(conv(y, "4x4x1x1"), y);

    output("both", neg(concat(1, (cvy_value[]) { y, z }, 2)));
    expect_steps("1x4x6x6", 3);
    new_graph();
    x = input("x", "1x4x6x6");
    y = conv(x, "4x4x1x1");
    z = add(conv(y, "4x4x1x1"), y);
    output("the sum", neg(concat(1, (cvy_value[]) { z, conv(x, "2x4x1x1") }, 2)));
    expect_steps("1x4x6x6", 5);
    new_graph();
    x = input("x", "1x4x6x6");
    y = conv(x, "4x4x1x1");
    z = neg(concat(1, (cvy_value[]) { y, conv(x, "2x4x1x1") }, 2));
    output("the residual", z);
    output("its sum", neg(add(conv(y, "4x4x1x1"), y)));
    expect_steps("1x4x6x6", 6);
}

Test(graph_memory, slices_take_no_copies)
{
    cvy_value x = input("x", "1x8x6x6"), y = conv(x, "8x8x1x1");

    output("y", add(conv(slice(y, 0, 4), "4x4x1x1"), conv(slice(y, 4, 4), "4x4x1x1")));
    expect_steps("1x8x6x6", 3);
    new_graph();
    x = input("x", "1x8x6x6");
    output("of an input", conv(slice(x, 2, 4), "4x4x1x1"));
    expect_steps("1x8x6x6", 1);
}

Test(graph_memory, halves_that_are_joined_again_are_the_whole)
{
    cvy_value x = input("x", "1x8x6x6"), y = conv(x, "8x8x1x1");
    cvy_value halves[2] = { slice(y, 0, 4), slice(y, 4, 4) };

    output("y", neg(concat(1, halves, 2)));
    expect_steps("1x8x6x6", 2);
}

// Transpositions ----------------------------------------------------------------------------------

Test(graph_memory, transpositions_to_channels_last_and_back_cancel)
{
    static const int32_t first[] = { 0, 3, 1, 2 }, last[] = { 0, 2, 3, 1 };
    cvy_value x = input("x", "1x6x6x4");
    cvy_network_info info;

    output("y", transpose(conv(transpose(x, first, 4), "4x4x1x1"), last, 4));
    info = compile(&(cvy_network_options) { .layout = CVY_NHWC });
    cr_expect_eq(info.nodes, 1, "%zu steps", info.nodes);
    if (info.nodes != 1)
        list_steps();
    new_graph();
    x = input("x", "1x4x6x6");
    output("y", neg(transpose(transpose(x, first, 4), last, 4)));
    info = compile(NULL);
    cr_expect_eq(info.nodes, 1, "%zu steps", info.nodes);
    new_graph();
    x = input("x", "1x4x6x6");
    output("y", transpose(conv(conv(x, "4x4x1x1"), "4x4x1x1"), last, 4));
    info = compile(&(cvy_network_options) { .layout = CVY_NHWC });
    cr_expect_eq(info.nodes, 3, "%zu steps", info.nodes);    // one to NHWC, none from there
}

// The arena ---------------------------------------------------------------------------------------

static size_t most_workspace(void)
{
    cvy_network_step step;
    size_t most = 0;

    for (size_t i = 0; cvy_network_step_get(network, i, &step) == CVY_OK; i++)
        most = step.plan.workspace > most ? step.plan.workspace : most;
    return most;
}

Test(graph_memory, a_chain_needs_two_tensors)
{
    const size_t tensor = 8 * 16 * 16 * 4;
    cvy_value y = input("x", "1x8x16x16");
    cvy_network_info info;

    for (int i = 0; i < 12; i++)
        y = conv(y, "8x8x1x1");
    output("y", y);
    info = expect_steps("1x8x16x16", 12);
    cr_expect_leq(info.arena_bytes, 2 * tensor + most_workspace() + 256, "%zu bytes",
                  info.arena_bytes);
    cr_expect_eq(info.intermediate_bytes, 12 * tensor, "%zu bytes", info.intermediate_bytes);
}

Test(graph_memory, element_wise_chains_run_in_place)
{
    const size_t tensor = 8 * 16 * 16 * 4;
    cvy_value y = input("x", "1x8x16x16");
    cvy_network_info info;

    for (int i = 0; i < 6; i++)
        y = neg(y);
    output("y", y);
    info = expect_steps("1x8x16x16", 6);
    cr_expect_leq(info.arena_bytes, tensor, "%zu bytes", info.arena_bytes);
}

Test(graph_memory, tensors_that_live_together_do_not_overlap)
{
    cvy_network_step a, b;
    cvy_value x = input("x", "1x8x16x16"), parts[4], y;

    parts[0] = conv(x, "8x8x1x1");
    for (int i = 1; i < 4; i++)
        parts[i] = conv(parts[i - 1], "8x8x1x1");
    y = conv(parts[3], "8x8x1x1");
    for (int i = 0; i < 4; i++)
        y = conv(add(y, parts[i]), "8x8x1x1");
    output("y", y);
    compile_nhwc("1x8x16x16", true);
    for (size_t i = 0; cvy_network_step_get(network, i, &a) == CVY_OK; i++)
        for (size_t k = i + 1; cvy_network_step_get(network, k, &b) == CVY_OK; k++) {
            bool together = a.first <= b.last && b.first <= a.last;
            bool apart = a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset;
            bool one = a.offset == b.offset && a.first == b.first && a.last == b.last;

            if (a.in_arena && b.in_arena && together)
                cr_expect(apart || one, "steps %zu and %zu overlap", i, k);
        }
}

// In place ----------------------------------------------------------------------------------------

Test(graph_memory, what_is_needed_later_is_not_overwritten)
{
    cvy_value x = input("x", "1x4x6x6"), a = neg(x), b = neg(a), c = neg(b);

    output("a user after the next", add(add(c, a), b));
    expect_steps("1x4x6x6", 5);
    new_graph();
    x = input("x", "1x4x6x6");
    a = neg(x);
    output("an output", a);
    output("and its negative", neg(a));
    expect_steps("1x4x6x6", 2);
    new_graph();
    x = input("x", "1x4x6x6");
    a = neg(x);
    output("a view of it", slice(a, 1, 2));
    output("and the whole", neg(a));
    expect_steps("1x4x6x6", 3);
    new_graph();
    x = input("x", "1x4x6x6");
    a = neg(x);
    b = slice(a, 0, 2);
    output("halves", add(neg(b), slice(a, 2, 2)));
    output("and a half", add(b, b));
    expect_steps("1x4x6x6", 4);
}

Test(graph_memory, a_value_may_be_several_outputs_and_inputs_may_be_some)
{
    cvy_value x = input("x", "1x4x6x6"), a = neg(x);

    output("one", a);
    output("two", a);
    output("three", x);
    expect_steps("1x4x6x6", 3);
}
