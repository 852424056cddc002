// Residuals that lie otherwise than what they are added to.
#include "graph/lowering.h"

// The residual of step i, copied to memory that lies as dst does; the copy goes before the step.
static cvy_status align_residual(struct lowering *w, size_t i, const cvy_desc *as)
{
    struct lowered *l = w->l;
    struct piece aligned = { .desc = *as };
    struct step_node copy;
    int piece;
    cvy_status st = CVY_OK;

    TRY(storage_add(l, STORAGE_ARENA, as, &aligned.storage));
    TRY(piece_add(l, &aligned, &piece));
    TRY(copy_step(w, "as the output lies", l->steps[i].in[PORT_RESIDUAL], piece));
    copy = l->steps[l->step_count - 1];
    memmove(&l->steps[i + 1], &l->steps[i], (l->step_count - 1 - i) * sizeof copy);
    l->steps[i] = copy;
    l->steps[i + 1].in[PORT_RESIDUAL] = piece;
out:
    return st;
}

// A plan takes its residual with the strides of dst. Only now is it known where each of them lies.
cvy_status align_residuals(struct lowering *w)
{
    cvy_status st = CVY_OK;

    for (size_t i = 0; i < w->l->step_count && st == CVY_OK; i++) {
        const struct step_node *step = &w->l->steps[i];
        cvy_desc residual, dst;

        if (step->in[PORT_RESIDUAL] < 0)
            continue;
        residual = piece_desc(w->l, step->in[PORT_RESIDUAL]);
        dst = piece_desc(w->l, step->outs[0]);
        if (!same_memory(&residual, &dst))
            st = align_residual(w, i++, &dst);
    }
    return st;
}
