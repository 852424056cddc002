// Operators of two and more inputs, element by element.
#include "onnx/ops_math.h"

#include <string.h>

static const struct {
    const char *name;
    cvy_binary_kind kind;
} kinds[] = {
    { "Add", CVY_ADD }, { "Sub", CVY_SUB }, { "Mul", CVY_MUL }, { "Div", CVY_DIV },
    { "Max", CVY_MAX }, { "Min", CVY_MIN }, { "Sum", CVY_ADD }, { "Mean", CVY_ADD },
    { "Equal", CVY_EQUAL }, { "Less", CVY_LESS }, { "LessOrEqual", CVY_LESS_EQUAL },
    { "Greater", CVY_GREATER }, { "GreaterOrEqual", CVY_GREATER_EQUAL },
    { "And", CVY_MIN }, { "Or", CVY_MAX }, { "Xor", CVY_NOT_EQUAL },   // of 0 and 1
};

static cvy_binary_kind kind_of(const struct op *op)
{
    size_t i = 0;

    while (!op_is(op->node, kinds[i].name))
        i++;
    return kinds[i].kind;
}

// Before opset 7 the second input broadcasts only where an attribute says so; its axes are then
// those of the first from `axis` on, and not always the last ones.
static cvy_status second(const struct op *op, cvy_value *out)
{
    cvy_desc a, b;
    struct op_list sizes;
    int32_t axis;
    cvy_status st = CVY_OK;

    *out = op->in[1];
    if (op->node->opset >= 7 || !onnx_int(op->node, "broadcast", 0)
        || !onnx_attr(op->node, "axis"))
        return CVY_OK;
    TRY(op_desc(op, op->in[0], &a));
    TRY(op_desc(op, op->in[1], &b));
    if (a.rank == 0 || b.rank == 0)
        return CVY_OK;
    TRY(op_axis(onnx_int(op->node, "axis", 0), a.rank, &axis));
    if (axis + b.rank >= a.rank)
        return CVY_OK;
    sizes = op_sizes(&b);
    while (sizes.count < (size_t)(a.rank - axis))
        sizes.at[sizes.count++] = 1;
    st = op_reshape(op, op->in[1], &sizes, out);
out:
    return st;
}

EXPAND(expand_binary)
{
    cvy_value other;
    cvy_status st = second(op, &other);

    if (st == CVY_OK)
        st = op_binary(op, kind_of(op), op->in[0], other, &op->out[0]);
    return st;
}

// Comparisons and logic ---------------------------------------------------------------------------

// As float32: 0 and 1.
static cvy_status truth(const struct op *op, cvy_value src, cvy_value *out)
{
    cvy_desc desc;
    cvy_status st = op_desc(op, op->in[0], &desc);

    *out = src;
    if (st == CVY_OK && desc.dtype == CVY_BOOL)
        st = op_cast(op, src, CVY_F32, out);
    return st;
}

EXPAND(expand_compare)
{
    cvy_value first, other;
    cvy_status st = CVY_OK;

    TRY(second(op, &other));
    TRY(truth(op, op->in[0], &first));
    TRY(truth(op, other, &other));
    st = op_binary(op, kind_of(op), first, other, &op->out[0]);
out:
    return st;
}

EXPAND(expand_logic)
{
    cvy_value first, other;
    cvy_status st = CVY_OK;

    TRY(second(op, &other));
    TRY(op_cast(op, op->in[0], CVY_F32, &first));
    TRY(op_cast(op, other, CVY_F32, &other));
    TRY(op_binary(op, kind_of(op), first, other, &first));
    op->out[0] = first;
    if (!op_is(op->node, "Xor"))
        st = op_cast(op, first, CVY_BOOL, &op->out[0]);
out:
    return st;
}

EXPAND(expand_not)
{
    cvy_value value, zero;
    cvy_status st = CVY_OK;

    TRY(op_cast(op, op->in[0], CVY_F32, &value));
    TRY(op_number(op, CVY_F32, 0.0, &zero));
    st = op_binary(op, CVY_EQUAL, value, zero, &op->out[0]);
out:
    return st;
}

EXPAND(expand_where)
{
    return cvy_graph_where(op->graph, &(cvy_where_params) { 0 }, &(cvy_node) {
                           .name = op->node->name, .srcs = op->in, .src_count = 3 }, &op->out[0]);
}

// Pow ---------------------------------------------------------------------------------------------

static bool is_float(cvy_dtype dtype)
{
    return dtype == CVY_F32 || dtype == CVY_F64 || dtype == CVY_F16 || dtype == CVY_BF16;
}

// The result has the base's dtype. An integer to a power that is none is computed in the latter's.
EXPAND(expand_pow)
{
    cvy_value base = op->in[0], power;
    cvy_desc a, b;
    bool back;
    cvy_status st = CVY_OK;

    TRY(second(op, &power));
    TRY(op_desc(op, base, &a));
    TRY(op_desc(op, op->in[1], &b));
    back = !is_float(a.dtype) && is_float(b.dtype);
    if (back)
        TRY(op_cast(op, base, b.dtype, &base));
    else if (b.dtype != a.dtype)
        TRY(op_cast(op, power, a.dtype, &power));
    TRY(op_binary(op, CVY_POW, base, power, &op->out[0]));
    if (back)
        st = op_cast(op, op->out[0], a.dtype, &op->out[0]);
out:
    return st;
}

// Any number of inputs ----------------------------------------------------------------------------

static cvy_status mean_of(const struct op *op, cvy_value *value)
{
    cvy_value count;
    cvy_desc desc;
    cvy_status st = CVY_OK;

    TRY(op_desc(op, op->in[0], &desc));
    TRY(op_number(op, desc.dtype, (double)op->node->input_count, &count));
    st = op_binary(op, CVY_DIV, *value, count, value);
out:
    return st;
}

EXPAND(expand_variadic)
{
    cvy_value value = op->in[0];
    cvy_status st = CVY_OK;

    for (size_t i = 0; i < op->node->input_count; i++)
        if (!op_has(op, i))
            TRY(onnx_fail(CVY_ERR_MODEL, "input %zu is missing", i));
    for (size_t i = 1; i < op->node->input_count; i++)
        TRY(op_binary(op, kind_of(op), value, op->in[i], &value));
    if (op_is(op->node, "Mean") && op->node->input_count > 1)
        TRY(mean_of(op, &value));
    op->out[0] = value;
out:
    return st;
}
