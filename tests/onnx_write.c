// Protobuf's wire format, as protobuf.dev/programming-guides/encoding has it.
#include "onnx_write.h"

#include <stdlib.h>
#include <string.h>

void bytes_add(struct bytes *out, const void *data, size_t count)
{
    if (out->count + count > out->cap) {
        out->cap = 2 * (out->count + count) + 64;
        out->data = realloc(out->data, out->cap);
    }
    if (count)
        memcpy(out->data + out->count, data, count);
    out->count += count;
}

void bytes_free(struct bytes *bytes)
{
    free(bytes->data);
    memset(bytes, 0, sizeof *bytes);
}

void put_varint(struct bytes *out, uint64_t value)
{
    do {
        unsigned char byte = (unsigned char)((value & 0x7f) | (value > 0x7f) << 7);

        bytes_add(out, &byte, 1);
        value >>= 7;
    } while (value);
}

void put_tag(struct bytes *out, uint32_t field, int wire_type)
{
    put_varint(out, (uint64_t)field << 3 | (uint64_t)wire_type);
}

void put_int(struct bytes *out, uint32_t field, int64_t value)
{
    put_tag(out, field, WIRE_VARINT);
    put_varint(out, (uint64_t)value);
}

void put_float(struct bytes *out, uint32_t field, float value)
{
    put_tag(out, field, WIRE_FIXED32);
    bytes_add(out, &value, 4);
}

void put_data(struct bytes *out, uint32_t field, const void *data, size_t count)
{
    put_tag(out, field, WIRE_LENGTH);
    put_varint(out, count);
    bytes_add(out, data, count);
}

void put_text(struct bytes *out, uint32_t field, const char *text)
{
    put_data(out, field, text, strlen(text));
}

void put(struct bytes *out, uint32_t field, struct bytes part)
{
    put_data(out, field, part.data, part.count);
    bytes_free(&part);
}

void put_packed(struct bytes *out, uint32_t field, const int64_t *values, size_t count)
{
    struct bytes part = { 0 };

    for (size_t i = 0; i < count; i++)
        put_varint(&part, (uint64_t)values[i]);
    put(out, field, part);
}

// A field for each name.
static void put_names(struct bytes *out, uint32_t field, const char *names)
{
    while (*names) {
        size_t length = strcspn(names, " ");

        put_data(out, field, names, length == 1 && *names == '-' ? 0 : length);
        names += length + (names[length] == ' ');
    }
}

struct bytes value_info(const char *name, int dtype, int rank, const int64_t *sizes)
{
    struct bytes shape = { 0 }, tensor = { 0 }, type = { 0 }, out = { 0 };

    for (int i = 0; i < rank; i++) {
        struct bytes size = { 0 };

        put_int(&size, 1, sizes[i]);
        put(&shape, 1, size);
    }
    put_int(&tensor, 1, dtype);
    put(&tensor, 2, shape);
    put(&type, 1, tensor);
    put_text(&out, 1, name);
    put(&out, 2, type);
    return out;
}

struct bytes tensor_head(const char *name, int dtype, int rank, const int64_t *sizes)
{
    struct bytes out = { 0 };

    for (int i = 0; i < rank; i++)
        put_int(&out, TENSOR_DIMS, sizes[i]);
    put_int(&out, TENSOR_DTYPE, dtype);
    if (*name)
        put_text(&out, TENSOR_NAME, name);
    return out;
}

struct bytes tensor_raw(const char *name, int dtype, int rank, const int64_t *sizes,
                        const void *data, size_t count)
{
    struct bytes out = tensor_head(name, dtype, rank, sizes);

    put_data(&out, TENSOR_RAW, data, count);
    return out;
}

struct bytes node(const char *op, const char *inputs, const char *outputs)
{
    struct bytes out = { 0 };

    put_names(&out, NODE_INPUT, inputs);
    put_names(&out, NODE_OUTPUT, outputs);
    put_text(&out, NODE_OP, op);
    return out;
}

static struct bytes attr_head(const char *name, int type)
{
    struct bytes out = { 0 };

    put_text(&out, ATTR_NAME, name);
    put_int(&out, ATTR_TYPE, type);
    return out;
}

struct bytes attr_int(const char *name, int64_t value)
{
    struct bytes out = attr_head(name, 2);

    put_int(&out, ATTR_I, value);
    return out;
}

struct bytes attr_float(const char *name, float value)
{
    struct bytes out = attr_head(name, 1);

    put_float(&out, ATTR_F, value);
    return out;
}

struct bytes attr_text(const char *name, const char *value)
{
    struct bytes out = attr_head(name, 3);

    put_text(&out, ATTR_S, value);
    return out;
}

struct bytes attr_ints(const char *name, const int64_t *values, size_t count)
{
    struct bytes out = attr_head(name, 7);

    for (size_t i = 0; i < count; i++)
        put_int(&out, ATTR_INTS, values[i]);
    return out;
}

struct bytes attr_tensor(const char *name, struct bytes tensor)
{
    struct bytes out = attr_head(name, 4);

    put(&out, ATTR_T, tensor);
    return out;
}

static void put_ports(struct bytes *graph, uint32_t field, const char *names)
{
    const int64_t size = 4;

    while (*names) {
        size_t length = strcspn(names, " ");
        char *name = strndup(names, length);

        put(graph, field, value_info(name, ONNX_F32, 1, &size));
        free(name);
        names += length + (names[length] == ' ');
    }
}

struct bytes graph_open(const char *inputs, const char *outputs)
{
    struct bytes graph = { 0 };

    put_ports(&graph, GRAPH_INPUT, inputs);
    put_ports(&graph, GRAPH_OUTPUT, outputs);
    return graph;
}

void graph_node(struct bytes *graph, const char *op, const char *inputs, const char *outputs)
{
    put(graph, GRAPH_NODE, node(op, inputs, outputs));
}

struct bytes model_of(struct bytes graph, int64_t opset)
{
    struct bytes model = { 0 }, import = { 0 };

    put_int(&import, 2, opset);
    put_int(&model, MODEL_IR, 8);
    put(&model, MODEL_OPSET, import);
    put(&model, MODEL_GRAPH, graph);
    return model;
}
