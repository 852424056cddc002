// Channel shuffles: reshape, transpose and reshape that deal out channels like cards, as ShuffleNet
// has them behind each concatenation. They become weaves, and of those as few are copied as can be:
// a slice of a weave is a weave of slices, and where only convolutions with constant weights read
// one, the order of its channels goes into their weights and it is a plain concatenation.
#include "graph/passes.h"

struct weaving {
    struct cvy_graph *graph;
    struct links links;
    size_t *first;              // into users, by value id
    struct node **users;
};

// Users -------------------------------------------------------------------------------------------

static void users_close(struct weaving *w)
{
    links_close(&w->links);
    free(w->first);
    free(w->users);
    w->first = NULL;
    w->users = NULL;
}

// Puts the node under each value that it reads; `count` first, then `put`.
static void users_of(struct weaving *w, struct node *node, bool put)
{
    for (int k = 0; k < PORT_COUNT; k++) {
        if (put)
            w->users[w->first[node->in[k]]] = node;
        w->first[node->in[k]]++;
    }
    for (size_t k = 0; k < node->src_count; k++) {
        if (put)
            w->users[w->first[node->srcs[k]]] = node;
        w->first[node->srcs[k]]++;
    }
}

static cvy_status users_open(struct weaving *w)
{
    size_t values = w->graph->value_count, total = 0;
    cvy_status st = CVY_OK;

    TRY(links_open(w->graph, &w->links));
    TRY(zalloc((values + 2) * sizeof *w->first, &w->first));
    for (size_t i = 0; i < w->graph->node_count; i++)
        if (!w->graph->nodes[i]->dead)
            users_of(w, w->graph->nodes[i], false);
    for (size_t v = 0; v <= values + 1; v++) {
        size_t count = w->first[v];

        w->first[v] = total;
        total += count;
    }
    TRY(zalloc((total + 1) * sizeof(struct node *), &w->users));
    for (size_t i = 0; i < w->graph->node_count; i++)
        if (!w->graph->nodes[i]->dead)
            users_of(w, w->graph->nodes[i], true);
    // Each entry is where the next one began.
    memmove(w->first + 1, w->first, (values + 1) * sizeof *w->first);
    w->first[0] = 0;
out:
    return st;
}

// How many nodes read a value; none where the network gives it out as well.
static size_t user_count(const struct weaving *w, cvy_value v)
{
    size_t count = w->first[v + 1] - w->first[v];

    return (size_t)w->links.uses[v] == count ? count : 0;
}

static const cvy_desc *shape(const struct weaving *w, cvy_value v)
{
    return &graph_value(w->graph, v)->desc;
}

static struct node *maker_of(const struct weaving *w, cvy_value v)
{
    return w->links.maker[v] ? w->graph->nodes[w->links.maker[v] - 1] : NULL;
}

// Shuffles ----------------------------------------------------------------------------------------

// The maker of a value that nothing else reads, if it is such a node.
static struct node *before(const struct weaving *w, cvy_value v, enum node_op op)
{
    struct node *node = maker_of(w, v);

    return node && node->op == op && w->links.uses[v] == 1 ? node : NULL;
}

// Into how many parts a transposition between reshapes to and from `mid` takes the channels; 0: it
// does something else. mid is [n][parts][count][...], and the two in the middle change places.
static int64_t parts_of_shuffle(const cvy_desc *map, const cvy_desc *mid, const int32_t *order)
{
    if (map->rank < 3 || map->rank > 5 || mid->rank < 4 || mid->size[0] != map->size[0]
        || mid->size[1] * mid->size[2] != map->size[1] || shape_elements(map) == 0)
        return 0;
    for (int i = 0; i < mid->rank; i++)
        if (order[i] != (i == 1 ? 2 : i == 2 ? 1 : i))
            return 0;
    return mid->size[1] <= WEAVE_MAX ? mid->size[1] : 0;
}

// The node reads these from now on.
static cvy_status become_weave(struct node *node, const cvy_value *srcs, int64_t parts)
{
    cvy_value *copy = NULL;
    cvy_status st = zalloc((size_t)parts * sizeof *copy, &copy);

    if (st != CVY_OK)
        return st;
    memcpy(copy, srcs, (size_t)parts * sizeof *copy);
    free(node->srcs);
    node->srcs = copy;
    node->src_count = (size_t)parts;
    node->op = NODE_WEAVE;
    memset(node->in, 0, sizeof node->in);
    return CVY_OK;
}

