// Tensors in files beside a model (K13) and files that change while they are read (K16), with the
// system's own check of paths and without. System calls are wrapped by the linker.
#include "onnx_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

// System calls ------------------------------------------------------------------------------------

static bool no_openat2;             // as on kernels that do not have it
static int openat2_calls;
static void (*before_read)(void);   // at the first pread
static bool short_reads;            // three bytes at a time, every other call is interrupted

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
ssize_t __real_pread64(int fd, void *data, size_t count, off_t offset);
ssize_t __wrap_pread64(int fd, void *data, size_t count, off_t offset);

long __wrap_syscall(long number, ...)
{
    long args[6];
    va_list list;

    va_start(list, number);
    for (int i = 0; i < 6; i++)
        args[i] = va_arg(list, long);
    va_end(list);
    openat2_calls += number == SYS_openat2;
    if (number == SYS_openat2 && no_openat2) {
        errno = ENOSYS;
        return -1;
    }
    return __real_syscall(number, args[0], args[1], args[2], args[3], args[4], args[5]);
}

ssize_t __wrap_pread64(int fd, void *data, size_t count, off_t offset)
{
    static int calls;
    void (*hook)(void) = before_read;

    before_read = NULL;
    if (hook)
        hook();
    if (short_reads && ++calls % 2) {
        errno = EINTR;
        return -1;
    }
    return __real_pread64(fd, data, short_reads && count > 3 ? 3 : count, offset);
}

// A folder with files -----------------------------------------------------------------------------

static char folder[] = "/tmp/convoy_onnx_XXXXXX";

static void write_file(const char *name, const void *data, size_t count)
{
    FILE *file = fopen(name, "wb");

    cr_assert(file, "%s: %s", name, strerror(errno));
    cr_assert_eq(fwrite(data, 1, count, file), count);
    fclose(file);
}

