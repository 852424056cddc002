// Convoy: CNN operators on any OpenCL device. This header includes the whole library.
#ifndef CONVOY_CONVOY_H
#define CONVOY_CONVOY_H

#define CVY_VERSION_MAJOR 0
#define CVY_VERSION_MINOR 1
#define CVY_VERSION_PATCH 0
#define CVY_VERSION_TEXT "0.1.0"

#include <convoy/core.h>
#include <convoy/graph.h>
#include <convoy/ops.h>
#include <convoy/plan.h>
#include <convoy/tune.h>

#ifdef __cplusplus
extern "C" {
#endif

// The version of the library that runs, such as "0.1.0".
CVY_API const char *cvy_version(void);

#ifdef __cplusplus
}
#endif
#endif
