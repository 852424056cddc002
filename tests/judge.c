// The judge: one problem through the public API, then every promise checked.
#include "judge.h"

#include "judge_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REDRAWS = 40 };

struct judge {
    cvy_context *context;
    cvy_queue *queue;
    struct memory_slot slots[SLOT_COUNT];
    struct ref_outputs ref;
};

struct judge *judge_create(cvy_context *context, cvy_queue *queue)
{
    struct judge *judge = ref_alloc(sizeof *judge);

    judge->context = context;
    judge->queue = queue;
    return judge;
}

void judge_destroy(struct judge **judge)
{
    if (*judge == NULL) {
        return;
    }
    for (int i = 0; i < SLOT_COUNT; i++) {
        memory_close(&(*judge)->slots[i]);
    }
    ref_outputs_free(&(*judge)->ref);
    free(*judge);
    *judge = NULL;
}

cvy_status judge_open(const char *device, struct judge_device *out)
{
    cvy_context_params params = { .device = device, .compile = CVY_COMPILE_LAZY };
    cvy_status st = cvy_context_create(&params, &out->context);

    out->queue = NULL;
    out->judge = NULL;
    if (st == CVY_OK) {
        st = cvy_context_device_info(out->context, &out->info);
    }
    if (st == CVY_OK) {
        st = cvy_queue_create(out->context, NULL, &out->queue);
    }
    if (st != CVY_OK) {
        cvy_context_destroy(&out->context);
        return st;
    }
    out->judge = judge_create(out->context, out->queue);
    return CVY_OK;
}

void judge_close(struct judge_device *device)
{
    judge_destroy(&device->judge);
    cvy_queue_destroy(&device->queue);
    cvy_context_destroy(&device->context);
}

static void dense_strides(cvy_desc *desc)
{
    int64_t pitch = 1;

    if (desc->layout == CVY_NHWC && desc->rank > 1) {
        desc->stride[1] = 1;
        pitch = desc->size[1];
    }
    for (int32_t a = desc->rank - 1; a >= 0; a--) {
        if (desc->layout != CVY_NHWC || a != 1) {
            desc->stride[a] = pitch;
            pitch *= desc->size[a];
        }
    }
}

cvy_desc judge_dense(const cvy_desc *desc)
{
    cvy_desc out = *desc;
    bool strided = false;

    for (int32_t a = 0; a < desc->rank; a++) {
        strided = strided || desc->stride[a] != 0;
    }
    if (!strided) {
        dense_strides(&out);
    }
    return out;
}

bool judge_dst(const struct judge_problem *p, cvy_desc *out)
{
    const cvy_desc *asked = ref_dst(&p->ref), *src = ref_src(&p->ref);
    struct ref_needs needs;
    bool legal = ref_infer(&p->ref, &needs);

    *out = *asked;
    out->dtype = ref_dst_dtype(&p->ref);
    out->layout = asked->layout != CVY_LAYOUT_DEFAULT ? asked->layout :
                  p->ref.op == REF_REDUCE && !p->ref.reduce.keep_dims ? CVY_PLAIN :
                  p->ref.op == REF_MATMUL && needs.dst.rank > 2 ? CVY_PLAIN :
                  src->layout != CVY_LAYOUT_DEFAULT ? src->layout : CVY_NCHW;
    out->rank = needs.dst.rank;
    memcpy(out->size, needs.dst.size, sizeof out->size);
    *out = judge_dense(out);
    return legal;
}

