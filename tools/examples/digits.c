// Reads handwritten digits with a small ConvNet: a first program with Convoy. The trained weights
// and a sheet of images that training never saw lie beside this file (DIGITS.md).
//     digits [DEVICE [FOLDER]]
// DEVICE is "cpu", "gpu", "P:D" or part of a name; without it the variable CONVOY_DEVICE counts,
// and without that Convoy takes the best device. FOLDER holds digits.weights and digits.png.
// Exit status: 0 well read, 1 badly read or an error, 2 usage, 3 no device, 4 bad input.
#define _POSIX_C_SOURCE 200809L     // chdir, clock_gettime, setenv
#include <convoy/convoy.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef DIGITS_DIR
#define DIGITS_DIR "."
#endif

enum { SIDE = 20, CLASSES = 10, COLUMNS = 36, IMAGES = CLASSES * COLUMNS };
enum { LAYERS = 5, TENSORS = 6 };

// Prints one line and ends the program if the condition does not hold.
#define REQUIRE(condition, exit_status, ...)                                                       \
    ((condition) ? (void) 0                                                                        \
     : (fprintf(stderr, "digits: " __VA_ARGS__), fputc('\n', stderr), exit(exit_status)))

// Stands around every Convoy call that can fail.
static void check(cvy_status status)
{
    REQUIRE(status == CVY_OK, status == CVY_ERR_NO_DEVICE ? 3 : 1, "%s: %s",
            cvy_status_name(status), cvy_error_text());
}

struct network {
    cvy_context *context;
    cvy_queue *queue;
    cvy_plan *plans[LAYERS];
    cvy_weights *prepared[LAYERS];      // weights and bias as the plan likes them; NULL in a pool
    cvy_buffer *maps[LAYERS + 1];       // layer i reads maps[i] and writes maps[i + 1]
    cvy_buffer *weights;
};

// The sheet has a row of images for each class. They become floats from 0, black, to 1, white.
static void load_images(const char *file, float images[IMAGES][SIDE][SIDE])
{
    static unsigned char sheet[CLASSES][SIDE][COLUMNS][SIDE];
    png_image png = { .version = PNG_IMAGE_VERSION };

    REQUIRE(png_image_begin_read_from_file(&png, file), 4, "%s: %s", file, png.message);
    REQUIRE(png.width == COLUMNS * SIDE && png.height == CLASSES * SIDE, 4, "%s: wrong size", file);
    png.format = PNG_FORMAT_GRAY;
    REQUIRE(png_image_finish_read(&png, NULL, sheet, 0, NULL), 4, "%s: %s", file, png.message);
    for (int i = 0; i < IMAGES; i++)
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++)
                images[i][y][x] = (float) sheet[i / COLUMNS][y][i % COLUMNS][x] / 255.0f;
}

static cvy_buffer *new_buffer(cvy_context *context, size_t bytes)
{
    cvy_buffer *buffer = NULL;

    check(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = bytes }, &buffer));
    return buffer;
}

// Moves the values of all tensors to the device in one buffer, and gives each tensor's place in it.
static void load_weights(struct network *net, const char *file, cvy_tensor *tensors)
{
    static float values[1 << 16];
    struct tensor { char name[16]; uint32_t rank, size[4]; };
    struct { char magic[8]; uint32_t count; struct tensor tensors[TENSORS]; } head;
    size_t offset = 0;
    FILE *stream = fopen(file, "rb");

    REQUIRE(stream != NULL && fread(&head, sizeof head, 1, stream) == 1 && head.count == TENSORS
            && memcmp(head.magic, "CVYDIGIT", 8) == 0, 4, "%s: cannot be read as weights", file);
    const size_t bytes = fread(values, 1, sizeof values, stream);
    fclose(stream);
    net->weights = new_buffer(net->context, bytes);
    check(cvy_queue_write(net->queue, (cvy_tensor) { net->weights, 0 }, values, bytes, NULL, NULL));
    for (int i = 0; i < TENSORS; i++) {
        const uint32_t *size = head.tensors[i].size;
        tensors[i] = (cvy_tensor) { net->weights, offset };
        offset += sizeof(float) * size[0] * size[1] * size[2] * size[3];
    }
    REQUIRE(offset == bytes, 4, "%s: %zu bytes of values, not %zu", file, bytes, offset);
}

