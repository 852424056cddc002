// Runs of networks: from many threads and queues, what they wait for, which tensors they refuse,
// and what may be destroyed when. Every test ends with the ledger.
#include "cl_fixture.h"
#include "graph_fixture.h"
#include "graph_life.h"

#include <math.h>
#include <pthread.h>

TestSuite(graph_runs, .init = open_all, .timeout = 120);

// Opens the network and gives what a run of it gives; checked against a plan for each node.
static struct result open_life(void)
{
    struct result want = { { NULL } }, plain = { { NULL } };

    new_graph();
    build_life();
    compile(&(cvy_network_options) { .no_fusion = true, .layout = CVY_NCHW });
    run_network(plain.out);
    compile(NULL);
    run_network(want.out);
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < life_bytes[i] / 4; k++)
            cr_assert(fabsf(((float *)want.out[i])[k] - ((float *)plain.out[i])[k]) < 1e-3f,
                      "output %d, element %zu", i, k);
    result_free(&plain);
    return want;
}

static void expect_life(const char *label, const struct tensors *t, const struct result *want)
{
    for (int i = 0; i < 2; i++) {
        void *got = tensor_read(t->out[i], life_bytes[i]);

        cr_expect(memcmp(got, want->out[i], life_bytes[i]) == 0, "%s: output %d differs", label,
                  i);
        free(got);
    }
}

static bool hangs_on_user_events(void)
{
    return strstr(context_device(context)->info.platform_name, "Oclgrind");
}

// Threads -----------------------------------------------------------------------------------------

enum { THREADS = 6, ROUNDS = 12 };

struct worker {
    cvy_queue *queue;
    const struct result *want;
    struct tensors tensors;
    cvy_status status;
    int differ;
};

static void *work(void *user)
{
    struct worker *w = user;
    float *got = malloc(life_bytes[0]);

    for (int round = 0; round < ROUNDS && w->status == CVY_OK; round++) {
        cvy_event *done = NULL;

        w->status = cvy_network_enqueue(network, w->queue, w->tensors.in, w->tensors.out, NULL,
                                        &done);
        for (int i = 0; i < 2 && w->status == CVY_OK; i++) {
            w->status = cvy_queue_read(w->queue, w->tensors.out[i], got, life_bytes[i],
                                       &(cvy_wait) { &done, 1 }, NULL);
            w->differ += w->status == CVY_OK && memcmp(got, w->want->out[i], life_bytes[i]) != 0;
        }
        cvy_event_destroy(&done);
    }
    free(got);
    return NULL;
}

static void run_threads(bool own_queues)
{
    struct result want = open_life();
    struct worker workers[THREADS] = { { 0 } };
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        workers[i].queue = queue;
        workers[i].want = &want;
        tensors_open(network, &workers[i].tensors);
        if (own_queues)
            OK(cvy_queue_create(context, NULL, &workers[i].queue));
    }
    OK(cvy_queue_finish(queue));
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++) {
        cr_expect_eq(workers[i].status, CVY_OK, "thread %d: %s", i,
                     cvy_status_name(workers[i].status));
        cr_expect_eq(workers[i].differ, 0, "thread %d differs %d times", i, workers[i].differ);
        if (own_queues)
            cvy_queue_destroy(&workers[i].queue);
        tensors_close(&workers[i].tensors);
    }
    result_free(&want);
    close_graph();
}

LEDGER_TEST(graph_runs, threads_share_a_network_on_queues_of_their_own)
{
    run_threads(true);
}

LEDGER_TEST(graph_runs, threads_share_a_network_and_a_queue)
{
    run_threads(false);
}

static void *compile_in_thread(void *user)
{
    *(cvy_status *)user = CVY_OK;
    for (int i = 0; i < 5; i++) {
        cvy_network *own = NULL;
        cvy_status st = cvy_graph_compile(graph, context, NULL, &own);

        if (st != CVY_OK)
            *(cvy_status *)user = st;
        cvy_network_destroy(&own);
    }
    return NULL;
}

