// Compiled programs that a context stores and the next one loads: what is saved is not compiled
// again, and whatever is wrong with a stored program costs time and nothing else.
#include "start_fixture.h"

#include <convoy/ops.h>

#include <math.h>
#include <pthread.h>

TestSuite(programs, .init = install, .timeout = 280);

// Saves the set's programs by a context that is then gone.
static void save_all(void)
{
    start();
    OK(cvy_context_save_programs(context, 0));
    STATS(cache.stored, PROGRAMS);
    STATS(cache.unwritable, 0);
    cvy_context_destroy(&context);
}

static int entries(void)
{
    return count_files(folder, "") - count_files(folder, "guard");
}

// Calls `change` for the path of each entry.
static void each_entry(void (*change)(const char *path))
{
    DIR *list = opendir(folder);
    struct dirent *entry;
    char path[sizeof folder + 300];

    cr_assert_not_null(list);
    while ((entry = readdir(list)))
        if (strstr(entry->d_name, ".cvy")) {
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
            change(path);
        }
    closedir(list);
}

// Stored programs ---------------------------------------------------------------------------------

START_TEST(programs, that_are_stored_are_not_compiled)
{
    save_all();
    cr_assert_eq(entries(), PROGRAMS);
    start();
    STATS(programs, 0);
    STATS(loaded, PROGRAMS);
    STATS(kernels, KERNELS);
    STATS(cache.hits, PROGRAMS);
    STATS(cache.misses, 0);
    for (int i = 0; i < KERNELS; i++)
        expect_copy(i);
    OK(cvy_context_save_programs(context, 0));
    STATS(cache.stored, 0);
}

START_TEST(programs, of_a_family_serve_a_context_that_compiles_one_kernel)
{
    save_all();
    params.compile = CVY_COMPILE_LAZY;
    OK(open_start());
    STATS(loaded, 0);
    expect_copy(1);
    STATS(loaded, 1);
    expect_copy(0);
    expect_copy(3);
    STATS(loaded, 2);
    STATS(programs, 0);
}

START_TEST(programs, of_one_kernel_do_not_make_a_family)
{
    params.compile = CVY_COMPILE_LAZY;
    OK(open_start());
    expect_copy(1);
    STATS(programs, 1);
    cvy_context_destroy(&context);
    params.compile = CVY_COMPILE_EAGER;
    save_all();
    cr_assert_eq(entries(), PROGRAMS);
}

// Nothing is compiled that saving would not compile.
START_TEST(programs, of_a_lazy_context_are_compiled_when_it_saves)
{
    params.compile = CVY_COMPILE_LAZY;
    OK(open_start());
    OK(cvy_context_save_programs(context, 0));
    cr_assert_eq(stats().cache.stored, 2, "the families; the other kernel is nobody's yet");
    expect_copy(3);
    OK(cvy_context_save_programs(context, 0));
    STATS(cache.stored, PROGRAMS);
    STATS(kernels, KERNELS);
}

// dst[k] = sum of c of weights[k][c] src[c] + bias[k], in small integers.
static void expect_conv(void)
{
    static const float src[4] = { 1, 2, 3, 4 }, bias[2] = { 100, 200 };
    static const float weights[8] = { 1, 10, 100, 1000, -1, -2, -3, -4 };
    float got[2] = { 0 };
    cvy_plan *plan = NULL;

    OK(cvy_conv_create(context, &(cvy_conv_params) { .src = cvy_nchw(CVY_F32, 1, 4, 1, 1),
                       .out_channels = 2, .kernel_size = { 1, 1 }, .bias = true }, &plan));
    OK(cvy_queue_create(context, NULL, &queue));
    OK(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = 1024 }, &buffer));
    OK(cvy_queue_write(queue, at(0), src, sizeof src, NULL, NULL));
    OK(cvy_queue_write(queue, at(256), weights, sizeof weights, NULL, NULL));
    OK(cvy_queue_write(queue, at(512), bias, sizeof bias, NULL, NULL));
    OK(cvy_plan_enqueue(plan, queue, &(cvy_args) { .src = at(0), .weights = at(256),
                        .bias = at(512), .dst = at(768) }, NULL, NULL));
    OK(cvy_queue_read(queue, at(768), got, sizeof got, NULL, NULL));
    cvy_plan_destroy(&plan);
    cvy_buffer_destroy(&buffer);
    cvy_queue_destroy(&queue);
    cr_assert(got[0] == 4421 && got[1] == 170, "%g %g", (double)got[0], (double)got[1]);
}

