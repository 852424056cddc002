// Slots bound to memory for one job. Private to tier 2.
#ifndef CVY_BINDING_H
#define CVY_BINDING_H

#include "plan/plan.h"

#define WORKSPACE_ALIGN 256     // bytes; any vector of any dtype

struct binding {
    const cvy_plan *plan;
    const struct impl *impl;
    struct region regions[SLOT_COUNT];
    bool bound[SLOT_COUNT];
    bool written[SLOT_COUNT];
};

// ARGUMENT unless plan and queue are live and of one context; FORKED.
cvy_status plan_queue_check(const cvy_plan *plan, const cvy_queue *queue);
// Binds what args has for the slot; an error if the plan wants it and it is not there, or the
// other way round.
cvy_status bind_slot(struct binding *binding, enum slot slot, const cvy_args *args);
// Launches the steps of a phase into a job that has begun.
cvy_status run_steps(struct binding *binding, enum phase phase, struct job *job);

#endif
