// From nodes to steps: which layout each tensor has, where it lies, what is copied.
#include "graph/lowering.h"
#include "plan/tensor.h"

// Pieces of values --------------------------------------------------------------------------------

static bool has_layouts(const cvy_desc *shape)
{
    return shape->rank >= 3 && shape->rank <= 5;
}

// Both layouts are the same memory: one channel, or one pixel.
static bool layouts_agree(const cvy_desc *shape)
{
    cvy_desc row = dense_in(shape, CVY_NCHW), nhwc = dense_in(shape, CVY_NHWC);

    return same_memory(&row, &nhwc);
}

void set_piece(struct lowering *w, cvy_value v, bool nhwc, int piece)
{
    int other = w->variants[!nhwc][v], root = storage_root(w->l, w->l->pieces[piece].storage);

    if (other < 0)
        w->came_nhwc[v] = nhwc;
    w->variants[nhwc][v] = piece;
    if (other < 0 || storage_root(w->l, w->l->pieces[other].storage) != root)
        w->l->storages[root].pending += w->left[v];
}

bool is_nhwc(const struct lowering *w, cvy_value v)
{
    return w->came_nhwc[v];
}

static void consume_value(struct lowering *w, cvy_value v)
{
    int last = -1;

    if (!v || w->left[v] <= 0)
        return;
    w->left[v]--;
    for (int i = 0; i < 2; i++) {
        int piece = w->variants[i][v], root;

        if (piece < 0)
            continue;
        root = storage_root(w->l, w->l->pieces[piece].storage);
        if (root != last)
            w->l->storages[root].pending--;
        last = root;
    }
}

void consume(struct lowering *w, const struct node *node)
{
    for (int i = 0; i < PORT_COUNT; i++)
        consume_value(w, node->in[i]);
    for (size_t i = 0; i < node->src_count; i++)
        consume_value(w, node->srcs[i]);
}

cvy_status new_piece(struct lowering *w, cvy_value v, bool nhwc, int *out)
{
    cvy_desc shape = shape_at(w, v), desc = dense_in(&shape, nhwc ? CVY_NHWC : CVY_NCHW);
    struct piece piece = { .desc = desc };
    cvy_status st = CVY_OK;

    if (!nhwc && (desc.rank < 3 || desc.rank > 5))
        desc.layout = piece.desc.layout = CVY_PLAIN;
    TRY(storage_add(w->l, STORAGE_ARENA, &desc, &piece.storage));
    st = piece_add(w->l, &piece, out);
out:
    return st;
}

// A constant's contents in NHWC order, owned by the graph.
static cvy_status permuted(struct lowering *w, cvy_value v, const cvy_desc *to, const void **out)
{
    const struct value *value = graph_value(w->graph, v);
    cvy_desc from = dense_in(&value->desc, CVY_NCHW);
    size_t bytes = cvy_dtype_bytes(from.dtype);
    const char *src = value->data;
    char *data = NULL;
    cvy_value owner;
    int64_t at[CVY_MAX_RANK] = { 0 };
    cvy_status st = CVY_OK;

    TRY(zalloc(MAX(shape_bytes(&from), 1), &data));
    for (int64_t i = 0; i < shape_elements(&from); i++) {
        int64_t element = 0;

        for (int k = 0; k < from.rank; k++)
            element += at[k] * to->stride[k];
        memcpy(data + (size_t)element * bytes, src + (size_t)i * bytes, bytes);
        for (int k = from.rank - 1; k >= 0; k--) {
            if (++at[k] < from.size[k])
                break;
            at[k] = 0;
        }
    }
    TRY(graph_value_add(w->graph, &from, data, true, &owner));
    *out = data;
    data = NULL;
out:
    free(data);
    return st;
}

static cvy_status constant_piece(struct lowering *w, cvy_value v, bool nhwc, int *out)
{
    const void *data = graph_value(w->graph, v)->data;
    cvy_desc shape = shape_at(w, v), desc = dense_in(&shape, nhwc ? CVY_NHWC : CVY_NCHW);
    struct piece piece = { .desc = desc };
    cvy_status st = CVY_OK;

    if (!nhwc && (desc.rank < 3 || desc.rank > 5))
        desc.layout = piece.desc.layout = CVY_PLAIN;
    if (nhwc && !layouts_agree(&shape))
        TRY(permuted(w, v, &desc, &data));
    TRY(storage_add(w->l, STORAGE_CONSTANT, &desc, &piece.storage));
    w->l->storages[piece.storage].data = data;
    w->l->storages[piece.storage].rigid = true;
    TRY(piece_add(w->l, &piece, out));
    set_piece(w, v, nhwc, *out);
out:
    return st;
}

