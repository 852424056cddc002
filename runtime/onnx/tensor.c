// TensorProto: its sizes, and the five fields that may hold its contents.
#include "onnx/tensor.h"

#include <stdio.h>

// Values of the standard's enums.
enum { DATA_EXTERNAL = 1 };

struct dtype_info {
    const char *name;
    cvy_dtype dtype;            // 0: not supported
    enum { IN_NONE, IN_FLOAT, IN_INT32, IN_INT64, IN_DOUBLE } field;
    int32_t least, most;        // of a number in int32_data
};

static const struct dtype_info dtypes[] = {
    [1] = { "FLOAT", CVY_F32, IN_FLOAT, 0, 0 },
    [2] = { "UINT8", CVY_U8, IN_INT32, 0, UINT8_MAX },
    [3] = { "INT8", CVY_I8, IN_INT32, INT8_MIN, INT8_MAX },
    [4] = { .name = "UINT16" }, { .name = "INT16" },
    [6] = { "INT32", CVY_I32, IN_INT32, INT32_MIN, INT32_MAX },
    [7] = { "INT64", CVY_I64, IN_INT64, 0, 0 },
    [8] = { .name = "STRING" },
    [9] = { "BOOL", CVY_BOOL, IN_INT32, 0, 1 },
    [10] = { "FLOAT16", CVY_F16, IN_INT32, 0, UINT16_MAX },
    [11] = { "DOUBLE", CVY_F64, IN_DOUBLE, 0, 0 },
    [12] = { .name = "UINT32" }, { .name = "UINT64" },
    [14] = { .name = "COMPLEX64" }, { .name = "COMPLEX128" },
    [16] = { "BFLOAT16", CVY_BF16, IN_INT32, 0, UINT16_MAX },
    [17] = { .name = "FLOAT8E4M3FN" }, { .name = "FLOAT8E4M3FNUZ" }, { .name = "FLOAT8E5M2" },
    [20] = { .name = "FLOAT8E5M2FNUZ" }, { .name = "UINT4" }, { .name = "INT4" },
    [23] = { .name = "FLOAT4E2M1" }, { .name = "FLOAT8E8M0" },
};

cvy_dtype onnx_dtype_find(int64_t number)
{
    return number > 0 && number < (int64_t)COUNT_OF(dtypes) ? dtypes[number].dtype
                                                            : CVY_DTYPE_DEFAULT;
}

cvy_status onnx_dtype(int64_t number, struct onnx_gaps *gaps, cvy_dtype *out)
{
    *out = CVY_DTYPE_DEFAULT;
    if (number <= 0)
        return onnx_fail(CVY_ERR_MODEL, "no dtype has the number %lld", (long long)number);
    if (number >= (int64_t)COUNT_OF(dtypes))
        return onnx_gaps_add(gaps, "dtype number %lld", (long long)number);
    *out = dtypes[number].dtype;
    return *out ? CVY_OK : onnx_gaps_add(gaps, "dtype %s", dtypes[number].name);
}

const char *onnx_other_float(cvy_dtype dtype)
{
    switch (dtype) {
    case CVY_F16: return "FLOAT16";
    case CVY_BF16: return "BFLOAT16";
    case CVY_F64: return "DOUBLE";
    default: return NULL;
    }
}

// Sizes -------------------------------------------------------------------------------------------

size_t onnx_tensor_bytes(const cvy_desc *desc)
{
    size_t bytes = cvy_dtype_bytes(desc->dtype);

    for (int i = 0; i < desc->rank; i++)
        bytes *= (size_t)desc->size[i];
    return bytes;
}

