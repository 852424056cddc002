// The memory plan: lifetimes of storages, and their offsets in the arena.
#include "graph/lower.h"

// Lifetimes ---------------------------------------------------------------------------------------

static void touch(struct lowered *l, int piece, size_t step)
{
    struct storage *s;

    if (piece < 0)
        return;
    s = &l->storages[storage_root(l, l->pieces[piece].storage)];
    if (!s->touched)
        s->first = step;
    s->touched = true;
    s->last = step;
}

static bool is_constant(const struct lowered *l, int piece)
{
    return piece >= 0 && l->storages[l->pieces[piece].storage].kind == STORAGE_CONSTANT;
}

bool step_prepares(const struct lowered *l, const struct step_node *step)
{
    bool any = false;

    for (int i = 0; i < PORT_COUNT; i++) {
        if (!(CONSTANT_PORTS & PORT_BIT(i)) || step->in[i] < 0)
            continue;
        if (!is_constant(l, step->in[i]))
            return false;
        any = true;
    }
    return any;
}

void find_lifetimes(struct lowered *l)
{
    for (size_t i = 0; i < l->step_count; i++) {
        const struct step_node *step = &l->steps[i];
        bool prepared = step_prepares(l, step);    // a run does not need them then

        for (int k = 0; k < PORT_COUNT; k++)
            if (!(prepared && CONSTANT_PORTS & PORT_BIT(k)))
                touch(l, step->in[k], i);
        for (size_t k = 0; k < step->node->src_count; k++)
            touch(l, step->srcs[k], i);
        touch(l, step->outs[0], i);
        touch(l, step->outs[1], i);
    }
}

// Places ------------------------------------------------------------------------------------------

// Largest first, each at the lowest offset where nothing that lives at the same time lies
// (Pisarchyk and Lee, "Efficient memory management for deep neural net inference", greedy by size).
struct sorted {
    struct storage **items;
    size_t count;
};

static int by_size(const void *a, const void *b)
{
    const struct storage *x = *(struct storage *const *)a, *y = *(struct storage *const *)b;

    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return x < y ? -1 : x > y;
}

static bool live_together(const struct storage *a, const struct storage *b)
{
    return a->first <= b->last && b->first <= a->last;
}

// `placed` is sorted by offset.
static size_t lowest_gap(const struct sorted *placed, const struct storage *s)
{
    size_t offset = 0;

    for (size_t i = 0; i < placed->count; i++) {
        const struct storage *other = placed->items[i];

        if (!live_together(s, other))
            continue;
        if (offset + s->bytes <= other->offset)
            break;
        offset = MAX(offset, (size_t)round_up((int64_t)(other->offset + other->bytes),
                                              ARENA_ALIGN));
    }
    return offset;
}

static void insert_by_offset(struct sorted *placed, struct storage *s)
{
    size_t at = placed->count++;

    for (; at > 0 && placed->items[at - 1]->offset > s->offset; at--)
        placed->items[at] = placed->items[at - 1];
    placed->items[at] = s;
}

static bool in_arena(const struct storage *s)
{
    return s->kind == STORAGE_ARENA && s->parent < 0 && s->touched && s->bytes > 0;
}

static void place_constants(struct lowered *l, size_t *bytes)
{
    *bytes = 0;
    for (size_t i = 0; i < l->storage_count; i++) {
        struct storage *s = &l->storages[i];

        if (s->kind != STORAGE_CONSTANT || !s->touched)
            continue;
        s->offset = *bytes;
        *bytes = (size_t)round_up((int64_t)(*bytes + s->bytes), ARENA_ALIGN);
    }
}

cvy_status place_storages(struct lowered *l, size_t *arena_bytes, size_t *constant_bytes)
{
    struct sorted all = { 0 }, placed = { 0 };
    cvy_status st = CVY_OK;

    *arena_bytes = 0;
    place_constants(l, constant_bytes);
    TRY(zalloc((l->storage_count + 1) * sizeof *all.items, &all.items));
    TRY(zalloc((l->storage_count + 1) * sizeof *placed.items, &placed.items));
    for (size_t i = 0; i < l->storage_count; i++)
        if (in_arena(&l->storages[i]))
            all.items[all.count++] = &l->storages[i];
    qsort(all.items, all.count, sizeof *all.items, by_size);
    for (size_t i = 0; i < all.count; i++) {
        struct storage *s = all.items[i];

        s->offset = lowest_gap(&placed, s);
        insert_by_offset(&placed, s);
        *arena_bytes = MAX(*arena_bytes, s->offset + s->bytes);
    }
out:
    free(all.items);
    free(placed.items);
    return st;
}
