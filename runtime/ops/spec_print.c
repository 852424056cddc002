// OP-SPEC text: the printer.
#include "ops/spec_text.h"

#include <math.h>
#include <stdio.h>

// A word being put together; the longest is a source with layout and strides.
struct word {
    char text[320];
    size_t length;
};

static void put(struct word *word, const char *text)
{
    size_t length = MIN(strlen(text), sizeof word->text - 1 - word->length);

    memcpy(word->text + word->length, text, length);
    word->length += length;
    word->text[word->length] = '\0';
}

static void put_number(struct word *word, int64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%lld", (long long)value);
    put(word, text);
}

static void put_float(struct word *word, float value)
{
    char text[SPEC_FLOAT_BYTES];

    spec_float_print(value, text);
    put(word, text);
}

static void put_list(struct word *word, const int64_t *list, int count, const char *between)
{
    for (int i = 0; i < count; i++) {
        put(word, i ? between : "");
        put_number(word, list[i]);
    }
}

#define CUT " ..."

// Appends the word and empties it. The line keeps room for CUT; once cut, nothing more is added.
static void line_add(char *line, struct word *word)
{
    size_t length = strlen(line);
    bool cut = length >= strlen(CUT) && strcmp(line + length - strlen(CUT), CUT) == 0;

    if (word->length && !cut) {
        if (length + 1 + word->length + strlen(CUT) < SPEC_BYTES)
            snprintf(line + length, SPEC_BYTES - length, "%s%s", length ? " " : "", word->text);
        else
            strcpy(line + length, CUT);
    }
    word->length = 0;
    word->text[0] = '\0';
}

static void print_sizes(const cvy_desc *src, char *out)
{
    static const char *const letters[] = { "ncdhw", "ncw", "nchw", "ncdhw" };
    struct word word = { .length = 0 };
    const char *names = src->rank == 2 ? letters[0] : letters[MIN(MAX(src->rank - 2, 1), 3)];

    if (src->layout == CVY_PLAIN || src->rank < 2 || src->rank > 5) {
        put(&word, "[");
        put_list(&word, src->size, MIN(src->rank, CVY_MAX_RANK), ",");
        put(&word, "]");
        line_add(out, &word);
        return;
    }
    for (int i = 0; i < src->rank; i++) {
        put(&word, (char[]) { names[i], '\0' });
        put_number(&word, src->size[i]);
        line_add(out, &word);
    }
}

static void print_source(const struct spec *spec, const cvy_desc *source, char *out)
{
    struct word word = { .length = 0 };
    int rank = MIN(source->rank, CVY_MAX_RANK);

    put(&word, "[");
    put_list(&word, source->size, rank, ",");
    put(&word, "]");
    if (spec->op == SPEC_GATHER) {
        put(&word, source->dtype == CVY_I32 ? ":i32" : "");
    } else if (source->layout != spec->src.layout) {
        put(&word, ":");
        put(&word, spec_layouts[source->layout - CVY_NCHW]);
    }
    if (!spec_list_is(source->stride, rank, 0)) {
        put(&word, ":");
        put_list(&word, source->stride, rank, "x");
    }
    line_add(out, &word);
}

// Zeros are left out, but not an end padding of 0 that differs from the begin.
static bool field_counts(const struct spec *spec, const struct spec_field *field,
                         const int64_t *list, int count)
{
    bool end = field->at == offsetof(struct spec, padding_end);

    return (end && spec->padding_rule == CVY_PAD_BEGIN_END) || !spec_list_is(list, count, 0);
}

static void print_fields(const struct spec *spec, char *out)
{
    for (size_t i = 0; i < spec_field_count; i++) {
        const struct spec_field *field = &spec_fields[i];
        int count = field->type == SPEC_LIST ? spec_spatial(spec) : 1;
        struct word word = { .length = 0 };
        int64_t list[3];

        memcpy(list, (const char *)spec + field->at, (size_t)count * sizeof *list);
        if (!(field->ops >> spec->op & 1) || !field_counts(spec, field, list, count))
            continue;
        put(&word, field->name);
        put_list(&word, list, count, "x");
        line_add(out, &word);
    }
}

static void put_activation(struct word *word, const cvy_activation *a, int64_t parameters)
{
    const float values[2] = { a->alpha, a->beta };
    bool given = a->kind == CVY_CLIP || a->alpha != 0.0f || a->beta != 0.0f;

    put(word, spec_activations[a->kind - CVY_RELU]);
    for (int i = 0; i < spec_activation_values(a->kind) && given; i++) {
        put(word, ":");
        put_float(word, values[i]);
    }
    if (parameters) {
        put(word, ":");
        put_number(word, parameters);
    }
}

static void put_indices(struct word *word, const struct spec *spec)
{
    put(word, "indices");
    if (spec->indices == CVY_INDICES_TENSOR || spec->indices_dtype)
        put(word, spec->indices == CVY_INDICES_TENSOR ? ":tensor" : ":plane");
    if (spec->indices_dtype)
        put(word, ":i32");
}

static void put_value(struct word *word, const char *name, int64_t value)
{
    if (value == 0)
        return;
    put(word, name);
    put(word, ":");
    put_number(word, value);
}

