// Finds faces on a photo with MediaPipe's BlazeFace (front camera, 128x128), and draws a box and
// six dots (eyes, nose, mouth, ears) on each.
//     find_face MODEL.onnx PHOTO OUT.png [DEVICE]
// The network looks at 896 places and gives each a score, and a box and six points relative to it.
// Exit status: 0 done, 1 an error, 2 usage, 3 no device, 4 bad input.
#include "image.h"
#include <convoy/onnx.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 128, PLACES = 896, POINTS = 6, VALUES = 4 + 2 * POINTS };
enum { COARSE = 384, FINE = PLACES - COARSE };  // 8x8 places with 6 boxes each; 16x16 with 2
static const float face_from = 0.5f;            // a place is a face from this score on;
static const float same_from = 0.3f;            // two are the same if they share this much

// Prints one line and ends the program if the condition does not hold.
#define REQUIRE(condition, exit_status, ...)                                                       \
    ((condition) ? (void) 0                                                                        \
     : (fprintf(stderr, "find_face: " __VA_ARGS__), fputc('\n', stderr), exit(exit_status)))

// Stands around every Convoy call that can fail.
static void check(cvy_status status)
{
    REQUIRE(status == CVY_OK, status == CVY_ERR_NO_DEVICE ? 3 : 1, "%s: %s",
            cvy_status_name(status), cvy_error_text());
}

// All in shares of the square that the network sees.
struct face { float score, left, top, right, bottom; struct image_point points[POINTS]; };

// The photo in the middle of a black square.
static struct image squared(const struct image *photo)
{
    const int side = photo->width > photo->height ? photo->width : photo->height;
    struct image square = { side, side, 3, calloc((size_t)side * (size_t)side, 3) };
    const int left = (side - photo->width) / 2, top = (side - photo->height) / 2;

    REQUIRE(square.pixels != NULL, 1, "out of memory");
    for (int y = 0; y < photo->height; y++)
        memcpy(square.pixels + 3 * ((size_t)(y + top) * (size_t)side + (size_t)left),
               photo->pixels + 3 * (size_t)y * (size_t)photo->width, 3 * (size_t)photo->width);
    return square;
}

// What the network gives: a score for each place, then VALUES numbers for each. The model has them
// in two parts, fine before coarse, and says by their sizes which is which.
struct answer { float scores[PLACES], values[PLACES][VALUES]; };

static float *place_of(struct answer *answer, size_t bytes)
{
    switch (bytes / sizeof(float)) {
    case FINE: return answer->scores;
    case COARSE: return answer->scores + FINE;
    case FINE * VALUES: return answer->values[0];
    case COARSE * VALUES: return answer->values[FINE];
    default: return NULL;
    }
}

// The model was made for TensorFlow, so its input is [1][128][128][3]: four plain axes.
static void run(const char *model, const char *device, const float *input, struct answer *answer)
{
    const cvy_context_params params = { .device = device, .compile = CVY_COMPILE_LAZY };
    const size_t bytes = SIDE * SIDE * 3 * sizeof *input;
    cvy_context *context = NULL;
    cvy_queue *queue = NULL;
    cvy_graph *graph = NULL;
    cvy_network *network = NULL;
    cvy_buffer *src = NULL, *dst[4] = { NULL };
    cvy_network_info info;
    cvy_network_port port;

    check(cvy_onnx_load(model, NULL, &graph));
    check(cvy_context_create(&params, &context));
    check(cvy_queue_create(context, NULL, &queue));
    check(cvy_graph_compile(graph, context, NULL, &network));
    check(cvy_network_info_get(network, &info));
    REQUIRE(info.inputs == 1 && info.outputs == 4, 4, "%s: is no BlazeFace", model);
    check(cvy_network_input_get(network, 0, &port));
    REQUIRE(port.bytes == bytes, 4, "%s: is not BlazeFace for the front camera", model);

    cvy_tensor from = { NULL, 0 }, to[4] = { { NULL, 0 } };
    check(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = bytes }, &src));
    from.buffer = src;
    for (size_t i = 0; i < 4; i++) {
        check(cvy_network_output_get(network, i, &port));
        check(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = port.bytes },
                                &dst[i]));
        to[i].buffer = dst[i];
    }
    check(cvy_queue_write(queue, from, input, bytes, NULL, NULL));
    check(cvy_network_enqueue(network, queue, &from, to, NULL, NULL));
    for (size_t i = 0; i < 4; i++) {
        check(cvy_network_output_get(network, i, &port));
        float *place = place_of(answer, port.bytes);
        REQUIRE(place != NULL, 4, "%s: output %s has a size of its own", model, port.name);
        check(cvy_queue_read(queue, to[i], place, port.bytes, NULL, NULL));
        cvy_buffer_destroy(&dst[i]);
    }
    cvy_buffer_destroy(&src);
    cvy_network_destroy(&network);
    cvy_graph_destroy(&graph);
    cvy_queue_destroy(&queue);
    cvy_context_destroy(&context);
}

