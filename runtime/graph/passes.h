// What a compile does to its working graph, in this order. Private to tier 4.
#ifndef CVY_PASSES_H
#define CVY_PASSES_H

#include "graph/graph.h"

// unfold.c: a working graph for the shapes of the inputs: nodes copied, deferred ones expanded.
cvy_status unfold(const struct cvy_graph *graph, const cvy_network_options *options,
                  struct cvy_graph **out);
// Marks nodes dead that no output needs; the number of those that live.
cvy_status mark_live(struct cvy_graph *graph, size_t *live);

// tensors.c: whether the tensors of a node are what its plan takes them for.
cvy_status node_check_inputs(const struct node *node, const cvy_desc in[PORT_COUNT]);
cvy_status node_check_output(const struct node *node, const cvy_desc in[PORT_COUNT],
                             const cvy_desc *out);

// tidy.c: takes out nodes that change nothing.
cvy_status tidy(struct cvy_graph *graph);

// affine.c: multiplies a factor and adds a term, each one number for each output channel, into the
// constant weights and bias of a convolution or fully connected node. factor may be NULL.
bool affine_can(const struct cvy_graph *graph, const struct node *node, bool factor);
cvy_status affine_apply(struct cvy_graph *graph, struct node *node, const double *factor,
                        const double *term);
int64_t affine_channels(const struct cvy_graph *graph, const struct node *node);
// The same with one factor and one term behind the activation that the node ends with: bounds move,
// hard swish has numbers of its own.
bool affine_end_can(const struct cvy_graph *graph, const struct node *node, double factor,
                    double term);
cvy_status affine_end(struct cvy_graph *graph, struct node *node, double factor, double term);
// A hard sigmoid behind a node of which affine_can() says that it takes a factor.
cvy_status affine_hard_sigmoid(struct cvy_graph *graph, struct node *node,
                               const cvy_activation *activation);

// fuse.c: one node for what one plan can do.
cvy_status fuse(struct cvy_graph *graph, bool exact);

// widen.c: zeros behind channels, made by what makes the channels.
cvy_status widen(struct cvy_graph *graph);

// weave.c: shuffles of channels, with as few copies as there may be. Of nodes that fuse() has done
// with, but for separable convolutions.
cvy_status weave(struct cvy_graph *graph);

// Users of each value and who makes it, among the nodes that live; outputs count as users.
struct links {
    int32_t *uses;              // by value id
    size_t *maker;              // index of the node + 1; 0: none
};
cvy_status links_open(const struct cvy_graph *graph, struct links *out);
void links_close(struct links *links);
cvy_activation *node_activation(struct node *node);     // NULL: it has none

#endif
