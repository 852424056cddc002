// A factor and a term for each output channel, taken into the weights and bias that make it: batch
// normalisation behind a convolution costs nothing then. In double precision, rounded once.
#include "graph/passes.h"

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

bool affine_can(const struct cvy_graph *graph, const struct node *node, bool factor)
{
    if (node->op != NODE_CONV && node->op != NODE_CONV_TRANSPOSE && node->op != NODE_LINEAR)
        return false;
    return node_activation((struct node *)(uintptr_t)node)->kind == CVY_NONE
        && !node->in[PORT_RESIDUAL]
        && (!factor || value_is_constant(graph, node->in[PORT_WEIGHTS]))
        && (!node->in[PORT_BIAS] || value_is_constant(graph, node->in[PORT_BIAS]));
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
