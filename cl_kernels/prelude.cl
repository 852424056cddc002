// Stands once at the head of every program: type-named loads and stores, activations, grids.
//
// The contract that every kernel file obeys:
// - One kernel a file, with the file's name: __kernel void FN(conv_direct)(...). FN adds a suffix
//   for each instance. Helper functions are named through FN as well.
// - A tensor is two arguments: a global pointer and the ulong number of its first element. A
//   pointer that the problem has no use for is valid and is not read.
// - Scalars are int, uint, long, ulong or float. When all of them are 0 the kernel returns at once:
//   before it divides, and without touching memory.
// - The work-group size is fixed: __attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z))).
//   Global offsets are never used: a launch of a slice gets the slice's first row or item.
// - get_group_id and get_num_groups are called in the kernel itself, not in helper functions, and
//   of an axis that is written as a number. Groups of one work-item use no local memory.
// - Types are T (storage), ACC (sums) and VT (a vector of V elements of ACC), memory goes through
//   LOAD(p, i), STORE(p, i, value), VLOAD(p), VSTORE(value, p). VSTORE writes global memory, VKEEP
//   private memory. VLOAD_PART(p, n), VSTORE_PART(value, p, n): the first n elements, n below V.
// - Every macro that a file needs and the runtime does not bind has a default under #ifndef, so
//   that prelude and file compile alone.
// - A tap in zero padding is skipped, never multiplied: an infinite weight must not make a NaN.
#ifndef FN
#define FN(name) name
#define T float
#define ACC float
#define V 1
#define VT float
#define VLOAD(p) (*(p))
#define VSTORE(value, p) (*(p) = (value))
#define VKEEP(value, p) (*(p) = (value))
#define VLOOSE float
#define VLOAD_PART(p, n) ((ACC)0)
#define VSTORE_PART(value, p, n)
#define LOAD(p, i) load_f32(p, i)
#define STORE(p, i, value) store_f32(p, i, value)
#define LOCAL_X 1
#define LOCAL_Y 1
#define LOCAL_Z 1
#endif

