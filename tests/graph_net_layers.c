// Random operators that compute, over any value so far.
#include "graph_net_parts.h"

#include <math.h>
#include <string.h>

int64_t net_between(struct net *net, int64_t low, int64_t high)
{
    return random_between(&net->random, low, high);
}

bool net_chance(struct net *net, int percent)
{
    return random_chance(&net->random, percent);
}

const struct ref_shape *net_shape_at(const struct net *net, int value)
{
    return &net->values[value].shape;
}

bool net_is_map(const struct net *net, int value)
{
    return net_shape_at(net, value)->rank >= 3 && net_shape_at(net, value)->rank <= 5;
}

// Leaves ------------------------------------------------------------------------------------------

static void measure(struct net_value *value)
{
    value->range = 0.0;
    for (int64_t i = 0; i < ref_count(&value->shape); i++) {
        value->noisy[i] = value->data[i];
        value->range = fmax(value->range, fabs(value->data[i]));
    }
}

// Multiples of `step` of both signs, up to `most` steps.
int net_leaf(struct net *net, enum net_from from, const struct ref_shape *shape, double step,
                int most)
{
    int number = net_value_add(net, from, CVY_F32, shape);
    struct net_value *value = &net->values[number];

    for (int64_t i = 0; number && i < ref_count(shape); i++)
        value->data[i] = step * (double)net_between(net, -most, most);
    if (number)
        measure(value);
    return number;
}

// Numbers from 1/2 to 3/2.
static int positive(struct net *net, const struct ref_shape *shape)
{
    int number = net_leaf(net, NET_CONSTANT, shape, 0.125, 4);

    for (int64_t i = 0; number && i < ref_count(shape); i++)
        net->values[number].data[i] += 1.0;
    if (number)
        measure(&net->values[number]);
    return number;
}

int net_vector(struct net *net, int64_t count, bool above)
{
    struct ref_shape shape = { 1, { count } };

    return above ? positive(net, &shape) : net_leaf(net, NET_CONSTANT, &shape, 0.125, 8);
}

// Weights that keep the size of what they multiply. Now and then they are an input.
static int weights(struct net *net, const struct ref_shape *shape, int64_t terms)
{
    double step = 0.25 / exp2(floor(log2((double)terms) / 2.0));

    return net_leaf(net, net_chance(net, 4) ? NET_INPUT : NET_CONSTANT, shape, step, 5);
}

int net_network_input(struct net *net)
{
    static const int64_t channels[] = { 1, 2, 3, 4, 6, 8, 8, 12, 16 };
    struct ref_shape shape = { .rank = (int32_t)net_between(net, 2, 9) };

    shape.rank = shape.rank > 5 ? 4 : shape.rank;
    for (int i = 0; i < shape.rank; i++)
        shape.size[i] = net_between(net, 1, shape.rank == 5 ? 4 : 9);
    shape.size[0] = net_between(net, 1, 2);
    shape.size[1] = channels[net_between(net, 0, COUNT_OF(channels) - 1)];
    return net_leaf(net, NET_INPUT, &shape, 0.25, 8);
}

// Any float value, late ones more often; `want` may refuse.
int net_pick(struct net *net, bool (*want)(const struct net *, int))
{
    for (int tries = 0; tries < 40; tries++) {
        int64_t back = net_between(net, 0, net_chance(net, 60) ? 6 : net->value_count - 1);
        int value = net->value_count - (int)back;

        if (value >= 1 && net->values[value].dtype == CVY_F32
            && net->values[value].from != NET_CONSTANT && (!want || want(net, value)))
            return value;
    }
    return 0;
}

static bool has_channels(const struct net *net, int value)
{
    return net_shape_at(net, value)->rank >= 2 && net_shape_at(net, value)->rank <= 5;
}

bool net_has_axes(const struct net *net, int value)
{
    return net_shape_at(net, value)->rank >= 1;
}

bool net_is_small(const struct net *net, int value)
{
    return net_has_axes(net, value) && ref_count(net_shape_at(net, value)) <= 512;
}

static bool is_matrix(const struct net *net, int value)
{
    return net_shape_at(net, value)->rank >= 2;
}

