// What the readers of image files share. Private to image*.c.
#ifndef CONVOY_TOOLS_IMAGE_CODEC_H
#define CONVOY_TOOLS_IMAGE_CODEC_H

#include "image.h"

#include <stdint.h>

// To 3 bytes for each pixel.
bool png_decode(const unsigned char *file, size_t bytes, struct image *out,
                char error[IMAGE_ERROR]);
bool jpeg_decode(const unsigned char *file, size_t bytes, struct image *out,
                 char error[IMAGE_ERROR]);

bool image_fail(char error[IMAGE_ERROR], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// Checks the size and allocates 3 channels.
bool image_begin(struct image *image, uint64_t width, uint64_t height, char error[IMAGE_ERROR]);

#endif
