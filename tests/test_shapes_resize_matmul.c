// Shapes and text of resize and matmul: what is not legal gives its status and names the parameter;
// the legal edges give the right output; OP-SPEC text becomes canonical and stays so.
#include "plan_fixture.h"

#include <math.h>

TestSuite(shapes_resize_matmul, .init = open_all, .fini = close_all, .timeout = 120);

#define P31 (INT64_C(1) << 31)

#define RESIZE(...) { .op = REF_RESIZE, .resize = { __VA_ARGS__ } }
#define MATMUL(...) { .op = REF_MATMUL, .matmul = { __VA_ARGS__ } }

#define NCHW(n, c, h, w) { CVY_F32, CVY_NCHW, 4, { n, c, h, w }, { 0 } }
#define NC(n, c) { CVY_F32, CVY_NCHW, 2, { n, c }, { 0 } }
#define PLAIN(rank, ...) { CVY_F32, CVY_PLAIN, rank, { __VA_ARGS__ }, { 0 } }
#define SRC NCHW(2, 4, 6, 8)

struct refusal {
    const char *label;
    cvy_status status;
    const char *word;           // that the text must have
    struct ref_problem problem;
};

static const struct refusal refusals[] = {
    { "resize, rank 0", CVY_ERR_SHAPE, "src.rank is 0", RESIZE(.output_size = { 3 }) },
    { "resize, rank 2", CVY_ERR_SHAPE, "src has rank 2", RESIZE(.src = NC(2, 4)) },
    { "resize of a plain tensor", CVY_ERR_SHAPE, "PLAIN",
      RESIZE(.src = PLAIN(4, 2, 4, 6, 8), .scale = { 2, 2 }) },
    { "resize of an empty axis", CVY_ERR_SHAPE, "src.size[3] is 0",
      RESIZE(.src = NCHW(2, 4, 6, 0), .output_size = { 3, 3 }) },
    { "resize without size", CVY_ERR_SHAPE, "output_size[1] is 0",
      RESIZE(.src = SRC, .output_size = { 3 }) },
    { "resize, negative size", CVY_ERR_SHAPE, "output_size[0] is -3",
      RESIZE(.src = SRC, .output_size = { -3, 3 }) },
    { "resize to nothing", CVY_ERR_SHAPE, "scale[1] is 0.1",
      RESIZE(.src = SRC, .scale = { 1, 0.1f }) },
    { "resize, negative scale", CVY_ERR_ARGUMENT, "scale[0] is -2",
      RESIZE(.src = SRC, .scale = { -2, 2 }) },
    { "resize, scale NaN", CVY_ERR_ARGUMENT, "scale[1] is",
      RESIZE(.src = SRC, .scale = { 2, NAN }) },
    { "resize, scale infinite", CVY_ERR_ARGUMENT, "scale[1] is inf",
      RESIZE(.src = SRC, .scale = { 2, INFINITY }) },
    { "resize, huge scale", CVY_ERR_LIMIT, "spatial axis 0 is beyond 2^31",
      RESIZE(.src = SRC, .scale = { 1e30f, 1 }) },
    { "resize, huge size", CVY_ERR_LIMIT, "spatial axis 0 is beyond 2^31",
      RESIZE(.src = SRC, .output_size = { P31, 1 }) },
    { "resize, tiny scale of a large size", CVY_ERR_LIMIT, "scale[0]",
      RESIZE(.src = SRC, .scale = { 1e-30f, 1 }, .output_size = { 100, 1 }) },
    { "resize, unknown mode", CVY_ERR_ARGUMENT, "mode is 3",
      RESIZE(.src = SRC, .scale = { 2, 2 }, .mode = (cvy_resize_mode)3) },
    { "resize, unknown coordinates", CVY_ERR_ARGUMENT, "coordinates is -1",
      RESIZE(.src = SRC, .scale = { 2, 2 }, .coordinates = (cvy_resize_coordinates)-1) },
    { "resize, unknown rounding", CVY_ERR_ARGUMENT, "rounding is 4",
      RESIZE(.src = SRC, .scale = { 2, 2 }, .rounding = (cvy_resize_rounding)4) },
    { "resize, coefficient NaN", CVY_ERR_ARGUMENT, "cubic_a is",
      RESIZE(.src = SRC, .scale = { 2, 2 }, .mode = CVY_BICUBIC, .cubic_a = NAN) },
    { "resize, region NaN", CVY_ERR_ARGUMENT, "roi_begin[1] is",
      RESIZE(.src = SRC, .scale = { 2, 2 }, .coordinates = CVY_TF_CROP_AND_RESIZE,
             .roi_begin = { 0, NAN }) },
    { "resize, region infinite", CVY_ERR_ARGUMENT, "roi_end[0] is inf",
      RESIZE(.src = SRC, .scale = { 2, 2 }, .coordinates = CVY_TF_CROP_AND_RESIZE,
             .roi_end = { INFINITY, 1 }) },
    { "resize, region too far", CVY_ERR_LIMIT, "roi_end[0]",
      RESIZE(.src = SRC, .scale = { 2, 2 }, .coordinates = CVY_TF_CROP_AND_RESIZE,
             .roi_end = { 1e30f, 1 }) },
    { "resize to another size", CVY_ERR_SHAPE, "dst.size[2] is 7",
      RESIZE(.src = SRC, .scale = { 2, 2 }, .dst = NCHW(2, 4, 7, 16)) },
    { "resize to integers", CVY_ERR_UNSUPPORTED, "dst.dtype",
      RESIZE(.src = SRC, .scale = { 2, 2 }, .dst = { .dtype = CVY_I32 }) },
    { "matmul, rank 0", CVY_ERR_SHAPE, "src.rank is 0", MATMUL(.src2 = NC(3, 4)) },
    { "matmul, rank 1", CVY_ERR_SHAPE, "src.rank is 1",
      MATMUL(.src = PLAIN(1, 3), .src2 = NC(3, 4)) },
    { "matmul, src2 of rank 1", CVY_ERR_SHAPE, "src2.rank is 1",
      MATMUL(.src = NC(2, 3), .src2 = PLAIN(1, 3)) },
    { "matmul of maps", CVY_ERR_SHAPE, "src has rank 4", MATMUL(.src = SRC, .src2 = NC(8, 4)) },
    { "matmul by a map", CVY_ERR_SHAPE, "src2 has rank 4", MATMUL(.src = NC(2, 6), .src2 = SRC) },
    { "matmul depths differ", CVY_ERR_SHAPE, "src.size[1] is 3 and src2.size[0] 4",
      MATMUL(.src = NC(2, 3), .src2 = NC(4, 5)) },
    { "matmul depths differ, transposed", CVY_ERR_SHAPE, "src.size[0] is 2 and src2.size[1] 5",
      MATMUL(.src = NC(2, 3), .src2 = NC(4, 5), .transpose = true, .transpose2 = true) },
    { "matmul batches differ", CVY_ERR_SHAPE, "src.size[0] is 2 and src2.size[1] 3",
      MATMUL(.src = PLAIN(3, 2, 4, 5), .src2 = PLAIN(4, 7, 3, 5, 6)) },
    { "matmul, other dtype", CVY_ERR_UNSUPPORTED, "src2.dtype",
      MATMUL(.src = NC(2, 3), .src2 = { CVY_F16, CVY_NCHW, 2, { 3, 4 }, { 0 } }) },
    { "matmul, alpha NaN", CVY_ERR_ARGUMENT, "alpha is",
      MATMUL(.src = NC(2, 3), .src2 = NC(3, 4), .alpha = NAN) },
    { "matmul, beta infinite", CVY_ERR_ARGUMENT, "beta is inf",
      MATMUL(.src = NC(2, 3), .src2 = NC(3, 4), .beta = INFINITY) },
    { "matmul prelu", CVY_ERR_UNSUPPORTED, "CVY_PRELU",
      MATMUL(.src = NC(2, 3), .src2 = NC(3, 4), .activation = { CVY_PRELU, 0, 0 }) },
    { "matmul, unknown activation", CVY_ERR_ARGUMENT, "activation.kind is 99",
      MATMUL(.src = NC(2, 3), .src2 = NC(3, 4),
             .activation = { (cvy_activation_kind)99, 0, 0 }) },
    { "matmul, bias that does not broadcast", CVY_ERR_SHAPE, "bias.size[0] is 3",
      MATMUL(.src = NC(2, 3), .src2 = NC(3, 4), .bias = PLAIN(1, 3)) },
    { "matmul, bias of more axes", CVY_ERR_SHAPE, "bias.rank is 3",
      MATMUL(.src = NC(2, 3), .src2 = NC(3, 4), .bias = PLAIN(3, 1, 2, 4)) },
    { "matmul, bias without size", CVY_ERR_SHAPE, "bias.size[0] is -1",
      MATMUL(.src = NC(2, 3), .src2 = NC(3, 4), .bias = PLAIN(1, -1)) },
    { "matmul to a map", CVY_ERR_UNSUPPORTED, "dst.layout is CVY_NHWC",
      MATMUL(.src = PLAIN(3, 2, 2, 3), .src2 = NC(3, 4), .dst = { .layout = CVY_NHWC }) },
    { "matmul to another size", CVY_ERR_SHAPE, "dst.size[1] is 5",
      MATMUL(.src = NC(2, 3), .src2 = NC(3, 4), .dst = NC(2, 5)) },
    { "matmul of too much", CVY_ERR_LIMIT, "",
      MATMUL(.src = NC(P31, 1), .src2 = NC(1, P31), .dst = NC(P31, P31)) },
};