static void put_axes(struct word *word, const char *name, const int64_t *list, int rank)
{
    if (spec_list_is(list, rank, 0))
        return;
    put(word, name);
    put(word, ":");
    put_list(word, list, rank, "x");
}

// The numbers of the axes that are set.
static void put_axis_set(struct word *word, const char *name, const bool *set, int rank)
{
    bool any = false;

    for (int i = 0; i < rank; i++) {
        if (!set[i])
            continue;
        put(word, any ? "x" : name);
        put(word, any ? "" : ":");
        put_number(word, i);
        any = true;
    }
}

static void put_float_value(struct word *word, const char *name, float value)
{
    if (value == 0.0f && !signbit(value))
        return;
    put(word, name);
    put(word, ":");
    put_float(word, value);
}

static void put_floats(struct word *word, const char *name, const float *list, int count)
{
    bool any = false;

    for (int i = 0; i < count; i++)
        any = any || list[i] != 0.0f;
    for (int i = 0; i < count && any; i++) {
        put(word, i ? "x" : name);
        put(word, i ? "" : ":");
        put_float(word, list[i]);
    }
}

// A flag without its +; nothing where it has its default.
static void put_flag(struct word *word, const struct spec *spec, const struct spec_field *field)
{
    const void *at = (const char *)spec + field->at;
    int rank = MIN(spec->src.rank, CVY_MAX_RANK);

    switch (field->type) {
    case SPEC_FLAG:
        put(word, *(const bool *)at ? field->name : "");
        break;
    case SPEC_VALUE:
        put_value(word, field->name, *(const int64_t *)at);
        break;
    case SPEC_AXIS:
        put_value(word, field->name, *(const int32_t *)at);
        break;
    case SPEC_FLOAT:
        put_float_value(word, field->name, *(const float *)at);
        break;
    case SPEC_AXES:
        put_axes(word, field->name, at, rank);
        break;
    case SPEC_AXIS_SET:
        put_axis_set(word, field->name, at, rank);
        break;
    case SPEC_I32:
        put(word, spec->indices_dtype == CVY_I32 ? field->name : "");
        break;
    case SPEC_AS:
        put(word, field->name);
        put(word, ":");
        put(word, spec_dtypes[spec->as - CVY_F32]);
        break;
    case SPEC_ACTIVATION_WORD:
        if (spec->activation.kind)
            put_activation(word, &spec->activation, spec->num_parameters);
        break;
    case SPEC_COORDINATES:
        put(word, spec->coordinates ? spec_flag_words(field->type)[spec->coordinates] : "");
        break;
    case SPEC_ROUNDING:
        put(word, spec->rounding ? spec_flag_words(field->type)[spec->rounding] : "");
        break;
    case SPEC_FLOATS:
        put_floats(word, field->name, at, spec_spatial(spec));
        break;
    case SPEC_MID:
        if (spec->mid.kind) {
            put(word, "mid:");
            put_activation(word, &spec->mid, 0);
        }
        break;
    case SPEC_EXCLUDE_PAD:
        put(word, spec->count_include_pad == CVY_COUNT_PAD_EXCLUDE ? field->name : "");
        break;
    case SPEC_INDICES:
        if (spec->indices)
            put_indices(word, spec);
        break;
    case SPEC_SAME:
        put(word, spec->padding_rule == CVY_PAD_SAME ? field->name : "");
        break;
    case SPEC_TO:
        if (spec->dst.layout) {
            put(word, "to:");
            put(word, spec_layouts[spec->dst.layout - CVY_NCHW]);
        }
        break;
    case SPEC_SRC_STRIDE:
        put_axes(word, field->name, at, rank);
        break;
    case SPEC_DST_STRIDE:
        put_axes(word, field->name, at, spec_dst_rank(spec));
        break;
    default:
        break;
    }
}

static void print_flags(const struct spec *spec, char *out)
{
    for (size_t i = 0; i < spec_flag_count; i++) {
        struct word word = { .length = 0 };

        if (!(spec_flags[i].ops >> spec->op & 1))
            continue;
        put(&word, "+");
        put_flag(&word, spec, &spec_flags[i]);
        if (word.length > 1)
            line_add(out, &word);
    }
}

static void print_word(const char *before, const char *text, char *out)
{
    struct word word = { .length = 0 };

    put(&word, before);
    put(&word, text);
    line_add(out, &word);
}

void spec_print(const struct spec *spec, char *out)
{
    const struct spec_operator *op = &spec_operators[spec->op];

    out[0] = '\0';
    print_word("", op->name, out);
    if (op->kinds)
        print_word("", op->kinds[spec->kind - op->first_kind], out);
    print_sizes(&spec->src, out);
    for (size_t i = 1; i < spec->src_count; i++)
        print_source(spec, &spec->sources[i], out);
    print_fields(spec, out);
    if (spec->padding_mode)
        print_word("pad:", spec_padding_modes[spec->padding_mode], out);
    print_word("", spec_dtypes[spec->src.dtype - CVY_F32], out);
    print_word("", spec_layouts[spec->src.layout - CVY_NCHW], out);
    print_flags(spec, out);
}
