// Memory and runs of the problems that are measured, and how their results are judged.
#include "plan/measure.h"

#include <math.h>

#define BATCHES 5
#define BATCH_SECONDS 4e-3      // enough for clocks that tick in microseconds
#define MOST_RUNS 64
#define LONG_SECONDS 0.5        // after which two runs are enough
// What rounding may do to results that are not integers: a function after sums that are exact.
#define ROUNDING 1e-5

// Data --------------------------------------------------------------------------------------------

int measure_value(enum slot slot, size_t element, int amplitude)
{
    uint64_t x = ((uint64_t)slot << 48) + element;

    x = (x ^ (x >> 31)) * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 29)) * UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 32;
    return (int)(x % (uint64_t)(2 * amplitude + 1)) - amplitude;
}

// Sums of K products, bias and residual below 2^24 are exact in any order.
static bool is_exact(const struct problem *problem, int amplitude)
{
    double taps = (double)(problem->src.size[AXIS_C] / problem->u.conv.groups)
        * (double)window_taps(&problem->u.conv.window);

    return taps * amplitude * amplitude + 2.0 * amplitude <= 16777216.0;
}

int measure_amplitude(const struct problem *problem)
{
    int amplitude = 8;

    while (problem->op == OP_CONV && amplitude > 1 && !is_exact(problem, amplitude))
        amplitude--;
    return amplitude;
}

#define CHUNK 65536
static void chunk_fill(const struct plan_slot *slot, enum slot which, size_t first, size_t count,
                       int amplitude, char *out)
{
    size_t element = cvy_dtype_bytes(slot->dtype);

    for (size_t i = 0; i < count; i++) {
        int value = measure_value(which, first + i, amplitude);
        float real = (float)value;

        if (slot->dtype == CVY_F32)
            memcpy(out + i * element, &real, element);
        else
            memset(out + i * element, slot->dtype == CVY_BOOL ? value & 1 : value & 63, element);
    }
}

static cvy_status slot_fill(struct measure_memory *memory, const struct plan_slot *slot,
                            enum slot which)
{
    size_t element = cvy_dtype_bytes(slot->dtype), count = slot->bytes / element;
    char *chunk = NULL;
    cvy_status st = CVY_OK;

    TRY(zalloc(CHUNK * element, &chunk));
    for (size_t first = 0; first < count; first += CHUNK) {
        size_t some = MIN(CHUNK, count - first);

        chunk_fill(slot, which, first, some, memory->amplitude, chunk);
        TRY(cvy_queue_write(memory->queue, (cvy_tensor) { memory->buffers[which],
                                                          MEASURE_GUARD + first * element },
                            chunk, some * element, NULL, NULL));
    }
out:
    free(chunk);
    return st;
}

static bool is_output(int slot)
{
    return slot == SLOT_DST || slot == SLOT_INDICES;
}

cvy_status measure_memory_create(struct measure_memory *memory, const struct plan_request *request,
                                 size_t most)
{
    size_t total = 0;
    cvy_status st = CVY_OK;

    for (int i = 0; i < SLOT_SRCS; i++)
        total += request->slots[i].used ? request->slots[i].bytes : 0;
    if (most && total > most)
        return fail(CVY_ERR_LIMIT, "measuring needs %zu bytes; max_workspace is %zu", total, most);
    for (int i = 0; i < SLOT_SRCS && st == CVY_OK; i++) {
        const struct plan_slot *slot = &request->slots[i];

        if (!slot->used || !slot->bytes)
            continue;
        TRY(cvy_buffer_create(memory->context, &(cvy_buffer_params) {
            .bytes = (size_t)round_up((int64_t)slot->bytes, 16) + 2 * MEASURE_GUARD },
            &memory->buffers[i]));
        if (!is_output(i))
            TRY(slot_fill(memory, slot, (enum slot)i));
    }
out:
    return st;
}

void measure_memory_destroy(struct measure_memory *memory)
{
    for (int i = 0; i < SLOT_SRCS; i++)
        cvy_buffer_destroy(&memory->buffers[i]);
}

