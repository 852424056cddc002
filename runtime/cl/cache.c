// The store: what is asked for and put, in a folder or in the application's hands.
#include "cl/cache.h"

#include "cl/cache_folder.h"

#include <stdatomic.h>

enum { DEFAULT_MIB = 256 };

struct cache {
    bool off;
    char *folder;                       // NULL: none
    cvy_cache_get_fn get;               // NULL: files
    cvy_cache_put_fn put;
    void *user;
    int64_t max_bytes;
    _Atomic int64_t room;               // bytes to store before the folder is looked through again
    _Atomic size_t counts[CACHE_COUNTS];
};

static void count(struct cache *cache, enum cache_count what)
{
    atomic_fetch_add(&cache->counts[what], 1);
}

static cvy_status check_params(const cvy_cache_params *params)
{
    if (!params->get != !params->put)
        return fail(CVY_ERR_ARGUMENT, "cache.%s is NULL, and the other callback is not",
                    params->get ? "put" : "get");
    if (params->get && params->folder && params->folder[0])
        return fail(CVY_ERR_ARGUMENT, "cache.folder and cache.get are both set");
    if (params->max_bytes < 0)
        return fail(CVY_ERR_ARGUMENT, "cache.max_bytes is %lld; it must be 0 or more",
                    (long long)params->max_bytes);
    return CVY_OK;
}

cvy_status cache_new(const cvy_cache_params *params, struct cache **out)
{
    struct cache *cache = NULL;
    cvy_status st = CVY_OK;

    *out = NULL;
    TRY(check_params(params));
    TRY(zalloc(sizeof *cache, &cache));
    cache->off = params->off;
    cache->get = params->get;
    cache->put = params->put;
    cache->user = params->user;
    cache->max_bytes = params->max_bytes ? params->max_bytes : (int64_t)DEFAULT_MIB << 20;
    if (!cache->off && !cache->get)
        TRY(folder_choose(params->folder, &cache->folder));
    *out = cache;
    cache = NULL;
out:
    cache_free(cache);
    return st;
}

void cache_free(struct cache *cache)
{
    if (!cache)
        return;
    free(cache->folder);
    free(cache);
}

// Getting -----------------------------------------------------------------------------------------

// Gives the data of a whole entry away, or frees it.
static enum cache_count take(unsigned char *entry, size_t size, const struct entry_key *key,
                             char **data, size_t *length)
{
    enum cache_count why = entry_check(entry, size, key);

    if (why != COUNT_HITS) {
        free(entry);
        return why;
    }
    *length = size - ENTRY_HEAD;
    memmove(entry, entry + ENTRY_HEAD, *length);
    *data = (char *)entry;
    return COUNT_HITS;
}

// Memory for an entry whose head is there, and was found good.
static enum cache_count room_for(const struct cache *cache, const unsigned char *head,
                                 uint64_t size, unsigned char **out)
{
    *out = NULL;
    if (size > (uint64_t)cache->max_bytes || size > SIZE_MAX)
        return COUNT_CORRUPT;       // not one that was put here
    *out = calloc(1, (size_t)size);
    if (!*out)
        return COUNT_MISSES;
    memcpy(*out, head, ENTRY_HEAD);
    return COUNT_HITS;
}

static enum cache_count read_entry(const struct cache *cache, int file, uint64_t size,
                                   const struct entry_key *key, char **data, size_t *length)
{
    unsigned char head[ENTRY_HEAD], *entry = NULL;
    struct file_trouble trouble;
    enum cache_count why;
    size_t got;

    if (!file_read(file, head, sizeof head, &got, &trouble))
        return COUNT_UNWRITABLE;
    why = entry_check_head(head, got < ENTRY_HEAD ? got : size);
    if (why == COUNT_HITS)
        why = room_for(cache, head, size, &entry);
    if (why != COUNT_HITS)
        return why;
    if (!file_read(file, entry + ENTRY_HEAD, (size_t)size - ENTRY_HEAD, &got, &trouble)) {
        free(entry);
        return COUNT_UNWRITABLE;
    }
    return take(entry, ENTRY_HEAD + got, key, data, length);
}

static enum cache_count get_file(const struct cache *cache, const struct entry_key *key,
                                 char **data, size_t *length)
{
    char name[ENTRY_FILE_NAME];
    struct stat facts;
    int folder, file;
    enum cache_count why;

    entry_file_name(key, name);
    why = cache->folder ? folder_open(cache->folder, false, &folder) : COUNT_MISSES;
    if (why != COUNT_HITS)
        return why;
    why = folder_open_entry(folder, name, &facts, &file);
    if (why == COUNT_HITS) {
        why = read_entry(cache, file, (uint64_t)facts.st_size, key, data, length);
        if (why == COUNT_HITS)
            file_calls()->futimens(file, NULL);     // used now; if it cannot be said, no matter
        file_calls()->close(file);
    }
    file_calls()->close(folder);
    return why;
}

static enum cache_count get_called(const struct cache *cache, const struct entry_key *key,
                                   char **data, size_t *length)
{
    unsigned char head[ENTRY_HEAD] = { 0 }, *entry = NULL;
    size_t size = cache->get(cache->user, key->name, head, sizeof head), again;
    enum cache_count why = size ? entry_check_head(head, size) : COUNT_MISSES;

    if (why == COUNT_HITS)
        why = room_for(cache, head, size, &entry);
    if (why != COUNT_HITS)
        return why;
    // It may be another one by now.
    again = cache->get(cache->user, key->name, entry, size);
    if (again != size) {
        free(entry);
        return again < size ? COUNT_TRUNCATED : COUNT_EXTENDED;
    }
    return take(entry, size, key, data, length);
}

