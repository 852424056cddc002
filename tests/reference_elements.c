// Reference of unary, binary, where and cast. Conversions are made with the host's double and with
// integers, one value at a time.
#include "reference.h"

#include <math.h>
#include <string.h>

bool ref_element_wise(enum ref_op op)
{
    return op >= REF_UNARY && op <= REF_CAST;
}

bool ref_compares(const struct ref_problem *p)
{
    return p->op == REF_BINARY && p->binary.kind >= CVY_EQUAL;
}

cvy_dtype ref_dst_dtype(const struct ref_problem *p)
{
    cvy_dtype asked = ref_dst(p)->dtype;

    if (p->op == REF_CAST) {
        return p->cast.dtype;
    }
    if (p->op == REF_REDUCE && ref_reduces_to_positions(&p->reduce)) {
        return asked != CVY_DTYPE_DEFAULT ? asked : CVY_I64;
    }
    return ref_compares(p) ? CVY_BOOL : CVY_F32;
}

// Broadcasting ------------------------------------------------------------------------------------

int ref_broadcast_sources(const struct ref_problem *p, const cvy_desc *out[3])
{
    if (p->op == REF_BINARY) {
        out[0] = &p->binary.src;
        out[1] = &p->binary.src2;
        return 2;
    }
    out[0] = &p->where.condition;
    out[1] = &p->where.src;
    out[2] = &p->where.src2;
    return 3;
}

// The size of the axis `back` places before the last, 1 if there is none.
static int64_t size_from_last(const cvy_desc *desc, int32_t back)
{
    return back < desc->rank ? desc->size[desc->rank - 1 - back] : 1;
}

bool ref_broadcast_shape(const struct ref_problem *p, struct ref_shape *out)
{
    const cvy_desc *sources[3];
    int count = ref_broadcast_sources(p, sources);
    bool legal = true;

    out->rank = 0;
    for (int s = 0; s < count; s++) {
        out->rank = sources[s]->rank > out->rank ? sources[s]->rank : out->rank;
    }
    for (int32_t back = 0; back < out->rank; back++) {
        int64_t *size = &out->size[out->rank - 1 - back];

        *size = 1;
        for (int s = 0; s < count; s++) {
            int64_t other = size_from_last(sources[s], back);

            legal = legal && (other == 1 || *size == 1 || other == *size);
            *size = other != 1 ? other : *size;
        }
    }
    return legal;
}

// The element of a source that output i reads.
static int64_t element_of(const cvy_desc *desc, const struct ref_shape *dst, int64_t i)
{
    int64_t element = 0, pitch = 1;

    for (int32_t back = 0; back < dst->rank; back++) {
        int64_t whole = dst->size[dst->rank - 1 - back], size = size_from_last(desc, back);

        element += size == 1 ? 0 : i % whole * pitch;
        pitch *= size;
        i /= whole;
    }
    return element;
}

// Functions ---------------------------------------------------------------------------------------

static double unary_of(const cvy_unary_params *p, double x)
{
    double alpha = p->alpha != 0.0f ? p->alpha : 1.0;

    switch (p->kind) {
    case CVY_ABS: return fabs(x);
    case CVY_NEG: return -x;
    case CVY_EXP: return exp(x);
    case CVY_LOG: return log(x);
    case CVY_SQRT: return sqrt(x);
    case CVY_RECIPROCAL: return 1.0 / x;
    case CVY_ERF: return erf(x);
    case CVY_SOFTSIGN: return x / (1.0 + fabs(x));
    case CVY_FLOOR: return floor(x);
    case CVY_CEIL: return ceil(x);
    case CVY_ROUND: return rint(x);
    default: return x <= alpha ? 0.0 : x;
    }
}

void ref_run_unary(const cvy_unary_params *p, const struct ref_inputs *in, struct ref_outputs *out)
{
    bool rounds = p->kind >= CVY_EXP && p->kind <= CVY_SOFTSIGN;
    struct ref_shape shape = { .rank = p->src.rank };

    memcpy(shape.size, p->src.size, sizeof shape.size);
    ref_outputs_reserve(out, ref_count(&shape));
    for (int64_t i = 0; i < out->count; i++) {
        ref_store_exact(out, i, unary_of(p, in->src[i]));
        out->sum[i] = fabs(in->src[i]);
        out->tolerance[i] = rounds ? 8.0 * ref_ulp(out->value[i]) + 0x1p-126 : 0.0;
    }
}

static double larger(double x, double y)
{
    return isnan(x) || isnan(y) ? NAN : x > y ? x : y;
}

