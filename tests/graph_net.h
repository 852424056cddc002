// Networks as data: operators over numbered values, which the reference evaluates in double
// precision and which can be built as a graph, run on a device and compared.
#ifndef CONVOY_TESTS_GRAPH_NET_H
#define CONVOY_TESTS_GRAPH_NET_H

#include "judge_random.h"
#include "reference.h"

#include <convoy/convoy.h>

enum { NET_VALUES = 240, NET_OPS = 64, NET_SOURCES = 8, NET_OUTPUTS = 8 };

enum net_from { NET_INPUT, NET_CONSTANT, NET_MADE };

struct net_value {
    enum net_from from;
    cvy_dtype dtype;
    struct ref_shape shape;     // rank 0 is a scalar
    bool exact;                 // no rounding on the way: what compares it has one answer
    double *data;
    double *noisy;              // the same with every operator a little wrong
    double range;               // largest magnitude
};

enum net_port {
    NET_SRC, NET_SRC2, NET_WEIGHTS, NET_BIAS, NET_SCALE, NET_MEAN, NET_VARIANCE, NET_SLOPE,
    NET_RESIDUAL, NET_INDICES, NET_PORTS
};

// An operator of the reference, or one that only graphs have.
enum net_kind { NET_OPERATOR, NET_RESHAPE, NET_EXPAND };

// Values are numbers from 1 on; 0 is none.
struct net_op {
    enum net_kind kind;
    struct ref_problem problem; // params without descs
    cvy_reshape_params reshape;
    int in[NET_PORTS];
    int srcs[NET_SOURCES], src_count;
    int outs[2];
    bool cut;                   // its outputs are inputs of the network: for shrinking
};

struct net {
    uint64_t seed;
    struct judge_random random;
    struct net_value values[NET_VALUES + 1];
    int value_count;
    struct net_op ops[NET_OPS];
    int op_count;
    int outputs[NET_OUTPUTS], output_count;
    struct ref_outputs scratch, noisy_scratch;
};

// graph_net.c
void net_free(struct net *net);
// A value with memory for its data; 0 when there are too many.
int net_value_add(struct net *net, enum net_from from, cvy_dtype dtype,
                  const struct ref_shape *shape);
// An operator; its first output, or 0 if it is not legal or its values are nothing to compare.
int net_op_add(struct net *net, const struct net_op *op);
const char *net_op_text(const struct net_op *op);
void net_print(const struct net *net, const char *head);

// graph_net_make.c
void net_make(struct net *net, uint64_t seed);

// graph_net_run.c
struct net_options {
    bool no_fusion;
    cvy_layout inside, output;
    int input_style[4];         // of input i % 4: NCHW, NHWC, each with gaps
};
// "" if the network on a device gives what the reference gives, else what is wrong.
const char *net_check(const struct net *net, const struct net_options *options,
                      cvy_context *context, cvy_queue *queue);
// Cuts away what the failure does not need.
void net_shrink(struct net *net, const struct net_options *options, cvy_context *context,
                cvy_queue *queue);

#endif
