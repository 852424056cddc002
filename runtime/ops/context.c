// Opening a context: hands tier 1 the kernels of the device's start-up set, which is what the rules
// can choose and what its wisdom names.
#include "ops/check.h"
#include "plan/forced.h"
#include "plan/wisdom.h"

#include <convoy/tune.h>
#include <stdio.h>

#define START_KERNELS 128

// A kernel can belong to several algorithms; it is compiled once.
static bool same_instance(const struct instance *a, const struct instance *b)
{
    struct text x = { 0 }, y = { 0 };
    bool same;

    instance_text(a, &x);
    instance_text(b, &y);
    same = x.data && y.data && strcmp(x.data, y.data) == 0;
    text_free(&x);
    text_free(&y);
    return same;
}

static bool is_there(const struct start_kernel *kernels, size_t count, const struct instance *one)
{
    for (size_t i = 0; i < count; i++)
        if (same_instance(&kernels[i].instance, one))
            return true;
    return false;
}

static size_t start_set(const struct device *device, struct start_kernel *out)
{
    struct instance some[START_KERNELS];
    size_t count = 0;

    for (size_t i = 0; i < algo_count; i++) {
        size_t more = algos[i]->start_set ? algos[i]->start_set(device, some, START_KERNELS) : 0;

        for (size_t k = 0; k < more && count < START_KERNELS; k++)
            if (!is_there(out, count, &some[k]))
                out[count++] = (struct start_kernel) { some[k], op_family(algos[i]->op) };
    }
    return count;
}

// Makes the plan that wisdom speaks of. Its problem may be none that a spec can say, or this device
// may not take it: what was measured elsewhere or by hand is only a hint.
static cvy_status plan_known(cvy_context *context, const struct wisdom_choice *choice)
{
    char values[100], name[160];
    const cvy_plan_options options = { .algorithm = name };
    cvy_plan *plan = NULL;
    cvy_status st;

    config_text(choice->algo, &choice->config, values, sizeof values);
    snprintf(name, sizeof name, "%s%s%s", choice->algo->name, values[0] ? ":" : "", values);
    st = cvy_plan_from_spec(context, choice->key, &options, &plan);
    cvy_plan_destroy(&plan);
    return st == CVY_ERR_NOMEM_HOST ? st : CVY_OK;
}

// Adds the kernels of those plans, as far as there is room.
static cvy_status add_known(cvy_context *context, struct start_kernel *kernels, size_t *count)
{
    struct wisdom *wisdom = context_wisdom(context);
    struct kernel_list list = { 0 };
    struct wisdom_choice choice;
    char device[KEY_BYTES];
    size_t at = 0, done = 0;
    cvy_status st = CVY_OK;

    device_key(context_device(context), device);
    context_collect(context, &list);
    while (st == CVY_OK && list.count < START_KERNELS
           && wisdom_each(wisdom, device, &at, &choice)) {
        st = plan_known(context, &choice);
        for (; done < list.count; done++) {
            const struct instance *one = kernel_instance(list.items[done]);

            if (*count < START_KERNELS && !is_there(kernels, *count, one))
                kernels[(*count)++] = (struct start_kernel) { *one, NULL };
        }
    }
    context_collect(context, NULL);
    kernel_list_free(&list);
    return st;
}

// What wisdom adds is compiled alone: a family's program is the same whatever wisdom says, so that
// its binary serves all.
static cvy_status expect_start_set(cvy_context *context)
{
    struct start_kernel kernels[START_KERNELS];
    size_t count = start_set(context_device(context), kernels);
    cvy_status st = add_known(context, kernels, &count);

    return st == CVY_OK ? context_expect(context, kernels, count) : st;
}

static cvy_status compile_by(cvy_context *context, cvy_compile_policy policy)
{
    cvy_status st = CVY_OK;

    TRY(expect_start_set(context));
    if (policy == CVY_COMPILE_EAGER)
        TRY(context_compile(context));
    context_work_behind(context, policy == CVY_COMPILE_BACKGROUND);
out:
    return st;
}

cvy_status cvy_context_create(const cvy_context_params *params, cvy_context **out)
{
    cvy_compile_policy policy;
    cvy_context *context = NULL;
    struct wisdom *wisdom = NULL;
    cvy_status st = CVY_OK;

    CHECK_POINTER(out);
    *out = NULL;
    TRY(context_open(params, &context));
    TRY(wisdom_new(&wisdom));
    context_attach(context, wisdom, wisdom_free);
    if (params && params->wisdom)
        TRY(cvy_wisdom_load(context, params->wisdom, CVY_WISDOM_USER, NULL));
    policy = params ? params->compile : CVY_COMPILE_DEFAULT;
    TRY(compile_by(context, policy ? policy : CVY_COMPILE_BACKGROUND));
    *out = context;
    context = NULL;
out:
    cvy_context_destroy(&context);
    return st;
}
