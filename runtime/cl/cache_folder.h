// The folder of the program cache: opened with distrust, and kept to its size. Inside of the cache
// only.
#ifndef CVY_CL_CACHE_FOLDER_H
#define CVY_CL_CACHE_FOLDER_H

#include "cl/cache_entry.h"
#include "common/file.h"

enum { ENTRY_FILE_NAME = 2 * DIGEST_BYTES + 5 };    // "NAME.cvy" with its NUL
void entry_file_name(const struct entry_key *key, char out[ENTRY_FILE_NAME]);

// The folder of params, or the platform's; NULL if there is none. Free *out. Errors: NOMEM_HOST.
cvy_status folder_choose(const char *wanted, char **out);

// Opens the folder; with `make` it and its parents are made if there is none, else that is a miss.
// COUNT_HITS: it can be trusted, and *out is to be closed.
enum cache_count folder_open(const char *path, bool make, int *out);

// Opens an entry to read. COUNT_HITS: it is a plain file of ours, and *out is to be closed.
enum cache_count folder_open_entry(int folder, const char *name, struct stat *facts, int *out);
// Whether there is an entry of a newer format, which is not ours to replace or remove.
bool folder_holds_newer(int folder, const char *name);

// Removes the least recently used entries but `keep` until the others have at most `most` bytes,
// and what dead processes left half-written. Gives the bytes of the others, adds to *evicted.
int64_t folder_shrink(int folder, const char *keep, int64_t most, size_t *evicted);

#endif
