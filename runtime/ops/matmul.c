// Products of matrices, in batches: params to problem to plan.
#include "ops/check.h"
#include "ops/fill.h"
#include "ops/spec.h"

#include <math.h>

enum { ROWS = 4, COLUMNS = 5, BATCHES = 4 };     // axes of the problem's tensors

// Checks ----------------------------------------------------------------------------------------

// A matrix may be N and C of any layout; with more axes it has no layout but PLAIN.
static cvy_status check_operand(cvy_desc *desc, const cvy_desc *src, const char *name)
{
    cvy_status st = CVY_OK;

    if (src && desc->layout == CVY_LAYOUT_DEFAULT)
        desc->layout = desc->rank == 2 ? src->layout : CVY_PLAIN;
    TRY(desc_check(desc, src, name));
    if (src && desc->dtype != src->dtype)
        TRY(fail(CVY_ERR_ARGUMENT, "%s.dtype is %s and src.dtype %s; they must be equal", name,
                 dtype_name(desc->dtype), dtype_name(src->dtype)));
    if (desc->layout != CVY_PLAIN && desc->rank != 2)
        TRY(fail(CVY_ERR_SHAPE, "%s has rank %d; it must be CVY_PLAIN, or N and C alone", name,
                 (int)desc->rank));
out:
    return st;
}

static cvy_status check_matrix(cvy_desc *desc, const cvy_desc *src, const char *name)
{
    cvy_status st = check_operand(desc, src, name);

    if (st == CVY_OK && desc->rank < 2)
        return fail(CVY_ERR_SHAPE, "%s.rank is %d; a matrix has 2 axes or more", name,
                    (int)desc->rank);
    return st;
}

static cvy_status check_factor(float *value, const char *name)
{
    if (*value == 0.0f)
        *value = 1.0f;
    if (!isfinite(*value))
        return fail(CVY_ERR_ARGUMENT, "%s is %g; it must be finite", name, (double)*value);
    return CVY_OK;
}

// The size of an axis counted from the last, 1 where there is none.
static int64_t size_back(const cvy_desc *desc, int32_t back)
{
    return back < desc->rank ? desc->size[desc->rank - 1 - back] : 1;
}

static cvy_status result_shape(const cvy_matmul_params *p, int32_t *rank, int64_t *size)
{
    int64_t k = size_back(&p->src, p->transpose), k2 = size_back(&p->src2, !p->transpose2);

    *rank = MAX(p->src.rank, p->src2.rank);
    if (k != k2)
        return fail(CVY_ERR_SHAPE, "src.size[%d] is %lld and src2.size[%d] %lld; they are summed "
                    "over and must be equal", (int)p->src.rank - 1 - p->transpose, (long long)k,
                    (int)p->src2.rank - 1 - !p->transpose2, (long long)k2);
    for (int32_t back = 2; back < *rank; back++) {
        int64_t a = size_back(&p->src, back), b = size_back(&p->src2, back);

        if (a != b && a != 1 && b != 1)
            return fail(CVY_ERR_SHAPE, "src.size[%d] is %lld and src2.size[%d] %lld; they must be "
                        "equal, or one of them 1", (int)(p->src.rank - 1 - back), (long long)a,
                        (int)(p->src2.rank - 1 - back), (long long)b);
        size[*rank - 1 - back] = a == 1 ? b : a;
    }
    size[*rank - 2] = size_back(&p->src, !p->transpose);
    size[*rank - 1] = size_back(&p->src2, p->transpose2);
    return CVY_OK;
}

static cvy_status check_bias(cvy_matmul_params *p, int32_t rank, const int64_t *size)
{
    cvy_status st = check_operand(&p->bias, &p->src, "bias");

    if (st != CVY_OK)
        return st;
    if (p->bias.rank > rank)
        return fail(CVY_ERR_SHAPE, "bias.rank is %d; the result has rank %d", (int)p->bias.rank,
                    (int)rank);
    for (int32_t back = 0; back < p->bias.rank; back++)
        if (size_back(&p->bias, back) != 1 && size_back(&p->bias, back) != size[rank - 1 - back])
            return fail(CVY_ERR_SHAPE, "bias.size[%d] is %lld; it must be 1 or the result's %lld",
                        (int)(p->bias.rank - 1 - back), (long long)size_back(&p->bias, back),
                        (long long)size[rank - 1 - back]);
    return CVY_OK;
}

static cvy_status check_result(cvy_matmul_params *p, int32_t rank, const int64_t *size)
{
    if (p->dst.layout == CVY_LAYOUT_DEFAULT)
        p->dst.layout = rank == 2 ? p->src.layout : CVY_PLAIN;
    if (p->dst.layout != CVY_PLAIN && rank != 2)
        return fail(CVY_ERR_UNSUPPORTED, "dst.layout is %s; with %d axes it must be CVY_PLAIN",
                    layout_name(p->dst.layout), (int)rank);
    return check_dst(&p->dst, &p->src, rank, size);
}

