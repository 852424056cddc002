// .npy files: what is written comes back, and no damaged file is taken or does harm.
#include "npy.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// A file in memory: version, the head's text, then the values.
struct file {
    unsigned char bytes[1024];
    size_t count;
};

static struct file make(int version, const char *head, const void *values, size_t count)
{
    struct file f = { .bytes = "\x93NUMPY" };
    size_t length = strlen(head), at = 8;

    f.bytes[6] = (unsigned char)version;
    for (int i = 0; i < (version == 1 ? 2 : 4); i++) {
        f.bytes[at++] = (unsigned char)(length >> 8 * i);
    }
    memcpy(f.bytes + at, head, length);
    memcpy(f.bytes + at + length, values, count);
    f.count = at + length + count;
    return f;
}

// Loads from a block of exactly this size, so that a sanitizer sees reads past its end.
static bool load(const unsigned char *bytes, size_t count, struct npy *out, char *error)
{
    unsigned char *exact = malloc(count > 0 ? count : 1);
    bool good;

    memcpy(exact, bytes, count);
    good = npy_load_memory(exact, count, out, error);
    free(exact);
    return good;
}

Test(npy, gives_back_what_it_wrote)
{
    static const struct {
        cvy_dtype dtype;
        int32_t rank;
        int64_t size[CVY_MAX_RANK];
    } rows[] = {
        { CVY_F32, 4, { 2, 3, 1, 4 } }, { CVY_F64, 2, { 3, 5 } }, { CVY_F16, 1, { 7 } },
        { CVY_I8, 3, { 1, 2, 3 } }, { CVY_U8, 1, { 1 } }, { CVY_I32, 2, { 4, 4 } },
        { CVY_I64, 6, { 1, 2, 1, 2, 1, 2 } }, { CVY_BOOL, 1, { 9 } }, { CVY_F32, 0, { 0 } },
        { CVY_F32, 2, { 0, 3 } }
    };
    char path[] = "/tmp/convoy-npy-XXXXXX", error[NPY_ERROR] = "";

    close(mkstemp(path));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cvy_desc desc = { .dtype = rows[i].dtype, .layout = CVY_PLAIN, .rank = rows[i].rank };
        unsigned char values[512];
        struct npy npy;

        memcpy(desc.size, rows[i].size, sizeof desc.size);
        for (size_t k = 0; k < sizeof values; k++) {
            values[k] = (unsigned char)(desc.dtype == CVY_BOOL ? k % 2 : k * 7 + i);
        }
        cr_assert(npy_save(path, &desc, values, error), "row %zu: %s", i, error);
        cr_assert(npy_load(path, &npy, error), "row %zu: %s", i, error);
        cr_assert_eq(npy.desc.dtype, desc.dtype, "row %zu", i);
        cr_assert_eq(npy.desc.rank, desc.rank, "row %zu", i);
        cr_assert_arr_eq(npy.desc.size, desc.size, sizeof desc.size, "row %zu", i);
        cr_assert_arr_eq(npy.data, values, npy.bytes, "row %zu", i);
        npy_free(&npy);
    }
    unlink(path);
}

Test(npy, reads_every_version_and_spelling)
{
    static const char *const heads[] = {
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n",
        "{\"shape\":(2),\"descr\":\"=f4\",\"fortran_order\":False}",
        " { 'fortran_order' : False , 'shape' : ( 1 , 2 , ) , 'descr' : '<f4' }   \n",
    };
    const float values[2] = { 1.5f, -2.0f };
    char error[NPY_ERROR] = "";

    for (int version = 1; version <= 3; version++) {
        for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
            struct file f = make(version, heads[i], values, sizeof values);
            struct npy npy;

            cr_assert(load(f.bytes, f.count, &npy, error), "%s: %s", heads[i], error);
            cr_assert_eq(npy.bytes, sizeof values);
            cr_assert_arr_eq(npy.data, values, sizeof values);
            npy_free(&npy);
        }
    }
}

Test(npy, says_what_it_cannot_read)
{
    static const struct {
        const char *head, *says;
    } rows[] = {
        { "{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }", "ascontiguousarray" },
        { "{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", "big-endian" },
        { "{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", "`<c8`" },
        { "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", "structured" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", "not the 12" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "not the 4" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", "shape" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,2), }", "6 axes" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", "63" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }",
          "addresses" },
        { "{'descr': '<f4', 'fortran_order': False, }", "no shape" },
        { "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", "twice" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}", "`more`" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x", "behind" },
        { "{'descr': '', 'fortran_order': False, 'shape': (2,)}", "descr" },
        { "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2,)}", "fortran_order" },
        { "", "dictionary" }, { "{", "dictionary" }, { "[]", "dictionary" },
    };
    const float values[2] = { 1.0f, 2.0f };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct file f = make(1, rows[i].head, values, sizeof values);
        char error[NPY_ERROR] = "";
        struct npy npy;

        cr_expect_not(load(f.bytes, f.count, &npy, error), "%s", rows[i].head);
        cr_expect_not_null(strstr(error, rows[i].says), "%s: \"%s\" does not say \"%s\"",
                           rows[i].head, error, rows[i].says);
        cr_expect_null(npy.data);
    }
}

Test(npy, refuses_a_file_cut_off_anywhere)
{
    const float values[2] = { 1.0f, 2.0f };
    struct file f = make(2, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", values,
                         sizeof values);
    char error[NPY_ERROR];
    struct npy npy;

    for (size_t count = 0; count < f.count; count++) {
        cr_assert_not(load(f.bytes, count, &npy, error), "%zu of %zu bytes", count, f.count);
    }
    cr_assert(load(f.bytes, f.count, &npy, error));
    npy_free(&npy);
    cr_assert_not(load(f.bytes, f.count + 1, &npy, error), "a byte too many");
}

Test(npy, bears_any_byte_anywhere)
{
    const float values[2] = { 1.0f, 2.0f };
    const struct file good = make(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n",
                                  values, sizeof values);

    for (size_t at = 0; at < good.count; at++) {
        for (int byte = 0; byte < 256; byte++) {
            struct file f = good;
            char error[NPY_ERROR];
            struct npy npy;

            f.bytes[at] = (unsigned char)byte;
            if (load(f.bytes, f.count, &npy, error)) {
                cr_assert_eq(npy.bytes, sizeof values);
                npy_free(&npy);
            }
        }
    }
}

Test(npy, names_what_is_wrong_with_a_path)
{
    char error[NPY_ERROR] = "";
    struct npy npy;

    cr_expect_not(npy_load("/nowhere/a.npy", &npy, error));
    cr_expect_not_null(strstr(error, "cannot be opened"), "%s", error);
    cr_expect_not(npy_load("/tmp", &npy, error));
    cr_expect_not_null(strstr(error, "cannot be read"), "%s", error);
}
