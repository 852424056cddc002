// convoy selftest: every operator x algorithm x layout x dtype on this device against the
// double-precision reference. The problems are the labelled rows and a random sweep.
#include "convoy.h"

#include "judge.h"
#include "report.h"
#include "rows.h"
#include "sweep.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LINES = 512, MOST_ALGORITHMS = 64, MOST_FAILURES = 100 };

// How much to run. Quick stays feasible on a simulator: small problems, some hundreds of them.
struct effort {
    int ways;                   // layouts and kinds of data of each row with the planner's choice
    bool long_rows;
    size_t sweep, forced_sweep;
    long forced_each;           // problems of each forced algorithm; 0: all that it accepts
    int64_t most_work;          // of a row, as work_of() counts it; 0: any
    bool slow_start;            // algorithms, too, whose first plan takes seconds
};

static const struct effort full = { .ways = 4, .long_rows = true, .sweep = 8000,
                                    .forced_sweep = 1500, .slow_start = true };
static const struct effort quick = { .ways = 1, .sweep = 20, .forced_each = 4,
                                     .most_work = 12000 };

// One line of the table.
struct line {
    enum ref_op op;
    char algorithm[48];
    cvy_layout layout;
    long problems, failed;
    double worst;
};

struct report {
    struct judge_device device;
    struct effort effort;
    cvy_algorithm_info algorithms[MOST_ALGORITHMS];
    size_t algorithm_count;
    struct line lines[MOST_LINES];
    size_t line_count;
    char *failures[MOST_FAILURES];
    size_t failure_count;       // all of them, kept or not
    long problems;
    struct tool_progress progress;
    size_t done;
};

struct request {
    const char *device;
    const char *seed;           // only this problem of the sweep
    uint64_t number;            // the same
    const char *report;         // a file
    bool quick, json;
};

// Problems ----------------------------------------------------------------------------------------

// A composite counts as its outermost algorithm: "conv_via_nhwc(copy_rows + ...)".
static struct line *line_of(struct report *r, const struct judge_problem *p, const char *full_name)
{
    cvy_layout layout = ref_src(&p->ref)->layout;
    char algorithm[48];

    snprintf(algorithm, sizeof algorithm, "%.*s", (int)strcspn(full_name, "("), full_name);
    layout = layout == CVY_LAYOUT_DEFAULT ? CVY_NCHW : layout;
    for (size_t i = 0; i < r->line_count; i++) {
        struct line *l = &r->lines[i];

        if (l->op == p->ref.op && l->layout == layout && strcmp(l->algorithm, algorithm) == 0) {
            return l;
        }
    }
    if (r->line_count == MOST_LINES) {
        return &r->lines[MOST_LINES - 1];
    }
    r->lines[r->line_count] = (struct line) { .op = p->ref.op, .layout = layout };
    snprintf(r->lines[r->line_count].algorithm, sizeof r->lines[0].algorithm, "%s", algorithm);
    return &r->lines[r->line_count++];
}

static void keep_failure(struct report *r, const struct judge_result *result)
{
    if (r->failure_count < MOST_FAILURES) {
        r->failures[r->failure_count] = strdup(result->message);
    }
    r->failure_count++;
}

// Whether it ran: a forced algorithm may not take the problem.
static bool try_one(struct report *r, const struct judge_problem *p, const char *algorithm)
{
    struct judge_result result;
    enum judge_verdict verdict = judge_run(r->device.judge, p, algorithm, &result);
    const char *name = result.algorithm[0] != '\0' ? result.algorithm :
                       algorithm != NULL ? algorithm : "-";
    struct line *line;

    if (verdict == JUDGE_SKIP) {
        return false;
    }
    line = line_of(r, p, name);
    line->problems++;
    r->problems++;
    if (verdict == JUDGE_FAIL) {
        line->failed++;
        keep_failure(r, &result);
    }
    line->worst = result.worst > line->worst ? result.worst : line->worst;
    return true;
}

static void make_row(size_t row, int way, struct judge_problem *out)
{
    rows_problem(row, way % 2 == 0 ? CVY_NCHW : CVY_NHWC,
                 way / 2 == 0 ? JUDGE_INTEGER : JUDGE_REAL, out);
}

static void advance(struct report *r, const char *what)
{
    tool_progress_show(&r->progress, ++r->done, what);
}

static size_t rows_of(const struct report *r)
{
    return rows_count() - (r->effort.long_rows ? 0 : rows_long_count());
}

