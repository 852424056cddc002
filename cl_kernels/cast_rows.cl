// dst[i] = src[i], converted, over up to six axes with any strides. `from` and `to` number the
// dtypes as cvy_dtype. Everything is made of integers, so that devices without double and half, and
// those that flush subnormals, give the same bits: a value is taken apart into sign, 64 bits and
// exponent, and put together rounded to the nearest, ties to even; an integer is cut towards 0 and
// kept in its range, NaN becomes 0 there. Rows of `length` elements in `chunks` pieces of `chunk`;
// R rows along axis 1 in `blocks` of `block`; axes 2 to 5 are outer ones. One work-item makes one
// piece of the rows of one block. Flat grid over chunks, blocks, S2, S3, S4 and the outermost axis.
// What networks convert most, and whose elements lie together, goes by loops of its own that
// compilers turn into vectors; they give the same bits. Fixed at build: V, not used.
#define TO_F32 1
#define TO_F16 2
#define TO_BF16 3
#define TO_F64 4
#define TO_BOOL 9
#define FINITE 0
#define INFINITE 1
#define NOT_A_NUMBER 2

// (-1)^sign m 2^e; of what is not finite m is the payload, from the top.
struct FN(number) {
    ulong m;
    int e, sign, what;
};

struct FN(format) {
    int exponent, mantissa;     // bits
};

// Of F32, F16, BF16 and F64.
struct FN(format) FN(format_of)(int dtype)
{
    struct FN(format) f = { 8, dtype == TO_F32 ? 23 : 7 };

    if (dtype == TO_F16) {
        f.exponent = 5;
        f.mantissa = 10;
    } else if (dtype == TO_F64) {
        f.exponent = 11;
        f.mantissa = 52;
    }
    return f;
}

int FN(bytes_of)(int dtype)
{
    return dtype == 4 || dtype == 8 ? 8 : dtype == 1 || dtype == 7 ? 4 : dtype <= 3 ? 2 : 1;
}

ulong FN(load)(__global const uchar *restrict p, int bytes)
{
    switch (bytes) {
    case 1: return *p;
    case 2: return *(__global const ushort *)p;
    case 4: return *(__global const uint *)p;
    default: return *(__global const ulong *)p;
    }
}

void FN(store)(__global uchar *restrict p, int bytes, ulong bits)
{
    switch (bytes) {
    case 1: *p = (uchar)bits; break;
    case 2: *(__global ushort *)p = (ushort)bits; break;
    case 4: *(__global uint *)p = (uint)bits; break;
    default: *(__global ulong *)p = bits;
    }
}

struct FN(number) FN(take_float)(ulong bits, struct FN(format) f)
{
    int most = (1 << f.exponent) - 1, e = (int)(bits >> f.mantissa) & most;
    ulong m = bits & (((ulong)1 << f.mantissa) - 1);
    struct FN(number) x = { m, max(e, 1) - (most >> 1) - f.mantissa,
                            (int)(bits >> (f.exponent + f.mantissa)) & 1, FINITE };

    if (e == most) {
        x.what = m ? NOT_A_NUMBER : INFINITE;
        x.m = m << (64 - f.mantissa);
    } else if (e) {
        x.m |= (ulong)1 << f.mantissa;
    }
    return x;
}

struct FN(number) FN(take)(ulong bits, int from, int bytes)
{
    int above = 64 - 8 * bytes, is_signed = from != 6 && from != TO_BOOL;
    long value = (long)(bits << above) >> above;
    struct FN(number) x = { bits, 0, 0, FINITE };

    if (from <= TO_F64)
        return FN(take_float)(bits, FN(format_of)(from));
    if (is_signed && value < 0) {
        x.sign = 1;
        x.m = (ulong)0 - (ulong)value;
    }
    if (from == TO_BOOL)
        x.m = bits != 0;
    return x;
}

// m of a number whose top bit is set, cut by `drop` bits, 1 or more, to the nearest.
ulong FN(cut)(ulong m, int drop)
{
    ulong whole = drop < 64 ? m >> drop : 0, rest, tie = (ulong)1 << 63;

    if (drop > 64)
        return 0;
    rest = drop < 64 ? m << (64 - drop) : m;
    return whole + (rest > tie || (rest == tie && (whole & 1)));
}

