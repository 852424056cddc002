// Image files: PNG and JPEG come back as they were written, damaged ones are refused without harm,
// and resizing and drawing do what they say.
#include "image.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jpeglib.h>

enum { WIDTH = 23, HEIGHT = 17 };

struct file {
    unsigned char *bytes;
    size_t count;
};

// A picture without sharp edges, which JPEG keeps well.
static struct image make(int channels)
{
    struct image image = { WIDTH, HEIGHT, channels, malloc((size_t)(WIDTH * HEIGHT * channels)) };

    for (int i = 0; i < WIDTH * HEIGHT * channels; i++) {
        int x = i / channels % WIDTH, y = i / channels / WIDTH;

        image.pixels[i] = (unsigned char)(20 + 5 * x + 4 * y + 20 * (i % channels));
    }
    return image;
}

static struct file read_back(const char *path)
{
    FILE *stream = fopen(path, "rb");
    struct file f = { malloc(1 << 16), 0 };

    f.count = fread(f.bytes, 1, 1 << 16, stream);
    fclose(stream);
    return f;
}

static struct file as_png(const struct image *image)
{
    char path[] = "/tmp/convoy-image-XXXXXX", error[IMAGE_ERROR] = "";
    struct file f;

    close(mkstemp(path));
    cr_assert(image_save_png(path, image, error), "%s", error);
    f = read_back(path);
    unlink(path);
    return f;
}

static struct file as_jpeg(const struct image *image, bool progressive)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct file f = { NULL, 0 };
    unsigned long count = 0;

    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &f.bytes, &count);
    jpeg.image_width = (unsigned)image->width;
    jpeg.image_height = (unsigned)image->height;
    jpeg.input_components = image->channels;
    jpeg.in_color_space = image->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 98, TRUE);
    if (progressive) {
        jpeg_simple_progression(&jpeg);
    }
    jpeg_start_compress(&jpeg, TRUE);
    for (int y = 0; y < image->height; y++) {
        JSAMPROW row = image->pixels + (size_t)(y * image->width * image->channels);

        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    f.count = count;
    return f;
}

static struct file encode(int kind, const struct image *image)
{
    return kind == 0 ? as_png(image) : as_jpeg(image, kind == 2);
}

// Loads from a block of exactly this size, so that a sanitizer sees reads past its end.
static bool load(const unsigned char *bytes, size_t count, int channels, struct image *out,
                 char *error)
{
    unsigned char *exact = malloc(count > 0 ? count : 1);
    bool good;

    memcpy(exact, bytes, count);
    good = image_load_memory(exact, count, channels, out, error);
    free(exact);
    return good;
}

static int worst(const struct image *a, const struct image *b)
{
    int most = 0;

    cr_assert_eq(a->width, b->width);
    cr_assert_eq(a->height, b->height);
    cr_assert_eq(a->channels, b->channels);
    for (int i = 0; i < a->width * a->height * a->channels; i++) {
        most = abs(a->pixels[i] - b->pixels[i]) > most ? abs(a->pixels[i] - b->pixels[i]) : most;
    }
    return most;
}

Test(image, gives_back_what_was_written)
{
    static const int allowed[] = { 0, 8, 8 };       // PNG, JPEG, progressive JPEG

    for (int kind = 0; kind < 3; kind++) {
        for (int channels = 1; channels <= 3; channels += 2) {
            struct image image = make(channels), back;
            struct file f = encode(kind, &image);
            char error[IMAGE_ERROR] = "";

            cr_assert(load(f.bytes, f.count, channels, &back, error), "%d: %s", kind, error);
            cr_assert_leq(worst(&image, &back), allowed[kind], "kind %d", kind);
            image_free(&back);
            image_free(&image);
            free(f.bytes);
        }
    }
}

Test(image, makes_gray_and_colours_of_each_other)
{
    struct image gray = make(1), colours = make(3), back;
    struct file f = as_png(&gray), g = as_png(&colours);
    char error[IMAGE_ERROR] = "";

    cr_assert(load(f.bytes, f.count, 3, &back, error), "%s", error);
    for (int i = 0; i < WIDTH * HEIGHT * 3; i++) {
        cr_assert_eq(back.pixels[i], gray.pixels[i / 3]);
    }
    image_free(&back);
    cr_assert(load(g.bytes, g.count, 1, &back, error), "%s", error);
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        const unsigned char *p = colours.pixels + 3 * i;

        cr_assert_float_eq(back.pixels[i], 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2], 0.51);
    }
    image_free(&back);
    image_free(&gray);
    image_free(&colours);
    free(f.bytes);
    free(g.bytes);
}

