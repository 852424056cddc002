// The thread that compiles behind the caller: what it does, when it holds still, and how it ends.
#include "start_fixture.h"

#include "cl/objects.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

// The worker's own times, less twice the 10 ms after which it looks again whether there is work.
#define LAUNCH_AFTER (0.05 - 0.02)
#define STORE_AFTER (1 - 0.02)

// What the worker does ----------------------------------------------------------------------------

// Calls by threads other than the test's own, and where the test holds them.
static pthread_t self;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static const struct opencl *around;
static _Atomic int behind_builds, behind_launches, behind_fetches, builds_here;
static _Atomic double last_use;             // of a queue, as far as the test knows
static _Atomic int too_early;       // launches, or binaries, so soon after it
static _Atomic int no_threads;

static bool is_here(void)
{
    return pthread_equal(pthread_self(), self);
}

static cl_int build(cl_program a, cl_uint b, const cl_device_id *c, const char *d,
                    void (CL_CALLBACK *e)(cl_program, void *), void *f)
{
    atomic_fetch_add(is_here() ? &builds_here : &behind_builds, 1);
    if (!is_here()) {
        pthread_mutex_lock(&gate);
        pthread_mutex_unlock(&gate);
    }
    return around->clBuildProgram(a, b, c, d, e, f);
}

static cl_int launch(cl_command_queue a, cl_kernel b, cl_uint c, const size_t *d, const size_t *e,
                     const size_t *f, cl_uint g, const cl_event *h, cl_event *i)
{
    if (!is_here()) {
        atomic_fetch_add(&behind_launches, 1);
        atomic_fetch_add(&too_early, clock_seconds() < last_use + LAUNCH_AFTER);
    }
    return around->clEnqueueNDRangeKernel(a, b, c, d, e, f, g, h, i);
}

static cl_int fetch(cl_program a, cl_program_info b, size_t c, void *d, size_t *e)
{
    if (!is_here() && b == CL_PROGRAM_BINARIES) {
        atomic_fetch_add(&behind_fetches, 1);
        atomic_fetch_add(&too_early, clock_seconds() < last_use + STORE_AFTER);
    }
    return around->clGetProgramInfo(a, b, c, d, e);
}

static void install_watch(void)
{
    static struct opencl table;

    install();
    self = pthread_self();
    around = opencl();
    table = *around;
    table.clBuildProgram = build;
    table.clEnqueueNDRangeKernel = launch;
    table.clGetProgramInfo = fetch;
    opencl_swap(&table);
    params.compile = CVY_COMPILE_BACKGROUND;
}

TestSuite(background, .init = install_watch, .timeout = 120);

// In place of the C library's.
int __real_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int __wrap_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *argument)
{
    return no_threads ? EAGAIN : __real_pthread_create(thread, attributes, run, argument);
}

static void start_behind(void)
{
    OK(open_start());
    context_work_behind(context, true);
}

static void pause_for(double seconds)
{
    usleep((unsigned)(1e6 * seconds));
}

