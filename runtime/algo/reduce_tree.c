// Reductions of any kind, axes and strides, in passes: chunks of each output, then the chunks'
// results, until one is left. The tree depends on sizes and device alone.
#include "algo/reduce.h"

#include <math.h>

// What the kernel makes and where it goes: see cl_kernels/reduce_tree.cl.
enum what { SUM, SQUARES, LARGEST };
enum places { VALUE, POSITION_32, POSITION_64, VALUE_AND_POSITION };

// Steps of one item: runs of 64 in at most 64 runs, so that no sum has more than 64 terms.
#define MOST_STEPS 4096

// Axes kept (`kept.src` of src, `kept.dst` of dst, `kept.slope` of centre) and reduced
// (`reduced.src`), each from the innermost outward in src.
struct pass {
    enum what what;
    enum places places;
    bool negate, look_up, across, interleave;
    float divisor;
    struct operand from, positions, to, to_32, to_64, centre;
    struct walk kept, reduced;
    int64_t steps, chunks, per, dst_chunk;
};

struct instance reduce_instance(const struct device *device)
{
    return row_instance(device, "reduce_tree");
}

static int lanes_of(const struct device *device)
{
    return device->device_class == DEVICE_CPU_WIDE ? device->vector_width : 1;
}

static int64_t walk_items(const struct walk *walk)
{
    int64_t items = 1;

    for (int i = 0; i < CVY_MAX_RANK; i++)
        items *= walk->size[i];
    return items;
}

// Sorted by the strides of src, which a walk takes for those of its destination.
static struct walk kept_walk(const struct reduction *r)
{
    struct tensor kept = r->src;
    struct walk walk, turned;

    for (int i = 0; i < CVY_MAX_RANK; i++)
        if (r->dst.size[i] == 1)
            kept.size[i] = 1;
    walk = walk_with(&r->dst, &kept, r->dst.stride);
    turned = walk;
    memcpy(turned.src, walk.dst, sizeof turned.src);
    memcpy(turned.dst, walk.src, sizeof turned.dst);
    return turned;
}

static struct walk reduced_walk(const struct reduction *r)
{
    struct tensor reduced = r->src;

    for (int i = 0; i < CVY_MAX_RANK; i++)
        if (r->dst.size[i] == r->src.size[i])
            reduced.size[i] = 1;
    return walk_of(&reduced, &reduced, -1);
}

// Lanes along neighbours in memory, if there are enough on either side.
static bool lanes_across(const struct device *device, const struct pass *pass)
{
    int64_t enough = MAX(lanes_of(device), 16);
    bool kept = pass->kept.src[0] == 1 && pass->kept.size[0] > 1;

    if (pass->reduced.src[0] == 1 && pass->reduced.size[0] >= enough)
        return false;
    return (kept && pass->kept.size[0] >= enough / 2)
        || pass->kept.size[0] >= pass->reduced.size[0];
}

// Work for every unit, but chunks long enough to be worth an item and a second pass.
static int64_t chunks_wanted(const struct device *device, const struct pass *pass, int64_t items)
{
    bool wide = device->device_class == DEVICE_CPU_WIDE;
    bool gpu = device->device_class == DEVICE_SIMT_GPU;
    int64_t units = MAX(device->info.compute_units, 1);
    int64_t target = wide ? 8 * units : gpu ? 512 * units : 64;
    int64_t least = gpu ? 128 : 512;
    int64_t chunks = ceil_div(pass->steps, MOST_STEPS);

    if (items < target)
        chunks = MAX(chunks, MIN(ceil_div(target, MAX(items, 1)), pass->steps / least));
    return MAX(chunks, 1);
}

static int64_t blocked(int64_t size, int lanes, bool block)
{
    return block ? ceil_div(size, lanes) : size;
}

