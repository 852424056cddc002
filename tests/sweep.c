// The sweep's front: which operator, how large, and the choices that all generators share.
#include "sweep_parts.h"

#include <stdio.h>
#include <string.h>

enum { MOST_OUTPUTS = 4000, MOST_TAPS = 30000, MOST_TAPS_RARELY = 120000 };

int64_t sweep_pick(struct sweep *s, const int64_t *list, int count)
{
    return list[random_between(&s->random, 0, count - 1)];
}

// Few, tails around vector widths, and now and then enough for wide kernels.
int64_t sweep_channels(struct sweep *s)
{
    static const int64_t round[] = { 8, 16, 24, 32, 64 };
    int64_t kind = random_between(&s->random, 1, 100);

    if (kind <= 45) {
        return random_between(&s->random, 1, 6);
    }
    if (kind <= 75) {
        return random_between(&s->random, 1, 33);
    }
    return kind <= 88 ? random_between(&s->random, 32, 80) : sweep_pick(s, round, 5);
}

int64_t sweep_batch(struct sweep *s)
{
    static const int64_t sizes[] = { 1, 1, 1, 1, 2, 2, 3, 4 };

    return random_between(&s->random, 1, 50) == 1 ? 0 : sweep_pick(s, sizes, 8);
}

cvy_layout sweep_layout(struct sweep *s)
{
    int64_t kind = random_between(&s->random, 1, 100);

    return kind <= 44 ? CVY_NCHW : kind <= 94 ? CVY_NHWC : CVY_LAYOUT_DEFAULT;
}

void sweep_whole(int64_t *list, int axes)
{
    for (int i = 1; i < axes; i++) {
        list[i] = list[0] > 0 && list[i] == 0 ? 1 : list[i];
    }
}

void sweep_activation(struct sweep *s, bool slopes, cvy_activation *out)
{
    static const cvy_activation set[CVY_ACTIVATION_COUNT] = {
        [CVY_CLIP] = { CVY_CLIP, -4.0f, 12.0f }, [CVY_LEAKY_RELU] = { CVY_LEAKY_RELU, 0.25f, 0 },
        [CVY_ELU] = { CVY_ELU, 0.5f, 0 }, [CVY_HARD_SIGMOID] = { CVY_HARD_SIGMOID, 0.25f, 0.375f },
        [CVY_SOFTPLUS] = { CVY_SOFTPLUS, 2.0f, 5.0f }
    };
    int64_t roll = random_between(&s->random, 1, 100);
    cvy_activation_kind kind = CVY_NONE;

    if (roll > 60) {
        kind = (cvy_activation_kind)random_between(&s->random, 1, CVY_ACTIVATION_COUNT - 1);
    } else if (roll > 40) {
        kind = CVY_RELU;
    }
    if (kind == CVY_PRELU && !slopes) {
        kind = CVY_LEAKY_RELU;
    }
    *out = (cvy_activation) { .kind = kind };
    if (set[kind].kind == kind && (kind == CVY_CLIP || random_chance(&s->random, 50))) {
        *out = set[kind];
    }
    if (kind == CVY_CLIP && s->out->data == JUDGE_REAL) {
        *out = (cvy_activation) { CVY_CLIP, -0.5f, 0.75f };
    }
}

// The axes from the innermost outwards; with `scramble`, in any order.
static void order_axes(struct sweep *s, const cvy_desc *desc, bool scramble,
                       int32_t order[CVY_MAX_RANK])
{
    int32_t count = 0;
    bool nhwc = desc->layout == CVY_NHWC && desc->rank > 1;

    if (nhwc) {
        order[count++] = 1;
    }
    for (int32_t a = desc->rank - 1; a >= 0; a--) {
        if (!nhwc || a != 1) {
            order[count++] = a;
        }
    }
    for (int32_t i = count - 1; scramble && i > 0; i--) {
        int32_t j = (int32_t)random_between(&s->random, 0, i), kept = order[i];

        order[i] = order[j];
        order[j] = kept;
    }
}

