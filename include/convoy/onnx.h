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
