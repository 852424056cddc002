// convoy warm: compiles what a device's plans will ask for, by the rules and by what was tuned, and
// keeps it in Convoy's cache, so that later processes compile nothing.
#include "convoy.h"
#include "wisdom.h"

#include <cjson/cJSON.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct request {
    const char *device, *wisdom, *cache;
    double budget;
    bool json;
};

struct warming {
    const struct request *request;
    struct tool_progress progress;
    bool shows;
    char wisdom[WISDOM_PATH], folder[WISDOM_PATH];
    cvy_device_info device;
    cvy_context_stats stats;
    double compile_seconds, store_seconds;
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool show_kernel(void *user, size_t done, size_t total, const char *name, double seconds)
{
    struct warming *w = user;

    (void)seconds;
    if (!w->shows) {
        w->progress = tool_progress_begin(total);
        w->shows = true;
    }
    tool_progress_show(&w->progress, done, name);
    if (done == total) {
        tool_progress_end(&w->progress);
        w->shows = false;
    }
    return true;
}

static cvy_status compile(struct warming *w, cvy_context **context)
{
    const struct request *q = w->request;
    const cvy_context_params params = {
        .device = tool_device(q->device), .compile = CVY_COMPILE_EAGER, .progress = show_kernel,
        .progress_user = w, .wisdom = wisdom_path(q->wisdom, w->wisdom),
        .cache.folder = q->cache };
    double begin = now();
    cvy_status st = cvy_context_create(&params, context);

    w->compile_seconds = now() - begin;
    return st == CVY_OK ? cvy_context_device_info(*context, &w->device) : st;
}

static cvy_status store(struct warming *w, cvy_context *context)
{
    double begin = now();
    cvy_status st = cvy_context_save_programs(context, w->request->budget);

    w->store_seconds = now() - begin;
    cvy_context_stats_get(context, &w->stats);
    return st;
}

// Report ------------------------------------------------------------------------------------------

static void print_report(const struct warming *w)
{
    const cvy_context_stats *s = &w->stats;

    printf("%s\n\n", w->device.name);
    printf("%zu kernels ready in %.2f s: %zu programs compiled, %zu out of the cache\n", s->kernels,
           w->compile_seconds, s->programs, s->loaded);
    if (s->failed > 0) {
        printf("%zu kernels do not compile here: other algorithms do their work\n", s->failed);
    }
    if (s->cache.stored > 0) {
        printf("%zu programs stored in %s in %.2f s\n", s->cache.stored, w->folder,
               w->store_seconds);
    } else {
        printf("all of them are in %s\n", w->folder);
    }
}

static void print_json(const struct warming *w)
{
    const cvy_context_stats *s = &w->stats;
    cJSON *root = cJSON_CreateObject();
    char *text;

    cJSON_AddStringToObject(root, "device", w->device.name);
    cJSON_AddStringToObject(root, "folder", w->folder);
    cJSON_AddNumberToObject(root, "kernels", (double)s->kernels);
    cJSON_AddNumberToObject(root, "failed", (double)s->failed);
    cJSON_AddNumberToObject(root, "programs_compiled", (double)s->programs);
    cJSON_AddNumberToObject(root, "programs_loaded", (double)s->loaded);
    cJSON_AddNumberToObject(root, "programs_stored", (double)s->cache.stored);
    cJSON_AddNumberToObject(root, "compile_seconds", w->compile_seconds);
    cJSON_AddNumberToObject(root, "store_seconds", w->store_seconds);
    text = cJSON_Print(root);
    puts(text != NULL ? tool_utf8(text) : "{}");
    cJSON_free(text);
    cJSON_Delete(root);
}

// Command -----------------------------------------------------------------------------------------

static void print_help(void)
{
    puts("usage: convoy warm [OPTION]...\n\n"
         "Compiles the kernels that plans ask for on a device, by the rules and by what `convoy\n"
         "tune` found, and keeps them in Convoy's cache. Programs that open the device later\n"
         "compile nothing. Run it again after an update of the driver or of Convoy.\n\n"
         "  --budget SECONDS     begins nothing more after so long; what is stored by then stays\n"
         "  --cache FOLDER       instead of convoy in XDG_CACHE_HOME or ~/.cache\n"
         "  --wisdom FILE        instead of CONVOY_WISDOM or ~/.cache/convoy/wisdom\n"
         "  --device D           `cpu`, `gpu`, PLATFORM:DEVICE, or part of a name\n"
         "  --json               machine-readable output");
}

static bool read_option(int option, const char *value, struct request *q)
{
    char *end;

    switch (option) {
    case 'd': q->device = value; return true;
    case 'w': q->wisdom = value; return true;
    case 'c': q->cache = value; return value[0] != '\0';
    case 'j': q->json = true; return true;
    default:
        q->budget = strtod(value, &end);
        return *value != '\0' && *end == '\0' && q->budget > 0.0 && q->budget < 1e8;
    }
}

static int read_command(int argc, char **argv, struct request *q)
{
    static const struct option options[] = {
        { "budget", required_argument, NULL, 'b' }, { "cache", required_argument, NULL, 'c' },
        { "wisdom", required_argument, NULL, 'w' }, { "device", required_argument, NULL, 'd' },
        { "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' }, { 0 }
    };
    int option, index = 0;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options, &index)) != -1) {
        if (option == 'h') {
            print_help();
            return -1;
        }
        if (option == ':') {
            return tool_usage("warm", "`%s` needs a value", argv[optind - 1]);
        }
        if (option == '?') {
            return tool_usage("warm", "`%s` is no option", argv[optind - 1]);
        }
        if (!read_option(option, optarg, q)) {
            return tool_usage("warm", "--%s: `%s` is not a value that it takes",
                              options[index].name, optarg);
        }
    }
    return optind < argc ? tool_usage("warm", "`%s` is not expected", argv[optind]) : TOOL_DONE;
}

int cmd_warm(int argc, char **argv)
{
    struct request request = { 0 };
    struct warming warming = { .request = &request };
    cvy_context *context = NULL;
    cvy_status st;
    int status = read_command(argc, argv, &request);

    if (status != TOOL_DONE) {
        return status < 0 ? TOOL_DONE : status;
    }
    if (!cache_path(request.cache, "", warming.folder)) {
        tool_error("warm: no folder for a cache: neither HOME nor XDG_CACHE_HOME is an absolute "
                   "path");
        return TOOL_CHECK_FAILED;
    }
    st = compile(&warming, &context);
    if (st != CVY_OK) {
        status = tool_not_opened("warm", request.device, st);
    } else {
        st = store(&warming, context);
        status = st == CVY_OK ? TOOL_DONE :
                 tool_failed(st == CVY_ERR_IO ? warming.folder : "warm", st);
    }
    if (status == TOOL_DONE && request.json) {
        print_json(&warming);
    } else if (status == TOOL_DONE) {
        print_report(&warming);
    }
    cvy_context_destroy(&context);
    return status;
}
