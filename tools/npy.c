// NumPy's .npy format: a magic, a version, a head that is a Python dictionary, then the values.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#include "npy.h"

#include "files.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "\x93NUMPY"
enum { MAGIC_BYTES = 6, HEAD_ALIGN = 64, MOST_HEAD = 1 << 20, WORD = 32 };
static const size_t most_bytes = (size_t)1 << 36;       // of a file; larger ones are a mistake

static const struct {
    const char *name;           // without the byte order
    cvy_dtype dtype;
} types[] = {
    { "f4", CVY_F32 }, { "f8", CVY_F64 }, { "f2", CVY_F16 }, { "i1", CVY_I8 }, { "u1", CVY_U8 },
    { "i4", CVY_I32 }, { "i8", CVY_I64 }, { "b1", CVY_BOOL }
};
static const size_t type_count = sizeof types / sizeof types[0];

// The head as it is being read. `at` stays at or before `end`, where there is nothing to read.
struct reader {
    const char *at, *end;
    cvy_desc desc;
    bool has_descr, has_order, has_shape;
    char *error;
};

static bool fail(char *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool fail(char *error, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(error, NPY_ERROR, format, list);
    va_end(list);
    return false;
}

// The head ----------------------------------------------------------------------------------------

static char peek(struct reader *r)
{
    while (r->at < r->end && strchr(" \n\r\t", *r->at) != NULL && *r->at != '\0') {
        r->at++;
    }
    return r->at < r->end ? *r->at : '\0';
}

static bool take(struct reader *r, char c)
{
    if (peek(r) != c || r->at >= r->end) {
        return false;
    }
    r->at++;
    return true;
}

// 'text' or "text", printable and without escapes.
static bool read_string(struct reader *r, char word[WORD])
{
    char quote = peek(r);
    size_t length = 0;

    if (quote != '\'' && quote != '"') {
        return false;
    }
    for (r->at++; r->at < r->end && *r->at != quote; r->at++) {
        if (length + 1 == WORD || *r->at < ' ' || *r->at > '~' || *r->at == '\\') {
            return false;
        }
        word[length++] = *r->at;
    }
    word[length] = '\0';
    return take(r, quote);
}

static bool read_descr(struct reader *r)
{
    char word[WORD];

    if (peek(r) == '[') {
        return fail(r->error, "descr: a structured array is not supported");
    }
    if (!read_string(r, word)) {
        return fail(r->error, "descr: not a type");
    }
    for (size_t i = 0; i < type_count; i++) {
        if (word[0] != '\0' && strcmp(word + 1, types[i].name) == 0) {
            r->desc.dtype = types[i].dtype;
        }
    }
    if (r->desc.dtype == CVY_DTYPE_DEFAULT) {
        return fail(r->error, "descr: type `%s` is not one of f4 f8 f2 i1 u1 i4 i8 b1", word);
    }
    if (word[0] == '>') {
        return fail(r->error, "descr: `%s` is big-endian; convert it with astype('<%s')", word,
                    word + 1);
    }
    if (strchr("<|=", word[0]) == NULL) {
        return fail(r->error, "descr: `%s` has no byte order", word);
    }
    return true;
}

static bool take_word(struct reader *r, const char *word)
{
    size_t length = strlen(word);

    peek(r);
    if ((size_t)(r->end - r->at) < length || strncmp(r->at, word, length) != 0) {
        return false;
    }
    r->at += length;
    return true;
}

static bool read_order(struct reader *r)
{
    if (take_word(r, "True")) {
        return fail(r->error, "fortran_order: True is not supported; save "
                    "numpy.ascontiguousarray(a) instead");
    }
    return take_word(r, "False") || fail(r->error, "fortran_order: neither True nor False");
}

static bool read_size(struct reader *r, int64_t *out)
{
    char c = peek(r);

    *out = 0;
    if (c < '0' || c > '9') {
        return fail(r->error, "shape: not a list of numbers");
    }
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
        int digit = *r->at - '0';

        if (*out > (INT64_MAX - digit) / 10) {
            return fail(r->error, "shape: a size is beyond 63 bits");
        }
        *out = *out * 10 + digit;
    }
    return true;
}

