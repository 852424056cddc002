// Max and average pooling without indices where columns lie side by side (NCHW), for CPUs with wide
// vectors:
//   dst[n][c][o] = max or sum / divisor over the taps of window o inside src
// Max: NaN wins, among equals the first tap. A work-item makes `block` output rows. In a row,
// outputs whose taps are all inside go V at a time, the last V over some of those before. Fewer
// than V go together, too, where a vector ends before src does (`limit` elements); only they are
// stored. Outputs at the edges go alone, their window's rows V taps at a time where these are long.
// Windows of 2x2 with stride 2 and 3x3 with stride 1 or 2 have their loops unrolled; a maximum over
// them takes the nearest row inside instead of one in padding, and goes again where a sum of all
// taps tells of a NaN.
// Flat grid over blocks of the rows n c od oh, oh fastest. A sum of `run` values is added to a sum
// of run such, and that to the total. Fixed at build: V.

#define LOOSE(p) (*(__global const VLOOSE *)(p))

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
        low.v = LOOSE(p);
        high.v = LOOSE(p + (V - 1));
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
    return LOOSE(p);
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

#if V > 1
// The taps of V outputs in a row of a window: 2 or 3. Nothing behind the last is read.
INLINED
void FN(taps)(const int size, const int stride, __global const T *restrict p, VT *a, VT *b, VT *d)
{
    union { VT v; ACC lane[V]; } low, high, even, odd;

    low.v = LOOSE(p);
    if (stride == 1) {
        *a = low.v;
        *b = LOOSE(p + 1);
        *d = size == 3 ? LOOSE(p + 2) : low.v;
        return;
    }
    high.v = LOOSE(p + V);
    #pragma unroll
    for (int i = 0; i < V / 2; i++) {
        even.lane[i] = low.lane[2 * i];
        even.lane[i + V / 2] = high.lane[2 * i];
        odd.lane[i] = low.lane[2 * i + 1];
        odd.lane[i + V / 2] = high.lane[2 * i + 1];
    }
    *a = even.v;
    *b = odd.v;
    *d = size == 3 ? FN(load)(p + 2, 2) : even.v;
}

// V outputs of windows of size x size taps inside: maxima, which miss NaNs, and sums, which do not.
INLINED
void FN(small)(const int size, const int stride, __global const T *restrict p, int row1, int row2,
               VT *value, VT *sum)
{
    VT a, b, d;

    #pragma unroll
    for (int r = 0; r < size; r++) {
        FN(taps)(size, stride, p + (r == 0 ? 0 : r == 1 ? row1 : row2), &a, &b, &d);
        VT line = b > a ? b : a, total = a + b;
        if (size == 3) {
            line = d > line ? d : line;
            total += d;
        }
        *value = r == 0 ? line : line > *value ? line : *value;
        *sum = r == 0 ? total : *sum + total;
    }
}
#endif

#if V > 1
// One half of each, from lane `from` on, in turn.
INLINED
VT FN(zip)(VT even, VT odd, int from)
{
    union { VT v; ACC lane[V]; } a, b, x;

    a.v = even;
    b.v = odd;
    #pragma unroll
    for (int i = 0; i < V / 2; i++) {
        x.lane[2 * i] = a.lane[from + i];
        x.lane[2 * i + 1] = b.lane[from + i];
    }
    return x.v;
}

// The sums of V rows of n values, V at least, `step` apart: V vectors are folded into one, a pair
// into one with the lanes of both in turn.
INLINED
VT FN(sums)(__global const T *restrict p, int n, int step)
{
    union { VT v; ACC lane[V]; } lane;
    VT row[V];
    int rest = n % V;

    #pragma unroll
    for (int i = 0; i < V; i++)
        lane.lane[i] = (ACC)i;
    // The last vector overlaps the one before.
    #pragma unroll
    for (int r = 0; r < V; r++) {
        VT last = LOOSE(p + r * step + n - V);
        row[r] = lane.v >= (VT)(V - rest) ? last : (VT)(0);
    }
    for (int i = 0; i + V <= n; i += V)
        #pragma unroll
        for (int r = 0; r < V; r++)
            row[r] += LOOSE(p + r * step + i);
    #pragma unroll
    for (int pairs = V / 2; pairs > 0; pairs /= 2)
        #pragma unroll
        for (int i = 0; i < pairs; i++)
            row[i] = FN(zip)(row[i], row[i + pairs], 0) + FN(zip)(row[i], row[i + pairs], V / 2);
    return row[0];
}
#endif

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

    bool unrolled = KH == KW && LW == 1 && ((KW == 2 && SW == 2) || (KW == 3 && SW <= 2));
    int row0 = (int)item * block, row_end = min(row0 + block, rows);
    int oh = row0 % OH, od = row0 / OH % OD, c = row0 / OH / OD % C, n = row0 / OH / OD / C;
    VT poison = (VT)(0);

    src += src_at;
    dst += dst_at;
