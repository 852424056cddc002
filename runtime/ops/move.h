// What the operators that only move elements share.
#ifndef CVY_OPS_MOVE_H
#define CVY_OPS_MOVE_H

#include "plan/plan.h"

// A plan of OP_COPY with the slots src and dst. Which elements go where is in the request already:
// problem.src and problem.dst, of equal sizes, and u.copy.src_at; so are spec and options.
cvy_status move_create(cvy_context *context, struct plan_request *request, const cvy_desc *src,
                       const cvy_desc *dst, cvy_plan **out);

#endif
