// Depthwise convolution, one filter for each channel, in NHWC on a CPU with wide vectors, without
// dilation, residual or depth, and with zeros around src. A work-item makes `block` output rows,
// `group` channels wide, in strips of `strip` columns, a multiple of MR: V channels at a time over
// all rows of a strip, MR pixels at a time. Each pixel of src is loaded once for all of these.
// Pixels from `inner` to `outer` have all taps of a row inside; the last MR of them go over some of
// those before, and so do the last V channels. The other columns go with the last strip.
// Weights are packed as [tap][pitch], the bias as [pitch].
// Grid: blocks of the rows (n oh), groups of channels; the last group takes all that is left.
// `past`: stores go past the caches.
// Fixed at build: V, MR, K (filter height and width), S (stride of both, 0: SH and SW).
#ifndef MR
#define MR 4
#endif
#ifndef K
#define K 3
#endif
#ifndef S
#define S 1
#endif
#if S
#define STEP_H S
#define STEP_W S
#else
#define STEP_H SH
#define STEP_W SW
#endif

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(conv_depthwise_nhwc)(
    __global const T *restrict src, ulong src_at, __global const T *restrict weights,
    ulong weights_at, __global const T *restrict bias, ulong bias_at, __global T *restrict dst,
    ulong dst_at, float slope, float low, float high,
    int rows, int block, int group, int strip, int inner, int outer, int pitch,
    int C, int H, int W, int OH, int OW,
    long src_n, long src_h, long src_w, long dst_n, long dst_h, long dst_w,
    int SH, int SW, int PH, int PW, int past, int first)
{
    if (!OW)
        return;
    int begin = (first + (int)get_group_id(0)) * block, end = min(begin + block, rows);
    int c_begin = (int)get_group_id(1) * group;
    int c_end = get_group_id(1) + 1 == get_num_groups(1) ? C : c_begin + group;

    src += src_at - PW * src_w;
    weights += weights_at;
    dst += dst_at;
    past = past && IS_WHOLE(dst);
    for (int c = c_begin, x_begin = inner; c < c_end;) {
        int at = min(c, C - V), x_end = min(x_begin + strip, outer);
        VT start = VLOAD(bias + bias_at + at), w[K * K];

        #pragma unroll
        for (int tap = 0; tap < K * K; tap++)
            w[tap] = VLOAD(weights + tap * pitch + at);
        for (int row = begin; row < end && x_begin < x_end; row++) {
            int oh = row % OH, n = row / OH, top = oh * STEP_H - PH;
            __global const T *restrict in = src + n * src_n + top * src_h + at;
            __global T *restrict out = dst + n * dst_n + oh * dst_h + at;

            for (int ow = x_begin; ow < x_end; ow += MR) {
                VT acc[MR];
                ow = min(ow, outer - MR);
                #pragma unroll
                for (int i = 0; i < MR; i++)
                    acc[i] = start;
                #pragma unroll
                for (int rh = 0; rh < K; rh++) {
                    if (top + rh < 0 || top + rh >= H)
                        continue;
                    __global const T *restrict line = in + rh * src_h + ow * STEP_W * src_w;
#if S
                    #pragma unroll
                    for (int x = 0; x < (MR - 1) * S + K; x++) {
                        VT value = VLOAD(line + x * src_w);
                        #pragma unroll
                        for (int i = 0; i < MR; i++)
                            if (x >= i * S && x < i * S + K)
                                acc[i] = fma(value, w[rh * K + x - i * S], acc[i]);
                    }
#else
                    #pragma unroll
                    for (int rw = 0; rw < K; rw++)
                        #pragma unroll
                        for (int i = 0; i < MR; i++)
                            acc[i] = fma(VLOAD(line + (i * SW + rw) * src_w), w[rh * K + rw],
                                         acc[i]);
#endif
                }
                #pragma unroll
                for (int i = 0; i < MR; i++) {
                    PIECEWISE(acc[i], slope, low, high, acc[i]);
                    VSTREAM(past, acc[i], out + (ow + i) * dst_w);
                }
            }
        }
        // Column by column, so that all pixels have the same taps, but for the first and last rows.
        for (int ow = x_end < outer ? OW : inner ? 0 : outer; ow < OW;
             ow = ow + 1 == inner ? outer : ow + 1) {
            int rw0 = max(PW - ow * STEP_W, 0), taps = min(W + PW - ow * STEP_W, K) - rw0;

            for (int row = begin; row < end; row++) {
                int oh = row % OH, n = row / OH, top = oh * STEP_H - PH, rh0 = max(-top, 0);
                __global const T *restrict in = src + n * src_n + (top + rh0) * src_h
                    + (ow * STEP_W + rw0) * src_w + at;
                __global const T *restrict filter = weights + (rh0 * K + rw0) * pitch + at;
                VT sum = start;

                for (int rh = rh0; rh < min(H - top, K); rh++) {
                    for (int i = 0; i < taps; i++)
                        sum = fma(VLOAD(in + i * src_w), VLOAD(filter + i * pitch), sum);
                    in += src_h;
                    filter += K * pitch;
                }
                PIECEWISE(sum, slope, low, high, sum);
                VSTORE(sum, dst + n * dst_n + oh * dst_h + ow * dst_w + at);
            }
        }
        c += V;
        if (c >= c_end && x_end < outer) {
            c = c_begin;
            x_begin = x_end;
        }
    }
    STREAM_END(past);
}
