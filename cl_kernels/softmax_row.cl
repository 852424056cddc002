// Softmax of rows whose elements lie together, as softmax_reference.cl; src may be exactly dst. A
// work-group makes one row after another, `block` of them: each of its LOCAL_X items (a power of
// two) takes every LOCAL_X-th vector of V, the last elements go through a vector as well, and
// partial results meet in local memory, always in the same order. Exponentials wait in dst to be
// divided; the logarithm, with log_of, needs src once more instead. S0 to S3 are the sizes of the
// other axes, the outermost needs none. Groups along x: blocks of rows. Fixed at build: V.
#define RUN 64

// Vector i of a row, `fill` behind its end.
VT FN(vector)(__global const T *src, ulong i, ulong length, ACC fill)
{
#if V > 1
    if (i + V > length) {
        ACC part[V];

        for (int j = 0; j < V; j++)
            part[j] = i + j < length ? LOAD(src, i + j) : fill;
        return VLOAD(part);
    }
#endif
    return VLOAD(src + i);
}

void FN(put)(__global T *dst, ulong i, ulong length, VT value)
{
#if V > 1
    if (i + V > length) {
        ACC part[V];

        VKEEP(value, part);
        for (int j = 0; i + j < length; j++)
            STORE(dst, i + j, part[j]);
        return;
    }
#endif
    VSTORE(value, dst + i);
}

// e^(x - most), given that x <= most; see softmax_reference.cl.
VT FN(exp_below)(VT x, VT most)
{
    VT d = x - most, back = d - x, e = exp(d);
    VT rest = (x - (d - back)) - (most + back);

    return d > (VT)(-100.0f) ? e + e * rest : e;
}

ACC FN(largest)(ACC a, ACC b)
{
    return b > a ? b : a;
}

// The largest element, or the sum, of the items' vectors, in every item.
ACC FN(meet)(VT value, bool sum, __local ACC *shared)
{
    ACC lane[V], all;

    VKEEP(value, lane);
    all = lane[0];
    for (int j = 1; j < V; j++)
        all = sum ? all + lane[j] : FN(largest)(all, lane[j]);
#if LOCAL_X > 1
    int item = get_local_id(0);

    shared[item] = all;
    for (int span = LOCAL_X / 2; span > 0; span /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (item < span)
            shared[item] = sum ? shared[item] + shared[item + span]
                               : FN(largest)(shared[item], shared[item + span]);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    all = shared[0];
    barrier(CLK_LOCAL_MEM_FENCE);
#endif
    return all;
}

void FN(softmax)(__global const T *src, __global T *dst, int log_of, ulong length,
                 __local ACC *shared)
{
    ulong begin = get_local_id(0) * V;
    VT most = (VT)(-INFINITY), sum = (VT)(0.0f);

    for (ulong i = begin; i < length; i += LOCAL_X * V) {
        VT x = FN(vector)(src, i, length, -INFINITY);
        most = x > most ? x : most;
    }
    most = (VT)(FN(meet)(most, false, shared));
    for (ulong i = begin; i < length;) {
        VT part = (VT)(0.0f);
        for (int run = 0; run < RUN && i < length; run++) {
            VT e = FN(exp_below)(FN(vector)(src, i, length, -INFINITY), most);
            if (!log_of)
                FN(put)(dst, i, length, e);
            part += e;
            i += LOCAL_X * V;
        }
        sum += part;
    }
    ACC all = FN(meet)(sum, true, shared);
    sum = (VT)(all);
    VT rest = (VT)(log(all));
    for (ulong i = begin; log_of && i < length; i += LOCAL_X * V)
        FN(put)(dst, i, length, (FN(vector)(src, i, length, 0.0f) - most) - rest);
    for (ulong i = begin; !log_of && i < length; i += LOCAL_X * V)
        FN(put)(dst, i, length, FN(vector)(dst, i, length, 0.0f) / sum);
}

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(softmax_row)(
    __global const T *src, ulong src_at, __global T *dst, ulong dst_at,
    int log_of, ulong length, ulong rows, ulong block,
    ulong S0, ulong S1, ulong S2, ulong S3,
    ulong src_0, ulong src_1, ulong src_2, ulong src_3, ulong src_4,
    ulong dst_0, ulong dst_1, ulong dst_2, ulong dst_3, ulong dst_4, int first)
{
#if LOCAL_X > 1
    __local ACC shared[LOCAL_X];
#else
    __local ACC *shared = 0;
#endif
    ulong begin = (first + get_group_id(0)) * block, end = min(begin + block, rows);

    for (ulong row = begin; row < end; row++) {
        ulong rest = row, i0, i1, i2, i3;

        WALK(rest, S0, i0);
        WALK(rest, S1, i1);
        WALK(rest, S2, i2);
        WALK(rest, S3, i3);
        FN(softmax)(src + src_at + i0 * src_0 + i1 * src_1 + i2 * src_2 + i3 * src_3 + rest * src_4,
                    dst + dst_at + i0 * dst_0 + i1 * dst_1 + i2 * dst_2 + i3 * dst_3 + rest * dst_4,
                    log_of, length, shared);
    }
}
