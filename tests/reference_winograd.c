// What the error of a convolution by Winograd's F(f x f, 3x3) is measured by: T3 of the numerical
// tolerance policy. Matrices: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks",
// 2015.
#include "reference.h"

#include <math.h>
#include <stdlib.h>

enum { FILTER = 3, MOST_OUT = 4, MOST_IN = MOST_OUT + FILTER - 1, MOST_PLANES = MOST_IN * MOST_IN };

// result = A^T ((G g G^T) o (B^T d B)) A, for a tile of `out` x `out` results.
struct form {
    int out;
    double input[MOST_IN * MOST_IN], filter[MOST_IN * FILTER], output[MOST_OUT * MOST_IN];
};

static const struct form forms[] = {
    { 4,
      { 4,  0, -5,  0, 1, 0,
        0, -4, -4,  1, 1, 0,
        0,  4, -4, -1, 1, 0,
        0, -2, -1,  2, 1, 0,
        0,  2, -1, -2, 1, 0,
        0,  4,  0, -5, 0, 1 },
      {  1.0 / 4,         0,        0,
        -1.0 / 6,  -1.0 / 6, -1.0 / 6,
        -1.0 / 6,   1.0 / 6, -1.0 / 6,
        1.0 / 24,  1.0 / 12,  1.0 / 6,
        1.0 / 24, -1.0 / 12,  1.0 / 6,
               0,         0,        1 },
      { 1, 1,  1, 1,  1, 0,
        0, 1, -1, 2, -2, 0,
        0, 1,  1, 4,  4, 0,
        0, 1, -1, 8, -8, 1 } },
    { 2,
      { 1,  0, -1,  0,
        0,  1,  1,  0,
        0, -1,  1,  0,
        0,  1,  0, -1 },
      {   1,    0,   0,
        0.5,  0.5, 0.5,
        0.5, -0.5, 0.5,
          0,    0,   1 },
      { 1, 1,  1,  0,
        0, 1, -1, -1 } },
};

struct sums {
    const struct ref_conv *conv;
    const struct form *form;
    double *filters;            // |G| |g| |G^T| of each k and c
    double *tiles;              // |B^T| |d| |B| of each c of one tile
};

// |left| |x| |left^T|, with a left of rows x inner. What is not finite in x makes all of it so.
static void magnitudes(const double *left, int rows, int inner, const double *x, double *out)
{
    double half_way[MOST_PLANES];

    for (int i = 0; i < rows; i++) {
        for (int b = 0; b < inner; b++) {
            half_way[i * inner + b] = 0.0;
            for (int a = 0; a < inner; a++) {
                half_way[i * inner + b] += fabs(left[i * inner + a]) * fabs(x[a * inner + b]);
            }
        }
    }
    for (int i = 0; i < rows * rows; i++) {
        out[i] = 0.0;
        for (int b = 0; b < inner; b++) {
            out[i] += half_way[i / rows * inner + b] * fabs(left[i % rows * inner + b]);
        }
    }
}

static void read_tile(const struct sums *s, const double *plane, int64_t y0, int64_t x0,
                      double *out)
{
    const struct ref_axis *rows = &s->conv->axis[1], *columns = &s->conv->axis[2];
    int size = s->form->out + FILTER - 1;
    double d[MOST_PLANES];

    for (int i = 0; i < size * size; i++) {
        int64_t y = y0 - rows->begin + i / size, x = x0 - columns->begin + i % size;
        bool inside = y >= 0 && y < rows->in && x >= 0 && x < columns->in;

        d[i] = inside ? plane[y * columns->in + x] : 0.0;
    }
    magnitudes(s->form->input, size, size, d, out);
}

// The tile's results of one output channel, where they are inside of the map.
static void finish_tile(const struct sums *s, int64_t k, int64_t y0, int64_t x0, double *plane)
{
    const struct ref_conv *conv = s->conv;
    int size = s->form->out + FILTER - 1, planes = size * size, f = s->form->out;
    double sum[MOST_PLANES] = { 0 }, out[MOST_OUT * MOST_OUT];

    for (int64_t c = 0; c < conv->channels; c++) {
        for (int p = 0; p < planes; p++) {
            sum[p] += s->filters[(k * conv->channels + c) * planes + p] * s->tiles[c * planes + p];
        }
    }
    magnitudes(s->form->output, f, size, sum, out);
    for (int i = 0; i < f * f; i++) {
        int64_t y = y0 + i / f, x = x0 + i % f;

        if (y < conv->axis[1].out && x < conv->axis[2].out) {
            plane[y * conv->axis[2].out + x] = isfinite(out[i]) ? out[i] : INFINITY;
        }
    }
}

static void run_tile(const struct sums *s, const double *image, int64_t y0, int64_t x0, double *out)
{
    const struct ref_axis *a = s->conv->axis;
    int planes = (s->form->out + FILTER - 1) * (s->form->out + FILTER - 1);

    for (int64_t c = 0; c < s->conv->channels; c++) {
        read_tile(s, image + c * a[1].in * a[2].in, y0, x0, s->tiles + c * planes);
    }
    for (int64_t k = 0; k < s->conv->out_channels; k++) {
        finish_tile(s, k, y0, x0, out + k * a[1].out * a[2].out);
    }
}

static bool plain_axis(const struct ref_axis *a, int64_t kernel)
{
    return a->kernel == kernel && a->stride == 1 && a->dilation == 1;
}

bool ref_winograd_may(const struct ref_conv *conv)
{
    const struct ref_axis *a = conv->axis;

    return !conv->transposed && conv->groups == 1 && conv->mode == CVY_ZEROS && a[0].in == 1 &&
           a[0].out == 1 && a[0].kernel == 1 && plain_axis(&a[1], FILTER) &&
           plain_axis(&a[2], FILTER);
}

void ref_winograd_sums(const struct ref_conv *conv, int f, const double *src,
                       const double *weights, double *out)
{
    const struct ref_axis *a = conv->axis;
    struct sums s = { .conv = conv, .form = f == forms[0].out ? &forms[0] : &forms[1] };
    int64_t filters = conv->out_channels * conv->channels;
    int size = s.form->out + FILTER - 1;

    s.filters = ref_alloc((size_t)(filters * size * size) * sizeof *s.filters);
    s.tiles = ref_alloc((size_t)(conv->channels * size * size) * sizeof *s.tiles);
    for (int64_t i = 0; i < filters; i++) {
        magnitudes(s.form->filter, size, FILTER, weights + i * FILTER * FILTER,
                   s.filters + i * size * size);
    }
    for (int64_t n = 0; n < conv->n; n++) {
        for (int64_t y0 = 0; y0 < a[1].out; y0 += f) {
            for (int64_t x0 = 0; x0 < a[2].out; x0 += f) {
                run_tile(&s, src + n * conv->channels * a[1].in * a[2].in, y0, x0,
                         out + n * conv->out_channels * a[1].out * a[2].out);
            }
        }
    }
    free(s.filters);
    free(s.tiles);
}

double ref_winograd_norm(int f)
{
    return f == 4 ? 2e-5 : 2e-6;
}
