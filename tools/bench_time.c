// Times of sides that take turns: samples of many calls, latencies of one, medians.
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

// A sample of a side that is much slower than the others may have fewer calls.
static const double most_sample_seconds = 0.1;

double bench_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double processor_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// What all processes together have used, as Linux counts it; 0 elsewhere.
static double machine_seconds(void)
{
    FILE *file = fopen("/proc/stat", "r");
    unsigned long long user = 0, nice = 0, system = 0;

    if (file != NULL) {
        if (fscanf(file, "cpu %llu %llu %llu", &user, &nice, &system) != 3) {
            user = nice = system = 0;
        }
        fclose(file);
    }
    return (double)(user + nice + system) / (double)sysconf(_SC_CLK_TCK);
}

void bench_watch_begin(struct bench_watch *watch)
{
    *watch = (struct bench_watch) { bench_now(), processor_seconds(), machine_seconds() };
}

double bench_watch_others(const struct bench_watch *watch)
{
    double cores = (double)sysconf(_SC_NPROCESSORS_ONLN);
    double ours = processor_seconds() - watch->ours, all = machine_seconds() - watch->all;
    double others = (all - ours) / ((bench_now() - watch->begin) * cores);

    return others > 0.0 && machine_seconds() > 0.0 ? others : 0.0;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double bench_median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_value);
    return count == 0 ? 0.0 : (values[(count - 1) / 2] + values[count / 2]) / 2.0;
}

// Sides that take turns, and whether threads of the last one may still spin.
struct turns {
    struct bench_side *sides;
    size_t count;
    bool spinning;
};

// OpenMP's threads spin for some milliseconds after a call, waiting for the next: on the cores that
// the other side is to be measured on, which then takes half as long again. A process that uses no
// processor time spins no more; the kernel counts that of other threads once in 4 or 10 ms.
static void settle(void)
{
    enum { WINDOW = 12000 };    // microseconds
    double end = bench_now() + 0.5;

    while (bench_now() < end) {
        double before = processor_seconds();

        usleep(WINDOW);
        if (processor_seconds() - before < 1e-3) {
            return;
        }
    }
}

// The calls of one sample, in seconds for one. A call before it wakes the threads.
static bool sample(struct turns *turns, struct bench_side *side, int calls, double *seconds)
{
    double begin;
    bool good;

    if (turns->spinning && !side->spins) {
        settle();
    }
    turns->spinning = side->spins;
    sched_setaffinity(0, sizeof side->cores, &side->cores);
    good = side->run(side->state, 1);
    begin = bench_now();
    good = good && side->run(side->state, calls);
    *seconds = (bench_now() - begin) / calls;
    return good;
}

// Calls of one sample that takes as long as it should.
static bool calibrate(struct turns *turns, struct bench_side *side, double wanted, int *calls)
{
    double seconds = 0.0;

    for (*calls = 1; *calls < 1 << 20; *calls *= 2) {
        if (!sample(turns, side, *calls, &seconds)) {
            return false;
        }
        if (seconds * *calls >= wanted) {
            break;
        }
    }
    side->least = seconds;
    *calls = (int)(wanted / seconds) + 1;
    return true;
}

static bool count_calls(struct turns *turns, double wanted)
{
    int most = 1;

    for (size_t i = 0; i < turns->count; i++) {
        int calls = 1;

        if (!calibrate(turns, &turns->sides[i], wanted, &calls)) {
            return false;
        }
        most = calls > most ? calls : most;
    }
    for (size_t i = 0; i < turns->count; i++) {
        int bearable = (int)(most_sample_seconds / turns->sides[i].least) + 1;

        turns->sides[i].calls = most < bearable ? most : bearable;
    }
    return true;
}

// One sample of each side in each turn; the first to go changes from turn to turn.
static bool take_turns(struct turns *turns, int count, bool single)
{
    for (int turn = 0; turn < count; turn++) {
        for (size_t i = 0; i < turns->count; i++) {
            struct bench_side *side = &turns->sides[(i + (size_t)turn) % turns->count];

            if (!sample(turns, side, single ? 1 : side->calls, &side->samples[turn])) {
                return false;
            }
        }
    }
    return true;
}

static int bearable_pairs(const struct bench_side *sides, size_t count,
                          const struct bench_effort *effort)
{
    double seconds = 0.0;
    int pairs;

    for (size_t i = 0; i < count; i++) {
        seconds += sides[i].least * (sides[i].calls + 1);
    }
    if (effort->most_seconds <= 0.0 || seconds * effort->pairs <= effort->most_seconds) {
        return effort->pairs;
    }
    pairs = (int)(effort->most_seconds / seconds);
    return pairs > 3 ? pairs : effort->pairs < 3 ? effort->pairs : 3;
}

bool bench_measure(struct bench_side *sides, size_t count, const struct bench_effort *effort)
{
    struct turns turns = { sides, count, true };
    int pairs = effort->pairs;
    bool good;

    for (size_t i = 0; i < count; i++) {
        sides[i].calls = 1;
    }
    good = effort->sample_seconds <= 0.0 || count_calls(&turns, effort->sample_seconds);
    pairs = good ? bearable_pairs(sides, count, effort) : pairs;
    good = good && take_turns(&turns, pairs, true);
    for (size_t i = 0; good && i < count; i++) {
        sides[i].latency = bench_median(sides[i].samples, (size_t)pairs);
    }
    good = good && take_turns(&turns, pairs, false);
    for (size_t i = 0; good && i < count; i++) {
        sides[i].median = bench_median(sides[i].samples, (size_t)pairs);
        sides[i].least = sides[i].samples[0];
    }
    return good;
}

void bench_side_close(struct bench_side *side)
{
    if (side->state != NULL) {
        side->close(&side->state);
    }
}
