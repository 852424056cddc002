// Convoy's own side of the bench: a plan with prepared weights, enqueued and waited for.
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>

enum { SRC, SRC2, WEIGHTS, BIAS, WEIGHTS2, BIAS2, DST, SLOTS };

struct convoy {
    const struct bench_place *place;
    const struct bench_problem *problem;
    size_t dst_count;
    cvy_plan *plan;
    cvy_weights *weights;
    cvy_buffer *buffers[SLOTS];
    cvy_tensor sources[2];
    cvy_args args;
};

cvy_status bench_convoy_open(const struct bench_place *place, const char *spec,
                             const char *algorithm, cvy_plan_info *info, cvy_plan **plan)
{
    const cvy_plan_options options = { .algorithm = algorithm };
    cvy_status st = cvy_plan_from_spec(place->context, spec, &options, plan);

    return st == CVY_OK ? cvy_plan_info_get(*plan, info) : st;
}

static bool run(void *state, int calls)
{
    struct convoy *c = state;
    cvy_status st = CVY_OK;

    for (int i = 0; st == CVY_OK && i < calls; i++) {
        st = cvy_plan_enqueue(c->plan, c->place->queue, &c->args, NULL, NULL);
    }
    return st == CVY_OK && cvy_queue_finish(c->place->queue) == CVY_OK;
}

static void dst_size(const struct bench_problem *p, int64_t size[4])
{
    size[0] = p->n;
    size[1] = p->k;
    size[2] = p->oh;
    size[3] = p->ow;
}

static bool result(void *state, float *nchw)
{
    struct convoy *c = state;
    size_t bytes = c->dst_count * sizeof(float);
    float *raw = malloc(bytes);
    int64_t size[4];
    bool good = raw != NULL && cvy_queue_read(c->place->queue, c->args.dst, raw, bytes, NULL,
                                              NULL) == CVY_OK;

    if (good) {
        dst_size(c->problem, size);
        bench_from_layout(c->problem->layout, size, raw, nchw);
    }
    free(raw);
    return good;
}

static void close_side(void **state)
{
    struct convoy *c = *state;

    cvy_weights_destroy(&c->weights);
    for (int i = 0; i < SLOTS; i++) {
        cvy_buffer_destroy(&c->buffers[i]);
    }
    cvy_plan_destroy(&c->plan);
    free(c);
    *state = NULL;
}

// Memory with values; none for no values.
static cvy_status upload(struct convoy *c, int slot, const float *values, size_t count)
{
    const cvy_buffer_params params = { .bytes = count * sizeof *values };
    cvy_status st;

    if (count == 0) {
        return CVY_OK;
    }
    st = cvy_buffer_create(c->place->context, &params, &c->buffers[slot]);
    return st != CVY_OK || values == NULL ? st :
           cvy_queue_write(c->place->queue, (cvy_tensor) { c->buffers[slot], 0 }, values,
                           params.bytes, NULL, NULL);
}

static cvy_status upload_src(struct convoy *c, int slot, const float *nchw, size_t count)
{
    const struct bench_problem *p = c->problem;
    const int64_t size[4] = { p->n, p->c, p->h, p->w };
    float *values = malloc(count * sizeof *values);
    cvy_status st = CVY_ERR_NOMEM_HOST;

    if (values != NULL) {
        bench_to_layout(p->layout, size, nchw, values);
        st = upload(c, slot, values, count);
    }
    free(values);
    return st;
}

static cvy_status upload_all(struct convoy *c, const struct bench_data *d)
{
    const struct {
        const float *values;
        size_t count;
    } constants[] = {
        { d->weights, d->weights_count }, { d->bias, d->bias_count },
        { d->weights2, d->weights2_count }, { d->bias2, d->bias2_count }
    };
    cvy_status st = upload_src(c, SRC, d->src, d->src_count);

    if (st == CVY_OK && c->problem->sources > 1) {
        st = upload_src(c, SRC2, d->src2, d->src_count);
    }
    for (int i = 0; st == CVY_OK && i < 4; i++) {
        st = upload(c, WEIGHTS + i, constants[i].values, constants[i].count);
    }
    return st == CVY_OK ? upload(c, DST, NULL, d->dst_count) : st;
}

static cvy_tensor tensor(const struct convoy *c, int slot)
{
    return (cvy_tensor) { c->buffers[slot], 0 };
}

static cvy_status bind(struct convoy *c, const struct bench_data *d)
{
    const cvy_args constants = { .weights = tensor(c, WEIGHTS), .bias = tensor(c, BIAS),
                                 .weights2 = tensor(c, WEIGHTS2), .bias2 = tensor(c, BIAS2) };
    cvy_status st = CVY_OK;

    c->args.dst = tensor(c, DST);
    if (c->problem->op == BENCH_CONCAT) {
        c->sources[0] = tensor(c, SRC);
        c->sources[1] = tensor(c, SRC2);
        c->args.srcs = c->sources;
        c->args.src_count = 2;
    } else {
        c->args.src = tensor(c, SRC);
        c->args.src2 = tensor(c, SRC2);
    }
    if (d->weights_count > 0) {
        st = cvy_plan_prepare(c->plan, c->place->queue, &constants, &c->weights);
        c->args.prepared = c->weights;
    }
    return st == CVY_OK ? cvy_queue_reserve(c->place->queue, c->plan) : st;
}

bool bench_convoy_side(const struct bench_place *place, cvy_plan **plan, const char *algorithm,
                       const struct bench_problem *problem, const struct bench_data *data,
                       struct bench_side *out)
{
    struct convoy *c = calloc(1, sizeof *c);

    if (c == NULL) {
        return false;
    }
    c->place = place;
    c->problem = problem;
    c->dst_count = data->dst_count;
    c->plan = *plan;
    *plan = NULL;
    *out = (struct bench_side) { .name = "convoy", .state = c, .run = run, .result = result,
                                 .close = close_side, .cores = place->cores };
    snprintf(out->how, sizeof out->how, "%s", algorithm);
    return upload_all(c, data) == CVY_OK && bind(c, data) == CVY_OK && run(c, 1);
}
