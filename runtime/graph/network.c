// Runs of a network: all steps as one job of a queue, under its lock, in the queue's own workspace.
#include "graph/network.h"

#include <stdio.h>

struct run {
    const cvy_network *network;
    struct region *inputs, *outputs;
    struct region constants, arena;
};

// Memory of inputs and outputs --------------------------------------------------------------------

static cvy_status port_region(const cvy_network *network, const struct network_port *port,
                              cvy_tensor tensor, bool output, struct region *out)
{
    char name[128];
    size_t element = cvy_dtype_bytes(port->desc.dtype);
    cvy_status st = CVY_OK;

    memset(out, 0, sizeof *out);
    if (port->bytes == 0 && !tensor.buffer)
        return CVY_OK;
    snprintf(name, sizeof name, "%s \"%.80s\"", output ? "output" : "input", port->name);
    TRY(tensor_region(network->context, tensor, name, out));
    if (out->offset % element)
        return fail(CVY_ERR_ALIGN, "%s is at byte %zu; it must be a multiple of %zu", name,
                    out->offset, element);
    if (out->bytes < port->bytes)
        return fail(CVY_ERR_ARGUMENT, "%s needs %zu bytes and its buffer has %zu from offset %zu",
                    name, port->bytes, out->bytes, tensor.offset);
    if (out->access == CVY_READ_ONLY && output)
        return fail(CVY_ERR_ARGUMENT, "%s lies in a buffer that kernels may not write", name);
    if (out->access == CVY_WRITE_ONLY)
        return fail(CVY_ERR_ARGUMENT, "%s lies in a buffer that kernels may not read", name);
out:
    return st;
}

static bool overlap(const struct region *a, size_t a_bytes, const struct region *b,
                    size_t b_bytes)
{
    return a_bytes && b_bytes && a->root == b->root && a->begin < b->begin + b_bytes
        && b->begin < a->begin + a_bytes;
}

static cvy_status alias_check(const struct run *run)
{
    const cvy_network *n = run->network;

    for (size_t i = 0; i < n->output_count; i++) {
        const struct region *out = &run->outputs[i];

        for (size_t k = 0; k < n->input_count; k++)
            if (overlap(out, n->outputs[i].bytes, &run->inputs[k], n->inputs[k].bytes))
                return fail(CVY_ERR_ALIAS, "output \"%.80s\" overlaps input \"%.80s\"",
                            n->outputs[i].name, n->inputs[k].name);
        for (size_t k = 0; k < i; k++)
            if (overlap(out, n->outputs[i].bytes, &run->outputs[k], n->outputs[k].bytes))
                return fail(CVY_ERR_ALIAS, "output \"%.80s\" overlaps output \"%.80s\"",
                            n->outputs[i].name, n->outputs[k].name);
    }
    return CVY_OK;
}

static cvy_status bind_ports(struct run *run, const cvy_tensor *inputs, const cvy_tensor *outputs)
{
    const cvy_network *n = run->network;
    cvy_status st = CVY_OK;

    if (n->input_count && !inputs)
        TRY(fail(CVY_ERR_ARGUMENT, "inputs is NULL; the network has %zu", n->input_count));
    if (!outputs)
        TRY(fail(CVY_ERR_ARGUMENT, "outputs is NULL; the network has %zu", n->output_count));
    TRY(zalloc((n->input_count + 1) * sizeof *run->inputs, &run->inputs));
    TRY(zalloc((n->output_count + 1) * sizeof *run->outputs, &run->outputs));
    for (size_t i = 0; i < n->input_count; i++)
        TRY(port_region(n, &n->inputs[i], inputs[i], false, &run->inputs[i]));
    for (size_t i = 0; i < n->output_count; i++)
        TRY(port_region(n, &n->outputs[i], outputs[i], true, &run->outputs[i]));
    if (n->constants)
        TRY(tensor_region(n->context, (cvy_tensor) { n->constants, 0 }, "constants",
                          &run->constants));
    st = alias_check(run);
out:
    return st;
}

// Steps -------------------------------------------------------------------------------------------

static struct region storage_region(const struct run *run, const struct storage *s)
{
    struct region region = s->kind == STORAGE_INPUT ? run->inputs[s->index]
        : s->kind == STORAGE_OUTPUT ? run->outputs[s->index]
        : s->kind == STORAGE_CONSTANT ? run->constants : run->arena;

    if (s->kind == STORAGE_ARENA || s->kind == STORAGE_CONSTANT)
        region.offset += s->offset;
    return region;
}

static void bind_piece(const struct run *run, int piece, struct region *out)
{
    const struct lowered *l = &run->network->l;
    const struct storage *s;

    if (piece < 0)
        return;
    s = &l->storages[storage_root(l, l->pieces[piece].storage)];
    *out = storage_region(run, s);
    out->offset += (size_t)piece_offset(l, piece) * cvy_dtype_bytes(s->desc.dtype);
}

