// A network of the bench: loaded, compiled, run on its example, compared, measured.
#include "bench_nets.h"
#include "model_inputs.h"
#include "npy.h"
#include "values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_PATH = 1024 };

// Of an output's range: what rounding through many layers leaves.
static const double most_difference = 1e-3;

struct net {
    struct model model;
    struct model_place place;
    struct model_inputs inputs;
    char stem[MOST_PATH];       // the path without .onnx
    bool has_example;
};

static bool run_net(void *state, int calls)
{
    struct net *net = state;
    cvy_status st = CVY_OK;

    for (int i = 0; st == CVY_OK && i < calls; i++) {
        st = model_enqueue(&net->model, &net->place, NULL);
    }
    return st == CVY_OK && cvy_queue_finish(net->place.queue) == CVY_OK;
}

// The plan's and the queue's memory is its owner's: nothing to close with the side.
static void leave_net(void **state)
{
    *state = NULL;
}

// Files beside the model --------------------------------------------------------------------------

static bool name_file(const struct net *net, const char *end, char path[MOST_PATH])
{
    return snprintf(path, MOST_PATH, "%.900s.%s", net->stem, end) < MOST_PATH &&
           access(path, R_OK) == 0;
}

static void set_stem(struct net *net, const char *path)
{
    size_t length = strlen(path);

    if (length > 5 && strcmp(path + length - 5, ".onnx") == 0) {
        length -= 5;
    }
    snprintf(net->stem, sizeof net->stem, "%.*s", (int)length, path);
}

// Values ------------------------------------------------------------------------------------------

// Random floats; an index or a condition is 0.
static void *random_values(const cvy_network_port *port)
{
    float *values = calloc(port->bytes + sizeof(float), 1);
    uint32_t state = 1;

    for (size_t i = 0; values != NULL && port->desc.dtype == CVY_F32 &&
         i < port->bytes / sizeof *values; i++) {
        state = state * 1664525u + 1013904223u;     // Numerical Recipes' generator
        values[i] = (float)(int32_t)state * 0x1p-31f;
    }
    return values;
}

static cvy_status write_input(struct net *net, const cvy_network_port *port)
{
    char path[MOST_PATH], error[NPY_ERROR];
    struct npy npy = { 0 };
    void *values = NULL;
    cvy_status st = CVY_ERR_NOMEM_HOST;

    if (net->model.info.inputs == 1 && name_file(net, "input.npy", path) &&
        npy_load(path, &npy, error) && npy.bytes == port->bytes &&
        npy.desc.dtype == port->desc.dtype) {
        net->has_example = true;
    } else {
        values = random_values(port);
    }
    if (net->has_example || values != NULL) {
        st = model_write(&net->model, &net->place, port->name,
                         net->has_example ? npy.data : values, NULL);
    }
    npy_free(&npy);
    free(values);
    return st;
}

// Largest error as a share of the range of what is expected; without it: 0 if all are numbers.
static double difference(const cvy_network_port *port, const void *got, const struct npy *want)
{
    double least = INFINITY, most = -INFINITY, worst = 0.0;
    size_t count = port->bytes / cvy_dtype_bytes(port->desc.dtype);

    for (size_t i = 0; i < count; i++) {
        double value = value_at(port->desc.dtype, got, i);
        double right = want != NULL ? value_at(port->desc.dtype, want->data, i) : value;

        if (!isfinite(value)) {
            return INFINITY;
        }
        worst = fmax(worst, fabs(value - right));
        least = fmin(least, right);
        most = fmax(most, right);
    }
    return worst == 0.0 ? 0.0 : worst / (most - least);
}

static bool compare_output(struct net *net, size_t i, double *worst)
{
    const cvy_network_port *port = &net->model.outputs[i].port;
    char end[48], path[MOST_PATH], error[NPY_ERROR];
    struct npy npy = { 0 };
    void *got;
    bool known;

    if (model_read(&net->model, &net->place, i, &got, NULL) != CVY_OK) {
        return false;
    }
    snprintf(end, sizeof end, "output%zu.npy", i);
    known = net->has_example && name_file(net, end, path) && npy_load(path, &npy, error) &&
            npy.bytes == port->bytes && npy.desc.dtype == port->desc.dtype;
    *worst = fmax(*worst, difference(port, got, known ? &npy : NULL));
    npy_free(&npy);
    free(got);
    return true;
}

