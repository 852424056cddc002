// The machine as a bug report has it: plain text, read from /proc and from what Convoy says.
#include "report.h"
#include "convoy.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

extern char **environ;

// Texts without names -----------------------------------------------------------------------------

// Bytes of a path's begin that name the user, and what stands for them.
static size_t private_part(const char *at, const char **instead)
{
    static const char homes[] = "/home/";
    const char *home = getenv("HOME"), *user = getenv("USER");
    size_t length = home != NULL ? strlen(home) : 0;

    if (length > 1 && strncmp(at, home, length) == 0 && strchr("/:;,'\" ", at[length]) != NULL) {
        *instead = "~";
        return length;
    }
    if (strncmp(at, homes, sizeof homes - 1) == 0) {
        *instead = "/home/?";
        return sizeof homes - 1 + strcspn(at + sizeof homes - 1, "/:;,'\" ");
    }
    length = user != NULL ? strlen(user) : 0;
    if (length > 0 && at[0] == '/' && strncmp(at + 1, user, length) == 0 &&
        strchr("/:;,'\" ", at[1 + length]) != NULL) {
        *instead = "/?";
        return 1 + length;
    }
    return 0;
}

void report_text(FILE *stream, const char *text)
{
    while (*text != '\0') {
        const char *instead;
        size_t length = private_part(text, &instead);

        if (length > 0) {
            fputs(instead, stream);
            text += length;
        } else {
            fputc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, stream);
            text++;
        }
    }
}

static void print_line(FILE *stream, const char *key, const char *text)
{
    fprintf(stream, "%-11s ", key);
    report_text(stream, text);
    fputc('\n', stream);
}

// Lines of files ----------------------------------------------------------------------------------

// The first line of a file that has `word` in it, from `after` on, without quotes and line end.
static bool find_line(const char *file, const char *word, char after, char *out, size_t size)
{
    FILE *stream = fopen(file, "r");
    char line[1024];
    bool found = false;

    while (!found && stream != NULL && fgets(line, sizeof line, stream) != NULL) {
        const char *value = strstr(line, word) != NULL ? strchr(line, after) : NULL;

        if (value != NULL) {
            value += after == '/' ? 0 : 1;
            value += strspn(value, " \t\"");
            snprintf(out, size, "%.*s", (int)strcspn(value, "\"\n"), value);
            found = true;
        }
    }
    if (stream != NULL) {
        fclose(stream);
    }
    return found;
}

static void print_system(FILE *stream)
{
    struct utsname system;
    char text[512];

    if (find_line("/etc/os-release", "PRETTY_NAME", '=', text, sizeof text)) {
        print_line(stream, "system", text);
    }
    // Not the node's name, which says whose machine it is.
    if (uname(&system) == 0) {
        snprintf(text, sizeof text, "%s %s %s", system.sysname, system.release, system.machine);
        print_line(stream, "kernel", text);
    }
    if (find_line("/proc/cpuinfo", "model name", ':', text, sizeof text)) {
        print_line(stream, "processor", text);
    }
    snprintf(text, sizeof text, "%ld in use, %ld MiB of memory", sysconf(_SC_NPROCESSORS_ONLN),
             (sysconf(_SC_PHYS_PAGES) >> 10) * (sysconf(_SC_PAGESIZE) >> 10));
    print_line(stream, "processors", text);
}

// Environment -------------------------------------------------------------------------------------

// What changes drivers, loaders and Convoy.
static bool matters(const char *entry)
{
    static const char *const begins[] = {
        "CONVOY_", "OCL_ICD_", "OPENCL_", "OPENCV_OPENCL_", "POCL_", "RUSTICL_", "LIBGL_", "MESA_",
        "GALLIUM_", "CUDA_", "ROCR_", "HIP_", "GPU_", "NEOReadDebugKeys=", "OCLGRIND_", "CL_",
        "LD_LIBRARY_PATH=", "LD_PRELOAD=", "OMP_NUM_THREADS="
    };

    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
        if (strncmp(entry, begins[i], strlen(begins[i])) == 0) {
            return true;
        }
    }
    return false;
}

static void print_environment(FILE *stream)
{
    bool any = false;

    for (char **entry = environ; *entry != NULL; entry++) {
        if (matters(*entry)) {
            print_line(stream, any ? "" : "environment", *entry);
            any = true;
        }
    }
    if (!any) {
        print_line(stream, "environment", "nothing that matters");
    }
}

// Devices -----------------------------------------------------------------------------------------

static void print_device(FILE *stream, const cvy_device_info *d)
{
    char *text = NULL;
    size_t size;
    FILE *memory = open_memstream(&text, &size);

    if (memory == NULL) {
        return;
    }
    tool_device_print(memory, d);
    fclose(memory);
    for (char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        bool more = line[length] == '\n';

        line[length] = '\0';
        report_text(stream, line);
        fputc('\n', stream);
        line += length + more;
    }
    free(text);
}

static void print_devices(FILE *stream)
{
    size_t count = 0, got = 0;
    cvy_status st = cvy_device_list(NULL, 0, &count);
    cvy_device_info *list = st == CVY_OK ? calloc(count + 1, sizeof *list) : NULL;
    char loader[512];

    if (list != NULL) {
        st = cvy_device_list(list, count, &got);
    }
    // Listing has opened it.
    if (find_line("/proc/self/maps", "libOpenCL", '/', loader, sizeof loader)) {
        print_line(stream, "loader", loader);
    } else {
        print_line(stream, "loader", "no libOpenCL is open");
    }
    fputc('\n', stream);
    if (st != CVY_OK) {
        print_line(stream, cvy_status_name(st), cvy_error_text());
    }
    for (size_t i = 0; list != NULL && i < count && i < got; i++) {
        print_device(stream, &list[i]);
    }
    free(list);
}

void report_machine(FILE *stream)
{
    print_line(stream, "convoy", cvy_version());
#ifdef __clang__
    print_line(stream, "compiler", __VERSION__);
#else
    print_line(stream, "compiler", "GCC " __VERSION__);
#endif
    print_line(stream, "build", CONVOY_BUILD);
    print_system(stream);
    print_environment(stream);
    print_devices(stream);
}
