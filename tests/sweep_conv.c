// Random convolutions, transposed and separable ones, and linear layers.
#include "sweep_parts.h"

#include <string.h>

// The spatial fields of a params struct.
struct fields {
    int64_t *kernel, *stride, *dilation, *padding, *padding_end;
    cvy_padding_rule *rule;
};

static int spatial_axes(struct sweep *s)
{
    static const int64_t axes[] = { 1, 2, 2, 2, 2, 2, 3 };

    return (int)sweep_pick(s, axes, 7);
}

// A few filter sizes and strides only: each may be a kernel of its own on the device.
static void choose_kernel(struct sweep *s, int axes, struct fields *f)
{
    static const int64_t square[] = { 1, 1, 3, 3, 3, 3, 5, 2, 7 };
    static const int64_t odd[] = { 1, 2, 3, 5 }, strides[] = { 1, 1, 1, 1, 2, 2, 3 };
    bool uneven = random_chance(&s->random, 20);
    int64_t kernel = sweep_pick(s, square, axes == 3 ? 6 : 9);
    int64_t stride = sweep_pick(s, strides, 7);

    for (int i = 0; i < axes; i++) {
        f->kernel[i] = uneven ? sweep_pick(s, odd, axes == 3 ? 3 : 4) : kernel;
        f->stride[i] = uneven ? random_between(&s->random, 0, 3) : stride;
        f->dilation[i] = random_chance(&s->random, 15) ? random_between(&s->random, 2, 3) :
                         random_between(&s->random, 0, 1);
    }
    sweep_whole(f->stride, axes);
    sweep_whole(f->dilation, axes);
}

static void choose_padding(struct sweep *s, int axes, struct fields *f, bool may_same)
{
    bool natural = random_chance(&s->random, 50);

    *f->rule = random_chance(&s->random, 35) ? CVY_PAD_BEGIN_END : CVY_PAD_SYMMETRIC;
    if (may_same && random_chance(&s->random, 15)) {
        *f->rule = CVY_PAD_SAME;
        for (int i = 0; i < axes; i++) {
            f->stride[i] = random_between(&s->random, 0, 1);
        }
        sweep_whole(f->stride, axes);
        return;
    }
    for (int i = 0; i < axes; i++) {
        int64_t half = (f->dilation[i] == 0 ? 1 : f->dilation[i]) * (f->kernel[i] - 1) / 2;

        f->padding[i] = natural ? half : random_between(&s->random, 0, f->kernel[i]);
        f->padding[i] += random_chance(&s->random, 4) ? 2 : 0;
        if (*f->rule == CVY_PAD_BEGIN_END) {
            f->padding_end[i] = random_between(&s->random, 0, f->kernel[i]);
        }
    }
}

static cvy_padding_mode choose_mode(struct sweep *s)
{
    return random_chance(&s->random, 70) ? CVY_ZEROS :
           (cvy_padding_mode)random_between(&s->random, CVY_REFLECT, CVY_CIRCULAR);
}

// Padding modes that take from the input need enough of it.
static bool padding_fits(const struct ref_conv *conv)
{
    for (int i = 0; i < REF_AXES; i++) {
        const struct ref_axis *a = &conv->axis[i];
        int64_t most = a->begin > a->end ? a->begin : a->end;

        if ((conv->mode == CVY_REFLECT && most >= a->in) ||
            (conv->mode == CVY_CIRCULAR && most > a->in)) {
            return false;
        }
    }
    return true;
}

static void choose_groups(struct sweep *s, int64_t *channels, int64_t *outputs, int64_t *groups)
{
    int64_t kind = random_between(&s->random, 1, 100);

    *channels = sweep_channels(s);
    *outputs = sweep_channels(s);
    *groups = random_between(&s->random, 0, 1);
    if (kind <= 20) {                           // depthwise, with a multiplier now and then
        *groups = *channels;
        *outputs = *channels;
        *outputs *= random_chance(&s->random, 70) ? 1 : random_between(&s->random, 2, 3);
    } else if (kind <= 38) {
        *groups = random_between(&s->random, 2, 5);
        *channels = *groups * random_between(&s->random, 1, 9);
        *outputs = *groups * random_between(&s->random, 1, 9);
        if (kind <= 28) {                       // a few, as many of either
            *channels = *outputs = *groups << random_between(&s->random, 1, 3);
        }
    }
}

// What networks have most, and algorithms of their own: 3x3 with stride 1.
static void make_ordinary(cvy_conv_params *p)
{
    p->groups = 0;
    p->padding_mode = CVY_ZEROS;
    for (int i = 0; i < p->src.rank - 2; i++) {
        p->kernel_size[i] = 3;
        p->stride[i] = p->dilation[i] = 1;
    }
}

static bool choose_residual(struct sweep *s)
{
    bool residual = random_chance(&s->random, 25);

    s->out->in_place = residual && random_chance(&s->random, 50);
    return residual;
}

