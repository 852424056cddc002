// The loader when memory or the graph fails, at every place where it can (I1). The linker puts
// these functions in the place of malloc's.
#include "onnx_fixture.h"

#include <unistd.h>

static long fail_at;            // this allocation fails, counted from 1; 0: none
static bool fail_on;            // and all after it
static long allocations;

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *data, size_t bytes);
// The sanitizers' library asks for these as well.
#pragma GCC visibility push(default)
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *data, size_t bytes);
#pragma GCC visibility pop

static bool fails(void)
{
    if (!fail_at)
        return false;
    allocations++;
    return fail_on ? allocations >= fail_at : allocations == fail_at;
}

void *__wrap_malloc(size_t bytes)
{
    return fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return fails() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *data, size_t bytes)
{
    return fails() ? NULL : __real_realloc(data, bytes);
}

TestSuite(faults, .timeout = 120);

// Whether the n-th allocation was reached.
static bool try_allocation(const struct bytes *model, cvy_status good, long n, bool on)
{
    cvy_graph *graph = NULL;
    cvy_status st;

    fail_at = n;
    fail_on = on;
    allocations = 0;
    st = cvy_onnx_load_memory(model->data, model->count, NULL, &graph);
    fail_at = 0;
    cr_assert_eq(st, allocations < n ? good : CVY_ERR_NOMEM_HOST, "allocation %ld: %s", n,
                 cvy_status_name(st));
    cvy_graph_destroy(&graph);
    cr_assert_eq(stub_graphs, 0, "allocation %ld", n);
    return allocations >= n;
}

static void try_allocations(struct bytes model, cvy_status good)
{
    long n = 1;

    while (try_allocation(&model, good, n, false) && try_allocation(&model, good, n, true))
        n++;
    cr_expect_gt(n, 50);
    bytes_free(&model);
}

Test(faults, any_allocation_may_fail)
{
    try_allocations(model_plain(), CVY_OK);
    try_allocations(model_odd(), CVY_ERR_MODEL_OP);
}

// One that loads, and one that does not.
static void starve_inspection(struct bytes model, cvy_status loads)
{
    char path[] = "/tmp/convoy_faults_XXXXXX";
    int fd = mkstemp(path);
    cvy_onnx_info *info;
    cvy_graph *graph;
    cvy_status st;
    long n = 0;

    cr_assert_eq(write(fd, model.data, model.count), (ssize_t)model.count);
    close(fd);
    do {
        fail_at = ++n;
        allocations = 0;
        st = cvy_onnx_inspect(path, NULL, &info, &graph);
        cr_assert_eq(st, allocations < n ? CVY_OK : CVY_ERR_NOMEM_HOST, "allocation %ld: %s", n,
                     cvy_status_name(st));
        cr_assert_eq(info != NULL, st == CVY_OK);
        cr_assert_eq(graph != NULL, st == CVY_OK && loads == CVY_OK);
        if (info)
            cr_assert_eq(info->load_status, loads);
        cvy_onnx_info_destroy(&info);
        cvy_graph_destroy(&graph);
        cr_assert_eq(stub_graphs, 0, "allocation %ld", n);
    } while (st != CVY_OK);
    fail_at = 0;
    cr_expect_gt(n, 50);
    unlink(path);
    bytes_free(&model);
}

Test(faults, any_allocation_of_an_inspection_may_fail)
{
    starve_inspection(model_plain(), CVY_OK);
    starve_inspection(model_odd(), CVY_ERR_MODEL_OP);
}

Test(faults, any_call_of_the_graph_may_fail)
{
    struct bytes model = model_plain();
    cvy_graph *graph;
    int n = 0;
    cvy_status st;

    do {
        stub_fail_at = ++n;
        st = cvy_onnx_load_memory(model.data, model.count, NULL, &graph);
        cr_assert(st == CVY_OK || st == CVY_ERR_NOMEM_HOST, "call %d: %s", n,
                  cvy_status_name(st));
        cr_assert_eq(graph != NULL, st == CVY_OK);
        cvy_graph_destroy(&graph);
        cr_assert_eq(stub_graphs, 0, "call %d", n);
    } while (st != CVY_OK);
    // create, 2 inputs, 7 constants, 5 nodes, 3 outputs
    cr_expect_eq(n, 19);
    stub_fail_at = 0;
    bytes_free(&model);
}

// From files, with external data and tensors on their own.
Test(faults, any_allocation_for_a_file_may_fail)
{
    char path[] = "/tmp/convoy_faults_XXXXXX";
    const cvy_onnx_options options = { .external_data = true };
    struct bytes graph = graph_open("x", "y"), entry = { 0 }, t, model;
    const int64_t one = 1;
    cvy_status model_st, tensor_st;
    cvy_onnx_tensor tensor;
    cvy_graph *loaded;
    long n = 0;
    int fd = mkstemp(path);

    // The model's own first bytes are its external data.
    t = tensor_head("t", ONNX_F32, 1, &one);
    put_text(&entry, 1, "location");
    put_text(&entry, 2, strrchr(path, '/') + 1);
    put(&t, TENSOR_EXTERNAL, entry);
    put_int(&t, TENSOR_LOCATION, 1);
    put(&graph, GRAPH_INITIALIZER, t);
    graph_node(&graph, "Sum", "x t", "y");
    model = model_of(graph, 13);
    cr_assert_eq(write(fd, model.data, model.count), (ssize_t)model.count);
    close(fd);
    do {
        fail_at = ++n;
        allocations = 0;
        model_st = cvy_onnx_load(path, &options, &loaded);
        cr_assert(model_st == CVY_OK || model_st == CVY_ERR_NOMEM_HOST, "%ld: %s", n,
                  cvy_error_text());
        cvy_graph_destroy(&loaded);
        allocations = 0;
        tensor_st = cvy_onnx_tensor_load(path, &tensor);
        cr_assert(tensor_st == CVY_ERR_MODEL || tensor_st == CVY_ERR_NOMEM_HOST, "%ld: %s", n,
                  cvy_error_text());
    } while (model_st == CVY_ERR_NOMEM_HOST || tensor_st == CVY_ERR_NOMEM_HOST);
    fail_at = 0;
    cr_expect_gt(n, 20);
    unlink(path);
    bytes_free(&model);
}
