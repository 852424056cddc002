// Fully connected: a convolution of 1 x 1 over as many pixels as there are rows.
#include "ops/check.h"
#include "ops/spec.h"

static cvy_status check_src(cvy_desc *src)
{
    cvy_status st = desc_check(src, NULL, "src");

    if (st != CVY_OK)
        return st;
    if (src->layout != CVY_PLAIN && src->rank != 2)
        return fail(CVY_ERR_SHAPE, "src has rank %d; it must be CVY_PLAIN, or N and C alone",
                    (int)src->rank);
    if (src->size[src->rank - 1] < 1)
        return fail(CVY_ERR_SHAPE, "src.size[%d] is %lld; there must be features",
                    (int)src->rank - 1, (long long)src->size[src->rank - 1]);
    return CVY_OK;
}

// All axes but the last as one, if their strides allow it: each steps over the whole next one.
static cvy_status flatten(const cvy_desc *desc, const char *name, int64_t *rows, int64_t *pitch)
{
    *rows = 1;
    *pitch = 1;
    for (int i = desc->rank - 2; i >= 0; i--) {
        if (desc->size[i] == 1)
            continue;
        if (*rows == 1)
            *pitch = desc->stride[i];
        else if (*rows && desc->size[i] && desc->stride[i] != *rows * *pitch)
            return fail(CVY_ERR_UNSUPPORTED, "%s.stride[%d] is %lld; rows must lie evenly, which "
                        "needs %lld", name, i, (long long)desc->stride[i],
                        (long long)(*rows * *pitch));
        *rows *= desc->size[i];
    }
    return CVY_OK;
}

// Rows as pixels along W, features as channels.
static cvy_status tensor_rows(const cvy_desc *desc, const char *name, struct tensor *out)
{
    int last = desc->rank - 1;
    cvy_desc map = { desc->dtype, CVY_NHWC, 3, { 1, desc->size[last], 0 },
                     { 1, desc->stride[last], 0 } };
    cvy_status st = flatten(desc, name, &map.size[2], &map.stride[2]);

    if (st == CVY_OK)
        *out = tensor_map(&map);
    return st;
}

static cvy_status linear_fill(cvy_linear_params *p)
{
    int64_t size[CVY_MAX_RANK] = { 0 };
    cvy_status st = CVY_OK;

    TRY(check_src(&p->src));
    if (p->out_features < 1)
        TRY(fail(CVY_ERR_SHAPE, "out_features is %lld; it must be 1 or more",
                 (long long)p->out_features));
    TRY(activation_check(&p->activation, "activation"));
    TRY(check_weights_dtype(&p->weights_dtype, p->src.dtype));
    memcpy(size, p->src.size, sizeof size);
    size[p->src.rank - 1] = p->out_features;
    st = check_dst(&p->dst, &p->src, p->src.rank, size);
out:
    return st;
}

static cvy_status linear_request(struct plan_request *request)
{
    struct problem *problem = &request->problem;
    const struct conv_problem *conv = &problem->u.conv;
    int64_t k = problem->dst.size[AXIS_C], weights;

    if (!mul_i64(problem->src.size[AXIS_C], k, &weights) || weights >= INT64_MAX / 16)
        return fail(CVY_ERR_LIMIT, "weights have more than 2^59 elements");
    request_tensor(request, SLOT_SRC, &problem->src);
    request_constant(request, SLOT_WEIGHTS, weights);
    if (conv->bias)
        request_constant(request, SLOT_BIAS, k);
    if (conv->activation.kind == CVY_PRELU)
        request_constant(request, SLOT_SLOPE, k);
    if (conv->residual)
        request_tensor(request, SLOT_RESIDUAL, &problem->dst);
    request_tensor(request, SLOT_DST, &problem->dst);
    request->info.macs = conv_macs(problem, conv);
    request->info.parameters = conv_parameters(problem, conv);
    return CVY_OK;
}

cvy_status cvy_linear_create(cvy_context *context, const cvy_linear_params *params, cvy_plan **out)
{
    static const struct window point = { { 1, 1, 1 }, { 1, 1, 1 }, { 1, 1, 1 }, { 0, 0, 0 } };
    struct plan_request request = { 0 };
    cvy_linear_params p;
    cvy_status st = CVY_OK;

    ENTER(context, params, out);
    p = *params;
    TRY(linear_fill(&p));
    spec_of_linear(&p, request.info.spec);
    request.options = p.options;
    request.problem = (struct problem) {
        .op = OP_CONV, .direction = FORWARD,
        .u.conv = { point, 1, CVY_ZEROS, p.bias, p.residual, p.activation } };
    TRY(tensor_rows(&p.src, "src", &request.problem.src));
    TRY(tensor_rows(&p.dst, "dst", &request.problem.dst));
    request.info.dst = p.dst;
    TRY(linear_request(&request));
    st = plan_create(context, &request, out);
out:
    return st;
}