// Rows --------------------------------------------------------------------------------------------

static int load(struct net *net, const char *path)
{
    char missing[MODEL_INPUTS_TEXT], example[MOST_PATH];
    cvy_status st = model_load(path, &net->model);
    int status = st == CVY_OK ? TOOL_DONE : tool_failed(path, st);

    if (status == TOOL_DONE && model_inputs_missing(&net->inputs, &net->model, missing)) {
        if (net->model.graph_info.inputs != 1 || !name_file(net, "input.npy", example)) {
            tool_error("bench: %s: %s, or %s.input.npy beside it", path, missing, net->stem);
            return TOOL_BAD_INPUT;
        }
        status = model_inputs_take(&net->inputs, "bench", &net->model, example);
    }
    return status;
}

static cvy_status prepare(struct net *net, cvy_layout layout)
{
    const cvy_network_options options = { .inputs = net->inputs.list,
                                          .input_count = net->inputs.count, .layout = layout };
    cvy_status st = model_compile(&net->model, &net->place, &options);

    for (size_t i = 0; st == CVY_OK && i < net->model.info.inputs; i++) {
        st = write_input(net, &net->model.inputs[i].port);
    }
    return st;
}

static double bytes_of(const struct model *model)
{
    double bytes = (double)model->info.weight_bytes;

    for (size_t i = 0; i < model->info.inputs; i++) {
        bytes += (double)model->inputs[i].port.bytes;
    }
    for (size_t i = 0; i < model->info.outputs; i++) {
        bytes += (double)model->outputs[i].port.bytes;
    }
    return bytes;
}

static bool keep(struct bench_run *run, const struct net *net, cvy_layout layout,
                 const struct bench_side *side, bool right)
{
    struct bench_result *r = bench_run_add(run);
    const char *slash = strrchr(net->stem, '/');
    const char *name = slash != NULL ? slash + 1 : net->stem;

    if (r == NULL) {
        return false;
    }
    snprintf(r->name, sizeof r->name, "%.63s", name);
    snprintf(r->spec, sizeof r->spec, "%.200s%s", name, layout == CVY_NHWC ? " nhwc" :
             layout == CVY_NCHW ? " nchw" : "");
    snprintf(r->algorithm, sizeof r->algorithm, "%zu launches%s", net->model.info.launches,
             net->has_example ? "" : ", outputs not compared");
    r->taps = (double)net->model.info.macs;
    r->bytes = bytes_of(&net->model);
    r->right = right;
    bench_run_keep_side(run, r, side);
    return true;
}

static int measure(struct bench_run *run, struct net *net, cvy_layout layout)
{
    struct bench_side *side = calloc(1, sizeof *side);
    double worst = 0.0;
    bool good = side != NULL && run_net(net, 1);

    for (size_t i = 0; good && i < net->model.info.outputs; i++) {
        good = compare_output(net, i, &worst);
    }
    if (good) {
        *side = (struct bench_side) { .name = "convoy", .state = net, .run = run_net,
                                      .close = leave_net, .cores = run->place.cores,
                                      .difference = worst };
        snprintf(side->how, sizeof side->how, "%zu launches", net->model.info.launches);
        good = bench_run_measure(run, side, 1) &&
               keep(run, net, layout, side, worst <= most_difference);
    }
    free(side);
    if (!good) {
        tool_error("bench: %s: %s", net->stem, cvy_error_text());
    } else if (worst > most_difference) {
        tool_error("bench: %s: an output is wrong by %.3g of its range", net->stem, worst);
    }
    return good ? TOOL_DONE : TOOL_CHECK_FAILED;
}

int bench_net(struct bench_run *run, const char *path, cvy_layout layout)
{
    struct net *net = calloc(1, sizeof *net);
    int status;

    if (net == NULL) {
        return tool_failed("bench", CVY_ERR_NOMEM_HOST);
    }
    net->place = (struct model_place) { run->place.context, run->place.queue, run->place.device };
    set_stem(net, path);
    status = load(net, path);
    if (status == TOOL_DONE) {
        cvy_status st = prepare(net, layout);

        status = st == CVY_OK ? measure(run, net, layout) : tool_failed(path, st);
    }
    model_inputs_free(&net->inputs);
    model_close(&net->model);
    free(net);
    return status;
}
