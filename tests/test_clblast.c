// Products by CLBlast, which no other test calls: the first call in a process takes seconds.
// Results against the reference, who may choose it, a library that is not there or fails, and what
// jobs promise although another library enqueues. Without CLBlast, most of it is a skip.
#include "cl_fixture.h"

#include "judge.h"
#include "rows.h"
#include "sweep.h"

#include "cl/objects.h"
#include <convoy/tune.h>
#include <stdlib.h>

#define NAME "gemm_clblast"
#define SPEC "conv n1 c3 h6 w5 k4 r3x3 p1x1 f32 nhwc +bias +relu"
enum { MOST_SHOWN = 10, MOST_TEXT = 16384 };

static const cvy_plan_options forced = { .algorithm = NAME };

static cvy_status plan_of(const char *spec, const cvy_plan_options *options, cvy_plan **out)
{
    return cvy_plan_from_spec(context, spec, options, out);
}

#define SGEMM_PARAMETERS                                                                        \
    int layout, int a_transposed, int b_transposed, size_t m, size_t n, size_t k, float alpha,  \
        cl_mem a, size_t a_at, size_t a_ld, cl_mem b, size_t b_at, size_t b_ld, float beta,     \
        cl_mem c, size_t c_at, size_t c_ld, cl_command_queue *to, cl_event *event

static clblast_sgemm *real_sgemm;       // NULL: no CLBlast here

// CLBlast's, with its event in the ledger.
static int counted_sgemm(SGEMM_PARAMETERS)
{
    int code = real_sgemm(layout, a_transposed, b_transposed, m, n, k, alpha, a, a_at, a_ld, b,
                          b_at, b_ld, beta, c, c_at, c_ld, to, event);

    if (code == 0)
        cl_table_count_event();
    return code;
}

// A context by the public way: with wisdom.
static void open_public(void)
{
    cvy_context_params params = { .device = getenv("CONVOY_DEVICE"),
                                  .compile = CVY_COMPILE_LAZY };

    if (!cl_table_install())
        cr_skip_test("no device: %s", cvy_error_text());
    OK(cvy_context_create(&params, &context));
    if (clblast_open("libclblast.so.1", &real_sgemm) == CVY_OK)
        atomic_store(&context->sgemm, counted_sgemm);
    OK(cvy_queue_create(context, &(cvy_queue_params) { .profiling = true }, &queue));
    OK(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = 1024 }, &buffer));
}

TestSuite(clblast, .init = open_public, .timeout = 280);

// A device that CLBlast's products are planned on, by CLBlast or by what stands in for it.
static void need_plans(void)
{
    cvy_plan *plan = NULL;
    cvy_status st = plan_of(SPEC, &forced, &plan);

    cvy_plan_destroy(&plan);
    if (st == CVY_ERR_UNSUPPORTED)
        cr_skip_test("%s", cvy_error_text());
    cr_assert_eq(st, CVY_OK, "%s: %s", cvy_status_name(st), cvy_error_text());
}

static void need_clblast(void)
{
    if (!real_sgemm)
        cr_skip_test("no CLBlast");
    need_plans();
}

// Results -----------------------------------------------------------------------------------------

static long run, failed;

static void expect_right(struct judge *judge, const struct judge_problem *problem)
{
    struct judge_result result;
    enum judge_verdict verdict = judge_run(judge, problem, NAME, &result);

    run += verdict != JUDGE_SKIP;
    failed += verdict == JUDGE_FAIL;
    if (verdict == JUDGE_FAIL && failed <= MOST_SHOWN)
        cr_expect(false, "%s", result.message);
}

static void conclude(struct judge *judge, long least)
{
    printf("%ld problems, %ld failed\n", run, failed);
    cr_expect_eq(failed, 0, "%ld of %ld problems failed", failed, run);
    cr_expect_geq(run, least, "only %ld problems ran", run);
    judge_destroy(&judge);
}

LEDGER_TEST(clblast, matches_the_reference_on_each_row_that_it_accepts)
{
    struct judge *judge = judge_create(context, queue);

    need_clblast();
    for (size_t i = 0; i < rows_count(); i++)
        for (int way = 0; way < 4; way++) {
            struct judge_problem problem;

            rows_problem(i, way % 2 ? CVY_NHWC : CVY_NCHW, way / 2 ? JUDGE_REAL : JUDGE_INTEGER,
                         &problem);
            expect_right(judge, &problem);
        }
    conclude(judge, 100);
}

