// Conv and ConvTranspose.
#include "onnx/ops_layers.h"
#include "onnx/ops_window.h"

#include <string.h>

cvy_status check_conv(const struct onnx_node *node)
{
    int64_t group = onnx_int(node, "group", 1);

    if (group < 1)
        return onnx_fail(CVY_ERR_MODEL, "attribute group is %lld; it must be 1 or more",
                         (long long)group);
    return op_check_window(node);
}

static cvy_status read_window(const struct op *op, struct op_window *w)
{
    cvy_desc src, weights;
    cvy_status st = CVY_OK;

    TRY(op_desc(op, op->in[0], &src));
    TRY(op_desc(op, op->in[1], &weights));
    st = op_window(op, &src, &weights, w);
out:
    return st;
}

static cvy_node conv_node(const struct op *op)
{
    return (cvy_node) { .name = op->node->name, .src = op->in[0], .weights = op->in[1],
                        .bias = op_has(op, 2) ? op->in[2] : 0 };
}

EXPAND(expand_conv)
{
    cvy_conv_params params = { .groups = onnx_int(op->node, "group", 1),
                               .padding_rule = CVY_PAD_BEGIN_END };
    const cvy_node node = conv_node(op);
    struct op_window w;
    cvy_status st = CVY_OK;

    TRY(read_window(op, &w));
    TRY(op_window_pad(op->node, &w));
    memcpy(params.kernel_size, w.kernel, sizeof w.kernel);
    memcpy(params.stride, w.stride, sizeof w.stride);
    memcpy(params.dilation, w.dilation, sizeof w.dilation);
    memcpy(params.padding, w.begin, sizeof w.begin);
    memcpy(params.padding_end, w.end, sizeof w.end);
    st = cvy_graph_conv(op->graph, &params, &node, &op->out[0]);
out:
    return st;
}

// Transposed --------------------------------------------------------------------------------------

// The list as it is, or its last `spatial` elements: some models give all sizes of the output.
static cvy_status spatial_attr(const struct op *op, const char *name, int32_t spatial,
                               int64_t *out, bool *there)
{
    struct op_list list;
    size_t skip;
    cvy_status st = CVY_OK;

    TRY(op_attr_ints(op, name, &list, there));
    if (!*there)
        return CVY_OK;
    if (list.count != (size_t)spatial && list.count != (size_t)spatial + 2)
        TRY(onnx_fail(CVY_ERR_MODEL, "attribute %s has %zu elements; it must have %d", name,
                      list.count, (int)spatial));
    skip = list.count - (size_t)spatial;
    for (int i = 0; i < spatial; i++) {
        out[i] = list.at[skip + (size_t)i];
        if (out[i] < 0 || out[i] > INT32_MAX)
            TRY(onnx_fail(CVY_ERR_MODEL, "attribute %s holds %lld; it must be 0 to 2^31", name,
                          (long long)out[i]));
    }
out:
    return st;
}

// Pads that lead to an output size; where even none leaves too little, more is added after.
static cvy_status fit_output(const struct onnx_node *node, struct op_window *w, int i,
                             int64_t size, int64_t *output_padding)
{
    int64_t full, pads;

    if (w->in[i] > INT32_MAX)
        return onnx_fail(CVY_ERR_LIMIT, "spatial axis %d of the input is beyond 2^31", i);
    full = (w->in[i] - 1) * w->stride[i] + w->dilation[i] * (w->kernel[i] - 1) + 1;
    // w->in <= 2^31 and w->stride <= 2^31: the sums stay below 2^63.
    pads = full + output_padding[i] - size;
    if (pads < 0)
        output_padding[i] -= pads;
    op_window_divide(node, pads > 0 ? pads : 0, &w->begin[i], &w->end[i]);
    return CVY_OK;
}

static cvy_status fit_outputs(const struct op *op, struct op_window *w, int64_t *output_padding)
{
    int64_t size[3] = { 0 };
    bool given, there, same = op_is_same(op->node);
    cvy_status st = CVY_OK;

    TRY(spatial_attr(op, "output_padding", w->spatial, output_padding, &there));
    TRY(spatial_attr(op, "output_shape", w->spatial, size, &given));
    for (int i = 0; i < w->spatial && (given || same); i++)
        TRY(fit_output(op->node, w, i, given ? size[i] : w->in[i] * w->stride[i],
                       output_padding));
out:
    return st;
}

EXPAND(expand_conv_transpose)
{
    cvy_conv_transpose_params params = { .groups = onnx_int(op->node, "group", 1),
                                         .padding_rule = CVY_PAD_BEGIN_END };
    const cvy_node node = conv_node(op);
    struct op_window w;
    cvy_status st = CVY_OK;

    TRY(read_window(op, &w));
    TRY(fit_outputs(op, &w, params.output_padding));
    memcpy(params.kernel_size, w.kernel, sizeof w.kernel);
    memcpy(params.stride, w.stride, sizeof w.stride);
    memcpy(params.dilation, w.dilation, sizeof w.dilation);
    memcpy(params.padding, w.begin, sizeof w.begin);
    memcpy(params.padding_end, w.end, sizeof w.end);
    st = cvy_graph_conv_transpose(op->graph, &params, &node, &op->out[0]);
out:
    return st;
}
