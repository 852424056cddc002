// Activations in double precision, and how close a float32 result must be: T0, T1, T3, T6 and T11
// of the numerical tolerance policy.
#include "reference.h"

#include <math.h>

static const double U = 0x1p-24;            // half an ulp of 1 in float32
static const double LEAST = 0x1p-126;       // least normal float32: denormals may be flushed
static const double EXACT_LIMIT = 0x1p24;   // integers up to here are exact in float32
static const double PI = 3.14159265358979323846;

static double or_default(float value, float standard)
{
    return value != 0.0f ? value : standard;
}

static double clamp(double x, double low, double high)
{
    double above = x < low ? low : x;

    return above > high ? high : above;
}

static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

static double hard_sigmoid(const cvy_activation *a, double x)
{
    bool standard = a->alpha == 0.0f && a->beta == 0.0f;
    double alpha = standard ? 1.0 / 6.0 : a->alpha;
    double beta = standard ? 0.5 : a->beta;

    return clamp(alpha * x + beta, 0.0, 1.0);
}

static double softplus(double alpha, double beta, double x)
{
    return alpha * x > beta ? x : log1p(exp(alpha * x)) / alpha;
}

static double gelu_tanh(double x)
{
    return 0.5 * x * (1.0 + tanh(sqrt(2.0 / PI) * (x + 0.044715 * x * x * x)));
}

double ref_activate(const cvy_activation *a, double slope, double x)
{
    switch (a->kind) {
    case CVY_RELU: return x < 0.0 ? 0.0 : x;
    case CVY_CLIP: return clamp(x, a->alpha, a->beta);
    case CVY_RELU6: return clamp(x, 0.0, 6.0);
    case CVY_LEAKY_RELU: return x < 0.0 ? or_default(a->alpha, 0.01f) * x : x;
    case CVY_PRELU: return x < 0.0 ? slope * x : x;
    case CVY_ELU: return x < 0.0 ? or_default(a->alpha, 1.0f) * expm1(x) : x;
    case CVY_SELU: return 1.0507009873554805 * (x < 0.0 ? 1.6732632423543772 * expm1(x) : x);
    case CVY_SIGMOID: return sigmoid(x);
    case CVY_HARD_SIGMOID: return hard_sigmoid(a, x);
    case CVY_TANH: return tanh(x);
    case CVY_SILU: return x * sigmoid(x);
    case CVY_HARD_SWISH:
        return or_default(a->alpha, 1.0f) * x * clamp(x / 6.0 + 0.5, 0.0, 1.0) + a->beta;
    case CVY_SOFTPLUS: return softplus(or_default(a->alpha, 1.0f), or_default(a->beta, 20.0f), x);
    case CVY_GELU: return 0.5 * x * erfc(-x / sqrt(2.0));
    case CVY_GELU_TANH: return gelu_tanh(x);
    case CVY_MISH: return x * tanh(softplus(1.0, 20.0, x));
    default: return x;
    }
}

// Kinds that only choose between exact values or round once.
bool ref_relu_family(cvy_activation_kind kind)
{
    return kind == CVY_NONE || kind == CVY_RELU || kind == CVY_CLIP || kind == CVY_RELU6 ||
           kind == CVY_LEAKY_RELU || kind == CVY_PRELU;
}

static bool rounds(cvy_activation_kind kind)
{
    return kind != CVY_NONE && kind != CVY_RELU && kind != CVY_CLIP && kind != CVY_RELU6;
}

// The largest slope, rounded up.
static double lipschitz(const cvy_activation *a, double slope)
{
    switch (a->kind) {
    case CVY_LEAKY_RELU: return fmax(1.0, fabs(or_default(a->alpha, 0.01f)));
    case CVY_PRELU: return fmax(1.0, fabs(slope));
    case CVY_ELU: return fmax(1.0, fabs(or_default(a->alpha, 1.0f)));
    case CVY_SELU: return 1.759;
    case CVY_SIGMOID: return 0.25;
    case CVY_HARD_SIGMOID: return a->alpha != 0.0f || a->beta != 0.0f ? fabs(a->alpha) : 1.0 / 6.0;
    case CVY_SILU: return 1.1;
    case CVY_HARD_SWISH: return 1.5 * fabs(or_default(a->alpha, 1.0f));
    case CVY_GELU: return 1.13;
    case CVY_GELU_TANH: return 1.13;
    case CVY_MISH: return 1.09;
    default: return 1.0;
    }
}

