// The report of `convoy run`, as text and as JSON.
#include "run_report.h"

#include "files.h"
#include "values.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LABEL_BYTES = 1 << 26, MOST_ROWS = 16, PLACE_TEXT = 160, NAME_TEXT = 400 };

// Labels ------------------------------------------------------------------------------------------

bool run_labels_load(const char *file, struct run_labels *out)
{
    char error[FILE_ERROR];
    size_t bytes, room = 1, skip;
    void *text;

    *out = (struct run_labels) { .file = file };
    if (!file_read(file, MOST_LABEL_BYTES, &text, &bytes, error)) {
        tool_error("run: %s: %s", file, error);
        return false;
    }
    out->text = text;
    if (memchr(text, '\0', bytes) != NULL) {
        tool_error("run: %s: holds a zero byte: labels are plain text, such as UTF-8", file);
        run_labels_free(out);
        return false;
    }
    for (size_t i = 0; i < bytes; i++) {
        room += out->text[i] == '\n';
    }
    out->lines = calloc(room, sizeof *out->lines);
    if (out->lines == NULL) {
        tool_error("run: out of memory");
        run_labels_free(out);
        return false;
    }
    // A mark of UTF-8 at the start is no part of the first name.
    skip = strncmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    for (char *line = out->text + skip, *end; line < out->text + bytes; line = end + 1) {
        end = line + strcspn(line, "\n");
        *end = '\0';
        line[strcspn(line, "\r")] = '\0';
        out->lines[out->count++] = line;
    }
    while (out->count > 0 && out->lines[out->count - 1][0] == '\0') {
        out->count--;       // blank lines at the end
    }
    return true;
}

void run_labels_free(struct run_labels *labels)
{
    free(labels->text);
    free(labels->lines);
    *labels = (struct run_labels) { 0 };
}

// Values ------------------------------------------------------------------------------------------

// An output is looked at in rows: each image of [n][classes] on its own, anything else as one.
struct rows {
    size_t count, length;
};

static struct rows rows_of(const cvy_desc *desc)
{
    int64_t elements = desc->rank == 0 ? 1 : cvy_desc_elements(desc);
    size_t all = elements > 0 ? (size_t)elements : 0;
    bool batch = desc->rank == 2 && desc->size[0] > 1 && desc->size[1] > 1;

    return batch ? (struct rows) { (size_t)desc->size[0], (size_t)desc->size[1] } :
                   (struct rows) { 1, all };
}

// Labels count classes: one axis besides n that is longer than 1.
static bool is_labelled(const cvy_desc *desc, const struct run_labels *labels)
{
    int longer = 0;

    for (int i = 0; i < desc->rank; i++) {
        longer += desc->size[i] > 1 && !(i == 0 && desc->rank == 2);
    }
    return labels->file != NULL && longer <= 1 && rows_of(desc).length == labels->count;
}

bool run_labels_fit(const struct run_report *r)
{
    for (size_t i = 0; r->labels->file != NULL && i < r->model->info.outputs; i++) {
        if (is_labelled(&r->outputs[i].port.desc, r->labels)) {
            return true;
        }
    }
    return r->labels->file == NULL;
}

struct range {
    double least, most, mean;
    size_t nans;
};

static struct range range_of(const struct run_output *o)
{
    struct rows rows = rows_of(&o->port.desc);
    struct range range = { INFINITY, -INFINITY, 0.0, 0 };
    double sum = 0.0;
    size_t count = rows.count * rows.length;

    for (size_t i = 0; i < count; i++) {
        double value = value_at(o->port.desc.dtype, o->data, i);

        if (isnan(value)) {
            range.nans++;
            continue;
        }
        range.least = fmin(range.least, value);
        range.most = fmax(range.most, value);
        sum += value;
    }
    range.mean = sum / (double)(count - range.nans);
    return range;
}

// The `top` places of a row with the largest values, by value, then by place. Returns how many.
static size_t find_top(const struct run_output *o, size_t row, long top, size_t *places)
{
    struct rows rows = rows_of(&o->port.desc);
    cvy_dtype dtype = o->port.desc.dtype;
    size_t count = 0;

    for (size_t i = 0; i < rows.length; i++) {
        double value = value_at(dtype, o->data, row * rows.length + i);
        size_t at = count;

        if (isnan(value)) {
            continue;
        }
        while (at > 0 && value_at(dtype, o->data, row * rows.length + places[at - 1]) < value) {
            at--;
        }
        if (at == (size_t)top) {
            continue;
        }
        count += count < (size_t)top;
        memmove(places + at + 1, places + at, (count - at - 1) * sizeof *places);
        places[at] = i;
    }
    return count;
}

