// The thread behind a context: compiles what is expected while the caller goes on, and stores what
// the driver does not keep by itself.
#include "cl/objects.h"

#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// Whoever makes plans one after the other is not to wait for the program of others' plans.
#define BUILD_AFTER 0.05
// A first launch stalls every other launch of a PoCL process, by up to 205 ms, and fetching a
// binary for as long as that takes (PERFORMANCE.md). Building a program stalls nobody.
#define LAUNCH_AFTER 0.05
#define STORE_AFTER 1.0
// How often it looks whether the queues are at rest.
#define LOOK_EVERY 0.01

struct worker {
    cvy_context *context;
    pthread_t thread;
    pthread_mutex_t lock;           // guards what follows
    pthread_cond_t wake;
    bool stop, woken;
    _Atomic bool compiles;          // the start-up set and what plans await, until cancelled
    bool joined, over, closes;      // somebody joins the thread; has joined it; it closes the
                                    // context when it ends: guarded by running_lock
    // The thread's own.
    size_t built, launched;         // how far it is in what is expected
    size_t ahead, served;           // and in what is awaited
    double start, calm, quiet;      // since when nobody wants a kernel, no queue has work
    uint64_t wanted, jobs;          // when it last looked
    bool seen[3];                   // kinds of work that exit() knows of
    struct worker *next;
};

// Handlers that exit() is given, at most: with this many contexts opened it has seen every driver.
#define HANDLERS_MAX 64

// All that run, so that exit() can end them before the driver's own destructors run, in which a
// compiler at work would crash.
static pthread_mutex_t running_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t running_over = PTHREAD_COND_INITIALIZER;
static struct worker *running;
static _Atomic pid_t home;          // of whose process they are: in a forked child none runs
static _Atomic int handlers;

// End ---------------------------------------------------------------------------------------------

static void unlist(struct worker *worker)
{
    struct worker **at = &running;

    while (*at && *at != worker)
        at = &(*at)->next;
    if (*at)
        *at = worker->next;
}

static void worker_free(struct worker *worker)
{
    pthread_cond_destroy(&worker->wake);
    pthread_mutex_destroy(&worker->lock);
    free(worker);
}

static void tell_to_stop(struct worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    worker->stop = true;
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->lock);
}

// Ends a worker that somebody else may be ending. Holds running_lock, but not while it waits.
static void join(struct worker *worker)
{
    if (!worker->joined) {
        worker->joined = true;
        pthread_mutex_unlock(&running_lock);
        tell_to_stop(worker);
        pthread_join(worker->thread, NULL);
        pthread_mutex_lock(&running_lock);
        worker->over = true;
        pthread_cond_broadcast(&running_over);
    }
    while (!worker->over)
        pthread_cond_wait(&running_over, &running_lock);
    if (worker->closes)             // it has struck itself off the list
        worker_free(worker);
}

// Ends one, or waits for one that is about to end by itself. False: there is none left.
static bool end_one(void)
{
    struct worker *worker = running;

    while (worker && (worker->over || pthread_equal(worker->thread, pthread_self())))
        worker = worker->next;
    if (worker && worker->closes)
        pthread_cond_wait(&running_over, &running_lock);
    else if (worker)
        join(worker);
    return worker != NULL;
}

static void end_all(void)
{
    if (atomic_load(&home) != getpid())
        return;
    pthread_mutex_lock(&running_lock);
    while (end_one())
        ;
    pthread_mutex_unlock(&running_lock);
}

// Of glibc and others: a destructor of the thread's own, which also exit() runs in the thread that
// calls it, and before all of the process.
extern int __cxa_thread_atexit_impl(void (*run)(void *), void *argument, void *inside_library)
    __attribute__((weak));

static void end_all_first(void *unused)
{
    (void)unused;
    end_all();
}

// What a driver registers in the middle of its first work would run before end_all. The main thread
// ends with the process, or leaves it to others, who then do without the workers.
static void end_before_all(void)
{
    static _Thread_local bool known;

    if (!known && __cxa_thread_atexit_impl && syscall(SYS_gettid) == getpid())
        known = __cxa_thread_atexit_impl(end_all_first, NULL, &running) == 0;
}

static bool end_at_exit(void)
{
    return atomic_fetch_add(&handlers, 1) >= HANDLERS_MAX || atexit(end_all) == 0;
}

// Drivers register destructors when they first do a kind of work, and what is registered last runs
// first: so this comes again behind each.
static void end_before_driver(bool *seen)
{
    if (!*seen)
        *seen = end_at_exit();
}

// Rest --------------------------------------------------------------------------------------------

static bool must_stop(struct worker *worker)
{
    bool stop;

    pthread_mutex_lock(&worker->lock);
    stop = worker->stop;
    pthread_mutex_unlock(&worker->lock);
    return stop;
}

