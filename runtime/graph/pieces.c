// Storages and the pieces that look at them.
#include "graph/lower.h"

cvy_desc dense_in(const cvy_desc *shape, cvy_layout layout)
{
    static const int64_t one[] = { 1 };
    cvy_desc desc = shape->rank == 0 ? shape_of(shape->dtype, 1, one)
                                     : shape_of(shape->dtype, shape->rank, shape->size);
    int64_t stride = 1;

    desc.layout = layout;
    if (layout != CVY_NHWC || desc.rank < 3)
        return desc;
    desc.stride[1] = 1;
    stride = desc.size[1];
    for (int i = desc.rank - 1; i >= 2; i--) {
        desc.stride[i] = stride;
        stride *= MAX(desc.size[i], 1);
    }
    desc.stride[0] = stride;
    return desc;
}

bool same_memory(const cvy_desc *a, const cvy_desc *b)
{
    for (int i = 0; i < a->rank; i++)
        if (a->size[i] > 1 && a->stride[i] != b->stride[i])
            return false;
    return true;
}

cvy_status storage_add(struct lowered *l, enum storage_kind kind, const cvy_desc *desc, int *out)
{
    struct storage storage = { .kind = kind, .desc = *desc, .parent = -1,
                               .bytes = cvy_desc_bytes(desc) };
    cvy_status st = array_reserve(&l->storages, &l->storage_cap, l->storage_count,
                                  sizeof storage);

    if (st != CVY_OK)
        return st;
    l->storages[l->storage_count] = storage;
    *out = (int)l->storage_count++;
    return CVY_OK;
}

cvy_status piece_add(struct lowered *l, const struct piece *piece, int *out)
{
    cvy_status st = array_reserve(&l->pieces, &l->piece_cap, l->piece_count, sizeof *piece);

    if (st != CVY_OK)
        return st;
    l->pieces[l->piece_count] = *piece;
    *out = (int)l->piece_count++;
    return CVY_OK;
}

int storage_root(const struct lowered *l, int storage)
{
    while (l->storages[storage].parent >= 0)
        storage = l->storages[storage].parent;
    return storage;
}

int64_t piece_offset(const struct lowered *l, int piece)
{
    const struct piece *p = &l->pieces[piece];
    const struct storage *root = &l->storages[storage_root(l, p->storage)];
    int64_t offset = 0;

    if (p->rigid)
        return p->begin[0];
    for (int i = 0; i < p->desc.rank; i++) {
        int64_t begin = p->begin[i];

        for (int s = p->storage; l->storages[s].parent >= 0; s = l->storages[s].parent)
            begin += l->storages[s].begin[i];
        offset += begin * root->desc.stride[i];
    }
    return offset;
}

cvy_desc piece_desc(const struct lowered *l, int piece)
{
    const struct piece *p = &l->pieces[piece];
    const struct storage *root = &l->storages[storage_root(l, p->storage)];
    cvy_desc desc = p->desc;

    if (!p->rigid)
        memcpy(desc.stride, root->desc.stride, sizeof desc.stride);
    if (p->parts) {
        memmove(desc.size + 3, desc.size + 2, (size_t)(desc.rank - 2) * sizeof *desc.size);
        memmove(desc.stride + 3, desc.stride + 2, (size_t)(desc.rank - 2) * sizeof *desc.stride);
        desc.rank++;
        desc.layout = CVY_PLAIN;
        desc.size[2] = p->parts;
        desc.stride[2] = p->apart * desc.stride[1];
        desc.stride[1] *= p->step;
    }
    // A stride of an axis of size 1 is free; one of its own keeps checks simple.
    for (int i = 0; i < desc.rank; i++)
        if (desc.size[i] <= 1 && desc.stride[i] == 0)
            desc.stride[i] = 1;
    return desc;
}

bool piece_is_whole(const struct lowered *l, int piece)
{
    const struct piece *p = &l->pieces[piece];
    const struct storage *s = &l->storages[p->storage];
    cvy_desc desc = piece_desc(l, piece);

    return s->parent < 0 && piece_offset(l, piece) == 0
        && shape_elements(&desc) == shape_elements(&s->desc)
        && cvy_desc_bytes(&desc) == cvy_desc_bytes(&s->desc)
        && cvy_desc_bytes(&desc) == shape_bytes(&desc);
}

void lowered_close(struct lowered *l)
{
    for (size_t i = 0; i < l->step_count; i++) {
        struct step_node *step = &l->steps[i];

        cvy_weights_destroy(&step->weights);
        cvy_plan_destroy(&step->plan);
        free(step->srcs);
        if (step->owned)
            node_free(step->node);
    }
    free(l->steps);
    free(l->pieces);
    free(l->storages);
    free(l->inputs);
    free(l->outputs);
    memset(l, 0, sizeof *l);
}
