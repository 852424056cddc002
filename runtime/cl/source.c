// The program text of an instance: its defines, the binding macros of its element type, the kernel
// file as it is, and #undef for all of them, so that instances can stand in one program.
#include "cl/source.h"

#include <inttypes.h>
#include <stdio.h>

// How kernels of an element type name it. One row now: float32.
static const struct {
    const char *suffix;     // of prelude.cl's helpers
    const char *type, *accumulator;
} dtypes[] = {
    { "f32", "float", "float" },
};

static const char *const bound[] = {
    "LOCAL_X", "LOCAL_Y", "LOCAL_Z", "T", "ACC", "LOAD", "STORE", "FN", "V", "VT", "VLOAD",
    "VSTORE", "VKEEP", "VLOOSE", "VLOAD_PART",
    "VSTORE_PART", "SCALARS", "SCALAR",
};

const struct kernel_source *source_find(const char *name)
{
    for (size_t i = 0; i < kernel_source_count; i++)
        if (strcmp(kernel_sources[i].name, name) == 0)
            return &kernel_sources[i];
    return NULL;
}

void instance_text(const struct instance *instance, struct text *out)
{
    text_add(out, "%s", instance->file);
    for (uint32_t i = 0; i < instance->define_count; i++)
        text_add(out, " %s=%" PRId32, instance->defines[i].name, instance->defines[i].value);
    text_add(out, " local %" PRIu32 "x%" PRIu32 "x%" PRIu32, instance->local[0],
             instance->local[1], instance->local[2]);
}

static void add_unbind(struct text *out)
{
    for (size_t i = 0; i < COUNT_OF(bound); i++)
        text_add(out, "#undef %s\n", bound[i]);
}

// The prelude binds the macros for files that are compiled by hand.
void source_prelude(struct text *out)
{
    text_add(out, "#line 1 \"prelude.cl\"\n");
    text_append(out, kernel_prelude, strlen(kernel_prelude));
    text_add(out, "\n");
    add_unbind(out);
}

void source_kernel_name(const struct kernel_source *source, uint64_t hash, char *out, size_t cap)
{
    snprintf(out, cap, "%s_%016" PRIx64, source->name, hash);
}

static void add_defines(const struct instance *instance, struct text *out)
{
    for (uint32_t i = 0; i < instance->define_count; i++)
        text_add(out, instance->defines[i].value < 0 ? "#define %s (%" PRId32 ")\n"
                     : "#define %s %" PRId32 "\n", instance->defines[i].name,
                 instance->defines[i].value);
    text_add(out, "#define LOCAL_X %" PRIu32 "\n#define LOCAL_Y %" PRIu32 "\n#define LOCAL_Z %"
             PRIu32 "\n", instance->local[0], instance->local[1], instance->local[2]);
}

static int32_t vector_width(const struct instance *instance)
{
    for (uint32_t i = 0; i < instance->define_count; i++)
        if (strcmp(instance->defines[i].name, "V") == 0)
            return instance->defines[i].value;
    return 0;
}

static cvy_status add_vector(const struct instance *instance, const char *type,
                             const char *suffix, struct text *out)
{
    int32_t width = vector_width(instance);

    if (width <= 1) {
        text_add(out, "%s#define VT %s\n#define VLOAD(p) (*(p))\n"
                 "#define VSTORE(v, p) (*(p) = (v))\n#define VKEEP(v, p) (*(p) = (v))\n"
                 "#define VLOOSE %s\n#define VLOAD_PART(p, n) ((%s)0)\n"
                 "#define VSTORE_PART(v, p, n)\n", width ? "" : "#define V 1\n", type, type,
                 type);
        return CVY_OK;
    }
    if (width != 2 && width != 4 && width != 8 && width != 16)
        return fail(CVY_ERR_INTERNAL, "%s: V is %" PRId32 ", no vector width", instance->file,
                    width);
    text_add(out, "#define VT %s%" PRId32 "\n#define VLOAD(p) vector_%s_%" PRId32 "(p)\n"
             "#define VLOOSE loose_%s%" PRId32 "\n"
             "#define VSTORE(v, p) (*(__global VLOOSE *)(p) = (v))\n"
             "#define VKEEP(v, p) (*(VLOOSE *)(p) = (v))\n"
             "#define VLOAD_PART(p, n) load_part_%s_%" PRId32 "(p, n)\n"
             "#define VSTORE_PART(v, p, n) store_part_%s_%" PRId32 "(v, p, n)\n", type, width,
             suffix, width, type, width, suffix, width, suffix, width);
    return CVY_OK;
}