START_TEST(programs, of_a_convolution_give_the_same_results)
{
    for (int run = 0; run < 2; run++) {
        OK(context_open(&params, &context));
        expect_conv();
        OK(cvy_context_save_programs(context, 0));
        if (run)
            STATS(programs, 0);
        cr_assert_gt(run ? stats().loaded : stats().cache.stored, 0);
        cvy_context_destroy(&context);
    }
}

// Refused -----------------------------------------------------------------------------------------

// A start where something is wrong with one stored program: it is compiled, and stored anew.
static void expect_mended(const char *label)
{
    int before = entries();

    cl_table_heal();
    cr_assert_eq(stats().kernels, KERNELS, "%s: %zu kernels", label, stats().kernels);
    cr_assert_eq(stats().failed, 0, "%s", label);
    cr_assert_gt(stats().programs, 0, "%s", label);
    for (int i = 0; i < KERNELS; i++)
        expect_copy(i);
    OK(cvy_context_save_programs(context, 0));
    cr_assert_geq(entries(), before, "%s", label);
    cr_assert_gt(stats().cache.stored, 0, "%s: nothing is stored anew", label);
    cvy_context_destroy(&context);
    start();
    cr_assert_eq(stats().programs, 0, "%s: %zu programs are compiled again", label,
                 stats().programs);
    cvy_context_destroy(&context);
}

// G12.
START_TEST(programs, that_the_driver_refuses_are_compiled_and_replaced)
{
    static const struct {
        const char *function;
        cl_int code;
    } rows[] = {
        { "clCreateProgramWithBinary", CL_INVALID_BINARY },
        { "clCreateProgramWithBinary", CL_INVALID_VALUE },
        { "clBuildProgram", CL_BUILD_PROGRAM_FAILURE },
        { "clBuildProgram", CL_INVALID_BINARY },
        // rusticl finds out this late.
        { "clCreateKernel", CL_INVALID_PROGRAM_EXECUTABLE },
        { "clCreateKernel", CL_INVALID_KERNEL_NAME },
        { "clEnqueueNDRangeKernel", CL_INVALID_PROGRAM_EXECUTABLE },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        save_all();
        cl_table_fail(rows[i].function, 1, false, rows[i].code);
        start();
        cr_assert(cl_table_fired(), "%s", rows[i].function);
        cr_assert_eq(stats().cache.corrupt, 1, "%s: %zu entries dropped", rows[i].function,
                     stats().cache.corrupt);
        expect_mended(rows[i].function);
        remove_folder();
        cr_assert_eq(mkdir(folder, 0700), 0);
    }
}

START_TEST(programs, that_the_driver_always_refuses_are_compiled_at_each_start)
{
    save_all();
    for (int run = 0; run < 3; run++) {
        cl_table_fail("clCreateProgramWithBinary", 1, true, CL_INVALID_BINARY);
        start();
        STATS(programs, PROGRAMS);
        STATS(loaded, 0);
        STATS(failed, 0);
        cr_assert_eq(entries(), 0);
        OK(cvy_context_save_programs(context, 0));
        cr_assert_eq(entries(), PROGRAMS);
        cvy_context_destroy(&context);
    }
}

// A driver whose binaries its own compiler does not know: right by their digests.
START_TEST(programs, of_rubbish_are_refused_by_the_driver_itself)
{
    cl_lies.rubbish_binary = true;
    save_all();
    OK(open_start());
    if (strcmp(context_device(context)->info.platform_name, "rusticl") == 0) {
        remove_folder();
        cr_skip_test("rusticl ends the process");
    }
    cvy_context_destroy(&context);
    start();
    STATS(loaded, 0);
    STATS(cache.hits, PROGRAMS);
    STATS(cache.corrupt, PROGRAMS);
    expect_mended("rubbish");
}

static void flip_last(const char *path)
{
    FILE *file = fopen(path, "r+b");
    int last;

    cr_assert_not_null(file, "%s: %s", path, strerror(errno));
    cr_assert_eq(fseek(file, -1, SEEK_END), 0);
    last = fgetc(file);
    cr_assert_eq(fseek(file, -1, SEEK_END), 0);
    fputc(last ^ 1, file);
    cr_assert_eq(fclose(file), 0);
}

