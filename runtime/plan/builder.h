// What an algorithm's build() writes to: steps, scratch and packed memory, children. Errors stick:
// the calls return nothing and the planner looks at the builder's status at the end.
#ifndef CVY_BUILDER_H
#define CVY_BUILDER_H

#include "cl/cl.h"
#include "plan/problem.h"

// What the arguments of a plan can be bound to. Order: API.md's cvy_args.
enum slot {
    SLOT_NONE,          // a tensor that the problem does not have: a valid pointer, never read
    SLOT_SRC, SLOT_SRC2, SLOT_WEIGHTS, SLOT_BIAS, SLOT_WEIGHTS2, SLOT_BIAS2, SLOT_SCALE, SLOT_MEAN,
    SLOT_VARIANCE, SLOT_SLOPE, SLOT_RESIDUAL, SLOT_INDICES, SLOT_DST, SLOT_SCRATCH, SLOT_PACKED,
    SLOT_SRCS,          // SLOT_SRCS + i: source i of concat
    SLOT_COUNT = SLOT_SRCS + CVY_MAX_SOURCES
};

// A place in a slot, in bytes from where the slot is bound.
struct operand {
    enum slot slot;
    size_t offset;
};
#define OPERAND(slot) ((struct operand) { (slot), 0 })

// What a child's slots are in its parent. Start from bindings_same().
struct bindings {
    struct operand slots[SLOT_SRCS + 1];
};
struct bindings bindings_same(void);

struct plan_builder;
struct step;

enum phase {
    PHASE_PREPARE,      // packs constants; once, or at each enqueue without prepared weights
    PHASE_RUN
};

const struct device *builder_device(const struct plan_builder *builder);
cvy_status builder_status(const struct plan_builder *builder);

// Memory of the plan's own, aligned to 256 bytes. Scratch lives for one enqueue, packed memory is
// written by prepare steps.
struct operand plan_scratch(struct plan_builder *builder, size_t bytes);
struct operand plan_packed(struct plan_builder *builder, size_t bytes);

// Appends a launch. Arguments follow in the kernel's order. Never NULL: after a failure it is a
// step that nobody runs.
struct step *plan_step(struct plan_builder *builder, enum phase phase,
                       const struct instance *instance);
void step_tensor(struct step *step, struct operand operand, cvy_dtype dtype);   // "pl"
void step_int(struct step *step, int64_t value);        // "i"; beyond 32 bits fails the build
void step_long(struct step *step, int64_t value);       // "l"
void step_float(struct step *step, float value);        // "f"
void step_strides(struct step *step, const struct tensor *t, int axes);     // "l" each
void step_sizes(struct step *step, const struct tensor *t, int first, int axes);    // "i" each
// The grid, exactly one of these, last. flat: one work-item each for `items`, the kernel's last two
// arguments are ulong first item and ulong end. Otherwise groups along three axes; the kernel's
// last argument is int, the first group of this slice along `split`.
void step_flat(struct step *step, int64_t items);
void step_grid(struct step *step, int64_t x, int64_t y, int64_t z, int split);

// Appends a matrix product by CLBlast, c = a b, and sees to it that it compiles nothing later. The
// build fails with UNSUPPORTED where there is no CLBlast.
void plan_gemm(struct plan_builder *builder, const struct gemm *gemm, struct operand a,
               struct operand b, struct operand c);

// Appends the steps of another problem, solved by the planner's choice.
void plan_child(struct plan_builder *builder, const struct problem *inner,
                const struct bindings *bindings);

// How an instance is written: instance_start("conv_direct", 1, 1, 1), then defines.
struct instance instance_start(const char *file, uint32_t x, uint32_t y, uint32_t z);
void instance_define(struct instance *instance, const char *name, int32_t value);

#endif