// (), (3,), (3, 4), (3, 4,)
static bool read_shape(struct reader *r)
{
    if (!take(r, '(')) {
        return fail(r->error, "shape: not a list of numbers");
    }
    for (r->desc.rank = 0; !take(r, ')'); r->desc.rank++) {
        if (r->desc.rank == CVY_MAX_RANK) {
            return fail(r->error, "shape: more than %d axes", CVY_MAX_RANK);
        }
        if (!read_size(r, &r->desc.size[r->desc.rank])) {
            return false;
        }
        if (!take(r, ',') && peek(r) != ')') {
            return fail(r->error, "shape: not a list of numbers");
        }
    }
    return true;
}

static bool read_entry(struct reader *r)
{
    static const struct {
        const char *key;
        size_t seen;
        bool (*read)(struct reader *r);
    } entries[] = {
        { "descr", offsetof(struct reader, has_descr), read_descr },
        { "fortran_order", offsetof(struct reader, has_order), read_order },
        { "shape", offsetof(struct reader, has_shape), read_shape }
    };
    char key[WORD];

    if (!read_string(r, key) || !take(r, ':')) {
        return fail(r->error, "the head is not a dictionary");
    }
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        bool *seen = (bool *)((char *)r + entries[i].seen);

        if (strcmp(key, entries[i].key) == 0) {
            if (*seen) {
                return fail(r->error, "%s: stands in the head twice", key);
            }
            *seen = true;
            return entries[i].read(r);
        }
    }
    return fail(r->error, "the head has an entry `%s`, which .npy does not have", key);
}

static bool read_head(struct reader *r)
{
    if (!take(r, '{')) {
        return fail(r->error, "the head is not a dictionary");
    }
    while (!take(r, '}')) {
        if (!read_entry(r)) {
            return false;
        }
        if (!take(r, ',') && peek(r) != '}') {
            return fail(r->error, "the head is not a dictionary");
        }
    }
    if (peek(r) != '\0' || r->at != r->end) {
        return fail(r->error, "the head goes on behind its dictionary");
    }
    return (r->has_descr && r->has_order && r->has_shape) ||
           fail(r->error, "the head has no %s", !r->has_descr ? "descr" :
                !r->has_order ? "fortran_order" : "shape");
}

// The file ----------------------------------------------------------------------------------------

static size_t number_at(const unsigned char *bytes, size_t count)
{
    size_t value = 0;

    for (size_t i = count; i-- > 0;) {
        value = value << 8 | bytes[i];
    }
    return value;
}

// Where the head begins and ends.
static bool find_head(const unsigned char *file, size_t bytes, size_t *begin, size_t *end,
                      char *error)
{
    size_t field, length;

    if (bytes < MAGIC_BYTES || memcmp(file, MAGIC, MAGIC_BYTES) != 0) {
        return fail(error, "not a .npy file");
    }
    if (bytes < MAGIC_BYTES + 2) {
        return fail(error, "ends inside its head");
    }
    if (file[6] < 1 || file[6] > 3 || file[7] != 0) {
        return fail(error, "version %d.%d is not 1.0, 2.0 or 3.0", file[6], file[7]);
    }
    field = file[6] == 1 ? 2 : 4;
    *begin = MAGIC_BYTES + 2 + field;
    if (bytes < *begin) {
        return fail(error, "ends inside its head");
    }
    length = number_at(file + MAGIC_BYTES + 2, field);
    if (length > MOST_HEAD) {
        return fail(error, "a head of %zu bytes is over %d", length, MOST_HEAD);
    }
    if (length > bytes - *begin) {
        return fail(error, "ends inside its head");
    }
    *end = *begin + length;
    return true;
}

static bool bytes_of(const cvy_desc *desc, size_t *bytes)
{
    *bytes = cvy_dtype_bytes(desc->dtype);
    for (int i = 0; i < desc->rank; i++) {
        if (desc->size[i] == 0) {
            *bytes = 0;
            return true;
        }
    }
    for (int i = 0; i < desc->rank; i++) {
        if ((uint64_t)desc->size[i] > SIZE_MAX / *bytes) {
            return false;
        }
        *bytes *= (size_t)desc->size[i];
    }
    return true;
}

