// Shapes of nodes: params completed from the tensors, then what the create functions say of them.
#include "graph/passes.h"
#include "ops/fill.h"

#define BIT(port) PORT_BIT(PORT_##port)

static const struct op_row rows[NODE_OP_COUNT] = {
    [NODE_CONV] = { "conv", BIT(SRC) | BIT(WEIGHTS), BIT(BIAS) | BIT(SLOPE) | BIT(RESIDUAL),
                    RULE_MAPS, false },
    [NODE_CONV_TRANSPOSE] = { "conv_transpose", BIT(SRC) | BIT(WEIGHTS),
                              BIT(BIAS) | BIT(SLOPE) | BIT(RESIDUAL), RULE_MAPS, false },
    [NODE_POOL] = { "pool", BIT(SRC), 0, RULE_MAPS, false },
    [NODE_MAX_UNPOOL] = { "max_unpool", BIT(SRC) | BIT(INDICES), 0, RULE_MAPS, false },
    [NODE_SEPARABLE] = { "separable", BIT(SRC) | BIT(WEIGHTS) | BIT(WEIGHTS2),
                         BIT(BIAS) | BIT(BIAS2) | BIT(SLOPE) | BIT(RESIDUAL), RULE_MAPS, false },
    [NODE_LINEAR] = { "linear", BIT(SRC) | BIT(WEIGHTS), BIT(BIAS) | BIT(SLOPE) | BIT(RESIDUAL),
                      RULE_PLAIN, false },
    [NODE_ACTIVATION] = { "activation", BIT(SRC), BIT(SLOPE), RULE_FOLLOWS, false },
    [NODE_CONCAT] = { "concat", 0, 0, RULE_FOLLOWS, true },
    [NODE_COPY] = { "copy", BIT(SRC), 0, RULE_FOLLOWS, false },
    [NODE_SOFTMAX] = { "softmax", BIT(SRC), 0, RULE_FOLLOWS, false },
    [NODE_BATCH_NORM] = { "batch_norm", BIT(SRC) | BIT(MEAN) | BIT(VARIANCE),
                          BIT(SCALE) | BIT(BIAS) | BIT(SLOPE), RULE_FOLLOWS, false },
    [NODE_INSTANCE_NORM] = { "instance_norm", BIT(SRC), BIT(SCALE) | BIT(BIAS) | BIT(SLOPE),
                             RULE_FOLLOWS, false },
    [NODE_LRN] = { "lrn", BIT(SRC), 0, RULE_FOLLOWS, false },
    [NODE_UNARY] = { "unary", BIT(SRC), 0, RULE_FOLLOWS, false },
    [NODE_BINARY] = { "binary", BIT(SRC) | BIT(SRC2), 0, RULE_FOLLOWS, false },
    [NODE_WHERE] = { "where", 0, 0, RULE_FOLLOWS, true },
    [NODE_CAST] = { "cast", BIT(SRC), 0, RULE_FOLLOWS, false },
    [NODE_PAD] = { "pad", BIT(SRC), 0, RULE_FOLLOWS, false },
    [NODE_SLICE] = { "slice", BIT(SRC), 0, RULE_FOLLOWS, false },
    [NODE_TRANSPOSE] = { "transpose", BIT(SRC), 0, RULE_PLAIN, false },
    [NODE_DEPTH_TO_SPACE] = { "depth_to_space", BIT(SRC), 0, RULE_FOLLOWS, false },
    [NODE_SPACE_TO_DEPTH] = { "space_to_depth", BIT(SRC), 0, RULE_FOLLOWS, false },
    [NODE_GATHER] = { "gather", BIT(SRC) | BIT(INDICES), 0, RULE_PLAIN, false },
    [NODE_REDUCE] = { "reduce", BIT(SRC), 0, RULE_PLAIN, false },
    [NODE_RESIZE] = { "resize", BIT(SRC), 0, RULE_FOLLOWS, false },
    [NODE_MATMUL] = { "matmul", BIT(SRC) | BIT(SRC2), BIT(BIAS), RULE_PLAIN, false },
    [NODE_RESHAPE] = { "reshape", BIT(SRC), 0, RULE_PLAIN, false },
    [NODE_EXPAND] = { "expand", BIT(SRC), 0, RULE_PLAIN, false },
    [NODE_DEFERRED] = { "deferred", 0, 0, RULE_PLAIN, true },
    [NODE_WEAVE] = { "weave", 0, 0, RULE_FOLLOWS, true },
};

