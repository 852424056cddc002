// Pooling: params to problem to plan. Global pooling and adaptive pooling whose windows are all
// alike become plain pooling.
#include "ops/check.h"
#include "ops/fill.h"
#include "ops/pool.h"
#include "ops/spec.h"

#include <math.h>

static bool is_adaptive(cvy_pool_kind kind)
{
    return kind == CVY_POOL_ADAPTIVE_MAX || kind == CVY_POOL_ADAPTIVE_AVERAGE;
}

// A field that the pooling at hand does not have must be left at its default.
struct foreign {
    const char *name;
    bool set;
};

static bool any_set(const int64_t values[3])
{
    return values[0] || values[1] || values[2];
}

static cvy_status refuse(const struct foreign *fields, size_t count, const char *who)
{
    for (size_t i = 0; i < count; i++)
        if (fields[i].set)
            return fail(CVY_ERR_ARGUMENT, "%s is set, which %s does not have", fields[i].name, who);
    return CVY_OK;
}

static cvy_status refuse_window(const cvy_pool_params *p, const char *who)
{
    const struct foreign fields[] = {
        { "kernel_size", any_set(p->kernel_size) }, { "stride", any_set(p->stride) },
        { "dilation", any_set(p->dilation) }, { "padding", any_set(p->padding) },
        { "padding_end", any_set(p->padding_end) },
        { "padding_rule", p->padding_rule != CVY_PAD_SYMMETRIC }, { "ceil_mode", p->ceil_mode },
    };

    return refuse(fields, COUNT_OF(fields), who);
}

static cvy_status check_foreign(const cvy_pool_params *p)
{
    bool average = p->kind == CVY_POOL_AVERAGE;
    bool max = p->kind == CVY_POOL_MAX || p->kind == CVY_POOL_ADAPTIVE_MAX;
    const struct foreign fields[] = {
        { "global", p->global && is_adaptive(p->kind) },
        { "output_size", any_set(p->output_size) && !is_adaptive(p->kind) },
        { "count_include_pad", p->count_include_pad != CVY_COUNT_PAD_DEFAULT && !average },
        { "divisor_override", p->divisor_override != 0 && !average },
        { "norm_type", p->norm_type != 0.0f && p->kind != CVY_POOL_LP },
        { "indices", p->indices != CVY_INDICES_NONE && !max },
    };
    const struct foreign dtype = {
        "indices_dtype", p->indices == CVY_INDICES_NONE && p->indices_dtype != CVY_DTYPE_DEFAULT
    };
    static const char *const who[] = {
        [CVY_POOL_MAX] = "max pooling", [CVY_POOL_AVERAGE] = "average pooling",
        [CVY_POOL_LP] = "Lp pooling", [CVY_POOL_ADAPTIVE_MAX] = "adaptive max pooling",
        [CVY_POOL_ADAPTIVE_AVERAGE] = "adaptive average pooling",
    };
    cvy_status st = refuse(fields, COUNT_OF(fields), who[p->kind]);

    if (st != CVY_OK)
        return st;
    return refuse(&dtype, 1, "pooling without indices");
}

cvy_status check_pool_indices(cvy_indices *indices, cvy_dtype *dtype)
{
    cvy_status st = check_named((int)*indices, &indices_names, "indices");

    if (st == CVY_OK && *dtype == CVY_DTYPE_DEFAULT && *indices != CVY_INDICES_NONE)
        *dtype = CVY_I64;
    if (st == CVY_OK && *dtype != CVY_DTYPE_DEFAULT && *dtype != CVY_I64 && *dtype != CVY_I32)
        st = fail(CVY_ERR_ARGUMENT, "indices_dtype is %d (%s); it must be CVY_I64 or CVY_I32",
                  (int)*dtype, dtype_name(*dtype));
    return st;
}

cvy_status indices_desc(const cvy_desc *map, cvy_dtype dtype, cvy_desc *out)
{
    cvy_status st;

    *out = *map;
    memset(out->stride, 0, sizeof out->stride);
    st = desc_check(out, NULL, "indices");
    out->dtype = dtype;
    return st;
}

