// What is compiled ahead of the plans that need it: the start-up set, and whatever is to be stored.
#include "cl/objects.h"

// The start-up set --------------------------------------------------------------------------------

static struct program *find_family(struct kernel_table *table, const char *name)
{
    struct program *program = table->programs;

    while (program && strcmp(program->name, name) != 0)
        program = program->next;
    return program;
}

static cvy_status add_family(struct kernel_table *table, const char *name, struct program **out)
{
    struct program *program = NULL;
    cvy_status st = CVY_OK;

    *out = find_family(table, name);
    if (*out)
        return CVY_OK;
    TRY(program_new(name, &program));
    program->next = table->programs;
    table->programs = *out = program;
out:
    return st;
}

static bool is_expected(const struct kernel_table *table, const struct kernel *kernel)
{
    for (size_t i = 0; i < table->expected_count; i++)
        if (table->expected[i] == kernel)
            return true;
    return false;
}

static cvy_status expect(struct kernel_table *table, const struct start_kernel *start)
{
    struct kernel *fresh = NULL, *kernel;
    struct program *family = NULL;
    cvy_status st = CVY_OK;

    TRY(kernel_new(&start->instance, &fresh));
    kernel = table_add(table, fresh);
    if (kernel == fresh)
        fresh = NULL;
    if (is_expected(table, kernel))
        goto out;
    TRY(array_reserve(&table->expected, &table->expected_cap, table->expected_count,
                      sizeof *table->expected));
    if (start->family) {
        TRY(add_family(table, start->family, &family));
        TRY(program_add(family, kernel));
        kernel->family = family;
    }
    table->expected[table->expected_count++] = kernel;
out:
    kernel_free(fresh, false);
    return st;
}

cvy_status context_expect(cvy_context *context, const struct start_kernel *kernels, size_t count)
{
    cvy_status st = CVY_OK;

    for (size_t i = 0; i < count && st == CVY_OK; i++)
        st = expect(context->kernels, &kernels[i]);
    return st;
}

// Compiling it ------------------------------------------------------------------------------------

cvy_status compile_expected(cvy_context *context, size_t index, double start)
{
    struct kernel_table *table = context->kernels;
    struct kernel *kernel = table->expected[index];
    cvy_status st = table_ensure(context, kernel);

    if (compile_is_hopeless(st))
        return st;
    if (st != CVY_OK)
        context_log(context, CVY_LOG_WARNING, "kernel dropped: %s", cvy_error_text());
    if (context_progress(context, index + 1, table->expected_count, kernel->key,
                         clock_seconds() - start))
        return CVY_OK;
    return fail(CVY_ERR_CANCELLED, "the progress callback said stop after %zu of %zu kernels",
                index + 1, table->expected_count);
}

cvy_status context_compile(cvy_context *context)
{
    double start = clock_seconds();
    cvy_status st = CVY_OK;

    for (size_t i = 0; i < context->kernels->expected_count && st == CVY_OK; i++)
        st = compile_expected(context, i, start);
    return st;
}

// Storing it --------------------------------------------------------------------------------------

bool program_is_over(const struct program *program)
{
    bool over = program->state == PROGRAM_READY;

    for (size_t i = 0; i < program->count && over; i++)
        over = program->kernels[i]->state == KERNEL_READY
            || program->kernels[i]->state == KERNEL_FAILED;
    return over;
}

static bool look_if_over(struct kernel_table *table, const struct program *program)
{
    bool over;

    pthread_mutex_lock(&table->lock);
    over = program_is_over(program);
    pthread_mutex_unlock(&table->lock);
    return over;
}

// The program after `last`, from the oldest on; NULL at the end.
static struct program *program_after(struct kernel_table *table, const struct program *last)
{
    struct program *found = NULL;

    pthread_mutex_lock(&table->lock);
    for (struct program *at = table->programs; at && at != last; at = at->next)
        found = at;
    pthread_mutex_unlock(&table->lock);
    return found;
}

// Each kernel of it, as a first launch before the binary is fetched makes that complete.
static cvy_status finish_program(cvy_context *context, struct program *program)
{
    cl_program handle;
    cvy_status st = program_open(context, program, true, &handle);

    for (size_t i = 0; i < program->count && !compile_is_hopeless(st); i++)
        st = table_ensure(context, program->kernels[i]);
    return compile_is_hopeless(st) ? st : CVY_OK;
}

struct saving {
    double start, budget;
    size_t done, total, refused;
};

static cvy_status save_one(cvy_context *context, struct program *program, struct saving *saving)
{
    bool stored;
    cvy_status st = CVY_OK;

    TRY(finish_program(context, program));
    if (look_if_over(context->kernels, program)) {
        TRY(program_store(context, program, &stored));
        saving->refused += !stored;
    }
    saving->done++;
    if (!context_progress(context, saving->done, saving->total, program->name,
                          clock_seconds() - saving->start))
        st = fail(CVY_ERR_CANCELLED, "the progress callback said stop after %zu of %zu programs",
                  saving->done, saving->total);
out:
    return st;
}

// Those that came while others were saved are saved, too.
static size_t count_programs(struct kernel_table *table)
{
    size_t count = 0;

    pthread_mutex_lock(&table->lock);
    for (struct program *at = table->programs; at; at = at->next)
        count++;
    pthread_mutex_unlock(&table->lock);
    return count;
}

cvy_status cvy_context_save_programs(cvy_context *context, double budget)
{
    struct saving saving = { .start = clock_seconds(), .budget = budget };
    struct program *program = NULL;
    cvy_status st = CVY_OK;

    TRY(context_check(context));
    TRY(callback_check("cvy_context_save_programs"));
    if (!(budget >= 0))
        return fail(CVY_ERR_ARGUMENT, "budget is %g seconds", budget);
    if (!context->keeps)
        return fail(CVY_ERR_STATE, "the context was opened without a program cache");
    while ((program = program_after(context->kernels, program))) {
        saving.total = count_programs(context->kernels);
        if (budget > 0 && clock_seconds() - saving.start > budget)
            return fail(CVY_ERR_TIMEOUT, "budget: %g seconds are over after %zu of %zu programs",
                        budget, saving.done, saving.total);
        TRY(save_one(context, program, &saving));
    }
    if (saving.refused)
        st = fail(CVY_ERR_IO, "%zu of %zu programs could not be stored: see the cache's statistics",
                  saving.refused, saving.total);
out:
    return st;
}
