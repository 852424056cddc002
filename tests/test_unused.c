// What a problem cannot use is refused, not ignored: entries behind src's last axis, padding that
// the rule does not look at, values that an activation does not take, offsets without a buffer.
#include "plan_arena.h"

TestSuite(unused, .init = open_plan, .fini = close_plan, .timeout = 120);

#define CONV(...) { .op = REF_CONV, .conv = { .out_channels = 4, __VA_ARGS__ } }
#define DECONV(...) \
    { .op = REF_CONV_TRANSPOSE, .conv_transpose = { .out_channels = 4, __VA_ARGS__ } }
#define POOL(...) { .op = REF_POOL, .pool = { __VA_ARGS__ } }
#define UNPOOL(...) { .op = REF_MAX_UNPOOL, .max_unpool = { __VA_ARGS__ } }
#define SEPARABLE(...) { .op = REF_SEPARABLE, .separable = { .out_channels = 4, __VA_ARGS__ } }
#define W { CVY_F32, CVY_NCHW, 3, { 1, 4, 8 }, { 0 } }
#define HW { CVY_F32, CVY_NCHW, 4, { 1, 4, 8, 8 }, { 0 } }

struct row {
    const char *word;           // that the text must have, NULL: legal
    struct ref_problem problem;
};

static void expect_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct ref_problem problem = rows[i].problem;
        cvy_status wanted = rows[i].word ? CVY_ERR_ARGUMENT : CVY_OK, st;
        cvy_plan *made = NULL;

        st = create(&problem, &made);
        cr_expect(st == wanted, "row %zu, %s gives %s: %s", i, rows[i].word,
                  cvy_status_name(st), st ? cvy_error_text() : "");
        cr_expect(!rows[i].word || strstr(cvy_error_text(), rows[i].word), "\"%s\" has no \"%s\"",
                  cvy_error_text(), rows[i].word);
        cvy_plan_destroy(&made);
    }
}

Test(unused, entries_behind_the_last_axis_are_named)
{
    static const struct row rows[] = {
        { "kernel_size[2] is 3; with this src only the first 2 entries count",
          CONV(.src = HW, .kernel_size = { 3, 3, 3 }) },
        { "stride[1] is 2; with this src only the first entry counts",
          CONV(.src = W, .kernel_size = { 3 }, .stride = { 2, 2 }) },
        { "dilation[2] is 1", CONV(.src = HW, .kernel_size = { 3, 3 }, .dilation = { 1, 1, 1 }) },
        { "padding[2] is 1", CONV(.src = HW, .kernel_size = { 3, 3 }, .padding = { 1, 1, 1 }) },
        { "padding_end[1] is -1", CONV(.src = W, .kernel_size = { 3 }, .padding_end = { 0, -1 },
                                       .padding_rule = CVY_PAD_BEGIN_END) },
        { "output_padding[2] is 1", DECONV(.src = HW, .kernel_size = { 3, 3 },
                                           .stride = { 2, 2 }, .output_padding = { 0, 0, 1 }) },
        { "stride[2] is 2", DECONV(.src = HW, .kernel_size = { 3, 3 }, .stride = { 2, 2, 2 }) },
        { "stride[2] is 2", POOL(.kind = CVY_POOL_MAX, .src = HW, .kernel_size = { 2, 2 },
                                 .stride = { 2, 2, 2 }) },
        { "output_size[2] is 4", POOL(.kind = CVY_POOL_ADAPTIVE_MAX, .src = HW,
                                      .output_size = { 4, 4, 4 }) },
        { "kernel_size[1] is 2", UNPOOL(.src = W, .kernel_size = { 2, 2 }) },
        { "output_size[2] is 16", UNPOOL(.src = HW, .kernel_size = { 2, 2 },
                                         .output_size = { 16, 16, 16 }) },
        { "padding[2] is 1", SEPARABLE(.src = HW, .kernel_size = { 3, 3 },
                                       .padding = { 1, 1, 1 }) },
        { "before[4] is 1; with this src only the first 4 entries count",
          { .op = REF_PAD, .pad = { .src = HW, .before = { 0, 0, 0, 0, 1 } } } },
        { "after[5] is -1", { .op = REF_PAD, .pad = { .src = HW, .after = { [5] = -1 } } } },
        { "start[4] is 1", { .op = REF_SLICE, .slice = { .src = HW, .start = { [4] = 1 } } } },
        { "step[5] is 2", { .op = REF_SLICE, .slice = { .src = HW, .step = { [5] = 2 } } } },
        { "size[3] is 8", { .op = REF_SLICE, .slice = { .src = W, .size = { 0, 0, 0, 8 } } } },
        { "order[4] is 4; src has 4 axes", { .op = REF_TRANSPOSE, .transpose = {
            .src = HW, .order = { 0, 1, 2, 3, 4 } } } },
    };

    expect_rows(rows, COUNT_OF(rows));
}

