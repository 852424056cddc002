// Candidates in order, and the first that builds.
#include "plan/planner.h"
#include "plan/forced.h"
#include "plan/measure.h"
#include "plan/names.h"
#include "plan/plan.h"

#include <math.h>
#include <stdio.h>

#define MAX_CANDIDATES 32

struct candidate {
    const struct algo *algo;
    struct config config;
    int rank;                   // below 0: wisdom's choice
    double estimate, measured;  // measured: 0 if it was not
};

// What there is to choose from, and by what.
struct question {
    const struct device *device;
    const struct problem *problem;
    const struct forced_one *forced;
    struct wisdom *wisdom;      // NULL: not asked
    bool exact, slow;           // slow: also those of slow_start
    char key[KEY_BYTES], device_key[KEY_BYTES];
    char neighbour[KEY_BYTES];  // where wisdom's choice comes from, if not from this problem
};

static bool admits(const struct device *device, const struct algo *algo,
                   const struct problem *problem, bool exact)
{
    return algo->op == problem->op && (algo->dtypes & DTYPE_BIT(problem->src.dtype))
        && (algo->layouts & LAYOUT_BIT(problem->src.layout))
        && !(exact && algo->accuracy != ACCURACY_DIRECT) && algo->applicable(device, problem);
}

static bool before(const struct candidate *a, const struct candidate *b)
{
    return a->rank < b->rank || (a->rank == b->rank && a->estimate < b->estimate);
}

static void candidate_insert(struct candidate *list, size_t *count, struct candidate c)
{
    size_t at = *count;

    if (*count == MAX_CANDIDATES)
        return;
    for (; at > 0 && before(&c, &list[at - 1]); at--)
        list[at] = list[at - 1];
    list[at] = c;
    ++*count;
}

static bool fits(const void *of, const struct algo *algo)
{
    const struct question *q = of;

    return admits(q->device, algo, q->problem, q->exact);
}

// Wisdom's choice goes before all others: what was measured, or the nearest neighbour's.
static void ask_wisdom(struct question *q, const char *spec, struct candidate *list, size_t *count)
{
    struct wisdom_choice choice;
    struct candidate c = { .rank = -1 };

    if (!q->wisdom || !problem_key(q->problem, spec, q->key))
        return;
    device_key(q->device, q->device_key);
    if (wisdom_find(q->wisdom, q->device_key, q->key, false, fits, q, &choice))
        c.measured = choice.seconds;
    else if (wisdom_find(q->wisdom, q->device_key, q->key, true, fits, q, &choice))
        snprintf(q->neighbour, sizeof q->neighbour, "%s", choice.key);
    else
        return;
    c.algo = choice.algo;
    c.config = choice.config;
    c.estimate = c.algo->estimate(q->device, q->problem, &c.config);
    candidate_insert(list, count, c);
}

static bool is_asked_for(const struct question *q, const struct algo *algo)
{
    return q->forced ? algo == q->forced->algo : q->slow || !algo->slow_start;
}

static size_t candidates(struct question *q, const char *spec, struct candidate *list)
{
    size_t count = 0;

    if (!q->forced)
        ask_wisdom(q, spec, list, &count);
    for (size_t i = 0; i < algo_count; i++) {
        struct candidate c = { .algo = algos[i] };

        if (!is_asked_for(q, algos[i]) || !fits(q, algos[i]))
            continue;
        c.rank = rules_rank(q->device, c.algo, q->problem);
        rules_config(q->device, c.algo, q->problem, &c.config);
        if (q->forced)
            forced_apply(q->forced, &c.config);
        c.estimate = c.algo->estimate(q->device, q->problem, &c.config);
        candidate_insert(list, &count, c);
    }
    return count;
}

static void name_add(char *names, size_t cap, const char *name, int depth)
{
    size_t length = strlen(names);

    if (depth == 0 || length == 0)
        snprintf(names + length, cap - length, "%s", name);
    else if (names[length - 1] == ')')
        snprintf(names + length - 1, cap - length + 1, " + %s)", name);
    else
        snprintf(names + length, cap - length, "(%s)", name);
}

