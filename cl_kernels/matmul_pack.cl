// Packs the second matrices of products in blocks of NV V columns, for kernels that read them as
// vectors: packed[b][n / block][k][n % block] = src2[b][k][n], and 0 where n is not below N.
// One work-item packs `run` rows of one block. Flat grid over runs, blocks and batches.
// Fixed at build: NV, V.
#ifndef NV
#define NV 1
#endif
#define BLOCK (NV * V)

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(matmul_pack)(
    __global const T *restrict src2, ulong src2_at, __global T *restrict packed, ulong packed_at,
    ulong run, ulong K, ulong N, ulong B1, ulong B2, ulong B3,
    ulong src2_b0, ulong src2_b1, ulong src2_b2, ulong src2_b3, ulong src2_k, ulong src2_n,
    ulong first, ulong end)
{
    ulong item = FLAT_ITEM(first), k, n, b1, b2, b3;

    if (item >= end)
        return;
    ulong runs = (K + run - 1) / run, blocks = (N + BLOCK - 1) / BLOCK;
    k = item % runs * run;
    packed += packed_at + (item / runs * K + k) * BLOCK;
    item /= runs;
    n = item % blocks * BLOCK;
    item /= blocks;
    WALK(item, B3, b3);
    WALK(item, B2, b2);
    WALK(item, B1, b1);
    src2 += src2_at + item * src2_b0 + b1 * src2_b1 + b2 * src2_b2 + b3 * src2_b3 + k * src2_k
        + n * src2_n;

    int rows = (int)min(run, K - k), columns = (int)min((ulong)BLOCK, N - n);
    if (src2_n == 1 && columns == BLOCK) {
        for (int i = 0; i < rows; i++)
            #pragma unroll
            for (int j = 0; j < NV; j++)
                VSTORE(VLOAD(src2 + i * src2_k + j * V), packed + i * BLOCK + j * V);
        return;
    }
    for (int j = 0; j < BLOCK; j++)
        for (int i = 0; i < rows; i++)
            STORE(packed, i * BLOCK + j, j < columns ? LOAD(src2, i * src2_k + j * src2_n) : 0);
}
