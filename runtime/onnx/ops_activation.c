// Activations and softmax.
#include "onnx/ops_layers.h"

#include <float.h>
#include <string.h>

// Those without parameters.
static const struct {
    const char *name;
    cvy_activation_kind kind;
    cvy_unary_kind unary;
} kinds[] = {
    { "Relu", CVY_RELU, 0 }, { "Sigmoid", CVY_SIGMOID, 0 }, { "Tanh", CVY_TANH, 0 },
    { "HardSwish", CVY_HARD_SWISH, 0 }, { "Softplus", CVY_SOFTPLUS, 0 },
    { "Mish", CVY_MISH, 0 }, { "Softsign", CVY_NONE, CVY_SOFTSIGN },
};

EXPAND(expand_activation)
{
    size_t i = 0;

    while (!op_is(op->node, kinds[i].name))
        i++;
    if (kinds[i].unary)
        return op_unary(op, kinds[i].unary, op->in[0], &op->out[0]);
    return op_activation(op, (cvy_activation) { kinds[i].kind }, op->in[0], &op->out[0]);
}

// An alpha of 0 would be read as the default: with it these are Relu.
static cvy_activation sloped(cvy_activation_kind kind, float alpha)
{
    return (cvy_activation) { alpha == 0.0f ? CVY_RELU : kind, alpha, 0.0f };
}

EXPAND(expand_leaky_relu)
{
    return op_activation(op, sloped(CVY_LEAKY_RELU, onnx_float(op->node, "alpha", 0.01f)),
                         op->in[0], &op->out[0]);
}

EXPAND(expand_elu)
{
    return op_activation(op, sloped(CVY_ELU, onnx_float(op->node, "alpha", 1.0f)), op->in[0],
                         &op->out[0]);
}

// gamma (x < 0 ? alpha (exp(x) - 1) : x). Defaults are rounded to four digits in opset 1.
EXPAND(expand_selu)
{
    const float alpha_default = 1.67326319217681884765625f;
    const float gamma_default = 1.05070102214813232421875f;
    bool old = op->node->opset < 6;
    float alpha = onnx_float(op->node, "alpha", old ? 1.6732f : alpha_default);
    float gamma = onnx_float(op->node, "gamma", old ? 1.0507f : gamma_default);
    cvy_value elu, factor;
    cvy_status st = CVY_OK;

    if (alpha == alpha_default && gamma == gamma_default)
        return op_activation(op, (cvy_activation) { CVY_SELU }, op->in[0], &op->out[0]);
    TRY(op_activation(op, sloped(CVY_ELU, alpha), op->in[0], &elu));
    TRY(op_number(op, CVY_F32, (double)gamma, &factor));
    st = op_binary(op, CVY_MUL, elu, factor, &op->out[0]);
out:
    return st;
}

EXPAND(expand_hard_sigmoid)
{
    cvy_activation activation = { CVY_HARD_SIGMOID, onnx_float(op->node, "alpha", 0.2f),
                                  onnx_float(op->node, "beta", 0.5f) };

    if (activation.alpha == 0.0f && activation.beta == 0.0f)    // which would be the default
        activation.kind = CVY_CLIP;
    return op_activation(op, activation, op->in[0], &op->out[0]);
}

EXPAND(expand_thresholded_relu)
{
    float alpha = onnx_float(op->node, "alpha", 1.0f);

    if (alpha == 0.0f)
        return op_activation(op, (cvy_activation) { CVY_RELU }, op->in[0], &op->out[0]);
    return cvy_graph_unary(op->graph, &(cvy_unary_params) { .kind = CVY_THRESHOLDED_RELU,
                           .alpha = alpha }, &(cvy_node) { .name = op->node->name,
                           .src = op->in[0] }, &op->out[0]);
}

cvy_status check_gelu(const struct onnx_node *node)
{
    static const char *const choices[] = { "none", "tanh", NULL };

    return op_choose(node, "approximate", choices);
}

EXPAND(expand_gelu)
{
    bool tanh = strcmp(onnx_string(op->node, "approximate", "none"), "tanh") == 0;

    return op_activation(op, (cvy_activation) { tanh ? CVY_GELU_TANH : CVY_GELU }, op->in[0],
                         &op->out[0]);
}

// PRelu -------------------------------------------------------------------------------------------

// Whether a slope, broadcast to src, is one number for each channel or for all: *count of them.
static bool slope_of_channels(const struct op *op, const cvy_desc *src, const cvy_desc *slope,
                              int64_t *count)
{
    int32_t ahead = src->rank - slope->rank;

    *count = op_product(slope->size, 0, slope->rank);
    if (*count == 1)
        return true;
    if (src->rank < 2 || *count != src->size[1])
        return false;
    if (op->node->opset < 7 && slope->rank == 1)
        return true;
    return ahead >= 0 && ahead <= 1 && slope->size[1 - ahead] == *count;
}

