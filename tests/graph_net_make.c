// Random networks: operators that move elements, the blocks that models are made of, and the
// choice of outputs.
#include "graph_net_parts.h"

#include <string.h>

// Moves -------------------------------------------------------------------------------------------

static int pad_of(struct net *net, int src, bool spatial)
{
    struct net_op op = { .problem.op = REF_PAD, .in[NET_SRC] = src };
    cvy_pad_params *p = &op.problem.pad;

    p->mode = net_chance(net, 65) ? CVY_ZEROS
                                  : (cvy_padding_mode)net_between(net, CVY_REFLECT, CVY_CIRCULAR);
    p->value = p->mode == CVY_ZEROS && net_chance(net, 30) ? 1.5f : 0.0f;
    for (int i = spatial ? 2 : 0; i < net_shape_at(net, src)->rank; i++) {
        int64_t size = net_shape_at(net, src)->size[i], most = p->mode ? size - 1 : 2;
        int64_t least = p->mode == CVY_ZEROS && !spatial && size > 3 ? -1 : 0;

        most = most > 2 ? 2 : most;
        p->before[i] = net_chance(net, 50) ? net_between(net, least, most) : 0;
        p->after[i] = net_chance(net, 50) ? net_between(net, least, most) : 0;
    }
    return net_op_add(net, &op);
}

static int pad(struct net *net)
{
    int src = net_pick(net, net_has_axes);

    return src ? pad_of(net, src, net_is_map(net, src) && net_chance(net, 50)) : 0;
}

static int slice_of(struct net *net, int src, int axis, int64_t start, int64_t size)
{
    struct net_op op = { .problem.op = REF_SLICE, .in[NET_SRC] = src };

    op.problem.slice.start[axis] = start;
    op.problem.slice.size[axis] = size;
    return src ? net_op_add(net, &op) : 0;
}

static int slice(struct net *net)
{
    int src = net_pick(net, net_has_axes);
    struct net_op op = { .problem.op = REF_SLICE, .in[NET_SRC] = src };
    cvy_slice_params *p = &op.problem.slice;

    for (int i = 0; src && i < net_shape_at(net, src)->rank; i++) {
        int64_t size = net_shape_at(net, src)->size[i];

        if (net_chance(net, 55))
            continue;
        p->start[i] = net_between(net, -size, size - 1);
        p->step[i] = net_chance(net, 60) ? 1 : net_between(net, 1, 2);
        if (net_chance(net, 15))
            p->step[i] = -1;
        if (net_chance(net, 50))
            p->size[i] = 1;
    }
    return src ? net_op_add(net, &op) : 0;
}

static int transpose_of(struct net *net, int src, const int32_t *order)
{
    struct net_op op = { .problem.op = REF_TRANSPOSE, .in[NET_SRC] = src };

    memcpy(op.problem.transpose.order, order,
           (size_t)net_shape_at(net, src)->rank * sizeof *order);
    return src ? net_op_add(net, &op) : 0;
}

static void to_nhwc(int rank, int32_t *order)
{
    for (int i = 1; i + 1 < rank; i++)
        order[i] = i + 1;
    order[0] = 0;
    order[rank - 1] = 1;
}

static void to_nchw(int rank, int32_t *order)
{
    for (int i = 2; i < rank; i++)
        order[i] = i - 1;
    order[0] = 0;
    order[1] = rank - 1;
}

static int transpose(struct net *net)
{
    int src = net_pick(net, net_has_axes), rank = net_shape_at(net, src)->rank;
    int32_t order[CVY_MAX_RANK];

    if (!src)
        return 0;
    for (int i = 0; i < rank; i++)
        order[i] = i;
    if (rank >= 3 && net_chance(net, 60)) {
        if (net_chance(net, 50))
            to_nhwc(rank, order);
        else
            to_nchw(rank, order);
        return transpose_of(net, src, order);
    }
    for (int i = rank - 1; i > 0; i--) {
        int with = (int)net_between(net, 0, i);
        int32_t keep = order[i];

        order[i] = order[with];
        order[with] = keep;
    }
    return transpose_of(net, src, order);
}

static int reshape_to(struct net *net, int src, const struct ref_shape *shape)
{
    struct net_op op = { .kind = NET_RESHAPE, .in[NET_SRC] = src };

    op.reshape.rank = shape->rank;
    memcpy(op.reshape.size, shape->size, sizeof shape->size);
    return src ? net_op_add(net, &op) : 0;
}