static cvy_activation any_activation(struct net *net)
{
    static const cvy_activation kinds[] = {
        { CVY_RELU, 0, 0 }, { CVY_RELU, 0, 0 }, { CVY_RELU6, 0, 0 }, { CVY_CLIP, -0.5f, 1.25f },
        { CVY_LEAKY_RELU, 0.25f, 0 }, { CVY_ELU, 0, 0 }, { CVY_SELU, 0, 0 }, { CVY_SIGMOID, 0, 0 },
        { CVY_HARD_SIGMOID, 0, 0 }, { CVY_HARD_SIGMOID, 0.25f, 0.5f }, { CVY_TANH, 0, 0 },
        { CVY_SILU, 0, 0 }, { CVY_HARD_SWISH, 0, 0 }, { CVY_SOFTPLUS, 0, 0 }, { CVY_GELU, 0, 0 },
        { CVY_GELU_TANH, 0, 0 }, { CVY_MISH, 0, 0 },
    };

    return kinds[net_between(net, 0, COUNT_OF(kinds) - 1)];
}

// An activation at the end of another operator; gives the slopes that it needs, if any.
static int own_activation(struct net *net, cvy_activation *out, int64_t channels)
{
    if (channels == 0 || net_chance(net, 75)) {
        *out = any_activation(net);
        return 0;
    }
    out->kind = CVY_PRELU;
    return net_vector(net, channels, false);
}

// Another value of this shape, made or given.
int net_same_shape(struct net *net, int value)
{
    for (int tries = 0; tries < 30; tries++) {
        int other = (int)net_between(net, 1, net->value_count);

        if (other != value && net->values[other].dtype == CVY_F32
            && net_shape_at(net, other)->rank == net_shape_at(net, value)->rank
            && memcmp(net_shape_at(net, other)->size, net_shape_at(net, value)->size,
                      (size_t)net_shape_at(net, value)->rank * sizeof(int64_t)) == 0)
            return other;
    }
    return 0;
}

// Layers ------------------------------------------------------------------------------------------

int net_conv(struct net *net, int src, const struct net_conv_wish *wish)
{
    const struct ref_shape in = *net_shape_at(net, src);
    int64_t channels = in.size[1], groups = wish->groups;
    struct net_op op = { .problem.op = REF_CONV, .in[NET_SRC] = src };
    cvy_conv_params *p = &op.problem.conv;
    struct ref_shape shape = { .rank = in.rank };
    int64_t terms;
    bool even = false;

    if (!groups)
        groups = net_chance(net, 25) ? channels : net_chance(net, 20) && channels % 2 == 0 ? 2 : 1;
    shape.size[0] = wish->out ? wish->out
                              : groups * net_between(net, 1, groups == channels ? 2 : 6);
    shape.size[1] = terms = channels / groups;
    for (int i = 0; i + 2 < in.rank; i++) {
        int64_t kernel = wish->kernel ? wish->kernel
            : net_chance(net, 50) ? 3 : net_between(net, 1, 3);

        shape.size[2 + i] = kernel;
        terms *= kernel;
        p->stride[i] = wish->same ? 1 : net_chance(net, 75) ? 1 : 2;
        p->dilation[i] = wish->same || net_chance(net, 85) ? 1 : 2;
        p->padding[i] = wish->same ? kernel / 2 : net_between(net, 0, kernel / 2);
        even = even || kernel % 2 == 0;
    }
    p->groups = groups;
    if (wish->same && (even || net_chance(net, 20))) {
        memset(p->padding, 0, sizeof p->padding);
        p->padding_rule = CVY_PAD_SAME;
    }
    if (!wish->same && net_chance(net, 20)) {
        p->padding_rule = CVY_PAD_BEGIN_END;
        p->padding_end[0] = net_between(net, 0, 1);
    }
    if (net_chance(net, 8))
        p->padding_mode = (cvy_padding_mode)net_between(net, CVY_REFLECT, CVY_CIRCULAR);
    if (!wish->plain && net_chance(net, 15))
        op.in[NET_SLOPE] = own_activation(net, &p->activation, shape.size[0]);
    for (int i = 0; i + 2 < in.rank; i++)
        if (p->padding_mode != CVY_ZEROS && in.size[2 + i] < 3)
            return 0;
    op.in[NET_WEIGHTS] = weights(net, &shape, terms);
    if (net_chance(net, 60))
        op.in[NET_BIAS] = net_vector(net, shape.size[0], false);
    if (wish->same && !wish->plain && shape.size[0] == channels && net_chance(net, 30))
        op.in[NET_RESIDUAL] = net_chance(net, 50) ? src : net_same_shape(net, src);
    return net_op_add(net, &op);
}

static int any_conv(struct net *net)
{
    int src = net_pick(net, net_is_map);

    return src ? net_conv(net, src, &(struct net_conv_wish) { .same = net_chance(net, 30) }) : 0;
}

