// The convoy program: picks the subcommand, and has what all of them share.
#include "convoy.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BAR_CELLS = 30, BLANK_COLUMNS = 78, MOST_ERROR = 8192 };

struct command {
    const char *name, *about;
    int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
    { "devices", "list devices with the facts that Convoy uses", cmd_devices },
    { "algos", "list the algorithms", cmd_algos },
    { "selftest", "check every operator on a device against the reference", cmd_selftest },
    { "bench", "measure layers and networks, beside other libraries", cmd_bench },
    { "warm", "compile everything for a device and keep it", cmd_warm },
#ifdef CONVOY_MODELS
    { "run", "run an ONNX model on arrays or photos", cmd_run },
    { "check", "run ONNX backend tests", cmd_check },
    { "inspect", "tell what a model has in it, and what is not supported", cmd_inspect },
    { "explain", "tell how a model or a problem runs, and why so", cmd_explain },
    { "tune", "measure the fastest algorithms for a model or layers", cmd_tune },
#endif
};

static const size_t command_count = sizeof commands / sizeof commands[0];

// Errors ------------------------------------------------------------------------------------------

char *tool_plain(char *text)
{
    for (char *c = text; *c != '\0'; c++) {
        *c = (unsigned char)*c < ' ' || *c == 0x7f ? '?' : *c;
    }
    return text;
}

// Bytes of the character that text begins with; 0 if it is none.
static size_t utf8_length(const unsigned char *text)
{
    static const struct {
        unsigned char from, to, second_from, second_to;
        size_t length;
    } rows[] = {
        { 0x00, 0x7f, 0, 0, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
        { 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
        { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 }
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t good = 1;

        if (text[0] < rows[i].from || text[0] > rows[i].to) {
            continue;
        }
        if (rows[i].length > 1) {
            good += text[1] >= rows[i].second_from && text[1] <= rows[i].second_to;
        }
        while (good > 1 && good < rows[i].length && (text[good] & 0xc0) == 0x80) {
            good++;
        }
        return good == rows[i].length ? good : 0;
    }
    return 0;
}

char *tool_utf8(char *text)
{
    for (char *c = text; *c != '\0';) {
        size_t length = utf8_length((const unsigned char *)c);

        *c = length == 0 ? '?' : *c;
        c += length == 0 ? 1 : length;
    }
    return text;
}

void tool_error(const char *format, ...)
{
    char text[MOST_ERROR];
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    fprintf(stderr, "convoy: %s\n", tool_plain(text));
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
    switch (status) {
    case CVY_ERR_NO_DEVICE: return TOOL_NO_DEVICE;
    case CVY_ERR_ARGUMENT:
    case CVY_ERR_SHAPE:
    case CVY_ERR_UNSUPPORTED:
    case CVY_ERR_IO:
    case CVY_ERR_MODEL:
    case CVY_ERR_MODEL_LIMIT:
    case CVY_ERR_MODEL_OP: return TOOL_BAD_INPUT;
    default: return TOOL_CHECK_FAILED;
    }
}

const char *tool_device(const char *given)
{
    const char *from_environment = getenv("CONVOY_DEVICE");

    return given != NULL ? given : from_environment;
}

int tool_not_opened(const char *what, const char *given, cvy_status status)
{
    const char *device = tool_device(given);
    char whole[200];

    if (given != NULL || device == NULL || device[0] == '\0') {
        return tool_failed(what, status);
    }
    snprintf(whole, sizeof whole, "%s with CONVOY_DEVICE=%.100s", what, device);
    return tool_failed(whole, status);
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

void tool_table_write(FILE *stream, const struct tool_table *table, unsigned right)
{
    for (size_t i = 0; i < table->cells; i++) {
        size_t column = i % table->columns;
        bool last = column + 1 == table->columns;
        int width = width_of(table, column);

        if (right >> column & 1) {
            fprintf(stream, "%*s", width, table->text[i]);
        } else {
            fprintf(stream, "%-*s", last ? 0 : width, table->text[i]);
        }
        fputs(last ? "\n" : "  ", stream);
    }
}

void tool_table_print(const struct tool_table *table, unsigned right)
{
    tool_table_write(stdout, table, right);
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
    printf("\n  convoy help COMMAND     its options, as convoy COMMAND --help\n"
           "  convoy --version        the version\n\n"
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

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < command_count; i++) {
        if (strcmp(name, commands[i].name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static int unknown_command(const char *name)
{
    tool_error("`%s` is no command: see convoy --help", name);
    return TOOL_USAGE;
}

// convoy help [COMMAND]
static int help_on(int argc, char **argv)
{
    const struct command *command = argc > 1 ? find_command(argv[1]) : NULL;
    char option[] = "--help", *words[] = { argc > 1 ? argv[1] : NULL, option, NULL };

    if (argc < 2) {
        return help();
    }
    if (argc > 2) {
        return tool_usage("help", "`%s` is not expected", argv[2]);
    }
    return command == NULL ? unknown_command(argv[1]) : command->run(2, words);
}

static int run(int argc, char **argv)
{
    const struct command *command;

    if (argc < 2) {
        tool_error("no command: see convoy --help");
        return TOOL_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        return help();
    }
    if (strcmp(argv[1], "help") == 0) {
        return help_on(argc - 1, argv + 1);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("convoy %s\n", cvy_version());
        return TOOL_DONE;
    }
    command = find_command(argv[1]);
    return command == NULL ? unknown_command(argv[1]) : command->run(argc - 1, argv + 1);
}

// What was printed may still be on its way: only closing tells whether it arrived.
int main(int argc, char **argv)
{
    int status;
    bool lost;

    prepare_environment();
    status = run(argc, argv);
    lost = ferror(stdout) != 0;
    errno = 0;
    if (fclose(stdout) != 0 || lost) {
        tool_error("stdout cannot be written%s%s", errno != 0 ? ": " : "",
                   errno != 0 ? strerror(errno) : "");
        return status == TOOL_DONE ? TOOL_CHECK_FAILED : status;
    }
    return status;
}
