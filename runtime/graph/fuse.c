// Fusion: one node for what one plan can do. Each pattern looks from a node back at the maker of
// its source, which no one else may use; the two become one, in the later one's place.
#include "graph/passes.h"

#include <math.h>

struct fusion {
    struct cvy_graph *graph;
    struct links links;
    size_t at;                  // index of the node in question
};

// The activation at the end of a node, where it has one.
cvy_activation *node_activation(struct node *node)
{
    switch (node->op) {
    case NODE_CONV: return &node->params.conv.activation;
    case NODE_CONV_TRANSPOSE: return &node->params.conv_transpose.activation;
    case NODE_SEPARABLE: return &node->params.separable.activation2;
    case NODE_LINEAR: return &node->params.linear.activation;
    case NODE_BATCH_NORM: return &node->params.batch_norm.activation;
    case NODE_INSTANCE_NORM: return &node->params.instance_norm.activation;
    case NODE_BINARY: return &node->params.binary.activation;
    case NODE_MATMUL: return &node->params.matmul.activation;
    case NODE_ACTIVATION: return &node->params.activation.activation;
    default: return NULL;
    }
}

// The node that makes a value for the node in question alone; NULL if others need it.
static struct node *only_maker(const struct fusion *f, cvy_value value)
{
    size_t maker = f->links.maker[value];

    return maker && f->links.uses[value] == 1 && f->graph->nodes[maker - 1]->out_count == 1
        ? f->graph->nodes[maker - 1] : NULL;
}

static cvy_status join_names(struct node *first, const struct node *second)
{
    struct text text = { 0 };
    cvy_status st;

    if (!second->name[0])
        return CVY_OK;
    text_add(&text, "%s%s%s", first->name, first->name[0] ? " + " : "", second->name);
    st = text_status(&text);
    if (st == CVY_OK) {
        free(first->name);
        first->name = text.data;
        return CVY_OK;
    }
    text_free(&text);
    return st;
}

// `node` is part of `maker` now, which moves to its place and makes its value.
static cvy_status absorb(struct fusion *f, struct node *maker)
{
    struct node *node = f->graph->nodes[f->at];
    size_t from = f->links.maker[maker->outs[0]] - 1;
    cvy_status st = join_names(maker, node);

    if (st != CVY_OK)
        return st;
    maker->outs[0] = node->outs[0];
    node->dead = true;
    f->graph->nodes[from] = node;
    f->graph->nodes[f->at] = maker;
    f->links.maker[maker->outs[0]] = f->at + 1;
    return CVY_OK;
}

// Factors and terms of channels ----------------------------------------------------------------

// A constant that has one number for each of `channels` along axis 1 of `rank` axes, or one for
// all.
static bool by_channel(const struct value *value, int32_t rank, int64_t channels)
{
    int64_t elements = shape_elements(&value->desc);
    int32_t axis = 1 - (rank - value->desc.rank);

    if (value->desc.dtype != CVY_F32 || value->desc.rank > rank)
        return false;
    return elements == 1
        || (axis >= 0 && axis < value->desc.rank && elements == channels
            && value->desc.size[axis] == channels);
}

static double channel_number(const struct value *value, int64_t i)
{
    return constant_number(value, shape_elements(&value->desc) == 1 ? 0 : i);
}

// The tensors of a batch_norm as factor and term; false if one is not constant.
static bool norm_numbers(const struct cvy_graph *graph, const struct node *node, int64_t channels,
                         double *factor, double *term)
{
    const struct value *mean = graph_value(graph, node->in[PORT_MEAN]);
    const struct value *variance = graph_value(graph, node->in[PORT_VARIANCE]);
    const struct value *scale = graph_value(graph, node->in[PORT_SCALE]);
    const struct value *bias = graph_value(graph, node->in[PORT_BIAS]);
    double eps = node->params.batch_norm.eps != 0.0f ? (double)node->params.batch_norm.eps : 1e-5;

    if (!mean->data || !variance->data || (scale && !scale->data) || (bias && !bias->data))
        return false;
    for (int64_t i = 0; i < channels; i++) {
        factor[i] = (scale ? constant_number(scale, i) : 1.0)
            / sqrt(constant_number(variance, i) + eps);
        term[i] = (bias ? constant_number(bias, i) : 0.0) - constant_number(mean, i) * factor[i];
    }
    return true;
}

