// convoy tune: measures which algorithms are the fastest on a device, for the steps of a model, a
// suite of layers or one problem, and keeps what it found for later runs.
#include "bench.h"
#include "model.h"
#include "model_inputs.h"
#include "wisdom.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { MOST_SPECS = 2048, MOST_RESULTS = 4096, PARTS = 1000, RUNS = 7 };

struct request {
    const char *device, *suite, *wisdom;
    const char *inputs[MOST_INPUTS];
    size_t input_count;
    cvy_layout layout;
    cvy_effort effort;
    double budget;
    bool again, json;
};

// One problem that was measured.
struct result {
    char *spec, *first, *best;
    double first_seconds, best_seconds;
};

struct tuning {
    const struct request *request;
    char *specs[MOST_SPECS];
    size_t uses[MOST_SPECS];            // steps that are this problem
    size_t count;
    struct result results[MOST_RESULTS];
    size_t result_count;
    char *first;                        // of the problem at work
    struct tool_progress progress;
    double begin;
    cvy_tune_report report;
    double before_ms, after_ms;         // of a model; 0: not measured
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static char *copy_of(const char *text)
{
    char *copy = strdup(text);

    if (copy == NULL) {
        tool_error("out of memory");
        exit(TOOL_CHECK_FAILED);
    }
    return copy;
}

// Problems ----------------------------------------------------------------------------------------

static void add_spec(struct tuning *t, const char *spec)
{
    for (size_t i = 0; i < t->count; i++) {
        if (strcmp(t->specs[i], spec) == 0) {
            t->uses[i]++;
            return;
        }
    }
    if (t->count < MOST_SPECS) {
        t->uses[t->count] = 1;
        t->specs[t->count++] = copy_of(spec);
    }
}

static void add_suite(struct tuning *t)
{
    static const struct {
        cvy_layout layout;
        const char *name;
    } layouts[] = { { CVY_NHWC, "nhwc" }, { CVY_NCHW, "nchw" } };
    const struct bench_row *rows;
    size_t count = bench_rows("layers", &rows);

    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < count; k++) {
            char spec[BENCH_SPEC];

            if (t->request->layout != CVY_LAYOUT_DEFAULT &&
                t->request->layout != layouts[i].layout) {
                continue;
            }
            bench_row_spec(&rows[k], layouts[i].name, 0, spec);
            add_spec(t, spec);
        }
    }
}

static void add_steps(struct tuning *t, const struct model *model)
{
    cvy_network_step step;

    for (size_t i = 0; cvy_network_step_get(model->network, i, &step) == CVY_OK; i++) {
        add_spec(t, step.plan.spec);
    }
}

// Trials ------------------------------------------------------------------------------------------

static void show_progress(struct tuning *t, const cvy_trial *trial)
{
    double budget = t->request->budget, part;
    char text[80];

    part = budget > 0.0 ? (now() - t->begin) / budget :
                          (double)t->result_count / (double)(t->count + 1);
    part = part > 1.0 ? 1.0 : part;
    if (budget > 0.0) {
        snprintf(text, sizeof text, "%.0f s left, %s", budget - (now() - t->begin),
                 trial->algorithm);
    } else {
        snprintf(text, sizeof text, "%s", trial->algorithm);
    }
    tool_progress_show(&t->progress, (size_t)(part * PARTS), text);
}

static bool take_trial(void *user, const cvy_trial *trial)
{
    struct tuning *t = user;

    if (trial->trial == 1 && trial->result != CVY_TRIAL_CHOSEN) {
        free(t->first);
        t->first = copy_of(trial->algorithm);
    }
    if (trial->result == CVY_TRIAL_CHOSEN && t->result_count < MOST_RESULTS) {
        t->results[t->result_count++] = (struct result) {
            copy_of(trial->spec), t->first, copy_of(trial->algorithm), trial->first_seconds,
            trial->seconds };
        t->first = NULL;
    }
    show_progress(t, trial);
    return true;
}

static cvy_status tune_all(struct tuning *t, cvy_context *context)
{
    const struct request *q = t->request;
    const cvy_tune_params params = {
        .specs = (const char *const *)t->specs, .spec_count = t->count, .effort = q->effort,
        .budget_seconds = q->budget, .again = q->again, .trial = take_trial, .trial_user = t };
    cvy_status st;

    t->progress = tool_progress_begin(PARTS);
    t->begin = now();
    st = cvy_tune(context, &params, &t->report);
    tool_progress_end(&t->progress);
    return st;
}

