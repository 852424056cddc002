// dst[i] = activation(src[i] op src2[i]) over up to six axes with any strides, 0 where a source
// repeats; a source may be exactly dst. `kind` numbers op as cvy_binary_kind; comparisons go to
// `flags`, 0 or 1, the rest to dst. The activation is a bend below 0 and two bounds. Rows of
// `length` elements in `chunks` pieces of `chunk`; R rows along axis 1 in `blocks` of `block`; axes
// 2 to 5 are outer ones. One work-item makes one piece of the rows of one block, vectors of V; the
// last elements of a piece go through a vector as well, so that a result does not depend on its
// place. `past`: stores go past the caches. Flat grid over chunks, blocks, S2, S3, S4 and the
// outermost axis. Fixed at build: V.
#define FIRST_COMPARISON 8

VT FN(apply)(VT x, VT y, int kind)
{
    VT one = (VT)(1.0f), zero = (VT)(0.0f);

    switch (kind) {
    case 1: return x + y;
    case 2: return x - y;
    case 3: return x * y;
    case 4: return x / y;
    case 5: return x > y ? x : x != x ? x : y;
    case 6: return x < y ? x : x != x ? x : y;
    case 7: return pow(x, y);
    case 8: return x == y ? one : zero;
    case 9: return x == y ? zero : one;
    case 10: return x < y ? one : zero;
    case 11: return x <= y ? one : zero;
    case 12: return x > y ? one : zero;
    default: return x >= y ? one : zero;
    }
}

// V elements `step` apart, of which the first `count` are there; the first one again behind them.
VT FN(take)(__global const T *p, long step, int count)
{
#if V > 1
    if (step == 0)
        return (VT)(LOAD(p, 0));
    if (step != 1 || count < V) {
        ACC part[V];

        for (int j = 0; j < V; j++)
            part[j] = LOAD(p, j < count ? j * step : 0);
        return VLOAD(part);
    }
#endif
    return VLOAD(p);
}

void FN(put)(VT value, __global T *p, long step, int count, int past)
{
#if V > 1
    if (step != 1 || count < V) {
        ACC part[V];

        VKEEP(value, part);
        for (int j = 0; j < V && j < count; j++)
            STORE(p, j * step, part[j]);
        return;
    }
#endif
    VSTREAM(past, value, p);
}

void FN(put_flags)(VT value, __global uchar *p, long step, int count)
{
    ACC part[V];

    VKEEP(value, part);
    for (int j = 0; j < V && j < count; j++)
        p[j * step] = part[j] != (ACC)0;
}

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(binary_rows)(
    __global const T *src, ulong src_at, __global const T *src2, ulong src2_at,
    __global T *dst, ulong dst_at, __global uchar *restrict flags, ulong flags_at, int kind,
    float slope, float low, float high,
    ulong length, ulong chunk, ulong chunks, ulong R, ulong block, ulong blocks,
    ulong S2, ulong S3, ulong S4,
    long src_0, ulong src_1, ulong src_2, ulong src_3, ulong src_4, ulong src_5,
    long src2_0, ulong src2_1, ulong src2_2, ulong src2_3, ulong src2_4, ulong src2_5,
    long dst_0, ulong dst_1, ulong dst_2, ulong dst_3, ulong dst_4, ulong dst_5,
    int past, ulong first, ulong end)
{
    ulong item = FLAT_ITEM(first), x, row, i2, i3, i4;

    if (item >= end)
        return;
    WALK(item, chunks, x);
    WALK(item, blocks, row);
    WALK(item, S2, i2);
    WALK(item, S3, i3);
    WALK(item, S4, i4);
    x *= chunk;
    row *= block;
    src += src_at + x * src_0 + row * src_1 + i2 * src_2 + i3 * src_3 + i4 * src_4 + item * src_5;
    src2 += src2_at + x * src2_0 + row * src2_1 + i2 * src2_2 + i3 * src2_3 + i4 * src2_4
        + item * src2_5;
    item = x * dst_0 + row * dst_1 + i2 * dst_2 + i3 * dst_3 + i4 * dst_4 + item * dst_5;
    dst += dst_at + item;
    flags += flags_at + item;
    past = past && IS_WHOLE(dst);

    ulong rows = min(block, R - row);
    int count = (int)min(chunk, length - x);
    for (ulong r = 0; r < rows; r++) {
        for (int i = 0; i < count; i += V) {
            VT value = FN(apply)(FN(take)(src + r * src_1 + i * src_0, src_0, count - i),
                                 FN(take)(src2 + r * src2_1 + i * src2_0, src2_0, count - i), kind);

            if (kind >= FIRST_COMPARISON) {
                FN(put_flags)(value, flags + r * dst_1 + i * dst_0, dst_0, count - i);
                continue;
            }
            PIECEWISE(value, slope, low, high, value);
            FN(put)(value, dst + r * dst_1 + i * dst_0, dst_0, count - i, past);
        }
    }
    STREAM_END(past);
}
