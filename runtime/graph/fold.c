// Nodes of constants, computed on the host: any dtype, one element at a time. This is for shape
// arithmetic and for weights that are laid out anew once, not for speed.
#include "graph/graph.h"
#include "ops/fill.h"

#include <math.h>

// Numbers -----------------------------------------------------------------------------------------

// An element: integers and bools in `i`, floats in `d`.
struct number {
    bool whole;
    int64_t i;
    double d;
};

static double half_number(uint16_t bits, int exponent_bits)
{
    int digits = 15 - exponent_bits, bias = (1 << (exponent_bits - 1)) - 1;
    int exponent = (bits & 0x7fff) >> digits, fraction = bits & ((1 << digits) - 1);
    double value;

    if (exponent == (1 << exponent_bits) - 1)
        value = fraction ? (double)NAN : (double)INFINITY;
    else if (exponent == 0)
        value = ldexp(fraction, 1 - bias - digits);
    else
        value = ldexp(fraction + (1 << digits), exponent - bias - digits);
    return bits & 0x8000 ? -value : value;
}

static struct number number_get(cvy_dtype dtype, const void *data, int64_t i)
{
    switch (dtype) {
    case CVY_F32: return (struct number) { false, 0, (double)((const float *)data)[i] };
    case CVY_F64: return (struct number) { false, 0, ((const double *)data)[i] };
    case CVY_F16: return (struct number) { false, 0, half_number(((const uint16_t *)data)[i], 5) };
    case CVY_BF16:
        return (struct number) { false, 0, half_number(((const uint16_t *)data)[i], 8) };
    case CVY_I8: return (struct number) { true, ((const int8_t *)data)[i], 0.0 };
    case CVY_U8: return (struct number) { true, ((const uint8_t *)data)[i], 0.0 };
    case CVY_I32: return (struct number) { true, ((const int32_t *)data)[i], 0.0 };
    case CVY_I64: return (struct number) { true, ((const int64_t *)data)[i], 0.0 };
    default: return (struct number) { true, ((const uint8_t *)data)[i] != 0, 0.0 };
    }
}

double constant_number(const struct value *value, int64_t i)
{
    struct number n = number_get(value->desc.dtype, value->data, i);

    return n.whole ? (double)n.i : n.d;
}

// To an integer as cast does: towards 0, beyond the range its ends, NaN 0.
static int64_t whole_of(struct number n, int64_t least, int64_t most)
{
    if (n.whole)
        return MIN(MAX(n.i, least), most);
    if (isnan(n.d))
        return 0;
    if (n.d <= (double)least)
        return least;
    return n.d >= (double)most ? most : (int64_t)n.d;
}

static void number_put(cvy_dtype dtype, void *data, int64_t i, struct number n)
{
    double d = n.whole ? (double)n.i : n.d;

    switch (dtype) {
    case CVY_F32: ((float *)data)[i] = n.whole ? (float)n.i : (float)d; break;
    case CVY_F64: ((double *)data)[i] = d; break;
    case CVY_I8: ((int8_t *)data)[i] = (int8_t)whole_of(n, INT8_MIN, INT8_MAX); break;
    case CVY_U8: ((uint8_t *)data)[i] = (uint8_t)whole_of(n, 0, UINT8_MAX); break;
    case CVY_I32: ((int32_t *)data)[i] = (int32_t)whole_of(n, INT32_MIN, INT32_MAX); break;
    case CVY_I64: ((int64_t *)data)[i] = whole_of(n, INT64_MIN, INT64_MAX); break;
    default: ((uint8_t *)data)[i] = n.whole ? n.i != 0 : n.d != 0.0;
    }
}

// What arithmetic gives wraps around, as integers on devices do.
static void number_wrap(cvy_dtype dtype, void *data, int64_t i, struct number n)
{
    if (n.whole && dtype == CVY_I8)
        n.i = (int8_t)n.i;
    if (n.whole && dtype == CVY_U8)
        n.i = (uint8_t)n.i;
    if (n.whole && dtype == CVY_I32)
        n.i = (int32_t)n.i;
    number_put(dtype, data, i, n);
}

