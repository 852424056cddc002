// See example.h.
#include "example.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *program = "example";

void example_end(int exit_status, const char *format, ...)
{
    va_list values;

    fprintf(stderr, "%s: ", program);
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fputc('\n', stderr);
    exit(exit_status);
}

void check(cvy_status status)
{
    REQUIRE(status == CVY_OK, status == CVY_ERR_NO_DEVICE ? 3 : 1, "%s: %s",
            cvy_status_name(status), cvy_error_text());
}

void example_words(int argc, char **argv, int least, int most, const char *usage)
{
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;

    program = slash != NULL ? slash + 1 : argc > 0 ? argv[0] : program;
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        exit(fputs(usage, stdout) < 0 || fflush(stdout) != 0);
    REQUIRE(argc < 2 || argv[1][0] != '-', 2, "`%s` is no option: see %s --help", argv[1], program);
    REQUIRE(argc - 1 <= most, 2, "`%s` is not expected: see %s --help", argv[most + 1], program);
    if (argc - 1 < least)
        fputs(usage, stderr), exit(2);
}

void example_open(const char *device, cvy_context **context, cvy_queue **queue)
{
    const char *wanted = device != NULL ? device : getenv("CONVOY_DEVICE");
    const cvy_context_params params = { .device = wanted,
                                        .compile = CVY_COMPILE_LAZY };  // few kernels are needed

    setenv("POCL_AFFINITY", "1", 0);    // PoCL's threads stay on their cores, unless told otherwise
    const cvy_status opened = cvy_context_create(&params, context);
    REQUIRE(opened != CVY_ERR_NO_DEVICE || device != NULL || wanted == NULL, 3,
            "CONVOY_DEVICE is \"%s\": %s", wanted, cvy_error_text());
    check(opened);
    check(cvy_queue_create(*context, NULL, queue));
}

void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    REQUIRE(memory != NULL, 1, "out of memory");
    return memory;
}

cvy_buffer *new_buffer(cvy_context *context, size_t bytes)
{
    cvy_buffer *buffer = NULL;

    check(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = bytes }, &buffer));
    return buffer;
}