const struct op_row *op_row(enum node_op op)
{
    return &rows[op];
}

// Completing params -------------------------------------------------------------------------------

// kernel_size left open is the weights'.
static void fill_kernel(int64_t kernel[3], const cvy_desc *weights)
{
    for (int i = 0; i < 3 && i + 2 < weights->rank; i++)
        if (kernel[i] == 0)
            kernel[i] = weights->size[2 + i];
}

static bool has(const struct node *node, enum port port)
{
    return node->in[port] != 0;
}

static void complete_separable(const struct node *node, const cvy_desc *in,
                               cvy_separable_params *p)
{
    const cvy_desc *first = &in[PORT_WEIGHTS], *second = &in[PORT_WEIGHTS2];

    p->src = in[PORT_SRC];
    if (p->out_channels == 0)
        p->out_channels = second->size[0];
    if (p->kind == CVY_SEPARABLE_SPATIAL_DENSE && p->mid_channels == 0)
        p->mid_channels = first->size[0];
    if (p->kind == CVY_SEPARABLE_DEPTHWISE && p->channel_multiplier == 0)
        p->channel_multiplier = first->size[0] / MAX(p->src.size[1], 1);
    // Of the spatial kinds, the first has one axis of the kernel and the second the others.
    for (int i = 1; i < 3 && p->kind != CVY_SEPARABLE_DEPTHWISE && i + 2 < second->rank; i++)
        if (p->kernel_size[i] == 0)
            p->kernel_size[i] = second->size[2 + i];
    fill_kernel(p->kernel_size, first);
    p->bias = has(node, PORT_BIAS);
    p->bias2 = has(node, PORT_BIAS2);
    p->residual = has(node, PORT_RESIDUAL);
}

static void complete_layers(const struct node *node, const cvy_desc *in, union node_params *p)
{
    switch (node->op) {
    case NODE_CONV:
        p->conv.src = in[PORT_SRC];
        p->conv.out_channels = in[PORT_WEIGHTS].size[0];
        fill_kernel(p->conv.kernel_size, &in[PORT_WEIGHTS]);
        p->conv.bias = has(node, PORT_BIAS);
        p->conv.residual = has(node, PORT_RESIDUAL);
        break;
    case NODE_CONV_TRANSPOSE:
        p->conv_transpose.src = in[PORT_SRC];
        p->conv_transpose.out_channels = in[PORT_WEIGHTS].size[1]
            * MAX(p->conv_transpose.groups, 1);
        fill_kernel(p->conv_transpose.kernel_size, &in[PORT_WEIGHTS]);
        p->conv_transpose.bias = has(node, PORT_BIAS);
        p->conv_transpose.residual = has(node, PORT_RESIDUAL);
        break;
    case NODE_SEPARABLE:
        complete_separable(node, in, &p->separable);
        break;
    case NODE_LINEAR:
        p->linear.src = in[PORT_SRC];
        p->linear.out_features = in[PORT_WEIGHTS].size[0];
        p->linear.bias = has(node, PORT_BIAS);
        p->linear.residual = has(node, PORT_RESIDUAL);
        break;
    case NODE_BATCH_NORM:
        p->batch_norm.src = in[PORT_SRC];
        p->batch_norm.scale = has(node, PORT_SCALE);
        p->batch_norm.bias = has(node, PORT_BIAS);
        break;
    case NODE_INSTANCE_NORM:
        p->instance_norm.src = in[PORT_SRC];
        p->instance_norm.scale = has(node, PORT_SCALE);
        p->instance_norm.bias = has(node, PORT_BIAS);
        break;
    case NODE_MATMUL:
        p->matmul.src = in[PORT_SRC];
        p->matmul.src2 = in[PORT_SRC2];
        if (has(node, PORT_BIAS))
            p->matmul.bias = in[PORT_BIAS];
        break;
    default:
        break;
    }
}

