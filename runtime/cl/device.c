// The facts of one device, its class and the driver workarounds that it needs. Finding devices is
// platform.c's.
#include "cl/device.h"

#include <limits.h>
#include <stdio.h>

// PERFORMANCE.md: PoCL compiles again at a grid axis of 65,535, so no launch goes there.
#define GRID_MAX 65534

// llvmpipe ends all loops of a work-item, and of those that share its vector, after 65,535 rounds
// in total and says nothing (measured on Mesa 22.3.6). A loop's end counts as a round, and a loop
// in a branch that is not taken counts one.
#define ROUNDS_MAX 60000

// Driver workarounds. A row applies to a device whose platform has this name, and whose own name
// begins as `device` says (NULL: any). Code elsewhere tests a bit, never a name.
static const struct {
    const char *platform, *device;
    uint32_t bit;
    const char *name;
} quirks[] = {
    { "Portable Computing Language", NULL, QUIRK_CACHES_CODE, "caches-code" },
    { "Portable Computing Language", NULL, QUIRK_CODE_AT_LAUNCH, "code-at-launch" },
    { "Portable Computing Language", NULL, QUIRK_GRID_LIMIT, "grid-limit" },
    { "rusticl", NULL, QUIRK_CACHES_CODE, "caches-code" },
    { "rusticl", NULL, QUIRK_CODE_AT_LAUNCH, "code-at-launch" },
    // Mesa 22.3.6: every kernel reports work-groups of 32 and runs in 1,024 as well.
    { "rusticl", NULL, QUIRK_GROUP_UNDERSTATED, "group-understated" },
    { "rusticl", "llvmpipe", QUIRK_LOOP_LIMIT, "loop-limit" },
    { "NVIDIA CUDA", NULL, QUIRK_CACHES_CODE, "caches-code" },
    // Its uninitialised-read plugin dies on LLVM's `freeze`, which the optimiser makes.
    { "Oclgrind", NULL, QUIRK_NO_OPTIMIZER, "no-optimizer" },
};

// Reads facts and keeps the first failure, so that a list of reads needs no test for each.
struct reader {
    cl_device_id id;
    cl_int code;
};

static void keep_code(struct reader *reader, cl_int code)
{
    if (reader->code == CL_SUCCESS)
        reader->code = code;
}

static uint64_t read_scalar(struct reader *reader, cl_device_info fact, size_t bytes)
{
    uint64_t value = 0;     // little-endian hosts only, like the devices

    keep_code(reader, opencl()->clGetDeviceInfo(reader->id, fact, bytes, &value, NULL));
    return value;
}

