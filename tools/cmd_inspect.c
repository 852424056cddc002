// convoy inspect: what a model has in it, what Convoy lacks for it, and what a run of it takes.
#include "model.h"
#include "model_inputs.h"
#include "values.h"

#include <cjson/cJSON.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request {
    const char *path, *device;
    const char *inputs[MOST_INPUTS];
    size_t input_count;
    bool json;
};

// A model, and what it costs: a network if there is one, or else why there is none.
struct subject {
    cvy_onnx_info *info;
    struct model model;
    struct model_inputs inputs;
    struct model_place place;
    char no_cost[MODEL_INPUTS_TEXT];
};

// Names are the file's, and may be of any length.
enum { NAME_TEXT = 256 };

static const char *name_text(const char *name, char text[NAME_TEXT])
{
    snprintf(text, NAME_TEXT, "%s", name);
    return tool_plain(text);
}

static const char *port_dtype(const cvy_port_info *port)
{
    return port->desc.dtype == CVY_DTYPE_DEFAULT ? "not supported" : dtype_text(port->desc.dtype);
}

// Text --------------------------------------------------------------------------------------------

static void print_head(const char *path, const cvy_onnx_info *info)
{
    printf("%s\n\n", path);
    if (info->load_status == CVY_ERR_MODEL_OP) {
        printf("not supported\n");
        for (size_t i = 0; i < info->gap_count; i++) {
            printf("  %5zu  %s\n", info->gaps[i].count, info->gaps[i].text);
        }
        putchar('\n');
    } else if (info->load_status != CVY_OK) {
        printf("%s: %s\n\n", cvy_status_name(info->load_status), info->load_text);
    }
    printf("producer    %s\n", info->producer[0] != '\0' ? info->producer : "not given");
    printf("opset       %lld, IR version %lld\n", (long long)info->opset,
           (long long)info->ir_version);
}

static void print_operators(const cvy_onnx_info *info)
{
    struct tool_table table = { 0 };

    tool_table_add(&table, "NODES\tOPERATOR\tSUPPORTED");
    for (size_t i = 0; i < info->operator_count; i++) {
        const cvy_onnx_operator *o = &info->operators[i];

        if (o->unsupported > 0 && o->unsupported < o->nodes) {
            tool_table_add(&table, "%zu\t%s\tnot %zu of them", o->nodes, o->name, o->unsupported);
        } else {
            tool_table_add(&table, "%zu\t%s\t%s", o->nodes, o->name,
                           o->unsupported > 0 ? "NO" : "yes");
        }
    }
    putchar('\n');
    tool_table_print(&table, 1u << 0);
    tool_table_free(&table);
}

static void add_ports(struct tool_table *table, const char *what, const cvy_port_info *ports,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char name[NAME_TEXT], shape[SHAPE_TEXT];

        tool_table_add(table, "%s\t%s\t%s\t%s", name_text(ports[i].name, name),
                       port_dtype(&ports[i]), shape_text(&ports[i].desc, shape), what);
    }
}

static void print_ports(const cvy_onnx_info *info)
{
    struct tool_table table = { 0 };

    tool_table_add(&table, "NAME\tDTYPE\tSHAPE\tIS");
    add_ports(&table, "input", info->inputs, info->input_count);
    add_ports(&table, "output", info->outputs, info->output_count);
    putchar('\n');
    tool_table_print(&table, 0);
    tool_table_free(&table);
}

static void print_cost(const struct subject *s)
{
    const cvy_network_info *n = &s->model.info;
    char weights[BYTES_TEXT], arena[BYTES_TEXT], between[BYTES_TEXT];

    if (s->no_cost[0] != '\0') {
        printf("a run       not known: %s\n", s->no_cost);
        return;
    }
    printf("\na run on %s\n", s->place.device.name);
    printf("work        %.1f million multiply-adds\n", (double)n->macs * 1e-6);
    printf("launches    %zu\n", n->launches);
    printf("weights     %s\n", bytes_text(n->weight_bytes, weights));
    printf("arena       %s for %s of intermediates\n", bytes_text(n->arena_bytes, arena),
           bytes_text(n->intermediate_bytes, between));
}

static void print_text(const char *path, const struct subject *s)
{
    const cvy_onnx_info *info = s->info;
    char bytes[BYTES_TEXT];

    print_head(path, info);
    print_operators(info);
    print_ports(info);
    printf("\nparameters  %lld in %zu tensors, %s\n", (long long)info->parameter_elements,
           info->parameters, bytes_text((size_t)info->parameter_bytes, bytes));
    print_cost(s);
}

