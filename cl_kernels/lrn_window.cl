// dst[c] = src[c] / (k + alpha * sum of src[j]^2)^beta over the channels j from c + from to c + to
// that exist, over rows, axis 0, of any strides; alpha is divided by the window's size already.
// root 1, 2, 3: beta is 3/4, 1/2, 1, which roots make. A window may go in parts: one that is not
// `begins` adds to the sums in dst, one not `ends` leaves sums there. The channel of an element has
// strides chan_0 to chan_5 of its own, 0 but 1 along one axis; `channel` is that axis' step in src.
// `length` elements a row, in `chunks` pieces of `chunk`; R rows along axis 1 in `blocks` of
// `block`; axes 2 to 5 are outer ones. One work-item makes one piece of the rows of one block, V
// elements at once. Flat grid over chunks, blocks, S2, S3, S4 and the outermost axis. Fixed at
// build: V.

// V elements `step` apart, of which those from `begin` to before `stop` are there; zeros elsewhere.
VT FN(take)(__global const T *p, long step, long begin, long stop)
{
#if V > 1
    if (step != 1 || begin > 0 || stop < V) {
        ACC part[V];

        for (int j = 0; j < V; j++)
            part[j] = j >= begin && j < stop ? LOAD(p, j * step) : (ACC)0;
        return VLOAD(part);
    }
#endif
    return VLOAD(p);
}

void FN(put)(VT value, __global T *p, ulong step, long count)
{
#if V > 1
    if (step != 1 || count < V) {
        ACC part[V];

        VKEEP(value, part);
        for (int j = 0; j < V && j < count; j++)
            STORE(p, j * step, part[j]);
        return;
    }
#endif
    VSTORE(value, p);
}

VT FN(power)(VT base, float beta, int root)
{
    switch (root) {
    case 1: return sqrt(base) * sqrt(sqrt(base));
    case 2: return sqrt(base);
    case 3: return base;
    default: return pow(base, (VT)(beta));
    }
}

// `far` lanes from the first on stand on channels of their own, or one channel has all V.
VT FN(squares)(VT sum, __global const T *p, long step, long channel, long c, long C, long from,
               long to, long count, bool along)
{
    long last = min(to, C - 1 - c);

    for (long j = max(from, along ? 1 - V - c : -c); j <= last; j++) {
        VT x = FN(take)(p + j * channel, step, along ? -(c + j) : 0,
                        along ? min(count, C - c - j) : count);
        sum += x * x;
    }
    return sum;
}

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(lrn_window)(
    __global const T *restrict src, ulong src_at, __global T *restrict dst, ulong dst_at,
    float alpha, float beta, float k, int root, int begins, int ends, ulong C, ulong channel,
    ulong from, ulong to,
    ulong length, ulong chunk, ulong chunks, ulong R, ulong block, ulong blocks,
    ulong S2, ulong S3, ulong S4,
    ulong src_0, ulong src_1, ulong src_2, ulong src_3, ulong src_4, ulong src_5,
    ulong dst_0, ulong dst_1, ulong dst_2, ulong dst_3, ulong dst_4, ulong dst_5,
    ulong chan_0, ulong chan_1, ulong chan_2, ulong chan_3, ulong chan_4, ulong chan_5,
    ulong first, ulong end)
{
    ulong item = FLAT_ITEM(first), x, row, i2, i3, i4;

    if (item >= end)
        return;
    WALK(item, chunks, x);
    WALK(item, blocks, row);
    WALK(item, S2, i2);
    WALK(item, S3, i3);
    WALK(item, S4, i4);
    x *= chunk;
    row *= block;
    src += src_at + x * src_0 + row * src_1 + i2 * src_2 + i3 * src_3 + i4 * src_4 + item * src_5;
    dst += dst_at + x * dst_0 + row * dst_1 + i2 * dst_2 + i3 * dst_3 + i4 * dst_4 + item * dst_5;
    ulong c = x * chan_0 + row * chan_1 + i2 * chan_2 + i3 * chan_3 + i4 * chan_4 + item * chan_5;

    ulong rows = min(block, R - row);
    int piece = (int)min(chunk, length - x);
    for (ulong r = 0; r < rows; r++) {
        for (int i = 0; i < piece; i += V) {
            __global const T *p = src + r * src_1 + i * src_0;
            __global T *q = dst + r * dst_1 + i * dst_0;
            VT sum = begins ? (VT)(0.0f) : FN(take)(q, dst_0, 0, piece - i);
            sum = FN(squares)(sum, p, src_0, channel, c + r * chan_1 + i * chan_0, C, from, to,
                              piece - i, chan_0 != 0);
            if (ends) {
                VT base = fma((VT)(alpha), sum, (VT)(k));
                sum = FN(take)(p, src_0, 0, piece - i) / FN(power)(base, beta, root);
            }
            FN(put)(sum, q, dst_0, piece - i);
        }
    }
}
