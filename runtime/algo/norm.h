// Normalisation as steps: a table of mean, factor and bias, then (src - mean) factor + bias.
#ifndef CVY_ALGO_NORM_H
#define CVY_ALGO_NORM_H

#include "algo/walk.h"

// Where mean and variance are, and `phase` says when the table can be made of them.
struct norm_statistics {
    struct operand mean, variance;
    enum phase phase;
    bool each_image;
};

// Entries of the table: channels, or channels of all images.
int64_t norm_count(const struct problem *problem, const struct norm_statistics *statistics);
// Appends the step that makes the table.
struct operand norm_table(struct plan_builder *builder, const struct problem *problem,
                          const struct norm_statistics *statistics);
struct instance norm_table_instance(const struct device *device);
// Appends all steps of a BATCH_NORM or INSTANCE_NORM problem once its statistics are there.
void norm_steps(struct plan_builder *builder, const struct problem *problem,
                const struct norm_statistics *statistics);
// The two instances that norm_steps launches; at most cap are written.
size_t norm_instances(const struct device *device, struct instance *out, size_t cap);

#endif
