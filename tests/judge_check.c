// What the judge compares: statuses, plan facts, canaries, inputs, classes (T9), values, norms
// (T3), indices.
#include "judge_check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Fewer outputs may all be small by chance.
enum { LEAST_NORM = 16 };

static const char *const slot_names[SLOT_SOURCES] = {
    "src", "src2", "weights", "bias", "weights2", "bias2", "slope", "scale", "mean", "variance",
    "residual", "indices", "dst", "workspace"
};

// Label, spec and all that is needed to do it again.
static int describe(const struct trial *t, char *text, size_t size)
{
    const struct judge_problem *p = t->problem;

    return snprintf(text, size, "%s: %s | algorithm %s%s | %s data, seed %llu, weights %s, "
                    "workspace %s%s | ", p->label,
                    t->out->spec[0] != '\0' ? t->out->spec : ref_op_name(p->ref.op),
                    t->out->algorithm[0] != '\0' ? t->out->algorithm : "-",
                    t->forced != NULL ? " (forced)" : "",
                    p->data == JUDGE_INTEGER ? "integer" : "real", (unsigned long long)p->seed,
                    p->prepared ? "prepared" : "raw", p->own_workspace ? "own" : "lent",
                    p->in_place ? ", in place" : "");
}

void check_fail(struct trial *t, const char *format, ...)
{
    struct judge_result *out = t->out;
    va_list list;
    int used;

    if (out->verdict == JUDGE_FAIL) {
        return;
    }
    out->verdict = JUDGE_FAIL;
    used = describe(t, out->message, sizeof out->message);
    if (used < 0 || (size_t)used >= sizeof out->message) {
        return;
    }
    va_start(list, format);
    vsnprintf(out->message + used, sizeof out->message - (size_t)used, format, list);
    va_end(list);
}

bool check_status(struct trial *t, const char *step, cvy_status status)
{
    if (status != CVY_OK) {
        check_fail(t, "%s: %s: %s", step, cvy_status_name(status), cvy_error_text());
    }
    return status == CVY_OK;
}

static bool same_desc(const cvy_desc *got, const cvy_desc *want)
{
    bool empty = false, same = got->dtype == want->dtype && got->layout == want->layout &&
                               got->rank == want->rank;

    for (int32_t a = 0; same && a < want->rank; a++) {
        same = got->size[a] == want->size[a];
        empty = empty || want->size[a] == 0;
    }
    for (int32_t a = 0; same && !empty && a < want->rank; a++) {
        same = want->size[a] == 1 || got->stride[a] == want->stride[a];
    }
    return same;
}

static void desc_text(const cvy_desc *desc, char *text, size_t size)
{
    int used = snprintf(text, size, "dtype %d layout %d [", (int)desc->dtype, (int)desc->layout);

    for (int32_t a = 0; a < desc->rank && a < CVY_MAX_RANK && (size_t)used < size; a++) {
        used += snprintf(text + used, size - (size_t)used, "%s%lld/%lld", a > 0 ? ", " : "",
                         (long long)desc->size[a], (long long)desc->stride[a]);
    }
    if ((size_t)used < size) {
        snprintf(text + used, size - (size_t)used, "]");
    }
}

static bool check_desc(struct trial *t, const char *name, const cvy_desc *got,
                       const cvy_desc *want)
{
    char got_text[200], want_text[200];

    if (same_desc(got, want)) {
        return true;
    }
    desc_text(got, got_text, sizeof got_text);
    desc_text(want, want_text, sizeof want_text);
    check_fail(t, "plan_info.%s is %s, the reference has %s", name, got_text, want_text);
    return false;
}

static bool check_indices_desc(struct trial *t)
{
    cvy_desc want = t->dst;
    cvy_dtype dtype = t->problem->ref.pool.indices_dtype;

    want.dtype = dtype == CVY_DTYPE_DEFAULT ? CVY_I64 : dtype;
    memset(want.stride, 0, sizeof want.stride);
    want = judge_dense(&want);
    return check_desc(t, "indices", &t->info.indices, &want);
}

