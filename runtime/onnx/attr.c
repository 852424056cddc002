// Attributes: read and checked when loading, looked up by name when a node is expanded.
#include "onnx/node.h"

// Types of the standard that Convoy has no use for.
enum { TENSORS = 9, GRAPHS = 10, SPARSE_TENSOR = 11, SPARSE_TENSORS = 12, TYPE_PROTO = 13,
       TYPE_PROTOS = 14, TYPES };
static const char *const type_names[TYPES] = {
    "UNDEFINED", "FLOAT", "INT", "STRING", "TENSOR", "GRAPH", "FLOATS", "INTS", "STRINGS",
    "TENSORS", "GRAPHS", "SPARSE_TENSOR", "SPARSE_TENSORS", "TYPE_PROTO", "TYPE_PROTOS",
};

// What type an attribute has, which is the same for all operators but those that are named before.
static const struct rule {
    const char *name;
    int type;
    const char *op;             // NULL: any
    int until;                  // last opset; 0: all
} rules[] = {
    { "p", ONNX_FLOAT, "GlobalLpPool", 1 }, { "p", ONNX_FLOAT, "LpPool", 1 },
    { "to", ONNX_STRING, "Cast", 5 }, { "value", ONNX_FLOAT, "Pad", 0 },

    { "allowzero", ONNX_INT, NULL, 0 }, { "alpha", ONNX_FLOAT, NULL, 0 },
    { "antialias", ONNX_INT, NULL, 0 }, { "approximate", ONNX_STRING, NULL, 0 },
    { "auto_pad", ONNX_STRING, NULL, 0 }, { "axes", ONNX_INTS, NULL, 0 },
    { "axis", ONNX_INT, NULL, 0 }, { "beta", ONNX_FLOAT, NULL, 0 },
    { "bias", ONNX_FLOAT, NULL, 0 }, { "blocksize", ONNX_INT, NULL, 0 },
    { "broadcast", ONNX_INT, NULL, 0 }, { "ceil_mode", ONNX_INT, NULL, 0 },
    { "consumed_inputs", ONNX_INTS, NULL, 0 },
    { "coordinate_transformation_mode", ONNX_STRING, NULL, 0 },
    { "count_include_pad", ONNX_INT, NULL, 0 }, { "cubic_coeff_a", ONNX_FLOAT, NULL, 0 },
    { "dilations", ONNX_INTS, NULL, 0 }, { "dtype", ONNX_INT, NULL, 0 },
    { "end", ONNX_INT, NULL, 0 }, { "ends", ONNX_INTS, NULL, 0 },
    { "epsilon", ONNX_FLOAT, NULL, 0 }, { "exclude_outside", ONNX_INT, NULL, 0 },
    { "extrapolation_value", ONNX_FLOAT, NULL, 0 }, { "gamma", ONNX_FLOAT, NULL, 0 },
    { "group", ONNX_INT, NULL, 0 }, { "height_scale", ONNX_FLOAT, NULL, 0 },
    { "is_test", ONNX_INT, NULL, 0 }, { "keep_aspect_ratio_policy", ONNX_STRING, NULL, 0 },
    { "keepdims", ONNX_INT, NULL, 0 }, { "kernel_shape", ONNX_INTS, NULL, 0 },
    { "lambd", ONNX_FLOAT, NULL, 0 }, { "max", ONNX_FLOAT, NULL, 0 },
    { "min", ONNX_FLOAT, NULL, 0 }, { "mode", ONNX_STRING, NULL, 0 },
    { "momentum", ONNX_FLOAT, NULL, 0 }, { "nearest_mode", ONNX_STRING, NULL, 0 },
    { "noop_with_empty_axes", ONNX_INT, NULL, 0 }, { "num_groups", ONNX_INT, NULL, 0 },
    { "num_outputs", ONNX_INT, NULL, 0 }, { "output_padding", ONNX_INTS, NULL, 0 },
    { "output_shape", ONNX_INTS, NULL, 0 }, { "p", ONNX_INT, NULL, 0 },
    { "paddings", ONNX_INTS, NULL, 0 }, { "pads", ONNX_INTS, NULL, 0 },
    { "perm", ONNX_INTS, NULL, 0 }, { "ratio", ONNX_FLOAT, NULL, 0 },
    { "saturate", ONNX_INT, NULL, 0 }, { "scales", ONNX_FLOATS, NULL, 0 },
    { "seed", ONNX_INT, NULL, 0 }, { "select_last_index", ONNX_INT, NULL, 0 },
    { "shape", ONNX_INTS, NULL, 0 }, { "size", ONNX_INT, NULL, 0 },
    { "sparse_value", SPARSE_TENSOR, NULL, 0 }, { "spatial", ONNX_INT, NULL, 0 },
    { "split", ONNX_INTS, NULL, 0 }, { "start", ONNX_INT, NULL, 0 },
    { "starts", ONNX_INTS, NULL, 0 }, { "stash_type", ONNX_INT, NULL, 0 },
    { "storage_order", ONNX_INT, NULL, 0 }, { "strides", ONNX_INTS, NULL, 0 },
    { "to", ONNX_INT, NULL, 0 }, { "training_mode", ONNX_INT, NULL, 0 },
    { "transA", ONNX_INT, NULL, 0 }, { "transB", ONNX_INT, NULL, 0 },
    { "value", ONNX_TENSOR, NULL, 0 }, { "value_float", ONNX_FLOAT, NULL, 0 },
    { "value_floats", ONNX_FLOATS, NULL, 0 }, { "value_int", ONNX_INT, NULL, 0 },
    { "value_ints", ONNX_INTS, NULL, 0 }, { "value_string", ONNX_STRING, NULL, 0 },
    { "value_strings", ONNX_STRINGS, NULL, 0 }, { "width_scale", ONNX_FLOAT, NULL, 0 },
};

