// Shapes: every case of sizes, windows and strides that is not legal gives its status and names the
// parameter; the legal edges give the right output.
#include "plan_fixture.h"

TestSuite(shapes, .init = open_all, .fini = close_all, .timeout = 300);

// Whatever is legal is solved by the reference, so that few kernels are compiled.
static const cvy_plan_options by_reference = { .algorithm = "conv_reference" };
static const cvy_plan_options by_pool_reference = { .algorithm = "pool_reference" };

#define P31 (INT64_C(1) << 31)
#define P32 (INT64_C(1) << 32)
#define P62 (INT64_C(1) << 62)

#define CONV(...) \
    { .op = REF_CONV, .conv = { .options = &by_reference, __VA_ARGS__ } }
#define DECONV(...) \
    { .op = REF_CONV_TRANSPOSE, .conv_transpose = { .options = &by_reference, __VA_ARGS__ } }
#define POOL(...) { .op = REF_POOL, .pool = { .options = &by_pool_reference, __VA_ARGS__ } }
#define UNPOOL(...) { .op = REF_MAX_UNPOOL, .max_unpool = { __VA_ARGS__ } }
#define SEPARABLE(...) { .op = REF_SEPARABLE, .separable = { __VA_ARGS__ } }
#define LINEAR(...) { .op = REF_LINEAR, .linear = { .options = &by_reference, __VA_ARGS__ } }

#define W(w) { CVY_F32, CVY_NCHW, 3, { 1, 4, w }, { 0 } }
#define HW(h, w) { CVY_F32, CVY_NCHW, 4, { 1, 4, h, w }, { 0 } }
#define NCHW(n, c, h, w) { CVY_F32, CVY_NCHW, 4, { n, c, h, w }, { 0 } }
#define STRIDED(h, w, ...) { CVY_F32, CVY_NCHW, 4, { 2, 4, h, w }, { __VA_ARGS__ } }
#define RANK(layout, rank, ...) { CVY_F32, layout, rank, { __VA_ARGS__ }, { 0 } }

// Refused -----------------------------------------------------------------------------------------

struct refusal {
    const char *label;
    cvy_status status;
    const char *word;           // that the text must have
    struct ref_problem problem;
};

