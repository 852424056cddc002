// A small deterministic generator (splitmix64) for the judge's data and the sweep's problems.
#ifndef CONVOY_TESTS_JUDGE_RANDOM_H
#define CONVOY_TESTS_JUDGE_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct judge_random {
    uint64_t state;
};

static inline uint64_t random_bits(struct judge_random *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

// Both ends are included.
static inline int64_t random_between(struct judge_random *r, int64_t low, int64_t high)
{
    return low + (int64_t)(random_bits(r) % (uint64_t)(high - low + 1));
}

static inline bool random_chance(struct judge_random *r, int percent)
{
    return random_between(r, 1, 100) <= percent;
}

// In [0, 1).
static inline double random_unit(struct judge_random *r)
{
    return (double)(random_bits(r) >> 11) * 0x1p-53;
}

#endif
