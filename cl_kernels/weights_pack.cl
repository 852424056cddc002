// Packs convolution weights in blocks of output channels, for kernels that read them as vectors:
//   packed[g][k / block][tap][c][k % block] = weights[g group + k wei_k + c wei_c + tap],
// and 0 where k is not below K. K and C count the channels of one group; a bias is packed as
// weights of one channel and one tap. `fill` 1 packs zeros and reads nothing.
// One work-item makes one element. Flat grid over the packed elements.
__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(weights_pack)(
    __global const T *restrict weights, ulong weights_at, __global T *restrict packed,
    ulong packed_at, int fill, int block, int blocks, int taps, int C, int K,
    ulong group, ulong wei_k, ulong wei_c, ulong first, ulong end)
{
    ulong item = FLAT_ITEM(first), rest = item;

    if (item >= end)
        return;
    int lane = (int)(rest % block);
    rest /= block;
    int c = (int)(rest % C);
    rest /= C;
    int tap = (int)(rest % taps);
    rest /= taps;
    int k = (int)(rest % blocks) * block + lane;
    ulong g = rest / blocks;

    ACC value = 0;
    if (!fill && k < K)
        value = LOAD(weights, weights_at + g * group + k * wei_k + c * wei_c + tap);
    STORE(packed, packed_at + item, value);
}
