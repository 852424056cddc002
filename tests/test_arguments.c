// Misuse of plans: every argument that is missing, foreign, too small or contradictory gives its
// status, names the slot, and leaves all memory as it was. Where tensors lie is test_placement.c's.
#include "plan_arena.h"

#include <math.h>

TestSuite(arguments, .init = open_plan, .fini = close_plan, .timeout = 120);

Test(arguments, right_ones_write_dst_and_nothing_else)
{
    cvy_args args = all_args();

    compute(values(DST), values(SRC), values(RESIDUAL));
    expect_run("all in place", &args);
}

// Pointers, enums, dtypes -------------------------------------------------------------------------

#define REFUSES_NULL(op)                                                                        \
    do {                                                                                        \
        cvy_##op##_params params_;                                                              \
        cvy_plan *made_ = plan;                                                                 \
        memset(&params_, 0, sizeof params_);                                                    \
        GIVES(CVY_ERR_ARGUMENT, "context", cvy_##op##_create(NULL, &params_, &made_));          \
        cr_expect_null(made_);                                                                  \
        GIVES(CVY_ERR_ARGUMENT, "params", cvy_##op##_create(context, NULL, &made_));            \
        GIVES(CVY_ERR_ARGUMENT, "out", cvy_##op##_create(context, &params_, NULL));             \
        cr_expect_neq(cvy_##op##_create(context, &params_, &made_), CVY_OK, #op " of nothing"); \
        cr_expect_null(made_);                                                                  \
    } while (0)

Test(arguments, null_pointers_of_create_are_named)
{
    cvy_plan *made = NULL;

    REFUSES_NULL(conv);
    REFUSES_NULL(conv_transpose);
    REFUSES_NULL(pool);
    REFUSES_NULL(max_unpool);
    REFUSES_NULL(separable);
    REFUSES_NULL(linear);
    REFUSES_NULL(activation);
    REFUSES_NULL(concat);
    REFUSES_NULL(copy);
    REFUSES_NULL(softmax);
    GIVES(CVY_ERR_ARGUMENT, "srcs", cvy_concat_create(context, &(cvy_concat_params) {
        .src_count = 2 }, &made));
    GIVES(CVY_ERR_ARGUMENT, "src_count", cvy_concat_create(context, &(cvy_concat_params) {
        .srcs = &(cvy_desc) { .rank = 1 }, .src_count = CVY_MAX_SOURCES + 1 }, &made));
}

Test(arguments, null_pointers_of_plans_are_named)
{
    cvy_args args = all_args();
    cvy_plan_info info;
    cvy_weights *weights = NULL;

    GIVES(CVY_ERR_ARGUMENT, "plan", cvy_plan_info_get(NULL, &info));
    GIVES(CVY_ERR_ARGUMENT, "out", cvy_plan_info_get(plan, NULL));
    GIVES(CVY_ERR_ARGUMENT, "plan", cvy_plan_enqueue(NULL, queue, &args, NULL, NULL));
    GIVES(CVY_ERR_ARGUMENT, "queue", cvy_plan_enqueue(plan, NULL, &args, NULL, NULL));
    GIVES(CVY_ERR_ARGUMENT, "args", cvy_plan_enqueue(plan, queue, NULL, NULL, NULL));
    GIVES(CVY_ERR_ARGUMENT, "plan", cvy_plan_prepare(NULL, queue, &args, &weights));
    GIVES(CVY_ERR_ARGUMENT, "queue", cvy_plan_prepare(plan, NULL, &args, &weights));
    GIVES(CVY_ERR_ARGUMENT, "constants", cvy_plan_prepare(plan, queue, NULL, &weights));
    GIVES(CVY_ERR_ARGUMENT, "out", cvy_plan_prepare(plan, queue, &args, NULL));
    GIVES(CVY_ERR_ARGUMENT, "weights", cvy_weights_wait(NULL, 0));
    GIVES(CVY_ERR_ARGUMENT, "weights", cvy_weights_release_raw(NULL));
    GIVES(CVY_ERR_ARGUMENT, "plan", cvy_queue_reserve(queue, NULL));
    GIVES(CVY_ERR_ARGUMENT, "queue", cvy_queue_reserve(NULL, plan));
    cvy_plan_destroy(NULL);
    cvy_weights_destroy(NULL);
    cvy_plan_destroy(&(cvy_plan *) { NULL });
    cvy_weights_destroy(&weights);
    expect_arena("after NULLs");
}

// An enum of a problem, set to what is no value of it. Enums are ints here.
static void expect_bad_enum(const struct ref_problem *problem, size_t at, const char *name)
{
    static const int bad[] = { -1, 99, INT32_MIN, INT32_MAX };

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct ref_problem spoilt = *problem;
        cvy_plan *made = NULL;
        char word[64];

        memcpy((char *)&spoilt + at, &bad[i], sizeof bad[i]);
        snprintf(word, sizeof word, "%s", name);
        GIVES(CVY_ERR_ARGUMENT, word, create(&spoilt, &made));
        cr_expect_null(made);
    }
}

Test(arguments, enums_out_of_range_are_named)
{
    struct ref_problem conv = { .op = REF_CONV, .conv = conv_params() };
    struct ref_problem pool = { .op = REF_POOL, .pool = {
        .kind = CVY_POOL_MAX, .src = conv.conv.src, .kernel_size = { 2, 2 },
        .indices = CVY_INDICES_PLANE } };
    struct ref_problem separable = { .op = REF_SEPARABLE, .separable = {
        .src = conv.conv.src, .out_channels = 4, .kernel_size = { 3, 3 } } };
    struct ref_problem activation = { .op = REF_ACTIVATION, .activation = {
        .src = conv.conv.src } };
#define BAD(op, field) expect_bad_enum(&op, offsetof(struct ref_problem, op.field), #field)

    BAD(conv, src.dtype);
    BAD(conv, src.layout);
    BAD(conv, dst.dtype);
    BAD(conv, dst.layout);
    BAD(conv, weights_dtype);
    BAD(conv, activation.kind);
    BAD(conv, padding_mode);
    BAD(conv, padding_rule);
    BAD(pool, kind);
    BAD(pool, padding_rule);
    BAD(pool, count_include_pad);
    BAD(pool, indices);
    BAD(pool, indices_dtype);
    BAD(separable, kind);
    BAD(separable, activation.kind);
    BAD(separable, activation2.kind);
    BAD(separable, padding_mode);
    BAD(activation, activation.kind);
#undef BAD
}

// A8, E2.
Test(arguments, dtypes_that_differ_or_do_not_exist_here_are_refused)
{
    struct ref_problem good = { .op = REF_CONV, .conv = conv_params() };
    struct ref_problem weights = good, dst = good, src = good, integers = good;
    cvy_plan *made = NULL;

    weights.conv.weights_dtype = CVY_F16;
    GIVES(CVY_ERR_ARGUMENT, "weights_dtype", create(&weights, &made));
    dst.conv.dst.dtype = CVY_F16;
    GIVES(CVY_ERR_UNSUPPORTED, "dst.dtype", create(&dst, &made));
    src.conv.src.dtype = CVY_F16;
    GIVES(CVY_ERR_UNSUPPORTED, "src.dtype", create(&src, &made));
    integers.conv.src.dtype = CVY_I8;
    GIVES(CVY_ERR_UNSUPPORTED, "src.dtype", create(&integers, &made));
    cr_expect_null(made);
}

Test(arguments, values_that_contradict_are_refused)
{
    struct ref_problem good = { .op = REF_CONV, .conv = conv_params() };
    struct ref_problem clip = good, nan = good, prelu;
    struct ref_problem none = { .op = REF_ACTIVATION, .activation = { .src = good.conv.src } };
    cvy_plan *made = NULL;

    clip.conv.activation = (cvy_activation) { CVY_CLIP, 1.0f, 0.0f };
    GIVES(CVY_ERR_ARGUMENT, "alpha", create(&clip, &made));
    nan.conv.activation = (cvy_activation) { CVY_LEAKY_RELU, NAN, 0.0f };
    GIVES(CVY_ERR_ARGUMENT, "activation.alpha is NaN", create(&nan, &made));
    GIVES(CVY_ERR_ARGUMENT, "CVY_NONE", create(&none, &made));
    prelu = (struct ref_problem) { .op = REF_SEPARABLE, .separable = {
        .src = good.conv.src, .out_channels = 4, .kernel_size = { 3, 3 },
        .activation = { CVY_PRELU, 0, 0 } } };
    GIVES(CVY_ERR_ARGUMENT, "CVY_PRELU", create(&prelu, &made));
}

Test(arguments, options_that_cannot_be_met_are_refused)
{
    struct ref_problem conv = { .op = REF_CONV, .conv = conv_params() };
    struct ref_problem separable = { .op = REF_SEPARABLE, .separable = {
        .src = conv.conv.src, .out_channels = 4, .kernel_size = { 3, 3 } } };
    cvy_plan *made = NULL;

    conv.conv.options = &(cvy_plan_options) { .algorithm = "conv_by_hand" };
    GIVES(CVY_ERR_ARGUMENT, "conv_by_hand", create(&conv, &made));
    conv.conv.options = &(cvy_plan_options) { .algorithm = "pool_reference" };
    GIVES(CVY_ERR_UNSUPPORTED, "pool_reference", create(&conv, &made));
    separable.separable.options = &(cvy_plan_options) { .max_workspace = 1,
                                                        .algorithm = "separable_pair" };
    GIVES(CVY_ERR_UNSUPPORTED, "max_workspace", create(&separable, &made));
    cr_expect_null(made);
}

// Slots -------------------------------------------------------------------------------------------

Test(arguments, each_slot_that_is_missing_is_named)
{
    for (int slot = SRC; slot <= DST; slot++) {
        cvy_args args = all_args();

        tensor(&args, slot)->buffer = NULL;
        expect_refused(slots[slot].name, &args, CVY_ERR_ARGUMENT, slots[slot].name);
    }
    expect_arena("after missing slots");
}

Test(arguments, each_slot_that_the_plan_does_not_have_is_named)
{
    static const struct slot unknown[] = {
        SLOT(src2, 0), SLOT(weights2, 0), SLOT(bias2, 0), SLOT(scale, 0), SLOT(mean, 0),
        SLOT(variance, 0), SLOT(slope, 0), SLOT(indices, 0),
    };
    cvy_tensor source = { arena, 0 };
    cvy_args args = all_args();

    for (size_t i = 0; i < COUNT_OF(unknown); i++) {
        cvy_args more = all_args();

        *(cvy_tensor *)(void *)((char *)&more + unknown[i].at) = source;
        expect_refused(unknown[i].name, &more, CVY_ERR_ARGUMENT, unknown[i].name);
    }
    args.srcs = &source;
    args.src_count = 1;
    expect_refused("srcs", &args, CVY_ERR_ARGUMENT, "args.src_count");
    expect_arena("after unknown slots");
}

// A11: the last byte of a tensor is the last that its buffer needs.
Test(arguments, each_buffer_one_byte_too_small_is_named)
{
    for (int slot = SRC; slot <= DST; slot++) {
        cvy_args args = all_args();
        cvy_buffer *view = NULL;
        char bytes[32];

        OK(cvy_buffer_create(context, &(cvy_buffer_params) {
            .parent = arena, .offset = place(slot) - 8, .bytes = slots[slot].bytes + 7 }, &view));
        *tensor(&args, slot) = (cvy_tensor) { view, 8 };
        snprintf(bytes, sizeof bytes, "%zu bytes", slots[slot].bytes);
        expect_refused(slots[slot].name, &args, CVY_ERR_ARGUMENT, slots[slot].name);
        cr_expect(strstr(cvy_error_text(), bytes), "\"%s\" has no %s", cvy_error_text(), bytes);
        tensor(&args, slot)->offset = SIZE_MAX - 3;
        expect_refused(slots[slot].name, &args, CVY_ERR_ARGUMENT, slots[slot].name);
        cvy_buffer_destroy(&view);
    }
    expect_arena("after small buffers");
}

Test(arguments, buffers_that_just_fit_are_taken)
{
    cvy_args args = all_args();
    cvy_buffer *views[DST + 1] = { NULL };

    for (int slot = SRC; slot <= DST; slot++) {
        OK(cvy_buffer_create(context, &(cvy_buffer_params) {
            .parent = arena, .offset = place(slot) - 8, .bytes = slots[slot].bytes + 8 },
            &views[slot]));
        *tensor(&args, slot) = (cvy_tensor) { views[slot], 8 };
    }
    compute(values(DST), values(SRC), values(RESIDUAL));
    expect_run("views that just fit", &args);
    for (int slot = SRC; slot <= DST; slot++)
        cvy_buffer_destroy(&views[slot]);
}

// A4, C8.
Test(arguments, handles_of_another_context_are_refused)
{
    cvy_context *other = NULL;
    cvy_queue *other_queue = NULL;
    cvy_buffer *foreign = NULL;
    cvy_args args = all_args();
    cvy_weights *weights = NULL;

    open_context(&other);
    OK(cvy_queue_create(other, NULL, &other_queue));
    OK(cvy_buffer_create(other, &(cvy_buffer_params) { .bytes = ARENA }, &foreign));
    GIVES(CVY_ERR_ARGUMENT, "queue", cvy_plan_enqueue(plan, other_queue, &args, NULL, NULL));
    GIVES(CVY_ERR_ARGUMENT, "queue", cvy_plan_prepare(plan, other_queue, &args, &weights));
    GIVES(CVY_ERR_ARGUMENT, "queue", cvy_queue_reserve(other_queue, plan));
    for (int slot = SRC; slot <= DST; slot++) {
        args = all_args();
        tensor(&args, slot)->buffer = foreign;
        expect_refused(slots[slot].name, &args, CVY_ERR_ARGUMENT, slots[slot].name);
    }
    args = all_args();
    args.workspace.buffer = foreign;
    expect_refused("workspace", &args, CVY_ERR_ARGUMENT, "args.workspace");
    cvy_buffer_destroy(&foreign);
    cvy_queue_destroy(&other_queue);
    cvy_context_destroy(&other);
    expect_arena("after foreign handles");
}

// A14.
Test(arguments, wait_lists_with_null_foreign_or_own_events_are_refused)
{
    cvy_args args = all_args();
    cvy_context *other = NULL;
    cvy_queue *other_queue = NULL;
    cvy_buffer *foreign = NULL;
    cvy_event *event = NULL, *list[2] = { NULL, NULL };
    cvy_wait wait = { NULL, 1 };

    GIVES(CVY_ERR_ARGUMENT, "events", cvy_plan_enqueue(plan, queue, &args, &wait, NULL));
    wait = (cvy_wait) { list, 1 };
    GIVES(CVY_ERR_ARGUMENT, "events[0]", cvy_plan_enqueue(plan, queue, &args, &wait, NULL));
    wait = (cvy_wait) { &event, 1 };
    GIVES(CVY_ERR_ARGUMENT, "events[0]", cvy_plan_enqueue(plan, queue, &args, &wait, &event));
    open_context(&other);
    OK(cvy_queue_create(other, NULL, &other_queue));
    OK(cvy_buffer_create(other, &(cvy_buffer_params) { .bytes = 64 }, &foreign));
    OK(cvy_queue_fill(other_queue, (cvy_tensor) { foreign, 0 }, &pattern, 4, 64, NULL, &list[1]));
    OK(cvy_queue_fill(queue, (cvy_tensor) { arena, 0 }, &pattern, 4, 64, NULL, &list[0]));
    wait = (cvy_wait) { list, 2 };
    GIVES(CVY_ERR_ARGUMENT, "events[1]", cvy_plan_enqueue(plan, queue, &args, &wait, NULL));
    expect_arena("after wait lists");
    wait.count = 1;
    OK(cvy_plan_enqueue(plan, queue, &args, &wait, &event));
    OK(cvy_event_wait(event, -1));
    cvy_event_destroy(&event);
    cvy_event_destroy(&list[0]);
    cvy_event_destroy(&list[1]);
    cvy_buffer_destroy(&foreign);
    cvy_queue_destroy(&other_queue);
    cvy_context_destroy(&other);
}

// A15.
Test(arguments, buffers_that_kernels_may_not_use_so_are_refused)
{
    for (int slot = SRC; slot <= DST; slot++) {
        cvy_args args = all_args();
        cvy_buffer *view = NULL;

        OK(cvy_buffer_create(context, &(cvy_buffer_params) {
            .parent = arena, .offset = place(slot), .bytes = slots[slot].bytes,
            .access = slot == DST ? CVY_READ_ONLY : CVY_WRITE_ONLY }, &view));
        *tensor(&args, slot) = (cvy_tensor) { view, 0 };
        expect_refused(slots[slot].name, &args, CVY_ERR_ARGUMENT, slots[slot].name);
        cvy_buffer_destroy(&view);
    }
    expect_arena("after access");
}

// A pool writes them, an unpooling reads them.
Test(arguments, indices_that_kernels_may_not_use_so_are_refused)
{
    struct ref_problem problems[] = {
        { .op = REF_POOL, .pool = { .kind = CVY_POOL_MAX,
            .src = cvy_nchw(CVY_F32, 1, CHANNELS, 4, 4), .kernel_size = { 2, 2 },
            .indices = CVY_INDICES_PLANE } },
        { .op = REF_MAX_UNPOOL, .max_unpool = {
            .src = cvy_nchw(CVY_F32, 1, CHANNELS, 2, 2), .kernel_size = { 2, 2 } } },
    };

    for (size_t i = 0; i < COUNT_OF(problems); i++) {
        cvy_args args = { .src = { arena, place(SRC) }, .dst = { arena, place(DST) } };
        cvy_buffer *view = NULL;

        cvy_plan_destroy(&plan);
        OK(create(&problems[i], &plan));
        OK(cvy_buffer_create(context, &(cvy_buffer_params) {
            .parent = arena, .offset = place(RESIDUAL), .bytes = 4096,
            .access = i == 0 ? CVY_READ_ONLY : CVY_WRITE_ONLY }, &view));
        args.indices.buffer = view;
        expect_refused(i == 0 ? "pool" : "unpool", &args, CVY_ERR_ARGUMENT, "args.indices");
        cvy_buffer_destroy(&view);
    }
    expect_arena("after access to indices");
}

// Prepared constants ------------------------------------------------------------------------------

static cvy_args constants_of(const cvy_args *args)
{
    return (cvy_args) { .weights = args->weights, .bias = args->bias };
}

Test(arguments, prepared_constants_replace_the_raw_ones_and_do_not_go_with_them)
{
    cvy_args args = all_args(), constants = constants_of(&args);
    cvy_weights *weights = NULL;

    OK(cvy_plan_prepare(plan, queue, &constants, &weights));
    OK(cvy_weights_wait(weights, -1));
    OK(cvy_weights_release_raw(weights));
    args.prepared = weights;
    expect_refused("both", &args, CVY_ERR_ARGUMENT, "args.weights");
    args.weights = (cvy_tensor) { NULL, 0 };
    expect_refused("bias too", &args, CVY_ERR_ARGUMENT, "args.bias");
    args.bias = (cvy_tensor) { NULL, 0 };
    compute(values(DST), values(SRC), values(RESIDUAL));
    expect_run("prepared", &args);
    cvy_weights_destroy(&weights);
}

Test(arguments, preparing_takes_constants_only_and_all_of_them)
{
    cvy_args args = all_args(), constants = constants_of(&args), more;
    cvy_weights *weights = NULL;

    more = constants;
    more.bias = (cvy_tensor) { NULL, 0 };
    GIVES(CVY_ERR_ARGUMENT, "args.bias", cvy_plan_prepare(plan, queue, &more, &weights));
    more = constants;
    more.src = args.src;
    GIVES(CVY_ERR_ARGUMENT, "args.src", cvy_plan_prepare(plan, queue, &more, &weights));
    more = constants;
    more.dst = args.dst;
    GIVES(CVY_ERR_ARGUMENT, "args.dst", cvy_plan_prepare(plan, queue, &more, &weights));
    more = constants;
    more.slope = args.bias;
    GIVES(CVY_ERR_ARGUMENT, "args.slope", cvy_plan_prepare(plan, queue, &more, &weights));
    more = constants;
    more.workspace = args.dst;
    GIVES(CVY_ERR_ARGUMENT, "workspace", cvy_plan_prepare(plan, queue, &more, &weights));
    more = constants;
    more.weights.offset += 2;
    GIVES(CVY_ERR_ALIGN, "args.weights", cvy_plan_prepare(plan, queue, &more, &weights));
    cr_expect_null(weights);
}

Test(arguments, constants_of_another_plan_are_refused)
{
    cvy_conv_params params = conv_params();
    cvy_args args = all_args(), constants = constants_of(&args);
    cvy_plan *larger = NULL, *relu = NULL;
    cvy_weights *weights = NULL;

    params.kernel_size[0] = 2;
    OK(cvy_conv_create(context, &params, &larger));
    OK(cvy_plan_prepare(larger, queue, &constants, &weights));
    args.weights = args.bias = (cvy_tensor) { NULL, 0 };
    args.prepared = weights;
    expect_refused("another kernel size", &args, CVY_ERR_ARGUMENT, "args.prepared");
    cvy_weights_destroy(&weights);
    OK(cvy_activation_create(context, &(cvy_activation_params) {
        .src = params.src, .activation = { CVY_RELU, 0, 0 } }, &relu));
    constants = (cvy_args) { .src_count = 0 };
    GIVES(CVY_ERR_STATE, "no constants", cvy_plan_prepare(relu, queue, &constants, &weights));
    cvy_plan_destroy(&relu);
    cvy_plan_destroy(&larger);
    expect_arena("after constants of another plan");
}

// All pack as many bytes from as many weights: in another order, another direction, other blocks.
Test(arguments, constants_packed_in_another_way_are_refused)
{
    static const cvy_plan_options simt = { .algorithm = "conv_simt" };
    static const cvy_plan_options direct = { .algorithm = "conv_direct" };
    struct ref_problem problems[] = {
        { .op = REF_CONV, .conv = { .src = cvy_nhwc(CVY_F32, 1, 3, 3, 16), .out_channels = 16,
            .kernel_size = { 2, 2 }, .options = &simt } },
        { .op = REF_CONV, .conv = { .src = cvy_nhwc(CVY_F32, 1, 3, 3, 64), .out_channels = 16,
            .kernel_size = { 1, 1 }, .options = &simt } },
        { .op = REF_CONV_TRANSPOSE, .conv_transpose = {
            .src = cvy_nhwc(CVY_F32, 1, 3, 3, 16), .out_channels = 16, .kernel_size = { 2, 2 },
            .options = &simt } },
        { .op = REF_CONV, .conv = { .src = cvy_nhwc(CVY_F32, 1, 3, 3, 16), .out_channels = 16,
            .kernel_size = { 2, 2 }, .options = &direct } },
    };
    size_t count = COUNT_OF(problems);
    cvy_args constants = { .weights = { arena, place(SRC) } };
    cvy_args args = { .src = { arena, place(SRC) }, .dst = { arena, place(DST) } };
    cvy_weights *weights[COUNT_OF(problems)] = { NULL };

    for (size_t i = 0; i < count; i++) {
        cvy_plan_destroy(&plan);
        if (create(&problems[i], &plan) == CVY_OK)      // not every device has conv_direct
            OK(cvy_plan_prepare(plan, queue, &constants, &weights[i]));
    }
    for (size_t i = 0; i < count; i++) {
        cvy_plan_destroy(&plan);
        if (create(&problems[i], &plan) != CVY_OK)
            continue;
        for (size_t j = 0; j < count; j++)
            if ((args.prepared = weights[j]) && i != j)
                expect_refused("another packing", &args, CVY_ERR_ARGUMENT, "args.prepared");
    }
    for (size_t i = 0; i < count; i++)
        cvy_weights_destroy(&weights[i]);
    expect_arena("after other packings");
}
