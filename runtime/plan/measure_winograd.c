// How far Winograd's results may be from direct summation's: T3 of the tolerances, for samples of
// the outputs of a 3x3 convolution, computed in double. Its error depends on the whole tile:
//   Sw = |At| (sum over c of (|G||g||Gt|) (|Bt||d||B|)) |A|,  |y - want| <= 2u (1 + sqrt(C) / 8) Sw
// with the matrices of Lavin and Gray, arXiv 1509.09308, for F(2x2, 3x3) and F(4x4, 3x3). Tiles of
// either size may be those that a candidate has; the larger bound counts.
#include "plan/measure.h"

#include <math.h>

#define SAMPLES 512
#define ROUNDOFF 0x1p-24
// Where there is no sample, or no bound: of the largest value.
#define COARSE 1e-3
#define MOST_TILE 6

struct tile {
    int f, n;                       // outputs and inputs of a tile
    double bt[MOST_TILE][MOST_TILE], g[MOST_TILE][3], at[4][MOST_TILE];    // absolute values
};

static const struct tile tiles[] = {
    { 2, 4,
      { { 1, 0, 1, 0 }, { 0, 1, 1, 0 }, { 0, 1, 1, 0 }, { 0, 1, 0, 1 } },
      { { 1, 0, 0 }, { 0.5, 0.5, 0.5 }, { 0.5, 0.5, 0.5 }, { 0, 0, 1 } },
      { { 1, 1, 1, 0 }, { 0, 1, 1, 1 } } },
    { 4, 6,
      { { 4, 0, 5, 0, 1, 0 }, { 0, 4, 4, 1, 1, 0 }, { 0, 4, 4, 1, 1, 0 }, { 0, 2, 1, 2, 1, 0 },
        { 0, 2, 1, 2, 1, 0 }, { 0, 4, 0, 5, 0, 1 } },
      { { 0.25, 0, 0 }, { 1.0 / 6, 1.0 / 6, 1.0 / 6 }, { 1.0 / 6, 1.0 / 6, 1.0 / 6 },
        { 1.0 / 24, 1.0 / 12, 1.0 / 6 }, { 1.0 / 24, 1.0 / 12, 1.0 / 6 }, { 0, 0, 1 } },
      { { 1, 1, 1, 1, 1, 0 }, { 0, 1, 1, 2, 2, 0 }, { 0, 1, 1, 4, 4, 0 }, { 0, 1, 1, 8, 8, 1 } } },
};

// One output and what it is made of.
struct sample {
    const struct problem *problem;
    int amplitude;
    int64_t n, k, h, w;
};

static double weight(const struct sample *s, int64_t c, int r, int t)
{
    int64_t channels = s->problem->src.size[AXIS_C];

    return measure_value(SLOT_WEIGHTS, (size_t)(((s->k * channels + c) * 3 + r) * 3 + t),
                         s->amplitude);
}

static double source(const struct sample *s, int64_t c, int64_t h, int64_t w)
{
    const struct tensor *src = &s->problem->src;

    if (h < 0 || w < 0 || h >= src->size[AXIS_H] || w >= src->size[AXIS_W])
        return 0.0;
    return measure_value(SLOT_SRC, (size_t)(s->n * src->stride[AXIS_N] + c * src->stride[AXIS_C]
                                            + h * src->stride[AXIS_H] + w * src->stride[AXIS_W]),
                         s->amplitude);
}

// left (rows x inner) times |middle| (inner x inner) times left transposed.
static void sandwich(int rows, int inner, const double *left, int left_pitch,
                     double middle[MOST_TILE][MOST_TILE], double out[MOST_TILE][MOST_TILE])
{
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < rows; j++) {
            double sum = 0.0;

            for (int a = 0; a < inner; a++)
                for (int b = 0; b < inner; b++)
                    sum += left[i * left_pitch + a] * fabs(middle[a][b])
                        * left[j * left_pitch + b];
            out[i][j] = sum;
        }
}

static void add_channel(const struct sample *s, const struct tile *t, int64_t c,
                        double sum[MOST_TILE][MOST_TILE])
{
    const struct window *window = &s->problem->u.conv.window;
    int64_t top = s->h / t->f * t->f - window->pad[1], left = s->w / t->f * t->f - window->pad[2];
    double g[MOST_TILE][MOST_TILE], d[MOST_TILE][MOST_TILE], a[MOST_TILE][MOST_TILE],
        b[MOST_TILE][MOST_TILE];

    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            g[i][j] = weight(s, c, i, j);
    for (int i = 0; i < t->n; i++)
        for (int j = 0; j < t->n; j++)
            d[i][j] = source(s, c, top + i, left + j);
    sandwich(t->n, 3, t->g[0], 3, g, a);
    sandwich(t->n, t->n, t->bt[0], MOST_TILE, d, b);
    for (int i = 0; i < t->n; i++)
        for (int j = 0; j < t->n; j++)
            sum[i][j] += a[i][j] * b[i][j];
}

