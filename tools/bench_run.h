// Runs problems of the bench with all of their sides: opens, compares, measures, keeps the result.
#ifndef CONVOY_TOOLS_BENCH_RUN_H
#define CONVOY_TOOLS_BENCH_RUN_H

#include "bench_report.h"

struct bench_run {
    struct bench_place place;
    struct bench_effort effort;
    const struct bench_peer *peers[BENCH_MOST_SIDES];
    size_t peer_count;
    struct bench_gauge *gauge;  // NULL: times are not asked for
    double best;                // that it has read
    double others, speed;       // of the row measured last, as in its result
    struct bench_report report;
    size_t capacity;
};

// Solves the problem with the algorithm named (NULL: the planner's choice) and adds a result.
// Errors are those of making the plan; what cannot be run or compared counts as wrong.
cvy_status bench_run_spec(struct bench_run *run, const char *name, const char *spec,
                          const char *algorithm);

// The same with every algorithm and every combination of its tunables.
cvy_status bench_run_algorithms(struct bench_run *run, const char *name, const char *spec);

// The device's speed now as a share of its best one so far; 1 if nobody can tell. For bench_effort.
double bench_run_speed(void *run);

// The parts of it, for rows that are no single problem.
bool bench_run_measure(struct bench_run *run, struct bench_side *sides, size_t count);
struct bench_result *bench_run_add(struct bench_run *run);      // NULL: no memory
// Sets what the result has of a side that was measured; the first one is Convoy's, with the limit.
void bench_run_keep_side(struct bench_run *run, struct bench_result *result,
                         const struct bench_side *side);

#endif
