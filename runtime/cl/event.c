// Events: the completion of all launches of one job. No callbacks are used: drivers do not call
// them when a job fails (ROBUSTNESS.md, fact 2).
#include "cl/objects.h"

#include <time.h>

// Life --------------------------------------------------------------------------------------------

cvy_status event_new(cvy_context *context, cl_command_queue queue, bool profiling, cvy_event **out)
{
    cvy_event *event = NULL;
    cvy_status st = CVY_OK;

    *out = NULL;
    TRY(zalloc(sizeof *event, &event));
    event->magic = MAGIC_EVENT;
    event->refs = 1;
    event->context = context;
    event->profiling = profiling;
    context_retain(context);
    if (queue)
        TRY(CALL(clRetainCommandQueue, queue));
    event->cl_queue = queue;
    *out = event;
    event = NULL;
out:
    cvy_event_destroy(&event);
    return st;
}

void event_retain(cvy_event *event)
{
    atomic_fetch_add(&event->refs, 1);
}

static void free_event(cvy_event *event)
{
    bool here = context_is_here(event->context);

    launch_list_free(&event->launches, here);
    if (here && event->cl_queue)
        opencl()->clReleaseCommandQueue(event->cl_queue);
    context_release(event->context);
    event->magic = MAGIC_DEAD;
    free(event);
}

void cvy_event_destroy(cvy_event **event)
{
    if (!event || !*event || !MAGIC_OK(*event, MAGIC_EVENT))
        return;
    if (atomic_fetch_sub(&(*event)->refs, 1) == 1)
        free_event(*event);
    *event = NULL;
}

static cvy_status check_owner(const cvy_context *context, cl_event user)
{
    cl_context owner = NULL;
    cvy_status st = CALL(clGetEventInfo, user, CL_EVENT_CONTEXT, sizeof owner, &owner, NULL);

    if (st == CVY_OK && owner != context->cl_context)
        st = fail(CVY_ERR_ARGUMENT, "cl_event belongs to another cl_context");
    return st;
}

cvy_status cvy_event_wrap(cvy_context *context, void *cl_event, cvy_event **out)
{
    cvy_event *event = NULL;
    cl_command_queue queue = NULL;
    cvy_status st = CVY_OK;

    CHECK_POINTER(out);
    *out = NULL;
    CHECK_POINTER(cl_event);
    TRY(context_check(context));
    TRY(check_owner(context, cl_event));
    TRY(CALL(clGetEventInfo, cl_event, CL_EVENT_COMMAND_QUEUE, sizeof queue, &queue, NULL));
    TRY(event_new(context, queue, false, &event));
    TRY(launch_list_reserve(&event->launches));
    TRY(CALL(clRetainEvent, cl_event));
    launch_list_push(&event->launches, &(struct launch) { .event = cl_event,
                                                               .name = "the wrapped cl_event" });
    *out = event;
    event = NULL;
out:
    cvy_event_destroy(&event);
    return st;
}

// Waiting -----------------------------------------------------------------------------------------

static const struct launch *launch_at(const cvy_event *event, size_t index)
{
    return &event->launches.items[event->launches.head + index];
}

// Without waiting: the first failure among the launches; TIMEOUT, without a text, if one is not
// over yet.
static cvy_status look(const cvy_event *event)
{
    struct failure first = { 0 };
    cl_int state;
    cvy_status st = CVY_OK;

    for (size_t i = 0; i < event->launches.count; i++) {
        const struct launch *launch = launch_at(event, i);
        TRY(launch_state(launch->event, &state));
        if (state > CL_COMPLETE)
            return CVY_ERR_TIMEOUT;
        if (state < 0 && first.status == CVY_OK)
            first = launch_failure(launch, state);
    }
    st = failure_report(&first);
out:
    return st;
}

static cvy_status flush_queue_of(const cvy_event *event)
{
    return event->cl_queue ? CALL(clFlush, event->cl_queue) : CVY_OK;
}

// The last launch is over last, so that one wait does unless the driver is of another mind.
static cvy_status wait_for_ever(const cvy_event *event)
{
    cvy_status st = CVY_ERR_TIMEOUT;

    for (size_t i = event->launches.count; i-- > 0 && st == CVY_ERR_TIMEOUT;) {
        TRY(launch_wait(launch_at(event, i)->event));
        st = look(event);
    }
out:
    return st;
}