ulong FN(put_float)(struct FN(number) x, struct FN(format) f)
{
    int most = (1 << f.exponent) - 1, up, e;
    ulong infinite = (ulong)most << f.mantissa, bits = infinite;

    if (x.what == NOT_A_NUMBER)
        bits |= x.m >> (64 - f.mantissa) | (ulong)1 << (f.mantissa - 1);
    if (x.what == FINITE) {
        up = x.m ? (int)clz(x.m) : 0;
        e = x.e - up + 63 + (most >> 1);
        if (!x.m || e < -64)
            bits = 0;
        else if (e < most)
            bits = ((ulong)max(e - 1, 0) << f.mantissa)
                + FN(cut)(x.m << up, 63 - f.mantissa + max(1 - e, 0));
        bits = min(bits, infinite);
    }
    return bits | (ulong)x.sign << (f.exponent + f.mantissa);
}

ulong FN(put_integer)(struct FN(number) x, int to, int bytes)
{
    int is_signed = to != 6;
    ulong most = ~(ulong)0 >> (64 - 8 * bytes + is_signed), m;

    if (to == TO_BOOL)
        return x.what != FINITE || x.m != 0;
    if (x.what == NOT_A_NUMBER)
        return 0;
    most = x.sign ? (is_signed ? most + 1 : 0) : most;
    if (x.what == INFINITE || (x.e > 0 && x.m && (x.e > 63 || x.m > most >> x.e)))
        m = most;
    else if (x.e >= 0)
        m = x.e > 63 ? 0 : x.m << x.e;
    else
        m = x.e < -63 ? 0 : x.m >> -x.e;
    m = min(m, most);
    return x.sign ? (ulong)0 - m : m;
}

ulong FN(convert)(ulong bits, int from, int from_bytes, int to, int to_bytes)
{
    struct FN(number) x = FN(take)(bits, from, from_bytes);

    return to <= TO_F64 ? FN(put_float)(x, FN(format_of)(to)) : FN(put_integer)(x, to, to_bytes);
}

// The shorter ways. A NaN stays quiet and keeps its sign.
ushort FN(f16_of)(uint bits)
{
    uint a = bits & 0x7fffffff, sign = bits >> 16 & 0x8000;
    uint normal = (a - (112u << 23) + 0xfff + (a >> 13 & 1)) >> 13;
    uint small = as_uint(as_float(a) + 0.5f) - as_uint(0.5f);   // rounds to multiples of 2^-24
    uint all = a < 0x38800000 ? small : a < 0x477ff000 ? normal : 0x7c00;

    return (ushort)(sign | (a > 0x7f800000 ? 0x7e00 | (a >> 13 & 0x3ff) : all));
}

uint FN(of_f16)(ushort bits)
{
    uint a = bits & 0x7fff, sign = (uint)(bits & 0x8000) << 16;
    uint small = as_uint((ACC)a * 0x1p-24f), rest = (a << 13) + (112u << 23);

    rest += a < 0x7c00 ? 0 : 112u << 23;
    return sign | (a < 0x400 ? small : rest) | (a > 0x7c00 ? 0x400000 : 0);
}

