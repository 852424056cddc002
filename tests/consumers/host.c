// Loads a plug-in that links libconvoy, calls it and unloads it, 100 times over, and sees to it
// that the process does not grow: host PLUGIN.so LIBCONVOY. LIBCONVOY is the SONAME: that library
// must be gone each time. What the driver keeps, it has after the first times.
#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

enum { TIMES = 100, WARM = 20, MOST_GROWTH = 4 << 20 };

struct size { long files, threads, bytes; };

static long entries(const char *folder)
{
    DIR *dir = opendir(folder);
    long count = 0;

    while (dir != NULL && readdir(dir) != NULL)
        count++;
    if (dir != NULL)
        closedir(dir);
    return count;
}

static struct size measure(void)
{
    struct size size = { entries("/proc/self/fd"), entries("/proc/self/task"), 0 };
    FILE *file = fopen("/proc/self/statm", "r");

    if (file == NULL || fscanf(file, "%*d %ld", &size.bytes) != 1)
        size.bytes = 0;
    size.bytes *= sysconf(_SC_PAGESIZE);
    if (file != NULL)
        fclose(file);
    return size;
}

static int use_once(const char *path, const char *library)
{
    void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const char *(*run)(void) = NULL;

    if (plugin == NULL)
        return fprintf(stderr, "%s\n", dlerror()), 1;
    *(void **)&run = dlsym(plugin, "plugin_run");
    const char *wrong = run != NULL ? run() : "no plugin_run";
    if (wrong != NULL)
        return fprintf(stderr, "%s: %s\n", path, wrong), 1;
    if (dlclose(plugin) != 0 || dlopen(library, RTLD_NOW | RTLD_NOLOAD) != NULL)
        return fprintf(stderr, "%s is still there\n", library), 1;
    return 0;
}

int main(int argc, char **argv)
{
    struct size warm = { 0, 0, 0 }, end;

    if (argc != 3)
        return fprintf(stderr, "usage: host PLUGIN.so LIBCONVOY\n"), 2;
    for (int i = 0; i < TIMES; i++) {
        if (use_once(argv[1], argv[2]) != 0)
            return 1;
        if (i + 1 == WARM)
            warm = measure();
    }
    end = measure();
    printf("loaded %d times; from the %dth: files %+ld, threads %+ld, memory %+ld KiB\n", TIMES,
           WARM, end.files - warm.files, end.threads - warm.threads,
           (end.bytes - warm.bytes) / 1024);
    return end.files > warm.files || end.threads > warm.threads ||
           end.bytes - warm.bytes > MOST_GROWTH;
}
