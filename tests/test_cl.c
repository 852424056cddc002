// Tier 1 by its promises: devices, contexts and buffers. Queues and events are test_cl_queue.c's,
// faults test_cl_faults.c's.
#include "cl_fixture.h"

#include <sys/wait.h>
#include <unistd.h>

TestSuite(cl, .init = open_all, .timeout = 120);

// Devices and contexts ----------------------------------------------------------------------------

LEDGER_TEST(cl, lists_devices_and_counts_those_that_do_not_fit)
{
    cvy_device_info info[64];
    size_t count = 0, none = 0;

    OK(cvy_device_list(info, 64, &count));
    OK(cvy_device_list(NULL, 0, &none));
    cr_assert_gt(count, 0);
    cr_assert_eq(count, none);
    cr_assert_gt(strlen(info[0].name), 0);
    GIVES(CVY_ERR_ARGUMENT, cvy_device_list(NULL, 4, &count));
    GIVES(CVY_ERR_ARGUMENT, cvy_device_list(info, 4, NULL));
}

LEDGER_TEST(cl, facts_are_usable_numbers)
{
    const struct device *device = context_device(context);

    cr_assert_geq(device->max_group, 1);
    cr_assert_lt(device->max_grid, 65535);
    cr_assert(device->vector_width == 1 || device->device_class == DEVICE_CPU_WIDE);
    cr_assert_gt(device->max_bytes, 0);
    cr_assert(device->info.available);
}

LEDGER_TEST(cl, selectors_find_the_device_by_number_and_by_part_of_its_name)
{
    cvy_device_info info;
    char part[8] = { 0 }, number[32];
    const char *selectors[] = { "", number, part };
    cvy_context *other = NULL;

    OK(cvy_context_device_info(context, &info));
    snprintf(number, sizeof number, "%d:%d", info.platform, info.device);
    for (int i = 0; i < 5 && info.name[i]; i++)
        part[i] = (char)(info.name[i] >= 'a' ? info.name[i] - 32 : info.name[i]);
    for (size_t i = 0; i < COUNT_OF(selectors); i++) {
        OK(context_open(&(cvy_context_params) { .device = selectors[i] }, &other));
        cvy_context_destroy(&other);
    }
    GIVES(CVY_ERR_NO_DEVICE, context_open(&(cvy_context_params) { .device = "no such" }, &other));
    cr_assert(strstr(cvy_error_text(), info.name), "\"%s\" lists what there is", cvy_error_text());
    GIVES(CVY_ERR_NO_DEVICE, context_open(&(cvy_context_params) { .device = "99:0" }, &other));
    GIVES(CVY_ERR_NO_DEVICE, context_open(&(cvy_context_params) { .device = "0:0x" }, &other));
    cr_assert_null(other);
}

