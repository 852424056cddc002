// convoy run: runs an ONNX model on arrays or photos and says what came out.
#include "model.h"
#include "npy.h"
#include "run_options.h"
#include "run_report.h"
#include "trace.h"
#include "values.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// All that a run holds; finish frees it.
struct run {
    struct run_request request;
    struct model model;
    struct model_place place;
    struct run_labels labels;
    struct run_tensor *inputs;
    struct run_output *outputs;
    const char **output_files;
    double *times;
    struct trace *trace;
    double compile_ms, first_ms;
};

// Names -------------------------------------------------------------------------------------------

// What stands behind NAME= if `given` begins so.
static const char *file_of(const char *given, const char *name)
{
    size_t length = strlen(name);

    return strncmp(given, name, length) == 0 && given[length] == '=' ? given + length + 1 : NULL;
}

static cvy_port_info port_of(const struct run *run, bool output, size_t i)
{
    cvy_port_info port = { .name = "" };

    if (output) {
        cvy_graph_output_get(run->model.graph, i, &port);
    } else {
        cvy_graph_input_get(run->model.graph, i, &port);
    }
    return port;
}

// The name may be left out where there is only one.
static int find_port(const struct run *run, bool output, const char *given, size_t *out,
                     const char **file)
{
    size_t count = output ? run->model.graph_info.outputs : run->model.graph_info.inputs;
    const char *equals = strchr(given, '='), *slash = strchr(given, '/');
    const char *what = output ? "output" : "input";

    for (size_t i = 0; i < count; i++) {
        *file = file_of(given, port_of(run, output, i).name);
        if (*file != NULL) {
            *out = i;
            return TOOL_DONE;
        }
    }
    if (count == 1 && (equals == NULL || (slash != NULL && slash < equals))) {
        *out = 0;
        *file = given;
        return TOOL_DONE;
    }
    if (equals == NULL) {
        tool_error("run: %s: %zu %ss: say which with --%s NAME=%s", run->request.model, count,
                   what, what, given);
    } else {
        tool_error("run: %s: has no %s `%.*s`; the first is `%s`", run->request.model, what,
                   (int)strcspn(given, "="), given, count > 0 ? port_of(run, output, 0).name : "");
    }
    return TOOL_BAD_INPUT;
}

static int load_inputs(struct run *run)
{
    const struct run_request *q = &run->request;
    size_t count = run->model.graph_info.inputs;

    run->inputs = calloc(count + 1, sizeof *run->inputs);
    if (run->inputs == NULL) {
        return tool_failed("run", CVY_ERR_NOMEM_HOST);
    }
    for (size_t i = 0; i < q->input_count; i++) {
        const char *file;
        cvy_port_info port;
        size_t at;

        if (find_port(run, false, q->inputs[i], &at, &file) != TOOL_DONE) {
            return TOOL_BAD_INPUT;
        }
        port = port_of(run, false, at);
        if (run->inputs[at].data != NULL) {
            return tool_usage("run", "--input %s: `%s` has a file already", q->inputs[i],
                              port.name);
        }
        if (!run_input_load(&port, file, &q->pixels, &run->inputs[at])) {
            return TOOL_BAD_INPUT;
        }
    }
    for (size_t i = 0; i < count; i++) {
        cvy_port_info port = port_of(run, false, i);
        char shape[SHAPE_TEXT];

        if (run->inputs[i].data == NULL) {
            tool_error("run: %s: input `%s` (%s %s) needs --input %s=FILE", q->model, port.name,
                       dtype_text(port.desc.dtype), shape_text(&port.desc, shape), port.name);
            return TOOL_USAGE;
        }
    }
    return TOOL_DONE;
}

static int find_outputs(struct run *run)
{
    const struct run_request *q = &run->request;

    run->output_files = calloc(run->model.graph_info.outputs + 1, sizeof *run->output_files);
    if (run->output_files == NULL) {
        return tool_failed("run", CVY_ERR_NOMEM_HOST);
    }
    for (size_t i = 0; i < q->output_count; i++) {
        const char *file;
        size_t at;

        if (find_port(run, true, q->outputs[i], &at, &file) != TOOL_DONE) {
            return TOOL_BAD_INPUT;
        }
        if (run->output_files[at] != NULL) {
            return tool_usage("run", "--output %s: `%s` has a file already", q->outputs[i],
                              port_of(run, true, at).name);
        }
        run->output_files[at] = file;
    }
    return TOOL_DONE;
}

// Work --------------------------------------------------------------------------------------------

