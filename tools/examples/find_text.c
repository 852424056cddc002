// Finds lines of text on a photo with PP-OCRv4's detection network, and draws a box around each.
//     find_text MODEL.onnx PHOTO OUT.png [DEVICE]
// tools/fetch_models.sh gets the model. PHOTO is a PNG or a JPEG. The network gives each pixel a
// probability of being text; what hangs together becomes a box.
// Exit status: 0 done, 1 an error, 2 usage, 3 no device, 4 bad input.
#include "image.h"
#include <convoy/onnx.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEP = 32, MOST_SIDE = 960 };            // the network wants sides in steps of 32
static const float text_from = 0.3f;            // a pixel is text from this probability on,
static const float box_from = 0.6f;             // a box counts from this mean of its pixels on;
static const float growth = 1.2f;               // boxes are tight (PP-OCR's unclip_ratio is 1.5)

// Prints one line and ends the program if the condition does not hold.
#define REQUIRE(condition, exit_status, ...)                                                       \
    ((condition) ? (void) 0                                                                        \
     : (fprintf(stderr, "find_text: " __VA_ARGS__), fputc('\n', stderr), exit(exit_status)))

// Stands around every Convoy call that can fail.
static void check(cvy_status status)
{
    REQUIRE(status == CVY_OK, status == CVY_ERR_NO_DEVICE ? 3 : 1, "%s: %s",
            cvy_status_name(status), cvy_error_text());
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    REQUIRE(memory != NULL, 1, "out of memory");
    return memory;
}

// The photo as the network sees it: resized, channel by channel, with the mean and the standard
// deviation of ImageNet.
static float *as_input(const struct image *photo, int width, int height)
{
    static const float mean[3] = { 0.485f, 0.456f, 0.406f }, std[3] = { 0.229f, 0.224f, 0.225f };
    const size_t pixels = (size_t)width * (size_t)height;
    float *resized = allocate(pixels * 3, sizeof *resized);
    float *input = allocate(pixels * 3, sizeof *input);

    REQUIRE(image_resize(photo, width, height, resized), 1, "out of memory");
    for (size_t i = 0; i < pixels * 3; i++)
        input[i % 3 * pixels + i / 3] = (resized[i] / 255.0f - mean[i % 3]) / std[i % 3];
    free(resized);
    return input;
}

// Loads the model, compiles it for an image of this size, and runs it once. Nothing waits until the
// result is needed: the device works through write, run and read by itself.
static float *run(const char *model, const char *device, const float *input, int width, int height)
{
    const cvy_context_params params = { .device = device, .compile = CVY_COMPILE_LAZY };
    const size_t pixels = (size_t)width * (size_t)height, bytes = pixels * 3 * sizeof *input;
    float *map = allocate(pixels, sizeof *map);
    cvy_context *context = NULL;
    cvy_queue *queue = NULL;
    cvy_graph *graph = NULL;
    cvy_network *network = NULL;
    cvy_buffer *src = NULL, *dst = NULL;
    cvy_event *written = NULL, *done = NULL;
    cvy_port_info port;
    cvy_network_port result;

    check(cvy_onnx_load(model, NULL, &graph));
    check(cvy_graph_input_get(graph, 0, &port));
    const cvy_network_input shape = { port.name, cvy_nchw(CVY_F32, 1, 3, height, width), NULL };
    const cvy_network_options options = { .inputs = &shape, .input_count = 1 };

    check(cvy_context_create(&params, &context));
    check(cvy_queue_create(context, NULL, &queue));
    check(cvy_graph_compile(graph, context, &options, &network));
    check(cvy_network_output_get(network, 0, &result));
    REQUIRE(result.bytes == pixels * sizeof *map, 4, "%s: output %s is no map", model, result.name);
    check(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = bytes }, &src));
    check(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = result.bytes }, &dst));

    const cvy_tensor from = { src, 0 }, to = { dst, 0 };
    check(cvy_queue_write(queue, from, input, bytes, NULL, &written));
    check(cvy_network_enqueue(network, queue, &from, &to, NULL, NULL));
    check(cvy_queue_read(queue, to, map, result.bytes, NULL, &done));
    check(cvy_queue_flush(queue));
    check(cvy_event_wait(done, -1));            // a program with other work would do it before

    cvy_event_destroy(&written);
    cvy_event_destroy(&done);
    cvy_buffer_destroy(&src);
    cvy_buffer_destroy(&dst);
    cvy_network_destroy(&network);
    cvy_graph_destroy(&graph);
    cvy_queue_destroy(&queue);
    cvy_context_destroy(&context);
    return map;
}

// Moves everything that hangs together with pixel `first` from the map to places[], as pixel
// numbers. Gives how many they are; *sum is that of their probabilities.
static int take_part(float *map, int width, int height, int first, int *places, float *sum)
{
    int count = 0;

    places[count++] = first;
    *sum = map[first];
    map[first] = 0.0f;
    for (int done = 0; done < count; done++) {
        const int x = places[done] % width, y = places[done] / width;
        for (int i = 0; i < 9; i++) {
            const int nx = x + i % 3 - 1, ny = y + i / 3 - 1, near = ny * width + nx;
            if (nx < 0 || ny < 0 || nx >= width || ny >= height || map[near] < text_from)
                continue;
            *sum += map[near];
            map[near] = 0.0f;
            places[count++] = near;
        }
    }
    return count;
}

