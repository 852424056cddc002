// Tensors as plans see them: checked, with strides filled in, always CVY_MAX_RANK axes.
#ifndef CVY_TENSOR_H
#define CVY_TENSOR_H

#include "common/common.h"

// Axes of a feature map; unused spatial axes have size 1. Other tensors keep their axes in order
// and are filled up with axes of size 1.
enum axis { AXIS_N, AXIS_C, AXIS_D, AXIS_H, AXIS_W, AXIS_SPATIAL = AXIS_D };

struct tensor {
    cvy_dtype dtype;
    cvy_layout layout;
    int64_t size[CVY_MAX_RANK], stride[CVY_MAX_RANK];
};

// Checks a description and fills in defaults (F32, NCHW, dense strides; those of `as` where it is
// not NULL). `name` is the parameter for error texts. Errors: ARGUMENT, SHAPE, LIMIT, UNSUPPORTED
// (strides that overlap).
cvy_status desc_check(cvy_desc *desc, const cvy_desc *as, const char *name);
// As desc_check with F32, for tensors of other dtypes: `dtypes` is a bit set, 1 << dtype each.
// UNSUPPORTED for those that are not in it.
cvy_status desc_check_dtypes(cvy_desc *desc, const cvy_desc *as, const char *name, uint32_t dtypes);
// A checked desc as feature map: N, C and 1 to 3 spatial axes put to the right.
struct tensor tensor_map(const cvy_desc *desc);
// A checked desc with its axes in order.
struct tensor tensor_plain(const cvy_desc *desc);

int64_t tensor_elements(const struct tensor *t);
size_t tensor_bytes(const struct tensor *t);        // first element to the end of the last
bool tensor_same_size(const struct tensor *a, const struct tensor *b);
bool tensor_same_place(const struct tensor *a, const struct tensor *b);     // sizes and strides
// Dense, in any order of axes: elements fill their extent.
bool tensor_is_dense(const struct tensor *t);
// Channels innermost with stride 1 and the spatial axes packed on a common pixel pitch: stride[W]
// is the pitch, stride[H] = W pitch, and so on; only N may stand further apart.
bool tensor_is_pixels(const struct tensor *t);
// Spatial axes innermost and packed, pixel next to pixel; N and C may stand further apart.
bool tensor_is_planes(const struct tensor *t);
// Dense strides for a layout, over the axes of a feature map or in order.
void tensor_set_dense(struct tensor *t, cvy_layout layout);

#endif
