// A program that leaves while Convoy compiles behind its back: leave HOW MILLISECONDS. Its exit
// status is 0 if it came to its end, and 77 without a device. test_leaving.c says how.
#include <convoy/convoy.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static cvy_context *context;
static _Atomic bool opened;         // `context` is there
static _Atomic size_t ready;        // kernels
static bool exits_inside, destroys_inside;

static bool progress(void *user, size_t done, size_t total, const char *name, double seconds)
{
    (void)user, (void)total, (void)name, (void)seconds;
    ready = done;
    if (exits_inside && done == 2)
        exit(0);
    if (destroys_inside && done == 2 && opened)
        cvy_context_destroy(&context);
    return true;
}

static void *leave(void *unused)
{
    (void)unused;
    exit(0);
}

static void destroy(void)
{
    cvy_context_destroy(&context);
}

// In a forked child, what the parent's threads hold looks as if it had leaked.
static bool is_child;
__attribute__((visibility("default"))) int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return is_child;
}

// The child must not use the context, and can destroy it and leave.
static int leave_forked(void)
{
    cvy_device_info info;
    pid_t child = fork();
    int status;

    if (!child) {
        is_child = true;
        alarm(20);
        if (cvy_context_device_info(context, &info) != CVY_ERR_FORKED)
            _exit(1);
        cvy_context_destroy(&context);
        exit(0);
    }
    if (waitpid(child, &status, 0) != child || status) {
        fprintf(stderr, "child: status %x\n", (unsigned)status);
        return 1;
    }
    return 0;
}

static cvy_status open_context(const char *how)
{
    const cvy_context_params params = { .device = getenv("CONVOY_DEVICE"), .progress = progress,
                                        .compile = CVY_COMPILE_BACKGROUND,
                                        .cache.folder = getenv("LEAVE_FOLDER") };
    cvy_status st;

    exits_inside = strcmp(how, "callback") == 0;
    destroys_inside = strcmp(how, "destroyed") == 0;
    if (strcmp(how, "late") == 0)
        atexit(destroy);
    st = cvy_context_create(&params, &context);
    opened = st == CVY_OK;
    return st;
}

int main(int count, char **args)
{
    const char *how = count > 1 ? args[1] : "";
    bool later = strcmp(how, "later") == 0;
    pthread_t thread;
    cvy_status st;

    alarm(100);
    st = open_context(how);
    if (st != CVY_OK)
        return st == CVY_ERR_NO_DEVICE ? 77 : 2;
    usleep(1000 * (unsigned)atoi(count > 2 ? args[2] : "0"));
    while (later && ready < 3)
        usleep(1000);
    if (strcmp(how, "exit") == 0)
        exit(0);
    if ((later || strcmp(how, "thread") == 0) && pthread_create(&thread, NULL, leave, NULL) == 0)
        pthread_join(thread, NULL);
    return strcmp(how, "fork") == 0 ? leave_forked() : 0;
}
