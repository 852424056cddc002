// What a run of the bench has found, and the forms in which it is told.
#ifndef CONVOY_TOOLS_BENCH_REPORT_H
#define CONVOY_TOOLS_BENCH_REPORT_H

#include "bench.h"
#include "bench_peak.h"

#include <stdio.h>

// One side's times, in seconds for one call.
struct bench_time {
    char name[BENCH_NAME], how[128];
    int calls;                  // in a sample
    double median, latency;
    double difference;          // from results calculated in double precision
};

struct bench_result {
    char name[BENCH_NAME], algorithm[128], spec[BENCH_SPEC];
    double taps, bytes;
    double limit;               // seconds, as bench_limit says
    bool by_memory;             // which of its two limits that is
    bool right;
    double others;              // other processes' share of all cores' time meanwhile
    double speed;               // the device's, as a share of the best it had in the run
    size_t times;
    struct bench_time time[BENCH_MOST_SIDES];   // the first is Convoy's
};

struct bench_report {
    cvy_device_info device;
    const char *suite;
    int pairs;
    struct bench_peak peak;
    size_t columns;             // peers
    char column[BENCH_MOST_SIDES][BENCH_NAME], version[BENCH_MOST_SIDES][BENCH_NAME];
    struct bench_result *results;
    size_t count, wrong;
    double others;              // the same, of the whole run
    bool timed;                 // else there was one call each, to see that all is right
};

const struct bench_time *bench_time_of(const struct bench_result *result, const char *name);
double bench_share(const struct bench_result *result);          // of the limit
double bench_gflops(const struct bench_result *result);
// Whether it is a row of "nhwc" or "nchw"; with "" of neither.
bool bench_has_layout(const struct bench_result *result, const char *layout);
// Geometric mean of peer time over ours, over rows of that layout (NULL: over all). 0: none.
double bench_geomean(const struct bench_report *report, const char *peer, const char *layout);
// An idle machine's own work is some tenths of a per cent.
extern const double bench_most_others;
size_t bench_slow_rows(const struct bench_report *report);

void bench_report_print(FILE *stream, const struct bench_report *report);
bool bench_report_json(FILE *stream, const struct bench_report *report);

#endif
