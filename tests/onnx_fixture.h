// What the tests of the loader start from: models from memory into the stub's graph, and operators
// of the tests' own, so that it does not matter which ones Convoy has.
#ifndef CONVOY_TESTS_ONNX_FIXTURE_H
#define CONVOY_TESTS_ONNX_FIXTURE_H

#include "onnx/onnx_model.h"
#include "onnx_stub.h"
#include "onnx_write.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define OK(call)                                                                                \
    do {                                                                                        \
        cvy_status got_ = (call);                                                               \
        cr_assert_eq(got_, CVY_OK, "%s gives %s: %s", #call, cvy_status_name(got_),             \
                     cvy_error_text());                                                         \
    } while (0)

// Loads a model, which is freed. NULL and the status checked, or a graph to destroy.
static inline cvy_graph *load(const char *label, struct bytes model, cvy_status wanted,
                              const char *word)
{
    cvy_graph *graph = (cvy_graph *)&graph;
    cvy_status st = cvy_onnx_load_memory(model.data, model.count, NULL, &graph);

    cr_expect_eq(st, wanted, "%s: %s, not %s: %s", label, cvy_status_name(st),
                 cvy_status_name(wanted), st ? cvy_error_text() : "");
    cr_expect((st == CVY_OK) == (graph != NULL), "%s: a graph or an error", label);
    if (st != CVY_OK && word)
        cr_expect(strstr(cvy_error_text(), word), "%s: \"%s\" has no \"%s\"", label,
                  cvy_error_text(), word);
    bytes_free(&model);
    return graph;
}

// The same, when there is to be no graph; or when it does not matter what is in it.
static inline void gives(const char *label, struct bytes model, cvy_status wanted,
                         const char *word)
{
    cvy_graph *graph = load(label, model, wanted, word);

    cvy_graph_destroy(&graph);
    cr_assert_eq(stub_graphs, 0, "%s: a graph was forgotten", label);
}

static inline bool is_documented(cvy_status st)
{
    return st == CVY_OK || st == CVY_ERR_MODEL || st == CVY_ERR_MODEL_LIMIT
        || st == CVY_ERR_MODEL_OP;
}

// Any bytes: a graph, or an error of the loader's with a text.
static inline void survives(const char *label, size_t at, const void *data, size_t count)
{
    cvy_graph *graph = NULL;
    cvy_status st = cvy_onnx_load_memory(data, count, NULL, &graph);

    if (!is_documented(st) || (st == CVY_OK) != (graph != NULL)
        || (st != CVY_OK && !*cvy_error_text()))
        cr_expect(false, "%s, %zu: %s: %s", label, at, cvy_status_name(st), cvy_error_text());
    cvy_graph_destroy(&graph);
    if (stub_graphs)
        cr_assert(false, "%s, %zu: a graph was forgotten", label, at);
}

#endif
