// Runs plans: binds slots to memory, checks what was given, launches steps.
#include "plan/binding.h"

static bool slot_is_output(const struct binding *b, enum slot slot)
{
    return slot == SLOT_DST || slot == SLOT_SCRATCH
        || (slot == SLOT_INDICES && b->written[SLOT_INDICES]);
}

static cvy_status bind_tensor(struct binding *b, enum slot slot, cvy_tensor tensor)
{
    const struct plan_slot *s = &b->plan->slots[slot];
    const char *name = slot_name(slot);
    struct region *region = &b->regions[slot];
    size_t element = cvy_dtype_bytes(s->dtype);
    cvy_status st = tensor_region(b->plan->context, tensor, name, region);

    if (st != CVY_OK)
        return st;
    if (element && region->offset % element)
        return fail(CVY_ERR_ALIGN, "%s is at byte %zu; it must be a multiple of %zu", name,
                    region->offset, element);
    if (region->bytes < s->bytes)
        return fail(CVY_ERR_ARGUMENT, "%s needs %zu bytes and its buffer has %zu from offset %zu",
                    name, s->bytes, region->bytes, tensor.offset);
    if (region->access == (slot_is_output(b, slot) ? CVY_READ_ONLY : CVY_WRITE_ONLY))
        return fail(CVY_ERR_ARGUMENT, "%s lies in a buffer that kernels may not %s", name,
                    slot_is_output(b, slot) ? "write" : "read");
    b->bound[slot] = true;
    return CVY_OK;
}

// Whether the plan wants the slot of this job: constants come from prepared weights, if given.
static bool slot_wanted(const struct binding *b, enum slot slot, const cvy_weights *prepared)
{
    return b->plan->slots[slot].used && !(prepared && slot_is_constant(slot));
}

cvy_status bind_slot(struct binding *b, enum slot slot, const cvy_args *args)
{
    cvy_tensor tensor = args_tensor(args, slot);

    if (!tensor.buffer && tensor.offset)
        return fail(CVY_ERR_ARGUMENT, "%s.offset is %zu and %s.buffer is NULL", slot_name(slot),
                    tensor.offset, slot_name(slot));
    if (!slot_wanted(b, slot, args->prepared)) {
        if (!tensor.buffer)
            return CVY_OK;
        return fail(CVY_ERR_ARGUMENT, "%s is set, and %s", slot_name(slot),
                    b->plan->slots[slot].used ? "args.prepared has it already"
                                              : "the plan has no such tensor");
    }
    if (tensor.buffer)
        return bind_tensor(b, slot, tensor);
    if (b->plan->slots[slot].bytes == 0)
        return CVY_OK;
    return fail(CVY_ERR_ARGUMENT, "%s is empty; the plan needs it", slot_name(slot));
}

static cvy_status bind_args(struct binding *b, const cvy_args *args)
{
    cvy_status st = CVY_OK;

    b->written[SLOT_INDICES] = b->plan->info.indices.rank > 0;
    for (int slot = SLOT_SRC; slot <= SLOT_DST; slot++)
        TRY(bind_slot(b, (enum slot)slot, args));
    if (args->src_count != b->plan->src_count)
        TRY(fail(CVY_ERR_ARGUMENT, "args.src_count is %zu; the plan takes %zu sources",
                 args->src_count, b->plan->src_count));
    if (args->src_count && !args->srcs)
        TRY(fail(CVY_ERR_ARGUMENT, "args.srcs is NULL; args.src_count is %zu", args->src_count));
    for (size_t i = 0; i < args->src_count; i++)
        TRY(bind_slot(b, (enum slot)(SLOT_SRCS + i), args));
out:
    return st;
}

