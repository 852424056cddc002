// Convoy's ONNX loader, in a library of its own: link libconvoy-onnx and libconvoy.
#ifndef CONVOY_ONNX_H
#define CONVOY_ONNX_H

#include <convoy/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

// Limits of 0 are the defaults that stand behind them.
typedef struct cvy_onnx_options {
    bool external_data;         // read tensors from files in the model's folder, and only there
    int64_t max_nodes;          // 100,000
    int64_t max_tensors;        // inputs, outputs, initialisers: 100,000
    int64_t max_bytes;          // file and tensors: 2 GiB
} cvy_onnx_options;

// Reads a model into a graph, with the model's names. Opsets 1 to 21 of the default domain; sizes
// that the model leaves open are CVY_ANY_SIZE. Nothing in the file is trusted.
// Errors: ARGUMENT; IO (a file that cannot be read); MODEL (not an ONNX model, or a damaged one);
// MODEL_LIMIT; MODEL_OP with a text that lists all operators, dtypes and opsets that are not
// supported; NOMEM_HOST. *out is NULL then.
CVY_API cvy_status cvy_onnx_load(const char *path, const cvy_onnx_options *options,
                                 cvy_graph **out);
// From memory, which is not needed afterwards. External data is MODEL_OP.
CVY_API cvy_status cvy_onnx_load_memory(const void *data, size_t bytes,
                                        const cvy_onnx_options *options, cvy_graph **out);

// What a model has in it, whether or not it can be loaded: of cvy_onnx_inspect.
typedef struct cvy_onnx_operator {
    const char *name;           // "Conv"; of another domain: "com.example::Conv"
    size_t nodes, unsupported;  // how many there are, and how many of these Convoy does not have
} cvy_onnx_operator;
typedef struct cvy_onnx_gap {
    const char *text;           // an operator, dtype, attribute ... that is not supported
    size_t count;
} cvy_onnx_gap;
typedef struct cvy_onnx_info {
    cvy_status load_status;     // what cvy_onnx_load gives: OK, IO, MODEL, MODEL_LIMIT or MODEL_OP
    const char *load_text;      // and its error text, "" with OK
    int64_t ir_version, opset;  // opset of the default domain, 0 if none is given
    const char *producer;       // the program that wrote it, with its version; "" if not given
    size_t nodes;               // subgraphs not counted
    size_t operator_count;
    const cvy_onnx_operator *operators; // unsupported ones first, then the most frequent ones
    size_t gap_count;
    const cvy_onnx_gap *gaps;   // found until loading stopped at a fault; the first 256 kinds
    // Names are the model's. Inputs without those that have a default; outputs as the model says
    // that they are. dtype CVY_DTYPE_DEFAULT: no dense tensor of a dtype that Convoy has.
    size_t input_count, output_count;
    const cvy_port_info *inputs, *outputs;
    // Initialisers and the tensors of Constant nodes, their elements, and bytes of known dtypes.
    size_t parameters;
    int64_t parameter_elements, parameter_bytes;
} cvy_onnx_info;
// Reads a model as cvy_onnx_load does, and says what it found. *graph is the graph if it loads,
// else NULL; graph may be NULL. Errors: ARGUMENT; IO, MODEL, MODEL_LIMIT for a file that is no
// ONNX model as a whole; NOMEM_HOST. Both results are NULL then.
CVY_API cvy_status cvy_onnx_inspect(const char *path, const cvy_onnx_options *options,
                                    cvy_onnx_info **info, cvy_graph **graph);
CVY_API void cvy_onnx_info_destroy(cvy_onnx_info **info);

// A tensor on its own, as ONNX's test data has them (TensorProto). *data is dense, in the order of
// sizes, and goes with cvy_onnx_tensor_free. rank 0 is a scalar. Errors as above.
typedef struct cvy_onnx_tensor {
    char name[256];
    cvy_desc desc;
    void *data;
} cvy_onnx_tensor;
CVY_API cvy_status cvy_onnx_tensor_load(const char *path, cvy_onnx_tensor *out);
CVY_API void cvy_onnx_tensor_free(cvy_onnx_tensor *tensor);

// The operators that the loader knows, in alphabetical order: writes the first `cap` names to out
// (may be NULL when cap is 0) and their full number to count.
CVY_API cvy_status cvy_onnx_operators(const char **out, size_t cap, size_t *count);

#ifdef __cplusplus
}
#endif
#endif
