// How large the folder of the program cache gets, what goes first, and what it never touches.
#include "cache_fixture.h"

#include <time.h>

enum { LENGTH = 1000, ENTRY = ENTRY_HEAD + LENGTH };

TestSuite(cache_size, .timeout = 120);

static struct cache_key key_of(const char *source)
{
    return (struct cache_key) { source, "device", "build" };
}

static bool put(const char *source)
{
    const struct cache_key of = key_of(source);

    return put_seed(&of, 1, LENGTH);
}

// Looks without using it.
static bool there(const char *source)
{
    const struct cache_key of = key_of(source);
    char path[256];

    path_of(&of, path);
    return access(path, F_OK) == 0;
}

// File systems tell times apart that differ by milliseconds only: tests say when.
static void used_at(const char *source, time_t when)
{
    const struct timespec times[2] = { { when, 0 }, { when, 0 } };
    const struct cache_key of = key_of(source);
    char path[256];

    path_of(&of, path);
    cr_assert_eq(utimensat(AT_FDCWD, path, times, 0), 0, "%s: %s", source, strerror(errno));
}

static void limit(int64_t bytes)
{
    open_cache(&(cvy_cache_params) { .folder = folder, .max_bytes = bytes });
}

static void put_many(const char *sources)
{
    for (const char *each = sources; *each; each++)
        cr_assert(put((const char [2]) { *each, '\0' }));
}

// The sources of one letter that are there, of a to z.
static const char *present(void)
{
    static char out[27];
    size_t count = 0;

    for (char letter = 'a'; letter <= 'z'; letter++)
        if (there((const char [2]) { letter, '\0' }))
            out[count++] = letter;
    out[count] = '\0';
    return out;
}

CACHE_TEST(cache_size, is_kept_and_the_longest_unused_goes_first)
{
    const struct cache_key a = key_of("a");
    time_t now = time(NULL);

    put_many("abcd");
    used_at("a", now - 4000);
    used_at("b", now - 3000);
    used_at("c", now - 5000);
    used_at("d", now - 1000);
    limit(5 * ENTRY);
    put_many("e");
    cr_expect_str_eq(present(), "abcde", "just as much as may be");
    cr_expect_eq(get_seed(&a, 1, LENGTH), 1);
    put_many("f");
    cr_expect_str_eq(present(), "abdef");
    put_many("g");
    cr_expect_str_eq(present(), "adefg");
    GREW(evicted, 2);
    put_many("g");
    cr_expect_str_eq(present(), "adefg", "one that is replaced makes its own room");
    used_at("e", now - 20);
    used_at("f", now - 30);
    used_at("g", now - 10);
    limit(2 * ENTRY);
    cr_expect_eq(get_seed(&a, 1, LENGTH), 1);
    cr_expect_str_eq(present(), "adefg", "a get removes nothing");
    put_many("h");
    cr_expect_str_eq(present(), "ah");
    GREW(evicted, 4);
}

CACHE_TEST(cache_size, of_an_entry_that_is_larger_than_all)
{
    put_many("ab");
    limit(2 * ENTRY);
    cr_expect_not(put_seed(&key, 1, 2 * ENTRY - ENTRY_HEAD + 1));
    GREW(unwritable, 1);
    cr_expect_str_eq(present(), "ab");
    cr_expect(put_seed(&key, 1, 2 * ENTRY - ENTRY_HEAD));
    cr_expect_str_eq(present(), "");
    limit(1);
    cr_expect_not(put_seed(&key, 1, 0));
    limit(INT64_MAX);
    cr_expect(put_seed(&key, 1, 0));
}

