// Reads options.algorithm, and writes it.
#include "plan/forced.h"

#include <stdio.h>

const struct algo *algo_find(const char *name)
{
    for (size_t i = 0; i < algo_count; i++)
        if (strcmp(algos[i]->name, name) == 0)
            return algos[i];
    return NULL;
}

static const struct algo *find_part(const char *name, size_t length)
{
    for (size_t i = 0; i < algo_count; i++)
        if (strlen(algos[i]->name) == length && memcmp(algos[i]->name, name, length) == 0)
            return algos[i];
    return NULL;
}

const char *algo_names(enum op op, char list[400])
{
    size_t at = 0;

    list[0] = '\0';
    for (size_t i = 0; i < algo_count && at < 400; i++)
        if (algos[i]->op == op)
            at += (size_t)snprintf(list + at, 400 - at, " %s", algos[i]->name);
    return at ? list : " none";
}

// Tunables ----------------------------------------------------------------------------------------

void config_text(const struct algo *algo, const struct config *config, char *out, size_t cap)
{
    size_t at = 0;

    out[0] = '\0';
    for (int i = 0; algo->tunables && algo->tunables[i].name && at < cap; i++)
        at += (size_t)snprintf(out + at, cap - at, "%s%s=%d", at ? "," : "",
                               algo->tunables[i].name, config->value[i]);
}

static void tunable_names(const struct algo *algo, char list[100])
{
    size_t at = 0;

    snprintf(list, 100, " none");
    for (int i = 0; algo->tunables && algo->tunables[i].name && at < 100; i++)
        at += (size_t)snprintf(list + at, 100 - at, " %s", algo->tunables[i].name);
}

static void tunable_values(const struct tunable *tunable, char list[100])
{
    size_t at = 0;

    for (size_t i = 0; i < COUNT_OF(tunable->values) && tunable->values[i] && at < 100; i++)
        at += (size_t)snprintf(list + at, 100 - at, " %d", tunable->values[i]);
}

static bool tunable_has(const struct tunable *tunable, int32_t value)
{
    for (size_t i = 0; i < COUNT_OF(tunable->values) && tunable->values[i]; i++)
        if (tunable->values[i] == value)
            return true;
    return false;
}

// Digits of a value of at most nine places; false for anything else.
static bool read_value(const char *text, size_t length, int32_t *out)
{
    int32_t value = 0;

    if (length == 0 || length > 9)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (text[i] - '0');
    }
    *out = value;
    return true;
}

static cvy_status read_one(const struct algo *algo, const char *text, size_t length,
                           struct config *config, uint32_t *given)
{
    const char *equals = memchr(text, '=', length);
    size_t name = equals ? (size_t)(equals - text) : length;
    const struct tunable *tunables = algo->tunables;
    int shown = (int)MIN(length, 60);
    int32_t value;
    char list[100];
    int i = 0;

    while (tunables && tunables[i].name
           && (strlen(tunables[i].name) != name || memcmp(tunables[i].name, text, name) != 0))
        i++;
    if (!tunables || !tunables[i].name) {
        tunable_names(algo, list);
        return fail(CVY_ERR_ARGUMENT, "options.algorithm: \"%.*s\" is no tunable of %s, which "
                    "has%s", shown, text, algo->name, list);
    }
    if (!equals || !read_value(equals + 1, length - name - 1, &value)
        || !tunable_has(&tunables[i], value)) {
        tunable_values(&tunables[i], list);
        return fail(CVY_ERR_ARGUMENT, "options.algorithm: \"%.*s\" of %s; %s takes one of%s", shown,
                    text, algo->name, tunables[i].name, list);
    }
    if (*given & (1u << i))
        return fail(CVY_ERR_ARGUMENT, "options.algorithm gives %s of %s twice", tunables[i].name,
                    algo->name);
    *given |= 1u << i;
    config->value[i] = value;
    return CVY_OK;
}

cvy_status config_read(const struct algo *algo, const char *text, size_t length,
                       struct config *config, uint32_t *given)
{
    const char *end = text + length;

    *given = 0;
    while (text < end) {
        const char *comma = memchr(text, ',', (size_t)(end - text));
        size_t part = (size_t)((comma ? comma : end) - text);
        cvy_status st = read_one(algo, text, part, config, given);

        if (st != CVY_OK)
            return st;
        text += part + (comma != NULL);
    }
    return CVY_OK;
}

// Names -------------------------------------------------------------------------------------------

static cvy_status read_name(struct forced *out, const char *text, size_t length, enum op op)
{
    const char *colon = memchr(text, ':', length);
    size_t name = colon ? (size_t)(colon - text) : length;
    struct forced_one *one = &out->list[out->count];
    char list[400];

    if (out->count == MOST_FORCED)
        return fail(CVY_ERR_ARGUMENT, "options.algorithm names more than %d", MOST_FORCED);
    one->algo = find_part(text, name);
    if (!one->algo)
        return fail(CVY_ERR_ARGUMENT, "options.algorithm is \"%.60s\", which is not registered; %s "
                    "has%s", text, op_name(op), algo_names(op, list));
    out->count++;
    return colon ? config_read(one->algo, colon + 1, length - name - 1, &one->config, &one->given)
                 : CVY_OK;
}

static bool is_between(char c)
{
    return c == ' ' || c == '(' || c == '+' || c == ')';
}

cvy_status forced_read(const char *text, enum op op, struct forced *out)
{
    char list[400];

    memset(out, 0, sizeof *out);
    while (text && *text) {
        size_t length = strcspn(text, " (+)");
        cvy_status st = length ? read_name(out, text, length, op) : CVY_OK;

        if (st != CVY_OK)
            return st;
        text += length;
        while (is_between(*text))
            text++;
    }
    if (out->count && out->list[0].algo->op != op)
        return fail(CVY_ERR_UNSUPPORTED, "options.algorithm is %s, which solves %s and not %s; "
                    "%s has%s", out->list[0].algo->name, op_name(out->list[0].algo->op),
                    op_name(op), op_name(op), algo_names(op, list));
    return CVY_OK;
}

const struct forced_one *forced_next(const struct forced *forced, enum op op)
{
    if (!forced || forced->used >= forced->count || forced->list[forced->used].algo->op != op)
        return NULL;
    return &forced->list[forced->used];
}

void forced_apply(const struct forced_one *one, struct config *config)
{
    for (int i = 0; i < CONFIG_VALUES; i++)
        if (one->given & (1u << i))
            config->value[i] = one->config.value[i];
}
