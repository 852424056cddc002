// Shapes of batch_norm, instance_norm, lrn, log_softmax and reduce: what is not legal gives its
// status and names the parameter; the legal edges give the right output.
#include "plan_fixture.h"

#include <math.h>

TestSuite(shapes_norm, .init = open_all, .fini = close_all, .timeout = 120);

#define P31 (INT64_C(1) << 31)
#define P32 (INT64_C(1) << 32)

#define BATCH(...) { .op = REF_BATCH_NORM, .batch_norm = { __VA_ARGS__ } }
#define INSTANCE(...) { .op = REF_INSTANCE_NORM, .instance_norm = { __VA_ARGS__ } }
#define LRN(...) { .op = REF_LRN, .lrn = { __VA_ARGS__ } }
#define LOG_SOFTMAX(...) { .op = REF_SOFTMAX, .softmax = { .log = true, __VA_ARGS__ } }
#define REDUCE(...) { .op = REF_REDUCE, .reduce = { __VA_ARGS__ } }

#define NCHW(n, c, h, w) { CVY_F32, CVY_NCHW, 4, { n, c, h, w }, { 0 } }
#define PLAIN(rank, ...) { CVY_F32, CVY_PLAIN, rank, { __VA_ARGS__ }, { 0 } }
#define SRC NCHW(2, 4, 6, 8)
#define RELU { CVY_RELU, 0, 0 }

struct refusal {
    const char *label;
    cvy_status status;
    const char *word;           // that the text must have
    struct ref_problem problem;
};

