// Descriptions: constructors, checks, and the tensors that plans work on.
#include "plan/tensor.h"
#include "plan/names.h"

static cvy_desc desc_of(cvy_dtype dtype, cvy_layout layout, int32_t rank, const int64_t *size)
{
    cvy_desc desc = { dtype, layout, rank, { 0 }, { 0 } };

    for (int32_t i = 0; i < rank && i < CVY_MAX_RANK; i++)
        desc.size[i] = size[i];
    return desc;
}

cvy_desc cvy_nc(cvy_dtype dtype, int64_t n, int64_t c)
{
    return desc_of(dtype, CVY_NCHW, 2, (int64_t[]) { n, c });
}

cvy_desc cvy_ncw(cvy_dtype dtype, int64_t n, int64_t c, int64_t w)
{
    return desc_of(dtype, CVY_NCHW, 3, (int64_t[]) { n, c, w });
}

cvy_desc cvy_nwc(cvy_dtype dtype, int64_t n, int64_t w, int64_t c)
{
    return desc_of(dtype, CVY_NHWC, 3, (int64_t[]) { n, c, w });
}

cvy_desc cvy_nchw(cvy_dtype dtype, int64_t n, int64_t c, int64_t h, int64_t w)
{
    return desc_of(dtype, CVY_NCHW, 4, (int64_t[]) { n, c, h, w });
}

cvy_desc cvy_nhwc(cvy_dtype dtype, int64_t n, int64_t h, int64_t w, int64_t c)
{
    return desc_of(dtype, CVY_NHWC, 4, (int64_t[]) { n, c, h, w });
}

cvy_desc cvy_ncdhw(cvy_dtype dtype, int64_t n, int64_t c, int64_t d, int64_t h, int64_t w)
{
    return desc_of(dtype, CVY_NCHW, 5, (int64_t[]) { n, c, d, h, w });
}

cvy_desc cvy_ndhwc(cvy_dtype dtype, int64_t n, int64_t d, int64_t h, int64_t w, int64_t c)
{
    return desc_of(dtype, CVY_NHWC, 5, (int64_t[]) { n, c, d, h, w });
}

cvy_desc cvy_plain(cvy_dtype dtype, int32_t rank, const int64_t *size)
{
    return desc_of(dtype, CVY_PLAIN, size ? rank : 0, size);
}

size_t cvy_dtype_bytes(cvy_dtype dtype)
{
    static const size_t bytes[] = {
        [CVY_F32] = 4, [CVY_F16] = 2, [CVY_BF16] = 2, [CVY_F64] = 8, [CVY_I8] = 1,
        [CVY_U8] = 1, [CVY_I32] = 4, [CVY_I64] = 8, [CVY_BOOL] = 1,
    };

    return (unsigned)dtype < COUNT_OF(bytes) ? bytes[dtype] : 0;
}

// The order of axes from innermost to outermost in a layout.
static void axis_order(cvy_layout layout, int32_t rank, int32_t order[CVY_MAX_RANK])
{
    int32_t count = 0;

    if (layout == CVY_NHWC && rank > 1)
        order[count++] = 1;
    for (int32_t axis = rank - 1; axis >= 0; axis--)
        if (layout != CVY_NHWC || rank <= 1 || axis != 1)
            order[count++] = axis;
}

static bool dense_strides(cvy_layout layout, int32_t rank, const int64_t *size, int64_t *stride)
{
    int32_t order[CVY_MAX_RANK];
    int64_t step = 1;

    axis_order(layout, rank, order);
    for (int32_t i = 0; i < rank; i++) {
        stride[order[i]] = step;
        if (!mul_i64(step, MAX(size[order[i]], 1), &step))
            return false;
    }
    return true;
}

// Strides are free to permute axes, but no two elements may meet: sorted by stride, each axis
// steps over all that the axes below it span.
static bool strides_overlap(const cvy_desc *desc)
{
    int64_t span = 1;
    bool used[CVY_MAX_RANK] = { false };

    for (int32_t round = 0; round < desc->rank; round++) {
        int32_t least = -1;

        for (int32_t i = 0; i < desc->rank; i++)
            if (!used[i] && desc->size[i] > 1
                && (least < 0 || desc->stride[i] < desc->stride[least]))
                least = i;
        if (least < 0)
            return false;
        if (desc->stride[least] < span)
            return true;
        used[least] = true;
        span += (desc->size[least] - 1) * desc->stride[least];
    }
    return false;
}