static double binary_of(cvy_binary_kind kind, double x, double y)
{
    switch (kind) {
    case CVY_ADD: return x + y;
    case CVY_SUB: return x - y;
    case CVY_MUL: return x * y;
    case CVY_DIV: return x / y;
    case CVY_MAX: return larger(x, y);
    case CVY_MIN: return -larger(-x, -y);
    case CVY_POW: return pow(x, y);
    case CVY_EQUAL: return x == y;
    case CVY_NOT_EQUAL: return x != y;
    case CVY_LESS: return x < y;
    case CVY_LESS_EQUAL: return x <= y;
    case CVY_GREATER: return x > y;
    default: return x >= y;
    }
}

// What the operation itself may be off by, before the activation; 0 where it rounds once.
static double binary_bound(cvy_binary_kind kind, double value)
{
    double ulps = kind == CVY_DIV ? 2.5 : kind == CVY_POW ? 16.0 : 0.0;

    return ulps > 0.0 ? ulps * ref_ulp(value) + 0x1p-126 : 0.0;
}

// One that rounds once, and an activation that chooses, are equal bit for bit. Otherwise the
// rounding of the operation is an error before the activation.
static void store_binary(const cvy_binary_params *p, double value, struct ref_outputs *out,
                         int64_t i)
{
    cvy_activation_kind kind = p->activation.kind;
    bool chooses = kind == CVY_NONE || kind == CVY_RELU || kind == CVY_CLIP || kind == CVY_RELU6;
    struct ref_sum sum = { .pre = value, .carried = binary_bound(p->kind, value) };

    if (sum.carried == 0.0 && !chooses) {
        sum.carried = ref_ulp(value) + 0x1p-126;
    }
    if (!isfinite((float)value)) {
        sum.carried = 0.0;
        sum.pre = (float)value;
    }
    ref_store_sum(out, i, &sum, &p->activation, 0.0, false);
}

void ref_run_binary(const struct ref_problem *problem, const struct ref_inputs *in,
                    struct ref_outputs *out)
{
    const cvy_binary_params *p = &problem->binary;
    struct ref_shape dst;

    ref_broadcast_shape(problem, &dst);
    ref_outputs_reserve(out, ref_count(&dst));
    for (int64_t i = 0; i < out->count; i++) {
        double x = in->src[element_of(&p->src, &dst, i)];
        double y = in->src2[element_of(&p->src2, &dst, i)];

        store_binary(p, binary_of(p->kind, x, y), out, i);
        out->sum[i] = fabs(x) + fabs(y);
        out->taps[i] = 1;
    }
}

void ref_run_where(const struct ref_problem *problem, const struct ref_inputs *in,
                   struct ref_outputs *out)
{
    const cvy_where_params *p = &problem->where;
    struct ref_shape dst;

    ref_broadcast_shape(problem, &dst);
    ref_outputs_reserve(out, ref_count(&dst));
    for (int64_t i = 0; i < out->count; i++) {
        bool is = in->sources[0][element_of(&p->condition, &dst, i)] != 0.0;

        ref_store_exact(out, i, is ? in->sources[1][element_of(&p->src, &dst, i)] :
                                in->sources[2][element_of(&p->src2, &dst, i)]);
    }
}

// Conversion --------------------------------------------------------------------------------------

// Bits of the mantissa, and the exponent of the least normal number.
static int mantissa_of(cvy_dtype dtype)
{
    return dtype == CVY_F16 ? 10 : 7;
}

static int least_of(cvy_dtype dtype)
{
    return dtype == CVY_F16 ? -14 : -126;
}

static double of_short_float(cvy_dtype dtype, uint64_t bits)
{
    int mantissa = mantissa_of(dtype), most = dtype == CVY_F16 ? 31 : 255;
    int exponent = (int)(bits >> mantissa) & most;
    double fraction = (double)(bits & ((1u << mantissa) - 1));
    double magnitude = ldexp(fraction, least_of(dtype) - mantissa);

    if (exponent == most) {
        magnitude = fraction != 0.0 ? NAN : INFINITY;
    } else if (exponent > 0) {
        magnitude = ldexp(ldexp(1.0, mantissa) + fraction,
                          exponent + least_of(dtype) - 1 - mantissa);
    }
    return bits >> 15 & 1 ? -magnitude : magnitude;
}