static cvy_status create_plan(cvy_context *c, const struct ref_problem *p,
                              const cvy_plan_options *options, cvy_plan **plan)
{
    struct ref_problem copy = *p;

    switch (p->op) {
    case REF_CONV:
        copy.conv.options = options;
        return cvy_conv_create(c, &copy.conv, plan);
    case REF_CONV_TRANSPOSE:
        copy.conv_transpose.options = options;
        return cvy_conv_transpose_create(c, &copy.conv_transpose, plan);
    case REF_POOL:
        copy.pool.options = options;
        return cvy_pool_create(c, &copy.pool, plan);
    case REF_MAX_UNPOOL:
        copy.max_unpool.options = options;
        return cvy_max_unpool_create(c, &copy.max_unpool, plan);
    case REF_SEPARABLE:
        copy.separable.options = options;
        return cvy_separable_create(c, &copy.separable, plan);
    case REF_LINEAR:
        copy.linear.options = options;
        return cvy_linear_create(c, &copy.linear, plan);
    case REF_ACTIVATION:
        copy.activation.options = options;
        return cvy_activation_create(c, &copy.activation, plan);
    case REF_CONCAT:
        copy.concat.srcs = copy.sources;
        copy.concat.options = options;
        return cvy_concat_create(c, &copy.concat, plan);
    case REF_COPY:
        copy.copy.options = options;
        return cvy_copy_create(c, &copy.copy, plan);
    case REF_PAD:
        copy.pad.options = options;
        return cvy_pad_create(c, &copy.pad, plan);
    case REF_SLICE:
        copy.slice.options = options;
        return cvy_slice_create(c, &copy.slice, plan);
    case REF_TRANSPOSE:
        copy.transpose.options = options;
        return cvy_transpose_create(c, &copy.transpose, plan);
    case REF_DEPTH_TO_SPACE:
        copy.block.options = options;
        return cvy_depth_to_space_create(c, &copy.block, plan);
    case REF_SPACE_TO_DEPTH:
        copy.block.options = options;
        return cvy_space_to_depth_create(c, &copy.block, plan);
    case REF_GATHER:
        copy.gather.options = options;
        return cvy_gather_create(c, &copy.gather, plan);
    case REF_BATCH_NORM:
        copy.batch_norm.options = options;
        return cvy_batch_norm_create(c, &copy.batch_norm, plan);
    case REF_INSTANCE_NORM:
        copy.instance_norm.options = options;
        return cvy_instance_norm_create(c, &copy.instance_norm, plan);
    case REF_LRN:
        copy.lrn.options = options;
        return cvy_lrn_create(c, &copy.lrn, plan);
    case REF_REDUCE:
        copy.reduce.options = options;
        return cvy_reduce_create(c, &copy.reduce, plan);
    case REF_UNARY:
        copy.unary.options = options;
        return cvy_unary_create(c, &copy.unary, plan);
    case REF_BINARY:
        copy.binary.options = options;
        return cvy_binary_create(c, &copy.binary, plan);
    case REF_WHERE:
        copy.where.options = options;
        return cvy_where_create(c, &copy.where, plan);
    case REF_CAST:
        copy.cast.options = options;
        return cvy_cast_create(c, &copy.cast, plan);
    case REF_RESIZE:
        copy.resize.options = options;
        return cvy_resize_create(c, &copy.resize, plan);
    case REF_MATMUL:
        copy.matmul.options = options;
        return cvy_matmul_create(c, &copy.matmul, plan);
    default:
        copy.softmax.options = options;
        return cvy_softmax_create(c, &copy.softmax, plan);
    }
}

static cvy_status open_slot(struct judge *j, enum judge_slot slot, const cvy_desc *desc,
                            struct judge_random *r)
{
    static const int64_t shifts[] = { 0, 1, 2, 3, 5, 16, 64 };
    size_t element = cvy_dtype_bytes(desc->dtype == CVY_DTYPE_DEFAULT ? CVY_F32 : desc->dtype);
    size_t shift = (size_t)shifts[random_between(r, 0, 6)] * element;

    return memory_open(&j->slots[slot], j->context, desc, CANARY_BYTES + shift);
}

static cvy_status open_vector(struct judge *j, enum judge_slot slot, int64_t count,
                              struct judge_random *r)
{
    cvy_desc desc = { .dtype = CVY_F32, .layout = CVY_PLAIN, .rank = 1, .size = { count } };

    return count == 0 ? CVY_OK : open_slot(j, slot, &desc, r);
}

static cvy_dtype or_i64(cvy_dtype dtype)
{
    return dtype == CVY_DTYPE_DEFAULT ? CVY_I64 : dtype;
}

// Dense, in the layout of the tensor that they belong to; those of gather are one of their own.
static cvy_desc indices_desc(const struct judge_problem *p, const cvy_desc *dst)
{
    bool pool = p->ref.op == REF_POOL;
    cvy_desc desc = pool ? *dst : p->ref.max_unpool.src;

    if (p->ref.op == REF_GATHER) {
        desc = p->ref.gather.indices;
        desc.dtype = or_i64(desc.dtype);
        return judge_dense(&desc);
    }
    desc.dtype = or_i64(pool ? p->ref.pool.indices_dtype : p->ref.max_unpool.indices_dtype);
    memset(desc.stride, 0, sizeof desc.stride);
    return judge_dense(&desc);
}

