// The problems of the bench: the rows of its suites, and what a problem's text says.
#include "bench.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Layers of networks, batch 1.
static const struct bench_row layers[] = {
    { "ResNet-50 7x7 s2 3-64 @224", "conv n1 c3 h224 w224 k64 r7x7 s2x2 p3x3 f32 +bias" },
    { "ResNet-50 1x1 64-64 @56", "conv n1 c64 h56 w56 k64 r1x1 f32 +bias" },
    { "ResNet-50 1x1 64-256 @56", "conv n1 c64 h56 w56 k256 r1x1 f32 +bias" },
    { "ResNet-50 3x3 64 @56", "conv n1 c64 h56 w56 k64 r3x3 p1x1 f32 +bias" },
    { "ResNet-50 1x1 512-128 @28", "conv n1 c512 h28 w28 k128 r1x1 f32 +bias" },
    { "ResNet-50 3x3 128 @28", "conv n1 c128 h28 w28 k128 r3x3 p1x1 f32 +bias" },
    { "ResNet-50 3x3 s2 128 @56", "conv n1 c128 h56 w56 k128 r3x3 s2x2 p1x1 f32 +bias" },
    { "ResNet-50 1x1 1024-256 @14", "conv n1 c1024 h14 w14 k256 r1x1 f32 +bias" },
    { "ResNet-50 3x3 256 @14", "conv n1 c256 h14 w14 k256 r3x3 p1x1 f32 +bias" },
    { "ResNet-50 1x1 512-2048 @7", "conv n1 c512 h7 w7 k2048 r1x1 f32 +bias" },
    { "ResNet-50 3x3 512 @7", "conv n1 c512 h7 w7 k512 r3x3 p1x1 f32 +bias" },
    { "VGG 3x3 64 @224", "conv n1 c64 h224 w224 k64 r3x3 p1x1 f32 +bias" },
    { "VGG 3x3 256 @56", "conv n1 c256 h56 w56 k256 r3x3 p1x1 f32 +bias" },
    { "MobileNetV2 dw 32 @112", "conv n1 c32 h112 w112 k32 r3x3 p1x1 g32 f32 +bias" },
    { "MobileNetV2 dw s2 96 @112", "conv n1 c96 h112 w112 k96 r3x3 s2x2 p1x1 g96 f32 +bias" },
    { "MobileNetV2 dw 384 @14", "conv n1 c384 h14 w14 k384 r3x3 p1x1 g384 f32 +bias" },
    { "MobileNetV2 1x1 32-16 @112", "conv n1 c32 h112 w112 k16 r1x1 f32 +bias" },
    { "MobileNetV2 1x1 16-96 @112", "conv n1 c16 h112 w112 k96 r1x1 f32 +bias" },
    { "MobileNetV2 1x1 384-64 @14", "conv n1 c384 h14 w14 k64 r1x1 f32 +bias" },
    { "MobileNetV2 1x1 320-1280 @7", "conv n1 c320 h7 w7 k1280 r1x1 f32 +bias" },
    { "AlexNet 5x5 g2 96-256 @27", "conv n1 c96 h27 w27 k256 r5x5 p2x2 g2 f32 +bias" },
    { "ResNeXt 3x3 g32 128 @56", "conv n1 c128 h56 w56 k128 r3x3 p1x1 g32 f32 +bias" },
    { "U-Net deconv 2x2 s2 128-64 @56", "deconv n1 c128 h56 w56 k64 r2x2 s2x2 f32 +bias" },
    { "DCGAN deconv 4x4 s2 256-128 @16",
      "deconv n1 c256 h16 w16 k128 r4x4 s2x2 p1x1 f32 +bias" },
    { "max pool 3x3 s2 64 @112", "pool max n1 c64 h112 w112 r3x3 s2x2 p1x1 f32" },
    { "average pool 2x2 s2 128 @56", "pool average n1 c128 h56 w56 r2x2 s2x2 f32" },
    { "global average pool 2048 @7", "pool average n1 c2048 h7 w7 f32 +global" },
    { "separable 3x3 dw + 1x1 64-128 @56",
      "separable depthwise n1 c64 h56 w56 k128 r3x3 p1x1 f32 +bias +bias2" },
    { "separable 7x1 + 1x7 32 @56",
      "separable spatial n1 c32 h56 w56 r7x7 p3x3 f32 +bias +bias2" },
    { "ResNet-50 linear 2048-1000", "linear n1 c2048 k1000 f32 +bias" }
};

