// Random pooling, unpooling, activations, concatenations, copies and softmax.
#include "sweep_parts.h"

#include <string.h>

static int spatial_axes(struct sweep *s)
{
    static const int64_t axes[] = { 1, 2, 2, 2, 3 };

    return (int)sweep_pick(s, axes, 5);
}

static void choose_indices(struct sweep *s, bool required, cvy_indices *indices, cvy_dtype *dtype)
{
    static const int64_t dtypes[] = { CVY_DTYPE_DEFAULT, CVY_I64, CVY_I32 };

    *indices = (cvy_indices)random_between(&s->random, 0, 2);
    if (required || *indices != CVY_INDICES_NONE) {
        *dtype = (cvy_dtype)sweep_pick(s, dtypes, 3);
    }
}

static void choose_window(struct sweep *s, int axes, cvy_pool_params *p)
{
    static const int64_t kernels[] = { 1, 2, 2, 3, 3, 4, 5, 7 };
    bool uneven = random_chance(&s->random, 30);
    int64_t kernel = sweep_pick(s, kernels, axes == 3 ? 5 : 8);
    int64_t stride = random_between(&s->random, 0, kernel > 4 ? 2 : 3);
    int dilated = p->kind == CVY_POOL_MAX ? 25 : 8;

    for (int i = 0; i < axes; i++) {
        p->kernel_size[i] = uneven ? sweep_pick(s, kernels, axes == 3 ? 5 : 8) : kernel;
        p->stride[i] = uneven ? random_between(&s->random, 0, 3) : stride;
        p->dilation[i] = random_chance(&s->random, dilated) ? random_between(&s->random, 2, 3) :
                         random_between(&s->random, 0, 1);
    }
    sweep_whole(p->stride, axes);
    sweep_whole(p->dilation, axes);
}

static void choose_padding(struct sweep *s, int axes, cvy_pool_params *p)
{
    p->padding_rule = random_chance(&s->random, 30) ? CVY_PAD_BEGIN_END : CVY_PAD_SYMMETRIC;
    for (int i = 0; i < axes; i++) {
        int64_t dilation = p->dilation[i] == 0 ? 1 : p->dilation[i];
        int64_t half = (dilation * (p->kernel_size[i] - 1) + 1) / 2;

        p->padding[i] = random_chance(&s->random, 50) ? random_between(&s->random, 0, half) : 0;
        if (p->padding_rule == CVY_PAD_BEGIN_END) {
            p->padding_end[i] = random_between(&s->random, 0, half);
        }
    }
}

static void choose_average(struct sweep *s, cvy_pool_params *p)
{
    p->count_include_pad = (cvy_count_pad)random_between(&s->random, 0, 2);
    p->divisor_override = random_chance(&s->random, 20) ? random_between(&s->random, 1, 9) : 0;
}

bool sweep_pool(struct sweep *s)
{
    static const int64_t kinds[] = { CVY_POOL_MAX, CVY_POOL_MAX, CVY_POOL_MAX, CVY_POOL_AVERAGE,
                                     CVY_POOL_AVERAGE, CVY_POOL_LP, CVY_POOL_ADAPTIVE_MAX,
                                     CVY_POOL_ADAPTIVE_AVERAGE };
    static const float norms[] = { 0.0f, 1.0f, 2.0f, 3.0f, 1.5f };
    cvy_pool_params *p = &s->out->ref.pool;
    int axes = spatial_axes(s);
    struct ref_axis axis[REF_AXES];
    bool adaptive;

    s->out->ref.op = REF_POOL;
    p->kind = (cvy_pool_kind)sweep_pick(s, kinds, 8);
    adaptive = p->kind >= CVY_POOL_ADAPTIVE_MAX;
    sweep_feature_map(s, axes, sweep_channels(s), &p->src);
    p->global = !adaptive && random_chance(&s->random, 12);
    if (adaptive) {
        for (int i = 0; i < axes; i++) {
            p->output_size[i] = random_between(&s->random, 1, 7);
        }
    } else if (!p->global) {
        choose_window(s, axes, p);
        choose_padding(s, axes, p);
        p->ceil_mode = random_chance(&s->random, 40);
    }
    if (p->kind == CVY_POOL_AVERAGE && !p->global) {
        choose_average(s, p);
    }
    if (p->kind == CVY_POOL_LP) {
        p->norm_type = norms[random_between(&s->random, 0, 4)];
    }
    if (p->kind == CVY_POOL_MAX || p->kind == CVY_POOL_ADAPTIVE_MAX) {
        choose_indices(s, false, &p->indices, &p->indices_dtype);
    }
    ref_pool_setup(p, axis);
    return (adaptive || sweep_some_taps(axis, false)) && sweep_dst(s, &p->dst);
}