static const struct refusal refusals[] = {
    // B2, B3: no channels, no pixels.
    { "C 0", CVY_ERR_SHAPE, "src.size[1]",
      CONV(.src = NCHW(1, 0, 8, 8), .out_channels = 4, .kernel_size = { 3, 3 }) },
    { "K 0", CVY_ERR_SHAPE, "out_channels is 0",
      CONV(.src = HW(8, 8), .kernel_size = { 3, 3 }) },
    { "K negative", CVY_ERR_SHAPE, "out_channels is -4",
      CONV(.src = HW(8, 8), .out_channels = -4, .kernel_size = { 3, 3 }) },
    { "H 0", CVY_ERR_SHAPE, "src.size[2]",
      CONV(.src = HW(0, 8), .out_channels = 4, .kernel_size = { 3, 3 }, .padding = { 2, 2 }) },
    { "W 0 of a pool", CVY_ERR_SHAPE, "src.size[3]",
      POOL(.kind = CVY_POOL_MAX, .src = HW(8, 0), .kernel_size = { 2, 2 }) },
    { "kernel 0", CVY_ERR_SHAPE, "kernel_size[1] is 0",
      CONV(.src = HW(8, 8), .out_channels = 4, .kernel_size = { 3 }) },
    // B9: padding of a pool.
    { "pool padding over half", CVY_ERR_SHAPE, "padding[0] is 2",
      POOL(.kind = CVY_POOL_MAX, .src = HW(8, 8), .kernel_size = { 2, 2 }, .padding = { 2, 0 }) },
    { "pool end padding over half", CVY_ERR_SHAPE, "padding_end[1] is 2",
      POOL(.kind = CVY_POOL_AVERAGE, .src = HW(8, 8), .kernel_size = { 3, 3 },
           .padding = { 1, 1 }, .padding_end = { 1, 2 }, .padding_rule = CVY_PAD_BEGIN_END) },
    // B10, B11: no window fits.
    { "kernel over input", CVY_ERR_SHAPE, "spatial axis 1",
      CONV(.src = HW(8, 4), .out_channels = 4, .kernel_size = { 3, 5 }) },
    { "dilated kernel over padded input", CVY_ERR_SHAPE, "spatial axis 0",
      CONV(.src = HW(6, 8), .out_channels = 4, .kernel_size = { 3, 3 }, .dilation = { 4, 1 },
           .padding = { 1, 1 }) },
    { "pool kernel over input", CVY_ERR_SHAPE, "spatial axis 0",
      POOL(.kind = CVY_POOL_LP, .src = HW(2, 8), .kernel_size = { 3, 3 }) },
    // B14.
    { "divisor negative", CVY_ERR_ARGUMENT, "divisor_override is -1",
      POOL(.kind = CVY_POOL_AVERAGE, .src = HW(8, 8), .kernel_size = { 2, 2 },
           .divisor_override = -1) },
    // B15: groups.
    { "groups negative", CVY_ERR_SHAPE, "groups is -1",
      CONV(.src = HW(8, 8), .out_channels = 4, .kernel_size = { 3, 3 }, .groups = -1) },
    { "groups do not divide C", CVY_ERR_SHAPE, "groups is 3",
      CONV(.src = HW(8, 8), .out_channels = 6, .kernel_size = { 3, 3 }, .groups = 3) },
    { "groups do not divide K", CVY_ERR_SHAPE, "6 out_channels",
      CONV(.src = HW(8, 8), .out_channels = 6, .kernel_size = { 3, 3 }, .groups = 4) },
    { "groups over C", CVY_ERR_SHAPE, "groups is 8",
      CONV(.src = HW(8, 8), .out_channels = 8, .kernel_size = { 3, 3 }, .groups = 8) },
    { "groups of a deconv do not divide K", CVY_ERR_SHAPE, "groups is 4",
      DECONV(.src = HW(8, 8), .out_channels = 6, .kernel_size = { 3, 3 }, .groups = 4) },
    // B17, B18: transposed convolution.
    { "output_padding as stride", CVY_ERR_SHAPE, "output_padding[0] is 2",
      DECONV(.src = HW(8, 8), .out_channels = 4, .kernel_size = { 3, 3 }, .stride = { 2, 2 },
             .output_padding = { 2, 0 }) },
    { "output_padding as dilation", CVY_ERR_SHAPE, "output_padding[1] is 3",
      DECONV(.src = HW(8, 8), .out_channels = 4, .kernel_size = { 3, 3 }, .dilation = { 1, 3 },
             .output_padding = { 0, 3 }) },
    { "output_padding negative", CVY_ERR_SHAPE, "output_padding[1] is -1",
      DECONV(.src = HW(8, 8), .out_channels = 4, .kernel_size = { 3, 3 },
             .output_padding = { 0, -1 }) },
    { "deconv without output", CVY_ERR_SHAPE, "spatial axis 0",
      DECONV(.src = HW(2, 8), .out_channels = 4, .kernel_size = { 3, 3 }, .padding = { 2, 1 }) },
    { "deconv far below 0", CVY_ERR_SHAPE, "spatial axis 1",
      DECONV(.src = HW(8, 1), .out_channels = 4, .kernel_size = { 3, 3 },
             .padding = { 0, 1 << 30 }) },
    { "deconv output over 2^31", CVY_ERR_LIMIT, "spatial axis 0",
      DECONV(.src = HW(4, 1), .out_channels = 4, .kernel_size = { 1, 1 },
             .stride = { 1 << 30, 1 }) },
    { "deconv 'same'", CVY_ERR_ARGUMENT, "CVY_PAD_SAME",
      DECONV(.src = HW(8, 8), .out_channels = 4, .kernel_size = { 3, 3 },
             .padding_rule = CVY_PAD_SAME) },
    // B20 to B24: beyond 64 bits, or the device.
    { "2^64 elements", CVY_ERR_LIMIT, "2^63",
      CONV(.src = NCHW(P32, P32, 1, 1), .out_channels = 1, .kernel_size = { 1, 1 }) },
    { "2^62 elements of 4 bytes", CVY_ERR_LIMIT, "2^63 bytes",
      CONV(.src = NCHW(P31, P31, 1, 1), .out_channels = 1, .kernel_size = { 1, 1 }) },
    { "output of 2^64 elements", CVY_ERR_LIMIT, "dst",
      CONV(.src = NCHW(P32, 1, 1, 1), .out_channels = P32, .kernel_size = { 1, 1 }) },
    { "padding 2^62, kernel 2^32, dilation 2^31", CVY_ERR_LIMIT, "spatial axis 0",
      CONV(.src = HW(8, 8), .out_channels = 4, .kernel_size = { P32, 3 }, .dilation = { P31, 1 },
           .padding = { P62, 0 }) },
    { "padding 2^62", CVY_ERR_LIMIT, "spatial axis 1",
      CONV(.src = HW(8, 8), .out_channels = 4, .kernel_size = { 3, 3 }, .padding = { 0, P62 }) },
    { "stride 2^63 - 1", CVY_ERR_LIMIT, "spatial axis 1",
      CONV(.src = HW(8, 8), .out_channels = 4, .kernel_size = { 3, 3 },
           .stride = { 1, INT64_MAX }) },
    { "kernel 2^63 - 1", CVY_ERR_LIMIT, "spatial axis 0",
      POOL(.kind = CVY_POOL_MAX, .src = HW(8, 8), .kernel_size = { INT64_MAX, 1 }) },
    { "multiply-adds over 2^63", CVY_ERR_LIMIT, "bytes",
      CONV(.src = HW(1, 1), .out_channels = 4, .kernel_size = { 1 << 26, 1 << 26 },
           .padding = { 1 << 28, 1 << 28 }) },
    { "weights over 2^59", CVY_ERR_LIMIT, "weights",
      CONV(.src = HW(1, 1), .out_channels = P32, .kernel_size = { 1 << 28, 1 << 28 },
           .padding = { 1 << 27, 1 << 27 }) },
    { "taps over 2^63", CVY_ERR_LIMIT, "weights",
      CONV(.src = RANK(CVY_NCHW, 5, 1, 1, 1, 1, 1), .out_channels = 1,
           .kernel_size = { 1 << 22, 1 << 21, 1 << 21 },
           .padding = { 1 << 21, 1 << 20, 1 << 20 }) },
    { "larger than any buffer", CVY_ERR_LIMIT, "bytes",
      CONV(.src = NCHW(P31, 4, 1024, 64), .out_channels = 4, .kernel_size = { 1, 1 }) },
    { "between the two over 2^63", CVY_ERR_LIMIT, "channel_multiplier",
      SEPARABLE(.src = HW(8, 8), .out_channels = 4, .channel_multiplier = P62,
                .kernel_size = { 3, 3 }) },
    { "between the two over the device", CVY_ERR_LIMIT, "bytes",
      SEPARABLE(.src = HW(512, 512), .out_channels = 4, .channel_multiplier = 1 << 24,
                .kernel_size = { 1, 1 }) },
    // B26: ranks.
    { "rank 0", CVY_ERR_SHAPE, "src.rank is 0", CONV(.out_channels = 4, .kernel_size = { 3, 3 }) },
    { "rank 1", CVY_ERR_SHAPE, "src has rank 1",
      CONV(.src = RANK(CVY_NCHW, 1, 8), .out_channels = 4, .kernel_size = { 3 }) },
    { "rank 2", CVY_ERR_SHAPE, "src has rank 2",
      CONV(.src = RANK(CVY_NCHW, 2, 8, 8), .out_channels = 4, .kernel_size = { 3 }) },
    { "rank 6", CVY_ERR_SHAPE, "src has rank 6",
      CONV(.src = RANK(CVY_NCHW, 6, 1, 2, 3, 3, 3, 3), .out_channels = 4, .kernel_size = { 3 }) },
    { "rank 7", CVY_ERR_SHAPE, "src.rank is 7",
      CONV(.src = RANK(CVY_NCHW, 7, 1), .out_channels = 4, .kernel_size = { 3 }) },
    { "rank negative", CVY_ERR_SHAPE, "src.rank is -1",
      POOL(.kind = CVY_POOL_MAX, .src = RANK(CVY_NCHW, -1, 1), .kernel_size = { 3 }) },
    { "plain feature map", CVY_ERR_SHAPE, "PLAIN",
      CONV(.src = RANK(CVY_PLAIN, 4, 1, 4, 8, 8), .out_channels = 4, .kernel_size = { 3, 3 }) },
    // Padding modes and rules.
    { "reflect as wide as the input", CVY_ERR_SHAPE, "spatial axis 1",
      CONV(.src = HW(8, 3), .out_channels = 4, .kernel_size = { 3, 3 }, .padding = { 1, 3 },
           .padding_mode = CVY_REFLECT) },
    { "circular wider than the input", CVY_ERR_SHAPE, "spatial axis 0",
      CONV(.src = HW(3, 8), .out_channels = 4, .kernel_size = { 3, 3 }, .padding = { 4, 1 },
           .padding_mode = CVY_CIRCULAR) },
    { "'same' with a stride", CVY_ERR_UNSUPPORTED, "stride[1] is 2",
      CONV(.src = HW(8, 8), .out_channels = 4, .kernel_size = { 3, 3 }, .stride = { 1, 2 },
           .padding_rule = CVY_PAD_SAME) },
    // C6: strides.
    { "stride of a tensor 0", CVY_ERR_SHAPE, "src.stride[3] is 0",
      CONV(.src = STRIDED(8, 8, 256, 64, 8, 0), .out_channels = 4, .kernel_size = { 3, 3 }) },
    { "stride of a tensor negative", CVY_ERR_SHAPE, "src.stride[2] is -8",
      CONV(.src = STRIDED(8, 8, 256, 64, -8, 1), .out_channels = 4, .kernel_size = { 3, 3 }) },
    { "strides that overlap", CVY_ERR_UNSUPPORTED, "src.stride",
      CONV(.src = STRIDED(8, 8, 256, 64, 7, 1), .out_channels = 4, .kernel_size = { 3, 3 }) },
    { "strides beyond 2^63", CVY_ERR_LIMIT, "src",
      CONV(.src = STRIDED(8, 8, INT64_MAX, 64, 8, 1), .out_channels = 4,
           .kernel_size = { 3, 3 }) },
    { "strides of dst overlap", CVY_ERR_UNSUPPORTED, "dst.stride",
      CONV(.src = HW(8, 8), .out_channels = 4, .kernel_size = { 3, 3 },
           .dst = { .stride = { 144, 36, 5, 1 } }) },
    // dst that is not the result.
    { "dst of another size", CVY_ERR_SHAPE, "dst.size[2] is 7",
      CONV(.src = HW(8, 8), .out_channels = 4, .kernel_size = { 3, 3 }, .dst = HW(7, 6)) },
    { "dst of another rank", CVY_ERR_SHAPE, "dst.rank is 3",
      CONV(.src = HW(8, 8), .out_channels = 4, .kernel_size = { 3, 3 }, .dst = W(6)) },
    // Adaptive pools, unpooling.
    { "adaptive without size", CVY_ERR_SHAPE, "output_size[0] is 0",
      POOL(.kind = CVY_POOL_ADAPTIVE_MAX, .src = HW(8, 8)) },
    { "adaptive with negative size", CVY_ERR_SHAPE, "output_size[1] is -2",
      POOL(.kind = CVY_POOL_ADAPTIVE_AVERAGE, .src = HW(8, 8), .output_size = { 2, -2 }) },
    { "unpool without kernel", CVY_ERR_SHAPE, "kernel_size[0]", UNPOOL(.src = HW(4, 4)) },
    { "unpool with negative padding", CVY_ERR_SHAPE, "padding[1] is -1",
      UNPOOL(.src = HW(4, 4), .kernel_size = { 2, 2 }, .padding = { 0, -1 }) },
    { "unpool with negative size", CVY_ERR_SHAPE, "output_size[1] is -1",
      UNPOOL(.src = HW(4, 4), .kernel_size = { 2, 2 }, .output_size = { 0, -1 }) },
    { "unpool to nothing", CVY_ERR_SHAPE, "spatial axis 0",
      UNPOOL(.src = HW(1, 4), .kernel_size = { 2, 2 }, .padding = { 1, 0 }) },
    { "unpool a stride below", CVY_ERR_SHAPE, "output_size[1] is 6; it must be 7 to 9",
      UNPOOL(.src = HW(4, 4), .kernel_size = { 2, 2 }, .output_size = { 8, 6 }) },
    { "unpool a stride above", CVY_ERR_SHAPE, "output_size[0] is 12; it must be 7 to 11",
      UNPOOL(.src = W(4), .kernel_size = { 2 }, .stride = { 3 }, .padding = { 1 },
             .output_size = { 12 }) },
    // Separable.
    { "spatial in one dimension", CVY_ERR_SHAPE, "rank 3",
      SEPARABLE(.kind = CVY_SEPARABLE_SPATIAL, .src = W(8), .kernel_size = { 3 }) },
    { "spatial with other channels", CVY_ERR_SHAPE, "out_channels is 5",
      SEPARABLE(.kind = CVY_SEPARABLE_SPATIAL, .src = HW(8, 8), .out_channels = 5,
                .kernel_size = { 3, 3 }) },
    { "spatial with a multiplier", CVY_ERR_ARGUMENT, "channel_multiplier is 2",
      SEPARABLE(.kind = CVY_SEPARABLE_SPATIAL, .src = HW(8, 8), .channel_multiplier = 2,
                .kernel_size = { 3, 3 }) },
    { "depthwise with mid_channels", CVY_ERR_ARGUMENT, "mid_channels is 2",
      SEPARABLE(.src = HW(8, 8), .out_channels = 4, .mid_channels = 2, .kernel_size = { 3, 3 }) },
    { "multiplier negative", CVY_ERR_SHAPE, "channel_multiplier is -1",
      SEPARABLE(.src = HW(8, 8), .out_channels = 4, .channel_multiplier = -1,
                .kernel_size = { 3, 3 }) },
    { "mid_channels negative", CVY_ERR_SHAPE, "mid_channels is -1",
      SEPARABLE(.kind = CVY_SEPARABLE_SPATIAL_DENSE, .src = HW(8, 8), .out_channels = 4,
                .mid_channels = -1, .kernel_size = { 3, 3 }) },
    { "separable without K", CVY_ERR_SHAPE, "out_channels is 0",
      SEPARABLE(.src = HW(8, 8), .kernel_size = { 3, 3 }) },
    { "separable reflect", CVY_ERR_SHAPE, "spatial axis 1",
      SEPARABLE(.src = HW(8, 3), .out_channels = 4, .kernel_size = { 3, 3 }, .padding = { 1, 3 },
                .padding_mode = CVY_REFLECT) },
    { "separable without output", CVY_ERR_SHAPE, "spatial axis 1",
      SEPARABLE(.kind = CVY_SEPARABLE_SPATIAL, .src = HW(8, 2), .kernel_size = { 3, 3 }) },
    // Linear.
    { "linear of rank 3 with channels", CVY_ERR_SHAPE, "rank 3",
      LINEAR(.src = W(8), .out_features = 4) },
    { "linear without features", CVY_ERR_SHAPE, "src.size[1]",
      LINEAR(.src = RANK(CVY_PLAIN, 2, 8, 0), .out_features = 4) },
    { "linear without outputs", CVY_ERR_SHAPE, "out_features is 0",
      LINEAR(.src = RANK(CVY_PLAIN, 2, 8, 4)) },
    { "linear rows that lie unevenly on five axes", CVY_ERR_UNSUPPORTED, "leave 5 axes",
      LINEAR(.src = { CVY_F32, CVY_PLAIN, 6, { 2, 2, 2, 2, 2, 4 },
                      { 200, 90, 40, 15, 5, 1 } }, .out_features = 4) },
    // The rest.
    { "slopes", CVY_ERR_SHAPE, "num_parameters is 3",
      { .op = REF_ACTIVATION, .activation = { .src = HW(8, 8), .activation = { CVY_PRELU, 0, 0 },
                                              .num_parameters = 3 } } },
    { "axis beyond", CVY_ERR_SHAPE, "axis is 4",
      { .op = REF_SOFTMAX, .softmax = { .src = HW(8, 8), .axis = 4 } } },
    { "axis before", CVY_ERR_SHAPE, "axis is -5",
      { .op = REF_SOFTMAX, .softmax = { .src = HW(8, 8), .axis = -5 } } },
    { "axis INT32_MIN", CVY_ERR_SHAPE, "axis is -2147483648",
      { .op = REF_SOFTMAX, .softmax = { .src = HW(8, 8), .axis = INT32_MIN } } },
    { "concat axis", CVY_ERR_SHAPE, "axis is 4",
      { .op = REF_CONCAT, .concat = { .src_count = 1, .axis = 4 }, .sources = { HW(8, 8) } } },
    { "concat sizes", CVY_ERR_SHAPE, "srcs[1].size[3] is 7",
      { .op = REF_CONCAT, .concat = { .src_count = 2, .axis = 1 },
        .sources = { HW(8, 8), HW(8, 7) } } },
    { "concat ranks", CVY_ERR_SHAPE, "srcs[1].rank is 3",
      { .op = REF_CONCAT, .concat = { .src_count = 2, .axis = 1 },
        .sources = { HW(8, 8), W(8) } } },
    { "concat beyond", CVY_ERR_LIMIT, "",
      { .op = REF_CONCAT, .concat = { .src_count = 2, .axis = 1 },
        .sources = { NCHW(1, P62 / 4, 1, 1), NCHW(1, P62, 1, 1) } } },
    { "copy to another size", CVY_ERR_SHAPE, "dst.size[3] is 7",
      { .op = REF_COPY, .copy = { .src = HW(8, 8), .dst = HW(8, 7) } } },
};

