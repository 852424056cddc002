// What an operator asks of the planner, and the plan that it gets.
#ifndef CVY_PLAN_H
#define CVY_PLAN_H

#include "plan/impl.h"
#include "plan/planner.h"

// One slot of a plan: what may be bound to it. bytes 0: the tensor is empty and may be left out.
struct plan_slot {
    bool used;
    cvy_dtype dtype;
    size_t bytes;           // first element to the end of the last
    size_t run, pitch;      // elements lie in runs of `run` bytes every `pitch` bytes; pitch 0: one
};

// Zero it, fill it with the request_ functions, create. `options` and the problem's pointers are
// the caller's.
struct plan_request {
    struct problem problem;
    const cvy_plan_options *options;
    struct plan_slot slots[SLOT_COUNT];
    size_t src_count;               // of concat
    bool in_place, in_place2;       // src, src2 may be exactly dst
    cvy_plan_info info;             // spec, dst, indices, macs, parameters filled in
};
void request_tensor(struct plan_request *request, enum slot slot, const struct tensor *t);
void request_constant(struct plan_request *request, enum slot slot, int64_t elements);

cvy_status plan_create(cvy_context *context, const struct plan_request *request, cvy_plan **out);

struct cvy_plan {
    uint32_t magic;
    cvy_context *context;
    struct impl *impl;
    struct impl *stand_in;      // packs alike, until impl is ready; NULL: nothing needs to
    struct plan_slot slots[SLOT_COUNT];
    size_t src_count;
    bool in_place, in_place2;
    uint64_t packing;           // the implementation's, and the sizes of the constants
    cvy_plan_info info;
};

// Constants packed for implementations that pack alike.
struct cvy_weights {
    uint32_t magic;
    cvy_context *context;
    uint64_t packing;
    size_t kept[SLOT_SRCS];         // where run steps find a constant that they read as it is
    cvy_buffer *memory;             // packed regions, then kept constants; NULL if neither
    cvy_event *ready;
    cvy_buffer *raw[SLOT_SRCS];     // retained, NULL where there is none
};

// Launches the plan within a job that has begun. regions has the memory of each slot that the plan
// uses, SLOT_SCRATCH included (packed memory behind it where nothing is prepared); nothing is
// checked but `prepared`, which must be complete.
cvy_status plan_launch(const cvy_plan *plan, struct job *job, const struct region *regions,
                       const cvy_weights *prepared);

// The implementation that a job which begins now is to run, from its first launch to its last.
const struct impl *plan_impl(const cvy_plan *plan);

// A slot's name in cvy_args, "args.src"; and the tensor there. SLOT_SRCS + i is srcs[i].
const char *slot_name(enum slot slot);
cvy_tensor args_tensor(const cvy_args *args, enum slot slot);
void args_put(cvy_args *args, enum slot slot, cvy_tensor tensor);   // not SLOT_SRCS

#endif
