// Jobs: the launches of one enqueue, kept together by the queue's submit lock. Each launch gets the
// job's whole wait list, so that none runs if what the job waits for fails.
#include "cl/objects.h"

// A queue that is never finished looks at two old launches for each new one, from this many on.
#define PENDING_SLACK 64

uint32_t job_wait_count(const struct job *job)
{
    return job->awaited ? (uint32_t)job->awaited->count : 0;
}

const cl_event *job_wait_list(const struct job *job)
{
    return job->awaited ? job->awaited->events : NULL;
}

// Wait lists --------------------------------------------------------------------------------------

// Only what is not complete needs to be waited for.
static cvy_status collect_launch(struct job *job, const struct launch *launch)
{
    cl_int state;
    cvy_status st = CVY_OK;

    TRY(launch_state(launch->event, &state));
    if (state == CL_COMPLETE)
        return CVY_OK;
    if (state < 0)
        return fail_opencl(CVY_ERR_DEPENDENCY, state, "wait: %s has failed: %s (%d)", launch->name,
                           launch_state_name(state), state);
    if (!job->awaited)
        TRY(awaited_new(&job->awaited));
    TRY(awaited_add(job->awaited, launch->event));
out:
    return st;
}

// OpenCL wants another queue flushed before its events are waited for.
static cvy_status collect_event(struct job *job, const cvy_queue *queue, const cvy_event *event)
{
    uint32_t before = job_wait_count(job);
    cvy_status st = CVY_OK;

    for (size_t i = 0; i < event->launches.count; i++)
        TRY(collect_launch(job, &event->launches.items[event->launches.head + i]));
    if (job_wait_count(job) > before && event->cl_queue && event->cl_queue != queue->cl_queue)
        TRY(CALL(clFlush, event->cl_queue));
out:
    return st;
}

static cvy_status check_wait_event(const cvy_queue *queue, const cvy_event *event, size_t index)
{
    if (!event)
        return fail(CVY_ERR_ARGUMENT, "wait: events[%zu] is NULL", index);
    if (!MAGIC_OK(event, MAGIC_EVENT))
        return fail(CVY_ERR_ARGUMENT, "wait: events[%zu] is no live handle of its kind", index);
    if (event->context != queue->context)
        return fail(CVY_ERR_ARGUMENT, "wait: events[%zu] belongs to another context", index);
    return CVY_OK;
}

static cvy_status collect(const cvy_queue *queue, const cvy_wait *wait, const cvy_event *extra,
                          struct job *job)
{
    size_t count = wait ? wait->count : 0;
    cvy_status st = CVY_OK;

    if (count && !wait->events)
        return fail(CVY_ERR_ARGUMENT, "wait: events is NULL and count is %zu", count);
    for (size_t i = 0; i < count; i++)
        TRY(check_wait_event(queue, wait->events[i], i));
    for (size_t i = 0; i < count; i++)
        TRY(collect_event(job, queue, wait->events[i]));
    if (extra)
        TRY(collect_event(job, queue, extra));
out:
    return st;
}

// Begin and end -----------------------------------------------------------------------------------

cvy_status job_begin(cvy_queue *queue, const cvy_wait *wait, cvy_event *extra, bool wants_event,
                     struct job *job)
{
    cvy_status st = CVY_OK;

    memset(job, 0, sizeof *job);
    TRY(queue_check(queue));
    atomic_fetch_add_explicit(&queue->context->jobs, 1, memory_order_relaxed);
    TRY(collect(queue, wait, extra, job));
    if (wants_event)
        TRY(event_new(queue->context, queue->cl_queue, queue->profiling, &job->event));
    job->queue = queue;
    pthread_mutex_lock(&queue->submit);
    job->locked = true;
out:
    return st == CVY_OK ? st : job_end(job, st, NULL);
}

cvy_status job_marker(struct job *job, const char *name)
{
    cl_event event = NULL;
    cvy_status st = CVY_OK;

    TRY(job_room(job));
    TRY(CALL(clEnqueueMarkerWithWaitList, job->queue->cl_queue, job_wait_count(job),
             job_wait_list(job), &event));
    TRY(job_keep(job, event, name));
out:
    return st;
}

