// Shapes of pad, slice, transpose, depth_to_space, space_to_depth and gather: what is not legal
// gives its status and names the parameter; the legal edges give the right output.
#include "plan_fixture.h"

TestSuite(shapes_moves, .init = open_all, .fini = close_all, .timeout = 120);

#define P31 (INT64_C(1) << 31)
#define P32 (INT64_C(1) << 32)
#define P62 (INT64_C(1) << 62)

#define PAD(...) { .op = REF_PAD, .pad = { __VA_ARGS__ } }
#define SLICE(...) { .op = REF_SLICE, .slice = { __VA_ARGS__ } }
#define TRANSPOSE(...) { .op = REF_TRANSPOSE, .transpose = { __VA_ARGS__ } }
#define TO_SPACE(...) { .op = REF_DEPTH_TO_SPACE, .block = { __VA_ARGS__ } }
#define TO_DEPTH(...) { .op = REF_SPACE_TO_DEPTH, .block = { __VA_ARGS__ } }
#define GATHER(...) { .op = REF_GATHER, .gather = { __VA_ARGS__ } }

#define NCHW(n, c, h, w) { CVY_F32, CVY_NCHW, 4, { n, c, h, w }, { 0 } }
#define PLAIN(rank, ...) { CVY_F32, CVY_PLAIN, rank, { __VA_ARGS__ }, { 0 } }
#define I64(rank, ...) { CVY_I64, CVY_PLAIN, rank, { __VA_ARGS__ }, { 0 } }
#define SRC NCHW(2, 4, 6, 8)

struct refusal {
    const char *label;
    cvy_status status;
    const char *word;           // that the text must have
    struct ref_problem problem;
};

