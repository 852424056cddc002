// The store of measured choices.
#include "plan/wisdom.h"

#include "plan/forced.h"
#include "plan/wisdom_text.h"

#include <pthread.h>
#include <stdio.h>

// Farther neighbours, a factor of eight between all sizes together, say too little.
#define MOST_DISTANCE 3.0
#define MOST_ENTRIES 8192

struct wisdom {
    pthread_mutex_t lock;           // guards the entries
    struct wisdom_entry *entries;
    size_t count, cap;
};

cvy_status wisdom_new(struct wisdom **out)
{
    struct wisdom *wisdom = NULL;
    cvy_status st = CVY_OK;

    *out = NULL;
    TRY(zalloc(sizeof *wisdom, &wisdom));
    if (pthread_mutex_init(&wisdom->lock, NULL) != 0)
        TRY(fail(CVY_ERR_NOMEM_HOST, "no mutex to be had"));
    *out = wisdom;
    wisdom = NULL;
out:
    free(wisdom);
    return st;
}

static void entry_free(struct wisdom_entry *entry)
{
    free(entry->device);
    free(entry->key);
}

void wisdom_clear(struct wisdom *wisdom)
{
    pthread_mutex_lock(&wisdom->lock);
    while (wisdom->count > 0)
        entry_free(&wisdom->entries[--wisdom->count]);
    pthread_mutex_unlock(&wisdom->lock);
}

void wisdom_free(void *object)
{
    struct wisdom *wisdom = object;

    if (!wisdom)
        return;
    wisdom_clear(wisdom);
    pthread_mutex_destroy(&wisdom->lock);
    free(wisdom->entries);
    free(wisdom);
}

struct wisdom *context_wisdom(const cvy_context *context)
{
    return context_attached(context);
}

static struct wisdom_entry *find_same(struct wisdom *wisdom, const struct wisdom_entry *like)
{
    for (size_t i = 0; i < wisdom->count; i++) {
        struct wisdom_entry *e = &wisdom->entries[i];

        if (e->algo->accuracy == like->algo->accuracy && strcmp(e->key, like->key) == 0
            && strcmp(e->device, like->device) == 0)
            return e;
    }
    return NULL;
}

// Takes over the entry's texts. What the system's file says gives way to what is there.
static cvy_status put_locked(struct wisdom *wisdom, struct wisdom_entry *entry)
{
    struct wisdom_entry *same = find_same(wisdom, entry);
    cvy_status st = CVY_OK;

    if (same && entry->system && !same->system) {
        entry_free(entry);
        return CVY_OK;
    }
    if (same) {
        entry_free(same);
        *same = *entry;
        return CVY_OK;
    }
    if (wisdom->count >= MOST_ENTRIES)
        TRY(fail(CVY_ERR_LIMIT, "wisdom holds %d entries at most", MOST_ENTRIES));
    TRY(array_reserve(&wisdom->entries, &wisdom->cap, wisdom->count, sizeof *wisdom->entries));
    wisdom->entries[wisdom->count++] = *entry;
    return CVY_OK;
out:
    entry_free(entry);
    return st;
}

static cvy_status wisdom_add(struct wisdom *wisdom, const struct wisdom_entry *entry)
{
    struct wisdom_entry own = *entry;
    cvy_status st = CVY_OK;

    own.device = own.key = NULL;
    TRY(string_copy(entry->device, &own.device));
    TRY(string_copy(entry->key, &own.key));
    pthread_mutex_lock(&wisdom->lock);
    st = put_locked(wisdom, &own);
    pthread_mutex_unlock(&wisdom->lock);
    return st;
out:
    entry_free(&own);
    return st;
}

cvy_status wisdom_put(struct wisdom *wisdom, const char *device, const char *key,
                      const struct wisdom_choice *choice)
{
    struct wisdom_entry entry = { .algo = choice->algo, .config = choice->config,
                                  .seconds = choice->seconds, .error = choice->error };
    char device_copy[KEY_BYTES], key_copy[KEY_BYTES];

    snprintf(device_copy, sizeof device_copy, "%s", device);
    snprintf(key_copy, sizeof key_copy, "%s", key);
    entry.device = device_copy;
    entry.key = key_copy;
    return wisdom_add(wisdom, &entry);
}

