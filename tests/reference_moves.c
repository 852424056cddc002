// Reference of pad, slice, transpose, depth_to_space, space_to_depth and gather: which element of
// the source each element of the output is.
#include "reference.h"

#include <string.h>

static int64_t slice_start(const cvy_slice_params *p, int32_t axis)
{
    return p->start[axis] < 0 ? p->start[axis] + p->src.size[axis] : p->start[axis];
}

static int64_t slice_step(const cvy_slice_params *p, int32_t axis)
{
    return p->step[axis] == 0 ? 1 : p->step[axis];
}

static void slice_shape(const cvy_slice_params *p, struct ref_shape *out)
{
    for (int32_t a = 0; a < p->src.rank; a++) {
        int64_t at = slice_start(p, a);

        out->size[a] = p->size[a];
        while (p->size[a] == 0 && at >= 0 && at < p->src.size[a]) {
            at += slice_step(p, a);
            out->size[a]++;
        }
    }
}

static void gather_shape(const cvy_gather_params *p, struct ref_shape *out)
{
    int32_t axis = ref_axis_number(p->axis, p->src.rank);

    out->rank = 0;
    for (int32_t a = 0; a < p->src.rank; a++) {
        if (a != axis) {
            out->size[out->rank++] = p->src.size[a];
            continue;
        }
        for (int32_t i = 0; i < p->indices.rank; i++) {
            out->size[out->rank++] = p->indices.size[i];
        }
    }
}

void ref_move_shape(const struct ref_problem *p, struct ref_shape *out)
{
    const cvy_desc *src = ref_src(p);

    out->rank = src->rank;
    memcpy(out->size, src->size, sizeof out->size);
    switch (p->op) {
    case REF_PAD:
        for (int32_t a = 0; a < src->rank; a++) {
            out->size[a] += p->pad.before[a] + p->pad.after[a];
        }
        break;
    case REF_SLICE: slice_shape(&p->slice, out); break;
    case REF_TRANSPOSE:
        for (int32_t a = 0; a < src->rank; a++) {
            out->size[a] = src->size[p->transpose.order[a]];
        }
        break;
    case REF_DEPTH_TO_SPACE:
        out->size[1] /= p->block.block * p->block.block;
        out->size[2] *= p->block.block;
        out->size[3] *= p->block.block;
        break;
    case REF_SPACE_TO_DEPTH:
        out->size[1] *= p->block.block * p->block.block;
        out->size[2] /= p->block.block;
        out->size[3] /= p->block.block;
        break;
    default: gather_shape(&p->gather, out); break;
    }
}

static int64_t modulo(int64_t i, int64_t n)
{
    return n == 0 ? 0 : (i % n + n) % n;
}

// Position i of an axis that goes on beyond its ends; -1: nothing stands there.
static int64_t pad_position(int64_t i, int64_t n, cvy_padding_mode mode)
{
    int64_t there = modulo(i, 2 * n - 2);

    switch (mode) {
    case CVY_REFLECT: return there < n ? there : 2 * n - 2 - there;
    case CVY_REPLICATE: return i < 0 ? 0 : i >= n ? n - 1 : i;
    case CVY_CIRCULAR: return modulo(i, n);
    default: return i < 0 || i >= n ? -1 : i;
    }
}

// Parts of the channel's number: c of `channels`, and the row and column in the block.
static void split_channel(const cvy_block_params *p, int64_t k, int64_t channels, int64_t *c,
                          int64_t *row, int64_t *column)
{
    int64_t area = p->block * p->block;
    int64_t place = p->depth_last ? k / channels : k % area;

    *c = p->depth_last ? k % channels : k / area;
    *row = place / p->block;
    *column = place % p->block;
}

static int64_t join_channel(const cvy_block_params *p, int64_t c, int64_t channels, int64_t row,
                            int64_t column)
{
    int64_t place = row * p->block + column;

    return p->depth_last ? place * channels + c : c * p->block * p->block + place;
}

static void space_source(const cvy_block_params *p, const int64_t *at, int64_t *from)
{
    int64_t b = p->block;

    from[0] = at[0];
    from[1] = join_channel(p, at[1], p->src.size[1] / (b * b), at[2] % b, at[3] % b);
    from[2] = at[2] / b;
    from[3] = at[3] / b;
}

static void depth_source(const cvy_block_params *p, const int64_t *at, int64_t *from)
{
    int64_t row, column;

    from[0] = at[0];
    split_channel(p, at[1], p->src.size[1], &from[1], &row, &column);
    from[2] = at[2] * p->block + row;
    from[3] = at[3] * p->block + column;
}

static void gather_source(const cvy_gather_params *p, const int64_t *indices, const int64_t *at,
                          int64_t *from)
{
    int32_t axis = ref_axis_number(p->axis, p->src.rank), next = 0;

    for (int32_t a = 0; a < p->src.rank; a++) {
        int64_t number = 0;

        if (a != axis) {
            from[a] = at[next++];
            continue;
        }
        for (int32_t i = 0; i < p->indices.rank; i++) {
            number = number * p->indices.size[i] + at[next++];
        }
        from[a] = indices[number] < 0 ? indices[number] + p->src.size[a] : indices[number];
    }
}

static void source_of(const struct ref_problem *p, const int64_t *indices, const int64_t *at,
                      int64_t *from)
{
    for (int32_t a = 0; a < ref_src(p)->rank; a++) {
        switch (p->op) {
        case REF_PAD:
            from[a] = pad_position(at[a] - p->pad.before[a], p->pad.src.size[a], p->pad.mode);
            break;
        case REF_SLICE:
            from[a] = slice_start(&p->slice, a) + at[a] * slice_step(&p->slice, a);
            break;
        case REF_TRANSPOSE: from[p->transpose.order[a]] = at[a]; break;
        case REF_DEPTH_TO_SPACE: space_source(&p->block, at, from); break;
        case REF_SPACE_TO_DEPTH: depth_source(&p->block, at, from); break;
        default: gather_source(&p->gather, indices, at, from); break;
        }
    }
}

// The element's number in the source, or -1 if it is outside.
static int64_t number_of(const cvy_desc *src, const int64_t *from)
{
    int64_t number = 0;

    for (int32_t a = 0; a < src->rank; a++) {
        if (from[a] < 0 || from[a] >= src->size[a]) {
            return -1;
        }
        number = number * src->size[a] + from[a];
    }
    return number;
}

void ref_run_move(const struct ref_problem *p, const struct ref_inputs *in,
                  struct ref_outputs *out)
{
    struct ref_shape dst;

    ref_move_shape(p, &dst);
    ref_outputs_reserve(out, ref_count(&dst));
    for (int64_t i = 0; i < out->count; i++) {
        int64_t at[CVY_MAX_RANK], from[CVY_MAX_RANK], rest = i, number;

        for (int32_t a = dst.rank - 1; a >= 0; a--) {
            at[a] = rest % dst.size[a];
            rest /= dst.size[a];
        }
        source_of(p, in->indices, at, from);
        number = number_of(ref_src(p), from);
        if (number >= 0) {
            ref_store_exact(out, i, in->src[number]);
        } else {
            ref_store_exact(out, i, p->op == REF_PAD ? p->pad.value : 0.0);
            out->taps[i] = 0;
        }
    }
}
