// Where tensors may lie: alignment, overlaps, residual and source that are dst, tensors that lie
// between each other's elements, workspace; and that nothing is written outside of outputs.
#include "plan_arena.h"

TestSuite(placement, .init = open_plan, .fini = close_plan, .timeout = 120);

// C2.
Test(placement, offsets_off_the_element_size_are_refused)
{
    for (int slot = SRC; slot <= DST; slot++)
        for (size_t off = 1; off < 4; off++) {
            cvy_args args = all_args();

            tensor(&args, slot)->offset += off;
            expect_refused(slots[slot].name, &args, CVY_ERR_ALIGN, slots[slot].name);
        }
    expect_arena("after offsets");
}

// C3, C4. The last row of each pair still meets in one element.
Test(placement, dst_over_any_other_tensor_is_refused)
{
    for (int slot = SRC; slot < DST; slot++) {
        const size_t bytes = slots[slot].bytes, offsets[] = {
            place(slot), place(slot) + bytes - 4, place(slot) - slots[DST].bytes + 4,
        };

        for (size_t i = 0; i < COUNT_OF(offsets); i++) {
            cvy_args args = all_args();

            if (slot == RESIDUAL && i == 0)
                continue;
            args.dst.offset = offsets[i];
            expect_refused("args.dst", &args, CVY_ERR_ALIAS, slots[slot].name);
            cr_expect(strstr(cvy_error_text(), "args.dst"), "\"%s\"", cvy_error_text());
        }
    }
    expect_arena("after overlaps");
}

Test(placement, overlaps_are_seen_through_views)
{
    cvy_args args = all_args();
    cvy_buffer *view = NULL, *inner = NULL;

    OK(cvy_buffer_create(context, &(cvy_buffer_params) {
        .parent = arena, .offset = place(SRC) - 64, .bytes = 4096 }, &view));
    OK(cvy_buffer_create(context, &(cvy_buffer_params) { .parent = view, .offset = 128 }, &inner));
    args.dst = (cvy_tensor) { inner, 0 };
    expect_refused("view of a view", &args, CVY_ERR_ALIAS, "args.src");
    cvy_buffer_destroy(&inner);
    cvy_buffer_destroy(&view);
    expect_arena("after views");
}

Test(placement, dst_right_behind_and_before_a_tensor_is_taken)
{
    cvy_args args = all_args();
    size_t behind = place(SRC) + slots[SRC].bytes, before = place(SRC) - slots[DST].bytes;

    args.dst.offset = behind;
    compute(image + behind / 4, values(SRC), values(RESIDUAL));
    expect_run("behind src", &args);
    args.dst.offset = before;
    compute(image + before / 4, values(SRC), values(RESIDUAL));
    expect_run("before src", &args);
}

Test(placement, inputs_may_overlap_each_other)
{
    cvy_args args = all_args();

    args.residual = args.src;
    compute(values(DST), values(SRC), values(SRC));
    expect_run("residual is src", &args);
}

Test(placement, residual_that_is_dst_accumulates)
{
    cvy_args args = all_args();

    for (int i = 0; i < 3; i++) {
        args.dst = args.residual;
        compute(values(RESIDUAL), values(SRC), values(RESIDUAL));
        expect_run("dst is residual", &args);
    }
}

// In place ----------------------------------------------------------------------------------------

static void swap_plan(struct ref_problem *problem)
{
    cvy_plan_destroy(&plan);
    OK(create(problem, &plan));
}

Test(placement, src_of_an_activation_may_be_dst_but_not_beside_it)
{
    struct ref_problem problem = { .op = REF_ACTIVATION, .activation = {
        .src = cvy_nchw(CVY_F32, 1, CHANNELS, 5, 5), .activation = { CVY_CLIP, 10.0f, 50.0f } } };
    cvy_args args = { .src = { arena, place(SRC) }, .dst = { arena, place(SRC) + 4 } };

    swap_plan(&problem);
    expect_refused("one element on", &args, CVY_ERR_ALIAS, "args.src");
    args.dst.offset = place(SRC) - 4;
    expect_refused("one element back", &args, CVY_ERR_ALIAS, "args.src");
    expect_arena("after overlaps");
    args.dst = args.src;
    for (int i = 0; i < ELEMENTS; i++)
        values(SRC)[i] = i < 10 ? 10.0f : i > 50 ? 50.0f : (float)i;
    expect_run("in place", &args);
}

Test(placement, src_may_not_be_dst_where_the_layout_changes)
{
    struct ref_problem problem = { .op = REF_ACTIVATION, .activation = {
        .src = cvy_nchw(CVY_F32, 1, CHANNELS, 5, 5), .activation = { CVY_RELU, 0, 0 },
        .dst = { .layout = CVY_NHWC } } };
    cvy_args args = { .src = { arena, place(SRC) }, .dst = { arena, place(SRC) } };

    swap_plan(&problem);
    expect_refused("another layout", &args, CVY_ERR_ALIAS, "args.src");
    expect_arena("after another layout");
}

