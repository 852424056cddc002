// Undoes max pooling: dst is 0 but where an index says; where two say the same, the last in N, C,
// spatial order wins; an index outside is dropped. Passes, one launch each, or several over ranges
// [from, to) in order where a device ends long loops:
//   pass 0  zeroes dst. One work-item for each row n c d h, c fastest if `channels_last`
//   pass 1  one work-item for each plane n c takes the plane's own pixels in order. With indices of
//           the `whole` tensor it notes in *foreign if one of them leaves the plane
// and where such indices can be, two that do nothing unless one is noted:
//   pass 2  zeroes dst again
//   pass 3  one work-item for each plane takes what falls into it of the pixels of all planes
// Writing is by the owner of the plane alone, so that the outcome does not depend on timing.
// Indices are long if `wide`, else int.

// The pixels of planes [from, to) that fall into plane `own`; whether one fell into another.
int FN(scatter)(
    __global const T *restrict src, __global const int *restrict indices, int wide,
    __global T *restrict dst, int whole, ulong own,
    ulong from, ulong to, int d_from, int d_to, int h_from, int h_to, int w_from, int w_to,
    ulong planes, int C, int OD, int OH, int OW,
    ulong src_n, ulong src_c, ulong src_d, ulong src_h, ulong src_w,
    ulong idx_n, ulong idx_c, ulong idx_d, ulong idx_h, ulong idx_w,
    ulong dst_d, ulong dst_h, ulong dst_w)
{
    long plane = (long)OD * OH * OW, base = whole ? (long)own * plane : 0;
    int foreign = 0;

    for (ulong q = from; q < to; q++) {
        ulong at = q / C * src_n + q % C * src_c, idx_at = q / C * idx_n + q % C * idx_c;
        for (int d = d_from; d < d_to; d++) {
            for (int h = h_from; h < h_to; h++) {
                for (int w = w_from; w < w_to; w++) {
                    ulong i = idx_at + d * idx_d + h * idx_h + w * idx_w;
                    long index = wide ? ((__global const long *)indices)[i] : indices[i];
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
    __global const T *restrict src, ulong src_at, __global const int *restrict indices,
    ulong indices_at, __global T *restrict dst, ulong dst_at, __global int *restrict foreign,
    ulong foreign_at,
    int wide, int pass, int whole, int channels_last, ulong planes,
    int C, int OD, int OH, int OW,
    ulong src_n, ulong src_c, ulong src_d, ulong src_h, ulong src_w,
    ulong idx_n, ulong idx_c, ulong idx_d, ulong idx_h, ulong idx_w,
    ulong dst_n, ulong dst_c, ulong dst_d, ulong dst_h, ulong dst_w,
    ulong from, ulong to, int d_from, int d_to, int h_from, int h_to, int w_from, int w_to,
    ulong first, ulong end)
{
    ulong item = FLAT_ITEM(first);

    if (item >= end)
        return;
    foreign += foreign_at;
    if (pass >= 2 && !*foreign)
        return;
    indices += wide ? 2 * indices_at : indices_at;
    if (pass == 0 || pass == 2) {
        if (whole && pass == 0 && item == 0)
            *foreign = 0;
        ulong c = channels_last ? item % C : item / OH / OD % C;
        ulong row = channels_last ? item / C : item;
        ulong n = channels_last ? row / OH / OD : row / OH / OD / C;
        dst += dst_at + n * dst_n + c * dst_c + row / OH % OD * dst_d + row % OH * dst_h;
        for (int w = w_from; w < w_to; w++)
            STORE(dst, w * dst_w, (ACC)0);
        return;
    }
    dst += dst_at + item / C * dst_n + item % C * dst_c;
    if (pass == 1) {
        from = item;
        to = item + 1;
    }
    int left = FN(scatter)(src + src_at, indices, wide, dst, whole, item, from, to, d_from,
                           d_to, h_from, h_to, w_from, w_to, planes, C, OD, OH, OW,
                           src_n, src_c, src_d, src_h, src_w, idx_n, idx_c, idx_d, idx_h, idx_w,
                           dst_d, dst_h, dst_w);
    if (pass == 1 && whole && left)
        atomic_or(foreign, 1);
}
