// Wisdom as users load, merge, save and read it.
#include "plan/wisdom.h"

#include "common/file.h"
#include "ops/check.h"

#include <convoy/tune.h>
#include <stdio.h>

#define MOST_BYTES (16u << 20)

static cvy_status enter(const cvy_context *context, struct wisdom **out)
{
    cvy_status st = context_check(context);

    *out = st == CVY_OK ? context_wisdom(context) : NULL;
    if (st == CVY_OK && !*out)
        return fail(CVY_ERR_INTERNAL, "the context has no wisdom");
    return st;
}

static void report_lines(const struct wisdom_report *lines, cvy_wisdom_report *out)
{
    if (!out)
        return;
    out->taken = lines->taken;
    out->skipped = lines->skipped;
    if (lines->why)
        snprintf(out->text, sizeof out->text, "line %zu: %s", lines->line, lines->why);
}

static cvy_status merge(struct wisdom *wisdom, const char *text, size_t length,
                        cvy_wisdom_source source, cvy_wisdom_report *report)
{
    struct wisdom_report lines;
    cvy_status st = wisdom_read(wisdom, text, length, source == CVY_WISDOM_SYSTEM, &lines);

    if (st == CVY_OK)
        report_lines(&lines, report);
    return st;
}

cvy_status cvy_wisdom_merge(cvy_context *context, const char *text, size_t length,
                            cvy_wisdom_source source, cvy_wisdom_report *report)
{
    struct wisdom *wisdom;
    cvy_status st = CVY_OK;

    if (report)
        memset(report, 0, sizeof *report);
    TRY(enter(context, &wisdom));
    TRY(check_enum((int)source, CVY_WISDOM_USER, CVY_WISDOM_SYSTEM, "source"));
    if (length && !text)
        TRY(fail(CVY_ERR_ARGUMENT, "text is NULL and length is %zu", length));
    if (report)
        report->found = true;
    st = length ? merge(wisdom, text, length, source, report) : CVY_OK;
out:
    return st;
}

cvy_status cvy_wisdom_load(cvy_context *context, const char *path, cvy_wisdom_source source,
                           cvy_wisdom_report *report)
{
    struct wisdom *wisdom;
    char *data = NULL;
    size_t length;
    bool there;
    cvy_status st = CVY_OK;

    if (report)
        memset(report, 0, sizeof *report);
    TRY(enter(context, &wisdom));
    CHECK_POINTER(path);
    TRY(check_enum((int)source, CVY_WISDOM_USER, CVY_WISDOM_SYSTEM, "source"));
    st = file_load(path, MOST_BYTES, &data, &length, &there);
    if (st == CVY_ERR_IO) {
        if (report)
            snprintf(report->text, sizeof report->text, "%s", cvy_error_text());
        return CVY_OK;
    }
    TRY(st);
    if (report)
        report->found = true;
    st = merge(wisdom, data, length, source, report);
out:
    free(data);
    return st;
}

// The file's own lines first, then the context's over them.
static cvy_status join(struct wisdom *own, const char *path, struct text *out)
{
    struct wisdom *joined = NULL;
    struct text mine = { 0 };
    char *data = NULL;
    size_t length;
    bool there;
    cvy_status st = CVY_OK;

    TRY(wisdom_new(&joined));
    st = file_load(path, MOST_BYTES, &data, &length, &there);
    if (st == CVY_OK)
        st = wisdom_read(joined, data, length, false, NULL);
    if (st != CVY_OK && (st != CVY_ERR_IO || there))
        goto out;
    TRY(wisdom_write(own, false, &mine));
    TRY(wisdom_read(joined, mine.data, mine.length, false, NULL));
    st = wisdom_write(joined, true, out);
out:
    free(data);
    text_free(&mine);
    wisdom_free(joined);
    return st;
}

cvy_status cvy_wisdom_save(cvy_context *context, const char *path)
{
    struct text text = { 0 };
    struct wisdom *wisdom;
    cvy_status st = CVY_OK;

    TRY(enter(context, &wisdom));
    CHECK_POINTER(path);
    TRY(join(wisdom, path, &text));
    st = file_replace(path, text.data, text.length);
out:
    text_free(&text);
    return st;
}

cvy_status cvy_wisdom_text(cvy_context *context, char *out, size_t cap, size_t *length)
{
    struct text text = { 0 };
    struct wisdom *wisdom;
    cvy_status st = CVY_OK;

    CHECK_POINTER(length);
    *length = 0;
    TRY(enter(context, &wisdom));
    if (cap && !out)
        TRY(fail(CVY_ERR_ARGUMENT, "out is NULL and cap is %zu", cap));
    TRY(wisdom_write(wisdom, true, &text));
    *length = text.length;
    if (cap) {
        size_t some = MIN(text.length, cap - 1);

        memcpy(out, text.data, some);
        out[some] = '\0';
    }
out:
    text_free(&text);
    return st;
}

cvy_status cvy_wisdom_clear(cvy_context *context)
{
    struct wisdom *wisdom;
    cvy_status st = enter(context, &wisdom);

    if (st == CVY_OK)
        wisdom_clear(wisdom);
    return st;
}
