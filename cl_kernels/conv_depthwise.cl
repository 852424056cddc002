// Depthwise convolution (one filter for each channel) and its gradient to data in NHWC on a CPU
// with wide vectors. A work-item makes one output row of V channels, MR pixels at a time; the last,
// partial vector of channels goes lane by lane. Weights are packed as [block][tap][V]. Backward, a
// tile's pixels are `SW` apart, so that a tap falls on an input for all of them or for none.
// Grid: rows (n od oh), channel blocks. Fixed at build: MR, V, BACKWARD.
#ifndef MR
#define MR 4
#endif
#ifndef BACKWARD
#define BACKWARD 0
#endif

#if BACKWARD
#define TAP(o, r, stride, dilation, pad, size)                                              \
    conv_transpose_tap(o, r, stride, dilation, pad, size)
#define OUT_STEP SW
#define IN_STEP 1
#define COLUMN(iw) ((iw) >= 0 && (iw) < W ? (iw) : -1)
#else
#define TAP(o, r, stride, dilation, pad, size)                                              \
    conv_tap(o, r, stride, dilation, pad, size, mode)
#define OUT_STEP 1
#define IN_STEP SW
#define COLUMN(iw) padded_index(iw, W, mode)
#endif

// MR pixels of V channels from ow0 on. src, dst and residual point to the item's image and row.
void FN(tile)(__global const T *restrict src, __global const T *restrict weights, VT bias,
              __global const T *residual, __global T *dst, int has_residual, float slope, float low,
              float high, int mode, int ow0, int od, int oh, int D, int H, int W, int OW,
              ulong src_d, ulong src_h, ulong src_w, ulong dst_w, int KD, int KH, int KW,
              int SD, int SH, int SW, int LD, int LH, int LW, int PD, int PH, int PW)
{
    int count = min(MR, (OW - ow0 + OUT_STEP - 1) / OUT_STEP);
    // Forward tiles that no tap leaves run without tests.
    bool inside = !BACKWARD && count == MR && ow0 * SW - PW >= 0
        && (ow0 + MR - 1) * SW + (KW - 1) * LW - PW < W;
    VT acc[MR];

    #pragma unroll
    for (int i = 0; i < MR; i++)
        acc[i] = bias;
    for (int rd = 0; rd < KD; rd++) {
        int d = TAP(od, rd, SD, LD, PD, D);
        for (int rh = 0; d >= 0 && rh < KH; rh++) {
            int h = TAP(oh, rh, SH, LH, PH, H);
            if (h < 0)
                continue;
            __global const T *x = src + d * src_d + h * src_h;
            __global const T *w = weights + ((ulong)rd * KH + rh) * KW * V;
            if (inside) {
                x += (ow0 * SW - PW) * src_w;
                for (int rw = 0; rw < KW; rw++, w += V, x += LW * src_w) {
                    VT wv = VLOAD(w);
                    #pragma unroll
                    for (int i = 0; i < MR; i++)
                        acc[i] = fma(VLOAD(x + i * (IN_STEP * src_w)), wv, acc[i]);
                }
                continue;
            }
            for (int rw = 0; rw < KW; rw++, w += V) {
#if BACKWARD
                if ((ow0 + PW - rw * LW) % SW)
                    continue;
                int iw0 = (ow0 + PW - rw * LW) / SW;
#else
                int iw0 = ow0 * SW + rw * LW - PW;
#endif
                VT wv = VLOAD(w);
                #pragma unroll
                for (int i = 0; i < MR; i++) {
                    int iw = COLUMN(iw0 + i * IN_STEP);
                    if (iw >= 0 && i < count)
                        acc[i] = fma(VLOAD(x + iw * src_w), wv, acc[i]);
                }
            }
        }
    }
    dst += ow0 * dst_w;
    residual += ow0 * dst_w;
    #pragma unroll
    for (int i = 0; i < MR; i++) {
        if (i >= count)
            continue;
        if (has_residual)
            acc[i] += VLOAD(residual + i * (OUT_STEP * dst_w));
        PIECEWISE(acc[i], slope, low, high, acc[i]);
        VSTORE(acc[i], dst + i * (OUT_STEP * dst_w));
    }
}

// One channel of one output.
ACC FN(single)(__global const T *restrict src, __global const T *restrict weights, ACC sum,
               int mode, int ow, int od, int oh, int D, int H, int W, ulong src_d, ulong src_h, ulong src_w,
               int KD, int KH, int KW, int SD, int SH, int SW, int LD, int LH, int LW,
               int PD, int PH, int PW)
{
    for (int rd = 0; rd < KD; rd++) {
        int d = TAP(od, rd, SD, LD, PD, D);
        for (int rh = 0; d >= 0 && rh < KH; rh++) {
            int h = TAP(oh, rh, SH, LH, PH, H);
            for (int rw = 0; h >= 0 && rw < KW; rw++) {
                int w = TAP(ow, rw, SW, LW, PW, W);
                if (w >= 0)
                    sum = fma(LOAD(src, d * src_d + h * src_h + w * src_w),
                              LOAD(weights, (((ulong)rd * KH + rh) * KW + rw) * V), sum);
            }
        }
    }
    return sum;
}

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(conv_depthwise)(
    __global const T *restrict src, ulong src_at, __global const T *restrict weights,
    ulong weights_at, __global const T *restrict bias, ulong bias_at, __global const T *residual,
    ulong residual_at, __global T *dst, ulong dst_at,
    int has_residual, float slope, float low, float high, int mode,
    int C, int tiles, int D, int H, int W, int OD, int OH, int OW,
    ulong src_n, ulong src_d, ulong src_h, ulong src_w,
    ulong dst_n, ulong dst_d, ulong dst_h, ulong dst_w,
    int KD, int KH, int KW, int SD, int SH, int SW, int LD, int LH, int LW, int PD, int PH, int PW,
    int first)
{
    if (!OW)
        return;
    int row = first + (int)get_group_id(0), block = get_group_id(1);
    int oh = row % OH, od = row / OH % OD, n = row / OH / OD, c0 = block * V;
    int lanes = min(V, C - c0);
    ulong out = n * dst_n + od * dst_d + oh * dst_h + c0;

    src += src_at + n * src_n + c0;
    weights += weights_at + (ulong)block * KD * KH * KW * V;
    bias += bias_at + c0;
    dst += dst_at + out;
    residual += residual_at + out;
    if (lanes == V) {
        VT start = VLOAD(bias);
        for (int t = 0; t < tiles; t++) {
            int ow0 = BACKWARD ? t % SW + t / SW * MR * SW : t * MR;
            if (ow0 < OW)
                FN(tile)(src, weights, start, residual, dst, has_residual, slope, low, high, mode,
                         ow0, od, oh, D, H, W, OW, src_d, src_h, src_w, dst_w, KD, KH, KW,
                         SD, SH, SW, LD, LH, LW, PD, PH, PW);
        }
        return;
    }
    for (int ow = 0; ow < OW; ow++) {
        for (int c = 0; c < lanes; c++) {
            ACC sum = FN(single)(src + c, weights + c, LOAD(bias, c), mode, ow, od, oh, D, H, W,
                                 src_d, src_h, src_w, KD, KH, KW, SD, SH, SW, LD, LH, LW,
                                 PD, PH, PW);
            ulong at = ow * dst_w + c;
            if (has_residual)
                sum += LOAD(residual, at);
            sum = sum < 0 ? sum * slope : sum;
            STORE(dst, at, clip_f32(sum, low, high));
        }
    }
}
