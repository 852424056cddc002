// OP-SPEC text: the words, and what is a default and left out.
#include "ops/spec_text.h"
#include "plan/problem.h"

#include <math.h>

// Words ------------------------------------------------------------------------------------------

const char *const spec_dtypes[] = {
    "f32", "f16", "bf16", "f64", "i8", "u8", "i32", "i64", "bool", NULL
};
const char *const spec_layouts[] = { "nchw", "nhwc", "plain", NULL };
const char *const spec_padding_modes[] = { "zeros", "reflect", "replicate", "circular", NULL };
const char *const spec_activations[] = {
    "relu", "clip", "relu6", "leaky_relu", "prelu", "elu", "selu", "sigmoid", "hard_sigmoid",
    "tanh", "silu", "hard_swish", "softplus", "gelu", "gelu_tanh", "mish", NULL
};
_Static_assert(COUNT_OF(spec_activations) == CVY_ACTIVATION_COUNT, "a word for each activation");

static const char *const pool_kinds[] = {
    "max", "average", "lp", "adaptive_max", "adaptive_average", NULL
};
static const char *const separable_kinds[] = { "depthwise", "spatial", "spatial_dense", NULL };

static const char *const reduce_kinds[] = {
    "sum", "mean", "max", "min", "argmax", "argmin", NULL
};

static const char *const unary_kinds[] = {
    "abs", "neg", "exp", "log", "sqrt", "reciprocal", "erf", "softsign", "thresholded_relu",
    "floor", "ceil", "round", NULL
};
_Static_assert(COUNT_OF(unary_kinds) == CVY_UNARY_END, "a word for each function");

static const char *const binary_kinds[] = {
    "add", "sub", "mul", "div", "max", "min", "pow", "equal", "not_equal", "less", "less_equal",
    "greater", "greater_equal", NULL
};
_Static_assert(COUNT_OF(binary_kinds) == CVY_BINARY_END, "a word for each operation");

static const char *const resize_kinds[] = { "nearest", "bilinear", "bicubic", NULL };

// From 0 on: the first of each is left out.
static const char *const coordinates[] = {
    "default", "half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel",
    "half_pixel_symmetric", "tf_half_pixel", "tf_crop_and_resize", NULL
};
static const char *const roundings[] = { "floor", "ceil", "prefer_floor", "prefer_ceil", NULL };

const char *const *spec_flag_words(enum spec_type type)
{
    switch (type) {
    case SPEC_ACTIVATION_WORD:
        return spec_activations;
    case SPEC_COORDINATES:
        return coordinates;
    case SPEC_ROUNDING:
        return roundings;
    default:
        return NULL;
    }
}

const struct spec_operator spec_operators[SPEC_OP_COUNT] = {
    [SPEC_CONV] = { .name = "conv" },
    [SPEC_DECONV] = { .name = "deconv" },
    [SPEC_POOL] = { "pool", pool_kinds, CVY_POOL_MAX, true },
    [SPEC_UNPOOL] = { .name = "unpool" },
    [SPEC_SEPARABLE] = { "separable", separable_kinds, CVY_SEPARABLE_DEPTHWISE, false },
    [SPEC_LINEAR] = { .name = "linear" },
    [SPEC_ACTIVATION] = { .name = "activation" },
    [SPEC_CONCAT] = { .name = "concat" },
    [SPEC_COPY] = { .name = "copy" },
    [SPEC_SOFTMAX] = { .name = "softmax" },
    [SPEC_PAD] = { .name = "pad" },
    [SPEC_SLICE] = { .name = "slice" },
    [SPEC_TRANSPOSE] = { .name = "transpose" },
    [SPEC_DEPTH_TO_SPACE] = { .name = "depth_to_space" },
    [SPEC_SPACE_TO_DEPTH] = { .name = "space_to_depth" },
    [SPEC_GATHER] = { .name = "gather" },
    [SPEC_BATCH_NORM] = { .name = "batch_norm" },
    [SPEC_INSTANCE_NORM] = { .name = "instance_norm" },
    [SPEC_LRN] = { .name = "lrn" },
    [SPEC_REDUCE] = { "reduce", reduce_kinds, CVY_REDUCE_SUM, true },
    [SPEC_RESIZE] = { "resize", resize_kinds, CVY_NEAREST, false },
    [SPEC_MATMUL] = { .name = "matmul" },
    [SPEC_UNARY] = { "unary", unary_kinds, CVY_ABS, true },
    [SPEC_BINARY] = { "binary", binary_kinds, CVY_ADD, true },
    [SPEC_WHERE] = { .name = "where" },
    [SPEC_CAST] = { .name = "cast" },
};

