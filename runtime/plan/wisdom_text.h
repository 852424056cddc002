// Lines of wisdom files. Private to wisdom*.c.
#ifndef CVY_WISDOM_TEXT_H
#define CVY_WISDOM_TEXT_H

#include "plan/algo.h"

struct wisdom_entry {
    char *device, *key;
    const struct algo *algo;
    struct config config;
    double seconds, error;
    bool system;
};

void wisdom_head(struct text *out);
void wisdom_line(const struct wisdom_entry *entry, struct text *out);

// Lines of a text that is not trusted: `at` to `end` is still to come, `line` of `length` bytes is
// the current one.
struct wisdom_lines {
    const char *at, *end, *line;
    size_t length, number;
    bool refused;               // a version that is not known: nothing else is taken
};
bool wisdom_next(struct wisdom_lines *lines);
// NULL: the entry, whose texts are in buffer. "": a line without one. Else why it is skipped.
#define WISDOM_LINE 1400
const char *wisdom_parse(struct wisdom_lines *lines, char buffer[WISDOM_LINE],
                         struct wisdom_entry *out);

#endif
