// Labelled problems, one for each feature of each operator. All are small but the last, whose
// outputs take many steps each.
#ifndef CONVOY_TESTS_ROWS_H
#define CONVOY_TESTS_ROWS_H

#include "judge.h"

size_t rows_count(void);
size_t rows_long_count(void);     // how many of the last are too slow for a simulator

// Row i with its sources in `layout` (NCHW or NHWC; PLAIN rows stay so) and data of that kind.
void rows_problem(size_t i, cvy_layout layout, enum judge_data data, struct judge_problem *out);

#endif
