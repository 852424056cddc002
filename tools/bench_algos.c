// Every algorithm that takes a problem, with every combination of its tunables, as rows of the
// bench.
#include "bench_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TUNABLES = 8, MOST_VALUES = 16, TUNED = 192 };

// "MR=7,14 NV=2,1" taken apart.
struct tunables {
    size_t count;
    struct {
        char name[16];
        size_t values;
        int value[MOST_VALUES];
    } each[MOST_TUNABLES];
};

static void read_values(const char *text, size_t *count, int *values)
{
    while (*count < MOST_VALUES) {
        char *end;

        values[(*count)++] = (int)strtol(text, &end, 10);
        if (*end != ',') {
            return;
        }
        text = end + 1;
    }
}

static struct tunables read_tunables(const char *text)
{
    struct tunables t = { 0 };
    char copy[sizeof ((cvy_algorithm_info *)NULL)->tunables], *rest = NULL;

    snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strtok_r(copy, " ", &rest); word != NULL && t.count < MOST_TUNABLES;
         word = strtok_r(NULL, " ", &rest)) {
        size_t length = strcspn(word, "=");

        if (word[length] == '=') {
            snprintf(t.each[t.count].name, sizeof t.each[0].name, "%.*s", (int)length, word);
            read_values(word + length + 1, &t.each[t.count].values, t.each[t.count].value);
            t.count++;
        }
    }
    return t;
}

static size_t combinations(const struct tunables *t)
{
    size_t product = t->count > 0;

    for (size_t i = 0; i < t->count; i++) {
        product *= t->each[i].values;
    }
    return product;
}

// Combination i as options.algorithm has it: "conv_direct:MR=7,NV=2".
static void combination(const char *algorithm, const struct tunables *t, size_t i,
                        char text[TUNED])
{
    size_t used = (size_t)snprintf(text, TUNED, "%s", algorithm);

    for (size_t j = 0; j < t->count && used < TUNED; j++) {
        used += (size_t)snprintf(text + used, TUNED - used, "%c%s=%d", j == 0 ? ':' : ',',
                                 t->each[j].name, t->each[j].value[i % t->each[j].values]);
        i /= t->each[j].values;
    }
}

// As the rules would have it, then all combinations.
static void run_algorithm(struct bench_run *run, const char *name, const char *spec,
                          const cvy_algorithm_info *algorithm)
{
    struct tunables t = read_tunables(algorithm->tunables);
    char text[TUNED];

    if (bench_run_spec(run, name, spec, algorithm->name) != CVY_OK) {
        return;                 // it does not take the problem
    }
    for (size_t i = 0; i < combinations(&t); i++) {
        combination(algorithm->name, &t, i, text);
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
