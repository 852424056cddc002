// Batch and instance normalisation: params to problem to plan.
#include "ops/check.h"
#include "ops/fill.h"
#include "ops/spec.h"

#include <math.h>

#define DEFAULT_EPS 1e-5f

static cvy_status check_eps(float *eps)
{
    if (*eps == 0.0f)
        *eps = DEFAULT_EPS;
    if (!(*eps > 0.0f) || isinf(*eps))
        return fail(CVY_ERR_ARGUMENT, "eps is %g; it must be above 0 (0 means 1e-5)",
                    (double)*eps);
    return CVY_OK;
}

static cvy_status check_channels(cvy_desc *src)
{
    cvy_status st = desc_check(src, NULL, "src");

    if (st != CVY_OK)
        return st;
    if (src->rank < 2 || src->rank > 5 || src->layout == CVY_PLAIN)
        return fail(CVY_ERR_SHAPE, "src has rank %d%s; it must be N, C and 0 to 3 spatial axes, "
                    "NCHW or NHWC", (int)src->rank, src->layout == CVY_PLAIN ? ", PLAIN" : "");
    return CVY_OK;
}

cvy_status batch_norm_fill(cvy_batch_norm_params *p)
{
    cvy_status st = CVY_OK;

    TRY(check_channels(&p->src));
    TRY(check_eps(&p->eps));
    TRY(activation_check(&p->activation, "activation"));
    st = check_dst(&p->dst, &p->src, p->src.rank, p->src.size);
out:
    return st;
}

cvy_status instance_norm_fill(cvy_instance_norm_params *p)
{
    cvy_status st = CVY_OK;

    TRY(check_map(&p->src));
    TRY(check_eps(&p->eps));
    TRY(activation_check(&p->activation, "activation"));
    st = check_dst(&p->dst, &p->src, p->src.rank, p->src.size);
out:
    return st;
}

static void add_constant(struct plan_request *request, enum slot slot, bool wanted)
{
    int64_t channels = request->problem.src.size[AXIS_C];

    if (!wanted)
        return;
    request_constant(request, slot, channels);
    request->info.parameters += channels;
}

// What both have; op and the statistics are the caller's.
static void norm_request(const cvy_desc *src, const cvy_desc *dst, const struct norm_problem *norm,
                         struct plan_request *request)
{
    struct problem *problem = &request->problem;

    problem->src = tensor_map(src);
    problem->dst = tensor_map(dst);
    problem->u.norm = *norm;
    request->info.dst = *dst;
    request->in_place = tensor_same_place(&problem->src, &problem->dst);
    request_tensor(request, SLOT_SRC, &problem->src);
    request_tensor(request, SLOT_DST, &problem->dst);
    add_constant(request, SLOT_SCALE, norm->scale);
    add_constant(request, SLOT_BIAS, norm->bias);
    add_constant(request, SLOT_SLOPE, norm->activation.kind == CVY_PRELU);
}

cvy_status cvy_batch_norm_create(cvy_context *context, const cvy_batch_norm_params *params,
                                 cvy_plan **out)
{
    struct plan_request request = { 0 };
    cvy_batch_norm_params p;
    cvy_status st = CVY_OK;

    ENTER(context, params, out);
    p = *params;
    TRY(batch_norm_fill(&p));
    spec_of_batch_norm(&p, request.info.spec);
    request.options = p.options;
    request.problem.op = OP_BATCH_NORM;
    norm_request(&p.src, &p.dst, &(struct norm_problem) { p.eps, p.scale, p.bias, p.activation },
                 &request);
    add_constant(&request, SLOT_MEAN, true);
    add_constant(&request, SLOT_VARIANCE, true);
    request.info.macs = tensor_elements(&request.problem.src);
    st = plan_create(context, &request, out);
out:
    return st;
}

cvy_status cvy_instance_norm_create(cvy_context *context, const cvy_instance_norm_params *params,
                                    cvy_plan **out)
{
    struct plan_request request = { 0 };
    cvy_instance_norm_params p;
    cvy_status st = CVY_OK;

    ENTER(context, params, out);
    p = *params;
    TRY(instance_norm_fill(&p));
    spec_of_instance_norm(&p, request.info.spec);
    request.options = p.options;
    request.problem.op = OP_INSTANCE_NORM;
    norm_request(&p.src, &p.dst, &(struct norm_problem) { p.eps, p.scale, p.bias, p.activation },
                 &request);
    if (!mul_i64(tensor_elements(&request.problem.src), 3, &request.info.macs))
        request.info.macs = INT64_MAX;      // sum, squares, and the result
    st = plan_create(context, &request, out);
out:
    return st;
}
