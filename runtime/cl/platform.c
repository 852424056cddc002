// Finds the devices of all platforms and picks one by a selector.
#include "cl/device.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

// What a search has come across, for the text when it found nothing.
struct search {
    struct found_device *items;
    size_t count, cap;
    cl_uint platforms;
    cl_int code;            // what the last platform without devices said
    char name[64];          // and its name
};

static cvy_status platform_ids(cl_platform_id **out, cl_uint *count)
{
    cl_uint found = 0, listed = 0;
    cl_int code = opencl()->clGetPlatformIDs(0, NULL, &found);
    cvy_status st = CVY_OK;

    *out = NULL;
    *count = 0;
    if (code == CL_SUCCESS && found) {
        TRY(zalloc(found * sizeof **out, out));
        code = opencl()->clGetPlatformIDs(found, *out, &listed);
        *count = MIN(found, listed);
    }
    if (code != CL_SUCCESS || !*count)
        st = fail_opencl(code == CL_OUT_OF_HOST_MEMORY ? CVY_ERR_NOMEM_HOST : CVY_ERR_NO_DEVICE,
                         code, "the OpenCL loader is there, but clGetPlatformIDs found no platform "
                         "(%s, %d): install a driver; the loader looks only for those that the "
                         "environment variable OCL_ICD_VENDORS names, if it is set",
                         opencl_code_name(code), code);
out:
    if (st != CVY_OK) {
        free(*out);
        *out = NULL;
    }
    return st;
}

static void note_empty(struct search *search, cl_platform_id platform, cl_int code)
{
    search->code = code;
    memset(search->name, 0, sizeof search->name);
    if (opencl()->clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof search->name - 1,
                                    search->name, NULL))
        search->name[0] = '\0';
}

static cvy_status add_platform(struct search *search, cl_platform_id platform, int number)
{
    cl_uint found = 0, listed = 0;
    cl_device_id *ids = NULL;
    cl_int code = opencl()->clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, NULL, &found);
    cvy_status st = CVY_OK;

    if (code == CL_SUCCESS && found) {
        TRY(zalloc(found * sizeof *ids, &ids));
        code = opencl()->clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, found, ids, &listed);
    }
    if (code != CL_SUCCESS || !listed)
        note_empty(search, platform, code);
    for (cl_uint i = 0; code == CL_SUCCESS && i < MIN(found, listed); i++) {
        struct found_device *item;
        TRY(array_reserve(&search->items, &search->cap, search->count, sizeof *item));
        item = &search->items[search->count++];
        *item = (struct found_device) { .id = ids[i], .platform = platform };
        item->device.info.platform = number;
        item->device.info.device = (int32_t)i;
        device_read(item);
    }
out:
    free(ids);
    return st;
}

static cvy_status no_device(const struct search *search)
{
    return fail_opencl(CVY_ERR_NO_DEVICE, search->code,
                       "%u OpenCL platform%s, no device; the last one, \"%s\", said %s (%d)",
                       search->platforms, search->platforms == 1 ? "" : "s", search->name,
                       opencl_code_name(search->code), search->code);
}

cvy_status devices_find(struct found_device **out, size_t *count)
{
    struct search search = { 0 };
    cl_platform_id *platforms = NULL;
    cvy_status st = CVY_OK;

    TRY(opencl_load());
    TRY(platform_ids(&platforms, &search.platforms));
    for (cl_uint i = 0; i < search.platforms; i++)
        TRY(add_platform(&search, platforms[i], (int)i));
    if (!search.count)
        TRY(no_device(&search));
    *out = search.items;
    *count = search.count;
    search.items = NULL;
out:
    free(search.items);
    free(platforms);
    return st;
}

cvy_status cvy_device_list(cvy_device_info *out, size_t cap, size_t *count)
{
    struct found_device *found = NULL;
    size_t found_count = 0;
    cvy_status st = CVY_OK;

    CHECK_POINTER(count);
    *count = 0;
    if (cap && !out)
        return fail(CVY_ERR_ARGUMENT, "out is NULL and cap is %zu", cap);
    TRY(devices_find(&found, &found_count));
    for (size_t i = 0; i < MIN(cap, found_count); i++)
        out[i] = found[i].device.info;
    *count = found_count;
out:
    free(found);
    return st;
}

