// BatchNormalization, InstanceNormalization and LRN.
#include "onnx/ops_layers.h"

// Before opset 14 more outputs than one mean training; is_test of opsets 1 and 6 is not looked at.
cvy_status check_batch_norm(const struct onnx_node *node)
{
    cvy_status st = CVY_OK;

    TRY(op_only(node, "training_mode", 0, 0));
    TRY(op_only(node, "spatial", 1, 1));
    for (size_t i = 1; i < node->output_count; i++)
        if (node->output_used[i])
            TRY(onnx_fail(CVY_ERR_MODEL_OP, "output %zu is used, which only training has", i));
out:
    return st;
}

EXPAND(expand_batch_norm)
{
    const cvy_batch_norm_params params = {
        .eps = op_not_zero(onnx_float(op->node, "epsilon", 1e-5f)) };
    const cvy_node node = { .name = op->node->name, .src = op->in[0], .scale = op->in[1],
                            .bias = op->in[2], .mean = op->in[3], .variance = op->in[4] };

    return cvy_graph_batch_norm(op->graph, &params, &node, &op->out[0]);
}

EXPAND(expand_instance_norm)
{
    const cvy_instance_norm_params params = {
        .eps = op_not_zero(onnx_float(op->node, "epsilon", 1e-5f)) };
    const cvy_node node = { .name = op->node->name, .src = op->in[0], .scale = op->in[1],
                            .bias = op->in[2] };

    return cvy_graph_instance_norm(op->graph, &params, &node, &op->out[0]);
}

cvy_status check_lrn(const struct onnx_node *node)
{
    cvy_status st = op_require(node, "size");

    if (st == CVY_OK && onnx_int(node, "size", 1) < 1)
        st = onnx_fail(CVY_ERR_MODEL, "attribute size is %lld; it must be 1 or more",
                       (long long)onnx_int(node, "size", 1));
    return st;
}

EXPAND(expand_lrn)
{
    const struct onnx_node *node = op->node;
    const cvy_lrn_params params = {
        .size = onnx_int(node, "size", 1), .alpha = op_not_zero(onnx_float(node, "alpha", 1e-4f)),
        .beta = op_not_zero(onnx_float(node, "beta", 0.75f)),
        .k = op_not_zero(onnx_float(node, "bias", 1.0f)), .later = true };

    return cvy_graph_lrn(op->graph, &params,
                         &(cvy_node) { .name = node->name, .src = op->in[0] }, &op->out[0]);
}
