// Tile.
#include "onnx/ops_shape.h"

// Repeats `axis` of a tensor of these sizes: as an axis of size 1 before it, which expands.
static cvy_status tile_axis(const struct op *op, struct op_list *sizes, int32_t axis,
                            int64_t repeats, cvy_value *value)
{
    struct op_list parts = { 3, { op_product(sizes->at, 0, axis), 1,
                                  op_product(sizes->at, axis, (int32_t)sizes->count) } };
    cvy_status st = CVY_OK;

    if (repeats < 0)
        TRY(onnx_fail(CVY_ERR_MODEL, "axis %d is to be repeated %lld times", (int)axis,
                      (long long)repeats));
    if (repeats == 1)
        return CVY_OK;
    if (repeats > 0 && sizes->at[axis] > INT64_MAX / repeats)
        TRY(onnx_fail(CVY_ERR_LIMIT, "axis %d becomes larger than 2^63", (int)axis));
    sizes->at[axis] *= repeats;
    TRY(op_reshape(op, *value, &parts, value));
    parts.at[1] = repeats;
    TRY(op_expand_to(op, *value, &parts, value));
    st = op_reshape(op, *value, sizes, value);
out:
    return st;
}

EXPAND(expand_tile)
{
    struct op_list repeats, sizes;
    cvy_value value = op->in[0];
    cvy_desc src;
    cvy_status st = CVY_OK;

    TRY(op_desc(op, value, &src));
    TRY(op_input_ints(op, 1, "repeats", &repeats));
    if (repeats.count != (size_t)src.rank)
        TRY(onnx_fail(CVY_ERR_MODEL, "repeats has %zu elements; it must have %d", repeats.count,
                      (int)src.rank));
    sizes = op_sizes(&src);
    for (int32_t i = 0; i < src.rank; i++)
        TRY(tile_axis(op, &sizes, i, repeats.at[i], &value));
    op->out[0] = value;
out:
    return st;
}

// Opset 1: how often, and along which axis, both as numbers of any dtype.
EXPAND(expand_tile_axis)
{
    double repeats, which;
    struct op_list sizes;
    cvy_value value = op->in[0];
    int32_t axis;
    cvy_desc src;
    cvy_status st = CVY_OK;

    TRY(op_desc(op, value, &src));
    TRY(op_input_number(op, 1, "tiles", &repeats));
    TRY(op_input_number(op, 2, "axis", &which));
    if (!(repeats >= 0.0 && repeats < 2147483648.0 && which >= -CVY_MAX_RANK
          && which < CVY_MAX_RANK))
        TRY(onnx_fail(CVY_ERR_MODEL, "%g tiles along axis %g", repeats, which));
    TRY(op_axis((int64_t)which, src.rank, &axis));
    sizes = op_sizes(&src);
    TRY(tile_axis(op, &sizes, axis, (int64_t)repeats, &value));
    op->out[0] = value;
out:
    return st;
}
