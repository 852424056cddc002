// Separable convolution: params to a problem of two convolutions to plan.
#include "ops/check.h"
#include "ops/fill.h"
#include "ops/spec.h"

static struct window_params window_params(cvy_separable_params *p)
{
    return (struct window_params) { spatial_axes(&p->src), p->kernel_size, p->stride, p->dilation,
                                    p->padding, p->padding_end, &p->padding_rule, false };
}

// A field that belongs to another kind must be left at 0.
static cvy_status refuse(const char *name, int64_t value, const char *who)
{
    if (value != 0)
        return fail(CVY_ERR_ARGUMENT, "%s is %lld; only %s has one", name, (long long)value, who);
    return CVY_OK;
}

static cvy_status at_least_one(const char *name, int64_t value)
{
    if (value < 1)
        return fail(CVY_ERR_SHAPE, "%s is %lld; it must be 1 or more", name, (long long)value);
    return CVY_OK;
}

static cvy_status fill_channels(cvy_separable_params *p, int64_t *mid)
{
    int64_t c = p->src.size[1];
    cvy_status st = CVY_OK;

    if (p->kind != CVY_SEPARABLE_DEPTHWISE)
        TRY(refuse("channel_multiplier", p->channel_multiplier, "CVY_SEPARABLE_DEPTHWISE"));
    if (p->kind != CVY_SEPARABLE_SPATIAL_DENSE)
        TRY(refuse("mid_channels", p->mid_channels, "CVY_SEPARABLE_SPATIAL_DENSE"));
    if (p->kind == CVY_SEPARABLE_SPATIAL && p->out_channels == 0)
        p->out_channels = c;
    TRY(at_least_one("out_channels", p->out_channels));
    if (p->kind == CVY_SEPARABLE_SPATIAL && p->out_channels != c)
        TRY(fail(CVY_ERR_SHAPE, "out_channels is %lld; CVY_SEPARABLE_SPATIAL keeps the %lld "
                 "channels of src", (long long)p->out_channels, (long long)c));
    if (p->kind == CVY_SEPARABLE_DEPTHWISE && p->channel_multiplier == 0)
        p->channel_multiplier = 1;
    if (p->kind == CVY_SEPARABLE_SPATIAL_DENSE && p->mid_channels == 0)
        p->mid_channels = p->out_channels;
    *mid = p->kind == CVY_SEPARABLE_SPATIAL_DENSE ? p->mid_channels : c;
    TRY(at_least_one("mid_channels", *mid));
    if (p->kind != CVY_SEPARABLE_DEPTHWISE)
        return CVY_OK;
    TRY(at_least_one("channel_multiplier", p->channel_multiplier));
    if (!mul_i64(c, p->channel_multiplier, mid))
        st = fail(CVY_ERR_LIMIT, "channel_multiplier is %lld; with the %lld channels of src it "
                  "goes beyond 2^63", (long long)p->channel_multiplier, (long long)c);
out:
    return st;
}

static cvy_status check_activations(cvy_separable_params *p)
{
    cvy_status st = activation_check(&p->activation, "activation");

    if (st == CVY_OK)
        st = activation_check(&p->activation2, "activation2");
    if (st == CVY_OK && p->activation.kind == CVY_PRELU)
        st = fail(CVY_ERR_ARGUMENT, "activation is CVY_PRELU, which only activation2 may be");
    return st;
}

// Sizes of the tensor between the two, and of dst. The spatial kinds give the first convolution the
// first spatial axis.
static cvy_status fill_sizes(cvy_separable_params *p, cvy_desc *mid)
{
    int64_t size[CVY_MAX_RANK] = { p->src.size[0], p->out_channels };
    cvy_status st = CVY_OK;

    for (int i = 0; i < p->src.rank - 2; i++) {
        int64_t in = p->src.size[2 + i];
        bool first = p->kind == CVY_SEPARABLE_DEPTHWISE || i == 0;

        size[2 + i] = cvy_conv_output_size(in, p->kernel_size[i], p->stride[i], p->dilation[i],
                                           p->padding[i], p->padding_end[i]);
        TRY(check_output(size[2 + i], i));
        mid->size[2 + i] = first ? size[2 + i] : in;
    }
    mid->size[0] = size[0];
    TRY(desc_check(mid, &p->src, "the tensor between the two convolutions"));
    st = check_dst(&p->dst, &p->src, p->src.rank, size);
out:
    return st;
}

cvy_status separable_fill(cvy_separable_params *p, cvy_desc *mid)
{
    struct window_params w = window_params(p);
    cvy_status st = CVY_OK;

    memset(mid, 0, sizeof *mid);
    TRY(check_named((int)p->kind, &separable_kind_names, "kind"));
    TRY(check_map(&p->src));
    if (p->kind != CVY_SEPARABLE_DEPTHWISE && p->src.rank < 4)
        TRY(fail(CVY_ERR_SHAPE, "src has rank %d; the spatial kinds need 2 or 3 spatial axes",
                 (int)p->src.rank));
    TRY(check_window(&p->src, &w, p->padding_mode));
    mid->rank = p->src.rank;
    TRY(fill_channels(p, &mid->size[1]));
    TRY(check_activations(p));
    TRY(check_weights_dtype(&p->weights_dtype, p->src.dtype));
    st = fill_sizes(p, mid);
out:
    return st;
}