// Where the desc of src is in the params of operators that have no more to fill in, plus 1.
#define SRC_AT(type) (offsetof(cvy_##type##_params, src) + 1)
static const size_t src_at[NODE_OP_COUNT] = {
    [NODE_POOL] = SRC_AT(pool),
    [NODE_MAX_UNPOOL] = SRC_AT(max_unpool),
    [NODE_ACTIVATION] = SRC_AT(activation),
    [NODE_COPY] = SRC_AT(copy),
    [NODE_SOFTMAX] = SRC_AT(softmax),
    [NODE_LRN] = SRC_AT(lrn),
    [NODE_UNARY] = SRC_AT(unary),
    [NODE_BINARY] = SRC_AT(binary),
    [NODE_CAST] = SRC_AT(cast),
    [NODE_PAD] = SRC_AT(pad),
    [NODE_SLICE] = SRC_AT(slice),
    [NODE_TRANSPOSE] = SRC_AT(transpose),
    [NODE_DEPTH_TO_SPACE] = SRC_AT(block),
    [NODE_SPACE_TO_DEPTH] = SRC_AT(block),
    [NODE_GATHER] = SRC_AT(gather),
    [NODE_REDUCE] = SRC_AT(reduce),
    [NODE_RESIZE] = SRC_AT(resize),
};

void node_complete(const struct node *node, const cvy_desc in[PORT_COUNT], const cvy_desc *srcs,
                   union node_params *out)
{
    *out = node->params;
    if (src_at[node->op])
        memcpy((char *)out + src_at[node->op] - 1, &in[PORT_SRC], sizeof in[PORT_SRC]);
    switch (node->op) {
    case NODE_ACTIVATION:
        if (has(node, PORT_SLOPE))
            out->activation.num_parameters = shape_elements(&in[PORT_SLOPE]);
        break;
    case NODE_MAX_UNPOOL:
        out->max_unpool.indices_dtype = in[PORT_INDICES].dtype;
        break;
    case NODE_BINARY:
        out->binary.src2 = in[PORT_SRC2];
        break;
    case NODE_GATHER:
        out->gather.indices = in[PORT_INDICES];
        break;
    case NODE_CONCAT:
        out->concat.srcs = srcs;
        out->concat.src_count = node->src_count;
        break;
    case NODE_WHERE:
        out->where.condition = srcs[0];
        out->where.src = srcs[1];
        out->where.src2 = srcs[2];
        break;
    default:
        complete_layers(node, in, out);
    }
}

// Shapes ------------------------------------------------------------------------------------------

// As a plan takes it: no scalars, and a feature map where that is wanted.
static cvy_desc for_plan(const cvy_desc *shape, bool map)
{
    static const int64_t one[] = { 1 };
    cvy_desc desc = shape->rank == 0 ? shape_of(shape->dtype, 1, one) : *shape;

    if (map)
        desc.layout = CVY_NCHW;
    desc.dtype = CVY_F32;       // shapes do not depend on it
    return desc;
}

static cvy_status broadcast(const cvy_desc *const *shapes, size_t count, cvy_desc *out)
{
    int64_t size[CVY_MAX_RANK];
    int32_t rank = 0;

    for (size_t s = 0; s < count; s++)
        rank = MAX(rank, shapes[s]->rank);
    for (int32_t i = 0; i < rank; i++)
        size[i] = 1;
    for (size_t s = 0; s < count; s++)
        for (int32_t i = 0; i < shapes[s]->rank; i++) {
            int64_t *to = &size[rank - shapes[s]->rank + i], from = shapes[s]->size[i];

            if (from != 1 && *to != 1 && from != *to)
                return fail(CVY_ERR_SHAPE, "sizes %lld and %lld do not broadcast",
                            (long long)*to, (long long)from);
            *to = from != 1 ? from : *to;
        }
    *out = shape_of(shapes[0]->dtype, rank, size);
    return CVY_OK;
}

