// Adding nodes: what every operator's function shares, and the functions.
#include "graph/graph.h"

#include <stdio.h>

static const struct {
    const char *name;
    size_t at;
} ports[PORT_COUNT] = {
    { "src", offsetof(cvy_node, src) }, { "src2", offsetof(cvy_node, src2) },
    { "weights", offsetof(cvy_node, weights) }, { "bias", offsetof(cvy_node, bias) },
    { "weights2", offsetof(cvy_node, weights2) }, { "bias2", offsetof(cvy_node, bias2) },
    { "scale", offsetof(cvy_node, scale) }, { "mean", offsetof(cvy_node, mean) },
    { "variance", offsetof(cvy_node, variance) }, { "slope", offsetof(cvy_node, slope) },
    { "residual", offsetof(cvy_node, residual) }, { "indices", offsetof(cvy_node, indices) },
};

static cvy_value node_port(const cvy_node *node, int port)
{
    cvy_value value;

    memcpy(&value, (const char *)node + ports[port].at, sizeof value);
    return value;
}

void node_set_port(cvy_node *node, int port, cvy_value value)
{
    memcpy((char *)node + ports[port].at, &value, sizeof value);
}

const char *node_op_name(enum node_op op)
{
    return op_row(op)->name;
}

void node_who(const struct node *node, char *out, size_t bytes)
{
    if (node->name[0])
        snprintf(out, bytes, "node \"%.100s\"", node->name);
    else if (node->number != NO_NUMBER)
        snprintf(out, bytes, "node %zu", node->number);
    else
        snprintf(out, bytes, "a node");
}

void node_label(const struct node *node, char *out, size_t bytes)
{
    const char *op = node->op == NODE_DEFERRED ? node->params.deferred.op : node_op_name(node->op);
    char who[128];

    node_who(node, who, sizeof who);
    snprintf(out, bytes, "%s (%.40s)", who, op);
}

cvy_status node_error(const struct node *node, cvy_status st)
{
    char label[192];

    if (st == CVY_OK)
        return st;
    node_label(node, label, sizeof label);
    return fail_prefix(st, "%s", label);
}

const char *port_name(int port)
{
    return ports[port].name;
}

// Checks ------------------------------------------------------------------------------------------

static cvy_status check_ports(const struct cvy_graph *graph, const struct op_row *row,
                              const cvy_node *node)
{
    for (int i = 0; i < PORT_COUNT; i++) {
        cvy_value value = node_port(node, i);

        if (!value && row->needs & PORT_BIT(i))
            return fail(CVY_ERR_ARGUMENT, "node.%s is empty; %s needs it", ports[i].name,
                        row->name);
        if (value && !((row->needs | row->takes) & PORT_BIT(i)))
            return fail(CVY_ERR_ARGUMENT, "node.%s is set, which %s does not have", ports[i].name,
                        row->name);
        if (value && !graph_value(graph, value))
            return fail(CVY_ERR_ARGUMENT, "node.%s is %d, a value that the graph has not",
                        ports[i].name, (int)value);
    }
    return CVY_OK;
}

static cvy_status check_srcs(const struct cvy_graph *graph, const struct op_row *row,
                             const cvy_node *node)
{
    if (!row->takes_srcs && node->src_count)
        return fail(CVY_ERR_ARGUMENT, "node.srcs is set, which %s does not have", row->name);
    if (!row->takes_srcs)
        return CVY_OK;
    if (!node->srcs || !node->src_count)
        return fail(CVY_ERR_ARGUMENT, "node.srcs is empty; %s needs it", row->name);
    for (size_t i = 0; i < node->src_count; i++)
        if (!graph_value(graph, node->srcs[i]))
            return fail(CVY_ERR_ARGUMENT, "node.srcs[%zu] is %d, a value that the graph has not",
                        i, (int)node->srcs[i]);
    return CVY_OK;
}

// Making a node -----------------------------------------------------------------------------------

static cvy_status copy_values(const cvy_value *from, size_t count, cvy_value **out)
{
    cvy_status st = zalloc(MAX(count, 1) * sizeof **out, out);

    if (st == CVY_OK && count)
        memcpy(*out, from, count * sizeof **out);
    return st;
}

static cvy_status node_make(const struct cvy_graph *graph, const struct node_request *request,
                            struct node **out)
{
    const cvy_node *from = request->node;
    struct node *node = NULL;
    cvy_status st = CVY_OK;

