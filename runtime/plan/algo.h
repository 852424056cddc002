// The contract of an algorithm: one way to solve a problem.
#ifndef CVY_ALGO_H
#define CVY_ALGO_H

#include "cl/cl.h"
#include "plan/builder.h"
#include "plan/problem.h"

enum accuracy {
    ACCURACY_DIRECT,        // T1 of the tolerances, and direct summation's NaN footprint
    ACCURACY_PADDED,        // T1, but zeros of the padding are multiplied: an infinite weight makes
                            // NaN there; `exact` does not admit this
    ACCURACY_WINOGRAD,      // T3; nor this
    ACCURACY_COUNT
};

// Values of an algorithm's tunables, in the order of its table.
#define CONFIG_VALUES 6
struct config {
    int32_t value[CONFIG_VALUES];
};

struct tunable {
    const char *name;
    int32_t values[8];      // ends with 0; the first is safe on every device
};

#define DTYPE_BIT(dtype) (1u << (dtype))
// All of core.h.
#define ANY_DTYPE ((DTYPE_BIT(CVY_BOOL) << 1) - DTYPE_BIT(CVY_F32))
#define LAYOUT_BIT(layout) (1u << (layout))
#define ANY_LAYOUT (LAYOUT_BIT(CVY_NCHW) | LAYOUT_BIT(CVY_NHWC) | LAYOUT_BIT(CVY_PLAIN))

// This object is all that an algorithm file exports. It launches nothing.
struct algo {
    const char *name;                   // written to wisdom files: never reuse
    const char *about;                  // one line for people
    enum op op;
    uint32_t dtypes, layouts;           // bit sets of the source: refuse fast
    enum accuracy accuracy;
    bool slow_start;                    // its first plan takes seconds: only what is forced, or in
                                        // wisdom, and EXHAUSTIVE measuring
    const struct tunable *tunables;     // ends with a NULL name; NULL: none
    // Instances that the rules can choose here without tuning; at most cap are written.
    size_t (*start_set)(const struct device *, struct instance *out, size_t cap);
    bool (*applicable)(const struct device *, const struct problem *);
    // Seconds on this device, lower wins.
    double (*estimate)(const struct device *, const struct problem *, const struct config *);
    cvy_status (*build)(struct plan_builder *, const struct problem *, const struct config *);
};

// The registry, generated from the list in runtime/meson.build.
extern const struct algo *const algos[];
extern const size_t algo_count;
const struct algo *algo_find(const char *name);     // NULL if there is none

#endif