static const struct refusal refusals[] = {
    { "batch_norm, rank 0", CVY_ERR_SHAPE, "src.rank is 0", BATCH(.eps = 1.0f) },
    { "batch_norm, rank 1", CVY_ERR_SHAPE, "src has rank 1",
      BATCH(.src = { CVY_F32, CVY_NCHW, 1, { 4 }, { 0 } }) },
    { "batch_norm, rank 6", CVY_ERR_SHAPE, "src has rank 6",
      BATCH(.src = { CVY_F32, CVY_NCHW, 6, { 2, 2, 2, 2, 2, 2 }, { 0 } }) },
    { "batch_norm of a plain tensor", CVY_ERR_SHAPE, "PLAIN", BATCH(.src = PLAIN(4, 2, 4, 6, 8)) },
    { "batch_norm, negative eps", CVY_ERR_ARGUMENT, "eps is -1",
      BATCH(.src = SRC, .eps = -1.0f) },
    { "batch_norm, eps NaN", CVY_ERR_ARGUMENT, "eps is", BATCH(.src = SRC, .eps = NAN) },
    { "batch_norm, eps infinite", CVY_ERR_ARGUMENT, "eps is inf",
      BATCH(.src = SRC, .eps = INFINITY) },
    { "batch_norm, unknown activation", CVY_ERR_ARGUMENT, "activation.kind is 99",
      BATCH(.src = SRC, .activation = { (cvy_activation_kind)99, 0, 0 }) },
    { "batch_norm to another size", CVY_ERR_SHAPE, "dst.size[2] is 7",
      BATCH(.src = SRC, .dst = NCHW(2, 4, 7, 8)) },
    { "batch_norm to integers", CVY_ERR_UNSUPPORTED, "dst.dtype",
      BATCH(.src = SRC, .dst = { .dtype = CVY_I32 }) },
    { "instance_norm, rank 2", CVY_ERR_SHAPE, "src has rank 2",
      INSTANCE(.src = { CVY_F32, CVY_NCHW, 2, { 2, 4 }, { 0 } }) },
    { "instance_norm of empty planes", CVY_ERR_SHAPE, "src.size[3] is 0",
      INSTANCE(.src = NCHW(2, 4, 6, 0)) },
    { "instance_norm, negative eps", CVY_ERR_ARGUMENT, "eps is -1",
      INSTANCE(.src = SRC, .eps = -1.0f) },
    { "instance_norm, clip upside down", CVY_ERR_ARGUMENT, "activation clips",
      INSTANCE(.src = SRC, .activation = { CVY_CLIP, 1.0f, 0.0f }) },
    { "instance_norm to another rank", CVY_ERR_SHAPE, "dst.rank is 3",
      INSTANCE(.src = SRC, .dst = PLAIN(3, 2, 4, 48)) },
    { "lrn without size", CVY_ERR_SHAPE, "size is 0", LRN(.src = SRC) },
    { "lrn, negative size", CVY_ERR_SHAPE, "size is -5", LRN(.src = SRC, .size = -5) },
    { "lrn, rank 2", CVY_ERR_SHAPE, "src has rank 2",
      LRN(.src = { CVY_F32, CVY_NCHW, 2, { 2, 4 }, { 0 } }, .size = 5) },
    { "lrn of a plain tensor", CVY_ERR_SHAPE, "PLAIN",
      LRN(.src = PLAIN(4, 2, 4, 6, 8), .size = 5) },
    { "lrn, alpha NaN", CVY_ERR_ARGUMENT, "alpha is",
      LRN(.src = SRC, .size = 5, .alpha = NAN) },
    { "lrn, beta infinite", CVY_ERR_ARGUMENT, "beta is inf",
      LRN(.src = SRC, .size = 5, .beta = INFINITY) },
    { "lrn, k infinite", CVY_ERR_ARGUMENT, "k is -inf",
      LRN(.src = SRC, .size = 5, .k = -INFINITY) },
    { "log_softmax axis", CVY_ERR_SHAPE, "axis is 4", LOG_SOFTMAX(.src = SRC, .axis = 4) },
    { "reduce without kind", CVY_ERR_ARGUMENT, "kind is 0", REDUCE(.src = SRC) },
    { "reduce, unknown kind", CVY_ERR_ARGUMENT, "kind is 7",
      REDUCE(.src = SRC, .kind = CVY_REDUCE_END) },
    { "reduce an axis that is not there", CVY_ERR_SHAPE, "axes[4] is set",
      REDUCE(.kind = CVY_REDUCE_SUM, .src = SRC, .axes = { true, false, false, false, true }) },
    { "argmax of two axes", CVY_ERR_ARGUMENT, "axes has 2 axes",
      REDUCE(.kind = CVY_REDUCE_ARGMAX, .src = SRC, .axes = { true, true }) },
    { "argmin of all axes", CVY_ERR_ARGUMENT, "axes has 4 axes",
      REDUCE(.kind = CVY_REDUCE_ARGMIN, .src = SRC) },
    { "max of nothing", CVY_ERR_SHAPE, "src.size[1] is 0",
      REDUCE(.kind = CVY_REDUCE_MAX, .src = NCHW(2, 0, 6, 8), .axes = { false, true }) },
    { "argmin of nothing", CVY_ERR_SHAPE, "src.size[0] is 0",
      REDUCE(.kind = CVY_REDUCE_ARGMIN, .src = NCHW(0, 4, 6, 8), .axes = { true }) },
    { "sum to integers", CVY_ERR_UNSUPPORTED, "dst.dtype",
      REDUCE(.kind = CVY_REDUCE_SUM, .src = SRC, .dst = { .dtype = CVY_I64 }) },
    { "argmax to floats", CVY_ERR_UNSUPPORTED, "CVY_I64 or CVY_I32",
      REDUCE(.kind = CVY_REDUCE_ARGMAX, .src = SRC, .axes = { true },
             .dst = { .dtype = CVY_F32 }) },
    { "argmax to no dtype", CVY_ERR_ARGUMENT, "dst.dtype is 77",
      REDUCE(.kind = CVY_REDUCE_ARGMAX, .src = SRC, .axes = { true },
             .dst = { .dtype = (cvy_dtype)77 }) },
    { "argmax beyond 32 bits", CVY_ERR_LIMIT, "src.size[1] is 4294967296",
      REDUCE(.kind = CVY_REDUCE_ARGMAX, .src = NCHW(1, P32, 1, 1), .axes = { false, true },
             .dst = { .dtype = CVY_I32 }) },
    { "sum to a map", CVY_ERR_UNSUPPORTED, "dst.layout is CVY_NHWC",
      REDUCE(.kind = CVY_REDUCE_SUM, .src = SRC, .axes = { true },
             .dst = { .layout = CVY_NHWC }) },
    { "sum to another size", CVY_ERR_SHAPE, "dst.size[1] is 5",
      REDUCE(.kind = CVY_REDUCE_SUM, .src = SRC, .axes = { false, true }, .keep_dims = true,
             .dst = NCHW(2, 5, 6, 8)) },
    { "sum of 2^63 elements", CVY_ERR_LIMIT, "src",
      REDUCE(.kind = CVY_REDUCE_SUM, .src = NCHW(P31, P31, 2, 2)) },
    { "sum of more than a buffer", CVY_ERR_LIMIT, "bytes",
      REDUCE(.kind = CVY_REDUCE_SUM, .src = NCHW(P31, 1 << 16, 1, 1)) },
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

Test(shapes_norm, what_is_not_legal_gives_its_status_and_names_the_parameter)
{
    for (size_t i = 0; i < COUNT_OF(refusals); i++)
        expect_refusal(&refusals[i]);
}

// B4, and dtypes that nobody computes in.
Test(shapes_norm, sources_that_are_no_tensors_are_named)
{
    static const struct ref_problem legal[] = {
        BATCH(.src = SRC), INSTANCE(.src = SRC), LRN(.src = SRC, .size = 3),
        REDUCE(.src = SRC, .kind = CVY_REDUCE_SUM),
    };

    for (size_t i = 0; i < COUNT_OF(legal); i++) {
        struct refusal r = { ref_op_name(legal[i].op), CVY_ERR_SHAPE, "src.size[2] is -1",
                             legal[i] };
        cvy_desc *src = (cvy_desc *)(uintptr_t)ref_src(&r.problem);

        src->size[2] = -1;
        expect_refusal(&r);
        src->size[2] = 6;
        src->dtype = CVY_I8;
        r.status = CVY_ERR_UNSUPPORTED;
        r.word = "src.dtype";
        expect_refusal(&r);
        src->dtype = (cvy_dtype)77;
        r.status = CVY_ERR_ARGUMENT;
        expect_refusal(&r);
    }
}

struct edge {
    const char *label;
    struct ref_problem problem;
    cvy_dtype dtype;
    cvy_layout layout;
    int32_t rank;
    int64_t size[CVY_MAX_RANK];
    int64_t macs, parameters;
};

static const struct edge edges[] = {
    { "batch_norm", BATCH(.src = SRC, .scale = true, .bias = true, .activation = RELU), CVY_F32,
      CVY_NCHW, 4, { 2, 4, 6, 8 }, 384, 16 },
    { "batch_norm prelu", BATCH(.src = SRC, .activation = { CVY_PRELU, 0, 0 }), CVY_F32,
      CVY_NCHW, 4, { 2, 4, 6, 8 }, 384, 12 },
    { "batch_norm, no spatial axis",
      BATCH(.src = { CVY_F32, CVY_NHWC, 2, { 2, 4 }, { 0 } }), CVY_F32, CVY_NHWC, 2, { 2, 4 }, 8,
      8 },
    { "batch_norm of nothing", BATCH(.src = NCHW(2, 0, 6, 8)), CVY_F32, CVY_NCHW, 4,
      { 2, 0, 6, 8 }, 0, 0 },
    { "instance_norm", INSTANCE(.src = SRC, .bias = true), CVY_F32, CVY_NCHW, 4, { 2, 4, 6, 8 },
      1152, 4 },
    { "lrn with a huge window", LRN(.src = SRC, .size = INT64_MAX), CVY_F32, CVY_NCHW, 4,
      { 2, 4, 6, 8 }, 1536, 0 },
    { "lrn of nothing", LRN(.src = NCHW(2, 4, 0, 8), .size = 5), CVY_F32, CVY_NCHW, 4,
      { 2, 4, 0, 8 }, 0, 0 },
    { "sum of all", REDUCE(.kind = CVY_REDUCE_SUM, .src = SRC), CVY_F32, CVY_PLAIN, 1, { 1 },
      384, 0 },
    { "sum of all by name", REDUCE(.kind = CVY_REDUCE_SUM, .src = SRC,
                                   .axes = { true, true, true, true }),
      CVY_F32, CVY_PLAIN, 1, { 1 }, 384, 0 },
    { "sum that keeps the axes", REDUCE(.kind = CVY_REDUCE_SUM, .src = SRC, .keep_dims = true),
      CVY_F32, CVY_NCHW, 4, { 1, 1, 1, 1 }, 384, 0 },
    { "mean of planes", REDUCE(.kind = CVY_REDUCE_MEAN, .src = SRC,
                               .axes = { false, false, true, true }),
      CVY_F32, CVY_PLAIN, 2, { 2, 4 }, 384, 0 },
    { "argmax", REDUCE(.kind = CVY_REDUCE_ARGMAX, .src = SRC, .axes = { false, true }), CVY_I64,
      CVY_PLAIN, 3, { 2, 6, 8 }, 384, 0 },
    { "argmin of a vector", REDUCE(.kind = CVY_REDUCE_ARGMIN, .src = PLAIN(1, 9),
                                   .dst = { .dtype = CVY_I32 }),
      CVY_I32, CVY_PLAIN, 1, { 1 }, 9, 0 },
    { "max, no batch", REDUCE(.kind = CVY_REDUCE_MAX, .src = NCHW(0, 4, 6, 8),
                              .axes = { false, true }),
      CVY_F32, CVY_PLAIN, 3, { 0, 6, 8 }, 0, 0 },
};

Test(shapes_norm, legal_edges_have_the_right_output)
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
        cr_expect(info.dst.dtype == edges[i].dtype && info.dst.layout == edges[i].layout
                  && info.dst.rank == edges[i].rank, "%s", edges[i].label);
        cr_expect(info.macs == edges[i].macs && info.parameters == edges[i].parameters,
                  "%s: %lld macs, %lld parameters", edges[i].label, (long long)info.macs,
                  (long long)info.parameters);
        cvy_plan_destroy(&plan);
    }
}

