// Copies between tensors whose innermost axes differ (NCHW and NHWC), bit for bit: axis a has
// stride 1 in dst, axis b has stride 1 in src, and up to four outer axes remain. The other strides
// of src may be negative, as a ulong that wraps. A work-group of LOCAL_X by LOCAL_Y items moves a
// tile of LOCAL_X x LOCAL_X through local memory, so that neighbouring items read and write
// neighbouring elements; a row is one longer to keep columns in different banks. Groups along x:
// a tiles, b tiles, S0, S1, S2 and the outermost axis.
// There is no return before the barrier: PoCL 3.1 then writes outside. With sizes of 0 nothing is
// within A and B.
__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(copy_tiled)(
    __global const T *restrict src, ulong src_at, __global T *restrict dst, ulong dst_at,
    ulong A, ulong B, ulong a_tiles, ulong b_tiles, ulong src_a, ulong dst_b,
    ulong S0, ulong S1, ulong S2,
    ulong src_0, ulong src_1, ulong src_2, ulong src_3,
    ulong dst_0, ulong dst_1, ulong dst_2, ulong dst_3, int first)
{
    __local T tile[LOCAL_X][LOCAL_X + 1];
    ulong group = first + get_group_id(0), a, b, i0, i1, i2;
    int x = get_local_id(0), y = get_local_id(1);

    WALK(group, a_tiles, a);
    WALK(group, b_tiles, b);
    WALK(group, S0, i0);
    WALK(group, S1, i1);
    WALK(group, S2, i2);
    a *= LOCAL_X;
    b *= LOCAL_X;
    src_at += i0 * src_0 + i1 * src_1 + i2 * src_2 + group * src_3;
    dst += dst_at + i0 * dst_0 + i1 * dst_1 + i2 * dst_2 + group * dst_3;

    for (int i = y; i < LOCAL_X; i += LOCAL_Y)
        if (a + i < A && b + x < B)
            tile[i][x] = src[src_at + (a + i) * src_a + b + x];
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int i = y; i < LOCAL_X; i += LOCAL_Y)
        if (b + i < B && a + x < A)
            dst[(b + i) * dst_b + a + x] = tile[x][i];
}
