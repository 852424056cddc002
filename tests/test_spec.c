// OP-SPEC text by its promises: text to plan to the same text, whatever the problem, the words and
// the locale; and errors that name the word.
#include "judge_random.h"
#include "plan_fixture.h"
#include "sweep.h"

#include <locale.h>

TestSuite(spec, .init = open_all, .fini = close_all, .timeout = 300);

// An algorithm that no one has: checks and text are made, but no kernel is compiled.
static const cvy_plan_options no_plan = { .algorithm = "none of them" };

// Text --------------------------------------------------------------------------------------------

// NULL: given is canonical already.
static const struct {
    const char *given, *canonical;
} texts[] = {
    // The examples of the manual.
    { "conv n1 c64 h56 w56 k64 r3x3 p1x1 f32 nhwc +bias +relu", NULL },
    { "deconv n1 c128 h56 w56 k64 r2x2 s2x2 f32 nchw", NULL },
    { "pool max n1 c64 h112 w112 r3x3 s2x2 p1x1 f32 nhwc", NULL },
    // Any order, blanks of all sorts, defaults.
    { "  conv +relu\tnhwc k64 p1x1 +bias\n w56 h56 f32 c64 n1 r3x3 ",
      "conv n1 c64 h56 w56 k64 r3x3 p1x1 f32 nhwc +bias +relu" },
    { "conv n1 c4 h5 w6 k8 r3x3 s1x1 p0x0 q0x0 l1x1 g1 pad:zeros",
      "conv n1 c4 h5 w6 k8 r3x3 f32 nchw" },
    { "conv n1 c4 w6 k8 r3 s2 p1 l2 g4 f32 nhwc", NULL },
    { "conv n2 c4 d3 h5 w6 k8 r3x1x2 p1x0x2 f32 nchw", NULL },
    { "conv n0 c4 h5 w6 k8 r3x3 f32 nchw", NULL },
    { "conv n1 c4 h5 w6 k8 r3x3 p1x1 q1x1", "conv n1 c4 h5 w6 k8 r3x3 p1x1 f32 nchw" },
    { "conv n1 c4 h5 w6 k8 r3x3 p1x1 q0x0 f32 nchw", NULL },
    { "conv n1 c4 h5 w6 k8 r3x3 q0x1 f32 nchw", NULL },
    { "conv n1 c4 h5 w6 k8 r3x4 +same", "conv n1 c4 h5 w6 k8 r3x4 p1x1 q1x2 f32 nchw" },
    { "conv n1 c4 h5 w6 k8 r3x3 p1x1 pad:reflect f32 nchw", NULL },
    { "conv n1 c4 h5 w6 k8 r3x3 p1x1 pad:replicate f32 nchw", NULL },
    { "conv n1 c4 h5 w6 k8 r3x3 p1x1 pad:circular f32 nchw +residual", NULL },
    { "conv [1,4,5,6] k8 r3x3 nchw", "conv n1 c4 h5 w6 k8 r3x3 f32 nchw" },
    // dst and strides.
    { "conv n1 c4 h5 w6 k8 r3x3 f32 nchw +to:nhwc", NULL },
    { "conv n1 c4 h5 w6 k8 r3x3 f32 nchw +to:nchw", "conv n1 c4 h5 w6 k8 r3x3 f32 nchw" },
    { "conv n2 c4 h5 w6 k8 r3x3 f32 nhwc +src_stride:300x1x48x8 +dst_stride:120x1x40x10", NULL },
    { "conv n2 c4 h5 w6 k8 r3x3 f32 nhwc +src_stride:120x1x24x4",
      "conv n2 c4 h5 w6 k8 r3x3 f32 nhwc" },
    { "conv n1 c4 h5 w6 k8 r3x3 f32 nhwc +src_stride:7x1x48x8",
      "conv n1 c4 h5 w6 k8 r3x3 f32 nhwc +src_stride:1x1x48x8" },
    // Activations.
    { "conv n1 c4 h5 w6 k8 r3x3 f32 nchw +clip:0:6", NULL },
    { "conv n1 c4 h5 w6 k8 r3x3 f32 nchw +clip:-inf:0.1", NULL },
    { "conv n1 c4 h5 w6 k8 r3x3 f32 nchw +clip:0:0", NULL },
    { "conv n1 c4 h5 w6 k8 r3x3 f32 nchw +clip:-1.5e-7:1.23e9",
      "conv n1 c4 h5 w6 k8 r3x3 f32 nchw +clip:-1.5e-7:1.23e9" },
    { "conv n1 c4 h5 w6 k8 r3x3 f32 nchw +clip:0.100000001490116:16777216.0",
      "conv n1 c4 h5 w6 k8 r3x3 f32 nchw +clip:0.1:16777216" },
    { "conv n1 c4 h5 w6 k8 r3x3 f32 nchw +prelu", NULL },
    { "conv n1 c4 h5 w6 k8 r3x3 f32 nchw +leaky_relu:0.01",
      "conv n1 c4 h5 w6 k8 r3x3 f32 nchw +leaky_relu" },
    { "activation n1 c3 h4 w4 f32 nchw +leaky_relu:0.1", NULL },
    { "activation n1 c3 h4 w4 f32 nchw +relu", NULL },
    { "activation n1 c3 h4 w4 f32 nchw +relu6", NULL },
    { "activation n1 c3 h4 w4 f32 nchw +elu:2", NULL },
    { "activation n1 c3 h4 w4 f32 nchw +elu:1", "activation n1 c3 h4 w4 f32 nchw +elu" },
    { "activation n1 c3 h4 w4 f32 nchw +selu", NULL },
    { "activation n1 c3 h4 w4 f32 nchw +sigmoid", NULL },
    { "activation n1 c3 h4 w4 f32 nchw +hard_sigmoid:0.2:0.5", NULL },
    { "activation n1 c3 h4 w4 f32 nchw +hard_sigmoid:0.16666667:0.5",
      "activation n1 c3 h4 w4 f32 nchw +hard_sigmoid" },
    { "activation n1 c3 h4 w4 f32 nchw +tanh", NULL },
    { "activation n1 c3 h4 w4 f32 nchw +silu", NULL },
    { "activation n1 c3 h4 w4 f32 nchw +hard_swish", NULL },
    { "activation n1 c3 h4 w4 f32 nchw +softplus:1:20",
      "activation n1 c3 h4 w4 f32 nchw +softplus" },
    { "activation n1 c3 h4 w4 f32 nchw +softplus:0:30",
      "activation n1 c3 h4 w4 f32 nchw +softplus:1:30" },
    { "activation n1 c3 h4 w4 f32 nchw +gelu", NULL },
    { "activation n1 c3 h4 w4 f32 nchw +gelu_tanh", NULL },
    { "activation n1 c3 h4 w4 f32 nchw +mish", NULL },
    { "activation n1 c3 f32 nhwc +prelu:3", NULL },
    { "activation n1 c3 f32 nhwc +prelu:1", "activation n1 c3 f32 nhwc +prelu" },
    { "activation [1,2,3,4,5,6] f32 plain +relu", NULL },
    { "activation [5] +relu", "activation [5] f32 plain +relu" },
    { "activation [7] f32 nchw +relu", NULL },
    // Transposed.
    { "deconv n1 c4 h5 w6 k8 r3x3 s2x2 p1x1 l1x2 g2 o1x1 f32 nhwc +bias +residual +tanh",
      "deconv n1 c4 h5 w6 k8 r3x3 s2x2 p1x1 l1x2 g2 o1x1 f32 nhwc +bias +residual +tanh" },
    { "deconv n1 c4 w6 k8 r3 p1 q0 o0", "deconv n1 c4 w6 k8 r3 p1 q0 f32 nchw" },
    // Pooling. What is the same pooling has the same text.
    { "pool max n1 c4 h8 w8 r2x2 s2x2", "pool max n1 c4 h8 w8 r2x2 f32 nchw" },
    { "pool max n1 c4 h8 w8 r2x2 s1x1 f32 nchw +indices", NULL },
    { "pool max n1 c4 h8 w8 r2x2 f32 nchw +indices:plane:i64",
      "pool max n1 c4 h8 w8 r2x2 f32 nchw +indices" },
    { "pool max n1 c4 h8 w8 r2x2 f32 nchw +indices:plane:i32", NULL },
    { "pool max n1 c4 h8 w8 r2x2 f32 nchw +indices:tensor", NULL },
    { "pool max n1 c4 h8 w8 r2x2 l2x2 f32 nchw +indices:tensor:i32", NULL },
    { "pool average n1 c4 h8 w8 r3x3 s2x2 p1x1 f32 nhwc +ceil +exclude_pad", NULL },
    { "pool average n1 c4 h8 w8 r3x3 p1x1 q0x1 f32 nhwc +div:7", NULL },
    { "pool lp n1 c4 h8 w8 r2x2 f32 nchw +norm:3", NULL },
    { "pool lp n1 c4 h8 w8 r2x2 f32 nchw +norm:2", "pool lp n1 c4 h8 w8 r2x2 f32 nchw" },
    { "pool max n1 c4 h8 w9 +global", "pool max n1 c4 h8 w9 r8x9 f32 nchw" },
    { "pool adaptive_average n1 c4 h8 w8 o4x2", "pool average n1 c4 h8 w8 r2x4 f32 nchw" },
    { "pool adaptive_max n1 c4 h8 w8 o3x3 f32 nchw +indices", NULL },
    { "pool adaptive_average n1 c4 w8 o3 f32 nhwc +to:nchw", NULL },
    { "unpool n1 c4 h4 w5 r2x2", "unpool n1 c4 h4 w5 o8x10 f32 nchw" },
    { "unpool n1 c4 h4 w5 o9x10 f32 nhwc +indices:tensor:i32", NULL },
    { "unpool n1 c4 h4 w5 r3x3 s2x2 p1x1", "unpool n1 c4 h4 w5 o7x9 f32 nchw" },
    // Separable.
    { "separable depthwise n1 c4 h8 w8 k6 r3x3 s2x2 p1x1 m2 f32 nhwc +bias +bias2 +relu +mid:relu6",
      NULL },
    { "separable n1 c4 h8 w8 k6 r3x3 m1", "separable depthwise n1 c4 h8 w8 k6 r3x3 f32 nchw" },
    { "separable spatial n1 c4 h8 w8 r3x5 f32 nchw +residual", NULL },
    { "separable spatial n1 c4 h8 w8 k4 r3x5 f32 nchw",
      "separable spatial n1 c4 h8 w8 r3x5 f32 nchw" },
    { "separable spatial_dense n1 c4 h8 w8 k6 r3x5 m5 f32 nchw +mid:clip:0:6", NULL },
    { "separable spatial_dense n1 c4 h8 w8 k6 r3x5 m6 pad:reflect f32 nchw",
      "separable spatial_dense n1 c4 h8 w8 k6 r3x5 pad:reflect f32 nchw" },
    // Linear.
    { "linear n8 c400 k10", "linear n8 c400 k10 f32 nchw" },
    { "linear n8 c400 k10 f32 nhwc +bias +residual +silu", NULL },
    { "linear [2,3,400] k10 f32 plain +bias", NULL },
    { "linear [400] k10", "linear [400] k10 f32 plain" },
    { "linear [2,3,40] k10 f32 plain +src_stride:300x100x2 +dst_stride:45x15x1", NULL },
    // The rest.
    { "concat n1 c3 h4 w4 [1,5,4,4] f32 nchw +axis:1", NULL },
    { "concat n1 c3 h4 w4 [1,5,4,4] [1,1,4,4]:nhwc [1,2,4,4]:40x20x5x1 f32 nchw +axis:-3",
      "concat n1 c3 h4 w4 [1,5,4,4] [1,1,4,4]:nhwc [1,2,4,4]:1x20x5x1 f32 nchw +axis:1" },
    { "concat [2,3] [4,3]", "concat [2,3] [4,3] f32 plain" },
    { "concat [2,3,4] f32 plain +axis:2", NULL },
    { "copy n1 c3 h4 w4 f32 nchw +to:nhwc", NULL },
    { "copy n2 c3 f32 nchw", NULL },
    { "softmax n1 c3 h4 w4 f32 nchw +axis:1", NULL },
    { "softmax n1 c3 h4 w4 f32 nhwc +axis:-1", "softmax n1 c3 h4 w4 f32 nhwc +axis:3" },
    { "softmax [5,7] f32 plain +axis:1", NULL },
    { "softmax [5,7] +axis:0", "softmax [5,7] f32 plain" },
    // Moves.
    { "pad n1 c3 h4 w5 f32 nchw +before:0x0x1x2 +after:0x0x-1x3", NULL },
    { "pad n1 c3 h4 w5 pad:reflect f32 nhwc +before:0x0x1x2 +to:nchw", NULL },
    { "pad n1 c3 h4 w5 pad:zeros +after:0x0x0x0 +value:0", "pad n1 c3 h4 w5 f32 nchw" },
    { "pad n1 c3 h4 w5 +value:-inf +before:1x0x0x0 pad:zeros",
      "pad n1 c3 h4 w5 f32 nchw +before:1x0x0x0 +value:-inf" },
    { "pad [7] f32 plain +before:-2 +value:-0", NULL },
    { "pad [7,2] f32 plain +after:1x1 +value:nan", NULL },
    { "pad [7,2] f32 plain +after:1x1 +value:0.1 +dst_stride:4x1", NULL },
    { "slice n2 c3 h8 w9 f32 nchw +start:0x1x0x8 +step:1x1x2x-2 +size:0x1x0x3", NULL },
    { "slice n2 c3 h8 w9 +start:-2x-1x-8x-1 +step:0x5x0x-1 +size:2x1x8x9",
      "slice n2 c3 h8 w9 f32 nchw +start:0x2x0x8 +step:1x1x1x-1" },
    { "slice n2 c3 h8 w9 +step:1x1x1x1 +size:2x3x8x9", "slice n2 c3 h8 w9 f32 nchw" },
    { "slice n2 c3 h8 w9 +start:0x0x-9x9 +step:1x1x-1x3",
      "slice n2 c3 h8 w9 f32 nchw +start:0x0x8x9" },
    { "slice [5,6] +start:4x0 +step:-1x0", "slice [5,6] f32 plain +start:4x0 +step:-1x1" },
    { "transpose n1 c3 h4 w5 f32 nhwc +order:0x3x1x2", NULL },
    { "transpose [2,3,4,5,6,7] f32 plain +order:5x4x3x2x1x0 +src_stride:9000x3000x600x90x14x2",
      NULL },
    { "transpose [7]", "transpose [7] f32 plain" },
    { "depth_to_space n1 c12 h4 w5 b2 f32 nchw", NULL },
    { "depth_to_space n1 c12 h4 w5 b2 f32 nhwc +depth_last +to:nchw", NULL },
    { "space_to_depth n1 c3 h4 w6 b2 f32 nchw +depth_last", NULL },
    { "space_to_depth [1,3,4,6] b1 nhwc", "space_to_depth n1 c3 h4 w6 b1 f32 nhwc" },
    { "gather n1 c3 h4 w5 [7] f32 nchw +axis:1", NULL },
    { "gather n1 c3 h4 w5 [7]:i64 f32 nhwc +axis:-1", "gather n1 c3 h4 w5 [7] f32 nhwc +axis:3" },
    { "gather [2,3]:i32 n4 c5 f32 nchw +dst_stride:100x20x1", "gather n4 c5 [2,3]:i32 f32 nchw "
      "+dst_stride:100x20x1" },
    { "gather [50,8] [3,4]:i32 f32 plain +src_stride:9x1", NULL },
    { "gather [50,8] [3,4]:i64:4x1", "gather [50,8] [3,4] f32 plain" },
};