// An arithmetic node with a constant as factor and term; false if it is none.
static bool binary_numbers(const struct cvy_graph *graph, const struct node *node,
                           int64_t channels, double *factor, double *term)
{
    bool second = value_is_constant(graph, node->in[PORT_SRC2]);
    const struct value *value = graph_value(graph, node->in[second ? PORT_SRC2 : PORT_SRC]);
    const cvy_desc *out = &graph_value(graph, node->outs[0])->desc;
    cvy_binary_kind kind = node->params.binary.kind;

    if (!value->data || !by_channel(value, out->rank, channels))
        return false;
    if (kind != CVY_ADD && kind != CVY_MUL && !(second && (kind == CVY_SUB || kind == CVY_DIV)))
        return false;
    for (int64_t i = 0; i < channels; i++) {
        double x = channel_number(value, i);

        factor[i] = kind == CVY_MUL ? x : kind == CVY_DIV ? 1.0 / x : 1.0;
        term[i] = kind == CVY_ADD ? x : kind == CVY_SUB ? -x : 0.0;
    }
    return true;
}

static bool needs_factor(const struct node *node)
{
    return node->op == NODE_BATCH_NORM || node->params.binary.kind == CVY_MUL
        || node->params.binary.kind == CVY_DIV;
}

static cvy_status fuse_affine(struct fusion *f, bool *done)
{
    struct node *node = f->graph->nodes[f->at], *maker;
    bool first = node->op == NODE_BATCH_NORM
        || !value_is_constant(f->graph, node->in[PORT_SRC]);
    cvy_value src = node->in[first ? PORT_SRC : PORT_SRC2];
    int64_t channels;
    double *numbers = NULL;
    bool yes;
    cvy_status st = CVY_OK;

    maker = only_maker(f, src);
    if (!maker || !affine_can(f->graph, maker, needs_factor(node))
        || !shape_same(&graph_value(f->graph, src)->desc,
                       &graph_value(f->graph, node->outs[0])->desc)
        || (maker->op == NODE_LINEAR && graph_value(f->graph, src)->desc.rank != 2))
        return CVY_OK;
    channels = affine_channels(f->graph, maker);
    TRY(zalloc((size_t)channels * 2 * sizeof *numbers, &numbers));
    yes = node->op == NODE_BATCH_NORM
        ? norm_numbers(f->graph, node, channels, numbers, numbers + channels)
        : binary_numbers(f->graph, node, channels, numbers, numbers + channels);
    if (!yes)
        goto out;
    TRY(affine_apply(f->graph, maker, needs_factor(node) ? numbers : NULL, numbers + channels));
    *node_activation(maker) = *node_activation(node);
    maker->in[PORT_SLOPE] = node->in[PORT_SLOPE];
    TRY(absorb(f, maker));
    *done = true;
out:
    free(numbers);
    return st;
}

// Activations -----------------------------------------------------------------------------------

// PReLU goes where there is a slot for its slopes, one for each channel.
static bool takes_prelu(const struct fusion *f, const struct node *maker, const struct node *node)
{
    const struct value *slope = graph_value(f->graph, node->in[PORT_SLOPE]);
    const cvy_desc *out = &graph_value(f->graph, node->outs[0])->desc;

    return op_row(maker->op)->takes & PORT_BIT(PORT_SLOPE) && slope->data && out->rank > 1
        && shape_elements(&slope->desc) == out->size[maker->op == NODE_LINEAR ? out->rank - 1 : 1];
}

