// The table of operators, and nodes checked against it.
#include "onnx/node.h"

#include <stdio.h>

// A constant becomes one of the graph's at once, and is never expanded.
static cvy_status check_constant(const struct onnx_node *node);
static const struct onnx_op constant_op = { .name = "Constant", .since = 1, .outputs_most = 1,
                                            .check = check_constant };

enum { NEWEST_OPSET = 21 };

struct table {
    const struct onnx_op *ops;
    size_t count;
};
enum { TABLES = 4 };

static struct table table_get(int i)
{
    const struct table tables[TABLES] = {
        { &constant_op, 1 }, { onnx_ops_layers, onnx_ops_layers_count },
        { onnx_ops_math, onnx_ops_math_count }, { onnx_ops_shape, onnx_ops_shape_count },
    };

    return tables[i];
}

const struct onnx_op *onnx_op_find(const char *name, int64_t opset)
{
    const struct onnx_op *best = NULL;

    for (int t = 0; t < TABLES; t++) {
        struct table table = table_get(t);

        for (size_t i = 0; i < table.count; i++)
            if (table.ops[i].since <= opset && strcmp(table.ops[i].name, name) == 0
                && (!best || table.ops[i].since > best->since))
                best = &table.ops[i];
    }
    return best;
}

// The next name in alphabetical order, NULL after the last.
static const char *name_after(const char *last)
{
    const char *best = NULL;

    for (int t = 0; t < TABLES; t++) {
        struct table table = table_get(t);

        for (size_t i = 0; i < table.count; i++) {
            const char *name = table.ops[i].name;

            if ((!last || strcmp(name, last) > 0) && (!best || strcmp(name, best) < 0))
                best = name;
        }
    }
    return best;
}

cvy_status cvy_onnx_operators(const char **out, size_t cap, size_t *count)
{
    const char *name = NULL;

    if (!count)
        return onnx_fail(CVY_ERR_ARGUMENT, "count is NULL");
    *count = 0;
    if (!out && cap)
        return onnx_fail(CVY_ERR_ARGUMENT, "out is NULL, but cap is %zu", cap);
    while ((name = name_after(name))) {
        if (*count < cap)
            out[*count] = name;
        ++*count;
    }
    return CVY_OK;
}

// Constant ----------------------------------------------------------------------------------------

static cvy_status check_constant(const struct onnx_node *node)
{
    if (node->attr_count != 1 || strncmp(node->attrs[0].name, "value", 5) != 0)
        return onnx_fail(CVY_ERR_MODEL, "needs exactly one value");
    if (node->attrs[0].type == ONNX_STRING)
        return onnx_fail(CVY_ERR_MODEL_OP, "a value of text");
    return CVY_OK;
}

bool onnx_is_constant(const struct onnx_node *node)
{
    return node->op == &constant_op;
}

struct onnx_tensor onnx_constant_value(const struct onnx_node *node)
{
    struct onnx_attr *attr = node->attrs;
    bool real = attr->type == ONNX_FLOAT || attr->type == ONNX_FLOATS;
    bool list = attr->type == ONNX_INTS || attr->type == ONNX_FLOATS;
    struct onnx_tensor value = { .desc = { .dtype = real ? CVY_F32 : CVY_I64,
                                           .layout = CVY_PLAIN, .rank = list } };

    if (attr->type == ONNX_TENSOR)
        return attr->t;
    value.desc.size[0] = list ? (int64_t)attr->count : 0;
    value.data = attr->type == ONNX_FLOAT ? (void *)&attr->f
        : attr->type == ONNX_INT ? (void *)&attr->i
        : attr->type == ONNX_FLOATS ? (void *)attr->floats : (void *)attr->ints;
    return value;
}

// Nodes -------------------------------------------------------------------------------------------

static size_t count_names(char *const *names, size_t count)
{
    while (count && !*names[count - 1])
        count--;
    return count;
}

size_t onnx_node_inputs(const Cvy__NodeProto *proto)
{
    return count_names(proto->input, proto->n_input);
}

size_t onnx_node_outputs(const Cvy__NodeProto *proto)
{
    return count_names(proto->output, proto->n_output);
}

cvy_status onnx_node_fail(cvy_status status, const struct onnx_node *node)
{
    char text[ONNX_TEXT_BYTES];

    snprintf(text, sizeof text, "%s", cvy_error_text());
    return onnx_fail(status, "node \"%s\" (%s): %s", node->name, node->op->name, text);
}

static bool is_default_domain(const char *domain)
{
    return !domain || !*domain || strcmp(domain, "ai.onnx") == 0;
}

