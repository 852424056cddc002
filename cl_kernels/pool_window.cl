// Max and average pooling without indices:
//   dst[n][c][o] = max or sum / divisor over the taps of window o inside src
// Max: NaN wins, among equals the first tap. A vector is V channels side by side (V > 1), or one
// channel at any distance. A work-item makes `block_w` output pixels of one row, `block_c` vectors
// each; edges are cut once for an output, no tap is tested. Windows of 2x2 and 3x3 have their loops
// unrolled; a maximum over them takes the nearest tap inside instead of one in padding.
// Flat grid over blocks: n od oh w c with c fastest if `channels_last`, else n c od oh w.
// A sum of `run` taps is added to a sum of run such, and that to the total. Where V > 1, MANY
// vectors go at once. Fixed at build: V.
#define LOOSE(p) (*(__global const VLOOSE *)(p))
#define MANY (V > 1 ? 8 : 1)

// The first tap at or after 0, when tap 0 is at start.
int FN(tap_from)(int start, int step)
{
    return start >= 0 ? 0 : (step - 1 - start) / step;
}

// Behind the last of the taps that are before size.
int FN(tap_to)(int start, int step, int taps, int size)
{
    return start + (taps - 1) * step < size ? taps : (size - start + step - 1) / step;
}

// V channels, of which `lanes` exist.
VT FN(load)(__global const T *restrict p, int lanes)
{
#if V > 1
    if (lanes < V) {
        union { VT v; ACC lane[V]; } x;
        x.v = (VT)(0);
        for (int i = 0; i < lanes; i++)
            x.lane[i] = LOAD(p, i);
        return x.v;
    }
#endif
    return LOOSE(p);
}

// Stores the lanes from `skip` on.
void FN(store)(VT value, __global T *restrict p, int skip, int lanes)
{
#if V > 1
    if (skip > 0 || lanes < V) {
        union { VT v; ACC lane[V]; } x;
        x.v = value;
        for (int i = skip; i < lanes; i++)
            STORE(p, i, x.lane[i]);
        return;
    }
#endif
    VSTORE(value, p);
}

// `count` vectors, `next` elements apart, of one output from the taps [0, depth) x [0, rows) x
// [0, width). Without `exact` a maximum may miss a NaN; `poison` is NaN then, and perhaps where
// infinities met.
INLINED
void FN(pool)(const int count, const bool exact, __global const T *restrict x, int next, int lanes,
              int average, int run, int depth, int rows, int width, int step_d, int step_h,
              int step_w, VT value[MANY], VT *poison)
{
    VT parts[MANY], part[MANY], sum[MANY];
    int in_parts = 0;

    #pragma unroll
    for (int j = 0; j < MANY; j++) {
        value[j] = (VT)(average ? 0 : -INFINITY);
        parts[j] = sum[j] = (VT)(0);
    }
    for (int rd = 0; rd < depth; rd++) {
        for (int rh = 0; rh < rows; rh++) {
            __global const T *restrict p = x + (rd * step_d + rh * step_h);
            if (!average) {
                for (int rw = 0; rw < width; rw++, p += step_w) {
                    #pragma unroll
                    for (int j = 0; j < MANY; j++) {
                        if (j < count) {
                            VT y = FN(load)(p + j * next, lanes);
                            sum[j] += y;
                            value[j] = exact ? (((y > value[j]) | (y != y)) ? y : value[j])
                                             : (y > value[j] ? y : value[j]);
                        }
                    }
                }
                continue;
            }
            for (int rw = 0; rw < width;) {
                int stop = min(width, rw + run);
                #pragma unroll
                for (int j = 0; j < MANY; j++)
                    part[j] = (VT)(0);
                for (; rw < stop; rw++, p += step_w) {
                    #pragma unroll
                    for (int j = 0; j < MANY; j++)
                        if (j < count)
                            part[j] += FN(load)(p + j * next, lanes);
                }
                #pragma unroll
                for (int j = 0; j < MANY; j++)
                    parts[j] += part[j];
                if (++in_parts == run) {
                    #pragma unroll
                    for (int j = 0; j < MANY; j++) {
                        value[j] += parts[j];
                        parts[j] = (VT)(0);
                    }
                    in_parts = 0;
                }
            }
        }
    }
    #pragma unroll
    for (int j = 0; j < MANY; j++) {
        value[j] = average ? value[j] + parts[j] : value[j];
        *poison += sum[j];
    }
}

