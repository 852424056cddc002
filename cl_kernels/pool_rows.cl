// Max and average pooling without indices where columns lie side by side (NCHW), for CPUs with wide
// vectors:
//   dst[n][c][o] = max or sum / divisor over the taps of window o inside src
// Max: NaN wins, among equals the first tap. A work-item makes `block` output rows. In a row,
// outputs whose taps are all inside go V at a time, the last V over some of those before. Fewer
// than V go together, too, where a vector ends before src does (`limit` elements); only they are
// stored. Outputs at the edges go alone, their window's rows V taps at a time where these are long.
// Flat grid over blocks of the rows n c od oh, oh fastest. A sum of `run` values is added to a sum
// of run such, and that to the total. Fixed at build: V.

// Outputs that are worth a vector.
#define FEWEST 3

// The better of a maximum so far and the next value.
#define HIGHER(y, best) ((((y) > (best)) | ((y) != (y))) ? (y) : (best))

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
    if (stride > 2) {
        union { VT v; ACC lane[V]; } x;
        #pragma unroll
        for (int i = 0; i < V; i++)
            x.lane[i] = LOAD(p, i * stride);
        return x.v;
    }
#endif
    return VLOAD(p);
}

void FN(store)(VT value, __global T *restrict p, int lanes)
{
#if V > 1
    if (lanes < V) {
        union { VT v; ACC lane[V]; } x;
        x.v = value;
        for (int i = 0; i < lanes; i++)
            STORE(p, i, x.lane[i]);
        return;
    }
#endif
    VSTORE(value, p);
}

ACC FN(lanes_sum)(VT value)
{
    union { VT v; ACC lane[V]; } x;

    x.v = value;
    #pragma unroll
    for (int width = V / 2; width > 0; width /= 2)
        for (int i = 0; i < width; i++)
            x.lane[i] += x.lane[i + width];
    return x.lane[0];
}

ACC FN(lanes_max)(VT value)
{
    union { VT v; ACC lane[V]; } x;
    ACC best = -INFINITY;

    x.v = value;
    for (int i = 0; i < V; i++)
        best = HIGHER(x.lane[i], best);
    return best;
}

// The sum of n taps in a row; in runs, too.
ACC FN(row_sum)(__global const T *restrict p, int n, int step, int run)
{
    ACC sum = 0;
    int i = 0;

    if (step == 1 && n >= V) {
        VT total = (VT)(0);
        while (i + V <= n) {
            int stop = min(n - V + 1, i + run * V);
            VT part = (VT)(0);
            for (; i < stop; i += V)
                part += VLOAD(p + i);
            total += part;
        }
        sum = FN(lanes_sum)(total);
    }
    while (i < n) {
        int stop = min(n, i + run);
        ACC part = 0;
        for (; i < stop; i++)
            part += LOAD(p, i * step);
        sum += part;
    }
    return sum;
}