cvy_status matmul_fill(cvy_matmul_params *p)
{
    int64_t size[CVY_MAX_RANK];
    int32_t rank;
    cvy_status st = CVY_OK;

    TRY(check_matrix(&p->src, NULL, "src"));
    TRY(check_matrix(&p->src2, &p->src, "src2"));
    TRY(check_factor(&p->alpha, "alpha"));
    TRY(check_factor(&p->beta, "beta"));
    TRY(activation_check(&p->activation, "activation"));
    if (p->activation.kind == CVY_PRELU)
        TRY(fail(CVY_ERR_UNSUPPORTED, "activation.kind is CVY_PRELU; a product has no channels "
                 "for slopes"));
    TRY(result_shape(p, &rank, size));
    if (p->bias.rank)
        TRY(check_bias(p, rank, size));
    st = check_result(p, rank, size);
out:
    return st;
}

// The problem -----------------------------------------------------------------------------------

// A desc with its axes to the right, the last two exchanged if `turned`.
static struct tensor place_axes(const cvy_desc *desc, bool turned)
{
    struct tensor t = tensor_plain(desc), out = t;
    int shift = CVY_MAX_RANK - desc->rank;

    for (int i = 0; i < CVY_MAX_RANK; i++) {
        out.size[i] = i < shift ? 1 : t.size[i - shift];
        out.stride[i] = i < shift ? 0 : t.stride[i - shift];
    }
    if (turned) {
        t = out;
        out.size[ROWS] = t.size[COLUMNS];
        out.stride[ROWS] = t.stride[COLUMNS];
        out.size[COLUMNS] = t.size[ROWS];
        out.stride[COLUMNS] = t.stride[ROWS];
    }
    return out;
}

// Axes of size 1 repeat along the first `axes` of dst.
static void broadcast(struct tensor *t, const struct tensor *dst, int axes)
{
    for (int i = 0; i < axes; i++) {
        if (t->size[i] == 1)
            t->stride[i] = 0;
        t->size[i] = dst->size[i];
    }
}

// Whether the batch axis goes on where the rows end.
static bool continues(const struct tensor *t, int axis)
{
    return t->stride[axis] == t->size[ROWS] * t->stride[ROWS] || t->size[ROWS] == 1;
}

static void merge_axis(struct tensor *t, int axis)
{
    if (t->size[ROWS] == 1)
        t->stride[ROWS] = t->stride[axis];
    t->size[ROWS] *= t->size[axis];
    t->size[axis] = 1;
    t->stride[axis] = 0;
}

// One matrix for a whole batch: the batch's rows become rows of one product.
static void merge_batches(struct problem *problem)
{
    struct matmul_problem *matmul = &problem->u.matmul;

    for (int axis = BATCHES - 1; axis >= 0; axis--) {
        if (problem->dst.size[axis] == 1)
            continue;
        if (matmul->src2.stride[axis] != 0 || !continues(&problem->dst, axis)
            || !continues(&problem->src, axis)
            || (matmul->has_bias && !continues(&matmul->bias, axis)))
            return;
        merge_axis(&problem->dst, axis);
        merge_axis(&problem->src, axis);
        merge_axis(&matmul->bias, axis);
        matmul->src2.size[axis] = 1;
    }
}

static int64_t multiply_adds(const struct problem *problem)
{
    int64_t macs = tensor_elements(&problem->dst);

    return mul_i64(macs, problem->src.size[COLUMNS], &macs) ? macs : INT64_MAX;
}

static void matmul_problem(const cvy_matmul_params *p, struct problem *problem)
{
    struct matmul_problem *matmul = &problem->u.matmul;

    problem->op = OP_MATMUL;
    problem->src = place_axes(&p->src, p->transpose);
    problem->dst = place_axes(&p->dst, false);
    *matmul = (struct matmul_problem) {
        .src2 = place_axes(&p->src2, p->transpose2), .bias = problem->dst,
        .has_bias = p->bias.rank != 0, .alpha = p->alpha, .beta = p->beta,
        .activation = p->activation,
    };
    if (matmul->has_bias)
        matmul->bias = place_axes(&p->bias, false);
    broadcast(&problem->src, &problem->dst, BATCHES);
    broadcast(&matmul->src2, &problem->dst, BATCHES);
    broadcast(&matmul->bias, &problem->dst, CVY_MAX_RANK);
    merge_batches(problem);
}

cvy_status cvy_matmul_create(cvy_context *context, const cvy_matmul_params *params,
                             cvy_plan **out)
{
    struct plan_request request = { 0 };
    struct tensor src, src2, bias, dst;
    cvy_matmul_params p;
    cvy_status st = CVY_OK;

    ENTER(context, params, out);
    p = *params;
    TRY(matmul_fill(&p));
    spec_of_matmul(&p, request.info.spec);
    request.options = p.options;
    matmul_problem(&p, &request.problem);
    src = tensor_plain(&p.src);
    src2 = tensor_plain(&p.src2);
    dst = tensor_plain(&p.dst);
    request.info.dst = p.dst;
    request.info.macs = multiply_adds(&request.problem);
    request_tensor(&request, SLOT_SRC, &src);
    request_tensor(&request, SLOT_SRC2, &src2);
    request_tensor(&request, SLOT_DST, &dst);
    if (p.bias.rank) {
        bias = tensor_plain(&p.bias);
        request_tensor(&request, SLOT_BIAS, &bias);
    }
    st = plan_create(context, &request, out);
out:
    return st;
}
