// The loader's own model of an ONNX file: nodes with their attributes, and the table of operators.
// It stands on Convoy's public headers alone.
#ifndef CVY_ONNX_MODEL_H
#define CVY_ONNX_MODEL_H

#include <convoy/onnx.h>

// A tensor in host memory: dense, row-major. rank 0 is a scalar.
struct onnx_tensor {
    cvy_desc desc;
    void *data;
};

enum onnx_attr_type {       // numbers of AttributeProto.AttributeType
    ONNX_FLOAT = 1, ONNX_INT = 2, ONNX_STRING = 3, ONNX_TENSOR = 4, ONNX_GRAPH = 5,
    ONNX_FLOATS = 6, ONNX_INTS = 7, ONNX_STRINGS = 8
};

struct onnx_attr {
    char *name;
    enum onnx_attr_type type;
    int64_t i;
    float f;
    char *s;                // NUL at the end, checked to have no other
    struct onnx_tensor t;
    size_t count;           // of ints or floats
    int64_t *ints;
    float *floats;
};

struct onnx_op;
// Lives as long as the graph: it is the `user` of the deferred node.
struct onnx_node {
    const struct onnx_op *op;
    char *name;             // the model's, or the operator and a number
    int64_t opset;
    struct onnx_attr *attrs;
    size_t attr_count;
    size_t input_count, output_count;
    bool *output_used;      // whether an output has a name; one that has none is not read
};

// Adds the nodes of graph that stand for `node`. in[i] is 0 for an input that is left out. out[i]
// must be set for every output that is used. Shapes of inputs are known: cvy_graph_value_info_get.
typedef cvy_status (*onnx_expand_fn)(const struct onnx_node *node, cvy_graph *graph,
                                     const cvy_value *in, cvy_value *out);

struct onnx_op {
    const char *name;
    int since;              // first opset of this row; a name may have several rows, newest first
    int inputs_least, inputs_most, outputs_most;    // inputs_most -1: any number
    uint32_t constant_inputs;   // bit i: the contents of input i must be known when compiling
    onnx_expand_fn expand;
    // At load: attributes that Convoy does not have (MODEL_OP), or that are wrong (MODEL). May be
    // NULL. The text is what follows the node's name.
    cvy_status (*check)(const struct onnx_node *node);
    bool single;            // computes in float32: an input of another float is a gap
};

// One table for each file of operators.
extern const struct onnx_op onnx_ops_layers[], onnx_ops_math[], onnx_ops_shape[];
extern const size_t onnx_ops_layers_count, onnx_ops_math_count, onnx_ops_shape_count;
const struct onnx_op *onnx_op_find(const char *name, int64_t opset);

// Attributes by name, or what stands for them when they are not there. One of another type than
// asked for was refused when loading.
const struct onnx_attr *onnx_attr(const struct onnx_node *node, const char *name);  // or NULL
int64_t onnx_int(const struct onnx_node *node, const char *name, int64_t standard);
float onnx_float(const struct onnx_node *node, const char *name, float standard);
const char *onnx_string(const struct onnx_node *node, const char *name, const char *standard);
// NULL, with *count 0, if it is not there.
const int64_t *onnx_ints(const struct onnx_node *node, const char *name, size_t *count);
const float *onnx_floats(const struct onnx_node *node, const char *name, size_t *count);

// Sets the thread's error text and gives the status back.
cvy_status onnx_fail(cvy_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
