// What the tests of tier 1 start from: a context, a queue and a buffer over the counting table.
// Included once by each test program.
#ifndef CONVOY_TESTS_CL_FIXTURE_H
#define CONVOY_TESTS_CL_FIXTURE_H

#include "cl_table.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define OK(call) cr_assert_eq((call), CVY_OK, "%s: %s", #call, cvy_error_text())
#define GIVES(status, call)                                                                 \
    do {                                                                                    \
        cvy_status got_ = (call);                                                           \
        cr_assert_eq(got_, status, "%s gives %s (%s), not %s", #call, cvy_status_name(got_), \
                     got_ ? cvy_error_text() : "", cvy_status_name(status));                \
    } while (0)

static cvy_context *context;
static cvy_queue *queue;
static cvy_buffer *buffer;          // 1,024 bytes

static inline void open_all(void)
{
    if (!cl_table_install())
        cr_skip_test("no device: %s", cvy_error_text());
    OK(context_open(NULL, &context));
    OK(cvy_queue_create(context, &(cvy_queue_params) { .profiling = true }, &queue));
    OK(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = 1024 }, &buffer));
}

static inline void close_all(void)
{
    cl_table_heal();
    cvy_buffer_destroy(&buffer);
    cvy_queue_destroy(&queue);
    cvy_context_destroy(&context);
    cr_assert_str_empty(cl_table_leaks(), "left over: %s", cl_table_leaks());
}

// A test that ends with close_all. Criterion passes a test whose .fini fails, so the ledger has to
// be looked at inside of the test itself.
#define LEDGER_TEST(suite, name)                                                            \
    static void suite##_##name##_body(void);                                                \
    Test(suite, name)                                                                       \
    {                                                                                       \
        suite##_##name##_body();                                                            \
        close_all();                                                                        \
    }                                                                                       \
    static void suite##_##name##_body(void)

static inline cvy_tensor at(size_t offset)
{
    return (cvy_tensor) { buffer, offset };
}

static inline cvy_status make(cvy_buffer_params params, cvy_buffer **out)
{
    return cvy_buffer_create(context, &params, out);
}

// LIE(CL_DEVICE_MAX_WORK_GROUP_SIZE, size_t, 1): the values of one fact.
#define LIE(fact, type, ...) cl_table_lie(fact, (type[]) { __VA_ARGS__ },                   \
                                          sizeof((type[]) { __VA_ARGS__ }))

// A user event of our own context, wrapped: jobs that wait for it start when the test says so.
static inline cl_event user_event(cvy_event **wrapped)
{
    cl_event (*create)(cl_context, cl_int *);
    void *symbol = cl_table_symbol("clCreateUserEvent");
    cl_int code;
    cl_event event;

    memcpy(&create, &symbol, sizeof create);
    event = create(cvy_context_cl_context(context), &code);
    cr_assert_eq(code, CL_SUCCESS);
    OK(cvy_event_wrap(context, event, wrapped));
    return event;
}

static inline void set_user_event(cl_event event, cl_int state)
{
    cl_int (*set)(cl_event, cl_int);
    void *symbol = cl_table_symbol("clSetUserEventStatus");

    memcpy(&set, &symbol, sizeof set);
    cr_assert_eq(set(event, state), CL_SUCCESS);
    cl_table_real()->clReleaseEvent(event);
}

// A small kernel that is in the library, used as a copy of `count` floats.
static inline struct instance copy_instance(const cvy_context *of)
{
    struct instance instance = { .file = "weights_pack", .local = { 1, 1, 1 } };

    instance.local[0] = (uint32_t)MIN(64, context_device(of)->max_group);
    return instance;
}

static inline cvy_status copy_launch(struct job *job, struct kernel *kernel,
                                     const struct region *src, const struct region *dst,
                                     int32_t count)
{
    uint32_t local = kernel_instance(kernel)->local[0];
    const size_t groups[3] = { (size_t)ceil_div(count, local), 1, 1 };
    const struct kernel_arg args[] = {
        { 'p', { .memory = src->memory } }, { 'l', { .l = (int64_t)(src->offset / 4) } },
        { 'p', { .memory = dst->memory } }, { 'l', { .l = (int64_t)(dst->offset / 4) } },
        { 'i', { .i = 0 } }, { 'i', { .i = 1 } }, { 'i', { .i = count } }, { 'i', { .i = 1 } },
        { 'i', { .i = 1 } }, { 'i', { .i = count } }, { 'l', { .l = 0 } }, { 'l', { .l = 1 } },
        { 'l', { .l = 0 } }, { 'l', { .l = 0 } }, { 'l', { .l = count } },
    };

    return job_launch(job, kernel, groups, args, COUNT_OF(args));
}

#endif
