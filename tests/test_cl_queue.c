// Tier 1 by its promises: moving bytes, jobs, events, asynchronous failures.
#include "cl_fixture.h"

#include "cl/objects.h"

#include <pthread.h>

TestSuite(cl_queue, .init = open_all, .timeout = 120);

static bool on_oclgrind(void)
{
    return context_device(context)->quirks & QUIRK_NO_OPTIMIZER;
}

// Moving bytes ------------------------------------------------------------------------------------

LEDGER_TEST(cl_queue, bytes_come_back_as_they_went)
{
    char sent[1024], got[1024] = { 0 };
    cvy_event *event = NULL;

    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (char)(i * 7);
    OK(cvy_queue_write(queue, at(0), sent, 1024, NULL, NULL));
    OK(cvy_queue_copy(queue, at(0), at(512), 512, NULL, NULL));
    OK(cvy_queue_fill(queue, at(16), "ab", 2, 8, NULL, NULL));
    OK(cvy_queue_read(queue, at(0), got, 1024, NULL, &event));
    OK(cvy_event_wait(event, -1));
    cvy_event_destroy(&event);
    cr_assert_arr_eq(got, sent, 16);
    cr_assert_arr_eq(got + 16, "abababab", 8);
    cr_assert_arr_eq(got + 24, sent + 24, 512 - 24);
    cr_assert_arr_eq(got + 512, sent, 512);
}

// C7: jobs on mapped bytes are the caller's to avoid (core.h).
LEDGER_TEST(cl_queue, a_map_shows_the_bytes_and_takes_new_ones)
{
    void *pointer = NULL;
    char got[4];

    OK(cvy_queue_write(queue, at(64), "abc", 4, NULL, NULL));
    OK(cvy_queue_map(queue, at(64), 4, CVY_READ_WRITE, NULL, &pointer, NULL));
    cr_assert_str_eq(pointer, "abc");
    memcpy(pointer, "xyz", 4);
    OK(cvy_queue_unmap(queue, at(64), pointer, NULL, NULL));
    OK(cvy_queue_read(queue, at(64), got, 4, NULL, NULL));
    cr_assert_str_eq(got, "xyz");
}

LEDGER_TEST(cl_queue, refuses_what_lies_outside_a_buffer)
{
    static char host[2048];
    void *pointer = host;
    cvy_event *event = NULL;

    GIVES(CVY_ERR_ARGUMENT, cvy_queue_write(queue, at(0), host, 1025, NULL, NULL));
    GIVES(CVY_ERR_ARGUMENT, cvy_queue_write(queue, at(1020), host, 5, NULL, NULL));
    GIVES(CVY_ERR_ARGUMENT, cvy_queue_write(queue, at(1025), host, 0, NULL, NULL));
    GIVES(CVY_ERR_ARGUMENT, cvy_queue_read(queue, at(4), host, SIZE_MAX, NULL, NULL));
    GIVES(CVY_ERR_ARGUMENT, cvy_queue_read(queue, at(SIZE_MAX), host, 8, NULL, NULL));
    GIVES(CVY_ERR_ARGUMENT, cvy_queue_copy(queue, at(0), at(1000), 100, NULL, &event));
    GIVES(CVY_ERR_ARGUMENT, cvy_queue_fill(queue, at(1000), "x", 1, 100, NULL, NULL));
    GIVES(CVY_ERR_ARGUMENT, cvy_queue_map(queue, at(0), 2000, CVY_READ_ONLY, NULL, &pointer, NULL));
    cr_assert_null(pointer);
    cr_assert_null(event);
    cr_assert_eq(cl_table_calls("clEnqueueWriteBuffer"), 0);
}

