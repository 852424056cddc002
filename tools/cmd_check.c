// convoy check: runs ONNX backend test folders and compares what comes out with what they expect.
#include "check_files.h"
#include "model.h"
#include "values.h"

#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WHY_TEXT = 512 };

enum outcome { PASSED, FAILED, SKIPPED };

struct request {
    const char *device, *skips;
    double rtol, atol;
    bool list;
};

struct check {
    struct request request;
    struct model_place place;
    struct name_list tests;
    struct skip_list skips;
    size_t counts[3];
    char why[WHY_TEXT];         // of the test at hand
};

// The tensors of a set, inputs or outputs.
struct tensors {
    cvy_onnx_tensor *all;
    size_t count;
};

static enum outcome outcome(struct check *check, enum outcome result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static enum outcome outcome(struct check *check, enum outcome result, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(check->why, sizeof check->why, format, list);
    va_end(list);
    tool_plain(check->why);
    return result;
}

static enum outcome failed(struct check *check, const char *what, cvy_status st)
{
    return outcome(check, FAILED, "%s: %s: %s", what, cvy_status_name(st), cvy_error_text());
}

// A test is skipped if loading or compiling finds what Convoy does not have.
static enum outcome refused(struct check *check, const char *what, cvy_status st)
{
    bool lacks = st == CVY_ERR_MODEL_OP || st == CVY_ERR_MODEL_LIMIT || st == CVY_ERR_UNSUPPORTED;

    return lacks ? outcome(check, SKIPPED, "%s", cvy_error_text()) : failed(check, what, st);
}

// Tensors -----------------------------------------------------------------------------------------

static cvy_status load_tensors(const char *set, const char *begin, struct tensors *out)
{
    struct name_list files = { 0 };
    cvy_status st = CVY_OK;

    check_find_tensors(set, begin, &files);
    out->all = calloc(files.count + 1, sizeof *out->all);
    for (out->count = 0; st == CVY_OK && out->count < files.count;) {
        st = out->all == NULL ? CVY_ERR_NOMEM_HOST :
             cvy_onnx_tensor_load(files.names[out->count], &out->all[out->count]);
        out->count += st == CVY_OK;
    }
    name_list_free(&files);
    return st;
}

static void free_tensors(struct tensors *tensors)
{
    for (size_t i = 0; i < tensors->count; i++) {
        cvy_onnx_tensor_free(&tensors->all[i]);
    }
    free(tensors->all);
    *tensors = (struct tensors) { 0 };
}

// The tensor of a port: by its name, else by its number.
static const cvy_onnx_tensor *tensor_of(const struct tensors *tensors, const char *name, size_t i)
{
    for (size_t k = 0; k < tensors->count; k++) {
        if (strcmp(tensors->all[k].name, name) == 0) {
            return &tensors->all[k];
        }
    }
    return i < tensors->count ? &tensors->all[i] : NULL;
}

// Comparing ---------------------------------------------------------------------------------------

static bool same_shape(const cvy_desc *a, const cvy_desc *b)
{
    bool same = a->rank == b->rank;

    for (int i = 0; same && i < a->rank; i++) {
        same = a->size[i] == b->size[i];
    }
    return same;
}

static bool near(double got, double wanted, const struct request *q)
{
    if (isnan(wanted) || isinf(wanted)) {
        return isnan(wanted) ? isnan(got) : got == wanted;
    }
    return fabs(got - wanted) <= q->atol + q->rtol * fabs(wanted);
}

static enum outcome compare(struct check *check, const cvy_network_port *port, const void *data,
                            const cvy_onnx_tensor *wanted)
{
    const cvy_desc *desc = &wanted->desc;
    char got[SHAPE_TEXT], want[SHAPE_TEXT];
    int64_t count = desc->rank == 0 ? 1 : cvy_desc_elements(desc);
    size_t bytes = cvy_dtype_bytes(desc->dtype);

    if (port->desc.dtype != desc->dtype || !same_shape(&port->desc, desc)) {
        return outcome(check, FAILED, "output `%s` is %s %s, not %s %s", port->name,
                       dtype_text(port->desc.dtype), shape_text(&port->desc, got),
                       dtype_text(desc->dtype), shape_text(desc, want));
    }
    for (size_t i = 0; (int64_t)i < count; i++) {
        double a = value_at(desc->dtype, data, i), b = value_at(desc->dtype, wanted->data, i);
        bool same = dtype_is_float(desc->dtype) ? near(a, b, &check->request) :
                    memcmp((const char *)data + i * bytes, (const char *)wanted->data + i * bytes,
                           bytes) == 0;

        if (!same) {
            return outcome(check, FAILED, "output `%s` %s: element %zu is %.9g, not %.9g",
                           port->name, shape_text(desc, want), i, a, b);
        }
    }
    return PASSED;
}

static enum outcome compare_all(struct check *check, struct model *model,
                                const struct tensors *wanted)
{
    enum outcome result = PASSED;

    for (size_t i = 0; result == PASSED && i < model->info.outputs; i++) {
        const cvy_network_port *port = &model->outputs[i].port;
        const cvy_onnx_tensor *tensor = tensor_of(wanted, port->name, i);
        void *data;
        cvy_status st;

        if (tensor == NULL) {
            continue;           // a test may leave out outputs that it does not look at
        }
        st = model_read(model, &check->place, i, &data, NULL);
        if (st != CVY_OK) {
            return failed(check, "reading", st);
        }
        result = compare(check, port, data, tensor);
        free(data);
    }
    return result;
}

// One test ----------------------------------------------------------------------------------------

// What the device is not handed at run time: shapes and the like, and types that are no float32.
static bool is_given_early(const cvy_port_info *port, const cvy_onnx_tensor *tensor)
{
    return port->constant || tensor->desc.dtype != CVY_F32;
}

static cvy_status describe_inputs(const struct model *model, const struct tensors *given,
                                  cvy_network_input *inputs)
{
    for (size_t i = 0; i < model->graph_info.inputs; i++) {
        const cvy_onnx_tensor *tensor;
        cvy_port_info port;
        cvy_status st = cvy_graph_input_get(model->graph, i, &port);

        if (st != CVY_OK) {
            return st;
        }
        tensor = tensor_of(given, port.name, i);
        if (tensor == NULL) {
            return cvy_error_report(CVY_ERR_ARGUMENT, "the test has no data for an input");
        }
        inputs[i] = (cvy_network_input) { port.name, tensor->desc, NULL };
        inputs[i].desc.layout = port.desc.layout;
        inputs[i].data = is_given_early(&port, tensor) ? tensor->data : NULL;
    }
    return CVY_OK;
}

static enum outcome run_compiled(struct check *check, struct model *model,
                                 const cvy_network_input *inputs, const struct tensors *given,
                                 const struct tensors *wanted)
{
    cvy_status st = CVY_OK;

    for (size_t i = 0; st == CVY_OK && i < model->graph_info.inputs; i++) {
        st = model_write(model, &check->place, inputs[i].name,
                         tensor_of(given, inputs[i].name, i)->data, NULL);
    }
    if (st == CVY_OK) {
        st = model_enqueue(model, &check->place, NULL);
    }
    if (st == CVY_OK) {
        st = cvy_queue_finish(check->place.queue);
    }
    return st == CVY_OK ? compare_all(check, model, wanted) : failed(check, "running", st);
}

static enum outcome run_tensors(struct check *check, struct model *model,
                                const struct tensors *given, const struct tensors *wanted)
{
    cvy_network_input *inputs = calloc(model->graph_info.inputs + 1, sizeof *inputs);
    const cvy_network_options options = { .inputs = inputs,
                                          .input_count = model->graph_info.inputs };
    cvy_status st = inputs != NULL ? describe_inputs(model, given, inputs) : CVY_ERR_NOMEM_HOST;
    enum outcome result;

    if (st == CVY_OK) {
        st = model_compile(model, &check->place, &options);
    }
    result = st == CVY_OK ? run_compiled(check, model, inputs, given, wanted) :
             refused(check, "compiling", st);
    free(inputs);
    return result;
}

static enum outcome run_set(struct check *check, struct model *model, const char *set)
{
    struct tensors given = { 0 }, wanted = { 0 };
    cvy_status st = load_tensors(set, "input_", &given);
    enum outcome result;

    if (st == CVY_OK) {
        st = load_tensors(set, "output_", &wanted);
    }
    if (st != CVY_OK) {
        result = refused(check, set, st);
    } else if (wanted.count == 0) {
        result = outcome(check, FAILED, "%s: no output_0.pb", set);
    } else {
        result = run_tensors(check, model, &given, &wanted);
    }
    free_tensors(&given);
    free_tensors(&wanted);
    return result;
}

static enum outcome run_sets(struct check *check, struct model *model, const char *test)
{
    struct name_list sets = { 0 };
    enum outcome result = PASSED;

    if (!check_find_sets(test, &sets) || sets.count == 0) {
        result = outcome(check, FAILED, "no folder test_data_set_0");
    }
    for (size_t i = 0; result == PASSED && i < sets.count; i++) {
        result = run_set(check, model, sets.names[i]);
    }
    name_list_free(&sets);
    return result;
}

static enum outcome run_test(struct check *check, const char *test)
{
    struct model model = { 0 };
    size_t bytes = strlen(test) + sizeof "/model.onnx";
    char *path = malloc(bytes);
    enum outcome result;
    cvy_status st;

    if (path == NULL) {
        return outcome(check, FAILED, "out of memory");
    }
    snprintf(path, bytes, "%s/model.onnx", test);
    st = model_load(path, &model);
    result = st == CVY_OK ? run_sets(check, &model, test) : refused(check, "loading", st);
    model_close(&model);
    free(path);
    return result;
}

// All tests ---------------------------------------------------------------------------------------

// A skip that the list does not have counts as a failure.
static enum outcome judge(struct check *check, const char *test, enum outcome result)
{
    struct skip *skip = skip_list_find(&check->skips, test);

    if (result == SKIPPED && check->request.skips != NULL && skip == NULL) {
        printf("FAILED %s: skipped, but not in %s: %s\n", test, check->request.skips, check->why);
        return FAILED;
    }
    if (result == FAILED) {
        printf("FAILED %s: %s\n", test, check->why);
    }
    if (result == SKIPPED && check->request.list) {
        printf("skipped %s: %s\n", test, check->why);
    }
    if (result == PASSED && skip != NULL) {
        printf("note: %s passes, but %s lists it: %s\n", test, check->request.skips, skip->reason);
    }
    return result;
}

static void run_tests(struct check *check)
{
    struct tool_progress progress = tool_progress_begin(check->tests.count);

    for (size_t i = 0; i < check->tests.count; i++) {
        const char *test = check->tests.names[i];
        const char *name = strrchr(test, '/') != NULL ? strrchr(test, '/') + 1 : test;

        enum outcome result;

        tool_progress_show(&progress, i, name);
        result = run_test(check, test);
        if (result != PASSED) {
            tool_progress_end(&progress);
        }
        check->counts[judge(check, test, result)]++;
    }
    tool_progress_end(&progress);
}

static int conclude(const struct check *check)
{
    printf("%zu passed, %zu failed, %zu skipped\n", check->counts[PASSED], check->counts[FAILED],
           check->counts[SKIPPED]);
    if (check->counts[FAILED] == 0 && check->counts[PASSED] == 0) {
        tool_error("check: no test passed");
    }
    return check->counts[FAILED] == 0 && check->counts[PASSED] > 0 ? TOOL_DONE :
           TOOL_CHECK_FAILED;
}

static int work(struct check *check, int count, char **folders)
{
    cvy_status st;

    for (int i = 0; i < count; i++) {
        size_t before = check->tests.count;

        if (!check_find_tests(folders[i], &check->tests)) {
            return TOOL_BAD_INPUT;
        }
        if (check->tests.count == before) {
            tool_error("check: %s: no folder in it has a model.onnx", folders[i]);
            return TOOL_BAD_INPUT;
        }
    }
    if (check->request.skips != NULL && !skip_list_load(check->request.skips, &check->skips)) {
        return TOOL_BAD_INPUT;
    }
    st = model_place_open(&(struct model_place_params) {
        .device = check->request.device, .compile = CVY_COMPILE_LAZY }, &check->place);
    if (st != CVY_OK) {
        return tool_not_opened("check", check->request.device, st);
    }
    run_tests(check);
    return conclude(check);
}

// Command -----------------------------------------------------------------------------------------

static void print_help(void)
{
    puts("usage: convoy check DIR... [OPTION]...\n\n"
         "Runs ONNX backend tests: every folder below DIR that holds a model.onnx, with its\n"
         "test_data_set_*/input_*.pb and output_*.pb. A line for each failure; last, alone on a\n"
         "line: N passed, N failed, N skipped. A skip is a test of what Convoy does not have.\n\n"
         "  --device D     `cpu`, `gpu`, PLATFORM:DEVICE, or part of a name\n"
         "  --rtol R       allowed error as a share of the expected value, 1e-3 if not given\n"
         "  --atol A       and besides that, 1e-7 if not given\n"
         "  --list         print skips with their reasons\n"
         "  --skips FILE   lines FOLDER  REASON: any other skip is a failure");
}

static bool read_tolerance(const char *text, double *out)
{
    char *end;

    *out = strtod(text, &end);
    return end != text && *end == '\0' && *out >= 0.0 && isfinite(*out);
}

static int read_command(int argc, char **argv, struct request *q)
{
    static const struct option options[] = {
        { "device", required_argument, NULL, 'd' }, { "rtol", required_argument, NULL, 'r' },
        { "atol", required_argument, NULL, 'a' }, { "list", no_argument, NULL, 'l' },
        { "skips", required_argument, NULL, 's' }, { "help", no_argument, NULL, 'h' }, { 0 }
    };
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        switch (option) {
        case 'd': q->device = optarg; break;
        case 's': q->skips = optarg; break;
        case 'l': q->list = true; break;
        case 'r':
        case 'a':
            if (!read_tolerance(optarg, option == 'r' ? &q->rtol : &q->atol)) {
                return tool_usage("check", "--%ctol: `%s` is no tolerance", option, optarg);
            }
            break;
        case 'h': print_help(); return -1;
        case ':': return tool_usage("check", "`%s` needs a value", argv[optind - 1]);
        default: return tool_usage("check", "`%s` is no option", argv[optind - 1]);
        }
    }
    return optind < argc ? TOOL_DONE : tool_usage("check", "no folder");
}

int cmd_check(int argc, char **argv)
{
    struct check *check = calloc(1, sizeof *check);
    int status;

    if (check == NULL) {
        return tool_failed("check", CVY_ERR_NOMEM_HOST);
    }
    check->request = (struct request) { .rtol = 1e-3, .atol = 1e-7 };
    status = read_command(argc, argv, &check->request);
    if (status == TOOL_DONE) {
        status = work(check, argc - optind, argv + optind);
    }
    model_place_close(&check->place);
    name_list_free(&check->tests);
    skip_list_free(&check->skips);
    free(check);
    return status < 0 ? TOOL_DONE : status;
}