static void expect_refusal(const char *label, struct ref_problem problem, cvy_status status,
                           const char *word)
{
    cvy_plan *plan = NULL;
    cvy_status st = create(&problem, &plan);

    cr_expect(st == status, "%s gives %s (%s), not %s", label, cvy_status_name(st),
              st ? cvy_error_text() : "", cvy_status_name(status));
    cr_expect(st == CVY_OK || strstr(cvy_error_text(), word), "%s: \"%s\" has no \"%s\"", label,
              cvy_error_text(), word);
    cr_expect(st == CVY_OK || !plan, "%s leaves a plan", label);
    cvy_plan_destroy(&plan);
}

Test(shapes, what_is_not_legal_gives_its_status_and_names_the_parameter)
{
    for (size_t i = 0; i < COUNT_OF(refusals); i++)
        expect_refusal(refusals[i].label, refusals[i].problem, refusals[i].status,
                       refusals[i].word);
}

// One legal problem of each operator, to spoil one field at a time.
static const struct ref_problem legal[] = {
    CONV(.src = HW(8, 8), .out_channels = 4, .kernel_size = { 3, 3 }),
    DECONV(.src = HW(8, 8), .out_channels = 4, .kernel_size = { 3, 3 }),
    POOL(.kind = CVY_POOL_MAX, .src = HW(8, 8), .kernel_size = { 3, 3 }),
    UNPOOL(.src = HW(8, 8), .kernel_size = { 3, 3 }),
    SEPARABLE(.src = HW(8, 8), .out_channels = 4, .kernel_size = { 3, 3 }),
    LINEAR(.src = RANK(CVY_NCHW, 2, 8, 8), .out_features = 4),
    { .op = REF_ACTIVATION, .activation = { .src = HW(8, 8), .activation = { CVY_RELU, 0, 0 } } },
    { .op = REF_COPY, .copy = { .src = HW(8, 8) } },
    { .op = REF_SOFTMAX, .softmax = { .src = HW(8, 8) } },
};

