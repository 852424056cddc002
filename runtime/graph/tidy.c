// Takes out nodes that change nothing: what used their result uses their source.
#include "graph/passes.h"

static bool all_zero(const int64_t *values, int count)
{
    for (int i = 0; i < count; i++)
        if (values[i])
            return false;
    return true;
}

static bool in_order(const int32_t *order, int rank)
{
    for (int i = 0; i < rank; i++)
        if (order[i] != i)
            return false;
    return true;
}

static bool steps_are_one(const int64_t *step, int rank)
{
    for (int i = 0; i < rank; i++)
        if (step[i] != 0 && step[i] != 1)
            return false;
    return true;
}

static bool changes_nothing(const struct cvy_graph *graph, const struct node *node)
{
    const cvy_desc *out = &graph_value(graph, node->outs[0])->desc;
    cvy_value src = node->op == NODE_CONCAT ? node->srcs[0] : node->in[PORT_SRC];
    const cvy_desc *in = src ? &graph_value(graph, src)->desc : NULL;

    if (!in || node->out_count != 1 || in->dtype != out->dtype || !shape_same(in, out))
        return false;
    switch (node->op) {
    case NODE_RESHAPE:
    case NODE_EXPAND:
    case NODE_CAST:
    case NODE_COPY:
        return true;
    case NODE_CONCAT:
        return node->src_count == 1;
    case NODE_TRANSPOSE:
        return in_order(node->params.transpose.order, in->rank);
    case NODE_PAD:
        return all_zero(node->params.pad.before, in->rank)
            && all_zero(node->params.pad.after, in->rank);
    case NODE_SLICE:
        return steps_are_one(node->params.slice.step, in->rank);
    case NODE_DEPTH_TO_SPACE:
    case NODE_SPACE_TO_DEPTH:
        return node->params.block.block == 1;
    default:
        return false;
    }
}

static void rename_inputs(struct node *node, const cvy_value *name)
{
    for (int i = 0; i < PORT_COUNT; i++)
        node->in[i] = name[node->in[i]];
    for (size_t i = 0; i < node->src_count; i++)
        node->srcs[i] = name[node->srcs[i]];
}

// Two reshapes in a row are the second; so are two transpositions, in one order.
static void shorten(const struct cvy_graph *graph, const struct links *links, struct node *node)
{
    size_t maker = links->maker[node->in[PORT_SRC]];
    const struct node *before = maker ? graph->nodes[maker - 1] : NULL;
    int32_t order[CVY_MAX_RANK] = { 0 };

    if (!before || before->op != node->op)
        return;
    if (node->op == NODE_RESHAPE)
        node->in[PORT_SRC] = before->in[PORT_SRC];
    if (node->op != NODE_TRANSPOSE)
        return;
    for (int i = 0; i < graph_value(graph, node->outs[0])->desc.rank; i++)
        order[i] = before->params.transpose.order[node->params.transpose.order[i]];
    memcpy(node->params.transpose.order, order, sizeof order);
    node->in[PORT_SRC] = before->in[PORT_SRC];
}

cvy_status tidy(struct cvy_graph *graph)
{
    cvy_value *name = NULL;
    struct links links = { 0 };
    cvy_status st = CVY_OK;

    TRY(zalloc((graph->value_count + 1) * sizeof *name, &name));
    TRY(links_open(graph, &links));
    for (size_t i = 0; i <= graph->value_count; i++)
        name[i] = (cvy_value)i;
    for (size_t i = 0; i < graph->node_count; i++) {
        struct node *node = graph->nodes[i];

        if (node->dead)
            continue;
        rename_inputs(node, name);
        shorten(graph, &links, node);
        if (!changes_nothing(graph, node))
            continue;
        name[node->outs[0]] = node->op == NODE_CONCAT ? node->srcs[0] : node->in[PORT_SRC];
        node->dead = true;
    }
    for (size_t i = 0; i < graph->outputs.count; i++)
        graph->outputs.items[i].value = name[graph->outputs.items[i].value];
out:
    links_close(&links);
    free(name);
    return st;
}
