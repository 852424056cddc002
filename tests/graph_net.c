// Values and operators of a network, evaluated by the reference as they are added.
#include "graph_net.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What one operator may be wrong by, as a share of its largest value, and what all of them may
// come to: networks that amplify errors by more say nothing.
static const double noise = 1e-6, most_noise = 2e-5;

void net_free(struct net *net)
{
    for (int i = 1; i <= net->value_count; i++) {
        free(net->values[i].data);
        free(net->values[i].noisy);
    }
    ref_outputs_free(&net->scratch);
    ref_outputs_free(&net->noisy_scratch);
    memset(net, 0, sizeof *net);
}

int net_value_add(struct net *net, enum net_from from, cvy_dtype dtype,
                  const struct ref_shape *shape)
{
    struct net_value *value = &net->values[net->value_count + 1];
    size_t bytes = (size_t)ref_count(shape) * sizeof(double);

    if (net->value_count >= NET_VALUES)
        return 0;
    *value = (struct net_value) { .from = from, .dtype = dtype, .shape = *shape,
                                  .exact = from != NET_MADE, .data = ref_alloc(bytes),
                                  .noisy = ref_alloc(bytes) };
    return ++net->value_count;
}

// Problems of the reference -----------------------------------------------------------------------

// A scalar is one element of rank 1.
static cvy_desc desc_of(const struct net *net, int number)
{
    const struct net_value *value = &net->values[number];
    cvy_desc desc = { .dtype = value->dtype, .layout = CVY_NCHW, .rank = value->shape.rank };

    memcpy(desc.size, value->shape.size, sizeof desc.size);
    if (desc.rank == 0) {
        desc.rank = 1;
        desc.size[0] = 1;
    }
    return desc;
}

static void kernel_of(const cvy_desc *weights, int64_t kernel[3])
{
    for (int i = 2; i < weights->rank; i++)
        kernel[i - 2] = weights->size[i];
}

static void fill_layer(const struct net *net, const struct net_op *op, struct ref_problem *p)
{
    cvy_desc src = desc_of(net, op->in[NET_SRC]), weights = desc_of(net, op->in[NET_WEIGHTS]);
    bool bias = op->in[NET_BIAS], residual = op->in[NET_RESIDUAL];

    switch (p->op) {
    case REF_CONV:
        p->conv.src = src;
        p->conv.out_channels = weights.size[0];
        kernel_of(&weights, p->conv.kernel_size);
        p->conv.bias = bias;
        p->conv.residual = residual;
        break;
    case REF_CONV_TRANSPOSE:
        p->conv_transpose.src = src;
        p->conv_transpose.out_channels = weights.size[1]
            * (p->conv_transpose.groups ? p->conv_transpose.groups : 1);
        kernel_of(&weights, p->conv_transpose.kernel_size);
        p->conv_transpose.bias = bias;
        p->conv_transpose.residual = residual;
        break;
    default:
        p->linear.src = src;
        p->linear.out_features = weights.size[0];
        p->linear.bias = bias;
        p->linear.residual = residual;
    }
}

static void fill_norm(const struct net *net, const struct net_op *op, struct ref_problem *p)
{
    cvy_desc src = desc_of(net, op->in[NET_SRC]);

    if (p->op == REF_BATCH_NORM) {
        p->batch_norm.src = src;
        p->batch_norm.scale = op->in[NET_SCALE];
        p->batch_norm.bias = op->in[NET_BIAS];
    } else {
        p->instance_norm.src = src;
        p->instance_norm.scale = op->in[NET_SCALE];
        p->instance_norm.bias = op->in[NET_BIAS];
    }
}

// Operators of more than one source.
static void fill_sources(const struct net *net, const struct net_op *op, struct ref_problem *p)
{
    for (int i = 0; i < op->src_count; i++)
        p->sources[i] = desc_of(net, op->srcs[i]);
    switch (p->op) {
    case REF_CONCAT: p->concat.src_count = (size_t)op->src_count; break;
    case REF_WHERE:
        p->where.condition = p->sources[0];
        p->where.src = p->sources[1];
        p->where.src2 = p->sources[2];
        break;
    case REF_BINARY: p->binary.src2 = desc_of(net, op->in[NET_SRC2]); break;
    case REF_MATMUL:
        p->matmul.src2 = desc_of(net, op->in[NET_SRC2]);
        if (op->in[NET_BIAS])
            p->matmul.bias = desc_of(net, op->in[NET_BIAS]);
        break;
    case REF_GATHER:
        p->gather.indices = desc_of(net, op->in[NET_INDICES]);
        p->gather.indices.rank = net->values[op->in[NET_INDICES]].shape.rank;
        break;
    default: break;
    }
}

