// The table of labelled problems: the written rows, then one for each activation, alone and behind
// a convolution, then the long ones; and how a row becomes a problem.
#include "rows.h"

#include "judge_random.h"
#include "rows_parts.h"

#include <stdio.h>
#include <string.h>

enum { ACTIVATION_KINDS = CVY_ACTIVATION_COUNT - 1 };

static const char *const activation_names[CVY_ACTIVATION_COUNT] = {
    "none", "relu", "clip", "relu6", "leaky_relu", "prelu", "elu", "selu", "sigmoid",
    "hard_sigmoid", "tanh", "silu", "hard_swish", "softplus", "gelu", "gelu_tanh", "mish"
};

static struct row_list (*const lists[])(void) = { rows_conv, rows_other, rows_moves,
                                              rows_norm, rows_elements, rows_resize,
                                              rows_matmul };

// The written row, or NULL and the number of rows written.
static const struct row *find_row(size_t i, size_t *written)
{
    *written = 0;
    for (size_t k = 0; k < sizeof lists / sizeof lists[0]; k++) {
        struct row_list list = lists[k]();

        if (i < *written + list.count) {
            return &list.rows[i - *written];
        }
        *written += list.count;
    }
    return NULL;
}

size_t rows_count(void)
{
    size_t written;

    find_row(SIZE_MAX, &written);
    return written + 2 * ACTIVATION_KINDS + rows_long().count;
}

size_t rows_long_count(void)
{
    return rows_long().count;
}

static cvy_activation activation_of(size_t kind)
{
    cvy_activation a = { .kind = (cvy_activation_kind)kind };

    if (a.kind == CVY_CLIP) {
        a.alpha = -3.0f;
        a.beta = 4.0f;
    }
    return a;
}

static void activation_row(size_t i, struct row *out)
{
    size_t kind = i % ACTIVATION_KINDS + 1;
    cvy_desc src = MAP2(1, 9, 5, 7);

    *out = (struct row) { .label = activation_names[kind], .ref = { .op = REF_ACTIVATION } };
    if (i < ACTIVATION_KINDS) {
        out->ref.op = REF_CONV;
        out->ref.conv = (cvy_conv_params) { .src = src, .out_channels = 18,
                                            .kernel_size = { 3, 3 }, .padding = { 1, 1 },
                                            .bias = true, .activation = activation_of(kind) };
        return;
    }
    out->ref.activation = (cvy_activation_params) { .src = src,
                                                    .activation = activation_of(kind) };
}

static void set_layout(struct ref_problem *p, cvy_layout layout)
{
    cvy_desc *src = p->op == REF_CONCAT ? NULL : (cvy_desc *)ref_src(p);

    if (src != NULL && src->layout != CVY_PLAIN) {
        src->layout = layout;
    }
    for (size_t i = 0; p->op == REF_CONCAT && i < p->concat.src_count; i++) {
        if (p->sources[i].layout != CVY_PLAIN) {
            p->sources[i].layout = layout;
        }
    }
}

// Three elements more than needed on every pitch but the innermost.
static void spread(cvy_desc *desc)
{
    cvy_desc roomy = *desc;

    for (int32_t a = 0; a < desc->rank; a++) {
        roomy.size[a] += 3;
    }
    memset(roomy.stride, 0, sizeof roomy.stride);
    roomy = judge_dense(&roomy);
    memcpy(desc->stride, roomy.stride, sizeof desc->stride);
}

static void apply_flags(unsigned flags, cvy_layout layout, struct judge_problem *out)
{
    cvy_desc *src = (cvy_desc *)ref_src(&out->ref), *dst = (cvy_desc *)ref_dst(&out->ref);
    struct ref_needs needs;

    out->in_place = flags & ROW_IN_PLACE;
    out->in_place2 = flags & ROW_IN_PLACE2;
    if (flags & ROW_OTHER_LAYOUT) {
        dst->layout = layout == CVY_NHWC ? CVY_NCHW : CVY_NHWC;
    }
    if (flags & ROW_SRC_STRIDED) {
        spread(src);
    }
    if (flags & ROW_DST_STRIDED) {
        ref_infer(&out->ref, &needs);
        dst->dtype = ref_dst_dtype(&out->ref);
        dst->layout = flags & ROW_OTHER_LAYOUT ? dst->layout : layout;
        dst->rank = needs.dst.rank;
        memcpy(dst->size, needs.dst.size, sizeof dst->size);
        spread(dst);
    }
}

void rows_place(const struct row *row, cvy_layout layout, struct judge_problem *out)
{
    out->ref = row->ref;
    snprintf(out->label, sizeof out->label, "%s", row->label);
    set_layout(&out->ref, layout);
    apply_flags(row->flags, layout, out);
}

void rows_problem(size_t i, cvy_layout layout, enum judge_data data, struct judge_problem *out)
{
    struct judge_random random;
    struct row made;
    size_t written, short_rows = rows_count() - rows_long_count();
    const struct row *row = find_row(i, &written);

    if (i >= short_rows) {
        row = &rows_long().rows[i - short_rows];
    } else if (row == NULL) {
        activation_row(i - written, &made);
        row = &made;
    }
    memset(out, 0, sizeof *out);
    rows_place(row, layout, out);
    out->data = data;
    out->seed = i * 1000 + (size_t)layout * 10 + (size_t)data;
    random.state = out->seed;
    out->prepared = random_chance(&random, 50);
    out->own_workspace = random_chance(&random, 50);
}
