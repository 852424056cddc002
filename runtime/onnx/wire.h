// The bytes of an ONNX file before and while they are unpacked. Nothing is unpacked that the walk
// has not passed.
#ifndef CVY_ONNX_WIRE_H
#define CVY_ONNX_WIRE_H

#include "onnx/base.h"
#include "onnx/onnx.pb-c.h"

struct onnx_limits {
    int64_t nodes, tensors;     // in all graphs together
    int64_t bytes;              // of the file, and of all tensors together
};
// Fills defaults. ARGUMENT if a limit is negative.
cvy_status onnx_limits_get(const cvy_onnx_options *options, struct onnx_limits *out);

enum onnx_root { ONNX_ROOT_MODEL, ONNX_ROOT_TENSOR };

// Follows every message that the standard nests, in one pass: varints, lengths, wire types,
// singular fields given twice, NULs in names (MODEL); nesting and counts (MODEL_LIMIT).
cvy_status onnx_wire_check(const void *data, size_t bytes, enum onnx_root root,
                           const struct onnx_limits *limits);

// A message that was checked, unpacked within a budget of memory. Close it whether or not opening
// succeeded.
struct onnx_unpacked {
    union {
        Cvy__ModelProto *model;
        Cvy__TensorProto *tensor;
        ProtobufCMessage *message;
    };
    ProtobufCAllocator allocator;
    size_t left;                // bytes of the budget
    bool no_budget, no_memory;
};
cvy_status onnx_unpack(const void *data, size_t bytes, enum onnx_root root,
                       const struct onnx_limits *limits, struct onnx_unpacked *out);
void onnx_unpacked_close(struct onnx_unpacked *unpacked);

#endif
