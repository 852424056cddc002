// The judge's data: random tensors, valid indices, pokes, and the check that they prove something.
#include "judge_data.h"

#include "judge_random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

static bool may_be_in_place(enum ref_op op)
{
    return element_wise(op) || op == REF_BATCH_NORM || op == REF_INSTANCE_NORM ||
           op == REF_UNARY || op == REF_BINARY;
}

// Positions are not among them: they want many equal values.
static bool finds_values(const struct ref_problem *p)
{
    return p->op == REF_REDUCE &&
           (p->reduce.kind == CVY_REDUCE_MAX || p->reduce.kind == CVY_REDUCE_MIN);
}

enum judge_slot data_residual_slot(const struct judge_problem *p)
{
    return p->in_place ? SLOT_DST : SLOT_RESIDUAL;
}

enum judge_slot data_dst_slot(const struct judge_problem *p)
{
    if (p->in_place2) {
        return SLOT_SRC2;
    }
    return p->in_place && may_be_in_place(p->ref.op) ? SLOT_SRC : SLOT_DST;
}

// Operators that select values want many different ones; sums want small ones.
static bool selects(const struct ref_problem *p)
{
    return p->op == REF_MAX_UNPOOL || p->op == REF_CONCAT || p->op == REF_COPY ||
           (p->op == REF_RESIZE && p->resize.mode == CVY_NEAREST) ||
           p->op == REF_WHERE || ref_moves(p->op) || finds_values(p) ||
           (p->op == REF_POOL && (p->pool.kind == CVY_POOL_MAX ||
                                  p->pool.kind == CVY_POOL_ADAPTIVE_MAX));
}

static struct range source_range(const struct judge_problem *p)
{
    if (ref_compares(&p->ref)) {
        return (struct range) { -2, 2, p->data == JUDGE_INTEGER ? 1 : 0.25 };
    }
    if (p->data == JUDGE_INTEGER) {
        return selects(&p->ref) ? (struct range) { -1000, 1000, 1 } : (struct range) { -8, 8, 1 };
    }
    if (p->ref.op == REF_BINARY) {
        return (struct range) { -2, 2, 0 };
    }
    return element_wise(p->ref.op) || p->ref.op == REF_UNARY ? (struct range) { -8, 8, 0 }
                                                             : (struct range) { -1, 1, 0 };
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

// Logarithms, roots and real powers of what is negative are all NaN.
static bool wants_positive(const struct judge_problem *p)
{
    return (p->ref.op == REF_UNARY &&
            (p->ref.unary.kind == CVY_LOG || p->ref.unary.kind == CVY_SQRT)) ||
           (p->ref.op == REF_BINARY && p->ref.binary.kind == CVY_POW && p->data == JUDGE_REAL);
}

// Half of them 0, the others any other byte.
static void fill_condition(struct memory_slot *s, struct judge_random *r)
{
    for (int64_t i = 0; i < s->count; i++) {
        s->indices[i] = random_chance(r, 50) ? 0 : random_between(r, 1, 255);
    }
}

// A number of any size: each exponent is as likely as another.
static double any_size(cvy_dtype dtype, struct judge_random *r)
{
    int64_t most = dtype == CVY_F64 ? 1080 : 155;
    double scale = exp2((double)random_between(r, -most, most));

    return (random_chance(r, 50) ? 1.0 : -1.0) * (1.0 + random_unit(r)) * scale;
}

// Small whole numbers, halves of them, powers of 2 and their neighbours, any bits, any size.
static uint64_t any_bits(cvy_dtype dtype, bool small, struct judge_random *r)
{
    int64_t whole = random_between(r, -130, 260), power = INT64_C(1) << random_between(r, 0, 62);

    switch (small ? 0 : random_between(r, 0, 5)) {
    case 0: return ref_convert(CVY_I64, (uint64_t)whole, dtype);
    case 1: return ref_convert(CVY_I64, (uint64_t)(power + random_between(r, -2, 2)), dtype);
    case 2: return ref_convert(CVY_I64, (uint64_t)-(power + random_between(r, -2, 2)), dtype);
    case 3: {
        double half = (double)whole / 2.0;
        uint64_t bits;

        memcpy(&bits, &half, sizeof bits);
        return ref_convert(CVY_F64, bits, dtype);
    }
    case 4: {
        double number = any_size(dtype, r);
        uint64_t bits;

        memcpy(&bits, &number, sizeof bits);
        return ref_convert(CVY_F64, bits, dtype);
    }
    default: return random_bits(r) >> (64 - 8 * cvy_dtype_bytes(dtype));
    }
}

// What is half way between two numbers of a narrower float, or next to that.
static uint64_t near_tie(cvy_dtype dtype, uint64_t bits, struct judge_random *r)
{
    int cut = dtype == CVY_F64 ? (random_chance(r, 40) ? 29 : random_chance(r, 50) ? 42 : 45) :
              dtype == CVY_F32 ? (random_chance(r, 50) ? 13 : 16) : 3;

    bits = (bits >> cut << cut) + (UINT64_C(1) << (cut - 1));
    return bits + (uint64_t)random_between(r, -1, 1);
}

static void fill_raw(const struct judge_problem *p, struct memory_slot *s, struct judge_random *r)
{
    for (int64_t i = 0; i < s->count; i++) {
        cvy_dtype dtype = s->desc.dtype;
        bool small = p->data == JUDGE_INTEGER;
        uint64_t bits = any_bits(dtype, small, r);
        uint32_t low;

        if (!small && random_chance(r, 30) && (dtype == CVY_F64 || dtype == CVY_F32)) {
            bits = near_tie(dtype, bits, r);
        }
        s->indices[i] = (int64_t)bits;
        low = (uint32_t)bits;
        memcpy(&s->values[i], &low, sizeof low);
    }
}

static int64_t poke_bits(cvy_dtype dtype, float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    return (int64_t)ref_convert(CVY_F32, bits, dtype);
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
                s->indices[j] = poke_bits(s->desc.dtype, k->value);
            }
        }
    }
}

