// One wrapper for each function of CL_FUNCS; a missing one does not compile.
#include "cl_table.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>

enum kind { CONTEXTS, QUEUES, BUFFERS, PROGRAMS, KERNELS, EVENTS, DEVICES, KINDS };
static const char *const kind_names[] = { "contexts", "queues", "buffers", "programs", "kernels",
                                          "events", "devices" };

enum function {
#define X(name) ID_##name,
    CL_FUNCS(X)
#undef X
    FUNCTIONS
};
static const char *const function_names[] = {
#define X(name) #name,
    CL_FUNCS(X)
#undef X
};

struct lie {
    cl_device_info fact;
    size_t bytes;
    char value[16384];
};

struct cl_lies cl_lies;
static const struct opencl *real;
static _Atomic int alive[KINDS], calls[FUNCTIONS], all_calls;
static struct lie lies[16];
static size_t lie_count;
static char options[256];
static struct {
    const char *function;
    int first;              // number of the first call that fails, 0: none
    bool sticky;
    cl_int code;
    _Atomic int seen, fired;
} fault;

// What a call shall give instead of being made; CL_SUCCESS: make it.
static cl_int arrive(enum function id)
{
    int number;

    atomic_fetch_add(&calls[id], 1);
    atomic_fetch_add(&all_calls, 1);
    if (!fault.first || (fault.function && strcmp(fault.function, function_names[id]) != 0))
        return CL_SUCCESS;
    number = atomic_fetch_add(&fault.seen, 1) + 1;
    if (number != fault.first && !(fault.sticky && number > fault.first))
        return CL_SUCCESS;
    atomic_store(&fault.fired, 1);
    return fault.code;
}

static void count(enum kind kind, int by)
{
    atomic_fetch_add(&alive[kind], by);
}

void cl_table_count_event(void)
{
    count(EVENTS, 1);
}

// The latest lie about a fact counts.
static const struct lie *lie_about(cl_device_info fact)
{
    for (size_t i = lie_count; i-- > 0;)
        if (lies[i].fact == fact)
            return &lies[i];
    return NULL;
}

// A lie of one number; `truth`, which nothing exceeds, where there is none.
static cl_ulong number_of(cl_device_info fact, size_t at, cl_ulong truth)
{
    const struct lie *lie = lie_about(fact);
    cl_ulong value = 0;

    if (!lie)
        return truth;
    memcpy(&value, lie->value + at * sizeof(size_t), MIN(lie->bytes, sizeof value));
    return value;
}

static bool has_word(cl_device_info fact, const char *word, bool truth)
{
    const struct lie *lie = lie_about(fact);

    return lie ? strstr(lie->value, word) != NULL : truth;
}

// Plain calls -------------------------------------------------------------------------------------

