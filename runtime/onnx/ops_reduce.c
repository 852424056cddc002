// Reductions, ArgMax and ArgMin.
#include "onnx/ops_math.h"

#include <float.h>
#include <math.h>

#define EXACT_LIMIT (INT64_C(1) << 24)      // integers that float32 holds

// Some are functions of what is reduced and of what comes out.
struct reduction {
    const char *name;
    cvy_reduce_kind kind;
    bool squares;               // of the elements; or else
    cvy_unary_kind before;      // a function of them, 0 for none
    cvy_unary_kind behind;
};
static const struct reduction reductions[] = {
    { "ReduceSum", CVY_REDUCE_SUM, false, 0, 0 }, { "ReduceMean", CVY_REDUCE_MEAN, false, 0, 0 },
    { "ReduceMax", CVY_REDUCE_MAX, false, 0, 0 }, { "ReduceMin", CVY_REDUCE_MIN, false, 0, 0 },
    { "ReduceL1", CVY_REDUCE_SUM, false, CVY_ABS, 0 },
    { "ReduceL2", CVY_REDUCE_SUM, true, 0, CVY_SQRT },
    { "ReduceSumSquare", CVY_REDUCE_SUM, true, 0, 0 },
    { "ReduceLogSum", CVY_REDUCE_SUM, false, 0, CVY_LOG },
    { "ReduceLogSumExp", CVY_REDUCE_MAX, false, 0, 0 },     // of log_sum_exp()
    { "ArgMax", CVY_REDUCE_ARGMAX, false, 0, 0 }, { "ArgMin", CVY_REDUCE_ARGMIN, false, 0, 0 },
};

static const struct reduction *reduction_of(const struct op *op)
{
    size_t i = 0;

    while (!op_is(op->node, reductions[i].name))
        i++;
    return &reductions[i];
}

static struct op_list reduced_sizes(const cvy_desc *src, const bool *axes, bool keep)
{
    struct op_list sizes = { 0 };

    for (int i = 0; i < src->rank; i++)
        if (!axes[i])
            sizes.at[sizes.count++] = src->size[i];
        else if (keep)
            sizes.at[sizes.count++] = 1;
    return sizes;
}

// One size at the least is left by the graph's node; ONNX may ask for a scalar.
static cvy_status add_reduce(const struct op *op, const cvy_reduce_params *params,
                             const cvy_desc *desc, cvy_value src, cvy_value *out)
{
    const struct op_list sizes = reduced_sizes(desc, params->axes, params->keep_dims);
    cvy_status st = CVY_OK;

    TRY(cvy_graph_reduce(op->graph, params, &(cvy_node) { .name = op->node->name, .src = src },
                         out));
    if (sizes.count == 0)
        st = op_reshape(op, *out, &sizes, out);
out:
    return st;
}

// What is left of no numbers: the start of a search for the largest or the smallest.
static bool is_empty_search(const cvy_reduce_params *params, const cvy_desc *src)
{
    bool empty = false;

    for (int i = 0; i < src->rank; i++)
        empty = empty || (params->axes[i] && src->size[i] == 0);
    return empty && src->dtype == CVY_F32
        && (params->kind == CVY_REDUCE_MAX || params->kind == CVY_REDUCE_MIN);
}

// The largest of each sum, less of which no exponential is beyond the dtype; finite, so that what
// is infinite stays so.
static cvy_status largest(const struct op *op, const cvy_reduce_params *params,
                          const cvy_desc *src, cvy_value *out)
{
    const double most = src->dtype == CVY_F64 ? DBL_MAX : (double)FLT_MAX;
    cvy_reduce_params max = *params;
    cvy_value limit;
    cvy_status st = CVY_OK;

    max.keep_dims = true;
    TRY(add_reduce(op, &max, src, op->in[0], out));
    TRY(op_number(op, src->dtype, -most, &limit));
    TRY(op_binary(op, CVY_MAX, *out, limit, out));
    TRY(op_number(op, src->dtype, most, &limit));
    st = op_binary(op, CVY_MIN, *out, limit, out);
out:
    return st;
}

