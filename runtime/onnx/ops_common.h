// What the translations of operators share: access to a node's inputs and attributes, and short
// forms for the graph nodes that they add.
#ifndef CVY_ONNX_OPS_COMMON_H
#define CVY_ONNX_OPS_COMMON_H

#include "onnx/onnx_model.h"

#ifndef TRY
#define TRY(call)               \
    do {                        \
        st = (call);            \
        if (st != CVY_OK)       \
            goto out;           \
    } while (0)
#endif

// One expansion: the arguments of onnx_expand_fn.
struct op {
    const struct onnx_node *node;
    cvy_graph *graph;
    const cvy_value *in;
    cvy_value *out;
};

// Defines an onnx_expand_fn whose body sees its arguments as `op`.
#define EXPAND(name)                                                                        \
    static cvy_status name##_op(const struct op *op);                                       \
    cvy_status name(const struct onnx_node *node, cvy_graph *graph, const cvy_value *in,    \
                    cvy_value *out)                                                         \
    {                                                                                       \
        return name##_op(&(const struct op) { node, graph, in, out });                      \
    }                                                                                       \
    static cvy_status name##_op(const struct op *op)

typedef cvy_status op_expand(const struct onnx_node *node, cvy_graph *graph, const cvy_value *in,
                             cvy_value *out);
typedef cvy_status op_check(const struct onnx_node *node);

// Sizes, axes, pads: as many as an operator can have.
#define OP_LIST_CAP (2 * CVY_MAX_RANK)
struct op_list {
    size_t count;
    int64_t at[OP_LIST_CAP];
};

// Reading -----------------------------------------------------------------------------------------

bool op_has(const struct op *op, size_t input);         // given, not left out
bool op_used(const struct op *op, size_t output);
bool op_is(const struct onnx_node *node, const char *name);     // the operator
cvy_status op_desc(const struct op *op, cvy_value value, cvy_desc *out);
bool op_is_constant(const struct op *op, cvy_value value);
struct op_list op_sizes(const cvy_desc *desc);
// Elements of sizes from..to-1; -1 beyond 63 bits.
int64_t op_product(const int64_t *sizes, int32_t from, int32_t to);
// Negative axes count from the last of `rank`. MODEL outside.
cvy_status op_axis(int64_t axis, int32_t rank, int32_t *out);
// Axes as flags; MODEL outside or twice.
cvy_status op_axes(const struct op_list *list, int32_t rank, bool *axes);

// The contents of a constant input, of rank 0 or 1. `what` names it in errors.
cvy_status op_input_ints(const struct op *op, size_t input, const char *what, struct op_list *out);
// At most cap numbers.
cvy_status op_input_floats(const struct op *op, size_t input, const char *what, size_t cap,
                           float *out, size_t *count);
cvy_status op_input_number(const struct op *op, size_t input, const char *what, double *out);
// An attribute, *there false and the list empty if the node does not have it.
cvy_status op_attr_ints(const struct op *op, const char *name, struct op_list *out, bool *there);
// From an input if it is given, else from an attribute of the same name.
cvy_status op_ints(const struct op *op, size_t input, const char *name, struct op_list *out,
                   bool *there);

// Of TensorProto's numbers; CVY_DTYPE_DEFAULT for those that Convoy does not have.
cvy_dtype op_dtype(int64_t number);

// Adding ------------------------------------------------------------------------------------------

cvy_status op_ints_constant(const struct op *op, const struct op_list *list, cvy_value *out);
// A scalar (rank 0).
cvy_status op_number(const struct op *op, cvy_dtype dtype, double number, cvy_value *out);
cvy_status op_reshape(const struct op *op, cvy_value src, const struct op_list *sizes,
                      cvy_value *out);
cvy_status op_expand_to(const struct op *op, cvy_value src, const struct op_list *sizes,
                        cvy_value *out);
cvy_status op_transpose(const struct op *op, cvy_value src, const int32_t *order, cvy_value *out);
// Elements [start, start + size) of one axis of an input of the node.
cvy_status op_slice_axis(const struct op *op, cvy_value src, int32_t axis, int64_t start,
                         int64_t size, cvy_value *out);
cvy_status op_unary(const struct op *op, cvy_unary_kind kind, cvy_value src, cvy_value *out);
cvy_status op_binary(const struct op *op, cvy_binary_kind kind, cvy_value src, cvy_value src2,
                     cvy_value *out);
cvy_status op_cast(const struct op *op, cvy_value src, cvy_dtype dtype, cvy_value *out);
cvy_status op_activation(const struct op *op, cvy_activation activation, cvy_value src,
                         cvy_value *out);

// Convoy reads 0 as the default of a parameter: the nearest number above it instead.
float op_not_zero(float number);

// At load -----------------------------------------------------------------------------------------

// MODEL unless the attribute is there; MODEL unless a text attribute is one of `choices`, which
// NULL ends; MODEL_OP if an integer attribute is not `value`.
cvy_status op_require(const struct onnx_node *node, const char *name);
cvy_status op_choose(const struct onnx_node *node, const char *name, const char *const *choices);
cvy_status op_only(const struct onnx_node *node, const char *name, int64_t standard,
                   int64_t value);

#endif
