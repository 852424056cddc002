// CLBlast as a peer of the bench, on the same device and queue: a product of matrices where the
// convolution is one, else its convolution by im2col. It has neither bias, groups nor NHWC: the
// bias is left out of its time, and its maps are NCHW in every row.
#include "bench.h"

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <clblast_c.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#define LIBRARY "libclblast.so.1"

struct library {
    __typeof__(&CLBlastSgemm) gemm;
    __typeof__(&CLBlastSconvgemm) convgemm;
};
static struct library blast;

struct state {
    const struct bench_place *place;
    const struct bench_problem *problem;
    const float *bias;          // NULL: none
    size_t dst_count;
    cvy_buffer *src, *weights, *dst;
    bool product;
};

static bool begin(const struct bench_place *place, char version[BENCH_NAME],
                  char error[BENCH_ERROR])
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

    (void)place;
    if (library == NULL) {
        snprintf(error, BENCH_ERROR, "%s", dlerror());
        return false;
    }
    *(void **)&blast.gemm = dlsym(library, "CLBlastSgemm");
    *(void **)&blast.convgemm = dlsym(library, "CLBlastSconvgemm");
    snprintf(version, BENCH_NAME, "%s", BENCH_CLBLAST);
    if (blast.gemm == NULL || blast.convgemm == NULL) {
        snprintf(error, BENCH_ERROR, LIBRARY " has no CLBlastSconvgemm");
        return false;
    }
    fprintf(stderr, "convoy: bench: CLBlast compiles its kernels at its first calls, which takes "
            "seconds\n");
    return true;
}

static CLBlastStatusCode call_product(const struct state *s, cl_command_queue *queue)
{
    const struct bench_problem *p = s->problem;
    size_t pixels = (size_t)(p->h * p->w);

    return blast.gemm(CLBlastLayoutRowMajor, CLBlastTransposeNo, CLBlastTransposeNo, (size_t)p->k,
                      pixels, (size_t)p->c, 1.0f, cvy_buffer_cl_mem(s->weights), 0, (size_t)p->c,
                      cvy_buffer_cl_mem(s->src), 0, pixels, 0.0f, cvy_buffer_cl_mem(s->dst), 0,
                      pixels, queue, NULL);
}

static CLBlastStatusCode call_conv(const struct state *s, cl_command_queue *queue)
{
    const struct bench_problem *p = s->problem;

    return blast.convgemm(CLBlastKernelModeCrossCorrelation, (size_t)p->c, (size_t)p->h,
                          (size_t)p->w, (size_t)p->kernel[0], (size_t)p->kernel[1],
                          (size_t)p->begin[0], (size_t)p->begin[1], (size_t)p->stride[0],
                          (size_t)p->stride[1], (size_t)p->dilation[0], (size_t)p->dilation[1],
                          (size_t)p->k, (size_t)p->n, cvy_buffer_cl_mem(s->src), 0,
                          cvy_buffer_cl_mem(s->weights), 0, cvy_buffer_cl_mem(s->dst), 0, queue,
                          NULL);
}

static bool run(void *state, int calls)
{
    const struct state *s = state;
    cl_command_queue queue = cvy_queue_cl_queue(s->place->queue);
    CLBlastStatusCode status = CLBlastSuccess;

    for (int i = 0; status == CLBlastSuccess && i < calls; i++) {
        status = s->product ? call_product(s, &queue) : call_conv(s, &queue);
    }
    return cvy_queue_finish(s->place->queue) == CVY_OK && status == CLBlastSuccess;
}

static bool result(void *state, float *nchw)
{
    const struct state *s = state;
    size_t pixels = (size_t)(s->problem->oh * s->problem->ow);

    if (cvy_queue_read(s->place->queue, (cvy_tensor) { s->dst, 0 }, nchw,
                       s->dst_count * sizeof *nchw, NULL, NULL) != CVY_OK) {
        return false;
    }
    for (size_t i = 0; s->bias != NULL && i < s->dst_count; i++) {
        nchw[i] += s->bias[i / pixels % (size_t)s->problem->k];
    }
    return true;
}

static void close_side(void **state)
{
    struct state *s = *state;

    cvy_buffer_destroy(&s->src);
    cvy_buffer_destroy(&s->weights);
    cvy_buffer_destroy(&s->dst);
    free(s);
    *state = NULL;
}

static bool upload(const struct bench_place *place, const float *values, size_t count,
                   cvy_buffer **out)
{
    const cvy_buffer_params params = { .bytes = count * sizeof *values };

    return cvy_buffer_create(place->context, &params, out) == CVY_OK &&
           (values == NULL || cvy_queue_write(place->queue, (cvy_tensor) { *out, 0 }, values,
                                              params.bytes, NULL, NULL) == CVY_OK);
}

static bool can(const struct bench_problem *p)
{
    return p->op == BENCH_CONV && p->groups == 1 && !p->relu && p->begin[0] == p->end[0] &&
           p->begin[1] == p->end[1];
}

static bool open(const struct bench_place *place, const struct bench_problem *p,
                 const struct bench_data *data, struct bench_side *out, char error[BENCH_ERROR])
{
    struct state *s = can(p) ? calloc(1, sizeof *s) : NULL;

    *out = (struct bench_side) { .name = "clblast", .state = s, .run = run, .result = result,
                                 .close = close_side, .cores = place->cores };
    if (s == NULL) {
        snprintf(error, BENCH_ERROR, "it has no such operator");
        return false;
    }
    *s = (struct state) { place, p, p->bias ? data->bias : NULL, data->dst_count };
    s->product = p->n == 1 && p->kernel[0] * p->kernel[1] == 1 && p->oh == p->h && p->ow == p->w;
    snprintf(out->how, sizeof out->how, s->product ? "gemm" : "convgemm");
    if (!upload(place, data->src, data->src_count, &s->src) ||
        !upload(place, data->weights, data->weights_count, &s->weights) ||
        !upload(place, NULL, data->dst_count, &s->dst) || !run(s, 1)) {
        snprintf(error, BENCH_ERROR, "it failed");
        bench_side_close(out);
        return false;
    }
    return true;
}

const struct bench_peer bench_clblast = { "clblast", "clblast", begin, open };
