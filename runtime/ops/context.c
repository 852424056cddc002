// Opening a context: hands tier 1 the kernels of the device's start-up set.
#include "ops/check.h"
#include "plan/wisdom.h"

#include <convoy/tune.h>

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

static cvy_status compile_policy(const cvy_context_params *params, cvy_compile_policy *out)
{
    *out = params ? params->compile : CVY_COMPILE_DEFAULT;
    if (*out == CVY_COMPILE_DEFAULT)
        *out = CVY_COMPILE_EAGER;
    if (*out == CVY_COMPILE_BACKGROUND)
        return fail(CVY_ERR_UNSUPPORTED, "compile is CVY_COMPILE_BACKGROUND, which this version "
                    "does not have");
    return check_enum((int)*out, CVY_COMPILE_DEFAULT, CVY_COMPILE_LAZY, "compile");
}

cvy_status cvy_context_create(const cvy_context_params *params, cvy_context **out)
{
    struct start_kernel kernels[START_KERNELS];
    cvy_compile_policy policy;
    cvy_context *context = NULL;
    struct wisdom *wisdom = NULL;
    cvy_status st = CVY_OK;

    CHECK_POINTER(out);
    *out = NULL;
    TRY(compile_policy(params, &policy));
    TRY(context_open(params, &context));
    TRY(wisdom_new(&wisdom));
    context_attach(context, wisdom, wisdom_free);
    if (params && params->wisdom)
        TRY(cvy_wisdom_load(context, params->wisdom, CVY_WISDOM_USER, NULL));
    if (policy == CVY_COMPILE_EAGER)
        TRY(context_compile(context, kernels, start_set(context_device(context), kernels)));
    *out = context;
    context = NULL;
out:
    cvy_context_destroy(&context);
    return st;
}