// Bytes from the first element to the end of the last; false beyond 63 bits.
static bool extent_bytes(const cvy_desc *desc, int64_t *out)
{
    int64_t last = 0, part;

    for (int32_t i = 0; i < desc->rank; i++) {
        if (desc->size[i] == 0) {
            *out = 0;
            return true;
        }
        if (!mul_i64(desc->size[i] - 1, desc->stride[i], &part) || !add_i64(last, part, &last))
            return false;
    }
    return add_i64(last, 1, &last) && mul_i64(last, (int64_t)cvy_dtype_bytes(desc->dtype), out);
}

static bool all_zero(const int64_t *values, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        if (values[i] != 0)
            return false;
    return true;
}

static cvy_status sizes_check(const cvy_desc *desc, const char *name)
{
    int64_t elements = 1;

    if (desc->rank < 1 || desc->rank > CVY_MAX_RANK)
        return fail(CVY_ERR_SHAPE, "%s.rank is %d; 1 to %d are possible", name, (int)desc->rank,
                    CVY_MAX_RANK);
    for (int32_t i = 0; i < desc->rank; i++)
        if (desc->size[i] < 0)
            return fail(CVY_ERR_SHAPE, "%s.size[%d] is %lld; it may not be negative", name, (int)i,
                        (long long)desc->size[i]);
    for (int32_t i = 0; i < desc->rank; i++)
        if (!mul_i64(elements, MAX(desc->size[i], 1), &elements))
            return fail(CVY_ERR_LIMIT, "%s has more than 2^63 elements", name);
    return CVY_OK;
}

static cvy_status strides_check(cvy_desc *desc, const char *name)
{
    int64_t bytes;

    if (all_zero(desc->stride, desc->rank)
        && !dense_strides(desc->layout, desc->rank, desc->size, desc->stride))
        return fail(CVY_ERR_LIMIT, "%s has more than 2^63 elements", name);
    for (int32_t i = 0; i < desc->rank; i++)
        if (desc->size[i] > 1 && desc->stride[i] <= 0)
            return fail(CVY_ERR_SHAPE, "%s.stride[%d] is %lld; strides are positive, or all 0",
                        name, (int)i, (long long)desc->stride[i]);
    if (!extent_bytes(desc, &bytes))
        return fail(CVY_ERR_LIMIT, "%s spans more than 2^63 bytes", name);
    if (strides_overlap(desc))
        return fail(CVY_ERR_UNSUPPORTED, "%s.stride makes elements overlap", name);
    return CVY_OK;
}

cvy_status desc_check_dtypes(cvy_desc *desc, const cvy_desc *as, const char *name, uint32_t dtypes)
{
    cvy_status st = CVY_OK;

    if (desc->dtype == CVY_DTYPE_DEFAULT)
        desc->dtype = as ? as->dtype : CVY_F32;
    if (desc->layout == CVY_LAYOUT_DEFAULT)
        desc->layout = as ? as->layout : CVY_NCHW;
    if (!cvy_dtype_bytes(desc->dtype))
        return fail(CVY_ERR_ARGUMENT, "%s.dtype is %d, which is no cvy_dtype", name,
                    (int)desc->dtype);
    if (desc->layout < CVY_NCHW || desc->layout > CVY_PLAIN)
        return fail(CVY_ERR_ARGUMENT, "%s.layout is %d, which is no cvy_layout", name,
                    (int)desc->layout);
    TRY(sizes_check(desc, name));
    TRY(strides_check(desc, name));
    if (!(dtypes >> desc->dtype & 1))
        return fail(CVY_ERR_UNSUPPORTED, "%s.dtype is %s, which this operator does not take%s",
                    name, dtype_name(desc->dtype),
                    dtypes == 1u << CVY_F32 ? "; it computes in CVY_F32" : "");
out:
    return st;
}

cvy_status desc_check(cvy_desc *desc, const cvy_desc *as, const char *name)
{
    return desc_check_dtypes(desc, as, name, 1u << CVY_F32);
}

// The axes of a desc put at `at[axis]`; the others get size 1 and a stride that never counts.
static struct tensor tensor_place(const cvy_desc *desc, const int32_t *at)
{
    struct tensor t = { .dtype = desc->dtype, .layout = desc->layout };

    for (int32_t i = 0; i < CVY_MAX_RANK; i++) {
        t.size[i] = 1;
        t.stride[i] = 1;
    }
    for (int32_t i = 0; i < desc->rank; i++) {
        t.size[at[i]] = desc->size[i];
        t.stride[at[i]] = desc->size[i] > 1 ? desc->stride[i] : 1;
    }
    return t;
}

