// Reference of resize. A position is one division of whole numbers that doubles hold exactly, so
// that floor and ties come out right.
#include "reference.h"

#include <math.h>

enum { MOST_TAPS = 4 };

// What one output position of an axis reads.
struct taps {
    int count;
    int64_t index[MOST_TAPS];
    double weight[MOST_TAPS];
    bool outside;
};

// A position as numerator over denominator.
struct place {
    double over, under;
};

static int64_t output_size(const cvy_resize_params *p, int axis)
{
    if (p->output_size[axis] != 0) {
        return p->output_size[axis];
    }
    return (int64_t)floorf((float)p->src.size[2 + axis] * p->scale[axis]);
}

void ref_resize_shape(const cvy_resize_params *p, struct ref_shape *out)
{
    *out = (struct ref_shape) { .rank = p->src.rank, .size = { p->src.size[0], p->src.size[1] } };
    for (int32_t a = 2; a < p->src.rank; a++) {
        out->size[a] = output_size(p, a - 2);
    }
}

// ONNX's formulas, with s = `s` / `by`.
static struct place place_of(const cvy_resize_params *p, int axis, double o)
{
    double in = (double)p->src.size[2 + axis], out = (double)output_size(p, axis);
    bool given = p->scale[axis] != 0.0f;
    double s = given ? p->scale[axis] : out, by = given ? 1.0 : in;
    double begin = p->roi_begin[axis], end = p->roi_end[axis];
    bool nearest = p->mode == CVY_NEAREST && p->coordinates == CVY_COORDINATES_DEFAULT;

    switch (nearest ? CVY_ASYMMETRIC : p->coordinates) {
    case CVY_ASYMMETRIC:
        return (struct place) { o * by, s };
    case CVY_ALIGN_CORNERS:
        return out > 1 ? (struct place) { o * (in - 1), out - 1 } : (struct place) { 0, 1 };
    case CVY_PYTORCH_HALF_PIXEL:
        return out > 1 ? (struct place) { (2 * o + 1) * by - s, 2 * s } : (struct place) { 0, 1 };
    case CVY_HALF_PIXEL_SYMMETRIC:
        return (struct place) { (2 * o + 1) * by - s + in * s - out * by, 2 * s };
    case CVY_TF_HALF_PIXEL:
        return (struct place) { (2 * o + 1) * by, 2 * s };
    case CVY_TF_CROP_AND_RESIZE:
        if (out <= 1) {
            return (struct place) { (begin + end) * (in - 1), 2 };
        }
        return (struct place) { (begin * (out - 1 - o) + end * o) * (in - 1), out - 1 };
    default:
        return (struct place) { (2 * o + 1) * by - s, 2 * s };
    }
}

static double nearest(const cvy_resize_params *p, double below, double rest, double under)
{
    switch (p->rounding) {
    case CVY_ROUND_CEIL: return rest > 0.0 ? below + 1 : below;
    case CVY_ROUND_PREFER_FLOOR: return 2 * rest > under ? below + 1 : below;
    case CVY_ROUND_PREFER_CEIL: return 2 * rest >= under ? below + 1 : below;
    default: return below;
    }
}

// Keys' kernel at the distances f and 1 + f from a pixel, in factors: summed up, it loses all its
// digits close to its zeros. g = 1 - f.
static double cubic_near(double a, double f, double g)
{
    return g * (1 + f - (a + 2) * f * f);
}

static double cubic_far(double a, double f, double g)
{
    return a * f * g * g;
}

static void exclude(struct taps *t, double below, double in)
{
    double total = 0.0, kept[MOST_TAPS];

    for (int i = 0; i < t->count; i++) {
        double at = below - 1 + i;

        kept[i] = at < 0.0 || at >= in ? 0.0 : t->weight[i];
        total += kept[i];
    }
    for (int i = 0; i < t->count && total != 0.0; i++) {
        t->weight[i] = kept[i] / total;
    }
}

static void set_weights(const cvy_resize_params *p, double f, double g, struct taps *t)
{
    double a = p->cubic_a != 0.0f ? p->cubic_a : -0.75;

    if (p->mode == CVY_NEAREST) {
        t->count = 1;
        t->weight[0] = 1.0;
    } else if (p->mode == CVY_BILINEAR) {
        t->count = 2;
        t->weight[0] = 1.0 - f;
        t->weight[1] = f;
    } else {
        t->count = 4;
        t->weight[0] = cubic_far(a, f, g);
        t->weight[1] = cubic_near(a, f, g);
        t->weight[2] = cubic_near(a, g, f);
        t->weight[3] = cubic_far(a, g, f);
    }
}