LEDGER_TEST(cl_queue, refuses_missing_and_contradictory_arguments)
{
    char host[8] = { 0 };
    void *pointer;
    cvy_event *none = NULL;
    cvy_event *const list[] = { NULL };

    GIVES(CVY_ERR_ARGUMENT, cvy_queue_write(NULL, at(0), host, 8, NULL, NULL));
    GIVES(CVY_ERR_ARGUMENT, cvy_queue_write(queue, at(0), NULL, 8, NULL, NULL));
    GIVES(CVY_ERR_ARGUMENT, cvy_queue_write(queue, (cvy_tensor) { 0 }, host, 8, NULL, NULL));
    GIVES(CVY_ERR_ARGUMENT, cvy_queue_read(queue, at(0), NULL, 8, NULL, NULL));
    GIVES(CVY_ERR_ARGUMENT, cvy_queue_fill(queue, at(0), NULL, 4, 8, NULL, NULL));
    GIVES(CVY_ERR_ARGUMENT, cvy_queue_fill(queue, at(0), host, 3, 6, NULL, NULL));
    GIVES(CVY_ERR_ARGUMENT, cvy_queue_fill(queue, at(0), host, 0, 0, NULL, NULL));
    GIVES(CVY_ERR_ALIGN, cvy_queue_fill(queue, at(2), host, 4, 8, NULL, NULL));
    GIVES(CVY_ERR_ALIGN, cvy_queue_fill(queue, at(0), host, 4, 6, NULL, NULL));
    GIVES(CVY_ERR_ALIAS, cvy_queue_copy(queue, at(0), at(10), 11, NULL, NULL));
    GIVES(CVY_ERR_ALIAS, cvy_queue_copy(queue, at(0), at(0), 1, NULL, NULL));
    GIVES(CVY_ERR_ARGUMENT, cvy_queue_map(queue, at(0), 8, CVY_READ_ONLY, NULL, NULL, NULL));
    GIVES(CVY_ERR_ARGUMENT, cvy_queue_map(queue, at(0), 8, (cvy_access)7, NULL, &pointer, NULL));
    GIVES(CVY_ERR_ARGUMENT, cvy_queue_unmap(queue, at(0), NULL, NULL, NULL));
    GIVES(CVY_ERR_ARGUMENT, cvy_queue_write(queue, at(0), host, 8, &(cvy_wait) { NULL, 1 }, NULL));
    GIVES(CVY_ERR_ARGUMENT, cvy_queue_write(queue, at(0), host, 8, &(cvy_wait) { list, 1 }, NULL));
    GIVES(CVY_ERR_ARGUMENT, cvy_event_wait(NULL, 0));
    GIVES(CVY_ERR_ARGUMENT, cvy_event_wrap(context, NULL, &none));
    GIVES(CVY_ERR_ARGUMENT, cvy_queue_finish(NULL));
}

LEDGER_TEST(cl_queue, no_bytes_are_a_complete_job)
{
    cvy_event *event = NULL;

    OK(cvy_queue_write(queue, at(1024), NULL, 0, NULL, &event));
    OK(cvy_event_wait(event, 0));
    cr_assert_null(cvy_event_cl_event(event));
    cvy_event_destroy(&event);
    OK(cvy_queue_read(queue, at(0), NULL, 0, NULL, NULL));
}

LEDGER_TEST(cl_queue, an_empty_job_is_complete_when_what_it_waits_for_is)
{
    cvy_event *event = NULL, *user = NULL;
    cl_event raw;

    if (on_oclgrind())
        cr_skip_test("oclgrind hangs on flushed queues that wait for the host");
    raw = user_event(&user);
    OK(cvy_queue_copy(queue, at(0), at(0), 0, &(cvy_wait) { &user, 1 }, &event));
    GIVES(CVY_ERR_TIMEOUT, cvy_event_wait(event, 0));
    set_user_event(raw, CL_COMPLETE);
    OK(cvy_event_wait(event, -1));
    cvy_event_destroy(&event);
    cvy_event_destroy(&user);
}

// Queues ------------------------------------------------------------------------------------------

LEDGER_TEST(cl_queue, wraps_an_in_order_queue_only)
{
    cl_context cl_context = cvy_context_cl_context(context);
    cl_device_id cl_device = cvy_context_cl_device(context);
    const struct opencl *cl = cl_table_real();
    cvy_queue *wrapped = NULL;
    cl_command_queue user;
    cl_int code;

    user = cl->clCreateCommandQueue(cl_context, cl_device, 0, &code);
    OK(cvy_queue_create(context, &(cvy_queue_params) { .cl_queue = user }, &wrapped));
    cr_assert_eq(cvy_queue_cl_queue(wrapped), user);
    OK(cvy_queue_write(wrapped, at(0), "x", 1, NULL, NULL));
    cvy_queue_destroy(&wrapped);
    GIVES(CVY_ERR_ARGUMENT, cvy_queue_create(context, &(cvy_queue_params) {
                                .cl_queue = user, .profiling = true }, &wrapped));
    cl->clReleaseCommandQueue(user);
    user = cl->clCreateCommandQueue(cl_context, cl_device, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE,
                                    &code);
    if (code != CL_SUCCESS)
        return;                 // rusticl has none
    GIVES(CVY_ERR_UNSUPPORTED, cvy_queue_create(context, &(cvy_queue_params) {
                                   .cl_queue = user }, &wrapped));
    cl->clReleaseCommandQueue(user);
}