// Runs --------------------------------------------------------------------------------------------

static cvy_status run_prepare(struct measure_memory *memory, const struct plan_request *request,
                              struct measure_run *run)
{
    cvy_args constants = { 0 };
    bool any = false;

    for (int i = 0; i < SLOT_SRCS; i++) {
        cvy_tensor at = { memory->buffers[i], MEASURE_GUARD };
        bool constant = slot_is_constant((enum slot)i);

        if (!request->slots[i].used || !memory->buffers[i])
            continue;
        args_put(constant ? &constants : &run->args, (enum slot)i, at);
        any = any || constant;
    }
    if (any)
        return cvy_plan_prepare(run->plan, memory->queue, &constants, &run->weights);
    return CVY_OK;
}

cvy_status measure_run_create(struct measure_memory *memory, const struct plan_request *request,
                              const cvy_plan_options *options, struct measure_run *out)
{
    struct plan_request own = *request;
    cvy_status st = CVY_OK;

    memset(out, 0, sizeof *out);
    own.options = options;
    TRY(plan_create(memory->context, &own, &out->plan));
    TRY(run_prepare(memory, request, out));
    out->args.prepared = out->weights;
    TRY(cvy_queue_reserve(memory->queue, out->plan));
    st = cvy_queue_finish(memory->queue);
out:
    if (st != CVY_OK)
        measure_run_destroy(out);
    return st;
}

void measure_run_destroy(struct measure_run *run)
{
    cvy_weights_destroy(&run->weights);
    cvy_plan_destroy(&run->plan);
}

cvy_status measure_once(struct measure_memory *memory, struct measure_run *run, double *seconds)
{
    double begin = clock_seconds();
    cvy_status st = CVY_OK;

    TRY(cvy_plan_enqueue(run->plan, memory->queue, &run->args, NULL, NULL));
    TRY(cvy_queue_finish(memory->queue));
    *seconds = clock_seconds() - begin;
out:
    return st;
}

// On the device's clock from the first start to the last end, unless that is 0, backwards, longer
// than the host's clock says, or less than launches one behind the other can take of it (rusticl
// 22.3 gives times of some nanoseconds).
static double batch_seconds(cvy_event *first, cvy_event *last, double host)
{
    cvy_event_times a, b;
    double seconds;

    if (cvy_event_times_get(first, &a) != CVY_OK || cvy_event_times_get(last, &b) != CVY_OK
        || b.ended <= a.started)
        return host;
    seconds = 1e-9 * (double)(b.ended - a.started);
    return seconds > host || seconds < host / 8.0 ? host : seconds;
}

static cvy_status run_batch(struct measure_memory *memory, struct measure_run *run, int count,
                            double *seconds)
{
    cvy_event *first = NULL, *last = NULL;
    double begin = clock_seconds();
    cvy_status st = CVY_OK;

    for (int i = 0; i < count; i++) {
        cvy_event_destroy(&last);
        TRY(cvy_plan_enqueue(run->plan, memory->queue, &run->args, NULL, i ? &last : &first));
    }
    TRY(cvy_queue_finish(memory->queue));
    *seconds = batch_seconds(first, last ? last : first, clock_seconds() - begin) / count;
out:
    if (st != CVY_OK)
        cvy_queue_finish(memory->queue);
    cvy_event_destroy(&first);
    cvy_event_destroy(&last);
    return st;
}

cvy_status measure_time(struct measure_memory *memory, struct measure_run *run, double enough,
                        double deadline, double *seconds)
{
    double least = INFINITY, one, end = clock_seconds() + LONG_SECONDS;
    cvy_status st = CVY_OK;

    if (deadline > 0.0)
        end = MIN(end, deadline);
    TRY(measure_once(memory, run, &one));
    TRY(run_batch(memory, run, 1, &least));
    for (int i = 0; i < BATCHES && clock_seconds() < end; i++) {
        if (enough > 0.0 && least > enough)
            break;
        TRY(run_batch(memory, run, (int)MIN(MAX(BATCH_SECONDS / MAX(least, 1e-9), 1.0), MOST_RUNS),
                      &one));
        least = MIN(least, one);
    }
    *seconds = MAX(least, 1e-9);
out:
    return st;
}