// Places ------------------------------------------------------------------------------------------

struct place {
    int64_t at[CVY_MAX_RANK];
};

static void place_next(const cvy_desc *shape, struct place *place)
{
    for (int i = shape->rank - 1; i >= 0; i--) {
        if (++place->at[i] < shape->size[i])
            return;
        place->at[i] = 0;
    }
}

// The element of a tensor that broadcasts to `rank` axes.
static int64_t element_of(const cvy_desc *shape, const struct place *place, int32_t rank)
{
    int64_t element = 0;

    for (int i = 0; i < shape->rank; i++)
        if (shape->size[i] != 1)
            element += place->at[rank - shape->rank + i] * shape->stride[i];
    return element;
}

// One output's element: where from. `element` -1: `fill` (NULL: zeros).
struct source {
    const struct value *value;
    int64_t element;
    const void *fill;
};

struct fold_state {
    const struct cvy_graph *graph;
    const struct node *node;
    const struct value *src, *other;    // src2 or indices
    const cvy_desc *out;
    union node_params p;                // with defaults filled in
};

static struct source from_concat(const struct fold_state *s, struct place place)
{
    int32_t axis = s->p.concat.axis < 0 ? s->p.concat.axis + s->out->rank : s->p.concat.axis;
    struct source source = { .value = graph_value(s->graph, s->node->srcs[0]) };

    for (size_t i = 0; i < s->node->src_count; i++) {
        source.value = graph_value(s->graph, s->node->srcs[i]);
        if (place.at[axis] < source.value->desc.size[axis])
            break;
        place.at[axis] -= source.value->desc.size[axis];
    }
    for (int i = 0; i < s->out->rank; i++)
        source.element += place.at[i] * source.value->desc.stride[i];
    return source;
}

static struct source from_where(const struct fold_state *s, struct place place)
{
    const struct value *condition = graph_value(s->graph, s->node->srcs[0]);
    int64_t at = element_of(&condition->desc, &place, s->out->rank);
    bool yes = number_get(condition->desc.dtype, condition->data, at).i != 0;
    const struct value *value = graph_value(s->graph, s->node->srcs[yes ? 1 : 2]);

    return (struct source) { value, element_of(&value->desc, &place, s->out->rank), NULL };
}

static struct source from_gather(const struct fold_state *s, struct place place)
{
    const cvy_desc *src = &s->src->desc, *indices = &s->other->desc;
    int32_t axis = s->p.gather.axis < 0 ? s->p.gather.axis + src->rank : s->p.gather.axis;
    int64_t at = 0, index;
    struct source source = { .value = s->src };

    for (int i = 0; i < indices->rank; i++)
        at += place.at[axis + i] * indices->stride[i];
    index = number_get(indices->dtype, s->other->data, at).i;
    index += index < 0 ? src->size[axis] : 0;
    if (index < 0 || index >= src->size[axis]) {
        source.element = -1;
        return source;
    }
    for (int i = 0; i < src->rank; i++) {
        int from = i < axis ? i : i + indices->rank - 1;

        source.element += (i == axis ? index : place.at[from]) * src->stride[i];
    }
    return source;
}

static struct source from_pad(const struct fold_state *s, struct place place)
{
    struct source source = { .value = s->src, .fill = &s->p.pad.value };

    for (int i = 0; i < s->out->rank; i++) {
        int64_t at = place.at[i] - s->p.pad.before[i];

        if (at < 0 || at >= s->src->desc.size[i]) {
            source.element = -1;
            return source;
        }
        source.element += at * s->src->desc.stride[i];
    }
    return source;
}

static struct source source_of(const struct fold_state *s, const struct place *place, int64_t i)
{
    struct source source = { .value = s->src, .element = i };
    const cvy_desc *src = s->src ? &s->src->desc : NULL;