static const struct refusal refusals[] = {
    { "pad, rank 0", CVY_ERR_SHAPE, "src.rank is 0", PAD(.before = { 1 }) },
    { "pad cuts too much", CVY_ERR_SHAPE, "before[2] is -4 and after[2] is -3",
      PAD(.src = SRC, .before = { 0, 0, -4 }, .after = { 0, 0, -3 }) },
    { "pad of INT64_MIN", CVY_ERR_SHAPE, "before[3]",
      PAD(.src = SRC, .before = { 0, 0, 0, INT64_MIN }) },
    { "pads beyond 2^63 below", CVY_ERR_LIMIT, "before[3]",
      PAD(.src = SRC, .before = { 0, 0, 0, INT64_MIN }, .after = { 0, 0, 0, -1 }) },
    { "pads beyond 2^63", CVY_ERR_LIMIT, "before[1]",
      PAD(.src = SRC, .before = { 0, P62 }, .after = { 0, P62 }) },
    { "pad to 2^63 elements", CVY_ERR_LIMIT, "dst",
      PAD(.src = SRC, .before = { P32, P32 }) },
    { "pad to more than a buffer", CVY_ERR_LIMIT, "bytes",
      PAD(.src = SRC, .before = { 1 << 20, 1 << 20 }) },
    { "pad with an unknown mode", CVY_ERR_ARGUMENT, "mode is 4",
      PAD(.src = SRC, .mode = (cvy_padding_mode)4) },
    { "pad with a negative mode", CVY_ERR_ARGUMENT, "mode is -1",
      PAD(.src = SRC, .mode = (cvy_padding_mode)-1) },
    { "pad value of another mode", CVY_ERR_ARGUMENT, "value is 2",
      PAD(.src = SRC, .mode = CVY_REFLECT, .value = 2.0f) },
    { "reflect as wide as the axis", CVY_ERR_SHAPE, "before[2] is 6",
      PAD(.src = SRC, .mode = CVY_REFLECT, .before = { 0, 0, 6 }) },
    { "reflect as wide as the axis, after", CVY_ERR_SHAPE, "after[0] is 2",
      PAD(.src = SRC, .mode = CVY_REFLECT, .after = { 2 }) },
    { "reflect cuts", CVY_ERR_SHAPE, "after[3] is -1",
      PAD(.src = SRC, .mode = CVY_REFLECT, .after = { 0, 0, 0, -1 }) },
    { "replicate cuts", CVY_ERR_SHAPE, "before[3] is -1",
      PAD(.src = SRC, .mode = CVY_REPLICATE, .before = { 0, 0, 0, -1 }) },
    { "replicate of nothing", CVY_ERR_SHAPE, "src.size[0] is 0",
      PAD(.src = NCHW(0, 4, 6, 8), .mode = CVY_REPLICATE, .before = { 1 }) },
    { "circular wider than the axis", CVY_ERR_SHAPE, "before[1] is 5",
      PAD(.src = SRC, .mode = CVY_CIRCULAR, .before = { 0, 5 }) },
    { "pad to another size", CVY_ERR_SHAPE, "dst.size[3] is 8",
      PAD(.src = SRC, .before = { 0, 0, 0, 1 }, .dst = SRC) },
    { "slice from beyond", CVY_ERR_SHAPE, "start[2] is 7",
      SLICE(.src = SRC, .start = { 0, 0, 7 }) },
    { "slice from before", CVY_ERR_SHAPE, "start[2] is -7",
      SLICE(.src = SRC, .start = { 0, 0, -7 }) },
    { "slice from INT64_MIN", CVY_ERR_SHAPE, "start[0]",
      SLICE(.src = SRC, .start = { INT64_MIN }) },
    { "slice backwards from the end", CVY_ERR_SHAPE, "start[3] is 8",
      SLICE(.src = SRC, .start = { 0, 0, 0, 8 }, .step = { 0, 0, 0, -1 }) },
    { "slice of more than there are", CVY_ERR_SHAPE, "size[1] is 3",
      SLICE(.src = SRC, .start = { 0, 1 }, .step = { 0, 2 }, .size = { 0, 3 }) },
    { "slice backwards of more than there are", CVY_ERR_SHAPE, "size[1] is 3",
      SLICE(.src = SRC, .start = { 0, 1 }, .step = { 0, -1 }, .size = { 0, 3 }) },
    { "slice with a negative size", CVY_ERR_SHAPE, "size[1] is -1",
      SLICE(.src = SRC, .size = { 0, -1 }) },
    { "order beyond", CVY_ERR_SHAPE, "order[1] is 4",
      TRANSPOSE(.src = SRC, .order = { 0, 4, 2, 1 }) },
    { "order negative", CVY_ERR_SHAPE, "order[3] is -1",
      TRANSPOSE(.src = SRC, .order = { 0, 1, 2, -1 }) },
    { "order twice", CVY_ERR_ARGUMENT, "order[3] is 1, and so is order[1]",
      TRANSPOSE(.src = SRC, .order = { 0, 1, 2, 1 }) },
    { "no order", CVY_ERR_ARGUMENT, "order[1] is 0", TRANSPOSE(.src = SRC) },
    { "transpose to another size", CVY_ERR_SHAPE, "dst.size[2] is 6",
      TRANSPOSE(.src = SRC, .order = { 0, 1, 3, 2 }, .dst = SRC) },
    { "no block", CVY_ERR_SHAPE, "block is 0", TO_SPACE(.src = SRC) },
    { "block negative", CVY_ERR_SHAPE, "block is -2", TO_DEPTH(.src = SRC, .block = -2) },
    { "block 2^32", CVY_ERR_LIMIT, "block", TO_SPACE(.src = SRC, .block = P32) },
    { "block does not divide C", CVY_ERR_SHAPE, "src.size[1] is 4",
      TO_SPACE(.src = SRC, .block = 3) },
    { "block does not divide H", CVY_ERR_SHAPE, "src.size[2] is 6",
      TO_DEPTH(.src = SRC, .block = 4) },
    { "block does not divide W", CVY_ERR_SHAPE, "src.size[3] is 8",
      TO_DEPTH(.src = SRC, .block = 3) },
    { "blocks beyond 2^63", CVY_ERR_LIMIT, "dst.size[1]",
      TO_DEPTH(.src = NCHW(1, P32, 0, 0), .block = 1 << 20) },
    { "blocks of rank 3", CVY_ERR_SHAPE, "rank 3",
      TO_SPACE(.src = { CVY_F32, CVY_NCHW, 3, { 2, 4, 8 }, { 0 } }, .block = 2) },
    { "blocks of a plain tensor", CVY_ERR_SHAPE, "PLAIN",
      TO_SPACE(.src = PLAIN(4, 2, 4, 6, 8), .block = 2) },
    { "gather axis", CVY_ERR_SHAPE, "axis is 4",
      GATHER(.src = SRC, .indices = I64(1, 3), .axis = 4) },
    { "gather axis before", CVY_ERR_SHAPE, "axis is -5",
      GATHER(.src = SRC, .indices = I64(1, 3), .axis = -5) },
    { "gather without indices", CVY_ERR_SHAPE, "indices.rank is 0", GATHER(.src = SRC) },
    { "gather by floats", CVY_ERR_UNSUPPORTED, "indices.dtype",
      GATHER(.src = SRC, .indices = PLAIN(1, 3)) },
    { "gather by a map", CVY_ERR_UNSUPPORTED, "indices.layout",
      GATHER(.src = SRC, .indices = { CVY_I64, CVY_NHWC, 2, { 3, 2 }, { 0 } }) },
    { "gather by indices apart", CVY_ERR_UNSUPPORTED, "indices.stride[0] is 3",
      GATHER(.src = SRC, .indices = { CVY_I64, CVY_PLAIN, 2, { 3, 2 }, { 3, 1 } }) },
    { "gather of a negative number", CVY_ERR_SHAPE, "indices.size[0] is -1",
      GATHER(.src = SRC, .indices = I64(1, -1)) },
    { "gather to rank 7", CVY_ERR_SHAPE, "7 axes",
      GATHER(.src = SRC, .indices = I64(4, 1, 2, 1, 2)) },
    { "gather to 2^63 elements", CVY_ERR_LIMIT, "dst",
      GATHER(.src = NCHW(1, P31, 1, 1), .indices = I64(1, P32)) },
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

Test(shapes_moves, what_is_not_legal_gives_its_status_and_names_the_parameter)
{
    for (size_t i = 0; i < COUNT_OF(refusals); i++)
        expect_refusal(&refusals[i]);
}

// B4, and dtypes that nobody computes in.
Test(shapes_moves, sources_that_are_no_tensors_are_named)
{
    static const struct ref_problem legal[] = {
        PAD(.src = SRC), SLICE(.src = SRC), TRANSPOSE(.src = SRC, .order = { 0, 1, 2, 3 }),
        TO_SPACE(.src = SRC, .block = 2), TO_DEPTH(.src = SRC, .block = 2),
        GATHER(.src = SRC, .indices = I64(1, 3)),
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
    int64_t size[CVY_MAX_RANK];
};

static const struct edge edges[] = {
    { "pad nothing", PAD(.src = SRC), { 2, 4, 6, 8 } },
    { "pad and cut", PAD(.src = SRC, .before = { -1, 2, -6, 0 }, .after = { 0, -3, 1, 9 }),
      { 1, 3, 1, 17 } },
    { "cut all", PAD(.src = SRC, .before = { 0, 0, -6 }), { 2, 4, 0, 8 } },
    { "pad an empty axis", PAD(.src = NCHW(2, 0, 3, 3), .before = { 0, 1 }), { 2, 1, 3, 3 } },
    { "reflect to the last element", PAD(.src = SRC, .mode = CVY_REFLECT,
                                         .before = { 1, 3, 5, 7 }, .after = { 1, 3, 5, 7 }),
      { 4, 10, 16, 22 } },
    { "circular once around", PAD(.src = SRC, .mode = CVY_CIRCULAR, .before = { 2, 4, 6, 8 }),
      { 4, 8, 12, 16 } },
    { "replicate widely", PAD(.src = SRC, .mode = CVY_REPLICATE, .after = { 0, 0, 0, 100 }),
      { 2, 4, 6, 108 } },
    { "reflect no batch", PAD(.src = NCHW(0, 4, 6, 8), .mode = CVY_REFLECT, .before = { 0, 1 }),
      { 0, 5, 6, 8 } },
    { "slice all", SLICE(.src = SRC), { 2, 4, 6, 8 } },
    { "slice from the end", SLICE(.src = SRC, .start = { 0, 0, 6, -8 }), { 2, 4, 0, 8 } },
    { "slice backwards", SLICE(.src = SRC, .start = { -1, 3, 4, -9 }, .step = { -1, -3, -2, -1 }),
      { 2, 2, 3, 0 } },
    { "slice with huge steps", SLICE(.src = SRC, .start = { 1, -1, 2, 0 },
                                     .step = { INT64_MIN, INT64_MAX, -INT64_MAX, P62 }),
      { 1, 1, 1, 1 } },
    { "slice no batch backwards", SLICE(.src = NCHW(0, 4, 6, 8), .start = { -1 }, .step = { -1 }),
      { 0, 4, 6, 8 } },
    { "transpose", TRANSPOSE(.src = SRC, .order = { 3, 1, 0, 2 }), { 8, 4, 2, 6 } },
    { "depth to space", TO_SPACE(.src = SRC, .block = 2), { 2, 1, 12, 16 } },
    { "depth to space, no batch", TO_SPACE(.src = NCHW(0, 4, 6, 8), .block = 2),
      { 0, 1, 12, 16 } },
    { "space to depth", TO_DEPTH(.src = SRC, .block = 2), { 2, 16, 3, 4 } },
    { "gather by a matrix", GATHER(.src = SRC, .indices = I64(2, 3, 5), .axis = -2),
      { 2, 4, 3, 5, 8 } },
    { "gather nothing", GATHER(.src = SRC, .indices = I64(1, 0), .axis = 1), { 2, 0, 6, 8 } },
    { "gather by indices without dtype",
      GATHER(.src = SRC, .indices = { .rank = 1, .size = { 3 } }), { 3, 4, 6, 8 } },
};

Test(shapes_moves, legal_edges_have_the_right_output)
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
        cr_expect_eq(info.macs, 0);
        cr_expect_eq(info.parameters, 0);
        cvy_plan_destroy(&plan);
    }
}

