// Random products of matrices.
#include "sweep_parts.h"

static int64_t choose_length(struct sweep *s)
{
    int64_t kind = random_between(&s->random, 1, 100);

    return kind <= 10 ? 1 : kind <= 60 ? random_between(&s->random, 1, 12) :
           kind <= 95 ? random_between(&s->random, 1, 40) : random_between(&s->random, 40, 150);
}

static void set_matrix(struct sweep *s, cvy_desc *desc, int32_t rank, int64_t rows,
                       int64_t columns)
{
    *desc = (cvy_desc) { .dtype = random_chance(&s->random, 80) ? CVY_F32 : CVY_DTYPE_DEFAULT,
                         .layout = CVY_PLAIN, .rank = rank };
    desc->size[rank - 2] = rows;
    desc->size[rank - 1] = columns;
    if (rank == 2 && random_chance(&s->random, 60)) {
        desc->layout = sweep_layout(s);
    }
}

// Equal, or one of them 1, axis by axis from the last.
static void choose_batches(struct sweep *s, cvy_desc *a, cvy_desc *b)
{
    for (int32_t back = 2; back < a->rank || back < b->rank; back++) {
        int64_t size = random_between(&s->random, 1, 3), kind = random_between(&s->random, 1, 4);

        if (back < a->rank) {
            a->size[a->rank - 1 - back] = kind == 1 ? 1 : size;
        }
        if (back < b->rank) {
            b->size[b->rank - 1 - back] = kind == 2 ? 1 : size;
        }
    }
}

static void choose_bias(struct sweep *s, cvy_matmul_params *p)
{
    struct ref_shape dst;

    if (random_chance(&s->random, 50)) {
        return;
    }
    ref_matmul_shape(p, &dst);
    p->bias = (cvy_desc) { .dtype = CVY_F32, .layout = CVY_PLAIN };
    p->bias.rank = (int32_t)random_between(&s->random, 1, dst.rank);
    for (int32_t i = 0; i < p->bias.rank; i++) {
        p->bias.size[i] = random_chance(&s->random, 35) ? 1 :
                          dst.size[dst.rank - p->bias.rank + i];
    }
    if (random_chance(&s->random, 20)) {
        sweep_spread(s, &p->bias);
    }
}

static void choose_factors(struct sweep *s, cvy_matmul_params *p)
{
    static const float whole[] = { 0.0f, 1.0f, -1.0f, 2.0f }, any[] = { 0.0f, 0.125f, -0.3f, 1.7f };
    const float *list = s->out->data == JUDGE_INTEGER ? whole : any;

    p->alpha = random_chance(&s->random, 50) ? 0.0f : list[random_between(&s->random, 0, 3)];
    p->beta = random_chance(&s->random, 50) ? 0.0f : list[random_between(&s->random, 0, 3)];
}

bool sweep_matmul(struct sweep *s)
{
    static const int64_t ranks[] = { 2, 2, 2, 3, 3, 4, 5, 6 };
    cvy_matmul_params *p = &s->out->ref.matmul;
    int64_t m = choose_length(s), n = choose_length(s), k = choose_length(s);

    s->out->ref.op = REF_MATMUL;
    p->transpose = random_chance(&s->random, 35);
    p->transpose2 = random_chance(&s->random, 35);
    set_matrix(s, &p->src, (int32_t)sweep_pick(s, ranks, 8), p->transpose ? k : m,
               p->transpose ? m : k);
    set_matrix(s, &p->src2, (int32_t)sweep_pick(s, ranks, 8), p->transpose2 ? n : k,
               p->transpose2 ? k : n);
    choose_batches(s, &p->src, &p->src2);
    if (random_chance(&s->random, 20)) {
        sweep_spread(s, &p->src);
    }
    if (random_chance(&s->random, 20)) {
        sweep_spread(s, &p->src2);
    }
    choose_bias(s, p);
    choose_factors(s, p);
    sweep_activation(s, false, &p->activation);
    if (!sweep_dst(s, &p->dst)) {
        return false;
    }
    if (p->src.rank > 2 || p->src2.rank > 2) {
        p->dst.layout = p->dst.rank > 0 || random_chance(&s->random, 50) ? CVY_PLAIN :
                        CVY_LAYOUT_DEFAULT;
    }
    return true;
}
