// Names of public enums, for error texts.
#include "plan/names.h"

#define NAMES(enum, first, ...) \
    const struct enum_names enum##_names = { first, (const char *const[]) { __VA_ARGS__, NULL } }

NAMES(dtype, CVY_DTYPE_DEFAULT, "CVY_DTYPE_DEFAULT", "CVY_F32", "CVY_F16", "CVY_BF16", "CVY_F64",
      "CVY_I8", "CVY_U8", "CVY_I32", "CVY_I64", "CVY_BOOL");
NAMES(layout, CVY_LAYOUT_DEFAULT, "CVY_LAYOUT_DEFAULT", "CVY_NCHW", "CVY_NHWC", "CVY_PLAIN");
NAMES(padding_rule, CVY_PAD_SYMMETRIC, "CVY_PAD_SYMMETRIC", "CVY_PAD_BEGIN_END", "CVY_PAD_SAME");
NAMES(padding_mode, CVY_ZEROS, "CVY_ZEROS", "CVY_REFLECT", "CVY_REPLICATE", "CVY_CIRCULAR");
NAMES(pool_kind, CVY_POOL_MAX, "CVY_POOL_MAX", "CVY_POOL_AVERAGE", "CVY_POOL_LP",
      "CVY_POOL_ADAPTIVE_MAX", "CVY_POOL_ADAPTIVE_AVERAGE");
NAMES(indices, CVY_INDICES_NONE, "CVY_INDICES_NONE", "CVY_INDICES_PLANE", "CVY_INDICES_TENSOR");
NAMES(count_pad, CVY_COUNT_PAD_DEFAULT, "CVY_COUNT_PAD_DEFAULT", "CVY_COUNT_PAD_INCLUDE",
      "CVY_COUNT_PAD_EXCLUDE");
NAMES(separable_kind, CVY_SEPARABLE_DEPTHWISE, "CVY_SEPARABLE_DEPTHWISE",
      "CVY_SEPARABLE_SPATIAL", "CVY_SEPARABLE_SPATIAL_DENSE");
NAMES(reduce_kind, CVY_REDUCE_SUM, "CVY_REDUCE_SUM", "CVY_REDUCE_MEAN", "CVY_REDUCE_MAX",
      "CVY_REDUCE_MIN", "CVY_REDUCE_ARGMAX", "CVY_REDUCE_ARGMIN");
NAMES(unary_kind, CVY_ABS, "CVY_ABS", "CVY_NEG", "CVY_EXP", "CVY_LOG", "CVY_SQRT",
      "CVY_RECIPROCAL", "CVY_ERF", "CVY_SOFTSIGN", "CVY_THRESHOLDED_RELU", "CVY_FLOOR",
      "CVY_CEIL", "CVY_ROUND");
NAMES(binary_kind, CVY_ADD, "CVY_ADD", "CVY_SUB", "CVY_MUL", "CVY_DIV", "CVY_MAX", "CVY_MIN",
      "CVY_POW", "CVY_EQUAL", "CVY_NOT_EQUAL", "CVY_LESS", "CVY_LESS_EQUAL", "CVY_GREATER",
      "CVY_GREATER_EQUAL");
NAMES(resize_mode, CVY_NEAREST, "CVY_NEAREST", "CVY_BILINEAR", "CVY_BICUBIC");
NAMES(coordinates, CVY_COORDINATES_DEFAULT, "CVY_COORDINATES_DEFAULT", "CVY_HALF_PIXEL",
      "CVY_ASYMMETRIC", "CVY_ALIGN_CORNERS", "CVY_PYTORCH_HALF_PIXEL",
      "CVY_HALF_PIXEL_SYMMETRIC", "CVY_TF_HALF_PIXEL", "CVY_TF_CROP_AND_RESIZE");
NAMES(rounding, CVY_ROUND_FLOOR, "CVY_ROUND_FLOOR", "CVY_ROUND_CEIL", "CVY_ROUND_PREFER_FLOOR",
      "CVY_ROUND_PREFER_CEIL");

static const char *const activations[] = {
    "CVY_NONE", "CVY_RELU", "CVY_CLIP", "CVY_RELU6", "CVY_LEAKY_RELU", "CVY_PRELU", "CVY_ELU",
    "CVY_SELU", "CVY_SIGMOID", "CVY_HARD_SIGMOID", "CVY_TANH", "CVY_SILU", "CVY_HARD_SWISH",
    "CVY_SOFTPLUS", "CVY_GELU", "CVY_GELU_TANH", "CVY_MISH", NULL
};
_Static_assert(COUNT_OF(activations) == CVY_ACTIVATION_COUNT + 1, "a name for each activation");
const struct enum_names activation_names = { CVY_NONE, activations };

const char *enum_name(const struct enum_names *names, int value)
{
    for (int i = 0; names->names[i]; i++)
        if (value == names->first + i)
            return names->names[i];
    return "no such value";
}

const char *dtype_name(cvy_dtype dtype)
{
    return enum_name(&dtype_names, (int)dtype);
}

const char *layout_name(cvy_layout layout)
{
    return enum_name(&layout_names, (int)layout);
}

const char *activation_name(cvy_activation_kind kind)
{
    return enum_name(&activation_names, (int)kind);
}