static void expect_refusal(const struct refusal *r)
{
    struct ref_problem problem = r->problem;
    cvy_plan *plan = NULL;
    cvy_status st = create(&problem, &plan);

    cr_expect(st == r->status, "%s gives %s (%s), not %s", r->label, cvy_status_name(st),
              st ? cvy_error_text() : "", cvy_status_name(r->status));
    cr_expect(st == CVY_OK || strstr(cvy_error_text(), r->word), "%s: \"%s\" has no \"%s\"",
              r->label, cvy_error_text(), r->word);
    cr_expect(st == CVY_OK || !plan, "%s leaves a plan", r->label);
    cvy_plan_destroy(&plan);
}

Test(shapes_resize_matmul, what_is_not_legal_gives_its_status_and_names_the_parameter)
{
    for (size_t i = 0; i < COUNT_OF(refusals); i++)
        expect_refusal(&refusals[i]);
}

struct edge {
    const char *label;
    struct ref_problem problem;
    cvy_layout layout;
    int32_t rank;
    int64_t size[CVY_MAX_RANK];
    int64_t macs;
};

static const struct edge edges[] = {
    { "nearest moves only", RESIZE(.src = SRC, .scale = { 2, 2 }), CVY_NCHW, 4, { 2, 4, 12, 16 },
      0 },
    { "bilinear", RESIZE(.src = SRC, .scale = { 2, 2 }, .mode = CVY_BILINEAR), CVY_NCHW, 4,
      { 2, 4, 12, 16 }, 6144 },
    { "bicubic", RESIZE(.src = SRC, .output_size = { 3, 5 }, .mode = CVY_BICUBIC), CVY_NCHW, 4,
      { 2, 4, 3, 5 }, 1920 },
    { "a scale whose product float32 rounds up", RESIZE(.src = NCHW(1, 1, 10, 10),
                                                        .scale = { 0.7f, 0.6f }),
      CVY_NCHW, 4, { 1, 1, 7, 6 }, 0 },
    { "no batch", RESIZE(.src = NCHW(0, 4, 6, 8), .scale = { 2, 2 }), CVY_NCHW, 4,
      { 0, 4, 12, 16 }, 0 },
    { "an output of 2^20 pixels", RESIZE(.src = NCHW(1, 1, 1, 16384),
                                         .output_size = { 64, 16384 }),
      CVY_NCHW, 4, { 1, 1, 64, 16384 }, 0 },
    { "matmul", MATMUL(.src = NC(2, 3), .src2 = NC(3, 4)), CVY_NCHW, 2, { 2, 4 }, 24 },
    { "matmul of ranks 2 and 3", MATMUL(.src = NC(2, 3), .src2 = PLAIN(3, 5, 3, 4)), CVY_PLAIN, 3,
      { 5, 2, 4 }, 120 },
    { "matmul, src2 plain by default", MATMUL(.src = NC(2, 3),
                                              .src2 = { .rank = 3, .size = { 5, 3, 4 } }),
      CVY_PLAIN, 3, { 5, 2, 4 }, 120 },
    { "matmul of no rows", MATMUL(.src = NC(0, 3), .src2 = NC(3, 4)), CVY_NCHW, 2, { 0, 4 }, 0 },
    { "matmul of no terms", MATMUL(.src = NC(2, 0), .src2 = NC(0, 4)), CVY_NCHW, 2, { 2, 4 }, 0 },
};

