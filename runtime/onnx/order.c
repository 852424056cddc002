// The names of a model and the order of its nodes, each in time that grows with the file.
#include "onnx/load.h"

// Values ------------------------------------------------------------------------------------------

struct onnx_value *onnx_value_find(const struct onnx_loader *loader, const char *name)
{
    size_t number = onnx_names_find(&loader->names, name);

    return number == SIZE_MAX ? NULL : &loader->values[number];
}

// A name that may not be there yet. `what` it names is for the text.
static cvy_status add_value(struct onnx_loader *loader, const char *name, const char *what,
                            struct onnx_value **out)
{
    size_t number;
    bool added;

    if (!name || !*name)
        return onnx_fail(CVY_ERR_MODEL, "%s without a name", what);
    number = onnx_names_add(&loader->names, name, &added);
    *out = &loader->values[number];
    if (!added)
        return onnx_fail(CVY_ERR_MODEL, "%s \"%s\": another tensor has that name", what,
                         QUOTED(name));
    **out = (struct onnx_value) { .name = name, .node = NO_NODE };
    loader->value_count = loader->names.count;
    return CVY_OK;
}

static cvy_status add_input(struct onnx_loader *loader, const Cvy__ValueInfoProto *input)
{
    struct onnx_value *value = input->name ? onnx_value_find(loader, input->name) : NULL;

    // An initialiser is the default of the input that has its name.
    if (!value || !value->initializer || value->input) {
        cvy_status st = add_value(loader, input->name, "input", &value);
        if (st != CVY_OK)
            return st;
    }
    value->input = input;
    return CVY_OK;
}

static cvy_status add_sources(struct onnx_loader *loader)
{
    const Cvy__GraphProto *proto = loader->proto;
    struct onnx_value *value;
    cvy_status st = CVY_OK;

    for (size_t i = 0; i < proto->n_initializer; i++) {
        TRY(add_value(loader, proto->initializer[i]->name, "initializer", &value));
        value->initializer = proto->initializer[i];
    }
    for (size_t i = 0; i < proto->n_input; i++)
        TRY(add_input(loader, proto->input[i]));
    for (size_t n = 0; n < proto->n_node; n++)
        for (size_t i = 0; i < proto->node[n]->n_output; i++) {
            if (!*proto->node[n]->output[i])
                continue;       // left out
            TRY(add_value(loader, proto->node[n]->output[i], "a node's output", &value));
            value->node = n;
        }
out:
    return st;
}

static cvy_status mark_inputs(struct onnx_loader *loader, size_t n)
{
    const Cvy__NodeProto *node = loader->proto->node[n];
    uint32_t constant;

    if (!loader->nodes[n])
        return CVY_OK;          // not supported: there will be no graph
    constant = loader->nodes[n]->op->constant_inputs;
    for (size_t i = 0; i < node->n_input; i++) {
        struct onnx_value *value;

        if (!*node->input[i])
            continue;
        value = onnx_value_find(loader, node->input[i]);
        if (!value) {
            onnx_fail(CVY_ERR_MODEL, "nothing makes its input \"%s\"", QUOTED(node->input[i]));
            return onnx_node_fail(CVY_ERR_MODEL, loader->nodes[n]);
        }
        value->used = true;
        value->constant |= i < 32 && constant >> i & 1;
    }
    return CVY_OK;
}

static cvy_status mark_outputs(struct onnx_loader *loader)
{
    const Cvy__GraphProto *proto = loader->proto;

    if (!proto->n_output)
        return onnx_fail(CVY_ERR_MODEL, "the model has no outputs");
    for (size_t i = 0; i < proto->n_output; i++) {
        const char *name = proto->output[i]->name;
        struct onnx_value *value;

        if (!name || !*name)
            return onnx_fail(CVY_ERR_MODEL, "output without a name");
        value = onnx_value_find(loader, name);
        if (!value)
            return onnx_fail(CVY_ERR_MODEL, "nothing makes the output \"%s\"", QUOTED(name));
        if (value->output)
            return onnx_fail(CVY_ERR_MODEL, "output \"%s\" is given twice", QUOTED(name));
        value->used = value->output = true;
    }
    return CVY_OK;
}

cvy_status onnx_values_open(struct onnx_loader *loader)
{
    const Cvy__GraphProto *proto = loader->proto;
    size_t most = proto->n_initializer + proto->n_input;
    cvy_status st = CVY_OK;

    for (size_t n = 0; n < proto->n_node; n++)
        most += proto->node[n]->n_output;
    TRY(onnx_names_open(&loader->names, most));
    TRY(onnx_zalloc(most, sizeof *loader->values, &loader->values));
    TRY(add_sources(loader));
    for (size_t n = 0; n < proto->n_node; n++)
        TRY(mark_inputs(loader, n));
    TRY(mark_outputs(loader));
out:
    return st;
}

// Order -------------------------------------------------------------------------------------------

// A node whose inputs are being looked at.
struct visit {
    size_t node, input;
};

enum { NEW, OPEN, DONE };

struct search {
    struct visit *stack;
    unsigned char *state;       // of each node
    size_t depth, ordered;
};

// The node that makes input i, NO_NODE if none does.
static size_t maker(const struct onnx_loader *loader, size_t node, size_t i)
{
    const char *name = loader->proto->node[node]->input[i];

    return *name ? onnx_value_find(loader, name)->node : NO_NODE;
}

static void search_open(struct search *s, size_t node)
{
    s->state[node] = OPEN;
    s->stack[s->depth++] = (struct visit) { node, 0 };
}

static cvy_status search_from(struct onnx_loader *loader, struct search *s, size_t first)
{
    search_open(s, first);
    while (s->depth) {
        struct visit *visit = &s->stack[s->depth - 1];
        size_t next;

        if (visit->input == loader->proto->node[visit->node]->n_input) {
            s->state[visit->node] = DONE;
            loader->order[s->ordered++] = visit->node;
            s->depth--;
            continue;
        }
        next = maker(loader, visit->node, visit->input++);
        if (next == NO_NODE || s->state[next] == DONE)
            continue;
        if (s->state[next] == OPEN) {
            onnx_fail(CVY_ERR_MODEL, "a cycle: it needs its own output, by way of \"%s\"",
                      loader->nodes[visit->node]->name);
            return onnx_node_fail(CVY_ERR_MODEL, loader->nodes[next]);
        }
        search_open(s, next);
    }
    return CVY_OK;
}

cvy_status onnx_order_find(struct onnx_loader *loader)
{
    size_t count = loader->proto->n_node;
    struct search search = { .depth = 0 };
    cvy_status st = CVY_OK;

    TRY(onnx_zalloc(count, sizeof *loader->order, &loader->order));
    TRY(onnx_zalloc(count, sizeof *search.stack, &search.stack));
    TRY(onnx_zalloc(count, 1, &search.state));
    for (size_t n = 0; n < count; n++)
        if (search.state[n] == NEW)
            TRY(search_from(loader, &search, n));
out:
    free(search.state);
    free(search.stack);
    return st;
}
