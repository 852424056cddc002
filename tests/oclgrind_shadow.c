// Preloaded before oclgrind 21.10. Its uninitialised-read plugin keeps a shadow of each buffer and
// has two faults, which this makes up for. The shadow outlives its buffer and goes to the next one:
// so no buffer is released. A copy by the host cuts the shadow to the bytes copied: so a kernel
// copies, which carries the shadow along. And where CONVOY_OCLGRIND_WIDTH says a number, the device
// claims to be a CPU with vectors of so many floats, so that kernels for those run, too.
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char source[] =
    "__kernel void copy_words(__global const uint *src, ulong src_at, __global uint *dst,\n"
    "                         ulong dst_at)\n"
    "{\n"
    "    dst[dst_at + get_global_id(0)] = src[src_at + get_global_id(0)];\n"
    "}\n";

cl_int clReleaseMemObject(cl_mem mem)
{
    return mem != NULL ? CL_SUCCESS : CL_INVALID_MEM_OBJECT;
}

// Of the first context, which is the only one.
static cl_kernel copy_kernel(cl_command_queue queue)
{
    static cl_kernel kernel;
    const char *text = source;
    cl_context context = NULL;
    cl_program program;

    if (kernel == NULL) {
        clGetCommandQueueInfo(queue, CL_QUEUE_CONTEXT, sizeof context, &context, NULL);
        program = clCreateProgramWithSource(context, 1, &text, NULL, NULL);
        clBuildProgram(program, 0, NULL, "-cl-std=CL1.2 -cl-opt-disable", NULL, NULL);
        kernel = clCreateKernel(program, "copy_words", NULL);
    }
    return kernel;
}

// Words only: all that Convoy copies here.
cl_int clEnqueueCopyBuffer(cl_command_queue queue, cl_mem src, cl_mem dst, size_t src_offset,
                           size_t dst_offset, size_t bytes, cl_uint wait_count,
                           const cl_event *wait_list, cl_event *event)
{
    cl_ulong src_at = src_offset / 4, dst_at = dst_offset / 4;
    size_t words = bytes / 4, group = 1;
    cl_kernel kernel = copy_kernel(queue);

    if (kernel == NULL || (src_offset | dst_offset | bytes) % 4 != 0) {
        fprintf(stderr, "oclgrind_shadow: no kernel, or a copy of other than whole words\n");
        return CL_INVALID_VALUE;
    }
    clSetKernelArg(kernel, 0, sizeof(cl_mem), &src);
    clSetKernelArg(kernel, 1, sizeof src_at, &src_at);
    clSetKernelArg(kernel, 2, sizeof(cl_mem), &dst);
    clSetKernelArg(kernel, 3, sizeof dst_at, &dst_at);
    return clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &words, &group, wait_count, wait_list,
                                  event);
}

cl_int clGetDeviceInfo(cl_device_id device, cl_device_info fact, size_t bytes, void *value,
                       size_t *size)
{
    cl_int (*next)(cl_device_id, cl_device_info, size_t, void *, size_t *);
    void *symbol = dlsym(RTLD_NEXT, "clGetDeviceInfo");
    const char *text = getenv("CONVOY_OCLGRIND_WIDTH");
    cl_uint width = text != NULL ? (cl_uint)strtoul(text, NULL, 10) : 0;
    cl_device_type type = CL_DEVICE_TYPE_CPU;
    cl_int code;

    memcpy(&next, &symbol, sizeof next);
    code = next(device, fact, bytes, value, size);
    if (width == 0 || code != CL_SUCCESS || value == NULL) {
        return code;
    }
    if (fact == CL_DEVICE_TYPE) {
        memcpy(value, &type, sizeof type);
    } else if (fact == CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT) {
        memcpy(value, &width, sizeof width);
    }
    return code;
}
