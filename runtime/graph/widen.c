// Zeros behind the channels of a map, as residuals have them that go on with more channels. What
// makes the map makes the zeros, too: a convolution by rows of zeros in its weights, where its last
// vector of channels has room for them, and so back along residuals and pools. Elsewhere they are
// a pad. An infinite input makes NaN of those zeros, so exact networks leave this out.
#include "graph/passes.h"

// Channels are padded to vectors of up to so many by kernels anyway.
#define VECTOR 16
#define MOST_DEEP 64                // nodes back, so that long chains do not take long

struct new_slice {
    size_t behind;                  // the node with this index
    struct node *node;
};

struct widening {
    struct cvy_graph *graph;
    struct links links;
    size_t *maker;                  // as of links, of new values as well
    size_t maker_count, maker_cap;
    bool *is_output;                // by value id, of those that were there at the start
    size_t value_count;
    struct new_slice *slices;       // not in the graph yet
    size_t slice_count, slice_cap;
};

static cvy_desc *shape(const struct widening *w, cvy_value v)
{
    return &graph_value(w->graph, v)->desc;
}

static struct node *maker_of(const struct widening *w, cvy_value v)
{
    return (size_t)v < w->maker_count && w->maker[v] ? w->graph->nodes[w->maker[v] - 1] : NULL;
}

// What can be widened -----------------------------------------------------------------------------

static bool keeps_zero(const cvy_activation *a)
{
    switch (a->kind) {
    case CVY_NONE:
    case CVY_RELU:
    case CVY_RELU6:
    case CVY_LEAKY_RELU:
        return true;
    case CVY_CLIP:
        return a->alpha <= 0.0f && a->beta >= 0.0f;
    case CVY_HARD_SWISH:
        return a->beta == 0.0f;
    default:
        return false;
    }
}

static bool is_float_constant(const struct widening *w, cvy_value v)
{
    return value_is_constant(w->graph, v) && shape(w, v)->dtype == CVY_F32;
}

// Zeros behind the channels and nowhere else.
static bool is_channel_pad(const struct widening *w, const struct node *node)
{
    const cvy_pad_params *p = &node->params.pad;
    const cvy_desc *out = shape(w, node->outs[0]);

    if (node->op != NODE_PAD || p->mode != CVY_ZEROS || p->value != 0.0f || out->rank < 3
        || out->rank > 5 || out->dtype != CVY_F32)
        return false;
    for (int i = 0; i < out->rank; i++)
        if (p->before[i] || (i == 1 ? p->after[i] <= 0 : p->after[i] != 0))
            return false;
    return true;
}

static bool can_widen(const struct widening *w, cvy_value v, int64_t width, int depth);

static bool conv_widens(const struct widening *w, const struct node *conv, int64_t width,
                        int depth)
{
    int64_t channels = shape(w, conv->outs[0])->size[1];

    return conv->params.conv.groups <= 1 && !conv->in[PORT_SLOPE]
        && width <= round_up(channels, VECTOR) && keeps_zero(&conv->params.conv.activation)
        && is_float_constant(w, conv->in[PORT_WEIGHTS])
        && (!conv->in[PORT_BIAS] || is_float_constant(w, conv->in[PORT_BIAS]))
        && (!conv->in[PORT_RESIDUAL] || can_widen(w, conv->in[PORT_RESIDUAL], width, depth + 1));
}

static bool can_widen(const struct widening *w, cvy_value v, int64_t width, int depth)
{
    const struct node *node = maker_of(w, v);

    if (!node || depth > MOST_DEEP || node->out_count != 1
        || ((size_t)v <= w->value_count && w->is_output[v]))
        return false;
    switch (node->op) {
    case NODE_PAD:
        return is_channel_pad(w, node);
    case NODE_POOL:
        return (node->params.pool.kind == CVY_POOL_MAX
                || node->params.pool.kind == CVY_POOL_AVERAGE)
            && can_widen(w, node->in[PORT_SRC], width, depth + 1);
    case NODE_CONV:
        return conv_widens(w, node, width, depth);
    default:
        return false;
    }
}

// Widening ----------------------------------------------------------------------------------------

