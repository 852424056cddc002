// Choosing by hand, by measuring and by wisdom. Speed is not tested: what is chosen must be right,
// and known afterwards.
#include "plan_fixture.h"

#include <convoy/tune.h>
#include <stdio.h>

TestSuite(tune, .init = open_all, .fini = close_all, .timeout = 300);

#define SMALL "conv n1 c5 h9 w9 k20 r3x3 p1x1 f32 "

static cvy_status choose(const char *spec, const char *algorithm, cvy_plan_info *info)
{
    const cvy_plan_options options = { .algorithm = algorithm };
    cvy_plan *plan = NULL;
    cvy_status st = cvy_plan_from_spec(context, spec, &options, &plan);

    memset(info, 0, sizeof *info);
    if (st == CVY_OK)
        st = cvy_plan_info_get(plan, info);
    cvy_plan_destroy(&plan);
    return st;
}

Test(tune, values_of_tunables_are_taken_from_the_name)
{
    cvy_plan_info info;

    OK(choose(SMALL "nchw", "conv_simt:V=1", &info));
    cr_expect_str_eq(info.algorithm, "conv_simt");
    cr_expect_str_eq(info.config, "conv_simt:V=1");
    cr_expect_str_eq(info.why, "forced");
    OK(choose(SMALL "nchw", "conv_reference", &info));
    cr_expect_str_eq(info.config, "conv_reference");
}

Test(tune, each_config_of_each_convolution_says_so_again)
{
    cvy_algorithm_info list[64];
    size_t count, tried = 0;

    OK(cvy_algorithm_list(list, 64, &count));
    for (size_t i = 0; i < count; i++) {
        for (int32_t t = 0; strcmp(list[i].op, "conv") == 0 && t < list[i].tunable_count; t++) {
            const cvy_tunable *tunable = &list[i].tunable[t];

            for (int32_t v = 0; v < tunable->count; v++) {
                char name[100], again[320];
                cvy_plan_info info;

                snprintf(name, sizeof name, "%s:%s=%d", list[i].name, tunable->name,
                         tunable->values[v]);
                if (choose(SMALL "nhwc", name, &info) == CVY_ERR_UNSUPPORTED)
                    continue;
                cr_expect(strstr(info.config, strchr(name, ':') + 1), "%s gives %s", name,
                          info.config);
                strcpy(again, info.config);
                OK(choose(SMALL "nhwc", again, &info));
                cr_expect_str_eq(info.config, again);
                tried++;
            }
        }
    }
    cr_expect_gt(tried, 0);
}

Test(tune, children_are_chosen_by_name_too)
{
    cvy_plan_info info;
    char again[320];

    OK(choose("separable n1 c8 h9 w9 k8 r3x3 p1x1 f32 nchw",
              "separable_pair(conv_reference + conv_simt:V=8)", &info));
    cr_expect_str_eq(info.config, "separable_pair(conv_reference + conv_simt:V=8)");
    OK(choose("separable n1 c8 h9 w9 k8 r3x3 p1x1 f32 nchw", NULL, &info));
    strcpy(again, info.config);
    OK(choose("separable n1 c8 h9 w9 k8 r3x3 p1x1 f32 nchw", again, &info));
    cr_expect_str_eq(info.config, again);
}

Test(tune, what_is_wrong_in_a_name_is_named)
{
    static const struct {
        const char *algorithm, *says;
        cvy_status status;
    } rows[] = {
        { "conv_by_hand", "\"conv_by_hand\", which is not registered; conv has", CVY_ERR_ARGUMENT },
        { "conv_simt:W=1", "\"W=1\" is no tunable of conv_simt, which has V", CVY_ERR_ARGUMENT },
        { "conv_simt:V", "\"V\" of conv_simt; V takes one of 4 1 8", CVY_ERR_ARGUMENT },
        { "conv_simt:V=", "V takes one of", CVY_ERR_ARGUMENT },
        { "conv_simt:V=3", "\"V=3\" of conv_simt; V takes one of 4 1 8", CVY_ERR_ARGUMENT },
        { "conv_simt:V=-1", "V takes one of", CVY_ERR_ARGUMENT },
        { "conv_simt:V=4294967297", "V takes one of", CVY_ERR_ARGUMENT },
        { "conv_simt:V=1,V=1", "gives V of conv_simt twice", CVY_ERR_ARGUMENT },
        { "conv_simt:V=1,", "", CVY_OK },
        { "conv_reference:V=1", "no tunable of conv_reference, which has none", CVY_ERR_ARGUMENT },
        { "conv_simt(pool_reference)", "names pool_reference, which solves pool",
          CVY_ERR_ARGUMENT },
        { "pool_reference", "which solves pool and not conv", CVY_ERR_UNSUPPORTED },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cvy_plan_info info;
        cvy_status st = choose(SMALL "nchw", rows[i].algorithm, &info);

        cr_expect_eq(st, rows[i].status, "%s gives %s", rows[i].algorithm, cvy_status_name(st));
        cr_expect(st == CVY_OK || strstr(cvy_error_text(), rows[i].says), "%s: %s",
                  rows[i].algorithm, cvy_error_text());
    }
}