    switch (s->node->op) {
    case NODE_CONCAT: return from_concat(s, *place);
    case NODE_WHERE: return from_where(s, *place);
    case NODE_GATHER: return from_gather(s, *place);
    case NODE_PAD: return from_pad(s, *place);
    case NODE_EXPAND:
        source.element = element_of(src, place, s->out->rank);
        return source;
    case NODE_TRANSPOSE:
        source.element = 0;
        for (int k = 0; k < src->rank; k++)
            source.element += place->at[k] * src->stride[s->p.transpose.order[k]];
        return source;
    case NODE_SLICE:
        source.element = 0;
        for (int k = 0; k < src->rank; k++)
            source.element += (s->p.slice.start[k] + place->at[k] * s->p.slice.step[k])
                * src->stride[k];
        return source;
    default:
        return source;          // reshape
    }
}

static void fold_moves(const struct fold_state *s, void *data)
{
    size_t bytes = cvy_dtype_bytes(s->out->dtype);
    int64_t elements = shape_elements(s->out);
    struct place place = { { 0 } };

    for (int64_t i = 0; i < elements; i++) {
        struct source source = source_of(s, &place, i);
        char *to = (char *)data + (size_t)i * bytes;

        if (source.element >= 0)
            memcpy(to, (const char *)source.value->data + (size_t)source.element * bytes, bytes);
        else if (source.fill)
            number_put(s->out->dtype, data, i,
                       (struct number) { false, 0, (double)*(const float *)source.fill });
        else
            memset(to, 0, bytes);
        place_next(s->out, &place);
    }
}

// Arithmetic --------------------------------------------------------------------------------------

static double unary_number(const cvy_unary_params *p, double x)
{
    double alpha = p->alpha != 0.0f ? (double)p->alpha : 1.0;

    switch (p->kind) {
    case CVY_ABS: return fabs(x);
    case CVY_NEG: return -x;
    case CVY_EXP: return exp(x);
    case CVY_LOG: return log(x);
    case CVY_SQRT: return sqrt(x);
    case CVY_RECIPROCAL: return 1.0 / x;
    case CVY_ERF: return erf(x);
    case CVY_SOFTSIGN: return x / (1.0 + fabs(x));
    case CVY_FLOOR: return floor(x);
    case CVY_CEIL: return ceil(x);
    case CVY_ROUND: return rint(x);
    default: return x <= alpha ? 0.0 : x;
    }
}

static struct number unary_fold(const cvy_unary_params *p, struct number x)
{
    uint64_t bits = (uint64_t)x.i;

    if (x.whole && (p->kind == CVY_NEG || (p->kind == CVY_ABS && x.i < 0)))
        return (struct number) { true, (int64_t)(0 - bits), 0.0 };
    if (x.whole && (p->kind == CVY_ABS || p->kind == CVY_FLOOR || p->kind == CVY_CEIL
                    || p->kind == CVY_ROUND))
        return x;
    return (struct number) { false, 0, unary_number(p, x.whole ? (double)x.i : x.d) };
}

// By squares, wrapping around; towards 0 where the exponent is negative.
static int64_t whole_power(int64_t a, int64_t b)
{
    uint64_t power = 1, square = (uint64_t)a;

    if (b < 0)
        return a == 1 || a == -1 ? (b % 2 ? a : 1) : 0;
    for (; b; b >>= 1, square *= square)
        if (b & 1)
            power *= square;
    return (int64_t)power;
}