LEDGER_TEST(cl_queue, profiling_gives_times_and_nothing_else_does)
{
    cvy_queue *plain = NULL;
    cvy_event *event = NULL;
    cvy_event_times times;
    cvy_event_launch launch;

    OK(cvy_queue_write(queue, at(0), "x", 1, NULL, &event));
    OK(cvy_event_wait(event, -1));
    OK(cvy_event_times_get(event, &times));
    cr_assert_leq(times.started, times.ended);
    cr_assert_leq(times.queued, times.ended);
    GIVES(CVY_ERR_ARGUMENT, cvy_event_times_get(event, NULL));
    OK(cvy_event_launch_get(event, 0, &launch));
    cr_assert_str_eq(launch.name, "write");
    cr_assert_eq(launch.times.ended, times.ended);
    GIVES(CVY_ERR_ARGUMENT, cvy_event_launch_get(event, 1, &launch));
    cvy_event_destroy(&event);
    OK(cvy_queue_create(context, NULL, &plain));
    OK(cvy_queue_write(plain, at(0), "x", 1, NULL, &event));
    GIVES(CVY_ERR_STATE, cvy_event_times_get(event, &times));
    GIVES(CVY_ERR_STATE, cvy_event_launch_get(event, 0, &launch));
    OK(cvy_queue_finish(plain));
    cvy_event_destroy(&event);
    cvy_queue_destroy(&plain);
}

LEDGER_TEST(cl_queue, many_jobs_that_nobody_finishes_stay_bounded)
{
    float value = 1;

    for (int i = 0; i < 5000; i++)
        OK(cvy_queue_fill(queue, at(0), &value, 4, 1024, NULL, NULL));
    OK(cvy_queue_finish(queue));
    cr_assert_leq(cl_table_calls("clGetEventInfo"), 4 * 5000);
}

// C9.
LEDGER_TEST(cl_queue, destroying_everything_with_work_in_flight_is_safe)
{
    static char host[1024];
    cvy_event *user = NULL, *event = NULL;
    cl_event raw;
    cvy_wait wait;

    if (on_oclgrind())
        cr_skip_test("oclgrind hangs on flushed queues that wait for the host");
    raw = user_event(&user);
    wait = (cvy_wait) { &user, 1 };
    OK(cvy_queue_fill(queue, at(0), "z", 1, 1024, &wait, NULL));
    OK(cvy_queue_read(queue, at(0), host, 1024, &wait, &event));
    cvy_buffer_destroy(&buffer);
    cvy_event_destroy(&user);
    set_user_event(raw, CL_COMPLETE);
    cvy_queue_destroy(&queue);
    cvy_context_destroy(&context);
    OK(cvy_event_wait(event, -1));
    cr_assert_eq(host[1023], 'z');
    cvy_event_destroy(&event);
}

// Jobs --------------------------------------------------------------------------------------------

LEDGER_TEST(cl_queue, a_job_of_many_launches_has_one_event)
{
    struct instance instance = copy_instance(context);
    struct kernel *kernel = NULL;
    struct region src, dst;
    struct job job;
    cvy_event *event = NULL;
    cvy_event_times times;
    cl_ulong start = 0;
    float sent[100], got[100] = { 0 };
    cvy_status st;

    for (int i = 0; i < 100; i++)
        sent[i] = (float)i;
    OK(kernel_get(context, &instance, &kernel));
    OK(cvy_queue_write(queue, at(0), sent, 400, NULL, NULL));
    OK(tensor_region(context, at(0), "src", &src));
    OK(tensor_region(context, at(512), "dst", &dst));
    OK(job_begin(queue, NULL, NULL, true, &job));
    st = copy_launch(&job, kernel, &src, &dst, 99);
    for (int i = 0; i < 20 && st == CVY_OK; i++)
        st = copy_launch(&job, kernel, &src, &dst, i + 1);
    OK(job_end(&job, st, &event));
    OK(cvy_event_wait(event, -1));
    cr_assert_not_null(cvy_event_cl_event(event));
    OK(cvy_event_times_get(event, &times));
    cl_table_real()->clGetEventProfilingInfo(event->launches.items[0].event,
                                             CL_PROFILING_COMMAND_START, sizeof start, &start,
                                             NULL);
    cr_assert_eq(times.started, start, "the first launch's start");
    cvy_event_destroy(&event);
    OK(cvy_queue_read(queue, at(512), got, 400, NULL, NULL));
    cr_assert_arr_eq(got, sent, 396);
}

