// Checks and defaults that operators share.
#include "ops/check.h"

#include <stdio.h>

cvy_status check_enum(int value, int first, int last, const char *name)
{
    if (value < first || value > last)
        return fail(CVY_ERR_ARGUMENT, "%s is %d; it must be %d to %d", name, value, first, last);
    return CVY_OK;
}

cvy_status check_named(int value, const struct enum_names *names, const char *name)
{
    char list[240] = "";
    size_t at = 0;

    for (int i = 0; names->names[i]; i++) {
        if (value == names->first + i)
            return CVY_OK;
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s",
                               i == 0 ? "" : names->names[i + 1] ? ", " : " or ",
                               names->names[i]);
    }
    return fail(CVY_ERR_ARGUMENT, "%s is %d; it must be %s", name, value, list);
}

cvy_status check_axis(int32_t *axis, int32_t rank)
{
    if (*axis < -rank || *axis >= rank)
        return fail(CVY_ERR_SHAPE, "axis is %d; src has %d axes", (int)*axis, (int)rank);
    if (*axis < 0)
        *axis += rank;
    return CVY_OK;
}

cvy_status check_map(cvy_desc *src)
{
    cvy_status st = desc_check(src, NULL, "src");

    if (st != CVY_OK)
        return st;
    if (src->rank < 3 || src->rank > 5 || src->layout == CVY_PLAIN)
        return fail(CVY_ERR_SHAPE, "src has rank %d%s; it must be N, C and 1 to 3 spatial axes, "
                    "NCHW or NHWC", (int)src->rank, src->layout == CVY_PLAIN ? ", PLAIN" : "");
    for (int i = 1; i < src->rank; i++)
        if (src->size[i] < 1)
            return fail(CVY_ERR_SHAPE, "src.size[%d] is %lld; only the batch may be empty", i,
                        (long long)src->size[i]);
    return CVY_OK;
}

static cvy_status at_least(const char *name, int i, int64_t value, int64_t least)
{
    if (value < least)
        return fail(CVY_ERR_SHAPE, "%s[%d] is %lld; it must be %lld or more", name, i,
                    (long long)value, (long long)least);
    return CVY_OK;
}

cvy_status check_unused(const char *name, const int64_t *values, int used, int count)
{
    for (int i = used; i < count; i++)
        if (values[i] != 0)
            return used == 1
                ? fail(CVY_ERR_ARGUMENT, "%s[%d] is %lld; with this src only the first entry "
                       "counts", name, i, (long long)values[i])
                : fail(CVY_ERR_ARGUMENT, "%s[%d] is %lld; with this src only the first %d entries "
                       "count", name, i, (long long)values[i], used);
    return CVY_OK;
}

cvy_status check_whole(const char *name, const int64_t *values, int spatial)
{
    for (int i = 1; i < spatial; i++)
        if (values[0] > 0 && values[i] == 0)
            return fail(CVY_ERR_ARGUMENT, "%s[%d] is 0 while %s[0] is %lld: set all %d spatial "
                        "entries", name, i, name, (long long)values[0], spatial);
    return CVY_OK;
}

static cvy_status unused_entries(const struct window_params *w)
{
    cvy_status st = CVY_OK;

    TRY(check_unused("kernel_size", w->kernel_size, w->spatial, 3));
    TRY(check_unused("stride", w->stride, w->spatial, 3));
    TRY(check_unused("dilation", w->dilation, w->spatial, 3));
    TRY(check_unused("padding", w->padding, w->spatial, 3));
    TRY(check_unused("padding_end", w->padding_end, w->spatial, 3));
    TRY(check_whole("stride", w->stride, w->spatial));
    TRY(check_whole("dilation", w->dilation, w->spatial));
out:
    return st;
}