static int failed(const struct run *run, cvy_status st)
{
    char what[512];

    snprintf(what, sizeof what, "run: %.480s", run->request.model);
    return tool_failed(what, st);
}

static cvy_status compile(struct run *run)
{
    size_t count = run->model.graph_info.inputs;
    cvy_network_input *inputs = calloc(count + 1, sizeof *inputs);
    struct model_progress progress = { 0 };
    const cvy_network_options options = {
        .inputs = inputs, .input_count = count, .layout = run->request.layout,
        .progress = model_progress, .progress_user = &progress
    };
    double begin = trace_now();
    cvy_status st = CVY_ERR_NOMEM_HOST;

    for (size_t i = 0; inputs != NULL && i < count; i++) {
        bool constant = port_of(run, false, i).constant;

        inputs[i] = (cvy_network_input) { run->inputs[i].name, run->inputs[i].desc,
                                          constant ? run->inputs[i].data : NULL };
    }
    if (inputs != NULL) {
        st = model_compile(&run->model, &run->place, &options);
    }
    free(inputs);
    model_progress_end(&progress);
    run->compile_ms = (trace_now() - begin) * 1e-3;
    trace_host(run->trace, "compile", begin, trace_now());
    return st;
}

static cvy_event **event_for(const struct run *run, cvy_event **ev)
{
    *ev = NULL;
    return run->trace != NULL ? ev : NULL;
}

static cvy_status write_inputs(struct run *run)
{
    cvy_status st = CVY_OK;

    for (size_t i = 0; st == CVY_OK && i < run->model.graph_info.inputs; i++) {
        double begin = trace_now();
        cvy_event *ev;

        st = model_write(&run->model, &run->place, run->inputs[i].name, run->inputs[i].data,
                         event_for(run, &ev));
        if (st == CVY_OK && ev != NULL) {
            st = cvy_event_wait(ev, -1);
        }
        trace_host(run->trace, "write", begin, trace_now());
        trace_job(run->trace, run->inputs[i].name, begin, NULL, ev);
    }
    return st;
}

static cvy_status run_once(struct run *run, const char *name, double *ms)
{
    double begin = trace_now(), enqueued;
    cvy_event *ev;
    cvy_status st = model_enqueue(&run->model, &run->place, event_for(run, &ev));

    enqueued = trace_now();
    if (st == CVY_OK) {
        st = cvy_queue_finish(run->place.queue);
    }
    *ms = (trace_now() - begin) * 1e-3;
    trace_host(run->trace, "enqueue", begin, enqueued);
    trace_host(run->trace, "wait", enqueued, trace_now());
    trace_job(run->trace, name, begin, run->model.network, ev);
    return st;
}

static cvy_status run_all(struct run *run)
{
    cvy_status st = run_once(run, "first run", &run->first_ms);
    struct model_progress progress = { 0 };
    double begin = trace_now();

    run->times = calloc((size_t)run->request.repeat + 1, sizeof *run->times);
    if (run->times == NULL) {
        return CVY_ERR_NOMEM_HOST;
    }
    for (long i = 0; st == CVY_OK && i < run->request.repeat; i++) {
        st = run_once(run, "run", &run->times[i]);
        model_progress(&progress, (size_t)i + 1, (size_t)run->request.repeat, "runs",
                       (trace_now() - begin) * 1e-6);
    }
    model_progress_end(&progress);
    return st;
}

static cvy_status read_outputs(struct run *run)
{
    size_t count = run->model.info.outputs;
    cvy_status st = CVY_OK;

    run->outputs = calloc(count + 1, sizeof *run->outputs);
    if (run->outputs == NULL) {
        return CVY_ERR_NOMEM_HOST;
    }
    for (size_t i = 0; st == CVY_OK && i < count; i++) {
        double begin = trace_now();
        cvy_event *ev;

        run->outputs[i].port = run->model.outputs[i].port;
        run->outputs[i].file = run->output_files[i];
        st = model_read(&run->model, &run->place, i, &run->outputs[i].data, event_for(run, &ev));
        if (st == CVY_OK && ev != NULL) {
            st = cvy_event_wait(ev, -1);
        }
        trace_host(run->trace, "read", begin, trace_now());
        trace_job(run->trace, run->outputs[i].port.name, begin, NULL, ev);
    }
    return st;
}

// Results -----------------------------------------------------------------------------------------

