// Tier 1: everything that talks to OpenCL, as the tiers above see it. No OpenCL type or function
// appears here: handles are void pointers, and the files of runtime/cl/ include cl/opencl.h.
#ifndef CVY_CL_H
#define CVY_CL_H

#include "common/common.h"

// Devices -----------------------------------------------------------------------------------------

// The kind of device, which picks the row of rules (plan/rules.c). Derived from facts only.
enum device_class {
    DEVICE_CPU_WIDE,        // a CPU whose compiler takes float vectors as they are written (PoCL)
    DEVICE_SIMT_GPU,
    DEVICE_SIMT_SOFTWARE    // a CPU that runs one work-item a lane (llvmpipe)
};

enum quirk {
    QUIRK_CACHES_CODE = 1 << 0,         // the driver keeps compiled code on disk by itself
    QUIRK_NO_OPTIMIZER = 1 << 1,        // build with -cl-opt-disable (oclgrind: LLVM freeze)
    QUIRK_GRID_LIMIT = 1 << 2,          // a grid axis of 65,535 compiles again (PoCL)
    QUIRK_GROUP_UNDERSTATED = 1 << 3,   // kernels run in larger groups than they say (rusticl)
    QUIRK_LOOP_LIMIT = 1 << 4,          // loops end early, silently: see max_rounds (llvmpipe)
    QUIRK_CODE_AT_LAUNCH = 1 << 5       // a kernel's code is made at its first launch, not built
};

// Facts of a device, read once when a context opens. Immutable.
struct device {
    cvy_device_info info;
    enum device_class device_class;
    uint32_t quirks;
    int vector_width;       // float32 lanes that kernels are written for: 16, 8, 4 or 1
    int max_group;          // work-items in a group, 1 or more
    int64_t max_grid;       // groups along one axis of a launch, below 65,535
    int64_t local_bytes;    // local memory of a group, 0 if there is none to speak of
    int64_t max_bytes;      // of one buffer
    // Rounds of all loops of one work-item that it runs to the end, besides some hundreds in loops
    // of fixed length. INT64_MAX where there is no limit.
    int64_t max_rounds;
};

// Kernels -----------------------------------------------------------------------------------------

// One way to compile a kernel file. The file's kernel has the file's name. Fixed-size and plain, so
// that algorithms fill it in place; `file` must be a string literal.
#define INSTANCE_DEFINES 12
struct define {
    const char *name;       // a string literal
    int32_t value;
};
struct instance {
    const char *file;       // "conv_direct": cl_kernels/conv_direct.cl, kernel conv_direct
    struct define defines[INSTANCE_DEFINES];
    uint32_t define_count;
    uint32_t local[3];      // work-group size, each 1 or more: macros LOCAL_X, LOCAL_Y, LOCAL_Z
};

// "conv_direct MR=7 NV=2 local 1x1x1": the instance's key, for logs and tables.
void instance_text(const struct instance *instance, struct text *out);

struct kernel;              // a compiled instance; owned by its context, lives as long as that

// The kernel of an instance: the context's if it has it, else compiled now, including its first
// launch. Any thread. Errors: BUILD with the head of the compiler's log; NOMEM_*.
cvy_status kernel_get(cvy_context *context, const struct instance *instance, struct kernel **out);
// The same without compiling it: its launches come after kernel_is_ready. `awaited`: the context's
// thread is to compile it. Errors: BUILD (it has been tried), NOMEM_HOST.
cvy_status kernel_find(cvy_context *context, const struct instance *instance, bool awaited,
                       struct kernel **out);
bool kernel_is_ready(const struct kernel *kernel);
// `owner` launches it no more: see struct job.
void kernel_forget(struct kernel *kernel, const void *owner);
const struct instance *kernel_instance(const struct kernel *kernel);
// One letter for each argument: 'p' a global pointer, 'l' a 64-bit, 'i' a 32-bit integer, 'f' a
// float. A tensor is "pl": pointer and first element.
const char *kernel_signature(const struct kernel *kernel);

// What plans would need, without compiling it: between context_collect(context, &list) and
// context_collect(context, NULL), kernel_get adds to the list what is not in it, and gives kernels
// that cannot be launched, nor outlive the list; gemm_warm does nothing. Only while the context is
// nobody else's.
struct kernel_list {
    struct kernel **items;
    size_t count, cap;
};
void context_collect(cvy_context *context, struct kernel_list *to);
void kernel_list_free(struct kernel_list *list);

// The start-up set: instances that plans may ask for, compiled in programs of one `family` each (a
// literal; NULL: alone). Expect them before the context is anyone else's. Errors: NOMEM_HOST.
struct start_kernel {
    struct instance instance;
    const char *family;
};
cvy_status context_expect(cvy_context *context, const struct start_kernel *kernels, size_t count);
// Compiles what is expected, and launches each kernel once with all integers 0, which every kernel
// must take as "no work". Those that fail are dropped with a log line. Reports to the context's
// progress callback. Errors: CANCELLED, NOMEM_HOST, DEVICE_LOST.
cvy_status context_compile(cvy_context *context);
// Does the same in a thread of its own, as far as `compiles` says so, and puts binaries into the
// cache where the driver keeps none. Without such a thread all is compiled when it is needed.
void context_work_behind(cvy_context *context, bool compiles);
// Whether that thread is still there to compile.
bool context_compiles_behind(const cvy_context *context);

