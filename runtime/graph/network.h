// A compiled network. Private to tier 4.
#ifndef CVY_NETWORK_H
#define CVY_NETWORK_H

#include "graph/lower.h"
#include "plan/plan.h"

struct network_port {
    char *name;
    int piece;
    cvy_desc desc;              // with strides; rank 0: a scalar
    size_t bytes;
};

struct cvy_network {
    uint32_t magic;
    cvy_context *context;
    struct cvy_graph *graph;    // the working one: names and params of the steps' nodes
    struct lowered l;
    struct network_port *inputs, *outputs;
    size_t input_count, output_count;
    cvy_buffer *constants;      // those that runs read; NULL: none
    cvy_network_info info;
};

#endif
