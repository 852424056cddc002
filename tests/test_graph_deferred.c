// Deferred nodes: when expand is called, what it sees, and what may go wrong in it.
#include "plan_fixture.h"
#include "graph_fixture.h"

static void open_deferred(void)
{
    open_all();
    OK(cvy_graph_create(&graph));
}

static void close_deferred(void)
{
    close_graph();
    close_all();
}

TestSuite(graph_deferred, .init = open_deferred, .fini = close_deferred, .timeout = 60);

enum what { DOUBLES, FAILS, FAILS_SILENTLY, DEFERS, GIVES_NOTHING, GIVES_RUBBISH, IDENTITY,
            IS_WRONG, IS_WRONG_BY_NAME };

struct watch {
    enum what what;
    int calls, destroyed;
    cvy_value_info seen;
    char name[32];
    bool constant, missing;
    int64_t second;             // of a constant's elements
    cvy_graph *graph;
};

static cvy_status expand(void *user, cvy_graph *into, const char *name, const cvy_value *inputs,
                         cvy_value *outputs)
{
    struct watch *watch = user;
    cvy_deferred_params nested = { .op = "Nested", .expand = expand, .output_count = 1 };

    watch->calls++;
    watch->graph = into;
    snprintf(watch->name, sizeof watch->name, "%s", name);
    if (inputs) {
        cr_expect_eq(cvy_graph_value_info_get(into, inputs[0], &watch->seen), CVY_OK);
        watch->constant = watch->seen.data;
        if (watch->constant)
            watch->second = ((const int64_t *)watch->seen.data)[1];
        watch->missing = watch->what != IDENTITY && inputs[1] == 0;
    }
    switch (watch->what) {
    case DOUBLES:
        return cvy_graph_binary(into, &(cvy_binary_params) { .kind = CVY_ADD },
                                &(cvy_node) { .name = "twice", .src = inputs[0],
                                              .src2 = inputs[0] }, outputs);
    case FAILS: return cvy_error_report(CVY_ERR_MODEL, "no such thing");
    case FAILS_SILENTLY: return CVY_ERR_MODEL_OP;
    case DEFERS: return cvy_graph_deferred(into, &nested, outputs);
    case GIVES_NOTHING: return CVY_OK;
    case GIVES_RUBBISH: outputs[0] = 12345; return CVY_OK;
    case IDENTITY: outputs[0] = inputs[0]; return CVY_OK;
    default:
        return cvy_graph_conv(into, NULL, &(cvy_node) {
            .name = watch->what == IS_WRONG ? "inner" : name, .src = inputs[0],
            .weights = inputs[0] }, outputs);
    }
}

static void destroyed(void *user)
{
    ((struct watch *)user)->destroyed++;
}

static cvy_value deferred(struct watch *watch, cvy_value src)
{
    cvy_value v = 0, inputs[2] = { src, 0 };

    OK(cvy_graph_deferred(graph, &(cvy_deferred_params) {
        .name = "late", .op = "Twice", .expand = expand, .user = watch, .destroy = destroyed,
        .inputs = inputs, .input_count = 2, .output_count = 1 }, &v));
    return v;
}

Test(graph_deferred, expand_sees_shapes_once_for_each_compile)
{
    struct watch watch = { .what = DOUBLES };
    cvy_desc open = { .dtype = CVY_F32, .rank = CVY_ANY_RANK };
    cvy_network_input given = { .name = "x", .desc = shaped(CVY_F32, "2x3") };
    cvy_network_options options = { .inputs = &given, .input_count = 1 };
    cvy_value v = 0;
    void *out[PORTS] = { NULL };
    float *in = numbers(4, 100);

    OK(cvy_graph_input(graph, &(cvy_graph_input_params) { .name = "x", .desc = open }, &v));
    output("y", deferred(&watch, v));
    cr_expect_eq(watch.calls, 0);
    compile(&options);
    cr_expect_eq(watch.calls, 1);
    cr_expect(watch.seen.desc.rank == 2 && watch.seen.desc.size[1] == 3 && !watch.constant);
    cr_expect(watch.missing);
    cr_expect_str_eq(watch.name, "late");
    given.desc = shaped(CVY_F32, "4");
    compile(&options);
    cr_expect_eq(watch.calls, 2);
    cr_expect(watch.seen.desc.rank == 1 && watch.seen.desc.size[0] == 4);
    run_network(out);
    for (size_t i = 0; i < 4; i++)
        cr_expect_eq(((float *)out[0])[i], 2.0f * in[i]);
    free(out[0]);
    free(in);
    cvy_graph_destroy(&graph);
    cr_expect_eq(watch.destroyed, 1, "destroyed %d times", watch.destroyed);
}

Test(graph_deferred, expand_sees_what_has_folded)
{
    struct watch watch = { .what = IDENTITY };
    cvy_value v = 0, a = constant(CVY_I64, "2", (int64_t[]) { 3, 4 });

    OK(cvy_graph_binary(graph, &(cvy_binary_params) { .kind = CVY_MUL },
                        &(cvy_node) { .src = a, .src2 = a }, &v));
    output("y", deferred(&watch, v));
    output("same", v);
    compile(NULL);
    cr_expect(watch.constant);
    cr_expect_eq(watch.second, 16);
}

