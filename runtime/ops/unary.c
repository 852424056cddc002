// Functions of one element: params to problem to plan.
#include "ops/check.h"
#include "ops/spec.h"

#include <math.h>

static cvy_status check_alpha(cvy_unary_params *p)
{
    if (isnan(p->alpha))
        return fail(CVY_ERR_ARGUMENT, "alpha is NaN");
    if (p->kind != CVY_THRESHOLDED_RELU && p->alpha != 0.0f)
        return fail(CVY_ERR_ARGUMENT, "alpha is %g; only CVY_THRESHOLDED_RELU has one",
                    (double)p->alpha);
    if (p->kind == CVY_THRESHOLDED_RELU && p->alpha == 0.0f)
        p->alpha = 1.0f;
    return CVY_OK;
}

static cvy_status unary_fill(cvy_unary_params *p)
{
    cvy_status st = CVY_OK;

    TRY(check_named((int)p->kind, &unary_kind_names, "kind"));
    TRY(desc_check(&p->src, NULL, "src"));
    TRY(check_alpha(p));
    st = check_dst(&p->dst, &p->src, p->src.rank, p->src.size);
out:
    return st;
}

cvy_status cvy_unary_create(cvy_context *context, const cvy_unary_params *params, cvy_plan **out)
{
    struct plan_request request = { 0 };
    struct problem *problem = &request.problem;
    cvy_unary_params p;
    cvy_status st = CVY_OK;

    ENTER(context, params, out);
    p = *params;
    TRY(unary_fill(&p));
    spec_of_unary(&p, request.info.spec);
    request.options = p.options;
    problem->op = OP_UNARY;
    problem->src = tensor_plain(&p.src);
    problem->dst = tensor_plain(&p.dst);
    problem->u.unary.kind = p.kind;
    problem->u.unary.alpha = p.alpha;
    request.info.dst = p.dst;
    request.info.macs = tensor_elements(&problem->dst);
    request.in_place = tensor_same_place(&problem->src, &problem->dst);
    request_tensor(&request, SLOT_SRC, &problem->src);
    request_tensor(&request, SLOT_DST, &problem->dst);
    st = plan_create(context, &request, out);
out:
    return st;
}
