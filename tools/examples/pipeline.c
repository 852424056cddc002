// An asynchronous pipeline: while one queue computes a frame, another brings the next one to the
// device and the last one's result back. Events order the two; the program waits only for results.
//     pipeline [DEVICE]
// The same frames go through one queue first, a step at a time, to compare.
#include <convoy/convoy.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { WIDTH = 320, HEIGHT = 180, CHANNELS = 16, FRAMES = 32, SLOTS = 2,
       PIXELS = WIDTH * HEIGHT, MAPS = CHANNELS * PIXELS };

// A place for a frame on its way. Two of them: one is filled and emptied while one is computed.
struct slot {
    float image[PIXELS], maps[MAPS];
    cvy_tensor src, dst;
    cvy_event *written, *computed, *read;
};

static void check(cvy_status status)
{
    if (status == CVY_OK)
        return;
    fprintf(stderr, "pipeline: %s: %s\n", cvy_status_name(status), cvy_error_text());
    exit(status == CVY_ERR_NO_DEVICE ? 3 : 1);
}

static double now(void)
{
    struct timespec time;
    timespec_get(&time, TIME_UTC);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}

// Stands for a camera.
static void take_picture(int frame, float *image)
{
    for (int i = 0; i < PIXELS; i++)
        image[i] = (float)((i % WIDTH + frame) % 16 * (i / WIDTH + frame) % 7);
}

// Runs all frames. `transfers` and `compute` are two queues, or one that does a step at a time.
static double run(cvy_plan *plan, const cvy_weights *weights, cvy_queue *transfers,
                  cvy_queue *compute, struct slot *slots)
{
    const bool two = transfers != compute;
    double sum = 0;

    // The queue of transfers holds: write 0, write 1, read 0, write 2, read 1, ... Being in order,
    // it fills a slot again only after it was read, and so after it was computed.
    for (int step = 0; step < FRAMES + SLOTS; step++) {
        struct slot *in = &slots[step % SLOTS], *out = &slots[(step + 1) % SLOTS];
        if (step >= 2) {                            // frame step - 2 comes out
            if (two)
                check(cvy_event_wait(in->read, -1));
            for (int i = 0; i < MAPS; i++)
                sum += (double)in->maps[i];         // stands for what a program does with it
        }
        if (step < FRAMES) {                        // frame step goes in
            take_picture(step, in->image);
            cvy_event_destroy(&in->written);        // of frame step - 2; NULL at first
            cvy_event_destroy(&in->computed);
            cvy_event_destroy(&in->read);
            check(cvy_queue_write(transfers, in->src, in->image, sizeof in->image, NULL,
                                  two ? &in->written : NULL));
            check(cvy_plan_enqueue(plan, compute, &(cvy_args) { .src = in->src, .dst = in->dst,
                .prepared = weights }, &(cvy_wait) { &in->written, two }, &in->computed));
            check(cvy_queue_flush(compute));
        }
        if (step >= 1 && step <= FRAMES) {          // frame step - 1, computed meanwhile
            check(cvy_queue_read(transfers, out->dst, out->maps, sizeof out->maps,
                                 &(cvy_wait) { &out->computed, 1 }, two ? &out->read : NULL));
            check(cvy_queue_flush(transfers));
        }
    }
    return sum;
}

static cvy_tensor new_tensor(cvy_context *context, size_t bytes)
{
    cvy_tensor tensor = { NULL, 0 };

    check(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = bytes }, &tensor.buffer));
    return tensor;
}

int main(int argc, char **argv)
{
    static struct slot slots[SLOTS];
    float filters[CHANNELS * 9];
    cvy_context *context = NULL;
    cvy_queue *transfers = NULL, *compute = NULL;
    cvy_plan *plan = NULL;
    cvy_weights *weights = NULL;

    check(cvy_context_create(&(cvy_context_params) {
        .device = argc > 1 ? argv[1] : NULL, .compile = CVY_COMPILE_LAZY }, &context));
    check(cvy_queue_create(context, NULL, &transfers));
    check(cvy_queue_create(context, NULL, &compute));
    check(cvy_conv_create(context, &(cvy_conv_params) {
        .src = cvy_nchw(CVY_F32, 1, 1, HEIGHT, WIDTH), .out_channels = CHANNELS,
        .kernel_size = { 3, 3 }, .padding = { 1, 1 }, .activation = { CVY_RELU } }, &plan));
    for (int i = 0; i < CHANNELS * 9; i++)
        filters[i] = (float)(i * 7 % 5 - 2);
    const cvy_tensor raw = new_tensor(context, sizeof filters);
    check(cvy_queue_write(compute, raw, filters, sizeof filters, NULL, NULL));
    check(cvy_plan_prepare(plan, compute, &(cvy_args) { .weights = raw }, &weights));
    for (int i = 0; i < SLOTS; i++) {
        slots[i].src = new_tensor(context, sizeof slots[i].image);
        slots[i].dst = new_tensor(context, sizeof slots[i].maps);
    }

    run(plan, weights, compute, compute, slots);    // at first, drivers still allocate
    const double start = now(), one = run(plan, weights, compute, compute, slots);
    const double middle = now(), two = run(plan, weights, transfers, compute, slots);
    printf("%d frames, a step at a time %.1f ms each, in a pipeline %.1f ms; results %s\n", FRAMES,
           (middle - start) / FRAMES, (now() - middle) / FRAMES, one == two ? "equal" : "DIFFER");
    return one == two ? 0 : 1;                      // the handles go with the process
}
