// Candidates in order, and the first that builds.
#include "plan/planner.h"
#include "plan/forced.h"
#include "plan/names.h"

#include <stdio.h>

#define MAX_CANDIDATES 32

struct candidate {
    const struct algo *algo;
    struct config config;
    int rank;
    double estimate;
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

static size_t candidates(const struct device *device, const struct problem *problem,
                         const struct forced_one *forced, bool exact, struct candidate *list)
{
    size_t count = 0;

    for (size_t i = 0; i < algo_count; i++) {
        struct candidate c = { .algo = algos[i] };

        if ((forced && algos[i] != forced->algo) || !admits(device, algos[i], problem, exact))
            continue;
        c.rank = rules_rank(device, c.algo, problem);
        rules_config(device, c.algo, problem, &c.config);
        if (forced)
            forced_apply(forced, &c.config);
        c.estimate = c.algo->estimate(device, problem, &c.config);
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
    const cvy_plan_options *options;
    struct forced forced;
    bool refused;           // a compiler did not take one
};

static cvy_status unused_name(const struct forced *forced)
{
    const struct algo *algo = forced->list[forced->used].algo;

    return fail(CVY_ERR_ARGUMENT, "options.algorithm names %s, which solves %s; there is no such "
                "step left for it", algo->name, op_name(algo->op));
}

static cvy_status build_alone(struct request *request, const struct candidate *c,
                              struct impl **out)
{
    // What a Winograd inside of another operator may lose is known for convolutions alone.
    bool exact = request->options->exact || request->problem->op != OP_CONV;
    struct plan_builder builder = { .context = request->context, .device = &request->device,
                                    .forced = &request->forced, .exact = exact };
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
    builder.impl->estimate = c->estimate;
    if (most && builder.impl->scratch > most)
        TRY(fail(CVY_ERR_UNSUPPORTED, "%s needs %zu bytes of workspace; max_workspace is %zu",
                 c->algo->name, builder.impl->scratch, most));
    *out = builder.impl;
    builder.impl = NULL;
out:
    impl_release(builder.impl);
    return st;
}

static void why_text(char why[160], const struct candidate *list, size_t chosen, size_t count,
                     bool forced)
{
    if (forced)
        snprintf(why, 160, "forced");
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
    const struct forced_one *forced = request->forced.count ? &request->forced.list[0] : NULL;
    bool exact = request->options->exact;
    struct candidate list[MAX_CANDIDATES];
    size_t count = candidates(&request->device, request->problem, forced, exact, list);
    cvy_status st = CVY_OK;

    if (count == 0)
        return none_solves(&request->device, request->problem, exact, forced);
    for (size_t i = 0; i < count; i++) {
        st = build_alone(request, &list[i], out);
        if (st == CVY_OK) {
            why_text(why, list, i, count, forced != NULL);
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

cvy_status planner_build(cvy_context *context, const struct problem *problem,
                         const cvy_plan_options *options, struct impl **out, char why[160])
{
    // Work-groups to fall back to where kernels get smaller ones than the device promises.
    static const int smaller[] = { 16, 1 };
    static const cvy_plan_options none = { 0 };
    struct request request = { .context = context, .device = *context_device(context),
                               .problem = problem, .options = options ? options : &none };
    cvy_status st;

    *out = NULL;
    st = forced_read(request.options->algorithm, problem->op, &request.forced);
    if (st != CVY_OK)
        return st;
    st = build_first(&request, out, why);
    for (size_t i = 0; i < COUNT_OF(smaller) && request.refused && gives_way(st); i++) {
        if (smaller[i] >= request.device.max_group)
            continue;
        request.device.max_group = smaller[i];
        st = build_first(&request, out, why);
    }
    return st;
}

// A child is chosen for the inner problem's sake, unless options.algorithm names it. One that does
// not build gives way to the next; if none builds, its parent gives way as a whole.
cvy_status planner_build_child(struct plan_builder *builder, const struct problem *problem)
{
    const struct forced_one *forced = forced_next(builder->forced, problem->op);
    const size_t used = builder->forced ? builder->forced->used + (forced != NULL) : 0;
    struct candidate list[MAX_CANDIDATES];
    size_t count = candidates(builder->device, problem, forced, builder->exact, list);
    const struct impl mark = *builder->impl;
    cvy_status st = CVY_OK;

    if (count == 0 && forced)
        return none_solves(builder->device, problem, builder->exact, forced);
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