// The tests work inside the folder; secrets lie beside it.
static void make_folder(void)
{
    struct sockaddr_un address = { AF_UNIX, "model/socket" };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    cr_assert(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    cr_assert_eq(mkdir("model", 0700), 0);
    cr_assert_eq(mkdir("model/deep", 0700), 0);
    write_file("secret", "SECRETSECRET", 12);
    write_file("model/weights", "abcdefghijkl", 12);
    write_file("model/deep/weights", "mnopqrstuvwx", 12);
    write_file("model/linked", "abcdefghijkl", 12);
    cr_assert_eq(link("model/linked", "model/other"), 0);
    cr_assert_eq(link("secret", "model/hard"), 0);
    cr_assert_eq(symlink("../secret", "model/soft"), 0);
    cr_assert_eq(symlink("weights", "model/soft_inside"), 0);
    cr_assert_eq(symlink("..", "model/up"), 0);
    cr_assert_eq(symlink("deep", "model/folder_link"), 0);
    cr_assert_eq(symlink("loop", "model/loop"), 0);
    cr_assert_eq(symlink("/proc/self", "model/proc"), 0);
    cr_assert_eq(mkfifo("model/pipe", 0600), 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
}

static void remove_folder(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_expect_eq(system(command), 0);
}

TestSuite(external, .init = make_folder, .fini = remove_folder, .timeout = 60);

// Models ------------------------------------------------------------------------------------------

static void add_entry(struct bytes *tensor, const char *key, const char *value)
{
    struct bytes entry = { 0 };

    put_text(&entry, 1, key);
    put_text(&entry, 2, value);
    put(tensor, TENSOR_EXTERNAL, entry);
}

// t, two floats from a file. NULL: an entry that is left out.
static struct bytes external_model(const char *location, const char *offset, const char *length)
{
    const int64_t two = 2;
    struct bytes graph = graph_open("x", "y"), t = tensor_head("t", ONNX_F32, 1, &two);

    if (location)
        add_entry(&t, "location", location);
    if (offset)
        add_entry(&t, "offset", offset);
    if (length)
        add_entry(&t, "length", length);
    put_int(&t, TENSOR_LOCATION, 1);
    put(&graph, GRAPH_INITIALIZER, t);
    graph_node(&graph, "Sum", "x t", "y");
    return model_of(graph, 13);
}

static const cvy_onnx_options allowed = { .external_data = true };

static cvy_status load_file(const char *path, struct bytes model, const char *contents)
{
    cvy_graph *graph;
    cvy_status st;

    write_file(path, model.data, model.count);
    bytes_free(&model);
    st = cvy_onnx_load(path, &allowed, &graph);
    if (st == CVY_OK && contents)
        cr_expect_eq(memcmp(graph->constants[0].data, contents, 8), 0, "%s: %.8s", contents,
                     (const char *)graph->constants[0].data);
    cvy_graph_destroy(&graph);
    cr_expect_eq(stub_graphs, 0);
    return st;
}

struct row {
    const char *label, *location, *offset, *length;
    cvy_status status;
    const char *word;           // of the error, or the contents
};

static void expect_row(const struct row *row)
{
    cvy_status st = load_file("model/model.onnx",
                              external_model(row->location, row->offset, row->length),
                              row->status ? NULL : row->word);

    cr_expect_eq(st, row->status, "%s: %s, not %s: %s", row->label, cvy_status_name(st),
                 cvy_status_name(row->status), st ? cvy_error_text() : "");
    if (st == row->status && st != CVY_OK)
        cr_expect(strstr(cvy_error_text(), row->word), "%s: \"%s\" has no \"%s\"", row->label,
                  cvy_error_text(), row->word);
}

static const struct row rows[] = {
    { "all given", "weights", "0", "8", CVY_OK, "abcdefgh" },
    { "the end", "weights", "4", "8", CVY_OK, "efghijkl" },
    { "location alone", "weights", NULL, NULL, CVY_OK, "abcdefgh" },
    { "offset alone", "weights", "3", NULL, CVY_OK, "defghijk" },
    { "a folder", "deep/weights", "0", "8", CVY_OK, "mnopqrst" },
    { "a dot", "./weights", "0", "8", CVY_OK, "abcdefgh" },
    { "zeros in front", "weights", "0000000000000000000000004", "08", CVY_OK, "efghijkl" },

    { "absolute", "/etc/passwd", "0", "8", CVY_ERR_MODEL, "not a file in the model's folder" },
    { "two slashes", "//etc/passwd", "0", "8", CVY_ERR_MODEL, "folder" },
    { "up", "../secret", "0", "8", CVY_ERR_MODEL, "folder" },
    { "up and down", "../model/weights", "0", "8", CVY_ERR_MODEL, "folder" },
    { "down and up", "deep/../weights", "0", "8", CVY_ERR_MODEL, "folder" },
    { "down and up twice", "deep/../../secret", "0", "8", CVY_ERR_MODEL, "folder" },
    { "up at the end", "deep/..", "0", "8", CVY_ERR_MODEL, "folder" },
    { "only up", "..", "0", "8", CVY_ERR_MODEL, "folder" },
    { "empty", "", "0", "8", CVY_ERR_MODEL, "folder" },
    { "no location", NULL, "0", "8", CVY_ERR_MODEL, "folder" },
    { "a slash at the end", "deep/", "0", "8", CVY_ERR_MODEL, "folder" },
    { "a slash too many", "deep//weights", "0", "8", CVY_ERR_MODEL, "folder" },
    { "a slash", "/", "0", "8", CVY_ERR_MODEL, "folder" },

    { "a link out", "soft", "0", "8", CVY_ERR_MODEL, "through a link" },
    { "a link inside", "soft_inside", "0", "8", CVY_ERR_MODEL, "through a link" },
    { "a link to a folder", "folder_link/weights", "0", "8", CVY_ERR_MODEL, "through a link" },
    { "a link up", "up/secret", "0", "8", CVY_ERR_MODEL, "through a link" },
    { "a link to itself", "loop", "0", "8", CVY_ERR_MODEL, "through a link" },
    { "a link to /proc", "proc/environ", "0", "8", CVY_ERR_MODEL, "through a link" },
    { "/proc", "/proc/self/environ", "0", "8", CVY_ERR_MODEL, "folder" },
    { "a device", "/dev/zero", "0", "8", CVY_ERR_MODEL, "folder" },
    { "a hard link out", "hard", "0", "8", CVY_ERR_MODEL, "another name" },
    { "a hard link inside", "other", "0", "8", CVY_ERR_MODEL, "another name" },
    { "a pipe", "pipe", "0", "8", CVY_ERR_MODEL, "no regular file" },
    { "a folder itself", "deep", "0", "8", CVY_ERR_MODEL, "no regular file" },
    { "the model's folder", ".", "0", "8", CVY_ERR_MODEL, "no regular file" },
    { "a file as a folder", "weights/weights", "0", "8", CVY_ERR_MODEL, "" },
    { "nothing there", "nothing", "0", "8", CVY_ERR_IO, "nothing" },
    { "nothing in a folder", "deep/nothing", "0", "8", CVY_ERR_IO, "nothing" },
    { "no such folder", "nothing/weights", "0", "8", CVY_ERR_IO, "nothing" },
    { "a socket", "socket", "0", "8", CVY_ERR_IO, "socket" },
    { "ANSI in a location", "\x1b[2J", "0", "8", CVY_ERR_IO, "\\x1b[2J" },

    { "offset below 0", "weights", "-1", "8", CVY_ERR_MODEL, "no number" },
    { "offset with a sign", "weights", "+1", "8", CVY_ERR_MODEL, "no number" },
    { "offset with a space", "weights", " 1", "8", CVY_ERR_MODEL, "no number" },
    { "offset of words", "weights", "four", "8", CVY_ERR_MODEL, "no number" },
    { "offset in hexadecimal", "weights", "0x4", "8", CVY_ERR_MODEL, "no number" },
    { "offset without digits", "weights", "", "8", CVY_ERR_MODEL, "no number" },
    { "offset 2^63", "weights", "9223372036854775808", "8", CVY_ERR_MODEL, "no number" },
    { "offset 2^64", "weights", "18446744073709551616", "8", CVY_ERR_MODEL, "no number" },
    { "offset 2^63 - 1", "weights", "9223372036854775807", "8", CVY_ERR_MODEL, "has 12" },
    { "offset too far", "weights", "5", "8", CVY_ERR_MODEL, "the file has 12" },
    { "offset at the end", "weights", "12", NULL, CVY_ERR_MODEL, "the file has 12" },
    { "offset past the end", "weights", "13", NULL, CVY_ERR_MODEL, "the file has 12" },
    { "length below 0", "weights", "0", "-8", CVY_ERR_MODEL, "no number" },
    { "length of words", "weights", "0", "all", CVY_ERR_MODEL, "no number" },
    { "length too small", "weights", "0", "7", CVY_ERR_MODEL, "length 7" },
    { "length too large", "weights", "0", "9", CVY_ERR_MODEL, "length 9" },
    { "length 2^63 - 1", "weights", "0", "9223372036854775807", CVY_ERR_MODEL, "length" },
    { "length 2^63", "weights", "0", "9223372036854775808", CVY_ERR_MODEL, "no number" },
};

Test(external, a_file_is_read_only_if_it_is_in_the_folder)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        expect_row(&rows[i]);
    cr_expect_gt(openat2_calls, 0);
}

Test(external, the_same_holds_without_openat2)
{
    no_openat2 = true;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        expect_row(&rows[i]);
}

// A part of a path that is longer than names can be.
Test(external, long_locations_are_refused)
{
    char location[5001];

    for (int round = 0; round < 4; round++) {
        no_openat2 = round & 1;
        memset(location, 'a', sizeof location - 1);
        location[sizeof location - 1] = '\0';
        if (round & 2)
            location[300] = '/';
        cr_expect_eq(load_file("model/model.onnx", external_model(location, NULL, NULL), NULL),
                     CVY_ERR_IO, "%s", cvy_error_text());
    }
}

Test(external, entries_are_given_once)
{
    static const char *const keys[] = { "location", "offset", "length", "checksum" };

    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        const int64_t two = 2;
        struct bytes graph = graph_open("x", "y"), t = tensor_head("t", ONNX_F32, 1, &two);
        cvy_status st;

        add_entry(&t, "location", "weights");
        add_entry(&t, "offset", "0");
        add_entry(&t, "length", "8");
        add_entry(&t, "checksum", "0");
        add_entry(&t, keys[i], i == 0 ? "deep/weights" : "8");
        put_int(&t, TENSOR_LOCATION, 1);
        put(&graph, GRAPH_INITIALIZER, t);
        graph_node(&graph, "Sum", "x t", "y");
        st = load_file("model/model.onnx", model_of(graph, 13), "abcdefgh");
        cr_expect_eq(st, i < 3 ? CVY_ERR_MODEL : CVY_OK, "%s: %s", keys[i], cvy_status_name(st));
    }
}

