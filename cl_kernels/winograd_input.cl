// Transforms the tiles of an NHWC map for conv_winograd: B^T d B, of F(F x F, 3x3), in planes:
//   planes[plane][tile - from][c], plane = row TILE + column, C rounded up to whole vectors.
// Tiles are counted through the batch, row by row, and overlap by two; what lies outside the map is
// 0. Behind the last tile it is transformed again, so that whole blocks of tiles are written.
// A work-item transforms `each` tiles, V channels at a time. Grid: tiles / each. Fixed at build:
// F, V. Matrices: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015.
#ifndef F
#define F 4
#endif
#define TILE (F + 2)

// B^T times a column of TILE values, in place.
#if F == 4
#define TIMES_B(d)                                                                         \
    do {                                                                                   \
        VT a_ = d[4] - 4.0f * d[2], b_ = d[3] - 4.0f * d[1];                               \
        VT c_ = d[4] - d[2], e_ = 2.0f * (d[3] - d[1]);                                    \
        d[0] = 4.0f * d[0] - 5.0f * d[2] + d[4];                                           \
        d[5] = 4.0f * d[1] - 5.0f * d[3] + d[5];                                           \
        d[1] = a_ + b_;                                                                    \
        d[2] = a_ - b_;                                                                    \
        d[3] = c_ + e_;                                                                    \
        d[4] = c_ - e_;                                                                    \
    } while (0)
#else
#define TIMES_B(d)                                                                         \
    do {                                                                                   \
        VT a_ = d[1] + d[2], b_ = d[2] - d[1];                                             \
        d[0] -= d[2];                                                                      \
        d[3] -= d[1];                                                                      \
        d[1] = a_;                                                                         \
        d[2] = b_;                                                                         \
    } while (0)
#endif

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(winograd_input)(
    __global const T *restrict src, ulong src_at, __global T *restrict planes, ulong planes_at,
    int C, int H, int W, ulong src_n, ulong src_h, ulong src_w, int PH, int PW,
    int tiles_h, int tiles_w, int from, int tiles, int each, ulong plane, int first)
{
    if (!each)
        return;
    int begin = (first + (int)get_group_id(0)) * each, pitch = (C + V - 1) / V * V;

    for (int t = begin; t < begin + each; t++) {
        int tile = min(from + t, tiles - 1);
        int x0 = tile % tiles_w * F - PW, y0 = tile / tiles_w % tiles_h * F - PH;
        ulong image = src_at + tile / tiles_w / tiles_h * src_n;
        __global T *out = planes + planes_at + (ulong)t * pitch;

        for (int c = 0; c < C; c += V, out += V) {
            VT half_way[TILE][TILE];

            for (int j = 0; j < TILE; j++) {
                int x = x0 + j;
                bool inside = x >= 0 && x < W;
                __global const T *column = src + image + x * (long)src_w + c;
                VT d[TILE];

                #pragma unroll
                for (int i = 0; i < TILE; i++)
                    d[i] = inside && y0 + i >= 0 && y0 + i < H
                        ? LOAD_LANES(column + (y0 + i) * (long)src_h, C - c) : (VT)(0);
                TIMES_B(d);
                #pragma unroll
                for (int i = 0; i < TILE; i++)
                    half_way[i][j] = d[i];
            }
            for (int i = 0; i < TILE; i++) {
                VT d[TILE];

                #pragma unroll
                for (int j = 0; j < TILE; j++)
                    d[j] = half_way[i][j];
                TIMES_B(d);
                #pragma unroll
                for (int j = 0; j < TILE; j++)
                    VSTORE(d[j], out + (i * TILE + j) * plane);
            }
        }
    }
}
