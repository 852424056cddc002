// The table of shapes, with the operators that give elements other sizes or places by a fixed rule.
#include "onnx/ops_shape.h"

#include <string.h>

// Reshape -----------------------------------------------------------------------------------------

// A 0 stands for the input's size, unless allowzero is set.
EXPAND(expand_reshape)
{
    bool allow_zero = onnx_int(op->node, "allowzero", 0) != 0, given;
    struct op_list shape;
    size_t open = 0, zeros = 0;
    cvy_desc src;
    cvy_status st = CVY_OK;

    TRY(op_desc(op, op->in[0], &src));
    TRY(op_ints(op, 1, "shape", &shape, &given));
    if (!given)
        TRY(onnx_fail(CVY_ERR_MODEL, "attribute shape is missing"));
    for (size_t i = 0; i < shape.count; i++) {
        if (shape.at[i] == 0 && !allow_zero && i >= (size_t)src.rank)
            TRY(onnx_fail(CVY_ERR_SHAPE, "shape[%zu] is 0, and the input has no such axis", i));
        if (shape.at[i] == 0 && !allow_zero)
            shape.at[i] = src.size[i];
        if (shape.at[i] < -1)
            TRY(onnx_fail(CVY_ERR_MODEL, "shape[%zu] is %lld", i, (long long)shape.at[i]));
        open += shape.at[i] == -1;
        zeros += shape.at[i] == 0;
    }
    if (open > 1 || (open && zeros && allow_zero))
        TRY(onnx_fail(CVY_ERR_MODEL, "the shape leaves more than one size open"));
    st = op_reshape(op, op->in[0], &shape, &op->out[0]);
out:
    return st;
}

EXPAND(expand_flatten)
{
    int64_t axis = onnx_int(op->node, "axis", 1);
    struct op_list sizes = { .count = 2 };
    int32_t at;
    cvy_desc src;
    cvy_status st = CVY_OK;

    TRY(op_desc(op, op->in[0], &src));
    if (axis == src.rank)
        at = src.rank;
    else
        TRY(op_axis(axis, src.rank, &at));
    sizes.at[0] = op_product(src.size, 0, at);
    sizes.at[1] = op_product(src.size, at, src.rank);
    st = op_reshape(op, op->in[0], &sizes, &op->out[0]);
out:
    return st;
}

EXPAND(expand_squeeze)
{
    bool axes[CVY_MAX_RANK], given;
    struct op_list list, sizes = { 0 };
    cvy_desc src;
    cvy_status st = CVY_OK;

    TRY(op_desc(op, op->in[0], &src));
    TRY(op_ints(op, 1, "axes", &list, &given));
    TRY(op_axes(&list, src.rank, axes));
    for (int i = 0; i < src.rank; i++) {
        if (axes[i] && src.size[i] != 1)
            TRY(onnx_fail(CVY_ERR_SHAPE, "axis %d has size %lld; it must have 1", i,
                          (long long)src.size[i]));
        if (given ? !axes[i] : src.size[i] != 1)
            sizes.at[sizes.count++] = src.size[i];
    }
    st = op_reshape(op, op->in[0], &sizes, &op->out[0]);
out:
    return st;
}

EXPAND(expand_unsqueeze)
{
    bool axes[CVY_MAX_RANK], given;
    struct op_list list, sizes = { 0 };
    size_t next = 0;
    cvy_desc src;
    cvy_status st = CVY_OK;

    TRY(op_desc(op, op->in[0], &src));
    TRY(op_ints(op, 1, "axes", &list, &given));
    if (!given)
        TRY(onnx_fail(CVY_ERR_MODEL, "attribute axes is missing"));
    sizes.count = (size_t)src.rank + list.count;
    if (sizes.count > CVY_MAX_RANK)
        TRY(onnx_fail(CVY_ERR_UNSUPPORTED, "a tensor of rank %zu; %d is possible", sizes.count,
                      CVY_MAX_RANK));
    TRY(op_axes(&list, (int32_t)sizes.count, axes));
    for (size_t i = 0; i < sizes.count; i++)
        sizes.at[i] = axes[i] ? 1 : src.size[next++];
    st = op_reshape(op, op->in[0], &sizes, &op->out[0]);
out:
    return st;
}