// "[0, 17]": the place in a tensor of what is number i in it.
static const char *place_text(const cvy_desc *desc, size_t i, char text[PLACE_TEXT])
{
    int64_t index[CVY_MAX_RANK];
    size_t used = (size_t)snprintf(text, PLACE_TEXT, "[");

    for (int axis = desc->rank; axis-- > 0;) {
        index[axis] = (int64_t)i % desc->size[axis];
        i /= (size_t)desc->size[axis];
    }
    for (int axis = 0; axis < desc->rank; axis++) {
        used += (size_t)snprintf(text + used, PLACE_TEXT - used, axis > 0 ? ", %lld" : "%lld",
                                 (long long)index[axis]);
    }
    snprintf(text + used, PLACE_TEXT - used, "]");
    return text;
}

// Text --------------------------------------------------------------------------------------------

static void print_top(const struct run_report *r, const struct run_output *o, size_t *places)
{
    const cvy_desc *desc = &o->port.desc;
    struct rows rows = rows_of(desc);
    bool labelled = is_labelled(desc, r->labels);

    for (size_t row = 0; row < rows.count && row < MOST_ROWS; row++) {
        size_t count = find_top(o, row, r->top, places);

        for (size_t k = 0; k < count; k++) {
            size_t i = row * rows.length + places[k];
            char text[PLACE_TEXT];

            printf("  %12.6g  %s%s%s\n", value_at(desc->dtype, o->data, i),
                   place_text(desc, i, text), labelled ? "  " : "",
                   labelled ? r->labels->lines[places[k]] : "");
        }
    }
    if (rows.count > MOST_ROWS) {
        printf("  and %zu rows more (--json has all)\n", rows.count - MOST_ROWS);
    }
}

static void print_output(const struct run_report *r, const struct run_output *o, size_t *places)
{
    struct range range = range_of(o);
    char shape[SHAPE_TEXT], name[NAME_TEXT];

    snprintf(name, sizeof name, "%s", o->port.name);
    printf("%s  %s %s", tool_plain(name), dtype_text(o->port.desc.dtype),
           shape_text(&o->port.desc, shape));
    if (range.least <= range.most) {        // else there is no number at all
        printf("  min %.6g  max %.6g  mean %.6g", range.least, range.most, range.mean);
    }
    if (range.nans > 0) {
        printf("  %zu NaN", range.nans);
    }
    putchar('\n');
    print_top(r, o, places);
}

static void print_times(const struct run_report *r)
{
    printf("%.1f ms compiling, %.2f ms the first run", r->compile_ms, r->first_ms);
    if (r->repeats > 0) {
        printf("; then %ld: median %.2f ms, least %.2f ms", r->repeats, r->median_ms, r->least_ms);
    }
    putchar('\n');
}

static size_t *places_for(const struct run_report *r)
{
    size_t *places = calloc((size_t)r->top + 1, sizeof *places);

    if (places == NULL) {
        tool_error("run: out of memory");
        exit(TOOL_CHECK_FAILED);
    }
    return places;
}

void run_report_print(const struct run_report *r)
{
    size_t *places = places_for(r);

    if (!r->quiet) {
        printf("%s on %s: %zu launches, %.1f MMAC, arena %.2f MiB, weights %.2f MiB\n",
               r->model_path, r->place->device.name, r->model->info.launches,
               (double)r->model->info.macs * 1e-6, (double)r->model->info.arena_bytes / 0x1p20,
               (double)r->model->info.weight_bytes / 0x1p20);
    }
    for (size_t i = 0; i < r->model->info.outputs; i++) {
        const struct run_output *o = &r->outputs[i];
        char shape[SHAPE_TEXT], name[NAME_TEXT];

        snprintf(name, sizeof name, "%s", o->port.name);
        if (o->file != NULL) {
            printf("%s  %s %s  in %s\n", tool_plain(name), dtype_text(o->port.desc.dtype),
                   shape_text(&o->port.desc, shape), o->file);
        } else if (!r->quiet) {
            print_output(r, o, places);
        }
    }
    print_times(r);
    free(places);
}

