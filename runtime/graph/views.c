// Nodes that mostly look at memory in another way: reshape, expand, transpose, slice, concat.
#include "graph/lowering.h"

cvy_status rigid_view(struct lowering *w, int piece, const cvy_desc *desc, int *out)
{
    struct piece view = { .rigid = true, .desc = *desc };

    view.storage = storage_root(w->l, w->l->pieces[piece].storage);
    view.begin[0] = piece_offset(w->l, piece);
    w->l->storages[view.storage].rigid = true;
    return piece_add(w->l, &view, out);
}

// The node's value is `piece`: nothing runs.
static void becomes(struct lowering *w, const struct node *node, bool nhwc, int piece)
{
    consume(w, node);
    set_piece(w, node->outs[0], nhwc, piece);
}

cvy_status lower_reshape(struct lowering *w, struct node *node)
{
    cvy_desc shape = shape_at(w, node->outs[0]), desc = dense_in(&shape, CVY_NCHW);
    int piece;
    cvy_status st = CVY_OK;

    if (desc.rank < 3 || desc.rank > 5)
        desc.layout = CVY_PLAIN;
    TRY(get_dense(w, node->in[PORT_SRC], &piece));
    TRY(rigid_view(w, piece, &desc, &piece));
    becomes(w, node, false, piece);
out:
    return st;
}

// Expand ------------------------------------------------------------------------------------------

// Repeats axis `axis` of a piece, whose size is 1, by gathering its one slice.
static cvy_status repeat_axis(struct lowering *w, const struct node *node, int axis, int64_t count,
                              int *piece)
{
    cvy_desc desc = w->l->pieces[*piece].desc, list = shape_of(CVY_I64, 1, &count);
    struct piece zeros = { .desc = list }, wide;
    struct step_node *step;
    struct node *gather = NULL;
    void *data = NULL;
    cvy_value owner;
    cvy_status st = CVY_OK;

    desc.size[axis] = count;
    desc = shape_of(desc.dtype, desc.rank, desc.size);
    wide = (struct piece) { .desc = desc };
    TRY(zalloc(MAX(shape_bytes(&list), 1), &data));
    TRY(graph_value_add(w->graph, &list, data, true, &owner));
    data = NULL;
    TRY(storage_add(w->l, STORAGE_CONSTANT, &list, &zeros.storage));
    w->l->storages[zeros.storage].data = graph_value(w->graph, owner)->data;
    w->l->storages[zeros.storage].rigid = true;
    TRY(own_node(NODE_GATHER, node->name, &gather));
    gather->number = node->number;
    gather->params.gather.axis = axis;
    TRY(step_add(w, gather, true, &step));
    step->in[PORT_SRC] = *piece;
    gather->in[PORT_SRC] = gather->in[PORT_INDICES] = 1;     // there; pieces say where
    TRY(piece_add(w->l, &zeros, &step->in[PORT_INDICES]));
    TRY(storage_add(w->l, STORAGE_ARENA, &desc, &wide.storage));
    TRY(piece_add(w->l, &wide, &step->outs[0]));
    *piece = step->outs[0];
out:
    free(data);
    return st;
}

cvy_status lower_expand(struct lowering *w, struct node *node)
{
    cvy_desc src = shape_at(w, node->in[PORT_SRC]), out = shape_at(w, node->outs[0]), view;
    int64_t size[CVY_MAX_RANK];
    int piece;
    cvy_status st = CVY_OK;

    for (int i = 0; i < out.rank; i++) {
        int from = i - (out.rank - src.rank);

        size[i] = from < 0 ? 1 : src.size[from];
    }
    view = shape_of(src.dtype, out.rank, size);
    TRY(get_dense(w, node->in[PORT_SRC], &piece));
    TRY(rigid_view(w, piece, &view, &piece));
    for (int i = out.rank - 1; i >= 0; i--)
        if (size[i] != out.size[i])
            TRY(repeat_axis(w, node, i, out.size[i], &piece));
    view = dense_in(&out, CVY_NCHW);
    if (view.rank < 3 || view.rank > 5)
        view.layout = CVY_PLAIN;
    TRY(rigid_view(w, piece, &view, &piece));
    becomes(w, node, false, piece);
out:
    return st;
}