Test(unused, lists_that_are_set_in_part_are_named)
{
    static const struct row rows[] = {
        { "stride[1] is 0 while stride[0] is 2: set all 2 spatial entries",
          CONV(.src = HW, .kernel_size = { 3, 3 }, .stride = { 2 }) },
        { "dilation[1] is 0 while dilation[0] is 2",
          CONV(.src = HW, .kernel_size = { 3, 3 }, .dilation = { 2 }) },
        { "stride[1] is 0", DECONV(.src = HW, .kernel_size = { 3, 3 }, .stride = { 2 }) },
        { "stride[1] is 0", POOL(.kind = CVY_POOL_MAX, .src = HW, .kernel_size = { 2, 2 },
                                 .stride = { 1 }) },
        { "stride[1] is 0", UNPOOL(.src = HW, .kernel_size = { 2, 2 }, .stride = { 2 }) },
        { "dilation[1] is 0", SEPARABLE(.src = HW, .kernel_size = { 3, 3 }, .dilation = { 2 }) },
        { NULL, CONV(.src = W, .kernel_size = { 3 }, .stride = { 2 }, .dilation = { 2 }) },
        { NULL, CONV(.src = HW, .kernel_size = { 3, 3 }, .padding = { 1 }) },
    };

    expect_rows(rows, COUNT_OF(rows));
}

Test(unused, padding_that_the_rule_does_not_look_at_is_named)
{
    static const struct row rows[] = {
        { "padding_end[1] is 2 and padding_rule is CVY_PAD_SYMMETRIC",
          CONV(.src = HW, .kernel_size = { 3, 3 }, .padding_end = { 0, 2 }) },
        { "padding_end[0] is 1", CONV(.src = HW, .kernel_size = { 3, 3 }, .padding = { 1, 1 },
                                      .padding_end = { 1, 1 }) },
        { "padding[0] is 1 and padding_rule is CVY_PAD_SAME",
          CONV(.src = HW, .kernel_size = { 3, 3 }, .padding = { 1, 1 },
               .padding_rule = CVY_PAD_SAME) },
        { "padding_end[1] is 1 and padding_rule is CVY_PAD_SAME",
          SEPARABLE(.src = HW, .kernel_size = { 3, 3 }, .padding_end = { 0, 1 },
                    .padding_rule = CVY_PAD_SAME) },
        { "padding_end[0] is 1", DECONV(.src = HW, .kernel_size = { 3, 3 },
                                        .padding_end = { 1, 0 }) },
        { "padding_end[0] is 1", POOL(.kind = CVY_POOL_AVERAGE, .src = HW,
                                      .kernel_size = { 2, 2 }, .padding_end = { 1, 0 }) },
        { NULL, CONV(.src = HW, .kernel_size = { 3, 3 }, .padding = { 1, 0 }) },
        { NULL, CONV(.src = HW, .kernel_size = { 3, 3 }, .padding = { 0, 1 },
                     .padding_end = { 2, 0 }, .padding_rule = CVY_PAD_BEGIN_END) },
        { NULL, CONV(.src = HW, .kernel_size = { 3, 3 }, .padding_rule = CVY_PAD_SAME) },
    };

    expect_rows(rows, COUNT_OF(rows));
}

// A kind has no more values than this; all of them may be left at 0 but CLIP's.
static int values_of(cvy_activation_kind kind)
{
    return kind == CVY_CLIP || kind == CVY_HARD_SIGMOID || kind == CVY_SOFTPLUS ||
                   kind == CVY_HARD_SWISH ? 2
         : kind == CVY_LEAKY_RELU || kind == CVY_ELU ? 1 : 0;
}

Test(unused, values_that_an_activation_does_not_take_are_named)
{
    struct ref_problem conv = CONV(.src = HW, .kernel_size = { 1, 1 });
    struct ref_problem separable = SEPARABLE(.src = HW, .kernel_size = { 1, 1 });
    cvy_plan *made = NULL;

    for (int kind = CVY_NONE; kind < CVY_ACTIVATION_COUNT; kind++)
        for (int value = 0; value < 2; value++) {
            bool taken = value < values_of((cvy_activation_kind)kind);
            cvy_status st;

            conv.conv.activation = (cvy_activation) {
                (cvy_activation_kind)kind, value ? 0.0f : -0.25f, value ? 0.25f : 0.0f };
            st = create(&conv, &made);
            cr_expect(st == (taken ? CVY_OK : CVY_ERR_ARGUMENT), "kind %d, value %d gives %s: %s",
                      kind, value, cvy_status_name(st), st ? cvy_error_text() : "");
            cr_expect(taken || strstr(cvy_error_text(), value ? "activation.beta is 0.25; CVY_"
                                                              : "activation.alpha is -0.25; CVY_"),
                      "%s", cvy_error_text());
            cvy_plan_destroy(&made);
        }
    separable.separable.activation2 = (cvy_activation) { CVY_RELU, 0.0f, 6.0f };
    GIVES(CVY_ERR_ARGUMENT, "activation2.beta is 6; CVY_RELU", create(&separable, &made));
}

Test(unused, offsets_without_a_buffer_are_named)
{
    cvy_args args = all_args(), constants = { .weights = args.weights, .bias = args.bias };
    cvy_weights *weights = NULL;

    args.slope.offset = 64;
    expect_refused("slope", &args, CVY_ERR_ARGUMENT, "args.slope.offset is 64 and");
    args = all_args();
    args.bias.buffer = NULL;
    expect_refused("bias", &args, CVY_ERR_ARGUMENT, "args.bias.offset is");
    args = all_args();
    args.workspace.offset = 256;
    expect_refused("workspace", &args, CVY_ERR_ARGUMENT, "args.workspace.offset is 256 and");
    constants.dst.offset = 4;
    GIVES(CVY_ERR_ARGUMENT, "args.dst", cvy_plan_prepare(plan, queue, &constants, &weights));
    constants.dst.offset = 0;
    constants.workspace.offset = 256;
    GIVES(CVY_ERR_ARGUMENT, "workspace", cvy_plan_prepare(plan, queue, &constants, &weights));
    cr_expect_null(weights);
    expect_arena("after offsets");
}