LEDGER_TEST(cl, takes_the_users_context_and_refuses_contradictions)
{
    void *cl_context = cvy_context_cl_context(context), *cl_device = cvy_context_cl_device(context);
    cvy_context *other = NULL;

    OK(context_open(&(cvy_context_params) { .cl_context = cl_context }, &other));
    cr_assert_eq(cvy_context_cl_context(other), cl_context);
    cr_assert_eq(cvy_context_cl_device(other), cl_device);
    cvy_context_destroy(&other);
    OK(context_open(&(cvy_context_params) { .cl_context = cl_context, .cl_device = cl_device },
                    &other));
    cvy_context_destroy(&other);
    const cvy_context_params bad[] = {
        { .cl_device = cl_device },
        { .cl_context = cl_context, .cl_device = context },
        { .cl_context = cl_context, .device = "cpu" },
        { .compile = (cvy_compile_policy)9 },
        { .compile = (cvy_compile_policy)-1 },
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        GIVES(CVY_ERR_ARGUMENT, context_open(&bad[i], &other));
    GIVES(CVY_ERR_ARGUMENT, context_open(NULL, NULL));
}

LEDGER_TEST(cl, objects_keep_their_context_alive)
{
    char bytes[4];

    cvy_context_destroy(&context);
    cr_assert_null(context);
    OK(cvy_queue_write(queue, at(0), "abc", 4, NULL, NULL));
    OK(cvy_queue_read(queue, at(0), bytes, 4, NULL, NULL));
    cr_assert_str_eq(bytes, "abc");
}

LEDGER_TEST(cl, destroying_nothing_does_nothing)
{
    cvy_context *no_context = NULL;
    cvy_buffer *no_buffer = NULL;
    cvy_queue *no_queue = NULL;
    cvy_event *no_event = NULL;

    cvy_context_destroy(&no_context), cvy_context_destroy(NULL);
    cvy_buffer_destroy(&no_buffer), cvy_buffer_destroy(NULL);
    cvy_queue_destroy(&no_queue), cvy_queue_destroy(NULL);
    cvy_event_destroy(&no_event), cvy_event_destroy(NULL);
}

#ifndef NDEBUG
LEDGER_TEST(cl, refuses_handles_of_another_kind)
{
    cvy_buffer *made = NULL;

    GIVES(CVY_ERR_ARGUMENT, cvy_queue_finish((cvy_queue *)buffer));
    GIVES(CVY_ERR_ARGUMENT, cvy_event_wait((cvy_event *)queue, 0));
    GIVES(CVY_ERR_ARGUMENT, cvy_buffer_create((cvy_context *)queue,
                                              &(cvy_buffer_params) { .bytes = 4 }, &made));
    GIVES(CVY_ERR_ARGUMENT, cvy_queue_write(queue, (cvy_tensor) { (cvy_buffer *)queue, 0 }, "", 1,
                                            NULL, NULL));
}
#endif

// Every call but destroy, in a child.
static int forked_failures(void)
{
    cvy_device_info info;
    cvy_context *no_context;
    cvy_buffer *no_buffer;
    cvy_queue *no_queue;
    cvy_event *no_event;
    size_t count;
    char byte = 0;
    const cvy_status got[] = {
        cvy_device_list(&info, 1, &count), context_open(NULL, &no_context),
        cvy_context_device_info(context, &info), cvy_queue_create(context, NULL, &no_queue),
        cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = 4 }, &no_buffer),
        cvy_queue_write(queue, at(0), &byte, 1, NULL, NULL),
        cvy_queue_read(queue, at(0), &byte, 1, NULL, NULL),
        cvy_queue_copy(queue, at(0), at(8), 1, NULL, NULL),
        cvy_queue_fill(queue, at(0), &byte, 1, 1, NULL, NULL), cvy_queue_flush(queue),
        cvy_queue_finish(queue), cvy_event_wrap(context, buffer, &no_event),
    };
    int failures = 0;

    for (size_t i = 0; i < COUNT_OF(got); i++)
        failures += got[i] != CVY_ERR_FORKED;
    return failures;
}

LEDGER_TEST(cl, a_forked_child_gets_FORKED_and_the_parent_goes_on)
{
    int status = -1;
    pid_t child = fork();

    if (!child) {
        int failures;
        alarm(20);
        failures = forked_failures();
        cvy_buffer_destroy(&buffer);
        cvy_queue_destroy(&queue);
        cvy_context_destroy(&context);
        _exit(failures);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status), "the child died by signal %d", WTERMSIG(status));
    cr_assert_eq(WEXITSTATUS(status), 0, "%d calls were not FORKED", WEXITSTATUS(status));
    OK(cvy_queue_write(queue, at(0), "x", 1, NULL, NULL));
    OK(cvy_queue_finish(queue));
}

// Buffers -----------------------------------------------------------------------------------------

