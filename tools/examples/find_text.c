// Finds lines of text on a photo with PP-OCRv4's detection network, and draws a box around each.
// tools/fetch_models.sh gets the model. It gives each pixel a probability of being text; what hangs
// together becomes a box.
#include "vision.h"
#include <complex.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { STEP = 32, MOST_SIDE = 960 };            // the network wants sides in steps of 32
static const float text_from = 0.3f;            // a pixel is text from this probability on,
static const float box_from = 0.6f;             // a box counts from this mean of its pixels on;
static const float growth = 1.2f;               // boxes are tight (PP-OCR's unclip_ratio is 1.5)

// A point is a complex number, x + y i: turning it is one multiplication.
typedef float complex point;

struct map { int width, height; float *text; };

// Moves everything that hangs together with pixel `first` from the map to places[], as the middles
// of pixels. Gives how many they are; *sum is that of their probabilities.
static int take_part(struct map *map, int first, point *places, float *sum)
{
    int count = 0;

    *sum = map->text[first];
    map->text[first] = 0.0f;
    places[count++] = (float)(first % map->width) + 0.5f + ((float)(first / map->width) + 0.5f) * I;
    for (int done = 0; done < count; done++)
        for (int i = 0; i < 9; i++) {
            const point at = places[done] + (float)(i % 3 - 1) + (float)(i / 3 - 1) * I;
            const int x = (int)floorf(crealf(at)), y = (int)floorf(cimagf(at));
            const int near = y * map->width + x;
            if (x < 0 || y < 0 || x >= map->width || y >= map->height
                || map->text[near] < text_from)
                continue;
            *sum += map->text[near];
            map->text[near] = 0.0f;
            places[count++] = at;
        }
    return count;
}

// A rectangle at an angle: its middle, the direction of one side, and half of both sides.
struct box { point middle, direction; float along, across; };

// Turned as the pixels lie: along the direction in which they spread most.
static struct box fit_box(const point *places, int count)
{
    float left = INFINITY, right = -INFINITY, top = INFINITY, bottom = -INFINITY;
    point mean = 0, spread = 0;

    for (int i = 0; i < count; i++)
        mean += places[i] / (float)count;
    for (int i = 0; i < count; i++)
        spread += (places[i] - mean) * (places[i] - mean);
    const point direction = cexpf(cargf(spread) / 2 * I);
    for (int i = 0; i < count; i++) {
        const point at = (places[i] - mean) * conjf(direction);
        left = fminf(left, crealf(at)), right = fmaxf(right, crealf(at));
        top = fminf(top, cimagf(at)), bottom = fmaxf(bottom, cimagf(at));
    }
    mean += ((left + right) / 2 + (top + bottom) / 2 * I) * direction;
    return (struct box) { mean, direction, (right - left + 1) / 2, (bottom - top + 1) / 2 };
}

// Draws a box, a little larger, on the photo, whose size is another than the map's.
static void draw(struct image *photo, const struct map *map, const struct box *box, float score)
{
    const float more = box->along * box->across * growth / (box->along + box->across);
    const float u = box->along + more, v = box->across + more;
    const point turned[4] = { -u - v * I, u - v * I, u + v * I, -u + v * I };
    struct image_point corners[4];

    for (int i = 0; i < 4; i++) {
        const point at = box->middle + turned[i] * box->direction;
        corners[i].x = crealf(at) * (float)photo->width / (float)map->width;
        corners[i].y = cimagf(at) * (float)photo->height / (float)map->height;
        printf("  %4.0f,%-4.0f", corners[i].x, corners[i].y);
    }
    printf("  %.2f\n", score);
    const float thickness = fmaxf(1.5f, (float)photo->width / 500.0f);
    image_outline(photo, corners, 4, thickness, (struct image_colour) { 220, 30, 30 });
}

int main(int argc, char **argv)
{
    static const float mean[3] = { 0.485f, 0.456f, 0.406f }, std[3] = { 0.229f, 0.224f, 0.225f };
    struct output output;
    int boxes = 0;

    example_words(argc, argv, 3, 4, "usage: find_text MODEL.onnx PHOTO OUT.png [DEVICE]\n");
    struct image photo = photo_load(argv[2]);
    const float longest = fmaxf((float)photo.width, (float)photo.height);
    const float step = STEP * fmaxf(1.0f, longest / MOST_SIDE);     // in pixels of the photo
    struct map map = { STEP * (int)fmaxf(1.0f, rintf((float)photo.width / step)),
                       STEP * (int)fmaxf(1.0f, rintf((float)photo.height / step)), NULL };
    run_model(argv[1], argv[4], cvy_nhwc(CVY_F32, 1, map.height, map.width, 3),
              photo_input(&photo, map.width, map.height, mean, std), &output, 1);
    map.text = output.values;
    const int pixels = map.width * map.height;
    REQUIRE(output.count == (size_t)pixels, 4, "%s: its output is no map", argv[1]);
    point *places = allocate((size_t)pixels, sizeof *places);

    for (int i = 0; i < pixels; i++) {
        float sum;
        if (map.text[i] < text_from)
            continue;
        const int count = take_part(&map, i, places, &sum);
        const struct box box = fit_box(places, count);
        if (box.along < 2 || box.across < 2 || sum < box_from * (float)count)
            continue;
        draw(&photo, &map, &box, sum / (float)count);
        boxes++;
    }
    photo_save(argv[3], &photo);
    printf("%d boxes in %s\n", boxes, argv[3]);
    return 0;
}