bool cache_get(struct cache *cache, const struct cache_key *key, char **data, size_t *length)
{
    struct entry_key digests;
    enum cache_count why;

    *data = NULL;
    *length = 0;
    if (cache->off)
        return false;
    entry_key_of(key, &digests);
    why = cache->get ? get_called(cache, &digests, data, length)
                     : get_file(cache, &digests, data, length);
    if (why != COUNT_HITS)
        count(cache, COUNT_MISSES);
    if (why != COUNT_MISSES)
        count(cache, why);
    return why == COUNT_HITS;
}

// Putting -----------------------------------------------------------------------------------------

// Looks through the folder at the first put, and then when a quarter of what was free then has been
// used: other processes put, too.
static void make_room(struct cache *cache, int folder, const char *name, int64_t bytes)
{
    int64_t most = cache->max_bytes - bytes;
    size_t evicted = 0;

    if (atomic_fetch_sub(&cache->room, bytes) >= bytes)
        return;
    atomic_store(&cache->room, (most - folder_shrink(folder, name, most, &evicted)) / 4);
    atomic_fetch_add(&cache->counts[COUNT_EVICTED], evicted);
}

static enum cache_count put_file(struct cache *cache, const struct entry_key *key,
                                 const struct file_part parts[2])
{
    char name[ENTRY_FILE_NAME];
    struct file_trouble trouble;
    enum cache_count why;
    int folder;

    entry_file_name(key, name);
    why = cache->folder ? folder_open(cache->folder, true, &folder) : COUNT_UNWRITABLE;
    if (why != COUNT_HITS)
        return why;
    if (folder_holds_newer(folder, name)) {
        why = COUNT_NEWER_FORMAT;
    } else {
        make_room(cache, folder, name, (int64_t)(parts[0].length + parts[1].length));
        why = file_replace_at(folder, name, parts, 2, &trouble) ? COUNT_STORED : COUNT_UNWRITABLE;
    }
    file_calls()->close(folder);
    return why;
}

static enum cache_count put_called(const struct cache *cache, const struct entry_key *key,
                                   const struct file_part parts[2])
{
    size_t size = parts[0].length + parts[1].length;
    unsigned char head[ENTRY_HEAD] = { 0 }, *entry;
    bool kept;

    if (entry_check_head(head, cache->get(cache->user, key->name, head, sizeof head))
        == COUNT_NEWER_FORMAT)
        return COUNT_NEWER_FORMAT;
    entry = malloc(size);
    if (!entry)
        return COUNT_UNWRITABLE;
    memcpy(entry, parts[0].data, parts[0].length);
    memcpy(entry + parts[0].length, parts[1].data, parts[1].length);
    kept = cache->put(cache->user, key->name, entry, size);
    free(entry);
    return kept ? COUNT_STORED : COUNT_UNWRITABLE;
}

bool cache_put(struct cache *cache, const struct cache_key *key, const char *data, size_t length)
{
    unsigned char head[ENTRY_HEAD];
    const struct file_part parts[2] = { { head, ENTRY_HEAD }, { data, length } };
    struct entry_key digests;
    enum cache_count why = COUNT_UNWRITABLE;

    if (cache->off)
        return false;
    if (length <= (uint64_t)cache->max_bytes
        && length + ENTRY_HEAD <= (uint64_t)cache->max_bytes) {
        entry_key_of(key, &digests);
        entry_write_head(&digests, data, length, head);
        why = cache->get ? put_called(cache, &digests, parts) : put_file(cache, &digests, parts);
    }
    count(cache, why);
    return why == COUNT_STORED;
}

// The rest ----------------------------------------------------------------------------------------

void cache_drop(struct cache *cache, const struct cache_key *key)
{
    char name[ENTRY_FILE_NAME];
    struct entry_key digests;
    int folder;

    if (cache->off)
        return;
    count(cache, COUNT_CORRUPT);
    entry_key_of(key, &digests);
    entry_file_name(&digests, name);
    if (cache->get) {
        cache->put(cache->user, digests.name, NULL, 0);
    } else if (cache->folder && folder_open(cache->folder, false, &folder) == COUNT_HITS) {
        file_calls()->unlinkat(folder, name, 0);
        file_calls()->close(folder);
    }
}

void cache_stats(const struct cache *cache, cvy_cache_stats *out)
{
    const _Atomic size_t *counts = cache->counts;

    *out = (cvy_cache_stats) {
        .hits = counts[COUNT_HITS],
        .misses = counts[COUNT_MISSES],
        .stored = counts[COUNT_STORED],
        .evicted = counts[COUNT_EVICTED],
        .truncated = counts[COUNT_TRUNCATED],
        .extended = counts[COUNT_EXTENDED],
        .corrupt = counts[COUNT_CORRUPT],
        .outdated = counts[COUNT_OUTDATED],
        .other_device = counts[COUNT_OTHER_DEVICE],
        .newer_format = counts[COUNT_NEWER_FORMAT],
        .untrusted_owner = counts[COUNT_UNTRUSTED_OWNER],
        .unwritable = counts[COUNT_UNWRITABLE],
    };
}

const char *cache_folder(struct cache *cache)
{
    int folder;

    if (!cache->folder || folder_open(cache->folder, true, &folder) != COUNT_HITS)
        return NULL;
    file_calls()->close(folder);
    return cache->folder;
}
