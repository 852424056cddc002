// What wisdom calls a problem and a device.
#ifndef CVY_KEY_H
#define CVY_KEY_H

#include "cl/cl.h"
#include "plan/problem.h"

#define KEY_BYTES 512

// The problem as a line of OP-SPEC text that stands for all that run alike: strides are left out,
// and activations of the relu family are one. Convolutions of any kind have one by themselves;
// others get `spec`, the text of the operator that asks. False: it has none.
bool problem_key(const struct problem *problem, const char *spec, char out[KEY_BYTES]);

// "name, platform driver, 2 units": what times depend on. No | and no control characters.
void device_key(const struct device *device, char out[KEY_BYTES]);

// How far one problem is from another that could do with the same choice: the sum of the powers of
// two between their sizes. Negative: they are not alike.
double key_distance(const char *a, const char *b);

#endif
