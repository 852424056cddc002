// A graph for given shapes: what is open is closed, deferred nodes are expanded.
#include "graph/passes.h"

#include <stdio.h>
#include "plan/names.h"

// Inputs ------------------------------------------------------------------------------------------

static const cvy_network_input *find_input(const cvy_network_options *options, const char *name)
{
    for (size_t i = 0; options && i < options->input_count; i++)
        if (options->inputs[i].name && strcmp(options->inputs[i].name, name) == 0)
            return &options->inputs[i];
    return NULL;
}

static cvy_status check_names(const struct cvy_graph *graph, const cvy_network_options *options)
{
    for (size_t i = 0; options && i < options->input_count; i++) {
        bool known = false;

        if (!options->inputs[i].name)
            return fail(CVY_ERR_ARGUMENT, "options.inputs[%zu].name is NULL", i);
        for (size_t k = 0; k < graph->inputs.count && !known; k++)
            known = strcmp(graph->inputs.items[k].name, options->inputs[i].name) == 0;
        if (!known)
            return fail(CVY_ERR_ARGUMENT, "options.inputs[%zu].name is \"%.100s\", no input of "
                        "the graph", i, options->inputs[i].name);
        if (find_input(options, options->inputs[i].name) != &options->inputs[i])
            return fail(CVY_ERR_ARGUMENT, "options.inputs[%zu].name is \"%.100s\", which came "
                        "before", i, options->inputs[i].name);
    }
    return CVY_OK;
}

static cvy_status check_open(const char *name, const cvy_desc *desc)
{
    if (desc->rank == CVY_ANY_RANK)
        return fail(CVY_ERR_ARGUMENT, "input \"%.100s\" has an open rank: options.inputs must "
                    "give its shape", name);
    for (int i = 0; i < desc->rank; i++)
        if (desc->size[i] == CVY_ANY_SIZE)
            return fail(CVY_ERR_ARGUMENT, "input \"%.100s\" has an open size[%d]: options.inputs "
                        "must give its shape", name, i);
    return CVY_OK;
}

static cvy_status check_given(const char *name, const cvy_desc *open, const cvy_desc *given)
{
    cvy_dtype dtype = given->dtype == CVY_DTYPE_DEFAULT ? open->dtype : given->dtype;
    int64_t elements = 1;

    if (dtype != open->dtype)
        return fail(CVY_ERR_ARGUMENT, "input \"%.100s\": dtype is %s and in the graph %s", name,
                    dtype_name(dtype), dtype_name(open->dtype));
    if (given->rank < 0 || given->rank > CVY_MAX_RANK
        || (open->rank != CVY_ANY_RANK && given->rank != open->rank))
        return fail(CVY_ERR_SHAPE, "input \"%.100s\": rank is %d and in the graph %d", name,
                    (int)given->rank, (int)open->rank);
    for (int i = 0; i < given->rank; i++) {
        if (given->size[i] < 0)
            return fail(CVY_ERR_SHAPE, "input \"%.100s\": size[%d] is %lld; it must be 0 or more",
                        name, i, (long long)given->size[i]);
        if (open->rank != CVY_ANY_RANK && open->size[i] != CVY_ANY_SIZE
            && open->size[i] != given->size[i])
            return fail(CVY_ERR_SHAPE, "input \"%.100s\": size[%d] is %lld and in the graph %lld",
                        name, i, (long long)given->size[i], (long long)open->size[i]);
    }
    for (int i = 0; i < given->rank; i++)
        if (!mul_i64(elements, MAX(given->size[i], 1), &elements) || elements > INT64_MAX / 16)
            return fail(CVY_ERR_LIMIT, "input \"%.100s\": its elements are beyond 64 bits", name);
    return CVY_OK;
}

static cvy_status copy_data(const cvy_desc *desc, const void *data, void **out)
{
    size_t bytes = shape_bytes(desc);
    cvy_status st = zalloc(MAX(bytes, 1), out);

    if (st == CVY_OK)
        memcpy(*out, data, bytes);
    return st;
}

