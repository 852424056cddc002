// Files for the inputs of a model.
#include "run_input.h"

#include "convoy.h"
#include "image.h"
#include "npy.h"
#include "values.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool fits(const cvy_desc *wanted, const cvy_desc *given)
{
    bool fit = wanted->rank == CVY_ANY_RANK || wanted->rank == given->rank;

    for (int i = 0; fit && i < wanted->rank; i++) {
        fit = wanted->size[i] == CVY_ANY_SIZE || wanted->size[i] == given->size[i];
    }
    return fit;
}

// The file's sizes in the layout that the graph asks for.
static cvy_desc desc_for(const cvy_port_info *port, const cvy_desc *given)
{
    cvy_desc desc = port->desc;

    desc.rank = given->rank;
    memcpy(desc.size, given->size, sizeof desc.size);
    memset(desc.stride, 0, sizeof desc.stride);
    return desc;
}

static bool load_npy(const cvy_port_info *port, const char *file, struct run_tensor *out)
{
    char error[NPY_ERROR], wanted[SHAPE_TEXT], given[SHAPE_TEXT];
    struct npy npy;

    if (!npy_load(file, &npy, error)) {
        tool_error("run: %s: %s", file, error);
        return false;
    }
    if (npy.desc.dtype != port->desc.dtype || !fits(&port->desc, &npy.desc)) {
        tool_error("run: %s: %s %s, but input `%s` is %s %s", file, dtype_text(npy.desc.dtype),
                   shape_text(&npy.desc, given), port->name, dtype_text(port->desc.dtype),
                   shape_text(&port->desc, wanted));
        npy_free(&npy);
        return false;
    }
    *out = (struct run_tensor) { port->name, desc_for(port, &npy.desc), npy.data };
    return true;
}

// Photos ------------------------------------------------------------------------------------------

// Which axes of an input are what; -1: it has none such.
struct axes {
    int channel, height, width;
};

static bool is_channels(int64_t size)
{
    return size == 1 || size == 3;
}

// [n][c][h][w] or [n][h][w][c] if the last axis alone can be the channels; also without n, and
// [h][w].
static bool find_axes(const cvy_desc *desc, struct axes *out)
{
    int first = desc->rank == 4 ? 1 : 0;
    const int64_t *size = desc->size + first;

    if (desc->rank == 2) {
        *out = (struct axes) { -1, 0, 1 };
        return true;
    }
    if (desc->rank != 3 && desc->rank != 4) {
        return false;
    }
    if (is_channels(size[0]) || (size[0] == CVY_ANY_SIZE && !is_channels(size[2]))) {
        *out = (struct axes) { first, first + 1, first + 2 };
        return true;
    }
    *out = (struct axes) { first + 2, first, first + 1 };
    return is_channels(size[2]);
}

static bool set_size(int64_t *size, int64_t to)
{
    *size = *size == CVY_ANY_SIZE ? to : *size;
    return *size == to;
}

// Fills in what the input leaves open. The photo's channels are known after this.
static bool set_sizes(const struct axes *axes, const struct image *image,
                      const struct run_pixels *pixels, cvy_desc *desc)
{
    int64_t height = pixels->height > 0 ? pixels->height : image->height;
    int64_t width = pixels->width > 0 ? pixels->width : image->width;

    if (desc->rank == 4 && !set_size(&desc->size[0], 1)) {
        return false;
    }
    if (desc->size[axes->height] == CVY_ANY_SIZE) {
        desc->size[axes->height] = height;
    }
    if (desc->size[axes->width] == CVY_ANY_SIZE) {
        desc->size[axes->width] = width;
    }
    // A size that was asked for is not to be dropped in silence.
    return pixels->height == 0 ||
           (desc->size[axes->height] == height && desc->size[axes->width] == width);
}

