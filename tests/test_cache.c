// The program cache as a store: what is found and what is not, in which folder, and by callbacks.
#include "cache_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LENGTH = 5000 };

TestSuite(cache, .timeout = 60);
TestSuite(cache_folder, .timeout = 60);
TestSuite(cache_calls, .timeout = 60);

// Finding -----------------------------------------------------------------------------------------

CACHE_TEST(cache, gives_back_what_was_put)
{
    static const size_t lengths[] = { 0, 1, 63, 64, 5000, 1 << 20 };

    cr_expect_eq(get_seed(&key, 0, 1), 0);
    GREW(misses, 1);
    cr_expect_eq(count_files(base), 0, "a get makes no folder");
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        cr_expect(put_seed(&key, 7, lengths[i]));
        cr_expect_eq(get_seed(&key, 7, lengths[i]), 1, "%zu bytes", lengths[i]);
        GREW(stored, 1);
        GREW(hits, 1);
    }
    GREW(misses, 0);
    cr_expect_eq(count_files(folder), 1);
}

CACHE_TEST(cache, files_are_the_users_alone)
{
    char parent[80];
    struct stat facts;

    umask(0);
    cr_assert(put_seed(&key, 1, 10));
    snprintf(parent, sizeof parent, "%s/a", base);
    cr_assert_eq(stat(parent, &facts), 0);
    cr_expect_eq(facts.st_mode & 07777, 0700);
    remove_tree(folder);
    cr_assert(put_seed(&key, 1, 10));
    cr_assert_eq(stat(folder, &facts), 0);
    cr_expect_eq(facts.st_mode & 07777, 0700);
    cr_assert_eq(stat(entry_path, &facts), 0);
    cr_expect_eq(facts.st_mode & 07777, 0600);
    cr_expect_eq(facts.st_size, ENTRY_HEAD + 10);
    cr_expect_str_eq(cache_folder(cache), folder);
}

CACHE_TEST(cache, every_part_of_the_key_counts)
{
    static const struct cache_key others[] = {
        { "kernel2", "device", "build" }, { "kernel", "device2", "build" },
        { "kerneldevice", "", "build" }, { "", "kerneldevice", "build" },
    };
    const struct cache_key other_build = { key.source, key.device, "build2" };

    cr_assert(put_seed(&key, 1, LENGTH));
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        cr_expect_eq(get_seed(&others[i], 1, LENGTH), 0, "row %zu", i);
        GREW(misses, 1);
    }
    GREW(outdated, 0);
    cr_expect_eq(get_seed(&other_build, 1, LENGTH), 0);
    GREW(outdated, 1);
    cr_expect(put_seed(&other_build, 2, LENGTH));
    cr_expect_eq(get_seed(&other_build, 2, LENGTH), 1);
    cr_expect_eq(get_seed(&key, 1, LENGTH), 0);
    GREW(outdated, 1);
    cr_expect_eq(count_files(folder), 1, "one build's entry replaces another's");
}

CACHE_TEST(cache, off_is_off)
{
    char *data;
    size_t length;

    open_cache(&(cvy_cache_params) { .off = true, .folder = folder });
    cr_expect_not(put_seed(&key, 1, 10));
    cr_expect_not(cache_get(cache, &key, &data, &length));
    cr_expect_null(data);
    cache_drop(cache, &key);
    cr_expect_null(cache_folder(cache));
    GREW(misses, 0);
    GREW(corrupt, 0);
    cr_expect_eq(count_files(base), 0);
    cr_expect_eq(file_table_calls(NULL), 0);
}

CACHE_TEST(cache, what_the_driver_refuses_is_dropped)
{
    cr_assert(put_seed(&key, 1, 10));
    cache_drop(cache, &key);
    GREW(corrupt, 1);
    cr_expect_eq(count_files(folder), 0);
    cr_expect_eq(get_seed(&key, 1, 10), 0);
    cache_drop(cache, &key);
    cr_expect(put_seed(&key, 1, 10));
    cr_expect_eq(get_seed(&key, 1, 10), 1);
}

Test(cache, contradictory_params_are_refused)
{
    const cvy_cache_get_fn get = (cvy_cache_get_fn)abort;
    const cvy_cache_put_fn put = (cvy_cache_put_fn)abort;
    const struct {
        cvy_cache_params params;
        const char *word;
    } rows[] = {
        { { .get = get }, "cache.put" },
        { { .put = put }, "cache.get" },
        { { .get = get, .put = put, .folder = "/tmp" }, "cache.folder" },
        { { .max_bytes = -1 }, "cache.max_bytes" },
        { { .off = true, .max_bytes = INT64_MIN }, "cache.max_bytes" },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        cr_expect_eq(cache_new(&rows[i].params, &cache), CVY_ERR_ARGUMENT, "row %zu", i);
        cr_expect_null(cache);
        cr_expect(strstr(cvy_error_text(), rows[i].word), "%s", cvy_error_text());
    }
    cache_free(NULL);
}

// The folder --------------------------------------------------------------------------------------

