// The reference's front: names, shapes and dispatch. The sums are in reference_conv.c,
// reference_pool.c and reference_misc.c.
#include "reference.h"

#include <stdlib.h>
#include <string.h>

void *ref_alloc(size_t bytes)
{
    void *memory = calloc(bytes == 0 ? 1 : bytes, 1);

    if (memory == NULL) {
        abort();
    }
    return memory;
}

void ref_outputs_free(struct ref_outputs *out)
{
    free(out->value);
    free(out->pre);
    free(out->sum);
    free(out->carried);
    free(out->tolerance);
    free(out->taps);
    free(out->indices);
    *out = (struct ref_outputs) { 0 };
}

void ref_outputs_reserve(struct ref_outputs *out, int64_t count)
{
    if (count > out->capacity || out->value == NULL) {
        size_t n = (size_t)count * 2 + 64;

        ref_outputs_free(out);
        out->value = ref_alloc(n * sizeof *out->value);
        out->pre = ref_alloc(n * sizeof *out->pre);
        out->sum = ref_alloc(n * sizeof *out->sum);
        out->carried = ref_alloc(n * sizeof *out->carried);
        out->tolerance = ref_alloc(n * sizeof *out->tolerance);
        out->taps = ref_alloc(n * sizeof *out->taps);
        out->indices = ref_alloc(n * sizeof *out->indices);
        out->capacity = (int64_t)n;
    }
    out->count = count;
}

const char *ref_op_name(enum ref_op op)
{
    static const char *const names[REF_OP_COUNT] = {
        "conv", "conv_transpose", "pool", "max_unpool", "separable", "linear", "activation",
        "concat", "copy", "softmax",
        [REF_PAD] = "pad", [REF_SLICE] = "slice", [REF_TRANSPOSE] = "transpose",
        [REF_DEPTH_TO_SPACE] = "depth_to_space", [REF_SPACE_TO_DEPTH] = "space_to_depth",
        [REF_GATHER] = "gather", [REF_BATCH_NORM] = "batch_norm",
        [REF_UNARY] = "unary", [REF_BINARY] = "binary", [REF_WHERE] = "where", [REF_CAST] = "cast",
        [REF_INSTANCE_NORM] = "instance_norm", [REF_LRN] = "lrn", [REF_REDUCE] = "reduce",
        [REF_RESIZE] = "resize", [REF_MATMUL] = "matmul",
    };

    return op < REF_OP_COUNT ? names[op] : "unknown";
}

bool ref_moves(enum ref_op op)
{
    return op >= REF_PAD && op <= REF_GATHER;
}

const cvy_desc *ref_src(const struct ref_problem *p)
{
    switch (p->op) {
    case REF_CONV: return &p->conv.src;
    case REF_CONV_TRANSPOSE: return &p->conv_transpose.src;
    case REF_POOL: return &p->pool.src;
    case REF_MAX_UNPOOL: return &p->max_unpool.src;
    case REF_SEPARABLE: return &p->separable.src;
    case REF_LINEAR: return &p->linear.src;
    case REF_ACTIVATION: return &p->activation.src;
    case REF_COPY: return &p->copy.src;
    case REF_SOFTMAX: return &p->softmax.src;
    case REF_PAD: return &p->pad.src;
    case REF_SLICE: return &p->slice.src;
    case REF_TRANSPOSE: return &p->transpose.src;
    case REF_DEPTH_TO_SPACE:
    case REF_SPACE_TO_DEPTH: return &p->block.src;
    case REF_GATHER: return &p->gather.src;
    case REF_BATCH_NORM: return &p->batch_norm.src;
    case REF_INSTANCE_NORM: return &p->instance_norm.src;
    case REF_LRN: return &p->lrn.src;
    case REF_REDUCE: return &p->reduce.src;
    case REF_RESIZE: return &p->resize.src;
    case REF_MATMUL: return &p->matmul.src;
    case REF_UNARY: return &p->unary.src;
    case REF_BINARY: return &p->binary.src;
    case REF_WHERE: return &p->where.src;
    case REF_CAST: return &p->cast.src;
    default: return &p->sources[0];
    }
}

const cvy_desc *ref_src2(const struct ref_problem *p)
{
    return p->op == REF_MATMUL ? &p->matmul.src2 : NULL;
}