void sweep_spread(struct sweep *s, cvy_desc *desc)
{
    int32_t order[CVY_MAX_RANK];
    int64_t pitch = random_chance(&s->random, 80) ? 1 : 2;

    order_axes(s, desc, random_chance(&s->random, 12), order);
    for (int32_t i = 0; i < desc->rank; i++) {
        int64_t size = desc->size[order[i]];

        desc->stride[order[i]] = pitch;
        pitch *= size == 0 ? 1 : size;
        pitch += random_chance(&s->random, 50) ? random_between(&s->random, 1, 5) : 0;
        if (size == 1 && random_chance(&s->random, 20)) {
            desc->stride[order[i]] = 977;       // free: an axis of size 1 never moves
        }
    }
}

void sweep_feature_map(struct sweep *s, int axes, int64_t channels, cvy_desc *out)
{
    *out = (cvy_desc) { .dtype = random_chance(&s->random, 90) ? CVY_F32 : CVY_DTYPE_DEFAULT,
                        .layout = sweep_layout(s), .rank = axes + 2 };
    out->size[0] = sweep_batch(s);
    out->size[1] = channels;
    for (int i = 0; i < axes; i++) {
        int64_t most = axes == 1 ? 70 : axes == 2 ? 14 : 7;

        if (axes == 2 && i == 1 && random_chance(&s->random, 15)) {
            most = 45;
        }
        out->size[2 + i] = random_chance(&s->random, 8) ? 1 : random_between(&s->random, 1, most);
    }
    if (random_chance(&s->random, 15)) {
        sweep_spread(s, out);
    }
}

void sweep_any_tensor(struct sweep *s, cvy_desc *out)
{
    bool plain = random_chance(&s->random, 30);
    int64_t left = 1500;

    *out = (cvy_desc) { .dtype = CVY_F32, .layout = plain ? CVY_PLAIN : sweep_layout(s) };
    out->rank = (int32_t)random_between(&s->random, plain ? 1 : 2, plain ? 6 : 5);
    for (int32_t a = 0; a < out->rank; a++) {
        int64_t most = left < 40 ? left : 40;

        out->size[a] = random_between(&s->random, 1, a == 0 && most > 4 ? 4 : most);
        left = left / out->size[a] > 1 ? left / out->size[a] : 1;
    }
    if (out->rank > 1 && random_between(&s->random, 1, 50) == 1) {
        out->size[0] = 0;
    }
    if (random_chance(&s->random, 20)) {
        sweep_spread(s, out);
    }
}

static bool meets_input(const struct ref_axis *a, bool transposed, int64_t o, int64_t t)
{
    int64_t scaled = o + a->begin - t * a->dilation;
    int64_t forward = o * a->stride - a->begin + t * a->dilation;

    if (transposed) {
        return scaled >= 0 && scaled % a->stride == 0 && scaled / a->stride < a->in;
    }
    return forward >= 0 && forward < a->in;
}

bool sweep_some_taps(const struct ref_axis axis[REF_AXES], bool transposed)
{
    bool all = true;

    for (int i = 0; i < REF_AXES; i++) {
        const struct ref_axis *a = &axis[i];
        bool any = false;

        for (int64_t j = 0; j < a->out * a->kernel; j++) {
            any = any || meets_input(a, transposed, j / a->kernel, j % a->kernel);
        }
        all = all && any;
    }
    return all;
}

static cvy_layout other_layout(struct sweep *s, cvy_layout layout)
{
    if (layout == CVY_PLAIN || ref_src(&s->out->ref)->rank < 2) {
        return CVY_PLAIN;
    }
    return layout == CVY_NHWC ? CVY_NCHW : CVY_NHWC;
}

