// The start-up set: what a context compiles when it opens is all that plans ask for later, by the
// rules or by the wisdom that it loads.
#include "plan_fixture.h"
#include "sweep.h"

#include <convoy/tune.h>
#include <unistd.h>

enum { MOST_KERNELS = 45, PROBLEMS = 3000, MOST_ALGORITHMS = 96, MOST_TEXT = 16384 };

#define SPEC "conv n1 c24 h9 w11 k40 r3x3 p1x1 f32 nhwc"

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

// Wisdom ------------------------------------------------------------------------------------------

static size_t kernels_of(cvy_context *of)
{
    cvy_context_stats stats;

    OK(cvy_context_stats_get(of, &stats));
    return stats.kernels;
}

// Whether this plan compiles what is not in the start-up set.
static bool is_new(const char *algorithm)
{
    size_t before = kernels_of(context);
    cvy_plan *plan = NULL;
    cvy_status st = cvy_plan_from_spec(context, SPEC, &(cvy_plan_options) {
        .algorithm = algorithm }, &plan);

    cvy_plan_destroy(&plan);
    return st == CVY_OK && kernels_of(context) > before;
}

// An algorithm with a value of one of its tunables that no rule gives, as two fields of wisdom:
// "conv_direct | MR=5". The others keep their first.
static bool find_new(char fields[200])
{
    cvy_algorithm_info list[MOST_ALGORITHMS];
    size_t count = 0;

    OK(cvy_algorithm_list(list, MOST_ALGORITHMS, &count));
    cr_assert_leq(count, MOST_ALGORITHMS);
    for (size_t i = 0; i < count; i++)
        for (int v = 0; !list[i].slow_start && v < list[i].tunable[0].count; v++) {
            char values[100] = "", name[200];

            for (int t = 0; t < list[i].tunable_count; t++)
                snprintf(values + strlen(values), sizeof values - strlen(values), "%s%s=%d",
                         t ? "," : "", list[i].tunable[t].name,
                         list[i].tunable[t].values[t ? 0 : v]);
            snprintf(name, sizeof name, "%s:%s", list[i].name, values);
            snprintf(fields, 200, "%s | %s", list[i].name, values);
            if (strcmp(list[i].op, "conv") == 0 && is_new(name))
                return true;
        }
    return false;
}

// The file says that this won the problem, on this device, and speaks of much that is of no use.
static void write_wisdom(const char *fields, const char *path)
{
    static const char *const specs[] = { SPEC };
    char text[MOST_TEXT], device[512], problem[512];
    cvy_context *lazy = NULL;
    FILE *file = fopen(path, "w");
    const char *at;
    size_t length;

    cr_assert_not_null(file);
    open_context(&lazy);
    OK(cvy_tune(lazy, &(cvy_tune_params) { .specs = specs, .spec_count = 1 }, NULL));
    OK(cvy_wisdom_text(lazy, text, sizeof text, &length));
    cr_assert_lt(length, sizeof text);
    at = strchr(text, '\n');
    cr_assert(at && sscanf(at + 1, " %511[^|]| %511[^|]|", device, problem) == 2, "%s", text);
    fprintf(file, "%.*s\n%s| %s| %s | 0.001 | 0.1\n", (int)(at - text), text, device, problem,
            fields);
    fprintf(file, "%s| conv n1 nonsense | %s | 0.001 | 0.1\n", device, fields);
    fprintf(file, "%s| conv n1 c7 h1 w1 k5 r1x1 f32 nchw | %s | 0.001 | 0.1\n", device, fields);
    fprintf(file, "another device | %s | %s | 0.001 | 0.1\n", problem, fields);
    cr_assert_eq(fclose(file), 0);
    cvy_context_destroy(&lazy);
}

static void expect_known(const char *path, const char *fields, size_t rules)
{
    cvy_context_params params = { .device = getenv("CONVOY_DEVICE"), .wisdom = path,
                                  .compile = CVY_COMPILE_EAGER };
    cvy_context *other = NULL;
    cvy_plan *plan = NULL;
    cvy_plan_info info;
    size_t kernels;

    OK(cvy_context_create(&params, &other));
    kernels = kernels_of(other);
    cr_expect_gt(kernels, rules, "nothing was added");
    OK(cvy_plan_from_spec(other, SPEC, NULL, &plan));
    OK(cvy_plan_info_get(plan, &info));
    cr_expect_eq(strncmp(info.algorithm, fields, strcspn(fields, " ")), 0, "%s, not %s",
                 info.config, fields);
    cr_expect_eq(kernels_of(other), kernels, "%s compiles", info.config);
    cvy_plan_destroy(&plan);
    cvy_context_destroy(&other);
    params.compile = CVY_COMPILE_LAZY;
    OK(cvy_context_create(&params, &other));
    cr_expect_eq(kernels_of(other), 0);
    cvy_context_destroy(&other);
}

Test(start, set_has_the_kernels_that_wisdom_names)
{
    char path[] = "/tmp/convoy-start-XXXXXX", fields[200];
    size_t rules = kernels_of(context);
    int file;

    if (!find_new(fields))
        cr_skip_test("no algorithm has values here that the rules do not give");
    file = mkstemp(path);
    cr_assert_geq(file, 0);
    close(file);
    write_wisdom(fields, path);
    expect_known(path, fields, rules);
    unlink(path);
}
