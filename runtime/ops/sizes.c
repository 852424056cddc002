// The feature-map formulas, public as helpers and used by every operator.
#include "common/common.h"

static bool window_is_bad(int64_t in, int64_t kernel, int64_t stride, int64_t dilation,
                          int64_t pad_begin, int64_t pad_end)
{
    return in < 0 || kernel < 1 || stride < 1 || dilation < 1 || pad_begin < 0 || pad_end < 0;
}

// What is left beside one window: in + pads - dilation (kernel - 1) - 1.
static bool window_slack(int64_t in, int64_t kernel, int64_t dilation, int64_t pad_begin,
                         int64_t pad_end, int64_t *out)
{
    int64_t reach, padded;

    return mul_i64(dilation, kernel - 1, &reach) && add_i64(in, pad_begin, &padded)
        && add_i64(padded, pad_end, &padded) && add_i64(padded, -1, &padded)
        && add_i64(padded, -reach, out);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int64_t cvy_conv_output_size(int64_t in, int64_t kernel, int64_t stride, int64_t dilation,
                             int64_t pad_begin, int64_t pad_end)
{
    int64_t slack;

    if (window_is_bad(in, kernel, stride, dilation, pad_begin, pad_end)
        || !window_slack(in, kernel, dilation, pad_begin, pad_end, &slack))
        return INT64_MIN;
    return floor_div(slack, stride) + 1;
}

int64_t cvy_conv_transpose_output_size(int64_t in, int64_t kernel, int64_t stride,
                                       int64_t dilation, int64_t pad_begin, int64_t pad_end,
                                       int64_t output_padding)
{
    int64_t size, reach;

    if (window_is_bad(in, kernel, stride, dilation, pad_begin, pad_end) || output_padding < 0
        || !mul_i64(in - 1, stride, &size) || !mul_i64(dilation, kernel - 1, &reach)
        || !add_i64(size, reach, &size) || !add_i64(size, output_padding, &size)
        || !add_i64(size, 1, &size) || !add_i64(size, -pad_begin, &size)
        || !add_i64(size, -pad_end, &size))
        return INT64_MIN;
    return size;
}

int64_t cvy_pool_output_size(int64_t in, int64_t kernel, int64_t stride, int64_t dilation,
                             int64_t pad_begin, int64_t pad_end, bool ceil_mode)
{
    int64_t slack, size;

    if (window_is_bad(in, kernel, stride, dilation, pad_begin, pad_end)
        || !window_slack(in, kernel, dilation, pad_begin, pad_end, &slack))
        return INT64_MIN;
    size = floor_div(slack, stride) + 1;
    if (!ceil_mode || slack % stride == 0 || slack < 0)
        return size;
    // One more window, unless it would start in the end padding (or beyond).
    return size <= (in + pad_begin - 1) / stride ? size + 1 : size;
}
