// Convoy core: statuses, tensor descriptions, devices, contexts, buffers, queues and events.
// Everything here is plain C11 and compiles as C++17. Shapes and strides count elements, sizes of
// memory count bytes.
//
// What Convoy promises when something goes wrong:
//  (a) It never aborts, exits, raises a signal or writes to stderr.
//  (b) An error that Convoy's own checks find changes no object, enqueues nothing and leaves every
//      output untouched. If the driver fails after the first launch of an enqueue was accepted, its
//      code is returned, the outputs and the workspace of that enqueue are undefined, and the queue
//      stays usable.
//  (c) An event stands for all launches of its enqueue and carries the first failure among them.
//      Contents are undefined only inside the output region. A job that waits on a failed event
//      gets CVY_ERR_DEPENDENCY and does not run; later jobs on the queue without such a wait may
//      run (drivers differ). cvy_queue_finish reports the first failure since the last finish.
//      Inputs and weights are never written.
//  (d) Cache and tuning files are hints: losing or damaging them changes time only.
//  (e) Every create has one destroy. Destroying a NULL handle does nothing; destroy never fails.
//      Destroying anything with work in flight is safe; the work completes.
//  (f) An error is a status, a text for the calling thread (cvy_error_text) and the driver's own
//      code (cvy_error_opencl).
// Using a handle after its destroy is undefined. Debug builds catch most such uses, and handles of
// the wrong kind, by a magic word, and return CVY_ERR_ARGUMENT.
// After fork(), the child gets CVY_ERR_FORKED from every call but destroy; the parent goes on.
// longjmp() across a Convoy call is not supported.
#ifndef CONVOY_CORE_H
#define CONVOY_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(CVY_STATIC) || !defined(__GNUC__)
#define CVY_API
#else
#define CVY_API __attribute__((visibility("default")))
#endif

// Statuses ----------------------------------------------------------------------------------------

// Never renumbered. A code that this list does not have is an error too.
typedef enum cvy_status {
    CVY_OK = 0,
    CVY_ERR_ARGUMENT = -1,      // a parameter is NULL, out of range, foreign or contradictory
    CVY_ERR_SHAPE = -2,         // sizes do not fit together
    CVY_ERR_LIMIT = -3,         // larger than the device or 64-bit arithmetic allows
    CVY_ERR_UNSUPPORTED = -4,   // legal, but not to be had here
    CVY_ERR_ALIGN = -5,         // an offset or address is not aligned
    CVY_ERR_ALIAS = -6,         // tensors overlap that must not
    CVY_ERR_NOMEM_HOST = -7,
    CVY_ERR_NOMEM_DEVICE = -8,
    CVY_ERR_NO_DEVICE = -9,     // no loader, platform or device, or none that matches
    CVY_ERR_BUILD = -10,        // a kernel did not compile
    CVY_ERR_DEVICE_LOST = -11,  // the driver says that the device is gone: make a new context
    CVY_ERR_DEPENDENCY = -12,   // a job that this one waits for has failed
    CVY_ERR_STATE = -13,        // not now: the object is in another state
    CVY_ERR_FORKED = -14,       // called in a child of the process that opened OpenCL
    CVY_ERR_CANCELLED = -15,    // a progress callback said stop
    CVY_ERR_TIMEOUT = -16,      // not complete within the time given
    CVY_ERR_IO = -17,
    CVY_ERR_MODEL = -18,
    CVY_ERR_MODEL_LIMIT = -19,
    CVY_ERR_MODEL_OP = -20,
    CVY_ERR_INTERNAL = -21      // a fault of Convoy's own: please report it
} cvy_status;

// The name of a status, such as "CVY_ERR_SHAPE"; "CVY_ERR_UNKNOWN" for a code not listed.
CVY_API const char *cvy_status_name(cvy_status status);

// What the calling thread's last failed call has to say: the parameter, its value, what would be
// right. Never NULL; "" before any failure. Valid until this thread's next Convoy call.
CVY_API const char *cvy_error_text(void);

// The raw OpenCL code of the calling thread's last failure, 0 if OpenCL had no part in it.
CVY_API int cvy_error_opencl(void);

// Sets the calling thread's error, and gives the status back: for code that Convoy calls (such as
// a deferred node of graph.h) and for libraries on top of it. text is cut to a kilobyte.
CVY_API cvy_status cvy_error_report(cvy_status status, const char *text);

// Tensors -----------------------------------------------------------------------------------------

#define CVY_MAX_RANK 6