static int by_time(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median_of(double *times, long count)
{
    qsort(times, (size_t)count, sizeof *times, by_time);
    return count == 0 ? 0.0 : (times[(count - 1) / 2] + times[count / 2]) / 2.0;
}

static int save_outputs(struct run *run)
{
    char error[NPY_ERROR];

    for (size_t i = 0; i < run->model.info.outputs; i++) {
        const struct run_output *o = &run->outputs[i];

        if (o->file != NULL && !npy_save(o->file, &o->port.desc, o->data, error)) {
            tool_error("run: %s: %s", o->file, error);
            return TOOL_BAD_INPUT;
        }
    }
    return TOOL_DONE;
}

static int save_trace(struct run *run)
{
    if (run->trace != NULL) {
        trace_about(run->trace, "model", run->request.model);
        trace_about(run->trace, "device", run->place.device.name);
        if (!trace_save(run->trace, run->request.trace)) {
            tool_error("run: %s: cannot be written: %s", run->request.trace, strerror(errno));
            return TOOL_BAD_INPUT;
        }
    }
    return TOOL_DONE;
}

static int report(struct run *run)
{
    const struct run_request *q = &run->request;
    double median = median_of(run->times, q->repeat);
    const struct run_report r = {
        .model_path = q->model, .model = &run->model, .place = &run->place,
        .outputs = run->outputs, .labels = &run->labels, .top = q->top,
        .quiet = q->output_count > 0, .compile_ms = run->compile_ms, .first_ms = run->first_ms,
        .median_ms = median, .least_ms = run->times[0], .repeats = q->repeat
    };

    if (!run_labels_fit(&r)) {
        const cvy_network_port *first = &run->outputs[0].port;
        char shape[SHAPE_TEXT];

        tool_error("run: %s: %zu labels, and no output of %s has as many classes; `%s` is %s %s",
                   q->labels, run->labels.count, q->model, first->name,
                   dtype_text(first->desc.dtype), shape_text(&first->desc, shape));
        return TOOL_BAD_INPUT;
    }
    // The report says which files there are.
    if (save_outputs(run) != TOOL_DONE) {
        return TOOL_BAD_INPUT;
    }
    if (q->json) {
        run_report_json(&r);
    } else {
        run_report_print(&r);
    }
    return save_trace(run);
}

// Nothing is compiled in the background of times that somebody reads.
static cvy_status open_place(struct run *run)
{
    const struct model_place_params params = {
        .device = run->request.device, .profiling = run->trace != NULL,
        .compile = run->trace != NULL || run->request.repeat > 1 ? CVY_COMPILE_LAZY :
                                                                   CVY_COMPILE_DEFAULT };

    return model_place_open(&params, &run->place);
}

static int work(struct run *run)
{
    const struct run_request *q = &run->request;
    double begin = trace_now();
    cvy_status st = model_load(q->model, &run->model);
    int status;

    trace_host(run->trace, "load", begin, trace_now());
    if (st != CVY_OK) {
        return failed(run, st);
    }
    if (q->labels != NULL && !run_labels_load(q->labels, &run->labels)) {
        return TOOL_BAD_INPUT;
    }
    status = find_outputs(run);
    status = status == TOOL_DONE ? load_inputs(run) : status;
    if (status != TOOL_DONE) {
        return status;
    }
    begin = trace_now();
    st = open_place(run);
    trace_host(run->trace, "open device", begin, trace_now());
    if (st != CVY_OK) {
        return tool_not_opened("run", q->device, st);
    }
    st = compile(run);
    st = st == CVY_OK ? write_inputs(run) : st;
    st = st == CVY_OK ? run_all(run) : st;
    st = st == CVY_OK ? read_outputs(run) : st;
    return st == CVY_OK ? report(run) : failed(run, st);
}

static void finish(struct run *run)
{
    for (size_t i = 0; run->inputs != NULL && i < run->model.graph_info.inputs; i++) {
        free(run->inputs[i].data);
    }
    for (size_t i = 0; run->outputs != NULL && i < run->model.info.outputs; i++) {
        free(run->outputs[i].data);
    }
    free(run->inputs);
    free(run->outputs);
    free(run->output_files);
    free(run->times);
    trace_destroy(&run->trace);
    run_labels_free(&run->labels);
    model_close(&run->model);
    model_place_close(&run->place);
}

int cmd_run(int argc, char **argv)
{
    struct run *run = calloc(1, sizeof *run);
    int status;

    if (run == NULL) {
        return tool_failed("run", CVY_ERR_NOMEM_HOST);
    }
    status = run_options_read(argc, argv, &run->request);
    if (status == TOOL_DONE && run->request.trace != NULL) {
        run->trace = trace_create();
    }
    if (status == TOOL_DONE) {
        status = work(run);
    }
    finish(run);
    free(run);
    return status < 0 ? TOOL_DONE : status;
}
