// Random paddings, slices, transpositions, blocks and gathers.
#include "sweep_parts.h"

#include <math.h>
#include <string.h>

// An empty source that gives something, or outputs that no source reaches, prove nothing.
static bool reaches_source(struct sweep *s)
{
    const struct ref_problem *p = &s->out->ref;
    struct ref_needs needs;

    if (!ref_infer(p, &needs)) {
        return false;
    }
    if (ref_count(&needs.dst) == 0) {
        return random_chance(&s->random, 30);
    }
    for (int32_t a = 0; p->op == REF_PAD && a < p->pad.src.rank; a++) {
        if (p->pad.before[a] >= needs.dst.size[a] ||
            p->pad.before[a] + p->pad.src.size[a] <= 0) {
            return false;
        }
    }
    return cvy_desc_elements(ref_src(p)) > 0;
}

static void choose_pads(struct sweep *s, cvy_pad_params *p, int32_t axis)
{
    int64_t size = p->src.size[axis], low = p->mode == CVY_ZEROS ? -2 : 0;
    int64_t most = p->mode == CVY_REFLECT ? size - 1 :
                   p->mode == CVY_CIRCULAR || size == 0 ? size : size + 2;

    most = most < 5 ? most : random_chance(&s->random, 80) ? 5 : most;
    if (most >= 0 && random_chance(&s->random, 55)) {
        p->before[axis] = random_between(&s->random, low, most);
        p->after[axis] = random_between(&s->random, low, most);
    }
}

bool sweep_pad(struct sweep *s)
{
    static const float values[] = { 0.0f, 0.0f, -0.0f, 1.5f, -3.0f, -INFINITY };
    cvy_pad_params *p = &s->out->ref.pad;

    s->out->ref.op = REF_PAD;
    sweep_any_tensor(s, &p->src);
    p->mode = random_chance(&s->random, 50) ? CVY_ZEROS :
              (cvy_padding_mode)random_between(&s->random, CVY_REFLECT, CVY_CIRCULAR);
    if (p->mode == CVY_ZEROS) {
        p->value = values[random_between(&s->random, 0, 5)];
    }
    for (int32_t a = 0; a < p->src.rank; a++) {
        choose_pads(s, p, a);
    }
    return reaches_source(s) && sweep_dst(s, &p->dst);
}

static void choose_slice(struct sweep *s, cvy_slice_params *p, int32_t axis)
{
    static const int64_t steps[] = { 0, 0, 1, 1, 2, 3, 7, -1, -1, -2, -5 };
    int64_t size = p->src.size[axis], step, there;

    if (size == 0) {
        return;
    }
    step = sweep_pick(s, steps, 11);
    p->start[axis] = random_between(&s->random, 0, size - 1);
    p->start[axis] = random_chance(&s->random, 50) ? (step < 0 ? size - 1 : 0) : p->start[axis];
    there = step < 0 ? p->start[axis] / -step + 1 :
            (size - 1 - p->start[axis]) / (step == 0 ? 1 : step) + 1;
    p->step[axis] = step;
    p->size[axis] = random_chance(&s->random, 30) ? random_between(&s->random, 1, there) : 0;
    if (random_between(&s->random, 1, 60) == 1) {
        p->start[axis] = step < 0 ? -1 : size;      // none
        p->size[axis] = 0;
    }
    if (p->start[axis] < size && random_chance(&s->random, 40)) {
        p->start[axis] -= size;
    }
}

bool sweep_slice(struct sweep *s)
{
    cvy_slice_params *p = &s->out->ref.slice;

    s->out->ref.op = REF_SLICE;
    sweep_any_tensor(s, &p->src);
    for (int32_t a = 0; a < p->src.rank; a++) {
        if (random_chance(&s->random, 70)) {
            choose_slice(s, p, a);
        }
    }
    return reaches_source(s) && sweep_dst(s, &p->dst);
}

bool sweep_transpose(struct sweep *s)
{
    cvy_transpose_params *p = &s->out->ref.transpose;

    s->out->ref.op = REF_TRANSPOSE;
    sweep_any_tensor(s, &p->src);
    for (int32_t i = 0; i < p->src.rank; i++) {
        p->order[i] = i;
    }
    for (int32_t i = p->src.rank - 1; i > 0; i--) {
        int32_t j = (int32_t)random_between(&s->random, 0, i), kept = p->order[i];

        p->order[i] = p->order[j];
        p->order[j] = kept;
    }
    return reaches_source(s) && sweep_dst(s, &p->dst);
}

bool sweep_blocks(struct sweep *s)
{
    cvy_block_params *p = &s->out->ref.block;
    bool to_space = random_chance(&s->random, 50);
    int64_t block = random_between(&s->random, 1, 4), area = block * block;
    int64_t channels = sweep_channels(s);

    s->out->ref.op = to_space ? REF_DEPTH_TO_SPACE : REF_SPACE_TO_DEPTH;
    p->block = block;
    p->depth_last = random_chance(&s->random, 50);
    p->src = (cvy_desc) { .dtype = CVY_F32, .layout = sweep_layout(s), .rank = 4 };
    p->src.size[0] = sweep_batch(s);
    p->src.size[1] = to_space ? (channels + area - 1) / area * area : channels;
    for (int a = 2; a < 4; a++) {
        p->src.size[a] = random_between(&s->random, 1, 9) * (to_space ? 1 : block);
    }
    if (random_chance(&s->random, 20)) {
        sweep_spread(s, &p->src);
    }
    return reaches_source(s) && sweep_dst(s, &p->dst);
}

bool sweep_gather(struct sweep *s)
{
    static const int64_t dtypes[] = { CVY_DTYPE_DEFAULT, CVY_I64, CVY_I32 };
    cvy_gather_params *p = &s->out->ref.gather;
    int64_t most;

    s->out->ref.op = REF_GATHER;
    sweep_any_tensor(s, &p->src);
    most = CVY_MAX_RANK + 1 - p->src.rank;
    p->axis = (int32_t)random_between(&s->random, -p->src.rank, p->src.rank - 1);
    p->indices.dtype = (cvy_dtype)sweep_pick(s, dtypes, 3);
    p->indices.layout = random_chance(&s->random, 50) ? CVY_PLAIN : CVY_LAYOUT_DEFAULT;
    p->indices.rank = (int32_t)random_between(&s->random, 1, most < 3 ? most : 3);
    for (int32_t i = 0; i < p->indices.rank; i++) {
        p->indices.size[i] = random_between(&s->random, 1, p->indices.rank == 1 ? 20 : 5);
    }
    if (random_between(&s->random, 1, 50) == 1) {
        p->indices.size[0] = 0;
    }
    return reaches_source(s) && sweep_dst(s, &p->dst);
}