LEDGER_TEST(clblast, matches_the_reference_on_random_problems)
{
    struct judge *judge = judge_create(context, queue);

    need_clblast();
    for (uint64_t seed = 0; seed < 3000; seed++) {
        struct judge_problem problem;

        sweep_problem(500000 + seed, &problem);
        if (problem.ref.op == REF_CONV || problem.ref.op == REF_LINEAR)
            expect_right(judge, &problem);
    }
    conclude(judge, 100);
}

// Who may choose it -------------------------------------------------------------------------------

static void expect_chosen(bool wanted, const char *why)
{
    cvy_plan *plan = NULL;
    cvy_plan_info info;

    OK(plan_of(SPEC, NULL, &plan));
    OK(cvy_plan_info_get(plan, &info));
    cr_expect_eq(strncmp(info.algorithm, NAME, strlen(NAME)) == 0, wanted, "%s", info.config);
    cr_expect_not_null(strstr(info.why, why), "%s", info.why);
    cvy_plan_destroy(&plan);
}

static bool count_trials(void *user, const cvy_trial *trial)
{
    if (strncmp(trial->algorithm, NAME, strlen(NAME)) == 0
        && trial->result != CVY_TRIAL_CHOSEN)
        ++*(int *)user;
    return true;
}

static int trials_of(cvy_effort effort)
{
    static const char *const specs[] = { SPEC };
    cvy_tune_report report;
    int trials = 0;

    OK(cvy_wisdom_clear(context));
    OK(cvy_tune(context, &(cvy_tune_params) { .specs = specs, .spec_count = 1, .effort = effort,
                                              .trial = count_trials, .trial_user = &trials },
                &report));
    cr_expect_eq(report.wrong, 0);
    cr_expect_eq(report.failed, 0);
    return trials;
}

LEDGER_TEST(clblast, is_measured_by_exhaustive_effort_alone)
{
    need_clblast();
    cr_expect_eq(trials_of(CVY_EFFORT_MEASURE), 0);
    cr_expect_eq(trials_of(CVY_EFFORT_EXHAUSTIVE), 1);
}

// The wisdom of a problem that was measured, with another algorithm in its one line.
static void merge_wisdom(void)
{
    char text[MOST_TEXT], line[MOST_TEXT], device[512], problem[512];
    const char *at;
    size_t length;

    trials_of(CVY_EFFORT_MEASURE);
    OK(cvy_wisdom_text(context, text, sizeof text, &length));
    cr_assert_lt(length, sizeof text);
    OK(cvy_wisdom_clear(context));
    at = strchr(text, '\n');
    cr_assert(at && sscanf(at + 1, " %511[^|]| %511[^|]|", device, problem) == 2, "%s", text);
    snprintf(line, sizeof line, "%.*s\n%s| %s| " NAME " |  | 0.001 | 0.1\n", (int)(at - text),
             text, device, problem);
    OK(cvy_wisdom_merge(context, line, strlen(line), CVY_WISDOM_USER, NULL));
}

LEDGER_TEST(clblast, is_chosen_by_wisdom_and_never_by_rules)
{
    need_clblast();
    expect_chosen(false, "");
    merge_wisdom();
    expect_chosen(true, "measured");
}

LEDGER_TEST(clblast, is_refused_to_those_who_ask_for_exact_sums)
{
    const cvy_plan_options exact = { .algorithm = NAME, .exact = true };
    cvy_plan *plan = NULL;

    GIVES(CVY_ERR_UNSUPPORTED, plan_of(SPEC, &exact, &plan));
    GIVES(CVY_ERR_UNSUPPORTED, plan_of("deconv n1 c3 h6 w5 k4 r3x3 f32", &forced, &plan));
}

// A library that is not there, or fails -----------------------------------------------------------

static void expect_text(const char *word)
{
    cr_expect_not_null(strstr(cvy_error_text(), word), "\"%s\" has no \"%s\"", cvy_error_text(),
                       word);
}