// Measuring ---------------------------------------------------------------------------------------

struct log {
    size_t trials, chosen, stop_after;
    cvy_trial last[64];
    char specs[64][512];        // of those chosen
};

static bool write_down(void *user, const cvy_trial *trial)
{
    struct log *log = user;

    cr_expect_gt(trial->trials, 1);
    cr_expect_neq(trial->result, CVY_TRIAL_WRONG, "%s for %s", trial->algorithm, trial->spec);
    cr_expect_neq(trial->result, CVY_TRIAL_FAILED, "%s for %s: %s", trial->algorithm, trial->spec,
                  cvy_error_text());
    if (trial->result == CVY_TRIAL_CHOSEN && log->chosen < 64)
        strcpy(log->specs[log->chosen++], trial->spec);
    log->trials += trial->result != CVY_TRIAL_CHOSEN;
    return log->stop_after == 0 || log->trials < log->stop_after;
}

static cvy_status tune(const char *spec, struct log *log, cvy_tune_report *report)
{
    const char *const specs[] = { spec };

    return cvy_tune(context, &(cvy_tune_params) { .specs = specs, .spec_count = 1,
                                                  .trial = write_down, .trial_user = log },
                    report);
}

static const char *const small_problems[] = {
    "conv n1 c5 h9 w9 k20 r3x3 p1x1 f32 nhwc +bias +relu",
    "conv n2 c3 h11 w7 k4 r3x2 s2x1 p1x0 q0x1 l2x1 f32 nchw +clip:0:6",
    "conv n1 c8 h9 w9 k8 r3x3 p1x1 g8 f32 nhwc +residual",
    "conv n1 c4 w20 k6 r5 p2 f32 nchw +silu",
    "conv n1 c2 d5 h6 w7 k3 r3x3x3 p1x1x1 f32 nhwc",
    "conv n1 c4 h9 w9 k4 r3x3 p2x2 pad:reflect f32 nchw +prelu",
    "conv n1 c4 h9 w9 k4 r1x1 f32 nchw +to:nhwc",
    "deconv n1 c6 h5 w6 k4 r3x3 s2x2 p1x1 o1x1 f32 nhwc +bias",
    "conv n1 c64 h28 w28 k64 r3x3 p1x1 f32 nchw",       // Winograd's, inside of conv_via_nhwc
    "deconv n1 c6 h5 w6 k4 r2x2 s2x2 f32 nchw",
    "linear [7,30] k12 f32 plain +bias",
    "pool max n1 c6 h9 w9 r3x3 s2x2 p1x1 f32 nchw +indices",
    "pool average n1 c6 h9 w9 r3x3 s2x2 f32 nhwc",
    "separable n1 c8 h9 w9 k8 r3x3 p1x1 f32 nhwc",
    "softmax n2 c10 h3 w3 f32 nchw +axis:1",
    "copy n1 c8 h9 w10 f32 nchw +to:nhwc",
    "matmul [2,9,20] [2,20,17] f32 plain",
    "activation n1 c4 h5 w6 f32 nchw +relu",
};
enum { SMALL_PROBLEMS = sizeof small_problems / sizeof small_problems[0] };

Test(tune, problems_of_each_kind_are_known_once_they_are_measured)
{
    size_t problems = 0;

    for (size_t i = 0; i < SMALL_PROBLEMS; i++) {
        struct log log = { 0 };
        cvy_tune_report report;
        cvy_plan_info info;

        OK(tune(small_problems[i], &log, &report));
        cr_expect_eq(report.unsolved, 0, "%s", small_problems[i]);
        cr_expect_eq(report.wrong, 0, "%s", small_problems[i]);
        cr_expect_eq(report.problems, log.chosen);
        cr_expect_eq(report.trials, log.trials);
        // What a line of wisdom calls the problem is a spec of it.
        for (size_t k = 0; k < log.chosen; k++) {
            OK(choose(log.specs[k], NULL, &info));
            cr_expect(strncmp(info.why, "measured: ", 10) == 0, "%s: %s", log.specs[k], info.why);
            cr_expect_gt(info.measured_seconds, 0.0);
        }
        OK(choose(small_problems[i], NULL, &info));
        cr_log_info("%s: %s, %s", small_problems[i], info.config, info.why);
        OK(tune(small_problems[i], &log, &report));
        cr_expect_eq(report.trials, 0, "%s is measured again", small_problems[i]);
        cr_expect_eq(report.known, 1);
        problems += report.problems + log.chosen;
    }
    cr_expect_gt(problems, 8);
}

