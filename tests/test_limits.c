// Every plan on devices that have less than the one at hand: the table lies about the facts and
// keeps to them, and the judge compares each row, each algorithm that accepts it and a slice of the
// sweep with the reference. CONVOY_TEST_PROBLEMS and CONVOY_TEST_SEED pick the slice.
#include "cl_fixture.h"

#include "judge.h"
#include "rows.h"
#include "sweep.h"

#include <stdlib.h>

static void only_install(void)
{
    if (!cl_table_install())
        cr_skip_test("no device: %s", cvy_error_text());
}

TestSuite(limits, .init = only_install, .timeout = 280);

enum { MOST_ALGORITHMS = 96, MOST_SHOWN = 10, SLICE = 400 };

struct tally {
    long run, failed;
    long planned[REF_OP_COUNT];     // problems that an operator solved by the planner's choice
};

static unsigned long long environment(const char *variable, unsigned long long standard)
{
    const char *text = getenv(variable);

    return text && *text ? strtoull(text, NULL, 0) : standard;
}

static void try_one(struct judge_device *device, const struct judge_problem *problem,
                    const char *algorithm, struct tally *tally)
{
    struct judge_result result;
    enum judge_verdict verdict = judge_run(device->judge, problem, algorithm, &result);

    tally->run += verdict != JUDGE_SKIP;
    tally->failed += verdict == JUDGE_FAIL;
    tally->planned[problem->ref.op] += !algorithm && verdict == JUDGE_PASS;
    if (verdict == JUDGE_FAIL && tally->failed <= MOST_SHOWN)
        cr_expect(false, "%s", result.message);
}

// Whether a tensor of the problem is larger than a buffer may be, which is LIMIT and right.
static bool is_too_large(const struct judge_device *device, const struct judge_problem *problem)
{
    int64_t most = device->info.max_buffer_bytes - (64 << 10);      // canaries and a shift
    cvy_desc dst;

    return judge_dst(problem, &dst) && ((int64_t)cvy_desc_bytes(ref_src(&problem->ref)) > most
                                        || (int64_t)cvy_desc_bytes(&dst) > most);
}

static void each_row(struct judge_device *device, const char *algorithm, size_t rows,
                     struct tally *tally)
{
    for (size_t i = 0; i < rows; i++)
        for (int way = 0; way < 2; way++) {
            struct judge_problem problem;

            rows_problem(i, way ? CVY_NHWC : CVY_NCHW, way ? JUDGE_REAL : JUDGE_INTEGER,
                         &problem);
            if (!is_too_large(device, &problem))
                try_one(device, &problem, algorithm, tally);
        }
}

static void each_algorithm(struct judge_device *device, size_t rows, struct tally *tally)
{
    cvy_algorithm_info list[MOST_ALGORITHMS];
    size_t count = 0;

    OK(cvy_algorithm_list(list, MOST_ALGORITHMS, &count));
    cr_assert_leq(count, MOST_ALGORITHMS, "%zu algorithms: raise MOST_ALGORITHMS", count);
    for (size_t i = 0; i < count; i++)
        if (!list[i].slow_start)
            each_row(device, list[i].name, rows, tally);
}

static void some_of_the_sweep(struct judge_device *device, struct tally *tally)
{
    unsigned long long count = environment("CONVOY_TEST_PROBLEMS", SLICE);
    unsigned long long seed = environment("CONVOY_TEST_SEED", 7);

    for (unsigned long long i = 0; i < MIN(count, SLICE); i++) {
        struct judge_problem problem;

        sweep_problem(seed + i, &problem);
        try_one(device, &problem, NULL, tally);
    }
}

static void open_lying(struct judge_device *device)
{
    cvy_status st = judge_open(getenv("CONVOY_DEVICE"), device);

    cr_assert_eq(st, CVY_OK, "%s: %s", cvy_status_name(st), cvy_error_text());
}

// Algorithms know the limits: they ask for no kernel that the device then refuses. But it may say
// less of kernels than of itself, and rusticl says twice what they take of local memory.
static void expect_no_refusals(const struct judge_device *device)
{
    cvy_context_stats stats;

    OK(cvy_context_stats_get(device->context, &stats));
    if (strstr(device->info.platform_name, "rusticl")
        || (cl_lies.kernel_group && cl_lies.kernel_group < (size_t)device->info.max_work_group))
        return;
    cr_expect_eq(stats.failed, 0, "%zu kernels were refused", stats.failed);
}

