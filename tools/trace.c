// Trace Event Format: a JSON object with a list of spans, times in microseconds.
// The device has a clock of its own: the first job was queued when the host enqueued it.
#include "trace.h"

#include "convoy.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PROCESS = 1, HOST = 1, DEVICE = 2, KERNELS = 3 };

struct trace {
    cJSON *root, *spans, *about;
    double origin;              // of the trace's times, by the host's clock
    bool has_offset;
    double offset;              // host's clock less the device's
};

double trace_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec * 1e-3;
}

// what: "process_name", where the row counts for nothing, or "thread_name".
static void add_name(struct trace *trace, const char *what, int row, const char *name)
{
    cJSON *o = cJSON_CreateObject(), *args;

    cJSON_AddStringToObject(o, "ph", "M");
    cJSON_AddStringToObject(o, "name", what);
    cJSON_AddNumberToObject(o, "pid", PROCESS);
    cJSON_AddNumberToObject(o, "tid", row);
    args = cJSON_AddObjectToObject(o, "args");
    cJSON_AddStringToObject(args, "name", name);
    cJSON_AddItemToArray(trace->spans, o);
}

struct trace *trace_create(void)
{
    struct trace *trace = calloc(1, sizeof *trace);

    if (trace == NULL) {
        return NULL;
    }
    trace->origin = trace_now();
    trace->root = cJSON_CreateObject();
    trace->spans = cJSON_AddArrayToObject(trace->root, "traceEvents");
    trace->about = cJSON_AddObjectToObject(trace->root, "otherData");
    add_name(trace, "process_name", HOST, "convoy run");
    add_name(trace, "thread_name", HOST, "host");
    add_name(trace, "thread_name", DEVICE, "device");
    add_name(trace, "thread_name", KERNELS, "kernels");
    return trace;
}

void trace_destroy(struct trace **trace)
{
    if (*trace != NULL) {
        cJSON_Delete((*trace)->root);
        free(*trace);
        *trace = NULL;
    }
}

static cJSON *add_span(struct trace *trace, int row, const char *name, double begin, double end)
{
    cJSON *o = cJSON_CreateObject();

    cJSON_AddStringToObject(o, "ph", "X");
    cJSON_AddStringToObject(o, "name", name);
    cJSON_AddNumberToObject(o, "pid", PROCESS);
    cJSON_AddNumberToObject(o, "tid", row);
    cJSON_AddNumberToObject(o, "ts", begin - trace->origin);
    cJSON_AddNumberToObject(o, "dur", end - begin);
    cJSON_AddItemToArray(trace->spans, o);
    return o;
}

void trace_host(struct trace *trace, const char *name, double begin, double end)
{
    if (trace != NULL) {
        add_span(trace, HOST, name, begin, end);
    }
}

// Microseconds of the trace.
static double device_time(const struct trace *trace, uint64_t nanoseconds)
{
    return (double)nanoseconds * 1e-3 + trace->offset;
}

static cJSON *add_times(struct trace *trace, int row, const char *name,
                        const cvy_event_times *times)
{
    cJSON *span = add_span(trace, row, name, device_time(trace, times->started),
                           device_time(trace, times->ended));
    cJSON *args = cJSON_AddObjectToObject(span, "args");

    cJSON_AddNumberToObject(args, "queued_us", device_time(trace, times->queued) - trace->origin);
    cJSON_AddNumberToObject(args, "submitted_us",
                            device_time(trace, times->submitted) - trace->origin);
    cJSON_AddNumberToObject(args, "queued_to_started_us",
                            (double)(times->started - times->queued) * 1e-3);
    return args;
}

static void add_launches(struct trace *trace, const cvy_network *network, cvy_event *ev)
{
    cvy_event_launch launch;
    cvy_network_step step;

    for (size_t i = 0; cvy_event_launch_get(ev, i, &launch) == CVY_OK &&
                       cvy_network_step_get(network, launch.step, &step) == CVY_OK; i++) {
        cJSON *args = add_times(trace, KERNELS, step.name, &launch.times);

        cJSON_AddNumberToObject(args, "step", (double)launch.step);
        cJSON_AddStringToObject(args, "kernel", launch.name);
        cJSON_AddStringToObject(args, "algorithm", step.plan.algorithm);
        cJSON_AddStringToObject(args, "spec", step.plan.spec);
    }
}

void trace_job(struct trace *trace, const char *name, double enqueued, const cvy_network *network,
               cvy_event *ev)
{
    cvy_event_times times;

    // The job behind it is complete; some drivers' events say so a little later.
    if (trace != NULL && ev != NULL && cvy_event_wait(ev, -1) == CVY_OK
        && cvy_event_times_get(ev, &times) == CVY_OK) {
        if (!trace->has_offset) {
            trace->offset = enqueued - (double)times.queued * 1e-3;
            trace->has_offset = true;
        }
        add_times(trace, DEVICE, name, &times);
        if (network != NULL) {
            add_launches(trace, network, ev);
        }
    }
    cvy_event_destroy(&ev);
}

void trace_about(struct trace *trace, const char *key, const char *text)
{
    if (trace != NULL) {
        cJSON_AddStringToObject(trace->about, key, text);
    }
}

bool trace_save(const struct trace *trace, const char *path)
{
    char *text = cJSON_Print(trace->root);
    FILE *stream = fopen(path, "w");
    bool good = text != NULL && stream != NULL && fputs(tool_utf8(text), stream) >= 0;

    if (stream != NULL) {
        good = fclose(stream) == 0 && good;
    }
    cJSON_free(text);
    return good;
}