// Two blocks of convolution, ReLU and max pooling; then fully connected to a score for each class.
static void plan_layers(cvy_context *context, cvy_plan **plans)
{
    cvy_conv_params conv = { .kernel_size = { 5, 5 }, .padding = { 2, 2 }, .bias = true,
                             .activation = { .kind = CVY_RELU } };
    cvy_pool_params pool = { .kind = CVY_POOL_MAX, .kernel_size = { 2, 2 } };
    cvy_linear_params linear = { .out_features = CLASSES, .bias = true };

    conv.src = cvy_nchw(CVY_F32, IMAGES, 1, SIDE, SIDE), conv.out_channels = 16;
    check(cvy_conv_create(context, &conv, &plans[0]));
    pool.src = cvy_nchw(CVY_F32, IMAGES, 16, SIDE, SIDE);
    check(cvy_pool_create(context, &pool, &plans[1]));
    conv.src = cvy_nchw(CVY_F32, IMAGES, 16, SIDE / 2, SIDE / 2), conv.out_channels = 32;
    check(cvy_conv_create(context, &conv, &plans[2]));
    pool.src = cvy_nchw(CVY_F32, IMAGES, 32, SIDE / 2, SIDE / 2);
    check(cvy_pool_create(context, &pool, &plans[3]));
    linear.src = cvy_nc(CVY_F32, IMAGES, 32 * (SIDE / 4) * (SIDE / 4));     // all maps in one row
    check(cvy_linear_create(context, &linear, &plans[4]));
}

// Gives every plan the maps it writes and, if it has any, its weights and bias.
static void prepare_layers(struct network *net, const cvy_tensor *constant)
{
    for (int i = 0; i < LAYERS; i++) {
        cvy_plan_info info;
        check(cvy_plan_info_get(net->plans[i], &info));
        printf("  %-58s %s\n", info.spec, info.algorithm);
        net->maps[i + 1] = new_buffer(net->context, cvy_desc_bytes(&info.dst));
        if (info.parameters > 0) {
            const cvy_args args = { .weights = constant[0], .bias = constant[1] };
            check(cvy_plan_prepare(net->plans[i], net->queue, &args, &net->prepared[i]));
            constant += 2;
        }
    }
}

// Enqueues every layer, then waits once. Returns milliseconds.
static double run(const struct network *net)
{
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int i = 0; i < LAYERS; i++) {
        const cvy_args args = { .src = { net->maps[i], 0 }, .dst = { net->maps[i + 1], 0 },
                                .prepared = net->prepared[i] };
        check(cvy_plan_enqueue(net->plans[i], net->queue, &args, NULL, NULL));
    }
    check(cvy_queue_finish(net->queue));
    clock_gettime(CLOCK_MONOTONIC, &end);
    return (end.tv_sec - start.tv_sec) * 1e3 + (end.tv_nsec - start.tv_nsec) * 1e-6;
}

// The class of the highest score is the answer. Draws four images, two rows of pixels in one of
// text; the last is one read wrong, if there is one. Returns how many are right.
static int report(float images[IMAGES][SIDE][SIDE], float scores[IMAGES][CLASSES])
{
    int answers[IMAGES] = { 0 }, right = 0;
    int shown[4] = { 2 * COLUMNS, 3 * COLUMNS, 5 * COLUMNS, 8 * COLUMNS };

    for (int i = 0; i < IMAGES; i++) {
        for (int k = 1; k < CLASSES; k++)
            if (scores[i][k] > scores[i][answers[i]])
                answers[i] = k;
        right += answers[i] == i / COLUMNS;
        if (answers[i] != i / COLUMNS)
            shown[3] = i;
    }
    for (int y = 0; y < SIDE; y += 2, putchar('\n'))
        for (int x = 0; x < 4 * SIDE; x++) {
            float (*image)[SIDE] = images[shown[x / SIDE]];
            const float shade = (image[y][x % SIDE] + image[y + 1][x % SIDE]) / 2;
            putchar(" .:-=+*#%@"[(int) (shade * 9.99f)]);
        }
    for (int i = 0; i < 4; i++)
        printf("    read %d, is %d    ", answers[shown[i]], shown[i] / COLUMNS);
    printf("\n%d of %d held-back digits right (%.1f %%)\n", right, IMAGES, 100.0 * right / IMAGES);
    return right;
}