LEDGER_TEST(graph_runs, threads_compile_one_graph_at_once)
{
    struct result want = open_life();
    pthread_t threads[3];
    cvy_status st[3];

    for (int i = 0; i < 3; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, compile_in_thread, &st[i]), 0);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        cr_expect_eq(st[i], CVY_OK, "thread %d: %s", i, cvy_status_name(st[i]));
    }
    result_free(&want);
    close_graph();
}

// Waiting -----------------------------------------------------------------------------------------

LEDGER_TEST(graph_runs, enqueue_waits_for_nothing_and_its_event_for_everything)
{
    struct result want = open_life();
    struct tensors t;
    cvy_event *user = NULL, *done = NULL;
    cvy_queue *other = NULL;
    cl_event raw;

    if (hangs_on_user_events())
        cr_skip_test("oclgrind hangs on flushed queues that wait for the host");
    raw = user_event(&user);
    tensors_open(network, &t);
    OK(cvy_queue_create(context, NULL, &other));
    OK(cvy_network_enqueue(network, queue, t.in, t.out, &(cvy_wait) { &user, 1 }, &done));
    GIVES(CVY_ERR_TIMEOUT, cvy_event_wait(done, 20000000));
    set_user_event(raw, CL_COMPLETE);
    OK(cvy_event_wait(done, -1));
    for (int i = 0; i < 2; i++) {
        float *got = malloc(life_bytes[i]);

        OK(cvy_queue_read(other, t.out[i], got, life_bytes[i], NULL, NULL));
        cr_expect(memcmp(got, want.out[i], life_bytes[i]) == 0, "output %d", i);
        free(got);
    }
    cvy_event_destroy(&done);
    cvy_event_destroy(&user);
    cvy_queue_destroy(&other);
    tensors_close(&t);
    result_free(&want);
    close_graph();
}

// One launch after the other, each of the step that it is of; none is left out.
LEDGER_TEST(graph_runs, launches_of_a_run_say_which_step_they_are)
{
    struct result want = open_life();
    cvy_event *done = NULL;
    cvy_event_launch launch = { .step = 0 };
    cvy_event_times times;
    cvy_network_info info;
    cvy_network_step step;
    struct tensors t;
    size_t last = 0;

    OK(cvy_network_info_get(network, &info));
    tensors_open(network, &t);
    OK(cvy_network_enqueue(network, queue, t.in, t.out, NULL, &done));
    OK(cvy_event_wait(done, -1));
    OK(cvy_event_times_get(done, &times));
    for (size_t i = 0; i < info.launches; i++) {
        OK(cvy_event_launch_get(done, i, &launch));
        cr_expect(launch.step == last || launch.step == last + 1, "launch %zu: step %zu", i,
                  launch.step);
        cr_expect(launch.times.started <= launch.times.ended
                  && launch.times.ended <= times.ended, "launch %zu", i);
        cr_expect(*launch.name);
        last = launch.step;
    }
    OK(cvy_network_step_get(network, last, &step));
    GIVES(CVY_ERR_ARGUMENT, cvy_network_step_get(network, last + 1, &step));
    GIVES(CVY_ERR_ARGUMENT, cvy_event_launch_get(done, info.launches, &launch));
    GIVES(CVY_ERR_ARGUMENT, cvy_event_launch_get(done, 0, NULL));
    GIVES(CVY_ERR_ARGUMENT, cvy_event_launch_get(NULL, 0, &launch));
    cvy_event_destroy(&done);
    tensors_close(&t);
    result_free(&want);
    close_graph();
}