typedef enum cvy_dtype {
    CVY_DTYPE_DEFAULT = 0,      // F32 in a source, "as the source" elsewhere
    CVY_F32, CVY_F16, CVY_BF16, CVY_F64, CVY_I8, CVY_U8, CVY_I32, CVY_I64, CVY_BOOL
} cvy_dtype;

typedef enum cvy_layout {
    CVY_LAYOUT_DEFAULT = 0,     // NCHW in a source, "as the source" elsewhere
    CVY_NCHW,                   // also NC, NCW, NCDHW: spatial axes innermost
    CVY_NHWC,                   // also NWC, NDHWC: channels innermost
    CVY_PLAIN                   // axes without meaning, row-major
} cvy_layout;

// The shape of a tensor and how it lies in memory. Sizes are always in the order N, C, spatial
// (depth, height, width), whatever the layout; so are strides, in elements. All strides 0 means
// dense in that layout. A stride of an axis of size 1 is free. Plain data, no ownership.
typedef struct cvy_desc {
    cvy_dtype dtype;
    cvy_layout layout;
    int32_t rank;               // 1 to CVY_MAX_RANK
    int64_t size[CVY_MAX_RANK];
    int64_t stride[CVY_MAX_RANK];
} cvy_desc;

// Dense descriptions. n batch, c channels, d depth, h height, w width.
CVY_API cvy_desc cvy_nc(cvy_dtype dtype, int64_t n, int64_t c);
CVY_API cvy_desc cvy_ncw(cvy_dtype dtype, int64_t n, int64_t c, int64_t w);
CVY_API cvy_desc cvy_nwc(cvy_dtype dtype, int64_t n, int64_t w, int64_t c);
CVY_API cvy_desc cvy_nchw(cvy_dtype dtype, int64_t n, int64_t c, int64_t h, int64_t w);
CVY_API cvy_desc cvy_nhwc(cvy_dtype dtype, int64_t n, int64_t h, int64_t w, int64_t c);
CVY_API cvy_desc cvy_ncdhw(cvy_dtype dtype, int64_t n, int64_t c, int64_t d, int64_t h, int64_t w);
CVY_API cvy_desc cvy_ndhwc(cvy_dtype dtype, int64_t n, int64_t d, int64_t h, int64_t w, int64_t c);
CVY_API cvy_desc cvy_plain(cvy_dtype dtype, int32_t rank, const int64_t *size);

// Bytes from a tensor's first element to the end of its last. 0 if desc is NULL, malformed, empty
// or beyond 64 bits.
CVY_API size_t cvy_desc_bytes(const cvy_desc *desc);

// Elements in a tensor. -1 if desc is NULL, malformed or beyond 63 bits.
CVY_API int64_t cvy_desc_elements(const cvy_desc *desc);

// Bytes of one element: 4 for CVY_F32. 0 for CVY_DTYPE_DEFAULT and unknown values.
CVY_API size_t cvy_dtype_bytes(cvy_dtype dtype);

// Handles -----------------------------------------------------------------------------------------

typedef struct cvy_context cvy_context;    // one device with its kernels; any thread
typedef struct cvy_buffer cvy_buffer;      // device memory; any thread
typedef struct cvy_queue cvy_queue;        // jobs in order; serialises the threads that use it
typedef struct cvy_event cvy_event;        // completion of one job; any thread
typedef struct cvy_plan cvy_plan;          // how to run one problem (ops.h); any thread
typedef struct cvy_weights cvy_weights;    // constants packed for a plan (ops.h); any thread

// A tensor in memory. The plan knows its shape. `offset` is in bytes, a multiple of the element's
// size. Plain data; the buffer stays the caller's.
typedef struct cvy_tensor {
    cvy_buffer *buffer;
    size_t offset;
} cvy_tensor;

// Events to wait for before a job starts. NULL or count 0: none. The handle that a call gives its
// own event to is cleared first, so it cannot be one of them.
typedef struct cvy_wait {
    cvy_event *const *events;
    size_t count;
} cvy_wait;

typedef enum cvy_log_level { CVY_LOG_ERROR = 1, CVY_LOG_WARNING, CVY_LOG_INFO } cvy_log_level;

// Called from the thread that is in the Convoy call, or, with CVY_COMPILE_BACKGROUND, from the
// context's own. `text` is one line without a line end.
typedef void (*cvy_log_fn)(void *user, cvy_log_level level, const char *text);

// One step of long work: `done` of `total` things, the name of the last one, seconds since the
// start. Return false to cancel: the call returns CVY_ERR_CANCELLED. Waiting on an event inside is
// CVY_ERR_STATE.
typedef bool (*cvy_progress_fn)(void *user, size_t done, size_t total, const char *name,
                                double seconds);

