// Launches: the cl_events that events and queues keep, what a launch waits for, and what became of
// it.
#include "cl/objects.h"

// What a job waits for ----------------------------------------------------------------------------

cvy_status awaited_new(struct awaited **out)
{
    cvy_status st = zalloc(sizeof **out, out);

    if (st == CVY_OK)
        (*out)->refs = 1;
    return st;
}

cvy_status awaited_add(struct awaited *awaited, cl_event event)
{
    cvy_status st = CVY_OK;

    TRY(array_reserve(&awaited->events, &awaited->cap, awaited->count, sizeof event));
    TRY(CALL(clRetainEvent, event));
    awaited->events[awaited->count++] = event;
out:
    return st;
}

void awaited_release(struct awaited *awaited, bool release)
{
    if (!awaited || atomic_fetch_sub(&awaited->refs, 1) != 1)
        return;
    for (size_t i = 0; release && i < awaited->count; i++)
        opencl()->clReleaseEvent(awaited->events[i]);
    free(awaited->events);
    free(awaited);
}

// Lists -------------------------------------------------------------------------------------------

cvy_status launch_list_reserve(struct launch_list *list)
{
    if (list->head + list->count == list->cap && list->head > list->count) {
        memmove(list->items, list->items + list->head, list->count * sizeof *list->items);
        list->head = 0;
    }
    return array_reserve(&list->items, &list->cap, list->head + list->count, sizeof *list->items);
}

void launch_list_push(struct launch_list *list, const struct launch *launch)
{
    list->items[list->head + list->count++] = *launch;
    if (launch->awaited)
        atomic_fetch_add(&launch->awaited->refs, 1);
}

static void free_launch(struct launch *launch, bool release)
{
    if (release)
        opencl()->clReleaseEvent(launch->event);
    awaited_release(launch->awaited, release);
}

void launch_list_pop(struct launch_list *list)
{
    free_launch(&list->items[list->head], true);
    list->head++;
    list->count--;
}

void launch_list_free(struct launch_list *list, bool release)
{
    for (size_t i = 0; i < list->count; i++)
        free_launch(&list->items[list->head + i], release);
    free(list->items);
    memset(list, 0, sizeof *list);
}

// What became of them -----------------------------------------------------------------------------

cvy_status launch_state(cl_event event, cl_int *out)
{
    *out = CL_QUEUED;
    return CALL(clGetEventInfo, event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof *out, out, NULL);
}

// PoCL marks each job that could not run because of another with a plain -1.
#define POCL_FAILED (-1)

// Drivers disagree on the state of a job that did not run because what it waits for failed: PoCL
// says -1, rusticl repeats the other job's code, the standard has -14. So look at the other job.
// 0 if none has failed.
static cl_int awaited_failure(const struct awaited *awaited)
{
    cl_int state;

    for (size_t i = 0; awaited && i < awaited->count; i++)
        if (launch_state(awaited->events[i], &state) == CVY_OK && state < 0)
            return state;
    return 0;
}

const char *launch_state_name(cl_int state)
{
    return state == POCL_FAILED ? "no reason given" : opencl_code_name(state);
}

struct failure launch_failure(const struct launch *launch, cl_int state)
{
    cl_int cause = awaited_failure(launch->awaited);
    bool dependency = state == POCL_FAILED || cause;
    cvy_status status = dependency ? CVY_ERR_DEPENDENCY : opencl_status(state);

    return (struct failure) { status, state, launch->name, cause };
}

cvy_status failure_report(const struct failure *failure)
{
    cl_int cause = failure->cause ? failure->cause : failure->code;

    if (failure->status == CVY_OK)
        return CVY_OK;
    if (failure->status == CVY_ERR_DEPENDENCY)
        return fail_opencl(failure->status, failure->code, "%s did not run: a job before it "
                           "failed: %s (%d)", failure->name, launch_state_name(cause), cause);
    return fail_opencl(failure->status, failure->code, "%s did not complete: %s (%d)",
                       failure->name, opencl_code_name(failure->code), failure->code);
}

cvy_status launch_wait(cl_event event)
{
    cl_int code = opencl()->clWaitForEvents(1, &event), state;

    // The wait's own code says no more than that something failed; the event's state says what.
    if (code == CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST)
        return CVY_OK;
    if (code != CL_SUCCESS && launch_state(event, &state) == CVY_OK && state < 0)
        return CVY_OK;
    return opencl_check(code, "clWaitForEvents");
}
