// Tier 1 with any call of OpenCL failing: the status is mapped, nothing leaks, and the next run of
// the same calls is right to the bit.
#include "cl_fixture.h"

static void only_install(void)
{
    if (!cl_table_install())
        cr_skip_test("no device: %s", cvy_error_text());
}

TestSuite(calls, .init = only_install, .timeout = 280);

// A small life: everything that tier 1 does, once. What it moves is in `moved`.
struct life {
    cvy_context *context;
    cvy_queue *queue;
    cvy_buffer *buffer, *view;
    cvy_event *event;
    void *mapped;
};

static float moved[64];

static cvy_status run_copy(struct life *life, cvy_event **event)
{
    struct instance instance = copy_instance(life->context);
    struct kernel *kernel;
    struct region src, dst;
    struct job job = { 0 };
    cvy_status st = CVY_OK;

    TRY(kernel_get(life->context, &instance, &kernel));
    TRY(tensor_region(life->context, (cvy_tensor) { life->buffer, 0 }, "src", &src));
    TRY(tensor_region(life->context, (cvy_tensor) { life->view, 0 }, "dst", &dst));
    TRY(job_begin(life->queue, NULL, NULL, true, &job));
    st = copy_launch(&job, kernel, &src, &dst, 64);
    if (st == CVY_OK)
        st = copy_launch(&job, kernel, &src, &dst, 64);
    st = job_end(&job, st, event);
out:
    return st;
}

static cvy_status live(struct life *life)
{
    static float sent[64];
    cvy_tensor src, dst;
    cvy_wait wait = { &life->event, 1 };
    cvy_status st = CVY_OK;

    for (int i = 0; i < 64; i++)
        sent[i] = (float)i + 0.5f;
    TRY(context_open(NULL, &life->context));
    TRY(cvy_buffer_create(life->context, &(cvy_buffer_params) { .bytes = 1024 }, &life->buffer));
    TRY(cvy_buffer_create(life->context, &(cvy_buffer_params) {
                          .parent = life->buffer, .offset = 512 }, &life->view));
    TRY(cvy_queue_create(life->context, NULL, &life->queue));
    src = (cvy_tensor) { life->buffer, 0 }, dst = (cvy_tensor) { life->view, 0 };
    TRY(cvy_queue_fill(life->queue, dst, "none", 4, 512, NULL, NULL));
    TRY(cvy_queue_write(life->queue, src, sent, 256, NULL, NULL));
    TRY(queue_reserve(life->queue, 100));
    TRY(run_copy(life, &life->event));
    TRY(cvy_queue_copy(life->queue, dst, (cvy_tensor) { life->view, 256 }, 256, &wait, NULL));
    TRY(cvy_queue_map(life->queue, dst, 4, CVY_READ_ONLY, NULL, &life->mapped, NULL));
    TRY(cvy_queue_unmap(life->queue, dst, life->mapped, NULL, NULL));
    TRY(cvy_queue_read(life->queue, (cvy_tensor) { life->view, 256 }, moved, 256, &wait, NULL));
    TRY(cvy_queue_finish(life->queue));
    for (int i = 0; i < 64; i++)
        cr_assert_eq(moved[i], sent[i], "float %d of a run without an error", i);
out:
    return st;
}

static void end_life(struct life *life)
{
    // A call that failed may leave commands behind: they end before their memory does.
    if (life->queue)
        cl_table_real()->clFinish(cvy_queue_cl_queue(life->queue));
    cvy_event_destroy(&life->event);
    cvy_queue_destroy(&life->queue);
    cvy_buffer_destroy(&life->view);
    cvy_buffer_destroy(&life->buffer);
    cvy_context_destroy(&life->context);
}

// A status that a code may lead to: its own, what the search for a device or a compiler makes of
// it, or nothing at all when the driver was asked for something that can be done without.
static bool may_follow(cvy_status got, cl_int code)
{
    return got == CVY_OK || got == opencl_status(code) || got == CVY_ERR_NO_DEVICE;
}

// False once nothing fails any more.
static bool life_with_fault(const char *function, int nth, bool sticky, cl_int code)
{
    struct life life = { 0 };
    cvy_status got;
    bool fired;

    cl_table_fail(function, nth, sticky, code);
    got = live(&life);
    fired = cl_table_fired();
    if (!sticky)
        cl_table_heal();
    end_life(&life);
    cl_table_heal();
    cr_assert(may_follow(got, code), "call %d of %s gives %d: %s (%s)", nth,
              function ? function : "any", code, cvy_status_name(got), cvy_error_text());
    cr_assert_str_empty(cl_table_leaks(), "call %d of %s gives %d: left over %s", nth,
                        function ? function : "any", code, cl_table_leaks());
    return fired;
}

static void expect_life(void)
{
    struct life life = { 0 };

    OK(live(&life));
    end_life(&life);
    cr_assert_str_empty(cl_table_leaks());
}

static const cl_int fault_codes[] = {
    CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY, CL_MEM_OBJECT_ALLOCATION_FAILURE,
    CL_INVALID_COMMAND_QUEUE, CL_INVALID_CONTEXT, CL_DEVICE_NOT_AVAILABLE, -9999,
};

LEDGER_TEST(calls, any_call_may_fail_once)
{
    int nth = 1;

    while (life_with_fault(NULL, nth, false, fault_codes[nth % COUNT_OF(fault_codes)]))
        nth++;
    cr_assert_gt(nth, 50, "only %d calls were reached", nth);
    expect_life();
}

LEDGER_TEST(calls, any_call_may_fail_for_ever)
{
    int nth = 1;

    while (life_with_fault(NULL, nth, true, fault_codes[nth / 5 % COUNT_OF(fault_codes)]))
        nth += 5;
    expect_life();
}

LEDGER_TEST(calls, each_function_may_fail_with_each_code)
{
    static const char *const functions[] = {
#define X(name) #name,
        CL_FUNCS(X)
#undef X
    };

    for (size_t i = 0; i < COUNT_OF(functions); i++)
        for (size_t k = 0; k < 3; k++)
            life_with_fault(functions[i], 1, false, fault_codes[k]);
    expect_life();
}

LEDGER_TEST(calls, two_contexts_stand_side_by_side)
{
    struct life lives[2] = { { 0 }, { 0 } };

    OK(live(&lives[0]));
    OK(live(&lives[1]));
    cr_assert_neq(cvy_context_cl_context(lives[0].context),
                  cvy_context_cl_context(lives[1].context));
    OK(cvy_queue_finish(lives[0].queue));
    end_life(&lives[0]);
    OK(cvy_queue_finish(lives[1].queue));
    end_life(&lives[1]);
}