static cvy_status check_kind(cvy_pool_params *p)
{
    cvy_status st = CVY_OK;

    TRY(check_named((int)p->kind, &pool_kind_names, "kind"));
    TRY(check_named((int)p->count_include_pad, &count_pad_names, "count_include_pad"));
    TRY(check_foreign(p));
    TRY(check_pool_indices(&p->indices, &p->indices_dtype));
    if (p->divisor_override < 0)
        TRY(fail(CVY_ERR_ARGUMENT, "divisor_override is %lld; it must be 1 or more, or 0 for none",
                 (long long)p->divisor_override));
    if (p->kind == CVY_POOL_LP && p->norm_type == 0.0f)
        p->norm_type = 2.0f;
    if (p->kind == CVY_POOL_LP && (!isfinite(p->norm_type) || p->norm_type < 0.0f))
        TRY(fail(CVY_ERR_ARGUMENT, "norm_type is %g; it must be above 0 and finite",
                 (double)p->norm_type));
    if (p->kind == CVY_POOL_AVERAGE && p->count_include_pad == CVY_COUNT_PAD_DEFAULT)
        p->count_include_pad = CVY_COUNT_PAD_INCLUDE;
out:
    return st;
}

// PyTorch's rule, which keeps most windows off the padding.
static cvy_status check_padding(const cvy_pool_params *p, int i)
{
    int64_t half = (p->dilation[i] * (p->kernel_size[i] - 1) + 1) / 2;
    bool begin = p->padding[i] > half;

    if (begin || p->padding_end[i] > half)
        return fail(CVY_ERR_SHAPE, "%s[%d] is %lld; it must be at most %lld, half of the dilated "
                    "window", begin ? "padding" : "padding_end", i,
                    (long long)(begin ? p->padding[i] : p->padding_end[i]), (long long)half);
    return CVY_OK;
}

static struct window_params window_params(cvy_pool_params *p)
{
    return (struct window_params) { spatial_axes(&p->src), p->kernel_size, p->stride, p->dilation,
                                    p->padding, p->padding_end, &p->padding_rule, true };
}

static cvy_status fill_window(cvy_pool_params *p, int64_t *size)
{
    struct window_params w = window_params(p);
    cvy_status st = CVY_OK;

    TRY(check_window(&p->src, &w, CVY_ZEROS));
    for (int i = 0; i < w.spatial; i++) {
        TRY(check_padding(p, i));
        size[i] = cvy_pool_output_size(p->src.size[2 + i], p->kernel_size[i], p->stride[i],
                                       p->dilation[i], p->padding[i], p->padding_end[i],
                                       p->ceil_mode);
        TRY(check_output(size[i], i));
    }
out:
    return st;
}

static cvy_status fill_global(cvy_pool_params *p, int64_t *size)
{
    cvy_status st = refuse_window(p, "global pooling");

    if (st != CVY_OK)
        return st;
    for (int i = 0; i < p->src.rank - 2; i++)
        p->kernel_size[i] = p->src.size[2 + i];
    p->global = false;
    return fill_window(p, size);
}

static cvy_status fill_adaptive(cvy_pool_params *p, int64_t *size)
{
    int spatial = p->src.rank - 2;
    bool even = true;
    cvy_status st = CVY_OK;

    TRY(refuse_window(p, "adaptive pooling"));
    TRY(check_unused("output_size", p->output_size, spatial, 3));
    for (int i = 0; i < spatial; i++) {
        if (p->output_size[i] < 1)
            TRY(fail(CVY_ERR_SHAPE, "output_size[%d] is %lld; it must be 1 or more", i,
                     (long long)p->output_size[i]));
        size[i] = p->output_size[i];
        TRY(check_output(size[i], i));
        even = even && p->src.size[2 + i] % size[i] == 0;
    }
    if (!even)
        return CVY_OK;
    p->kind = p->kind == CVY_POOL_ADAPTIVE_MAX ? CVY_POOL_MAX : CVY_POOL_AVERAGE;
    if (p->kind == CVY_POOL_AVERAGE)
        p->count_include_pad = CVY_COUNT_PAD_INCLUDE;
    for (int i = 0; i < spatial; i++)
        p->kernel_size[i] = p->src.size[2 + i] / size[i];
    memset(p->output_size, 0, sizeof p->output_size);
    st = fill_window(p, size);
out:
    return st;
}

