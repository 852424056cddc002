// The bench's results as one page: nothing to load, no script, light and dark.
#ifndef CONVOY_TOOLS_BENCH_HTML_H
#define CONVOY_TOOLS_BENCH_HTML_H

#include "bench_report.h"

bool bench_report_html(FILE *stream, const struct bench_report *report);

// Parts: a text with < > & " made harmless; the drawings.
void bench_html_text(FILE *stream, const char *text);
// Class of a side's colour: that of Convoy, then a column each.
int bench_html_class(const struct bench_report *report, const char *side);
void bench_chart_ratios(FILE *stream, const struct bench_report *report, const char *layout);
void bench_chart_shares(FILE *stream, const struct bench_report *report, const char *layout);
void bench_chart_roofline(FILE *stream, const struct bench_report *report);
void bench_chart_copies(FILE *stream, const struct bench_report *report);

#endif
