// What norm_apply.cl reads, for each i of `count`, c being i modulo C:
//   table[i] = mean[i]    table[count + i] = scale[c] / sqrt(variance[i] + eps)
//   table[2 count + i] = bias[c]
// without scale 1, without bias 0. One work-item makes one i. Flat grid over i.

// 1 / sqrt(v) to an ulp, wherever rsqrt has two.
ACC FN(inverse_root)(ACC v)
{
    ACC r = rsqrt(v), better = fma((ACC)0.5 * r, fma(-v * r, r, (ACC)1), r);

    return v > (ACC)0 && v < (ACC)INFINITY ? better : r;
}

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(norm_table)(
    __global const T *restrict mean, ulong mean_at, __global const T *restrict variance,
    ulong variance_at, __global const T *restrict scale, ulong scale_at,
    __global const T *restrict bias, ulong bias_at, __global T *restrict table, ulong table_at,
    int has_scale, int has_bias, float eps, ulong count, ulong C, ulong first, ulong end)
{
    ulong i = FLAT_ITEM(first);

    if (i >= end)
        return;
    ulong c = i % C;
    ACC root = FN(inverse_root)(LOAD(variance, variance_at + i) + (ACC)eps);
    STORE(table, table_at + i, LOAD(mean, mean_at + i));
    STORE(table, table_at + count + i, has_scale ? LOAD(scale, scale_at + c) * root : root);
    STORE(table, table_at + 2 * count + i, has_bias ? LOAD(bias, bias_at + c) : (ACC)0);
}