LEDGER_TEST(clblast, says_what_to_install)
{
    clblast_sgemm *sgemm;

    GIVES(CVY_ERR_UNSUPPORTED, clblast_open("libconvoy-nothing.so.1", &sgemm));
    expect_text("libconvoy-nothing.so.1");
    expect_text("libclblast1");
    cr_expect_null(sgemm);
    GIVES(CVY_ERR_UNSUPPORTED, clblast_open("libm.so.6", &sgemm));
    expect_text("CLBlastSgemm");
    expect_text("libclblast.so.1");
    cr_expect_null(sgemm);
}

// Not of the ledger: this CLBlast's events are not in it.
Test(clblast, is_opened_by_the_first_plan_that_wants_it)
{
    cvy_plan *plan = NULL;

    need_clblast();
    atomic_store(&context->sgemm, NULL);
    OK(plan_of("conv n1 c1 h1 w1 k1 r3x3 p1x1 f32", NULL, &plan));
    cr_expect_null(atomic_load(&context->sgemm));
    cvy_plan_destroy(&plan);
    OK(plan_of(SPEC, &forced, &plan));
    cr_expect(atomic_load(&context->sgemm) == real_sgemm);
    cvy_plan_destroy(&plan);
}

// What a CLBlast of the tests' own says, after so many calls that do nothing but a marker.
static int fake_code, fake_good;

static int fake_sgemm(SGEMM_PARAMETERS)
{
    cr_expect(layout == 101 && alpha == 1.0f && beta == 0.0f && m && n && k);
    cr_expect(a_ld >= (a_transposed == 112 ? m : k) && b_ld >= (b_transposed == 112 ? k : n)
              && c_ld >= n && a && b && c && a_at <= 1024 && b_at <= 1024 && c_at <= 1024);
    if (fake_good-- <= 0)
        return fake_code;
    cl_table_count_event();
    return cl_table_real()->clEnqueueMarkerWithWaitList(*to, 0, NULL, event);
}

static void fake(int code, int good)
{
    atomic_store(&context->sgemm, fake_sgemm);
    fake_code = code;
    fake_good = good;
}

static const struct {
    int code;
    cvy_status planning, running;
    const char *word;
} codes[] = {
    { -2046, CVY_ERR_BUILD, CVY_ERR_BUILD, "CLBlastSgemm said -2046: the device has too little" },
    { -2039, CVY_ERR_BUILD, CVY_ERR_INTERNAL, "CLBlastSgemm said -2039: an exception" },
    { -1011, CVY_ERR_BUILD, CVY_ERR_INTERNAL, "CLBlastSgemm said -1011: the buffer of matrix A" },
    { -1234, CVY_ERR_BUILD, CVY_ERR_INTERNAL, "CLBlastSgemm said unknown code (-1234)" },
    { CL_BUILD_PROGRAM_FAILURE, CVY_ERR_BUILD, CVY_ERR_BUILD, "CL_BUILD_PROGRAM_FAILURE (-11)" },
    { CL_OUT_OF_RESOURCES, CVY_ERR_NOMEM_DEVICE, CVY_ERR_NOMEM_DEVICE,
      "CLBlastSgemm said CL_OUT_OF_RESOURCES (-5)" },
    { CL_MEM_OBJECT_ALLOCATION_FAILURE, CVY_ERR_NOMEM_DEVICE, CVY_ERR_NOMEM_DEVICE,
      "CLBlastSgemm said CL_MEM_OBJECT_ALLOCATION_FAILURE (-4)" },
};

LEDGER_TEST(clblast, failures_while_planning_say_what_it_said)
{
    fake(0, 2);
    need_plans();
    for (size_t i = 0; i < COUNT_OF(codes); i++)
        for (int good = 0; good < 2; good++) {
            cvy_plan *plan = NULL;

            fake(codes[i].code, good);
            GIVES(codes[i].planning, plan_of(SPEC, &forced, &plan));
            expect_text(codes[i].word);
            cr_expect_null(plan);
        }
}

#define PLAIN "conv n1 c2 h1 w4 k3 r1x1 f32 nchw"

static const cvy_args *plain_args(void)
{
    static cvy_args args;

    args = (cvy_args) { .src = at(0), .weights = at(256), .dst = at(512) };
    return &args;
}