static cvy_status candidate_build(struct plan_builder *builder, const struct candidate *c,
                                  const struct problem *problem)
{
    struct impl *impl = builder->impl;
    char name[160], values[100];
    cvy_status st;

    config_text(c->algo, &c->config, values, sizeof values);
    snprintf(name, sizeof name, "%s%s%s", c->algo->name, values[0] ? ":" : "", values);
    impl->accuracy = MAX(impl->accuracy, c->algo->accuracy);
    name_add(impl->algorithm, sizeof impl->algorithm, c->algo->name, builder->depth);
    name_add(impl->config, sizeof impl->config, name, builder->depth);
    st = c->algo->build(builder, problem, &c->config);
    return st != CVY_OK ? st : builder->status;
}

// What the constants of an implementation become: its prepare steps, and what its run steps read
// as it is. Equal text, equal packing.
static uint64_t packing_hash(const struct impl *impl)
{
    uint64_t hash = impl->packed ^ (impl->constants_read << 32);

    for (size_t i = 0; i < impl->steps[PHASE_PREPARE].count; i++) {
        const struct step *step = impl->steps[PHASE_PREPARE].items[i];
        struct text text = { 0 };

        instance_text(kernel_instance(step->kernel), &text);
        hash = hash * 31 + (text.data ? hash_text(text.data) : 0) + (uint64_t)step->items;
        text_free(&text);
        for (size_t a = 0; a < step->count; a++) {
            struct step_arg clean;

            memset(&clean, 0, sizeof clean);
            clean.kind = step->args[a].kind;
            if (clean.kind == 't') {
                clean.value.tensor.operand.slot = step->args[a].value.tensor.operand.slot;
                clean.value.tensor.operand.offset = step->args[a].value.tensor.operand.offset;
            } else if (clean.kind == 'l') {
                clean.value.l = step->args[a].value.l;
            } else {
                clean.value.i = step->args[a].value.i;
            }
            hash = hash * 31 + hash_bytes(&clean, sizeof clean);
        }
    }
    return hash;
}

static void impl_seal(struct impl *impl)
{
    for (int phase = 0; phase < 2; phase++)
        for (size_t i = 0; i < impl->steps[phase].count; i++)
            impl->steps[phase].items[i]->builder = NULL;
    for (size_t i = 0; i < impl->steps[PHASE_RUN].count; i++) {
        const struct step *step = impl->steps[PHASE_RUN].items[i];

        for (size_t a = 0; a < step->count; a++)
            if (step->args[a].kind == 't'
                && slot_is_constant(step->args[a].value.tensor.operand.slot))
                impl->constants_read |= UINT64_C(1) << step->args[a].value.tensor.operand.slot;
    }
    impl->packing = packing_hash(impl);
}

// What planner_build was asked for, with the device as this attempt sees it.
struct request {
    cvy_context *context;
    struct device device;
    const struct problem *problem;
    const char *spec;
    const cvy_plan_options *options;
    struct wisdom *wisdom;
    struct problem_list *children;      // takes those that wisdom could know; may be NULL
    struct forced forced;
    bool refused;           // a compiler did not take one
    bool patient;           // takes a stand-in for what is not compiled yet
    struct impl *stand_in;
};

static cvy_status unused_name(const struct forced *forced)
{
    const struct algo *algo = forced->list[forced->used].algo;

    return fail(CVY_ERR_ARGUMENT, "options.algorithm names %s, which solves %s; there is no such "
                "step left for it", algo->name, op_name(algo->op));
}

static cvy_status build_alone(struct request *request, const struct candidate *c,
                              enum compiling compiling, struct impl **out)
{
    // What a Winograd inside of another operator may lose is known for convolutions alone.
    bool exact = request->options->exact || request->problem->op != OP_CONV;
    struct plan_builder builder = { .context = request->context, .device = &request->device,
                                    .forced = &request->forced, .exact = exact,
                                    .wisdom = request->wisdom, .children = request->children,
                                    .compiling = compiling };
    size_t most = request->options->max_workspace;
    cvy_status st = CVY_OK;

