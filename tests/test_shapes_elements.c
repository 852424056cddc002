// Shapes of unary, binary, where and cast: what is not legal gives its status and names the
// parameter; the legal edges give the right output; and which slots may be dst.
#include "plan_fixture.h"

#include <math.h>

TestSuite(shapes_elements, .init = open_all, .fini = close_all, .timeout = 120);

#define P31 (INT64_C(1) << 31)
#define P32 (INT64_C(1) << 32)

#define UNARY(...) { .op = REF_UNARY, .unary = { __VA_ARGS__ } }
#define BINARY(...) { .op = REF_BINARY, .binary = { __VA_ARGS__ } }
#define WHERE(...) { .op = REF_WHERE, .where = { __VA_ARGS__ } }
#define CAST(...) { .op = REF_CAST, .cast = { __VA_ARGS__ } }

#define NCHW(n, c, h, w) { CVY_F32, CVY_NCHW, 4, { n, c, h, w }, { 0 } }
#define PLAIN(rank, ...) { CVY_F32, CVY_PLAIN, rank, { __VA_ARGS__ }, { 0 } }
#define FLAGS(n, c, h, w) { CVY_BOOL, CVY_NCHW, 4, { n, c, h, w }, { 0 } }
#define SRC NCHW(2, 4, 6, 8)
#define IS FLAGS(2, 4, 6, 8)

struct refusal {
    const char *label;
    cvy_status status;
    const char *word;           // that the text must have
    struct ref_problem problem;
};

