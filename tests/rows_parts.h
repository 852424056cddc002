// How a row is written down.
#ifndef CONVOY_TESTS_ROWS_PARTS_H
#define CONVOY_TESTS_ROWS_PARTS_H

#include "judge.h"

enum row_flags {
    ROW_IN_PLACE = 1,
    ROW_OTHER_LAYOUT = 2,       // dst in the layout that src has not
    ROW_SRC_STRIDED = 4,
    ROW_DST_STRIDED = 8,
    ROW_IN_PLACE2 = 16          // src2 is dst
};

struct row {
    const char *label;
    struct ref_problem ref;
    unsigned flags;
};

struct row_list {
    const struct row *rows;
    size_t count;
};

// Feature maps with 1 to 3 spatial axes, and tensors without meaning.
#define MAP1(n, c, w) { .dtype = CVY_F32, .rank = 3, .size = { n, c, w } }
#define MAP2(n, c, h, w) { .dtype = CVY_F32, .rank = 4, .size = { n, c, h, w } }
#define MAP3(n, c, d, h, w) { .dtype = CVY_F32, .rank = 5, .size = { n, c, d, h, w } }
#define PLAIN(r, ...) { .dtype = CVY_F32, .layout = CVY_PLAIN, .rank = r, .size = { __VA_ARGS__ } }

#define ROW(name, row_op, member, ...) \
    { .label = name, .ref = { .op = row_op, .member = { __VA_ARGS__ } } }
#define ROW_WITH(row_flags, name, row_op, member, ...) \
    { .label = name, .ref = { .op = row_op, .member = { __VA_ARGS__ } }, .flags = row_flags }
#define CONV(name, ...) ROW(name, REF_CONV, conv, __VA_ARGS__)
#define DECONV(name, ...) ROW(name, REF_CONV_TRANSPOSE, conv_transpose, __VA_ARGS__)
#define POOL(name, ...) ROW(name, REF_POOL, pool, __VA_ARGS__)
#define UNPOOL(name, ...) ROW(name, REF_MAX_UNPOOL, max_unpool, __VA_ARGS__)
#define SEPARABLE(name, ...) ROW(name, REF_SEPARABLE, separable, __VA_ARGS__)
#define SOFTMAX(name, ...) ROW(name, REF_SOFTMAX, softmax, __VA_ARGS__)
#define LINEAR(name, ...) ROW(name, REF_LINEAR, linear, __VA_ARGS__)

// Puts a row into `out` with its sources in that layout; the rest of out is the caller's.
void rows_place(const struct row *row, cvy_layout layout, struct judge_problem *out);

struct row_list rows_conv(void);
struct row_list rows_other(void);
struct row_list rows_moves(void);
struct row_list rows_long(void);
struct row_list rows_norm(void);
struct row_list rows_resize(void);
struct row_list rows_matmul(void);
struct row_list rows_elements(void);

#endif
