// Contexts: opening a device, what belongs to it, logging, and the user's callbacks.
#include "cl/device.h"
#include "cl/objects.h"

#include <stdio.h>
#include <unistd.h>

// Enough for a kernel that reads its first elements before it looks whether there is work.
#define DUMMY_BYTES 4096

// How many of the user's callbacks this thread is inside. Waiting there is refused: the callback
// may run in the middle of work that the wait would be for.
static _Thread_local int callback_depth;

cvy_status callback_check(const char *call)
{
    if (!callback_depth)
        return CVY_OK;
    return fail(CVY_ERR_STATE, "%s waits, and cannot be called inside a callback", call);
}

static cvy_status check_params(const cvy_context_params *params)
{
    if ((int)params->compile < 0 || params->compile > CVY_COMPILE_LAZY)
        return fail(CVY_ERR_ARGUMENT, "compile is %d, no policy", (int)params->compile);
    if (params->cl_device && !params->cl_context)
        return fail(CVY_ERR_ARGUMENT, "cl_device is set and cl_context is NULL");
    if (params->cl_context && params->device && *params->device)
        return fail(CVY_ERR_ARGUMENT, "device and cl_context are both set");
    return CVY_OK;
}

// User's context ----------------------------------------------------------------------------------

// Which of a user's context's devices: the one named, or the only one.
static cvy_status choose_device(const cl_device_id *ids, size_t count, cl_device_id wanted,
                                cl_device_id *out)
{
    if (!wanted && count != 1)
        return fail(CVY_ERR_ARGUMENT, "cl_context has %zu devices: choose one by cl_device", count);
    if (!wanted)
        wanted = ids[0];
    for (size_t i = 0; i < count; i++)
        if (ids[i] == wanted) {
            *out = wanted;
            return CVY_OK;
        }
    return fail(CVY_ERR_ARGUMENT, "cl_device is not a device of cl_context");
}

static cvy_status find_in_context(cl_context user, cl_device_id wanted, cl_device_id *out)
{
    cl_device_id *ids = NULL;
    size_t bytes = 0;
    cvy_status st = CVY_OK;

    TRY(CALL(clGetContextInfo, user, CL_CONTEXT_DEVICES, 0, NULL, &bytes));
    TRY(zalloc(bytes, &ids));
    TRY(CALL(clGetContextInfo, user, CL_CONTEXT_DEVICES, bytes, ids, NULL));
    TRY(choose_device(ids, bytes / sizeof *ids, wanted, out));
out:
    free(ids);
    return st;
}

static cvy_status adopt_context(cvy_context *context, const cvy_context_params *params)
{
    struct found_device found;
    cl_device_id id = NULL;
    cvy_status st = CVY_OK;

    TRY(opencl_load());
    TRY(find_in_context(params->cl_context, params->cl_device, &id));
    TRY(device_of_id(id, &found));
    TRY(CALL(clRetainContext, params->cl_context));
    context->cl_context = params->cl_context;
    TRY(CALL(clRetainDevice, id));
    context->cl_device = id;
    context->device = found.device;
out:
    return st;
}

// Own context -------------------------------------------------------------------------------------

static cvy_status own_context(cvy_context *context, const char *selector)
{
    struct found_device found;
    cl_context_properties properties[3] = { CL_CONTEXT_PLATFORM };
    cl_int code;
    cvy_status st = CVY_OK;

    TRY(device_pick(selector, &found));
    properties[1] = (cl_context_properties)found.platform;
    TRY(CREATE(context->cl_context, clCreateContext, properties, 1, &found.id, NULL, NULL));
    TRY(CALL(clRetainDevice, found.id));
    context->cl_device = found.id;
    context->device = found.device;
out:
    return st;
}

static cvy_status open_parts(cvy_context *context)
{
    cl_int code;
    cvy_status st = CVY_OK;

    TRY(CREATE(context->dummy, clCreateBuffer, context->cl_context, CL_MEM_READ_WRITE, DUMMY_BYTES,
               NULL));
    TRY(CREATE(context->warm_queue, clCreateCommandQueue, context->cl_context, context->cl_device,
               0));
    TRY(kernel_table_new(&context->kernels));
out:
    return st;
}

void context_attach(cvy_context *context, void *object, void (*free)(void *))
{
    context->attached = object;
    context->attached_free = free;
}

void *context_attached(const cvy_context *context)
{
    return context->attached;
}

void context_release_memory(cvy_context *context, cl_mem memory)
{
    atomic_fetch_add(&context->memory_released, 1);
    opencl()->clReleaseMemObject(memory);
}

void context_close(cvy_context *context)
{
    bool here = context_is_here(context);

    if (!here && context->worker)
        return;         // a forked child: the worker may have been in the middle of any change
    if (context->attached)
        context->attached_free(context->attached);
    kernel_table_free(context->kernels, here);
    if (here && context->warm_queue)
        opencl()->clReleaseCommandQueue(context->warm_queue);
    if (here && context->dummy)
        context_release_memory(context, context->dummy);
    if (here && context->cl_device)
        opencl()->clReleaseDevice(context->cl_device);
    if (here && context->cl_context)
        opencl()->clReleaseContext(context->cl_context);
    guards_free(context->guards);
    cache_free(context->cache);
    pthread_mutex_destroy(&context->queues_lock);
    context->magic = MAGIC_DEAD;
    free(context);
}

