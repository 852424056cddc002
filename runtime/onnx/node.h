// Nodes of a file: operator, attributes, counts of inputs and outputs, checked one by one.
#ifndef CVY_ONNX_NODE_H
#define CVY_ONNX_NODE_H

#include "onnx/tensor.h"

// What nodes are read with.
struct onnx_node_reader {
    struct onnx_source *source;
    int64_t opset;              // of the default domain
};

// Node number `index` of the file. *out is NULL with OK: not supported, which is among the gaps
// now. MODEL names the node.
cvy_status onnx_node_open(const Cvy__NodeProto *proto, size_t index,
                          const struct onnx_node_reader *reader, struct onnx_node **out);
void onnx_node_close(struct onnx_node *node);
// Puts the node before the text of the thread's error.
cvy_status onnx_node_fail(cvy_status status, const struct onnx_node *node);

// Inputs and outputs less those at the end that are left out.
size_t onnx_node_inputs(const Cvy__NodeProto *proto);
size_t onnx_node_outputs(const Cvy__NodeProto *proto);

// Reads and checks all attributes of proto into node, which onnx_node_close frees. *out false: one
// of them is a gap.
cvy_status onnx_attrs_read(const Cvy__NodeProto *proto, const struct onnx_node_reader *reader,
                           struct onnx_node *node, bool *out);
void onnx_attrs_free(struct onnx_node *node);

// A Constant's value, which stays the node's.
struct onnx_tensor onnx_constant_value(const struct onnx_node *node);
bool onnx_is_constant(const struct onnx_node *node);

#endif
