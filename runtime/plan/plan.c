// Plans: made from requests, described, destroyed.
#include "plan/plan.h"

#include <stdio.h>

// Bytes that lie together without a gap, and the distance that all such runs keep: what tells two
// interleaved tensors apart.
static void slot_runs(struct plan_slot *slot, const struct tensor *t)
{
    int64_t element = (int64_t)cvy_dtype_bytes(t->dtype), run = 1, pitch = 0;
    bool grown = true;

    while (grown) {
        grown = false;
        for (int i = 0; i < CVY_MAX_RANK; i++)
            if (t->size[i] > 1 && t->stride[i] == run) {
                run *= t->size[i];
                grown = true;
                break;
            }
    }
    for (int i = 0; i < CVY_MAX_RANK; i++) {
        int64_t a = pitch, b = t->size[i] > 1 && t->stride[i] >= run ? t->stride[i] : 0;

        while (b) {
            int64_t rest = a % b;

            a = b;
            b = rest;
        }
        pitch = a;
    }
    slot->run = (size_t)(run * element);
    slot->pitch = pitch >= run ? (size_t)(pitch * element) : 0;
}

// Sizes are not held against the device yet: the sum may be beyond 64 bits.
static void add_bytes(struct plan_request *request, int64_t bytes)
{
    if (!add_i64(request->info.bytes, bytes, &request->info.bytes))
        request->info.bytes = INT64_MAX;
}

void request_tensor(struct plan_request *request, enum slot slot, const struct tensor *t)
{
    struct plan_slot *s = &request->slots[slot];

    s->used = true;
    s->dtype = t->dtype;
    s->bytes = tensor_bytes(t);
    slot_runs(s, t);
    add_bytes(request, tensor_elements(t) * (int64_t)cvy_dtype_bytes(t->dtype));
}

void request_constant(struct plan_request *request, enum slot slot, int64_t elements)
{
    struct plan_slot *s = &request->slots[slot];

    s->used = true;
    s->dtype = request->problem.src.dtype;
    s->bytes = (size_t)elements * cvy_dtype_bytes(s->dtype);
    s->run = s->bytes;
    add_bytes(request, (int64_t)s->bytes);
}

static cvy_status limits_check(const struct device *device, const struct plan_request *request)
{
    for (int i = 0; i < SLOT_COUNT; i++)
        if (request->slots[i].used && request->slots[i].bytes > (size_t)device->max_bytes)
            return fail(CVY_ERR_LIMIT, "%s takes %zu bytes; the device has buffers of at most %lld",
                        slot_name((enum slot)i) + 5, request->slots[i].bytes,
                        (long long)device->max_bytes);
    return CVY_OK;
}

static uint64_t plan_packing(const cvy_plan *plan)
{
    uint64_t hash = plan->impl->packing;

    for (int slot = 0; slot < SLOT_SRCS; slot++)
        if (slot_is_constant((enum slot)slot))
            hash = hash * 31 + plan->slots[slot].bytes;
    return hash;
}

static void info_finish(cvy_plan *plan)
{
    const struct impl *impl = plan->impl;
    cvy_plan_info *info = &plan->info;

    snprintf(info->algorithm, sizeof info->algorithm, "%s", impl->algorithm);
    snprintf(info->config, sizeof info->config, "%s", impl->config);
    info->workspace = plan->stand_in ? MAX(impl->scratch, plan->stand_in->scratch) : impl->scratch;
    info->workspace_unprepared = info->workspace + impl->packed;
    info->packed = impl->packed;
    info->launches = (int32_t)impl->steps[PHASE_RUN].count;
    info->prepare_launches = (int32_t)impl->steps[PHASE_PREPARE].count;
    info->estimate_seconds = impl->estimate;
    info->measured_seconds = impl->measured;
    if (!info->full_macs) {
        info->full_macs = info->macs;
        info->full_parameters = info->parameters;
    }
}

