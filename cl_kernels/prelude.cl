// Stands once at the head of every program: type-named loads and stores, activations, grids.
//
// The contract that every kernel file obeys:
// - One kernel a file, with the file's name: __kernel void FN(conv_direct)(...). FN adds a suffix
//   for each instance. Helper functions are named through FN as well.
// - A tensor is two arguments: a global pointer and the ulong number of its first element. A pointer
//   that the problem has no use for is valid and is not read.
// - Scalars are int, uint, long, ulong or float. When all of them are 0 the kernel returns at once:
//   before it divides, and without touching memory.
// - The work-group size is fixed: __attribute__((reqd_work_group_size(LOCAL_X, LOCAL_Y, LOCAL_Z))).
//   Global offsets are never used: a launch of a slice gets the slice's first row or item.
// - Types are T (storage), ACC (sums) and VT (a vector of V elements of ACC), memory goes through
//   LOAD(p, i), STORE(p, i, value), VLOAD(p), VSTORE(value, p).
// - Every macro that a file needs and the runtime does not bind has a default under #ifndef, so that
//   prelude and file compile alone.
// - A tap in zero padding is skipped, never multiplied: an infinite weight must not make a NaN.
#ifndef FN
#define FN(name) name
#define T float
#define ACC float
#define V 1
#define VT float
#define VLOAD(p) (*(p))
#define VSTORE(value, p) (*(p) = (value))
#define LOAD(p, i) load_f32(p, i)
#define STORE(p, i, value) store_f32(p, i, value)
#define LOCAL_X 1
#define LOCAL_Y 1
#define LOCAL_Z 1
#endif

// The item of a launch over a flat range, which the runtime folds into two axes.
#define FLAT_ITEM(first)                                                                   \
    ((first) + ((ulong)get_group_id(1) * get_num_groups(0) + get_group_id(0)) * LOCAL_X     \
        + get_local_id(0))

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

float softplus_f32(float x)
{
    return x > 0.0f ? x + log1p(exp(-x)) : log1p(exp(x));
}

float sigmoid_f32(float x)
{
    float e = exp(-fabs(x));

    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

float clip_f32(float x, float low, float high)
{
    x = x < low ? low : x;
    return x > high ? high : x;
}

float activate_smooth_f32(float x, int kind, float alpha, float beta)
{
    switch (kind) {
    case 6: return x < 0.0f ? alpha * expm1(x) : x;
    case 7: return 1.05070098735548f * (x < 0.0f ? 1.67326324235437f * expm1(x) : x);
    case 8: return sigmoid_f32(x);
    case 10: return tanh(x);
    case 11: return x < -104.0f ? x * 0.0f : x * sigmoid_f32(x);
    case 13: return alpha * x > beta ? x : softplus_f32(alpha * x) / alpha;
    case 14: return 0.5f * x * (1.0f + erf(x * 0.707106781186548f));
    case 15:
        return 0.5f * x * (1.0f + tanh(0.797884560802865f * (x + 0.044715f * x * x * x)));
    default: return x * tanh(softplus_f32(x));
    }
}

float activate_f32(float x, int kind, float alpha, float beta)
{
    switch (kind) {
    case 0: return x;
    case 1: return x < 0.0f ? 0.0f : x;
    case 2: return clip_f32(x, alpha, beta);
    case 3: return clip_f32(x, 0.0f, 6.0f);
    case 4:
    case 5: return x < 0.0f ? alpha * x : x;
    case 9: return clip_f32(alpha * x + beta, 0.0f, 1.0f);
    case 12: return x * clip_f32(x * 0.166666667f + 0.5f, 0.0f, 1.0f);
    default: return activate_smooth_f32(x, kind, alpha, beta);
    }
}

// The piecewise-linear activations of vector kernels: none, relu, clip, relu6 and leaky_relu are
// one formula with a slope below zero and two bounds.
#define PIECEWISE(x, slope, low, high, out)                                                \
    do {                                                                                   \
        VT bent_ = (x) < (VT)(0) ? (x) * (VT)(slope) : (x);                                \
        bent_ = bent_ < (VT)(low) ? (VT)(low) : bent_;                                     \
        (out) = bent_ > (VT)(high) ? (VT)(high) : bent_;                                   \
    } while (0)

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
