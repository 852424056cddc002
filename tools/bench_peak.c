// Peaks of the device: chains of fused multiply-adds in registers, and copies of several sizes, as
// kernels of our own on the context's OpenCL device.
#include "bench_peak.h"

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHAINS = 12, LEAST_ROUNDS = 256, MOST_ROUNDS = 1 << 20, PEAK_SAMPLES = 15 };

static const double sample_seconds = 2e-3, launch_seconds = 1e-3;
static const size_t least_copy = (size_t)64 << 10;
static const size_t usual_cache = (size_t)32 << 20;     // where the driver names none
static const int caches = 4;    // as large as this many last caches is a tensor beyond them

// OpenCL ------------------------------------------------------------------------------------------

#define CALLS(X) \
    X(clCreateProgramWithSource) X(clBuildProgram) X(clCreateKernel) X(clSetKernelArg) \
    X(clEnqueueNDRangeKernel) X(clEnqueueFillBuffer) X(clFinish) X(clReleaseKernel) \
    X(clReleaseProgram) X(clCreateBuffer) X(clReleaseMemObject) X(clGetDeviceInfo)

struct opencl {
#define MEMBER(name) __typeof__(&name) name;
    CALLS(MEMBER)
#undef MEMBER
};

static bool load(struct opencl *cl)
{
    void *library = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);

    if (library == NULL) {
        return false;
    }
#define LOAD(name) \
    *(void **)&cl->name = dlsym(library, #name); \
    if (cl->name == NULL) { \
        return false; \
    }
    CALLS(LOAD)
#undef LOAD
    return true;
}

// Kernels -----------------------------------------------------------------------------------------

// One work-item does `rounds` steps of 12 independent chains of vectors. They have names, as no
// array is sure to be in registers. fma() is one instruction where the device has it, and slow
// elsewhere: there mad() is what counts. The copy moves `each` vectors for a work-item: one behind
// the other on a CPU, spread over the group elsewhere.
static const char source[] =
    "#define EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)\n"
    "#define BEGIN(i) V a##i = (V)((float)id + i);\n"
    "#define ADD(i) + a##i\n"
    "#define FUSED(i) a##i = fma(a##i, m, s);\n"
    "#define EITHER(i) a##i = mad(a##i, m, s);\n"
    "#define PEAK(name, STEP) \\\n"
    "__kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1))) \\\n"
    "void name(__global V *restrict out, float x, int rounds) \\\n"
    "{ \\\n"
    "    V m = (V)(x), s = (V)(1.0f - x); \\\n"
    "    size_t id = get_global_id(0); \\\n"
    "    EACH(BEGIN) \\\n"
    "    for (int round = 0; round < rounds; round++) { EACH(STEP) } \\\n"
    "    out[id] = (V)(0.0f) EACH(ADD); \\\n"
    "}\n"
    "PEAK(peak_fma, FUSED)\n"
    "PEAK(peak_mad, EITHER)\n"
    "__kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1)))\n"
    "void copy(__global const V *restrict src, __global V *restrict dst, ulong each)\n"
    "{\n"
    "    ulong first = get_group_id(0) * each * LOCAL + get_local_id(0);\n"
    "    for (ulong i = 0; i < each; i++) dst[first + i * LOCAL] = src[first + i * LOCAL];\n"
    "}\n";

struct peak_run {
    struct opencl cl;
    cl_context context;
    cl_device_id device;
    cl_command_queue queue;
    cl_program program;
    cl_kernel peaks[2], copy;
    cl_mem buffers[2];
    size_t width, local, units;
};

static bool build(struct peak_run *r)
{
    const char *text = source;
    char options[256], vector[16];
    cl_int error;

    snprintf(vector, sizeof vector, r->width > 1 ? "float%zu" : "float", r->width);
    snprintf(options, sizeof options, "-cl-mad-enable -DV=%s -DLOCAL=%zu", vector, r->local);
    r->program = r->cl.clCreateProgramWithSource(r->context, 1, &text, NULL, &error);
    if (error != CL_SUCCESS ||
        r->cl.clBuildProgram(r->program, 1, &r->device, options, NULL, NULL) != CL_SUCCESS) {
        return false;
    }
    for (int i = 0; error == CL_SUCCESS && i < 2; i++) {
        r->peaks[i] = r->cl.clCreateKernel(r->program, i == 0 ? "peak_fma" : "peak_mad", &error);
    }
    if (error == CL_SUCCESS) {
        r->copy = r->cl.clCreateKernel(r->program, "copy", &error);
    }
    return error == CL_SUCCESS;
}