// Until it is so, or 30 seconds are over.
#define WAIT_UNTIL(condition)                                                               \
    do {                                                                                    \
        double end_ = clock_seconds() + 30;                                                 \
        while (!(condition) && clock_seconds() < end_)                                      \
            pause_for(0.002);                                                               \
        cr_assert(condition, "never came: " #condition);                                    \
    } while (0)

START_TEST(background, makes_all_ready_without_a_call)
{
    start_behind();
    WAIT_UNTIL(stats().kernels == KERNELS);
    STATS(programs, PROGRAMS);
    STATS(failed, 0);
    cr_assert_eq(builds_here, 0);
    cr_assert_eq(behind_launches, KERNELS);
    for (int i = 0; i < KERNELS; i++)
        expect_copy(i);
    cr_assert_eq(builds_here, 0);
}

// With the device's own start-up set.
START_TEST(background, lets_create_return_at_once)
{
    pthread_mutex_lock(&gate);
    OK(cvy_context_create(&params, &context));
    cr_assert_eq(builds_here, 0);
    STATS(kernels, 0);
    pthread_mutex_unlock(&gate);
}

START_TEST(background, lets_a_kernel_that_is_wanted_go_first)
{
    start_behind();
    expect_copy(2);
    cr_assert_eq(behind_builds, 0);
    pthread_mutex_lock(&gate);
    WAIT_UNTIL(behind_builds == 1);
    expect_copy(3);                     // while the family a is held up
    cr_assert_eq(builds_here, 2);
    pthread_mutex_unlock(&gate);
    expect_copy(1);                     // waits for the family
    cr_assert_eq(builds_here, 2);
    WAIT_UNTIL(stats().kernels == KERNELS);
    STATS(programs, PROGRAMS);
}

static void *get_all(void *unused)
{
    struct kernel *kernel;
    cvy_status st = CVY_OK;

    (void)unused;
    for (int i = 0; i < KERNELS && st == CVY_OK; i++)
        st = kernel_get(context, &kernels[i].instance, &kernel);
    return st == CVY_OK ? context : NULL;
}

START_TEST(background, compiles_once_what_many_want)
{
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    void *good;

    for (int run = 0; run < 4; run++) {
        start_behind();
        pause_for(0.03 * run);
        for (int i = 0; i < THREADS; i++)
            cr_assert_eq(pthread_create(&threads[i], NULL, get_all, NULL), 0);
        for (int i = 0; i < THREADS; i++) {
            pthread_join(threads[i], &good);
            cr_assert_not_null(good);
        }
        STATS(programs, PROGRAMS);
        STATS(kernels, KERNELS);
        cvy_context_destroy(&context);
    }
}

// Rest --------------------------------------------------------------------------------------------

static void forget_quirk(void)
{
    ((struct device *)context_device(context))->quirks &= ~(uint32_t)QUIRK_CACHES_CODE;
}

START_TEST(background, launches_and_stores_only_at_rest)
{
    cvy_event *user = NULL;
    cl_event raw;

    OK(open_start());
    if (strstr(context_device(context)->info.platform_name, "Oclgrind"))
        cr_skip_test("oclgrind hangs on flushed queues that wait for the host");
    forget_quirk();
    OK(cvy_queue_create(context, NULL, &queue));
    OK(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = 1024 }, &buffer));
    raw = user_event(&user);
    OK(cvy_queue_fill(queue, at(0), "none", 4, 1024, &(cvy_wait) { &user, 1 }, NULL));
    OK(cvy_queue_flush(queue));
    last_use = clock_seconds() + 1000;
    context_work_behind(context, true);
    WAIT_UNTIL(behind_builds == PROGRAMS);
    pause_for(0.3);
    cr_assert_eq(behind_launches, 0, "a first launch beside a job");
    last_use = clock_seconds();
    set_user_event(raw, CL_COMPLETE);
    OK(cvy_queue_finish(queue));
    WAIT_UNTIL(behind_launches > 0);
    for (int i = 0; i < 20; i++) {
        OK(cvy_queue_fill(queue, at(0), "none", 4, 1024, NULL, NULL));
        last_use = clock_seconds();
        OK(cvy_queue_finish(queue));
        pause_for(0.015);
    }
    WAIT_UNTIL(stats().kernels == KERNELS);
    WAIT_UNTIL(stats().cache.stored == PROGRAMS);
    // One may have been decided on when the job came.
    cr_assert_leq(too_early, 1, "%d launches or binaries soon after a job", too_early);
    cr_assert_geq(behind_fetches, PROGRAMS);
    cvy_event_destroy(&user);
    cvy_buffer_destroy(&buffer);
    cvy_queue_destroy(&queue);
    cvy_context_destroy(&context);
    start_behind();
    WAIT_UNTIL(stats().kernels == KERNELS);
    STATS(loaded, PROGRAMS);
    STATS(programs, 0);
}