// B4.
Test(shapes, negative_sizes_of_the_source_are_named)
{
    static const int64_t bad[] = { -1, -P62, INT64_MIN };

    for (size_t i = 0; i < COUNT_OF(legal); i++)
        for (int axis = 0; axis < ref_src(&legal[i])->rank; axis++)
            for (size_t k = 0; k < COUNT_OF(bad); k++) {
                struct ref_problem problem = legal[i];
                cvy_desc *src = (cvy_desc *)(uintptr_t)ref_src(&problem);
                char word[32];

                src->size[axis] = bad[k];
                snprintf(word, sizeof word, "src.size[%d] is %lld", axis, (long long)bad[k]);
                expect_refusal(ref_op_name(problem.op), problem, CVY_ERR_SHAPE, word);
            }
}

// The window's arrays of a problem; count of those that it has.
static size_t window_fields(struct ref_problem *problem, const char *names[5], int64_t *fields[5])
{
    static const char *const all[] = {
        "kernel_size", "stride", "padding", "dilation", "padding_end"
    };

    memcpy(names, all, sizeof all);
#define FIELDS(p, count, ...)                                                                   \
    do {                                                                                        \
        int64_t *list_[] = { (p)->kernel_size, (p)->stride, (p)->padding, __VA_ARGS__ };        \
        memcpy(fields, list_, sizeof list_);                                                    \
        return count;                                                                           \
    } while (0)
    switch (problem->op) {
    case REF_CONV:
        problem->conv.padding_rule = CVY_PAD_BEGIN_END;
        FIELDS(&problem->conv, 5, problem->conv.dilation, problem->conv.padding_end);
    case REF_CONV_TRANSPOSE:
        problem->conv_transpose.padding_rule = CVY_PAD_BEGIN_END;
        FIELDS(&problem->conv_transpose, 5, problem->conv_transpose.dilation,
               problem->conv_transpose.padding_end);
    case REF_POOL:
        problem->pool.padding_rule = CVY_PAD_BEGIN_END;
        FIELDS(&problem->pool, 5, problem->pool.dilation, problem->pool.padding_end);
    case REF_MAX_UNPOOL:
        FIELDS(&problem->max_unpool, 3, NULL);
    case REF_SEPARABLE:
        problem->separable.padding_rule = CVY_PAD_BEGIN_END;
        FIELDS(&problem->separable, 5, problem->separable.dilation,
               problem->separable.padding_end);
    default:
        return 0;
    }
#undef FIELDS
}