static int conv_transpose(struct net *net)
{
    int src = net_pick(net, net_is_map);
    struct net_op op = { .problem.op = REF_CONV_TRANSPOSE, .in[NET_SRC] = src };
    cvy_conv_transpose_params *p = &op.problem.conv_transpose;
    struct ref_shape shape = *net_shape_at(net, src);
    int64_t groups = src && net_chance(net, 30) && shape.size[1] % 2 == 0 ? 2 : 1, terms;

    if (!src)
        return 0;
    shape.size[0] = shape.size[1];
    shape.size[1] = net_between(net, 1, 4);
    terms = shape.size[0] / groups;
    for (int i = 0; i + 2 < shape.rank; i++) {
        shape.size[2 + i] = net_between(net, 1, 3);
        p->stride[i] = net_between(net, 1, 2);
        p->padding[i] = net_between(net, 0, shape.size[2 + i] / 2);
        p->output_padding[i] = p->stride[i] > 1 && net_chance(net, 30);
    }
    p->groups = groups;
    op.in[NET_WEIGHTS] = weights(net, &shape, terms * 2);
    if (net_chance(net, 60))
        op.in[NET_BIAS] = net_vector(net, shape.size[1] * groups, false);
    return net_op_add(net, &op);
}

int net_linear_of(struct net *net, int src)
{
    const struct ref_shape *in = net_shape_at(net, src);
    int64_t features = in->size[in->rank - 1], outs = net_between(net, 1, 12);
    struct net_op op = { .problem.op = REF_LINEAR, .in[NET_SRC] = src };

    op.in[NET_WEIGHTS] = weights(net, &(struct ref_shape) { 2, { outs, features } }, features);
    if (net_chance(net, 60))
        op.in[NET_BIAS] = net_vector(net, outs, false);
    return net_op_add(net, &op);
}

static int linear(struct net *net)
{
    int src = net_pick(net, net_has_axes);

    return src ? net_linear_of(net, src) : 0;
}

static int pool(struct net *net)
{
    int src = net_pick(net, net_is_map);
    struct net_op op = { .problem.op = REF_POOL, .in[NET_SRC] = src };
    cvy_pool_params *p = &op.problem.pool;

    if (!src)
        return 0;
    p->kind = (cvy_pool_kind)net_between(net, CVY_POOL_MAX, CVY_POOL_ADAPTIVE_AVERAGE);
    p->global = p->kind <= CVY_POOL_LP && net_chance(net, 15);
    for (int i = 0; i + 2 < net_shape_at(net, src)->rank; i++) {
        if (p->kind >= CVY_POOL_ADAPTIVE_MAX) {
            p->output_size[i] = net_between(net, 1, 3);
        } else if (!p->global) {
            p->kernel_size[i] = net_between(net, 2, 3);
            p->stride[i] = net_between(net, 1, 2);
            p->padding[i] = net_between(net, 0, 1);
        }
    }
    return net_op_add(net, &op);
}

static int unpool(struct net *net)
{
    int src = net_pick(net, net_is_map), pooled;
    struct net_op op = { .problem.op = REF_POOL, .in[NET_SRC] = src };
    struct net_op up = { .problem.op = REF_MAX_UNPOOL };
    cvy_pool_params *p = &op.problem.pool;

    if (!src)
        return 0;
    p->kind = CVY_POOL_MAX;
    p->indices = up.problem.max_unpool.indices =
        net_chance(net, 50) ? CVY_INDICES_PLANE : CVY_INDICES_TENSOR;
    for (int i = 0; i + 2 < net_shape_at(net, src)->rank; i++)
        p->kernel_size[i] = up.problem.max_unpool.kernel_size[i] = 2;
    pooled = net_op_add(net, &op);
    if (!pooled)
        return 0;
    up.in[NET_SRC] = pooled;
    up.in[NET_INDICES] = net->ops[net->op_count - 1].outs[1];
    return net_op_add(net, &up);
}

int net_batch_norm_of(struct net *net, int src)
{
    int64_t channels = net_shape_at(net, src)->size[1];
    struct net_op op = { .problem.op = REF_BATCH_NORM, .in[NET_SRC] = src };

    op.in[NET_MEAN] = net_vector(net, channels, false);
    op.in[NET_VARIANCE] = net_vector(net, channels, true);
    if (net_chance(net, 80))
        op.in[NET_SCALE] = net_vector(net, channels, true);
    if (net_chance(net, 80))
        op.in[NET_BIAS] = net_vector(net, channels, false);
    if (net_chance(net, 15))
        op.in[NET_SLOPE] = own_activation(net, &op.problem.batch_norm.activation, channels);
    return net_op_add(net, &op);
}