// What memory alone bounds, on tensors that no cache holds: c64 h512 and a width.
enum { WIDE_CHANNELS = 64, WIDE_HEIGHT = 512 };
static const struct bench_row bandwidth[] = {
    { "depthwise 3x3", "conv n1 c64 h512 w@ k64 r3x3 p1x1 g64 f32 +bias" },
    { "max pool 2x2", "pool max n1 c64 h512 w@ r2x2 f32" },
    { "add", "binary add n1 c64 h512 w@ [1,64,512,@] f32" },
    { "concat", "concat n1 c64 h512 w@ [1,64,512,@] f32 +axis:1" }
};

size_t bench_rows(const char *suite, const struct bench_row **out)
{
    static const struct {
        const char *name;
        const struct bench_row *rows;
        size_t count;
    } suites[] = {
        { "layers", layers, sizeof layers / sizeof layers[0] },
        { "bandwidth", bandwidth, sizeof bandwidth / sizeof bandwidth[0] }
    };

    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
        if (strcmp(suites[i].name, suite) == 0) {
            *out = suites[i].rows;
            return suites[i].count;
        }
    }
    return 0;
}

void bench_row_spec(const struct bench_row *row, const char *layout, size_t bytes,
                    char spec[BENCH_SPEC])
{
    size_t width = bytes / (WIDE_CHANNELS * WIDE_HEIGHT * sizeof(float)), used = 0;

    for (const char *c = row->spec; *c != '\0' && used + 1 < BENCH_SPEC; c++) {
        used += (size_t)(*c == '@' ? snprintf(spec + used, BENCH_SPEC - used, "%zu", width) :
                         snprintf(spec + used, BENCH_SPEC - used, "%c", *c));
    }
    snprintf(spec + used, BENCH_SPEC - used, " %s", layout);
}

// Reading -----------------------------------------------------------------------------------------

// "3x3" or "3" into both axes.
static void read_pair(const char *text, int64_t pair[2])
{
    char *end;

    pair[0] = strtoll(text, &end, 10);
    pair[1] = *end == 'x' ? strtoll(end + 1, NULL, 10) : pair[0];
}

static bool read_flag(const char *word, struct bench_problem *p)
{
    static const char *const harmless[] = { "+global", "+axis:1", "f32", "depthwise", "nchw" };
    const struct {
        const char *word;
        bool *flag;
    } flags[] = {
        { "+bias", &p->bias }, { "+bias2", &p->bias2 }, { "+relu", &p->relu },
        { "max", &p->maximum }, { "+exclude_pad", &p->exclude_pad }, { "spatial", &p->spatial }
    };

    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (strcmp(word, flags[i].word) == 0) {
            *flags[i].flag = true;
            return true;
        }
    }
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++) {
        if (strcmp(word, harmless[i]) == 0) {
            return true;
        }
    }
    if (strcmp(word, "nhwc") == 0) {
        p->layout = CVY_NHWC;
        return true;
    }
    return strcmp(word, "average") == 0 || strcmp(word, "add") == 0;
}

static bool read_field(const char *word, struct bench_problem *p)
{
    const struct {
        char letter;
        int64_t *one, *pair;
    } fields[] = {
        { 'n', &p->n, NULL }, { 'c', &p->c, NULL }, { 'h', &p->h, NULL }, { 'w', &p->w, NULL },
        { 'k', &p->k, NULL }, { 'g', &p->groups, NULL }, { 'r', NULL, p->kernel },
        { 's', NULL, p->stride }, { 'p', NULL, p->begin }, { 'q', NULL, p->end },
        { 'l', NULL, p->dilation }
    };

    for (size_t i = 0; isdigit((unsigned char)word[1]) && i < sizeof fields / sizeof fields[0];
         i++) {
        if (fields[i].letter == word[0]) {
            if (fields[i].one != NULL) {
                *fields[i].one = strtoll(word + 1, NULL, 10);
            } else {
                read_pair(word + 1, fields[i].pair);
            }
            return true;
        }
    }
    return false;
}

static bool read_word(const char *word, struct bench_problem *p)
{
    if (word[0] == '[') {
        p->sources++;
        return strchr(word, ':') == NULL;       // of the first one's layout
    }
    return read_field(word, p) || read_flag(word, p);
}