bool sweep_max_unpool(struct sweep *s)
{
    cvy_max_unpool_params *p = &s->out->ref.max_unpool;
    int axes = spatial_axes(s);
    bool sized = random_chance(&s->random, 40);
    struct ref_shape natural;

    s->out->ref.op = REF_MAX_UNPOOL;
    sweep_feature_map(s, axes, sweep_channels(s), &p->src);
    for (int i = 0; i < axes; i++) {
        p->kernel_size[i] = random_between(&s->random, 1, 3);
        p->stride[i] = random_between(&s->random, 0, 3);
        p->padding[i] = random_chance(&s->random, 25) ? p->kernel_size[i] / 2 : 0;
    }
    sweep_whole(p->stride, axes);
    choose_indices(s, true, &p->indices, &p->indices_dtype);
    ref_max_unpool_shape(p, &natural);
    for (int i = 0; i < axes && sized; i++) {
        int64_t stride = p->stride[i] == 0 ? p->kernel_size[i] : p->stride[i];

        p->output_size[i] = natural.size[2 + i];
        p->output_size[i] += random_between(&s->random, 1 - stride, stride - 1);
        if (p->output_size[i] < 1) {
            return false;
        }
    }
    return sweep_dst(s, &p->dst);
}

bool sweep_element_dst(struct sweep *s, const cvy_desc *src, cvy_desc *dst)
{
    s->out->in_place = random_chance(&s->random, 35);
    if (!s->out->in_place) {
        return sweep_dst(s, dst);
    }
    *dst = *src;
    return true;
}

bool sweep_element(struct sweep *s)
{
    cvy_activation_params *p = &s->out->ref.activation;

    s->out->ref.op = REF_ACTIVATION;
    sweep_any_tensor(s, &p->src);
    do {
        sweep_activation(s, true, &p->activation);
    } while (p->activation.kind == CVY_NONE);
    if (p->activation.kind == CVY_PRELU) {
        p->num_parameters = random_between(&s->random, 0, 1);
        if (p->src.rank > 1 && random_chance(&s->random, 60)) {
            p->num_parameters = p->src.size[1];
        }
    }
    return sweep_element_dst(s, &p->src, &p->dst);
}

bool sweep_softmax(struct sweep *s)
{
    cvy_softmax_params *p = &s->out->ref.softmax;

    s->out->ref.op = REF_SOFTMAX;
    sweep_any_tensor(s, &p->src);
    p->axis = (int32_t)random_between(&s->random, -p->src.rank, p->src.rank - 1);
    p->log = random_chance(&s->random, 40);
    return p->src.size[ref_axis_number(p->axis, p->src.rank)] > 0 &&
           sweep_element_dst(s, &p->src, &p->dst);
}

bool sweep_copy(struct sweep *s)
{
    cvy_copy_params *p = &s->out->ref.copy;

    s->out->ref.op = REF_COPY;
    sweep_any_tensor(s, &p->src);
    if (!sweep_dst(s, &p->dst)) {
        return false;
    }
    if (p->src.rank >= 2 && random_chance(&s->random, 50)) {
        p->dst.layout = p->src.layout == CVY_NHWC ? CVY_NCHW : CVY_NHWC;
    } else if (random_chance(&s->random, 10)) {
        p->dst.layout = CVY_PLAIN;
    }
    return true;
}

bool sweep_concat(struct sweep *s)
{
    struct ref_problem *ref = &s->out->ref;
    cvy_concat_params *p = &ref->concat;
    cvy_desc first;
    int32_t axis;

    ref->op = REF_CONCAT;
    sweep_any_tensor(s, &first);
    p->axis = (int32_t)random_between(&s->random, -first.rank, first.rank - 1);
    p->src_count = (size_t)random_between(&s->random, 1, random_chance(&s->random, 20) ? 8 : 4);
    axis = ref_axis_number(p->axis, first.rank);
    for (size_t i = 0; i < p->src_count; i++) {
        ref->sources[i] = first;
        if (i > 0) {
            memset(ref->sources[i].stride, 0, sizeof first.stride);
            ref->sources[i].size[axis] = random_between(&s->random, 1, 7);
        }
        if (i > 0 && random_chance(&s->random, 15)) {
            sweep_spread(s, &ref->sources[i]);
        }
    }
    if (first.size[axis] == 0) {
        return false;
    }
    return sweep_dst(s, &p->dst);
}