CACHE_TEST(cache_folder, of_the_platform_is_found_by_two_variables)
{
    static const struct {
        const char *cache, *home, *wanted;      // relative to base; "" is unset
    } rows[] = {
        { "/x", "/h", "/x/convoy" },
        { "", "/h", "/h/.cache/convoy" },
        { "relative", "/h", "/h/.cache/convoy" },
        { "", "relative", NULL },
        { "", "", NULL },
    };
    char path[128], value[128];

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *const names[2] = { "XDG_CACHE_HOME", "HOME" };
        const char *const values[2] = { rows[i].cache, rows[i].home };

        for (int j = 0; j < 2; j++) {
            snprintf(value, sizeof value, "%s%s", values[j][0] == '/' ? base : "", values[j]);
            if (value[0])
                setenv(names[j], value, 1);
            else
                unsetenv(names[j]);
        }
        open_cache(&(cvy_cache_params) { .folder = i % 2 ? NULL : "" });
        snprintf(path, sizeof path, "%s%s", base, rows[i].wanted ? rows[i].wanted : "");
        cr_expect_eq(put_seed(&key, 1, 10), rows[i].wanted != NULL, "row %zu", i);
        cr_expect_eq(get_seed(&key, 1, 10), rows[i].wanted != NULL);
        if (rows[i].wanted)
            cr_expect_str_eq(cache_folder(cache), path);
        else
            cr_expect_null(cache_folder(cache));
        GREW(unwritable, !rows[i].wanted);
    }
}

CACHE_TEST(cache_folder, a_setuid_process_has_none)
{
    setenv("XDG_CACHE_HOME", base, 1);
    file_lies.secure = true;
    open_cache(&(cvy_cache_params) { .off = false });
    cr_expect_not(put_seed(&key, 1, 10));
    cr_expect_null(cache_folder(cache));
    cr_expect_eq(count_files(base), 0);
}

CACHE_TEST(cache_folder, root_makes_none_in_the_home_of_another)
{
    setenv("XDG_CACHE_HOME", base, 1);
    file_lies.other_user = 0 - geteuid();
    if (geteuid() == 0)
        cr_assert_eq(chown(base, 12345, 12345), 0);
    open_cache(&(cvy_cache_params) { .off = false });
    cr_expect_not(put_seed(&key, 1, 10));
    cr_expect_eq(count_files(base), 0);
}

CACHE_TEST(cache_folder, of_another_user_or_open_to_others_is_not_used)
{
    static const mode_t modes[] = { 0720, 0702, 0777, 01777, 0770 };

    cr_assert(put_seed(&key, 1, 10));
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        cr_assert_eq(chmod(folder, modes[i]), 0);
        cr_expect_eq(get_seed(&key, 1, 10), 0, "mode %o", (unsigned)modes[i]);
        cr_expect_not(put_seed(&key, 2, 10));
        cr_expect_null(cache_folder(cache));
        GREW(untrusted_owner, 2);
    }
    cr_assert_eq(chmod(folder, 0755), 0);
    cr_expect_eq(get_seed(&key, 1, 10), 1, "others may look");
    file_lies.other_user = 1;
    cr_expect_eq(get_seed(&key, 1, 10), 0);
    cr_expect_not(put_seed(&key, 2, 10));
    GREW(untrusted_owner, 2);
}

CACHE_TEST(cache_folder, is_no_link_and_no_file)
{
    char link[96];
    static const char *const ends[] = { "", "/", "//" };

    cr_assert(put_seed(&key, 1, 10));
    snprintf(link, sizeof link, "%s/link", base);
    cr_assert_eq(symlink(folder, link), 0);
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        snprintf(link, sizeof link, "%s/link%s", base, ends[i]);
        open_cache(&(cvy_cache_params) { .folder = link });
        cr_expect_eq(get_seed(&key, 1, 10), 0);
        cr_expect_not(put_seed(&key, 2, 10));
        GREW(untrusted_owner, 2);
    }
    open_cache(&(cvy_cache_params) { .folder = entry_path });
    cr_expect_not(put_seed(&key, 2, 10));
    GREW(untrusted_owner, 1);
    snprintf(link, sizeof link, "%s/dangling", base);
    cr_assert_eq(symlink("nowhere", link), 0);
    open_cache(&(cvy_cache_params) { .folder = link });
    cr_expect_not(put_seed(&key, 2, 10));
}

CACHE_TEST(cache_folder, has_any_name_that_the_system_takes)
{
    char path[3 * 4096];
    static const char *const rows[] = { "\xff\xfe\x80", "a b\n\x1b[1m%n%s", "-rf", "...", "a//b/" };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        snprintf(path, sizeof path, "%s/%s", base, rows[i]);
        open_cache(&(cvy_cache_params) { .folder = path });
        cr_expect(put_seed(&key, 1, 10), "row %zu", i);
        cr_expect_eq(get_seed(&key, 1, 10), 1, "row %zu", i);
    }
    memset(path, 'x', sizeof path);
    path[sizeof path - 1] = '\0';
    for (size_t i = 0; i + 1 < sizeof path; i += 100)
        path[i] = '/';
    open_cache(&(cvy_cache_params) { .folder = path });
    cr_expect_eq(get_seed(&key, 1, 10), 0);
    cr_expect_not(put_seed(&key, 1, 10));
    GREW(unwritable, 2);
    open_cache(&(cvy_cache_params) { .folder = "/proc/nope/x" });
    cr_expect_not(put_seed(&key, 1, 10));
    GREW(unwritable, 1);
}

