// The drawings of the bench's page, as SVG: bars for each row, a roofline, copies by size.
#include "bench_html.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// Pixels of the drawings, which scale with the page.
enum { WIDTH = 960, LABELS = 250, NUMBERS = 170, BAR = 12, GAP = 8, TOP = 26, BOTTOM = 8,
       PLOT = WIDTH - LABELS - NUMBERS };
enum { FIELD_WIDTH = 560, FIELD_HEIGHT = 340, LEFT = 56, UNDER = 42, RIGHT = 14, OVER = 14 };

// Bars --------------------------------------------------------------------------------------------

// What a chart shows of a side of a row, and where its axis goes.
struct bars {
    double (*value)(const struct bench_result *, const struct bench_time *);
    size_t first;               // side: 1 leaves Convoy's out
    bool logarithmic;           // around 1; else from 0 on
    double least, most;
};

static double ratio_of(const struct bench_result *result, const struct bench_time *t)
{
    return t->median / result->time[0].median;
}

static double share_of(const struct bench_result *result, const struct bench_time *t)
{
    return t->median > 0.0 ? result->limit / t->median : 0.0;
}

static bool drawn(const struct bench_result *result, const char *layout)
{
    return bench_has_layout(result, layout) && result->time[0].median > 0.0;
}

static double place(const struct bars *bars, double value)
{
    double low = bars->logarithmic ? log2(bars->least) : bars->least;
    double high = bars->logarithmic ? log2(bars->most) : bars->most;
    double at = bars->logarithmic ? log2(value) : value;

    return LABELS + PLOT * fmin(fmax((at - low) / (high - low), 0.0), 1.0);
}

static void find_range(const struct bench_report *r, const char *layout, struct bars *bars)
{
    bars->least = bars->logarithmic ? 0.5 : 0.0;
    bars->most = bars->logarithmic ? 2.0 : 1.0;
    for (size_t i = 0; i < r->count; i++) {
        const struct bench_result *result = &r->results[i];

        for (size_t j = bars->first; drawn(result, layout) && j < result->times; j++) {
            double value = bars->value(result, &result->time[j]);

            if (bars->logarithmic && value > 0.0) {
                bars->least = fmin(bars->least, exp2(floor(log2(value))));
                bars->most = fmax(bars->most, exp2(ceil(log2(value))));
            } else {
                bars->most = fmax(bars->most, ceil(value * 4.0) / 4.0);
            }
        }
    }
}

static void draw_tick(FILE *stream, const struct bars *bars, double value, int bottom)
{
    double x = place(bars, value);

    fprintf(stream, "<line class=\"%s\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>"
            "<text class=\"tick\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">",
            value == 1.0 ? "unit" : "grid", x, TOP - 4, x, bottom, x, TOP - 10);
    if (!bars->logarithmic) {
        fprintf(stream, "%.0f %%", value * 100.0);
    } else if (value >= 1.0) {
        fprintf(stream, "%.0f&#215;", value);
    } else {
        fprintf(stream, "1/%.0f", 1.0 / value);
    }
    fputs("</text>\n", stream);
}

static void draw_ticks(FILE *stream, const struct bars *bars, int bottom)
{
    double step = bars->most > 2.0 ? 0.5 : 0.25;

    if (bars->logarithmic) {
        for (double v = bars->least; v <= bars->most; v *= 2.0) {
            draw_tick(stream, bars, v, bottom);
        }
    } else {
        for (double v = 0.0; v <= bars->most + 1e-9; v += step) {
            draw_tick(stream, bars, v, bottom);
        }
    }
}

static void draw_bar(FILE *stream, const struct bench_report *r, const struct bars *bars,
                     const struct bench_result *result, const struct bench_time *t, int y)
{
    double value = bars->value(result, t);
    double from = place(bars, bars->logarithmic ? 1.0 : 0.0), to = place(bars, value);

    fprintf(stream, "<rect class=\"c%d\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" "
            "rx=\"1.5\"><title>", bench_html_class(r, t->name), fmin(from, to), y,
            fmax(fabs(to - from), 1.0), BAR - 1);
    bench_html_text(stream, t->name);
    fprintf(stream, ": %.4f ms, ", t->median * 1e3);
    bench_html_text(stream, t->how);
    fputs("</title></rect>", stream);
    fprintf(stream, "<text class=\"number\" x=\"%d\" y=\"%d\">", WIDTH - NUMBERS + 10,
            y + BAR - 2);
    if (bars->logarithmic) {
        fprintf(stream, "%.2f&#215; &#160; %.3f / %.3f ms", value, t->median * 1e3,
                result->time[0].median * 1e3);
    } else {
        fprintf(stream, "%.0f %% &#160; %.3f ms", value * 100.0, t->median * 1e3);
    }
    fputs("</text>\n", stream);
}

