// Slices, as copies with a start and steps in the source: params to problem to plan.
#include "ops/check.h"
#include "ops/fill.h"
#include "ops/move.h"
#include "ops/spec.h"

// start from the front; ends are one before the first element and one behind the last.
static cvy_status check_start(cvy_slice_params *p, int i)
{
    int64_t size = p->src.size[i], back = p->step[i] < 0;

    if (size == 0 && p->start[i] == 0)
        return CVY_OK;
    if (p->start[i] < -size - back || p->start[i] > size - back)
        return fail(CVY_ERR_SHAPE, "start[%d] is %lld; it must be %lld to %lld, src.size[%d] is "
                    "%lld", i, (long long)p->start[i], (long long)(-size - back),
                    (long long)(size - back), i, (long long)size);
    if (p->start[i] < 0)
        p->start[i] += size;
    return CVY_OK;
}

static int64_t elements_there(const cvy_slice_params *p, int i)
{
    int64_t size = p->src.size[i], start = p->start[i];
    uint64_t step = p->step[i] < 0 ? 0 - (uint64_t)p->step[i] : (uint64_t)p->step[i];

    if (start < 0 || start >= size)
        return 0;
    return (int64_t)((uint64_t)(p->step[i] < 0 ? start : size - 1 - start) / step) + 1;
}

static cvy_status slice_axis(cvy_slice_params *p, int i)
{
    int64_t there;
    cvy_status st = CVY_OK;

    if (p->step[i] == 0)
        p->step[i] = 1;
    TRY(check_start(p, i));
    there = elements_there(p, i);
    if (p->size[i] < 0 || p->size[i] > there)
        TRY(fail(CVY_ERR_SHAPE, "size[%d] is %lld; from start %lld in steps of %lld there are %lld "
                 "elements", i, (long long)p->size[i], (long long)p->start[i],
                 (long long)p->step[i], (long long)there));
    if (p->size[i] == 0)
        p->size[i] = there;
    // The step from a single element, and the place of none, are no part of the problem.
    if (p->size[i] <= 1)
        p->step[i] = 1;
    if (p->size[i] == 0)
        p->start[i] = p->src.size[i];
out:
    return st;
}

cvy_status slice_fill(cvy_slice_params *p)
{
    cvy_status st = CVY_OK;

    TRY(desc_check(&p->src, NULL, "src"));
    TRY(check_unused("start", p->start, p->src.rank, CVY_MAX_RANK));
    TRY(check_unused("step", p->step, p->src.rank, CVY_MAX_RANK));
    TRY(check_unused("size", p->size, p->src.rank, CVY_MAX_RANK));
    for (int i = 0; i < p->src.rank; i++)
        TRY(slice_axis(p, i));
    st = check_dst(&p->dst, &p->src, p->src.rank, p->size);
out:
    return st;
}

cvy_status cvy_slice_create(cvy_context *context, const cvy_slice_params *params, cvy_plan **out)
{
    struct plan_request request = { 0 };
    struct problem *problem = &request.problem;
    cvy_slice_params p;
    cvy_status st = CVY_OK;

    ENTER(context, params, out);
    p = *params;
    TRY(slice_fill(&p));
    spec_of_slice(&p, request.info.spec);
    request.options = p.options;
    problem->src = tensor_plain(&p.src);
    problem->dst = tensor_plain(&p.dst);
    for (int i = 0; i < p.src.rank; i++) {
        if (p.size[i] > 0 && p.src.size[i] > 1)
            problem->u.copy.src_at += p.start[i] * p.src.stride[i];
        problem->src.size[i] = p.size[i];
        problem->src.stride[i] *= p.step[i];
    }
    st = move_create(context, &request, &p.src, &p.dst, out);
out:
    return st;
}
