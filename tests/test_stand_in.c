// Plans whose kernels are compiled behind the caller's back: what stands in for them, and when it
// goes.
#include "cl_fixture.h"

#include "plan/plan.h"

#include <convoy/ops.h>
#include <time.h>

TestSuite(stand_in, .timeout = 200);

enum { C = 16, K = 32, SIZE = 16, FLOATS = 16384, SECONDS = 60 };

static cl_event hold;
static cvy_event *held;
static cvy_queue *other;

// A queue with work that does not end keeps the thread from launching anything.
static void open_held(void)
{
    if (!cl_table_install())
        cr_skip_test("no device: %s", cvy_error_text());
    OK(cvy_context_create(&(cvy_context_params) { .compile = CVY_COMPILE_BACKGROUND,
                                                  .cache.off = true }, &context));
    if (strstr(context_device(context)->info.platform_name, "Oclgrind"))
        cr_skip_test("oclgrind hangs on flushed queues that wait for the host");
    OK(cvy_queue_create(context, NULL, &queue));
    OK(cvy_queue_create(context, NULL, &other));
    OK(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = 4 * FLOATS }, &buffer));
    hold = user_event(&held);
    OK(cvy_queue_fill(other, at(0), "h", 1, 4, &(cvy_wait) { &held, 1 }, NULL));
    OK(cvy_queue_flush(other));
}

static void let_go(void)
{
    if (hold)
        set_user_event(hold, CL_COMPLETE);
    hold = NULL;
}

static void close_held(void)
{
    let_go();
    cvy_event_destroy(&held);
    OK(cvy_queue_finish(other));
    cvy_queue_destroy(&other);
    close_all();
}

static cvy_plan *conv(int64_t width, bool deterministic)
{
    const cvy_plan_options options = { .deterministic = deterministic };
    cvy_plan *plan = NULL;

    OK(cvy_conv_create(context, &(cvy_conv_params) {
        .src = cvy_nhwc(CVY_F32, 1, SIZE, width, C), .out_channels = K, .kernel_size = { 3, 3 },
        .stride = { 2, 2 }, .padding = { 1, 1 }, .bias = true, .options = &options }, &plan));
    return plan;
}

static size_t kernels(void)
{
    cvy_context_stats stats;

    OK(cvy_context_stats_get(context, &stats));
    return stats.kernels;
}

// Two plans of one algorithm with two configs, the second of which has a stand-in. False where the
// rules make no such difference.
static bool open_pair(cvy_plan *plans[2])
{
    open_held();
    plans[0] = conv(14, false);
    cr_expect_null(plans[0]->stand_in, "nothing was ready, and yet it found a stand-in");
    plans[1] = conv(16, false);
    return strcmp(plans[0]->info.algorithm, plans[1]->info.algorithm) == 0
        && strcmp(plans[0]->info.config, plans[1]->info.config) != 0;
}

static void close_pair(cvy_plan *plans[2])
{
    cvy_plan_destroy(&plans[0]);
    cvy_plan_destroy(&plans[1]);
    close_held();
}

static void run(cvy_plan *plan, const cvy_weights *weights, float result[FLOATS / 4])
{
    const cvy_args args = { .src = at(4096), .prepared = weights, .dst = at(32768) };

    OK(cvy_plan_enqueue(plan, queue, &args, NULL, NULL));
    OK(cvy_queue_read(queue, at(32768), result, cvy_desc_bytes(&plan->info.dst), NULL, NULL));
}

static void await_kernel(const cvy_plan *plan)
{
    const struct timespec pause = { .tv_nsec = 10000000 };
    double end = clock_seconds() + SECONDS;

    while (plan_impl(plan) != plan->impl && clock_seconds() < end)
        nanosleep(&pause, NULL);
    cr_assert_eq(plan_impl(plan), plan->impl, "not compiled after %d s", SECONDS);
}

Test(stand_in, serves_until_the_kernel_is_there_and_gives_the_same_bits)
{
    static float values[FLOATS], before[FLOATS / 4], after[FLOATS / 4];
    cvy_buffer *constants = NULL;
    cvy_weights *weights = NULL;
    cvy_plan *plans[2];
    size_t ready;

    if (!open_pair(plans)) {
        close_pair(plans);
        cr_skip_test("the rules know one config here");
    }
    ready = kernels();
    cr_assert(plans[1]->stand_in, "%s was compiled at once", plans[1]->info.config);
    cr_assert_eq(plan_impl(plans[1]), plans[1]->stand_in);
    for (size_t i = 0; i < FLOATS; i++)
        values[i] = (float)((i * 2654435761u >> 16) % 2001) / 1000.0f - 1.0f;
    OK(cvy_queue_write(queue, at(0), values, 32768, NULL, NULL));
    OK(make((cvy_buffer_params) { .bytes = 4 * FLOATS }, &constants));
    OK(cvy_queue_write(queue, (cvy_tensor) { constants, 0 }, values, 4 * FLOATS, NULL, NULL));
    OK(cvy_plan_prepare(plans[1], queue, &(cvy_args) { .weights = { constants, 0 },
                                                       .bias = { constants, 4 * C * K * 9 } },
                        &weights));
    run(plans[1], weights, before);
    cr_assert_eq(kernels(), ready, "something was compiled");
    let_go();
    await_kernel(plans[1]);
    run(plans[1], weights, after);
    cr_assert_arr_eq(before, after, cvy_desc_bytes(&plans[1]->info.dst));
    cr_assert_neq(before[0], before[1]);
    cvy_weights_destroy(&weights);
    cvy_buffer_destroy(&constants);
    close_pair(plans);
}

Test(stand_in, is_none_for_deterministic_plans)
{
    cvy_plan *plans[2], *sure;

    if (!open_pair(plans)) {
        close_pair(plans);
        cr_skip_test("the rules know one config here");
    }
    sure = conv(16, true);
    cr_expect_null(sure->stand_in);
    cr_expect_eq(plan_impl(plans[1]), plans[1]->impl, "the kernel is there now");
    cvy_plan_destroy(&sure);
    close_pair(plans);
}