static cvy_status fuse_activation(struct fusion *f, bool *done)
{
    struct node *node = f->graph->nodes[f->at], *maker = only_maker(f, node->in[PORT_SRC]);
    cvy_activation *end = maker ? node_activation(maker) : NULL;
    const cvy_activation *own = &node->params.activation.activation;
    cvy_status st = CVY_OK;

    if (!end || end->kind != CVY_NONE
        || (maker->op == NODE_BINARY && maker->params.binary.kind >= CVY_EQUAL)
        || (own->kind == CVY_PRELU && !takes_prelu(f, maker, node)))
        return CVY_OK;
    if (own->kind == CVY_HARD_SIGMOID && affine_can(f->graph, maker, true))
        TRY(affine_hard_sigmoid(f->graph, maker, own));
    else
        *end = *own;
    maker->in[PORT_SLOPE] = node->in[PORT_SLOPE];
    *done = true;
    st = absorb(f, maker);
out:
    return st;
}

// x act(x), where act has no other user: SiLU and hard swish.
static cvy_status fuse_gate(struct fusion *f, bool *done)
{
    struct node *node = f->graph->nodes[f->at];

    for (int i = 0; i < 2 && node->params.binary.kind == CVY_MUL; i++) {
        cvy_value x = node->in[i ? PORT_SRC : PORT_SRC2];
        struct node *gate = only_maker(f, node->in[i ? PORT_SRC2 : PORT_SRC]);
        const cvy_activation *act = gate ? &gate->params.activation.activation : NULL;
        bool hard;

        if (!gate || gate->op != NODE_ACTIVATION || gate->in[PORT_SRC] != x
            || node->params.binary.activation.kind != CVY_NONE)
            continue;
        hard = act->kind == CVY_HARD_SIGMOID
            && ((act->alpha == 0.0f && act->beta == 0.0f)
                || (fabsf(act->alpha - 1.0f / 6.0f) < 1e-7f && act->beta == 0.5f));
        if (act->kind != CVY_SIGMOID && !hard)
            continue;
        gate->params.activation.activation = (cvy_activation) {
            hard ? CVY_HARD_SWISH : CVY_SILU, 0.0f, 0.0f };
        f->links.uses[x]--;
        *done = true;
        return absorb(f, gate);
    }
    return CVY_OK;
}

// The one number of a constant operand of a node, and the other operand; false if there is none.
static bool scalar_operand(const struct fusion *f, const struct node *node, double *number,
                           cvy_value *other)
{
    for (int i = 0; i < 2; i++) {
        const struct value *value = graph_value(f->graph, node->in[i ? PORT_SRC : PORT_SRC2]);

        if (!value->data || shape_elements(&value->desc) != 1)
            continue;
        *number = constant_number(value, 0);
        *other = node->in[i ? PORT_SRC2 : PORT_SRC];
        return true;
    }
    return false;
}

// One factor or one term behind an activation that takes it in.
static cvy_status fuse_scalar(struct fusion *f, bool *done)
{
    struct node *node = f->graph->nodes[f->at], *maker;
    cvy_binary_kind kind = node->params.binary.kind;
    double number, factor, term;
    cvy_value src;
    cvy_status st = CVY_OK;

    if (!scalar_operand(f, node, &number, &src) || node->params.binary.activation.kind != CVY_NONE
        || !(kind == CVY_ADD || kind == CVY_MUL
             || (src == node->in[PORT_SRC] && (kind == CVY_SUB || kind == CVY_DIV))))
        return CVY_OK;
    factor = kind == CVY_MUL ? number : kind == CVY_DIV ? 1.0 / number : 1.0;
    term = kind == CVY_ADD ? number : kind == CVY_SUB ? -number : 0.0;
    maker = only_maker(f, src);
    if (!maker || !affine_end_can(f->graph, maker, factor, term)
        || !shape_same(&graph_value(f->graph, src)->desc,
                       &graph_value(f->graph, node->outs[0])->desc))
        return CVY_OK;
    TRY(affine_end(f->graph, maker, factor, term));
    *done = true;
    st = absorb(f, maker);
out:
    return st;
}