static struct taps taps_of(const cvy_resize_params *p, int axis, int64_t o)
{
    double in = (double)p->src.size[2 + axis];
    struct place at = place_of(p, axis, (double)o);
    double x = at.over / at.under, below = floor(x), rest = at.over - below * at.under;
    struct taps t = { .outside = p->coordinates == CVY_TF_CROP_AND_RESIZE &&
                                 (x < 0.0 || x > in - 1) };

    set_weights(p, rest / at.under, (at.under - rest) / at.under, &t);
    if (p->mode == CVY_BICUBIC && p->exclude_outside) {
        exclude(&t, below, in);
    }
    for (int i = 0; i < t.count; i++) {
        double pixel = p->mode == CVY_NEAREST ? nearest(p, below, rest, at.under) :
                       p->mode == CVY_BILINEAR ? below + i : below - 1 + i;

        t.index[i] = (int64_t)fmin(fmax(pixel, 0.0), in - 1);
    }
    return t;
}

bool ref_resize_meets_input(const cvy_resize_params *p)
{
    bool all = true;

    for (int a = 0; a < p->src.rank - 2; a++) {
        bool any = false;

        for (int64_t o = 0; o < output_size(p, a); o++) {
            any = any || !taps_of(p, a, o).outside;
        }
        all = all && any;
    }
    return all;
}

// Taps of weight 0 are not there: what they would read does not matter.
static void add_tap(const double *plane, const cvy_desc *src, const struct taps t[REF_AXES],
                    const int tap[REF_AXES], struct ref_sum *sum)
{
    double weight = 1.0, term;
    int64_t at = 0;

    for (int i = 0; i < src->rank - 2; i++) {
        weight *= t[i].weight[tap[i]];
        at = at * src->size[2 + i] + t[i].index[tap[i]];
    }
    if (weight == 0.0) {
        return;
    }
    term = weight * plane[at];
    sum->pre = sum->taps == 0 ? term : sum->pre + term;    // a single -0 keeps its sign
    sum->sum += fabs(term);
    sum->taps++;
}

static struct ref_sum sample(const double *plane, const cvy_desc *src,
                             const struct taps t[REF_AXES])
{
    struct ref_sum sum = { 0 };

    for (int i = 0; i < t[0].count; i++) {
        for (int j = 0; j < t[1].count; j++) {
            for (int k = 0; k < t[2].count; k++) {
                add_tap(plane, src, t, (int[REF_AXES]) { i, j, k }, &sum);
            }
        }
    }
    return sum;
}

void ref_run_resize(const cvy_resize_params *p, const struct ref_inputs *in,
                    struct ref_outputs *out)
{
    static const cvy_activation none = { .kind = CVY_NONE };
    struct ref_shape dst;
    int64_t in_plane = 1, out_plane = 1;
    int axes = p->src.rank - 2;

    ref_resize_shape(p, &dst);
    for (int i = 0; i < axes; i++) {
        in_plane *= p->src.size[2 + i];
        out_plane *= dst.size[2 + i];
    }
    ref_outputs_reserve(out, ref_count(&dst));
    for (int64_t i = 0; i < out->count; i++) {
        struct taps t[REF_AXES] = { { .count = 1 }, { .count = 1 }, { .count = 1 } };
        const double *plane = in->src + i / out_plane * in_plane;
        int64_t rest = i;
        bool outside = false;
        struct ref_sum sum;

        for (int a = axes - 1; a >= 0; a--) {
            t[a] = taps_of(p, a, rest % dst.size[2 + a]);
            outside = outside || t[a].outside;
            rest /= dst.size[2 + a];
        }
        sum = sample(plane, &p->src, t);
        if (outside) {
            ref_store_exact(out, i, p->extrapolation_value);
            out->taps[i] = 0;
        } else if (p->mode == CVY_NEAREST) {
            ref_store_exact(out, i, sum.pre);
        } else {
            ref_store_sum(out, i, &sum, &none, 0.0, false);
        }
    }
}