LEDGER_TEST(graph_runs, a_run_behind_a_failed_event_does_not_run_and_the_next_does)
{
    struct result want = open_life();
    struct tensors t;
    cvy_event *user = NULL, *done = NULL;
    cvy_status st;
    cl_event raw;

    if (hangs_on_user_events())
        cr_skip_test("oclgrind hangs on flushed queues that wait for the host");
    raw = user_event(&user);
    tensors_open(network, &t);
    st = cvy_network_enqueue(network, queue, t.in, t.out, &(cvy_wait) { &user, 1 }, &done);
    set_user_event(raw, -5);
    if (st == CVY_OK)
        st = cvy_event_wait(done, -1);
    cr_expect_eq(st, CVY_ERR_DEPENDENCY, "%s", cvy_status_name(st));
    cvy_event_destroy(&done);
    cvy_event_destroy(&user);
    cvy_queue_finish(queue);
    OK(cvy_network_enqueue(network, queue, t.in, t.out, NULL, NULL));
    expect_life("afterwards", &t, &want);
    tensors_close(&t);
    result_free(&want);
    close_graph();
}

LEDGER_TEST(graph_runs, allocate_the_arena_once_for_each_queue)
{
    struct result want = open_life();
    struct tensors t;
    cvy_queue *other = NULL;
    int before;

    tensors_open(network, &t);
    before = cl_table_calls("clCreateBuffer");
    OK(cvy_network_enqueue(network, queue, t.in, t.out, NULL, NULL));
    cr_expect_eq(cl_table_calls("clCreateBuffer"), before);
    OK(cvy_queue_create(context, NULL, &other));
    OK(cvy_network_reserve(network, other));
    before = cl_table_calls("clCreateBuffer");
    OK(cvy_queue_finish(queue));
    for (int i = 0; i < 3; i++)
        OK(cvy_network_enqueue(network, other, t.in, t.out, NULL, NULL));
    cr_expect_eq(cl_table_calls("clCreateBuffer"), before);
    OK(cvy_queue_finish(other));
    expect_life("the other queue", &t, &want);
    cvy_queue_destroy(&other);
    tensors_close(&t);
    result_free(&want);
    close_graph();
}

// The second network's arena is larger: the queue's workspace grows while the first waits.
LEDGER_TEST(graph_runs, a_larger_network_behind_one_in_flight_leaves_it_alone)
{
    struct result want = open_life();
    cvy_network *small = network;
    cvy_value y;
    struct tensors t, large;
    cvy_event *user = NULL;
    cl_event raw;

    if (hangs_on_user_events())
        cr_skip_test("oclgrind hangs on flushed queues that wait for the host");
    raw = user_event(&user);
    network = NULL;
    new_graph();
    y = input("x", "1x8x64x64");
    for (int i = 0; i < 3; i++)
        OK(add_conv(y, "8x8x1x1", 1, &y));
    output("y", y);
    compile(NULL);
    tensors_open(small, &t);
    tensors_open(network, &large);
    OK(cvy_network_enqueue(small, queue, t.in, t.out, &(cvy_wait) { &user, 1 }, NULL));
    OK(cvy_network_enqueue(network, queue, large.in, large.out, NULL, NULL));
    set_user_event(raw, CL_COMPLETE);
    expect_life("the small one", &t, &want);
    OK(cvy_queue_finish(queue));
    cvy_event_destroy(&user);
    tensors_close(&t);
    tensors_close(&large);
    cvy_network_destroy(&small);
    result_free(&want);
    close_graph();
}

// Wrong tensors -----------------------------------------------------------------------------------

static struct tensors good;

static void expect_refused(const char *label, const cvy_tensor *in, const cvy_tensor *out,
                           cvy_status status, const char *word)
{
    int launches = cl_table_calls("clEnqueueNDRangeKernel");
    cvy_event *event = NULL;
    cvy_status st = cvy_network_enqueue(network, queue, in, out, NULL, &event);

    cr_expect(st == status, "%s gives %s (%s), not %s", label, cvy_status_name(st),
              st ? cvy_error_text() : "", cvy_status_name(status));
    cr_expect(st == CVY_OK || strstr(cvy_error_text(), word), "%s: \"%s\" has no \"%s\"", label,
              cvy_error_text(), word);
    cr_expect(st == CVY_OK || cl_table_calls("clEnqueueNDRangeKernel") == launches,
              "%s: something ran", label);
    cr_expect(st == CVY_OK || !event, "%s leaves an event", label);
    cvy_event_destroy(&event);
}

