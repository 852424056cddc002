// Images: which reader a file needs, gray, resizing, drawing.
#include "image_codec.h"

#include "files.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t most_bytes = (size_t)1 << 29;       // of a file

bool image_fail(char error[IMAGE_ERROR], const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(error, IMAGE_ERROR, format, list);
    va_end(list);
    return false;
}

void image_free(struct image *image)
{
    free(image->pixels);
    *image = (struct image) { 0 };
}

// Reading -----------------------------------------------------------------------------------------

bool image_begin(struct image *image, uint64_t width, uint64_t height, char error[IMAGE_ERROR])
{
    if (width == 0 || height == 0 || width > IMAGE_MOST_SIDE || height > IMAGE_MOST_SIDE ||
        width * height > IMAGE_MOST_PIXELS) {
        return image_fail(error, "%llu x %llu pixels: at most %d a side and %d in all",
                          (unsigned long long)width, (unsigned long long)height, IMAGE_MOST_SIDE,
                          IMAGE_MOST_PIXELS);
    }
    *image = (struct image) { .width = (int)width, .height = (int)height, .channels = 3,
                              .pixels = calloc((size_t)(width * height), 3) };
    return image->pixels != NULL || image_fail(error, "out of memory");
}

static void make_gray(struct image *image)
{
    size_t count = (size_t)image->width * (size_t)image->height;
    unsigned char *fit;

    for (size_t i = 0; i < count; i++) {
        const unsigned char *p = image->pixels + 3 * i;

        image->pixels[i] = (unsigned char)((299 * p[0] + 587 * p[1] + 114 * p[2] + 500) / 1000);
    }
    image->channels = 1;
    fit = realloc(image->pixels, count);
    image->pixels = fit != NULL ? fit : image->pixels;
}