// Transpose ---------------------------------------------------------------------------------------

// Where the transposed tensor lies in memory as NCHW or NHWC would, it is a view.
cvy_status lower_transpose(struct lowering *w, struct node *node, bool *done)
{
    const int32_t *order = node->params.transpose.order;
    cvy_value src = node->in[PORT_SRC];
    cvy_desc out = shape_at(w, node->outs[0]);
    cvy_status st = CVY_OK;

    for (int from = 0; from < 2 && !*done; from++)
        for (int to = 0; to < 2 && !*done; to++) {
            int piece = w->variants[from][src];
            cvy_desc view = dense_in(&out, to == NHWC ? CVY_NHWC : CVY_NCHW), desc;
            cvy_desc turned = view;

            if (piece < 0 || (to == NHWC && (out.rank < 3 || out.rank > 5)))
                continue;
            desc = piece_desc(w->l, piece);
            for (int i = 0; i < out.rank; i++)
                turned.stride[i] = desc.stride[order[i]];
            if (!same_memory(&turned, &view))
                continue;
            if (to == ROW && (out.rank < 3 || out.rank > 5))
                view.layout = CVY_PLAIN;
            TRY(rigid_view(w, piece, &view, &piece));
            becomes(w, node, to == NHWC, piece);
            *done = true;
        }
out:
    return st;
}

// Slice -------------------------------------------------------------------------------------------

cvy_status lower_slice(struct lowering *w, struct node *node, bool *done)
{
    const cvy_slice_params *p = &node->params.slice;
    cvy_value src = node->in[PORT_SRC];
    cvy_desc in = shape_at(w, src), out = shape_at(w, node->outs[0]);
    bool nhwc = is_nhwc(w, src);
    struct piece piece;
    int from;
    cvy_status st = CVY_OK;

    for (int i = 0; i < in.rank; i++)
        if (p->step[i] != 0 && p->step[i] != 1 && out.size[i] > 1)
            return CVY_OK;
    TRY(get_piece(w, src, nhwc, &from));
    piece = w->l->pieces[from];
    for (int i = 0; i < in.rank; i++) {
        int64_t start = p->start[i] < 0 ? p->start[i] + in.size[i] : p->start[i];

        if (piece.rigid)
            piece.begin[0] += start * piece.desc.stride[i];
        else
            piece.begin[i] += start;
        piece.desc.size[i] = out.size[i];
    }
    TRY(piece_add(w->l, &piece, &from));
    becomes(w, node, nhwc, from);
    *done = true;
out:
    return st;
}

// Concat ------------------------------------------------------------------------------------------

struct joining {
    struct lowering *w;
    const struct node *node;
    int *srcs;                  // pieces
    int axis, storage;
    int64_t at;                 // so far, along the axis
    int64_t before;             // where the concatenation begins in the storage
};

// Where a box begins in its root, along an axis.
static int64_t begin_in_root(const struct lowered *l, const struct piece *p, int axis)
{
    int64_t begin = p->begin[axis];

    for (int s = p->storage; l->storages[s].parent >= 0; s = l->storages[s].parent)
        begin += l->storages[s].begin[axis];
    return begin;
}

static bool is_source_root(const struct joining *j, int root)
{
    const struct lowered *l = j->w->l;

    for (size_t i = 0; i < j->node->src_count; i++)
        if (storage_root(l, l->pieces[j->srcs[i]].storage) == root)
            return true;
    return root == j->storage;
}

