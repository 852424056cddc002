// Pooling, global pooling and MaxUnpool.
#include "onnx/ops_layers.h"
#include "onnx/ops_window.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_LIMIT (INT64_C(1) << 24)      // integers that float32 holds
#define COUNTS_LIMIT (INT64_C(1) << 24)     // of windows along an axis whose taps are counted

cvy_status check_pool(const struct onnx_node *node)
{
    cvy_status st = op_check_window(node);

    if (st == CVY_OK && !op_is(node, "LpPool"))
        st = op_require(node, "kernel_shape");
    return st;
}

static cvy_pool_kind kind_of(const struct onnx_node *node)
{
    if (strstr(node->op->name, "Average"))
        return CVY_POOL_AVERAGE;
    return strstr(node->op->name, "Lp") ? CVY_POOL_LP : CVY_POOL_MAX;
}

// A float in opset 1, an integer since.
static float norm_of(const struct onnx_node *node)
{
    const struct onnx_attr *p = onnx_attr(node, "p");

    if (!p)
        return 2.0f;
    return p->type == ONNX_FLOAT ? p->f : (float)p->i;
}

static void put_window(const struct op_window *w, cvy_pool_params *params)
{
    memcpy(params->kernel_size, w->kernel, sizeof w->kernel);
    memcpy(params->stride, w->stride, sizeof w->stride);
    memcpy(params->dilation, w->dilation, sizeof w->dilation);
    memcpy(params->padding, w->begin, sizeof w->begin);
    memcpy(params->padding_end, w->end, sizeof w->end);
    params->padding_rule = CVY_PAD_BEGIN_END;
}

static cvy_status add_pool(const struct op *op, const cvy_pool_params *params, cvy_value src,
                           cvy_value *out, cvy_value *indices)
{
    return cvy_graph_pool(op->graph, params, &(cvy_node) { .name = op->node->name, .src = src },
                          out, indices);
}

// Wide padding: more than half of the window, which pooling does not take -------------------------

static int64_t reach_of(const struct op_window *w, int i)
{
    return w->dilation[i] * (w->kernel[i] - 1) + 1;
}

static bool is_wide(const struct op_window *w)
{
    for (int i = 0; i < w->spatial; i++)
        if (w->begin[i] > reach_of(w, i) / 2 || w->end[i] > reach_of(w, i) / 2)
            return true;
    return false;
}

// How many of the steps from `at` on lie before `end`, at most count.
static int64_t steps_before(int64_t at, int64_t step, int64_t end, int64_t count)
{
    int64_t steps = end <= at ? 0 : (end - at + step - 1) / step;

    return steps < count ? steps : count;
}

static void window_counts(const struct op_window *w, int i, int64_t windows, float *out)
{
    int64_t first = w->begin[i], last = w->begin[i] + w->in[i];

    for (int64_t o = 0; o < windows; o++) {
        int64_t at = o * w->stride[i];
        int64_t taps = steps_before(at, w->dilation[i], last, w->kernel[i])
            - steps_before(at, w->dilation[i], first, w->kernel[i]);

        out[o] = taps ? (float)taps : 1.0f;
    }
}

// How many taps of each window lie inside the input along axis i, to broadcast over a map.
static cvy_status counts_constant(const struct op *op, const struct op_window *w, int i,
                                  const int64_t *size, cvy_value *out)
{
    cvy_desc desc = { .dtype = CVY_F32, .layout = CVY_PLAIN, .rank = w->spatial - i,
                      .size = { size[i], 1, 1 } };
    float *counts = NULL;
    cvy_status st = CVY_OK;

    if (size[i] > COUNTS_LIMIT)
        TRY(onnx_fail(CVY_ERR_LIMIT, "spatial axis %d is beyond 2^24", i));
    counts = malloc((size_t)size[i] * sizeof *counts);
    if (!counts)
        TRY(onnx_fail(CVY_ERR_NOMEM_HOST, "no memory for the sizes of the windows"));
    window_counts(w, i, size[i], counts);
    st = cvy_graph_constant(op->graph, NULL, &desc, counts, out);
out:
    free(counts);
    return st;
}

// Sums over the windows, divided by the numbers of their taps.
static cvy_status divide(const struct op *op, const struct op_window *w, const int64_t *size,
                         cvy_value sums, cvy_value *out)
{
    cvy_value counts = 0, other;
    cvy_status st = CVY_OK;

    for (int i = 0; i < w->spatial; i++) {
        TRY(counts_constant(op, w, i, size, &other));
        if (counts)
            TRY(op_binary(op, CVY_MUL, counts, other, &other));
        counts = other;
    }
    st = op_binary(op, CVY_DIV, sums, counts, out);
out:
    return st;
}