static void expect_text(const char *given, const char *canonical)
{
    cvy_plan *plan = NULL;
    cvy_plan_info info;
    cvy_status st = cvy_plan_from_spec(context, given, NULL, &plan);

    cr_expect(st == CVY_OK, "%s: %s", given, cvy_error_text());
    if (st != CVY_OK)
        return;
    OK(cvy_plan_info_get(plan, &info));
    cr_expect_str_eq(info.spec, canonical, "\"%s\" becomes \"%s\", not \"%s\"", given, info.spec,
                     canonical);
    cvy_plan_destroy(&plan);
}

Test(spec, text_becomes_canonical_and_stays_so)
{
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const char *canonical = texts[i].canonical ? texts[i].canonical : texts[i].given;

        expect_text(texts[i].given, canonical);
        if (texts[i].canonical)
            expect_text(canonical, canonical);
    }
}

// Params ------------------------------------------------------------------------------------------

// Strides of axes with one element or none say nothing.
static bool same_desc(const cvy_desc *a, const cvy_desc *b)
{
    bool same = a->dtype == b->dtype && a->layout == b->layout && a->rank == b->rank;

    for (int i = 0; i < a->rank && same; i++)
        same = a->size[i] == b->size[i] && (a->size[i] <= 1 || a->stride[i] == b->stride[i]);
    return same;
}

