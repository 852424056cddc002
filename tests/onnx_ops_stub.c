// A few operators, in the place of the loader's own tables, to try the loader with.
#include "onnx/onnx_model.h"

#include <string.h>

static cvy_status pass_on(const struct onnx_node *node, cvy_graph *graph, const cvy_value *in,
                          cvy_value *out)
{
    (void)graph;
    for (size_t i = 0; i < node->output_count; i++)
        out[i] = in[0];
    return CVY_OK;
}

static cvy_status give_up(const struct onnx_node *node, cvy_graph *graph, const cvy_value *in,
                          cvy_value *out)
{
    (void)graph, (void)in, (void)out;
    return onnx_fail(CVY_ERR_SHAPE, "%s cannot be had", node->name);
}

static cvy_status forget(const struct onnx_node *node, cvy_graph *graph, const cvy_value *in,
                         cvy_value *out)
{
    (void)node, (void)graph, (void)in, (void)out;
    return CVY_OK;
}

static cvy_status check_conv(const struct onnx_node *node)
{
    size_t count;
    const int64_t *pads = onnx_ints(node, "pads", &count);

    if (pads && count % 2)
        return onnx_fail(CVY_ERR_MODEL, "%zu pads", count);
    if (strcmp(onnx_string(node, "auto_pad", "NOTSET"), "NOTSET"))
        return onnx_fail(CVY_ERR_MODEL_OP, "auto_pad %s", onnx_string(node, "auto_pad", ""));
    return CVY_OK;
}

const struct onnx_op onnx_ops_layers[] = {
    { "Conv", 1, 2, 3, 1, 0, pass_on, check_conv, true },
    { "Relu", 1, 1, 1, 1, 0, pass_on, NULL },
    { "MaxPool", 1, 1, 1, 2, 0, pass_on, NULL },
    { "Softmax", 1, 1, 1, 1, 0, give_up, NULL },
    { "Identity", 1, 1, 1, 2, 0, forget, NULL },
};
const size_t onnx_ops_layers_count = sizeof onnx_ops_layers / sizeof *onnx_ops_layers;

const struct onnx_op onnx_ops_math[] = {
    { "Add", 7, 2, 2, 1, 0, pass_on, NULL },
    { "Clip", 11, 1, 3, 1, 6, pass_on, NULL },
    { "Clip", 1, 1, 1, 1, 0, pass_on, NULL },
    { "Sum", 1, 1, -1, 1, 0, pass_on, NULL },
};
const size_t onnx_ops_math_count = sizeof onnx_ops_math / sizeof *onnx_ops_math;

const struct onnx_op onnx_ops_shape[] = {
    { "Reshape", 5, 2, 2, 1, 2, pass_on, NULL },
    { "Cast", 1, 1, 1, 1, 0, pass_on, NULL },
    { "Pad", 1, 1, 4, 1, 6, pass_on, NULL },
    { "ConstantOfShape", 9, 1, 1, 1, 1, pass_on, NULL },
    { "Split", 2, 1, 2, 3, 2, pass_on, NULL },
};
const size_t onnx_ops_shape_count = sizeof onnx_ops_shape / sizeof *onnx_ops_shape;
