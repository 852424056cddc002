// The walk over the bytes of a file before they are unpacked (protobuf.dev/programming-guides/
// encoding). It is a loop with a stack of its own: protobuf-c recurses, and 20,000 graphs in one
// another overflow its stack.
#include "onnx/wire.h"

// The depth at which Google's readers stop as well.
enum { DEPTH = 100 };
// In one message. More sizes than this are not even looked at.
enum { ATTRIBUTES = 64, ENTRIES = 16, SIZES = 64, MOST_FIELDS = 20 };

enum wire_type { VARINT = 0, FIXED64 = 1, LENGTH = 2, FIXED32 = 5 };

enum kind {
    NUMBER, FLOAT32, FLOAT64,   // repeated ones may be packed
    BYTES, NAME, MESSAGE
};

enum message {
    MODEL, OPSET, GRAPH, NODE, ATTRIBUTE, TENSOR, ENTRY, VALUE, TYPE, TENSOR_TYPE, SHAPE, DIMENSION,
    SEQUENCE, MAP, NO_MESSAGE
};

// What is counted over the whole file.
enum total { NO_TOTAL, NODES, TENSORS, TOTALS };

enum { ANY = 0, ONCE = 1 };     // `most` of a field; more than ONCE is MODEL_LIMIT

struct field {
    uint32_t number;
    enum kind kind;
    enum message message;
    uint32_t most;              // in one message
    enum total total;
};

struct message_info {
    const char *name;
    struct field fields[MOST_FIELDS];   // number 0 ends them
};

#define MANY(number, message) { number, MESSAGE, message, ANY, NO_TOTAL }
#define ONE(number, message) { number, MESSAGE, message, ONCE, NO_TOTAL }
#define PLAIN(number, kind, most) { number, kind, NO_MESSAGE, most, NO_TOTAL }

static const struct message_info messages[] = {
    [MODEL] = { "ModelProto", { PLAIN(1, NUMBER, ONCE), PLAIN(2, NAME, ONCE),
                                PLAIN(3, NAME, ONCE), ONE(7, GRAPH), MANY(8, OPSET),
                                PLAIN(25, BYTES, ANY) } },
    [OPSET] = { "OperatorSetIdProto", { PLAIN(1, NAME, ONCE), PLAIN(2, NUMBER, ONCE) } },
    [GRAPH] = { "GraphProto", { { 1, MESSAGE, NODE, ANY, NODES },
                                { 5, MESSAGE, TENSOR, ANY, TENSORS },
                                { 11, MESSAGE, VALUE, ANY, TENSORS },
                                { 12, MESSAGE, VALUE, ANY, TENSORS }, PLAIN(15, BYTES, ANY) } },
    [NODE] = { "NodeProto", { PLAIN(1, NAME, ANY), PLAIN(2, NAME, ANY), PLAIN(3, NAME, ONCE),
                              PLAIN(4, NAME, ONCE),
                              { 5, MESSAGE, ATTRIBUTE, ATTRIBUTES, NO_TOTAL },
                              PLAIN(7, NAME, ONCE) } },
    [ATTRIBUTE] = { "AttributeProto",
                    { PLAIN(1, NAME, ONCE), PLAIN(2, FLOAT32, ONCE), PLAIN(3, NUMBER, ONCE),
                      PLAIN(4, BYTES, ONCE), { 5, MESSAGE, TENSOR, ONCE, TENSORS }, ONE(6, GRAPH),
                      PLAIN(7, FLOAT32, ANY), PLAIN(8, NUMBER, ANY), PLAIN(9, BYTES, ANY),
                      { 10, MESSAGE, TENSOR, ANY, TENSORS }, MANY(11, GRAPH), ONE(14, TYPE),
                      MANY(15, TYPE), PLAIN(20, NUMBER, ONCE), PLAIN(21, NAME, ONCE),
                      PLAIN(22, BYTES, ONCE), PLAIN(23, BYTES, ANY) } },
    [TENSOR] = { "TensorProto",
                 { PLAIN(1, NUMBER, SIZES), PLAIN(2, NUMBER, ONCE), PLAIN(3, BYTES, ONCE),
                   PLAIN(4, FLOAT32, ANY), PLAIN(5, NUMBER, ANY), PLAIN(6, BYTES, ANY),
                   PLAIN(7, NUMBER, ANY), PLAIN(8, NAME, ONCE), PLAIN(9, BYTES, ONCE),
                   PLAIN(10, FLOAT64, ANY), PLAIN(11, NUMBER, ANY),
                   { 13, MESSAGE, ENTRY, ENTRIES, NO_TOTAL },
                   PLAIN(14, NUMBER, ONCE) } },
    [ENTRY] = { "StringStringEntryProto", { PLAIN(1, NAME, ONCE), PLAIN(2, NAME, ONCE) } },
    [VALUE] = { "ValueInfoProto", { PLAIN(1, NAME, ONCE), ONE(2, TYPE) } },
    [TYPE] = { "TypeProto", { ONE(1, TENSOR_TYPE), ONE(4, SEQUENCE), ONE(5, MAP),
                              PLAIN(7, BYTES, ONCE), ONE(8, TENSOR_TYPE), ONE(9, SEQUENCE) } },
    [TENSOR_TYPE] = { "TypeProto.Tensor", { PLAIN(1, NUMBER, ONCE), ONE(2, SHAPE) } },
    [SHAPE] = { "TensorShapeProto", { { 1, MESSAGE, DIMENSION, SIZES, NO_TOTAL } } },
    [DIMENSION] = { "TensorShapeProto.Dimension",
                    { PLAIN(1, NUMBER, ONCE), PLAIN(2, NAME, ONCE) } },
    [SEQUENCE] = { "TypeProto.Sequence", { ONE(1, TYPE) } },
    [MAP] = { "TypeProto.Map", { PLAIN(1, NUMBER, ONCE), ONE(2, TYPE) } },
};

