// The state of lowering. Private to lower.c and views.c.
#ifndef CVY_LOWERING_H
#define CVY_LOWERING_H

#include "graph/lower.h"

enum { ROW, NHWC };             // variants of a value: row-major, channels innermost

struct lowering {
    struct cvy_graph *graph;
    struct lowered *l;
    struct links links;
    int *variants[2];           // piece by value id, -1: none
    bool *came_nhwc;            // its first piece was NHWC, by value id
    int32_t *left;              // uses to come, by value id
    bool maps_nhwc;             // layout of maps inside
};

static inline cvy_desc shape_at(const struct lowering *w, cvy_value v)
{
    return graph_value(w->graph, v)->desc;
}

// lower.c
// The value's piece in a layout; changes the layout by a step where it must.
cvy_status get_piece(struct lowering *w, cvy_value v, bool nhwc, int *out);
// The same, row-major without gaps, and staying so.
cvy_status get_dense(struct lowering *w, cvy_value v, int *out);
// `piece` is the value's, one more variant of it.
void set_piece(struct lowering *w, cvy_value v, bool nhwc, int piece);
bool is_nhwc(const struct lowering *w, cvy_value v);        // whether it came so
void consume(struct lowering *w, const struct node *node);
// A new storage for a value, and its piece.
cvy_status new_piece(struct lowering *w, cvy_value v, bool nhwc, int *out);
cvy_status step_add(struct lowering *w, struct node *node, bool owned, struct step_node **out);
// A step of the library's own that copies one piece to another, of any dtype.
cvy_status copy_step(struct lowering *w, const char *name, int src, int dst);
cvy_status own_node(enum node_op op, const char *name, struct node **out);

// views.c: nodes that mostly look at memory in another way.
cvy_status lower_reshape(struct lowering *w, struct node *node);
cvy_status lower_expand(struct lowering *w, struct node *node);
cvy_status lower_transpose(struct lowering *w, struct node *node, bool *done);
cvy_status lower_slice(struct lowering *w, struct node *node, bool *done);
cvy_status lower_concat(struct lowering *w, struct node *node);
cvy_status lower_weave(struct lowering *w, struct node *node);
cvy_status lower_reduce(struct lowering *w, struct node *node, bool *done);
// A rigid view of a piece's memory under another desc with strides.
cvy_status rigid_view(struct lowering *w, int piece, const cvy_desc *desc, int *out);

// residuals.c, once all steps are there: gives residuals the strides of dst.
cvy_status align_residuals(struct lowering *w);

#endif
