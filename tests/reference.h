// Double-precision reference of every operator, on dense arrays in the order N, C, spatial.
// It shares nothing with the library but the public params structs: it infers sizes by itself, and
// gives the tolerance of each output (T0, T1, T3, T6 and T11 of the numerical policy).
#ifndef CONVOY_TESTS_REFERENCE_H
#define CONVOY_TESTS_REFERENCE_H

#include <convoy/ops.h>

enum { REF_AXES = 3, REF_MAX_SOURCES = 8 };

enum ref_op {
    REF_CONV, REF_CONV_TRANSPOSE, REF_POOL, REF_MAX_UNPOOL, REF_SEPARABLE, REF_LINEAR,
    REF_ACTIVATION, REF_CONCAT, REF_COPY, REF_SOFTMAX, REF_BATCH_NORM, REF_INSTANCE_NORM, REF_LRN,
    REF_UNARY, REF_BINARY, REF_WHERE, REF_CAST, REF_PAD, REF_SLICE, REF_TRANSPOSE,
    REF_DEPTH_TO_SPACE, REF_SPACE_TO_DEPTH, REF_GATHER, REF_REDUCE, REF_RESIZE, REF_MATMUL,
    REF_OP_COUNT
};

// One problem: the operator and its public params. concat's `srcs` points at `sources` by
// convention; everything here reads `sources`.
struct ref_problem {
    enum ref_op op;
    union {
        cvy_conv_params conv;
        cvy_conv_transpose_params conv_transpose;
        cvy_pool_params pool;
        cvy_max_unpool_params max_unpool;
        cvy_separable_params separable;
        cvy_linear_params linear;
        cvy_activation_params activation;
        cvy_concat_params concat;
        cvy_copy_params copy;
        cvy_softmax_params softmax;
        cvy_batch_norm_params batch_norm;
        cvy_instance_norm_params instance_norm;
        cvy_lrn_params lrn;
        cvy_unary_params unary;
        cvy_binary_params binary;
        cvy_where_params where;
        cvy_cast_params cast;
        cvy_pad_params pad;
        cvy_slice_params slice;
        cvy_transpose_params transpose;
        cvy_block_params block;
        cvy_gather_params gather;
        cvy_reduce_params reduce;
        cvy_resize_params resize;
        cvy_matmul_params matmul;
    };
    cvy_desc sources[REF_MAX_SOURCES];
};

struct ref_shape {
    int32_t rank;
    int64_t size[CVY_MAX_RANK];
};

// What a problem needs: elements of each constant (0: none), and the shape of its output.
struct ref_needs {
    struct ref_shape dst;
    int64_t weights, bias, weights2, bias2, slope, scale, mean, variance;
    bool residual, indices_in, indices_out;
};

struct ref_inputs {
    const double *src, *src2, *weights, *bias, *weights2, *bias2, *slope, *residual;
    const double *scale, *mean, *variance;
    const double *sources[REF_MAX_SOURCES];
    const int64_t *indices;
    const int64_t *raw;         // cast: the bits of src, those above an element's zero or its sign
    bool integers;              // all values are small integers: T0 where it applies
    int winograd;               // f of Winograd's F(f x f, 3x3) where that may be; 0: no such sum
};

// One entry for each output. Owned by the caller; all zeros at first, grown as needed.
struct ref_outputs {
    int64_t count, capacity;
    double *value, *pre;        // after and before activation
    double *sum, *carried;      // S; and the error that earlier stages may carry into this sum
    double *tolerance;          // 0: equal bit for bit; infinity: may be anything
    int64_t *taps;              // K
    int64_t *indices;           // max pooling; cast: the bits
};

// One spatial axis of a window operator.
struct ref_axis {
    int64_t in, out, kernel, stride, dilation, begin, end;
};

// A convolution with exactly three spatial axes; the missing ones, in front, have size 1.
struct ref_conv {
    int64_t n, channels, out_channels, groups;
    struct ref_axis axis[REF_AXES];
    cvy_padding_mode mode;
    bool transposed;
};

// Whole problems. ref_infer gives false if the problem has no legal output.
bool ref_infer(const struct ref_problem *problem, struct ref_needs *out);
void ref_run(const struct ref_problem *problem, const struct ref_inputs *in,
             struct ref_outputs *out);
void ref_outputs_reserve(struct ref_outputs *out, int64_t count);
void ref_outputs_free(struct ref_outputs *out);

const char *ref_op_name(enum ref_op op);
const cvy_desc *ref_src(const struct ref_problem *problem);     // concat: the first source
const cvy_desc *ref_src2(const struct ref_problem *problem);    // NULL: none
const cvy_desc *ref_dst(const struct ref_problem *problem);     // as asked for in the params
cvy_dtype ref_dst_dtype(const struct ref_problem *problem);     // of what the plan makes
const cvy_activation *ref_last_activation(const struct ref_problem *problem);   // NULL: none
int64_t ref_count(const struct ref_shape *shape);
int32_t ref_axis_number(int32_t axis, int32_t rank);            // negative counts from the last

// Parts, by file.
void *ref_alloc(size_t bytes);                                  // never NULL
void ref_conv_setup(const cvy_conv_params *params, struct ref_conv *out);
void ref_conv_transpose_setup(const cvy_conv_transpose_params *params, struct ref_conv *out);
void ref_separable_setup(const cvy_separable_params *params, struct ref_conv out[2]);
void ref_conv_shape(const struct ref_conv *conv, int32_t rank, struct ref_shape *out);
int64_t ref_conv_weights(const struct ref_conv *conv);
void ref_run_conv(const struct ref_problem *problem, const struct ref_inputs *in,
                  struct ref_outputs *out);
