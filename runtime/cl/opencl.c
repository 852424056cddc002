// Opens the OpenCL loader at first use and gives the driver's codes a meaning.
#include "cl/opencl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

// The one process-wide table. `lock` guards the opening and opener; readers take `current` alone.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct opencl loaded;
static pid_t opener;
static _Atomic(const struct opencl *) current;

static cvy_status bind_all(void *library, struct opencl *table)
{
#define X(name)                                                                             \
    {                                                                                       \
        void *symbol = dlsym(library, #name);                                               \
        if (!symbol)                                                                        \
            return fail(CVY_ERR_NO_DEVICE, "the OpenCL loader is older than 1.2: no " #name); \
        memcpy(&table->name, &symbol, sizeof symbol);                                       \
    }
    CL_FUNCS(X)
#undef X
    return CVY_OK;
}

static cvy_status open_library(void **out)
{
    static const char *const names[] = { "libOpenCL.so.1", "libOpenCL.so" };
    const char *why;

    *out = NULL;
    for (size_t i = 0; i < COUNT_OF(names) && !*out; i++)
        *out = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (*out)
        return CVY_OK;
    why = dlerror();
    return fail(CVY_ERR_NO_DEVICE, "no OpenCL loader (%s); install libOpenCL.so.1, such as "
                "ocl-icd, and a driver", why ? why : "dlopen failed");
}

// What the process already has comes first: a program's own OpenCL, or a tool such as oclgrind that
// was loaded before everything else. Two loaders side by side would not know each other's objects.
static cvy_status find_table(struct opencl *table)
{
    void *library = NULL;
    cvy_status st;

    if (dlsym(RTLD_DEFAULT, "clGetPlatformIDs") && bind_all(RTLD_DEFAULT, table) == CVY_OK)
        return CVY_OK;
    st = open_library(&library);
    return st == CVY_OK ? bind_all(library, table) : st;
}

static cvy_status load_locked(void)
{
    cvy_status st = find_table(&loaded);

    if (st == CVY_OK) {
        opener = getpid();
        atomic_store(&current, &loaded);
    }
    return st;
}

cvy_status opencl_load(void)
{
    cvy_status st = CVY_OK;

    if (!atomic_load(&current)) {
        pthread_mutex_lock(&lock);
        if (!atomic_load(&current))
            st = load_locked();
        pthread_mutex_unlock(&lock);
    }
    if (st == CVY_OK && opener != getpid())
        st = fail(CVY_ERR_FORKED, "called in a child of the process that opened OpenCL; only that "
                  "process can use it");
    return st;
}

const struct opencl *opencl(void)
{
    return atomic_load_explicit(&current, memory_order_acquire);
}

const struct opencl *opencl_swap(const struct opencl *table)
{
    return atomic_exchange(&current, table);
}

// Codes -------------------------------------------------------------------------------------------

// OUT_OF_RESOURCES is also what drivers say when a kernel asks for more registers than there are;
// to a caller both mean "smaller, or elsewhere". -9999 is NVIDIA's for an illegal access, after
// which the context is of no use.
#define NVIDIA_LOST (-9999)
#define PLATFORM_NOT_FOUND (-1001)
static const struct {
    cl_int code;
    cvy_status status;
    const char *name;
} codes[] = {
    { CL_SUCCESS, CVY_OK, "CL_SUCCESS" },
    { CL_DEVICE_NOT_FOUND, CVY_ERR_NO_DEVICE, "CL_DEVICE_NOT_FOUND" },
    { CL_DEVICE_NOT_AVAILABLE, CVY_ERR_DEVICE_LOST, "CL_DEVICE_NOT_AVAILABLE" },
    { CL_COMPILER_NOT_AVAILABLE, CVY_ERR_BUILD, "CL_COMPILER_NOT_AVAILABLE" },
    { CL_MEM_OBJECT_ALLOCATION_FAILURE, CVY_ERR_NOMEM_DEVICE, "CL_MEM_OBJECT_ALLOCATION_FAILURE" },
    { CL_OUT_OF_RESOURCES, CVY_ERR_NOMEM_DEVICE, "CL_OUT_OF_RESOURCES" },
    { CL_OUT_OF_HOST_MEMORY, CVY_ERR_NOMEM_HOST, "CL_OUT_OF_HOST_MEMORY" },
    { CL_PROFILING_INFO_NOT_AVAILABLE, CVY_ERR_STATE, "CL_PROFILING_INFO_NOT_AVAILABLE" },
    { CL_MEM_COPY_OVERLAP, CVY_ERR_ALIAS, "CL_MEM_COPY_OVERLAP" },
    { CL_BUILD_PROGRAM_FAILURE, CVY_ERR_BUILD, "CL_BUILD_PROGRAM_FAILURE" },
    { CL_MAP_FAILURE, CVY_ERR_NOMEM_HOST, "CL_MAP_FAILURE" },
    { CL_MISALIGNED_SUB_BUFFER_OFFSET, CVY_ERR_ALIGN, "CL_MISALIGNED_SUB_BUFFER_OFFSET" },
    { CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, CVY_ERR_DEPENDENCY,
      "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST" },
    { CL_COMPILE_PROGRAM_FAILURE, CVY_ERR_BUILD, "CL_COMPILE_PROGRAM_FAILURE" },
    { CL_LINKER_NOT_AVAILABLE, CVY_ERR_BUILD, "CL_LINKER_NOT_AVAILABLE" },
    { CL_LINK_PROGRAM_FAILURE, CVY_ERR_BUILD, "CL_LINK_PROGRAM_FAILURE" },
    { CL_INVALID_VALUE, CVY_ERR_INTERNAL, "CL_INVALID_VALUE" },
    { CL_INVALID_DEVICE, CVY_ERR_ARGUMENT, "CL_INVALID_DEVICE" },
    { CL_INVALID_CONTEXT, CVY_ERR_DEVICE_LOST, "CL_INVALID_CONTEXT" },
    { CL_INVALID_QUEUE_PROPERTIES, CVY_ERR_UNSUPPORTED, "CL_INVALID_QUEUE_PROPERTIES" },
    { CL_INVALID_COMMAND_QUEUE, CVY_ERR_DEVICE_LOST, "CL_INVALID_COMMAND_QUEUE" },
    { CL_INVALID_HOST_PTR, CVY_ERR_ARGUMENT, "CL_INVALID_HOST_PTR" },
    { CL_INVALID_MEM_OBJECT, CVY_ERR_ARGUMENT, "CL_INVALID_MEM_OBJECT" },
    { CL_INVALID_BINARY, CVY_ERR_BUILD, "CL_INVALID_BINARY" },
    { CL_INVALID_BUILD_OPTIONS, CVY_ERR_BUILD, "CL_INVALID_BUILD_OPTIONS" },
    { CL_INVALID_PROGRAM, CVY_ERR_BUILD, "CL_INVALID_PROGRAM" },
    { CL_INVALID_PROGRAM_EXECUTABLE, CVY_ERR_BUILD, "CL_INVALID_PROGRAM_EXECUTABLE" },
    { CL_INVALID_KERNEL_NAME, CVY_ERR_BUILD, "CL_INVALID_KERNEL_NAME" },
    { CL_INVALID_KERNEL_DEFINITION, CVY_ERR_BUILD, "CL_INVALID_KERNEL_DEFINITION" },
    { CL_INVALID_KERNEL, CVY_ERR_INTERNAL, "CL_INVALID_KERNEL" },
    { CL_INVALID_ARG_INDEX, CVY_ERR_INTERNAL, "CL_INVALID_ARG_INDEX" },
    { CL_INVALID_ARG_VALUE, CVY_ERR_INTERNAL, "CL_INVALID_ARG_VALUE" },
    { CL_INVALID_ARG_SIZE, CVY_ERR_INTERNAL, "CL_INVALID_ARG_SIZE" },
    { CL_INVALID_KERNEL_ARGS, CVY_ERR_INTERNAL, "CL_INVALID_KERNEL_ARGS" },
    { CL_INVALID_WORK_DIMENSION, CVY_ERR_INTERNAL, "CL_INVALID_WORK_DIMENSION" },
    { CL_INVALID_WORK_GROUP_SIZE, CVY_ERR_INTERNAL, "CL_INVALID_WORK_GROUP_SIZE" },
    { CL_INVALID_WORK_ITEM_SIZE, CVY_ERR_INTERNAL, "CL_INVALID_WORK_ITEM_SIZE" },
    { CL_INVALID_GLOBAL_OFFSET, CVY_ERR_INTERNAL, "CL_INVALID_GLOBAL_OFFSET" },
    { CL_INVALID_EVENT_WAIT_LIST, CVY_ERR_ARGUMENT, "CL_INVALID_EVENT_WAIT_LIST" },
    { CL_INVALID_EVENT, CVY_ERR_ARGUMENT, "CL_INVALID_EVENT" },
    { CL_INVALID_OPERATION, CVY_ERR_UNSUPPORTED, "CL_INVALID_OPERATION" },
    { CL_INVALID_BUFFER_SIZE, CVY_ERR_LIMIT, "CL_INVALID_BUFFER_SIZE" },
    { CL_INVALID_GLOBAL_WORK_SIZE, CVY_ERR_INTERNAL, "CL_INVALID_GLOBAL_WORK_SIZE" },
    { PLATFORM_NOT_FOUND, CVY_ERR_NO_DEVICE, "CL_PLATFORM_NOT_FOUND_KHR" },
    { NVIDIA_LOST, CVY_ERR_DEVICE_LOST, "an illegal access on the device" },
};

cvy_status opencl_status(cl_int code)
{
    for (size_t i = 0; i < COUNT_OF(codes); i++)
        if (codes[i].code == code)
            return codes[i].status;
    return CVY_ERR_INTERNAL;
}

const char *opencl_code_name(cl_int code)
{
    for (size_t i = 0; i < COUNT_OF(codes); i++)
        if (codes[i].code == code)
            return codes[i].name;
    return "unknown code";
}

cvy_status opencl_check(cl_int code, const char *call)
{
    if (code == CL_SUCCESS)
        return CVY_OK;
    return fail_opencl(opencl_status(code), code, "%s said %s (%d)", call, opencl_code_name(code),
                       code);
}

cvy_status opencl_created(const void *handle, cl_int code, const char *call)
{
    if (!handle && code == CL_SUCCESS)
        return fail(CVY_ERR_INTERNAL, "%s said CL_SUCCESS and gave nothing", call);
    return opencl_check(code, call);
}
