// The plan of a step: params completed from its pieces, dst where it lies, then the public create
// function.
#include "graph/lower.h"

#define CREATE(name, type)                                                                  \
    static cvy_status create_##name(cvy_context *context, union node_params *p,             \
                                    const cvy_plan_options *options, const cvy_desc *dst,   \
                                    cvy_plan **out)                                         \
    {                                                                                       \
        if (dst)                                                                            \
            p->type.dst = *dst;                                                             \
        p->type.options = options;                                                          \
        return cvy_##name##_create(context, &p->type, out);                                 \
    }

CREATE(conv, conv)
CREATE(conv_transpose, conv_transpose)
CREATE(pool, pool)
CREATE(max_unpool, max_unpool)
CREATE(separable, separable)
CREATE(linear, linear)
CREATE(activation, activation)
CREATE(copy, copy)
CREATE(softmax, softmax)
CREATE(batch_norm, batch_norm)
CREATE(instance_norm, instance_norm)
CREATE(lrn, lrn)
CREATE(unary, unary)
CREATE(binary, binary)
CREATE(where, where)
CREATE(cast, cast)
CREATE(pad, pad)
CREATE(slice, slice)
CREATE(transpose, transpose)
CREATE(depth_to_space, block)
CREATE(space_to_depth, block)
CREATE(gather, gather)
CREATE(reduce, reduce)
CREATE(resize, resize)
CREATE(matmul, matmul)

typedef cvy_status (*create_fn)(cvy_context *, union node_params *, const cvy_plan_options *,
                                const cvy_desc *, cvy_plan **);
static const create_fn creators[NODE_OP_COUNT] = {
    [NODE_CONV] = create_conv, [NODE_CONV_TRANSPOSE] = create_conv_transpose,
    [NODE_POOL] = create_pool, [NODE_MAX_UNPOOL] = create_max_unpool,
    [NODE_SEPARABLE] = create_separable, [NODE_LINEAR] = create_linear,
    [NODE_ACTIVATION] = create_activation, [NODE_COPY] = create_copy,
    [NODE_SOFTMAX] = create_softmax, [NODE_BATCH_NORM] = create_batch_norm,
    [NODE_INSTANCE_NORM] = create_instance_norm, [NODE_LRN] = create_lrn,
    [NODE_UNARY] = create_unary, [NODE_BINARY] = create_binary, [NODE_WHERE] = create_where,
    [NODE_CAST] = create_cast, [NODE_PAD] = create_pad, [NODE_SLICE] = create_slice,
    [NODE_TRANSPOSE] = create_transpose, [NODE_DEPTH_TO_SPACE] = create_depth_to_space,
    [NODE_SPACE_TO_DEPTH] = create_space_to_depth, [NODE_GATHER] = create_gather,
    [NODE_REDUCE] = create_reduce, [NODE_RESIZE] = create_resize, [NODE_MATMUL] = create_matmul,
};

// The label that the operator wants on a row-major tensor; NHWC ones are always maps.
static void label(const struct node *node, cvy_desc *desc)
{
    if (desc->layout == CVY_NHWC)
        return;
    desc->layout = op_takes_maps(node->op) ? CVY_NCHW : CVY_PLAIN;
}

// Operators that mix operands: if one is NHWC, all are maps.
static void label_all(const struct node *node, cvy_desc in[PORT_COUNT], cvy_desc *srcs,
                      cvy_desc *dst)
{
    bool nhwc = dst->layout == CVY_NHWC;

    for (int i = 0; i < PORT_COUNT; i++) {
        label(node, &in[i]);
        nhwc = nhwc || in[i].layout == CVY_NHWC;
    }
    for (size_t i = 0; i < node->src_count; i++) {
        label(node, &srcs[i]);
        nhwc = nhwc || srcs[i].layout == CVY_NHWC;
    }
    label(node, dst);
    if (!nhwc)
        return;
    for (int i = 0; i < PORT_COUNT; i++)
        if (in[i].layout == CVY_PLAIN)
            in[i].layout = CVY_NCHW;
    for (size_t i = 0; i < node->src_count; i++)
        if (srcs[i].layout == CVY_PLAIN)
            srcs[i].layout = CVY_NCHW;
    if (dst->layout == CVY_PLAIN)
        dst->layout = CVY_NCHW;
}

// Where the plan's dst has other axes than the value, it is left to be dense.
static bool dst_has_own_shape(const struct lowered *l, const struct step_node *step)
{
    const struct node *node = step->node;

    if (node->op == NODE_REDUCE)
        return true;
    return node->op == NODE_GATHER
        && l->pieces[step->outs[0]].desc.rank
               != l->pieces[step->in[PORT_SRC]].desc.rank - 1
                      + l->pieces[step->in[PORT_INDICES]].desc.rank;
}

cvy_status step_plan(cvy_context *context, const struct lowered *l, struct step_node *step,
                     const cvy_plan_options *options)
{
    const struct node *node = step->node;
    cvy_desc in[PORT_COUNT], dst = piece_desc(l, step->outs[0]), *srcs = NULL;
    union node_params params;
    cvy_status st = CVY_OK;

    memset(in, 0, sizeof in);
    TRY(zalloc(MAX(node->src_count, 1) * sizeof *srcs, &srcs));
    for (int i = 0; i < PORT_COUNT; i++)
        if (step->in[i] >= 0)
            in[i] = piece_desc(l, step->in[i]);
    for (size_t i = 0; i < node->src_count; i++)
        srcs[i] = piece_desc(l, step->srcs[i]);
    label_all(node, in, srcs, &dst);
    if (node->op == NODE_GATHER)
        memset(in[PORT_INDICES].stride, 0, sizeof in[PORT_INDICES].stride);
    if (node->op == NODE_POOL && step->outs[1] >= 0)
        memset(dst.stride, 0, sizeof dst.stride);
    node_complete(node, in, srcs, &params);
    if (!creators[node->op])
        TRY(fail(CVY_ERR_INTERNAL, "%s has no plan", node_op_name(node->op)));
    st = creators[node->op](context, &params, options,
                            dst_has_own_shape(l, step) ? NULL : &dst, &step->plan);
out:
    free(srcs);
    return st;
}