// Both shapes broadcast to each other; the graph's node repeats what is 1.
EXPAND(expand_expand)
{
    struct op_list shape, sizes = { 0 };
    cvy_desc src;
    cvy_status st = CVY_OK;

    TRY(op_desc(op, op->in[0], &src));
    TRY(op_input_ints(op, 1, "shape", &shape));
    sizes.count = shape.count > (size_t)src.rank ? shape.count : (size_t)src.rank;
    for (size_t i = 0; i < sizes.count; i++) {
        size_t of_src = sizes.count - (size_t)src.rank, of_shape = sizes.count - shape.count;
        int64_t size = i < of_src ? 1 : src.size[i - of_src];
        int64_t wanted = i < of_shape ? 1 : shape.at[i - of_shape];

        if (wanted < 0 || (size != wanted && size != 1 && wanted != 1))
            TRY(onnx_fail(CVY_ERR_SHAPE, "size %lld does not expand to %lld", (long long)size,
                          (long long)wanted));
        sizes.at[i] = size == 1 ? wanted : size;
    }
    st = op_expand_to(op, op->in[0], &sizes, &op->out[0]);
out:
    return st;
}

// Rearranging -------------------------------------------------------------------------------------

EXPAND(expand_transpose)
{
    int32_t order[CVY_MAX_RANK] = { 0 };
    bool seen[CVY_MAX_RANK], given;
    struct op_list perm;
    cvy_desc src;
    cvy_status st = CVY_OK;

    TRY(op_desc(op, op->in[0], &src));
    TRY(op_attr_ints(op, "perm", &perm, &given));
    for (int i = 0; !given && i < src.rank; i++)
        perm.at[perm.count++] = src.rank - 1 - i;
    if (perm.count != (size_t)src.rank)
        TRY(onnx_fail(CVY_ERR_MODEL, "attribute perm has %zu elements; it must have %d",
                      perm.count, (int)src.rank));
    TRY(op_axes(&perm, src.rank, seen));
    op->out[0] = op->in[0];
    if (src.rank == 0)
        return CVY_OK;
    for (int i = 0; i < src.rank; i++)
        TRY(op_axis(perm.at[i], src.rank, &order[i]));
    st = op_transpose(op, op->in[0], order, &op->out[0]);
out:
    return st;
}

cvy_status check_space_to_depth(const struct onnx_node *node)
{
    cvy_status st = op_require(node, "blocksize");

    if (st == CVY_OK && onnx_int(node, "blocksize", 1) < 1)
        st = onnx_fail(CVY_ERR_MODEL, "attribute blocksize is %lld; it must be 1 or more",
                       (long long)onnx_int(node, "blocksize", 1));
    return st;
}

cvy_status check_depth_to_space(const struct onnx_node *node)
{
    static const char *const choices[] = { "DCR", "CRD", NULL };
    cvy_status st = check_space_to_depth(node);

    return st == CVY_OK ? op_choose(node, "mode", choices) : st;
}

EXPAND(expand_blocks)
{
    cvy_block_params params = { .block = onnx_int(op->node, "blocksize", 1), .depth_last = true };
    const cvy_node node = { .name = op->node->name, .src = op->in[0] };

    if (op_is(op->node, "SpaceToDepth"))
        return cvy_graph_space_to_depth(op->graph, &params, &node, &op->out[0]);
    params.depth_last = strcmp(onnx_string(op->node, "mode", "DCR"), "DCR") == 0;
    return cvy_graph_depth_to_space(op->graph, &params, &node, &op->out[0]);
}

// Nothing -----------------------------------------------------------------------------------------

EXPAND(expand_identity)
{
    op->out[0] = op->in[0];
    return CVY_OK;
}

// All kept: true, or before opset 10 ones of the input's dtype.
static cvy_status dropout_mask(const struct op *op)
{
    cvy_value one;
    cvy_desc src;
    struct op_list sizes;
    cvy_status st = CVY_OK;

    TRY(op_desc(op, op->in[0], &src));
    sizes = op_sizes(&src);
    TRY(op_number(op, op->node->opset < 10 ? src.dtype : CVY_BOOL, 1.0, &one));
    st = op_expand_to(op, one, &sizes, &op->out[1]);
out:
    return st;
}