#define BIT(op) (1u << SPEC_##op)
#define CONVS (BIT(CONV) | BIT(DECONV) | BIT(SEPARABLE))
#define WINDOWS (CONVS | BIT(POOL) | BIT(UNPOOL))
#define NORMS (BIT(BATCH_NORM) | BIT(INSTANCE_NORM))
#define BLOCKS (BIT(DEPTH_TO_SPACE) | BIT(SPACE_TO_DEPTH))
#define ANY ((1u << SPEC_OP_COUNT) - 1)
#define AT(field) offsetof(struct spec, field)

const struct spec_field spec_fields[] = {
    { "k", SPEC_NUMBER, AT(out_channels), 1, CONVS | BIT(LINEAR) },
    { "r", SPEC_LIST, AT(kernel_size), 1, WINDOWS },
    { "s", SPEC_LIST, AT(stride), 1, WINDOWS },
    { "p", SPEC_LIST, AT(padding), 0, WINDOWS },
    { "q", SPEC_LIST, AT(padding_end), 0, CONVS | BIT(POOL) },
    { "l", SPEC_LIST, AT(dilation), 1, CONVS | BIT(POOL) },
    { "g", SPEC_NUMBER, AT(groups), 1, BIT(CONV) | BIT(DECONV) },
    { "o", SPEC_LIST, AT(output), 0, BIT(DECONV) | BIT(POOL) | BIT(UNPOOL) | BIT(RESIZE) },
    { "m", SPEC_NUMBER, AT(multiplier), 1, BIT(SEPARABLE) },
    { "b", SPEC_NUMBER, AT(block), 1, BLOCKS },
};
const size_t spec_field_count = COUNT_OF(spec_fields);

