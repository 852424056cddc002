// What stands between a candidate and wisdom: slices of problems, and the judgement of results. A
// single wrong value must be noticed; what rounding may do must not be.
#include "plan/measure.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

static struct tensor map_of(cvy_layout layout, int64_t n, int64_t c, int64_t d, int64_t h,
                            int64_t w)
{
    struct tensor t = { .dtype = CVY_F32, .size = { n, c, d, h, w, 1 } };

    tensor_set_dense(&t, layout);
    return t;
}

// A convolution with the padding on both sides.
struct row {
    int64_t n, c, h, w, k, kernel, stride, pad, dilation, groups;
    bool back;
};

static struct problem conv_of(const struct row *r)
{
    int64_t reach = r->dilation * (r->kernel - 1) + 1, h, w;
    struct problem p = { .op = OP_CONV, .direction = r->back ? BACKWARD_DATA : FORWARD };

    h = r->back ? (r->h - 1) * r->stride + reach - 2 * r->pad
                : (r->h + 2 * r->pad - reach) / r->stride + 1;
    w = r->back ? (r->w - 1) * r->stride + reach - 2 * r->pad
                : (r->w + 2 * r->pad - reach) / r->stride + 1;
    p.src = map_of(CVY_NHWC, r->n, r->c, 1, r->h, r->w);
    p.dst = map_of(CVY_NHWC, r->n, r->k, 1, h, w);
    p.u.conv.groups = r->groups;
    p.u.conv.bias = true;
    for (int i = 0; i < 3; i++) {
        p.u.conv.window.kernel[i] = i ? r->kernel : 1;
        p.u.conv.window.stride[i] = i ? r->stride : 1;
        p.u.conv.window.dilation[i] = i ? r->dilation : 1;
        p.u.conv.window.pad[i] = i ? r->pad : 0;
    }
    return p;
}

static const struct row rows[] = {
    { 8, 64, 56, 56, 64, 3, 1, 1, 1, 1, false }, { 1, 3, 224, 224, 64, 7, 2, 3, 1, 1, false },
    { 1, 512, 7, 7, 2048, 1, 1, 0, 1, 1, false }, { 1, 96, 112, 112, 96, 3, 2, 1, 1, 96, false },
    { 2, 96, 27, 27, 256, 5, 1, 2, 1, 2, false }, { 1, 64, 50, 61, 32, 3, 1, 6, 6, 1, false },
    { 1, 128, 56, 56, 64, 2, 2, 0, 1, 1, true }, { 1, 256, 16, 16, 128, 4, 2, 1, 1, 1, true },
    { 1, 2048, 1, 1, 1000, 1, 1, 0, 1, 1, false },
};

Test(measure, slices_are_smaller_problems_of_the_same_kind)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct problem p = conv_of(&rows[i]);
        struct plan_request full, part;

        measure_request(&p, &full);
        for (double work = 1e9; work > 1e2; work /= 7.0) {
            const struct problem *q = &part.problem;
            struct row cut = rows[i];
            struct problem again;

            measure_slice(&full, work, &part);
            cr_expect_leq(measure_work(&part), measure_work(&full));
            cr_expect_leq(part.slots[SLOT_SRC].bytes, full.slots[SLOT_SRC].bytes);
            cr_expect_leq(part.slots[SLOT_WEIGHTS].bytes, full.slots[SLOT_WEIGHTS].bytes);
            cr_expect_leq(part.slots[SLOT_DST].bytes, full.slots[SLOT_DST].bytes);
            cut.n = q->src.size[AXIS_N];
            cut.c = q->src.size[AXIS_C];
            cut.h = q->src.size[AXIS_H];
            cut.w = q->src.size[AXIS_W];
            cut.k = q->dst.size[AXIS_C];
            cut.groups = q->u.conv.groups;
            again = conv_of(&cut);
            cr_expect(tensor_same_size(&again.dst, &q->dst), "row %zu, work %g", i, work);
            cr_expect_eq(cut.c % cut.groups + cut.k % cut.groups, 0, "row %zu", i);
            cr_expect(tensor_is_dense(&q->src) && tensor_is_dense(&q->dst));
        }
        cr_expect_leq(measure_work(&part), 1e7, "row %zu: %g", i, measure_work(&part));
    }
}

Test(measure, amplitudes_keep_sums_below_two_to_the_24th)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct problem p = conv_of(&rows[i]);
        double a = measure_amplitude(&p), taps = (double)window_taps(&p.u.conv.window);

        taps *= (double)(p.src.size[AXIS_C] / p.u.conv.groups);
        cr_expect_geq(a, 1.0);
        cr_expect_leq(taps * a * a + 2.0 * a, 16777216.0);
    }
}

Test(measure, values_stay_within_their_amplitude_and_are_of_both_signs)
{
    int seen[2] = { 0, 0 };

    for (size_t i = 0; i < 10000; i++) {
        int value = measure_value(SLOT_WEIGHTS, i, 3);

        cr_assert_leq(abs(value), 3);
        seen[0] += value < 0;
        seen[1] += value > 0;
    }
    cr_expect(seen[0] > 3000 && seen[1] > 3000, "%d negative, %d positive", seen[0], seen[1]);
}

// Results -----------------------------------------------------------------------------------------

static const struct algo direct = { .name = "direct", .op = OP_CONV };
static const struct algo winograd = { .name = "winograd", .op = OP_CONV,
                                      .accuracy = ACCURACY_WINOGRAD };

struct results {
    struct plan_request request;
    int amplitude;
    char *want, *got;
    float *wanted, *gotten;         // dst inside of them
    size_t bytes;
};