// Two axes become one, one becomes two, or all but the first become one.
static int reshape(struct net *net)
{
    int src = net_pick(net, net_has_axes), axis;
    struct ref_shape shape = *net_shape_at(net, src);

    if (!src)
        return 0;
    axis = (int)net_between(net, 0, shape.rank - 1);
    if (shape.rank < CVY_MAX_RANK && (shape.rank == 1 || net_chance(net, 45))) {
        int64_t part = shape.size[axis] % 2 == 0 && net_chance(net, 70) ? 2 : 1;

        memmove(shape.size + axis + 1, shape.size + axis,
                (size_t)(CVY_MAX_RANK - axis - 1) * sizeof shape.size[0]);
        shape.size[axis + 1] /= part;
        shape.size[axis] = part;
        shape.rank++;
    } else if (net_chance(net, 30)) {
        shape.size[1] = ref_count(&shape) / shape.size[0];
        shape.rank = 2;
    } else {
        axis = axis + 1 == shape.rank ? axis - 1 : axis;
        shape.size[axis] *= shape.size[axis + 1];
        for (int i = axis + 1; i + 1 < shape.rank; i++)
            shape.size[i] = shape.size[i + 1];
        shape.rank--;
    }
    return reshape_to(net, src, &shape);
}

static int expand(struct net *net)
{
    int src = net_pick(net, net_is_small);
    struct net_op op = { .kind = NET_EXPAND, .in[NET_SRC] = src };
    struct ref_shape shape = *net_shape_at(net, src);
    bool any = false;

    if (!src)
        return 0;
    for (int i = 0; i < shape.rank; i++)
        if (shape.size[i] == 1 && net_chance(net, 60)) {
            shape.size[i] = net_between(net, 2, 4);
            any = true;
        }
    if (!any && shape.rank < CVY_MAX_RANK) {
        memmove(shape.size + 1, shape.size, (size_t)shape.rank * sizeof shape.size[0]);
        shape.size[0] = 2;
        shape.rank++;
    }
    op.reshape.rank = shape.rank;
    memcpy(op.reshape.size, shape.size, sizeof shape.size);
    return net_op_add(net, &op);
}

static int concat_of(struct net *net, int axis, const int *srcs, int count)
{
    struct net_op op = { .problem.op = REF_CONCAT, .src_count = count };

    op.problem.concat.axis = axis;
    for (int i = 0; i < count; i++) {
        op.srcs[i] = srcs[i];
        if (!srcs[i])
            return 0;
    }
    return net_op_add(net, &op);
}

static int concat(struct net *net)
{
    int first = net_pick(net, net_is_small), srcs[4], count = (int)net_between(net, 1, 4);

    if (!first)
        return 0;
    for (int i = 0; i < count; i++) {
        int other = net_same_shape(net, first);

        srcs[i] = other && net_chance(net, 60) ? other : first;
    }
    return concat_of(net, (int)net_between(net, -1, net_shape_at(net, first)->rank - 1), srcs,
                     count);
}

static int block(struct net *net)
{
    int src = net_pick(net, net_is_map);
    const struct ref_shape *in = net_shape_at(net, src);
    struct net_op op = { .problem.op = REF_DEPTH_TO_SPACE, .in[NET_SRC] = src };

    if (!src || in->rank != 4)
        return 0;
    op.problem.block.block = 2;
    op.problem.block.depth_last = net_chance(net, 50);
    if (in->size[1] % 4 == 0)
        return net_op_add(net, &op);
    op.problem.op = REF_SPACE_TO_DEPTH;
    return in->size[2] % 2 == 0 && in->size[3] % 2 == 0 ? net_op_add(net, &op) : 0;
}

static int gather(struct net *net)
{
    int src = net_pick(net, net_has_axes), rank = net_shape_at(net, src)->rank, axis;
    struct net_op op = { .problem.op = REF_GATHER, .in[NET_SRC] = src };
    struct ref_shape list = { .rank = (int32_t)net_between(net, 0, rank < CVY_MAX_RANK ? 2 : 1) };

    if (!src)
        return 0;
    axis = (int)net_between(net, 0, rank - 1);
    for (int i = 0; i < list.rank; i++)
        list.size[i] = net_between(net, 1, 3);
    op.problem.gather.axis = net_chance(net, 30) ? axis - rank : axis;
    op.in[NET_INDICES] = net_leaf(net, NET_CONSTANT, &list, 1.0, 1);
    if (!op.in[NET_INDICES])
        return 0;
    net->values[op.in[NET_INDICES]].dtype = net_chance(net, 50) ? CVY_I64 : CVY_I32;
    for (int64_t i = 0; i < ref_count(&list); i++) {
        int64_t size = net_shape_at(net, src)->size[axis];

        net->values[op.in[NET_INDICES]].data[i] = (double)net_between(net, -size, size - 1);
    }
    return net_op_add(net, &op);
}