// The input padded so far that every window lies inside.
static cvy_status pad_windows(const struct op *op, const struct op_window *w,
                              const int64_t *size, bool max, cvy_value *out)
{
    cvy_pad_params pad = { .value = max ? -INFINITY : 0.0f };

    for (int i = 0; i < w->spatial; i++) {
        pad.before[2 + i] = w->begin[i];
        pad.after[2 + i] = (size[i] - 1) * w->stride[i] + reach_of(w, i) - w->in[i] - w->begin[i];
    }
    return cvy_graph_pad(op->graph, &pad,
                         &(cvy_node) { .name = op->node->name, .src = op->in[0] }, out);
}

static cvy_status pool_wide(const struct op *op, const struct op_window *w,
                            cvy_pool_params *params)
{
    bool divided = params->kind == CVY_POOL_AVERAGE
        && params->count_include_pad == CVY_COUNT_PAD_EXCLUDE;
    struct op_window inside = *w;
    int64_t size[3] = { 1, 1, 1 };
    cvy_value padded, pooled;
    cvy_status st = CVY_OK;

    if (params->indices)
        TRY(onnx_fail(CVY_ERR_UNSUPPORTED, "pads of more than half the window, with Indices"));
    for (int i = 0; i < w->spatial; i++) {
        size[i] = cvy_pool_output_size(w->in[i], w->kernel[i], w->stride[i], w->dilation[i],
                                       w->begin[i], w->end[i], params->ceil_mode);
        if (size[i] < 1)
            TRY(onnx_fail(CVY_ERR_SHAPE, "no window fits along spatial axis %d", i));
        inside.begin[i] = inside.end[i] = 0;
    }
    TRY(pad_windows(op, w, size, params->kind == CVY_POOL_MAX, &padded));
    put_window(&inside, params);
    params->ceil_mode = false;
    params->count_include_pad = CVY_COUNT_PAD_DEFAULT;
    params->divisor_override = divided;
    TRY(add_pool(op, params, padded, &pooled, NULL));
    if (divided)
        TRY(divide(op, w, size, pooled, &pooled));
    op->out[0] = pooled;
out:
    return st;
}

// Indices in column-major order -------------------------------------------------------------------

static void reverse(int64_t *values, int32_t count)
{
    for (int i = 0; i < count / 2; i++) {
        int64_t first = values[i];

        values[i] = values[count - 1 - i];
        values[count - 1 - i] = first;
    }
}

// Pools with the spatial axes in reverse order, where those indices are the common ones. Among
// equals the first in that order wins. Only float32 is moved on devices: the indices become that.
static cvy_status pool_reversed(const struct op *op, struct op_window *w, cvy_pool_params *params)
{
    int32_t order[CVY_MAX_RANK] = { 0, 1 };
    cvy_value src, pooled, indices;
    int64_t elements;
    cvy_desc desc;
    cvy_status st = CVY_OK;

    TRY(op_desc(op, op->in[0], &desc));
    elements = op_product(desc.size, 0, desc.rank);
    if (elements < 0 || elements > EXACT_LIMIT)
        TRY(onnx_fail(CVY_ERR_UNSUPPORTED, "storage_order 1 with Indices beyond 2^24"));
    for (int i = 0; i < w->spatial; i++)
        order[2 + i] = w->spatial + 1 - i;
    reverse(w->kernel, w->spatial);
    reverse(w->stride, w->spatial);
    reverse(w->dilation, w->spatial);
    reverse(w->begin, w->spatial);
    reverse(w->end, w->spatial);
    put_window(w, params);
    TRY(op_transpose(op, op->in[0], order, &src));
    TRY(add_pool(op, params, src, &pooled, &indices));
    TRY(op_transpose(op, pooled, order, &op->out[0]));
    TRY(op_cast(op, indices, CVY_F32, &indices));
    TRY(op_transpose(op, indices, order, &indices));
    st = op_cast(op, indices, CVY_I64, &op->out[1]);
out:
    return st;
}

// Pooling -----------------------------------------------------------------------------------------

