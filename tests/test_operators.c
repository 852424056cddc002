// Every operator on a device against the double-precision reference: the labelled rows with every
// algorithm that accepts them, and a random sweep. CONVOY_DEVICE picks the device,
// CONVOY_TEST_PROBLEMS and CONVOY_TEST_SEED the sweep.
#include "judge.h"
#include "rows.h"
#include "sweep.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_ALGORITHMS = 64, MOST_SHOWN = 20, MOST_KERNELS = 150 };

// What a test has seen so far.
struct tally {
    long run, failed, skipped;
    double worst;
};

static struct judge_device open_device(void)
{
    struct judge_device device;
    cvy_status st = judge_open(getenv("CONVOY_DEVICE"), &device);

    if (st == CVY_ERR_NO_DEVICE) {
        cr_skip_test("no device: %s", cvy_error_text());
    }
    cr_assert(st == CVY_OK, "%s: %s", cvy_status_name(st), cvy_error_text());
    return device;
}

static unsigned long long number_of(const char *variable, unsigned long long standard)
{
    const char *text = getenv(variable);

    return text != NULL && text[0] != '\0' ? strtoull(text, NULL, 0) : standard;
}

static void try_one(struct judge_device *device, const struct judge_problem *problem,
                    const char *algorithm, struct tally *tally)
{
    struct judge_result result;
    enum judge_verdict verdict = judge_run(device->judge, problem, algorithm, &result);

    tally->skipped += verdict == JUDGE_SKIP;
    tally->run += verdict != JUDGE_SKIP;
    tally->failed += verdict == JUDGE_FAIL;
    if (verdict == JUDGE_PASS && result.worst > tally->worst) {
        tally->worst = result.worst;
    }
    if (verdict == JUDGE_FAIL && tally->failed <= MOST_SHOWN) {
        cr_expect(false, "%s", result.message);
    }
}

static void conclude(const char *what, const struct judge_device *device,
                     const struct tally *tally)
{
    printf("%s on %s: %ld problems, %ld failed, worst error %.3f of its tolerance\n", what,
           device->info.name, tally->run, tally->failed, tally->worst);
    cr_expect(tally->failed == 0, "%ld of %ld problems failed", tally->failed, tally->run);
    cr_expect(tally->run > 0, "nothing ran");
}

static void each_row(struct judge_device *device, const char *algorithm, struct tally *tally)
{
    for (size_t i = 0; i < rows_count(); i++) {
        for (int way = 0; way < 4; way++) {
            struct judge_problem problem;

            rows_problem(i, way % 2 == 0 ? CVY_NCHW : CVY_NHWC,
                         way / 2 == 0 ? JUDGE_INTEGER : JUDGE_REAL, &problem);
            try_one(device, &problem, algorithm, tally);
        }
    }
}

Test(operators, labelled_rows_match_the_reference)
{
    struct judge_device device = open_device();
    struct tally tally = { 0 };

    each_row(&device, NULL, &tally);
    conclude("rows", &device, &tally);
    judge_close(&device);
}

Test(operators, every_algorithm_matches_the_reference_on_each_row_that_it_accepts)
{
    struct judge_device device = open_device();
    cvy_algorithm_info list[MOST_ALGORITHMS];
    struct tally tally = { 0 };
    size_t count = 0;

    cr_assert(cvy_algorithm_list(list, MOST_ALGORITHMS, &count) == CVY_OK);
    cr_assert(count <= MOST_ALGORITHMS, "%zu algorithms: raise MOST_ALGORITHMS", count);
    for (size_t i = 0; i < count; i++) {
        long before = tally.run;

        if (list[i].slow_start) {
            continue;           // test_clblast
        }
        each_row(&device, list[i].name, &tally);
        printf("%-28s accepted %ld rows\n", list[i].name, tally.run - before);
    }
    conclude("forced rows", &device, &tally);
    judge_close(&device);
}

Test(operators, random_problems_match_the_reference)
{
    struct judge_device device = open_device();
    unsigned long long count = number_of("CONVOY_TEST_PROBLEMS", 20000);
    unsigned long long seed = number_of("CONVOY_TEST_SEED", 20240);
    struct tally tally = { 0 };
    cvy_context_stats stats;

    printf("sweep of %llu problems, CONVOY_TEST_SEED=%llu\n", count, seed);
    for (unsigned long long i = 0; i < count; i++) {
        struct judge_problem problem;

        sweep_problem(seed + i, &problem);
        try_one(&device, &problem, NULL, &tally);
    }
    conclude("sweep", &device, &tally);
    cr_assert(cvy_context_stats_get(device.context, &stats) == CVY_OK);
    printf("%zu kernels in %zu programs, %.1f s to build\n", stats.kernels, stats.programs,
           stats.build_seconds);
    cr_expect(stats.kernels <= MOST_KERNELS, "the sweep used %zu kernels", stats.kernels);
    judge_close(&device);
}
