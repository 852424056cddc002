// Filters for a photo, as convolutions: Gaussian blur, edges (Sobel), sharpening.
//     filters PHOTO OUT.png
// PHOTO is a PNG or a JPEG. OUT shows four: the photo, blurred, its edges, sharpened.
// A filter that is a column times a row is two small convolutions, one behind the other, in a plan.
#include "example.h"
#include "image.h"
#include <math.h>
#include <stdio.h>

enum { RADIUS = 8, TAPS = 2 * RADIUS + 1, COLOURS = 3 };

// Runs a plan on the photo. Every colour has the same filter: `taps` numbers, and as many again of
// the second convolution, if there is one.
static void apply(cvy_context *context, cvy_queue *queue, cvy_plan *plan, cvy_tensor src,
                  const float *first, const float *second, int taps, float *out, size_t bytes)
{
    cvy_buffer *weights = new_buffer(context, 2 * COLOURS * (size_t)taps * sizeof(float));
    cvy_buffer *dst = new_buffer(context, bytes);
    const size_t one = (size_t)taps * sizeof(float);
    const bool two = second != NULL;            // else weights2 stays empty
    const cvy_args args = { .src = src, .weights = { weights, 0 }, .dst = { dst, 0 },
                            .weights2 = { two ? weights : NULL, two ? COLOURS * one : 0 } };

    for (size_t i = 0; i < COLOURS * (two ? 2 : 1); i++) {
        const cvy_tensor part = { weights, i * one };
        check(cvy_queue_write(queue, part, i < COLOURS ? first : second, one, NULL, NULL));
    }
    check(cvy_plan_enqueue(plan, queue, &args, NULL, NULL));
    check(cvy_queue_read(queue, args.dst, out, bytes, NULL, NULL));
    cvy_buffer_destroy(&dst);
    cvy_buffer_destroy(&weights);
}

// Puts a picture of floats into a quarter of the sheet.
static void place(struct image *sheet, int column, int row, const float *pixels)
{
    const int width = sheet->width / 2, height = sheet->height / 2;
    for (int i = 0; i < width * height * COLOURS; i++) {
        const int x = column * width + i / COLOURS % width, y = row * height + i / COLOURS / width;
        sheet->pixels[(y * sheet->width + x) * COLOURS + i % COLOURS] =
            (unsigned char)lrintf(fminf(fmaxf(pixels[i], 0.0f), 255.0f));
    }
}

int main(int argc, char **argv)
{
    static const float smooth[3] = { 0.5f, 1, 0.5f }, slope[3] = { -1, 0, 1 };
    static const float sharpen[9] = { 0, -1, 0, -1, 5, -1, 0, -1, 0 };
    const float sigma = 2.5f;                   // of the Gaussian, in pixels
    float gauss[TAPS];
    struct image photo;
    char error[IMAGE_ERROR];
    cvy_context *context = NULL;
    cvy_queue *queue = NULL;
    cvy_plan *blur = NULL, *edge = NULL, *sharp = NULL;

    example_words(argc, argv, 2, 2, "usage: filters PHOTO OUT.png\n");
    REQUIRE(image_load(argv[1], COLOURS, &photo, error), 4, "%s: %s", argv[1], error);
    const int width = photo.width, height = photo.height;
    const size_t values = (size_t)width * (size_t)height * COLOURS, bytes = values * sizeof(float);
    struct image sheet = { 2 * width, 2 * height, COLOURS, allocate(4, values) };
    float *input = allocate(1, bytes), *output = allocate(1, bytes), *other = allocate(1, bytes);
    for (size_t i = 0; i < values; i++)
        input[i] = photo.pixels[i];             // three bytes a pixel: that is NHWC
    for (int i = 0; i < TAPS; i++)              // their sum is 1, as good as
        gauss[i] = 0.39894228f / sigma * expf(-powf((float)(i - RADIUS) / sigma, 2) / 2);

    // At the border, the outermost pixel goes on for ever: CVY_REPLICATE.
    const cvy_desc src = cvy_nhwc(CVY_F32, 1, height, width, COLOURS);
    cvy_separable_params separable = { .kind = CVY_SEPARABLE_SPATIAL, .src = src,
        .kernel_size = { TAPS, TAPS }, .padding = { RADIUS, RADIUS },
        .padding_mode = CVY_REPLICATE };
    example_open(NULL, &context, &queue);
    check(cvy_separable_create(context, &separable, &blur));
    separable.kernel_size[0] = separable.kernel_size[1] = 3;
    separable.padding[0] = separable.padding[1] = 1;
    check(cvy_separable_create(context, &separable, &edge));
    check(cvy_conv_create(context, &(cvy_conv_params) { .src = src, .out_channels = COLOURS,
        .groups = COLOURS, .kernel_size = { 3, 3 }, .padding = { 1, 1 },
        .padding_mode = CVY_REPLICATE, .activation = { CVY_CLIP, 0.0f, 255.0f } }, &sharp));
    const cvy_tensor from = { new_buffer(context, bytes), 0 };
    check(cvy_queue_write(queue, from, input, bytes, NULL, NULL));

    place(&sheet, 0, 0, input);
    apply(context, queue, blur, from, gauss, gauss, TAPS, output, bytes);
    place(&sheet, 1, 0, output);
    apply(context, queue, edge, from, smooth, slope, 3, output, bytes);     // across
    apply(context, queue, edge, from, slope, smooth, 3, other, bytes);      // down
    for (size_t i = 0; i < values; i++)
        output[i] = hypotf(output[i], other[i]);    // how steep
    place(&sheet, 0, 1, output);
    apply(context, queue, sharp, from, sharpen, NULL, 9, output, bytes);
    place(&sheet, 1, 1, output);
    REQUIRE(image_save_png(argv[2], &sheet, error), 4, "%s: %s", argv[2], error);
    printf("%s: the photo, blurred, its edges, sharpened\n", argv[2]);
    return 0;                                   // the handles go with the process
}