bool check_info(struct trial *t)
{
    if (t->forced == NULL && t->info.algorithm[0] == '\0') {
        check_fail(t, "plan_info.algorithm is empty");
    }
    if (t->forced != NULL && strncmp(t->info.config, t->forced, strlen(t->forced)) != 0 &&
        strstr(t->info.algorithm, t->forced) == NULL) {
        check_fail(t, "plan_info.algorithm is another one");
    }
    if (t->needs.indices_out && !check_indices_desc(t)) {
        return false;
    }
    return check_desc(t, "dst", &t->info.dst, &t->dst) && t->out->verdict != JUDGE_FAIL;
}

int check_winograd(const char *algorithms)
{
    static const char name[] = "conv_winograd", tile[] = ":F=";
    const char *at = strstr(algorithms, name);

    if (at == NULL) {
        return 0;
    }
    at += sizeof name - 1;
    return strncmp(at, tile, sizeof tile - 1) == 0 ? atoi(at + sizeof tile - 1) : 4;
}

void check_memory(struct trial *t, const struct memory_slot slots[SLOT_COUNT])
{
    for (int i = 0; i < SLOT_COUNT; i++) {
        const char *name = i < SLOT_SOURCES ? slot_names[i] : "srcs";
        int64_t byte;

        if (slots[i].used && memory_damage(&slots[i], &byte)) {
            bool outside = byte < 0 || byte >= (int64_t)slots[i].bytes;

            check_fail(t, "%s was written at byte %lld of %lld: %s", name, (long long)byte,
                       (long long)slots[i].bytes,
                       outside ? "outside the tensor" : "an input, or a gap between elements");
        }
    }
}

static bool takes_nearest(const struct ref_problem *p)
{
    return p->op == REF_RESIZE && p->resize.mode == CVY_NEAREST;
}

// Where zero's sign and a NaN's place are all that could differ.
static bool moves_values(const struct ref_problem *p)
{
    return p->op == REF_COPY || p->op == REF_CONCAT || p->op == REF_MAX_UNPOOL ||
           p->op == REF_WHERE || ref_moves(p->op) || takes_nearest(p) ||
           (p->op == REF_POOL && (p->pool.kind == CVY_POOL_MAX ||
                                  p->pool.kind == CVY_POOL_ADAPTIVE_MAX));
}

static bool may_flush(const struct ref_problem *p, float want, float got)
{
    bool plain_move = p->op == REF_COPY || p->op == REF_CONCAT || ref_moves(p->op) ||
                      p->op == REF_WHERE || takes_nearest(p);

    return !plain_move && want != 0.0f && fabsf(want) < 0x1p-126f && got == 0.0f;
}

static bool exactly(const struct ref_problem *p, float want, float got)
{
    bool same_sign = !moves_values(p) || !signbit(want) == !signbit(got);

    return (got == want && same_sign) || may_flush(p, want, got);
}

// The error as a share of the tolerance: at most 1 is right.
static double share_of(const struct ref_problem *p, float got, double value, double tolerance)
{
    float want = (float)value;

    if (isinf(tolerance)) {
        return 0.0;
    }
    if (isnan(want) || isinf(want)) {
        return isnan(want) ? (isnan(got) ? 0.0 : INFINITY) : (got == want ? 0.0 : INFINITY);
    }
    if (!isfinite(got)) {
        return INFINITY;
    }
    if (tolerance == 0.0) {
        return exactly(p, want, got) ? 0.0 : INFINITY;
    }
    return fabs((double)got - value) / tolerance;
}

// Equal bits, or NaN for NaN.
static double share_of_bits(cvy_dtype dtype, uint64_t got, uint64_t want)
{
    uint64_t mask = UINT64_MAX >> (64 - 8 * cvy_dtype_bytes(dtype));
    bool nan = isnan(ref_value_of(dtype, got)) && isnan(ref_value_of(dtype, want));

    return nan || ((got ^ want) & mask) == 0 ? 0.0 : INFINITY;
}

static double share_at(const struct trial *t, const struct memory_slot *dst,
                       const struct ref_outputs *ref, int64_t i)
{
    if (t->problem->ref.op == REF_CAST) {
        return share_of_bits(dst->desc.dtype, (uint64_t)dst->indices[i], (uint64_t)ref->indices[i]);
    }
    return share_of(&t->problem->ref, dst->values[i], ref->value[i], ref->tolerance[i]);
}

