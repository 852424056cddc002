// The judge: runs one problem on a device through the public API and compares every output, every
// canary and every input with what the reference and the contract say.
#ifndef CONVOY_TESTS_JUDGE_H
#define CONVOY_TESTS_JUDGE_H

#include "reference.h"

#include <convoy/convoy.h>

enum { JUDGE_MAX_POKES = 8 };

// INTEGER: small integers, sums exact (T0). REAL: floats.
enum judge_data { JUDGE_INTEGER, JUDGE_REAL };

enum judge_slot {
    SLOT_SRC, SLOT_SRC2, SLOT_WEIGHTS, SLOT_BIAS, SLOT_WEIGHTS2, SLOT_BIAS2, SLOT_SLOPE,
    SLOT_SCALE, SLOT_MEAN, SLOT_VARIANCE, SLOT_RESIDUAL,
    SLOT_INDICES, SLOT_DST, SLOT_WORKSPACE, SLOT_SOURCES,
    SLOT_COUNT = SLOT_SOURCES + REF_MAX_SOURCES
};

// Puts a value at a position in N, C, spatial order; index -1 is every position.
struct judge_poke {
    enum judge_slot slot;
    int64_t index;
    float value;
};

struct judge_problem {
    struct ref_problem ref;
    enum judge_data data;
    uint64_t seed;              // of the data
    bool prepared;              // weights packed by cvy_plan_prepare
    bool own_workspace;         // NaN-filled and with canaries; else the queue's
    bool in_place;              // residual is dst, or src is dst
    bool in_place2;             // binary: src2 is dst
    bool exact;                 // only algorithms with direct summation
    int poke_count;
    struct judge_poke pokes[JUDGE_MAX_POKES];
    char label[64];             // how to find it again
};

enum judge_verdict { JUDGE_PASS, JUDGE_FAIL, JUDGE_SKIP };      // SKIP: forced and not applicable

struct judge_result {
    enum judge_verdict verdict;
    double worst;               // largest error as a share of its tolerance; 0 where exact
    int64_t outputs;
    int32_t bad_rank;           // 0: no output is bad
    int64_t bad_index[CVY_MAX_RANK];
    double got, want, tolerance;
    char algorithm[128];
    char spec[512];
    char message[1536];         // one line that says how to do it again and what is wrong
};

// Owns its buffers; borrows context and queue. One thread at a time.
struct judge;
struct judge *judge_create(cvy_context *context, cvy_queue *queue);     // never NULL
void judge_destroy(struct judge **judge);

// algorithm: forced by name, NULL for the planner's choice.
enum judge_verdict judge_run(struct judge *judge, const struct judge_problem *problem,
                             const char *algorithm, struct judge_result *out);

// A device with a lazily compiled context, a queue and a judge.
struct judge_device {
    cvy_context *context;
    cvy_queue *queue;
    struct judge *judge;
    cvy_device_info info;
};
// device: a selector; NULL or "": the best one.
cvy_status judge_open(const char *device, struct judge_device *out);
void judge_close(struct judge_device *device);

// Strides filled in: those given, or dense in the layout.
cvy_desc judge_dense(const cvy_desc *desc);
// What the plan must make of the destination. false: the problem has no legal output.
bool judge_dst(const struct judge_problem *problem, cvy_desc *out);

#endif
