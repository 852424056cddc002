// OP-SPEC text: the parser. Takes any bytes; an error quotes the word and says what would be right.
#include "ops/spec_cursor.h"

#include <math.h>

// Fields -----------------------------------------------------------------------------------------

static const char size_letters[] = "ncdhw";

static cvy_status parse_size(struct parser *p, size_t index)
{
    char name[2] = { size_letters[index], '\0' };

    p->at++;
    if (!word_number(p, &p->sizes[index]) || p->at != p->end)
        return word_bad(p, "should be %s and one number below 2^63, such as %s8", name, name);
    return word_once(p, &p->sizes_given, index, name);
}

static cvy_status parse_field(struct parser *p, size_t index)
{
    const struct spec_field *field = &spec_fields[index];
    int64_t list[3];
    int most = field->type == SPEC_LIST ? 3 : 1;

    p->at++;
    if (!word_list(p, 'x', field->least, most, list, &p->counts[index]) || p->at != p->end)
        return word_bad(p, "should be %s and %s of at least %lld, such as %s", field->name,
                        most == 3 ? "up to three numbers joined by x," : "one number",
                        (long long)field->least, most == 3 ? "r3x3" : "k64");
    memcpy((char *)p->spec + field->at, list, (size_t)p->counts[index] * sizeof *list);
    return word_once(p, &p->fields_given, index, field->name);
}

static cvy_status parse_letter(struct parser *p)
{
    const char *size = strchr(size_letters, *p->word);

    if (p->end - p->word < 2 || !strchr("-0123456789", p->word[1]))
        return word_unknown(p);
    if (size)
        return parse_size(p, (size_t)(size - size_letters));
    for (size_t i = 0; i < spec_field_count; i++)
        if (*p->word == spec_fields[i].name[0] && operator_has(p, &spec_fields[i]))
            return parse_field(p, i);
    return word_unknown(p);
}

static cvy_status parse_padding_mode(struct parser *p)
{
    static const uint32_t ops = 1u << SPEC_CONV | 1u << SPEC_SEPARABLE | 1u << SPEC_PAD;
    char list[NAMES_BYTES];
    int mode;

    if (!(ops >> p->spec->op & 1))
        return word_unknown(p);
    p->at += strlen("pad:");
    mode = word_name(p, spec_padding_modes);
    if (mode < 0 || p->at != p->end)
        return word_bad(p, "should be pad: and one of %s", names_list(spec_padding_modes, list));
    if (p->padding_mode_given)
        return word_bad(p, "says pad a second time");
    p->padding_mode_given = true;
    p->spec->padding_mode = (cvy_padding_mode)mode;
    return CVY_OK;
}

// :layout, and of gather's indices :dtype; true if there is neither.
static bool take_bracket_name(struct parser *p, cvy_desc *source)
{
    const char *const *names = p->spec->op == SPEC_GATHER ? spec_dtypes : spec_layouts;
    int name;

    if (p->end - p->at < 2 || p->at[0] != ':' || p->at[1] < 'a')
        return true;
    p->at++;
    name = word_name(p, names);
    if (names == spec_dtypes)
        source->dtype = (cvy_dtype)(name + CVY_F32);
    else
        source->layout = (cvy_layout)(name + CVY_NCHW);
    return name >= 0;
}

// [1,5,4,4], with :layout and :strides behind it.
static cvy_status parse_bracket(struct parser *p)
{
    cvy_desc source = { .rank = 0 };
    int count, strides;
    bool good;

    p->at++;
    good = word_list(p, ',', 0, CVY_MAX_RANK, source.size, &count) && word_char(p, ']');
    source.rank = count;
    good = good && take_bracket_name(p, &source);
    if (good && word_char(p, ':'))
        good = word_list(p, 'x', 0, CVY_MAX_RANK, source.stride, &strides) && strides == count;
    if (!good || p->at != p->end)
        return word_bad(p, "should be 1 to %d sizes such as [2,3,400], without blanks; behind "
                        "it may stand :nhwc, and as many strides such as :1200x400x1",
                        CVY_MAX_RANK);
    if (p->brackets == CVY_MAX_SOURCES)
        return word_bad(p, "is one source too many; there can be %d", CVY_MAX_SOURCES);
    p->spec->sources[p->brackets++] = source;
    return CVY_OK;
}

