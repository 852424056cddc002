// What the device can do at best, measured in the same run as everything else.
#ifndef CONVOY_TOOLS_BENCH_PEAK_H
#define CONVOY_TOOLS_BENCH_PEAK_H

#include "bench.h"

enum { BENCH_COPIES = 12 };

struct bench_peak {
    double flops;               // of fused multiply-adds, two operations each; 0: not measured
    size_t copies;
    struct {
        double bytes, rate;     // read and written together; bytes per second
    } copy[BENCH_COPIES];       // from small to beyond the last cache
};

// Bytes of a tensor that no cache holds: four times the last one, less on a device with little
// memory.
size_t bench_beyond_caches(const struct bench_place *place);
// Tells how fast the device is just now: the FMA rate of a launch or two. A machine that is shared
// with others, or too warm, may run at half its speed for a while.
struct bench_gauge;
struct bench_gauge *bench_gauge_open(const struct bench_place *place);      // NULL: cannot tell
double bench_gauge_read(struct bench_gauge *gauge);             // operations per second; 0: failed
void bench_gauge_close(struct bench_gauge **gauge);

// False with an error.
bool bench_peak_measure(const struct bench_place *place, struct bench_peak *out,
                        char error[BENCH_ERROR]);
// Bytes per second of a copy that moves as many bytes.
double bench_copy_rate(const struct bench_peak *peak, double bytes);
// Seconds that nobody can be below: multiply-adds at the peak, or bytes at a copy's rate.
double bench_limit(const struct bench_peak *peak, double taps, double bytes, bool *by_memory);

// A copy kernel that moves as many bytes as the problem must, as a side to take turns with.
extern const struct bench_peer bench_copy;

#endif