CACHE_TEST(cache_size, is_kept_over_clocks_that_were_wrong)
{
    const struct cache_key b = key_of("b"), d = key_of("d");
    time_t now = time(NULL);

    put_many("abcdef");
    used_at("a", now - 50000);
    used_at("b", now + 86400);              // the clock was set back since
    used_at("c", now + 2 * 86400);
    used_at("d", 0);
    used_at("e", -1000);
    used_at("f", (time_t)1 << 33);          // 2242
    limit(6 * ENTRY);
    cr_expect_eq(get_seed(&b, 1, LENGTH), 1);
    cr_expect_eq(get_seed(&d, 1, LENGTH), 1);
    put_many("g");
    cr_expect_str_eq(present(), "abdefg");
    put_many("h");
    cr_expect_str_eq(present(), "abdegh");
    put_many("i");
    cr_expect_str_eq(present(), "abdghi");
    put_many("j");
    cr_expect_str_eq(present(), "bdghij", "those that were used now stay");
}

CACHE_TEST(cache_size, counts_and_removes_entries_only)
{
    static const char *const names[] = {
        "guard-1", "quarantine-1", "notes", ".cvy", "0123.cvy",
        "ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef0123456789.cvy",
        "abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789.cvy2",
        "abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789",
        "abcdef0123456789abcdef0123456789abcdef0123456789abcdef01234567890.cvy",
        "guard-1.77-0.tmp",
    };
    static char large[20 * ENTRY];
    const struct timespec long_ago[2] = { { 1000, 0 }, { 1000, 0 } };
    char path[256];

    put_many("abc");
    used_at("a", 5000);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        write_file(path, large, sizeof large);
        cr_assert_eq(utimensat(AT_FDCWD, path, long_ago, 0), 0);
    }
    limit(3 * ENTRY);
    put_many("d");
    cr_expect_str_eq(present(), "bcd");
    cr_expect_eq(count_files(folder), COUNT_OF(names) + 3);
    GREW(evicted, 1);
}

CACHE_TEST(cache_size, counts_what_is_being_written)
{
    char temporary[512];

    put_many("abc");
    used_at("a", 1000);
    snprintf(temporary, sizeof temporary, "%s.1-0.tmp", entry_path);
    write_file(temporary, temporary, sizeof temporary);
    limit(4 * ENTRY);
    put_many("d");
    cr_expect_str_eq(present(), "bcd");
}

CACHE_TEST(cache_size, leaves_entries_of_a_newer_format_alone)
{
    char entry[ENTRY], path[256];
    const struct cache_key a = key_of("a");

    put_many("abc");
    path_of(&a, path);
    read_file(path, entry, sizeof entry);
    say_format(entry, ENTRY_FORMAT + 1);
    write_file(path, entry, sizeof entry);
    used_at("a", 1000);
    used_at("b", 2000);
    limit(3 * ENTRY);
    put_many("d");
    cr_expect_str_eq(present(), "abcd", "it is not counted, either");
    put_many("e");
    cr_expect_str_eq(present(), "acde");
    GREW(evicted, 1);
}

CACHE_TEST(cache_size, is_exceeded_where_nothing_can_be_removed)
{
    put_many("abc");
    used_at("a", 1000);
    limit(2 * ENTRY);
    file_table_fail("unlinkat", 1, true, EACCES);
    cr_expect(put("d"));
    file_table_heal();
    cr_expect_str_eq(present(), "abcd");
    GREW(evicted, 0);
    file_table_fail("unlinkat", 1, false, EACCES);
    cr_expect(put("e"));
    cr_expect_str_eq(present(), "ae", "the next one goes in its place");
    GREW(evicted, 3);
}

CACHE_TEST(cache_size, a_hundred_thousand_files_do_not_stall_a_get)
{
    enum { FILES = 100000 };
    const struct cache_key a = key_of("a");
    char name[80];
    int at, before;

    put_many("a");
    at = open(folder, O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof name, "%064x.cvy", i);
        cr_assert_eq(mknodat(at, name, S_IFREG | 0600, 0), 0, "%s", strerror(errno));
    }
    close(at);
    open_cache(&(cvy_cache_params) { .folder = folder });
    before = file_table_calls(NULL);
    cr_expect_eq(get_seed(&a, 1, LENGTH), 1);
    cr_expect_leq(file_table_calls(NULL) - before, 10);
    put_many("b");
    before = file_table_calls(NULL);
    put_many("c");
    cr_expect_leq(file_table_calls(NULL) - before, 20, "a second put does not look again");
}