// Flags ------------------------------------------------------------------------------------------

// relu, clip:0:6; with `parameters`, also prelu:64.
static cvy_status parse_activation(struct parser *p, cvy_activation *out, int64_t *parameters)
{
    int kind = word_name(p, spec_activations), values, given = 0;
    float value[2] = { 0.0f, 0.0f };
    char list[NAMES_BYTES];
    bool good = true;

    if (kind < 0)
        return word_bad(p, "should name one of %s", names_list(spec_activations, list));
    *out = (cvy_activation) { (cvy_activation_kind)(kind + CVY_RELU), 0.0f, 0.0f };
    values = spec_activation_values(out->kind);
    while (good && given < values && word_char(p, ':'))
        good = word_float(p, &value[given++]);
    if (good && out->kind == CVY_PRELU && parameters && word_char(p, ':'))
        good = word_number(p, parameters) && *parameters >= 1;
    if (!good || p->at != p->end || (out->kind == CVY_CLIP && given < 2))
        return word_bad(p, "should be %s%s", spec_activations[kind],
                        out->kind == CVY_CLIP ? ":LOW:HIGH, such as clip:0:6"
                        : values ? values == 2 ? ", or with :ALPHA:BETA" : ", or with :ALPHA"
                        : out->kind == CVY_PRELU && parameters ? ", or with the number of slopes"
                        : " without values");
    out->alpha = value[0];
    out->beta = value[1];
    return CVY_OK;
}

static cvy_status parse_indices(struct parser *p)
{
    static const char *const kinds[] = { "plane", "tensor", NULL };
    static const char *const dtypes[] = { "i32", "i64", NULL };
    int kind = 0, dtype = 1;

    if (word_char(p, ':'))
        kind = word_name(p, kinds);
    if (kind >= 0 && word_char(p, ':'))
        dtype = word_name(p, dtypes);
    if (kind < 0 || dtype < 0 || p->at != p->end)
        return word_bad(p, "should be +indices, +indices:plane or +indices:tensor, with :i32 or "
                        ":i64 behind it");
    p->spec->indices = kind ? CVY_INDICES_TENSOR : CVY_INDICES_PLANE;
    p->spec->indices_dtype = dtype ? CVY_I64 : CVY_I32;
    return CVY_OK;
}

static cvy_status parse_value(struct parser *p, const struct spec_field *field)
{
    int64_t value = 0;
    bool negative, good = word_char(p, ':');

    negative = good && field->type == SPEC_AXIS && word_char(p, '-');
    good = good && word_number(p, &value) && p->at == p->end && value >= field->least;
    if (!good || (field->type == SPEC_AXIS && value > INT32_MAX))
        return word_bad(p, "should be +%s: and a number%s", field->name,
                        field->least ? " of at least 1" : "");
    if (field->type == SPEC_AXIS)
        p->spec->axis = (int32_t)(negative ? -value : value);
    else
        memcpy((char *)p->spec + field->at, &value, sizeof value);
    return CVY_OK;
}

// NaN only where a number of any kind will do.
static cvy_status parse_float(struct parser *p, const struct spec_field *field)
{
    static const char *const nan_word[] = { "nan", NULL };
    float value = NAN;
    bool good = word_char(p, ':');

    if (good && (field->least || word_name(p, nan_word) < 0))
        good = word_float(p, &value);
    if (!good || p->at != p->end || (field->least && !(value > 0.0f)))
        return word_bad(p, "should be +%s: and a number%s, such as +%s:2", field->name,
                        field->least ? " above 0" : "", field->name);
    memcpy((char *)p->spec + field->at, &value, sizeof value);
    return CVY_OK;
}

static cvy_status parse_axes(struct parser *p, const struct spec_field *field)
{
    int64_t list[CVY_MAX_RANK];
    int *count = &p->flag_counts[field - spec_flags];

    if (!word_char(p, ':') || !word_list(p, 'x', field->least, CVY_MAX_RANK, list, count)
        || p->at != p->end)
        return word_bad(p, "should be one number%s for each axis, joined by x, such as "
                        "+%s:0x1x3x2", field->least < 0 ? "" : " of at least 0", field->name);
    memcpy((char *)p->spec + field->at, list, (size_t)*count * sizeof *list);
    return CVY_OK;
}

