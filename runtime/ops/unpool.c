// Max unpooling: params to problem to plan.
#include "ops/check.h"
#include "ops/fill.h"
#include "ops/pool.h"
#include "ops/spec.h"

static cvy_status check_least(const char *name, int i, int64_t value, int64_t least)
{
    if (value < least)
        return fail(CVY_ERR_SHAPE, "%s[%d] is %lld; it must be %lld or more", name, i,
                    (long long)value, (long long)least);
    return CVY_OK;
}

// PyTorch's rule: less than one stride from the size that follows from the window.
static cvy_status check_near(int64_t size, int64_t natural, int64_t stride, int i)
{
    if (size > natural - stride && size < natural + stride)
        return CVY_OK;
    return fail(CVY_ERR_SHAPE, "output_size[%d] is %lld; it must be %lld to %lld, less than one "
                "stride from %lld", i, (long long)size, (long long)MAX(natural - stride + 1, 1),
                (long long)(natural + stride - 1), (long long)natural);
}

// output_size, from the pooling's window where it is not given.
static cvy_status fill_axis(cvy_max_unpool_params *p, int i)
{
    bool given = p->output_size[i] != 0;
    int64_t stride = p->stride[i] ? p->stride[i] : p->kernel_size[i], natural;
    cvy_status st = CVY_OK;

    TRY(check_least("output_size", i, p->output_size[i], 0));
    TRY(check_least("kernel_size", i, p->kernel_size[i], given ? 0 : 1));
    TRY(check_least("stride", i, p->stride[i], 0));
    TRY(check_least("padding", i, p->padding[i], 0));
    TRY(check_output(MAX(p->output_size[i], 1), i));
    if (p->kernel_size[i] == 0)
        return CVY_OK;
    natural = cvy_conv_transpose_output_size(p->src.size[2 + i], p->kernel_size[i], stride, 1,
                                             p->padding[i], p->padding[i], 0);
    if (natural < INT64_MIN / 2 || natural > INT64_MAX / 2 || stride > INT64_MAX / 2)
        TRY(check_output(INT64_MIN, i));
    if (given)
        TRY(check_near(p->output_size[i], natural, stride, i));
    else
        p->output_size[i] = natural;
    st = check_grown_output(p->output_size[i], i);
out:
    return st;
}

cvy_status unpool_fill(cvy_max_unpool_params *p)
{
    int64_t size[CVY_MAX_RANK] = { 0 };
    cvy_status st = CVY_OK;

    TRY(check_map(&p->src));
    if (p->indices == CVY_INDICES_NONE)
        p->indices = CVY_INDICES_PLANE;
    TRY(check_pool_indices(&p->indices, &p->indices_dtype));
    TRY(check_unused("kernel_size", p->kernel_size, p->src.rank - 2, 3));
    TRY(check_unused("stride", p->stride, p->src.rank - 2, 3));
    TRY(check_unused("padding", p->padding, p->src.rank - 2, 3));
    TRY(check_unused("output_size", p->output_size, p->src.rank - 2, 3));
    TRY(check_whole("stride", p->stride, p->src.rank - 2));
    size[0] = p->src.size[0];
    size[1] = p->src.size[1];
    for (int i = 0; i < p->src.rank - 2; i++) {
        TRY(fill_axis(p, i));
        size[2 + i] = p->output_size[i];
    }
    // The output's size says all; the window that it came from is no part of the problem.
    memset(p->kernel_size, 0, sizeof p->kernel_size);
    memset(p->stride, 0, sizeof p->stride);
    memset(p->padding, 0, sizeof p->padding);
    st = check_dst(&p->dst, &p->src, p->src.rank, size);
out:
    return st;
}

cvy_status cvy_max_unpool_create(cvy_context *context, const cvy_max_unpool_params *params,
                                 cvy_plan **out)
{
    struct plan_request request = { 0 };
    struct tensor indices;
    cvy_max_unpool_params p;
    cvy_desc desc;
    cvy_status st = CVY_OK;

    ENTER(context, params, out);
    p = *params;
    TRY(unpool_fill(&p));
    TRY(indices_desc(&p.src, p.indices_dtype, &desc));
    indices = tensor_map(&desc);
    spec_of_max_unpool(&p, request.info.spec);
    request.options = p.options;
    request.problem = (struct problem) {
        .op = OP_UNPOOL, .direction = FORWARD, .src = tensor_map(&p.src),
        .dst = tensor_map(&p.dst),
        .u.pool = { .indices = p.indices, .indices_dtype = p.indices_dtype } };
    request.info.dst = p.dst;
    request_tensor(&request, SLOT_SRC, &request.problem.src);
    request_tensor(&request, SLOT_INDICES, &indices);
    request_tensor(&request, SLOT_DST, &request.problem.dst);
    st = plan_create(context, &request, out);
out:
    return st;
}
