// Convolution and transposed convolution: params to problem to plan.
#include "ops/conv.h"
#include "ops/check.h"
#include "ops/fill.h"
#include "ops/spec.h"

static struct window_params window_params(int spatial, int64_t *kernel_size, int64_t *stride,
                                          int64_t *dilation, int64_t *padding,
                                          int64_t *padding_end, cvy_padding_rule *rule)
{
    return (struct window_params) { spatial, kernel_size, stride, dilation, padding, padding_end,
                                    rule, false };
}

cvy_status conv_fill(cvy_conv_params *p)
{
    struct window_params w = window_params(spatial_axes(&p->src), p->kernel_size, p->stride,
                                           p->dilation, p->padding, p->padding_end,
                                           &p->padding_rule);
    int64_t size[CVY_MAX_RANK] = { 0 };
    cvy_status st = CVY_OK;

    TRY(check_map(&p->src));
    TRY(check_window(&p->src, &w, p->padding_mode));
    TRY(check_groups(&p->groups, p->src.size[1], p->out_channels));
    TRY(activation_check(&p->activation, "activation"));
    TRY(check_weights_dtype(&p->weights_dtype, p->src.dtype));
    size[0] = p->src.size[0];
    size[1] = p->out_channels;
    for (int i = 0; i < w.spatial; i++) {
        size[2 + i] = cvy_conv_output_size(p->src.size[2 + i], p->kernel_size[i], p->stride[i],
                                           p->dilation[i], p->padding[i], p->padding_end[i]);
        TRY(check_output(size[2 + i], i));
    }
    st = check_dst(&p->dst, &p->src, p->src.rank, size);
out:
    return st;
}

cvy_status conv_request(struct plan_request *request)
{
    struct problem *problem = &request->problem;
    const struct conv_problem *conv = &problem->u.conv;
    int64_t k = problem->dst.size[AXIS_C], c = problem->src.size[AXIS_C], weights;

    if (!mul_i64(c / conv->groups, k, &weights)
        || !mul_i64(weights, window_taps(&conv->window), &weights)
        || weights >= INT64_MAX / 16)
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

cvy_status cvy_conv_create(cvy_context *context, const cvy_conv_params *params, cvy_plan **out)
{
    struct plan_request request = { 0 };
    struct window_params w;
    cvy_conv_params p;
    cvy_status st = CVY_OK;

    ENTER(context, params, out);
    p = *params;
    TRY(conv_fill(&p));
    spec_of_conv(&p, request.info.spec);
    w = window_params(p.src.rank - 2, p.kernel_size, p.stride, p.dilation, p.padding,
                      p.padding_end, &p.padding_rule);
    request.options = p.options;
    request.problem = (struct problem) {
        .op = OP_CONV, .direction = FORWARD, .src = tensor_map(&p.src), .dst = tensor_map(&p.dst),
        .u.conv = { window_of(&w), p.groups, p.padding_mode, p.bias, p.residual, p.activation } };
    request.info.dst = p.dst;
    TRY(conv_request(&request));
    st = plan_create(context, &request, out);
out:
    return st;
}

static cvy_status check_output_padding(const cvy_conv_transpose_params *p, int i)
{
    int64_t limit = MAX(p->stride[i], p->dilation[i]);

    if (p->output_padding[i] < 0 || p->output_padding[i] >= limit)
        return fail(CVY_ERR_SHAPE, "output_padding[%d] is %lld; it must be 0 or more and below "
                    "%lld, the larger of stride and dilation", i, (long long)p->output_padding[i],
                    (long long)limit);
    return CVY_OK;
}

cvy_status conv_transpose_fill(cvy_conv_transpose_params *p)
{
    struct window_params w = window_params(spatial_axes(&p->src), p->kernel_size, p->stride,
                                           p->dilation, p->padding, p->padding_end,
                                           &p->padding_rule);
    int64_t size[CVY_MAX_RANK] = { 0 };
    cvy_status st = CVY_OK;

    TRY(check_map(&p->src));
    if (p->padding_rule == CVY_PAD_SAME)
        TRY(fail(CVY_ERR_ARGUMENT, "padding_rule is CVY_PAD_SAME, which a transposed convolution "
                 "does not have"));
    TRY(check_window(NULL, &w, CVY_ZEROS));
    TRY(check_unused("output_padding", p->output_padding, w.spatial, 3));
    TRY(check_groups(&p->groups, p->src.size[1], p->out_channels));
    TRY(activation_check(&p->activation, "activation"));
    TRY(check_weights_dtype(&p->weights_dtype, p->src.dtype));
    size[0] = p->src.size[0];
    size[1] = p->out_channels;
    for (int i = 0; i < w.spatial; i++) {
        TRY(check_output_padding(p, i));
        size[2 + i] = cvy_conv_transpose_output_size(
            p->src.size[2 + i], p->kernel_size[i], p->stride[i], p->dilation[i], p->padding[i],
            p->padding_end[i], p->output_padding[i]);
        TRY(check_grown_output(size[2 + i], i));
        TRY(check_output(size[2 + i] + p->padding[i], i));
    }
    st = check_dst(&p->dst, &p->src, p->src.rank, size);
out:
    return st;
}

cvy_status cvy_conv_transpose_create(cvy_context *context, const cvy_conv_transpose_params *params,
                                     cvy_plan **out)
{
    struct plan_request request = { 0 };
    struct window_params w;
    cvy_conv_transpose_params p;
    cvy_status st = CVY_OK;

    ENTER(context, params, out);
    p = *params;
    TRY(conv_transpose_fill(&p));
    spec_of_conv_transpose(&p, request.info.spec);
    w = window_params(p.src.rank - 2, p.kernel_size, p.stride, p.dilation, p.padding,
                      p.padding_end, &p.padding_rule);
    request.options = p.options;
    request.problem = (struct problem) {
        .op = OP_CONV, .direction = BACKWARD_DATA, .src = tensor_map(&p.src),
        .dst = tensor_map(&p.dst),
        .u.conv = { window_of(&w), p.groups, CVY_ZEROS, p.bias, p.residual, p.activation } };
    request.info.dst = p.dst;
    TRY(conv_request(&request));
    st = plan_create(context, &request, out);
out:
    return st;
}
