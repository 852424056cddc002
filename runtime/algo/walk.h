// Two tensors of the same sizes as one walk: axes of size 1 dropped, the others from the innermost
// of dst outward, neighbours merged where both tensors allow it. What element-wise algorithms see.
#ifndef CVY_WALK_H
#define CVY_WALK_H

#include "algo/common.h"

struct walk {
    int count;              // 1 to CVY_MAX_RANK; axes from there on have size 1
    int64_t size[CVY_MAX_RANK], src[CVY_MAX_RANK], dst[CVY_MAX_RANK];
    int64_t slope[CVY_MAX_RANK];    // stride of a vector along channel_axis, 0 elsewhere
    int64_t fourth[CVY_MAX_RANK];   // of one more tensor, or 0
};

// channel_axis -1: there is no such vector.
struct walk walk_of(const struct tensor *src, const struct tensor *dst, int channel_axis);
// The same with any strides of a third tensor in `slope`.
struct walk walk_with(const struct tensor *src, const struct tensor *dst,
                      const int64_t third[CVY_MAX_RANK]);
struct walk walk_with_two(const struct tensor *src, const struct tensor *dst,
                          const int64_t third[CVY_MAX_RANK], const int64_t fourth[CVY_MAX_RANK]);
// The walk over all axes but one: the first elements of rows along it. At most five axes.
struct walk walk_across(const struct tensor *src, const struct tensor *dst, int axis);

// The axes [first, first + count) as that many "l".
void step_walk(struct step *step, const int64_t values[CVY_MAX_RANK], int first, int count);

// Work on rows, axis 0 of a walk: an item takes `block` rows along axis 1, `chunk` elements each.
struct row_blocks {
    int64_t chunk, chunks, block, blocks;
};
struct row_blocks row_blocks(const struct device *device, const struct walk *walk);
int64_t row_items(const struct walk *walk, const struct row_blocks *blocks);
// Row length, chunk, chunks, rows, block, blocks, sizes of axes 2 to 4: nine "l".
void step_rows(struct step *step, const struct walk *walk, const struct row_blocks *blocks);

// Vector lanes and group of kernels over rows: the device's vectors and one item on a wide CPU,
// else one element an item.
struct instance row_instance(const struct device *device, const char *file);

// A walk whose innermost axis in src is another than in dst: a has stride 1 in dst, b in src. The
// others follow as four outer axes.
struct turn {
    int64_t a, b;           // sizes
    int64_t src_a, dst_b;   // strides
    int64_t size[4], src[4], dst[4];
};
bool turn_of(const struct walk *walk, struct turn *out);
// Sizes of outer axes 0 to 2, strides of src and of dst along outer axes 0 to 3: eleven "l".
void step_turn(struct step *step, const struct turn *turn);

// Where a copy reads: its source is the slot from the element u.copy.src_at on, and strides of the
// problem's src may be negative.
struct operand copy_source(const struct problem *problem);

// Seconds to move the elements of src and dst once.
double move_seconds(const struct device *device, const struct problem *problem);

#endif
