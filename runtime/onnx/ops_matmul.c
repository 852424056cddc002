// Gemm and MatMul. What has the form of a linear layer becomes one: its weights get packed.
#include "onnx/ops_layers.h"

static const int32_t exchanged[CVY_MAX_RANK] = { 1, 0 };

// Gemm --------------------------------------------------------------------------------------------

struct gemm {
    cvy_desc a, b, c;
    cvy_value bias;             // C, 0 for none
    bool trans_a, trans_b;
    float alpha, beta;
};

static cvy_status read_gemm(const struct op *op, struct gemm *g)
{
    cvy_status st = CVY_OK;

    *g = (struct gemm) {
        .trans_a = onnx_int(op->node, "transA", 0) != 0,
        .trans_b = onnx_int(op->node, "transB", 0) != 0,
        .alpha = op_not_zero(onnx_float(op->node, "alpha", 1.0f)),
        .beta = onnx_float(op->node, "beta", 1.0f) };
    TRY(op_desc(op, op->in[0], &g->a));
    TRY(op_desc(op, op->in[1], &g->b));
    if (g->a.rank != 2 || g->b.rank != 2)
        TRY(onnx_fail(CVY_ERR_SHAPE, "A has rank %d and B rank %d; both must be 2",
                      (int)g->a.rank, (int)g->b.rank));
    if (op_has(op, 2) && g->beta != 0.0f) {
        g->bias = op->in[2];
        TRY(op_desc(op, g->bias, &g->c));
    }
out:
    return st;
}

// One number for each output feature, whatever its rank.
static bool is_vector(const struct gemm *g)
{
    int64_t features = g->b.size[g->trans_b ? 0 : 1];

    return g->c.rank > 0 && g->c.size[g->c.rank - 1] == features
        && op_product(g->c.size, 0, g->c.rank) == features;
}

static bool is_linear(const struct op *op, const struct gemm *g)
{
    return !g->trans_a && g->alpha == 1.0f && (g->trans_b || op_is_constant(op, op->in[1]))
        && (!g->bias || (g->beta == 1.0f && is_vector(g)));
}

static cvy_status add_linear(const struct op *op, const struct gemm *g)
{
    const struct op_list features = { 1, { g->b.size[g->trans_b ? 0 : 1] } };
    cvy_node node = { .name = op->node->name, .src = op->in[0], .weights = op->in[1],
                      .bias = g->bias };
    cvy_status st = CVY_OK;

    if (!g->trans_b)
        TRY(op_transpose(op, node.weights, exchanged, &node.weights));
    if (g->bias && g->c.rank != 1)
        TRY(op_reshape(op, g->bias, &features, &node.bias));
    st = cvy_graph_linear(op->graph, &(cvy_linear_params) { 0 }, &node, &op->out[0]);
out:
    return st;
}

EXPAND(expand_gemm)
{
    struct gemm g;
    cvy_status st = CVY_OK;

    TRY(read_gemm(op, &g));
    if (is_linear(op, &g))
        return add_linear(op, &g);
    st = cvy_graph_matmul(op->graph, &(cvy_matmul_params) { .transpose = g.trans_a,
                          .transpose2 = g.trans_b, .alpha = g.alpha, .beta = g.beta },
                          &(cvy_node) { .name = op->node->name, .src = op->in[0],
                          .src2 = op->in[1], .bias = g.bias }, &op->out[0]);
out:
    return st;
}

// MatMul ------------------------------------------------------------------------------------------

// The sizes of the result: both batches broadcast, then the rows of a and the columns of b; a
// vector has none.
static cvy_status result_sizes(const cvy_desc *a, const cvy_desc *b, struct op_list *out)
{
    int32_t batch_a = a->rank > 2 ? a->rank - 2 : 0, batch_b = b->rank > 2 ? b->rank - 2 : 0;
    int32_t batch = batch_a > batch_b ? batch_a : batch_b;

    *out = (struct op_list) { .count = (size_t)batch };
    for (int32_t i = 0; i < batch; i++) {
        int32_t in_a = i - (batch - batch_a), in_b = i - (batch - batch_b);
        int64_t size_a = in_a < 0 ? 1 : a->size[in_a], size_b = in_b < 0 ? 1 : b->size[in_b];

        if (size_a != size_b && size_a != 1 && size_b != 1)
            return onnx_fail(CVY_ERR_SHAPE, "batch sizes %lld and %lld do not fit",
                             (long long)size_a, (long long)size_b);
        out->at[i] = size_a == 1 ? size_b : size_a;
    }
    if (a->rank > 1)
        out->at[out->count++] = a->size[a->rank - 2];
    if (b->rank > 1)
        out->at[out->count++] = b->size[b->rank - 1];
    return CVY_OK;
}

// With a vector on either side: as a row or a column, which leaves the result again.
static cvy_status matmul_vector(const struct op *op, const cvy_desc *a, const cvy_desc *b)
{
    const struct op_list row = { 2, { 1, a->size[0] } }, column = { 2, { b->size[0], 1 } };
    cvy_node node = { .name = op->node->name, .src = op->in[0], .src2 = op->in[1] };
    struct op_list sizes;
    cvy_value product;
    cvy_status st = CVY_OK;

    TRY(result_sizes(a, b, &sizes));
    if (a->rank == 1)
        TRY(op_reshape(op, node.src, &row, &node.src));
    if (b->rank == 1)
        TRY(op_reshape(op, node.src2, &column, &node.src2));
    TRY(cvy_graph_matmul(op->graph, &(cvy_matmul_params) { 0 }, &node, &product));
    st = op_reshape(op, product, &sizes, &op->out[0]);
out:
    return st;
}

EXPAND(expand_matmul)
{
    cvy_node node = { .name = op->node->name, .src = op->in[0] };
    cvy_desc a, b;
    cvy_status st = CVY_OK;

    TRY(op_desc(op, op->in[0], &a));
    TRY(op_desc(op, op->in[1], &b));
    if (a.rank == 0 || b.rank == 0)
        TRY(onnx_fail(CVY_ERR_SHAPE, "a scalar is no matrix"));
    if (a.rank == 1 || b.rank == 1)
        return matmul_vector(op, &a, &b);
    if (b.rank == 2 && op_is_constant(op, op->in[1])) {
        TRY(op_transpose(op, op->in[1], exchanged, &node.weights));
        return cvy_graph_linear(op->graph, &(cvy_linear_params) { 0 }, &node, &op->out[0]);
    }
    node.src2 = op->in[1];
    st = cvy_graph_matmul(op->graph, &(cvy_matmul_params) { 0 }, &node, &op->out[0]);
out:
    return st;
}