// JSON --------------------------------------------------------------------------------------------

static void add_operators_json(cJSON *root, const cvy_onnx_info *info)
{
    cJSON *operators = cJSON_AddArrayToObject(root, "operators");
    cJSON *gaps = cJSON_AddArrayToObject(root, "not_supported");

    for (size_t i = 0; i < info->operator_count; i++) {
        cJSON *o = cJSON_CreateObject();

        cJSON_AddStringToObject(o, "name", info->operators[i].name);
        cJSON_AddNumberToObject(o, "nodes", (double)info->operators[i].nodes);
        cJSON_AddNumberToObject(o, "unsupported", (double)info->operators[i].unsupported);
        cJSON_AddItemToArray(operators, o);
    }
    for (size_t i = 0; i < info->gap_count; i++) {
        cJSON *o = cJSON_CreateObject();

        cJSON_AddStringToObject(o, "text", info->gaps[i].text);
        cJSON_AddNumberToObject(o, "count", (double)info->gaps[i].count);
        cJSON_AddItemToArray(gaps, o);
    }
}

static void add_ports_json(cJSON *root, const char *key, const cvy_port_info *ports, size_t count)
{
    cJSON *list = cJSON_AddArrayToObject(root, key);

    for (size_t i = 0; i < count; i++) {
        cJSON *o = cJSON_CreateObject();
        char shape[SHAPE_TEXT];

        cJSON_AddStringToObject(o, "name", ports[i].name);
        cJSON_AddStringToObject(o, "dtype", port_dtype(&ports[i]));
        cJSON_AddStringToObject(o, "shape", shape_text(&ports[i].desc, shape));
        cJSON_AddItemToArray(list, o);
    }
}

static void add_cost_json(cJSON *root, const struct subject *s)
{
    const cvy_network_info *n = &s->model.info;
    cJSON *run;

    if (s->no_cost[0] != '\0') {
        cJSON_AddNullToObject(root, "run");
        cJSON_AddStringToObject(root, "run_not_known", s->no_cost);
        return;
    }
    run = cJSON_AddObjectToObject(root, "run");
    cJSON_AddStringToObject(run, "device", s->place.device.name);
    cJSON_AddNumberToObject(run, "macs", (double)n->macs);
    cJSON_AddNumberToObject(run, "launches", (double)n->launches);
    cJSON_AddNumberToObject(run, "weight_bytes", (double)n->weight_bytes);
    cJSON_AddNumberToObject(run, "arena_bytes", (double)n->arena_bytes);
    cJSON_AddNumberToObject(run, "intermediate_bytes", (double)n->intermediate_bytes);
}

static void print_json(const char *path, const struct subject *s)
{
    const cvy_onnx_info *info = s->info;
    cJSON *root = cJSON_CreateObject();
    char *text;

    cJSON_AddStringToObject(root, "model", path);
    cJSON_AddStringToObject(root, "load_status", cvy_status_name(info->load_status));
    cJSON_AddStringToObject(root, "load_text", info->load_text);
    cJSON_AddStringToObject(root, "producer", info->producer);
    cJSON_AddNumberToObject(root, "opset", (double)info->opset);
    cJSON_AddNumberToObject(root, "ir_version", (double)info->ir_version);
    cJSON_AddNumberToObject(root, "nodes", (double)info->nodes);
    add_operators_json(root, info);
    add_ports_json(root, "inputs", info->inputs, info->input_count);
    add_ports_json(root, "outputs", info->outputs, info->output_count);
    cJSON_AddNumberToObject(root, "parameter_tensors", (double)info->parameters);
    cJSON_AddNumberToObject(root, "parameters", (double)info->parameter_elements);
    cJSON_AddNumberToObject(root, "parameter_bytes", (double)info->parameter_bytes);
    add_cost_json(root, s);
    text = cJSON_Print(root);
    puts(text != NULL ? text : "{}");
    cJSON_free(text);
    cJSON_Delete(root);
}

// Work --------------------------------------------------------------------------------------------

static cvy_status compile(struct subject *s)
{
    struct model_progress progress = { 0 };
    const cvy_network_options options = {
        .inputs = s->inputs.list, .input_count = s->inputs.count,
        .progress = model_progress, .progress_user = &progress
    };
    cvy_status st = model_compile(&s->model, &s->place, &options);

    model_progress_end(&progress);
    return st;
}

