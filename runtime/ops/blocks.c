// Blocks of channels to blocks of pixels and back, as copies over six axes: params to problem to
// plan.
#include "ops/check.h"
#include "ops/fill.h"
#include "ops/move.h"
#include "ops/spec.h"

// Axes of both views: N, the channels of the side with fewer, and each spatial axis of the side
// with fewer pixels with the block's own behind it.
enum { VIEW_N, VIEW_C, VIEW_H, VIEW_ROW, VIEW_W, VIEW_COLUMN };

static cvy_status check_block(cvy_block_params *p)
{
    cvy_status st = desc_check(&p->src, NULL, "src");
    int64_t area;

    if (st != CVY_OK)
        return st;
    if (p->src.rank != 4 || p->src.layout == CVY_PLAIN)
        return fail(CVY_ERR_SHAPE, "src has rank %d%s; it must be N, C and 2 spatial axes, NCHW or "
                    "NHWC", (int)p->src.rank, p->src.layout == CVY_PLAIN ? ", PLAIN" : "");
    if (p->block < 1)
        return fail(CVY_ERR_SHAPE, "block is %lld; it must be 1 or more", (long long)p->block);
    if (!mul_i64(p->block, p->block, &area))
        return fail(CVY_ERR_LIMIT, "block is %lld; its square is beyond 2^63",
                    (long long)p->block);
    return CVY_OK;
}

static cvy_status divide(int64_t *size, int64_t by, int i)
{
    if (*size % by)
        return fail(CVY_ERR_SHAPE, "src.size[%d] is %lld; it must be a multiple of %lld", i,
                    (long long)*size, (long long)by);
    *size /= by;
    return CVY_OK;
}

static cvy_status multiply(int64_t *size, int64_t by, int i)
{
    if (!mul_i64(*size, by, size))
        return fail(CVY_ERR_LIMIT, "dst.size[%d] is beyond 2^63", i);
    return CVY_OK;
}

cvy_status block_fill(cvy_block_params *p, bool to_space)
{
    int64_t size[CVY_MAX_RANK];
    cvy_status st = CVY_OK;

    TRY(check_block(p));
    memcpy(size, p->src.size, sizeof size);
    TRY((to_space ? divide : multiply)(&size[1], p->block * p->block, 1));
    for (int i = 2; i < 4; i++)
        TRY((to_space ? multiply : divide)(&size[i], p->block, i));
    st = check_dst(&p->dst, &p->src, 4, size);
out:
    return st;
}

static void view_sizes(struct tensor *view, const cvy_desc *space, int64_t block)
{
    view->size[VIEW_N] = space->size[0];
    view->size[VIEW_C] = space->size[1];
    view->size[VIEW_H] = space->size[2] / block;
    view->size[VIEW_W] = space->size[3] / block;
    view->size[VIEW_ROW] = view->size[VIEW_COLUMN] = block;
}

// The side with more channels: `depth`; c first or last among the parts of a channel's number.
static struct tensor depth_view(const cvy_desc *depth, const cvy_desc *space, int64_t block,
                                bool depth_last)
{
    struct tensor view = { .dtype = depth->dtype, .layout = depth->layout };
    int64_t pitch = depth->stride[1], channels = space->size[1];

    view_sizes(&view, space, block);
    view.stride[VIEW_N] = depth->stride[0];
    view.stride[VIEW_H] = depth->stride[2];
    view.stride[VIEW_W] = depth->stride[3];
    view.stride[VIEW_C] = pitch * (depth_last ? 1 : block * block);
    view.stride[VIEW_ROW] = pitch * block * (depth_last ? channels : 1);
    view.stride[VIEW_COLUMN] = pitch * (depth_last ? channels : 1);
    return view;
}

static struct tensor space_view(const cvy_desc *space, int64_t block)
{
    struct tensor view = { .dtype = space->dtype, .layout = space->layout };

    view_sizes(&view, space, block);
    view.stride[VIEW_N] = space->stride[0];
    view.stride[VIEW_C] = space->stride[1];
    view.stride[VIEW_H] = space->stride[2] * block;
    view.stride[VIEW_W] = space->stride[3] * block;
    view.stride[VIEW_ROW] = space->stride[2];
    view.stride[VIEW_COLUMN] = space->stride[3];
    return view;
}

// Strides of axes that do not move are free, and may be as large as they like.
static cvy_desc tamed(const cvy_desc *desc)
{
    cvy_desc out = *desc;

    for (int i = 0; i < out.rank; i++)
        if (out.size[i] <= 1)
            out.stride[i] = 1;
    return out;
}

static cvy_status block_create(cvy_context *context, cvy_block_params *p, bool to_space,
                               cvy_plan **out)
{
    struct plan_request request = { 0 };
    cvy_desc src, dst;
    struct tensor depth, space;
    cvy_status st = CVY_OK;

    TRY(block_fill(p, to_space));
    (to_space ? spec_of_depth_to_space : spec_of_space_to_depth)(p, request.info.spec);
    request.options = p->options;
    if (cvy_desc_elements(&p->dst) > 0) {
        src = tamed(&p->src);
        dst = tamed(&p->dst);
        depth = depth_view(to_space ? &src : &dst, to_space ? &dst : &src, p->block,
                           p->depth_last);
        space = space_view(to_space ? &dst : &src, p->block);
        request.problem.src = to_space ? depth : space;
        request.problem.dst = to_space ? space : depth;
    } else {
        request.problem.src = request.problem.dst = tensor_plain(&p->dst);
    }
    st = move_create(context, &request, &p->src, &p->dst, out);
out:
    return st;
}

cvy_status cvy_depth_to_space_create(cvy_context *context, const cvy_block_params *params,
                                     cvy_plan **out)
{
    cvy_block_params p;

    ENTER(context, params, out);
    p = *params;
    return block_create(context, &p, true, out);
}

cvy_status cvy_space_to_depth_create(cvy_context *context, const cvy_block_params *params,
                                     cvy_plan **out)
{
    cvy_block_params p;

    ENTER(context, params, out);
    p = *params;
    return block_create(context, &p, false, out);
}
