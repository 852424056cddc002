// Trials: which candidates there are for a problem, and what each goes through.
#include "plan/measure.h"

#include "plan/forced.h"
#include "plan/wisdom.h"

#include <math.h>
#include <stdio.h>

#define MOST_TRIALS 256
#define MOST_ALGOS 32
#define MOST_DEPTH 4
// What the reference algorithm may cost in a check, and the first part that tells how fast it is.
#define CHECK_SECONDS 0.05
#define FIRST_WORK 5e5
// A part that bounds what a check of an unknown kernel can cost: a register-tile kernel took 14 s
// for a layer of 1 ms on llvmpipe.
#define TINY_PART 64.0
#define MOST_SECONDS 2.0        // of one run of a candidate that nothing is known of
#define HOPELESS 10.0           // times the best
#define LEAST_RUNS 2.0          // that a measurement takes
#define DUELS 5                 // at most; more than half of them decide
#define GAIN 0.97               // a winner must be below this share of the rules' time
#define DUEL_SHARE 0.3          // of a budget

struct trial {
    const struct algo *algo;
    struct config config;
    bool nearby;                // the rules' values are another trial's
};

// One problem at work.
struct session {
    cvy_context *context;
    struct wisdom *wisdom;
    const cvy_plan_options *options;
    char device[KEY_BYTES];
    double deadline;            // of all, 0: none
    bool stopped;
};

struct bench {
    struct session *session;
    const struct plan_request *full;
    char key[KEY_BYTES];
    double deadline;            // of the trials, which leave time for the duel; 0: none
    bool late;                  // there is no time for another trial
    struct measure_memory memory;
    struct plan_request slice, tiny;
    const struct algo *reference;
    char *want, *got;           // outputs of the slice
    double reference_seconds;   // of the slice
    struct trial trials[MOST_TRIALS];
    size_t count, at;
    const struct algo *dropped[MOST_ALGOS];     // whose rules' values were hopeless
    size_t dropped_count;
    struct wisdom_choice best[ACCURACY_COUNT];  // by accuracy; algo NULL: none
    double first_seconds, first_error;          // of the rules' choice
};

// Candidates --------------------------------------------------------------------------------------

static void trial_add(struct bench *b, const struct algo *algo, const struct config *config,
                      bool nearby)
{
    for (size_t i = 0; i < b->count; i++)
        if (b->trials[i].algo == algo
            && memcmp(&b->trials[i].config, config, sizeof *config) == 0)
            return;
    if (b->count < MOST_TRIALS)
        b->trials[b->count++] = (struct trial) { algo, *config, nearby };
}

// The value next to this one in size, 0 if there is none.
static int32_t next_value(const struct tunable *tunable, int32_t value, bool up)
{
    int32_t next = 0;

    for (size_t i = 0; i < COUNT_OF(tunable->values) && tunable->values[i]; i++) {
        int32_t v = tunable->values[i];

        if (up ? v > value && (!next || v < next) : v < value && v > next)
            next = v;
    }
    return next;
}

static void add_neighbours(struct bench *b, const struct planner_name *name)
{
    for (int i = 0; name->algo->tunables && name->algo->tunables[i].name; i++)
        for (int up = 0; up < 2; up++) {
            struct config config = name->config;

            config.value[i] = next_value(&name->algo->tunables[i], config.value[i], up);
            if (config.value[i])
                trial_add(b, name->algo, &config, true);
        }
}

static void add_all(struct bench *b, const struct algo *algo, int i, struct config *config)
{
    const struct tunable *tunable = algo->tunables ? &algo->tunables[i] : NULL;

    if (!tunable || !tunable->name) {
        trial_add(b, algo, config, true);
        return;
    }
    for (size_t v = 0; v < COUNT_OF(tunable->values) && tunable->values[v]; v++) {
        config->value[i] = tunable->values[v];
        add_all(b, algo, i + 1, config);
    }
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);

    return length >= tail && strcmp(text + length - tail, end) == 0;
}