// From [height][width][channels] to the input's own order and type.
static void place(const float *from, const struct axes *axes, const cvy_desc *desc,
                  const struct run_pixels *pixels, void *to)
{
    int64_t height = desc->size[axes->height], width = desc->size[axes->width];
    int64_t channels = axes->channel < 0 ? 1 : desc->size[axes->channel];
    bool last = axes->channel > axes->width, bytes = desc->dtype == CVY_U8;
    double scale = pixels->has_scale ? pixels->scale : bytes ? 1.0 : 1.0 / 255.0;

    for (int64_t i = 0; i < height * width; i++) {
        for (int64_t c = 0; c < channels; c++) {
            double value = ((double)*from++ * scale - pixels->mean[c]) / pixels->std[c];
            int64_t at = last ? i * channels + c : c * height * width + i;

            if (bytes) {
                ((uint8_t *)to)[at] = (uint8_t)lrint(fmin(fmax(value, 0.0), 255.0));
            } else {
                ((float *)to)[at] = (float)value;
            }
        }
    }
}

static bool resize_into(const struct image *image, const struct axes *axes,
                        const struct run_pixels *pixels, struct run_tensor *out)
{
    int height = (int)out->desc.size[axes->height], width = (int)out->desc.size[axes->width];
    size_t count = (size_t)height * (size_t)width * (size_t)image->channels;
    float *resized = malloc(count * sizeof *resized);

    out->data = malloc(count * cvy_dtype_bytes(out->desc.dtype));
    if (resized == NULL || out->data == NULL || !image_resize(image, width, height, resized)) {
        tool_error("run: out of memory");
        free(out->data);
        out->data = NULL;
    } else {
        place(resized, axes, &out->desc, pixels, out->data);
    }
    free(resized);
    return out->data != NULL;
}

static bool refuse(const cvy_port_info *port, const char *file, const char *why)
{
    char shape[SHAPE_TEXT];

    tool_error("run: %s: input `%s` is %s %s: %s", file, port->name, dtype_text(port->desc.dtype),
               shape_text(&port->desc, shape), why);
    return false;
}

static bool place_photo(const cvy_port_info *port, const char *file, const struct axes *axes,
                        const struct image *image, const struct run_pixels *pixels,
                        struct run_tensor *out)
{
    if (!set_sizes(axes, image, pixels, &out->desc)) {
        return refuse(port, file, pixels->height > 0 ? "--size is another" :
                      "a photo is one image");
    }
    for (int i = 0; i < 2; i++) {
        if (out->desc.size[i == 0 ? axes->height : axes->width] > IMAGE_MOST_SIDE) {
            return refuse(port, file, "larger than an image may be");
        }
    }
    return resize_into(image, axes, pixels, out);
}

static bool load_photo(const cvy_port_info *port, const char *file,
                       const struct run_pixels *pixels, struct run_tensor *out)
{
    cvy_desc desc = port->desc;
    char error[IMAGE_ERROR];
    struct image image;
    struct axes axes;
    int channels;
    bool good;

    if (desc.rank == CVY_ANY_RANK) {
        desc = cvy_nchw(desc.dtype, 1, 3, CVY_ANY_SIZE, CVY_ANY_SIZE);
    }
    memset(desc.stride, 0, sizeof desc.stride);
    if (desc.dtype != CVY_F32 && desc.dtype != CVY_U8) {
        return refuse(port, file, "photos become f32 or u8 only; give a .npy file");
    }
    if (!find_axes(&desc, &axes)) {
        return refuse(port, file, "no axis of 1 or 3 channels; give a .npy file");
    }
    if (axes.channel >= 0 && desc.size[axes.channel] == CVY_ANY_SIZE) {
        desc.size[axes.channel] = 3;
    }
    channels = axes.channel < 0 ? 1 : (int)desc.size[axes.channel];
    if (!image_load(file, channels, &image, error)) {
        tool_error("run: %s: %s", file, error);
        return false;
    }
    *out = (struct run_tensor) { port->name, desc, NULL };
    good = place_photo(port, file, &axes, &image, pixels, out);
    image_free(&image);
    return good;
}

bool run_input_load(const cvy_port_info *port, const char *file, const struct run_pixels *pixels,
                    struct run_tensor *out)
{
    size_t length = strlen(file);

    *out = (struct run_tensor) { 0 };
    if (length >= 4 && strcasecmp(file + length - 4, ".npy") == 0) {
        return load_npy(port, file, out);
    }
    return load_photo(port, file, pixels, out);
}