EXPAND(expand_dropout)
{
    double training = 0.0, ratio = 0.5;
    cvy_status st = CVY_OK;

    if (op_has(op, 2))
        TRY(op_input_number(op, 2, "training_mode", &training));
    if (training != 0.0 && op_has(op, 1))
        TRY(op_input_number(op, 1, "ratio", &ratio));
    if (training != 0.0 && ratio != 0.0)
        TRY(onnx_fail(CVY_ERR_UNSUPPORTED, "input 2 (training_mode) is true"));
    op->out[0] = op->in[0];
    if (op_used(op, 1))
        st = dropout_mask(op);
out:
    return st;
}

// Table -------------------------------------------------------------------------------------------

const struct onnx_op onnx_ops_shape[] = {
    { "Concat", 1, 1, -1, 1, 0, expand_concat, check_concat },
    { "Split", 13, 1, 2, -1, 1 << 1, expand_split, NULL },
    { "Split", 2, 1, 1, -1, 0, expand_split, NULL },
    { "Split", 1, 1, 2, -1, 1 << 1, expand_split, NULL },
    { "Slice", 10, 3, 5, 1, 0x1e, expand_slice, NULL },
    { "Slice", 1, 1, 1, 1, 0, expand_slice, check_slice },
    { "Pad", 18, 2, 4, 1, 0xe, expand_pad, check_pad },
    { "Pad", 11, 2, 3, 1, 0x6, expand_pad, check_pad },
    { "Pad", 1, 1, 1, 1, 0, expand_pad, check_pad },
    { "Gather", 1, 2, 2, 1, 0, expand_gather, NULL },
    { "Tile", 6, 2, 2, 1, 1 << 1, expand_tile, NULL },
    { "Tile", 1, 3, 3, 1, 0x6, expand_tile_axis, NULL },

    { "Resize", 11, 1, 4, 1, 0xe, expand_resize, check_resize },
    { "Resize", 10, 2, 2, 1, 1 << 1, expand_resize, check_resize },
    { "Upsample", 9, 2, 2, 1, 1 << 1, expand_resize, check_resize },
    { "Upsample", 1, 1, 1, 1, 0, expand_resize, check_resize },

    { "Reshape", 5, 2, 2, 1, 1 << 1, expand_reshape, NULL },
    { "Reshape", 1, 1, 1, 1, 0, expand_reshape, NULL },
    { "Flatten", 1, 1, 1, 1, 0, expand_flatten, NULL },
    { "Squeeze", 13, 1, 2, 1, 1 << 1, expand_squeeze, NULL },
    { "Squeeze", 1, 1, 1, 1, 0, expand_squeeze, NULL },
    { "Unsqueeze", 13, 2, 2, 1, 1 << 1, expand_unsqueeze, NULL },
    { "Unsqueeze", 1, 1, 1, 1, 0, expand_unsqueeze, NULL },
    { "Expand", 8, 2, 2, 1, 1 << 1, expand_expand, NULL },
    { "Transpose", 1, 1, 1, 1, 0, expand_transpose, NULL },
    { "DepthToSpace", 1, 1, 1, 1, 0, expand_blocks, check_depth_to_space },
    { "SpaceToDepth", 1, 1, 1, 1, 0, expand_blocks, check_space_to_depth },
    { "Identity", 1, 1, 1, 1, 0, expand_identity, NULL },
    { "Dropout", 12, 1, 3, 2, 0x6, expand_dropout, NULL },
    { "Dropout", 1, 1, 1, 2, 0, expand_dropout, NULL },

    { "Shape", 1, 1, 1, 1, 0, expand_shape, NULL },
    { "Size", 1, 1, 1, 1, 0, expand_size, NULL },
    { "Constant", 1, 0, 0, 1, 0, expand_constant, check_constant },
    { "ConstantOfShape", 9, 1, 1, 1, 1 << 0, expand_constant_of_shape, check_constant_of_shape },
    { "Range", 11, 3, 3, 1, 0x7, expand_range, NULL },
};
const size_t onnx_ops_shape_count = sizeof onnx_ops_shape / sizeof *onnx_ops_shape;
