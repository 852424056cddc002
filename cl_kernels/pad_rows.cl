// dst[i] = src[i - before] over up to six axes with any strides, bit for bit; outside of src stands
// `value` with mode 0, else what padding modes 1 reflect, 2 replicate, 3 circular say. N is the
// size of an axis in src, B what stands before it in dst; negative numbers cut. Rows of `row`
// elements in `chunks` pieces of `chunk`; R rows along axis 1 in `blocks` of `block`; axes 2 to 5
// are outer ones. One work-item writes one piece of the rows of one block, inside of src in vectors
// of V where elements lie together in both tensors. Flat grid over chunks, blocks, S2, S3, S4 and
// the outermost axis. Fixed at build: V.

// Where position i reads in an axis of src, or -1: nowhere.
long FN(place)(long i, long size, int mode)
{
    if (i >= 0 && i < size)
        return i;
    if (mode == 1)
        return i < 0 ? -i : 2 * (size - 1) - i;
    if (mode == 2)
        return i < 0 ? 0 : size - 1;
    if (mode == 3)
        return i < 0 ? i + size : i - size;
    return -1;
}

// Elements [from, to) of a piece that begins at position x of src's row and is not inside.
void FN(edge)(__global const T *restrict src, __global T *restrict dst, long x, long from, long to,
              long size, int mode, float value, long src_0, long dst_0)
{
    for (long i = from; i < to; i++) {
        if (mode == 0)
            STORE(dst, i * dst_0, (ACC)value);
        else
            dst[i * dst_0] = src[FN(place)(x + i, size, mode) * src_0];
    }
}

// A piece of a row of src, from position x on.
void FN(piece)(__global const T *restrict src, __global T *restrict dst, long x, long count,
               long size, int mode, float value, long src_0, long dst_0)
{
    long low = clamp(-x, 0L, count), high = clamp(size - x, low, count), i = low;

    FN(edge)(src, dst, x, 0, low, size, mode, value, src_0, dst_0);
    if (src_0 == 1 && dst_0 == 1)
        for (; i + V <= high; i += V)
            VSTORE(VLOAD(src + x + i), dst + i);
    for (; i < high; i++)
        dst[i * dst_0] = src[(x + i) * src_0];
    FN(edge)(src, dst, x, high, count, size, mode, value, src_0, dst_0);
}

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(pad_rows)(
    __global const T *restrict src, ulong src_at, __global T *restrict dst, ulong dst_at,
    int mode, float value,
    ulong row, ulong chunk, ulong chunks, ulong R, ulong block, ulong blocks,
    ulong S2, ulong S3, ulong S4,
    long N0, long N1, long N2, long N3, long N4, long N5,
    long B0, long B1, long B2, long B3, long B4, long B5,
    long src_0, ulong src_1, ulong src_2, ulong src_3, ulong src_4, ulong src_5,
    long dst_0, ulong dst_1, ulong dst_2, ulong dst_3, ulong dst_4, ulong dst_5,
    ulong first, ulong end)
{
    ulong item = FLAT_ITEM(first), x, r, i2, i3, i4;

    if (item >= end)
        return;
    WALK(item, chunks, x);
    WALK(item, blocks, r);
    WALK(item, S2, i2);
    WALK(item, S3, i3);
    WALK(item, S4, i4);
    x *= chunk;
    r *= block;
    dst += dst_at + x * dst_0 + r * dst_1 + i2 * dst_2 + i3 * dst_3 + i4 * dst_4 + item * dst_5;
    long p2 = FN(place)(i2 - B2, N2, mode), p3 = FN(place)(i3 - B3, N3, mode);
    long p4 = FN(place)(i4 - B4, N4, mode), p5 = FN(place)(item - B5, N5, mode);
    int outside = p2 < 0 || p3 < 0 || p4 < 0 || p5 < 0;
    src_at += p2 * src_2 + p3 * src_3 + p4 * src_4 + p5 * src_5;

    ulong rows = min(block, R - r);
    long count = min(chunk, row - x);
    for (ulong i = 0; i < rows; i++) {
        long p1 = FN(place)(r + i - B1, N1, mode);
        if (outside || p1 < 0)
            FN(edge)(src, dst, 0, 0, count, 0, 0, value, src_0, dst_0);
        else
            FN(piece)(src + (src_at + p1 * src_1), dst, (long)x - B0, count, N0, mode, value,
                      src_0, dst_0);
        dst += dst_1;
    }
}
