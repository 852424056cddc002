// Convolution in NHWC on a CPU with wide vectors, with CG input and CG output channels in each
// group, CG 4: a vector of output channels reads the same vector of input channels, each
// lane one channel of its group at a time. A work-item makes one row of V output channels,
// where no tap leaves the map MR pixels at a time, elsewhere one by one. Weights are packed as
// [block][tap][channel in group][V], the bias as [block][V].
// Grid: blocks of channels, rows (n od oh). Fixed at build: CG, MR, V.
#ifndef CG
#define CG 1
#endif
#ifndef MR
#define MR 4
#endif

// LANE3(x): channel 3 of its group in each lane.

#if V == 16 && CG == 4
#define LANE0(x) ((x).s000044448888cccc)
#define LANE1(x) ((x).s111155559999dddd)
#define LANE2(x) ((x).s22226666aaaaeeee)
#define LANE3(x) ((x).s33337777bbbbffff)
#elif V == 8 && CG == 4
#define LANE0(x) ((x).s00004444)
#define LANE1(x) ((x).s11115555)
#define LANE2(x) ((x).s22226666)
#define LANE3(x) ((x).s33337777)
#elif V == 4 && CG == 4
#define LANE0(x) ((x).s0000)
#define LANE1(x) ((x).s1111)
#define LANE2(x) ((x).s2222)
#define LANE3(x) ((x).s3333)
#else
#define LANE0(x) (x)
#endif
// One tap: every channel of the group in turn, against weights that lie V apart.
#if CG == 4
#define TAP(x, w, sum)                                                                     \
    do {                                                                                   \
        (sum) = fma(LANE0(x), VLOAD(w), (sum));                                            \
        (sum) = fma(LANE1(x), VLOAD((w) + V), (sum));                                      \
        (sum) = fma(LANE2(x), VLOAD((w) + 2 * V), (sum));                                  \
        (sum) = fma(LANE3(x), VLOAD((w) + 3 * V), (sum));                                  \
    } while (0)
#else
#define TAP(x, w, sum) ((sum) = fma(x, VLOAD(w), (sum)))
#endif

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(conv_grouped)(
    __global const T *restrict src, ulong src_at, __global const T *restrict weights,
    ulong weights_at, __global const T *restrict bias, ulong bias_at, __global const T *residual,
    ulong residual_at, __global T *dst, ulong dst_at,
    int has_residual, float slope, float low, float high, int mode,
    int C, int D, int H, int W, int OD, int OH, int OW,
    ulong src_n, ulong src_d, ulong src_h, ulong src_w,
    ulong dst_n, ulong dst_d, ulong dst_h, ulong dst_w,
    int KD, int KH, int KW, int SD, int SH, int SW, int LD, int LH, int LW, int PD, int PH, int PW,
    int first)
{
    if (!OW)
        return;
    int block = get_group_id(0), row = first + (int)get_group_id(1), c0 = block * V;
    int oh = row % OH, od = row / OH % OD, n = row / OH / OD, lanes = C - c0;
    ulong out = n * dst_n + od * dst_d + oh * dst_h + c0;
    VT start = VLOAD(bias + bias_at + c0);

    src += src_at + n * src_n + c0;
    weights += weights_at + (ulong)block * KD * KH * KW * CG * V;
    dst += dst_at + out;
    residual += residual_at + out;
    for (int ow = 0; ow < OW;) {
        int left = ow * SW - PW;
        bool inside = lanes >= V && left >= 0 && ow + MR <= OW
            && left + (MR - 1) * SW + (KW - 1) * LW < W;
        int count = inside ? MR : 1;
        VT acc[MR];

        #pragma unroll
        for (int i = 0; i < MR; i++)
            acc[i] = start;
        for (int rd = 0; rd < KD; rd++) {
            int d = conv_tap(od, rd, SD, LD, PD, D, mode);
            for (int rh = 0; d >= 0 && rh < KH; rh++) {
                int h = conv_tap(oh, rh, SH, LH, PH, H, mode);
                __global const T *x = src + d * src_d + h * (long)src_h;
                __global const T *w = weights + (ulong)(rd * KH + rh) * KW * CG * V;

                for (int rw = 0; h >= 0 && rw < KW; rw++, w += CG * V) {
                    if (inside) {
                        #pragma unroll
                        for (int i = 0; i < MR; i++) {
                            ulong at = (left + i * SW + rw * LW) * src_w;
                            VT xv = *(__global const VLOOSE *)(x + at);
                            TAP(xv, w, acc[i]);
                        }
                        continue;
                    }
                    int iw = padded_index(left + rw * LW, W, mode);
                    if (iw >= 0) {
                        VT xv = LOAD_LANES(x + iw * src_w, lanes);
                        TAP(xv, w, acc[0]);
                    }
                }
            }
        }
        #pragma unroll
        for (int i = 0; i < MR; i++)
            if (i < count) {
                ulong at = (ow + i) * dst_w;

                if (has_residual)
                    acc[i] += LOAD_LANES(residual + at, lanes);
                PIECEWISE(acc[i], slope, low, high, acc[i]);
                STORE_LANES(acc[i], dst + at, lanes);
            }
        ow += count;
    }
}
