// Slices picked along an axis by a tensor of indices: params to problem to plan.
#include "ops/check.h"
#include "ops/fill.h"
#include "ops/spec.h"

static cvy_status check_indices(cvy_desc *indices)
{
    cvy_desc dense;
    cvy_status st = CVY_OK;

    if (indices->dtype == CVY_DTYPE_DEFAULT)
        indices->dtype = CVY_I64;
    if (indices->layout == CVY_LAYOUT_DEFAULT)
        indices->layout = CVY_PLAIN;
    if (indices->layout != CVY_PLAIN)
        TRY(fail(CVY_ERR_UNSUPPORTED, "indices.layout is %d (%s); indices are CVY_PLAIN and dense, "
                 "as cvy_plain makes them", (int)indices->layout, layout_name(indices->layout)));
    TRY(desc_check_dtypes(indices, NULL, "indices", 1u << CVY_I32 | 1u << CVY_I64));
    dense = *indices;
    memset(dense.stride, 0, sizeof dense.stride);
    TRY(desc_check_dtypes(&dense, NULL, "indices", 1u << CVY_I32 | 1u << CVY_I64));
    for (int i = 0; i < dense.rank; i++)
        if (dense.size[i] > 1 && dense.stride[i] != indices->stride[i])
            TRY(fail(CVY_ERR_UNSUPPORTED, "indices.stride[%d] is %lld; indices are dense: %lld", i,
                     (long long)indices->stride[i], (long long)dense.stride[i]));
    *indices = dense;
out:
    return st;
}

cvy_status gather_fill(cvy_gather_params *p)
{
    int64_t size[2 * CVY_MAX_RANK];
    int32_t rank;
    cvy_status st = CVY_OK;

    TRY(desc_check(&p->src, NULL, "src"));
    TRY(check_indices(&p->indices));
    TRY(check_axis(&p->axis, p->src.rank));
    rank = p->src.rank - 1 + p->indices.rank;
    if (rank > CVY_MAX_RANK)
        TRY(fail(CVY_ERR_SHAPE, "dst would have %d axes; %d are possible", (int)rank,
                 CVY_MAX_RANK));
    for (int i = 0; i < rank; i++) {
        int inner = i - p->indices.rank + 1;

        size[i] = i < p->axis ? p->src.size[i]
                : inner > p->axis ? p->src.size[inner] : p->indices.size[i - p->axis];
    }
    st = check_dst(&p->dst, &p->src, rank, size);
out:
    return st;
}

// The source's strides on the axes of dst, 0 on those of indices; and the other way round.
static void place_axes(const cvy_gather_params *p, const struct tensor *src,
                       const struct tensor *indices, struct problem *problem)
{
    struct gather_problem *gather = &problem->u.gather;

    gather->length = p->src.size[p->axis];
    gather->step = src->stride[p->axis];
    gather->indices_dtype = p->indices.dtype;
    memcpy(problem->src.size, problem->dst.size, sizeof problem->dst.size);
    for (int i = 0; i < p->dst.rank; i++) {
        int inner = i - p->indices.rank + 1;
        bool picked = i >= p->axis && inner <= p->axis;

        problem->src.stride[i] = picked ? 0 : src->stride[i < p->axis ? i : inner];
        gather->index_stride[i] = picked ? indices->stride[i - p->axis] : 0;
    }
}

cvy_status cvy_gather_create(cvy_context *context, const cvy_gather_params *params, cvy_plan **out)
{
    struct plan_request request = { 0 };
    struct problem *problem = &request.problem;
    struct tensor src, indices;
    cvy_gather_params p;
    cvy_status st = CVY_OK;

    ENTER(context, params, out);
    p = *params;
    TRY(gather_fill(&p));
    spec_of_gather(&p, request.info.spec);
    request.options = p.options;
    src = tensor_plain(&p.src);
    indices = tensor_plain(&p.indices);
    problem->op = OP_GATHER;
    problem->src = src;
    problem->dst = tensor_plain(&p.dst);
    place_axes(&p, &src, &indices, problem);
    request.info.dst = p.dst;
    request_tensor(&request, SLOT_SRC, &src);
    request_tensor(&request, SLOT_INDICES, &indices);
    request_tensor(&request, SLOT_DST, &problem->dst);
    st = plan_create(context, &request, out);
out:
    return st;
}
