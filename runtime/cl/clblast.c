// Matrix products by CLBlast, which is opened when the first one is planned. Only what a user asks
// for by name, or has measured, comes here.
#include "cl/objects.h"

#include <dlfcn.h>

#define LIBRARY "libclblast.so.1"

// CLBlast keeps compiled programs in variables of its own until the process ends, so it is never
// unloaded.
cvy_status clblast_open(const char *library, clblast_sgemm **out)
{
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE), *symbol;
    const char *why;

    *out = NULL;
    if (!handle) {
        why = dlerror();
        return fail(CVY_ERR_UNSUPPORTED, "no CLBlast (%s); install %s, such as Debian's "
                    "libclblast1", why ? why : "dlopen failed", LIBRARY);
    }
    symbol = dlsym(handle, "CLBlastSgemm");
    dlclose(handle);
    if (!symbol)
        return fail(CVY_ERR_UNSUPPORTED, "no CLBlast (%s has no function CLBlastSgemm); install "
                    "%s, such as Debian's libclblast1", library, LIBRARY);
    memcpy(out, &symbol, sizeof symbol);
    return CVY_OK;
}

// Threads may open it at the same time: they all find the same.
static cvy_status open_once(cvy_context *context)
{
    clblast_sgemm *found;
    cvy_status st = CVY_OK;

    if (atomic_load(&context->sgemm))
        return CVY_OK;
    TRY(clblast_open(LIBRARY, &found));
    atomic_store(&context->sgemm, found);
out:
    return st;
}

// Codes that are not OpenCL's. What is not here must not happen: sizes and pitches are Convoy's.
static const struct {
    int code;
    cvy_status status;
    const char *text;
} codes[] = {
    { -1011, CVY_ERR_INTERNAL, "the buffer of matrix A is too small" },
    { -1010, CVY_ERR_INTERNAL, "the buffer of matrix B is too small" },
    { -1009, CVY_ERR_INTERNAL, "the buffer of matrix C is too small" },
    { -2039, CVY_ERR_INTERNAL, "an exception that it did not expect" },
    { -2040, CVY_ERR_INTERNAL, "an error that it does not know" },
    { -2041, CVY_ERR_BUILD, "its database has nothing for this device" },
    { -2046, CVY_ERR_BUILD, "the device has too little local memory" },
};

cvy_status clblast_check(int code)
{
    if (code == 0)
        return CVY_OK;
    for (size_t i = 0; i < COUNT_OF(codes); i++)
        if (codes[i].code == code)
            return fail_opencl(codes[i].status, code, "CLBlastSgemm said %d: %s", code,
                               codes[i].text);
    return fail_opencl(opencl_status(code), code, "CLBlastSgemm said %s (%d)",
                       opencl_code_name(code), code);
}

// Elements from the first to the end of the last.
static int64_t extent(int64_t rows, int64_t columns, int64_t ld)
{
    return (rows - 1) * ld + columns;
}

static int64_t extent_a(const struct gemm *g)
{
    return g->a_transposed ? extent(g->k, g->m, g->a_ld) : extent(g->m, g->k, g->a_ld);
}

static int64_t extent_b(const struct gemm *g)
{
    return g->b_transposed ? extent(g->n, g->k, g->b_ld) : extent(g->k, g->n, g->b_ld);
}

// Its kernels count elements in 32 bits, of copies that are filled up to whole tiles, too.
#define TILE 256
static cvy_status check_sizes(const struct gemm *g, const int64_t at[3])
{
    int64_t ends[3] = { at[0] + extent_a(g), at[1] + extent_b(g),
                        at[2] + extent(g->m, g->n, g->c_ld) };
    int64_t m = round_up(g->m, TILE), n = round_up(g->n, TILE), k = round_up(g->k, TILE);
    int64_t most = MAX(MAX(m * n, m * k), n * k);

    for (int i = 0; i < 3; i++)
        most = MAX(most, ends[i]);
    if (most > INT32_MAX)
        return fail(CVY_ERR_LIMIT, "a product of %lldx%lld and %lldx%lld goes up to element %lld; "
                    "CLBlast counts to %d", (long long)g->m, (long long)g->k, (long long)g->k,
                    (long long)g->n, (long long)most, INT32_MAX);
    return CVY_OK;
}