// Elements read and written, and multiply-adds, about.
static int64_t work_of(const struct judge_problem *p)
{
    struct ref_needs needs;
    int64_t outputs, channels;

    if (!ref_infer(&p->ref, &needs)) {
        return 0;
    }
    outputs = ref_count(&needs.dst);
    channels = needs.dst.rank > 1 && needs.dst.size[1] > 0 ? needs.dst.size[1] : 1;
    return cvy_desc_elements(ref_src(&p->ref)) + outputs +
           outputs * (needs.weights + needs.weights2) / channels;
}

static bool is_dear(const struct report *r, const struct judge_problem *p)
{
    return r->effort.most_work > 0 && work_of(p) > r->effort.most_work;
}

// Row i begins with way i, so that one way alone still meets every layout and kind of data.
static void run_rows(struct report *r)
{
    for (size_t i = 0; i < rows_of(r); i++) {
        struct judge_problem p = { 0 };

        for (int way = 0; way < r->effort.ways; way++) {
            make_row(i, (int)((i + (size_t)way) % 4), &p);
            if (!is_dear(r, &p)) {
                try_one(r, &p, NULL);
            }
        }
        advance(r, p.label);
    }
}

static void run_sweep(struct report *r)
{
    for (size_t i = 0; i < r->effort.sweep; i++) {
        struct judge_problem p;

        sweep_problem(i, &p);
        try_one(r, &p, NULL);
        advance(r, p.label);
    }
}

static void run_forced_row(struct report *r, const char *algorithm, size_t row, bool dear,
                           long *left)
{
    for (int way = 0; way < 4 && *left != 0; way++) {
        struct judge_problem p;

        make_row(row, way, &p);
        if (is_dear(r, &p) == dear) {
            *left -= try_one(r, &p, algorithm);
        }
    }
}

static void run_forced(struct report *r, const char *algorithm)
{
    long most = r->effort.forced_each > 0 ? r->effort.forced_each : -1, left = most;

    for (size_t i = 0; i < rows_of(r) && left != 0; i++) {
        run_forced_row(r, algorithm, i, false, &left);
    }
    // An algorithm that takes large problems only meets one of them.
    left = left == most && most > 0 ? 1 : 0;
    for (size_t i = 0; i < rows_of(r) && left != 0; i++) {
        run_forced_row(r, algorithm, i, true, &left);
    }
    for (size_t i = 0; i < r->effort.forced_sweep; i++) {
        struct judge_problem p;

        sweep_problem(1000000 + i, &p);
        try_one(r, &p, algorithm);
    }
    advance(r, algorithm);
}

static void run_all(struct report *r)
{
    r->progress = tool_progress_begin(rows_of(r) + r->effort.sweep + r->algorithm_count);
    run_rows(r);
    run_sweep(r);
    for (size_t i = 0; i < r->algorithm_count; i++) {
        if (r->effort.slow_start || !r->algorithms[i].slow_start) {
            run_forced(r, r->algorithms[i].name);
        } else {
            advance(r, r->algorithms[i].name);
        }
    }
    tool_progress_end(&r->progress);
}

static bool read_seed(const char *text, uint64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoull(text, &end, 0);
    return isdigit((unsigned char)text[0]) && *end == '\0' && errno == 0;
}

static void run_one(struct report *r, uint64_t number)
{
    struct judge_problem p;

    r->progress = tool_progress_begin(1 + r->algorithm_count);
    sweep_problem(number, &p);
    try_one(r, &p, NULL);
    for (size_t i = 0; i < r->algorithm_count; i++) {
        // Most of the time this takes no second: a log is spared its lines.
        if (r->progress.terminal) {
            advance(r, r->algorithms[i].name);
        }
        try_one(r, &p, r->algorithms[i].name);
    }
    tool_progress_end(&r->progress);
}

// Every operator must have met both layouts.
static bool both_layouts(const struct report *r)
{
    bool met[REF_OP_COUNT][2] = { { false } };
    bool all = true;

    for (size_t i = 0; i < r->line_count; i++) {
        met[r->lines[i].op][0] |= r->lines[i].layout == CVY_NCHW;
        met[r->lines[i].op][1] |= r->lines[i].layout == CVY_NHWC;
    }
    for (int op = 0; op < REF_OP_COUNT; op++) {
        all = all && met[op][0] && met[op][1];
    }
    return all;
}

// Output ------------------------------------------------------------------------------------------

static int by_name(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    int order = x->op != y->op ? (int)x->op - (int)y->op : strcmp(x->algorithm, y->algorithm);

    return order != 0 ? order : (int)x->layout - (int)y->layout;
}