// Rounds of all loops of a work-item; 0: as the device has it. No fact of OpenCL's says it.
static int64_t most_rounds;

// What to try besides the planner's choice for the short rows.
enum { LONG_ROWS = 1, EACH_ALGORITHM = 2 };

// The promise of this file.
static void expect_all_right(unsigned more)
{
    size_t rows = rows_count() - (more & LONG_ROWS ? 0 : rows_long_count());
    struct judge_device device;
    struct tally tally = { 0 };

    open_lying(&device);
    if (most_rounds)
        ((struct device *)(uintptr_t)context_device(device.context))->max_rounds = most_rounds;
    each_row(&device, NULL, rows, &tally);
    if (more & EACH_ALGORITHM)
        each_algorithm(&device, rows, &tally);
    some_of_the_sweep(&device, &tally);
    printf("%s, class %s: %ld problems, %ld failed\n", device.info.name, device.info.device_class,
           tally.run, tally.failed);
    cr_expect_eq(tally.failed, 0, "%ld of %ld problems failed", tally.failed, tally.run);
    for (int op = 0; op < REF_OP_COUNT; op++)
        cr_expect_gt(tally.planned[op], 0, "nothing solves %s here", ref_op_name((enum ref_op)op));
    expect_no_refusals(&device);
    judge_close(&device);
}

// A GPU as the library sees it: work-items instead of vectors.
static void lie_gpu(size_t group, cl_ulong local_bytes)
{
    LIE(CL_DEVICE_TYPE, cl_device_type, CL_DEVICE_TYPE_GPU);
    LIE(CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, cl_uint, 1);
    LIE(CL_DEVICE_MAX_COMPUTE_UNITS, cl_uint, 4);
    LIE(CL_DEVICE_MAX_WORK_GROUP_SIZE, size_t, group);
    LIE(CL_DEVICE_MAX_WORK_ITEM_SIZES, size_t, group, group, MIN(group, 64));
    LIE(CL_DEVICE_LOCAL_MEM_SIZE, cl_ulong, local_bytes);
}

LEDGER_TEST(limits, gpu_of_32_kib)
{
    lie_gpu(256, 32 << 10);
    expect_all_right(LONG_ROWS | EACH_ALGORITHM);
}

// E3.
LEDGER_TEST(limits, groups_of_one)
{
    LIE(CL_DEVICE_MAX_WORK_GROUP_SIZE, size_t, 1);
    LIE(CL_DEVICE_MAX_WORK_ITEM_SIZES, size_t, 1, 1, 1);
    cl_lies.kernel_group = 1;
    expect_all_right(LONG_ROWS | EACH_ALGORITHM);
}

LEDGER_TEST(limits, groups_of_one_on_a_gpu)
{
    lie_gpu(1, 32 << 10);
    cl_lies.kernel_group = 1;
    expect_all_right(LONG_ROWS | EACH_ALGORITHM);
}

// E4: the device promises more than it gives to any kernel.
static void expect_right_with_kernels_of(size_t items)
{
    struct judge_device device;

    lie_gpu(256, 32 << 10);
    open_lying(&device);
    judge_close(&device);
    if (strstr(device.info.quirks, "group-understated"))
        cr_skip_test("what this driver says of kernels is not believed");
    cl_lies.kernel_group = items;
    expect_all_right(LONG_ROWS | EACH_ALGORITHM);
}

LEDGER_TEST(limits, kernels_of_fewer_items_than_the_device)
{
    expect_right_with_kernels_of(48);
}

LEDGER_TEST(limits, kernels_of_one_item_where_the_device_has_more)
{
    expect_right_with_kernels_of(1);
}

// E5.
LEDGER_TEST(limits, a_kib_of_local_memory)
{
    LIE(CL_DEVICE_LOCAL_MEM_SIZE, cl_ulong, 1024);
    LIE(CL_DEVICE_LOCAL_MEM_TYPE, cl_device_local_mem_type, CL_GLOBAL);
    expect_all_right(EACH_ALGORITHM);
}

