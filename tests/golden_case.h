// One case of golden/golden.txt: its inputs drawn, and where its answer lies in golden.bin. The
// head of golden/record.py describes both files.
#ifndef CONVOY_TESTS_GOLDEN_CASE_H
#define CONVOY_TESTS_GOLDEN_CASE_H

#include <convoy/convoy.h>

enum { GOLDEN_MOST_INPUTS = 12 };

// How dst must be as the answer: bit for bit, but for which NaN it is; the same with 0 and -0
// alike; within a tolerance.
enum golden_how { GOLDEN_BITS, GOLDEN_EQUAL, GOLDEN_NEAR };

struct golden_input {
    char slot[16];              // the name in cvy_args, srcs for each of several
    cvy_desc desc;              // strides filled in
    double *values;             // in the order N, C, spatial
};

struct golden_case {
    char spec[512];
    int input_count;
    struct golden_input inputs[GOLDEN_MOST_INPUTS];
    cvy_desc dst;               // dtype and sizes
    enum golden_how how;
    size_t offset;              // of dst in golden.bin
    bool indices;
};

// Bytes of a file, with a NUL behind them; NULL if it cannot be read.
uint8_t *golden_load(const char *path, size_t *bytes);

// Takes one line apart and draws its inputs. false if it is malformed: nothing to free then.
bool golden_parse(const char *line, struct golden_case *out);
void golden_free(struct golden_case *c);

size_t golden_answer_bytes(const struct golden_case *c);

// The element offset of element i of N, C, spatial order.
int64_t golden_place(const cvy_desc *desc, int64_t i);
// All elements of an input into dense memory.
void golden_pack(const struct golden_input *input, uint8_t *image);

#endif
