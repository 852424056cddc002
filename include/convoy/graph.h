// Convoy networks: operators wired together, compiled for a device, run with one enqueue.
//
// A graph names inputs, constants, nodes and outputs; it belongs to no device. Compiling it for a
// context and the shapes of its inputs infers every shape, computes on the host what depends on
// constants alone, fuses nodes, chooses layouts, packs the weights and lays all intermediate
// tensors into one arena. The network that comes out belongs to the context and needs the graph no
// more.
//
//     cvy_graph_input(graph, &(cvy_graph_input_params) { .name = "image", .desc = ... }, &x);
//     cvy_graph_constant(graph, "weights", &desc, data, &w);
//     cvy_graph_conv(graph, &(cvy_conv_params) { .kernel_size = { 3, 3 } },
//                    &(cvy_node) { .src = x, .weights = w }, &y);
//     cvy_graph_output(graph, "scores", y);
//     cvy_graph_compile(graph, context, NULL, &network);
//     cvy_network_enqueue(network, queue, &input, &output, NULL, NULL);
//
// Axes are in the order N, C, spatial everywhere. Which layout a tensor has inside a network is the
// network's business; inputs and outputs have the one that is asked for.
// A graph is built by one thread at a time; a network may be used by any number of them.
#ifndef CONVOY_GRAPH_H
#define CONVOY_GRAPH_H

#include <convoy/ops.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cvy_graph cvy_graph;
typedef struct cvy_network cvy_network;

// A tensor of a graph. 0 stands for none.
typedef int32_t cvy_value;

// Graphs ------------------------------------------------------------------------------------------

CVY_API cvy_status cvy_graph_create(cvy_graph **out);
CVY_API void cvy_graph_destroy(cvy_graph **graph);

#define CVY_ANY_SIZE (-1)       // a size that compiling is told
#define CVY_ANY_RANK (-1)       // so are all of them

typedef struct cvy_graph_input_params {
    const char *name;           // required, copied; no other input has it
    cvy_desc desc;              // dtype, rank and sizes; rank 0 is a scalar
    bool constant;              // its contents are needed when compiling, such as a shape
} cvy_graph_input_params;
CVY_API cvy_status cvy_graph_input(cvy_graph *graph, const cvy_graph_input_params *params,
                                   cvy_value *out);

// Contents are copied, dense, axes in the order of desc's sizes. rank 0 is a scalar.
CVY_API cvy_status cvy_graph_constant(cvy_graph *graph, const char *name, const cvy_desc *desc,
                                      const void *data, cvy_value *out);

// The outputs come in the order of these calls. A value may be several outputs.
CVY_API cvy_status cvy_graph_output(cvy_graph *graph, const char *name, cvy_value value);

// What is known about a value. While a graph is being built that is what inputs and constants say;
// a deferred node sees all shapes and what has become constant.
typedef struct cvy_value_info {
    const char *name;           // the graph's, "" if it has none
    cvy_desc desc;              // dense; rank CVY_ANY_RANK: not known yet. rank 0: a scalar
    const void *data;           // of a constant, dense in the order of sizes; else NULL
} cvy_value_info;
CVY_API cvy_status cvy_graph_value_info_get(const cvy_graph *graph, cvy_value value,
                                            cvy_value_info *out);

typedef struct cvy_graph_info {
    size_t inputs, outputs, nodes;
} cvy_graph_info;
CVY_API cvy_status cvy_graph_info_get(const cvy_graph *graph, cvy_graph_info *out);
// Input or output i: what is known of it. `constant` of an input as it was given.
typedef struct cvy_port_info {
    const char *name;
    cvy_desc desc;              // sizes may be CVY_ANY_SIZE, the rank CVY_ANY_RANK; no layout, no
                                // strides
    bool constant;
} cvy_port_info;
CVY_API cvy_status cvy_graph_input_get(const cvy_graph *graph, size_t i, cvy_port_info *out);
CVY_API cvy_status cvy_graph_output_get(const cvy_graph *graph, size_t i, cvy_port_info *out);

// Nodes -------------------------------------------------------------------------------------------

// The tensors of a node, by the names of cvy_args. `name` is for messages; copied; may be NULL.
typedef struct cvy_node {
    const char *name;
    cvy_value src, src2, weights, bias, weights2, bias2;
    cvy_value scale, mean, variance, slope, residual, indices;
    const cvy_value *srcs;      // concat; where: condition, src, src2
    size_t src_count;
} cvy_node;

// One function for each operator, which adds a node. Params are those of the create functions of
// ops.h, less what the tensors say: descs (src, src2, dst ...), the flags bias, residual and scale,
// options, out_channels and out_features are left at zero (what they say is not looked at), and so
// may be kernel_size, which is then that of the weights; NULL params are all zero. Sizes and params
// are checked when compiling. Errors: ARGUMENT (NULL, a value that the
// graph has not, a tensor missing or foreign to the operator), NOMEM_HOST.
CVY_API cvy_status cvy_graph_conv(cvy_graph *graph, const cvy_conv_params *params,
                                  const cvy_node *node, cvy_value *out);
