// What the pooling algorithms share.
#ifndef CVY_ALGO_POOL_COMMON_H
#define CVY_ALGO_POOL_COMMON_H

#include "algo/common.h"

#include <math.h>

// Taps of a window, as a double because those in padding can be any number.
static inline double pool_taps(const struct window *w)
{
    return (double)w->kernel[0] * (double)w->kernel[1] * (double)w->kernel[2];
}

// Additions or comparisons.
static inline double pool_work(const struct problem *problem)
{
    double work = (double)tensor_elements(&problem->dst);

    if (problem->u.pool.kind < CVY_POOL_ADAPTIVE_MAX)
        return work * pool_taps(&problem->u.pool.window);
    for (int axis = AXIS_SPATIAL; axis <= AXIS_W; axis++)
        work *= (double)problem->src.size[axis] / (double)problem->dst.size[axis];
    return work;
}

// How many additions a kernel makes in a row before it starts a new sum: the root of the taps, so
// that errors grow with the root; 16 at least, where the bound of so few taps allows a row.
static inline int64_t pool_run(const struct problem *problem)
{
    double taps = 1.0;

    for (int axis = AXIS_SPATIAL; axis <= AXIS_W; axis++)
        taps *= (double)problem->src.size[axis];
    if (problem->u.pool.kind < CVY_POOL_ADAPTIVE_MAX)
        taps = MIN(taps, pool_taps(&problem->u.pool.window));
    return (int64_t)MIN(MAX(ceil(sqrt(taps)), 16.0), 1e9);
}

// Whether kernels can count elements of the tensors, and steps of the window (16 at once), in 32
// bits with room for sums of them.
static inline bool pool_fits_int(const struct problem *problem)
{
    const struct window *w = &problem->u.pool.window;
    const struct tensor *src = &problem->src;

    for (int i = 0; i < 3; i++) {
        double reach = (double)src->size[AXIS_SPATIAL + i] + 16.0 * (double)w->stride[i]
            + (double)w->kernel[i] * (double)w->dilation[i] + (double)w->pad[i]
            + (double)problem->u.pool.pad_end[i];

        if (reach * (double)src->stride[AXIS_SPATIAL + i] > INT32_MAX / 4)
            return false;
    }
    return tensor_bytes(src) <= INT32_MAX && tensor_bytes(&problem->dst) <= INT32_MAX;
}

// Max or average without indices, which vector kernels take.
static inline bool pool_is_plain(const struct problem *problem)
{
    return (problem->u.pool.kind == CVY_POOL_MAX || problem->u.pool.kind == CVY_POOL_AVERAGE)
        && problem->u.pool.indices == CVY_INDICES_NONE;
}

// Whether a device takes the loops over one window. An average takes two rounds more for each run
// of taps, and one for each loop that it leaves out.
static inline bool pool_rounds_fit(const struct device *device, const struct problem *problem)
{
    const int64_t *kernel = problem->u.pool.window.kernel;

    return parts_of(device, 1, kernel[0], kernel[1], 2 * (kernel[2] + 2)).count == 1;
}

// End padding of depth, height, width as three "i".
static inline void step_pad_end(struct step *step, const struct pool_problem *pool)
{
    for (int i = 0; i < 3; i++)
        step_int(step, pool->pad_end[i]);
}

// Strides of N, C, depth, height, width as five "i".
static inline void step_int_strides(struct step *step, const struct tensor *t)
{
    for (int i = AXIS_N; i <= AXIS_W; i++)
        step_int(step, t->size[i] > 1 ? t->stride[i] : 0);
}

// Into how many parts a CPU's work should fall: some for each unit, so that all end together, but
// few, as PoCL takes 0.1 us to start one.
static inline int64_t pool_parts(const struct device *device, int64_t for_unit)
{
    return for_unit * (int64_t)MAX(device->info.compute_units, 1);
}

#endif
