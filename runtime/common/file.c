// Whole files: read with distrust, replaced in one step.
#include "common/file.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/resource.h>

static const struct file_calls system_calls = {
#define X(name) .name = name,
    FILE_FUNCS(X)
#undef X
};

static _Atomic(const struct file_calls *) current;     // NULL: the system's

const struct file_calls *file_calls(void)
{
    const struct file_calls *table = atomic_load(&current);

    return table ? table : &system_calls;
}

const struct file_calls *file_calls_swap(const struct file_calls *table)
{
    const struct file_calls *old = file_calls();

    atomic_store(&current, table);
    return old;
}

// False, for the caller to return.
static bool trouble(struct file_trouble *why, const char *what, int code)
{
    *why = (struct file_trouble) { what, code };
    return false;
}

static cvy_status io_fail(const char *path, struct file_trouble why)
{
    char text[80];

    if (why.code == ENOMEM)
        return fail(CVY_ERR_NOMEM_HOST, "%.400s: %s: no memory", path, why.what);
    if (why.code == 0)
        return fail(CVY_ERR_IO, "%.400s %s", path, why.what);
    return fail(CVY_ERR_IO, "%.400s: %s: %s", path, why.what,
                strerror_r(why.code, text, sizeof text));
}

// Reading -----------------------------------------------------------------------------------------

static int open_again(int folder, const char *name, int flags)
{
    int file;

    do {
        file = file_calls()->openat(folder, name, flags | O_NOFOLLOW | O_CLOEXEC, 0600);
    } while (file < 0 && errno == EINTR);
    return file;
}

int file_open(int folder, const char *name, struct stat *facts, struct file_trouble *why)
{
    int file = open_again(folder, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);

    if (file < 0)
        trouble(why, "cannot open", errno);
    else if (file_calls()->fstat(file, facts) != 0)
        trouble(why, "cannot look at", errno);
    else if (!S_ISREG(facts->st_mode))
        trouble(why, "is no regular file", 0);
    else
        return file;
    if (file >= 0)
        file_calls()->close(file);
    return -1;
}

bool file_read(int file, void *data, size_t size, size_t *length, struct file_trouble *why)
{
    *length = 0;
    while (*length < size) {
        ssize_t got = file_calls()->read(file, (char *)data + *length, size - *length);

        if (got == 0)
            break;
        if (got > 0)
            *length += (size_t)got;
        else if (errno != EINTR)
            return trouble(why, "cannot read", errno);
    }
    return true;
}

cvy_status file_load(const char *path, size_t most, char **data, size_t *length, bool *there)
{
    struct file_trouble why;
    struct stat facts;
    int file = file_open(AT_FDCWD, path, &facts, &why);
    char *bytes = NULL;
    cvy_status st = CVY_OK;

    *data = NULL;
    *length = 0;
    *there = file >= 0 || why.code != ENOENT;
    if (file < 0)
        return io_fail(path, why);
    if (facts.st_size < 0 || (uint64_t)facts.st_size > most)
        TRY(fail(CVY_ERR_IO, "%.400s has %lld bytes; at most %zu are read", path,
                 (long long)facts.st_size, most));
    TRY(zalloc((size_t)facts.st_size + 1, &bytes));
    if (!file_read(file, bytes, (size_t)facts.st_size, length, &why))
        TRY(io_fail(path, why));
    *data = bytes;
    bytes = NULL;
out:
    free(bytes);
    file_calls()->close(file);
    return st;
}

// Replacing ---------------------------------------------------------------------------------------

static bool write_all(int file, struct file_part part, struct file_trouble *why)
{
    const char *data = part.data;

    while (part.length > 0) {
        ssize_t written = file_calls()->write(file, data, part.length);

        if (written > 0) {
            data += written;
            part.length -= (size_t)written;
        } else if (written == 0 || errno != EINTR) {
            return trouble(why, "cannot write", written == 0 ? ENOSPC : errno);
        }
    }
    return true;
}

static bool sync_again(int file)
{
    int got;

    do {
        got = file_calls()->fsync(file);
    } while (got != 0 && errno == EINTR);
    return got == 0;
}

// Closes the file, whatever happens.
static bool fill(int file, const struct file_part *parts, size_t count, struct file_trouble *why)
{
    bool good = true;

    for (size_t i = 0; i < count && good; i++)
        good = write_all(file, parts[i], why);
    if (good && !sync_again(file))
        good = trouble(why, "cannot sync", errno);
    // An interrupted close has closed, and the bytes are on the disk already.
    if (file_calls()->close(file) != 0 && good && errno != EINTR)
        good = trouble(why, "cannot close", errno);
    return good;
}

// A write beyond the process's limit would raise a signal.
static bool within_limit(const struct file_part *parts, size_t count)
{
    struct rlimit limit;
    size_t length = 0;

    for (size_t i = 0; i < count; i++)
        length += parts[i].length;
    return getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY
        || length <= limit.rlim_cur;
}

// A new file beside `name`, mode 0600, its name in `beside`.
static int open_beside(int folder, const char *name, char *beside, size_t size,
                       struct file_trouble *why)
{
    int file = -1;

    for (int i = 0; i < 100 && file < 0; i++) {
        snprintf(beside, size, "%s.%ld-%d.tmp", name, (long)getpid(), i);
        file = open_again(folder, beside, O_WRONLY | O_CREAT | O_EXCL);
        if (file < 0 && errno != EEXIST)
            break;
    }
    if (file < 0)
        trouble(why, "cannot create a file beside it", errno);
    return file;
}

static bool replace_by(int folder, const char *name, char *beside, size_t size,
                       const struct file_part *parts, size_t count, struct file_trouble *why)
{
    int file = open_beside(folder, name, beside, size, why);
    bool good = file >= 0 && fill(file, parts, count, why);

    if (good && file_calls()->renameat(folder, beside, folder, name) != 0)
        good = trouble(why, "cannot rename to", errno);
    if (!good && file >= 0)
        file_calls()->unlinkat(folder, beside, 0);
    return good;
}

bool file_replace_at(int folder, const char *name, const struct file_part *parts, size_t count,
                     struct file_trouble *why)
{
    size_t size = strlen(name) + 48;
    char *beside;
    bool good;

    if (!within_limit(parts, count))
        return trouble(why, "would be larger than this process may write", 0);
    beside = malloc(size);
    if (!beside)
        return trouble(why, "cannot create a file beside it", ENOMEM);
    good = replace_by(folder, name, beside, size, parts, count, why);
    free(beside);
    return good;
}

cvy_status file_replace(const char *path, const char *data, size_t length)
{
    const struct file_part part = { data, length };
    struct file_trouble why;
    struct stat facts;

    if (file_calls()->fstatat(AT_FDCWD, path, &facts, AT_SYMLINK_NOFOLLOW) == 0
        && !S_ISREG(facts.st_mode))
        return fail(CVY_ERR_IO, "%.400s is no regular file, and is not replaced", path);
    return file_replace_at(AT_FDCWD, path, &part, 1, &why) ? CVY_OK : io_fail(path, why);
}