// The rules' values of each algorithm first, so that what is far behind has no others tried.
static void add_trials(struct bench *b, const struct planner_name *names, size_t count)
{
    bool all = b->session->options->effort == CVY_EFFORT_EXHAUSTIVE;

    b->reference = names[count - 1].algo;
    for (size_t i = 0; i < count; i++) {
        trial_add(b, names[i].algo, &names[i].config, false);
        if (ends_with(names[i].algo->name, "_reference"))
            b->reference = names[i].algo;
    }
    for (size_t i = 0; i < count; i++) {
        struct config config = names[i].config;

        if (all)
            add_all(b, names[i].algo, 0, &config);
        else
            add_neighbours(b, &names[i]);
    }
}

// One trial ---------------------------------------------------------------------------------------

static void trial_text(const struct trial *trial, char out[160])
{
    char values[100];

    config_text(trial->algo, &trial->config, values, sizeof values);
    snprintf(out, 160, "%s%s%s", trial->algo->name, values[0] ? ":" : "", values);
}

static cvy_plan_options trial_options(const struct bench *b, const char *algorithm)
{
    return (cvy_plan_options) { .algorithm = algorithm, .exact = b->session->options->exact,
                                .max_workspace = b->session->options->max_workspace };
}

static double best_seconds(const struct bench *b)
{
    double best = INFINITY;

    for (int i = 0; i < ACCURACY_COUNT; i++)
        if (b->best[i].algo)
            best = MIN(best, b->best[i].seconds);
    return best;
}

// A candidate on a small part, with nothing known of it: false if all of a slice could take too
// long.
static cvy_status is_bearable(struct bench *b, const cvy_plan_options *options, bool *bearable)
{
    double seconds, part = measure_work(&b->tiny) / measure_work(&b->slice);
    struct measure_run run = { 0 };
    cvy_status st = CVY_OK;

    *bearable = true;
    if (part > 0.5)
        return CVY_OK;
    TRY(measure_run_create(&b->memory, &b->tiny, options, &run));
    TRY(measure_once(&b->memory, &run, &seconds));
    *bearable = seconds < CHECK_SECONDS || seconds / part < MOST_SECONDS;
out:
    measure_run_destroy(&run);
    return st;
}

// Held against the reference on the slice, then whether the whole problem is worth a look; how long
// it takes, roughly, is in `whole`.
static cvy_status check_slice(struct bench *b, const struct trial *trial,
                              const cvy_plan_options *options, double *error, double *whole,
                              cvy_trial_result *result)
{
    double seconds, best = best_seconds(b);
    struct measure_run run = { 0 };
    cvy_status st = CVY_OK;

    TRY(measure_run_create(&b->memory, &b->slice, options, &run));
    TRY(measure_read(&b->memory, &run, &b->slice, b->got));
    *error = trial->algo == b->reference
        ? 0.0 : measure_error(&b->slice, run.plan->impl->accuracy, b->memory.amplitude, b->want,
                              b->got);
    if (*error > 1.0) {
        *result = CVY_TRIAL_WRONG;
        goto out;
    }
    TRY(measure_once(&b->memory, &run, &seconds));
    *whole = seconds * measure_work(b->full) / measure_work(&b->slice);
    if (seconds > HOPELESS * best || (seconds > 1e-3 && *whole > HOPELESS * best)
        || (b->at > 0 && isinf(best) && *whole > MOST_SECONDS))
        *result = CVY_TRIAL_SLOW;
out:
    measure_run_destroy(&run);
    return st;
}

static cvy_status time_whole(struct bench *b, const cvy_plan_options *options, double deadline,
                             double *seconds)
{
    double best = best_seconds(b);
    struct measure_run run = { 0 };
    cvy_status st = CVY_OK;

    TRY(measure_run_create(&b->memory, b->full, options, &run));
    TRY(measure_time(&b->memory, &run, isinf(best) ? 0.0 : 1.5 * best, deadline, seconds));
out:
    measure_run_destroy(&run);
    return st;
}

static bool is_fatal(cvy_status st)
{
    return st == CVY_ERR_NOMEM_HOST || st == CVY_ERR_DEVICE_LOST || st == CVY_ERR_FORKED
        || st == CVY_ERR_STATE;
}

