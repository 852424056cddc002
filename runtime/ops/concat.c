// Concatenation along one axis: params to problem to plan.
#include "ops/check.h"
#include "ops/spec.h"

#include <stdio.h>

// Everything but the axis must be as in the first source.
static cvy_status check_like_first(const cvy_concat_params *p, const cvy_desc *srcs, size_t i)
{
    const cvy_desc *first = &srcs[0], *src = &srcs[i];

    if (src->rank != first->rank)
        return fail(CVY_ERR_SHAPE, "srcs[%zu].rank is %d; srcs[0] has rank %d", i, (int)src->rank,
                    (int)first->rank);
    if (src->dtype != first->dtype)
        return fail(CVY_ERR_ARGUMENT, "srcs[%zu].dtype is %s; srcs[0] has %s", i,
                    dtype_name(src->dtype), dtype_name(first->dtype));
    if ((src->layout == CVY_PLAIN) != (first->layout == CVY_PLAIN))
        return fail(CVY_ERR_ARGUMENT, "srcs[%zu].layout is %s and that of srcs[0] %s; CVY_PLAIN "
                    "goes with CVY_PLAIN", i, layout_name(src->layout),
                    layout_name(first->layout));
    for (int axis = 0; axis < src->rank; axis++)
        if (axis != p->axis && src->size[axis] != first->size[axis])
            return fail(CVY_ERR_SHAPE, "srcs[%zu].size[%d] is %lld; srcs[0] has %lld", i, axis,
                        (long long)src->size[axis], (long long)first->size[axis]);
    return CVY_OK;
}

static cvy_status check_sources(cvy_concat_params *p, cvy_desc *srcs, int64_t size[CVY_MAX_RANK])
{
    char name[32];
    cvy_status st = CVY_OK;

    for (size_t i = 0; i < p->src_count; i++) {
        srcs[i] = p->srcs[i];
        snprintf(name, sizeof name, "srcs[%zu]", i);
        TRY(desc_check(&srcs[i], i ? &srcs[0] : NULL, name));
        if (i == 0) {
            TRY(check_axis(&p->axis, srcs[0].rank));
            memcpy(size, srcs[0].size, sizeof srcs[0].size);
            continue;
        }
        TRY(check_like_first(p, srcs, i));
        if (!add_i64(size[p->axis], srcs[i].size[p->axis], &size[p->axis]))
            TRY(fail(CVY_ERR_LIMIT, "the sizes along axis %d add up to more than 2^63",
                     (int)p->axis));
    }
out:
    return st;
}

// p->srcs becomes srcs, with defaults filled in.
static cvy_status concat_fill(cvy_concat_params *p, cvy_desc srcs[CVY_MAX_SOURCES])
{
    int64_t size[CVY_MAX_RANK] = { 0 };
    cvy_status st = CVY_OK;

    if (!p->srcs)
        return fail(CVY_ERR_ARGUMENT, "srcs is NULL");
    if (p->src_count < 1 || p->src_count > CVY_MAX_SOURCES)
        return fail(CVY_ERR_ARGUMENT, "src_count is %zu; it must be 1 to %d", p->src_count,
                    CVY_MAX_SOURCES);
    TRY(check_sources(p, srcs, size));
    p->srcs = srcs;
    st = check_dst(&p->dst, &srcs[0], srcs[0].rank, size);
out:
    return st;
}

cvy_status cvy_concat_create(cvy_context *context, const cvy_concat_params *params, cvy_plan **out)
{
    struct plan_request request = { 0 };
    struct problem *problem = &request.problem;
    struct tensor tensors[CVY_MAX_SOURCES];
    cvy_desc srcs[CVY_MAX_SOURCES];
    cvy_concat_params p;
    cvy_status st = CVY_OK;

    ENTER(context, params, out);
    p = *params;
    TRY(concat_fill(&p, srcs));
    spec_of_concat(&p, request.info.spec);
    request.options = p.options;
    request.src_count = p.src_count;
    for (size_t i = 0; i < p.src_count; i++) {
        tensors[i] = tensor_plain(&srcs[i]);
        request_tensor(&request, (enum slot)(SLOT_SRCS + i), &tensors[i]);
    }
    problem->op = OP_CONCAT;
    problem->src = tensors[0];
    problem->dst = tensor_plain(&p.dst);
    problem->u.concat.srcs = tensors;
    problem->u.concat.count = p.src_count;
    problem->u.concat.axis = p.axis;
    request.info.dst = p.dst;
    request_tensor(&request, SLOT_DST, &problem->dst);
    st = plan_create(context, &request, out);
out:
    return st;
}
