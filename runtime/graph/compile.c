// Compiling: the passes over a working graph, then plans, memory and packed weights.
#include "graph/network.h"

// The graph ---------------------------------------------------------------------------------------

static cvy_status prepare_graph(const struct cvy_graph *graph, const cvy_network_options *options,
                                cvy_network *network)
{
    size_t live;
    cvy_status st = CVY_OK;

    network->info.graph_nodes = graph->node_count;
    TRY(unfold(graph, options, &network->graph));
    TRY(mark_live(network->graph, &network->info.expanded_nodes));
    if (options && options->no_fusion)
        return CVY_OK;
    TRY(tidy(network->graph));
    TRY(mark_live(network->graph, &live));
    TRY(fuse(network->graph, options && options->exact));
    st = mark_live(network->graph, &live);
out:
    return st;
}

// Plans -------------------------------------------------------------------------------------------

static cvy_status add_workspace(struct lowered *l, size_t index, size_t bytes)
{
    cvy_desc desc = shape_of(CVY_U8, 1, &(int64_t) { (int64_t)bytes });
    cvy_status st = CVY_OK;

    if (bytes == 0)
        return CVY_OK;
    TRY(storage_add(l, STORAGE_ARENA, &desc, &l->steps[index].workspace));
    l->storages[l->steps[index].workspace].touched = true;
    l->storages[l->steps[index].workspace].first = index;
    l->storages[l->steps[index].workspace].last = index;
out:
    return st;
}

static cvy_status make_plans(cvy_network *network, const cvy_network_options *options)
{
    const cvy_plan_options plan_options = { .exact = options && options->exact };
    struct lowered *l = &network->l;
    double start = clock_seconds();
    cvy_status st = CVY_OK;

    for (size_t i = 0; i < l->step_count; i++) {
        struct step_node *step = &l->steps[i];
        cvy_plan_info info;

        TRY(node_error(step->node, step_plan(network->context, l, step, &plan_options)));
        TRY(cvy_plan_info_get(step->plan, &info));
        network->info.launches += (size_t)info.launches;
        if (!step_prepares(l, step))
            network->info.launches += (size_t)info.prepare_launches;
        network->info.macs += info.macs;
        TRY(add_workspace(l, i, step_prepares(l, step) ? info.workspace
                                                     : info.workspace_unprepared));
        if (options && options->progress
            && !options->progress(options->progress_user, i + 1, l->step_count, step->node->name,
                                  clock_seconds() - start))
            TRY(fail(CVY_ERR_CANCELLED, "the progress callback said stop at step %zu of %zu",
                     i + 1, l->step_count));
    }
    network->info.nodes = l->step_count;
out:
    return st;
}

// Constants ---------------------------------------------------------------------------------------

static cvy_status upload_constants(cvy_network *network, cvy_queue *queue, size_t bytes)
{
    struct lowered *l = &network->l;
    cvy_status st = CVY_OK;

    if (bytes == 0)
        return CVY_OK;
    TRY(cvy_buffer_create(network->context, &(cvy_buffer_params) { .bytes = bytes },
                          &network->constants));
    for (size_t i = 0; i < l->storage_count; i++) {
        const struct storage *s = &l->storages[i];

        if (s->kind == STORAGE_CONSTANT && s->touched && s->bytes)
            TRY(cvy_queue_write(queue, (cvy_tensor) { network->constants, s->offset }, s->data,
                                s->bytes, NULL, NULL));
    }
    network->info.weight_bytes += bytes;
out:
    return st;
}

static cvy_tensor *constant_arg(cvy_args *args, int port)
{
    cvy_tensor *const tensors[PORT_COUNT] = {
        [PORT_WEIGHTS] = &args->weights, [PORT_BIAS] = &args->bias,
        [PORT_WEIGHTS2] = &args->weights2, [PORT_BIAS2] = &args->bias2,
        [PORT_SCALE] = &args->scale, [PORT_MEAN] = &args->mean,
        [PORT_VARIANCE] = &args->variance, [PORT_SLOPE] = &args->slope,
    };

    return tensors[port];
}

// Raw constants go to memory of their own, are packed, and go.
static cvy_status prepare_step(cvy_network *network, cvy_queue *queue, struct step_node *step)
{
    const struct lowered *l = &network->l;
    cvy_buffer *raw[PORT_COUNT] = { NULL };
    cvy_args args = { .src_count = 0 };
    cvy_plan_info info;
    cvy_status st = CVY_OK;

    for (int i = 0; i < PORT_COUNT; i++) {
        const struct storage *s;

        if (!(CONSTANT_PORTS & PORT_BIT(i)) || step->in[i] < 0)
            continue;
        s = &l->storages[l->pieces[step->in[i]].storage];
        TRY(cvy_buffer_create(network->context,
                              &(cvy_buffer_params) { .bytes = MAX(s->bytes, 4) }, &raw[i]));
        *constant_arg(&args, i) = (cvy_tensor) { raw[i], 0 };
        if (s->bytes)
            TRY(cvy_queue_write(queue, (cvy_tensor) { raw[i], 0 }, s->data, s->bytes, NULL, NULL));
    }
    TRY(cvy_plan_prepare(step->plan, queue, &args, &step->weights));
    TRY(cvy_weights_wait(step->weights, -1));
    TRY(cvy_weights_release_raw(step->weights));
    TRY(cvy_plan_info_get(step->plan, &info));
    network->info.weight_bytes += step->weights->memory ? cvy_buffer_bytes(step->weights->memory)
                                                        : 0;
out:
    for (int i = 0; i < PORT_COUNT; i++)
        cvy_buffer_destroy(&raw[i]);
    return st;
}

