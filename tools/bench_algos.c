// Every algorithm that takes a problem, with every combination of its tunables, as rows of the
// bench.
#include "bench_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TUNED = 192 };

static size_t combinations(const cvy_algorithm_info *a)
{
    size_t product = a->tunable_count > 0;

    for (int32_t i = 0; i < a->tunable_count; i++) {
        product *= (size_t)a->tunable[i].count;
    }
    return product;
}

// Combination i as options.algorithm has it: "conv_direct:MR=7,NV=2".
static void combination(const cvy_algorithm_info *a, size_t i, char text[TUNED])
{
    size_t used = (size_t)snprintf(text, TUNED, "%s", a->name);

    for (int32_t j = 0; j < a->tunable_count && used < TUNED; j++) {
        const cvy_tunable *t = &a->tunable[j];

        used += (size_t)snprintf(text + used, TUNED - used, "%c%s=%d", j == 0 ? ':' : ',',
                                 t->name, (int)t->values[i % (size_t)t->count]);
        i /= (size_t)t->count;
    }
}

// As the rules would have it, then all combinations.
static void run_algorithm(struct bench_run *run, const char *name, const char *spec,
                          const cvy_algorithm_info *algorithm)
{
    char text[TUNED];

    if (bench_run_spec(run, name, spec, algorithm->name) != CVY_OK) {
        return;                 // it does not take the problem
    }
    for (size_t i = 0; i < combinations(algorithm); i++) {
        combination(algorithm, i, text);
        bench_run_spec(run, name, spec, text);
    }
}

// The operator that a problem is solved as: a linear layer is a convolution.
static const char *operator_of(const cvy_algorithm_info *list, size_t count, const char *chosen)
{
    size_t length = strcspn(chosen, "(:");

    for (size_t i = 0; i < count; i++) {
        if (strncmp(list[i].name, chosen, length) == 0 && list[i].name[length] == '\0') {
            return list[i].op;
        }
    }
    return "";
}

cvy_status bench_run_algorithms(struct bench_run *run, const char *name, const char *spec)
{
    size_t count = 0;
    cvy_plan_info info;
    cvy_plan *plan = NULL;
    cvy_status st = cvy_algorithm_list(NULL, 0, &count);
    cvy_algorithm_info *list = calloc(count + 1, sizeof *list);

    st = list == NULL ? CVY_ERR_NOMEM_HOST :
         st == CVY_OK ? cvy_algorithm_list(list, count, &count) : st;
    st = st == CVY_OK ? bench_convoy_open(&run->place, spec, NULL, &info, &plan) : st;
    for (size_t i = 0; st == CVY_OK && i < count; i++) {
        if (strcmp(list[i].op, operator_of(list, count, info.algorithm)) == 0) {
            run_algorithm(run, name, spec, &list[i]);
        }
    }
    cvy_plan_destroy(&plan);
    free(list);
    return st;
}