bool sweep_dst(struct sweep *s, cvy_desc *dst)
{
    struct ref_needs needs;
    int64_t kind = random_between(&s->random, 1, 100);
    const cvy_desc *src = ref_src(&s->out->ref);

    *dst = (cvy_desc) { 0 };
    if (!ref_infer(&s->out->ref, &needs)) {
        return false;
    }
    dst->layout = kind <= 55 ? CVY_LAYOUT_DEFAULT : src->layout;
    if (kind > 55 && random_chance(&s->random, 45)) {
        dst->layout = other_layout(s, src->layout);
    }
    if (kind > 70) {
        dst->layout = dst->layout == CVY_LAYOUT_DEFAULT ? CVY_NCHW : dst->layout;
        dst->dtype = random_chance(&s->random, 50) ? ref_dst_dtype(&s->out->ref)
                                                   : CVY_DTYPE_DEFAULT;
        dst->rank = needs.dst.rank;
        memcpy(dst->size, needs.dst.size, sizeof dst->size);
    }
    if (kind > 84) {
        sweep_spread(s, dst);
    }
    return true;
}

// Multiply-adds, from above.
static int64_t cost(const struct ref_needs *needs)
{
    int64_t outputs = ref_count(&needs->dst);
    int64_t channels = needs->dst.rank > 1 ? needs->dst.size[1] : 1;

    return outputs * (needs->weights + needs->weights2) / (channels > 0 ? channels : 1);
}

static bool small_enough(struct sweep *s)
{
    const struct ref_problem *p = &s->out->ref;
    int64_t most = random_between(&s->random, 1, 25) == 1 ? MOST_TAPS_RARELY : MOST_TAPS;
    struct ref_needs needs;

    if (!ref_infer(p, &needs) || ref_count(&needs.dst) > MOST_OUTPUTS) {
        return false;
    }
    if (p->op == REF_LINEAR) {
        return ref_count(&needs.dst) * p->linear.src.size[p->linear.src.rank - 1] <= most;
    }
    if (p->op == REF_MATMUL) {
        return ref_count(&needs.dst) * ref_matmul_depth(&p->matmul) <= most;
    }
    return cost(&needs) <= most;
}

static bool draw(struct sweep *s)
{
    static const struct {
        bool (*make)(struct sweep *s);
        int weight;
    } makers[] = {
        { sweep_conv, 36 }, { sweep_conv_transpose, 12 }, { sweep_pool, 15 },
        { sweep_max_unpool, 4 }, { sweep_separable, 10 }, { sweep_linear, 7 },
        { sweep_element, 5 }, { sweep_concat, 4 }, { sweep_copy, 4 }, { sweep_softmax, 5 },
        { sweep_pad, 5 }, { sweep_slice, 4 }, { sweep_transpose, 4 }, { sweep_blocks, 4 },
        { sweep_gather, 4 }, { sweep_batch_norm, 4 }, { sweep_instance_norm, 4 },
        { sweep_lrn, 3 }, { sweep_reduce, 8 }, { sweep_resize, 8 }, { sweep_matmul, 8 },
        { sweep_unary, 4 }, { sweep_binary, 8 }, { sweep_where, 4 }, { sweep_cast, 8 },
    };
    int64_t total = 0, roll;
    size_t i = 0;

    for (size_t k = 0; k < sizeof makers / sizeof makers[0]; k++) {
        total += makers[k].weight;
    }
    roll = random_between(&s->random, 1, total);
    while (roll > makers[i].weight) {
        roll -= makers[i++].weight;
    }
    do {
        memset(&s->out->ref, 0, sizeof s->out->ref);
        s->out->in_place = s->out->in_place2 = false;
    } while (!makers[i].make(s) || !small_enough(s));
    return true;
}

void sweep_problem(uint64_t seed, struct judge_problem *out)
{
    struct sweep s = { { seed * 0x2545f4914f6cdd1du + 1 }, out };

    memset(out, 0, sizeof *out);
    out->data = random_chance(&s.random, 50) ? JUDGE_INTEGER : JUDGE_REAL;
    out->prepared = random_chance(&s.random, 50);
    out->own_workspace = random_chance(&s.random, 50);
    out->seed = random_bits(&s.random);
    snprintf(out->label, sizeof out->label, "sweep %llu", (unsigned long long)seed);
    draw(&s);
}
