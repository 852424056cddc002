// Sizes at their edges, judged with every algorithm: nothing at all, tails of all lengths, one very
// long axis, averages whose divisor is in doubt. And what plans leave to the driver: launches of
// empty plans, compiler options, memory that the user has let go.
#include "cl_fixture.h"

#include "judge.h"
#include "rows.h"
#include "rows_parts.h"

#include <stdlib.h>

static void only_install(void)
{
    if (!cl_table_install())
        cr_skip_test("no device: %s", cvy_error_text());
}

TestSuite(edges, .init = only_install, .timeout = 280);

enum { MOST_ALGORITHMS = 96, MOST_SHOWN = 10 };

static struct judge_device device;
static long failed, run;

static void open_judge(void)
{
    cvy_status st = judge_open(getenv("CONVOY_DEVICE"), &device);

    cr_assert_eq(st, CVY_OK, "%s: %s", cvy_status_name(st), cvy_error_text());
}

static void close_judge(void)
{
    printf("%ld problems, %ld failed\n", run, failed);
    cr_expect_eq(failed, 0, "%ld of %ld problems failed", failed, run);
    judge_close(&device);
}

static void expect_right(const struct judge_problem *problem, const char *algorithm)
{
    struct judge_result result;
    enum judge_verdict verdict = judge_run(device.judge, problem, algorithm, &result);

    run += verdict != JUDGE_SKIP;
    failed += verdict == JUDGE_FAIL;
    if (verdict == JUDGE_FAIL && failed <= MOST_SHOWN)
        cr_expect(false, "%s", result.message);
}

// In both layouts, with the planner's choice and with every algorithm that accepts it.
static void expect_row(const struct row *row, uint64_t seed)
{
    cvy_algorithm_info list[MOST_ALGORITHMS];
    size_t count = 0;

    OK(cvy_algorithm_list(list, MOST_ALGORITHMS, &count));
    cr_assert_leq(count, MOST_ALGORITHMS, "%zu algorithms: raise MOST_ALGORITHMS", count);
    for (int nhwc = 0; nhwc < 2; nhwc++) {
        struct judge_problem problem = { .data = nhwc ? JUDGE_REAL : JUDGE_INTEGER,
                                         .seed = 2 * seed + (uint64_t)nhwc,
                                         .prepared = seed % 2, .own_workspace = true };

        rows_place(row, nhwc ? CVY_NHWC : CVY_NCHW, &problem);
        expect_right(&problem, NULL);
        for (size_t i = 0; i < count; i++)
            if (!list[i].slow_start)
                expect_right(&problem, list[i].name);
    }
}

static void expect_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect_row(&rows[i], i);
}

// Nothing -----------------------------------------------------------------------------------------

// A batch of none. False where the row's operator then still has an output, or the row says what
// the batch shall be.
static bool empty_batch(struct ref_problem *p)
{
    cvy_desc *src = (cvy_desc *)(uintptr_t)ref_src(p), *dst = (cvy_desc *)(uintptr_t)ref_dst(p);
    struct ref_needs needs;

    if (src->layout == CVY_PLAIN || dst->rank || (p->op == REF_SLICE && p->slice.start[0])
        || (p->op == REF_MATMUL && p->matmul.bias.rank))
        return false;
    src->size[0] = 0;
    for (size_t i = 0; p->op == REF_CONCAT && i < p->concat.src_count; i++)
        p->sources[i].size[0] = 0;
    return ref_infer(p, &needs) && ref_count(&needs.dst) == 0;
}