Test(placement, src_may_not_be_dst_where_windows_overlap)
{
    struct ref_problem problem = { .op = REF_POOL, .pool = {
        .kind = CVY_POOL_MAX, .src = cvy_nchw(CVY_F32, 1, CHANNELS, 5, 5),
        .kernel_size = { 3, 3 }, .stride = { 1, 1 }, .padding = { 1, 1 } } };
    cvy_args args = { .src = { arena, place(SRC) }, .dst = { arena, place(SRC) } };

    swap_plan(&problem);
    expect_refused("a pool", &args, CVY_ERR_ALIAS, "args.src");
    expect_arena("after a pool");
}

// The two outputs of a pool.
Test(placement, indices_may_not_overlap_dst_or_src)
{
    struct ref_problem problem = { .op = REF_POOL, .pool = {
        .kind = CVY_POOL_MAX, .src = cvy_nchw(CVY_F32, 1, CHANNELS, 5, 5),
        .kernel_size = { 2, 2 }, .indices = CVY_INDICES_PLANE } };
    cvy_args args = { .src = { arena, place(SRC) }, .dst = { arena, place(DST) },
                      .indices = { arena, place(DST) } };

    swap_plan(&problem);
    expect_refused("dst", &args, CVY_ERR_ALIAS, "args.indices");
    args.indices.offset = place(SRC);
    expect_refused("src", &args, CVY_ERR_ALIAS, "args.indices");
    args.indices.offset = place(BIAS) + 4;
    expect_refused("half an index", &args, CVY_ERR_ALIGN, "args.indices");
    args.indices = (cvy_tensor) { NULL, 0 };
    expect_refused("no indices", &args, CVY_ERR_ARGUMENT, "args.indices");
    expect_arena("after indices");
}

// Between each other ------------------------------------------------------------------------------

// NHWC pixels of 8 channels: the first half of each is src, the second dst.
static struct ref_problem halves(void)
{
    const cvy_desc half = { CVY_F32, CVY_NHWC, 4, { 1, CHANNELS, 5, 5 },
                            { 8 * PIXELS, 1, 8 * 5, 8 } };
    struct ref_problem problem = { .op = REF_CONV, .conv = conv_params() };

    problem.conv.src = problem.conv.dst = half;
    problem.conv.residual = false;
    return problem;
}

static void fill_halves(float *pixels)
{
    for (int i = 0; i < ELEMENTS; i++)
        pixels[i / CHANNELS * 8 + i % CHANNELS] = (float)i;
    OK(cvy_queue_write(queue, (cvy_tensor) { arena, 0 }, image, sizeof image, NULL, NULL));
}

Test(placement, dst_may_lie_between_the_elements_of_src)
{
    struct ref_problem problem = halves();
    float *pixels = values(SRC);
    cvy_args args = all_args();

    swap_plan(&problem);
    fill_halves(pixels);
    args.residual = (cvy_tensor) { NULL, 0 };
    args.dst.offset = args.src.offset + 4 * CHANNELS;
    for (int i = 0; i < ELEMENTS; i++)
        pixels[i / CHANNELS * 8 + CHANNELS + i % CHANNELS] =
            (float)i + values(BIAS)[i % CHANNELS];
    expect_run("second half of each pixel", &args);
}

Test(placement, slices_that_meet_in_one_channel_are_refused)
{
    struct ref_problem problem = halves();
    cvy_args args = all_args();

    swap_plan(&problem);
    fill_halves(values(SRC));
    args.residual = (cvy_tensor) { NULL, 0 };
    for (size_t channel = 0; channel < 8; channel++) {
        if (channel == CHANNELS)
            continue;
        args.dst.offset = args.src.offset + 4 * channel;
        expect_refused("channels that meet", &args, CVY_ERR_ALIAS, "args.src");
    }
    expect_arena("after slices");
}

// C10: gaps between rows stay what they were.
Test(placement, gaps_of_a_strided_dst_are_not_written)
{
    struct ref_problem problem = { .op = REF_CONV, .conv = conv_params() };
    cvy_args args = all_args();

    problem.conv.residual = false;
    problem.conv.dst = (cvy_desc) { .stride = { 0, 90, 16, 3 } };
    swap_plan(&problem);
    args.residual = (cvy_tensor) { NULL, 0 };
    for (int i = 0; i < ELEMENTS; i++)
        values(DST)[i / PIXELS * 90 + i % PIXELS / 5 * 16 + i % 5 * 3] =
            (float)i + values(BIAS)[i / PIXELS];
    expect_run("every third float", &args);
}

// Workspace ---------------------------------------------------------------------------------------

// A depthwise 1 x 1 and a pointwise convolution, both the identity: dst = src, but through memory.
static struct ref_problem through_workspace(void)
{
    return (struct ref_problem) { .op = REF_SEPARABLE, .separable = {
        .src = cvy_nchw(CVY_F32, 1, CHANNELS, 5, 5), .out_channels = CHANNELS,
        .kernel_size = { 1, 1 } } };
}