static void close_run(struct peak_run *r)
{
    for (int i = 0; i < 2; i++) {
        if (r->buffers[i] != NULL) {
            r->cl.clReleaseMemObject(r->buffers[i]);
        }
    }
    if (r->copy != NULL) {
        r->cl.clReleaseKernel(r->copy);
    }
    for (int i = 0; i < 2; i++) {
        if (r->peaks[i] != NULL) {
            r->cl.clReleaseKernel(r->peaks[i]);
        }
    }
    if (r->program != NULL) {
        r->cl.clReleaseProgram(r->program);
    }
}

// Launches of one kernel, and the wait.
static bool launch(struct peak_run *r, cl_kernel kernel, size_t groups, int calls)
{
    size_t global = groups * r->local;
    cl_int error = CL_SUCCESS;

    for (int i = 0; error == CL_SUCCESS && i < calls; i++) {
        error = r->cl.clEnqueueNDRangeKernel(r->queue, kernel, 1, NULL, &global, &r->local, 0, NULL,
                                             NULL);
    }
    return r->cl.clFinish(r->queue) == CL_SUCCESS && error == CL_SUCCESS;
}

// Median seconds of one launch, over samples of many.
static bool time_launch(struct peak_run *r, cl_kernel kernel, size_t groups, double *seconds)
{
    double samples[PEAK_SAMPLES], begin;
    int calls = 1;

    for (bool enough = false; !enough && calls < 1 << 16; calls *= enough ? 1 : 2) {
        begin = bench_now();
        if (!launch(r, kernel, groups, calls)) {
            return false;
        }
        enough = bench_now() - begin >= sample_seconds;
    }
    for (int i = 0; i < PEAK_SAMPLES; i++) {
        begin = bench_now();
        if (!launch(r, kernel, groups, calls)) {
            return false;
        }
        samples[i] = (bench_now() - begin) / calls;
    }
    *seconds = bench_median(samples, PEAK_SAMPLES);
    return true;
}

// Measuring ---------------------------------------------------------------------------------------

// Enough for the units to share.
static size_t groups_of(const struct peak_run *r)
{
    return r->units * (r->local > 1 ? 64 : 4);
}

static size_t peak_bytes(const struct peak_run *r)
{
    return groups_of(r) * r->local * r->width * sizeof(cl_float);
}

static bool set_peak(struct peak_run *r, cl_kernel kernel, cl_int rounds, double *operations)
{
    const cl_float x = 0.5f;

    *operations = 2.0 * (double)(groups_of(r) * r->local * r->width) * CHAINS * rounds;
    return r->cl.clSetKernelArg(kernel, 0, sizeof(cl_mem), &r->buffers[0]) == CL_SUCCESS &&
           r->cl.clSetKernelArg(kernel, 1, sizeof x, &x) == CL_SUCCESS &&
           r->cl.clSetKernelArg(kernel, 2, sizeof rounds, &rounds) == CL_SUCCESS;
}

// Launches of a millisecond or more, whatever the device: what is paid for each is then little.
static bool measure_flops(struct peak_run *r, cl_kernel kernel, struct bench_peak *out)
{
    double operations, seconds = 0.0, flops = 0.0;

    for (cl_int rounds = LEAST_ROUNDS; rounds <= MOST_ROUNDS && seconds < launch_seconds;
         rounds *= 4) {
        if (!set_peak(r, kernel, rounds, &operations) ||
            !time_launch(r, kernel, groups_of(r), &seconds)) {
            return false;
        }
        flops = operations / seconds;
    }
    out->flops = flops > out->flops ? flops : out->flops;
    return true;
}