double ref_ulp(double x)
{
    int exponent;

    if (x == 0.0 || !isfinite(x)) {
        return 0x1p-149;
    }
    frexp(x, &exponent);
    return exponent - 24 < -149 ? 0x1p-149 : ldexp(1.0, exponent - 24);
}

double ref_sum_bound(int64_t taps, double sum)
{
    return 2.0 * U * (sqrt((double)taps) + 4.0) * sum + (double)taps * LEAST;
}

// T1, or T3.
static double own_bound(const struct ref_sum *s)
{
    return s->channels == 0 ? ref_sum_bound(s->taps, s->sum) :
           2.0 * U * (1.0 + sqrt((double)s->channels) / 8.0) * s->winograd +
           (double)s->taps * LEAST;
}

// An infinite sum says nothing about a finite result, such as tanh(inf): only the function's own
// error is left.
double ref_sum_tolerance(const cvy_activation *a, double slope, const struct ref_sum *s, bool exact)
{
    double bound = own_bound(s) + s->carried;
    double value = ref_activate(a, slope, s->pre);

    if (isinf(s->winograd)) {
        return INFINITY;
    }
    if (exact && s->channels == 0 && s->carried == 0.0 && ref_relu_family(a->kind)) {
        return 0.0;
    }
    bound = isfinite(bound) ? lipschitz(a, slope) * bound : 0.0;
    if (a->kind == CVY_HARD_SWISH) {
        bound += 8.0 * ref_ulp(a->beta);        // the term may take most of the value away
    }
    return rounds(a->kind) ? bound + 8.0 * ref_ulp(value) + LEAST : bound;
}

void ref_store_sum(struct ref_outputs *out, int64_t i, const struct ref_sum *s,
                   const cvy_activation *activation, double slope, bool exact)
{
    out->pre[i] = s->pre;
    out->value[i] = ref_activate(activation, slope, s->pre);
    out->sum[i] = s->sum;
    out->carried[i] = s->carried;
    out->taps[i] = s->taps;
    out->tolerance[i] = ref_sum_tolerance(activation, slope, s, exact && s->sum <= EXACT_LIMIT);
}

void ref_store_exact(struct ref_outputs *out, int64_t i, double value)
{
    out->pre[i] = value;
    out->value[i] = value;
    out->sum[i] = fabs(value);
    out->carried[i] = 0.0;
    out->taps[i] = 1;
    out->tolerance[i] = 0.0;
}

double ref_average_tolerance(int64_t taps, double mean_magnitude, double value)
{
    double bound = 2.0 * U * (sqrt((double)taps) + 4.0) * mean_magnitude;

    return isfinite(bound) ? bound + 2.5 * ref_ulp(value) : 0.0;
}

double ref_lp_tolerance(int64_t taps, double sum, double p)
{
    double bound = ref_sum_bound(taps, sum);
    double value = pow(sum, 1.0 / p);
    double above = pow(sum + bound, 1.0 / p) - value;
    double below = value - pow(fmax(sum - bound, 0.0), 1.0 / p);

    return isfinite(bound) ? fmax(above, below) + 16.0 * ref_ulp(value) + LEAST : 0.0;
}

double ref_log_softmax_tolerance(int64_t n, double value)
{
    return (8.0 + sqrt((double)n)) * 2.0 * U * fmax(1.0, fabs(value));
}

double ref_softmax_tolerance(int64_t n, double value)
{
    return ((double)n / 8.0 + 8.0) * 2.0 * U * value + LEAST;
}
