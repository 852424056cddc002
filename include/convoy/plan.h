// Convoy plans: how one problem runs on one context. Made by the create functions of ops.h.
#ifndef CONVOY_PLAN_H
#define CONVOY_PLAN_H

#include <convoy/core.h>

#ifdef __cplusplus
extern "C" {
#endif

// Options of planning -----------------------------------------------------------------------------

// How hard to look for the best algorithm. Measuring runs candidates on the device, each one
// checked first, and remembers the winner in the context's wisdom (tune.h); a problem that is known
// there is not measured again.
typedef enum cvy_effort {
    CVY_EFFORT_DEFAULT = 0,     // ESTIMATE; in cvy_tune MEASURE
    CVY_EFFORT_ESTIMATE,        // wisdom and rules only: nothing is run
    CVY_EFFORT_MEASURE,         // every algorithm, with values near those of the rules
    CVY_EFFORT_EXHAUSTIVE       // every algorithm with every combination of values, and those of
                                // slow_start (cvy_algorithm_info)
} cvy_effort;

// One candidate that was tried. Texts live until the callback returns.
typedef enum cvy_trial_result {
    CVY_TRIAL_TIMED = 0,        // right, and measured in full
    CVY_TRIAL_SLOW,             // given up after a slice of the problem, or far behind the best
    CVY_TRIAL_WRONG,            // its results are not the reference's: never chosen
    CVY_TRIAL_FAILED,           // it does not build or run here
    CVY_TRIAL_CHOSEN            // no trial: the winner, when the problem is done
} cvy_trial_result;
typedef struct cvy_trial {
    const char *spec;           // the problem
    const char *algorithm;      // as in cvy_plan_options
    cvy_trial_result result;
    double seconds;             // TIMED, CHOSEN
    double first_seconds;       // of the rules' choice; 0: not known
    double best_seconds;        // of the problem, so far; 0: none yet
    size_t trial, trials;       // from 1; of the problem
    double seconds_left;        // of the budget; 0 if there is none
} cvy_trial;
// Called after each trial from the thread that measures. Return false to stop: what is known by
// then is kept.
typedef bool (*cvy_trial_fn)(void *user, const cvy_trial *trial);

typedef struct cvy_plan_options {
    // By name (cvy_algorithm_list), with values of its tunables and the choices for the steps that
    // it is made of if you like: "conv_direct", "conv_direct:MR=7,NV=2",
    // "conv_via_nhwc(conv_direct:MR=7,NV=2)". NULL: the planner's choice. What is left out is the
    // planner's choice, too. ARGUMENT for a name, tunable or value that is not in the list.
    const char *algorithm;
    bool exact;                 // only algorithms with direct summation
    bool deterministic;         // never exchange the implementation later
    size_t max_workspace;       // bytes an enqueue may need; 0: no limit. Measuring then keeps its
                                // tensors below that, too
    cvy_effort effort;
    bool again;                 // measure although wisdom knows the problem
    double budget_seconds;      // of measuring; 0: no limit
    cvy_trial_fn trial;         // of measuring
    void *trial_user;
} cvy_plan_options;

// Plans -------------------------------------------------------------------------------------------

// A plan from one line of text, the same that cvy_plan_info prints, such as
// "conv n1 c64 h56 w56 k64 r3x3 p1x1 f32 nhwc +bias +relu". options may be NULL.
//   op [kind] {field} [pad:MODE] [dtype] [layout] {+flag}    words in any order behind op and kind
//   op      conv deconv pool unpool separable linear activation concat copy softmax pad slice
//           transpose depth_to_space space_to_depth gather batch_norm instance_norm lrn reduce
//           resize matmul unary binary where cast
//   kind    pool max, separable spatial, reduce sum, resize bilinear, unary abs, binary add ...:
//           the enum's names in small letters
//   field   n c d h w (src), k out_channels or out_features, r kernel_size, s stride, p padding,
//           q padding_end, l dilation, g groups, o output_padding or output_size,
//           m channel_multiplier or mid_channels, b block: a letter and a number; r s p q l o have
//           one for each spatial axis, joined by x
//   MODE    zeros, reflect, replicate, circular    dtype f32 ...    layout nchw, nhwc, plain
//   flag    bias bias2 residual relu clip:0:6 leaky_relu:0.1 ... mid:ACTIVATION global ceil same
//           exclude_pad div:N norm:X indices[:plane|:tensor][:i32|:i64] axis:N to:LAYOUT log
//           before:L after:L value:X start:L step:L size:L order:L src_stride:L dst_stride:L
//           depth_last scale eps:X size:N alpha:X beta:X k:X later axes:L keep_dims i32 as:DTYPE
//           scale:L roi_begin:L roi_end:L cubic:X extrapolation:X exclude_outside align_corners ...
//           prefer_floor ... transpose transpose2; L is one number for each axis, joined by x
// [2,3,400] is a src that n c d h w cannot say, plain unless a layout is said. Further tensors of
// concat, binary, where, matmul and gather are in brackets, too, with :nhwc (gather :i32) and
// strides :AxBxC behind them where they differ from the first. What is left out is 0 in the params.
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
    double estimate_seconds;    // the planner's guess; 0: it has none
    double measured_seconds;    // what wisdom says that it took; 0: it was never measured
    char config[320];           // algorithms with their tunables, "conv_direct:MR=7,NV=2": as
                                // cvy_plan_options.algorithm it gives the same again
} cvy_plan_info;
CVY_API cvy_status cvy_plan_info_get(const cvy_plan *plan, cvy_plan_info *out);

