// Graphs: values, inputs, constants and outputs. Nodes are added in nodes.c.
#include "graph/graph.h"

#include <limits.h>

// Shapes ------------------------------------------------------------------------------------------

int64_t shape_elements(const cvy_desc *desc)
{
    int64_t elements = 1;

    for (int i = 0; i < desc->rank; i++)
        elements *= desc->size[i];
    return elements;
}

size_t shape_bytes(const cvy_desc *desc)
{
    return (size_t)shape_elements(desc) * cvy_dtype_bytes(desc->dtype);
}

cvy_desc shape_of(cvy_dtype dtype, int32_t rank, const int64_t *size)
{
    cvy_desc desc = { .dtype = dtype, .layout = CVY_PLAIN, .rank = rank };
    int64_t stride = 1;

    for (int i = rank - 1; i >= 0; i--) {
        desc.size[i] = size[i];
        desc.stride[i] = stride;
        // May wrap around: shape_limit() is for whoever does not know the sizes.
        stride = (int64_t)((uint64_t)stride * (uint64_t)MAX(size[i], 1));
    }
    return desc;
}

bool shape_same(const cvy_desc *a, const cvy_desc *b)
{
    return a->rank == b->rank
        && memcmp(a->size, b->size, (size_t)MAX(a->rank, 0) * sizeof a->size[0]) == 0;
}

cvy_status shape_limit(const cvy_desc *desc)
{
    int64_t elements = 1;

    for (int i = 0; i < desc->rank; i++)
        if (!mul_i64(elements, MAX(desc->size[i], 1), &elements) || elements > INT64_MAX / 16)
            return fail(CVY_ERR_LIMIT, "a tensor's elements are beyond 64 bits");
    return CVY_OK;
}

// A shape that someone gave: rank and sizes within bounds. `open` allows unknown ones.
static cvy_status shape_check(const cvy_desc *desc, bool open, const char *name)
{
    int64_t elements = 1;

    if (cvy_dtype_bytes(desc->dtype) == 0)
        return fail(CVY_ERR_ARGUMENT, "%s: desc.dtype is %d, which is none", name,
                    (int)desc->dtype);
    if (open && desc->rank == CVY_ANY_RANK)
        return CVY_OK;
    if (desc->rank < 0 || desc->rank > CVY_MAX_RANK)
        return fail(CVY_ERR_ARGUMENT, "%s: desc.rank is %d; it must be 0 to %d", name,
                    (int)desc->rank, CVY_MAX_RANK);
    for (int i = 0; i < desc->rank; i++) {
        if (open && desc->size[i] == CVY_ANY_SIZE)
            continue;
        if (desc->size[i] < 0)
            return fail(CVY_ERR_SHAPE, "%s: desc.size[%d] is %lld", name, i,
                        (long long)desc->size[i]);
        if (!mul_i64(elements, MAX(desc->size[i], 1), &elements)
            || elements > INT64_MAX / 16)
            return fail(CVY_ERR_LIMIT, "%s: its elements are beyond 64 bits", name);
    }
    return CVY_OK;
}

// Values ------------------------------------------------------------------------------------------

struct value *graph_value(const struct cvy_graph *graph, cvy_value id)
{
    return id > 0 && (size_t)id <= graph->value_count ? &graph->values[id - 1] : NULL;
}

bool value_is_constant(const struct cvy_graph *graph, cvy_value id)
{
    const struct value *value = graph_value(graph, id);

    return value && value->data;
}

cvy_status graph_value_add(struct cvy_graph *graph, const cvy_desc *desc, void *data, bool owns,
                           cvy_value *out)
{
    struct value value = { .desc = *desc, .data = data, .owns_data = owns };
    cvy_status st = CVY_OK;

    if (graph->value_count >= INT32_MAX)
        TRY(fail(CVY_ERR_LIMIT, "a graph has at most 2^31 values"));
    TRY(string_copy("", &value.name));
    TRY(array_reserve(&graph->values, &graph->value_cap, graph->value_count, sizeof value));
    graph->values[graph->value_count++] = value;
    *out = (cvy_value)graph->value_count;
    value.name = NULL;
out:
    free(value.name);
    return st;
}