static bool same_info(const cvy_plan_info *a, const cvy_plan_info *b)
{
    return strcmp(a->spec, b->spec) == 0 && strcmp(a->algorithm, b->algorithm) == 0
        && same_desc(&a->dst, &b->dst) && same_desc(&a->indices, &b->indices)
        && a->macs == b->macs && a->parameters == b->parameters && a->full_macs == b->full_macs
        && a->full_parameters == b->full_parameters && a->bytes == b->bytes
        && a->workspace == b->workspace && a->packed == b->packed && a->launches == b->launches
        && a->prepare_launches == b->prepare_launches;
}

Test(spec, any_params_come_back_from_their_text)
{
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct judge_problem problem;
        cvy_plan *plan = NULL, *again = NULL;
        cvy_plan_info info, other = { .spec = "" };

        sweep_problem(seed, &problem);
        OK(create(&problem.ref, &plan));
        OK(cvy_plan_info_get(plan, &info));
        if (cvy_plan_from_spec(context, info.spec, NULL, &again) == CVY_OK)
            OK(cvy_plan_info_get(again, &other));
        cr_expect(same_info(&info, &other), "seed %llu: \"%s\" and \"%s\" (%s)",
                  (unsigned long long)seed, info.spec, other.spec,
                  again ? "" : cvy_error_text());
        cvy_plan_destroy(&again);
        cvy_plan_destroy(&plan);
    }
}

