// Where resizing reads: for each output position of depth, height, width (D, H, W of them, one
// behind the other) its taps' positions in src and their weights. Output o reads around
// x = (S o + B) / R, with all decisions in whole numbers: f the part of x below 1, g = 1 - f,
//   mode 0 nearest   one tap; rounding 0 down, 1 up, 2 to the nearest, .5 down, 3 .5 up
//   mode 1 linear    g f at floor(x), + 1
//   mode 2 cubic     at floor(x) - 1, + 0, + 1, + 2, with a = cubic_a
//                    a f g g   g (1 + f - (a + 2) f f)   f (1 + g - (a + 2) g g)   a g f f
// Taps outside of [0, size) read at the edge; with `exclude` they have no weight, and the others
// are scaled to a sum of 1, unless that is 0. With `crop` the taps of an x outside of [0, size - 1]
// are at -1 less their positions. An axis of `taps` 1 is nearest whatever the mode.
// One work-item makes the taps of one position. Flat grid over D + H + W.
__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(resize_table)(
    __global int *restrict index, ulong index_at, __global ACC *restrict weight, ulong weight_at,
    int rounding, int exclude, int crop, float cubic_a, ulong D, ulong H,
    int taps_d, int taps_h, int taps_w, int size_d, int size_h, int size_w,
    long scale_d, long scale_h, long scale_w, long shift_d, long shift_h, long shift_w,
    long divisor_d, long divisor_h, long divisor_w, ulong first, ulong end)
{
    ulong item = FLAT_ITEM(first), o = item, to;

    if (item >= end)
        return;
    int taps = taps_d, size = size_d;
    long scale = scale_d, shift = shift_d, divisor = divisor_d;
    to = o * taps_d;
    if (item >= D) {
        o = item - D;
        to = D * taps_d + o * taps_h;
        taps = taps_h;
        size = size_h;
        scale = scale_h;
        shift = shift_h;
        divisor = divisor_h;
    }
    if (item >= D + H) {
        o = item - D - H;
        to = D * taps_d + H * taps_h + o * taps_w;
        taps = taps_w;
        size = size_w;
        scale = scale_w;
        shift = shift_w;
        divisor = divisor_w;
    }

    long sum = scale * (long)o + shift, below = sum / divisor, rest = sum % divisor;
    if (rest < 0) {
        rest += divisor;
        below--;
    }
    int outside = crop && (below < 0 || below >= size || (below == size - 1 && rest > 0));
    ACC f = (ACC)rest / (ACC)divisor, g = (ACC)(divisor - rest) / (ACC)divisor;
    ACC w0 = 1, w1 = 0, w2 = 0, w3 = 0;
    if (taps == 1) {
        below += rounding == 1 ? rest > 0 : rounding == 2 ? 2 * rest > divisor
            : rounding == 3 ? 2 * rest >= divisor : 0;
    } else if (taps == 2) {
        w0 = g;
        w1 = f;
    } else {
        ACC a = cubic_a;
        w0 = a * f * g * g;
        w1 = g * (1 + f - (a + 2) * f * f);
        w2 = f * (1 + g - (a + 2) * g * g);
        w3 = a * g * f * f;
        below--;
        if (exclude) {
            ACC k0 = below < 0 || below >= size ? 0 : w0;
            ACC k1 = below + 1 < 0 || below + 1 >= size ? 0 : w1;
            ACC k2 = below + 2 < 0 || below + 2 >= size ? 0 : w2;
            ACC k3 = below + 3 < 0 || below + 3 >= size ? 0 : w3, total = (k0 + k1) + (k2 + k3);
            if (total != 0) {
                w0 = k0 / total;
                w1 = k1 / total;
                w2 = k2 / total;
                w3 = k3 / total;
            }
        }
    }

    index += index_at + to;
    weight += weight_at + to;
    long last = size - 1;
    for (int t = 0; t < taps; t++) {
        int at = (int)clamp(below + t, 0L, last);
        index[t] = outside ? -1 - at : at;
        weight[t] = t == 0 ? w0 : t == 1 ? w1 : t == 2 ? w2 : w3;
    }
}
