// Of graph.h what the loader calls. Memory comes from reallocarray, which the tests that let malloc
// fail leave alone.
#include "onnx_stub.h"

#include <stdlib.h>
#include <string.h>

int stub_graphs;
int stub_fail_at;

static cvy_status step(void)
{
    if (stub_fail_at && --stub_fail_at == 0)
        return cvy_error_report(CVY_ERR_NOMEM_HOST, "the stub has no memory");
    return CVY_OK;
}

static void *allocate(size_t bytes)
{
    return memset(reallocarray(NULL, 1, bytes + 1), 0, bytes + 1);
}

static void *copy(const void *data, size_t bytes)
{
    return memcpy(allocate(bytes), data, bytes);
}

// One more item at the end, zeroed. Doubles at powers of two.
static void *grow(void *items, size_t *count, size_t bytes)
{
    char *grown = items;

    if ((*count & (*count - 1)) == 0)
        grown = reallocarray(items, *count ? 2 * *count : 1, bytes);
    memset(grown + *count * bytes, 0, bytes);
    ++*count;
    return grown;
}

static size_t desc_bytes(const cvy_desc *desc)
{
    size_t bytes = cvy_dtype_bytes(desc->dtype);

    for (int i = 0; i < desc->rank; i++)
        bytes *= (size_t)desc->size[i];
    return bytes;
}

cvy_status cvy_graph_create(cvy_graph **out)
{
    cvy_status st = step();

    *out = st == CVY_OK ? allocate(sizeof **out) : NULL;
    stub_graphs += st == CVY_OK;
    return st;
}

static void ports_free(struct stub_port *ports, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(ports[i].name);
        free(ports[i].data);
    }
    free(ports);
}

void cvy_graph_destroy(cvy_graph **graph)
{
    cvy_graph *g = *graph;

    *graph = NULL;
    if (!g)
        return;
    for (size_t i = 0; i < g->node_count; i++) {
        if (g->nodes[i].destroy)
            g->nodes[i].destroy(g->nodes[i].user);
        free(g->nodes[i].name);
        free(g->nodes[i].op);
        free(g->nodes[i].inputs);
    }
    free(g->nodes);
    ports_free(g->inputs, g->input_count);
    ports_free(g->constants, g->constant_count);
    ports_free(g->outputs, g->output_count);
    free(g);
    stub_graphs--;
}

cvy_status cvy_graph_input(cvy_graph *graph, const cvy_graph_input_params *params, cvy_value *out)
{
    cvy_status st = step();

    if (st != CVY_OK)
        return st;
    graph->inputs = grow(graph->inputs, &graph->input_count, sizeof *graph->inputs);
    graph->inputs[graph->input_count - 1] = (struct stub_port) {
        strdup(params->name), params->desc, params->constant, ++graph->last, NULL };
    *out = graph->last;
    return CVY_OK;
}

cvy_status cvy_graph_constant(cvy_graph *graph, const char *name, const cvy_desc *desc,
                              const void *data, cvy_value *out)
{
    size_t bytes = desc_bytes(desc);
    cvy_status st = step();

    if (st == CVY_OK && !data)
        st = cvy_error_report(CVY_ERR_ARGUMENT, "data is NULL");
    if (st != CVY_OK)
        return st;
    graph->constants = grow(graph->constants, &graph->constant_count, sizeof *graph->constants);
    graph->constants[graph->constant_count - 1] = (struct stub_port) {
        strdup(name), *desc, true, ++graph->last,
        copy(data, bytes) };
    *out = graph->last;
    return CVY_OK;
}

cvy_status cvy_graph_output(cvy_graph *graph, const char *name, cvy_value value)
{
    cvy_status st = step();

    if (st != CVY_OK)
        return st;
    if (value <= 0 || value > graph->last)
        return cvy_error_report(CVY_ERR_ARGUMENT, "no such value");
    graph->outputs = grow(graph->outputs, &graph->output_count, sizeof *graph->outputs);
    graph->outputs[graph->output_count - 1] = (struct stub_port) {
        .name = strdup(name), .value = value };
    return CVY_OK;
}

cvy_status cvy_graph_deferred(cvy_graph *graph, const cvy_deferred_params *params,
                              cvy_value *outputs)
{
    size_t bytes = params->input_count * sizeof *params->inputs;
    cvy_status st = step();

    for (size_t i = 0; i < params->input_count && st == CVY_OK; i++)
        if (params->inputs[i] < 0 || params->inputs[i] > graph->last)
            st = cvy_error_report(CVY_ERR_ARGUMENT, "no such value");
    if (st != CVY_OK)
        return st;
    graph->nodes = grow(graph->nodes, &graph->node_count, sizeof *graph->nodes);
    graph->nodes[graph->node_count - 1] = (struct stub_node) {
        .name = strdup(params->name), .op = strdup(params->op), .expand = params->expand,
        .user = params->user, .destroy = params->destroy,
        .inputs = copy(params->inputs, bytes),
        .input_count = params->input_count, .output_count = params->output_count,
        .first_output = graph->last + 1 };
    for (size_t i = 0; i < params->output_count; i++)
        outputs[i] = ++graph->last;
    return CVY_OK;
}

const struct stub_port *stub_port_find(const struct stub_port *ports, size_t count,
                                       const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(ports[i].name, name) == 0)
            return &ports[i];
    return NULL;
}

const struct stub_node *stub_node_find(const cvy_graph *graph, const char *name)
{
    for (size_t i = 0; i < graph->node_count; i++)
        if (strcmp(graph->nodes[i].name, name) == 0)
            return &graph->nodes[i];
    return NULL;
}
