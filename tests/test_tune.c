// Choosing by hand: algorithms with values of their tunables, as text.
#include "plan_fixture.h"

#include <stdio.h>

TestSuite(tune, .init = open_all, .fini = close_all, .timeout = 300);

#define SMALL "conv n1 c5 h9 w9 k20 r3x3 p1x1 f32 "

static cvy_status choose(const char *spec, const char *algorithm, cvy_plan_info *info)
{
    const cvy_plan_options options = { .algorithm = algorithm };
    cvy_plan *plan = NULL;
    cvy_status st = cvy_plan_from_spec(context, spec, &options, &plan);

    memset(info, 0, sizeof *info);
    if (st == CVY_OK)
        st = cvy_plan_info_get(plan, info);
    cvy_plan_destroy(&plan);
    return st;
}

Test(tune, values_of_tunables_are_taken_from_the_name)
{
    cvy_plan_info info;

    OK(choose(SMALL "nchw", "conv_simt:V=1", &info));
    cr_expect_str_eq(info.algorithm, "conv_simt");
    cr_expect_str_eq(info.config, "conv_simt:V=1");
    cr_expect_str_eq(info.why, "forced");
    OK(choose(SMALL "nchw", "conv_reference", &info));
    cr_expect_str_eq(info.config, "conv_reference");
}

Test(tune, each_config_of_each_convolution_says_so_again)
{
    cvy_algorithm_info list[64];
    size_t count, tried = 0;

    OK(cvy_algorithm_list(list, 64, &count));
    for (size_t i = 0; i < count; i++) {
        for (int32_t t = 0; strcmp(list[i].op, "conv") == 0 && t < list[i].tunable_count; t++) {
            const cvy_tunable *tunable = &list[i].tunable[t];

            for (int32_t v = 0; v < tunable->count; v++) {
                char name[100], again[320];
                cvy_plan_info info;

                snprintf(name, sizeof name, "%s:%s=%d", list[i].name, tunable->name,
                         tunable->values[v]);
                if (choose(SMALL "nhwc", name, &info) == CVY_ERR_UNSUPPORTED)
                    continue;
                cr_expect(strstr(info.config, strchr(name, ':') + 1), "%s gives %s", name,
                          info.config);
                strcpy(again, info.config);
                OK(choose(SMALL "nhwc", again, &info));
                cr_expect_str_eq(info.config, again);
                tried++;
            }
        }
    }
    cr_expect_gt(tried, 0);
}

Test(tune, children_are_chosen_by_name_too)
{
    cvy_plan_info info;
    char again[320];

    OK(choose("separable n1 c8 h9 w9 k8 r3x3 p1x1 f32 nchw",
              "separable_pair(conv_reference + conv_simt:V=8)", &info));
    cr_expect_str_eq(info.config, "separable_pair(conv_reference + conv_simt:V=8)");
    OK(choose("separable n1 c8 h9 w9 k8 r3x3 p1x1 f32 nchw", NULL, &info));
    strcpy(again, info.config);
    OK(choose("separable n1 c8 h9 w9 k8 r3x3 p1x1 f32 nchw", again, &info));
    cr_expect_str_eq(info.config, again);
}

Test(tune, what_is_wrong_in_a_name_is_named)
{
    static const struct {
        const char *algorithm, *says;
        cvy_status status;
    } rows[] = {
        { "conv_by_hand", "\"conv_by_hand\", which is not registered; conv has", CVY_ERR_ARGUMENT },
        { "conv_simt:W=1", "\"W=1\" is no tunable of conv_simt, which has V", CVY_ERR_ARGUMENT },
        { "conv_simt:V", "\"V\" of conv_simt; V takes one of 4 1 8", CVY_ERR_ARGUMENT },
        { "conv_simt:V=", "V takes one of", CVY_ERR_ARGUMENT },
        { "conv_simt:V=3", "\"V=3\" of conv_simt; V takes one of 4 1 8", CVY_ERR_ARGUMENT },
        { "conv_simt:V=-1", "V takes one of", CVY_ERR_ARGUMENT },
        { "conv_simt:V=4294967297", "V takes one of", CVY_ERR_ARGUMENT },
        { "conv_simt:V=1,V=1", "gives V of conv_simt twice", CVY_ERR_ARGUMENT },
        { "conv_simt:V=1,", "", CVY_OK },
        { "conv_reference:V=1", "no tunable of conv_reference, which has none", CVY_ERR_ARGUMENT },
        { "conv_simt(pool_reference)", "names pool_reference, which solves pool",
          CVY_ERR_ARGUMENT },
        { "pool_reference", "which solves pool and not conv", CVY_ERR_UNSUPPORTED },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cvy_plan_info info;
        cvy_status st = choose(SMALL "nchw", rows[i].algorithm, &info);

        cr_expect_eq(st, rows[i].status, "%s gives %s", rows[i].algorithm, cvy_status_name(st));
        cr_expect(st == CVY_OK || strstr(cvy_error_text(), rows[i].says), "%s: %s",
                  rows[i].algorithm, cvy_error_text());
    }
}
