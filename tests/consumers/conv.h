// One convolution from beginning to end, for the consumers: 3 x 3 ones over a row of six numbers
// of three rows each.
#ifndef CONSUMERS_CONV_H
#define CONSUMERS_CONV_H

#include <convoy/convoy.h>

enum { CONV_PIXELS = 18, CONV_RESULTS = 4 };

static inline float conv_expected(int i)
{
    return 9.0f * (float)(i + 1);
}

// Stops at the first failure; destroys everything either way.
static inline cvy_status conv_run(float result[CONV_RESULTS])
{
    const cvy_context_params lazy = { .compile = CVY_COMPILE_LAZY };
    const cvy_conv_params params = { .src = cvy_nchw(CVY_F32, 1, 1, 3, 6), .out_channels = 1,
                                     .kernel_size = { 3, 3 } };
    const size_t sizes[3] = { CONV_PIXELS, 9, CONV_RESULTS };
    float image[CONV_PIXELS], ones[9];
    cvy_context *context = NULL;
    cvy_queue *queue = NULL;
    cvy_plan *plan = NULL;
    cvy_buffer *buffers[3] = { NULL, NULL, NULL };

    for (int i = 0; i < CONV_PIXELS; i++)
        image[i] = (float)(i % 6);
    for (int i = 0; i < 9; i++)
        ones[i] = 1.0f;

    cvy_status st = cvy_context_create(&lazy, &context);
    for (int i = 0; i < 3 && st == CVY_OK; i++) {
        const cvy_buffer_params memory = { .bytes = sizes[i] * sizeof(float) };
        st = cvy_buffer_create(context, &memory, &buffers[i]);
    }
    const cvy_tensor src = { buffers[0], 0 }, weights = { buffers[1], 0 }, dst = { buffers[2], 0 };
    const cvy_args args = { .src = src, .weights = weights, .dst = dst };
    if (st == CVY_OK)
        st = cvy_queue_create(context, NULL, &queue);
    if (st == CVY_OK)
        st = cvy_conv_create(context, &params, &plan);
    if (st == CVY_OK)
        st = cvy_queue_write(queue, src, image, sizeof image, NULL, NULL);
    if (st == CVY_OK)
        st = cvy_queue_write(queue, weights, ones, sizeof ones, NULL, NULL);
    if (st == CVY_OK)
        st = cvy_plan_enqueue(plan, queue, &args, NULL, NULL);
    if (st == CVY_OK)
        st = cvy_queue_read(queue, dst, result, CONV_RESULTS * sizeof(float), NULL, NULL);

    cvy_plan_destroy(&plan);
    cvy_queue_destroy(&queue);
    for (int i = 0; i < 3; i++)
        cvy_buffer_destroy(&buffers[i]);
    cvy_context_destroy(&context);
    return st;
}

#endif