    *out = NULL;
    builder.bindings = bindings_same();
    request->forced.used = request->forced.count ? 1 : 0;
    TRY(impl_create(&builder.impl));
    TRY(candidate_build(&builder, c, request->problem));
    if (request->forced.used < request->forced.count)
        TRY(unused_name(&request->forced));
    impl_seal(builder.impl);
    builder.impl->estimate = isinf(c->estimate) ? 0.0 : c->estimate;
    builder.impl->measured = c->measured;
    if (most && builder.impl->scratch > most)
        TRY(fail(CVY_ERR_UNSUPPORTED, "%s needs %zu bytes of workspace; max_workspace is %zu",
                 c->algo->name, builder.impl->scratch, most));
    *out = builder.impl;
    builder.impl = NULL;
out:
    impl_release(builder.impl);
    return st;
}

// Stand-ins -------------------------------------------------------------------------------------

#define MAX_CONFIGS 16
// How much slower than the choice a stand-in may be: it serves until the queues have been at rest,
// which in a busy application may be long.
#define STAND_IN_SLOWNESS 2.0

// Another config of the algorithm, so that the sums are the same, bit for bit.
static bool may_stand_in(const struct candidate *c, const struct candidate *other)
{
    return memcmp(&c->config, &other->config, sizeof c->config) != 0
        && other->estimate <= STAND_IN_SLOWNESS * c->estimate;
}

static struct impl *find_stand_in(struct request *request, const struct candidate *c,
                                  const struct impl *wanted)
{
    struct config configs[MAX_CONFIGS];
    size_t count = rules_configs(&request->device, c->algo, configs, MAX_CONFIGS);
    struct impl *impl = NULL;

    for (size_t i = 0; i < count; i++) {
        struct candidate other = { .algo = c->algo, .config = configs[i] };

        other.estimate = c->algo->estimate(&request->device, request->problem, &other.config);
        if (!may_stand_in(c, &other)
            || build_alone(request, &other, COMPILE_NOTHING, &impl) != CVY_OK)
            continue;
        if (impl_is_ready(impl) && impl->packing == wanted->packing)
            return impl;
        impl_release(impl);
        impl = NULL;
    }
    return NULL;
}

// Compiles now what has no stand-in.
static cvy_status build_candidate(struct request *request, const struct candidate *c,
                                  struct impl **out)
{
    cvy_status st = CVY_OK;

    if (!request->patient)
        return build_alone(request, c, COMPILE_NOW, out);
    impl_release(request->stand_in);        // of a candidate that was refused
    request->stand_in = NULL;
    TRY(build_alone(request, c, COMPILE_NOTHING, out));
    if (impl_is_ready(*out))
        return CVY_OK;
    request->stand_in = find_stand_in(request, c, *out);
    impl_release(*out);
    st = build_alone(request, c, request->stand_in ? COMPILE_BEHIND : COMPILE_NOW, out);
out:
    return st;
}

static void why_wisdom(char why[160], const struct question *q, const struct candidate *c)
{
    if (c->measured > 0.0)
        snprintf(why, 160, "measured: %.3g ms", c->measured * 1e3);
    else
        snprintf(why, 160, "measured for a neighbour: %.120s", q->neighbour);
}

static void why_text(char why[160], const struct question *q, const struct candidate *list,
                     size_t chosen, size_t count)
{
    if (q->forced)
        snprintf(why, 160, "forced");
    else if (list[chosen].rank < 0)
        why_wisdom(why, q, &list[chosen]);
    else if (count == 1)
        snprintf(why, 160, "the only one that solves it here");
    else if (chosen > 0)
        snprintf(why, 160, "the first of %zu that builds within limits (%s does not)", count,
                 list[0].algo->name);
    else if (list[0].rank < list[1].rank)
        snprintf(why, 160, "the rules of this device prefer it to %s", list[1].algo->name);
    else
        snprintf(why, 160, "least estimate of %zu: %.3g ms against %.3g ms of %s", count,
                 list[0].estimate * 1e3, list[1].estimate * 1e3, list[1].algo->name);
}