LEDGER_TEST(limits, a_kib_of_local_memory_on_a_gpu)
{
    lie_gpu(1024, 1024);
    expect_all_right(EACH_ALGORITHM);
}

LEDGER_TEST(limits, no_local_memory)
{
    LIE(CL_DEVICE_LOCAL_MEM_SIZE, cl_ulong, 0);
    LIE(CL_DEVICE_LOCAL_MEM_TYPE, cl_device_local_mem_type, CL_NONE);
    expect_all_right(EACH_ALGORITHM);
}

LEDGER_TEST(limits, no_local_memory_on_a_gpu)
{
    lie_gpu(256, 0);
    expect_all_right(EACH_ALGORITHM);
}

// E9.
LEDGER_TEST(limits, groups_along_one_axis)
{
    lie_gpu(256, 32 << 10);
    LIE(CL_DEVICE_MAX_WORK_ITEM_SIZES, size_t, 256, 1, 1);
    expect_all_right(EACH_ALGORITHM);
}

// No power of two.
LEDGER_TEST(limits, groups_of_twenty_one)
{
    lie_gpu(21, 32 << 10);
    expect_all_right(0);
}

// Loops that end early (llvmpipe's after 65,535 rounds): references go in parts, the others refuse.
LEDGER_TEST(limits, loops_of_sixty_rounds)
{
    most_rounds = 60;
    expect_all_right(EACH_ALGORITHM);
}

// What is missing ---------------------------------------------------------------------------------

// E1, E2, E6, E7: nothing but what every OpenCL 1.2 has. That no entry point is newer the compiler
// checks: opencl.h is for 1.2.
LEDGER_TEST(limits, opencl_1_2_without_fp64_fp16_and_images)
{
    static const char version[] = "OpenCL 1.2 lie", language[] = "OpenCL C 1.2 lie";
    static const char extensions[] = "cl_khr_byte_addressable_store";

    cl_table_lie(CL_DEVICE_VERSION, version, sizeof version);
    cl_table_lie(CL_DEVICE_OPENCL_C_VERSION, language, sizeof language);
    cl_table_lie(CL_DEVICE_EXTENSIONS, extensions, sizeof extensions);
    LIE(CL_DEVICE_DOUBLE_FP_CONFIG, cl_device_fp_config, 0);
    LIE(CL_DEVICE_IMAGE_SUPPORT, cl_bool, CL_FALSE);
    expect_all_right(LONG_ROWS | EACH_ALGORITHM);
}

// E16: division may be off by 3 ulp, which no tolerance minds. 64-bit integers are an option there.
LEDGER_TEST(limits, embedded_profile)
{
    static const char profile[] = "EMBEDDED_PROFILE", longs[] = "cles_khr_int64", none[] = "";
    cvy_context *refused = NULL;

    cl_table_lie(CL_DEVICE_PROFILE, profile, sizeof profile);
    cl_table_lie(CL_DEVICE_EXTENSIONS, none, sizeof none);
    GIVES(CVY_ERR_UNSUPPORTED, context_open(NULL, &refused));
    cr_assert(strstr(cvy_error_text(), "cles_khr_int64"), "\"%s\"", cvy_error_text());
    cl_table_heal();
    cl_table_lie(CL_DEVICE_PROFILE, profile, sizeof profile);
    cl_table_lie(CL_DEVICE_EXTENSIONS, longs, sizeof longs);
    LIE(CL_DEVICE_IMAGE_SUPPORT, cl_bool, CL_FALSE);
    expect_all_right(0);
}

// No cache holds any tensor: stores go past them wherever they can.
LEDGER_TEST(limits, cache_of_one_byte)
{
    LIE(CL_DEVICE_GLOBAL_MEM_CACHE_SIZE, cl_ulong, 1);
    expect_all_right(EACH_ALGORITHM);
}

