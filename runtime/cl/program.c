// The kernels of a context: a table by instance, and the compiling that fills it. Start-up sets
// are compiled in one program for each family, what is missing later one by one.
#include "cl/objects.h"

#include <stdio.h>

#define BUCKETS 256

struct kernel_table {
    pthread_mutex_t lock;       // guards all below and each kernel's state; not held over compiling
    pthread_cond_t changed;     // some kernel is no longer COMPILING
    struct kernel *buckets[BUCKETS];
    cvy_context_stats stats;
};

cvy_status kernel_table_new(struct kernel_table **out)
{
    struct kernel_table *table;
    cvy_status st = zalloc(sizeof *table, &table);

    *out = NULL;
    if (st != CVY_OK)
        return st;
    if (pthread_mutex_init(&table->lock, NULL)) {
        free(table);
        return fail(CVY_ERR_NOMEM_HOST, "no mutex");
    }
    if (pthread_cond_init(&table->changed, NULL)) {
        pthread_mutex_destroy(&table->lock);
        free(table);
        return fail(CVY_ERR_NOMEM_HOST, "no condition variable");
    }
    *out = table;
    return CVY_OK;
}

void kernel_table_free(struct kernel_table *table, bool release)
{
    if (!table)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        while (table->buckets[i]) {
            struct kernel *next = table->buckets[i]->next;
            kernel_free(table->buckets[i], release);
            table->buckets[i] = next;
        }
    pthread_cond_destroy(&table->changed);
    pthread_mutex_destroy(&table->lock);
    free(table);
}

cvy_status cvy_context_stats_get(const cvy_context *context, cvy_context_stats *out)
{
    cvy_status st = context_check(context);

    if (st != CVY_OK)
        return st;
    CHECK_POINTER(out);
    pthread_mutex_lock(&context->kernels->lock);
    *out = context->kernels->stats;
    pthread_mutex_unlock(&context->kernels->lock);
    return CVY_OK;
}

// Table -------------------------------------------------------------------------------------------

static struct kernel **find_slot(struct kernel_table *table, const struct kernel *wanted)
{
    struct kernel **slot = &table->buckets[wanted->hash % BUCKETS];

    while (*slot && strcmp((*slot)->key, wanted->key) != 0)
        slot = &(*slot)->next;
    return slot;
}

// Puts `fresh` in unless there is one like it; gives back the one in the table.
static struct kernel *claim(struct kernel_table *table, struct kernel *fresh)
{
    struct kernel **slot;
    struct kernel *kernel;

    pthread_mutex_lock(&table->lock);
    slot = find_slot(table, fresh);
    if (!*slot)
        *slot = fresh;
    kernel = *slot;
    pthread_mutex_unlock(&table->lock);
    return kernel;
}

// Another thread compiles it: waits, and gives back what the table then has, which is NULL when
// that thread has given up.
static cvy_status await_other(struct kernel_table *table, const struct kernel *wanted,
                              struct kernel **out)
{
    cvy_status st = CVY_OK;

    pthread_mutex_lock(&table->lock);
    while ((*out = *find_slot(table, wanted)) && (*out)->state == KERNEL_COMPILING) {
        st = callback_check("compiling");
        if (st != CVY_OK)
            break;
        pthread_cond_wait(&table->changed, &table->lock);
    }
    pthread_mutex_unlock(&table->lock);
    return st;
}

// Only what the compiler itself refused stays FAILED; after any other failure the kernel leaves the
// table and is freed, and the next request tries again.
static void settle(cvy_context *context, struct kernel *kernel, cvy_status st)
{
    struct kernel_table *table = context->kernels;
    bool keep = st == CVY_OK || st == CVY_ERR_BUILD;

    if (st == CVY_ERR_BUILD && string_copy(cvy_error_text(), &kernel->error) != CVY_OK)
        keep = false;
    pthread_mutex_lock(&table->lock);
    kernel->state = st == CVY_OK ? KERNEL_READY : KERNEL_FAILED;
    table->stats.kernels += st == CVY_OK;
    table->stats.failed += st == CVY_ERR_BUILD;
    if (!keep)
        *find_slot(table, kernel) = kernel->next;
    pthread_cond_broadcast(&table->changed);
    pthread_mutex_unlock(&table->lock);
    if (!keep)
        kernel_free(kernel, true);
}

static void count_build(cvy_context *context, size_t programs, double seconds)
{
    pthread_mutex_lock(&context->kernels->lock);
    context->kernels->stats.programs += programs;
    context->kernels->stats.build_seconds += seconds;
    pthread_mutex_unlock(&context->kernels->lock);
}

