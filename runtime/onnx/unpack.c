// Limits, and unpacking with protobuf-c within a budget of memory.
#include "onnx/wire.h"

#include <stdalign.h>

enum { DEFAULT_NODES = 100000, DEFAULT_TENSORS = 100000 };
#define DEFAULT_BYTES (INT64_C(2) << 30)

// What a file may take unpacked: its bytes twice, an allowance for each node and tensor, which may
// be two bytes in the file, and a little for names and numbers, of which one byte becomes eight.
enum { ALLOWANCE = 1024, SMALL_CHANGE = 64 << 20 };

// In front of each block: what it took from the budget. As large as malloc's alignment.
union block {
    size_t bytes;
    max_align_t align;
};

cvy_status onnx_limits_get(const cvy_onnx_options *options, struct onnx_limits *out)
{
    static const cvy_onnx_options none;
    const cvy_onnx_options *given = options ? options : &none;

    if (given->max_nodes < 0 || given->max_tensors < 0 || given->max_bytes < 0)
        return onnx_fail(CVY_ERR_ARGUMENT, "options: max_nodes %lld, max_tensors %lld, "
                         "max_bytes %lld: none may be negative", (long long)given->max_nodes,
                         (long long)given->max_tensors, (long long)given->max_bytes);
    out->nodes = given->max_nodes ? given->max_nodes : DEFAULT_NODES;
    out->tensors = given->max_tensors ? given->max_tensors : DEFAULT_TENSORS;
    out->bytes = given->max_bytes ? given->max_bytes : DEFAULT_BYTES;
    return CVY_OK;
}

static void *budget_alloc(void *user, size_t bytes)
{
    struct onnx_unpacked *unpacked = user;
    union block *block;

    if (bytes > unpacked->left || unpacked->left - bytes < sizeof *block) {
        unpacked->no_budget = true;
        return NULL;
    }
    block = malloc(sizeof *block + bytes);
    if (!block) {
        unpacked->no_memory = true;
        return NULL;
    }
    block->bytes = sizeof *block + bytes;
    unpacked->left -= block->bytes;
    return block + 1;
}

static void budget_free(void *user, void *data)
{
    struct onnx_unpacked *unpacked = user;

    if (data) {
        union block *block = (union block *)data - 1;
        unpacked->left += block->bytes;
        free(block);
    }
}

// a + b * times, or SIZE_MAX.
static size_t add_times(size_t a, int64_t b, size_t times)
{
    size_t product, sum;

    return __builtin_mul_overflow(b, times, &product) || __builtin_add_overflow(a, product, &sum)
        ? SIZE_MAX : sum;
}

cvy_status onnx_unpack(const void *data, size_t bytes, enum onnx_root root,
                       const struct onnx_limits *limits, struct onnx_unpacked *out)
{
    const ProtobufCMessageDescriptor *descriptor = root == ONNX_ROOT_MODEL
        ? &cvy__model_proto__descriptor : &cvy__tensor_proto__descriptor;

    *out = (struct onnx_unpacked) { .allocator = { budget_alloc, budget_free, out } };
    out->left = add_times(SMALL_CHANGE, limits->nodes, ALLOWANCE);
    out->left = add_times(out->left, limits->tensors, ALLOWANCE);
    out->left = add_times(out->left, 2, bytes);
    out->message = protobuf_c_message_unpack(descriptor, &out->allocator, bytes, data);
    if (out->message)
        return CVY_OK;
    if (out->no_budget)
        return onnx_fail(CVY_ERR_MODEL_LIMIT, "a file of %zu bytes takes too much memory", bytes);
    if (out->no_memory)
        return onnx_fail(CVY_ERR_NOMEM_HOST, "no memory to unpack a file of %zu bytes", bytes);
    return onnx_fail(CVY_ERR_MODEL, "not an ONNX file, or a damaged one");
}

void onnx_unpacked_close(struct onnx_unpacked *unpacked)
{
    if (unpacked->message)
        protobuf_c_message_free_unpacked(unpacked->message, &unpacked->allocator);
    unpacked->message = NULL;
}
