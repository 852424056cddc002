// Walks: sorted and merged axes of two tensors, and rows cut into pieces of work.
#include "algo/walk.h"

static void axis_move(struct walk *walk, int to, int from)
{
    walk->size[to] = walk->size[from];
    walk->src[to] = walk->src[from];
    walk->dst[to] = walk->dst[from];
    walk->slope[to] = walk->slope[from];
    walk->fourth[to] = walk->fourth[from];
}

// Makes room for an axis with this stride in dst; its place.
static int axis_open(struct walk *walk, int64_t dst)
{
    int at = walk->count++;

    for (; at > 0 && dst < walk->dst[at - 1]; at--)
        axis_move(walk, at, at - 1);
    return at;
}

// Whether axis `outer` goes on where axis `inner` ends, in every tensor.
static bool continues(const struct walk *walk, int inner, int outer)
{
    int64_t size = walk->size[inner];

    return walk->src[outer] == walk->src[inner] * size
        && walk->dst[outer] == walk->dst[inner] * size
        && walk->slope[outer] == walk->slope[inner] * size
        && walk->fourth[outer] == walk->fourth[inner] * size;
}

static void axes_merge(struct walk *walk)
{
    int count = 0;

    for (int i = 0; i < walk->count; i++) {
        if (count > 0 && continues(walk, count - 1, i))
            walk->size[count - 1] *= walk->size[i];
        else
            axis_move(walk, count++, i);
    }
    walk->count = count;
}

struct walk walk_of(const struct tensor *src, const struct tensor *dst, int channel_axis)
{
    int64_t slope[CVY_MAX_RANK] = { 0 };

    if (channel_axis >= 0)
        slope[channel_axis] = 1;
    return walk_with(src, dst, slope);
}

struct walk walk_with(const struct tensor *src, const struct tensor *dst,
                      const int64_t third[CVY_MAX_RANK])
{
    static const int64_t none[CVY_MAX_RANK] = { 0 };

    return walk_with_two(src, dst, third, none);
}

struct walk walk_with_two(const struct tensor *src, const struct tensor *dst,
                          const int64_t third[CVY_MAX_RANK], const int64_t fourth[CVY_MAX_RANK])
{
    struct walk walk = { 0 };

    for (int i = CVY_MAX_RANK - 1; i >= 0; i--) {
        int at;

        if (dst->size[i] == 1)
            continue;
        at = axis_open(&walk, dst->stride[i]);
        walk.size[at] = dst->size[i];
        walk.src[at] = src->stride[i];
        walk.dst[at] = dst->stride[i];
        walk.slope[at] = third[i];
        walk.fourth[at] = fourth[i];
    }
    axes_merge(&walk);
    if (walk.count == 0) {
        walk.count = 1;
        walk.size[0] = walk.src[0] = walk.dst[0] = 1;
    }
    for (int i = walk.count; i < CVY_MAX_RANK; i++) {
        walk.size[i] = 1;
        walk.src[i] = walk.dst[i] = walk.slope[i] = walk.fourth[i] = 0;
    }
    return walk;
}

struct walk walk_across(const struct tensor *src, const struct tensor *dst, int axis)
{
    struct tensor src_first = *src, dst_first = *dst;

    src_first.size[axis] = dst_first.size[axis] = 1;
    return walk_of(&src_first, &dst_first, -1);
}

void step_walk(struct step *step, const int64_t values[CVY_MAX_RANK], int first, int count)
{
    for (int i = first; i < first + count; i++)
        step_long(step, values[i]);
}

// 1,024 elements at least, or the launch of an item shows; 8,192 at most, 32 KiB of each tensor.
struct row_blocks row_blocks(const struct device *device, const struct walk *walk)
{
    struct row_blocks b = { 1, walk->size[0], 1, walk->size[1] };
    int64_t total = 1, share;

    if (device->device_class != DEVICE_CPU_WIDE)
        return b;
    for (int i = 0; i < CVY_MAX_RANK; i++)
        total *= walk->size[i];
    share = total / (4 * MAX(device->info.compute_units, 1));
    share = round_up(MIN(MAX(share, 1024), 8192), device->vector_width);
    b.chunk = MIN(share, MAX(walk->size[0], 1));
    b.chunks = ceil_div(walk->size[0], b.chunk);
    b.block = MIN(share / b.chunk, MAX(walk->size[1], 1));
    b.blocks = ceil_div(walk->size[1], b.block);
    return b;
}

int64_t row_items(const struct walk *walk, const struct row_blocks *blocks)
{
    int64_t items = blocks->chunks * blocks->blocks;

    for (int i = 2; i < CVY_MAX_RANK; i++)
        items *= walk->size[i];
    return items;
}

void step_rows(struct step *step, const struct walk *walk, const struct row_blocks *blocks)
{
    step_long(step, walk->size[0]);
    step_long(step, blocks->chunk);
    step_long(step, blocks->chunks);
    step_long(step, walk->size[1]);
    step_long(step, blocks->block);
    step_long(step, blocks->blocks);
    step_walk(step, walk->size, 2, 3);
}

struct instance row_instance(const struct device *device, const char *file)
{
    bool wide = device->device_class == DEVICE_CPU_WIDE;
    struct instance instance = instance_start(file, wide ? 1 : flat_group(device), 1, 1);

    instance_define(&instance, "V", wide ? device->vector_width : 1);
    return instance;
}

bool turn_of(const struct walk *walk, struct turn *out)
{
    int b = 0, outer = 0;

    for (int i = 1; i < walk->count; i++)
        if (walk->src[i] == 1)
            b = i;
    if (b == 0 || walk->dst[0] != 1)
        return false;
    *out = (struct turn) { walk->size[0], walk->size[b], walk->src[0], walk->dst[b],
                           { 0 }, { 0 }, { 0 } };
    for (int i = 1; i < CVY_MAX_RANK; i++) {
        if (i == b)
            continue;
        out->size[outer] = walk->size[i];
        out->src[outer] = walk->src[i];
        out->dst[outer++] = walk->dst[i];
    }
    return true;
}

void step_turn(struct step *step, const struct turn *turn)
{
    for (int i = 0; i < 3; i++)
        step_long(step, turn->size[i]);
    for (int i = 0; i < 4; i++)
        step_long(step, turn->src[i]);
    for (int i = 0; i < 4; i++)
        step_long(step, turn->dst[i]);
}

struct operand copy_source(const struct problem *problem)
{
    size_t element = cvy_dtype_bytes(problem->src.dtype);

    return (struct operand) { SLOT_SRC, (size_t)problem->u.copy.src_at * element };
}

double move_seconds(const struct device *device, const struct problem *problem)
{
    struct rates rates = rules_rates(device);
    size_t element = cvy_dtype_bytes(problem->src.dtype);

    return rates.launch
        + (double)(tensor_elements(&problem->dst) * (int64_t)(2 * element)) / rates.bytes;
}
