// What algorithms that do not sum directly promise beyond their tolerance (T3): what `exact` means,
// where NaN and infinities end up, images of a batch that know nothing of each other, and maps that
// go through in parts. CONVOY_DEVICE picks the device.
#include "judge.h"
#include "judge_random.h"
#include "plan_fixture.h"
#include "rows.h"
#include "rows_parts.h"

#include <math.h>

TestSuite(winograd, .init = open_all, .fini = close_all, .timeout = 900);

enum { MOST_ALGORITHMS = 64 };

static cvy_algorithm_info list[MOST_ALGORITHMS];

static const cvy_activation_kind kinds[] = { CVY_NONE, CVY_RELU, CVY_LEAKY_RELU };

// The next of Winograd's algorithms, with each value of its first tunable (the size of
// Winograd's tiles) as options.algorithm takes it; *at counts them. NULL: none.
static const char *next_indirect(size_t *at)
{
    static char text[80];
    size_t count = 0, seen = 0;

    OK(cvy_algorithm_list(list, MOST_ALGORITHMS, &count));
    cr_assert_leq(count, MOST_ALGORITHMS);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i].accuracy, "winograd") != 0)
            continue;
        for (int v = 0; v < list[i].tunable[0].count; v++)
            if (seen++ == *at) {
                snprintf(text, sizeof text, "%s:%s=%d", list[i].name, list[i].tunable[0].name,
                         (int)list[i].tunable[0].values[v]);
                ++*at;
                return text;
            }
    }
    return NULL;
}

static void skip_if(bool nothing)
{
    if (nothing)
        cr_skip_test("no such algorithm accepts this here");
}

// Exact -------------------------------------------------------------------------------------------

static cvy_status plan_with(const struct ref_problem *problem, const char *algorithm, bool exact,
                            cvy_plan_info *info)
{
    const cvy_plan_options options = { .algorithm = algorithm, .exact = exact };
    struct ref_problem copy = *problem;
    cvy_plan *plan = NULL;
    cvy_status st;

    if (problem->op == REF_SEPARABLE)
        copy.separable.options = &options;
    else
        copy.conv.options = &options;
    st = create(&copy, &plan);
    if (st == CVY_OK)
        OK(cvy_plan_info_get(plan, info));
    cvy_plan_destroy(&plan);
    return st;
}

// Whether it would solve the problem if that were not exact.
static bool is_refused(const struct judge_problem *p, const char *algorithm)
{
    cvy_plan_info info;

    if (plan_with(&p->ref, algorithm, false, &info) != CVY_OK)
        return false;
    cr_expect_eq(plan_with(&p->ref, algorithm, true, &info), CVY_ERR_UNSUPPORTED,
                 "%s solves %s", algorithm, p->label);
    return true;
}

// D9.
Test(winograd, exact_plans_have_none_of_it)
{
    int refused = 0;

    for (size_t row = 0; row < rows_count(); row++)
        for (int nhwc = 0; nhwc < 2; nhwc++) {
            struct judge_problem p;
            cvy_plan_info info;
            const char *name;

            rows_problem(row, nhwc ? CVY_NHWC : CVY_NCHW, JUDGE_REAL, &p);
            if (p.ref.op != REF_CONV && p.ref.op != REF_SEPARABLE)
                continue;
            OK(plan_with(&p.ref, NULL, true, &info));
            for (size_t at = 0; (name = next_indirect(&at)) != NULL;) {
                cr_expect(!strstr(info.algorithm, name), "%s: %s", p.label, info.algorithm);
                refused += is_refused(&p, name);
            }
        }
    skip_if(!refused);
}

// Values ------------------------------------------------------------------------------------------

struct poked {
    const char *label;
    cvy_conv_params conv;
    int count;
    struct judge_poke pokes[3];
};

#define POKES(n, ...) n, { __VA_ARGS__ }

