// The table of mathematics, with operators of one input and Cast.
#include "onnx/ops_math.h"

#include <string.h>

static const struct {
    const char *name;
    cvy_unary_kind kind;
} kinds[] = {
    { "Abs", CVY_ABS }, { "Neg", CVY_NEG }, { "Exp", CVY_EXP }, { "Log", CVY_LOG },
    { "Sqrt", CVY_SQRT }, { "Reciprocal", CVY_RECIPROCAL }, { "Erf", CVY_ERF },
    { "Floor", CVY_FLOOR }, { "Ceil", CVY_CEIL }, { "Round", CVY_ROUND },
};

EXPAND(expand_unary)
{
    size_t i = 0;

    while (!op_is(op->node, kinds[i].name))
        i++;
    return op_unary(op, kinds[i].kind, op->in[0], &op->out[0]);
}

// Cast --------------------------------------------------------------------------------------------

// A number of TensorProto.DataType, or before opset 6 its name.
static cvy_dtype cast_dtype(const struct onnx_node *node)
{
    static const struct {
        const char *name;
        cvy_dtype dtype;
    } names[] = {
        { "FLOAT", CVY_F32 }, { "FLOAT16", CVY_F16 }, { "DOUBLE", CVY_F64 }, { "INT8", CVY_I8 },
        { "UINT8", CVY_U8 }, { "INT32", CVY_I32 }, { "INT64", CVY_I64 }, { "BOOL", CVY_BOOL },
    };

    if (node->opset >= 6)
        return op_dtype(onnx_int(node, "to", 0));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(onnx_string(node, "to", ""), names[i].name) == 0)
            return names[i].dtype;
    return CVY_DTYPE_DEFAULT;
}

cvy_status check_cast(const struct onnx_node *node)
{
    cvy_status st = op_require(node, "to");

    if (st != CVY_OK || cast_dtype(node) != CVY_DTYPE_DEFAULT)
        return st;
    if (node->opset < 6)
        return onnx_fail(CVY_ERR_MODEL_OP, "attribute to names a dtype that is not supported");
    return onnx_fail(CVY_ERR_MODEL_OP, "attribute to is %lld, a dtype that is not supported",
                     (long long)onnx_int(node, "to", 0));
}

EXPAND(expand_cast)
{
    return op_cast(op, op->in[0], cast_dtype(op->node), &op->out[0]);
}

EXPAND(expand_cast_like)
{
    cvy_desc like;
    cvy_status st = op_desc(op, op->in[1], &like);

    if (st == CVY_OK)
        st = op_cast(op, op->in[0], like.dtype, &op->out[0]);
    return st;
}

// Table -------------------------------------------------------------------------------------------

const struct onnx_op onnx_ops_math[] = {
    { "Abs", 1, 1, 1, 1, 0, expand_unary, NULL },
    { "Neg", 1, 1, 1, 1, 0, expand_unary, NULL },
    { "Exp", 1, 1, 1, 1, 0, expand_unary, NULL },
    { "Log", 1, 1, 1, 1, 0, expand_unary, NULL },
    { "Sqrt", 1, 1, 1, 1, 0, expand_unary, NULL },
    { "Reciprocal", 1, 1, 1, 1, 0, expand_unary, NULL },
    { "Erf", 9, 1, 1, 1, 0, expand_unary, NULL },
    { "Floor", 1, 1, 1, 1, 0, expand_unary, NULL },
    { "Ceil", 1, 1, 1, 1, 0, expand_unary, NULL },
    { "Round", 11, 1, 1, 1, 0, expand_unary, NULL },

    { "Add", 1, 2, 2, 1, 0, expand_binary, NULL },
    { "Sub", 1, 2, 2, 1, 0, expand_binary, NULL },
    { "Mul", 1, 2, 2, 1, 0, expand_binary, NULL },
    { "Div", 1, 2, 2, 1, 0, expand_binary, NULL },
    { "Pow", 1, 2, 2, 1, 0, expand_pow, NULL },
    { "Max", 1, 1, -1, 1, 0, expand_variadic, NULL },
    { "Min", 1, 1, -1, 1, 0, expand_variadic, NULL },
    { "Sum", 1, 1, -1, 1, 0, expand_variadic, NULL },
    { "Mean", 1, 1, -1, 1, 0, expand_variadic, NULL },

    { "Equal", 1, 2, 2, 1, 0, expand_compare, NULL },
    { "Less", 1, 2, 2, 1, 0, expand_compare, NULL },
    { "Greater", 1, 2, 2, 1, 0, expand_compare, NULL },
    { "LessOrEqual", 12, 2, 2, 1, 0, expand_compare, NULL },
    { "GreaterOrEqual", 12, 2, 2, 1, 0, expand_compare, NULL },
    { "And", 1, 2, 2, 1, 0, expand_logic, NULL },
    { "Or", 1, 2, 2, 1, 0, expand_logic, NULL },
    { "Xor", 1, 2, 2, 1, 0, expand_logic, NULL },
    { "Not", 1, 1, 1, 1, 0, expand_not, NULL },
    { "Where", 9, 3, 3, 1, 0, expand_where, NULL },
    { "Cast", 1, 1, 1, 1, 0, expand_cast, check_cast },
    { "CastLike", 15, 2, 2, 1, 0, expand_cast_like, NULL },

    { "ReduceSum", 13, 1, 2, 1, 1 << 1, expand_reduce, NULL },
    { "ReduceSum", 1, 1, 1, 1, 0, expand_reduce, NULL },
    { "ReduceMean", 18, 1, 2, 1, 1 << 1, expand_reduce, NULL },
    { "ReduceMean", 1, 1, 1, 1, 0, expand_reduce, NULL },
    { "ReduceMax", 18, 1, 2, 1, 1 << 1, expand_reduce, NULL },
    { "ReduceMax", 1, 1, 1, 1, 0, expand_reduce, NULL },
    { "ReduceMin", 18, 1, 2, 1, 1 << 1, expand_reduce, NULL },
    { "ReduceMin", 1, 1, 1, 1, 0, expand_reduce, NULL },
    { "ReduceL1", 18, 1, 2, 1, 1 << 1, expand_reduce, NULL },
    { "ReduceL1", 1, 1, 1, 1, 0, expand_reduce, NULL },
    { "ReduceL2", 18, 1, 2, 1, 1 << 1, expand_reduce, NULL },
    { "ReduceL2", 1, 1, 1, 1, 0, expand_reduce, NULL },
    { "ReduceSumSquare", 18, 1, 2, 1, 1 << 1, expand_reduce, NULL },
    { "ReduceSumSquare", 1, 1, 1, 1, 0, expand_reduce, NULL },
    { "ReduceLogSum", 18, 1, 2, 1, 1 << 1, expand_reduce, NULL },
    { "ReduceLogSum", 1, 1, 1, 1, 0, expand_reduce, NULL },
    { "ReduceLogSumExp", 18, 1, 2, 1, 1 << 1, expand_reduce, NULL },
    { "ReduceLogSumExp", 1, 1, 1, 1, 0, expand_reduce, NULL },
    { "ArgMax", 1, 1, 1, 1, 0, expand_arg, NULL },
    { "ArgMin", 1, 1, 1, 1, 0, expand_arg, NULL },
};
const size_t onnx_ops_math_count = sizeof onnx_ops_math / sizeof *onnx_ops_math;
