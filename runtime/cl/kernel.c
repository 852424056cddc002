// One compiled kernel: its free list of cl_kernel objects, its checks against the device, and its
// launch. Which kernels a context has is program.c's.
#include "cl/objects.h"

#include <unistd.h>

#define ARGS_MAX 96

cvy_status kernel_new(const struct instance *instance, struct kernel **out)
{
    const struct kernel_source *source = source_find(instance->file);
    struct text key = { 0 };
    struct kernel *kernel = NULL;
    cvy_status st = CVY_OK;

    *out = NULL;
    if (!source || strlen(source->signature) > ARGS_MAX)
        return fail(CVY_ERR_INTERNAL, "no kernel file %s.cl in this library", instance->file);
    TRY(zalloc(sizeof *kernel, &kernel));
    instance_text(instance, &key);
    TRY(text_status(&key));
    if (pthread_mutex_init(&kernel->lock, NULL))
        TRY(fail(CVY_ERR_NOMEM_HOST, "no mutex"));
    kernel->instance = *instance;
    kernel->key = key.data;
    kernel->hash = hash_text(key.data);
    kernel->source = source;
    kernel->home = getpid();
    *out = kernel;
    return CVY_OK;
out:
    text_free(&key);
    free(kernel);
    return st;
}

static void object_free(struct kernel_object *object)
{
    if (object->handle)
        opencl()->clReleaseKernel(object->handle);
    free(object);
}

static void free_objects(struct kernel *kernel, bool release)
{
    for (size_t i = 0; i < kernel->free_count; i++) {
        kernel->free[i]->handle = release ? kernel->free[i]->handle : NULL;
        object_free(kernel->free[i]);
    }
    kernel->free_count = 0;
}

void kernel_free(struct kernel *kernel, bool release)
{
    if (!kernel)
        return;
    free_objects(kernel, release);
    if (release && kernel->program)
        opencl()->clReleaseProgram(kernel->program);
    pthread_mutex_destroy(&kernel->lock);
    free(kernel->free);
    free(kernel->error);
    free(kernel->key);
    free(kernel);
}

const struct instance *kernel_instance(const struct kernel *kernel)
{
    return &kernel->instance;
}

const char *kernel_signature(const struct kernel *kernel)
{
    return kernel->source->signature;
}

// Free list ---------------------------------------------------------------------------------------

// Steps have objects of their own up to so many for one kernel, beyond they take those of others.
// Making one costs 0.2 us on PoCL and 300 us on rusticl, setting the arguments of a launch 1 to
// 2 us on PoCL.
#define OBJECTS_MAX 64

// The owner's own, else one of nobody, else the one not used for longest if there are many.
static struct kernel_object *pop(struct kernel *kernel, const void *owner)
{
    struct kernel_object *object = NULL;
    size_t at = 0;

    pthread_mutex_lock(&kernel->lock);
    for (size_t i = 0; i < kernel->free_count; i++)
        if (kernel->free[i]->owner == owner || !kernel->free[i]->owner) {
            object = kernel->free[i];
            at = i;
            if (object->owner == owner)
                break;
        }
    if (!object && kernel->free_count >= OBJECTS_MAX)
        object = kernel->free[0];
    if (object) {
        kernel->free_count--;
        memmove(kernel->free + at, kernel->free + at + 1,
                (kernel->free_count - at) * sizeof(struct kernel_object *));
        object->owner = owner;
    }
    pthread_mutex_unlock(&kernel->lock);
    return object;
}

static cvy_status kernel_take(struct kernel *kernel, const void *owner,
                              struct kernel_object **out)
{
    size_t count = strlen(kernel->source->signature);
    struct kernel_object *object = NULL;
    char name[128];
    cl_int code;
    cvy_status st = CVY_OK;

    *out = pop(kernel, owner);
    if (*out)
        return CVY_OK;
    TRY(zalloc(sizeof *object + count * sizeof *object->args, &object));
    source_kernel_name(kernel->source, kernel->hash, name, sizeof name);
    TRY(CREATE(object->handle, clCreateKernel, kernel->program, name));
    object->owner = owner;
    *out = object;
    return CVY_OK;
out:
    free(object);
    return st;
}

static void kernel_give(struct kernel *kernel, struct kernel_object *object)
{
    cvy_status st;

    pthread_mutex_lock(&kernel->lock);
    st = array_reserve(&kernel->free, &kernel->free_cap, kernel->free_count, sizeof object);
    if (st == CVY_OK)
        kernel->free[kernel->free_count++] = object;
    pthread_mutex_unlock(&kernel->lock);
    if (st != CVY_OK)
        object_free(object);
}