// What a plan has something to stand in for.
START_TEST(background, builds_what_is_awaited_and_launches_it_at_rest)
{
    struct start_kernel extra;
    struct kernel *kernel = NULL;
    cvy_event *user = NULL;
    cl_event raw;

    OK(open_start());
    if (strstr(context_device(context)->info.platform_name, "Oclgrind"))
        cr_skip_test("oclgrind hangs on flushed queues that wait for the host");
    OK(cvy_queue_create(context, NULL, &queue));
    OK(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = 1024 }, &buffer));
    raw = user_event(&user);
    OK(cvy_queue_fill(queue, at(0), "none", 4, 1024, &(cvy_wait) { &user, 1 }, NULL));
    OK(cvy_queue_flush(queue));
    context_work_behind(context, true);
    cr_assert(context_compiles_behind(context));
    WAIT_UNTIL(behind_builds == PROGRAMS);
    extra = marked(KERNELS, NULL);
    for (int i = 0; i < 100; i++)
        OK(kernel_find(context, &extra.instance, true, &kernel));
    WAIT_UNTIL(behind_builds == PROGRAMS + 1);
    pause_for(0.2);
    cr_assert_eq(behind_launches, 0);
    cr_assert(!kernel_is_ready(kernel));
    set_user_event(raw, CL_COMPLETE);
    OK(cvy_queue_finish(queue));
    WAIT_UNTIL(kernel_is_ready(kernel) && stats().kernels == KERNELS + 1);
    cr_assert_eq(behind_builds, PROGRAMS + 1);
    cr_assert_eq(behind_launches, KERNELS + 1);
    cvy_event_destroy(&user);
}

START_TEST(background, stores_nothing_where_the_driver_does)
{
    OK(open_start());
    if (!(context_device(context)->quirks & QUIRK_CACHES_CODE))
        cr_skip_test("the driver does not");
    context_work_behind(context, true);
    WAIT_UNTIL(stats().kernels == KERNELS);
    pause_for(1.2);
    cr_assert_eq(behind_fetches, 0);
    STATS(cache.stored, 0);
}

START_TEST(background, stores_what_a_lazy_context_has_compiled)
{
    params.compile = CVY_COMPILE_LAZY;
    OK(open_start());
    forget_quirk();
    context_work_behind(context, false);
    expect_copy(3);
    last_use = clock_seconds();
    WAIT_UNTIL(stats().cache.stored == 1);
    expect_copy(2);
    last_use = clock_seconds();
    WAIT_UNTIL(stats().cache.stored == 2);
    cr_assert_eq(too_early, 0);
    cr_assert_eq(behind_builds + behind_launches, 0);
}

// Failures ----------------------------------------------------------------------------------------

static _Atomic int progresses, warnings, stop_at, destroy_at, afterwards;
static _Atomic bool masked;

// Whether the thread takes signals that it has not raised itself.
static bool takes_signals(void)
{
    sigset_t blocked;

    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    return !sigismember(&blocked, SIGINT) || !sigismember(&blocked, SIGALRM)
        || sigismember(&blocked, SIGSEGV);
}

static bool hear_progress(void *user, size_t done, size_t total, const char *name, double seconds)
{
    int count = atomic_fetch_add(&progresses, 1) + 1;

    (void)user;
    if (done > total || !name || !*name || seconds < 0 || takes_signals())
        atomic_store(&masked, false);
    if (destroy_at && count >= destroy_at) {
        if (count > destroy_at)
            atomic_fetch_add(&afterwards, 1);
        cvy_context_destroy(&context);
    }
    return count != stop_at;
}

static void hear_log(void *user, cvy_log_level level, const char *text)
{
    (void)user, (void)text;
    atomic_fetch_add(&warnings, level == CVY_LOG_WARNING);
}

static void listen_to(void)
{
    params.progress = hear_progress;
    params.log = hear_log;
    masked = true;
}

START_TEST(background, goes_on_as_lazy_when_the_callback_says_stop)
{
    listen_to();
    stop_at = 2;
    start_behind();
    WAIT_UNTIL(progresses == 2);
    pause_for(0.3);
    cr_assert_eq(progresses, 2);
    STATS(kernels, 2);
    cr_assert(masked, "the worker takes the application's signals");
    for (int i = 0; i < KERNELS; i++)
        expect_copy(i);
    STATS(programs, PROGRAMS);
}

