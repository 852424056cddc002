// The handles of tier 1 from inside: contexts, buffers, queues, events and kernels. Private to
// runtime/cl/.
#ifndef CVY_CL_OBJECTS_H
#define CVY_CL_OBJECTS_H

#include "cl/cache.h"
#include "cl/cl.h"
#include "cl/clblast.h"
#include "cl/opencl.h"
#include "cl/source.h"
#include "common/digest.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

// Contexts: context.c -----------------------------------------------------------------------------

struct cvy_context {
    uint32_t magic;
    _Atomic int refs;
    pid_t pid;                      // of the process that may use it
    struct device device;
    cl_device_id cl_device;
    cl_context cl_context;
    cl_mem dummy;
    _Atomic uint64_t memory_released;   // how often: a cl_mem of the same address is another since
    _Atomic uint64_t jobs;          // how many have begun
    pthread_mutex_t queues_lock;    // guards `queues`
    struct cvy_queue *queues;       // those that are alive
    cl_command_queue warm_queue;    // for first launches
    cvy_log_fn log;
    void *log_user;
    cvy_progress_fn progress;
    void *progress_user;
    struct kernel_table *kernels;   // table.c
    bool builds_families;           // for one kernel of a family, or that kernel alone
    struct kernel_list *collected;  // table.c; NULL: kernel_get compiles
    struct cache *cache;
    bool keeps;                     // programs in it
    struct guards *guards;          // NULL: none
    struct worker *worker;          // NULL: none
    _Atomic(clblast_sgemm *) sgemm; // clblast.c; NULL until somebody wants it
    void *attached;                 // context_attach
    void (*attached_free)(void *);
};

// Where a driver's objects are released: false in a forked child, which must not call the driver.
bool context_is_here(const cvy_context *context);
// Every cl_mem goes through here.
void context_release_memory(cvy_context *context, cl_mem memory);
// What is left to do when the last reference is gone and no worker runs any more.
void context_close(cvy_context *context);
// Whether any queue has work that is not over.
bool context_is_busy(cvy_context *context);
// False when the user cancels. True without a callback.
bool context_progress(const cvy_context *context, size_t done, size_t total, const char *name,
                      double seconds);
// STATE when this thread is inside one of the user's callbacks.
cvy_status callback_check(const char *call);

// Buffers: buffer.c -------------------------------------------------------------------------------

struct cvy_buffer {
    uint32_t magic;
    _Atomic int refs;
    cvy_context *context;
    cl_mem mem;
    size_t offset, bytes;           // the part of mem that is this buffer
    cvy_access access;
    const void *root;               // as in struct region, for `offset`
    size_t begin;
};

// Launches: launch.c ------------------------------------------------------------------------------

// What all launches of one job wait for; shared by them and counted.
struct awaited {
    _Atomic int refs;
    cl_event *events;               // retained
    size_t count, cap;
};

cvy_status awaited_new(struct awaited **out);
cvy_status awaited_add(struct awaited *awaited, cl_event event);
void awaited_release(struct awaited *awaited, bool release);    // NULL is fine

struct launch {
    cl_event event;                 // retained
    const char *name;               // a literal: the kernel's file, or "write"
    struct awaited *awaited;        // NULL: nothing
    size_t step;                    // the job's, when this was enqueued
};

// Launches that an object keeps, oldest first, from items[head].
struct launch_list {
    struct launch *items;
    size_t head, count, cap;        // count: of those from head on
};

cvy_status launch_list_reserve(struct launch_list *list);       // room for one more
// Takes over one reference of the event, takes one of `awaited`. Room must have been reserved.
void launch_list_push(struct launch_list *list, const struct launch *launch);
void launch_list_pop(struct launch_list *list);                 // drops the oldest
void launch_list_free(struct launch_list *list, bool release);

// The first launch that failed. status CVY_OK: none did.
struct failure {
    cvy_status status;
    cl_int code;
    const char *name;
    cl_int cause;           // DEPENDENCY: the state of the job before it, 0 if not known
};

// CL_COMPLETE, a code above it while not complete, or negative. Errors: the driver's.
cvy_status launch_state(cl_event event, cl_int *out);
// What a negative state says: "CL_OUT_OF_RESOURCES".
const char *launch_state_name(cl_int state);
// The failure that a negative state means.
struct failure launch_failure(const struct launch *launch, cl_int state);
cvy_status failure_report(const struct failure *failure);
// Blocks until a launch is over, however it ended.
cvy_status launch_wait(cl_event event);

// Events: event.c ---------------------------------------------------------------------------------

struct cvy_event {
    uint32_t magic;
    _Atomic int refs;
    cvy_context *context;
    cl_command_queue cl_queue;      // retained; NULL for a user event
    bool profiling;
    struct launch_list launches;    // fixed once the job has ended
};