// B5, B6, B7.
Test(shapes, negative_windows_are_named)
{
    const char *names[5];
    int64_t *fields[5];

    for (size_t i = 0; i < COUNT_OF(legal); i++)
        for (size_t field = 0; field < 5; field++)
            for (int axis = 0; axis < 2; axis++) {
                struct ref_problem problem = legal[i];
                char word[40];

                if (field >= window_fields(&problem, names, fields))
                    break;
                fields[field][axis] = -1;
                snprintf(word, sizeof word, "%s[%d] is -1", names[field], axis);
                expect_refusal(ref_op_name(problem.op), problem, CVY_ERR_SHAPE, word);
                fields[field][axis] = INT64_MIN;
                snprintf(word, sizeof word, "%s[%d] is", names[field], axis);
                expect_refusal(ref_op_name(problem.op), problem, CVY_ERR_SHAPE, word);
            }
}

// B22: no value of any field of the window wraps to something legal.
Test(shapes, huge_windows_are_refused)
{
    static const int64_t huge[] = { P31, P32, P62, INT64_MAX - 1, INT64_MAX };
    const char *names[5];
    int64_t *fields[5];

    for (size_t i = 0; i < COUNT_OF(legal); i++)
        for (size_t field = 0; field < 5; field++)
            for (size_t k = 0; k < COUNT_OF(huge); k++) {
                struct ref_problem problem = legal[i];
                cvy_plan *plan = NULL;
                cvy_status st;

                if (field >= window_fields(&problem, names, fields))
                    break;
                fields[field][1] = huge[k];
                st = create(&problem, &plan);
                cr_expect(st == CVY_ERR_LIMIT || st == CVY_ERR_SHAPE, "%s %s[1] %lld gives %s: %s",
                          ref_op_name(problem.op), names[field], (long long)huge[k],
                          cvy_status_name(st), cvy_error_text());
            }
}