// B1: of every operator.
LEDGER_TEST(edges, an_empty_batch_launches_nothing)
{
    long seen[REF_OP_COUNT] = { 0 };

    open_judge();
    for (size_t i = 0; i < rows_count() - rows_long_count(); i++)
        for (int nhwc = 0; nhwc < 2; nhwc++) {
            struct judge_problem problem;
            cvy_context_stats before, after;
            int launches = cl_table_calls("clEnqueueNDRangeKernel");

            rows_problem(i, nhwc ? CVY_NHWC : CVY_NCHW, JUDGE_INTEGER, &problem);
            problem.prepared = false;
            if (!empty_batch(&problem.ref))
                continue;
            OK(cvy_context_stats_get(device.context, &before));
            expect_right(&problem, NULL);
            OK(cvy_context_stats_get(device.context, &after));
            launches = cl_table_calls("clEnqueueNDRangeKernel") - launches;
            cr_expect_eq(launches, (int)(after.kernels - before.kernels),
                         "%s: %d launches, of which %zu of new kernels", problem.label, launches,
                         after.kernels - before.kernels);
            seen[problem.ref.op]++;
        }
    for (int op = 0; op < REF_OP_COUNT; op++)
        cr_expect_gt(seen[op], 0, "no row of %s", ref_op_name((enum ref_op)op));
    close_judge();
}

// Tails -------------------------------------------------------------------------------------------

