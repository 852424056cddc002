// Convolution as a matrix product by CLBlast, where that library is installed: inputs laid out by
// im2col, which 1x1 does not need, then bias, residual and activation as children.
//   NCHW: dst[k][pixel] = weights[k][c r] columns[c r][pixel]; NHWC: the same transposed
#include "algo/common.h"

#include <math.h>

// Products of a plan: one for each group of each image.
#define MOST_PRODUCTS 64

// Whether the source is a matrix already.
static bool is_matrix(const struct problem *problem)
{
    return conv_is_pointwise(problem)
        && (tensor_is_pixels(&problem->src) || tensor_is_planes(&problem->src));
}

// Whether all pixels of the batch are rows of one product.
static bool batch_is_one(const struct problem *problem)
{
    return conv_is_pointwise(problem) && tensor_is_pixels(&problem->src)
        && tensor_is_pixels(&problem->dst) && batch_is_packed(&problem->src)
        && batch_is_packed(&problem->dst);
}

static int64_t products(const struct problem *problem)
{
    return (batch_is_one(problem) ? 1 : problem->dst.size[AXIS_N]) * problem->u.conv.groups;
}

// CLBlast's kernels have loops of any length, and are built with options of its own.
static bool applicable(const struct device *device, const struct problem *problem)
{
    return device->max_rounds == INT64_MAX && !(device->quirks & QUIRK_NO_OPTIMIZER)
        && problem->direction == FORWARD && products(problem) <= MOST_PRODUCTS
        && (tensor_is_pixels(&problem->dst) || tensor_is_planes(&problem->dst));
}

// Nobody knows: CLBlast's kernels are tuned for some devices, and 30 times behind on others.
static double estimate(const struct device *device, const struct problem *problem,
                       const struct config *config)
{
    (void)device;
    (void)problem;
    (void)config;
    return INFINITY;
}

// A feature map, or what im2col makes of one, as a matrix of `columns` numbers for each of `rows`
// pixels or, by planes, of a pixel's numbers in rows of their own.
struct matrix {
    struct operand at;
    int64_t ld;
    bool by_planes;
};

static struct matrix matrix_of(const struct tensor *t, struct operand at)
{
    bool by_planes = !tensor_is_pixels(t);

    return (struct matrix) { at, by_planes ? MAX(t->stride[AXIS_C], map_pixels(t))
                                           : MAX(pixel_pitch(t), t->size[AXIS_C]), by_planes };
}

// From the number `first` of each pixel on, of the image.
static struct operand matrix_at(const struct matrix *m, int64_t image_stride, int64_t image,
                                int64_t first)
{
    struct operand at = m->at;

    at.offset += sizeof(float) * (size_t)(image * image_stride
                                          + first * (m->by_planes ? m->ld : 1));
    return at;
}

static void add_product(struct plan_builder *builder, const struct problem *problem,
                        const struct matrix *in, const struct matrix *out,
                        int64_t out_stride, int64_t image, int64_t group)
{
    int64_t groups = problem->u.conv.groups, k = problem->dst.size[AXIS_C] / groups;
    int64_t depth = problem->src.size[AXIS_C] / groups * window_taps(&problem->u.conv.window);
    int64_t pixels = map_pixels(&problem->dst)
        * (batch_is_one(problem) ? problem->dst.size[AXIS_N] : 1);
    int64_t in_stride = is_matrix(problem) ? problem->src.stride[AXIS_N] : 0;
    struct operand weights = { SLOT_WEIGHTS, sizeof(float) * (size_t)(group * k * depth) };
    struct operand from = matrix_at(in, in_stride, image, group * depth);
    struct operand to = matrix_at(out, out_stride, image, group * k);

    if (out->by_planes)
        plan_gemm(builder, &(struct gemm) { .m = k, .n = pixels, .k = depth, .a_ld = depth,
                                            .b_ld = in->ld, .b_transposed = !in->by_planes,
                                            .c_ld = out->ld }, weights, from, to);
    else
        plan_gemm(builder, &(struct gemm) { .m = pixels, .n = k, .k = depth, .a_ld = in->ld,
                                            .a_transposed = in->by_planes, .b_ld = depth,
                                            .b_transposed = true, .c_ld = out->ld },
                  from, weights, to);
}

