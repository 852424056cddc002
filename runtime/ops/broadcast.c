// Broadcasting as in PyTorch.
#include "ops/broadcast.h"
#include "plan/names.h"

// Moves the axes to the right, with axes of size 1 before them.
static void grow(struct broadcast *whole, int32_t rank)
{
    int32_t more = rank - whole->rank;

    if (more <= 0)
        return;
    for (int32_t i = rank - 1; i >= 0; i--)
        whole->size[i] = i >= more ? whole->size[i - more] : 1;
    whole->rank = rank;
}

cvy_status broadcast_add(struct broadcast *whole, const cvy_desc *desc, const char *name)
{
    int64_t elements = 1;
    int32_t shift;

    grow(whole, desc->rank);
    shift = whole->rank - desc->rank;
    for (int32_t i = 0; i < desc->rank; i++) {
        int64_t *size = &whole->size[shift + i];

        if (*size == 1)
            *size = desc->size[i];
        if (desc->size[i] != *size && desc->size[i] != 1)
            return fail(CVY_ERR_SHAPE, "%s.size[%d] is %lld; it must be 1 or the %lld that the "
                        "sources before have there", name, (int)i, (long long)desc->size[i],
                        (long long)*size);
    }
    for (int32_t i = 0; i < whole->rank; i++)
        if (!mul_i64(elements, MAX(whole->size[i], 1), &elements))
            return fail(CVY_ERR_LIMIT, "%s broadcasts to more than 2^63 elements", name);
    return CVY_OK;
}

cvy_status broadcast_check_layout(const cvy_desc *desc, const char *name, const cvy_desc *first,
                                  const char *first_name)
{
    if ((desc->layout == CVY_PLAIN) == (first->layout == CVY_PLAIN))
        return CVY_OK;
    return fail(CVY_ERR_ARGUMENT, "%s.layout is %s and %s.layout %s; CVY_PLAIN goes with CVY_PLAIN",
                name, layout_name(desc->layout), first_name, layout_name(first->layout));
}

struct tensor broadcast_tensor(const struct broadcast *whole, const cvy_desc *desc)
{
    struct tensor t = tensor_plain(desc), out = t;
    int32_t shift = whole->rank - desc->rank;

    for (int32_t i = 0; i < CVY_MAX_RANK; i++) {
        bool there = i >= shift && i < whole->rank;

        out.size[i] = i < whole->rank ? whole->size[i] : 1;
        out.stride[i] = there && t.size[i - shift] > 1 ? t.stride[i - shift] : 0;
        if (out.size[i] == 1)
            out.stride[i] = 1;
    }
    return out;
}