Test(external, contents_are_in_the_file_or_in_the_model)
{
    for (int kind = 0; kind < 2; kind++) {
        const int64_t two = 2;
        struct bytes graph = graph_open("x", "y"), t = tensor_head("t", ONNX_F32, 1, &two);

        add_entry(&t, "location", "weights");
        put_int(&t, TENSOR_LOCATION, 1);
        put_data(&t, kind ? TENSOR_RAW : TENSOR_FLOATS, "abcdefgh", 8);
        put(&graph, GRAPH_INITIALIZER, t);
        graph_node(&graph, "Sum", "x t", "y");
        cr_expect_eq(load_file("model/model.onnx", model_of(graph, 13), NULL), CVY_ERR_MODEL);
        cr_expect(strstr(cvy_error_text(), "more than one place"), "%s", cvy_error_text());
    }
}

// Where the model is ------------------------------------------------------------------------------

// A model that is named without a folder is in the current one, and only there.
Test(external, a_model_without_a_folder_is_in_the_current_one)
{
    cr_assert_eq(chdir("model"), 0);
    cr_expect_eq(load_file("model.onnx", external_model("weights", "0", "8"), "abcdefgh"), CVY_OK);
    cr_expect_eq(load_file("./model.onnx", external_model("weights", "0", "8"), "abcdefgh"),
                 CVY_OK);
    for (int i = 0; i < 2; i++) {
        no_openat2 = i;
        cr_expect_eq(load_file("model.onnx", external_model("/etc/passwd", "0", "8"), NULL),
                     CVY_ERR_MODEL);
        cr_expect_eq(load_file("model.onnx", external_model("../secret", "0", "8"), NULL),
                     CVY_ERR_MODEL);
        cr_expect_eq(load_file("model.onnx", external_model("soft", "0", "8"), NULL),
                     CVY_ERR_MODEL);
    }
}

