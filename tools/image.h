// Photos for networks: PNG and JPEG read to 8 bits, resized to floats, drawn on, written as PNG.
// The program and the examples share it; it knows nothing of Convoy.
#ifndef CONVOY_TOOLS_IMAGE_H
#define CONVOY_TOOLS_IMAGE_H

#include <stdbool.h>
#include <stddef.h>

enum {
    IMAGE_ERROR = 200,          // room for what is wrong with a file, without the file's name
    IMAGE_MOST_SIDE = 32768,    // pixels
    IMAGE_MOST_PIXELS = 1 << 27
};

// Rows from the top, pixels from the left, 1 (gray) or 3 (red, green, blue) bytes each, no gaps.
struct image {
    int width, height, channels;
    unsigned char *pixels;
};

// Reads a file by its contents, whatever its name, as gray (channels 1) or colours (3). Gray is
// 0.299 red + 0.587 green + 0.114 blue. What is transparent in a PNG lies on white; 16 bits become
// 8; colour profiles and EXIF are ignored. A file that is cut off or damaged is refused. Fills
// error and leaves *out empty on failure.
bool image_load(const char *path, int channels, struct image *out, char error[IMAGE_ERROR]);
bool image_load_memory(const void *file, size_t bytes, int channels, struct image *out,
                       char error[IMAGE_ERROR]);
bool image_save_png(const char *path, const struct image *image, char error[IMAGE_ERROR]);
void image_free(struct image *image);

// To width x height floats from 0 to 255, pixels as above. Bilinear; shrinking averages all the
// pixels that one stands for (a triangle as wide as two of the new pixels, as Pillow does).
// False when out of memory.
bool image_resize(const struct image *image, int width, int height, float *out);

// A place in an image: 0, 0 is the corner at the top left, 0.5, 0.5 the middle of the first pixel.
struct image_point {
    float x, y;
};
struct image_colour {
    unsigned char red, green, blue;
};

// The outline of a polygon, `thickness` pixels wide, with smooth edges. Only with channels 3; what
// lies outside of the image is left out.
void image_outline(struct image *image, const struct image_point *corners, size_t count,
                   float thickness, struct image_colour colour);
void image_dot(struct image *image, struct image_point centre, float diameter,
               struct image_colour colour);

#endif