CVY_API cvy_status cvy_graph_conv_transpose(cvy_graph *graph,
                                            const cvy_conv_transpose_params *params,
                                            const cvy_node *node, cvy_value *out);
// indices: NULL unless params asks for them.
CVY_API cvy_status cvy_graph_pool(cvy_graph *graph, const cvy_pool_params *params,
                                  const cvy_node *node, cvy_value *out, cvy_value *indices);
CVY_API cvy_status cvy_graph_max_unpool(cvy_graph *graph, const cvy_max_unpool_params *params,
                                        const cvy_node *node, cvy_value *out);
CVY_API cvy_status cvy_graph_separable(cvy_graph *graph, const cvy_separable_params *params,
                                       const cvy_node *node, cvy_value *out);
CVY_API cvy_status cvy_graph_linear(cvy_graph *graph, const cvy_linear_params *params,
                                    const cvy_node *node, cvy_value *out);
CVY_API cvy_status cvy_graph_activation(cvy_graph *graph, const cvy_activation_params *params,
                                        const cvy_node *node, cvy_value *out);
CVY_API cvy_status cvy_graph_concat(cvy_graph *graph, const cvy_concat_params *params,
                                    const cvy_node *node, cvy_value *out);
CVY_API cvy_status cvy_graph_softmax(cvy_graph *graph, const cvy_softmax_params *params,
                                     const cvy_node *node, cvy_value *out);
CVY_API cvy_status cvy_graph_batch_norm(cvy_graph *graph, const cvy_batch_norm_params *params,
                                        const cvy_node *node, cvy_value *out);
CVY_API cvy_status cvy_graph_instance_norm(cvy_graph *graph,
                                           const cvy_instance_norm_params *params,
                                           const cvy_node *node, cvy_value *out);
CVY_API cvy_status cvy_graph_lrn(cvy_graph *graph, const cvy_lrn_params *params,
                                 const cvy_node *node, cvy_value *out);
CVY_API cvy_status cvy_graph_unary(cvy_graph *graph, const cvy_unary_params *params,
                                   const cvy_node *node, cvy_value *out);
CVY_API cvy_status cvy_graph_binary(cvy_graph *graph, const cvy_binary_params *params,
                                    const cvy_node *node, cvy_value *out);
CVY_API cvy_status cvy_graph_where(cvy_graph *graph, const cvy_where_params *params,
                                   const cvy_node *node, cvy_value *out);
CVY_API cvy_status cvy_graph_cast(cvy_graph *graph, const cvy_cast_params *params,
                                  const cvy_node *node, cvy_value *out);
CVY_API cvy_status cvy_graph_pad(cvy_graph *graph, const cvy_pad_params *params,
                                 const cvy_node *node, cvy_value *out);
CVY_API cvy_status cvy_graph_slice(cvy_graph *graph, const cvy_slice_params *params,
                                   const cvy_node *node, cvy_value *out);
CVY_API cvy_status cvy_graph_transpose(cvy_graph *graph, const cvy_transpose_params *params,
                                       const cvy_node *node, cvy_value *out);
CVY_API cvy_status cvy_graph_depth_to_space(cvy_graph *graph, const cvy_block_params *params,
                                            const cvy_node *node, cvy_value *out);
CVY_API cvy_status cvy_graph_space_to_depth(cvy_graph *graph, const cvy_block_params *params,
                                            const cvy_node *node, cvy_value *out);
CVY_API cvy_status cvy_graph_gather(cvy_graph *graph, const cvy_gather_params *params,
                                    const cvy_node *node, cvy_value *out);
CVY_API cvy_status cvy_graph_reduce(cvy_graph *graph, const cvy_reduce_params *params,
                                    const cvy_node *node, cvy_value *out);
CVY_API cvy_status cvy_graph_resize(cvy_graph *graph, const cvy_resize_params *params,
                                    const cvy_node *node, cvy_value *out);
CVY_API cvy_status cvy_graph_matmul(cvy_graph *graph, const cvy_matmul_params *params,
                                    const cvy_node *node, cvy_value *out);

// The same elements, in the order N, C, spatial, under other sizes; one of them may be -1: what is
// left. rank 0: a scalar. Tensor: src.
typedef struct cvy_reshape_params {
    int32_t rank;
    int64_t size[CVY_MAX_RANK];
} cvy_reshape_params;
CVY_API cvy_status cvy_graph_reshape(cvy_graph *graph, const cvy_reshape_params *params,
                                     const cvy_node *node, cvy_value *out);