static cvy_status add_input(struct cvy_graph *to, const struct cvy_graph *from,
                            const struct graph_port *port, const cvy_network_input *given,
                            cvy_value *out)
{
    cvy_desc desc = graph_value(from, port->value)->desc;
    void *data = NULL;
    cvy_status st = CVY_OK;

    if (given)
        TRY(check_given(port->name, &desc, &given->desc));
    else
        TRY(check_open(port->name, &desc));
    if (port->constant && !(given && given->data))
        TRY(fail(CVY_ERR_ARGUMENT, "input \"%.100s\": its contents are needed to compile: "
                 "options.inputs must give data", port->name));
    desc = shape_of(desc.dtype, given ? given->desc.rank : desc.rank,
                    given ? given->desc.size : desc.size);
    TRY(shape_limit(&desc));
    if (given && given->data)
        TRY(copy_data(&desc, given->data, &data));
    TRY(graph_value_add(to, &desc, data, true, out));
    data = NULL;
    st = port_add(&to->inputs, port->name, *out, given && given->data);
out:
    free(data);
    return st;
}

// Nodes -------------------------------------------------------------------------------------------

struct unfolding {
    const struct cvy_graph *from;
    struct cvy_graph *to;
    cvy_value *map;             // by value id of `from`; 0: not there
};

static cvy_status map_value(const struct unfolding *u, const struct node *node, cvy_value from,
                            cvy_value *out)
{
    char label[192];

    *out = from ? u->map[from] : 0;
    if (!from || *out)
        return CVY_OK;
    node_label(node, label, sizeof label);
    return fail(CVY_ERR_ARGUMENT, "%s uses a value that the node before it does not give", label);
}

static cvy_status copy_node(struct unfolding *u, const struct node *node)
{
    cvy_value srcs_few[8], *srcs = srcs_few, outs[2];
    cvy_node public_node = { .name = node->name, .src_count = node->src_count };
    struct node_request request = { node->op, &node->params, sizeof node->params, &public_node,
                                    node->out_count };
    cvy_status st = CVY_OK;

    if (node->src_count > COUNT_OF(srcs_few))
        TRY(zalloc(node->src_count * sizeof *srcs, &srcs));
    for (size_t i = 0; i < node->src_count; i++)
        TRY(map_value(u, node, node->srcs[i], &srcs[i]));
    public_node.srcs = srcs;
    for (int i = 0; i < PORT_COUNT; i++) {
        cvy_value value;

        TRY(map_value(u, node, node->in[i], &value));
        node_set_port(&public_node, i, value);
    }
    TRY(node_add(u->to, &request, outs));
    for (size_t i = 0; i < node->out_count; i++)
        u->map[node->outs[i]] = outs[i];
out:
    if (srcs != srcs_few)
        free(srcs);
    return st;
}

// A node that it adds has its number, and may have its name: it may have been named then.
static bool names_node(const struct node *node, const char *text)
{
    char who[128];

    node_who(node, who, sizeof who);
    return strncmp(text, who, strlen(who)) == 0
        && (text[strlen(who)] == ' ' || text[strlen(who)] == ':');
}

static cvy_status expand_node(struct unfolding *u, const struct node *node)
{
    const cvy_deferred_params *p = &node->params.deferred;
    cvy_value *ins = NULL, *outs = NULL;
    char label[192];
    cvy_status st = CVY_OK;

    TRY(zalloc(MAX(node->src_count, 1) * sizeof *ins, &ins));
    TRY(zalloc(MAX(node->out_count, 1) * sizeof *outs, &outs));
    for (size_t i = 0; i < node->src_count; i++)
        TRY(map_value(u, node, node->srcs[i], &ins[i]));
    cvy_error_report(CVY_OK, "");       // a text that is there afterwards is of this call
    st = p->expand(p->user, u->to, node->name, ins, outs);
    for (size_t i = 0; i < node->out_count && st == CVY_OK; i++) {
        if (outs[i] && !graph_value(u->to, outs[i]))
            st = fail(CVY_ERR_ARGUMENT, "output %zu is %d, a value that the graph has not", i,
                      (int)outs[i]);
        u->map[node->outs[i]] = outs[i];
    }
    if (st != CVY_OK) {
        if (!cvy_error_text()[0])
            st = fail(st, "expand gives %s", cvy_status_name(st));
        node_label(node, label, sizeof label);
        if (!names_node(node, cvy_error_text()))
            st = fail_prefix(st, "%s", label);
    }
out:
    free(ins);
    free(outs);
    return st;
}