// Matrix products ---------------------------------------------------------------------------------

// C = A B in float32 by CLBlast, a library that may not be there. C is m x n; A is stored as m x k
// or, transposed, as k x m, and B as k x n or n x k: row behind row, `ld` elements from one to the
// next.
struct gemm {
    int64_t m, n, k;
    int64_t a_ld, b_ld, c_ld;
    bool a_transposed, b_transposed;
};

// Opens CLBlast, and makes such calls with memory of its own, so that others compile nothing: in
// each process the first takes seconds. Errors: UNSUPPORTED (no library: what to install), LIMIT
// (beyond CLBlast's 32-bit integers), BUILD (it does not work here), NOMEM_*, DEVICE_LOST.
cvy_status gemm_warm(cvy_context *context, const struct gemm *gemm);

// Contexts ----------------------------------------------------------------------------------------

// Opens the device: no kernel is compiled. Checks every field of params (NULL: defaults).
cvy_status context_open(const cvy_context_params *params, cvy_context **out);
const struct device *context_device(const cvy_context *context);
void context_log(const cvy_context *context, cvy_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
// FORKED in a child of the process that opened the context. Every public entry calls it.
cvy_status context_check(const cvy_context *context);
// One object of the tiers above that lives as long as the context. Attach it before the context is
// anyone else's; attached gives NULL where nothing is.
void context_attach(cvy_context *context, void *object, void (*free)(void *));
void *context_attached(const cvy_context *context);
// Everything that belongs to a context keeps it alive.
void context_retain(cvy_context *context);
void context_release(cvy_context *context);

// Buffers -----------------------------------------------------------------------------------------

// Where a tensor's bytes are. `root` and `begin` serve to find overlaps: two ranges overlap if
// their roots are equal and [begin, begin + bytes) meet. Views and sub-buffers share their root.
struct region {
    void *memory;           // cl_mem to hand to a kernel
    size_t offset;          // bytes into it
    size_t bytes;           // from there to the buffer's end
    const void *root;
    size_t begin;           // bytes into the root
    cvy_access access;
};
// ARGUMENT (NULL, other context, offset beyond the end) naming the parameter `name`.
cvy_status tensor_region(const cvy_context *context, cvy_tensor tensor, const char *name,
                         struct region *out);
void buffer_retain(cvy_buffer *buffer);
// A buffer that kernels may be given for an argument that they do not read. At least 256 bytes.
void *context_dummy(cvy_context *context);

// Queues and jobs ---------------------------------------------------------------------------------

struct kernel_arg {
    char kind;              // as in kernel_signature
    union {
        void *memory;
        int64_t l;
        int32_t i;
        float f;
    } value;
};

// A job: the launches of one enqueue, under the queue's submit lock from begin to end.
struct job {
    cvy_queue *queue;
    struct awaited *awaited;    // private: what is not complete of all that is waited for, or NULL
    cvy_event *event;           // NULL when the caller wants none
    bool locked;
    size_t step;                // for people: which step of a network the next launches are
    const void *owner;          // of the next launches: finds their arguments as it left them
};

// Checks queue and wait list, takes the submit lock. `extra` (may be NULL) is waited for as well.
// Errors: ARGUMENT (a NULL or foreign event), DEPENDENCY (one has failed already), NOMEM_HOST; the
// job is then over.
cvy_status job_begin(cvy_queue *queue, const cvy_wait *wait, cvy_event *extra, bool wants_event,
                     struct job *job);
// One launch of groups[0..2] work-groups of the kernel's own local size.
cvy_status job_launch(struct job *job, struct kernel *kernel, const size_t groups[3],
                      const struct kernel_arg *args, size_t count);
cvy_status job_copy(struct job *job, const struct region *src, const struct region *dst,
                    size_t bytes);
// One call of CLBlast's, which gemm_warm has seen: args are A, B and C as "pl" each. CLBlast takes
// memory of its own for as long as it needs it.
cvy_status job_gemm(struct job *job, const struct gemm *gemm, const struct kernel_arg args[6]);
// Releases the lock. st is the job's status so far and is given back; on CVY_OK *event (may be
// NULL) gets the event, which is complete at once if nothing was launched.
cvy_status job_end(struct job *job, cvy_status st, cvy_event **event);

cvy_context *queue_context(const cvy_queue *queue);
// The queue's own workspace, grown to `bytes`. Call between job_begin and job_end, or through
// queue_reserve, which locks. Growing keeps jobs in flight safe.
cvy_status job_workspace(struct job *job, size_t bytes, struct region *out);
cvy_status queue_reserve(cvy_queue *queue, size_t bytes);

void event_retain(cvy_event *event);

#endif
