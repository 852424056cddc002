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

#include <convoy/core.h>

#ifdef __cplusplus
extern "C" {
#endif

// Options of planning -----------------------------------------------------------------------------

typedef struct cvy_plan_options {
    const char *algorithm;      // by name (cvy_algorithm_list); NULL: the planner's choice
    bool exact;                 // only algorithms with direct summation
    bool deterministic;         // never exchange the implementation later
    size_t max_workspace;       // bytes an enqueue may need; 0: no limit
} cvy_plan_options;

// Activations -------------------------------------------------------------------------------------

// alpha and beta of 0 mean PyTorch's defaults, which stand behind each kind.
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
    CVY_HARD_SWISH,             // x min(max(x / 6 + 1/2, 0), 1)
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
    CVY_PAD_SYMMETRIC = 0,      // `padding` on both sides
    CVY_PAD_BEGIN_END,          // `padding` before, `padding_end` after
    CVY_PAD_SAME                // stride 1: output as large as input; the odd one goes after
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

// src [n][channels][spatial], 1 to 3 spatial axes.
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
    int64_t output_size[3];             // 0: (in - 1) stride - 2 padding + kernel_size
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

// exp(x - max) / sum exp(x - max) along one axis. Slots: src, dst (may be exactly src).
typedef struct cvy_softmax_params {
    cvy_desc src;                       // required
    int32_t axis;                       // 0 is N, 1 is C, ...; negative counts from the last
    cvy_desc dst;
    const cvy_plan_options *options;
} cvy_softmax_params;
CVY_API cvy_status cvy_softmax_create(cvy_context *context, const cvy_softmax_params *params,
                                      cvy_plan **out);

// Rearranging -------------------------------------------------------------------------------------

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

// Plans -------------------------------------------------------------------------------------------

// A plan from one line of text, the same that cvy_plan_info prints, such as
// "conv n1 c64 h56 w56 k64 r3x3 p1x1 f32 nhwc +bias +relu". options may be NULL.
// Errors: ARGUMENT with the word that is wrong; then the create function's own.
CVY_API cvy_status cvy_plan_from_spec(cvy_context *context, const char *spec,
                                      const cvy_plan_options *options, cvy_plan **out);
CVY_API void cvy_plan_destroy(cvy_plan **plan);

typedef struct cvy_plan_info {
    char algorithm[128];        // "conv_via_nhwc(conv_direct)" names what it is made of
    char why[160];              // why this one
    char spec[512];             // the problem, canonical: cvy_plan_from_spec takes it back
    cvy_desc dst;               // dense strides filled in
    cvy_desc indices;           // rank 0 if the plan has none
    int64_t macs, parameters;   // multiply-adds and weights of the problem as it is solved
    int64_t full_macs, full_parameters;     // of the full convolution that a separable one stands
                                            // for; the same as above elsewhere. H W D K F F
                                            // against H W D F F + H W D K for a depthwise one
    int64_t bytes;              // read and written at least: sources, constants, outputs
    size_t workspace;           // bytes an enqueue with prepared weights needs
    size_t workspace_unprepared;    // bytes an enqueue without them needs
    size_t packed;              // bytes of prepared weights
    int32_t launches, prepare_launches;
    double estimate_seconds;    // the planner's guess
} cvy_plan_info;
CVY_API cvy_status cvy_plan_info_get(const cvy_plan *plan, cvy_plan_info *out);

// What a job reads and writes. A slot that the plan needs and finds empty, or does not know and
// finds set, is ARGUMENT. Outputs may overlap nothing, but `residual` (and src of element-wise
// operators) may be exactly dst. Anything else that overlaps is ALIAS.
typedef struct cvy_args {
    cvy_tensor src, src2, weights, bias, weights2, bias2;
    cvy_tensor scale, mean, variance, slope;
    cvy_tensor residual, indices, dst;
    cvy_tensor workspace;               // offset a multiple of 256; empty: the queue lends its own
    const cvy_tensor *srcs;             // concat
    size_t src_count;
    const cvy_weights *prepared;        // instead of every constant above
} cvy_args;

// Packs the plan's constants (weights, bias, weights2, bias2, slope of `constants`) for its
// implementation and returns without waiting. The raw tensors must not change until packing is
// complete, which an enqueue on any queue waits for by itself; afterwards they may. A plan without
// constants: STATE.
CVY_API cvy_status cvy_plan_prepare(cvy_plan *plan, cvy_queue *queue, const cvy_args *constants,
                                    cvy_weights **out);
// Waits until packing is complete; timeout as in cvy_event_wait.
CVY_API cvy_status cvy_weights_wait(cvy_weights *weights, int64_t timeout_ns);
// Lets go of the raw tensors, which are kept to pack again for a better implementation.
CVY_API cvy_status cvy_weights_release_raw(cvy_weights *weights);
CVY_API void cvy_weights_destroy(cvy_weights **weights);

// Runs the plan once: enqueues its launches and returns. wait and ev may be NULL. Compiles nothing
// and never blocks; allocates device memory only to grow the queue's own workspace.
CVY_API cvy_status cvy_plan_enqueue(cvy_plan *plan, cvy_queue *queue, const cvy_args *args,
                                    const cvy_wait *wait, cvy_event **ev);
// Grows the queue's workspace ahead for this plan, prepared or not.
CVY_API cvy_status cvy_queue_reserve(cvy_queue *queue, const cvy_plan *plan);

#ifdef __cplusplus
}
#endif
#endif