// Wraps around; a division by 0 gives 0.
static int64_t whole_binary(cvy_binary_kind kind, int64_t a, int64_t b)
{
    uint64_t x = (uint64_t)a, y = (uint64_t)b;

    switch (kind) {
    case CVY_ADD: return (int64_t)(x + y);
    case CVY_SUB: return (int64_t)(x - y);
    case CVY_MUL: return (int64_t)(x * y);
    case CVY_DIV: return b == 0 ? 0 : b == -1 ? (int64_t)(0 - x) : a / b;
    case CVY_MAX: return MAX(a, b);
    case CVY_MIN: return MIN(a, b);
    case CVY_POW: return whole_power(a, b);
    case CVY_EQUAL: return a == b;
    case CVY_NOT_EQUAL: return a != b;
    case CVY_LESS: return a < b;
    case CVY_LESS_EQUAL: return a <= b;
    case CVY_GREATER: return a > b;
    default: return a >= b;
    }
}

static double real_binary(cvy_binary_kind kind, double a, double b)
{
    switch (kind) {
    case CVY_ADD: return a + b;
    case CVY_SUB: return a - b;
    case CVY_MUL: return a * b;
    case CVY_DIV: return a / b;
    case CVY_MAX: return isnan(a) || a > b ? a : b;
    case CVY_MIN: return isnan(a) || a < b ? a : b;
    case CVY_POW: return pow(a, b);
    case CVY_EQUAL: return a == b;
    case CVY_NOT_EQUAL: return a != b;
    case CVY_LESS: return a < b;
    case CVY_LESS_EQUAL: return a <= b;
    case CVY_GREATER: return a > b;
    default: return a >= b;
    }
}

static void fold_numbers(const struct fold_state *s, void *data)
{
    int64_t elements = shape_elements(s->out);
    struct place place = { { 0 } };

    for (int64_t i = 0; i < elements; i++) {
        int64_t at = element_of(&s->src->desc, &place, s->out->rank);
        struct number a = number_get(s->src->desc.dtype, s->src->data, at), b;

        if (s->node->op == NODE_UNARY)
            a = unary_fold(&s->p.unary, a);
        if (s->node->op == NODE_BINARY) {
            at = element_of(&s->other->desc, &place, s->out->rank);
            b = number_get(s->other->desc.dtype, s->other->data, at);
            if (a.whole && b.whole)
                a.i = whole_binary(s->p.binary.kind, a.i, b.i);
            else
                a.d = real_binary(s->p.binary.kind, a.d, b.d);
        }
        if (s->node->op == NODE_CAST)
            number_put(s->out->dtype, data, i, a);
        else
            number_wrap(s->out->dtype, data, i, a);
        place_next(s->out, &place);
    }
}

static void reduce_add(cvy_reduce_kind kind, struct number x, struct number *sum)
{
    if (kind == CVY_REDUCE_MAX) {
        if (x.whole ? x.i > sum->i : isnan(x.d) || x.d > sum->d)
            *sum = x;
    } else if (kind == CVY_REDUCE_MIN) {
        if (x.whole ? x.i < sum->i : isnan(x.d) || x.d < sum->d)
            *sum = x;
    } else {
        sum->i = (int64_t)((uint64_t)sum->i + (uint64_t)x.i);
        sum->d += x.d;
    }
}

static struct number reduce_start(cvy_dtype dtype, cvy_reduce_kind kind)
{
    bool whole = dtype > CVY_F64;

    if (kind == CVY_REDUCE_MAX)
        return (struct number) { whole, INT64_MIN, -(double)INFINITY };
    if (kind == CVY_REDUCE_MIN)
        return (struct number) { whole, INT64_MAX, (double)INFINITY };
    return (struct number) { whole, 0, 0.0 };
}

static struct number reduce_end(cvy_reduce_kind kind, struct number n, int64_t count)
{
    if (kind == CVY_REDUCE_MEAN) {
        n.i = count ? n.i / count : 0;
        n.d /= (double)count;
    }
    return n;
}

