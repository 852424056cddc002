// A model on a device, as run, check and explain use it: loaded, compiled, with memory for its
// inputs and outputs.
#ifndef CONVOY_TOOLS_MODEL_H
#define CONVOY_TOOLS_MODEL_H

#include "convoy.h"

#include <convoy/graph.h>
#include <convoy/onnx.h>

// Where models run.
struct model_place {
    cvy_context *context;
    cvy_queue *queue;
    cvy_device_info device;
};
struct model_place_params {
    const char *device;         // as --device
    const char *wisdom;         // a file of one's own; NULL: the user's
    cvy_compile_policy compile; // DEFAULT is the library's
    bool profiling;
};
cvy_status model_place_open(const struct model_place_params *params, struct model_place *out);
void model_place_close(struct model_place *place);

struct model_port {
    cvy_network_port port;
    cvy_buffer *buffer;
};

// Zero it, then load and compile; close frees what there is. A model may be compiled again.
struct model {
    cvy_graph *graph;
    cvy_graph_info graph_info;
    cvy_network *network;
    cvy_network_info info;
    struct model_port *inputs, *outputs;
};

cvy_status model_load(const char *path, struct model *model);
cvy_status model_compile(struct model *model, struct model_place *place,
                         const cvy_network_options *options);
// Input `name` of the network; what is no input of it (being constant) does nothing.
cvy_status model_write(struct model *model, struct model_place *place, const char *name,
                       const void *data, cvy_event **ev);
cvy_status model_enqueue(struct model *model, struct model_place *place, cvy_event **ev);
// Output i, as it was when it is read. Free it.
cvy_status model_read(struct model *model, struct model_place *place, size_t i, void **data,
                      cvy_event **ev);
void model_close(struct model *model);

// Shows the progress of compiling, for cvy_network_options: zero it and hand it over as the user.
struct model_progress {
    struct tool_progress bar;
    bool begun;
};
bool model_progress(void *user, size_t done, size_t total, const char *name, double seconds);
void model_progress_end(struct model_progress *progress);

#endif