// What the text says must be what the params mean, not only the same both ways.
Test(spec, every_field_of_params_reaches_its_letter)
{
    struct ref_problem problems[] = {
        { .op = REF_CONV, .conv = {
              .src = cvy_nhwc(CVY_F32, 2, 7, 8, 6), .out_channels = 4, .kernel_size = { 2, 3 },
              .stride = { 2, 1 }, .dilation = { 1, 2 }, .padding = { 1, 2 },
              .padding_end = { 0, 3 }, .padding_rule = CVY_PAD_BEGIN_END, .groups = 2,
              .padding_mode = CVY_REPLICATE, .bias = true, .residual = true,
              .activation = { CVY_CLIP, -1.0f, 0.5f }, .dst = { .layout = CVY_NCHW } } },
        { .op = REF_CONV_TRANSPOSE, .conv_transpose = {
              .src = cvy_ncw(CVY_F32, 2, 6, 7), .out_channels = 4, .kernel_size = { 5 },
              .stride = { 3 }, .dilation = { 2 }, .padding = { 1 }, .padding_end = { 2 },
              .padding_rule = CVY_PAD_BEGIN_END, .output_padding = { 1 }, .groups = 2,
              .bias = true } },
        { .op = REF_POOL, .pool = {
              .kind = CVY_POOL_AVERAGE, .src = cvy_nchw(CVY_F32, 2, 3, 7, 8),
              .kernel_size = { 4, 3 }, .stride = { 2, 1 }, .dilation = { 1, 2 },
              .padding = { 1, 2 }, .ceil_mode = true, .divisor_override = 5,
              .count_include_pad = CVY_COUNT_PAD_EXCLUDE } },
        { .op = REF_SEPARABLE, .separable = {
              .kind = CVY_SEPARABLE_SPATIAL_DENSE, .src = cvy_ncdhw(CVY_F32, 1, 2, 5, 6, 7),
              .out_channels = 3, .mid_channels = 4, .kernel_size = { 3, 2, 1 },
              .padding = { 1, 0, 0 }, .bias2 = true, .activation = { CVY_SILU, 0, 0 },
              .activation2 = { CVY_PRELU, 0, 0 } } },
    };
    static const char *const wanted[] = {
        "conv n2 c6 h7 w8 k4 r2x3 s2x1 p1x2 q0x3 l1x2 g2 pad:replicate f32 nhwc +bias +residual "
        "+clip:-1:0.5 +to:nchw",
        "deconv n2 c6 w7 k4 r5 s3 p1 q2 l2 g2 o1 f32 nchw +bias",
        "pool average n2 c3 h7 w8 r4x3 s2x1 p1x2 l1x2 f32 nchw +ceil +exclude_pad +div:5",
        "separable spatial_dense n1 c2 d5 h6 w7 k3 r3x2x1 p1x0x0 m4 f32 nchw +bias2 +prelu "
        "+mid:silu",
    };

    for (size_t i = 0; i < COUNT_OF(problems); i++) {
        cvy_plan *plan = NULL;
        cvy_plan_info info;

        OK(create(&problems[i], &plan));
        OK(cvy_plan_info_get(plan, &info));
        cr_expect_str_eq(info.spec, wanted[i], "\"%s\", not \"%s\"", info.spec, wanted[i]);
        cvy_plan_destroy(&plan);
    }
}