cvy_status get_piece(struct lowering *w, cvy_value v, bool nhwc, int *out)
{
    cvy_desc shape = shape_at(w, v);
    int other;
    struct piece relabelled;
    cvy_status st = CVY_OK;

    nhwc = nhwc && has_layouts(&shape);
    other = w->variants[!nhwc][v];
    *out = w->variants[nhwc][v];
    if (*out >= 0)
        return CVY_OK;
    if (graph_value(w->graph, v)->data)
        return constant_piece(w, v, nhwc, out);
    if (other < 0)
        return fail(CVY_ERR_INTERNAL, "value %d has no memory", (int)v);
    if (layouts_agree(&shape)) {
        relabelled = w->l->pieces[other];
        relabelled.desc.layout = nhwc ? CVY_NHWC : CVY_NCHW;
        TRY(piece_add(w->l, &relabelled, out));
    } else {
        TRY(new_piece(w, v, nhwc, out));
        TRY(copy_step(w, nhwc ? "to NHWC" : "to NCHW", other, *out));
    }
    set_piece(w, v, nhwc, *out);
out:
    return st;
}

cvy_status get_dense(struct lowering *w, cvy_value v, int *out)
{
    cvy_desc shape = shape_at(w, v), dense = dense_in(&shape, CVY_NCHW), desc;
    int piece;
    cvy_status st = CVY_OK;

    TRY(get_piece(w, v, false, out));
    desc = piece_desc(w->l, *out);
    if (!same_memory(&desc, &dense)) {
        piece = *out;
        TRY(new_piece(w, v, false, out));
        TRY(copy_step(w, "dense", piece, *out));
    }
    w->l->storages[storage_root(w->l, w->l->pieces[*out].storage)].rigid = true;
out:
    return st;
}

// Steps -------------------------------------------------------------------------------------------

cvy_status step_add(struct lowering *w, struct node *node, bool owned, struct step_node **out)
{
    struct lowered *l = w->l;
    struct step_node step = { .node = node, .owned = owned, .outs = { -1, -1 }, .workspace = -1 };
    cvy_status st = CVY_OK;

    for (int i = 0; i < PORT_COUNT; i++)
        step.in[i] = -1;
    TRY(zalloc(MAX(node->src_count, 1) * sizeof *step.srcs, &step.srcs));
    TRY(array_reserve(&l->steps, &l->step_cap, l->step_count, sizeof step));
    l->steps[l->step_count] = step;
    *out = &l->steps[l->step_count++];
    return CVY_OK;
out:
    free(step.srcs);
    if (owned)
        node_free(node);
    return st;
}

cvy_status own_node(enum node_op op, const char *name, struct node **out)
{
    struct node *node = NULL;
    cvy_status st = CVY_OK;

    TRY(zalloc(sizeof *node, &node));
    node->op = op;
    node->number = NO_NUMBER;
    TRY(string_copy(name, &node->name));
    *out = node;
    node = NULL;
out:
    free(node);
    return st;
}

cvy_status copy_step(struct lowering *w, const char *name, int src, int dst)
{
    cvy_dtype dtype = w->l->pieces[src].desc.dtype;
    struct step_node *step;
    struct node *node;
    cvy_status st = own_node(dtype == CVY_F32 ? NODE_COPY : NODE_CAST, name, &node);

    if (st != CVY_OK)
        return st;
    if (dtype != CVY_F32)
        node->params.cast.dtype = dtype;
    st = step_add(w, node, true, &step);
    if (st != CVY_OK)
        return st;
    step->in[PORT_SRC] = src;
    step->outs[0] = dst;
    return CVY_OK;
}

// Whether the node works on NHWC maps.
static bool node_nhwc(const struct lowering *w, const struct node *node)
{
    cvy_desc out = shape_at(w, node->outs[0]);
    bool any = false;

    if (!has_layouts(&out))
        return false;
    switch (op_row(node->op)->rule) {
    case RULE_MAPS:
        return w->maps_nhwc && node->out_count == 1 && node->op != NODE_MAX_UNPOOL;
    case RULE_FOLLOWS:
        any = is_nhwc(w, node->in[PORT_SRC]) || is_nhwc(w, node->in[PORT_SRC2]);
        for (size_t i = 0; i < node->src_count; i++)
            any = any || is_nhwc(w, node->srcs[i]);
        return any;
    default:
        return false;
    }
}

