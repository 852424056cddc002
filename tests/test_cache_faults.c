// The program cache on disks that fail and fill, in processes that die, and beside other processes.
#include "cache_fixture.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

enum { LENGTH = 3000, ENTRY = ENTRY_HEAD + LENGTH };

static const struct cache_key others[2] = {
    { "a", "device", "build" }, { "b", "device", "build" },
};

TestSuite(cache_faults, .timeout = 120);
TestSuite(cache_processes, .timeout = 120);

// 0: nothing is found; 1: the old bytes; 2: the new ones; -1: others, which never may be.
static int which(void)
{
    char *data, wanted[LENGTH];
    size_t length;
    int found = 0;

    if (!cache_get(cache, &key, &data, &length))
        return 0;
    for (int seed = 1; seed <= 2; seed++) {
        make_data((unsigned)seed, wanted, LENGTH);
        if (length == LENGTH && memcmp(data, wanted, LENGTH) == 0)
            found = seed;
    }
    free(data);
    return found ? found : -1;
}

// A folder with an old entry and two others, one of which will be too many; or none at all.
static void prepare(bool old)
{
    char path[80];

    snprintf(path, sizeof path, "%s/a", base);
    remove_tree(path);
    open_cache(&(cvy_cache_params) { .folder = folder });
    if (old) {
        cr_assert(put_seed(&key, 1, LENGTH));
        cr_assert(put_seed(&others[0], 1, LENGTH));
        cr_assert(put_seed(&others[1], 1, LENGTH));
    }
    open_cache(&(cvy_cache_params) { .folder = folder, .max_bytes = 2 * ENTRY });
}

static size_t count_temporary(void)
{
    DIR *list = opendir(folder);
    const struct dirent *each;
    size_t count = 0;

    while (list && (each = readdir(list)))
        count += strstr(each->d_name, ".tmp") != NULL;
    if (list)
        closedir(list);
    return count;
}

// Calls that fail ---------------------------------------------------------------------------------

// With the old entry the old or the new one is found, without it none or the new one; the put tells
// which; and afterwards everything works.
static void fail_each_call(const char *function, int code, bool sticky, bool old)
{
    bool fired = true;

    for (int nth = 1; fired; nth++) {
        bool put;
        int during;

        cr_assert_lt(nth, 200);
        prepare(old);
        file_table_fail(function, nth, sticky, code);
        put = put_seed(&key, 2, LENGTH);
        during = which();
        fired = file_table_fired();
        file_table_heal();
        cr_expect_eq(which(), put ? 2 : old, "%s at call %d: put %d", strerror(code), nth, put);
        cr_expect(during == 0 || during == (put ? 2 : old), "%s at call %d", strerror(code), nth);
        cr_expect_eq(file_table_open(), 0, "%s at call %d: left open", strerror(code), nth);
        cr_expect(sticky || count_temporary() == 0, "%s at call %d", strerror(code), nth);
        cr_expect(put_seed(&key, 2, LENGTH), "%s at call %d: not healed", strerror(code), nth);
        cr_expect_eq(which(), 2, "%s at call %d: not healed", strerror(code), nth);
    }
}

static const int codes[] = { ENOSPC, EDQUOT, EIO, EACCES, EROFS, EPERM, EMFILE, ENOMEM, ENOENT,
                             ESTALE, EEXIST, EINTR };

CACHE_TEST(cache_faults, of_one_call_leave_the_old_entry_or_the_new_one)
{
    for (size_t i = 0; i < COUNT_OF(codes); i++)
        for (int old = 0; old < 2; old++)
            fail_each_call(NULL, codes[i], false, old);
}

CACHE_TEST(cache_faults, of_all_calls_from_one_on_leave_the_old_entry_or_the_new_one)
{
    for (size_t i = 0; i < COUNT_OF(codes) - 1; i++)
        for (int old = 0; old < 2; old++)
            fail_each_call(NULL, codes[i], true, old);
}