static cvy_status find_shuffle(struct weaving *w, struct node *node)
{
    const cvy_desc *map = shape(w, node->outs[0]);
    const struct node *turn = before(w, node->in[PORT_SRC], NODE_TRANSPOSE), *split, *join;
    struct weave_params p = { .woven = true };
    cvy_value src, srcs[WEAVE_MAX];
    bool apart;
    cvy_status st = CVY_OK;

    split = turn ? before(w, turn->in[PORT_SRC], NODE_RESHAPE) : NULL;
    if (!split || !shape_same(shape(w, split->in[PORT_SRC]), map))
        return CVY_OK;
    p.parts = parts_of_shuffle(map, shape(w, split->outs[0]), turn->params.transpose.order);
    if (p.parts < 2)
        return CVY_OK;
    src = split->in[PORT_SRC];
    p.count = map->size[1] / p.parts;
    join = maker_of(w, src);
    // Parts that were brought together for it need not be.
    apart = join && join->op == NODE_CONCAT && (int64_t)join->src_count == p.parts
        && (join->params.concat.axis + map->rank) % map->rank == 1;
    for (int64_t j = 0; j < p.parts && apart; j++)
        apart = shape(w, join->srcs[j])->size[1] == p.count;
    for (int64_t j = 0; j < p.parts; j++) {
        srcs[j] = apart ? join->srcs[j] : src;
        p.from[j] = apart ? 0 : j * p.count;
    }
    TRY(become_weave(node, srcs, p.parts));
    node->params.weave = p;
out:
    return st;
}

// Slices ------------------------------------------------------------------------------------------

// Takes whole rounds of channels, and all of the other axes.
static bool slices_rounds(const struct weaving *w, const struct node *slice, int64_t parts)
{
    const cvy_slice_params *p = &slice->params.slice;
    const cvy_desc *in, *out;

    if (slice->op != NODE_SLICE || (p->step[1] != 0 && p->step[1] != 1))
        return false;
    in = shape(w, slice->in[PORT_SRC]);
    out = shape(w, slice->outs[0]);
    if (out->size[1] == 0)
        return false;
    for (int i = 0; i < in->rank; i++)
        if (i != 1 && (in->size[i] != out->size[i] || p->step[i] < 0))
            return false;
    return p->start[1] % parts == 0 && out->size[1] % parts == 0;
}

static cvy_status slice_weave(struct weaving *w, struct node *weave)
{
    cvy_value v = weave->outs[0];
    int64_t parts = weave->params.weave.parts;
    size_t users = user_count(w, v);
    bool all = users > 0;
    cvy_status st = CVY_OK;

    for (size_t i = 0; i < users; i++)
        all = all && slices_rounds(w, w->users[w->first[v] + i], parts);
    for (size_t i = 0; i < users && all && st == CVY_OK; i++) {
        struct node *slice = w->users[w->first[v] + i];
        struct weave_params p = weave->params.weave;
        int64_t start = slice->params.slice.start[1];

        start += start < 0 ? shape(w, v)->size[1] : 0;
        for (int64_t j = 0; j < parts; j++)
            p.from[j] += start / parts;
        p.count = shape(w, slice->outs[0])->size[1] / parts;
        st = become_weave(slice, weave->srcs, parts);
        if (st == CVY_OK)
            slice->params.weave = p;
    }
    return st;
}

// Orders that go into weights -----------------------------------------------------------------

static bool is_float_constant(const struct weaving *w, cvy_value v)
{
    return value_is_constant(w->graph, v) && shape(w, v)->dtype == CVY_F32;
}

// Reads the value as its source alone.
static bool plain_conv(const struct weaving *w, const struct node *node, cvy_value v)
{
    if (node->op != NODE_CONV || node->in[PORT_SRC] != v || node->in[PORT_RESIDUAL] == v
        || node->in[PORT_SLOPE] || !is_float_constant(w, node->in[PORT_WEIGHTS]))
        return false;
    return !node->in[PORT_BIAS] || is_float_constant(w, node->in[PORT_BIAS]);
}

static bool is_dense(const struct weaving *w, const struct node *node, cvy_value v)
{
    return plain_conv(w, node, v) && node->params.conv.groups <= 1;
}

static bool all_dense(const struct weaving *w, cvy_value v)
{
    size_t users = user_count(w, v);

    for (size_t i = 0; i < users; i++)
        if (!is_dense(w, w->users[w->first[v] + i], v))
            return false;
    return users > 0;
}

