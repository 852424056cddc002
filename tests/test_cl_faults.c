// Tier 1 when OpenCL is missing, lies or does not compile: nothing leaks, every failure is a mapped
// status, and the same call succeeds afterwards. Calls that fail one by one are test_cl_calls.c's.
#include "cl_fixture.h"

#include <dlfcn.h>

static void only_install(void)
{
    if (!cl_table_install())
        cr_skip_test("no device: %s", cvy_error_text());
}

TestSuite(faults, .init = only_install, .timeout = 280);
TestSuite(loader, .timeout = 60);

// Loader, platforms, devices ----------------------------------------------------------------------

static bool hide_loader;

// In place of the C library's, for the whole program.
void *dlopen(const char *name, int flags)
{
    void *(*next)(const char *, int);
    void *symbol = dlsym(RTLD_NEXT, "dlopen");

    if (hide_loader && name && strstr(name, "libOpenCL"))
        return NULL;
    memcpy(&next, &symbol, sizeof next);
    return next(name, flags);
}

Test(loader, without_one_there_is_no_device_and_the_next_try_can_succeed)
{
    cvy_device_info info;
    cvy_context *none = NULL;
    size_t count = 7;

    if (dlsym(RTLD_DEFAULT, "clGetPlatformIDs"))
        cr_skip_test("OpenCL is in the process already");
    hide_loader = true;
    GIVES(CVY_ERR_NO_DEVICE, cvy_device_list(&info, 1, &count));
    cr_assert_eq(count, 0);
    cr_assert(strstr(cvy_error_text(), "libOpenCL.so.1"), "\"%s\"", cvy_error_text());
    cr_assert_eq(cvy_error_opencl(), 0);
    GIVES(CVY_ERR_NO_DEVICE, context_open(NULL, &none));
    cr_assert_null(none);
    hide_loader = false;
    if (cvy_device_list(&info, 1, &count) == CVY_OK)
        cr_assert_gt(count, 0);
}

// The call fails for want of a device, and the text says what there was.
static void expect_no_device(const char *label, const char *says, cl_int code)
{
    cvy_context *none = NULL;
    size_t count = 7;

    cr_assert_eq(cvy_device_list(NULL, 0, &count), CVY_ERR_NO_DEVICE, "%s", label);
    cr_assert_eq(count, 0, "%s", label);
    cr_assert_eq(context_open(NULL, &none), CVY_ERR_NO_DEVICE, "%s", label);
    cr_assert_null(none);
    cr_assert(strstr(cvy_error_text(), says), "%s: \"%s\"", label, cvy_error_text());
    cr_assert_eq(cvy_error_opencl(), code, "%s", label);
    cl_table_heal();
}

// E12, A18.
LEDGER_TEST(faults, nothing_to_run_on_says_what_is_missing)
{
    cl_table_fail("clGetPlatformIDs", 1, true, -1001);
    expect_no_device("a loader without drivers", "CL_PLATFORM_NOT_FOUND_KHR", -1001);
    cl_lies.no_platform = true;
    expect_no_device("no platforms", "OCL_ICD_VENDORS", 0);
    cl_table_fail("clGetDeviceIDs", 1, true, CL_DEVICE_NOT_FOUND);
    expect_no_device("platforms without devices", "CL_DEVICE_NOT_FOUND", CL_DEVICE_NOT_FOUND);
    cl_lies.no_device = true;
    expect_no_device("a count of 0", "no device", 0);
    cl_lies.vanishing_device = true;
    expect_no_device("devices that vanish between two calls", "no device", 0);
}

LEDGER_TEST(faults, a_driver_that_knows_nothing_is_no_device)
{
    cvy_context *none = NULL;
    cvy_device_info info;
    size_t count;

    cl_table_fail("clGetDeviceInfo", 1, true, CL_INVALID_VALUE);
    OK(cvy_device_list(&info, 1, &count));
    cr_assert(!info.available);
    cr_assert_neq(context_open(NULL, &none), CVY_OK);
    cr_assert(strstr(cvy_error_text(), "clGetDeviceInfo"), "\"%s\"", cvy_error_text());
    cr_assert_eq(cvy_error_opencl(), CL_INVALID_VALUE);
    cr_assert_null(none);
}