static const char *layout_name(cvy_layout layout)
{
    return layout == CVY_NHWC ? "nhwc" : layout == CVY_PLAIN ? "plain" : "nchw";
}

static void share_text(double share, char *text, size_t size)
{
    if (isfinite(share)) {
        snprintf(text, size, share == 0.0 ? "exact" : "%.3f", share);
    } else {
        snprintf(text, size, "over");
    }
}

// Of the sources; casts go through all of them.
static const char *dtype_name(enum ref_op op)
{
    return op == REF_CAST ? "any" : "f32";
}

static void print_table(FILE *stream, const struct report *r)
{
    struct tool_table table = { 0 };

    tool_table_add(&table, "OPERATOR\tALGORITHM\tLAYOUT\tDTYPE\tPROBLEMS\tWORST\tVERDICT");
    for (size_t i = 0; i < r->line_count; i++) {
        const struct line *l = &r->lines[i];
        char share[32];

        share_text(l->worst, share, sizeof share);
        tool_table_add(&table, "%s\t%s\t%s\t%s\t%ld\t%s\t%s", ref_op_name(l->op), l->algorithm,
                       layout_name(l->layout), dtype_name(l->op), l->problems, share,
                       l->failed == 0 ? "ok" : "FAILED");
    }
    tool_table_write(stream, &table, 1u << 4 | 1u << 5);
    tool_table_free(&table);
}

static void print_report(FILE *stream, const struct report *r)
{
    fprintf(stream, "%s (%s)\n\n", r->device.info.name, r->device.info.driver);
    print_table(stream, r);
    fprintf(stream, "\nWORST: largest error as a share of its tolerance; exact: equal bit for "
            "bit.\n");
    for (size_t i = 0; i < r->failure_count && i < MOST_FAILURES; i++) {
        fputs("FAILED ", stream);
        report_text(stream, r->failures[i] != NULL ? r->failures[i] : "");
        fputc('\n', stream);
    }
    fprintf(stream, "%ld problems, %zu failed\n", r->problems, r->failure_count);
}

static cJSON *line_json(const struct line *l)
{
    cJSON *o = cJSON_CreateObject();

    cJSON_AddStringToObject(o, "operator", ref_op_name(l->op));
    cJSON_AddStringToObject(o, "algorithm", l->algorithm);
    cJSON_AddStringToObject(o, "layout", layout_name(l->layout));
    cJSON_AddStringToObject(o, "dtype", dtype_name(l->op));
    cJSON_AddNumberToObject(o, "problems", (double)l->problems);
    cJSON_AddNumberToObject(o, "failed", (double)l->failed);
    if (isfinite(l->worst)) {
        cJSON_AddNumberToObject(o, "worst", l->worst);
    } else {
        cJSON_AddNullToObject(o, "worst");
    }
    cJSON_AddStringToObject(o, "verdict", l->failed == 0 ? "ok" : "failed");
    return o;
}

static void print_json(const struct report *r)
{
    cJSON *root = cJSON_CreateObject(), *rows, *failures;
    char *text;

    cJSON_AddStringToObject(root, "device", r->device.info.name);
    cJSON_AddStringToObject(root, "driver", r->device.info.driver);
    rows = cJSON_AddArrayToObject(root, "rows");
    for (size_t i = 0; i < r->line_count; i++) {
        cJSON_AddItemToArray(rows, line_json(&r->lines[i]));
    }
    failures = cJSON_AddArrayToObject(root, "failures");
    for (size_t i = 0; i < r->failure_count && i < MOST_FAILURES; i++) {
        cJSON_AddItemToArray(failures, cJSON_CreateString(r->failures[i]));
    }
    cJSON_AddNumberToObject(root, "problems", (double)r->problems);
    cJSON_AddNumberToObject(root, "failed", (double)r->failure_count);
    text = cJSON_Print(root);
    puts(text != NULL ? tool_utf8(text) : "{}");
    cJSON_free(text);
    cJSON_Delete(root);
}

static int conclude(struct report *r, const struct request *request, FILE *file)
{
    qsort(r->lines, r->line_count, sizeof r->lines[0], by_name);
    if (file != NULL) {
        print_report(file, r);
    }
    if (request->json) {
        print_json(r);
    } else {
        print_report(stdout, r);
    }
    if (request->seed == NULL && !both_layouts(r)) {
        tool_error("selftest: an operator did not meet both layouts");
        return TOOL_CHECK_FAILED;
    }
    return r->failure_count == 0 && r->problems > 0 ? TOOL_DONE : TOOL_CHECK_FAILED;
}