LEDGER_TEST(clblast, failures_while_running_say_what_it_said_and_leave_the_queue_as_it_was)
{
    cvy_plan *plan = NULL;

    fake(0, 4);
    need_plans();
    OK(plan_of(PLAIN, &forced, &plan));
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        cvy_event *event = NULL;

        fake(codes[i].code, 0);
        GIVES(codes[i].running, cvy_plan_enqueue(plan, queue, plain_args(), NULL, &event));
        expect_text(codes[i].word);
        cr_expect_null(event);
        fake(0, 1);
        OK(cvy_plan_enqueue(plan, queue, plain_args(), NULL, &event));
        OK(cvy_event_wait(event, -1));
        OK(cvy_queue_finish(queue));
        cvy_event_destroy(&event);
    }
    cvy_plan_destroy(&plan);
}

// A driver that says success and gives no event is no success.
static int no_event(SGEMM_PARAMETERS)
{
    (void)layout, (void)a_transposed, (void)b_transposed, (void)m, (void)n, (void)k, (void)alpha;
    (void)a, (void)a_at, (void)a_ld, (void)b, (void)b_at, (void)b_ld, (void)beta, (void)c;
    (void)c_at, (void)c_ld, (void)to, (void)event;
    return 0;
}

LEDGER_TEST(clblast, a_call_without_an_event_is_a_failure)
{
    cvy_plan *plan = NULL;

    fake(0, 2);
    need_plans();
    atomic_store(&context->sgemm, no_event);
    GIVES(CVY_ERR_BUILD, plan_of(PLAIN, &forced, &plan));
    fake(0, 2);
    OK(plan_of(PLAIN, &forced, &plan));
    atomic_store(&context->sgemm, no_event);
    GIVES(CVY_ERR_INTERNAL, cvy_plan_enqueue(plan, queue, plain_args(), NULL, NULL));
    cvy_plan_destroy(&plan);
}

// Whatever OpenCL refuses while a plan is made or runs, nothing is left over.
LEDGER_TEST(clblast, faults_of_opencl_leave_nothing_behind)
{
    static const char *const functions[] = { "clCreateBuffer", "clFlush", "clWaitForEvents",
                                             "clGetEventInfo" };

    for (size_t i = 0; i < COUNT_OF(functions); i++)
        for (int nth = 1; nth < 8; nth++) {
            cvy_plan *plan = NULL;
            cvy_status st;

            fake(0, 2);
            cl_table_fail(functions[i], nth, false, CL_OUT_OF_RESOURCES);
            st = plan_of(PLAIN, &forced, &plan);
            if (cl_table_fired())
                cr_expect_neq(st, CVY_OK, "%s, call %d", functions[i], nth);
            cl_table_heal();
            cvy_plan_destroy(&plan);
        }
}

// Wisdom's choice gives way where CLBlast does not work.
LEDGER_TEST(clblast, wisdom_gives_way_to_the_rules_where_it_fails)
{
    merge_wisdom();
    fake(-2046, 0);
    expect_chosen(false, "");
}

LEDGER_TEST(clblast, products_beyond_its_integers_are_a_limit)
{
    const struct gemm large = { .m = 1 << 16, .n = 1 << 16, .k = 1, .a_ld = 1, .b_ld = 1 << 16,
                                .c_ld = 1 << 16 };

    fake(0, 100);
    GIVES(CVY_ERR_LIMIT, gemm_warm(context, &large));
    cr_expect_eq(fake_good, 100, "CLBlast was called");
}

// Jobs --------------------------------------------------------------------------------------------

static void put(size_t offset, const float *values, size_t count)
{
    OK(cvy_queue_write(queue, at(offset), values, count * sizeof *values, NULL, NULL));
}

static void expect_product(void)
{
    static const float wanted[12] = { 11, 14, 17, 20, 23, 30, 37, 44, 35, 46, 57, 68 };
    float got[12];

    OK(cvy_queue_read(queue, at(512), got, sizeof got, NULL, NULL));
    for (int i = 0; i < 12; i++)
        cr_expect(got[i] == wanted[i], "%d: %g, not %g", i, (double)got[i], (double)wanted[i]);
}