// E12.
LEDGER_TEST(faults, sixty_five_platforms_are_listed)
{
    size_t count = 0, one = 0;

    cl_lies.same_platform = 1;
    OK(cvy_device_list(NULL, 0, &one));
    cl_lies.same_platform = 65;
    OK(cvy_device_list(NULL, 0, &count));
    cr_assert_eq(count, 65 * one);
}

// Lies about facts --------------------------------------------------------------------------------

// Opens a context on the lying device; what it says is the caller's to look at.
static cvy_status open_lying(void)
{
    return context_open(NULL, &context);
}

// E7, E11, E15.
LEDGER_TEST(faults, devices_that_cannot_be_used_are_refused)
{
    static const struct {
        const char *version;
        cvy_status status;
    } versions[] = {
        { "OpenCL 1.0 old", CVY_ERR_UNSUPPORTED }, { "OpenCL 1.1", CVY_ERR_UNSUPPORTED },
        { "", CVY_ERR_UNSUPPORTED }, { "rubbish", CVY_ERR_UNSUPPORTED },
        { "OpenCL x.y", CVY_ERR_UNSUPPORTED }, { "OpenCL 1.2", CVY_OK }, { "OpenCL 2.0 z", CVY_OK },
        { "OpenCL 10.0", CVY_OK },
    };
    static const cl_device_info flags[] = { CL_DEVICE_AVAILABLE, CL_DEVICE_COMPILER_AVAILABLE,
                                            CL_DEVICE_ENDIAN_LITTLE };

    for (size_t i = 0; i < COUNT_OF(versions); i++) {
        cl_table_lie(CL_DEVICE_VERSION, versions[i].version, strlen(versions[i].version) + 1);
        GIVES(versions[i].status, open_lying());
        cvy_context_destroy(&context);
        cl_table_heal();
    }
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        LIE(flags[i], cl_bool, CL_FALSE);
        GIVES(i == 2 ? CVY_ERR_UNSUPPORTED : CVY_ERR_NO_DEVICE, open_lying());
        cl_table_heal();
    }
}

// E3, E9.
LEDGER_TEST(faults, odd_group_sizes_are_never_trusted)
{
    static const struct {
        const char *label;
        size_t group, items[3];
        int want;
    } rows[] = {
        { "groups of one", 1, { 1, 1, 1 }, 1 },
        { "a zero", 0, { 64, 64, 64 }, 1 },
        { "all zero", 0, { 0, 0, 0 }, 1 },
        { "the first axis is short", 1024, { 16, 1024, 1024 }, 16 },
        { "the last axis is short", 256, { 256, 256, 1 }, 256 },
        { "beyond an int", SIZE_MAX, { SIZE_MAX, SIZE_MAX, SIZE_MAX }, 1 << 16 },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        cl_table_lie(CL_DEVICE_MAX_WORK_GROUP_SIZE, &rows[i].group, sizeof(size_t));
        cl_table_lie(CL_DEVICE_MAX_WORK_ITEM_SIZES, rows[i].items, sizeof rows[i].items);
        OK(open_lying());
        cr_assert_eq(context_device(context)->max_group, rows[i].want, "%s", rows[i].label);
        cvy_context_destroy(&context);
        cl_table_heal();
    }
}

LEDGER_TEST(faults, kernels_larger_than_a_group_are_not_compiled)
{
    struct kernel *kernel = NULL;
    struct instance instance;

    LIE(CL_DEVICE_MAX_WORK_GROUP_SIZE, size_t, 8);
    OK(open_lying());
    instance = copy_instance(context);
    cr_assert_eq(instance.local[0], 8);
    instance.local[0] = 16;
    GIVES(CVY_ERR_BUILD, kernel_get(context, &instance, &kernel));
    cr_assert_null(kernel);
    cr_assert_eq(cl_table_calls("clBuildProgram"), 0);
    instance.local[0] = 8;
    OK(kernel_get(context, &instance, &kernel));
}

