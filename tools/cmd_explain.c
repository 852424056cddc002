// convoy explain: how a model, or one problem, runs on a device: which algorithm each step has and
// why, what it is expected to cost, and where its output lies in memory.
#include "model.h"
#include "model_inputs.h"
#include "values.h"

#include <cjson/cJSON.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { MOST_SPEC = 1024 };

struct request {
    const char *device;
    const char *inputs[MOST_INPUTS];        // NAME=SHAPE or NAME=FILE.npy
    size_t input_count;
    cvy_layout layout;
    bool json, no_fusion, measure;
};

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);

    return length >= tail && strcasecmp(text + length - tail, end) == 0;
}

// "0.812 ms"; nothing where nobody measured it.
enum { MS_TEXT = 32 };

static const char *ms_text(double seconds, char text[MS_TEXT])
{
    text[0] = '\0';
    if (seconds > 0.0) {
        snprintf(text, MS_TEXT, "%.3f ms", seconds * 1e3);
    }
    return text;
}

// A model -----------------------------------------------------------------------------------------

static void print_steps(const struct model *model)
{
    struct tool_table table = { 0 };
    cvy_network_step step;

    tool_table_add(&table, "STEP\tLAUNCHES\tESTIMATE\tMEASURED\tARENA AT\tBYTES\tKEPT\tALGORITHM\t"
                   "WHY\tSPEC\tNODES");
    for (size_t i = 0; cvy_network_step_get(model->network, i, &step) == CVY_OK; i++) {
        char at[32] = "output", bytes[32], nodes[700], measured[MS_TEXT];

        if (step.in_arena) {
            snprintf(at, sizeof at, "%zu", step.offset);
        }
        snprintf(nodes, sizeof nodes, "%s", step.name);
        tool_table_add(&table, "%zu\t%d\t%.3f ms\t%s\t%s\t%s\t%zu-%zu\t%s\t%s\t%s\t%s", i,
                       step.plan.launches, step.plan.estimate_seconds * 1e3,
                       ms_text(step.plan.measured_seconds, measured), at,
                       bytes_text(step.bytes, bytes), step.first, step.last, step.plan.config,
                       step.plan.why, step.plan.spec, tool_plain(nodes));
    }
    tool_table_print(&table, 1u << 0 | 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 5);
    tool_table_free(&table);
}

static double share(size_t part, size_t whole)
{
    return whole > 0 ? 100.0 * (double)part / (double)whole : 0.0;
}

static void print_model(const char *path, const struct model *model,
                        const struct model_place *place)
{
    const cvy_network_info *n = &model->info;
    char weights[32], arena[32], between[32];

    printf("%s on %s\n\n", path, place->device.name);
    print_steps(model);
    printf("\nnodes      %zu in the model, %zu expanded, %zu after fusion\n", n->graph_nodes,
           n->expanded_nodes, n->nodes);
    printf("launches   %zu\n", n->launches);
    printf("work       %.1f million multiply-adds\n", (double)n->macs * 1e-6);
    printf("weights    %s\n", bytes_text(n->weight_bytes, weights));
    printf("arena      %s for %s of intermediates, %.1f %%\n", bytes_text(n->arena_bytes, arena),
           bytes_text(n->intermediate_bytes, between),
           share(n->arena_bytes, n->intermediate_bytes));
}

// JSON --------------------------------------------------------------------------------------------

static cJSON *plan_json(const cvy_plan_info *plan)
{
    cJSON *o = cJSON_CreateObject();

    cJSON_AddStringToObject(o, "spec", plan->spec);
    cJSON_AddStringToObject(o, "algorithm", plan->algorithm);
    cJSON_AddStringToObject(o, "config", plan->config);
    cJSON_AddStringToObject(o, "why", plan->why);
    cJSON_AddNumberToObject(o, "launches", plan->launches);
    cJSON_AddNumberToObject(o, "macs", (double)plan->macs);
    cJSON_AddNumberToObject(o, "estimate_ms", plan->estimate_seconds * 1e3);
    if (plan->measured_seconds > 0.0) {
        cJSON_AddNumberToObject(o, "measured_ms", plan->measured_seconds * 1e3);
    }
    return o;
}

