// Helpers of the translations: reading constants and attributes, adding single nodes.
#include "onnx/ops_common.h"

#include <float.h>
#include <string.h>

#define ELEMENTS_LIMIT (INT64_C(1) << 60)   // what a tensor may expand to

bool op_has(const struct op *op, size_t input)
{
    return input < op->node->input_count && op->in[input] != 0;
}

bool op_used(const struct op *op, size_t output)
{
    return output < op->node->output_count && op->node->output_used[output];
}

bool op_is(const struct onnx_node *node, const char *name)
{
    return strcmp(node->op->name, name) == 0;
}

cvy_status op_desc(const struct op *op, cvy_value value, cvy_desc *out)
{
    cvy_value_info info;
    cvy_status st = cvy_graph_value_info_get(op->graph, value, &info);

    if (st == CVY_OK)
        *out = info.desc;
    return st;
}

bool op_is_constant(const struct op *op, cvy_value value)
{
    cvy_value_info info;

    return cvy_graph_value_info_get(op->graph, value, &info) == CVY_OK && info.data;
}

struct op_list op_sizes(const cvy_desc *desc)
{
    struct op_list sizes = { .count = (size_t)desc->rank };

    for (int i = 0; i < desc->rank; i++)
        sizes.at[i] = desc->size[i];
    return sizes;
}

int64_t op_product(const int64_t *sizes, int32_t from, int32_t to)
{
    int64_t product = 1;
    bool beyond = false;

    for (int32_t i = from; i < to; i++) {
        if (sizes[i] == 0)
            return 0;
        beyond = beyond || sizes[i] < 0 || product > INT64_MAX / sizes[i];
        if (!beyond)
            product *= sizes[i];
    }
    return beyond ? -1 : product;
}

cvy_status op_axis(int64_t axis, int32_t rank, int32_t *out)
{
    if (axis < -rank || axis >= rank)
        return onnx_fail(CVY_ERR_MODEL, "axis %lld is outside a tensor of rank %d",
                         (long long)axis, (int)rank);
    *out = (int32_t)(axis < 0 ? axis + rank : axis);
    return CVY_OK;
}

cvy_status op_axes(const struct op_list *list, int32_t rank, bool *axes)
{
    int32_t axis = 0;
    cvy_status st = CVY_OK;

    memset(axes, 0, CVY_MAX_RANK * sizeof *axes);
    for (size_t i = 0; i < list->count; i++) {
        TRY(op_axis(list->at[i], rank, &axis));
        if (axes[axis])
            TRY(onnx_fail(CVY_ERR_MODEL, "axis %d is named twice", (int)axis));
        axes[axis] = true;
    }
out:
    return st;
}

// Inputs and attributes ---------------------------------------------------------------------------

// A constant of rank 0 or 1; *count is its elements.
static cvy_status constant_input(const struct op *op, size_t input, const char *what,
                                 cvy_value_info *info, size_t *count)
{
    cvy_status st = CVY_OK;

    if (!op_has(op, input))
        return onnx_fail(CVY_ERR_MODEL, "input %zu (%s) is missing", input, what);
    TRY(cvy_graph_value_info_get(op->graph, op->in[input], info));
    if (!info->data && !(info->desc.rank == 1 && info->desc.size[0] == 0))
        TRY(onnx_fail(CVY_ERR_UNSUPPORTED, "input %zu (%s) must be a constant", input, what));
    if (info->desc.rank > 1)
        TRY(onnx_fail(CVY_ERR_MODEL, "input %zu (%s) has rank %d; it must be 1", input, what,
                      (int)info->desc.rank));
    *count = info->desc.rank == 0 ? 1 : (size_t)info->desc.size[0];
out:
    return st;
}

cvy_status op_input_ints(const struct op *op, size_t input, const char *what, struct op_list *out)
{
    cvy_value_info info = { 0 };
    cvy_status st = CVY_OK;

    *out = (struct op_list) { 0 };
    TRY(constant_input(op, input, what, &info, &out->count));
    if (info.desc.dtype != CVY_I64 && info.desc.dtype != CVY_I32)
        TRY(onnx_fail(CVY_ERR_MODEL, "input %zu (%s) holds no int64 or int32", input, what));
    if (out->count > OP_LIST_CAP)
        TRY(onnx_fail(CVY_ERR_UNSUPPORTED, "input %zu (%s) has %zu elements; %d are possible",
                      input, what, out->count, OP_LIST_CAP));
    for (size_t i = 0; i < out->count; i++)
        out->at[i] = info.desc.dtype == CVY_I64 ? ((const int64_t *)info.data)[i]
            : ((const int32_t *)info.data)[i];
out:
    return st;
}