static cvy_status copy_values(struct unfolding *u, const cvy_network_options *options)
{
    const struct cvy_graph *from = u->from;
    cvy_status st = CVY_OK;

    for (size_t i = 0; i < from->inputs.count && st == CVY_OK; i++) {
        const struct graph_port *port = &from->inputs.items[i];

        st = add_input(u->to, from, port, find_input(options, port->name), &u->map[port->value]);
    }
    for (size_t i = 0; i < from->value_count && st == CVY_OK; i++)
        if (from->values[i].data)
            st = graph_value_add(u->to, &from->values[i].desc, from->values[i].data, false,
                                 &u->map[i + 1]);
    return st;
}

cvy_status unfold(const struct cvy_graph *graph, const cvy_network_options *options,
                  struct cvy_graph **out)
{
    struct unfolding u = { .from = graph };
    cvy_status st = CVY_OK;

    *out = NULL;
    TRY(check_names(graph, options));
    TRY(graph_open(true, &u.to));
    TRY(zalloc((graph->value_count + 1) * sizeof *u.map, &u.map));
    TRY(copy_values(&u, options));
    for (size_t i = 0; i < graph->node_count; i++) {
        const struct node *node = graph->nodes[i];

        u.to->number = node->number;
        TRY(node->op == NODE_DEFERRED ? expand_node(&u, node) : copy_node(&u, node));
    }
    for (size_t i = 0; i < graph->outputs.count; i++) {
        const struct graph_port *port = &graph->outputs.items[i];

        if (!u.map[port->value])
            TRY(fail(CVY_ERR_ARGUMENT, "output \"%.100s\" is a value that no node gives",
                     port->name));
        TRY(port_add(&u.to->outputs, port->name, u.map[port->value], false));
    }
    *out = u.to;
    u.to = NULL;
out:
    cvy_graph_destroy(&u.to);
    free(u.map);
    return st;
}

// Liveness ----------------------------------------------------------------------------------------

cvy_status mark_live(struct cvy_graph *graph, size_t *live)
{
    bool *needed = NULL;
    cvy_status st = zalloc(graph->value_count + 1, &needed);

    if (st != CVY_OK)
        return st;
    *live = 0;
    for (size_t i = 0; i < graph->outputs.count; i++)
        needed[graph->outputs.items[i].value] = true;
    for (size_t i = graph->node_count; i-- > 0;) {
        struct node *node = graph->nodes[i];
        bool wanted = false;

        for (size_t k = 0; k < node->out_count && !node->dead; k++)
            wanted = wanted || needed[node->outs[k]];
        node->dead = !wanted;
        if (!wanted)
            continue;
        ++*live;
        for (int k = 0; k < PORT_COUNT; k++)
            needed[node->in[k]] = true;
        for (size_t k = 0; k < node->src_count; k++)
            needed[node->srcs[k]] = true;
    }
    free(needed);
    return CVY_OK;
}

cvy_status links_open(const struct cvy_graph *graph, struct links *out)
{
    cvy_status st = CVY_OK;

    memset(out, 0, sizeof *out);
    TRY(zalloc((graph->value_count + 1) * sizeof *out->uses, &out->uses));
    TRY(zalloc((graph->value_count + 1) * sizeof *out->maker, &out->maker));
    for (size_t i = 0; i < graph->node_count; i++) {
        const struct node *node = graph->nodes[i];

        if (node->dead)
            continue;
        for (int k = 0; k < PORT_COUNT; k++)
            out->uses[node->in[k]]++;
        for (size_t k = 0; k < node->src_count; k++)
            out->uses[node->srcs[k]]++;
        for (size_t k = 0; k < node->out_count; k++)
            out->maker[node->outs[k]] = i + 1;
    }
    for (size_t i = 0; i < graph->outputs.count; i++)
        out->uses[graph->outputs.items[i].value]++;
out:
    if (st != CVY_OK)
        links_close(out);
    return st;
}

void links_close(struct links *links)
{
    free(links->uses);
    free(links->maker);
    memset(links, 0, sizeof *links);
}