// 0: no operator has such an attribute.
static int type_wanted(const char *op, const char *name, int64_t opset)
{
    for (size_t i = 0; i < COUNT_OF(rules); i++)
        if (strcmp(rules[i].name, name) == 0
            && (!rules[i].op || (strcmp(rules[i].op, op) == 0
                                 && (!rules[i].until || opset <= rules[i].until))))
            return rules[i].type;
    return 0;
}

// The types of which there is a value that is not zero or empty, as bits.
static uint32_t types_present(const Cvy__AttributeProto *proto)
{
    const bool present[TYPES] = {
        [ONNX_FLOAT] = proto->f != 0, [ONNX_INT] = proto->i != 0,
        [ONNX_STRING] = proto->s.len > 0, [ONNX_TENSOR] = proto->t, [ONNX_GRAPH] = proto->has_g,
        [ONNX_FLOATS] = proto->n_floats, [ONNX_INTS] = proto->n_ints,
        [ONNX_STRINGS] = proto->n_strings, [TENSORS] = proto->n_tensors,
        [GRAPHS] = proto->n_graphs, [SPARSE_TENSOR] = proto->has_sparse_tensor,
        [SPARSE_TENSORS] = proto->n_sparse_tensors, [TYPE_PROTO] = proto->has_tp,
        [TYPE_PROTOS] = proto->n_type_protos,
    };
    uint32_t bits = 0;

    for (int i = 1; i < TYPES; i++)
        bits |= (uint32_t)present[i] << i;
    return bits;
}

// Files before IR version 3 leave the type out: then it is that of the value, or `wanted`.
static cvy_status read_type(const Cvy__AttributeProto *proto, int wanted, int *out)
{
    uint32_t present = types_present(proto);
    int type = proto->type;

    if (type < 0 || type >= TYPES)
        return onnx_fail(CVY_ERR_MODEL, "attribute \"%s\" has type %d", QUOTED(proto->name), type);
    if (type == 0)
        type = present ? __builtin_ctz(present) : wanted;
    if (present & ~(1u << type))
        return onnx_fail(CVY_ERR_MODEL, "attribute \"%s\" of type %s has a value of another one",
                         QUOTED(proto->name), type_names[type]);
    *out = type;
    return CVY_OK;
}

static cvy_status read_string(const ProtobufCBinaryData *s, const char *name, char **out)
{
    cvy_status st;

    if (s->len && memchr(s->data, '\0', s->len))
        return onnx_fail(CVY_ERR_MODEL, "attribute \"%s\": a NUL in its text", QUOTED(name));
    st = onnx_zalloc(s->len + 1, 1, out);
    if (st == CVY_OK && s->len)
        memcpy(*out, s->data, s->len);
    return st;
}

static cvy_status read_value(const Cvy__AttributeProto *proto,
                             const struct onnx_node_reader *reader, struct onnx_attr *attr)
{
    switch (attr->type) {
    case ONNX_FLOAT:
        attr->f = proto->f;
        return CVY_OK;
    case ONNX_INT:
        attr->i = proto->i;
        return CVY_OK;
    case ONNX_STRING:
        return read_string(&proto->s, proto->name, &attr->s);
    case ONNX_FLOATS:
        attr->count = proto->n_floats;
        return onnx_copy(proto->floats, attr->count * sizeof *attr->floats, &attr->floats);
    case ONNX_INTS:
        attr->count = proto->n_ints;
        return onnx_copy(proto->ints, attr->count * sizeof *attr->ints, &attr->ints);
    case ONNX_TENSOR:
        if (!proto->t)
            return onnx_fail(CVY_ERR_MODEL, "attribute \"%s\" has no tensor", QUOTED(proto->name));
        return onnx_tensor_copy(proto->t, reader->source, &attr->t);
    default:
        return onnx_fail(CVY_ERR_INTERNAL, "attribute type %d", attr->type);
    }
}