static cvy_status log_sum_exp(const struct op *op, const cvy_reduce_params *params,
                              const cvy_desc *src)
{
    const struct op_list sizes = reduced_sizes(src, params->axes, params->keep_dims);
    cvy_reduce_params sum = *params;
    cvy_value value, top;
    cvy_status st = CVY_OK;

    sum.kind = CVY_REDUCE_SUM;
    sum.keep_dims = true;
    TRY(largest(op, params, src, &top));
    TRY(op_binary(op, CVY_SUB, op->in[0], top, &value));
    TRY(op_unary(op, CVY_EXP, value, &value));
    TRY(add_reduce(op, &sum, src, value, &value));
    TRY(op_unary(op, CVY_LOG, value, &value));
    TRY(op_binary(op, CVY_ADD, value, top, &value));
    st = op_reshape(op, value, &sizes, &op->out[0]);
out:
    return st;
}

static cvy_status reduce_nothing(const struct op *op, const cvy_reduce_params *params,
                                 const cvy_desc *src)
{
    const struct op_list sizes = reduced_sizes(src, params->axes, params->keep_dims);
    double number = params->kind == CVY_REDUCE_MAX ? -INFINITY : INFINITY;
    cvy_value value;
    cvy_status st = op_number(op, CVY_F32, number, &value);

    return st == CVY_OK ? op_expand_to(op, value, &sizes, &op->out[0]) : st;
}

EXPAND(expand_reduce)
{
    const struct reduction *reduction = reduction_of(op);
    cvy_reduce_params params = { .kind = reduction->kind };
    struct op_list axes;
    cvy_value value = op->in[0];
    cvy_desc src;
    bool given;
    cvy_status st = CVY_OK;

    params.keep_dims = onnx_int(op->node, "keepdims", 1) != 0;
    TRY(op_desc(op, op->in[0], &src));
    TRY(op_ints(op, 1, "axes", &axes, &given));
    op->out[0] = op->in[0];
    if (axes.count == 0 && onnx_int(op->node, "noop_with_empty_axes", 0))
        return CVY_OK;
    if (src.rank > 0)           // a scalar may be told any axes
        TRY(op_axes(&axes, src.rank, params.axes));
    for (int i = 0; axes.count == 0 && i < src.rank; i++)
        params.axes[i] = true;
    if (is_empty_search(&params, &src))
        return reduce_nothing(op, &params, &src);
    if (op_is(op->node, "ReduceLogSumExp") && src.rank > 0)
        return log_sum_exp(op, &params, &src);
    if (reduction->squares)
        TRY(op_binary(op, CVY_MUL, value, value, &value));
    if (reduction->before)
        TRY(op_unary(op, reduction->before, value, &value));
    if (src.rank > 0)
        TRY(add_reduce(op, &params, &src, value, &value));
    if (reduction->behind)
        TRY(op_unary(op, reduction->behind, value, &value));
    op->out[0] = value;
out:
    return st;
}

// Positions -------------------------------------------------------------------------------------

// The last among equals: the first of the reversed axis, counted from its end.
static cvy_status last_position(const struct op *op, const cvy_reduce_params *params,
                                const cvy_desc *src, int32_t axis)
{
    cvy_slice_params slice = { 0 };
    cvy_value value, last;
    cvy_status st = CVY_OK;

    if (src->size[axis] > EXACT_LIMIT)
        TRY(onnx_fail(CVY_ERR_UNSUPPORTED, "select_last_index on an axis beyond 2^24"));
    slice.start[axis] = -1;
    slice.step[axis] = -1;
    TRY(cvy_graph_slice(op->graph, &slice, &(cvy_node) { .name = op->node->name,
                        .src = op->in[0] }, &value));
    TRY(add_reduce(op, params, src, value, &value));
    TRY(op_cast(op, value, CVY_F32, &value));
    TRY(op_number(op, CVY_F32, (double)(src->size[axis] - 1), &last));
    TRY(op_binary(op, CVY_SUB, last, value, &value));
    st = op_cast(op, value, CVY_I64, &op->out[0]);
out:
    return st;
}

EXPAND(expand_arg)
{
    cvy_reduce_params params = { .kind = reduction_of(op)->kind };
    cvy_desc src;
    int32_t axis;
    cvy_status st = CVY_OK;

    params.keep_dims = onnx_int(op->node, "keepdims", 1) != 0;
    TRY(op_desc(op, op->in[0], &src));
    TRY(op_axis(onnx_int(op->node, "axis", 0), src.rank, &axis));
    params.axes[axis] = true;
    if (onnx_int(op->node, "select_last_index", 0))
        return last_position(op, &params, &src, axis);
    st = add_reduce(op, &params, &src, op->in[0], &op->out[0]);
out:
    return st;
}