// Each group has its part of the bytes to read and write.
static bool set_copy(struct peak_run *r, size_t bytes, double *moved)
{
    size_t unit = groups_of(r) * r->local * r->width * sizeof(cl_float);
    cl_ulong each = bytes / 2 / unit > 0 ? bytes / 2 / unit : 1;
    cl_int error = r->cl.clSetKernelArg(r->copy, 2, sizeof each, &each);

    for (cl_uint i = 0; error == CL_SUCCESS && i < 2; i++) {
        error = r->cl.clSetKernelArg(r->copy, i, sizeof(cl_mem), &r->buffers[i]);
    }
    *moved = 2.0 * (double)unit * (double)each;
    return error == CL_SUCCESS;
}

static bool measure_copy(struct peak_run *r, size_t bytes, struct bench_peak *out)
{
    double moved, seconds;

    if (!set_copy(r, bytes, &moved) || !time_launch(r, r->copy, groups_of(r), &seconds)) {
        return false;
    }
    out->copy[out->copies].bytes = moved;
    out->copy[out->copies++].rate = moved / seconds;
    return true;
}

// Pages that nobody has written are all the same one.
static bool open_buffers(struct peak_run *r, size_t bytes)
{
    const cl_float one = 1.0f;
    cl_int error = CL_SUCCESS;

    for (int i = 0; error == CL_SUCCESS && i < 2; i++) {
        r->buffers[i] = r->cl.clCreateBuffer(r->context, CL_MEM_READ_WRITE, bytes, NULL, &error);
        if (error == CL_SUCCESS) {
            error = r->cl.clEnqueueFillBuffer(r->queue, r->buffers[i], &one, sizeof one, 0, bytes,
                                              0, NULL, NULL);
        }
    }
    return error == CL_SUCCESS && r->cl.clFinish(r->queue) == CL_SUCCESS;
}

static bool measure(struct peak_run *r, size_t most, struct bench_peak *out)
{
    size_t room = most / 2 > peak_bytes(r) ? most / 2 : peak_bytes(r);

    if (!open_buffers(r, room) || !build(r) || !measure_flops(r, r->peaks[0], out) ||
        !measure_flops(r, r->peaks[1], out)) {
        return false;
    }
    for (size_t bytes = least_copy; bytes < most && out->copies + 1 < BENCH_COPIES; bytes *= 4) {
        if (!measure_copy(r, bytes, out)) {
            return false;
        }
    }
    return measure_copy(r, most, out);
}

static bool open_run(const struct bench_place *place, struct peak_run *r)
{
    bool vectors = place->device.vector_width > 1;

    *r = (struct peak_run) {
        .context = cvy_context_cl_context(place->context),
        .device = cvy_context_cl_device(place->context),
        .queue = cvy_queue_cl_queue(place->queue),
        .width = vectors ? (size_t)place->device.vector_width : 1,
        .local = vectors || place->device.max_work_group < 64 ? 1 : 64,
        .units = place->device.compute_units > 0 ? (size_t)place->device.compute_units : 1
    };
    return load(&r->cl);
}

size_t bench_beyond_caches(const struct bench_place *place)
{
    struct peak_run r;
    cl_ulong cache = 0;
    size_t bytes;

    if (!open_run(place, &r) ||
        r.cl.clGetDeviceInfo(r.device, CL_DEVICE_GLOBAL_MEM_CACHE_SIZE, sizeof cache, &cache,
                             NULL) != CL_SUCCESS || cache == 0) {
        cache = usual_cache;
    }
    bytes = (size_t)cache * (size_t)caches;
    while ((int64_t)bytes > place->device.max_buffer_bytes / 2 ||
           (int64_t)bytes > place->device.global_bytes / 16) {
        bytes /= 2;
    }
    return bytes;
}

bool bench_peak_measure(const struct bench_place *place, struct bench_peak *out,
                        char error[BENCH_ERROR])
{
    struct peak_run r;
    bool good;

    *out = (struct bench_peak) { 0 };
    good = open_run(place, &r) && measure(&r, 2 * bench_beyond_caches(place), out);
    if (!good) {
        snprintf(error, BENCH_ERROR, "the device's peaks could not be measured");
    }
    close_run(&r);
    return good;
}

// Gauge -------------------------------------------------------------------------------------------

