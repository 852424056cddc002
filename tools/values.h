// Tensors as people read and write them: names of types, shapes as text, values of any type.
#ifndef CONVOY_TOOLS_VALUES_H
#define CONVOY_TOOLS_VALUES_H

#include <convoy/core.h>

enum { SHAPE_TEXT = 160, BYTES_TEXT = 32 };

const char *dtype_text(cvy_dtype dtype);                        // "f32"
// "1x3x224x224", an open size as "?"; "scalar"; "any shape".
const char *shape_text(const cvy_desc *desc, char text[SHAPE_TEXT]);
const char *bytes_text(size_t bytes, char text[BYTES_TEXT]);      // "4.7 MiB"
// "1x3x224x224" into rank and sizes, or "scalar". False if the text is no shape.
bool shape_parse(const char *text, cvy_desc *desc);

// Element i of dense values; integers beyond 2^53 are rounded.
double value_at(cvy_dtype dtype, const void *values, size_t i);
bool dtype_is_float(cvy_dtype dtype);

#endif
