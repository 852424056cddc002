// Convoy tuning: what algorithms there are.
#ifndef CONVOY_TUNE_H
#define CONVOY_TUNE_H

#include <convoy/core.h>

#ifdef __cplusplus
extern "C" {
#endif

// A number that an algorithm is compiled with, and what it may be; the first value is safe on every
// device. cvy_plan_options.algorithm takes them as "conv_direct:MR=7,NV=2".
typedef struct cvy_tunable {
    const char *name;
    int32_t values[8];
    int32_t count;
} cvy_tunable;
#define CVY_MAX_TUNABLES 6

// One registered way to solve an operator's problems. Texts live as long as the library.
typedef struct cvy_algorithm_info {
    const char *name;           // for cvy_plan_options.algorithm
    const char *op;             // "conv", "pool", ...
    const char *about;          // one line: what it is good at
    const char *dtypes;         // such as "f32"
    const char *layouts;        // such as "nchw nhwc plain"
    const char *accuracy;       // "direct" or "winograd"
    char tunables[160];         // for people, such as "MR=7,14 NV=2,1"; "" if none
    cvy_tunable tunable[CVY_MAX_TUNABLES];
    int32_t tunable_count;
} cvy_algorithm_info;

// Lists the algorithms: writes the first `cap` of them to out (may be NULL when cap is 0) and
// their full number to count. Needs no device. Errors: ARGUMENT.
CVY_API cvy_status cvy_algorithm_list(cvy_algorithm_info *out, size_t cap, size_t *count);

#ifdef __cplusplus
}
#endif
#endif
