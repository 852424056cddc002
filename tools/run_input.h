// What `convoy run` feeds a model: .npy files as they are, photos as the floats that it wants.
#ifndef CONVOY_TOOLS_RUN_INPUT_H
#define CONVOY_TOOLS_RUN_INPUT_H

#include <convoy/graph.h>

// A photo's pixel, 0 to 255, becomes (pixel scale - mean) / std, for red, green and blue each.
struct run_pixels {
    double mean[3], std[3], scale;
    bool has_scale;             // else 1/255 for floats, 1 for bytes
    int width, height;          // of inputs that leave them open; 0: the photo's
};

// An input with its contents. name is the graph's.
struct run_tensor {
    const char *name;
    cvy_desc desc;
    void *data;
};

// Reads the file for an input of a graph. False after a line on stderr.
bool run_input_load(const cvy_port_info *port, const char *file, const struct run_pixels *pixels,
                    struct run_tensor *out);

#endif