LEDGER_TEST(cl, refuses_buffers_that_make_no_sense)
{
    static char host[64] __attribute__((aligned(64)));
    size_t most = (size_t)context_device(context)->max_bytes;
    void *mem = cvy_buffer_cl_mem(buffer);
    cvy_buffer *made = NULL;
    const struct {
        const char *label;
        cvy_buffer_params params;
        cvy_status status;
    } rows[] = {
        { "no bytes", { .bytes = 0 }, CVY_ERR_ARGUMENT },
        { "host without bytes", { .host = host }, CVY_ERR_ARGUMENT },
        { "over the device's limit", { .bytes = most + 1 }, CVY_ERR_LIMIT },
        { "all of size_t", { .bytes = SIZE_MAX }, CVY_ERR_LIMIT },
        { "access out of range", { .bytes = 4, .access = (cvy_access)3 }, CVY_ERR_ARGUMENT },
        { "access negative", { .bytes = 4, .access = (cvy_access)-1 }, CVY_ERR_ARGUMENT },
        { "two sources", { .bytes = 4, .host = host, .parent = buffer }, CVY_ERR_ARGUMENT },
        { "cl_mem and parent", { .cl_mem = mem, .parent = buffer }, CVY_ERR_ARGUMENT },
        { "offset into new memory", { .bytes = 4, .offset = 4 }, CVY_ERR_ARGUMENT },
        { "host address off by one", { .bytes = 4, .host = host + 1 }, CVY_ERR_ALIGN },
        { "view from the end", { .parent = buffer, .offset = 1024 }, CVY_ERR_ARGUMENT },
        { "view over the end", { .parent = buffer, .offset = 1000, .bytes = 25 },
          CVY_ERR_ARGUMENT },
        { "view that wraps around", { .parent = buffer, .offset = 8, .bytes = SIZE_MAX - 4 },
          CVY_ERR_ARGUMENT },
        { "wrap over the end", { .cl_mem = mem, .bytes = 1025 }, CVY_ERR_ARGUMENT },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        cvy_status got = make(rows[i].params, &made);
        cr_assert_eq(got, rows[i].status, "%s: %s (%s)", rows[i].label, cvy_status_name(got),
                     cvy_error_text());
        cr_assert_null(made, "%s", rows[i].label);
    }
    GIVES(CVY_ERR_ARGUMENT, cvy_buffer_create(context, NULL, &made));
    GIVES(CVY_ERR_ARGUMENT, cvy_buffer_create(context, &rows[0].params, NULL));
    GIVES(CVY_ERR_ARGUMENT, cvy_buffer_create(NULL, &rows[0].params, &made));
}

LEDGER_TEST(cl, views_and_wraps_of_one_memory_share_a_root)
{
    cvy_buffer *view = NULL, *inner = NULL, *wrap = NULL;
    struct region a, b, c;

    OK(make((cvy_buffer_params) { .parent = buffer, .offset = 100, .bytes = 200 }, &view));
    OK(make((cvy_buffer_params) { .parent = view, .offset = 50 }, &inner));
    OK(make((cvy_buffer_params) { .cl_mem = cvy_buffer_cl_mem(buffer), .offset = 8 }, &wrap));
    cr_assert_eq(cvy_buffer_bytes(inner), 150);
    cr_assert_eq(cvy_buffer_bytes(wrap), 1016);
    OK(tensor_region(context, (cvy_tensor) { inner, 10 }, "inner", &a));
    OK(tensor_region(context, (cvy_tensor) { wrap, 0 }, "wrap", &b));
    OK(tensor_region(context, at(0), "buffer", &c));
    cr_assert(a.root == b.root && b.root == c.root);
    cr_assert_eq(a.offset, 160);
    cr_assert_eq(a.begin, 160);
    cr_assert_eq(a.bytes, 140);
    cr_assert_eq(b.begin, 8);
    GIVES(CVY_ERR_ARGUMENT, tensor_region(context, (cvy_tensor) { inner, 151 }, "inner", &a));
    GIVES(CVY_ERR_ARGUMENT, tensor_region(context, (cvy_tensor) { NULL, 0 }, "dst", &a));
    cr_assert(strstr(cvy_error_text(), "dst"));
    cvy_buffer_destroy(&wrap);
    cvy_buffer_destroy(&inner);
    cvy_buffer_destroy(&view);
}

LEDGER_TEST(cl, host_memory_is_read_through_the_buffer_and_overlaps_are_seen)
{
    static char host[8192] __attribute__((aligned(4096)));
    cvy_buffer *whole = NULL, *part = NULL;
    struct region a, b;
    char got[4] = { 0 };

    memcpy(host + 4096, "abc", 4);
    OK(make((cvy_buffer_params) { .host = host, .bytes = sizeof host }, &whole));
    OK(make((cvy_buffer_params) { .host = host + 4096, .bytes = 4096 }, &part));
    OK(tensor_region(context, (cvy_tensor) { whole, 4096 }, "whole", &a));
    OK(tensor_region(context, (cvy_tensor) { part, 0 }, "part", &b));
    cr_assert(a.root == b.root && a.begin == b.begin);
    OK(cvy_queue_read(queue, (cvy_tensor) { part, 0 }, got, 4, NULL, NULL));
    cr_assert_str_eq(got, "abc");
    GIVES(CVY_ERR_ALIAS, cvy_queue_copy(queue, (cvy_tensor) { whole, 4000 },
                                        (cvy_tensor) { part, 0 }, 200, NULL, NULL));
    cvy_buffer_destroy(&part);
    cvy_buffer_destroy(&whole);
}