static void add_products(struct plan_builder *builder, const struct problem *problem,
                         const struct tensor *out, struct operand out_at)
{
    int64_t images = batch_is_one(problem) ? 1 : problem->dst.size[AXIS_N];
    int64_t pixels = map_pixels(&problem->dst);
    struct matrix to = matrix_of(out, out_at), in = matrix_of(&problem->src, OPERAND(SLOT_SRC));

    if (!is_matrix(problem))
        in = (struct matrix) { plan_scratch(builder, sizeof(float)
                                   * (size_t)(problem->src.size[AXIS_C] * pixels
                                              * window_taps(&problem->u.conv.window))),
                               pixels, true };
    for (int64_t image = 0; image < images; image++) {
        if (!is_matrix(problem))
            im2col(builder, problem, image, in.at);
        for (int64_t group = 0; group < problem->u.conv.groups; group++)
            add_product(builder, problem, &in, &to, out->stride[AXIS_N], image, group);
    }
}

// to = activation(from + more), one element each.
static void add_sum(struct plan_builder *builder, const struct tensor *from,
                    struct operand from_at, const struct tensor *more, enum slot more_at,
                    const struct tensor *to, struct operand to_at, cvy_activation activation)
{
    struct problem sum = { .op = OP_BINARY, .src = *from, .dst = *to };
    struct bindings bindings = bindings_same();

    sum.u.binary.kind = CVY_ADD;
    sum.u.binary.src2 = *more;
    sum.u.binary.activation = activation;
    bindings.slots[SLOT_SRC] = from_at;
    bindings.slots[SLOT_SRC2] = OPERAND(more_at);
    bindings.slots[SLOT_DST] = to_at;
    plan_child(builder, &sum, &bindings);
}

// The bias, repeated over a map.
static struct tensor bias_of(const struct tensor *map)
{
    struct tensor bias = *map;

    memset(bias.stride, 0, sizeof bias.stride);
    bias.stride[AXIS_C] = 1;
    return bias;
}

static void finish(struct plan_builder *builder, const struct problem *problem,
                   const struct tensor *out, struct operand out_at)
{
    const struct conv_problem *conv = &problem->u.conv;
    const struct tensor *dst = &problem->dst;
    const struct tensor bias = bias_of(out);
    cvy_activation none = { CVY_NONE };

    if (conv->bias)
        add_sum(builder, out, out_at, &bias, SLOT_BIAS, out, out_at,
                conv->residual ? none : conv->activation);
    if (conv->residual)
        add_sum(builder, out, out_at, dst, SLOT_RESIDUAL, dst, OPERAND(SLOT_DST),
                conv->activation);
    else if (!conv->bias && conv->activation.kind != CVY_NONE)
        activate_dst(builder, problem, &conv->activation);
}

// A residual may be dst itself: the product then goes elsewhere first.
static cvy_status build(struct plan_builder *builder, const struct problem *problem,
                        const struct config *config)
{
    struct tensor out = problem->dst;
    struct operand out_at = OPERAND(SLOT_DST);

    (void)config;
    if (tensor_elements(&out) == 0)
        return builder_status(builder);
    if (problem->u.conv.residual) {
        tensor_set_dense(&out, tensor_is_pixels(&out) ? CVY_NHWC : CVY_NCHW);
        out_at = plan_scratch(builder, tensor_bytes(&out));
    }
    add_products(builder, problem, &out, out_at);
    finish(builder, problem, &out, out_at);
    return builder_status(builder);
}

const struct algo algo_gemm_clblast = {
    .name = "gemm_clblast",
    .about = "im2col and CLBlast's matrix product, where that is installed; never by itself",
    .op = OP_CONV, .dtypes = DTYPE_BIT(CVY_F32),
    .layouts = LAYOUT_BIT(CVY_NCHW) | LAYOUT_BIT(CVY_NHWC), .accuracy = ACCURACY_PADDED,
    .slow_start = true, .applicable = applicable, .estimate = estimate, .build = build,
};