// Building ----------------------------------------------------------------------------------------

#define LOG_MAX ((size_t)64 << 20)

// From the first line that speaks of an error, on one line. A log may have any length, no NUL, or
// not exist.
static void log_head(cvy_context *context, cl_program program, char *out, size_t cap)
{
    size_t bytes = 0, used = 0;
    char *log = NULL;
    const char *at;

    snprintf(out, cap, "the compiler gives no reason");
    if (opencl()->clGetProgramBuildInfo(program, context->cl_device, CL_PROGRAM_BUILD_LOG, 0, NULL,
                                        &bytes) || !bytes || bytes > LOG_MAX)
        return;
    if (zalloc(bytes + 1, &log) != CVY_OK)
        return;
    if (!opencl()->clGetProgramBuildInfo(program, context->cl_device, CL_PROGRAM_BUILD_LOG, bytes,
                                         log, NULL) && log[0]) {
        at = strstr(log, "error");
        for (at = at ? at : log; at > log && at[-1] != '\n'; at--)
            ;
        for (; *at && used + 1 < cap; at++)
            out[used++] = *at >= ' ' && *at <= '~' ? *at : ' ';
        out[used] = '\0';
    }
    free(log);
}

static cvy_status build(cvy_context *context, const struct text *text, const char *what,
                        cl_program *out)
{
    const char *options = context->device.quirks & QUIRK_NO_OPTIMIZER
                        ? "-cl-std=CL1.2 -cl-opt-disable" : "-cl-std=CL1.2";
    const char *data = text->data;
    size_t length = text->length;
    char head[400];
    cl_int code;
    cvy_status st = CVY_OK;

    TRY(CREATE(*out, clCreateProgramWithSource, context->cl_context, 1, &data, &length));
    code = opencl()->clBuildProgram(*out, 1, &context->cl_device, options, NULL, NULL);
    st = opencl_check(code, "clBuildProgram");
    if (st == CVY_ERR_BUILD) {
        log_head(context, *out, head, sizeof head);
        st = fail_opencl(st, code, "%s does not compile: %s", what, head);
    }
out:
    if (st != CVY_OK && *out) {
        opencl()->clReleaseProgram(*out);
        *out = NULL;
    }
    return st;
}

static cvy_status build_all(cvy_context *context, struct kernel *const *kernels, size_t count,
                            const char *what, cl_program *out)
{
    struct text text = { 0 };
    double start = clock_seconds();
    cvy_status st = CVY_OK;

    *out = NULL;
    source_prelude(&text);
    for (size_t i = 0; i < count; i++)
        TRY(source_instance(kernels[i]->source, &kernels[i]->instance, kernels[i]->hash, &text));
    TRY(text_status(&text));
    TRY(build(context, &text, what, out));
out:
    count_build(context, st == CVY_OK, clock_seconds() - start);
    text_free(&text);
    return st;
}

// First launch of a kernel, from `program` or, if that is NULL, from a program of its own.
static cvy_status make_ready(cvy_context *context, struct kernel *kernel, cl_program program)
{
    cl_program own = NULL;
    double start;
    cvy_status st = CVY_OK;

    if (!program) {
        TRY(kernel_check_local(&context->device, kernel));
        TRY(build_all(context, &kernel, 1, kernel->key, &own));
    }
    start = clock_seconds();
    st = kernel_warm(context, kernel, program ? program : own);
    count_build(context, 0, clock_seconds() - start);
out:
    if (own)
        opencl()->clReleaseProgram(own);
    return st;
}

static cvy_status collect(struct kernel_list *list, const struct instance *instance,
                          struct kernel **out)
{
    struct kernel *fresh = NULL;
    cvy_status st = CVY_OK;

    TRY(kernel_new(instance, &fresh));
    for (size_t i = 0; i < list->count && !*out; i++)
        if (list->items[i]->hash == fresh->hash && strcmp(list->items[i]->key, fresh->key) == 0)
            *out = list->items[i];
    if (*out)
        goto out;
    TRY(array_reserve(&list->items, &list->cap, list->count, sizeof *list->items));
    list->items[list->count++] = *out = fresh;
    fresh = NULL;
out:
    kernel_free(fresh, false);
    return st;
}

void context_collect(cvy_context *context, struct kernel_list *to)
{
    context->collected = to;
}

void kernel_list_free(struct kernel_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        kernel_free(list->items[i], false);
    free(list->items);
    memset(list, 0, sizeof *list);
}

