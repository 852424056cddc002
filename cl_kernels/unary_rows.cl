// dst[i] = f(src[i]) over up to six axes with any strides; src may be exactly dst. `kind` numbers f
// as cvy_unary_kind. Rows of `length` elements in `chunks` pieces of `chunk`; R rows along axis 1
// in `blocks` of `block`; axes 2 to 5 are outer ones. One work-item makes one piece of the rows of
// one block, vectors of V; the last elements of a piece go through a vector as well, so that a
// result does not depend on its place. Flat grid over chunks, blocks, S2, S3, S4 and the outermost
// axis. Fixed at build: V.

// PoCL's erf takes 10 ns and more for each lane. Below 1 this is an odd polynomial; from there on
// 1 - exp(p(x)) with p fitted to log(erfc(x)), whose difference from 1 is lost beyond 4. Off by 1.4
// ulp at most.
VT FN(erf)(VT x)
{
    VT a = fabs(x) > (VT)(4.0f) ? (VT)(4.0f) : fabs(x), s = x * x;
    VT p = (7.85386117e-05f * s - 0.000801019357f) * s + 0.00518832768f;
    VT q = (0.000185574025f * a - 0.00293960745f) * a + 0.0218053189f;

    p = ((p * s - 0.0268538119f) * s + 0.112835851f) * s - 0.376126258f;
    p = x + x * (p * s + 0.128379166f);
    q = ((q * a - 0.10303737f) * a - 0.638225676f) * a - 1.12704004f;
    q = 1.0f - exp(q * a - 0.000353719309f);
    q = x < (VT)(0.0f) ? -q : q;
    return fabs(x) < (VT)(1.0f) ? p : q;
}

VT FN(apply)(VT x, int kind, float alpha)
{
    switch (kind) {
    case 1: return fabs(x);
    case 2: return -x;
    case 3: return exp(x);
    case 4: return log(x);
    case 5: return sqrt(x);
    case 6: return 1.0f / x;
    case 7: return FN(erf)(x);
    case 8: return x / (1.0f + fabs(x));
    case 10: return floor(x);
    case 11: return ceil(x);
    case 12: return rint(x);
    default: return x <= (VT)(alpha) ? (VT)(0.0f) : x;
    }
}

// V elements `step` apart, of which the first `count` are there; the first one again behind them.
VT FN(take)(__global const T *p, long step, int count)
{
#if V > 1
    if (step != 1 || count < V) {
        ACC part[V];

        for (int j = 0; j < V; j++)
            part[j] = LOAD(p, j < count ? j * step : 0);
        return VLOAD(part);
    }
#endif
    return VLOAD(p);
}

void FN(put)(VT value, __global T *p, long step, int count)
{
#if V > 1
    if (step != 1 || count < V) {
        ACC part[V];

        VKEEP(value, part);
        for (int j = 0; j < V && j < count; j++)
            STORE(p, j * step, part[j]);
        return;
    }
#endif
    VSTORE(value, p);
}

__attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z)))
__kernel void FN(unary_rows)(
    __global const T *src, ulong src_at, __global T *dst, ulong dst_at, int kind, float alpha,
    ulong length, ulong chunk, ulong chunks, ulong R, ulong block, ulong blocks,
    ulong S2, ulong S3, ulong S4,
    long src_0, ulong src_1, ulong src_2, ulong src_3, ulong src_4, ulong src_5,
    long dst_0, ulong dst_1, ulong dst_2, ulong dst_3, ulong dst_4, ulong dst_5,
    ulong first, ulong end)
{
    ulong item = FLAT_ITEM(first), x, row, i2, i3, i4;

    if (item >= end)
        return;
    WALK(item, chunks, x);
    WALK(item, blocks, row);
    WALK(item, S2, i2);
    WALK(item, S3, i3);
    WALK(item, S4, i4);
    x *= chunk;
    row *= block;
    src += src_at + x * src_0 + row * src_1 + i2 * src_2 + i3 * src_3 + i4 * src_4 + item * src_5;
    dst += dst_at + x * dst_0 + row * dst_1 + i2 * dst_2 + i3 * dst_3 + i4 * dst_4 + item * dst_5;

    ulong rows = min(block, R - row);
    int count = (int)min(chunk, length - x);
    for (ulong r = 0; r < rows; r++)
        for (int i = 0; i < count; i += V)
            FN(put)(FN(apply)(FN(take)(src + r * src_1 + i * src_0, src_0, count - i), kind, alpha),
                    dst + r * dst_1 + i * dst_0, dst_0, count - i);
}
