// One entry of the program cache as bytes. Inside of the cache only.
#ifndef CVY_CL_CACHE_ENTRY_H
#define CVY_CL_CACHE_ENTRY_H

#include "cl/cache.h"
#include "common/digest.h"

// The fields of cvy_cache_stats. What looks at an entry gives its reason not to take it as one of
// them, and COUNT_HITS if there is none.
enum cache_count {
    COUNT_HITS, COUNT_MISSES, COUNT_STORED, COUNT_EVICTED, COUNT_TRUNCATED, COUNT_EXTENDED,
    COUNT_CORRUPT, COUNT_OUTDATED, COUNT_OTHER_DEVICE, COUNT_NEWER_FORMAT, COUNT_UNTRUSTED_OWNER,
    COUNT_UNWRITABLE, CACHE_COUNTS
};

// An entry is a head and the data. The first 16 bytes of the head are the same in every format, so
// that an older Convoy knows a newer one's entries, and does not take damage for them:
//   0 "CVYCACHE"   8 format, 12 its complement   16 bytes of data
//   24, 56, 88 digests of the key's source, device and build
//   120 digest of all the rest: what is before it, and the data
// Numbers are little-endian, of 4 bytes, and 8 for the length.
enum { ENTRY_FORMAT = 1, ENTRY_DIGEST_AT = 120, ENTRY_HEAD = ENTRY_DIGEST_AT + DIGEST_BYTES };

struct entry_key {
    unsigned char source[DIGEST_BYTES], device[DIGEST_BYTES], build[DIGEST_BYTES];
    char name[DIGEST_TEXT];    // of format, source and device: builds replace each other
};

void entry_key_of(const struct cache_key *key, struct entry_key *out);
void entry_write_head(const struct entry_key *key, const void *data, size_t length,
                      unsigned char head[ENTRY_HEAD]);

// What the first min(size, ENTRY_HEAD) bytes tell of an entry of `size` bytes: whether it is worth
// reading. Nothing is proved by it but a newer format.
enum cache_count entry_check_head(const unsigned char *head, uint64_t size);
// Of the whole entry.
enum cache_count entry_check(const unsigned char *entry, size_t size, const struct entry_key *key);

#endif
