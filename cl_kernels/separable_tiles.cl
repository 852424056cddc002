// A depthwise convolution and the 1x1 convolution behind it in NHWC on a CPU with wide vectors,
// tile by tile: MR pixels of a row with all their channels are made in private memory, where the
// 1x1 convolution reads them, so that the tensor between the two never leaves the first cache.
// Depthwise weights are packed as [block][tap][V], the others as [block][c][V]; each bias lies in
// whole vectors. A work-item makes `each` tiles. Grid: tiles of a row / each, rows (n oh).
// Fixed at build: MR, C_MOST, KW_MOST (channels and taps along a row that private memory takes), V.
#ifndef MR
#define MR 4
#endif
#ifndef C_MOST
#define C_MOST 256
#endif
#ifndef KW_MOST
#define KW_MOST 16
#endif

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

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(separable_tiles)(
    __global const T *restrict src, ulong src_at, __global const T *restrict weights,
    ulong weights_at, __global const T *restrict bias, ulong bias_at,
    __global const T *restrict weights2, ulong weights2_at, __global const T *restrict bias2,
    ulong bias2_at, __global const T *residual, ulong residual_at, __global T *dst, ulong dst_at,
    int has_residual, float slope, float low, float high, float slope2, float low2, float high2,
    int mode, int C, int K, int H, int W, int OH, int OW,
    ulong src_n, ulong src_h, ulong src_w, ulong dst_n, ulong dst_h, ulong dst_w,
    int KH, int KW, int SH, int SW, int LH, int LW, int PH, int PW, int tiles, int each, int first)
{
    if (!OW)
        return;
    int row = first + (int)get_group_id(1), oh = row % OH, n = row / OH;
    int tile = get_group_id(0) * each, end = min(tile + each, tiles);
    ACC mid[MR * C_MOST], part[MR * V];
    int from[MR * KW_MOST];

    weights += weights_at;
    weights2 += weights2_at;
    bias += bias_at;
    bias2 += bias2_at;
    src += src_at + n * src_n;
    dst += dst_at + n * dst_n + oh * dst_h;
    residual += residual_at + n * dst_n + oh * dst_h;
    for (; tile < end; tile++) {
        int ow0 = tile * MR, count = min(MR, OW - ow0), left = ow0 * SW - PW;
        bool inside = left >= 0 && left + (MR - 1) * SW + (KW - 1) * LW < W;

        // Where the tile's taps read along the row, from the row's first pixel; -1: nowhere.
        for (int rw = 0; rw < KW && !inside; rw++)
            for (int i = 0; i < MR; i++) {
                int iw = padded_index(left + i * SW + rw * LW, W, mode);
                from[rw * MR + i] = i < count && iw >= 0 ? iw * (int)src_w : -1;
            }

        // The depthwise one: V channels of the tile in registers, tap after tap.
        for (int c = 0; c < C; c += V) {
            __global const T *w = weights + (ulong)c * KH * KW;
            VT acc[MR];

            #pragma unroll
            for (int i = 0; i < MR; i++)
                acc[i] = VLOAD(bias + c);
            for (int rh = 0; rh < KH; rh++) {
                int h = conv_tap(oh, rh, SH, LH, PH, H, mode);
                __global const T *x = src + h * (long)src_h + c;
                // A vector of the last channels reads into the pixels behind.
                bool whole = c + V <= C || (h + 1) * (long)W + V / src_w < H * (long)W;

                if (h < 0) {
                    w += KW * V;
                    continue;
                }
                if (inside && whole) {
                    x += left * (long)src_w;
                    for (int rw = 0; rw < KW; rw++, w += V, x += LW * src_w) {
                        VT wv = VLOAD(w);
                        #pragma unroll
                        for (int i = 0; i < MR; i++)
                            acc[i] = fma(VLOAD(x + i * (SW * src_w)), wv, acc[i]);
                    }
                    continue;
                }
                for (int rw = 0; rw < KW; rw++, w += V) {
                    VT wv = VLOAD(w);

                    for (int i = 0; i < MR && !whole; i++) {
                        int at = inside ? (left + i * SW + rw * LW) * (int)src_w
                                        : max(from[rw * MR + i], 0);
                        VKEEP(VLOAD_PART(x + at, C - c), part + i * V);
                    }
                    #pragma unroll
                    for (int i = 0; i < MR; i++) {
                        int at = inside ? 0 : from[rw * MR + i];
                        MASK there = (MASK)(at < 0 ? 0 : -1);
                        VT xv = whole ? VLOAD(x + max(at, 0)) : VLOAD(part + i * V);

                        acc[i] = there ? fma(xv, wv, acc[i]) : acc[i];
                    }
                }
            }
            #pragma unroll
            for (int i = 0; i < MR; i++) {
                PIECEWISE(acc[i], slope, low, high, acc[i]);
                VKEEP(acc[i], mid + c * MR + i * V);
            }
        }

        // The 1x1 one.
        __global const T *w = weights2;
        for (int k = 0; k < K; k += V) {
            VT acc[MR];

            #pragma unroll
            for (int i = 0; i < MR; i++)
                acc[i] = VLOAD(bias2 + k);
            for (int c = 0; c < C; c += V) {
                const ACC *m = mid + c * MR;
                int lanes = min(V, C - c);

                for (int lane = 0; lane < lanes; lane++, w += V) {
                    VT wv = VLOAD(w);
                    #pragma unroll
                    for (int i = 0; i < MR; i++)
                        acc[i] = fma((VT)(m[lane + i * V]), wv, acc[i]);
                }
            }
            #pragma unroll
            for (int i = 0; i < MR; i++)
                if (i < count) {
                    ulong at = (ow0 + i) * dst_w + k;

                    if (has_residual)
                        acc[i] += LOAD_LANES(residual + at, K - k);
                    PIECEWISE(acc[i], slope2, low2, high2, acc[i]);
                    if (k + V <= K)
                        VSTORE(acc[i], dst + at);
                }
            if (k + V > K) {
                // Through memory, so that the code stands once and not for each register.
                ACC sums[MR * V];
                #pragma unroll
                for (int i = 0; i < MR; i++)
                    VKEEP(acc[i], sums + i * V);
                for (int i = 0; i < count; i++)
                    VSTORE_PART(VLOAD(sums + i * V), dst + (ow0 + i) * dst_w + k, K - k);
            }
        }
    }
}
