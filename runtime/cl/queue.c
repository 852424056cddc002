// Queues: creation, flush, finish, and the launches that finish has to answer for. Jobs are
// job.c's, moving bytes is transfer.c's.
#include "cl/objects.h"

// The context's list of its queues, which tells when it is at rest.
static void enlist(cvy_queue *queue)
{
    cvy_context *context = queue->context;

    pthread_mutex_lock(&context->queues_lock);
    queue->next = context->queues;
    context->queues = queue;
    pthread_mutex_unlock(&context->queues_lock);
}

static void strike_off(cvy_queue *queue)
{
    cvy_context *context = queue->context;
    cvy_queue **at = &context->queues;

    pthread_mutex_lock(&context->queues_lock);
    while (*at && *at != queue)
        at = &(*at)->next;
    if (*at)
        *at = queue->next;
    pthread_mutex_unlock(&context->queues_lock);
}

static bool is_busy(cvy_queue *queue)
{
    bool busy = true;

    if (pthread_mutex_trylock(&queue->submit))
        return busy;
    busy = queue_prune(queue, UINT64_MAX) == CVY_OK && queue->pending.count;
    pthread_mutex_unlock(&queue->submit);
    return busy;
}

bool context_is_busy(cvy_context *context)
{
    bool busy = false;

    pthread_mutex_lock(&context->queues_lock);
    for (cvy_queue *queue = context->queues; queue && !busy; queue = queue->next)
        busy = is_busy(queue);
    pthread_mutex_unlock(&context->queues_lock);
    return busy;
}

static void free_queue(cvy_queue *queue)
{
    bool here = context_is_here(queue->context);

    if (here)                       // in a forked child another thread's lock is never released
        strike_off(queue);
    launch_list_free(&queue->pending, here);
    if (here && queue->workspace)
        context_release_memory(queue->context, queue->workspace);
    if (here && queue->cl_queue) {
        opencl()->clFlush(queue->cl_queue);     // work in flight completes by itself
        opencl()->clReleaseCommandQueue(queue->cl_queue);
    }
    pthread_mutex_destroy(&queue->submit);
    context_release(queue->context);
    queue->magic = MAGIC_DEAD;
    free(queue);
}

void cvy_queue_destroy(cvy_queue **queue)
{
    if (!queue || !*queue || !MAGIC_OK(*queue, MAGIC_QUEUE))
        return;
    if (atomic_fetch_sub(&(*queue)->refs, 1) == 1)
        free_queue(*queue);
    *queue = NULL;
}

// Creation ----------------------------------------------------------------------------------------

static cvy_status own_queue(cvy_queue *queue, bool profiling)
{
    cl_command_queue_properties properties = profiling ? CL_QUEUE_PROFILING_ENABLE : 0;
    cl_int code;

    queue->profiling = profiling;
    return CREATE(queue->cl_queue, clCreateCommandQueue, queue->context->cl_context,
                  queue->context->cl_device, properties);
}

#define QUEUE_INFO(queue, what, out) \
    CALL(clGetCommandQueueInfo, queue, what, sizeof *(out), out, NULL)

static cvy_status wrap_queue(cvy_queue *queue, const cvy_queue_params *params)
{
    cl_command_queue user = params->cl_queue;
    cl_command_queue_properties properties = 0;
    cl_context context = NULL;
    cl_device_id device = NULL;
    cvy_status st = CVY_OK;

    TRY(QUEUE_INFO(user, CL_QUEUE_CONTEXT, &context));
    TRY(QUEUE_INFO(user, CL_QUEUE_DEVICE, &device));
    TRY(QUEUE_INFO(user, CL_QUEUE_PROPERTIES, &properties));
    if (context != queue->context->cl_context)
        return fail(CVY_ERR_ARGUMENT, "cl_queue belongs to another cl_context");
    if (device != queue->context->cl_device)
        return fail(CVY_ERR_ARGUMENT, "cl_queue belongs to another device");
    if (properties & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE)
        return fail(CVY_ERR_UNSUPPORTED, "cl_queue is out-of-order, an in-order one is needed");
    queue->profiling = properties & CL_QUEUE_PROFILING_ENABLE;
    if (params->profiling && !queue->profiling)
        return fail(CVY_ERR_ARGUMENT, "profiling is set and cl_queue was created without");
    TRY(CALL(clRetainCommandQueue, user));
    queue->cl_queue = user;
out:
    return st;
}

