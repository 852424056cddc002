// Tuning of many problems: each becomes a plan that is measured.
#include "ops/check.h"

#include <convoy/tune.h>

struct tuning {
    const cvy_tune_params *params;
    cvy_tune_report report;
    bool stopped;
    bool cut;                   // a problem's part of the budget ended before its trials did
};

static bool count_trial(void *user, const cvy_trial *trial)
{
    struct tuning *t = user;
    cvy_tune_report *report = &t->report;

    if (trial->result == CVY_TRIAL_CHOSEN) {
        report->problems++;
        report->first_seconds += trial->first_seconds > 0.0 ? trial->first_seconds
                                                            : trial->seconds;
        report->best_seconds += trial->seconds;
        t->cut = t->cut || trial->trial < trial->trials;
    } else {
        report->trials++;
    }
    report->slow += trial->result == CVY_TRIAL_SLOW;
    report->wrong += trial->result == CVY_TRIAL_WRONG;
    report->failed += trial->result == CVY_TRIAL_FAILED;
    if (t->params->trial && !t->params->trial(t->params->trial_user, trial))
        t->stopped = true;
    return !t->stopped;
}

// What is left of the budget is shared among the problems that are left; 0: no budget.
static double share(const struct tuning *t, double begin, size_t left)
{
    double budget = t->params->budget_seconds;

    return budget > 0.0 ? MAX((budget - (clock_seconds() - begin)) / (double)left, 1e-6) : 0.0;
}

static cvy_status tune_one(struct tuning *t, cvy_context *context, const char *spec,
                           double budget)
{
    const cvy_tune_params *p = t->params;
    const cvy_plan_options options = {
        .exact = p->exact, .max_workspace = p->max_workspace, .again = p->again,
        .effort = p->effort == CVY_EFFORT_DEFAULT ? CVY_EFFORT_MEASURE : p->effort,
        .budget_seconds = budget, .trial = count_trial, .trial_user = t };
    size_t trials = t->report.trials, problems = t->report.problems;
    cvy_plan *plan = NULL;
    cvy_status st = cvy_plan_from_spec(context, spec, &options, &plan);

    cvy_plan_destroy(&plan);
    t->report.known += st == CVY_OK && t->report.trials == trials;
    t->cut = t->cut || (t->report.trials > trials && t->report.problems == problems);
    if (st != CVY_ERR_UNSUPPORTED && st != CVY_ERR_LIMIT && st != CVY_ERR_BUILD)
        return st;
    t->report.unsolved++;
    return CVY_OK;
}

static cvy_status check_params(const cvy_tune_params *p)
{
    if (p->spec_count && !p->specs)
        return fail(CVY_ERR_ARGUMENT, "specs is NULL and spec_count is %zu", p->spec_count);
    for (size_t i = 0; i < p->spec_count; i++)
        if (!p->specs[i])
            return fail(CVY_ERR_ARGUMENT, "specs[%zu] is NULL", i);
    if (!(p->budget_seconds >= 0.0 && p->budget_seconds < 1e9))
        return fail(CVY_ERR_ARGUMENT, "budget_seconds must be 0 or more");
    return check_enum((int)p->effort, CVY_EFFORT_DEFAULT, CVY_EFFORT_EXHAUSTIVE, "effort");
}

cvy_status cvy_tune(cvy_context *context, const cvy_tune_params *params, cvy_tune_report *report)
{
    struct tuning t = { .params = params };
    double begin = clock_seconds();
    cvy_status st = CVY_OK;

    if (report)
        memset(report, 0, sizeof *report);
    TRY(context_check(context));
    CHECK_POINTER(params);
    TRY(check_params(params));
    for (size_t i = 0; i < params->spec_count && st == CVY_OK && !t.stopped; i++) {
        double budget = share(&t, begin, params->spec_count - i);

        if (budget > 0.0 && budget < 1e-5)
            break;
        st = tune_one(&t, context, params->specs[i], budget);
    }
    t.report.seconds = clock_seconds() - begin;
    t.report.out_of_time = params->budget_seconds > 0.0
        && (t.cut || t.report.seconds >= params->budget_seconds);
    if (report)
        *report = t.report;
    if (st == CVY_OK && t.stopped)
        st = fail(CVY_ERR_CANCELLED, "tuning was stopped after %zu trials; %zu winners are kept",
                  t.report.trials, t.report.problems);
out:
    return st;
}
