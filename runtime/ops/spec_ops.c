// OP-SPEC text: params of each operator to spec and back, by one table for both directions; plans
// from text.
#include "ops/spec_text.h"

// The same field in a params struct and in struct spec.
struct link {
    size_t params_at, spec_at, bytes;
};

// An array of negative length where the two differ in size.
#define FIELD_BYTES(type, field) sizeof(((type *)NULL)->field)
#define SAME_BYTES(type, a, b) \
    sizeof(char[FIELD_BYTES(type, a) == FIELD_BYTES(struct spec, b) ? FIELD_BYTES(type, a) : -1])
#define LINK(type, a, b) { offsetof(type, a), offsetof(struct spec, b), SAME_BYTES(type, a, b) }
#define END { 0, 0, 0 }

#define CONV(a, b) LINK(cvy_conv_params, a, b)
static const struct link conv_links[] = {
    CONV(src, src), CONV(out_channels, out_channels), CONV(kernel_size, kernel_size),
    CONV(stride, stride), CONV(dilation, dilation), CONV(padding, padding),
    CONV(padding_end, padding_end), CONV(padding_rule, padding_rule), CONV(groups, groups),
    CONV(padding_mode, padding_mode), CONV(bias, bias), CONV(residual, residual),
    CONV(activation, activation), CONV(dst, dst), END
};

#define DECONV(a, b) LINK(cvy_conv_transpose_params, a, b)
static const struct link conv_transpose_links[] = {
    DECONV(src, src), DECONV(out_channels, out_channels), DECONV(kernel_size, kernel_size),
    DECONV(stride, stride), DECONV(dilation, dilation), DECONV(padding, padding),
    DECONV(padding_end, padding_end), DECONV(padding_rule, padding_rule),
    DECONV(output_padding, output), DECONV(groups, groups), DECONV(bias, bias),
    DECONV(residual, residual), DECONV(activation, activation), DECONV(dst, dst), END
};

#define POOL(a, b) LINK(cvy_pool_params, a, b)
static const struct link pool_links[] = {
    POOL(kind, kind), POOL(src, src), POOL(kernel_size, kernel_size), POOL(stride, stride),
    POOL(dilation, dilation), POOL(padding, padding), POOL(padding_end, padding_end),
    POOL(padding_rule, padding_rule), POOL(ceil_mode, ceil_mode), POOL(global, global),
    POOL(output_size, output), POOL(count_include_pad, count_include_pad),
    POOL(divisor_override, divisor_override), POOL(norm_type, norm_type), POOL(indices, indices),
    POOL(indices_dtype, indices_dtype), POOL(dst, dst), END
};

#define UNPOOL(a, b) LINK(cvy_max_unpool_params, a, b)
static const struct link max_unpool_links[] = {
    UNPOOL(src, src), UNPOOL(kernel_size, kernel_size), UNPOOL(stride, stride),
    UNPOOL(padding, padding), UNPOOL(output_size, output), UNPOOL(indices, indices),
    UNPOOL(indices_dtype, indices_dtype), UNPOOL(dst, dst), END
};

// channel_multiplier or mid_channels goes to the spec's multiplier by kind, below.
#define SEPARABLE(a, b) LINK(cvy_separable_params, a, b)
static const struct link separable_links[] = {
    SEPARABLE(kind, kind), SEPARABLE(src, src), SEPARABLE(out_channels, out_channels),
    SEPARABLE(kernel_size, kernel_size), SEPARABLE(stride, stride), SEPARABLE(dilation, dilation),
    SEPARABLE(padding, padding), SEPARABLE(padding_end, padding_end),
    SEPARABLE(padding_rule, padding_rule), SEPARABLE(padding_mode, padding_mode),
    SEPARABLE(bias, bias), SEPARABLE(bias2, bias2), SEPARABLE(residual, residual),
    SEPARABLE(activation, mid), SEPARABLE(activation2, activation), SEPARABLE(dst, dst), END
};

