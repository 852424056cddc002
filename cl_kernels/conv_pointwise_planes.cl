// 1x1 convolution, stride 1, in NCHW on a CPU with wide vectors: packed weights
// [group][block][c][MR] times planes of pixels, tiled in registers. A work-item makes NV vectors of
// pixels for `each` blocks of MR output channels. Behind a plane's last pixel vectors read what
// follows it; where nothing follows for sure, in the last `careful` channels, they read lane by
// lane. Those lanes are not stored.
// Grid: blocks / each, tiles of pixels, images and groups. Fixed at build: MR, NV, V.
#ifndef MR
#define MR 4
#endif
#ifndef NV
#define NV 1
#endif
#define TILE (NV * V)

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(conv_pointwise_planes)(
    __global const T *restrict src, ulong src_at, __global const T *restrict weights,
    ulong weights_at, __global const T *restrict bias, ulong bias_at, __global const T *residual,
    ulong residual_at, __global T *dst, ulong dst_at,
    int has_residual, float slope, float low, float high, int C, int K, int groups, int blocks,
    int pixels, int careful, ulong src_n, ulong src_c, ulong dst_n, ulong dst_c, int each,
    int first)
{
    if (!pixels)
        return;
    int image = first + (int)get_group_id(2), g = image % groups, n = image / groups;
    int p0 = get_group_id(1) * TILE, left = pixels - p0;
    int block = get_group_id(0) * each, end = min(block + each, blocks);
    int plain = left >= TILE ? C : max(C - careful, 0);

    src += src_at + n * src_n + g * C * src_c + p0;
    bias += bias_at + (ulong)g * blocks * MR;
    weights += weights_at + (ulong)g * blocks * C * MR;
    dst += dst_at + n * dst_n + g * K * dst_c + p0;
    residual += residual_at + n * dst_n + g * K * dst_c + p0;
    for (; block < end; block++) {
        __global const T *x = src, *w = weights + (ulong)block * C * MR;
        int k0 = block * MR;
        VT acc[MR][NV];

        #pragma unroll
        for (int i = 0; i < MR; i++)
            #pragma unroll
            for (int j = 0; j < NV; j++)
                acc[i][j] = (VT)(LOAD(bias, k0 + i));
        for (int c = 0; c < plain; c++, w += MR, x += src_c) {
            VT xv[NV];
            #pragma unroll
            for (int j = 0; j < NV; j++)
                xv[j] = VLOAD(x + j * V);
            #pragma unroll
            for (int i = 0; i < MR; i++) {
                VT wv = (VT)(LOAD(w, i));
                #pragma unroll
                for (int j = 0; j < NV; j++)
                    acc[i][j] = fma(xv[j], wv, acc[i][j]);
            }
        }
        for (int c = plain; c < C; c++, w += MR, x += src_c)
            #pragma unroll
            for (int j = 0; j < NV; j++) {
                VT xv = LOAD_LANES(x + j * V, left - j * V);
                #pragma unroll
                for (int i = 0; i < MR; i++)
                    acc[i][j] = fma(xv, (VT)(LOAD(w, i)), acc[i][j]);
            }

        if (left >= TILE && k0 + MR <= K && !has_residual) {
            #pragma unroll
            for (int i = 0; i < MR; i++)
                #pragma unroll
                for (int j = 0; j < NV; j++) {
                    PIECEWISE(acc[i][j], slope, low, high, acc[i][j]);
                    VSTORE(acc[i][j], dst + (k0 + i) * dst_c + j * V);
                }
            continue;
        }
        // Through memory, so that the code behind stands once and not for each register.
        ACC sums[MR * TILE];
        #pragma unroll
        for (int i = 0; i < MR; i++)
            #pragma unroll
            for (int j = 0; j < NV; j++)
                VKEEP(acc[i][j], sums + i * TILE + j * V);
        for (int i = 0; i < MR && k0 + i < K; i++)
            for (int j = 0; j < TILE && j < left; j += V) {
                ulong at = (k0 + i) * dst_c + j;
                VT sum = VLOAD(sums + i * TILE + j);

                if (has_residual)
                    sum += LOAD_LANES(residual + at, left - j);
                PIECEWISE(sum, slope, low, high, sum);
                STORE_LANES(sum, dst + at, left - j);
            }
    }
}