static bool copy_values(const unsigned char *values, size_t bytes, struct npy *out, char *error)
{
    unsigned char *copy;

    if (!bytes_of(&out->desc, &out->bytes)) {
        return fail(error, "shape: more values than memory has addresses");
    }
    if (bytes != out->bytes) {
        return fail(error, "%zu bytes of values, not the %zu of its shape", bytes, out->bytes);
    }
    copy = malloc(bytes + 1);
    if (copy == NULL) {
        return fail(error, "out of memory for %zu bytes", bytes);
    }
    memcpy(copy, values, bytes);
    for (size_t i = 0; out->desc.dtype == CVY_BOOL && i < bytes; i++) {
        copy[i] = copy[i] != 0;
    }
    out->data = copy;
    return true;
}

bool npy_load_memory(const void *file, size_t bytes, struct npy *out, char error[NPY_ERROR])
{
    const unsigned char *all = file;
    struct reader r = { .error = error, .desc.layout = CVY_PLAIN };
    size_t begin = 0, end = 0;

    *out = (struct npy) { 0 };
    if (!find_head(all, bytes, &begin, &end, error)) {
        return false;
    }
    r.at = (const char *)all + begin;
    r.end = (const char *)all + end;
    if (!read_head(&r)) {
        return false;
    }
    out->desc = r.desc;
    if (!copy_values(all + end, bytes - end, out, error)) {
        *out = (struct npy) { 0 };
        return false;
    }
    return true;
}

bool npy_load(const char *path, struct npy *out, char error[NPY_ERROR])
{
    char text[FILE_ERROR];
    void *file;
    size_t bytes;
    bool good;

    *out = (struct npy) { 0 };
    if (!file_read(path, most_bytes, &file, &bytes, text)) {
        return fail(error, "%s", text);
    }
    good = npy_load_memory(file, bytes, out, error);
    free(file);
    return good;
}

void npy_free(struct npy *npy)
{
    free(npy->data);
    *npy = (struct npy) { 0 };
}

// Writing -----------------------------------------------------------------------------------------

// The dictionary, filled up with blanks so that the values begin at a multiple of HEAD_ALIGN.
static bool print_head(const cvy_desc *desc, const char *type, char *head, size_t room,
                       size_t *length)
{
    size_t used = (size_t)snprintf(head, room, "{'descr': '%c%s', 'fortran_order': False, "
                                   "'shape': (", cvy_dtype_bytes(desc->dtype) == 1 ? '|' : '<',
                                   type);

    for (int i = 0; i < desc->rank && used < room; i++) {
        used += (size_t)snprintf(head + used, room - used, desc->rank == 1 ? "%lld," :
                                 i == 0 ? "%lld" : ", %lld", (long long)desc->size[i]);
    }
    if (used + 4 + HEAD_ALIGN > room) {
        return false;
    }
    used += (size_t)snprintf(head + used, room - used, "), }");
    while ((MAGIC_BYTES + 4 + used + 1) % HEAD_ALIGN != 0) {
        head[used++] = ' ';
    }
    head[used++] = '\n';
    *length = used;
    return true;
}

static bool write_all(FILE *stream, const char *head, size_t length, const void *data, size_t bytes)
{
    const unsigned char begin[] = { 1, 0, length & 255, (unsigned char)(length >> 8) };

    return fwrite(MAGIC, 1, MAGIC_BYTES, stream) == MAGIC_BYTES &&
           fwrite(begin, 1, sizeof begin, stream) == sizeof begin &&
           fwrite(head, 1, length, stream) == length && fwrite(data, 1, bytes, stream) == bytes;
}

bool npy_save(const char *path, const cvy_desc *desc, const void *data, char error[NPY_ERROR])
{
    const char *type = NULL;
    char head[512];
    size_t length, bytes;
    FILE *stream;
    bool good;

    for (size_t i = 0; i < type_count; i++) {
        type = types[i].dtype == desc->dtype ? types[i].name : type;
    }
    if (type == NULL || !bytes_of(desc, &bytes) ||
        !print_head(desc, type, head, sizeof head, &length)) {
        return fail(error, ".npy has no such type or shape");
    }
    stream = fopen(path, "wb");
    if (stream == NULL) {
        return fail(error, "cannot be opened: %s", strerror(errno));
    }
    good = write_all(stream, head, length, data, bytes);
    good = fclose(stream) == 0 && good;
    return good || fail(error, "cannot be written: %s", strerror(errno));
}
