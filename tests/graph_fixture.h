// What the tests of graphs start from: a graph, shapes in short, and a run with buffers of its own.
// Public API only; comes after plan_fixture.h or cl_fixture.h, whose context and queue it uses.
#ifndef CONVOY_TESTS_GRAPH_FIXTURE_H
#define CONVOY_TESTS_GRAPH_FIXTURE_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

static cvy_graph *graph;
static cvy_network *network;

enum { PORTS = 8 };             // inputs or outputs of a network here, at most

// "2x3" is a shape, "" a scalar.
static inline cvy_desc shaped(cvy_dtype dtype, const char *text)
{
    cvy_desc desc = { .dtype = dtype, .layout = CVY_PLAIN };

    for (char *end; *text; text = *end ? end + 1 : end)
        desc.size[desc.rank++] = strtoll(text, &end, 10);
    return desc;
}

static inline cvy_value input(const char *name, const char *shape)
{
    cvy_value value = 0;

    OK(cvy_graph_input(graph, &(cvy_graph_input_params) { .name = name,
                       .desc = shaped(CVY_F32, shape) }, &value));
    return value;
}

static inline cvy_value constant(cvy_dtype dtype, const char *shape, const void *data)
{
    cvy_desc desc = shaped(dtype, shape);
    cvy_value value = 0;

    OK(cvy_graph_constant(graph, NULL, &desc, data, &value));
    return value;
}

// Multiples of 1/8 from -1 to 1 in no order, the same for each seed.
static inline float number(uint32_t seed, size_t i)
{
    uint32_t x = (uint32_t)i * 2654435761u + seed * 40503u + 12345u;

    x ^= x >> 15;
    x *= 2246822519u;
    x ^= x >> 13;
    return (float)((int)(x % 17) - 8) / 8.0f;
}

static inline float *numbers(size_t count, uint32_t seed)
{
    float *values = malloc((count + 1) * sizeof *values);

    cr_assert(values);
    for (size_t i = 0; i < count; i++)
        values[i] = number(seed, i);
    return values;
}

static inline size_t elements_of(const cvy_desc *desc)
{
    size_t count = 1;

    for (int i = 0; i < desc->rank; i++)
        count *= (size_t)desc->size[i];
    return count;
}

static inline cvy_value weights_of(const char *shape, uint32_t seed)
{
    cvy_desc desc = shaped(CVY_F32, shape);
    float *data = numbers(elements_of(&desc), seed);
    cvy_value value = constant(CVY_F32, shape, data);

    free(data);
    return value;
}

static inline void output(const char *name, cvy_value value)
{
    OK(cvy_graph_output(graph, name, value));
}

static inline void new_graph(void)
{
    cvy_network_destroy(&network);
    cvy_graph_destroy(&graph);
    OK(cvy_graph_create(&graph));
}

static inline cvy_network_info compile(const cvy_network_options *options)
{
    cvy_network_info info;

    cvy_network_destroy(&network);
    OK(cvy_graph_compile(graph, context, options, &network));
    OK(cvy_network_info_get(network, &info));
    return info;
}

// Memory of a network's inputs and outputs.
struct tensors {
    cvy_tensor in[PORTS], out[PORTS];
    size_t in_bytes[PORTS], out_bytes[PORTS];
    size_t inputs, outputs;
};

// Inputs hold numbers(count, 100 + i), outputs NaNs.
static inline void tensors_open(const cvy_network *of, struct tensors *t)
{
    cvy_network_info info;
    cvy_network_port port;

    memset(t, 0, sizeof *t);
    OK(cvy_network_info_get(of, &info));
    t->inputs = info.inputs;
    t->outputs = info.outputs;
    for (size_t i = 0; i < info.inputs + info.outputs; i++) {
        bool in = i < info.inputs;
        size_t k = in ? i : i - info.inputs;
        cvy_tensor *tensor = in ? &t->in[k] : &t->out[k];
        float *data;

        OK(in ? cvy_network_input_get(of, k, &port) : cvy_network_output_get(of, k, &port));
        *(in ? &t->in_bytes[k] : &t->out_bytes[k]) = port.bytes;
        if (port.bytes == 0)
            continue;
        data = numbers(port.bytes / 4 + 1, 100 + (uint32_t)k);
        if (!in)
            memset(data, 0xff, port.bytes);
        OK(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = port.bytes },
                             &tensor->buffer));
        OK(cvy_queue_write(queue, *tensor, data, port.bytes, NULL, NULL));
        free(data);
    }
}

static inline void tensors_close(struct tensors *t)
{
    for (size_t i = 0; i < PORTS; i++) {
        cvy_buffer_destroy(&t->in[i].buffer);
        cvy_buffer_destroy(&t->out[i].buffer);
    }
}

static inline void *tensor_read(cvy_tensor tensor, size_t bytes)
{
    void *data = malloc(bytes + 1);

    if (bytes)
        OK(cvy_queue_read(queue, tensor, data, bytes, NULL, NULL));
    return data;
}

// Runs the network once; output i is the caller's to free.
static inline void run_network(void *out[PORTS])
{
    struct tensors t;

    tensors_open(network, &t);
    OK(cvy_network_enqueue(network, queue, t.in, t.out, NULL, NULL));
    for (size_t i = 0; i < t.outputs; i++)
        out[i] = tensor_read(t.out[i], t.out_bytes[i]);
    OK(cvy_queue_finish(queue));
    tensors_close(&t);
}

// Outputs of two ways to compile the network.
static inline void compare_outputs(const char *label, void *const a[PORTS], void *const b[PORTS])
{
    cvy_network_info info;
    cvy_network_port port;

    OK(cvy_network_info_get(network, &info));
    for (size_t i = 0; i < info.outputs; i++) {
        const float *got = a[i], *want = b[i];
        float most = 0.0f;

        OK(cvy_network_output_get(network, i, &port));
        for (size_t k = 0; k < port.bytes / 4; k++)
            most = fmaxf(most, fabsf(want[k]));
        for (size_t k = 0; k < port.bytes / 4; k++)
            if (!(fabsf(got[k] - want[k]) <= 2e-5f * most)) {
                cr_expect(false, "%s: output %zu, element %zu is %g, not %g", label, i, k,
                          (double)got[k], (double)want[k]);
                break;
            }
    }
}

static inline void show_steps(const char *label)
{
    cvy_network_step step;

    for (size_t i = 0; cvy_network_step_get(network, i, &step) == CVY_OK; i++)
        cr_log_warn("%s: step %zu is \"%s\", %s", label, i, step.name, step.plan.spec);
}

static inline void close_graph(void)
{
    cvy_network_destroy(&network);
    cvy_graph_destroy(&graph);
}

#endif
