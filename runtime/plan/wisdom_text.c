// Lines of wisdom files: written for people, read with distrust. No locale has a say.
#include "plan/wisdom_text.h"
#include "plan/forced.h"
#include "plan/key.h"

#include <stdio.h>

#define HEAD "# Convoy wisdom "
#define VERSION "1"
enum { DEVICE, KEY, ALGORITHM, TUNABLES, SECONDS, ERRORS, FIELDS };

void wisdom_head(struct text *out)
{
    text_add(out, HEAD VERSION ": device | problem | algorithm | tunables | ms | error\n");
}

// Four digits behind the point.
static void add_number(struct text *out, double value)
{
    int64_t scaled = (int64_t)(MIN(value, 1e12) * 1e4 + 0.5);

    text_add(out, "%lld.%04lld", (long long)(scaled / 10000), (long long)(scaled % 10000));
}

void wisdom_line(const struct wisdom_entry *entry, struct text *out)
{
    char values[100];

    config_text(entry->algo, &entry->config, values, sizeof values);
    text_add(out, "%s | %s | %s | %s | ", entry->device, entry->key, entry->algo->name,
             values[0] ? values : "-");
    add_number(out, entry->seconds * 1e3);
    text_add(out, " | ");
    add_number(out, entry->error);
    text_add(out, "\n");
}

bool wisdom_next(struct wisdom_lines *lines)
{
    const char *end;

    if (lines->at >= lines->end)
        return false;
    end = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));
    lines->line = lines->at;
    lines->length = (size_t)((end ? end : lines->end) - lines->at);
    lines->at += lines->length + (end != NULL);
    lines->number++;
    if (lines->length && lines->line[lines->length - 1] == '\r')
        lines->length--;
    return true;
}

// Digits, at most 12 before the point and 9 behind it.
static bool read_number(const char *text, double *out)
{
    double value = 0.0, unit = 1.0;
    int before = 0, behind = 0;

    for (; *text >= '0' && *text <= '9'; text++, before++)
        value = value * 10.0 + (*text - '0');
    if (*text == '.')
        for (text++; *text >= '0' && *text <= '9'; text++, behind++) {
            unit /= 10.0;
            value += unit * (*text - '0');
        }
    *out = value;
    return !*text && before > 0 && before <= 12 && behind <= 9;
}

// Cuts the line in buffer at its bars, with the spaces beside them taken off.
static bool split(char *line, char *fields[FIELDS])
{
    for (int i = 0; i < FIELDS; i++) {
        char *bar = strchr(line, '|'), *end;

        if ((bar == NULL) != (i == FIELDS - 1))
            return false;
        end = bar ? bar : line + strlen(line);
        while (*line == ' ')
            line++;
        while (end > line && end[-1] == ' ')
            end--;
        fields[i] = line;
        line = bar ? bar + 1 : end;
        *end = '\0';
    }
    return fields[DEVICE][0] && fields[KEY][0];
}

static bool is_clean(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (line[i] < ' ' || line[i] > '~')
            return false;
    return true;
}

static bool read_config(const struct algo *algo, const char *text, struct config *out)
{
    uint32_t given = 0, all = 0;

    memset(out, 0, sizeof *out);
    for (int i = 0; algo->tunables && algo->tunables[i].name; i++)
        all |= 1u << i;
    if (strcmp(text, "-") == 0)
        return all == 0;
    return config_read(algo, text, strlen(text), out, &given) == CVY_OK && given == all;
}

static const char *parse_fields(char *fields[FIELDS], struct wisdom_entry *out)
{
    double ms;

    if (strlen(fields[DEVICE]) >= KEY_BYTES || strlen(fields[KEY]) >= KEY_BYTES)
        return "a field is too long";
    out->device = fields[DEVICE];
    out->key = fields[KEY];
    out->algo = algo_find(fields[ALGORITHM]);
    if (!out->algo)
        return "no such algorithm";
    if (!read_config(out->algo, fields[TUNABLES], &out->config))
        return "tunables are not those of the algorithm";
    if (!read_number(fields[SECONDS], &ms) || ms <= 0.0
        || !read_number(fields[ERRORS], &out->error))
        return "time or error is no number";
    out->seconds = ms * 1e-3;
    return NULL;
}

const char *wisdom_parse(struct wisdom_lines *lines, char buffer[WISDOM_LINE],
                         struct wisdom_entry *out)
{
    const char *line = lines->line;
    size_t length = lines->length, head = strlen(HEAD);
    char *fields[FIELDS];

    memset(out, 0, sizeof *out);
    if (length >= head && memcmp(line, HEAD, head) == 0)
        lines->refused = length < head + 2 || line[head] != VERSION[0] || line[head + 1] != ':';
    if (lines->refused)
        return "another version of the format";
    if (length == 0 || line[0] == '#')
        return "";
    if (length >= WISDOM_LINE)
        return "a line is too long";
    if (!is_clean(line, length))
        return "a line has bytes that are no text";
    memcpy(buffer, line, length);
    buffer[length] = '\0';
    return split(buffer, fields) ? parse_fields(fields, out) : "a line does not have six fields";
}
