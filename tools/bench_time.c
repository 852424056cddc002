// Times of sides that take turns: samples of many calls, latencies of one, medians.
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

// A sample of a side that is much slower than the others may have fewer calls.
static const double most_sample_seconds = 0.1;
// After 12 ms of rest the first calls of a small network are a tenth slower; after 3 ms of work no
// more (PoCL 3.1, two cores of an EPYC).
static const double warm_seconds = 3e-3;
const double bench_least_speed = 0.85;

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
    const struct bench_effort *effort;
    bool spinning;
    double speeds[BENCH_MOST_PAIRS];
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

// Calls that wake threads and caches.
static bool warm(struct bench_side *side, double seconds)
{
    double end = bench_now() + seconds;
    bool good;

    do {
        good = side->run(side->state, 1);
    } while (good && bench_now() < end);
    return good;
}

struct sample {
    double single, each;        // seconds: of one call, and of one of many in a row
    double speed;               // of the device meanwhile
};

static double speed_now(const struct turns *turns)
{
    return turns->effort->speed != NULL ? turns->effort->speed(turns->effort->speed_user) : 1.0;
}

static bool take(struct turns *turns, struct bench_side *side, int calls, struct sample *out)
{
    double begin, between;
    bool good;

    if (turns->spinning && !side->spins) {
        settle();
    }
    turns->spinning = side->spins;
    sched_setaffinity(0, sizeof side->cores, &side->cores);
    out->speed = side == turns->sides ? speed_now(turns) : 1.0;
    good = warm(side, turns->effort->sample_seconds > 0.0 ? warm_seconds : 0.0);
    begin = bench_now();
    good = good && side->run(side->state, 1);
    between = bench_now();
    good = good && (calls == 1 || side->run(side->state, calls));
    out->single = between - begin;
    out->each = calls == 1 ? out->single : (bench_now() - between) / calls;
    if (side == turns->sides) {
        double after = speed_now(turns);

        out->speed = after < out->speed ? after : out->speed;
    }
    return good;
}

// Calls of one sample that takes as long as it should.
static bool calibrate(struct turns *turns, struct bench_side *side, double wanted, int *calls)
{
    struct sample sample = { 0 };

    for (*calls = 1; *calls < 1 << 20; *calls *= 2) {
        if (!take(turns, side, *calls, &sample)) {
            return false;
        }
        if (sample.each * *calls >= wanted) {
            break;
        }
    }
    side->least = sample.each;
    *calls = (int)(wanted / sample.each) + 1;
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

// One sample of each side; the first to go changes from turn to turn. kept: where samples go.
static bool take_turn(struct turns *turns, int turn, int kept, double *speed)
{
    for (size_t i = 0; i < turns->count; i++) {
        struct bench_side *side = &turns->sides[(i + (size_t)turn) % turns->count];
        struct sample sample;

        if (!take(turns, side, side->calls, &sample)) {
            return false;
        }
        side->samples[kept] = sample.each;
        side->singles[kept] = sample.single;
        *speed = side == turns->sides ? sample.speed : *speed;
    }
    return true;
}

// A shared or hot machine may run at half its speed for a while: such turns are taken again, at
// most as many as are wanted.
static bool take_turns(struct turns *turns, int count)
{
    int kept = 0;

    for (int turn = 0; kept < count; turn++) {
        double speed = 1.0;

        if (!take_turn(turns, turn, kept, &speed)) {
            return false;
        }
        turns->speeds[kept] = speed;
        kept += speed >= bench_least_speed || turn - kept >= count;
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

bool bench_measure(struct bench_side *sides, size_t count, const struct bench_effort *effort,
                   double *speed)
{
    struct turns *turns = calloc(1, sizeof *turns);
    int pairs = effort->pairs;
    bool good = turns != NULL;

    for (size_t i = 0; i < count; i++) {
        sides[i].calls = 1;
    }
    if (good) {
        *turns = (struct turns) { sides, count, effort, .spinning = true };
        good = effort->sample_seconds <= 0.0 || count_calls(turns, effort->sample_seconds);
        pairs = good ? bearable_pairs(sides, count, effort) : pairs;
        good = good && take_turns(turns, pairs);
    }
    for (size_t i = 0; good && i < count; i++) {
        sides[i].median = bench_median(sides[i].samples, (size_t)pairs);
        sides[i].latency = bench_median(sides[i].singles, (size_t)pairs);
    }
    *speed = good ? bench_median(turns->speeds, (size_t)pairs) : 0.0;
    free(turns);
    return good;
}

void bench_side_close(struct bench_side *side)
{
    if (side->state != NULL) {
        side->close(&side->state);
    }
}