static cvy_status fold_reduce(const struct fold_state *s, void *data)
{
    const cvy_reduce_params *p = &s->p.reduce;
    const cvy_desc *src = &s->src->desc;
    int64_t outs = shape_elements(s->out), elements = shape_elements(src), stride[CVY_MAX_RANK];
    int64_t next = 1;
    bool all = true;
    struct number *sums = NULL;
    struct place place = { { 0 } };
    cvy_status st = zalloc((size_t)MAX(outs, 1) * sizeof *sums, &sums);

    if (st != CVY_OK)
        return st;
    for (int i = 0; i < src->rank; i++)
        all = all && !p->axes[i];
    for (int i = src->rank - 1; i >= 0; i--) {
        bool goes = all || p->axes[i];

        stride[i] = goes ? 0 : next;
        next *= goes ? 1 : src->size[i];
    }
    for (int64_t i = 0; i < outs; i++)
        sums[i] = reduce_start(src->dtype, p->kind);
    for (int64_t i = 0; i < elements; i++) {
        int64_t to = 0;

        for (int k = 0; k < src->rank; k++)
            to += place.at[k] * stride[k];
        reduce_add(p->kind, number_get(src->dtype, s->src->data, i), &sums[to]);
        place_next(src, &place);
    }
    for (int64_t i = 0; i < outs; i++)
        number_wrap(s->out->dtype, data, i, reduce_end(p->kind, sums[i], elements / outs));
    free(sums);
    return CVY_OK;
}

// The node ----------------------------------------------------------------------------------------

static bool op_folds(const struct node *node)
{
    switch (node->op) {
    case NODE_UNARY:
    case NODE_WHERE:
    case NODE_GATHER:
    case NODE_CONCAT:
    case NODE_SLICE:
    case NODE_TRANSPOSE:
    case NODE_RESHAPE:
    case NODE_EXPAND:
        return true;
    case NODE_CAST:
        return node->params.cast.dtype != CVY_F16 && node->params.cast.dtype != CVY_BF16;
    case NODE_BINARY:
        return node->params.binary.activation.kind == CVY_NONE;
    case NODE_REDUCE:
        return node->params.reduce.kind < CVY_REDUCE_ARGMAX;
    case NODE_PAD:
        return node->params.pad.mode == CVY_ZEROS;
    default:
        return false;
    }
}

bool fold_can(const struct cvy_graph *graph, const struct node *node)
{
    if (!op_folds(node))
        return false;
    for (int i = 0; i < PORT_COUNT; i++)
        if (node->in[i] && !value_is_constant(graph, node->in[i]))
            return false;
    for (size_t i = 0; i < node->src_count; i++)
        if (!value_is_constant(graph, node->srcs[i]))
            return false;
    return true;
}

// Operators whose dtype is half a float keep it in moves only.
static bool half(const struct value *value)
{
    return value && (value->desc.dtype == CVY_F16 || value->desc.dtype == CVY_BF16);
}

cvy_status fold(const struct cvy_graph *graph, const struct node *node, const cvy_desc *out,
                void **data)
{
    cvy_value other = node->in[PORT_SRC2] ? node->in[PORT_SRC2] : node->in[PORT_INDICES];
    struct fold_state s = { graph, node, graph_value(graph, node->in[PORT_SRC]),
                            graph_value(graph, other), out, node->params };
    cvy_status st = CVY_OK;

    *data = NULL;
    if (node->op == NODE_SLICE) {
        s.p.slice.src = s.src->desc;
        s.p.slice.src.dtype = CVY_F32;
        TRY(slice_fill(&s.p.slice));
    }
    if (half(s.src) && (node->op == NODE_UNARY || node->op == NODE_BINARY
                        || node->op == NODE_REDUCE || node->op == NODE_PAD))
        TRY(fail(CVY_ERR_UNSUPPORTED, "constants of 16-bit floats are moved and cast only"));
    TRY(zalloc(MAX(shape_bytes(out), 1), data));
    if (node->op == NODE_REDUCE)
        TRY(fold_reduce(&s, *data));
    else if (node->op == NODE_UNARY || node->op == NODE_BINARY || node->op == NODE_CAST)
        fold_numbers(&s, *data);
    else
        fold_moves(&s, *data);
out:
    if (st != CVY_OK) {
        free(*data);
        *data = NULL;
    }
    return st;
}
