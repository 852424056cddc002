// Whole networks as rows of the bench.
#ifndef CONVOY_TOOLS_BENCH_NETS_H
#define CONVOY_TOOLS_BENCH_NETS_H

#include "bench_run.h"

// Adds a row for an ONNX model: compiled and warm, one enqueue and one wait or many in a row.
// MODEL.input.npy and MODEL.output0.npy ... beside MODEL.onnx are its input and what must come out;
// without them the input is random, and the outputs must be numbers. layout: of maps inside; 0 is
// the device's best. Gives an exit status, after a line on stderr if it is not TOOL_DONE.
int bench_net(struct bench_run *run, const char *path, cvy_layout layout);

#endif