LEDGER_TEST(cl_queue, launches_that_cannot_be_right_are_refused)
{
    struct instance instance = copy_instance(context);
    struct kernel *kernel = NULL;
    struct kernel_arg args[64] = { 0 };
    const char *signature;
    struct job job;
    size_t count;

    OK(kernel_get(context, &instance, &kernel));
    signature = kernel_signature(kernel);
    count = strlen(signature);
    for (size_t i = 0; i < count; i++)
        args[i].kind = signature[i];
    OK(job_begin(queue, NULL, NULL, false, &job));
    GIVES(CVY_ERR_INTERNAL, job_launch(&job, kernel, (size_t[3]) { 1, 1, 1 }, args, count - 1));
    GIVES(CVY_ERR_INTERNAL, job_launch(&job, kernel, (size_t[3]) { 65535, 1, 1 }, args, count));
    GIVES(CVY_ERR_INTERNAL, job_launch(&job, kernel, (size_t[3]) { 1, 0, 1 }, args, count));
    args[0].kind = 'i';
    GIVES(CVY_ERR_INTERNAL, job_launch(&job, kernel, (size_t[3]) { 1, 1, 1 }, args, count));
    GIVES(CVY_ERR_INTERNAL, job_end(&job, CVY_ERR_INTERNAL, NULL));
    cr_assert_eq(cl_table_calls("clEnqueueNDRangeKernel"), 1, "only the kernel's first launch");
    OK(cvy_queue_finish(queue));
}

LEDGER_TEST(cl_queue, the_workspace_grows_and_keeps_its_limit)
{
    struct region small, large;
    struct job job;

    OK(queue_reserve(queue, 1000));
    OK(job_begin(queue, NULL, NULL, false, &job));
    OK(job_workspace(&job, 500, &small));
    cr_assert_geq(small.bytes, 1000);
    OK(job_workspace(&job, 5000, &large));
    cr_assert_geq(large.bytes, 5000);
    OK(job_end(&job, CVY_OK, NULL));
    GIVES(CVY_ERR_LIMIT, queue_reserve(queue, (size_t)context_device(context)->max_bytes + 1));
}

struct copier {
    pthread_t thread;
    struct kernel *kernel;
    cvy_buffer *buffer;
    bool good;
};

static void *copy_much(void *argument)
{
    struct copier *self = argument;
    struct instance instance = copy_instance(context);
    struct region src, dst;
    float sent[64], got[64];
    struct job job;
    cvy_status st = CVY_OK;

    self->good = kernel_get(context, &instance, &self->kernel) == CVY_OK;
    tensor_region(context, (cvy_tensor) { self->buffer, 0 }, "src", &src);
    tensor_region(context, (cvy_tensor) { self->buffer, 256 }, "dst", &dst);
    for (int round = 0; round < 50 && self->good; round++) {
        for (int i = 0; i < 64; i++)
            sent[i] = (float)(i + round * 100);
        st = cvy_queue_write(queue, (cvy_tensor) { self->buffer, 0 }, sent, 256, NULL, NULL);
        if (st == CVY_OK && (st = job_begin(queue, NULL, NULL, false, &job)) == CVY_OK)
            st = job_end(&job, copy_launch(&job, self->kernel, &src, &dst, 64), NULL);
        if (st == CVY_OK)
            st = cvy_queue_read(queue, (cvy_tensor) { self->buffer, 256 }, got, 256, NULL, NULL);
        self->good = st == CVY_OK && memcmp(sent, got, 256) == 0;
    }
    return NULL;
}