static int save(const struct tuning *t, cvy_context *context)
{
    char path[WISDOM_PATH];
    const char *file = wisdom_path(t->request->wisdom, path);
    cvy_status st;

    if (file == NULL || file[0] == '\0') {
        return TOOL_DONE;
    }
    if (!wisdom_make_folders(file)) {
        tool_error("%s: %s", file, strerror(errno));
        return TOOL_CHECK_FAILED;
    }
    st = cvy_wisdom_save(context, file);
    if (st == CVY_OK && !t->request->json) {
        printf("\nsaved in %s\n", file);
    }
    return st == CVY_OK ? TOOL_DONE : tool_failed("tune", st);
}

// Report ------------------------------------------------------------------------------------------

static double gain(double before, double after)
{
    return after > 0.0 && before > 0.0 ? before / after : 1.0;
}

static void print_report(const struct tuning *t, const char *device)
{
    const cvy_tune_report *r = &t->report;
    struct tool_table table = { 0 };

    printf("%s\n\n", device);
    tool_table_add(&table, "RULES\tTUNED\tGAIN\tBY RULES\tFASTEST\tPROBLEM");
    for (size_t i = 0; i < t->result_count; i++) {
        const struct result *one = &t->results[i];

        tool_table_add(&table, "%.4f ms\t%.4f ms\t%.2f\t%s\t%s\t%s", one->first_seconds * 1e3,
                       one->best_seconds * 1e3, gain(one->first_seconds, one->best_seconds),
                       one->first != NULL ? one->first : "", one->best, one->spec);
    }
    if (t->result_count > 0) {
        tool_table_print(&table, 1u << 0 | 1u << 1 | 1u << 2);
        printf("\n");
    }
    tool_table_free(&table);
    printf("%zu problems measured, %zu known or without a choice, %zu not solved here\n",
           r->problems, r->known, r->unsolved);
    printf("%zu trials in %.1f s: %zu slow, %zu wrong, %zu that did not run%s\n", r->trials,
           r->seconds, r->slow, r->wrong, r->failed,
           r->out_of_time ? "; the budget ended first" : "");
    printf("sum of the problems: %.3f ms by the rules, %.3f ms tuned, gain %.2f\n",
           r->first_seconds * 1e3, r->best_seconds * 1e3,
           gain(r->first_seconds, r->best_seconds));
    if (t->before_ms > 0.0 && t->after_ms > 0.0) {
        printf("a run of the model: %.3f ms before, %.3f ms now, gain %.2f\n", t->before_ms,
               t->after_ms, gain(t->before_ms, t->after_ms));
    }
}

static void print_json(const struct tuning *t, const char *device)
{
    const cvy_tune_report *r = &t->report;
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        { "problems", (double)r->problems }, { "known", (double)r->known },
        { "unsolved", (double)r->unsolved }, { "trials", (double)r->trials },
        { "slow", (double)r->slow }, { "wrong", (double)r->wrong },
        { "failed", (double)r->failed }, { "seconds", r->seconds },
        { "rules_ms", r->first_seconds * 1e3 }, { "tuned_ms", r->best_seconds * 1e3 },
        { "model_before_ms", t->before_ms }, { "model_after_ms", t->after_ms }
    };
    cJSON *root = cJSON_CreateObject(), *rows;
    char *text;

    cJSON_AddStringToObject(root, "device", device);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        cJSON_AddNumberToObject(root, numbers[i].name, numbers[i].value);
    }
    cJSON_AddBoolToObject(root, "out_of_time", r->out_of_time);
    rows = cJSON_AddArrayToObject(root, "rows");
    for (size_t i = 0; i < t->result_count; i++) {
        const struct result *one = &t->results[i];
        cJSON *o = cJSON_CreateObject();

        cJSON_AddStringToObject(o, "spec", one->spec);
        cJSON_AddStringToObject(o, "rules", one->first != NULL ? one->first : "");
        cJSON_AddStringToObject(o, "tuned", one->best);
        cJSON_AddNumberToObject(o, "rules_ms", one->first_seconds * 1e3);
        cJSON_AddNumberToObject(o, "tuned_ms", one->best_seconds * 1e3);
        cJSON_AddItemToArray(rows, o);
    }
    text = cJSON_Print(root);
    puts(text != NULL ? tool_utf8(text) : "{}");
    cJSON_free(text);
    cJSON_Delete(root);
}

static int finish(struct tuning *t, struct model_place *place, cvy_status st)
{
    if (st != CVY_OK) {
        return tool_failed("tune", st);
    }
    if (t->request->json) {
        print_json(t, place->device.name);
    } else {
        print_report(t, place->device.name);
    }
    return save(t, place->context);
}