static cvy_status first_failure(const cvy_status *list, int count)
{
    for (int i = 0; i < count; i++) {
        if (list[i] != CVY_OK) {
            return list[i];
        }
    }
    return CVY_OK;
}

static cvy_status open_bias(struct trial *t, struct judge_random *r)
{
    const struct ref_problem *p = &t->problem->ref;

    if (p->op != REF_MATMUL) {
        return open_vector(t->judge, SLOT_BIAS, t->needs.bias, r);
    }
    return p->matmul.bias.rank == 0 ? CVY_OK :
           open_slot(t->judge, SLOT_BIAS, &p->matmul.bias, r);
}

// Of an operator that broadcasts; where's three are sources.
static cvy_status open_broadcast(struct trial *t, struct judge_random *r)
{
    const struct ref_problem *p = &t->problem->ref;
    const cvy_desc *sources[3];
    int count = ref_broadcast_sources(p, sources);
    int slot = p->op == REF_WHERE ? SLOT_SOURCES : SLOT_SRC;
    cvy_status st = CVY_OK;

    for (int i = 0; st == CVY_OK && i < count; i++) {
        cvy_desc desc = *sources[i];

        if (desc.layout == CVY_LAYOUT_DEFAULT) {
            desc.layout = ref_src(p)->layout;
        }
        if (p->op == REF_WHERE && i == 0) {
            desc.dtype = CVY_BOOL;
        }
        st = open_slot(t->judge, (enum judge_slot)(slot + i), &desc, r);
    }
    return st;
}

static cvy_status open_sources(struct trial *t, struct judge_random *r)
{
    const struct ref_problem *p = &t->problem->ref;
    cvy_status st = CVY_OK;

    if (p->op == REF_BINARY || p->op == REF_WHERE) {
        return open_broadcast(t, r);
    }
    if (p->op != REF_CONCAT) {
        st = open_slot(t->judge, SLOT_SRC, ref_src(p), r);
        return st == CVY_OK && ref_src2(p) != NULL ?
               open_slot(t->judge, SLOT_SRC2, ref_src2(p), r) : st;
    }
    for (size_t i = 0; st == CVY_OK && i < p->concat.src_count; i++) {
        st = open_slot(t->judge, (enum judge_slot)(SLOT_SOURCES + i), &p->sources[i], r);
    }
    return st;
}

static cvy_status open_slots(struct trial *t)
{
    struct judge *j = t->judge;
    struct judge_random r = { t->problem->seed ^ 0x5eed };
    enum judge_slot residual = data_residual_slot(t->problem), dst = data_dst_slot(t->problem);
    cvy_desc indices = { 0 };

    if (t->needs.indices_in || t->needs.indices_out) {
        indices = indices_desc(t->problem, &t->dst);
    }
    for (int i = 0; i < SLOT_COUNT; i++) {
        j->slots[i].used = false;
    }
    cvy_status list[] = {
        open_sources(t, &r),
        open_vector(j, SLOT_WEIGHTS, t->needs.weights, &r),
        open_bias(t, &r),
        open_vector(j, SLOT_WEIGHTS2, t->needs.weights2, &r),
        open_vector(j, SLOT_BIAS2, t->needs.bias2, &r),
        open_vector(j, SLOT_SLOPE, t->needs.slope, &r),
        open_vector(j, SLOT_SCALE, t->needs.scale, &r),
        open_vector(j, SLOT_MEAN, t->needs.mean, &r),
        open_vector(j, SLOT_VARIANCE, t->needs.variance, &r),
        indices.rank > 0 ? open_slot(j, SLOT_INDICES, &indices, &r) : CVY_OK,
        t->needs.residual && residual == SLOT_RESIDUAL ?
            open_slot(j, SLOT_RESIDUAL, &t->dst, &r) : CVY_OK,
        dst == SLOT_DST ? open_slot(j, SLOT_DST, &t->dst, &r) : CVY_OK,
    };
    return first_failure(list, sizeof list / sizeof list[0]);
}

