// A working graph as steps over pieces of memory: the form that plans are made from. Private to
// tier 4.
#ifndef CVY_LOWER_H
#define CVY_LOWER_H

#include "graph/passes.h"

enum storage_kind { STORAGE_ARENA, STORAGE_INPUT, STORAGE_OUTPUT, STORAGE_CONSTANT };

// Memory of one tensor, or of several that lie in one another. A storage with a parent is a box of
// it: concatenation puts its sources there.
struct storage {
    enum storage_kind kind;
    size_t index;               // of the input or output; offset among the constants
    cvy_desc desc;              // with strides, those of the memory
    int parent;                 // -1: none
    int64_t begin[CVY_MAX_RANK];    // in the parent
    bool rigid;                 // may not become a box: other sizes look at it
    int64_t pending;            // uses to come, of a root
    const void *data;           // of a constant, dense in desc's order
    size_t first, last;         // steps, of a root
    bool touched;               // by any step
    size_t offset, bytes;       // of a root: in the arena or among the constants
};

// A view of a storage. A box has the storage's axes; a rigid view has its own strides.
struct piece {
    int storage;
    bool rigid;
    int64_t begin[CVY_MAX_RANK];
    cvy_desc desc;              // strides: of rigid ones only
    // Not 0: the channels are two axes, desc.size[1] of them `step` apart, and each has one of
    // `parts` that are `apart`.
    int64_t parts, step, apart;
};

// One plan of a run. Numbers are those of pieces, -1 for none.
struct step_node {
    struct node *node;          // op, params, name; owned if `owned`
    bool owned;
    int in[PORT_COUNT], outs[2];
    int *srcs;
    int workspace;              // a storage, -1 for none
    cvy_plan *plan;
    cvy_weights *weights;
};

struct lowered {
    struct storage *storages;
    size_t storage_count, storage_cap;
    struct piece *pieces;
    size_t piece_count, piece_cap;
    struct step_node *steps;
    size_t step_count, step_cap;
    int *inputs, *outputs;      // pieces by port; -1 for an input that is constant or unused
    size_t input_count, output_count;
    int64_t intermediate_bytes;
};

// lower.c
cvy_status lower(struct cvy_graph *graph, const cvy_network_options *options,
                 struct lowered *out);
void lowered_close(struct lowered *l);
int storage_root(const struct lowered *l, int storage);
// A piece as a plan takes it: with strides, no scalar; and where it begins, in elements of its
// root.
cvy_desc piece_desc(const struct lowered *l, int piece);
int64_t piece_offset(const struct lowered *l, int piece);

// pieces.c
cvy_status storage_add(struct lowered *l, enum storage_kind kind, const cvy_desc *desc, int *out);
cvy_status piece_add(struct lowered *l, const struct piece *piece, int *out);
bool piece_is_whole(const struct lowered *l, int piece);    // dense, all of its root
// Dense strides of sizes in a layout, row-major unless it is NHWC.
cvy_desc dense_in(const cvy_desc *shape, cvy_layout layout);
bool same_memory(const cvy_desc *a, const cvy_desc *b);     // strides of axes longer than 1

// memory.c
// Whether the step has constants, and nothing but constants in their slots: they are packed once.
bool step_prepares(const struct lowered *l, const struct step_node *step);
// The first and last step of every root that a run touches.
void find_lifetimes(struct lowered *l);
// Places the arena's roots and the constants. Lifetimes overlap where they may.
cvy_status place_storages(struct lowered *l, size_t *arena_bytes, size_t *constant_bytes);
#define ARENA_ALIGN 256

// plans.c: the plan of a step, from its pieces.
cvy_status step_plan(cvy_context *context, const struct lowered *l, struct step_node *step,
                     const cvy_plan_options *options);

#endif