static const struct refusal refusals[] = {
    { "unary without kind", CVY_ERR_ARGUMENT, "kind is 0", UNARY(.src = SRC) },
    { "unary, unknown kind", CVY_ERR_ARGUMENT, "kind is 13",
      UNARY(.src = SRC, .kind = CVY_UNARY_END) },
    { "unary, rank 0", CVY_ERR_SHAPE, "src.rank is 0", UNARY(.kind = CVY_EXP) },
    { "unary, rank 7", CVY_ERR_SHAPE, "src.rank is 7",
      UNARY(.kind = CVY_EXP, .src = { CVY_F32, CVY_PLAIN, 7, { 1 }, { 0 } }) },
    { "unary of integers", CVY_ERR_UNSUPPORTED, "src.dtype is CVY_I32",
      UNARY(.kind = CVY_ABS, .src = { CVY_I32, CVY_PLAIN, 1, { 5 }, { 0 } }) },
    { "exp with alpha", CVY_ERR_ARGUMENT, "alpha is 2",
      UNARY(.kind = CVY_EXP, .src = SRC, .alpha = 2.0f) },
    { "thresholded_relu, alpha NaN", CVY_ERR_ARGUMENT, "alpha is NaN",
      UNARY(.kind = CVY_THRESHOLDED_RELU, .src = SRC, .alpha = NAN) },
    { "unary to another size", CVY_ERR_SHAPE, "dst.size[2] is 7",
      UNARY(.kind = CVY_EXP, .src = SRC, .dst = NCHW(2, 4, 7, 8)) },
    { "unary to integers", CVY_ERR_UNSUPPORTED, "dst.dtype",
      UNARY(.kind = CVY_EXP, .src = SRC, .dst = { .dtype = CVY_I32 }) },
    { "binary without kind", CVY_ERR_ARGUMENT, "kind is 0", BINARY(.src = SRC, .src2 = SRC) },
    { "binary, unknown kind", CVY_ERR_ARGUMENT, "kind is 14",
      BINARY(.kind = CVY_BINARY_END, .src = SRC, .src2 = SRC) },
    { "add without src2", CVY_ERR_SHAPE, "src2.rank is 0", BINARY(.kind = CVY_ADD, .src = SRC) },
    { "add sizes that do not fit", CVY_ERR_SHAPE, "src2.size[1] is 3",
      BINARY(.kind = CVY_ADD, .src = SRC, .src2 = NCHW(2, 3, 6, 8)) },
    { "add sizes that do not fit from the last", CVY_ERR_SHAPE, "src2.size[0] is 6",
      BINARY(.kind = CVY_ADD, .src = SRC, .src2 = { CVY_F32, CVY_NCHW, 1, { 6 }, { 0 } }) },
    { "add nothing to two", CVY_ERR_SHAPE, "src2.size[0] is 0",
      BINARY(.kind = CVY_ADD, .src = SRC, .src2 = NCHW(0, 4, 6, 8)) },
    { "add a plain tensor to a map", CVY_ERR_ARGUMENT, "src2.layout is CVY_PLAIN",
      BINARY(.kind = CVY_ADD, .src = SRC, .src2 = PLAIN(4, 2, 4, 6, 8)) },
    { "add integers", CVY_ERR_UNSUPPORTED, "src2.dtype is CVY_I64",
      BINARY(.kind = CVY_ADD, .src = SRC, .src2 = { .dtype = CVY_I64, .rank = 1, .size = { 1 } }) },
    { "add, prelu", CVY_ERR_ARGUMENT, "CVY_PRELU",
      BINARY(.kind = CVY_ADD, .src = SRC, .src2 = SRC, .activation = { CVY_PRELU, 0, 0 }) },
    { "add, unknown activation", CVY_ERR_ARGUMENT, "activation.kind is 99",
      BINARY(.kind = CVY_ADD, .src = SRC, .src2 = SRC,
             .activation = { (cvy_activation_kind)99, 0, 0 }) },
    { "less, relu", CVY_ERR_ARGUMENT, "comparisons have none",
      BINARY(.kind = CVY_LESS, .src = SRC, .src2 = SRC, .activation = { CVY_RELU, 0, 0 }) },
    { "less to floats", CVY_ERR_UNSUPPORTED, "dst.dtype is CVY_F32",
      BINARY(.kind = CVY_LESS, .src = SRC, .src2 = SRC, .dst = { .dtype = CVY_F32 }) },
    { "add to flags", CVY_ERR_UNSUPPORTED, "dst.dtype is CVY_BOOL",
      BINARY(.kind = CVY_ADD, .src = SRC, .src2 = SRC, .dst = { .dtype = CVY_BOOL }) },
    { "add to the smaller size", CVY_ERR_SHAPE, "dst.size[1] is 1",
      BINARY(.kind = CVY_ADD, .src = SRC, .src2 = NCHW(2, 1, 6, 8), .dst = NCHW(2, 1, 6, 8)) },
    { "add to another rank", CVY_ERR_SHAPE, "dst.rank is 2",
      BINARY(.kind = CVY_ADD, .src = PLAIN(2, 3, 4), .src2 = PLAIN(3, 2, 1, 4),
             .dst = PLAIN(2, 3, 4)) },
    { "add outer beyond 2^63", CVY_ERR_LIMIT, "2^63 elements",
      BINARY(.kind = CVY_ADD, .src = PLAIN(2, P32, 1), .src2 = PLAIN(2, 1, P32)) },
    { "add outer beyond a buffer", CVY_ERR_LIMIT, "dst takes",
      BINARY(.kind = CVY_ADD, .src = PLAIN(2, 1 << 24, 1), .src2 = PLAIN(2, 1, 1 << 24)) },
    { "where without condition", CVY_ERR_SHAPE, "condition.rank is 0",
      WHERE(.src = SRC, .src2 = SRC) },
    { "where by floats", CVY_ERR_UNSUPPORTED, "condition.dtype is CVY_F32",
      WHERE(.condition = SRC, .src = SRC, .src2 = SRC) },
    { "where by no dtype", CVY_ERR_ARGUMENT, "condition.dtype is 77",
      WHERE(.condition = { .dtype = (cvy_dtype)77, .rank = 1, .size = { 1 } }, .src = SRC,
            .src2 = SRC) },
    { "where without src2", CVY_ERR_SHAPE, "src2.rank is 0", WHERE(.condition = IS, .src = SRC) },
    { "where sizes that do not fit", CVY_ERR_SHAPE, "src2.size[3] is 7",
      WHERE(.condition = IS, .src = NCHW(1, 1, 1, 1), .src2 = NCHW(2, 4, 6, 7)) },
    { "where condition does not fit", CVY_ERR_SHAPE, "src.size[2] is 6",
      WHERE(.condition = FLAGS(2, 4, 5, 8), .src = SRC, .src2 = SRC) },
    { "where plain condition", CVY_ERR_ARGUMENT, "condition.layout is CVY_PLAIN",
      WHERE(.condition = { CVY_BOOL, CVY_PLAIN, 1, { 8 }, { 0 } }, .src = SRC, .src2 = SRC) },
    { "where to integers", CVY_ERR_UNSUPPORTED, "dst.dtype",
      WHERE(.condition = IS, .src = SRC, .src2 = SRC, .dst = { .dtype = CVY_I32 }) },
    { "cast without dtype", CVY_ERR_ARGUMENT, "dtype is 0", CAST(.src = SRC) },
    { "cast to no dtype", CVY_ERR_ARGUMENT, "dtype is 10",
      CAST(.src = SRC, .dtype = (cvy_dtype)(CVY_BOOL + 1)) },
    { "cast from no dtype", CVY_ERR_ARGUMENT, "src.dtype is -1",
      CAST(.src = { (cvy_dtype)-1, CVY_NCHW, 1, { 4 }, { 0 } }, .dtype = CVY_F16) },
    { "cast to two dtypes", CVY_ERR_ARGUMENT, "dst.dtype is CVY_BF16 and dtype CVY_F16",
      CAST(.src = SRC, .dtype = CVY_F16, .dst = { .dtype = CVY_BF16 }) },
    { "cast to another size", CVY_ERR_SHAPE, "dst.size[0] is 3",
      CAST(.src = SRC, .dtype = CVY_F16, .dst = { CVY_F16, CVY_NCHW, 4, { 3, 4, 6, 8 }, { 0 } }) },
    { "cast to more than 2^63 bytes", CVY_ERR_LIMIT, "dst",
      CAST(.src = { CVY_I8, CVY_PLAIN, 2, { P31, P31 }, { 0 } }, .dtype = CVY_F64) },
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

Test(shapes_elements, what_is_not_legal_gives_its_status_and_names_the_parameter)
{
    for (size_t i = 0; i < COUNT_OF(refusals); i++)
        expect_refusal(&refusals[i]);
}

struct edge {
    const char *label;
    struct ref_problem problem;
    cvy_dtype dtype;
    cvy_layout layout;
    int32_t rank;
    int64_t size[CVY_MAX_RANK];
    int64_t macs, bytes;
};

static const struct edge edges[] = {
    { "exp", UNARY(.kind = CVY_EXP, .src = SRC), CVY_F32, CVY_NCHW, 4, { 2, 4, 6, 8 }, 384,
      3072 },
    { "exp of nothing", UNARY(.kind = CVY_EXP, .src = NCHW(2, 0, 6, 8)), CVY_F32, CVY_NCHW, 4,
      { 2, 0, 6, 8 }, 0, 0 },
    { "add channels", BINARY(.kind = CVY_ADD, .src = SRC, .src2 = NCHW(1, 4, 1, 1)), CVY_F32,
      CVY_NCHW, 4, { 2, 4, 6, 8 }, 384, 3088 },
    { "add to a vector", BINARY(.kind = CVY_ADD, .src = { CVY_F32, CVY_NHWC, 1, { 8 }, { 0 } },
                                .src2 = SRC),
      CVY_F32, CVY_NHWC, 4, { 2, 4, 6, 8 }, 384, 3104 },
    { "add nothing to one", BINARY(.kind = CVY_ADD, .src = NCHW(1, 4, 6, 8),
                                   .src2 = NCHW(0, 4, 6, 8)),
      CVY_F32, CVY_NCHW, 4, { 0, 4, 6, 8 }, 0, 768 },
    { "less outer", BINARY(.kind = CVY_LESS, .src = PLAIN(2, 3, 1), .src2 = PLAIN(3, 2, 1, 4)),
      CVY_BOOL, CVY_PLAIN, 3, { 2, 3, 4 }, 24, 68 },
    { "where", WHERE(.condition = FLAGS(1, 4, 1, 1), .src = SRC, .src2 = NCHW(1, 1, 1, 1)),
      CVY_F32, CVY_NCHW, 4, { 2, 4, 6, 8 }, 0, 3080 },
    { "where, condition as the source", WHERE(.condition = { .rank = 1, .size = { 4 } },
                                              .src = PLAIN(2, 3, 1), .src2 = PLAIN(1, 4)),
      CVY_F32, CVY_PLAIN, 2, { 3, 4 }, 0, 80 },
    { "cast", CAST(.src = SRC, .dtype = CVY_F16), CVY_F16, CVY_NCHW, 4, { 2, 4, 6, 8 }, 0, 2304 },
    { "cast to the same", CAST(.src = { CVY_I64, CVY_PLAIN, 1, { 5 }, { 0 } }, .dtype = CVY_I64),
      CVY_I64, CVY_PLAIN, 1, { 5 }, 0, 80 },
};

Test(shapes_elements, legal_edges_have_the_right_output)
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
        cr_expect(info.macs == edges[i].macs && info.parameters == 0
                  && info.bytes == edges[i].bytes, "%s: %lld macs, %lld bytes", edges[i].label,
                  (long long)info.macs, (long long)info.bytes);
        cvy_plan_destroy(&plan);
    }
}