#if V > 1
    // Means of whole rows that follow one another.
    bool follow = dst_c == 1 && (rows == C || (src_n == C * src_c && dst_n == C));
    if (average && KD * KH * D * H == 1 && KW == W && OW == 1 && PW == 0 && EW == 0 && follow
        && W >= V && W <= run * V) {
        ACC factor = 1 / (divisor > 0 ? divisor : (ACC)W);
        for (; row0 + V <= row_end; row0 += V)
            VSTORE(FN(sums)(src + row0 * src_c, W, src_c) * factor, dst + row0);
        oh = od = 0;
        c = row0 % C;
        n = row0 / C;
    }
#endif
    for (int row = row0; row < row_end; row++) {
        int d0 = od * SD - PD, h0 = oh * SH - PH;
        int rd0 = FN(tap_from)(d0, LD), rd1 = FN(tap_to)(d0, LD, KD, D);
        int rh0 = FN(tap_from)(h0, LH), rh1 = FN(tap_to)(h0, LH, KH, H);
        ACC inside_dh = (ACC)max(rd1 - rd0, 0) * (ACC)max(rh1 - rh0, 0);
        ACC padded_dh = (ACC)FN(tap_to)(d0, LD, KD, D + ED) * (ACC)FN(tap_to)(h0, LH, KH, H + EH);
        int at_row = n * src_n + c * src_c + d0 * src_d + h0 * src_h;
        int last = at_row + (rd1 - 1) * LD * src_d + (rh1 - 1) * LH * src_h + span;
        bool vectors = lanes == V || (lanes >= FEWEST && last < limit);
        bool inside = unrolled && rd1 - rd0 == 1 && (average ? rh1 - rh0 == KH : rh1 > rh0);
        int row1 = (min(max(1, rh0), rh1 - 1) - rh0) * LH * src_h;
        int row2 = (min(max(2, rh0), rh1 - 1) - rh0) * LH * src_h;
        __global const T *restrict x = src + at_row;
        __global T *restrict out = dst + (n * dst_n + c * dst_c + od * dst_d + oh * dst_h);

        for (int ow = 0; ow < OW;) {
#if V > 1
            if (inside && vectors && ow >= inner && ow < outer) {
                ACC count = divisor > 0 ? divisor : (count_pad ? padded_dh : inside_dh) * (ACC)KW;
                ACC factor = 1 / count;
                for (; ow < outer; ow += lanes) {
                    int at = min(ow, outer - lanes);
                    __global const T *restrict p = x
                        + (rd0 * LD * src_d + rh0 * LH * src_h + at * SW - PW);
                    VT value, sum;
                    if (KW == 2)
                        FN(small)(2, 2, p, row1, row2, &value, &sum);
                    else if (SW == 1)
                        FN(small)(3, 1, p, row1, row2, &value, &sum);
                    else
                        FN(small)(3, 2, p, row1, row2, &value, &sum);
                    poison += sum;
                    FN(store)(average ? sum * factor : value, out + at, lanes);
                }
                ow = outer;
                continue;
            }
#endif
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
                    if (!average && rw1 - rw0 < V) {
                        for (int rw = 0; rw < rw1 - rw0; rw++) {
                            ACC y = LOAD(p, rw * LW);
                            value = HIGHER(y, value);
                        }
                        continue;
                    }
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
#if V > 1
        if (row + 1 == row_end && unrolled && !average && any(poison != poison)) {
            unrolled = false;
            poison = (VT)(0);
            row = row0 - 1;
            oh = row0 % OH, od = row0 / OH % OD, c = row0 / OH / OD % C, n = row0 / OH / OD / C;
            continue;
        }
#endif
        oh++;
        od += oh == OH;
        c += od == OD;
        n += c == C;
        oh = oh == OH ? 0 : oh;
        od = od == OD ? 0 : od;
        c = c == C ? 0 : c;
    }
}
