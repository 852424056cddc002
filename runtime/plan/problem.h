// A canonical problem: what algorithms see. The operators in runtime/ops/ make one from public
// params; nothing here has defaults left to fill.
#ifndef CVY_PROBLEM_H
#define CVY_PROBLEM_H

#include "plan/tensor.h"

enum op {
    OP_CONV, OP_POOL, OP_UNPOOL, OP_SEPARABLE, OP_ACTIVATION, OP_COPY, OP_CONCAT, OP_SOFTMAX,
    OP_BATCH_NORM, OP_INSTANCE_NORM, OP_LRN, OP_UNARY, OP_BINARY, OP_WHERE, OP_CAST, OP_PAD,
    OP_GATHER, OP_REDUCE, OP_RESIZE, OP_MATMUL,
    OP_COUNT
};
const char *op_name(enum op op);
// Operators whose kernels stand in one program: "maps", which nearly every network needs, or
// "others".
const char *op_family(enum op op);

// Which way a convolution runs. BACKWARD_DATA is the transposed convolution: src has the feature
// map that a forward convolution would give, dst the one that it would take.
enum direction { FORWARD, BACKWARD_DATA, BACKWARD_WEIGHTS };

// A window over depth, height and width; unused axes have kernel, stride, dilation 1, padding 0.
struct window {
    int64_t kernel[3], stride[3], dilation[3], pad[3];      // pad: begin
};

// Weights are [k][c / groups][kernel] forward, [c][k / groups][kernel] backward to data, with c the
// channels of src and k those of dst.
struct conv_problem {
    struct window window;
    int64_t groups;
    cvy_padding_mode padding_mode;
    bool bias, residual;            // residual lies as dst does
    cvy_activation activation;
};

struct pool_problem {
    cvy_pool_kind kind;
    struct window window;           // not of adaptive kinds
    int64_t pad_end[3];             // for the divisor of averages
    bool count_pad;
    int64_t divisor;                // 0: by count
    float p;
    cvy_indices indices;            // dense as dst->layout
    cvy_dtype indices_dtype;
};

struct separable_problem {
    struct conv_problem first, second;
    struct tensor mid;
};

// BATCH_NORM and INSTANCE_NORM: src and dst are feature maps.
struct norm_problem {
    float eps;
    bool scale, bias;
    cvy_activation activation;
};

struct lrn_problem {
    int64_t before, after;      // channels of the window beside the one in the middle
    int64_t size;
    float alpha, beta, k;
};

// BINARY and WHERE: every tensor has dst's sizes; a stride of 0 repeats.
struct binary_problem {
    cvy_binary_kind kind;
    struct tensor src2;
    cvy_activation activation;
};

struct where_problem {
    struct tensor condition, src2;      // src is the other one
};

struct pad_problem {
    int64_t before[CVY_MAX_RANK];       // dst.size tells what comes after
    cvy_padding_mode mode;
    float value;                        // of ZEROS
};

// src has the sizes of dst, and strides of 0 along the axes of indices: an index moves it by `step`
// for each of the `length` slices that there are.
struct gather_problem {
    int64_t length, step;
    int64_t index_stride[CVY_MAX_RANK]; // of indices along the axes of dst, 0 along the others
    cvy_dtype indices_dtype;
};

struct reduce_problem {
    cvy_reduce_kind kind;               // dst has size 1 along the axes reduced
};

// Along depth, height, width output o reads at (scale o + shift) / divisor, exactly; all sums stay
// below 2^62. `crop`: where that is outside of src, dst is extrapolation_value.
struct resize_problem {
    cvy_resize_mode mode;
    cvy_resize_rounding rounding;
    int64_t scale[3], shift[3], divisor[3];
    float cubic_a;
    bool exclude_outside, crop;
    float extrapolation_value;
};

// Axes of src [b0, b1, b2, b3, m, k], src2 [b0, b1, b2, b3, k, n], bias and dst [b0, b1, b2, b3,
// m, n]. Strides say what was transposed, and those of 0 repeat.
struct matmul_problem {
    struct tensor src2, bias;
    bool has_bias;
    float alpha, beta;
    cvy_activation activation;
};

struct problem {
    enum op op;
    enum direction direction;
    struct tensor src, dst;         // feature maps; axes in order for ACTIVATION to SOFTMAX
    union {
        struct conv_problem conv;
        struct pool_problem pool;   // OP_UNPOOL uses indices and indices_dtype
        struct separable_problem separable;
        struct {
            cvy_activation activation;
            int channel_axis;       // of PRELU's slopes, -1: one slope
        } elementwise;
        struct {
            int axis;
            bool log;
        } softmax;
        struct {
            const struct tensor *srcs;  // the creator's, during create only
            size_t count;
            int axis;
        } concat;
        struct {
            int64_t src_at;         // element of the slot that src starts at; src's strides may
                                    // be negative
        } copy;
        struct norm_problem norm;
        struct lrn_problem lrn;
        struct {
            cvy_unary_kind kind;
            float alpha;
        } unary;
        struct binary_problem binary;
        struct where_problem where;
        struct pad_problem pad;
        struct gather_problem gather;
        struct reduce_problem reduce;
        struct resize_problem resize;
        struct matmul_problem matmul;
    } u;
};

int activation_values(cvy_activation_kind kind);    // how many of alpha and beta it takes
// Fills in PyTorch's defaults for alpha and beta. ARGUMENT for an unknown kind, a NaN, or a value
// that the kind does not take.
cvy_status activation_check(cvy_activation *activation, const char *name);
// What vector kernels know, as the three numbers that PIECEWISE of prelude.cl takes: none, relu,
// clip, relu6, leaky_relu, hard_swish. False: another, and the numbers change nothing.
bool activation_piecewise(const cvy_activation *activation, float *slope, float *low, float *high);

// Multiply-adds of a convolution with every tap counted, and its weights (bias included).
int64_t conv_macs(const struct problem *problem, const struct conv_problem *conv);
int64_t conv_parameters(const struct problem *problem, const struct conv_problem *conv);
int64_t window_taps(const struct window *window);

#endif
