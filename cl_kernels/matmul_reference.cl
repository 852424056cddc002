// Products of matrices, any strides, in batches of up to four axes:
//   dst[b][m][n] = act(alpha sum over k of src[b][m][k] src2[b][k][n] + beta bias[b][m][n])
// Strides of 0 repeat. k goes through [from, to); where that is not all, bias may be exactly dst.
// Sums of 16 terms are added to the total: the error grows with the square root of their number.
// One work-item makes one output. Flat grid over b m n, n fastest.
__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(matmul_reference)(
    __global const T *restrict src, ulong src_at, __global const T *restrict src2, ulong src2_at,
    __global const T *bias, ulong bias_at, __global T *dst, ulong dst_at,
    int has_bias, float alpha, float beta, int activation, float act_alpha, float act_beta,
    ulong from, ulong to, ulong B1, ulong B2, ulong B3, ulong M, ulong N,
    ulong src_b0, ulong src_b1, ulong src_b2, ulong src_b3, ulong src_m, ulong src_k,
    ulong src2_b0, ulong src2_b1, ulong src2_b2, ulong src2_b3, ulong src2_k, ulong src2_n,
    ulong bias_b0, ulong bias_b1, ulong bias_b2, ulong bias_b3, ulong bias_m, ulong bias_n,
    ulong dst_b0, ulong dst_b1, ulong dst_b2, ulong dst_b3, ulong dst_m, ulong dst_n,
    ulong first, ulong end)
{
    ulong item = FLAT_ITEM(first), b1, b2, b3, m, n;

    if (item >= end)
        return;
    WALK(item, N, n);
    WALK(item, M, m);
    WALK(item, B3, b3);
    WALK(item, B2, b2);
    WALK(item, B1, b1);
    src += src_at + item * src_b0 + b1 * src_b1 + b2 * src_b2 + b3 * src_b3 + m * src_m;
    src2 += src2_at + item * src2_b0 + b1 * src2_b1 + b2 * src2_b2 + b3 * src2_b3 + n * src2_n;
    dst_at += item * dst_b0 + b1 * dst_b1 + b2 * dst_b2 + b3 * dst_b3 + m * dst_m + n * dst_n;

    ACC sum = 0, part = 0;
    ulong k = from;
    for (; k + 16 <= to; k += 16) {
        part = 0;
        #pragma unroll
        for (int i = 0; i < 16; i++)
            part = fma(LOAD(src, (k + i) * src_k), LOAD(src2, (k + i) * src2_k), part);
        sum += part;
    }
    part = 0;
    for (; k < to; k++)
        part = fma(LOAD(src, k * src_k), LOAD(src2, k * src2_k), part);
    sum = (ACC)alpha * (sum + part);
    if (has_bias)
        sum = fma((ACC)beta, LOAD(bias, bias_at + item * bias_b0 + b1 * bias_b1 + b2 * bias_b2
                                            + b3 * bias_b3 + m * bias_m + n * bias_n), sum);
    STORE(dst, dst_at, activate_f32(sum, activation, act_alpha, act_beta));
}