cvy_status plan_create(cvy_context *context, const struct plan_request *request, cvy_plan **out)
{
    cvy_plan *plan = NULL;
    cvy_status st = CVY_OK;

    *out = NULL;
    TRY(limits_check(context_device(context), request));
    TRY(zalloc(sizeof *plan, &plan));
    plan->magic = MAGIC_PLAN;
    plan->context = context;
    context_retain(context);
    memcpy(plan->slots, request->slots, sizeof plan->slots);
    plan->src_count = request->src_count;
    plan->in_place = request->in_place;
    plan->in_place2 = request->in_place2;
    plan->info = request->info;
    st = planner_build(context, request, &plan->impl, &plan->stand_in, plan->info.why);
    if (st == CVY_ERR_UNSUPPORTED)
        fail_prefix(st, "%s", plan->info.spec);
    TRY(st);
    plan->packing = plan_packing(plan);
    info_finish(plan);
    *out = plan;
    plan = NULL;
out:
    cvy_plan_destroy(&plan);
    return st;
}

const struct impl *plan_impl(const cvy_plan *plan)
{
    return !plan->stand_in || impl_is_ready(plan->impl) ? plan->impl : plan->stand_in;
}

void cvy_plan_destroy(cvy_plan **plan)
{
    cvy_plan *p = plan ? *plan : NULL;

    if (!p || !MAGIC_OK(p, MAGIC_PLAN))
        return;
    *plan = NULL;
    impl_release(p->impl);
    impl_release(p->stand_in);
    context_release(p->context);
    p->magic = MAGIC_DEAD;
    free(p);
}

cvy_status cvy_plan_info_get(const cvy_plan *plan, cvy_plan_info *out)
{
    cvy_status st = CVY_OK;

    CHECK_HANDLE(plan, MAGIC_PLAN);
    CHECK_POINTER(out);
    TRY(context_check(plan->context));
    *out = plan->info;
out:
    return st;
}

cvy_status cvy_queue_reserve(cvy_queue *queue, const cvy_plan *plan)
{
    CHECK_HANDLE(plan, MAGIC_PLAN);
    CHECK_POINTER(queue);
    if (queue_context(queue) != plan->context)
        return fail(CVY_ERR_ARGUMENT, "queue belongs to another context than plan");
    return queue_reserve(queue, plan->info.workspace_unprepared);
}

struct slot_field {
    const char *name;
    size_t at;              // in cvy_args
};

#define FIELD(field) { "args." #field, offsetof(cvy_args, field) }
static const struct slot_field fields[SLOT_SRCS] = {
    [SLOT_SRC] = FIELD(src), [SLOT_SRC2] = FIELD(src2), [SLOT_WEIGHTS] = FIELD(weights),
    [SLOT_BIAS] = FIELD(bias), [SLOT_WEIGHTS2] = FIELD(weights2), [SLOT_BIAS2] = FIELD(bias2),
    [SLOT_SCALE] = FIELD(scale), [SLOT_MEAN] = FIELD(mean), [SLOT_VARIANCE] = FIELD(variance),
    [SLOT_SLOPE] = FIELD(slope), [SLOT_RESIDUAL] = FIELD(residual),
    [SLOT_INDICES] = FIELD(indices), [SLOT_DST] = FIELD(dst), [SLOT_SCRATCH] = FIELD(workspace),
};

#define SOURCE(i) "args.srcs[" #i "]"
#define SOURCES(i) SOURCE(i##0), SOURCE(i##1), SOURCE(i##2), SOURCE(i##3), SOURCE(i##4), \
    SOURCE(i##5), SOURCE(i##6), SOURCE(i##7), SOURCE(i##8), SOURCE(i##9)
static const char *const source_names[] = {
    SOURCES(), SOURCES(1), SOURCES(2), SOURCES(3), SOURCES(4), SOURCES(5), SOURCE(60), SOURCE(61),
    SOURCE(62), SOURCE(63)
};
_Static_assert(COUNT_OF(source_names) == CVY_MAX_SOURCES, "a name for each source");

const char *slot_name(enum slot slot)
{
    if (slot >= SLOT_SRCS)
        return source_names[slot - SLOT_SRCS];
    return fields[slot].name ? fields[slot].name : "args.none";
}

cvy_tensor args_tensor(const cvy_args *args, enum slot slot)
{
    cvy_tensor tensor = { NULL, 0 };

    if (slot >= SLOT_SRCS)
        return args->srcs[slot - SLOT_SRCS];
    if (fields[slot].name)
        memcpy(&tensor, (const char *)args + fields[slot].at, sizeof tensor);
    return tensor;
}

void args_put(cvy_args *args, enum slot slot, cvy_tensor tensor)
{
    if (slot < SLOT_SRCS && fields[slot].name)
        memcpy((char *)args + fields[slot].at, &tensor, sizeof tensor);
}