static int norm(struct net *net)
{
    int src = net_pick(net, net_chance(net, 60) ? has_channels : net_is_map);
    struct net_op op = { .in[NET_SRC] = src };

    if (!src || !net_is_map(net, src) || net_chance(net, 50))
        return src ? net_batch_norm_of(net, src) : 0;
    if (net_chance(net, 40)) {
        op.problem.op = REF_LRN;
        op.problem.lrn.size = net_between(net, 1, 5);
        op.problem.lrn.alpha = 0.5f;
        return net_op_add(net, &op);
    }
    op.problem.op = REF_INSTANCE_NORM;
    if (net_chance(net, 60))
        op.in[NET_SCALE] = net_vector(net, net_shape_at(net, src)->size[1], true);
    if (net_chance(net, 60))
        op.in[NET_BIAS] = net_vector(net, net_shape_at(net, src)->size[1], false);
    return net_op_add(net, &op);
}

int net_activation_of(struct net *net, int src)
{
    struct net_op op = { .problem.op = REF_ACTIVATION, .in[NET_SRC] = src };
    cvy_activation_params *p = &op.problem.activation;
    const struct ref_shape *in = net_shape_at(net, src);

    if (in->rank > 1 && net_chance(net, 20)) {
        p->activation.kind = CVY_PRELU;
        op.in[NET_SLOPE] = net_vector(net, net_chance(net, 70) ? in->size[1] : 1, false);
    } else {
        p->activation = any_activation(net);
    }
    return net_op_add(net, &op);
}

static int activation(struct net *net)
{
    int src = net_pick(net, NULL);

    return src ? net_activation_of(net, src) : 0;
}

// Arithmetic --------------------------------------------------------------------------------------

int net_binary_of(struct net *net, cvy_binary_kind kind, int a, int b)
{
    struct net_op op = { .problem.op = REF_BINARY, .in = { [NET_SRC] = a, [NET_SRC2] = b } };

    op.problem.binary.kind = kind;
    if (kind < CVY_EQUAL && net_chance(net, 8))
        own_activation(net, &op.problem.binary.activation, 0);
    return a && b ? net_op_add(net, &op) : 0;
}

// A constant that broadcasts to the value: one for each channel, a scalar, one axis of it ...
static int broadcast_constant(struct net *net, int value, bool above)
{
    struct ref_shape shape = *net_shape_at(net, value);
    int form = (int)net_between(net, 0, 5), drop;

    if (form == 0)
        shape.rank = 0;
    for (int i = 0; i < shape.rank; i++)
        if (form == 1 || (form == 2 && i != 1) || (form == 3 && i != shape.rank - 1)
            || (form == 4 && net_chance(net, 50)))
            shape.size[i] = 1;
    drop = form == 2 || form == 3 ? (int)net_between(net, 0, form == 3 ? shape.rank - 1 : 1) : 0;
    if (drop > 0 && drop < shape.rank) {
        memmove(shape.size, shape.size + drop, sizeof shape.size - (size_t)drop * 8);
        shape.rank -= drop;
    }
    return above ? positive(net, &shape) : net_leaf(net, NET_CONSTANT, &shape, 0.125, 8);
}

static int binary(struct net *net)
{
    int a = net_pick(net, NULL), b;
    cvy_binary_kind kind = (cvy_binary_kind)net_between(net, CVY_ADD, CVY_MIN);

    if (!a)
        return 0;
    b = net_chance(net, 50) ? net_same_shape(net, a) : 0;
    if (!b || kind == CVY_DIV)
        b = broadcast_constant(net, a, kind == CVY_DIV || net_chance(net, 30));
    if (net_chance(net, 8) && kind != CVY_DIV)
        b = a;
    return kind != CVY_DIV && net_chance(net, 35) ? net_binary_of(net, kind, b, a)
                                              : net_binary_of(net, kind, a, b);
}

static int unary(struct net *net)
{
    static const cvy_unary_kind kinds[] = { CVY_ABS, CVY_NEG, CVY_EXP, CVY_ERF, CVY_SOFTSIGN,
                                            CVY_RECIPROCAL, CVY_SQRT, CVY_THRESHOLDED_RELU };
    int src = net_pick(net, NULL);
    struct net_op op = { .problem.op = REF_UNARY, .in[NET_SRC] = src };

    op.problem.unary.kind = kinds[net_between(net, 0, COUNT_OF(kinds) - 1)];
    op.problem.unary.alpha = op.problem.unary.kind == CVY_THRESHOLDED_RELU ? 0.5f : 0.0f;
    if (!src)
        return 0;
    for (int64_t i = 0; i < ref_count(net_shape_at(net, src)); i++)
        if ((op.problem.unary.kind == CVY_RECIPROCAL || op.problem.unary.kind == CVY_SQRT)
            && net->values[src].data[i] < 0.1)
            return 0;
    return net_op_add(net, &op);
}

