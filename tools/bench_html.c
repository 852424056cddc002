// The bench's page: what was measured and how, the drawings, every number.
#include "bench_html.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char style[] =
    ":root{--bg:#fff;--fg:#1c2430;--soft:#5b6675;--line:#e3e7ec;--card:#f6f8fa;"
    "--c0:#1769d2;--c1:#e07a1f;--c2:#f0b56b;--c3:#7a5bc7;--c4:#8a94a3}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#12161c;--fg:#e5e9ef;--soft:#9aa5b4;"
    "--line:#2a313b;--card:#1a2028;--c0:#5aa2ff;--c1:#f0984a;--c2:#b97a35;--c3:#a78bf0;"
    "--c4:#778394}}\n"
    "body{background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,'DejaVu Sans',sans-serif;"
    "margin:0 auto;max-width:1080px;padding:28px 20px 60px}\n"
    "h1{font-size:26px;margin:0 0 4px}h2{font-size:19px;margin:38px 0 4px}\n"
    "p{margin:4px 0 10px;color:var(--soft);max-width:78ch}\n"
    ".cards{display:flex;flex-wrap:wrap;gap:12px;margin:18px 0}\n"
    ".card{background:var(--card);border:1px solid var(--line);border-radius:8px;"
    "padding:10px 16px;min-width:150px}\n"
    ".card b{display:block;font-size:23px;font-variant-numeric:tabular-nums}\n"
    ".card span{color:var(--soft);font-size:13px}\n"
    ".warn{border-left:4px solid var(--c1);background:var(--card);padding:8px 14px}\n"
    ".key{margin:8px 0}.key span{display:inline-block;margin-right:18px;font-size:13px}\n"
    ".key i{display:inline-block;width:11px;height:11px;border-radius:2px;margin-right:6px}\n"
    "svg{width:100%;height:auto;display:block}.pair{display:flex;flex-wrap:wrap;gap:24px}\n"
    ".pair>div{flex:1 1 440px}\n"
    "svg text{fill:var(--fg);font-size:11px}svg .tick{fill:var(--soft)}\n"
    "svg .number{font-size:10px;fill:var(--soft);font-variant-numeric:tabular-nums}\n"
    ".grid{stroke:var(--line)}.unit{stroke:var(--soft);stroke-width:1.2}\n"
    ".roof{fill:none;stroke:var(--fg);stroke-width:1.6}.cache{stroke-dasharray:5 4}\n"
    ".c0{fill:var(--c0);background:var(--c0);stroke:var(--c0)}"
    ".c1{fill:var(--c1);background:var(--c1);stroke:var(--c1)}"
    ".c2{fill:var(--c2);background:var(--c2);stroke:var(--c2)}"
    ".c3{fill:var(--c3);background:var(--c3);stroke:var(--c3)}"
    ".c4{fill:var(--c4);background:var(--c4);stroke:var(--c4)}rect{stroke:none!important}"
    ".hollow{fill:var(--bg);stroke-width:1.4}\n"
    ".wide{overflow-x:auto}table{border-collapse:collapse;font-size:12px;"
    "font-variant-numeric:tabular-nums}\n"
    "th,td{padding:3px 9px;text-align:right;white-space:nowrap;"
    "border-bottom:1px solid var(--line)}\n"
    "th{color:var(--soft);font-weight:600}"
    "th:first-child,td:first-child,th:nth-child(2),td:nth-child(2){text-align:left}\n"
    "td:first-child{font-family:ui-monospace,'DejaVu Sans Mono',monospace;font-size:11px}\n";

void bench_html_text(FILE *stream, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        switch (*c) {
        case '<': fputs("&lt;", stream); break;
        case '>': fputs("&gt;", stream); break;
        case '&': fputs("&amp;", stream); break;
        case '"': fputs("&quot;", stream); break;
        default: fputc((unsigned char)*c < ' ' ? '?' : *c, stream);
        }
    }
}

int bench_html_class(const struct bench_report *report, const char *side)
{
    for (size_t i = 0; i < report->columns; i++) {
        if (strcmp(report->column[i], side) == 0) {
            return (int)i + 1;
        }
    }
    return 0;
}

