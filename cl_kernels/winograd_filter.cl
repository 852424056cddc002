// Transforms the filters of a 3x3 convolution for conv_winograd: U = G g G^T, of F(F x F, 3x3), in
// planes and in blocks of output channels, zeros behind the last:
//   packed[k / block][plane][c][k % block], plane = row TILE + column.
// One work-item transforms the filter of one (k, c). Flat grid over blocks, c and k % block.
// Matrices: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015.
// Fixed at build: F.
#ifndef F
#define F 4
#endif
#define TILE (F + 2)

// out[0], out[step], ... = G (a, b, c)^T.
void FN(times_g)(ACC a, ACC b, ACC c, ACC *out, int step)
{
#if F == 4
    ACC even = a + c, outer = (a + 4.0f * c) * (1.0f / 24.0f), inner = b * (1.0f / 12.0f);

    out[0] = 0.25f * a;
    out[step] = (even + b) * (-1.0f / 6.0f);
    out[2 * step] = (even - b) * (-1.0f / 6.0f);
    out[3 * step] = outer + inner;
    out[4 * step] = outer - inner;
#else
    out[0] = a;
    out[step] = 0.5f * (a + c + b);
    out[2 * step] = 0.5f * (a + c - b);
#endif
    out[(TILE - 1) * step] = c;
}

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(winograd_filter)(
    __global const T *restrict weights, ulong weights_at, __global T *restrict packed,
    ulong packed_at, int block, int C, int K, ulong first, ulong end)
{
    ulong item = FLAT_ITEM(first);
    ACC left[TILE * 3], plane[TILE * TILE];

    if (item >= end || !block)
        return;
    int lane = item % block, c = item / block % C;
    ulong group = item / block / C, k = group * block + lane;

    packed += packed_at + (group * TILE * TILE * C + c) * block + lane;
    weights += weights_at + (k * C + c) * 9;
    for (int j = 0; j < 3; j++) {
        bool there = k < (ulong)K;

        FN(times_g)(there ? LOAD(weights, j) : (ACC)0, there ? LOAD(weights, 3 + j) : (ACC)0,
                    there ? LOAD(weights, 6 + j) : (ACC)0, left + j, 3);
    }
    for (int i = 0; i < TILE; i++)
        FN(times_g)(left[i * 3], left[i * 3 + 1], left[i * 3 + 2], plane + i * TILE, 1);
    for (int i = 0; i < TILE * TILE; i++)
        STORE(packed, (ulong)i * C * block, plane[i]);
}
