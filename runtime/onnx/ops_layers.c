// The table of layers: convolution, pooling, normalisation, matrices, activations.
#include "onnx/ops_layers.h"

const struct onnx_op onnx_ops_layers[] = {
    { "Conv", 1, 2, 3, 1, 0, expand_conv, check_conv, true },
    { "ConvTranspose", 1, 2, 3, 1, 0, expand_conv_transpose, check_conv, true },

    { "MaxPool", 8, 1, 1, 2, 0, expand_pool, check_pool, true },
    { "MaxPool", 1, 1, 1, 1, 0, expand_pool, check_pool, true },
    { "AveragePool", 1, 1, 1, 1, 0, expand_pool, check_pool, true },
    { "LpPool", 1, 1, 1, 1, 0, expand_pool, check_pool, true },
    { "GlobalAveragePool", 1, 1, 1, 1, 0, expand_global_pool, NULL, true },
    { "GlobalMaxPool", 1, 1, 1, 1, 0, expand_global_pool, NULL, true },
    { "GlobalLpPool", 1, 1, 1, 1, 0, expand_global_pool, NULL, true },
    { "MaxUnpool", 9, 2, 3, 1, 1 << 2, expand_max_unpool, check_pool, true },

    { "BatchNormalization", 14, 5, 5, 3, 0, expand_batch_norm, check_batch_norm, true },
    { "BatchNormalization", 1, 5, 5, 5, 0, expand_batch_norm, check_batch_norm, true },
    { "InstanceNormalization", 1, 3, 3, 1, 0, expand_instance_norm, NULL, true },
    { "LRN", 1, 1, 1, 1, 0, expand_lrn, check_lrn, true },

    { "Gemm", 11, 2, 3, 1, 0, expand_gemm, NULL, true },
    { "Gemm", 1, 3, 3, 1, 0, expand_gemm, NULL, true },
    { "MatMul", 1, 2, 2, 1, 0, expand_matmul, NULL, true },

    { "Relu", 1, 1, 1, 1, 0, expand_activation, NULL },
    { "Sigmoid", 1, 1, 1, 1, 0, expand_activation, NULL },
    { "Tanh", 1, 1, 1, 1, 0, expand_activation, NULL },
    { "HardSwish", 14, 1, 1, 1, 0, expand_activation, NULL },
    { "Softplus", 1, 1, 1, 1, 0, expand_activation, NULL },
    { "Softsign", 1, 1, 1, 1, 0, expand_activation, NULL },
    { "Mish", 18, 1, 1, 1, 0, expand_activation, NULL },
    { "LeakyRelu", 1, 1, 1, 1, 0, expand_leaky_relu, NULL },
    { "Elu", 1, 1, 1, 1, 0, expand_elu, NULL },
    { "Selu", 1, 1, 1, 1, 0, expand_selu, NULL },
    { "HardSigmoid", 1, 1, 1, 1, 0, expand_hard_sigmoid, NULL },
    { "ThresholdedRelu", 10, 1, 1, 1, 0, expand_thresholded_relu, NULL },
    { "PRelu", 1, 2, 2, 1, 0, expand_prelu, NULL },
    { "Gelu", 20, 1, 1, 1, 0, expand_gelu, check_gelu },
    { "Clip", 11, 1, 3, 1, 0, expand_clip, NULL },
    { "Clip", 1, 1, 1, 1, 0, expand_clip_attrs, NULL },
    { "Softmax", 1, 1, 1, 1, 0, expand_softmax, NULL },
    { "LogSoftmax", 1, 1, 1, 1, 0, expand_softmax, NULL },
};
const size_t onnx_ops_layers_count = sizeof onnx_ops_layers / sizeof *onnx_ops_layers;