// Until it is woken, or, if `seconds` is not negative, so long.
static void pause_for(struct worker *worker, double seconds)
{
    struct timespec until;
    int over = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += seconds > 0 ? (long)(seconds * 1e9) : 0;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&worker->lock);
    while (!worker->stop && !worker->woken && !over)
        over = seconds < 0 ? pthread_cond_wait(&worker->wake, &worker->lock)
                           : pthread_cond_timedwait(&worker->wake, &worker->lock, &until);
    worker->woken = false;
    pthread_mutex_unlock(&worker->lock);
}

// Since when nobody has wanted a kernel at once.
static double calm_seconds(struct worker *worker)
{
    struct kernel_table *table = worker->context->kernels;

    pthread_mutex_lock(&table->lock);
    if (table->urgent || table->wanted != worker->wanted)
        worker->calm = clock_seconds();
    worker->wanted = table->wanted;
    pthread_mutex_unlock(&table->lock);
    return clock_seconds() - worker->calm;
}

// Whether besides no queue has been used for so long. Any sign of use starts the time again.
static bool at_rest(struct worker *worker, double seconds)
{
    cvy_context *context = worker->context;
    uint64_t jobs = atomic_load(&context->jobs);

    if (jobs != worker->jobs || context_is_busy(context))
        worker->quiet = clock_seconds();
    worker->jobs = jobs;
    return calm_seconds(worker) >= seconds && clock_seconds() - worker->quiet >= seconds;
}

// Work --------------------------------------------------------------------------------------------

enum outcome { DID_SOMETHING, MUST_WAIT, NOTHING_LEFT };

// All is built before anything is launched: when a launch is due, it shall not be long in coming.
static enum outcome build_next(struct worker *worker)
{
    struct kernel_table *table = worker->context->kernels;

    if (worker->built == table->expected_count)
        return NOTHING_LEFT;
    table_build(worker->context, table->expected[worker->built++]);
    end_before_driver(&worker->seen[0]);
    return DID_SOMETHING;
}

static enum outcome launch_next(struct worker *worker)
{
    struct kernel_table *table = worker->context->kernels;

    if (worker->launched == table->expected_count)
        return NOTHING_LEFT;
    if (!at_rest(worker, LAUNCH_AFTER))
        return MUST_WAIT;
    // One that is there already costs no time.
    if (compile_expected(worker->context, worker->launched, worker->start) == CVY_OK)
        worker->launched++;
    else
        worker->compiles = false;
    end_before_driver(&worker->seen[1]);
    return DID_SOMETHING;
}

static struct kernel *awaited_at(struct worker *worker, size_t at)
{
    struct kernel_table *table = worker->context->kernels;
    struct kernel *kernel = NULL;

    pthread_mutex_lock(&table->lock);
    if (at < table->awaited_count)
        kernel = table->awaited[at];
    pthread_mutex_unlock(&table->lock);
    return kernel;
}

static enum outcome build_awaited(struct worker *worker)
{
    struct kernel *kernel = awaited_at(worker, worker->ahead);

    if (!kernel)
        return NOTHING_LEFT;
    worker->ahead++;
    table_build(worker->context, kernel);
    end_before_driver(&worker->seen[0]);
    return DID_SOMETHING;
}

static enum outcome launch_awaited(struct worker *worker)
{
    struct kernel *kernel = awaited_at(worker, worker->served);

    if (!kernel)
        return NOTHING_LEFT;
    if (!at_rest(worker, LAUNCH_AFTER))
        return MUST_WAIT;
    worker->served++;
    if (table_ensure(worker->context, kernel) != CVY_OK)
        context_log(worker->context, CVY_LOG_WARNING, "kernel dropped: %s", cvy_error_text());
    end_before_driver(&worker->seen[1]);
    return DID_SOMETHING;
}

static struct program *next_to_store(struct kernel_table *table)
{
    struct program *program;

    pthread_mutex_lock(&table->lock);
    program = table->programs;
    while (program && (program->stored || program->tried || !program_is_over(program)))
        program = program->next;
    pthread_mutex_unlock(&table->lock);
    return program;
}

static enum outcome store_next(struct worker *worker)
{
    cvy_context *context = worker->context;
    struct program *program = NULL;
    bool stored;

    if (!(context->device.quirks & QUIRK_CACHES_CODE))
        program = next_to_store(context->kernels);
    if (!program)
        return NOTHING_LEFT;
    if (!at_rest(worker, STORE_AFTER))
        return MUST_WAIT;
    program->tried = true;
    program_store(context, program, &stored);
    end_before_driver(&worker->seen[2]);
    return DID_SOMETHING;
}

static enum outcome do_next(struct worker *worker)
{
    static enum outcome (*const work_of_compiling[])(struct worker *) = {
        build_next, build_awaited, launch_awaited, launch_next };
    enum outcome outcome = NOTHING_LEFT;

