// options.algorithm as the planner reads it: names of algorithms with values of their tunables.
#ifndef CVY_FORCED_H
#define CVY_FORCED_H

#include "plan/algo.h"

#define MOST_FORCED 16

// One name, and the values that stand behind it.
struct forced_one {
    const struct algo *algo;
    uint32_t given;                     // a bit for each tunable that has a value
    struct config config;
};

// "conv_via_nhwc(conv_direct:MR=7,NV=2)": first the problem's own algorithm, then those of its
// children in the order in which they are built. count 0: nothing is forced.
struct forced {
    struct forced_one list[MOST_FORCED];
    size_t count;
    size_t used;                        // how many have found their problem; cut back to retry
};

// text may be NULL or empty. Errors: ARGUMENT naming the word that is wrong.
cvy_status forced_read(const char *text, enum op op, struct forced *out);
// The next one if it solves such problems, else NULL. forced may be NULL.
const struct forced_one *forced_next(const struct forced *forced, enum op op);
// Puts the values that were given over those of the rules.
void forced_apply(const struct forced_one *one, struct config *config);

// Reads "MR=7,NV=2" for an algorithm. Errors: ARGUMENT (no such tunable, a value that is not in its
// list, the same twice).
cvy_status config_read(const struct algo *algo, const char *text, size_t length,
                       struct config *config, uint32_t *given);
// "MR=7,NV=2", "" where there are no tunables.
void config_text(const struct algo *algo, const struct config *config, char *out, size_t cap);

// Names of an operator's algorithms, each behind a space; " none" if there are none.
const char *algo_names(enum op op, char list[400]);

#endif
