// A life of the start-up machinery (a context opens, compiles its set, stores it) in which any one
// call fails: of OpenCL, of the file system, or for memory. Each second life finds what the one
// before has stored. The status is mapped, nothing is left over, and the next life is whole.
#include "start_fixture.h"

#include "file_table.h"

static void install_all(void)
{
    install();
    file_table_install();
}

TestSuite(start_faults, .init = install_all, .timeout = 280);

static cvy_status live(void)
{
    struct kernel *kernel;
    cvy_status st = CVY_OK;

    TRY(open_start());
    TRY(context_compile(context));
    for (int i = 0; i < KERNELS; i++)
        TRY(kernel_get(context, &kernels[i].instance, &kernel));
    TRY(cvy_context_save_programs(context, 0));
out:
    return st;
}

// OpenCL ------------------------------------------------------------------------------------------

// A life in which the nth call fails. False once nothing fails any more.
static bool live_with_fault(const char *what, int nth, bool sticky, cl_int code)
{
    cvy_status got;
    bool fired;

    cl_table_fail(NULL, nth, sticky, code);
    got = live();
    fired = cl_table_fired();
    if (!sticky)
        cl_table_heal();
    cvy_context_destroy(&context);
    cl_table_heal();
    cr_assert(got == CVY_OK || got == opencl_status(code) || got == CVY_ERR_NO_DEVICE,
              "%s: call %d gives %d: %s (%s)", what, nth, code, cvy_status_name(got),
              cvy_error_text());
    cr_assert_str_empty(cl_table_leaks(), "%s: call %d gives %d: left over %s", what, nth, code,
                        cl_table_leaks());
    return fired;
}

static const cl_int codes[] = { CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY, CL_INVALID_BINARY,
                                CL_INVALID_CONTEXT, -9999 };

static void expect_life(void)
{
    OK(live());
    STATS(kernels, KERNELS);
    for (int i = 0; i < KERNELS; i++)
        expect_copy(i);
    cvy_context_destroy(&context);
}

START_TEST(start_faults, of_one_call_are_survived)
{
    int nth = 1;

    while (live_with_fault("once", nth, false, codes[nth % COUNT_OF(codes)]))
        nth++;
    cr_assert_gt(nth, 50, "only %d calls were reached", nth);
    expect_life();
}

START_TEST(start_faults, of_all_calls_from_one_on_are_survived)
{
    int nth = 1;

    while (live_with_fault("for ever", nth, true, codes[nth / 5 % COUNT_OF(codes)]))
        nth += 5;
    expect_life();
}

// Files -------------------------------------------------------------------------------------------

// What cannot be stored is told, and nothing else.
static bool live_with_file_fault(int nth, bool sticky, int code)
{
    cvy_status got;
    bool fired;

    file_table_fail(NULL, nth, sticky, code);
    got = live();
    fired = file_table_fired();
    file_table_heal();
    cr_assert(got == CVY_OK || (fired && got == CVY_ERR_IO), "call %d gives %d: %s (%s)", nth, code,
              cvy_status_name(got), cvy_error_text());
    STATS(kernels, KERNELS);
    STATS(failed, 0);
    cvy_context_destroy(&context);
    cr_assert_eq(file_table_open(), 0, "call %d: %d files are still open", nth, file_table_open());
    return fired;
}

START_TEST(start_faults, of_one_file_call_are_survived)
{
    static const int errnos[] = { EIO, EACCES, EROFS, ENOSPC, EMFILE };
    int nth = 1;

    while (live_with_file_fault(nth, false, errnos[nth % COUNT_OF(errnos)]))
        nth++;
    cr_assert_gt(nth, 50, "only %d calls were reached", nth);
    expect_life();
}

// A folder that cannot be changed any more keeps its guards: each life begins with a new one.
START_TEST(start_faults, of_all_file_calls_from_one_on_are_survived)
{
    int nth = 1;

    while (live_with_file_fault(nth, true, nth % 2 ? EROFS : EIO)) {
        nth += 7;
        expect_life();
        remove_folder();
        cr_assert_eq(mkdir(folder, 0700), 0);
    }
    expect_life();
}

// Memory ------------------------------------------------------------------------------------------

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);

static int allocations, failing;        // the number of the one that fails, 0: none
static bool sticks;

static bool fails(void)
{
    int number = ++allocations;

    return failing && (number == failing || (sticks && number > failing));
}

void *__wrap_malloc(size_t bytes)
{
    return fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return fails() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *old, size_t bytes)
{
    return fails() ? NULL : __real_realloc(old, bytes);
}

// A cache or a guard may do without.
static bool live_without_memory(int nth, bool sticky)
{
    cvy_status got;
    bool reached;

    allocations = 0;
    failing = nth;
    sticks = sticky;
    got = live();
    reached = allocations >= nth;
    failing = 0;
    cvy_context_destroy(&context);
    cr_assert(got == CVY_OK || (reached && (got == CVY_ERR_NOMEM_HOST || got == CVY_ERR_IO)),
              "allocation %d: %s (%s)", nth, cvy_status_name(got), cvy_error_text());
    cr_assert_str_empty(cl_table_leaks(), "allocation %d: left over %s", nth, cl_table_leaks());
    cr_assert_eq(file_table_open(), 0, "allocation %d: %d files are still open", nth,
                 file_table_open());
    return reached;
}

// I1.
START_TEST(start_faults, of_memory_are_survived)
{
    int nth = 1;

    while (live_without_memory(nth, false))
        nth++;
    cr_assert_gt(nth, 50, "only %d allocations were reached", nth);
    nth = 1;
    while (live_without_memory(nth, true))
        nth += 5;
    expect_life();
}