CACHE_TEST(cache_faults, are_counted)
{
    static const struct {
        const char *function;
        int code;
        bool puts, gets;        // whether the call still succeeds
    } rows[] = {
        { "write", ENOSPC, false, true }, { "write", EDQUOT, false, true },
        { "fsync", EIO, false, true }, { "renameat", EACCES, false, true },
        { "openat", EROFS, false, false }, { "openat", EACCES, false, false },
        { "read", EIO, true, false }, { "fstat", EIO, false, false },
        { "futimens", EROFS, true, true }, { "unlinkat", EROFS, true, true },
        { "readdir", EIO, true, true }, { "fdopendir", ENOMEM, true, true },
        { "mkdir", EROFS, true, true }, { "close", EIO, false, true },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        prepare(true);
        file_table_fail(rows[i].function, 1, true, rows[i].code);
        cr_expect_eq(put_seed(&key, 2, LENGTH), rows[i].puts, "row %zu", i);
        GREW(unwritable, !rows[i].puts);
        GREW(stored, rows[i].puts);
        cr_expect_eq(which() > 0, rows[i].gets, "row %zu", i);
        GREW(unwritable, !rows[i].gets);
        GREW(misses, !rows[i].gets);
        file_table_heal();
    }
}

CACHE_TEST(cache_faults, short_and_interrupted_calls_are_gone_on_with)
{
    static const char *const functions[] = { "openat", "read", "write", "fsync", "close" };

    for (size_t most = 1; most < 2000; most = 2 * most + 1) {
        file_lies.most_written = file_lies.most_read = most;
        cr_expect(put_seed(&key, 2, LENGTH));
        cr_expect_eq(which(), 2, "%zu bytes at once", most);
        for (size_t i = 0; i < COUNT_OF(functions); i++)
            for (int nth = 1; nth < 4; nth++) {
                file_table_fail(functions[i], nth, false, EINTR);
                cr_expect(put_seed(&key, 2, LENGTH), "%s %d", functions[i], nth);
                file_table_fail(functions[i], nth, false, EINTR);
                cr_expect_eq(which(), 2, "%s %d", functions[i], nth);
            }
    }
}

static void ignore(int signal)
{
    (void)signal;
}

CACHE_TEST(cache_faults, a_storm_of_signals_loses_nothing)
{
    const struct sigaction action = { .sa_handler = ignore };       // without SA_RESTART
    const struct itimerval often = { { 0, 500 }, { 0, 500 } }, never = { 0 };

    cr_assert_eq(sigaction(SIGALRM, &action, NULL), 0);
    cr_assert_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
    for (int i = 0; i < 200; i++) {
        cr_expect(put_seed(&key, 2, LENGTH));
        cr_expect_eq(which(), 2);
    }
    setitimer(ITIMER_REAL, &never, NULL);
}

CACHE_TEST(cache_faults, a_limit_on_files_is_kept_without_a_signal)
{
    struct rlimit limit;

    cr_assert(put_seed(&key, 1, LENGTH));
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = ENTRY - 1;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_expect_not(put_seed(&key, 2, LENGTH));
    GREW(unwritable, 1);
    cr_expect_eq(which(), 1);
    limit.rlim_cur = ENTRY;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_expect(put_seed(&key, 2, LENGTH));
    cr_expect_eq(which(), 2);
}

// Processes that die ------------------------------------------------------------------------------

// Whether the child was stopped at the call; its exit status is 7 if it came to the end.
static bool stop_at(int nth, bool half)
{
    pid_t child = fork();
    int status;

    cr_assert_geq(child, 0);
    if (child == 0) {
        file_table_stop(nth, half);
        put_seed(&key, 2, LENGTH);
        which();
        _exit(7);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status), "call %d", nth);
    return WEXITSTATUS(status) == 0;
}

CACHE_TEST(cache_processes, stopped_after_any_call_leave_the_old_entry_or_the_new_one)
{
    for (int round = 0; round < 4; round++) {
        bool old = round & 1, half = round & 2, stopped = true;

        for (int nth = 1; stopped; nth++) {
            int found;

            cr_assert_lt(nth, 200);
            prepare(old);
            stopped = stop_at(nth, half);
            found = which();
            cr_expect(found == old || found == 2, "call %d: %d", nth, found);
            cr_expect_leq(count_temporary(), 1);
            cr_expect(put_seed(&key, 2, LENGTH), "call %d: not healed", nth);
            cr_expect_eq(which(), 2, "call %d: not healed", nth);
        }
    }
}

// What is put in the tests below: a seed, and the bytes that are made of it.
static bool put_any(uint32_t seed)
{
    const struct cache_key of = { seed & 1 ? "a" : "b", seed & 2 ? "c" : "d", "build" };
    char data[LENGTH];
    size_t length = 100 + seed % (LENGTH - 100);

    memcpy(data, &seed, sizeof seed);
    make_data(seed, data + sizeof seed, length - sizeof seed);
    return cache_put(cache, &of, data, length);
}

