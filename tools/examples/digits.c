// Reads handwritten digits with a small ConvNet: a first program with Convoy. The trained weights
// and a sheet of images that training never saw lie beside this file (DIGITS.md).
// Exit status: 0 well read, 1 badly read or an error, 2 usage, 3 no device, 4 bad input.
#include "digits_sheet.h"
#include "example.h"
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LAYERS = 5, PARAMETERS = 21258 };

static const char usage[] = "usage: digits [DEVICE [FOLDER]]\n\n"
    "Reads handwritten digits with a small ConvNet.\n\n"
    "  DEVICE   `cpu`, `gpu`, PLATFORM:DEVICE as numbers, or part of a name; without it\n"
    "           the variable CONVOY_DEVICE, or else the best one\n"
    "  FOLDER   holds digits.weights and digits.png\n";

// A plan, its weights and bias as it likes them (NULL in a pool), and what it writes.
struct layer { cvy_plan *plan; cvy_weights *prepared; cvy_buffer *dst; };

// Two blocks of convolution, ReLU and max pooling; then fully connected to a score for each class.
static void plan_layers(cvy_context *context, struct layer *layers)
{
    cvy_conv_params conv = { .kernel_size = { 5, 5 }, .padding = { 2, 2 }, .bias = true,
                             .activation = { .kind = CVY_RELU } };
    cvy_pool_params pool = { .kind = CVY_POOL_MAX, .kernel_size = { 2, 2 } };
    cvy_linear_params linear = { .out_features = CLASSES, .bias = true };

    conv.src = cvy_nchw(CVY_F32, IMAGES, 1, SIDE, SIDE), conv.out_channels = 16;
    check(cvy_conv_create(context, &conv, &layers[0].plan));
    pool.src = cvy_nchw(CVY_F32, IMAGES, 16, SIDE, SIDE);
    check(cvy_pool_create(context, &pool, &layers[1].plan));
    conv.src = cvy_nchw(CVY_F32, IMAGES, 16, SIDE / 2, SIDE / 2), conv.out_channels = 32;
    check(cvy_conv_create(context, &conv, &layers[2].plan));
    pool.src = cvy_nchw(CVY_F32, IMAGES, 32, SIDE / 2, SIDE / 2);
    check(cvy_pool_create(context, &pool, &layers[3].plan));
    linear.src = cvy_nc(CVY_F32, IMAGES, 32 * (SIDE / 4) * (SIDE / 4));     // all maps in one row
    check(cvy_linear_create(context, &linear, &layers[4].plan));
}

// Gives every plan its output and, if it has any, its weights and bias. In the file they lie one
// behind the other, weights before bias, behind a head that tells what is known here.
static void prepare_layers(cvy_context *context, cvy_queue *queue, struct layer *layers)
{
    static struct { char magic[8], names[220]; float values[PARAMETERS]; } file;
    cvy_tensor weights = { new_buffer(context, sizeof file.values), 0 };
    FILE *stream = fopen("digits.weights", "rb");

    REQUIRE(stream != NULL && fread(&file, sizeof file, 1, stream) == 1
            && memcmp(file.magic, "CVYDIGIT", 8) == 0, 4, "digits.weights: cannot be read");
    fclose(stream);
    check(cvy_queue_write(queue, weights, file.values, sizeof file.values, NULL, NULL));
    for (int i = 0; i < LAYERS; i++) {
        cvy_plan_info info;
        check(cvy_plan_info_get(layers[i].plan, &info));
        printf("  %-58s %s\n", info.spec, info.algorithm);
        layers[i].dst = new_buffer(context, cvy_desc_bytes(&info.dst));
        if (info.parameters == 0)
            continue;                                               // a pool
        const size_t next = weights.offset + (size_t)info.parameters * sizeof(float);
        const size_t bias = next - (size_t)info.dst.size[1] * sizeof(float);
        check(cvy_plan_prepare(layers[i].plan, queue, &(cvy_args) {
            .weights = weights, .bias = { weights.buffer, bias } }, &layers[i].prepared));
        weights.offset = next;
    }
    cvy_buffer_destroy(&weights.buffer);                            // what is prepared stays
}

// Enqueues every layer, then waits once. Returns milliseconds.
static double run(cvy_queue *queue, cvy_tensor src, const struct layer *layers)
{
    struct timespec start, end;

    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int i = 0; i < LAYERS; i++) {
        const cvy_tensor dst = { layers[i].dst, 0 };
        check(cvy_plan_enqueue(layers[i].plan, queue, &(cvy_args) {
            .src = src, .prepared = layers[i].prepared, .dst = dst }, NULL, NULL));
        src = dst;
    }
    check(cvy_queue_finish(queue));
    clock_gettime(CLOCK_MONOTONIC, &end);
    return (end.tv_sec - start.tv_sec) * 1e3 + (end.tv_nsec - start.tv_nsec) * 1e-6;
}

int main(int argc, char **argv)
{
    static float images[IMAGES][SIDE][SIDE], scores[IMAGES][CLASSES];
    struct layer layers[LAYERS] = { { NULL } };
    cvy_context *context = NULL;
    cvy_queue *queue = NULL;
    cvy_device_info device;

    example_words(argc, argv, 0, 2, usage);
    REQUIRE(chdir(argc > 2 ? argv[2] : DIGITS_DIR) == 0, 4, "cannot enter the folder of the data");
    sheet_load("digits.png", images);
    example_open(argc > 1 ? argv[1] : NULL, &context, &queue);
    check(cvy_context_device_info(context, &device));
    printf("%s, %s\n%d plans:\n", device.name, device.platform_name, LAYERS);
    plan_layers(context, layers);
    prepare_layers(context, queue, layers);

    const cvy_tensor src = { new_buffer(context, sizeof images), 0 };
    const cvy_tensor dst = { layers[LAYERS - 1].dst, 0 };
    check(cvy_queue_write(queue, src, images, sizeof images, NULL, NULL));
    const double first = run(queue, src, layers), second = run(queue, src, layers);
    check(cvy_queue_read(queue, dst, scores, sizeof scores, NULL, NULL));
    const int right = sheet_report(images, scores);
    printf("%.2f ms for all of them, %.2f ms the first time\n", second, first);
    return right >= IMAGES * 95 / 100 ? 0 : 1;      // the handles go with the process
}