static cvy_status set_maker(struct widening *w, cvy_value v, size_t maker)
{
    cvy_status st = CVY_OK;

    while (w->maker_count <= (size_t)v) {
        TRY(array_reserve(&w->maker, &w->maker_cap, w->maker_count, sizeof *w->maker));
        w->maker[w->maker_count++] = 0;
    }
    w->maker[v] = maker;
out:
    return st;
}

// More entries along axis 0, zeros.
static cvy_status lengthen(struct cvy_graph *graph, cvy_value *constant, int64_t width)
{
    const struct value *old = graph_value(graph, *constant);
    cvy_desc desc = old->desc;
    void *data = NULL;
    cvy_status st = CVY_OK;

    desc.size[0] = width;
    desc = shape_of(desc.dtype, desc.rank, desc.size);
    TRY(zalloc(MAX(shape_bytes(&desc), 1), &data));
    memcpy(data, old->data, shape_bytes(&old->desc));
    TRY(graph_value_add(graph, &desc, data, true, constant));
    data = NULL;
out:
    free(data);
    return st;
}

// A node that gives the narrow value to those that read it.
static cvy_status add_slice(struct widening *w, cvy_value wide, cvy_value narrow)
{
    struct node *node = NULL;
    cvy_status st = CVY_OK;

    TRY(array_reserve(&w->slices, &w->slice_cap, w->slice_count, sizeof *w->slices));
    TRY(zalloc(sizeof *node, &node));
    w->slices[w->slice_count++] = (struct new_slice) { w->maker[wide] - 1, node };
    TRY(string_copy("", &node->name));
    TRY(zalloc(sizeof *node->outs, &node->outs));
    node->op = NODE_SLICE;
    node->in[PORT_SRC] = wide;
    node->outs[0] = narrow;
    node->out_count = 1;
    memcpy(node->params.slice.size, shape(w, narrow)->size, sizeof node->params.slice.size);
    st = set_maker(w, narrow, 0);       // it may not be widened again
out:
    return st;
}

static cvy_status widen_maker(struct widening *w, size_t maker, cvy_value wide);

// *v becomes the same with more channels.
static cvy_status widen_value(struct widening *w, cvy_value *v, int64_t width)
{
    cvy_desc desc = *shape(w, *v);
    cvy_value narrow = *v, wide;
    size_t maker = w->maker[narrow];
    cvy_status st = CVY_OK;

    if (desc.size[1] == width)
        return CVY_OK;
    desc.size[1] = width;
    desc = shape_of(desc.dtype, desc.rank, desc.size);
    TRY(graph_value_add(w->graph, &desc, NULL, false, &wide));
    TRY(set_maker(w, wide, maker));
    TRY(widen_maker(w, maker, wide));
    TRY(add_slice(w, wide, narrow));
    *v = wide;
out:
    return st;
}

static cvy_status widen_conv(struct widening *w, struct node *conv, int64_t width)
{
    cvy_status st = CVY_OK;

    TRY(lengthen(w->graph, &conv->in[PORT_WEIGHTS], width));
    if (conv->in[PORT_BIAS])
        TRY(lengthen(w->graph, &conv->in[PORT_BIAS], width));
    if (conv->in[PORT_RESIDUAL])
        st = widen_value(w, &conv->in[PORT_RESIDUAL], width);
out:
    return st;
}

// The node makes `wide` from now on.
static cvy_status widen_maker(struct widening *w, size_t maker, cvy_value wide)
{
    struct node *node = w->graph->nodes[maker - 1];
    int64_t width = shape(w, wide)->size[1];
    cvy_status st = CVY_OK;

    if (node->op == NODE_PAD)
        node->params.pad.after[1] += width - shape(w, node->outs[0])->size[1];
    else if (node->op == NODE_POOL)
        TRY(widen_value(w, &node->in[PORT_SRC], width));
    else
        TRY(widen_conv(w, node, width));
    node->outs[0] = wide;
    st = set_maker(w, wide, maker);
out:
    return st;
}
// Concatenations with zeros -----------------------------------------------------------------------

