// Makes part of a photo six times as large by a transposed convolution, beside the same part with
// each pixel repeated.
//     upsample PHOTO OUT.png [LEFT TOP]
// LEFT and TOP are where the part begins; without them it is the middle.
// A transposed convolution with stride s puts each pixel down s further than the last, multiplied
// by a kernel, and adds up: with a cubic kernel (Keys 1981, a = -1/2) of 4 s taps that is cubic
// interpolation. Each colour is a group of its own.
#include "example.h"
#include "image.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SCALE = 6, TAPS = 4 * SCALE, EDGE = 2, COLOURS = 3, MOST_WIDTH = 120, MOST_HEIGHT = 90 };

static cvy_tensor new_tensor(cvy_context *context, const cvy_desc *desc)
{
    return (cvy_tensor) { new_buffer(context, cvy_desc_bytes(desc)), 0 };
}

static float cubic(float x)
{
    x = fabsf(x);
    return x < 1 ? (1.5f * x - 2.5f) * x * x + 1 : x < 2 ? ((2.5f - x / 2) * x - 4) * x + 2 : 0;
}

// Part of the photo, as floats.
static float *cut(const struct image *photo, int left, int top, int width, int height)
{
    float *part = allocate((size_t)(width * height * COLOURS), sizeof *part);

    for (int i = 0; i < width * height * COLOURS; i++) {
        const int x = left + i / COLOURS % width, y = top + i / COLOURS / width;
        part[i] = photo->pixels[(y * photo->width + x) * COLOURS + i % COLOURS];
    }
    return part;
}

int main(int argc, char **argv)
{
    char error[IMAGE_ERROR];
    struct image photo;
    float kernel[COLOURS][TAPS][TAPS];
    cvy_context *context = NULL;
    cvy_queue *queue = NULL;
    cvy_plan *pad = NULL, *enlarge = NULL;
    cvy_plan_info padded, enlarged;

    example_words(argc, argv, 2, 4, "usage: upsample PHOTO OUT.png [LEFT TOP]\n");
    REQUIRE(image_load(argv[1], COLOURS, &photo, error), 4, "%s: %s", argv[1], error);
    const int width = photo.width < MOST_WIDTH ? photo.width : MOST_WIDTH;
    const int height = photo.height < MOST_HEIGHT ? photo.height : MOST_HEIGHT;
    const int left = argc > 4 ? atoi(argv[3]) : (photo.width - width) / 2;
    const int top = argc > 4 ? atoi(argv[4]) : (photo.height - height) / 2;
    REQUIRE(left >= 0 && left + width <= photo.width && top >= 0 && top + height <= photo.height, 2,
            "%d %d is outside of the photo", left, top);
    float *part = cut(&photo, left, top, width, height);
    for (int i = 0; i < COLOURS * TAPS * TAPS; i++)
        kernel[i / TAPS / TAPS][i / TAPS % TAPS][i % TAPS] =
            cubic(((float)(i / TAPS % TAPS) + 0.5f) / SCALE - 2) *
            cubic(((float)(i % TAPS) + 0.5f) / SCALE - 2);

    // Beyond the border there is nothing to put down, which would be dark: so the outermost pixels
    // are repeated first, and padding takes off what they became.
    const cvy_desc src = cvy_nhwc(CVY_F32, 1, height, width, COLOURS);
    const cvy_desc weights = cvy_nchw(CVY_F32, COLOURS, 1, TAPS, TAPS);
    example_open(NULL, &context, &queue);
    check(cvy_pad_create(context, &(cvy_pad_params) { .src = src, .mode = CVY_REPLICATE,
        .before = { 0, 0, EDGE, EDGE }, .after = { 0, 0, EDGE, EDGE } }, &pad));
    check(cvy_plan_info_get(pad, &padded));
    check(cvy_conv_transpose_create(context, &(cvy_conv_transpose_params) { .src = padded.dst,
        .out_channels = COLOURS, .groups = COLOURS, .kernel_size = { TAPS, TAPS },
        .stride = { SCALE, SCALE }, .activation = { CVY_CLIP, 0, 255 },
        .padding = { (TAPS + (2 * EDGE - 1) * SCALE) / 2, (TAPS + (2 * EDGE - 1) * SCALE) / 2 },
        }, &enlarge));
    check(cvy_plan_info_get(enlarge, &enlarged));

    const cvy_tensor from = new_tensor(context, &src), between = new_tensor(context, &padded.dst);
    const cvy_tensor taps = new_tensor(context, &weights), to = new_tensor(context, &enlarged.dst);
    float *large = allocate(1, cvy_desc_bytes(&enlarged.dst));
    check(cvy_queue_write(queue, from, part, cvy_desc_bytes(&src), NULL, NULL));
    check(cvy_queue_write(queue, taps, kernel, sizeof kernel, NULL, NULL));
    check(cvy_plan_enqueue(pad, queue, &(cvy_args) { .src = from, .dst = between }, NULL, NULL));
    check(cvy_plan_enqueue(enlarge, queue, &(cvy_args) { .src = between, .weights = taps,
        .dst = to }, NULL, NULL));
    check(cvy_queue_read(queue, to, large, cvy_desc_bytes(&enlarged.dst), NULL, NULL));

    const int rows = height * SCALE, columns = width * SCALE;
    struct image sheet = { 2 * columns, rows, COLOURS, allocate((size_t)(2 * columns * rows), 3) };
    for (int i = 0; i < rows * columns * COLOURS; i++) {
        const int c = i % COLOURS, x = i / COLOURS % columns, y = i / COLOURS / columns;
        unsigned char *at = &sheet.pixels[(y * 2 * columns + x) * COLOURS + c];
        at[0] = (unsigned char)part[(y / SCALE * width + x / SCALE) * COLOURS + c];
        at[columns * COLOURS] = (unsigned char)lrintf(large[i]);
    }
    REQUIRE(image_save_png(argv[2], &sheet, error), 4, "%s: %s", argv[2], error);
    printf("%s: each pixel repeated, and cubic\n", argv[2]);
    return 0;                                   // the handles go with the process
}
