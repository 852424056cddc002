// The products and the inverse transform of a 3x3 convolution by Winograd's F(F x F, 3x3), NHWC, on
// a CPU with wide vectors: dst = activation(A^T (U . V) A + bias + residual), with U of
// winograd_filter and V of winograd_input. A work-item makes MR tiles times NV vectors of output
// channels: for each plane a product tiled in registers, then the inverse of each tile.
// Grid: blocks of tiles, blocks of output channels. Fixed at build: F, MR, NV, V.
// Matrices: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015.
#ifndef F
#define F 4
#endif
#ifndef MR
#define MR 4
#endif
#ifndef NV
#define NV 1
#endif
#define TILE (F + 2)
#define PLANES (TILE * TILE)
#define BLOCK (NV * V)

// A^T times a column of TILE values; the first F are the result.
#if F == 4
#define TIMES_A(m)                                                                         \
    do {                                                                                   \
        VT a_ = m[1] + m[2], b_ = m[1] - m[2], c_ = m[3] + m[4], e_ = m[3] - m[4];         \
        m[0] += a_ + c_;                                                                   \
        m[1] = b_ + 2.0f * e_;                                                             \
        m[2] = a_ + 4.0f * c_;                                                             \
        m[3] = b_ + 8.0f * e_ + m[5];                                                      \
    } while (0)
#else
#define TIMES_A(m)                                                                         \
    do {                                                                                   \
        m[0] += m[1] + m[2];                                                               \
        m[1] += m[3] - m[2];                                                               \
    } while (0)
#endif

// Residual, activation and store of one pixel's vector, which has `lanes` channels.
void FN(finish)(VT sum, __global const T *residual, __global T *dst, int has_residual, int lanes,
                float slope, float low, float high)
{
    if (has_residual)
        sum += LOAD_LANES(residual, lanes);
    PIECEWISE(sum, slope, low, high, sum);
    STORE_LANES(sum, dst, lanes);
}

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(conv_winograd)(
    __global const T *restrict planes, ulong planes_at, __global const T *restrict weights,
    ulong weights_at, __global const T *restrict bias, ulong bias_at, __global const T *residual,
    ulong residual_at, __global T *dst, ulong dst_at,
    int has_residual, float slope, float low, float high, int C, int K, int OH, int OW,
    ulong dst_n, ulong dst_h, ulong dst_w, int tiles_h, int tiles_w, int from, int tiles,
    ulong plane, int first)
{
    if (!OW)
        return;
    int t0 = (first + (int)get_group_id(0)) * MR, block = get_group_id(1), k0 = block * BLOCK;
    int pitch = (C + V - 1) / V * V;
    VT sums[MR * NV][PLANES];

    planes += planes_at + (ulong)t0 * pitch;
    weights += weights_at + (ulong)block * PLANES * C * BLOCK;
    for (int p = 0; p < PLANES; p++, planes += plane) {
        __global const T *x = planes;
        VT acc[MR][NV];

        #pragma unroll
        for (int i = 0; i < MR; i++)
            #pragma unroll
            for (int j = 0; j < NV; j++)
                acc[i][j] = (VT)(0);
        for (int c = 0; c < C; c++, weights += BLOCK) {
            VT wv[NV];
            #pragma unroll
            for (int j = 0; j < NV; j++)
                wv[j] = VLOAD(weights + j * V);
            #pragma unroll
            for (int i = 0; i < MR; i++) {
                VT xv = (VT)(LOAD(x, c + i * pitch));
                #pragma unroll
                for (int j = 0; j < NV; j++)
                    acc[i][j] = fma(xv, wv[j], acc[i][j]);
            }
        }
        #pragma unroll
        for (int i = 0; i < MR; i++)
            #pragma unroll
            for (int j = 0; j < NV; j++)
                sums[i * NV + j][p] = acc[i][j];
    }

    for (int i = 0; i < MR; i++) {
        int tile = from + t0 + i;
        if (tile >= tiles)
            return;
        int x0 = tile % tiles_w * F, y0 = tile / tiles_w % tiles_h * F;
        ulong out = tile / tiles_w / tiles_h * dst_n + y0 * dst_h + x0 * dst_w + k0;

        for (int j = 0; j < NV && k0 + j * V < K; j++, out += V) {
            VT half_way[TILE][F], start = VLOAD(bias + bias_at + k0 + j * V);

            for (int row = 0; row < TILE; row++) {
                VT m[TILE];

                #pragma unroll
                for (int q = 0; q < TILE; q++)
                    m[q] = sums[i * NV + j][row * TILE + q];
                TIMES_A(m);
                #pragma unroll
                for (int q = 0; q < F; q++)
                    half_way[row][q] = m[q];
            }
            for (int q = 0; q < F && x0 + q < OW; q++) {
                VT m[TILE];

                #pragma unroll
                for (int row = 0; row < TILE; row++)
                    m[row] = half_way[row][q];
                TIMES_A(m);
                for (int y = 0; y < F && y0 + y < OH; y++) {
                    ulong at = out + y * dst_h + q * dst_w;

                    FN(finish)(m[y] + start, residual + residual_at + at, dst + dst_at + at,
                               has_residual, K - k0 - j * V, slope, low, high);
                }
            }
        }
    }
}