LEDGER_TEST(cl_queue, eight_threads_share_context_queue_and_kernel)
{
    struct copier copiers[8] = { 0 };
    cvy_context_stats stats;

    if (on_oclgrind())
        cr_skip_test("oclgrind runs one kernel at a time and dies on two");
    for (size_t i = 0; i < COUNT_OF(copiers); i++) {
        OK(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = 512 }, &copiers[i].buffer));
        cr_assert_eq(pthread_create(&copiers[i].thread, NULL, copy_much, &copiers[i]), 0);
    }
    for (size_t i = 0; i < COUNT_OF(copiers); i++) {
        pthread_join(copiers[i].thread, NULL);
        cr_assert(copiers[i].good, "thread %zu", i);
        cr_assert_eq(copiers[i].kernel, copiers[0].kernel);
        cvy_buffer_destroy(&copiers[i].buffer);
    }
    OK(cvy_context_stats_get(context, &stats));
    cr_assert_eq(stats.kernels, 1);
    cr_assert_eq(stats.programs, 1);
}

static void *open_and_close(void *argument)
{
    bool *good = argument;

    *good = true;
    for (int i = 0; i < 10 && *good; i++) {
        cvy_context *own = NULL;
        cvy_buffer *bytes = NULL;
        *good = context_open(NULL, &own) == CVY_OK &&
                cvy_buffer_create(own, &(cvy_buffer_params) { .bytes = 64 }, &bytes) == CVY_OK;
        cvy_context_destroy(&own);
        cvy_buffer_destroy(&bytes);
    }
    return NULL;
}

LEDGER_TEST(cl_queue, contexts_come_and_go_in_eight_threads)
{
    pthread_t threads[8];
    bool good[8];

    for (int i = 0; i < 8; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, open_and_close, &good[i]), 0);
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        cr_assert(good[i], "thread %d", i);
    }
}

// Events ------------------------------------------------------------------------------------------

LEDGER_TEST(cl_queue, a_wait_ends_in_time)
{
    cvy_event *user = NULL;
    cl_event raw = user_event(&user);
    double start = clock_seconds(), waited;

    GIVES(CVY_ERR_TIMEOUT, cvy_event_wait(user, 0));
    cr_assert_lt(clock_seconds() - start, 1.0);
    start = clock_seconds();
    GIVES(CVY_ERR_TIMEOUT, cvy_event_wait(user, 20000000));
    waited = clock_seconds() - start;
    cr_assert(waited >= 0.02 && waited < 2.0, "%.3f s", waited);
    set_user_event(raw, CL_COMPLETE);
    OK(cvy_event_wait(user, 0));
    OK(cvy_event_wait(user, -1));
    cvy_event_destroy(&user);
}

LEDGER_TEST(cl_queue, a_job_starts_after_what_it_waits_for_on_another_queue)
{
    cvy_queue *other = NULL;
    cvy_event *user = NULL, *first = NULL;
    cl_event raw;
    char got = 0;

    if (on_oclgrind())
        cr_skip_test("oclgrind hangs on flushed queues that wait for the host");
    raw = user_event(&user);
    OK(cvy_queue_create(context, NULL, &other));
    OK(cvy_queue_fill(other, at(0), "1", 1, 1, NULL, NULL));
    OK(cvy_queue_fill(other, at(0), "2", 1, 1, &(cvy_wait) { &user, 1 }, &first));
    OK(cvy_queue_copy(queue, at(0), at(8), 1, &(cvy_wait) { &first, 1 }, NULL));
    set_user_event(raw, CL_COMPLETE);
    OK(cvy_queue_read(queue, at(8), &got, 1, NULL, NULL));
    cr_assert_eq(got, '2');
    cvy_event_destroy(&first);
    cvy_event_destroy(&user);
    OK(cvy_queue_finish(other));
    cvy_queue_destroy(&other);
}