void kernel_forget(struct kernel *kernel, const void *owner)
{
    if (kernel->home != getpid())
        return;                     // a forked child, where another thread's lock stays locked
    pthread_mutex_lock(&kernel->lock);
    for (size_t i = 0; i < kernel->free_count; i++)
        if (kernel->free[i]->owner == owner)
            kernel->free[i]->owner = NULL;
    pthread_mutex_unlock(&kernel->lock);
}

// Launch ------------------------------------------------------------------------------------------

static cvy_status check_launch(const struct device *device, const struct kernel *kernel,
                               const size_t groups[3], const struct kernel_arg *args, size_t count)
{
    const char *signature = kernel->source->signature;

    if (count != strlen(signature))
        return fail(CVY_ERR_INTERNAL, "%s takes %zu arguments, not %zu", kernel->key,
                    strlen(signature), count);
    for (size_t i = 0; i < count; i++)
        if (args[i].kind != signature[i])
            return fail(CVY_ERR_INTERNAL, "%s: argument %zu is '%c', not '%c'", kernel->key, i,
                        signature[i], args[i].kind);
    for (int i = 0; i < 3; i++)
        if (!groups[i] || groups[i] > (size_t)device->max_grid)
            return fail(CVY_ERR_INTERNAL, "%s: %zu groups along axis %d", kernel->key, groups[i],
                        i);
    return CVY_OK;
}

static bool has_arg(const struct kernel_object *object, size_t i, const struct kernel_arg *arg,
                    uint64_t released)
{
    const struct kernel_arg *old = &object->args[i];

    if (i >= object->set)
        return false;
    if (arg->kind == 'p')
        return old->value.memory == arg->value.memory && object->released == released;
    return arg->kind == 'l' ? old->value.l == arg->value.l : old->value.i == arg->value.i;
}

// The struct that tools/embed.py makes of a kernel's scalars, those of 64 bits first; its bytes.
static size_t pack_scalars(const struct kernel_arg *args, size_t count, cl_long out[ARGS_MAX])
{
    char *bytes = (char *)out;
    size_t at = 0, wide;

    for (size_t i = 0; i < count; i++)
        if (args[i].kind == 'l')
            out[at++] = args[i].value.l;
    wide = at *= sizeof *out;
    for (size_t i = 0; i < count; i++)
        if (args[i].kind != 'p' && args[i].kind != 'l') {
            memcpy(bytes + at, &args[i].value.i, sizeof(cl_int));
            at += sizeof(cl_int);
        }
    return wide ? (at + sizeof *out - 1) / sizeof *out * sizeof *out : at;
}

static cvy_status set_pointer(const cvy_context *context, cl_kernel kernel, cl_uint index,
                              const struct kernel_arg *arg)
{
    cl_mem memory = arg->value.memory ? arg->value.memory : context->dummy;

    return CALL(clSetKernelArg, kernel, index, sizeof memory, &memory);
}

// Those that the object does not have already: pointers one by one, all scalars together.
static cvy_status set_args(cvy_context *context, struct kernel_object *object,
                           const struct kernel_arg *args, size_t count)
{
    uint64_t released = atomic_load(&context->memory_released);
    cl_long scalars[ARGS_MAX] = { 0 };
    cl_uint pointers = 0;
    bool changed = false;
    cvy_status st = CVY_OK;

    for (size_t i = 0; i < count; i++) {
        bool pointer = args[i].kind == 'p', has = has_arg(object, i, &args[i], released);

        if (pointer && !has)
            TRY(set_pointer(context, object->handle, pointers, &args[i]));
        pointers += pointer;
        changed = changed || (!pointer && !has);
    }
    if (changed)
        TRY(CALL(clSetKernelArg, object->handle, pointers, pack_scalars(args, count, scalars),
                 scalars));
    memcpy(object->args, args, count * sizeof *args);
out:
    object->set = st == CVY_OK ? count : 0;
    object->released = released;
    return st;
}

cvy_status kernel_enqueue(cvy_context *context, cl_command_queue queue, struct kernel *kernel,
                          const void *owner, const size_t groups[3],
                          const struct kernel_arg *args, size_t count, uint32_t wait_count,
                          const cl_event *wait_list, cl_event *event)
{
    const uint32_t *local = kernel->instance.local;
    size_t local_size[3], global_size[3];
    struct kernel_object *object = NULL;
    cvy_status st = CVY_OK;

    TRY(check_launch(&context->device, kernel, groups, args, count));
    for (int i = 0; i < 3; i++) {
        local_size[i] = local[i];
        global_size[i] = groups[i] * local[i];
    }
    TRY(kernel_take(kernel, owner, &object));
    TRY(set_args(context, object, args, count));
    TRY(CALL(clEnqueueNDRangeKernel, queue, object->handle, 3, NULL, global_size, local_size,
             wait_count, wait_list, event));
out:
    if (object)
        kernel_give(kernel, object);
    return st == CVY_OK ? st : fail_prefix(st, "kernel %s", kernel->key);
}

