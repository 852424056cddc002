// Reading files: a whole model, and tensors beside it that the model names. A file is read once and
// never mapped: what changes it later does not matter.
#include "onnx/tensor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#if __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#endif

// Of what is opened: no waiting for the other end of a pipe, no terminal of ours.
enum { READ_FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY };

static cvy_status io_fail(const char *what, const char *path)
{
    int number = errno;
    char text[128];

    return onnx_fail(CVY_ERR_IO, "%s \"%s\": %s", what, QUOTED(path),
                     strerror_r(number, text, sizeof text));
}

// CVY_ERR_IO without a text if the file is shorter.
static cvy_status read_all(int fd, void *data, size_t bytes, int64_t offset)
{
    size_t done = 0;

    while (done < bytes) {
        ssize_t got = pread(fd, (char *)data + done, bytes - done, offset + (off_t)done);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            errno = got ? errno : ENODATA;
            return CVY_ERR_IO;
        }
        done += (size_t)got;
    }
    return CVY_OK;
}

cvy_status onnx_file_read(const char *path, int64_t most, void **data, size_t *bytes)
{
    int fd = open(path, READ_FLAGS);
    struct stat info;
    cvy_status st = CVY_OK;

    *data = NULL;
    if (fd < 0 || fstat(fd, &info))
        st = io_fail("cannot open", path);
    else if (!S_ISREG(info.st_mode))
        st = onnx_fail(CVY_ERR_IO, "\"%s\" is no regular file", QUOTED(path));
    else if (info.st_size > most || (uint64_t)info.st_size >= SIZE_MAX)
        st = onnx_fail(CVY_ERR_MODEL_LIMIT, "\"%s\" has %lld bytes; max_bytes is %lld",
                       QUOTED(path), (long long)info.st_size, (long long)most);
    if (st == CVY_OK)
        st = onnx_zalloc((size_t)info.st_size, 1, data);
    if (st == CVY_OK && read_all(fd, *data, (size_t)info.st_size, 0)) {
        st = io_fail("cannot read", path);
        free(*data);
        *data = NULL;
    }
    if (st == CVY_OK)
        *bytes = (size_t)info.st_size;
    if (fd >= 0)
        close(fd);
    return st;
}

cvy_status onnx_folder_open(const char *path, int *out)
{
    // "model.onnx" is in ".", never in "", which some loaders took for no limit at all.
    const char *slash = strrchr(path, '/'), *name = ".";
    char *folder;
    cvy_status st = onnx_string_copy(path, &folder);

    if (st != CVY_OK)
        return st;
    if (slash) {
        folder[slash == path ? 1 : slash - path] = '\0';
        name = folder;
    }
    *out = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*out < 0)
        st = io_fail("cannot open the folder", name);
    free(folder);
    return st;
}

// External data (K13) -----------------------------------------------------------------------------

struct place {
    const char *location;
    int64_t offset, length;     // -1: not given
};

// Decimal digits alone, below 2^63.
static bool read_decimal(const char *text, int64_t *out)
{
    int64_t value = 0;

    for (const char *at = text; *at; at++)
        if (*at < '0' || *at > '9' || __builtin_mul_overflow(value, 10, &value)
            || __builtin_add_overflow(value, *at - '0', &value))
            return false;
    *out = value;
    return *text != '\0';
}

static cvy_status read_entry(const Cvy__StringStringEntryProto *entry, struct place *place)
{
    const char *key = entry->key ? entry->key : "", *value = entry->value ? entry->value : "";
    int64_t *number = strcmp(key, "offset") == 0 ? &place->offset
                    : strcmp(key, "length") == 0 ? &place->length : NULL;

    if (number) {
        if (*number >= 0)
            return onnx_fail(CVY_ERR_MODEL, "external data: %s is given twice", key);
        if (!read_decimal(value, number))
            return onnx_fail(CVY_ERR_MODEL, "external data: %s \"%s\" is no number below 2^63",
                             key, QUOTED(value));
    } else if (strcmp(key, "location") == 0) {
        if (place->location)
            return onnx_fail(CVY_ERR_MODEL, "external data: location is given twice");
        place->location = value;
    }
    return CVY_OK;              // others are hints, such as a checksum
}