static cl_mem sub_buffer(cl_mem mem, size_t origin, size_t size, cl_int *code)
{
    cl_mem (*create)(cl_mem, cl_mem_flags, cl_buffer_create_type, const void *, cl_int *);
    void *symbol = cl_table_symbol("clCreateSubBuffer");
    cl_buffer_region region = { origin, size };

    memcpy(&create, &symbol, sizeof create);
    return create(mem, CL_MEM_READ_ONLY, CL_BUFFER_CREATE_TYPE_REGION, &region, code);
}

// C1.
LEDGER_TEST(cl, wrapped_sub_buffers_are_checked_and_keep_their_access)
{
    size_t align = (size_t)context_device(context)->info.align_bytes;
    cl_mem mem, good, bad;
    cvy_buffer *parent = NULL, *wrap = NULL;
    struct region region;
    cl_int code;

    OK(make((cvy_buffer_params) { .bytes = 4 * align }, &parent));
    mem = cvy_buffer_cl_mem(parent);
    good = sub_buffer(mem, 2 * align, align, &code);
    cr_assert_eq(code, CL_SUCCESS);
    OK(make((cvy_buffer_params) { .cl_mem = good }, &wrap));
    OK(tensor_region(context, (cvy_tensor) { wrap, 4 }, "wrap", &region));
    cr_assert_eq(region.root, mem);
    cr_assert_eq(region.begin, 2 * align + 4);
    cr_assert_eq(region.access, CVY_READ_ONLY);
    cvy_buffer_destroy(&wrap);
    GIVES(CVY_ERR_ARGUMENT, make((cvy_buffer_params) { .cl_mem = good, .access = CVY_WRITE_ONLY },
                                 &wrap));
    bad = sub_buffer(mem, 4, 64, &code);
    if (code == CL_SUCCESS) {       // rusticl makes it, others do not
        GIVES(CVY_ERR_ALIGN, make((cvy_buffer_params) { .cl_mem = bad }, &wrap));
        cl_table_real()->clReleaseMemObject(bad);
    }
    cl_table_real()->clReleaseMemObject(good);
    cvy_buffer_destroy(&parent);
}

// A4, C8.
LEDGER_TEST(cl, objects_of_another_context_are_refused)
{
    cvy_context *other = NULL;
    cvy_buffer *foreign = NULL, *made = NULL;
    cvy_queue *foreign_queue = NULL, *wrapped = NULL;
    cvy_event *event = NULL, *no_event = NULL;
    struct region region;

    OK(context_open(NULL, &other));
    OK(cvy_buffer_create(other, &(cvy_buffer_params) { .bytes = 64 }, &foreign));
    OK(cvy_queue_create(other, NULL, &foreign_queue));
    OK(cvy_queue_write(foreign_queue, (cvy_tensor) { foreign, 0 }, "x", 1, NULL, &event));
    GIVES(CVY_ERR_ARGUMENT, tensor_region(context, (cvy_tensor) { foreign, 0 }, "src", &region));
    GIVES(CVY_ERR_ARGUMENT, make((cvy_buffer_params) { .parent = foreign }, &made));
    GIVES(CVY_ERR_ARGUMENT, make((cvy_buffer_params) { .cl_mem = cvy_buffer_cl_mem(foreign) },
                                 &made));
    GIVES(CVY_ERR_ARGUMENT, cvy_queue_create(context, &(cvy_queue_params) {
                                .cl_queue = cvy_queue_cl_queue(foreign_queue) }, &wrapped));
    GIVES(CVY_ERR_ARGUMENT, cvy_event_wrap(context, cvy_event_cl_event(event), &no_event));
    GIVES(CVY_ERR_ARGUMENT, cvy_queue_write(queue, at(0), "x", 1, &(cvy_wait) { &event, 1 }, NULL));
    OK(cvy_event_wait(event, -1));
    cvy_event_destroy(&event);
    cvy_queue_destroy(&foreign_queue);
    cvy_buffer_destroy(&foreign);
    cvy_context_destroy(&other);
}