// Head --------------------------------------------------------------------------------------------

static void card(FILE *stream, double value, const char *unit, const char *what,
                 const char *more)
{
    fprintf(stream, "<div class=\"card\"><b>%.*f%s</b><span>", value < 20.0 ? 2 : 1, value, unit);
    bench_html_text(stream, what);
    bench_html_text(stream, more);
    fputs("</span></div>\n", stream);
}

static void write_cards(FILE *stream, const struct bench_report *r)
{
    static const char *const layouts[] = { "nhwc", "nchw" };

    fputs("<div class=\"cards\">\n", stream);
    for (size_t i = 0; i < r->columns; i++) {
        for (int l = 0; l < 2; l++) {
            double mean = bench_geomean(r, r->column[i], layouts[l]);

            if (mean > 0.0) {
                char what[2 * BENCH_NAME];

                snprintf(what, sizeof what, "%s's time over Convoy's, ", r->column[i]);
                card(stream, mean, "&#215;", what, layouts[l]);
            }
        }
    }
    if (r->peak.flops > 0.0) {
        card(stream, r->peak.flops * 1e-9, "", "GFLOP/s, the device's FMA peak", "");
        card(stream, r->peak.copy[r->peak.copies - 1].rate * 1e-9, "",
             "GB/s of a copy beyond the caches", "");
    }
    fputs("</div>\n", stream);
}

static void write_key(FILE *stream, const struct bench_report *r, size_t first)
{
    fputs("<div class=\"key\">", stream);
    for (size_t i = first; i <= r->columns; i++) {
        fprintf(stream, "<span><i class=\"c%zu\"></i>", i);
        bench_html_text(stream, i == 0 ? "Convoy" : r->column[i - 1]);
        if (i > 0 && r->version[i - 1][0] != '\0') {
            fputc(' ', stream);
            bench_html_text(stream, r->version[i - 1]);
        }
        fputs("</span>", stream);
    }
    fputs("</div>\n", stream);
}

static void write_head(FILE *stream, const struct bench_report *r)
{
    char date[32] = "";
    time_t now = time(NULL);
    struct tm day;

    if (gmtime_r(&now, &day) != NULL) {
        strftime(date, sizeof date, "%Y-%m-%d", &day);
    }
    fprintf(stream, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
            "<title>convoy bench</title><style>\n%s</style></head><body>\n"
            "<h1>convoy bench: %s</h1>\n<p>", style, r->suite);
    bench_html_text(stream, r->device.name);
    fputs(" (", stream);
    bench_html_text(stream, r->device.driver);
    fprintf(stream, "), Convoy %s, %s. The sides took turns in one process, with threads on the "
            "same cores; results were compared before times. A time is the median of %d samples "
            "or more, each of calls in a row for at least 2 ms.</p>\n", cvy_version(), date,
            r->pairs);
    if (r->others > bench_most_others) {
        fprintf(stream, "<p class=\"warn\">Other processes had %.0f %% of the processors "
                "meanwhile: these times are not to be trusted.</p>\n", r->others * 100.0);
    }
    if (bench_slow_rows(r) > 0) {
        fprintf(stream, "<p class=\"warn\">In %zu rows, marked * below, the device ran at less "
                "than %.0f %% of its best speed.</p>\n", bench_slow_rows(r),
                bench_least_speed * 100.0);
    }
    write_cards(stream, r);
}

// Charts ------------------------------------------------------------------------------------------

static bool has_rows(const struct bench_report *r, const char *layout, size_t sides)
{
    for (size_t i = 0; i < r->count; i++) {
        if (bench_has_layout(&r->results[i], layout) && r->results[i].times >= sides) {
            return true;
        }
    }
    return false;
}