#if V > 1
// Channels [c0, c1), V at least, of `count` outputs whose windows are size x size and go on by next
// elements. A maximum misses NaNs; `poison`: see pool.
INLINED
void FN(small)(const int size, int average, __global const T *restrict x, int row1, int row2,
               int step1, int step2, int c0, int c1, ACC factor, __global T *restrict out,
               int count, int next, int next_out, VT *poison)
{
    VT all = (VT)(0);

    for (int i = 0; i < count; i++, x += next, out += next_out) {
        for (int c = c0; c < c1; c += V) {
            VT value = (VT)(0), sum = (VT)(0);
            int at = min(c, c1 - V);
            #pragma unroll
            for (int r = 0; r < size; r++) {
                __global const T *restrict p = x + (r == 0 ? 0 : r == 1 ? row1 : row2) + at;
                VT a = LOOSE(p), b = LOOSE(p + step1), line = b > a ? b : a, total = a + b;
                if (size == 3) {
                    VT d = LOOSE(p + step2);
                    line = d > line ? d : line;
                    total += d;
                }
                value = r == 0 ? line : line > value ? line : value;
                sum = r == 0 ? total : sum + total;
            }
            all += sum;
            VSTORE(average ? sum * factor : value, out + at);
        }
    }
    *poison += all;
}
#endif

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(pool_window)(
    __global const T *restrict src, ulong src_at, __global T *restrict dst, ulong dst_at,
    int average, int count_pad, float divisor, int run, int channels_last,
    int block_w, int blocks_w, int block_c, int blocks_c,
    int C, int D, int H, int W, int OD, int OH, int OW,
    int src_n, int src_c, int src_d, int src_h, int src_w,
    int dst_n, int dst_c, int dst_d, int dst_h, int dst_w,
    int KD, int KH, int KW, int SD, int SH, int SW, int LD, int LH, int LW, int PD, int PH, int PW,
    int ED, int EH, int EW, ulong first, ulong end)
{
    ulong flat = FLAT_ITEM(first);

    if (flat >= end)
        return;
    int item = (int)flat, block = 0;
    if (channels_last) {
        block = item % blocks_c;
        item /= blocks_c;
    }
    int ow0 = item % blocks_w * block_w;
    item /= blocks_w;
    int oh = item % OH, od = item / OH % OD;
    item = item / OH / OD;
    if (!channels_last) {
        block = item % blocks_c;
        item /= blocks_c;
    }
    bool again = false;
    int c0 = block * block_c * V, c1 = min(c0 + block_c * V, C), lanes = min(V, C);
    int d0 = od * SD - PD, h0 = oh * SH - PH;
    int rd0 = FN(tap_from)(d0, LD), rd1 = FN(tap_to)(d0, LD, KD, D);
    int rh0 = FN(tap_from)(h0, LH), rh1 = FN(tap_to)(h0, LH, KH, H);
    ACC inside_dh = (ACC)max(rd1 - rd0, 0) * (ACC)max(rh1 - rh0, 0);
    ACC padded_dh = (ACC)FN(tap_to)(d0, LD, KD, D + ED) * (ACC)FN(tap_to)(h0, LH, KH, H + EH);

    bool unrolled = KH == KW && (KW == 2 || KW == 3) && rd1 - rd0 == 1 && c1 - c0 >= V
        && (average ? rh1 - rh0 == KH : rh1 > rh0);
    int row1 = (min(max(1, rh0), rh1 - 1) - rh0) * LH * src_h;
    int row2 = (min(max(2, rh0), rh1 - 1) - rh0) * LH * src_h;

    src += src_at + item * src_n + (d0 + rd0 * LD) * src_d + (h0 + rh0 * LH) * src_h;
    dst += dst_at + item * dst_n + od * dst_d + oh * dst_h;
    VT poison = (VT)(0);
    for (int ow = ow0; ow < min(ow0 + block_w, OW); ow++) {
        int w0 = ow * SW - PW;
        int rw0 = FN(tap_from)(w0, LW), rw1 = FN(tap_to)(w0, LW, KW, W);
        ACC taps = inside_dh * (ACC)max(rw1 - rw0, 0);
        ACC count = divisor > 0 ? divisor
            : count_pad ? padded_dh * (ACC)FN(tap_to)(w0, LW, KW, W + EW) : taps;
        ACC factor = !average ? 1 : taps > 0 ? 1 / count : 0;
        __global const T *restrict x = src + (w0 + rw0 * LW) * src_w;
        __global T *restrict y = dst + ow * dst_w;
        int c = c0;
#if MANY > 1
        if (unrolled && !again && (average ? rw1 - rw0 == KW : rw1 > rw0)) {
            int step1 = (min(max(1, rw0), rw1 - 1) - rw0) * LW * src_w;
            int step2 = (min(max(2, rw0), rw1 - 1) - rw0) * LW * src_w;
            int inner = rw1 - rw0 < KW ? 0 : (W - 1 - (KW - 1) * LW - w0) / SW;
            int pixels = min(inner, min(ow0 + block_w, OW) - 1 - ow) + 1;
            if (KW == 2)
                FN(small)(2, average, x, row1, row2, step1, step2, c0, c1, factor, y, pixels,
                          SW * src_w, dst_w, &poison);
            else
                FN(small)(3, average, x, row1, row2, step1, step2, c0, c1, factor, y, pixels,
                          SW * src_w, dst_w, &poison);
            ow += pixels - 1;
            c = c1;
        }
        for (; c + MANY * V <= c1 && !again; c += MANY * V) {
            VT value[MANY];
            FN(pool)(MANY, false, x + c, V, V, average, run, rd1 - rd0, rh1 - rh0, rw1 - rw0,
                     LD * src_d, LH * src_h, LW * src_w, value, &poison);
            #pragma unroll
            for (int j = 0; j < MANY; j++)
                VSTORE(average ? value[j] * factor : value[j], y + c + j * V);
        }
        // Two, of which the second may overlap the first.
        for (; c + V < c1 && !again; c += 2 * V) {
            VT value[MANY];
            int next = min(V, C - V - c);
            FN(pool)(2, false, x + c, next, V, average, run, rd1 - rd0, rh1 - rh0, rw1 - rw0,
                     LD * src_d, LH * src_h, LW * src_w, value, &poison);
            VSTORE(average ? value[0] * factor : value[0], y + c);
            VSTORE(average ? value[1] * factor : value[1], y + c + next);
        }
#endif
        for (; c < c1; c += V) {
            // The last, partial vector overlaps the one before, and stores only its own lanes.
            VT value[MANY];
            int at = min(c, max(C - V, 0));
            FN(pool)(1, true, x + at * src_c, 0, lanes, average, run, rd1 - rd0, rh1 - rh0,
                     rw1 - rw0, LD * src_d, LH * src_h, LW * src_w, value, &poison);
            FN(store)(average ? value[0] * factor : value[0], y + at * dst_c, c - at, lanes);
        }
#if MANY > 1
        if (ow + 1 == min(ow0 + block_w, OW) && !again && !average && any(poison != poison)) {
            again = true;
            ow = ow0 - 1;
        }
#endif
    }
}