static cvy_status wait_until(const cvy_event *event, double deadline)
{
    struct timespec pause = { .tv_nsec = 10000 };
    cvy_status st;

    while ((st = look(event)) == CVY_ERR_TIMEOUT && clock_seconds() < deadline) {
        nanosleep(&pause, NULL);
        pause.tv_nsec = MIN(pause.tv_nsec * 2, 1000000);
    }
    return st == CVY_ERR_TIMEOUT ? fail(st, "the job is not complete yet") : st;
}

static cvy_status event_check(const cvy_event *event)
{
    CHECK_HANDLE(event, MAGIC_EVENT);
    return context_check(event->context);
}

cvy_status cvy_event_wait(cvy_event *event, int64_t timeout_ns)
{
    cvy_status st = CVY_OK;

    TRY(event_check(event));
    TRY(callback_check("cvy_event_wait"));
    st = look(event);
    if (st != CVY_ERR_TIMEOUT)
        return st;
    TRY(flush_queue_of(event));
    if (timeout_ns < 0)
        st = wait_for_ever(event);
    else
        st = wait_until(event, clock_seconds() + 1e-9 * (double)timeout_ns);
out:
    return st;
}

// Facts -------------------------------------------------------------------------------------------

static cvy_status read_time(cl_event event, cl_profiling_info what, uint64_t *out)
{
    cl_ulong time = 0;
    cvy_status st = CALL(clGetEventProfilingInfo, event, what, sizeof time, &time, NULL);

    *out = time;
    return st;
}

// Of launches in order, from the first's begin to the last's end.
static cvy_status read_times(cl_event first, cl_event last, cvy_event_times *out)
{
    cvy_status st = CVY_OK;

    TRY(read_time(first, CL_PROFILING_COMMAND_QUEUED, &out->queued));
    TRY(read_time(first, CL_PROFILING_COMMAND_SUBMIT, &out->submitted));
    TRY(read_time(first, CL_PROFILING_COMMAND_START, &out->started));
    TRY(read_time(last, CL_PROFILING_COMMAND_END, &out->ended));
out:
    return st;
}

static cvy_status times_check(const cvy_event *event)
{
    cvy_status st = event_check(event);

    return st != CVY_OK || event->profiling
        ? st : fail(CVY_ERR_STATE, "the event's queue was not created with profiling");
}

cvy_status cvy_event_times_get(cvy_event *event, cvy_event_times *out)
{
    cvy_event_times times = { 0 };
    cvy_status st = CVY_OK;

    CHECK_POINTER(out);
    TRY(times_check(event));
    st = look(event);
    if (st == CVY_ERR_TIMEOUT)
        return fail(CVY_ERR_STATE, "the job is not complete");
    if (st == CVY_OK && event->launches.count)
        st = read_times(launch_at(event, 0)->event,
                        launch_at(event, event->launches.count - 1)->event, &times);
    if (st == CVY_OK)
        *out = times;
out:
    return st;
}

cvy_status cvy_event_launch_get(cvy_event *event, size_t i, cvy_event_launch *out)
{
    const struct launch *launch;
    cvy_event_times times;
    struct failure failure;
    cl_int state;
    cvy_status st = CVY_OK;

    CHECK_POINTER(out);
    TRY(times_check(event));
    if (i >= event->launches.count)
        return fail(CVY_ERR_ARGUMENT, "i is %zu; the job has %zu launches", i,
                    event->launches.count);
    launch = launch_at(event, i);
    TRY(launch_state(launch->event, &state));
    if (state > CL_COMPLETE)
        return fail(CVY_ERR_STATE, "launch %zu of the job is not complete", i);
    if (state < 0) {
        failure = launch_failure(launch, state);
        return failure_report(&failure);
    }
    TRY(read_times(launch->event, launch->event, &times));
    *out = (cvy_event_launch) { launch->name, launch->step, times };
out:
    return st;
}

void *cvy_event_cl_event(const cvy_event *event)
{
    if (!event || !MAGIC_OK(event, MAGIC_EVENT) || !event->launches.count)
        return NULL;
    return launch_at(event, event->launches.count - 1)->event;
}