CACHE_TEST(cache_folder, stays_where_it_was_when_the_process_goes_elsewhere)
{
    cr_assert_eq(chdir(base), 0);
    open_cache(&(cvy_cache_params) { .folder = "a/b" });
    cr_assert_eq(chdir("/"), 0);
    cr_expect(put_seed(&key, 1, 10));
    cr_expect_eq(access(entry_path, R_OK), 0);
    cr_expect_str_eq(cache_folder(cache), folder);
}

CACHE_TEST(cache_folder, may_be_made_by_others_at_the_same_time)
{
    file_lies.others_make = true;
    cr_expect(put_seed(&key, 1, 10));
}

CACHE_TEST(cache_folder, is_made_again_when_it_is_gone)
{
    cr_assert(put_seed(&key, 1, 10));
    remove_tree(folder);
    cr_expect_eq(get_seed(&key, 1, 10), 0);
    cr_expect(put_seed(&key, 1, 10));
    cr_expect_eq(get_seed(&key, 1, 10), 1);
}

// Callbacks ---------------------------------------------------------------------------------------

struct shelf {
    char name[80];
    char bytes[ENTRY_HEAD + LENGTH];
    size_t length;
    size_t claimed;             // instead of the length, unless 0
    int shrinks;                // the get after this many finds less
    bool full;
};

static size_t take_down(void *user, const char *name, void *data, size_t cap)
{
    struct shelf *shelf = user;

    if (strcmp(name, shelf->name) != 0)
        return 0;
    if (shelf->shrinks && --shelf->shrinks == 0)
        shelf->length--;
    memcpy(data, shelf->bytes, MIN(cap, shelf->length));
    return shelf->claimed ? shelf->claimed : shelf->length;
}

static bool put_up(void *user, const char *name, const void *data, size_t bytes)
{
    struct shelf *shelf = user;

    if (shelf->full || bytes > sizeof shelf->bytes)
        return false;
    snprintf(shelf->name, sizeof shelf->name, "%s", name);
    if (bytes)
        memcpy(shelf->bytes, data, bytes);
    shelf->length = bytes;
    return true;
}

static struct shelf shelf;

static void open_shelf(void)
{
    open_cache(&(cvy_cache_params) { .get = take_down, .put = put_up, .user = &shelf });
}

CACHE_TEST(cache_calls, take_the_place_of_files)
{
    struct entry_key digests;

    open_shelf();
    entry_key_of(&key, &digests);
    cr_expect_eq(get_seed(&key, 1, LENGTH), 0);
    cr_expect(put_seed(&key, 1, LENGTH));
    cr_expect_str_eq(shelf.name, digests.name);
    cr_expect_eq(get_seed(&key, 1, LENGTH), 1);
    cache_drop(cache, &key);
    cr_expect_eq(shelf.length, 0);
    cr_expect_eq(get_seed(&key, 1, LENGTH), 0);
    shelf.full = true;
    cr_expect_not(put_seed(&key, 1, LENGTH));
    GREW(unwritable, 1);
    cr_expect_null(cache_folder(cache));
    cr_expect_eq(file_table_calls(NULL), 0);
}

CACHE_TEST(cache_calls, are_not_believed)
{
    static const size_t claims[] = { SIZE_MAX, (size_t)1 << 31, ENTRY_HEAD + LENGTH + 1,
                                     ENTRY_HEAD + LENGTH - 1, ENTRY_HEAD, 1 };

    open_shelf();
    for (size_t i = 0; i < COUNT_OF(claims); i++) {
        cr_assert(put_seed(&key, 1, LENGTH));
        shelf.claimed = claims[i];
        cr_expect_eq(get_seed(&key, 1, LENGTH), 0, "row %zu", i);
        GREW(misses, 1);
        shelf.claimed = 0;
    }
    for (size_t i = 0; i < ENTRY_HEAD + LENGTH; i += i < ENTRY_HEAD ? 1 : 97) {
        shelf.bytes[i] ^= 4;
        cr_expect_eq(get_seed(&key, 1, LENGTH), 0, "byte %zu", i);
        shelf.bytes[i] ^= 4;
    }
    shelf.shrinks = 2;
    cache_stats(cache, &last);
    cr_expect_eq(get_seed(&key, 1, LENGTH), 0, "another one at the second look");
    GREW(truncated, 1);
    cr_assert(put_seed(&key, 1, LENGTH));
    say_format(shelf.bytes, ENTRY_FORMAT + 1);
    cr_expect_not(put_seed(&key, 1, LENGTH));
    GREW(newer_format, 1);
}
