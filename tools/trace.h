// A trace for chrome://tracing and ui.perfetto.dev: what the host did, and what the device did.
#ifndef CONVOY_TOOLS_TRACE_H
#define CONVOY_TOOLS_TRACE_H

#include <convoy/graph.h>

struct trace;

struct trace *trace_create(void);               // NULL when out of memory
void trace_destroy(struct trace **trace);
double trace_now(void);                         // microseconds of the host's clock

// All of these do nothing with a NULL trace. Names are copied.
void trace_host(struct trace *trace, const char *name, double begin, double end);
// A job that was enqueued on a profiling queue at `enqueued` and is complete, and each launch of a
// network's run under the names of its nodes. network may be NULL. The event is taken.
void trace_job(struct trace *trace, const char *name, double enqueued, const cvy_network *network,
               cvy_event *ev);
// A line of text about the whole, such as the device's name.
void trace_about(struct trace *trace, const char *key, const char *text);
bool trace_save(const struct trace *trace, const char *path);   // false with errno set

#endif
