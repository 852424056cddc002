// The judge's data: random tensors, valid indices, pokes, and the check that they prove something.
#include "judge_data.h"

#include "judge_random.h"

#include <math.h>
#include <stdlib.h>

enum { TRUST_OUTPUTS = 16, TRUST_PLANES = 4, TRUST_PERCENT = 90 };

// How the values of one slot are drawn.
struct range {
    double low, high;
    double step;                // 0: continuous
};

static bool element_wise(enum ref_op op)
{
    return op == REF_ACTIVATION || op == REF_SOFTMAX;
}

enum judge_slot data_residual_slot(const struct judge_problem *p)
{
    return p->in_place ? SLOT_DST : SLOT_RESIDUAL;
}

enum judge_slot data_dst_slot(const struct judge_problem *p)
{
    return p->in_place && element_wise(p->ref.op) ? SLOT_SRC : SLOT_DST;
}

// Operators that select values want many different ones; sums want small ones.
static bool selects(const struct ref_problem *p)
{
    return p->op == REF_MAX_UNPOOL || p->op == REF_CONCAT || p->op == REF_COPY ||
           ref_moves(p->op) ||
           (p->op == REF_POOL && (p->pool.kind == CVY_POOL_MAX ||
                                  p->pool.kind == CVY_POOL_ADAPTIVE_MAX));
}

static struct range source_range(const struct judge_problem *p)
{
    if (p->data == JUDGE_INTEGER) {
        return selects(&p->ref) ? (struct range) { -1000, 1000, 1 } : (struct range) { -8, 8, 1 };
    }
    return element_wise(p->ref.op) ? (struct range) { -8, 8, 0 } : (struct range) { -1, 1, 0 };
}

// Real weights keep sums near 1 whatever the number of taps, where activations bend.
static struct range weights_range(const struct judge_problem *p, int64_t weights, int64_t outputs)
{
    double scale = 2.0 / sqrt(fmax(1.0, (double)weights / (double)outputs));

    if (p->data == JUDGE_INTEGER) {
        return (struct range) { -8, 8, 1 };
    }
    return (struct range) { -scale, scale, 0 };
}

static void fill(struct memory_slot *s, struct range range, bool positive, struct judge_random *r)
{
    for (int64_t i = 0; s->used && i < s->count; i++) {
        double width = range.high - range.low, x = range.low + width * random_unit(r);

        if (range.step != 0.0) {
            int64_t steps = (int64_t)(width / range.step);

            x = range.low + range.step * (double)random_between(r, 0, steps);
        }
        s->values[i] = (float)(positive ? fabs(x) : x);
    }
}

static int64_t plane_of(const cvy_desc *desc)
{
    int64_t plane = 1;

    for (int32_t a = 2; a < desc->rank; a++) {
        plane *= desc->size[a];
    }
    return plane;
}

static int64_t clamped(int64_t x, int64_t limit)
{
    return x < 0 ? 0 : x >= limit ? limit - 1 : x;
}

// Where a maximum of window `at` may have been: a random tap of it that lies inside the output.
static int64_t index_in_window(const cvy_max_unpool_params *p, const struct ref_shape *dst,
                               const int64_t at[CVY_MAX_RANK], struct judge_random *r)
{
    int64_t index = 0;

    for (int32_t i = 2; i < dst->rank; i++) {
        int64_t kernel = p->kernel_size[i - 2] == 0 ? 1 : p->kernel_size[i - 2];
        int64_t stride = p->stride[i - 2] == 0 ? kernel : p->stride[i - 2];
        int64_t x = at[i] * stride - p->padding[i - 2] + random_between(r, 0, kernel - 1);

        index = index * dst->size[i] + clamped(x, dst->size[i]);
    }
    return index;
}

// What a max pooling never gives but unpooling must stand: nothing found, an index outside, and, of
// a whole tensor in every other problem, one of another plane.
static int64_t odd_index(int64_t natural, int64_t limit, bool stray, struct judge_random *r)
{
    int64_t roll = random_between(r, 1, 80);

    return roll == 1 ? -1 : roll == 2 ? limit : roll == 3 ? limit + 3 :
           stray && roll < 7 ? random_between(r, 0, limit - 1) : natural;
}

// Gather's: most inside, counted from either end; now and then one outside.
static void fill_picks(const cvy_gather_params *p, struct memory_slot *s, struct judge_random *r)
{
    int64_t length = p->src.size[ref_axis_number(p->axis, p->src.rank)];

    for (int64_t i = 0; i < s->count; i++) {
        bool odd = length == 0 || random_chance(r, 5);
        int64_t far = random_chance(r, 30) ? INT32_MAX - length : 3;

        s->indices[i] = !odd ? random_between(r, -length, length - 1) :
                        random_chance(r, 50) ? length + random_between(r, 0, far) :
                        -length - random_between(r, 1, far);
    }
}

static void fill_indices(const struct judge_problem *p, const struct ref_needs *needs,
                         struct memory_slot *s, struct judge_random *r)
{
    const cvy_max_unpool_params *params = &p->ref.max_unpool;
    bool whole = params->indices == CVY_INDICES_TENSOR, stray = whole && random_chance(r, 50);
    int64_t in_plane = plane_of(&params->src), out_plane = 1, limit;