const struct spec_field spec_flags[] = {
    { "scale", SPEC_FLAG, AT(scale), 0, NORMS },
    { "bias", SPEC_FLAG, AT(bias), 0, CONVS | BIT(LINEAR) | NORMS },
    { "bias2", SPEC_FLAG, AT(bias2), 0, BIT(SEPARABLE) },
    { "residual", SPEC_FLAG, AT(residual), 0, CONVS | BIT(LINEAR) },
    { "eps", SPEC_FLOAT, AT(eps), 1, NORMS },
    { NULL, SPEC_ACTIVATION_WORD, AT(activation), 0,
      CONVS | BIT(LINEAR) | BIT(ACTIVATION) | BIT(BINARY) | BIT(MATMUL) | NORMS },
    { "mid", SPEC_MID, AT(mid), 0, BIT(SEPARABLE) },
    { "global", SPEC_FLAG, AT(global), 0, BIT(POOL) },
    { "ceil", SPEC_FLAG, AT(ceil_mode), 0, BIT(POOL) },
    { "exclude_pad", SPEC_EXCLUDE_PAD, AT(count_include_pad), 0, BIT(POOL) },
    { "div", SPEC_VALUE, AT(divisor_override), 1, BIT(POOL) },
    { "norm", SPEC_FLOAT, AT(norm_type), 1, BIT(POOL) },
    { "indices", SPEC_INDICES, AT(indices), 0, BIT(POOL) | BIT(UNPOOL) },
    { "same", SPEC_SAME, AT(padding_rule), 0, BIT(CONV) | BIT(SEPARABLE) | BIT(POOL) },
    { "axis", SPEC_AXIS, AT(axis), 0, BIT(CONCAT) | BIT(SOFTMAX) | BIT(GATHER) },
    { "log", SPEC_FLAG, AT(log), 0, BIT(SOFTMAX) },
    { "size", SPEC_VALUE, AT(window), 1, BIT(LRN) },
    { "alpha", SPEC_FLOAT, AT(alpha), 0, BIT(LRN) | BIT(UNARY) | BIT(MATMUL) },
    { "beta", SPEC_FLOAT, AT(beta), 0, BIT(LRN) | BIT(MATMUL) },
    { "k", SPEC_FLOAT, AT(k), 0, BIT(LRN) },
    { "later", SPEC_FLAG, AT(later), 0, BIT(LRN) },
    { "axes", SPEC_AXIS_SET, AT(axes), 0, BIT(REDUCE) },
    { "keep_dims", SPEC_FLAG, AT(keep_dims), 0, BIT(REDUCE) },
    { "i32", SPEC_I32, AT(indices_dtype), 0, BIT(REDUCE) },
    { "before", SPEC_AXES, AT(before), INT64_MIN, BIT(PAD) },
    { "after", SPEC_AXES, AT(after), INT64_MIN, BIT(PAD) },
    { "value", SPEC_FLOAT, AT(value), 0, BIT(PAD) },
    { "start", SPEC_AXES, AT(start), INT64_MIN, BIT(SLICE) },
    { "step", SPEC_AXES, AT(step), INT64_MIN, BIT(SLICE) },
    { "size", SPEC_AXES, AT(size), 0, BIT(SLICE) },
    { "order", SPEC_AXES, AT(order), 0, BIT(TRANSPOSE) },
    { "depth_last", SPEC_FLAG, AT(depth_last), 0, BLOCKS },
    { "as", SPEC_AS, AT(as), 0, BIT(CAST) },
    { "scale", SPEC_FLOATS, AT(scales), 0, BIT(RESIZE) },
    { NULL, SPEC_COORDINATES, AT(coordinates), 0, BIT(RESIZE) },
    { NULL, SPEC_ROUNDING, AT(rounding), 0, BIT(RESIZE) },
    { "cubic", SPEC_FLOAT, AT(cubic_a), 0, BIT(RESIZE) },
    { "exclude_outside", SPEC_FLAG, AT(exclude_outside), 0, BIT(RESIZE) },
    { "roi_begin", SPEC_FLOATS, AT(roi_begin), 0, BIT(RESIZE) },
    { "roi_end", SPEC_FLOATS, AT(roi_end), 0, BIT(RESIZE) },
    { "extrapolation", SPEC_FLOAT, AT(extrapolation), 0, BIT(RESIZE) },
    { "transpose", SPEC_FLAG, AT(transpose), 0, BIT(MATMUL) },
    { "transpose2", SPEC_FLAG, AT(transpose2), 0, BIT(MATMUL) },
    { "to", SPEC_TO, AT(dst.layout), 0, ANY },
    { "src_stride", SPEC_SRC_STRIDE, AT(src.stride), 0, ANY },
    { "dst_stride", SPEC_DST_STRIDE, AT(dst.stride), 0, ANY },
};
const size_t spec_flag_count = COUNT_OF(spec_flags);

int spec_activation_values(cvy_activation_kind kind)
{
    return activation_values(kind);
}

// Defaults ---------------------------------------------------------------------------------------

bool spec_is_adaptive(const struct spec *spec)
{
    return spec->op == SPEC_POOL
        && (spec->kind == CVY_POOL_ADAPTIVE_MAX || spec->kind == CVY_POOL_ADAPTIVE_AVERAGE);
}

int spec_spatial(const struct spec *spec)
{
    return MIN(MAX(spec->src.rank - 2, 0), 3);
}

// No axis set means all; what has no axes left is a vector of one.
static int spec_reduced_rank(const struct spec *spec)
{
    int rank = MIN(MAX(spec->src.rank, 0), CVY_MAX_RANK), left = 0;

    for (int i = 0; i < rank; i++)
        left += !spec->axes[i];
    return left == 0 || left == rank ? 1 : left;
}

size_t spec_broadcasts(const struct spec *spec)
{
    return spec->op == SPEC_BINARY ? 2 : spec->op == SPEC_WHERE ? 3 : 0;
}

int spec_dst_rank(const struct spec *spec)
{
    int rank = spec->src.rank;

    if (spec->op == SPEC_GATHER)
        rank += spec->sources[1].rank - 1;
    for (size_t i = 1; i < spec_broadcasts(spec); i++)
        rank = MAX(rank, spec->sources[i].rank);
    if (spec->op == SPEC_REDUCE && !spec->keep_dims)
        rank = spec_reduced_rank(spec);
    if (spec->op == SPEC_MATMUL)
        rank = MAX(rank, spec->sources[1].rank);
    return MIN(MAX(rank, 0), CVY_MAX_RANK);
}

