// Constants packed once: prepare, wait, let go.
#include "plan/binding.h"

void cvy_weights_destroy(cvy_weights **weights)
{
    cvy_weights *w = weights ? *weights : NULL;

    if (!w || !MAGIC_OK(w, MAGIC_WEIGHTS))
        return;
    *weights = NULL;
    for (int slot = 0; slot < SLOT_SRCS; slot++)
        cvy_buffer_destroy(&w->raw[slot]);
    cvy_event_destroy(&w->ready);
    cvy_buffer_destroy(&w->memory);
    context_release(w->context);
    w->magic = MAGIC_DEAD;
    free(w);
}

cvy_status cvy_weights_release_raw(cvy_weights *weights)
{
    cvy_status st = CVY_OK;

    CHECK_HANDLE(weights, MAGIC_WEIGHTS);
    TRY(context_check(weights->context));
    for (int slot = 0; slot < SLOT_SRCS; slot++)
        cvy_buffer_destroy(&weights->raw[slot]);
out:
    return st;
}

cvy_status cvy_weights_wait(cvy_weights *weights, int64_t timeout_ns)
{
    CHECK_HANDLE(weights, MAGIC_WEIGHTS);
    return cvy_event_wait(weights->ready, timeout_ns);
}

static bool slot_is_read(const struct impl *impl, int slot)
{
    return impl->constants_read >> slot & 1;
}

// Binds the raw constants; any other slot that is set is an error.
static cvy_status bind_constants(struct binding *b, const cvy_args *constants)
{
    cvy_status st = CVY_OK;
    bool any = false;

    for (int i = SLOT_SRC; i <= SLOT_DST; i++) {
        enum slot slot = (enum slot)i;

        if (slot_is_constant(slot)) {
            TRY(bind_slot(b, slot, constants));
            any = any || b->plan->slots[slot].used;
        } else if (args_tensor(constants, slot).buffer || args_tensor(constants, slot).offset) {
            TRY(fail(CVY_ERR_ARGUMENT, "%s is set; preparing takes constants only",
                     slot_name(slot)));
        }
    }
    if (!any)
        TRY(fail(CVY_ERR_STATE, "the plan has no constants to prepare"));
    if (constants->prepared || constants->srcs || constants->workspace.buffer
        || constants->workspace.offset)
        TRY(fail(CVY_ERR_ARGUMENT, "constants.%s is set; preparing takes constants only",
                 constants->prepared ? "prepared" : constants->srcs ? "srcs" : "workspace"));
out:
    return st;
}

static cvy_status weights_open(const struct binding *b, const cvy_args *constants, cvy_weights *w)
{
    size_t bytes = b->impl->packed;

    w->magic = MAGIC_WEIGHTS;
    w->context = b->plan->context;
    w->packing = b->plan->packing;
    context_retain(w->context);
    for (int slot = 0; slot < SLOT_SRCS; slot++) {
        if (!b->bound[slot])
            continue;
        w->raw[slot] = args_tensor(constants, (enum slot)slot).buffer;
        buffer_retain(w->raw[slot]);
        if (!slot_is_read(b->impl, slot))
            continue;
        w->kept[slot] = bytes;
        bytes = (size_t)round_up((int64_t)(bytes + b->plan->slots[slot].bytes), WORKSPACE_ALIGN);
    }
    if (bytes == 0)
        return CVY_OK;
    return cvy_buffer_create(w->context, &(cvy_buffer_params) { .bytes = bytes }, &w->memory);
}

static cvy_status copy_kept(struct binding *b, const cvy_weights *w, struct job *job)
{
    cvy_status st = CVY_OK;

    for (int slot = 0; slot < SLOT_SRCS && st == CVY_OK; slot++) {
        struct region dst = b->regions[SLOT_PACKED];

        if (!b->bound[slot] || !slot_is_read(b->impl, slot) || !b->plan->slots[slot].bytes)
            continue;
        dst.offset += w->kept[slot];
        st = job_copy(job, &b->regions[slot], &dst, b->plan->slots[slot].bytes);
    }
    return st;
}

static cvy_status weights_pack(struct binding *b, cvy_queue *queue, cvy_weights *w)
{
    struct job job;
    cvy_status st = CVY_OK;

    if (w->memory)
        TRY(tensor_region(w->context, (cvy_tensor) { w->memory, 0 }, "memory",
                          &b->regions[SLOT_PACKED]));
    TRY(job_begin(queue, NULL, NULL, true, &job));
    st = run_steps(b, PHASE_PREPARE, &job);
    if (st == CVY_OK)
        st = copy_kept(b, w, &job);
    TRY(job_end(&job, st, &w->ready));
    st = cvy_queue_flush(queue);
out:
    return st;
}

cvy_status cvy_plan_prepare(cvy_plan *plan, cvy_queue *queue, const cvy_args *constants,
                            cvy_weights **out)
{
    cvy_weights *w = NULL;
    struct binding b;
    cvy_status st = CVY_OK;

    CHECK_POINTER(out);
    *out = NULL;
    TRY(plan_queue_check(plan, queue));
    CHECK_POINTER(constants);
    memset(&b, 0, sizeof b);
    b.plan = plan;
    b.impl = plan_impl(plan);
    TRY(bind_constants(&b, constants));
    TRY(zalloc(sizeof *w, &w));
    TRY(weights_open(&b, constants, w));
    TRY(weights_pack(&b, queue, w));
    *out = w;
    w = NULL;
out:
    cvy_weights_destroy(&w);
    return st;
}