const cvy_desc *ref_dst(const struct ref_problem *p)
{
    switch (p->op) {
    case REF_CONV: return &p->conv.dst;
    case REF_CONV_TRANSPOSE: return &p->conv_transpose.dst;
    case REF_POOL: return &p->pool.dst;
    case REF_MAX_UNPOOL: return &p->max_unpool.dst;
    case REF_SEPARABLE: return &p->separable.dst;
    case REF_LINEAR: return &p->linear.dst;
    case REF_ACTIVATION: return &p->activation.dst;
    case REF_COPY: return &p->copy.dst;
    case REF_SOFTMAX: return &p->softmax.dst;
    case REF_PAD: return &p->pad.dst;
    case REF_SLICE: return &p->slice.dst;
    case REF_TRANSPOSE: return &p->transpose.dst;
    case REF_DEPTH_TO_SPACE:
    case REF_SPACE_TO_DEPTH: return &p->block.dst;
    case REF_GATHER: return &p->gather.dst;
    case REF_BATCH_NORM: return &p->batch_norm.dst;
    case REF_INSTANCE_NORM: return &p->instance_norm.dst;
    case REF_LRN: return &p->lrn.dst;
    case REF_REDUCE: return &p->reduce.dst;
    case REF_RESIZE: return &p->resize.dst;
    case REF_MATMUL: return &p->matmul.dst;
    case REF_UNARY: return &p->unary.dst;
    case REF_BINARY: return &p->binary.dst;
    case REF_WHERE: return &p->where.dst;
    case REF_CAST: return &p->cast.dst;
    default: return &p->concat.dst;
    }
}

const cvy_activation *ref_last_activation(const struct ref_problem *p)
{
    switch (p->op) {
    case REF_CONV: return &p->conv.activation;
    case REF_CONV_TRANSPOSE: return &p->conv_transpose.activation;
    case REF_SEPARABLE: return &p->separable.activation2;
    case REF_LINEAR: return &p->linear.activation;
    case REF_ACTIVATION: return &p->activation.activation;
    case REF_BINARY: return &p->binary.activation;
    case REF_BATCH_NORM: return &p->batch_norm.activation;
    case REF_INSTANCE_NORM: return &p->instance_norm.activation;
    case REF_MATMUL: return &p->matmul.activation;
    default: return NULL;
    }
}

int64_t ref_count(const struct ref_shape *shape)
{
    int64_t count = 1;

    for (int32_t i = 0; i < shape->rank; i++) {
        count *= shape->size[i];
    }
    return count;
}

int32_t ref_axis_number(int32_t axis, int32_t rank)
{
    return axis < 0 ? axis + rank : axis;
}

static void shape_of(const cvy_desc *desc, struct ref_shape *out)
{
    out->rank = desc->rank;
    memcpy(out->size, desc->size, sizeof out->size);
}

static void infer_conv(const struct ref_problem *p, struct ref_needs *out)
{
    bool transposed = p->op == REF_CONV_TRANSPOSE;
    struct ref_conv conv;

    if (transposed) {
        ref_conv_transpose_setup(&p->conv_transpose, &conv);
    } else {
        ref_conv_setup(&p->conv, &conv);
    }
    ref_conv_shape(&conv, ref_src(p)->rank, &out->dst);
    out->weights = ref_conv_weights(&conv);
    out->bias = (transposed ? p->conv_transpose.bias : p->conv.bias) ? conv.out_channels : 0;
    out->residual = transposed ? p->conv_transpose.residual : p->conv.residual;
    out->slope = ref_last_activation(p)->kind == CVY_PRELU ? conv.out_channels : 0;
}

static void infer_separable(const cvy_separable_params *p, struct ref_needs *out)
{
    struct ref_conv conv[2];

    ref_separable_setup(p, conv);
    ref_conv_shape(&conv[1], p->src.rank, &out->dst);
    out->weights = ref_conv_weights(&conv[0]);
    out->weights2 = ref_conv_weights(&conv[1]);
    out->bias = p->bias ? conv[0].out_channels : 0;
    out->bias2 = p->bias2 ? conv[1].out_channels : 0;
    out->slope = p->activation2.kind == CVY_PRELU ? conv[1].out_channels : 0;
    out->residual = p->residual;
}

static void infer_pool(const cvy_pool_params *p, struct ref_needs *out)
{
    struct ref_axis axis[REF_AXES];

    ref_pool_setup(p, axis);
    shape_of(&p->src, &out->dst);
    for (int i = 2; i < p->src.rank; i++) {
        out->dst.size[i] = axis[REF_AXES - p->src.rank + i].out;
    }
    out->indices_out = p->indices != CVY_INDICES_NONE;
}

static void infer_linear(const cvy_linear_params *p, struct ref_needs *out)
{
    int64_t features = p->src.size[p->src.rank - 1];

    shape_of(&p->src, &out->dst);
    out->dst.size[p->src.rank - 1] = p->out_features;
    out->weights = features * p->out_features;
    out->bias = p->bias ? p->out_features : 0;
    out->slope = p->activation.kind == CVY_PRELU ? p->out_features : 0;
    out->residual = p->residual;
}

static void infer_concat(const struct ref_problem *p, struct ref_needs *out)
{
    int32_t axis = ref_axis_number(p->concat.axis, p->sources[0].rank);

    shape_of(&p->sources[0], &out->dst);
    for (size_t i = 1; i < p->concat.src_count; i++) {
        out->dst.size[axis] += p->sources[i].size[axis];
    }
}

