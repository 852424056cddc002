// OP-SPEC text: one line that names a problem, printed from params whose defaults are filled in
// (padding_rule BEGIN_END, groups 1, ...). Canonical: equal problems, equal text.
//
//   op [kind] {field} [pad:MODE] dtype layout {+flag}      words in any order behind op and kind
//
// A field is a letter and numbers: n c d h w (source), k out_channels or out_features, r
// kernel_size, s stride, p padding, q padding_end, l dilation, g groups, o output_padding of deconv
// and output_size of adaptive pooling and unpool, m channel_multiplier, or mid_channels of
// "separable spatial_dense", b block of depth_to_space and space_to_depth. Lists have one number
// for each spatial axis, joined by x. A tensor that n c d h w cannot say, or that is plain, is
// [2,3,400]; concat's further sources are [1,5,4,4], with :nhwc and strides :AxBxC behind it where
// they are not those of the first; gather's indices are [7,2], with :i32 behind it where they are
// not 64 bits. binary's second source and where's two are written as concat's; the first of where
// is its condition, and the dtype word is that of the others.
// Flags with one number for each axis of the source, joined by x, which may be negative: +before
// and +after of pad, +start, +step and +size of slice, +order of transpose.
// +axes of reduce names the axes, "+axes:2x3"; none named or all: left out. +i32: positions of 32
// bits. +size of lrn is one number, its window. +as:f16 is
// cast's dtype.
// +scale, +roi_begin and +roi_end of resize have one float for each spatial axis, joined by x; its
// o may be left out where +scale says it. Its coordinates and rounding are words, +align_corners
// and +prefer_floor, with PyTorch's and floor left out. matmul's second source and its bias, if
// there is one, are [4,5], written as concat's sources.
// What is left out has the value that 0 means in params; dtype is f32, layout nchw, or plain for a
// source in brackets.
#ifndef CVY_SPEC_H
#define CVY_SPEC_H

#include "common/common.h"

#define SPEC_BYTES sizeof(((cvy_plan_info *)NULL)->spec)

// `out` has SPEC_BYTES. A text that does not fit ends with " ...", which no parser takes; only
// concat of very many sources is that long.
void spec_of_conv(const cvy_conv_params *params, char *out);
void spec_of_conv_transpose(const cvy_conv_transpose_params *params, char *out);
void spec_of_pool(const cvy_pool_params *params, char *out);
void spec_of_max_unpool(const cvy_max_unpool_params *params, char *out);
void spec_of_separable(const cvy_separable_params *params, char *out);
void spec_of_linear(const cvy_linear_params *params, char *out);
void spec_of_activation(const cvy_activation_params *params, char *out);
void spec_of_concat(const cvy_concat_params *params, char *out);
void spec_of_copy(const cvy_copy_params *params, char *out);
void spec_of_softmax(const cvy_softmax_params *params, char *out);
void spec_of_batch_norm(const cvy_batch_norm_params *params, char *out);
void spec_of_instance_norm(const cvy_instance_norm_params *params, char *out);
void spec_of_lrn(const cvy_lrn_params *params, char *out);
void spec_of_reduce(const cvy_reduce_params *params, char *out);
void spec_of_unary(const cvy_unary_params *params, char *out);
void spec_of_binary(const cvy_binary_params *params, char *out);
void spec_of_where(const cvy_where_params *params, char *out);
void spec_of_cast(const cvy_cast_params *params, char *out);
void spec_of_pad(const cvy_pad_params *params, char *out);
void spec_of_slice(const cvy_slice_params *params, char *out);
void spec_of_transpose(const cvy_transpose_params *params, char *out);
void spec_of_depth_to_space(const cvy_block_params *params, char *out);
void spec_of_space_to_depth(const cvy_block_params *params, char *out);
void spec_of_gather(const cvy_gather_params *params, char *out);
void spec_of_resize(const cvy_resize_params *params, char *out);
void spec_of_matmul(const cvy_matmul_params *params, char *out);
void spec_of_resize(const cvy_resize_params *params, char *out);
void spec_of_matmul(const cvy_matmul_params *params, char *out);

#endif