// Ones for the depthwise weights lie where the bias lay.
static cvy_args workspace_args(void)
{
    cvy_args args = { .src = { arena, place(SRC) }, .dst = { arena, place(DST) },
                      .weights = { arena, place(BIAS) }, .weights2 = { arena, place(WEIGHTS) } };

    for (int i = 0; i < CHANNELS; i++)
        values(BIAS)[i] = 1.0f;
    OK(cvy_queue_write(queue, (cvy_tensor) { arena, 0 }, image, sizeof image, NULL, NULL));
    return args;
}

// C5, A10.
Test(placement, workspace_too_small_misplaced_or_overlapping_is_refused)
{
    struct ref_problem problem = through_workspace();
    cvy_args args = workspace_args();
    cvy_buffer *small = NULL, *fixed = NULL;
    cvy_plan_info info;
    char bytes[32];

    swap_plan(&problem);
    OK(cvy_plan_info_get(plan, &info));
    cr_assert_gt(info.workspace_unprepared, 0);
    cr_assert_leq(info.workspace_unprepared, 8192);
    OK(cvy_buffer_create(context, &(cvy_buffer_params) {
        .bytes = info.workspace_unprepared - 1 }, &small));
    args.workspace.buffer = small;
    expect_refused("too small", &args, CVY_ERR_ARGUMENT, "args.workspace");
    snprintf(bytes, sizeof bytes, "%zu", info.workspace_unprepared);
    cr_expect(strstr(cvy_error_text(), bytes), "\"%s\" has no %s", cvy_error_text(), bytes);
    args.workspace = (cvy_tensor) { arena, 4 };
    expect_refused("off 256", &args, CVY_ERR_ALIGN, "args.workspace");
    OK(cvy_buffer_create(context, &(cvy_buffer_params) {
        .bytes = 8192, .access = CVY_READ_ONLY }, &fixed));
    args.workspace = (cvy_tensor) { fixed, 0 };
    expect_refused("read only", &args, CVY_ERR_ARGUMENT, "args.workspace");
    args.workspace = (cvy_tensor) { arena, place(SRC) / 256 * 256 };
    expect_refused("over src", &args, CVY_ERR_ALIAS, "args.src");
    args.workspace.offset = place(DST) / 256 * 256;
    expect_refused("over dst", &args, CVY_ERR_ALIAS, "args.dst");
    args.workspace.offset = place(WEIGHTS) / 256 * 256;
    expect_refused("over weights", &args, CVY_ERR_ALIAS, "args.weights");
    cvy_buffer_destroy(&fixed);
    cvy_buffer_destroy(&small);
    expect_arena("after workspaces");
}

Test(placement, workspace_is_lent_or_taken_and_no_byte_beyond_it_written)
{
    struct ref_problem problem = through_workspace();
    cvy_args args = workspace_args();
    cvy_buffer *own = NULL;
    cvy_plan_info info;
    static unsigned char back[16384];

    swap_plan(&problem);
    OK(cvy_plan_info_get(plan, &info));
    memcpy(values(DST), values(SRC), slots[DST].bytes);
    expect_run("lent", &args);
    OK(cvy_queue_reserve(queue, plan));
    cr_assert_leq(info.workspace_unprepared, sizeof back - 8192);
    OK(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = sizeof back }, &own));
    OK(cvy_queue_fill(queue, (cvy_tensor) { own, 0 }, &pattern, 4, sizeof back, NULL, NULL));
    args.workspace = (cvy_tensor) { own, 4096 };
    OK(cvy_queue_fill(queue, args.dst, &pattern, 4, slots[DST].bytes, NULL, NULL));
    expect_run("taken", &args);
    OK(cvy_queue_read(queue, (cvy_tensor) { own, 0 }, back, sizeof back, NULL, NULL));
    for (size_t i = 0; i < sizeof back; i += i == 4092 ? 4 + info.workspace_unprepared : 4)
        cr_assert_arr_eq(back + i, &pattern, 4, "byte %zu around the workspace", i);
    cvy_buffer_destroy(&own);
}

Test(placement, workspace_of_prepared_plans_is_what_info_says)
{
    struct ref_problem problem = through_workspace();
    cvy_args args = workspace_args(), constants = { .weights = args.weights,
                                                    .weights2 = args.weights2 };
    cvy_buffer *own = NULL;
    cvy_weights *weights = NULL;
    cvy_plan_info info;

    swap_plan(&problem);
    OK(cvy_plan_info_get(plan, &info));
    OK(cvy_plan_prepare(plan, queue, &constants, &weights));
    OK(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = info.workspace }, &own));
    args.weights = args.weights2 = (cvy_tensor) { NULL, 0 };
    args.prepared = weights;
    args.workspace.buffer = own;
    memcpy(values(DST), values(SRC), slots[DST].bytes);
    expect_run("prepared", &args);
    cvy_weights_destroy(&weights);
    cvy_buffer_destroy(&own);
}
