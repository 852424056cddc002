// Products of matrices on a CPU with wide vectors, tiled in registers:
//   dst[b][m][n] = act(alpha sum over k of src[b][m][k] src2[b][k][n] + beta bias[b][m][n])
// A work-item makes MR rows times NV vectors of columns: for each k one broadcast of src for each
// row against NV vectors of src2, which lie `pitch` apart in a block of columns. Packed, blocks lie
// `step` apart and have zeros behind N; with a step of 0 columns are read where they are, and the
// last block begins so early that it ends with N. Rows behind M repeat the last one and are not
// stored. Grid: tiles of rows, batches, blocks of columns.
// Fixed at build: MR, NV, V.
#ifndef MR
#define MR 4
#endif
#ifndef NV
#define NV 1
#endif
#define BLOCK (NV * V)

// Lanes [from, to) of one vector of a row: factors, bias, activation.
void FN(finish_row)(VT sum, __global const T *bias, ulong bias_n, __global T *dst, int has_bias,
                    int from, int to, float alpha, float beta, float slope, float low, float high)
{
    ACC lane[V], term[V];

    sum *= (VT)(alpha);
    if (has_bias) {
        for (int i = 0; i < V; i++)
            term[i] = i < to ? LOAD(bias, i * bias_n) : 0;
        sum = fma((VT)(beta), VLOAD(term), sum);
    }
    PIECEWISE(sum, slope, low, high, sum);
    if (from == 0 && to == V) {
        VSTORE(sum, dst);
        return;
    }
    VKEEP(sum, lane);
    for (int i = from; i < to; i++)
        STORE(dst, i, lane[i]);
}

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(matmul_tiles)(
    __global const T *restrict src, ulong src_at, __global const T *restrict src2, ulong src2_at,
    __global const T *restrict bias, ulong bias_at, __global T *restrict dst, ulong dst_at,
    int has_bias, float alpha, float beta, float slope, float low, float high,
    ulong step, ulong pitch, ulong K, ulong B1, ulong B2, ulong B3, ulong M, ulong N,
    ulong src_b0, ulong src_b1, ulong src_b2, ulong src_b3, ulong src_m, ulong src_k,
    ulong src2_b0, ulong src2_b1, ulong src2_b2, ulong src2_b3, ulong src2_k, ulong src2_n,
    ulong bias_b0, ulong bias_b1, ulong bias_b2, ulong bias_b3, ulong bias_m, ulong bias_n,
    ulong dst_b0, ulong dst_b1, ulong dst_b2, ulong dst_b3, ulong dst_m, ulong dst_n,
    int first)
{
    ulong m = ((ulong)first + get_group_id(0)) * MR, b0 = get_group_id(1), b1, b2, b3;
    ulong block = get_group_id(2), n = block * BLOCK;

    if (m >= M)
        return;
    int count = (int)min((ulong)MR, M - m);
    WALK(b0, B3, b3);
    WALK(b0, B2, b2);
    WALK(b0, B1, b1);
    src += src_at + b0 * src_b0 + b1 * src_b1 + b2 * src_b2 + b3 * src_b3 + m * src_m;
    src2 += src2_at + b0 * src2_b0 + b1 * src2_b1 + b2 * src2_b2 + b3 * src2_b3
        + block * step;
    int skip = 0;
    if (step == 0) {
        skip = (int)(n - min(n, N - BLOCK));
        n -= skip;
        src2 += n;
    }

    VT acc[MR][NV];
    ulong row[MR];
    #pragma unroll
    for (int i = 0; i < MR; i++) {
        row[i] = min(i, count - 1) * src_m;
        #pragma unroll
        for (int j = 0; j < NV; j++)
            acc[i][j] = (VT)(0);
    }
    for (ulong k = 0; k < K; k++, src += src_k, src2 += pitch) {
        VT wv[NV];
        #pragma unroll
        for (int j = 0; j < NV; j++)
            wv[j] = VLOAD(src2 + j * V);
        #pragma unroll
        for (int i = 0; i < MR; i++) {
            VT xv = (VT)(LOAD(src, row[i]));
            #pragma unroll
            for (int j = 0; j < NV; j++)
                acc[i][j] = fma(xv, wv[j], acc[i][j]);
        }
    }

    // Through memory, so that the code behind stands once and not for each register.
    ACC sums[MR * BLOCK];
    #pragma unroll
    for (int i = 0; i < MR; i++)
        #pragma unroll
        for (int j = 0; j < NV; j++)
            VKEEP(acc[i][j], sums + (i * NV + j) * V);
    bias += bias_at + b0 * bias_b0 + b1 * bias_b1 + b2 * bias_b2 + b3 * bias_b3 + m * bias_m;
    dst += dst_at + b0 * dst_b0 + b1 * dst_b1 + b2 * dst_b2 + b3 * dst_b3 + m * dst_m;
    for (int i = 0; i < count; i++, bias += bias_m, dst += dst_m)
        for (int j = 0; j < NV && n + j * V < N; j++)
            FN(finish_row)(VLOAD(sums + (i * NV + j) * V), bias + (n + j * V) * bias_n, bias_n,
                           dst + n + j * V, has_bias, clamp(skip - j * V, 0, V),
                           (int)min((ulong)V, N - n - j * V), alpha, beta, slope, low, high);
}
