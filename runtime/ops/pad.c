// Padding of any axis: params to problem to plan.
#include "ops/check.h"
#include "ops/fill.h"
#include "ops/spec.h"

static cvy_status check_mode(const cvy_pad_params *p, int i)
{
    int64_t size = p->src.size[i], least = MIN(p->before[i], p->after[i]);
    int64_t most = MAX(p->before[i], p->after[i]);

    if (least < 0)
        return fail(CVY_ERR_SHAPE, "%s[%d] is %lld; only CVY_ZEROS takes negative numbers",
                    p->before[i] < 0 ? "before" : "after", i, (long long)least);
    if (most > 0 && most >= size && p->mode == CVY_REFLECT)
        return fail(CVY_ERR_SHAPE, "%s[%d] is %lld; CVY_REFLECT needs less than the size %lld",
                    p->before[i] == most ? "before" : "after", i, (long long)most,
                    (long long)size);
    if (most > size && p->mode == CVY_CIRCULAR)
        return fail(CVY_ERR_SHAPE, "%s[%d] is %lld; CVY_CIRCULAR needs at most the size %lld",
                    p->before[i] == most ? "before" : "after", i, (long long)most,
                    (long long)size);
    if (most > 0 && size == 0)
        return fail(CVY_ERR_SHAPE, "src.size[%d] is 0; there is nothing to repeat", i);
    return CVY_OK;
}

static cvy_status pad_axis(const cvy_pad_params *p, int i, int64_t *size)
{
    cvy_status st = CVY_OK;

    if (p->mode != CVY_ZEROS)
        TRY(check_mode(p, i));
    if (!add_i64(p->before[i], p->after[i], size) || !add_i64(*size, p->src.size[i], size))
        TRY(fail(CVY_ERR_LIMIT, "before[%d], src.size[%d] and after[%d] add up to more than 2^63",
                 i, i, i));
    if (*size < 0)
        TRY(fail(CVY_ERR_SHAPE, "before[%d] is %lld and after[%d] is %lld; they cut more than the "
                 "size %lld", i, (long long)p->before[i], i, (long long)p->after[i],
                 (long long)p->src.size[i]));
out:
    return st;
}

cvy_status pad_fill(cvy_pad_params *p)
{
    int64_t size[CVY_MAX_RANK] = { 0 };
    cvy_status st = CVY_OK;

    TRY(desc_check(&p->src, NULL, "src"));
    TRY(check_named((int)p->mode, &padding_mode_names, "mode"));
    if (p->mode != CVY_ZEROS && p->value != 0.0f)
        TRY(fail(CVY_ERR_ARGUMENT, "value is %g; only CVY_ZEROS fills with it",
                 (double)p->value));
    TRY(check_unused("before", p->before, p->src.rank, CVY_MAX_RANK));
    TRY(check_unused("after", p->after, p->src.rank, CVY_MAX_RANK));
    for (int i = 0; i < p->src.rank; i++)
        TRY(pad_axis(p, i, &size[i]));
    st = check_dst(&p->dst, &p->src, p->src.rank, size);
out:
    return st;
}

cvy_status cvy_pad_create(cvy_context *context, const cvy_pad_params *params, cvy_plan **out)
{
    struct plan_request request = { 0 };
    struct problem *problem = &request.problem;
    cvy_pad_params p;
    cvy_status st = CVY_OK;

    ENTER(context, params, out);
    p = *params;
    TRY(pad_fill(&p));
    spec_of_pad(&p, request.info.spec);
    request.options = p.options;
    problem->op = OP_PAD;
    problem->src = tensor_plain(&p.src);
    problem->dst = tensor_plain(&p.dst);
    problem->u.pad.mode = p.mode;
    problem->u.pad.value = p.value;
    for (int i = 0; i < p.src.rank; i++)
        problem->u.pad.before[i] = p.before[i];
    request.info.dst = p.dst;
    request_tensor(&request, SLOT_SRC, &problem->src);
    request_tensor(&request, SLOT_DST, &problem->dst);
    st = plan_create(context, &request, out);
out:
    return st;
}
