// A small plan whose tensors lie in one buffer, and an image of what that buffer must hold: for
// tests of where tensors may lie and of what a refused job leaves alone. Included once by each test
// program.
#ifndef CONVOY_TESTS_PLAN_ARENA_H
#define CONVOY_TESTS_PLAN_ARENA_H

#include "plan_fixture.h"

// A convolution of 1 x 1 with the identity for weights: dst = src + bias + residual. All its
// tensors lie in one buffer, each with 4 KiB in front of and behind it, filled with a pattern.
enum { CHANNELS = 4, PIXELS = 25, ELEMENTS = CHANNELS * PIXELS };
enum { ARENA = 64 << 10, STEP = 10 << 10 };     // bytes: all of it; from one tensor to the next
static const uint32_t pattern = 0x7fc0beef;     // a NaN

struct slot {
    const char *name;
    size_t at;              // in cvy_args
    size_t bytes;
};
#define SLOT(field, bytes) { "args." #field, offsetof(cvy_args, field), bytes }
static const struct slot slots[] = {
    SLOT(src, 4 * ELEMENTS), SLOT(weights, 4 * CHANNELS * CHANNELS), SLOT(bias, 4 * CHANNELS),
    SLOT(residual, 4 * ELEMENTS), SLOT(dst, 4 * ELEMENTS),
};
enum { SRC, WEIGHTS, BIAS, RESIDUAL, DST };

static const cvy_plan_options by_reference = { .algorithm = "conv_reference" };
static cvy_plan *plan;
static cvy_buffer *arena;
static float image[ARENA / 4];      // what the arena holds

static inline size_t place(int slot)
{
    return 4096 + (size_t)slot * STEP;
}

static inline cvy_tensor *tensor(cvy_args *args, int slot)
{
    return (cvy_tensor *)(void *)((char *)args + slots[slot].at);
}

static inline cvy_args all_args(void)
{
    cvy_args args = { .src_count = 0 };

    for (int slot = SRC; slot <= DST; slot++)
        *tensor(&args, slot) = (cvy_tensor) { arena, place(slot) };
    return args;
}

static inline cvy_conv_params conv_params(void)
{
    return (cvy_conv_params) {
        .src = cvy_nchw(CVY_F32, 1, CHANNELS, 5, 5), .out_channels = CHANNELS,
        .kernel_size = { 1, 1 }, .bias = true, .residual = true, .options = &by_reference };
}

static inline float *values(int slot)
{
    return image + place(slot) / 4;
}

static inline void fill_arena(void)
{
    for (size_t i = 0; i < COUNT_OF(image); i++)
        memcpy(&image[i], &pattern, sizeof pattern);
    for (int i = 0; i < ELEMENTS; i++) {
        values(SRC)[i] = (float)i;
        values(RESIDUAL)[i] = 0.5f;
    }
    for (int i = 0; i < CHANNELS * CHANNELS; i++)
        values(WEIGHTS)[i] = i / CHANNELS == i % CHANNELS;
    for (int i = 0; i < CHANNELS; i++)
        values(BIAS)[i] = 1000.0f * (float)i;
    OK(cvy_queue_write(queue, (cvy_tensor) { arena, 0 }, image, sizeof image, NULL, NULL));
}

static inline void open_plan(void)
{
    cvy_conv_params params = conv_params();

    open_all();
    OK(cvy_conv_create(context, &params, &plan));
    OK(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = ARENA }, &arena));
    fill_arena();
}

static inline void close_plan(void)
{
    cvy_buffer_destroy(&arena);
    cvy_plan_destroy(&plan);
    close_all();
}

static inline void expect_arena(const char *label)
{
    static float back[ARENA / 4];

    OK(cvy_queue_finish(queue));
    OK(cvy_queue_read(queue, (cvy_tensor) { arena, 0 }, back, sizeof back, NULL, NULL));
    for (size_t i = 0; i < COUNT_OF(back); i++)
        if (memcmp(&back[i], &image[i], sizeof back[i])) {
            cr_expect(false, "%s: float %zu of the arena is %g, not %g", label, i, (double)back[i],
                      (double)image[i]);
            return;
        }
}

static inline void expect_refused(const char *label, const cvy_args *args, cvy_status status,
                           const char *word)
{
    cvy_event *event = NULL;
    cvy_status st = cvy_plan_enqueue(plan, queue, args, NULL, &event);

    cr_expect(st == status, "%s gives %s (%s), not %s", label, cvy_status_name(st),
              st ? cvy_error_text() : "", cvy_status_name(status));
    cr_expect(st == CVY_OK || strstr(cvy_error_text(), word), "%s: \"%s\" has no \"%s\"", label,
              cvy_error_text(), word);
    cr_expect(!event || st == CVY_OK, "%s leaves an event", label);
    cvy_event_destroy(&event);
}

// dst = src + bias + residual in the image.
static inline void compute(float *dst, const float *src, const float *residual)
{
    for (int i = 0; i < ELEMENTS; i++)
        dst[i] = src[i] + values(BIAS)[i / PIXELS] + residual[i];
}

static inline void expect_run(const char *label, const cvy_args *args)
{
    cvy_status st = cvy_plan_enqueue(plan, queue, args, NULL, NULL);

    cr_expect(st == CVY_OK, "%s: %s", label, cvy_error_text());
    expect_arena(label);
}

#endif
