// Compilers that take the process along, and users who do: what a process was compiling when it
// ended is compiled with care by the next one, and not at all by the third.
#include "start_fixture.h"

#include "common/file.h"

#include <pthread.h>
#include <signal.h>

TestSuite(quarantine, .init = make_folder, .timeout = 120);

// Deaths ------------------------------------------------------------------------------------------

// Where the child ends. `mark`: in what has this kernel's text or, in a launch, in the `mark`th
// launch, counted from 0.
enum death { NOWHERE, IN_BUILD, IN_LAUNCH, IN_BINARY, WAITS_IN_BUILD };
static enum death death;
static int death_mark, launches, tell, listen;
static cl_program doomed;
static const struct opencl *around;

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static cl_program create_marked(cl_context a, cl_uint b, const char **c, const size_t *d,
                                cl_int *code)
{
    cl_program made = around->clCreateProgramWithSource(a, b, c, d, code);
    char text[32];

    snprintf(text, sizeof text, "#define MARK %d\n", death_mark);
    if (strstr(c[0], text))
        doomed = made;
    return made;
}

static cl_int build_and_die(cl_program a, cl_uint b, const cl_device_id *c, const char *d,
                            void (CL_CALLBACK *e)(cl_program, void *), void *f)
{
    char byte = 'b';

    if (death == IN_BUILD && a == doomed)
        die();
    if (death == WAITS_IN_BUILD && a == doomed
        && (write(tell, &byte, 1) != 1 || read(listen, &byte, 1) != 1))
        die();
    return around->clBuildProgram(a, b, c, d, e, f);
}

static cl_int launch_and_die(cl_command_queue a, cl_kernel b, cl_uint c, const size_t *d,
                             const size_t *e, const size_t *f, cl_uint g, const cl_event *h,
                             cl_event *i)
{
    if (death == IN_LAUNCH && launches++ == death_mark)
        die();
    return around->clEnqueueNDRangeKernel(a, b, c, d, e, f, g, h, i);
}

static cl_program load_and_die(cl_context a, cl_uint b, const cl_device_id *c, const size_t *d,
                               const unsigned char **e, cl_int *f, cl_int *code)
{
    if (death == IN_BINARY)
        die();
    return around->clCreateProgramWithBinary(a, b, c, d, e, f, code);
}

static void install_deaths(void)
{
    static struct opencl table;

    if (!cl_table_install())
        cr_skip_test("no device: %s", cvy_error_text());
    if (around)
        return;
    around = opencl();
    table = *around;
    table.clCreateProgramWithSource = create_marked;
    table.clBuildProgram = build_and_die;
    table.clEnqueueNDRangeKernel = launch_and_die;
    table.clCreateProgramWithBinary = load_and_die;
    opencl_swap(&table);
}

// A start in a process of its own, forked before this one opens OpenCL.
static pid_t fork_start(enum death how, int mark)
{
    pid_t child = fork();

    cr_assert_geq(child, 0);
    if (child)
        return child;
    death = how;
    death_mark = mark;
    install_deaths();
    start();
    cvy_context_destroy(&context);
    _exit(0);
}

static void expect_death(enum death how, int mark)
{
    pid_t child = fork_start(how, mark);
    int status;

    cr_assert_eq(waitpid(child, &status, 0), child);
    if (WIFEXITED(status))
        cr_skip_test("no device, or nothing of the kind happens there");
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "status %x", (unsigned)status);
}

static void expect_life(void)
{
    pid_t child = fork_start(NOWHERE, 0);
    int status;

    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
}

static const char *guards(void)
{
    static char path[sizeof folder + 20];

    snprintf(path, sizeof path, "%s/guard-files", folder);
    return path;
}

#define FILES(prefix, wanted)                                                               \
    cr_assert_eq(count_files(guards(), prefix), wanted, "%d files " prefix "*, not %d",     \
                 count_files(guards(), prefix), wanted)

static char warnings[4096];

static void hear(void *user, cvy_log_level level, const char *text)
{
    size_t used = strlen(warnings);

    (void)user;
    if (level == CVY_LOG_WARNING)
        snprintf(warnings + used, sizeof warnings - used, "%s\n", text);
}

// This process's own start.
static void start_here(void)
{
    install_deaths();
    death = NOWHERE;
    warnings[0] = '\0';
    params.log = hear;
    start();
}