double ref_value_of(cvy_dtype dtype, uint64_t bits)
{
    double wide;
    float single;
    uint32_t low = (uint32_t)bits;

    switch (dtype) {
    case CVY_F16:
    case CVY_BF16: return of_short_float(dtype, bits & 0xffff);
    case CVY_F64: memcpy(&wide, &bits, sizeof wide); return wide;
    case CVY_I8: return (int8_t)bits;
    case CVY_U8: return (uint8_t)bits;
    case CVY_I32: return (int32_t)bits;
    case CVY_I64: return (double)(int64_t)bits;
    case CVY_BOOL: return (uint8_t)bits != 0;
    default: memcpy(&single, &low, sizeof single); return single;
    }
}

static uint64_t to_short_float(cvy_dtype dtype, double x)
{
    int mantissa = mantissa_of(dtype), least = least_of(dtype), exponent;
    uint64_t sign = signbit(x) ? 0x8000 : 0, infinite = dtype == CVY_F16 ? 0x7c00 : 0x7f80;
    double quantum, whole;

    if (isnan(x) || isinf(x)) {
        return sign | infinite | (isnan(x) ? 1 : 0);
    }
    frexp(x, &exponent);
    exponent = x == 0.0 || exponent - 1 < least ? least : exponent - 1;
    quantum = ldexp(1.0, exponent - mantissa);
    whole = rint(fabs(x) / quantum);        // to the nearest, ties to even
    if (exponent > 1 - least) {
        return sign | infinite;
    }
    // From the least normal number on, `whole` has the hidden bit.
    whole += ldexp((double)(exponent - least), mantissa);
    return sign | (whole < (double)infinite ? (uint64_t)whole : infinite);
}

// Fewer than 54 bits that round to any shorter float as all of them do: what is lost is kept as an
// odd last bit.
static double to_odd(int64_t x)
{
    uint64_t m = x < 0 ? 0 - (uint64_t)x : (uint64_t)x;
    int shift = 0;

    for (; m >> 53 != 0; shift++) {
        m = m >> 1 | (m & 1);
    }
    return ldexp(x < 0 ? -(double)m : (double)m, shift);
}

static uint64_t to_integer(double x, double least, double most, uint64_t least_bits,
                           uint64_t most_bits)
{
    if (isnan(x)) {
        return 0;
    }
    return x <= least ? least_bits : x >= most ? most_bits : (uint64_t)(int64_t)x;
}

static uint64_t of_double(double x, cvy_dtype to)
{
    float single = (float)x;
    uint64_t wide;
    uint32_t bits;

    switch (to) {
    case CVY_F16:
    case CVY_BF16: return to_short_float(to, x);
    case CVY_F64: memcpy(&wide, &x, sizeof wide); return wide;
    case CVY_I8: return to_integer(x, -128, 127, (uint64_t)-128, 127);
    case CVY_U8: return to_integer(x, 0, 255, 0, 255);
    case CVY_I32: return to_integer(x, INT32_MIN, INT32_MAX, (uint64_t)INT32_MIN, INT32_MAX);
    case CVY_I64: return to_integer(x, -0x1p63, 0x1p63, (uint64_t)INT64_MIN, INT64_MAX);
    case CVY_BOOL: return isnan(x) || x != 0.0;
    default: memcpy(&bits, &single, sizeof bits); return bits;
    }
}

uint64_t ref_convert(cvy_dtype from, uint64_t bits, cvy_dtype to)
{
    uint64_t mask = cvy_dtype_bytes(to) == 8 ? UINT64_MAX :
                    ((uint64_t)1 << 8 * cvy_dtype_bytes(to)) - 1;
    double x = from == CVY_I64 && to != CVY_F64 ? to_odd((int64_t)bits) : ref_value_of(from, bits);

    if (from == to && to != CVY_BOOL) {
        return bits & mask;
    }
    return (from == CVY_I64 && to == CVY_I64 ? bits : of_double(x, to)) & mask;
}

void ref_run_cast(const cvy_cast_params *p, const struct ref_inputs *in, struct ref_outputs *out)
{
    cvy_dtype from = p->src.dtype == CVY_DTYPE_DEFAULT ? CVY_F32 : p->src.dtype;
    struct ref_shape shape = { .rank = p->src.rank };

    memcpy(shape.size, p->src.size, sizeof shape.size);
    ref_outputs_reserve(out, ref_count(&shape));
    for (int64_t i = 0; i < out->count; i++) {
        uint64_t bits = ref_convert(from, (uint64_t)in->raw[i], p->dtype);

        ref_store_exact(out, i, ref_value_of(p->dtype, bits));
        out->indices[i] = (int64_t)bits;
        out->sum[i] = 1.0;
    }
}