static void fill_inputs(const struct trial *t, struct ref_inputs *in)
{
    struct memory_slot *s = t->judge->slots;

    *in = (struct ref_inputs) { .src = s[SLOT_SRC].doubles, .weights = s[SLOT_WEIGHTS].doubles };
    in->src2 = s[SLOT_SRC2].doubles;
    in->bias = s[SLOT_BIAS].used ? s[SLOT_BIAS].doubles : NULL;
    in->weights2 = s[SLOT_WEIGHTS2].doubles;
    in->bias2 = t->needs.bias2 > 0 ? s[SLOT_BIAS2].doubles : NULL;
    in->slope = t->needs.slope > 0 ? s[SLOT_SLOPE].doubles : NULL;
    in->scale = t->needs.scale > 0 ? s[SLOT_SCALE].doubles : NULL;
    in->mean = s[SLOT_MEAN].doubles;
    in->variance = s[SLOT_VARIANCE].doubles;
    in->residual = t->needs.residual ? s[data_residual_slot(t->problem)].doubles : NULL;
    in->indices = s[SLOT_INDICES].indices;
    in->raw = s[SLOT_SRC].indices;
    in->winograd = t->winograd;
    in->integers = t->problem->data == JUDGE_INTEGER && t->problem->poke_count == 0;
    for (int i = 0; i < REF_MAX_SOURCES; i++) {
        in->sources[i] = s[SLOT_SOURCES + i].doubles;
    }
}

// Draws data until it can prove something. NULL, or why it never did.
static const char *draw(struct trial *t)
{
    const char *distrust = NULL;

    for (uint64_t attempt = 0; attempt < REDRAWS; attempt++) {
        struct ref_inputs in;

        data_fill(t->problem, &t->needs, t->problem->seed + attempt * 0x1000003u,
                  t->judge->slots);
        fill_inputs(t, &in);
        ref_run(&t->problem->ref, &in, &t->judge->ref);
        distrust = data_distrust(t->problem, &t->needs, &t->judge->ref);
        if (distrust == NULL) {
            return NULL;
        }
    }
    return distrust;
}

static bool written_by_device(const struct trial *t, int slot)
{
    return slot == (int)data_dst_slot(t->problem) || slot == SLOT_WORKSPACE ||
           (slot == SLOT_INDICES && t->needs.indices_out);
}

static void write_images(struct trial *t)
{
    for (int i = 0; i < SLOT_COUNT; i++) {
        struct memory_slot *s = &t->judge->slots[i];
        bool filled = i == (int)data_residual_slot(t->problem) && t->needs.residual;

        if (s->used && written_by_device(t, i) && i != SLOT_SRC && i != SLOT_SRC2 && !filled) {
            memory_prefill(s);
        } else if (s->used) {
            memory_scatter(s);
        }
    }
}

static cvy_status open_workspace(struct trial *t)
{
    size_t bytes = t->weights != NULL ? t->info.workspace : t->info.workspace_unprepared;

    if (!t->problem->own_workspace || bytes == 0) {
        return CVY_OK;
    }
    return memory_open_raw(&t->judge->slots[SLOT_WORKSPACE], t->judge->context, bytes);
}

static cvy_status move_all(struct trial *t, cvy_status (*move)(struct memory_slot *, cvy_queue *))
{
    cvy_status st = CVY_OK;

    for (int i = 0; st == CVY_OK && i < SLOT_COUNT; i++) {
        if (t->judge->slots[i].used) {
            st = move(&t->judge->slots[i], t->judge->queue);
        }
    }
    return st;
}

static void bind(const struct trial *t, enum judge_slot slot, cvy_tensor *out)
{
    if (t->judge->slots[slot].used) {
        *out = memory_tensor(&t->judge->slots[slot]);
    }
}

static void bind_constants(const struct trial *t, cvy_args *args)
{
    bind(t, SLOT_WEIGHTS, &args->weights);
    bind(t, SLOT_BIAS, &args->bias);
    bind(t, SLOT_WEIGHTS2, &args->weights2);
    bind(t, SLOT_BIAS2, &args->bias2);
    bind(t, SLOT_SLOPE, &args->slope);
    bind(t, SLOT_SCALE, &args->scale);
    bind(t, SLOT_MEAN, &args->mean);
    bind(t, SLOT_VARIANCE, &args->variance);
}

static cvy_status prepare(struct trial *t)
{
    cvy_args constants = { 0 };
    bool any = t->needs.weights > 0 || t->needs.slope > 0 || t->needs.scale > 0 ||
               t->needs.mean > 0 || t->judge->slots[SLOT_BIAS].used;

    if (!t->problem->prepared || !any) {
        return CVY_OK;
    }
    bind_constants(t, &constants);
    return cvy_plan_prepare(t->plan, t->judge->queue, &constants, &t->weights);
}