static cvy_status read_sizes(const Cvy__TensorProto *proto, int64_t *left, cvy_desc *desc)
{
    int64_t bytes = (int64_t)cvy_dtype_bytes(desc->dtype);

    if (proto->n_dims > CVY_MAX_RANK)
        return onnx_fail(CVY_ERR_MODEL_LIMIT, "rank %zu: %d at most", proto->n_dims,
                         CVY_MAX_RANK);
    desc->layout = CVY_PLAIN;
    desc->rank = (int32_t)proto->n_dims;
    for (size_t i = 0; i < proto->n_dims; i++) {
        desc->size[i] = proto->dims[i];
        if (proto->dims[i] < 0)
            return onnx_fail(CVY_ERR_MODEL, "size %lld", (long long)proto->dims[i]);
        if (__builtin_mul_overflow(bytes, proto->dims[i], &bytes))
            return onnx_fail(CVY_ERR_MODEL_LIMIT, "more than 2^63 bytes");
    }
    if (bytes > *left || (uint64_t)bytes > SIZE_MAX)
        return onnx_fail(CVY_ERR_MODEL_LIMIT, "%lld bytes: together with the tensors before it "
                         "more than max_bytes", (long long)bytes);
    *left -= bytes;
    return CVY_OK;
}

// Contents ----------------------------------------------------------------------------------------

static const char *const field_names[] = {
    [IN_FLOAT] = "float_data", [IN_INT32] = "int32_data", [IN_INT64] = "int64_data",
    [IN_DOUBLE] = "double_data",
};

static cvy_status copy_int32(const Cvy__TensorProto *proto, const struct dtype_info *info,
                             size_t size, unsigned char *out)
{
    for (size_t i = 0; i < proto->n_int32_data; i++) {
        int32_t value = proto->int32_data[i];

        if (value < info->least || value > info->most)
            return onnx_fail(CVY_ERR_MODEL, "%d is no %s", (int)value, info->name);
        memcpy(out + i * size, &value, size);   // the lower bytes come first
    }
    return CVY_OK;
}

static cvy_status view_field(const Cvy__TensorProto *proto, const struct dtype_info *info,
                             struct onnx_view *out)
{
    const size_t counts[] = {
        [IN_FLOAT] = proto->n_float_data, [IN_INT32] = proto->n_int32_data,
        [IN_INT64] = proto->n_int64_data, [IN_DOUBLE] = proto->n_double_data,
    };
    void *const data[] = {
        [IN_FLOAT] = proto->float_data, [IN_INT32] = proto->int32_data,
        [IN_INT64] = proto->int64_data, [IN_DOUBLE] = proto->double_data,
    };
    size_t size = cvy_dtype_bytes(info->dtype), bytes = onnx_tensor_bytes(&out->tensor.desc);
    cvy_status st;

    if (counts[info->field] != bytes / size)
        return onnx_fail(CVY_ERR_MODEL, "%zu elements in %s, not %zu", counts[info->field],
                         field_names[info->field], bytes / size);
    if (info->field != IN_INT32 || info->dtype == CVY_I32) {
        out->tensor.data = data[info->field];
        return CVY_OK;
    }
    st = onnx_zalloc(bytes, 1, &out->owned);
    out->tensor.data = out->owned;
    return st == CVY_OK ? copy_int32(proto, info, size, out->owned) : st;
}

// Bools of raw bytes may be anything, and are read as 0 or not 0.
static cvy_status clean_bools(struct onnx_view *out)
{
    size_t bytes = onnx_tensor_bytes(&out->tensor.desc);
    unsigned char *value;

    if (!out->owned) {
        cvy_status st = onnx_copy(out->tensor.data, bytes, &out->owned);
        if (st != CVY_OK)
            return st;
        out->tensor.data = out->owned;
    }
    value = out->owned;
    for (size_t i = 0; i < bytes; i++)
        value[i] = value[i] != 0;
    return CVY_OK;
}