// Command -----------------------------------------------------------------------------------------

static int selftest(const struct request *request, struct report *r, FILE *file)
{
    cvy_status st = judge_open(tool_device(request->device), &r->device);
    int status = TOOL_DONE;

    if (st != CVY_OK && file != NULL) {
        fprintf(file, "%s: ", cvy_status_name(st));
        report_text(file, cvy_error_text());
        fputc('\n', file);
    }
    if (st != CVY_OK) {
        return tool_not_opened("selftest", request->device, st);
    }
    r->effort = request->quick ? quick : full;
    st = cvy_algorithm_list(r->algorithms, MOST_ALGORITHMS, &r->algorithm_count);
    if (st != CVY_OK || r->algorithm_count > MOST_ALGORITHMS) {
        status = st != CVY_OK ? tool_failed("selftest", st) : TOOL_CHECK_FAILED;
    } else if (request->seed != NULL) {
        run_one(r, request->number);
    } else {
        run_all(r);
    }
    status = status == TOOL_DONE ? conclude(r, request, file) : status;
    for (size_t i = 0; i < r->failure_count && i < MOST_FAILURES; i++) {
        free(r->failures[i]);
    }
    judge_close(&r->device);
    return status;
}

// What the driver leaves of the process, the file has: the machine is in it before the first job.
static int selftest_with_report(const struct request *request, struct report *r)
{
    FILE *file = fopen(request->report, "w");
    int status = TOOL_BAD_INPUT;
    bool good = file != NULL;

    if (good) {
        report_machine(file);
        fprintf(file, "\nconvoy selftest%s%s%s%s%s\n", request->quick ? " --quick" : "",
                request->device != NULL ? " --device " : "",
                request->device != NULL ? request->device : "",
                request->seed != NULL ? " --seed " : "",
                request->seed != NULL ? request->seed : "");
        good = fflush(file) == 0;
        status = good ? selftest(request, r, file) : status;
        good = ferror(file) == 0 && good;
        good = fclose(file) == 0 && good;
    }
    if (!good) {
        tool_error("selftest: %s: cannot be written: %s", request->report, strerror(errno));
        return TOOL_BAD_INPUT;
    }
    return status;
}

static void print_help(void)
{
    puts("usage: convoy selftest [--device D] [--quick] [--json] [--seed N] [--report FILE]\n\n"
         "Checks every operator x algorithm x layout x dtype on a device against the\n"
         "double-precision reference and prints the worst error of each as a share of its\n"
         "tolerance. Exit status 1 on any miss.\n\n"
         "  --device D     `cpu`, `gpu`, PLATFORM:DEVICE, or part of a name\n"
         "  --quick        a small subset, without algorithms that take seconds to start\n"
         "  --json         machine-readable output\n"
         "  --seed N       only problem N of the random sweep, with every algorithm\n"
         "  --report FILE  writes what a bug report needs: result, build, system,\n"
         "                 devices and their quirks; no names of users, no home folders");
}

int cmd_selftest(int argc, char **argv)
{
    static const struct option options[] = {
        { "device", required_argument, NULL, 'd' }, { "quick", no_argument, NULL, 'q' },
        { "json", no_argument, NULL, 'j' }, { "seed", required_argument, NULL, 's' },
        { "report", required_argument, NULL, 'r' },
        { "help", no_argument, NULL, 'h' }, { 0 }
    };
    struct request request = { 0 };
    struct report *report;
    int option, status;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        switch (option) {
        case 'd': request.device = optarg; break;
        case 's': request.seed = optarg; break;
        case 'r': request.report = optarg; break;
        case 'q': request.quick = true; break;
        case 'j': request.json = true; break;
        case 'h': print_help(); return TOOL_DONE;
        case ':': return tool_usage("selftest", "`%s` needs a value", argv[optind - 1]);
        default: return tool_usage("selftest", "`%s` is no option", argv[optind - 1]);
        }
    }
    if (optind < argc) {
        return tool_usage("selftest", "`%s` is not expected", argv[optind]);
    }
    if (request.seed != NULL && !read_seed(request.seed, &request.number)) {
        return tool_usage("selftest", "--seed: `%s` is no number from 0 to %llu", request.seed,
                          (unsigned long long)UINT64_MAX);
    }
    report = ref_alloc(sizeof *report);
    status = request.report != NULL ? selftest_with_report(&request, report) :
                                      selftest(&request, report, NULL);
    free(report);
    return status;
}
