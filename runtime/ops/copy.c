// Copies between layouts and strides: params to problem to plan.
#include "ops/check.h"
#include "ops/move.h"
#include "ops/spec.h"

cvy_status move_create(cvy_context *context, struct plan_request *request, const cvy_desc *src,
                       const cvy_desc *dst, cvy_plan **out)
{
    struct tensor whole_src = tensor_plain(src), whole_dst = tensor_plain(dst);
    int64_t bytes = tensor_elements(&whole_dst) * (int64_t)cvy_dtype_bytes(dst->dtype);

    request->problem.op = OP_COPY;
    request->info.dst = *dst;
    request_tensor(request, SLOT_SRC, &whole_src);
    request_tensor(request, SLOT_DST, &whole_dst);
    request->info.bytes = bytes > INT64_MAX / 2 ? INT64_MAX : 2 * bytes;
    return plan_create(context, request, out);
}

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
    problem->src = tensor_plain(&p.src);
    problem->dst = tensor_plain(&p.dst);
    st = move_create(context, &request, &p.src, &p.dst, out);
out:
    return st;
}
