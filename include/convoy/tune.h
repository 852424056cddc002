// Convoy tuning: what algorithms there are, measuring which is the fastest, and keeping what was
// found ("wisdom") from one process to the next.
//
// A plan takes, in this order: the algorithm that options force; what wisdom knows of its problem,
// measured now if options.effort says so; what wisdom knows of its nearest neighbour; the rules of
// its device. Every algorithm that wins a measurement was held against the reference algorithm of
// the same device first, so wisdom changes time and never results beyond the tolerances.
#ifndef CONVOY_TUNE_H
#define CONVOY_TUNE_H

#include <convoy/plan.h>

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
    const char *accuracy;       // "direct"; "padded": the same, but an infinite or NaN weight makes
                                // NaN of zero padding; "winograd": of less accurate sums. Only the
                                // first is for plans that are `exact`
    char tunables[160];         // for people, such as "MR=7,14 NV=2,1"; "" if none
    cvy_tunable tunable[CVY_MAX_TUNABLES];
    int32_t tunable_count;
    bool slow_start;            // the first plan in a process takes seconds: never the rules'
                                // choice, and measured by EXHAUSTIVE effort only
} cvy_algorithm_info;

// Lists the algorithms: writes the first `cap` of them to out (may be NULL when cap is 0) and
// their full number to count. Needs no device. Errors: ARGUMENT.
CVY_API cvy_status cvy_algorithm_list(cvy_algorithm_info *out, size_t cap, size_t *count);

// Tuning ------------------------------------------------------------------------------------------

typedef struct cvy_tune_params {
    const char *const *specs;       // required: problems as OP-SPEC text (cvy_plan_from_spec)
    size_t spec_count;
    cvy_effort effort;              // 0 means MEASURE
    double budget_seconds;          // 0: until all is measured. Shared between the problems
    size_t max_workspace;           // bytes for workspaces, and for the tensors; 0: no limit
    bool exact;                     // only algorithms with direct summation
    bool again;                     // measure what wisdom knows already, too
    cvy_trial_fn trial;             // called after each trial; may stop
    void *trial_user;
} cvy_tune_params;

typedef struct cvy_tune_report {
    size_t problems;                // with a winner now; inner convolutions count
    size_t known;                   // specs of which nothing was left to measure
    size_t unsolved;                // specs that no plan solves here
    size_t trials, slow, wrong, failed;     // slow, wrong, failed of trials
    double seconds;                 // that it took
    double first_seconds, best_seconds;     // of all problems: the rules' choices, the winners
    bool out_of_time;               // the budget ended before the problems did
} cvy_tune_report;

// Measures candidates for problems and gives the winners to the context's wisdom: plans and
// networks that are made later take them. Memory for the problems' tensors comes and goes. What is
// measured when the budget ends, or when `trial` says stop, is kept. report may be NULL. Errors:
// CANCELLED (trial said stop), ARGUMENT (with the spec that is wrong), NOMEM_HOST, DEVICE_LOST.
CVY_API cvy_status cvy_tune(cvy_context *context, const cvy_tune_params *params,
                            cvy_tune_report *report);

// Wisdom ------------------------------------------------------------------------------------------

// A context's wisdom is text of one line for each winner, of any device, which people can read,
// compare and edit:
//   device | problem | algorithm | tunables | ms | error as a share of its tolerance
// Lines of other devices and driver versions are kept and not used. Files are hints: lines that are
// damaged, or name an algorithm or value that this library does not have, are skipped.

typedef enum cvy_wisdom_source {
    CVY_WISDOM_USER = 0,            // later lines replace earlier ones of the same problem
    CVY_WISDOM_SYSTEM               // read only: never saved, gives way to all others
} cvy_wisdom_source;

typedef struct cvy_wisdom_report {
    bool found;                     // the file was there and could be read
    size_t taken, skipped;          // lines
    char text[256];                 // why it was not read, or the first line was skipped; else ""
} cvy_wisdom_report;

// Adds a file's lines to the context's wisdom; OK even if the file is missing or damaged: report
// (may be NULL) tells. Symbolic links, devices, and files above 16 MiB are not read. Errors:
// ARGUMENT, NOMEM_HOST.
CVY_API cvy_status cvy_wisdom_load(cvy_context *context, const char *path,
                                   cvy_wisdom_source source, cvy_wisdom_report *report);
// The same of a text in memory, such as an application ships.
CVY_API cvy_status cvy_wisdom_merge(cvy_context *context, const char *text, size_t length,
                                    cvy_wisdom_source source, cvy_wisdom_report *report);
// Replaces the file by its own lines with the context's over them, in one step: a reader finds the
// old file or the new one. Errors: IO (the old file is intact then), ARGUMENT, NOMEM_HOST.
CVY_API cvy_status cvy_wisdom_save(cvy_context *context, const char *path);
// All lines as text, sorted, ending in NUL; at most cap bytes are written to out (may be NULL when
// cap is 0). *length gets the bytes that there are without the NUL.
CVY_API cvy_status cvy_wisdom_text(cvy_context *context, char *out, size_t cap, size_t *length);
CVY_API cvy_status cvy_wisdom_clear(cvy_context *context);

#ifdef __cplusplus
}
#endif
#endif
