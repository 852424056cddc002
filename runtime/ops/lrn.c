// Local response normalisation: params to problem to plan.
#include "ops/check.h"
#include "ops/fill.h"
#include "ops/spec.h"

#include <math.h>

static cvy_status check_factor(float *value, float standard, const char *name)
{
    if (*value == 0.0f)
        *value = standard;
    if (!isfinite(*value))
        return fail(CVY_ERR_ARGUMENT, "%s is %g; it must be finite", name, (double)*value);
    return CVY_OK;
}

cvy_status lrn_fill(cvy_lrn_params *p)
{
    cvy_status st = CVY_OK;

    TRY(desc_check(&p->src, NULL, "src"));
    if (p->src.rank < 3 || p->src.rank > 5 || p->src.layout == CVY_PLAIN)
        TRY(fail(CVY_ERR_SHAPE, "src has rank %d%s; it must be N, C and 1 to 3 spatial axes, NCHW "
                 "or NHWC", (int)p->src.rank, p->src.layout == CVY_PLAIN ? ", PLAIN" : ""));
    if (p->size < 1)
        TRY(fail(CVY_ERR_SHAPE, "size is %lld; it must be 1 or more", (long long)p->size));
    TRY(check_factor(&p->alpha, 1e-4f, "alpha"));
    TRY(check_factor(&p->beta, 0.75f, "beta"));
    TRY(check_factor(&p->k, 1.0f, "k"));
    st = check_dst(&p->dst, &p->src, p->src.rank, p->src.size);
out:
    return st;
}

cvy_status cvy_lrn_create(cvy_context *context, const cvy_lrn_params *params, cvy_plan **out)
{
    struct plan_request request = { 0 };
    struct problem *problem = &request.problem;
    int64_t shorter, longer;
    cvy_lrn_params p;
    cvy_status st = CVY_OK;

    ENTER(context, params, out);
    p = *params;
    TRY(lrn_fill(&p));
    spec_of_lrn(&p, request.info.spec);
    request.options = p.options;
    shorter = (p.size - 1) / 2;
    longer = p.size / 2;
    problem->op = OP_LRN;
    problem->src = tensor_map(&p.src);
    problem->dst = tensor_map(&p.dst);
    problem->u.lrn = (struct lrn_problem) {
        .before = p.later ? shorter : longer, .after = p.later ? longer : shorter,
        .size = p.size, .alpha = p.alpha, .beta = p.beta, .k = p.k,
    };
    request.info.dst = p.dst;
    if (!mul_i64(tensor_elements(&problem->src), MIN(p.size, problem->src.size[AXIS_C]),
                 &request.info.macs))
        request.info.macs = INT64_MAX;
    request_tensor(&request, SLOT_SRC, &problem->src);
    request_tensor(&request, SLOT_DST, &problem->dst);
    st = plan_create(context, &request, out);
out:
    return st;
}