static cJSON *step_json(const cvy_network_step *step)
{
    cJSON *o = plan_json(&step->plan);

    cJSON_AddStringToObject(o, "nodes", step->name);
    cJSON_AddBoolToObject(o, "in_arena", step->in_arena);
    cJSON_AddNumberToObject(o, "offset", (double)step->offset);
    cJSON_AddNumberToObject(o, "bytes", (double)step->bytes);
    cJSON_AddNumberToObject(o, "first", (double)step->first);
    cJSON_AddNumberToObject(o, "last", (double)step->last);
    return o;
}

static void print_tree(cJSON *root)
{
    char *text = cJSON_Print(root);

    puts(text != NULL ? tool_utf8(text) : "{}");
    cJSON_free(text);
    cJSON_Delete(root);
}

static cJSON *ports_json(const struct model_port *ports, size_t count)
{
    cJSON *list = cJSON_CreateArray();

    for (size_t i = 0; i < count; i++) {
        cJSON *o = cJSON_CreateObject();
        char shape[SHAPE_TEXT];

        cJSON_AddStringToObject(o, "name", ports[i].port.name);
        cJSON_AddStringToObject(o, "dtype", dtype_text(ports[i].port.desc.dtype));
        cJSON_AddStringToObject(o, "shape", shape_text(&ports[i].port.desc, shape));
        cJSON_AddItemToArray(list, o);
    }
    return list;
}

static void print_model_json(const char *path, const struct model *model,
                             const struct model_place *place)
{
    const cvy_network_info *n = &model->info;
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        { "graph_nodes", (double)n->graph_nodes }, { "expanded_nodes", (double)n->expanded_nodes },
        { "nodes", (double)n->nodes }, { "launches", (double)n->launches },
        { "macs", (double)n->macs }, { "weight_bytes", (double)n->weight_bytes },
        { "arena_bytes", (double)n->arena_bytes },
        { "intermediate_bytes", (double)n->intermediate_bytes }
    };
    cJSON *root = cJSON_CreateObject(), *steps;
    cvy_network_step step;

    cJSON_AddStringToObject(root, "model", path);
    cJSON_AddStringToObject(root, "device", place->device.name);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        cJSON_AddNumberToObject(root, numbers[i].name, numbers[i].value);
    }
    cJSON_AddItemToObject(root, "inputs", ports_json(model->inputs, n->inputs));
    cJSON_AddItemToObject(root, "outputs", ports_json(model->outputs, n->outputs));
    steps = cJSON_AddArrayToObject(root, "steps");
    for (size_t i = 0; cvy_network_step_get(model->network, i, &step) == CVY_OK; i++) {
        cJSON_AddItemToArray(steps, step_json(&step));
    }
    print_tree(root);
}

// A model, again ----------------------------------------------------------------------------------

// All steps, so that compiling again chooses what is the fastest.
static cvy_status measure_steps(const struct model *model, struct model_place *place)
{
    cvy_network_step step;
    cvy_status st = CVY_OK;

    for (size_t i = 0; st == CVY_OK &&
         cvy_network_step_get(model->network, i, &step) == CVY_OK; i++) {
        const char *spec = step.plan.spec;

        st = cvy_tune(place->context, &(cvy_tune_params) { .specs = &spec, .spec_count = 1 },
                      NULL);
    }
    return st;
}

static int explain_loaded(const char *path, const struct request *q, struct model *model,
                          const struct model_inputs *inputs, struct model_place *place)
{
    struct model_progress progress = { 0 };
    const cvy_network_options options = {
        .inputs = inputs->list, .input_count = inputs->count, .layout = q->layout,
        .no_fusion = q->no_fusion, .progress = model_progress, .progress_user = &progress
    };
    cvy_status st = model_compile(model, place, &options);

    if (st == CVY_OK && q->measure) {
        st = measure_steps(model, place);
        st = st == CVY_OK ? model_compile(model, place, &options) : st;
    }
    model_progress_end(&progress);
    if (st != CVY_OK) {
        return tool_failed(path, st);
    }
    if (q->json) {
        print_model_json(path, model, place);
    } else {
        print_model(path, model, place);
    }
    return TOOL_DONE;
}