// A message that the walk is inside of.
struct frame {
    const struct message_info *info;
    const unsigned char *end;
    uint32_t counts[MOST_FIELDS];   // of each field so far
};

struct walk {
    const unsigned char *start, *at;
    struct frame frames[DEPTH];
    struct frame *top;
    int64_t totals[TOTALS];
    int64_t most[TOTALS];
};

// Reading -----------------------------------------------------------------------------------------

static cvy_status damaged(const struct walk *w, const char *what)
{
    return onnx_fail(CVY_ERR_MODEL, "not an ONNX file, or a damaged one: byte %zu, in %s: %s",
                     (size_t)(w->at - w->start), w->top->info->name, what);
}

// Least significant seven bits first, at most `longest` bytes; the tenth has but one bit.
static cvy_status read_varint(struct walk *w, const unsigned char *end, int longest, uint64_t *out)
{
    const unsigned char *at = w->at;
    uint64_t value = 0;

    *out = 0;
    for (int i = 0; i < longest; i++) {
        if (at == end)
            return damaged(w, "a number that does not end");
        if (i == 9 && *at > 1)
            return damaged(w, "a number of more than 64 bits");
        value |= (uint64_t)(*at & 0x7f) << 7 * i;
        if (*at++ < 0x80) {
            w->at = at;
            *out = value;
            return CVY_OK;
        }
    }
    return damaged(w, "a number of too many bytes");
}

static cvy_status skip(struct walk *w, uint64_t bytes)
{
    if (bytes > (uint64_t)(w->top->end - w->at))
        return damaged(w, "a length past the end");
    w->at += bytes;
    return CVY_OK;
}

// Counting ----------------------------------------------------------------------------------------

static cvy_status count_field(struct walk *w, const struct field *field, uint64_t more)
{
    uint32_t *count = &w->top->counts[field - w->top->info->fields];
    uint64_t sum = *count + more;

    if (field->most == ONCE && sum > 1)
        return damaged(w, "a field is given twice");
    if (field->most && sum > field->most)
        return onnx_fail(CVY_ERR_MODEL_LIMIT, "byte %zu: more than %u of field %u in one %s",
                         (size_t)(w->at - w->start), field->most, field->number,
                         w->top->info->name);
    *count = field->most ? (uint32_t)sum : 0;
    if (field->total && ++w->totals[field->total] > w->most[field->total])
        return onnx_fail(CVY_ERR_MODEL_LIMIT, "more than %lld %s",
                         (long long)w->most[field->total],
                         field->total == NODES ? "nodes" : "inputs, outputs and tensors");
    return CVY_OK;
}

// Fields ------------------------------------------------------------------------------------------