    for (int32_t a = 2; a < needs->dst.rank; a++) {
        out_plane *= needs->dst.size[a];
    }
    limit = whole ? ref_count(&needs->dst) : out_plane;
    for (int64_t i = 0; i < s->count; i++) {
        int64_t at[CVY_MAX_RANK] = { 0 }, rest = i, natural;

        for (int32_t a = params->src.rank - 1; a >= 2; a--) {
            at[a] = rest % params->src.size[a];
            rest /= params->src.size[a];
        }
        natural = index_in_window(params, &needs->dst, at, r);
        natural += whole ? i / in_plane * out_plane : 0;
        s->indices[i] = odd_index(natural, limit, stray, r);
    }
}

static void poke(const struct judge_problem *p, struct memory_slot slots[SLOT_COUNT])
{
    for (int i = 0; i < p->poke_count; i++) {
        const struct judge_poke *k = &p->pokes[i];
        enum judge_slot slot = k->slot == SLOT_RESIDUAL ? data_residual_slot(p) : k->slot;
        struct memory_slot *s = &slots[slot];

        for (int64_t j = 0; j < s->count; j++) {
            if (k->index == -1 || k->index == j) {
                s->values[j] = k->value;
            }
        }
    }
}

static void widen(struct memory_slot *s)
{
    for (int64_t i = 0; s->used && i < s->count; i++) {
        s->doubles[i] = s->values[i];
    }
}

void data_fill(const struct judge_problem *p, const struct ref_needs *needs, uint64_t seed,
               struct memory_slot slots[SLOT_COUNT])
{
    struct judge_random r = { seed };
    bool integers = p->data == JUDGE_INTEGER;
    bool positive = !integers && random_between(&r, 1, 8) == 1 && !element_wise(p->ref.op);
    struct range term = integers ? (struct range) { -64, 64, 1 } : (struct range) { -1, 1, 0 };
    struct range slope = integers ? (struct range) { -1, 1, 0.25 } : (struct range) { -0.5, 1, 0 };
    int64_t outputs = needs->dst.rank > 1 ? needs->dst.size[1] : 1;

    if (p->ref.op == REF_LINEAR) {
        outputs = p->ref.linear.out_features;
    }
    for (int i = SLOT_SOURCES - 1; i < SLOT_COUNT; i++) {
        fill(&slots[i < SLOT_SOURCES ? SLOT_SRC : i], source_range(p), positive, &r);
    }
    fill(&slots[SLOT_WEIGHTS], weights_range(p, needs->weights, outputs), positive, &r);
    fill(&slots[SLOT_WEIGHTS2], weights_range(p, needs->weights2, outputs), positive, &r);
    fill(&slots[SLOT_BIAS], term, positive, &r);
    fill(&slots[SLOT_BIAS2], term, positive, &r);
    fill(&slots[SLOT_SLOPE], slope, false, &r);
    if (needs->residual) {
        fill(&slots[data_residual_slot(p)], term, positive, &r);
    }
    if (needs->indices_in && p->ref.op == REF_GATHER) {
        fill_picks(&p->ref.gather, &slots[SLOT_INDICES], &r);
    } else if (needs->indices_in) {
        fill_indices(p, needs, &slots[SLOT_INDICES], &r);
    }
    poke(p, slots);
    for (int i = 0; i < SLOT_COUNT; i++) {
        widen(&slots[i]);
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static int64_t most_equal(double *values, int64_t count)
{
    int64_t most = 0, run = 0;

    qsort(values, (size_t)count, sizeof *values, compare);
    for (int64_t i = 0; i < count; i++) {
        run = i > 0 && values[i] == values[i - 1] ? run + 1 : 1;
        most = run > most ? run : most;
    }
    return most;
}

// Cases whose outputs are equal by right: one plane of a replicated pixel, softmax over one value.
static bool may_be_equal(const struct judge_problem *p, const struct ref_needs *needs)
{
    const struct ref_shape *dst = &needs->dst;
    int64_t planes = dst->size[0] * (dst->rank > 1 ? dst->size[1] : 1);
    const cvy_desc *src = ref_src(&p->ref);

    if (ref_moves(p->ref.op) && cvy_desc_elements(src) < TRUST_OUTPUTS) {
        return true;            // few, many times
    }
    return planes < TRUST_PLANES || p->poke_count > 0 ||
           (p->ref.op == REF_SOFTMAX &&
            src->size[ref_axis_number(p->ref.softmax.axis, src->rank)] == 1);
}

// Only outputs with taps count: the others are zero or bias by right.
const char *data_distrust(const struct judge_problem *p, const struct ref_needs *needs,
                          const struct ref_outputs *ref)
{
    double *live = ref_alloc((size_t)ref->count * sizeof *live);
    int64_t count = 0, most;
    double total = 0.0;

    for (int64_t i = 0; i < ref->count; i++) {
        if (ref->taps[i] > 0) {
            live[count++] = (float)ref->value[i];
            total += ref->sum[i];
        }
    }
    most = most_equal(live, count);
    free(live);
    if (ref->count > 0 && p->poke_count == 0 && (count == 0 || total == 0.0)) {
        return "nothing is summed: S is 0 everywhere";
    }
    if (count >= TRUST_OUTPUTS && !may_be_equal(p, needs) && most * 100 > count * TRUST_PERCENT) {
        return "over 90 % of the outputs are equal: the data proves nothing";
    }
    return NULL;
}
