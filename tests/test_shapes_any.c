// What no operator takes, whichever it is: every labelled row with its source spoilt in one way.
#include "plan_fixture.h"
#include "rows.h"

TestSuite(shapes_any, .init = open_all, .fini = close_all, .timeout = 120);

// The source to spoil; NULL where it has strides of its own, which say no as well.
static cvy_desc *source(size_t row, struct judge_problem *out)
{
    static const int64_t dense[CVY_MAX_RANK];
    cvy_desc *src;

    rows_problem(row, CVY_NCHW, JUDGE_INTEGER, out);
    src = (cvy_desc *)(uintptr_t)ref_src(&out->ref);
    return memcmp(src->stride, dense, sizeof dense) ? NULL : src;
}

// One of the statuses, CVY_OK among them only if it is the second, and a text that has the word.
static void expect_either(const char *what, struct judge_problem *p, cvy_status a, cvy_status b,
                          const char *word)
{
    cvy_plan *plan = NULL;
    cvy_status st = create(&p->ref, &plan);

    cr_expect(st == a || st == b, "%s, %s: %s (%s), not %s", p->label, what, cvy_status_name(st),
              st ? cvy_error_text() : "", cvy_status_name(a));
    cr_expect(st == CVY_OK || (!plan && strstr(cvy_error_text(), word)),
              "%s, %s: \"%s\" has no \"%s\"", p->label, what, st ? cvy_error_text() : "", word);
    cvy_plan_destroy(&plan);
}

// B4.
Test(shapes_any, negative_sizes_are_named)
{
    static const int64_t bad[] = { -1, -(INT64_C(1) << 62), INT64_MIN };

    for (size_t i = 0; i < rows_count(); i++)
        for (int axis = 0; axis < CVY_MAX_RANK; axis++)
            for (size_t k = 0; k < COUNT_OF(bad); k++) {
                struct judge_problem p;
                cvy_desc *src = source(i, &p);
                char word[48];

                if (!src || axis >= src->rank)
                    continue;
                src->size[axis] = bad[k];
                snprintf(word, sizeof word, "size[%d] is %lld", axis, (long long)bad[k]);
                expect_either("negative", &p, CVY_ERR_SHAPE, CVY_ERR_SHAPE, word);
            }
}

// B2, B3: legal, as an empty batch is, or SHAPE.
Test(shapes_any, sizes_of_0_are_taken_or_named)
{
    for (size_t i = 0; i < rows_count(); i++)
        for (int axis = 0; axis < CVY_MAX_RANK; axis++) {
            struct judge_problem p;
            cvy_desc *src = source(i, &p);

            if (!src || axis >= src->rank)
                continue;
            src->size[axis] = 0;
            expect_either("size 0", &p, CVY_ERR_SHAPE, CVY_OK, "");
        }
}

// B26.
Test(shapes_any, ranks_of_no_tensor_are_named)
{
    static const int32_t bad[] = { 0, -1, 7, INT32_MIN, INT32_MAX };

    for (size_t i = 0; i < rows_count(); i++)
        for (size_t k = 0; k < COUNT_OF(bad); k++) {
            struct judge_problem p;
            cvy_desc *src = source(i, &p);
            char word[32];

            if (!src)
                continue;
            src->rank = bad[k];
            snprintf(word, sizeof word, "rank is %d", bad[k]);
            expect_either("rank", &p, CVY_ERR_SHAPE, CVY_ERR_SHAPE, word);
        }
}

// B20, B21, B23: beyond 2^63 elements, 2^63 bytes, and every device.
Test(shapes_any, huge_sizes_are_refused)
{
    static const int64_t huge[][2] = {
        { INT64_C(1) << 32, INT64_C(1) << 32 }, { INT64_C(1) << 31, INT64_C(1) << 31 },
        { INT64_MAX, 1 }, { INT64_C(1) << 61, 1 }, { INT64_C(1) << 46, 1 },
    };

    for (size_t i = 0; i < rows_count(); i++)
        for (int axis = 0; axis < CVY_MAX_RANK; axis++)
            for (size_t k = 0; k < COUNT_OF(huge); k++) {
                struct judge_problem p;
                cvy_desc *src = source(i, &p);

                if (!src || axis >= src->rank || cvy_desc_elements(src) == 0)
                    continue;
                src->size[axis] = huge[k][0];
                if (src->rank > 1)
                    src->size[(axis + 1) % src->rank] = huge[k][1];
                else if (huge[k][0] <= INT64_C(1) << 32)
                    continue;       // alone that is 16 GiB, which a device may well have
                expect_either("huge", &p, CVY_ERR_LIMIT, CVY_ERR_SHAPE, "");
            }
}
