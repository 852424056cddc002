// One pass of a reduction over any axes of any strides. Of each output it makes one of `chunks`
// parts, or all of it; a later pass puts the parts together.
//   what 0   sum of x, divided by `divisor`          what 1   the same of (x - centre)^2
//   what 2   the largest x, or with `negate` the least; NaN wins; among equals the first
//   places 0   the value to dst      1, 2   its position to at32, at64      3   value and at64
// Positions are steps along the one axis; with `from` they are looked up there, where an earlier
// pass left them as it left its values in src.
// V lanes stand for neighbours along the innermost axis kept if `across`, else along the innermost
// axis reduced, and meet at the end; `lane_size` elements lie `lane_step` apart. Axes S0 to S4 are
// kept, R0 to R5 reduced, both from the innermost outward in src; the axis of the lanes counts
// vectors. A chunk takes the steps chunk * chunk_step + i * hop, `per` of them at most. Runs of RUN
// steps are added to the total: with per up to RUN^2 no sum has more than RUN terms, in an order
// that depends on sizes alone.
// One work-item makes one chunk of one output, or V outputs. Flat grid over S0 to S4 and chunks,
// the chunks first if not `across`. Fixed at build: V.
#define RUN 64

// V elements `step` apart, of which the first `count` are there.
VT FN(take)(__global const T *p, ulong step, long count, ACC fill)
{
#if V > 1
    if (step != 1 || count < V) {
        ACC part[V];

        for (int j = 0; j < V; j++)
            part[j] = j < count ? LOAD(p, j * step) : fill;
        return VLOAD(part);
    }
#endif
    return VLOAD(p);
}

// The lanes' sum, by halves.
ACC FN(meet)(ACC *lane)
{
    for (int span = V / 2; span > 0; span /= 2)
        for (int j = 0; j < span; j++)
            lane[j] += lane[j + span];
    return lane[0];
}

// The lane that has the largest value, or the first of several by step, then lane.
int FN(first_largest)(const ACC *lane, const ACC *at)
{
    int best = 0;

    for (int j = 1; j < V; j++) {
        bool nan = isnan(lane[j]), best_nan = isnan(lane[best]);
        bool equal = nan ? best_nan : lane[j] == lane[best];

        if (lane[j] > lane[best] || (nan && !best_nan) || (equal && at[j] < at[best]))
            best = j;
    }
    return best;
}

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(reduce_tree)(
    __global const T *restrict src, ulong src_at, __global const T *restrict centre,
    ulong centre_at, __global const long *restrict from, ulong from_at,
    __global T *restrict dst, ulong dst_at, __global int *restrict at32, ulong at32_at,
    __global long *restrict at64, ulong at64_at,
    int what, int negate, int places, int look_up, int across, float divisor,
    ulong lane_size, ulong lane_step, ulong steps, ulong chunks, ulong per, ulong chunk_step,
    ulong hop, ulong S0, ulong S1, ulong S2, ulong S3, ulong S4,
    ulong src_0, ulong src_1, ulong src_2, ulong src_3, ulong src_4,
    ulong dst_0, ulong dst_1, ulong dst_2, ulong dst_3, ulong dst_4, ulong dst_lane,
    ulong dst_chunk, ulong centre_0, ulong centre_1, ulong centre_2, ulong centre_3,
    ulong centre_4, ulong centre_lane, ulong R0, ulong R1, ulong R2, ulong R3, ulong R4,
    ulong red_0, ulong red_1, ulong red_2, ulong red_3, ulong red_4, ulong red_5,
    ulong first, ulong end)
{
    ulong item = FLAT_ITEM(first), i0, i1, i2, i3, i4, chunk = 0;

    if (item >= end)
        return;
    if (!across)
        WALK(item, chunks, chunk);
    WALK(item, S0, i0);
    WALK(item, S1, i1);
    WALK(item, S2, i2);
    WALK(item, S3, i3);
    WALK(item, S4, i4);
    if (across)
        chunk = item;

    ulong kept = i0 * src_0 + i1 * src_1 + i2 * src_2 + i3 * src_3 + i4 * src_4;
    long outputs = across ? min((long)V, (long)(lane_size - i0 * V)) : 1;
    VT middle = (VT)(0.0f);
    ACC fill = what == 0 ? (ACC)0 : negate ? INFINITY : -INFINITY;
    if (what == 1) {
        centre += centre_at + i0 * centre_0 + i1 * centre_1 + i2 * centre_2 + i3 * centre_3
            + i4 * centre_4;
        fill = LOAD(centre, 0);
        middle = across ? FN(take)(centre, centre_lane, outputs, fill) : (VT)(fill);
    }
    src += src_at + kept;

    VT total = (VT)(0.0f), part = (VT)(0.0f), best = (VT)(-INFINITY), best_at = (VT)(0.0f);
    int in_part = 0, done = 0;
    ulong begin = chunk * chunk_step, stop = min(begin + per * hop, steps);
    for (ulong i = begin; i < stop;) {
        ulong rest = i, r0, r1, r2, r3, r4;

        WALK(rest, R0, r0);
        WALK(rest, R1, r1);
        WALK(rest, R2, r2);
        WALK(rest, R3, r3);
        WALK(rest, R4, r4);
        __global const T *row = src + r1 * red_1 + r2 * red_2 + r3 * red_3 + r4 * red_4
            + rest * red_5;
        ulong row_stop = min(stop, i - r0 + R0);
        for (; i < row_stop; i += hop, r0 += hop) {
            VT x = FN(take)(row + r0 * red_0, lane_step,
                            across ? outputs : (long)(lane_size - r0 * V), fill);
            if (what == 2) {
                if (negate)
                    x = -x;
                best_at = (x > best) | ((x != x) & (best == best)) ? (VT)(done) : best_at;
                best = (x > best) | ((x != x) & (best == best)) ? x : best;
                done++;
                continue;
            }
            x -= middle;
            part += what == 1 ? x * x : x;
            if (++in_part == RUN) {
                total += part;
                part = (VT)(0.0f);
                in_part = 0;
            }
        }
    }

    ACC lane[V], at[V];
    VKEEP(what == 2 ? best : total + part, lane);
    VKEEP(best_at, at);
    ulong out = i0 * dst_0 + i1 * dst_1 + i2 * dst_2 + i3 * dst_3 + i4 * dst_4 + chunk * dst_chunk;
    dst += dst_at + out;
    at32 += at32_at + out;
    at64 += at64_at + out;
    for (long j = 0; j < outputs; j++) {
        int lead = across ? (int)j : what == 2 ? FN(first_largest)(lane, at) : 0;
        ACC value = what == 2 ? lane[lead] : (across ? lane[j] : FN(meet)(lane)) / divisor;
        ulong position = (begin + (ulong)at[lead]) * (across ? 1 : V) + (across ? 0 : lead);

        if (places == 0 || places == 3)
            STORE(dst, j * dst_lane, negate ? -value : value);
        if (look_up)
            position = from[from_at + kept
                            + (across ? j * lane_step + position * red_0 : position * lane_step)];
        if (places == 1)
            at32[j * dst_lane] = (int)position;
        if (places >= 2)
            at64[j * dst_lane] = (long)position;
    }
}
