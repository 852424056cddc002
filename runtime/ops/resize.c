// Resize of the spatial axes: params to problem to plan. Along each axis, output o reads at the
// rational position (scale o + shift) / divisor, which is exact: devices agree on every pixel.
#include "ops/check.h"
#include "ops/fill.h"
#include "ops/spec.h"

#include <math.h>

#define AXIS_LIMIT (INT64_C(1) << 31)
#define RATIO_LIMIT (INT64_C(1) << 60)

// Defaults and sizes --------------------------------------------------------------------------

// Without a size it is in * scale as a float32 product, rounded down.
static cvy_status axis_size(cvy_resize_params *p, int i)
{
    int64_t in = p->src.size[2 + i], *size = &p->output_size[i];
    float scale = p->scale[i], product = (float)in * scale;

    if (in >= AXIS_LIMIT)
        return fail(CVY_ERR_LIMIT, "src.size[%d] is %lld, beyond 2^31", 2 + i, (long long)in);
    if (scale != 0.0f && !(scale > 0.0f && isfinite(scale)))
        return fail(CVY_ERR_ARGUMENT, "scale[%d] is %g; it must be above 0, or 0 for "
                    "output_size / in", i, (double)scale);
    if (*size < 0)
        return fail(CVY_ERR_SHAPE, "output_size[%d] is %lld; it must be 1 or more", i,
                    (long long)*size);
    if (*size == 0 && scale == 0.0f)
        return fail(CVY_ERR_SHAPE, "output_size[%d] is 0, and so is scale[%d]; one says the size",
                    i, i);
    if (*size >= AXIS_LIMIT || (*size == 0 && product >= (float)AXIS_LIMIT))
        return fail(CVY_ERR_LIMIT, "the output along spatial axis %d is beyond 2^31", i);
    if (*size == 0)
        *size = (int64_t)floorf(product);
    if (*size == 0)
        return fail(CVY_ERR_SHAPE, "scale[%d] is %g, which leaves nothing of the size %lld", i,
                    (double)scale, (long long)in);
    return CVY_OK;
}

static cvy_resize_coordinates default_coordinates(cvy_resize_mode mode)
{
    return mode == CVY_NEAREST ? CVY_ASYMMETRIC : CVY_HALF_PIXEL;
}

static cvy_status check_region(const cvy_resize_params *p, int i)
{
    if (!isfinite(p->roi_begin[i]))
        return fail(CVY_ERR_ARGUMENT, "roi_begin[%d] is %g; it must be finite", i,
                    (double)p->roi_begin[i]);
    if (!isfinite(p->roi_end[i]))
        return fail(CVY_ERR_ARGUMENT, "roi_end[%d] is %g; it must be finite", i,
                    (double)p->roi_end[i]);
    return CVY_OK;
}

// What the mode or the coordinates have no use for becomes 0, as does what 0 means.
static void clear_unused(cvy_resize_params *p)
{
    if (p->coordinates == default_coordinates(p->mode))
        p->coordinates = CVY_COORDINATES_DEFAULT;
    if (p->mode != CVY_NEAREST)
        p->rounding = CVY_ROUND_FLOOR;
    if (p->mode != CVY_BICUBIC) {
        p->cubic_a = 0.0f;
        p->exclude_outside = false;
    }
    if (p->coordinates != CVY_TF_CROP_AND_RESIZE) {
        memset(p->roi_begin, 0, sizeof p->roi_begin);
        memset(p->roi_end, 0, sizeof p->roi_end);
        p->extrapolation_value = 0.0f;
    }
}

