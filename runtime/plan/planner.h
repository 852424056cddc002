// Chooses an algorithm for a problem, and builds it.
#ifndef CVY_PLANNER_H
#define CVY_PLANNER_H

#include "plan/algo.h"
#include "plan/impl.h"

struct plan_request;

// Builds the request's implementation: the forced algorithm, else what wisdom knows of the problem,
// which is measured now where options->effort says so, else what it knows of a neighbour, else the
// rules' order of preference, else the least estimate. One that does not build, or needs more than
// options->max_workspace, gives way to the next; where compilers grant smaller work-groups than the
// device, all are tried again with groups of 16 items and of 1. `why` (160 bytes) says what was
// decided. Errors: UNSUPPORTED (the forced one cannot do it, or nothing fits max_workspace),
// ARGUMENT (no such algorithm), BUILD, NOMEM_*.
// Where the context compiles behind the caller's back, kernels of *out may be missing: then
// *stand_in, else NULL, is ready, packs alike and gives the same bits, not over twice as slowly.
cvy_status planner_build(cvy_context *context, const struct plan_request *request,
                         struct impl **out, struct impl **stand_in, char why[160]);

// The problems inside of what planner_build would make, which are convolutions of their own.
struct problem_list {
    struct problem items[8];
    size_t count;
};
cvy_status planner_children(cvy_context *context, const struct plan_request *request,
                            struct problem_list *children);

// What solves the request here, in the order of the rules, with the rules' values; at most cap.
struct planner_name {
    const struct algo *algo;
    struct config config;
    double estimate;
};
size_t planner_names(cvy_context *context, const struct plan_request *request, size_t cap,
                     struct planner_name *out);

// As planner_build, into a builder that is at work on the outer problem.
cvy_status planner_build_child(struct plan_builder *builder, const struct problem *problem);

// rules.c: what is known of each class of device.

// Values of the algorithm's tunables for the problem.
void rules_config(const struct device *device, const struct algo *algo,
                  const struct problem *problem, struct config *out);
// Every config that rules_config can give for the algorithm here; returns their number.
size_t rules_configs(const struct device *device, const struct algo *algo, struct config *out,
                     size_t cap);
// Place in the order of preference for the operator, lower first; 100 if the rules say nothing.
int rules_rank(const struct device *device, const struct algo *algo, const struct problem *problem);
// Rough speeds for estimates: multiply-adds and bytes a second, seconds a launch.
struct rates {
    double macs, bytes, launch;
};
struct rates rules_rates(const struct device *device);

#endif