// An operand that broadcasts: one of fewer axes gets those in front when layouts matter.
static cvy_status operand_piece(struct lowering *w, const struct node *node, cvy_value v,
                                bool nhwc, int *out)
{
    cvy_desc shape = shape_at(w, v), whole = shape_at(w, node->outs[0]), view;
    int64_t size[CVY_MAX_RANK];
    int missing = whole.rank - shape.rank;
    cvy_status st = CVY_OK;

    if (!nhwc || missing == 0 || (node->op != NODE_BINARY && node->op != NODE_WHERE))
        return get_piece(w, v, nhwc, out);
    for (int i = 0; i < whole.rank; i++)
        size[i] = i < missing ? 1 : shape.size[i - missing];
    view = shape_of(shape.dtype, whole.rank, size);
    view = dense_in(&view, CVY_NCHW);
    view.layout = layouts_agree(&view) ? CVY_NHWC : CVY_NCHW;
    TRY(get_dense(w, v, out));
    st = rigid_view(w, *out, &view, out);
out:
    return st;
}

static bool may_be_in_place(const struct node *node, int port)
{
    switch (node->op) {
    case NODE_ACTIVATION:
    case NODE_UNARY:
    case NODE_BATCH_NORM:
    case NODE_INSTANCE_NORM:
    case NODE_SOFTMAX:
        return port == PORT_SRC;
    case NODE_BINARY:
        return node->params.binary.kind < CVY_EQUAL && (port == PORT_SRC || port == PORT_SRC2);
    default:
        return port == PORT_RESIDUAL;
    }
}

// A source of the output's shape that nothing needs any more, and that shares memory with no other
// source: the output takes its place.
static bool in_place(const struct lowering *w, const struct step_node *step, int port, bool nhwc)
{
    const struct node *node = step->node;
    int piece = step->in[port], root;
    cvy_desc in, out = shape_at(w, node->outs[0]);

    if (piece < 0 || !may_be_in_place(node, port))
        return false;
    in = shape_at(w, node->in[port]);
    root = storage_root(w->l, w->l->pieces[piece].storage);
    for (int i = 0; i < PORT_COUNT; i++)
        if (i != port && step->in[i] >= 0
            && storage_root(w->l, w->l->pieces[step->in[i]].storage) == root)
            return false;
    return shape_same(&in, &out) && in.dtype == out.dtype && out.rank > 0
        && w->l->storages[root].kind == STORAGE_ARENA && w->l->storages[root].pending == 1
        && (w->l->pieces[piece].desc.layout == CVY_NHWC) == nhwc;
}

static cvy_status place_outputs(struct lowering *w, struct step_node *step, bool nhwc)
{
    const struct node *node = step->node;
    static const int ports[] = { PORT_RESIDUAL, PORT_SRC, PORT_SRC2 };
    cvy_status st = CVY_OK;

    for (size_t i = 0; i < COUNT_OF(ports) && step->outs[0] < 0; i++)
        if (in_place(w, step, ports[i], nhwc)) {
            struct piece same = w->l->pieces[step->in[ports[i]]];

            TRY(piece_add(w->l, &same, &step->outs[0]));
            return CVY_OK;
        }
    for (size_t i = 0; i < node->out_count; i++) {
        if (step->outs[i] < 0)
            TRY(new_piece(w, node->outs[i], nhwc, &step->outs[i]));
        // It stays dense: the plan's own shape differs from the value's.
        if ((node->op == NODE_GATHER && step->in[PORT_INDICES] >= 0
             && shape_at(w, node->in[PORT_INDICES]).rank == 0)
            || node->op == NODE_REDUCE || node->out_count > 1)
            w->l->storages[w->l->pieces[step->outs[i]].storage].rigid = true;
    }
out:
    return st;
}

static cvy_status bind_inputs(struct lowering *w, const struct node *node, bool nhwc,
                              int in[PORT_COUNT], int *srcs)
{
    cvy_status st = CVY_OK;

    for (int i = 0; i < PORT_COUNT; i++) {
        in[i] = -1;
        if (!node->in[i])
            continue;
        if (CONSTANT_PORTS & PORT_BIT(i) || i == PORT_INDICES)
            TRY(get_dense(w, node->in[i], &in[i]));
        else
            TRY(operand_piece(w, node, node->in[i], nhwc, &in[i]));
    }
    for (size_t i = 0; i < node->src_count; i++)
        TRY(operand_piece(w, node, node->srcs[i], nhwc, &srcs[i]));
out:
    return st;
}