static void put_factors(void)
{
    static const float src[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, weights[6] = { 1, 2, 3, 4, 5, 6 };
    static const float nothing[12];

    put(0, src, 8);
    put(256, weights, 6);
    put(512, nothing, 12);
}

LEDGER_TEST(clblast, waits_for_what_the_job_waits_for)
{
    cvy_event *user = NULL, *done = NULL;
    cvy_plan *plan = NULL;
    float first;
    cl_event raw;

    need_clblast();
    OK(plan_of(PLAIN, &forced, &plan));
    put_factors();
    raw = user_event(&user);
    OK(cvy_plan_enqueue(plan, queue, plain_args(), &(cvy_wait) { &user, 1 }, &done));
    GIVES(CVY_ERR_TIMEOUT, cvy_event_wait(done, 50000000));
    set_user_event(raw, CL_COMPLETE);
    OK(cvy_event_wait(done, -1));
    expect_product();
    cvy_event_destroy(&done);
    cvy_event_destroy(&user);

    // What failed takes the job with it.
    raw = user_event(&user);
    OK(cvy_plan_enqueue(plan, queue, plain_args(), &(cvy_wait) { &user, 1 }, &done));
    set_user_event(raw, -5);
    GIVES(CVY_ERR_DEPENDENCY, cvy_event_wait(done, -1));
    GIVES(CVY_ERR_DEPENDENCY, cvy_queue_finish(queue));
    OK(cvy_queue_read(queue, at(512), &first, sizeof first, NULL, NULL));
    cvy_event_destroy(&done);
    cvy_event_destroy(&user);
    cvy_plan_destroy(&plan);
}

// Of a job that is one product: from its begin, although CLBlast tells of its last kernel only.
LEDGER_TEST(clblast, times_of_a_job_begin_before_its_product)
{
    cvy_event_launch launch;
    cvy_event *done = NULL;
    cvy_event_times times;
    cvy_plan *plan = NULL;

    need_clblast();
    OK(plan_of(PLAIN, &forced, &plan));
    put_factors();
    OK(cvy_plan_enqueue(plan, queue, plain_args(), NULL, &done));
    OK(cvy_event_wait(done, -1));
    OK(cvy_event_launch_get(done, 1, &launch));
    cr_expect_str_eq(launch.name, "CLBlastSgemm");
    OK(cvy_event_times_get(done, &times));
    cr_expect_leq(times.started, launch.times.started);
    cr_expect_geq(times.ended, launch.times.ended);
    cvy_event_destroy(&done);
    cvy_plan_destroy(&plan);
}

// Threads -----------------------------------------------------------------------------------------

enum { THREADS = 6, ROUNDS = 10 };

// Each makes the first plan of its context, with the others, and runs it on a queue of its own.
static void *use(void *number)
{
    cvy_buffer *own = NULL;
    cvy_queue *mine = NULL;
    cvy_plan *plan = NULL;
    float got[12] = { 0 };
    bool good;

    (void)number;
    good = plan_of(PLAIN, &forced, &plan) == CVY_OK
        && cvy_queue_create(context, NULL, &mine) == CVY_OK
        && cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = 256 }, &own) == CVY_OK;
    for (int i = 0; i < ROUNDS && good; i++) {
        cvy_args args = *plain_args();

        args.dst = (cvy_tensor) { own, 0 };
        good = cvy_plan_enqueue(plan, mine, &args, NULL, NULL) == CVY_OK
            && cvy_queue_read(mine, args.dst, got, sizeof got, NULL, NULL) == CVY_OK
            && got[0] == 11.0f && got[11] == 68.0f;
    }
    cvy_buffer_destroy(&own);
    cvy_plan_destroy(&plan);
    cvy_queue_destroy(&mine);
    return good ? NULL : "wrong";
}

LEDGER_TEST(clblast, threads_plan_and_run_at_the_same_time)
{
    pthread_t threads[THREADS];

    need_clblast();
    put_factors();
    plain_args();
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, use, NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        void *result;

        cr_assert_eq(pthread_join(threads[i], &result), 0);
        cr_expect_null(result, "thread %d: %s", i, result ? (const char *)result : "");
    }
}