static bool read_op(const char *word, struct bench_problem *p)
{
    static const char *const names[] = { "conv", "deconv", "pool", "separable", "linear", "binary",
                                         "concat" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(word, names[i]) == 0) {
            p->op = (enum bench_op)i;
            return true;
        }
    }
    return false;
}

static bool read_words(struct bench_problem *p, char error[BENCH_ERROR])
{
    char text[BENCH_SPEC], *rest = NULL;
    bool end_given;

    snprintf(text, sizeof text, "%s", p->spec);
    for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        if (!(word == text ? read_op(word, p) : read_word(word, p))) {
            snprintf(error, BENCH_ERROR, "`%.99s` is nothing that the bench has data for",
                     word);
            return false;
        }
    }
    end_given = p->end[0] >= 0;
    for (int i = 0; i < 2; i++) {
        p->end[i] = end_given ? p->end[i] : p->begin[i];
    }
    return true;
}

// Taps --------------------------------------------------------------------------------------------

// Taps along one axis that are inside `in`, over all `out` windows.
static double inside(const struct bench_problem *p, int axis, int64_t in, int64_t out)
{
    double taps = 0.0;

    for (int64_t o = 0; o < out; o++) {
        for (int64_t r = 0; r < p->kernel[axis]; r++) {
            int64_t i = o * p->stride[axis] - p->begin[axis] + r * p->dilation[axis];

            taps += i >= 0 && i < in;
        }
    }
    return taps;
}

static double window_taps(const struct bench_problem *p)
{
    bool backward = p->op == BENCH_DECONV;

    return backward ? inside(p, 0, p->oh, p->h) * inside(p, 1, p->ow, p->w) :
                      inside(p, 0, p->h, p->oh) * inside(p, 1, p->w, p->ow);
}

static double count_taps(const struct bench_problem *p)
{
    double images = (double)p->n, c = (double)p->c, k = (double)p->k;

    switch (p->op) {
    case BENCH_CONV:
    case BENCH_DECONV: return images * c * k / (double)p->groups * window_taps(p);
    case BENCH_POOL: return images * c * window_taps(p);
    case BENCH_SEPARABLE:
        if (p->spatial) {
            return images * c * (inside(p, 0, p->h, p->oh) * (double)p->w +
                                 inside(p, 1, p->w, p->ow) * (double)p->oh);
        }
        return images * c * (window_taps(p) + k * (double)(p->oh * p->ow));
    case BENCH_LINEAR: return images * c * k;
    case BENCH_ADD: return images * c * (double)(p->h * p->w);
    default: return 0.0;
    }
}

// A global pool has one window over everything; what is no map has one pixel.
static void complete(struct bench_problem *p, const cvy_plan_info *plan)
{
    p->oh = plan->dst.rank > 2 ? plan->dst.size[2] : 1;
    p->ow = plan->dst.rank > 3 ? plan->dst.size[3] : 1;
    if (p->kernel[0] == 0) {
        p->kernel[0] = p->h;
        p->kernel[1] = p->w;
    }
    for (int i = 0; i < 2; i++) {
        p->stride[i] = p->stride[i] > 0 ? p->stride[i] :
                       p->op == BENCH_POOL ? p->kernel[i] : 1;
        p->dilation[i] = p->dilation[i] > 0 ? p->dilation[i] : 1;
    }
    p->groups = p->groups > 0 ? p->groups : 1;
    if (p->k == 0) {
        p->k = plan->dst.rank > 1 ? plan->dst.size[1] : 1;
    }
    p->taps = count_taps(p);
    p->bytes = (double)plan->bytes;
}

bool bench_problem_read(const cvy_plan_info *plan, struct bench_problem *out,
                        char error[BENCH_ERROR])
{
    *out = (struct bench_problem) { .layout = CVY_NCHW, .n = 1, .h = 1, .w = 1, .sources = 1,
                                    .end = { -1, -1 } };
    snprintf(out->spec, sizeof out->spec, "%s", plan->spec);
    if (!read_words(out, error)) {
        return false;
    }
    if (plan->dst.rank != 4 && !(out->op == BENCH_LINEAR && plan->dst.rank == 2)) {
        snprintf(error, BENCH_ERROR, "the bench has data for two spatial axes, not for rank %d",
                 (int)plan->dst.rank);
        return false;
    }
    complete(out, plan);
    return true;
}
