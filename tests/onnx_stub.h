// A graph that only remembers what it was told, in the place of libconvoy's: tests of the loader
// need no device. Linked into the program, its functions win over those of the shared library.
#ifndef CONVOY_TESTS_ONNX_STUB_H
#define CONVOY_TESTS_ONNX_STUB_H

#include <convoy/graph.h>

struct stub_port {
    char *name;
    cvy_desc desc;
    bool constant;
    cvy_value value;
    void *data;                 // of a constant, else NULL
};

struct stub_node {
    char *name, *op;
    cvy_expand_fn expand;
    void *user;
    void (*destroy)(void *user);
    cvy_value *inputs;
    size_t input_count, output_count;
    cvy_value first_output;     // the others follow
};

struct cvy_graph {
    struct stub_port *inputs, *constants, *outputs;
    struct stub_node *nodes;
    size_t input_count, constant_count, output_count, node_count;
    cvy_value last;             // values are numbered from 1
};

// Graphs that are there, for leaks.
extern int stub_graphs;
// The n-th call from now on, counted from 1, gives NOMEM_HOST. 0: none.
extern int stub_fail_at;

const struct stub_port *stub_port_find(const struct stub_port *ports, size_t count,
                                       const char *name);
// The node whose name it is, or NULL.
const struct stub_node *stub_node_find(const cvy_graph *graph, const char *name);

#endif
