// What the tests of the start-up machinery begin with: an empty cache folder of the test's own, and
// a start-up set of copies of one cheap kernel. Included once by each test program.
#ifndef CONVOY_TESTS_START_FIXTURE_H
#define CONVOY_TESTS_START_FIXTURE_H

#include "cl_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// Two kernels of one family, one of another, one of none.
enum { KERNELS = 4, PROGRAMS = 3 };

static char folder[64];             // the cache's
static cvy_context_params params;   // of open_start; its cache is in `folder`
static struct start_kernel kernels[KERNELS];

static inline int remove_one(const char *path, const struct stat *facts, int kind, struct FTW *at)
{
    (void)facts, (void)kind, (void)at;
    return remove(path);
}

// In memory, if there is such a folder.
static inline void make_folder(void)
{
    strcpy(folder, "/dev/shm/convoy-start-XXXXXX");
    if (!mkdtemp(folder)) {
        strcpy(folder, "/tmp/convoy-start-XXXXXX");
        cr_assert_not_null(mkdtemp(folder));
    }
    params = (cvy_context_params) { .compile = CVY_COMPILE_EAGER, .cache.folder = folder };
}

static inline void install(void)
{
    if (!cl_table_install())
        cr_skip_test("no device: %s", cvy_error_text());
    make_folder();
}

static inline void remove_folder(void)
{
    if (folder[0])
        nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline struct start_kernel marked(int mark, const char *family)
{
    struct start_kernel kernel = { copy_instance(context), family };

    kernel.instance.define_count = 1;
    kernel.instance.defines[0] = (struct define) { "MARK", mark };
    return kernel;
}

// The context expects the set; nothing is compiled yet.
static inline cvy_status open_start(void)
{
    cvy_status st = CVY_OK;

    TRY(context_open(&params, &context));
    kernels[0] = marked(0, "a");
    kernels[1] = marked(1, "a");
    kernels[2] = marked(2, "b");
    kernels[3] = marked(3, NULL);
    TRY(context_expect(context, kernels, KERNELS));
out:
    return st;
}

static inline void start(void)
{
    OK(open_start());
    OK(context_compile(context));
}

static inline cvy_context_stats stats(void)
{
    cvy_context_stats out;

    OK(cvy_context_stats_get(context, &out));
    return out;
}

#define STATS(field, wanted)                                                                \
    cr_assert_eq(stats().field, (size_t)(wanted), #field " is %zu, not %zu", stats().field, \
                 (size_t)(wanted))

// Runs one kernel, and looks at what it copied.
static inline void expect_copy(int which)
{
    float sent[64], got[64] = { 0 };
    struct kernel *kernel = NULL;
    struct region src, dst;
    struct job job;

    for (int i = 0; i < 64; i++)
        sent[i] = (float)(i + which) + 0.5f;
    OK(kernel_get(context, &kernels[which].instance, &kernel));
    OK(cvy_queue_create(context, NULL, &queue));
    OK(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = 1024 }, &buffer));
    OK(cvy_queue_write(queue, at(0), sent, sizeof sent, NULL, NULL));
    OK(tensor_region(context, at(0), "src", &src));
    OK(tensor_region(context, at(512), "dst", &dst));
    OK(job_begin(queue, NULL, NULL, false, &job));
    OK(job_end(&job, copy_launch(&job, kernel, &src, &dst, 64), NULL));
    OK(cvy_queue_read(queue, at(512), got, sizeof got, NULL, NULL));
    for (int i = 0; i < 64; i++)
        cr_assert_eq(got[i], sent[i], "float %d of kernel %d", i, which);
    cvy_buffer_destroy(&buffer);
    cvy_queue_destroy(&queue);
}

// Files of a folder whose names begin so.
static inline int count_files(const char *of, const char *prefix)
{
    DIR *list = opendir(of);
    struct dirent *entry;
    int count = 0;

    while (list && (entry = readdir(list)))
        count += entry->d_name[0] != '.' && strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    if (list)
        closedir(list);
    return count;
}

// A test that ends with the ledger, and with an empty place where the folder was.
#define START_TEST(suite, name)                                                             \
    static void suite##_##name##_body(void);                                                \
    Test(suite, name)                                                                       \
    {                                                                                       \
        suite##_##name##_body();                                                            \
        close_all();                                                                        \
        remove_folder();                                                                    \
    }                                                                                       \
    static void suite##_##name##_body(void)

#endif