struct tensor tensor_map(const cvy_desc *desc)
{
    int32_t at[CVY_MAX_RANK] = { AXIS_N, AXIS_C };

    for (int32_t i = 2; i < desc->rank; i++)
        at[i] = AXIS_W + 1 - desc->rank + i;
    return tensor_place(desc, at);
}

struct tensor tensor_plain(const cvy_desc *desc)
{
    static const int32_t at[CVY_MAX_RANK] = { 0, 1, 2, 3, 4, 5 };

    return tensor_place(desc, at);
}

int64_t tensor_elements(const struct tensor *t)
{
    int64_t elements = 1;

    for (int i = 0; i < CVY_MAX_RANK; i++)
        elements *= t->size[i];
    return elements;
}

size_t tensor_bytes(const struct tensor *t)
{
    int64_t last = 0;

    for (int i = 0; i < CVY_MAX_RANK; i++) {
        if (t->size[i] == 0)
            return 0;
        last += (t->size[i] - 1) * t->stride[i];
    }
    return (size_t)(last + 1) * cvy_dtype_bytes(t->dtype);
}

bool tensor_same_size(const struct tensor *a, const struct tensor *b)
{
    return memcmp(a->size, b->size, sizeof a->size) == 0;
}

bool tensor_same_place(const struct tensor *a, const struct tensor *b)
{
    for (int i = 0; i < CVY_MAX_RANK; i++)
        if (a->size[i] != b->size[i] || (a->size[i] > 1 && a->stride[i] != b->stride[i]))
            return false;
    return true;
}

bool tensor_is_dense(const struct tensor *t)
{
    int64_t last = 0;

    for (int i = 0; i < CVY_MAX_RANK; i++)
        last += (t->size[i] - 1) * t->stride[i];
    return last + 1 == tensor_elements(t);
}

bool tensor_is_pixels(const struct tensor *t)
{
    int64_t pitch = 0, step = 0;

    if (t->size[AXIS_C] > 1 && t->stride[AXIS_C] != 1)
        return false;
    for (int axis = AXIS_W; axis >= AXIS_D; axis--) {
        if (t->size[axis] <= 1)
            continue;
        if (!pitch)
            pitch = step = t->stride[axis];
        if (t->stride[axis] != step)
            return false;
        step *= t->size[axis];
    }
    return pitch == 0 || pitch >= t->size[AXIS_C];
}

bool tensor_is_planes(const struct tensor *t)
{
    int64_t step = 1;

    for (int axis = AXIS_W; axis >= AXIS_D; axis--) {
        if (t->size[axis] > 1 && t->stride[axis] != step)
            return false;
        step *= t->size[axis];
    }
    return t->size[AXIS_C] <= 1 || t->stride[AXIS_C] >= step;
}

void tensor_set_dense(struct tensor *t, cvy_layout layout)
{
    t->layout = layout;
    dense_strides(layout, CVY_MAX_RANK, t->size, t->stride);
}

// Sizes and strides of a public desc with defaults resolved, or false if it is malformed.
static bool desc_resolve(const cvy_desc *desc, cvy_desc *out)
{
    if (!desc)
        return false;
    *out = *desc;
    if (out->dtype == CVY_DTYPE_DEFAULT)
        out->dtype = CVY_F32;
    if (out->layout == CVY_LAYOUT_DEFAULT)
        out->layout = CVY_NCHW;
    if (!cvy_dtype_bytes(out->dtype) || out->rank < 1 || out->rank > CVY_MAX_RANK)
        return false;
    for (int32_t i = 0; i < out->rank; i++)
        if (out->size[i] < 0 || out->stride[i] < 0)
            return false;
    return !all_zero(out->stride, out->rank)
        || dense_strides(out->layout, out->rank, out->size, out->stride);
}

size_t cvy_desc_bytes(const cvy_desc *desc)
{
    cvy_desc full;
    int64_t bytes;

    if (!desc_resolve(desc, &full) || !extent_bytes(&full, &bytes))
        return 0;
    return (size_t)bytes;
}

int64_t cvy_desc_elements(const cvy_desc *desc)
{
    cvy_desc full;
    int64_t elements = 1;

    if (!desc_resolve(desc, &full))
        return -1;
    for (int32_t i = 0; i < full.rank; i++)
        if (!mul_i64(elements, full.size[i], &elements))
            return -1;
    return elements;
}