// Results -----------------------------------------------------------------------------------------

static size_t guarded(const struct plan_slot *slot)
{
    return slot->used && slot->bytes
        ? (size_t)round_up((int64_t)slot->bytes, 16) + 2 * MEASURE_GUARD : 0;
}

size_t measure_output_bytes(const struct plan_request *request)
{
    return guarded(&request->slots[SLOT_DST]) + guarded(&request->slots[SLOT_INDICES]);
}

cvy_status measure_read(struct measure_memory *memory, struct measure_run *run,
                        const struct plan_request *request, char *out)
{
    static const uint32_t nobody = 0x7fc0dead;      // a NaN that no kernel makes
    static const enum slot outputs[] = { SLOT_DST, SLOT_INDICES };
    double seconds;
    cvy_status st = CVY_OK;

    for (int i = 0; i < 2; i++)
        if (guarded(&request->slots[outputs[i]]))
            TRY(cvy_queue_fill(memory->queue, (cvy_tensor) { memory->buffers[outputs[i]], 0 },
                               &nobody, sizeof nobody, guarded(&request->slots[outputs[i]]), NULL,
                               NULL));
    TRY(measure_once(memory, run, &seconds));
    for (int i = 0; i < 2; i++) {
        size_t bytes = guarded(&request->slots[outputs[i]]);

        if (bytes)
            TRY(cvy_queue_read(memory->queue, (cvy_tensor) { memory->buffers[outputs[i]], 0 }, out,
                               bytes, NULL, NULL));
        out += bytes;
    }
out:
    return st;
}

static bool sums_are_exact(const struct problem *problem)
{
    float slope, low, high;

    switch (problem->op) {
    case OP_CONV:
        return is_exact(problem, measure_amplitude(problem))
            && activation_piecewise(&problem->u.conv.activation, &slope, &low, &high)
            && (slope == 0.0f || slope == 1.0f);
    case OP_POOL:
        return problem->u.pool.kind == CVY_POOL_MAX;
    default:
        return problem->op == OP_COPY || problem->op == OP_CONCAT;
    }
}

// A sum of 0 may have either sign.
static double element_error(const char *want, const char *got, size_t count, bool integers)
{
    double worst = 0.0;

    for (size_t i = 0; i < count; i++) {
        float a, b;

        memcpy(&a, want + 4 * i, 4);
        memcpy(&b, got + 4 * i, 4);
        if (a == b || (isnan(a) && isnan(b)))
            continue;
        if (integers || isnan(a - b))
            return INFINITY;
        worst = MAX(worst, fabs((double)a - (double)b) / (ROUNDING * MAX(fabs((double)a), 1.0)));
    }
    return worst;
}

double measure_error(const struct plan_request *request, enum accuracy accuracy, int amplitude,
                     const char *want, const char *got)
{
    size_t bytes = measure_output_bytes(request), dst = guarded(&request->slots[SLOT_DST]);
    size_t inside = request->slots[SLOT_DST].bytes;
    bool integers = sums_are_exact(&request->problem);

    if (memcmp(want, got, bytes) == 0)
        return 0.0;
    // Nothing may be written around the results; indices have no tolerance.
    if (request->problem.dst.dtype != CVY_F32 || memcmp(want, got, MEASURE_GUARD) != 0
        || memcmp(want + MEASURE_GUARD + inside, got + MEASURE_GUARD + inside,
                  bytes - MEASURE_GUARD - inside) != 0 || dst > bytes)
        return INFINITY;
    if (accuracy == ACCURACY_WINOGRAD && request->problem.op == OP_CONV)
        return winograd_error(&request->problem, amplitude, (const void *)(want + MEASURE_GUARD),
                              (const void *)(got + MEASURE_GUARD));
    return element_error(want + MEASURE_GUARD, got + MEASURE_GUARD, inside / 4, integers);
}
