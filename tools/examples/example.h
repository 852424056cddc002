// What the larger examples share: the command line, one line and an end when something fails, a
// device. The short ones (raw_conv, sharing, classify) show the same without help.
#ifndef CONVOY_EXAMPLE_H
#define CONVOY_EXAMPLE_H

#include <convoy/convoy.h>

// Exit statuses: 0 done, 1 an error, 2 usage, 3 no device, 4 bad input.
#define REQUIRE(condition, exit_status, ...)                                                       \
    ((condition) ? (void)0 : example_end(exit_status, __VA_ARGS__))

_Noreturn void example_end(int exit_status, const char *format, ...);

// Stands around every Convoy call that can fail.
void check(cvy_status status);

// Answers --help with `usage`; ends the program if the number of words is not between the two.
void example_words(int argc, char **argv, int least, int most, const char *usage);

// Without a device, the variable CONVOY_DEVICE counts; without that, Convoy takes the best one.
void example_open(const char *device, cvy_context **context, cvy_queue **queue);

// These end the program when there is no memory.
void *allocate(size_t count, size_t size);
cvy_buffer *new_buffer(cvy_context *context, size_t bytes);

#endif