// First launch ------------------------------------------------------------------------------------

cvy_status kernel_check_local(const struct device *device, const struct kernel *kernel)
{
    const uint32_t *local = kernel->instance.local;
    uint64_t items = (uint64_t)local[0] * local[1] * local[2];
    bool fits = items && items <= (uint64_t)device->info.max_work_group;

    for (int i = 0; i < 3; i++)
        fits = fits && local[i] <= (uint64_t)device->info.max_work_item[i];
    if (fits)
        return CVY_OK;
    return fail(CVY_ERR_BUILD, "%s: the device's largest work-group has %lld items", kernel->key,
                (long long)device->info.max_work_group);
}

// Pointers, and one for all scalars.
static size_t argument_count(const char *signature)
{
    size_t pointers = 0;

    for (const char *s = signature; *s; s++)
        pointers += *s == 'p';
    return pointers + (strlen(signature) > pointers);
}

// A compiled kernel may allow less than the device does or want more local memory than it has, and
// a bad compiler may drop arguments.
static cvy_status check_compiled(cvy_context *context, struct kernel *kernel, cl_kernel handle)
{
    const uint32_t *local = kernel->instance.local;
    size_t most = 0, items = (size_t)local[0] * local[1] * local[2];
    cl_ulong memory = 0;
    cl_uint count = 0;
    cvy_status st = CVY_OK;

    TRY(CALL(clGetKernelInfo, handle, CL_KERNEL_NUM_ARGS, sizeof count, &count, NULL));
    TRY(CALL(clGetKernelWorkGroupInfo, handle, context->cl_device, CL_KERNEL_WORK_GROUP_SIZE,
             sizeof most, &most, NULL));
    TRY(CALL(clGetKernelWorkGroupInfo, handle, context->cl_device, CL_KERNEL_LOCAL_MEM_SIZE,
             sizeof memory, &memory, NULL));
    if (count != argument_count(kernel->source->signature))
        return fail(CVY_ERR_BUILD, "%s: %u arguments came out of the compiler, not %zu",
                    kernel->key, count, argument_count(kernel->source->signature));
    if (most < items && !(context->device.quirks & QUIRK_GROUP_UNDERSTATED))
        return fail(CVY_ERR_BUILD, "%s: compiled for work-groups of %zu items at most",
                    kernel->key, most);
    if (memory > (cl_ulong)context->device.local_bytes)
        return fail(CVY_ERR_BUILD, "%s: takes %llu bytes of local memory; the device has %lld",
                    kernel->key, (unsigned long long)memory,
                    (long long)context->device.local_bytes);
out:
    return st;
}

// All integers 0 is "no work" to every kernel.
static cvy_status launch_once(cvy_context *context, struct kernel *kernel)
{
    static const size_t one_group[3] = { 1, 1, 1 };
    const char *signature = kernel->source->signature;
    struct kernel_arg args[ARGS_MAX] = { 0 };
    struct launch launch = { .name = kernel->key };
    struct failure failure = { 0 };
    cl_int state;
    cvy_status st = CVY_OK;

    for (size_t i = 0; signature[i]; i++)
        args[i].kind = signature[i];
    TRY(kernel_enqueue(context, context->warm_queue, kernel, NULL, one_group, args,
                       strlen(signature), 0, NULL, &launch.event));
    TRY(opencl_created(launch.event, CL_SUCCESS, "clEnqueueNDRangeKernel"));
    TRY(CALL(clFlush, context->warm_queue));
    TRY(launch_wait(launch.event));
    TRY(launch_state(launch.event, &state));
    if (state < 0)
        failure = launch_failure(&launch, state);
    st = failure_report(&failure);
out:
    if (launch.event)
        opencl()->clReleaseEvent(launch.event);
    return st;
}

// Nobody else launches the kernel yet; a plan that never did may be destroyed, and look through its
// list.
static cvy_status set_program(struct kernel *kernel, cl_program program)
{
    cvy_status st = CVY_OK;

    TRY(CALL(clRetainProgram, program));
    pthread_mutex_lock(&kernel->lock);
    free_objects(kernel, true);                         // of a try that failed
    pthread_mutex_unlock(&kernel->lock);
    if (kernel->program)
        opencl()->clReleaseProgram(kernel->program);
    kernel->program = program;
out:
    return st;
}

cvy_status kernel_warm(cvy_context *context, struct kernel *kernel, cl_program program)
{
    struct kernel_object *object;
    cvy_status st = CVY_OK;

    TRY(set_program(kernel, program));
    TRY(kernel_take(kernel, NULL, &object));
    st = check_compiled(context, kernel, object->handle);
    kernel_give(kernel, object);
    TRY(st);
    TRY(launch_once(context, kernel));
out:
    return st;
}