// B25: n channels and n pixels in a row, for each n to 33 that work-groups and vectors leave over.
LEDGER_TEST(edges, tails_of_every_length)
{
    open_judge();
    for (int64_t n = 1; n <= 33; n++) {
        const struct row rows[] = {
            CONV("conv 1x1", .src = MAP2(1, n, 1, n), .out_channels = n, .kernel_size = { 1, 1 }),
            CONV("conv 3x3", .src = MAP2(1, n, 2, n), .out_channels = n, .kernel_size = { 3, 3 },
                 .padding = { 1, 1 }, .bias = true),
            CONV("conv depthwise", .src = MAP2(1, n, 3, n), .out_channels = n, .groups = n,
                 .kernel_size = { 3, 3 }, .padding = { 1, 1 }),
            DECONV("deconv 3x3 stride 2", .src = MAP2(1, n, 1, n), .out_channels = n,
                   .kernel_size = { 3, 3 }, .stride = { 2, 2 }, .bias = true),
            SEPARABLE("separable", .src = MAP2(1, n, 2, n), .out_channels = n,
                      .kernel_size = { 3, 3 }, .padding = { 1, 1 }),
            LINEAR("linear", .src = PLAIN(2, 3, n), .out_features = n, .bias = true),
            POOL("pool max", .kind = CVY_POOL_MAX, .src = MAP2(1, n, 3, n),
                 .kernel_size = { 3, 3 }, .stride = { 1, 1 }, .padding = { 1, 1 }),
            POOL("pool max indices", .kind = CVY_POOL_MAX, .src = MAP2(1, n, 3, n),
                 .kernel_size = { 3, 1 }, .indices = CVY_INDICES_PLANE),
            POOL("pool average", .kind = CVY_POOL_AVERAGE, .src = MAP2(1, n, 3, n),
                 .kernel_size = { 3, 1 }, .stride = { 1, 1 }),
            POOL("pool global", .kind = CVY_POOL_AVERAGE, .src = MAP2(1, n, 2, n),
                 .global = true),
            UNPOOL("unpool", .src = MAP2(1, n, 2, n), .kernel_size = { 2, 2 }),
            ROW("silu", REF_ACTIVATION, activation, .src = MAP2(1, n, 2, n),
                .activation = { CVY_SILU }),
            { .label = "concat", .ref = {
                .op = REF_CONCAT, .concat = { .src_count = 2, .axis = 1 },
                .sources = { MAP2(2, n, 2, n), MAP2(2, 34 - n, 2, n) } } },
            ROW_WITH(ROW_OTHER_LAYOUT, "copy", REF_COPY, copy, .src = MAP2(2, n, 3, n)),
            SOFTMAX("softmax channels", .src = MAP2(2, n, 2, n), .axis = 1),
            SOFTMAX("softmax row", .src = PLAIN(2, 3, n), .axis = 1),
            ROW("pad", REF_PAD, pad, .src = MAP2(1, n, 2, n), .before = { 0, 0, 1, 2 },
                .after = { 0, 0, 0, 1 }),
            ROW("slice backwards", REF_SLICE, slice, .src = MAP2(1, n, 3, n),
                .start = { 0, -1, 0, -1 }, .step = { 1, -1, 2, -1 }),
            ROW("transpose", REF_TRANSPOSE, transpose, .src = MAP2(2, n, 2, n),
                .order = { 3, 1, 0, 2 }),
            ROW("depth_to_space", REF_DEPTH_TO_SPACE, block, .src = MAP2(1, 4 * n, 2, n),
                .block = 2),
            ROW("space_to_depth", REF_SPACE_TO_DEPTH, block, .src = MAP2(1, n, 2, 2 * n),
                .block = 2),
            ROW("gather", REF_GATHER, gather, .src = MAP2(1, 5, 2, n), .axis = 1,
                .indices = { .dtype = CVY_I64, .layout = CVY_PLAIN, .rank = 1, .size = { n } }),
            ROW("batch_norm", REF_BATCH_NORM, batch_norm, .src = MAP2(2, n, 1, n), .scale = true),
            ROW("instance_norm", REF_INSTANCE_NORM, instance_norm, .src = MAP2(1, n, 2, n),
                .bias = true),
            ROW("lrn", REF_LRN, lrn, .src = MAP2(1, n, 2, n), .size = 5),
            ROW("exp", REF_UNARY, unary, .kind = CVY_EXP, .src = MAP2(1, n, 2, n)),
            ROW("add channels", REF_BINARY, binary, .kind = CVY_ADD, .src = MAP2(2, n, 2, n),
                .src2 = MAP2(1, n, 1, 1)),
            ROW("where", REF_WHERE, where, .src = MAP2(1, n, 2, n), .src2 = MAP2(1, n, 2, n),
                .condition = { .dtype = CVY_BOOL, .rank = 4, .size = { 1, n, 2, n } }),
            ROW("cast", REF_CAST, cast, .src = MAP2(1, n, 2, n), .dtype = CVY_I8),
            ROW("sum rows", REF_REDUCE, reduce, .kind = CVY_REDUCE_SUM, .src = PLAIN(2, n, n),
                .axes = { false, true }),
            ROW("sum columns", REF_REDUCE, reduce, .kind = CVY_REDUCE_SUM, .src = PLAIN(2, n, n),
                .axes = { true }),
            ROW("resize", REF_RESIZE, resize, .src = MAP2(1, n, 2, n), .output_size = { 3, 35 - n },
                .mode = CVY_BILINEAR),
            ROW("matmul", REF_MATMUL, matmul, .src = PLAIN(2, n, n), .src2 = PLAIN(2, n, n)),
            ROW("matmul transposed", REF_MATMUL, matmul, .src = PLAIN(2, n, n),
                .src2 = PLAIN(2, 3, n), .transpose = true, .transpose2 = true),
        };

        expect_rows(rows, COUNT_OF(rows));
    }
    close_judge();
}

// One long axis -----------------------------------------------------------------------------------