#define LINEAR(a, b) LINK(cvy_linear_params, a, b)
static const struct link linear_links[] = {
    LINEAR(src, src), LINEAR(out_features, out_channels), LINEAR(bias, bias),
    LINEAR(residual, residual), LINEAR(activation, activation), LINEAR(dst, dst), END
};

#define ACTIVATION(a, b) LINK(cvy_activation_params, a, b)
static const struct link activation_links[] = {
    ACTIVATION(src, src), ACTIVATION(activation, activation),
    ACTIVATION(num_parameters, num_parameters), ACTIVATION(dst, dst), END
};

// Sources are an array of the caller's, below.
#define CONCAT(a, b) LINK(cvy_concat_params, a, b)
static const struct link concat_links[] = {
    CONCAT(src_count, src_count), CONCAT(axis, axis), CONCAT(dst, dst), END
};

static const struct link copy_links[] = {
    LINK(cvy_copy_params, src, src), LINK(cvy_copy_params, dst, dst), END
};

#define SOFTMAX(a, b) LINK(cvy_softmax_params, a, b)
static const struct link softmax_links[] = {
    SOFTMAX(src, src), SOFTMAX(log, log), SOFTMAX(axis, axis), SOFTMAX(dst, dst), END
};

#define PAD(a, b) LINK(cvy_pad_params, a, b)
static const struct link pad_links[] = {
    PAD(src, src), PAD(before, before), PAD(after, after), PAD(mode, padding_mode),
    PAD(value, value), PAD(dst, dst), END
};

#define SLICE(a, b) LINK(cvy_slice_params, a, b)
static const struct link slice_links[] = {
    SLICE(src, src), SLICE(start, start), SLICE(step, step), SLICE(size, size), SLICE(dst, dst),
    END
};

// order goes through 64 bits, below.
static const struct link transpose_links[] = {
    LINK(cvy_transpose_params, src, src), LINK(cvy_transpose_params, dst, dst), END
};

#define BLOCK(a, b) LINK(cvy_block_params, a, b)
static const struct link block_links[] = {
    BLOCK(src, src), BLOCK(block, block), BLOCK(depth_last, depth_last), BLOCK(dst, dst), END
};

// indices are the second source, below.
#define GATHER(a, b) LINK(cvy_gather_params, a, b)
static const struct link gather_links[] = {
    GATHER(src, src), GATHER(axis, axis), GATHER(dst, dst), END
};

#define BATCH(a, b) LINK(cvy_batch_norm_params, a, b)
static const struct link batch_norm_links[] = {
    BATCH(src, src), BATCH(eps, eps), BATCH(scale, scale), BATCH(bias, bias),
    BATCH(activation, activation), BATCH(dst, dst), END
};

#define INSTANCE(a, b) LINK(cvy_instance_norm_params, a, b)
static const struct link instance_norm_links[] = {
    INSTANCE(src, src), INSTANCE(eps, eps), INSTANCE(scale, scale), INSTANCE(bias, bias),
    INSTANCE(activation, activation), INSTANCE(dst, dst), END
};

#define LRN(a, b) LINK(cvy_lrn_params, a, b)
static const struct link lrn_links[] = {
    LRN(src, src), LRN(size, window), LRN(alpha, alpha), LRN(beta, beta), LRN(k, k),
    LRN(later, later), LRN(dst, dst), END
};

// The dtype of dst, of positions, is kept beside it, below.
#define REDUCE(a, b) LINK(cvy_reduce_params, a, b)
static const struct link reduce_links[] = {
    REDUCE(kind, kind), REDUCE(src, src), REDUCE(axes, axes), REDUCE(keep_dims, keep_dims),
    REDUCE(dst, dst), END
};

#define UNARY(a, b) LINK(cvy_unary_params, a, b)
static const struct link unary_links[] = {
    UNARY(kind, kind), UNARY(src, src), UNARY(alpha, alpha), UNARY(dst, dst), END
};

