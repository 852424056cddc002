// Convolution and (backward) its gradient to data in NHWC on a CPU with wide vectors, tiled in
// registers. A work-item makes `each` tiles of MR output pixels of one row times NV vectors of
// output channels: for each tap and input channel one broadcast of src for each pixel against NV
// vectors of packed weights [group][block][tap][c][NV V]. Backward, a tile's pixels are `SW` apart,
// so that a tap falls on an input for all of them or for none. Pixels whose tap is in the padding
// keep their sum by a select, written so that it becomes a mask of the multiply-add.
// Grid: tiles of a row / each, rows (n od oh), group blocks. Fixed at build: MR, NV, V.
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
    if (has_residual)
        sum += LOAD_LANES(residual, lanes);
    PIECEWISE(sum, slope, low, high, sum);
    STORE_LANES(sum, dst, lanes);
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
    int tiles, int each, int first)
{
    if (!OW)
        return;
    int row = first + (int)get_group_id(1), block = get_group_id(2);
    int g = block / blocks, k0 = block % blocks * BLOCK;
    int oh = row % OH, od = row / OH % OD, n = row / OH / OD;
    int out_step = backward ? SW : 1, in_step = backward ? 1 : SW;
    int tile = get_group_id(0) * each, end = min(tile + each, tiles);
    ulong out = n * dst_n + od * dst_d + oh * dst_h + (ulong)g * K + k0;

    bias += bias_at + (ulong)block * BLOCK;
    src += src_at + n * src_n + (ulong)g * C;
    weights += weights_at + (ulong)block * KD * KH * KW * C * BLOCK;
    dst += dst_at + out;
    residual += residual_at + out;
    for (; tile < end; tile++) {
        int ow0 = backward ? tile % SW + tile / SW * MR * SW : tile * MR;
        int count = min(MR, (OW - ow0 + out_step - 1) / out_step);
        // All taps of a row inside the map, and pixels that follow each other: one run.
        bool run = !backward && LW == 1 && src_w == (ulong)C && count == MR
            && ow0 * SW >= PW && (ow0 + MR - 1) * SW + KW - PW <= W;
        VT acc[MR][NV];

        if (count <= 0)
            continue;
        #pragma unroll
        for (int i = 0; i < MR; i++)
            #pragma unroll
            for (int j = 0; j < NV; j++)
                acc[i][j] = VLOAD(bias + j * V);

        for (int rd = 0; rd < KD; rd++) {
            int d = window_tap(backward, od, rd, SD, LD, PD, D, mode);
            for (int rh = 0; d >= 0 && rh < KH; rh++) {
                int h = window_tap(backward, oh, rh, SH, LH, PH, H, mode);
                for (int rw = 0; h >= 0 && rw < (run ? 1 : KW); rw++) {
                    __global const T *w = weights + (((ulong)rd * KH + rh) * KW + rw) * C * BLOCK;
                    __global const T *x = src + d * src_d + h * src_h;
                    int iw0 = backward ? ow0 + PW - rw * LW : ow0 * SW + rw * LW - PW;
                    if (backward && iw0 % SW)
                        continue;
                    iw0 = backward ? iw0 / SW : iw0;
                    if (count == MR && iw0 >= 0 && iw0 + (MR - 1) * in_step < W) {
                        int length = run ? KW * C : C;
                        x += iw0 * src_w;
                        for (int c = 0; c < length; c++, w += BLOCK) {
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
                    MASK inside[MR];
                    ulong at[MR];
                    #pragma unroll
                    for (int i = 0; i < MR; i++) {
                        int iw = i < count ? padded_index(iw0 + i * in_step, W, mode) : -1;
                        inside[i] = (MASK)(iw < 0 ? 0 : -1);
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
                                acc[i][j] = inside[i] ? fma(xv, wv[j], acc[i][j]) : acc[i][j];
                        }
                    }
                }
            }
        }

        if (count == MR && k0 + BLOCK <= K && !has_residual) {
            #pragma unroll
            for (int i = 0; i < MR; i++) {
                PIECEWISE_ALL(acc[i], NV, slope, low, high);
                #pragma unroll
                for (int j = 0; j < NV; j++)
                    VSTORE(acc[i][j], dst + (ow0 + i * out_step) * dst_w + j * V);
            }
            continue;
        }
        // Through memory, so that the code behind stands once and not for each register.
        ACC sums[MR * BLOCK];
        #pragma unroll
        for (int i = 0; i < MR; i++)
            #pragma unroll
            for (int j = 0; j < NV; j++)
                VKEEP(acc[i][j], sums + (i * NV + j) * V);

        ulong at = ow0 * dst_w;
        for (int i = 0; i < count; i++, at += out_step * dst_w)
            for (int j = 0; j < NV && k0 + j * V < K; j++)
                FN(finish)(VLOAD(sums + (i * NV + j) * V), residual + at + j * V,
                           dst + at + j * V, has_residual, K - k0 - j * V, slope, low, high);
    }
}
