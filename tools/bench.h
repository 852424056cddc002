// What the files of `convoy bench` share: problems, their data, the sides that solve them, times.
#ifndef CONVOY_TOOLS_BENCH_H
#define CONVOY_TOOLS_BENCH_H

#include <convoy/convoy.h>

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BENCH_PAIRS = 15, BENCH_MOST_SIDES = 5, BENCH_MOST_PAIRS = 1001, BENCH_SPEC = 512,
       BENCH_NAME = 64, BENCH_ERROR = 256 };

// Problems ----------------------------------------------------------------------------------------

enum bench_op {
    BENCH_CONV, BENCH_DECONV, BENCH_POOL, BENCH_SEPARABLE, BENCH_LINEAR, BENCH_ADD, BENCH_CONCAT
};

// One problem in float32, 2-D, as its canonical text says. Lists are { height, width }.
struct bench_problem {
    enum bench_op op;
    cvy_layout layout;
    int64_t n, c, h, w, k, oh, ow, groups;
    int64_t kernel[2], stride[2], begin[2], end[2], dilation[2];
    int64_t sources;            // add and concat
    bool maximum, exclude_pad, spatial, bias, bias2, relu;
    double taps;                // multiply-adds (pooling: elements) of taps inside the input
    double bytes;               // read and written at least
    char spec[BENCH_SPEC];
};

// Reads a plan's canonical text and output. False with an error if the bench has no data for it.
bool bench_problem_read(const cvy_plan_info *plan, struct bench_problem *out,
                        char error[BENCH_ERROR]);

struct bench_row {
    const char *name, *spec;    // without layout; `@` stands for a width
};
// The rows of a suite; their number.
size_t bench_rows(const char *suite, const struct bench_row **out);
// The row's text with a layout. bytes: of one of its tensors, which gives the width for `@`.
void bench_row_spec(const struct bench_row *row, const char *layout, size_t bytes,
                    char spec[BENCH_SPEC]);

// Data --------------------------------------------------------------------------------------------

// Random values in the order N, C, height, width and that of the API's weights. One block.
struct bench_data {
    float *src, *src2, *weights, *bias, *weights2, *bias2;
    size_t src_count, weights_count, bias_count, weights2_count, bias2_count, dst_count;
    float *block;
};
bool bench_data_make(const struct bench_problem *problem, struct bench_data *out);
void bench_data_free(struct bench_data *data);

// NCHW into the layout, or back.
void bench_to_layout(cvy_layout layout, const int64_t size[4], const float *nchw, float *out);
void bench_from_layout(cvy_layout layout, const int64_t size[4], const float *in, float *nchw);

// Largest difference as a share of the largest magnitude of want.
double bench_difference(const float *got, const float *want, size_t count);
// The same for some outputs, calculated here in double precision.
double bench_sampled_difference(const struct bench_problem *problem, const struct bench_data *data,
                                const float *got);
// What difference is no mistake: rounding, and that of Winograd's transforms.
double bench_tolerance(const struct bench_problem *problem);

// Sides -------------------------------------------------------------------------------------------

// Who solves a problem. Times are in seconds for one call.
struct bench_side {
    char name[BENCH_NAME], how[128];
    void *state;
    bool (*run)(void *state, int calls);                // one behind the other, then waits
    bool (*result)(void *state, float *nchw);           // NULL: nothing to compare
    void (*close)(void **state);
    cpu_set_t cores;            // where its calling thread runs
    bool spins;                 // its threads go on for a while after a call
    int calls;                  // in one sample
    double median, latency, difference;
    double least;               // about, to plan samples by
    double samples[BENCH_MOST_PAIRS], singles[BENCH_MOST_PAIRS];
};
void bench_side_close(struct bench_side *side);

struct bench_place {
    cvy_context *context;
    cvy_queue *queue;
    cvy_device_info device;
    cpu_set_t cores;            // where this thread ran before OpenMP put it on one of them
};

// algorithm NULL: the planner's choice. info is the plan's.
cvy_status bench_convoy_open(const struct bench_place *place, const char *spec,
                             const char *algorithm, cvy_plan_info *info, cvy_plan **plan);
bool bench_convoy_side(const struct bench_place *place, cvy_plan **plan, const char *algorithm,
                       const struct bench_problem *problem, const struct bench_data *data,
                       struct bench_side *out);

// A library to compare with; some have more than one column. It may have no side for a problem:
// false with a reason.
struct bench_peer {
    const char *library, *name;
    // Opens the library, once; NULL for further columns. version is for the report.
    bool (*begin)(const struct bench_place *place, char version[BENCH_NAME],
                  char error[BENCH_ERROR]);
    bool (*open)(const struct bench_place *place, const struct bench_problem *problem,
                 const struct bench_data *data, struct bench_side *out, char error[BENCH_ERROR]);
};
// Those that may be built in.
extern const struct bench_peer bench_onednn, bench_onednn_winograd, bench_clblast;

// Time --------------------------------------------------------------------------------------------

struct bench_effort {
    int pairs;
    double sample_seconds;      // at least, of the fastest side; 0: one call
    double most_seconds;        // fewer pairs (3 at least) rather than longer; 0: any
    double (*speed)(void *);    // the device's now, as a share of its best; NULL: not known
    void *speed_user;
};
// A device at less than that of its best speed is not itself.
extern const double bench_least_speed;

double bench_now(void);
// How much of the machine other processes use meanwhile: their share of all cores' time.
struct bench_watch {
    double begin, ours, all;
};
void bench_watch_begin(struct bench_watch *watch);
double bench_watch_others(const struct bench_watch *watch);
// Measures the sides in turns; speed: the median of the turns' own. False if a side failed.
bool bench_measure(struct bench_side *sides, size_t count, const struct bench_effort *effort,
                   double *speed);
double bench_median(double *values, size_t count);

#endif
