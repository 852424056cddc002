// Pooling of every kind, any shape, any strides, with or without indices:
//   kinds 1 max, 2 average, 3 Lp, 4 adaptive max, 5 adaptive average
//   dst[n][c][o] = max, sum / divisor or (sum of |x|^p)^(1/p) over the taps of window o inside src
// A max scans depth, height, width in order: NaN wins, so the last does; among equals the first.
// One work-item makes one output. Flat grid over n c od oh ow, ow fastest, or n od oh ow c if
// `channels_last`. Indices go to idx32 or idx64. A sum of `run` taps is added to a sum of run such,
// and that to the total: with run the root of the taps, errors grow with the root. A launch takes
// the window's taps [from, to); where a device ends long loops, all but the first go on from what
// dst and the indices hold (`resumes`), and all but the last leave a sum there (`pauses`).

// Taps [x, y) of `taps`, the first at `start`, that are inside [0, size).
long2 FN(inside)(long start, long taps, long step, long size)
{
    long from = start < 0 ? (step - 1 - start) / step : 0;
    long to = start < size ? (size - start + step - 1) / step : 0;

    to = min(to, taps);
    return (long2)(min(from, to), to);
}

// The first position, the number of taps, and of those the number before the end of the padding.
long3 FN(window)(int adaptive, int o, int size, int outs, int taps, int stride, int dilation,
                 int pad, int pad_end)
{
    if (adaptive) {
        long start = (long)o * size / outs, end = ((long)(o + 1) * size + outs - 1) / outs;
        return (long3)(start, end - start, end - start);
    }
    long start = (long)o * stride - pad;
    return (long3)(start, taps, FN(inside)(0, taps, dilation, (long)size + pad_end - start).y);
}

OUTLINED ACC FN(power)(ACC x, ACC p)
{
    return pow(x, p);
}

ACC FN(term)(ACC x, int kind, float p)
{
    if (kind != 3)
        return x;
    x = fabs(x);
    return p == 1.0f ? x : p == 2.0f ? x * x : FN(power)(x, p);
}

ACC FN(root)(ACC sum, float p)
{
    return p == 1.0f ? sum : p == 2.0f ? sqrt(sum) : FN(power)(sum, 1.0f / p);
}

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(pool_reference)(
    __global const T *restrict src, ulong src_at, __global T *restrict dst, ulong dst_at,
    __global int *restrict idx32, ulong idx32_at, __global long *restrict idx64, ulong idx64_at,
    int kind, int count_pad, float divisor, float p, int run, int indices, int wide,
    int channels_last, int C, int D, int H, int W, int OD, int OH, int OW,
    ulong src_n, ulong src_c, ulong src_d, ulong src_h, ulong src_w,
    ulong dst_n, ulong dst_c, ulong dst_d, ulong dst_h, ulong dst_w,
    ulong idx_n, ulong idx_c, ulong idx_d, ulong idx_h, ulong idx_w,
    int KD, int KH, int KW, int SD, int SH, int SW, int LD, int LH, int LW, int PD, int PH, int PW,
    int ED, int EH, int EW, int resumes, int pauses,
    int rd_from, int rd_to, int rh_from, int rh_to, int rw_from, int rw_to,
    ulong first, ulong end)
{
    ulong item = FLAT_ITEM(first);

    if (item >= end)
        return;
    int c = 0, adaptive = kind >= 4, is_max = kind == 1 || kind == 4;
    if (channels_last) {
        c = (int)(item % C);
        item /= C;
    }
    int ow = (int)(item % OW), oh = (int)(item / OW % OH), od = (int)(item / OW / OH % OD);
    item = item / OW / OH / OD;
    if (!channels_last) {
        c = (int)(item % C);
        item /= C;
    }
    ulong n = item;
    long3 wd = FN(window)(adaptive, od, D, OD, KD, SD, LD, PD, ED);
    long3 wh = FN(window)(adaptive, oh, H, OH, KH, SH, LH, PH, EH);
    long3 ww = FN(window)(adaptive, ow, W, OW, KW, SW, LW, PW, EW);
    long step_d = adaptive ? 1 : LD, step_h = adaptive ? 1 : LH, step_w = adaptive ? 1 : LW;
    long2 td = FN(inside)(wd.x, wd.y, step_d, D), th = FN(inside)(wh.x, wh.y, step_h, H);
    long2 tw = FN(inside)(ww.x, ww.y, step_w, W);
    ACC taps = (ACC)(td.y - td.x) * (ACC)(th.y - th.x) * (ACC)(tw.y - tw.x);
    td = (long2)(max(td.x, (long)rd_from), min(td.y, (long)rd_to));
    th = (long2)(max(th.x, (long)rh_from), min(th.y, (long)rh_to));
    tw = (long2)(max(tw.x, (long)rw_from), min(tw.y, (long)rw_to));

    ulong out = dst_at + n * dst_n + c * dst_c + od * dst_d + oh * dst_h + ow * dst_w;
    ulong idx = n * idx_n + c * idx_c + od * idx_d + oh * idx_h + ow * idx_w;
    src += src_at + n * src_n + c * src_c;
    idx32 += idx32_at + idx;
    idx64 += idx64_at + idx;

    ACC best = -INFINITY, part = 0, parts = 0, sum = 0;
    long best_at = -1, plane_at = indices == 2 ? (long)(n * C + c) * D * H * W : 0;
    int in_part = 0, in_parts = 0;
    if (resumes) {
        best = sum = LOAD(dst, out);
        best_at = !indices ? 0 : wide ? *idx64 : *idx32;
    }
    for (long rd = td.x; rd < td.y; rd++) {
        long d = wd.x + rd * step_d;
        for (long rh = th.x; rh < th.y; rh++) {
            long h = wh.x + rh * step_h;
            for (long rw = tw.x; rw < tw.y; rw++) {
                long w = ww.x + rw * step_w;
                ACC x = LOAD(src, d * src_d + h * src_h + w * src_w);
                if (is_max) {
                    if (best_at < 0 || x > best || isnan(x)) {
                        best = x;
                        best_at = plane_at + (d * H + h) * W + w;
                    }
                    continue;
                }
                part += FN(term)(x, kind, p);
                if (++in_part < run)
                    continue;
                parts += part;
                part = 0;
                in_part = 0;
                if (++in_parts < run)
                    continue;
                sum += parts;
                parts = 0;
                in_parts = 0;
            }
        }
    }
    sum += parts + part;

    ACC value = is_max ? best : sum;
    if (kind == 3 && !pauses)
        value = FN(root)(sum, p);
    else if (!is_max && taps == 0)
        value = 0;
    else if (!is_max && !pauses)
        value = sum
            / (divisor > 0 ? divisor : count_pad ? (ACC)wd.z * (ACC)wh.z * (ACC)ww.z : taps);
    STORE(dst, out, value);
    if (indices && wide)
        *idx64 = best_at;
    else if (indices)
        *idx32 = (int)best_at;
}