// Accepted ----------------------------------------------------------------------------------------

struct edge {
    const char *label;
    struct ref_problem problem;
    int64_t size[CVY_MAX_RANK];
};

static const struct edge edges[] = {
    { "N 0", CONV(.src = NCHW(0, 4, 8, 8), .out_channels = 6, .kernel_size = { 3, 3 }),
      { 0, 6, 6, 6 } },
    { "one of everything", CONV(.src = NCHW(1, 1, 1, 1), .out_channels = 1,
                                .kernel_size = { 1, 1 }), { 1, 1, 1, 1 } },
    { "strides and dilations of 0 mean 1", CONV(.src = HW(8, 9), .out_channels = 4,
                                                .kernel_size = { 3, 3 }), { 1, 4, 6, 7 } },
    // B8, B12.
    { "padding 7, kernel 5", CONV(.src = HW(4, 4), .out_channels = 4, .kernel_size = { 5, 5 },
                                  .padding = { 7, 7 }), { 1, 4, 14, 14 } },
    { "windows in the padding alone", CONV(.src = HW(2, 2), .out_channels = 4,
                                           .kernel_size = { 1, 1 }, .padding = { 3, 3 }),
      { 1, 4, 8, 8 } },
    { "kernel as large as the padded input", CONV(.src = HW(3, 3), .out_channels = 4,
                                                  .kernel_size = { 5, 5 }, .padding = { 1, 1 }),
      { 1, 4, 1, 1 } },
    { "dilated to the last pixel", CONV(.src = HW(7, 9), .out_channels = 4,
                                        .kernel_size = { 3, 3 }, .dilation = { 3, 4 }),
      { 1, 4, 1, 1 } },
    { "stride over the input", CONV(.src = HW(8, 8), .out_channels = 4, .kernel_size = { 3, 3 },
                                    .stride = { 100, 5 }), { 1, 4, 1, 2 } },
    { "stride that leaves a rest", CONV(.src = HW(8, 9), .out_channels = 4,
                                        .kernel_size = { 3, 3 }, .stride = { 2, 2 }),
      { 1, 4, 3, 4 } },
    { "unequal padding", CONV(.src = HW(8, 8), .out_channels = 4, .kernel_size = { 3, 3 },
                              .padding = { 1, 0 }, .padding_end = { 0, 2 },
                              .padding_rule = CVY_PAD_BEGIN_END), { 1, 4, 7, 8 } },
    { "'same', even kernel", CONV(.src = HW(8, 8), .out_channels = 4, .kernel_size = { 4, 2 },
                                  .dilation = { 1, 3 }, .padding_rule = CVY_PAD_SAME),
      { 1, 4, 8, 8 } },
    { "reflect to the last pixel", CONV(.src = HW(3, 3), .out_channels = 4,
                                        .kernel_size = { 3, 3 }, .padding = { 2, 2 },
                                        .padding_mode = CVY_REFLECT), { 1, 4, 5, 5 } },
    { "circular once around", CONV(.src = HW(3, 3), .out_channels = 4, .kernel_size = { 3, 3 },
                                   .padding = { 3, 3 }, .padding_mode = CVY_CIRCULAR),
      { 1, 4, 7, 7 } },
    // B16.
    { "depthwise, multiplier 3", CONV(.src = HW(8, 8), .out_channels = 12,
                                      .kernel_size = { 3, 3 }, .groups = 4), { 1, 12, 6, 6 } },
    { "1-D beyond 2^16", CONV(.src = W((1 << 17) + 1), .out_channels = 1, .kernel_size = { 3 }),
      { 1, 1, (1 << 17) - 1 } },
    { "3-D deep alone", CONV(.src = RANK(CVY_NCHW, 5, 1, 1, (1 << 17) + 1, 1, 1),
                             .out_channels = 1, .kernel_size = { 3, 1, 1 }),
      { 1, 1, (1 << 17) - 1, 1, 1 } },
    { "deconv", DECONV(.src = HW(4, 5), .out_channels = 4, .kernel_size = { 3, 3 },
                       .stride = { 2, 3 }, .padding = { 1, 0 }, .output_padding = { 1, 2 }),
      { 1, 4, 8, 17 } },
    { "deconv, output_padding below the dilation",
      DECONV(.src = HW(4, 5), .out_channels = 4, .kernel_size = { 3, 3 }, .dilation = { 3, 1 },
             .output_padding = { 2, 0 }), { 1, 4, 12, 7 } },
    { "deconv to one pixel", DECONV(.src = HW(2, 2), .out_channels = 4, .kernel_size = { 2, 2 },
                                    .padding = { 1, 1 }), { 1, 4, 1, 1 } },
    { "pool, stride 0 means kernel", POOL(.kind = CVY_POOL_MAX, .src = HW(8, 9),
                                          .kernel_size = { 2, 3 }), { 1, 4, 4, 3 } },
    { "pool, padding of half", POOL(.kind = CVY_POOL_AVERAGE, .src = HW(8, 8),
                                    .kernel_size = { 2, 3 }, .padding = { 1, 1 }),
      { 1, 4, 5, 3 } },
    { "pool, ceil", POOL(.kind = CVY_POOL_MAX, .src = HW(7, 8), .kernel_size = { 2, 3 },
                         .ceil_mode = true), { 1, 4, 4, 3 } },
    // B13.
    { "pool, ceil, last window would start in the padding",
      POOL(.kind = CVY_POOL_AVERAGE, .src = HW(4, 4), .kernel_size = { 2, 2 }, .stride = { 5, 4 },
           .padding = { 1, 1 }, .ceil_mode = true), { 1, 4, 1, 2 } },
    { "pool, global", POOL(.kind = CVY_POOL_AVERAGE, .src = HW(7, 8), .global = true),
      { 1, 4, 1, 1 } },
    { "pool, adaptive", POOL(.kind = CVY_POOL_ADAPTIVE_AVERAGE, .src = HW(7, 8),
                             .output_size = { 3, 5 }), { 1, 4, 3, 5 } },
    { "pool, adaptive over the input", POOL(.kind = CVY_POOL_ADAPTIVE_MAX, .src = HW(3, 2),
                                            .output_size = { 5, 7 }), { 1, 4, 5, 7 } },
    { "unpool", UNPOOL(.src = HW(3, 4), .kernel_size = { 3, 2 }, .stride = { 2, 2 },
                       .padding = { 1, 0 }), { 1, 4, 5, 8 } },
    { "unpool to the largest size", UNPOOL(.src = HW(4, 4), .kernel_size = { 2, 2 },
                                           .output_size = { 7, 9 }), { 1, 4, 7, 9 } },
    { "unpool to a size", UNPOOL(.src = HW(3, 4), .output_size = { 7, 9 }), { 1, 4, 7, 9 } },
    { "separable", SEPARABLE(.src = HW(8, 9), .out_channels = 6, .channel_multiplier = 2,
                             .kernel_size = { 3, 5 }, .stride = { 2, 1 }, .padding = { 1, 2 }),
      { 1, 6, 4, 9 } },
    { "separable, N 0", SEPARABLE(.src = NCHW(0, 4, 8, 9), .out_channels = 6,
                                  .kernel_size = { 3, 5 }), { 0, 6, 6, 5 } },
    { "separable, spatial", SEPARABLE(.kind = CVY_SEPARABLE_SPATIAL, .src = HW(8, 9),
                                      .kernel_size = { 3, 5 }, .stride = { 1, 2 }),
      { 1, 4, 6, 3 } },
    { "linear", LINEAR(.src = RANK(CVY_NCHW, 2, 5, 7), .out_features = 3), { 5, 3 } },
    { "linear, no rows", LINEAR(.src = RANK(CVY_PLAIN, 3, 2, 0, 7), .out_features = 3),
      { 2, 0, 3 } },
    { "linear, one row", LINEAR(.src = RANK(CVY_PLAIN, 1, 7), .out_features = 3), { 3 } },
    { "linear, rows apart", LINEAR(.src = { CVY_F32, CVY_PLAIN, 3, { 2, 3, 4 }, { 30, 10, 2 } },
                                   .out_features = 5), { 2, 3, 5 } },
    { "concat", { .op = REF_CONCAT, .concat = { .src_count = 3, .axis = -1 },
                  .sources = { HW(8, 8), HW(8, 1), HW(8, 2) } }, { 1, 4, 8, 11 } },
};

