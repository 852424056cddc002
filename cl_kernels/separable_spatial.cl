// A k x 1 and a 1 x k convolution, each channel by itself, in NHWC on a CPU with wide vectors: a
// row of the tensor between the two is made in private memory, some columns at a time, and never
// leaves the first cache. Weights are packed as [block][tap][V], each bias lies in whole vectors.
// A work-item makes one row of V channels. Grid: blocks of channels, rows (n oh).
// Fixed at build: MR (columns at a time), COLUMNS (of the row that private memory takes), V.
#ifndef MR
#define MR 4
#endif
#ifndef COLUMNS
#define COLUMNS 64
#endif

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(separable_spatial)(
    __global const T *restrict src, ulong src_at, __global const T *restrict weights,
    ulong weights_at, __global const T *restrict bias, ulong bias_at,
    __global const T *restrict weights2, ulong weights2_at, __global const T *restrict bias2,
    ulong bias2_at, __global const T *residual, ulong residual_at, __global T *dst, ulong dst_at,
    int has_residual, float slope, float low, float high, float slope2, float low2, float high2,
    int mode, int C, int H, int W, int OH, int OW,
    ulong src_n, ulong src_h, ulong src_w, ulong dst_n, ulong dst_h, ulong dst_w,
    int KH, int KW, int SH, int SW, int LH, int LW, int PH, int PW, int first)
{
    if (!OW)
        return;
    int c = get_group_id(0) * V, row = first + (int)get_group_id(1), oh = row % OH, n = row / OH;
    int lanes = C - c, reach = (KW - 1) * LW + 1;
    // Output columns of a part, so that the columns under their taps fit.
    int most = (COLUMNS - reach) / SW + 1;
    VT mid[COLUMNS];
    ACC part[MR * V];
    VT start = VLOAD(bias + bias_at + c), start2 = VLOAD(bias2 + bias2_at + c);

    weights += weights_at + (ulong)c * KH;
    weights2 += weights2_at + (ulong)c * KW;
    src += src_at + n * src_n + c;
    dst += dst_at + n * dst_n + oh * dst_h + c;
    residual += residual_at + n * dst_n + oh * dst_h + c;
    for (int ow0 = 0; ow0 < OW; ow0 += most) {
        int count = min(most, OW - ow0), left = ow0 * SW - PW;
        int columns = (count - 1) * SW + reach;

        // Down the columns left .. left + columns. Those outside of the map are their stand-ins, or
        // unused.
        for (int x = 0; x < columns; x += MR) {
            VT acc[MR];
            ulong at[MR];

            #pragma unroll
            for (int i = 0; i < MR; i++) {
                int iw = padded_index(left + min(x + i, columns - 1), W, mode);
                at[i] = clamp(iw, 0, W - 1) * src_w;
                acc[i] = start;
            }
            for (int rh = 0; rh < KH; rh++) {
                int h = conv_tap(oh, rh, SH, LH, PH, H, mode);
                VT w = VLOAD(weights + rh * V);

                if (h < 0)
                    continue;
                // A vector of the last channels reads into the pixels behind, where there are some.
                if (lanes >= V || (h + 1) * (long)W + V / src_w < H * (long)W) {
                    #pragma unroll
                    for (int i = 0; i < MR; i++)
                        acc[i] = fma(VLOAD(src + h * src_h + at[i]), w, acc[i]);
                    continue;
                }
                for (int i = 0; i < MR; i++)
                    VKEEP(VLOAD_PART(src + h * src_h + at[i], lanes), part + i * V);
                #pragma unroll
                for (int i = 0; i < MR; i++)
                    acc[i] = fma(VLOAD(part + i * V), w, acc[i]);
            }
            #pragma unroll
            for (int i = 0; i < MR; i++)
                if (x + i < columns)
                    PIECEWISE(acc[i], slope, low, high, mid[x + i]);
        }

        // Along the row.
        for (int x = 0; x < count;) {
            int at = left + x * SW;
            bool inside = x + MR <= count && (mode != 0
                || (at >= 0 && at + (MR - 1) * SW + reach <= W));
            int made = inside ? MR : 1;
            VT acc[MR];

            #pragma unroll
            for (int i = 0; i < MR; i++)
                acc[i] = start2;
            for (int rw = 0; rw < KW; rw++) {
                VT w = VLOAD(weights2 + rw * V);

                if (inside) {
                    #pragma unroll
                    for (int i = 0; i < MR; i++)
                        acc[i] = fma(mid[(x + i) * SW + rw * LW], w, acc[i]);
                } else if (padded_index(at + rw * LW, W, mode) >= 0) {
                    acc[0] = fma(mid[x * SW + rw * LW], w, acc[0]);
                }
            }
            #pragma unroll
            for (int i = 0; i < MR; i++)
                if (i < made) {
                    ulong to = (ow0 + x + i) * dst_w;

                    if (has_residual)
                        acc[i] += LOAD_LANES(residual + to, lanes);
                    PIECEWISE(acc[i], slope2, low2, high2, acc[i]);
                    STORE_LANES(acc[i], dst + to, lanes);
                }
            x += made;
        }
    }
}
