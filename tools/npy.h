// NumPy's .npy files, read and written: one dense array in C order, little-endian.
#ifndef CONVOY_TOOLS_NPY_H
#define CONVOY_TOOLS_NPY_H

#include <convoy/core.h>

// Room for what is wrong with a file, without the file's name.
enum { NPY_ERROR = 200 };

// desc is PLAIN with strides 0; rank 0 is a scalar, and a size may be 0. data holds `bytes` bytes,
// dense, axes in the order of sizes; npy_free frees it.
struct npy {
    cvy_desc desc;
    size_t bytes;
    void *data;
};

// Versions 1 to 3 with f4, f8, f2, i1, u1, i4, i8 and b1. Nothing in the file is trusted. Bytes of
// b1 come as 0 or 1. Fills error and leaves *out empty on failure.
bool npy_load(const char *path, struct npy *out, char error[NPY_ERROR]);
bool npy_load_memory(const void *file, size_t bytes, struct npy *out, char error[NPY_ERROR]);
void npy_free(struct npy *npy);

// data is dense, axes in the order of desc's sizes.
bool npy_save(const char *path, const cvy_desc *desc, const void *data, char error[NPY_ERROR]);

#endif