bool net_is_exact(const struct net *net, int value)
{
    return net->values[value].exact && net_has_axes(net, value);
}

static int where(struct net *net)
{
    int src = net_pick(net, net_is_exact), other, condition;
    struct net_op op = { .problem.op = REF_WHERE, .src_count = 3 };

    if (!src)
        return 0;
    condition = net_binary_of(
        net, (cvy_binary_kind)net_between(net, CVY_EQUAL, CVY_GREATER_EQUAL), src,
        broadcast_constant(net, src, false));
    other = net_same_shape(net, src);
    op.srcs[0] = condition;
    op.srcs[1] = net_chance(net, 30) ? broadcast_constant(net, src, false) : other ? other : src;
    op.srcs[2] = net_chance(net, 30) ? broadcast_constant(net, src, false) : src;
    return condition && op.srcs[1] && op.srcs[2] ? net_op_add(net, &op) : 0;
}

static int matmul(struct net *net)
{
    int src = net_pick(net, is_matrix);
    struct net_op op = { .problem.op = REF_MATMUL, .in[NET_SRC] = src, .in[NET_SRC2] = src };
    cvy_matmul_params *p = &op.problem.matmul;
    const struct ref_shape *in = net_shape_at(net, src);
    int64_t terms, outs = net_between(net, 1, 8);

    if (!src)
        return 0;
    terms = in->size[in->rank - 1];
    if (net_chance(net, 50)) {
        p->transpose2 = true;       // its own transposed
        p->alpha = 0.125f;
    } else {
        struct ref_shape shape = { 2, { terms, outs } };

        op.in[NET_SRC2] = weights(net, &shape, terms);
        if (net_chance(net, 40))
            op.in[NET_BIAS] = net_vector(net, outs, false);
        if (net_chance(net, 20))
            own_activation(net, &p->activation, 0);
    }
    return net_op_add(net, &op);
}

// Whole axes --------------------------------------------------------------------------------------

static int softmax(struct net *net)
{
    int src = net_pick(net, net_has_axes);
    struct net_op op = { .problem.op = REF_SOFTMAX, .in[NET_SRC] = src };

    if (!src)
        return 0;
    op.problem.softmax.axis = (int32_t)net_between(net, 0, net_shape_at(net, src)->rank - 1);
    op.problem.softmax.log = net_chance(net, 30);
    return net_op_add(net, &op);
}

static int reduce(struct net *net)
{
    int src = net_pick(net, net_has_axes);
    struct net_op op = { .problem.op = REF_REDUCE, .in[NET_SRC] = src };
    cvy_reduce_params *p = &op.problem.reduce;

    if (!src)
        return 0;
    p->kind = (cvy_reduce_kind)net_between(net, CVY_REDUCE_SUM, CVY_REDUCE_MIN);
    p->keep_dims = net_chance(net, 50);
    for (int i = 0; i < net_shape_at(net, src)->rank; i++)
        p->axes[i] = net_chance(net, 40);
    return net_op_add(net, &op);
}

static int resize(struct net *net)
{
    int src = net_pick(net, net_is_map);
    struct net_op op = { .problem.op = REF_RESIZE, .in[NET_SRC] = src };
    cvy_resize_params *p = &op.problem.resize;

    if (!src)
        return 0;
    p->mode = (cvy_resize_mode)net_between(net, CVY_NEAREST, CVY_BICUBIC);
    if (net_chance(net, 40))
        p->coordinates =
            (cvy_resize_coordinates)net_between(net, CVY_HALF_PIXEL, CVY_ALIGN_CORNERS);
    for (int i = 0; i + 2 < net_shape_at(net, src)->rank; i++)
        p->output_size[i] = net_between(net, 1, 7);
    return net_op_add(net, &op);
}

int net_single(struct net *net)
{
    static int (*const makers[])(struct net *) = {
        any_conv, any_conv, conv_transpose, linear, pool, unpool, norm, activation, binary, binary,
        unary, where, matmul, softmax, reduce, resize,
    };

    return makers[net_between(net, 0, COUNT_OF(makers) - 1)](net);
}