// All kernels but this one, which is told about; -1: all.
static void expect_all_but(int culprit)
{
    struct kernel *kernel = NULL;
    const char *path;

    for (int i = 0; i < KERNELS; i++)
        if (i != culprit)
            expect_copy(i);
    STATS(kernels, KERNELS - (culprit >= 0));
    STATS(failed, culprit >= 0);
    if (culprit < 0)
        return;
    GIVES(CVY_ERR_BUILD, kernel_get(context, &kernels[culprit].instance, &kernel));
    path = strstr(cvy_error_text(), guards());
    cr_assert(path && access(path, F_OK) == 0, "\"%s\" names no file", cvy_error_text());
}

// Culprits ----------------------------------------------------------------------------------------

// The name of the file that the error names.
static void pardon(int culprit)
{
    struct kernel *kernel = NULL;

    GIVES(CVY_ERR_BUILD, kernel_get(context, &kernels[culprit].instance, &kernel));
    cr_assert_eq(unlink(strstr(cvy_error_text(), guards())), 0);
}

START_TEST(quarantine, is_for_a_kernel_that_kills_its_family_and_then_twice_alone)
{
    expect_death(IN_BUILD, 1);
    FILES("building-", 1);
    expect_death(IN_BUILD, 1);
    FILES("suspect-", 1);
    FILES("building-", 1);
    expect_death(IN_BUILD, 1);
    FILES("suspect-", 2);
    FILES("retrying-", 1);
    start_here();
    FILES("quarantine-", 1);
    FILES("suspect-", 2);
    expect_all_but(1);
    cr_assert(strstr(warnings, "quarantine"), "%s", warnings);
    cvy_context_destroy(&context);
    start_here();
    expect_all_but(1);
    pardon(1);
    cvy_context_destroy(&context);
    start_here();
    expect_all_but(-1);
    FILES("", 0);
}

START_TEST(quarantine, is_for_a_kernel_without_a_family_that_kills_twice)
{
    expect_death(IN_BUILD, 3);
    expect_death(IN_BUILD, 3);
    FILES("retrying-", 1);
    FILES("suspect-", 1);
    start_here();
    expect_all_but(3);
    STATS(programs, 2);
}

START_TEST(quarantine, is_for_a_kernel_whose_first_launch_kills_twice)
{
    expect_death(IN_LAUNCH, 1);
    FILES("building-", 1);
    expect_death(IN_LAUNCH, 1);
    FILES("retrying-", 1);
    start_here();
    expect_all_but(1);
}

// Its family is not built with it again, nor loaded.
START_TEST(quarantine, keeps_a_family_apart)
{
    expect_life();
    params.compile = CVY_COMPILE_LAZY;
    expect_death(IN_LAUNCH, 0);
    expect_death(IN_LAUNCH, 0);
    params.compile = CVY_COMPILE_EAGER;
    start_here();
    expect_all_but(0);
    STATS(programs, KERNELS - 1);
    OK(cvy_context_save_programs(context, 0));
    cvy_context_destroy(&context);
    start_here();
    expect_all_but(0);
    STATS(programs, 0);
}

// Innocents ---------------------------------------------------------------------------------------

START_TEST(quarantine, is_lifted_from_a_family_that_was_killed_by_chance)
{
    expect_death(IN_BUILD, 1);
    start_here();
    expect_all_but(-1);
    cr_assert_eq(stats().programs, KERNELS, "each alone");
    cr_assert(strstr(warnings, "built alone"), "%s", warnings);
    FILES("", 0);
    cvy_context_destroy(&context);
    start_here();
    STATS(programs, PROGRAMS);
    cr_assert_str_empty(warnings);
}

// A user who ends each start.
START_TEST(quarantine, is_not_for_kernels_that_were_killed_by_chance_one_after_the_other)
{
    expect_death(IN_BUILD, 0);
    expect_death(IN_BUILD, 0);
    expect_death(IN_BUILD, 1);
    expect_death(IN_BUILD, 2);
    expect_death(IN_BUILD, 3);
    expect_death(IN_LAUNCH, 2);
    start_here();
    FILES("quarantine-", 0);
    expect_all_but(-1);
    FILES("", 0);
}

START_TEST(quarantine, is_lifted_from_a_kernel_that_was_killed_by_chance)
{
    expect_death(IN_LAUNCH, 3);
    start_here();
    expect_all_but(-1);
    FILES("", 0);
    cvy_context_destroy(&context);
    start_here();
    cr_assert_str_empty(warnings);
}

