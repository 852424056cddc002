// Reference of batch_norm, instance_norm, lrn and reduce.
#include "reference.h"

#include <math.h>

// No sum has more terms than this, whatever the reduction's length (T2).
static const int64_t LONGEST_RUN = 256;

static int64_t plane_of(const cvy_desc *src)
{
    int64_t plane = 1;

    for (int32_t a = 2; a < src->rank; a++) {
        plane *= src->size[a];
    }
    return plane;
}

static double at_or(const double *list, int64_t i, double standard)
{
    return list != NULL ? list[i] : standard;
}

static double or_default(float value, float standard)
{
    return value != 0.0f ? value : standard;
}

void ref_run_batch_norm(const cvy_batch_norm_params *p, const struct ref_inputs *in,
                        struct ref_outputs *out)
{
    int64_t plane = plane_of(&p->src), channels = p->src.size[1];

    ref_outputs_reserve(out, p->src.size[0] * channels * plane);
    for (int64_t i = 0; i < out->count; i++) {
        int64_t c = i / plane % channels;
        double factor = at_or(in->scale, c, 1.0) /
                        sqrt(in->variance[c] + or_default(p->eps, 1e-5f));
        double bias = at_or(in->bias, c, 0.0);
        struct ref_sum sum = { .pre = (in->src[i] - in->mean[c]) * factor + bias, .taps = 2 };

        sum.sum = fabs(factor) * (fabs(in->src[i]) + fabs(in->mean[c])) + fabs(bias);
        ref_store_sum(out, i, &sum, &p->activation, at_or(in->slope, c, 0.0), false);
    }
}

// Mean and variance of a plane, and how far off each may be (T1).
struct moments {
    double mean, variance, mean_bound, variance_bound;
};

static struct moments moments_of(const double *x, int64_t n)
{
    struct moments m = { 0 };
    double magnitude = 0.0;

    for (int64_t i = 0; i < n; i++) {
        m.mean += x[i] / (double)n;
        magnitude += fabs(x[i]) / (double)n;
    }
    for (int64_t i = 0; i < n; i++) {
        m.variance += (x[i] - m.mean) * (x[i] - m.mean) / (double)n;
    }
    m.mean_bound = ref_sum_bound(n, magnitude);
    m.variance_bound = ref_sum_bound(n, m.variance) + m.mean_bound * m.mean_bound;
    return m;
}

void ref_run_instance_norm(const cvy_instance_norm_params *p, const struct ref_inputs *in,
                           struct ref_outputs *out)
{
    int64_t plane = plane_of(&p->src), channels = p->src.size[1];

    ref_outputs_reserve(out, p->src.size[0] * channels * plane);
    for (int64_t first = 0; first < out->count; first += plane) {
        int64_t c = first / plane % channels;
        struct moments m = moments_of(in->src + first, plane);
        double safe = m.variance + or_default(p->eps, 1e-5f);
        double factor = at_or(in->scale, c, 1.0) / sqrt(safe), bias = at_or(in->bias, c, 0.0);

        for (int64_t i = first; i < first + plane; i++) {
            double term = (in->src[i] - m.mean) * factor;
            struct ref_sum sum = { .pre = term + bias, .sum = fabs(term) + fabs(bias), .taps = 2 };

            sum.carried = fabs(factor) * m.mean_bound +
                          fabs(term) * m.variance_bound / (2.0 * safe);
            ref_store_sum(out, i, &sum, &p->activation, at_or(in->slope, c, 0.0), false);
            out->sum[i] += fabs(in->src[i] * factor);
        }
    }
}

// One output: channel c of the pixel at x, whose channels lie `step` apart.
static void lrn_one(const cvy_lrn_params *p, const double *x, int64_t step, int64_t c,
                    struct ref_outputs *out, int64_t to)
{
    int64_t before = p->later ? (p->size - 1) / 2 : p->size / 2;
    double share = or_default(p->alpha, 1e-4f) / (double)p->size, beta = p->beta, base, slope;
    struct ref_sum sum = { 0 };

    beta = beta != 0.0 ? beta : 0.75;
    for (int64_t j = c - before; j < c - before + p->size; j++) {
        if (j >= 0 && j < p->src.size[1]) {
            sum.sum += x[j * step] * x[j * step];
            sum.taps++;
        }
    }
    base = or_default(p->k, 1.0f) + share * sum.sum;
    slope = fabs(x[c * step] * beta * share) * pow(base, -beta - 1.0);
    ref_store_exact(out, to, x[c * step] / pow(base, beta));
    out->sum[to] = sum.sum;
    out->taps[to] = sum.taps;
    out->tolerance[to] = slope * ref_sum_bound(sum.taps, sum.sum) +
                         8.0 * ref_ulp(out->value[to]) + 0x1p-126;
}

