// The start-up set: what a context compiles when it opens is all that plans ask for later.
#include "plan_fixture.h"
#include "sweep.h"

enum { MOST_KERNELS = 45, PROBLEMS = 3000 };

static void open_eager(void)
{
    const cvy_context_params params = { .device = getenv("CONVOY_DEVICE"),
                                        .compile = CVY_COMPILE_EAGER };
    cvy_status st = cvy_context_create(&params, &context);

    if (st == CVY_ERR_NO_DEVICE)
        cr_skip_test("no device: %s", cvy_error_text());
    cr_assert_eq(st, CVY_OK, "%s: %s", cvy_status_name(st), cvy_error_text());
}

static void close_eager(void)
{
    cvy_context_destroy(&context);
}

TestSuite(start, .init = open_eager, .fini = close_eager, .timeout = 200);

Test(start, set_is_small_and_every_kernel_of_it_compiles)
{
    cvy_context_stats stats;

    OK(cvy_context_stats_get(context, &stats));
    cr_log_info("%zu kernels in %zu programs, %.2f s", stats.kernels, stats.programs,
                stats.build_seconds);
    cr_expect_gt(stats.kernels, 10);
    cr_expect_leq(stats.kernels, MOST_KERNELS, "%zu kernels", stats.kernels);
    cr_expect_leq(stats.programs, 4, "%zu programs", stats.programs);
    cr_expect_eq(stats.failed, 0);
}

// No stall at first use: the planner's choice for any problem is compiled already.
Test(start, set_has_every_kernel_that_the_rules_choose)
{
    cvy_context_stats before, after;

    OK(cvy_context_stats_get(context, &before));
    for (uint64_t seed = 1; seed <= PROBLEMS; seed++) {
        struct judge_problem problem;
        cvy_plan_info info;
        cvy_plan *plan = NULL;

        sweep_problem(seed, &problem);
        OK(create(&problem.ref, &plan));
        OK(cvy_plan_info_get(plan, &info));
        OK(cvy_context_stats_get(context, &after));
        cr_assert_eq(after.kernels, before.kernels, "%s compiles for %s", info.algorithm,
                     info.spec);
        cvy_plan_destroy(&plan);
    }
}
