// The kernel files as tools/embed.py puts them into the library, and the text of an instance.
#ifndef CVY_CL_SOURCE_H
#define CVY_CL_SOURCE_H

#include "cl/cl.h"

struct kernel_source {
    const char *name;               // "conv_direct"
    const char *text;
    const char *const *macros;      // what the file defines, to be undefined after it; NULL ends
    const char *signature;          // as kernel_signature
    const char *digest;             // of text, as 32 hexadecimal digits
};

// kernels.c, generated.
extern const struct kernel_source kernel_sources[];
extern const size_t kernel_source_count;
extern const char *const kernel_prelude;
extern const char *const kernel_prelude_digest;     // of prelude and source.c, which binds it

// NULL if there is no such file.
const struct kernel_source *source_find(const char *name);
// What a program starts with, once.
void source_prelude(struct text *out);
// One instance after it. Its kernel is called NAME_SUFFIX, the suffix being 16 digits of `hash`.
// Errors: INTERNAL (a vector width V that OpenCL does not have).
cvy_status source_instance(const struct kernel_source *source, const struct instance *instance,
                           uint64_t hash, struct text *out);
void source_kernel_name(const struct kernel_source *source, uint64_t hash, char *out, size_t cap);

#endif
