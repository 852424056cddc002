// Reference of matmul, on dense arrays.
#include "reference.h"

#include <math.h>

// The size of an axis counted from the last, 1 where there is none.
static int64_t size_back(const cvy_desc *desc, int32_t back)
{
    return back < desc->rank ? desc->size[desc->rank - 1 - back] : 1;
}

int64_t ref_matmul_depth(const cvy_matmul_params *p)
{
    return size_back(&p->src, p->transpose ? 1 : 0);
}

void ref_matmul_shape(const cvy_matmul_params *p, struct ref_shape *out)
{
    int32_t rank = p->src.rank > p->src2.rank ? p->src.rank : p->src2.rank;

    *out = (struct ref_shape) { .rank = rank };
    for (int32_t back = 2; back < rank; back++) {
        int64_t a = size_back(&p->src, back), b = size_back(&p->src2, back);

        out->size[rank - 1 - back] = a == 1 ? b : a;
    }
    out->size[rank - 2] = size_back(&p->src, p->transpose ? 0 : 1);
    out->size[rank - 1] = size_back(&p->src2, p->transpose2 ? 1 : 0);
}

// The element of a dense array whose position along axis `back` is at[back], axes of size 1 apart.
static int64_t place(const cvy_desc *desc, const int64_t at[CVY_MAX_RANK])
{
    int64_t index = 0;

    for (int32_t back = desc->rank - 1; back >= 0; back--) {
        int64_t size = size_back(desc, back);

        index = index * size + (size == 1 ? 0 : at[back]);
    }
    return index;
}

static int64_t operand(const cvy_desc *desc, const int64_t at[CVY_MAX_RANK], int64_t row,
                       int64_t column, bool turned)
{
    int64_t there[CVY_MAX_RANK];

    for (int i = 0; i < CVY_MAX_RANK; i++) {
        there[i] = at[i];
    }
    there[1] = turned ? column : row;
    there[0] = turned ? row : column;
    return place(desc, there);
}

static double or_one(float x)
{
    return x == 0.0f ? 1.0 : x;
}

// A factor that takes nothing from whole numbers.
static bool keeps_integers(double factor)
{
    return factor == floor(factor) && fabs(factor) <= 4.0;
}

void ref_run_matmul(const cvy_matmul_params *p, const struct ref_inputs *in,
                    struct ref_outputs *out)
{
    double alpha = or_one(p->alpha), beta = or_one(p->beta);
    bool exact = in->integers && keeps_integers(alpha) && keeps_integers(beta);
    int64_t depth = ref_matmul_depth(p);
    struct ref_shape dst;

    ref_matmul_shape(p, &dst);
    ref_outputs_reserve(out, ref_count(&dst));
    for (int64_t i = 0; i < out->count; i++) {
        int64_t at[CVY_MAX_RANK] = { 0 }, rest = i;
        struct ref_sum sum = { .taps = depth };

        for (int32_t back = 0; back < dst.rank; back++) {
            at[back] = rest % dst.size[dst.rank - 1 - back];
            rest /= dst.size[dst.rank - 1 - back];
        }
        for (int64_t k = 0; k < depth; k++) {
            double term = in->src[operand(&p->src, at, at[1], k, p->transpose)]
                        * in->src2[operand(&p->src2, at, k, at[0], p->transpose2)];

            sum.pre += term;
            sum.sum += fabs(term);
        }
        sum.pre *= alpha;
        sum.sum *= fabs(alpha);
        if (in->bias != NULL) {
            double term = beta * in->bias[place(&p->bias, at)];

            sum.pre += term;
            sum.sum += fabs(term);
        }
        ref_store_sum(out, i, &sum, &p->activation, 0.0, exact);
    }
}
