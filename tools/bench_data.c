// Data of the bench's problems: random values, layouts, and whether results are right.
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 300 };

// Counts ------------------------------------------------------------------------------------------

static void count_values(const struct bench_problem *p, struct bench_data *d)
{
    int64_t window = p->kernel[0] * p->kernel[1];

    d->src_count = (size_t)(p->n * p->c * p->h * p->w);
    d->dst_count = (size_t)(p->n * p->k * p->oh * p->ow);
    switch (p->op) {
    case BENCH_CONV:
    case BENCH_DECONV: d->weights_count = (size_t)(p->c * p->k / p->groups * window); break;
    case BENCH_LINEAR: d->weights_count = (size_t)(p->c * p->k); break;
    case BENCH_SEPARABLE:
        d->weights_count = (size_t)(p->c * (p->spatial ? p->kernel[0] : window));
        d->weights2_count = (size_t)(p->c * (p->spatial ? p->kernel[1] : p->k));
        break;
    default: break;
    }
    d->bias_count = !p->bias ? 0 : (size_t)(p->op == BENCH_SEPARABLE ? p->c : p->k);
    d->bias2_count = p->bias2 ? (size_t)p->k : 0;
}

static uint64_t next_random(uint64_t *state)
{
    // SplitMix64 (Steele, Lea, Flood 2014).
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

bool bench_data_make(const struct bench_problem *problem, struct bench_data *d)
{
    uint64_t state = 1;
    size_t count, src2_count;
    float *at;

    *d = (struct bench_data) { 0 };
    count_values(problem, d);
    src2_count = problem->sources > 1 ? d->src_count : 0;
    count = d->src_count + src2_count + d->weights_count + d->bias_count + d->weights2_count +
            d->bias2_count;
    d->block = malloc(count * sizeof *d->block);
    if (d->block == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        d->block[i] = (float)(int32_t)(next_random(&state) >> 40) * 0x1p-23f - 1.0f;
    }
    at = d->block;
    d->src = at;
    d->src2 = at += d->src_count;
    d->weights = at += src2_count;
    d->bias = at += d->weights_count;
    d->weights2 = at += d->bias_count;
    d->bias2 = at += d->weights2_count;
    return true;
}

void bench_data_free(struct bench_data *data)
{
    free(data->block);
    *data = (struct bench_data) { 0 };
}

// Layouts -----------------------------------------------------------------------------------------

static void exchange(const int64_t size[4], bool forward, const float *in, float *out)
{
    int64_t channels = size[1], pixels = size[2] * size[3];

    for (int64_t n = 0; n < size[0]; n++) {
        for (int64_t c = 0; c < channels; c++) {
            for (int64_t i = 0; i < pixels; i++) {
                int64_t nchw = (n * channels + c) * pixels + i;
                int64_t nhwc = (n * pixels + i) * channels + c;

                out[forward ? nhwc : nchw] = in[forward ? nchw : nhwc];
            }
        }
    }
}

static void move(cvy_layout layout, const int64_t size[4], bool forward, const float *in,
                 float *out)
{
    if (layout == CVY_NHWC) {
        exchange(size, forward, in, out);
    } else {
        memcpy(out, in, (size_t)(size[0] * size[1] * size[2] * size[3]) * sizeof *out);
    }
}

void bench_to_layout(cvy_layout layout, const int64_t size[4], const float *nchw, float *out)
{
    move(layout, size, true, nchw, out);
}

void bench_from_layout(cvy_layout layout, const int64_t size[4], const float *in, float *nchw)
{
    move(layout, size, false, in, nchw);
}

// Results -----------------------------------------------------------------------------------------

struct position {
    int64_t n, k, y, x;
};

static double src_at(const struct bench_problem *p, const float *src, int64_t n, int64_t c,
                     int64_t y, int64_t x)
{
    return (double)src[((n * p->c + c) * p->h + y) * p->w + x];
}

// The input position that tap r of window o reads; -1 if it is outside.
static int64_t tap(const struct bench_problem *p, int axis, int64_t o, int64_t r)
{
    int64_t in = axis == 0 ? p->h : p->w;
    int64_t i = o * p->stride[axis] - p->begin[axis] + r * p->dilation[axis];

    return i >= 0 && i < in ? i : -1;
}

// The same of a transposed convolution.
static int64_t back_tap(const struct bench_problem *p, int axis, int64_t o, int64_t r)
{
    int64_t in = axis == 0 ? p->h : p->w;
    int64_t i = o + p->begin[axis] - r * p->dilation[axis];

    return i >= 0 && i % p->stride[axis] == 0 && i / p->stride[axis] < in ? i / p->stride[axis] :
           -1;
}

static double conv_at(const struct bench_problem *p, const struct bench_data *d,
                      const struct position *o)
{
    bool backward = p->op == BENCH_DECONV;
    int64_t (*const in)(const struct bench_problem *, int, int64_t, int64_t) =
        backward ? back_tap : tap;
    int64_t per_group = p->c / p->groups, outs = p->k / p->groups, first = o->k / outs * per_group;
    double sum = p->bias ? (double)d->bias[o->k] : 0.0;

    for (int64_t r = 0; r < p->kernel[0]; r++) {
        for (int64_t s = 0; s < p->kernel[1]; s++) {
            int64_t y = in(p, 0, o->y, r), x = in(p, 1, o->x, s);

            for (int64_t c = 0; y >= 0 && x >= 0 && c < per_group; c++) {
                int64_t filter = backward ? (first + c) * outs + o->k % outs :
                                 o->k * per_group + c;

                sum += src_at(p, d->src, o->n, first + c, y, x) *
                       (double)d->weights[(filter * p->kernel[0] + r) * p->kernel[1] + s];
            }
        }
    }
    return sum;
}

static double pool_at(const struct bench_problem *p, const struct bench_data *d,
                      const struct position *o)
{
    double most = -INFINITY, sum = 0.0;
    int64_t taps = 0;

    for (int64_t r = 0; r < p->kernel[0]; r++) {
        for (int64_t s = 0; s < p->kernel[1]; s++) {
            int64_t y = tap(p, 0, o->y, r), x = tap(p, 1, o->x, s);

            if (y >= 0 && x >= 0) {
                double value = src_at(p, d->src, o->n, o->k, y, x);

                most = fmax(most, value);
                sum += value;
                taps++;
            }
        }
    }
    return p->maximum ? most :
           sum / (double)(p->exclude_pad ? taps : p->kernel[0] * p->kernel[1]);
}

// One channel of the first convolution of a separable one.
static double depthwise_at(const struct bench_problem *p, const struct bench_data *d, int64_t n,
                           int64_t c, int64_t oy, int64_t ox)
{
    double sum = p->bias ? (double)d->bias[c] : 0.0;

    for (int64_t r = 0; r < p->kernel[0]; r++) {
        for (int64_t s = 0; s < (p->spatial ? 1 : p->kernel[1]); s++) {
            int64_t y = tap(p, 0, oy, r), x = p->spatial ? ox : tap(p, 1, ox, s);
            int64_t w = p->spatial ? c * p->kernel[0] + r :
                        (c * p->kernel[0] + r) * p->kernel[1] + s;

            if (y >= 0 && x >= 0) {
                sum += src_at(p, d->src, n, c, y, x) * (double)d->weights[w];
            }
        }
    }
    return sum;
}

static double separable_at(const struct bench_problem *p, const struct bench_data *d,
                           const struct position *o)
{
    double sum = p->bias2 ? (double)d->bias2[o->k] : 0.0;

    if (!p->spatial) {
        for (int64_t c = 0; c < p->c; c++) {
            sum += depthwise_at(p, d, o->n, c, o->y, o->x) * (double)d->weights2[o->k * p->c + c];
        }
        return sum;
    }
    for (int64_t s = 0; s < p->kernel[1]; s++) {
        int64_t x = tap(p, 1, o->x, s);

        if (x >= 0) {
            sum += depthwise_at(p, d, o->n, o->k, o->y, x) *
                   (double)d->weights2[o->k * p->kernel[1] + s];
        }
    }
    return sum;
}

static double linear_at(const struct bench_problem *p, const struct bench_data *d,
                        const struct position *o)
{
    double sum = p->bias ? (double)d->bias[o->k] : 0.0;

    for (int64_t c = 0; c < p->c; c++) {
        sum += (double)d->src[o->n * p->c + c] * (double)d->weights[o->k * p->c + c];
    }
    return sum;
}

static double right_at(const struct bench_problem *p, const struct bench_data *d,
                       const struct position *o)
{
    switch (p->op) {
    case BENCH_POOL: return pool_at(p, d, o);
    case BENCH_SEPARABLE: return separable_at(p, d, o);
    case BENCH_LINEAR: return linear_at(p, d, o);
    case BENCH_ADD:
        return src_at(p, d->src, o->n, o->k, o->y, o->x) +
               src_at(p, d->src2, o->n, o->k, o->y, o->x);
    case BENCH_CONCAT:
        return src_at(p, o->k < p->c ? d->src : d->src2, o->n, o->k % p->c, o->y, o->x);
    default: return conv_at(p, d, o);
    }
}

double bench_sampled_difference(const struct bench_problem *p, const struct bench_data *d,
                                const float *got)
{
    double worst = 0.0, most = 0.0;
    uint64_t state = 2;

    for (int i = 0; i < SAMPLES; i++) {
        // The corners first, where padding is.
        int64_t at = i == 0 ? 0 : i == 1 ? (int64_t)d->dst_count - 1 :
                     (int64_t)(next_random(&state) % d->dst_count);
        const struct position o = { at / (p->ow * p->oh * p->k), at / (p->ow * p->oh) % p->k,
                                    at / p->ow % p->oh, at % p->ow };
        double want = right_at(p, d, &o);

        want = p->relu ? fmax(want, 0.0) : want;
        worst = fmax(worst, fabs((double)got[at] - want));
        worst = isfinite(got[at]) ? worst : INFINITY;
        most = fmax(most, fabs(want));
    }
    return most > 0.0 ? worst / most : INFINITY;
}

double bench_difference(const float *got, const float *want, size_t count)
{
    double worst = 0.0, most = 0.0;

    for (size_t i = 0; i < count; i++) {
        worst = fmax(worst, fabs((double)got[i] - (double)want[i]));
        worst = isfinite(got[i]) ? worst : INFINITY;
        most = fmax(most, fabs((double)want[i]));
    }
    return most > 0.0 ? worst / most : INFINITY;
}

// Winograd F(4x4, 3x3) rounds some ten times as much as direct sums (Lavin and Gray 2015).
double bench_tolerance(const struct bench_problem *problem)
{
    return problem->taps > 0.0 && problem->op != BENCH_POOL && problem->op != BENCH_ADD ? 1e-4 :
           1e-6;
}
