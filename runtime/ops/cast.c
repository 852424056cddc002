// Conversion between dtypes: params to problem to plan.
#include "ops/check.h"
#include "ops/spec.h"

static cvy_status check_dtype(const cvy_cast_params *p)
{
    if (!cvy_dtype_bytes(p->dtype))
        return fail(CVY_ERR_ARGUMENT, "dtype is %d, which is no cvy_dtype", (int)p->dtype);
    if (p->dst.dtype != CVY_DTYPE_DEFAULT && p->dst.dtype != p->dtype)
        return fail(CVY_ERR_ARGUMENT, "dst.dtype is %s and dtype %s; they must be equal",
                    dtype_name(p->dst.dtype), dtype_name(p->dtype));
    return CVY_OK;
}

static cvy_status cast_fill(cvy_cast_params *p)
{
    cvy_desc like;
    cvy_status st = CVY_OK;

    TRY(desc_check_dtypes(&p->src, NULL, "src", ANY_DTYPE));
    TRY(check_dtype(p));
    like = p->src;
    like.dtype = p->dtype;
    st = check_dst(&p->dst, &like, p->src.rank, p->src.size);
out:
    return st;
}

cvy_status cvy_cast_create(cvy_context *context, const cvy_cast_params *params, cvy_plan **out)
{
    struct plan_request request = { 0 };
    struct problem *problem = &request.problem;
    cvy_cast_params p;
    cvy_status st = CVY_OK;

    ENTER(context, params, out);
    p = *params;
    TRY(cast_fill(&p));
    spec_of_cast(&p, request.info.spec);
    request.options = p.options;
    problem->op = OP_CAST;
    problem->src = tensor_plain(&p.src);
    problem->dst = tensor_plain(&p.dst);
    request.info.dst = p.dst;
    request_tensor(&request, SLOT_SRC, &problem->src);
    request_tensor(&request, SLOT_DST, &problem->dst);
    st = plan_create(context, &request, out);
out:
    return st;
}