static void infer_norm(const struct ref_problem *p, struct ref_needs *out)
{
    bool batch = p->op == REF_BATCH_NORM;
    int64_t channels = ref_src(p)->size[1];

    shape_of(ref_src(p), &out->dst);
    out->scale = (batch ? p->batch_norm.scale : p->instance_norm.scale) ? channels : 0;
    out->bias = (batch ? p->batch_norm.bias : p->instance_norm.bias) ? channels : 0;
    out->mean = out->variance = batch ? channels : 0;
    out->slope = ref_last_activation(p)->kind == CVY_PRELU ? channels : 0;
}

bool ref_infer(const struct ref_problem *p, struct ref_needs *out)
{
    bool legal = true;

    *out = (struct ref_needs) { 0 };
    switch (p->op) {
    case REF_CONV:
    case REF_CONV_TRANSPOSE: infer_conv(p, out); break;
    case REF_SEPARABLE: infer_separable(&p->separable, out); break;
    case REF_POOL: infer_pool(&p->pool, out); break;
    case REF_LINEAR: infer_linear(&p->linear, out); break;
    case REF_CONCAT: infer_concat(p, out); break;
    case REF_BATCH_NORM:
    case REF_INSTANCE_NORM: infer_norm(p, out); break;
    case REF_REDUCE: ref_reduce_shape(&p->reduce, &out->dst); break;
    case REF_RESIZE: ref_resize_shape(&p->resize, &out->dst); break;
    case REF_MATMUL: ref_matmul_shape(&p->matmul, &out->dst); break;
    case REF_BINARY:
    case REF_WHERE: legal = ref_broadcast_shape(p, &out->dst); break;
    case REF_MAX_UNPOOL:
        ref_max_unpool_shape(&p->max_unpool, &out->dst);
        out->indices_in = true;
        break;
    case REF_PAD:
    case REF_SLICE:
    case REF_TRANSPOSE:
    case REF_DEPTH_TO_SPACE:
    case REF_SPACE_TO_DEPTH:
    case REF_GATHER:
        ref_move_shape(p, &out->dst);
        out->indices_in = p->op == REF_GATHER;
        break;
    default: shape_of(ref_src(p), &out->dst); break;
    }
    if (p->op == REF_ACTIVATION && p->activation.activation.kind == CVY_PRELU) {
        out->slope = p->activation.num_parameters == 0 ? 1 : p->activation.num_parameters;
    }
    for (int32_t i = 0; i < out->dst.rank; i++) {
        legal = legal && (out->dst.size[i] > 0 ||
                          (out->dst.size[i] == 0 &&
                           (i == 0 || ref_moves(p->op) || ref_element_wise(p->op) ||
                            p->op == REF_MATMUL)));
    }
    return legal;
}

static void run_copy(const struct ref_problem *p, const struct ref_inputs *in,
                     struct ref_outputs *out)
{
    struct ref_shape shape;

    shape_of(ref_src(p), &shape);
    ref_outputs_reserve(out, ref_count(&shape));
    for (int64_t i = 0; i < out->count; i++) {
        ref_store_exact(out, i, in->src[i]);
    }
}

void ref_run(const struct ref_problem *p, const struct ref_inputs *in, struct ref_outputs *out)
{
    switch (p->op) {
    case REF_CONV:
    case REF_CONV_TRANSPOSE: ref_run_conv(p, in, out); break;
    case REF_POOL: ref_run_pool(&p->pool, in, out); break;
    case REF_MAX_UNPOOL: ref_run_max_unpool(&p->max_unpool, in, out); break;
    case REF_SEPARABLE: ref_run_separable(&p->separable, in, out); break;
    case REF_LINEAR: ref_run_linear(&p->linear, in, out); break;
    case REF_ACTIVATION: ref_run_activation(&p->activation, in, out); break;
    case REF_CONCAT: ref_run_concat(p, in, out); break;
    case REF_SOFTMAX: ref_run_softmax(&p->softmax, in, out); break;
    case REF_BATCH_NORM: ref_run_batch_norm(&p->batch_norm, in, out); break;
    case REF_INSTANCE_NORM: ref_run_instance_norm(&p->instance_norm, in, out); break;
    case REF_LRN: ref_run_lrn(&p->lrn, in, out); break;
    case REF_REDUCE: ref_run_reduce(&p->reduce, in, out); break;
    case REF_RESIZE: ref_run_resize(&p->resize, in, out); break;
    case REF_MATMUL: ref_run_matmul(&p->matmul, in, out); break;
    case REF_UNARY: ref_run_unary(&p->unary, in, out); break;
    case REF_BINARY: ref_run_binary(p, in, out); break;
    case REF_WHERE: ref_run_where(p, in, out); break;
    case REF_CAST: ref_run_cast(&p->cast, in, out); break;
    case REF_PAD:
    case REF_SLICE:
    case REF_TRANSPOSE:
    case REF_DEPTH_TO_SPACE:
    case REF_SPACE_TO_DEPTH:
    case REF_GATHER: ref_run_move(p, in, out); break;
    default: run_copy(p, in, out); break;
    }
}