START_TEST(quarantine, is_not_lifted_by_a_start_that_does_not_come_to_it)
{
    expect_death(IN_BUILD, 1);
    params.compile = CVY_COMPILE_LAZY;
    install_deaths();
    for (int i = 0; i < 3; i++) {
        OK(open_start());
        FILES("suspect-", 1);
        expect_copy(2);
        cvy_context_destroy(&context);
    }
    FILES("suspect-", 1);
    OK(open_start());
    expect_copy(0);
    FILES("suspect-", 1);
    expect_copy(1);
    FILES("", 0);
}

// Binaries ----------------------------------------------------------------------------------------

static int entries(void)
{
    return count_files(folder, "") - count_files(folder, "guard");
}

static void save_in_child(void)
{
    pid_t child = fork();
    int status;

    if (!child) {
        install_deaths();
        start();
        _exit(cvy_context_save_programs(context, 0) != CVY_OK);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status), "status %x", (unsigned)status);
    if (entries() != PROGRAMS)
        cr_skip_test("no device");
}

START_TEST(quarantine, drops_a_binary_that_kills)
{
    save_in_child();
    expect_death(IN_BINARY, 0);
    FILES("building-", 1);
    start_here();
    cr_assert_eq(entries(), PROGRAMS - 1);
    STATS(loaded, PROGRAMS - 1);
    expect_all_but(-1);
    FILES("", 0);
    OK(cvy_context_save_programs(context, 0));
    cvy_context_destroy(&context);
    start_here();
    expect_all_but(-1);
    cr_assert_str_empty(warnings);
}

// It is the binary that is to go, not the kernel.
START_TEST(quarantine, drops_a_binary_whose_kernel_kills_when_it_is_launched)
{
    save_in_child();
    expect_death(IN_LAUNCH, 0);
    start_here();
    cr_assert_eq(entries(), PROGRAMS - 1);
    STATS(loaded, PROGRAMS - 1);
    expect_all_but(-1);
    FILES("", 0);
}

// Living processes --------------------------------------------------------------------------------

START_TEST(quarantine, is_not_for_what_another_process_is_compiling)
{
    int to_child[2], from_child[2], status;
    char byte;
    pid_t child;

    cr_assert_eq(pipe(to_child) | pipe(from_child), 0);
    tell = from_child[1];
    listen = to_child[0];
    child = fork_start(WAITS_IN_BUILD, 1);
    close(from_child[1]);
    close(to_child[0]);
    if (read(from_child[0], &byte, 1) != 1)
        cr_skip_test("no device");
    FILES("building-", 1);
    start_here();
    cr_assert_str_empty(warnings);
    STATS(programs, PROGRAMS);
    FILES("building-", 1);
    cr_assert_eq(write(to_child[1], "g", 1), 1);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
    FILES("", 0);
}

static void *compile(void *of)
{
    return context_compile(of) == CVY_OK ? of : NULL;
}

START_TEST(quarantine, is_not_for_what_another_context_is_compiling)
{
    int to_thread[2], from_thread[2];
    cvy_context *first;
    pthread_t thread;
    void *good;
    char byte;

    cr_assert_eq(pipe(to_thread) | pipe(from_thread), 0);
    tell = from_thread[1];
    listen = to_thread[0];
    install_deaths();
    OK(open_start());
    first = context;
    death = WAITS_IN_BUILD;
    death_mark = 1;
    cr_assert_eq(pthread_create(&thread, NULL, compile, first), 0);
    cr_assert_eq(read(from_thread[0], &byte, 1), 1);
    start_here();
    cr_assert_str_empty(warnings);
    FILES("building-", 1);
    cr_assert_eq(write(to_thread[1], "g", 1), 1);
    cr_assert_eq(pthread_join(thread, &good), 0);
    cr_assert_eq(good, first);
    cvy_context_destroy(&first);
    expect_all_but(-1);
    FILES("", 0);
}

// Folders -----------------------------------------------------------------------------------------

START_TEST(quarantine, needs_a_folder_and_nothing_else_does)
{
    static const char *const places[] = { "/proc/nope", "/dev/null", "/nowhere/at/all" };
    char path[sizeof folder + 20];

    for (size_t i = 0; i < COUNT_OF(places); i++) {
        params.cache.folder = i < 2 ? places[i] : folder;
        if (i == 2) {           // a file where the guards' folder should be
            snprintf(path, sizeof path, "%s", guards());
            cr_assert_eq(rmdir(path) && errno != ENOENT, 0);
            fclose(fopen(path, "w"));
        }
        start_here();
        expect_all_but(-1);
        cvy_context_destroy(&context);
    }
    params.cache = (cvy_cache_params) { .off = true };
    start_here();
    expect_all_but(-1);
}