// B1: an empty output is done at once, and an empty source may be left out.
Test(shapes_norm, what_is_empty_needs_no_tensor)
{
    static const struct ref_problem empty[] = {
        INSTANCE(.src = NCHW(0, 4, 6, 8)), LRN(.src = NCHW(0, 4, 6, 8), .size = 5),
        LOG_SOFTMAX(.src = NCHW(0, 4, 6, 8), .axis = 1), BATCH(.src = NCHW(2, 0, 6, 8)),
        REDUCE(.kind = CVY_REDUCE_MAX, .src = NCHW(0, 4, 6, 8), .axes = { false, true }),
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

// As in PyTorch: no terms add up to 0, and their mean is 0 / 0.
Test(shapes_norm, sums_of_nothing_are_zero_and_their_means_nan)
{
    for (int mean = 0; mean < 2; mean++) {
        struct ref_problem problem = REDUCE(.kind = mean ? CVY_REDUCE_MEAN : CVY_REDUCE_SUM,
                                            .src = PLAIN(2, 0, 3), .axes = { true });
        float filled[3] = { 9, 9, 9 };
        cvy_buffer *dst = NULL;
        cvy_plan *plan = NULL;

        OK(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = sizeof filled }, &dst));
        OK(create(&problem, &plan));
        OK(cvy_plan_enqueue(plan, queue, &(cvy_args) { .dst = { dst, 0 } }, NULL, NULL));
        OK(cvy_queue_read(queue, (cvy_tensor) { dst, 0 }, filled, sizeof filled, NULL, NULL));
        for (int i = 0; i < 3; i++)
            cr_expect(mean ? isnan(filled[i]) : filled[i] == 0.0f, "%g", (double)filled[i]);
        cvy_plan_destroy(&plan);
        cvy_buffer_destroy(&dst);
    }
}