#define PLAIN(name, params, args)                                                           \
    static cl_int wrap_##name params                                                        \
    {                                                                                       \
        cl_int code = arrive(ID_##name);                                                    \
        return code ? code : real->name args;                                               \
    }
#define INFO(name, type)                                                                    \
    PLAIN(name, (type a, cl_uint b, size_t c, void *d, size_t *e), (a, b, c, d, e))
PLAIN(clGetPlatformInfo, (cl_platform_id a, cl_uint b, size_t c, void *d, size_t *e),
      (a, b, c, d, e))
INFO(clGetContextInfo, cl_context)
INFO(clGetCommandQueueInfo, cl_command_queue)
INFO(clGetMemObjectInfo, cl_mem)
INFO(clGetEventInfo, cl_event)
INFO(clGetEventProfilingInfo, cl_event)
PLAIN(clSetKernelArg, (cl_kernel a, cl_uint b, size_t c, const void *d), (a, b, c, d))
PLAIN(clWaitForEvents, (cl_uint a, const cl_event *b), (a, b))
PLAIN(clFlush, (cl_command_queue a), (a))
PLAIN(clFinish, (cl_command_queue a), (a))

// Retain and release ------------------------------------------------------------------------------

#define COUNTED(object, type, kind)                                                         \
    static cl_int wrap_clRetain##object(type a)                                             \
    {                                                                                       \
        cl_int code = arrive(ID_clRetain##object);                                          \
        code = code ? code : real->clRetain##object(a);                                     \
        count(kind, code == CL_SUCCESS);                                                    \
        return code;                                                                        \
    }                                                                                       \
    static cl_int wrap_clRelease##object(type a)                                            \
    {                                                                                       \
        count(kind, -1);                                                                    \
        return real->clRelease##object(a);                                                  \
    }
COUNTED(Device, cl_device_id, DEVICES)
COUNTED(Context, cl_context, CONTEXTS)
COUNTED(CommandQueue, cl_command_queue, QUEUES)
COUNTED(MemObject, cl_mem, BUFFERS)
COUNTED(Program, cl_program, PROGRAMS)
COUNTED(Event, cl_event, EVENTS)

static cl_int wrap_clReleaseKernel(cl_kernel a)
{
    count(KERNELS, -1);
    return real->clReleaseKernel(a);
}

// Creation ----------------------------------------------------------------------------------------

#define MAKER(name, type, kind, params, args)                                               \
    static type wrap_##name params                                                          \
    {                                                                                       \
        type made = NULL;                                                                   \
        *code = arrive(ID_##name);                                                          \
        if (!*code)                                                                         \
            made = real->name args;                                                         \
        count(kind, made != NULL);                                                          \
        return made;                                                                        \
    }
MAKER(clCreateContext, cl_context, CONTEXTS,
      (const cl_context_properties *a, cl_uint b, const cl_device_id *c,
       void (CL_CALLBACK *d)(const char *, const void *, size_t, void *), void *e, cl_int *code),
      (a, b, c, d, e, code))
MAKER(clCreateCommandQueue, cl_command_queue, QUEUES,
      (cl_context a, cl_device_id b, cl_command_queue_properties c, cl_int *code), (a, b, c, code))
// A size of 0 is refused as one beyond the device's is.
MAKER(clCreateBuffer, cl_mem, BUFFERS,
      (cl_context a, cl_mem_flags b, size_t c, void *d, cl_int *code),
      (a, b, c > number_of(CL_DEVICE_MAX_MEM_ALLOC_SIZE, 0, c) ? 0 : c, d, code))
MAKER(clCreateProgramWithBinary, cl_program, PROGRAMS,
      (cl_context a, cl_uint b, const cl_device_id *c, const size_t *d, const unsigned char **e,
       cl_int *f, cl_int *code), (a, b, c, d, e, f, code))
MAKER(clCreateKernel, cl_kernel, KERNELS, (cl_program a, const char *b, cl_int *code), (a, b, code))

// Commands, which make an event -------------------------------------------------------------------

#define COMMAND(name, params, args)                                                         \
    static cl_int wrap_##name params                                                        \
    {                                                                                       \
        cl_int code = arrive(ID_##name);                                                    \
        code = code ? code : real->name args;                                               \
        count(EVENTS, code == CL_SUCCESS && event != NULL);                                 \
        return code;                                                                        \
    }
#define WAIT cl_uint n, const cl_event *w, cl_event *event
COMMAND(clEnqueueReadBuffer, (cl_command_queue a, cl_mem b, cl_bool c, size_t d, size_t e, void *f,
        WAIT), (a, b, c, d, e, f, n, w, event))
COMMAND(clEnqueueWriteBuffer, (cl_command_queue a, cl_mem b, cl_bool c, size_t d, size_t e,
        const void *f, WAIT), (a, b, c, d, e, f, n, w, event))
COMMAND(clEnqueueCopyBuffer, (cl_command_queue a, cl_mem b, cl_mem c, size_t d, size_t e, size_t f,
        WAIT), (a, b, c, d, e, f, n, w, event))
COMMAND(clEnqueueFillBuffer, (cl_command_queue a, cl_mem b, const void *c, size_t d, size_t e,
        size_t f, WAIT), (a, b, c, d, e, f, n, w, event))
COMMAND(clEnqueueUnmapMemObject, (cl_command_queue a, cl_mem b, void *c, WAIT),
        (a, b, c, n, w, event))
COMMAND(clEnqueueMarkerWithWaitList, (cl_command_queue a, WAIT), (a, n, w, event))

static void *wrap_clEnqueueMapBuffer(cl_command_queue a, cl_mem b, cl_bool c, cl_map_flags d,
                                     size_t e, size_t f, WAIT, cl_int *code)
{
    void *pointer = NULL;

    *code = arrive(ID_clEnqueueMapBuffer);
    if (!*code)
        pointer = real->clEnqueueMapBuffer(a, b, c, d, e, f, n, w, event, code);
    count(EVENTS, pointer && event);
    return pointer;
}

// Calls that keep to the lies ---------------------------------------------------------------------

// What a device without them makes of the types. PoCL's own headers, which stand before, use them.
static const char no_double[] = "#undef cl_khr_fp64\n#define double no_cl_khr_fp64_here\n";
static const char no_images[] = "#define image2d_t no_images_here\n"
                                "#define image3d_t no_images_here\n"
                                "#define sampler_t no_images_here\n";

static cl_program wrap_clCreateProgramWithSource(cl_context a, cl_uint b, const char **c,
                                                 const size_t *d, cl_int *code)
{
    bool doubles = has_word(CL_DEVICE_EXTENSIONS, "cl_khr_fp64", true);
    const char *texts[3] = { doubles ? "" : no_double,
                             number_of(CL_DEVICE_IMAGE_SUPPORT, 0, CL_TRUE) ? "" : no_images };
    size_t lengths[3] = { strlen(texts[0]), strlen(texts[1]) };
    cl_program made = NULL;

    *code = b == 1 ? arrive(ID_clCreateProgramWithSource) : CL_INVALID_VALUE;
    texts[2] = c[0];
    lengths[2] = d[0];
    if (!*code)
        made = real->clCreateProgramWithSource(a, 3, texts, lengths, code);
    count(PROGRAMS, made != NULL);
    return made;
}

static cl_int wrap_clBuildProgram(cl_program a, cl_uint b, const cl_device_id *c, const char *d,
                                  void (CL_CALLBACK *e)(cl_program, void *), void *f)
{
    cl_int code = arrive(ID_clBuildProgram);

    snprintf(options, sizeof options, "%s", d ? d : "");
    if (!code && strstr(options, "-cl-std=") && !strstr(options, "-cl-std=CL1.")
        && has_word(CL_DEVICE_VERSION, "OpenCL 1.", false))
        code = CL_INVALID_BUILD_OPTIONS;
    return code ? code : real->clBuildProgram(a, b, c, d, e, f);
}

// Whether a device of these facts runs the kernel in such groups.
static cl_int launch_fits(cl_command_queue queue, cl_kernel kernel, cl_uint axes,
                          const size_t *global, const size_t *local)
{
    cl_ulong most = number_of(CL_DEVICE_MAX_WORK_GROUP_SIZE, 0, CL_ULONG_MAX);
    cl_ulong items = 1, memory = 0;
    cl_device_id device;

    if (!local)
        return CL_INVALID_WORK_GROUP_SIZE;
    for (cl_uint i = 0; i < axes; i++) {
        if (local[i] > number_of(CL_DEVICE_MAX_WORK_ITEM_SIZES, i, local[i]))
            return CL_INVALID_WORK_ITEM_SIZE;
        if (global[i] % local[i])
            return CL_INVALID_WORK_GROUP_SIZE;
        items *= local[i];
    }
    if (items > most || (cl_lies.kernel_group && items > cl_lies.kernel_group))
        return CL_INVALID_WORK_GROUP_SIZE;
    if (!lie_about(CL_DEVICE_LOCAL_MEM_SIZE)
        || real->clGetCommandQueueInfo(queue, CL_QUEUE_DEVICE, sizeof device, &device, NULL)
        || real->clGetKernelWorkGroupInfo(kernel, device, CL_KERNEL_LOCAL_MEM_SIZE, sizeof memory,
                                          &memory, NULL))
        return CL_SUCCESS;
    return memory > number_of(CL_DEVICE_LOCAL_MEM_SIZE, 0, 0) ? CL_OUT_OF_RESOURCES : CL_SUCCESS;
}

static cl_int wrap_clEnqueueNDRangeKernel(cl_command_queue a, cl_kernel b, cl_uint c,
                                          const size_t *d, const size_t *e, const size_t *f, WAIT)
{
    cl_int code = arrive(ID_clEnqueueNDRangeKernel);

    code = code ? code : launch_fits(a, b, c, e, f);
    code = code ? code : real->clEnqueueNDRangeKernel(a, b, c, d, e, f, n, w, event);
    count(EVENTS, code == CL_SUCCESS && event != NULL);
    return code;
}

// Calls that may lie ------------------------------------------------------------------------------

#define LAST_FACT_OF_1_2 CL_DEVICE_PRINTF_BUFFER_SIZE

// The usual answer protocol of clGet...Info.
static cl_int answer(const void *value, size_t bytes, size_t cap, void *out, size_t *size)
{
    if (size)
        *size = bytes;
    if (out && cap < bytes)
        return CL_INVALID_VALUE;
    if (out)
        memcpy(out, value, bytes);
    return CL_SUCCESS;
}

static cl_int wrap_clGetDeviceInfo(cl_device_id a, cl_device_info b, size_t c, void *d, size_t *e)
{
    cl_int code = arrive(ID_clGetDeviceInfo);
    const struct lie *lie = lie_about(b);

    if (!code && lie)
        return answer(lie->value, lie->bytes, c, d, e);
    if (!code && b > LAST_FACT_OF_1_2 && has_word(CL_DEVICE_VERSION, "OpenCL 1.", false))
        return CL_INVALID_VALUE;
    return code ? code : real->clGetDeviceInfo(a, b, c, d, e);
}

static cl_int wrap_clGetPlatformIDs(cl_uint a, cl_platform_id *b, cl_uint *c)
{
    cl_int code = arrive(ID_clGetPlatformIDs);
    cl_platform_id first;

    if (code || (!cl_lies.no_platform && !cl_lies.same_platform))
        return code ? code : real->clGetPlatformIDs(a, b, c);
    if (c)
        *c = cl_lies.same_platform;
    code = real->clGetPlatformIDs(1, &first, NULL);
    for (cl_uint i = 0; b && i < MIN(a, cl_lies.same_platform); i++)
        b[i] = first;
    return code;
}

static cl_int wrap_clGetDeviceIDs(cl_platform_id a, cl_device_type b, cl_uint c, cl_device_id *d,
                                  cl_uint *e)
{
    cl_int code = arrive(ID_clGetDeviceIDs);

    if (!code && (cl_lies.no_device || (cl_lies.vanishing_device && d))) {
        *e = 0;
        return CL_SUCCESS;
    }
    return code ? code : real->clGetDeviceIDs(a, b, c, d, e);
}

static cl_int wrap_clGetKernelInfo(cl_kernel a, cl_kernel_info b, size_t c, void *d, size_t *e)
{
    cl_int code = arrive(ID_clGetKernelInfo);

    if (!code && cl_lies.kernel_args)
        return answer(&cl_lies.kernel_args, sizeof cl_lies.kernel_args, c, d, e);
    return code ? code : real->clGetKernelInfo(a, b, c, d, e);
}

static cl_int wrap_clGetKernelWorkGroupInfo(cl_kernel a, cl_device_id b,
                                            cl_kernel_work_group_info c, size_t d, void *e,
                                            size_t *f)
{
    cl_int code = arrive(ID_clGetKernelWorkGroupInfo);

    if (!code && c == CL_KERNEL_WORK_GROUP_SIZE && cl_lies.kernel_group)
        return answer(&cl_lies.kernel_group, sizeof cl_lies.kernel_group, d, e, f);
    return code ? code : real->clGetKernelWorkGroupInfo(a, b, c, d, e, f);
}

static cl_int wrap_clGetProgramBuildInfo(cl_program a, cl_device_id b, cl_program_build_info c,
                                         size_t d, void *e, size_t *f)
{
    cl_int code = arrive(ID_clGetProgramBuildInfo);

    if (code || !cl_lies.build_log)
        return code ? code : real->clGetProgramBuildInfo(a, b, c, d, e, f);
    if (f)
        *f = cl_lies.build_log;
    if (e)
        memset(e, '\n' + (int)(cl_lies.build_log & 1), d);
    return CL_SUCCESS;
}

static cl_int wrap_clGetProgramInfo(cl_program a, cl_program_info b, size_t c, void *d, size_t *e)
{
    cl_int code = arrive(ID_clGetProgramInfo);
    size_t sizes[16] = { 0 };

    code = code ? code : real->clGetProgramInfo(a, b, c, d, e);
    if (!code && b == CL_PROGRAM_BINARY_SIZES && cl_lies.no_binary && d)
        memset(d, 0, c);
    if (!code && b == CL_PROGRAM_BINARIES && cl_lies.rubbish_binary && d)
        code = real->clGetProgramInfo(a, CL_PROGRAM_BINARY_SIZES, sizeof sizes, sizes, NULL);
    for (size_t i = 0; !code && sizes[0] && i < c / sizeof(void *); i++)
        if (((char **)d)[i])
            memset(((char **)d)[i], '~', sizes[i]);
    return code;
}

// Control -----------------------------------------------------------------------------------------

static const struct opencl table = {
#define X(name) .name = wrap_##name,
    CL_FUNCS(X)
#undef X
};

bool cl_table_install(void)
{
    size_t count_of_devices = 0;

    if (cvy_device_list(NULL, 0, &count_of_devices) != CVY_OK)
        return false;
    if (!real)
        real = opencl_swap(&table);
    return true;
}

const struct opencl *cl_table_real(void)
{
    return real;
}

const char *cl_table_leaks(void)
{
    static char text[256];
    size_t used = 0;

    text[0] = '\0';
    for (int i = 0; i < KINDS; i++)
        if (alive[i])
            used += (size_t)snprintf(text + used, sizeof text - used, "%d %s ", alive[i],
                                     kind_names[i]);
    return text;
}

void cl_table_fail(const char *function, int nth, bool sticky, cl_int code)
{
    fault.function = function;
    fault.sticky = sticky;
    fault.code = code;
    fault.seen = 0;
    fault.fired = 0;
    fault.first = nth;
}

bool cl_table_fired(void)
{
    return fault.fired;
}

void cl_table_heal(void)
{
    fault.first = 0;
    lie_count = 0;
    memset(&cl_lies, 0, sizeof cl_lies);
}

int cl_table_calls(const char *function)
{
    for (int i = 0; function && i < FUNCTIONS; i++)
        if (strcmp(function, function_names[i]) == 0)
            return calls[i];
    return all_calls;
}

void cl_table_lie(cl_device_info fact, const void *value, size_t bytes)
{
    struct lie *lie = &lies[lie_count++];

    lie->fact = fact;
    lie->bytes = MIN(bytes, sizeof lie->value);
    memcpy(lie->value, value, lie->bytes);
}

const char *cl_table_options(void)
{
    return options;
}

void *cl_table_symbol(const char *name)
{
    void *library = dlopen("libOpenCL.so.1", RTLD_NOW), *symbol = dlsym(RTLD_DEFAULT, name);

    return symbol ? symbol : dlsym(library, name);
}