ushort FN(bf16_of)(uint bits)
{
    uint nan = (bits & 0x7fffffff) > 0x7f800000;

    return (ushort)(nan ? bits >> 16 | 0x40 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

uint FN(of_bf16)(ushort bits)
{
    return (uint)bits << 16 | ((bits & 0x7fff) > 0x7f80 ? 0x400000 : 0);
}

// Of a float to integers in [low, high], which are floats: NaN becomes 0.
int FN(whole)(uint bits, ACC low, ACC high)
{
    ACC x = as_float(bits);

    x = x >= low ? x : low;
    x = x <= high ? x : high;
    return (bits & 0x7fffffff) > 0x7f800000 ? 0 : (int)x;
}

int FN(i32_of)(uint bits)
{
    int inside = FN(whole)(bits, -2147483648.0f, 2147483520.0f);

    return as_float(bits) >= 2147483648.0f ? 2147483647 : inside;
}

uint FN(f32_of)(ulong bits)
{
    ulong a = bits & (~(ulong)0 >> 1), r = a - ((ulong)896 << 52);

    if (a < (ulong)897 << 52 || a >= (ulong)1151 << 52)
        return (uint)FN(convert)(bits, TO_F64, 8, TO_F32, 4);
    r = (r + 0xfffffff + (r >> 29 & 1)) >> 29;
    return (uint)(bits >> 63) << 31 | (uint)r;
}

#define LOOP(FROM, TO, value)                                                              \
    do {                                                                                   \
        for (int i = 0; i < count; i++) {                                                  \
            FROM x = ((__global const FROM *restrict)src)[i];                              \
            ((__global TO *restrict)dst)[i] = (TO)(value);                                 \
        }                                                                                  \
        return true;                                                                       \
    } while (0)

// Converts elements that lie together; false if there is no short way.
bool FN(quick)(__global const uchar *restrict src, __global uchar *restrict dst, int from, int to,
               int count)
{
    switch (from * 10 + to) {
    case 12: LOOP(uint, ushort, FN(f16_of)(x));
    case 13: LOOP(uint, ushort, FN(bf16_of)(x));
    case 15: LOOP(uint, uchar, FN(whole)(x, -128.0f, 127.0f));
    case 16: LOOP(uint, uchar, FN(whole)(x, 0.0f, 255.0f));
    case 17: LOOP(uint, int, FN(i32_of)(x));
    case 19: LOOP(uint, uchar, (x & 0x7fffffff) != 0);
    case 21: LOOP(ushort, uint, FN(of_f16)(x));
    case 31: LOOP(ushort, uint, FN(of_bf16)(x));
    case 41: LOOP(ulong, uint, FN(f32_of)(x));
    case 51: LOOP(char, ACC, x);
    case 61: LOOP(uchar, ACC, x);
    case 71: LOOP(int, ACC, x);
    case 78: LOOP(int, long, x);
    case 87: LOOP(long, int, min(max(x, (long)INT_MIN), (long)INT_MAX));
    case 81: LOOP(long, ACC, x);
    case 91: LOOP(uchar, ACC, x != 0);
    default: return false;
    }
}

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(cast_rows)(
    __global const uchar *restrict src, ulong src_at, __global uchar *restrict dst, ulong dst_at,
    int from, int to,
    ulong length, ulong chunk, ulong chunks, ulong R, ulong block, ulong blocks,
    ulong S2, ulong S3, ulong S4,
    ulong src_0, ulong src_1, ulong src_2, ulong src_3, ulong src_4, ulong src_5,
    ulong dst_0, ulong dst_1, ulong dst_2, ulong dst_3, ulong dst_4, ulong dst_5,
    ulong first, ulong end)
{
    ulong item = FLAT_ITEM(first), x, row, i2, i3, i4;
    int from_bytes = FN(bytes_of)(from), to_bytes = FN(bytes_of)(to);

    if (item >= end)
        return;
    WALK(item, chunks, x);
    WALK(item, blocks, row);
    WALK(item, S2, i2);
    WALK(item, S3, i3);
    WALK(item, S4, i4);
    x *= chunk;
    row *= block;
    src_at += x * src_0 + row * src_1 + i2 * src_2 + i3 * src_3 + i4 * src_4 + item * src_5;
    dst_at += x * dst_0 + row * dst_1 + i2 * dst_2 + i3 * dst_3 + i4 * dst_4 + item * dst_5;

    ulong rows = min(block, R - row);
    int count = (int)min(chunk, length - x);
    bool together = (src_0 == 1 && dst_0 == 1) || count == 1;
    for (ulong r = 0; r < rows; r++) {
        __global const uchar *restrict in = src + (src_at + r * src_1) * from_bytes;
        __global uchar *restrict out = dst + (dst_at + r * dst_1) * to_bytes;

        if (together && FN(quick)(in, out, from, to, count))
            continue;
        for (int i = 0; i < count; i++) {
            ulong bits = FN(load)(in + i * src_0 * from_bytes, from_bytes);

            bits = FN(convert)(bits, from, from_bytes, to, to_bytes);
            FN(store)(out + i * dst_0 * to_bytes, to_bytes, bits);
        }
    }
}
