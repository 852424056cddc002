// Any padding on every device: pieces of rows of dst, whole vectors inside on CPUs; one element an
// item elsewhere.
#include "algo/walk.h"

// A walk over dst, with the size of each axis in src and what stands before it in dst.
struct padded_walk {
    struct walk walk;
    int64_t size[CVY_MAX_RANK], before[CVY_MAX_RANK];
};

static void axis_copy(struct padded_walk *to, int at, const struct padded_walk *from, int i)
{
    to->walk.size[at] = from->walk.size[i];
    to->walk.src[at] = from->walk.src[i];
    to->walk.dst[at] = from->walk.dst[i];
    to->size[at] = from->size[i];
    to->before[at] = from->before[i];
}

// Whether axis `outer` goes on where axis `inner` ends, without padding on either.
static bool continues(const struct padded_walk *p, int inner, int outer)
{
    int64_t size = p->size[inner];

    return p->before[inner] == 0 && p->before[outer] == 0 && size == p->walk.size[inner]
        && p->size[outer] == p->walk.size[outer] && p->walk.src[outer] == p->walk.src[inner] * size
        && p->walk.dst[outer] == p->walk.dst[inner] * size;
}

// The axes of dst from the innermost outward, those that do nothing left out.
static void axes_sort(const struct problem *problem, struct padded_walk *out)
{
    const struct tensor *src = &problem->src, *dst = &problem->dst;
    int count = 0;

    for (int i = CVY_MAX_RANK - 1; i >= 0; i--) {
        struct padded_walk one = { .walk = { .size = { dst->size[i] }, .src = { src->stride[i] },
                                             .dst = { dst->stride[i] } },
                                   .size = { src->size[i] },
                                   .before = { problem->u.pad.before[i] } };
        int at = count;

        if (dst->size[i] == 1 && src->size[i] == 1 && one.before[0] == 0)
            continue;
        for (; at > 0 && dst->stride[i] < out->walk.dst[at - 1]; at--)
            axis_copy(out, at, out, at - 1);
        axis_copy(out, at, &one, 0);
        count++;
    }
    out->walk.count = count;
}

static struct padded_walk walk_padded(const struct problem *problem)
{
    static const struct padded_walk none = { .walk = { .size = { 1 } }, .size = { 1 } };
    struct padded_walk p = { .size = { 0 } };
    int count = 0;

    axes_sort(problem, &p);
    for (int i = 0; i < p.walk.count; i++) {
        if (count > 0 && continues(&p, count - 1, i)) {
            p.walk.size[count - 1] *= p.walk.size[i];
            p.size[count - 1] *= p.size[i];
        } else {
            axis_copy(&p, count++, &p, i);
        }
    }
    p.walk.count = MAX(count, 1);
    for (int i = count; i < CVY_MAX_RANK; i++)
        axis_copy(&p, i, &none, 0);
    return p;
}

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    if (cap < 1)
        return 0;
    out[0] = row_instance(device, "pad_rows");
    return 1;
}

static bool applicable(const struct device *device, const struct problem *problem)
{
    (void)device;
    (void)problem;
    return true;
}

static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    (void)config;
    return 2.0 * move_seconds(device, problem);
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    const struct device *device = builder_device(builder);
    struct padded_walk p = walk_padded(problem);
    struct row_blocks blocks = row_blocks(device, &p.walk);
    struct instance instance = row_instance(device, "pad_rows");
    struct step *step;

    (void)config;
    if (tensor_elements(&problem->dst) == 0)
        return builder_status(builder);
    step = plan_step(builder, PHASE_RUN, &instance);
    step_tensor(step, OPERAND(SLOT_SRC), problem->src.dtype);
    step_tensor(step, OPERAND(SLOT_DST), problem->dst.dtype);
    step_int(step, problem->u.pad.mode);
    step_float(step, problem->u.pad.value);
    step_rows(step, &p.walk, &blocks);
    step_walk(step, p.size, 0, CVY_MAX_RANK);
    step_walk(step, p.before, 0, CVY_MAX_RANK);
    step_walk(step, p.walk.src, 0, CVY_MAX_RANK);
    step_walk(step, p.walk.dst, 0, CVY_MAX_RANK);
    step_flat(step, row_items(&p.walk, &blocks));
    return builder_status(builder);
}

const struct algo algo_pad_rows = {
    .name = "pad_rows", .about = "any padding, whole vectors inside", .op = OP_PAD,
    .dtypes = DTYPE_BIT(CVY_F32), .layouts = ANY_LAYOUT, .accuracy = ACCURACY_DIRECT,
    .start_set = start_set, .applicable = applicable, .estimate = estimate, .build = build,
};