static int explain_model(const char *path, const struct request *q, struct model_place *place)
{
    struct model_inputs *inputs = calloc(1, sizeof *inputs);
    struct model model = { 0 };
    int status;
    cvy_status st;

    if (inputs == NULL) {
        return tool_failed("explain", CVY_ERR_NOMEM_HOST);
    }
    st = model_load(path, &model);
    status = st == CVY_OK ? TOOL_DONE : tool_failed(path, st);
    for (size_t i = 0; status == TOOL_DONE && i < q->input_count; i++) {
        status = model_inputs_take(inputs, "explain", &model, q->inputs[i]);
    }
    if (status == TOOL_DONE) {
        char missing[MODEL_INPUTS_TEXT];

        if (model_inputs_missing(inputs, &model, missing)) {
            tool_error("explain: %s: %s", path, missing);
            status = TOOL_USAGE;
        } else {
            status = explain_loaded(path, q, &model, inputs, place);
        }
    }
    model_inputs_free(inputs);
    free(inputs);
    model_close(&model);
    return status;
}

// A problem ---------------------------------------------------------------------------------------

// The algorithms of the chosen one's operator, and whether each takes the problem.
struct choice {
    const char *name;
    bool applies, chosen;
    cvy_plan_info plan;         // with the time of its fastest values, if they were measured
    char why_not[256];
};

// "SPEC: options.algorithm is NAME, which does not take ...; these solve it: ...": the middle says
// what the table does not.
static void shorten(const char *text, char *out, size_t size)
{
    const char *which = strstr(text, ", which ");
    const char *begin = which != NULL ? which + strlen(", which ") : text;

    snprintf(out, size, "%.*s", (int)strcspn(begin, ";"), begin);
}

static void try_algorithm(cvy_context *context, const char *spec,
                          const cvy_algorithm_info *algorithm, const char *chosen,
                          struct choice *out)
{
    const cvy_plan_options options = { .algorithm = algorithm->name };
    cvy_plan *plan = NULL;

    out->name = algorithm->name;
    if (algorithm->slow_start && strcmp(out->name, chosen) != 0) {
        snprintf(out->why_not, sizeof out->why_not, "not tried: its first plan takes seconds");
        return;
    }
    out->applies = cvy_plan_from_spec(context, spec, &options, &plan) == CVY_OK &&
                   cvy_plan_info_get(plan, &out->plan) == CVY_OK;
    out->chosen = strcmp(out->name, chosen) == 0;
    if (!out->applies) {
        shorten(cvy_error_text(), out->why_not, sizeof out->why_not);
    }
    cvy_plan_destroy(&plan);
}

// The fastest values of each algorithm, as measuring finds them.
enum { MOST_TIMES = 64 };
struct times {
    struct {
        char algorithm[160];
        double seconds;
    } list[MOST_TIMES];
    size_t count;
};

static bool same_name(const char *a, const char *b)
{
    size_t length = strcspn(a, ":(");

    return strcspn(b, ":(") == length && strncmp(a, b, length) == 0;
}

// Inner problems are measured before the one that was asked for.
static bool take_trial(void *user, const cvy_trial *trial)
{
    struct times *times = user;
    size_t i = 0;

    if (trial->trial == 1) {
        times->count = 0;
    }
    if (trial->result != CVY_TRIAL_TIMED) {
        return true;
    }
    while (i < times->count && !same_name(times->list[i].algorithm, trial->algorithm)) {
        i++;
    }
    if (i == MOST_TIMES || (i < times->count && times->list[i].seconds <= trial->seconds)) {
        return true;
    }
    times->count += i == times->count;
    times->list[i].seconds = trial->seconds;
    snprintf(times->list[i].algorithm, sizeof times->list[i].algorithm, "%s", trial->algorithm);
    return true;
}

static void put_time(struct choice *choice, const char *algorithm, double seconds)
{
    if (same_name(choice->name, algorithm) && choice->applies && seconds > 0.0) {
        choice->plan.measured_seconds = seconds;
        snprintf(choice->plan.config, sizeof choice->plan.config, "%s", algorithm);
    }
}

static void put_times(const struct times *times, const cvy_plan_info *chosen,
                      struct choice *choices, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < times->count; k++) {
            put_time(&choices[i], times->list[k].algorithm, times->list[k].seconds);
        }
        if (choices[i].chosen) {
            put_time(&choices[i], chosen->config, chosen->measured_seconds);
        }
    }
}

