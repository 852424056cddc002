// The bench's results as a table for people and as JSON for programs.
#include "bench_report.h"
#include "convoy.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

const double bench_most_others = 0.03;

size_t bench_slow_rows(const struct bench_report *report)
{
    size_t count = 0;

    for (size_t i = 0; i < report->count; i++) {
        count += report->results[i].speed < bench_least_speed;
    }
    return count;
}

const struct bench_time *bench_time_of(const struct bench_result *result, const char *name)
{
    for (size_t i = 0; i < result->times; i++) {
        if (strcmp(result->time[i].name, name) == 0) {
            return &result->time[i];
        }
    }
    return NULL;
}

double bench_share(const struct bench_result *result)
{
    return result->time[0].median > 0.0 ? result->limit / result->time[0].median : 0.0;
}

double bench_gflops(const struct bench_result *result)
{
    return result->time[0].median > 0.0 ? 2e-9 * result->taps / result->time[0].median : 0.0;
}

bool bench_has_layout(const struct bench_result *result, const char *layout)
{
    bool nhwc = strstr(result->spec, " nhwc") != NULL, nchw = strstr(result->spec, " nchw") != NULL;

    return layout[0] == '\0' ? !nhwc && !nchw : strcmp(layout, "nhwc") == 0 ? nhwc : nchw;
}

double bench_geomean(const struct bench_report *report, const char *peer, const char *layout)
{
    double sum = 0.0;
    size_t count = 0;

    for (size_t i = 0; i < report->count; i++) {
        const struct bench_result *result = &report->results[i];
        const struct bench_time *t = bench_time_of(result, peer);

        if (t != NULL && t->median > 0.0 && (layout == NULL || bench_has_layout(result, layout))) {
            sum += log(t->median / result->time[0].median);
            count++;
        }
    }
    return count > 0 ? exp(sum / (double)count) : 0.0;
}

// Table -------------------------------------------------------------------------------------------

static void add_heads(struct tool_table *table, const struct bench_report *r)
{
    char heads[1024];
    size_t used = (size_t)snprintf(heads, sizeof heads,
                                   "PROBLEM\tALGORITHM\tMS\tLATENCY\tGFLOP/S\tLIMIT");

    for (size_t i = 0; i < r->columns && used < sizeof heads; i++) {
        used += (size_t)snprintf(heads + used, sizeof heads - used, "\t%s\tRATIO", r->column[i]);
    }
    tool_table_add(table, "%s", heads);
}

static void add_result(struct tool_table *table, const struct bench_report *r,
                       const struct bench_result *result)
{
    char row[1600];
    size_t used = (size_t)snprintf(
        row, sizeof row, "%s\t%.44s\t%.4f%s\t%.4f\t%.1f\t%.0f %%%s", result->spec,
        result->algorithm, result->time[0].median * 1e3,
        result->speed < bench_least_speed ? "*" : "", result->time[0].latency * 1e3,
        bench_gflops(result),
        bench_share(result) * 100.0, result->by_memory ? " m" : " f");

    for (size_t i = 0; i < r->columns && used < sizeof row; i++) {
        const struct bench_time *t = bench_time_of(result, r->column[i]);

        used += t == NULL ? (size_t)snprintf(row + used, sizeof row - used, "\t-\t") :
                (size_t)snprintf(row + used, sizeof row - used, "\t%.4f\t%.2f", t->median * 1e3,
                                 t->median / result->time[0].median);
    }
    tool_table_add(table, "%s", row);
}

static void print_means(FILE *stream, const struct bench_report *r)
{
    for (size_t i = 0; i < r->columns; i++) {
        double nhwc = bench_geomean(r, r->column[i], "nhwc");
        double nchw = bench_geomean(r, r->column[i], "nchw");
        double mean = bench_geomean(r, r->column[i], NULL);

        if (mean > 0.0) {
            fprintf(stream, "%s%s%s: its time over Convoy's, geometric mean %.2f", r->column[i],
                    r->version[i][0] != '\0' ? " " : "", r->version[i], mean);
            if (nhwc > 0.0 && nchw > 0.0) {
                fprintf(stream, " (nhwc %.2f, nchw %.2f)", nhwc, nchw);
            }
            fputc('\n', stream);
        }
    }
}

