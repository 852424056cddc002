// What the program cache makes of damaged entries, and of other things in their place: nothing.
#include "cache_fixture.h"

#include <sys/socket.h>
#include <sys/un.h>

static char whole[ENTRY_HEAD + 200000];         // an entry's file
static char damaged[sizeof whole + 4096];

TestSuite(cache_damage, .timeout = 60);

static size_t put_whole(size_t length)
{
    size_t bytes;

    cr_assert(put_seed(&key, 1, length));
    bytes = read_file(entry_path, whole, sizeof whole);
    cr_assert_eq(bytes, ENTRY_HEAD + length);
    memcpy(damaged, whole, bytes);
    return bytes;
}

// Nothing is given of it, and the next put makes it good.
static void refuse(const void *bytes, size_t size, size_t length)
{
    write_file(entry_path, bytes, size);
    cr_expect_eq(get_seed(&key, 1, length), 0, "%zu bytes", size);
    GREW(misses, 1);
}

CACHE_TEST(cache_damage, cut_at_every_length)
{
    size_t bytes = put_whole(100);

    for (size_t i = 0; i < bytes; i++) {
        refuse(whole, i, 100);
        GREW(truncated, 1);
    }
    cr_expect(put_seed(&key, 1, 100));
    cr_expect_eq(get_seed(&key, 1, 100), 1);
}

CACHE_TEST(cache_damage, with_something_after_the_end)
{
    static const size_t more[] = { 1, 8, 4096 };
    size_t bytes = put_whole(100);

    for (size_t i = 0; i < COUNT_OF(more); i++) {
        memset(damaged + bytes, i == 1 ? 0 : 'x', more[i]);
        refuse(damaged, bytes + more[i], 100);
        GREW(extended, 1);
    }
}

CACHE_TEST(cache_damage, at_every_bit_of_the_head)
{
    size_t bytes = put_whole(100);

    for (size_t i = 0; i < ENTRY_HEAD; i++)
        for (int bit = 0; bit < 8; bit++) {
            damaged[i] ^= (char)(1 << bit);
            refuse(damaged, bytes, 100);
            damaged[i] ^= (char)(1 << bit);
            if (i < 16 || i >= 24)
                GREW(corrupt, 1);
        }
    // The length's own bits.
    cache_stats(cache, &last);
    cr_expect_eq(last.truncated + last.extended, 64);
}

CACHE_TEST(cache_damage, at_two_thousand_places_of_the_data)
{
    enum { DATA = 60000 };
    size_t bytes = put_whole(DATA);
    uint64_t x = 20261124;

    for (int i = 0; i < 2000; i++) {
        size_t at;

        x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
        at = ENTRY_HEAD + (size_t)(x >> 33) % DATA;
        damaged[at] ^= (char)(1 << (x >> 30) % 8);
        refuse(damaged, bytes, DATA);
        damaged[at] = whole[at];
    }
    GREW(corrupt, 2000);
}

CACHE_TEST(cache_damage, by_zeroed_blocks)
{
    enum { DATA = 200000 };
    size_t bytes = put_whole(DATA);

    for (size_t at = 0; at < bytes; at += 4096) {
        size_t size = MIN(4096, bytes - at);

        memset(damaged + at, 0, size);
        refuse(damaged, bytes, DATA);
        GREW(corrupt, 1);
        memcpy(damaged + at, whole + at, size);
    }
}

static void say_length(char *entry, uint64_t length)
{
    for (int i = 0; i < 8; i++)
        entry[16 + i] = (char)(length >> 8 * i);
}

CACHE_TEST(cache_damage, by_absurd_lengths)
{
    static const uint64_t rows[] = { UINT64_MAX, UINT64_MAX - ENTRY_HEAD + 1, UINT64_MAX - 151,
                                     UINT64_C(1) << 63, (UINT64_C(1) << 63) - 1, 1 << 30 };
    size_t bytes = put_whole(100);

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        say_length(damaged, rows[i]);
        refuse(damaged, bytes, 100);
        GREW(truncated, 1);
    }
    // A file that has a terabyte, and no blocks.
    say_length(damaged, (UINT64_C(1) << 40) - ENTRY_HEAD);
    write_file(entry_path, damaged, bytes);
    if (truncate(entry_path, (off_t)1 << 40) == 0) {
        cr_expect_eq(get_seed(&key, 1, 100), 0);
        GREW(corrupt, 1);
    }
}

// Of the key's fields only: 24 source, 56 device, 88 build.
static void copy_entry(const struct cache_key *from, const struct cache_key *to)
{
    char path[256];

    cr_assert(put_seed(from, 1, 100));
    path_of(from, path);
    read_file(path, whole, sizeof whole);
    path_of(to, path);
    write_file(path, whole, ENTRY_HEAD + 100);
}

