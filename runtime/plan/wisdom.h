// What was measured: which algorithm won which problem on which device. One store for each context,
// shared by its threads; a text file holds it between processes.
#ifndef CVY_WISDOM_H
#define CVY_WISDOM_H

#include "plan/algo.h"
#include "plan/key.h"

struct wisdom;
cvy_status wisdom_new(struct wisdom **out);
void wisdom_free(void *wisdom);                         // NULL is fine
struct wisdom *context_wisdom(const cvy_context *context);     // NULL in tests of tier 1

struct wisdom_choice {
    const struct algo *algo;
    struct config config;
    double seconds, error;          // error: share of the tolerance, 0 where exact
    char key[KEY_BYTES];            // of the problem that was measured
};

// Remembers a winner, in place of what was known of the same device, problem and accuracy.
cvy_status wisdom_put(struct wisdom *wisdom, const char *device, const char *key,
                      const struct wisdom_choice *choice);
// The fastest that is known of the problem, or with `near` of its nearest neighbour, among those
// that `fits` takes. wisdom may be NULL.
typedef bool (*wisdom_fits)(const void *of, const struct algo *algo);
bool wisdom_find(struct wisdom *wisdom, const char *device, const char *key, bool near,
                 wisdom_fits fits, const void *of, struct wisdom_choice *out);
// The device's entry at *at or behind, which then points behind it; from 0. False: no more.
bool wisdom_each(struct wisdom *wisdom, const char *device, size_t *at,
                 struct wisdom_choice *out);
void wisdom_clear(struct wisdom *wisdom);

// Text: one line each, `device | problem | algorithm | tunables | ms | error`; # starts a comment.
// Lines that are not understood, or name what this library does not have, are skipped. `system`:
// these are not written again, and give way to others. report may be NULL. Errors: NOMEM_HOST.
struct wisdom_report {
    size_t taken, skipped, line;    // line: of the first that was skipped, from 1
    const char *why;                // NULL: none was
};
cvy_status wisdom_read(struct wisdom *wisdom, const char *text, size_t length, bool system,
                       struct wisdom_report *report);
// All of it, sorted; without what came from the system's file unless `all`.
cvy_status wisdom_write(struct wisdom *wisdom, bool all, struct text *out);

#endif