static cvy_status check_fields(const Cvy__TensorProto *proto, const struct dtype_info *info)
{
    size_t typed = proto->n_float_data + proto->n_int32_data + proto->n_int64_data
        + proto->n_double_data + proto->n_uint64_data + proto->n_string_data;
    bool external = proto->data_location == DATA_EXTERNAL;
    size_t raw = proto->has_raw_data ? proto->raw_data.len : 0;
    size_t own = info->field == IN_FLOAT ? proto->n_float_data
        : info->field == IN_INT32 ? proto->n_int32_data
        : info->field == IN_INT64 ? proto->n_int64_data : proto->n_double_data;

    if (proto->data_location < 0 || proto->data_location > DATA_EXTERNAL)
        return onnx_fail(CVY_ERR_MODEL, "data_location %d", (int)proto->data_location);
    if ((raw && typed) || (external && (raw || typed)) || (!external && proto->n_external_data))
        return onnx_fail(CVY_ERR_MODEL, "contents in more than one place");
    if (typed != own)
        return onnx_fail(CVY_ERR_MODEL, "%s has its contents in %s", info->name,
                         field_names[info->field]);
    return CVY_OK;
}

static cvy_status view_contents(const Cvy__TensorProto *proto, const struct dtype_info *info,
                                struct onnx_source *source, struct onnx_view *out)
{
    size_t bytes = onnx_tensor_bytes(&out->tensor.desc);
    cvy_status st = check_fields(proto, info);

    if (st != CVY_OK)
        return st;
    if (proto->data_location == DATA_EXTERNAL) {
        st = onnx_external_read(proto, source->folder, bytes, &out->owned);
        out->tensor.data = out->owned;
    } else if (proto->has_raw_data && (proto->raw_data.len || !bytes)) {
        if (proto->raw_data.len != bytes)
            return onnx_fail(CVY_ERR_MODEL, "%zu bytes of raw_data, not %zu",
                             proto->raw_data.len, bytes);
        out->tensor.data = proto->raw_data.data;
    } else {
        return view_field(proto, info, out);
    }
    return st == CVY_OK && info->dtype == CVY_BOOL ? clean_bools(out) : st;
}

// Says which tensor it is.
static cvy_status name_tensor(cvy_status st, const Cvy__TensorProto *proto)
{
    char text[ONNX_TEXT_BYTES];

    if (st == CVY_OK)
        return st;
    snprintf(text, sizeof text, "%s", cvy_error_text());
    return onnx_fail(st, "tensor \"%s\": %s", QUOTED(proto->name ? proto->name : ""), text);
}

cvy_status onnx_tensor_view(const Cvy__TensorProto *proto, struct onnx_source *source,
                            struct onnx_view *out)
{
    cvy_status st = CVY_OK;

    memset(out, 0, sizeof *out);
    TRY(onnx_dtype(proto->data_type, source->gaps, &out->tensor.desc.dtype));
    if (proto->has_segment)
        TRY(onnx_gaps_add(source->gaps, "tensors in segments"));
    if (proto->data_location == DATA_EXTERNAL && source->folder < 0)
        TRY(onnx_gaps_add(source->gaps, "external data (%s)", source->no_folder));
    if (!out->tensor.desc.dtype || proto->has_segment
        || (proto->data_location == DATA_EXTERNAL && source->folder < 0)) {
        out->tensor.desc.dtype = CVY_DTYPE_DEFAULT;
        return CVY_OK;
    }
    TRY(read_sizes(proto, &source->bytes_left, &out->tensor.desc));
    TRY(view_contents(proto, &dtypes[proto->data_type], source, out));
    if (!out->tensor.data) {        // of no elements
        TRY(onnx_zalloc(1, 1, &out->owned));
        out->tensor.data = out->owned;
    }
out:
    if (st != CVY_OK) {
        free(out->owned);
        memset(out, 0, sizeof *out);
    }
    return name_tensor(st, proto);
}

cvy_status onnx_tensor_copy(const Cvy__TensorProto *proto, struct onnx_source *source,
                            struct onnx_tensor *out)
{
    struct onnx_view view;
    cvy_status st = onnx_tensor_view(proto, source, &view);

    memset(out, 0, sizeof *out);
    if (st != CVY_OK)
        return st;
    if (view.tensor.desc.dtype && !view.owned) {
        st = onnx_copy(view.tensor.data, onnx_tensor_bytes(&view.tensor.desc), &view.owned);
        view.tensor.data = view.owned;
    }
    if (st == CVY_OK)
        *out = view.tensor;
    return st;
}
