// Arithmetic and comparison of two tensors: params to problem to plan.
#include "ops/broadcast.h"
#include "ops/check.h"
#include "ops/spec.h"

static bool compares(const cvy_binary_params *p)
{
    return p->kind >= CVY_EQUAL;
}

static cvy_status check_activation(cvy_binary_params *p)
{
    cvy_status st = activation_check(&p->activation, "activation");

    if (st != CVY_OK)
        return st;
    if (p->activation.kind == CVY_PRELU)
        return fail(CVY_ERR_ARGUMENT, "activation.kind is CVY_PRELU, which has no slopes here");
    if (compares(p) && p->activation.kind != CVY_NONE)
        return fail(CVY_ERR_ARGUMENT, "activation.kind is %s; comparisons have none",
                    activation_name(p->activation.kind));
    return CVY_OK;
}

static cvy_status binary_fill(cvy_binary_params *p, struct broadcast *whole)
{
    cvy_desc like;
    cvy_status st = CVY_OK;

    TRY(check_named((int)p->kind, &binary_kind_names, "kind"));
    TRY(desc_check(&p->src, NULL, "src"));
    TRY(desc_check(&p->src2, &p->src, "src2"));
    TRY(broadcast_check_layout(&p->src2, "src2", &p->src, "src"));
    TRY(check_activation(p));
    TRY(broadcast_add(whole, &p->src, "src"));
    TRY(broadcast_add(whole, &p->src2, "src2"));
    like = p->src;
    like.dtype = compares(p) ? CVY_BOOL : CVY_F32;
    st = check_dst(&p->dst, &like, whole->rank, whole->size);
out:
    return st;
}

cvy_status cvy_binary_create(cvy_context *context, const cvy_binary_params *params,
                             cvy_plan **out)
{
    struct plan_request request = { 0 };
    struct problem *problem = &request.problem;
    struct broadcast whole = { 0 };
    struct tensor src, src2;
    cvy_binary_params p;
    cvy_status st = CVY_OK;

    ENTER(context, params, out);
    p = *params;
    TRY(binary_fill(&p, &whole));
    spec_of_binary(&p, request.info.spec);
    request.options = p.options;
    src = tensor_plain(&p.src);
    src2 = tensor_plain(&p.src2);
    problem->op = OP_BINARY;
    problem->src = broadcast_tensor(&whole, &p.src);
    problem->dst = tensor_plain(&p.dst);
    problem->u.binary.kind = p.kind;
    problem->u.binary.src2 = broadcast_tensor(&whole, &p.src2);
    problem->u.binary.activation = p.activation;
    request.info.dst = p.dst;
    request.info.macs = tensor_elements(&problem->dst);
    request.in_place = !compares(&p) && tensor_same_place(&problem->src, &problem->dst);
    request.in_place2 = !compares(&p)
        && tensor_same_place(&problem->u.binary.src2, &problem->dst);
    request_tensor(&request, SLOT_SRC, &src);
    request_tensor(&request, SLOT_SRC2, &src2);
    request_tensor(&request, SLOT_DST, &problem->dst);
    st = plan_create(context, &request, out);
out:
    return st;
}