// x g + x = x (g + 1), where what makes g adds the 1.
static cvy_status fuse_shortcut(struct fusion *f, bool *done)
{
    struct node *node = f->graph->nodes[f->at];
    cvy_status st = CVY_OK;

    for (int i = 0; i < 2 && node->params.binary.kind == CVY_ADD && !*done; i++) {
        cvy_value x = node->in[i ? PORT_SRC : PORT_SRC2];
        struct node *product = only_maker(f, node->in[i ? PORT_SRC2 : PORT_SRC]), *gate = NULL;

        if (!product || product->op != NODE_BINARY || product->params.binary.kind != CVY_MUL
            || product->params.binary.activation.kind != CVY_NONE)
            continue;
        for (int k = 0; k < 2 && !gate; k++)
            if (product->in[k ? PORT_SRC : PORT_SRC2] == x)
                gate = only_maker(f, product->in[k ? PORT_SRC2 : PORT_SRC]);
        if (!gate || !affine_end_can(f->graph, gate, 1.0, 1.0)
            || !shape_same(&graph_value(f->graph, x)->desc,
                           &graph_value(f->graph, node->outs[0])->desc))
            continue;
        TRY(affine_end(f->graph, gate, 1.0, 1.0));
        product->params.binary.activation = node->params.binary.activation;
        f->links.uses[x]--;
        *done = true;
        st = absorb(f, product);
    }
out:
    return st;
}

// The maker of `value` if it is clip(x + 3, 0, 6); x then.
static struct node *six_gate(const struct fusion *f, cvy_value value, cvy_value *x)
{
    struct node *gate = only_maker(f, value);
    const cvy_activation *end;
    double number;

    if (!gate || gate->op != NODE_BINARY || gate->params.binary.kind != CVY_ADD
        || !scalar_operand(f, gate, &number, x) || number != 3.0)
        return NULL;
    end = &gate->params.binary.activation;
    return end->kind == CVY_RELU6
        || (end->kind == CVY_CLIP && end->alpha == 0.0f && end->beta == 6.0f) ? gate : NULL;
}

// Hard sigmoid and hard swish as they are written out: clip(x + 3, 0, 6) / 6, and that of which x
// was multiplied before the division.
static cvy_status fuse_sixth(struct fusion *f, bool *done)
{
    struct node *node = f->graph->nodes[f->at], *product = NULL, *gate;
    cvy_binary_kind kind = node->params.binary.kind;
    cvy_value inner, x = 0, y = 0;
    double number;

    if ((kind != CVY_DIV && kind != CVY_MUL) || !scalar_operand(f, node, &number, &inner)
        || (kind == CVY_DIV && (inner != node->in[PORT_SRC] || number != 6.0))
        || (kind == CVY_MUL && fabs(number * 6.0 - 1.0) > 1e-6)
        || node->params.binary.activation.kind != CVY_NONE)
        return CVY_OK;
    gate = six_gate(f, inner, &x);
    if (!gate)
        product = only_maker(f, inner);
    if (product && product->op == NODE_BINARY && product->params.binary.kind == CVY_MUL
        && product->params.binary.activation.kind == CVY_NONE)
        for (int i = 0; i < 2 && !gate; i++) {
            gate = six_gate(f, product->in[i ? PORT_SRC : PORT_SRC2], &x);
            y = product->in[i ? PORT_SRC2 : PORT_SRC];
            gate = x == y ? gate : NULL;
        }
    if (!gate || graph_value(f->graph, x)->desc.dtype != CVY_F32
        || !shape_same(&graph_value(f->graph, x)->desc,
                       &graph_value(f->graph, node->outs[0])->desc))
        return CVY_OK;
    gate->op = NODE_ACTIVATION;
    gate->params.activation = (cvy_activation_params) {
        .activation = { y ? CVY_HARD_SWISH : CVY_HARD_SIGMOID, 0.0f, 0.0f } };
    gate->in[PORT_SRC] = x;
    gate->in[PORT_SRC2] = 0;
    if (y) {
        f->links.uses[x]--;
        product->dead = true;
    }
    *done = true;
    return absorb(f, gate);
}

