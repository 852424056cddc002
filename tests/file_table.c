// One wrapper for each function of FILE_FUNCS; a missing one does not compile.
#include "file_table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>

enum function {
#define X(name) ID_##name,
    FILE_FUNCS(X)
#undef X
    FUNCTIONS
};
static const char *const function_names[] = {
#define X(name) #name,
    FILE_FUNCS(X)
#undef X
};

struct file_lies file_lies;
static _Atomic int calls[FUNCTIONS], open_now;
static struct {
    const char *function;
    int first;              // number of the first call that fails, 0: none
    bool sticky;
    int code;
    int stop;               // number of the last call of the process, 0: none
    bool half;
    _Atomic int seen, fired;
} fault;

// Whether a call is to fail; errno is set then.
static bool arrive(enum function id)
{
    int number;

    atomic_fetch_add(&calls[id], 1);
    if (fault.function && strcmp(fault.function, function_names[id]) != 0)
        return false;
    number = atomic_fetch_add(&fault.seen, 1) + 1;
    if (!fault.first || (number != fault.first && !(fault.sticky && number > fault.first)))
        return false;
    atomic_store(&fault.fired, 1);
    errno = fault.code;
    return true;
}

static bool last_call(void)
{
    return fault.stop && atomic_load(&fault.seen) == fault.stop;
}

// The result, unless that was the last call: then nobody sees it.
static long leave(long result)
{
    if (last_call())
        _exit(0);
    return result;
}

static void count_open(bool opened)
{
    atomic_fetch_add(&open_now, opened);
}

// Calls -------------------------------------------------------------------------------------------

static int wrap_openat(int folder, const char *path, int flags, ...)
{
    mode_t mode = 0;
    va_list args;
    int file;

    if (arrive(ID_openat))
        return -1;
    va_start(args, flags);
    if (flags & O_CREAT)
        mode = va_arg(args, mode_t);
    va_end(args);
    file = openat(folder, path, flags, mode);
    count_open(file >= 0);
    return (int)leave(file);
}

static int wrap_close(int file)
{
    bool failed = arrive(ID_close);
    int code = errno, got = close(file);

    atomic_fetch_sub(&open_now, 1);
    errno = failed ? code : errno;
    return (int)leave(failed ? -1 : got);
}

static ssize_t wrap_read(int file, void *data, size_t size)
{
    if (arrive(ID_read))
        return -1;
    if (file_lies.most_read)
        size = MIN(size, file_lies.most_read);
    return leave(read(file, data, size));
}

static ssize_t wrap_write(int file, const void *data, size_t size)
{
    if (arrive(ID_write))
        return -1;
    if (file_lies.most_written)
        size = MIN(size, file_lies.most_written);
    if (fault.half && last_call())
        size /= 2;
    return leave(write(file, data, size));
}

static int wrap_fsync(int file)
{
    return arrive(ID_fsync) ? -1 : (int)leave(fsync(file));
}

static int wrap_fstat(int file, struct stat *out)
{
    if (arrive(ID_fstat) || fstat(file, out) != 0)
        return -1;
    out->st_uid += S_ISREG(out->st_mode) ? file_lies.other_owner : 0;
    return (int)leave(0);
}

static int wrap_fstatat(int folder, const char *path, struct stat *out, int flags)
{
    return arrive(ID_fstatat) ? -1 : (int)leave(fstatat(folder, path, out, flags));
}

static int wrap_futimens(int file, const struct timespec times[2])
{
    return arrive(ID_futimens) ? -1 : (int)leave(futimens(file, times));
}

static int wrap_renameat(int from, const char *old, int to, const char *new)
{
    return arrive(ID_renameat) ? -1 : (int)leave(renameat(from, old, to, new));
}

static int wrap_unlinkat(int folder, const char *path, int flags)
{
    return arrive(ID_unlinkat) ? -1 : (int)leave(unlinkat(folder, path, flags));
}

static int wrap_mkdir(const char *path, mode_t mode)
{
    int got = arrive(ID_mkdir) ? -1 : mkdir(path, mode);

    if (got == 0 && file_lies.others_make) {
        errno = EEXIST;
        got = -1;
    }
    return (int)leave(got);
}

static DIR *wrap_fdopendir(int file)
{
    DIR *list = arrive(ID_fdopendir) ? NULL : fdopendir(file);

    leave(0);
    return list;
}

static struct dirent *wrap_readdir(DIR *list)
{
    struct dirent *each = arrive(ID_readdir) ? NULL : readdir(list);

    leave(0);
    return each;
}

static int wrap_closedir(DIR *list)
{
    bool failed = arrive(ID_closedir);
    int code = errno, got = closedir(list);

    atomic_fetch_sub(&open_now, 1);
    errno = failed ? code : errno;
    return (int)leave(failed ? -1 : got);
}

static int wrap_flock(int file, int operation)
{
    return arrive(ID_flock) ? -1 : (int)leave(flock(file, operation));
}

static char *wrap_getcwd(char *out, size_t size)
{
    char *got = arrive(ID_getcwd) ? NULL : getcwd(out, size);

    leave(0);
    return got;
}

// These cannot fail.

static uid_t wrap_geteuid(void)
{
    return geteuid() + file_lies.other_user;
}

static char *wrap_secure_getenv(const char *name)
{
    return file_lies.secure ? NULL : secure_getenv(name);
}

static const struct file_calls table = {
#define X(name) .name = wrap_##name,
    FILE_FUNCS(X)
#undef X
};

// Control -----------------------------------------------------------------------------------------

void file_table_install(void)
{
    file_calls_swap(&table);
}

static void rearm(const char *function, int first)
{
    fault.function = function;
    fault.first = first;
    fault.stop = 0;
    atomic_store(&fault.seen, 0);
    atomic_store(&fault.fired, 0);
}

void file_table_fail(const char *function, int nth, bool sticky, int code)
{
    rearm(function, nth);
    fault.sticky = sticky;
    fault.code = code;
}

void file_table_stop(int nth, bool half)
{
    rearm(NULL, 0);
    fault.stop = nth;
    fault.half = half;
}

bool file_table_fired(void)
{
    return atomic_load(&fault.fired);
}

void file_table_heal(void)
{
    rearm(NULL, 0);
    file_lies = (struct file_lies) { 0 };
}

int file_table_calls(const char *function)
{
    int sum = 0;

    for (int i = 0; i < FUNCTIONS; i++)
        sum += !function || strcmp(function, function_names[i]) == 0 ? atomic_load(&calls[i]) : 0;
    return sum;
}

int file_table_open(void)
{
    return atomic_load(&open_now);
}