static void cut_in_half(const char *path)
{
    struct stat facts;

    cr_assert_eq(stat(path, &facts), 0);
    cr_assert_eq(truncate(path, facts.st_size / 2), 0);
}

static void empty(const char *path)
{
    cr_assert_eq(truncate(path, 0), 0);
}

START_TEST(programs, that_are_damaged_are_never_shown_to_the_driver)
{
    static void (*const damages[])(const char *) = { flip_last, cut_in_half, empty };
    int calls;

    for (size_t i = 0; i < COUNT_OF(damages); i++) {
        save_all();
        each_entry(damages[i]);
        calls = cl_table_calls("clCreateProgramWithBinary");
        start();
        cr_assert_eq(cl_table_calls("clCreateProgramWithBinary"), calls);
        STATS(programs, PROGRAMS);
        STATS(cache.misses, PROGRAMS);
        cr_assert_eq(stats().cache.corrupt + stats().cache.truncated, PROGRAMS);
        expect_mended("damage");
        remove_folder();
        cr_assert_eq(mkdir(folder, 0700), 0);
    }
}

// Refusals of the call itself ---------------------------------------------------------------------

START_TEST(programs, are_not_saved_without_a_cache)
{
    params.cache = (cvy_cache_params) { .off = true };
    start();
    GIVES(CVY_ERR_STATE, cvy_context_save_programs(context, 0));
    cr_assert(strstr(cvy_error_text(), "cache"), "\"%s\"", cvy_error_text());
    STATS(cache.misses, 0);
    cr_assert_eq(count_files(folder, ""), 0);
    GIVES(CVY_ERR_ARGUMENT, cvy_context_save_programs(NULL, 0));
}

START_TEST(programs, are_saved_within_a_budget)
{
    static const double wrong[] = { -1, -1e-300, -INFINITY, NAN };

    start();
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        GIVES(CVY_ERR_ARGUMENT, cvy_context_save_programs(context, wrong[i]));
    cr_assert_eq(entries(), 0);
    GIVES(CVY_ERR_TIMEOUT, cvy_context_save_programs(context, 1e-9));
    cr_assert(strstr(cvy_error_text(), "budget"), "\"%s\"", cvy_error_text());
    OK(cvy_context_save_programs(context, INFINITY));
    cr_assert_eq(entries(), PROGRAMS);
}

struct heard {
    size_t progress, stop_at;       // 0: never
    cvy_status inside;              // of saving in a callback
};

static bool hear_progress(void *user, size_t done, size_t total, const char *name, double seconds)
{
    struct heard *heard = user;

    heard->progress++;
    cr_assert(done && done <= total && name && *name && seconds >= 0);
    if (context)
        heard->inside = cvy_context_save_programs(context, 0);
    return done != heard->stop_at;
}

START_TEST(programs, are_saved_until_the_callback_says_stop)
{
    struct heard heard = { 0 };

    params.progress = hear_progress;
    params.progress_user = &heard;
    start();
    heard = (struct heard) { .stop_at = 2 };
    GIVES(CVY_ERR_CANCELLED, cvy_context_save_programs(context, 0));
    cr_assert_eq(heard.inside, CVY_ERR_STATE);
    cr_assert_eq(entries(), 2);
    cr_assert_eq(heard.progress, 2);
    heard = (struct heard) { 0 };
    OK(cvy_context_save_programs(context, 0));
    cr_assert_eq(heard.progress, PROGRAMS);
    cr_assert_eq(entries(), PROGRAMS);
}

START_TEST(programs, that_have_no_place_are_an_io_error)
{
    static const char *const places[] = { "/proc/nope", "/dev/null", "/dev/null/below" };

    for (size_t i = 0; i < COUNT_OF(places); i++) {
        params.cache.folder = places[i];
        start();
        for (int k = 0; k < KERNELS; k++)
            expect_copy(k);
        GIVES(CVY_ERR_IO, cvy_context_save_programs(context, 0));
        cr_assert(strstr(cvy_error_text(), "3 of 3"), "\"%s\"", cvy_error_text());
        cvy_context_destroy(&context);
    }
}

// A driver that gives none.
START_TEST(programs, without_a_binary_are_an_io_error)
{
    start();
    cl_lies.no_binary = true;
    GIVES(CVY_ERR_IO, cvy_context_save_programs(context, 0));
    cr_assert_eq(entries(), 0);
    cl_table_heal();
    OK(cvy_context_save_programs(context, 0));
    cr_assert_eq(entries(), PROGRAMS);
}