cvy_status kernel_get(cvy_context *context, const struct instance *instance, struct kernel **out)
{
    struct kernel *fresh = NULL, *kernel = NULL;
    cvy_status st = CVY_OK;

    *out = NULL;
    if (context->collected)
        return collect(context->collected, instance, out);
    TRY(kernel_new(instance, &fresh));
    while (!kernel) {
        kernel = claim(context->kernels, fresh);
        if (kernel == fresh) {
            st = make_ready(context, kernel, NULL);
            fresh = NULL;
            settle(context, kernel, st);
            TRY(st);
        } else {
            TRY(await_other(context->kernels, fresh, &kernel));
        }
    }
    if (kernel->state == KERNEL_FAILED)
        TRY(fail(CVY_ERR_BUILD, "%s", kernel->error));
    *out = kernel;
out:
    kernel_free(fresh, true);
    return st;
}

// Start-up sets -----------------------------------------------------------------------------------

// One context_compile: progress, and the family that is being compiled.
struct work {
    cvy_context *context;
    size_t done, total;
    double start;
    struct kernel **batch;      // claimed, COMPILING
    size_t count;
};

// After these there is no point in trying the next kernel.
static bool is_fatal(cvy_status st)
{
    return st == CVY_ERR_NOMEM_HOST || st == CVY_ERR_DEVICE_LOST || st == CVY_ERR_CANCELLED;
}

static cvy_status report(struct work *work, const char *name)
{
    work->done++;
    if (context_progress(work->context, work->done, work->total, name,
                         clock_seconds() - work->start))
        return CVY_OK;
    return fail(CVY_ERR_CANCELLED, "the progress callback said stop after %zu of %zu kernels",
                work->done, work->total);
}

// Ends the compiling of one claimed kernel, well or not; it may be freed. CVY_OK also for a kernel
// that was dropped.
static cvy_status end_kernel(struct work *work, struct kernel *kernel, cvy_status st)
{
    char name[160], why[512];

    snprintf(name, sizeof name, "%s", kernel->key);
    snprintf(why, sizeof why, "%s", cvy_error_text());
    settle(work->context, kernel, st);
    if (is_fatal(st))
        return st;
    if (st != CVY_OK)
        context_log(work->context, CVY_LOG_WARNING, "kernel dropped: %s", why);
    return report(work, name);
}

// Claims a kernel for the batch unless the context has it or the device cannot have it.
static cvy_status claim_one(struct work *work, const struct instance *instance)
{
    struct kernel *fresh = NULL;
    cvy_status st = CVY_OK;

    TRY(kernel_new(instance, &fresh));
    if (claim(work->context->kernels, fresh) != fresh) {
        st = report(work, fresh->key);
        kernel_free(fresh, true);
        return st;
    }
    st = kernel_check_local(&work->context->device, fresh);
    if (st != CVY_OK)
        return end_kernel(work, fresh, st);
    work->batch[work->count++] = fresh;
out:
    return st;
}

// Compiles what work->batch holds. Nothing stays COMPILING.
static cvy_status compile_batch(struct work *work, const char *family)
{
    cl_program program = NULL;
    size_t next = 0;
    cvy_status st = CVY_OK;

    if (work->count)
        st = build_all(work->context, work->batch, work->count, family, &program);
    if (is_fatal(st))
        goto out;
    if (st != CVY_OK)
        context_log(work->context, CVY_LOG_WARNING, "program %s: its %zu kernels are built alone: "
                    "%s", family, work->count, cvy_error_text());
    for (st = CVY_OK; next < work->count && st == CVY_OK; next++)
        st = end_kernel(work, work->batch[next],
                        make_ready(work->context, work->batch[next], program));
out:
    for (; next < work->count; next++)
        settle(work->context, work->batch[next], st);
    work->count = 0;
    if (program)
        opencl()->clReleaseProgram(program);
    return st;
}

static bool is_first_of_family(const struct start_kernel *kernels, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(kernels[i].family, kernels[index].family) == 0)
            return false;
    return true;
}

cvy_status context_compile(cvy_context *context, const struct start_kernel *kernels, size_t count)
{
    struct work work = { .context = context, .total = count, .start = clock_seconds() };
    cvy_status st = CVY_OK;

    TRY(zalloc(count * sizeof *work.batch, &work.batch));
    for (size_t i = 0; i < count; i++) {
        if (!is_first_of_family(kernels, i))
            continue;
        for (size_t j = i; j < count; j++)
            if (strcmp(kernels[j].family, kernels[i].family) == 0)
                TRY(claim_one(&work, &kernels[j].instance));
        TRY(compile_batch(&work, kernels[i].family));
    }
out:
    for (size_t i = 0; i < work.count; i++)
        settle(context, work.batch[i], st);
    free(work.batch);
    return st;
}
