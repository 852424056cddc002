// Reductions as steps, for every algorithm that needs one: kernel reduce_tree.
#ifndef CVY_ALGO_REDUCE_H
#define CVY_ALGO_REDUCE_H

#include "algo/walk.h"

// A kind behind those of cvy_reduce_kind: the mean of (x - centre)^2.
#define REDUCE_SQUARES CVY_REDUCE_END

// dst and centre lie alike and have size 1 along the axes of src that are reduced, one at least.
struct reduction {
    int kind;
    struct tensor src, dst;
    struct operand from, to, centre;        // centre: of REDUCE_SQUARES
};
// Appends the passes. Nothing if dst is empty.
void reduce_steps(struct plan_builder *builder, const struct reduction *reduction);
// The instance that they launch, for start-up sets.
struct instance reduce_instance(const struct device *device);

#endif