Test(tune, again_and_exhaustive_measure_what_is_known)
{
    static const char *const specs[] = { SMALL "nhwc" };
    cvy_tune_params params = { .specs = specs, .spec_count = 1 };
    cvy_tune_report first, all;

    OK(cvy_tune(context, &params, &first));
    params.again = true;
    params.effort = CVY_EFFORT_EXHAUSTIVE;
    OK(cvy_tune(context, &params, &all));
    cr_expect_geq(all.trials, first.trials);
    cr_expect_eq(all.wrong + all.failed + first.wrong + first.failed, 0);
}

Test(tune, stop_keeps_what_is_known)
{
    struct log log = { .stop_after = 1 };
    cvy_tune_report report;
    cvy_plan_info info;

    cr_expect_eq(tune(SMALL "nchw", &log, &report), CVY_ERR_CANCELLED);
    cr_expect_eq(report.trials, 1);
    OK(choose(SMALL "nchw", NULL, &info));
}

Test(tune, a_budget_that_is_over_ends_the_trials)
{
    const char *const specs[] = { SMALL "nchw", SMALL "nhwc" };
    cvy_tune_report report;

    OK(cvy_tune(context, &(cvy_tune_params) { .specs = specs, .spec_count = 2,
                                              .budget_seconds = 1e-9 }, &report));
    cr_expect(report.out_of_time);
    cr_expect_eq(report.problems, 0);
}

// One run of this takes seconds on llvmpipe, and a measurement is many.
Test(tune, a_budget_ends_before_a_problem_that_is_too_long_for_it)
{
    const char *const specs[] = { "conv n1 c64 h224 w224 k64 r3x3 p1x1 f32 nchw" };
    cvy_tune_report report;

    OK(cvy_tune(context, &(cvy_tune_params) { .specs = specs, .spec_count = 1,
                                              .budget_seconds = 0.5 }, &report));
    cr_expect(report.out_of_time);
    cr_expect_lt(report.seconds, 15.0, "%g s of 0.5", report.seconds);
}

Test(tune, effort_in_the_options_of_a_plan_measures_before_it_is_made)
{
    const cvy_plan_options options = { .effort = CVY_EFFORT_MEASURE };
    cvy_plan *plan = NULL;
    cvy_plan_info info;

    OK(cvy_plan_from_spec(context, SMALL "nhwc", &options, &plan));
    OK(cvy_plan_info_get(plan, &info));
    cr_expect(strncmp(info.why, "measured: ", 10) == 0, "%s", info.why);
    cvy_plan_destroy(&plan);
}

Test(tune, a_limit_on_memory_leaves_the_choice_to_the_rules)
{
    const cvy_plan_options options = { .effort = CVY_EFFORT_MEASURE, .max_workspace = 1000 };
    cvy_plan *plan = NULL;
    cvy_plan_info info;

    OK(cvy_plan_from_spec(context, SMALL "nhwc", &options, &plan));
    OK(cvy_plan_info_get(plan, &info));
    cr_expect_eq(info.measured_seconds, 0.0, "%s", info.why);
    cvy_plan_destroy(&plan);
}

Test(tune, deterministic_plans_do_as_the_rules_say)
{
    const cvy_plan_options options = { .deterministic = true };
    struct log log = { 0 };
    cvy_plan *plan = NULL;
    cvy_plan_info before, after;

    OK(choose(SMALL "nhwc", NULL, &before));
    OK(tune(SMALL "nhwc", &log, NULL));
    OK(cvy_plan_from_spec(context, SMALL "nhwc", &options, &plan));
    OK(cvy_plan_info_get(plan, &after));
    cr_expect_str_eq(after.config, before.config);
    cr_expect_eq(after.measured_seconds, 0.0);
    cvy_plan_destroy(&plan);
}

Test(tune, what_is_wrong_in_the_params_is_named)
{
    static const char *const one[] = { "conv n1 c4" }, *const none[] = { NULL };

    GIVES(CVY_ERR_ARGUMENT, "params", cvy_tune(context, NULL, NULL));
    GIVES(CVY_ERR_ARGUMENT, "context", cvy_tune(NULL, &(cvy_tune_params) { 0 }, NULL));
    GIVES(CVY_ERR_ARGUMENT, "specs is NULL",
          cvy_tune(context, &(cvy_tune_params) { .spec_count = 1 }, NULL));
    GIVES(CVY_ERR_ARGUMENT, "specs[0] is NULL",
          cvy_tune(context, &(cvy_tune_params) { .specs = none, .spec_count = 1 }, NULL));
    GIVES(CVY_ERR_ARGUMENT, "effort",
          cvy_tune(context, &(cvy_tune_params) { .effort = (cvy_effort)9 }, NULL));
    GIVES(CVY_ERR_ARGUMENT, "budget_seconds",
          cvy_tune(context, &(cvy_tune_params) { .budget_seconds = -1.0 }, NULL));
    cr_expect_neq(cvy_tune(context, &(cvy_tune_params) { .specs = one, .spec_count = 1 }, NULL),
                  CVY_OK);
    OK(cvy_tune(context, &(cvy_tune_params) { 0 }, NULL));
}