// Further sources are apart, below.
#define BINARY(a, b) LINK(cvy_binary_params, a, b)
static const struct link binary_links[] = {
    BINARY(kind, kind), BINARY(src, src), BINARY(activation, activation), BINARY(dst, dst), END
};

#define CAST(a, b) LINK(cvy_cast_params, a, b)
static const struct link cast_links[] = {
    CAST(src, src), CAST(dtype, as), CAST(dst, dst), END
};

#define RESIZE(a, b) LINK(cvy_resize_params, a, b)
static const struct link resize_links[] = {
    RESIZE(src, src), RESIZE(output_size, output), RESIZE(scale, scales), RESIZE(mode, kind),
    RESIZE(coordinates, coordinates), RESIZE(rounding, rounding), RESIZE(cubic_a, cubic_a),
    RESIZE(exclude_outside, exclude_outside), RESIZE(roi_begin, roi_begin),
    RESIZE(roi_end, roi_end), RESIZE(extrapolation_value, extrapolation), RESIZE(dst, dst), END
};

// src2 and bias are further sources, below.
#define MATMUL(a, b) LINK(cvy_matmul_params, a, b)
static const struct link matmul_links[] = {
    MATMUL(src, src), MATMUL(transpose, transpose), MATMUL(transpose2, transpose2),
    MATMUL(alpha, alpha), MATMUL(beta, beta), MATMUL(activation, activation), MATMUL(dst, dst),
    END
};

static void from_params(const struct link *links, const void *params, struct spec *spec)
{
    for (; links->bytes; links++)
        memcpy((char *)spec + links->spec_at, (const char *)params + links->params_at,
               links->bytes);
}

static void to_params(const struct link *links, const struct spec *spec, void *params)
{
    for (; links->bytes; links++)
        memcpy((char *)params + links->params_at, (const char *)spec + links->spec_at,
               links->bytes);
}

static void spec_start(struct spec *spec, enum spec_op op)
{
    memset(spec, 0, sizeof *spec);
    spec->op = op;
}

static void spec_finish(struct spec *spec, char *out)
{
    spec_simplify(spec);
    spec_print(spec, out);
}

