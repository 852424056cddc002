// A table of OpenCL functions that goes in place of the library's own: it counts what is created
// and released, makes calls fail, and lies about devices. One process, one table.
#ifndef CONVOY_TESTS_CL_TABLE_H
#define CONVOY_TESTS_CL_TABLE_H

#include "cl/cl.h"
#include "cl/opencl.h"

// Opens OpenCL and swaps the table. False without a usable device: the test is then a skip.
bool cl_table_install(void);
// The driver's own table, for calls that are not counted.
const struct opencl *cl_table_real(void);

// Ledger: "" when every object that was created has been released, else what was not.
const char *cl_table_leaks(void);

// An event that another library made with the driver's own functions, and Convoy will release.
void cl_table_count_event(void);

// Faults. From the nth call on (1 is the next), once or for ever, a call of `function` (NULL: any)
// gives `code` and is not made. Releases never fail.
void cl_table_fail(const char *function, int nth, bool sticky, cl_int code);
bool cl_table_fired(void);          // since the last cl_table_fail
void cl_table_heal(void);           // no more faults, no more lies
int cl_table_calls(const char *function);       // how often since the start; NULL: any

// Lies: what clGetDeviceInfo answers for one fact; `bytes` of value, copied. Up to 16. The table
// keeps to them: it refuses launches of larger work-groups or with more local memory, larger
// buffers, double without cl_khr_fp64, images, and what came after OpenCL 1.2.
void cl_table_lie(cl_device_info fact, const void *value, size_t bytes);

// Lies about more: 0 is the truth.
struct cl_lies {
    cl_uint same_platform;          // the first platform, this many times
    bool no_platform, no_device;    // counts of 0 with CL_SUCCESS
    bool vanishing_device;          // counted, and then not listed
    cl_uint kernel_args;            // CL_KERNEL_NUM_ARGS
    size_t kernel_group;            // CL_KERNEL_WORK_GROUP_SIZE, kept by launches, too
    size_t build_log;               // bytes of it, without a NUL
    bool no_binary;                 // programs have none
    bool rubbish_binary;            // of the right length
};
extern struct cl_lies cl_lies;

// The options of the latest clBuildProgram.
const char *cl_table_options(void);

// A function that the library does not use, such as clCreateUserEvent.
void *cl_table_symbol(const char *name);

#endif