START_TEST(background, drops_what_does_not_compile)
{
    struct kernel *kernel;

    listen_to();
    OK(open_start());
    cl_table_fail("clBuildProgram", 1, true, CL_BUILD_PROGRAM_FAILURE);
    context_work_behind(context, true);
    WAIT_UNTIL(progresses == KERNELS);
    STATS(failed, KERNELS);
    cr_assert_geq(warnings, KERNELS);
    for (int i = 0; i < KERNELS; i++) {
        GIVES(CVY_ERR_BUILD, kernel_get(context, &kernels[i].instance, &kernel));
        cr_assert(strstr(cvy_error_text(), "does not compile: "), "\"%s\"", cvy_error_text());
    }
}

START_TEST(background, gives_up_when_the_device_is_lost)
{
    struct kernel *kernel;

    listen_to();
    OK(open_start());
    cl_table_fail(NULL, 1, true, CL_DEVICE_NOT_AVAILABLE);
    context_work_behind(context, true);
    pause_for(0.3);
    cr_assert_leq(progresses, 1);
    GIVES(CVY_ERR_DEVICE_LOST, kernel_get(context, &kernels[0].instance, &kernel));
}

START_TEST(background, leaves_nothing_behind_when_any_call_fails)
{
    static const cl_int codes[] = { CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY,
                                    CL_BUILD_PROGRAM_FAILURE, CL_INVALID_CONTEXT };
    struct kernel *kernel;
    bool fired = true;

    for (int nth = 1; fired; nth += 4) {
        OK(open_start());
        cl_table_fail(NULL, nth, false, codes[nth / 4 % 4]);
        context_work_behind(context, true);
        for (int i = 0; i < 100 && stats().kernels < KERNELS && !cl_table_fired(); i++)
            pause_for(0.01);
        fired = cl_table_fired();
        if (!fired)
            cl_table_heal();
        for (int i = 0; i < KERNELS; i++)
            if (kernel_get(context, &kernels[i].instance, &kernel) == CVY_OK)
                expect_copy(i);
        cvy_context_destroy(&context);
        cl_table_heal();
        cr_assert_str_empty(cl_table_leaks(), "call %d: left over %s", nth, cl_table_leaks());
    }
}

// I4. The hint is lost, and nothing else.
START_TEST(background, without_threads_is_lazy)
{
    params.log = hear_log;
    OK(open_start());
    no_threads = true;
    context_work_behind(context, true);
    no_threads = false;
    cr_assert_eq(warnings, 1);
    pause_for(0.2);
    cr_assert_eq(behind_builds, 0);
    for (int i = 0; i < KERNELS; i++)
        expect_copy(i);
    cr_assert_eq(stats().programs, KERNELS, "each alone");
}

// The end -----------------------------------------------------------------------------------------

START_TEST(background, ends_with_the_context_at_any_time)
{
    for (int run = 0; run < 50; run++) {
        start_behind();
        pause_for(0.003 * run);
        cvy_context_destroy(&context);
        cr_assert_str_empty(cl_table_leaks(), "run %d: left over %s", run, cl_table_leaks());
    }
}

static _Atomic bool closed;

static void *hold_up(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&gate);
    closed = true;
    while (!behind_builds)
        pause_for(0.001);
    pause_for(0.1);
    pthread_mutex_unlock(&gate);
    return NULL;
}

START_TEST(background, ends_after_the_program_that_it_is_at)
{
    pthread_t thread;

    cr_assert_eq(pthread_create(&thread, NULL, hold_up, NULL), 0);
    WAIT_UNTIL(closed);
    start_behind();
    WAIT_UNTIL(behind_builds == 1);
    cvy_context_destroy(&context);
    pthread_join(thread, NULL);
    cr_assert_eq(behind_builds, 1);
    cr_assert_eq(behind_launches, 0);
}