Test(shapes, legal_edges_have_the_right_output)
{
    for (size_t i = 0; i < COUNT_OF(edges); i++) {
        struct ref_problem problem = edges[i].problem;
        cvy_plan *plan = NULL;
        cvy_plan_info info;
        cvy_status st = create(&problem, &plan);

        cr_expect(st == CVY_OK, "%s: %s", edges[i].label, cvy_error_text());
        if (st != CVY_OK)
            continue;
        OK(cvy_plan_info_get(plan, &info));
        cr_expect_arr_eq(info.dst.size, edges[i].size, sizeof edges[i].size,
                         "%s: %lld %lld %lld %lld", edges[i].label, (long long)info.dst.size[0],
                         (long long)info.dst.size[1], (long long)info.dst.size[2],
                         (long long)info.dst.size[3]);
        cvy_plan_destroy(&plan);
    }
}

// B1: nothing to do is done at once, without tensors.
Test(shapes, an_empty_batch_runs_without_tensors)
{
    static const struct ref_problem empty[] = {
        CONV(.src = NCHW(0, 4, 8, 8), .out_channels = 6, .kernel_size = { 3, 3 }),
        SEPARABLE(.src = NCHW(0, 4, 8, 8), .out_channels = 6, .kernel_size = { 3, 3 }),
        LINEAR(.src = RANK(CVY_NCHW, 2, 0, 7), .out_features = 3),
        POOL(.kind = CVY_POOL_MAX, .src = NCHW(0, 4, 8, 8), .kernel_size = { 2, 2 }),
        { .op = REF_COPY, .copy = { .src = NCHW(0, 4, 8, 8) } },
        { .op = REF_SOFTMAX, .softmax = { .src = NCHW(0, 4, 8, 8) } },
        { .op = REF_ACTIVATION,
          .activation = { .src = NCHW(0, 4, 8, 8), .activation = { CVY_RELU, 0, 0 } } },
    };
    cvy_buffer *weights = NULL;

    OK(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = 4096 }, &weights));
    for (size_t i = 0; i < COUNT_OF(empty); i++) {
        struct ref_problem problem = empty[i];
        cvy_args args = { .weights = { NULL, 0 } };
        cvy_plan *plan = NULL;
        cvy_event *event = NULL;

        OK(create(&problem, &plan));
        if (i < 3)
            args.weights.buffer = weights;
        if (i == 1)
            args.weights2.buffer = weights;
        OK(cvy_plan_enqueue(plan, queue, &args, NULL, &event));
        OK(cvy_event_wait(event, -1));
        cvy_event_destroy(&event);
        cvy_plan_destroy(&plan);
    }
    cvy_buffer_destroy(&weights);
}

