// One process of tools/bench_start.py: opens a device and runs a model once, or many times while
// the context compiles behind its back, and tells in seconds what each step took.
//
//   start_probe POLICY [MODEL [SECONDS]]       POLICY is eager, background, lazy or save
#include <convoy/convoy.h>
#include <convoy/onnx.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_PORTS = 64 };

struct probe {
    cvy_context *context;
    cvy_queue *queue;
    cvy_graph *graph;
    cvy_network *network;
    cvy_tensor inputs[MOST_PORTS], outputs[MOST_PORTS];
    double begin;
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void need(cvy_status st)
{
    if (st != CVY_OK) {
        fprintf(stderr, "start_probe: %s: %s\n", cvy_status_name(st), cvy_error_text());
        exit(1);
    }
}

static void tell(const struct probe *p, const char *what)
{
    printf("\"%s\": %.4f, ", what, now() - p->begin);
}

static cvy_compile_policy policy_of(const char *word)
{
    static const struct {
        const char *word;
        cvy_compile_policy policy;
    } rows[] = { { "eager", CVY_COMPILE_EAGER }, { "save", CVY_COMPILE_EAGER },
                 { "background", CVY_COMPILE_BACKGROUND }, { "lazy", CVY_COMPILE_LAZY } };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(word, rows[i].word) == 0) {
            return rows[i].policy;
        }
    }
    fprintf(stderr, "start_probe: %s is no policy\n", word);
    exit(2);
}

static void make(struct probe *p, size_t bytes, cvy_tensor *out)
{
    need(cvy_buffer_create(p->context, &(cvy_buffer_params) { .bytes = bytes }, &out->buffer));
}

static void prepare(struct probe *p, const char *model)
{
    const float half = 0.5f;
    cvy_network_info info;
    cvy_network_port port;

    need(cvy_onnx_load(model, &(cvy_onnx_options) { .external_data = true }, &p->graph));
    need(cvy_graph_compile(p->graph, p->context, NULL, &p->network));
    need(cvy_network_info_get(p->network, &info));
    for (size_t i = 0; i < info.inputs && i < MOST_PORTS; i++) {
        need(cvy_network_input_get(p->network, i, &port));
        make(p, port.bytes, &p->inputs[i]);
        need(cvy_queue_fill(p->queue, p->inputs[i], &half, sizeof half, port.bytes, NULL, NULL));
    }
    for (size_t i = 0; i < info.outputs && i < MOST_PORTS; i++) {
        need(cvy_network_output_get(p->network, i, &port));
        make(p, port.bytes, &p->outputs[i]);
    }
}

static void run(struct probe *p)
{
    need(cvy_network_enqueue(p->network, p->queue, p->inputs, p->outputs, NULL, NULL));
    need(cvy_queue_finish(p->queue));
}

// A run each millisecond, as an application has that draws or listens.
static void run_on(struct probe *p, double seconds)
{
    const struct timespec pause = { .tv_nsec = 1000000 };
    double end = now() + seconds, worst = 0.0;

    while (now() < end) {
        double begin = now();

        run(p);
        worst = now() - begin > worst ? now() - begin : worst;
        nanosleep(&pause, NULL);
    }
    printf("\"worst_run\": %.4f, ", worst);
}

int main(int argc, char **argv)
{
    struct probe p = { .begin = now() };
    cvy_context_stats stats;

    if (argc < 2) {
        fprintf(stderr, "usage: start_probe POLICY [MODEL [SECONDS]]\n");
        return 2;
    }
    setenv("POCL_AFFINITY", "1", 0);
    printf("{ ");
    need(cvy_context_create(&(cvy_context_params) { .compile = policy_of(argv[1]) }, &p.context));
    tell(&p, "context");
    if (argc > 2) {
        need(cvy_queue_create(p.context, NULL, &p.queue));
        prepare(&p, argv[2]);
        tell(&p, "compiled");
        run(&p);
        tell(&p, "first_result");
    }
    if (argc > 3) {
        run_on(&p, atof(argv[3]));
    }
    if (strcmp(argv[1], "save") == 0) {
        need(cvy_context_save_programs(p.context, 0.0));
    }
    need(cvy_context_stats_get(p.context, &stats));
    printf("\"kernels\": %zu, \"compiled_programs\": %zu, \"loaded_programs\": %zu }\n",
           stats.kernels, stats.programs, stats.loaded);
    return 0;
}
