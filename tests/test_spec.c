// OP-SPEC text by its promises: text to plan to the same text, whatever the problem, the words and
// the locale; and errors that name the word.
#include "judge_random.h"
#include "plan_fixture.h"
#include "spec_rows.h"
#include "sweep.h"

#include <locale.h>

TestSuite(spec, .init = open_all, .fini = close_all, .timeout = 300);

// An algorithm that no one has: checks and text are made, but no kernel is compiled.
static const cvy_plan_options no_plan = { .algorithm = "none of them" };

// Text --------------------------------------------------------------------------------------------

static void expect_text(const char *given, const char *canonical)
{
    cvy_plan *plan = NULL;
    cvy_plan_info info;
    cvy_status st = cvy_plan_from_spec(context, given, NULL, &plan);

    cr_expect(st == CVY_OK, "%s: %s", given, cvy_error_text());
    if (st != CVY_OK)
        return;
    OK(cvy_plan_info_get(plan, &info));
    cr_expect_str_eq(info.spec, canonical, "\"%s\" becomes \"%s\", not \"%s\"", given, info.spec,
                     canonical);
    cvy_plan_destroy(&plan);
}

Test(spec, text_becomes_canonical_and_stays_so)
{
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const char *canonical = texts[i].canonical ? texts[i].canonical : texts[i].given;

        expect_text(texts[i].given, canonical);
        if (texts[i].canonical)
            expect_text(canonical, canonical);
    }
}

// Params ------------------------------------------------------------------------------------------

// Strides of axes with one element or none say nothing.
static bool same_desc(const cvy_desc *a, const cvy_desc *b)
{
    bool same = a->dtype == b->dtype && a->layout == b->layout && a->rank == b->rank;

    for (int i = 0; i < a->rank && same; i++)
        same = a->size[i] == b->size[i] && (a->size[i] <= 1 || a->stride[i] == b->stride[i]);
    return same;
}

static bool same_info(const cvy_plan_info *a, const cvy_plan_info *b)
{
    return strcmp(a->spec, b->spec) == 0 && strcmp(a->algorithm, b->algorithm) == 0
        && same_desc(&a->dst, &b->dst) && same_desc(&a->indices, &b->indices)
        && a->macs == b->macs && a->parameters == b->parameters && a->full_macs == b->full_macs
        && a->full_parameters == b->full_parameters && a->bytes == b->bytes
        && a->workspace == b->workspace && a->packed == b->packed && a->launches == b->launches
        && a->prepare_launches == b->prepare_launches;
}

Test(spec, any_params_come_back_from_their_text)
{
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct judge_problem problem;
        cvy_plan *plan = NULL, *again = NULL;
        cvy_plan_info info, other = { .spec = "" };

        sweep_problem(seed, &problem);
        OK(create(&problem.ref, &plan));
        OK(cvy_plan_info_get(plan, &info));
        if (cvy_plan_from_spec(context, info.spec, NULL, &again) == CVY_OK)
            OK(cvy_plan_info_get(again, &other));
        cr_expect(same_info(&info, &other), "seed %llu: \"%s\" and \"%s\" (%s)",
                  (unsigned long long)seed, info.spec, other.spec,
                  again ? "" : cvy_error_text());
        cvy_plan_destroy(&again);
        cvy_plan_destroy(&plan);
    }
}