static struct ref_problem fill(const struct net *net, const struct net_op *op)
{
    struct ref_problem p = op->problem;

    if (p.op == REF_CONV || p.op == REF_CONV_TRANSPOSE || p.op == REF_LINEAR) {
        fill_layer(net, op, &p);
    } else if (p.op == REF_BATCH_NORM || p.op == REF_INSTANCE_NORM) {
        fill_norm(net, op, &p);
    } else {
        if (op->in[NET_SRC])
            *(cvy_desc *)(uintptr_t)ref_src(&p) = desc_of(net, op->in[NET_SRC]);
        fill_sources(net, op, &p);
    }
    if (p.op == REF_ACTIVATION && op->in[NET_SLOPE])
        p.activation.num_parameters = ref_count(&net->values[op->in[NET_SLOPE]].shape);
    return p;
}

// Evaluation --------------------------------------------------------------------------------------

static uint64_t bits_of(cvy_dtype dtype, double x)
{
    float single = (float)x;
    uint32_t bits;

    if (dtype == CVY_I32 || dtype == CVY_I64 || dtype == CVY_U8 || dtype == CVY_I8)
        return (uint64_t)(int64_t)x;
    if (dtype == CVY_BOOL)
        return x != 0.0;
    memcpy(&bits, &single, sizeof bits);
    return dtype == CVY_F32 ? bits : ref_convert(CVY_F32, bits, dtype);
}

static int64_t *integers_of(const struct net_value *value)
{
    int64_t count = ref_count(&value->shape), *out = ref_alloc((size_t)count * sizeof *out);

    for (int64_t i = 0; i < count; i++)
        out[i] = (int64_t)value->data[i];
    return out;
}

static void run_reference(const struct net *net, const struct net_op *op,
                          const struct ref_problem *p, bool noisy, struct ref_outputs *out)
{
    const double *at[NET_PORTS];
    struct ref_inputs in = { 0 };
    int64_t *indices = NULL, *raw = NULL;

    for (int i = 0; i < NET_PORTS; i++)
        at[i] = !op->in[i] ? NULL : noisy ? net->values[op->in[i]].noisy
                                          : net->values[op->in[i]].data;
    in = (struct ref_inputs) {
        .src = at[NET_SRC], .src2 = at[NET_SRC2], .weights = at[NET_WEIGHTS],
        .bias = at[NET_BIAS], .slope = at[NET_SLOPE], .residual = at[NET_RESIDUAL],
        .scale = at[NET_SCALE], .mean = at[NET_MEAN], .variance = at[NET_VARIANCE] };
    for (int i = 0; i < op->src_count; i++)
        in.sources[i] = noisy ? net->values[op->srcs[i]].noisy : net->values[op->srcs[i]].data;
    if (op->in[NET_INDICES])
        in.indices = indices = integers_of(&net->values[op->in[NET_INDICES]]);
    if (p->op == REF_CAST) {
        int64_t count = ref_count(&net->values[op->in[NET_SRC]].shape);

        in.raw = raw = ref_alloc((size_t)count * sizeof *raw);
        for (int64_t i = 0; i < count; i++)
            raw[i] = (int64_t)bits_of(net->values[op->in[NET_SRC]].dtype, at[NET_SRC][i]);
    }
    ref_run(p, &in, out);
    free(indices);
    free(raw);
}

// Elements in other places, and choices between them: nothing rounds.
static bool keeps_exact(const struct ref_problem *p)
{
    return ref_moves(p->op) || p->op == REF_CONCAT || p->op == REF_WHERE || p->op == REF_CAST
        || p->op == REF_COPY || p->op == REF_MAX_UNPOOL
        || (p->op == REF_BINARY && (ref_compares(p) || p->binary.kind == CVY_MAX
                                    || p->binary.kind == CVY_MIN)
            && p->binary.activation.kind == CVY_NONE)
        || (p->op == REF_UNARY && (p->unary.kind == CVY_ABS || p->unary.kind == CVY_NEG))
        || (p->op == REF_ACTIVATION && (p->activation.activation.kind == CVY_RELU
                                        || p->activation.activation.kind == CVY_RELU6))
        || (p->op == REF_POOL && p->pool.kind == CVY_POOL_MAX)
        || (p->op == REF_REDUCE && p->reduce.kind >= CVY_REDUCE_MAX);
}