// Drivers of virtual and new devices answer 0 to much.
LEDGER_TEST(limits, facts_that_say_nothing)
{
    LIE(CL_DEVICE_MAX_COMPUTE_UNITS, cl_uint, 0);
    LIE(CL_DEVICE_MAX_CLOCK_FREQUENCY, cl_uint, 0);
    LIE(CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, cl_uint, 0);
    LIE(CL_DEVICE_PREFERRED_VECTOR_WIDTH_FLOAT, cl_uint, 0);
    LIE(CL_DEVICE_MEM_BASE_ADDR_ALIGN, cl_uint, 0);
    LIE(CL_DEVICE_MAX_CONSTANT_BUFFER_SIZE, cl_ulong, 0);
    LIE(CL_DEVICE_MAX_CONSTANT_ARGS, cl_uint, 0);
    LIE(CL_DEVICE_GLOBAL_MEM_SIZE, cl_ulong, 0);
    LIE(CL_DEVICE_GLOBAL_MEM_CACHE_SIZE, cl_ulong, 0);
    LIE(CL_DEVICE_ADDRESS_BITS, cl_uint, 32);
    LIE(CL_DEVICE_TYPE, cl_device_type, CL_DEVICE_TYPE_CUSTOM);
    expect_all_right(0);
}

// E14: told apart by number alone.
LEDGER_TEST(limits, two_devices_of_one_name)
{
    struct judge_device devices[2];

    cl_lies.same_platform = 2;
    for (int i = 0; i < 2; i++) {
        cvy_status st = judge_open(i ? "1:0" : "0:0", &devices[i]);

        cr_assert_eq(st, CVY_OK, "%s", cvy_error_text());
        cr_assert_eq(devices[i].info.platform, i);
    }
    cr_assert_str_eq(devices[0].info.name, devices[1].info.name);
    for (size_t row = 0; row < rows_count() - rows_long_count(); row += 7)
        for (int i = 0; i < 2; i++) {
            struct judge_problem problem;
            struct judge_result result;

            rows_problem(row, CVY_NHWC, JUDGE_INTEGER, &problem);
            cr_expect_eq(judge_run(devices[i].judge, &problem, NULL, &result), JUDGE_PASS, "%s",
                         result.message);
        }
    for (int i = 0; i < 2; i++)
        judge_close(&devices[i]);
}

// Small buffers -----------------------------------------------------------------------------------

// E8.
LEDGER_TEST(limits, buffers_of_a_mebibyte)
{
    LIE(CL_DEVICE_MAX_MEM_ALLOC_SIZE, cl_ulong, 1 << 20);
    LIE(CL_DEVICE_GLOBAL_MEM_SIZE, cl_ulong, 4 << 20);
    expect_all_right(0);
}

// B24: a plan that would need more memory of its own than a buffer has gives way to one that needs
// less; where none needs less it is LIMIT, and so is whatever does not fit itself.
LEDGER_TEST(limits, workspace_beyond_the_largest_buffer)
{
    struct judge_problem problem = { .ref = { .op = REF_CONV, .conv = {
        .src = cvy_nchw(CVY_F32, 1, 5, 170, 171), .out_channels = 6, .kernel_size = { 3, 3 },
        .padding = { 1, 1 }, .bias = true } }, .data = JUDGE_INTEGER, .label = "no workspace" };
    const cvy_separable_params pair = {
        .src = cvy_nchw(CVY_F32, 1, 5, 170, 171), .channel_multiplier = 2, .out_channels = 1,
        .kernel_size = { 1, 1 } };
    struct judge_device device;
    struct judge_result result;
    cvy_plan *plan = NULL;

    LIE(CL_DEVICE_MAX_MEM_ALLOC_SIZE, cl_ulong, 1 << 20);
    open_lying(&device);
    cr_expect_eq(judge_run(device.judge, &problem, NULL, &result), JUDGE_PASS, "%s",
                 result.message);
    cr_expect(!strstr(result.algorithm, "via"), "%s", result.algorithm);
    GIVES(CVY_ERR_LIMIT, cvy_separable_create(device.context, &pair, &plan));
    problem.ref.conv.src.size[1] = 10;
    cr_expect_eq(judge_run(device.judge, &problem, NULL, &result), JUDGE_FAIL);
    cr_expect(strstr(result.message, "CVY_ERR_LIMIT"), "%s", result.message);
    judge_close(&device);
}
