// Reference of convolution, transposed convolution and both halves of separable convolution.
#include "reference.h"

#include <math.h>
#include <stdlib.h>

// Where the spatial fields of a params struct are.
struct spatial {
    const int64_t *kernel, *stride, *dilation, *begin, *end;
    cvy_padding_rule rule;
};

// One stage: a convolution with what is added and applied to it.
struct stage {
    struct ref_conv conv;
    const double *src, *src_error, *weights, *bias, *residual, *slope;
    cvy_activation activation;
    bool integers;
    double *winograd;           // what T3 measures each output by; NULL: summed directly
};

// The inputs that one output position meets.
struct tap {
    int64_t source, weight;
};

static const struct ref_axis no_axis = { .in = 1, .out = 1, .kernel = 1, .stride = 1,
                                         .dilation = 1 };

static int64_t one_if_zero(int64_t value)
{
    return value == 0 ? 1 : value;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

static void read_axis(const struct spatial *s, int i, int64_t in, struct ref_axis *axis)
{
    axis->in = in;
    axis->kernel = s->kernel[i];
    axis->stride = one_if_zero(s->stride[i]);
    axis->dilation = one_if_zero(s->dilation[i]);
    axis->begin = s->begin[i];
    axis->end = s->rule == CVY_PAD_BEGIN_END ? s->end[i] : s->begin[i];
    if (s->rule == CVY_PAD_SAME) {
        axis->begin = axis->dilation * (axis->kernel - 1) / 2;
        axis->end = axis->dilation * (axis->kernel - 1) - axis->begin;
    }
}

static void read_axes(const struct spatial *s, const cvy_desc *src, struct ref_axis axis[REF_AXES])
{
    int first = REF_AXES - (src->rank - 2);

    for (int i = 0; i < REF_AXES; i++) {
        axis[i] = no_axis;
        if (i >= first) {
            read_axis(s, i - first, src->size[2 + i - first], &axis[i]);
        }
    }
}

static void forward_size(struct ref_axis *a)
{
    int64_t reach = a->dilation * (a->kernel - 1) + 1;

    a->out = floor_div(a->in + a->begin + a->end - reach, a->stride) + 1;
}

void ref_conv_setup(const cvy_conv_params *p, struct ref_conv *out)
{
    struct spatial s = { p->kernel_size, p->stride, p->dilation, p->padding, p->padding_end,
                         p->padding_rule };

    *out = (struct ref_conv) { .n = p->src.size[0], .channels = p->src.size[1],
                               .out_channels = p->out_channels, .groups = one_if_zero(p->groups),
                               .mode = p->padding_mode };
    read_axes(&s, &p->src, out->axis);
    for (int i = 0; i < REF_AXES; i++) {
        forward_size(&out->axis[i]);
    }
}

void ref_conv_transpose_setup(const cvy_conv_transpose_params *p, struct ref_conv *out)
{
    struct spatial s = { p->kernel_size, p->stride, p->dilation, p->padding, p->padding_end,
                         p->padding_rule };
    int first = REF_AXES - (p->src.rank - 2);

    *out = (struct ref_conv) { .n = p->src.size[0], .channels = p->src.size[1],
                               .out_channels = p->out_channels, .groups = one_if_zero(p->groups),
                               .transposed = true };
    read_axes(&s, &p->src, out->axis);
    for (int i = 0; i < REF_AXES; i++) {
        struct ref_axis *a = &out->axis[i];
        int64_t extra = i >= first ? p->output_padding[i - first] : 0;

        a->out = (a->in - 1) * a->stride - a->begin - a->end + a->dilation * (a->kernel - 1) +
                 extra + 1;
    }
}

static void only_axes(struct ref_conv *conv, int first, int last)
{
    for (int i = 0; i < REF_AXES; i++) {
        if (i < first || i > last) {
            int64_t in = conv->axis[i].in;

            conv->axis[i] = no_axis;
            conv->axis[i].in = in;
        }
        forward_size(&conv->axis[i]);
    }
}

void ref_separable_setup(const cvy_separable_params *p, struct ref_conv out[2])
{
    struct spatial s = { p->kernel_size, p->stride, p->dilation, p->padding, p->padding_end,
                         p->padding_rule };
    int first = REF_AXES - (p->src.rank - 2);
    bool depthwise = p->kind == CVY_SEPARABLE_DEPTHWISE;
    bool dense = p->kind == CVY_SEPARABLE_SPATIAL_DENSE;
    int64_t channels = p->src.size[1];
    int64_t outputs = p->out_channels == 0 ? channels : p->out_channels;
    int64_t middle = depthwise ? channels * one_if_zero(p->channel_multiplier) :
                     dense && p->mid_channels == 0 ? outputs : dense ? p->mid_channels : channels;

    out[0] = (struct ref_conv) { .n = p->src.size[0], .channels = channels, .out_channels = middle,
                                 .groups = dense ? 1 : channels, .mode = p->padding_mode };
    read_axes(&s, &p->src, out[0].axis);
    out[1] = (struct ref_conv) { .n = p->src.size[0], .channels = middle, .out_channels = outputs,
                                 .groups = depthwise || dense ? 1 : channels,
                                 .mode = p->padding_mode };
    read_axes(&s, &p->src, out[1].axis);
    only_axes(&out[0], first, depthwise ? REF_AXES - 1 : first);
    for (int i = 0; i < REF_AXES; i++) {
        out[1].axis[i].in = out[0].axis[i].out;
    }
    only_axes(&out[1], depthwise ? REF_AXES : first + 1, REF_AXES - 1);
}

void ref_conv_shape(const struct ref_conv *conv, int32_t rank, struct ref_shape *out)
{
    out->rank = rank;
    out->size[0] = conv->n;
    out->size[1] = conv->out_channels;
    for (int i = 2; i < rank; i++) {
        out->size[i] = conv->axis[REF_AXES - rank + i].out;
    }
}

static int64_t volume(const struct ref_conv *conv)
{
    return conv->axis[0].kernel * conv->axis[1].kernel * conv->axis[2].kernel;
}

static int64_t in_plane(const struct ref_conv *conv)
{
    return conv->axis[0].in * conv->axis[1].in * conv->axis[2].in;
}

static int64_t out_plane(const struct ref_conv *conv)
{
    return conv->axis[0].out * conv->axis[1].out * conv->axis[2].out;
}

int64_t ref_conv_weights(const struct ref_conv *conv)
{
    return conv->channels * conv->out_channels / conv->groups * volume(conv);
}

// The input coordinate under tap t of output o, or -1 for none.
static int64_t padded_source(const struct ref_axis *a, cvy_padding_mode mode, int64_t position)
{
    if (position >= 0 && position < a->in) {
        return position;
    }
    switch (mode) {
    case CVY_REFLECT: return position < 0 ? -position : 2 * (a->in - 1) - position;
    case CVY_REPLICATE: return position < 0 ? 0 : a->in - 1;
    case CVY_CIRCULAR: return position < 0 ? position + a->in : position - a->in;
    default: return -1;
    }
}

static int64_t source(const struct ref_conv *conv, int axis, int64_t o, int64_t t)
{
    const struct ref_axis *a = &conv->axis[axis];
    int64_t scaled = o + a->begin - t * a->dilation;

    if (!conv->transposed) {
        return padded_source(a, conv->mode, o * a->stride - a->begin + t * a->dilation);
    }
    if (scaled < 0 || scaled % a->stride != 0 || scaled / a->stride >= a->in) {
        return -1;
    }
    return scaled / a->stride;
}

static int64_t find_taps(const struct ref_conv *conv, const int64_t o[REF_AXES], struct tap *taps)
{
    const struct ref_axis *a = conv->axis;
    int64_t count = 0;

    for (int64_t t = 0; t < volume(conv); t++) {
        int64_t x = source(conv, 0, o[0], t / a[2].kernel / a[1].kernel);
        int64_t y = source(conv, 1, o[1], t / a[2].kernel % a[1].kernel);
        int64_t z = source(conv, 2, o[2], t % a[2].kernel);

        if (x >= 0 && y >= 0 && z >= 0) {
            taps[count++] = (struct tap) { (x * a[1].in + y) * a[2].in + z, t };
        }
    }
    return count;
}

// The first weight of output channel k and the c-th input channel of its group.
static int64_t weight_base(const struct ref_conv *conv, int64_t k, int64_t c)
{
    int64_t per_group = conv->channels / conv->groups;
    int64_t out_per_group = conv->out_channels / conv->groups;
    int64_t group = k / out_per_group;

    if (conv->transposed) {
        return ((group * per_group + c) * out_per_group + k % out_per_group) * volume(conv);
    }
    return (k * per_group + c) * volume(conv);
}

static struct ref_sum add_up(const struct stage *s, int64_t n, int64_t k, const struct tap *taps,
                             int64_t tap_count)
{
    const struct ref_conv *conv = &s->conv;
    int64_t per_group = conv->channels / conv->groups;
    int64_t first = k / (conv->out_channels / conv->groups) * per_group;
    struct ref_sum sum = { .taps = tap_count * per_group };

    for (int64_t c = 0; c < per_group; c++) {
        const double *weights = s->weights + weight_base(conv, k, c);
        int64_t plane = (n * conv->channels + first + c) * in_plane(conv);

        for (int64_t t = 0; t < tap_count; t++) {
            double w = weights[taps[t].weight], product = s->src[plane + taps[t].source] * w;

            sum.pre += product;
            sum.sum += fabs(product);
            if (s->src_error != NULL) {
                double error = s->src_error[plane + taps[t].source];

                sum.carried += fabs(w) * error;
                sum.winograd = isinf(error) ? INFINITY : sum.winograd;
            }
        }
    }
    return sum;
}

static void add_term(struct ref_sum *sum, const double *term, int64_t i)
{
    if (term != NULL) {
        sum->pre += term[i];
        sum->sum += fabs(term[i]);
        sum->winograd += isfinite(term[i]) ? fabs(term[i]) : 0.0;
    }
}

static void run_position(const struct stage *s, int64_t position, struct tap *taps,
                         struct ref_outputs *out)
{
    const struct ref_conv *conv = &s->conv;
    const struct ref_axis *a = conv->axis;
    int64_t o[REF_AXES] = { position / a[2].out / a[1].out, position / a[2].out % a[1].out,
                            position % a[2].out };
    int64_t tap_count = find_taps(conv, o, taps);

    for (int64_t n = 0; n < conv->n; n++) {
        for (int64_t k = 0; k < conv->out_channels; k++) {
            int64_t i = (n * conv->out_channels + k) * out_plane(conv) + position;
            struct ref_sum sum = add_up(s, n, k, taps, tap_count);

            if (s->winograd != NULL) {
                sum.winograd += s->winograd[i];
                sum.channels = conv->channels;
            }
            add_term(&sum, s->bias, k);
            add_term(&sum, s->residual, i);
            ref_store_sum(out, i, &sum, &s->activation, s->slope != NULL ? s->slope[k] : 0.0,
                          s->integers);
        }
    }
}

// winograd: as in ref_inputs.
static void run_stage(struct stage *s, int winograd, struct ref_outputs *out)
{
    struct tap *taps = ref_alloc((size_t)volume(&s->conv) * sizeof *taps);

    ref_outputs_reserve(out, s->conv.n * s->conv.out_channels * out_plane(&s->conv));
    if (winograd != 0 && ref_winograd_may(&s->conv)) {
        s->winograd = ref_alloc((size_t)out->count * sizeof *s->winograd);
        ref_winograd_sums(&s->conv, winograd, s->src, s->weights, s->winograd);
    }
    for (int64_t position = 0; position < out_plane(&s->conv); position++) {
        run_position(s, position, taps, out);
    }
    free(s->winograd);
    s->winograd = NULL;
    free(taps);
}

void ref_run_conv(const struct ref_problem *problem, const struct ref_inputs *in,
                  struct ref_outputs *out)
{
    struct stage s = { .src = in->src, .weights = in->weights, .bias = in->bias,
                       .residual = in->residual, .slope = in->slope, .integers = in->integers };

    if (problem->op == REF_CONV) {
        ref_conv_setup(&problem->conv, &s.conv);
        s.activation = problem->conv.activation;
    } else {
        ref_conv_transpose_setup(&problem->conv_transpose, &s.conv);
        s.activation = problem->conv_transpose.activation;
    }
    run_stage(&s, in->winograd, out);
}

// What the device holds between the stages: rounded where that is known, else within the tolerance.
// Says whether all of it is integers, known for certain.
static bool round_middle(struct ref_outputs *middle)
{
    bool integers = true;

    for (int64_t i = 0; i < middle->count; i++) {
        if (middle->tolerance[i] == 0.0) {
            middle->value[i] = (float)middle->value[i];
        }
        integers = integers && middle->tolerance[i] == 0.0 &&
                   middle->value[i] == rint(middle->value[i]);
    }
    return integers;
}

// The first stage's tolerance is the error of the second's input.
void ref_run_separable(const cvy_separable_params *params, const struct ref_inputs *in,
                       struct ref_outputs *out)
{
    struct ref_conv conv[2];
    struct ref_outputs middle = { 0 };
    struct stage first = { .src = in->src, .weights = in->weights, .bias = in->bias,
                           .activation = params->activation, .integers = in->integers };
    struct stage second = { .weights = in->weights2, .bias = in->bias2, .residual = in->residual,
                            .slope = in->slope, .activation = params->activation2 };

    ref_separable_setup(params, conv);
    first.conv = conv[0];
    second.conv = conv[1];
    run_stage(&first, in->winograd, &middle);
    second.integers = round_middle(&middle) && in->integers;
    second.src = middle.value;
    second.src_error = middle.tolerance;
    run_stage(&second, in->winograd, out);
    ref_outputs_free(&middle);
}