static cvy_status lower_plain(struct lowering *w, struct node *node)
{
    bool nhwc = node_nhwc(w, node);
    struct step_node draft = { .node = node, .outs = { -1, -1 } }, *step;
    int *srcs = NULL;
    cvy_status st = CVY_OK;

    // Changes of layout go before the step.
    TRY(zalloc(MAX(node->src_count, 1) * sizeof *srcs, &srcs));
    TRY(bind_inputs(w, node, nhwc, draft.in, srcs));
    TRY(place_outputs(w, &draft, nhwc));
    TRY(step_add(w, node, false, &step));
    memcpy(step->in, draft.in, sizeof step->in);
    memcpy(step->outs, draft.outs, sizeof step->outs);
    memcpy(step->srcs, srcs, node->src_count * sizeof *srcs);
    consume(w, node);
    for (size_t i = 0; i < node->out_count; i++)
        set_piece(w, node->outs[i], nhwc, step->outs[i]);
out:
    free(srcs);
    return st;
}

// Nothing to compute: the value has memory of no bytes.
static cvy_status lower_empty(struct lowering *w, const struct node *node)
{
    cvy_status st = CVY_OK;

    for (size_t i = 0; i < node->out_count; i++) {
        int piece;

        TRY(new_piece(w, node->outs[i], false, &piece));
        set_piece(w, node->outs[i], false, piece);
    }
    consume(w, node);
out:
    return st;
}

static cvy_status lower_node(struct lowering *w, struct node *node)
{
    cvy_desc out = shape_at(w, node->outs[0]);
    bool done = false;
    cvy_status st = CVY_OK;

    if (shape_elements(&out) == 0)
        return lower_empty(w, node);
    switch (node->op) {
    case NODE_RESHAPE: return lower_reshape(w, node);
    case NODE_EXPAND: return lower_expand(w, node);
    case NODE_CONCAT: return lower_concat(w, node);
    case NODE_WEAVE: return lower_weave(w, node);
    case NODE_TRANSPOSE: st = lower_transpose(w, node, &done); break;
    case NODE_SLICE: st = lower_slice(w, node, &done); break;
    case NODE_REDUCE: st = lower_reduce(w, node, &done); break;
    default: break;
    }
    return st == CVY_OK && !done ? lower_plain(w, node) : st;
}

// Inputs and outputs ------------------------------------------------------------------------------

static cvy_status input_desc(const cvy_desc *shape, const cvy_network_options *options,
                             const char *name, cvy_desc *out)
{
    *out = *shape;
    out->layout = shape->rank >= 3 && shape->rank <= 5 ? CVY_NCHW : CVY_PLAIN;
    for (size_t i = 0; options && i < options->input_count; i++)
        if (strcmp(options->inputs[i].name, name) == 0) {
            const cvy_desc *given = &options->inputs[i].desc;

            if (given->layout != CVY_LAYOUT_DEFAULT)
                out->layout = given->layout;
            memcpy(out->stride, given->stride, sizeof out->stride);
            if (shape->rank == 0)
                break;
            return desc_check_dtypes(out, NULL, name, ~0u);
        }
    *out = dense_in(shape, out->layout);
    return CVY_OK;
}

static cvy_status lower_input(struct lowering *w, size_t i, const cvy_network_options *options)
{
    const struct graph_port *port = &w->graph->inputs.items[i];
    cvy_desc shape = shape_at(w, port->value);
    struct piece piece = { .desc = { 0 } };
    cvy_status st = CVY_OK;

    w->l->inputs[i] = -1;
    if (graph_value(w->graph, port->value)->data)
        return CVY_OK;
    TRY(input_desc(&shape, options, port->name, &piece.desc));
    TRY(storage_add(w->l, STORAGE_INPUT, &piece.desc, &piece.storage));
    w->l->storages[piece.storage].index = i;
    w->l->storages[piece.storage].rigid = true;
    TRY(piece_add(w->l, &piece, &w->l->inputs[i]));
    set_piece(w, port->value, piece.desc.layout == CVY_NHWC, w->l->inputs[i]);
out:
    return st;
}