// Place i has its middle in a cell of a grid: 16x16 cells of 2 places, then 8x8 of 6.
static struct face decode(const struct answer *answer, int i)
{
    const int cells = i < FINE ? 16 : 8, cell = i < FINE ? i / 2 : (i - FINE) / 6;
    const float x = ((float)(cell % cells) + 0.5f) / (float)cells;
    const float y = ((float)(cell / cells) + 0.5f) / (float)cells;
    const float *v = answer->values[i];
    const float cx = x + v[0] / SIDE, cy = y + v[1] / SIDE, w = v[2] / SIDE, h = v[3] / SIDE;
    struct face face = { 1.0f / (1.0f + expf(-answer->scores[i])), cx - w / 2, cy - h / 2,
                         cx + w / 2, cy + h / 2, { { 0, 0 } } };

    for (int k = 0; k < POINTS; k++)
        face.points[k] = (struct image_point) { x + v[4 + 2 * k] / SIDE, y + v[5 + 2 * k] / SIDE };
    return face;
}

// What two boxes share, of what they cover together.
static float shared(const struct face *a, const struct face *b)
{
    const float w = fminf(a->right, b->right) - fmaxf(a->left, b->left);
    const float h = fminf(a->bottom, b->bottom) - fmaxf(a->top, b->top);
    const float both = fmaxf(w, 0.0f) * fmaxf(h, 0.0f);
    const float all = (a->right - a->left) * (a->bottom - a->top) +
                      (b->right - b->left) * (b->bottom - b->top) - both;

    return all > 0.0f ? both / all : 0.0f;
}

static int by_score(const void *a, const void *b)
{
    const float x = ((const struct face *)a)->score, y = ((const struct face *)b)->score;
    return (x < y) - (x > y);
}

// Many places see the same face. The best one stands for them, with the mean of all, by score.
static int find_faces(const struct answer *answer, struct face *faces)
{
    enum { NUMBERS = sizeof(struct face) / sizeof(float) };
    bool taken[PLACES] = { false };
    int seen = 0, found = 0;

    for (int i = 0; i < PLACES; i++) {
        faces[seen] = decode(answer, i);
        seen += faces[seen].score >= face_from;
    }
    qsort(faces, (size_t)seen, sizeof *faces, by_score);
    for (int i = 0; i < seen; i++) {
        float sum[NUMBERS] = { 0 }, weight = 0.0f;
        const struct face best = faces[i];
        for (int k = i; k < seen && !taken[i]; k++) {
            if (taken[k] || (k > i && shared(&best, &faces[k]) < same_from))
                continue;
            for (int n = 0; n < NUMBERS; n++)
                sum[n] += ((const float *)&faces[k])[n] * faces[k].score;
            weight += faces[k].score;
            taken[k] = k > i;
        }
        if (taken[i])
            continue;
        for (int n = 1; n < NUMBERS; n++)
            sum[n] /= weight;
        sum[0] = best.score;
        memcpy(&faces[found++], sum, sizeof sum);       // found <= i: these were looked at
    }
    return found;
}

static void draw(struct image *square, const struct face *face)
{
    const float s = (float)square->width, thickness = fmaxf(2.0f, s / 250.0f);
    const struct image_point corners[4] = {
        { face->left * s, face->top * s }, { face->right * s, face->top * s },
        { face->right * s, face->bottom * s }, { face->left * s, face->bottom * s } };

    image_outline(square, corners, 4, thickness, (struct image_colour) { 40, 220, 80 });
    for (int k = 0; k < POINTS; k++) {
        const struct image_point at = { face->points[k].x * s, face->points[k].y * s };
        image_dot(square, at, 3.0f * thickness, (struct image_colour) { 255, 60, 60 });
    }
    printf("  %4.0f,%-4.0f to %4.0f,%-4.0f  %.2f\n", corners[0].x, corners[0].y, corners[2].x,
           corners[2].y, face->score);
}

int main(int argc, char **argv)
{
    static float input[SIDE * SIDE * 3];
    static struct answer answer;
    static struct face faces[PLACES + 1];
    char error[IMAGE_ERROR];
    struct image photo;

    REQUIRE(argc == 4 || argc == 5, 2, "usage: find_face MODEL.onnx PHOTO OUT.png [DEVICE]");
    REQUIRE(image_load(argv[2], 3, &photo, error), 4, "%s: %s", argv[2], error);
    struct image square = squared(&photo);
    REQUIRE(image_resize(&square, SIDE, SIDE, input), 1, "out of memory");
    for (int i = 0; i < SIDE * SIDE * 3; i++)
        input[i] = input[i] / 127.5f - 1.0f;

    run(argv[1], argc > 4 ? argv[4] : getenv("CONVOY_DEVICE"), input, &answer);
    const int found = find_faces(&answer, faces);
    for (int i = 0; i < found; i++)
        draw(&square, &faces[i]);
    REQUIRE(image_save_png(argv[3], &square, error), 4, "%s: %s", argv[3], error);
    printf("%d faces in %s\n", found, argv[3]);
    image_free(&square);
    image_free(&photo);
    return 0;
}