static int64_t read_size(struct reader *reader, cl_device_info fact)
{
    uint64_t value = read_scalar(reader, fact, sizeof(size_t));

    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static int64_t read_ulong(struct reader *reader, cl_device_info fact)
{
    uint64_t value = read_scalar(reader, fact, sizeof(cl_ulong));

    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static int32_t read_uint(struct reader *reader, cl_device_info fact)
{
    uint64_t value = read_scalar(reader, fact, sizeof(cl_uint));

    return value > INT32_MAX ? INT32_MAX : (int32_t)value;
}

static bool read_bool(struct reader *reader, cl_device_info fact)
{
    return read_scalar(reader, fact, sizeof(cl_bool)) != 0;
}

// Any bytes that are no printable ASCII become '?': names end up in logs and terminals.
static void copy_printable(char *out, size_t cap, const char *text)
{
    size_t i = 0;

    for (; i + 1 < cap && text[i]; i++)
        out[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    out[i] = '\0';
}

// A text may be any length. NULL on failure, which the reader keeps.
static char *read_text(struct reader *reader, cl_device_info fact)
{
    size_t bytes = 0;
    char *text = NULL;
    cl_int code = opencl()->clGetDeviceInfo(reader->id, fact, 0, NULL, &bytes);

    if (code == CL_SUCCESS && zalloc(bytes + 1, &text) != CVY_OK)
        code = CL_OUT_OF_HOST_MEMORY;
    if (code == CL_SUCCESS)
        code = opencl()->clGetDeviceInfo(reader->id, fact, bytes, text, NULL);
    keep_code(reader, code);
    if (code == CL_SUCCESS)
        return text;
    free(text);
    return NULL;
}

static void read_printable(struct reader *reader, cl_device_info fact, char *out, size_t cap)
{
    char *text = read_text(reader, fact);

    copy_printable(out, cap, text ? text : "");
    free(text);
}

static void read_work_items(struct reader *reader, int64_t out[3])
{
    size_t sizes[16] = { 0 };
    int32_t rank = read_uint(reader, CL_DEVICE_MAX_WORK_ITEM_DIMENSIONS);

    rank = MIN(MAX(rank, 3), (int32_t)COUNT_OF(sizes));
    keep_code(reader, opencl()->clGetDeviceInfo(reader->id, CL_DEVICE_MAX_WORK_ITEM_SIZES,
                                                (size_t)rank * sizeof sizes[0], sizes, NULL));
    for (int i = 0; i < 3; i++)
        out[i] = sizes[i] > INT32_MAX ? INT32_MAX : MAX((int64_t)sizes[i], 1);
}

static bool text_has(struct reader *reader, cl_device_info fact, const char *word)
{
    char *text = read_text(reader, fact);
    bool found = text && strstr(text, word);

    free(text);
    return found;
}

static bool has_extension(struct reader *reader, const char *name)
{
    return text_has(reader, CL_DEVICE_EXTENSIONS, name);
}

// Kernels count in 64 bits, which the embedded profile leaves open.
static bool has_longs(cl_device_id id)
{
    struct reader reader = { .id = id };

    return !text_has(&reader, CL_DEVICE_PROFILE, "EMBEDDED")
        || has_extension(&reader, "cles_khr_int64");
}

static void read_types(struct reader *reader, cvy_device_info *info)
{
    uint64_t type = read_scalar(reader, CL_DEVICE_TYPE, sizeof(cl_device_type));

    if (type & CL_DEVICE_TYPE_GPU)
        info->type = CVY_DEVICE_GPU;
    else if (type & CL_DEVICE_TYPE_CPU)
        info->type = CVY_DEVICE_CPU;
    info->fp64 = has_extension(reader, "cl_khr_fp64");
    info->fp16 = has_extension(reader, "cl_khr_fp16");
    info->images = read_bool(reader, CL_DEVICE_IMAGE_SUPPORT);
}

static void read_platform_name(struct found_device *found, struct reader *reader)
{
    cvy_device_info *info = &found->device.info;
    char text[1024] = { 0 };

    keep_code(reader, opencl()->clGetPlatformInfo(found->platform, CL_PLATFORM_NAME,
                                                  sizeof text - 1, text, NULL));
    copy_printable(info->platform_name, sizeof info->platform_name, text);
}

static void read_texts(struct found_device *found, struct reader *reader)
{
    cvy_device_info *info = &found->device.info;

    read_printable(reader, CL_DEVICE_NAME, info->name, sizeof info->name);
    read_printable(reader, CL_DEVICE_VENDOR, info->vendor, sizeof info->vendor);
    read_printable(reader, CL_DRIVER_VERSION, info->driver, sizeof info->driver);
    read_printable(reader, CL_DEVICE_VERSION, info->version, sizeof info->version);
    read_platform_name(found, reader);
}

static void read_numbers(struct found_device *found, struct reader *reader)
{
    struct device *device = &found->device;
    cvy_device_info *info = &device->info;

    info->compute_units = MAX(read_uint(reader, CL_DEVICE_MAX_COMPUTE_UNITS), 1);
    info->clock_mhz = read_uint(reader, CL_DEVICE_MAX_CLOCK_FREQUENCY);
    info->vector_width = read_uint(reader, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT);
    info->max_work_group = MAX(read_size(reader, CL_DEVICE_MAX_WORK_GROUP_SIZE), 1);
    read_work_items(reader, info->max_work_item);
    info->global_bytes = read_ulong(reader, CL_DEVICE_GLOBAL_MEM_SIZE);
    info->max_buffer_bytes = read_ulong(reader, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
    info->local_bytes = read_ulong(reader, CL_DEVICE_LOCAL_MEM_SIZE);
    info->cache_bytes = read_ulong(reader, CL_DEVICE_GLOBAL_MEM_CACHE_SIZE);
    info->address_bits = read_uint(reader, CL_DEVICE_ADDRESS_BITS);
    info->align_bytes = MAX(read_uint(reader, CL_DEVICE_MEM_BASE_ADDR_ALIGN) / 8, 1);
    if (info->address_bits == 32)
        info->max_buffer_bytes = MIN(info->max_buffer_bytes, UINT32_MAX);
}

// A CPU whose driver takes vectors as they are written says so by a native width; one that runs a
// work-item in each lane reports 1. Kernels for wide CPUs loop as long as they like.
static void classify(struct device *device)
{
    cvy_device_info *info = &device->info;

    device->vector_width = 1;
    if (info->type == CVY_DEVICE_CPU && info->vector_width >= 4
        && !(device->quirks & QUIRK_LOOP_LIMIT)) {
        device->device_class = DEVICE_CPU_WIDE;
        device->vector_width = info->vector_width >= 16 ? 16 : info->vector_width >= 8 ? 8 : 4;
        snprintf(info->device_class, sizeof info->device_class, "cpu-vector-%d",
                 device->vector_width);
    } else if (info->type == CVY_DEVICE_GPU) {
        device->device_class = DEVICE_SIMT_GPU;
        snprintf(info->device_class, sizeof info->device_class, "simt-gpu");
    } else {
        device->device_class = DEVICE_SIMT_SOFTWARE;
        snprintf(info->device_class, sizeof info->device_class, "simt-software");
    }
    info->vector_width = device->vector_width;
}

static void find_quirks(struct device *device)
{
    cvy_device_info *info = &device->info;
    size_t used = 0;

    for (size_t i = 0; i < COUNT_OF(quirks); i++) {
        const char *name = quirks[i].device;

        if (strcmp(info->platform_name, quirks[i].platform) != 0
            || (name && strncmp(info->name, name, strlen(name)) != 0))
            continue;
        device->quirks |= quirks[i].bit;
        used += (size_t)snprintf(info->quirks + used, sizeof info->quirks - used, "%s%s",
                                 used ? " " : "", quirks[i].name);
    }
}

static bool version_is_enough(const char *version)
{
    int major, minor;

    return sscanf(version, "OpenCL %d.%d", &major, &minor) == 2 &&
           (major > 1 || (major == 1 && minor >= 2));
}

static void refuse(struct found_device *found, cvy_status status, cl_int code, const char *why)
{
    if (found->usable != CVY_OK)
        return;
    found->usable = status;
    found->code = code;
    snprintf(found->why, sizeof found->why, "%s", why);
}

static void judge(struct found_device *found, struct reader *reader)
{
    const cvy_device_info *info = &found->device.info;
    char text[96];
    struct reader flags = { .id = reader->id };
    bool available = read_bool(&flags, CL_DEVICE_AVAILABLE);
    bool compiler = read_bool(&flags, CL_DEVICE_COMPILER_AVAILABLE);
    bool little = read_bool(&flags, CL_DEVICE_ENDIAN_LITTLE);

    keep_code(reader, flags.code);
    if (reader->code != CL_SUCCESS) {
        snprintf(text, sizeof text, "its facts: clGetDeviceInfo said %s (%d)",
                 opencl_code_name(reader->code), reader->code);
        refuse(found, opencl_status(reader->code), reader->code, text);
    }
    if (!available)
        refuse(found, CVY_ERR_NO_DEVICE, 0, "not available");
    if (!compiler)
        refuse(found, CVY_ERR_NO_DEVICE, 0, "it has no compiler");
    snprintf(text, sizeof text, "OpenCL 1.2 is needed, it says \"%s\"", info->version);
    if (!version_is_enough(info->version))
        refuse(found, CVY_ERR_UNSUPPORTED, 0, text);
    if (!little)
        refuse(found, CVY_ERR_UNSUPPORTED, 0, "big-endian");
    if (!has_longs(reader->id))
        refuse(found, CVY_ERR_UNSUPPORTED, 0, "embedded profile without cles_khr_int64");
}

void device_read(struct found_device *found)
{
    struct reader reader = { .id = found->id };
    struct device *device = &found->device;
    cvy_device_info *info = &device->info;

    read_texts(found, &reader);
    read_types(&reader, info);
    read_numbers(found, &reader);
    find_quirks(device);
    classify(device);
    judge(found, &reader);
    info->available = found->usable == CVY_OK;
    device->max_group = (int)MIN(MIN(info->max_work_group, info->max_work_item[0]), 1 << 16);
    device->max_grid = GRID_MAX;
    device->local_bytes = info->local_bytes;
    device->max_bytes = info->max_buffer_bytes;
    device->max_rounds = device->quirks & QUIRK_LOOP_LIMIT ? ROUNDS_MAX : INT64_MAX;
}