bool image_load_memory(const void *file, size_t bytes, int channels, struct image *out,
                       char error[IMAGE_ERROR])
{
    static const unsigned char png[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
    static const unsigned char jpeg[] = { 0xff, 0xd8, 0xff };
    bool good;

    *out = (struct image) { 0 };
    if (bytes >= sizeof png && memcmp(file, png, sizeof png) == 0) {
        good = png_decode(file, bytes, out, error);
    } else if (bytes >= sizeof jpeg && memcmp(file, jpeg, sizeof jpeg) == 0) {
        good = jpeg_decode(file, bytes, out, error);
    } else {
        return image_fail(error, "neither PNG nor JPEG");
    }
    if (!good) {
        image_free(out);
        return false;
    }
    if (channels == 1) {
        make_gray(out);
    }
    return true;
}

bool image_load(const char *path, int channels, struct image *out, char error[IMAGE_ERROR])
{
    char text[FILE_ERROR];
    void *file;
    size_t bytes;
    bool good;

    *out = (struct image) { 0 };
    if (!file_read(path, most_bytes, &file, &bytes, text)) {
        return image_fail(error, "%s", text);
    }
    good = image_load_memory(file, bytes, channels, out, error);
    free(file);
    return good;
}

// Resizing ----------------------------------------------------------------------------------------

// Along one axis: new pixel i is the sum of weights[i * taps + k] over old pixels first[i] + k.
struct filter {
    int taps;
    int *first;
    float *weights;
};

static bool filter_make(int old, int new, struct filter *f)
{
    double scale = (double)old / new, reach = scale > 1.0 ? scale : 1.0;

    f->taps = (int)ceil(reach) * 2 + 1;
    f->first = calloc((size_t)new, sizeof *f->first);
    f->weights = calloc((size_t)new * (size_t)f->taps, sizeof *f->weights);
    if (f->first == NULL || f->weights == NULL) {
        return false;
    }
    for (int i = 0; i < new; i++) {
        double centre = (i + 0.5) * scale, sum = 0.0;
        int begin = (int)fmax(centre - reach + 0.5, 0.0);
        int end = (int)fmin(centre + reach + 0.5, old);
        float *weights = f->weights + (size_t)i * (size_t)f->taps;

        for (int k = begin; k < end; k++) {
            weights[k - begin] = (float)fmax(1.0 - fabs((k + 0.5 - centre) / reach), 0.0);
            sum += (double)weights[k - begin];
        }
        for (int k = 0; k < end - begin; k++) {
            weights[k] = (float)((double)weights[k] / sum);
        }
        f->first[i] = begin;
    }
    return true;
}

static void filter_free(struct filter *f)
{
    free(f->first);
    free(f->weights);
}

// One new row, of `width` pixels, from one old row.
static void resize_row(const struct image *image, const unsigned char *row, const struct filter *f,
                       int width, float *out)
{
    int channels = image->channels;

    for (int x = 0; x < width; x++) {
        const float *weights = f->weights + (size_t)x * (size_t)f->taps;
        const unsigned char *from = row + (size_t)f->first[x] * (size_t)channels;
        int taps = f->taps < image->width - f->first[x] ? f->taps : image->width - f->first[x];

        for (int c = 0; c < channels; c++) {
            float sum = 0.0f;

            for (int k = 0; k < taps; k++) {
                sum += weights[k] * from[k * channels + c];
            }
            out[(size_t)x * (size_t)channels + (size_t)c] = sum;
        }
    }
}

// Rows first, then columns.
static void resize_with(const struct image *image, int width, int height, const struct filter *fx,
                        const struct filter *fy, float *rows, float *out)
{
    size_t new_row = (size_t)width * (size_t)image->channels;
    size_t old_row = (size_t)image->width * (size_t)image->channels;

    for (int y = 0; y < image->height; y++) {
        resize_row(image, image->pixels + (size_t)y * old_row, fx, width,
                   rows + (size_t)y * new_row);
    }
    memset(out, 0, (size_t)height * new_row * sizeof *out);
    for (int y = 0; y < height; y++) {
        int first = fy->first[y];
        int taps = fy->taps < image->height - first ? fy->taps : image->height - first;

        for (int k = 0; k < taps; k++) {
            float weight = fy->weights[(size_t)y * (size_t)fy->taps + (size_t)k];
            const float *from = rows + (size_t)(first + k) * new_row;
            float *to = out + (size_t)y * new_row;

            for (size_t i = 0; i < new_row; i++) {
                to[i] += weight * from[i];
            }
        }
    }
}

bool image_resize(const struct image *image, int width, int height, float *out)
{
    struct filter fx = { 0 }, fy = { 0 };
    float *rows = NULL;
    bool good = filter_make(image->width, width, &fx) && filter_make(image->height, height, &fy);

    if (good) {
        rows = malloc((size_t)image->height * (size_t)width * (size_t)image->channels *
                      sizeof *rows);
        good = rows != NULL;
    }
    if (good) {
        resize_with(image, width, height, &fx, &fy, rows, out);
    }
    filter_free(&fx);
    filter_free(&fy);
    free(rows);
    return good;
}

// Drawing -----------------------------------------------------------------------------------------

static unsigned char mix(unsigned char below, unsigned char above, float share)
{
    return (unsigned char)lrintf((float)below + share * (float)(above - below));
}

// Of a point from the line between two others.
static float distance(float x, float y, struct image_point a, struct image_point b)
{
    float dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
    float along = length > 0.0f ? ((x - a.x) * dx + (y - a.y) * dy) / length : 0.0f;

    along = fminf(fmaxf(along, 0.0f), 1.0f);
    return hypotf(x - a.x - along * dx, y - a.y - along * dy);
}

static int clamped(float value, int most)
{
    return value > 0.0f ? value < (float)most ? (int)value : most : 0;
}

static void draw_line(struct image *image, struct image_point a, struct image_point b,
                      float thickness, struct image_colour colour)
{
    float reach = thickness / 2.0f + 1.0f;
    int x_end = clamped(fmaxf(a.x, b.x) + reach + 1.0f, image->width);
    int y_end = clamped(fmaxf(a.y, b.y) + reach + 1.0f, image->height);

    for (int y = clamped(fminf(a.y, b.y) - reach, image->height); y < y_end; y++) {
        for (int x = clamped(fminf(a.x, b.x) - reach, image->width); x < x_end; x++) {
            float far = distance((float)x + 0.5f, (float)y + 0.5f, a, b);
            float share = fminf(fmaxf(thickness / 2.0f + 0.5f - far, 0.0f), 1.0f);
            unsigned char *p = image->pixels + ((size_t)y * (size_t)image->width + (size_t)x) * 3;

            p[0] = mix(p[0], colour.red, share);
            p[1] = mix(p[1], colour.green, share);
            p[2] = mix(p[2], colour.blue, share);
        }
    }
}

void image_outline(struct image *image, const struct image_point *corners, size_t count,
                   float thickness, struct image_colour colour)
{
    for (size_t i = 0; image->channels == 3 && i < count; i++) {
        draw_line(image, corners[i], corners[(i + 1) % count], thickness, colour);
    }
}

void image_dot(struct image *image, struct image_point centre, float diameter,
               struct image_colour colour)
{
    if (image->channels == 3) {
        draw_line(image, centre, centre, diameter, colour);
    }
}