// What a job reads and writes. A slot that the plan needs and finds empty, or does not know and
// finds set, is ARGUMENT. Outputs may overlap nothing, but `residual` (and src or src2 of
// element-wise operators) may be exactly dst. Anything else that overlaps is ALIAS.
typedef struct cvy_args {
    cvy_tensor src, src2, weights, bias, weights2, bias2;
    cvy_tensor scale, mean, variance, slope;
    cvy_tensor residual, indices, dst;
    cvy_tensor workspace;               // offset a multiple of 256; empty: the queue lends its own
    const cvy_tensor *srcs;             // concat, where
    size_t src_count;
    const cvy_weights *prepared;        // instead of every constant above
} cvy_args;

// Packs the plan's constants (weights, bias, weights2, bias2, scale, mean, variance, slope of
// `constants`) for its implementation and returns without waiting. The raw tensors must not change
// until packing is complete, which an enqueue on any queue waits for by itself; afterwards they
// may. A plan without constants: STATE.
CVY_API cvy_status cvy_plan_prepare(cvy_plan *plan, cvy_queue *queue, const cvy_args *constants,
                                    cvy_weights **out);
// Waits until packing is complete; timeout as in cvy_event_wait.
CVY_API cvy_status cvy_weights_wait(cvy_weights *weights, int64_t timeout_ns);
// Lets go of the raw tensors, which are kept to pack again for a better implementation.
CVY_API cvy_status cvy_weights_release_raw(cvy_weights *weights);
CVY_API void cvy_weights_destroy(cvy_weights **weights);

// Runs the plan once: enqueues its launches and returns. wait and ev may be NULL. Compiles nothing
// and never blocks; allocates device memory only to grow the queue's own workspace (gemm_clblast:
// CLBlast does in each call).
CVY_API cvy_status cvy_plan_enqueue(cvy_plan *plan, cvy_queue *queue, const cvy_args *args,
                                    const cvy_wait *wait, cvy_event **ev);
// Grows the queue's workspace ahead for this plan, prepared or not.
CVY_API cvy_status cvy_queue_reserve(cvy_queue *queue, const cvy_plan *plan);

#ifdef __cplusplus
}
#endif
#endif