// A job fails on the device the honest way: what it waits for fails.
LEDGER_TEST(cl_queue, a_failure_reaches_those_who_wait_and_finish_reports_it_once)
{
    struct instance instance = copy_instance(context);
    struct kernel *kernel = NULL;
    struct region src, dst;
    cvy_event *user = NULL, *job_event = NULL, *none = NULL;
    cl_event raw;
    struct job job;
    char got[4];

    if (on_oclgrind())
        cr_skip_test("oclgrind hangs on queues flushed before their user event fails");
    OK(kernel_get(context, &instance, &kernel));
    OK(cvy_queue_write(queue, at(0), "old", 4, NULL, NULL));
    OK(tensor_region(context, at(512), "src", &src));
    OK(tensor_region(context, at(0), "dst", &dst));
    raw = user_event(&user);
    OK(job_begin(queue, &(cvy_wait) { &user, 1 }, NULL, true, &job));
    OK(job_end(&job, copy_launch(&job, kernel, &src, &dst, 16), &job_event));
    GIVES(CVY_ERR_TIMEOUT, cvy_event_wait(job_event, 1000000));
    set_user_event(raw, CL_OUT_OF_RESOURCES);
    GIVES(CVY_ERR_DEPENDENCY, cvy_event_wait(job_event, -1));
    cr_assert(strstr(cvy_error_text(), "weights_pack"), "\"%s\"", cvy_error_text());
    cr_assert(strstr(cvy_error_text(), "CL_OUT_OF_RESOURCES"), "\"%s\"", cvy_error_text());
    cr_assert_lt(cvy_error_opencl(), 0);
    cr_assert_lt(cvy_event_wait(user, -1), CVY_OK);
    int calls = cl_table_calls("clEnqueueWriteBuffer");
    GIVES(CVY_ERR_DEPENDENCY, cvy_queue_write(queue, at(0), "new", 4,
                                              &(cvy_wait) { &job_event, 1 }, &none));
    cr_assert_eq(cl_table_calls("clEnqueueWriteBuffer"), calls, "nothing was enqueued");
    cr_assert_null(none);
    GIVES(CVY_ERR_DEPENDENCY, cvy_queue_finish(queue));
    OK(cvy_queue_finish(queue));
    OK(cvy_queue_read(queue, at(0), got, 4, NULL, NULL));
    cr_assert_str_eq(got, "old");
    cvy_event_destroy(&job_event);
    cvy_event_destroy(&user);
}

LEDGER_TEST(cl_queue, a_blocking_read_reports_the_failure_of_what_it_waits_for)
{
    cvy_event *user = NULL;
    cl_event raw = user_event(&user);
    static char got[4];

    set_user_event(raw, CL_MEM_OBJECT_ALLOCATION_FAILURE);
    GIVES(CVY_ERR_DEPENDENCY, cvy_queue_read(queue, at(0), got, 4, &(cvy_wait) { &user, 1 }, NULL));
    cvy_event_destroy(&user);
    OK(cvy_queue_finish(queue));
}

LEDGER_TEST(cl_queue, every_launch_of_a_job_waits)
{
    struct instance instance = copy_instance(context);
    struct kernel *kernel = NULL;
    struct region src, dst[2];
    cvy_event *user = NULL, *done = NULL;
    cl_event raw;
    struct job job;
    char got[512];
    cvy_status st = CVY_OK;

    if (on_oclgrind())
        cr_skip_test("oclgrind hangs on queues flushed before their user event fails");
    OK(kernel_get(context, &instance, &kernel));
    OK(cvy_queue_fill(queue, at(0), "o", 1, 1024, NULL, NULL));
    OK(cvy_queue_fill(queue, at(512), "n", 1, 64, NULL, NULL));
    OK(tensor_region(context, at(512), "src", &src));
    OK(tensor_region(context, at(0), "dst", &dst[0]));
    OK(tensor_region(context, at(256), "dst", &dst[1]));
    raw = user_event(&user);
    OK(job_begin(queue, &(cvy_wait) { &user, 1 }, NULL, true, &job));
    for (int i = 0; i < 2 && st == CVY_OK; i++)
        st = copy_launch(&job, kernel, &src, &dst[i], 16);
    OK(job_end(&job, st, &done));
    set_user_event(raw, CL_OUT_OF_RESOURCES);
    GIVES(CVY_ERR_DEPENDENCY, cvy_queue_finish(queue));
    OK(cvy_queue_read(queue, at(0), got, sizeof got, NULL, NULL));
    for (size_t i = 0; i < sizeof got; i++)
        cr_assert_eq(got[i], 'o', "byte %zu was written", i);
    cvy_event_destroy(&done);
    cvy_event_destroy(&user);
}