static void locate(struct judge_result *out, const cvy_desc *desc, int64_t i)
{
    out->bad_rank = desc->rank;
    for (int32_t a = desc->rank - 1; a >= 0; a--) {
        out->bad_index[a] = i % desc->size[a];
        i /= desc->size[a];
    }
}

static void place_text(const struct judge_result *out, char *text, size_t size)
{
    int used = snprintf(text, size, "[");

    for (int32_t a = 0; a < out->bad_rank && (size_t)used < size; a++) {
        used += snprintf(text + used, size - (size_t)used, "%s%lld", a > 0 ? ", " : "",
                         (long long)out->bad_index[a]);
    }
    if ((size_t)used < size) {
        snprintf(text + used, size - (size_t)used, "]");
    }
}

static void fail_at(struct trial *t, const cvy_desc *desc, int64_t i, int64_t bad, int64_t count,
                    const char *why)
{
    struct judge_result *out = t->out;
    char place[160];

    locate(out, desc, i);
    place_text(out, place, sizeof place);
    check_fail(t, "%s at %s: got %.9g, want %.9g, tolerance %.3g; %lld of %lld bad", why, place,
               out->got, out->want, out->tolerance, (long long)bad, (long long)count);
}

// T3: what is small against its own terms may still be wrong as a whole. Activations of the relu
// family enlarge no error, but may cut the result down: its norm is taken before them.
static void check_norm(struct trial *t, const struct memory_slot *dst,
                       const struct ref_outputs *ref)
{
    double limit = ref_winograd_norm(t->winograd), errors = 0.0, squares = 0.0;
    double flushed = 0.0, allowed;
    int64_t count = 0;

    if (t->winograd == 0 || t->problem->ref.op != REF_CONV ||
        !ref_relu_family(t->problem->ref.conv.activation.kind)) {
        return;
    }
    for (int64_t i = 0; i < ref->count; i++) {
        double error = dst->values[i] - ref->value[i];

        if (isfinite(error) && isfinite(ref->tolerance[i]) && isfinite(ref->pre[i])) {
            errors += error * error;
            squares += ref->pre[i] * ref->pre[i];
            flushed += 0x1p-252 * (double)(ref->taps[i] * ref->taps[i]);
            count++;
        }
    }
    if (count < LEAST_NORM || squares == 0.0) {
        return;
    }
    allowed = limit * sqrt(squares) + sqrt(flushed);
    t->out->worst = fmax(t->out->worst, sqrt(errors) / allowed);
    if (sqrt(errors) > allowed) {
        check_fail(t, "the errors' norm is %.3g of the result's, %.3g is allowed",
                   sqrt(errors / squares), limit);
    }
}

void check_outputs(struct trial *t, const struct memory_slot *dst, const struct ref_outputs *ref)
{
    int64_t first = -1, bad = 0;

    t->out->outputs = ref->count;
    for (int64_t i = 0; i < ref->count; i++) {
        double share = share_at(t, dst, ref, i);

        if (share > 1.0 || memory_not_written(dst, i)) {
            first = first < 0 ? i : first;
            bad++;
        }
        t->out->worst = share > t->out->worst ? share : t->out->worst;
    }
    if (first >= 0) {
        t->out->got = t->problem->ref.op == REF_CAST ?
                      ref_value_of(dst->desc.dtype, (uint64_t)dst->indices[first]) :
                      dst->values[first];
        t->out->want = ref->value[first];
        t->out->tolerance = ref->tolerance[first];
        fail_at(t, &t->dst, first, bad, ref->count,
                memory_not_written(dst, first) ? "not written" : "wrong");
    }
    check_norm(t, dst, ref);
}

void check_indices(struct trial *t, const struct memory_slot *indices,
                   const struct ref_outputs *ref)
{
    int64_t first = -1, bad = 0;

    for (int64_t i = 0; i < ref->count; i++) {
        if (indices->indices[i] != ref->indices[i]) {
            first = first < 0 ? i : first;
            bad++;
        }
    }
    if (first >= 0) {
        t->out->got = (double)indices->indices[first];
        t->out->want = (double)ref->indices[first];
        t->out->tolerance = 0.0;
        t->out->worst = INFINITY;
        fail_at(t, &t->dst, first, bad, ref->count, "wrong index");
    }
}