static cvy_status enqueue(struct trial *t)
{
    cvy_args args = { .prepared = t->weights };
    cvy_tensor sources[REF_MAX_SOURCES] = { { 0 } };

    if (t->weights == NULL) {
        bind_constants(t, &args);
    }
    bind(t, SLOT_SRC, &args.src);
    bind(t, SLOT_SRC2, &args.src2);
    bind(t, SLOT_INDICES, &args.indices);
    bind(t, SLOT_WORKSPACE, &args.workspace);
    bind(t, data_dst_slot(t->problem), &args.dst);
    if (t->needs.residual) {
        bind(t, data_residual_slot(t->problem), &args.residual);
    }
    if (t->problem->ref.op == REF_CONCAT || t->problem->ref.op == REF_WHERE) {
        for (int i = 0; i < REF_MAX_SOURCES; i++) {
            bind(t, (enum judge_slot)(SLOT_SOURCES + i), &sources[i]);
        }
        args.srcs = sources;
        args.src_count = t->problem->ref.op == REF_WHERE ? 3 : t->problem->ref.concat.src_count;
    }
    return cvy_plan_enqueue(t->plan, t->judge->queue, &args, NULL, NULL);
}

// Everything on the device. The first step that fails names itself.
static bool execute(struct trial *t)
{
    write_images(t);
    return check_status(t, "cvy_queue_write", move_all(t, memory_upload)) &&
           check_status(t, "cvy_plan_prepare", prepare(t)) &&
           check_status(t, "cvy_buffer_create (workspace)", open_workspace(t)) &&
           (!t->judge->slots[SLOT_WORKSPACE].used ||
            check_status(t, "cvy_queue_write (workspace)",
                         memory_upload(&t->judge->slots[SLOT_WORKSPACE], t->judge->queue))) &&
           check_status(t, "cvy_plan_enqueue", enqueue(t)) &&
           check_status(t, "cvy_queue_read", move_all(t, memory_download)) &&
           check_status(t, "cvy_queue_finish", cvy_queue_finish(t->judge->queue));
}

static void check_results(struct trial *t)
{
    for (int i = 0; i < SLOT_COUNT; i++) {
        if (t->judge->slots[i].used && written_by_device(t, i)) {
            memory_gather(&t->judge->slots[i]);
        }
    }
    check_memory(t, t->judge->slots);
    check_outputs(t, &t->judge->slots[data_dst_slot(t->problem)], &t->judge->ref);
    if (t->needs.indices_out) {
        check_indices(t, &t->judge->slots[SLOT_INDICES], &t->judge->ref);
    }
}

static void try_problem(struct trial *t)
{
    cvy_plan_options options = { .algorithm = t->forced, .exact = t->problem->exact };
    const char *distrust;
    cvy_status st;

    if (!judge_dst(t->problem, &t->dst)) {
        check_fail(t, "the problem has no legal output: a fault of the generator");
        return;
    }
    ref_infer(&t->problem->ref, &t->needs);
    st = create_plan(t->judge->context, &t->problem->ref, &options, &t->plan);
    if (st == CVY_ERR_UNSUPPORTED && t->forced != NULL) {
        t->out->verdict = JUDGE_SKIP;
        return;
    }
    if (!check_status(t, "create", st) ||
        !check_status(t, "cvy_plan_info_get", cvy_plan_info_get(t->plan, &t->info))) {
        return;
    }
    t->winograd = check_winograd(t->info.config);
    snprintf(t->out->algorithm, sizeof t->out->algorithm, "%s", t->info.algorithm);
    snprintf(t->out->spec, sizeof t->out->spec, "%s", t->info.spec);
    if (!check_info(t) || !check_status(t, "cvy_buffer_create", open_slots(t))) {
        return;
    }
    distrust = draw(t);
    if (distrust != NULL) {
        check_fail(t, "%s", distrust);
        return;
    }
    if (execute(t)) {
        check_results(t);
    }
}

enum judge_verdict judge_run(struct judge *judge, const struct judge_problem *problem,
                             const char *algorithm, struct judge_result *out)
{
    struct trial trial = { .judge = judge, .problem = problem, .forced = algorithm, .out = out };

    *out = (struct judge_result) { .verdict = JUDGE_PASS };
    try_problem(&trial);
    cvy_weights_destroy(&trial.weights);
    cvy_plan_destroy(&trial.plan);
    return out->verdict;
}