// Residuals -------------------------------------------------------------------------------------

static bool takes_residual(const struct fusion *f, const struct node *maker)
{
    return maker && op_row(maker->op)->takes & PORT_BIT(PORT_RESIDUAL) && !maker->in[PORT_RESIDUAL]
        && node_activation((struct node *)(uintptr_t)maker)->kind == CVY_NONE
        && graph_value(f->graph, maker->outs[0])->desc.dtype == CVY_F32;
}

// Of two that could take the other one in, the later.
static cvy_status fuse_residual(struct fusion *f, bool *done)
{
    struct node *node = f->graph->nodes[f->at], *best = NULL;
    cvy_value ins[2] = { node->in[PORT_SRC], node->in[PORT_SRC2] }, other = 0;

    if (node->params.binary.kind != CVY_ADD || ins[0] == ins[1]
        || !shape_same(&graph_value(f->graph, ins[0])->desc, &graph_value(f->graph, ins[1])->desc))
        return CVY_OK;
    for (int i = 0; i < 2; i++) {
        struct node *maker = only_maker(f, ins[i]);

        if (!takes_residual(f, maker)
            || (best && f->links.maker[ins[i]] < f->links.maker[best->outs[0]]))
            continue;
        best = maker;
        other = ins[1 - i];
    }
    if (!best)
        return CVY_OK;
    best->in[PORT_RESIDUAL] = other;
    *node_activation(best) = node->params.binary.activation;
    *done = true;
    return absorb(f, best);
}

// Padding ---------------------------------------------------------------------------------------

static bool spatial_only(const cvy_pad_params *pad, int rank)
{
    for (int i = 0; i < rank; i++)
        if (pad->before[i] < 0 || pad->after[i] < 0
            || (i < 2 && (pad->before[i] || pad->after[i])))
            return false;
    return true;
}

static bool window_unpadded(const cvy_conv_params *conv)
{
    for (int i = 0; i < 3; i++)
        if (conv->padding[i] || conv->padding_end[i])
            return false;
    return true;
}

static cvy_status fuse_padding(struct fusion *f, bool *done)
{
    struct node *node = f->graph->nodes[f->at], *pad = only_maker(f, node->in[PORT_SRC]);
    cvy_conv_params *conv = &node->params.conv;
    const cvy_pad_params *p = pad ? &pad->params.pad : NULL;

    if (!pad || pad->op != NODE_PAD || conv->padding_rule == CVY_PAD_SAME
        || !spatial_only(p, graph_value(f->graph, pad->outs[0])->desc.rank)
        || (p->mode == CVY_ZEROS && p->value != 0.0f)
        || (!window_unpadded(conv) && (p->mode != CVY_ZEROS || conv->padding_mode != CVY_ZEROS)))
        return CVY_OK;
    for (int i = 0; i < 3; i++) {
        int64_t end = conv->padding_rule == CVY_PAD_BEGIN_END ? conv->padding_end[i]
                                                              : conv->padding[i];

        conv->padding_end[i] = end + (i + 2 < CVY_MAX_RANK ? p->after[i + 2] : 0);
        conv->padding[i] += p->before[i + 2];
    }
    conv->padding_rule = CVY_PAD_BEGIN_END;
    conv->padding_mode = p->mode;
    node->in[PORT_SRC] = pad->in[PORT_SRC];
    pad->dead = true;
    *done = true;
    return join_names(node, pad);
}

// Separable convolution -------------------------------------------------------------------------

static bool is_pointwise(const cvy_conv_params *p, const cvy_desc *weights)
{
    for (int i = 0; i < 3; i++)
        if ((i + 2 < weights->rank && weights->size[2 + i] != 1) || p->stride[i] > 1
            || p->padding[i] || p->padding_end[i])
            return false;
    return p->groups <= 1;
}

