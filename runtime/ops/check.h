// Checks and defaults that operators share. Each names the parameter that is wrong.
#ifndef CVY_CHECK_H
#define CVY_CHECK_H

#include "plan/names.h"
#include "plan/plan.h"

// Opens every create function: checks the pointers and clears *out.
#define ENTER(context, params, out)                                                         \
    do {                                                                                    \
        cvy_status entered_;                                                                \
        CHECK_POINTER(out);                                                                 \
        *(out) = NULL;                                                                      \
        entered_ = context_check(context);                                                  \
        if (entered_ != CVY_OK)                                                             \
            return entered_;                                                                \
        CHECK_POINTER(params);                                                              \
    } while (0)

// Of any rank, checked or not.
static inline int spatial_axes(const cvy_desc *src)
{
    return src->rank > 2 ? src->rank - 2 : 0;
}

// src as a feature map of 1 to 3 spatial axes with at least one channel and element in each.
cvy_status check_map(cvy_desc *src);

// kernel_size, stride, dilation, padding of `spatial` axes, with defaults filled in.
struct window_params {
    int spatial;
    int64_t *kernel_size, *stride, *dilation, *padding, *padding_end;
    cvy_padding_rule *rule;     // becomes BEGIN_END, with padding_end set, whatever it was
    bool stride_is_kernel;      // the default of a stride of 0
};
// Also what the padding mode wants of padding and size, and that padded axes stay below 2^31; not
// with src NULL, for windows whose padding is taken off.
cvy_status check_window(const cvy_desc *src, const struct window_params *w, cvy_padding_mode mode);
// The same, moved to the right-hand axes, the others neutral.
struct window window_of(const struct window_params *w);

cvy_status check_groups(int64_t *groups, int64_t channels, int64_t out_channels);
// The output along spatial axis i must be at least 1.
cvy_status check_output(int64_t size, int i);
// The same of an operator whose padding is taken off the output.
cvy_status check_grown_output(int64_t size, int i);

// dst: defaults as src. With rank 0 the sizes are taken from `size`, else they must be those.
cvy_status check_dst(cvy_desc *dst, const cvy_desc *src, int32_t rank, const int64_t *size);
cvy_status check_weights_dtype(cvy_dtype *dtype, cvy_dtype src);
cvy_status check_enum(int value, int first, int last, const char *name);
cvy_status check_named(int value, const struct enum_names *names, const char *name);
// ARGUMENT if an entry that no axis of src uses, from `used` on, is not 0.
cvy_status check_unused(const char *name, const int64_t *values, int used, int count);
// ARGUMENT if entry 0 is set and a later spatial one is left at its default: who writes { 2 } means
// all of them.
cvy_status check_whole(const char *name, const int64_t *values, int spatial);
// *index into rank axes, negative counted from the last.
cvy_status check_axis(int32_t *axis, int32_t rank);

#endif
