// Undoes max pooling: dst is 0 but where an index says; where two say the same, the last in N, C,
// spatial order wins; an index outside is dropped. Three passes, one launch each:
//   pass 0  zeroes dst. One work-item for each row n c d h, c fastest if `channels_last`
//   pass 1  one work-item for each plane n c takes the plane's own pixels in order. With indices of
//           the whole tensor it notes in foreign[] whether one of them leaves the plane
//   pass 2  only where such indices can be. One work-item for each plane: if any is noted, it does
//           its plane again from the pixels of all planes
// Writing is by the owner of the plane alone, so that the outcome does not depend on timing.

// The pixels of planes [from, to) that fall into plane `own`; whether one fell into another.
int FN(scatter)(
    __global const T *restrict src, __global const int *restrict idx32,
    __global const long *restrict idx64, __global T *restrict dst, int wide, int whole, ulong own,
    ulong from, ulong to, ulong planes, int C, int D, int H, int W, int OD, int OH, int OW,
    ulong src_n, ulong src_c, ulong src_d, ulong src_h, ulong src_w,
    ulong idx_n, ulong idx_c, ulong idx_d, ulong idx_h, ulong idx_w,
    ulong dst_d, ulong dst_h, ulong dst_w)
{
    long plane = (long)OD * OH * OW, base = whole ? (long)own * plane : 0;
    int foreign = 0;

    for (ulong q = from; q < to; q++) {
        ulong at = q / C * src_n + q % C * src_c, idx_at = q / C * idx_n + q % C * idx_c;
        for (int d = 0; d < D; d++) {
            for (int h = 0; h < H; h++) {
                for (int w = 0; w < W; w++) {
                    ulong i = idx_at + d * idx_d + h * idx_h + w * idx_w;
                    long index = wide ? idx64[i] : idx32[i];
                    long inside = index - base;
                    if (index < 0 || inside < 0 || inside >= plane) {
                        foreign |= index >= 0 && index < (long)planes * plane;
                        continue;
                    }
                    int ow = (int)(inside % OW), oh = (int)(inside / OW % OH);
                    int od = (int)(inside / OW / OH);
                    STORE(dst, od * dst_d + oh * dst_h + ow * dst_w,
                          LOAD(src, at + d * src_d + h * src_h + w * src_w));
                }
            }
        }
    }
    return foreign;
}

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(max_unpool_plane)(
    __global const T *restrict src, ulong src_at, __global const int *restrict idx32,
    ulong idx32_at, __global const long *restrict idx64, ulong idx64_at, __global T *restrict dst,
    ulong dst_at, __global int *restrict foreign, ulong foreign_at,
    int pass, int wide, int whole, int channels_last, ulong planes,
    int C, int D, int H, int W, int OD, int OH, int OW,
    ulong src_n, ulong src_c, ulong src_d, ulong src_h, ulong src_w,
    ulong idx_n, ulong idx_c, ulong idx_d, ulong idx_h, ulong idx_w,
    ulong dst_n, ulong dst_c, ulong dst_d, ulong dst_h, ulong dst_w, ulong first, ulong end)
{
    ulong item = FLAT_ITEM(first);

    if (item >= end)
        return;
    if (pass == 0) {
        ulong c = channels_last ? item % C : item / OH / OD % C;
        ulong row = channels_last ? item / C : item;
        ulong n = channels_last ? row / OH / OD : row / OH / OD / C;
        dst += dst_at + n * dst_n + c * dst_c + row / OH % OD * dst_d + row % OH * dst_h;
        for (int w = 0; w < OW; w++)
            STORE(dst, w * dst_w, (ACC)0);
        return;
    }
    dst += dst_at + item / C * dst_n + item % C * dst_c;
    foreign += foreign_at;
    ulong from = item, to = item + 1;
    if (pass == 2) {
        int any = 0;
        for (ulong q = 0; q < planes; q++)
            any |= foreign[q];
        if (!any)
            return;
        for (int d = 0; d < OD; d++)
            for (int h = 0; h < OH; h++)
                for (int w = 0; w < OW; w++)
                    STORE(dst, d * dst_d + h * dst_h + w * dst_w, (ACC)0);
        from = 0;
        to = planes;
    }
    int left = FN(scatter)(src + src_at, idx32 + idx32_at, idx64 + idx64_at, dst, wide, whole, item,
                           from, to, planes, C, D, H, W, OD, OH, OW,
                           src_n, src_c, src_d, src_h, src_w, idx_n, idx_c, idx_d, idx_h, idx_w,
                           dst_d, dst_h, dst_w);
    if (pass == 1 && whole)
        foreign[item] = left;
}
