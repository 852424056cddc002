// What the subcommands of the convoy program share: exit statuses, errors, tables, progress.
#ifndef CONVOY_TOOLS_CONVOY_H
#define CONVOY_TOOLS_CONVOY_H

#include <convoy/convoy.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum tool_exit {
    TOOL_DONE = 0, TOOL_CHECK_FAILED = 1, TOOL_USAGE = 2, TOOL_NO_DEVICE = 3, TOOL_BAD_INPUT = 4
};

// Control characters become `?`: a file's own names may hold anything. Gives text back.
char *tool_plain(char *text);
// Bytes that are not UTF-8 become `?`, as JSON must be UTF-8. Gives text back.
char *tool_utf8(char *text);

// One line on stderr, after "convoy: ".
void tool_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
// The same for wrong usage, pointing at --help. Returns TOOL_USAGE.
int tool_usage(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
// Tells what a failed Convoy call said. Returns the exit status that fits.
int tool_failed(const char *what, cvy_status status);

// The selector given, else CONVOY_DEVICE, else NULL.
const char *tool_device(const char *given);
// As tool_failed, for a device that could not be opened: says so if CONVOY_DEVICE chose it.
int tool_not_opened(const char *what, const char *given, cvy_status status);

// A paragraph with all facts of a device.
void tool_device_print(FILE *stream, const cvy_device_info *device);

// A plain table: texts are copied, columns are as wide as their widest cell.
struct tool_table {
    size_t columns, cells, capacity;
    char **text;
};
// The right-aligned columns are the bits of `right`.
void tool_table_add(struct tool_table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void tool_table_print(const struct tool_table *table, unsigned right);
void tool_table_write(FILE *stream, const struct tool_table *table, unsigned right);
void tool_table_free(struct tool_table *table);

// Progress of long work on stderr: a bar on a terminal, a line for each tenth elsewhere.
struct tool_progress {
    size_t total;
    int shown;                  // per cent, or tenths without a terminal; -1 at first
    bool terminal;
};
struct tool_progress tool_progress_begin(size_t total);
void tool_progress_show(struct tool_progress *progress, size_t done, const char *what);
void tool_progress_end(struct tool_progress *progress);

int cmd_devices(int argc, char **argv);
int cmd_algos(int argc, char **argv);
int cmd_selftest(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_warm(int argc, char **argv);
// With ONNX models, PNG and JPEG:
int cmd_run(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_inspect(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_tune(int argc, char **argv);

#endif
