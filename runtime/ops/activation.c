// Activation as an operator of its own: params to problem to plan.
#include "ops/check.h"
#include "ops/fill.h"
#include "ops/spec.h"

static cvy_status check_slopes(cvy_activation_params *p)
{
    int64_t channels = p->src.rank > 1 ? p->src.size[1] : 1;

    if (p->activation.kind != CVY_PRELU) {
        if (p->num_parameters != 0)
            return fail(CVY_ERR_ARGUMENT, "num_parameters is %lld; only CVY_PRELU has slopes",
                        (long long)p->num_parameters);
        return CVY_OK;
    }
    if (p->num_parameters == 0)
        p->num_parameters = 1;
    if (p->num_parameters != 1 && p->num_parameters != channels)
        return fail(CVY_ERR_SHAPE, "num_parameters is %lld; it must be 1 or the %lld channels of "
                    "src", (long long)p->num_parameters, (long long)channels);
    return CVY_OK;
}

cvy_status activation_fill(cvy_activation_params *p)
{
    cvy_status st = CVY_OK;

    TRY(desc_check(&p->src, NULL, "src"));
    TRY(activation_check(&p->activation, "activation"));
    if (p->activation.kind == CVY_NONE)
        TRY(fail(CVY_ERR_ARGUMENT, "activation.kind is CVY_NONE; cvy_copy_create copies"));
    TRY(check_slopes(p));
    st = check_dst(&p->dst, &p->src, p->src.rank, p->src.size);
out:
    return st;
}

cvy_status cvy_activation_create(cvy_context *context, const cvy_activation_params *params,
                                 cvy_plan **out)
{
    struct plan_request request = { 0 };
    struct problem *problem = &request.problem;
    cvy_activation_params p;
    cvy_status st = CVY_OK;

    ENTER(context, params, out);
    p = *params;
    TRY(activation_fill(&p));
    spec_of_activation(&p, request.info.spec);
    request.options = p.options;
    problem->op = OP_ACTIVATION;
    problem->src = tensor_plain(&p.src);
    problem->dst = tensor_plain(&p.dst);
    problem->u.elementwise.activation = p.activation;
    problem->u.elementwise.channel_axis = p.num_parameters > 1 ? 1 : -1;
    request.info.dst = p.dst;
    request.in_place = tensor_same_place(&problem->src, &problem->dst);
    request_tensor(&request, SLOT_SRC, &problem->src);
    if (p.activation.kind == CVY_PRELU)
        request_constant(&request, SLOT_SLOPE, p.num_parameters);
    request_tensor(&request, SLOT_DST, &problem->dst);
    request.info.parameters = p.num_parameters;
    st = plan_create(context, &request, out);
out:
    return st;
}