cvy_status resize_fill(cvy_resize_params *p)
{
    int64_t size[CVY_MAX_RANK];
    cvy_status st = CVY_OK;

    TRY(check_map(&p->src));
    TRY(check_named((int)p->mode, &resize_mode_names, "mode"));
    TRY(check_named((int)p->coordinates, &coordinates_names, "coordinates"));
    TRY(check_named((int)p->rounding, &rounding_names, "rounding"));
    clear_unused(p);
    if (p->mode == CVY_BICUBIC && p->cubic_a == 0.0f)
        p->cubic_a = -0.75f;
    if (!isfinite(p->cubic_a))
        TRY(fail(CVY_ERR_ARGUMENT, "cubic_a is %g; it must be finite", (double)p->cubic_a));
    memcpy(size, p->src.size, sizeof size);
    for (int i = 0; i + 2 < p->src.rank; i++) {
        TRY(axis_size(p, i));
        TRY(check_region(p, i));
        size[2 + i] = p->output_size[i];
    }
    st = check_dst(&p->dst, &p->src, p->src.rank, size);
out:
    return st;
}

// Positions -----------------------------------------------------------------------------------

struct position {
    int64_t scale, shift, divisor;
};

// Input over output as a fraction: of the sizes, or of the float that was given.
static bool step_of(int64_t in, int64_t out, float scale, int64_t *over, int64_t *under)
{
    int exponent;
    int64_t digits;

    *over = in;
    *under = out;
    if (scale == 0.0f)
        return true;
    digits = (int64_t)ldexpf(frexpf(scale, &exponent), 24);
    for (exponent -= 24; digits % 2 == 0; exponent++)
        digits /= 2;
    *over = exponent < 0 && exponent > -60 ? INT64_C(1) << -exponent : 1;
    *under = exponent > 0 && exponent < 36 ? digits << exponent : digits;
    return exponent > -60 && exponent < 36;
}

// Neither the largest sum nor twice the divisor may leave 63 bits.
static bool position_fits(const struct position *at, int64_t out)
{
    int64_t last;

    return at->divisor < RATIO_LIMIT && mul_i64(at->scale, out - 1, &last)
        && last > -RATIO_LIMIT && last < RATIO_LIMIT && at->shift > -RATIO_LIMIT
        && at->shift < RATIO_LIMIT;
}

// a b + c d
static bool sum_of_products(int64_t a, int64_t b, int64_t c, int64_t d, int64_t *out)
{
    return mul_i64(a, b, &a) && mul_i64(c, d, &c) && add_i64(a, c, out);
}

static bool position_of_scale(const cvy_resize_params *p, int i, struct position *at)
{
    int64_t in = p->src.size[2 + i], out = p->output_size[i], over, under;
    bool good = step_of(in, out, p->scale[i], &over, &under);

    if (!good || over >= RATIO_LIMIT || under >= RATIO_LIMIT)
        return false;
    *at = (struct position) { 2 * over, over - under, 2 * under };
    if (p->coordinates == CVY_ASYMMETRIC)
        *at = (struct position) { over, 0, under };
    else if (p->coordinates == CVY_TF_HALF_PIXEL)
        at->shift = over;
    else if (p->coordinates == CVY_HALF_PIXEL_SYMMETRIC)
        good = sum_of_products(1 - out, over, in - 1, under, &at->shift);
    else if (p->coordinates == CVY_PYTORCH_HALF_PIXEL && out == 1)
        *at = (struct position) { 0, 0, 1 };
    return good && position_fits(at, out);
}

// The region's ends in units of 2^-bits: as many bits as fit, 40 at most.
static bool position_of_region(const cvy_resize_params *p, int i, int bits, struct position *at)
{
    int64_t in = p->src.size[2 + i], out = p->output_size[i], begin, end;
    double most = 0x1p60;

    if (fabs(ldexp((double)p->roi_begin[i], bits)) > most
        || fabs(ldexp((double)p->roi_end[i], bits)) > most)
        return false;
    begin = llround(ldexp((double)p->roi_begin[i], bits));
    end = llround(ldexp((double)p->roi_end[i], bits));
    if (out == 1) {
        *at = (struct position) { 0, 0, INT64_C(2) << bits };
        return mul_i64(in - 1, begin + end, &at->shift) && position_fits(at, out);
    }
    return mul_i64(in - 1, end - begin, &at->scale) && mul_i64(in - 1, begin, &at->shift)
        && mul_i64(at->shift, out - 1, &at->shift)
        && mul_i64(out - 1, INT64_C(1) << bits, &at->divisor) && position_fits(at, out);
}