// 1: found and right; 0: not found; -1: wrong.
static int get_any(uint32_t seed)
{
    const struct cache_key of = { seed & 1 ? "a" : "b", seed & 2 ? "c" : "d", "build" };
    char *data, wanted[LENGTH];
    size_t length;
    int right = 0;

    if (!cache_get(cache, &of, &data, &length))
        return 0;
    if (length >= 100 && length <= LENGTH) {
        memcpy(&seed, data, sizeof seed);
        make_data(seed, wanted, length - sizeof seed);
        right = memcmp(data + sizeof seed, wanted, length - sizeof seed) == 0;
    }
    free(data);
    return right ? 1 : -1;
}

// Exit status of a process that puts and gets: 0 is good.
static int work(uint32_t start, int rounds)
{
    uint32_t x = start * 2654435761u + 1;
    int hits = 0;

    for (int i = 0; i < rounds; i++) {
        int got;

        x = x * 1664525 + 1013904223;
        if (i % 3 == 0 && !put_any(x >> 4))
            return 2;
        got = get_any(x >> 7);
        if (got < 0)
            return 3;
        hits += got;
    }
    return hits ? 0 : 4;
}

static pid_t start_worker(uint32_t start, int rounds)
{
    pid_t child = fork();

    cr_assert_geq(child, 0);
    if (child == 0) {
        if (cache_new(&(cvy_cache_params) { .folder = folder, .max_bytes = 3 * ENTRY }, &cache))
            _exit(5);
        _exit(work(start, rounds));
    }
    return child;
}

CACHE_TEST(cache_processes, write_and_read_at_once)
{
    pid_t children[8];
    int status;

    for (uint32_t i = 0; i < 8; i++)
        children[i] = start_worker(i, 300);
    for (size_t i = 0; i < 8; i++) {
        cr_assert_eq(waitpid(children[i], &status, 0), children[i]);
        cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "process %zu: %x", i, status);
    }
    cr_expect_eq(count_temporary(), 0);
    cr_expect_eq(work(100, 100), 0);
}

// As if no process had touched it for two hours.
static void age(const char *name)
{
    const struct timespec times[2] = { { time(NULL) - 7200, 0 }, { time(NULL) - 7200, 0 } };
    char path[512];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    cr_assert_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

CACHE_TEST(cache_processes, killed_at_any_time_leave_nothing_that_matters)
{
    char name[512];
    int status;

    cr_assert(put_seed(&key, 1, LENGTH));
    for (uint32_t i = 0; i < 40; i++) {
        pid_t child = start_worker(i, 1000000);

        usleep(500 + i * 97 % 3000);
        cr_assert_eq(kill(child, SIGKILL), 0);
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_expect(WIFSIGNALED(status), "worker %u ended by itself: %x", i, status);
        for (uint32_t seed = 0; seed < 4; seed++)
            cr_expect_geq(get_any(seed), 0);
    }
    // One more for sure, and one of a process that still writes.
    snprintf(name, sizeof name, "%s.77-0.tmp", entry_path);
    write_file(name, "x", 1);
    age(strrchr(name, '/') + 1);
    snprintf(name, sizeof name, "%s.77-1.tmp", entry_path);
    write_file(name, "x", 1);
    open_cache(&(cvy_cache_params) { .folder = folder });
    cr_assert(put_seed(&key, 1, LENGTH));
    cr_expect_eq(access(name, F_OK), 0, "not yet old");
    snprintf(name, sizeof name, "%s.77-0.tmp", entry_path);
    cr_expect_neq(access(name, F_OK), 0, "old, and not removed");
}

static void *thread_work(void *start)
{
    return (void *)(intptr_t)work((uint32_t)(intptr_t)start, 200);
}

CACHE_TEST(cache_processes, threads_share_one_cache)
{
    pthread_t threads[8];

    open_cache(&(cvy_cache_params) { .folder = folder, .max_bytes = 3 * ENTRY });
    for (intptr_t i = 0; i < 8; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, thread_work, (void *)i), 0);
    for (size_t i = 0; i < 8; i++) {
        void *result;

        cr_assert_eq(pthread_join(threads[i], &result), 0);
        cr_expect_null(result, "thread %zu: %d", i, (int)(intptr_t)result);
    }
    cr_expect_eq(count_temporary(), 0);
}
