// Texts that wisdom files know problems and devices by.
#include "plan/key.h"
#include "plan/names.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>

// Convolutions ------------------------------------------------------------------------------------

static void add(char *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(char *out, const char *format, ...)
{
    size_t length = strlen(out);
    va_list args;

    va_start(args, format);
    vsnprintf(out + length, KEY_BYTES - length, format, args);
    va_end(args);
}

// "CVY_RELU" as the specs have it: relu.
static void add_word(char *out, const char *before, const char *name)
{
    size_t at;

    add(out, "%s", before);
    at = strlen(out);
    add(out, "%s", name + strlen("CVY_"));
    for (; out[at]; at++)
        out[at] = (char)tolower((unsigned char)out[at]);
}

// One value for each axis from `first` on; nothing if all are `plain`.
static void add_list(char *out, const char *letter, const int64_t list[3], int first,
                     int64_t plain)
{
    bool all = true;

    for (int i = first; i < 3; i++)
        all = all && list[i] == plain;
    for (int i = first; i < 3 && !all; i++)
        add(out, "%s%lld", i == first ? letter : "x", (long long)list[i]);
}

// The least end padding, or output padding backward, that gives the output's size.
static int64_t rest_behind(const struct problem *problem, int i)
{
    const struct window *w = &problem->u.conv.window;
    int64_t in = problem->src.size[AXIS_SPATIAL + i], out = problem->dst.size[AXIS_SPATIAL + i];
    int64_t reach = w->dilation[i] * (w->kernel[i] - 1) + 1;

    return problem->direction == BACKWARD_DATA
        ? out - ((in - 1) * w->stride[i] + reach - 2 * w->pad[i])
        : MAX((out - 1) * w->stride[i] + reach - in - w->pad[i], 0);
}

static void add_ends(char *out, const struct problem *problem, int first)
{
    const struct window *w = &problem->u.conv.window;
    bool back = problem->direction == BACKWARD_DATA, same = true;
    int64_t behind[3], begin[3], none[3] = { 0 };

    for (int i = first; i < 3; i++) {
        behind[i] = rest_behind(problem, i);
        // What the end padding adds beyond the last window makes no difference.
        same = same && (back ? behind[i] == 0
                             : problem->dst.size[AXIS_SPATIAL + i]
                                   == (problem->src.size[AXIS_SPATIAL + i] + 2 * w->pad[i]
                                       - w->dilation[i] * (w->kernel[i] - 1) - 1)
                                          / w->stride[i] + 1);
        begin[i] = back ? MAX(w->pad[i] - behind[i], 0) : behind[i];
    }
    add_list(out, " p", w->pad, first, 0);
    if (same)
        return;
    if (!back) {
        for (int i = first; i < 3; i++)
            add(out, "%s%lld", i == first ? " q" : "x", (long long)behind[i]);
        return;
    }
    // A larger output is less padding at its end first, then output padding.
    for (int i = first; i < 3; i++) {
        add(out, "%s%lld", i == first ? " q" : "x", (long long)begin[i]);
        none[i] = MAX(behind[i] - w->pad[i], 0);
    }
    add_list(out, " o", none, first, 0);
}

static void conv_key(const struct problem *problem, char out[KEY_BYTES])
{
    const struct conv_problem *conv = &problem->u.conv;
    const struct tensor *src = &problem->src, *dst = &problem->dst;
    bool deep = src->size[AXIS_D] > 1 || dst->size[AXIS_D] > 1 || conv->window.kernel[0] > 1;
    cvy_activation activation = conv->activation;
    int first = deep ? 0 : 1;
    float slope, low, high;

    add(out, "%s n%lld c%lld", problem->direction == BACKWARD_DATA ? "deconv" : "conv",
        (long long)src->size[AXIS_N], (long long)src->size[AXIS_C]);
    if (deep)
        add(out, " d%lld", (long long)src->size[AXIS_D]);
    add(out, " h%lld w%lld k%lld", (long long)src->size[AXIS_H], (long long)src->size[AXIS_W],
        (long long)dst->size[AXIS_C]);
    add_list(out, " r", conv->window.kernel, first, 0);
    add_list(out, " s", conv->window.stride, first, 1);
    add_ends(out, problem, first);
    add_list(out, " l", conv->window.dilation, first, 1);
    if (conv->groups > 1)
        add(out, " g%lld", (long long)conv->groups);
    if (conv->padding_mode)
        add_word(out, " pad:", padding_mode_names.names[conv->padding_mode]);
    add_word(out, " ", dtype_name(src->dtype));
    add_word(out, " ", layout_name(src->layout));
    add(out, "%s%s", conv->bias ? " +bias" : "", conv->residual ? " +residual" : "");
    if (activation.kind && activation_piecewise(&activation, &slope, &low, &high))
        activation.kind = CVY_RELU;
    if (activation.kind)
        add_word(out, " +", activation_name(activation.kind));
    if (dst->layout != src->layout)
        add_word(out, " +to:", layout_name(dst->layout));
}

bool problem_key(const struct problem *problem, const char *spec, char out[KEY_BYTES])
{
    out[0] = '\0';
    if (problem->op == OP_CONV) {
        conv_key(problem, out);
        return true;
    }
    if (!spec || strlen(spec) >= KEY_BYTES || strchr(spec, '|') || strstr(spec, "..."))
        return false;
    strcpy(out, spec);
    return true;
}

// Devices -----------------------------------------------------------------------------------------

void device_key(const struct device *device, char out[KEY_BYTES])
{
    const cvy_device_info *info = &device->info;

    snprintf(out, KEY_BYTES, "%s, %s %s, %d units", info->name, info->platform_name, info->driver,
             info->compute_units);
    for (char *c = out; *c; c++)
        if (*c < ' ' || *c > '~' || *c == '|')
            *c = '_';
}

// Distance ----------------------------------------------------------------------------------------

#define MOST_WORDS 40
struct words {
    const char *at[MOST_WORDS];
    size_t length[MOST_WORDS], count;
};

static void split(const char *text, struct words *out)
{
    out->count = 0;
    while (*text && out->count < MOST_WORDS) {
        size_t length = strcspn(text, " ");

        if (length) {
            out->at[out->count] = text;
            out->length[out->count++] = length;
        }
        text += length + (text[length] == ' ');
    }
}

// A size that neighbours may differ in: a letter and a number.
static bool is_size(const char *word)
{
    return strchr("ncdhwk", word[0]) && word[1] >= '0' && word[1] <= '9';
}

static double size_of(const struct words *words, char letter)
{
    for (size_t i = 0; i < words->count; i++)
        if (words->at[i][0] == letter && is_size(words->at[i]))
            return MAX(strtod(words->at[i] + 1, NULL), 1.0);
    return 1.0;
}

static double groups_of(const struct words *words)
{
    for (size_t i = 0; i < words->count; i++)
        if (words->at[i][0] == 'g' && words->at[i][1] >= '0' && words->at[i][1] <= '9')
            return strtod(words->at[i] + 1, NULL);
    return 1.0;
}

// Flags cost little; a number of groups is compared apart.
static bool must_match(const char *word)
{
    return word[0] != '+' && !is_size(word)
        && !(word[0] == 'g' && word[1] >= '0' && word[1] <= '9');
}

static bool has_word(const struct words *words, const char *word, size_t length)
{
    for (size_t i = 0; i < words->count; i++)
        if (words->length[i] == length && memcmp(words->at[i], word, length) == 0)
            return true;
    return false;
}

static bool has_all(const struct words *words, const struct words *of)
{
    for (size_t i = 0; i < of->count; i++)
        if (must_match(of->at[i]) && !has_word(words, of->at[i], of->length[i]))
            return false;
    return true;
}

double key_distance(const char *a, const char *b)
{
    struct words x, y;
    double distance = 0.0;
    bool depthwise;

    split(a, &x);
    split(b, &y);
    if (!has_all(&x, &y) || !has_all(&y, &x))
        return -1.0;
    depthwise = groups_of(&x) > 1.0 && groups_of(&x) == size_of(&x, 'c')
        && groups_of(&y) == size_of(&y, 'c');
    if (!depthwise && groups_of(&x) != groups_of(&y))
        return -1.0;
    for (const char *letter = "ncdhwk"; *letter; letter++)
        distance += fabs(log2(size_of(&x, *letter) / size_of(&y, *letter)));
    return distance;
}