Test(graph_deferred, chains_expand_in_order)
{
    struct watch first = { .what = DOUBLES }, second = { .what = DOUBLES };
    cvy_value y = deferred(&second, deferred(&first, input("x", "2x3")));
    void *out[PORTS] = { NULL };
    float *in = numbers(6, 100);

    output("y", y);
    compile(NULL);
    cr_expect(first.calls == 1 && second.calls == 1 && second.seen.desc.rank == 2);
    run_network(out);
    for (size_t i = 0; i < 6; i++)
        cr_expect_eq(((float *)out[0])[i], 4.0f * in[i]);
    free(out[0]);
    free(in);
}

Test(graph_deferred, what_goes_wrong_inside_names_the_node)
{
    static const struct {
        enum what what;
        cvy_status status;
        const char *words[2];
    } rows[] = {
        { FAILS, CVY_ERR_MODEL, { "node \"late\" (Twice)", "no such thing" } },
        { FAILS_SILENTLY, CVY_ERR_MODEL_OP, { "node \"late\" (Twice)", "" } },
        { DEFERS, CVY_ERR_STATE, { "node \"late\" (Twice)", "deferred" } },
        { GIVES_RUBBISH, CVY_ERR_ARGUMENT, { "node \"late\" (Twice)", "12345" } },
        { GIVES_NOTHING, CVY_ERR_ARGUMENT, { "\"y\"", "" } },
        { IS_WRONG, CVY_ERR_SHAPE, { "node \"late\" (Twice)", "node \"inner\" (conv)" } },
        { IS_WRONG_BY_NAME, CVY_ERR_SHAPE, { "node \"late\" (conv): ", "" } },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct watch watch = { .what = rows[i].what };
        cvy_network *none = NULL;
        cvy_status st;

        new_graph();
        output("y", deferred(&watch, input("x", "2x3")));
        cvy_error_report(CVY_ERR_IO, "stale");
        for (int round = 1; round <= 2; round++) {
            st = cvy_graph_compile(graph, context, NULL, &none);
            cr_expect_eq(st, rows[i].status, "row %zu: %s (%s)", i, cvy_status_name(st),
                         cvy_error_text());
            for (int k = 0; k < 2; k++)
                cr_expect(strstr(cvy_error_text(), rows[i].words[k]), "row %zu: \"%s\"", i,
                          cvy_error_text());
            if (rows[i].what == IS_WRONG_BY_NAME)
                cr_expect(!strstr(cvy_error_text(), "Twice"), "\"%s\"", cvy_error_text());
            cr_expect(!strstr(cvy_error_text(), "stale"), "row %zu: \"%s\"", i, cvy_error_text());
            cr_expect_null(none);
            cr_expect_eq(watch.calls, round);
        }
        cr_expect_eq(watch.destroyed, 0);
        cvy_graph_destroy(&graph);
        cr_expect_eq(watch.destroyed, 1);
    }
}

Test(graph_deferred, outputs_that_nothing_uses_may_be_left_out)
{
    struct watch watch = { .what = GIVES_NOTHING };
    cvy_value x = input("x", "2x3");

    deferred(&watch, x);
    output("y", x);
    compile(NULL);
    cr_expect_eq(watch.calls, 1);
}

Test(graph_deferred, a_user_of_what_is_left_out_is_named)
{
    struct watch watch = { .what = GIVES_NOTHING };
    cvy_value x = input("x", "2x3"), v = 0;
    cvy_network *none = NULL;

    OK(cvy_graph_unary(graph, &(cvy_unary_params) { .kind = CVY_NEG },
                       &(cvy_node) { .name = "user", .src = deferred(&watch, x) }, &v));
    output("y", v);
    GIVES(CVY_ERR_ARGUMENT, "node \"user\" (unary)",
          cvy_graph_compile(graph, context, NULL, &none));
}

Test(graph_deferred, arguments_are_checked_and_the_user_stays_the_callers)
{
    struct watch watch = { .what = DOUBLES };
    cvy_value v = 0, bad = 99;
    cvy_deferred_params p = { .op = "Twice", .expand = expand, .user = &watch,
                              .destroy = destroyed, .output_count = 1 };
    cvy_graph_info info;

    GIVES(CVY_ERR_ARGUMENT, "params", cvy_graph_deferred(graph, NULL, &v));
    GIVES(CVY_ERR_ARGUMENT, "outputs", cvy_graph_deferred(graph, &p, NULL));
    p.op = NULL;
    GIVES(CVY_ERR_ARGUMENT, "op", cvy_graph_deferred(graph, &p, &v));
    p.op = "Twice";
    p.expand = NULL;
    GIVES(CVY_ERR_ARGUMENT, "expand", cvy_graph_deferred(graph, &p, &v));
    p.expand = expand;
    p.input_count = 1;
    GIVES(CVY_ERR_ARGUMENT, "inputs", cvy_graph_deferred(graph, &p, &v));
    p.inputs = &bad;
    GIVES(CVY_ERR_ARGUMENT, "inputs[0]", cvy_graph_deferred(graph, &p, &v));
    OK(cvy_graph_info_get(graph, &info));
    cr_expect_eq(info.nodes, 0);
    cvy_graph_destroy(&graph);
    cr_expect_eq(watch.destroyed, 0);
}