cvy_status event_new(cvy_context *context, cl_command_queue queue, bool profiling, cvy_event **out);

// Queues: queue.c ---------------------------------------------------------------------------------

struct cvy_queue {
    uint32_t magic;
    _Atomic int refs;
    cvy_context *context;
    cl_command_queue cl_queue;
    bool profiling;
    pthread_mutex_t submit;         // guards what follows, and keeps a job's launches together
    struct launch_list pending;     // not known to be complete
    uint64_t popped;                // how many have left `pending` so far
    struct failure failure;         // the first since the last finish
    cl_mem workspace;
    size_t workspace_bytes;
    struct cvy_queue *next;         // of the context's
};

// ARGUMENT for a dead handle, FORKED.
cvy_status queue_check(const cvy_queue *queue);
// Takes completed launches off the front, at most `most`; remembers the first failure. Locked.
cvy_status queue_prune(cvy_queue *queue, uint64_t most);
// Around each command of a job: room for its event, so that nothing can fail for want of memory
// once it is enqueued; then the event, taken over.
cvy_status job_room(struct job *job);
uint32_t job_wait_count(const struct job *job);
const cl_event *job_wait_list(const struct job *job);
cvy_status job_keep(struct job *job, cl_event event, const char *name);
// A launch of nothing, which waits for what the job waits for.
cvy_status job_marker(struct job *job, const char *name);

// Kernels: kernel.c -------------------------------------------------------------------------------

// A cl_kernel and the arguments that it has.
struct kernel_object {
    cl_kernel handle;
    const void *owner;              // whose launch set them last, to find it again
    uint64_t released;              // the context's memory_released when the pointers were set
    size_t set;                     // how many are known
    struct kernel_arg args[];       // as many as the signature says
};

// WANTED: known, and nobody compiles it. Only a kernel that the compiler refused is FAILED; after
// any other failure it is WANTED again.
enum kernel_state { KERNEL_WANTED, KERNEL_COMPILING, KERNEL_READY, KERNEL_FAILED };

struct kernel {
    struct instance instance;
    char *key;                      // instance_text
    uint64_t hash;                  // of key
    const struct kernel_source *source;
    struct program *family;         // of the start-up set; NULL: it has no part there
    struct program *alone;          // its own; NULL until one is needed
    enum kernel_state state;        // guarded by the table
    _Atomic bool ready;             // READY, for whoever has no lock
    bool awaited;                   // in the table's list; guarded by the table
    char *error;                    // when FAILED: what to tell, else NULL
    cl_program program;             // retained; NULL until it is built
    pid_t home;                     // of the process that may use it
    pthread_mutex_t lock;           // guards the free list
    struct kernel_object **free;    // least recently used first
    size_t free_count, free_cap;
    struct kernel *next;            // in its bucket
};

// WANTED, without a program. Errors: INTERNAL (no such file), NOMEM_HOST.
cvy_status kernel_new(const struct instance *instance, struct kernel **out);
void kernel_free(struct kernel *kernel, bool release);
// BUILD if the device has no work-group of the instance's local size.
cvy_status kernel_check_local(const struct device *device, const struct kernel *kernel);
// Gives a kernel its program, checks what came out against the device and launches it once.
cvy_status kernel_warm(cvy_context *context, struct kernel *kernel, cl_program program);
// Sets the arguments and enqueues. `owner` is whose launch it is, NULL for none: the arguments of
// its last one need not be set again.
cvy_status kernel_enqueue(cvy_context *context, cl_command_queue queue, struct kernel *kernel,
                          const void *owner, const size_t groups[3],
                          const struct kernel_arg *args, size_t count, uint32_t wait_count,
                          const cl_event *wait_list, cl_event *event);

// Programs: program.c -----------------------------------------------------------------------------

enum program_state { PROGRAM_WANTED, PROGRAM_BUILDING, PROGRAM_READY, PROGRAM_FAILED };

// Instances that are compiled together: a family of the start-up set, or one kernel alone. Its
// kernels are fixed once it is in the table; all else is guarded by the table.
struct program {
    const char *name;               // a literal, or the only kernel's key
    struct kernel **kernels;
    size_t count, cap;
    enum program_state state;
    bool sought;                    // not in the cache: nobody looks again
    bool loaded;                    // the handle is what was there
    bool stored, storing, tried;    // in the cache; being put there; the worker has tried
    bool suspect;                   // guard_verdict said so
    cl_program handle;
    cl_program refused;             // loaded, and of no use; somebody may still be looking at it
    struct program *next;
};