// B23, E8, E10.
LEDGER_TEST(faults, limits_of_memory_are_kept_before_the_driver_is_asked)
{
    cvy_buffer *none = NULL;
    int calls;

    LIE(CL_DEVICE_MAX_MEM_ALLOC_SIZE, cl_ulong, 1 << 20);
    OK(open_lying());
    calls = cl_table_calls("clCreateBuffer");
    GIVES(CVY_ERR_LIMIT,
          cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = (1 << 20) + 1 }, &none));
    cr_assert_eq(cl_table_calls("clCreateBuffer"), calls);
    OK(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = 1 << 20 }, &buffer));
    cvy_buffer_destroy(&buffer);
    cvy_context_destroy(&context);
    cl_table_heal();
    LIE(CL_DEVICE_MAX_MEM_ALLOC_SIZE, cl_ulong, UINT64_C(1) << 40);
    LIE(CL_DEVICE_ADDRESS_BITS, cl_uint, 32);
    OK(open_lying());
    GIVES(CVY_ERR_LIMIT, cvy_buffer_create(context, &(cvy_buffer_params) {
                             .bytes = (size_t)UINT32_MAX + 1 }, &none));
}

LEDGER_TEST(faults, the_class_follows_from_type_and_width)
{
    static const struct {
        cl_device_type type;
        cl_uint width;
        enum device_class device_class;
        int vector;
        const char *name;
    } rows[] = {
        { CL_DEVICE_TYPE_CPU, 16, DEVICE_CPU_WIDE, 16, "cpu-vector-16" },
        { CL_DEVICE_TYPE_CPU, 8, DEVICE_CPU_WIDE, 8, "cpu-vector-8" },
        { CL_DEVICE_TYPE_CPU, 4, DEVICE_CPU_WIDE, 4, "cpu-vector-4" },
        { CL_DEVICE_TYPE_CPU, 64, DEVICE_CPU_WIDE, 16, "cpu-vector-16" },
        { CL_DEVICE_TYPE_CPU, 7, DEVICE_CPU_WIDE, 4, "cpu-vector-4" },
        { CL_DEVICE_TYPE_CPU, 1, DEVICE_SIMT_SOFTWARE, 1, "simt-software" },
        { CL_DEVICE_TYPE_CPU, 0, DEVICE_SIMT_SOFTWARE, 1, "simt-software" },
        { CL_DEVICE_TYPE_GPU, 4, DEVICE_SIMT_GPU, 1, "simt-gpu" },
        { CL_DEVICE_TYPE_GPU | CL_DEVICE_TYPE_CPU, 8, DEVICE_SIMT_GPU, 1, "simt-gpu" },
        { CL_DEVICE_TYPE_ACCELERATOR, 8, DEVICE_SIMT_SOFTWARE, 1, "simt-software" },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        cl_table_lie(CL_DEVICE_TYPE, &rows[i].type, sizeof rows[i].type);
        cl_table_lie(CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, &rows[i].width, sizeof rows[i].width);
        cl_table_lie(CL_DEVICE_NAME, "chip", 5);        // llvmpipe has a quirk that decides
        OK(open_lying());
        cr_assert_eq(context_device(context)->device_class, rows[i].device_class, "row %zu", i);
        cr_assert_eq(context_device(context)->vector_width, rows[i].vector, "row %zu", i);
        cr_assert_str_eq(context_device(context)->info.device_class, rows[i].name);
        cvy_context_destroy(&context);
        cl_table_heal();
    }
}

// E13.
LEDGER_TEST(faults, a_name_may_be_long_and_strange)
{
    static char name[10000];
    cvy_device_info info;

    memset(name, 'n', sizeof name - 1);
    memcpy(name, "a,\nb\x1b[31m\xff", 10);
    cl_table_lie(CL_DEVICE_NAME, name, sizeof name);
    OK(open_lying());
    OK(cvy_context_device_info(context, &info));
    cr_assert_eq(strlen(info.name), sizeof info.name - 1);
    for (const char *at_char = info.name; *at_char; at_char++)
        cr_assert(*at_char >= ' ' && *at_char <= '~');
}

// Compiling ---------------------------------------------------------------------------------------

struct heard {
    size_t progress, dropped;
    size_t stop_at;             // 0: never
};

static void hear_log(void *user, cvy_log_level level, const char *text)
{
    struct heard *heard = user;

    heard->dropped += level == CVY_LOG_WARNING && strstr(text, "dropped");
    cr_assert(!strchr(text, '\n'));
}

static bool hear_progress(void *user, size_t done, size_t total, const char *name, double seconds)
{
    struct heard *heard = user;

    heard->progress++;
    cr_assert(done <= total && name && *name && seconds >= 0);
    return done != heard->stop_at;
}

