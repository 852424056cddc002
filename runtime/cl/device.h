// Finding devices and reading their facts. Private to tier 1.
#ifndef CVY_CL_DEVICE_H
#define CVY_CL_DEVICE_H

#include "cl/cl.h"
#include "cl/opencl.h"

// A device that some platform offers. `usable` is CVY_OK or the status that opening it would give,
// with the reason and the driver's code.
struct found_device {
    cl_device_id id;
    cl_platform_id platform;
    struct device device;
    cvy_status usable;
    cl_int code;
    char why[96];
};

// All devices of all platforms; free(*out). NO_DEVICE says what is missing.
cvy_status devices_find(struct found_device **out, size_t *count);
// The best usable device that `selector` (see cvy_context_params) matches.
cvy_status device_pick(const char *selector, struct found_device *out);
// The facts of a device that the caller brings.
cvy_status device_of_id(cl_device_id id, struct found_device *out);

// Reads the facts: fills out->device, usable, code and why from out->id.
void device_read(struct found_device *out);

#endif