// A model -----------------------------------------------------------------------------------------

// The least of some runs in ms, with whatever is in the inputs.
static cvy_status time_model(struct model *model, struct model_place *place, double *ms)
{
    cvy_status st = CVY_OK;

    *ms = 0.0;
    for (int i = 0; st == CVY_OK && i < RUNS; i++) {
        double begin = now(), one;

        st = model_enqueue(model, place, NULL);
        st = st == CVY_OK ? cvy_queue_finish(place->queue) : st;
        one = (now() - begin) * 1e3;
        *ms = i == 0 || one < *ms ? one : *ms;
    }
    return st;
}

static cvy_status clear_inputs(struct model *model, struct model_place *place)
{
    cvy_status st = CVY_OK;

    for (size_t i = 0; st == CVY_OK && i < model->info.inputs; i++) {
        void *zeros = calloc(model->inputs[i].port.bytes + 1, 1);

        st = zeros != NULL ? model_write(model, place, model->inputs[i].port.name, zeros, NULL) :
                             CVY_ERR_NOMEM_HOST;
        free(zeros);
    }
    return st;
}

static int tune_loaded(const char *path, struct tuning *t, struct model *model,
                       const struct model_inputs *inputs, struct model_place *place)
{
    const cvy_network_options options = { .inputs = inputs->list, .input_count = inputs->count,
                                          .layout = t->request->layout };
    cvy_status st = model_compile(model, place, &options);

    st = st == CVY_OK ? clear_inputs(model, place) : st;
    st = st == CVY_OK ? time_model(model, place, &t->before_ms) : st;
    if (st != CVY_OK) {
        return tool_failed(path, st);
    }
    add_steps(t, model);
    st = tune_all(t, place->context);
    st = st == CVY_OK ? model_compile(model, place, &options) : st;
    st = st == CVY_OK ? clear_inputs(model, place) : st;
    st = st == CVY_OK ? time_model(model, place, &t->after_ms) : st;
    return finish(t, place, st);
}

static int tune_model(const char *path, struct tuning *t, struct model_place *place)
{
    struct model_inputs *inputs = calloc(1, sizeof *inputs);
    struct model model = { 0 };
    char missing[MODEL_INPUTS_TEXT];
    cvy_status st = inputs != NULL ? model_load(path, &model) : CVY_ERR_NOMEM_HOST;
    int status = st == CVY_OK ? TOOL_DONE : tool_failed(path, st);

    for (size_t i = 0; status == TOOL_DONE && i < t->request->input_count; i++) {
        status = model_inputs_take(inputs, "tune", &model, t->request->inputs[i]);
    }
    if (status == TOOL_DONE && model_inputs_missing(inputs, &model, missing)) {
        tool_error("tune: %s: %s", path, missing);
        status = TOOL_USAGE;
    }
    if (status == TOOL_DONE) {
        status = tune_loaded(path, t, &model, inputs, place);
    }
    if (inputs != NULL) {
        model_inputs_free(inputs);
    }
    free(inputs);
    model_close(&model);
    return status;
}

// Command -----------------------------------------------------------------------------------------

static void print_help(void)
{
    puts("usage: convoy tune MODEL.onnx [--input NAME=SHAPE]... [OPTION]...\n"
         "       convoy tune OP-SPEC [OPTION]...\n"
         "       convoy tune --suite layers [OPTION]...\n\n"
         "Measures which algorithms are the fastest on a device, each one after its results were\n"
         "found to be the reference's, and keeps the winners in a file that later runs read. What\n"
         "that file knows already is not measured again.\n\n"
         "  --suite layers       common layers of networks, in both layouts\n"
         "  --effort E           measure: every algorithm, with values near the rules';\n"
         "                       exhaustive: every combination of values, and\n"
         "                       algorithms whose first plan takes seconds\n"
         "  --budget SECONDS     how long it may take; what is known by then is kept\n"
         "  --again              measures what is known, too\n"
         "  --input NAME=SHAPE   of an input that the model leaves open\n"
         "  --layout L           nchw or nhwc: of maps inside a model, or of the suite\n"
         "  --wisdom FILE        instead of CONVOY_WISDOM or ~/.cache/convoy/wisdom\n"
         "  --device D           `cpu`, `gpu`, PLATFORM:DEVICE, or part of a name\n"
         "  --json               machine-readable output");
}