// Padding that the rule does not look at.
static cvy_status unused_padding(const struct window_params *w, int i)
{
    bool begin = w->padding[i] != 0;

    if (*w->rule == CVY_PAD_SYMMETRIC && w->padding_end[i] != 0)
        return fail(CVY_ERR_ARGUMENT, "padding_end[%d] is %lld and padding_rule is "
                    "CVY_PAD_SYMMETRIC; only CVY_PAD_BEGIN_END takes it", i,
                    (long long)w->padding_end[i]);
    if (*w->rule == CVY_PAD_SAME && (begin || w->padding_end[i] != 0))
        return fail(CVY_ERR_ARGUMENT, "%s[%d] is %lld and padding_rule is CVY_PAD_SAME, which "
                    "finds the padding by itself", begin ? "padding" : "padding_end", i,
                    (long long)(begin ? w->padding[i] : w->padding_end[i]));
    return CVY_OK;
}

// 'same': what PyTorch adds, the odd one after. The caller has checked that strides are 1.
static void pad_same(const struct window_params *w, int i)
{
    int64_t total = w->dilation[i] * (w->kernel_size[i] - 1);

    w->padding[i] = total / 2;
    w->padding_end[i] = total - total / 2;
}

// Sizes whose sums and products stay far inside 64 bits; larger ones are LIMIT.
#define WINDOW_LIMIT (INT64_C(1) << 31)

static cvy_status window_axis(const struct window_params *w, int i)
{
    int64_t reach;
    cvy_status st = CVY_OK;

    TRY(at_least("kernel_size", i, w->kernel_size[i], 1));
    if (w->stride[i] == 0)
        w->stride[i] = w->stride_is_kernel ? w->kernel_size[i] : 1;
    if (w->dilation[i] == 0)
        w->dilation[i] = 1;
    TRY(at_least("stride", i, w->stride[i], 1));
    TRY(at_least("dilation", i, w->dilation[i], 1));
    TRY(at_least("padding", i, w->padding[i], 0));
    TRY(at_least("padding_end", i, w->padding_end[i], 0));
    if (!mul_i64(w->dilation[i], w->kernel_size[i] - 1, &reach) || reach >= WINDOW_LIMIT
        || w->stride[i] >= WINDOW_LIMIT || w->dilation[i] >= WINDOW_LIMIT
        || w->padding[i] >= WINDOW_LIMIT || w->padding_end[i] >= WINDOW_LIMIT)
        TRY(fail(CVY_ERR_LIMIT, "kernel_size, stride, dilation or padding of spatial axis %d is "
                 "beyond 2^31", i));
    if (*w->rule == CVY_PAD_SAME && w->stride[i] != 1)
        TRY(fail(CVY_ERR_UNSUPPORTED, "stride[%d] is %lld; CVY_PAD_SAME needs strides of 1", i,
                 (long long)w->stride[i]));
    if (*w->rule == CVY_PAD_SAME)
        pad_same(w, i);
    else if (*w->rule == CVY_PAD_SYMMETRIC)
        w->padding_end[i] = w->padding[i];
out:
    return st;
}

static cvy_status padding_axis(int64_t size, int64_t begin, int64_t end, cvy_padding_mode mode,
                               int i)
{
    int64_t pad = MAX(begin, end);

    if (size >= WINDOW_LIMIT - begin - end)
        return fail(CVY_ERR_LIMIT, "spatial axis %d with its padding is beyond 2^31", i);
    if (mode == CVY_REFLECT && pad >= size)
        return fail(CVY_ERR_SHAPE, "padding of spatial axis %d is %lld; CVY_REFLECT needs less "
                    "than the size %lld", i, (long long)pad, (long long)size);
    if (mode == CVY_CIRCULAR && pad > size)
        return fail(CVY_ERR_SHAPE, "padding of spatial axis %d is %lld; CVY_CIRCULAR needs at "
                    "most the size %lld", i, (long long)pad, (long long)size);
    return CVY_OK;
}