// Comparisons and positions jump: their sources must be exact.
static bool jumps(const struct ref_problem *p)
{
    return (p->op == REF_BINARY && ref_compares(p)) || p->op == REF_CAST
        || (p->op == REF_REDUCE && ref_reduces_to_positions(&p->reduce))
        || (p->op == REF_POOL && p->pool.indices != CVY_INDICES_NONE)
        || (p->op == REF_UNARY && p->unary.kind == CVY_THRESHOLDED_RELU);
}

static bool sources_exact(const struct net *net, const struct net_op *op)
{
    bool exact = true;

    for (int i = 0; i < NET_PORTS; i++)
        exact = exact && (!op->in[i] || net->values[op->in[i]].exact);
    for (int i = 0; i < op->src_count; i++)
        exact = exact && net->values[op->srcs[i]].exact;
    return exact;
}

// Whether there is something to compare: numbers of a middling size, not all the same, that errors
// on the way do not blow up.
static bool is_telling(struct net_value *value)
{
    int64_t count = ref_count(&value->shape);
    double worst = 0.0, least = INFINITY, most = -INFINITY;

    for (int64_t i = 0; i < count; i++) {
        if (!isfinite(value->data[i]) || !isfinite(value->noisy[i]))
            return false;
        least = fmin(least, value->data[i]);
        most = fmax(most, value->data[i]);
        worst = fmax(worst, fabs(value->data[i] - value->noisy[i]));
    }
    value->range = fmax(fabs(least), fabs(most));
    if (value->dtype != CVY_F32)
        return true;
    return value->range < 100.0 && value->range > 0.02 && worst <= most_noise * value->range
        && (count < 4 || most - least > 0.02 * value->range);
}

static void store(struct net *net, int number, bool exact)
{
    struct net_value *value = &net->values[number];
    int64_t count = ref_count(&value->shape);
    double most = 0.0;

    for (int64_t i = 0; i < count; i++) {
        value->data[i] = net->scratch.value[i];
        most = fmax(most, fabs(value->data[i]));
    }
    for (int64_t i = 0; i < count; i++)
        value->noisy[i] = net->noisy_scratch.value[i]
            + (exact ? 0.0 : (2.0 * random_unit(&net->random) - 1.0) * noise * most);
    value->exact = exact;
}

// Sizes like the first source's but along the axis.
static bool joins(const struct ref_problem *p, int source)
{
    const cvy_desc *first = &p->sources[0], *other = &p->sources[source];
    int axis = ref_axis_number(p->concat.axis, first->rank);

    for (int i = 0; i < first->rank; i++)
        if (i != axis && other->size[i] != first->size[i])
            return false;
    return other->rank == first->rank;
}

static bool shape_of(const struct net *net, const struct net_op *op, const struct ref_problem *p,
                     struct ref_shape *out)
{
    struct ref_needs needs;
    const struct ref_shape *src = &net->values[op->in[NET_SRC]].shape;

    if (op->kind != NET_OPERATOR) {
        out->rank = op->reshape.rank;
        memcpy(out->size, op->reshape.size, sizeof out->size);
        return op->kind == NET_EXPAND || ref_count(out) == ref_count(src);
    }
    for (int i = 1; p->op == REF_CONCAT && i < op->src_count; i++)
        if (!joins(p, i))
            return false;
    if (!ref_infer(p, &needs))
        return false;
    *out = needs.dst;
    if (p->op == REF_REDUCE && !p->reduce.keep_dims) {
        int left = 0;

        for (int i = 0; i < p->reduce.src.rank; i++)
            left += !p->reduce.axes[i];
        out->rank = left == 0 || left == p->reduce.src.rank ? 0 : out->rank;
    }
    if (p->op == REF_GATHER && p->gather.indices.rank == 0)
        out->rank = p->gather.src.rank - 1;
    if (p->op == REF_BINARY && src->rank == 0
        && net->values[op->in[NET_SRC2]].shape.rank == 0)
        out->rank = 0;
    if ((p->op == REF_UNARY || p->op == REF_ACTIVATION || p->op == REF_CAST) && src->rank == 0)
        out->rank = 0;
    return ref_count(out) > 0 && ref_count(out) <= 4096;
}

