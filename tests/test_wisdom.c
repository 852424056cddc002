// Wisdom as text and as files: what is written is read, and nothing in a file is trusted.
#include "plan_fixture.h"

#include <convoy/tune.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define SPEC "conv n1 c5 h9 w9 k20 r3x3 p1x1 f32 nchw"
enum { MOST_TEXT = 16384 };

static char folder[64], path[128];
static char text[MOST_TEXT];            // of one problem, measured

static void measure_one(void)
{
    static const char *const specs[] = { SPEC };
    size_t length;

    open_all();
    OK(cvy_tune(context, &(cvy_tune_params) { .specs = specs, .spec_count = 1 }, NULL));
    OK(cvy_wisdom_text(context, text, sizeof text, &length));
    cr_assert_lt(length, sizeof text);
    OK(cvy_wisdom_clear(context));
    strcpy(folder, "/tmp/convoy-wisdom-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/wisdom", folder);
}

static void remove_all(void)
{
    char command[160];

    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    cr_expect_eq(system(command), 0);
    close_all();
}

TestSuite(wisdom, .init = measure_one, .fini = remove_all, .timeout = 300);

static void merge(const char *what, size_t length, cvy_wisdom_report *report)
{
    OK(cvy_wisdom_merge(context, what, length, CVY_WISDOM_USER, report));
}

// Lines that are known: those of text without its head.
static size_t lines_known(void)
{
    char now[MOST_TEXT];
    size_t length, lines = 0;

    OK(cvy_wisdom_text(context, now, sizeof now, &length));
    for (size_t i = 0; i < length && i < sizeof now; i++)
        lines += now[i] == '\n';
    return lines - 1;
}

static void why_of(const char *spec, char why[160])
{
    cvy_plan *plan = NULL;
    cvy_plan_info info;

    OK(cvy_plan_from_spec(context, spec, NULL, &plan));
    OK(cvy_plan_info_get(plan, &info));
    strcpy(why, info.why);
    cvy_plan_destroy(&plan);
}

static void write_file(const char *name, const void *data, size_t bytes)
{
    FILE *file = fopen(name, "wb");

    cr_assert_not_null(file);
    cr_assert_eq(fwrite(data, 1, bytes, file), bytes);
    cr_assert_eq(fclose(file), 0);
}

// The device's part of the text's last line.
static void device_of(char out[512])
{
    const char *line = strchr(text, '\n') + 1;

    snprintf(out, 512, "%.*s", (int)(strchr(line, '|') - line - 1), line);
}

Test(wisdom, text_is_read_as_it_was_written)
{
    char again[MOST_TEXT], why[160];
    cvy_wisdom_report report;
    size_t length, cut;

    merge(text, strlen(text), &report);
    cr_expect(report.found);
    cr_expect_geq(report.taken, 1);
    cr_expect_eq(report.skipped, 0, "%s", report.text);
    OK(cvy_wisdom_text(context, again, sizeof again, &length));
    cr_expect_str_eq(again, text);
    cr_expect_eq(length, strlen(text));
    OK(cvy_wisdom_text(context, again, 10, &cut));
    cr_expect_eq(cut, length);
    cr_expect_eq(strlen(again), 9);
    why_of(SPEC, why);
    cr_expect(strncmp(why, "measured: ", 10) == 0, "%s", why);
}

Test(wisdom, the_nearest_neighbour_is_asked)
{
    char why[160];

    merge(text, strlen(text), NULL);
    why_of("conv n1 c6 h11 w8 k20 r3x3 p1x1 f32 nchw +bias", why);
    cr_expect(strstr(why, "neighbour"), "%s", why);
    why_of("conv n1 c5 h9 w9 k20 r5x5 p1x1 f32 nchw", why);
    cr_expect_null(strstr(why, "neighbour"), "another kernel: %s", why);
    why_of("conv n16 c5 h99 w9 k20 r3x3 p1x1 f32 nchw", why);
    cr_expect_null(strstr(why, "neighbour"), "too far: %s", why);
    why_of("conv n1 c5 h9 w9 k20 r3x3 p1x1 g5 f32 nchw", why);
    cr_expect_null(strstr(why, "neighbour"), "other groups: %s", why);
}

