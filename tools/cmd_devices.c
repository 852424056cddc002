// convoy devices: platforms and devices with the facts that Convoy uses, the rules that apply and
// the driver workarounds in force.
#include "convoy.h"

#include <cjson/cJSON.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const char *type_name(cvy_device_type type)
{
    return type == CVY_DEVICE_CPU ? "cpu" : type == CVY_DEVICE_GPU ? "gpu" : "other";
}

void tool_device_print(FILE *stream, const cvy_device_info *d)
{
    fprintf(stream, "%d:%d  %s\n", d->platform, d->device, d->name);
    fprintf(stream, "     platform   %s\n", d->platform_name);
    fprintf(stream, "     vendor     %s\n", d->vendor);
    fprintf(stream, "     driver     %s, %s\n", d->driver, d->version);
    fprintf(stream, "     type       %s%s\n", type_name(d->type),
            d->available ? "" : ", not usable");
    fprintf(stream, "     rules      %s\n", d->device_class);
    fprintf(stream, "     quirks     %s\n", d->quirks[0] != '\0' ? d->quirks : "none");
    fprintf(stream, "     compute    %d units, %d MHz, float32 vectors of %d\n", d->compute_units,
            d->clock_mhz, d->vector_width);
    fprintf(stream, "     groups     %lld work-items, %lld x %lld x %lld\n",
            (long long)d->max_work_group, (long long)d->max_work_item[0],
            (long long)d->max_work_item[1], (long long)d->max_work_item[2]);
    fprintf(stream,
            "     memory     %lld MiB, buffers to %lld MiB, local %lld KiB, cache %lld KiB\n",
            (long long)(d->global_bytes >> 20), (long long)(d->max_buffer_bytes >> 20),
            (long long)(d->local_bytes >> 10), (long long)(d->cache_bytes >> 10));
    fprintf(stream, "     addresses  %d bits, aligned to %d bytes\n", d->address_bits,
            d->align_bytes);
    fprintf(stream, "     has        %s%s%s%s\n", d->fp64 ? "fp64 " : "", d->fp16 ? "fp16 " : "",
            d->images ? "images" : "", d->fp64 || d->fp16 || d->images ? "" : "-");
}

static void add_numbers(cJSON *o, const cvy_device_info *d)
{
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        { "platform", d->platform }, { "device", d->device },
        { "compute_units", d->compute_units }, { "clock_mhz", d->clock_mhz },
        { "vector_width", d->vector_width }, { "max_work_group", (double)d->max_work_group },
        { "global_bytes", (double)d->global_bytes },
        { "max_buffer_bytes", (double)d->max_buffer_bytes },
        { "local_bytes", (double)d->local_bytes },
        { "cache_bytes", (double)d->cache_bytes }, { "address_bits", d->address_bits },
        { "align_bytes", d->align_bytes }
    };
    cJSON *items = cJSON_AddArrayToObject(o, "max_work_item");

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        cJSON_AddNumberToObject(o, numbers[i].name, numbers[i].value);
    }
    for (int i = 0; i < 3; i++) {
        cJSON_AddItemToArray(items, cJSON_CreateNumber((double)d->max_work_item[i]));
    }
}

static cJSON *device_json(const cvy_device_info *d)
{
    cJSON *o = cJSON_CreateObject();

    cJSON_AddStringToObject(o, "name", d->name);
    cJSON_AddStringToObject(o, "vendor", d->vendor);
    cJSON_AddStringToObject(o, "driver", d->driver);
    cJSON_AddStringToObject(o, "version", d->version);
    cJSON_AddStringToObject(o, "platform_name", d->platform_name);
    cJSON_AddStringToObject(o, "type", type_name(d->type));
    cJSON_AddStringToObject(o, "device_class", d->device_class);
    cJSON_AddStringToObject(o, "quirks", d->quirks);
    cJSON_AddBoolToObject(o, "available", d->available);
    cJSON_AddBoolToObject(o, "fp64", d->fp64);
    cJSON_AddBoolToObject(o, "fp16", d->fp16);
    cJSON_AddBoolToObject(o, "images", d->images);
    add_numbers(o, d);
    return o;
}

static void print_json(const cvy_device_info *list, size_t count)
{
    cJSON *root = cJSON_CreateObject(), *devices = cJSON_AddArrayToObject(root, "devices");
    char *text;

    for (size_t i = 0; i < count; i++) {
        cJSON_AddItemToArray(devices, device_json(&list[i]));
    }
    text = cJSON_Print(root);
    puts(text != NULL ? tool_utf8(text) : "{}");
    cJSON_free(text);
    cJSON_Delete(root);
}

static int list_devices(bool json)
{
    size_t count = 0, got;
    cvy_status st = cvy_device_list(NULL, 0, &count);
    cvy_device_info *list;

    if (st != CVY_OK) {
        return tool_failed("devices", st);
    }
    list = calloc(count + 1, sizeof *list);
    if (list == NULL) {
        tool_error("out of memory");
        return TOOL_CHECK_FAILED;
    }
    st = cvy_device_list(list, count, &got);
    if (st == CVY_OK && json) {
        print_json(list, count < got ? count : got);
    }
    for (size_t i = 0; st == CVY_OK && !json && i < count && i < got; i++) {
        tool_device_print(stdout, &list[i]);
    }
    free(list);
    return st == CVY_OK ? TOOL_DONE : tool_failed("devices", st);
}

int cmd_devices(int argc, char **argv)
{
    static const struct option options[] = {
        { "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' }, { 0 }
    };
    bool json = false;
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h') {
            puts("usage: convoy devices [--json]\n\nLists platforms and devices with the facts "
                 "that Convoy uses, and the rules and quirks that apply.");
            return TOOL_DONE;
        }
        if (option != 'j') {
            return tool_usage("devices", "`%s` is no option", argv[optind - 1]);
        }
        json = true;
    }
    if (optind < argc) {
        return tool_usage("devices", "`%s` is not expected", argv[optind]);
    }
    return list_devices(json);
}
