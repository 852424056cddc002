// Reads the cases of golden/golden.txt and draws their inputs as golden/record.py did.
#include "golden_case.h"

#include "judge_random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const dtype_names[] = {
    "f32", "f16", "bf16", "f64", "i8", "u8", "i32", "i64", "bool", NULL
};
static const char *const layout_names[] = { "nchw", "nhwc", "plain", NULL };
static const char *const how_names[] = { "bits", "equal", "near", NULL };

uint8_t *golden_load(const char *path, size_t *bytes)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    long end;

    if (!file)
        return NULL;
    if (fseek(file, 0, SEEK_END) == 0 && (end = ftell(file)) >= 0) {
        rewind(file);
        data = malloc((size_t)end + 1);
        *bytes = data ? fread(data, 1, (size_t)end, file) : 0;
        if (data)
            data[*bytes] = '\0';
    }
    fclose(file);
    return data;
}

// Text -------------------------------------------------------------------------------------------

static int name_index(const char *const *names, const char *word)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], word) == 0)
            return i;
    return -1;
}

// 2x3x4
static bool read_sizes(const char *text, cvy_desc *out)
{
    for (out->rank = 0; out->rank < CVY_MAX_RANK;) {
        char *end;

        out->size[out->rank++] = strtoll(text, &end, 10);
        if (end == text || out->size[out->rank - 1] < 0)
            return false;
        if (*end == '\0')
            return true;
        text = end + 1;
    }
    return false;
}

static void set_strides(cvy_desc *desc)
{
    int64_t step = 1;
    bool channels_last = desc->layout == CVY_NHWC && desc->rank > 1;

    if (channels_last) {
        desc->stride[1] = 1;
        step = desc->size[1];
    }
    for (int a = desc->rank - 1; a >= 0; a--) {
        if (channels_last && a == 1)
            continue;
        desc->stride[a] = step;
        step *= desc->size[a];
    }
}

static bool read_words(char *rest, cvy_desc *out)
{
    char *save = NULL;

    out->dtype = CVY_F32;
    out->layout = CVY_PLAIN;
    for (char *word = strtok_r(rest, ":", &save); word; word = strtok_r(NULL, ":", &save)) {
        int dtype = name_index(dtype_names, word), layout = name_index(layout_names, word);

        if (dtype < 0 && layout < 0)
            return false;
        if (dtype >= 0)
            out->dtype = (cvy_dtype)(CVY_F32 + dtype);
        else
            out->layout = (cvy_layout)(CVY_NCHW + layout);
    }
    return true;
}

// Random numbers ---------------------------------------------------------------------------------

static double draw_special(int64_t number, struct judge_random *random)
{
    static const double specials[] = { NAN, INFINITY, -INFINITY, -0.0 };
    uint64_t roll = random_bits(random) % 16;
    int64_t whole = random_between(random, -number, number);

    return roll < 4 ? specials[roll] : (double)whole;
}

static double draw(char kind, int64_t number, struct judge_random *random)
{
    switch (kind) {
    case 'r': return ldexp((double)random_between(random, -(1 << 23), 1 << 23), (int)number - 23);
    case 'p': return ldexp((double)random_between(random, 1, 1 << 23), (int)number - 23);
    case 'i': return (double)random_between(random, -number, number);
    case 'j': return (double)random_between(random, 0, number - 1);
    case 'g': return (double)random_between(random, -number, number - 1);
    default: return draw_special(number, random);
    }
}

// SLOT=DATA:SIZES[:LAYOUT][:DTYPE]
static bool read_input(char *word, struct judge_random *random, struct golden_input *out)
{
    char kind, sizes[64], rest[32] = "";
    long long number;
    int64_t count;

    if (sscanf(word, "%15[a-z0-9]=%c%lld:%63[0-9x]:%31s", out->slot, &kind, &number, sizes,
               rest) < 4 || !strchr("rpijgs", kind))
        return false;
    if (!read_sizes(sizes, &out->desc) || !read_words(rest, &out->desc))
        return false;
    set_strides(&out->desc);
    count = cvy_desc_elements(&out->desc);
    out->values = malloc(((size_t)count + 1) * sizeof *out->values);
    for (int64_t i = 0; out->values && i < count; i++)
        out->values[i] = draw(kind, number, random);
    return out->values != NULL;
}