static cvy_status infer_reshape(const cvy_desc *src, const cvy_reshape_params *p, cvy_desc *out)
{
    int64_t elements = shape_elements(src), known = 1, size[CVY_MAX_RANK];
    int open = -1;

    if (p->rank < 0 || p->rank > CVY_MAX_RANK)
        return fail(CVY_ERR_ARGUMENT, "rank is %d; it must be 0 to %d", (int)p->rank,
                    CVY_MAX_RANK);
    for (int i = 0; i < p->rank; i++) {
        size[i] = p->size[i];
        if (size[i] < -1 || (size[i] == -1 && open >= 0))
            return fail(CVY_ERR_SHAPE, "size[%d] is %lld; one size may be -1, the others are 0 or "
                        "more", i, (long long)size[i]);
        if (size[i] == -1)
            open = i;
        else if (!mul_i64(known, size[i], &known))
            return fail(CVY_ERR_LIMIT, "the sizes are beyond 64 bits");
    }
    if (open >= 0 && known > 0)
        size[open] = elements / known;
    else if (open >= 0)
        return fail(CVY_ERR_SHAPE, "size[%d] is -1 beside a size of 0", open);
    if (open >= 0 ? elements % known != 0 : known != elements)
        return fail(CVY_ERR_SHAPE, "the sizes hold %lld elements and src has %lld",
                    (long long)known, (long long)elements);
    *out = shape_of(src->dtype, p->rank, size);
    return CVY_OK;
}

static cvy_status infer_expand(const cvy_desc *src, const cvy_reshape_params *p, cvy_desc *out)
{
    cvy_desc target;
    const cvy_desc *const both[] = { src, &target };

    if (p->rank < 0 || p->rank > CVY_MAX_RANK)
        return fail(CVY_ERR_ARGUMENT, "rank is %d; it must be 0 to %d", (int)p->rank,
                    CVY_MAX_RANK);
    for (int i = 0; i < p->rank; i++)
        if (p->size[i] < 0)
            return fail(CVY_ERR_SHAPE, "size[%d] is %lld; it must be 0 or more", i,
                        (long long)p->size[i]);
    target = shape_of(src->dtype, p->rank, p->size);
    return broadcast(both, 2, out);
}

// Sizes as the first one's but along the axis.
static cvy_status infer_concat(const cvy_desc *srcs, size_t count, int32_t axis, cvy_desc *out)
{
    int64_t size[CVY_MAX_RANK], total = 0;
    int32_t rank = srcs[0].rank, at = axis < 0 ? axis + rank : axis;

    if (rank == 0)
        return fail(CVY_ERR_SHAPE, "srcs[0] is a scalar, which has no axis to join");
    if (at < 0 || at >= rank)
        return fail(CVY_ERR_SHAPE, "axis is %d; the tensors have %d axes", (int)axis, (int)rank);
    memcpy(size, srcs[0].size, sizeof size);
    for (size_t s = 0; s < count; s++) {
        if (srcs[s].rank != rank || srcs[s].dtype != srcs[0].dtype)
            return fail(CVY_ERR_SHAPE, "srcs[%zu] differs from srcs[0] in rank or dtype", s);
        for (int i = 0; i < rank; i++)
            if (i != at && srcs[s].size[i] != size[i])
                return fail(CVY_ERR_SHAPE, "srcs[%zu].size[%d] is %lld and that of srcs[0] %lld",
                            s, i, (long long)srcs[s].size[i], (long long)size[i]);
        if (!add_i64(total, srcs[s].size[at], &total))
            return fail(CVY_ERR_LIMIT, "the sizes along axis %d are beyond 64 bits", (int)at);
    }
    size[at] = total;
    *out = shape_of(srcs[0].dtype, rank, size);
    return CVY_OK;
}