static void keep(struct bench *b, const struct trial *trial, double seconds, double error)
{
    struct wisdom_choice *best = &b->best[trial->algo->accuracy];

    if (best->algo && best->seconds <= seconds)
        return;
    *best = (struct wisdom_choice) { trial->algo, trial->config, seconds, error, "" };
}

static void tell(struct bench *b, const char *algorithm, cvy_trial_result result, double seconds)
{
    struct session *s = b->session;
    double best = best_seconds(b);
    const cvy_trial trial = {
        .spec = b->key, .algorithm = algorithm, .result = result, .seconds = seconds,
        .first_seconds = b->first_seconds, .best_seconds = isinf(best) ? 0.0 : best,
        .trial = MIN(b->at + 1, b->count), .trials = b->count,
        .seconds_left = s->deadline > 0.0 ? MAX(s->deadline - clock_seconds(), 0.0) : 0.0 };

    if (s->options->trial && !s->options->trial(s->options->trial_user, &trial))
        s->stopped = true;
}

static bool was_dropped(const struct bench *b, const struct algo *algo)
{
    for (size_t i = 0; i < b->dropped_count; i++)
        if (b->dropped[i] == algo)
            return true;
    return false;
}

static bool ends_after(double deadline, double seconds)
{
    return deadline > 0.0 && clock_seconds() + seconds > deadline;
}

static cvy_status try_one(struct bench *b, const struct trial *trial)
{
    char name[160] = "";
    const cvy_plan_options options = trial_options(b, name);
    cvy_trial_result result = CVY_TRIAL_TIMED;
    double seconds = 0.0, error = 0.0, whole = 0.0;
    bool bearable;
    cvy_status st;

    trial_text(trial, name);
    st = is_bearable(b, &options, &bearable);
    if (st == CVY_OK && !bearable)
        result = CVY_TRIAL_SLOW;
    else if (st == CVY_OK)
        st = check_slice(b, trial, &options, &error, &whole, &result);
    b->late = ends_after(b->deadline, result == CVY_TRIAL_TIMED ? LEAST_RUNS * whole : 0.0);
    if (b->late && result == CVY_TRIAL_TIMED)
        result = CVY_TRIAL_SLOW;
    if (st == CVY_OK && result == CVY_TRIAL_TIMED)
        st = time_whole(b, &options, b->deadline, &seconds);
    if (st != CVY_OK)
        result = CVY_TRIAL_FAILED;
    if (result == CVY_TRIAL_TIMED)
        keep(b, trial, seconds, error);
    else if (!trial->nearby && b->dropped_count < MOST_ALGOS)
        b->dropped[b->dropped_count++] = trial->algo;
    if (b->at == 0) {
        b->first_seconds = seconds;
        b->first_error = error;
    }
    if (result == CVY_TRIAL_WRONG)
        context_log(b->session->context, CVY_LOG_WARNING, "%s gives wrong results for %s", name,
                    b->slice.info.spec);
    tell(b, name, result, seconds);
    return is_fatal(st) ? st : CVY_OK;
}

// One problem -------------------------------------------------------------------------------------

static cvy_status run_reference(struct bench *b, const struct plan_request *part, char *out,
                                double *seconds)
{
    const cvy_plan_options options = { .algorithm = b->reference->name, .exact = true };
    struct measure_run run = { 0 };
    cvy_status st = CVY_OK;

    TRY(measure_run_create(&b->memory, part, &options, &run));
    if (out)
        TRY(measure_read(&b->memory, &run, part, out));
    TRY(measure_once(&b->memory, &run, seconds));
out:
    measure_run_destroy(&run);
    return st;
}

// A slice that costs the reference about CHECK_SECONDS, and what it gives there.
static cvy_status make_slice(struct bench *b)
{
    double seconds;
    cvy_status st = CVY_OK;

    measure_slice(b->full, FIRST_WORK, &b->slice);
    TRY(run_reference(b, &b->slice, NULL, &seconds));
    measure_slice(b->full, measure_work(&b->slice) * 0.8 * CHECK_SECONDS / MAX(seconds, 1e-7),
                  &b->slice);
    measure_slice(b->full, measure_work(&b->slice) / TINY_PART, &b->tiny);
    TRY(zalloc(measure_output_bytes(&b->slice) + 1, &b->want));
    TRY(zalloc(measure_output_bytes(&b->slice) + 1, &b->got));
    TRY(run_reference(b, &b->slice, b->want, &b->reference_seconds));
out:
    return st;
}

