// Files that the library reads and replaces as a whole.
#ifndef CVY_FILE_H
#define CVY_FILE_H

#include "common/common.h"

// The bytes of a regular file of at most `most` bytes; free *data. Never follows a symbolic link at
// the end of the path, and never blocks. *there is false if no such file exists (then IO, too).
// Errors: IO with the path and why, NOMEM_HOST.
cvy_status file_load(const char *path, size_t most, char **data, size_t *length, bool *there);

// Puts the bytes in place of the file, whole or not at all: a file beside it is written, synced and
// renamed. Only a regular file, or none, is replaced. Errors: IO; the old file is then intact.
cvy_status file_replace(const char *path, const char *data, size_t length);

#endif