static bool all_zeros(const struct widening *w, cvy_value v)
{
    const struct value *value = graph_value(w->graph, v);
    int64_t elements = shape_elements(&value->desc);

    if (!value->data || value->desc.dtype != CVY_F32)
        return false;
    for (int64_t i = 0; i < elements; i++)
        if (constant_number(value, i) != 0.0)
            return false;
    return true;
}

static void concat_to_pad(struct widening *w, struct node *node)
{
    const cvy_desc *out = shape(w, node->outs[0]);
    cvy_pad_params pad = { .mode = CVY_ZEROS };
    int32_t axis = node->params.concat.axis;

    if (node->op != NODE_CONCAT || node->src_count != 2 || out->rank < 3 || out->rank > 5
        || out->dtype != CVY_F32 || (axis + out->rank) % out->rank != 1
        || value_is_constant(w->graph, node->srcs[0]) || !all_zeros(w, node->srcs[1])
        || shape(w, node->srcs[1])->size[1] == 0)
        return;
    pad.after[1] = shape(w, node->srcs[1])->size[1];
    node->op = NODE_PAD;
    node->in[PORT_SRC] = node->srcs[0];
    node->src_count = 0;
    node->params.pad = pad;
}

// The pad's source is made with the zeros; others that read it without them get a slice.
static cvy_status widen_pad(struct widening *w, struct node *pad)
{
    cvy_value narrow = pad->in[PORT_SRC], wide = pad->outs[0];
    cvy_status st = CVY_OK;

    if (pad->dead || !is_channel_pad(w, pad)
        || !can_widen(w, narrow, shape(w, wide)->size[1], 0))
        return CVY_OK;
    TRY(widen_maker(w, w->maker[narrow], wide));
    pad->dead = true;
    st = add_slice(w, wide, narrow);
out:
    return st;
}

// Of several slices behind one node, a later one is what an earlier one is of.
static cvy_status place_slices(struct widening *w)
{
    struct cvy_graph *graph = w->graph;
    size_t total = graph->node_count + w->slice_count, count = 0, *last = NULL, *before = NULL;
    struct node **nodes = NULL;
    cvy_status st = CVY_OK;

    if (!w->slice_count)
        return CVY_OK;
    TRY(zalloc(total * sizeof(struct node *), &nodes));
    TRY(zalloc(graph->node_count * sizeof *last, &last));
    TRY(zalloc((w->slice_count + 1) * sizeof *before, &before));
    for (size_t k = 0; k < w->slice_count; k++) {
        before[k + 1] = last[w->slices[k].behind];
        last[w->slices[k].behind] = k + 1;
    }
    for (size_t i = 0; i < graph->node_count; i++) {
        nodes[count++] = graph->nodes[i];
        for (size_t k = last[i]; k; k = before[k])
            nodes[count++] = w->slices[k - 1].node;
    }
    free(graph->nodes);
    graph->nodes = nodes;
    graph->node_count = graph->node_cap = total;
    w->slice_count = 0;
    nodes = NULL;
out:
    free(last);
    free(before);
    free(nodes);
    return st;
}

static cvy_status widening_open(struct widening *w)
{
    cvy_status st = CVY_OK;

    TRY(links_open(w->graph, &w->links));
    w->value_count = w->graph->value_count;
    for (size_t v = 0; v <= w->value_count; v++)
        TRY(set_maker(w, (cvy_value)v, w->links.maker[v]));
    TRY(zalloc(w->value_count + 1, &w->is_output));
    for (size_t i = 0; i < w->graph->outputs.count; i++)
        w->is_output[w->graph->outputs.items[i].value] = true;
out:
    return st;
}

cvy_status widen(struct cvy_graph *graph)
{
    struct widening w = { .graph = graph };
    cvy_status st = CVY_OK;

    TRY(widening_open(&w));
    for (size_t i = 0; i < graph->node_count; i++)
        if (!graph->nodes[i]->dead)
            concat_to_pad(&w, graph->nodes[i]);
    for (size_t i = 0; i < graph->node_count; i++)
        TRY(widen_pad(&w, graph->nodes[i]));
    st = place_slices(&w);
out:
    for (size_t i = 0; i < w.slice_count; i++)
        node_free(w.slices[i].node);
    links_close(&w.links);
    free(w.maker);
    free(w.is_output);
    free(w.slices);
    return st;
}
