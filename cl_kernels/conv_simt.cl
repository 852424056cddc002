// Convolution and its gradient to data for devices with many small work-items, any strides.
// A work-item makes one output pixel times V output channels; weights are packed as
// [group][block][tap][c][V]. Neighbouring items take neighbouring pixels (weights are the same for
// the group of them), or with CHANNELS_FASTEST neighbouring blocks of channels (src is).
// Flat grid over n g, then pixels and blocks. Fixed at build: V, BACKWARD, CHANNELS_FASTEST.
#ifndef BACKWARD
#define BACKWARD 0
#endif
#ifndef CHANNELS_FASTEST
#define CHANNELS_FASTEST 0
#endif

#if BACKWARD
#define TAP(o, r, stride, dilation, pad, size)                                              \
    conv_transpose_tap(o, r, stride, dilation, pad, size)
#else
#define TAP(o, r, stride, dilation, pad, size)                                              \
    conv_tap(o, r, stride, dilation, pad, size, mode)
#endif

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(conv_simt)(
    __global const T *restrict src, ulong src_at, __global const T *restrict weights,
    ulong weights_at, __global const T *restrict bias, ulong bias_at, __global const T *residual,
    ulong residual_at, __global T *dst, ulong dst_at,
    int has_residual, float slope, float low, float high, int mode,
    int G, int C, int K, int blocks, int D, int H, int W, int OD, int OH, int OW,
    int src_c, ulong src_n, ulong src_d, ulong src_h, ulong src_w,
    int dst_k, ulong dst_n, ulong dst_d, ulong dst_h, ulong dst_w,
    int KD, int KH, int KW, int SD, int SH, int SW, int LD, int LH, int LW, int PD, int PH, int PW,
    ulong first, ulong end)
{
    ulong item = FLAT_ITEM(first);

    if (item >= end)
        return;
    uint pixels = (uint)OD * OH * OW;
#if CHANNELS_FASTEST
    int block = (int)(item % blocks);
    item /= blocks;
    uint pixel = (uint)(item % pixels);
    item /= pixels;
#else
    uint pixel = (uint)(item % pixels);
    item /= pixels;
    int block = (int)(item % blocks);
    item /= blocks;
#endif
    int g = (int)(item % G), n = (int)(item / G);
    int ow = pixel % OW, oh = pixel / OW % OH, od = pixel / OW / OH;

    src += src_at + n * src_n + (ulong)g * C * src_c;
    weights += weights_at + ((ulong)g * blocks + block) * KD * KH * KW * C * V;
    VT sum = VLOAD(bias + bias_at + ((ulong)g * blocks + block) * V);
    for (int rd = 0; rd < KD; rd++) {
        int d = TAP(od, rd, SD, LD, PD, D);
        for (int rh = 0; d >= 0 && rh < KH; rh++) {
            int h = TAP(oh, rh, SH, LH, PH, H);
            for (int rw = 0; h >= 0 && rw < KW; rw++) {
                int w = TAP(ow, rw, SW, LW, PW, W);
                if (w < 0)
                    continue;
                __global const T *x = src + d * src_d + h * src_h + w * src_w;
                __global const T *wei = weights + (((ulong)rd * KH + rh) * KW + rw) * C * V;
                for (int c = 0; c < C; c++)
                    sum = fma((VT)(LOAD(x, (ulong)c * src_c)), VLOAD(wei + c * V), sum);
            }
        }
    }
    ACC lane[V];
    VKEEP(sum, lane);
    ulong at = n * dst_n + od * dst_d + oh * dst_h + ow * dst_w
        + ((ulong)g * K + block * V) * dst_k;
    int lanes = min(V, K - block * V);
    for (int i = 0; i < lanes; i++, at += dst_k) {
        ACC x = lane[i];
        if (has_residual)
            x += LOAD(residual, residual_at + at);
        STORE(dst, dst_at + at, piecewise_f32(x, slope, low, high));
    }
}