// B1: an empty output is done at once, and an empty source may be left out.
Test(shapes_moves, what_is_empty_needs_no_tensor)
{
    static const struct ref_problem empty[] = {
        PAD(.src = NCHW(0, 4, 6, 8)), SLICE(.src = NCHW(0, 4, 6, 8)),
        TRANSPOSE(.src = NCHW(0, 4, 6, 8), .order = { 3, 2, 1, 0 }),
        TO_SPACE(.src = NCHW(0, 4, 6, 8), .block = 2),
        TO_DEPTH(.src = NCHW(0, 4, 6, 8), .block = 2),
        GATHER(.src = NCHW(0, 4, 6, 8), .indices = I64(1, 0)),
    };
    float filled[4] = { 9, 9, 9, 9 };
    cvy_buffer *dst = NULL;
    cvy_plan *plan = NULL;
    struct ref_problem pad = PAD(.src = PLAIN(1, 0), .before = { 3 }, .after = { 1 },
                                 .value = -7.0f);

    for (size_t i = 0; i < COUNT_OF(empty); i++) {
        struct ref_problem problem = empty[i];
        cvy_args args = { .src_count = 0 };
        cvy_event *event = NULL;

        OK(create(&problem, &plan));
        OK(cvy_plan_enqueue(plan, queue, &args, NULL, &event));
        OK(cvy_event_wait(event, -1));
        cvy_event_destroy(&event);
        cvy_plan_destroy(&plan);
    }
    OK(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = sizeof filled }, &dst));
    OK(create(&pad, &plan));
    OK(cvy_plan_enqueue(plan, queue, &(cvy_args) { .dst = { dst, 0 } }, NULL, NULL));
    OK(cvy_queue_read(queue, (cvy_tensor) { dst, 0 }, filled, sizeof filled, NULL, NULL));
    for (int i = 0; i < 4; i++)
        cr_expect_eq(filled[i], -7.0f);
    cvy_plan_destroy(&plan);
    cvy_buffer_destroy(&dst);
}