static cvy_status parse_axis_set(struct parser *p, const struct spec_field *field)
{
    bool *set = (bool *)(void *)((char *)p->spec + field->at);
    int64_t list[CVY_MAX_RANK];
    int count = 0;
    bool good = word_char(p, ':') && word_list(p, 'x', 0, CVY_MAX_RANK, list, &count);

    for (int i = 0; i < count && good; i++) {
        good = list[i] < CVY_MAX_RANK && !set[list[i]];
        if (good)
            set[list[i]] = true;
    }
    if (!good || p->at != p->end)
        return word_bad(p, "should be +%s: and numbers of axes, each once, joined by x, such as "
                        "+%s:2x3", field->name, field->name);
    return CVY_OK;
}

// One float for each spatial axis.
static cvy_status parse_floats(struct parser *p, const struct spec_field *field)
{
    float list[3];
    int *count = &p->flag_counts[field - spec_flags];
    bool good = true;

    for (*count = 0; good && *count < 3 && word_char(p, *count ? 'x' : ':'); ++*count)
        good = word_float(p, &list[*count]);
    if (!good || *count == 0 || p->at != p->end)
        return word_bad(p, "should be +%s: and a number for each spatial axis, joined by x, "
                        "such as +%s:2x0.5", field->name, field->name);
    memcpy((char *)p->spec + field->at, list, (size_t)*count * sizeof *list);
    return CVY_OK;
}

static cvy_status parse_flag_word(struct parser *p, const struct spec_field *field)
{
    int32_t value = word_name(p, spec_flag_words(field->type));

    if (p->at != p->end)
        return word_bad(p, "should be +%s alone", spec_flag_words(field->type)[value]);
    memcpy((char *)p->spec + field->at, &value, sizeof value);
    return CVY_OK;
}

static cvy_status parse_to(struct parser *p)
{
    int layout = word_char(p, ':') ? word_name(p, spec_layouts) : -1;

    if (layout < 0 || p->at != p->end)
        return word_bad(p, "should be +to:nchw, +to:nhwc or +to:plain");
    p->spec->dst.layout = (cvy_layout)(layout + CVY_NCHW);
    return CVY_OK;
}

static cvy_status parse_as(struct parser *p)
{
    char list[NAMES_BYTES];
    int dtype = word_char(p, ':') ? word_name(p, spec_dtypes) : -1;

    if (dtype < 0 || p->at != p->end)
        return word_bad(p, "should be +as: and one of %s", names_list(spec_dtypes, list));
    p->spec->as = (cvy_dtype)(dtype + CVY_F32);
    return CVY_OK;
}

static cvy_status parse_strides(struct parser *p, int64_t *stride, int *count)
{
    if (!word_char(p, ':') || !word_list(p, 'x', 0, CVY_MAX_RANK, stride, count)
        || p->at != p->end)
        return word_bad(p, "should be one stride for each axis, joined by x, such as "
                        "+src_stride:192x1x48x3");
    return CVY_OK;
}

static cvy_status parse_plain_flag(struct parser *p, const struct spec_field *field)
{
    if (p->at != p->end)
        return word_bad(p, "should be +%s alone", field->name);
    if (field->type == SPEC_FLAG)
        *(bool *)(void *)((char *)p->spec + field->at) = true;
    else if (field->type == SPEC_I32)
        p->spec->indices_dtype = CVY_I32;
    else if (field->type == SPEC_EXCLUDE_PAD)
        p->spec->count_include_pad = CVY_COUNT_PAD_EXCLUDE;
    else
        p->spec->padding_rule = CVY_PAD_SAME;
    return CVY_OK;
}

