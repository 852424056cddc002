// Softmax along one axis of any stride; src may be exactly dst:
//   dst[i] = exp(src[i] - max) / sum of exp(src[j] - max) over j, or with log_of its logarithm
// The difference is kept in two parts: rounded once, its error alone would be that of e^-80 many
// times over. A row with NaN, +inf or nothing but -inf is NaN. S0 to S3 are the sizes of the other
// axes, the outermost needs none. One work-item makes one row. Flat grid over the rows.
// A launch makes those of `passes` that it is told, over the elements [from, to) of a row: 1 the
// maximum, 2 the sum, 4 the results. Where these are not all, state[] hands on maximum and sum.
#define ALL_PASSES 7
#define RUN 64

// e^(x - most), given that x <= most.
ACC FN(exp_below)(ACC x, ACC most)
{
    ACC d = x - most, back = d - x, e = exp(d);
    ACC rest = (x - (d - back)) - (most + back);

    return d > (ACC)-100 ? e + e * rest : e;
}

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(softmax_reference)(
    __global const T *src, ulong src_at, __global T *dst, ulong dst_at,
    __global ACC *restrict state, ulong state_at, int passes, ulong from, ulong to,
    int log_of, ulong src_step, ulong dst_step, ulong S0, ulong S1, ulong S2, ulong S3,
    ulong src_0, ulong src_1, ulong src_2, ulong src_3, ulong src_4,
    ulong dst_0, ulong dst_1, ulong dst_2, ulong dst_3, ulong dst_4, ulong first, ulong end)
{
    ulong item = FLAT_ITEM(first), i0, i1, i2, i3;

    if (item >= end)
        return;
    state += state_at + 2 * item;
    WALK(item, S0, i0);
    WALK(item, S1, i1);
    WALK(item, S2, i2);
    WALK(item, S3, i3);
    src += src_at + i0 * src_0 + i1 * src_1 + i2 * src_2 + i3 * src_3 + item * src_4;
    dst += dst_at + i0 * dst_0 + i1 * dst_1 + i2 * dst_2 + i3 * dst_3 + item * dst_4;

    ACC most = -INFINITY, sum = 0;
    if (passes != ALL_PASSES && (passes != 1 || from > 0)) {
        most = state[0];
        sum = state[1];
    }
    for (ulong i = from; passes & 1 && i < to; i++) {
        ACC x = LOAD(src, i * src_step);
        most = x > most ? x : most;
    }
    for (ulong i = from; passes & 2 && i < to;) {
        // Short runs are added to the total: the error grows with the longest run.
        ulong stop = min(i + RUN, to);
        ACC part = 0;
        for (; i < stop; i++)
            part += FN(exp_below)(LOAD(src, i * src_step), most);
        sum += part;
    }
    ACC rest = log(sum);
    for (ulong i = from; passes & 4 && i < to; i++) {
        ACC x = LOAD(src, i * src_step);
        STORE(dst, i * dst_step, log_of ? (x - most) - rest : FN(exp_below)(x, most) / sum);
    }
    if (passes != ALL_PASSES) {
        state[0] = most;
        state[1] = sum;
    }
}