// Names of the algorithms that solve the problem.
static const char *names_that_solve(const struct device *device, const struct problem *problem,
                                    bool exact, char list[400])
{
    size_t at = 0;

    list[0] = '\0';
    for (size_t i = 0; i < algo_count && at < 400; i++)
        if (admits(device, algos[i], problem, exact))
            at += (size_t)snprintf(list + at, 400 - at, " %s", algos[i]->name);
    return at ? list : " none";
}

// What a forced algorithm, or all of them, lack for the problem.
static cvy_status none_solves(const struct device *device, const struct problem *problem,
                              bool exact, const struct forced_one *forced)
{
    const char *why = "these shapes or strides on this device";
    const struct algo *algo = forced ? forced->algo : NULL;
    char list[400];

    if (!algo)
        return fail(CVY_ERR_UNSUPPORTED, "no algorithm solves it on this device");
    if (!(algo->dtypes & DTYPE_BIT(problem->src.dtype)))
        why = dtype_name(problem->src.dtype);
    else if (!(algo->layouts & LAYOUT_BIT(problem->src.layout)))
        why = layout_name(problem->src.layout);
    else if (exact && algo->accuracy != ACCURACY_DIRECT)
        why = "options.exact";
    return fail(CVY_ERR_UNSUPPORTED, "options.algorithm is %s, which does not take %s; these solve "
                "it:%s", algo->name, why, names_that_solve(device, problem, exact, list));
}

static bool gives_way(cvy_status st)
{
    return st == CVY_ERR_BUILD || st == CVY_ERR_UNSUPPORTED || st == CVY_ERR_LIMIT;
}

// What the first candidate that builds makes of the problem.
static cvy_status build_first(struct request *request, struct impl **out, char why[160])
{
    struct question q = { .device = &request->device, .problem = request->problem,
                          .forced = request->forced.count ? &request->forced.list[0] : NULL,
                          .wisdom = request->wisdom, .exact = request->options->exact };
    struct candidate list[MAX_CANDIDATES];
    size_t count = candidates(&q, request->spec, list);
    cvy_status st = CVY_OK;

    if (count == 0)
        return none_solves(&request->device, request->problem, q.exact, q.forced);
    for (size_t i = 0; i < count; i++) {
        st = build_candidate(request, &list[i], out);
        if (st == CVY_OK) {
            why_text(why, &q, list, i, count);
            return CVY_OK;
        }
        if (!gives_way(st))
            return st;
        request->refused = request->refused || st == CVY_ERR_BUILD;
        if (st == CVY_ERR_BUILD)
            context_log(request->context, CVY_LOG_WARNING, "%s: %s", list[i].algo->name,
                        cvy_error_text());
    }
    return st;
}

static cvy_status build_within(struct request *request, struct impl **out, char why[160])
{
    // Work-groups to fall back to where kernels get smaller ones than the device promises.
    static const int smaller[] = { 16, 1 };
    cvy_status st = build_first(request, out, why);

    for (size_t i = 0; i < COUNT_OF(smaller) && request->refused && gives_way(st); i++) {
        if (smaller[i] >= request->device.max_group)
            continue;
        request->device.max_group = smaller[i];
        st = build_first(request, out, why);
    }
    return st;
}

static cvy_status request_of(cvy_context *context, const struct plan_request *plan,
                             struct request *out)
{
    static const cvy_plan_options none = { 0 };

