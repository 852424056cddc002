// Names of public enums, for error texts: "CVY_NHWC" says more than 2.
#ifndef CVY_NAMES_H
#define CVY_NAMES_H

#include "common/common.h"

struct enum_names {
    int first;                  // the value of names[0]
    const char *const *names;   // ends with NULL
};
extern const struct enum_names dtype_names, layout_names, activation_names, padding_rule_names,
    padding_mode_names, pool_kind_names, indices_names, count_pad_names, separable_kind_names,
    reduce_kind_names, unary_kind_names, binary_kind_names, resize_mode_names, coordinates_names,
    rounding_names;

// "no such value" for one that is not in the list.
const char *enum_name(const struct enum_names *names, int value);

const char *dtype_name(cvy_dtype dtype);
const char *layout_name(cvy_layout layout);
const char *activation_name(cvy_activation_kind kind);

#endif
