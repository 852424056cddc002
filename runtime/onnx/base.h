// What every file of the loader needs: memory, errors, names in texts, and names as keys.
#ifndef CVY_ONNX_BASE_H
#define CVY_ONNX_BASE_H

#include "onnx/onnx_model.h"

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

// A kilobyte is what cvy_error_report keeps.
enum { ONNX_TEXT_BYTES = 1024, ONNX_QUOTE_BYTES = 128 };

// Zeroed memory for count items; *(void **)out is NULL on failure (NOMEM_HOST).
cvy_status onnx_zalloc(size_t count, size_t bytes, void *out);
cvy_status onnx_copy(const void *data, size_t bytes, void *out);
// With a NUL behind it.
cvy_status onnx_string_copy(const char *text, char **out);

// Copies text for people to read: control characters, formatting characters and bytes that are no
// UTF-8 become \x1b and the like; cut to cap - 1 bytes, with "..." at the end if it was longer.
// Escaping what was escaped changes nothing. Returns out.
const char *onnx_escape(const char *text, char *out, size_t cap);
// A name of the file, short and harmless, for as long as the block lasts.
#define QUOTED(name) onnx_escape((name), (char[ONNX_QUOTE_BYTES]) { 0 }, ONNX_QUOTE_BYTES)

// Names -> 0, 1, 2 ... in the order of adding. Hashed with a key that no file can know. Names are
// not copied.
struct onnx_names {
    struct onnx_name_slot *slots;
    size_t cap, count;
    uint64_t key[2];
};
cvy_status onnx_names_open(struct onnx_names *names, size_t most);
void onnx_names_close(struct onnx_names *names);
// The number of a name, a new one if it is new. At most `most` names.
size_t onnx_names_add(struct onnx_names *names, const char *name, bool *added);
// SIZE_MAX if there is none.
size_t onnx_names_find(const struct onnx_names *names, const char *name);

// What a model needs and Convoy does not have: each once, with a count.
struct onnx_gaps {
    struct onnx_gap *list;
    size_t count, cap;
    size_t others;              // beyond what is kept
};
cvy_status onnx_gaps_add(struct onnx_gaps *gaps, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
// MODEL_OP with all of them, or OK.
cvy_status onnx_gaps_status(const struct onnx_gaps *gaps);
// Gap i of gaps->count, in the order of finding. The text stays the gaps'.
const char *onnx_gaps_get(const struct onnx_gaps *gaps, size_t i, size_t *count);
void onnx_gaps_free(struct onnx_gaps *gaps);

#endif
