// Many threads on one plan: each result is the same to the last bit, on queues of their own and on
// one that they share.
#include "plan_fixture.h"

#include <pthread.h>

enum { THREADS = 8, ROUNDS = 25, C = 19, K = 35, SIDE = 13 };

static cvy_plan *plan;
static cvy_weights *weights;
static cvy_buffer *src, *raw;
static size_t src_bytes, dst_bytes, weights_bytes;

static float *noise(size_t bytes, uint32_t seed)
{
    float *values = malloc(bytes);

    for (size_t i = 0; i < bytes / sizeof *values; i++) {
        seed = seed * 1664525u + 1013904223u;
        values[i] = (float)(seed >> 8) / 8388608.0f - 1.0f;
    }
    return values;
}

static cvy_buffer *filled(size_t bytes, uint32_t seed)
{
    cvy_buffer *buffer = NULL;
    float *values = noise(bytes, seed);

    OK(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = bytes }, &buffer));
    OK(cvy_queue_write(queue, (cvy_tensor) { buffer, 0 }, values, bytes, NULL, NULL));
    free(values);
    return buffer;
}

// NCHW, so that scratch for other layouts is lent by the queue.
static void open_shared(void)
{
    const cvy_conv_params params = { .src = cvy_nchw(CVY_F32, 2, C, SIDE, SIDE),
                                     .out_channels = K, .kernel_size = { 3, 3 },
                                     .padding = { 1, 1 }, .activation = { CVY_SILU, 0, 0 } };
    cvy_plan_info info;

    open_context(&context);
    OK(cvy_queue_create(context, NULL, &queue));
    OK(cvy_conv_create(context, &params, &plan));
    OK(cvy_plan_info_get(plan, &info));
    src_bytes = cvy_desc_bytes(&params.src);
    dst_bytes = cvy_desc_bytes(&info.dst);
    weights_bytes = sizeof(float) * C * K * 9;
    src = filled(src_bytes, 1);
    raw = filled(weights_bytes, 2);
    OK(cvy_plan_prepare(plan, queue, &(cvy_args) { .weights = { raw, 0 } }, &weights));
}

static void close_shared(void)
{
    cvy_weights_destroy(&weights);
    cvy_buffer_destroy(&raw);
    cvy_buffer_destroy(&src);
    cvy_plan_destroy(&plan);
    cvy_queue_destroy(&queue);
    cvy_context_destroy(&context);
}

TestSuite(threads, .init = open_shared, .fini = close_shared, .timeout = 120);

struct worker {
    cvy_queue *queue;
    bool prepared;
    cvy_status status;
    float *first;           // what the first round gave
    int differ;
};

static cvy_status one_round(struct worker *w, cvy_buffer *dst, float *out)
{
    cvy_args args = { .src = { src, 0 }, .dst = { dst, 0 } };
    cvy_event *done = NULL;
    cvy_status st;

    if (w->prepared)
        args.prepared = weights;
    else
        args.weights.buffer = raw;
    st = cvy_plan_enqueue(plan, w->queue, &args, NULL, &done);
    if (st == CVY_OK)
        st = cvy_queue_read(w->queue, (cvy_tensor) { dst, 0 }, out, dst_bytes,
                            &(cvy_wait) { &done, 1 }, NULL);
    cvy_event_destroy(&done);
    return st;
}

static void *work(void *user)
{
    struct worker *w = user;
    float *out = malloc(dst_bytes);
    cvy_buffer *dst = NULL;

    w->first = malloc(dst_bytes);
    w->status = cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = dst_bytes }, &dst);
    for (int round = 0; round < ROUNDS && w->status == CVY_OK; round++) {
        w->status = one_round(w, dst, round ? out : w->first);
        w->differ += round && memcmp(out, w->first, dst_bytes) != 0;
    }
    cvy_buffer_destroy(&dst);
    free(out);
    return NULL;
}

static void run(bool own_queues)
{
    struct worker workers[THREADS] = { { 0 } };
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        workers[i].queue = queue;
        workers[i].prepared = i % 2;
        if (own_queues)
            OK(cvy_queue_create(context, NULL, &workers[i].queue));
        cr_assert_eq(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        cr_expect_eq(workers[i].status, CVY_OK, "thread %d: %s", i,
                     cvy_status_name(workers[i].status));
        cr_expect_eq(workers[i].differ, 0, "thread %d differs in %d rounds", i, workers[i].differ);
        cr_expect(memcmp(workers[i].first, workers[0].first, dst_bytes) == 0,
                  "threads 0 and %d differ", i);
        if (own_queues)
            cvy_queue_destroy(&workers[i].queue);
    }
    for (int i = 0; i < THREADS; i++)
        free(workers[i].first);
}

Test(threads, share_a_plan_on_queues_of_their_own)
{
    run(true);
}

Test(threads, share_a_plan_and_a_queue)
{
    run(false);
}
