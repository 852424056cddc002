// What the judge puts into tensors, and whether that data can prove anything.
#ifndef CONVOY_TESTS_JUDGE_DATA_H
#define CONVOY_TESTS_JUDGE_DATA_H

#include "judge_memory.h"

// Which slots hold the residual and the output: in-place problems share one.
enum judge_slot data_residual_slot(const struct judge_problem *problem);
enum judge_slot data_dst_slot(const struct judge_problem *problem);

// Fills every opened input slot, then pokes. The same problem and seed give the same values.
void data_fill(const struct judge_problem *problem, const struct ref_needs *needs, uint64_t seed,
               struct memory_slot slots[SLOT_COUNT]);

// T10: results that are nearly all equal, or sums that are all zero, prove nothing.
// NULL if the data is fine, else what is wrong with it.
const char *data_distrust(const struct judge_problem *problem, const struct ref_needs *needs,
                          const struct ref_outputs *ref);

#endif
