// The program cache: a program's binary by key, in files or in the application's hands. A hint:
// whatever happens to it changes time, and nothing else. Knows no OpenCL.
#ifndef CVY_CL_CACHE_H
#define CVY_CL_CACHE_H

#include "common/common.h"

struct cache;

// What a binary was made of and for. Texts of any length.
struct cache_key {
    const char *source;     // the program's text and the compiler's options
    const char *device;     // platform, device, pointer size
    const char *build;      // versions of library and driver: of another build an entry is outdated
};

// Never fails for what the disk says: without a folder that can be trusted there is no cache. The
// folder is made at the first put. Errors: ARGUMENT (contradictory params), NOMEM_HOST.
cvy_status cache_new(const cvy_cache_params *params, struct cache **out);
void cache_free(struct cache *cache);   // NULL is fine

// The bytes last put under the key, checked by their digest before anybody sees one; free *data.
// False: there are none that are right, and the statistics say why.
bool cache_get(struct cache *cache, const struct cache_key *key, char **data, size_t *length);
// False: not stored, which is no failure of the caller's.
bool cache_put(struct cache *cache, const struct cache_key *key, const char *data, size_t length);
// The driver does not take what the digest says is whole.
void cache_drop(struct cache *cache, const struct cache_key *key);
void cache_stats(const struct cache *cache, cvy_cache_stats *out);

// The folder, made and trusted, for files beside the entries: NULL without one. Names that begin
// with "guard-" and "quarantine-" are others': never taken for entries, counted or evicted.
const char *cache_folder(struct cache *cache);

#endif