// The maximum of n taps in a row. Lanes lose the order of equals, which zeros' signs would show.
ACC FN(row_max)(__global const T *restrict p, int n, int step)
{
    ACC best = -INFINITY;
    int i = 0;

    if (step == 1 && n >= V) {
        VT lanes = (VT)(-INFINITY);
        for (; i + V <= n; i += V) {
            VT y = VLOAD(p + i);
            lanes = HIGHER(y, lanes);
        }
        best = FN(lanes_max)(lanes);
    }
    for (; i < n; i++) {
        ACC y = LOAD(p, i * step);
        best = HIGHER(y, best);
    }
    for (i = 0; best == 0 && i < n; i++)
        if (LOAD(p, i * step) == 0)
            return LOAD(p, i * step);
    return best;
}

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(pool_rows)(
    __global const T *restrict src, ulong src_at, __global T *restrict dst, ulong dst_at,
    int average, int count_pad, float divisor, int run, int rows, int block, int limit,
    int C, int D, int H, int W, int OD, int OH, int OW,
    int src_n, int src_c, int src_d, int src_h, int dst_n, int dst_c, int dst_d, int dst_h,
    int KD, int KH, int KW, int SD, int SH, int SW, int LD, int LH, int LW, int PD, int PH, int PW,
    int ED, int EH, int EW, ulong first, ulong end)
{
    ulong item = FLAT_ITEM(first);

    if (item >= end)
        return;
    // Outputs [inner, outer) have all taps of a row inside.
    int reach = W - 1 - (KW - 1) * LW + PW;
    int inner = min((PW + SW - 1) / SW, OW), outer = reach < 0 ? 0 : min(reach / SW + 1, OW);
    int lanes = min(outer - inner, V);
    int span = (V - 1) * SW + (KW - 1) * LW + inner * SW - PW;

    src += src_at;
    dst += dst_at;
    for (int row = (int)item * block; row < min((int)item * block + block, rows); row++) {
        int oh = row % OH, od = row / OH % OD, c = row / OH / OD % C, n = row / OH / OD / C;
        int d0 = od * SD - PD, h0 = oh * SH - PH;
        int rd0 = FN(tap_from)(d0, LD), rd1 = FN(tap_to)(d0, LD, KD, D);
        int rh0 = FN(tap_from)(h0, LH), rh1 = FN(tap_to)(h0, LH, KH, H);
        ACC inside_dh = (ACC)max(rd1 - rd0, 0) * (ACC)max(rh1 - rh0, 0);
        ACC padded_dh = (ACC)FN(tap_to)(d0, LD, KD, D + ED) * (ACC)FN(tap_to)(h0, LH, KH, H + EH);
        int at_row = n * src_n + c * src_c + d0 * src_d + h0 * src_h;
        int last = at_row + (rd1 - 1) * LD * src_d + (rh1 - 1) * LH * src_h + span;
        bool vectors = lanes == V || (lanes >= FEWEST && last < limit);
        __global const T *restrict x = src + at_row;
        __global T *restrict out = dst + (n * dst_n + c * dst_c + od * dst_d + oh * dst_h);

        for (int ow = 0; ow < OW;) {
            if (vectors && ow >= inner && ow < outer) {
                int at = min(ow, outer - lanes), in_parts = 0;
                VT value = (VT)(average ? 0 : -INFINITY), parts = (VT)(0);
                for (int rd = rd0; rd < rd1; rd++) {
                    for (int rh = rh0; rh < rh1; rh++) {
                        __global const T *restrict p = x
                            + (rd * LD * src_d + rh * LH * src_h + at * SW - PW);
                        if (!average) {
                            for (int rw = 0; rw < KW; rw++) {
                                VT y = FN(load)(p + rw * LW, SW);
                                value = HIGHER(y, value);
                            }
                            continue;
                        }
                        for (int rw = 0; rw < KW;) {
                            int stop = min(KW, rw + run);
                            VT part = (VT)(0);
                            for (; rw < stop; rw++)
                                part += FN(load)(p + rw * LW, SW);
                            parts += part;
                            if (++in_parts == run) {
                                value += parts;
                                parts = (VT)(0);
                                in_parts = 0;
                            }
                        }
                    }
                }
                ACC count = divisor > 0 ? divisor : (count_pad ? padded_dh : inside_dh) * (ACC)KW;
                if (average)
                    value = inside_dh > 0 ? (value + parts) / count : (VT)(0);
                FN(store)(value, out + at, lanes);
                ow = at + lanes;
                continue;
            }
            int w0 = ow * SW - PW;
            int rw0 = FN(tap_from)(w0, LW), rw1 = FN(tap_to)(w0, LW, KW, W), in_parts = 0;
            ACC value = average ? 0 : -INFINITY, parts = 0;
            for (int rd = rd0; rd < rd1; rd++) {
                for (int rh = rh0; rh < rh1; rh++) {
                    __global const T *restrict p = x
                        + (rd * LD * src_d + rh * LH * src_h + w0 + rw0 * LW);
                    if (!average) {
                        ACC y = FN(row_max)(p, rw1 - rw0, LW);
                        value = HIGHER(y, value);
                        continue;
                    }
                    parts += FN(row_sum)(p, rw1 - rw0, LW, run);
                    if (++in_parts == run) {
                        value += parts;
                        parts = 0;
                        in_parts = 0;
                    }
                }
            }
            ACC taps = inside_dh * (ACC)max(rw1 - rw0, 0);
            ACC count = divisor > 0 ? divisor
                : count_pad ? padded_dh * (ACC)FN(tap_to)(w0, LW, KW, W + EW) : taps;
            if (average)
                value = taps > 0 ? (value + parts) / count : 0;
            STORE(out, ow, value);
            ow++;
        }
    }
}