// What the text says must be what the params mean, not only the same both ways.
Test(spec, every_field_of_params_reaches_its_letter)
{
    struct ref_problem problems[] = {
        { .op = REF_CONV, .conv = {
              .src = cvy_nhwc(CVY_F32, 2, 7, 8, 6), .out_channels = 4, .kernel_size = { 2, 3 },
              .stride = { 2, 1 }, .dilation = { 1, 2 }, .padding = { 1, 2 },
              .padding_end = { 0, 3 }, .padding_rule = CVY_PAD_BEGIN_END, .groups = 2,
              .padding_mode = CVY_REPLICATE, .bias = true, .residual = true,
              .activation = { CVY_CLIP, -1.0f, 0.5f }, .dst = { .layout = CVY_NCHW } } },
        { .op = REF_CONV_TRANSPOSE, .conv_transpose = {
              .src = cvy_ncw(CVY_F32, 2, 6, 7), .out_channels = 4, .kernel_size = { 5 },
              .stride = { 3 }, .dilation = { 2 }, .padding = { 1 }, .padding_end = { 2 },
              .padding_rule = CVY_PAD_BEGIN_END, .output_padding = { 1 }, .groups = 2,
              .bias = true } },
        { .op = REF_POOL, .pool = {
              .kind = CVY_POOL_AVERAGE, .src = cvy_nchw(CVY_F32, 2, 3, 7, 8),
              .kernel_size = { 4, 3 }, .stride = { 2, 1 }, .dilation = { 1, 2 },
              .padding = { 1, 2 }, .ceil_mode = true, .divisor_override = 5,
              .count_include_pad = CVY_COUNT_PAD_EXCLUDE } },
        { .op = REF_SEPARABLE, .separable = {
              .kind = CVY_SEPARABLE_SPATIAL_DENSE, .src = cvy_ncdhw(CVY_F32, 1, 2, 5, 6, 7),
              .out_channels = 3, .mid_channels = 4, .kernel_size = { 3, 2, 1 },
              .padding = { 1, 0, 0 }, .bias2 = true, .activation = { CVY_SILU, 0, 0 },
              .activation2 = { CVY_PRELU, 0, 0 } } },
    };
    static const char *const wanted[] = {
        "conv n2 c6 h7 w8 k4 r2x3 s2x1 p1x2 q0x3 l1x2 g2 pad:replicate f32 nhwc +bias +residual "
        "+clip:-1:0.5 +to:nchw",
        "deconv n2 c6 w7 k4 r5 s3 p1 q2 l2 g2 o1 f32 nchw +bias",
        "pool average n2 c3 h7 w8 r4x3 s2x1 p1x2 l1x2 f32 nchw +ceil +exclude_pad +div:5",
        "separable spatial_dense n1 c2 d5 h6 w7 k3 r3x2x1 p1x0x0 m4 f32 nchw +bias2 +prelu "
        "+mid:silu",
    };

    for (size_t i = 0; i < COUNT_OF(problems); i++) {
        cvy_plan *plan = NULL;
        cvy_plan_info info;

        OK(create(&problems[i], &plan));
        OK(cvy_plan_info_get(plan, &info));
        cr_expect_str_eq(info.spec, wanted[i], "\"%s\", not \"%s\"", info.spec, wanted[i]);
        cvy_plan_destroy(&plan);
    }
}

Test(spec, text_of_very_many_sources_is_cut_and_not_taken_back)
{
    cvy_desc srcs[CVY_MAX_SOURCES];
    cvy_plan *plan = NULL, *again = NULL;
    cvy_plan_info info;

    for (size_t i = 0; i < CVY_MAX_SOURCES; i++)
        srcs[i] = cvy_nchw(CVY_F32, 1, 100, 10, 10);
    OK(cvy_concat_create(context, &(cvy_concat_params) {
        .srcs = srcs, .src_count = CVY_MAX_SOURCES, .axis = 1 }, &plan));
    OK(cvy_plan_info_get(plan, &info));
    cr_expect_lt(strlen(info.spec), sizeof info.spec);
    cr_expect_str_eq(info.spec + strlen(info.spec) - 4, " ...");
    GIVES(CVY_ERR_ARGUMENT, "...", cvy_plan_from_spec(context, info.spec, NULL, &again));
    cvy_plan_destroy(&plan);
}

// Errors ------------------------------------------------------------------------------------------

Test(spec, errors_quote_the_word_and_say_what_would_be_right)
{
    for (size_t i = 0; i < COUNT_OF(wrong_words); i++) {
        const char *text = wrong_words[i].text, *word = wrong_words[i].word;
        cvy_plan *plan = NULL;
        cvy_status st = cvy_plan_from_spec(context, text, &no_plan, &plan);

        cr_expect(st == CVY_ERR_ARGUMENT, "\"%s\" gives %s", text, cvy_status_name(st));
        cr_expect(strstr(cvy_error_text(), word)
                  && strstr(cvy_error_text(), wrong_words[i].right),
                  "\"%s\": \"%s\" has no %s or no \"%s\"", text, cvy_error_text(), word,
                  wrong_words[i].right);
        cr_expect_null(plan);
    }
}

Test(spec, missing_pointers_are_named)
{
    cvy_plan *plan = NULL;

    GIVES(CVY_ERR_ARGUMENT, "context", cvy_plan_from_spec(NULL, "conv", NULL, &plan));
    GIVES(CVY_ERR_ARGUMENT, "spec", cvy_plan_from_spec(context, NULL, NULL, &plan));
    GIVES(CVY_ERR_ARGUMENT, "out", cvy_plan_from_spec(context, "conv", NULL, NULL));
}