bool sweep_conv(struct sweep *s)
{
    cvy_conv_params *p = &s->out->ref.conv;
    struct fields f = { p->kernel_size, p->stride, p->dilation, p->padding, p->padding_end,
                        &p->padding_rule };
    int axes = spatial_axes(s);
    int64_t channels;
    struct ref_conv conv;

    s->out->ref.op = REF_CONV;
    choose_groups(s, &channels, &p->out_channels, &p->groups);
    sweep_feature_map(s, axes, channels, &p->src);
    choose_kernel(s, axes, &f);
    choose_padding(s, axes, &f, true);
    p->padding_mode = choose_mode(s);
    if (axes == 2 && random_chance(&s->random, 25)) {
        make_ordinary(p);
    }
    p->bias = random_chance(&s->random, 60);
    sweep_activation(s, true, &p->activation);
    p->residual = choose_residual(s);
    p->weights_dtype = random_chance(&s->random, 20) ? CVY_F32 : CVY_DTYPE_DEFAULT;
    ref_conv_setup(p, &conv);
    return padding_fits(&conv) && sweep_some_taps(conv.axis, false) && sweep_dst(s, &p->dst);
}

bool sweep_conv_transpose(struct sweep *s)
{
    cvy_conv_transpose_params *p = &s->out->ref.conv_transpose;
    struct fields f = { p->kernel_size, p->stride, p->dilation, p->padding, p->padding_end,
                        &p->padding_rule };
    int axes = spatial_axes(s);
    int64_t channels;
    struct ref_conv conv;

    s->out->ref.op = REF_CONV_TRANSPOSE;
    choose_groups(s, &channels, &p->out_channels, &p->groups);
    sweep_feature_map(s, axes, channels, &p->src);
    choose_kernel(s, axes, &f);
    choose_padding(s, axes, &f, false);
    for (int i = 0; i < axes; i++) {
        int64_t most = p->stride[i] > p->dilation[i] ? p->stride[i] : p->dilation[i];

        p->output_padding[i] = random_chance(&s->random, 40) && most > 1 ?
                               random_between(&s->random, 0, most - 1) : 0;
    }
    p->bias = random_chance(&s->random, 60);
    sweep_activation(s, true, &p->activation);
    p->residual = choose_residual(s);
    ref_conv_transpose_setup(p, &conv);
    return sweep_some_taps(conv.axis, true) && sweep_dst(s, &p->dst);
}

bool sweep_separable(struct sweep *s)
{
    cvy_separable_params *p = &s->out->ref.separable;
    struct fields f = { p->kernel_size, p->stride, p->dilation, p->padding, p->padding_end,
                        &p->padding_rule };
    int axes = spatial_axes(s);
    struct ref_conv conv[2];

    s->out->ref.op = REF_SEPARABLE;
    p->kind = (cvy_separable_kind)random_between(&s->random, 0, axes > 1 ? 2 : 0);
    sweep_feature_map(s, axes, sweep_channels(s), &p->src);
    p->out_channels = sweep_channels(s);
    if (p->kind == CVY_SEPARABLE_SPATIAL) {
        p->out_channels = random_chance(&s->random, 50) ? 0 : p->src.size[1];
    } else if (p->kind == CVY_SEPARABLE_SPATIAL_DENSE) {
        p->mid_channels = random_chance(&s->random, 50) ? 0 : random_between(&s->random, 1, 20);
    } else {
        p->channel_multiplier = random_between(&s->random, 0, 2);
    }
    choose_kernel(s, axes, &f);
    choose_padding(s, axes, &f, true);
    p->padding_mode = choose_mode(s);
    p->bias = random_chance(&s->random, 50);
    p->bias2 = random_chance(&s->random, 50);
    sweep_activation(s, false, &p->activation);
    sweep_activation(s, true, &p->activation2);
    p->residual = choose_residual(s);
    ref_separable_setup(p, conv);
    return padding_fits(&conv[0]) && padding_fits(&conv[1]) &&
           sweep_some_taps(conv[0].axis, false) && sweep_some_taps(conv[1].axis, false) &&
           conv[0].axis[0].out > 0 && conv[0].axis[1].out > 0 &&
           conv[0].axis[2].out > 0 && sweep_dst(s, &p->dst);
}

bool sweep_linear(struct sweep *s)
{
    cvy_linear_params *p = &s->out->ref.linear;
    bool plain = random_chance(&s->random, 60);
    int64_t features = random_chance(&s->random, 20) ? random_between(&s->random, 80, 300) :
                       sweep_channels(s);

    s->out->ref.op = REF_LINEAR;
    p->src = (cvy_desc) { .dtype = CVY_F32, .layout = plain ? CVY_PLAIN : sweep_layout(s),
                          .rank = 2 };
    if (plain) {
        p->src.rank = (int32_t)random_between(&s->random, 1, 5);
    }
    for (int32_t a = 0; a < p->src.rank - 1; a++) {
        p->src.size[a] = random_between(&s->random, 1, p->src.rank == 2 ? 20 : 5);
    }
    if (p->src.rank > 1 && random_chance(&s->random, 2)) {
        p->src.size[0] = 0;
    }
    p->src.size[p->src.rank - 1] = features;
    if (random_chance(&s->random, 15)) {
        sweep_spread(s, &p->src);
    }
    p->out_features = sweep_channels(s);
    p->bias = random_chance(&s->random, 60);
    sweep_activation(s, true, &p->activation);
    p->residual = choose_residual(s);
    return sweep_dst(s, &p->dst);
}
