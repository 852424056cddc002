// dst[i] = activation((src[i] - mean) factor + bias) over rows, axis 0, of any strides; src may be
// exactly dst. mean is table[t], factor table[count + t], bias table[2 count + t], with t by
// strides of its own. The activation is piecewise. `length` elements a row, in `chunks`
// pieces of `chunk`; R rows along axis 1 in `blocks` of `block`; axes 2 to 5 are outer ones. One
// work-item makes one piece of the rows of one block, V elements at once. Flat grid over chunks,
// blocks, S2, S3, S4 and the outermost axis. Fixed at build: V.

// V elements `step` apart, of which the first `count` are there; zeros behind them.
VT FN(take)(__global const T *p, ulong step, int count)
{
#if V > 1
    if (step != 1 || count < V) {
        ACC part[V];

        for (int j = 0; j < V; j++)
            part[j] = j < count ? LOAD(p, j * step) : (ACC)0;
        return VLOAD(part);
    }
#endif
    return VLOAD(p);
}

void FN(put)(VT value, __global T *p, ulong step, int count)
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

VT FN(apply)(VT x, VT mean, VT factor, VT bias, float slope, float low, float high)
{
    VT value = (x - mean) * factor + bias;

    PIECEWISE(value, slope, low, high, value);
    return value;
}

// The table of a row: one entry for all, or one an element from element i on.
#define AT(i, part) FN(take)(t + (part) * count + (i) * tab_0, tab_0, piece - (i))

// A row shorter than a vector.
void FN(apply_few)(__global const T *src, ulong src_0, __global T *dst, ulong dst_0,
                   __global const T *t, ulong tab_0, ulong count, int piece, float slope,
                   float low, float high)
{
    for (int i = 0; i < piece; i++, t += tab_0) {
        ACC value = (LOAD(src, i * src_0) - LOAD(t, 0)) * LOAD(t, count) + LOAD(t, 2 * count);

        STORE(dst, i * dst_0, piecewise_f32(value, slope, low, high));
    }
}

// The last elements of a row that has a vector go through the vector that ends with them, which is
// loaded before any of its elements are written.
void FN(apply_row)(__global const T *src, ulong src_0, __global T *dst, ulong dst_0,
                   __global const T *t, ulong tab_0, ulong count, int piece, float slope,
                   float low, float high)
{
    int over = src_0 == 1 && dst_0 == 1 && piece > V ? piece % V : 0, at = piece - V;
    VT mean = (VT)(LOAD(t, 0)), factor = (VT)(LOAD(t, count)), bias = (VT)(LOAD(t, 2 * count));
    VT last = (VT)(0.0f);

    if (over > 0)
        last = VLOAD(src + at);
    for (int i = 0; i < piece - over; i += V) {
        if (tab_0 != 0) {
            mean = AT(i, 0);
            factor = AT(i, 1);
            bias = AT(i, 2);
        }
        VT x = FN(take)(src + i * src_0, src_0, piece - i);
        FN(put)(FN(apply)(x, mean, factor, bias, slope, low, high), dst + i * dst_0, dst_0,
                piece - i);
    }
    if (over > 0) {
        if (tab_0 != 0) {
            mean = AT(at, 0);
            factor = AT(at, 1);
            bias = AT(at, 2);
        }
        VSTORE(FN(apply)(last, mean, factor, bias, slope, low, high), dst + at);
    }
}

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(norm_apply)(
    __global const T *src, ulong src_at, __global const T *restrict table, ulong table_at,
    __global T *dst, ulong dst_at, float slope, float low, float high, ulong count,
    ulong length, ulong chunk, ulong chunks, ulong R, ulong block, ulong blocks,
    ulong S2, ulong S3, ulong S4,
    ulong src_0, ulong src_1, ulong src_2, ulong src_3, ulong src_4, ulong src_5,
    ulong dst_0, ulong dst_1, ulong dst_2, ulong dst_3, ulong dst_4, ulong dst_5,
    ulong tab_0, ulong tab_1, ulong tab_2, ulong tab_3, ulong tab_4, ulong tab_5,
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
    table += table_at + x * tab_0 + row * tab_1 + i2 * tab_2 + i3 * tab_3 + i4 * tab_4
        + item * tab_5;

    ulong rows = min(block, R - row);
    int piece = (int)min(chunk, length - x);
    for (ulong r = 0; r < rows; r++) {
        if (piece < V)
            FN(apply_few)(src + r * src_1, src_0, dst + r * dst_1, dst_0, table + r * tab_1, tab_0,
                          count, piece, slope, low, high);
        else
            FN(apply_row)(src + r * src_1, src_0, dst + r * dst_1, dst_0, table + r * tab_1, tab_0,
                          count, piece, slope, low, high);
    }
}