Test(spec, text_of_very_many_sources_is_cut_and_not_taken_back)
{
    cvy_desc srcs[CVY_MAX_SOURCES];
    cvy_plan *plan = NULL, *again = NULL;
    cvy_plan_info info;

    for (size_t i = 0; i < CVY_MAX_SOURCES; i++)
        srcs[i] = cvy_nchw(CVY_F32, 1, 100, 10, 10);
    OK(cvy_concat_create(context, &(cvy_concat_params) {
        .srcs = srcs, .src_count = CVY_MAX_SOURCES, .axis = 1 }, &plan));
    OK(cvy_plan_info_get(plan, &info));
    cr_expect_lt(strlen(info.spec), sizeof info.spec);
    cr_expect_str_eq(info.spec + strlen(info.spec) - 4, " ...");
    GIVES(CVY_ERR_ARGUMENT, "...", cvy_plan_from_spec(context, info.spec, NULL, &again));
    cvy_plan_destroy(&plan);
}

// Errors ------------------------------------------------------------------------------------------

Test(spec, errors_quote_the_word_and_say_what_would_be_right)
{
    static const struct {
        const char *text, *word, *right;
    } rows[] = {
        { "", "empty", "conv" },
        { " \n", "empty", "conv" },
        { "convolution n1", "\"convolution\"", "separable" },
        { "conv", "conv", "n c h w" },
        { "pool n1 c4 h8 w8 r2x2", "\"n1\"", "adaptive_average" },
        { "pool", "pool", "max average" },
        { "conv n1 c4 h8 w8 k4", "r", "needs" },
        { "conv n1 c4 h8 w8 r3x3", "k", "needs" },
        { "conv n1 c4 h8 k4 r3", "source", "n c w" },
        { "conv c4 h8 w8 k4 r3x3", "source", "n c h w" },
        { "conv n1 c4 d8 w8 k4 r3x3", "source", "n c d h w" },
        { "conv n1 c4 h8 w8 k4 r3", "r has 1", "2 spatial axes" },
        { "conv n1 c4 h8 w8 k4 r3x3 p1x1x1", "p has 3", "2 spatial axes" },
        { "conv n1 c4 h8 w8 k4 r3x3x3x3", "\"r3x3x3x3\"", "r3x3" },
        { "conv n1 c4 h8 w8 k4 r3x", "\"r3x\"", "r3x3" },
        { "conv n1 c4 h8 w8 k4 r3X3", "\"r3X3\"", "r3x3" },
        { "conv n1 c4 h8 w8 k4 r3,3", "\"r3,3\"", "r3x3" },
        { "conv n1 c4 h8 w8 k4 r0x3", "\"r0x3\"", "at least 1" },
        { "conv n1 c4 h8 w8 k0 r3x3", "\"k0\"", "at least 1" },
        { "conv n-1 c4 h8 w8 k4 r3x3", "\"n-1\"", "n8" },
        { "conv n1 c4 h8 w9223372036854775808 k4 r3x3", "\"w9223372036854775808\"", "2^63" },
        { "conv n1 c4 h8 w8 k99999999999999999999 r3x3", "\"k99999999999999999999\"", "number" },
        { "conv n1 n2 c4 h8 w8 k4 r3x3", "\"n2\"", "second time" },
        { "conv n1 c4 h8 w8 k4 k4 r3x3", "\"k4\"", "second time" },
        { "conv n1 c4 h8 w8 k4 r3x3 f32 f32", "\"f32\"", "second time" },
        { "conv n1 c4 h8 w8 k4 r3x3 nchw nhwc", "\"nhwc\"", "second time" },
        { "conv n1 c4 h8 w8 k4 r3x3 +bias +bias", "\"+bias\"", "second time" },
        { "conv n1 c4 h8 w8 k4 r3x3 +relu +tanh", "\"+tanh\"", "second time" },
        { "conv n1 c4 h8 w8 k4 r3x3 pad:reflect pad:reflect", "\"pad:reflect\"", "second time" },
        { "conv n1 c4 h8 w8 k4 r3x3 pad:mirror", "\"pad:mirror\"", "replicate" },
        { "conv n1 c4 h8 w8 k4 r3x3 z4", "\"z4\"", "k r s p q l g" },
        { "conv n1 c4 h8 w8 k4 r3x3 o1x1", "\"o1x1\"", "k r s p q l g" },
        { "conv n1 c4 h8 w8 k4 r3x3 f33", "\"f33\"", "f32" },
        { "conv n1 c4 h8 w8 k4 r3x3 hwcn", "\"hwcn\"", "nchw nhwc plain" },
        { "conv n1 c4 h8 w8 k4 r3x3 +ceil", "\"+ceil\"", "+bias" },
        { "conv n1 c4 h8 w8 k4 r3x3 +", "\"+\"", "+bias" },
        { "conv n1 c4 h8 w8 k4 r3x3 +biased", "\"+biased\"", "+bias" },
        { "conv n1 c4 h8 w8 k4 r3x3 +bias:1", "\"+bias:1\"", "+bias alone" },
        { "conv n1 c4 h8 w8 k4 r3x3 +RELU", "\"+RELU\"", "relu" },
        { "conv n1 c4 h8 w8 k4 r3x3 +clip", "\"+clip\"", "clip:0:6" },
        { "conv n1 c4 h8 w8 k4 r3x3 +clip:0", "\"+clip:0\"", "clip:0:6" },
        { "conv n1 c4 h8 w8 k4 r3x3 +clip:0:6:7", "\"+clip:0:6:7\"", "clip:0:6" },
        { "conv n1 c4 h8 w8 k4 r3x3 +clip:0,5:6", "\"+clip:0,5:6\"", "clip:0:6" },
        { "conv n1 c4 h8 w8 k4 r3x3 +clip:nan:6", "\"+clip:nan:6\"", "clip:0:6" },
        { "conv n1 c4 h8 w8 k4 r3x3 +clip:0:1e39", "\"+clip:0:1e39\"", "clip:0:6" },
        { "conv n1 c4 h8 w8 k4 r3x3 +clip:6:0", "alpha", "beta" },
        { "conv n1 c4 h8 w8 k4 r3x3 +leaky_relu:x", "\"+leaky_relu:x\"", "ALPHA" },
        { "conv n1 c4 h8 w8 k4 r3x3 +prelu:4", "\"+prelu:4\"", "without values" },
        { "conv n1 c4 h8 w8 k4 r3x3 +relu:1", "\"+relu:1\"", "without values" },
        { "conv n1 c4 h8 w8 k4 r3x3 +same p1x1", "+same", "without p" },
        { "conv n1 c4 h8 w8 k4 r3x3 +to", "\"+to\"", "+to:nhwc" },
        { "conv n1 c4 h8 w8 k4 r3x3 +to:hwcn", "\"+to:hwcn\"", "+to:nhwc" },
        { "conv n1 c4 h8 w8 k4 r3x3 +src_stride:1x2", "src_stride has 2", "4 axes" },
        { "conv n1 c4 h8 w8 k4 r3x3 +dst_stride:", "\"+dst_stride:\"", "each axis" },
        { "conv n1 c4 h8 w8 k4 r3x3 [1,4,8,8]", "one source", "2 times" },
        { "conv [1,4,8 k4 r3x3", "\"[1,4,8\"", "[2,3,400]" },
        { "conv [] k4 r3x3", "\"[]\"", "[2,3,400]" },
        { "conv [1,2,3,4,5,6,7] k4 r3x3", "\"[1,2,3,4,5,6,7]\"", "1 to 6" },
        { "conv [1, 4, 8, 8] k4 r3x3", "\"[1,\"", "without blanks" },
        { "activation n1 c4", "activation", "+relu" },
        { "activation n1 c4 +prelu:0", "\"+prelu:0\"", "number of slopes" },
        { "pool average n1 c4 h8 w8 r2x2 +div:0", "\"+div:0\"", "at least 1" },
        { "pool lp n1 c4 h8 w8 r2x2 +norm:0", "\"+norm:0\"", "above 0" },
        { "pool lp n1 c4 h8 w8 r2x2 +norm:-1", "\"+norm:-1\"", "above 0" },
        { "pool max n1 c4 h8 w8 r2x2 +indices:flat", "\"+indices:flat\"", ":plane" },
        { "pool max n1 c4 h8 w8 r2x2 +indices:plane:i16", "\"+indices:plane:i16\"", ":i32" },
        { "pool max n1 c4 h8 w8 r2x2 +global", "global", "no r" },
        { "pool max n1 c4 h8 w8 r2x2 o2x2", "o", "adaptive" },
        { "pool adaptive_max n1 c4 h8 w8", "o", "needs" },
        { "unpool n1 c4 h8 w8", "r", "needs" },
        { "separable spatial n1 c4 h8 w8 k4 r3x3 +mid", "\"+mid\"", "+mid:relu6" },
        { "separable n1 c4 h8 w8 k4 r3x3 +mid:clop", "\"+mid:clop\"", "clip" },
        { "concat n1 c4 [1,4]:nope", "\"[1,4]:nope\"", ":nhwc" },
        { "concat [1,4]:nhwc [1,4]", "first", "a word of its own" },
        { "softmax n1 c4 +axis:one", "\"+axis:one\"", "number" },
        { "softmax n1 c4 +axis:99999999999", "\"+axis:99999999999\"", "number" },
        { "softmax n1 c4 +axis", "\"+axis\"", "+axis:" },
        { "pad n1 c4 +before:1", "before has 1", "2 axes" },
        { "pad n1 c4 +before:1x2x3x4x5x6x7", "\"+before:1x2x3x4x5x6x7\"", "each axis" },
        { "pad n1 c4 +before:1x--2", "\"+before:1x--2\"", "+before:0x1" },
        { "pad n1 c4 +after", "\"+after\"", "each axis" },
        { "pad n1 c4 +value:x", "\"+value:x\"", "+value:2" },
        { "pad n1 c4 pad:edge", "\"pad:edge\"", "replicate" },
        { "slice n1 c4 +size:-1x2", "\"+size:-1x2\"", "at least 0" },
        { "slice n1 c4 +start:1x2 +start:1x2", "\"+start:1x2\"", "second time" },
        { "slice n1 c4 pad:reflect", "\"pad:reflect\"", "is no word" },
        { "transpose n1 c4 +order:0x1x2", "order has 3", "2 axes" },
        { "depth_to_space n1 c4 h2 w2", "b", "needs" },
        { "depth_to_space n1 c4 h2 w2 b0", "\"b0\"", "at least 1" },
        { "space_to_depth n1 c4 h2 w2 b2 +depth_first", "\"+depth_first\"", "+depth_last" },
        { "gather n1 c4", "gather", "indices such as" },
        { "gather n1 c4 [2] [2]", "gather", "3 tensors" },
        { "gather n1 c4 [2]:nhwc", "\"[2]:nhwc\"", "sizes" },
        { "gather n1 c4 [2] +dst_stride:1", "dst_stride has 1", "2 axes" },
        { "concat n1 c4 [1,4]:f32", "\"[1,4]:f32\"", ":nhwc" },
        { "conv n1 c4 h8 w8 k4 r3x3 \x1b[31m\xff", "\"?[31m?\"", "is no word" },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        cvy_plan *plan = NULL;
        cvy_status st = cvy_plan_from_spec(context, rows[i].text, &no_plan, &plan);

        cr_expect(st == CVY_ERR_ARGUMENT, "\"%s\" gives %s", rows[i].text, cvy_status_name(st));
        cr_expect(strstr(cvy_error_text(), rows[i].word) && strstr(cvy_error_text(), rows[i].right),
                  "\"%s\": \"%s\" has no %s or no \"%s\"", rows[i].text, cvy_error_text(),
                  rows[i].word, rows[i].right);
        cr_expect_null(plan);
    }
}