void ref_run_lrn(const cvy_lrn_params *p, const struct ref_inputs *in, struct ref_outputs *out)
{
    int64_t plane = plane_of(&p->src), channels = p->src.size[1];

    ref_outputs_reserve(out, p->src.size[0] * channels * plane);
    for (int64_t i = 0; i < out->count; i++) {
        int64_t image = i / plane / channels * plane * channels;

        lrn_one(p, in->src + image + i % plane, plane, i / plane % channels, out, i);
    }
}

bool ref_reduces_to_positions(const cvy_reduce_params *p)
{
    return p->kind == CVY_REDUCE_ARGMAX || p->kind == CVY_REDUCE_ARGMIN;
}

static bool is_reduced(const cvy_reduce_params *p, int32_t axis)
{
    bool any = false;

    for (int32_t a = 0; a < p->src.rank; a++) {
        any = any || p->axes[a];
    }
    return !any || p->axes[axis];
}

void ref_reduce_shape(const cvy_reduce_params *p, struct ref_shape *out)
{
    out->rank = 0;
    for (int32_t a = 0; a < p->src.rank; a++) {
        if (p->keep_dims || !is_reduced(p, a)) {
            out->size[out->rank++] = is_reduced(p, a) ? 1 : p->src.size[a];
        }
    }
    if (out->rank == 0) {
        out->size[out->rank++] = 1;
    }
}

// The output that element i of the source goes to, and its position along the axes that go.
static int64_t place_of(const cvy_reduce_params *p, int64_t i, int64_t *position)
{
    int64_t to = 0, pitch = 1, step = 1;

    *position = 0;
    for (int32_t a = p->src.rank - 1; a >= 0; a--) {
        int64_t size = p->src.size[a], at = i % size;

        i /= size;
        if (is_reduced(p, a)) {
            *position += at * step;
            step *= size;
        } else {
            to += at * pitch;
            pitch *= size;
        }
    }
    return to;
}

// Whether x displaces what an output has: NaN before all, the first among equals.
static bool displaces(const cvy_reduce_params *p, double x, double best)
{
    bool least = p->kind == CVY_REDUCE_MIN || p->kind == CVY_REDUCE_ARGMIN;

    return isnan(x) ? !isnan(best) : least ? x < best : x > best;
}

static void reduce_one(const cvy_reduce_params *p, double x, int64_t position,
                       struct ref_outputs *out, int64_t to)
{
    bool sums = p->kind == CVY_REDUCE_SUM || p->kind == CVY_REDUCE_MEAN;

    if (sums) {
        out->pre[to] += x;
    } else if (out->taps[to] == 0 || displaces(p, x, out->pre[to])) {
        out->pre[to] = x;
        out->indices[to] = position;
    }
    out->sum[to] += fabs(x);
    out->taps[to]++;
}

static void reduce_finish(const cvy_reduce_params *p, bool integers, struct ref_outputs *out,
                          int64_t to)
{
    static const cvy_activation none = { .kind = CVY_NONE };
    int64_t taps = out->taps[to], run = taps < LONGEST_RUN ? taps : LONGEST_RUN;
    struct ref_sum sum = { .pre = out->pre[to], .sum = out->sum[to], .taps = run };

    if (p->kind == CVY_REDUCE_SUM) {
        ref_store_sum(out, to, &sum, &none, 0.0, integers);
    } else if (p->kind == CVY_REDUCE_MEAN) {
        sum.pre /= (double)taps;
        sum.sum /= (double)taps;
        ref_store_sum(out, to, &sum, &none, 0.0, false);
        out->tolerance[to] = ref_average_tolerance(run, sum.sum, sum.pre);
    } else {
        ref_store_exact(out, to, ref_reduces_to_positions(p) ? (double)out->indices[to]
                                                             : out->pre[to]);
        out->sum[to] = sum.sum;
    }
    out->taps[to] = taps;
}

void ref_run_reduce(const cvy_reduce_params *p, const struct ref_inputs *in,
                    struct ref_outputs *out)
{
    int64_t elements = cvy_desc_elements(&p->src), position;
    struct ref_shape dst;

    ref_reduce_shape(p, &dst);
    ref_outputs_reserve(out, ref_count(&dst));
    for (int64_t i = 0; i < out->count; i++) {
        ref_store_exact(out, i, 0.0);
        out->taps[i] = 0;
        out->indices[i] = 0;
    }
    for (int64_t i = 0; i < elements; i++) {
        int64_t to = place_of(p, i, &position);

        reduce_one(p, in->src[i], position, out, to);
    }
    for (int64_t i = 0; i < out->count; i++) {
        reduce_finish(p, in->integers, out, i);
    }
}