// Selectors ---------------------------------------------------------------------------------------

static bool contains(const char *text, const char *part)
{
    size_t length = strlen(part);

    for (; *text; text++)
        if (strncasecmp(text, part, length) == 0)
            return true;
    return false;
}

// "P:D" and nothing else.
static bool parse_numbers(const char *selector, int *platform, int *device)
{
    int length = 0;

    return isdigit((unsigned char)selector[0]) &&
           sscanf(selector, "%9d:%9d%n", platform, device, &length) == 2 && !selector[length];
}

static bool matches(const cvy_device_info *info, const char *selector)
{
    int platform, device;

    if (!selector || !*selector)
        return true;
    if (strcasecmp(selector, "cpu") == 0)
        return info->type == CVY_DEVICE_CPU;
    if (strcasecmp(selector, "gpu") == 0)
        return info->type == CVY_DEVICE_GPU;
    if (parse_numbers(selector, &platform, &device))
        return info->platform == platform && info->device == device;
    return contains(info->name, selector) || contains(info->platform_name, selector);
}

// GPU before CPU before others, then more compute units, then the driver's own order.
static int64_t rank_of(const cvy_device_info *info)
{
    static const int64_t by_type[] = { [CVY_DEVICE_OTHER] = 0, [CVY_DEVICE_CPU] = 1,
                                       [CVY_DEVICE_GPU] = 2 };

    return (by_type[info->type] << 32) + info->compute_units;
}

static cvy_status no_match(const char *selector, const struct found_device *found, size_t count)
{
    struct text list = { 0 };
    cvy_status st;

    for (size_t i = 0; i < count; i++)
        text_add(&list, "%s%d:%d %.60s", i ? ", " : "", found[i].device.info.platform,
                 found[i].device.info.device, found[i].device.info.name);
    st = fail(CVY_ERR_NO_DEVICE, "no device matches \"%.60s\"; there are: %s", selector,
              list.data ? list.data : "(no memory)");
    text_free(&list);
    return st;
}

static cvy_status unusable(const struct found_device *found)
{
    return fail_opencl(found->usable, found->code, "device %d:%d %.80s cannot be used: %s",
                       found->device.info.platform, found->device.info.device,
                       found->device.info.name, found->why);
}

cvy_status device_pick(const char *selector, struct found_device *out)
{
    struct found_device *found = NULL;
    const struct found_device *best = NULL;
    size_t count = 0;
    cvy_status st = CVY_OK;

    TRY(devices_find(&found, &count));
    for (size_t i = 0; i < count; i++) {
        const struct found_device *item = &found[i];
        if (!matches(&item->device.info, selector))
            continue;
        if (!best || (item->usable == CVY_OK && best->usable != CVY_OK) ||
            (item->usable == CVY_OK && rank_of(&item->device.info) > rank_of(&best->device.info)))
            best = item;
    }
    if (!best)
        TRY(no_match(selector, found, count));
    if (best->usable != CVY_OK)
        TRY(unusable(best));
    *out = *best;
out:
    free(found);
    return st;
}

// The user's device, wherever it came from: a sub-device is in no platform's list.
cvy_status device_of_id(cl_device_id id, struct found_device *out)
{
    struct found_device *found = NULL;
    size_t count = 0;
    cvy_status st = CVY_OK;

    *out = (struct found_device) { .id = id };
    TRY(CALL(clGetDeviceInfo, id, CL_DEVICE_PLATFORM, sizeof out->platform, &out->platform, NULL));
    out->device.info.platform = out->device.info.device = -1;
    if (devices_find(&found, &count) == CVY_OK)
        for (size_t i = 0; i < count; i++)
            if (found[i].id == id) {
                out->device.info.platform = found[i].device.info.platform;
                out->device.info.device = found[i].device.info.device;
            }
    device_read(out);
    if (out->usable != CVY_OK)
        TRY(unusable(out));
out:
    free(found);
    return st;
}