// DTYPE:SIZES:HOW@OFFSET [indices]
static bool read_answer(const char *text, struct golden_case *out)
{
    char dtype[8], sizes[64], how[8], indices[8] = "";
    int found = sscanf(text, "%7[a-z0-9]:%63[0-9x]:%7[a-z]@%zu %7s", dtype, sizes, how,
                       &out->offset, indices);
    int dtype_index = found >= 4 ? name_index(dtype_names, dtype) : -1;
    int how_index = found >= 4 ? name_index(how_names, how) : -1;

    if (dtype_index < 0 || how_index < 0 || !read_sizes(sizes, &out->dst))
        return false;
    out->dst.dtype = (cvy_dtype)(CVY_F32 + dtype_index);
    out->how = (enum golden_how)how_index;
    out->indices = strcmp(indices, "indices") == 0;
    return out->how == GOLDEN_BITS || out->dst.dtype == CVY_F32;
}

static bool read_inputs(char *text, struct judge_random *random, struct golden_case *out)
{
    char *save = NULL;

    for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        if (out->input_count == GOLDEN_MOST_INPUTS
            || !read_input(word, random, &out->inputs[out->input_count]))
            return false;
        out->input_count++;
    }
    return true;
}

bool golden_parse(const char *line, struct golden_case *out)
{
    char inputs[1024], answer[128];
    unsigned long long seed;
    struct judge_random random;

    *out = (struct golden_case) { .input_count = 0 };
    if (sscanf(line, "%511[^|]| %llu | %1023[^|]| %127[^\n]", out->spec, &seed, inputs,
               answer) != 4)
        return false;
    out->spec[strlen(out->spec) - 1] = '\0';
    random.state = seed;
    if (read_inputs(inputs, &random, out) && read_answer(answer, out))
        return true;
    golden_free(out);
    return false;
}

void golden_free(struct golden_case *c)
{
    for (int i = 0; i < c->input_count; i++)
        free(c->inputs[i].values);
    c->input_count = 0;
}

size_t golden_answer_bytes(const struct golden_case *c)
{
    size_t each = cvy_dtype_bytes(c->dst.dtype) + (c->how == GOLDEN_NEAR ? 2 : 0)
                + (c->indices ? 4 : 0);
    size_t bytes = each * (size_t)cvy_desc_elements(&c->dst);

    return (bytes + 3) / 4 * 4;
}

// Memory -----------------------------------------------------------------------------------------

int64_t golden_place(const cvy_desc *desc, int64_t i)
{
    int64_t place = 0;

    for (int a = desc->rank - 1; a >= 0; a--) {
        place += i % desc->size[a] * desc->stride[a];
        i /= desc->size[a];
    }
    return place;
}

// Of a value that the narrower type holds exactly, and that is normal or 0 there.
static uint16_t narrow(float value, cvy_dtype dtype)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    if (dtype == CVY_BF16)
        return (uint16_t)(bits >> 16);
    if (value == 0.0f)
        return (uint16_t)(bits >> 16 & 0x8000);
    return (uint16_t)((bits >> 16 & 0x8000) | ((bits >> 13 & 0x3ffff) - (112 << 10)));
}

#define PUT(type, value) \
    do { \
        type typed_ = (type)(value); \
        memcpy(at, &typed_, sizeof typed_); \
    } while (0)

static void put(cvy_dtype dtype, double value, uint8_t *at)
{
    switch (dtype) {
    case CVY_F16:
    case CVY_BF16: PUT(uint16_t, narrow((float)value, dtype)); break;
    case CVY_F64: PUT(double, value); break;
    case CVY_I8: PUT(int8_t, value); break;
    case CVY_U8:
    case CVY_BOOL: PUT(uint8_t, value); break;
    case CVY_I32: PUT(int32_t, value); break;
    case CVY_I64: PUT(int64_t, value); break;
    default: PUT(float, value); break;
    }
}

void golden_pack(const struct golden_input *input, uint8_t *image)
{
    size_t bytes = cvy_dtype_bytes(input->desc.dtype);
    int64_t count = cvy_desc_elements(&input->desc);

    for (int64_t i = 0; i < count; i++)
        put(input->desc.dtype, input->values[i],
            image + (size_t)golden_place(&input->desc, i) * bytes);
}