cvy_status job_end(struct job *job, cvy_status st, cvy_event **event)
{
    // A job without launches is complete when what it waits for is.
    if (st == CVY_OK && job->event && !job->event->launches.count && job->awaited)
        st = job_marker(job, "an empty job");
    if (job->locked)
        pthread_mutex_unlock(&job->queue->submit);
    if (st == CVY_OK && event) {
        *event = job->event;
        job->event = NULL;
    }
    cvy_event_destroy(&job->event);
    awaited_release(job->awaited, true);
    memset(job, 0, sizeof *job);
    return st;
}

// Launches ----------------------------------------------------------------------------------------

cvy_status job_room(struct job *job)
{
    struct launch_list *pending = &job->queue->pending;
    cvy_status st = CVY_OK;

    if (pending->count >= PENDING_SLACK)
        TRY(queue_prune(job->queue, 2));
    TRY(launch_list_reserve(pending));
    if (job->event)
        TRY(launch_list_reserve(&job->event->launches));
out:
    return st;
}

cvy_status job_keep(struct job *job, cl_event event, const char *name)
{
    const struct launch launch = { event, name, job->awaited, job->step };
    cvy_status st = CVY_OK;

    if (!event)
        return fail(CVY_ERR_INTERNAL, "%s was enqueued and the driver gave no event", name);
    launch_list_push(&job->queue->pending, &launch);
    if (job->event) {
        TRY(CALL(clRetainEvent, event));
        launch_list_push(&job->event->launches, &launch);
    }
out:
    return st;
}

cvy_status job_launch(struct job *job, struct kernel *kernel, const size_t groups[3],
                      const struct kernel_arg *args, size_t count)
{
    cl_event event = NULL;
    cvy_status st = CVY_OK;

    TRY(job_room(job));
    TRY(kernel_enqueue(job->queue->context, job->queue->cl_queue, kernel, job->owner, groups,
                       args, count, job_wait_count(job), job_wait_list(job), &event));
    TRY(job_keep(job, event, kernel->instance.file));
out:
    return st;
}

cvy_status job_copy(struct job *job, const struct region *src, const struct region *dst,
                    size_t bytes)
{
    cl_event event = NULL;
    cvy_status st = CVY_OK;

    if (!bytes)
        return CVY_OK;
    if (src->root == dst->root && src->begin < dst->begin + bytes &&
        dst->begin < src->begin + bytes)
        return fail(CVY_ERR_ALIAS, "copy: source and destination overlap: bytes %zu to %zu and %zu "
                    "to %zu of one memory", src->begin, src->begin + bytes, dst->begin,
                    dst->begin + bytes);
    TRY(job_room(job));
    TRY(CALL(clEnqueueCopyBuffer, job->queue->cl_queue, src->memory, dst->memory, src->offset,
             dst->offset, bytes, job_wait_count(job), job_wait_list(job), &event));
    TRY(job_keep(job, event, "copy"));
out:
    return st;
}

// Workspace ---------------------------------------------------------------------------------------

// Jobs in flight keep the old memory: the driver releases it when the last one is over.
static cvy_status grow_workspace(cvy_queue *queue, size_t bytes)
{
    const struct device *device = &queue->context->device;
    cl_mem grown = NULL;
    cl_int code;
    cvy_status st = CVY_OK;

    if (bytes <= queue->workspace_bytes)
        return CVY_OK;
    if (bytes > INT64_MAX || (int64_t)bytes > device->max_bytes)
        return fail(CVY_ERR_LIMIT, "workspace: %zu bytes, the device's largest buffer has %lld",
                    bytes, (long long)device->max_bytes);
    TRY(CREATE(grown, clCreateBuffer, queue->context->cl_context, CL_MEM_READ_WRITE, bytes, NULL));
    if (queue->workspace)
        context_release_memory(queue->context, queue->workspace);
    queue->workspace = grown;
    queue->workspace_bytes = bytes;
out:
    return st;
}

cvy_status job_workspace(struct job *job, size_t bytes, struct region *out)
{
    cvy_queue *queue = job->queue;
    cvy_status st = CVY_OK;

    TRY(grow_workspace(queue, bytes));
    *out = (struct region) { .memory = queue->workspace, .bytes = queue->workspace_bytes,
                             .root = queue->workspace, .access = CVY_READ_WRITE };
out:
    return st;
}

cvy_status queue_reserve(cvy_queue *queue, size_t bytes)
{
    cvy_status st = CVY_OK;

    TRY(queue_check(queue));
    pthread_mutex_lock(&queue->submit);
    st = grow_workspace(queue, bytes);
    pthread_mutex_unlock(&queue->submit);
out:
    return st;
}
