// Candidates in order, and the first that builds.
#include "plan/planner.h"
#include "plan/names.h"

#include <stdio.h>

#define MAX_CANDIDATES 32

struct candidate {
    const struct algo *algo;
    struct config config;
    int rank;
    double estimate;
};

const struct algo *algo_find(const char *name)
{
    for (size_t i = 0; i < algo_count; i++)
        if (strcmp(algos[i]->name, name) == 0)
            return algos[i];
    return NULL;
}

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
                         const struct algo *forced, bool exact, struct candidate *list)
{
    size_t count = 0;

    for (size_t i = 0; i < algo_count; i++) {
        struct candidate c = { .algo = algos[i] };

        if ((forced && algos[i] != forced) || !admits(device, algos[i], problem, exact))
            continue;
        c.rank = rules_rank(device, c.algo, problem);
        rules_config(device, c.algo, problem, &c.config);
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
    cvy_status st;

    name_add(builder->impl->algorithm, sizeof builder->impl->algorithm, c->algo->name,
             builder->depth);
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

static cvy_status build_alone(cvy_context *context, const struct device *device,
                              const struct problem *problem, const struct candidate *c,
                              size_t max_workspace, struct impl **out)
{
    struct plan_builder builder = { .context = context, .device = device };
    cvy_status st = CVY_OK;

    *out = NULL;
    builder.bindings = bindings_same();
    TRY(impl_create(&builder.impl));
    TRY(candidate_build(&builder, c, problem));
    impl_seal(builder.impl);
    builder.impl->estimate = c->estimate;
    if (max_workspace && builder.impl->scratch > max_workspace)
        TRY(fail(CVY_ERR_UNSUPPORTED, "%s needs %zu bytes of workspace; max_workspace is %zu",
                 c->algo->name, builder.impl->scratch, max_workspace));
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

// Names of the operator's algorithms, or of those that solve the problem.
static const char *algorithms_text(const struct device *device, const struct problem *problem,
                                   const cvy_plan_options *options, bool that_solve,
                                   char list[400])
{
    size_t at = 0;

    list[0] = '\0';
    for (size_t i = 0; i < algo_count && at < 400; i++)
        if (algos[i]->op == problem->op
            && (!that_solve || admits(device, algos[i], problem, options->exact)))
            at += (size_t)snprintf(list + at, 400 - at, " %s", algos[i]->name);
    return at ? list : " none";
}

static cvy_status find_forced(const cvy_plan_options *options, const struct problem *problem,
                              const struct algo **out)
{
    char list[400];

    *out = NULL;
    if (!options || !options->algorithm || !*options->algorithm)
        return CVY_OK;
    *out = algo_find(options->algorithm);
    if (!*out)
        return fail(CVY_ERR_ARGUMENT, "options.algorithm is \"%.60s\", which is not registered; "
                    "%s has%s", options->algorithm, op_name(problem->op),
                    algorithms_text(NULL, problem, options, false, list));
    if ((*out)->op != problem->op)
        return fail(CVY_ERR_UNSUPPORTED, "options.algorithm is %s, which solves %s and not %s; "
                    "%s has%s", (*out)->name, op_name((*out)->op), op_name(problem->op),
                    op_name(problem->op), algorithms_text(NULL, problem, options, false, list));
    return CVY_OK;
}

// What a forced algorithm, or all of them, lack for the problem.
static cvy_status none_solves(const struct device *device, const struct problem *problem,
                              const cvy_plan_options *options, const struct algo *forced)
{
    const char *why = "these shapes or strides on this device";
    char list[400];

    if (!forced)
        return fail(CVY_ERR_UNSUPPORTED, "no algorithm solves it on this device");
    if (!(forced->dtypes & DTYPE_BIT(problem->src.dtype)))
        why = dtype_name(problem->src.dtype);
    else if (!(forced->layouts & LAYOUT_BIT(problem->src.layout)))
        why = layout_name(problem->src.layout);
    else if (options->exact && forced->accuracy != ACCURACY_DIRECT)
        why = "options.exact";
    return fail(CVY_ERR_UNSUPPORTED, "options.algorithm is %s, which does not take %s; these solve "
                "it:%s", forced->name, why,
                algorithms_text(device, problem, options, true, list));
}

static bool gives_way(cvy_status st)
{
    return st == CVY_ERR_BUILD || st == CVY_ERR_UNSUPPORTED || st == CVY_ERR_LIMIT;
}

// What the first candidate that builds makes of the problem. *refused: a compiler did not take one.
static cvy_status build_first(cvy_context *context, const struct device *device,
                              const struct problem *problem, const struct algo *forced,
                              const cvy_plan_options *options, struct impl **out, char why[160],
                              bool *refused)
{
    struct candidate list[MAX_CANDIDATES];
    size_t count = candidates(device, problem, forced, options->exact, list);
    cvy_status st = CVY_OK;

    if (count == 0)
        return none_solves(device, problem, options, forced);
    for (size_t i = 0; i < count; i++) {
        st = build_alone(context, device, problem, &list[i], options->max_workspace, out);
        if (st == CVY_OK) {
            why_text(why, list, i, count, forced != NULL);
            return CVY_OK;
        }
        if (!gives_way(st))
            return st;
        *refused = *refused || st == CVY_ERR_BUILD;
        if (st == CVY_ERR_BUILD)
            context_log(context, CVY_LOG_WARNING, "%s: %s", list[i].algo->name, cvy_error_text());
    }
    return st;
}

cvy_status planner_build(cvy_context *context, const struct problem *problem,
                         const cvy_plan_options *options, struct impl **out, char why[160])
{
    // Work-groups to fall back to where kernels get smaller ones than the device promises.
    static const int smaller[] = { 16, 1 };
    static const cvy_plan_options none = { 0 };
    struct device device = *context_device(context);
    const struct algo *forced;
    bool refused = false;
    cvy_status st;

    *out = NULL;
    options = options ? options : &none;
    st = find_forced(options, problem, &forced);
    if (st != CVY_OK)
        return st;
    st = build_first(context, &device, problem, forced, options, out, why, &refused);
    for (size_t i = 0; i < COUNT_OF(smaller) && refused && gives_way(st); i++) {
        if (smaller[i] >= device.max_group)
            continue;
        device.max_group = smaller[i];
        st = build_first(context, &device, problem, forced, options, out, why, &refused);
    }
    return st;
}

// A child has no options of its own: composites are chosen for the inner problem's sake. One that
// does not build gives way to the next; if none builds, its parent gives way as a whole.
cvy_status planner_build_child(struct plan_builder *builder, const struct problem *problem)
{
    struct candidate list[MAX_CANDIDATES];
    size_t count = candidates(builder->device, problem, NULL, true, list);
    const struct impl mark = *builder->impl;
    cvy_status st = CVY_OK;

    if (count == 0)
        return fail(CVY_ERR_UNSUPPORTED, "no algorithm solves the inner %s", op_name(problem->op));
    for (size_t i = 0; i < count; i++) {
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