// With count_include_pad every tap counts, also those beyond the padding that ceil_mode leads to.
static void read_average(const struct onnx_node *node, const struct op_window *w,
                         cvy_pool_params *params)
{
    bool include = onnx_int(node, "count_include_pad", 0) != 0;

    params->count_include_pad = include ? CVY_COUNT_PAD_INCLUDE : CVY_COUNT_PAD_EXCLUDE;
    if (include && params->ceil_mode && !is_wide(w))
        params->divisor_override = op_product(w->kernel, 0, w->spatial);
}

EXPAND(expand_pool)
{
    cvy_pool_params params = { .kind = kind_of(op->node) };
    bool indices = params.kind == CVY_POOL_MAX && op_used(op, 1);
    struct op_window w;
    cvy_desc src;
    cvy_status st = CVY_OK;

    TRY(op_desc(op, op->in[0], &src));
    TRY(op_window(op, &src, NULL, &w));
    TRY(op_window_pad(op->node, &w));
    put_window(&w, &params);
    params.ceil_mode = onnx_int(op->node, "ceil_mode", 0) != 0;
    params.indices = indices ? CVY_INDICES_TENSOR : CVY_INDICES_NONE;
    if (params.kind == CVY_POOL_AVERAGE)
        read_average(op->node, &w, &params);
    if (params.kind == CVY_POOL_LP)
        params.norm_type = norm_of(op->node);
    if (is_wide(&w))
        return pool_wide(op, &w, &params);
    if (indices && onnx_int(op->node, "storage_order", 0) != 0)
        return pool_reversed(op, &w, &params);
    st = add_pool(op, &params, op->in[0], &op->out[0], indices ? &op->out[1] : NULL);
out:
    return st;
}

EXPAND(expand_global_pool)
{
    cvy_pool_params params = { .kind = kind_of(op->node), .global = true };

    if (params.kind == CVY_POOL_LP)
        params.norm_type = norm_of(op->node);
    return add_pool(op, &params, op->in[0], &op->out[0], NULL);
}

// MaxUnpool ---------------------------------------------------------------------------------------

// output_shape surrounds the size that the window leads to, which is what indices count in.
static cvy_status unpool_pads(const struct op *op, const cvy_desc *src, const int64_t *size,
                              cvy_pad_params *pad, bool *any)
{
    struct op_list shape;
    cvy_status st = CVY_OK;

    *any = false;
    if (!op_has(op, 2))
        return CVY_OK;
    TRY(op_input_ints(op, 2, "output_shape", &shape));
    if (shape.count != (size_t)src->rank)
        TRY(onnx_fail(CVY_ERR_MODEL, "output_shape has %zu elements; it must have %d", shape.count,
                      (int)src->rank));
    for (int i = 0; i + 2 < src->rank; i++) {
        pad->after[2 + i] = shape.at[2 + i] - size[i];
        if (shape.at[2 + i] < size[i])
            TRY(onnx_fail(CVY_ERR_SHAPE, "output_shape[%d] is %lld; the window needs %lld or more",
                          2 + i, (long long)shape.at[2 + i], (long long)size[i]));
        *any = *any || pad->after[2 + i] > 0;
    }
out:
    return st;
}

static cvy_status unpool_sizes(const struct op_window *w, int64_t *size)
{
    for (int i = 0; i < w->spatial; i++) {
        size[i] = cvy_conv_transpose_output_size(w->in[i], w->kernel[i], w->stride[i], 1,
                                                 w->begin[i], w->end[i], 0);
        if (size[i] < 1)
            return onnx_fail(CVY_ERR_SHAPE, "the output has no size along spatial axis %d", i);
    }
    return CVY_OK;
}

EXPAND(expand_max_unpool)
{
    cvy_max_unpool_params params = { .indices = CVY_INDICES_TENSOR };
    cvy_pad_params pad = { 0 };
    struct op_window w;
    cvy_desc src;
    cvy_value map;
    bool any;
    cvy_status st = CVY_OK;

    TRY(op_desc(op, op->in[0], &src));
    TRY(op_window(op, &src, NULL, &w));
    TRY(unpool_sizes(&w, params.output_size));
    TRY(unpool_pads(op, &src, params.output_size, &pad, &any));
    TRY(cvy_graph_max_unpool(op->graph, &params, &(cvy_node) { .name = op->node->name,
                             .src = op->in[0], .indices = op->in[1] }, &map));
    op->out[0] = map;
    if (any)
        st = cvy_graph_pad(op->graph, &pad, &(cvy_node) { .name = op->node->name, .src = map },
                           &op->out[0]);
out:
    return st;
}
