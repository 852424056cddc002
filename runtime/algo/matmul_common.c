// Arguments and quantities of products of matrices.
#include "algo/matmul.h"

int64_t matmul_depth(const struct problem *problem)
{
    return problem->src.size[MATMUL_COLUMNS];
}

int64_t matmul_batch(const struct problem *problem)
{
    int64_t batch = 1;

    for (int i = 0; i < MATMUL_BATCHES; i++)
        batch *= problem->dst.size[i];
    return batch;
}

double matmul_macs(const struct problem *problem)
{
    return (double)tensor_elements(&problem->dst) * (double)matmul_depth(problem);
}

void step_matmul(struct step *step, const struct problem *problem)
{
    const struct matmul_problem *matmul = &problem->u.matmul;

    for (int i = 1; i < CVY_MAX_RANK; i++)
        step_long(step, problem->dst.size[i]);
    step_strides(step, &problem->src, CVY_MAX_RANK);
    step_strides(step, &matmul->src2, CVY_MAX_RANK);
    step_strides(step, &matmul->bias, CVY_MAX_RANK);
    step_strides(step, &problem->dst, CVY_MAX_RANK);
}