// How two launches ended, and what the whole is to report.
static const struct {
    cl_int first, second;
    cvy_status status;
} endings[] = {
    { CL_MEM_OBJECT_ALLOCATION_FAILURE, CL_OUT_OF_HOST_MEMORY, CVY_ERR_NOMEM_DEVICE },
    { CL_OUT_OF_HOST_MEMORY, CL_MEM_OBJECT_ALLOCATION_FAILURE, CVY_ERR_NOMEM_HOST },
    { CL_MEM_OBJECT_ALLOCATION_FAILURE, CL_COMPLETE, CVY_ERR_NOMEM_DEVICE },
    { CL_COMPLETE, CL_OUT_OF_HOST_MEMORY, CVY_ERR_NOMEM_HOST },
    { CL_COMPLETE, CL_COMPLETE, CVY_OK },
};

static void push_ended(struct launch_list *list, cl_int state)
{
    cvy_event *wrapped = NULL;
    cl_event raw = user_event(&wrapped);

    OK(launch_list_reserve(list));
    cr_assert_eq(opencl()->clRetainEvent(raw), CL_SUCCESS);
    launch_list_push(list, &(struct launch) { raw, "a launch", NULL });
    set_user_event(raw, state);
    cvy_event_destroy(&wrapped);
}

LEDGER_TEST(cl_queue, events_and_finish_report_the_first_failure_of_all_launches)
{
    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        cvy_event *event = NULL;

        OK(event_new(context, NULL, false, &event));
        push_ended(&event->launches, endings[i].first);
        push_ended(&event->launches, endings[i].second);
        GIVES(endings[i].status, cvy_event_wait(event, -1));
        cvy_event_destroy(&event);
        push_ended(&queue->pending, endings[i].first);
        push_ended(&queue->pending, endings[i].second);
        GIVES(endings[i].status, cvy_queue_finish(queue));
        OK(cvy_queue_finish(queue));
    }
}

// Callbacks ---------------------------------------------------------------------------------------

struct inside {
    cvy_context *context;
    cvy_queue *queue;
    cvy_buffer *buffer;
    cvy_event *event;
    cvy_status enqueued, waited, finished, read, got;
    struct instance compiling;
};

static bool call_from_inside(void *user, size_t done, size_t total, const char *name, double s)
{
    struct inside *in = user;
    struct kernel *kernel;
    char byte;

    (void)name, (void)s;
    if (!in->queue || done == total)
        return true;
    in->enqueued = cvy_queue_fill(in->queue, (cvy_tensor) { in->buffer, 0 }, "c", 1, 4, NULL,
                                  &in->event);
    in->waited = cvy_event_wait(in->event, -1);
    in->finished = cvy_queue_finish(in->queue);
    in->read = cvy_queue_read(in->queue, (cvy_tensor) { in->buffer, 0 }, &byte, 1, NULL, NULL);
    in->got = kernel_get(in->context, &in->compiling, &kernel);
    return true;
}

LEDGER_TEST(cl_queue, callbacks_may_enqueue_and_may_not_wait)
{
    struct inside in = { 0 };
    struct start_kernel kernels[2] = { { .family = "a" }, { .family = "a" } };
    cvy_context_params params = { .progress = call_from_inside, .progress_user = &in };

    OK(context_open(&params, &in.context));
    OK(cvy_queue_create(in.context, NULL, &in.queue));
    OK(cvy_buffer_create(in.context, &(cvy_buffer_params) { .bytes = 64 }, &in.buffer));
    kernels[0].instance = kernels[1].instance = copy_instance(in.context);
    kernels[1].instance.local[0] = 1;
    kernels[1].instance.local[1] = 1;
    in.compiling = kernels[1].instance;
    if (kernels[0].instance.local[0] == 1)
        kernels[0].instance.define_count = 1, kernels[0].instance.defines[0].name = "V",
        kernels[0].instance.defines[0].value = 2;
    OK(context_expect(in.context, kernels, 2));
    OK(context_compile(in.context));
    cr_assert(in.enqueued == CVY_OK && in.got == CVY_OK);
    cr_assert_eq(in.waited, CVY_ERR_STATE);
    cr_assert_eq(in.finished, CVY_ERR_STATE);
    cr_assert_eq(in.read, CVY_ERR_STATE);
    cr_assert_eq(cl_table_calls("clEnqueueReadBuffer"), 0, "a refused read was enqueued");
    OK(cvy_event_wait(in.event, -1));
    cvy_event_destroy(&in.event);
    cvy_buffer_destroy(&in.buffer);
    cvy_queue_destroy(&in.queue);
    cvy_context_destroy(&in.context);
}
