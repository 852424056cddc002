// Convolution and its gradient to data (transposed convolution), any shape, any strides:
//   forward   dst[n][k][o] = act(bias[k] + residual + sum over c, r of w[k][c][r] src[n][c][i]),
//             i = o stride + r dilation - pad, mapped by the padding mode
//   backward  the same over w[c][k][r] and the i = (o + pad - r dilation) / stride that are whole
// C and K count the channels of one of G groups. One work-item makes one output, of the taps and
// channels [from, to): where a device ends long loops, launches follow whose residual is dst.
// Flat grid over n g k od oh ow, ow fastest. Fixed at build: BACKWARD.
#ifndef BACKWARD
#define BACKWARD 0
#endif

#if BACKWARD
#define TAP(o, r, stride, dilation, pad, size)                                              \
    conv_transpose_tap(o, r, stride, dilation, pad, size)
#else
#define TAP(o, r, stride, dilation, pad, size)                                              \
    conv_tap(o, r, stride, dilation, pad, size, mode)
#endif

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(conv_reference)(
    __global const T *restrict src, ulong src_at, __global const T *restrict weights,
    ulong weights_at, __global const T *restrict bias, ulong bias_at,
    __global const T *restrict slope, ulong slope_at, __global const T *residual,
    ulong residual_at, __global T *dst, ulong dst_at,
    int has_bias, int has_residual, int activation, float alpha, float beta, int mode,
    int G, int C, int K, int D, int H, int W, int OD, int OH, int OW,
    ulong src_n, ulong src_c, ulong src_d, ulong src_h, ulong src_w,
    ulong dst_n, ulong dst_k, ulong dst_d, ulong dst_h, ulong dst_w,
    int KD, int KH, int KW, int SD, int SH, int SW, int LD, int LH, int LW, int PD, int PH, int PW,
    int rd_from, int rd_to, int rh_from, int rh_to, int rw_from, int rw_to, int c_from, int c_to,
    ulong first, ulong end)
{
    ulong item = FLAT_ITEM(first);

    if (item >= end)
        return;
    int ow = (int)(item % OW), oh = (int)(item / OW % OH);
    item /= (ulong)OW * OH;
    int od = (int)(item % OD), k = (int)(item / OD % K);
    item /= (ulong)OD * K;
    int g = (int)(item % G);
    ulong n = item / G, taps = (ulong)KD * KH * KW, channel = (ulong)g * K + k;

#if BACKWARD
    ulong wei_c = K * taps;
    weights += weights_at + (ulong)g * C * wei_c + k * taps;
#else
    ulong wei_c = taps;
    weights += weights_at + channel * C * wei_c;
#endif
    src += src_at + n * src_n + (ulong)g * C * src_c;

    // Each tap's sum over channels is added whole: the error grows with the longest run.
    ACC sum = has_bias ? LOAD(bias, bias_at + channel) : (ACC)0;
    for (int rd = rd_from; rd < rd_to; rd++) {
        int d = TAP(od, rd, SD, LD, PD, D);
        for (int rh = rh_from; d >= 0 && rh < rh_to; rh++) {
            int h = TAP(oh, rh, SH, LH, PH, H);
            for (int rw = rw_from; h >= 0 && rw < rw_to; rw++) {
                int w = TAP(ow, rw, SW, LW, PW, W);
                if (w < 0)
                    continue;
                ulong at = d * src_d + h * src_h + w * src_w;
                ulong wei = ((ulong)rd * KH + rh) * KW + rw;
                ACC part = 0;
                for (int c = c_from; c < c_to; c++)
                    part = fma(LOAD(src, at + c * src_c), LOAD(weights, wei + c * wei_c), part);
                sum += part;
            }
        }
    }
    ulong out = dst_at + n * dst_n + channel * dst_k + od * dst_d + oh * dst_h + ow * dst_w;
    if (has_residual)
        sum += LOAD(residual, out - dst_at + residual_at);
    if (activation == ACTIVATE_PRELU)
        alpha = LOAD(slope, slope_at + channel);
    STORE(dst, out, activate_f32(sum, activation, alpha, beta));
}
