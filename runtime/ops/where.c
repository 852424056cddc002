// The choice between two tensors by a third: params to problem to plan.
#include "ops/broadcast.h"
#include "ops/check.h"
#include "ops/spec.h"

static cvy_status check_condition(cvy_where_params *p)
{
    if (p->condition.dtype == CVY_DTYPE_DEFAULT)
        p->condition.dtype = CVY_BOOL;
    return desc_check_dtypes(&p->condition, &p->src, "condition", 1u << CVY_BOOL);
}

static cvy_status where_fill(cvy_where_params *p, struct broadcast *whole)
{
    cvy_status st = CVY_OK;

    TRY(desc_check(&p->src, NULL, "src"));
    TRY(desc_check(&p->src2, &p->src, "src2"));
    TRY(check_condition(p));
    TRY(broadcast_check_layout(&p->src2, "src2", &p->src, "src"));
    TRY(broadcast_check_layout(&p->condition, "condition", &p->src, "src"));
    TRY(broadcast_add(whole, &p->condition, "condition"));
    TRY(broadcast_add(whole, &p->src, "src"));
    TRY(broadcast_add(whole, &p->src2, "src2"));
    st = check_dst(&p->dst, &p->src, whole->rank, whole->size);
out:
    return st;
}

cvy_status cvy_where_create(cvy_context *context, const cvy_where_params *params, cvy_plan **out)
{
    struct plan_request request = { .src_count = 3 };
    struct problem *problem = &request.problem;
    struct broadcast whole = { 0 };
    struct tensor srcs[3];
    cvy_where_params p;
    cvy_status st = CVY_OK;

    ENTER(context, params, out);
    p = *params;
    TRY(where_fill(&p, &whole));
    spec_of_where(&p, request.info.spec);
    request.options = p.options;
    srcs[0] = tensor_plain(&p.condition);
    srcs[1] = tensor_plain(&p.src);
    srcs[2] = tensor_plain(&p.src2);
    for (int i = 0; i < 3; i++)
        request_tensor(&request, (enum slot)(SLOT_SRCS + i), &srcs[i]);
    problem->op = OP_WHERE;
    problem->src = broadcast_tensor(&whole, &p.src);
    problem->dst = tensor_plain(&p.dst);
    problem->u.where.condition = broadcast_tensor(&whole, &p.condition);
    problem->u.where.src2 = broadcast_tensor(&whole, &p.src2);
    request.info.dst = p.dst;
    request_tensor(&request, SLOT_DST, &problem->dst);
    st = plan_create(context, &request, out);
out:
    return st;
}
