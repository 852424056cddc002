// Small things that algorithms share. Declares no algorithm.
#ifndef CVY_ALGO_COMMON_H
#define CVY_ALGO_COMMON_H

#include "plan/planner.h"

// The work-group size of kernels with a flat grid: 64, or what the device can do.
static inline uint32_t flat_group(const struct device *device)
{
    return (uint32_t)MIN(64, device->max_group);
}

// Four nested loops over data, outermost first, cut into parts where a device ends long loops early
// (device->max_rounds): a launch for each, in order, together every round once in its place. Axes
// that are not there have size 1. Without a limit there is one part.
struct parts {
    int64_t size[4], step[4], count;
};
struct parts parts_of(const struct device *device, int64_t a, int64_t b, int64_t c, int64_t d);
struct part {
    int64_t from[4], to[4];
    bool first, last;
};
struct part part_at(const struct parts *parts, int64_t i);
// The ranges of axes `axis` to 3 as pairs of "i".
void step_part(struct step *step, const struct part *part, int axis);

// An activation as "iff": number, alpha, beta.
static inline void step_activation(struct step *step, const cvy_activation *activation)
{
    step_int(step, activation->kind);
    step_float(step, activation->alpha);
    step_float(step, activation->beta);
}

// A piecewise activation as "fff": slope, low, high; what changes nothing for others.
void step_piecewise(struct step *step, const cvy_activation *activation);
// Kernel, stride, dilation, begin padding of depth, height, width as twelve "i".
void step_window(struct step *step, const struct window *window);

// Strides of N, depth, height, width of a feature map as four "l".
void step_map_strides(struct step *step, const struct tensor *t);
// Of maps without depth: strides of N, height, width as three "l"; a height's and a width's entry
// of a window's list as two "i".
void step_plane_strides(struct step *step, const struct tensor *t);
void step_plane_window(struct step *step, const int64_t height[3], const int64_t width[3]);
// Tiles of `mr` output pixels in a row of a convolution. Backward, a tile's pixels are a stride
// apart, so that a tap falls on an input for all of them or for none.
int64_t row_tiles(const struct problem *problem, int64_t mr);

// Tiles of `tiles` that one work-item makes one after the other, of `others` such rows of tiles: a
// work-group takes PoCL some 400 cycles to start, and eight for each unit still share out evenly.
int64_t tiles_each(const struct device *device, int64_t tiles, int64_t others);

// The two convolutions of a separable one.
struct problem separable_first(const struct problem *problem);
struct problem separable_second(const struct problem *problem);

// Whether a kernel that makes dst in vectors along its innermost axis should store them past the
// caches: dst is larger than the last of these, a vector fills a line, and all rows of dst begin
// with a whole vector if the first one does.
bool streams(const struct device *device, const struct tensor *dst);

// Whether a convolution is a product of pixels and weights: 1x1, stride 1, no padding.
bool conv_is_pointwise(const struct problem *problem);
int64_t map_pixels(const struct tensor *t);
// Whether the batch's images follow each other at pixel_pitch.
bool batch_is_packed(const struct tensor *t);
// Distance of neighbouring pixels of a tensor that tensor_is_pixels.
int64_t pixel_pitch(const struct tensor *t);

// Packs weights of a convolution in blocks of `block` output channels for kernels that read them as
// vectors: [group][k / block][tap][c][block], zeros behind the last k; kernel `weights_pack`. The
// bias goes to [group][k / block][block], zeros if there is none. c and k are those of one group.
struct packed_weights {
    struct operand weights, bias;
    int64_t blocks;         // of one group
};
struct packed_weights pack_weights(struct plan_builder *builder, const struct problem *problem,
                                   int64_t groups, int64_t c, int64_t k, int block);
// The same from weights2 and bias2; problem is the second half of a separable one.
struct packed_weights pack_second(struct plan_builder *builder, const struct problem *problem,
                                  int64_t groups, int64_t c, int64_t k, int block);
// The bias alone.
struct operand pack_bias(struct plan_builder *builder, const struct problem *problem,
                         int64_t groups, int64_t k, int block);
// The instance that pack_weights launches, for start-up sets.
struct instance pack_weights_instance(const struct device *device);

// Appends the launch that makes a matrix [c tap][pixel] of the inputs below each tap of one image.
void im2col(struct plan_builder *builder, const struct problem *problem, int64_t image,
            struct operand to);

// The activation in place over dst, by a child.
void activate_dst(struct plan_builder *builder, const struct problem *problem,
                  const cvy_activation *activation);
// After a kernel that knows only piecewise activations: what is left of conv->activation is
// applied in place over dst by a child. Does nothing for those that activation_piecewise takes.
void activate_rest(struct plan_builder *builder, const struct problem *problem,
                   const cvy_activation *activation);

#endif