static void widen(struct memory_slot *s)
{
    for (int64_t i = 0; s->used && i < s->count; i++) {
        s->doubles[i] = s->desc.dtype == CVY_F32 ? s->values[i] : (double)s->indices[i];
    }
}

void data_fill(const struct judge_problem *p, const struct ref_needs *needs, uint64_t seed,
               struct memory_slot slots[SLOT_COUNT])
{
    struct judge_random r = { seed };
    bool integers = p->data == JUDGE_INTEGER;
    bool positive = (!integers && random_between(&r, 1, 8) == 1 && !element_wise(p->ref.op)) ||
                    wants_positive(p);
    struct range term = integers ? (struct range) { -64, 64, 1 } : (struct range) { -1, 1, 0 };
    struct range slope = integers ? (struct range) { -1, 1, 0.25 } : (struct range) { -0.5, 1, 0 };
    int64_t outputs = needs->dst.rank > 1 ? needs->dst.size[1] : 1;

    if (p->ref.op == REF_LINEAR) {
        outputs = p->ref.linear.out_features;
    }
    for (int i = SLOT_SOURCES - 1; i < SLOT_COUNT; i++) {
        fill(&slots[i < SLOT_SOURCES ? SLOT_SRC : i], source_range(p), positive, &r);
    }
    fill(&slots[SLOT_SRC2], p->ref.op == REF_MATMUL ?
         weights_range(p, ref_matmul_depth(&p->ref.matmul), 1) : source_range(p), positive, &r);
    fill(&slots[SLOT_WEIGHTS], weights_range(p, needs->weights, outputs), positive, &r);
    fill(&slots[SLOT_WEIGHTS2], weights_range(p, needs->weights2, outputs), positive, &r);
    fill(&slots[SLOT_BIAS], term, positive, &r);
    fill(&slots[SLOT_BIAS2], term, positive, &r);
    fill(&slots[SLOT_SLOPE], slope, false, &r);
    fill(&slots[SLOT_SCALE], term, positive, &r);
    fill(&slots[SLOT_MEAN], source_range(p), positive, &r);
    fill(&slots[SLOT_VARIANCE], (struct range) { 0.0625, 2, 0 }, true, &r);
    if (needs->residual) {
        fill(&slots[data_residual_slot(p)], term, positive, &r);
    }
    if (needs->indices_in && p->ref.op == REF_GATHER) {
        fill_picks(&p->ref.gather, &slots[SLOT_INDICES], &r);
    } else if (needs->indices_in) {
        fill_indices(p, needs, &slots[SLOT_INDICES], &r);
    }
    if (p->ref.op == REF_WHERE) {
        fill_condition(&slots[SLOT_SOURCES], &r);
    } else if (p->ref.op == REF_CAST) {
        fill_raw(p, &slots[SLOT_SRC], &r);
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
    if (p->ref.op == REF_REDUCE && ref_reduces_to_positions(&p->ref.reduce)) {
        return true;            // few positions
    }
    if (ref_compares(&p->ref) || p->ref.op == REF_CAST || p->ref.op == REF_UNARY ||
        (p->ref.op == REF_WHERE && cvy_desc_elements(src) < TRUST_OUTPUTS)) {
        return true;            // few values, or few that are not NaN
    }
    if (p->ref.op == REF_INSTANCE_NORM && plane_of(src) == 1) {
        return true;            // nothing but the bias
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