static int refuse_mkdir(const char *path, mode_t mode)
{
    (void)path, (void)mode;
    errno = EROFS;
    return -1;
}

static int refuse_to_make(int at_folder, const char *path, int flags, ...)
{
    if (flags & O_CREAT) {
        errno = EROFS;
        return -1;
    }
    return openat(at_folder, path, flags);
}

static int refuse_names(int from, const char *name, int to, const char *wanted)
{
    (void)from, (void)name, (void)to, (void)wanted;
    errno = EROFS;
    return -1;
}

static int refuse_locks(int file, int how)
{
    (void)file, (void)how;
    errno = ENOLCK;
    return -1;
}

// G13, G14, G22: as root no rights say no, so the calls do.
START_TEST(quarantine, is_not_kept_where_nothing_can_be_written)
{
    struct file_calls calls = *file_calls();
    struct file_calls rows[] = { calls, calls, calls };

    rows[0].openat = refuse_to_make;
    rows[0].mkdir = refuse_mkdir;
    rows[1].renameat = refuse_names;
    rows[2].flock = refuse_locks;
    expect_death(IN_BUILD, 1);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        file_calls_swap(&rows[i]);
        start_here();
        expect_all_but(-1);
        FILES("building-", 1);
        cr_assert_eq(count_files(guards(), ""), 1, "row %zu: files are left", i);
        cvy_context_destroy(&context);
    }
    file_calls_swap(NULL);
}

// Odd files ---------------------------------------------------------------------------------------

static void guard_name(const char *prefix, int number, char out[200])
{
    snprintf(out, 200, "%s/%s-%064x%s", guards(), prefix, number,
             prefix[0] == 'b' || prefix[0] == 'r' ? "-1-0" : "");
}

// G23, G25.
START_TEST(quarantine, is_not_troubled_by_odd_files)
{
    static const char *const prefixes[] = { "building", "retrying", "suspect", "quarantine" };
    static const char *const names[] = { "building-", "building-0123", "quarantine-xyz", "new-",
                                         "suspect-0123456789abcdef", ".hidden", "rubbish" };
    char path[200];

    cr_assert_eq(mkdir(guards(), 0700), 0);
    for (int i = 0; i < (int)COUNT_OF(prefixes); i++) {
        guard_name(prefixes[i], 10 * i, path);
        cr_assert_eq(mkfifo(path, 0600), 0);
        guard_name(prefixes[i], 10 * i + 1, path);
        cr_assert_eq(symlink("/etc/passwd", path), 0);
        guard_name(prefixes[i], 10 * i + 2, path);
        cr_assert_eq(symlink("/nowhere", path), 0);
        guard_name(prefixes[i], 10 * i + 3, path);
        cr_assert_eq(mkdir(path, 0700), 0);
    }
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        snprintf(path, sizeof path, "%s/%s", guards(), names[i]);
        fclose(fopen(path, "w"));
    }
    start_here();
    expect_all_but(-1);
    cr_assert_eq(access("/etc/passwd", F_OK), 0);
}

// G30. The one that counts is found among them.
START_TEST(quarantine, is_found_among_ten_thousand_files)
{
    enum { MANY = 10000 };
    char path[200];
    double begin;

    expect_death(IN_BUILD, 3);
    expect_death(IN_BUILD, 3);
    for (int i = 0; i < MANY; i++) {
        guard_name(i % 2 ? "suspect" : "building", i, path);
        fclose(fopen(path, "w"));
    }
    install_deaths();
    begin = clock_seconds();
    OK(context_open(&params, &context));
    cr_assert_lt(clock_seconds() - begin, 5, "%g s", clock_seconds() - begin);
    cvy_context_destroy(&context);
    start_here();
    expect_all_but(3);
}

// By then the driver or the library is another one, and marks of the old one are but noise.
START_TEST(quarantine, ends_after_two_months)
{
    const struct timespec times[2] = { { .tv_sec = time(NULL) - 61 * 86400 },
                                       { .tv_sec = time(NULL) - 61 * 86400 } };
    char old[200], fresh[200];

    cr_assert_eq(mkdir(guards(), 0700), 0);
    guard_name("quarantine", 1, old);
    guard_name("quarantine", 2, fresh);
    fclose(fopen(old, "w"));
    fclose(fopen(fresh, "w"));
    cr_assert_eq(utimensat(AT_FDCWD, old, times, 0), 0);
    start_here();
    cr_assert_neq(access(old, F_OK), 0, "it is still there");
    cr_assert_eq(access(fresh, F_OK), 0);
    expect_all_but(-1);
}