Test(shapes_resize_matmul, legal_edges_have_the_right_output)
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
        cr_expect_arr_eq(info.dst.size, edges[i].size, sizeof edges[i].size, "%s: %lld %lld",
                         edges[i].label, (long long)info.dst.size[0],
                         (long long)info.dst.size[1]);
        cr_expect(info.dst.layout == edges[i].layout && info.dst.rank == edges[i].rank, "%s",
                  edges[i].label);
        cr_expect_eq(info.macs, edges[i].macs, "%s: %lld macs", edges[i].label,
                     (long long)info.macs);
        cvy_plan_destroy(&plan);
    }
}

// B1: an empty output is done at once, and needs no tensor.
Test(shapes_resize_matmul, what_is_empty_needs_no_tensor)
{
    static const struct ref_problem empty[] = {
        RESIZE(.src = NCHW(0, 4, 6, 8), .scale = { 2, 2 }, .mode = CVY_BILINEAR),
        MATMUL(.src = PLAIN(3, 0, 2, 3), .src2 = PLAIN(3, 0, 3, 4)),
    };

    for (size_t i = 0; i < COUNT_OF(empty); i++) {
        struct ref_problem problem = empty[i];
        cvy_args args = { .src_count = 0 };
        cvy_event *event = NULL;
        cvy_plan *plan = NULL;

        OK(create(&problem, &plan));
        OK(cvy_plan_enqueue(plan, queue, &args, NULL, &event));
        OK(cvy_event_wait(event, -1));
        cvy_event_destroy(&event);
        cvy_plan_destroy(&plan);
    }
}

