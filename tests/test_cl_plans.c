// What plans do with OpenCL's objects: what they wait for, keep and let go. Every test ends with
// the ledger, which shows what a plan or prepared constants leave behind.
#include "cl_fixture.h"

#include <convoy/ops.h>

#include <stdlib.h>

TestSuite(cl_plans, .init = open_all, .timeout = 120);

static const float two = 2, three = 3;

// dst = weight src + bias, of one float.
static cvy_plan *one_float(bool bias)
{
    cvy_plan *plan = NULL;

    OK(cvy_conv_create(context, &(cvy_conv_params) {
        .src = cvy_nchw(CVY_F32, 1, 1, 1, 1), .out_channels = 1, .kernel_size = { 1, 1 },
        .bias = bias }, &plan));
    OK(cvy_queue_fill(queue, at(0), &two, 4, 1024, NULL, NULL));
    OK(cvy_queue_finish(queue));
    return plan;
}

static void expect_float(size_t offset, float wanted)
{
    float got = 0;

    OK(cvy_queue_read(queue, at(offset), &got, 4, NULL, NULL));
    cr_assert(got == wanted, "%g, not %g", (double)got, (double)wanted);
}

// Buffers that are alive, out of the ledger's "3 queues 5 buffers ".
static int buffers_alive(void)
{
    const char *ledger = cl_table_leaks(), *word = strstr(ledger, " buffers");

    while (word && word > ledger && word[-1] >= '0' && word[-1] <= '9')
        word--;
    return word ? atoi(word) : 0;
}

// The other queue packs them behind a job that the test holds up.
LEDGER_TEST(cl_plans, wait_for_constants_that_another_queue_prepares)
{
    cvy_plan *plan = one_float(false);
    cvy_queue *other = NULL;
    cvy_event *user = NULL, *done = NULL;
    cvy_weights *weights = NULL;
    cl_event raw;

    if (strstr(context_device(context)->info.platform_name, "Oclgrind"))
        cr_skip_test("oclgrind hangs on flushed queues that wait for the host");
    raw = user_event(&user);
    OK(cvy_queue_create(context, NULL, &other));
    OK(cvy_queue_fill(other, at(256), &three, 4, 4, &(cvy_wait) { &user, 1 }, NULL));
    OK(cvy_plan_prepare(plan, other, &(cvy_args) { .weights = at(256) }, &weights));
    OK(cvy_plan_enqueue(plan, queue, &(cvy_args) { .src = at(0), .prepared = weights,
                                                   .dst = at(512) }, NULL, &done));
    GIVES(CVY_ERR_TIMEOUT, cvy_event_wait(done, 20000000));
    set_user_event(raw, CL_COMPLETE);
    expect_float(512, 6);
    cvy_event_destroy(&done);
    cvy_event_destroy(&user);
    cvy_weights_destroy(&weights);
    cvy_plan_destroy(&plan);
    OK(cvy_queue_finish(other));
    cvy_queue_destroy(&other);
}

LEDGER_TEST(cl_plans, prepared_constants_outlive_the_raw_ones_and_release_them_when_told)
{
    cvy_plan *plan = one_float(true);
    cvy_buffer *raw[2] = { NULL };
    cvy_weights *weights = NULL;
    int before;

    for (int i = 0; i < 2; i++) {
        OK(make((cvy_buffer_params) { .bytes = 4 }, &raw[i]));
        OK(cvy_queue_write(queue, (cvy_tensor) { raw[i], 0 }, &three, 4, NULL, NULL));
    }
    OK(cvy_plan_prepare(plan, queue, &(cvy_args) { .weights = { raw[0], 0 },
                                                   .bias = { raw[1], 0 } }, &weights));
    before = buffers_alive();
    cvy_buffer_destroy(&raw[0]);
    cvy_buffer_destroy(&raw[1]);
    cr_expect_eq(buffers_alive(), before, "weights keep the raw constants");
    OK(cvy_weights_wait(weights, -1));
    OK(cvy_weights_release_raw(weights));
    cr_expect_eq(buffers_alive(), before - 2, "release_raw lets them go");
    OK(cvy_weights_release_raw(weights));
    OK(cvy_plan_enqueue(plan, queue, &(cvy_args) { .src = at(0), .prepared = weights,
                                                   .dst = at(512) }, NULL, NULL));
    expect_float(512, 9);
    cvy_weights_destroy(&weights);
    cvy_plan_destroy(&plan);
}

// A second run of a plan with the same tensors sets no argument; another buffer's sets its pointer,
// even where it lies at the address of one that is gone.
LEDGER_TEST(cl_plans, arguments_that_a_kernel_has_are_not_set_again)
{
    cvy_plan *plan = one_float(false);
    cvy_weights *weights = NULL;
    int before = 0;

    OK(cvy_plan_prepare(plan, queue, &(cvy_args) { .weights = at(0) }, &weights));
    for (int i = 0; i < 3; i++) {
        before = cl_table_calls("clSetKernelArg");
        OK(cvy_plan_enqueue(plan, queue, &(cvy_args) { .src = at(256), .prepared = weights,
                                                       .dst = at(512) }, NULL, NULL));
        expect_float(512, 4);
    }
    cr_expect_eq(cl_table_calls("clSetKernelArg"), before, "nothing has changed");
    for (int i = 0; i < 4; i++) {
        float wanted = 2.0f * (float)i, src = (float)i;
        cvy_buffer *own = NULL;

        OK(make((cvy_buffer_params) { .bytes = 256 }, &own));
        OK(cvy_queue_fill(queue, (cvy_tensor) { own, 0 }, &src, 4, 4, NULL, NULL));
        before = cl_table_calls("clSetKernelArg");
        OK(cvy_plan_enqueue(plan, queue, &(cvy_args) { .src = { own, 0 }, .prepared = weights,
                                                       .dst = at(512) }, NULL, NULL));
        cr_expect_gt(cl_table_calls("clSetKernelArg"), before, "run %d has another src", i);
        expect_float(512, wanted);
        cvy_buffer_destroy(&own);
    }
    cvy_weights_destroy(&weights);
    cvy_plan_destroy(&plan);
    OK(cvy_queue_finish(queue));
}