// Disjoint although their extents meet: both keep runs at one pitch, and the runs do not meet.
static bool interleaved(const struct binding *b, enum slot x, enum slot y)
{
    const struct plan_slot *sx = &b->plan->slots[x], *sy = &b->plan->slots[y];
    size_t pitch = sx->pitch, at;

    if (!pitch || pitch != sy->pitch)
        return false;
    at = (b->regions[y].begin % pitch + pitch - b->regions[x].begin % pitch) % pitch;
    return at >= sx->run && at + sy->run <= pitch;
}

static bool overlap(const struct binding *b, enum slot x, enum slot y, size_t bytes_y)
{
    const struct region *rx = &b->regions[x], *ry = &b->regions[y];
    size_t bytes_x = b->plan->slots[x].bytes;

    return rx->root == ry->root && rx->begin < ry->begin + bytes_y
        && ry->begin < rx->begin + bytes_x && bytes_x && bytes_y && !interleaved(b, x, y);
}

static bool may_be_same(const struct binding *b, enum slot other)
{
    if (b->regions[other].begin != b->regions[SLOT_DST].begin)
        return false;
    return other == SLOT_RESIDUAL || (other == SLOT_SRC && b->plan->in_place)
        || (other == SLOT_SRC2 && b->plan->in_place2);
}

// Bytes are counted from the start of the memory that both lie in.
static cvy_status overlap_fail(const struct binding *b, enum slot written, size_t bytes,
                               enum slot other)
{
    size_t first = b->regions[written].begin, second = b->regions[other].begin;

    return fail(CVY_ERR_ALIAS, "%s overlaps %s: bytes %zu to %zu and %zu to %zu of one memory",
                slot_name(written), slot_name(other), first, first + bytes, second,
                second + b->plan->slots[other].bytes);
}

static cvy_status alias_check(const struct binding *b, enum slot written, size_t bytes)
{
    for (int i = SLOT_SRC; i < SLOT_COUNT; i++) {
        enum slot other = (enum slot)i;

        if (!b->bound[i] || other == written || other == SLOT_SCRATCH
            || !overlap(b, other, written, bytes)
            || (written == SLOT_DST && may_be_same(b, other)))
            continue;
        return overlap_fail(b, written, bytes, other);
    }
    return CVY_OK;
}

static cvy_status bind_workspace(struct binding *b, cvy_tensor workspace, size_t bytes)
{
    struct region *region = &b->regions[SLOT_SCRATCH];
    cvy_status st = tensor_region(b->plan->context, workspace, "args.workspace", region);

    if (st != CVY_OK)
        return st;
    if (region->offset % WORKSPACE_ALIGN)
        return fail(CVY_ERR_ALIGN, "args.workspace is at byte %zu; it must be a multiple of %d",
                    region->offset, WORKSPACE_ALIGN);
    if (region->bytes < bytes)
        return fail(CVY_ERR_ARGUMENT, "args.workspace has %zu bytes; the plan needs %zu",
                    region->bytes, bytes);
    if (region->access != CVY_READ_WRITE)
        return fail(CVY_ERR_ARGUMENT, "args.workspace must be readable and writable by kernels");
    return alias_check(b, SLOT_SCRATCH, bytes);
}

// Packed memory and constants that run steps read as they are, out of prepared weights.
static cvy_status bind_prepared(struct binding *b, const cvy_weights *weights)
{
    cvy_status st = CVY_OK;

    CHECK_HANDLE(weights, MAGIC_WEIGHTS);
    if (weights->context != b->plan->context)
        return fail(CVY_ERR_ARGUMENT, "args.prepared belongs to another context");
    if (weights->packing != b->plan->packing)
        return fail(CVY_ERR_ARGUMENT, "args.prepared was packed for another kind of plan than %s",
                    b->plan->info.spec);
    if (!weights->memory)
        return CVY_OK;
    TRY(tensor_region(b->plan->context, (cvy_tensor) { weights->memory, 0 }, "args.prepared",
                      &b->regions[SLOT_PACKED]));
    for (int slot = SLOT_SRC; slot < SLOT_DST; slot++)
        if (slot_is_constant((enum slot)slot) && b->plan->slots[slot].used) {
            b->regions[slot] = b->regions[SLOT_PACKED];
            b->regions[slot].offset += weights->kept[slot];
        }
out:
    return st;
}