// One call of each side: what each of them made of the problem.
static void print_untimed(FILE *stream, const struct bench_report *r)
{
    struct tool_table table = { 0 };

    tool_table_add(&table, "PROBLEM\tBY\tDIFFERENCE\tVERDICT\tHOW");
    for (size_t i = 0; i < r->count; i++) {
        const struct bench_result *result = &r->results[i];

        for (size_t j = 0; j < result->times; j++) {
            const struct bench_time *t = &result->time[j];

            tool_table_add(&table, "%s\t%s\t%.1e\t%s\t%s", result->spec, t->name, t->difference,
                           result->right ? "ok" : "WRONG", t->how);
        }
    }
    tool_table_write(stream, &table, 1u << 2);
    tool_table_free(&table);
    fprintf(stream, "\nDIFFERENCE: the largest, as a share of the largest value.\n%zu rows, "
            "%zu wrong\n", r->count, r->wrong);
}

void bench_report_print(FILE *stream, const struct bench_report *r)
{
    struct tool_table table = { 0 };

    fprintf(stream, "%s (%s)\n", r->device.name, r->device.driver);
    if (!r->timed) {
        fputc('\n', stream);
        print_untimed(stream, r);
        return;
    }
    if (r->peak.flops > 0.0) {
        fprintf(stream, "peak %.1f GFLOP/s of FMA, %.1f GB/s of copies beyond the caches\n",
                r->peak.flops * 1e-9, r->peak.copy[r->peak.copies - 1].rate * 1e-9);
    }
    fputc('\n', stream);
    add_heads(&table, r);
    for (size_t i = 0; i < r->count; i++) {
        add_result(&table, r, &r->results[i]);
    }
    tool_table_write(stream, &table, ~3u);
    tool_table_free(&table);
    fprintf(stream, "\nMS: one of many calls in a row; LATENCY: one call and the wait. LIMIT: the "
            "share reached of the\ndevice's FMA peak (f) or of a copy of as many bytes (m). "
            "RATIO: the peer's MS over Convoy's.\n");
    print_means(stream, r);
    if (r->others > bench_most_others) {
        fprintf(stream, "Other processes had %.0f %% of the processors meanwhile: these times are "
                "not to be trusted.\n", r->others * 100.0);
    }
    if (bench_slow_rows(r) > 0) {
        fprintf(stream, "In %zu rows, marked *, the device ran at less than %.0f %% of its best "
                "speed.\n", bench_slow_rows(r), bench_least_speed * 100.0);
    }
    fprintf(stream, "%zu rows, %zu wrong\n", r->count, r->wrong);
}

// JSON --------------------------------------------------------------------------------------------

static cJSON *times_json(const struct bench_time *t)
{
    cJSON *o = cJSON_CreateObject();

    cJSON_AddStringToObject(o, "name", t->name);
    cJSON_AddStringToObject(o, "how", t->how);
    cJSON_AddNumberToObject(o, "ms", t->median * 1e3);
    cJSON_AddNumberToObject(o, "latency_ms", t->latency * 1e3);
    cJSON_AddNumberToObject(o, "calls", t->calls);
    cJSON_AddNumberToObject(o, "difference", isfinite(t->difference) ? t->difference : -1.0);
    return o;
}