// The window on the axes [first, last) of those that src has, the others neutral.
static struct window window_part(const struct window *whole, int first, int last)
{
    struct window part = { { 1, 1, 1 }, { 1, 1, 1 }, { 1, 1, 1 }, { 0, 0, 0 } };

    for (int i = first; i < last; i++) {
        part.kernel[i] = whole->kernel[i];
        part.stride[i] = whole->stride[i];
        part.dilation[i] = whole->dilation[i];
        part.pad[i] = whole->pad[i];
    }
    return part;
}

static struct separable_problem separable_of(const cvy_separable_params *p,
                                             const struct window *whole, const cvy_desc *mid)
{
    int begin = 5 - p->src.rank, split = p->kind == CVY_SEPARABLE_DEPTHWISE ? 3 : begin + 1;
    int64_t c = p->src.size[1];
    struct conv_problem first = {
        window_part(whole, begin, split), c, p->padding_mode, p->bias, false, p->activation };
    struct conv_problem second = {
        window_part(whole, split, 3), 1, p->padding_mode, p->bias2, p->residual, p->activation2 };

    if (p->kind == CVY_SEPARABLE_SPATIAL)
        second.groups = c;
    if (p->kind == CVY_SEPARABLE_SPATIAL_DENSE)
        first.groups = 1;
    return (struct separable_problem) { first, second, tensor_map(mid) };
}

// One of the two as a problem of its own.
static struct problem half_of(const struct problem *problem, bool second)
{
    const struct separable_problem *separable = &problem->u.separable;

    return (struct problem) {
        .op = OP_CONV, .direction = FORWARD, .src = second ? separable->mid : problem->src,
        .dst = second ? problem->dst : separable->mid,
        .u.conv = second ? separable->second : separable->first };
}

static cvy_status request_weights(struct plan_request *request, const struct problem *half,
                                  enum slot weights_slot, enum slot bias_slot)
{
    const struct conv_problem *conv = &half->u.conv;
    int64_t k = half->dst.size[AXIS_C], weights;

    if (!mul_i64(half->src.size[AXIS_C] / conv->groups, k, &weights)
        || !mul_i64(weights, window_taps(&conv->window), &weights) || weights >= INT64_MAX / 16)
        return fail(CVY_ERR_LIMIT, "%s have more than 2^59 elements",
                    weights_slot == SLOT_WEIGHTS ? "weights" : "weights2");
    request_constant(request, weights_slot, weights);
    if (conv->bias)
        request_constant(request, bias_slot, k);
    if (!add_i64(request->info.macs, conv_macs(half, conv), &request->info.macs))
        request->info.macs = INT64_MAX;
    request->info.parameters += conv_parameters(half, conv);
    return CVY_OK;
}

// Costs of the full convolution: n oh ow k c taps, and k c taps with a bias for each k.
static void full_costs(struct plan_request *request, const struct window *whole, bool bias)
{
    const struct problem *problem = &request->problem;
    struct conv_problem full = { .window = *whole, .groups = 1, .bias = bias };

    request->info.full_macs = conv_macs(problem, &full);
    request->info.full_parameters = conv_parameters(problem, &full);
}

static cvy_status separable_request(struct plan_request *request)
{
    struct problem *problem = &request->problem;
    const struct conv_problem *second = &problem->u.separable.second;
    struct problem halves[2] = { half_of(problem, false), half_of(problem, true) };
    cvy_status st = CVY_OK;

    request_tensor(request, SLOT_SRC, &problem->src);
    TRY(request_weights(request, &halves[0], SLOT_WEIGHTS, SLOT_BIAS));
    TRY(request_weights(request, &halves[1], SLOT_WEIGHTS2, SLOT_BIAS2));
    if (second->activation.kind == CVY_PRELU)
        request_constant(request, SLOT_SLOPE, problem->dst.size[AXIS_C]);
    if (second->residual)
        request_tensor(request, SLOT_RESIDUAL, &problem->dst);
    request_tensor(request, SLOT_DST, &problem->dst);
out:
    return st;
}

cvy_status cvy_separable_create(cvy_context *context, const cvy_separable_params *params,
                                cvy_plan **out)
{
    struct plan_request request = { 0 };
    struct window_params w;
    struct window whole;
    cvy_separable_params p;
    cvy_desc mid;
    cvy_status st = CVY_OK;

    ENTER(context, params, out);
    p = *params;
    TRY(separable_fill(&p, &mid));
    spec_of_separable(&p, request.info.spec);
    w = window_params(&p);
    whole = window_of(&w);
    request.options = p.options;
    request.problem = (struct problem) {
        .op = OP_SEPARABLE, .direction = FORWARD, .src = tensor_map(&p.src),
        .dst = tensor_map(&p.dst), .u.separable = separable_of(&p, &whole, &mid) };
    request.info.dst = p.dst;
    TRY(separable_request(&request));
    full_costs(&request, &whole, p.bias2);
    st = plan_create(context, &request, out);
out:
    return st;
}