Test(external, a_model_may_have_any_path)
{
    char path[128];

    snprintf(path, sizeof path, "%s/model/../model/model.onnx", folder);
    cr_expect_eq(load_file(path, external_model("weights", "0", "8"), "abcdefgh"), CVY_OK);
    // The caller may come through links; the model may not. A link to a model is in its own folder.
    cr_expect_eq(load_file("model/folder_link/model.onnx", external_model("weights", "0", "8"),
                           "mnopqrst"), CVY_OK);
    cr_assert_eq(symlink("../model.onnx", "model/deep/named"), 0);
    cr_expect_eq(load_file("model/deep/named", external_model("weights", "0", "8"), "mnopqrst"),
                 CVY_OK);
}

Test(external, a_model_that_is_no_regular_file_is_refused)
{
    static const char *const paths[] = { "model", "model/pipe", "model/socket", "nothing",
                                         "model/loop", "/dev/zero", "", "model/weights/x" };
    cvy_graph *graph;

    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        cvy_status st = cvy_onnx_load(paths[i], &allowed, &graph);

        cr_expect_eq(st, CVY_ERR_IO, "%s: %s", paths[i], cvy_status_name(st));
        cr_expect_null(graph);
    }
}

Test(external, it_is_off_unless_the_caller_allows_it)
{
    struct bytes model = external_model("weights", "0", "8");
    cvy_graph *graph;

    write_file("model/model.onnx", model.data, model.count);
    cr_expect_eq(cvy_onnx_load("model/model.onnx", NULL, &graph), CVY_ERR_MODEL_OP);
    cr_expect(strstr(cvy_error_text(), "external data (options.external_data is off) (1)"), "%s",
              cvy_error_text());
    cr_expect_eq(cvy_onnx_load("model/model.onnx", &(cvy_onnx_options) { 0 }, &graph),
                 CVY_ERR_MODEL_OP);
    // Memory has no folder.
    cr_assert_eq(chdir("model"), 0);
    cr_expect_eq(cvy_onnx_load_memory(model.data, model.count, &allowed, &graph),
                 CVY_ERR_MODEL_OP);
    cr_expect(strstr(cvy_error_text(), "in memory"), "%s", cvy_error_text());
    bytes_free(&model);
}

