// Broadcasting as in PyTorch: axes are matched from the last, a missing axis or one of size 1
// repeats.
#ifndef CVY_BROADCAST_H
#define CVY_BROADCAST_H

#include "plan/tensor.h"

// Sizes that all sources so far broadcast to. Start with rank 0.
struct broadcast {
    int32_t rank;
    int64_t size[CVY_MAX_RANK];
};
// Adds a checked source. SHAPE naming `name` and the axis that does not fit; LIMIT if the whole has
// 2^63 elements.
cvy_status broadcast_add(struct broadcast *whole, const cvy_desc *desc, const char *name);
// ARGUMENT unless both are maps or both PLAIN.
cvy_status broadcast_check_layout(const cvy_desc *desc, const char *name, const cvy_desc *first,
                                  const char *first_name);
// A source with the sizes of the whole and strides of 0 where it repeats.
struct tensor broadcast_tensor(const struct broadcast *whole, const cvy_desc *desc);

#endif