bool spec_list_is(const int64_t *list, int count, int64_t value)
{
    for (int i = 0; i < count; i++)
        if (list[i] != value)
            return false;
    return true;
}

static void list_clear(int64_t *list)
{
    memset(list, 0, 3 * sizeof *list);
}

// Layouts and strides: strides that are dense become 0; those of axes of size 1, which are free,
// become 1.
static void simplify_strides(cvy_desc *desc)
{
    struct tensor dense = { .layout = desc->layout };
    bool is_dense = true;

    for (int i = 0; i < CVY_MAX_RANK; i++)
        dense.size[i] = i < desc->rank ? desc->size[i] : 1;
    tensor_set_dense(&dense, desc->layout);
    for (int i = 0; i < CVY_MAX_RANK; i++) {
        if (i < desc->rank && desc->size[i] > 1)
            is_dense = is_dense && (desc->stride[i] == dense.stride[i] || desc->stride[i] == 0);
        else
            desc->stride[i] = i < desc->rank;
    }
    if (is_dense)
        memset(desc->stride, 0, sizeof desc->stride);
}

static void simplify_src(cvy_desc *src)
{
    if (src->dtype == CVY_DTYPE_DEFAULT)
        src->dtype = CVY_F32;
    if (src->layout == CVY_LAYOUT_DEFAULT)
        src->layout = CVY_NCHW;
    simplify_strides(src);
}

// Sizes of dst follow from the rest. Without them, as text gives it, strides stay what they are.
static void simplify_dst(struct spec *spec)
{
    cvy_desc *dst = &spec->dst;

    if (dst->layout == CVY_LAYOUT_DEFAULT)
        dst->layout = spec->src.layout;
    if (dst->rank)
        simplify_strides(dst);
    if (dst->layout == spec->src.layout || (spec->op == SPEC_REDUCE && !spec->keep_dims)
        || (spec->op == SPEC_MATMUL && dst->rank > 2))
        dst->layout = CVY_LAYOUT_DEFAULT;
    dst->dtype = CVY_DTYPE_DEFAULT;
    dst->rank = 0;
    memset(dst->size, 0, sizeof dst->size);
}

// Whether o is what unpool infers by itself; stride is still as the caller gave it.
static bool unpool_size_is_default(const struct spec *spec)
{
    for (int i = 0; i < spec_spatial(spec); i++) {
        int64_t kernel = spec->kernel_size[i];
        int64_t stride = spec->stride[i] ? spec->stride[i] : kernel;

        if (kernel == 0
            || spec->output[i] != cvy_conv_transpose_output_size(
                spec->src.size[2 + i], kernel, stride, 1, spec->padding[i], spec->padding[i], 0))
            return false;
    }
    return true;
}

// Whether o is what scale makes of the sizes: a product of float32, rounded down.
static bool resize_size_is_default(const struct spec *spec)
{
    for (int i = 0; i < spec_spatial(spec); i++)
        if (spec->scales[i] == 0.0f
            || (float)spec->output[i] != floorf((float)spec->src.size[2 + i] * spec->scales[i]))
            return false;
    return true;
}

static void simplify_output(struct spec *spec)
{
    if ((spec->op == SPEC_RESIZE && resize_size_is_default(spec))
        || (spec->op == SPEC_POOL && !spec_is_adaptive(spec))
        || (spec->op == SPEC_UNPOOL && unpool_size_is_default(spec)))
        list_clear(spec->output);
}

static void simplify_window(struct spec *spec)
{
    int spatial = spec_spatial(spec);
    bool by_kernel = spec->op == SPEC_POOL || spec->op == SPEC_UNPOOL;

    if (spec_is_adaptive(spec) || spec->global) {
        list_clear(spec->kernel_size);
        list_clear(spec->stride);
        list_clear(spec->dilation);
        list_clear(spec->padding);
        spec->padding_rule = CVY_PAD_SYMMETRIC;
    }
    if (by_kernel ? memcmp(spec->stride, spec->kernel_size, (size_t)spatial * sizeof(int64_t)) == 0
                  : spec_list_is(spec->stride, spatial, 1))
        list_clear(spec->stride);
    if (spec_list_is(spec->dilation, spatial, 1))
        list_clear(spec->dilation);
    if (spec->padding_rule == CVY_PAD_BEGIN_END
        && memcmp(spec->padding, spec->padding_end, (size_t)spatial * sizeof(int64_t)) == 0)
        spec->padding_rule = CVY_PAD_SYMMETRIC;
    if (spec->padding_rule != CVY_PAD_BEGIN_END)
        list_clear(spec->padding_end);
    if (spec->padding_rule == CVY_PAD_SAME)
        list_clear(spec->padding);
}