// B1: an empty output is done at once, and what is empty may be left out.
Test(shapes_elements, what_is_empty_needs_no_tensor)
{
    static const struct ref_problem empty[] = {
        UNARY(.kind = CVY_EXP, .src = NCHW(0, 4, 6, 8)),
        BINARY(.kind = CVY_ADD, .src = NCHW(0, 4, 6, 8), .src2 = NCHW(0, 1, 6, 8),
               .activation = { CVY_TANH, 0, 0 }),
        BINARY(.kind = CVY_LESS, .src = NCHW(2, 0, 6, 8), .src2 = NCHW(2, 0, 1, 8)),
        CAST(.src = { CVY_I8, CVY_PLAIN, 2, { 4, 0 }, { 0 } }, .dtype = CVY_F64),
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

// C3: which source may be exactly dst.
Test(shapes_elements, only_arithmetic_on_a_whole_source_works_in_place)
{
    static const struct {
        const char *label;
        struct ref_problem problem;
        cvy_status first, second;   // src, src2 is dst
    } rows[] = {
        { "add", BINARY(.kind = CVY_ADD, .src = SRC, .src2 = SRC), CVY_OK, CVY_OK },
        { "add channels", BINARY(.kind = CVY_ADD, .src = SRC, .src2 = NCHW(1, 4, 1, 1)), CVY_OK,
          CVY_ERR_ALIAS },
        { "add to channels", BINARY(.kind = CVY_ADD, .src = NCHW(1, 4, 1, 1), .src2 = SRC),
          CVY_ERR_ALIAS, CVY_OK },
        { "add to another layout", BINARY(.kind = CVY_ADD, .src = SRC, .src2 = SRC,
                                          .dst = { .layout = CVY_NHWC }),
          CVY_ERR_ALIAS, CVY_ERR_ALIAS },
        { "less", BINARY(.kind = CVY_LESS, .src = SRC, .src2 = SRC), CVY_ERR_ALIAS,
          CVY_ERR_ALIAS },
    };

    for (size_t i = 0; i < 2 * COUNT_OF(rows); i++) {
        struct ref_problem problem = rows[i / 2].problem;
        cvy_status want = i % 2 ? rows[i / 2].second : rows[i / 2].first, st;
        cvy_buffer *same = NULL, *other = NULL;
        cvy_args args = { .src_count = 0 };
        cvy_plan *plan = NULL;

        OK(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = 1536 }, &same));
        OK(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = 1536 }, &other));
        args.src.buffer = i % 2 ? other : same;
        args.src2.buffer = i % 2 ? same : other;
        args.dst.buffer = same;
        OK(create(&problem, &plan));
        st = cvy_plan_enqueue(plan, queue, &args, NULL, NULL);
        cr_expect(st == want, "%s, src%s is dst: %s", rows[i / 2].label, i % 2 ? "2" : "",
                  cvy_status_name(st));
        OK(cvy_queue_finish(queue));
        cvy_plan_destroy(&plan);
        cvy_buffer_destroy(&same);
        cvy_buffer_destroy(&other);
    }
}