    TRY(zalloc(sizeof *node, &node));
    node->op = request->op;
    node->number = graph->shaped ? graph->number : graph->node_count;
    if (request->params)
        memcpy(&node->params, request->params, request->params_bytes);
    TRY(string_copy(from->name ? from->name : "", &node->name));
    for (int i = 0; i < PORT_COUNT; i++)
        node->in[i] = node_port(from, i);
    node->src_count = from->src_count;
    node->out_count = request->out_count;
    TRY(copy_values(from->srcs, from->src_count, &node->srcs));
    TRY(zalloc(MAX(request->out_count, 1) * sizeof *node->outs, &node->outs));
    *out = node;
    node = NULL;
out:
    if (node)
        node->op = NODE_CONV;       // a deferred node's user stays the caller's
    node_free(node);
    return st;
}

static cvy_status add_outputs(struct cvy_graph *graph, struct node *node, const cvy_desc *descs)
{
    cvy_desc unknown = { .dtype = CVY_F32, .rank = CVY_ANY_RANK };
    cvy_status st = CVY_OK;

    for (size_t i = 0; i < node->out_count && st == CVY_OK; i++)
        st = graph_value_add(graph, descs ? &descs[i] : &unknown, NULL, false, &node->outs[i]);
    return st;
}

static cvy_status node_append(struct cvy_graph *graph, struct node *node)
{
    cvy_status st = array_reserve(&graph->nodes, &graph->node_cap, graph->node_count,
                                  sizeof *graph->nodes);

    if (st == CVY_OK)
        graph->nodes[graph->node_count++] = node;
    return st;
}

// In a working graph: constants give a constant.
// What a small graph may make on the host out of constants.
#define FOLD_BYTES (INT64_C(1) << 30)

static cvy_status node_shapes(const struct cvy_graph *graph, const struct node *node,
                              cvy_desc descs[2])
{
    cvy_status st = node_infer(graph, node, descs);

    for (size_t i = 0; i < node->out_count && st == CVY_OK; i++)
        st = shape_limit(&descs[i]);
    if (st == CVY_OK && fold_can(graph, node) && shape_bytes(descs) > (size_t)FOLD_BYTES)
        st = fail(CVY_ERR_LIMIT, "a constant of %zu bytes would come of constants; %lld are the "
                  "most", shape_bytes(descs), (long long)FOLD_BYTES);
    return st;
}

static cvy_status node_fold(struct cvy_graph *graph, const struct node *node, const cvy_desc *desc,
                            cvy_value *out)
{
    void *data = NULL;
    cvy_status st = CVY_OK;

    TRY(fold(graph, node, desc, &data));
    TRY(graph_value_add(graph, desc, data, true, out));
    data = NULL;
out:
    free(data);
    return st;
}

cvy_status node_add(struct cvy_graph *graph, const struct node_request *request, cvy_value *outs)
{
    cvy_desc descs[2];
    struct node *node = NULL;
    cvy_status st = CVY_OK;

    memset(outs, 0, request->out_count * sizeof *outs);
    CHECK_HANDLE(graph, MAGIC_GRAPH);
    if (!request->node)
        return fail(CVY_ERR_ARGUMENT, "node is NULL");
    TRY(check_ports(graph, op_row(request->op), request->node));
    TRY(check_srcs(graph, op_row(request->op), request->node));
    TRY(node_make(graph, request, &node));
    if (graph->shaped)
        TRY(node_error(node, node_shapes(graph, node, descs)));
    if (graph->shaped && fold_can(graph, node)) {
        TRY(node_error(node, node_fold(graph, node, descs, outs)));
        goto out;
    }
    TRY(add_outputs(graph, node, graph->shaped ? descs : NULL));
    TRY(node_append(graph, node));
    memcpy(outs, node->outs, node->out_count * sizeof *outs);
    node = NULL;
out:
    node_free(node);
    return st;
}

// The operators -----------------------------------------------------------------------------------