// A residual and its sum lie alike. Where one of them would come into the concatenation and the
// other would not, it stays and is copied.
static bool parts_residual(const struct joining *j, int root)
{
    const struct lowered *l = j->w->l;

    for (size_t i = 0; i < l->step_count; i++) {
        const struct step_node *step = &l->steps[i];
        int dst, residual;

        if (step->in[PORT_RESIDUAL] < 0)
            continue;
        dst = storage_root(l, l->pieces[step->outs[0]].storage);
        residual = storage_root(l, l->pieces[step->in[PORT_RESIDUAL]].storage);
        if ((dst == root && residual != root && !is_source_root(j, residual))
            || (residual == root && dst != root && !is_source_root(j, dst)))
            return true;
    }
    return false;
}

// Sources from i on that tile a root, in order, such as an earlier and shorter concatenation: their
// number, 0 if there is none. The first of all may begin and the last may end within theirs, whose
// rest then lies before and behind the concatenation.
static size_t tiles_of(const struct joining *j, size_t i)
{
    const struct lowered *l = j->w->l;
    int root = storage_root(l, l->pieces[j->srcs[i]].storage);
    const struct storage *s = &l->storages[root], *whole = &l->storages[j->storage];
    int64_t begin = i == 0 ? begin_in_root(l, &l->pieces[j->srcs[0]], j->axis) : 0, at = begin;

    if (root == j->storage || s->kind != STORAGE_ARENA || s->rigid
        || s->desc.rank != whole->desc.rank
        || s->desc.layout != whole->desc.layout || parts_residual(j, root))
        return 0;
    for (size_t k = i; k < j->node->src_count; k++) {
        const struct piece *p = &l->pieces[j->srcs[k]];

        if (p->rigid || storage_root(l, p->storage) != root)
            return 0;
        for (int a = 0; a < s->desc.rank; a++)
            if (begin_in_root(l, p, a) != (a == j->axis ? at : 0)
                || (a != j->axis && p->desc.size[a] != s->desc.size[a]))
                return 0;
        at += p->desc.size[j->axis];
        if (at == s->desc.size[j->axis])
            return k - i + 1;
    }
    return at > begin ? j->node->src_count - i : 0;
}

static void adopt(struct joining *j, size_t first)
{
    struct lowered *l = j->w->l;
    const struct piece *p = &l->pieces[j->srcs[first]];
    struct storage *s = &l->storages[storage_root(l, p->storage)];

    if (first == 0)
        j->before = begin_in_root(l, p, j->axis);
    s->parent = j->storage;
    memset(s->begin, 0, sizeof s->begin);
    s->begin[j->axis] = j->at;
    j->w->l->storages[j->storage].pending += s->pending;
    j->at += s->desc.size[j->axis];
}

static cvy_status copy_in(struct joining *j, size_t i)
{
    struct lowered *l = j->w->l;
    struct piece box = { .storage = j->storage, .desc = l->storages[j->storage].desc };
    int piece;
    cvy_status st = CVY_OK;

    memset(box.desc.stride, 0, sizeof box.desc.stride);
    box.desc.size[j->axis] = l->pieces[j->srcs[i]].desc.size[j->axis];
    box.begin[j->axis] = j->at;
    j->at += box.desc.size[j->axis];
    if (box.desc.size[j->axis] == 0)
        return CVY_OK;
    TRY(piece_add(l, &box, &piece));
    st = copy_step(j->w, j->node->name, j->srcs[i], piece);
out:
    return st;
}

// The storage has room for what lies before and behind the concatenation.
static void make_room(struct joining *j, int piece)
{
    struct storage *s = &j->w->l->storages[j->storage];

    j->w->l->pieces[piece].begin[j->axis] = j->before;
    if (s->desc.size[j->axis] == j->at)
        return;
    s->desc.size[j->axis] = j->at;
    s->desc = dense_in(&s->desc, s->desc.layout);
    s->bytes = cvy_desc_bytes(&s->desc);
}

static cvy_status concat_pieces(struct joining *j, int piece)
{
    cvy_status st = CVY_OK;

    j->storage = j->w->l->pieces[piece].storage;
    for (size_t i = 0; i < j->node->src_count;) {
        size_t tiles = tiles_of(j, i);

        if (tiles) {
            adopt(j, i);
            i += tiles;
        } else {
            TRY(copy_in(j, i++));
        }
    }
    make_room(j, piece);
out:
    return st;
}

