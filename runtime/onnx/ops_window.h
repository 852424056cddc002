// Windows of convolution and pooling: kernel_shape, strides, dilations, pads and auto_pad.
#ifndef CVY_ONNX_OPS_WINDOW_H
#define CVY_ONNX_OPS_WINDOW_H

#include "onnx/ops_common.h"

struct op_window {
    int32_t spatial;
    int64_t in[3], kernel[3], stride[3], dilation[3], begin[3], end[3];
};

// Kernel from the attribute, or from weights (may be NULL), which it has to agree with. Sizes are
// 1 or more, pads 0 or more. auto_pad is left to the callers below.
cvy_status op_window(const struct op *op, const cvy_desc *src, const cvy_desc *weights,
                     struct op_window *out);
// Pads of convolution and pooling by auto_pad, where it is set.
cvy_status op_window_pad(const struct onnx_node *node, struct op_window *window);
bool op_is_same(const struct onnx_node *node);      // auto_pad is SAME_UPPER or SAME_LOWER
// Divides pads between the sides: the odd one goes after with SAME_UPPER, else before.
void op_window_divide(const struct onnx_node *node, int64_t pads, int64_t *begin, int64_t *end);

// At load: auto_pad, and pads that agree with it and are not negative.
op_check op_check_window;

#endif
