// What the tests of plans start from: a context that compiles kernels when they are needed, a
// queue, problems of any operator, and checks that show Convoy's own text. Public API only.
// Included once by each test program.
#ifndef CONVOY_TESTS_PLAN_FIXTURE_H
#define CONVOY_TESTS_PLAN_FIXTURE_H

#include "reference.h"

#include <convoy/convoy.h>

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

// The call fails with the status, and its text has the word.
#define GIVES(status, word, call)                                                               \
    do {                                                                                        \
        cvy_status got_ = (call);                                                               \
        cr_expect(got_ == (status), "%s gives %s (%s), not %s", #call, cvy_status_name(got_),   \
                  got_ ? cvy_error_text() : "", cvy_status_name(status));                       \
        cr_expect(got_ == CVY_OK || strstr(cvy_error_text(), word), "%s: \"%s\" has no \"%s\"",  \
                  #call, cvy_error_text(), word);                                               \
    } while (0)

static cvy_context *context;
static cvy_queue *queue;

// No device is a skip, never a pass.
static inline void open_context(cvy_context **out)
{
    const cvy_context_params params = { .device = getenv("CONVOY_DEVICE"),
                                        .compile = CVY_COMPILE_LAZY };
    cvy_status st = cvy_context_create(&params, out);

    if (st == CVY_ERR_NO_DEVICE)
        cr_skip_test("no device: %s", cvy_error_text());
    cr_assert_eq(st, CVY_OK, "%s: %s", cvy_status_name(st), cvy_error_text());
}

static inline cvy_status create(struct ref_problem *problem, cvy_plan **out)
{
    switch (problem->op) {
    case REF_CONV:
        return cvy_conv_create(context, &problem->conv, out);
    case REF_CONV_TRANSPOSE:
        return cvy_conv_transpose_create(context, &problem->conv_transpose, out);
    case REF_POOL:
        return cvy_pool_create(context, &problem->pool, out);
    case REF_MAX_UNPOOL:
        return cvy_max_unpool_create(context, &problem->max_unpool, out);
    case REF_SEPARABLE:
        return cvy_separable_create(context, &problem->separable, out);
    case REF_LINEAR:
        return cvy_linear_create(context, &problem->linear, out);
    case REF_ACTIVATION:
        return cvy_activation_create(context, &problem->activation, out);
    case REF_CONCAT:
        problem->concat.srcs = problem->sources;
        return cvy_concat_create(context, &problem->concat, out);
    case REF_COPY:
        return cvy_copy_create(context, &problem->copy, out);
    case REF_PAD:
        return cvy_pad_create(context, &problem->pad, out);
    case REF_SLICE:
        return cvy_slice_create(context, &problem->slice, out);
    case REF_TRANSPOSE:
        return cvy_transpose_create(context, &problem->transpose, out);
    case REF_DEPTH_TO_SPACE:
        return cvy_depth_to_space_create(context, &problem->block, out);
    case REF_SPACE_TO_DEPTH:
        return cvy_space_to_depth_create(context, &problem->block, out);
    case REF_GATHER:
        return cvy_gather_create(context, &problem->gather, out);
    case REF_BATCH_NORM:
        return cvy_batch_norm_create(context, &problem->batch_norm, out);
    case REF_INSTANCE_NORM:
        return cvy_instance_norm_create(context, &problem->instance_norm, out);
    case REF_LRN:
        return cvy_lrn_create(context, &problem->lrn, out);
    case REF_REDUCE:
        return cvy_reduce_create(context, &problem->reduce, out);
    case REF_RESIZE:
        return cvy_resize_create(context, &problem->resize, out);
    case REF_MATMUL:
        return cvy_matmul_create(context, &problem->matmul, out);
    case REF_UNARY:
        return cvy_unary_create(context, &problem->unary, out);
    case REF_BINARY:
        return cvy_binary_create(context, &problem->binary, out);
    case REF_WHERE:
        return cvy_where_create(context, &problem->where, out);
    case REF_CAST:
        return cvy_cast_create(context, &problem->cast, out);
    default:
        return cvy_softmax_create(context, &problem->softmax, out);
    }
}

static inline void open_all(void)
{
    open_context(&context);
    OK(cvy_queue_create(context, NULL, &queue));
}

static inline void close_all(void)
{
    cvy_queue_destroy(&queue);
    cvy_context_destroy(&context);
}

#endif