static size_t find_choices(cvy_context *context, const cvy_plan_info *plan, struct choice **out)
{
    size_t count = 0, found = 0;
    cvy_status st = cvy_algorithm_list(NULL, 0, &count);
    cvy_algorithm_info *list = calloc(count + 1, sizeof *list);
    struct choice *choices = calloc(count + 1, sizeof *choices);
    const char *op = "";
    char chosen[128];

    snprintf(chosen, sizeof chosen, "%.*s", (int)strcspn(plan->algorithm, "("), plan->algorithm);
    if (list != NULL && choices != NULL && st == CVY_OK) {
        st = cvy_algorithm_list(list, count, &count);
        for (size_t i = 0; st == CVY_OK && i < count; i++) {
            op = strcmp(list[i].name, chosen) == 0 ? list[i].op : op;
        }
        for (size_t i = 0; st == CVY_OK && i < count; i++) {
            if (strcmp(list[i].op, op) == 0) {
                try_algorithm(context, plan->spec, &list[i], chosen, &choices[found++]);
            }
        }
    }
    free(list);
    *out = choices;
    return found;
}

static void print_spec(const cvy_plan_info *plan, const struct choice *choices, size_t count)
{
    struct tool_table table = { 0 };

    printf("%s\n%s: %s\n", plan->spec, plan->config, plan->why);
    printf("%.1f million multiply-adds, %d launches, estimate %.3f ms, workspace %zu bytes\n\n",
           (double)plan->macs * 1e-6, plan->launches, plan->estimate_seconds * 1e3,
           plan->workspace);
    tool_table_add(&table, "ALGORITHM\tAPPLIES\tESTIMATE\tMEASURED\tLAUNCHES\tMADE OF");
    for (size_t i = 0; i < count; i++) {
        const struct choice *c = &choices[i];
        char measured[MS_TEXT];

        if (c->applies) {
            tool_table_add(&table, "%s\t%s\t%.3f ms\t%s\t%d\t%s", c->name,
                           c->chosen ? "chosen" : "yes", c->plan.estimate_seconds * 1e3,
                           ms_text(c->plan.measured_seconds, measured), c->plan.launches,
                           c->plan.config);
        } else {
            tool_table_add(&table, "%s\tno\t\t\t\t%s", c->name, c->why_not);
        }
    }
    tool_table_print(&table, 1u << 2 | 1u << 3 | 1u << 4);
    tool_table_free(&table);
}

static void print_spec_json(const cvy_plan_info *plan, const struct choice *choices, size_t count)
{
    cJSON *root = plan_json(plan), *list = cJSON_AddArrayToObject(root, "alternatives");

    cJSON_AddNumberToObject(root, "workspace", (double)plan->workspace);
    for (size_t i = 0; i < count; i++) {
        cJSON *o = choices[i].applies ? plan_json(&choices[i].plan) : cJSON_CreateObject();

        cJSON_AddStringToObject(o, "name", choices[i].name);
        cJSON_AddBoolToObject(o, "applies", choices[i].applies);
        cJSON_AddBoolToObject(o, "chosen", choices[i].chosen);
        if (!choices[i].applies) {
            cJSON_AddStringToObject(o, "why_not", choices[i].why_not);
        }
        cJSON_AddItemToArray(list, o);
    }
    print_tree(root);
}

static int explain_spec(const char *spec, const struct request *q, struct model_place *place)
{
    struct choice *choices = NULL;
    struct times times = { .count = 0 };
    const cvy_tune_params params = { .specs = &spec, .spec_count = 1, .again = true,
                                     .trial = take_trial, .trial_user = &times };
    cvy_plan_info info;
    cvy_plan *plan = NULL;
    cvy_status st = q->measure ? cvy_tune(place->context, &params, NULL) : CVY_OK;
    size_t count;

    st = st == CVY_OK ? cvy_plan_from_spec(place->context, spec, NULL, &plan) : st;
    st = st == CVY_OK ? cvy_plan_info_get(plan, &info) : st;
    if (st != CVY_OK) {
        return tool_failed(spec, st);
    }
    count = find_choices(place->context, &info, &choices);
    put_times(&times, &info, choices, count);
    if (q->json) {
        print_spec_json(&info, choices, count);
    } else {
        print_spec(&info, choices, count);
    }
    free(choices);
    cvy_plan_destroy(&plan);
    return TOOL_DONE;
}

// Command -----------------------------------------------------------------------------------------

