// Names, activations and costs of problems.
#include "plan/problem.h"
#include "plan/names.h"

#include <math.h>

const char *op_name(enum op op)
{
    static const char *const names[] = {
        [OP_CONV] = "conv", [OP_POOL] = "pool", [OP_UNPOOL] = "unpool",
        [OP_SEPARABLE] = "separable", [OP_ACTIVATION] = "activation", [OP_COPY] = "copy",
        [OP_CONCAT] = "concat", [OP_SOFTMAX] = "softmax",
        [OP_BATCH_NORM] = "batch_norm", [OP_INSTANCE_NORM] = "instance_norm", [OP_LRN] = "lrn",
        [OP_UNARY] = "unary", [OP_BINARY] = "binary", [OP_WHERE] = "where", [OP_CAST] = "cast",
        [OP_PAD] = "pad", [OP_GATHER] = "gather", [OP_REDUCE] = "reduce",
        [OP_RESIZE] = "resize", [OP_MATMUL] = "matmul",
    };

    return (unsigned)op < COUNT_OF(names) ? names[op] : "unknown";
}

// PoCL takes 22 ms to open a program that it has compiled before, however small: so there are few.
const char *op_family(enum op op)
{
    switch (op) {
    case OP_CONV:
    case OP_SEPARABLE:
    case OP_POOL:
    case OP_UNPOOL:
    case OP_COPY:
    case OP_CONCAT:
    case OP_PAD:
        return "maps";
    default:
        return "others";
    }
}

int activation_values(cvy_activation_kind kind)
{
    switch (kind) {
    case CVY_CLIP:
    case CVY_HARD_SIGMOID:
    case CVY_HARD_SWISH:
    case CVY_SOFTPLUS:
        return 2;
    case CVY_LEAKY_RELU:
    case CVY_ELU:
        return 1;
    default:
        return 0;
    }
}

// Values that the kind does not take, or not so.
static cvy_status values_check(const cvy_activation *a, const char *name)
{
    int values = activation_values(a->kind);
    bool alpha = a->alpha != 0.0f && values < 1;

    if (alpha || (a->beta != 0.0f && values < 2))
        return fail(CVY_ERR_ARGUMENT, "%s.%s is %g; %s does not take it", name,
                    alpha ? "alpha" : "beta", (double)(alpha ? a->alpha : a->beta),
                    activation_name(a->kind));
    if (a->kind == CVY_CLIP && a->alpha > a->beta)
        return fail(CVY_ERR_ARGUMENT, "%s clips to [%g, %g]; alpha may not be above beta", name,
                    (double)a->alpha, (double)a->beta);
    return CVY_OK;
}

cvy_status activation_check(cvy_activation *activation, const char *name)
{
    static const cvy_activation defaults[CVY_ACTIVATION_COUNT] = {
        [CVY_LEAKY_RELU] = { CVY_LEAKY_RELU, 0.01f, 0.0f },
        [CVY_ELU] = { CVY_ELU, 1.0f, 0.0f },
        [CVY_HARD_SWISH] = { CVY_HARD_SWISH, 1.0f, 0.0f },
        [CVY_SOFTPLUS] = { CVY_SOFTPLUS, 1.0f, 20.0f },
    };
    cvy_activation *a = activation;
    cvy_status st;

    if (a->kind < 0 || a->kind >= CVY_ACTIVATION_COUNT)
        return fail(CVY_ERR_ARGUMENT, "%s.kind is %d, which is no cvy_activation_kind", name,
                    (int)a->kind);
    if (isnan(a->alpha) || isnan(a->beta))
        return fail(CVY_ERR_ARGUMENT, "%s.%s is NaN", name, isnan(a->alpha) ? "alpha" : "beta");
    st = values_check(a, name);
    if (st != CVY_OK)
        return st;
    if (a->kind == CVY_HARD_SIGMOID && a->alpha == 0.0f && a->beta == 0.0f) {
        a->alpha = 1.0f / 6.0f;
        a->beta = 0.5f;
    }
    if (a->alpha == 0.0f)
        a->alpha = defaults[a->kind].alpha;
    if (a->beta == 0.0f)
        a->beta = defaults[a->kind].beta;
    return CVY_OK;
}

bool activation_piecewise(const cvy_activation *activation, float *slope, float *low, float *high)
{
    *slope = 1.0f;
    *low = -INFINITY;
    *high = INFINITY;
    switch (activation->kind) {
    case CVY_NONE:
        return true;
    case CVY_RELU:
        *low = 0.0f;
        return true;
    case CVY_RELU6:
        *low = 0.0f;
        *high = 6.0f;
        return true;
    case CVY_CLIP:
        *low = activation->alpha;
        *high = activation->beta;
        return true;
    case CVY_LEAKY_RELU:
        *slope = activation->alpha;
        return true;
    case CVY_HARD_SWISH:
        *slope = activation->alpha / 6.0f;
        *low = NAN;
        *high = activation->beta;
        return true;
    default:
        return false;
    }
}

// Counts that go beyond 63 bits stay at INT64_MAX, where limits are found.
static int64_t times(int64_t a, int64_t b)
{
    return mul_i64(a, b, &a) ? a : INT64_MAX;
}

int64_t window_taps(const struct window *window)
{
    return times(times(window->kernel[0], window->kernel[1]), window->kernel[2]);
}

int64_t conv_macs(const struct problem *problem, const struct conv_problem *conv)
{
    const struct tensor *map = problem->direction == FORWARD ? &problem->dst : &problem->src;
    int64_t other = problem->direction == FORWARD ? problem->src.size[AXIS_C]
                                                  : problem->dst.size[AXIS_C];

    return times(times(tensor_elements(map), other / conv->groups), window_taps(&conv->window));
}

int64_t conv_parameters(const struct problem *problem, const struct conv_problem *conv)
{
    int64_t c = problem->src.size[AXIS_C], k = problem->dst.size[AXIS_C];
    int64_t weights = times(times(c / conv->groups, k), window_taps(&conv->window));

    return weights > INT64_MAX - k ? INT64_MAX : weights + (conv->bias ? k : 0);
}
