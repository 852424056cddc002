// CLBlast, bound late: the one function that Convoy calls, as its C header declares it. Private to
// runtime/cl/.
#ifndef CVY_CLBLAST_H
#define CVY_CLBLAST_H

#include "cl/opencl.h"

// Enumerations are int there.
enum { CLBLAST_ROW_MAJOR = 101, CLBLAST_PLAIN = 111, CLBLAST_TRANSPOSED = 112 };

typedef int clblast_sgemm(int layout, int a_transposed, int b_transposed, size_t m, size_t n,
                          size_t k, float alpha, cl_mem a, size_t a_at, size_t a_ld, cl_mem b,
                          size_t b_at, size_t b_ld, float beta, cl_mem c, size_t c_at, size_t c_ld,
                          cl_command_queue *queue, cl_event *event);

// Errors: UNSUPPORTED with the loader's text.
cvy_status clblast_open(const char *library, clblast_sgemm **out);

// CVY_OK for 0, else the status of CLBlast's code.
cvy_status clblast_check(int code);

#endif