// B27: more than 2^16, which no grid has along an axis, wherever a grid may have it.
LEDGER_TEST(edges, one_axis_beyond_any_grid)
{
    enum { LONG = (1 << 16) + 1 };
    static const struct row rows[] = {
        CONV("conv 1-D", .src = MAP1(1, 1, 2 * LONG), .out_channels = 2, .kernel_size = { 3 },
             .padding = { 1 }, .activation = { CVY_SILU }),
        CONV("conv batch", .src = MAP2(LONG, 1, 1, 2), .out_channels = 2, .kernel_size = { 1, 2 }),
        CONV("conv height", .src = MAP2(1, 2, LONG, 1), .out_channels = 2,
             .kernel_size = { 3, 1 }, .stride = { 1, 1 }, .bias = true),
        CONV("conv depth", .src = MAP3(1, 1, LONG, 1, 1), .out_channels = 1,
             .kernel_size = { 3, 1, 1 }),
        CONV("conv depthwise channels", .src = MAP2(1, LONG, 1, 1), .out_channels = LONG,
             .groups = LONG, .kernel_size = { 1, 1 }, .bias = true),
        CONV("conv depthwise height", .src = MAP2(1, 3, LONG, 1), .out_channels = 3, .groups = 3,
             .kernel_size = { 3, 1 }, .padding = { 1, 0 }),
        CONV("conv out_channels", .src = MAP2(1, 2, 1, 1), .out_channels = LONG,
             .kernel_size = { 1, 1 }),
        DECONV("deconv 1-D", .src = MAP1(1, 1, LONG / 2), .out_channels = 1, .kernel_size = { 3 },
               .stride = { 2 }),
        SEPARABLE("separable channels", .src = MAP2(1, 17 * LONG, 1, 1), .out_channels = 1,
                  .kernel_size = { 1, 1 }),
        SEPARABLE("separable batch", .src = MAP2(LONG, 1, 1, 2), .out_channels = 1,
                  .kernel_size = { 1, 2 }),
        LINEAR("linear rows", .src = PLAIN(2, LONG, 3), .out_features = 2),
        LINEAR("linear features", .src = PLAIN(2, 1, 3), .out_features = LONG),
        POOL("pool max 1-D", .kind = CVY_POOL_MAX, .src = MAP1(1, 1, LONG), .kernel_size = { 2 },
             .stride = { 1 }),
        POOL("pool max height", .kind = CVY_POOL_MAX, .src = MAP2(1, 2, LONG, 2),
             .kernel_size = { 3, 2 }, .stride = { 1, 1 }, .padding = { 1, 1 }),
        POOL("pool average batch", .kind = CVY_POOL_AVERAGE, .src = MAP2(LONG, 1, 2, 2),
             .kernel_size = { 2, 2 }),
        POOL("pool global channels", .kind = CVY_POOL_AVERAGE, .src = MAP2(1, LONG, 1, 2),
             .global = true),
        UNPOOL("unpool 1-D", .src = MAP1(1, 1, LONG), .kernel_size = { 2 }),
        ROW("silu batch", REF_ACTIVATION, activation, .src = MAP2(LONG, 1, 1, 2),
            .activation = { CVY_SILU }),
        { .label = "concat batch", .ref = {
            .op = REF_CONCAT, .concat = { .src_count = 2, .axis = 0 },
            .sources = { MAP2(LONG, 2, 1, 1), MAP2(1, 2, 1, 1) } } },
        ROW_WITH(ROW_OTHER_LAYOUT, "copy batch", REF_COPY, copy, .src = MAP2(LONG, 2, 1, 3)),
        ROW_WITH(ROW_OTHER_LAYOUT, "copy channels", REF_COPY, copy, .src = MAP2(1, LONG, 1, 8)),
        ROW_WITH(ROW_OTHER_LAYOUT, "copy width", REF_COPY, copy, .src = MAP2(1, 8, 1, LONG)),
        SOFTMAX("softmax rows", .src = PLAIN(2, LONG, 3), .axis = 1),
        SOFTMAX("softmax long rows of many", .src = PLAIN(2, LONG / 32, 33), .axis = 1),
        ROW("pad height", REF_PAD, pad, .src = MAP2(1, 1, LONG, 1), .before = { 0, 0, 1, 1 }),
        ROW("slice backwards", REF_SLICE, slice, .src = MAP2(2, 1, LONG, 1),
            .start = { 0, 0, -1, 0 }, .step = { 1, 1, -1, 1 }),
        ROW("transpose", REF_TRANSPOSE, transpose, .src = MAP2(2, 3, 1, LONG),
            .order = { 3, 1, 0, 2 }),
        ROW("depth_to_space", REF_DEPTH_TO_SPACE, block, .src = MAP2(LONG, 4, 1, 1), .block = 2),
        ROW("space_to_depth", REF_SPACE_TO_DEPTH, block, .src = MAP2(1, 1, 2, 2 * LONG),
            .block = 2),
        ROW("gather", REF_GATHER, gather, .src = MAP2(1, 3, 1, 1), .axis = 1,
            .indices = { .dtype = CVY_I32, .layout = CVY_PLAIN, .rank = 1, .size = { LONG } }),
        ROW("batch_norm channels", REF_BATCH_NORM, batch_norm, .src = MAP2(1, LONG, 1, 1)),
        ROW("batch_norm height", REF_BATCH_NORM, batch_norm, .src = MAP2(1, 1, LONG, 1)),
        ROW("instance_norm batch", REF_INSTANCE_NORM, instance_norm, .src = MAP2(LONG, 1, 1, 2)),
        ROW("lrn channels", REF_LRN, lrn, .src = MAP2(1, LONG, 1, 1), .size = 3),
        ROW("exp batch", REF_UNARY, unary, .kind = CVY_EXP, .src = MAP2(LONG, 1, 1, 2)),
        ROW("add rows", REF_BINARY, binary, .kind = CVY_ADD, .src = MAP2(LONG, 1, 1, 2),
            .src2 = MAP2(LONG, 1, 1, 1)),
        ROW("where height", REF_WHERE, where, .src = MAP2(1, 1, LONG, 1),
            .src2 = MAP2(1, 1, 1, 1),
            .condition = { .dtype = CVY_BOOL, .rank = 4, .size = { 1, 1, LONG, 1 } }),
        ROW("cast width", REF_CAST, cast, .src = MAP2(1, 1, 1, LONG), .dtype = CVY_I8),
        ROW("sum rows", REF_REDUCE, reduce, .kind = CVY_REDUCE_SUM, .src = PLAIN(2, LONG, 3),
            .axes = { false, true }),
        ROW("sum columns", REF_REDUCE, reduce, .kind = CVY_REDUCE_SUM, .src = PLAIN(2, 2, LONG),
            .axes = { true }),
        ROW("resize height", REF_RESIZE, resize, .src = MAP2(1, 1, LONG / 2, 1),
            .scale = { 2, 1 }),
        ROW("matmul rows", REF_MATMUL, matmul, .src = PLAIN(2, LONG, 2), .src2 = PLAIN(2, 2, 3)),
        ROW("matmul columns", REF_MATMUL, matmul, .src = PLAIN(2, 1, 2),
            .src2 = PLAIN(2, 2, LONG)),
        ROW("matmul batch", REF_MATMUL, matmul, .src = PLAIN(3, LONG, 1, 2),
            .src2 = PLAIN(3, LONG, 2, 1)),
    };

    open_judge();
    expect_rows(rows, COUNT_OF(rows));
    close_judge();
}

