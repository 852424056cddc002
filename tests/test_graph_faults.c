// Networks when OpenCL or the host's memory fail: any call, any allocation, while building,
// compiling and running. The status is mapped, nothing leaks, and the next try is right to the bit.
#include "cl_fixture.h"
#include "graph_fixture.h"
#include "graph_life.h"

TestSuite(graph_faults, .init = open_all, .timeout = 280);

static const cl_int fault_codes[] = {
    CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY, CL_MEM_OBJECT_ALLOCATION_FAILURE,
    CL_INVALID_COMMAND_QUEUE, CL_INVALID_CONTEXT, CL_DEVICE_NOT_AVAILABLE, -9999,
};

static struct result want;
static struct tensors tensors;

static void open_life(void)
{
    new_graph();
    build_life();
    compile(NULL);
    run_network(want.out);
    tensors_open(network, &tensors);
    OK(cvy_queue_finish(queue));
}

static void close_life(void)
{
    tensors_close(&tensors);
    result_free(&want);
    close_graph();
}

static void expect_run(const char *label, int nth)
{
    OK(cvy_network_enqueue(network, queue, tensors.in, tensors.out, NULL, NULL));
    for (int i = 0; i < 2; i++) {
        void *got = tensor_read(tensors.out[i], life_bytes[i]);

        cr_assert(memcmp(got, want.out[i], life_bytes[i]) == 0, "%s %d: output %d differs", label,
                  nth, i);
        free(got);
    }
}

// The status that a code may lead to; a compiler that fails may be done without.
static bool may_follow(cvy_status got, cl_int code)
{
    return got == CVY_OK || got == opencl_status(code) || got == CVY_ERR_BUILD;
}

// OpenCL ------------------------------------------------------------------------------------------

LEDGER_TEST(graph_faults, any_call_of_a_compile_may_fail)
{
    int nth = 0;
    char before[256];

    open_life();
    snprintf(before, sizeof before, "%s", cl_table_leaks());
    do {
        cl_int code = fault_codes[++nth % (int)COUNT_OF(fault_codes)];
        cvy_network *made = NULL;
        cvy_status st;

        cl_table_fail(NULL, nth, false, code);
        st = cvy_graph_compile(graph, context, NULL, &made);
        cl_table_heal();
        cr_assert(may_follow(st, code), "call %d gives %d: %s (%s)", nth, code,
                  cvy_status_name(st), cvy_error_text());
        cr_assert_eq(st == CVY_OK, made != NULL);
        cvy_network_destroy(&made);
        cl_table_real()->clFinish(cvy_queue_cl_queue(queue));
        cr_assert_str_eq(cl_table_leaks(), before, "call %d: %s, and before %s", nth,
                         cl_table_leaks(), before);
    } while (cl_table_fired());
    cr_assert_gt(nth, 20, "only %d calls", nth);
    compile(NULL);
    expect_run("compiled again", nth);
    close_life();
}

LEDGER_TEST(graph_faults, any_call_of_a_run_may_fail)
{
    int nth = 0;

    open_life();
    do {
        cl_int code = fault_codes[++nth % (int)COUNT_OF(fault_codes)];
        cvy_event *done = NULL;
        cvy_queue *other = NULL;
        cvy_status st;
        bool fired;

        OK(cvy_queue_create(context, NULL, &other));
        cl_table_fail(NULL, nth, false, code);
        st = cvy_network_enqueue(network, other, tensors.in, tensors.out, NULL, &done);
        fired = cl_table_fired();
        cl_table_heal();
        cr_assert(may_follow(st, code), "call %d gives %d: %s (%s)", nth, code,
                  cvy_status_name(st), cvy_error_text());
        cr_assert(!fired || st != CVY_OK || done, "call %d", nth);
        cvy_event_destroy(&done);
        cl_table_real()->clFinish(cvy_queue_cl_queue(other));
        expect_run("call", nth);
        OK(cvy_network_enqueue(network, other, tensors.in, tensors.out, NULL, NULL));
        OK(cvy_queue_finish(other));
        cvy_queue_destroy(&other);
        if (!fired)
            break;
    } while (true);
    cr_assert_gt(nth, 10, "only %d calls", nth);
    close_life();
}

static cvy_status whole_life(void)
{
    cvy_context *own = NULL;
    cvy_network *made = NULL;
    cvy_queue *on = NULL;
    cvy_buffer *memory[4] = { NULL };
    static const size_t bytes[] = { 1024, 16, 512, 48 };
    cvy_status st = CVY_OK;

    TRY(context_open(NULL, &own));
    TRY(cvy_graph_compile(graph, own, NULL, &made));
    TRY(cvy_queue_create(own, NULL, &on));
    for (int i = 0; i < 4; i++)
        TRY(cvy_buffer_create(own, &(cvy_buffer_params) { .bytes = bytes[i] }, &memory[i]));
    TRY(cvy_network_enqueue(made, on, (cvy_tensor[]) { { memory[0], 0 }, { memory[1], 0 } },
                            (cvy_tensor[]) { { memory[2], 0 }, { memory[3], 0 } }, NULL, NULL));
    st = cvy_queue_finish(on);
out:
    if (on)
        cl_table_real()->clFinish(cvy_queue_cl_queue(on));
    for (int i = 0; i < 4; i++)
        cvy_buffer_destroy(&memory[i]);
    cvy_queue_destroy(&on);
    cvy_network_destroy(&made);
    cvy_context_destroy(&own);
    return st;
}

