// Double-precision reference of every operator, on dense arrays in the order N, C, spatial.
// It shares nothing with the library but the public params structs: it infers sizes by itself, and
// gives the tolerance of each output (T0, T1, T6 and T11 of the numerical policy).
#ifndef CONVOY_TESTS_REFERENCE_H
#define CONVOY_TESTS_REFERENCE_H

#include <convoy/ops.h>

enum { REF_AXES = 3, REF_MAX_SOURCES = 8 };

enum ref_op {
    REF_CONV, REF_CONV_TRANSPOSE, REF_POOL, REF_MAX_UNPOOL, REF_SEPARABLE, REF_LINEAR,
    REF_ACTIVATION, REF_CONCAT, REF_COPY, REF_SOFTMAX, REF_PAD, REF_SLICE, REF_TRANSPOSE,
    REF_DEPTH_TO_SPACE, REF_SPACE_TO_DEPTH, REF_GATHER, REF_OP_COUNT
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
        cvy_pad_params pad;
        cvy_slice_params slice;
        cvy_transpose_params transpose;
        cvy_block_params block;
        cvy_gather_params gather;
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
    int64_t weights, bias, weights2, bias2, slope;
    bool residual, indices_in, indices_out;
};

struct ref_inputs {
    const double *src, *weights, *bias, *weights2, *bias2, *slope, *residual;
    const double *sources[REF_MAX_SOURCES];
    const int64_t *indices;
    bool integers;              // all values are small integers: T0 where it applies
};

// One entry for each output. Owned by the caller; all zeros at first, grown as needed.
struct ref_outputs {
    int64_t count, capacity;
    double *value, *pre;        // after and before activation
    double *sum, *carried;      // S; and the error that earlier stages may carry into this sum
    double *tolerance;          // 0: equal bit for bit
    int64_t *taps;              // K
    int64_t *indices;           // max pooling
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
const cvy_desc *ref_dst(const struct ref_problem *problem);     // as asked for in the params
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
void ref_move_shape(const struct ref_problem *problem, struct ref_shape *out);
void ref_run_move(const struct ref_problem *problem, const struct ref_inputs *in,
                  struct ref_outputs *out);
bool ref_moves(enum ref_op op);     // pad to gather: every output is an element of the source, or 0

// Activations and tolerances.
struct ref_sum {
    double pre, sum, carried;
    int64_t taps;
};
double ref_activate(const cvy_activation *activation, double slope, double x);
bool ref_relu_family(cvy_activation_kind kind);
double ref_ulp(double x);                                       // of a float32
double ref_sum_bound(int64_t taps, double sum);                 // T1
// T0, T1 or T11 of activation(sum). exact: nothing before the activation may round.
double ref_sum_tolerance(const cvy_activation *activation, double slope, const struct ref_sum *sum,
                         bool exact);
void ref_store_sum(struct ref_outputs *out, int64_t i, const struct ref_sum *sum,
                   const cvy_activation *activation, double slope, bool exact);
void ref_store_exact(struct ref_outputs *out, int64_t i, double value);
double ref_average_tolerance(int64_t taps, double mean_magnitude, double value);    // T6
double ref_lp_tolerance(int64_t taps, double sum, double p);                        // T11
double ref_softmax_tolerance(int64_t n, double value);                              // T11

#endif
