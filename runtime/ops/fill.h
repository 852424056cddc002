// What create functions do first, for tiers that need shapes without a plan: checks params and
// fills in the defaults, sizes and strides of dst with them.
#ifndef CVY_FILL_H
#define CVY_FILL_H

#include "common/common.h"

cvy_status conv_fill(cvy_conv_params *p);
cvy_status conv_transpose_fill(cvy_conv_transpose_params *p);
cvy_status pool_fill(cvy_pool_params *p);
cvy_status unpool_fill(cvy_max_unpool_params *p);
cvy_status separable_fill(cvy_separable_params *p, cvy_desc *mid);
cvy_status linear_fill(cvy_linear_params *p);
cvy_status activation_fill(cvy_activation_params *p);
cvy_status softmax_fill(cvy_softmax_params *p);
cvy_status batch_norm_fill(cvy_batch_norm_params *p);
cvy_status instance_norm_fill(cvy_instance_norm_params *p);
cvy_status lrn_fill(cvy_lrn_params *p);
cvy_status pad_fill(cvy_pad_params *p);
cvy_status slice_fill(cvy_slice_params *p);
cvy_status transpose_fill(cvy_transpose_params *p);
cvy_status block_fill(cvy_block_params *p, bool to_space);
cvy_status gather_fill(cvy_gather_params *p);
cvy_status reduce_fill(cvy_reduce_params *p);
cvy_status resize_fill(cvy_resize_params *p);
cvy_status matmul_fill(cvy_matmul_params *p);

#endif