// As in PyTorch: a product over nothing is 0, and the bias stays.
Test(shapes_resize_matmul, products_of_nothing_are_the_bias)
{
    struct ref_problem problem = MATMUL(.src = NC(2, 0), .src2 = NC(0, 3), .bias = PLAIN(1, 1),
                                        .beta = 2.0f, .activation = { CVY_RELU, 0, 0 });
    float filled[6] = { 9, 9, 9, 9, 9, 9 };
    cvy_buffer *dst = NULL, *bias = NULL;
    cvy_plan *plan = NULL;

    OK(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = sizeof filled }, &dst));
    OK(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = 4 }, &bias));
    OK(cvy_queue_write(queue, (cvy_tensor) { bias, 0 }, &(float) { 1.5f }, 4, NULL, NULL));
    OK(create(&problem, &plan));
    OK(cvy_plan_enqueue(plan, queue, &(cvy_args) { .dst = { dst, 0 }, .bias = { bias, 0 } }, NULL,
                        NULL));
    OK(cvy_queue_read(queue, (cvy_tensor) { dst, 0 }, filled, sizeof filled, NULL, NULL));
    for (int i = 0; i < 6; i++)
        cr_expect_eq(filled[i], 3.0f, "%g", (double)filled[i]);
    cvy_plan_destroy(&plan);
    cvy_buffer_destroy(&bias);
    cvy_buffer_destroy(&dst);
}