Test(spec, missing_pointers_are_named)
{
    cvy_plan *plan = NULL;

    GIVES(CVY_ERR_ARGUMENT, "context", cvy_plan_from_spec(NULL, "conv", NULL, &plan));
    GIVES(CVY_ERR_ARGUMENT, "spec", cvy_plan_from_spec(context, NULL, NULL, &plan));
    GIVES(CVY_ERR_ARGUMENT, "out", cvy_plan_from_spec(context, "conv", NULL, NULL));
}

// Legal text whose problem is not: the create function's own error.
Test(spec, problems_that_are_not_legal_give_the_operators_error)
{
    static const struct {
        const char *text, *word;
        cvy_status status;
    } rows[] = {
        { "conv n1 c3 h8 w8 k4 r3x3 g2", "groups", CVY_ERR_SHAPE },
        { "conv n1 c0 h8 w8 k4 r3x3", "size[1]", CVY_ERR_SHAPE },
        { "conv n1 c3 h8 w8 k4 r9x9", "spatial axis 0", CVY_ERR_SHAPE },
        { "conv n1 c3 h8 w8 k4 r3x3 i8", "dtype", CVY_ERR_UNSUPPORTED },
        { "conv [1,3,8,8] k4 r3x3", "PLAIN", CVY_ERR_SHAPE },
        { "conv n1 c3 k4", "", CVY_ERR_ARGUMENT },
        { "pool max n1 c3 h8 w8 r2x2 +norm:3", "norm_type", CVY_ERR_ARGUMENT },
        { "softmax n1 c4 +axis:2", "axis", CVY_ERR_SHAPE },
        { "linear n1 c4 h1 w1 k4", "rank", CVY_ERR_SHAPE },
        { "transpose n1 c4", "order[1] is 0", CVY_ERR_ARGUMENT },
        { "transpose n1 c4 +order:0x99999999999", "order[1]", CVY_ERR_SHAPE },
        { "gather n1 c4 [2]:u8", "indices.dtype", CVY_ERR_UNSUPPORTED },
        { "pad n1 c4 pad:reflect +value:1", "value", CVY_ERR_ARGUMENT },
        { "conv n1 c3 h8 w8 k4 r3x3", "none of them", CVY_ERR_ARGUMENT },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        cvy_plan *plan = NULL;

        GIVES(rows[i].status, rows[i].word,
              cvy_plan_from_spec(context, rows[i].text, &no_plan, &plan));
        cr_expect_null(plan);
    }
}