cvy_status check_window(const cvy_desc *src, const struct window_params *w, cvy_padding_mode mode)
{
    cvy_status st = CVY_OK;

    TRY(check_named((int)mode, &padding_mode_names, "padding_mode"));
    TRY(check_named((int)*w->rule, &padding_rule_names, "padding_rule"));
    TRY(unused_entries(w));
    for (int i = 0; i < w->spatial; i++)
        TRY(unused_padding(w, i));
    for (int i = 0; i < w->spatial; i++)
        TRY(window_axis(w, i));
    for (int i = 0; src && i < w->spatial; i++)
        TRY(padding_axis(src->size[2 + i], w->padding[i], w->padding_end[i], mode, i));
    *w->rule = CVY_PAD_BEGIN_END;
out:
    return st;
}

struct window window_of(const struct window_params *w)
{
    struct window window = { { 1, 1, 1 }, { 1, 1, 1 }, { 1, 1, 1 }, { 0, 0, 0 } };
    int shift = 3 - w->spatial;

    for (int i = 0; i < w->spatial; i++) {
        window.kernel[shift + i] = w->kernel_size[i];
        window.stride[shift + i] = w->stride[i];
        window.dilation[shift + i] = w->dilation[i];
        window.pad[shift + i] = w->padding[i];
    }
    return window;
}

cvy_status check_groups(int64_t *groups, int64_t channels, int64_t out_channels)
{
    if (*groups == 0)
        *groups = 1;
    if (*groups < 1)
        return fail(CVY_ERR_SHAPE, "groups is %lld; it must be 1 or more", (long long)*groups);
    if (out_channels < 1)
        return fail(CVY_ERR_SHAPE, "out_channels is %lld; it must be 1 or more",
                    (long long)out_channels);
    if (channels % *groups)
        return fail(CVY_ERR_SHAPE, "groups is %lld, which does not divide the %lld channels of src",
                    (long long)*groups, (long long)channels);
    if (out_channels % *groups)
        return fail(CVY_ERR_SHAPE, "groups is %lld, which does not divide the %lld out_channels",
                    (long long)*groups, (long long)out_channels);
    return CVY_OK;
}

cvy_status check_grown_output(int64_t size, int i)
{
    if (size < 1 && size != INT64_MIN)
        return fail(CVY_ERR_SHAPE, "the output along spatial axis %d would have size %lld: padding "
                    "takes off all that there is", i, (long long)size);
    return check_output(size, i);
}

cvy_status check_output(int64_t size, int i)
{
    if (size == INT64_MIN || size >= WINDOW_LIMIT)
        return fail(CVY_ERR_LIMIT, "the output along spatial axis %d is beyond 2^31", i);
    if (size < 1)
        return fail(CVY_ERR_SHAPE, "the output along spatial axis %d would have size %lld: no "
                    "window fits the padded input", i, (long long)size);
    return CVY_OK;
}

cvy_status check_dst(cvy_desc *dst, const cvy_desc *src, int32_t rank, const int64_t *size)
{
    if (dst->rank == 0) {
        dst->rank = rank;
        memcpy(dst->size, size, (size_t)rank * sizeof *size);
    }
    if (dst->rank != rank)
        return fail(CVY_ERR_SHAPE, "dst.rank is %d; the result has rank %d", (int)dst->rank,
                    (int)rank);
    for (int i = 0; i < rank; i++)
        if (dst->size[i] != size[i])
            return fail(CVY_ERR_SHAPE, "dst.size[%d] is %lld; the result has %lld", i,
                        (long long)dst->size[i], (long long)size[i]);
    return desc_check_dtypes(dst, src, "dst", 1u << src->dtype);
}

cvy_status check_weights_dtype(cvy_dtype *dtype, cvy_dtype src)
{
    if (*dtype == CVY_DTYPE_DEFAULT)
        *dtype = src;
    if (!cvy_dtype_bytes(*dtype))
        return fail(CVY_ERR_ARGUMENT, "weights_dtype is %d, which is no cvy_dtype", (int)*dtype);
    if (*dtype != src)
        return fail(CVY_ERR_ARGUMENT, "weights_dtype is %s and src.dtype %s; they must be equal",
                    dtype_name(*dtype), dtype_name(src));
    return CVY_OK;
}
