// Operators whose results are constants: shapes, ranges, Constant.
#include "onnx/ops_shape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RANGE_LIMIT 268435456.0             // elements of a Range: 2^28
#define EXACT_LIMIT 9007199254740992.0      // integers that a double holds: 2^53

EXPAND(expand_shape)
{
    int64_t start = onnx_int(op->node, "start", 0), end;
    struct op_list sizes = { 0 };
    cvy_desc src;
    cvy_status st = CVY_OK;

    TRY(op_desc(op, op->in[0], &src));
    end = onnx_int(op->node, "end", src.rank);
    if (start < 0)
        start = start < -src.rank ? 0 : start + src.rank;
    if (end < 0)
        end = end < -src.rank ? 0 : end + src.rank;
    for (int64_t i = start; i < end && i < src.rank; i++)
        sizes.at[sizes.count++] = src.size[i];
    st = op_ints_constant(op, &sizes, &op->out[0]);
out:
    return st;
}

EXPAND(expand_size)
{
    const cvy_desc desc = { .dtype = CVY_I64, .layout = CVY_PLAIN };
    int64_t elements;
    cvy_desc src;
    cvy_status st = CVY_OK;

    TRY(op_desc(op, op->in[0], &src));
    elements = op_product(src.size, 0, src.rank);
    if (elements < 0)
        TRY(onnx_fail(CVY_ERR_LIMIT, "the input has more than 2^63 elements"));
    st = cvy_graph_constant(op->graph, NULL, &desc, &elements, &op->out[0]);
out:
    return st;
}

// Constant ----------------------------------------------------------------------------------------

cvy_status check_constant(const struct onnx_node *node)
{
    static const char *const names[] = { "value", "value_float", "value_floats", "value_int",
                                         "value_ints" };
    size_t given = 0;

    if (onnx_attr(node, "sparse_value") || onnx_attr(node, "value_string")
        || onnx_attr(node, "value_strings"))
        return onnx_fail(CVY_ERR_MODEL_OP, "sparse tensors and strings are not supported");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        given += onnx_attr(node, names[i]) != NULL;
    if (given != 1)
        return onnx_fail(CVY_ERR_MODEL, "%zu attributes give a value; it must be 1", given);
    return CVY_OK;
}

static cvy_status constant(const struct op *op, cvy_dtype dtype, int32_t rank, size_t count,
                           const void *data)
{
    const cvy_desc desc = { .dtype = dtype, .layout = CVY_PLAIN, .rank = rank,
                            .size = { (int64_t)count } };

    return cvy_graph_constant(op->graph, NULL, &desc, data, &op->out[0]);
}

EXPAND(expand_constant)
{
    const struct onnx_node *node = op->node;
    const struct onnx_attr *value = onnx_attr(node, "value");
    const int64_t *ints, one_int = onnx_int(node, "value_int", 0);
    const float *floats, one_float = onnx_float(node, "value_float", 0.0f);
    size_t count;

    if (value)
        return cvy_graph_constant(op->graph, NULL, &value->t.desc, value->t.data, &op->out[0]);
    if (onnx_attr(node, "value_float"))
        return constant(op, CVY_F32, 0, 1, &one_float);
    if (onnx_attr(node, "value_int"))
        return constant(op, CVY_I64, 0, 1, &one_int);
    if (onnx_attr(node, "value_floats")) {
        floats = onnx_floats(node, "value_floats", &count);
        return constant(op, CVY_F32, 1, count, floats);
    }
    ints = onnx_ints(node, "value_ints", &count);
    return constant(op, CVY_I64, 1, count, ints);
}

// ConstantOfShape and Range -----------------------------------------------------------------------

cvy_status check_constant_of_shape(const struct onnx_node *node)
{
    const struct onnx_attr *value = onnx_attr(node, "value");

    if (value && op_product(value->t.desc.size, 0, value->t.desc.rank) != 1)
        return onnx_fail(CVY_ERR_MODEL, "attribute value must have one element");
    return CVY_OK;
}

EXPAND(expand_constant_of_shape)
{
    const struct onnx_attr *value = onnx_attr(op->node, "value");
    struct op_list shape;
    cvy_desc desc = { .dtype = CVY_F32, .layout = CVY_PLAIN };
    const float zero = 0.0f;
    cvy_value number;
    cvy_status st = CVY_OK;

    TRY(op_input_ints(op, 0, "shape", &shape));
    for (size_t i = 0; i < shape.count; i++)
        if (shape.at[i] < 0)
            TRY(onnx_fail(CVY_ERR_MODEL, "shape[%zu] is %lld", i, (long long)shape.at[i]));
    if (value)
        desc.dtype = value->t.desc.dtype;
    TRY(cvy_graph_constant(op->graph, NULL, &desc, value ? value->t.data : &zero, &number));
    st = op_expand_to(op, number, &shape, &op->out[0]);
out:
    return st;
}

static void fill_range(cvy_dtype dtype, size_t count, const double *from, void *data)
{
    for (size_t i = 0; i < count; i++) {
        if (dtype == CVY_F32)
            ((float *)data)[i] = (float)(from[0] + (double)i * from[2]);
        else if (dtype == CVY_F64)
            ((double *)data)[i] = from[0] + (double)i * from[2];
        else if (dtype == CVY_I32)
            ((int32_t *)data)[i] = (int32_t)(from[0] + (double)i * from[2]);
        else
            ((int64_t *)data)[i] = (int64_t)from[0] + (int64_t)i * (int64_t)from[2];
    }
}

static cvy_status range_count(const double *from, bool is_float, size_t *count)
{
    double steps = ceil((from[1] - from[0]) / from[2]);

    if (!is_float && !(fabs(from[0]) <= EXACT_LIMIT && fabs(from[1]) <= EXACT_LIMIT
                       && fabs(from[2]) <= EXACT_LIMIT))
        return onnx_fail(CVY_ERR_LIMIT, "a range with numbers beyond 2^53");
    if (from[2] == 0.0 || isnan(steps))
        return onnx_fail(CVY_ERR_MODEL, "a range from %g to %g in steps of %g", from[0], from[1],
                         from[2]);
    if (steps > RANGE_LIMIT)
        return onnx_fail(CVY_ERR_LIMIT, "a range of %g elements; 2^28 are possible", steps);
    *count = steps > 0.0 ? (size_t)steps : 0;
    return CVY_OK;
}

EXPAND(expand_range)
{
    double from[3];     // start, limit, delta
    void *data = NULL;
    size_t count = 0;
    cvy_desc desc;
    cvy_status st = CVY_OK;

    TRY(op_desc(op, op->in[0], &desc));
    if (desc.dtype != CVY_F32 && desc.dtype != CVY_F64 && desc.dtype != CVY_I32
        && desc.dtype != CVY_I64)
        TRY(onnx_fail(CVY_ERR_UNSUPPORTED, "a range of a dtype that is not supported"));
    TRY(op_input_number(op, 0, "start", &from[0]));
    TRY(op_input_number(op, 1, "limit", &from[1]));
    TRY(op_input_number(op, 2, "delta", &from[2]));
    TRY(range_count(from, desc.dtype == CVY_F32 || desc.dtype == CVY_F64, &count));
    data = malloc(count * cvy_dtype_bytes(desc.dtype) + 1);
    if (!data)
        TRY(onnx_fail(CVY_ERR_NOMEM_HOST, "no memory for a range of %zu elements", count));
    fill_range(desc.dtype, count, from, data);
    st = constant(op, desc.dtype, 1, count, data);
out:
    free(data);
    return st;
}