// max(x, 0) + slope min(x, 0)
static cvy_status prelu_by_parts(const struct op *op, cvy_value *out)
{
    cvy_value zero, positive, negative;
    cvy_status st = CVY_OK;

    TRY(op_number(op, CVY_F32, 0.0, &zero));
    TRY(op_activation(op, (cvy_activation) { CVY_RELU }, op->in[0], &positive));
    TRY(op_binary(op, CVY_MIN, op->in[0], zero, &negative));
    TRY(op_binary(op, CVY_MUL, negative, op->in[1], &negative));
    st = op_binary(op, CVY_ADD, positive, negative, out);
out:
    return st;
}

EXPAND(expand_prelu)
{
    cvy_activation_params params = { .activation = { CVY_PRELU } };
    struct op_list vector = { .count = 1 };
    cvy_value slope = op->in[1];
    cvy_desc src, desc;
    cvy_status st = CVY_OK;

    TRY(op_desc(op, op->in[0], &src));
    TRY(op_desc(op, slope, &desc));
    if (!slope_of_channels(op, &src, &desc, &params.num_parameters))
        return prelu_by_parts(op, &op->out[0]);
    vector.at[0] = params.num_parameters;
    if (desc.rank != 1)
        TRY(op_reshape(op, slope, &vector, &slope));
    st = cvy_graph_activation(op->graph, &params, &(cvy_node) { .name = op->node->name,
                              .src = op->in[0], .slope = slope }, &op->out[0]);
out:
    return st;
}

// Clip --------------------------------------------------------------------------------------------

// Bounds in attributes.
EXPAND(expand_clip_attrs)
{
    const cvy_activation clip = { CVY_CLIP, onnx_float(op->node, "min", -FLT_MAX),
                                  onnx_float(op->node, "max", FLT_MAX) };

    return op_activation(op, clip, op->in[0], &op->out[0]);
}

static bool is_ready(const struct op *op, size_t input)
{
    return !op_has(op, input) || op_is_constant(op, op->in[input]);
}

static cvy_status clip_constant(const struct op *op)
{
    double least = -(double)FLT_MAX, most = (double)FLT_MAX;
    cvy_status st = CVY_OK;

    if (op_has(op, 1))
        TRY(op_input_number(op, 1, "min", &least));
    if (op_has(op, 2))
        TRY(op_input_number(op, 2, "max", &most));
    st = op_activation(op, (cvy_activation) { CVY_CLIP, (float)least, (float)most }, op->in[0],
                       &op->out[0]);
out:
    return st;
}

EXPAND(expand_clip)
{
    cvy_value value = op->in[0];
    cvy_desc src;
    cvy_status st = CVY_OK;

    TRY(op_desc(op, value, &src));
    if (src.dtype == CVY_F32 && (op_has(op, 1) || op_has(op, 2)) && is_ready(op, 1)
        && is_ready(op, 2))
        return clip_constant(op);
    if (op_has(op, 1))
        TRY(op_binary(op, CVY_MAX, value, op->in[1], &value));
    if (op_has(op, 2))
        TRY(op_binary(op, CVY_MIN, value, op->in[2], &value));
    op->out[0] = value;
out:
    return st;
}

// Softmax -----------------------------------------------------------------------------------------

static cvy_status add_softmax(const struct op *op, int32_t axis, cvy_value src, cvy_value *out)
{
    const cvy_softmax_params params = { .log = op_is(op->node, "LogSoftmax"), .axis = axis };

    return cvy_graph_softmax(op->graph, &params,
                             &(cvy_node) { .name = op->node->name, .src = src }, out);
}

// Before opset 13: over all axes from `axis` on, as one.
static cvy_status softmax_flat(const struct op *op, const cvy_desc *src)
{
    int64_t axis = onnx_int(op->node, "axis", 1);
    const struct op_list sizes = op_sizes(src);
    struct op_list flat = { .count = 2 };
    int32_t at;
    cvy_value value;
    cvy_status st = CVY_OK;

    if (axis == src->rank)      // nothing is left
        at = src->rank;
    else
        TRY(op_axis(axis, src->rank, &at));
    if (at == src->rank - 1)
        return add_softmax(op, at, op->in[0], &op->out[0]);
    flat.at[0] = op_product(src->size, 0, at);
    flat.at[1] = op_product(src->size, at, src->rank);
    TRY(op_reshape(op, op->in[0], &flat, &value));
    TRY(add_softmax(op, 1, value, &value));
    st = op_reshape(op, value, &sizes, &op->out[0]);
out:
    return st;
}

EXPAND(expand_softmax)
{
    int32_t axis;
    cvy_desc src;
    cvy_status st = CVY_OK;

    TRY(op_desc(op, op->in[0], &src));
    if (op->node->opset < 13)
        return softmax_flat(op, &src);
    TRY(op_axis(onnx_int(op->node, "axis", -1), src.rank, &axis));
    st = add_softmax(op, axis, op->in[0], &op->out[0]);
out:
    return st;
}