// JSON --------------------------------------------------------------------------------------------

// JSON has no infinities and no NaN.
static cJSON *number(double value)
{
    return isfinite(value) ? cJSON_CreateNumber(value) : cJSON_CreateNull();
}

static cJSON *top_json(const struct run_report *r, const struct run_output *o, size_t row,
                       size_t *places)
{
    cJSON *list = cJSON_CreateArray();
    struct rows rows = rows_of(&o->port.desc);
    size_t count = find_top(o, row, r->top, places);

    for (size_t k = 0; k < count; k++) {
        cJSON *entry = cJSON_CreateObject();

        cJSON_AddNumberToObject(entry, "index", (double)places[k]);
        cJSON_AddItemToObject(entry, "value", number(value_at(o->port.desc.dtype, o->data,
                                                              row * rows.length + places[k])));
        if (is_labelled(&o->port.desc, r->labels)) {
            cJSON_AddStringToObject(entry, "label", r->labels->lines[places[k]]);
        }
        cJSON_AddItemToArray(list, entry);
    }
    return list;
}

static cJSON *output_json(const struct run_report *r, const struct run_output *o, size_t *places)
{
    cJSON *json = cJSON_CreateObject(), *shape, *top;
    struct range range = range_of(o);

    cJSON_AddStringToObject(json, "name", o->port.name);
    cJSON_AddStringToObject(json, "dtype", dtype_text(o->port.desc.dtype));
    shape = cJSON_AddArrayToObject(json, "shape");
    for (int i = 0; i < o->port.desc.rank; i++) {
        cJSON_AddItemToArray(shape, number((double)o->port.desc.size[i]));
    }
    cJSON_AddItemToObject(json, "min", number(range.least));
    cJSON_AddItemToObject(json, "max", number(range.most));
    cJSON_AddItemToObject(json, "mean", number(range.mean));
    cJSON_AddNumberToObject(json, "nan", (double)range.nans);
    if (o->file != NULL) {
        cJSON_AddStringToObject(json, "file", o->file);
    }
    top = cJSON_AddArrayToObject(json, "top");
    for (size_t row = 0; row < rows_of(&o->port.desc).count; row++) {
        cJSON_AddItemToArray(top, top_json(r, o, row, places));
    }
    return json;
}

static void add_network(cJSON *root, const cvy_network_info *info)
{
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        { "graph_nodes", (double)info->graph_nodes },
        { "expanded_nodes", (double)info->expanded_nodes }, { "nodes", (double)info->nodes },
        { "launches", (double)info->launches }, { "macs", (double)info->macs },
        { "weight_bytes", (double)info->weight_bytes },
        { "arena_bytes", (double)info->arena_bytes },
        { "intermediate_bytes", (double)info->intermediate_bytes }
    };

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        cJSON_AddNumberToObject(root, numbers[i].name, numbers[i].value);
    }
}

void run_report_json(const struct run_report *r)
{
    cJSON *root = cJSON_CreateObject(), *outputs, *ms;
    size_t *places = places_for(r);
    char *text;

    cJSON_AddStringToObject(root, "model", r->model_path);
    cJSON_AddStringToObject(root, "device", r->place->device.name);
    cJSON_AddStringToObject(root, "driver", r->place->device.driver);
    add_network(root, &r->model->info);
    ms = cJSON_AddObjectToObject(root, "ms");
    cJSON_AddNumberToObject(ms, "compile", r->compile_ms);
    cJSON_AddNumberToObject(ms, "first", r->first_ms);
    if (r->repeats > 0) {
        cJSON_AddNumberToObject(ms, "repeats", (double)r->repeats);
        cJSON_AddNumberToObject(ms, "median", r->median_ms);
        cJSON_AddNumberToObject(ms, "min", r->least_ms);
    }
    outputs = cJSON_AddArrayToObject(root, "outputs");
    for (size_t i = 0; i < r->model->info.outputs; i++) {
        cJSON_AddItemToArray(outputs, output_json(r, &r->outputs[i], places));
    }
    text = cJSON_Print(root);
    puts(text != NULL ? tool_utf8(text) : "{}");
    cJSON_free(text);
    cJSON_Delete(root);
    free(places);
}
