// convoy bench: interleaved medians of layers and networks, beside those of peers.
#include "bench_html.h"
#include "bench_run.h"
#include "convoy.h"

#ifdef CONVOY_MODELS
#include "bench_nets.h"
#endif

#include <errno.h>
#include <getopt.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_MODELS = 64 };

static const size_t smoke_bytes = (size_t)1 << 20;      // of a tensor in --smoke

struct request {
    const char *device, *suite, *spec, *algorithm, *filter, *peers, *json, *html;
    const char *models[MOST_MODELS];
    size_t model_count;
    cvy_layout layout;          // DEFAULT: both; of networks: the device's best
    long pairs;
    bool algorithms, smoke;
};

// Rows --------------------------------------------------------------------------------------------

static bool wanted(const struct request *q, const char *name, const char *spec)
{
    return q->filter == NULL || strstr(name, q->filter) != NULL ||
           strstr(spec, q->filter) != NULL;
}

static cvy_status run_one(struct bench_run *run, const struct request *q, const char *name,
                          const char *spec)
{
    return q->algorithms ? bench_run_algorithms(run, name, spec) :
           bench_run_spec(run, name, spec, q->algorithm);
}

// A row that the device or the algorithm does not take is told and passed over.
static void run_row(struct bench_run *run, const struct request *q, const char *name,
                    const char *spec)
{
    if (run_one(run, q, name, spec) != CVY_OK) {
        tool_error("bench: %s: %s", spec, cvy_error_text());
    }
}

// Row i of a suite in both layouts, those of NHWC first. False if it is not wanted.
static bool row_spec(const struct bench_run *run, const struct request *q,
                     const struct bench_row *rows, size_t count, size_t i, char spec[BENCH_SPEC])
{
    bool nhwc = i < count, any = q->layout == CVY_LAYOUT_DEFAULT;

    bench_row_spec(&rows[i % count], nhwc ? "nhwc" : "nchw",
                   q->smoke ? smoke_bytes : bench_beyond_caches(&run->place), spec);
    return wanted(q, rows[i % count].name, spec) && (any || (q->layout == CVY_NHWC) == nhwc);
}

static int run_suite(struct bench_run *run, const struct request *q)
{
    const struct bench_row *rows;
    size_t count = bench_rows(q->suite, &rows), total = 0, done = 0;
    struct tool_progress progress;
    char spec[BENCH_SPEC];

    for (size_t i = 0; i < 2 * count; i++) {
        total += row_spec(run, q, rows, count, i, spec);
    }
    progress = tool_progress_begin(total);
    for (size_t i = 0; i < 2 * count; i++) {
        if (row_spec(run, q, rows, count, i, spec)) {
            tool_progress_show(&progress, done++, rows[i % count].name);
            run_row(run, q, rows[i % count].name, spec);
        }
    }
    tool_progress_end(&progress);
    if (total == 0) {
        tool_error("bench: no row of %s has `%s` in it", q->suite, q->filter);
    }
    return total == 0 ? TOOL_USAGE : TOOL_DONE;
}

#ifdef CONVOY_MODELS
static int run_models(struct bench_run *run, const struct request *q, size_t count,
                      const char *const *models)
{
    struct tool_progress progress = tool_progress_begin(count);
    int status = TOOL_DONE;

    for (size_t i = 0; i < count; i++) {
        if (wanted(q, models[i], "")) {
            int one;

            tool_progress_show(&progress, i, models[i]);
            one = bench_net(run, models[i], q->layout);
            status = status == TOOL_DONE ? one : status;
        }
    }
    tool_progress_end(&progress);
    return status;
}