// In the application's hands ----------------------------------------------------------------------

struct shelf {
    pthread_mutex_t lock;
    struct {
        char name[65];
        void *data;
        size_t bytes;
    } items[8];
    size_t count, gets, puts;
    bool full;
};

static size_t shelf_get(void *user, const char *name, void *data, size_t cap)
{
    struct shelf *shelf = user;
    size_t bytes = 0;

    pthread_mutex_lock(&shelf->lock);
    shelf->gets++;
    for (size_t i = 0; i < shelf->count; i++)
        if (strcmp(shelf->items[i].name, name) == 0)
            bytes = shelf->items[i].bytes, memcpy(data, shelf->items[i].data, MIN(cap, bytes));
    pthread_mutex_unlock(&shelf->lock);
    return bytes;
}

static bool shelf_put(void *user, const char *name, const void *data, size_t bytes)
{
    struct shelf *shelf = user;
    size_t at = 0;
    bool kept;

    pthread_mutex_lock(&shelf->lock);
    shelf->puts++;
    while (at < shelf->count && strcmp(shelf->items[at].name, name) != 0)
        at++;
    kept = !shelf->full && at < COUNT_OF(shelf->items);
    if (kept) {
        free(shelf->items[at].data);
        snprintf(shelf->items[at].name, sizeof shelf->items[at].name, "%s", name);
        shelf->items[at].data = memcpy(malloc(bytes + 1), data ? data : "", bytes);
        shelf->items[at].bytes = bytes;
        shelf->count = MAX(shelf->count, at + 1);
    }
    pthread_mutex_unlock(&shelf->lock);
    return kept;
}

START_TEST(programs, are_kept_by_the_application)
{
    static struct shelf shelf = { .lock = PTHREAD_MUTEX_INITIALIZER, .full = true };

    params.cache = (cvy_cache_params) { .get = shelf_get, .put = shelf_put, .user = &shelf };
    start();
    cr_assert_eq(shelf.puts, 0, "what is not asked to be saved is not");
    GIVES(CVY_ERR_IO, cvy_context_save_programs(context, 0));
    shelf.full = false;
    OK(cvy_context_save_programs(context, 0));
    cr_assert_eq(shelf.count, PROGRAMS);
    cvy_context_destroy(&context);
    start();
    STATS(programs, 0);
    STATS(loaded, PROGRAMS);
    expect_copy(0);
    cvy_context_destroy(&context);
    cl_table_fail("clCreateProgramWithBinary", 1, false, CL_INVALID_BINARY);
    start();
    cr_assert_eq(shelf.items[0].bytes * shelf.items[1].bytes * shelf.items[2].bytes, 0,
                 "the refused one is forgotten");
    expect_mended("a shelf");
    cr_assert_eq(count_files(folder, ""), 0);
    for (size_t i = 0; i < shelf.count; i++)
        free(shelf.items[i].data);
}

// Threads ------------------------------------------------------------------------------

static void *save(void *out)
{
    *(cvy_status *)out = cvy_context_save_programs(context, 0);
    return NULL;
}

START_TEST(programs, are_saved_by_two_threads_at_once)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    cvy_status got[THREADS];

    params.compile = CVY_COMPILE_LAZY;
    OK(open_start());
    expect_copy(3);
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, save, &got[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(got[i], CVY_OK, "thread %d: %s", i, cvy_status_name(got[i]));
    cr_assert_eq(entries(), PROGRAMS);
    cvy_context_destroy(&context);
    start();
    STATS(programs, 0);
}

START_TEST(programs, are_saved_when_the_driver_tells_about_them_again)
{
    int nth = 1;

    start();
    for (bool fired = true; fired; nth++)
        for (int sticky = 0; sticky < 2; sticky++) {
            cl_table_fail("clGetProgramInfo", nth, sticky, CL_OUT_OF_HOST_MEMORY);
            cvy_status got = cvy_context_save_programs(context, 0);
            fired = cl_table_fired();
            cr_assert_eq(got, fired ? CVY_ERR_NOMEM_HOST : CVY_OK, "call %d: %s", nth,
                         cvy_status_name(got));
        }
    cl_table_heal();
    cr_assert_gt(nth, 4);
    OK(cvy_context_save_programs(context, 0));
    cr_assert_eq(entries(), PROGRAMS);
}