cvy_status op_input_floats(const struct op *op, size_t input, const char *what, size_t cap,
                           float *out, size_t *count)
{
    cvy_value_info info = { 0 };
    cvy_status st = CVY_OK;

    TRY(constant_input(op, input, what, &info, count));
    if (info.desc.dtype != CVY_F32 && info.desc.dtype != CVY_F64)
        TRY(onnx_fail(CVY_ERR_UNSUPPORTED, "input %zu (%s) holds no float32", input, what));
    if (*count > cap)
        TRY(onnx_fail(CVY_ERR_UNSUPPORTED, "input %zu (%s) has %zu elements; %zu are possible",
                      input, what, *count, cap));
    for (size_t i = 0; i < *count; i++)
        out[i] = info.desc.dtype == CVY_F32 ? ((const float *)info.data)[i]
            : (float)((const double *)info.data)[i];
out:
    return st;
}

static bool first_number(const cvy_value_info *info, double *out)
{
    switch (info->desc.dtype) {
    case CVY_F32: *out = *(const float *)info->data; break;
    case CVY_F64: *out = *(const double *)info->data; break;
    case CVY_I64: *out = (double)*(const int64_t *)info->data; break;
    case CVY_I32: *out = *(const int32_t *)info->data; break;
    case CVY_I8: *out = *(const int8_t *)info->data; break;
    case CVY_U8: *out = *(const uint8_t *)info->data; break;
    case CVY_BOOL: *out = *(const uint8_t *)info->data != 0; break;
    default: return false;
    }
    return true;
}

cvy_status op_input_number(const struct op *op, size_t input, const char *what, double *out)
{
    cvy_value_info info = { 0 };
    size_t count = 0;
    cvy_status st = CVY_OK;

    TRY(constant_input(op, input, what, &info, &count));
    if (count != 1)
        TRY(onnx_fail(CVY_ERR_MODEL, "input %zu (%s) has %zu elements; it must have 1", input,
                      what, count));
    if (!first_number(&info, out))
        TRY(onnx_fail(CVY_ERR_UNSUPPORTED, "input %zu (%s) is of a dtype that is not read here",
                      input, what));
out:
    return st;
}

cvy_status op_attr_ints(const struct op *op, const char *name, struct op_list *out, bool *there)
{
    size_t count;
    const int64_t *ints = onnx_ints(op->node, name, &count);

    *out = (struct op_list) { 0 };
    *there = onnx_attr(op->node, name) != NULL;
    if (count > OP_LIST_CAP)
        return onnx_fail(CVY_ERR_UNSUPPORTED, "attribute %s has %zu elements; %d are possible",
                         name, count, OP_LIST_CAP);
    out->count = count;
    for (size_t i = 0; i < count; i++)
        out->at[i] = ints[i];
    return CVY_OK;
}

cvy_status op_ints(const struct op *op, size_t input, const char *name, struct op_list *out,
                   bool *there)
{
    if (!op_has(op, input))
        return op_attr_ints(op, name, out, there);
    *there = true;
    return op_input_ints(op, input, name, out);
}

cvy_dtype op_dtype(int64_t number)
{
    static const cvy_dtype dtypes[] = {
        [1] = CVY_F32, [2] = CVY_U8, [3] = CVY_I8, [6] = CVY_I32, [7] = CVY_I64, [9] = CVY_BOOL,
        [10] = CVY_F16, [11] = CVY_F64, [16] = CVY_BF16,
    };

    return number >= 0 && number < (int64_t)(sizeof dtypes / sizeof *dtypes) ? dtypes[number]
        : CVY_DTYPE_DEFAULT;
}

// Nodes -------------------------------------------------------------------------------------------

cvy_status op_ints_constant(const struct op *op, const struct op_list *list, cvy_value *out)
{
    const cvy_desc desc = { .dtype = CVY_I64, .layout = CVY_PLAIN, .rank = 1,
                            .size = { (int64_t)list->count } };

    return cvy_graph_constant(op->graph, NULL, &desc, list->at, out);
}

cvy_status op_number(const struct op *op, cvy_dtype dtype, double number, cvy_value *out)
{
    const cvy_desc narrow = { .dtype = CVY_F32, .layout = CVY_PLAIN };
    const cvy_desc desc = { .dtype = CVY_F64, .layout = CVY_PLAIN };
    const float single = (float)number;
    cvy_value wide;
    cvy_status st = CVY_OK;

    if (dtype == CVY_F32)
        return cvy_graph_constant(op->graph, NULL, &narrow, &single, out);
    TRY(cvy_graph_constant(op->graph, NULL, &desc, &number, &wide));
    st = op_cast(op, wide, dtype, out);
out:
    return st;
}

