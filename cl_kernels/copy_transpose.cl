// Copies between tensors whose innermost axes differ (NCHW and NHWC), bit for bit: axis a has
// stride 1 in dst, axis b has stride 1 in src, and up to four outer axes remain. The other strides
// of src may be negative. One work-item moves a block of A / a_blocks by B / b_blocks elements in
// tiles of V x V: V vectors are read along b, turned in registers and written along a. Blocks are
// no smaller than a tile unless the axis is, so the last tile of a block is moved back to fit; axes
// below V go element by element, but two or three rows of src that fill dst without gaps. Flat grid
// over a blocks, b blocks, S0 / each, S1, S2 and the outermost axis; a work-item moves its block of
// `each` positions along S0. Fixed at build: V.
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

// `count` elements of each of two or three rows, in turn: by vectors of each row, then one by one.
#define INTERLEAVE(n)                                                                      \
    void FN(interleave_##n)(__global const T *restrict src, long src_a,                    \
                            __global T *restrict dst, long count)                          \
    {                                                                                      \
        long i = 0;                                                                        \
                                                                                           \
        for (; i + V <= count; i += V) {                                                   \
            union { VT v; ACC lane[V]; } from[n], to[n];                                   \
                                                                                           \
            _Pragma("unroll")                                                              \
            for (int k = 0; k < n; k++)                                                    \
                from[k].v = VLOAD(src + k * src_a + i);                                    \
            _Pragma("unroll")                                                              \
            for (int k = 0; k < n * V; k++)                                                \
                to[k / V].lane[k % V] = from[k % n].lane[k / n];                           \
            _Pragma("unroll")                                                              \
            for (int k = 0; k < n; k++)                                                    \
                VSTORE(to[k].v, dst + i * n + k * V);                                      \
        }                                                                                  \
        for (; i < count; i++)                                                             \
            _Pragma("unroll")                                                              \
            for (int k = 0; k < n; k++)                                                    \
                dst[i * n + k] = src[k * src_a + i];                                       \
    }
INTERLEAVE(2)
INTERLEAVE(3)

// Rows or columns too short for a tile.
void FN(small)(__global const T *restrict src, long src_a, __global T *restrict dst, long dst_b,
               long a, long b)
{
    if (a == 2 && dst_b == 2)
        FN(interleave_2)(src, src_a, dst, b);
    else if (a == 3 && dst_b == 3)
        FN(interleave_3)(src, src_a, dst, b);
    else
        for (long i = 0; i < b; i++)
            for (long k = 0; k < a; k++)
                dst[i * dst_b + k] = src[k * src_a + i];
}

// Where block i of `blocks` begins along an axis: a multiple of V, but for the end.
ulong FN(begin)(ulong i, ulong blocks, ulong size)
{
    return i == blocks ? size : i * (size / V) / blocks * V;
}

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(copy_transpose)(
    __global const T *restrict src, ulong src_at, __global T *restrict dst, ulong dst_at,
    ulong A, ulong B, ulong a_blocks, ulong b_blocks, long src_a, long dst_b, ulong each,
    ulong S0, ulong S1, ulong S2,
    ulong src_0, ulong src_1, ulong src_2, ulong src_3,
    ulong dst_0, ulong dst_1, ulong dst_2, ulong dst_3, ulong first, ulong end)
{
    ulong item = FLAT_ITEM(first), a, b, i0, i1, i2;

    if (item >= end)
        return;
    WALK(item, a_blocks, a);
    WALK(item, b_blocks, b);
    WALK(item, (S0 + each - 1) / each, i0);
    WALK(item, S1, i1);
    WALK(item, S2, i2);
    ulong a_begin = FN(begin)(a, a_blocks, A), a_end = FN(begin)(a + 1, a_blocks, A);
    ulong b_begin = FN(begin)(b, b_blocks, B), b_end = FN(begin)(b + 1, b_blocks, B);
    ulong i0_end = min((i0 + 1) * each, S0);
    src += src_at + i1 * src_1 + i2 * src_2 + item * src_3;
    dst += dst_at + i1 * dst_1 + i2 * dst_2 + item * dst_3;

    for (i0 *= each; i0 < i0_end; i0++) {
        __global const T *from = src + i0 * src_0;
        __global T *to = dst + i0 * dst_0;

        if (A < V || B < V) {
            FN(small)(from + (long)a_begin * src_a + b_begin, src_a,
                      to + (long)b_begin * dst_b + a_begin, dst_b, a_end - a_begin,
                      b_end - b_begin);
            continue;
        }
        for (b = b_begin; b < b_end; b += V) {
            long b_tile = min(b, b_end - V);
            for (a = a_begin; a < a_end; a += V) {
                long a_tile = min(a, a_end - V);
                FN(tile)(from + a_tile * src_a + b_tile, src_a, to + b_tile * dst_b + a_tile,
                         dst_b);
            }
        }
    }
}
