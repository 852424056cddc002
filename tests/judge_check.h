// The judge's checks. Each writes into the trial's result; the first failure keeps the message.
#ifndef CONVOY_TESTS_JUDGE_CHECK_H
#define CONVOY_TESTS_JUDGE_CHECK_H

#include "judge_data.h"
#include "judge_random.h"

// One run of one problem.
struct trial {
    struct judge *judge;
    const struct judge_problem *problem;
    const char *forced;
    struct judge_result *out;
    struct ref_needs needs;
    cvy_desc dst;               // what the plan must make of it
    cvy_plan *plan;
    cvy_plan_info info;
    int winograd;               // as in ref_inputs
    cvy_weights *weights;
};

void check_fail(struct trial *trial, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool check_status(struct trial *trial, const char *step, cvy_status status);
bool check_info(struct trial *trial);
// Winograd's tile if the names of a plan's algorithms have it, or 0.
int check_winograd(const char *algorithms);
// Inputs, canaries and gaps are as they were.
void check_memory(struct trial *trial, const struct memory_slot slots[SLOT_COUNT]);
void check_outputs(struct trial *trial, const struct memory_slot *dst,
                   const struct ref_outputs *ref);
void check_indices(struct trial *trial, const struct memory_slot *indices,
                   const struct ref_outputs *ref);

#endif