// The two directions of an operator whose params are all in the links of `kind`.
#define OPERATOR_AS(name, kind, op)                                                             \
    void spec_of_##name(const cvy_##kind##_params *params, char *out)                           \
    {                                                                                           \
        struct spec spec;                                                                       \
                                                                                                \
        spec_start(&spec, op);                                                                  \
        from_params(kind##_links, params, &spec);                                               \
        spec_finish(&spec, out);                                                                \
    }                                                                                           \
                                                                                                \
    static cvy_status create_##name(cvy_context *context, const struct spec *spec,              \
                                    const cvy_plan_options *options, cvy_plan **out)            \
    {                                                                                           \
        cvy_##kind##_params params = { .options = options };                                    \
                                                                                                \
        to_params(kind##_links, spec, &params);                                                 \
        return cvy_##name##_create(context, &params, out);                                      \
    }
#define OPERATOR(name, op) OPERATOR_AS(name, name, op)

OPERATOR(conv, SPEC_CONV)
OPERATOR(conv_transpose, SPEC_DECONV)
OPERATOR(pool, SPEC_POOL)
OPERATOR(max_unpool, SPEC_UNPOOL)
OPERATOR(linear, SPEC_LINEAR)
OPERATOR(activation, SPEC_ACTIVATION)
OPERATOR(copy, SPEC_COPY)
OPERATOR(softmax, SPEC_SOFTMAX)
OPERATOR(batch_norm, SPEC_BATCH_NORM)
OPERATOR(instance_norm, SPEC_INSTANCE_NORM)
OPERATOR(lrn, SPEC_LRN)
OPERATOR(unary, SPEC_UNARY)
OPERATOR(cast, SPEC_CAST)
OPERATOR(pad, SPEC_PAD)
OPERATOR(slice, SPEC_SLICE)
OPERATOR(resize, SPEC_RESIZE)
OPERATOR_AS(depth_to_space, block, SPEC_DEPTH_TO_SPACE)
OPERATOR_AS(space_to_depth, block, SPEC_SPACE_TO_DEPTH)

void spec_of_separable(const cvy_separable_params *params, char *out)
{
    struct spec spec;

    spec_start(&spec, SPEC_SEPARABLE);
    from_params(separable_links, params, &spec);
    spec.multiplier = params->kind == CVY_SEPARABLE_SPATIAL_DENSE ? params->mid_channels
                                                                  : params->channel_multiplier;
    spec_finish(&spec, out);
}

static cvy_status create_separable(cvy_context *context, const struct spec *spec,
                                   const cvy_plan_options *options, cvy_plan **out)
{
    cvy_separable_params params = { .options = options };

    to_params(separable_links, spec, &params);
    if (params.kind == CVY_SEPARABLE_SPATIAL_DENSE)
        params.mid_channels = spec->multiplier;
    else
        params.channel_multiplier = spec->multiplier;
    return cvy_separable_create(context, &params, out);
}

void spec_of_concat(const cvy_concat_params *params, char *out)
{
    struct spec spec;

    spec_start(&spec, SPEC_CONCAT);
    from_params(concat_links, params, &spec);
    spec.src = params->srcs[0];
    memcpy(spec.sources, params->srcs, params->src_count * sizeof *params->srcs);
    spec_finish(&spec, out);
}

static cvy_status create_concat(cvy_context *context, const struct spec *spec,
                                const cvy_plan_options *options, cvy_plan **out)
{
    cvy_concat_params params = { .srcs = spec->sources, .options = options };

    to_params(concat_links, spec, &params);
    return cvy_concat_create(context, &params, out);
}

void spec_of_transpose(const cvy_transpose_params *params, char *out)
{
    struct spec spec;

    spec_start(&spec, SPEC_TRANSPOSE);
    from_params(transpose_links, params, &spec);
    for (int i = 0; i < params->src.rank; i++)
        spec.order[i] = params->order[i];
    spec_finish(&spec, out);
}

static cvy_status create_transpose(cvy_context *context, const struct spec *spec,
                                   const cvy_plan_options *options, cvy_plan **out)
{
    cvy_transpose_params params = { .options = options };

    to_params(transpose_links, spec, &params);
    for (int i = 0; i < CVY_MAX_RANK; i++)
        params.order[i] = (int32_t)MAX(MIN(spec->order[i], INT32_MAX), -1);
    return cvy_transpose_create(context, &params, out);
}

void spec_of_gather(const cvy_gather_params *params, char *out)
{
    struct spec spec;

    spec_start(&spec, SPEC_GATHER);
    from_params(gather_links, params, &spec);
    spec.src_count = 2;
    spec.sources[1] = params->indices;
    spec_finish(&spec, out);
}

static cvy_status create_gather(cvy_context *context, const struct spec *spec,
                                const cvy_plan_options *options, cvy_plan **out)
{
    cvy_gather_params params = { .indices = spec->sources[1], .options = options };

    to_params(gather_links, spec, &params);
    return cvy_gather_create(context, &params, out);
}

void spec_of_binary(const cvy_binary_params *params, char *out)
{
    struct spec spec;

    spec_start(&spec, SPEC_BINARY);
    from_params(binary_links, params, &spec);
    spec.src_count = 2;
    spec.sources[1] = params->src2;
    spec_finish(&spec, out);
}

static cvy_status create_binary(cvy_context *context, const struct spec *spec,
                                const cvy_plan_options *options, cvy_plan **out)
{
    cvy_binary_params params = { .src2 = spec->sources[1], .options = options };

    to_params(binary_links, spec, &params);
    return cvy_binary_create(context, &params, out);
}

// The condition is the first source, with the dtype of the others.
void spec_of_where(const cvy_where_params *params, char *out)
{
    struct spec spec;

    spec_start(&spec, SPEC_WHERE);
    spec.src = params->condition;
    spec.src.dtype = params->src.dtype;
    spec.dst = params->dst;
    spec.src_count = 3;
    spec.sources[1] = params->src;
    spec.sources[2] = params->src2;
    spec_finish(&spec, out);
}

static cvy_status create_where(cvy_context *context, const struct spec *spec,
                               const cvy_plan_options *options, cvy_plan **out)
{
    cvy_where_params params = { .condition = spec->src, .src = spec->sources[1],
                                .src2 = spec->sources[2], .dst = spec->dst, .options = options };

    params.condition.dtype = CVY_BOOL;
    if (!params.dst.layout)
        params.dst.layout = spec->src.layout;
    return cvy_where_create(context, &params, out);
}

void spec_of_matmul(const cvy_matmul_params *params, char *out)
{
    struct spec spec;

    spec_start(&spec, SPEC_MATMUL);
    from_params(matmul_links, params, &spec);
    spec.src_count = params->bias.rank ? 3 : 2;
    spec.sources[1] = params->src2;
    spec.sources[2] = params->bias;
    spec_finish(&spec, out);
}

static cvy_status create_matmul(cvy_context *context, const struct spec *spec,
                                const cvy_plan_options *options, cvy_plan **out)
{
    cvy_matmul_params params = { .src2 = spec->sources[1], .options = options };

    to_params(matmul_links, spec, &params);
    if (spec->src_count > 2)
        params.bias = spec->sources[2];
    return cvy_matmul_create(context, &params, out);
}

void spec_of_reduce(const cvy_reduce_params *params, char *out)
{
    struct spec spec;

    spec_start(&spec, SPEC_REDUCE);
    from_params(reduce_links, params, &spec);
    spec.indices_dtype = params->dst.dtype;
    spec_finish(&spec, out);
}

static cvy_status create_reduce(cvy_context *context, const struct spec *spec,
                                const cvy_plan_options *options, cvy_plan **out)
{
    cvy_reduce_params params = { .options = options };

    to_params(reduce_links, spec, &params);
    params.dst.dtype = spec->indices_dtype;
    return cvy_reduce_create(context, &params, out);
}

cvy_status cvy_plan_from_spec(cvy_context *context, const char *spec,
                              const cvy_plan_options *options, cvy_plan **out)
{
    static cvy_status (*const create[SPEC_OP_COUNT])(cvy_context *, const struct spec *,
                                                     const cvy_plan_options *, cvy_plan **) = {
        [SPEC_CONV] = create_conv, [SPEC_DECONV] = create_conv_transpose,
        [SPEC_POOL] = create_pool, [SPEC_UNPOOL] = create_max_unpool,
        [SPEC_SEPARABLE] = create_separable, [SPEC_LINEAR] = create_linear,
        [SPEC_ACTIVATION] = create_activation, [SPEC_CONCAT] = create_concat,
        [SPEC_COPY] = create_copy, [SPEC_SOFTMAX] = create_softmax,
        [SPEC_PAD] = create_pad, [SPEC_SLICE] = create_slice, [SPEC_TRANSPOSE] = create_transpose,
        [SPEC_DEPTH_TO_SPACE] = create_depth_to_space,
        [SPEC_SPACE_TO_DEPTH] = create_space_to_depth, [SPEC_GATHER] = create_gather,
        [SPEC_BATCH_NORM] = create_batch_norm, [SPEC_INSTANCE_NORM] = create_instance_norm,
        [SPEC_LRN] = create_lrn, [SPEC_REDUCE] = create_reduce,
        [SPEC_RESIZE] = create_resize, [SPEC_MATMUL] = create_matmul,
        [SPEC_UNARY] = create_unary, [SPEC_BINARY] = create_binary,
        [SPEC_WHERE] = create_where, [SPEC_CAST] = create_cast,
    };
    struct spec parsed;
    cvy_status st;

    CHECK_POINTER(out);
    *out = NULL;
    CHECK_POINTER(context);
    CHECK_POINTER(spec);
    st = spec_parse(spec, &parsed);
    return st == CVY_OK ? create[parsed.op](context, &parsed, options, out) : st;
}
