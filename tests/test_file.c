// Whole files, as wisdom is read and saved: what is refused, and what calls that fail leave. And
// what becomes of them, and of the program cache, without memory.
#include "cache_fixture.h"

enum { LENGTH = 2000 };
static char path[96];
static char old_bytes[LENGTH], new_bytes[LENGTH];

TestSuite(file, .timeout = 60);

static void start(void)
{
    open_all();
    snprintf(path, sizeof path, "%s/file", base);
    make_data(1, old_bytes, LENGTH);
    make_data(2, new_bytes, LENGTH);
}

static void end(void)
{
    cvy_error_report(CVY_OK, "");
    close_all();
}

static bool holds(const char *bytes)
{
    char got[LENGTH + 1];

    return read_file(path, got, sizeof got) == LENGTH && memcmp(got, bytes, LENGTH) == 0;
}

static void says(const char *word)
{
    cr_expect(strstr(cvy_error_text(), word), "\"%s\" has no \"%s\"", cvy_error_text(), word);
}

// The status of a load, after which nothing is held.
static cvy_status load(size_t most, bool *there)
{
    char *data;
    size_t length;
    cvy_status st = file_load(path, most, &data, &length, there);

    if (st == CVY_OK)
        cr_expect(length == LENGTH && memcmp(data, old_bytes, LENGTH) == 0);
    else
        cr_expect_null(data);
    free(data);
    cr_expect_eq(file_table_open(), 0);
    return st;
}

Test(file, is_loaded_or_refused_with_the_reason)
{
    bool there;

    start();
    cr_expect_eq(load(LENGTH, &there), CVY_ERR_IO);
    cr_expect_not(there);
    says(path);
    says("No such file");
    write_file(path, old_bytes, LENGTH);
    cr_expect_eq(load(LENGTH, &there), CVY_OK);
    cr_expect(there);
    cr_expect_eq(load(LENGTH - 1, &there), CVY_ERR_IO);
    cr_expect(there);
    says("2000 bytes; at most 1999");
    remove(path);
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_expect_eq(load(LENGTH, &there), CVY_ERR_IO);
    says("is no regular file");
    remove(path);
    cr_assert_eq(symlink("other", path), 0);
    cr_expect_eq(load(LENGTH, &there), CVY_ERR_IO);
    cr_expect(there);
    says("symbolic links");
    end();
}

Test(file, is_replaced_only_if_it_is_one)
{
    start();
    cr_expect_eq(file_replace(path, new_bytes, LENGTH), CVY_OK);
    cr_expect(holds(new_bytes));
    cr_expect_eq(file_replace(path, old_bytes, LENGTH), CVY_OK);
    cr_expect(holds(old_bytes));
    remove(path);
    cr_assert_eq(symlink("other", path), 0);
    cr_expect_eq(file_replace(path, new_bytes, LENGTH), CVY_ERR_IO);
    says("is no regular file, and is not replaced");
    cr_expect_eq(count_files(base), 1);
    end();
}

Test(file, is_as_it_was_after_a_call_that_failed)
{
    static const int codes[] = { ENOSPC, EIO, EACCES, EROFS, ENOMEM };
    cvy_status st;
    bool there;

    start();
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        bool fired = true;

        for (int nth = 1; fired; nth++) {
            write_file(path, old_bytes, LENGTH);
            file_table_fail(NULL, nth, false, codes[i]);
            st = file_replace(path, new_bytes, LENGTH);
            fired = file_table_fired();
            cr_expect(st == CVY_OK || st == (codes[i] == ENOMEM ? CVY_ERR_NOMEM_HOST : CVY_ERR_IO));
            cr_expect(holds(st == CVY_OK ? new_bytes : old_bytes), "call %d", nth);
            cr_expect_eq(count_files(base), 1, "call %d", nth);
            cr_expect_eq(file_table_open(), 0);
            write_file(path, old_bytes, LENGTH);
            file_table_fail(NULL, nth, false, codes[i]);
            load(LENGTH, &there);
        }
        cr_assert_eq(st, CVY_OK);
    }
    file_table_fail("write", 1, true, ENOSPC);
    cr_expect_eq(file_replace(path, new_bytes, LENGTH), CVY_ERR_IO);
    says("cannot write: No space left on device");
    end();
}

// Without memory ----------------------------------------------------------------------------------

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);

static int allocations, failing;        // the number of the one that fails, 0: none

static bool fails(void)
{
    return ++allocations == failing;
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

// Whether there were as many as that since the last time.
static bool fail_allocation(int nth)
{
    bool reached = allocations >= failing;

    allocations = 0;
    failing = nth;
    return reached;
}

Test(file, is_as_it_was_without_memory)
{
    cvy_status st = CVY_ERR_INTERNAL;
    bool there;

    start();
    for (int nth = 1; st != CVY_OK; nth++) {
        write_file(path, old_bytes, LENGTH);
        fail_allocation(nth);
        st = load(LENGTH, &there);
        cr_expect(st == CVY_OK || st == CVY_ERR_NOMEM_HOST);
        fail_allocation(nth);
        st = file_replace(path, new_bytes, LENGTH);
        fail_allocation(0);
        cr_expect(st == CVY_OK || st == CVY_ERR_NOMEM_HOST);
        cr_expect(holds(st == CVY_OK ? new_bytes : old_bytes));
    }
    end();
}

// One put, one get; what they give. Not of the fixture, which allocates.
static void put_and_get(bool *put, bool *got)
{
    char *data;
    size_t length;

    *put = cache_put(cache, &key, new_bytes, LENGTH);
    *got = cache_get(cache, &key, &data, &length);
    if (*got)
        cr_expect(length == LENGTH
                  && memcmp(data, *put ? new_bytes : old_bytes, LENGTH) == 0);
    free(data);
}

Test(file, of_the_cache_is_right_without_memory)
{
    bool put, got, reached = true;

    start();
    for (int nth = 1; reached; nth++) {
        fail_allocation(0);
        open_cache(&(cvy_cache_params) { .folder = folder });
        cr_assert(cache_put(cache, &key, old_bytes, LENGTH));
        fail_allocation(nth);
        put_and_get(&put, &got);
        reached = fail_allocation(0);
        cr_expect(reached || (put && got));
    }
    cache_free(cache);
    for (int nth = 1; nth <= 2; nth++) {
        cvy_status st;

        fail_allocation(nth);
        st = cache_new(&(cvy_cache_params) { .folder = folder }, &cache);
        fail_allocation(0);
        cr_expect_eq(st, CVY_ERR_NOMEM_HOST);
        cr_expect_null(cache);
    }
    end();
}