// Averages ----------------------------------------------------------------------------------------

// B13, B14: every way to count, with windows that start in the padding on either side.
LEDGER_TEST(edges, divisors_of_averages)
{
    static const int64_t widths[] = { 4, 6, 7, 8, 31 };

    open_judge();
    for (int way = 0; way < 3 * 2 * 2 * 2; way++)
        for (size_t i = 0; i < COUNT_OF(widths); i++) {
            const struct row row = POOL("pool average", .kind = CVY_POOL_AVERAGE,
                .src = MAP2(2, 3, 7, widths[i]), .kernel_size = { 3, 2 }, .stride = { 2, 3 },
                .padding = { 1, 1 }, .padding_end = { 0, 1 },
                .padding_rule = way % 2 ? CVY_PAD_BEGIN_END : CVY_PAD_SYMMETRIC,
                .ceil_mode = way / 2 % 2, .divisor_override = way / 4 % 2 ? 5 : 0,
                .count_include_pad = (cvy_count_pad)(way / 8));
            struct row bare = row;

            if (way % 2 == 0)
                memset(bare.ref.pool.padding_end, 0, sizeof bare.ref.pool.padding_end);
            expect_row(&bare, (uint64_t)way);
        }
    close_judge();
}

// The driver --------------------------------------------------------------------------------------