// A rectangle at an angle: its middle, half its sides, and the direction of the first of them.
struct box { float x, y, along, across, cosine, sine; };

// Turned as the pixels lie: along the direction in which they spread most.
static struct box fit_box(const int *places, int count, int width)
{
    float mx = 0, my = 0, xx = 0, xy = 0, yy = 0, least[2] = { 1e9f, 1e9f }, most[2] = { 0, 0 };

    for (int i = 0; i < count; i++) {
        mx += ((float)(places[i] % width) + 0.5f) / (float)count;
        my += ((float)(places[i] / width) + 0.5f) / (float)count;
    }
    for (int i = 0; i < count; i++) {
        const float x = (float)(places[i] % width) + 0.5f - mx;
        const float y = (float)(places[i] / width) + 0.5f - my;
        xx += x * x, xy += x * y, yy += y * y;
    }
    const float angle = 0.5f * atan2f(2.0f * xy, xx - yy);
    struct box box = { mx, my, 0, 0, cosf(angle), sinf(angle) };
    for (int i = 0; i < count; i++) {
        const float x = (float)(places[i] % width) + 0.5f - mx;
        const float y = (float)(places[i] / width) + 0.5f - my;
        const float at[2] = { x * box.cosine + y * box.sine, y * box.cosine - x * box.sine };
        for (int k = 0; k < 2; k++)
            least[k] = fminf(least[k], at[k]), most[k] = fmaxf(most[k], at[k]);
    }
    const float u = (least[0] + most[0]) / 2, v = (least[1] + most[1]) / 2;
    box.x += u * box.cosine - v * box.sine;
    box.y += u * box.sine + v * box.cosine;
    box.along = (most[0] - least[0] + 1) / 2;
    box.across = (most[1] - least[1] + 1) / 2;
    return box;
}

// Draws a box, a little larger, on the photo, which is scale[0] times as wide as the map.
static void draw(struct image *photo, const struct box *box, const float scale[2], float score)
{
    const float more = box->along * box->across * growth / (box->along + box->across);
    const float u = box->along + more, v = box->across + more;
    const float thickness = fmaxf(1.5f, (float)photo->width / 500.0f);
    struct image_point corners[4];

    for (int i = 0; i < 4; i++) {
        const float a = i == 0 || i == 3 ? -u : u, b = i < 2 ? -v : v;
        corners[i].x = (box->x + a * box->cosine - b * box->sine) * scale[0];
        corners[i].y = (box->y + a * box->sine + b * box->cosine) * scale[1];
        printf("  %4.0f,%-4.0f", corners[i].x, corners[i].y);
    }
    printf("  %.2f\n", score);
    image_outline(photo, corners, 4, thickness, (struct image_colour) { 220, 30, 30 });
}

static int draw_boxes(struct image *photo, float *map, int width, int height)
{
    const float scale[2] = { (float)photo->width / (float)width,
                             (float)photo->height / (float)height };
    int *places = allocate((size_t)width * (size_t)height, sizeof *places);
    int boxes = 0;

    for (int i = 0; i < width * height; i++) {
        float sum;
        if (map[i] < text_from)
            continue;
        const int count = take_part(map, width, height, i, places, &sum);
        const struct box box = fit_box(places, count, width);
        if (box.along < 2 || box.across < 2 || sum < box_from * (float)count)
            continue;
        draw(photo, &box, scale, sum / (float)count);
        boxes++;
    }
    free(places);
    return boxes;
}

static int in_steps(int side, float scale)
{
    const int steps = (int)lrintf((float)side * scale / (float)STEP);
    return (steps > 0 ? steps : 1) * STEP;
}

int main(int argc, char **argv)
{
    char error[IMAGE_ERROR];
    struct image photo;

    REQUIRE(argc == 4 || argc == 5, 2, "usage: find_text MODEL.onnx PHOTO OUT.png [DEVICE]");
    REQUIRE(image_load(argv[2], 3, &photo, error), 4, "%s: %s", argv[2], error);
    const int longest = photo.width > photo.height ? photo.width : photo.height;
    const float scale = longest > MOST_SIDE ? (float)MOST_SIDE / (float)longest : 1.0f;
    const int width = in_steps(photo.width, scale), height = in_steps(photo.height, scale);

    float *input = as_input(&photo, width, height);
    float *map = run(argv[1], argc > 4 ? argv[4] : getenv("CONVOY_DEVICE"), input, width, height);
    const int boxes = draw_boxes(&photo, map, width, height);
    REQUIRE(image_save_png(argv[3], &photo, error), 4, "%s: %s", argv[3], error);
    printf("%d boxes in %s\n", boxes, argv[3]);

    free(map);
    free(input);
    image_free(&photo);
    return 0;
}