static bool is_deep(const struct weaving *w, const struct node *node, cvy_value v)
{
    return plain_conv(w, node, v) && node->params.conv.groups == shape(w, v)->size[1]
        && !node->in[PORT_RESIDUAL] && all_dense(w, node->outs[0]);
}

// Channel i of an axis of a constant becomes the one that was order[i]; each is `each` entries.
static cvy_status reorder(struct cvy_graph *graph, cvy_value *constant, int axis,
                          const int64_t *order, int64_t each)
{
    const struct value *old = graph_value(graph, *constant);
    cvy_desc desc = old->desc;
    int64_t inner = each, outer = 1, count = desc.size[axis] / each;
    float *data = NULL;
    cvy_status st = CVY_OK;

    for (int i = 0; i < axis; i++)
        outer *= desc.size[i];
    for (int i = axis + 1; i < desc.rank; i++)
        inner *= desc.size[i];
    TRY(zalloc(MAX(shape_bytes(&desc), 1), &data));
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < count; i++)
            memcpy(data + (o * count + i) * inner,
                   (const float *)old->data + (o * count + order[i]) * inner,
                   (size_t)inner * sizeof *data);
    TRY(graph_value_add(graph, &desc, data, true, constant));
    data = NULL;
out:
    free(data);
    return st;
}

// Readers of `v` take its channels in this order.
static cvy_status reorder_readers(struct weaving *w, cvy_value v, const int64_t *order,
                                  int64_t each)
{
    cvy_status st = CVY_OK;

    for (size_t i = w->first[v]; i < w->first[v + 1] && st == CVY_OK; i++)
        st = reorder(w->graph, &w->users[i]->in[PORT_WEIGHTS], 1, order, each);
    return st;
}

static cvy_status reorder_deep(struct weaving *w, struct node *deep, const int64_t *order)
{
    int64_t each = shape(w, deep->outs[0])->size[1] / deep->params.conv.groups;
    cvy_status st = CVY_OK;

    TRY(reorder(w->graph, &deep->in[PORT_WEIGHTS], 0, order, each));
    if (deep->in[PORT_BIAS])
        TRY(reorder(w->graph, &deep->in[PORT_BIAS], 0, order, each));
    st = reorder_readers(w, deep->outs[0], order, each);
out:
    return st;
}

// A weave that only such convolutions read is a concatenation.
static cvy_status sink_weave(struct weaving *w, struct node *weave)
{
    struct weave_params *p = &weave->params.weave;
    cvy_value v = weave->outs[0];
    size_t users = user_count(w, v);
    int64_t *order = NULL;
    cvy_status st = CVY_OK;

    for (size_t i = 0; i < users; i++)
        if (!is_dense(w, w->users[w->first[v] + i], v)
            && !is_deep(w, w->users[w->first[v] + i], v))
            return CVY_OK;
    if (!users)
        return CVY_OK;
    TRY(zalloc((size_t)(p->parts * p->count) * sizeof *order, &order));
    for (int64_t i = 0; i < p->parts * p->count; i++)
        order[i] = i % p->count * p->parts + i / p->count;
    for (size_t i = 0; i < users; i++) {
        struct node *user = w->users[w->first[v] + i];

        if (user->params.conv.groups > 1)
            TRY(reorder_deep(w, user, order));
        else
            TRY(reorder(w->graph, &user->in[PORT_WEIGHTS], 1, order, 1));
    }
    p->woven = false;
out:
    free(order);
    return st;
}

// Places ------------------------------------------------------------------------------------------

// Whether all that reads `v` are weaves, each of channels on one side of `cut`.
static bool cut_apart(const struct weaving *w, cvy_value v, int64_t cut)
{
    size_t users = user_count(w, v);

    for (size_t i = 0; i < users; i++) {
        const struct node *user = w->users[w->first[v] + i];
        const struct weave_params *p = &user->params.weave;

        for (size_t j = 0; user->op == NODE_WEAVE && j < user->src_count; j++)
            if (user->srcs[j] == v && p->from[j] < cut && p->from[j] + p->count > cut)
                return false;
        if (user->op != NODE_WEAVE)
            return false;
    }
    return users > 0;
}