// D9: what sums in another order or place is refused to those who ask for exact sums.
LEDGER_TEST(edges, exact_plans_sum_directly)
{
    cvy_algorithm_info list[MOST_ALGORITHMS];
    size_t count = 0, indirect = 0;

    OK(cvy_algorithm_list(list, MOST_ALGORITHMS, &count));
    open_judge();
    for (size_t i = 0; i < count; i++)
        for (size_t row = 0; strcmp(list[i].accuracy, "direct") && row < rows_count(); row++) {
            struct judge_problem problem;
            struct judge_result result;

            rows_problem(row, CVY_NHWC, JUDGE_REAL, &problem);
            problem.exact = true;
            cr_expect_eq(judge_run(device.judge, &problem, list[i].name, &result), JUDGE_SKIP,
                         "%s solves %s", list[i].name, problem.label);
            indirect++;
        }
    close_judge();
    if (!indirect)
        cr_skip_test("every algorithm sums directly");
}

// D: NaN and infinities are values.
LEDGER_TEST(edges, kernels_are_compiled_for_all_values)
{
    static const char *const loose[] = { "finite-math", "relaxed-math", "unsafe-math" };
    struct kernel *kernel = NULL;
    struct instance instance;

    OK(context_open(NULL, &context));
    instance = copy_instance(context);
    OK(kernel_get(context, &instance, &kernel));
    cr_assert_str_not_empty(cl_table_options());
    for (size_t i = 0; i < COUNT_OF(loose); i++)
        cr_expect(!strstr(cl_table_options(), loose[i]), "\"%s\"", cl_table_options());
}

// C9: the user's own memory, let go before the job that reads and writes it has started.
LEDGER_TEST(edges, wrapped_memory_lives_until_its_job_is_done)
{
    static float host[64], got[64];
    cvy_buffer *wrap = NULL, *dst = NULL;
    cvy_event *user = NULL, *done = NULL;
    cvy_plan *plan = NULL;
    cl_event raw;
    cl_mem mem;
    cl_int code;

    open_all();
    if (strstr(context_device(context)->info.platform_name, "Oclgrind"))
        cr_skip_test("oclgrind hangs on flushed queues that wait for the host");
    for (int i = 0; i < 64; i++)
        host[i] = (float)i;
    mem = cl_table_real()->clCreateBuffer(cvy_context_cl_context(context),
                                          CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR, sizeof host,
                                          host, &code);
    cr_assert_eq(code, CL_SUCCESS);
    OK(make((cvy_buffer_params) { .cl_mem = mem }, &wrap));
    cl_table_real()->clReleaseMemObject(mem);
    OK(make((cvy_buffer_params) { .bytes = sizeof got }, &dst));
    OK(cvy_copy_create(context, &(cvy_copy_params) { .src = cvy_nc(CVY_F32, 8, 8),
                       .dst = { .stride = { 1, 8 } } }, &plan));
    raw = user_event(&user);
    OK(cvy_plan_enqueue(plan, queue, &(cvy_args) { .src = { wrap, 0 }, .dst = { dst, 0 } },
                        &(cvy_wait) { &user, 1 }, NULL));
    OK(cvy_queue_read(queue, (cvy_tensor) { dst, 0 }, got, sizeof got, NULL, &done));
    cvy_buffer_destroy(&wrap);
    cvy_buffer_destroy(&dst);
    cvy_plan_destroy(&plan);
    set_user_event(raw, CL_COMPLETE);
    OK(cvy_event_wait(done, -1));
    for (int i = 0; i < 64; i++)
        cr_assert_eq(got[i], host[i % 8 * 8 + i / 8], "float %d is %g", i, (double)got[i]);
    cvy_event_destroy(&done);
    cvy_event_destroy(&user);
}