// Devices -----------------------------------------------------------------------------------------

typedef enum cvy_device_type {
    CVY_DEVICE_OTHER = 0, CVY_DEVICE_CPU, CVY_DEVICE_GPU
} cvy_device_type;

// The facts that Convoy uses. Texts are cut to fit and always end with NUL.
typedef struct cvy_device_info {
    int32_t platform, device;       // numbers for a selector "P:D"
    cvy_device_type type;
    bool available;                 // can be used: OpenCL 1.2 or later, with a compiler
    char name[128], vendor[64], driver[64], version[64], platform_name[64];
    char device_class[32];          // which row of rules applies, such as "cpu-vector-16"
    char quirks[128];               // names of the driver workarounds in force, "" if none
    int32_t compute_units, clock_mhz;
    int32_t vector_width;           // native float32 vector width, 1 on SIMT devices
    int64_t max_work_group, max_work_item[3];
    int64_t global_bytes, max_buffer_bytes, local_bytes;
    int32_t address_bits, align_bytes;
    bool fp64, fp16, images;
    int64_t cache_bytes;            // of the last cache before global memory, 0 if not known
} cvy_device_info;

// Lists devices: writes the first `cap` of them to out (may be NULL when cap is 0) and their full
// number to count. Errors: ARGUMENT; NO_DEVICE with a text that says what is missing (count is 0).
CVY_API cvy_status cvy_device_list(cvy_device_info *out, size_t cap, size_t *count);

// Contexts ----------------------------------------------------------------------------------------

typedef enum cvy_compile_policy {
    CVY_COMPILE_DEFAULT = 0,    // the library's choice, which may improve: BACKGROUND now
    CVY_COMPILE_EAGER,          // the device's whole start-up set and what its wisdom names,
                                // before create returns
    CVY_COMPILE_BACKGROUND,     // the same in a thread of the context's own, while the caller goes
                                // on: a kernel that a plan needs now comes first, and the thread
                                // launches kernels for the first time only while no queue has work.
                                // It calls log and progress, too. Destroying the context, and
                                // exit(), wait for what it is at: 0.2 s, the first time a second
    CVY_COMPILE_LAZY            // each kernel when a plan first needs it
} cvy_compile_policy;

// Instead of a folder: where an application keeps what Convoy compiled, such as a database of its
// own. Called from any thread that compiles, several at once, and with no lock of Convoy's held;
// neither may call Convoy. `name` is 64 hexadecimal digits.
// get gives the length of what was last put under the name, 0 if there is nothing, and copies its
// first min(cap, length) bytes to data. put keeps a copy of the bytes; with 0 of them it forgets
// the name. It returns false if it could not.
typedef size_t (*cvy_cache_get_fn)(void *user, const char *name, void *data, size_t cap);
typedef bool (*cvy_cache_put_fn)(void *user, const char *name, const void *data, size_t bytes);

// Where compiled kernels are kept, so that the next process need not compile them. An entry is
// found by what it was made of and for: the kernels' text, the compiler's options, Convoy's
// version, platform, device, driver. The cache is a hint: whatever happens to it changes time,
// never a result or a status, and shows in cvy_cache_stats.
// Any number of contexts and processes may share a folder. It must be the user's own, no link, and
// closed to writing by others, or it is not used. It may be deleted at any time.
// A SHA-256 digest of the whole entry is checked before the driver sees a byte of it, because
// drivers crash on damaged programs. That protects from accidents: bad disks, cut files, mixed-up
// names. It does not protect from an attacker who may write as the same user, for whoever can write
// an entry can write its digest. A compiled kernel is code: give callbacks only what you trust.
typedef struct cvy_cache_params {
    bool off;                   // neither read nor written
    const char *folder;         // made with mode 0700 when first needed. NULL or "": "convoy" in
                                // XDG_CACHE_HOME, else in HOME/.cache. These two are all that
                                // Convoy reads from the environment. Where neither is an absolute
                                // path, in a setuid process, and for root in a home of another
                                // user's (sudo), there is no cache
    int64_t max_bytes;          // of the folder's entries, the least recently used go first; 0: 256
                                // MiB. With callbacks: of one entry
    cvy_cache_get_fn get;       // both or none, and then no folder
    cvy_cache_put_fn put;
    void *user;                 // of get and put
} cvy_cache_params;

