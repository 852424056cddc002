// Convoy operators: one params struct and one create function for each, and the plans they give.
//
// A plan is one problem, solved for one context. Create it once, prepare its constants once if
// there are any, then enqueue it as often as you like, from any thread:
//
//     dst = activation(op(src) + bias + residual)
//
// Semantics are PyTorch's, and so are the names of the fields. Zero is the default in every field.
// Params live only until the call returns. Spatial arrays hold one entry for each spatial axis of
// src, outermost first: { w }, { h, w } or { d, h, w }.
// Every create function returns ARGUMENT (NULL, an enum out of range), SHAPE (sizes that do not
// fit), LIMIT (beyond 64 bits or the device), UNSUPPORTED (a dtype, or the forced algorithm cannot
// do it), BUILD or NOMEM_*; *out is NULL then.
#ifndef CONVOY_OPS_H
#define CONVOY_OPS_H

#include <convoy/plan.h>

#ifdef __cplusplus
extern "C" {
#endif

// Activations -------------------------------------------------------------------------------------

// alpha and beta of 0 mean PyTorch's defaults, which stand behind each kind. A kind whose formula
// has no alpha or beta takes none.
typedef enum cvy_activation_kind {
    CVY_NONE = 0,
    CVY_RELU,                   // max(x, 0)
    CVY_CLIP,                   // min(max(x, alpha), beta); no defaults
    CVY_RELU6,                  // min(max(x, 0), 6)
    CVY_LEAKY_RELU,             // x < 0 ? alpha x : x                        alpha 0.01
    CVY_PRELU,                  // x < 0 ? slope[c] x : x                     slope is a slot
    CVY_ELU,                    // x < 0 ? alpha (exp(x) - 1) : x             alpha 1
    CVY_SELU,                   // 1.0507 (x < 0 ? 1.67326 (exp(x) - 1) : x)
    CVY_SIGMOID,                // 1 / (1 + exp(-x))
    CVY_HARD_SIGMOID,           // min(max(alpha x + beta, 0), 1)             both 0: 1/6 and 1/2
    CVY_TANH,
    CVY_SILU,                   // x sigmoid(x)
    CVY_HARD_SWISH,             // alpha x min(max(x / 6 + 1/2, 0), 1) + beta     alpha 1, beta 0
    CVY_SOFTPLUS,               // alpha x > beta ? x : log(1 + exp(alpha x)) / alpha    1 and 20
    CVY_GELU,                   // x / 2 (1 + erf(x / sqrt 2))
    CVY_GELU_TANH,              // GELU's tanh approximation
    CVY_MISH,                   // x tanh(softplus(x))
    CVY_ACTIVATION_COUNT
} cvy_activation_kind;

typedef struct cvy_activation {
    cvy_activation_kind kind;
    float alpha, beta;
} cvy_activation;

// Padding -----------------------------------------------------------------------------------------

typedef enum cvy_padding_mode {
    CVY_ZEROS = 0, CVY_REFLECT, CVY_REPLICATE, CVY_CIRCULAR
} cvy_padding_mode;

typedef enum cvy_padding_rule {
    CVY_PAD_SYMMETRIC = 0,      // `padding` on both sides, padding_end all 0
    CVY_PAD_BEGIN_END,          // `padding` before, `padding_end` after
    CVY_PAD_SAME                // stride 1, no padding given: output as large as input; the odd
                                // one goes after
} cvy_padding_rule;

// Feature-map sizes along one axis; 0 or less means that no window fits. INT64_MIN on overflow or
// arguments below their least values (in 0, kernel 1, stride 1, dilation 1, padding 0).
//   conv:      floor((in + pad_begin + pad_end - dilation (kernel - 1) - 1) / stride) + 1
//   transpose: (in - 1) stride - pad_begin - pad_end + dilation (kernel - 1) + output_padding + 1
//   pool:      conv's; with ceil_mode rounded up, less a last window that starts in the end padding
CVY_API int64_t cvy_conv_output_size(int64_t in, int64_t kernel, int64_t stride, int64_t dilation,
                                     int64_t pad_begin, int64_t pad_end);
CVY_API int64_t cvy_conv_transpose_output_size(int64_t in, int64_t kernel, int64_t stride,
                                               int64_t dilation, int64_t pad_begin, int64_t pad_end,
                                               int64_t output_padding);
CVY_API int64_t cvy_pool_output_size(int64_t in, int64_t kernel, int64_t stride, int64_t dilation,
                                     int64_t pad_begin, int64_t pad_end, bool ceil_mode);

// Convolution -------------------------------------------------------------------------------------

// src [n][channels][spatial], 1 to 3 spatial axes. Lists here and below have an entry for each
// spatial axis; the others must be 0. stride and dilation: all set, or all 0 for the default.
// Slots: src, weights [out_channels][channels / groups][kernel], bias [out_channels] if asked for,
// residual as dst if asked for, slope [out_channels] with CVY_PRELU, dst.
typedef struct cvy_conv_params {
    cvy_desc src;                       // required
    int64_t out_channels;               // required, a multiple of groups
    int64_t kernel_size[3];             // required
    int64_t stride[3], dilation[3];     // 0 means 1
    int64_t padding[3], padding_end[3];
    cvy_padding_rule padding_rule;
    int64_t groups;                     // 0 means 1; divides the channels of src
    cvy_padding_mode padding_mode;      // REFLECT: padding < size. CIRCULAR: padding <= size
    bool bias, residual;
    cvy_activation activation;
    cvy_dtype weights_dtype;
    cvy_desc dst;                       // dtype, layout, strides wanted; rank 0: sizes inferred
    const cvy_plan_options *options;
} cvy_conv_params;
CVY_API cvy_status cvy_conv_create(cvy_context *context, const cvy_conv_params *params,
                                   cvy_plan **out);

// Transposed convolution ("deconv"): the gradient of a convolution with respect to its input.
// Slots as convolution, but weights [channels][out_channels / groups][kernel].
typedef struct cvy_conv_transpose_params {
    cvy_desc src;                       // required
    int64_t out_channels;               // required, a multiple of groups
    int64_t kernel_size[3];             // required
    int64_t stride[3], dilation[3];     // 0 means 1
    int64_t padding[3], padding_end[3]; // taken off the output
    cvy_padding_rule padding_rule;      // SYMMETRIC or BEGIN_END
    int64_t output_padding[3];          // added after; below the larger of stride and dilation
    int64_t groups;                     // 0 means 1
    bool bias, residual;
    cvy_activation activation;
    cvy_dtype weights_dtype;
    cvy_desc dst;
    const cvy_plan_options *options;
} cvy_conv_transpose_params;
CVY_API cvy_status cvy_conv_transpose_create(cvy_context *context,
                                             const cvy_conv_transpose_params *params,
                                             cvy_plan **out);

// Pooling -----------------------------------------------------------------------------------------

typedef enum cvy_pool_kind {
    CVY_POOL_MAX = 1,           // NaN wins, as in PyTorch; among equals the first
    CVY_POOL_AVERAGE,
    CVY_POOL_LP,                // (sum |x|^p)^(1/p) over the taps inside the input
    CVY_POOL_ADAPTIVE_MAX,      // window of output i: floor(i in / out) to ceil((i + 1) in / out)
    CVY_POOL_ADAPTIVE_AVERAGE
} cvy_pool_kind;

// What an index of max pooling counts: elements of one channel's plane in row-major order
// (PyTorch), or of the whole tensor in N, C, spatial order (ONNX).
typedef enum cvy_indices {
    CVY_INDICES_NONE = 0, CVY_INDICES_PLANE, CVY_INDICES_TENSOR
} cvy_indices;

// Whether the divisor of an average counts the padding (PyTorch's default) or not.
typedef enum cvy_count_pad {
    CVY_COUNT_PAD_DEFAULT = 0, CVY_COUNT_PAD_INCLUDE, CVY_COUNT_PAD_EXCLUDE
} cvy_count_pad;

// Slots: src, dst, and indices (dense in dst's layout) if asked for.
// A window without any tap inside the input gives -inf and index -1 (max), 0 (average, Lp).
typedef struct cvy_pool_params {
    cvy_pool_kind kind;                 // required
    cvy_desc src;                       // required
    int64_t kernel_size[3];             // required, but with `global` and the adaptive kinds
    int64_t stride[3];                  // 0 means kernel_size
    int64_t dilation[3];                // 0 means 1
    int64_t padding[3], padding_end[3]; // at most half the dilated window
    cvy_padding_rule padding_rule;
    bool ceil_mode;
    bool global;                        // one window over everything: max, average, Lp
    int64_t output_size[3];             // adaptive kinds: required
    cvy_count_pad count_include_pad;    // average
    int64_t divisor_override;           // average: divide by this; 0: none
    float norm_type;                    // Lp: p > 0; 0 means 2
    cvy_indices indices;                // max kinds
    cvy_dtype indices_dtype;            // I64 (default) or I32
    cvy_desc dst;
    const cvy_plan_options *options;
} cvy_pool_params;
CVY_API cvy_status cvy_pool_create(cvy_context *context, const cvy_pool_params *params,
                                   cvy_plan **out);

// Undoes max pooling: dst is 0 but where an index says. Where two say the same, the last in N, C,
// spatial order wins; an index outside the plane (or tensor) is dropped.
// Slots: src, indices (shape and layout of src, dense), dst.
typedef struct cvy_max_unpool_params {
    cvy_desc src;                       // required: the pooled values
    int64_t kernel_size[3];             // required, but when output_size is given
    int64_t stride[3];                  // 0 means kernel_size
    int64_t padding[3];
    int64_t output_size[3];             // 0: (in - 1) stride - 2 padding + kernel_size. Otherwise
                                        // less than a stride from that, if kernel_size is given
    cvy_indices indices;                // 0 means PLANE
    cvy_dtype indices_dtype;            // I64 (default) or I32
    cvy_desc dst;
    const cvy_plan_options *options;
} cvy_max_unpool_params;
CVY_API cvy_status cvy_max_unpool_create(cvy_context *context, const cvy_max_unpool_params *params,
                                         cvy_plan **out);

// Separable convolution ---------------------------------------------------------------------------

typedef enum cvy_separable_kind {
    CVY_SEPARABLE_DEPTHWISE = 0,    // each channel with its own k x k filters, then 1 x 1 over all
    CVY_SEPARABLE_SPATIAL,          // each channel with its own k x 1 filter, then its own 1 x k
    CVY_SEPARABLE_SPATIAL_DENSE     // k x 1 over all channels, then 1 x k over all
} cvy_separable_kind;

// Two convolutions as one plan. Slots: src, weights and bias of the first, weights2 and bias2 of
// the second, slope (of the second's PRELU), residual, dst.
//   DEPTHWISE      weights [c m][1][kernel]         weights2 [out_channels][c m][1...]
//   SPATIAL        weights [c][1][k0, 1...]         weights2 [c][1][1, k1...]
//   SPATIAL_DENSE  weights [mid][c][k0, 1...]       weights2 [out_channels][mid][1, k1...]
// m is channel_multiplier, mid is mid_channels. For the spatial kinds the first convolution takes
// the first spatial axis' kernel, stride, dilation and padding, the second those of the others.
typedef struct cvy_separable_params {
    cvy_separable_kind kind;
    cvy_desc src;                       // required; the spatial kinds need 2 or 3 spatial axes
    int64_t out_channels;               // required; SPATIAL: 0 or the channels of src
    int64_t channel_multiplier;         // DEPTHWISE: 0 means 1
    int64_t mid_channels;               // SPATIAL_DENSE: 0 means out_channels
    int64_t kernel_size[3];             // required
    int64_t stride[3], dilation[3];     // 0 means 1
    int64_t padding[3], padding_end[3];
    cvy_padding_rule padding_rule;
    cvy_padding_mode padding_mode;
    bool bias, bias2, residual;         // of the first, of the second, added after the second
    cvy_activation activation;          // after the first; not PRELU
    cvy_activation activation2;         // after the second
    cvy_dtype weights_dtype;
    cvy_desc dst;
    const cvy_plan_options *options;
} cvy_separable_params;
CVY_API cvy_status cvy_separable_create(cvy_context *context, const cvy_separable_params *params,
                                        cvy_plan **out);

// Fully connected ---------------------------------------------------------------------------------

// src [..., in_features] (PLAIN, or rank 2 in any layout). Slots: src, weights
// [out_features][in_features], bias [out_features], slope [out_features], residual, dst.
typedef struct cvy_linear_params {
    cvy_desc src;                       // required
    int64_t out_features;               // required
    bool bias, residual;
    cvy_activation activation;
    cvy_dtype weights_dtype;
    cvy_desc dst;
    const cvy_plan_options *options;
} cvy_linear_params;
CVY_API cvy_status cvy_linear_create(cvy_context *context, const cvy_linear_params *params,
                                     cvy_plan **out);

// Element-wise, copies, softmax -------------------------------------------------------------------

// Slots: src, dst (may be exactly src), slope with CVY_PRELU. Any layout and rank.
typedef struct cvy_activation_params {
    cvy_desc src;                       // required
    cvy_activation activation;          // required
    int64_t num_parameters;             // PRELU: slopes, 1 or the channels (axis 1); 0 means 1
    cvy_desc dst;
    const cvy_plan_options *options;
} cvy_activation_params;
CVY_API cvy_status cvy_activation_create(cvy_context *context, const cvy_activation_params *params,
                                         cvy_plan **out);

// Puts tensors one behind the other along an axis. Slots: srcs with src_count, dst.
typedef struct cvy_concat_params {
    const cvy_desc *srcs;               // required: one dtype and rank, sizes equal but on `axis`
    size_t src_count;                   // required, 1 to CVY_MAX_SOURCES
    int32_t axis;                       // 0 is N, 1 is C, ...; negative counts from the last
    cvy_desc dst;
    const cvy_plan_options *options;
} cvy_concat_params;
#define CVY_MAX_SOURCES 64
CVY_API cvy_status cvy_concat_create(cvy_context *context, const cvy_concat_params *params,
                                     cvy_plan **out);

// Copies src to dst whatever the layout and strides of each: NCHW to NHWC and back, packing,
// spreading. Slots: src, dst.
typedef struct cvy_copy_params {
    cvy_desc src;                       // required
    cvy_desc dst;                       // layout and strides wanted
    const cvy_plan_options *options;
} cvy_copy_params;
CVY_API cvy_status cvy_copy_create(cvy_context *context, const cvy_copy_params *params,
                                   cvy_plan **out);

// exp(x - max) / sum exp(x - max) along one axis, or its logarithm. Slots: src, dst (may be exactly
// src).
typedef struct cvy_softmax_params {
    cvy_desc src;                       // required
    bool log;                           // log_softmax
    int32_t axis;                       // 0 is N, 1 is C, ...; negative counts from the last
    cvy_desc dst;
    const cvy_plan_options *options;
} cvy_softmax_params;
CVY_API cvy_status cvy_softmax_create(cvy_context *context, const cvy_softmax_params *params,
                                      cvy_plan **out);

// Normalisation -----------------------------------------------------------------------------------

// dst = activation((src - mean[c]) / sqrt(variance[c] + eps) scale[c] + bias[c]), with statistics
// from training. src [n][c] and 0 to 3 spatial axes. Slots: src, mean, variance, scale and bias if
// asked for, slope [c] with CVY_PRELU, dst (may be exactly src); vectors of c elements.
typedef struct cvy_batch_norm_params {
    cvy_desc src;                       // required
    float eps;                          // 0 means 1e-5
    bool scale, bias;
    cvy_activation activation;
    cvy_desc dst;
    const cvy_plan_options *options;
} cvy_batch_norm_params;
CVY_API cvy_status cvy_batch_norm_create(cvy_context *context, const cvy_batch_norm_params *params,
                                         cvy_plan **out);

// The same with mean and (biased) variance of each image's channel over its spatial axes, 1 to 3.
// Slots: src, scale and bias if asked for, slope with CVY_PRELU, dst (may be exactly src).
typedef struct cvy_instance_norm_params {
    cvy_desc src;                       // required
    float eps;                          // 0 means 1e-5
    bool scale, bias;
    cvy_activation activation;
    cvy_desc dst;
    const cvy_plan_options *options;
} cvy_instance_norm_params;
CVY_API cvy_status cvy_instance_norm_create(cvy_context *context,
                                            const cvy_instance_norm_params *params,
                                            cvy_plan **out);

// Local response normalisation across channels: src / (k + alpha / size sum src^2)^beta over the
// channels from c - size / 2 to c + (size - 1) / 2 that exist (PyTorch); with `later`, those from
// c - (size - 1) / 2 to c + size / 2 (ONNX: another window for even sizes).
// src [n][c] and 1 to 3 spatial axes. Slots: src, dst.
typedef struct cvy_lrn_params {
    cvy_desc src;                       // required
    int64_t size;                       // required: channels, 1 or more
    float alpha, beta, k;               // 0 means 1e-4, 0.75, 1
    bool later;
    cvy_desc dst;
    const cvy_plan_options *options;
} cvy_lrn_params;
CVY_API cvy_status cvy_lrn_create(cvy_context *context, const cvy_lrn_params *params,
                                  cvy_plan **out);

// Element-wise arithmetic -------------------------------------------------------------------------

typedef enum cvy_unary_kind {
    CVY_ABS = 1, CVY_NEG, CVY_EXP, CVY_LOG, CVY_SQRT, CVY_RECIPROCAL, CVY_ERF,
    CVY_SOFTSIGN,                       // x / (1 + |x|)
    CVY_THRESHOLDED_RELU,               // x <= alpha ? 0 : x (a NaN stays)
    CVY_FLOOR, CVY_CEIL,
    CVY_ROUND,                          // halves to the even neighbour
    CVY_UNARY_END
} cvy_unary_kind;

// Slots: src, dst (may be exactly src). Any rank.
typedef struct cvy_unary_params {
    cvy_unary_kind kind;                // required
    cvy_desc src;                       // required
    float alpha;                        // THRESHOLDED_RELU: 0 means 1
    cvy_desc dst;
    const cvy_plan_options *options;
} cvy_unary_params;
CVY_API cvy_status cvy_unary_create(cvy_context *context, const cvy_unary_params *params,
                                    cvy_plan **out);

typedef enum cvy_binary_kind {
    CVY_ADD = 1, CVY_SUB, CVY_MUL, CVY_DIV,
    CVY_MAX, CVY_MIN,                   // NaN wins
    CVY_POW,
    CVY_EQUAL, CVY_NOT_EQUAL, CVY_LESS, CVY_LESS_EQUAL, CVY_GREATER,
    CVY_GREATER_EQUAL,                  // comparisons: dst is CVY_BOOL, 0 or 1
    CVY_BINARY_END
} cvy_binary_kind;

// dst = activation(src op src2). Sizes broadcast as in PyTorch: axes are matched from the last, a
// missing axis or one of size 1 repeats. Slots: src, src2, dst (arithmetic: may be exactly a source
// that is not broadcast). Any ranks; layouts of one kind, all maps or all PLAIN.
typedef struct cvy_binary_params {
    cvy_binary_kind kind;               // required
    cvy_desc src, src2;                 // required
    cvy_activation activation;          // arithmetic only; not PRELU
    cvy_desc dst;
    const cvy_plan_options *options;
} cvy_binary_params;
CVY_API cvy_status cvy_binary_create(cvy_context *context, const cvy_binary_params *params,
                                     cvy_plan **out);

// dst = condition ? src : src2, the three broadcast as above. condition is CVY_BOOL (any byte but 0
// is true). Slots: srcs { condition, src, src2 } with src_count 3, dst.
typedef struct cvy_where_params {
    cvy_desc condition, src, src2;      // required
    cvy_desc dst;
    const cvy_plan_options *options;
} cvy_where_params;
CVY_API cvy_status cvy_where_create(cvy_context *context, const cvy_where_params *params,
                                    cvy_plan **out);

// Converts between any two of the dtypes. To integers: towards 0, values beyond the range become
// its ends, NaN becomes 0. To BOOL: 0 is false, all else (NaN too) true. To narrower floats: to the
// nearest, ties to even, with infinities and subnormals. Made of integers: needs no fp64 and no
// fp16 of the device, and gives the same bits on every one. Slots: src, dst.
typedef struct cvy_cast_params {
    cvy_desc src;                       // required
    cvy_dtype dtype;                    // required: of dst
    cvy_desc dst;                       // its dtype is 0 or the same
    const cvy_plan_options *options;
} cvy_cast_params;
CVY_API cvy_status cvy_cast_create(cvy_context *context, const cvy_cast_params *params,
                                   cvy_plan **out);

// Rearranging ------------------------------------------------------------------------------------

// Puts values around: dst.size = before + src.size + after on each axis, in the order N, C, spatial
// for maps. ZEROS fills with `value` and takes negative numbers, which cut. The other modes are
// those of convolution, on any axis. Slots: src, dst.
typedef struct cvy_pad_params {
    cvy_desc src;                       // required
    int64_t before[CVY_MAX_RANK], after[CVY_MAX_RANK];
    cvy_padding_mode mode;
    float value;                        // ZEROS
    cvy_desc dst;
    const cvy_plan_options *options;
} cvy_pad_params;
CVY_API cvy_status cvy_pad_create(cvy_context *context, const cvy_pad_params *params,
                                  cvy_plan **out);

// Every step-th element of each axis: dst[i] = src[start + i step]. Slots: src, dst.
typedef struct cvy_slice_params {
    cvy_desc src;                       // required
    int64_t start[CVY_MAX_RANK];        // negative counts from the end
    int64_t step[CVY_MAX_RANK];         // 0 means 1; negative goes backwards
    int64_t size[CVY_MAX_RANK];         // elements of dst; 0: as many as there are
    cvy_desc dst;
    const cvy_plan_options *options;
} cvy_slice_params;
CVY_API cvy_status cvy_slice_create(cvy_context *context, const cvy_slice_params *params,
                                    cvy_plan **out);

// Axis i of dst is axis order[i] of src (PyTorch's permute). Slots: src, dst.
typedef struct cvy_transpose_params {
    cvy_desc src;                       // required
    int32_t order[CVY_MAX_RANK];        // required: each axis once
    cvy_desc dst;
    const cvy_plan_options *options;
} cvy_transpose_params;
CVY_API cvy_status cvy_transpose_create(cvy_context *context, const cvy_transpose_params *params,
                                        cvy_plan **out);

// Blocks of channels to blocks of pixels and back, in 2-D: [n][c b b][h][w] and [n][c][h b][w b].
// The order of the b b c channels is c first (PyTorch's pixel_shuffle, ONNX's CRD), or with
// `depth_last` c last (ONNX's DCR and SpaceToDepth). Slots: src, dst.
typedef struct cvy_block_params {
    cvy_desc src;                       // required: two spatial axes
    int64_t block;                      // required: b
    bool depth_last;
    cvy_desc dst;
    const cvy_plan_options *options;
} cvy_block_params;
CVY_API cvy_status cvy_depth_to_space_create(cvy_context *context, const cvy_block_params *params,
                                             cvy_plan **out);
CVY_API cvy_status cvy_space_to_depth_create(cvy_context *context, const cvy_block_params *params,
                                             cvy_plan **out);

// Picks slices along an axis: dst has the axes of src with `axis` replaced by those of indices
// (ONNX's Gather; PyTorch's index_select for a vector). Negative indices count from the end; one
// outside gives zeros. At most CVY_MAX_RANK axes in dst. Slots: src, indices, dst.
typedef struct cvy_gather_params {
    cvy_desc src;                       // required
    cvy_desc indices;                   // required: I32 or I64, PLAIN, dense
    int32_t axis;                       // negative counts from the last
    cvy_desc dst;
    const cvy_plan_options *options;
} cvy_gather_params;
CVY_API cvy_status cvy_gather_create(cvy_context *context, const cvy_gather_params *params,
                                     cvy_plan **out);

// Reduction ---------------------------------------------------------------------------------------

typedef enum cvy_reduce_kind {
    CVY_REDUCE_SUM = 1, CVY_REDUCE_MEAN,
    CVY_REDUCE_MAX, CVY_REDUCE_MIN,     // NaN wins
    CVY_REDUCE_ARGMAX, CVY_REDUCE_ARGMIN,   // position along the one axis; the first among equals,
                                            // NaN before all; dst is I64 (default) or I32
    CVY_REDUCE_END
} cvy_reduce_kind;

// Over the axes named; the sums are trees of a fixed shape, the same on every run. No axis named:
// all of them. Without keep_dims the axes go (all gone: rank 1, size 1), and the result is PLAIN.
// Slots: src, dst.
typedef struct cvy_reduce_params {
    cvy_reduce_kind kind;               // required
    cvy_desc src;                       // required
    bool axes[CVY_MAX_RANK];
    bool keep_dims;
    cvy_desc dst;
    const cvy_plan_options *options;
} cvy_reduce_params;
CVY_API cvy_status cvy_reduce_create(cvy_context *context, const cvy_reduce_params *params,
                                     cvy_plan **out);

// Resize ------------------------------------------------------------------------------------------

typedef enum cvy_resize_mode { CVY_NEAREST = 0, CVY_BILINEAR, CVY_BICUBIC } cvy_resize_mode;
// From an output position o to an input position, with s the scale (output over input). Positions
// are exact fractions, so that every device reads the same pixels. Where out is 1, ALIGN_CORNERS
// is at 0, TF_CROP_AND_RESIZE in the middle of the region.
typedef enum cvy_resize_coordinates {
    CVY_COORDINATES_DEFAULT = 0,        // PyTorch's: ASYMMETRIC for NEAREST, else HALF_PIXEL
    CVY_HALF_PIXEL,                     // (o + 1/2) / s - 1/2
    CVY_ASYMMETRIC,                     // o / s
    CVY_ALIGN_CORNERS,                  // o (in - 1) / (out - 1)
    CVY_PYTORCH_HALF_PIXEL,             // as HALF_PIXEL, 0 where out is 1
    CVY_HALF_PIXEL_SYMMETRIC,           // as HALF_PIXEL, centred where out is not in s
    CVY_TF_HALF_PIXEL,                  // (o + 1/2) / s
    CVY_TF_CROP_AND_RESIZE              // roi_begin (in - 1) + o (roi_end - roi_begin) (in - 1)
                                        // / (out - 1); outside the input: extrapolation_value
} cvy_resize_coordinates;
typedef enum cvy_resize_rounding {
    CVY_ROUND_FLOOR = 0, CVY_ROUND_CEIL, CVY_ROUND_PREFER_FLOOR, CVY_ROUND_PREFER_CEIL
} cvy_resize_rounding;

// Samples the spatial axes (1 to 3) anew; formulas of ONNX's Resize. BILINEAR is linear on each
// axis, BICUBIC convolution with four taps of coefficient cubic_a. Taps outside read at the edge;
// those of weight 0 are not read. roi counts in steps of 2^-16 or, where that fits 60 bits, finer.
// Slots: src, dst.
typedef struct cvy_resize_params {
    cvy_desc src;                       // required
    int64_t output_size[3];             // 0: floor(in scale), the product in float32
    float scale[3];                     // 0: output_size / in
    cvy_resize_mode mode;
    cvy_resize_coordinates coordinates;
    cvy_resize_rounding rounding;       // NEAREST
    float cubic_a;                      // BICUBIC: 0 means -0.75
    bool exclude_outside;               // BICUBIC: taps outside get no weight, the rest are scaled
                                        // to a sum of 1
    float roi_begin[3], roi_end[3];     // TF_CROP_AND_RESIZE, shares of the axis
    float extrapolation_value;          // TF_CROP_AND_RESIZE
    cvy_desc dst;
    const cvy_plan_options *options;
} cvy_resize_params;
CVY_API cvy_status cvy_resize_create(cvy_context *context, const cvy_resize_params *params,
                                     cvy_plan **out);

// Matrices ----------------------------------------------------------------------------------------

// dst = activation(alpha src src2 + beta bias). src [..., m, k], src2 [..., k, n] (their last two
// axes exchanged if asked for); the axes before them broadcast as in PyTorch. bias, of any rank up
// to dst's, broadcasts to dst. Slots: src, src2, bias if its rank is not 0, dst. Ranks 2 to
// CVY_MAX_RANK, PLAIN or rank 2; the layouts of src2, bias and dst are PLAIN by default, or src's
// with rank 2.
typedef struct cvy_matmul_params {
    cvy_desc src, src2;                 // required
    bool transpose, transpose2;
    cvy_desc bias;                      // rank 0: none
    float alpha, beta;                  // 0 means 1
    cvy_activation activation;          // not PRELU
    cvy_desc dst;
    const cvy_plan_options *options;
} cvy_matmul_params;
CVY_API cvy_status cvy_matmul_create(cvy_context *context, const cvy_matmul_params *params,
                                     cvy_plan **out);

#ifdef __cplusplus
}
#endif
#endif
