// dst[i] = src[i] over up to six axes with any strides, bit for bit. Those of src may be negative,
// as a ulong that wraps. S0 is the innermost size, the outermost needs none. One work-item moves
// one element. Flat grid over the elements.
__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(copy_strided)(
    __global const T *restrict src, ulong src_at, __global T *restrict dst, ulong dst_at,
    ulong S0, ulong S1, ulong S2, ulong S3, ulong S4,
    ulong src_0, ulong src_1, ulong src_2, ulong src_3, ulong src_4, ulong src_5,
    ulong dst_0, ulong dst_1, ulong dst_2, ulong dst_3, ulong dst_4, ulong dst_5,
    ulong first, ulong end)
{
    ulong item = FLAT_ITEM(first), i0, i1, i2, i3, i4;

    if (item >= end)
        return;
    WALK(item, S0, i0);
    WALK(item, S1, i1);
    WALK(item, S2, i2);
    WALK(item, S3, i3);
    WALK(item, S4, i4);
    src_at += i0 * src_0 + i1 * src_1 + i2 * src_2 + i3 * src_3 + i4 * src_4 + item * src_5;
    dst_at += i0 * dst_0 + i1 * dst_1 + i2 * dst_2 + i3 * dst_3 + i4 * dst_4 + item * dst_5;
    dst[dst_at] = src[src_at];
}