// Answers --help. Ends the program if the words are not [DEVICE [FOLDER]].
static void read_options(int argc, char **argv)
{
    static const char usage[] = "usage: digits [DEVICE [FOLDER]]\n\n"
        "Reads handwritten digits with a small ConvNet.\n\n"
        "  DEVICE   `cpu`, `gpu`, PLATFORM:DEVICE as numbers, or part of a name; without it\n"
        "           the variable CONVOY_DEVICE, or else the best one\n"
        "  FOLDER   holds digits.weights and digits.png\n";

    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        exit(fputs(usage, stdout) < 0 || fflush(stdout) != 0);
    REQUIRE(argc < 2 || argv[1][0] != '-', 2, "`%s` is no option: see digits --help", argv[1]);
    REQUIRE(argc <= 3, 2, "`%s` is not expected: see digits --help", argv[3]);
}

int main(int argc, char **argv)
{
    static float images[IMAGES][SIDE][SIDE], scores[IMAGES][CLASSES];
    const cvy_context_params params = { .device = argc > 1 ? argv[1] : getenv("CONVOY_DEVICE"),
                                        .compile = CVY_COMPILE_LAZY };  // few kernels are needed
    struct network net = { 0 };
    cvy_device_info device;
    cvy_tensor tensors[TENSORS];

    read_options(argc, argv);
    REQUIRE(chdir(argc > 2 ? argv[2] : DIGITS_DIR) == 0, 4, "cannot enter the folder of the data");
    load_images("digits.png", images);
    setenv("POCL_AFFINITY", "1", 0);    // PoCL's threads stay on their cores, unless told otherwise

    const cvy_status opened = cvy_context_create(&params, &net.context);
    REQUIRE(opened != CVY_ERR_NO_DEVICE || argc > 1 || params.device == NULL, 3,
            "CONVOY_DEVICE is \"%s\": %s", params.device, cvy_error_text());
    check(opened);
    check(cvy_queue_create(net.context, NULL, &net.queue));
    check(cvy_context_device_info(net.context, &device));
    printf("%s, %s\n%d plans:\n", device.name, device.platform_name, LAYERS);
    load_weights(&net, "digits.weights", tensors);
    plan_layers(net.context, net.plans);
    prepare_layers(&net, tensors);
    net.maps[0] = new_buffer(net.context, sizeof images);
    check(cvy_queue_write(net.queue, (cvy_tensor) { net.maps[0], 0 }, images, sizeof images, NULL,
                          NULL));

    const double first = run(&net), second = run(&net);
    check(cvy_queue_read(net.queue, (cvy_tensor) { net.maps[LAYERS], 0 }, scores, sizeof scores,
                         NULL, NULL));
    const int right = report(images, scores);
    printf("%.2f ms for all of them, %.2f ms the first time\n", second, first);

    for (int i = 0; i < LAYERS; i++) {
        cvy_weights_destroy(&net.prepared[i]);
        cvy_plan_destroy(&net.plans[i]);
        cvy_buffer_destroy(&net.maps[i]);
    }
    cvy_buffer_destroy(&net.maps[LAYERS]);
    cvy_buffer_destroy(&net.weights);
    cvy_queue_destroy(&net.queue);
    cvy_context_destroy(&net.context);
    return right >= IMAGES * 95 / 100 ? 0 : 1;
}
