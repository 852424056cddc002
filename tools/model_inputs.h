// What --input NAME=SHAPE says of the inputs that a model leaves open.
#ifndef CONVOY_TOOLS_MODEL_INPUTS_H
#define CONVOY_TOOLS_MODEL_INPUTS_H

#include "model.h"
#include "npy.h"

enum { MOST_INPUTS = 64, MODEL_INPUTS_TEXT = 1024 };

// Zero it; list and count go to cvy_network_options. Names are the model's.
struct model_inputs {
    cvy_network_input list[MOST_INPUTS];
    struct npy arrays[MOST_INPUTS];
    size_t count;
};
// NAME=SHAPE or NAME=FILE.npy, the name left out where there is only one; at most MOST_INPUTS of
// them. Gives an exit status, after a line on stderr if it is not TOOL_DONE.
int model_inputs_take(struct model_inputs *inputs, const char *command, const struct model *model,
                      const char *given);
// Whether compiling needs to be told more; the text says which option would do so.
bool model_inputs_missing(const struct model_inputs *inputs, const struct model *model,
                          char text[MODEL_INPUTS_TEXT]);
void model_inputs_free(struct model_inputs *inputs);

#endif