// Element-wise operators, concat, reshape and expand: any dtype and rank.
static cvy_status infer_here(const struct node *node, const cvy_desc *in, const cvy_desc *srcs,
                             cvy_desc *out)
{
    const cvy_desc *const pair[] = { &in[PORT_SRC], &in[PORT_SRC2] };
    const cvy_desc *const three[] = { &srcs[1], &srcs[0], &srcs[2] };
    cvy_status st;

    switch (node->op) {
    case NODE_BINARY:
        if (node->params.binary.kind <= 0 || node->params.binary.kind >= CVY_BINARY_END)
            return fail(CVY_ERR_ARGUMENT, "kind is %d, which is none",
                        (int)node->params.binary.kind);
        if (in[PORT_SRC].dtype != in[PORT_SRC2].dtype)
            return fail(CVY_ERR_SHAPE, "src and src2 have different dtypes");
        st = broadcast(pair, 2, out);
        if (node->params.binary.kind >= CVY_EQUAL)
            out->dtype = CVY_BOOL;
        return st;
    case NODE_WHERE:
        if (node->src_count != 3)
            return fail(CVY_ERR_ARGUMENT, "src_count is %zu; where takes condition, src, src2",
                        node->src_count);
        if (srcs[0].dtype != CVY_BOOL || srcs[1].dtype != srcs[2].dtype)
            return fail(CVY_ERR_ARGUMENT, "srcs[0] must be of CVY_BOOL, and srcs[1] and srcs[2] "
                        "of one dtype");
        return broadcast(three, 3, out);
    case NODE_CONCAT:
        return infer_concat(srcs, node->src_count, node->params.concat.axis, out);
    case NODE_RESHAPE:
        return infer_reshape(&in[PORT_SRC], &node->params.reshape, out);
    case NODE_EXPAND:
        return infer_expand(&in[PORT_SRC], &node->params.reshape, out);
    case NODE_UNARY:
        if (node->params.unary.kind <= 0 || node->params.unary.kind >= CVY_UNARY_END)
            return fail(CVY_ERR_ARGUMENT, "kind is %d, which is none",
                        (int)node->params.unary.kind);
        *out = in[PORT_SRC];
        return CVY_OK;
    case NODE_CAST:
        if (cvy_dtype_bytes(node->params.cast.dtype) == 0)
            return fail(CVY_ERR_ARGUMENT, "dtype is %d, which is none",
                        (int)node->params.cast.dtype);
        *out = in[PORT_SRC];
        out->dtype = node->params.cast.dtype;
        return CVY_OK;
    default:
        *out = in[PORT_SRC];
        return CVY_OK;
    }
}

#define FILLED(call, field)                                                                 \
    do {                                                                                    \
        TRY(call);                                                                          \
        *out = p.field.dst;                                                                 \
    } while (0)

static cvy_status infer_filled(const struct node *node, const cvy_desc *in, cvy_desc *out)
{
    union node_params p;
    cvy_desc mid;
    cvy_status st = CVY_OK;

    node_complete(node, in, NULL, &p);
    switch (node->op) {
    case NODE_CONV: FILLED(conv_fill(&p.conv), conv); break;
    case NODE_CONV_TRANSPOSE:
        FILLED(conv_transpose_fill(&p.conv_transpose), conv_transpose);
        break;
    case NODE_POOL: FILLED(pool_fill(&p.pool), pool); break;
    case NODE_MAX_UNPOOL:
        p.max_unpool.indices_dtype = CVY_I64;
        FILLED(unpool_fill(&p.max_unpool), max_unpool);
        break;
    case NODE_SEPARABLE: FILLED(separable_fill(&p.separable, &mid), separable); break;
    case NODE_LINEAR: FILLED(linear_fill(&p.linear), linear); break;
    case NODE_SOFTMAX: FILLED(softmax_fill(&p.softmax), softmax); break;
    case NODE_BATCH_NORM: FILLED(batch_norm_fill(&p.batch_norm), batch_norm); break;
    case NODE_INSTANCE_NORM: FILLED(instance_norm_fill(&p.instance_norm), instance_norm); break;
    case NODE_LRN: FILLED(lrn_fill(&p.lrn), lrn); break;
    case NODE_PAD: FILLED(pad_fill(&p.pad), pad); break;
    case NODE_SLICE: FILLED(slice_fill(&p.slice), slice); break;
    case NODE_TRANSPOSE: FILLED(transpose_fill(&p.transpose), transpose); break;
    case NODE_DEPTH_TO_SPACE: FILLED(block_fill(&p.block, true), block); break;
    case NODE_SPACE_TO_DEPTH: FILLED(block_fill(&p.block, false), block); break;
    case NODE_REDUCE: FILLED(reduce_fill(&p.reduce), reduce); break;
    case NODE_RESIZE: FILLED(resize_fill(&p.resize), resize); break;
    case NODE_MATMUL: FILLED(matmul_fill(&p.matmul), matmul); break;
    default:
        p.gather.indices.dtype = CVY_I64;
        FILLED(gather_fill(&p.gather), gather);
    }
out:
    return st;
}