static cvy_status prepare_constants(cvy_network *network, size_t bytes)
{
    cvy_queue *queue = NULL;
    cvy_status st = CVY_OK;

    TRY(cvy_queue_create(network->context, NULL, &queue));
    TRY(upload_constants(network, queue, bytes));
    for (size_t i = 0; i < network->l.step_count; i++)
        if (step_prepares(&network->l, &network->l.steps[i]))
            TRY(node_error(network->l.steps[i].node,
                           prepare_step(network, queue, &network->l.steps[i])));
    st = cvy_queue_finish(queue);
out:
    cvy_queue_destroy(&queue);
    return st;
}

// Ports -------------------------------------------------------------------------------------------

static cvy_status port_open(const struct cvy_network *network, const struct graph_port *from,
                            int piece, struct network_port *out)
{
    cvy_status st = string_copy(from->name, &out->name);

    out->piece = piece;
    out->desc = piece_desc(&network->l, piece);
    out->bytes = cvy_desc_bytes(&out->desc);
    if (graph_value(network->graph, from->value)->desc.rank == 0)
        out->desc.rank = 0;
    return st;
}

static cvy_status open_ports(cvy_network *network)
{
    const struct port_list *in = &network->graph->inputs, *outs = &network->graph->outputs;
    cvy_status st = CVY_OK;

    TRY(zalloc((in->count + 1) * sizeof *network->inputs, &network->inputs));
    TRY(zalloc((outs->count + 1) * sizeof *network->outputs, &network->outputs));
    for (size_t i = 0; i < in->count; i++)
        if (network->l.inputs[i] >= 0) {
            int root = network->l.pieces[network->l.inputs[i]].storage;

            network->l.storages[root].index = network->input_count;
            TRY(port_open(network, &in->items[i], network->l.inputs[i],
                          &network->inputs[network->input_count++]));
        }
    for (size_t i = 0; i < outs->count; i++)
        TRY(port_open(network, &outs->items[i], network->l.outputs[i],
                      &network->outputs[network->output_count++]));
    network->info.inputs = network->input_count;
    network->info.outputs = network->output_count;
out:
    return st;
}

// Contents of constants are on the device now.
static void forget_data(struct cvy_graph *graph)
{
    for (size_t i = 0; i < graph->value_count; i++) {
        if (graph->values[i].owns_data)
            free(graph->values[i].data);
        graph->values[i].data = NULL;
    }
}

static cvy_status check_options(const cvy_network_options *options)
{
    if (!options)
        return CVY_OK;
    if (options->input_count && !options->inputs)
        return fail(CVY_ERR_ARGUMENT, "options.inputs is NULL; options.input_count is %zu",
                    options->input_count);
    if ((unsigned)options->layout > CVY_NHWC || (unsigned)options->output_layout > CVY_NHWC)
        return fail(CVY_ERR_ARGUMENT, "options.%s is %d; it must be 0, CVY_NCHW or CVY_NHWC",
                    (unsigned)options->layout > CVY_NHWC ? "layout" : "output_layout",
                    (unsigned)options->layout > CVY_NHWC ? (int)options->layout
                                                         : (int)options->output_layout);
    return CVY_OK;
}

cvy_status cvy_graph_compile(const cvy_graph *graph, cvy_context *context,
                             const cvy_network_options *options, cvy_network **out)
{
    cvy_network *network = NULL;
    size_t constant_bytes;
    cvy_status st = CVY_OK;

    CHECK_POINTER(out);
    *out = NULL;
    CHECK_HANDLE(graph, MAGIC_GRAPH);
    TRY(context_check(context));
    if (graph->outputs.count == 0)
        TRY(fail(CVY_ERR_STATE, "the graph has no outputs"));
    TRY(check_options(options));
    TRY(zalloc(sizeof *network, &network));
    network->magic = MAGIC_NETWORK;
    network->context = context;
    context_retain(context);
    TRY(prepare_graph(graph, options, network));
    TRY(lower(network->graph, options, &network->l));
    TRY(make_plans(network, options));
    TRY(place_storages(&network->l, &network->info.arena_bytes, &constant_bytes));
    network->info.intermediate_bytes = (size_t)network->l.intermediate_bytes;
    TRY(prepare_constants(network, constant_bytes));
    TRY(open_ports(network));
    forget_data(network->graph);
    *out = network;
    network = NULL;
out:
    cvy_network_destroy(&network);
    return st;
}

static void ports_free(struct network_port *ports, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(ports[i].name);
    free(ports);
}

void cvy_network_destroy(cvy_network **network)
{
    cvy_network *n = network ? *network : NULL;

    if (!n || !MAGIC_OK(n, MAGIC_NETWORK))
        return;
    *network = NULL;
    lowered_close(&n->l);
    cvy_buffer_destroy(&n->constants);
    cvy_graph_destroy(&n->graph);
    ports_free(n->inputs, n->input_count);
    ports_free(n->outputs, n->output_count);
    context_release(n->context);
    n->magic = MAGIC_DEAD;
    free(n);
}