// J6.
START_TEST(background, ends_by_itself_when_a_callback_destroys_the_context)
{
    for (destroy_at = 1; destroy_at <= KERNELS; destroy_at++) {
        listen_to();
        progresses = 0;
        start_behind();
        WAIT_UNTIL(progresses == destroy_at);
        WAIT_UNTIL(!cl_table_leaks()[0]);
        cr_assert_null(context);
        cr_assert_eq(afterwards, 0, "a callback of a context that is gone");
    }
}

static void destroy_in_log(void *user, cvy_log_level level, const char *text)
{
    (void)user;
    if (level == CVY_LOG_WARNING && strstr(text, "dropped")) {      // progress is due next
        atomic_fetch_add(&warnings, 1);
        cvy_context_destroy(&context);
    }
}

START_TEST(background, calls_nobody_after_the_log_destroyed_the_context)
{
    listen_to();
    params.log = destroy_in_log;
    OK(open_start());
    cl_table_fail("clBuildProgram", 1, true, CL_BUILD_PROGRAM_FAILURE);
    context_work_behind(context, true);
    WAIT_UNTIL(warnings == 1 && !cl_table_leaks()[0]);
    cr_assert_eq(progresses, 0);
    cr_assert_eq(warnings, 1);
}

// The queue keeps the context alive.
START_TEST(background, ends_with_the_last_handle)
{
    listen_to();
    destroy_at = 1;
    OK(open_start());
    OK(cvy_queue_create(context, NULL, &queue));
    context_work_behind(context, true);
    WAIT_UNTIL(progresses == KERNELS);
    cr_assert_null(context);
    OK(cvy_queue_finish(queue));
    cvy_queue_destroy(&queue);
}

// Other processes ---------------------------------------------------------------------------------

static void *want_first(void *unused)
{
    struct kernel *kernel;

    (void)unused;
    return kernel_get(context, &kernels[0].instance, &kernel) == CVY_OK ? context : NULL;
}

// J7, J8: while one thread compiles, or two, and another one waits for it.
static void fork_while_compiling(bool behind)
{
    pthread_t threads[2];
    pid_t child;
    int status;
    void *good;

    OK(open_start());
    if (behind)
        context_work_behind(context, true);
    OK(cvy_queue_create(context, NULL, &queue));
    behind_builds = 0;
    pthread_mutex_lock(&gate);
    for (int i = 0; i < 2; i++) {
        if (behind)
            WAIT_UNTIL(behind_builds == 1);
        cr_assert_eq(pthread_create(&threads[i], NULL, want_first, NULL), 0);
        WAIT_UNTIL(behind_builds == 1);
    }
    pause_for(0.1);
    child = fork();
    if (!child) {
        alarm(20);
        if (cvy_context_save_programs(context, 0) != CVY_ERR_FORKED
            || cvy_queue_finish(queue) != CVY_ERR_FORKED)
            _exit(1);
        cvy_queue_destroy(&queue);
        cvy_context_destroy(&context);
        _exit(0);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0, "%s: status %x", behind ? "behind" : "here", (unsigned)status);
    pthread_mutex_unlock(&gate);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], &good);
        cr_assert_not_null(good);
    }
    cvy_queue_destroy(&queue);
    expect_copy(3);
    cvy_context_destroy(&context);
}

START_TEST(background, is_not_in_a_forked_child)
{
    fork_while_compiling(false);
    fork_while_compiling(true);
}

// A plan of the parent's, whose kernel a thread was launching at that moment.
START_TEST(background, is_no_reason_for_a_forked_child_to_wait)
{
    struct kernel *kernel = NULL;
    pid_t child;
    int status;

    OK(open_start());
    OK(kernel_get(context, &kernels[3].instance, &kernel));
    pthread_mutex_lock(&kernel->lock);
    child = fork();
    if (!child) {
        alarm(20);
        kernel_forget(kernel, &status);
        cvy_context_destroy(&context);
        _exit(0);
    }
    pthread_mutex_unlock(&kernel->lock);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0, "status %x", (unsigned)status);
}