static bool is_over(struct session *s)
{
    if (s->deadline > 0.0 && clock_seconds() > s->deadline)
        s->stopped = true;
    return s->stopped;
}

static cvy_status remember(struct bench *b)
{
    const struct wisdom_choice *winner = NULL;
    char name[160];
    cvy_status st = CVY_OK;

    for (int i = 0; i < ACCURACY_COUNT && st == CVY_OK; i++) {
        if (!b->best[i].algo)
            continue;
        st = wisdom_put(b->session->wisdom, b->session->device, b->key, &b->best[i]);
        if (!winner || b->best[i].seconds < winner->seconds)
            winner = &b->best[i];
    }
    if (winner) {
        trial_text(&(struct trial) { winner->algo, winner->config, false }, name);
        tell(b, name, CVY_TRIAL_CHOSEN, winner->seconds);
    }
    return st;
}

static struct wisdom_choice *fastest(struct bench *b)
{
    struct wisdom_choice *winner = &b->best[b->trials[0].algo->accuracy];

    for (int i = 0; i < ACCURACY_COUNT; i++)
        if (b->best[i].algo && b->best[i].seconds < winner->seconds)
            winner = &b->best[i];
    return winner;
}

// Times the rules' choice and the winner in turns until one of them has more than half of the
// duels: phases of a machine that is busy elsewhere last for longer than a turn. `least` gets the
// least time of each. Out of time, the rules' choice has won.
static cvy_status duels(struct bench *b, const struct trial pair[2], double least[2], bool *won)
{
    double deadline = b->session->deadline, both = b->first_seconds + best_seconds(b);
    int wins = 0, losses = 0;
    cvy_status st = CVY_OK;

    while (MAX(wins, losses) <= DUELS / 2 && !is_over(b->session)
           && !ends_after(deadline, LEAST_RUNS * both)) {
        double seconds[2];

        for (int k = 0; k < 2; k++) {
            char name[160];
            const cvy_plan_options options = trial_options(b, name);

            trial_text(&pair[k], name);
            TRY(time_whole(b, &options, deadline, &seconds[k]));
            least[k] = MIN(least[k], seconds[k]);
        }
        if (seconds[1] < GAIN * seconds[0])
            wins++;
        else
            losses++;
    }
    *won = wins > DUELS / 2 && least[1] < GAIN * least[0];
out:
    return st;
}

// The first trial ran on a cold device, and the fastest of many is one that luck helped: the two
// are timed again, and unless the winner is clearly faster, the rules keep their choice.
static cvy_status duel(struct bench *b)
{
    const struct trial *first = &b->trials[0];
    struct wisdom_choice *best = &b->best[first->algo->accuracy], *winner = fastest(b);
    const struct trial pair[2] = { *first, { winner->algo, winner->config, false } };
    double least[2] = { INFINITY, INFINITY };
    bool won;
    cvy_status st = CVY_OK;

    if (!(b->first_seconds > 0.0)
        || (pair[1].algo == first->algo
            && memcmp(&pair[1].config, &first->config, sizeof first->config) == 0))
        return CVY_OK;
    TRY(duels(b, pair, least, &won));
    if (!isinf(least[1])) {
        b->first_seconds = least[0];
        winner->seconds = least[1];
    }
    if (won)
        return CVY_OK;
    // Of another accuracy, it stays in the wisdom, behind the rules' choice.
    if (winner != best)
        winner->seconds = MAX(winner->seconds, b->first_seconds * 1.0001);
    *best = (struct wisdom_choice) { first->algo, first->config, b->first_seconds, b->first_error,
                                     "" };
out:
    return st;
}