static cvy_status value_name(struct cvy_graph *graph, cvy_value id, const char *name)
{
    struct value *value = graph_value(graph, id);
    char *copy = NULL;
    cvy_status st = string_copy(name ? name : "", &copy);

    if (st != CVY_OK)
        return st;
    free(value->name);
    value->name = copy;
    return CVY_OK;
}

cvy_status port_add(struct port_list *list, const char *name, cvy_value value, bool constant)
{
    struct graph_port port = { .value = value, .constant = constant };
    cvy_status st = CVY_OK;

    TRY(string_copy(name, &port.name));
    TRY(array_reserve(&list->items, &list->cap, list->count, sizeof port));
    list->items[list->count++] = port;
    port.name = NULL;
out:
    free(port.name);
    return st;
}

static cvy_status port_name_check(const struct port_list *list, const char *name)
{
    CHECK_POINTER(name);
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].name, name) == 0)
            return fail(CVY_ERR_ARGUMENT, "name is \"%.100s\", which is taken", name);
    return CVY_OK;
}

static cvy_status graph_check(const cvy_graph *graph)
{
    CHECK_HANDLE(graph, MAGIC_GRAPH);
    return CVY_OK;
}

cvy_status cvy_graph_input(cvy_graph *graph, const cvy_graph_input_params *params,
                           cvy_value *out)
{
    cvy_desc desc;
    cvy_status st = CVY_OK;

    CHECK_POINTER(out);
    *out = 0;
    TRY(graph_check(graph));
    CHECK_POINTER(params);
    TRY(port_name_check(&graph->inputs, params->name));
    desc = params->desc;
    if (desc.dtype == CVY_DTYPE_DEFAULT)
        desc.dtype = CVY_F32;
    TRY(shape_check(&desc, true, params->name));
    if (desc.rank != CVY_ANY_RANK)
        desc = shape_of(desc.dtype, desc.rank, desc.size);
    TRY(graph_value_add(graph, &desc, NULL, false, out));
    TRY(value_name(graph, *out, params->name));
    st = port_add(&graph->inputs, params->name, *out, params->constant);
out:
    return st;
}

static cvy_status data_copy(const cvy_desc *desc, const void *data, void **out)
{
    size_t bytes = shape_bytes(desc);

    *out = malloc(MAX(bytes, 1));
    if (!*out)
        return fail(CVY_ERR_NOMEM_HOST, "no memory for a constant of %zu bytes", bytes);
    memcpy(*out, data, bytes);
    return CVY_OK;
}

cvy_status cvy_graph_constant(cvy_graph *graph, const char *name, const cvy_desc *desc,
                              const void *data, cvy_value *out)
{
    cvy_desc dense;
    void *copy = NULL;
    cvy_status st = CVY_OK;

    CHECK_POINTER(out);
    *out = 0;
    TRY(graph_check(graph));
    CHECK_POINTER(desc);
    dense = *desc;
    if (dense.dtype == CVY_DTYPE_DEFAULT)
        dense.dtype = CVY_F32;
    TRY(shape_check(&dense, false, name ? name : "desc"));
    dense = shape_of(dense.dtype, dense.rank, dense.size);
    if (!data && shape_elements(&dense) > 0)
        TRY(fail(CVY_ERR_ARGUMENT, "data is NULL"));
    TRY(data_copy(&dense, data ? data : "", &copy));
    TRY(graph_value_add(graph, &dense, copy, true, out));
    copy = NULL;
    st = value_name(graph, *out, name);
out:
    free(copy);
    return st;
}

cvy_status cvy_graph_output(cvy_graph *graph, const char *name, cvy_value value)
{
    cvy_status st = CVY_OK;

    TRY(graph_check(graph));
    TRY(port_name_check(&graph->outputs, name));
    if (!graph_value(graph, value))
        TRY(fail(CVY_ERR_ARGUMENT, "value is %d, which the graph has not", (int)value));
    st = port_add(&graph->outputs, name, value, false);
out:
    return st;
}

