// Copies between layouts and strides: params to problem to plan.
#include "ops/check.h"
#include "ops/spec.h"

static cvy_status copy_fill(cvy_copy_params *p)
{
    cvy_status st = CVY_OK;

    TRY(desc_check(&p->src, NULL, "src"));
    st = check_dst(&p->dst, &p->src, p->src.rank, p->src.size);
out:
    return st;
}

cvy_status cvy_copy_create(cvy_context *context, const cvy_copy_params *params, cvy_plan **out)
{
    struct plan_request request = { 0 };
    struct problem *problem = &request.problem;
    cvy_copy_params p;
    cvy_status st = CVY_OK;

    ENTER(context, params, out);
    p = *params;
    TRY(copy_fill(&p));
    spec_of_copy(&p, request.info.spec);
    request.options = p.options;
    problem->op = OP_COPY;
    problem->src = tensor_plain(&p.src);
    problem->dst = tensor_plain(&p.dst);
    request.info.dst = p.dst;
    request_tensor(&request, SLOT_SRC, &problem->src);
    request_tensor(&request, SLOT_DST, &problem->dst);
    st = plan_create(context, &request, out);
out:
    return st;
}