void ref_run_separable(const cvy_separable_params *params, const struct ref_inputs *in,
                       struct ref_outputs *out);
// What T3 measures errors by, for each output; infinity in tiles that read what is not finite, and
// in channels with such weights. Of a convolution that ref_winograd_may().
void ref_winograd_sums(const struct ref_conv *conv, int f, const double *src,
                       const double *weights, double *out);
bool ref_winograd_may(const struct ref_conv *conv);
double ref_winograd_norm(int f);    // of the errors of a whole result, relative to its own
void ref_pool_setup(const cvy_pool_params *params, struct ref_axis axis[REF_AXES]);
void ref_run_pool(const cvy_pool_params *params, const struct ref_inputs *in,
                  struct ref_outputs *out);
void ref_max_unpool_shape(const cvy_max_unpool_params *params, struct ref_shape *out);
void ref_run_max_unpool(const cvy_max_unpool_params *params, const struct ref_inputs *in,
                        struct ref_outputs *out);
void ref_run_linear(const cvy_linear_params *params, const struct ref_inputs *in,
                    struct ref_outputs *out);
void ref_run_activation(const cvy_activation_params *params, const struct ref_inputs *in,
                        struct ref_outputs *out);
void ref_run_concat(const struct ref_problem *problem, const struct ref_inputs *in,
                    struct ref_outputs *out);
void ref_run_softmax(const cvy_softmax_params *params, const struct ref_inputs *in,
                     struct ref_outputs *out);
void ref_run_batch_norm(const cvy_batch_norm_params *params, const struct ref_inputs *in,
                        struct ref_outputs *out);
void ref_run_instance_norm(const cvy_instance_norm_params *params, const struct ref_inputs *in,
                           struct ref_outputs *out);
void ref_run_lrn(const cvy_lrn_params *params, const struct ref_inputs *in,
                 struct ref_outputs *out);
void ref_reduce_shape(const cvy_reduce_params *params, struct ref_shape *out);
bool ref_reduces_to_positions(const cvy_reduce_params *params);
void ref_run_reduce(const cvy_reduce_params *params, const struct ref_inputs *in,
                    struct ref_outputs *out);
void ref_resize_shape(const cvy_resize_params *params, struct ref_shape *out);
bool ref_resize_meets_input(const cvy_resize_params *params);     // some output is inside of a crop
void ref_run_resize(const cvy_resize_params *params, const struct ref_inputs *in,
                    struct ref_outputs *out);
void ref_matmul_shape(const cvy_matmul_params *params, struct ref_shape *out);
int64_t ref_matmul_depth(const cvy_matmul_params *params);      // terms of each sum
void ref_run_matmul(const cvy_matmul_params *params, const struct ref_inputs *in,
                    struct ref_outputs *out);
void ref_move_shape(const struct ref_problem *problem, struct ref_shape *out);
void ref_run_move(const struct ref_problem *problem, const struct ref_inputs *in,
                  struct ref_outputs *out);
bool ref_moves(enum ref_op op);     // pad to gather: every output is an element of the source, or 0

bool ref_element_wise(enum ref_op op);                          // unary to cast
bool ref_compares(const struct ref_problem *problem);           // binary with BOOL outputs
// The descs that broadcast: binary's two; where's condition, src and src2. Gives their number.
int ref_broadcast_sources(const struct ref_problem *problem, const cvy_desc *out[3]);
bool ref_broadcast_shape(const struct ref_problem *problem, struct ref_shape *out);
void ref_run_unary(const cvy_unary_params *params, const struct ref_inputs *in,
                   struct ref_outputs *out);
void ref_run_binary(const struct ref_problem *problem, const struct ref_inputs *in,
                    struct ref_outputs *out);
void ref_run_where(const struct ref_problem *problem, const struct ref_inputs *in,
                   struct ref_outputs *out);
void ref_run_cast(const cvy_cast_params *params, const struct ref_inputs *in,
                  struct ref_outputs *out);
// The bits of one element, those above it zero, and its value: exact but for large I64.
uint64_t ref_convert(cvy_dtype from, uint64_t bits, cvy_dtype to);
double ref_value_of(cvy_dtype dtype, uint64_t bits);

// Activations and tolerances.
struct ref_sum {
    double pre, sum, carried;
    int64_t taps;
    double winograd;            // T3's sum, with bias and residual; infinity: may be anything
    int64_t channels;           // of a sum by Winograd; 0: summed directly
};
double ref_activate(const cvy_activation *activation, double slope, double x);
bool ref_relu_family(cvy_activation_kind kind);
double ref_ulp(double x);                                       // of a float32
double ref_sum_bound(int64_t taps, double sum);                 // T1
// T0, T1, T3 or T11 of activation(sum). exact: no direct sum before the activation may round.
double ref_sum_tolerance(const cvy_activation *activation, double slope, const struct ref_sum *sum,
                         bool exact);
void ref_store_sum(struct ref_outputs *out, int64_t i, const struct ref_sum *sum,
                   const cvy_activation *activation, double slope, bool exact);
void ref_store_exact(struct ref_outputs *out, int64_t i, double value);
double ref_average_tolerance(int64_t taps, double mean_magnitude, double value);    // T6
double ref_lp_tolerance(int64_t taps, double sum, double p);                        // T11
double ref_softmax_tolerance(int64_t n, double value);                              // T11
double ref_log_softmax_tolerance(int64_t n, double value);                          // T11

#endif
