// Copies rows, bit for bit. `length` elements a row, in `chunks` pieces of `chunk`; R rows along
// axis 1 in `blocks` of `block`; axes 2 to 5 are outer ones. Strides of src may be negative. One
// work-item moves one piece of the rows of one block, in vectors of V where the elements of a row
// lie together in both tensors. Flat grid over chunks, blocks, S2, S3, S4 and the outermost axis.
// `past`: stores go past the caches. Fixed at build: V.
__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(copy_rows)(
    __global const T *restrict src, ulong src_at, __global T *restrict dst, ulong dst_at,
    ulong length, ulong chunk, ulong chunks, ulong R, ulong block, ulong blocks,
    ulong S2, ulong S3, ulong S4,
    long src_0, long src_1, ulong src_2, ulong src_3, ulong src_4, ulong src_5,
    long dst_0, long dst_1, ulong dst_2, ulong dst_3, ulong dst_4, ulong dst_5,
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
    dst += dst_at + x * dst_0 + row * dst_1 + i2 * dst_2 + i3 * dst_3 + i4 * dst_4 + item * dst_5;

    ulong rows = min(block, R - row);
    int count = (int)min(chunk, length - x);
    past = past && IS_WHOLE(dst);
    for (ulong r = 0; r < rows; r++) {
        long i = 0;
        if (src_0 == 1 && dst_0 == 1) {
            for (; i + V <= count; i += V)
                VSTREAM(past, VLOAD(src + i), dst + i);
            for (; i < count; i++)
                dst[i] = src[i];
        }
        for (; i < count; i++)
            dst[i * dst_0] = src[i * src_0];
        src += src_1;
        dst += dst_1;
    }
    STREAM_END(past);
}
