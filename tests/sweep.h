// Random legal problems, the same ones for the same seed: every operator, layout and feature.
#ifndef CONVOY_TESTS_SWEEP_H
#define CONVOY_TESTS_SWEEP_H

#include "judge.h"

void sweep_problem(uint64_t seed, struct judge_problem *out);

#endif
