// What the tests of the program cache start from: an empty folder of the test's own, one key, and
// calls whose counters are looked at. No device. Included once by each test program.
#ifndef CONVOY_TESTS_CACHE_FIXTURE_H
#define CONVOY_TESTS_CACHE_FIXTURE_H

#include "cl/cache_entry.h"
#include "file_table.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <ftw.h>

static char base[64];               // removed at the end
static char folder[80];             // inside of it; the cache makes it
static char entry_path[256];        // the file of `key`
static struct cache *cache;
static const struct cache_key key = { "kernel", "device", "build" };
static cvy_cache_stats last;        // as of the latest check

static inline void open_cache(const cvy_cache_params *params)
{
    cache_free(cache);
    cr_assert_eq(cache_new(params, &cache), CVY_OK, "%s", cvy_error_text());
    last = (cvy_cache_stats) { 0 };
}

static inline void path_of(const struct cache_key *of, char out[256])
{
    struct entry_key digests;

    entry_key_of(of, &digests);
    snprintf(out, 256, "%s/%s.cvy", folder, digests.name);
}

static inline int remove_one(const char *path, const struct stat *facts, int kind, struct FTW *at)
{
    (void)facts, (void)kind, (void)at;
    return remove(path);
}

static inline void remove_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

// In memory, if there is such a folder: most of the time would go into syncing.
static inline void open_all(void)
{
    file_table_install();
    strcpy(base, "/dev/shm/convoy-cache-XXXXXX");
    if (!mkdtemp(base)) {
        strcpy(base, "/tmp/convoy-cache-XXXXXX");
        cr_assert_not_null(mkdtemp(base));
    }
    snprintf(folder, sizeof folder, "%s/a/b", base);
    path_of(&key, entry_path);
    open_cache(&(cvy_cache_params) { .folder = folder });
}

static inline void close_all(void)
{
    file_table_heal();
    cache_free(cache);
    cache = NULL;
    remove_tree(base);
    cr_assert_neq(access(base, F_OK), 0, "%s cannot be removed", base);
    cr_assert_eq(file_table_open(), 0, "%d files are still open", file_table_open());
    cr_assert_str_empty(cvy_error_text(), "the cache set the thread's error");
}

// A test that ends with close_all: Criterion passes a test whose .fini fails.
#define CACHE_TEST(suite, name)                                                             \
    static void suite##_##name##_body(void);                                                \
    Test(suite, name)                                                                       \
    {                                                                                       \
        open_all();                                                                         \
        suite##_##name##_body();                                                            \
        close_all();                                                                        \
    }                                                                                       \
    static void suite##_##name##_body(void)

// Bytes that no two numbers share, and that tell their length.
static inline void make_data(unsigned seed, char *out, size_t length)
{
    uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + length + 1;

    for (size_t i = 0; i < length; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        out[i] = (char)x;
    }
}

static inline bool put_seed(const struct cache_key *of, unsigned seed, size_t length)
{
    char *data = malloc(length + 1);
    bool put;

    make_data(seed, data, length);
    put = cache_put(cache, of, data, length);
    free(data);
    return put;
}

// Whether the entry is there and is these bytes; -1: others came, which never may.
static inline int get_seed(const struct cache_key *of, unsigned seed, size_t length)
{
    char *data, *wanted = malloc(length + 1);
    size_t got;
    int found = 0;

    make_data(seed, wanted, length);
    if (cache_get(cache, of, &data, &got))
        found = got == length && memcmp(data, wanted, length) == 0 ? 1 : -1;
    free(data);
    free(wanted);
    return found;
}

// One counter, by its name in cvy_cache_stats, since the latest look at it.
#define GREW(counter, by)                                                                   \
    do {                                                                                    \
        cvy_cache_stats now_;                                                               \
        cache_stats(cache, &now_);                                                          \
        cr_expect_eq(now_.counter - last.counter, (size_t)(by), #counter " grew by %zu, not %zu", \
                     now_.counter - last.counter, (size_t)(by));                            \
        last.counter = now_.counter;                                                        \
    } while (0)

static inline size_t read_file(const char *path, char *out, size_t cap)
{
    FILE *file = fopen(path, "rb");
    size_t length;

    cr_assert_not_null(file, "%s: %s", path, strerror(errno));
    length = fread(out, 1, cap, file);
    fclose(file);
    return length;
}

static inline void write_file(const char *path, const void *data, size_t bytes)
{
    FILE *file = fopen(path, "wb");

    cr_assert_not_null(file, "%s: %s", path, strerror(errno));
    cr_assert_eq(fwrite(data, 1, bytes, file), bytes);
    cr_assert_eq(fclose(file), 0);
}

static inline void say_format(char *entry, uint32_t format)
{
    for (int i = 0; i < 4; i++) {
        entry[8 + i] = (char)(format >> 8 * i);
        entry[12 + i] = (char)(~format >> 8 * i);
    }
}

static inline size_t count_files(const char *path)
{
    DIR *list = opendir(path);
    size_t count = 0;

    while (list && readdir(list))
        count++;
    if (list)
        closedir(list);
    return count < 2 ? 0 : count - 2;
}

#endif
