// What the parser of OP-SPEC text reads with. Takes any bytes and never looks behind their end.
#include "ops/spec_cursor.h"

#include <stdio.h>

// Quotes the start of the word with what is not printable replaced.
cvy_status word_bad(const struct parser *p, const char *format, ...)
{
    char quoted[48], reason[NAMES_BYTES];
    size_t length = MIN((size_t)(p->end - p->word), sizeof quoted - 1);
    va_list args;

    for (size_t i = 0; i < length; i++)
        quoted[i] = p->word[i] >= ' ' && p->word[i] <= '~' ? p->word[i] : '?';
    quoted[length] = '\0';
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    return fail(CVY_ERR_ARGUMENT, "spec: \"%s\"%s %s", quoted,
                (size_t)(p->end - p->word) > length ? "..." : "", reason);
}

void names_add(char *list, const char *before, const char *name)
{
    size_t length = strlen(list);

    snprintf(list + length, NAMES_BYTES - length, " %s%s", before, name);
}

const char *names_list(const char *const *names, char *list)
{
    list[0] = '\0';
    for (; *names; names++)
        names_add(list, "", *names);
    return list + 1;
}

const char *operator_name(const struct parser *p)
{
    return spec_operators[p->spec->op].name;
}

bool operator_has(const struct parser *p, const struct spec_field *field)
{
    return field->ops >> p->spec->op & 1;
}

cvy_status word_unknown(const struct parser *p)
{
    char list[NAMES_BYTES] = "";

    for (size_t i = 0; i < spec_field_count; i++)
        if (operator_has(p, &spec_fields[i]))
            names_add(list, "", spec_fields[i].name);
    return word_bad(p, "is no word of %s, which has the fields n c d h w%s, pad:MODE, a "
                    "dtype (f32), a layout (nchw nhwc plain), [sizes] and +flags",
                    operator_name(p), list);
}

cvy_status flag_unknown(const struct parser *p)
{
    char list[NAMES_BYTES] = "";

    for (size_t i = 0; i < spec_flag_count; i++) {
        const struct spec_field *flag = &spec_flags[i];
        bool first = flag->type == SPEC_ACTIVATION_WORD;    // the others begin with their default

        if (!operator_has(p, flag))
            continue;
        names_add(list, "+", flag->name ? flag->name : spec_flag_words(flag->type)[first ? 0 : 1]);
        if (!flag->name)
            names_add(list, "", "(or the like)");
    }
    return word_bad(p, "is no flag of %s, which has%s", operator_name(p), list);
}

// An activation that the first of two convolutions may have: any but prelu, whose slopes no plan
// has a slot for.
static void mid_names(const char *names[CVY_ACTIVATION_COUNT])
{
    size_t count = 0;

    for (int i = 0; spec_activations[i]; i++)
        if (i + CVY_RELU != CVY_PRELU)
            names[count++] = spec_activations[i];
    names[count] = NULL;
}

cvy_status mid_bad(const struct parser *p)
{
    const char *names[CVY_ACTIVATION_COUNT];
    char list[NAMES_BYTES];

    mid_names(names);
    return word_bad(p, "should be +mid: and one of %s", names_list(names, list));
}

bool word_mid(struct parser *p)
{
    const char *names[CVY_ACTIVATION_COUNT], *start;
    bool found;

    mid_names(names);
    if (!word_char(p, ':'))
        return false;
    start = p->at;
    found = word_name(p, names) >= 0;
    p->at = start;
    return found;
}

// Parts of a word --------------------------------------------------------------------------------

bool word_next(struct parser *p)
{
    static const char blanks[] = " \t\r\n";

    p->word = p->end + strspn(p->end, blanks);
    p->end = p->word + strcspn(p->word, blanks);
    p->at = p->word;
    return p->end > p->word;
}

bool word_char(struct parser *p, char c)
{
    if (p->at == p->end || *p->at != c)
        return false;
    p->at++;
    return true;
}

bool word_number(struct parser *p, int64_t *out)
{
    const char *begin = p->at;

    *out = 0;
    for (; p->at < p->end && *p->at >= '0' && *p->at <= '9'; p->at++)
        if (!mul_i64(*out, 10, out) || !add_i64(*out, *p->at - '0', out))
            return false;
    return p->at > begin;
}

bool word_list(struct parser *p, char between, int64_t least, int most, int64_t *out,
                      int *count)
{
    *count = 0;
    do {
        bool negative = least < 0 && word_char(p, '-');

        if (*count == most || !word_number(p, &out[*count]))
            return false;
        if (negative)
            out[*count] = -out[*count];
        if (out[*count] < least)
            return false;
        ++*count;
    } while (word_char(p, between));
    return true;
}

// The index of the name between at and stop, or -1.
static int find_name(const char *const *names, const char *at, const char *stop)
{
    for (int i = 0; names[i]; i++)
        if (strlen(names[i]) == (size_t)(stop - at) && memcmp(names[i], at, strlen(names[i])) == 0)
            return i;
    return -1;
}

int word_name(struct parser *p, const char *const *names)
{
    const char *stop = memchr(p->at, ':', (size_t)(p->end - p->at));
    int found;

    stop = stop ? stop : p->end;
    found = find_name(names, p->at, stop);
    if (found >= 0)
        p->at = stop;
    return found;
}

cvy_status word_once(const struct parser *p, uint64_t *given, size_t index, const char *name)
{
    if (*given >> index & 1)
        return word_bad(p, "says %s a second time", name);
    *given |= UINT64_C(1) << index;
    return CVY_OK;
}

int word_whole(const struct parser *p, const char *const *names)
{
    return find_name(names, p->word, p->end);
}

bool word_float(struct parser *p, float *out)
{
    const char *stop = spec_float_parse(p->at, p->end, out);

    p->at = stop ? stop : p->at;
    return stop != NULL;
}