static void arg_tensor(const struct binding *b, const struct step_arg *arg, void *dummy,
                       struct kernel_arg out[2])
{
    const struct region *region = &b->regions[arg->value.tensor.operand.slot];
    bool there = arg->value.tensor.operand.slot != SLOT_NONE && region->memory;
    size_t offset = there ? region->offset + arg->value.tensor.operand.offset : 0;

    out[0] = (struct kernel_arg) { 'p', { .memory = there ? region->memory : dummy } };
    out[1] = (struct kernel_arg) { 'l', { .l = (int64_t)(offset / arg->value.tensor.bytes) } };
}

static size_t step_args(const struct binding *b, const struct step *step, void *dummy,
                        struct kernel_arg *out)
{
    size_t count = 0;

    for (size_t i = 0; i < step->count; i++) {
        const struct step_arg *arg = &step->args[i];

        switch (arg->kind) {
        case 't':
            arg_tensor(b, arg, dummy, out + count);
            count += 2;
            break;
        case 'l':
            out[count++] = (struct kernel_arg) { 'l', { .l = arg->value.l } };
            break;
        case 'i':
            out[count++] = (struct kernel_arg) { 'i', { .i = arg->value.i } };
            break;
        default:
            out[count++] = (struct kernel_arg) { 'f', { .f = arg->value.f } };
        }
    }
    return count;
}

// A flat range folded into two axes of groups, in as many slices as the device's grid needs.
static cvy_status launch_flat(struct job *job, const struct step *step, struct kernel_arg *args,
                              size_t count, int64_t limit)
{
    const struct instance *instance = kernel_instance(step->kernel);
    int64_t local = instance->local[0], first = 0;
    cvy_status st = CVY_OK;

    while (first < step->items && st == CVY_OK) {
        int64_t groups = ceil_div(step->items - first, local);
        int64_t x = MIN(groups, limit), y = MIN(ceil_div(groups, x), limit);

        args[count] = (struct kernel_arg) { 'l', { .l = first } };
        args[count + 1] = (struct kernel_arg) { 'l', { .l = step->items } };
        st = job_launch(job, step->kernel, (size_t[3]) { (size_t)x, (size_t)y, 1 }, args,
                        count + 2);
        first += x * y * local;
    }
    return st;
}

static cvy_status launch_grid(struct job *job, const struct step *step, struct kernel_arg *args,
                              size_t count, int64_t limit)
{
    int64_t total = step->groups[step->split];
    size_t groups[3];
    cvy_status st = CVY_OK;

    for (int i = 0; i < 3; i++) {
        if (step->groups[i] <= 0)
            return CVY_OK;
        groups[i] = (size_t)step->groups[i];
    }
    for (int64_t first = 0; first < total && st == CVY_OK; first += limit) {
        groups[step->split] = (size_t)MIN(total - first, limit);
        args[count] = (struct kernel_arg) { 'i', { .i = (int32_t)first } };
        st = job_launch(job, step->kernel, groups, args, count + 1);
    }
    return st;
}

cvy_status run_steps(struct binding *b, enum phase phase, struct job *job)
{
    const struct step_list *list = &b->impl->steps[phase];
    int64_t limit = context_device(b->plan->context)->max_grid;
    void *dummy = context_dummy(b->plan->context);
    struct kernel_arg args[2 * STEP_ARGS + 2];
    cvy_status st = CVY_OK;

    for (size_t i = 0; i < list->count && st == CVY_OK; i++) {
        const struct step *step = list->items[i];
        size_t count = step_args(b, step, dummy, args);

        job->owner = phase == PHASE_RUN ? step : NULL;
        if (!step->kernel)
            st = job_gemm(job, &step->gemm, args);
        else
            st = step->flat ? launch_flat(job, step, args, count, limit)
                            : launch_grid(job, step, args, count, limit);
    }
    return st;
}