// One edit at a random place: a byte changed, dropped or put in, or the tail cut off.
static void mutate(struct judge_random *random, char *text, size_t cap)
{
    static const char bytes[] = "ncdhwkrspqlgomx:+[],. -09\x80\xff";
    size_t length = strlen(text), at = (size_t)random_between(random, 0, (int64_t)length);
    char byte = bytes[random_between(random, 0, (int64_t)sizeof bytes - 2)];

    switch (random_between(random, 0, 3)) {
    case 0:
        text[at] = at < length ? byte : '\0';
        break;
    case 1:
        memmove(text + at, text + at + (at < length), length - at + (at == length));
        break;
    case 2:
        if (length + 1 < cap) {
            memmove(text + at + 1, text + at, length - at + 1);
            text[at] = byte;
        }
        break;
    default:
        text[at] = '\0';
    }
}

Test(spec, damaged_text_is_an_error_or_another_problem_but_never_a_crash)
{
    struct judge_random random = { 20240 };

    for (int i = 0; i < 50000; i++) {
        const char *seed = texts[random_between(&random, 0, COUNT_OF(texts) - 1)].given;
        char text[256];
        cvy_plan *plan = NULL;
        cvy_status st;

        snprintf(text, sizeof text, "%s", seed);
        for (int64_t edits = random_between(&random, 1, 4); edits > 0; edits--)
            mutate(&random, text, sizeof text);
        st = cvy_plan_from_spec(context, text, &no_plan, &plan);
        cr_assert(st == CVY_ERR_ARGUMENT || st == CVY_ERR_SHAPE || st == CVY_ERR_UNSUPPORTED
                  || st == CVY_ERR_LIMIT, "\"%s\" gives %s: %s", text, cvy_status_name(st),
                  cvy_error_text());
        cr_assert(cvy_error_text()[0] && !plan, "\"%s\"", text);
    }
}