static bool read_word(int option, const char *value, struct request *q)
{
    char *end;

    switch (option) {
    case 'e':
        q->effort = strcmp(value, "measure") == 0 ? CVY_EFFORT_MEASURE :
                    strcmp(value, "exhaustive") == 0 ? CVY_EFFORT_EXHAUSTIVE : CVY_EFFORT_DEFAULT;
        return q->effort != CVY_EFFORT_DEFAULT;
    case 'b':
        q->budget = strtod(value, &end);
        return *value != '\0' && *end == '\0' && q->budget > 0.0 && q->budget < 1e8;
    case 's':
        q->suite = value;
        return strcmp(value, "layers") == 0;
    default:
        q->layout = strcmp(value, "nchw") == 0 ? CVY_NCHW :
                    strcmp(value, "nhwc") == 0 ? CVY_NHWC : CVY_LAYOUT_DEFAULT;
        return q->layout != CVY_LAYOUT_DEFAULT;
    }
}

static bool read_option(int option, const char *value, struct request *q)
{
    switch (option) {
    case 'd': q->device = value; return true;
    case 'w': q->wisdom = value; return true;
    case 'j': q->json = true; return true;
    case 'a': q->again = true; return true;
    case 'i':
        if (q->input_count == MOST_INPUTS) {
            return false;
        }
        q->inputs[q->input_count++] = value;
        return true;
    default:
        return read_word(option, value, q);
    }
}

static int read_command(int argc, char **argv, struct request *q)
{
    static const struct option options[] = {
        { "input", required_argument, NULL, 'i' }, { "layout", required_argument, NULL, 'l' },
        { "suite", required_argument, NULL, 's' }, { "effort", required_argument, NULL, 'e' },
        { "budget", required_argument, NULL, 'b' }, { "wisdom", required_argument, NULL, 'w' },
        { "device", required_argument, NULL, 'd' }, { "again", no_argument, NULL, 'a' },
        { "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' }, { 0 }
    };
    int option, index = 0;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options, &index)) != -1) {
        if (option == 'h') {
            print_help();
            return -1;
        }
        if (option == ':') {
            return tool_usage("tune", "`%s` needs a value", argv[optind - 1]);
        }
        if (option == '?') {
            return tool_usage("tune", "`%s` is no option", argv[optind - 1]);
        }
        if (!read_option(option, optarg, q)) {
            return tool_usage("tune", "--%s: `%s` is not a value that it takes",
                              options[index].name, optarg);
        }
    }
    if ((optind < argc) == (q->suite != NULL)) {
        return tool_usage("tune", q->suite != NULL ? "a suite, and `%s`" :
                          "neither a model, a spec nor --suite%s",
                          q->suite != NULL ? argv[optind] : "");
    }
    return TOOL_DONE;
}

static bool is_model(const char *word)
{
    size_t length = strlen(word);

    return length >= 5 && strcasecmp(word + length - 5, ".onnx") == 0;
}

static void add_words(struct tuning *t, int count, char **words)
{
    char spec[1024];
    size_t used = 0;

    for (int i = 0; i < count && used < sizeof spec; i++) {
        used += (size_t)snprintf(spec + used, sizeof spec - used, i > 0 ? " %s" : "%s", words[i]);
    }
    add_spec(t, spec);
}

static int tune(struct tuning *t, int count, char **words, struct model_place *place)
{
    if (count > 0 && is_model(words[0])) {
        return count > 1 ? tool_usage("tune", "`%s` is not expected", words[1]) :
                           tune_model(words[0], t, place);
    }
    if (count > 0) {
        add_words(t, count, words);
    } else {
        add_suite(t);
    }
    return finish(t, place, tune_all(t, place->context));
}

static void tuning_free(struct tuning *t)
{
    for (size_t i = 0; i < t->count; i++) {
        free(t->specs[i]);
    }
    for (size_t i = 0; i < t->result_count; i++) {
        free(t->results[i].spec);
        free(t->results[i].first);
        free(t->results[i].best);
    }
    free(t->first);
    free(t);
}

int cmd_tune(int argc, char **argv)
{
    struct request request = { 0 };
    struct tuning *t;
    struct model_place place;
    cvy_status st;
    int status = read_command(argc, argv, &request);

    if (status != TOOL_DONE) {
        return status < 0 ? TOOL_DONE : status;
    }
    t = calloc(1, sizeof *t);
    if (t == NULL) {
        return tool_failed("tune", CVY_ERR_NOMEM_HOST);
    }
    t->request = &request;
    st = model_place_open(&(struct model_place_params) {
        .device = request.device, .wisdom = request.wisdom, .compile = CVY_COMPILE_LAZY }, &place);
    status = st == CVY_OK ? tune(t, argc - optind, argv + optind, &place) :
                            tool_not_opened("tune", request.device, st);
    model_place_close(&place);
    tuning_free(t);
    return status;
}
