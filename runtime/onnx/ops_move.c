// Concat, Split, Slice, Pad and Gather.
#include "onnx/ops_shape.h"

#include <string.h>

#define PAD_LIMIT (INT64_C(1) << 62)

// Concat ------------------------------------------------------------------------------------------

cvy_status check_concat(const struct onnx_node *node)
{
    return node->opset < 4 ? CVY_OK : op_require(node, "axis");
}

static cvy_status add_concat(const struct op *op, int32_t axis, const cvy_value *srcs,
                             size_t count, cvy_value *out)
{
    return cvy_graph_concat(op->graph, &(cvy_concat_params) { .axis = axis },
                            &(cvy_node) { .name = op->node->name, .srcs = srcs,
                            .src_count = count }, out);
}

// More than CVY_MAX_SOURCES: what there is so far is the first source of the next.
EXPAND(expand_concat)
{
    const size_t count = op->node->input_count;
    cvy_value srcs[CVY_MAX_SOURCES] = { op->in[0] }, whole;
    size_t held = 1;
    int32_t axis;
    cvy_desc src;
    cvy_status st = CVY_OK;

    TRY(op_desc(op, op->in[0], &src));
    TRY(op_axis(onnx_int(op->node, "axis", 1), src.rank, &axis));
    for (size_t i = 1; i < count; i++) {
        if (!op_has(op, i))
            TRY(onnx_fail(CVY_ERR_MODEL, "input %zu is missing", i));
        if (held == CVY_MAX_SOURCES) {
            TRY(add_concat(op, axis, srcs, held, &whole));
            srcs[0] = whole;
            held = 1;
        }
        srcs[held++] = op->in[i];
    }
    op->out[0] = srcs[0];
    if (held > 1)
        st = add_concat(op, axis, srcs, held, &op->out[0]);
out:
    return st;
}

// Split -------------------------------------------------------------------------------------------

// Size of part i where none are given: equal ones, since opset 18 with a smaller last one.
static cvy_status equal_part(const struct op *op, int64_t size, size_t i, int64_t *out)
{
    int64_t parts = (int64_t)op->node->output_count, part = (size + parts - 1) / parts;
    int64_t start = part * (int64_t)i;

    if (op->node->opset < 18 && size % parts != 0)
        return onnx_fail(CVY_ERR_SHAPE, "size %lld does not divide into %lld equal parts",
                         (long long)size, (long long)parts);
    *out = start >= size ? 0 : size - start < part ? size - start : part;
    return CVY_OK;
}

static cvy_status split_part(const struct op *op, const struct op_list *split, bool given,
                             int64_t size, size_t i, int64_t *out)
{
    if (!given)
        return equal_part(op, size, i, out);
    *out = split->at[i];
    if (split->at[i] < 0)
        return onnx_fail(CVY_ERR_MODEL, "split[%zu] is %lld", i, (long long)split->at[i]);
    return CVY_OK;
}

static cvy_status read_split(const struct op *op, struct op_list *split, bool *given)
{
    const size_t parts = op->node->output_count;
    int64_t said = onnx_int(op->node, "num_outputs", (int64_t)parts);
    cvy_status st = CVY_OK;

    TRY(op_ints(op, 1, "split", split, given));
    if ((*given && split->count != parts) || said != (int64_t)parts)
        TRY(onnx_fail(CVY_ERR_MODEL, "%lld parts for %zu outputs",
                      *given ? (long long)split->count : (long long)said, parts));
out:
    return st;
}

EXPAND(expand_split)
{
    struct op_list split;
    int32_t axis;
    int64_t start = 0, part = 0;
    cvy_desc src;
    bool given;
    cvy_status st = CVY_OK;

    TRY(op_desc(op, op->in[0], &src));
    TRY(op_axis(onnx_int(op->node, "axis", 0), src.rank, &axis));
    TRY(read_split(op, &split, &given));
    for (size_t i = 0; i < op->node->output_count; i++, start += part) {
        TRY(split_part(op, &split, given, src.size[axis], i, &part));
        if (part > src.size[axis] - start)
            TRY(onnx_fail(CVY_ERR_SHAPE, "the parts are larger than the axis, %lld",
                          (long long)src.size[axis]));
        if (op_used(op, i))
            TRY(op_slice_axis(op, op->in[0], axis, start, part, &op->out[i]));
    }
    if (start != src.size[axis])
        TRY(onnx_fail(CVY_ERR_SHAPE, "the parts make %lld, and the axis has %lld",
                      (long long)start, (long long)src.size[axis]));
out:
    return st;
}

// Slice -------------------------------------------------------------------------------------------

