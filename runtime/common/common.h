// Tier 0: what every file needs and nothing that knows OpenCL or tensors: errors, memory, checked
// integer maths, text, hash, clock.
#ifndef CVY_COMMON_H
#define CVY_COMMON_H

#include <convoy/convoy.h>

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

// Goes to `out` with st set when the call fails. Needs a local `st` and a label `out`.
#define TRY(call)               \
    do {                        \
        st = (call);            \
        if (st != CVY_OK)       \
            goto out;           \
    } while (0)

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

// Errors: set the thread's text and give the status back, so that `return fail(...)` reads well.
// Every failing public call ends in one of these once; a caller may not overwrite it.
cvy_status fail(cvy_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
// As fail, with the driver's raw code beside it.
cvy_status fail_opencl(cvy_status status, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
// Puts "prefix: " before the thread's text; for callers that know more. Gives status back.
cvy_status fail_prefix(cvy_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// Zeroed memory; *(void **)out is NULL on failure (NOMEM_HOST).
cvy_status zalloc(size_t bytes, void *out);
// Makes room for `count + 1` items in a grown array; doubles. *items may be NULL when *cap is 0.
cvy_status array_reserve(void *items, size_t *cap, size_t count, size_t item_bytes);
cvy_status string_copy(const char *text, char **out);

// Checked arithmetic: false on overflow, *out then untouched.
bool add_i64(int64_t a, int64_t b, int64_t *out);
bool mul_i64(int64_t a, int64_t b, int64_t *out);
int64_t ceil_div(int64_t a, int64_t b);     // a >= 0, b > 0
int64_t round_up(int64_t a, int64_t b);     // a >= 0, b > 0; no overflow check

// Text that grows. Zero it to start; free with text_free. A failed allocation is remembered and
// reported by text_status.
struct text {
    char *data;     // NUL-terminated once anything was added, else NULL
    size_t length, cap;
    bool failed;
};
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_append(struct text *text, const char *data, size_t length);
cvy_status text_status(const struct text *text);
void text_free(struct text *text);

uint64_t hash_bytes(const void *data, size_t bytes);    // FNV-1a, 64 bits
uint64_t hash_text(const char *text);

double clock_seconds(void);     // monotonic

// First and last member of every public handle; checked in debug builds.
enum magic {
    MAGIC_CONTEXT = 0x43565931, MAGIC_BUFFER, MAGIC_QUEUE, MAGIC_EVENT, MAGIC_PLAN, MAGIC_WEIGHTS,
    MAGIC_GRAPH, MAGIC_NETWORK,
    MAGIC_DEAD = 0x44454144
};
#ifdef NDEBUG
#define MAGIC_OK(handle, word) ((void)(word), true)
#else
#define MAGIC_OK(handle, word) ((handle)->magic == (uint32_t)(word))
#endif

// ARGUMENT naming the parameter unless `handle` is a live handle of the kind. For public entries.
#define CHECK_HANDLE(handle, word)                                                          \
    do {                                                                                    \
        if (!(handle))                                                                      \
            return fail(CVY_ERR_ARGUMENT, #handle " is NULL");                              \
        if (!MAGIC_OK(handle, word))                                                        \
            return fail(CVY_ERR_ARGUMENT, #handle " is no live handle of its kind");        \
    } while (0)
#define CHECK_POINTER(pointer)                                                              \
    do {                                                                                    \
        if (!(pointer))                                                                     \
            return fail(CVY_ERR_ARGUMENT, #pointer " is NULL");                             \
    } while (0)

#endif
