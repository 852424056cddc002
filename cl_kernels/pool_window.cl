// Max and average pooling without indices:
//   dst[n][c][o] = max or sum / divisor over the taps of window o inside src
// Max: NaN wins, among equals the first tap. A vector is V channels side by side (V > 1), or one
// channel at any distance. A work-item makes `block_w` output pixels of one row, `block_c` vectors
// each; edges are cut once for an output, no tap is tested.
// Flat grid over blocks: n od oh w c with c fastest if `channels_last`, else n c od oh w.
// A sum of `run` taps is added to a sum of run such, and that to the total. Fixed at build: V.

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
    return VLOAD(p);
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
    int c0 = block * block_c * V, c1 = min(c0 + block_c * V, C), lanes = min(V, C);
    int d0 = od * SD - PD, h0 = oh * SH - PH;
    int rd0 = FN(tap_from)(d0, LD), rd1 = FN(tap_to)(d0, LD, KD, D);
    int rh0 = FN(tap_from)(h0, LH), rh1 = FN(tap_to)(h0, LH, KH, H);
    ACC inside_dh = (ACC)max(rd1 - rd0, 0) * (ACC)max(rh1 - rh0, 0);
    ACC padded_dh = (ACC)FN(tap_to)(d0, LD, KD, D + ED) * (ACC)FN(tap_to)(h0, LH, KH, H + EH);

    src += src_at + item * src_n;
    dst += dst_at + item * dst_n + od * dst_d + oh * dst_h;
    for (int ow = ow0; ow < min(ow0 + block_w, OW); ow++) {
        int w0 = ow * SW - PW;
        int rw0 = FN(tap_from)(w0, LW), rw1 = FN(tap_to)(w0, LW, KW, W);
        ACC taps = inside_dh * (ACC)max(rw1 - rw0, 0);
        ACC count = divisor > 0 ? divisor
            : count_pad ? padded_dh * (ACC)FN(tap_to)(w0, LW, KW, W + EW) : taps;
        for (int c = c0; c < c1; c += V) {
            // The last, partial vector overlaps the one before, and stores only its own lanes.
            int at = min(c, max(C - V, 0));
            __global const T *restrict x = src + at * src_c;
            VT value = (VT)(average ? 0 : -INFINITY), parts = (VT)(0);
            int in_parts = 0;
            for (int rd = rd0; rd < rd1; rd++) {
                for (int rh = rh0; rh < rh1; rh++) {
                    int row = (d0 + rd * LD) * src_d + (h0 + rh * LH) * src_h + w0 * src_w;
                    if (!average) {
                        for (int rw = rw0; rw < rw1; rw++) {
                            VT y = FN(load)(x + (row + rw * LW * src_w), lanes);
                            value = ((y > value) | (y != y)) ? y : value;
                        }
                        continue;
                    }
                    for (int rw = rw0; rw < rw1;) {
                        int stop = min(rw1, rw + run);
                        VT part = (VT)(0);
                        for (; rw < stop; rw++)
                            part += FN(load)(x + (row + rw * LW * src_w), lanes);
                        parts += part;
                        if (++in_parts == run) {
                            value += parts;
                            parts = (VT)(0);
                            in_parts = 0;
                        }
                    }
                }
            }
            if (average)
                value = taps > 0 ? (value + parts) / count : (VT)(0);
            FN(store)(value, dst + at * dst_c + ow * dst_w, c - at, lanes);
        }
    }
}
