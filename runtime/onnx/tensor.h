// Tensors of a file, and the files that their contents may be in.
#ifndef CVY_ONNX_TENSOR_H
#define CVY_ONNX_TENSOR_H

#include "onnx/wire.h"

// Where tensors come from, and how much of them may still come.
struct onnx_source {
    int folder;                 // -1: no external data
    const char *no_folder;      // why, for the text
    int64_t bytes_left;         // of options.max_bytes
    struct onnx_gaps *gaps;
};

// A regular file as a whole, in memory that the caller frees. IO; MODEL_LIMIT beyond most bytes.
cvy_status onnx_file_read(const char *path, int64_t most, void **data, size_t *bytes);
// The folder that a file is in, to be closed with close().
cvy_status onnx_folder_open(const char *path, int *out);
// External data of a tensor: exactly `bytes` of them, in memory that the caller frees.
cvy_status onnx_external_read(const Cvy__TensorProto *proto, int folder, size_t bytes, void **out);

// The dtype of a number of TensorProto.DataType. CVY_DTYPE_DEFAULT: not supported, which is a gap.
// MODEL if there can be no such number.
cvy_status onnx_dtype(int64_t number, struct onnx_gaps *gaps, cvy_dtype *out);

// The same without a word: CVY_DTYPE_DEFAULT for every number that is no dtype of Convoy's.
cvy_dtype onnx_dtype_find(int64_t number);
// ONNX's name of a float that is not float32; NULL for every other dtype.
const char *onnx_other_float(cvy_dtype dtype);

// A tensor whose contents may lie inside the file's own memory.
struct onnx_view {
    struct onnx_tensor tensor;
    void *owned;                // NULL if they do
};
// tensor.desc.dtype 0 with OK: not supported, which is among the gaps now.
cvy_status onnx_tensor_view(const Cvy__TensorProto *proto, struct onnx_source *source,
                            struct onnx_view *out);
// The same in memory of its own: free(out->data).
cvy_status onnx_tensor_copy(const Cvy__TensorProto *proto, struct onnx_source *source,
                            struct onnx_tensor *out);
// Bytes of a dense tensor whose sizes were checked; 0 for one without elements.
size_t onnx_tensor_bytes(const cvy_desc *desc);

#endif
