// The convoy program: picks the subcommand, and has what all of them share.
#include "convoy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BAR_CELLS = 30, BLANK_COLUMNS = 78 };

struct command {
    const char *name, *about;
    int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
    { "devices", "list devices with the facts that Convoy uses", cmd_devices },
    { "algos", "list the algorithms", cmd_algos },
    { "selftest", "check every operator on a device against the reference", cmd_selftest },
};

static const size_t command_count = sizeof commands / sizeof commands[0];

// Errors ------------------------------------------------------------------------------------------

void tool_error(const char *format, ...)
{
    va_list list;

    fputs("convoy: ", stderr);
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
}

int tool_usage(const char *command, const char *format, ...)
{
    va_list list;

    fprintf(stderr, "convoy %s: ", command);
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fprintf(stderr, " (see convoy %s --help)\n", command);
    return TOOL_USAGE;
}

int tool_failed(const char *what, cvy_status status)
{
    const char *text = cvy_error_text();

    tool_error("%s: %s%s%s", what, cvy_status_name(status), text[0] != '\0' ? ": " : "", text);
    return status == CVY_ERR_NO_DEVICE ? TOOL_NO_DEVICE :
           status == CVY_ERR_ARGUMENT ? TOOL_BAD_INPUT : TOOL_CHECK_FAILED;
}

const char *tool_device(const char *given)
{
    const char *from_environment = getenv("CONVOY_DEVICE");

    return given != NULL ? given : from_environment;
}

// Tables ------------------------------------------------------------------------------------------

static void *grown(void *memory, size_t bytes)
{
    void *more = realloc(memory, bytes);

    if (more == NULL) {
        tool_error("out of memory");
        exit(TOOL_CHECK_FAILED);
    }
    return more;
}

static void add_cell(struct tool_table *table, const char *begin, size_t length)
{
    char *copy = grown(NULL, length + 1);

    memcpy(copy, begin, length);
    copy[length] = '\0';
    if (table->cells == table->capacity) {
        table->capacity = table->capacity * 2 + 64;
        table->text = grown(table->text, table->capacity * sizeof *table->text);
    }
    table->text[table->cells++] = copy;
}

// One row: the cells are parted by tabs. The first row says how many columns there are.
void tool_table_add(struct tool_table *table, const char *format, ...)
{
    char row[2048];
    const char *cell = row;
    size_t first = table->cells;
    va_list list;

    va_start(list, format);
    vsnprintf(row, sizeof row, format, list);
    va_end(list);
    for (const char *tab = strchr(cell, '\t'); tab != NULL; tab = strchr(cell, '\t')) {
        add_cell(table, cell, (size_t)(tab - cell));
        cell = tab + 1;
    }
    add_cell(table, cell, strlen(cell));
    if (first == 0) {
        table->columns = table->cells;
    }
    while (table->cells - first < table->columns) {
        add_cell(table, "", 0);
    }
}

static int width_of(const struct tool_table *table, size_t column)
{
    size_t width = 0;

    for (size_t i = column; i < table->cells; i += table->columns) {
        size_t length = strlen(table->text[i]);

        width = length > width ? length : width;
    }
    return (int)width;
}

void tool_table_print(const struct tool_table *table, unsigned right)
{
    for (size_t i = 0; i < table->cells; i++) {
        size_t column = i % table->columns;
        bool last = column + 1 == table->columns;
        int width = width_of(table, column);

        if (right >> column & 1) {
            printf("%*s", width, table->text[i]);
        } else {
            printf("%-*s", last ? 0 : width, table->text[i]);
        }
        fputs(last ? "\n" : "  ", stdout);
    }
}

void tool_table_free(struct tool_table *table)
{
    for (size_t i = 0; i < table->cells; i++) {
        free(table->text[i]);
    }
    free(table->text);
    *table = (struct tool_table) { 0 };
}

// Progress ----------------------------------------------------------------------------------------

struct tool_progress tool_progress_begin(size_t total)
{
    return (struct tool_progress) { .total = total, .shown = -1,
                                    .terminal = isatty(STDERR_FILENO) };
}

void tool_progress_show(struct tool_progress *p, size_t done, const char *what)
{
    static const char cells[] = "##############################";
    int percent = p->total == 0 ? 100 : (int)(done * 100 / p->total);
    int step = p->terminal ? percent : percent / 10;

    if (step == p->shown) {
        return;
    }
    p->shown = step;
    if (p->terminal) {
        fprintf(stderr, "\r[%-*.*s] %3d%% %-*.40s", BAR_CELLS, percent * BAR_CELLS / 100, cells,
                percent, 40, what);
        fflush(stderr);
    } else {
        fprintf(stderr, "%3d%% %s\n", percent, what);
    }
}

void tool_progress_end(struct tool_progress *p)
{
    if (p->terminal && p->shown >= 0) {
        fprintf(stderr, "\r%*s\r", BLANK_COLUMNS, "");
    }
}

// Main --------------------------------------------------------------------------------------------

static int help(void)
{
    printf("usage: convoy COMMAND [OPTION]...\n\n");
    for (size_t i = 0; i < command_count; i++) {
        printf("  %-10s %s\n", commands[i].name, commands[i].about);
    }
    printf("\n  convoy COMMAND --help   its options\n  convoy --version        the version\n\n"
           "A device is `cpu`, `gpu`, PLATFORM:DEVICE as numbers, or part of a name; without "
           "--device,\nCONVOY_DEVICE or else the best one.\n"
           "Exit status: 0 done, 1 a check failed, 2 usage, 3 no device, 4 bad input.\n");
    return TOOL_DONE;
}

// PoCL lets its threads wander between cores unless told before the first call.
static void prepare_environment(void)
{
    if (setenv("POCL_AFFINITY", "1", 0) != 0) {
        tool_error("POCL_AFFINITY could not be set");
    }
}

int main(int argc, char **argv)
{
    prepare_environment();
    if (argc < 2) {
        tool_error("no command: see convoy --help");
        return TOOL_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        return help();
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("convoy %s\n", cvy_version());
        return TOOL_DONE;
    }
    for (size_t i = 0; i < command_count; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    tool_error("`%s` is no command: see convoy --help", argv[1]);
    return TOOL_USAGE;
}
