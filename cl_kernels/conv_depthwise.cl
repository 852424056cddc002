// Depthwise convolution (one filter for each channel) and its gradient to data in NHWC on a CPU
// with wide vectors. A work-item makes one output row of V channels. Forward, MR pixels at a time
// where no tap leaves the row; elsewhere one by one, as for the last, partial vector of channels.
// Weights are packed as [block][tap][V], the bias as [block][V].
// Grid: rows (n od oh), channel blocks. Fixed at build: MR, V.
#ifndef MR
#define MR 4
#endif
VT FN(read)(__global const T *p, int lanes)
{
    ACC lane[V];

    if (lanes == V)
        return VLOAD(p);
    for (int i = 0; i < V; i++)
        lane[i] = i < lanes ? LOAD(p, i) : (ACC)0;
    return VLOAD(lane);
}

// Residual, activation and store of one pixel.
void FN(finish)(VT sum, __global const T *residual, __global T *dst, int has_residual, int lanes,
                float slope, float low, float high)
{
    ACC lane[V];

    if (has_residual)
        sum += FN(read)(residual, lanes);
    PIECEWISE(sum, slope, low, high, sum);
    if (lanes == V) {
        VSTORE(sum, dst);
        return;
    }
    VKEEP(sum, lane);
    for (int i = 0; i < lanes; i++)
        STORE(dst, i, lane[i]);
}

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(conv_depthwise)(
    __global const T *restrict src, ulong src_at, __global const T *restrict weights,
    ulong weights_at, __global const T *restrict bias, ulong bias_at, __global const T *residual,
    ulong residual_at, __global T *dst, ulong dst_at,
    int backward, int has_residual, float slope, float low, float high, int mode,
    int C, int D, int H, int W, int OD, int OH, int OW,
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
    VT start = VLOAD(bias + bias_at + c0);
    dst += dst_at + out;
    residual += residual_at + out;
    for (int ow = 0; ow < OW;) {
        int left = ow * SW - PW, right = left + (MR - 1) * SW + (KW - 1) * LW;
        if (!backward && lanes == V && left >= 0 && right < W && ow + MR <= OW) {
            VT acc[MR];
            #pragma unroll
            for (int i = 0; i < MR; i++)
                acc[i] = start;
            for (int rd = 0; rd < KD; rd++) {
                int d = conv_tap(od, rd, SD, LD, PD, D, mode);
                for (int rh = 0; d >= 0 && rh < KH; rh++) {
                    int h = conv_tap(oh, rh, SH, LH, PH, H, mode);
                    if (h < 0)
                        continue;
                    __global const T *x = src + d * src_d + h * src_h + left * src_w;
                    __global const T *w = weights + ((ulong)rd * KH + rh) * KW * V;
                    for (int rw = 0; rw < KW; rw++, w += V, x += LW * src_w) {
                        VT wv = VLOAD(w);
                        #pragma unroll
                        for (int i = 0; i < MR; i++)
                            acc[i] = fma(VLOAD(x + i * (SW * src_w)), wv, acc[i]);
                    }
                }
            }
            #pragma unroll
            for (int i = 0; i < MR; i++) {
                ulong at = (ow + i) * dst_w;
                if (has_residual)
                    acc[i] += VLOAD(residual + at);
                PIECEWISE(acc[i], slope, low, high, acc[i]);
                VSTORE(acc[i], dst + at);
            }
            ow += MR;
            continue;
        }
        VT sum = start;
        for (int rd = 0; rd < KD; rd++) {
            int d = window_tap(backward, od, rd, SD, LD, PD, D, mode);
            for (int rh = 0; d >= 0 && rh < KH; rh++) {
                int h = window_tap(backward, oh, rh, SH, LH, PH, H, mode);
                for (int rw = 0; h >= 0 && rw < KW; rw++) {
                    int w = window_tap(backward, ow, rw, SW, LW, PW, W, mode);
                    if (w >= 0)
                        sum = fma(FN(read)(src + d * src_d + h * src_h + w * src_w, lanes),
                                  VLOAD(weights + (((ulong)rd * KH + rh) * KW + rw) * V), sum);
                }
            }
        }
        FN(finish)(sum, residual + ow * dst_w, dst + ow * dst_w, has_residual, lanes, slope, low,
                   high);
        ow++;
    }
}