typedef struct cvy_context_params {
    const char *device;         // NULL or "": best. "cpu", "gpu", "P:D", or part of a name
    void *cl_context;           // your cl_context, retained; with cl_device. NULL: one of our own
    void *cl_device;            // your cl_device_id inside it; NULL is fine if it has one device
    cvy_compile_policy compile;
    cvy_progress_fn progress;   // of compiling; may cancel, which BACKGROUND takes as LAZY
    void *progress_user;
    cvy_log_fn log;
    void *log_user;
    const char *wisdom;         // file of tuned choices (tune.h), loaded first; NULL: none
    cvy_cache_params cache;     // of compiled kernels; a folder of the user's by default
} cvy_context_params;

// Opens a device. "Best" is: GPU before CPU before others, then more compute units. NULL params
// are all defaults. Errors: ARGUMENT, NO_DEVICE, BUILD, CANCELLED, UNSUPPORTED (a device older than
// OpenCL 1.2), NOMEM_*.
CVY_API cvy_status cvy_context_create(const cvy_context_params *params, cvy_context **out);
CVY_API void cvy_context_destroy(cvy_context **context);

CVY_API cvy_status cvy_context_device_info(const cvy_context *context, cvy_device_info *out);

// What a context's cache did so far. hits + misses are the times that it was asked. A miss with a
// reason counts there, too; most misses have none: nobody has put the entry yet. An entry that is
// not taken is replaced when its program is stored again, unless its format is newer.
typedef struct cvy_cache_stats {
    size_t hits, misses;
    size_t stored, evicted;
    size_t truncated;           // shorter than it says
    size_t extended;            // longer than it says
    size_t corrupt;             // its digest or its name does not fit, or the driver refused it
    size_t outdated;            // of another build of Convoy or the driver, or an older format
    size_t other_device;
    size_t newer_format;        // of a later Convoy, and left alone
    size_t untrusted_owner;     // the folder or file is another user's, others may write to it, or
                                // it is a link or whatever else Convoy does not make: not used
    size_t unwritable;          // could not be read or stored: no folder, rights, space, bad disk
} cvy_cache_stats;

// What compiling has cost this context so far.
typedef struct cvy_context_stats {
    size_t kernels;             // ready
    size_t programs;            // compiled from source
    size_t failed;              // kernels dropped because they did not compile
    double build_seconds;       // compiling and loading, including each kernel's first launch
    size_t loaded;              // programs that came out of the cache
    cvy_cache_stats cache;
} cvy_context_stats;
CVY_API cvy_status cvy_context_stats_get(const cvy_context *context, cvy_context_stats *out);

// Compiles the start-up set, as far as that is not done, and puts the binary of every program that
// the context has into its cache, even where the driver keeps compiled code by itself: later
// processes then compile nothing. Slow: on PoCL some 0.2 s for each kernel, in which all launches
// of the process wait. `budget` is in seconds, 0: as long as it takes. Reports to the context's
// progress callback, by program. Errors: ARGUMENT, STATE (no cache, or inside a callback), TIMEOUT
// (the budget ended; what is stored stays), IO (some could not be stored), CANCELLED, NOMEM_*.
CVY_API cvy_status cvy_context_save_programs(cvy_context *context, double budget);

// The context's cl_context and cl_device_id, for sharing. Owned by the context.
CVY_API void *cvy_context_cl_context(const cvy_context *context);
CVY_API void *cvy_context_cl_device(const cvy_context *context);

// Buffers -----------------------------------------------------------------------------------------

// What kernels may do with a buffer.
typedef enum cvy_access { CVY_READ_WRITE = 0, CVY_READ_ONLY, CVY_WRITE_ONLY } cvy_access;

// Exactly one source: new memory (bytes only), `cl_mem`, `host`, or `parent`.
typedef struct cvy_buffer_params {
    size_t bytes;               // required; 0 with cl_mem or parent: all that is left
    cvy_access access;
    void *cl_mem;               // wrap: retained until destroy
    void *host;                 // wrap host memory, which stays valid and alone used by the device
                                // (map it to look) until the buffer and its jobs are gone
    cvy_buffer *parent;         // a view of parent's bytes [offset, offset + bytes)
    size_t offset;
} cvy_buffer_params;

// Errors: ARGUMENT (foreign or contradictory sources, view outside its parent), ALIGN (a wrapped
// sub-buffer off the device's alignment), LIMIT (over the device's largest buffer), NOMEM_*.
CVY_API cvy_status cvy_buffer_create(cvy_context *context, const cvy_buffer_params *params,
                                     cvy_buffer **out);