cvy_status lower_concat(struct lowering *w, struct node *node)
{
    cvy_desc out = shape_at(w, node->outs[0]);
    struct joining j = { .w = w, .node = node, .axis = node->params.concat.axis };
    bool nhwc = false;
    int piece;
    cvy_status st = CVY_OK;

    j.axis += j.axis < 0 ? out.rank : 0;
    for (size_t i = 0; i < node->src_count; i++)
        nhwc = nhwc || is_nhwc(w, node->srcs[i]);
    TRY(zalloc(node->src_count * sizeof *j.srcs, &j.srcs));
    for (size_t i = 0; i < node->src_count; i++)
        TRY(get_piece(w, node->srcs[i], nhwc, &j.srcs[i]));
    TRY(new_piece(w, node->outs[0], nhwc, &piece));
    TRY(concat_pieces(&j, piece));
    consume(w, node);
    set_piece(w, node->outs[0], nhwc, piece);
out:
    free(j.srcs);
    return st;
}

// Weave -------------------------------------------------------------------------------------------

// Channels [from, from + count) of a value.
static cvy_status channels_piece(struct lowering *w, cvy_value v, bool nhwc, int64_t from,
                                 int64_t count, int *out)
{
    struct piece piece;
    cvy_status st = CVY_OK;

    TRY(get_piece(w, v, nhwc, out));
    piece = w->l->pieces[*out];
    if (piece.rigid)
        piece.begin[0] += from * piece.desc.stride[1];
    else
        piece.begin[1] += from;
    piece.desc.size[1] = count;
    st = piece_add(w->l, &piece, out);
out:
    return st;
}

// How many channels each source is behind the one before it, all in one memory; 0: they are not.
static int64_t apart_by(const struct lowered *l, const int *srcs, size_t count)
{
    const struct piece *first = &l->pieces[srcs[0]];
    cvy_desc desc = piece_desc(l, srcs[0]);
    int64_t begin = piece_offset(l, srcs[0]);
    int64_t apart = (piece_offset(l, srcs[1]) - begin) / desc.stride[1];

    for (size_t i = 1; i < count; i++) {
        cvy_desc other = piece_desc(l, srcs[i]);

        if (storage_root(l, l->pieces[srcs[i]].storage) != storage_root(l, first->storage)
            || !same_memory(&other, &desc)
            || piece_offset(l, srcs[i]) - begin != (int64_t)i * apart * desc.stride[1])
            return 0;
    }
    return apart >= desc.size[1] ? apart : 0;
}

// One copy of `parts` sources from srcs[i] on to every channel that theirs come to in dst.
static cvy_status weave_copy(const struct joining *j, size_t i, int64_t parts, int64_t apart,
                             int dst)
{
    struct lowered *l = j->w->l;
    struct piece from = l->pieces[j->srcs[i]], to = l->pieces[dst];
    cvy_status st = CVY_OK;

    from.parts = to.parts = parts;
    from.step = to.apart = 1;
    from.apart = apart;
    to.step = (int64_t)j->node->src_count;
    to.begin[1] += (int64_t)i;
    to.desc.size[1] = from.desc.size[1];
    TRY(piece_add(l, &from, &j->srcs[i]));
    TRY(piece_add(l, &to, &dst));
    st = copy_step(j->w, j->node->name, j->srcs[i], dst);
out:
    return st;
}

// Brings the sources into one memory, if that takes no copies.
static cvy_status bring_together(struct joining *j)
{
    int joint;
    cvy_status st = CVY_OK;

    TRY(new_piece(j->w, j->node->outs[0],
                  j->w->l->pieces[j->srcs[0]].desc.layout == CVY_NHWC, &joint));
    j->storage = j->w->l->pieces[joint].storage;
    for (size_t i = 0, tiles; i < j->node->src_count; i += tiles) {
        tiles = tiles_of(j, i);
        if (!tiles)
            return CVY_OK;
    }
    st = concat_pieces(j, joint);
out:
    return st;
}