Test(wisdom, lines_that_make_no_sense_are_skipped)
{
    static const struct {
        const char *line, *why;
    } rows[] = {
        { "%s | conv n1 | conv_by_hand | - | 1.0 | 0", "no such algorithm" },
        { "%s | conv n1 | conv_simt | V=3 | 1.0 | 0", "tunables" },
        { "%s | conv n1 | conv_simt | V=0 | 1.0 | 0", "tunables" },
        { "%s | conv n1 | conv_simt | V=-4 | 1.0 | 0", "tunables" },
        { "%s | conv n1 | conv_simt | V=4294967300 | 1.0 | 0", "tunables" },
        { "%s | conv n1 | conv_simt | - | 1.0 | 0", "tunables" },
        { "%s | conv n1 | conv_simt | V=1,V=1 | 1.0 | 0", "tunables" },
        { "%s | conv n1 | conv_reference | V=1 | 1.0 | 0", "tunables" },
        { "%s | conv n1 | conv_reference | - | -1 | 0", "number" },
        { "%s | conv n1 | conv_reference | - | 1e3 | 0", "number" },
        { "%s | conv n1 | conv_reference | - | 0.0000 | 0", "number" },
        { "%s | conv n1 | conv_reference | - | nan | 0", "number" },
        { "%s | conv n1 | conv_reference | - | 1.0 | x", "number" },
        { "%s | conv n1 | conv_reference | - | 9999999999999999 | 0", "number" },
        { "%s | conv n1 | conv_reference | - | 1.0", "six fields" },
        { "%s | conv n1 | conv_reference | - | 1.0 | 0 | 0", "six fields" },
        { "%s |  | conv_reference | - | 1.0 | 0", "six fields" },
        { "| conv n1 | conv_reference | - | 1.0 | 0", "six fields" },
        { "%s", "six fields" },
        { "%s\t| conv n1 | conv_reference | - | 1.0 | 0", "no text" },
        { "# Convoy wisdom 2: other", "version" },
        { "# Convoy wisdom 11: other", "version" },
        { "# Convoy wisdom ", "version" },
    };
    char device[512];

    device_of(device);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[1024];
        cvy_wisdom_report report;

        snprintf(line, sizeof line, rows[i].line, device);
        merge(line, strlen(line), &report);
        cr_expect_eq(report.taken, 0, "%s", line);
        cr_expect_eq(report.skipped, 1, "%s", line);
        cr_expect(strstr(report.text, rows[i].why), "%s: %s", line, report.text);
    }
    cr_expect_eq(lines_known(), 0);
}

Test(wisdom, good_lines_among_bad_ones_are_taken)
{
    char mixed[3 * MOST_TEXT];
    char *huge = malloc(4000001);
    cvy_wisdom_report report;

    snprintf(mixed, sizeof mixed, "# a comment\n\nnonsense\n%s\r\nnonsense",
             strchr(text, '\n') + 1);
    merge(mixed, strlen(mixed), &report);
    cr_expect_geq(report.taken, 1);
    cr_expect_eq(report.skipped, 2);
    cr_expect(strncmp(report.text, "line 3: ", 8) == 0, "%s", report.text);
    memset(huge, 'x', 4000000);
    huge[4000000] = '\0';
    merge(huge, 4000000, &report);
    cr_expect_eq(report.skipped, 1);
    memset(huge, 0, 4000000);
    merge(huge, 4000000, &report);
    cr_expect_eq(report.skipped, 1);
    memset(huge, '\n', 4000000);
    merge(huge, 4000000, &report);
    cr_expect_eq(report.skipped, 0);
    free(huge);
}

Test(wisdom, every_byte_may_be_damaged_and_every_end_missing)
{
    static const char values[] = { 0, '\n', '|', ' ', '0', '9', 'A', '#', (char)0xff };
    size_t length = strlen(text);
    char why[160], *copy = malloc(length + 1);

    for (size_t i = 0; i < length; i++) {
        for (size_t v = 0; v < sizeof values + 8; v++) {
            cvy_wisdom_report report;

            memcpy(copy, text, length + 1);
            copy[i] = v < 8 ? (char)(copy[i] ^ (1 << v)) : values[v - 8];
            OK(cvy_wisdom_clear(context));
            merge(copy, length, &report);
            cr_expect_leq(report.taken + report.skipped, 6);
        }
        if (i % 16 == 0)
            why_of(SPEC, why);
        OK(cvy_wisdom_clear(context));
        merge(text, i, NULL);
    }
    free(copy);
    why_of(SPEC, why);
}

Test(wisdom, what_the_system_says_gives_way_and_is_not_saved)
{
    char device[512], system_line[1024], user_line[1024], now[MOST_TEXT];
    cvy_wisdom_report report;
    size_t length;

    device_of(device);
    snprintf(system_line, sizeof system_line, "%s | %s | conv_reference | - | 0.5 | 0\n", device,
             SPEC);
    snprintf(user_line, sizeof user_line, "%s | %s | conv_simt | V=1 | 0.7 | 0\n", device, SPEC);
    merge(user_line, strlen(user_line), NULL);
    OK(cvy_wisdom_merge(context, system_line, strlen(system_line), CVY_WISDOM_SYSTEM, &report));
    cr_expect_eq(report.taken, 1);
    OK(cvy_wisdom_text(context, now, sizeof now, &length));
    cr_expect(strstr(now, "conv_simt"), "%s", now);
    OK(cvy_wisdom_clear(context));
    OK(cvy_wisdom_merge(context, system_line, strlen(system_line), CVY_WISDOM_SYSTEM, NULL));
    OK(cvy_wisdom_save(context, path));
    OK(cvy_wisdom_clear(context));
    OK(cvy_wisdom_load(context, path, CVY_WISDOM_USER, &report));
    cr_expect(report.found);
    cr_expect_eq(report.taken, 0);
}