cvy_status check_slice(const struct onnx_node *node)
{
    cvy_status st = op_require(node, "starts");

    return st == CVY_OK ? op_require(node, "ends") : st;
}

static int64_t clamp(int64_t value, int64_t least, int64_t most)
{
    return value < least ? least : value > most ? most : value;
}

// Ends may lie outside, and count from the last when negative. Backwards the first element is at
// most size - 1, and -1 is the end.
static void slice_axis(int64_t size, int64_t start, int64_t end, int64_t step, int32_t axis,
                       cvy_slice_params *params)
{
    int64_t least = step > 0 ? 0 : -1, most = step > 0 ? size : size - 1, span;
    uint64_t stride = step > 0 ? (uint64_t)step : 0 - (uint64_t)step;

    if (start < 0)
        start = start < -size ? 0 : start + size;
    if (end < 0)
        end = end < -size ? least : end + size;
    start = clamp(start, 0, most);
    end = clamp(end, least, most);
    span = size == 0 ? 0 : step > 0 ? end - start : start - end;
    params->start[axis] = size;         // of nothing
    params->step[axis] = 1;
    params->size[axis] = 0;
    if (span > 0) {
        params->start[axis] = start;
        params->step[axis] = step;
        params->size[axis] = (int64_t)(((uint64_t)span - 1) / stride) + 1;
    }
}

struct slice {
    struct op_list starts, ends, axes, steps;
};

static cvy_status read_slice(const struct op *op, struct slice *s, int32_t rank)
{
    bool given;
    cvy_status st = CVY_OK;

    TRY(op_ints(op, 1, "starts", &s->starts, &given));
    TRY(op_ints(op, 2, "ends", &s->ends, &given));
    TRY(op_ints(op, 3, "axes", &s->axes, &given));
    for (int i = 0; !given && s->axes.count < s->starts.count; i++)
        s->axes.at[s->axes.count++] = i;
    TRY(op_ints(op, 4, "steps", &s->steps, &given));
    while (!given && s->steps.count < s->starts.count)
        s->steps.at[s->steps.count++] = 1;
    if (s->starts.count != s->ends.count || s->starts.count != s->axes.count
        || s->starts.count != s->steps.count || s->starts.count > (size_t)rank)
        TRY(onnx_fail(CVY_ERR_MODEL, "%zu starts, %zu ends, %zu axes and %zu steps for rank %d",
                      s->starts.count, s->ends.count, s->axes.count, s->steps.count, (int)rank));
out:
    return st;
}

EXPAND(expand_slice)
{
    cvy_slice_params params = { 0 };
    bool axes[CVY_MAX_RANK];
    struct slice s;
    cvy_desc src;
    int32_t axis;
    cvy_status st = CVY_OK;

    TRY(op_desc(op, op->in[0], &src));
    TRY(read_slice(op, &s, src.rank));
    TRY(op_axes(&s.axes, src.rank, axes));
    for (size_t i = 0; i < s.starts.count; i++) {
        if (s.steps.at[i] == 0)
            TRY(onnx_fail(CVY_ERR_MODEL, "steps[%zu] is 0", i));
        TRY(op_axis(s.axes.at[i], src.rank, &axis));
        slice_axis(src.size[axis], s.starts.at[i], s.ends.at[i], s.steps.at[i], axis, &params);
    }
    st = cvy_graph_slice(op->graph, &params, &(cvy_node) { .name = op->node->name,
                         .src = op->in[0] }, &op->out[0]);
out:
    return st;
}

// Pad ---------------------------------------------------------------------------------------------

static const struct {
    const char *name;
    cvy_padding_mode mode;
} pad_modes[] = {
    { "constant", CVY_ZEROS }, { "reflect", CVY_REFLECT }, { "edge", CVY_REPLICATE },
    { "wrap", CVY_CIRCULAR },
};

cvy_status check_pad(const struct onnx_node *node)
{
    static const char *const choices[] = { "constant", "reflect", "edge", NULL };
    static const char *const since_19[] = { "constant", "reflect", "edge", "wrap", NULL };
    cvy_status st = op_choose(node, "mode", node->opset < 19 ? choices : since_19);

    if (st == CVY_OK && node->opset < 11)
        st = op_require(node, node->opset < 2 ? "paddings" : "pads");
    return st;
}

