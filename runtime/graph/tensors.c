// What a node's tensors must be for its plan, which knows the sizes of src alone: dtypes, weights,
// vectors of one number for each channel, residuals, indices.
#include "graph/passes.h"

static cvy_status size_is(const cvy_desc *desc, int port, int axis, int64_t want)
{
    if (axis < desc->rank && desc->size[axis] == want)
        return CVY_OK;
    return fail(CVY_ERR_SHAPE, "%s.size[%d] is %lld; it must be %lld", port_name(port), axis,
                axis < desc->rank ? (long long)desc->size[axis] : 0LL, (long long)want);
}

static cvy_status rank_is(const cvy_desc *desc, int port, int32_t want)
{
    return desc->rank == want ? CVY_OK
        : fail(CVY_ERR_SHAPE, "%s has %d axes; it must have %d", port_name(port),
               (int)desc->rank, (int)want);
}

// [outs][ins][kernel]
static cvy_status filters_are(const cvy_desc *weights, int port, int32_t rank, int64_t outs,
                              int64_t ins, const int64_t kernel[3])
{
    cvy_status st = CVY_OK;

    TRY(rank_is(weights, port, rank));
    TRY(size_is(weights, port, 0, outs));
    TRY(size_is(weights, port, 1, ins));
    for (int i = 2; i < rank; i++)
        TRY(size_is(weights, port, i, kernel[i - 2]));
out:
    return st;
}

static cvy_status separable_filters(const cvy_desc in[PORT_COUNT], const cvy_separable_params *p)
{
    const cvy_desc *src = &in[PORT_SRC];
    int64_t channels = src->size[1], first[3] = { 1, 1, 1 }, second[3] = { 1, 1, 1 };
    int64_t mid = p->kind == CVY_SEPARABLE_SPATIAL ? channels : p->mid_channels;
    cvy_status st = CVY_OK;

    for (int i = 0; i < 3; i++)
        *(p->kind == CVY_SEPARABLE_DEPTHWISE || i == 0 ? &first[i] : &second[i]) =
            p->kernel_size[i];
    if (p->kind == CVY_SEPARABLE_DEPTHWISE)
        mid = channels * p->channel_multiplier;
    TRY(filters_are(&in[PORT_WEIGHTS], PORT_WEIGHTS, src->rank, mid,
                    p->kind == CVY_SEPARABLE_SPATIAL_DENSE ? channels : 1, first));
    st = filters_are(&in[PORT_WEIGHTS2], PORT_WEIGHTS2, src->rank,
                     p->kind == CVY_SEPARABLE_SPATIAL ? channels : p->out_channels,
                     p->kind == CVY_SEPARABLE_SPATIAL ? 1 : mid, second);
out:
    return st;
}

// Weights fit src; before the node's own sizes are looked at.
static cvy_status check_weights(const struct node *node, const cvy_desc in[PORT_COUNT])
{
    const cvy_desc *src = &in[PORT_SRC], *weights = &in[PORT_WEIGHTS];
    union node_params p;
    cvy_status st = CVY_OK;

    if (node->op == NODE_LINEAR) {
        TRY(rank_is(weights, PORT_WEIGHTS, 2));
        return src->rank == 0 ? fail(CVY_ERR_SHAPE, "src is a scalar")
                              : size_is(weights, PORT_WEIGHTS, 1, src->size[src->rank - 1]);
    }
    if (node->op != NODE_CONV && node->op != NODE_CONV_TRANSPOSE && node->op != NODE_SEPARABLE)
        return CVY_OK;
    if (src->rank < 3 || src->rank > 5)
        return fail(CVY_ERR_SHAPE, "src has %d axes; it must have 3 to 5", (int)src->rank);
    node_complete(node, in, NULL, &p);
    if (node->op == NODE_CONV)
        st = filters_are(weights, PORT_WEIGHTS, src->rank, p.conv.out_channels,
                         src->size[1] / MAX(p.conv.groups, 1), p.conv.kernel_size);
    else if (node->op == NODE_CONV_TRANSPOSE)
        st = filters_are(weights, PORT_WEIGHTS, src->rank, src->size[1],
                         p.conv_transpose.out_channels / MAX(p.conv_transpose.groups, 1),
                         p.conv_transpose.kernel_size);
    else
        st = separable_filters(in, &p.separable);
out:
    return st;
}