// Items that make one chunk each.
static int64_t pass_outputs(const struct device *device, const struct pass *pass)
{
    int64_t rows = 1;

    for (int i = 1; i < CVY_MAX_RANK; i++)
        rows *= pass->kept.size[i];
    return rows * blocked(pass->kept.size[0], lanes_of(device), pass->across);
}

static void pass_divide(const struct device *device, struct pass *pass)
{
    bool simt = device->device_class != DEVICE_CPU_WIDE;

    pass->across = lanes_across(device, pass);
    pass->steps = blocked(pass->reduced.size[0], lanes_of(device), !pass->across);
    for (int i = 1; i < CVY_MAX_RANK; i++)
        pass->steps *= pass->reduced.size[i];
    pass->chunks = chunks_wanted(device, pass, pass_outputs(device, pass));
    pass->per = ceil_div(pass->steps, pass->chunks);
    if (pass->per > 0)
        pass->chunks = ceil_div(pass->steps, pass->per);
    pass->interleave = simt && !pass->across && pass->what != LARGEST;
}

static void step_lanes(struct step *step, const struct pass *pass)
{
    const struct walk *along = pass->across ? &pass->kept : &pass->reduced;

    step_long(step, along->size[0]);
    step_long(step, along->src[0]);
    step_long(step, pass->steps);
    step_long(step, pass->chunks);
    step_long(step, pass->per);
    step_long(step, pass->interleave ? 1 : pass->per);
    step_long(step, pass->interleave ? pass->chunks : 1);
}

// Axes whose innermost counts `lanes` at once: `count` strides.
static void step_blocked(struct step *step, const int64_t *strides, int64_t lanes, int count)
{
    step_long(step, strides[0] * lanes);
    for (int i = 1; i < count; i++)
        step_long(step, strides[i]);
}

static void pass_step(struct plan_builder *builder, const struct pass *pass)
{
    const struct device *device = builder_device(builder);
    int lanes = lanes_of(device);
    int64_t outer = pass->across ? lanes : 1, inner = pass->across ? 1 : lanes;
    struct instance instance = reduce_instance(device);
    struct step *step = plan_step(builder, PHASE_RUN, &instance);

    step_tensor(step, pass->from, CVY_F32);
    step_tensor(step, pass->centre, CVY_F32);
    step_tensor(step, pass->positions, CVY_I64);
    step_tensor(step, pass->to, CVY_F32);
    step_tensor(step, pass->to_32, CVY_I32);
    step_tensor(step, pass->to_64, CVY_I64);
    step_int(step, pass->what);
    step_int(step, pass->negate);
    step_int(step, pass->places);
    step_int(step, pass->look_up);
    step_int(step, pass->across);
    step_float(step, pass->divisor);
    step_lanes(step, pass);
    step_long(step, blocked(pass->kept.size[0], lanes, pass->across));
    step_walk(step, pass->kept.size, 1, 4);
    step_blocked(step, pass->kept.src, outer, 5);
    step_blocked(step, pass->kept.dst, outer, 5);
    step_long(step, pass->kept.dst[0]);
    step_long(step, pass->dst_chunk);
    step_blocked(step, pass->kept.slope, outer, 5);
    step_long(step, pass->kept.slope[0]);
    step_long(step, blocked(pass->reduced.size[0], lanes, !pass->across));
    step_walk(step, pass->reduced.size, 1, 4);
    step_blocked(step, pass->reduced.src, inner, 6);
    step_flat(step, pass_outputs(device, pass) * pass->chunks);
}