static cvy_status read_pads(const struct op *op, const cvy_desc *src, cvy_pad_params *params)
{
    struct op_list pads, axes;
    bool given, seen[CVY_MAX_RANK];
    int32_t axis;
    cvy_status st = CVY_OK;

    TRY(op_ints(op, 1, op->node->opset < 2 ? "paddings" : "pads", &pads, &given));
    TRY(op_ints(op, 3, "axes", &axes, &given));
    for (int i = 0; !given && i < src->rank; i++)
        axes.at[axes.count++] = i;
    TRY(op_axes(&axes, src->rank, seen));
    if (pads.count != 2 * axes.count)
        TRY(onnx_fail(CVY_ERR_MODEL, "pads has %zu elements for %zu axes", pads.count,
                      axes.count));
    for (size_t i = 0; i < pads.count; i++)
        if (pads.at[i] < -PAD_LIMIT || pads.at[i] > PAD_LIMIT)
            TRY(onnx_fail(CVY_ERR_LIMIT, "pads[%zu] is %lld", i, (long long)pads.at[i]));
    for (size_t i = 0; i < axes.count; i++) {
        TRY(op_axis(axes.at[i], src->rank, &axis));
        params->before[axis] = pads.at[i];
        params->after[axis] = pads.at[axes.count + i];
    }
out:
    return st;
}

static cvy_status pad_value(const struct op *op, float *out)
{
    double number = 0.0;
    cvy_status st = CVY_OK;

    if (op->node->opset < 11)
        number = (double)onnx_float(op->node, "value", 0.0f);
    else if (op_has(op, 2))
        st = op_input_number(op, 2, "constant_value", &number);
    *out = (float)number;
    return st;
}

// Modes that repeat the input take no negative pads: those are cut off first.
static cvy_status cut_pads(const struct op *op, const cvy_desc *src, cvy_pad_params *params,
                           cvy_value *value)
{
    cvy_slice_params slice = { 0 };
    bool any = false;

    for (int i = 0; i < src->rank; i++) {
        int64_t cut_before = params->before[i] < 0 ? -params->before[i] : 0;
        int64_t cut_after = params->after[i] < 0 ? -params->after[i] : 0;

        if (cut_before == 0 && cut_after == 0)
            continue;
        if (cut_before >= src->size[i] || cut_after >= src->size[i] - cut_before)
            return onnx_fail(CVY_ERR_SHAPE, "negative pads leave nothing of axis %d", i);
        any = true;
        slice.start[i] = cut_before;
        slice.size[i] = src->size[i] - cut_before - cut_after;
        params->before[i] += cut_before;
        params->after[i] += cut_after;
    }
    if (!any)
        return CVY_OK;
    return cvy_graph_slice(op->graph, &slice,
                           &(cvy_node) { .name = op->node->name, .src = *value }, value);
}

EXPAND(expand_pad)
{
    cvy_pad_params params = { 0 };
    cvy_value value = op->in[0];
    cvy_desc src;
    size_t i = 0;
    cvy_status st = CVY_OK;

    TRY(op_desc(op, value, &src));
    op->out[0] = value;
    if (src.rank == 0)
        return CVY_OK;
    while (strcmp(onnx_string(op->node, "mode", "constant"), pad_modes[i].name) != 0)
        i++;
    params.mode = pad_modes[i].mode;
    TRY(read_pads(op, &src, &params));
    if (params.mode == CVY_ZEROS)
        TRY(pad_value(op, &params.value));
    else
        TRY(cut_pads(op, &src, &params, &value));
    st = cvy_graph_pad(op->graph, &params, &(cvy_node) { .name = op->node->name, .src = value },
                       &op->out[0]);
out:
    return st;
}

// Gather ------------------------------------------------------------------------------------------

// With a scalar index the axis goes: it is gathered as a vector of one.
static cvy_status gather_one(const struct op *op, const cvy_gather_params *params,
                             const cvy_desc *src)
{
    const struct op_list vector = { 1, { 1 } };
    struct op_list sizes = { 0 };
    cvy_node node = { .name = op->node->name, .src = op->in[0] };
    cvy_value value;
    cvy_status st = CVY_OK;

    for (int32_t i = 0; i < src->rank; i++)
        if (i != params->axis)
            sizes.at[sizes.count++] = src->size[i];
    TRY(op_reshape(op, op->in[1], &vector, &node.indices));
    TRY(cvy_graph_gather(op->graph, params, &node, &value));
    st = op_reshape(op, value, &sizes, &op->out[0]);
out:
    return st;
}

EXPAND(expand_gather)
{
    cvy_gather_params params = { 0 };
    cvy_desc src, indices;
    cvy_status st = CVY_OK;

    TRY(op_desc(op, op->in[0], &src));
    TRY(op_desc(op, op->in[1], &indices));
    TRY(op_axis(onnx_int(op->node, "axis", 0), src.rank, &params.axis));
    if (indices.rank == 0)
        return gather_one(op, &params, &src);
    st = cvy_graph_gather(op->graph, &params, &(cvy_node) { .name = op->node->name,
                          .src = op->in[0], .indices = op->in[1] }, &op->out[0]);
out:
    return st;
}
