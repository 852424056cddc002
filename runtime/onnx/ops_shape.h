// The expansions of onnx_ops_shape, by the files that hold them.
#ifndef CVY_ONNX_OPS_SHAPE_H
#define CVY_ONNX_OPS_SHAPE_H

#include "onnx/ops_common.h"

// ops_shape.c
op_expand expand_reshape, expand_flatten, expand_squeeze, expand_unsqueeze, expand_expand;
op_expand expand_transpose, expand_identity, expand_dropout, expand_blocks;
op_check check_depth_to_space, check_space_to_depth;
// ops_constant.c
op_expand expand_shape, expand_size, expand_constant, expand_constant_of_shape, expand_range;
op_check check_constant, check_constant_of_shape;
// ops_move.c
op_expand expand_concat, expand_split, expand_slice, expand_pad, expand_gather;
op_check check_concat, check_slice, check_pad;
// ops_tile.c
op_expand expand_tile, expand_tile_axis;
// ops_resize.c
op_expand expand_resize;
op_check check_resize;

#endif
