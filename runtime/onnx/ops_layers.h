// The expansions of onnx_ops_layers, by the files that hold them.
#ifndef CVY_ONNX_OPS_LAYERS_H
#define CVY_ONNX_OPS_LAYERS_H

#include "onnx/ops_common.h"

// ops_conv.c
op_expand expand_conv, expand_conv_transpose;
op_check check_conv;
// ops_pool.c
op_expand expand_pool, expand_global_pool, expand_max_unpool;
op_check check_pool;
// ops_activation.c
op_expand expand_activation, expand_elu, expand_selu, expand_hard_sigmoid, expand_leaky_relu;
op_expand expand_thresholded_relu, expand_prelu, expand_gelu, expand_clip, expand_clip_attrs;
op_expand expand_softmax;
op_check check_gelu;
// ops_norm.c
op_expand expand_batch_norm, expand_instance_norm, expand_lrn;
op_check check_batch_norm, check_lrn;
// ops_matmul.c
op_expand expand_gemm, expand_matmul;

#endif