static int64_t common_divisor(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;

        a = b;
        b = rest;
    }
    return a < 0 ? -a : a;
}

static cvy_status position_of(const cvy_resize_params *p, int i, struct position *at)
{
    int64_t in = p->src.size[2 + i], out = p->output_size[i], common;
    bool found = false;

    if (p->coordinates == CVY_ALIGN_CORNERS) {
        *at = (struct position) { out > 1 ? in - 1 : 0, 0, out > 1 ? out - 1 : 1 };
        found = position_fits(at, out);
    } else if (p->coordinates == CVY_TF_CROP_AND_RESIZE) {
        for (int bits = 40; bits >= 16 && !found; bits--)
            found = position_of_region(p, i, bits, at);
    } else {
        found = position_of_scale(p, i, at);
    }
    if (!found)
        return fail(CVY_ERR_LIMIT, "%s[%d] takes positions along spatial axis %d beyond 60 bits",
                    p->coordinates == CVY_TF_CROP_AND_RESIZE ? "roi_end"
                    : p->scale[i] != 0.0f ? "scale" : "output_size", i, i);
    common = common_divisor(common_divisor(at->scale, at->shift), at->divisor);
    at->scale /= common;
    at->shift /= common;
    at->divisor /= common;
    return CVY_OK;
}

// The plan ------------------------------------------------------------------------------------

static cvy_status positions(const cvy_resize_params *p, struct resize_problem *out)
{
    int shift = 5 - p->src.rank;
    cvy_status st = CVY_OK;

    for (int i = 0; i < 3; i++) {
        struct position at = { 1, 0, 1 };

        if (i >= shift)
            TRY(position_of(p, i - shift, &at));
        out->scale[i] = at.scale;
        out->shift[i] = at.shift;
        out->divisor[i] = at.divisor;
    }
out:
    return st;
}

static int64_t multiply_adds(const cvy_resize_params *p, const struct problem *problem)
{
    int64_t macs = p->mode == CVY_NEAREST ? 0 : tensor_elements(&problem->dst);

    for (int i = 2; i < p->src.rank; i++)
        if (!mul_i64(macs, p->mode == CVY_BICUBIC ? 4 : 2, &macs))
            return INT64_MAX;
    return macs;
}

cvy_status cvy_resize_create(cvy_context *context, const cvy_resize_params *params,
                             cvy_plan **out)
{
    struct plan_request request = { 0 };
    struct problem *problem = &request.problem;
    cvy_resize_params p;
    cvy_status st = CVY_OK;

    ENTER(context, params, out);
    p = *params;
    TRY(resize_fill(&p));
    spec_of_resize(&p, request.info.spec);
    if (p.coordinates == CVY_COORDINATES_DEFAULT)
        p.coordinates = default_coordinates(p.mode);
    request.options = p.options;
    problem->op = OP_RESIZE;
    problem->src = tensor_map(&p.src);
    problem->dst = tensor_map(&p.dst);
    problem->u.resize = (struct resize_problem) {
        .mode = p.mode, .rounding = p.rounding, .cubic_a = p.cubic_a,
        .exclude_outside = p.exclude_outside,
        .crop = p.coordinates == CVY_TF_CROP_AND_RESIZE,
        .extrapolation_value = p.extrapolation_value,
    };
    TRY(positions(&p, &problem->u.resize));
    request.info.dst = p.dst;
    request.info.macs = multiply_adds(&p, problem);
    request_tensor(&request, SLOT_SRC, &problem->src);
    request_tensor(&request, SLOT_DST, &problem->dst);
    st = plan_create(context, &request, out);
out:
    return st;
}