static void with_input(const char *label, cvy_tensor tensor, cvy_status status, const char *word)
{
    cvy_tensor in[2] = { tensor, good.in[1] };

    expect_refused(label, in, good.out, status, word);
}

static void with_output(const char *label, cvy_tensor tensor, cvy_status status, const char *word)
{
    cvy_tensor out[2] = { good.out[0], tensor };

    expect_refused(label, good.in, out, status, word);
}

static cvy_buffer *buffer_of(cvy_context *of, size_t bytes, cvy_access access)
{
    cvy_buffer *made = NULL;

    OK(cvy_buffer_create(of, &(cvy_buffer_params) { .bytes = bytes, .access = access }, &made));
    return made;
}

LEDGER_TEST(graph_runs, tensors_that_are_wrong_are_refused_and_nothing_runs)
{
    struct result want = open_life();
    cvy_context *foreign = NULL;
    cvy_queue *other = NULL;
    cvy_buffer *small, *large, *read_only, *write_only, *far;

    tensors_open(network, &good);
    OK(context_open(NULL, &foreign));
    OK(cvy_queue_create(foreign, NULL, &other));
    small = buffer_of(context, 1020, CVY_READ_WRITE);
    large = buffer_of(context, 4096, CVY_READ_WRITE);
    read_only = buffer_of(context, 4096, CVY_READ_ONLY);
    write_only = buffer_of(context, 4096, CVY_WRITE_ONLY);
    far = buffer_of(foreign, 4096, CVY_READ_WRITE);
    expect_refused("no inputs", NULL, good.out, CVY_ERR_ARGUMENT, "inputs");
    expect_refused("no outputs", good.in, NULL, CVY_ERR_ARGUMENT, "outputs");
    with_input("no buffer", (cvy_tensor) { NULL, 0 }, CVY_ERR_ARGUMENT, "\"a\"");
    with_input("4 bytes too few", (cvy_tensor) { small, 0 }, CVY_ERR_ARGUMENT, "\"a\"");
    with_input("too far", (cvy_tensor) { large, 4096 - 1020 }, CVY_ERR_ARGUMENT, "\"a\"");
    with_input("outside", (cvy_tensor) { large, 8192 }, CVY_ERR_ARGUMENT, "\"a\"");
    with_input("off by two", (cvy_tensor) { large, 2 }, CVY_ERR_ALIGN, "\"a\"");
    with_input("of another context", (cvy_tensor) { far, 0 }, CVY_ERR_ARGUMENT, "\"a\"");
    with_input("only written", (cvy_tensor) { write_only, 0 }, CVY_ERR_ARGUMENT, "\"a\"");
    with_input("an output", good.out[0], CVY_ERR_ARGUMENT, "\"a\"");
    with_output("no buffer", (cvy_tensor) { NULL, 0 }, CVY_ERR_ARGUMENT, "\"rows\"");
    with_output("off by two", (cvy_tensor) { large, 2 }, CVY_ERR_ALIGN, "\"rows\"");
    with_output("of another context", (cvy_tensor) { far, 0 }, CVY_ERR_ARGUMENT, "\"rows\"");
    with_output("only read", (cvy_tensor) { read_only, 0 }, CVY_ERR_ARGUMENT, "\"rows\"");
    with_output("another output", good.out[0], CVY_ERR_ALIAS, "\"rows\"");
    with_output("inside of an input", (cvy_tensor) { good.in[0].buffer, 976 }, CVY_ERR_ALIAS,
                "\"rows\"");
    GIVES(CVY_ERR_ARGUMENT, cvy_network_enqueue(network, other, good.in, good.out, NULL, NULL));
    GIVES(CVY_ERR_ARGUMENT, cvy_network_enqueue(network, NULL, good.in, good.out, NULL, NULL));
    GIVES(CVY_ERR_ARGUMENT, cvy_network_enqueue(NULL, queue, good.in, good.out, NULL, NULL));
    GIVES(CVY_ERR_ARGUMENT, cvy_network_reserve(network, other));
    cvy_buffer_destroy(&small);
    cvy_buffer_destroy(&large);
    cvy_buffer_destroy(&read_only);
    cvy_buffer_destroy(&write_only);
    cvy_buffer_destroy(&far);
    cvy_queue_destroy(&other);
    cvy_context_destroy(&foreign);
    OK(cvy_network_enqueue(network, queue, good.in, good.out, NULL, NULL));
    expect_life("afterwards", &good, &want);
    tensors_close(&good);
    result_free(&want);
    close_graph();
}