// One pass that leaves its chunks' results in scratch, one output's side by side; what is left to
// do then comes back in `pass`.
static void pass_partial(struct plan_builder *builder, struct pass *pass)
{
    struct pass part = *pass;
    int64_t outputs = walk_items(&pass->kept), pitch = pass->chunks;
    size_t results = (size_t)(outputs * pass->chunks);

    part.divisor = 1.0f;
    part.dst_chunk = 1;
    part.to = plan_scratch(builder, results * sizeof(float));
    for (int i = 0; i < CVY_MAX_RANK; i++) {
        part.kept.dst[i] = pitch;
        pitch *= pass->kept.size[i];
    }
    if (pass->what == LARGEST && pass->places != VALUE) {
        part.places = VALUE_AND_POSITION;
        part.to_64 = plan_scratch(builder, results * sizeof(int64_t));
    }
    pass_step(builder, &part);
    pass->from = part.to;
    pass->positions = part.to_64;
    pass->look_up = part.places == VALUE_AND_POSITION;
    pass->what = pass->what == SQUARES ? SUM : pass->what;
    pass->centre = OPERAND(SLOT_NONE);
    memcpy(pass->kept.src, part.kept.dst, sizeof pass->kept.src);
    pass->reduced = (struct walk) { .count = 1, .size = { pass->chunks, 1, 1, 1, 1, 1 },
                                    .src = { 1 } };
}

static struct pass first_pass(const struct reduction *r)
{
    bool position = r->kind == CVY_REDUCE_ARGMAX || r->kind == CVY_REDUCE_ARGMIN;
    bool mean = r->kind == CVY_REDUCE_MEAN || r->kind == REDUCE_SQUARES;
    struct operand none = OPERAND(SLOT_NONE);
    struct pass pass = { .from = r->from, .positions = none, .to = none, .to_32 = none,
                         .to_64 = none, .centre = none };

    pass.what = r->kind == CVY_REDUCE_SUM || r->kind == CVY_REDUCE_MEAN ? SUM
        : r->kind == REDUCE_SQUARES ? SQUARES : LARGEST;
    pass.negate = r->kind == CVY_REDUCE_MIN || r->kind == CVY_REDUCE_ARGMIN;
    pass.places = !position ? VALUE : r->dst.dtype == CVY_I32 ? POSITION_32 : POSITION_64;
    pass.kept = kept_walk(r);
    pass.reduced = reduced_walk(r);
    pass.divisor = mean ? (float)walk_items(&pass.reduced) : 1.0f;
    if (pass.what == SQUARES)
        pass.centre = r->centre;
    if (!position)
        pass.to = r->to;
    else if (r->dst.dtype == CVY_I32)
        pass.to_32 = r->to;
    else
        pass.to_64 = r->to;
    return pass;
}

// Partial values of a least are negated back, so each pass negates alike.
void reduce_steps(struct plan_builder *builder, const struct reduction *reduction)
{
    const struct device *device = builder_device(builder);
    struct pass pass = first_pass(reduction);

    if (tensor_elements(&reduction->dst) == 0)
        return;
    pass_divide(device, &pass);
    while (pass.chunks > 1) {
        pass_partial(builder, &pass);
        pass_divide(device, &pass);
    }
    pass_step(builder, &pass);
}

static size_t start_set(const struct device *device, struct instance *out, size_t cap)
{
    if (cap < 1)
        return 0;
    out[0] = reduce_instance(device);
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
    struct rates rates = rules_rates(device);

    (void)config;
    return 2.0 * rates.launch
        + (double)tensor_elements(&problem->src) * sizeof(float) / rates.bytes;
}

static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    const struct reduction reduction = {
        .kind = (int)problem->u.reduce.kind, .src = problem->src, .dst = problem->dst,
        .from = OPERAND(SLOT_SRC), .to = OPERAND(SLOT_DST), .centre = OPERAND(SLOT_NONE),
    };

    (void)config;
    reduce_steps(builder, &reduction);
    return builder_status(builder);
}

const struct algo algo_reduce_tree = {
    .name = "reduce_tree", .about = "reductions of any axes, as trees of chunks",
    .op = OP_REDUCE, .dtypes = DTYPE_BIT(CVY_F32), .layouts = ANY_LAYOUT,
    .accuracy = ACCURACY_DIRECT, .start_set = start_set, .applicable = applicable,
    .estimate = estimate, .build = build,
};
