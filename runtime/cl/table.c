// The kernels of a context: a table by instance, who compiles which, and who waits. How programs
// come about is program.c's, what is compiled ahead compile.c's.
#include "cl/objects.h"

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
    for (size_t i = 0; i < KERNEL_BUCKETS; i++)
        while (table->buckets[i]) {
            struct kernel *next = table->buckets[i]->next;
            kernel_free(table->buckets[i], release);
            table->buckets[i] = next;
        }
    while (table->programs) {
        struct program *next = table->programs->next;
        program_free(table->programs, release);
        table->programs = next;
    }
    free(table->expected);
    free(table->awaited);
    if (release) {                  // in a forked child it would wait for the parent's threads
        pthread_cond_destroy(&table->changed);
        pthread_mutex_destroy(&table->lock);
    }
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
    cache_stats(context->cache, &out->cache);
    return CVY_OK;
}

void table_count(cvy_context *context, size_t programs, size_t loaded, double seconds)
{
    pthread_mutex_lock(&context->kernels->lock);
    context->kernels->stats.programs += programs;
    context->kernels->stats.loaded += loaded;
    context->kernels->stats.build_seconds += seconds;
    pthread_mutex_unlock(&context->kernels->lock);
}

struct kernel *table_add(struct kernel_table *table, struct kernel *fresh)
{
    struct kernel **slot = &table->buckets[fresh->hash % KERNEL_BUCKETS];
    struct kernel *kernel;

    pthread_mutex_lock(&table->lock);
    while (*slot && strcmp((*slot)->key, fresh->key) != 0)
        slot = &(*slot)->next;
    if (!*slot)
        *slot = fresh;
    kernel = *slot;
    pthread_mutex_unlock(&table->lock);
    return kernel;
}

// Compiling one ----------------------------------------------------------------------------------

bool compile_is_hopeless(cvy_status st)
{
    return st == CVY_ERR_NOMEM_HOST || st == CVY_ERR_DEVICE_LOST || st == CVY_ERR_CANCELLED
        || st == CVY_ERR_FORKED;
}

// Only the thread that compiles the kernel asks for this.
static cvy_status program_alone(struct kernel_table *table, struct kernel *kernel,
                                struct program **out)
{
    struct program *program = kernel->alone;
    cvy_status st = CVY_OK;

    if (!program) {
        TRY(program_new(kernel->key, &program));
        st = program_add(program, kernel);
        if (st != CVY_OK) {
            program_free(program, true);
            return st;
        }
        pthread_mutex_lock(&table->lock);
        program->next = table->programs;
        table->programs = kernel->alone = program;
        pthread_mutex_unlock(&table->lock);
    }
    *out = program;
out:
    return st;
}

// From the program of its family if there is one to be had, else from one of its own.
static cvy_status find_program(cvy_context *context, struct kernel *kernel,
                               struct program **program, cl_program *out)
{
    cvy_status st = CVY_OK;

    *out = NULL;
    *program = kernel->family;
    if (*program) {
        st = program_open(context, *program, context->builds_families, out);
        if (*out || compile_is_hopeless(st) || st == CVY_ERR_STATE)
            return st;
    }
    TRY(program_alone(context->kernels, kernel, program));
    TRY(program_open(context, *program, true, out));
out:
    return st;
}

static cvy_status warm_guarded(cvy_context *context, struct kernel *kernel, cl_program program,
                               const char *digest, bool suspect)
{
    double start = clock_seconds();
    struct guard guard;
    cvy_status st;

    guard_begin(context, digest, kernel->key, suspect, &guard);
    st = kernel_warm(context, kernel, program);
    guard_end(&guard);
    table_count(context, 0, 0, clock_seconds() - start);
    return st;
}

