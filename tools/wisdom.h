// Where the programs keep what they know of devices (tune.h).
#ifndef CONVOY_TOOLS_WISDOM_H
#define CONVOY_TOOLS_WISDOM_H

#include <stdbool.h>
#include <stddef.h>

enum { WISDOM_PATH = 1024 };

// `name` in the folder given, else in convoy in XDG_CACHE_HOME or ~/.cache, where the library keeps
// its programs, too. False where there is none to be had.
bool cache_path(const char *given, const char *name, char path[WISDOM_PATH]);
// The file given, else CONVOY_WISDOM, else convoy/wisdom in XDG_CACHE_HOME or ~/.cache. NULL where
// there is none to be had, and where CONVOY_WISDOM is empty: path is its memory.
const char *wisdom_path(const char *given, char path[WISDOM_PATH]);
// Makes the folders that the file is in. False with errno set.
bool wisdom_make_folders(const char *path);

#endif