static int cast_to(struct net *net, int src, cvy_dtype dtype)
{
    struct net_op op = { .problem.op = REF_CAST, .in[NET_SRC] = src };

    op.problem.cast.dtype = dtype;
    return src ? net_op_add(net, &op) : 0;
}

// To another dtype, joined and cut there, and back.
static int cast(struct net *net)
{
    static const cvy_dtype dtypes[] = { CVY_F16, CVY_BF16, CVY_I32, CVY_I64, CVY_I8, CVY_BOOL };
    int src = net_pick(net, net_is_exact), other;
    struct ref_shape flat = { .rank = 1 };

    if (!src)
        return 0;
    other = cast_to(net, src, dtypes[net_between(net, 0, COUNT_OF(dtypes) - 1)]);
    if (other && net_chance(net, 40))
        other = concat_of(net, 0, (int[]) { other, other }, 2);
    if (other && net_chance(net, 40))
        other = slice_of(net, other, net_shape_at(net, other)->rank - 1, 0, 1);
    if (other && net_chance(net, 40)) {
        flat.size[0] = ref_count(net_shape_at(net, other));
        other = reshape_to(net, other, &flat);
    }
    return net_chance(net, 80) ? cast_to(net, other, CVY_F32) : other;
}

// Blocks of models --------------------------------------------------------------------------------

static int normed_conv(struct net *net, int src, const struct net_conv_wish *wish, bool active)
{
    int value = src ? net_conv(net, src, wish) : 0;

    if (value && net_chance(net, 60))
        value = net_batch_norm_of(net, value);
    return value && active ? net_activation_of(net, value) : value;
}

// conv + norm + activation, twice, with the source added before the last activation or behind it.
static int residual(struct net *net)
{
    int src = net_pick(net, net_is_map), value;
    int64_t channels = net_shape_at(net, src)->size[1];
    struct net_conv_wish wish = { .out = channels, .groups = 1, .same = true, .plain = true };
    bool last = net_chance(net, 50);

    if (!src)
        return 0;
    value = normed_conv(net, src, &wish, true);
    value = normed_conv(net, value, &wish, last);
    if (!value)
        return 0;
    value = net_chance(net, 50) ? net_binary_of(net, CVY_ADD, value, src)
                                : net_binary_of(net, CVY_ADD, src, value);
    return value && !last ? net_activation_of(net, value) : value;
}

static int separable(struct net *net)
{
    int src = net_pick(net, net_is_map), value;
    int64_t channels = net_shape_at(net, src)->size[1];

    if (!src)
        return 0;
    value = normed_conv(net, src, &(struct net_conv_wish) { .groups = channels, .plain = true },
                        net_chance(net, 60));
    return normed_conv(net, value, &(struct net_conv_wish) {
                       .groups = 1, .kernel = 1, .same = true, .plain = true },
                       net_chance(net, 60));
}

// Each layer sees all before it.
static int dense(struct net *net)
{
    int src = net_pick(net, net_is_map), parts[NET_SOURCES], count = 1, joined;

    if (!src)
        return 0;
    parts[0] = joined = src;
    for (int layers = (int)net_between(net, 2, 4); count <= layers; count++) {
        parts[count] = normed_conv(net, joined, &(struct net_conv_wish) {
                                   .out = net_between(net, 1, 4), .groups = 1, .same = true },
                                   net_chance(net, 50));
        joined = net_chance(net, 50) ? concat_of(net, 1, parts, count + 1)
                                     : concat_of(net, 1, (int[]) { joined, parts[count] }, 2);
        if (!joined)
            return 0;
    }
    return joined;
}

// Channels are split, one half worked on, and both shuffled.
static int shuffle(struct net *net)
{
    int src = net_pick(net, net_is_map), halves[2];
    const struct ref_shape in = *net_shape_at(net, src);
    struct ref_shape apart = { in.rank + 1, { in.size[0], 2, in.size[1] / 2, in.size[2] } };
    int32_t order[CVY_MAX_RANK] = { 0, 2, 1, 3, 4, 5 };
    int value;

    if (!src || in.size[1] % 2 || in.rank > 5)
        return 0;
    halves[0] = slice_of(net, src, 1, 0, in.size[1] / 2);
    halves[1] = slice_of(net, src, 1, in.size[1] / 2, in.size[1] / 2);
    if (halves[1] && net_chance(net, 70))
        halves[1] = normed_conv(net, halves[1], &(struct net_conv_wish) {
                                .out = in.size[1] / 2, .groups = 1, .same = true }, true);
    value = concat_of(net, 1, halves, 2);
    for (int i = 3; i < in.rank; i++)
        apart.size[i + 1] = in.size[i];
    value = reshape_to(net, value, &apart);
    value = value ? transpose_of(net, value, order) : 0;
    return reshape_to(net, value, &in);
}