static void add_undefs(const struct kernel_source *source, const struct instance *instance,
                       struct text *out)
{
    text_add(out, "\n");
    for (uint32_t i = 0; i < instance->define_count; i++)
        text_add(out, "#undef %s\n", instance->defines[i].name);
    add_unbind(out);
    for (size_t i = 0; source->macros[i]; i++)
        text_add(out, "#undef %s\n", source->macros[i]);
}

// A kernel of one work-item a group, as those for CPUs are, becomes a function beside a kernel that
// does nothing but call it. PoCL 3.1 compiles all that a kernel has three times, for three ways to
// launch it; functions are inlined first if they ask for the number of their group, so this one
// gets the numbers as arguments. EPYC Zen 4: separable_tiles compiles in 0.35 s instead of 0.82,
// all 45 kernels of the start-up set in 8.5 instead of 14. The call costs some ns.
static bool has_body(const struct instance *instance)
{
    return instance->local[0] * instance->local[1] * instance->local[2] == 1;
}

// How a kernel has the struct of its scalars, and its body, which a copy for each group would slow
// down by up to 8 % where maps are small.
#define SCALARS(by, of) "#define SCALARS(type) const type " by "scalars_\n" \
    "#define SCALAR(name) scalars_" of "name\n"

// Makes the function of the kernel that follows in the text. It has the parameters that the kernel
// file gives it and the group after them.
static void open_body(const char *kernel, struct text *out)
{
    text_add(out, "#define __kernel static __attribute__((noinline))\n"
             "#define reqd_work_group_size(x, y, z)\n"
             "#define %s(...) %s_body(__VA_ARGS__, uint group_0, uint groups_0, uint group_1, "
             "uint groups_1, uint group_2, uint groups_2)\n"
             "#define get_group_id(axis) group_##axis\n"
             "#define get_num_groups(axis) groups_##axis\n"
             "#define get_local_id(axis) 0\n" SCALARS("*", "->"), kernel, kernel);
}

// As tools/embed.py has it: pointers, and then one struct of all scalars.
static void close_body(const char *stem, const char *kernel, const char *signature,
                       struct text *out)
{
    static const char *const hidden[] = {
        "__kernel", "reqd_work_group_size", "get_group_id", "get_num_groups", "get_local_id",
    };

    text_add(out, "\n#undef %s\n", kernel);
    for (size_t i = 0; i < COUNT_OF(hidden); i++)
        text_add(out, "#undef %s\n", hidden[i]);
    text_add(out, "__attribute__((reqd_work_group_size(1, 1, 1)))\n__kernel void %s(", kernel);
    for (size_t i = 0; signature[i]; i++)
        if (signature[i] == 'p')
            text_add(out, "__global void *p%zu, ", i);
    text_add(out, "const struct FN(%s_scalars) scalars)\n{\n    %s_body(", stem, kernel);
    for (size_t i = 0; signature[i]; i++)
        if (signature[i] == 'p')
            text_add(out, "p%zu, ", i);
    text_add(out, "&scalars, get_group_id(0), get_num_groups(0), get_group_id(1), "
             "get_num_groups(1), get_group_id(2), get_num_groups(2));\n}\n");
}

static void add_file(const struct kernel_source *source, const struct instance *instance,
                     uint64_t hash, struct text *out)
{
    char kernel[128];

    source_kernel_name(source, hash, kernel, sizeof kernel);
    if (has_body(instance))
        open_body(kernel, out);
    else
        text_add(out, SCALARS("", "."));
    text_add(out, "#line 1 \"%s.cl\"\n", source->name);
    text_append(out, source->text, strlen(source->text));
    if (has_body(instance))
        close_body(source->name, kernel, source->signature, out);
}

cvy_status source_instance(const struct kernel_source *source, const struct instance *instance,
                           uint64_t hash, struct text *out)
{
    const char *type = dtypes[0].type, *suffix = dtypes[0].suffix;
    cvy_status st = CVY_OK;

    add_defines(instance, out);
    text_add(out, "#define T %s\n#define ACC %s\n", type, dtypes[0].accumulator);
    text_add(out, "#define LOAD(p, i) load_%s(p, i)\n#define STORE(p, i, v) store_%s(p, i, v)\n",
             suffix, suffix);
    text_add(out, "#define FN(name) name##_%016" PRIx64 "\n", hash);
    TRY(add_vector(instance, type, suffix, out));
    add_file(source, instance, hash, out);
    add_undefs(source, instance, out);
    st = text_status(out);
out:
    return st;
}