static double tile_sum(const struct sample *s, const struct tile *t)
{
    double sum[MOST_TILE][MOST_TILE] = { { 0.0 } }, out = 0.0;

    for (int64_t c = 0; c < s->problem->src.size[AXIS_C]; c++)
        add_channel(s, t, c, sum);
    for (int a = 0; a < t->n; a++)
        for (int b = 0; b < t->n; b++)
            out += t->at[s->h % t->f][a] * sum[a][b] * t->at[s->w % t->f][b];
    return out;
}

static double sample_bound(const struct sample *s)
{
    double channels = (double)s->problem->src.size[AXIS_C], most = 0.0;

    for (size_t i = 0; i < COUNT_OF(tiles); i++)
        most = MAX(most, tile_sum(s, &tiles[i]));
    // Bias and residual are within the amplitude, and rounded once each.
    return 2.0 * ROUNDOFF * ((1.0 + sqrt(channels) / 8.0) * most + 2.0 * s->amplitude) + 0x1p-100;
}

static size_t dst_at(const struct sample *s)
{
    const struct tensor *dst = &s->problem->dst;

    return (size_t)(s->n * dst->stride[AXIS_N] + s->k * dst->stride[AXIS_C]
                    + s->h * dst->stride[AXIS_H] + s->w * dst->stride[AXIS_W]);
}

// The output by direct summation, before a function that is not piecewise linear.
static double sample_value(const struct sample *s)
{
    const struct conv_problem *conv = &s->problem->u.conv;
    float slope, low, high;
    double sum = 0.0;

    for (int64_t c = 0; c < s->problem->src.size[AXIS_C]; c++)
        for (int r = 0; r < 3; r++)
            for (int t = 0; t < 3; t++)
                sum += weight(s, c, r, t) * source(s, c, s->h - conv->window.pad[1] + r,
                                                   s->w - conv->window.pad[2] + t);
    if (conv->bias)
        sum += measure_value(SLOT_BIAS, (size_t)s->k, s->amplitude);
    if (conv->residual)
        sum += measure_value(SLOT_RESIDUAL, dst_at(s), s->amplitude);
    activation_piecewise(&conv->activation, &slope, &low, &high);
    sum = sum < 0.0 ? sum * slope : sum;
    return MIN(MAX(sum, (double)low), (double)high);
}

static bool is_winograd(const struct problem *p)
{
    const struct window *w = &p->u.conv.window;
    bool plain = p->direction == FORWARD && p->u.conv.groups == 1
        && p->u.conv.padding_mode == CVY_ZEROS && p->src.size[AXIS_D] == 1;

    for (int i = 1; i < 3; i++)
        plain = plain && w->kernel[i] == 3 && w->stride[i] == 1 && w->dilation[i] == 1;
    return plain && w->kernel[0] == 1;
}

static double coarse_error(const struct problem *problem, const float *want, const float *got)
{
    size_t count = tensor_bytes(&problem->dst) / sizeof *want;
    double largest = 1.0, worst = 0.0;

    for (size_t i = 0; i < count; i++)
        largest = isnan(want[i]) ? largest : MAX(largest, fabs((double)want[i]));
    for (size_t i = 0; i < count; i++) {
        double error = fabs((double)want[i] - (double)got[i]);

        if (isnan(want[i]) && isnan(got[i]))
            continue;
        worst = error <= 1e300 ? MAX(worst, error) : INFINITY;
    }
    return worst / (COARSE * largest);
}

double winograd_error(const struct problem *problem, int amplitude, const float *want,
                      const float *got)
{
    const int64_t *size = problem->dst.size;
    int64_t outputs = tensor_elements(&problem->dst);
    int64_t count = MIN(outputs, SAMPLES);
    float slope, low, high;
    double worst = coarse_error(problem, want, got);

    if (worst > 1.0 || !is_winograd(problem))
        return worst > 1.0 ? INFINITY : worst;
    worst = 0.0;
    for (int64_t i = 0; i < count; i++) {
        int64_t at = (int64_t)((double)i * (double)outputs / (double)count);
        struct sample s = { problem, amplitude, .w = at % size[AXIS_W] };
        double value, error;

        s.h = at / size[AXIS_W] % size[AXIS_H];
        s.k = at / (size[AXIS_W] * size[AXIS_H]) % size[AXIS_C];
        s.n = at / (size[AXIS_W] * size[AXIS_H] * size[AXIS_C]);
        value = activation_piecewise(&problem->u.conv.activation, &slope, &low, &high)
            ? sample_value(&s) : (double)want[dst_at(&s)];
        error = fabs((double)got[dst_at(&s)] - value);
        worst = MAX(worst, error / sample_bound(&s));
    }
    return worst <= 1.0 ? worst : INFINITY;
}
