// The expansions of onnx_ops_math, by the files that hold them.
#ifndef CVY_ONNX_OPS_MATH_H
#define CVY_ONNX_OPS_MATH_H

#include "onnx/ops_common.h"

// ops_binary.c
op_expand expand_binary, expand_pow, expand_variadic, expand_compare, expand_logic, expand_not;
op_expand expand_where;
// ops_math.c
op_expand expand_unary, expand_cast, expand_cast_like;
op_check check_cast;
// ops_reduce.c
op_expand expand_reduce, expand_arg;

#endif