// The right outputs of a 3x3 convolution, by direct summation on the data of measure_value.
static struct results results_of(cvy_activation activation)
{
    struct problem p = conv_of(&(struct row) { 1, 7, 10, 9, 5, 3, 1, 1, 1, 1, false });
    struct results r = { .amplitude = 8 };
    const struct tensor *src, *dst;

    p.u.conv.activation = activation;
    measure_request(&p, &r.request);
    src = &r.request.problem.src;
    dst = &r.request.problem.dst;
    r.bytes = measure_output_bytes(&r.request);
    r.want = calloc(r.bytes, 1);
    r.got = calloc(r.bytes, 1);
    r.wanted = (float *)(void *)(r.want + MEASURE_GUARD);
    r.gotten = (float *)(void *)(r.got + MEASURE_GUARD);
    for (int64_t i = 0; i < tensor_elements(dst); i++) {
        int64_t w = i % dst->size[AXIS_W], h = i / dst->size[AXIS_W] % dst->size[AXIS_H];
        int64_t k = i / (dst->size[AXIS_W] * dst->size[AXIS_H]);
        int sum = measure_value(SLOT_BIAS, (size_t)k, r.amplitude);

        for (int64_t tap = 0; tap < 63; tap++) {
            int64_t c = tap / 9, y = h + tap / 3 % 3 - 1, x = w + tap % 3 - 1;

            if (y >= 0 && x >= 0 && y < src->size[AXIS_H] && x < src->size[AXIS_W])
                sum += measure_value(SLOT_WEIGHTS, (size_t)(k * 63 + tap), r.amplitude)
                    * measure_value(SLOT_SRC, (size_t)(c + 7 * (x + src->size[AXIS_W] * y)),
                                    r.amplitude);
        }
        if (activation.kind == CVY_RELU)
            sum = MAX(sum, 0);
        r.wanted[k + 5 * (w + dst->size[AXIS_W] * h)] = (float)sum;
    }
    memcpy(r.got, r.want, r.bytes);
    return r;
}

static double error_of(const struct results *r, const struct algo *algo)
{
    return measure_error(&r->request, algo->accuracy, r->amplitude, r->want, r->got);
}

static void results_free(struct results *r)
{
    free(r->want);
    free(r->got);
}

Test(measure, one_wrong_bit_of_a_direct_algorithm_is_noticed)
{
    struct results r = results_of((cvy_activation) { CVY_RELU });

    cr_expect_eq(error_of(&r, &direct), 0.0);
    for (int i = 0; i < 450; i++) {
        float right = r.gotten[i];

        r.gotten[i] = nextafterf(right, INFINITY);
        cr_expect(isinf(error_of(&r, &direct)), "output %d", i);
        r.gotten[i] = NAN;
        cr_expect(isinf(error_of(&r, &direct)), "output %d", i);
        r.gotten[i] = right == 0.0f ? -0.0f : right;
        cr_expect_eq(error_of(&r, &direct), 0.0, "output %d", i);
        r.gotten[i] = right;
    }
    results_free(&r);
}

Test(measure, one_byte_beside_the_results_is_noticed)
{
    struct results r = results_of((cvy_activation) { CVY_NONE });
    const size_t at[] = { 0, MEASURE_GUARD - 1, MEASURE_GUARD + 450 * 4, r.bytes - 1 };

    for (size_t i = 0; i < COUNT_OF(at); i++) {
        r.got[at[i]] ^= 1;
        cr_expect(isinf(error_of(&r, &direct)), "byte %zu", at[i]);
        cr_expect(isinf(error_of(&r, &winograd)), "byte %zu", at[i]);
        r.got[at[i]] ^= 1;
    }
    results_free(&r);
}

Test(measure, functions_after_sums_may_round)
{
    struct results r = results_of((cvy_activation) { CVY_TANH });

    r.wanted[17] = 0.5f;
    r.gotten[17] = 0.500001f;
    cr_expect(error_of(&r, &direct) > 0.0 && error_of(&r, &direct) <= 1.0);
    r.gotten[17] += 1.0f;
    cr_expect_gt(error_of(&r, &direct), 1.0);
    results_free(&r);
}

// Sw of this problem is some ten thousands: its bound is below a thousandth of an integer.
Test(measure, winograds_results_may_differ_by_rounding_only)
{
    struct results r = results_of((cvy_activation) { CVY_NONE });

    cr_expect_eq(error_of(&r, &winograd), 0.0);
    for (int i = 0; i < 450; i += 13) {
        float right = r.gotten[i];
        double error;

        r.gotten[i] = right + 2e-5f;
        error = error_of(&r, &winograd);
        cr_expect(error <= 1.0, "output %d: %g", i, error);
        r.gotten[i] = right + 0.5f;
        error = error_of(&r, &winograd);
        cr_expect(isinf(error), "output %d: %g", i, error);
        r.gotten[i] = right;
    }
    r.gotten[449] = NAN;
    cr_expect(isinf(error_of(&r, &winograd)));
    results_free(&r);
}

Test(measure, winograds_samples_are_direct_summations)
{
    struct results r = results_of((cvy_activation) { CVY_RELU });

    // Both sides wrong alike: only the host's own sum can tell.
    r.wanted[100] += 1.0f;
    r.gotten[100] += 1.0f;
    cr_expect_eq(error_of(&r, &direct), 0.0);
    r.gotten[101] = nextafterf(r.gotten[101], INFINITY);
    cr_expect(isinf(error_of(&r, &winograd)));
    results_free(&r);
}
