// Writes protobuf messages, well-formed or not, and ONNX models out of them.
#ifndef CONVOY_TESTS_ONNX_WRITE_H
#define CONVOY_TESTS_ONNX_WRITE_H

#include <convoy/core.h>

// Bytes of a message that grow. Zero it to start. Whoever is handed a `struct bytes` by value that
// is not const takes it over.
struct bytes {
    unsigned char *data;
    size_t count, cap;
};
void bytes_add(struct bytes *out, const void *data, size_t count);
void bytes_free(struct bytes *bytes);

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_LENGTH = 2, WIRE_GROUP = 3, WIRE_GROUP_END = 4,
       WIRE_FIXED32 = 5 };
void put_varint(struct bytes *out, uint64_t value);
void put_tag(struct bytes *out, uint32_t field, int wire_type);
void put_int(struct bytes *out, uint32_t field, int64_t value);
void put_float(struct bytes *out, uint32_t field, float value);
void put_data(struct bytes *out, uint32_t field, const void *data, size_t count);
void put_text(struct bytes *out, uint32_t field, const char *text);
// As data of their length. put takes part over.
void put(struct bytes *out, uint32_t field, struct bytes part);
// int64 values as one packed field.
void put_packed(struct bytes *out, uint32_t field, const int64_t *values, size_t count);

// ONNX's numbers of dtypes.
enum { ONNX_F32 = 1, ONNX_U8 = 2, ONNX_I8 = 3, ONNX_I32 = 6, ONNX_I64 = 7, ONNX_TEXT = 8,
       ONNX_BOOL = 9, ONNX_F16 = 10, ONNX_F64 = 11, ONNX_BF16 = 16 };
// Field numbers of the messages that tests write themselves.
enum { MODEL_IR = 1, MODEL_PRODUCER = 2, MODEL_PRODUCER_VERSION = 3, MODEL_GRAPH = 7,
       MODEL_OPSET = 8, MODEL_FUNCTIONS = 25,
       GRAPH_NODE = 1, GRAPH_INITIALIZER = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12,
       GRAPH_SPARSE = 15,
       NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_NAME = 3, NODE_OP = 4, NODE_ATTRIBUTE = 5,
       NODE_DOMAIN = 7,
       ATTR_NAME = 1, ATTR_F = 2, ATTR_I = 3, ATTR_S = 4, ATTR_T = 5, ATTR_G = 6,
       ATTR_FLOATS = 7, ATTR_INTS = 8, ATTR_STRINGS = 9, ATTR_TYPE = 20, ATTR_REF = 21,
       TENSOR_DIMS = 1, TENSOR_DTYPE = 2, TENSOR_SEGMENT = 3, TENSOR_FLOATS = 4,
       TENSOR_INT32S = 5, TENSOR_TEXTS = 6, TENSOR_INT64S = 7, TENSOR_NAME = 8, TENSOR_RAW = 9,
       TENSOR_DOUBLES = 10, TENSOR_EXTERNAL = 13, TENSOR_LOCATION = 14 };

// Messages. Names in one text are apart by spaces; "-" is a name left out.
struct bytes value_info(const char *name, int dtype, int rank, const int64_t *sizes);
// name "" leaves it out. No contents.
struct bytes tensor_head(const char *name, int dtype, int rank, const int64_t *sizes);
struct bytes tensor_raw(const char *name, int dtype, int rank, const int64_t *sizes,
                        const void *data, size_t count);
struct bytes node(const char *op, const char *inputs, const char *outputs);
struct bytes attr_int(const char *name, int64_t value);
struct bytes attr_float(const char *name, float value);
struct bytes attr_text(const char *name, const char *value);
struct bytes attr_ints(const char *name, const int64_t *values, size_t count);
struct bytes attr_tensor(const char *name, struct bytes tensor);

// A graph of float inputs and outputs of one axis of size 4.
struct bytes graph_open(const char *inputs, const char *outputs);
void graph_node(struct bytes *graph, const char *op, const char *inputs, const char *outputs);
// IR version 8.
struct bytes model_of(struct bytes graph, int64_t opset);

// A small model that loads and has one of everything that can be loaded (onnx_models.c), and one of
// everything that cannot.
struct bytes model_plain(void);
struct bytes model_odd(void);

#endif