// *out stays NULL if there is none, which is a gap then.
static cvy_status find_op(const Cvy__NodeProto *proto, size_t index,
                          const struct onnx_node_reader *reader, const struct onnx_op **out)
{
    struct onnx_gaps *gaps = reader->source->gaps;
    const char *name = proto->op_type;

    *out = NULL;
    if (!name || !*name)
        return onnx_fail(CVY_ERR_MODEL, "node %zu has no operator", index);
    if (!is_default_domain(proto->domain))
        return onnx_gaps_add(gaps, "%s::%s", QUOTED(proto->domain), QUOTED(name));
    if (reader->opset == 0)
        return onnx_fail(CVY_ERR_MODEL, "no opset is given for node %zu (%s)", index,
                         QUOTED(name));
    *out = onnx_op_find(name, reader->opset);
    if (*out)
        return CVY_OK;
    if (onnx_op_find(name, NEWEST_OPSET))
        return onnx_gaps_add(gaps, "%s of opset %lld", name, (long long)reader->opset);
    return onnx_gaps_add(gaps, "%s", QUOTED(name));
}

// The file's name, fit for messages, or the operator and the number.
static cvy_status copy_name(const Cvy__NodeProto *proto, size_t index, struct onnx_node *node)
{
    char made[ONNX_QUOTE_BYTES];

    if (proto->name && *proto->name)
        return onnx_string_copy(QUOTED(proto->name), &node->name);
    snprintf(made, sizeof made, "%s_%zu", node->op->name, index);
    return onnx_string_copy(made, &node->name);
}

static cvy_status copy_outputs(const Cvy__NodeProto *proto, struct onnx_node *node)
{
    cvy_status st;

    node->output_count = onnx_node_outputs(proto);
    st = onnx_zalloc(node->output_count, sizeof *node->output_used, &node->output_used);
    for (size_t i = 0; i < node->output_count && st == CVY_OK; i++)
        node->output_used[i] = *proto->output[i] != '\0';
    return st;
}

static cvy_status check_counts(const Cvy__NodeProto *proto, const struct onnx_node *node)
{
    const struct onnx_op *op = node->op;

    if (node->input_count < (size_t)op->inputs_least)
        return onnx_fail(CVY_ERR_MODEL, "has %zu inputs, at least %d are needed",
                         node->input_count, op->inputs_least);
    if (op->inputs_most >= 0 && node->input_count > (size_t)op->inputs_most)
        return onnx_fail(CVY_ERR_MODEL, "has %zu inputs, %d at most", node->input_count,
                         op->inputs_most);
    for (int i = 0; i < op->inputs_least; i++)
        if (!*proto->input[i])
            return onnx_fail(CVY_ERR_MODEL, "leaves out input %d", i);
    if (!node->output_count || node->output_count > (size_t)op->outputs_most)
        return onnx_fail(CVY_ERR_MODEL, "has %zu outputs, not 1 to %d", node->output_count,
                         op->outputs_most);
    return CVY_OK;
}

// What an operator's own check does not support is a gap like any other.
static cvy_status run_check(const struct onnx_node *node, struct onnx_gaps *gaps, bool *supported)
{
    cvy_status st = node->op->check ? node->op->check(node) : CVY_OK;
    char text[ONNX_TEXT_BYTES];

    if (st != CVY_ERR_MODEL_OP)
        return st;
    *supported = false;
    snprintf(text, sizeof text, "%s", cvy_error_text());
    return onnx_gaps_add(gaps, "%s: %s", node->op->name, text);
}

cvy_status onnx_node_open(const Cvy__NodeProto *proto, size_t index,
                          const struct onnx_node_reader *reader, struct onnx_node **out)
{
    const struct onnx_op *op;
    struct onnx_node *node = NULL;
    bool supported = false;
    cvy_status st = find_op(proto, index, reader, &op);

    *out = NULL;
    if (st != CVY_OK || !op)
        return st;
    TRY(onnx_zalloc(1, sizeof *node, &node));
    node->op = op;
    node->opset = reader->opset;
    node->input_count = onnx_node_inputs(proto);
    TRY(copy_name(proto, index, node));
    TRY(copy_outputs(proto, node));
    st = check_counts(proto, node);
    if (st == CVY_OK)
        st = onnx_attrs_read(proto, reader, node, &supported);
    if (st == CVY_OK && supported)
        st = run_check(node, reader->source->gaps, &supported);
    if (st != CVY_OK)
        st = onnx_node_fail(st, node);
    if (st == CVY_OK && supported) {
        *out = node;
        node = NULL;
    }
out:
    onnx_node_close(node);
    return st;
}

void onnx_node_close(struct onnx_node *node)
{
    if (!node)
        return;
    onnx_attrs_free(node);
    free(node->output_used);
    free(node->name);
    free(node);
}