static void start_set(struct start_kernel kernels[3])
{
    for (int i = 0; i < 3; i++) {
        kernels[i] = (struct start_kernel) { copy_instance(context), i == 2 ? "b" : "a" };
        kernels[i].instance.define_count = 1;
        kernels[i].instance.defines[0] = (struct define) { "MARK", i };
    }
}

static void open_hearing(struct heard *heard)
{
    OK(context_open(&(cvy_context_params) { .log = hear_log, .log_user = heard,
                    .progress = hear_progress, .progress_user = heard }, &context));
}

static cvy_status compile_set(const struct start_kernel *kernels, size_t count)
{
    cvy_status st = context_expect(context, kernels, count);

    return st == CVY_OK ? context_compile(context) : st;
}

static void expect_stats(size_t kernels, size_t programs, size_t failed)
{
    cvy_context_stats stats;

    OK(cvy_context_stats_get(context, &stats));
    cr_assert_eq(stats.kernels, kernels, "%zu kernels", stats.kernels);
    cr_assert_eq(stats.programs, programs, "%zu programs", stats.programs);
    cr_assert_eq(stats.failed, failed, "%zu failed", stats.failed);
}

LEDGER_TEST(faults, a_start_set_is_one_program_for_each_family)
{
    struct start_kernel kernels[3];
    struct heard heard = { 0 };
    struct kernel *kernel = NULL;
    int builds;

    open_hearing(&heard);
    start_set(kernels);
    OK(compile_set(kernels, 3));
    expect_stats(3, 2, 0);
    cr_assert_eq(heard.progress, 3);
    builds = cl_table_calls("clBuildProgram");
    OK(kernel_get(context, &kernels[1].instance, &kernel));
    OK(compile_set(kernels, 3));
    cr_assert_eq(cl_table_calls("clBuildProgram"), builds, "nothing is compiled twice");
    OK(compile_set(kernels, 0));
}

LEDGER_TEST(faults, a_program_that_fails_is_built_kernel_by_kernel)
{
    struct start_kernel kernels[3];
    struct heard heard = { 0 };

    open_hearing(&heard);
    start_set(kernels);
    cl_table_fail("clBuildProgram", 1, false, CL_BUILD_PROGRAM_FAILURE);
    OK(compile_set(kernels, 3));
    expect_stats(3, 3, 0);
    cr_assert_eq(heard.dropped, 0);
}

LEDGER_TEST(faults, kernels_that_do_not_compile_are_dropped_and_remembered)
{
    struct start_kernel kernels[3];
    struct heard heard = { 0 };
    struct kernel *kernel = NULL;
    int builds;

    open_hearing(&heard);
    start_set(kernels);
    cl_table_fail("clBuildProgram", 1, true, CL_BUILD_PROGRAM_FAILURE);
    OK(compile_set(kernels, 3));
    expect_stats(0, 0, 3);
    cr_assert_eq(heard.dropped, 3);
    cr_assert_eq(heard.progress, 3);
    builds = cl_table_calls("clBuildProgram");
    GIVES(CVY_ERR_BUILD, kernel_get(context, &kernels[0].instance, &kernel));
    cr_assert(strstr(cvy_error_text(), "weights_pack"), "\"%s\"", cvy_error_text());
    cr_assert_eq(cl_table_calls("clBuildProgram"), builds);
}

LEDGER_TEST(faults, a_shortage_while_compiling_is_not_remembered)
{
    static const struct {
        const char *function;
        cl_int code;
        cvy_status status;
    } rows[] = {
        { "clBuildProgram", CL_OUT_OF_RESOURCES, CVY_ERR_NOMEM_DEVICE },
        { "clBuildProgram", CL_OUT_OF_HOST_MEMORY, CVY_ERR_NOMEM_HOST },
        { "clCreateProgramWithSource", CL_OUT_OF_HOST_MEMORY, CVY_ERR_NOMEM_HOST },
        { "clCreateKernel", CL_OUT_OF_HOST_MEMORY, CVY_ERR_NOMEM_HOST },
        { "clEnqueueNDRangeKernel", CL_OUT_OF_RESOURCES, CVY_ERR_NOMEM_DEVICE },
        { "clWaitForEvents", CL_DEVICE_NOT_AVAILABLE, CVY_ERR_DEVICE_LOST },
    };
    struct kernel *kernel = NULL;
    struct instance instance;

    OK(open_lying());
    instance = copy_instance(context);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        instance.define_count = 1;
        instance.defines[0] = (struct define) { "MARK", (int32_t)i };
        cl_table_fail(rows[i].function, 1, false, rows[i].code);
        GIVES(rows[i].status, kernel_get(context, &instance, &kernel));
        cr_assert_null(kernel);
        cr_assert_eq(cvy_error_opencl(), rows[i].code);
        OK(kernel_get(context, &instance, &kernel));
        kernel = NULL;
    }
}