CACHE_TEST(cache_damage, by_another_entrys_name)
{
    const struct cache_key source = { "other", key.device, key.build };
    const struct cache_key device = { key.source, "other", key.build };

    copy_entry(&source, &key);
    cr_expect_eq(get_seed(&key, 1, 100), 0);
    GREW(corrupt, 1);
    copy_entry(&device, &key);
    cr_expect_eq(get_seed(&key, 1, 100), 0);
    GREW(other_device, 1);
    cr_expect_eq(get_seed(&device, 1, 100), 1);
    cr_expect(put_seed(&key, 1, 100));
    cr_expect_eq(get_seed(&key, 1, 100), 1);
}

CACHE_TEST(cache_damage, a_newer_format_is_left_alone)
{
    static const uint32_t formats[] = { ENTRY_FORMAT + 1, 1000, UINT32_MAX };
    static const size_t sizes[] = { 16, ENTRY_HEAD, ENTRY_HEAD + 100 };

    put_whole(100);
    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        say_format(damaged, formats[i]);
        refuse(damaged, sizes[i], 100);
        GREW(newer_format, 1);
        cr_expect_not(put_seed(&key, 1, 100));
        GREW(newer_format, 1);
        cr_expect_eq(read_file(entry_path, whole, sizeof whole), sizes[i]);
        cr_expect_eq(memcmp(whole, damaged, sizes[i]), 0);
    }
    say_format(damaged, ENTRY_FORMAT - 1);
    refuse(damaged, ENTRY_HEAD + 100, 100);
    GREW(outdated, 1);
    cr_expect(put_seed(&key, 1, 100));
}

static void plant_nothing(void)
{
    write_file(entry_path, "", 0);
}

static void plant_folder(void)
{
    cr_assert_eq(mkdir(entry_path, 0700), 0);
}

static void plant_pipe(void)
{
    cr_assert_eq(mkfifo(entry_path, 0600), 0);
}

static void plant_link(void)
{
    cr_assert_eq(symlink("other", entry_path), 0);
}

static void plant_loop(void)
{
    cr_assert_eq(symlink(entry_path, entry_path), 0);
}

static void plant_device(void)
{
    cr_assert_eq(symlink("/dev/zero", entry_path), 0);
}

static void plant_hard_link(void)
{
    char other[96];

    snprintf(other, sizeof other, "%s/other", folder);
    cr_assert_eq(link(other, entry_path), 0);
}

static void plant_open_file(void)
{
    plant_hard_link();
    cr_assert_eq(unlink(entry_path), 0);
    write_file(entry_path, whole, ENTRY_HEAD + 100);
    cr_assert_eq(chmod(entry_path, 0622), 0);
}

static void plant_socket(void)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    int file = socket(AF_UNIX, SOCK_STREAM, 0);

    // The path is longer than a socket's name may be.
    cr_assert_eq(chdir(folder), 0);
    snprintf(name.sun_path, sizeof name.sun_path, "%s", strrchr(entry_path, '/') + 1);
    cr_assert_eq(bind(file, (struct sockaddr *)&name, sizeof name), 0);
    close(file);
}

CACHE_TEST(cache_damage, whatever_else_has_its_name)
{
    static const struct {
        void (*plant)(void);
        bool replaced;
    } rows[] = {
        { plant_folder, false }, { plant_pipe, true }, { plant_link, true }, { plant_loop, true },
        { plant_device, true }, { plant_hard_link, true }, { plant_socket, true },
        { plant_open_file, true },
    };
    char other[96];

    put_whole(100);
    snprintf(other, sizeof other, "%s/other", folder);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        write_file(other, whole, ENTRY_HEAD + 100);
        remove(entry_path);
        rows[i].plant();
        cr_expect_eq(get_seed(&key, 1, 100), 0, "row %zu", i);
        GREW(untrusted_owner, 1);
        cr_expect_eq(put_seed(&key, 2, 100), rows[i].replaced, "row %zu", i);
        cr_expect_eq(get_seed(&key, 2, 100), rows[i].replaced, "row %zu", i);
        last.untrusted_owner += !rows[i].replaced;
        cr_expect_eq(read_file(other, damaged, sizeof damaged), ENTRY_HEAD + 100);
        cr_expect_eq(memcmp(whole, damaged, ENTRY_HEAD + 100), 0, "row %zu: followed", i);
    }
    remove(entry_path);
    plant_nothing();
    cr_expect_eq(get_seed(&key, 1, 100), 0);
    GREW(truncated, 1);
    cr_assert(put_seed(&key, 1, 100));
    file_lies.other_owner = 1;
    cr_expect_eq(get_seed(&key, 1, 100), 0);
    GREW(untrusted_owner, 1);
}