// Legal text whose problem is not: the create function's own error.
Test(spec, problems_that_are_not_legal_give_the_operators_error)
{
    for (size_t i = 0; i < COUNT_OF(illegal_problems); i++) {
        cvy_plan *plan = NULL;

        GIVES(illegal_problems[i].status, illegal_problems[i].word,
              cvy_plan_from_spec(context, illegal_problems[i].text, &no_plan, &plan));
        cr_expect_null(plan);
    }
}

// One edit at a random place: a byte changed, dropped or put in, or the tail cut off.
static void mutate(struct judge_random *random, char *text, size_t cap)
{
    static const char bytes[] = "ncdhwkrspqlgomx:+[],. -09\x80\xff";
    size_t length = strlen(text), at = (size_t)random_between(random, 0, (int64_t)length);
    char byte = bytes[random_between(random, 0, (int64_t)sizeof bytes - 2)];

    switch (random_between(random, 0, 3)) {
    case 0:
        text[at] = at < length ? byte : '\0';
        break;
    case 1:
        memmove(text + at, text + at + (at < length), length - at + (at == length));
        break;
    case 2:
        if (length + 1 < cap) {
            memmove(text + at + 1, text + at, length - at + 1);
            text[at] = byte;
        }
        break;
    default:
        text[at] = '\0';
    }
}

Test(spec, damaged_text_is_an_error_or_another_problem_but_never_a_crash)
{
    struct judge_random random = { 20240 };

    for (int i = 0; i < 50000; i++) {
        const char *seed = texts[random_between(&random, 0, COUNT_OF(texts) - 1)].given;
        char text[256];
        cvy_plan *plan = NULL;
        cvy_status st;

        snprintf(text, sizeof text, "%s", seed);
        for (int64_t edits = random_between(&random, 1, 4); edits > 0; edits--)
            mutate(&random, text, sizeof text);
        st = cvy_plan_from_spec(context, text, &no_plan, &plan);
        cr_assert(st == CVY_ERR_ARGUMENT || st == CVY_ERR_SHAPE || st == CVY_ERR_UNSUPPORTED
                  || st == CVY_ERR_LIMIT, "\"%s\" gives %s: %s", text, cvy_status_name(st),
                  cvy_error_text());
        cr_assert(cvy_error_text()[0] && !plan, "\"%s\"", text);
    }
}

Test(spec, random_bytes_are_an_error)
{
    struct judge_random random = { 20241 };

    for (int i = 0; i < 20000; i++) {
        char text[512];
        size_t length = (size_t)random_between(&random, 0, sizeof text - 1);
        cvy_plan *plan = NULL;

        for (size_t k = 0; k < length; k++)
            text[k] = (char)random_between(&random, 1, 255);
        text[length] = '\0';
        cr_assert_eq(cvy_plan_from_spec(context, text, &no_plan, &plan), CVY_ERR_ARGUMENT);
    }
}

// Locale ------------------------------------------------------------------------------------------

// A locale with a decimal comma, made for the occasion where the machine has none.
static bool comma_locale(void)
{
    static const char *const names[] = { "de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE" };
    char folder[] = "/tmp/convoy-locale-XXXXXX", command[256];

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (setlocale(LC_ALL, names[i]))
            return true;
    if (!mkdtemp(folder))
        return false;
    snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 2>/dev/null",
             folder);
    if (system(command) == 0 && setenv("LOCPATH", folder, 1) == 0)
        setlocale(LC_ALL, "de_DE.UTF-8");
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) == 0 && localeconv()->decimal_point[0] == ',';
}

Test(spec, a_decimal_comma_matters_in_neither_direction)
{
    cvy_plan *plan = NULL;

    if (!comma_locale())
        cr_skip_test("no locale with a decimal comma, and localedef cannot make one");
    expect_text("activation n1 c3 h4 w4 f32 nchw +leaky_relu:0.1",
                "activation n1 c3 h4 w4 f32 nchw +leaky_relu:0.1");
    expect_text("activation n1 c3 h4 w4 f32 nchw +clip:-1.25e-10:16777217.5",
                "activation n1 c3 h4 w4 f32 nchw +clip:-1.25e-10:16777218");
    GIVES(CVY_ERR_ARGUMENT, "\"+elu:0,5\"",
          cvy_plan_from_spec(context, "activation n1 c3 +elu:0,5", NULL, &plan));
}