// Those named, else those in models/.
static int run_nets(struct bench_run *run, const struct request *q)
{
    glob_t found = { 0 };
    int status;

    if (q->model_count > 0) {
        return run_models(run, q, q->model_count, q->models);
    }
    if (glob("models/*.onnx", 0, NULL, &found) != 0) {
        tool_error("bench: no models/*.onnx here: name some with --model, or have "
                   "tools/export_models.py models make them");
        return TOOL_BAD_INPUT;
    }
    status = run_models(run, q, found.gl_pathc, (const char *const *)found.gl_pathv);
    globfree(&found);
    return status;
}
#else
static int run_nets(struct bench_run *run, const struct request *q)
{
    (void)run;
    (void)q;
    return tool_usage("bench", "this program was built without models");
}
#endif

static bool is_nets(const struct request *q)
{
    return q->spec == NULL && strcmp(q->suite, "nets") == 0;
}

static int run_rows(struct bench_run *run, const struct request *q)
{
    cvy_status st;

    if (q->spec == NULL) {
        return is_nets(q) ? run_nets(run, q) : run_suite(run, q);
    }
    st = run_one(run, q, "", q->spec);
    return st == CVY_OK ? TOOL_DONE : tool_failed("bench", st);
}

// Peers -------------------------------------------------------------------------------------------

static const struct bench_peer *const peers[] = {
#ifdef CONVOY_ONEDNN
    &bench_onednn, &bench_onednn_winograd,
#endif
#ifdef CONVOY_CLBLAST
    &bench_clblast,
#endif
    NULL
};

static int begin_peer(struct bench_run *run, const struct bench_peer *peer)
{
    struct bench_report *r = &run->report;
    char error[BENCH_ERROR], *version = r->version[r->columns];

    for (size_t i = 0; i < run->peer_count; i++) {
        if (run->peers[i] == peer) {
            return tool_usage("bench", "--peer: `%s` is there twice", peer->library);
        }
    }
    if (peer->begin != NULL && !peer->begin(&run->place, version, error)) {
        tool_error("bench: %s: %s", peer->name, error);
        return TOOL_BAD_INPUT;
    }
    if (peer->begin == NULL && r->columns > 0) {
        memcpy(version, r->version[r->columns - 1], BENCH_NAME);
    }
    snprintf(r->column[r->columns++], BENCH_NAME, "%s", peer->name);
    run->peers[run->peer_count++] = peer;
    return TOOL_DONE;
}

// A list of names with commas between them.
static int begin_peers(struct bench_run *run, const char *list)
{
    char *names = strdup(list), *rest = NULL;
    int status = TOOL_DONE;

    for (char *name = strtok_r(names, ",", &rest); name != NULL && status == TOOL_DONE;
         name = strtok_r(NULL, ",", &rest)) {
        bool known = false;

        for (size_t i = 0; status == TOOL_DONE && peers[i] != NULL; i++) {
            if (strcmp(peers[i]->library, name) == 0) {
                known = true;
                status = begin_peer(run, peers[i]);
            }
        }
        if (!known) {
            status = tool_usage("bench", "--peer: `%s` is no peer that this program was built "
                                "with", name);
        }
    }
    free(names);
    return status;
}

// Command -----------------------------------------------------------------------------------------

static int open_place(const char *device, struct bench_place *place)
{
    const cvy_context_params params = { .device = tool_device(device),
                                        .compile = CVY_COMPILE_LAZY };
    cvy_status st = cvy_context_create(&params, &place->context);

    sched_getaffinity(0, sizeof place->cores, &place->cores);
    if (st == CVY_OK) {
        st = cvy_queue_create(place->context, NULL, &place->queue);
    }
    if (st == CVY_OK) {
        st = cvy_context_device_info(place->context, &place->device);
    }
    return st == CVY_OK ? TOOL_DONE : tool_not_opened("bench", device, st);
}

static int save(const struct bench_report *report, const char *path,
                bool (*write)(FILE *, const struct bench_report *))
{
    bool here = strcmp(path, "-") == 0;
    FILE *file = here ? stdout : fopen(path, "w");
    bool good = file != NULL && write(file, report);

    if (!here && file != NULL) {
        good = fclose(file) == 0 && good;
    }
    if (!good) {
        tool_error("bench: %s: cannot be written: %s", path, strerror(errno));
    }
    return good ? TOOL_DONE : TOOL_BAD_INPUT;
}

