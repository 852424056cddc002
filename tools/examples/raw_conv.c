// A first program: one convolution. It finds the outline of a drawing, which it prints before and
// after.
//     raw_conv [DEVICE]
// DEVICE is "cpu", "gpu", "P:D" or part of a name; without it Convoy takes the best one.
#include <convoy/convoy.h>
#include <stdio.h>
#include <stdlib.h>

enum { WIDTH = 40, HEIGHT = 16 };

// Stands around every Convoy call that can fail.
static void check(cvy_status status)
{
    if (status == CVY_OK)
        return;
    fprintf(stderr, "raw_conv: %s: %s\n", cvy_status_name(status), cvy_error_text());
    exit(status == CVY_ERR_NO_DEVICE ? 3 : 1);
}

// A disc with a hole: 1 inside, 0 outside. A character is twice as high as it is wide.
static void draw(float image[HEIGHT][WIDTH])
{
    for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++) {
            const float dx = (float)(2 * x - WIDTH + 1) / 2, dy = (float)(2 * y - HEIGHT + 1);
            const float distance = dx * dx + dy * dy;
            image[y][x] = distance < 14.5f * 14.5f && distance > 5.5f * 5.5f ? 1.0f : 0.0f;
        }
    }
}

static void print(float image[HEIGHT][WIDTH])
{
    for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++)
            putchar(image[y][x] > 0.5f ? '#' : '.');
        putchar('\n');
    }
    putchar('\n');
}

int main(int argc, char **argv)
{
    // Eight times the middle less all its neighbours: 0 on plain ground, positive where the drawing
    // ends.
    static const float edges[3][3] = { { -1, -1, -1 }, { -1, 8, -1 }, { -1, -1, -1 } };
    float image[HEIGHT][WIDTH], outline[HEIGHT][WIDTH];

    draw(image);
    print(image);

    // A context is one device. LAZY compiles what this program needs, not all that others might.
    cvy_context *context = NULL;
    check(cvy_context_create(&(cvy_context_params) {
        .device = argc > 1 ? argv[1] : NULL, .compile = CVY_COMPILE_LAZY }, &context));

    // A plan is one problem: shapes, parameters, and the way to compute it that suits the device.
    // One image of one channel, one output channel; padding 1 keeps the size.
    cvy_plan *plan = NULL;
    check(cvy_conv_create(context, &(cvy_conv_params) {
        .src = cvy_nchw(CVY_F32, 1, 1, HEIGHT, WIDTH), .out_channels = 1, .kernel_size = { 3, 3 },
        .padding = { 1, 1 }, .activation = { CVY_RELU } }, &plan));

    // The plan works on memory of the device ...
    cvy_buffer *src = NULL, *weights = NULL, *dst = NULL;
    check(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = sizeof image }, &src));
    check(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = sizeof edges }, &weights));
    check(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = sizeof outline }, &dst));

    // ... and a queue brings it there, runs the plan, and brings the result back.
    cvy_queue *queue = NULL;
    check(cvy_queue_create(context, NULL, &queue));
    check(cvy_queue_write(queue, (cvy_tensor) { src, 0 }, image, sizeof image, NULL, NULL));
    check(cvy_queue_write(queue, (cvy_tensor) { weights, 0 }, edges, sizeof edges, NULL, NULL));
    check(cvy_plan_enqueue(plan, queue, &(cvy_args) {
        .src = { src, 0 }, .weights = { weights, 0 }, .dst = { dst, 0 } }, NULL, NULL));
    check(cvy_queue_read(queue, (cvy_tensor) { dst, 0 }, outline, sizeof outline, NULL, NULL));
    print(outline);

    // What the plan is: the problem as text, the algorithm, and why that one.
    cvy_plan_info info;
    check(cvy_plan_info_get(plan, &info));
    printf("%s\n%s: %s\n", info.spec, info.algorithm, info.why);

    cvy_queue_destroy(&queue);
    cvy_buffer_destroy(&dst);
    cvy_buffer_destroy(&weights);
    cvy_buffer_destroy(&src);
    cvy_plan_destroy(&plan);
    cvy_context_destroy(&context);
    return 0;
}