static cvy_status parse_flag_values(struct parser *p, const struct spec_field *field)
{
    switch (field->type) {
    case SPEC_VALUE:
    case SPEC_AXIS:
        return parse_value(p, field);
    case SPEC_FLOAT:
        return parse_float(p, field);
    case SPEC_AXES:
        return parse_axes(p, field);
    case SPEC_AXIS_SET:
        return parse_axis_set(p, field);
    case SPEC_ACTIVATION_WORD:
        return parse_activation(p, &p->spec->activation, p->spec->op == SPEC_ACTIVATION
                                                             ? &p->spec->num_parameters : NULL);
    case SPEC_COORDINATES:
    case SPEC_ROUNDING:
        return parse_flag_word(p, field);
    case SPEC_FLOATS:
        return parse_floats(p, field);
    case SPEC_MID:
        if (!word_mid(p))
            return mid_bad(p);
        return parse_activation(p, &p->spec->mid, NULL);
    case SPEC_INDICES:
        return parse_indices(p);
    case SPEC_AS:
        return parse_as(p);
    case SPEC_TO:
        return parse_to(p);
    case SPEC_SRC_STRIDE:
        return parse_strides(p, p->spec->src.stride, &p->src_strides);
    case SPEC_DST_STRIDE:
        return parse_strides(p, p->spec->dst.stride, &p->dst_strides);
    default:
        return parse_plain_flag(p, field);
    }
}

static cvy_status parse_flag(struct parser *p)
{
    p->at++;
    for (size_t i = 0; i < spec_flag_count; i++) {
        const struct spec_field *field = &spec_flags[i];
        const char *start = p->at;
        const char *const names[] = { field->name, NULL };
        cvy_status st;

        if (!operator_has(p, field)
            || word_name(p, field->name ? names : spec_flag_words(field->type)) < 0)
            continue;
        if (!field->name)
            p->at = start;
        st = word_once(p, &p->flags_given, i, field->name ? field->name
                       : field->type == SPEC_ACTIVATION_WORD ? "an activation" : "such a word");
        return st == CVY_OK ? parse_flag_values(p, field) : st;
    }
    return flag_unknown(p);
}

static cvy_status parse_word(struct parser *p)
{
    int dtype = word_whole(p, spec_dtypes);
    int layout = word_whole(p, spec_layouts);

    if (*p->word == '+')
        return parse_flag(p);
    if (*p->word == '[')
        return parse_bracket(p);
    if (p->end - p->word >= 4 && memcmp(p->word, "pad:", 4) == 0)
        return parse_padding_mode(p);
    if ((dtype >= 0 && p->spec->src.dtype) || (layout >= 0 && p->spec->src.layout))
        return word_bad(p, "says the %s a second time", dtype >= 0 ? "dtype" : "layout");
    if (dtype >= 0)
        p->spec->src.dtype = (cvy_dtype)(dtype + CVY_F32);
    else if (layout >= 0)
        p->spec->src.layout = (cvy_layout)(layout + CVY_NCHW);
    else
        return parse_letter(p);
    return CVY_OK;
}

// The whole --------------------------------------------------------------------------------------

static cvy_status parse_op(struct parser *p)
{
    char list[NAMES_BYTES] = "";

    if (!word_next(p))
        return fail(CVY_ERR_ARGUMENT, "spec is empty; it starts with an operator such as conv");
    for (int i = 0; i < SPEC_OP_COUNT; i++) {
        const char *const names[] = { spec_operators[i].name, NULL };

        p->spec->op = (enum spec_op)i;
        if (word_whole(p, names) == 0)
            return CVY_OK;
        names_add(list, "", names[0]);
    }
    return word_bad(p, "is no operator; there are%s", list);
}

// The word behind the operator, if it is a kind; else it stays to be read.
static cvy_status parse_kind(struct parser *p)
{
    const struct spec_operator *op = &spec_operators[p->spec->op];
    const char *before = p->end;
    char list[NAMES_BYTES];
    int kind;

    if (!op->kinds)
        return CVY_OK;
    p->spec->kind = op->first_kind;
    kind = word_next(p) ? word_whole(p, op->kinds) : -1;
    if (kind < 0 && op->kind_required)
        return word_bad(p, "is no kind of %s; there are %s", op->name, names_list(op->kinds, list));
    if (kind < 0)
        p->end = before;
    else
        p->spec->kind += kind;
    return CVY_OK;
}