#define OPERATOR(name, which, type)                                                         \
    cvy_status cvy_graph_##name(cvy_graph *graph, const cvy_##type##_params *params,        \
                                const cvy_node *node, cvy_value *out)                       \
    {                                                                                       \
        struct node_request request = { NODE_##which, params, sizeof *params, node, 1 };    \
                                                                                            \
        CHECK_POINTER(out);                                                                 \
        return node_add(graph, &request, out);                                              \
    }

OPERATOR(conv, CONV, conv)
OPERATOR(conv_transpose, CONV_TRANSPOSE, conv_transpose)
OPERATOR(max_unpool, MAX_UNPOOL, max_unpool)
OPERATOR(separable, SEPARABLE, separable)
OPERATOR(linear, LINEAR, linear)
OPERATOR(activation, ACTIVATION, activation)
OPERATOR(concat, CONCAT, concat)
OPERATOR(softmax, SOFTMAX, softmax)
OPERATOR(batch_norm, BATCH_NORM, batch_norm)
OPERATOR(instance_norm, INSTANCE_NORM, instance_norm)
OPERATOR(lrn, LRN, lrn)
OPERATOR(unary, UNARY, unary)
OPERATOR(binary, BINARY, binary)
OPERATOR(where, WHERE, where)
OPERATOR(cast, CAST, cast)
OPERATOR(pad, PAD, pad)
OPERATOR(slice, SLICE, slice)
OPERATOR(transpose, TRANSPOSE, transpose)
OPERATOR(depth_to_space, DEPTH_TO_SPACE, block)
OPERATOR(space_to_depth, SPACE_TO_DEPTH, block)
OPERATOR(gather, GATHER, gather)
OPERATOR(reduce, REDUCE, reduce)
OPERATOR(resize, RESIZE, resize)
OPERATOR(matmul, MATMUL, matmul)
OPERATOR(reshape, RESHAPE, reshape)
OPERATOR(expand, EXPAND, reshape)

cvy_status cvy_graph_pool(cvy_graph *graph, const cvy_pool_params *params, const cvy_node *node,
                          cvy_value *out, cvy_value *indices)
{
    bool two = params && params->indices != CVY_INDICES_NONE;
    struct node_request request = { NODE_POOL, params, sizeof *params, node, two ? 2 : 1 };
    cvy_value outs[2] = { 0, 0 };
    cvy_status st = CVY_OK;

    CHECK_POINTER(out);
    *out = 0;
    if (indices)
        *indices = 0;
    if (two != (indices != NULL))
        return fail(CVY_ERR_ARGUMENT, "indices is %sNULL and params.indices %s",
                    indices ? "not " : "", two ? "asks for them" : "does not ask for them");
    TRY(node_add(graph, &request, outs));
    *out = outs[0];
    if (indices)
        *indices = outs[1];
out:
    return st;
}

// Deferred nodes ----------------------------------------------------------------------------------

static cvy_status check_deferred(const cvy_graph *graph, const cvy_deferred_params *params)
{
    CHECK_HANDLE(graph, MAGIC_GRAPH);
    CHECK_POINTER(params);
    CHECK_POINTER(params->op);
    CHECK_POINTER(params->expand);
    if (params->input_count && !params->inputs)
        return fail(CVY_ERR_ARGUMENT, "inputs is NULL; input_count is %zu", params->input_count);
    for (size_t i = 0; i < params->input_count; i++)
        if (params->inputs[i] && !graph_value(graph, params->inputs[i]))
            return fail(CVY_ERR_ARGUMENT, "inputs[%zu] is %d, a value that the graph has not", i,
                        (int)params->inputs[i]);
    return CVY_OK;
}

cvy_status cvy_graph_deferred(cvy_graph *graph, const cvy_deferred_params *params,
                              cvy_value *outputs)
{
    cvy_node from = { 0 };
    struct node_request request = { NODE_DEFERRED, params, sizeof *params, &from, 0 };
    struct node *node = NULL;
    char *op = NULL;
    cvy_status st = CVY_OK;

    TRY(check_deferred(graph, params));
    if (params->output_count)
        CHECK_POINTER(outputs);
    if (graph->shaped)
        TRY(fail(CVY_ERR_STATE, "a deferred node may not add deferred nodes"));
    from.name = params->name;
    from.srcs = params->inputs;
    from.src_count = params->input_count;
    request.out_count = params->output_count;
    TRY(string_copy(params->op, &op));
    TRY(node_make(graph, &request, &node));
    node->params.deferred.op = op;
    node->params.deferred.inputs = NULL;
    node->params.deferred.destroy = NULL;       // until nothing can fail
    op = NULL;
    TRY(add_outputs(graph, node, NULL));
    TRY(node_append(graph, node));
    node->params.deferred.destroy = params->destroy;
    if (params->output_count)
        memcpy(outputs, node->outs, params->output_count * sizeof *outputs);
    node = NULL;
out:
    free(op);
    node_free(node);
    return st;
}
