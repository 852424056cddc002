// Common layers of networks, batch 1, as specs without a layout.
#ifndef CONVOY_TOOLS_LAYERS_H
#define CONVOY_TOOLS_LAYERS_H

#include <stddef.h>

extern const char *const layers[];
extern const size_t layer_count;

#endif
