// OpenCL, bound late: the one list of the functions that Convoy uses, the table of pointers to
// them, and what the driver's codes mean. Only files of runtime/cl/ include this.
#ifndef CVY_OPENCL_H
#define CVY_OPENCL_H

#include "common/common.h"

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#define CL_FUNCS(X)                                                                         \
    X(clGetPlatformIDs) X(clGetPlatformInfo) X(clGetDeviceIDs) X(clGetDeviceInfo)           \
    X(clRetainDevice) X(clReleaseDevice)                                                    \
    X(clCreateContext) X(clRetainContext) X(clReleaseContext) X(clGetContextInfo)           \
    X(clCreateCommandQueue) X(clRetainCommandQueue) X(clReleaseCommandQueue)                \
    X(clGetCommandQueueInfo)                                                                \
    X(clCreateBuffer) X(clRetainMemObject) X(clReleaseMemObject) X(clGetMemObjectInfo)      \
    X(clCreateProgramWithSource) X(clRetainProgram) X(clReleaseProgram) X(clBuildProgram)   \
    X(clGetProgramBuildInfo) X(clCreateProgramWithBinary) X(clGetProgramInfo)               \
    X(clCreateKernel) X(clReleaseKernel) X(clSetKernelArg) X(clGetKernelInfo)               \
    X(clGetKernelWorkGroupInfo)                                                             \
    X(clWaitForEvents) X(clGetEventInfo) X(clRetainEvent) X(clReleaseEvent)                 \
    X(clGetEventProfilingInfo) X(clFlush) X(clFinish)                                       \
    X(clEnqueueReadBuffer) X(clEnqueueWriteBuffer) X(clEnqueueCopyBuffer)                   \
    X(clEnqueueFillBuffer) X(clEnqueueMapBuffer) X(clEnqueueUnmapMemObject)                 \
    X(clEnqueueNDRangeKernel) X(clEnqueueMarkerWithWaitList)

struct opencl {
#define X(name) __typeof__(name) *name;
    CL_FUNCS(X)
#undef X
};

// Opens the loader unless it is open. It is never closed, and a failure is tried again next time.
// Errors: NO_DEVICE with the loader's text; FORKED in a child of the process that opened it.
cvy_status opencl_load(void);

// The table. Valid once opencl_load has succeeded; whoever has a context may rely on it.
const struct opencl *opencl(void);

// For tests: puts another table in place and gives back the one before. Load first.
const struct opencl *opencl_swap(const struct opencl *table);

// CVY_OK for CL_SUCCESS, else the status of the code with a text that names the call.
cvy_status opencl_check(cl_int code, const char *call);
cvy_status opencl_created(const void *handle, cl_int code, const char *call);
cvy_status opencl_status(cl_int code);
const char *opencl_code_name(cl_int code);      // "CL_OUT_OF_RESOURCES", "unknown code"

// TRY(CALL(clFlush, queue)); and TRY(CREATE(mem, clCreateBuffer, ctx, flags, bytes, NULL)), which
// needs a local `code` and leaves the handle NULL when it fails.
#define CALL(function, ...) opencl_check(opencl()->function(__VA_ARGS__), #function)
#define CREATE(handle, function, ...)                                                       \
    (code = CL_SUCCESS, (handle) = opencl()->function(__VA_ARGS__, &code),                  \
     (handle) = code == CL_SUCCESS ? (handle) : NULL, opencl_created(handle, code, #function))

#endif