// Reshape and expand: the source's elements in order, or repeated.
static void run_own(const struct net *net, const struct net_op *op, const struct ref_shape *dst,
                    bool noisy, struct ref_outputs *out)
{
    const struct net_value *src = &net->values[op->in[NET_SRC]];
    const double *from = noisy ? src->noisy : src->data;

    ref_outputs_reserve(out, ref_count(dst));
    for (int64_t i = 0; i < out->count; i++) {
        int64_t element = 0, rest = i, stride = 1;

        for (int a = dst->rank - 1, b = src->shape.rank - 1; a >= 0; a--, b--) {
            int64_t at = rest % dst->size[a];

            rest /= dst->size[a];
            if (b >= 0 && src->shape.size[b] != 1)
                element += at * stride;
            stride *= b >= 0 ? src->shape.size[b] : 1;
        }
        ref_store_exact(out, i, from[op->kind == NET_EXPAND ? element : i]);
    }
}

static cvy_dtype dtype_of(const struct net *net, const struct net_op *op,
                          const struct ref_problem *p)
{
    int first = op->src_count ? op->srcs[op->src_count > 1 && p->op == REF_WHERE] : op->in[NET_SRC];

    if (op->kind == NET_OPERATOR && p->op == REF_CAST)
        return p->cast.dtype;
    if (op->kind == NET_OPERATOR && p->op == REF_BINARY && ref_compares(p))
        return CVY_BOOL;
    if (op->kind == NET_OPERATOR && p->op == REF_REDUCE && ref_reduces_to_positions(&p->reduce))
        return CVY_I64;
    return net->values[first].dtype;
}

static bool evaluate(struct net *net, const struct net_op *op, const struct ref_problem *p)
{
    struct net_value *out = &net->values[op->outs[0]];
    bool exact = sources_exact(net, op) && (op->kind != NET_OPERATOR || keeps_exact(p));

    if (op->kind == NET_OPERATOR) {
        run_reference(net, op, p, true, &net->noisy_scratch);
        run_reference(net, op, p, false, &net->scratch);
    } else {
        run_own(net, op, &out->shape, true, &net->noisy_scratch);
        run_own(net, op, &out->shape, false, &net->scratch);
    }
    if (net->scratch.count != ref_count(&out->shape))
        return false;
    if (out->dtype == CVY_I64 && p->op == REF_REDUCE)
        for (int64_t i = 0; i < net->scratch.count; i++)
            net->scratch.value[i] = net->noisy_scratch.value[i] = (double)net->scratch.indices[i];
    store(net, op->outs[0], exact);
    for (int64_t i = 0; op->outs[1] && i < net->scratch.count; i++)
        net->values[op->outs[1]].data[i] = net->values[op->outs[1]].noisy[i] =
            (double)net->scratch.indices[i];
    if (op->outs[1])
        net->values[op->outs[1]].exact = true;
    return is_telling(out);
}

int net_op_add(struct net *net, const struct net_op *from)
{
    struct net_op *op = &net->ops[net->op_count];
    struct ref_problem p = { 0 };
    struct ref_shape shape = { 0 };
    int before = net->value_count;

    if (net->op_count >= NET_OPS || net->value_count + 2 > NET_VALUES)
        return 0;
    *op = *from;
    if (op->kind == NET_OPERATOR)
        p = fill(net, op);
    if (op->kind == NET_OPERATOR && jumps(&p) && !sources_exact(net, op))
        return 0;
    if (!shape_of(net, op, &p, &shape))
        return 0;
    op->outs[0] = net_value_add(net, NET_MADE, dtype_of(net, op, &p), &shape);
    if (op->kind == NET_OPERATOR && p.op == REF_POOL && p.pool.indices != CVY_INDICES_NONE)
        op->outs[1] = net_value_add(net, NET_MADE, CVY_I64, &shape);
    if (evaluate(net, op, &p)) {
        net->op_count++;
        return op->outs[0];
    }
    while (net->value_count > before) {
        struct net_value *value = &net->values[net->value_count--];

        free(value->data);
        free(value->noisy);
        *value = (struct net_value) { 0 };
    }
    return 0;
}

// Listing -----------------------------------------------------------------------------------------

const char *net_op_text(const struct net_op *op)
{
    return op->kind == NET_RESHAPE ? "reshape" : op->kind == NET_EXPAND ? "expand"
        : ref_op_name(op->problem.op);
}

static void print_list(const char *name, const int64_t *values, int count)
{
    for (int i = 0; i < count; i++)
        if (values[i]) {
            fprintf(stderr, " %s", name);
            for (int k = 0; k < count; k++)
                fprintf(stderr, "%c%lld", k ? 'x' : ' ', (long long)values[k]);
            return;
        }
}