static cvy_status call(cvy_context *context, cl_command_queue queue, const struct gemm *g,
                       const cl_mem memory[3], const int64_t at[3], cl_event *event)
{
    clblast_sgemm *sgemm = atomic_load(&context->sgemm);
    cvy_status st = CVY_OK;

    if (!sgemm)
        return fail(CVY_ERR_INTERNAL, "a product was planned without CLBlast");
    TRY(check_sizes(g, at));
    st = clblast_check(sgemm(CLBLAST_ROW_MAJOR,
                             g->a_transposed ? CLBLAST_TRANSPOSED : CLBLAST_PLAIN,
                             g->b_transposed ? CLBLAST_TRANSPOSED : CLBLAST_PLAIN,
                             (size_t)g->m, (size_t)g->n, (size_t)g->k, 1.0f,
                             memory[0], (size_t)at[0], (size_t)g->a_ld,
                             memory[1], (size_t)at[1], (size_t)g->b_ld, 0.0f,
                             memory[2], (size_t)at[2], (size_t)g->c_ld, &queue, event));
out:
    return st;
}

// CLBlast takes no wait list: a launch that has the job's goes before it, in a queue that is in
// order. Its event is that of its last kernel, so this one also tells when it begins.
cvy_status job_gemm(struct job *job, const struct gemm *gemm, const struct kernel_arg args[6])
{
    const cl_mem memory[3] = { args[0].value.memory, args[2].value.memory, args[4].value.memory };
    const int64_t at[3] = { args[1].value.l, args[3].value.l, args[5].value.l };
    cl_event event = NULL;
    cvy_status st = CVY_OK;

    if (job->awaited || job->queue->profiling)
        TRY(job_marker(job, "before CLBlast"));
    TRY(job_room(job));
    TRY(call(job->queue->context, job->queue->cl_queue, gemm, memory, at, &event));
    TRY(job_keep(job, event, "CLBlastSgemm"));
out:
    return st;
}

// First calls -------------------------------------------------------------------------------------

static cvy_status wait_for(cvy_context *context, cl_event event)
{
    struct launch launch = { .event = event, .name = "CLBlastSgemm" };
    struct failure failure = { 0 };
    cl_int state;
    cvy_status st = CVY_OK;

    TRY(opencl_created(event, CL_SUCCESS, "CLBlastSgemm"));
    TRY(CALL(clFlush, context->warm_queue));
    TRY(launch_wait(event));
    TRY(launch_state(event, &state));
    if (state < 0)
        failure = launch_failure(&launch, state);
    st = failure_report(&failure);
out:
    return st;
}

static cvy_status warm_at(cvy_context *context, const struct gemm *g, const cl_mem memory[3],
                          int64_t first)
{
    const int64_t at[3] = { first, first, first };
    cl_event event = NULL;
    cvy_status st = CVY_OK;

    TRY(call(context, context->warm_queue, g, memory, at, &event));
    st = wait_for(context, event);
out:
    if (event)
        opencl()->clReleaseEvent(event);
    return st;
}

// The size decides which kernels CLBlast takes, and so does whether a matrix is at the start of its
// buffer: one that is not is copied first. A and B may be one memory.
static cvy_status warm_both(cvy_context *context, const struct gemm *g)
{
    size_t in = (size_t)MAX(extent_a(g), extent_b(g)) + 1;
    size_t out = (size_t)extent(g->m, g->n, g->c_ld) + 1;
    cl_mem source = NULL, product = NULL;
    cl_int code;
    cvy_status st = CVY_OK;

    TRY(CREATE(source, clCreateBuffer, context->cl_context, CL_MEM_READ_WRITE, in * sizeof(float),
               NULL));
    TRY(CREATE(product, clCreateBuffer, context->cl_context, CL_MEM_READ_WRITE,
               out * sizeof(float), NULL));
    for (int first = 0; first < 2; first++)
        TRY(warm_at(context, g, (const cl_mem[3]) { source, source, product }, first));
out:
    if (source)
        opencl()->clReleaseMemObject(source);
    if (product)
        opencl()->clReleaseMemObject(product);
    return st;
}

cvy_status gemm_warm(cvy_context *context, const struct gemm *gemm)
{
    cvy_status st = CVY_OK;

    if (context->collected)
        return CVY_OK;
    TRY(check_sizes(gemm, (const int64_t[3]) { 1, 1, 1 }));
    TRY(open_once(context));
    st = warm_both(context, gemm);
    // What must not happen in a job only means here that CLBlast is of no use on this device.
    if (st == CVY_ERR_INTERNAL)
        st = fail_prefix(CVY_ERR_BUILD, "CLBlast's first call");
out:
    return st;
}
