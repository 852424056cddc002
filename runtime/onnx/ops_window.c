// Reads the windows of convolution and pooling.
#include "onnx/ops_window.h"

#include <string.h>

#define WINDOW_LIMIT (INT64_C(1) << 31)     // of sizes and pads: no sum of them overflows

static cvy_status window_attr(const struct op *op, const char *name, size_t count, int64_t least,
                              struct op_list *out, bool *there)
{
    cvy_status st = CVY_OK;

    TRY(op_attr_ints(op, name, out, there));
    if (!*there)
        return CVY_OK;
    if (out->count != count)
        TRY(onnx_fail(CVY_ERR_MODEL, "attribute %s has %zu elements; it must have %zu", name,
                      out->count, count));
    for (size_t i = 0; i < count; i++)
        if (out->at[i] < least || out->at[i] > WINDOW_LIMIT)
            TRY(onnx_fail(CVY_ERR_MODEL, "attribute %s holds %lld; it must be %lld to 2^31", name,
                          (long long)out->at[i], (long long)least));
out:
    return st;
}

// strides or dilations, which are 1 by default.
static cvy_status read_steps(const struct op *op, const char *name, int32_t spatial, int64_t *out)
{
    struct op_list list;
    bool there;
    cvy_status st = window_attr(op, name, (size_t)spatial, 1, &list, &there);

    for (int i = 0; st == CVY_OK && i < spatial; i++)
        out[i] = there ? list.at[i] : 1;
    return st;
}

static cvy_status read_kernel(const struct op *op, const cvy_desc *weights, struct op_window *w)
{
    struct op_list list;
    bool there;
    cvy_status st = CVY_OK;

    TRY(window_attr(op, "kernel_shape", (size_t)w->spatial, 1, &list, &there));
    if (!there && !weights)
        TRY(onnx_fail(CVY_ERR_MODEL, "attribute kernel_shape is missing"));
    for (int i = 0; i < w->spatial; i++) {
        w->kernel[i] = there ? list.at[i] : weights->size[2 + i];
        if (weights && weights->size[2 + i] != w->kernel[i])
            TRY(onnx_fail(CVY_ERR_MODEL, "attribute kernel_shape[%d] is %lld, and the weights "
                          "have %lld", i, (long long)w->kernel[i],
                          (long long)weights->size[2 + i]));
        if (w->kernel[i] > WINDOW_LIMIT)
            TRY(onnx_fail(CVY_ERR_LIMIT, "spatial axis %d of the weights is beyond 2^31", i));
    }
out:
    return st;
}

static cvy_status read_pads(const struct op *op, struct op_window *w)
{
    struct op_list list;
    bool there;
    cvy_status st = window_attr(op, "pads", 2 * (size_t)w->spatial, 0, &list, &there);

    for (int i = 0; st == CVY_OK && there && i < w->spatial; i++) {
        w->begin[i] = list.at[i];
        w->end[i] = list.at[w->spatial + i];
    }
    return st;
}

cvy_status op_window(const struct op *op, const cvy_desc *src, const cvy_desc *weights,
                     struct op_window *out)
{
    cvy_status st = CVY_OK;

    *out = (struct op_window) { .spatial = src->rank - 2 };
    if (src->rank < 3 || src->rank > 5)
        TRY(onnx_fail(CVY_ERR_UNSUPPORTED, "the input has rank %d; 3 to 5 are possible",
                      (int)src->rank));
    if (weights && weights->rank != src->rank)
        TRY(onnx_fail(CVY_ERR_SHAPE, "the weights have rank %d; it must be the input's, %d",
                      (int)weights->rank, (int)src->rank));
    for (int i = 0; i < out->spatial; i++)
        out->in[i] = src->size[2 + i];
    TRY(read_kernel(op, weights, out));
    TRY(read_steps(op, "strides", out->spatial, out->stride));
    TRY(read_steps(op, "dilations", out->spatial, out->dilation));
    st = read_pads(op, out);
out:
    return st;
}

// Padding -----------------------------------------------------------------------------------------

static bool auto_pad_is(const struct onnx_node *node, const char *value)
{
    return strcmp(onnx_string(node, "auto_pad", "NOTSET"), value) == 0;
}

bool op_is_same(const struct onnx_node *node)
{
    return auto_pad_is(node, "SAME_UPPER") || auto_pad_is(node, "SAME_LOWER");
}

void op_window_divide(const struct onnx_node *node, int64_t pads, int64_t *begin, int64_t *end)
{
    int64_t less = pads / 2;

    *begin = auto_pad_is(node, "SAME_UPPER") ? less : pads - less;
    *end = pads - *begin;
}

// As many windows as strides fit into the input, rounded up.
cvy_status op_window_pad(const struct onnx_node *node, struct op_window *w)
{
    if (!op_is_same(node))
        return CVY_OK;
    for (int i = 0; i < w->spatial; i++) {
        int64_t windows, reach = w->dilation[i] * (w->kernel[i] - 1) + 1, pads;

        if (w->in[i] > WINDOW_LIMIT)
            return onnx_fail(CVY_ERR_LIMIT, "spatial axis %d of the input is beyond 2^31", i);
        windows = (w->in[i] + w->stride[i] - 1) / w->stride[i];
        pads = (windows - 1) * w->stride[i] + reach - w->in[i];
        op_window_divide(node, pads > 0 ? pads : 0, &w->begin[i], &w->end[i]);
    }
    return CVY_OK;
}

cvy_status op_check_window(const struct onnx_node *node)
{
    static const char *const choices[] = { "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", NULL };
    size_t count;
    const int64_t *pads = onnx_ints(node, "pads", &count);
    cvy_status st = op_choose(node, "auto_pad", choices);

    for (size_t i = 0; st == CVY_OK && i < count; i++) {
        if (pads[i] < 0)
            st = onnx_fail(CVY_ERR_MODEL_OP, "attribute pads holds %lld; negative pads are not "
                           "supported", (long long)pads[i]);
        else if (pads[i] > 0 && !auto_pad_is(node, "NOTSET"))
            st = onnx_fail(CVY_ERR_MODEL, "attributes pads and auto_pad contradict each other");
    }
    return st;
}
