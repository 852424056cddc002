// One image's inputs below each tap of a convolution, as a matrix for a product with its weights:
//   dst[(c KD KH KW + r)][o] = src[c][i(o, r)], i = o stride + r dilation - pad, mapped by the
//   padding mode; 0 in zero padding
// src lies anywhere, dst is dense. One work-item makes one element. Flat grid over c r od oh ow, ow
// fastest. Nothing is fixed at build.
__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(im2col)(
    __global const T *restrict src, ulong src_at, __global T *restrict dst, ulong dst_at, int mode,
    int D, int H, int W, int OD, int OH, int OW, ulong src_c, ulong src_d, ulong src_h,
    ulong src_w, int KD, int KH, int KW, int SD, int SH, int SW, int LD, int LH, int LW, int PD,
    int PH, int PW, ulong first, ulong end)
{
    ulong item = FLAT_ITEM(first), at = dst_at + item;

    if (item >= end)
        return;
    int ow = (int)(item % OW), oh = (int)(item / OW % OH);
    item /= (ulong)OW * OH;
    int od = (int)(item % OD), rw = (int)(item / OD % KW);
    item /= (ulong)OD * KW;
    int rh = (int)(item % KH), rd = (int)(item / KH % KD);
    ulong c = item / ((ulong)KH * KD);
    int d = conv_tap(od, rd, SD, LD, PD, D, mode);
    int h = conv_tap(oh, rh, SH, LH, PH, H, mode);
    int w = conv_tap(ow, rw, SW, LW, PW, W, mode);
    ACC value = 0;

    if (d >= 0 && h >= 0 && w >= 0)
        value = LOAD(src, src_at + c * src_c + d * src_d + h * src_h + w * src_w);
    STORE(dst, at, value);
}
