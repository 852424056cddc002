// Reduction over any set of axes: params to problem to plan.
#include "ops/check.h"
#include "ops/fill.h"
#include "ops/spec.h"

static bool is_position(cvy_reduce_kind kind)
{
    return kind == CVY_REDUCE_ARGMAX || kind == CVY_REDUCE_ARGMIN;
}

// No axis named: all of them.
static cvy_status check_axes(cvy_reduce_params *p)
{
    int named = 0;

    for (int i = 0; i < CVY_MAX_RANK; i++) {
        if (p->axes[i] && i >= p->src.rank)
            return fail(CVY_ERR_SHAPE, "axes[%d] is set; src has %d axes", i, (int)p->src.rank);
        named += p->axes[i];
    }
    for (int i = 0; i < p->src.rank && named == 0; i++)
        p->axes[i] = true;
    named = named ? named : (int)p->src.rank;
    if (is_position(p->kind) && named > 1)
        return fail(CVY_ERR_ARGUMENT, "axes has %d axes; a position is along one", named);
    for (int i = 0; i < p->src.rank; i++)
        if (p->axes[i] && p->src.size[i] == 0 && p->kind >= CVY_REDUCE_MAX)
            return fail(CVY_ERR_SHAPE, "src.size[%d] is 0; nothing is largest or least there", i);
    return CVY_OK;
}

// A position must fit the integers that hold it.
static cvy_status check_dtype(cvy_reduce_params *p)
{
    cvy_dtype least = is_position(p->kind) ? CVY_I32 : CVY_F32;
    cvy_dtype most = is_position(p->kind) ? CVY_I64 : CVY_F32;

    if (p->dst.dtype == CVY_DTYPE_DEFAULT)
        p->dst.dtype = most;
    if (!cvy_dtype_bytes(p->dst.dtype))
        return fail(CVY_ERR_ARGUMENT, "dst.dtype is %d, which is no cvy_dtype",
                    (int)p->dst.dtype);
    if (p->dst.dtype != least && p->dst.dtype != most)
        return fail(CVY_ERR_UNSUPPORTED, "dst.dtype is %s; it must be %s",
                    dtype_name(p->dst.dtype),
                    is_position(p->kind) ? "CVY_I64 or CVY_I32" : "that of src");
    for (int i = 0; i < p->src.rank; i++)
        if (p->dst.dtype == CVY_I32 && p->axes[i] && p->src.size[i] > INT32_MAX)
            return fail(CVY_ERR_LIMIT, "src.size[%d] is %lld; dst.dtype is CVY_I32", i,
                        (long long)p->src.size[i]);
    return CVY_OK;
}

static cvy_status check_result(cvy_reduce_params *p)
{
    cvy_desc like = p->src;
    int64_t size[CVY_MAX_RANK];
    int32_t rank = 0;

    for (int i = 0; i < p->src.rank; i++)
        if (p->keep_dims || !p->axes[i])
            size[rank++] = p->axes[i] ? 1 : p->src.size[i];
    if (rank == 0)
        size[rank++] = 1;
    if (!p->keep_dims)
        like.layout = CVY_PLAIN;
    if (p->dst.layout != CVY_LAYOUT_DEFAULT && !p->keep_dims && p->dst.layout != CVY_PLAIN)
        return fail(CVY_ERR_UNSUPPORTED, "dst.layout is %s; without keep_dims it must be CVY_PLAIN",
                    layout_name(p->dst.layout));
    like.dtype = p->dst.dtype;
    return check_dst(&p->dst, &like, rank, size);
}

cvy_status reduce_fill(cvy_reduce_params *p)
{
    cvy_status st = CVY_OK;

    TRY(check_named((int)p->kind, &reduce_kind_names, "kind"));
    TRY(desc_check(&p->src, NULL, "src"));
    TRY(check_axes(p));
    TRY(check_dtype(p));
    st = check_result(p);
out:
    return st;
}

// dst with the axes of src.
static struct tensor place_axes(const cvy_reduce_params *p)
{
    struct tensor out = tensor_plain(&p->dst), short_one = out;
    int next = 0;

    for (int i = 0; i < CVY_MAX_RANK && !p->keep_dims; i++) {
        bool kept = i < p->src.rank && !p->axes[i];

        out.size[i] = kept ? short_one.size[next] : 1;
        out.stride[i] = kept ? short_one.stride[next] : 1;
        next += kept;
    }
    return out;
}

cvy_status cvy_reduce_create(cvy_context *context, const cvy_reduce_params *params,
                             cvy_plan **out)
{
    struct plan_request request = { 0 };
    struct problem *problem = &request.problem;
    cvy_reduce_params p;
    cvy_status st = CVY_OK;

    ENTER(context, params, out);
    p = *params;
    TRY(reduce_fill(&p));
    spec_of_reduce(&p, request.info.spec);
    request.options = p.options;
    problem->op = OP_REDUCE;
    problem->src = tensor_plain(&p.src);
    problem->dst = place_axes(&p);
    problem->u.reduce.kind = p.kind;
    request.info.dst = p.dst;
    request.info.macs = tensor_elements(&problem->src);
    request_tensor(&request, SLOT_SRC, &problem->src);
    request_tensor(&request, SLOT_DST, &problem->dst);
    st = plan_create(context, &request, out);
out:
    return st;
}