static cvy_status run_step(const struct run *run, const struct step_node *step, struct job *job)
{
    struct region regions[SLOT_COUNT];

    memset(regions, 0, sizeof regions);
    for (int i = 0; i < PORT_COUNT; i++)
        if (!(step->weights && CONSTANT_PORTS & PORT_BIT(i)))
            bind_piece(run, step->in[i], &regions[SLOT_SRC + i]);
    for (size_t i = 0; i < step->node->src_count; i++)
        bind_piece(run, step->srcs[i], &regions[SLOT_SRCS + i]);
    bind_piece(run, step->outs[0], &regions[SLOT_DST]);
    if (step->outs[1] >= 0)
        bind_piece(run, step->outs[1], &regions[SLOT_INDICES]);
    if (step->workspace >= 0)
        regions[SLOT_SCRATCH] = storage_region(run, &run->network->l.storages[step->workspace]);
    return plan_launch(step->plan, job, regions, step->weights);
}

static cvy_status run_all(struct run *run, struct job *job)
{
    const cvy_network *n = run->network;
    cvy_status st = CVY_OK;

    if (n->info.arena_bytes)
        TRY(job_workspace(job, n->info.arena_bytes, &run->arena));
    for (size_t i = 0; i < n->l.step_count; i++) {
        job->step = i;
        TRY(run_step(run, &n->l.steps[i], job));
    }
out:
    return st;
}

static cvy_status check_queue(const cvy_network *network, const cvy_queue *queue)
{
    CHECK_HANDLE(network, MAGIC_NETWORK);
    CHECK_POINTER(queue);
    if (queue_context(queue) != network->context)
        return fail(CVY_ERR_ARGUMENT, "queue belongs to another context than network");
    return context_check(network->context);
}

cvy_status cvy_network_enqueue(cvy_network *network, cvy_queue *queue, const cvy_tensor *inputs,
                               const cvy_tensor *outputs, const cvy_wait *wait, cvy_event **ev)
{
    struct run run = { .network = network };
    struct job job;
    cvy_status st = CVY_OK;

    if (ev)
        *ev = NULL;
    TRY(check_queue(network, queue));
    TRY(bind_ports(&run, inputs, outputs));
    TRY(job_begin(queue, wait, NULL, ev != NULL, &job));
    st = job_end(&job, run_all(&run, &job), ev);
out:
    free(run.inputs);
    free(run.outputs);
    return st;
}

cvy_status cvy_network_reserve(cvy_network *network, cvy_queue *queue)
{
    cvy_status st = check_queue(network, queue);

    return st == CVY_OK && network->info.arena_bytes
        ? queue_reserve(queue, network->info.arena_bytes) : st;
}

// Looking -----------------------------------------------------------------------------------------

cvy_status cvy_network_info_get(const cvy_network *network, cvy_network_info *out)
{
    CHECK_POINTER(out);
    memset(out, 0, sizeof *out);
    CHECK_HANDLE(network, MAGIC_NETWORK);
    *out = network->info;
    return CVY_OK;
}

static cvy_status port_get(const cvy_network *network, bool input, size_t i,
                           cvy_network_port *out)
{
    const struct network_port *port;
    size_t count;

    CHECK_POINTER(out);
    *out = (cvy_network_port) { .name = "" };
    CHECK_HANDLE(network, MAGIC_NETWORK);
    count = input ? network->input_count : network->output_count;
    if (i >= count)
        return fail(CVY_ERR_ARGUMENT, "i is %zu; there are %zu", i, count);
    port = input ? &network->inputs[i] : &network->outputs[i];
    *out = (cvy_network_port) { port->name, port->desc, port->bytes };
    return CVY_OK;
}

cvy_status cvy_network_input_get(const cvy_network *network, size_t i, cvy_network_port *out)
{
    return port_get(network, true, i, out);
}

cvy_status cvy_network_output_get(const cvy_network *network, size_t i, cvy_network_port *out)
{
    return port_get(network, false, i, out);
}

cvy_status cvy_network_step_get(const cvy_network *network, size_t i, cvy_network_step *out)
{
    const struct step_node *step;
    const struct storage *s;
    cvy_status st = CVY_OK;

    CHECK_POINTER(out);
    memset(out, 0, sizeof *out);
    CHECK_HANDLE(network, MAGIC_NETWORK);
    if (i >= network->l.step_count)
        return fail(CVY_ERR_ARGUMENT, "i is %zu; there are %zu", i, network->l.step_count);
    step = &network->l.steps[i];
    s = &network->l.storages[storage_root(&network->l,
                                          network->l.pieces[step->outs[0]].storage)];
    TRY(cvy_plan_info_get(step->plan, &out->plan));
    out->name = step->node->name;
    out->in_arena = s->kind == STORAGE_ARENA;
    out->offset = (out->in_arena ? s->offset : 0)
        + (size_t)piece_offset(&network->l, step->outs[0]) * cvy_dtype_bytes(s->desc.dtype);
    out->bytes = cvy_desc_bytes(&out->plan.dst);
    out->first = s->first;
    out->last = s->last;
out:
    return st;
}