Test(spec, random_bytes_are_an_error)
{
    struct judge_random random = { 20241 };

    for (int i = 0; i < 20000; i++) {
        char text[512];
        size_t length = (size_t)random_between(&random, 0, sizeof text - 1);
        cvy_plan *plan = NULL;

        for (size_t k = 0; k < length; k++)
            text[k] = (char)random_between(&random, 1, 255);
        text[length] = '\0';
        cr_assert_eq(cvy_plan_from_spec(context, text, &no_plan, &plan), CVY_ERR_ARGUMENT);
    }
}

// Locale ------------------------------------------------------------------------------------------

// A locale with a decimal comma, made for the occasion where the machine has none.
static bool comma_locale(void)
{
    static const char *const names[] = { "de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE" };
    char folder[] = "/tmp/convoy-locale-XXXXXX", command[256];

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (setlocale(LC_ALL, names[i]))
            return true;
    if (!mkdtemp(folder))
        return false;
    snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 2>/dev/null",
             folder);
    if (system(command) == 0 && setenv("LOCPATH", folder, 1) == 0)
        setlocale(LC_ALL, "de_DE.UTF-8");
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) == 0 && localeconv()->decimal_point[0] == ',';
}

Test(spec, a_decimal_comma_matters_in_neither_direction)
{
    cvy_plan *plan = NULL;

    if (!comma_locale())
        cr_skip_test("no locale with a decimal comma, and localedef cannot make one");
    expect_text("activation n1 c3 h4 w4 f32 nchw +leaky_relu:0.1",
                "activation n1 c3 h4 w4 f32 nchw +leaky_relu:0.1");
    expect_text("activation n1 c3 h4 w4 f32 nchw +clip:-1.25e-10:16777217.5",
                "activation n1 c3 h4 w4 f32 nchw +clip:-1.25e-10:16777218");
    GIVES(CVY_ERR_ARGUMENT, "\"+elu:0,5\"",
          cvy_plan_from_spec(context, "activation n1 c3 +elu:0,5", NULL, &plan));
}