// To channels last and back, with something between.
static int turned(struct net *net)
{
    int src = net_pick(net, net_is_map), value;
    int32_t order[CVY_MAX_RANK];
    int rank = net_shape_at(net, src)->rank;

    if (!src)
        return 0;
    to_nhwc(rank, order);
    value = transpose_of(net, src, order);
    if (value && net_chance(net, 70))
        value = net_chance(net, 50) ? net_linear_of(net, value) : net_activation_of(net, value);
    to_nchw(rank, order);
    return value ? transpose_of(net, value, order) : 0;
}

// x times something between 0 and 1 that is made of x: its sigmoid, or one of its channels'.
static int gate(struct net *net)
{
    int src = net_pick(net, net_is_map), value = src;
    struct net_op op = { .problem.op = REF_POOL, .in[NET_SRC] = src };
    struct net_op act = { .problem.op = REF_ACTIVATION };

    if (!src)
        return 0;
    act.problem.activation.activation.kind = net_chance(net, 50) ? CVY_SIGMOID : CVY_HARD_SIGMOID;
    op.problem.pool.kind = CVY_POOL_AVERAGE;
    op.problem.pool.global = true;
    if (net_chance(net, 50)) {
        value = net_op_add(net, &op);
        value = value ? net_conv(net, value, &(struct net_conv_wish) {
                                 .out = net_shape_at(net, src)->size[1], .groups = 1, .kernel = 1,
                                 .same = true, .plain = true }) : 0;
    }
    act.in[NET_SRC] = value;
    value = value ? net_op_add(net, &act) : 0;
    return net_chance(net, 50) ? net_binary_of(net, CVY_MUL, src, value)
                               : net_binary_of(net, CVY_MUL, value, src);
}

static int padded_conv(struct net *net)
{
    int src = net_pick(net, net_is_map), value;

    value = src ? pad_of(net, src, true) : 0;
    return value ? net_conv(net, value, &(struct net_conv_wish) { .out = 0 }) : 0;
}

static int classifier(struct net *net)
{
    int src = net_pick(net, net_is_map);
    const struct ref_shape *in = net_shape_at(net, src);
    struct ref_shape flat = { 2, { in->size[0], 0 } };

    if (!src)
        return 0;
    flat.size[1] = ref_count(in) / in->size[0];
    src = reshape_to(net, src, &flat);
    src = src ? net_linear_of(net, src) : 0;
    return src && net_chance(net, 60) ? net_activation_of(net, src) : src;
}

// All of it ---------------------------------------------------------------------------------------

static void choose_outputs(struct net *net)
{
    int count = (int)net_between(net, 1, 4);

    net->outputs[net->output_count++] = net->op_count ? net->ops[net->op_count - 1].outs[0] : 1;
    for (int tries = 0; net->output_count < count && tries < 20; tries++) {
        int value = (int)net_between(net, 1, net->value_count);

        if (net->values[value].from == NET_CONSTANT && net_chance(net, 90))
            continue;
        net->outputs[net->output_count++] = net_chance(net, 8) ? net->outputs[0] : value;
    }
}

void net_make(struct net *net, uint64_t seed)
{
    static int (*const moves[])(struct net *) = {
        pad, slice, slice, transpose, transpose, reshape, expand, concat, concat, block, gather,
        cast,
    };
    static int (*const blocks[])(struct net *) = {
        residual, separable, dense, shuffle, turned, gate, padded_conv, classifier,
    };
    int wanted;

    memset(net, 0, sizeof *net);
    net->seed = seed;
    net->random.state = seed;
    for (int inputs = (int)net_between(net, 1, 3); inputs > 0; inputs--)
        net_network_input(net);
    wanted = (int)net_between(net, 5, 25);
    for (int tries = 0; net->op_count < wanted && tries < 200; tries++) {
        int64_t which = net_between(net, 0, 99);

        if (which < 45)
            net_single(net);
        else if (which < 75)
            moves[net_between(net, 0, COUNT_OF(moves) - 1)](net);
        else
            blocks[net_between(net, 0, COUNT_OF(blocks) - 1)](net);
    }
    choose_outputs(net);
}