static void write_bars(FILE *stream, const struct bench_report *r, const char *layout,
                       const char *title)
{
    if (has_rows(r, layout, 2)) {
        fprintf(stream, "<h2>Times against each peer%s</h2>\n<p>A peer's time over Convoy's: to "
                "the right of 1 Convoy is faster. The numbers are the ratio and both times."
                "</p>\n", title);
        write_key(stream, r, 1);
        bench_chart_ratios(stream, r, layout);
    }
    if (r->peak.flops > 0.0 && has_rows(r, layout, 1)) {
        fprintf(stream, "<h2>Share of the device's limit%s</h2>\n<p>The limit is the larger of two "
                "times: that of the multiply-adds with taps inside the input at the FMA peak, and "
                "that of a copy that moves as many bytes. Winograd's algorithm does fewer "
                "multiply-adds and may pass it, as may a cache warmer than the copy's.</p>\n",
                title);
        write_key(stream, r, 0);
        bench_chart_shares(stream, r, layout);
    }
}

static void write_fields(FILE *stream, const struct bench_report *r)
{
    if (r->peak.flops <= 0.0) {
        return;
    }
    fputs("<h2>Roofline</h2>\n<p>Each row by its work and its bytes. The roof is what the device "
          "did in this run: its FMA peak, and below it copies beyond the caches (whole line) and "
          "the fastest of all copies (dashes).</p>\n", stream);
    write_key(stream, r, 0);
    fputs("<div class=\"pair\"><div>\n", stream);
    bench_chart_roofline(stream, r);
    fputs("</div><div>\n", stream);
    bench_chart_copies(stream, r);
    fputs("</div></div>\n", stream);
}

// Numbers -----------------------------------------------------------------------------------------

static void write_heads(FILE *stream, const struct bench_report *r)
{
    fputs("<h2>All numbers</h2>\n<p>ms: one of many calls in a row. latency: one call and the wait "
          "for it. difference: the largest from the right results, as a share of the largest "
          "value.</p>\n<div class=\"wide\"><table><tr><th>problem</th><th>algorithm</th>"
          "<th>ms</th><th>latency</th><th>GFLOP/s</th><th>limit ms</th><th>share</th>"
          "<th>difference</th>", stream);
    for (size_t i = 0; i < r->columns; i++) {
        fputs("<th>", stream);
        bench_html_text(stream, r->column[i]);
        fputs(" ms</th><th>latency</th><th>ratio</th>", stream);
    }
    fputs("</tr>\n", stream);
}

static void write_numbers(FILE *stream, const struct bench_report *r,
                          const struct bench_result *result)
{
    const struct bench_time *ours = &result->time[0];

    fputs("<tr><td>", stream);
    bench_html_text(stream, result->spec);
    fputs("</td><td>", stream);
    bench_html_text(stream, result->algorithm);
    fprintf(stream, "</td><td>%.4f%s</td><td>%.4f</td><td>%.1f</td><td>%.4f</td><td>%.0f %%</td>"
            "<td>%.1e%s</td>", ours->median * 1e3,
            result->speed < bench_least_speed ? "*" : "", ours->latency * 1e3, bench_gflops(result),
            result->limit * 1e3, bench_share(result) * 100.0, ours->difference,
            result->right ? "" : " WRONG");
    for (size_t i = 0; i < r->columns; i++) {
        const struct bench_time *t = bench_time_of(result, r->column[i]);

        if (t == NULL) {
            fputs("<td>-</td><td></td><td></td>", stream);
        } else {
            fprintf(stream, "<td>%.4f</td><td>%.4f</td><td>%.2f</td>", t->median * 1e3,
                    t->latency * 1e3, t->median / ours->median);
        }
    }
    fputs("</tr>\n", stream);
}

bool bench_report_html(FILE *stream, const struct bench_report *r)
{
    bool both = has_rows(r, "nhwc", 1) && has_rows(r, "nchw", 1);

    write_head(stream, r);
    write_bars(stream, r, "nhwc", both ? ", NHWC" : "");
    write_bars(stream, r, "nchw", both ? ", NCHW" : "");
    write_bars(stream, r, "", both ? ", other rows" : "");
    write_fields(stream, r);
    write_heads(stream, r);
    for (size_t i = 0; i < r->count; i++) {
        write_numbers(stream, r, &r->results[i]);
    }
    return fputs("</table></div></body></html>\n", stream) >= 0 && ferror(stream) == 0;
}
