// What pooling and unpooling share: the checks of indices.
#ifndef CVY_OPS_POOL_H
#define CVY_OPS_POOL_H

#include "ops/check.h"

// indices and indices_dtype, the latter I64 by default where there are indices.
cvy_status check_pool_indices(cvy_indices *indices, cvy_dtype *dtype);
// Dense indices of the shape and layout of a checked feature map.
cvy_status indices_desc(const cvy_desc *map, cvy_dtype dtype, cvy_desc *out);

#endif