static void print_help(void)
{
    puts("usage: convoy explain MODEL.onnx [--input NAME=SHAPE]... [OPTION]...\n"
         "       convoy explain OP-SPEC [OPTION]...\n\n"
         "Says how a model runs on a device: for each step its algorithm, why, its expected time\n"
         "and where its output lies; or, for a problem such as\n"
         "`conv n1 c64 h56 w56 k64 r3x3 p1x1 f32 nhwc`, every algorithm and whether it applies.\n\n"
         "  --input NAME=SHAPE   of an input that the model leaves open, such as 1x3x224x224; or\n"
         "                       a .npy file, for inputs whose contents compiling needs\n"
         "  --layout L           of maps inside: nchw or nhwc; else the device's best\n"
         "  --no-fusion          a step for each node, to compare with\n"
         "  --measure            measures the alternatives first; see tune to keep what is found\n"
         "  --device D           `cpu`, `gpu`, PLATFORM:DEVICE, or part of a name\n"
         "  --json               machine-readable output");
}

static bool read_option(int option, const char *value, struct request *q)
{
    switch (option) {
    case 'd': q->device = value; return true;
    case 'j': q->json = true; return true;
    case 'n': q->no_fusion = true; return true;
    case 'm': q->measure = true; return true;
    case 'i':
        if (q->input_count == MOST_INPUTS) {
            return false;
        }
        q->inputs[q->input_count++] = value;
        return true;
    default:
        q->layout = strcmp(value, "nchw") == 0 ? CVY_NCHW :
                    strcmp(value, "nhwc") == 0 ? CVY_NHWC : CVY_LAYOUT_DEFAULT;
        return q->layout != CVY_LAYOUT_DEFAULT;
    }
}

static int read_command(int argc, char **argv, struct request *q)
{
    static const struct option options[] = {
        { "input", required_argument, NULL, 'i' }, { "layout", required_argument, NULL, 'l' },
        { "device", required_argument, NULL, 'd' }, { "json", no_argument, NULL, 'j' },
        { "no-fusion", no_argument, NULL, 'n' }, { "measure", no_argument, NULL, 'm' },
        { "help", no_argument, NULL, 'h' }, { 0 }
    };
    int option, index = 0;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options, &index)) != -1) {
        if (option == 'h') {
            print_help();
            return -1;
        }
        if (option == ':') {
            return tool_usage("explain", "`%s` needs a value", argv[optind - 1]);
        }
        if (option == '?') {
            return tool_usage("explain", "`%s` is no option", argv[optind - 1]);
        }
        if (!read_option(option, optarg, q)) {
            return tool_usage("explain", "--%s: `%s` is not a value that it takes",
                              options[index].name, optarg);
        }
    }
    return optind < argc ? TOOL_DONE : tool_usage("explain", "neither a model nor a spec");
}

// A spec may come as one word or as many.
static void join_words(int count, char **words, char spec[MOST_SPEC])
{
    size_t used = 0;

    spec[0] = '\0';
    for (int i = 0; i < count && used < MOST_SPEC; i++) {
        used += (size_t)snprintf(spec + used, MOST_SPEC - used, i > 0 ? " %s" : "%s", words[i]);
    }
}

int cmd_explain(int argc, char **argv)
{
    struct request request = { 0 };
    struct model_place place;
    char spec[MOST_SPEC];
    bool is_model;
    cvy_status st;
    int status = read_command(argc, argv, &request);

    if (status != TOOL_DONE) {
        return status < 0 ? TOOL_DONE : status;
    }
    // Many words are a spec, though a file may have the first one's name.
    is_model = ends_with(argv[optind], ".onnx") ||
               (optind + 1 == argc && access(argv[optind], F_OK) == 0);
    if (is_model && optind + 1 < argc) {
        return tool_usage("explain", "`%s` is not expected", argv[optind + 1]);
    }
    if (!is_model && (request.input_count > 0 || request.no_fusion ||
                      request.layout != CVY_LAYOUT_DEFAULT)) {
        return tool_usage("explain", "--input, --layout and --no-fusion are of models, and `%s` "
                          "is none", argv[optind]);
    }
    st = model_place_open(&(struct model_place_params) {
        .device = request.device, .compile = CVY_COMPILE_LAZY }, &place);
    if (st != CVY_OK) {
        status = tool_not_opened("explain", request.device, st);
    } else if (is_model) {
        status = explain_model(argv[optind], &request, &place);
    } else {
        join_words(argc - optind, argv + optind, spec);
        status = explain_spec(spec, &request, &place);
    }
    model_place_close(&place);
    return status;
}
