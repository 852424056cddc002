// Inputs of a model by name, with the shape or the array that an option gives.
#include "model_inputs.h"
#include "values.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);

    return length >= tail && strcasecmp(text + length - tail, end) == 0;
}

static bool find_input(const struct model *model, const char *given, cvy_port_info *out,
                       const char **value)
{
    for (size_t i = 0; i < model->graph_info.inputs; i++) {
        size_t length;

        if (cvy_graph_input_get(model->graph, i, out) != CVY_OK) {
            return false;
        }
        length = strlen(out->name);
        if (strncmp(given, out->name, length) == 0 && given[length] == '=') {
            *value = given + length + 1;
            return true;
        }
        if (model->graph_info.inputs == 1 && strchr(given, '=') == NULL) {
            *value = given;
            return true;
        }
    }
    return false;
}

static int take_array(struct model_inputs *inputs, const char *command, const cvy_port_info *port,
                      const char *file)
{
    cvy_network_input *input = &inputs->list[inputs->count];
    struct npy *npy = &inputs->arrays[inputs->count];
    char error[NPY_ERROR], shape[SHAPE_TEXT];

    if (!npy_load(file, npy, error)) {
        tool_error("%s: %s: %s", command, file, error);
        return TOOL_BAD_INPUT;
    }
    if (npy->desc.dtype != port->desc.dtype) {
        tool_error("%s: %s: %s %s, but input `%s` is %s", command, file,
                   dtype_text(npy->desc.dtype), shape_text(&npy->desc, shape), port->name,
                   dtype_text(port->desc.dtype));
        return TOOL_BAD_INPUT;
    }
    input->desc.rank = npy->desc.rank;
    memcpy(input->desc.size, npy->desc.size, sizeof input->desc.size);
    input->data = port->constant ? npy->data : NULL;
    return TOOL_DONE;
}

int model_inputs_take(struct model_inputs *inputs, const char *command, const struct model *model,
                      const char *given)
{
    cvy_network_input *input = &inputs->list[inputs->count];
    cvy_port_info port;
    const char *value;

    if (!find_input(model, given, &port, &value)) {
        tool_error("%s: --input %s: the model has no such input", command, given);
        return TOOL_BAD_INPUT;
    }
    *input = (cvy_network_input) { port.name, port.desc, NULL };
    memset(input->desc.stride, 0, sizeof input->desc.stride);
    if (ends_with(value, ".npy")) {
        int status = take_array(inputs, command, &port, value);

        // The array is there to be freed even if it does not fit.
        inputs->count++;
        return status;
    }
    if (!shape_parse(value, &input->desc)) {
        return tool_usage(command, "--input %s: `%s` is neither a shape such as 1x3x224x224 nor a "
                          ".npy file", given, value);
    }
    inputs->count++;
    return TOOL_DONE;
}

static bool is_given(const struct model_inputs *inputs, const cvy_port_info *port)
{
    for (size_t i = 0; i < inputs->count; i++) {
        const cvy_network_input *input = &inputs->list[i];

        if (strcmp(input->name, port->name) == 0 && (!port->constant || input->data != NULL)) {
            return true;
        }
    }
    return false;
}

bool model_inputs_missing(const struct model_inputs *inputs, const struct model *model,
                          char text[MODEL_INPUTS_TEXT])
{
    cvy_port_info port;

    for (size_t i = 0; cvy_graph_input_get(model->graph, i, &port) == CVY_OK; i++) {
        bool open = port.constant || port.desc.rank == CVY_ANY_RANK;
        char shape[SHAPE_TEXT];

        for (int k = 0; k < port.desc.rank; k++) {
            open = open || port.desc.size[k] == CVY_ANY_SIZE;
        }
        if (open && !is_given(inputs, &port)) {
            snprintf(text, MODEL_INPUTS_TEXT, "input `%s` (%s %s) needs --input %s=%s", port.name,
                     dtype_text(port.desc.dtype), shape_text(&port.desc, shape), port.name,
                     port.constant ? "FILE.npy: compiling needs its contents" : "SHAPE");
            return true;
        }
    }
    return false;
}

void model_inputs_free(struct model_inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++) {
        npy_free(&inputs->arrays[i]);
    }
}
