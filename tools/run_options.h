// The command line of `convoy run`.
#ifndef CONVOY_TOOLS_RUN_OPTIONS_H
#define CONVOY_TOOLS_RUN_OPTIONS_H

#include "convoy.h"
#include "run_input.h"

enum { RUN_MOST_FILES = 64 };

struct run_request {
    const char *model, *device, *labels, *trace;
    const char *inputs[RUN_MOST_FILES], *outputs[RUN_MOST_FILES];   // as given: FILE or NAME=FILE
    size_t input_count, output_count;
    struct run_pixels pixels;
    cvy_layout layout;
    long top, repeat;
    bool json;
};

// TOOL_DONE, or the status to leave with; below 0 after --help. Texts are argv's own.
int run_options_read(int argc, char **argv, struct run_request *out);

#endif
