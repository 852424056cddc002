// Collects steps, scratch and packed memory of an implementation.
#include "plan/impl.h"
#include "plan/planner.h"

#include <stdio.h>

#define REGION_ALIGN 256

static void step_free(struct step *step)
{
    if (!step)
        return;
    if (step->kernel)
        kernel_forget(step->kernel, step);
    free(step->args);
    free(step);
}

cvy_status impl_create(struct impl **out)
{
    cvy_status st = zalloc(sizeof **out, out);

    if (st == CVY_OK)
        (*out)->refs = 1;
    return st;
}

void impl_retain(struct impl *impl)
{
    __atomic_add_fetch(&impl->refs, 1, __ATOMIC_RELAXED);
}

void impl_release(struct impl *impl)
{
    if (!impl || __atomic_sub_fetch(&impl->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    for (int phase = 0; phase < 2; phase++) {
        for (size_t i = 0; i < impl->steps[phase].count; i++)
            step_free(impl->steps[phase].items[i]);
        free(impl->steps[phase].items);
    }
    free(impl);
}

void impl_rewind(struct impl *impl, const struct impl *mark)
{
    for (int phase = 0; phase < 2; phase++) {
        struct step_list *list = &impl->steps[phase];

        while (list->count > mark->steps[phase].count)
            step_free(list->items[--list->count]);
    }
    impl->scratch = mark->scratch;
    impl->packed = mark->packed;
    impl->accuracy = mark->accuracy;
    memcpy(impl->algorithm, mark->algorithm, sizeof impl->algorithm);
    memcpy(impl->config, mark->config, sizeof impl->config);
}

bool impl_is_ready(const struct impl *impl)
{
    for (int phase = 0; phase < 2; phase++)
        for (size_t i = 0; i < impl->steps[phase].count; i++) {
            const struct step *step = impl->steps[phase].items[i];

            if (step->kernel && !kernel_is_ready(step->kernel))
                return false;
        }
    return true;
}

bool slot_is_constant(enum slot slot)
{
    switch (slot) {
    case SLOT_WEIGHTS:
    case SLOT_BIAS:
    case SLOT_WEIGHTS2:
    case SLOT_BIAS2:
    case SLOT_SCALE:
    case SLOT_MEAN:
    case SLOT_VARIANCE:
    case SLOT_SLOPE:
        return true;
    default:
        return false;
    }
}

struct bindings bindings_same(void)
{
    struct bindings same;

    for (int i = 0; i <= SLOT_SRCS; i++)
        same.slots[i] = OPERAND((enum slot)i);
    return same;
}

const struct device *builder_device(const struct plan_builder *builder)
{
    return builder->device;
}

cvy_status builder_status(const struct plan_builder *builder)
{
    return builder->status;
}

static size_t region_grow(struct plan_builder *builder, size_t *total, size_t bytes)
{
    size_t begin = *total, end;

    if (__builtin_add_overflow(begin, bytes, &end)
        || end > (size_t)builder->device->max_bytes - REGION_ALIGN) {
        if (builder->status == CVY_OK)
            builder->status = fail(CVY_ERR_LIMIT, "a plan needs %zu bytes of its own; the device "
                                   "has buffers of at most %lld", end,
                                   (long long)builder->device->max_bytes);
        return 0;
    }
    *total = (size_t)round_up((int64_t)end, REGION_ALIGN);
    return begin;
}

struct operand plan_scratch(struct plan_builder *builder, size_t bytes)
{
    return (struct operand) { SLOT_SCRATCH, region_grow(builder, &builder->impl->scratch, bytes) };
}

struct operand plan_packed(struct plan_builder *builder, size_t bytes)
{
    return (struct operand) { SLOT_PACKED, region_grow(builder, &builder->impl->packed, bytes) };
}

static cvy_status get_kernel(const struct plan_builder *builder, const struct instance *instance,
                             struct kernel **out)
{
    if (builder->compiling == COMPILE_NOW)
        return kernel_get(builder->context, instance, out);
    return kernel_find(builder->context, instance, builder->compiling == COMPILE_BEHIND, out);
}

static cvy_status step_append(struct plan_builder *builder, enum phase phase,
                              const struct instance *instance, struct step **out)
{
    struct step_list *list = &builder->impl->steps[phase];
    struct step *step = NULL;
    cvy_status st = CVY_OK;

    TRY(zalloc(sizeof *step, &step));
    step->builder = builder;
    if (instance)
        TRY(get_kernel(builder, instance, &step->kernel));
    TRY(array_reserve(&list->items, &list->cap, list->count, sizeof *list->items));
    list->items[list->count++] = *out = step;
    step = NULL;
out:
    step_free(step);
    return st;
}

// instance NULL: a step without a kernel.
static struct step *step_new(struct plan_builder *builder, enum phase phase,
                             const struct instance *instance)
{
    struct step *step = NULL;

    builder->trash.builder = builder;
    if (builder->status != CVY_OK)
        return &builder->trash;
    builder->status = step_append(builder, phase, instance, &step);
    return builder->status == CVY_OK ? step : &builder->trash;
}

struct step *plan_step(struct plan_builder *builder, enum phase phase,
                       const struct instance *instance)
{
    return step_new(builder, phase, instance);
}

static void step_add(struct step *step, struct step_arg arg)
{
    struct plan_builder *builder = step->builder;

    if (builder->status != CVY_OK)
        return;
    if (step->count >= STEP_ARGS) {
        builder->status = fail(CVY_ERR_INTERNAL, "a step has more than %d arguments", STEP_ARGS);
        return;
    }
    builder->status = array_reserve(&step->args, &step->cap, step->count, sizeof *step->args);
    if (builder->status == CVY_OK)
        step->args[step->count++] = arg;
}

static struct operand operand_resolve(const struct plan_builder *builder, struct operand operand)
{
    struct operand outer;

    if (operand.slot == SLOT_NONE || operand.slot == SLOT_SCRATCH || operand.slot == SLOT_PACKED
        || operand.slot > SLOT_SRCS)
        return operand;
    outer = builder->bindings.slots[operand.slot];
    if (outer.slot == SLOT_NONE)
        return outer;
    outer.offset += operand.offset;
    return outer;
}

void step_tensor(struct step *step, struct operand operand, cvy_dtype dtype)
{
    struct step_arg arg = { .kind = 't' };

    arg.value.tensor.operand = operand_resolve(step->builder, operand);
    arg.value.tensor.bytes = (uint32_t)cvy_dtype_bytes(dtype);
    step_add(step, arg);
}

void step_int(struct step *step, int64_t value)
{
    struct step_arg arg = { .kind = 'i', .value.i = (int32_t)value };

    if ((value < INT32_MIN || value > INT32_MAX) && step->builder->status == CVY_OK)
        step->builder->status = fail(CVY_ERR_LIMIT, "%lld does not fit a kernel's 32-bit argument",
                                     (long long)value);
    step_add(step, arg);
}

void step_long(struct step *step, int64_t value)
{
    step_add(step, (struct step_arg) { .kind = 'l', .value.l = value });
}

void step_float(struct step *step, float value)
{
    step_add(step, (struct step_arg) { .kind = 'f', .value.f = value });
}

void step_strides(struct step *step, const struct tensor *t, int axes)
{
    for (int i = 0; i < axes; i++)
        step_long(step, t->stride[i]);
}

void step_sizes(struct step *step, const struct tensor *t, int first, int axes)
{
    for (int i = first; i < first + axes; i++)
        step_int(step, t->size[i]);
}

// A step's arguments must be the kernel's: `tail` stands for those that launching adds.
static void step_check(struct step *step, const char *tail)
{
    struct plan_builder *builder = step->builder;
    char given[2 * STEP_ARGS + 4];
    size_t length = 0;

    if (builder->status != CVY_OK)
        return;
    for (size_t i = 0; i < step->count; i++) {
        if (step->args[i].kind == 't')
            given[length++] = 'p';
        given[length++] = step->args[i].kind == 't' ? 'l' : step->args[i].kind;
    }
    strcpy(given + length, tail);
    if (strcmp(given, kernel_signature(step->kernel)) != 0)
        builder->status = fail(CVY_ERR_INTERNAL, "%s takes arguments %s and is given %s",
                               kernel_instance(step->kernel)->file,
                               kernel_signature(step->kernel), given);
}

void step_flat(struct step *step, int64_t items)
{
    step->flat = true;
    step->items = items;
    step_check(step, "ll");
}

void step_grid(struct step *step, int64_t x, int64_t y, int64_t z, int split)
{
    int64_t limit = step->builder->device->max_grid;

    step->groups[0] = x;
    step->groups[1] = y;
    step->groups[2] = z;
    step->split = split;
    step_check(step, "i");
    for (int i = 0; i < 3; i++)
        if (step->groups[i] > (i == split ? INT32_MAX : limit) && step->builder->status == CVY_OK)
            step->builder->status = fail(CVY_ERR_LIMIT, "%s needs %lld groups along axis %d; at "
                                         "most %lld are possible",
                                         kernel_instance(step->kernel)->file,
                                         (long long)step->groups[i], i,
                                         (long long)(i == split ? INT32_MAX : limit));
}

static bool gemm_same(const struct gemm *x, const struct gemm *y)
{
    return x->m == y->m && x->n == y->n && x->k == y->k && x->a_ld == y->a_ld
        && x->b_ld == y->b_ld && x->c_ld == y->c_ld && x->a_transposed == y->a_transposed
        && x->b_transposed == y->b_transposed;
}

static bool gemm_is_known(const struct impl *impl, const struct gemm *gemm)
{
    const struct step_list *list = &impl->steps[PHASE_RUN];

    for (size_t i = 0; i < list->count; i++)
        if (!list->items[i]->kernel && gemm_same(&list->items[i]->gemm, gemm))
            return true;
    return false;
}

void plan_gemm(struct plan_builder *builder, const struct gemm *gemm, struct operand a,
               struct operand b, struct operand c)
{
    struct step *step;

    if (builder->status == CVY_OK && !gemm_is_known(builder->impl, gemm))
        builder->status = gemm_warm(builder->context, gemm);
    step = step_new(builder, PHASE_RUN, NULL);
    step->gemm = *gemm;
    step_tensor(step, a, CVY_F32);
    step_tensor(step, b, CVY_F32);
    step_tensor(step, c, CVY_F32);
}

void plan_child(struct plan_builder *builder, const struct problem *inner,
                const struct bindings *bindings)
{
    struct bindings outer = builder->bindings, resolved = *bindings;

    if (builder->status != CVY_OK)
        return;
    if (builder->depth >= 4) {
        builder->status = fail(CVY_ERR_INTERNAL, "algorithms nest more than 4 deep");
        return;
    }
    for (int i = 0; i <= SLOT_SRCS; i++)
        resolved.slots[i] = operand_resolve(builder, bindings->slots[i]);
    builder->bindings = resolved;
    builder->depth++;
    builder->status = planner_build_child(builder, inner);
    builder->depth--;
    builder->bindings = outer;
}

struct instance instance_start(const char *file, uint32_t x, uint32_t y, uint32_t z)
{
    struct instance instance;

    memset(&instance, 0, sizeof instance);
    instance.file = file;
    instance.local[0] = x;
    instance.local[1] = y;
    instance.local[2] = z;
    return instance;
}

void instance_define(struct instance *instance, const char *name, int32_t value)
{
    if (instance->define_count < INSTANCE_DEFINES)
        instance->defines[instance->define_count++] = (struct define) { name, value };
}
