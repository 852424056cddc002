// Reference of pooling and of its undoing.
#include "reference.h"

#include <math.h>

// The taps of one output along one axis, and how many of them an average with padding counts.
struct window {
    int64_t start, step, count, padded;
};

// What one window gives.
struct pooled {
    double best, sum, magnitude;
    int64_t index, taps;
};

static bool adaptive(cvy_pool_kind kind)
{
    return kind == CVY_POOL_ADAPTIVE_MAX || kind == CVY_POOL_ADAPTIVE_AVERAGE;
}

static bool takes_max(cvy_pool_kind kind)
{
    return kind == CVY_POOL_MAX || kind == CVY_POOL_ADAPTIVE_MAX;
}

// PyTorch's rule: the last window must start inside the input or the padding before it.
static void windowed_size(struct ref_axis *a, bool ceil_mode)
{
    int64_t room = a->in + a->begin + a->end - a->dilation * (a->kernel - 1) - 1;

    a->out = room < 0 ? 0 : room / a->stride + 1;
    if (ceil_mode && room >= 0) {
        a->out = (room + a->stride - 1) / a->stride + 1;
        if ((a->out - 1) * a->stride >= a->in + a->begin) {
            a->out--;
        }
    }
}

static void setup_axis(const cvy_pool_params *p, int i, struct ref_axis *a)
{
    a->in = p->src.size[2 + i];
    if (adaptive(p->kind)) {
        a->out = p->output_size[i];
        return;
    }
    if (p->global) {
        a->kernel = a->in;
        a->out = 1;
        return;
    }
    a->kernel = p->kernel_size[i];
    a->stride = p->stride[i] == 0 ? a->kernel : p->stride[i];
    a->dilation = p->dilation[i] == 0 ? 1 : p->dilation[i];
    a->begin = p->padding[i];
    a->end = p->padding_rule == CVY_PAD_BEGIN_END ? p->padding_end[i] : a->begin;
    if (p->padding_rule == CVY_PAD_SAME) {
        a->begin = a->dilation * (a->kernel - 1) / 2;
        a->end = a->dilation * (a->kernel - 1) - a->begin;
    }
    windowed_size(a, p->ceil_mode);
}

void ref_pool_setup(const cvy_pool_params *p, struct ref_axis axis[REF_AXES])
{
    int first = REF_AXES - (p->src.rank - 2);

    for (int i = 0; i < REF_AXES; i++) {
        axis[i] = (struct ref_axis) { .in = 1, .out = 1, .kernel = 1, .stride = 1, .dilation = 1 };
        if (i >= first) {
            setup_axis(p, i - first, &axis[i]);
        }
    }
}

static struct window window_of(const struct ref_axis *a, bool is_adaptive, int64_t o)
{
    struct window w = { .start = o * a->stride - a->begin, .step = a->dilation,
                        .count = a->kernel };

    if (is_adaptive) {
        w.start = o * a->in / a->out;
        w.count = ((o + 1) * a->in + a->out - 1) / a->out - w.start;
        w.step = 1;
    }
    for (int64_t t = 0; t < w.count; t++) {
        w.padded += w.start + t * w.step < a->in + a->end;
    }
    return w;
}

// PyTorch's scan: a NaN always wins, and so the last one does; of equals the first.
static void take(struct pooled *p, double x, double norm, int64_t index)
{
    if (p->taps == 0 || x > p->best || isnan(x)) {
        p->best = x;
        p->index = index;
    }
    p->sum += norm == 0.0 ? x : pow(fabs(x), norm);
    p->magnitude += fabs(x);
    p->taps++;
}

static struct pooled scan(const struct ref_axis *axis, const struct window *w, const double *plane,
                          double norm)
{
    struct pooled p = { .best = -INFINITY, .index = -1 };

    for (int64_t t = 0; t < w[0].count * w[1].count * w[2].count; t++) {
        int64_t x = w[0].start + t / w[2].count / w[1].count * w[0].step;
        int64_t y = w[1].start + t / w[2].count % w[1].count * w[1].step;
        int64_t z = w[2].start + t % w[2].count * w[2].step;

        if (x >= 0 && x < axis[0].in && y >= 0 && y < axis[1].in && z >= 0 && z < axis[2].in) {
            int64_t index = (x * axis[1].in + y) * axis[2].in + z;

            take(&p, plane[index], norm, index);
        }
    }
    return p;
}

static int64_t divisor_of(const cvy_pool_params *p, const struct window *w, int64_t taps)
{
    if (p->divisor_override != 0) {
        return p->divisor_override;
    }
    if (p->count_include_pad == CVY_COUNT_PAD_EXCLUDE) {
        return taps;
    }
    return w[0].padded * w[1].padded * w[2].padded;
}

