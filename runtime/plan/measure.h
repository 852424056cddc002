// Measures candidates for a problem on the device, and gives the winner to the context's wisdom.
// Every candidate is held against the reference algorithm before it is timed.
#ifndef CVY_MEASURE_H
#define CVY_MEASURE_H

#include "plan/plan.h"
#include "plan/wisdom.h"

// As options->effort of the request says, unless wisdom knows the problem. Problems inside of it go
// first. What cannot be measured (no memory, nothing to choose from) is left as it is. Errors:
// NOMEM_HOST, DEVICE_LOST.
cvy_status measure_plan(cvy_context *context, const struct plan_request *request);

// The rest is private to measure*.c ---------------------------------------------------------------

// A request for a convolution by itself, as the operators in runtime/ops/ make it.
void measure_request(const struct problem *problem, struct plan_request *out);
// A part of the request with about `work` of what measure_work counts, the same in every other way;
// the request itself if it is smaller or of a kind that is not cut.
double measure_work(const struct plan_request *request);
void measure_slice(const struct plan_request *full, double work, struct plan_request *out);

// Integers in [-amplitude, amplitude], the same each time; those of constants are T0 with them.
int measure_value(enum slot slot, size_t element, int amplitude);
int measure_amplitude(const struct problem *problem);

// Tensors of one problem, and of its slices at the same places.
struct measure_memory {
    cvy_context *context;
    cvy_queue *queue;
    int amplitude;
    cvy_buffer *buffers[SLOT_SRCS];
};
// LIMIT if the tensors take more than `most` bytes (0: no limit).
cvy_status measure_memory_create(struct measure_memory *memory, const struct plan_request *request,
                                 size_t most);
void measure_memory_destroy(struct measure_memory *memory);

// A plan with its constants packed, and its arguments.
struct measure_run {
    cvy_plan *plan;
    cvy_weights *weights;
    cvy_args args;
};
cvy_status measure_run_create(struct measure_memory *memory, const struct plan_request *request,
                              const cvy_plan_options *options, struct measure_run *out);
void measure_run_destroy(struct measure_run *run);
// Runs it once and waits; seconds on the host's clock.
cvy_status measure_once(struct measure_memory *memory, struct measure_run *run, double *seconds);
// The least time of some batches of runs, on the device's clock if that is to be believed. Ends
// early when it is beyond `enough`, and when the clock is beyond `deadline` (0: never).
cvy_status measure_time(struct measure_memory *memory, struct measure_run *run, double enough,
                        double deadline, double *seconds);
// Clears the outputs of the request, runs, and reads them with what lies around them.
size_t measure_output_bytes(const struct plan_request *request);
cvy_status measure_read(struct measure_memory *memory, struct measure_run *run,
                        const struct plan_request *request, char *out);

// The worst error as a share of what is allowed, 0 where the bits must be equal and are; infinite
// where they are not. want is the reference algorithm's.
double measure_error(const struct plan_request *request, enum accuracy accuracy, int amplitude,
                     const char *want, const char *got);
// Where the first element of dst is in what measure_read gives.
#define MEASURE_GUARD 4096
// T3 of the tolerances over samples of a convolution's outputs.
double winograd_error(const struct problem *problem, int amplitude, const float *want,
                      const float *got);

#endif