struct bench_gauge {
    struct peak_run run;
    cl_kernel kernel;
    double operations;          // of a launch
};

// Operations per second of the better of two launches, as the first one wakes the device.
static double read_launches(struct bench_gauge *g)
{
    double best = 0.0;

    for (int i = 0; i < 2; i++) {
        double begin = bench_now(), seconds;

        if (!launch(&g->run, g->kernel, groups_of(&g->run), 1)) {
            return 0.0;
        }
        seconds = bench_now() - begin;
        best = best == 0.0 || seconds < best ? seconds : best;
    }
    return g->operations / best;
}

// The rounds of a launch of a millisecond or more.
static bool set_gauge(struct bench_gauge *g, cl_kernel kernel, double *flops)
{
    g->kernel = kernel;
    *flops = 0.0;
    for (cl_int rounds = LEAST_ROUNDS; rounds <= MOST_ROUNDS; rounds *= 2) {
        if (!set_peak(&g->run, kernel, rounds, &g->operations)) {
            return false;
        }
        *flops = read_launches(g);
        if (*flops <= 0.0 || g->operations / *flops >= launch_seconds) {
            break;
        }
    }
    return *flops > 0.0;
}

struct bench_gauge *bench_gauge_open(const struct bench_place *place)
{
    struct bench_gauge *g = calloc(1, sizeof *g);
    double fma = 0.0, mad = 0.0;

    if (g == NULL) {
        return NULL;
    }
    if (!open_run(place, &g->run) || !open_buffers(&g->run, peak_bytes(&g->run)) ||
        !build(&g->run) || !set_gauge(g, g->run.peaks[0], &fma) ||
        !set_gauge(g, g->run.peaks[1], &mad) ||
        (fma > mad && !set_gauge(g, g->run.peaks[0], &fma))) {
        bench_gauge_close(&g);
    }
    return g;
}

double bench_gauge_read(struct bench_gauge *gauge)
{
    return read_launches(gauge);
}

void bench_gauge_close(struct bench_gauge **gauge)
{
    if (*gauge != NULL) {
        close_run(&(*gauge)->run);
        free(*gauge);
        *gauge = NULL;
    }
}

// A copy as a side --------------------------------------------------------------------------------

static bool run_copy(void *state, int calls)
{
    struct peak_run *r = state;

    return launch(r, r->copy, groups_of(r), calls);
}

static void close_copy(void **state)
{
    close_run(*state);
    free(*state);
    *state = NULL;
}

static bool open_copy(const struct bench_place *place, const struct bench_problem *problem,
                      const struct bench_data *data, struct bench_side *out,
                      char error[BENCH_ERROR])
{
    struct peak_run *r = calloc(1, sizeof *r);
    double moved;

    (void)data;
    *out = (struct bench_side) { .name = "copy", .how = "copy kernel", .state = r,
                                 .run = run_copy, .close = close_copy, .cores = place->cores };
    if (r != NULL && open_run(place, r) && open_buffers(r, (size_t)problem->bytes / 2 + 4096) &&
        build(r) && set_copy(r, (size_t)problem->bytes, &moved) && run_copy(r, 1)) {
        return true;
    }
    snprintf(error, BENCH_ERROR, "no memory for a copy of as many bytes");
    bench_side_close(out);
    return false;
}

const struct bench_peer bench_copy = { "copy", "copy", NULL, open_copy };

// Limits ------------------------------------------------------------------------------------------

double bench_copy_rate(const struct bench_peak *peak, double bytes)
{
    size_t i = 0;

    if (peak->copies == 0) {
        return 0.0;
    }
    while (i + 1 < peak->copies && peak->copy[i].bytes < bytes) {
        i++;
    }
    return peak->copy[i].rate;
}

double bench_limit(const struct bench_peak *peak, double taps, double bytes, bool *by_memory)
{
    double rate = bench_copy_rate(peak, bytes);
    double work = peak->flops > 0.0 ? 2.0 * taps / peak->flops : 0.0;
    double memory = rate > 0.0 ? bytes / rate : 0.0;

    *by_memory = memory > work;
    return *by_memory ? memory : work;
}