    *out = (struct request) { .context = context, .device = *context_device(context),
                              .problem = &plan->problem, .spec = plan->info.spec,
                              .options = plan->options ? plan->options : &none };
    if ((int)out->options->effort < 0 || out->options->effort > CVY_EFFORT_EXHAUSTIVE
        || !(out->options->budget_seconds >= 0.0))
        return fail(CVY_ERR_ARGUMENT, "options.effort is %d, which is no effort, or "
                    "options.budget_seconds is below 0", (int)out->options->effort);
    if (!out->options->deterministic)
        out->wisdom = context_wisdom(context);
    out->patient = !out->options->deterministic && !out->options->algorithm
        && context_compiles_behind(context);
    return forced_read(out->options->algorithm, plan->problem.op, &out->forced);
}

cvy_status planner_build(cvy_context *context, const struct plan_request *plan,
                         struct impl **out, struct impl **stand_in, char why[160])
{
    struct request request;
    cvy_status st;

    *out = *stand_in = NULL;
    st = request_of(context, plan, &request);
    if (st == CVY_OK && request.wisdom && !request.forced.count
        && request.options->effort > CVY_EFFORT_ESTIMATE)
        st = measure_plan(context, plan);
    st = st == CVY_OK ? build_within(&request, out, why) : st;
    *stand_in = request.stand_in;
    return st;
}

cvy_status planner_children(cvy_context *context, const struct plan_request *plan,
                            struct problem_list *children)
{
    struct request request;
    struct impl *impl = NULL;
    char why[160];
    cvy_status st;

    children->count = 0;
    st = request_of(context, plan, &request);
    request.children = children;
    request.patient = false;
    if (st == CVY_OK)
        st = build_within(&request, &impl, why);
    impl_release(impl);
    return st;
}

size_t planner_names(cvy_context *context, const struct plan_request *plan, size_t cap,
                     struct planner_name *out)
{
    struct question q = { .device = context_device(context), .problem = &plan->problem,
                          .exact = plan->options && plan->options->exact,
                          .slow = plan->options
                              && plan->options->effort == CVY_EFFORT_EXHAUSTIVE };
    struct candidate list[MAX_CANDIDATES];
    size_t count = candidates(&q, NULL, list);

    for (size_t i = 0; i < count && i < cap; i++)
        out[i] = (struct planner_name) { list[i].algo, list[i].config, list[i].estimate };
    return MIN(count, cap);
}

static void record_child(struct plan_builder *builder, const struct problem *problem)
{
    struct problem_list *list = builder->children;

    if (list && problem->op == OP_CONV && list->count < COUNT_OF(list->items))
        list->items[list->count++] = *problem;
}

// A child is chosen for the inner problem's sake, unless options.algorithm names it. One that does
// not build gives way to the next; if none builds, its parent gives way as a whole.
cvy_status planner_build_child(struct plan_builder *builder, const struct problem *problem)
{
    struct question q = { .device = builder->device, .problem = problem,
                          .forced = forced_next(builder->forced, problem->op),
                          .wisdom = builder->wisdom, .exact = builder->exact };
    const size_t used = builder->forced ? builder->forced->used + (q.forced != NULL) : 0;
    struct candidate list[MAX_CANDIDATES];
    size_t count = candidates(&q, NULL, list);
    const struct impl mark = *builder->impl;
    cvy_status st = CVY_OK;

    record_child(builder, problem);
    if (count == 0 && q.forced)
        return none_solves(builder->device, problem, builder->exact, q.forced);
    if (count == 0)
        return fail(CVY_ERR_UNSUPPORTED, "no algorithm solves the inner %s", op_name(problem->op));
    for (size_t i = 0; i < count; i++) {
        if (builder->forced)
            builder->forced->used = used;
        st = candidate_build(builder, &list[i], problem);
        if (!gives_way(st))
            break;
        if (st == CVY_ERR_BUILD)
            context_log(builder->context, CVY_LOG_WARNING, "%s: %s", list[i].algo->name,
                        cvy_error_text());
        impl_rewind(builder->impl, &mark);
        builder->status = CVY_OK;
    }
    return st;
}
