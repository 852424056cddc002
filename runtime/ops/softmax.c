// Softmax along one axis: params to problem to plan.
#include "ops/check.h"
#include "ops/fill.h"
#include "ops/spec.h"

cvy_status softmax_fill(cvy_softmax_params *p)
{
    cvy_status st = CVY_OK;

    TRY(desc_check(&p->src, NULL, "src"));
    TRY(check_axis(&p->axis, p->src.rank));
    st = check_dst(&p->dst, &p->src, p->src.rank, p->src.size);
out:
    return st;
}

cvy_status cvy_softmax_create(cvy_context *context, const cvy_softmax_params *params,
                              cvy_plan **out)
{
    struct plan_request request = { 0 };
    struct problem *problem = &request.problem;
    cvy_softmax_params p;
    cvy_status st = CVY_OK;

    ENTER(context, params, out);
    p = *params;
    TRY(softmax_fill(&p));
    spec_of_softmax(&p, request.info.spec);
    request.options = p.options;
    problem->op = OP_SOFTMAX;
    problem->src = tensor_plain(&p.src);
    problem->dst = tensor_plain(&p.dst);
    problem->u.softmax.axis = p.axis;
    problem->u.softmax.log = p.log;
    request.info.dst = p.dst;
    request.in_place = tensor_same_place(&problem->src, &problem->dst);
    request_tensor(&request, SLOT_SRC, &problem->src);
    request_tensor(&request, SLOT_DST, &problem->dst);
    st = plan_create(context, &request, out);
out:
    return st;
}