Test(image, refuses_a_file_cut_off_anywhere)
{
    struct image image = make(3), back;

    for (int kind = 0; kind < 3; kind++) {
        struct file f = encode(kind, &image);
        char error[IMAGE_ERROR] = "";

        for (size_t count = 0; count < f.count; count++) {
            // The last two bytes of a JPEG are its end mark, after the last pixel.
            if (kind == 0 || count < f.count - 2) {
                cr_assert_not(load(f.bytes, count, 3, &back, error), "kind %d, %zu of %zu bytes",
                              kind, count, f.count);
                cr_assert_null(back.pixels);
                cr_assert_neq(error[0], '\0');
            }
        }
        free(f.bytes);
    }
    image_free(&image);
}

Test(image, bears_a_damaged_byte_anywhere)
{
    static const unsigned char bytes[] = { 0x00, 0x01, 0x7f, 0x80, 0xd8, 0xff };
    struct image image = make(3), back;

    for (int kind = 0; kind < 3; kind++) {
        struct file f = encode(kind, &image);
        char error[IMAGE_ERROR] = "";

        for (size_t at = 0; at < f.count; at++) {
            unsigned char kept = f.bytes[at];

            for (size_t i = 0; i < sizeof bytes; i++) {
                f.bytes[at] = bytes[i];
                if (load(f.bytes, f.count, 3, &back, error)) {
                    image_free(&back);
                }
            }
            f.bytes[at] = kept;
        }
        free(f.bytes);
    }
    image_free(&image);
}

Test(image, says_what_it_cannot_read)
{
    char error[IMAGE_ERROR] = "";
    struct image out;

    cr_expect_not(image_load("/nowhere/a.png", 3, &out, error));
    cr_expect_not_null(strstr(error, "cannot be opened"), "%s", error);
    cr_expect_not(load((const unsigned char *)"GIF89a", 6, 3, &out, error));
    cr_expect_not_null(strstr(error, "neither PNG nor JPEG"), "%s", error);
}

// A head that promises 4 billion pixels costs no memory.
Test(image, refuses_sizes_beyond_its_limits)
{
    static const unsigned char head[] = {
        0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13, 'I', 'H', 'D', 'R',
        0x00, 0x00, 0x80, 0x00, 0x00, 0x00, 0x80, 0x00, 8, 2, 0, 0, 0, 0x57, 0xd7, 0x64, 0x2d
    };
    char error[IMAGE_ERROR] = "";
    struct image out;

    cr_expect_not(load(head, sizeof head, 3, &out, error));
    cr_expect_neq(error[0], '\0');
}

Test(image, resizes_to_the_same_pixels_at_the_same_size)
{
    struct image image = make(3);
    float out[WIDTH * HEIGHT * 3];

    cr_assert(image_resize(&image, WIDTH, HEIGHT, out));
    for (int i = 0; i < WIDTH * HEIGHT * 3; i++) {
        cr_assert_float_eq(out[i], image.pixels[i], 1e-4);
    }
    image_free(&image);
}

// Worked out by hand: [0 100 200 40] to two pixels, each a triangle over four old ones.
Test(image, averages_when_it_shrinks)
{
    unsigned char pixels[] = { 0, 100, 200, 40 };
    struct image image = { 4, 1, 1, pixels };
    float out[2], large[8];

    cr_assert(image_resize(&image, 2, 1, out));
    cr_assert_float_eq(out[0], (0.75f * 0 + 0.75f * 100 + 0.25f * 200) / 1.75f, 1e-3);
    cr_assert_float_eq(out[1], (0.25f * 100 + 0.75f * 200 + 0.75f * 40) / 1.75f, 1e-3);
    cr_assert(image_resize(&image, 8, 1, large));
    cr_assert_float_eq(large[0], 0.0f, 1e-3);
    cr_assert_float_eq(large[1], 25.0f, 1e-3);
    cr_assert_float_eq(large[2], 75.0f, 1e-3);
    cr_assert_float_eq(large[7], 40.0f, 1e-3);
}

Test(image, draws_an_outline_and_leaves_the_rest)
{
    const struct image_point corners[] = { { 3, 3 }, { 20, 3 }, { 20, 14 }, { 3, 14 } };
    const struct image_point outside[] = { { -50, -50 }, { 500, NAN }, { 1e9f, 4 } };
    const struct image_colour red = { 255, 0, 0 };
    struct image image = make(3), before = make(3);

    image_outline(&image, corners, 4, 2.0f, red);
    for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++) {
            const unsigned char *p = image.pixels + (y * WIDTH + x) * 3;
            bool on = (x == 3 || x == 2 || x == 19 || x == 20) && y >= 3 && y < 14;
            bool inside = x > 4 && x < 18 && y > 4 && y < 12;

            cr_assert(!on || (p[0] == 255 && p[1] == 0 && p[2] == 0), "%d, %d", x, y);
            cr_assert(!inside || memcmp(p, before.pixels + (y * WIDTH + x) * 3, 3) == 0);
        }
    }
    image_outline(&image, outside, 3, 3.0f, red);
    image_dot(&image, (struct image_point) { 5, 5 }, 4.0f, red);
    image_free(&image);
    image_free(&before);
}
