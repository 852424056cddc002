// Convolution and (backward) its gradient to data in NHWC on a CPU with wide vectors, tiled in
// registers. A work-item makes MR output pixels of one row times NV vectors of output channels: for
// each tap and input channel one broadcast of src for each pixel against NV vectors of packed
// weights [group][block][tap][c][NV V]. Backward, a tile's pixels are `SW` apart, so that a tap
// falls on an input for all of them or for none. Pixels whose tap is in the padding keep their sum
// by a select.
// Grid: tiles of a row, rows (n od oh), group blocks. Fixed at build: MR, NV, V.
#ifndef MR
#define MR 4
#endif
#ifndef NV
#define NV 1
#endif
#define BLOCK (NV * V)

#if V == 16
#define MASK int16
#elif V == 8
#define MASK int8
#elif V == 4
#define MASK int4
#elif V == 2
#define MASK int2
#else
#define MASK int
#endif

// One vector of output: residual, activation, and a tail where the block ends behind K.
void FN(finish)(VT sum, __global const T *residual, __global T *dst, int has_residual, int lanes,
                float slope, float low, float high)
{
    if (lanes >= V) {
        if (has_residual)
            sum += VLOAD(residual);
        PIECEWISE(sum, slope, low, high, sum);
        VSTORE(sum, dst);
        return;
    }
    ACC lane[V];
    VSTORE(sum, lane);
    for (int i = 0; i < lanes; i++) {
        ACC x = lane[i];
        if (has_residual)
            x += LOAD(residual, i);
        x = x < 0 ? x * slope : x;
        STORE(dst, i, clip_f32(x, low, high));
    }
}

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(conv_direct)(
    __global const T *restrict src, ulong src_at, __global const T *restrict weights,
    ulong weights_at, __global const T *restrict bias, ulong bias_at, __global const T *residual,
    ulong residual_at, __global T *dst, ulong dst_at,
    int backward, int has_residual, float slope, float low, float high, int mode,
    int C, int K, int blocks, int D, int H, int W, int OD, int OH, int OW,
    ulong src_n, ulong src_d, ulong src_h, ulong src_w,
    ulong dst_n, ulong dst_d, ulong dst_h, ulong dst_w,
    int KD, int KH, int KW, int SD, int SH, int SW, int LD, int LH, int LW, int PD, int PH, int PW,
    int first)
{
    if (!OW)
        return;
    int tile = get_group_id(0), row = first + (int)get_group_id(1), block = get_group_id(2);
    int g = block / blocks, k0 = block % blocks * BLOCK;
    int oh = row % OH, od = row / OH % OD, n = row / OH / OD;
    int out_step = backward ? SW : 1, in_step = backward ? 1 : SW;
    int ow0 = backward ? tile % SW + tile / SW * MR * SW : tile * MR;
    if (ow0 >= OW)
        return;
    int count = min(MR, (OW - ow0 + out_step - 1) / out_step);

    VT acc[MR][NV];
    bias += bias_at + (ulong)block * BLOCK;
    #pragma unroll
    for (int i = 0; i < MR; i++)
        #pragma unroll
        for (int j = 0; j < NV; j++)
            acc[i][j] = VLOAD(bias + j * V);

    src += src_at + n * src_n + (ulong)g * C;
    weights += weights_at + (ulong)block * KD * KH * KW * C * BLOCK;
    for (int rd = 0; rd < KD; rd++) {
        int d = window_tap(backward, od, rd, SD, LD, PD, D, mode);
        for (int rh = 0; d >= 0 && rh < KH; rh++) {
            int h = window_tap(backward, oh, rh, SH, LH, PH, H, mode);
            for (int rw = 0; h >= 0 && rw < KW; rw++) {
                __global const T *w = weights + (((ulong)rd * KH + rh) * KW + rw) * C * BLOCK;
                __global const T *x = src + d * src_d + h * src_h;
                int iw0 = backward ? ow0 + PW - rw * LW : ow0 * SW + rw * LW - PW;
                if (backward && iw0 % SW)
                    continue;
                iw0 = backward ? iw0 / SW : iw0;
                if (count == MR && iw0 >= 0 && iw0 + (MR - 1) * in_step < W) {
                    x += iw0 * src_w;
                    for (int c = 0; c < C; c++, w += BLOCK) {
                        VT wv[NV];
                        #pragma unroll
                        for (int j = 0; j < NV; j++)
                            wv[j] = VLOAD(w + j * V);
                        #pragma unroll
                        for (int i = 0; i < MR; i++) {
                            VT xv = (VT)(LOAD(x, c + i * (in_step * src_w)));
                            #pragma unroll
                            for (int j = 0; j < NV; j++)
                                acc[i][j] = fma(xv, wv[j], acc[i][j]);
                        }
                    }
                    continue;
                }
                MASK keep[MR];
                ulong at[MR];
                #pragma unroll
                for (int i = 0; i < MR; i++) {
                    int iw = i < count ? padded_index(iw0 + i * in_step, W, mode) : -1;
                    keep[i] = (MASK)(iw < 0 ? -1 : 0);
                    at[i] = max(iw, 0) * src_w;
                }
                for (int c = 0; c < C; c++, w += BLOCK) {
                    VT wv[NV];
                    #pragma unroll
                    for (int j = 0; j < NV; j++)
                        wv[j] = VLOAD(w + j * V);
                    #pragma unroll
                    for (int i = 0; i < MR; i++) {
                        VT xv = (VT)(LOAD(x, c + at[i]));
                        #pragma unroll
                        for (int j = 0; j < NV; j++)
                            acc[i][j] = keep[i] ? acc[i][j] : fma(xv, wv[j], acc[i][j]);
                    }
                }
            }
        }
    }

    // Through memory, so that the code behind stands once and not for each register.
    ACC sums[MR * BLOCK];
    #pragma unroll
    for (int i = 0; i < MR; i++)
        #pragma unroll
        for (int j = 0; j < NV; j++)
            VSTORE(acc[i][j], sums + (i * NV + j) * V);

    ulong out = n * dst_n + od * dst_d + oh * dst_h + ow0 * dst_w + (ulong)g * K + k0;
    for (int i = 0; i < count; i++, out += out_step * dst_w)
        for (int j = 0; j < NV && k0 + j * V < K; j++)
            FN(finish)(VLOAD(sums + (i * NV + j) * V), residual + residual_at + out + j * V,
                       dst + dst_at + out + j * V, has_residual, K - k0 - j * V,
                       slope, low, high);
}
