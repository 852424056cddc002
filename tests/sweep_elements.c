// Random functions, arithmetic, comparisons, choices and conversions.
#include "sweep_parts.h"

#include <string.h>

bool sweep_unary(struct sweep *s)
{
    static const float alphas[] = { 0.0f, 0.5f, -2.0f, 3.0f };
    cvy_unary_params *p = &s->out->ref.unary;

    s->out->ref.op = REF_UNARY;
    p->kind = (cvy_unary_kind)random_between(&s->random, CVY_ABS, CVY_UNARY_END - 1);
    if (p->kind == CVY_THRESHOLDED_RELU) {
        p->alpha = alphas[random_between(&s->random, 0, 3)];
    }
    sweep_any_tensor(s, &p->src);
    return sweep_element_dst(s, &p->src, &p->dst);
}

// A source that broadcasts to `whole`: some leading axes missing, some of size 1.
static void broadcast_from(struct sweep *s, const cvy_desc *whole, cvy_desc *out)
{
    int32_t drop = random_chance(&s->random, 25) ?
                   (int32_t)random_between(&s->random, 0, whole->rank - 1) : 0;

    *out = (cvy_desc) { .layout = whole->layout, .rank = whole->rank - drop };
    if (whole->layout != CVY_PLAIN && random_chance(&s->random, 40)) {
        out->layout = sweep_layout(s);
    }
    for (int32_t a = 0; a < out->rank; a++) {
        out->size[a] = random_chance(&s->random, 25) ? 1 : whole->size[a + drop];
    }
    if (random_chance(&s->random, 15)) {
        sweep_spread(s, out);
    }
}

static bool same_sizes(const cvy_desc *a, const cvy_desc *b)
{
    return a->rank == b->rank && memcmp(a->size, b->size, sizeof a->size) == 0;
}

// In place on the source that has all the sizes, now and then.
static bool binary_dst(struct sweep *s, cvy_binary_params *p, const cvy_desc *whole)
{
    bool first = same_sizes(&p->src, whole), second = same_sizes(&p->src2, whole);

    if (p->kind >= CVY_EQUAL || !random_chance(&s->random, 35) || (!first && !second)) {
        return sweep_dst(s, &p->dst);
    }
    s->out->in_place = first && (!second || random_chance(&s->random, 50));
    s->out->in_place2 = !s->out->in_place;
    p->dst = s->out->in_place ? p->src : p->src2;
    p->dst.layout = p->dst.layout != CVY_LAYOUT_DEFAULT ? p->dst.layout :
                    p->src.layout != CVY_LAYOUT_DEFAULT ? p->src.layout : CVY_NCHW;
    return true;
}

bool sweep_binary(struct sweep *s)
{
    cvy_binary_params *p = &s->out->ref.binary;
    struct ref_shape shape;
    cvy_desc whole;

    s->out->ref.op = REF_BINARY;
    p->kind = (cvy_binary_kind)random_between(&s->random, CVY_ADD, CVY_BINARY_END - 1);
    sweep_any_tensor(s, &whole);
    if (random_chance(&s->random, 30)) {
        p->src = p->src2 = whole;
    } else {
        broadcast_from(s, &whole, &p->src);
        broadcast_from(s, &whole, &p->src2);
    }
    if (p->kind < CVY_EQUAL) {
        sweep_activation(s, false, &p->activation);
    }
    ref_broadcast_shape(&s->out->ref, &shape);
    whole.rank = shape.rank;
    memset(whole.size, 0, sizeof whole.size);
    memcpy(whole.size, shape.size, (size_t)shape.rank * sizeof *shape.size);
    return binary_dst(s, p, &whole);
}

bool sweep_where(struct sweep *s)
{
    cvy_where_params *p = &s->out->ref.where;
    cvy_desc whole;

    s->out->ref.op = REF_WHERE;
    sweep_any_tensor(s, &whole);
    broadcast_from(s, &whole, &p->condition);
    broadcast_from(s, &whole, &p->src);
    broadcast_from(s, &whole, &p->src2);
    p->condition.dtype = random_chance(&s->random, 50) ? CVY_BOOL : CVY_DTYPE_DEFAULT;
    return sweep_dst(s, &p->dst);
}

bool sweep_cast(struct sweep *s)
{
    cvy_cast_params *p = &s->out->ref.cast;

    s->out->ref.op = REF_CAST;
    sweep_any_tensor(s, &p->src);
    p->src.dtype = (cvy_dtype)random_between(&s->random, CVY_F32, CVY_BOOL);
    p->dtype = (cvy_dtype)random_between(&s->random, CVY_F32, CVY_BOOL);
    return sweep_dst(s, &p->dst);
}