static void print_params(const struct net_op *op)
{
    const struct ref_problem *p = &op->problem;
    const cvy_activation *act = op->kind == NET_OPERATOR ? ref_last_activation(p) : NULL;

    if (act && act->kind)
        fprintf(stderr, " activation %d (%g, %g)", (int)act->kind, (double)act->alpha,
                (double)act->beta);
    if (op->kind != NET_OPERATOR)
        return;
    switch (p->op) {
    case REF_CONV:
        fprintf(stderr, " groups %d rule %d mode %d", (int)p->conv.groups,
                (int)p->conv.padding_rule, (int)p->conv.padding_mode);
        print_list("stride", p->conv.stride, 3);
        print_list("dilation", p->conv.dilation, 3);
        print_list("padding", p->conv.padding, 3);
        print_list("end", p->conv.padding_end, 3);
        break;
    case REF_POOL:
        fprintf(stderr, " kind %d global %d", (int)p->pool.kind, p->pool.global);
        print_list("kernel", p->pool.kernel_size, 3);
        print_list("stride", p->pool.stride, 3);
        print_list("padding", p->pool.padding, 3);
        break;
    case REF_BINARY: fprintf(stderr, " kind %d", (int)p->binary.kind); break;
    case REF_UNARY: fprintf(stderr, " kind %d", (int)p->unary.kind); break;
    case REF_CONCAT: fprintf(stderr, " axis %d", (int)p->concat.axis); break;
    case REF_SOFTMAX: fprintf(stderr, " axis %d", (int)p->softmax.axis); break;
    case REF_GATHER: fprintf(stderr, " axis %d", (int)p->gather.axis); break;
    case REF_SLICE:
        print_list("start", p->slice.start, 6);
        print_list("step", p->slice.step, 6);
        print_list("size", p->slice.size, 6);
        break;
    case REF_PAD:
        fprintf(stderr, " mode %d value %g", (int)p->pad.mode, (double)p->pad.value);
        print_list("before", p->pad.before, 6);
        print_list("after", p->pad.after, 6);
        break;
    case REF_TRANSPOSE:
        for (int i = 0; i < CVY_MAX_RANK; i++)
            fprintf(stderr, "%s%d", i ? "," : " order ", (int)p->transpose.order[i]);
        break;
    case REF_REDUCE:
        fprintf(stderr, " kind %d keep %d axes", (int)p->reduce.kind, p->reduce.keep_dims);
        for (int i = 0; i < CVY_MAX_RANK; i++)
            fprintf(stderr, "%d", p->reduce.axes[i]);
        break;
    default: break;
    }
}

static void print_value(const struct net *net, int number)
{
    static const char *const dtypes[] = { "?", "f32", "f16", "bf16", "f64", "i8", "u8", "i32",
                                          "i64", "bool" };
    const struct net_value *value = &net->values[number];

    fprintf(stderr, "%%%d %s%s[", number, value->from == NET_CONSTANT ? "constant " : "",
            dtypes[value->dtype]);
    for (int i = 0; i < value->shape.rank; i++)
        fprintf(stderr, "%s%lld", i ? "," : "", (long long)value->shape.size[i]);
    fprintf(stderr, "]");
}

void net_print(const struct net *net, const char *head)
{
    fprintf(stderr, "%s: seed %llu\n", head, (unsigned long long)net->seed);
    for (int i = 1; i <= net->value_count; i++)
        if (net->values[i].from == NET_INPUT) {
            fprintf(stderr, "  input ");
            print_value(net, i);
            fprintf(stderr, "\n");
        }
    for (int i = 0; i < net->op_count; i++) {
        const struct net_op *op = &net->ops[i];

        if (op->cut)
            continue;
        fprintf(stderr, "  ");
        print_value(net, op->outs[0]);
        fprintf(stderr, " = %s", net_op_text(op));
        for (int k = 0; k < NET_PORTS + op->src_count; k++) {
            int in = k < NET_PORTS ? op->in[k] : op->srcs[k - NET_PORTS];

            if (in) {
                fprintf(stderr, k < NET_PORTS && k != NET_SRC ? " port%d:" : " ", k);
                print_value(net, in);
            }
        }
        print_params(op);
        fprintf(stderr, "\n");
    }
    for (int i = 0; i < net->output_count; i++)
        fprintf(stderr, "  output %%%d\n", net->outputs[i]);
}