// VLOOSE: vectors at any multiple of 4 bytes. PoCL makes four stores and three moves of a vstore16,
// and of a vload16 eight loads and eight shuffles, which it takes a long time to make one of again.
#define LOOSE_TYPE(n)                                                                      \
    typedef float##n __attribute__((aligned(4))) loose_float##n;                           \
                                                                                           \
    __attribute__((overloadable)) float##n vector_f32_##n(__global const float *p)         \
    {                                                                                      \
        return *(__global const loose_float##n *)p;                                        \
    }                                                                                      \
                                                                                           \
    __attribute__((overloadable)) float##n vector_f32_##n(const float *p)                  \
    {                                                                                      \
        return *(const loose_float##n *)p;                                                 \
    }
LOOSE_TYPE(2)
LOOSE_TYPE(4)
LOOSE_TYPE(8)
LOOSE_TYPE(16)

// The first n elements of a vector, 0 <= n < its width, as halves, quarters and so on: VLOAD_PART
// fills up with zeros, VSTORE_PART writes no more than them.
float2 load_part_f32_2(__global const float *p, int n)
{
    return (float2)(n > 0 ? p[0] : 0.0f, 0.0f);
}

void store_part_f32_2(float2 value, __global float *p, int n)
{
    if (n > 0)
        p[0] = value.s0;
}

#define PART_FUNCTIONS(n, half)                                                            \
    float##n load_part_f32_##n(__global const float *p, int count)                         \
    {                                                                                      \
        float##n value = (float##n)(0.0f);                                                 \
                                                                                           \
        if (count >= half) {                                                               \
            value.lo = *(__global const loose_float##half *)p;                             \
            value.hi = load_part_f32_##half(p + half, count - half);                       \
        } else {                                                                           \
            value.lo = load_part_f32_##half(p, count);                                     \
        }                                                                                  \
        return value;                                                                      \
    }                                                                                      \
                                                                                           \
    void store_part_f32_##n(float##n value, __global float *p, int count)                  \
    {                                                                                      \
        float##half rest = value.lo;                                                       \
                                                                                           \
        if (count >= half) {                                                               \
            *(__global loose_float##half *)p = value.lo;                                   \
            rest = value.hi;                                                               \
            p += half;                                                                     \
            count -= half;                                                                 \
        }                                                                                  \
        store_part_f32_##half(rest, p, count);                                             \
    }
PART_FUNCTIONS(4, 2)
PART_FUNCTIONS(8, 4)
PART_FUNCTIONS(16, 8)

// The same for any n: a vector, or what there is of it.
#define LOAD_LANES(p, n) ((n) >= V ? VLOAD(p) : VLOAD_PART(p, n))
#define STORE_LANES(value, p, n)                                                           \
    do {                                                                                   \
        if ((n) >= V)                                                                      \
            VSTORE(value, p);                                                              \
        else                                                                               \
            VSTORE_PART(value, p, n);                                                      \
    } while (0)

// VSTREAM(past, value, p): VSTORE or, if `past`, a store past the caches, reading no line that
// it writes: for what no cache holds, in vectors that fill lines, where p IS_WHOLE.
// STREAM_END(past) ends a kernel that has them. Compilers without such stores have VSTORE.
#ifdef __has_builtin
#if __has_builtin(__builtin_nontemporal_store) && __has_builtin(__sync_synchronize)
#define HAVE_STREAM
#endif
#endif
#ifdef HAVE_STREAM
#define VSTREAM(past, value, p)                                                            \
    do {                                                                                   \
        if (past)                                                                          \
            __builtin_nontemporal_store(value, (__global VT *)(p));                        \
        else                                                                               \
            VSTORE(value, p);                                                              \
    } while (0)
#define STREAM_END(past)                                                                   \
    do {                                                                                   \
        if (past)                                                                          \
            __sync_synchronize();                                                          \
    } while (0)
#else
#define VSTREAM(past, value, p) VSTORE(value, p)
#define STREAM_END(past)
#endif
#define IS_WHOLE(p) (((ulong)(p) & (sizeof(VT) - 1)) == 0)

// For functions that more than one place calls and that must not become calls: arrays that they get
// would be on the stack. oclgrind, which does not optimise, loses a kernel that has them.
#ifdef __OPTIMIZE__
#define INLINED __attribute__((always_inline))
#else
#define INLINED
#endif

// For long functions where a call is cheap beside what they do: otherwise PoCL compiles them at
// each place that calls them, and three times over for each kernel (runtime/cl/source.c).
#define OUTLINED __attribute__((noinline))

// The item of a launch over a flat range, which the runtime folds into two axes.
#define FLAT_ITEM(first)                                                                   \
    ((first) + ((ulong)get_group_id(1) * get_num_groups(0) + get_group_id(0)) * LOCAL_X     \
        + get_local_id(0))

// One axis of a walk over a tensor: takes the position along it off item, the innermost first.
#define WALK(item, size, position)                                                         \
    do {                                                                                   \
        (position) = (size) > 1 ? (item) % (size) : 0;                                     \
        (item) = (size) > 1 ? (item) / (size) : (item);                                    \
    } while (0)

float load_f32(__global const float *p, ulong i)
{
    return p[i];
}

void store_f32(__global float *p, ulong i, float value)
{
    p[i] = value;
}

// Activations by number, as cvy_activation_kind; alpha and beta have their defaults filled in.
// Comparisons keep NaN: a NaN is neither below nor above anything.
#define ACTIVATE_NONE 0
#define ACTIVATE_PRELU 5

float clip_f32(float x, float low, float high)
{
    x = x < low ? low : x;
    return x > high ? high : x;
}

// The smooth activations of one type, as NAME(smooth)(x, kind, alpha, beta): VEC is float or a
// vector, NAME names functions. They are built on exp and tanh: PoCL's scalar expm1, log1p and erf
// take 8 to 40 ns an element, and so does each lane of its log.
//   expm1_below  e^x - 1 for x below 0: a polynomial down to -0.4
//   softplus     log(1 + e^x) = max(x, 0) + 2 atanh(e / (2 + e)), e = e^-|x|, by a polynomial
//   gelu         x Phi(x). The normal tail is e^(-x x / 2) t P(t) with t = 1 / (1 + 0.3 |x|); P is
//                fitted to 2e-8 for |x| up to 15, and the rounding of x x is made good
//   gelu_tanh    (1 + tanh(u)) / 2 is sigmoid(2 u)
//   mish         tanh(log(1 + e^x)) as a quotient of polynomials in e^-|x|
#define SMOOTH_FUNCTIONS(NAME, VEC)                                                        \
    VEC NAME(expm1_below)(VEC x)                                                           \
    {                                                                                      \
        VEC p = ((0.00120567769f * x + 0.00827085777f) * x + 0.0416578456f) * x + 0.166666228f;\
                                                                                           \
        return x > (VEC)(-0.4f) ? x + x * x * (p * x + 0.499999996f) : exp(x) - 1.0f;      \
    }                                                                                      \
                                                                                           \
    VEC NAME(sigmoid)(VEC x)                                                               \
    {                                                                                      \
        VEC e = exp(-fabs(x));                                                             \
                                                                                           \
        return (x < (VEC)(0.0f) ? e : (VEC)(1.0f)) / (1.0f + e);                           \
    }                                                                                      \
                                                                                           \
    VEC NAME(softplus)(VEC x)                                                              \
    {                                                                                      \
        VEC e = exp(-fabs(x)), z = e / (2.0f + e), w = z * z;                              \
        VEC p = ((0.281577784f * w + 0.279651577f) * w + 0.400245952f) * w + 0.666663216f; \
                                                                                           \
        return (x > (VEC)(0.0f) ? x : (VEC)(0.0f)) + z * (p * w + 2.0f);                   \
    }                                                                                      \
                                                                                           \
    VEC NAME(gelu)(VEC x)                                                                  \
    {                                                                                      \
        VEC a = fabs(x) > (VEC)(15.0f) ? (VEC)(15.0f) : fabs(x);                           \
        VEC square = a * a, rest = fma(a, a, -square);                                     \
        VEC t = 1.0f / (1.0f + 0.3f * a), p = 0.114402112f - 0.0209846694f * t;            \
                                                                                           \
        p = ((p * t - 0.232835483f) * t + 0.197921644f) * t - 0.0844812825f;               \
        p = ((p * t + 0.0988308413f) * t + 0.0774857706f) * t + 0.110423197f;              \
        p = ((p * t + 0.119550118f) * t + 0.11968775f) * t * (1.0f - 0.5f * rest);         \
        p *= exp(-0.5f * square);                                                          \
        return x * (x < (VEC)(0.0f) ? p : 1.0f - p);                                       \
    }                                                                                      \
                                                                                           \
    VEC NAME(mish)(VEC x)                                                                  \
    {                                                                                      \
        VEC e = exp(-fabs(x)), low = e * (e + 2.0f), high = 1.0f + 2.0f * e;               \
                                                                                           \
        return x * (x < (VEC)(0.0f) ? low / (low + 2.0f) : high / (high + 2.0f * e * e));  \
    }                                                                                      \
                                                                                           \
    VEC NAME(smooth)(VEC x, int kind, float alpha, float beta)                             \
    {                                                                                      \
        VEC s;                                                                             \
                                                                                           \
        switch (kind) {                                                                    \
        case 6: return x < (VEC)(0.0f) ? alpha * NAME(expm1_below)(x) : x;                 \
        case 7: return 1.05070098735548f                                                   \
            * (x < (VEC)(0.0f) ? 1.67326324235437f * NAME(expm1_below)(x) : x);            \
        case 8: return NAME(sigmoid)(x);                                                   \
        case 10: return tanh(x);                                                           \
        case 11: return x * NAME(sigmoid)(x);                                              \
        case 13:                                                                           \
            s = alpha * x;                                                                 \
            return s > (VEC)(beta) ? x : NAME(softplus)(s) / alpha;                        \
        case 14: return NAME(gelu)(x);                                                     \
        case 15: return x * NAME(sigmoid)(x * (1.5957691216f + 0.0713548163f * x * x));    \
        default: return NAME(mish)(x);                                                     \
        }                                                                                  \
    }

#define F32_NAME(name) name##_f32
SMOOTH_FUNCTIONS(F32_NAME, float)

OUTLINED float activate_f32(float x, int kind, float alpha, float beta)
{
    switch (kind) {
    case 0: return x;
    case 1: return x < 0.0f ? 0.0f : x;
    case 2: return clip_f32(x, alpha, beta);
    case 3: return clip_f32(x, 0.0f, 6.0f);
    case 4:
    case 5: return x < 0.0f ? alpha * x : x;
    case 9: return clip_f32(fma(alpha, x, beta), 0.0f, 1.0f);
    case 12: return fma(x, clip_f32(x + 3.0f, 0.0f, 6.0f) * (alpha * 0.166666667f), beta);
    default: return smooth_f32(x, kind, alpha, beta);
    }
}

// The piecewise activations of vector kernels. none, relu, clip, relu6 and leaky_relu are one
// formula with a slope below zero and two bounds; hard_swish is one with low NaN, a sixth of its
// factor as slope and its term as high.
#define PIECEWISE(x, slope, low, high, out)                                                \
    do {                                                                                   \
        VT bent_ = (x) + (VT)(3), by_ = (VT)(slope);                                       \
        if ((low) != (low)) {                                                              \
            bent_ = bent_ < (VT)(0) ? (VT)(0) : bent_;                                     \
            bent_ = bent_ > (VT)(6) ? (VT)(6) : bent_;                                     \
            (out) = fma((x), bent_ * by_, (VT)(high));                                     \
        } else {                                                                           \
            bent_ = (x) < (VT)(0) ? (x) * by_ : (x);                                       \
            bent_ = bent_ < (VT)(low) ? (VT)(low) : bent_;                                 \
            (out) = bent_ > (VT)(high) ? (VT)(high) : bent_;                               \
        }                                                                                  \
    } while (0)

// The same of n vectors in registers; what an activation does not do costs nothing.
#define PIECEWISE_ALL(x, n, slope, low, high)                                              \
    do {                                                                                   \
        if ((low) != (low)) {                                                              \
            _Pragma("unroll")                                                              \
            for (int i_ = 0; i_ < (n); i_++)                                               \
                PIECEWISE((x)[i_], slope, NAN, high, (x)[i_]);                             \
            break;                                                                         \
        }                                                                                  \
        if ((slope) != 1.0f) {                                                             \
            _Pragma("unroll")                                                              \
            for (int i_ = 0; i_ < (n); i_++)                                               \
                (x)[i_] = (x)[i_] < (VT)(0) ? (x)[i_] * (VT)(slope) : (x)[i_];             \
        }                                                                                  \
        if ((low) > -INFINITY) {                                                           \
            _Pragma("unroll")                                                              \
            for (int i_ = 0; i_ < (n); i_++)                                               \
                (x)[i_] = (x)[i_] < (VT)(low) ? (VT)(low) : (x)[i_];                       \
        }                                                                                  \
        if ((high) < INFINITY) {                                                           \
            _Pragma("unroll")                                                              \
            for (int i_ = 0; i_ < (n); i_++)                                               \
                (x)[i_] = (x)[i_] > (VT)(high) ? (VT)(high) : (x)[i_];                     \
        }                                                                                  \
    } while (0)

float piecewise_f32(float x, float slope, float low, float high)
{
    if (low != low)
        return fma(x, clip_f32(x + 3.0f, 0.0f, 6.0f) * slope, high);
    return clip_f32(x < 0.0f ? x * slope : x, low, high);
}

// Where a tap outside [0, size) reads with padding modes 0 zeros, 1 reflect, 2 replicate,
// 3 circular; -1: skip the tap. Reflect wants padding < size, circular padding <= size.
int padded_index(int i, int size, int mode)
{
    if (i >= 0 && i < size)
        return i;
    if (mode == 1)
        return i < 0 ? -i : 2 * (size - 1) - i;
    if (mode == 2)
        return i < 0 ? 0 : size - 1;
    if (mode == 3)
        return i < 0 ? i + size : i - size;
    return -1;
}

// Where tap r of output o of a convolution reads along one axis, or -1: skip the tap.
int conv_tap(int o, int r, int stride, int dilation, int pad, int size, int mode)
{
    return padded_index(o * stride + r * dilation - pad, size, mode);
}

// The same of a transposed convolution: taps that fall between inputs are skipped.
int conv_transpose_tap(int o, int r, int stride, int dilation, int pad, int size)
{
    int t = o + pad - r * dilation;

    return t >= 0 && t % stride == 0 && t / stride < size ? t / stride : -1;
}

// Either of them.
int window_tap(int backward, int o, int r, int stride, int dilation, int pad, int size, int mode)
{
    return backward ? conv_transpose_tap(o, r, stride, dilation, pad, size)
                    : conv_tap(o, r, stride, dilation, pad, size, mode);
}
