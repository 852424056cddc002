// Resize on a CPU with wide vectors, by the table of resize_table.cl, where neighbours lie together
// in both tensors: channels (`pixels`), or pixels of a row. One tap is a copy; taps of weight 0 are
// skipped; value stands where a tap is below 0.
//   pixels  a work-item makes `run` pixels of a row, one of `runs`: for each the weighted sum of
//           its taps, V channels at a time
//   rows    a work-item makes one row of one channel: the rows of src that it needs are summed with
//           the weights of depth and height into a buffer, V pixels at a time, and the taps along
//           the width are taken from there. Positions only grow along a row, or only fall
// Flat grid over runs oh od n, or oh od c n. Fixed at build: V.
#define BUFFER 512

// The rows of src that an output row reads, and their weights; 64 taps at most in all.
int FN(rows_of)(__global const int *restrict index, __global const ACC *restrict weight,
                ulong to_d, ulong to_h, int taps_d, int taps_h, ulong src_d, ulong src_h,
                ulong *at, ACC *factor)
{
    int rows = 0;

    for (int i = 0; i < taps_d; i++)
        for (int j = 0; j < taps_h; j++) {
            ACC w = weight[to_d + i] * weight[to_h + j];
            if (w == 0)
                continue;
            at[rows] = index[to_d + i] * src_d + index[to_h + j] * src_h;
            factor[rows++] = w;
        }
    return rows;
}

void FN(pixel)(__global const T *restrict src, __global const int *restrict index,
               __global const ACC *restrict weight, __global T *restrict dst, ulong C, int taps,
               ulong src_w, int rows, const ulong *at, const ACC *factor)
{
    ulong c = 0;

    for (; c + V <= C; c += V) {
        VT sum = (VT)(0);
        for (int k = 0; k < taps; k++)
            for (int r = 0; r < rows && weight[k] != 0; r++)
                sum = fma((VT)(factor[r] * weight[k]),
                          VLOAD(src + at[r] + index[k] * src_w + c), sum);
        VSTORE(sum, dst + c);
    }
    for (; c < C; c++) {
        ACC sum = 0;
        for (int k = 0; k < taps; k++)
            for (int r = 0; r < rows && weight[k] != 0; r++)
                sum = fma(factor[r] * weight[k],
                          LOAD(src, at[r] + index[k] * src_w + c), sum);
        STORE(dst, c, sum);
    }
}

void FN(copy_pixel)(__global const T *restrict src, __global T *restrict dst, ulong C)
{
    ulong c = 0;

    for (; c + V <= C; c += V)
        VSTORE(VLOAD(src + c), dst + c);
    for (; c < C; c++)
        dst[c] = src[c];
}

// Pixels [from, to) of src's rows, summed.
void FN(blend)(__global const T *restrict src, int from, int to, int rows, const ulong *at,
               const ACC *factor, ACC *buffer)
{
    int i = from;

    for (; i + V <= to; i += V) {
        VT sum = (VT)(0);
        for (int r = 0; r < rows; r++)
            sum = fma((VT)(factor[r]), VLOAD(src + at[r] + i), sum);
        VKEEP(sum, buffer + i - from);
    }
    for (; i < to; i++) {
        ACC sum = 0;
        for (int r = 0; r < rows; r++)
            sum = fma(factor[r], LOAD(src, at[r] + i), sum);
        buffer[i - from] = sum;
    }
}

// Outputs [begin, end) of a row from the buffer, which begins at pixel `from`.
void FN(along)(__global const int *restrict index, __global const ACC *restrict weight,
               __global T *restrict dst, int begin, int end, int taps, float value,
               const ACC *buffer, int from)
{
    for (int i = begin; i < end; i++) {
        __global const int *x = index + i * taps;
        ACC sum = 0;
        if (x[0] < 0) {
            STORE(dst, i, (ACC)value);
            continue;
        }
        for (int k = 0; k < taps; k++) {
            ACC f = weight[i * taps + k], more = fma(f, buffer[x[k] - from], sum);
            sum = f != 0 ? more : sum;
        }
        STORE(dst, i, sum);
    }
}

// A tap's position, whether it is outside or not.
int FN(place)(int index)
{
    return index < 0 ? -1 - index : index;
}

void FN(row)(__global const T *restrict src, __global const int *restrict index,
             __global const ACC *restrict weight, __global T *restrict dst, int W, int taps,
             float value, int rows, const ulong *at, const ACC *factor)
{
    ACC buffer[BUFFER];
    int count;

    for (int w = 0; w < W; w += count) {
        int from, to;
        count = min(W - w, BUFFER);
        for (;;) {
            __global const int *a = index + w * taps, *b = index + (w + count - 1) * taps;
            from = min(FN(place)(a[0]), FN(place)(b[0]));
            to = max(FN(place)(a[taps - 1]), FN(place)(b[taps - 1])) + 1;
            if (to - from <= BUFFER)
                break;
            count = (count + 1) / 2;
        }
        FN(blend)(src, from, to, rows, at, factor, buffer);
        if (taps == 2)
            FN(along)(index, weight, dst, w, w + count, 2, value, buffer, from);
        else if (taps == 4)
            FN(along)(index, weight, dst, w, w + count, 4, value, buffer, from);
        else
            FN(along)(index, weight, dst, w, w + count, 1, value, buffer, from);
    }
}

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(resize_rows)(
    __global const T *restrict src, ulong src_at, __global const int *restrict index,
    ulong index_at, __global const ACC *restrict weight, ulong weight_at,
    __global T *restrict dst, ulong dst_at, int pixels, float value, ulong run, ulong runs,
    ulong C, ulong D, ulong H, ulong W, int taps_d, int taps_h, int taps_w,
    ulong src_n, ulong src_c, ulong src_d, ulong src_h, ulong src_w,
    ulong dst_n, ulong dst_c, ulong dst_d, ulong dst_h, ulong dst_w, ulong first, ulong end)
{
    ulong item = FLAT_ITEM(first), x, h, d, c = 0;

    if (item >= end)
        return;
    WALK(item, runs, x);
    WALK(item, H, h);
    WALK(item, D, d);
    if (!pixels)
        WALK(item, C, c);
    x *= run;
    src += src_at + item * src_n + c * src_c;
    dst += dst_at + item * dst_n + c * dst_c + d * dst_d + h * dst_h + x * dst_w;
    index += index_at;
    weight += weight_at;
    ulong to_d = d * taps_d, to_h = D * taps_d + h * taps_h;
    ulong to_w = D * taps_d + H * taps_h + x * taps_w;

    ulong at[16];
    ACC factor[16];
    int outside = index[to_d] < 0 || index[to_h] < 0, copies = taps_d * taps_h * taps_w == 1;
    int rows = FN(rows_of)(index, weight, to_d, to_h, taps_d, taps_h, src_d, src_h, at, factor);
    int count = (int)min(run, W - x);
    index += to_w;
    weight += to_w;
    if (!pixels && !outside && !copies) {
        FN(row)(src, index, weight, dst, count, taps_w, value, rows, at, factor);
        return;
    }
    for (int i = 0; i < count; i++, index += taps_w, weight += taps_w, dst += dst_w) {
        if (outside || index[0] < 0)
            for (ulong k = 0; k < (pixels ? C : 1); k++)
                STORE(dst, k, (ACC)value);
        else if (!pixels)
            *dst = src[at[0] + index[0] * src_w];
        else if (copies)
            FN(copy_pixel)(src + at[0] + index[0] * src_w, dst, C);
        else
            FN(pixel)(src, index, weight, dst, C, taps_w, src_w, rows, at, factor);
    }
}