static cJSON *result_json(const struct bench_result *result)
{
    cJSON *o = cJSON_CreateObject(), *ms, *ratio, *sides;

    cJSON_AddStringToObject(o, "name", result->name);
    cJSON_AddStringToObject(o, "spec", result->spec);
    cJSON_AddStringToObject(o, "algo", result->algorithm);
    cJSON_AddNumberToObject(o, "ms", result->time[0].median * 1e3);
    cJSON_AddNumberToObject(o, "latency_ms", result->time[0].latency * 1e3);
    cJSON_AddNumberToObject(o, "gflops", bench_gflops(result));
    cJSON_AddNumberToObject(o, "macs", result->taps);
    cJSON_AddNumberToObject(o, "bytes", result->bytes);
    cJSON_AddNumberToObject(o, "limit_ms", result->limit * 1e3);
    cJSON_AddStringToObject(o, "limited_by", result->by_memory ? "memory" : "fma");
    cJSON_AddNumberToObject(o, "share", bench_share(result));
    cJSON_AddBoolToObject(o, "right", result->right);
    cJSON_AddNumberToObject(o, "others", result->others);
    cJSON_AddNumberToObject(o, "speed", result->speed);
    ms = cJSON_AddObjectToObject(o, "peer_ms");
    ratio = cJSON_AddObjectToObject(o, "ratio");
    sides = cJSON_AddArrayToObject(o, "sides");
    for (size_t i = 0; i < result->times; i++) {
        const struct bench_time *t = &result->time[i];

        if (i > 0) {
            cJSON_AddNumberToObject(ms, t->name, t->median * 1e3);
            cJSON_AddNumberToObject(ratio, t->name, t->median / result->time[0].median);
        }
        cJSON_AddItemToArray(sides, times_json(t));
    }
    return o;
}

static void add_peak(cJSON *root, const struct bench_peak *peak)
{
    cJSON *list;

    cJSON_AddNumberToObject(root, "peak_gflops", peak->flops * 1e-9);
    list = cJSON_AddArrayToObject(root, "copies");
    for (size_t i = 0; i < peak->copies; i++) {
        cJSON *o = cJSON_CreateObject();

        cJSON_AddNumberToObject(o, "bytes", peak->copy[i].bytes);
        cJSON_AddNumberToObject(o, "gb_per_s", peak->copy[i].rate * 1e-9);
        cJSON_AddItemToArray(list, o);
    }
}

static void add_means(cJSON *root, const struct bench_report *r, const char *name,
                      const char *layout)
{
    cJSON *means = cJSON_AddObjectToObject(root, name);

    for (size_t i = 0; i < r->columns; i++) {
        double mean = bench_geomean(r, r->column[i], layout);

        if (mean > 0.0) {
            cJSON_AddNumberToObject(means, r->column[i], mean);
        }
    }
}

static void add_peers(cJSON *root, const struct bench_report *r)
{
    cJSON *peers = cJSON_AddArrayToObject(root, "peers");

    for (size_t i = 0; i < r->columns; i++) {
        char text[2 * BENCH_NAME];

        snprintf(text, sizeof text, "%s%s%s", r->column[i], r->version[i][0] != '\0' ? " " : "",
                 r->version[i]);
        cJSON_AddItemToArray(peers, cJSON_CreateString(text));
    }
    add_means(root, r, "geomean_ratio", NULL);
    add_means(root, r, "geomean_ratio_nhwc", "nhwc");
    add_means(root, r, "geomean_ratio_nchw", "nchw");
}

bool bench_report_json(FILE *stream, const struct bench_report *r)
{
    cJSON *root = cJSON_CreateObject(), *rows;
    char *text;
    bool good;

    cJSON_AddStringToObject(root, "device", r->device.name);
    cJSON_AddStringToObject(root, "driver", r->device.driver);
    cJSON_AddStringToObject(root, "suite", r->suite);
    cJSON_AddBoolToObject(root, "timed", r->timed);
    cJSON_AddNumberToObject(root, "others", r->others);
    add_peak(root, &r->peak);
    add_peers(root, r);
    rows = cJSON_AddArrayToObject(root, "rows");
    for (size_t i = 0; i < r->count; i++) {
        cJSON_AddItemToArray(rows, result_json(&r->results[i]));
    }
    text = cJSON_Print(root);
    good = text != NULL && fprintf(stream, "%s\n", tool_utf8(text)) > 0;
    cJSON_free(text);
    cJSON_Delete(root);
    return good;
}
