// The inside of an implementation: two lists of steps with the memory that they need. Private to
// tier 2: builder.c fills it, plan.c and enqueue.c run it.
#ifndef CVY_IMPL_H
#define CVY_IMPL_H

#include "plan/algo.h"
#include "plan/builder.h"

struct step_arg {
    char kind;                  // as kernel_signature, and 't' for a tensor ("pl")
    union {
        struct {
            struct operand operand;
            uint32_t bytes;     // of an element
        } tensor;
        int64_t l;
        int32_t i;
        float f;
    } value;
};

#define STEP_ARGS 80
struct step {
    struct plan_builder *builder;   // NULL once the build is over
    struct kernel *kernel;      // NULL: a matrix product, of three tensors
    struct gemm gemm;
    struct step_arg *args;
    size_t count, cap;
    bool flat;
    int64_t items;              // of a flat step
    int64_t groups[3];          // of a grid
    int split;                  // the axis of a grid along which it may be sliced
};

struct step_list {
    struct step **items;
    size_t count, cap;
};

// Immutable once built; shared by plans and prepared weights.
struct impl {
    int refs;
    struct step_list steps[2];          // by phase
    size_t scratch, packed;             // bytes
    uint64_t constants_read;            // a bit for each slot that run steps read as it is
    enum accuracy accuracy;             // of the least accurate algorithm that it is made of
    uint64_t packing;                   // equal for implementations that pack alike
    char algorithm[128];
    char config[320];                   // as options.algorithm, it gives the same again
    double estimate, measured;          // seconds; measured: 0 if it was not
};

// Whether a builder compiles the kernels of steps, has them compiled behind the caller's back, or
// just looks what there is.
enum compiling { COMPILE_NOW, COMPILE_BEHIND, COMPILE_NOTHING };

struct forced;
struct problem_list;
struct wisdom;
struct plan_builder {
    cvy_context *context;
    const struct device *device;
    struct forced *forced;              // what children are forced to; NULL: nothing
    struct wisdom *wisdom;              // asked for children; NULL: not
    struct problem_list *children;      // takes their problems; NULL: nobody asks
    bool exact;                         // no child of another accuracy than DIRECT
    enum compiling compiling;
    cvy_status status;
    struct impl *impl;
    struct bindings bindings;           // of the problem being built
    struct step trash;                  // takes the arguments of steps after a failure
    int depth;                          // of children
};

cvy_status impl_create(struct impl **out);
void impl_retain(struct impl *impl);
void impl_release(struct impl *impl);
// Takes away what was added since `mark`, a plain copy of *impl, was made.
void impl_rewind(struct impl *impl, const struct impl *mark);

// Whether all of its kernels can be launched.
bool impl_is_ready(const struct impl *impl);

// Slots that hold constants, which prepare() packs.
bool slot_is_constant(enum slot slot);

#endif