static const struct poked poked[] = {
    { "NaN in the middle", { .src = MAP2(1, 5, 13, 14), .out_channels = 6, .kernel_size = { 3, 3 },
                             .padding = { 1, 1 }, .bias = true },
      POKES(1, { SLOT_SRC, 2 * 182 + 6 * 14 + 7, NAN }) },
    { "infinities in two corners of two images",
      { .src = MAP2(2, 17, 9, 11), .out_channels = 33, .kernel_size = { 3, 3 },
        .padding = { 1, 1 } },
      POKES(2, { SLOT_SRC, 0, INFINITY }, { SLOT_SRC, 34 * 99 - 1, -INFINITY }) },
    { "a NaN that overlapping tiles share",
      { .src = MAP2(1, 3, 18, 19), .out_channels = 5, .kernel_size = { 3, 3 } },
      POKES(1, { SLOT_SRC, 342 + 8 * 19 + 9, NAN }) },
    { "weights", { .src = MAP2(2, 9, 6, 7), .out_channels = 35, .kernel_size = { 3, 3 },
                   .padding = { 2, 2 } },
      POKES(2, { SLOT_WEIGHTS, 4 * 81, INFINITY }, { SLOT_WEIGHTS, 34 * 81 + 80, NAN }) },
    { "bias", { .src = MAP2(1, 9, 6, 7), .out_channels = 20, .kernel_size = { 3, 3 },
                .bias = true },
      POKES(2, { SLOT_BIAS, 1, NAN }, { SLOT_BIAS, 17, -INFINITY }) },
    { "residual", { .src = MAP2(1, 16, 5, 6), .out_channels = 16, .kernel_size = { 3, 3 },
                    .padding = { 1, 1 }, .residual = true },
      POKES(2, { SLOT_RESIDUAL, 7, NAN }, { SLOT_RESIDUAL, 200, -INFINITY }) },
    { "denormal inputs", { .src = MAP2(1, 9, 6, 7), .out_channels = 8, .kernel_size = { 3, 3 },
                           .padding = { 1, 1 } }, POKES(1, { SLOT_SRC, -1, 1e-40f }) },
    { "-0", { .src = MAP2(1, 5, 6, 7), .out_channels = 8, .kernel_size = { 3, 3 },
              .padding = { 1, 1 }, .bias = true }, POKES(1, { SLOT_SRC, -1, -0.0f }) },
};

static bool try_poked(struct judge *judge, const struct poked *row, const char *algorithm, int way)
{
    struct row placed = { row->label, { .op = REF_CONV, .conv = row->conv }, 0 };
    struct judge_problem p = { .data = JUDGE_REAL, .seed = (uint64_t)way, .prepared = way / 2 == 0,
                               .own_workspace = true, .poke_count = row->count };
    struct judge_result result;

    placed.ref.conv.activation.kind = kinds[(size_t)way % COUNT_OF(kinds)];
    rows_place(&placed, way % 2 ? CVY_NHWC : CVY_NCHW, &p);
    memcpy(p.pokes, row->pokes, sizeof row->pokes);
    judge_run(judge, &p, algorithm, &result);
    cr_expect(result.verdict != JUDGE_FAIL, "%s", result.message);
    return result.verdict != JUDGE_SKIP;
}

Test(winograd, what_is_not_finite_stays_in_its_tiles_or_its_channel)
{
    struct judge *judge = judge_create(context, queue);
    const char *name;
    int run = 0;

    for (size_t i = 0; i < COUNT_OF(poked); i++)
        for (int way = 0; way < 6; way++) {
            try_poked(judge, &poked[i], NULL, way);
            for (size_t at = 0; (name = next_indirect(&at)) != NULL;)
                run += try_poked(judge, &poked[i], name, way);
        }
    judge_destroy(&judge);
    skip_if(!run);
}

// Size --------------------------------------------------------------------------------------------

static cvy_buffer *buffer_with(const float *values, size_t count)
{
    cvy_buffer *buffer = NULL;
    size_t bytes = count * sizeof *values;

    OK(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = bytes }, &buffer));
    OK(cvy_queue_write(queue, (cvy_tensor) { buffer, 0 }, values, bytes, NULL, NULL));
    return buffer;
}

static float *noise(size_t count, struct judge_random *random)
{
    float *values = ref_alloc(count * sizeof *values);

    for (size_t i = 0; i < count; i++)
        values[i] = (float)(2.0 * random_unit(random) - 1.0);
    return values;
}

