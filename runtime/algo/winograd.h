// What the two transforms of conv_winograd share with it. Declares no algorithm.
#ifndef CVY_WINOGRAD_H
#define CVY_WINOGRAD_H

#include "algo/common.h"

// conv_winograd's tunables.
enum { F, MR, NV };

// Tiles of the whole batch, and how they go through.
struct tiling {
    int64_t rows, columns, tiles;
    int64_t pitch;              // channels of a tile in a plane
    int64_t chunk;              // tiles, whole blocks
    int64_t plane;              // elements
};


// Appends the prepare steps that transform the filters and pack the bias.
struct packed_weights winograd_filter(struct plan_builder *builder, const struct problem *problem,
                                      const struct config *config);
struct instance winograd_filter_instance(const struct device *device, const struct config *config);

// Appends the launch that transforms the chunk of tiles behind `from` to planes.
void winograd_input(struct plan_builder *builder, const struct problem *problem,
                    const struct config *config, const struct tiling *t, struct operand planes,
                    int64_t from);
struct instance winograd_input_instance(const struct device *device, const struct config *config);

#endif