static bool is_stdout(const char *path)
{
    return path != NULL && strcmp(path, "-") == 0;
}

static int tell(const struct bench_report *report, const struct request *q)
{
    int status = q->json != NULL ? save(report, q->json, bench_report_json) : TOOL_DONE;

    if (status == TOOL_DONE && q->html != NULL) {
        status = save(report, q->html, bench_report_html);
    }
    if (!is_stdout(q->json) && !is_stdout(q->html)) {
        bench_report_print(stdout, report);
    }
    return status != TOOL_DONE ? status : report->wrong > 0 ? TOOL_CHECK_FAILED : TOOL_DONE;
}

static void measure_peaks(struct bench_run *run)
{
    char error[BENCH_ERROR];

    run->gauge = bench_gauge_open(&run->place);
    if (!bench_peak_measure(&run->place, &run->report.peak, error)) {
        tool_error("bench: %s", error);
    }
    run->best = run->report.peak.flops;
    run->effort.speed = bench_run_speed;
    run->effort.speed_user = run;
}

// The best speed may have come later than the peaks: every row is a share of it.
static void settle_limits(struct bench_run *run)
{
    struct bench_report *r = &run->report;

    r->peak.flops = run->best;
    for (size_t i = 0; i < r->count; i++) {
        struct bench_result *result = &r->results[i];

        result->limit = bench_limit(&r->peak, result->taps, result->bytes, &result->by_memory);
    }
}

static int bench(struct bench_run *run, const struct request *q)
{
    struct bench_watch watch;
    int status = open_place(q->device, &run->place);

    bench_watch_begin(&watch);
    run->effort = q->smoke ? (struct bench_effort) { .pairs = 1 } :
                  (struct bench_effort) { .pairs = (int)q->pairs, .sample_seconds = 2e-3,
                                          .most_seconds = q->algorithms ? 1.0 : 0.0 };
    run->report.suite = q->spec != NULL ? "spec" : q->suite;
    run->report.timed = !q->smoke;
    run->report.pairs = run->effort.pairs;
    run->report.device = run->place.device;
    if (status == TOOL_DONE && !q->smoke) {
        measure_peaks(run);
    }
    if (status == TOOL_DONE && q->spec == NULL && strcmp(q->suite, "bandwidth") == 0) {
        status = begin_peer(run, &bench_copy);
    }
    if (status == TOOL_DONE && q->peers != NULL) {
        status = begin_peers(run, q->peers);
    }
    status = status == TOOL_DONE ? run_rows(run, q) : status;
    run->report.others = bench_watch_others(&watch);
    settle_limits(run);
    status = status == TOOL_DONE ? tell(&run->report, q) : status;
    bench_gauge_close(&run->gauge);
    free(run->report.results);
    cvy_queue_destroy(&run->place.queue);
    cvy_context_destroy(&run->place.context);
    return status;
}

static void print_help(void)
{
    puts("usage: convoy bench [OPTION]...\n\n"
         "Measures layers of networks on a device and compares them with peers: the sides take\n"
         "turns, their results are compared before their times, and a time is the median of many\n"
         "samples of at least 2 ms.\n\n"
         "  --suite NAME         layers, as networks have them; nets, whole networks; bandwidth,\n"
         "                       operators that memory bounds, on tensors beyond the caches,\n"
         "                       beside a copy kernel\n"
         "  --model MODEL.onnx   a network to measure, once for each; else those in models/.\n"
         "                       MODEL.input.npy and MODEL.output0.npy beside it are its input\n"
         "                       and what must come out\n"
         "  --spec OP-SPEC       this problem alone, such as\n"
         "                       `conv n1 c64 h56 w56 k64 r3x3 p1x1 f32 nhwc +bias`\n"
         "  --layout L           nchw or nhwc; else one after the other, or for networks the\n"
         "                       device's best\n"
         "  --filter TEXT        only rows with TEXT in their name or problem\n"
         "  --peer LIST          onednn, clblast, or both with a comma between them\n"
         "  --algo NAME          this algorithm, not the planner's choice\n"
         "  --algos              every algorithm that takes a row, with every combination of its\n"
         "                       tunables\n"
         "  --pairs N            samples of each side; 15 if not given\n"
         "  --smoke              one call of each side: are the results right?\n"
         "  --json FILE          machine-readable results; - is stdout, without the table\n"
         "  --html FILE          one page with bars against each peer, a roofline and all numbers\n"
         "  --device D           `cpu`, `gpu`, PLATFORM:DEVICE, or part of a name");
}