// The input pixel that is read follows from whole numbers, so it is right far beyond what float32
// counts: rows of 16,384, and ties at each of them.
Test(shapes_resize_matmul, nearest_reads_the_right_pixel_of_long_rows)
{
    static const struct { int64_t in, out; cvy_resize_rounding rounding; } sizes[] = {
        { 16384, 16383, CVY_ROUND_FLOOR }, { 16381, 16384, CVY_ROUND_FLOOR },
        { 5461, 16383, CVY_ROUND_FLOOR }, { 16384, 8192, CVY_ROUND_PREFER_FLOOR },
        { 16384, 8192, CVY_ROUND_PREFER_CEIL }, { 16383, 5461, CVY_ROUND_CEIL },
    };
    static float in[16384], out[16384];

    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct ref_problem problem = RESIZE(.src = { CVY_F32, CVY_NCHW, 3,
                                                     { 1, 1, sizes[i].in }, { 0 } },
                                            .output_size = { sizes[i].out },
                                            .rounding = sizes[i].rounding,
                                            .coordinates = i < 3 ? CVY_ASYMMETRIC
                                                                 : CVY_HALF_PIXEL);
        cvy_buffer *src = NULL, *dst = NULL;
        cvy_plan *plan = NULL;
        int64_t wrong = 0;

        for (int64_t k = 0; k < sizes[i].in; k++)
            in[k] = (float)k;
        OK(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = sizeof in }, &src));
        OK(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = sizeof out }, &dst));
        OK(cvy_queue_write(queue, (cvy_tensor) { src, 0 }, in, sizeof in, NULL, NULL));
        OK(create(&problem, &plan));
        OK(cvy_plan_enqueue(plan, queue, &(cvy_args) { .src = { src, 0 }, .dst = { dst, 0 } },
                            NULL, NULL));
        OK(cvy_queue_read(queue, (cvy_tensor) { dst, 0 }, out,
                          (size_t)sizes[i].out * sizeof *out, NULL, NULL));
        for (int64_t o = 0; o < sizes[i].out; o++) {
            // (2 o + 1) in / (2 out) - 1/2, rounded; or o in / out
            int64_t n = i < 3 ? o * sizes[i].in : (2 * o + 1) * sizes[i].in - sizes[i].out;
            int64_t d = i < 3 ? sizes[i].out : 2 * sizes[i].out, want = n / d, rest = n % d;

            want += i == 3 ? 2 * rest > d : i == 4 ? 2 * rest >= d : i == 5 ? rest > 0 : 0;
            wrong += out[o] != (float)want;
        }
        cr_expect_eq(wrong, 0, "%lld to %lld: %lld wrong", (long long)sizes[i].in,
                     (long long)sizes[i].out, (long long)wrong);
        cvy_plan_destroy(&plan);
        cvy_buffer_destroy(&src);
        cvy_buffer_destroy(&dst);
    }
}

// Text --------------------------------------------------------------------------------------------