cvy_status pool_fill(cvy_pool_params *p)
{
    int64_t size[CVY_MAX_RANK] = { 0 };
    cvy_status st = CVY_OK;

    TRY(check_kind(p));
    TRY(check_map(&p->src));
    size[0] = p->src.size[0];
    size[1] = p->src.size[1];
    if (p->global)
        TRY(fill_global(p, size + 2));
    else if (is_adaptive(p->kind))
        TRY(fill_adaptive(p, size + 2));
    else
        TRY(fill_window(p, size + 2));
    st = check_dst(&p->dst, &p->src, p->src.rank, size);
out:
    return st;
}

// Additions or comparisons, every tap of the largest window counted; INT64_MAX if beyond.
static int64_t pool_operations(const struct problem *problem)
{
    int64_t operations = tensor_elements(&problem->dst);

    for (int i = 0; i < 3; i++) {
        int axis = AXIS_SPATIAL + i;
        int64_t taps = is_adaptive(problem->u.pool.kind)
            ? ceil_div(problem->src.size[axis], problem->dst.size[axis])
            : problem->u.pool.window.kernel[i];

        if (!mul_i64(operations, taps, &operations))
            return INT64_MAX;
    }
    return operations;
}

static struct pool_problem pool_of(cvy_pool_params *p)
{
    struct window_params w = window_params(p);
    struct pool_problem pool = {
        .kind = p->kind, .count_pad = p->count_include_pad == CVY_COUNT_PAD_INCLUDE,
        .divisor = p->divisor_override, .p = p->norm_type, .indices = p->indices,
        .indices_dtype = p->indices_dtype };

    if (is_adaptive(p->kind))
        return pool;
    pool.window = window_of(&w);
    for (int i = 0; i < w.spatial; i++)
        pool.pad_end[3 - w.spatial + i] = p->padding_end[i];
    return pool;
}

static cvy_status request_indices(struct plan_request *request, const cvy_pool_params *p)
{
    struct tensor indices;
    const int64_t *size = request->problem.src.size;
    int64_t last = size[AXIS_D] * size[AXIS_H] * size[AXIS_W];
    cvy_status st = CVY_OK;

    if (p->indices == CVY_INDICES_NONE)
        return CVY_OK;
    if (p->indices == CVY_INDICES_TENSOR)
        last *= MAX(size[AXIS_N], 1) * size[AXIS_C];
    if (p->indices_dtype == CVY_I32 && last - 1 > INT32_MAX)
        return fail(CVY_ERR_LIMIT, "indices go up to %lld, which CVY_I32 cannot hold",
                    (long long)last - 1);
    TRY(indices_desc(&p->dst, p->indices_dtype, &request->info.indices));
    indices = tensor_map(&request->info.indices);
    request_tensor(request, SLOT_INDICES, &indices);
out:
    return st;
}

cvy_status cvy_pool_create(cvy_context *context, const cvy_pool_params *params, cvy_plan **out)
{
    struct plan_request request = { 0 };
    cvy_pool_params p;
    cvy_status st = CVY_OK;

    ENTER(context, params, out);
    p = *params;
    TRY(pool_fill(&p));
    spec_of_pool(&p, request.info.spec);
    request.options = p.options;
    request.problem = (struct problem) {
        .op = OP_POOL, .direction = FORWARD, .src = tensor_map(&p.src), .dst = tensor_map(&p.dst),
        .u.pool = pool_of(&p) };
    request.info.dst = p.dst;
    request.info.macs = pool_operations(&request.problem);
    request_tensor(&request, SLOT_SRC, &request.problem.src);
    request_tensor(&request, SLOT_DST, &request.problem.dst);
    TRY(request_indices(&request, &p));
    st = plan_create(context, &request, out);
out:
    return st;
}
