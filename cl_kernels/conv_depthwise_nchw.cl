// Depthwise convolution, one filter for each channel, where columns lie side by side (NCHW), on a
// CPU with wide vectors, without depth or residual and with zeros around src. A work-item makes
// `block` output rows, V pixels of a row at a time, and of MANY rows at once where no tap leaves
// src upwards or downwards. Lanes whose tap is beside src are left out of the sum, not multiplied:
// they hold what lies there, or zeros where that is not within the `limit` elements of src. The
// last V pixels go over some of those before. Rows shorter than V are stored as vectors, too, if
// dst has no gaps (`dense`): what is too much is overwritten by the next row; the last rows of an
// item go lane by lane.
// Weights are the caller's, [c][KH][KW].
// Grid: blocks of the rows n c oh. Fixed at build: V.
#define MANY 4

// p[0], p[stride], ... for V outputs; nothing behind the last is read. Lanes: see copy_transpose.
VT FN(load)(__global const T *restrict p, int stride)
{
#if V > 1
    if (stride == 2) {
        union { VT v; ACC lane[V]; } low, high, x;
        low.v = VLOAD(p);
        high.v = VLOAD(p + (V - 1));
        #pragma unroll
        for (int i = 0; i < V / 2; i++) {
            x.lane[i] = low.lane[2 * i];
            x.lane[i + V / 2] = high.lane[2 * i + 1];
        }
        return x.v;
    }
#endif
    return VLOAD(p);
}

// The same of elements from `at` on, zeros where there are none.
VT FN(load_inside)(__global const T *restrict p, long at, int stride, long limit)
{
    union { VT v; ACC lane[V]; } x;

    for (int i = 0; i < V; i++, at += stride)
        x.lane[i] = at >= 0 && at < limit ? LOAD(p, at) : (ACC)0;
    return x.v;
}

// Vector at pixel `ow` of `count` rows, of which the first begins at `out` and sees src from
// element `at` on: taps [rh0, rh1).
INLINED
void FN(pixels)(const int count, const bool all, __global const T *restrict src, long at,
                __global const T *restrict weights, __global T *restrict out, ACC bias, int left,
                int rh0, int rh1, int KH, int KW, int SH, int SW, int LH, int LW, int W,
                long src_h, long dst_h, int whole, long limit, float slope, float low, float high)
{
    union { VT v; ACC lane[V]; } column;
    VT acc[MANY];

    #pragma unroll
    for (int i = 0; i < V; i++)
        column.lane[i] = (ACC)(left + i * SW);
    #pragma unroll
    for (int j = 0; j < MANY; j++)
        acc[j] = (VT)(bias);
    for (int rw = 0; rw < KW; rw++, column.v += (VT)(LW)) {
        for (int rh = rh0; rh < rh1; rh++) {
            VT w = (VT)(LOAD(weights, rh * KW + rw));
            long from = at + rh * LH * src_h + left + rw * LW;
            #pragma unroll
            for (int j = 0; j < MANY; j++)
                if (j < count) {
                    VT x = all ? FN(load)(src + from + j * (SH * src_h), SW)
                               : FN(load_inside)(src, from + j * (SH * src_h), SW, limit);
                    acc[j] = (column.v >= (VT)(0)) & (column.v < (VT)(W)) ? fma(x, w, acc[j])
                                                                          : acc[j];
                }
        }
    }
    #pragma unroll
    for (int j = 0; j < MANY; j++) {
        if (j < count) {
            PIECEWISE(acc[j], slope, low, high, acc[j]);
            if (whole >= V) {
                VSTORE(acc[j], out + j * dst_h);
            } else {
                union { VT v; ACC lane[V]; } x;
                x.v = acc[j];
                for (int i = 0; i < whole; i++)
                    STORE(out, j * dst_h + i, x.lane[i]);
            }
        }
    }
}

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(conv_depthwise_nchw)(
    __global const T *restrict src, ulong src_at, __global const T *restrict weights,
    ulong weights_at, __global const T *restrict bias, ulong bias_at, __global T *restrict dst,
    ulong dst_at, int has_bias, float slope, float low, float high,
    int rows, int block, int dense, long limit, int C, int H, int W, int OH, int OW,
    long src_n, long src_c, long src_h, long dst_n, long dst_c, long dst_h,
    int KH, int KW, int SH, int SW, int LH, int LW, int PH, int PW, int first)
{
    if (!OW)
        return;
    int row = (first + (int)get_group_id(0)) * block, end = min(row + block, rows);
    int oh = row % OH, c = row / OH % C, n = row / OH / C;
    int last = max(OW - V, 0);

    src += src_at;
    weights += weights_at;
    bias += bias_at;
    dst += dst_at;
    while (row < end) {
        int top = oh * SH - PH, rh0 = 0, rh1 = KH;
        int many = min(OH - oh, end - row) >= MANY && top >= 0
            && top + (MANY - 1) * SH + (KH - 1) * LH < H;
        // Elements that the vectors of the row begin and end at.
        long at = n * src_n + c * src_c + top * src_h;
        ACC start = has_bias ? LOAD(bias, c) : (ACC)0;
        __global const T *restrict filter = weights + c * (KH * KW);
        __global T *restrict out = dst + n * dst_n + c * dst_c + oh * dst_h;

        if (!many) {
            rh0 = top < 0 ? (LH - 1 - top) / LH : 0;
            rh1 = top + (KH - 1) * LH < H ? KH : (H - top + LH - 1) / LH;
        }
        long begin = at + rh0 * LH * src_h - PW;
        long stop = at + ((rh1 - 1) * LH + (many ? MANY - 1 : 0) * SH) * src_h - PW
            + (last + V - 1) * SW + (KW - 1) * LW;
        bool all = begin >= 0 && stop < limit;
        int count = many && all ? MANY : 1;
        // Whether vectors of these rows may be stored over what follows.
        bool over = dense && (long)(end - row - count) * OW >= V - OW;
        for (int ow = 0; ow < OW; ow += V) {
            int left = min(ow, last), x = left * SW - PW, whole = OW >= V || over ? V : OW;
            if (count == MANY)
                FN(pixels)(MANY, true, src, at, filter, out + left, start, x, rh0, rh1, KH, KW, SH,
                           SW, LH, LW, W, src_h, dst_h, whole, limit, slope, low, high);
            else if (all)
                FN(pixels)(1, true, src, at, filter, out + left, start, x, rh0, rh1, KH, KW, SH,
                           SW, LH, LW, W, src_h, dst_h, whole, limit, slope, low, high);
            else
                FN(pixels)(1, false, src, at, filter, out + left, start, x, rh0, rh1, KH, KW, SH,
                           SW, LH, LW, W, src_h, dst_h, whole, limit, slope, low, high);
        }
        row += count;
        oh += count;
        if (oh == OH) {
            oh = 0;
            if (++c == C) {
                c = 0;
                n++;
            }
        }
    }
}
