// Files: the one list of the calls that the library makes for them, and whole files, which are read
// with distrust and replaced in one step.
#ifndef CVY_FILE_H
#define CVY_FILE_H

#include "common/common.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_FUNCS(X)                                                                       \
    X(openat) X(close) X(read) X(write) X(fsync) X(fstat) X(fstatat) X(futimens)            \
    X(renameat) X(unlinkat) X(mkdir) X(fdopendir) X(readdir) X(closedir)                    \
    X(flock) X(getcwd) X(geteuid) X(secure_getenv)

struct file_calls {
#define X(name) __typeof__(name) *name;
    FILE_FUNCS(X)
#undef X
};

// The table that every call goes through.
const struct file_calls *file_calls(void);
// For tests: puts another table in place (NULL: the system's) and gives back the one before.
const struct file_calls *file_calls_swap(const struct file_calls *table);

// The bytes of a regular file of at most `most` bytes; free *data. Never follows a symbolic link at
// the end of the path, and never blocks. *there is false if no such file exists (then IO, too).
// Errors: IO with the path and why, NOMEM_HOST.
cvy_status file_load(const char *path, size_t most, char **data, size_t *length, bool *there);

// Puts the bytes in place of the file, whole or not at all: a file beside it is written, synced and
// renamed. Only a regular file, or none, is replaced. Errors: IO, NOMEM_HOST; the old file is then
// intact.
cvy_status file_replace(const char *path, const char *data, size_t length);

// The parts of both, for callers that keep the thread's error as it is. `folder` is an open one, or
// AT_FDCWD.

struct file_trouble {
    const char *what;       // "cannot write"
    int code;               // errno, 0 if there is none
};
struct file_part {
    const void *data;
    size_t length;
};

// Opens a regular file to read it: no link is followed, nothing blocks. -1: see *why.
int file_open(int folder, const char *name, struct stat *facts, struct file_trouble *why);
// Reads until `size` bytes or the end. False: see *why; *length bytes were read.
bool file_read(int file, void *data, size_t size, size_t *length, struct file_trouble *why);
// As file_replace, of several parts, but whatever is there is replaced, unless it is a folder. The
// file beside it is NAME.PID-NUMBER.tmp, and stays if the process ends before the rename.
bool file_replace_at(int folder, const char *name, const struct file_part *parts, size_t count,
                     struct file_trouble *why);

#endif