CVY_API void cvy_buffer_destroy(cvy_buffer **buffer);
CVY_API size_t cvy_buffer_bytes(const cvy_buffer *buffer);
CVY_API void *cvy_buffer_cl_mem(const cvy_buffer *buffer);     // owned by the buffer

// Queues ------------------------------------------------------------------------------------------

typedef struct cvy_queue_params {
    void *cl_queue;             // wrap an in-order cl_command_queue of the context; retained
    bool profiling;             // events carry device times
} cvy_queue_params;

// Errors: ARGUMENT (a queue of another context or device), UNSUPPORTED (an out-of-order queue).
CVY_API cvy_status cvy_queue_create(cvy_context *context, const cvy_queue_params *params,
                                    cvy_queue **out);
CVY_API void cvy_queue_destroy(cvy_queue **queue);
CVY_API void *cvy_queue_cl_queue(const cvy_queue *queue);      // owned by the queue

// Moves bytes. `wait` may be NULL. read, write and map with ev NULL return when done; with ev they
// return at once, and host memory stays valid until the event completes. copy and fill never wait.
// Errors: ARGUMENT (NULL, foreign, outside the buffer), ALIAS (copy onto itself), ALIGN (fill),
// DEPENDENCY, and the driver's.
CVY_API cvy_status cvy_queue_write(cvy_queue *queue, cvy_tensor dst, const void *src, size_t bytes,
                                   const cvy_wait *wait, cvy_event **ev);
CVY_API cvy_status cvy_queue_read(cvy_queue *queue, cvy_tensor src, void *dst, size_t bytes,
                                  const cvy_wait *wait, cvy_event **ev);
CVY_API cvy_status cvy_queue_copy(cvy_queue *queue, cvy_tensor src, cvy_tensor dst, size_t bytes,
                                  const cvy_wait *wait, cvy_event **ev);
// Repeats a pattern of 1, 2, 4, 8 or 16 bytes; offset and bytes are multiples of its size.
CVY_API cvy_status cvy_queue_fill(cvy_queue *queue, cvy_tensor dst, const void *pattern,
                                  size_t pattern_bytes, size_t bytes, const cvy_wait *wait,
                                  cvy_event **ev);
// Gives the host a pointer to a buffer's bytes until unmap. Jobs on mapped bytes are undefined.
CVY_API cvy_status cvy_queue_map(cvy_queue *queue, cvy_tensor tensor, size_t bytes,
                                 cvy_access access, const cvy_wait *wait, void **pointer,
                                 cvy_event **ev);
CVY_API cvy_status cvy_queue_unmap(cvy_queue *queue, cvy_tensor tensor, void *pointer,
                                   const cvy_wait *wait, cvy_event **ev);

// Sends what is queued to the device; does not wait.
CVY_API cvy_status cvy_queue_flush(cvy_queue *queue);
// Waits for everything queued; returns the first failure since the last finish.
CVY_API cvy_status cvy_queue_finish(cvy_queue *queue);

// Events ------------------------------------------------------------------------------------------

// Waits until a job is complete: timeout_ns < 0 for ever, 0 only tests. Returns the job's own
// status, TIMEOUT if it is not complete yet, STATE inside a callback.
CVY_API cvy_status cvy_event_wait(cvy_event *event, int64_t timeout_ns);
CVY_API void cvy_event_destroy(cvy_event **event);     // never waits

// Device times of a completed job on a profiling queue, in nanoseconds of the device's clock: first
// launch queued, submitted, started; last launch ended. Errors: STATE (not complete, no profiling).
typedef struct cvy_event_times {
    uint64_t queued, submitted, started, ended;
} cvy_event_times;
CVY_API cvy_status cvy_event_times_get(cvy_event *event, cvy_event_times *out);

// The same of one launch of such a job: launch i, from 0 on in the order of the device. Errors: as
// above, and ARGUMENT from the number of launches on.
typedef struct cvy_event_launch {
    const char *name;           // the kernel's, or "copy", "write" ...; never freed
    size_t step;                // of a network's run: as cvy_network_step_get counts; else 0
    cvy_event_times times;
} cvy_event_launch;
CVY_API cvy_status cvy_event_launch_get(cvy_event *event, size_t i, cvy_event_launch *out);

// The cl_event of the job's last launch, owned by the event. Every launch of a job is in order, so
// this one completes last. NULL for an empty job.
CVY_API void *cvy_event_cl_event(const cvy_event *event);
// Wraps your cl_event (retained) of the same context, to wait on.
CVY_API cvy_status cvy_event_wrap(cvy_context *context, void *cl_event, cvy_event **out);

#ifdef __cplusplus
}
#endif
#endif
