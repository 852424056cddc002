// PNG with libpng. Its errors jump: what must outlive a jump lies in a struct of the caller.
#include "image_codec.h"

#include <errno.h>
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WHITE = 0xffff, MOST_CHUNKS = 1000 };
static const png_alloc_size_t most_chunk = 8 << 20;     // bytes of one chunk that is no pixels

struct png_work {
    png_structp png;
    png_infop info;
    const unsigned char *at;
    size_t left;
    png_bytep *rows;
    FILE *stream;
    char *error;
};

static void on_error(png_structp png, png_const_charp text)
{
    struct png_work *work = png_get_error_ptr(png);

    image_fail(work->error, "damaged PNG: %s", text);
    longjmp(png_jmpbuf(png), 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void read_bytes(png_structp png, png_bytep to, size_t count)
{
    struct png_work *work = png_get_io_ptr(png);

    if (count > work->left) {
        png_error(png, "the file ends too early");
    }
    memcpy(to, work->at, count);
    work->at += count;
    work->left -= count;
}

// Everything becomes 8-bit red, green and blue, on white where it is transparent.
static void set_transforms(png_structp png, png_infop info)
{
    png_color_16 white = { .red = 255, .green = 255, .blue = 255, .gray = 255 };
    bool transparent = (png_get_color_type(png, info) & PNG_COLOR_MASK_ALPHA) != 0 ||
                       png_get_valid(png, info, PNG_INFO_tRNS) != 0;

    png_set_expand(png);
    png_set_scale_16(png);
    if ((png_get_color_type(png, info) & PNG_COLOR_MASK_COLOR) == 0) {
        png_set_gray_to_rgb(png);
    }
    if (transparent) {
        if (png_get_bit_depth(png, info) == 16) {
            white = (png_color_16) { .red = WHITE, .green = WHITE, .blue = WHITE, .gray = WHITE };
        }
        png_set_background(png, &white, PNG_BACKGROUND_GAMMA_SCREEN, 0, 1.0);
    }
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
}

static bool read_pixels(struct png_work *work, struct image *out)
{
    png_structp png = work->png;

    png_set_read_fn(png, work, read_bytes);
    png_set_user_limits(png, IMAGE_MOST_SIDE, IMAGE_MOST_SIDE);
    png_set_chunk_malloc_max(png, most_chunk);
    png_set_chunk_cache_max(png, MOST_CHUNKS);
    png_read_info(png, work->info);
    if (!image_begin(out, png_get_image_width(png, work->info),
                     png_get_image_height(png, work->info), work->error)) {
        return false;
    }
    set_transforms(png, work->info);
    if (png_get_rowbytes(png, work->info) != (size_t)out->width * 3) {
        return image_fail(work->error, "damaged PNG: rows of another length");
    }
    work->rows = calloc((size_t)out->height, sizeof *work->rows);
    if (work->rows == NULL) {
        return image_fail(work->error, "out of memory");
    }
    for (int y = 0; y < out->height; y++) {
        work->rows[y] = out->pixels + (size_t)y * (size_t)out->width * 3;
    }
    png_read_image(png, work->rows);
    png_read_end(png, NULL);
    return true;
}

bool png_decode(const unsigned char *file, size_t bytes, struct image *out,
                char error[IMAGE_ERROR])
{
    struct png_work *work = calloc(1, sizeof *work);
    volatile bool good = false;

    if (work == NULL) {
        return image_fail(error, "out of memory");
    }
    *work = (struct png_work) { .at = file, .left = bytes, .error = error };
    work->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, work, on_error, on_warning);
    work->info = work->png != NULL ? png_create_info_struct(work->png) : NULL;
    if (work->info == NULL) {
        image_fail(error, "out of memory");
    } else if (setjmp(png_jmpbuf(work->png)) == 0) {
        good = read_pixels(work, out);
    }
    png_destroy_read_struct(&work->png, &work->info, NULL);
    free(work->rows);
    free(work);
    return good;
}

// Writing -----------------------------------------------------------------------------------------

static void write_pixels(struct png_work *work, const struct image *image)
{
    png_structp png = work->png;

    png_init_io(png, work->stream);
    png_set_IHDR(png, work->info, (png_uint_32)image->width, (png_uint_32)image->height, 8,
                 image->channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, work->info);
    for (int y = 0; y < image->height; y++) {
        png_write_row(png, image->pixels +
                      (size_t)y * (size_t)image->width * (size_t)image->channels);
    }
    png_write_end(png, work->info);
}

bool image_save_png(const char *path, const struct image *image, char error[IMAGE_ERROR])
{
    struct png_work *work = calloc(1, sizeof *work);
    volatile bool good = false;
    int closed;

    if (work == NULL) {
        return image_fail(error, "out of memory");
    }
    work->error = error;
    work->stream = fopen(path, "wb");
    if (work->stream == NULL) {
        free(work);
        return image_fail(error, "cannot be opened: %s", strerror(errno));
    }
    work->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, work, on_error, on_warning);
    work->info = work->png != NULL ? png_create_info_struct(work->png) : NULL;
    if (work->info == NULL) {
        image_fail(error, "out of memory");
    } else if (setjmp(png_jmpbuf(work->png)) == 0) {
        write_pixels(work, image);
        good = true;
    } else {
        image_fail(error, "cannot be written: %s", strerror(errno));
    }
    png_destroy_write_struct(&work->png, &work->info);
    closed = fclose(work->stream);
    free(work);
    return good && (closed == 0 || image_fail(error, "cannot be written: %s", strerror(errno)));
}
