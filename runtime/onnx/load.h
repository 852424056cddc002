// A model on its way to a graph: its values by name, its nodes, and their order.
#ifndef CVY_ONNX_LOAD_H
#define CVY_ONNX_LOAD_H

#include "onnx/node.h"

#define NO_NODE SIZE_MAX

// A tensor that has a name in the model.
struct onnx_value {
    const char *name;
    const Cvy__TensorProto *initializer;    // its contents, if it has any
    const Cvy__ValueInfoProto *input;       // if it is an input, which may have contents as well
    size_t node;                // that makes it, or NO_NODE
    bool used;
    bool constant;              // a node needs its contents when compiling
    bool output;
    cvy_value id;               // once it is in the graph
};

struct onnx_loader {
    const Cvy__ModelProto *model;
    const Cvy__GraphProto *proto;
    struct onnx_source source;
    struct onnx_gaps gaps;
    int64_t opset;              // of the default domain; 0: the model names none
    struct onnx_names names;
    struct onnx_value *values;  // by the number of the name
    size_t value_count;
    struct onnx_node **nodes;   // by the number in the file; NULL once the graph has it
    bool *unsupported;          // the same: which are among the gaps
    size_t *order;              // numbers of nodes: each after those whose outputs it reads
    cvy_graph *graph;
};

// Gives every name its value and marks what is used. MODEL: a name missing, given twice, or used
// and not given.
cvy_status onnx_values_open(struct onnx_loader *loader);
// NULL if the model has no such value.
struct onnx_value *onnx_value_find(const struct onnx_loader *loader, const char *name);
// Sorts the nodes, those that are in order as they are. MODEL: a cycle.
cvy_status onnx_order_find(struct onnx_loader *loader);

// What the model has in it, after loading gave `loaded`, whose text is the thread's error.
cvy_status onnx_info_create(const struct onnx_loader *loader, cvy_status loaded,
                            cvy_onnx_info **out);

#endif