LEDGER_TEST(faults, the_callback_cancels_and_the_context_goes_on)
{
    struct start_kernel kernels[3];
    struct heard heard = { .stop_at = 1 };

    open_hearing(&heard);
    start_set(kernels);
    GIVES(CVY_ERR_CANCELLED, compile_set(kernels, 3));
    cr_assert_eq(heard.progress, 1);
    expect_stats(1, 1, 0);
    heard.stop_at = 0;
    OK(compile_set(kernels, 3));
    expect_stats(3, 2, 0);
}

// E4.
LEDGER_TEST(faults, what_comes_out_of_the_compiler_is_checked)
{
    struct kernel *kernel = NULL;
    struct instance instance;

    OK(open_lying());
    instance = copy_instance(context);
    cl_lies.kernel_args = 5;
    GIVES(CVY_ERR_BUILD, kernel_get(context, &instance, &kernel));
    cl_table_heal();
    if (instance.local[0] == 1 || context_device(context)->quirks & QUIRK_GROUP_UNDERSTATED)
        return;
    instance.defines[instance.define_count++] = (struct define) { "MARK", 1 };
    cl_lies.kernel_group = 1;
    GIVES(CVY_ERR_BUILD, kernel_get(context, &instance, &kernel));
}

LEDGER_TEST(faults, a_build_log_may_be_any_size)
{
    static const size_t sizes[] = { 1, 2, 4096, 10 << 20, (10 << 20) + 1, SIZE_MAX, SIZE_MAX / 2 };
    struct kernel *kernel = NULL;
    struct instance instance;

    OK(open_lying());
    instance = copy_instance(context);
    instance.define_count = 1;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        instance.defines[0] = (struct define) { "MARK", (int32_t)i };
        cl_lies.build_log = sizes[i];
        cl_table_fail("clBuildProgram", 1, false, CL_BUILD_PROGRAM_FAILURE);
        GIVES(CVY_ERR_BUILD, kernel_get(context, &instance, &kernel));
    }
}

// Two devices of one name, where the driver can be asked for that.
static void ask_for_two(void)
{
    setenv("POCL_DEVICES", "basic pthread", 1);
    only_install();
}

TestSuite(two_devices, .init = ask_for_two, .timeout = 120);

// E14.
LEDGER_TEST(two_devices, of_one_driver_are_told_apart_by_number)
{
    cvy_device_info info[16];
    cvy_context *other = NULL;
    char selector[32];
    size_t count;

    OK(cvy_device_list(info, 16, &count));
    if (count < 2 || strcmp(info[0].platform_name, info[1].platform_name) != 0)
        cr_skip_test("the driver has no two devices");
    OK(context_open(&(cvy_context_params) { .device = "0:0" }, &context));
    snprintf(selector, sizeof selector, "%d:%d", info[1].platform, info[1].device);
    OK(context_open(&(cvy_context_params) { .device = selector }, &other));
    cr_assert_neq(cvy_context_cl_device(context), cvy_context_cl_device(other));
    cvy_context_destroy(&other);

    // The user's context over both: one must be chosen.
    cl_device_id both[2] = { cvy_context_cl_device(context), NULL };
    cl_int code;
    OK(context_open(&(cvy_context_params) { .device = selector }, &other));
    both[1] = cvy_context_cl_device(other);
    cvy_context_destroy(&other);
    cl_context shared = cl_table_real()->clCreateContext(NULL, 2, both, NULL, NULL, &code);
    cr_assert_eq(code, CL_SUCCESS);
    GIVES(CVY_ERR_ARGUMENT, context_open(&(cvy_context_params) { .cl_context = shared }, &other));
    OK(context_open(&(cvy_context_params) { .cl_context = shared, .cl_device = both[1] }, &other));
    cr_assert_eq(cvy_context_cl_device(other), both[1]);
    cvy_context_destroy(&other);
    cl_table_real()->clReleaseContext(shared);
}
