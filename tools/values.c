// Tensors as people read and write them.
#include "values.h"

#include <convoy/graph.h>

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *dtype_text(cvy_dtype dtype)
{
    static const char *const names[] = { "default", "f32", "f16", "bf16", "f64", "i8", "u8", "i32",
                                         "i64", "bool" };

    return (size_t)dtype < sizeof names / sizeof names[0] ? names[dtype] : "?";
}

bool dtype_is_float(cvy_dtype dtype)
{
    return dtype == CVY_F32 || dtype == CVY_F16 || dtype == CVY_BF16 || dtype == CVY_F64;
}

const char *shape_text(const cvy_desc *desc, char text[SHAPE_TEXT])
{
    size_t used = 0;

    snprintf(text, SHAPE_TEXT, "%s", desc->rank == 0 ? "scalar" : "any shape");
    for (int i = 0; i < desc->rank && used < SHAPE_TEXT; i++) {
        if (desc->size[i] == CVY_ANY_SIZE) {
            used += (size_t)snprintf(text + used, SHAPE_TEXT - used, i > 0 ? "x?" : "?");
        } else {
            used += (size_t)snprintf(text + used, SHAPE_TEXT - used, i > 0 ? "x%lld" : "%lld",
                                     (long long)desc->size[i]);
        }
    }
    return text;
}

const char *bytes_text(size_t bytes, char text[BYTES_TEXT])
{
    bool small = bytes < 10240, middle = bytes < 10 << 20;

    snprintf(text, BYTES_TEXT, small ? "%.0f B" : middle ? "%.1f KiB" : "%.1f MiB",
             (double)bytes / (small ? 1.0 : middle ? 0x1p10 : 0x1p20));
    return text;
}

bool shape_parse(const char *text, cvy_desc *desc)
{
    desc->rank = 0;
    if (strcmp(text, "scalar") == 0) {
        return true;
    }
    for (;;) {
        char *end;
        long long size;

        errno = 0;
        size = strtoll(text, &end, 10);
        if (!isdigit((unsigned char)text[0]) || errno != 0 || desc->rank == CVY_MAX_RANK) {
            return false;
        }
        desc->size[desc->rank++] = size;
        if (*end == '\0') {
            return true;
        }
        if (*end != 'x') {
            return false;
        }
        text = end + 1;
    }
}

static double half_value(uint16_t bits)
{
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double value = exponent == 31 ? (fraction != 0 ? NAN : INFINITY) :
                   exponent == 0 ? ldexp(fraction, -24) : ldexp(fraction + 1024, exponent - 25);

    return bits >> 15 != 0 ? -value : value;
}

static float brain_value(uint16_t bits)
{
    uint32_t wide = (uint32_t)bits << 16;
    float value;

    memcpy(&value, &wide, sizeof value);
    return value;
}

double value_at(cvy_dtype dtype, const void *values, size_t i)
{
    switch (dtype) {
    case CVY_F32: return (double)((const float *)values)[i];
    case CVY_F64: return ((const double *)values)[i];
    case CVY_F16: return half_value(((const uint16_t *)values)[i]);
    case CVY_BF16: return (double)brain_value(((const uint16_t *)values)[i]);
    case CVY_I8: return ((const int8_t *)values)[i];
    case CVY_I32: return ((const int32_t *)values)[i];
    case CVY_I64: return (double)((const int64_t *)values)[i];
    case CVY_U8:
    case CVY_BOOL: return ((const uint8_t *)values)[i];
    default: return NAN;
    }
}