static cvy_status reshape_params(const struct op_list *sizes, cvy_reshape_params *params)
{
    *params = (cvy_reshape_params) { .rank = (int32_t)sizes->count };
    if (sizes->count > CVY_MAX_RANK)
        return onnx_fail(CVY_ERR_UNSUPPORTED, "a tensor of rank %zu; %d is possible", sizes->count,
                         CVY_MAX_RANK);
    for (size_t i = 0; i < sizes->count; i++)
        params->size[i] = sizes->at[i];
    return CVY_OK;
}

cvy_status op_reshape(const struct op *op, cvy_value src, const struct op_list *sizes,
                      cvy_value *out)
{
    cvy_reshape_params params;
    cvy_status st = reshape_params(sizes, &params);

    if (st == CVY_OK)
        st = cvy_graph_reshape(op->graph, &params,
                               &(cvy_node) { .name = op->node->name, .src = src }, out);
    return st;
}

cvy_status op_expand_to(const struct op *op, cvy_value src, const struct op_list *sizes,
                        cvy_value *out)
{
    cvy_reshape_params params;
    int64_t elements = op_product(sizes->at, 0, (int32_t)sizes->count);
    cvy_status st = reshape_params(sizes, &params);

    if (elements < 0 || elements > ELEMENTS_LIMIT)
        return onnx_fail(CVY_ERR_LIMIT, "a tensor of more than 2^60 elements");
    if (st == CVY_OK)
        st = cvy_graph_expand(op->graph, &params,
                              &(cvy_node) { .name = op->node->name, .src = src }, out);
    return st;
}

cvy_status op_transpose(const struct op *op, cvy_value src, const int32_t *order, cvy_value *out)
{
    cvy_transpose_params params = { 0 };

    memcpy(params.order, order, sizeof params.order);
    return cvy_graph_transpose(op->graph, &params,
                               &(cvy_node) { .name = op->node->name, .src = src }, out);
}

cvy_status op_slice_axis(const struct op *op, cvy_value src, int32_t axis, int64_t start,
                         int64_t size, cvy_value *out)
{
    cvy_slice_params params = { 0 };
    cvy_desc desc;
    cvy_status st = CVY_OK;

    TRY(op_desc(op, src, &desc));
    params.start[axis] = size == 0 ? desc.size[axis] : start;   // size 0: all from start on
    params.size[axis] = size;
    st = cvy_graph_slice(op->graph, &params, &(cvy_node) { .name = op->node->name, .src = src },
                         out);
out:
    return st;
}

cvy_status op_unary(const struct op *op, cvy_unary_kind kind, cvy_value src, cvy_value *out)
{
    return cvy_graph_unary(op->graph, &(cvy_unary_params) { .kind = kind },
                           &(cvy_node) { .name = op->node->name, .src = src }, out);
}

cvy_status op_binary(const struct op *op, cvy_binary_kind kind, cvy_value src, cvy_value src2,
                     cvy_value *out)
{
    return cvy_graph_binary(op->graph, &(cvy_binary_params) { .kind = kind },
                            &(cvy_node) { .name = op->node->name, .src = src, .src2 = src2 }, out);
}

cvy_status op_cast(const struct op *op, cvy_value src, cvy_dtype dtype, cvy_value *out)
{
    return cvy_graph_cast(op->graph, &(cvy_cast_params) { .dtype = dtype },
                          &(cvy_node) { .name = op->node->name, .src = src }, out);
}

cvy_status op_activation(const struct op *op, cvy_activation activation, cvy_value src,
                         cvy_value *out)
{
    return cvy_graph_activation(op->graph, &(cvy_activation_params) { .activation = activation },
                                &(cvy_node) { .name = op->node->name, .src = src }, out);
}

float op_not_zero(float number)
{
    return number == 0.0f ? FLT_MIN : number;
}

// At load -----------------------------------------------------------------------------------------

cvy_status op_require(const struct onnx_node *node, const char *name)
{
    if (!onnx_attr(node, name))
        return onnx_fail(CVY_ERR_MODEL, "attribute %s is missing", name);
    return CVY_OK;
}

cvy_status op_choose(const struct onnx_node *node, const char *name, const char *const *choices)
{
    const char *text = onnx_string(node, name, choices[0]);

    for (size_t i = 0; choices[i]; i++)
        if (strcmp(text, choices[i]) == 0)
            return CVY_OK;
    return onnx_fail(CVY_ERR_MODEL, "attribute %s has a value that does not exist", name);
}

cvy_status op_only(const struct onnx_node *node, const char *name, int64_t standard, int64_t value)
{
    int64_t given = onnx_int(node, name, standard);

    if (given != value)
        return onnx_fail(CVY_ERR_MODEL_OP, "attribute %s is %lld; only %lld is supported", name,
                         (long long)given, (long long)value);
    return CVY_OK;
}