Test(wisdom, files_are_joined_when_they_are_saved)
{
    char device[512], other[1024];
    cvy_wisdom_report report;
    struct stat facts;

    device_of(device);
    snprintf(other, sizeof other, "another device | %s | conv_reference | - | 0.5 | 0\n", SPEC);
    write_file(path, other, strlen(other));
    merge(text, strlen(text), NULL);
    OK(cvy_wisdom_save(context, path));
    OK(cvy_wisdom_save(context, path));
    OK(cvy_wisdom_clear(context));
    OK(cvy_wisdom_load(context, path, CVY_WISDOM_USER, &report));
    cr_expect_geq(report.taken, 2);
    cr_expect_eq(report.skipped, 0, "%s", report.text);
    cr_expect_eq(stat(path, &facts), 0);
    cr_expect_eq(facts.st_mode & 0777, 0600);
}

Test(wisdom, a_context_opens_with_its_file)
{
    const cvy_context_params params = { .device = getenv("CONVOY_DEVICE"),
                                        .compile = CVY_COMPILE_LAZY, .wisdom = path };
    char why[160];

    write_file(path, text, strlen(text));
    close_all();
    OK(cvy_context_create(&params, &context));
    why_of(SPEC, why);
    cr_expect(strncmp(why, "measured: ", 10) == 0, "%s", why);
}

Test(wisdom, what_is_no_file_is_not_read)
{
    char link[160], fifo[160], large[160];
    const char *odd[] = { "/dev/zero", folder, link, fifo, large, "/tmp/convoy/not/there", "" };
    cvy_wisdom_report report;

    snprintf(link, sizeof link, "%s/link", folder);
    snprintf(fifo, sizeof fifo, "%s/fifo", folder);
    snprintf(large, sizeof large, "%s/large", folder);
    write_file(path, text, strlen(text));
    cr_assert_eq(symlink(path, link), 0);
    cr_assert_eq(mkfifo(fifo, 0600), 0);
    write_file(large, text, strlen(text));
    cr_assert_eq(truncate(large, (17 << 20)), 0);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        OK(cvy_wisdom_load(context, odd[i], CVY_WISDOM_USER, &report));
        cr_expect_not(report.found, "%s", odd[i]);
        cr_expect_neq(report.text[0], '\0', "%s", odd[i]);
    }
    cr_expect_eq(lines_known(), 0);
    for (size_t i = 0; i + 1 < sizeof odd / sizeof odd[0]; i++)
        if (odd[i] != large)
            cr_expect_eq(cvy_wisdom_save(context, odd[i]), CVY_ERR_IO, "%s", odd[i]);
    OK(cvy_wisdom_load(context, path, CVY_WISDOM_USER, &report));
    cr_expect(report.found, "the file behind the link is as it was");
}

Test(wisdom, a_save_that_fails_leaves_the_file)
{
    char deep[200], now[MOST_TEXT];
    size_t length;

    merge(text, strlen(text), NULL);
    snprintf(deep, sizeof deep, "%s/none/wisdom", folder);
    cr_expect_eq(cvy_wisdom_save(context, deep), CVY_ERR_IO);
    OK(cvy_wisdom_text(context, now, sizeof now, &length));
    cr_expect_str_eq(now, text);
}

Test(wisdom, arguments_are_checked)
{
    size_t length;

    GIVES(CVY_ERR_ARGUMENT, "context", cvy_wisdom_load(NULL, path, CVY_WISDOM_USER, NULL));
    GIVES(CVY_ERR_ARGUMENT, "path", cvy_wisdom_load(context, NULL, CVY_WISDOM_USER, NULL));
    GIVES(CVY_ERR_ARGUMENT, "source", cvy_wisdom_load(context, path, (cvy_wisdom_source)7, NULL));
    GIVES(CVY_ERR_ARGUMENT, "text", cvy_wisdom_merge(context, NULL, 3, CVY_WISDOM_USER, NULL));
    GIVES(CVY_ERR_ARGUMENT, "source", cvy_wisdom_merge(context, text, 3, (cvy_wisdom_source)-1,
                                                       NULL));
    GIVES(CVY_ERR_ARGUMENT, "path", cvy_wisdom_save(context, NULL));
    GIVES(CVY_ERR_ARGUMENT, "length", cvy_wisdom_text(context, NULL, 0, NULL));
    GIVES(CVY_ERR_ARGUMENT, "out", cvy_wisdom_text(context, NULL, 5, &length));
    GIVES(CVY_ERR_ARGUMENT, "context", cvy_wisdom_clear(NULL));
}
