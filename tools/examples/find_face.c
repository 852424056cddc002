// Finds faces on a photo with MediaPipe's BlazeFace (front camera, 128x128), and draws a box and
// six dots (eyes, nose, mouth, ears) on each.
// The network looks at 896 places and gives each a score, and a box and six points relative to it.
#include "vision.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 128, PLACES = 896, POINTS = 6, VALUES = 4 + 2 * POINTS };
enum { FINE = 16 * 16 * 2 };                    // the rest are 8 * 8 * 6 for larger faces
static const float face_from = 0.5f;            // a place is a face from this score on;
static const float same_from = 0.3f;            // two are the same if they share this much

// All in shares of the square that the network sees.
struct face { float score, left, top, right, bottom; struct image_point points[POINTS]; };
enum { NUMBERS = sizeof(struct face) / sizeof(float) };

// The model has scores and values in two parts each, and says by their sizes which is which.
static const float *part(const struct output outputs[4], int count)
{
    for (int i = 0; i < 4; i++)
        if (outputs[i].count == (size_t)count)
            return outputs[i].values;
    example_end(4, "the model has no output of %d numbers: is it BlazeFace?", count);
}

// The places of a grid, `cells` wide and high, with `each` places in every cell.
static void decode(const struct output outputs[4], int cells, int each, struct face *places)
{
    const int count = cells * cells * each;
    const float *scores = part(outputs, count), *v = part(outputs, count * VALUES);

    for (int i = 0; i < count; i++, v += VALUES) {
        const float x = ((float)(i / each % cells) + 0.5f) / (float)cells;
        const float y = ((float)(i / each / cells) + 0.5f) / (float)cells;
        const float cx = x + v[0] / SIDE, cy = y + v[1] / SIDE, w = v[2] / SIDE, h = v[3] / SIDE;
        places[i] = (struct face) { 1.0f / (1.0f + expf(-scores[i])), cx - w / 2, cy - h / 2,
                                    cx + w / 2, cy + h / 2, { { 0, 0 } } };
        for (int k = 0; k < POINTS; k++)
            places[i].points[k] = (struct image_point) { x + v[4 + 2 * k] / SIDE,
                                                         y + v[5 + 2 * k] / SIDE };
    }
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

// Many places see the same face. The best one stands for them, with the mean of all, by score.
// Takes the scores of all of these away. False if no face is left.
static bool next_face(struct face *places, struct face *face)
{
    float sum[NUMBERS] = { 0 }, weight = 0.0f;
    int best = 0;

    for (int i = 1; i < PLACES; i++)
        best = places[i].score > places[best].score ? i : best;
    *face = places[best];
    for (int i = 0; i < PLACES && face->score >= face_from; i++) {
        if (i != best && (places[i].score < face_from || shared(face, &places[i]) < same_from))
            continue;
        for (int n = 1; n < NUMBERS; n++)
            sum[n] += ((const float *)&places[i])[n] * places[i].score;
        weight += places[i].score;
        places[i].score = 0.0f;
    }
    for (int n = 1; n < NUMBERS && weight > 0.0f; n++)
        ((float *)face)[n] = sum[n] / weight;
    return weight > 0.0f;
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
    static const float half[3] = { 0.5f, 0.5f, 0.5f };
    struct face places[PLACES], face;
    struct output outputs[4];
    int found = 0;

    example_words(argc, argv, 3, 4, "usage: find_face MODEL.onnx PHOTO OUT.png [DEVICE]\n");
    struct image photo = photo_load(argv[2]), square = photo_squared(&photo);
    // The model was made for TensorFlow, so its input is [1][128][128][3]: four plain axes.
    run_model(argv[1], argv[4], cvy_nchw(CVY_F32, 1, SIDE, SIDE, 3),
              photo_input(&square, SIDE, SIDE, half, half), outputs, 4);
    decode(outputs, 16, 2, places);
    decode(outputs, 8, 6, places + FINE);
    for (; next_face(places, &face); found++)
        draw(&square, &face);
    photo_save(argv[3], &square);
    printf("%d faces in %s\n", found, argv[3]);
    return 0;
}