cvy_status cvy_queue_create(cvy_context *context, const cvy_queue_params *params, cvy_queue **out)
{
    static const cvy_queue_params defaults = { 0 };
    cvy_queue *queue = NULL;
    cvy_status st = CVY_OK;

    CHECK_POINTER(out);
    *out = NULL;
    if (!params)
        params = &defaults;
    TRY(context_check(context));
    TRY(zalloc(sizeof *queue, &queue));
    if (pthread_mutex_init(&queue->submit, NULL)) {
        free(queue);
        return fail(CVY_ERR_NOMEM_HOST, "no mutex");
    }
    queue->magic = MAGIC_QUEUE;
    queue->refs = 1;
    queue->context = context;
    context_retain(context);
    TRY(params->cl_queue ? wrap_queue(queue, params) : own_queue(queue, params->profiling));
    enlist(queue);
    *out = queue;
    queue = NULL;
out:
    cvy_queue_destroy(&queue);
    return st;
}

cvy_context *queue_context(const cvy_queue *queue)
{
    return queue->context;
}

cvy_status queue_check(const cvy_queue *queue)
{
    CHECK_HANDLE(queue, MAGIC_QUEUE);
    return context_check(queue->context);
}

void *cvy_queue_cl_queue(const cvy_queue *queue)
{
    return queue_check(queue) == CVY_OK ? queue->cl_queue : NULL;
}

// Finish ------------------------------------------------------------------------------------------

cvy_status queue_prune(cvy_queue *queue, uint64_t most)
{
    struct launch_list *list = &queue->pending;
    cl_int state;
    cvy_status st = CVY_OK;

    for (; most && list->count; most--) {
        struct launch *oldest = &list->items[list->head];
        TRY(launch_state(oldest->event, &state));
        if (state > CL_COMPLETE)
            break;
        if (state < 0 && queue->failure.status == CVY_OK)
            queue->failure = launch_failure(oldest, state);
        launch_list_pop(list);
        queue->popped++;
    }
out:
    return st;
}

// Looks at every launch up to number `last`, all of them complete; takes out the first failure.
static cvy_status settle(cvy_queue *queue, uint64_t last)
{
    struct failure failure = { 0 };
    cvy_status st = CVY_OK;

    pthread_mutex_lock(&queue->submit);
    if (last > queue->popped)
        st = queue_prune(queue, last - queue->popped);
    if (st == CVY_OK) {
        failure = queue->failure;
        queue->failure = (struct failure) { 0 };
    }
    pthread_mutex_unlock(&queue->submit);
    return st == CVY_OK ? failure_report(&failure) : st;
}

cvy_status cvy_queue_finish(cvy_queue *queue)
{
    uint64_t last;
    cvy_status st = CVY_OK;

    TRY(queue_check(queue));
    TRY(callback_check("cvy_queue_finish"));
    pthread_mutex_lock(&queue->submit);
    last = queue->popped + queue->pending.count;
    pthread_mutex_unlock(&queue->submit);
    TRY(CALL(clFinish, queue->cl_queue));
    st = settle(queue, last);       // clFinish succeeds although a job has failed
out:
    return st;
}

cvy_status cvy_queue_flush(cvy_queue *queue)
{
    cvy_status st = queue_check(queue);

    return st == CVY_OK ? CALL(clFlush, queue->cl_queue) : st;
}