static void cut_readers(struct weaving *w, cvy_value v, int64_t cut)
{
    int64_t channels = shape(w, v)->size[1];
    struct node *last = NULL;

    for (size_t i = w->first[v]; i < w->first[v + 1]; i++) {
        struct node *user = w->users[i];
        struct weave_params *p = &user->params.weave;

        // One that reads it twice stands here twice in a row.
        for (size_t j = 0; user != last && j < user->src_count; j++)
            if (user->srcs[j] == v)
                p->from[j] += p->from[j] < cut ? channels - cut : -cut;
        last = user;
    }
}

// A concatenation lies where its parts lie if the first ends the memory that it is from and the
// last begins that which it is from. A convolution that makes the last part can put it there.
static cvy_status turn_last(struct weaving *w, struct node *weave)
{
    size_t last = weave->src_count - 1;
    cvy_value v = weave->srcs[last];
    struct node *maker = maker_of(w, v);
    int64_t channels = shape(w, v)->size[1], cut = weave->params.weave.from[last];
    int64_t *order = NULL;
    cvy_status st = CVY_OK;

    if (!maker || cut == 0 || cut + weave->params.weave.count != channels
        || !is_dense(w, maker, maker->in[PORT_SRC]) || maker->in[PORT_RESIDUAL]
        || weave->srcs[0] == v || !cut_apart(w, v, cut))
        return CVY_OK;
    TRY(zalloc((size_t)channels * sizeof *order, &order));
    for (int64_t i = 0; i < channels; i++)
        order[i] = (i + cut) % channels;
    TRY(reorder(w->graph, &maker->in[PORT_WEIGHTS], 0, order, 1));
    if (maker->in[PORT_BIAS])
        TRY(reorder(w->graph, &maker->in[PORT_BIAS], 0, order, 1));
    cut_readers(w, v, cut);
out:
    free(order);
    return st;
}

static size_t index_of(const struct weaving *w, const struct node *node)
{
    return w->links.maker[node->outs[0]] - 1;
}

static bool read_behind(const struct weaving *w, cvy_value v, size_t index)
{
    size_t users = user_count(w, v);

    for (size_t i = 0; i < users; i++)
        if (index_of(w, w->users[w->first[v] + i]) <= index)
            return false;
    return users > 0;
}

// Once the concatenation has brought the sources of a weave together, one copy makes it: of two
// nodes that read the same, the concatenation goes first. Looks at few users, so that many do not
// take long.
static cvy_status put_behind(struct weaving *w, struct node *weave)
{
    cvy_value v = weave->srcs[0];
    size_t first = w->first[v], last = MIN(w->first[v + 1], first + 8), from = index_of(w, weave);

    for (size_t i = first; i < last; i++) {
        struct node *other = w->users[i];
        size_t to = index_of(w, other);

        if (other->op != NODE_WEAVE || other->params.weave.woven || to < from
            || other->src_count != weave->src_count
            || memcmp(other->srcs, weave->srcs, weave->src_count * sizeof *weave->srcs)
            || !read_behind(w, weave->outs[0], to))
            continue;
        w->graph->nodes[from] = other;
        w->graph->nodes[to] = weave;
        w->links.maker[other->outs[0]] = from + 1;
        w->links.maker[weave->outs[0]] = to + 1;
        break;
    }
    return CVY_OK;
}

// The passes --------------------------------------------------------------------------------------

static const struct {
    enum node_op op;
    bool woven;
    cvy_status (*step)(struct weaving *w, struct node *node);
} passes[] = {
    { NODE_RESHAPE, false, find_shuffle }, { NODE_WEAVE, true, slice_weave },
    { NODE_WEAVE, true, sink_weave }, { NODE_WEAVE, false, turn_last },
    { NODE_WEAVE, true, put_behind },
};

static cvy_status pass_node(struct weaving *w, struct node *node, size_t pass)
{
    if (node->dead || node->op != passes[pass].op
        || (node->op == NODE_WEAVE && node->params.weave.woven != passes[pass].woven))
        return CVY_OK;
    return passes[pass].step(w, node);
}

cvy_status weave(struct cvy_graph *graph)
{
    struct weaving w = { .graph = graph };
    size_t live;
    cvy_status st = CVY_OK;

    for (size_t pass = 0; pass < COUNT_OF(passes); pass++) {
        TRY(mark_live(graph, &live));
        TRY(users_open(&w));
        for (size_t i = 0; i < graph->node_count; i++)
            TRY(pass_node(&w, graph->nodes[i], pass));
        users_close(&w);
    }
out:
    users_close(&w);
    return st;
}