static void store_average(struct ref_outputs *out, int64_t i, const struct pooled *p,
                          int64_t divisor)
{
    double value = p->taps == 0 ? 0.0 : p->sum / (double)divisor;
    double mean = p->taps == 0 ? 0.0 : p->magnitude / (double)divisor;

    out->value[i] = value;
    out->pre[i] = value;
    out->tolerance[i] = ref_average_tolerance(p->taps, mean, value);
}

static void store_pooled(const cvy_pool_params *params, const struct window *w,
                         const struct pooled *p, int64_t i, struct ref_outputs *out)
{
    double norm = params->norm_type == 0.0f ? 2.0 : params->norm_type;

    out->sum[i] = p->magnitude;
    out->carried[i] = 0.0;
    out->taps[i] = p->taps;
    if (takes_max(params->kind)) {
        out->value[i] = p->best;
        out->pre[i] = p->best;
        out->tolerance[i] = 0.0;
    } else if (params->kind == CVY_POOL_LP) {
        out->pre[i] = p->sum;
        out->value[i] = pow(p->sum, 1.0 / norm);
        out->tolerance[i] = ref_lp_tolerance(p->taps, p->sum, norm);
    } else {
        store_average(out, i, p, divisor_of(params, w, p->taps));
    }
}

static void run_position(const cvy_pool_params *params, const struct ref_axis *axis,
                         const double *src, int64_t position, struct ref_outputs *out)
{
    int64_t o[REF_AXES] = { position / axis[2].out / axis[1].out,
                            position / axis[2].out % axis[1].out, position % axis[2].out };
    int64_t in_plane = axis[0].in * axis[1].in * axis[2].in;
    int64_t out_plane = axis[0].out * axis[1].out * axis[2].out;
    double norm = params->kind != CVY_POOL_LP ? 0.0 :
                  params->norm_type == 0.0f ? 2.0 : params->norm_type;
    struct window w[REF_AXES];

    for (int i = 0; i < REF_AXES; i++) {
        w[i] = window_of(&axis[i], adaptive(params->kind), o[i]);
    }
    for (int64_t plane = 0; plane < params->src.size[0] * params->src.size[1]; plane++) {
        struct pooled p = scan(axis, w, src + plane * in_plane, norm);
        int64_t i = plane * out_plane + position;

        store_pooled(params, w, &p, i, out);
        out->indices[i] = params->indices == CVY_INDICES_TENSOR && p.index >= 0 ?
                          plane * in_plane + p.index : p.index;
    }
}

void ref_run_pool(const cvy_pool_params *params, const struct ref_inputs *in,
                  struct ref_outputs *out)
{
    struct ref_axis axis[REF_AXES];
    int64_t out_plane;

    ref_pool_setup(params, axis);
    out_plane = axis[0].out * axis[1].out * axis[2].out;
    ref_outputs_reserve(out, params->src.size[0] * params->src.size[1] * out_plane);
    for (int64_t position = 0; position < out_plane; position++) {
        run_position(params, axis, in->src, position, out);
    }
}

void ref_max_unpool_shape(const cvy_max_unpool_params *p, struct ref_shape *out)
{
    out->rank = p->src.rank;
    for (int32_t i = 0; i < p->src.rank; i++) {
        int32_t a = i - 2;

        out->size[i] = p->src.size[i];
        if (a >= 0) {
            int64_t stride = p->stride[a] == 0 ? p->kernel_size[a] : p->stride[a];
            int64_t natural = (p->src.size[i] - 1) * stride - 2 * p->padding[a] + p->kernel_size[a];

            out->size[i] = p->output_size[a] != 0 ? p->output_size[a] : natural;
        }
    }
}

void ref_run_max_unpool(const cvy_max_unpool_params *params, const struct ref_inputs *in,
                        struct ref_outputs *out)
{
    struct ref_shape dst;
    int64_t planes = params->src.size[0] * params->src.size[1];
    bool whole = params->indices == CVY_INDICES_TENSOR;
    int64_t in_plane = 1, out_plane;

    ref_max_unpool_shape(params, &dst);
    for (int32_t i = 2; i < params->src.rank; i++) {
        in_plane *= params->src.size[i];
    }
    ref_outputs_reserve(out, ref_count(&dst));
    out_plane = planes == 0 ? 0 : out->count / planes;
    for (int64_t i = 0; i < out->count; i++) {
        ref_store_exact(out, i, 0.0);
        out->taps[i] = 0;
    }
    for (int64_t i = 0; i < planes * in_plane; i++) {
        int64_t limit = whole ? out->count : out_plane;

        if (in->indices[i] >= 0 && in->indices[i] < limit) {
            ref_store_exact(out, in->indices[i] + (whole ? 0 : i / in_plane * out_plane),
                            in->src[i]);
        }
    }
}
