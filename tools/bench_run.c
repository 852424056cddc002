// One problem of the bench from its text to its times: results are compared before times.
#include "bench_run.h"
#include "convoy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Where others had so much of the processors, a row is measured again. Their time is counted in
// ticks of 10 ms, which makes less of it mean nothing in a row.
static const double most_others = 0.15;
enum { MOST_TRIES = 3 };

struct row {
    struct bench_problem problem;
    struct bench_data data;
    struct bench_side *sides;
    size_t count;
    char error[BENCH_ERROR];    // "" : all is right
};

static bool open_sides(struct bench_run *run, struct row *row, cvy_plan **plan,
                       const cvy_plan_info *info)
{
    char reason[BENCH_ERROR];

    row->count = 1;
    if (!bench_convoy_side(&run->place, plan, info->algorithm, &row->problem, &row->data,
                           &row->sides[0])) {
        snprintf(row->error, sizeof row->error, "does not run: %.200s", cvy_error_text());
        return false;
    }
    for (size_t i = 0; i < run->peer_count; i++) {
        row->count += run->peers[i]->open(&run->place, &row->problem, &row->data,
                                          &row->sides[row->count], reason);
    }
    return true;
}

// Each side with what is calculated here, and each peer with us, element by element.
static bool compare(struct row *row)
{
    size_t count = row->data.dst_count;
    float *ours = malloc(count * sizeof *ours), *theirs = malloc(count * sizeof *theirs);
    double tolerance = bench_tolerance(&row->problem);
    bool good = ours != NULL && theirs != NULL;

    for (size_t i = 0; good && i < row->count; i++) {
        struct bench_side *side = &row->sides[i];
        float *got = i == 0 ? ours : theirs;

        if (side->result == NULL) {
            continue;
        }
        good = side->result(side->state, got);
        side->difference = good ? bench_sampled_difference(&row->problem, &row->data, got) : 1.0;
        if (good && i > 0) {
            double from_ours = bench_difference(got, ours, count);

            side->difference = from_ours > side->difference ? from_ours : side->difference;
        }
        good = good && side->difference <= tolerance;
        if (!good) {
            snprintf(row->error, sizeof row->error, "%s differs by %.3g of the largest value, "
                     "%.3g at most", side->name, side->difference, tolerance);
        }
    }
    free(ours);
    free(theirs);
    return good;
}

struct bench_result *bench_run_add(struct bench_run *run)
{
    struct bench_report *r = &run->report;

    if (r->count == run->capacity) {
        size_t capacity = run->capacity * 2 + 64;
        struct bench_result *more = realloc(r->results, capacity * sizeof *more);

        if (more == NULL) {
            return NULL;
        }
        r->results = more;
        run->capacity = capacity;
    }
    r->results[r->count] = (struct bench_result) { 0 };
    return &r->results[r->count++];
}

void bench_run_keep_side(struct bench_run *run, struct bench_result *result,
                         const struct bench_side *side)
{
    struct bench_time *t = &result->time[result->times++];

    snprintf(t->name, sizeof t->name, "%s", side->name);
    snprintf(t->how, sizeof t->how, "%s", side->how);
    t->calls = side->calls;
    t->median = side->median;
    t->latency = side->latency;
    t->difference = side->difference;
    if (result->times == 1) {
        result->limit = bench_limit(&run->report.peak, result->taps, result->bytes,
                                    &result->by_memory);
        result->others = run->others;
        result->speed = run->speed;
        run->report.wrong += !result->right;
    }
}

static void keep(struct bench_run *run, const char *name, const struct row *row,
                 const cvy_plan_info *info, const char *forced)
{
    struct bench_result *r = bench_run_add(run);

    if (r == NULL) {
        return;
    }
    snprintf(r->name, sizeof r->name, "%s", name);
    snprintf(r->spec, sizeof r->spec, "%s", info->spec);
    snprintf(r->algorithm, sizeof r->algorithm, "%s",
             forced != NULL && strchr(forced, ':') != NULL ? forced : info->algorithm);
    r->taps = row->problem.taps;
    r->bytes = row->problem.bytes;
    r->right = row->error[0] == '\0';
    for (size_t i = 0; i < row->count; i++) {
        bench_run_keep_side(run, r, &row->sides[i]);
    }
}

double bench_run_speed(void *user)
{
    struct bench_run *run = user;
    double speed = run->gauge != NULL ? bench_gauge_read(run->gauge) : 0.0;

    run->best = speed > run->best ? speed : run->best;
    return speed > 0.0 ? speed / run->best : 1.0;
}

bool bench_run_measure(struct bench_run *run, struct bench_side *sides, size_t count)
{
    for (int i = 0; i < MOST_TRIES; i++) {
        struct bench_watch watch;

        bench_watch_begin(&watch);
        if (!bench_measure(sides, count, &run->effort, &run->speed)) {
            return false;
        }
        run->others = bench_watch_others(&watch);
        if (run->others < most_others || !run->report.timed) {
            return true;
        }
    }
    return true;
}

static void solve(struct bench_run *run, struct row *row, cvy_plan **plan,
                  const cvy_plan_info *info)
{
    if (!bench_data_make(&row->problem, &row->data)) {
        snprintf(row->error, sizeof row->error, "out of memory");
    } else if (open_sides(run, row, plan, info) && compare(row) &&
               !bench_run_measure(run, row->sides, row->count)) {
        snprintf(row->error, sizeof row->error, "failed while it was measured: %.200s",
                 cvy_error_text());
    }
    for (size_t i = 0; i < row->count; i++) {
        bench_side_close(&row->sides[i]);
    }
    bench_data_free(&row->data);
}

cvy_status bench_run_spec(struct bench_run *run, const char *name, const char *spec,
                          const char *algorithm)
{
    struct row row = { .sides = calloc(BENCH_MOST_SIDES, sizeof *row.sides) };
    cvy_plan_info info;
    cvy_plan *plan = NULL;
    cvy_status st = row.sides == NULL ? CVY_ERR_NOMEM_HOST :
                    bench_convoy_open(&run->place, spec, algorithm, &info, &plan);

    if (st == CVY_OK && !bench_problem_read(&info, &row.problem, row.error)) {
        st = cvy_error_report(CVY_ERR_UNSUPPORTED, row.error);
    } else if (st == CVY_OK) {
        solve(run, &row, &plan, &info);
        if (row.error[0] != '\0') {
            tool_error("bench: %s with %s: %s", info.spec, info.algorithm, row.error);
        }
        keep(run, name, &row, &info, algorithm);
    }
    cvy_plan_destroy(&plan);
    free(row.sides);
    return st;
}