// n c, and behind them w, h w or d h w.
static cvy_status finish_letters(struct parser *p)
{
    static const struct { uint32_t given; int first; } legal[] = {
        { 0x03, SIZE_COUNT }, { 0x13, SIZE_W }, { 0x1b, SIZE_H }, { 0x1f, SIZE_D },
    };
    cvy_desc *src = &p->spec->src;

    for (size_t i = 0; i < COUNT_OF(legal); i++) {
        if (p->sizes_given != legal[i].given)
            continue;
        src->rank = 2 + (int32_t)i;
        memcpy(src->size, p->sizes, 2 * sizeof *p->sizes);
        memcpy(src->size + 2, p->sizes + legal[i].first, i * sizeof *p->sizes);
        return CVY_OK;
    }
    return fail(CVY_ERR_ARGUMENT, "spec: %s needs its source as n c, n c w, n c h w, n c d h w or "
                "[sizes]", operator_name(p));
}

static cvy_status finish_src(struct parser *p)
{
    struct spec *spec = p->spec;
    size_t further = p->brackets - (p->sizes_given || !p->brackets ? 0 : 1);
    cvy_desc first = spec->sources[0];

    if (spec->op == SPEC_GATHER && further != 1)
        return fail(CVY_ERR_ARGUMENT, "spec: gather has a source and indices such as [7,2]; there "
                    "are %zu tensors", further + 1);
    if (spec_broadcasts(spec) && further + 1 != spec_broadcasts(spec))
        return fail(CVY_ERR_ARGUMENT, "spec: %s has %zu sources, such as [2,3]; there are %zu",
                    operator_name(p), spec_broadcasts(spec), further + 1);
    if (spec->op == SPEC_MATMUL && (further < 1 || further > 2))
        return fail(CVY_ERR_ARGUMENT, "spec: matmul has two sources such as [2,3] and [3,4], and "
                    "perhaps a bias; there are %zu", further + 1);
    if (further && spec->op != SPEC_CONCAT && spec->op != SPEC_GATHER && spec->op != SPEC_MATMUL
        && !spec_broadcasts(spec))
        return fail(CVY_ERR_ARGUMENT, "spec: %s has one source; it is said %zu times",
                    operator_name(p), further + 1);
    if (further == CVY_MAX_SOURCES)
        return fail(CVY_ERR_ARGUMENT, "spec: concat has at most %d sources", CVY_MAX_SOURCES);
    if (p->sizes_given || !p->brackets) {
        memmove(&spec->sources[1], &spec->sources[0], further * sizeof first);
        return finish_letters(p);
    }
    if (first.layout || first.dtype || !spec_list_is(first.stride, first.rank, 0))
        return fail(CVY_ERR_ARGUMENT, "spec: the first [sizes] has its layout as a word of its "
                    "own, and its strides as +src_stride");
    spec->src.rank = first.rank;
    memcpy(spec->src.size, first.size, sizeof first.size);
    if (!spec->src.layout)
        spec->src.layout = CVY_PLAIN;
    return CVY_OK;
}

static cvy_status finish_counts(const struct parser *p)
{
    int spatial = spec_spatial(p->spec);

    for (size_t i = 0; i < spec_field_count; i++)
        if (spec_fields[i].type == SPEC_LIST && (p->fields_given >> i & 1)
            && p->counts[i] != spatial)
            return fail(CVY_ERR_ARGUMENT, "spec: %s has %d numbers; the source has %d spatial axes",
                        spec_fields[i].name, p->counts[i], spatial);
    for (size_t i = 0; i < spec_flag_count; i++) {
        int axes = spec_flags[i].type == SPEC_FLOATS ? spatial : (int)p->spec->src.rank;

        if (p->flag_counts[i] && p->flag_counts[i] != axes)
            return fail(CVY_ERR_ARGUMENT, "spec: +%s has %d numbers; there are %d axes",
                        spec_flags[i].name, p->flag_counts[i], axes);
    }
    for (int i = 0; i < 2; i++) {
        int count = i ? p->dst_strides : p->src_strides;
        int rank = i ? spec_dst_rank(p->spec) : p->spec->src.rank;

        if (count && count != rank)
            return fail(CVY_ERR_ARGUMENT, "spec: +%s has %d numbers; there are %d axes",
                        i ? "dst_stride" : "src_stride", count, rank);
    }
    return CVY_OK;
}