static int draw_row(FILE *stream, const struct bench_report *r, const struct bars *bars,
                    const struct bench_result *result, int y)
{
    int height = (int)(result->times - bars->first) * BAR;

    fprintf(stream, "<text class=\"label\" x=\"%d\" y=\"%d\" text-anchor=\"end\">", LABELS - 12,
            y + (height + BAR) / 2);
    bench_html_text(stream, result->name[0] != '\0' ? result->name : result->spec);
    fputs("</text>\n", stream);
    for (size_t j = bars->first; j < result->times; j++) {
        draw_bar(stream, r, bars, result, &result->time[j], y);
        y += BAR;
    }
    return y + GAP;
}

static void draw_bars(FILE *stream, const struct bench_report *r, const char *layout,
                      struct bars *bars)
{
    int height = TOP;
    int y = TOP;

    find_range(r, layout, bars);
    for (size_t i = 0; i < r->count; i++) {
        if (drawn(&r->results[i], layout) && r->results[i].times > bars->first) {
            height += (int)(r->results[i].times - bars->first) * BAR + GAP;
        }
    }
    fprintf(stream, "<svg viewBox=\"0 0 %d %d\" role=\"img\">\n", WIDTH, height + BOTTOM);
    draw_ticks(stream, bars, height);
    for (size_t i = 0; i < r->count; i++) {
        if (drawn(&r->results[i], layout) && r->results[i].times > bars->first) {
            y = draw_row(stream, r, bars, &r->results[i], y);
        }
    }
    fputs("</svg>\n", stream);
}

void bench_chart_ratios(FILE *stream, const struct bench_report *report, const char *layout)
{
    struct bars bars = { .value = ratio_of, .first = 1, .logarithmic = true };

    draw_bars(stream, report, layout, &bars);
}

void bench_chart_shares(FILE *stream, const struct bench_report *report, const char *layout)
{
    struct bars bars = { .value = share_of };

    draw_bars(stream, report, layout, &bars);
}

// Fields ------------------------------------------------------------------------------------------

// Two logarithmic axes.
struct field {
    double x_least, x_most, y_least, y_most;
};

static double field_x(const struct field *f, double x)
{
    return LEFT + (FIELD_WIDTH - LEFT - RIGHT) * log(x / f->x_least) /
           log(f->x_most / f->x_least);
}

static double field_y(const struct field *f, double y)
{
    return FIELD_HEIGHT - UNDER - (FIELD_HEIGHT - UNDER - OVER) * log(y / f->y_least) /
           log(f->y_most / f->y_least);
}

static void open_field(FILE *stream, const char *x_name, const char *y_name)
{
    fprintf(stream, "<svg class=\"field\" viewBox=\"0 0 %d %d\" role=\"img\">\n"
            "<text class=\"tick\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n"
            "<text class=\"tick\" transform=\"translate(12 %d) rotate(-90)\" "
            "text-anchor=\"middle\">%s</text>\n", FIELD_WIDTH, FIELD_HEIGHT,
            (FIELD_WIDTH + LEFT) / 2, FIELD_HEIGHT - 6, x_name,
            (FIELD_HEIGHT - UNDER + OVER) / 2, y_name);
}

static void x_tick(FILE *stream, const struct field *f, double x, const char *text)
{
    fprintf(stream, "<line class=\"grid\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>"
            "<text class=\"tick\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
            field_x(f, x), OVER, field_x(f, x), FIELD_HEIGHT - UNDER, field_x(f, x),
            FIELD_HEIGHT - UNDER + 14, text);
}

static void y_ticks(FILE *stream, const struct field *f)
{
    static const double steps[] = { 1.0, 2.0, 5.0 };

    for (double decade = 1e-3; decade < 1e7; decade *= 10.0) {
        for (int i = 0; i < 3; i++) {
            double y = decade * steps[i];

            if (y >= f->y_least && y <= f->y_most) {
                fprintf(stream, "<line class=\"grid\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" "
                        "y2=\"%.1f\"/><text class=\"tick\" x=\"%d\" y=\"%.1f\" "
                        "text-anchor=\"end\">%g</text>\n", LEFT, field_y(f, y),
                        FIELD_WIDTH - RIGHT, field_y(f, y), LEFT - 6, field_y(f, y) + 4, y);
            }
        }
    }
}

// Roofline ----------------------------------------------------------------------------------------

static double intensity(const struct bench_result *result)
{
    return 2.0 * result->taps / result->bytes;
}

static double rate_of(const struct bench_result *result, const struct bench_time *t)
{
    return 2e-9 * result->taps / t->median;
}

static bool on_roofline(const struct bench_result *result)
{
    return result->taps > 0.0 && result->bytes > 0.0 && result->time[0].median > 0.0;
}

static void roofline_range(const struct bench_report *r, struct field *f)
{
    *f = (struct field) { 0.5, 2.0, INFINITY, r->peak.flops * 1.3e-9 };
    for (size_t i = 0; i < r->count; i++) {
        const struct bench_result *result = &r->results[i];

        for (size_t j = 0; on_roofline(result) && j < result->times; j++) {
            f->x_least = fmin(f->x_least, intensity(result) * 0.8);
            f->x_most = fmax(f->x_most, intensity(result) * 1.25);
            f->y_least = fmin(f->y_least, rate_of(result, &result->time[j]) * 0.7);
            f->y_most = fmax(f->y_most, rate_of(result, &result->time[j]) * 1.2);
        }
    }
}

