// Networks on a device: built as graphs, run, and compared with what the reference says.
#include "graph_net.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Of a tensor's largest value. Winograd's algorithms, which may be chosen, are the worst.
static const double tolerance = 1e-4, noise_factor = 30.0;

struct running {
    const struct net *net;
    const struct net_options *options;
    cvy_context *context;
    cvy_queue *queue;
    cvy_graph *graph;
    cvy_network *network;
    cvy_value ids[NET_VALUES + 1];
    int inputs[NET_VALUES];             // value of each input of the graph
    cvy_network_input given[NET_VALUES];
    char names[NET_VALUES][16];
    int input_count;
    cvy_tensor in[NET_VALUES], out[NET_OUTPUTS];
    char *sent[NET_VALUES];             // what each input's buffer holds
    char text[1024];                    // what went wrong first
};

static void wrong(struct running *r, const char *format, ...)
{
    va_list args;

    if (r->text[0])
        return;
    va_start(args, format);
    vsnprintf(r->text, sizeof r->text, format, args);
    va_end(args);
}

#define TRY_CALL(r, call)                                                                   \
    do {                                                                                    \
        cvy_status got_ = (call);                                                           \
        if (got_ != CVY_OK) {                                                               \
            wrong(r, "%s gives %s: %s", #call, cvy_status_name(got_), cvy_error_text());    \
            return false;                                                                   \
        }                                                                                   \
    } while (0)

// Elements ----------------------------------------------------------------------------------------

static void element_put(cvy_dtype dtype, void *to, int64_t i, double x)
{
    switch (dtype) {
    case CVY_I32: ((int32_t *)to)[i] = (int32_t)x; break;
    case CVY_I64: ((int64_t *)to)[i] = (int64_t)x; break;
    default: ((float *)to)[i] = (float)x;
    }
}

static double element_get(cvy_dtype dtype, const void *from, int64_t i)
{
    uint64_t bits = 0;

    memcpy(&bits, (const char *)from + (size_t)i * cvy_dtype_bytes(dtype), cvy_dtype_bytes(dtype));
    return ref_value_of(dtype, bits);
}

// Strides in a layout, `gap` elements longer than needed on each axis.
static void strides_of(const struct ref_shape *shape, bool nhwc, int64_t gap, int64_t *stride)
{
    int64_t next = 1;

    if (nhwc) {
        stride[1] = 1;
        next = shape->size[1] + gap;
    }
    for (int i = shape->rank - 1; i >= 0; i--) {
        if (nhwc && i == 1)
            continue;
        stride[i] = next;
        next = next * shape->size[i] + gap;
    }
}

// Where element i in N, C, spatial order lies.
static int64_t place_of(const struct ref_shape *shape, const int64_t *stride, int64_t i)
{
    int64_t place = 0;

    for (int a = shape->rank - 1; a >= 0; a--) {
        place += i % shape->size[a] * stride[a];
        i /= shape->size[a];
    }
    return place;
}

static void *dense_data(const struct net_value *value)
{
    int64_t count = ref_count(&value->shape);
    void *data = ref_alloc((size_t)count * cvy_dtype_bytes(value->dtype));

    for (int64_t i = 0; i < count; i++)
        element_put(value->dtype, data, i, value->data[i]);
    return data;
}

// The graph ---------------------------------------------------------------------------------------

static bool is_map(const struct net_value *value)
{
    return value->shape.rank >= 3 && value->shape.rank <= 5;
}

static bool add_input(struct running *r, int number)
{
    const struct net_value *value = &r->net->values[number];
    int i = r->input_count++, style = r->options->input_style[i % 4];
    cvy_network_input *given = &r->given[i];
    cvy_desc desc = { .dtype = value->dtype, .rank = value->shape.rank };

    memcpy(desc.size, value->shape.size, sizeof desc.size);
    snprintf(r->names[i], sizeof r->names[i], "in%d", number);
    r->inputs[i] = number;
    given->name = r->names[i];
    given->desc = desc;
    if (is_map(value) || (value->shape.rank == 2 && i % 2))
        given->desc.layout = style & 1 ? CVY_NHWC : CVY_NCHW;
    if (value->shape.rank > 0)
        strides_of(&value->shape, is_map(value) && style & 1, style & 2 ? 3 : 0,
                   given->desc.stride);
    if (i % 2 && desc.rank > 0)
        desc.size[desc.rank - 1] = CVY_ANY_SIZE;
    TRY_CALL(r, cvy_graph_input(r->graph, &(cvy_graph_input_params) { .name = r->names[i],
                                .desc = desc }, &r->ids[number]));
    return true;
}

static bool add_constant(struct running *r, int number)
{
    const struct net_value *value = &r->net->values[number];
    cvy_desc desc = { .dtype = value->dtype, .rank = value->shape.rank };
    void *data = dense_data(value);
    cvy_status st;

    memcpy(desc.size, value->shape.size, sizeof desc.size);
    st = cvy_graph_constant(r->graph, NULL, &desc, data, &r->ids[number]);
    free(data);
    TRY_CALL(r, st);
    return true;
}

#define ADD(which, name, field)                                                             \
    case REF_##which: return cvy_graph_##name(g, &p->field, node, out)

static cvy_status add_operator(cvy_graph *g, const struct net_op *op, const cvy_node *node,
                               cvy_value out[2])
{
    const struct ref_problem *p = &op->problem;

    if (op->kind == NET_RESHAPE)
        return cvy_graph_reshape(g, &op->reshape, node, out);
    if (op->kind == NET_EXPAND)
        return cvy_graph_expand(g, &op->reshape, node, out);
    switch (p->op) {
    ADD(CONV, conv, conv);
    ADD(CONV_TRANSPOSE, conv_transpose, conv_transpose);
    ADD(MAX_UNPOOL, max_unpool, max_unpool);
    ADD(LINEAR, linear, linear);
    ADD(ACTIVATION, activation, activation);
    ADD(CONCAT, concat, concat);
    ADD(SOFTMAX, softmax, softmax);
    ADD(BATCH_NORM, batch_norm, batch_norm);
    ADD(INSTANCE_NORM, instance_norm, instance_norm);
    ADD(LRN, lrn, lrn);
    ADD(UNARY, unary, unary);
    ADD(BINARY, binary, binary);
    ADD(WHERE, where, where);
    ADD(CAST, cast, cast);
    ADD(PAD, pad, pad);
    ADD(SLICE, slice, slice);
    ADD(TRANSPOSE, transpose, transpose);
    ADD(DEPTH_TO_SPACE, depth_to_space, block);
    ADD(SPACE_TO_DEPTH, space_to_depth, block);
    ADD(GATHER, gather, gather);
    ADD(REDUCE, reduce, reduce);
    ADD(RESIZE, resize, resize);
    ADD(MATMUL, matmul, matmul);
    default:
        return cvy_graph_pool(g, &p->pool, node, &out[0], op->outs[1] ? &out[1] : NULL);
    }
}

static bool add_op(struct running *r, const struct net_op *op)
{
    cvy_value srcs[NET_SOURCES], outs[2] = { 0 };
    const int *in = op->in;
    char name[32];
    cvy_node node = {
        .name = name, .src = r->ids[in[NET_SRC]], .src2 = r->ids[in[NET_SRC2]],
        .weights = r->ids[in[NET_WEIGHTS]], .bias = r->ids[in[NET_BIAS]],
        .scale = r->ids[in[NET_SCALE]], .mean = r->ids[in[NET_MEAN]],
        .variance = r->ids[in[NET_VARIANCE]], .slope = r->ids[in[NET_SLOPE]],
        .residual = r->ids[in[NET_RESIDUAL]], .indices = r->ids[in[NET_INDICES]] };

    snprintf(name, sizeof name, "%%%d", op->outs[0]);
    for (int i = 0; i < op->src_count; i++)
        srcs[i] = r->ids[op->srcs[i]];
    if (op->src_count) {
        node.srcs = srcs;
        node.src_count = (size_t)op->src_count;
    }
    TRY_CALL(r, add_operator(r->graph, op, &node, outs));
    r->ids[op->outs[0]] = outs[0];
    if (op->outs[1])
        r->ids[op->outs[1]] = outs[1];
    return true;
}

static bool build(struct running *r)
{
    TRY_CALL(r, cvy_graph_create(&r->graph));
    for (int i = 1; i <= r->net->value_count; i++)
        if (r->net->values[i].from != NET_MADE
            && !(r->net->values[i].from == NET_INPUT ? add_input(r, i) : add_constant(r, i)))
            return false;
    for (int i = 0; i < r->net->op_count; i++)
        if (!r->net->ops[i].cut && !add_op(r, &r->net->ops[i]))
            return false;
    for (int i = 0; i < r->net->output_count; i++) {
        char name[16];

        snprintf(name, sizeof name, "out%d", i);
        TRY_CALL(r, cvy_graph_output(r->graph, name, r->ids[r->net->outputs[i]]));
    }
    return true;
}

static bool compile(struct running *r)
{
    cvy_network_options options = {
        .inputs = r->given, .input_count = (size_t)r->input_count,
        .no_fusion = r->options->no_fusion, .layout = r->options->inside,
        .output_layout = r->options->output };

    TRY_CALL(r, cvy_graph_compile(r->graph, r->context, &options, &r->network));
    cvy_graph_destroy(&r->graph);       // the network needs it no more
    return true;
}

// Runs --------------------------------------------------------------------------------------------

enum { GUARD = 256 };                   // bytes in front of and behind each tensor
static const char filling = (char)0xff; // a NaN, as a float

static bool open_tensor(struct running *r, size_t bytes, char *contents, cvy_tensor *out)
{
    size_t all = bytes + 2 * GUARD;

    TRY_CALL(r, cvy_buffer_create(r->context, &(cvy_buffer_params) { .bytes = all },
                                  &out->buffer));
    out->offset = GUARD;
    TRY_CALL(r, cvy_queue_write(r->queue, (cvy_tensor) { out->buffer, 0 }, contents, all, NULL,
                                NULL));
    return true;
}

static bool send_inputs(struct running *r)
{
    for (int i = 0; i < r->input_count; i++) {
        const struct net_value *value = &r->net->values[r->inputs[i]];
        cvy_network_port port;

        TRY_CALL(r, cvy_network_input_get(r->network, (size_t)i, &port));
        if (strcmp(port.name, r->names[i]) != 0)
            wrong(r, "input %d is called \"%s\"", i, port.name);
        r->sent[i] = ref_alloc(port.bytes + 2 * GUARD);
        memset(r->sent[i], filling, port.bytes + 2 * GUARD);
        for (int64_t k = 0; k < ref_count(&value->shape); k++)
            element_put(value->dtype, r->sent[i] + GUARD,
                        place_of(&value->shape, r->given[i].desc.stride, k), value->data[k]);
        if (!open_tensor(r, port.bytes, r->sent[i], &r->in[i]))
            return false;
    }
    return true;
}

static bool open_outputs(struct running *r)
{
    for (int i = 0; i < r->net->output_count; i++) {
        cvy_network_port port;
        char *contents;
        bool fine;

        TRY_CALL(r, cvy_network_output_get(r->network, (size_t)i, &port));
        contents = ref_alloc(port.bytes + 2 * GUARD);
        memset(contents, filling, port.bytes + 2 * GUARD);
        fine = open_tensor(r, port.bytes, contents, &r->out[i]);
        free(contents);
        if (!fine)
            return false;
    }
    return true;
}

static double worst_noise(const struct net_value *value)
{
    double worst = 0.0;

    for (int64_t i = 0; i < ref_count(&value->shape); i++)
        worst = fmax(worst, fabs(value->data[i] - value->noisy[i]));
    return worst;
}

static void compare(struct running *r, int i, const char *got)
{
    const struct net_value *value = &r->net->values[r->net->outputs[i]];
    double allowed = value->dtype != CVY_F32 ? 0.0
        : tolerance * value->range + noise_factor * worst_noise(value);
    int64_t stride[CVY_MAX_RANK] = { 0 };

    strides_of(&value->shape, is_map(value) && r->options->output == CVY_NHWC, 0, stride);
    for (int64_t k = 0; k < ref_count(&value->shape); k++) {
        double x = element_get(value->dtype, got + GUARD, place_of(&value->shape, stride, k));

        if (!(fabs(x - value->data[k]) <= allowed))
            wrong(r, "output %d (%%%d): element %lld is %g, not %g (+- %.2g)", i,
                  r->net->outputs[i], (long long)k, x, value->data[k], allowed);
    }
}

static bool check_output(struct running *r, int i)
{
    const struct net_value *value = &r->net->values[r->net->outputs[i]];
    size_t bytes = (size_t)ref_count(&value->shape) * cvy_dtype_bytes(value->dtype);
    cvy_network_port port;
    char *got;
    cvy_status st;

    TRY_CALL(r, cvy_network_output_get(r->network, (size_t)i, &port));
    if (port.bytes != bytes || port.desc.rank != value->shape.rank
        || port.desc.dtype != value->dtype
        || memcmp(port.desc.size, value->shape.size, (size_t)port.desc.rank * sizeof(int64_t)))
        wrong(r, "output %d has another shape than it should", i);
    got = ref_alloc(port.bytes + 2 * GUARD);
    st = cvy_queue_read(r->queue, (cvy_tensor) { r->out[i].buffer, 0 }, got,
                        port.bytes + 2 * GUARD, NULL, NULL);
    if (st == CVY_OK && !r->text[0])
        compare(r, i, got);
    for (int k = 0; k < GUARD; k++)
        if (got[k] != filling || got[GUARD + port.bytes + (size_t)k] != filling)
            wrong(r, "output %d: memory around it was written", i);
    free(got);
    TRY_CALL(r, st);
    return true;
}

static bool check_input(struct running *r, int i)
{
    size_t bytes = cvy_buffer_bytes(r->in[i].buffer);
    char *got = ref_alloc(bytes);
    cvy_status st = cvy_queue_read(r->queue, (cvy_tensor) { r->in[i].buffer, 0 }, got, bytes, NULL,
                                   NULL);

    if (st == CVY_OK && memcmp(got, r->sent[i], bytes) != 0)
        wrong(r, "input %d was written", i);
    free(got);
    TRY_CALL(r, st);
    return true;
}

static bool run(struct running *r)
{
    cvy_network_info info;

    TRY_CALL(r, cvy_network_info_get(r->network, &info));
    if (info.inputs != (size_t)r->input_count || info.outputs != (size_t)r->net->output_count)
        wrong(r, "%zu inputs and %zu outputs", info.inputs, info.outputs);
    if (!send_inputs(r) || !open_outputs(r))
        return false;
    TRY_CALL(r, cvy_network_enqueue(r->network, r->queue, r->in, r->out, NULL, NULL));
    for (int i = 0; i < r->net->output_count; i++)
        if (!check_output(r, i))
            return false;
    for (int i = 0; i < r->input_count; i++)
        if (!check_input(r, i))
            return false;
    return true;
}

static void print_steps(const struct running *r)
{
    cvy_network_info info;
    cvy_network_step step;

    if (!r->network || cvy_network_info_get(r->network, &info) != CVY_OK)
        return;
    for (size_t i = 0; i < info.nodes && cvy_network_step_get(r->network, i, &step) == CVY_OK; i++)
        fprintf(stderr, "  step %zu: %s: %s; %s %zu+%zu, kept %zu to %zu\n", i, step.name,
                step.plan.spec, step.in_arena ? "arena" : "output", step.offset, step.bytes,
                step.first, step.last);
}

static const char *check(const struct net *net, const struct net_options *options,
                         cvy_context *context, cvy_queue *queue, bool print)
{
    static struct running r;

    memset(&r, 0, sizeof r);
    r = (struct running) { .net = net, .options = options, .context = context, .queue = queue };
    if (build(&r) && compile(&r))
        run(&r);
    if (print)
        print_steps(&r);
    cvy_network_destroy(&r.network);
    cvy_graph_destroy(&r.graph);
    cvy_queue_finish(queue);
    for (int i = 0; i < r.input_count; i++) {
        cvy_buffer_destroy(&r.in[i].buffer);
        free(r.sent[i]);
    }
    for (int i = 0; i < net->output_count; i++)
        cvy_buffer_destroy(&r.out[i].buffer);
    return r.text;
}

const char *net_check(const struct net *net, const struct net_options *options,
                      cvy_context *context, cvy_queue *queue)
{
    return check(net, options, context, queue, false);
}

// Shrinking ---------------------------------------------------------------------------------------

static bool uses(const struct net_op *op, int value)
{
    for (int i = 0; i < NET_PORTS; i++)
        if (op->in[i] == value)
            return true;
    for (int i = 0; i < op->src_count; i++)
        if (op->srcs[i] == value)
            return true;
    return false;
}

static bool is_needed(const struct net *net, int value)
{
    for (int i = 0; i < net->output_count; i++)
        if (net->outputs[i] == value)
            return true;
    for (int i = 0; i < net->op_count; i++)
        if (!net->ops[i].cut && uses(&net->ops[i], value))
            return true;
    return false;
}

// What nothing needs is neither an operator nor an input.
static void drop_unneeded(struct net *net)
{
    for (int i = net->op_count - 1; i >= 0; i--) {
        struct net_op *op = &net->ops[i];

        if (!is_needed(net, op->outs[0]) && !(op->outs[1] && is_needed(net, op->outs[1])))
            op->cut = true;
    }
    for (int i = 1; i <= net->value_count; i++)
        if (net->values[i].from != NET_MADE && !is_needed(net, i))
            net->values[i].from = NET_MADE;
}

// The operator's output becomes an input.
static bool cut(struct net *net, int i)
{
    struct net_value *value = &net->values[net->ops[i].outs[0]];

    if (value->dtype != CVY_F32 || net->ops[i].outs[1])
        return false;
    net->ops[i].cut = true;
    value->from = NET_INPUT;
    drop_unneeded(net);
    return true;
}

static bool drop_output(struct net *net, int i)
{
    if (net->output_count < 2)
        return false;
    net->output_count--;
    memmove(&net->outputs[i], &net->outputs[i + 1],
            (size_t)(net->output_count - i) * sizeof net->outputs[0]);
    drop_unneeded(net);
    return true;
}

void net_shrink(struct net *net, const struct net_options *options, cvy_context *context,
                cvy_queue *queue)
{
    struct net *before = malloc(sizeof *before);
    bool smaller = before != NULL;

    while (smaller) {
        smaller = false;
        for (int i = 0; i < net->output_count + net->op_count; i++) {
            int op = i - net->output_count;
            bool changed;

            if (op >= 0 && net->ops[op].cut)
                continue;
            memcpy(before, net, sizeof *before);
            changed = op < 0 ? drop_output(net, i) : cut(net, op);
            if (changed && check(net, options, context, queue, false)[0])
                smaller = true;
            else
                memcpy(net, before, sizeof *before);
        }
    }
    free(before);
    check(net, options, context, queue, true);
}
