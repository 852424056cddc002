// Files as a whole: read into memory with a bound on their size.
#ifndef CONVOY_TOOLS_FILES_H
#define CONVOY_TOOLS_FILES_H

#include <stdbool.h>
#include <stddef.h>

enum { FILE_ERROR = 200 };

// *data is malloc'ed, with a NUL behind its last byte. A file over `most` bytes is refused. Fills
// error, without the file's name, on failure.
bool file_read(const char *path, size_t most, void **data, size_t *bytes, char error[FILE_ERROR]);

#endif