static void choose(const struct wisdom_entry *entry, struct wisdom_choice *out)
{
    out->algo = entry->algo;
    out->config = entry->config;
    out->seconds = entry->seconds;
    out->error = entry->error;
    snprintf(out->key, sizeof out->key, "%s", entry->key);
}

bool wisdom_find(struct wisdom *wisdom, const char *device, const char *key, bool near,
                 wisdom_fits fits, const void *of, struct wisdom_choice *out)
{
    const struct wisdom_entry *best = NULL;
    double least = MOST_DISTANCE;

    if (!wisdom)
        return false;
    pthread_mutex_lock(&wisdom->lock);
    for (size_t i = 0; i < wisdom->count; i++) {
        const struct wisdom_entry *e = &wisdom->entries[i];
        double distance = 0.0;

        if (strcmp(e->device, device) != 0 || !fits(of, e->algo))
            continue;
        if (near)
            distance = key_distance(e->key, key);
        else if (strcmp(e->key, key) != 0)
            continue;
        if (distance < 0.0 || distance > least
            || (best && distance == least && e->seconds >= best->seconds))
            continue;
        best = e;
        least = distance;
        if (!near)
            least = 0.0;
    }
    if (best)
        choose(best, out);
    pthread_mutex_unlock(&wisdom->lock);
    return best != NULL;
}

bool wisdom_each(struct wisdom *wisdom, const char *device, size_t *at, struct wisdom_choice *out)
{
    bool found = false;

    pthread_mutex_lock(&wisdom->lock);
    for (; *at < wisdom->count && !found; ++*at) {
        found = strcmp(wisdom->entries[*at].device, device) == 0;
        if (found)
            choose(&wisdom->entries[*at], out);
    }
    pthread_mutex_unlock(&wisdom->lock);
    return found;
}

// Text --------------------------------------------------------------------------------------------

static int compare_entries(const void *a, const void *b)
{
    const struct wisdom_entry *x = *(const struct wisdom_entry *const *)a;
    const struct wisdom_entry *y = *(const struct wisdom_entry *const *)b;
    int device = strcmp(x->device, y->device), key = strcmp(x->key, y->key);

    return device ? device : key ? key : (int)x->algo->accuracy - (int)y->algo->accuracy;
}

cvy_status wisdom_write(struct wisdom *wisdom, bool all, struct text *out)
{
    const struct wisdom_entry **sorted = NULL;
    size_t count = 0;
    cvy_status st;

    pthread_mutex_lock(&wisdom->lock);
    st = zalloc((wisdom->count + 1) * sizeof *sorted, &sorted);
    for (size_t i = 0; st == CVY_OK && i < wisdom->count; i++)
        if (all || !wisdom->entries[i].system)
            sorted[count++] = &wisdom->entries[i];
    if (st == CVY_OK) {
        qsort(sorted, count, sizeof *sorted, compare_entries);
        wisdom_head(out);
        for (size_t i = 0; i < count; i++)
            wisdom_line(sorted[i], out);
    }
    pthread_mutex_unlock(&wisdom->lock);
    free(sorted);
    return st != CVY_OK ? st : text_status(out);
}

cvy_status wisdom_read(struct wisdom *wisdom, const char *text, size_t length, bool system,
                       struct wisdom_report *report)
{
    struct wisdom_report dummy;
    struct wisdom_lines lines = { .at = text, .end = text + length };
    struct wisdom_entry entry;
    char buffer[WISDOM_LINE];
    cvy_status st = CVY_OK;

    report = report ? report : &dummy;
    memset(report, 0, sizeof *report);
    while (wisdom_next(&lines)) {
        const char *why = wisdom_parse(&lines, buffer, &entry);

        if (why && *why) {
            report->skipped++;
            report->line = report->why ? report->line : lines.number;
            report->why = report->why ? report->why : why;
        } else if (!why) {
            entry.system = system;
            TRY(wisdom_add(wisdom, &entry));
            report->taken++;
        }
    }
out:
    return st == CVY_ERR_LIMIT ? CVY_OK : st;
}
