// A factor and a term for each output channel, taken into the weights and bias that make it: batch
// normalisation behind a convolution costs nothing then. In double precision, rounded once.
#include "graph/passes.h"

#include <math.h>

static int64_t groups_of(const struct node *node)
{
    return node->op == NODE_CONV_TRANSPOSE ? MAX(node->params.conv_transpose.groups, 1) : 1;
}

int64_t affine_channels(const struct cvy_graph *graph, const struct node *node)
{
    const cvy_desc *weights = &graph_value(graph, node->in[PORT_WEIGHTS])->desc;

    return node->op == NODE_CONV_TRANSPOSE ? weights->size[1] * groups_of(node)
                                           : weights->size[0];
}

static bool takes_numbers(const struct cvy_graph *graph, const struct node *node, bool factor)
{
    if (node->op != NODE_CONV && node->op != NODE_CONV_TRANSPOSE && node->op != NODE_LINEAR)
        return false;
    return !node->in[PORT_RESIDUAL]
        && (!factor || value_is_constant(graph, node->in[PORT_WEIGHTS]))
        && (!node->in[PORT_BIAS] || value_is_constant(graph, node->in[PORT_BIAS]));
}

bool affine_can(const struct cvy_graph *graph, const struct node *node, bool factor)
{
    return takes_numbers(graph, node, factor)
        && node_activation((struct node *)(uintptr_t)node)->kind == CVY_NONE;
}

// Weights [out][...], or transposed [in][out / groups][taps].
static int64_t channel_of(const struct node *node, const cvy_desc *weights, int64_t element)
{
    int64_t taps = 1, groups = groups_of(node), each = weights->size[1];

    for (int i = 2; i < weights->rank; i++)
        taps *= weights->size[i];
    if (node->op != NODE_CONV_TRANSPOSE)
        return element / (shape_elements(weights) / weights->size[0]);
    return element / (each * taps) / (weights->size[0] / groups) * each + element / taps % each;
}

static cvy_status scale_weights(struct cvy_graph *graph, struct node *node, const double *factor)
{
    const struct value *old = graph_value(graph, node->in[PORT_WEIGHTS]);
    cvy_desc desc = old->desc;
    int64_t elements = shape_elements(&desc);
    float *data = NULL;
    cvy_status st = CVY_OK;

    TRY(zalloc(MAX(shape_bytes(&desc), 1), &data));
    for (int64_t i = 0; i < elements; i++)
        data[i] = (float)(constant_number(old, i) * factor[channel_of(node, &desc, i)]);
    TRY(graph_value_add(graph, &desc, data, true, &node->in[PORT_WEIGHTS]));
    data = NULL;
out:
    free(data);
    return st;
}

cvy_status affine_apply(struct cvy_graph *graph, struct node *node, const double *factor,
                        const double *term)
{
    const struct value *old = graph_value(graph, node->in[PORT_BIAS]);
    int64_t channels = affine_channels(graph, node);
    cvy_desc desc = shape_of(CVY_F32, 1, &channels);
    float *bias = NULL;
    cvy_status st = CVY_OK;

    TRY(zalloc(MAX(shape_bytes(&desc), 1), &bias));
    for (int64_t i = 0; i < channels; i++)
        bias[i] = (float)((old ? constant_number(old, i) : 0.0) * (factor ? factor[i] : 1.0)
                          + term[i]);
    if (factor)
        TRY(scale_weights(graph, node, factor));
    TRY(graph_value_add(graph, &desc, bias, true, &node->in[PORT_BIAS]));
    bias = NULL;
out:
    free(bias);
    return st;
}

// Behind activations ------------------------------------------------------------------------------

static bool bounds_of(const cvy_activation *end, double *low, double *high)
{
    *low = end->kind == CVY_CLIP ? (double)end->alpha : 0.0;
    *high = end->kind == CVY_CLIP ? (double)end->beta
        : end->kind == CVY_RELU6 ? 6.0 : (double)INFINITY;
    return end->kind == CVY_CLIP || end->kind == CVY_RELU6 || end->kind == CVY_RELU;
}

bool affine_end_can(const struct cvy_graph *graph, const struct node *node, double factor,
                    double term)
{
    const cvy_activation *end = node_activation((struct node *)(uintptr_t)node);
    double low, high;

    if (!end || factor == 0.0 || !isfinite(factor) || !isfinite(term))
        return false;
    if (end->kind == CVY_HARD_SWISH)
        return true;
    return bounds_of(end, &low, &high) && takes_numbers(graph, node, factor != 1.0);
}

static cvy_status apply_same(struct cvy_graph *graph, struct node *node, double factor,
                             double term)
{
    int64_t channels = affine_channels(graph, node);
    double *numbers = NULL;
    cvy_status st = CVY_OK;

    TRY(zalloc((size_t)MAX(channels, 1) * 2 * sizeof *numbers, &numbers));
    for (int64_t i = 0; i < channels; i++) {
        numbers[i] = factor;
        numbers[channels + i] = term;
    }
    st = affine_apply(graph, node, factor != 1.0 ? numbers : NULL, numbers + channels);
out:
    free(numbers);
    return st;
}

// factor clip(x, low, high) + term = clip(factor x + term, factor low + term, factor high + term)
cvy_status affine_end(struct cvy_graph *graph, struct node *node, double factor, double term)
{
    cvy_activation *end = node_activation(node);
    double low, high;
    cvy_status st = CVY_OK;

    if (!bounds_of(end, &low, &high)) {
        end->alpha = (float)((end->alpha == 0.0f ? 1.0 : (double)end->alpha) * factor);
        end->beta = (float)((double)end->beta * factor + term);
        return CVY_OK;
    }
    TRY(apply_same(graph, node, factor, term));
    low = factor * low + term;
    high = factor * high + term;
    *end = (cvy_activation) { CVY_CLIP, (float)MIN(low, high), (float)MAX(low, high) };
    if (end->alpha == 0.0f && end->beta == INFINITY)
        *end = (cvy_activation) { CVY_RELU, 0.0f, 0.0f };
out:
    return st;
}

cvy_status affine_hard_sigmoid(struct cvy_graph *graph, struct node *node,
                               const cvy_activation *activation)
{
    bool standard = activation->alpha == 0.0f && activation->beta == 0.0f;

    *node_activation(node) = (cvy_activation) { CVY_CLIP, 0.0f, 1.0f };
    return apply_same(graph, node, standard ? 1.0 / 6.0 : (double)activation->alpha,
                      standard ? 0.5 : (double)activation->beta);
}
