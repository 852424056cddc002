// Choices that the sweep's generators share.
#ifndef CONVOY_TESTS_SWEEP_PARTS_H
#define CONVOY_TESTS_SWEEP_PARTS_H

#include "judge_random.h"
#include "sweep.h"

// Drawing one problem. A generator that returns false drew something illegal: draw again.
struct sweep {
    struct judge_random random;
    struct judge_problem *out;
};

int64_t sweep_pick(struct sweep *s, const int64_t *list, int count);
int64_t sweep_channels(struct sweep *s);
int64_t sweep_batch(struct sweep *s);
cvy_layout sweep_layout(struct sweep *s);           // NCHW or NHWC; now and then the default
// Zeros behind an entry that is set become 1: lists are set whole, or not at all.
void sweep_whole(int64_t *list, int axes);
void sweep_activation(struct sweep *s, bool slopes, cvy_activation *out);
// n, c and `axes` spatial sizes; sometimes strided.
void sweep_feature_map(struct sweep *s, int axes, int64_t channels, cvy_desc *out);
void sweep_any_tensor(struct sweep *s, cvy_desc *out);          // any rank and layout
void sweep_spread(struct sweep *s, cvy_desc *desc);             // strides with gaps
// A destination for the inferred shape: default, other layout, or strided.
bool sweep_dst(struct sweep *s, cvy_desc *dst);

// Some output meets the input, so that there is something to see.
bool sweep_some_taps(const struct ref_axis axis[REF_AXES], bool transposed);

bool sweep_conv(struct sweep *s);
bool sweep_conv_transpose(struct sweep *s);
bool sweep_separable(struct sweep *s);
bool sweep_pool(struct sweep *s);
bool sweep_max_unpool(struct sweep *s);
bool sweep_linear(struct sweep *s);
bool sweep_element(struct sweep *s);                // activation
bool sweep_concat(struct sweep *s);
bool sweep_copy(struct sweep *s);
bool sweep_softmax(struct sweep *s);
bool sweep_batch_norm(struct sweep *s);
bool sweep_instance_norm(struct sweep *s);
bool sweep_lrn(struct sweep *s);
bool sweep_reduce(struct sweep *s);
bool sweep_resize(struct sweep *s);
bool sweep_matmul(struct sweep *s);
// In place now and then: the destination is described exactly as the source.
bool sweep_element_dst(struct sweep *s, const cvy_desc *src, cvy_desc *dst);
bool sweep_unary(struct sweep *s);
bool sweep_binary(struct sweep *s);
bool sweep_where(struct sweep *s);
bool sweep_cast(struct sweep *s);
bool sweep_pad(struct sweep *s);
bool sweep_slice(struct sweep *s);
bool sweep_transpose(struct sweep *s);
bool sweep_blocks(struct sweep *s);                 // depth_to_space and space_to_depth
bool sweep_gather(struct sweep *s);

#endif