static cvy_status weave_pieces(struct joining *j, int piece)
{
    size_t count = j->node->src_count;
    int64_t apart = apart_by(j->w->l, j->srcs, count);
    cvy_status st = CVY_OK;

    if (!apart) {
        TRY(bring_together(j));
        apart = apart_by(j->w->l, j->srcs, count);
    }
    if (apart)
        return weave_copy(j, 0, (int64_t)count, apart, piece);
    for (size_t i = 0; i < count; i++)
        TRY(weave_copy(j, i, 1, 1, piece));
out:
    return st;
}

cvy_status lower_weave(struct lowering *w, struct node *node)
{
    const struct weave_params *p = &node->params.weave;
    struct joining j = { .w = w, .node = node, .axis = 1 };
    bool nhwc = false;
    int piece;
    cvy_status st = CVY_OK;

    for (size_t i = 0; i < node->src_count; i++)
        nhwc = nhwc || is_nhwc(w, node->srcs[i]);
    TRY(zalloc(node->src_count * sizeof *j.srcs, &j.srcs));
    for (size_t i = 0; i < node->src_count; i++)
        TRY(channels_piece(w, node->srcs[i], nhwc, p->from[i], p->count, &j.srcs[i]));
    TRY(new_piece(w, node->outs[0], nhwc, &piece));
    TRY(p->woven ? weave_pieces(&j, piece) : concat_pieces(&j, piece));
    consume(w, node);
    set_piece(w, node->outs[0], nhwc, piece);
out:
    free(j.srcs);
    return st;
}

// Reduce ------------------------------------------------------------------------------------------

// Over all pixels and nothing else, in NHWC: a pool with one window, of which the result is a view.
static bool is_global_pool(const struct lowering *w, const struct node *node)
{
    const cvy_reduce_params *p = &node->params.reduce;
    cvy_desc src = shape_at(w, node->in[PORT_SRC]);
    bool all = src.rank >= 3 && src.rank <= 5 && !p->axes[0] && !p->axes[1]
        && shape_elements(&src) > 0;

    for (int i = 2; i < src.rank; i++)
        all = all && p->axes[i];
    return all && is_nhwc(w, node->in[PORT_SRC]) && src.dtype == CVY_F32
        && (p->kind == CVY_REDUCE_MEAN || p->kind == CVY_REDUCE_MAX);
}

cvy_status lower_reduce(struct lowering *w, struct node *node, bool *done)
{
    cvy_desc src = shape_at(w, node->in[PORT_SRC]), out = shape_at(w, node->outs[0]), map = src;
    struct piece piece = { .rigid = false };
    struct step_node *step;
    struct node *pool = NULL;
    int from;
    cvy_status st = CVY_OK;

    if (!is_global_pool(w, node))
        return CVY_OK;
    TRY(get_piece(w, node->in[PORT_SRC], true, &from));
    TRY(own_node(NODE_POOL, node->name, &pool));
    pool->params.pool.kind = node->params.reduce.kind == CVY_REDUCE_MAX ? CVY_POOL_MAX
                                                                        : CVY_POOL_AVERAGE;
    pool->params.pool.global = true;
    for (int i = 2; i < src.rank; i++)
        map.size[i] = 1;
    pool->in[PORT_SRC] = node->in[PORT_SRC];
    TRY(step_add(w, pool, true, &step));
    step->in[PORT_SRC] = from;
    piece.desc = dense_in(&map, CVY_NHWC);
    TRY(storage_add(w->l, STORAGE_ARENA, &piece.desc, &piece.storage));
    TRY(piece_add(w->l, &piece, &step->outs[0]));
    out = dense_in(&out, CVY_NCHW);
    if (out.rank < 3 || out.rank > 5)
        out.layout = CVY_PLAIN;
    TRY(rigid_view(w, step->outs[0], &out, &from));
    becomes(w, node, false, from);
    *done = true;
out:
    return st;
}