// NULL: given is canonical already.
static const struct {
    const char *given, *canonical;
} texts[] = {
    { "resize nearest n1 c3 h4 w5 o8x10 f32 nchw", NULL },
    { "resize n1 c3 h4 w5 o8x10 +half_pixel +floor",
      "resize nearest n1 c3 h4 w5 o8x10 f32 nchw +half_pixel" },
    { "resize bilinear n1 c3 h4 w5 f32 nhwc +scale:2x1.5 +align_corners", NULL },
    { "resize bilinear n1 c3 h4 w5 o8x7 f32 nhwc +scale:2x1.5",
      "resize bilinear n1 c3 h4 w5 f32 nhwc +scale:2x1.5" },
    { "resize bilinear n1 c3 h4 w5 o8x6 f32 nhwc +scale:2x1.5", NULL },
    { "resize bilinear n1 c3 h4 w5 o8x7 f32 nhwc +scale:2x0", NULL },
    { "resize bilinear n1 c3 w5 o8 f32 nhwc +to:nchw +ceil",
      "resize bilinear n1 c3 w5 o8 f32 nhwc +to:nchw" },
    { "resize nearest n1 c3 d2 h4 w5 o3x8x7 f32 nchw +half_pixel +ceil", NULL },
    { "resize nearest n1 c3 h4 w5 o8x7 +asymmetric", "resize nearest n1 c3 h4 w5 o8x7 f32 nchw" },
    { "resize bilinear n1 c3 h4 w5 o8x7 f32 nchw +asymmetric", NULL },
    { "resize nearest n1 c3 w5 o3 f32 nchw +tf_half_pixel +prefer_floor", NULL },
    { "resize nearest n1 c3 w5 o3 f32 nchw +pytorch_half_pixel +prefer_ceil", NULL },
    { "resize nearest n1 c3 w5 o3 f32 nchw +half_pixel_symmetric +exclude_outside +cubic:-0.5",
      "resize nearest n1 c3 w5 o3 f32 nchw +half_pixel_symmetric" },
    { "resize bicubic n1 c3 w5 o3 f32 nchw +cubic:-0.5 +exclude_outside", NULL },
    { "resize bicubic n1 c3 w5 o3 f32 nchw +cubic:-0.75 +roi_end:1",
      "resize bicubic n1 c3 w5 o3 f32 nchw" },
    { "resize bilinear n1 c3 h4 w5 o3x3 f32 nchw +tf_crop_and_resize +roi_begin:-0.25x0 "
      "+roi_end:1x0.1 +extrapolation:-1.5", NULL },
    { "resize bilinear n1 c3 h4 w5 o3x3 f32 nchw +src_stride:1x30x6x1 +dst_stride:1x40x6x1",
      NULL },
    { "matmul n4 c5 [5,6] f32 nchw", NULL },
    { "matmul [4,5] [5,6]", "matmul [4,5] [5,6] f32 plain" },
    { "matmul [2,3,4,5] [5,6] [6] f32 plain +alpha:2 +beta:0.5 +relu",
      "matmul [2,3,4,5] [5,6] [6] f32 plain +relu +alpha:2 +beta:0.5" },
    { "matmul [5,4] [6,5] f32 plain +transpose +transpose2", NULL },
    { "matmul [5,4] [6,5] f32 plain +transpose +transpose2 +alpha:1 +beta:1",
      "matmul [5,4] [6,5] f32 plain +transpose +transpose2" },
    { "matmul n4 c5 [2,5,6]:plain f32 nchw", NULL },
    { "matmul n4 c5 [2,5,6]", "matmul n4 c5 [2,5,6]:plain f32 nchw" },
    { "matmul [4,5] [5,6]:7x1 [4,6]:1x9 f32 plain +src_stride:9x1 +dst_stride:1x4", NULL },
    { "matmul [2,4,5] [5,6]:nhwc f32 plain +gelu", NULL },
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

Test(shapes_resize_matmul, text_becomes_canonical_and_stays_so)
{
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const char *canonical = texts[i].canonical ? texts[i].canonical : texts[i].given;

        expect_text(texts[i].given, canonical);
        if (texts[i].canonical)
            expect_text(canonical, canonical);
    }
}

Test(shapes_resize_matmul, words_that_are_wrong_are_quoted)
{
    static const struct { const char *text, *word, *reason; } wrong[] = {
        { "resize n1 c3 h4 w5 o8", "o has 1", "2 spatial axes" },
        { "resize n1 c3 h4 w5 +scale:2", "+scale has 1", "2 axes" },
        { "resize n1 c3 h4 w5 +scale:2x", "\"+scale:2x\"", "joined by x" },
        { "resize n1 c3 h4 w5 +scale", "\"+scale\"", "joined by x" },
        { "resize n1 c3 h4 w5 +scale:2x2 +asymmetric +align_corners", "\"+align_corners\"",
          "second time" },
        { "resize n1 c3 h4 w5 +scale:2x2 +ceil:1", "\"+ceil:1\"", "+ceil alone" },
        { "resize n1 c3 h4 w5 +relu", "\"+relu\"", "+half_pixel (or the like)" },
        { "matmul n4 c5", "two sources", "there are 1" },
        { "matmul [4,5] [5,6] [6] [7]", "two sources", "there are 4" },
        { "matmul [4,5] [5,6] +bias", "\"+bias\"", "+transpose2" },
    };

    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        cvy_plan *plan = NULL;

        GIVES(CVY_ERR_ARGUMENT, wrong[i].word,
              cvy_plan_from_spec(context, wrong[i].text, NULL, &plan));
        cr_expect(strstr(cvy_error_text(), wrong[i].reason), "%s: \"%s\" has no \"%s\"",
                  wrong[i].text, cvy_error_text(), wrong[i].reason);
    }
}