// Repeats axes of size 1, and puts axes in front (PyTorch's expand). size 1: as it is. Tensor: src.
CVY_API cvy_status cvy_graph_expand(cvy_graph *graph, const cvy_reshape_params *params,
                                    const cvy_node *node, cvy_value *out);

// A node whose meaning depends on shapes or on the contents of constants. Each compile calls
// `expand` once with a graph in which the shapes of all inputs are known (see
// cvy_graph_value_info_get), to add the nodes that stand for it and to say which values are its
// outputs. An error that it returns ends the compile; cvy_error_report gives it a text.
typedef cvy_status (*cvy_expand_fn)(void *user, cvy_graph *graph, const char *name,
                                    const cvy_value *inputs, cvy_value *outputs);
typedef struct cvy_deferred_params {
    const char *name;           // for messages, copied; may be NULL
    const char *op;             // required, copied: what kind of node it is, such as "Reshape"
    cvy_expand_fn expand;       // required
    void *user;                 // handed to expand
    void (*destroy)(void *user);    // when the graph goes; may be NULL
    const cvy_value *inputs;    // entries may be 0: left out
    size_t input_count, output_count;
} cvy_deferred_params;
CVY_API cvy_status cvy_graph_deferred(cvy_graph *graph, const cvy_deferred_params *params,
                                      cvy_value *outputs);

// Networks ----------------------------------------------------------------------------------------

// An input as it will be: its shape, and its layout and strides in memory. `data` makes it a
// constant: contents in host memory, dense, in the order of sizes; compiling copies them.
typedef struct cvy_network_input {
    const char *name;
    cvy_desc desc;
    const void *data;
} cvy_network_input;

typedef struct cvy_network_options {
    const cvy_network_input *inputs;    // those that the graph leaves open, by name
    size_t input_count;
    cvy_layout output_layout;           // of outputs that are maps (rank 3 to 5); 0: NCHW
    cvy_layout layout;                  // of maps inside; 0: the device's best
    bool no_fusion;                     // a plan for each node, to compare with
    bool exact;                         // only algorithms with direct summation
    cvy_progress_fn progress;           // of planning; may cancel
    void *progress_user;
} cvy_network_options;

// Errors name the node: ARGUMENT (an input not given, or unknown), SHAPE, UNSUPPORTED, LIMIT,
// BUILD, CANCELLED, NOMEM_*, and what deferred nodes return. options may be NULL.
CVY_API cvy_status cvy_graph_compile(const cvy_graph *graph, cvy_context *context,
                                     const cvy_network_options *options, cvy_network **out);
CVY_API void cvy_network_destroy(cvy_network **network);

typedef struct cvy_network_info {
    size_t inputs, outputs;     // inputs without those that were constant
    size_t graph_nodes;         // of the graph
    size_t expanded_nodes;      // after deferred nodes were expanded and constants computed
    size_t nodes;               // after fusion, with the changes of layout
    size_t launches;            // kernels that one run enqueues
    int64_t macs;               // multiply-adds
    size_t weight_bytes;        // of constants on the device, packed
    size_t arena_bytes;         // memory of a run besides inputs and outputs
    size_t intermediate_bytes;  // sum of all tensors between the nodes
} cvy_network_info;
CVY_API cvy_status cvy_network_info_get(const cvy_network *network, cvy_network_info *out);

// Input or output i of a network, in the graph's order.
typedef struct cvy_network_port {
    const char *name;
    cvy_desc desc;              // strides filled in; rank 0: a scalar
    size_t bytes;               // that its memory must have
} cvy_network_port;
CVY_API cvy_status cvy_network_input_get(const cvy_network *network, size_t i,
                                         cvy_network_port *out);
CVY_API cvy_status cvy_network_output_get(const cvy_network *network, size_t i,
                                          cvy_network_port *out);

// Step i of a run, for people to read.
typedef struct cvy_network_step {
    const char *name;           // of the nodes that it stands for, joined by " + "
    cvy_plan_info plan;
    bool in_arena;              // its output; else in an output's memory
    size_t offset, bytes;       // where, and how many from the first element to the last
    size_t first, last;         // steps from and to which the output is kept
} cvy_network_step;
CVY_API cvy_status cvy_network_step_get(const cvy_network *network, size_t i,
                                        cvy_network_step *out);

// Runs the network once: enqueues everything and returns. inputs and outputs as
// cvy_network_input_get and cvy_network_output_get number them. Inputs are only read; outputs may
// overlap nothing. The first run on a queue allocates the queue's arena unless it was reserved.
CVY_API cvy_status cvy_network_enqueue(cvy_network *network, cvy_queue *queue,
                                       const cvy_tensor *inputs, const cvy_tensor *outputs,
                                       const cvy_wait *wait, cvy_event **ev);
CVY_API cvy_status cvy_network_reserve(cvy_network *network, cvy_queue *queue);

#ifdef __cplusplus
}
#endif
#endif
