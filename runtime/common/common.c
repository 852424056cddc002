// Errors, memory, checked integers, text, hash and clock.
#include "common/common.h"

#include <stdio.h>
#include <time.h>

struct error {
    char text[1024];
    int opencl;
};

static _Thread_local struct error last_error;

static void error_set(int code, const char *format, va_list args)
{
    vsnprintf(last_error.text, sizeof last_error.text, format, args);
    last_error.opencl = code;
}

cvy_status fail(cvy_status status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    error_set(0, format, args);
    va_end(args);
    return status;
}

cvy_status fail_opencl(cvy_status status, int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    error_set(code, format, args);
    va_end(args);
    return status;
}

cvy_status fail_prefix(cvy_status status, const char *format, ...)
{
    char old[sizeof last_error.text], prefix[sizeof last_error.text];
    va_list args;

    memcpy(old, last_error.text, sizeof old);
    va_start(args, format);
    vsnprintf(prefix, sizeof prefix, format, args);
    va_end(args);
    snprintf(last_error.text, sizeof last_error.text, "%.300s: %.700s", prefix, old);
    return status;
}

const char *cvy_error_text(void)
{
    return last_error.text;
}

int cvy_error_opencl(void)
{
    return last_error.opencl;
}

cvy_status cvy_error_report(cvy_status status, const char *text)
{
    return fail(status, "%s", text ? text : "");
}

const char *cvy_version(void)
{
    return CVY_VERSION_TEXT;
}

const char *cvy_status_name(cvy_status status)
{
    static const char *const names[] = {
        "CVY_OK", "CVY_ERR_ARGUMENT", "CVY_ERR_SHAPE", "CVY_ERR_LIMIT", "CVY_ERR_UNSUPPORTED",
        "CVY_ERR_ALIGN", "CVY_ERR_ALIAS", "CVY_ERR_NOMEM_HOST", "CVY_ERR_NOMEM_DEVICE",
        "CVY_ERR_NO_DEVICE", "CVY_ERR_BUILD", "CVY_ERR_DEVICE_LOST", "CVY_ERR_DEPENDENCY",
        "CVY_ERR_STATE", "CVY_ERR_FORKED", "CVY_ERR_CANCELLED", "CVY_ERR_TIMEOUT", "CVY_ERR_IO",
        "CVY_ERR_MODEL", "CVY_ERR_MODEL_LIMIT", "CVY_ERR_MODEL_OP", "CVY_ERR_INTERNAL",
    };
    int index = -(int)status;

    return index >= 0 && index < (int)COUNT_OF(names) ? names[index] : "CVY_ERR_UNKNOWN";
}

cvy_status zalloc(size_t bytes, void *out)
{
    void *memory = calloc(1, bytes ? bytes : 1);

    memcpy(out, &memory, sizeof memory);
    return memory ? CVY_OK : fail(CVY_ERR_NOMEM_HOST, "no memory for %zu bytes", bytes);
}

cvy_status array_reserve(void *items, size_t *cap, size_t count, size_t item_bytes)
{
    void *old, *grown;
    size_t wanted = *cap ? *cap * 2 : 8;

    if (count < *cap)
        return CVY_OK;
    memcpy(&old, items, sizeof old);
    grown = wanted > SIZE_MAX / item_bytes ? NULL : realloc(old, wanted * item_bytes);
    if (!grown)
        return fail(CVY_ERR_NOMEM_HOST, "no memory for %zu items", wanted);
    memcpy(items, &grown, sizeof grown);
    *cap = wanted;
    return CVY_OK;
}

cvy_status string_copy(const char *text, char **out)
{
    size_t bytes = strlen(text) + 1;
    cvy_status st = zalloc(bytes, out);

    if (st == CVY_OK)
        memcpy(*out, text, bytes);
    return st;
}

bool add_i64(int64_t a, int64_t b, int64_t *out)
{
    int64_t sum;

    if (__builtin_add_overflow(a, b, &sum))
        return false;
    *out = sum;
    return true;
}

bool mul_i64(int64_t a, int64_t b, int64_t *out)
{
    int64_t product;

    if (__builtin_mul_overflow(a, b, &product))
        return false;
    *out = product;
    return true;
}

int64_t ceil_div(int64_t a, int64_t b)
{
    return a / b + (a % b != 0);
}

int64_t round_up(int64_t a, int64_t b)
{
    return ceil_div(a, b) * b;
}

static bool text_reserve(struct text *text, size_t more)
{
    size_t cap = MAX(text->cap, 256);
    char *grown;

    while (cap - 1 < text->length + more)
        cap *= 2;
    if (text->data && cap == text->cap)
        return true;
    grown = realloc(text->data, cap);
    if (!grown) {
        text->failed = true;
        return false;
    }
    text->data = grown;
    text->cap = cap;
    return true;
}

void text_append(struct text *text, const char *data, size_t length)
{
    if (!text_reserve(text, length))
        return;
    memcpy(text->data + text->length, data, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void text_add(struct text *text, const char *format, ...)
{
    va_list args, again;
    int length;

    va_start(args, format);
    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length >= 0 && text_reserve(text, (size_t)length)) {
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

cvy_status text_status(const struct text *text)
{
    return text->failed ? fail(CVY_ERR_NOMEM_HOST, "no memory for text") : CVY_OK;
}

void text_free(struct text *text)
{
    free(text->data);
    memset(text, 0, sizeof *text);
}

uint64_t hash_bytes(const void *data, size_t bytes)
{
    const unsigned char *byte = data;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ byte[i]) * UINT64_C(0x100000001b3);
    return hash;
}

uint64_t hash_text(const char *text)
{
    return hash_bytes(text, strlen(text));
}

double clock_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
