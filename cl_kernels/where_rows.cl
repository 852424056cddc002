// dst[i] = condition[i] ? src[i] : src2[i] over up to six axes with any strides, 0 where a source
// repeats, bit for bit; any byte but 0 is true. Rows of `length` elements in `chunks` pieces of
// `chunk`; R rows along axis 1 in `blocks` of `block`; axes 2 to 5 are outer ones. One work-item
// makes one piece of the rows of one block, vectors of V. Flat grid over chunks, blocks, S2, S3, S4
// and the outermost axis. Fixed at build: V.

// V elements `step` apart, of which the first `count` are there; the first one again behind them.
VT FN(take)(__global const T *restrict p, long step, int count)
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

// The same of conditions, as 0 or 1.
VT FN(take_condition)(__global const uchar *restrict p, long step, int count)
{
    ACC part[V];

    if (step == 1 && count >= V) {
        for (int j = 0; j < V; j++)
            part[j] = p[j] ? (ACC)1 : (ACC)0;
        return VLOAD(part);
    }
    for (int j = 0; j < V; j++)
        part[j] = p[j < count ? j * step : 0] ? (ACC)1 : (ACC)0;
    return VLOAD(part);
}

void FN(put)(VT value, __global T *restrict p, long step, int count)
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
    VSTORE(value, p);
}

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(where_rows)(
    __global const uchar *restrict condition, ulong condition_at, __global const T *restrict src,
    ulong src_at, __global const T *restrict src2, ulong src2_at, __global T *restrict dst,
    ulong dst_at,
    ulong length, ulong chunk, ulong chunks, ulong R, ulong block, ulong blocks,
    ulong S2, ulong S3, ulong S4,
    long if_0, ulong if_1, ulong if_2, ulong if_3, ulong if_4, ulong if_5,
    long src_0, ulong src_1, ulong src_2, ulong src_3, ulong src_4, ulong src_5,
    long src2_0, ulong src2_1, ulong src2_2, ulong src2_3, ulong src2_4, ulong src2_5,
    long dst_0, ulong dst_1, ulong dst_2, ulong dst_3, ulong dst_4, ulong dst_5,
    ulong first, ulong end)
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
    condition += condition_at + x * if_0 + row * if_1 + i2 * if_2 + i3 * if_3 + i4 * if_4
        + item * if_5;
    src += src_at + x * src_0 + row * src_1 + i2 * src_2 + i3 * src_3 + i4 * src_4 + item * src_5;
    src2 += src2_at + x * src2_0 + row * src2_1 + i2 * src2_2 + i3 * src2_3 + i4 * src2_4
        + item * src2_5;
    dst += dst_at + x * dst_0 + row * dst_1 + i2 * dst_2 + i3 * dst_3 + i4 * dst_4 + item * dst_5;

    ulong rows = min(block, R - row);
    int count = (int)min(chunk, length - x);
    for (ulong r = 0; r < rows; r++) {
        for (int i = 0; i < count; i += V) {
            int left = count - i;
            VT is = FN(take_condition)(condition + r * if_1 + i * if_0, if_0, left);
            VT yes = FN(take)(src + r * src_1 + i * src_0, src_0, left);
            VT no = FN(take)(src2 + r * src2_1 + i * src2_0, src2_0, left);

            FN(put)(is != (VT)(0.0f) ? yes : no, dst + r * dst_1 + i * dst_0, dst_0, left);
        }
    }
}