// The result, or false if the algorithm does not take the problem.
static bool convolve(cvy_conv_params params, const char *algorithm, const float *src,
                     const float *weights, float *out)
{
    const cvy_plan_options options = { .algorithm = algorithm };
    cvy_buffer *buffers[3];
    cvy_plan *plan = NULL;
    cvy_plan_info info;
    cvy_status st;

    params.options = &options;
    st = cvy_conv_create(context, &params, &plan);
    if (st == CVY_ERR_UNSUPPORTED)
        return false;
    OK(st);
    OK(cvy_plan_info_get(plan, &info));
    buffers[0] = buffer_with(src, (size_t)cvy_desc_elements(&params.src));
    buffers[1] = buffer_with(weights, (size_t)(params.src.size[1] * params.out_channels * 9));
    buffers[2] = buffer_with(out, (size_t)cvy_desc_elements(&info.dst));
    OK(cvy_plan_enqueue(plan, queue, &(cvy_args) { .src = { buffers[0], 0 },
                        .weights = { buffers[1], 0 }, .dst = { buffers[2], 0 } }, NULL, NULL));
    OK(cvy_queue_read(queue, (cvy_tensor) { buffers[2], 0 }, out, cvy_desc_bytes(&info.dst), NULL,
                      NULL));
    OK(cvy_queue_finish(queue));
    for (int i = 0; i < 3; i++)
        cvy_buffer_destroy(&buffers[i]);
    cvy_plan_destroy(&plan);
    return true;
}

// Outputs of 3x3 with padding 1 are as many pixels as inputs. Whether it was accepted.
static bool batch_is_its_images(int n, int c, int h, int w, int k, const char *algorithm)
{
    struct judge_random random = { (uint64_t)(n + c + h + w + k) };
    size_t image = (size_t)(c * h * w), result = (size_t)(k * h * w);
    cvy_conv_params params = { .src = cvy_nhwc(CVY_F32, n, h, w, c), .out_channels = k,
                               .kernel_size = { 3, 3 }, .padding = { 1, 1 } };
    float *src = noise((size_t)n * image, &random), *weights = noise((size_t)(c * k * 9), &random);
    float *whole = noise((size_t)n * result, &random), *alone = noise(result, &random);
    bool accepted = convolve(params, algorithm, src, weights, whole);

    params.src.size[0] = 1;
    for (int i = 0; accepted && i < n; i++) {
        cr_assert(convolve(params, algorithm, src + (size_t)i * image, weights, alone));
        cr_expect_eq(memcmp(alone, whole + (size_t)i * result, result * sizeof *alone), 0,
                     "%s, n%d c%d h%d w%d k%d: image %d is not what it is alone", algorithm, n, c,
                     h, w, k, i);
    }
    free(src);
    free(weights);
    free(whole);
    free(alone);
    return accepted;
}

// T8.
Test(winograd, images_of_a_batch_are_what_each_is_alone)
{
    const char *name;
    int run = 0;

    for (size_t at = 0; (name = next_indirect(&at)) != NULL;) {
        run += batch_is_its_images(3, 17, 9, 7, 33, name);
        run += batch_is_its_images(5, 3, 6, 1, 16, name);
        run += batch_is_its_images(2, 64, 14, 15, 20, name);
    }
    skip_if(!run);
}

// A map whose transformed tiles are larger than a few MiB for each unit of the device.
static void large_map(const cvy_device_info *info, struct judge_problem *out)
{
    int64_t channels = 50, rows = 15 + info->compute_units * 25;

    *out = (struct judge_problem) { .data = JUDGE_REAL, .seed = 7, .own_workspace = true,
                                    .label = "large map" };
    out->ref.op = REF_CONV;
    out->ref.conv = (cvy_conv_params) { .src = cvy_nhwc(CVY_F32, 2, rows, 99, channels),
                                        .out_channels = 2, .kernel_size = { 3, 3 },
                                        .padding = { 1, 1 }, .bias = true };
}

Test(winograd, large_maps_go_through_in_parts)
{
    struct judge *judge = judge_create(context, queue);
    struct judge_problem p;
    cvy_device_info info;
    const char *name;
    int run = 0;

    OK(cvy_context_device_info(context, &info));
    large_map(&info, &p);
    for (size_t at = 0; (name = next_indirect(&at)) != NULL;) {
        struct judge_result result;

        run += judge_run(judge, &p, name, &result) != JUDGE_SKIP;
        cr_expect(result.verdict != JUDGE_FAIL, "%s", result.message);
    }
    judge_destroy(&judge);
    skip_if(!run);
}
