// A vision model on a photo: what find_face and find_text share.
#ifndef CONVOY_EXAMPLE_VISION_H
#define CONVOY_EXAMPLE_VISION_H

#include "example.h"
#include "image.h"

struct image photo_load(const char *file);                      // in colours
void photo_save(const char *file, const struct image *photo);   // as PNG

// In the middle of a black square.
struct image photo_squared(const struct image *photo);

// The photo resized, as a model wants it: (pixel / 255 - mean) / std for red, green and blue, side
// by side in memory as pixels are. The caller's to free, like all that is given here.
float *photo_input(const struct image *photo, int width, int height, const float mean[3],
                   const float std[3]);

// Loads an ONNX model, compiles it for one input of this shape, and runs it once. outputs[] are the
// model's `count` outputs, which must be that many.
struct output {
    size_t count;
    float *values;
};
void run_model(const char *model, const char *device, cvy_desc desc, const float *input,
               struct output *outputs, size_t count);

#endif
