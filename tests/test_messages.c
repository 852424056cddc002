// What errors say beyond their status: names of values, places of overlaps, what would be right.
#include "plan_arena.h"

TestSuite(messages, .init = open_plan, .fini = close_plan, .timeout = 120);

// The call fails with the status, and its text has both words.
#define SAYS(status, word, other, call)                                                         \
    do {                                                                                        \
        GIVES(status, word, call);                                                              \
        cr_expect(strstr(cvy_error_text(), other), "\"%s\" has no \"%s\"", cvy_error_text(),    \
                  other);                                                                       \
    } while (0)

static cvy_status create_one(struct ref_problem problem)
{
    cvy_plan *made = NULL;
    cvy_status st = create(&problem, &made);

    cvy_plan_destroy(&made);
    return st;
}

#define MAP { CVY_F32, CVY_NCHW, 4, { 1, 4, 8, 8 }, { 0 } }

Test(messages, enums_out_of_range_list_what_there_is)
{
    struct ref_problem conv = { .op = REF_CONV, .conv = conv_params() };
    struct ref_problem pool = { .op = REF_POOL, .pool = {
        .kind = (cvy_pool_kind)9, .src = MAP, .kernel_size = { 2, 2 } } };

    conv.conv.padding_rule = (cvy_padding_rule)7;
    SAYS(CVY_ERR_ARGUMENT, "padding_rule is 7",
         "CVY_PAD_SYMMETRIC, CVY_PAD_BEGIN_END or CVY_PAD_SAME", create_one(conv));
    conv.conv.padding_rule = CVY_PAD_SYMMETRIC;
    conv.conv.padding_mode = (cvy_padding_mode)-1;
    SAYS(CVY_ERR_ARGUMENT, "padding_mode is -1", "CVY_REPLICATE or CVY_CIRCULAR",
         create_one(conv));
    SAYS(CVY_ERR_ARGUMENT, "kind is 9", "CVY_POOL_MAX, CVY_POOL_AVERAGE", create_one(pool));
}

Test(messages, dtypes_and_layouts_have_names)
{
    struct ref_problem conv = { .op = REF_CONV, .conv = conv_params() };
    struct ref_problem concat = { .op = REF_CONCAT, .concat = { .src_count = 2, .axis = 1 },
                                  .sources = { MAP, MAP } };
    struct ref_problem gather = { .op = REF_GATHER, .gather = { .src = MAP, .indices = MAP } };

    conv.conv.weights_dtype = CVY_F16;
    SAYS(CVY_ERR_ARGUMENT, "weights_dtype is CVY_F16", "CVY_F32", create_one(conv));
    conv.conv.weights_dtype = CVY_DTYPE_DEFAULT;
    conv.conv.dst.dtype = CVY_I8;
    GIVES(CVY_ERR_UNSUPPORTED, "dst.dtype is CVY_I8", create_one(conv));
    concat.sources[1].layout = CVY_PLAIN;
    SAYS(CVY_ERR_ARGUMENT, "srcs[1].layout is CVY_PLAIN", "CVY_NCHW", create_one(concat));
    gather.gather.indices.dtype = CVY_I64;
    SAYS(CVY_ERR_UNSUPPORTED, "CVY_NCHW", "indices are CVY_PLAIN and dense", create_one(gather));
}

Test(messages, overlaps_give_both_ranges)
{
    cvy_args args = all_args();
    char first[64], second[64];

    args.dst.offset = place(SRC) + 16;
    snprintf(first, sizeof first, "bytes %zu to %zu", place(SRC) + 16,
             place(SRC) + 16 + slots[DST].bytes);
    snprintf(second, sizeof second, "and %zu to %zu", place(SRC), place(SRC) + slots[SRC].bytes);
    SAYS(CVY_ERR_ALIAS, first, second, cvy_plan_enqueue(plan, queue, &args, NULL, NULL));
    SAYS(CVY_ERR_ALIAS, "bytes 64 to 128", "96 to 160", cvy_queue_copy(
         queue, (cvy_tensor) { arena, 64 }, (cvy_tensor) { arena, 96 }, 64, NULL, NULL));
}

Test(messages, sources_of_concat_have_their_number)
{
    cvy_desc srcs[12];
    cvy_tensor tensors[12];
    cvy_args args = { .srcs = tensors, .src_count = 12, .dst = { arena, place(DST) } };

    for (int i = 0; i < 12; i++) {
        srcs[i] = (cvy_desc)MAP;
        srcs[i].size[2] = 1;
        tensors[i] = (cvy_tensor) { arena, 0 };
    }
    cvy_plan_destroy(&plan);
    OK(cvy_concat_create(context, &(cvy_concat_params) {
        .srcs = srcs, .src_count = 12, .axis = 1 }, &plan));
    tensors[11].buffer = NULL;
    expect_refused("the last is missing", &args, CVY_ERR_ARGUMENT, "args.srcs[11] is");
    tensors[11] = (cvy_tensor) { arena, place(DST) };
    expect_refused("the last overlaps", &args, CVY_ERR_ALIAS, "overlaps args.srcs[11]:");
    tensors[11].offset = 0;
    tensors[3].offset = 2;
    expect_refused("the fourth is not aligned", &args, CVY_ERR_ALIGN, "args.srcs[3] is");
}

Test(messages, algorithms_that_do_not_fit_name_those_that_do)
{
    struct ref_problem conv = { .op = REF_CONV, .conv = conv_params() };

    conv.conv.options = &(cvy_plan_options) { .algorithm = "conv_by_hand" };
    SAYS(CVY_ERR_ARGUMENT, "conv_by_hand", "conv has", create_one(conv));
    cr_expect(strstr(cvy_error_text(), "conv_reference"), "%s", cvy_error_text());
    cr_expect_null(strstr(cvy_error_text(), "pool_reference"), "%s", cvy_error_text());
    conv.conv.options = &(cvy_plan_options) { .algorithm = "pool_reference" };
    SAYS(CVY_ERR_UNSUPPORTED, "which solves pool and not conv", "conv_reference",
         create_one(conv));
    conv.conv.groups = 2;
    conv.conv.options = &(cvy_plan_options) { .algorithm = "conv_depthwise" };
    SAYS(CVY_ERR_UNSUPPORTED, "conv n1 c4 h5 w5 k4 r1x1 g2", "conv_reference", create_one(conv));
    cr_expect(strstr(cvy_error_text(), "conv_depthwise, which does not take"), "%s",
              cvy_error_text());
}

Test(messages, a_transposed_convolution_without_output_blames_its_padding)
{
    struct ref_problem deconv = { .op = REF_CONV_TRANSPOSE, .conv_transpose = {
        .src = MAP, .out_channels = 4, .kernel_size = { 3, 3 }, .padding = { 1, 5 } } };

    SAYS(CVY_ERR_SHAPE, "spatial axis 1", "padding takes off all", create_one(deconv));
}
