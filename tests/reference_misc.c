// Reference of linear, activation, concat and softmax.
#include "reference.h"

#include <math.h>

static const cvy_activation no_activation = { .kind = CVY_NONE };

static int64_t product(const cvy_desc *desc, int32_t first, int32_t last)
{
    int64_t count = 1;

    for (int32_t i = first; i < last; i++) {
        count *= desc->size[i];
    }
    return count;
}

static struct ref_sum dot(const double *x, const double *w, int64_t n)
{
    struct ref_sum sum = { .taps = n };

    for (int64_t i = 0; i < n; i++) {
        sum.pre += x[i] * w[i];
        sum.sum += fabs(x[i] * w[i]);
    }
    return sum;
}

static void add_term(struct ref_sum *sum, const double *term, int64_t i)
{
    if (term != NULL) {
        sum->pre += term[i];
        sum->sum += fabs(term[i]);
    }
}

void ref_run_linear(const cvy_linear_params *params, const struct ref_inputs *in,
                    struct ref_outputs *out)
{
    int64_t rows = product(&params->src, 0, params->src.rank - 1);
    int64_t features = params->src.size[params->src.rank - 1];
    int64_t outputs = params->out_features;

    ref_outputs_reserve(out, rows * outputs);
    for (int64_t i = 0; i < rows * outputs; i++) {
        int64_t row = i / outputs, k = i % outputs;
        struct ref_sum sum = dot(in->src + row * features, in->weights + k * features, features);

        add_term(&sum, in->bias, k);
        add_term(&sum, in->residual, i);
        ref_store_sum(out, i, &sum, &params->activation, in->slope != NULL ? in->slope[k] : 0.0,
                      in->integers);
    }
}

// A sum of one tap with weight 1. Kinds of the relu family only choose or round once (T6).
void ref_run_activation(const cvy_activation_params *params, const struct ref_inputs *in,
                        struct ref_outputs *out)
{
    const cvy_desc *src = &params->src;
    bool many = params->num_parameters > 1;
    int64_t inner = src->rank > 2 ? product(src, 2, src->rank) : 1;

    ref_outputs_reserve(out, product(src, 0, src->rank));
    for (int64_t i = 0; i < out->count; i++) {
        struct ref_sum sum = { .pre = in->src[i], .sum = fabs(in->src[i]), .taps = 1 };
        double slope = in->slope == NULL ? 0.0 :
                       in->slope[many ? i / inner % src->size[1] : 0];

        ref_store_sum(out, i, &sum, &params->activation, slope, false);
        if (ref_relu_family(params->activation.kind)) {
            out->tolerance[i] = 0.0;
        }
    }
}

void ref_run_concat(const struct ref_problem *problem, const struct ref_inputs *in,
                    struct ref_outputs *out)
{
    const cvy_desc *first = &problem->sources[0];
    int32_t axis = ref_axis_number(problem->concat.axis, first->rank);
    int64_t outer = product(first, 0, axis), inner = product(first, axis + 1, first->rank);
    int64_t length = 0, begin = 0;

    for (size_t s = 0; s < problem->concat.src_count; s++) {
        length += problem->sources[s].size[axis];
    }
    ref_outputs_reserve(out, outer * length * inner);
    for (size_t s = 0; s < problem->concat.src_count; s++) {
        int64_t run = problem->sources[s].size[axis] * inner;

        for (int64_t i = 0; i < outer * run; i++) {
            ref_store_exact(out, i / run * length * inner + begin * inner + i % run,
                            in->sources[s][i]);
        }
        begin += problem->sources[s].size[axis];
    }
}

static void softmax_line(const double *x, int64_t n, int64_t step, bool log_of,
                         struct ref_outputs *out, int64_t first)
{
    double most = -INFINITY, total = 0.0;

    for (int64_t i = 0; i < n; i++) {
        most = fmax(most, x[i * step]);
    }
    for (int64_t i = 0; i < n; i++) {
        total += exp(x[i * step] - most);
    }
    for (int64_t i = 0; i < n; i++) {
        double below = x[i * step] - most;
        struct ref_sum sum = { .pre = log_of ? below - log(total) : exp(below) / total,
                               .sum = 1.0, .taps = n };

        ref_store_sum(out, first + i * step, &sum, &no_activation, 0.0, false);
        out->tolerance[first + i * step] = log_of ? ref_log_softmax_tolerance(n, sum.pre) :
                                           ref_softmax_tolerance(n, sum.pre);
    }
}

void ref_run_softmax(const cvy_softmax_params *params, const struct ref_inputs *in,
                     struct ref_outputs *out)
{
    const cvy_desc *src = &params->src;
    int32_t axis = ref_axis_number(params->axis, src->rank);
    int64_t n = src->size[axis], inner = product(src, axis + 1, src->rank);
    int64_t lines = n > 0 ? product(src, 0, src->rank) / n : 0;

    ref_outputs_reserve(out, lines * n);
    for (int64_t i = 0; i < lines; i++) {
        int64_t first = i / inner * n * inner + i % inner;

        softmax_line(in->src + first, n, inner, params->log, out, first);
    }
}
