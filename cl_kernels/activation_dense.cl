// dst[i] = activation(src[i]) for rows whose elements lie together in both tensors; src may be
// exactly dst. `length` elements a row, in `chunks` pieces of `chunk`; R rows along axis 1 in
// `blocks` of `block`; axes 2 to 5 are outer ones. slope has strides of its own, 0 but along the
// channels. Activations of PIECEWISE come as NONE, with `alpha` for its slope. One work-item makes
// one piece of the rows of one block, vectors of V; the last elements of a piece go through a
// vector as well, so that a result does not depend on its place. Flat grid over chunks, blocks,
// S2, S3, S4 and the outermost axis. Fixed at build: V.
#define ACTIVATE_HARD_SIGMOID 9

SMOOTH_FUNCTIONS(FN, VT)

VT FN(clip)(VT x, VT low, VT high)
{
    x = x < low ? low : x;
    return x > high ? high : x;
}

struct FN(function) {
    int kind;
    float alpha, beta, low, high;
};

VT FN(apply)(VT x, VT slope, struct FN(function) f)
{
    switch (f.kind) {
    case ACTIVATE_NONE:
        PIECEWISE(x, f.alpha, f.low, f.high, x);
        return x;
    case ACTIVATE_PRELU: return x < (VT)(0.0f) ? slope * x : x;
    case ACTIVATE_HARD_SIGMOID:
        return FN(clip)(fma((VT)(f.alpha), x, (VT)(f.beta)), (VT)(0.0f), (VT)(1.0f));
    default: return FN(smooth)(x, f.kind, f.alpha, f.beta);
    }
}

// V elements, of which the first `count` are there; zeros behind them.
VT FN(take)(__global const T *p, int count)
{
    ACC part[V];

    if (count >= V)
        return VLOAD(p);
    for (int j = 0; j < V; j++)
        part[j] = j < count ? LOAD(p, j) : (ACC)0;
    return VLOAD(part);
}

void FN(put)(VT value, __global T *p, int count)
{
    ACC part[V];

    if (count >= V) {
        VSTORE(value, p);
        return;
    }
    VKEEP(value, part);
    for (int j = 0; j < count; j++)
        STORE(p, j, part[j]);
}

// slope_0 is 0 or 1: one slope for the row, or one an element.
void FN(apply_row)(__global const T *src, __global const T *restrict slope, ulong slope_0,
                   __global T *dst, int count, struct FN(function) f)
{
    VT bend = (VT)(0.0f);

    if (f.kind == ACTIVATE_PRELU && slope_0 == 0)
        bend = (VT)(LOAD(slope, 0));
    for (int i = 0; i < count; i += V) {
        if (f.kind == ACTIVATE_PRELU && slope_0 != 0)
            bend = FN(take)(slope + i, count - i);
        FN(put)(FN(apply)(FN(take)(src + i, count - i), bend, f), dst + i, count - i);
    }
}

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(activation_dense)(
    __global const T *src, ulong src_at, __global const T *restrict slope, ulong slope_at,
    __global T *dst, ulong dst_at, int activation, float alpha, float beta, float low, float high,
    ulong length, ulong chunk, ulong chunks, ulong R, ulong block, ulong blocks,
    ulong S2, ulong S3, ulong S4,
    ulong src_1, ulong src_2, ulong src_3, ulong src_4, ulong src_5,
    ulong dst_1, ulong dst_2, ulong dst_3, ulong dst_4, ulong dst_5, ulong slope_0, ulong slope_1,
    ulong slope_2, ulong slope_3, ulong slope_4, ulong slope_5, ulong first, ulong end)
{
    ulong item = FLAT_ITEM(first), x, row, i2, i3, i4;
    struct FN(function) f = { activation, alpha, beta, low, high };

    if (item >= end)
        return;
    WALK(item, chunks, x);
    WALK(item, blocks, row);
    WALK(item, S2, i2);
    WALK(item, S3, i3);
    WALK(item, S4, i4);
    x *= chunk;
    row *= block;
    src += src_at + x + row * src_1 + i2 * src_2 + i3 * src_3 + i4 * src_4 + item * src_5;
    dst += dst_at + x + row * dst_1 + i2 * dst_2 + i3 * dst_3 + i4 * dst_4 + item * dst_5;
    slope += slope_at + x * slope_0 + row * slope_1 + i2 * slope_2 + i3 * slope_3 + i4 * slope_4
        + item * slope_5;

    ulong rows = min(block, R - row);
    int count = (int)min(chunk, length - x);
    for (ulong r = 0; r < rows; r++)
        FN(apply_row)(src + r * src_1, slope + r * slope_1, slope_0, dst + r * dst_1, count, f);
}
