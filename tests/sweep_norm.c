// Random batch and instance normalisation, local response normalisation and reduction.
#include "sweep_parts.h"

#include <string.h>

static const float some_eps[] = { 0.0f, 0.0f, 1e-5f, 1e-3f, 0.5f };

static void choose_norm(struct sweep *s, bool *scale, bool *bias, float *eps, cvy_activation *a)
{
    *scale = random_chance(&s->random, 60);
    *bias = random_chance(&s->random, 60);
    *eps = some_eps[random_between(&s->random, 0, 4)];
    sweep_activation(s, true, a);
}

bool sweep_batch_norm(struct sweep *s)
{
    static const int64_t axes[] = { 0, 1, 2, 2, 2, 3 };
    cvy_batch_norm_params *p = &s->out->ref.batch_norm;

    s->out->ref.op = REF_BATCH_NORM;
    sweep_feature_map(s, (int)sweep_pick(s, axes, 6), sweep_channels(s), &p->src);
    choose_norm(s, &p->scale, &p->bias, &p->eps, &p->activation);
    return sweep_element_dst(s, &p->src, &p->dst);
}

bool sweep_instance_norm(struct sweep *s)
{
    cvy_instance_norm_params *p = &s->out->ref.instance_norm;

    s->out->ref.op = REF_INSTANCE_NORM;
    sweep_feature_map(s, (int)random_between(&s->random, 1, 3), sweep_channels(s), &p->src);
    choose_norm(s, &p->scale, &p->bias, &p->eps, &p->activation);
    return sweep_element_dst(s, &p->src, &p->dst);
}

bool sweep_lrn(struct sweep *s)
{
    static const float alphas[] = { 0.0f, 1e-4f, 0.5f, 2.0f }, ks[] = { 0.0f, 1.0f, 2.0f, 0.25f };
    static const float betas[] = { 0.0f, 0.75f, 0.5f, 1.0f, 0.6f, 1.5f };
    cvy_lrn_params *p = &s->out->ref.lrn;

    s->out->ref.op = REF_LRN;
    sweep_feature_map(s, (int)random_between(&s->random, 1, 3), sweep_channels(s), &p->src);
    p->size = random_between(&s->random, 1, random_chance(&s->random, 80) ? 7 : 100);
    p->alpha = alphas[random_between(&s->random, 0, 3)];
    p->beta = betas[random_between(&s->random, 0, 5)];
    p->k = ks[random_between(&s->random, 0, 3)];
    p->later = random_chance(&s->random, 40);
    return sweep_dst(s, &p->dst);
}

static void choose_axes(struct sweep *s, cvy_reduce_params *p)
{
    int32_t one = (int32_t)random_between(&s->random, 0, p->src.rank - 1);

    if (ref_reduces_to_positions(p)) {
        p->axes[one] = p->src.rank > 1 || random_chance(&s->random, 50);
        return;
    }
    for (int32_t a = 0; a < p->src.rank; a++) {
        p->axes[a] = random_chance(&s->random, 45);
    }
}

static bool reduces_empty_axis(const cvy_reduce_params *p)
{
    struct ref_shape dst;

    ref_reduce_shape(p, &dst);
    return cvy_desc_elements(&p->src) == 0 && ref_count(&dst) > 0;
}

// Long rows now and then, where chunks meet in a second pass.
static void choose_source(struct sweep *s, cvy_desc *src)
{
    sweep_any_tensor(s, src);
    if (random_chance(&s->random, 10)) {
        memset(src->stride, 0, sizeof src->stride);
        src->size[src->rank - 1] = random_between(&s->random, 1, 60000);
        for (int32_t a = 0; a + 1 < src->rank; a++) {
            src->size[a] = src->size[a] > 2 ? 2 : src->size[a];
        }
    }
}

bool sweep_reduce(struct sweep *s)
{
    static const int64_t dtypes[] = { CVY_DTYPE_DEFAULT, CVY_I64, CVY_I32 };
    cvy_reduce_params *p = &s->out->ref.reduce;

    s->out->ref.op = REF_REDUCE;
    choose_source(s, &p->src);
    p->kind = (cvy_reduce_kind)random_between(&s->random, CVY_REDUCE_SUM, CVY_REDUCE_END - 1);
    p->keep_dims = random_chance(&s->random, 40);
    choose_axes(s, p);
    if (reduces_empty_axis(p) || !sweep_dst(s, &p->dst)) {
        return false;
    }
    if (ref_reduces_to_positions(p)) {
        p->dst.dtype = (cvy_dtype)sweep_pick(s, dtypes, 3);
    }
    if (!p->keep_dims) {
        p->dst.layout = random_chance(&s->random, 50) ? CVY_PLAIN : CVY_LAYOUT_DEFAULT;
    }
    return true;
}