// A11, C3, C4: a slice's source is the whole tensor, wherever the elements lie that it reads.
Test(shapes_moves, the_whole_source_of_a_slice_is_checked)
{
    struct ref_problem slice = SLICE(.src = PLAIN(1, 64), .start = { 8 }, .step = { 2 },
                                     .size = { 4 });
    cvy_buffer *buffer = NULL;
    cvy_plan *plan = NULL;
    cvy_plan_info info;

    OK(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = 68 * 4 }, &buffer));
    OK(create(&slice, &plan));
    OK(cvy_plan_info_get(plan, &info));
    cr_expect_eq(info.bytes, 2 * 4 * 4);
    GIVES(CVY_ERR_ARGUMENT, "args.src needs 256 bytes", cvy_plan_enqueue(plan, queue, &(cvy_args) {
        .src = { buffer, 20 }, .dst = { buffer, 0 } }, NULL, NULL));
    GIVES(CVY_ERR_ALIAS, "args.dst overlaps args.src", cvy_plan_enqueue(plan, queue, &(cvy_args) {
        .src = { buffer, 0 }, .dst = { buffer, 160 } }, NULL, NULL));
    OK(cvy_plan_enqueue(plan, queue, &(cvy_args) {
        .src = { buffer, 0 }, .dst = { buffer, 256 } }, NULL, NULL));
    OK(cvy_queue_finish(queue));
    cvy_plan_destroy(&plan);
    cvy_buffer_destroy(&buffer);
}