static bool given(const struct parser *p, char letter)
{
    for (size_t i = 0; i < spec_field_count; i++)
        if (spec_fields[i].name[0] == letter)
            return p->fields_given >> i & 1;
    return false;
}

// The letter that is missing, or 0.
static char missing(const struct parser *p)
{
    const struct spec *spec = p->spec;

    switch (spec->op) {
    case SPEC_LINEAR:
        return given(p, 'k') ? 0 : 'k';
    case SPEC_DEPTH_TO_SPACE:
    case SPEC_SPACE_TO_DEPTH:
        return given(p, 'b') ? 0 : 'b';
    case SPEC_CONV:
    case SPEC_DECONV:
    case SPEC_SEPARABLE:
        if (!given(p, 'k') && !(spec->op == SPEC_SEPARABLE && spec->kind == CVY_SEPARABLE_SPATIAL))
            return 'k';
        return given(p, 'r') ? 0 : 'r';
    case SPEC_POOL:
        if (spec_is_adaptive(spec))
            return given(p, 'o') ? 0 : 'o';
        return given(p, 'r') || spec->global ? 0 : 'r';
    case SPEC_UNPOOL:
        return given(p, 'r') || given(p, 'o') ? 0 : 'r';
    default:
        return 0;
    }
}

static cvy_status finish_fields(struct parser *p)
{
    struct spec *spec = p->spec;
    bool window = given(p, 'r') || given(p, 's') || given(p, 'p') || given(p, 'q') || given(p, 'l');

    if (missing(p))
        return fail(CVY_ERR_ARGUMENT, "spec: %s needs the field %c", operator_name(p), missing(p));
    if (spec->op == SPEC_ACTIVATION && !spec->activation.kind)
        return fail(CVY_ERR_ARGUMENT, "spec: activation needs one, such as +relu");
    if (spec->op == SPEC_CAST && !spec->as)
        return fail(CVY_ERR_ARGUMENT, "spec: cast needs a dtype, such as +as:f16");
    if (spec->op == SPEC_POOL && (spec_is_adaptive(spec) || spec->global) && window)
        return fail(CVY_ERR_ARGUMENT, "spec: a global or adaptive pool has no r s p q l");
    if (spec->op == SPEC_POOL && !spec_is_adaptive(spec) && given(p, 'o'))
        return fail(CVY_ERR_ARGUMENT, "spec: o is for adaptive pools");
    if (spec->padding_rule == CVY_PAD_SAME && (given(p, 'p') || given(p, 'q')))
        return fail(CVY_ERR_ARGUMENT, "spec: +same stands without p and q");
    if (given(p, 'q'))
        spec->padding_rule = CVY_PAD_BEGIN_END;
    return CVY_OK;
}

// Gather's indices have defaults of their own, the create function's.
static void finish_sources(struct spec *spec)
{
    for (size_t i = 0; i < spec->src_count && spec->op != SPEC_GATHER; i++) {
        spec->sources[i].dtype = spec->src.dtype;
        if (!spec->sources[i].layout && spec->op != SPEC_MATMUL)
            spec->sources[i].layout = spec->src.layout;
    }
}

cvy_status spec_parse(const char *text, struct spec *out)
{
    struct parser p = { .spec = out, .end = text };
    cvy_status st = CVY_OK;

    memset(out, 0, sizeof *out);
    TRY(parse_op(&p));
    TRY(parse_kind(&p));
    while (word_next(&p))
        TRY(parse_word(&p));
    TRY(finish_src(&p));
    TRY(finish_counts(&p));
    TRY(finish_fields(&p));
    if (!out->src.dtype)
        out->src.dtype = CVY_F32;
    if (!out->src.layout)
        out->src.layout = CVY_NCHW;
    if (out->op == SPEC_CONCAT || out->op == SPEC_GATHER || out->op == SPEC_MATMUL
        || spec_broadcasts(out))
        out->src_count = p.brackets + (p.sizes_given != 0);
    finish_sources(out);
    if (out->src_count)
        out->sources[0] = out->src;
out:
    return st;
}
