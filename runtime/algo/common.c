// Arguments and quantities that algorithms share.
#include "algo/common.h"

#include <math.h>

// A round of a loop counts as one and all that is within. The round that finds a loop's end counts
// too, and goes through the loops within. Where an axis is cut, its part fills a launch: the axes
// around it advance by one, which keeps the order.
struct parts parts_of(const struct device *device, int64_t a, int64_t b, int64_t c, int64_t d)
{
    struct parts parts = { .size = { a, b, c, d }, .count = 1 };
    int64_t inside = 1;

    for (int axis = 3; axis >= 0; axis--) {
        int64_t size = MAX(parts.size[axis], 1);

        parts.step[axis] = MIN(size, MAX(device->max_rounds / inside, 1));
        parts.count *= ceil_div(size, parts.step[axis]);
        inside = MIN(parts.step[axis] * inside, INT64_MAX - 5) + 5 - axis;
    }
    return parts;
}

struct part part_at(const struct parts *parts, int64_t i)
{
    struct part part = { .first = i == 0, .last = i == parts->count - 1 };

    for (int axis = 3; axis >= 0; axis--) {
        int64_t pieces = ceil_div(MAX(parts->size[axis], 1), parts->step[axis]);

        part.from[axis] = i % pieces * parts->step[axis];
        part.to[axis] = MIN(part.from[axis] + parts->step[axis], parts->size[axis]);
        i /= pieces;
    }
    return part;
}

void step_part(struct step *step, const struct part *part, int axis)
{
    for (; axis < 4; axis++) {
        step_int(step, part->from[axis]);
        step_int(step, part->to[axis]);
    }
}

void step_piecewise(struct step *step, const cvy_activation *activation)
{
    float slope, low, high;

    if (!activation_piecewise(activation, &slope, &low, &high)) {
        slope = 1.0f;
        low = -INFINITY;
        high = INFINITY;
    }
    step_float(step, slope);
    step_float(step, low);
    step_float(step, high);
}

// EPYC Zen 4 with 32 MiB of cache, PoCL 3.1, tensors of 128 MiB: depthwise 3x3 takes 9.0 ms with
// such stores and 12.4 without, a copy to every second line 6.6 and 14.7. Of less than a line, each
// store would write a part of one to memory.
bool streams(const struct device *device, const struct tensor *dst)
{
    const int64_t cache = device->info.cache_bytes, line = 64;

    if (device->device_class != DEVICE_CPU_WIDE || device->vector_width * 4 < line || cache == 0)
        return false;
    for (int i = 0; i < CVY_MAX_RANK; i++)
        if (dst->size[i] > 1 && dst->stride[i] != 1 && dst->stride[i] % device->vector_width)
            return false;
    return tensor_elements(dst) > cache / (int64_t)cvy_dtype_bytes(dst->dtype);
}

void step_window(struct step *step, const struct window *window)
{
    const int64_t *const lists[] = { window->kernel, window->stride, window->dilation,
                                     window->pad };

    for (size_t list = 0; list < COUNT_OF(lists); list++)
        for (int i = 0; i < 3; i++)
            step_int(step, lists[list][i]);
}

int64_t pixel_pitch(const struct tensor *t)
{
    for (int axis = AXIS_W; axis >= AXIS_D; axis--)
        if (t->size[axis] > 1)
            return t->stride[axis];
    return t->size[AXIS_N] > 1 ? t->stride[AXIS_N] : t->size[AXIS_C];
}

void step_map_strides(struct step *step, const struct tensor *t)
{
    step_long(step, t->stride[AXIS_N]);
    for (int axis = AXIS_D; axis <= AXIS_W; axis++)
        step_long(step, t->stride[axis]);
}

void step_plane_strides(struct step *step, const struct tensor *t)
{
    step_long(step, t->stride[AXIS_N]);
    step_long(step, t->stride[AXIS_H]);
    step_long(step, t->stride[AXIS_W]);
}

void step_plane_window(struct step *step, const int64_t height[3], const int64_t width[3])
{
    step_int(step, height[1]);
    step_int(step, width[2]);
}

int64_t row_tiles(const struct problem *problem, int64_t mr)
{
    int64_t width = problem->dst.size[AXIS_W], stride = problem->u.conv.window.stride[2];

    if (problem->direction == FORWARD)
        return ceil_div(width, mr);
    return stride * ceil_div(ceil_div(width, stride), mr);
}

// Equal sizes rule out padding behind the end, which the window does not tell.
bool conv_is_pointwise(const struct problem *problem)
{
    const struct window *w = &problem->u.conv.window;

    for (int i = 0; i < 3; i++)
        if (w->kernel[i] != 1 || w->stride[i] != 1 || w->pad[i] != 0
            || problem->src.size[AXIS_D + i] != problem->dst.size[AXIS_D + i])
            return false;
    return true;
}

int64_t map_pixels(const struct tensor *t)
{
    return t->size[AXIS_D] * t->size[AXIS_H] * t->size[AXIS_W];
}

bool batch_is_packed(const struct tensor *t)
{
    return t->size[AXIS_N] <= 1 || t->stride[AXIS_N] == map_pixels(t) * pixel_pitch(t);
}

int64_t tiles_each(const struct device *device, int64_t tiles, int64_t others)
{
    int64_t most = tiles * others / (8 * MAX(device->info.compute_units, 1));

    return MAX(MIN(MIN(tiles, most), 8), 1);
}

struct problem separable_first(const struct problem *problem)
{
    return (struct problem) { .op = OP_CONV, .direction = FORWARD, .src = problem->src,
                              .dst = problem->u.separable.mid,
                              .u.conv = problem->u.separable.first };
}

struct problem separable_second(const struct problem *problem)
{
    return (struct problem) { .op = OP_CONV, .direction = FORWARD,
                              .src = problem->u.separable.mid, .dst = problem->dst,
                              .u.conv = problem->u.separable.second };
}