// B19: past 2^31 elements sizes stay what they are, whether or not the device can take them.
Test(shapes, more_than_2_31_elements_are_counted_right)
{
    cvy_desc src = cvy_nhwc(CVY_F32, 3, 1 << 15, 1 << 15, 1);
    cvy_plan *plan = NULL;
    cvy_plan_info info;
    cvy_status st = cvy_copy_create(context, &(cvy_copy_params) { .src = src }, &plan);

    cr_assert_eq(cvy_desc_elements(&src), INT64_C(3) << 30);
    cr_assert_eq(cvy_desc_bytes(&src), (size_t)3 << 32);
    cr_assert(st == CVY_OK || st == CVY_ERR_LIMIT, "%s", cvy_error_text());
    if (st == CVY_OK) {
        OK(cvy_plan_info_get(plan, &info));
        cr_expect_eq(info.bytes, INT64_C(6) << 32);
    }
    cvy_plan_destroy(&plan);
}

// Costs: what a separable convolution saves. H W D K F F against H W D F F + H W D K.
Test(shapes, costs_of_convolutions_are_those_of_their_formulas)
{
    struct {
        struct ref_problem problem;
        int64_t macs, parameters, full_macs, full_parameters;
    } rows[] = {
        { SEPARABLE(.src = NCHW(1, 8, 6, 7), .out_channels = 16, .kernel_size = { 3, 3 },
                    .padding = { 1, 1 }, .bias = true),
          6 * 7 * 8 * (9 + 16), 8 * 9 + 8 + 8 * 16, 6 * 7 * 8 * 16 * 9, 8 * 16 * 9 },
        { SEPARABLE(.kind = CVY_SEPARABLE_SPATIAL_DENSE, .src = NCHW(1, 8, 6, 7),
                    .out_channels = 16, .mid_channels = 5, .kernel_size = { 3, 3 },
                    .bias2 = true),
          4 * 7 * 8 * 5 * 3 + 4 * 5 * 5 * 16 * 3, 8 * 5 * 3 + 5 * 16 * 3 + 16,
          4 * 5 * 8 * 16 * 9, 8 * 16 * 9 + 16 },
        { CONV(.src = NCHW(2, 8, 6, 7), .out_channels = 16, .kernel_size = { 3, 3 },
               .groups = 2, .bias = true),
          2 * 4 * 5 * 16 * 4 * 9, 16 * 4 * 9 + 16, 2 * 4 * 5 * 16 * 4 * 9, 16 * 4 * 9 + 16 },
        { DECONV(.src = NCHW(2, 8, 6, 7), .out_channels = 10, .kernel_size = { 3, 3 },
                 .stride = { 2, 2 }, .groups = 2),
          2 * 6 * 7 * 8 * 5 * 9, 8 * 5 * 9, 2 * 6 * 7 * 8 * 5 * 9, 8 * 5 * 9 },
    };
    cvy_plan *plan = NULL;
    cvy_plan_info info;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OK(create(&rows[i].problem, &plan));
        OK(cvy_plan_info_get(plan, &info));
        cvy_plan_destroy(&plan);
        cr_expect_eq(info.macs, rows[i].macs, "row %zu", i);
        cr_expect_eq(info.parameters, rows[i].parameters, "row %zu", i);
        cr_expect_eq(info.full_macs, rows[i].full_macs, "row %zu", i);
        cr_expect_eq(info.full_parameters, rows[i].full_parameters, "row %zu", i);
    }
}
