// The inside of OP-SPEC text: the params of any operator in one struct, and the tables of words
// that printer and parser share. Private to spec*.c.
#ifndef CVY_SPEC_TEXT_H
#define CVY_SPEC_TEXT_H

#include "ops/spec.h"

enum spec_op {
    SPEC_CONV, SPEC_DECONV, SPEC_POOL, SPEC_UNPOOL, SPEC_SEPARABLE, SPEC_LINEAR, SPEC_ACTIVATION,
    SPEC_CONCAT, SPEC_COPY, SPEC_SOFTMAX,
    SPEC_PAD, SPEC_SLICE, SPEC_TRANSPOSE, SPEC_DEPTH_TO_SPACE, SPEC_SPACE_TO_DEPTH, SPEC_GATHER,
    SPEC_BATCH_NORM, SPEC_INSTANCE_NORM, SPEC_LRN, SPEC_REDUCE,
    SPEC_UNARY, SPEC_BINARY, SPEC_WHERE, SPEC_CAST,
    SPEC_RESIZE, SPEC_MATMUL,
    SPEC_OP_COUNT
};

// Fields as in the params structs; 0 is what text leaves out. dst has layout and strides only.
struct spec {
    enum spec_op op;
    int32_t kind;
    cvy_desc src, dst;
    int64_t out_channels;
    int64_t kernel_size[3], stride[3], padding[3], padding_end[3], dilation[3];
    int64_t groups, multiplier;         // multiplier: mid_channels of SPATIAL_DENSE
    int64_t output[3];                  // output_padding or output_size
    cvy_padding_rule padding_rule;
    cvy_padding_mode padding_mode;
    bool bias, bias2, residual, ceil_mode, global;
    cvy_activation activation, mid;     // mid: between the two of a separable one
    int64_t num_parameters;
    cvy_count_pad count_include_pad;
    int64_t divisor_override;
    float norm_type;
    cvy_indices indices;
    cvy_dtype indices_dtype, as;        // as: of cast
    int32_t axis;
    int64_t before[CVY_MAX_RANK], after[CVY_MAX_RANK];
    float value;
    int64_t start[CVY_MAX_RANK], step[CVY_MAX_RANK], size[CVY_MAX_RANK];
    int64_t order[CVY_MAX_RANK];
    int64_t block;
    bool depth_last;
    float eps;
    bool scale, log, later, keep_dims;
    int64_t window;                     // size of lrn
    float alpha, beta, k;
    bool axes[CVY_MAX_RANK];
    float scales[3], roi_begin[3], roi_end[3];
    cvy_resize_coordinates coordinates;
    cvy_resize_rounding rounding;
    float cubic_a, extrapolation;
    bool exclude_outside, transpose, transpose2;
    size_t src_count;                   // of concat, gather, binary, where; [0] is src
    cvy_desc sources[CVY_MAX_SOURCES];
};

// A field or a flag, in the order of printing.
enum spec_type {
    SPEC_NUMBER,            // int64_t
    SPEC_LIST,              // int64_t[3], one for each spatial axis
    SPEC_FLAG,              // bool
    SPEC_VALUE,             // +name:N, int64_t
    SPEC_FLOAT,             // +name:X, float; above 0 if least is 1
    SPEC_AXES,              // +name:AxB, int64_t[CVY_MAX_RANK], one for each axis of src
    SPEC_AXIS,              // +name:N, int32_t, may be negative
    SPEC_ACTIVATION_WORD,   // the kind is the word: name is NULL
    SPEC_COORDINATES, SPEC_ROUNDING,    // the value is the word: name is NULL
    SPEC_FLOATS,            // +name:XxY, float[3], one for each spatial axis
    SPEC_MID,               // +mid:kind
    SPEC_AXIS_SET,          // +name:AxB, bool[CVY_MAX_RANK]: the axes that are set
    SPEC_I32,               // +name, indices_dtype becomes I32
    SPEC_AS,                // +name:dtype
    SPEC_EXCLUDE_PAD, SPEC_INDICES, SPEC_SAME, SPEC_TO, SPEC_SRC_STRIDE, SPEC_DST_STRIDE
};

struct spec_field {
    const char *name;
    enum spec_type type;
    size_t at;              // in struct spec
    int64_t least;
    uint32_t ops;           // bit set of enum spec_op
};
extern const struct spec_field spec_fields[];   // letters
extern const size_t spec_field_count;
extern const struct spec_field spec_flags[];
extern const size_t spec_flag_count;

// Lists of words end with NULL; the index is the enum's value less `first`.
extern const char *const spec_dtypes[], *const spec_layouts[], *const spec_padding_modes[],
    *const spec_activations[];
// The words of a flag without a name of its own, NULL for those that have one.
const char *const *spec_flag_words(enum spec_type type);
struct spec_operator {
    const char *name;
    const char *const *kinds;   // NULL: none
    int32_t first_kind;
    bool kind_required;
};
extern const struct spec_operator spec_operators[SPEC_OP_COUNT];

int spec_activation_values(cvy_activation_kind kind);   // how many of alpha and beta it has

bool spec_is_adaptive(const struct spec *spec);
int spec_spatial(const struct spec *spec);      // spatial axes of src, 0 to 3
int spec_dst_rank(const struct spec *spec);
size_t spec_broadcasts(const struct spec *spec);    // sources of an operator that broadcasts, or 0
bool spec_list_is(const int64_t *list, int count, int64_t value);   // each of them

// Sets what is at its default to 0, and what is free to one value.
void spec_simplify(struct spec *spec);
void spec_print(const struct spec *spec, char *out);            // of a simplified one
cvy_status spec_parse(const char *text, struct spec *out);      // not simplified

// Floats whatever the locale: the shortest text that reads back the same; and the end of the
// longest number that [at, end) starts with, NULL if there is none or it is beyond float.
#define SPEC_FLOAT_BYTES 64
void spec_float_print(float value, char *out);
const char *spec_float_parse(const char *at, const char *end, float *out);

#endif