static cvy_status read_attr(const Cvy__AttributeProto *proto,
                            const struct onnx_node_reader *reader, struct onnx_node *node,
                            bool *supported)
{
    struct onnx_attr *attr = &node->attrs[node->attr_count];
    const char *op = node->op->name;
    int type = 0, wanted;
    cvy_status st = CVY_OK;

    if (!proto->name || !*proto->name)
        return onnx_fail(CVY_ERR_MODEL, "an attribute without a name");
    if (proto->ref_attr_name && *proto->ref_attr_name)
        return onnx_fail(CVY_ERR_MODEL, "attribute \"%s\" refers to a function's",
                         QUOTED(proto->name));
    if (onnx_attr(node, proto->name))
        return onnx_fail(CVY_ERR_MODEL, "attribute \"%s\" is given twice", QUOTED(proto->name));
    wanted = type_wanted(op, proto->name, node->opset);
    TRY(read_type(proto, wanted, &type));
    if (strncmp(proto->name, "__", 2) == 0)
        return CVY_OK;          // the standard leaves these to tools
    if (!wanted) {
        *supported = false;
        return onnx_gaps_add(reader->source->gaps, "attribute %s of %s", QUOTED(proto->name), op);
    }
    if (type != wanted)
        return onnx_fail(CVY_ERR_MODEL, "attribute \"%s\" is of type %s, not %s", proto->name,
                         type_names[type], type_names[wanted]);
    if (type == SPARSE_TENSOR || type == ONNX_STRINGS) {
        *supported = false;
        return onnx_gaps_add(reader->source->gaps, "attribute %s of %s", proto->name, op);
    }
    attr->type = (enum onnx_attr_type)type;
    node->attr_count++;
    TRY(onnx_string_copy(proto->name, &attr->name));
    TRY(read_value(proto, reader, attr));
    if (type == ONNX_TENSOR && !attr->t.desc.dtype)
        *supported = false;
out:
    return st;
}

cvy_status onnx_attrs_read(const Cvy__NodeProto *proto, const struct onnx_node_reader *reader,
                           struct onnx_node *node, bool *out)
{
    // The walk has bounded their number.
    cvy_status st = onnx_zalloc(proto->n_attribute, sizeof *node->attrs, &node->attrs);

    *out = true;
    for (size_t i = 0; i < proto->n_attribute && st == CVY_OK; i++)
        st = read_attr(proto->attribute[i], reader, node, out);
    return st;
}

void onnx_attrs_free(struct onnx_node *node)
{
    for (size_t i = 0; i < node->attr_count; i++) {
        free(node->attrs[i].name);
        free(node->attrs[i].s);
        free(node->attrs[i].t.data);
        free(node->attrs[i].ints);
        free(node->attrs[i].floats);
    }
    free(node->attrs);
    node->attrs = NULL;
    node->attr_count = 0;
}

// Looking up --------------------------------------------------------------------------------------

const struct onnx_attr *onnx_attr(const struct onnx_node *node, const char *name)
{
    for (size_t i = 0; i < node->attr_count; i++)
        if (strcmp(node->attrs[i].name, name) == 0)
            return &node->attrs[i];
    return NULL;
}

static const struct onnx_attr *attr_of_type(const struct onnx_node *node, const char *name,
                                            enum onnx_attr_type type)
{
    const struct onnx_attr *attr = onnx_attr(node, name);

    return attr && attr->type == type ? attr : NULL;
}

int64_t onnx_int(const struct onnx_node *node, const char *name, int64_t standard)
{
    const struct onnx_attr *attr = attr_of_type(node, name, ONNX_INT);

    return attr ? attr->i : standard;
}

float onnx_float(const struct onnx_node *node, const char *name, float standard)
{
    const struct onnx_attr *attr = attr_of_type(node, name, ONNX_FLOAT);

    return attr ? attr->f : standard;
}

const char *onnx_string(const struct onnx_node *node, const char *name, const char *standard)
{
    const struct onnx_attr *attr = attr_of_type(node, name, ONNX_STRING);

    return attr ? attr->s : standard;
}

const int64_t *onnx_ints(const struct onnx_node *node, const char *name, size_t *count)
{
    const struct onnx_attr *attr = attr_of_type(node, name, ONNX_INTS);

    *count = attr ? attr->count : 0;
    return attr ? attr->ints : NULL;
}

const float *onnx_floats(const struct onnx_node *node, const char *name, size_t *count)
{
    const struct onnx_attr *attr = attr_of_type(node, name, ONNX_FLOATS);

    *count = attr ? attr->count : 0;
    return attr ? attr->floats : NULL;
}