// Empty and WANTED, and in no table yet. Errors: NOMEM_HOST.
cvy_status program_new(const char *name, struct program **out);
cvy_status program_add(struct program *program, struct kernel *kernel);
void program_free(struct program *program, bool release);
// Makes it READY: out of the cache, or else, if `compiles` says so, by the compiler. *out NULL: it
// is not in the cache and not to be compiled. Errors: BUILD, NOMEM_*, STATE inside a callback where
// it would wait.
cvy_status program_open(cvy_context *context, struct program *program, bool compiles,
                        cl_program *out);
// The handle, which program_open gave, has no such kernel, or one that cannot be launched. If it
// came out of the cache it goes from there, and the program is to be compiled. False: it was
// compiled, there is no more to try.
bool program_refuse(cvy_context *context, struct program *program, cl_program handle);
bool program_is_suspect(cvy_context *context, const struct program *program);
// Of what the program is made of and for, as hexadecimal digits.
cvy_status program_digest(const cvy_context *context, const struct program *program,
                          char out[DIGEST_TEXT]);
// READY, and nothing of it is left to be launched for the first time. With the table locked.
bool program_is_over(const struct program *program);
// Puts a READY program's binary into the cache, unless it is there. *stored: it is there now. Waits
// for a thread that is at it. Errors: the driver's.
cvy_status program_store(cvy_context *context, struct program *program, bool *stored);

// The table: table.c ------------------------------------------------------------------------------

#define KERNEL_BUCKETS 256

struct kernel_table {
    pthread_mutex_t lock;           // guards what follows; not held over compiling
    pthread_cond_t changed;         // a kernel or program is no longer being compiled
    struct kernel *buckets[KERNEL_BUCKETS];
    struct program *programs;       // newest first
    struct kernel **expected;       // the start-up set, in order
    size_t expected_count, expected_cap;
    struct kernel **awaited;        // those that plans would rather have than what stands in
    size_t awaited_count, awaited_cap;
    int urgent;                     // threads that want a kernel at once: the worker lets them go
    uint64_t wanted;                // how often that has been
    cvy_context_stats stats;
};

cvy_status kernel_table_new(struct kernel_table **out);
void kernel_table_free(struct kernel_table *table, bool release);
// Puts `fresh` in unless there is one like it; gives back the one in the table.
struct kernel *table_add(struct kernel_table *table, struct kernel *fresh);
// Compiles a kernel, or waits for the thread that does, until it is READY. Errors: BUILD, NOMEM_*,
// STATE inside a callback where it would wait.
cvy_status table_ensure(cvy_context *context, struct kernel *kernel);
// As table_ensure, but for the kernel's first launch.
cvy_status table_build(cvy_context *context, struct kernel *kernel);
// Compiles the start-up set's kernel of this number, and tells the progress callback. CVY_OK also
// for one that was dropped. Errors: CANCELLED, NOMEM_HOST, DEVICE_LOST.
cvy_status compile_expected(cvy_context *context, size_t index, double start);
void table_count(cvy_context *context, size_t programs, size_t loaded, double seconds);
// After these there is no point in trying the next kernel.
bool compile_is_hopeless(cvy_status st);

// Guards: guard.c ---------------------------------------------------------------------------------

// What is given to the compiler, or to the driver as a binary, is guarded by a file for as long as
// that takes.
struct guards;
struct guard {
    struct guards *guards;
    int file;                       // -1: none
    char name[160];
};

// SUSPECT: a process ended while it compiled just this. QUARANTINED: another one did when it tried
// again.
enum suspicion { TRUSTED, SUSPECT, QUARANTINED };

// What earlier processes left. Without a cache folder there are no guards, and all is TRUSTED.
void guards_collect(cvy_context *context);
void guards_free(struct guards *guards);    // NULL is fine
enum suspicion guard_verdict(cvy_context *context, const char *digest);
// `what` is for people. `last`: a process that ends inside has it quarantined.
void guard_begin(cvy_context *context, const char *digest, const char *what, bool last,
                 struct guard *guard);
void guard_end(struct guard *guard);
// It compiled after all: no longer SUSPECT.
void guard_clear(cvy_context *context, const char *digest);
// The file that keeps in quarantine what is QUARANTINED.
void guard_path(cvy_context *context, const char *digest, char *out, size_t cap);

// The worker: worker.c ----------------------------------------------------------------------------

struct worker;

cvy_status worker_start(cvy_context *context, bool compiles);
// Ends it, after the kernel that it is at. False, without waiting, if this thread is the worker:
// it then calls context_close when it ends.
bool worker_stop(cvy_context *context);
bool worker_compiles(const struct worker *worker);
// There is something new to do.
void worker_wake(cvy_context *context);

#endif
