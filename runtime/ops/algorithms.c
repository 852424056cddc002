// The registry as people see it.
#include "ops/check.h"

#include <convoy/tune.h>
#include <stdio.h>

// Texts of bit sets are made of constant pieces; the longest are listed whole.
static const char *layouts_text(uint32_t layouts)
{
    if (layouts == ANY_LAYOUT)
        return "nchw nhwc plain";
    if (layouts == (LAYOUT_BIT(CVY_NCHW) | LAYOUT_BIT(CVY_NHWC)))
        return "nchw nhwc";
    return layouts == LAYOUT_BIT(CVY_NHWC) ? "nhwc" : layouts == LAYOUT_BIT(CVY_NCHW) ? "nchw" : "";
}

static const char *dtypes_text(uint32_t dtypes)
{
    if (dtypes == ANY_DTYPE)
        return "f32 f16 bf16 f64 i8 u8 i32 i64 bool";
    return dtypes == DTYPE_BIT(CVY_F32) ? "f32" : "";
}

static const char *const accuracies[] = {
    [ACCURACY_DIRECT] = "direct", [ACCURACY_PADDED] = "padded", [ACCURACY_WINOGRAD] = "winograd",
};

_Static_assert(CVY_MAX_TUNABLES == CONFIG_VALUES, "room for each tunable");
_Static_assert(sizeof((cvy_tunable *)0)->values == sizeof((struct tunable *)0)->values, "values");

static void tunables_list(const struct tunable *tunables, cvy_algorithm_info *out)
{
    size_t at = 0, cap = sizeof out->tunables;

    for (; tunables && tunables->name; tunables++) {
        cvy_tunable *to = &out->tunable[out->tunable_count++];

        to->name = tunables->name;
        memcpy(to->values, tunables->values, sizeof to->values);
        for (; to->count < (int32_t)COUNT_OF(to->values) && to->values[to->count]; to->count++)
            if (at < cap)
                at += (size_t)snprintf(out->tunables + at, cap - at, "%s%s%s%d",
                                       at && !to->count ? " " : "", to->count ? "," : to->name,
                                       to->count ? "" : "=", to->values[to->count]);
    }
}

cvy_status cvy_algorithm_list(cvy_algorithm_info *out, size_t cap, size_t *count)
{
    CHECK_POINTER(count);
    if (cap && !out)
        return fail(CVY_ERR_ARGUMENT, "out is NULL and cap is %zu", cap);
    *count = algo_count;
    for (size_t i = 0; i < algo_count && i < cap; i++) {
        const struct algo *a = algos[i];

        out[i] = (cvy_algorithm_info) {
            .name = a->name, .op = op_name(a->op), .about = a->about,
            .dtypes = dtypes_text(a->dtypes),
            .layouts = layouts_text(a->layouts),
            .accuracy = accuracies[a->accuracy], .slow_start = a->slow_start,
        };
        tunables_list(a->tunables, &out[i]);
    }
    return CVY_OK;
}