bool op_takes_maps(enum node_op op)
{
    return op_row(op)->rule == RULE_MAPS || op == NODE_RESIZE || op == NODE_LRN
        || op == NODE_BATCH_NORM || op == NODE_INSTANCE_NORM || op == NODE_DEPTH_TO_SPACE
        || op == NODE_SPACE_TO_DEPTH;
}

static bool inferred_here(enum node_op op)
{
    return op == NODE_BINARY || op == NODE_WHERE || op == NODE_CONCAT || op == NODE_RESHAPE
        || op == NODE_EXPAND || op == NODE_UNARY || op == NODE_CAST || op == NODE_ACTIVATION
        || op == NODE_COPY;
}

// What fill functions leave to be said: dtypes, and axes that go with scalars.
static void finish(const struct node *node, const cvy_desc *in, cvy_desc *out)
{
    cvy_dtype dtype = in[PORT_SRC].dtype;
    int32_t axis = node->params.gather.axis;

    if (node->op == NODE_REDUCE && node->params.reduce.kind >= CVY_REDUCE_ARGMAX)
        dtype = out->dtype;
    if (node->op == NODE_GATHER && in[PORT_INDICES].rank == 0) {
        axis = axis < 0 ? axis + in[PORT_SRC].rank : axis;
        memmove(&out->size[axis], &out->size[axis + 1],
                (size_t)(out->rank - axis - 1) * sizeof out->size[0]);
        out->rank--;
    }
    if (node->op == NODE_REDUCE && !node->params.reduce.keep_dims) {
        bool all = true, any = false;

        for (int i = 0; i < in[PORT_SRC].rank; i++) {
            all = all && node->params.reduce.axes[i];
            any = any || node->params.reduce.axes[i];
        }
        if (all || !any || in[PORT_SRC].rank == 0)
            out->rank = 0;
    }
    *out = shape_of(dtype, out->rank, out->size);
}

cvy_status node_infer(const struct cvy_graph *graph, const struct node *node, cvy_desc outs[2])
{
    cvy_desc in[PORT_COUNT], plan_in[PORT_COUNT], *srcs = NULL;
    bool map = op_takes_maps(node->op);
    cvy_status st = CVY_OK;

    memset(in, 0, sizeof in);
    memset(plan_in, 0, sizeof plan_in);
    for (int i = 0; i < PORT_COUNT; i++)
        if (node->in[i]) {
            in[i] = graph_value(graph, node->in[i])->desc;
            plan_in[i] = for_plan(&in[i], map && (i == PORT_SRC || i == PORT_RESIDUAL));
        }
    TRY(zalloc(MAX(node->src_count, 1) * sizeof *srcs, &srcs));
    for (size_t i = 0; i < node->src_count; i++)
        srcs[i] = graph_value(graph, node->srcs[i])->desc;
    TRY(node_check_inputs(node, in));
    if (inferred_here(node->op)) {
        TRY(infer_here(node, in, srcs, &outs[0]));
        st = node_check_output(node, in, &outs[0]);
        goto out;
    }
    if (in[PORT_SRC].rank == 0 && node->op == NODE_GATHER)
        TRY(fail(CVY_ERR_SHAPE, "src is a scalar"));
    TRY(infer_filled(node, plan_in, &outs[0]));
    finish(node, in, &outs[0]);
    TRY(node_check_output(node, in, &outs[0]));
    if (node->out_count > 1) {
        outs[1] = outs[0];
        outs[1].dtype = node->params.pool.indices_dtype == CVY_I32 ? CVY_I32 : CVY_I64;
    }
out:
    free(srcs);
    return st;
}
