// A network of a few branches for the tests of runs and faults, over the counting OpenCL table.
// Included once by each test program, behind graph_fixture.h.
#ifndef CONVOY_TESTS_GRAPH_LIFE_H
#define CONVOY_TESTS_GRAPH_LIFE_H

static inline cvy_status add_conv(cvy_value src, const char *weights, int64_t groups,
                                  cvy_value *out)
{
    cvy_value w = weights_of(weights, 1);

    return cvy_graph_conv(graph, &(cvy_conv_params) { .groups = groups,
                          .padding_rule = CVY_PAD_SAME },
                          &(cvy_node) { .name = "conv", .src = src, .weights = w }, out);
}

// Inputs "a" [1,4,8,8] and "b" [1,4]; outputs "maps" and "rows".
static inline void build_life(void)
{
    cvy_value a = input("a", "1x4x8x8"), b = input("b", "1x4"), y = 0, z = 0, parts[2];

    OK(add_conv(a, "4x4x3x3", 1, &y));
    OK(cvy_graph_activation(graph, &(cvy_activation_params) { .activation = { CVY_RELU, 0, 0 } },
                            &(cvy_node) { .name = "relu", .src = y }, &y));
    OK(add_conv(y, "4x1x3x3", 4, &z));
    OK(add_conv(z, "4x4x1x1", 1, &z));
    OK(cvy_graph_binary(graph, &(cvy_binary_params) { .kind = CVY_ADD },
                        &(cvy_node) { .name = "add", .src = z, .src2 = y }, &z));
    parts[0] = y;
    parts[1] = z;
    OK(cvy_graph_concat(graph, &(cvy_concat_params) { .axis = 1 },
                        &(cvy_node) { .name = "concat", .srcs = parts, .src_count = 2 }, &y));
    OK(cvy_graph_pool(graph, &(cvy_pool_params) { .kind = CVY_POOL_MAX, .kernel_size = { 2, 2 } },
                      &(cvy_node) { .name = "pool", .src = y }, &y, NULL));
    output("maps", y);
    OK(cvy_graph_binary(graph, &(cvy_binary_params) { .kind = CVY_MUL },
                        &(cvy_node) { .name = "mul", .src = b, .src2 = weights_of("3x4", 7) },
                        &z));
    output("rows", z);
}

// What one run gives, freed by the caller.
struct result {
    void *out[PORTS];
};

static inline void result_free(struct result *result)
{
    for (int i = 0; i < PORTS; i++)
        free(result->out[i]);
    memset(result, 0, sizeof *result);
}

static const size_t life_bytes[2] = { 8 * 4 * 4 * 4, 3 * 4 * 4 };

static inline bool result_same(const struct result *a, const struct result *b)
{
    return memcmp(a->out[0], b->out[0], life_bytes[0]) == 0
        && memcmp(a->out[1], b->out[1], life_bytes[1]) == 0;
}

#endif
