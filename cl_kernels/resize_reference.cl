// Resize in 1 to 3 spatial axes, any strides, by the table of resize_table.cl:
//   dst[n][c][od][oh][ow] = sum over the taps of od, oh, ow of the product of their weights times
//   src[n][c][d][h][w]; value where a tap is below 0
// Taps of weight 0 are skipped, one tap is a copy.
// One work-item makes one output. Flat grid over n c od oh ow, ow fastest, or n od oh ow c if
// `channels_last`.
__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(resize_reference)(
    __global const T *restrict src, ulong src_at, __global const int *restrict index,
    ulong index_at, __global const ACC *restrict weight, ulong weight_at,
    __global T *restrict dst, ulong dst_at, int channels_last, float value,
    ulong C, ulong D, ulong H, ulong W, int taps_d, int taps_h, int taps_w,
    ulong src_n, ulong src_c, ulong src_d, ulong src_h, ulong src_w,
    ulong dst_n, ulong dst_c, ulong dst_d, ulong dst_h, ulong dst_w, ulong first, ulong end)
{
    ulong item = FLAT_ITEM(first), c = 0, d, h, w;

    if (item >= end)
        return;
    if (channels_last)
        WALK(item, C, c);
    WALK(item, W, w);
    WALK(item, H, h);
    WALK(item, D, d);
    if (!channels_last)
        WALK(item, C, c);
    src += src_at + item * src_n + c * src_c;
    dst += dst_at + item * dst_n + c * dst_c + d * dst_d + h * dst_h + w * dst_w;
    ulong to_d = d * taps_d, to_h = D * taps_d + h * taps_h;
    ulong to_w = D * taps_d + H * taps_h + w * taps_w;
    index += index_at;
    weight += weight_at;

    if (index[to_d] < 0 || index[to_h] < 0 || index[to_w] < 0) {
        STORE(dst, 0, (ACC)value);
        return;
    }
    if (taps_d * taps_h * taps_w == 1) {
        *dst = src[index[to_d] * src_d + index[to_h] * src_h + index[to_w] * src_w];
        return;
    }
    ACC sum = 0;
    for (int i = 0; i < taps_d; i++) {
        if (weight[to_d + i] == 0)
            continue;
        ACC plane = 0;
        for (int j = 0; j < taps_h; j++) {
            if (weight[to_h + j] == 0)
                continue;
            ulong at = index[to_d + i] * src_d + index[to_h + j] * src_h;
            ACC row = 0;
            for (int k = 0; k < taps_w; k++)
                if (weight[to_w + k] != 0)
                    row = fma(weight[to_w + k], LOAD(src, at + index[to_w + k] * src_w), row);
            plane = fma(weight[to_h + j], row, plane);
        }
        sum = fma(weight[to_d + i], plane, sum);
    }
    STORE(dst, 0, sum);
}