LEDGER_TEST(graph_runs, tensors_may_lie_anywhere_in_one_buffer)
{
    struct result want = open_life();
    cvy_buffer *one = buffer_of(context, 8192, CVY_READ_WRITE);
    cvy_tensor in[2] = { { one, 4 }, { one, 2052 } }, out[2] = { { one, 1028 }, { one, 4100 } };
    struct tensors t;

    tensors_open(network, &t);
    for (int i = 0; i < 2; i++)
        OK(cvy_queue_copy(queue, t.in[i], in[i], t.in_bytes[i], NULL, NULL));
    OK(cvy_network_enqueue(network, queue, in, out, NULL, NULL));
    for (int i = 0; i < 2; i++)
        OK(cvy_queue_copy(queue, out[i], t.out[i], life_bytes[i], NULL, NULL));
    expect_life("one buffer", &t, &want);
    cvy_buffer_destroy(&one);
    tensors_close(&t);
    result_free(&want);
    close_graph();
}

// Ends --------------------------------------------------------------------------------------------

LEDGER_TEST(graph_runs, graph_and_context_may_go_before_the_network)
{
    struct result want = open_life();
    struct tensors t;

    cvy_graph_destroy(&graph);
    cvy_graph_destroy(&graph);
    tensors_open(network, &t);
    cvy_context_destroy(&context);
    OK(cvy_network_enqueue(network, queue, t.in, t.out, NULL, NULL));
    expect_life("without its context's handle", &t, &want);
    cvy_queue_destroy(&queue);
    tensors_close(&t);
    cvy_network_destroy(&network);
    cvy_network_destroy(&network);
    cvy_network_destroy(NULL);
    result_free(&want);
}

LEDGER_TEST(graph_runs, a_network_may_go_while_it_runs)
{
    struct result want = open_life();
    struct tensors t;
    cvy_event *user = NULL, *done = NULL;
    cl_event raw;

    if (hangs_on_user_events())
        cr_skip_test("oclgrind hangs on flushed queues that wait for the host");
    raw = user_event(&user);
    tensors_open(network, &t);
    OK(cvy_network_enqueue(network, queue, t.in, t.out, &(cvy_wait) { &user, 1 }, &done));
    close_graph();
    set_user_event(raw, CL_COMPLETE);
    OK(cvy_event_wait(done, -1));
    expect_life("destroyed", &t, &want);
    cvy_event_destroy(&done);
    cvy_event_destroy(&user);
    tensors_close(&t);
    result_free(&want);
}

static bool stop_at(void *user, size_t done, size_t total, const char *name, double seconds)
{
    size_t *stop = user;

    cr_expect(done >= 1 && done <= total && name && seconds >= 0.0);
    return done != *stop;
}

LEDGER_TEST(graph_runs, progress_may_cancel_a_compile)
{
    size_t stop = 2;
    cvy_network_options options = { .progress = stop_at, .progress_user = &stop };
    struct result want = open_life();

    cvy_network_destroy(&network);
    GIVES(CVY_ERR_CANCELLED, cvy_graph_compile(graph, context, &options, &network));
    cr_assert_null(network);
    stop = 0;
    OK(cvy_graph_compile(graph, context, &options, &network));
    result_free(&want);
    close_graph();
}
