// 1x1 convolution, stride 1, in NHWC on a CPU with wide vectors: a product of pixels and packed
// weights [group][block][c][NV V], tiled in registers. A work-item makes `each` tiles of MR pixels
// times NV vectors of output channels; the last tile's missing pixels repeat its last one and are
// not stored.
// Grid: group blocks, tiles / each, images; `weights_first` exchanges the first two, so that
// neighbours share weights and not pixels. Fixed at build: MR, NV, V.
#ifndef MR
#define MR 4
#endif
#ifndef NV
#define NV 1
#endif
#define BLOCK (NV * V)

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(conv_pointwise)(
    __global const T *restrict src, ulong src_at, __global const T *restrict weights,
    ulong weights_at, __global const T *restrict bias, ulong bias_at, __global const T *residual,
    ulong residual_at, __global T *dst, ulong dst_at,
    int weights_first, int has_residual, float slope, float low, float high,
    int C, int K, int blocks, int pixels, ulong src_n, ulong src_w, ulong dst_n, ulong dst_w,
    int tiles, int each, int first)
{
    if (!pixels)
        return;
    int x = get_group_id(0), y = get_group_id(1), n = first + (int)get_group_id(2);
    int block = weights_first ? y : x, tile = (weights_first ? x : y) * each;
    int end = min(tile + each, tiles), g = block / blocks, k0 = block % blocks * BLOCK;

    src += src_at + n * src_n + (ulong)g * C;
    weights += weights_at + (ulong)block * C * BLOCK;
    bias += bias_at + (ulong)block * BLOCK;
    dst += dst_at + n * dst_n + (ulong)g * K + k0;
    residual += residual_at + n * dst_n + (ulong)g * K + k0;
    for (; tile < end; tile++) {
        int p0 = tile * MR, count = min(MR, pixels - p0);
        __global const T *w = weights;
        __global const T *pixel[MR];
        VT acc[NV][MR];

        #pragma unroll
        for (int i = 0; i < MR; i++)
            pixel[i] = src + (p0 + min(i, count - 1)) * src_w;
        #pragma unroll
        for (int i = 0; i < MR; i++)
            #pragma unroll
            for (int j = 0; j < NV; j++)
                acc[j][i] = VLOAD(bias + j * V);
        for (int c = 0; c < C; c++, w += BLOCK) {
            VT wv[NV];
            #pragma unroll
            for (int j = 0; j < NV; j++)
                wv[j] = VLOAD(w + j * V);
            #pragma unroll
            for (int i = 0; i < MR; i++) {
                VT xv = (VT)(LOAD(pixel[i], c));
                #pragma unroll
                for (int j = 0; j < NV; j++)
                    acc[j][i] = fma(xv, wv[j], acc[j][i]);
            }
        }

        ulong out = p0 * dst_w;
        #pragma unroll
        for (int j = 0; j < NV; j++, out += V) {
            int lanes = K - k0 - j * V;

            if (lanes >= V) {
                if (has_residual) {
                    #pragma unroll
                    for (int i = 0; i < MR; i++)
                        if (i < count)
                            acc[j][i] += VLOAD(residual + out + i * dst_w);
                }
                PIECEWISE_ALL(acc[j], MR, slope, low, high);
                #pragma unroll
                for (int i = 0; i < MR; i++)
                    if (i < count)
                        VSTORE(acc[j][i], dst + out + i * dst_w);
            } else if (lanes > 0) {
                // Through memory, so that the code stands once and not for each register.
                ACC sums[MR * V];
                #pragma unroll
                for (int i = 0; i < MR; i++)
                    VKEEP(acc[j][i], sums + i * V);
                for (int i = 0; i < count; i++) {
                    VT sum = VLOAD(sums + i * V);

                    if (has_residual)
                        sum += VLOAD_PART(residual + out + i * dst_w, lanes);
                    PIECEWISE(sum, slope, low, high, sum);
                    VSTORE_PART(sum, dst + out + i * dst_w, lanes);
                }
            }
        }
    }
}