// Looking -----------------------------------------------------------------------------------------

cvy_status cvy_graph_value_info_get(const cvy_graph *graph, cvy_value value, cvy_value_info *out)
{
    const struct value *v;
    cvy_status st = CVY_OK;

    CHECK_POINTER(out);
    *out = (cvy_value_info) { .name = "" };
    TRY(graph_check(graph));
    v = graph_value(graph, value);
    if (!v)
        TRY(fail(CVY_ERR_ARGUMENT, "value is %d, which the graph has not", (int)value));
    *out = (cvy_value_info) { v->name, v->desc, v->data };
out:
    return st;
}

cvy_status cvy_graph_info_get(const cvy_graph *graph, cvy_graph_info *out)
{
    CHECK_POINTER(out);
    *out = (cvy_graph_info) { 0 };
    CHECK_HANDLE(graph, MAGIC_GRAPH);
    *out = (cvy_graph_info) { graph->inputs.count, graph->outputs.count, graph->node_count };
    return CVY_OK;
}

static cvy_status port_get(const cvy_graph *graph, bool input, size_t i, cvy_port_info *out)
{
    const struct port_list *list;

    CHECK_POINTER(out);
    *out = (cvy_port_info) { .name = "" };
    CHECK_HANDLE(graph, MAGIC_GRAPH);
    list = input ? &graph->inputs : &graph->outputs;
    if (i >= list->count)
        return fail(CVY_ERR_ARGUMENT, "i is %zu; there are %zu", i, list->count);
    *out = (cvy_port_info) { list->items[i].name, graph_value(graph, list->items[i].value)->desc,
                             list->items[i].constant };
    // Layout and strides are for whoever compiles to say.
    out->desc.layout = CVY_LAYOUT_DEFAULT;
    memset(out->desc.stride, 0, sizeof out->desc.stride);
    return CVY_OK;
}

cvy_status cvy_graph_input_get(const cvy_graph *graph, size_t i, cvy_port_info *out)
{
    return port_get(graph, true, i, out);
}

cvy_status cvy_graph_output_get(const cvy_graph *graph, size_t i, cvy_port_info *out)
{
    return port_get(graph, false, i, out);
}

// Create and destroy ------------------------------------------------------------------------------

cvy_status graph_open(bool shaped, struct cvy_graph **out)
{
    cvy_status st = zalloc(sizeof **out, out);

    if (st != CVY_OK)
        return st;
    (*out)->magic = MAGIC_GRAPH;
    (*out)->shaped = shaped;
    return CVY_OK;
}

cvy_status cvy_graph_create(cvy_graph **out)
{
    CHECK_POINTER(out);
    return graph_open(false, out);
}

void node_free(struct node *node)
{
    if (!node)
        return;
    if (node->op == NODE_DEFERRED && node->params.deferred.destroy)
        node->params.deferred.destroy(node->params.deferred.user);
    if (node->op == NODE_DEFERRED)
        free((void *)(uintptr_t)node->params.deferred.op);
    free(node->name);
    free(node->srcs);
    free(node->outs);
    free(node);
}

static void ports_free(struct port_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].name);
    free(list->items);
}

void cvy_graph_destroy(cvy_graph **graph)
{
    cvy_graph *g = graph ? *graph : NULL;

    if (!g || !MAGIC_OK(g, MAGIC_GRAPH))
        return;
    *graph = NULL;
    for (size_t i = 0; i < g->node_count; i++)
        node_free(g->nodes[i]);
    for (size_t i = 0; i < g->value_count; i++) {
        free(g->values[i].name);
        if (g->values[i].owns_data)
            free(g->values[i].data);
    }
    free(g->nodes);
    free(g->values);
    ports_free(&g->inputs);
    ports_free(&g->outputs);
    g->magic = MAGIC_DEAD;
    free(g);
}
