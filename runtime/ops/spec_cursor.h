// What the parser of OP-SPEC text reads with: one word at a time, and the errors that quote it.
#ifndef CVY_SPEC_CURSOR_H
#define CVY_SPEC_CURSOR_H

#include "ops/spec_text.h"

enum { SIZE_N, SIZE_C, SIZE_D, SIZE_H, SIZE_W, SIZE_COUNT };     // of "ncdhw"

struct parser {
    struct spec *spec;
    const char *word, *at, *end;        // the word at work, and where in it
    int64_t sizes[SIZE_COUNT];
    uint64_t sizes_given, fields_given, flags_given;    // by index
    int counts[32], flag_counts[64];    // of numbers in lists, by index of the field or flag
    int src_strides, dst_strides;       // numbers given, 0: none
    bool padding_mode_given;
    size_t brackets;                    // tensors in brackets, kept in spec->sources
};

// ARGUMENT with the word and a reason. `list` has NAMES_BYTES; each name gets a blank before it.
cvy_status word_bad(const struct parser *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
cvy_status word_unknown(const struct parser *p);
cvy_status flag_unknown(const struct parser *p);
cvy_status mid_bad(const struct parser *p);
#define NAMES_BYTES 400
void names_add(char *list, const char *before, const char *name);
const char *names_list(const char *const *names, char *list);

const char *operator_name(const struct parser *p);
bool operator_has(const struct parser *p, const struct spec_field *field);

// Goes to the next word; false at the end.
bool word_next(struct parser *p);
// Each takes what it finds at p->at and stops behind it.
bool word_char(struct parser *p, char c);
// Digits alone; false if there are none or they go beyond 63 bits.
bool word_number(struct parser *p, int64_t *out);
bool word_float(struct parser *p, float *out);
// Numbers of at least `least`, which may be below 0, with one character between them; false if
// there is none, too many, or one is too small.
bool word_list(struct parser *p, char between, int64_t least, int most, int64_t *out, int *count);
// A name up to the next colon or the end of the word: its index, or -1 and nothing is taken.
int word_name(struct parser *p, const char *const *names);
// Whether a colon and an activation for +mid follow; takes the colon.
bool word_mid(struct parser *p);
// The index of the name that is the whole word, or -1.
int word_whole(const struct parser *p, const char *const *names);
// ARGUMENT if bit `index` is set already; sets it.
cvy_status word_once(const struct parser *p, uint64_t *given, size_t index, const char *name);

#endif
