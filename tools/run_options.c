// The command line of `convoy run`.
#include "run_options.h"

#include "image.h"
#include "values.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TOP = 1000, MOST_REPEATS = 1000000 };


// One number, or one for each of three channels.
static bool read_list(const char *text, double out[3])
{
    int count = 0;

    for (;;) {
        char *end;

        out[count] = strtod(text, &end);
        if (end == text || !isfinite(out[count])) {
            return false;
        }
        count++;
        if (*end == '\0') {
            break;
        }
        if (*end != ',' || count == 3) {
            return false;
        }
        text = end + 1;
    }
    for (int i = 1; count == 1 && i < 3; i++) {
        out[i] = out[0];
    }
    return count == 1 || count == 3;
}

static bool read_number(const char *text, long least, long most, long *out)
{
    char *end;

    errno = 0;
    *out = strtol(text, &end, 10);
    return end != text && *end == '\0' && errno == 0 && *out >= least && *out <= most;
}

static bool read_size(const char *text, struct run_pixels *pixels)
{
    cvy_desc desc = { 0 };

    if (!shape_parse(text, &desc) || desc.rank != 2) {
        return false;
    }
    for (int i = 0; i < 2; i++) {
        if (desc.size[i] < 1 || desc.size[i] > IMAGE_MOST_SIDE) {
            return false;
        }
    }
    pixels->height = (int)desc.size[0];
    pixels->width = (int)desc.size[1];
    return true;
}

static bool add_file(const char *files[RUN_MOST_FILES], size_t *count, const char *file)
{
    if (*count == RUN_MOST_FILES) {
        return false;
    }
    files[(*count)++] = file;
    return true;
}

static bool read_pixels(int option, const char *value, struct run_pixels *pixels)
{
    double scale[3];

    switch (option) {
    case 'm': return read_list(value, pixels->mean);
    case 'v':
        return read_list(value, pixels->std) && pixels->std[0] != 0.0 && pixels->std[1] != 0.0 &&
               pixels->std[2] != 0.0;
    case 'c':
        pixels->has_scale = true;
        if (!read_list(value, scale) || strchr(value, ',') != NULL) {
            return false;
        }
        pixels->scale = scale[0];
        return true;
    default: return read_size(value, pixels);
    }
}

// One option with its value. False if the value is wrong.
static bool read_option(int option, const char *value, struct run_request *q)
{
    switch (option) {
    case 'd': q->device = value; return true;
    case 'b': q->labels = value; return true;
    case 't': q->trace = value; return true;
    case 'j': q->json = true; return true;
    case 'i': return add_file(q->inputs, &q->input_count, value);
    case 'o': return add_file(q->outputs, &q->output_count, value);
    case 'k': return read_number(value, 0, MOST_TOP, &q->top);
    case 'r': return read_number(value, 1, MOST_REPEATS, &q->repeat);
    case 'l':
        q->layout = strcmp(value, "nchw") == 0 ? CVY_NCHW :
                    strcmp(value, "nhwc") == 0 ? CVY_NHWC : CVY_LAYOUT_DEFAULT;
        return q->layout != CVY_LAYOUT_DEFAULT;
    default: return read_pixels(option, value, &q->pixels);
    }
}

// What is wanted of the options whose values can be wrong.
static const char *wanted(int option)
{
    switch (option) {
    case 'i':
    case 'o': return "at most 64 of them";
    case 'k': return "a number from 0 to 1000";
    case 'r': return "a number from 1 to 1000000";
    case 'l': return "nchw or nhwc";
    case 'm':
    case 'v': return "a number, or three such as 0.485,0.456,0.406, and no --std of 0";
    case 'c': return "a number";
    default: return "HEIGHTxWIDTH in pixels, such as 192x384";
    }
}

static void print_help(void)
{
    puts("usage: convoy run MODEL.onnx [--input NAME=FILE]... [--output NAME=FILE]..."
         " [OPTION]...\n\n"
         "Runs a model. FILE is .npy, or .png or .jpg, which is resized to the input. NAME may\n"
         "be left out where there is one only. Without --output, prints the shape, the range and\n"
         "the largest entries of each output.\n\n"
         "  --input NAME=FILE    an input's values: a .npy file or a photo\n"
         "  --output NAME=FILE   save an output as .npy\n"
         "  --scale S            photos: (pixel S - M) / D; 1/255 if not given, 1 for bytes\n"
         "  --mean M, --std D    a number, or three: red,green,blue; 0 and 1 if not given\n"
         "  --size HxW           of a photo where the model leaves it open; else the photo's own\n"
         "  --top N              largest entries to print, 5 if not given\n"
         "  --labels FILE        names of the classes, a line each\n"
         "  --repeat N           run N times more; prints median and least time\n"
         "  --layout L           of maps inside: nchw or nhwc; else the device's best\n"
         "  --trace FILE         write a Chrome/Perfetto trace: the host, jobs, and each kernel\n"
         "                       with the names of its nodes\n"
         "  --device D           `cpu`, `gpu`, PLATFORM:DEVICE, or part of a name\n"
         "  --json               machine-readable output");
}

int run_options_read(int argc, char **argv, struct run_request *q)
{
    static const struct option options[] = {
        { "input", required_argument, NULL, 'i' }, { "output", required_argument, NULL, 'o' },
        { "mean", required_argument, NULL, 'm' }, { "std", required_argument, NULL, 'v' },
        { "scale", required_argument, NULL, 'c' }, { "size", required_argument, NULL, 's' },
        { "top", required_argument, NULL, 'k' }, { "labels", required_argument, NULL, 'b' },
        { "repeat", required_argument, NULL, 'r' }, { "layout", required_argument, NULL, 'l' },
        { "trace", required_argument, NULL, 't' }, { "device", required_argument, NULL, 'd' },
        { "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' }, { 0 }
    };
    int option, index = 0;

    *q = (struct run_request) { .top = 5, .pixels.std = { 1.0, 1.0, 1.0 } };
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options, &index)) != -1) {
        if (option == ':') {
            return tool_usage("run", "`%s` needs a value", argv[optind - 1]);
        }
        if (option == '?') {
            return tool_usage("run", "`%s` is no option", argv[optind - 1]);
        }
        if (option == 'h') {
            print_help();
            return -1;
        }
        if (!read_option(option, optarg, q)) {
            return tool_usage("run", "--%s %s: wanted is %s", options[index].name, optarg,
                              wanted(option));
        }
    }
    if (optind == argc) {
        return tool_usage("run", "no model");
    }
    if (optind + 1 < argc) {
        return tool_usage("run", "`%s` is not expected", argv[optind + 1]);
    }
    q->model = argv[optind];
    return TOOL_DONE;
}