// Fills in the network, or the reason why there is none. A device that nobody asked for may be
// missing.
static int find_cost(const struct request *q, struct subject *s)
{
    const char *device = tool_device(q->device);
    cvy_status st;

    if (model_inputs_missing(&s->inputs, &s->model, s->no_cost)) {
        return TOOL_DONE;
    }
    st = model_place_open(&(struct model_place_params) { .device = q->device,
                                                         .compile = CVY_COMPILE_LAZY }, &s->place);
    if (st != CVY_OK && (device == NULL || device[0] == '\0')) {
        snprintf(s->no_cost, sizeof s->no_cost, "%.30s: %.900s", cvy_status_name(st),
                 cvy_error_text());
        return TOOL_DONE;
    }
    if (st != CVY_OK) {
        return tool_not_opened("inspect", q->device, st);
    }
    st = compile(s);
    return st == CVY_OK ? TOOL_DONE : tool_failed(q->path, st);
}

static int work(const struct request *q, struct subject *s)
{
    cvy_status st = cvy_onnx_inspect(q->path, &(cvy_onnx_options) { .external_data = true },
                                     &s->info, &s->model.graph);
    int status = TOOL_DONE;

    if (st != CVY_OK) {
        return tool_failed(q->path, st);
    }
    if (s->info->load_status != CVY_OK) {
        snprintf(s->no_cost, sizeof s->no_cost, "the model does not load");
        status = TOOL_BAD_INPUT;
    } else {
        st = cvy_graph_info_get(s->model.graph, &s->model.graph_info);
        status = st == CVY_OK ? TOOL_DONE : tool_failed(q->path, st);
        for (size_t i = 0; status == TOOL_DONE && i < q->input_count; i++) {
            status = model_inputs_take(&s->inputs, "inspect", &s->model, q->inputs[i]);
        }
        status = status == TOOL_DONE ? find_cost(q, s) : status;
        if (status != TOOL_DONE) {
            return status;
        }
    }
    if (q->json) {
        print_json(q->path, s);
    } else {
        print_text(q->path, s);
    }
    return status;
}

static void print_help(void)
{
    puts("usage: convoy inspect MODEL.onnx [--input NAME=SHAPE]... [OPTION]...\n\n"
         "Says what a model has in it: what is not supported, operators, inputs and outputs,\n"
         "parameters, and what a run takes if all shapes are known. All but the last needs no\n"
         "device. Exit status 4 if the model does not load.\n\n"
         "  --input NAME=SHAPE   of an input that the model leaves open, such as 1x3x224x224; or\n"
         "                       a .npy file, for inputs whose contents compiling needs\n"
         "  --device D           `cpu`, `gpu`, PLATFORM:DEVICE, or part of a name\n"
         "  --json               machine-readable output");
}

static int read_command(int argc, char **argv, struct request *q)
{
    static const struct option options[] = {
        { "input", required_argument, NULL, 'i' }, { "device", required_argument, NULL, 'd' },
        { "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' }, { 0 }
    };
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        switch (option) {
        case 'h': print_help(); return -1;
        case 'j': q->json = true; break;
        case 'd': q->device = optarg; break;
        case 'i':
            if (q->input_count == MOST_INPUTS) {
                return tool_usage("inspect", "--input: %d at most", MOST_INPUTS);
            }
            q->inputs[q->input_count++] = optarg;
            break;
        case ':': return tool_usage("inspect", "`%s` needs a value", argv[optind - 1]);
        default: return tool_usage("inspect", "`%s` is no option", argv[optind - 1]);
        }
    }
    if (optind == argc) {
        return tool_usage("inspect", "no model");
    }
    if (optind + 1 < argc) {
        return tool_usage("inspect", "`%s` is not expected", argv[optind + 1]);
    }
    q->path = argv[optind];
    return TOOL_DONE;
}

int cmd_inspect(int argc, char **argv)
{
    struct request request = { 0 };
    struct subject *subject;
    int status = read_command(argc, argv, &request);

    if (status != TOOL_DONE) {
        return status < 0 ? TOOL_DONE : status;
    }
    subject = calloc(1, sizeof *subject);
    if (subject == NULL) {
        return tool_failed("inspect", CVY_ERR_NOMEM_HOST);
    }
    status = work(&request, subject);
    cvy_onnx_info_destroy(&subject->info);
    model_close(&subject->model);
    model_place_close(&subject->place);
    model_inputs_free(&subject->inputs);
    free(subject);
    return status;
}
