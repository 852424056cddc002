// Fully connected: a convolution of 1 x 1 over as many pixels as there are rows.
#include "ops/check.h"
#include "ops/conv.h"
#include "ops/fill.h"
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

// The axes before the features, outermost first, with the strides of src and dst; axes that lie
// evenly in both are merged.
struct rows {
    int count;
    int64_t size[CVY_MAX_RANK], src[CVY_MAX_RANK], dst[CVY_MAX_RANK];
};

static void rows_add(struct rows *rows, int64_t size, int64_t src, int64_t dst)
{
    int last = rows->count - 1;

    if (last >= 0 && rows->src[last] == size * src && rows->dst[last] == size * dst) {
        rows->size[last] *= size;
        rows->src[last] = src;
        rows->dst[last] = dst;
        return;
    }
    rows->size[rows->count] = size;
    rows->src[rows->count] = src;
    rows->dst[rows->count++] = dst;
}

static struct tensor map_rows(const cvy_desc *desc, const struct rows *rows, const int64_t *stride)
{
    static const int axes[] = { AXIS_N, AXIS_D, AXIS_H, AXIS_W };
    struct tensor t = tensor_map(&(cvy_desc) { .dtype = desc->dtype, .layout = CVY_NHWC,
        .rank = 2, .size = { 1, desc->size[desc->rank - 1] },
        .stride = { 1, desc->stride[desc->rank - 1] } });

    for (int i = 0; i < rows->count; i++) {
        int axis = axes[4 - rows->count + i];

        t.size[axis] = rows->size[i];
        t.stride[axis] = stride[i];
    }
    return t;
}

// Rows as pixels of a feature map, features as channels.
static cvy_status map_tensors(const cvy_linear_params *p, struct problem *problem)
{
    struct rows rows = { 0 };

    for (int i = 0; i < p->src.rank - 1; i++)
        if (p->src.size[i] != 1)
            rows_add(&rows, p->src.size[i], p->src.stride[i], p->dst.stride[i]);
    if (rows.count > 4)
        return fail(CVY_ERR_UNSUPPORTED, "the strides of src and dst leave %d axes before the "
                    "features that do not lie evenly; 4 are possible", rows.count);
    problem->src = map_rows(&p->src, &rows, rows.src);
    problem->dst = map_rows(&p->dst, &rows, rows.dst);
    return CVY_OK;
}

cvy_status linear_fill(cvy_linear_params *p)
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
    TRY(map_tensors(&p, &request.problem));
    request.info.dst = p.dst;
    TRY(conv_request(&request));
    st = plan_create(context, &request, out);
out:
    return st;
}