static bool read_option(int option, const char *value, struct request *q)
{
    const struct bench_row *rows;
    char *end;

    switch (option) {
    case 'm':
        q->suite = "nets";
        if (q->model_count < MOST_MODELS) {
            q->models[q->model_count++] = value;
        }
        return q->model_count < MOST_MODELS;
    case 'd': q->device = value; return true;
    case 'o': q->spec = value; return true;
    case 'f': q->filter = value; return true;
    case 'p': q->peers = value; return true;
    case 'a': q->algorithm = value; return true;
    case 'A': q->algorithms = true; return true;
    case 'S': q->smoke = true; return true;
    case 'j': q->json = value; return true;
    case 'w': q->html = value; return true;
    case 's': q->suite = value; return strcmp(value, "nets") == 0 || bench_rows(value, &rows) > 0;
    case 'n':
        q->pairs = strtol(value, &end, 10);
        return *end == '\0' && q->pairs > 0 && q->pairs < BENCH_MOST_PAIRS;
    default:
        q->layout = strcmp(value, "nchw") == 0 ? CVY_NCHW :
                    strcmp(value, "nhwc") == 0 ? CVY_NHWC : CVY_LAYOUT_DEFAULT;
        return q->layout != CVY_LAYOUT_DEFAULT;
    }
}

static int read_command(int argc, char **argv, struct request *q)
{
    static const struct option options[] = {
        { "suite", required_argument, NULL, 's' }, { "model", required_argument, NULL, 'm' },
        { "spec", required_argument, NULL, 'o' },
        { "layout", required_argument, NULL, 'l' }, { "filter", required_argument, NULL, 'f' },
        { "peer", required_argument, NULL, 'p' }, { "algo", required_argument, NULL, 'a' },
        { "algos", no_argument, NULL, 'A' }, { "pairs", required_argument, NULL, 'n' },
        { "smoke", no_argument, NULL, 'S' }, { "json", required_argument, NULL, 'j' },
        { "html", required_argument, NULL, 'w' },
        { "device", required_argument, NULL, 'd' }, { "help", no_argument, NULL, 'h' }, { 0 }
    };
    int option, index = 0;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options, &index)) != -1) {
        if (option == 'h') {
            print_help();
            return -1;
        }
        if (option == ':') {
            return tool_usage("bench", "`%s` needs a value", argv[optind - 1]);
        }
        if (option == '?') {
            return tool_usage("bench", "`%s` is no option", argv[optind - 1]);
        }
        if (!read_option(option, optarg, q)) {
            return tool_usage("bench", "--%s: `%s` is not a value that it takes",
                              options[index].name, optarg);
        }
    }
    return optind == argc ? TOOL_DONE :
           tool_usage("bench", "`%s` is not expected", argv[optind]);
}

int cmd_bench(int argc, char **argv)
{
    struct request request = { .suite = "layers", .pairs = BENCH_PAIRS };
    struct bench_run run = { 0 };
    int status = read_command(argc, argv, &request);

    if (status != TOOL_DONE) {
        return status < 0 ? TOOL_DONE : status;
    }
    return bench(&run, &request);
}