// Plans read constants and residuals as float32, whatever they are.
static cvy_status check_dtypes(const struct node *node, const cvy_desc in[PORT_COUNT])
{
    for (int i = 0; i < PORT_COUNT; i++) {
        bool whole = in[i].dtype == CVY_I32 || in[i].dtype == CVY_I64;

        if (!node->in[i] || i == PORT_SRC || i == PORT_SRC2)
            continue;
        if (i == PORT_INDICES ? !whole : in[i].dtype != CVY_F32)
            return fail(CVY_ERR_UNSUPPORTED, "%s has another dtype than %s", port_name(i),
                        i == PORT_INDICES ? "CVY_I32 or CVY_I64" : "CVY_F32");
    }
    return CVY_OK;
}

static cvy_status check_slope(const struct node *node)
{
    const cvy_activation *end = node->op == NODE_ACTIVATION
        ? &node->params.activation.activation : node_activation((struct node *)(uintptr_t)node);

    if (!end || (end->kind == CVY_PRELU) == (node->in[PORT_SLOPE] != 0))
        return CVY_OK;
    return fail(CVY_ERR_ARGUMENT, end->kind == CVY_PRELU
                ? "node.slope is empty; CVY_PRELU needs it"
                : "node.slope is set, which only CVY_PRELU has");
}

cvy_status node_check_inputs(const struct node *node, const cvy_desc in[PORT_COUNT])
{
    cvy_status st = CVY_OK;

    TRY(check_dtypes(node, in));
    TRY(check_slope(node));
    st = check_weights(node, in);
out:
    return st;
}

// One number for each channel of what comes out.
static cvy_status check_vectors(const struct node *node, const cvy_desc in[PORT_COUNT],
                                const cvy_desc *out)
{
    int64_t channels = node->op == NODE_LINEAR ? out->size[out->rank - 1] : out->size[1];

    for (int i = PORT_BIAS; i <= PORT_SLOPE; i++) {
        int64_t want = node->op == NODE_SEPARABLE && i == PORT_BIAS ? in[PORT_WEIGHTS].size[0]
                                                                   : channels;

        if (!node->in[i] || i == PORT_WEIGHTS2 || shape_elements(&in[i]) == want)
            continue;
        return fail(CVY_ERR_SHAPE, "%s has %lld elements; it must have %lld", port_name(i),
                    (long long)shape_elements(&in[i]), (long long)want);
    }
    return CVY_OK;
}

cvy_status node_check_output(const struct node *node, const cvy_desc in[PORT_COUNT],
                             const cvy_desc *out)
{
    int64_t elements = 1;
    cvy_status st = CVY_OK;

    for (int i = 0; i < out->rank; i++)
        if (!mul_i64(elements, MAX(out->size[i], 1), &elements) || elements > INT64_MAX / 16)
            return fail(CVY_ERR_LIMIT, "its output has more elements than 64 bits count");
    if (node->op != NODE_ACTIVATION && node->op != NODE_MATMUL)
        TRY(check_vectors(node, in, out));
    if (node->in[PORT_RESIDUAL] && !shape_same(&in[PORT_RESIDUAL], out))
        TRY(fail(CVY_ERR_SHAPE, "residual has other sizes than the output"));
    if (node->op == NODE_MAX_UNPOOL && !shape_same(&in[PORT_INDICES], &in[PORT_SRC]))
        TRY(fail(CVY_ERR_SHAPE, "indices has other sizes than src"));
out:
    return st;
}
