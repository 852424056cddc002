// Copies between tensors whose innermost axes differ (NCHW and NHWC), bit for bit: axis a has
// stride 1 in dst, axis b has stride 1 in src, and up to four outer axes remain. The other strides
// of src may be negative. One work-item moves a block of A / a_blocks by B / b_blocks elements in
// tiles of V x V: V vectors are read along b, turned in registers and written along a. Blocks are
// no smaller than a tile unless the axis is, so the last tile of a block is moved back to fit; axes
// below V go element by element. Flat grid over a blocks, b blocks, S0, S1, S2 and the outermost
// axis. Fixed at build: V.
#if V > 1
// One half of each, from lane `from` on, in turn. By lanes: shuffles that leave lanes undefined, as
// halves make them, kill oclgrind's check of uninitialised values.
VT FN(zip)(VT even, VT odd, int from)
{
    union { VT v; ACC lane[V]; } a, b, x;

    a.v = even;
    b.v = odd;
#pragma unroll
    for (int i = 0; i < V / 2; i++) {
        x.lane[2 * i] = a.lane[from + i];
        x.lane[2 * i + 1] = b.lane[from + i];
    }
    return x.v;
}

// Transposes a V x V tile: each round zips row i with row i + V / 2, which turns the bits of
// (row, column) by one place.
void FN(turn)(VT row[V])
{
    VT next[V];

#pragma unroll
    for (int round = 1; round < V; round *= 2) {
#pragma unroll
        for (int i = 0; i < V / 2; i++) {
            next[2 * i] = FN(zip)(row[i], row[i + V / 2], 0);
            next[2 * i + 1] = FN(zip)(row[i], row[i + V / 2], V / 2);
        }
#pragma unroll
        for (int i = 0; i < V; i++)
            row[i] = next[i];
    }
}
#else
void FN(turn)(VT row[V])
{
    (void)row;
}
#endif

void FN(tile)(__global const T *restrict src, long src_a, __global T *restrict dst, long dst_b)
{
    VT row[V];

#pragma unroll
    for (int i = 0; i < V; i++)
        row[i] = VLOAD(src + i * src_a);
    FN(turn)(row);
#pragma unroll
    for (int i = 0; i < V; i++)
        VSTORE(row[i], dst + i * dst_b);
}

// Where block i of `blocks` begins along an axis: a multiple of V, but for the end.
ulong FN(begin)(ulong i, ulong blocks, ulong size)
{
    return i == blocks ? size : i * (size / V) / blocks * V;
}

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(copy_transpose)(
    __global const T *restrict src, ulong src_at, __global T *restrict dst, ulong dst_at,
    ulong A, ulong B, ulong a_blocks, ulong b_blocks, long src_a, long dst_b,
    ulong S0, ulong S1, ulong S2,
    ulong src_0, ulong src_1, ulong src_2, ulong src_3,
    ulong dst_0, ulong dst_1, ulong dst_2, ulong dst_3, ulong first, ulong end)
{
    ulong item = FLAT_ITEM(first), a, b, i0, i1, i2;

    if (item >= end)
        return;
    WALK(item, a_blocks, a);
    WALK(item, b_blocks, b);
    WALK(item, S0, i0);
    WALK(item, S1, i1);
    WALK(item, S2, i2);
    ulong a_begin = FN(begin)(a, a_blocks, A), a_end = FN(begin)(a + 1, a_blocks, A);
    ulong b_begin = FN(begin)(b, b_blocks, B), b_end = FN(begin)(b + 1, b_blocks, B);
    src += src_at + i0 * src_0 + i1 * src_1 + i2 * src_2 + item * src_3;
    dst += dst_at + i0 * dst_0 + i1 * dst_1 + i2 * dst_2 + item * dst_3;

    if (A < V || B < V) {
        for (long i = b_begin; i < (long)b_end; i++)
            for (long k = a_begin; k < (long)a_end; k++)
                dst[i * dst_b + k] = src[k * src_a + i];
        return;
    }
    for (b = b_begin; b < b_end; b += V) {
        long b_tile = min(b, b_end - V);
        for (a = a_begin; a < a_end; a += V) {
            long a_tile = min(a, a_end - V);
            FN(tile)(src + a_tile * src_a + b_tile, src_a, dst + b_tile * dst_b + a_tile, dst_b);
        }
    }
}