static void log_device(const cvy_context *context)
{
    const cvy_device_info *info = &context->device.info;

    context_log(context, CVY_LOG_INFO, "device %d:%d %s (%s, driver %s), class %s, quirks: %s",
                info->platform, info->device, info->name, info->platform_name, info->driver,
                info->device_class, info->quirks[0] ? info->quirks : "none");
}

// In the background a family is built for the first kernel that is needed of it, where that is
// quick. Where building makes all the code (Intel's CPU runtime: 11 s for a family, 0.4 s for a
// kernel), each kernel is built alone.
static bool builds_families(cvy_compile_policy policy, uint32_t quirks)
{
    return policy == CVY_COMPILE_EAGER
        || (policy != CVY_COMPILE_LAZY && quirks & QUIRK_CODE_AT_LAUNCH);
}

cvy_status context_open(const cvy_context_params *params, cvy_context **out)
{
    static const cvy_context_params defaults = { 0 };
    cvy_context *context = NULL;
    cvy_status st = CVY_OK;

    CHECK_POINTER(out);
    *out = NULL;
    if (!params)
        params = &defaults;
    TRY(check_params(params));
    TRY(zalloc(sizeof *context, &context));
    if (pthread_mutex_init(&context->queues_lock, NULL)) {
        free(context);
        return fail(CVY_ERR_NOMEM_HOST, "no mutex");
    }
    context->magic = MAGIC_CONTEXT;
    context->refs = 1;
    context->pid = getpid();
    context->log = params->log;
    context->log_user = params->log_user;
    context->progress = params->progress;
    context->progress_user = params->progress_user;
    context->keeps = !params->cache.off;
    TRY(cache_new(&params->cache, &context->cache));
    TRY(params->cl_context ? adopt_context(context, params) : own_context(context, params->device));
    TRY(open_parts(context));
    context->builds_families = builds_families(params->compile, context->device.quirks);
    log_device(context);
    guards_collect(context);
    *out = context;
    context = NULL;
out:
    context_release(context);
    return st;
}

void context_work_behind(cvy_context *context, bool compiles)
{
    bool stores = context->keeps && !(context->device.quirks & QUIRK_CACHES_CODE);

    if ((!compiles && !stores) || worker_start(context, compiles) == CVY_OK)
        return;
    context_log(context, CVY_LOG_WARNING, "nothing is compiled ahead or stored: %s",
                cvy_error_text());
    context->builds_families = context->builds_families && !compiles;
}

bool context_compiles_behind(const cvy_context *context)
{
    return context->worker && worker_compiles(context->worker);
}

void context_retain(cvy_context *context)
{
    atomic_fetch_add(&context->refs, 1);
}

void context_release(cvy_context *context)
{
    if (!context || atomic_fetch_sub(&context->refs, 1) != 1)
        return;
    if (worker_stop(context))
        context_close(context);
}

void cvy_context_destroy(cvy_context **context)
{
    if (!context || !*context || !MAGIC_OK(*context, MAGIC_CONTEXT))
        return;
    context_release(*context);
    *context = NULL;
}

// What a context knows ----------------------------------------------------------------------------

const struct device *context_device(const cvy_context *context)
{
    return &context->device;
}

void *context_dummy(cvy_context *context)
{
    return context->dummy;
}

bool context_is_here(const cvy_context *context)
{
    return context->pid == getpid();
}

cvy_status context_check(const cvy_context *context)
{
    CHECK_HANDLE(context, MAGIC_CONTEXT);
    if (!context_is_here(context))
        return fail(CVY_ERR_FORKED, "the context was opened in process %d; after fork() only that "
                    "process can use it", (int)context->pid);
    return CVY_OK;
}

cvy_status cvy_context_device_info(const cvy_context *context, cvy_device_info *out)
{
    cvy_status st = context_check(context);

    if (st != CVY_OK)
        return st;
    CHECK_POINTER(out);
    *out = context->device.info;
    return CVY_OK;
}

void *cvy_context_cl_context(const cvy_context *context)
{
    return context_check(context) == CVY_OK ? context->cl_context : NULL;
}

void *cvy_context_cl_device(const cvy_context *context)
{
    return context_check(context) == CVY_OK ? context->cl_device : NULL;
}

// Callbacks ---------------------------------------------------------------------------------------

void context_log(const cvy_context *context, cvy_log_level level, const char *format, ...)
{
    char line[1024];
    va_list args;

    if (!context->log)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    for (char *at = line; *at; at++)
        if (*at == '\n' || *at == '\r')
            *at = ' ';
    callback_depth++;
    context->log(context->log_user, level, line);
    callback_depth--;
}

bool context_progress(const cvy_context *context, size_t done, size_t total, const char *name,
                      double seconds)
{
    bool go_on;

    if (!context->progress)
        return true;
    callback_depth++;
    go_on = context->progress(context->progress_user, done, total, name, seconds);
    callback_depth--;
    return go_on;
}
