// dst[i] = src[i + index(i) step] over up to six axes with any strides, bit for bit: src does not
// move along the axes of indices, indices do not along the others. A negative index counts from the
// end of the `length` slices; one outside gives zeros. `wide`: indices are 64 bits. Rows of `row`
// elements in `chunks` pieces of `chunk`; R rows along axis 1 in `blocks` of `block`; axes 2 to 5
// are outer ones. One work-item moves one piece of the rows of one block, in vectors of V where one
// index picks the row and its elements lie together in both tensors. Flat grid over chunks, blocks,
// S2, S3, S4 and the outermost axis. Fixed at build: V.

// The slice that index i picks, or -1.
long FN(slice)(__global const int *restrict idx32, __global const long *restrict idx64, int wide,
               ulong i, long length)
{
    long index = wide ? idx64[i] : idx32[i];

    index += index < 0 ? length : 0;
    return index >= 0 && index < length ? index : -1;
}

// `count` elements of the slice that one index picks.
void FN(row)(__global const T *restrict src, __global T *restrict dst, int count, int inside,
             long src_0, long dst_0)
{
    long i = 0;

    if (!inside) {
        for (; i < count; i++)
            STORE(dst, i * dst_0, (ACC)0);
        return;
    }
    if (src_0 == 1 && dst_0 == 1)
        for (; i + V <= count; i += V)
            VSTORE(VLOAD(src + i), dst + i);
    for (; i < count; i++)
        dst[i * dst_0] = src[i * src_0];
}

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(gather_rows)(
    __global const T *restrict src, ulong src_at, __global const int *restrict idx32,
    ulong idx32_at, __global const long *restrict idx64, ulong idx64_at, __global T *restrict dst,
    ulong dst_at, int wide, long length, ulong step,
    ulong row, ulong chunk, ulong chunks, ulong R, ulong block, ulong blocks,
    ulong S2, ulong S3, ulong S4,
    long src_0, ulong src_1, ulong src_2, ulong src_3, ulong src_4, ulong src_5,
    ulong idx_0, ulong idx_1, ulong idx_2, ulong idx_3, ulong idx_4, ulong idx_5,
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
    src_at += x * src_0 + r * src_1 + i2 * src_2 + i3 * src_3 + i4 * src_4 + item * src_5;
    dst_at += x * dst_0 + r * dst_1 + i2 * dst_2 + i3 * dst_3 + i4 * dst_4 + item * dst_5;
    ulong at = x * idx_0 + r * idx_1 + i2 * idx_2 + i3 * idx_3 + i4 * idx_4 + item * idx_5;
    idx32 += idx32_at;
    idx64 += idx64_at;

    ulong rows = min(block, R - r);
    int count = (int)min(chunk, row - x);
    for (r = 0; r < rows; r++) {
        if (idx_0 == 0) {
            long k = FN(slice)(idx32, idx64, wide, at, length);
            FN(row)(src + (k < 0 ? 0 : src_at + k * step), dst + dst_at, count, k >= 0, src_0,
                    dst_0);
        }
        for (int i = 0; i < count && idx_0 != 0; i++) {
            long k = FN(slice)(idx32, idx64, wide, at + i * idx_0, length);
            if (k < 0)
                STORE(dst, dst_at + i * dst_0, (ACC)0);
            else
                dst[dst_at + i * dst_0] = src[src_at + i * src_0 + k * step];
        }
        src_at += src_1;
        dst_at += dst_1;
        at += idx_1;
    }
}