// With a context of its own, whose kernels are compiled on the way. A few of its many calls.
LEDGER_TEST(graph_faults, any_call_of_a_whole_life_may_fail)
{
    char before[256];
    int nth = 1, calls;

    open_life();
    snprintf(before, sizeof before, "%s", cl_table_leaks());
    calls = cl_table_calls(NULL);
    OK(whole_life());
    calls = cl_table_calls(NULL) - calls;
    for (; nth < calls; nth += 1 + calls / 60) {
        cl_int code = fault_codes[nth % (int)COUNT_OF(fault_codes)];
        cvy_status st;

        cl_table_fail(NULL, nth, nth % 2 == 0, code);
        st = whole_life();
        cl_table_heal();
        cr_assert(may_follow(st, code) || st == CVY_ERR_NO_DEVICE, "call %d gives %d: %s (%s)",
                  nth, code, cvy_status_name(st), cvy_error_text());
        cr_assert_str_eq(cl_table_leaks(), before, "call %d: %s, and before %s", nth,
                         cl_table_leaks(), before);
    }
    OK(whole_life());
    close_life();
}

// Host memory -------------------------------------------------------------------------------------

// The linker puts these in place of the library's calls of them, and leaves the driver's alone.
void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);

static int allocations, failing;        // the number of the one that fails, 0: none

static bool fails(void)
{
    return ++allocations == failing;
}

void *__wrap_malloc(size_t bytes)
{
    return fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return fails() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *old, size_t bytes)
{
    return fails() ? NULL : __real_realloc(old, bytes);
}

static bool fail_allocation(int nth)
{
    bool reached = allocations >= failing;

    allocations = 0;
    failing = nth;
    return reached;
}

static cvy_status some_building(cvy_graph **out)
{
    static const float data[16];
    cvy_desc desc = shaped(CVY_F32, "4x4x1x1");
    cvy_value x = 0, w = 0, y = 0, parts[2];
    cvy_status st = CVY_OK;

    TRY(cvy_graph_create(out));
    TRY(cvy_graph_input(*out, &(cvy_graph_input_params) { .name = "x",
                        .desc = shaped(CVY_F32, "1x4x2x2") }, &x));
    TRY(cvy_graph_constant(*out, "w", &desc, data, &w));
    TRY(cvy_graph_conv(*out, NULL, &(cvy_node) { .name = "conv", .src = x, .weights = w }, &y));
    parts[0] = x;
    parts[1] = y;
    TRY(cvy_graph_concat(*out, NULL, &(cvy_node) { .srcs = parts, .src_count = 2 }, &y));
    st = cvy_graph_output(*out, "y", y);
out:
    return st;
}

LEDGER_TEST(graph_faults, any_allocation_of_building_may_fail)
{
    for (int nth = 1;; nth++) {
        cvy_graph *made = NULL;
        cvy_status st;

        fail_allocation(nth);
        st = some_building(&made);
        if (!fail_allocation(0)) {
            cr_assert_eq(st, CVY_OK);
            cvy_graph_destroy(&made);
            return;
        }
        cr_assert_eq(st, CVY_ERR_NOMEM_HOST, "allocation %d: %s (%s)", nth, cvy_status_name(st),
                     cvy_error_text());
        cvy_graph_destroy(&made);
    }
}

LEDGER_TEST(graph_faults, any_allocation_of_a_compile_may_fail)
{
    char before[256];
    bool reached = true;
    int nth = 1;

    open_life();
    snprintf(before, sizeof before, "%s", cl_table_leaks());
    for (; reached; nth++) {
        cvy_network *made = NULL;
        cvy_status st;

        fail_allocation(nth);
        st = cvy_graph_compile(graph, context, NULL, &made);
        reached = fail_allocation(0);
        cr_assert(st == CVY_ERR_NOMEM_HOST || st == CVY_OK, "allocation %d: %s (%s)", nth,
                  cvy_status_name(st), cvy_error_text());
        cr_assert_eq(st == CVY_OK, made != NULL);
        cvy_network_destroy(&made);
        cr_assert_str_eq(cl_table_leaks(), before, "allocation %d: %s, and before %s", nth,
                         cl_table_leaks(), before);
    }
    cr_assert_gt(nth, 100, "only %d allocations", nth);
    compile(NULL);
    expect_run("compiled again", 0);
    close_life();
}

LEDGER_TEST(graph_faults, any_allocation_of_a_run_may_fail)
{
    bool reached = true;

    open_life();
    for (int nth = 1; reached; nth++) {
        cvy_event *done = NULL;
        cvy_status st;

        fail_allocation(nth);
        st = cvy_network_enqueue(network, queue, tensors.in, tensors.out, NULL, &done);
        reached = fail_allocation(0);
        cr_assert(st == CVY_ERR_NOMEM_HOST || st == CVY_OK, "allocation %d: %s", nth,
                  cvy_status_name(st));
        cvy_event_destroy(&done);
        expect_run("allocation", nth);
    }
    close_life();
}
