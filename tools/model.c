// A model on a device: loading, compiling, memory, one run.
#include "model.h"
#include "wisdom.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double quiet_seconds = 2.0;    // of compiling, when nobody watches a terminal

cvy_status model_place_open(const struct model_place_params *params, struct model_place *out)
{
    char path[WISDOM_PATH];
    const cvy_context_params context = { .device = tool_device(params->device),
                                         .compile = params->compile,
                                         .wisdom = wisdom_path(params->wisdom, path) };
    const cvy_queue_params queue = { .profiling = params->profiling };
    cvy_status st;

    *out = (struct model_place) { 0 };
    st = cvy_context_create(&context, &out->context);
    if (st == CVY_OK) {
        st = cvy_queue_create(out->context, &queue, &out->queue);
    }
    if (st == CVY_OK) {
        st = cvy_context_device_info(out->context, &out->device);
    }
    return st;
}

void model_place_close(struct model_place *place)
{
    cvy_queue_destroy(&place->queue);
    cvy_context_destroy(&place->context);
}

cvy_status model_load(const char *path, struct model *model)
{
    cvy_status st = cvy_onnx_load(path, &(cvy_onnx_options) { .external_data = true },
                                  &model->graph);

    return st == CVY_OK ? cvy_graph_info_get(model->graph, &model->graph_info) : st;
}

// Compiling ---------------------------------------------------------------------------------------

static void free_ports(struct model_port **ports, size_t count)
{
    for (size_t i = 0; *ports != NULL && i < count; i++) {
        cvy_buffer_destroy(&(*ports)[i].buffer);
    }
    free(*ports);
    *ports = NULL;
}

static cvy_status open_ports(struct model *model, struct model_place *place, bool outputs)
{
    size_t count = outputs ? model->info.outputs : model->info.inputs;
    struct model_port *ports = calloc(count + 1, sizeof *ports);
    cvy_status st = ports != NULL ? CVY_OK : CVY_ERR_NOMEM_HOST;

    for (size_t i = 0; st == CVY_OK && i < count; i++) {
        st = outputs ? cvy_network_output_get(model->network, i, &ports[i].port) :
                       cvy_network_input_get(model->network, i, &ports[i].port);
        if (st == CVY_OK) {
            size_t bytes = ports[i].port.bytes;

            st = cvy_buffer_create(place->context,
                                   &(cvy_buffer_params) { .bytes = bytes > 0 ? bytes : 1 },
                                   &ports[i].buffer);
        }
    }
    *(outputs ? &model->outputs : &model->inputs) = ports;
    return st;
}

static void forget_network(struct model *model)
{
    free_ports(&model->inputs, model->info.inputs);
    free_ports(&model->outputs, model->info.outputs);
    cvy_network_destroy(&model->network);
    model->info = (cvy_network_info) { 0 };
}

cvy_status model_compile(struct model *model, struct model_place *place,
                         const cvy_network_options *options)
{
    cvy_status st;

    forget_network(model);
    st = cvy_graph_compile(model->graph, place->context, options, &model->network);
    if (st == CVY_OK) {
        st = cvy_network_info_get(model->network, &model->info);
    }
    if (st == CVY_OK) {
        st = open_ports(model, place, false);
    }
    if (st == CVY_OK) {
        st = open_ports(model, place, true);
    }
    return st;
}

void model_close(struct model *model)
{
    forget_network(model);
    cvy_graph_destroy(&model->graph);
}

// Running -----------------------------------------------------------------------------------------

cvy_status model_write(struct model *model, struct model_place *place, const char *name,
                       const void *data, cvy_event **ev)
{
    for (size_t i = 0; i < model->info.inputs; i++) {
        const struct model_port *port = &model->inputs[i];

        if (strcmp(port->port.name, name) == 0) {
            return cvy_queue_write(place->queue, (cvy_tensor) { port->buffer, 0 }, data,
                                   port->port.bytes, NULL, ev);
        }
    }
    return CVY_OK;
}

static cvy_tensor *tensors_of(const struct model_port *ports, size_t count)
{
    cvy_tensor *tensors = calloc(count + 1, sizeof *tensors);

    for (size_t i = 0; tensors != NULL && i < count; i++) {
        tensors[i].buffer = ports[i].buffer;
    }
    return tensors;
}

cvy_status model_enqueue(struct model *model, struct model_place *place, cvy_event **ev)
{
    cvy_tensor *inputs = tensors_of(model->inputs, model->info.inputs);
    cvy_tensor *outputs = tensors_of(model->outputs, model->info.outputs);
    cvy_status st = CVY_ERR_NOMEM_HOST;

    if (inputs != NULL && outputs != NULL) {
        st = cvy_network_enqueue(model->network, place->queue, inputs, outputs, NULL, ev);
    }
    free(inputs);
    free(outputs);
    return st;
}

cvy_status model_read(struct model *model, struct model_place *place, size_t i, void **data,
                      cvy_event **ev)
{
    const struct model_port *port = &model->outputs[i];
    cvy_status st;

    *data = calloc(port->port.bytes + 1, 1);
    if (*data == NULL) {
        return CVY_ERR_NOMEM_HOST;
    }
    st = cvy_queue_read(place->queue, (cvy_tensor) { port->buffer, 0 }, *data, port->port.bytes,
                        NULL, ev);
    if (st != CVY_OK) {
        free(*data);
        *data = NULL;
    }
    return st;
}

// Progress ----------------------------------------------------------------------------------------

bool model_progress(void *user, size_t done, size_t total, const char *name, double seconds)
{
    struct model_progress *p = user;

    if (!isatty(STDERR_FILENO) && seconds < quiet_seconds) {
        return true;
    }
    if (!p->begun) {
        p->bar = tool_progress_begin(total);
        p->begun = true;
    }
    p->bar.total = total;
    tool_progress_show(&p->bar, done, name);
    return true;
}

void model_progress_end(struct model_progress *progress)
{
    if (progress->begun) {
        tool_progress_end(&progress->bar);
    }
}