static cvy_status walk_packed(struct walk *w, const struct field *field, uint64_t length)
{
    size_t size = field->kind == FLOAT32 ? 4 : 8;
    const unsigned char *end = w->at + length;
    uint64_t count = 0, value;

    if (field->kind != NUMBER) {
        if (length % size)
            return damaged(w, "packed numbers that do not fill their length");
        w->at = end;
        return count_field(w, field, length / size);
    }
    while (w->at < end) {
        cvy_status st = read_varint(w, end, 10, &value);
        if (st != CVY_OK)
            return st;
        count++;
    }
    return count_field(w, field, count);
}

static cvy_status enter(struct walk *w, const struct field *field, uint64_t length)
{
    if (w->top == &w->frames[DEPTH - 1])
        return onnx_fail(CVY_ERR_MODEL_LIMIT, "messages nested more than %d deep", DEPTH);
    w->top++;
    memset(w->top->counts, 0, sizeof w->top->counts);
    w->top->info = &messages[field->message];
    w->top->end = w->at + length;
    return CVY_OK;
}

static cvy_status walk_length(struct walk *w, const struct field *field)
{
    uint64_t length;
    // protobuf-c reads five bytes, and takes no more than 31 bits of them.
    cvy_status st = read_varint(w, w->top->end, 5, &length);

    if (st != CVY_OK)
        return st;
    if (length > (uint64_t)(w->top->end - w->at) || length > INT32_MAX)
        return damaged(w, "a length past the end");
    if (!field)
        return skip(w, length);
    if (field->kind < BYTES) {
        if (field->most == ONCE)
            return damaged(w, "a field has the wrong wire type");
        return walk_packed(w, field, length);
    }
    st = count_field(w, field, 1);
    if (st != CVY_OK)
        return st;
    if (field->kind == MESSAGE)
        return enter(w, field, length);
    if (field->kind == NAME && memchr(w->at, '\0', (size_t)length))
        return damaged(w, "a NUL in a name");
    return skip(w, length);
}

static cvy_status walk_number(struct walk *w, const struct field *field, enum wire_type type)
{
    static const enum wire_type own[] = { [NUMBER] = VARINT, [FLOAT32] = FIXED32,
                                          [FLOAT64] = FIXED64 };
    uint64_t value;
    cvy_status st;

    if (field && (field->kind >= BYTES || own[field->kind] != type))
        return damaged(w, "a field has the wrong wire type");
    st = field ? count_field(w, field, 1) : CVY_OK;
    if (st != CVY_OK)
        return st;
    if (type == VARINT)
        return read_varint(w, w->top->end, 10, &value);
    return skip(w, type == FIXED32 ? 4 : 8);
}

static cvy_status walk_field(struct walk *w)
{
    const struct field *field = w->top->info->fields, *end = field + MOST_FIELDS;
    uint64_t tag;
    cvy_status st = read_varint(w, w->top->end, 5, &tag);

    if (st != CVY_OK)
        return st;
    if (tag >> 3 == 0 || tag > UINT32_MAX)
        return damaged(w, "a field has no number");
    while (field < end && field->number && field->number != tag >> 3)
        field++;
    if (field == end || !field->number)
        field = NULL;           // not Convoy's business
    switch (tag & 7) {
    case VARINT:
    case FIXED32:
    case FIXED64:
        return walk_number(w, field, (enum wire_type)(tag & 7));
    case LENGTH:
        return walk_length(w, field);
    default:
        return damaged(w, "groups and unknown wire types");
    }
}

cvy_status onnx_wire_check(const void *data, size_t bytes, enum onnx_root root,
                           const struct onnx_limits *limits)
{
    struct walk *w;
    cvy_status st = onnx_zalloc(1, sizeof *w, &w);

    if (st != CVY_OK)
        return st;
    w->start = w->at = data;
    w->top = w->frames;
    w->top->info = &messages[root == ONNX_ROOT_MODEL ? MODEL : TENSOR];
    w->top->end = w->start + bytes;
    w->most[NODES] = limits->nodes;
    w->most[TENSORS] = limits->tensors;
    while (st == CVY_OK && (w->at < w->top->end || w->top > w->frames)) {
        if (w->at == w->top->end)
            w->top--;
        else
            st = walk_field(w);
    }
    free(w);
    return st;
}
