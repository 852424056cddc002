// What random networks are put together from. Private to graph_net_layers.c and graph_net_make.c.
#ifndef CONVOY_TESTS_GRAPH_NET_PARTS_H
#define CONVOY_TESTS_GRAPH_NET_PARTS_H

#include "graph_net.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

// All of them give a value, or 0 if nothing came of it.
int64_t net_between(struct net *net, int64_t low, int64_t high);
bool net_chance(struct net *net, int percent);
const struct ref_shape *net_shape_at(const struct net *net, int value);
bool net_is_map(const struct net *net, int value);      // rank 3 to 5
bool net_is_exact(const struct net *net, int value);
bool net_is_small(const struct net *net, int value);
bool net_has_axes(const struct net *net, int value);

int net_leaf(struct net *net, enum net_from from, const struct ref_shape *shape, double step,
             int most);
int net_vector(struct net *net, int64_t count, bool above);
int net_network_input(struct net *net);
// Any float value, late ones more often; `want` may refuse.
int net_pick(struct net *net, bool (*want)(const struct net *, int));
int net_same_shape(struct net *net, int value);

struct net_conv_wish {
    int64_t out, groups, kernel;    // 0: any
    bool same;                      // the output is as large as the input
    bool plain;                     // no activation of its own
};
int net_conv(struct net *net, int src, const struct net_conv_wish *wish);
int net_linear_of(struct net *net, int src);
int net_batch_norm_of(struct net *net, int src);
int net_activation_of(struct net *net, int src);
int net_binary_of(struct net *net, cvy_binary_kind kind, int a, int b);
int net_single(struct net *net);    // one operator that computes

#endif