// Out of the cache there may come one without the kernel: then it is tried again.
static cvy_status find_and_warm(cvy_context *context, struct kernel *kernel, const char *digest,
                                bool suspect)
{
    struct program *program;
    cl_program handle;
    bool again;
    cvy_status st = CVY_OK;

    do {
        TRY(find_program(context, kernel, &program, &handle));
        st = warm_guarded(context, kernel, handle, digest, suspect);
        again = st == CVY_ERR_BUILD && program_refuse(context, program, handle);
    } while (again);
out:
    return st;
}

// A kernel is known to the guards as the program of it alone, wherever it comes from.
static cvy_status check_kernel(cvy_context *context, struct kernel *kernel,
                               char digest[DIGEST_TEXT], bool *suspect)
{
    const struct program alone = { .kernels = &kernel, .count = 1 };
    enum suspicion verdict;
    char path[600];
    cvy_status st = CVY_OK;

    TRY(kernel_check_local(&context->device, kernel));
    TRY(program_digest(context, &alone, digest));
    verdict = guard_verdict(context, digest);
    *suspect = verdict == SUSPECT;
    if (verdict == QUARANTINED) {
        guard_path(context, digest, path, sizeof path);
        return fail(CVY_ERR_BUILD, "%s is in quarantine, as processes have ended while they "
                    "compiled it; to try it again, remove %s", kernel->key, path);
    }
out:
    return st;
}

static cvy_status make_ready(cvy_context *context, struct kernel *kernel)
{
    char digest[DIGEST_TEXT];
    bool suspect;
    cvy_status st = CVY_OK;

    TRY(check_kernel(context, kernel, digest, &suspect));
    TRY(find_and_warm(context, kernel, digest, suspect));
    guard_clear(context, digest);
out:
    return st;
}

static cvy_status make_built(cvy_context *context, struct kernel *kernel)
{
    char digest[DIGEST_TEXT];
    bool suspect;
    struct program *program;
    cl_program handle;
    cvy_status st = CVY_OK;

    TRY(check_kernel(context, kernel, digest, &suspect));
    TRY(find_program(context, kernel, &program, &handle));
out:
    return st;
}

// Once each of its kernels has compiled, a family was innocent.
static void clear_family(cvy_context *context, const struct program *family)
{
    char digest[DIGEST_TEXT];
    bool innocent = true;

    pthread_mutex_lock(&context->kernels->lock);
    for (size_t i = 0; i < family->count && innocent; i++)
        innocent = family->kernels[i]->state == KERNEL_READY;
    pthread_mutex_unlock(&context->kernels->lock);
    if (innocent && program_digest(context, family, digest) == CVY_OK)
        guard_clear(context, digest);
}

static void settle(cvy_context *context, struct kernel *kernel, cvy_status st)
{
    struct kernel_table *table = context->kernels;
    char *error = NULL;
    bool failed = st == CVY_ERR_BUILD && string_copy(cvy_error_text(), &error) == CVY_OK;

    pthread_mutex_lock(&table->lock);
    kernel->state = st == CVY_OK ? KERNEL_READY : failed ? KERNEL_FAILED : KERNEL_WANTED;
    kernel->ready = st == CVY_OK;
    kernel->error = error;
    table->stats.kernels += st == CVY_OK;
    table->stats.failed += failed;
    pthread_cond_broadcast(&table->changed);
    pthread_mutex_unlock(&table->lock);
}

// True if the kernel is now this thread's to compile.
static cvy_status claim(struct kernel_table *table, struct kernel *kernel, bool *mine)
{
    cvy_status st = CVY_OK;

    *mine = false;
    pthread_mutex_lock(&table->lock);
    while (kernel->state == KERNEL_COMPILING && st == CVY_OK) {
        st = callback_check("compiling");
        if (st == CVY_OK)
            pthread_cond_wait(&table->changed, &table->lock);
    }
    if (st == CVY_OK && kernel->state == KERNEL_WANTED) {
        kernel->state = KERNEL_COMPILING;
        *mine = true;
    }
    pthread_mutex_unlock(&table->lock);
    return st;
}