// Relative, and no part of it is empty or "..". What links make of it is another check.
static bool stays_inside(const char *location)
{
    for (const char *at = location;; at++) {
        size_t length = strcspn(at, "/");

        if (length == 0 || (length == 2 && at[0] == '.' && at[1] == '.'))
            return false;
        at += length;
        if (!*at)
            return true;
    }
}

// One folder after the other, none of them a link.
static int open_by_parts(int folder, const char *location)
{
    int at = fcntl(folder, F_DUPFD_CLOEXEC, 0);
    const char *slash;

    while (at >= 0 && (slash = strchr(location, '/'))) {
        char part[NAME_MAX + 1];
        size_t length = (size_t)(slash - location);
        int next = -1;

        if (length < sizeof part) {
            memcpy(part, location, length);
            part[length] = '\0';
            next = openat(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        } else {
            errno = ENAMETOOLONG;
        }
        int number = errno;
        close(at);
        errno = number;
        at = next;
        location = slash + 1;
    }
    if (at >= 0) {
        int fd = openat(at, location, READ_FLAGS | O_NOFOLLOW);
        int number = errno;
        close(at);
        errno = number;
        at = fd;
    }
    return at;
}

static int open_beneath(int folder, const char *location)
{
#if defined(SYS_openat2) && defined(RESOLVE_BENEATH)
    struct open_how how = { .flags = (uint64_t)READ_FLAGS | O_NOFOLLOW,
                            .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
    long fd = syscall(SYS_openat2, folder, location, &how, sizeof how);

    // Before Linux 5.6, and in sandboxes that do not know the call.
    if (fd >= 0 || (errno != ENOSYS && errno != EPERM && errno != EAGAIN))
        return (int)fd;
#endif
    return open_by_parts(folder, location);
}

static cvy_status open_place(const struct place *place, int folder, int *out)
{
    const char *location = place->location;
    struct stat info;

    if (!location || !stays_inside(location))
        return onnx_fail(CVY_ERR_MODEL, "external data in \"%s\": not a file in the model's folder",
                         location ? QUOTED(location) : "");
    *out = open_beneath(folder, location);
    if (*out < 0 && (errno == ELOOP || errno == EXDEV || errno == ENOTDIR))
        return onnx_fail(CVY_ERR_MODEL, "external data in \"%s\": reached through a link",
                         QUOTED(location));
    if (*out < 0 || fstat(*out, &info))
        return io_fail("external data: cannot open", location);
    if (!S_ISREG(info.st_mode) || info.st_nlink != 1)
        return onnx_fail(CVY_ERR_MODEL, "external data in \"%s\": %s", QUOTED(location),
                         S_ISREG(info.st_mode) ? "a file that has another name as well"
                                               : "no regular file");
    return CVY_OK;
}

static cvy_status check_range(const struct place *place, int fd, size_t bytes)
{
    struct stat info;
    int64_t offset = place->offset < 0 ? 0 : place->offset;

    if (fstat(fd, &info))
        return io_fail("external data: cannot open", place->location);
    if (place->length >= 0 && (uint64_t)place->length != bytes)
        return onnx_fail(CVY_ERR_MODEL, "external data in \"%s\": length %lld, but the tensor "
                         "has %zu bytes", QUOTED(place->location), (long long)place->length,
                         bytes);
    if (offset > info.st_size || bytes > (uint64_t)(info.st_size - offset))
        return onnx_fail(CVY_ERR_MODEL, "external data in \"%s\": %zu bytes from %lld on, but "
                         "the file has %lld", QUOTED(place->location), bytes,
                         (long long)offset, (long long)info.st_size);
    return CVY_OK;
}

cvy_status onnx_external_read(const Cvy__TensorProto *proto, int folder, size_t bytes, void **out)
{
    struct place place = { .offset = -1, .length = -1 };
    cvy_status st = CVY_OK;
    int fd = -1;

    *out = NULL;
    for (size_t i = 0; i < proto->n_external_data; i++)
        TRY(read_entry(proto->external_data[i], &place));
    TRY(open_place(&place, folder, &fd));
    TRY(check_range(&place, fd, bytes));
    TRY(onnx_zalloc(bytes, 1, out));
    if (read_all(fd, *out, bytes, place.offset < 0 ? 0 : place.offset))
        st = io_fail("external data: cannot read", place.location);
out:
    if (st != CVY_OK) {
        free(*out);
        *out = NULL;
    }
    if (fd >= 0)
        close(fd);
    return st;
}