// The workspace holds scratch, and behind it packed memory where nothing was prepared.
static cvy_status place_workspace(struct binding *b, const cvy_args *args, struct job *job)
{
    size_t bytes = b->impl->scratch + (args->prepared ? 0 : b->impl->packed);
    cvy_status st = CVY_OK;

    if (bytes == 0)
        return CVY_OK;
    if (!args->workspace.buffer)
        TRY(job_workspace(job, bytes, &b->regions[SLOT_SCRATCH]));
    if (!args->prepared) {
        b->regions[SLOT_PACKED] = b->regions[SLOT_SCRATCH];
        b->regions[SLOT_PACKED].offset += b->impl->scratch;
    }
out:
    return st;
}

static cvy_status bind_all(struct binding *b, const cvy_args *args)
{
    size_t bytes = b->impl->scratch + (args->prepared ? 0 : b->impl->packed);
    cvy_status st = CVY_OK;

    TRY(bind_args(b, args));
    if (!args->workspace.buffer && args->workspace.offset)
        TRY(fail(CVY_ERR_ARGUMENT, "args.workspace.offset is %zu and args.workspace.buffer is NULL",
                 args->workspace.offset));
    TRY(alias_check(b, SLOT_DST, b->plan->slots[SLOT_DST].bytes));
    if (b->written[SLOT_INDICES])
        TRY(alias_check(b, SLOT_INDICES, b->plan->slots[SLOT_INDICES].bytes));
    if (args->workspace.buffer)
        TRY(bind_workspace(b, args->workspace, bytes));
    if (args->prepared)
        TRY(bind_prepared(b, args->prepared));
out:
    return st;
}

cvy_status plan_queue_check(const cvy_plan *plan, const cvy_queue *queue)
{
    CHECK_HANDLE(plan, MAGIC_PLAN);
    CHECK_POINTER(queue);
    if (queue_context(queue) != plan->context)
        return fail(CVY_ERR_ARGUMENT, "queue belongs to another context than plan");
    return context_check(plan->context);
}

cvy_status plan_launch(const cvy_plan *plan, struct job *job, const struct region *regions,
                       const cvy_weights *prepared)
{
    struct binding b = { .plan = plan, .impl = plan_impl(plan) };
    cvy_status st = CVY_OK;

    memcpy(b.regions, regions, sizeof b.regions);
    if (prepared) {
        TRY(bind_prepared(&b, prepared));
    } else {
        b.regions[SLOT_PACKED] = b.regions[SLOT_SCRATCH];
        b.regions[SLOT_PACKED].offset += b.impl->scratch;
        TRY(run_steps(&b, PHASE_PREPARE, job));
    }
    st = run_steps(&b, PHASE_RUN, job);
out:
    return st;
}

cvy_status cvy_plan_enqueue(cvy_plan *plan, cvy_queue *queue, const cvy_args *args,
                            const cvy_wait *wait, cvy_event **ev)
{
    struct binding b;
    struct job job;
    cvy_status st = CVY_OK;

    if (ev)
        *ev = NULL;
    TRY(plan_queue_check(plan, queue));
    CHECK_POINTER(args);
    memset(&b, 0, sizeof b);
    b.plan = plan;
    b.impl = plan_impl(plan);
    TRY(bind_all(&b, args));
    TRY(job_begin(queue, wait, args->prepared ? args->prepared->ready : NULL, ev != NULL, &job));
    st = place_workspace(&b, args, &job);
    if (st == CVY_OK && !args->prepared && plan->info.dst.rank && plan->slots[SLOT_DST].bytes)
        st = run_steps(&b, PHASE_PREPARE, &job);
    if (st == CVY_OK)
        st = run_steps(&b, PHASE_RUN, &job);
    st = job_end(&job, st, ev);
out:
    return st;
}
