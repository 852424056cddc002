// Reductions, ArgMax and ArgMin.
#include "onnx/ops_math.h"

#include <math.h>

#define EXACT_LIMIT (INT64_C(1) << 24)      // integers that float32 holds

static const struct {
    const char *name;
    cvy_reduce_kind kind;
} kinds[] = {
    { "ReduceSum", CVY_REDUCE_SUM }, { "ReduceMean", CVY_REDUCE_MEAN },
    { "ReduceMax", CVY_REDUCE_MAX }, { "ReduceMin", CVY_REDUCE_MIN },
    { "ArgMax", CVY_REDUCE_ARGMAX }, { "ArgMin", CVY_REDUCE_ARGMIN },
};

static cvy_reduce_kind kind_of(const struct op *op)
{
    size_t i = 0;

    while (!op_is(op->node, kinds[i].name))
        i++;
    return kinds[i].kind;
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
    cvy_reduce_params params = { .kind = kind_of(op) };
    struct op_list axes;
    cvy_desc src;
    bool given;
    cvy_status st = CVY_OK;

    params.keep_dims = onnx_int(op->node, "keepdims", 1) != 0;
    TRY(op_desc(op, op->in[0], &src));
    TRY(op_ints(op, 1, "axes", &axes, &given));
    op->out[0] = op->in[0];
    if (src.rank == 0 || (axes.count == 0 && onnx_int(op->node, "noop_with_empty_axes", 0)))
        return CVY_OK;
    TRY(op_axes(&axes, src.rank, params.axes));
    for (int i = 0; axes.count == 0 && i < src.rank; i++)
        params.axes[i] = true;
    if (is_empty_search(&params, &src))
        return reduce_nothing(op, &params, &src);
    st = add_reduce(op, &params, &src, op->in[0], &op->out[0]);
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
    cvy_reduce_params params = { .kind = kind_of(op) };
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
