// Every model and tensor of Debian's libonnx-testdata, which is ONNX's own, through the loader and
// the operators that Convoy has. What comes out of them is another test's.
#include "onnx_fixture.h"

#include <convoy/onnx.h>

#include <ftw.h>
#include <sys/mman.h>
#include <unistd.h>

#define DATA "/usr/share/libonnx-testdata/data"

static struct {
    int models, loaded, tensors, contents, ports, odd, damaged;
} seen;

TestSuite(files, .timeout = 120);

// An input of the model and the tensor that the test feeds to it.
static void compare_port(const char *folder, size_t i, const struct stub_port *port)
{
    char path[640];
    cvy_onnx_tensor tensor;

    // CastLike's second input serves by its dtype; in the data its shape is not the model's.
    if (strcmp(port->name, "like") == 0)
        return;
    snprintf(path, sizeof path, "%s/test_data_set_0/input_%zu.pb", folder, i);
    if (access(path, F_OK) || cvy_onnx_tensor_load(path, &tensor) != CVY_OK)
        return;
    if (port->desc.dtype != tensor.desc.dtype
        || (port->desc.rank != CVY_ANY_RANK && port->desc.rank != tensor.desc.rank)) {
        seen.odd++;
    } else {
        for (int axis = 0; axis < port->desc.rank; axis++)
            cr_expect(port->desc.size[axis] == CVY_ANY_SIZE
                      || port->desc.size[axis] == tensor.desc.size[axis], "%s: axis %d", path,
                      axis);
    }
    seen.ports++;
    cvy_onnx_tensor_free(&tensor);
}

// Looking says what loading does.
static void inspect(const char *label, const char *path, cvy_status loads)
{
    cvy_onnx_info *info;
    cvy_status st = cvy_onnx_inspect(path, NULL, &info, NULL);
    size_t nodes = 0, unsupported = 0;

    if (st != CVY_OK) {
        cr_expect_eq(st, loads, "%s: %s", label, cvy_status_name(st));
        return;
    }
    for (size_t i = 0; i < info->operator_count; i++) {
        nodes += info->operators[i].nodes;
        unsupported += info->operators[i].unsupported;
    }
    if (info->load_status != loads || nodes != info->nodes || (unsupported && loads == CVY_OK)
        || (loads == CVY_OK) != !*info->load_text
        || (loads == CVY_ERR_MODEL_OP && !info->gap_count))
        cr_expect(false, "%s: %s: %s", label, cvy_status_name(info->load_status), info->load_text);
    cvy_onnx_info_destroy(&info);
}

static void try_model(const char *path)
{
    char folder[512];
    cvy_graph *graph;
    cvy_status st = cvy_onnx_load(path, NULL, &graph);

    inspect(path, path, st);

    seen.models++;
    cr_expect(st == CVY_OK || st == CVY_ERR_MODEL_OP || st == CVY_ERR_MODEL_LIMIT, "%s: %s: %s",
              path, cvy_status_name(st), cvy_error_text());
    if (st != CVY_OK)
        return;
    seen.loaded++;
    cr_expect_gt(graph->output_count, 0, "%s", path);
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
    for (size_t i = 0; i < graph->input_count; i++)
        compare_port(folder, i, &graph->inputs[i]);
    cvy_graph_destroy(&graph);
}

// Some of them are sequences, which are no tensors.
static void try_tensor(const char *path)
{
    cvy_onnx_tensor tensor;
    cvy_status st = cvy_onnx_tensor_load(path, &tensor);

    seen.tensors++;
    cr_expect(is_documented(st), "%s: %s", path, cvy_status_name(st));
    seen.contents += st == CVY_OK;
    cvy_onnx_tensor_free(&tensor);
}

static void inspect_damaged(const char *label, const void *data, size_t count)
{
    int fd = memfd_create("model", 0);
    char path[64];
    cvy_graph *graph;
    cvy_status st;

    cr_assert_eq(write(fd, data, count), (ssize_t)count);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    st = cvy_onnx_load(path, NULL, &graph);
    cvy_graph_destroy(&graph);
    inspect(label, path, st);
    close(fd);
}

// K4 with the checks of Convoy's own operators: a few bytes changed, the same ones in every run.
static void damage_model(const char *path, off_t size)
{
    static uint64_t state = 20;
    unsigned char data[4096];
    FILE *file = fopen(path, "rb");
    size_t count = size <= (off_t)sizeof data && file ? fread(data, 1, sizeof data, file) : 0;

    if (file)
        fclose(file);
    for (size_t round = 0; round < 20 && count; round++) {
        unsigned char copy[sizeof data];

        memcpy(copy, data, count);
        for (size_t change = 0; change <= round % 3; change++) {
            state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
            copy[(state >> 33) % count] = (unsigned char)(state >> 24);
        }
        survives(path, round, copy, count);
        inspect_damaged(path, copy, count);
        seen.damaged++;
    }
}

static int visit(const char *path, const struct stat *info, int type, struct FTW *where)
{
    const char *end = strrchr(path, '.');

    (void)where;
    if (type == FTW_F && end && strcmp(end, ".onnx") == 0) {
        try_model(path);
        damage_model(path, info->st_size);
    }
    if (type == FTW_F && end && strcmp(end, ".pb") == 0)
        try_tensor(path);
    return 0;
}

Test(files, all_of_the_test_data_loads_or_says_what_is_missing)
{
    if (access(DATA, R_OK))
        cr_skip_test("no " DATA);
    cr_assert_eq(nftw(DATA, visit, 16, FTW_PHYS), 0);
    cr_expect_gt(seen.models, 1000, "%d models", seen.models);
    // 613 with the operators of today.
    cr_expect_gt(seen.loaded, 600, "%d loaded", seen.loaded);
    cr_expect_gt(seen.ports, seen.loaded / 2, "%d inputs", seen.ports);
    // Two tests of CastLike come with a tensor of another rank.
    cr_expect_leq(seen.odd, 2, "%d tensors that their models do not ask for", seen.odd);
    cr_expect_gt(seen.damaged, 15000, "%d damaged models", seen.damaged);
    // Of 3,205 some are text, sequences or of a dtype that Convoy has not.
    cr_expect_gt(seen.contents, 2800, "%d of %d tensors", seen.contents, seen.tensors);
}
