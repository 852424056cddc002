// Graphs as tier 4 sees them: values and nodes. A graph that a program builds only records; the
// working graph of a compile is `shaped`: every value has its shape when its node is added, and
// nodes of constants alone are computed at once.
#ifndef CVY_GRAPH_H
#define CVY_GRAPH_H

#include "common/common.h"

enum node_op {
    NODE_CONV, NODE_CONV_TRANSPOSE, NODE_POOL, NODE_MAX_UNPOOL, NODE_SEPARABLE, NODE_LINEAR,
    NODE_ACTIVATION, NODE_CONCAT, NODE_COPY, NODE_SOFTMAX, NODE_BATCH_NORM, NODE_INSTANCE_NORM,
    NODE_LRN, NODE_UNARY, NODE_BINARY, NODE_WHERE, NODE_CAST, NODE_PAD, NODE_SLICE, NODE_TRANSPOSE,
    NODE_DEPTH_TO_SPACE, NODE_SPACE_TO_DEPTH, NODE_GATHER, NODE_REDUCE, NODE_RESIZE, NODE_MATMUL,
    NODE_RESHAPE, NODE_EXPAND, NODE_DEFERRED, NODE_WEAVE, NODE_OP_COUNT
};

// The tensors of a node, as in cvy_node.
enum port {
    PORT_SRC, PORT_SRC2, PORT_WEIGHTS, PORT_BIAS, PORT_WEIGHTS2, PORT_BIAS2, PORT_SCALE, PORT_MEAN,
    PORT_VARIANCE, PORT_SLOPE, PORT_RESIDUAL, PORT_INDICES, PORT_COUNT
};
#define PORT_BIT(port) (1u << (port))
// Those that a plan can prepare.
#define CONSTANT_PORTS                                                                      \
    (PORT_BIT(PORT_WEIGHTS) | PORT_BIT(PORT_BIAS) | PORT_BIT(PORT_WEIGHTS2) |               \
     PORT_BIT(PORT_BIAS2) | PORT_BIT(PORT_SCALE) | PORT_BIT(PORT_MEAN) |                    \
     PORT_BIT(PORT_VARIANCE) | PORT_BIT(PORT_SLOPE))

// `count` channels of each source, from from[j] on. Woven, channel i of source j comes out at
// i srcs + j, else at j count + i. No program adds one: weave.c makes them of other nodes.
#define WEAVE_MAX 16
struct weave_params {
    int64_t parts, count;       // parts: srcs
    int64_t from[WEAVE_MAX];
    bool woven;
};

union node_params {
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
    cvy_reshape_params reshape;
    cvy_deferred_params deferred;       // `op` is the node's own copy
    struct weave_params weave;
};

#define NO_NUMBER SIZE_MAX

struct node {
    enum node_op op;
    char *name;                         // "" if it has none
    size_t number;                      // in the graph as given, from 0; NO_NUMBER: not from there
    union node_params params;           // as given
    cvy_value in[PORT_COUNT];           // 0: none
    cvy_value *srcs;                    // concat, where, deferred, weave
    size_t src_count;
    cvy_value *outs;
    size_t out_count;
    bool dead;                          // fused into another or never needed
};

struct value {
    char *name;                         // "" if it has none
    cvy_desc desc;                      // dense PLAIN; rank CVY_ANY_RANK: not known
    void *data;                         // of a constant, dense
    bool owns_data;
};

struct port_list {
    struct graph_port {
        char *name;
        cvy_value value;
        bool constant;
    } *items;
    size_t count, cap;
};

struct cvy_graph {
    uint32_t magic;
    bool shaped;
    size_t number;                      // if shaped: of the node that is being unfolded
    struct node **nodes;
    size_t node_count, node_cap;
    struct value *values;               // value id v is values[v - 1]
    size_t value_count, value_cap;
    struct port_list inputs, outputs;
};

// graph.c
struct value *graph_value(const struct cvy_graph *graph, cvy_value id);
bool value_is_constant(const struct cvy_graph *graph, cvy_value id);
// A new value, "" named. `data` (may be NULL) is the value's own from then on if `owns`.
cvy_status graph_value_add(struct cvy_graph *graph, const cvy_desc *desc, void *data, bool owns,
                           cvy_value *out);
cvy_status port_add(struct port_list *list, const char *name, cvy_value value, bool constant);
cvy_status graph_open(bool shaped, struct cvy_graph **out);
void node_free(struct node *node);
int64_t shape_elements(const cvy_desc *desc);       // 1 for a scalar
size_t shape_bytes(const cvy_desc *desc);
cvy_status shape_limit(const cvy_desc *desc);       // LIMIT where those two would overflow
// Dense PLAIN of these sizes.
cvy_desc shape_of(cvy_dtype dtype, int32_t rank, const int64_t *size);
bool shape_same(const cvy_desc *a, const cvy_desc *b);

// nodes.c
// Adds a node; `outs` gets its values, out_count of them.
struct node_request {
    enum node_op op;
    const void *params;
    size_t params_bytes;
    const cvy_node *node;
    size_t out_count;
};
cvy_status node_add(struct cvy_graph *graph, const struct node_request *request, cvy_value *outs);
void node_set_port(cvy_node *node, int port, cvy_value value);
const char *node_op_name(enum node_op op);
// "node "conv1" (conv)", "node 12 (conv)" if it has no name, for messages.
void node_label(const struct node *node, char *out, size_t bytes);
// Without the operator.
void node_who(const struct node *node, char *out, size_t bytes);
// Gives st back, the node's label before the text of a failure.
cvy_status node_error(const struct node *node, cvy_status st);
const char *port_name(int port);            // as in cvy_node

// infer.c
enum layout_rule {
    RULE_MAPS,          // feature maps in and out
    RULE_FOLLOWS,       // any layout; out as in
    RULE_PLAIN,         // row-major in and out
};
struct op_row {
    const char *name;
    uint32_t needs, takes;              // ports
    enum layout_rule rule;
    bool takes_srcs;
};
const struct op_row *op_row(enum node_op op);
bool op_takes_maps(enum node_op op);        // its tensors are feature maps, never PLAIN
// Params of the node with descs and flags of its tensors filled in. Entries of `in` that the node
// has not are not looked at.
void node_complete(const struct node *node, const cvy_desc in[PORT_COUNT], const cvy_desc *srcs,
                   union node_params *out);
// Shapes of the outputs, dense PLAIN, whatever the dtype.
cvy_status node_infer(const struct cvy_graph *graph, const struct node *node, cvy_desc outs[2]);

// fold.c
// Whether the host can compute the node, whose inputs are constants; and its result.
bool fold_can(const struct cvy_graph *graph, const struct node *node);
cvy_status fold(const struct cvy_graph *graph, const struct node *node, const cvy_desc *out,
                void **data);
// A constant's element as a double.
double constant_number(const struct value *value, int64_t i);

#endif
