// A program that leaves while Convoy compiles behind its back: leave HOW MILLISECONDS. Its exit
// status is 0 if it came to its end, and 77 without a device.
#include <convoy/convoy.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static cvy_context *context;
static _Atomic bool opened;         // `context` is there
static bool exits_inside, destroys_inside;

static bool progress(void *user, size_t done, size_t total, const char *name, double seconds)
{
    (void)user, (void)total, (void)name, (void)seconds;
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

// The child must not use the context, and can destroy it and leave.
static int leave_forked(void)
{
    cvy_device_info info;
    pid_t child = fork();
    int status;

    if (!child) {
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

int main(int count, char **args)
{
    const char *how = count > 1 ? args[1] : "";
    const cvy_context_params params = { .device = getenv("CONVOY_DEVICE"), .progress = progress,
                                        .compile = CVY_COMPILE_BACKGROUND,
                                        .cache.folder = getenv("LEAVE_FOLDER") };
    pthread_t thread;
    cvy_status st;

    alarm(60);
    exits_inside = strcmp(how, "callback") == 0;
    destroys_inside = strcmp(how, "destroyed") == 0;
    if (strcmp(how, "late") == 0)
        atexit(destroy);
    st = cvy_context_create(&params, &context);
    if (st != CVY_OK)
        return st == CVY_ERR_NO_DEVICE ? 77 : 2;
    opened = true;
    usleep(1000 * (unsigned)atoi(count > 2 ? args[2] : "0"));
    if (strcmp(how, "exit") == 0)
        exit(0);
    if (strcmp(how, "thread") == 0 && pthread_create(&thread, NULL, leave, NULL) == 0)
        pthread_join(thread, NULL);
    return strcmp(how, "fork") == 0 ? leave_forked() : 0;
}