// K18.
Test(external, external_data_counts_as_tensors)
{
    const cvy_onnx_options small = { .external_data = true, .max_bytes = 4000 };
    const int64_t size = 1024;
    struct bytes graph = graph_open("x", "y"), t = tensor_head("t", ONNX_F32, 1, &size), model;
    cvy_graph *none;

    add_entry(&t, "location", "weights");
    put_int(&t, TENSOR_LOCATION, 1);
    put(&graph, GRAPH_INITIALIZER, t);
    graph_node(&graph, "Sum", "x t", "y");
    model = model_of(graph, 13);
    write_file("model/model.onnx", model.data, model.count);
    bytes_free(&model);
    cr_expect_eq(cvy_onnx_load("model/model.onnx", &small, &none), CVY_ERR_MODEL_LIMIT);
    cr_expect_eq(cvy_onnx_load("model/model.onnx", &allowed, &none), CVY_ERR_MODEL);
}

// Files that change (K16) -------------------------------------------------------------------------

Test(external, reads_may_be_short_or_interrupted)
{
    short_reads = true;
    cr_expect_eq(load_file("model/model.onnx", external_model("weights", "4", "8"), "efghijkl"),
                 CVY_OK);
}

static void shorten_model(void)
{
    cr_expect_eq(truncate("model/model.onnx", 20), 0);
}

static void shorten_weights(void)
{
    cr_expect_eq(truncate("model/weights", 3), 0);
}

// At the second pread, which is that of the weights.
static void shorten_weights_next(void)
{
    before_read = shorten_weights;
}

Test(external, a_file_that_shrinks_is_an_error_of_input)
{
    before_read = shorten_model;
    cr_expect_eq(load_file("model/model.onnx", external_model("weights", "0", "8"), NULL),
                 CVY_ERR_IO);
    cr_expect(strstr(cvy_error_text(), "model.onnx"), "%s", cvy_error_text());
    before_read = shorten_weights_next;
    cr_expect_eq(load_file("model/model.onnx", external_model("weights", "0", "8"), NULL),
                 CVY_ERR_IO);
    cr_expect(strstr(cvy_error_text(), "weights"), "%s", cvy_error_text());
}

static volatile bool stop_writing;

static void *keep_writing(void *unused)
{
    struct bytes plain = model_plain(), odd = model_odd();

    (void)unused;
    for (size_t i = 0; !stop_writing; i++) {
        const struct bytes *model = i & 1 ? &plain : &odd;
        int fd = open("model/model.onnx", O_WRONLY | O_CREAT | O_TRUNC, 0600);

        for (size_t at = 0; at < model->count; at += 64) {
            size_t rest = model->count - at;
            if (write(fd, model->data + at, rest < 64 ? rest : 64) < 0)
                break;
        }
        close(fd);
    }
    bytes_free(&plain);
    bytes_free(&odd);
    return NULL;
}

Test(external, a_file_that_is_being_written_is_refused_or_loaded)
{
    pthread_t writer;
    cvy_graph *graph;

    write_file("model/model.onnx", "", 0);
    cr_assert_eq(pthread_create(&writer, NULL, keep_writing, NULL), 0);
    for (int i = 0; i < 2000; i++) {
        cvy_status st = cvy_onnx_load("model/model.onnx", &allowed, &graph);

        cr_expect(is_documented(st) || st == CVY_ERR_IO, "%s", cvy_status_name(st));
        cvy_graph_destroy(&graph);
    }
    stop_writing = true;
    pthread_join(writer, NULL);
}