cvy_status table_ensure(cvy_context *context, struct kernel *kernel)
{
    bool mine;
    cvy_status st = CVY_OK;

    TRY(claim(context->kernels, kernel, &mine));
    if (mine) {
        st = make_ready(context, kernel);
        settle(context, kernel, st);
        if (program_is_suspect(context, kernel->family))
            clear_family(context, kernel->family);
    } else if (kernel->state == KERNEL_FAILED) {
        st = fail(CVY_ERR_BUILD, "%s", kernel->error);
    }
out:
    return st;
}

cvy_status table_build(cvy_context *context, struct kernel *kernel)
{
    struct kernel_table *table = context->kernels;
    bool mine;
    cvy_status st = CVY_OK;

    TRY(claim(table, kernel, &mine));
    if (!mine)
        return CVY_OK;
    st = make_built(context, kernel);
    if (st != CVY_OK) {
        settle(context, kernel, st);
        return st;
    }
    pthread_mutex_lock(&table->lock);
    kernel->state = KERNEL_WANTED;          // there is its first launch to come
    pthread_cond_broadcast(&table->changed);
    pthread_mutex_unlock(&table->lock);
out:
    return st;
}

// What plans ask for -----------------------------------------------------------------------------

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

// Whoever waits for a kernel is served before the worker goes on.
static cvy_status ensure_now(cvy_context *context, struct kernel *kernel)
{
    struct kernel_table *table = context->kernels;
    bool ready;
    cvy_status st;

    pthread_mutex_lock(&table->lock);
    ready = kernel->state == KERNEL_READY;
    table->urgent += !ready;
    table->wanted += !ready;
    pthread_mutex_unlock(&table->lock);
    if (ready)
        return CVY_OK;
    st = table_ensure(context, kernel);
    pthread_mutex_lock(&table->lock);
    table->urgent--;
    pthread_mutex_unlock(&table->lock);
    worker_wake(context);
    return st;
}

static cvy_status find(cvy_context *context, const struct instance *instance,
                       struct kernel **out)
{
    struct kernel *fresh = NULL;
    cvy_status st = kernel_new(instance, &fresh);

    *out = NULL;
    if (st != CVY_OK)
        return st;
    *out = table_add(context->kernels, fresh);
    if (*out != fresh)
        kernel_free(fresh, false);
    return CVY_OK;
}

static cvy_status await(cvy_context *context, struct kernel *kernel, bool awaited)
{
    struct kernel_table *table = context->kernels;
    cvy_status st = CVY_OK;

    pthread_mutex_lock(&table->lock);
    if (kernel->state == KERNEL_FAILED)
        st = fail(CVY_ERR_BUILD, "%s", kernel->error);
    if (kernel->state == KERNEL_WANTED && awaited && !kernel->awaited) {
        st = array_reserve(&table->awaited, &table->awaited_cap, table->awaited_count,
                           sizeof(struct kernel *));
        kernel->awaited = st == CVY_OK;
        if (st == CVY_OK)
            table->awaited[table->awaited_count++] = kernel;
    }
    pthread_mutex_unlock(&table->lock);
    if (awaited)
        worker_wake(context);
    return st;
}

cvy_status kernel_find(cvy_context *context, const struct instance *instance, bool awaited,
                       struct kernel **out)
{
    cvy_status st = find(context, instance, out);

    return st == CVY_OK ? await(context, *out, awaited) : st;
}

bool kernel_is_ready(const struct kernel *kernel)
{
    return kernel->ready;
}

cvy_status kernel_get(cvy_context *context, const struct instance *instance, struct kernel **out)
{
    struct kernel *kernel;
    cvy_status st = CVY_OK;

    *out = NULL;
    if (context->collected)
        return collect(context->collected, instance, out);
    TRY(find(context, instance, &kernel));
    TRY(ensure_now(context, kernel));
    *out = kernel;
out:
    return st;
}
