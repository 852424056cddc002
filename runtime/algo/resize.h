// What the ways to resize share. Declares no algorithm.
#ifndef CVY_RESIZE_H
#define CVY_RESIZE_H

#include "algo/common.h"

// Positions and weights of the taps of each output position: resize_table.cl. `taps` of depth,
// height, width; 1 where an axis is read as it is.
struct resize_table {
    struct operand index, weight;
    int taps[3];
};
// Appends the step that makes it.
struct resize_table resize_table(struct plan_builder *builder, const struct problem *problem);
struct instance resize_table_instance(const struct device *device);
void step_table(struct step *step, const struct resize_table *table);       // two tensors

// Seconds to read every tap and write dst.
double resize_seconds(const struct device *device, const struct problem *problem);

#endif