static cvy_status run_trials(struct bench *b)
{
    double deadline = b->session->deadline;
    cvy_status st = CVY_OK;

    if (deadline > 0.0)
        b->deadline = deadline - DUEL_SHARE * MAX(deadline - clock_seconds(), 0.0);
    TRY(cvy_queue_create(b->memory.context, &(cvy_queue_params) { .profiling = true },
                         &b->memory.queue));
    TRY(measure_memory_create(&b->memory, b->full, b->session->options->max_workspace));
    TRY(make_slice(b));
    for (b->at = 0; b->at < b->count && !b->late && !is_over(b->session); b->at++) {
        const struct trial *trial = &b->trials[b->at];

        if (!(trial->nearby && was_dropped(b, trial->algo)))
            TRY(try_one(b, trial));
    }
    TRY(duel(b));
    st = remember(b);
out:
    return st;
}

static bool admits_name(const void *of, const struct algo *algo)
{
    const struct planner_name *names = of;

    for (; names->algo; names++)
        if (names->algo == algo)
            return true;
    return false;
}

static cvy_status measure_problem(struct session *s, const struct plan_request *request,
                                  int depth);

// The convolutions inside of each algorithm that is made of others.
static cvy_status measure_children(struct session *s, const struct plan_request *request,
                                   const struct planner_name *names, size_t count, int depth)
{
    struct problem_list *children = NULL;
    cvy_status st = CVY_OK;

    TRY(zalloc(sizeof *children, &children));
    for (size_t i = 0; i < count && depth < MOST_DEPTH; i++) {
        cvy_plan_options options = { .algorithm = names[i].algo->name,
                                     .exact = s->options->exact };
        struct plan_request parent = *request;

        parent.options = &options;
        if (planner_children(s->context, &parent, children) != CVY_OK)
            continue;
        for (size_t k = 0; k < children->count && !is_over(s); k++) {
            struct plan_request child;

            measure_request(&children->items[k], &child);
            TRY(measure_problem(s, &child, depth + 1));
        }
    }
out:
    free(children);
    return st;
}

static bool is_empty(const struct plan_request *request)
{
    for (int i = 0; i < SLOT_COUNT; i++)
        if (i >= SLOT_SRCS && request->slots[i].used)
            return true;
    return tensor_elements(&request->problem.dst) == 0;
}

static cvy_status bench_problem(struct session *s, const struct plan_request *request,
                                const char *key, const struct planner_name *names, size_t count)
{
    struct bench *b = NULL;
    cvy_status st = CVY_OK;

    TRY(zalloc(sizeof *b, &b));
    b->session = s;
    b->full = request;
    b->memory.context = s->context;
    b->memory.amplitude = measure_amplitude(&request->problem);
    snprintf(b->key, sizeof b->key, "%s", key);
    add_trials(b, names, count);
    if (b->count > 1)
        st = run_trials(b);
    if (st != CVY_OK && !is_fatal(st)) {
        context_log(s->context, CVY_LOG_WARNING, "%s is not measured: %s", key, cvy_error_text());
        st = CVY_OK;
    }
out:
    if (b) {
        measure_memory_destroy(&b->memory);
        cvy_queue_destroy(&b->memory.queue);
        free(b->want);
        free(b->got);
    }
    free(b);
    return st;
}

static cvy_status measure_problem(struct session *s, const struct plan_request *request, int depth)
{
    struct planner_name names[MOST_ALGOS + 1] = { { 0 } };
    struct plan_request own = *request;
    struct wisdom_choice known;
    char key[KEY_BYTES];
    size_t count;
    cvy_status st = CVY_OK;

    own.options = s->options;
    count = planner_names(s->context, &own, MOST_ALGOS, names);
    if (count == 0 || is_empty(request) || is_over(s)
        || !problem_key(&request->problem, request->info.spec, key))
        return CVY_OK;
    TRY(measure_children(s, request, names, count, depth));
    if (!s->options->again
        && wisdom_find(s->wisdom, s->device, key, false, admits_name, names, &known))
        return CVY_OK;
    st = bench_problem(s, request, key, names, count);
out:
    return st;
}

cvy_status measure_plan(cvy_context *context, const struct plan_request *request)
{
    struct session s = { .context = context, .wisdom = context_wisdom(context),
                         .options = request->options };

    device_key(context_device(context), s.device);
    if (s.options->budget_seconds > 0.0)
        s.deadline = clock_seconds() + s.options->budget_seconds;
    return measure_problem(&s, request, 0);
}
