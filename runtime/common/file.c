// Whole files: read with distrust, replaced in one step.
#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static cvy_status io_fail(const char *path, const char *what, int code)
{
    char why[80];

    if (strerror_r(code, why, sizeof why) != 0)
        snprintf(why, sizeof why, "error %d", code);
    return fail(CVY_ERR_IO, "%.400s: %s: %s", path, what, why);
}

static cvy_status read_all(int file, const char *path, char *data, size_t size, size_t *length)
{
    *length = 0;
    while (*length < size) {
        ssize_t got = read(file, data + *length, size - *length);

        if (got == 0)
            break;
        if (got > 0)
            *length += (size_t)got;
        else if (errno != EINTR)
            return io_fail(path, "cannot read", errno);
    }
    return CVY_OK;
}

cvy_status file_load(const char *path, size_t most, char **data, size_t *length, bool *there)
{
    int file = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    struct stat facts;
    char *bytes = NULL;
    cvy_status st = CVY_OK;

    *data = NULL;
    *length = 0;
    *there = file >= 0 || errno != ENOENT;
    if (file < 0)
        return io_fail(path, "cannot open", errno);
    if (fstat(file, &facts) != 0)
        TRY(io_fail(path, "cannot look at", errno));
    if (!S_ISREG(facts.st_mode))
        TRY(fail(CVY_ERR_IO, "%.400s is no regular file", path));
    if (facts.st_size < 0 || (uint64_t)facts.st_size > most)
        TRY(fail(CVY_ERR_IO, "%.400s has %lld bytes; at most %zu are read", path,
                 (long long)facts.st_size, most));
    TRY(zalloc((size_t)facts.st_size + 1, &bytes));
    TRY(read_all(file, path, bytes, (size_t)facts.st_size, length));
    *data = bytes;
    bytes = NULL;
out:
    free(bytes);
    close(file);
    return st;
}

static cvy_status write_all(int file, const char *path, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t written = write(file, data, length);

        if (written > 0) {
            data += written;
            length -= (size_t)written;
        } else if (written == 0 || errno != EINTR) {
            return io_fail(path, "cannot write", written == 0 ? ENOSPC : errno);
        }
    }
    return fsync(file) == 0 ? CVY_OK : io_fail(path, "cannot sync", errno);
}

// A write beyond the process's limit would raise a signal.
static bool within_limit(size_t length)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY
        || length <= limit.rlim_cur;
}

// A new file beside `path`, mode 0600; *name is freed by the caller.
static cvy_status open_beside(const char *path, char **name, int *file)
{
    size_t size = strlen(path) + 48;
    cvy_status st = zalloc(size, name);

    *file = -1;
    if (st != CVY_OK)
        return st;
    for (int i = 0; i < 100 && *file < 0; i++) {
        snprintf(*name, size, "%s.%ld-%d.tmp", path, (long)getpid(), i);
        *file = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (*file < 0 && errno != EEXIST)
            break;
    }
    return *file >= 0 ? CVY_OK : io_fail(*name, "cannot create", errno);
}

cvy_status file_replace(const char *path, const char *data, size_t length)
{
    struct stat facts;
    char *name = NULL;
    int file = -1;
    cvy_status st = CVY_OK;

    if (lstat(path, &facts) == 0 && !S_ISREG(facts.st_mode))
        return fail(CVY_ERR_IO, "%.400s is no regular file, and is not replaced", path);
    if (!within_limit(length))
        return fail(CVY_ERR_IO, "%.400s: %zu bytes are more than this process may write", path,
                    length);
    TRY(open_beside(path, &name, &file));
    st = write_all(file, name, data, length);
    if (close(file) != 0 && st == CVY_OK)
        st = io_fail(name, "cannot close", errno);
    if (st == CVY_OK && rename(name, path) != 0)
        st = io_fail(path, "cannot rename to", errno);
    if (st != CVY_OK)
        unlink(name);
out:
    free(name);
    return st;
}