    if (calm_seconds(worker) < BUILD_AFTER)
        return MUST_WAIT;
    for (size_t i = 0; i < COUNT_OF(work_of_compiling) && outcome == NOTHING_LEFT; i++)
        if (worker->compiles)
            outcome = work_of_compiling[i](worker);
    return outcome == NOTHING_LEFT ? store_next(worker) : outcome;
}

// The thread --------------------------------------------------------------------------------------

// The context was destroyed in a callback of this thread.
static void close_context(struct worker *worker)
{
    bool joined;

    context_close(worker->context);
    pthread_mutex_lock(&running_lock);
    unlist(worker);
    joined = worker->joined;
    pthread_cond_broadcast(&running_over);
    pthread_mutex_unlock(&running_lock);
    if (!joined)
        worker_free(worker);
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    enum outcome outcome;

    pthread_mutex_lock(&running_lock);      // until all is there that worker_start writes
    pthread_mutex_unlock(&running_lock);
    while (!must_stop(worker)) {
        outcome = do_next(worker);
        if (outcome != DID_SOMETHING)
            pause_for(worker, outcome == MUST_WAIT ? LOOK_EVERY : -1);
    }
    worker->compiles = false;       // for plans that would count on it
    if (worker->closes)             // set by this thread alone
        close_context(worker);
    return NULL;
}

static cvy_status open_wake(pthread_cond_t *wake)
{
    pthread_condattr_t attributes;
    bool good;

    if (pthread_condattr_init(&attributes))
        return fail(CVY_ERR_NOMEM_HOST, "no condition variable");
    good = !pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        && !pthread_cond_init(wake, &attributes);
    pthread_condattr_destroy(&attributes);
    return good ? CVY_OK : fail(CVY_ERR_NOMEM_HOST, "no condition variable");
}

static cvy_status worker_new(cvy_context *context, bool compiles, struct worker **out)
{
    struct worker *worker = NULL;
    cvy_status st = zalloc(sizeof *worker, &worker);

    *out = NULL;
    if (st != CVY_OK)
        return st;
    if (pthread_mutex_init(&worker->lock, NULL)) {
        free(worker);
        return fail(CVY_ERR_NOMEM_HOST, "no mutex");
    }
    st = open_wake(&worker->wake);
    if (st != CVY_OK) {
        pthread_mutex_destroy(&worker->lock);
        free(worker);
        return st;
    }
    worker->context = context;
    worker->compiles = compiles;
    worker->start = worker->calm = worker->quiet = clock_seconds();
    *out = worker;
    return CVY_OK;
}

// The application's signals are for its own threads, except for what a thread does to itself.
static bool start_thread(struct worker *worker)
{
    static const int own[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS };
    sigset_t blocked, before;
    bool started;

    sigfillset(&blocked);
    for (size_t i = 0; i < COUNT_OF(own); i++)
        sigdelset(&blocked, own[i]);
    if (pthread_sigmask(SIG_BLOCK, &blocked, &before))
        return false;
    started = pthread_create(&worker->thread, NULL, work, worker) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

cvy_status worker_start(cvy_context *context, bool compiles)
{
    struct worker *worker;
    cvy_status st = worker_new(context, compiles, &worker);

    if (st != CVY_OK)
        return st;
    end_before_all();
    pthread_mutex_lock(&running_lock);
    atomic_store(&home, getpid());
    if (!end_at_exit() || !start_thread(worker)) {
        st = fail(CVY_ERR_NOMEM_HOST, "no thread");
    } else {
        worker->next = running;
        running = context->worker = worker;
    }
    pthread_mutex_unlock(&running_lock);
    if (st != CVY_OK)
        worker_free(worker);
    return st;
}

bool worker_compiles(const struct worker *worker)
{
    return worker->compiles;
}

void worker_wake(cvy_context *context)
{
    struct worker *worker = context->worker;

    if (!worker)
        return;
    pthread_mutex_lock(&worker->lock);
    worker->woken = true;
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->lock);
}

// In a callback of the worker's own, which destroys the context: it is the last one.
static void stop_self(struct worker *worker)
{
    if (!worker->joined)
        pthread_detach(worker->thread);
    worker->closes = true;
    worker->context->log = NULL;
    worker->context->progress = NULL;
    tell_to_stop(worker);
}

bool worker_stop(cvy_context *context)
{
    struct worker *worker = context->worker;
    bool self;

    if (!worker || !context_is_here(context))
        return true;
    self = pthread_equal(worker->thread, pthread_self());
    pthread_mutex_lock(&running_lock);
    if (self) {
        stop_self(worker);
    } else {
        join(worker);
        unlist(worker);
    }
    pthread_mutex_unlock(&running_lock);
    if (!self) {
        worker_free(worker);
        context->worker = NULL;
    }
    return !self;
}
