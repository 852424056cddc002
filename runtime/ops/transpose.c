// Permutations of axes, as copies with the source's strides in another order: params to problem to
// plan.
#include "ops/check.h"
#include "ops/fill.h"
#include "ops/move.h"
#include "ops/spec.h"

static cvy_status check_order(const cvy_transpose_params *p)
{
    for (int i = p->src.rank; i < CVY_MAX_RANK; i++)
        if (p->order[i] != 0)
            return fail(CVY_ERR_ARGUMENT, "order[%d] is %d; src has %d axes", i, (int)p->order[i],
                        (int)p->src.rank);
    for (int i = 0; i < p->src.rank; i++) {
        if (p->order[i] < 0 || p->order[i] >= p->src.rank)
            return fail(CVY_ERR_SHAPE, "order[%d] is %d; it must be 0 to %d", i, (int)p->order[i],
                        (int)p->src.rank - 1);
        for (int k = 0; k < i; k++)
            if (p->order[k] == p->order[i])
                return fail(CVY_ERR_ARGUMENT, "order[%d] is %d, and so is order[%d]; each axis "
                            "stands once", i, (int)p->order[i], k);
    }
    return CVY_OK;
}

cvy_status transpose_fill(cvy_transpose_params *p)
{
    int64_t size[CVY_MAX_RANK] = { 0 };
    cvy_status st = CVY_OK;

    TRY(desc_check(&p->src, NULL, "src"));
    TRY(check_order(p));
    for (int i = 0; i < p->src.rank; i++)
        size[i] = p->src.size[p->order[i]];
    st = check_dst(&p->dst, &p->src, p->src.rank, size);
out:
    return st;
}

cvy_status cvy_transpose_create(cvy_context *context, const cvy_transpose_params *params,
                                cvy_plan **out)
{
    struct plan_request request = { 0 };
    struct problem *problem = &request.problem;
    struct tensor src;
    cvy_transpose_params p;
    cvy_status st = CVY_OK;

    ENTER(context, params, out);
    p = *params;
    TRY(transpose_fill(&p));
    spec_of_transpose(&p, request.info.spec);
    request.options = p.options;
    src = tensor_plain(&p.src);
    problem->src = src;
    problem->dst = tensor_plain(&p.dst);
    for (int i = 0; i < p.src.rank; i++) {
        problem->src.size[i] = src.size[p.order[i]];
        problem->src.stride[i] = src.stride[p.order[i]];
    }
    st = move_create(context, &request, &p.src, &p.dst, out);
out:
    return st;
}