// The piece that makes the output moves into the output's memory if it is all of its own, else it
// is copied there.
static cvy_status lower_output(struct lowering *w, size_t i, cvy_layout layout)
{
    cvy_value v = w->graph->outputs.items[i].value;
    cvy_desc shape = shape_at(w, v), want;
    bool nhwc = layout == CVY_NHWC && has_layouts(&shape);
    struct piece out = { .desc = { 0 } };
    struct storage *s;
    int piece;
    cvy_status st = CVY_OK;

    want = dense_in(&shape, nhwc ? CVY_NHWC : has_layouts(&shape) ? CVY_NCHW : CVY_PLAIN);
    TRY(get_piece(w, v, nhwc, &piece));
    s = &w->l->storages[w->l->pieces[piece].storage];
    out.desc = piece_desc(w->l, piece);
    if (s->kind == STORAGE_ARENA && piece_is_whole(w->l, piece)
        && same_memory(&out.desc, &want)) {
        s->kind = STORAGE_OUTPUT;
        s->index = i;
        w->l->outputs[i] = piece;
        return CVY_OK;
    }
    out.desc = want;
    TRY(storage_add(w->l, STORAGE_OUTPUT, &want, &out.storage));
    w->l->storages[out.storage].index = i;
    TRY(piece_add(w->l, &out, &w->l->outputs[i]));
    if (shape_elements(&want) > 0)
        st = copy_step(w, "to the output", piece, w->l->outputs[i]);
out:
    return st;
}

// All of it ---------------------------------------------------------------------------------------

static cvy_status lowering_open(struct lowering *w, struct cvy_graph *graph, struct lowered *l,
                                const cvy_network_options *options)
{
    size_t values = graph->value_count + 1;
    cvy_status st = CVY_OK;

    *w = (struct lowering) { .graph = graph, .l = l };
    w->maps_nhwc = !(options && options->layout == CVY_NCHW);
    TRY(links_open(graph, &w->links));
    w->left = w->links.uses;
    TRY(zalloc(values * sizeof *w->came_nhwc, &w->came_nhwc));
    for (int i = 0; i < 2; i++) {
        TRY(zalloc(values * sizeof *w->variants[i], &w->variants[i]));
        for (size_t v = 0; v < values; v++)
            w->variants[i][v] = -1;
    }
    l->input_count = graph->inputs.count;
    l->output_count = graph->outputs.count;
    TRY(zalloc((l->input_count + 1) * sizeof *l->inputs, &l->inputs));
    st = zalloc((l->output_count + 1) * sizeof *l->outputs, &l->outputs);
out:
    return st;
}

// The tensor inside of a separable convolution, which is a part of its workspace.
static int64_t mid_bytes(const struct cvy_graph *graph, const struct node *node)
{
    const cvy_desc *out = &graph_value(graph, node->outs[0])->desc;

    if (node->op != NODE_SEPARABLE || node->params.separable.kind != CVY_SEPARABLE_DEPTHWISE)
        return 0;
    return (int64_t)shape_bytes(out) / MAX(out->size[1], 1)
        * graph_value(graph, node->in[PORT_WEIGHTS])->desc.size[0];
}

cvy_status lower(struct cvy_graph *graph, const cvy_network_options *options,
                 struct lowered *out)
{
    struct lowering w;
    cvy_status st = CVY_OK;

    TRY(lowering_open(&w, graph, out, options));
    for (size_t i = 0; i < graph->inputs.count; i++)
        TRY(lower_input(&w, i, options));
    for (size_t i = 0; i < graph->node_count; i++) {
        struct node *node = graph->nodes[i];

        if (node->dead)
            continue;
        for (size_t k = 0; k < node->out_count; k++)
            out->intermediate_bytes += (int64_t)shape_bytes(&graph_value(graph,
                                                                         node->outs[k])->desc);
        out->intermediate_bytes += mid_bytes(graph, node);
        TRY(node_error(node, lower_node(&w, node)));
    }
    for (size_t i = 0; i < graph->outputs.count; i++)
        TRY(lower_output(&w, i, options ? options->output_layout : CVY_LAYOUT_DEFAULT));
    TRY(align_residuals(&w));
    find_lifetimes(out);
out:
    free(w.came_nhwc);
    free(w.variants[0]);
    free(w.variants[1]);
    links_close(&w.links);
    return st;
}