// alpha and beta become 0 together where both are what 0 means, or where the kind has none.
static void simplify_activation(cvy_activation *a)
{
    cvy_activation full = *a, defaults = { a->kind, 0.0f, 0.0f };
    int values = spec_activation_values(a->kind);

    if (values < 2)
        full.beta = 0.0f;
    if (values < 1)
        full.alpha = 0.0f;
    if (activation_check(&full, "activation") != CVY_OK)
        return;
    *a = full;
    if (activation_check(&defaults, "activation") == CVY_OK && full.alpha == defaults.alpha
        && full.beta == defaults.beta)
        a->alpha = a->beta = 0.0f;
}

static void simplify_rest(struct spec *spec)
{
    int64_t multiplier = 1;

    if (spec->groups == 1)
        spec->groups = 0;
    if (spec->op == SPEC_SEPARABLE && spec->kind == CVY_SEPARABLE_SPATIAL_DENSE)
        multiplier = spec->out_channels;
    if (spec->op == SPEC_SEPARABLE && spec->kind == CVY_SEPARABLE_SPATIAL)
        spec->out_channels = 0;
    if (spec->multiplier == multiplier)
        spec->multiplier = 0;
    if (spec->norm_type == 2.0f || (spec->op == SPEC_POOL && spec->kind != CVY_POOL_LP))
        spec->norm_type = 0.0f;
    if (spec->num_parameters == 1 || spec->activation.kind != CVY_PRELU)
        spec->num_parameters = 0;
    if (spec->op == SPEC_UNPOOL && spec->indices == CVY_INDICES_NONE)
        spec->indices = CVY_INDICES_PLANE;
    if (spec->indices_dtype != CVY_I32
        || (spec->indices == CVY_INDICES_NONE && spec->op != SPEC_REDUCE))
        spec->indices_dtype = CVY_DTYPE_DEFAULT;
    if (spec->op == SPEC_UNPOOL && spec->indices == CVY_INDICES_PLANE && !spec->indices_dtype)
        spec->indices = CVY_INDICES_NONE;
}

// A list that a slice has by default: steps of 1, and all the elements that those reach.
static void simplify_slice(struct spec *spec)
{
    int rank = MIN(MAX(spec->src.rank, 0), CVY_MAX_RANK);

    for (int i = 0; i < rank; i++) {
        int64_t start = spec->start[i], step = spec->step[i];
        int64_t there = step < 0 ? start / -step + 1
                                 : ceil_div(spec->src.size[i] - start, step);

        if (spec->size[i] == there)
            spec->size[i] = 0;
    }
    if (spec_list_is(spec->step, rank, 1))
        memset(spec->step, 0, sizeof spec->step);
}

static void float_default(float *value, float standard)
{
    if (*value == standard)
        *value = 0.0f;
}

// All axes named is none named.
static void simplify_norms(struct spec *spec)
{
    bool all = true;

    float_default(&spec->eps, 1e-5f);
    float_default(&spec->alpha, spec->op == SPEC_LRN ? 1e-4f : 1.0f);
    float_default(&spec->beta, spec->op == SPEC_LRN ? 0.75f : 1.0f);
    float_default(&spec->k, 1.0f);
    float_default(&spec->cubic_a, -0.75f);
    for (int i = 0; i < MIN(spec->src.rank, CVY_MAX_RANK); i++)
        all = all && spec->axes[i];
    if (all)
        memset(spec->axes, 0, sizeof spec->axes);
}

void spec_simplify(struct spec *spec)
{
    simplify_src(&spec->src);
    simplify_dst(spec);
    for (size_t i = 1; i < spec->src_count; i++)
        simplify_src(&spec->sources[i]);
    simplify_output(spec);
    simplify_window(spec);
    simplify_activation(&spec->activation);
    simplify_activation(&spec->mid);
    if (spec->op == SPEC_SLICE)
        simplify_slice(spec);
    simplify_norms(spec);
    simplify_rest(spec);
}