static double fastest_copy(const struct bench_peak *peak)
{
    double most = 0.0;

    for (size_t i = 0; i < peak->copies; i++) {
        most = fmax(most, peak->copy[i].rate);
    }
    return most;
}

// From the left edge, up with the rate of copies until the peak, then level.
static void draw_roof(FILE *stream, const struct bench_report *r, const struct field *f,
                      double rate, const char *class)
{
    double knee = r->peak.flops / rate, left = fmax(f->x_least, f->y_least * 1e9 / rate);

    fprintf(stream, "<polyline class=\"%s\" points=\"%.1f,%.1f %.1f,%.1f %.1f,%.1f\"/>\n", class,
            field_x(f, left), field_y(f, fmin(left * rate, r->peak.flops) * 1e-9),
            field_x(f, fmin(fmax(knee, left), f->x_most)),
            field_y(f, fmin(fmin(knee, f->x_most) * rate, r->peak.flops) * 1e-9),
            field_x(f, f->x_most), field_y(f, fmin(f->x_most * rate, r->peak.flops) * 1e-9));
}

static void draw_point(FILE *stream, const struct bench_report *r, const struct field *f,
                       const struct bench_result *result, const struct bench_time *t)
{
    int class = bench_html_class(r, t->name);

    fprintf(stream, "<circle class=\"c%d%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%s\"><title>", class,
            class == 0 ? "" : " hollow", field_x(f, intensity(result)),
            field_y(f, rate_of(result, t)), class == 0 ? "4" : "3");
    bench_html_text(stream, result->name[0] != '\0' ? result->name : result->spec);
    fputs(", ", stream);
    bench_html_text(stream, t->name);
    fprintf(stream, ": %.1f GFLOP/s</title></circle>\n", rate_of(result, t));
}

void bench_chart_roofline(FILE *stream, const struct bench_report *r)
{
    struct field f;

    roofline_range(r, &f);
    open_field(stream, "operations for each byte that must be moved", "GFLOP/s");
    for (double x = 1.0 / 16.0; x <= f.x_most; x *= 4.0) {
        char text[32];

        if (x >= f.x_least) {
            snprintf(text, sizeof text, x >= 1.0 ? "%.0f" : "1/%.0f", x >= 1.0 ? x : 1.0 / x);
            x_tick(stream, &f, x, text);
        }
    }
    y_ticks(stream, &f);
    draw_roof(stream, r, &f, fastest_copy(&r->peak), "roof cache");
    draw_roof(stream, r, &f, r->peak.copy[r->peak.copies - 1].rate, "roof");
    for (size_t i = 0; i < r->count; i++) {
        const struct bench_result *result = &r->results[i];

        // Convoy's last, on top.
        for (size_t j = result->times; on_roofline(result) && j-- > 0;) {
            draw_point(stream, r, &f, result, &result->time[j]);
        }
    }
    fputs("</svg>\n", stream);
}

// Copies ------------------------------------------------------------------------------------------

static const char *size_text(double bytes, char text[32])
{
    bool mega = bytes >= 1048576.0;

    snprintf(text, 32, "%.0f %s", bytes / (mega ? 1048576.0 : 1024.0), mega ? "MiB" : "KiB");
    return text;
}

void bench_chart_copies(FILE *stream, const struct bench_report *r)
{
    const struct bench_peak *peak = &r->peak;
    struct field f = { peak->copy[0].bytes / 1.3, peak->copy[peak->copies - 1].bytes * 1.3, 1e9,
                       0.0 };
    char text[32];

    for (size_t i = 0; i < peak->copies; i++) {
        f.y_least = fmin(f.y_least, peak->copy[i].rate * 0.7e-9);
        f.y_most = fmax(f.y_most, peak->copy[i].rate * 1.3e-9);
    }
    open_field(stream, "bytes read and written", "GB/s of a copy");
    for (size_t i = 0; i < peak->copies; i++) {
        x_tick(stream, &f, peak->copy[i].bytes, size_text(peak->copy[i].bytes, text));
    }
    y_ticks(stream, &f);
    fputs("<polyline class=\"roof\" points=\"", stream);
    for (size_t i = 0; i < peak->copies; i++) {
        fprintf(stream, "%.1f,%.1f ", field_x(&f, peak->copy[i].bytes),
                field_y(&f, peak->copy[i].rate * 1e-9));
    }
    fputs("\"/>\n", stream);
    for (size_t i = 0; i < peak->copies; i++) {
        fprintf(stream, "<circle class=\"c0\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"><title>%.1f "
                "GB/s</title></circle>\n", field_x(&f, peak->copy[i].bytes),
                field_y(&f, peak->copy[i].rate * 1e-9), peak->copy[i].rate * 1e-9);
    }
    fputs("</svg>\n", stream);
}