static bool is_depthwise(const struct fusion *f, const struct node *node)
{
    const cvy_conv_params *p = &node->params.conv;
    const cvy_desc *src = &graph_value(f->graph, node->in[PORT_SRC])->desc;

    return p->groups > 1 && p->groups == src->size[1] && !node->in[PORT_RESIDUAL]
        && p->activation.kind != CVY_PRELU;
}

static cvy_status fuse_separable(struct fusion *f, bool *done)
{
    struct node *node = f->graph->nodes[f->at], *maker = only_maker(f, node->in[PORT_SRC]);
    const cvy_desc *weights = &graph_value(f->graph, node->in[PORT_WEIGHTS])->desc, *first;
    cvy_separable_params p = { .kind = CVY_SEPARABLE_DEPTHWISE };
    const cvy_conv_params *deep;

    if (!maker || maker->op != NODE_CONV || !is_depthwise(f, maker)
        || !is_pointwise(&node->params.conv, weights))
        return CVY_OK;
    deep = &maker->params.conv;
    first = &graph_value(f->graph, maker->in[PORT_WEIGHTS])->desc;
    p.channel_multiplier = first->size[0] / deep->groups;
    memcpy(p.stride, deep->stride, sizeof p.stride);
    memcpy(p.dilation, deep->dilation, sizeof p.dilation);
    memcpy(p.padding, deep->padding, sizeof p.padding);
    memcpy(p.padding_end, deep->padding_end, sizeof p.padding_end);
    p.padding_rule = deep->padding_rule;
    p.padding_mode = deep->padding_mode;
    p.activation = deep->activation;
    p.activation2 = node->params.conv.activation;
    maker->params.separable = p;
    maker->op = NODE_SEPARABLE;
    maker->in[PORT_WEIGHTS2] = node->in[PORT_WEIGHTS];
    maker->in[PORT_BIAS2] = node->in[PORT_BIAS];
    maker->in[PORT_SLOPE] = node->in[PORT_SLOPE];
    maker->in[PORT_RESIDUAL] = node->in[PORT_RESIDUAL];
    *done = true;
    return absorb(f, maker);
}

// The passes --------------------------------------------------------------------------------------

static cvy_status fuse_node(struct fusion *f, bool *done)
{
    static cvy_status (*const binary[])(struct fusion *, bool *) = {
        fuse_sixth, fuse_affine, fuse_scalar, fuse_gate, fuse_shortcut, fuse_residual
    };
    const struct node *node = f->graph->nodes[f->at];
    cvy_status st = CVY_OK;

    if (node->op == NODE_CONV)
        return fuse_padding(f, done);
    if (node->op == NODE_ACTIVATION)
        return fuse_activation(f, done);
    if (node->op == NODE_BATCH_NORM)
        return fuse_affine(f, done);
    if (node->op != NODE_BINARY || node->params.binary.kind >= CVY_EQUAL)
        return CVY_OK;
    for (size_t i = 0; i < COUNT_OF(binary) && !*done && st == CVY_OK; i++)
        st = binary[i](f, done);
    return st;
}

static cvy_status run(struct cvy_graph *graph, bool separable)
{
    struct fusion f = { .graph = graph };
    cvy_status st = links_open(graph, &f.links);

    for (f.at = 0; f.at < graph->node_count && st == CVY_OK; f.at++) {
        bool done = !graph->nodes[f.at]->dead;

        // The node that comes out may go on with the next pattern.
        while (done && st == CVY_OK) {
            done = false;
            if (!separable)
                st = fuse_node(&f, &done);
            else if (graph->nodes[f.at]->op == NODE_CONV)
                st = fuse_separable(&f, &done);
        }
    }
    links_close(&f.links);
    return st;
}

// Activations and residuals first: a separable convolution takes them with it. Orders and zeros
// go into the weights of its halves.
cvy_status fuse(struct cvy_graph *graph, bool exact)
{
    cvy_status st = run(graph, false);

    if (st == CVY_OK)
        st = weave(graph);
    if (st == CVY_OK && !exact)
        st = widen(graph);
    return st == CVY_OK ? run(graph, true) : st;
}
