// Floats as text, the same in every locale. Only digits are taken from printf, and reading is done
// here, so that a decimal comma matters in neither direction.
#include "ops/spec_text.h"

#include <math.h>
#include <stdio.h>

// The digits of |value| to `digits` places without trailing zeros, and the exponent of the first.
static int float_digits(float value, int digits, char *out)
{
    char text[48];
    int count = 0;
    const char *at = text;

    snprintf(text, sizeof text, "%.*e", digits - 1, fabs((double)value));
    for (; *at && *at != 'e'; at++)
        if (*at >= '0' && *at <= '9' && count < 9)
            out[count++] = *at;
    while (count > 1 && out[count - 1] == '0')
        count--;
    out[count] = '\0';
    return *at ? atoi(at + 1) : 0;
}

// "12300", "1.23", "0.00123", or "1.23e-07" for what would be long.
static void float_compose(bool negative, const char *digits, int exponent, char *out)
{
    const char *sign = negative ? "-" : "";
    int count = (int)strlen(digits), whole = exponent + 1;

    if (exponent < -4 || exponent > 8)
        snprintf(out, SPEC_FLOAT_BYTES, "%s%c%s%se%d", sign, digits[0], count > 1 ? "." : "",
                 digits + 1, exponent);
    else if (whole <= 0)
        snprintf(out, SPEC_FLOAT_BYTES, "%s0.%.*s%s", sign, -whole, "0000", digits);
    else if (count <= whole)
        snprintf(out, SPEC_FLOAT_BYTES, "%s%s%.*s", sign, digits, whole - count, "00000000");
    else
        snprintf(out, SPEC_FLOAT_BYTES, "%s%.*s.%s", sign, whole, digits, digits + whole);
}

// 9 digits always read back the same (IEEE 754: 24 bits).
void spec_float_print(float value, char *out)
{
    if (isinf(value) || isnan(value)) {
        strcpy(out, isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
        return;
    }
    for (int places = 1; places <= 9; places++) {
        char digits[24];
        float back;
        int exponent = float_digits(value, places, digits);

        float_compose(signbit(value), digits, exponent, out);
        if (spec_float_parse(out, out + strlen(out), &back) && back == value)
            return;
    }
}

static bool is_digit(const char *at, const char *end)
{
    return at < end && *at >= '0' && *at <= '9';
}

// Digits into a mantissa of at most 18 of them; *dropped counts the rest.
static const char *take_digits(const char *at, const char *end, uint64_t *mantissa, int *taken,
                               int *dropped)
{
    for (; is_digit(at, end); at++) {
        if (*mantissa >= UINT64_C(100000000000000000)) {
            *dropped += *dropped < 10000;
            continue;
        }
        *mantissa = *mantissa * 10 + (uint64_t)(*at - '0');
        *taken += *taken < 10000;
    }
    return at;
}

// "e-7"; NULL if there is an e without digits.
static const char *take_exponent(const char *at, const char *end, int *exponent)
{
    bool negative = false;
    int value = 0;

    if (at == end || (*at != 'e' && *at != 'E'))
        return at;
    at++;
    if (at < end && (*at == '-' || *at == '+'))
        negative = *at++ == '-';
    if (!is_digit(at, end))
        return NULL;
    for (; is_digit(at, end); at++)
        value = MIN(value * 10 + (*at - '0'), 100000);
    *exponent += negative ? -value : value;
    return at;
}

static double scale(double value, int exponent)
{
    double power = 1.0;

    if (value == 0.0 || exponent < -400)
        return 0.0;
    if (exponent > 400)
        return HUGE_VAL;
    for (int i = 0; i < (exponent < 0 ? -exponent : exponent) && power < 1e300; i++)
        power *= 10.0;
    for (int i = 300; i < -exponent; i++)
        value /= 10.0;
    return exponent < 0 ? value / power : value * power;
}

// Powers of ten are exact to 1e22 and good to a few units of double beyond, far inside the half
// unit of float that a text of 9 digits leaves.
const char *spec_float_parse(const char *at, const char *end, float *out)
{
    bool negative = at < end && *at == '-';
    uint64_t mantissa = 0;
    int whole = 0, fraction = 0, dropped = 0, ignored = 0, exponent;
    double value;

    at += negative || (at < end && *at == '+');
    if (end - at >= 3 && memcmp(at, "inf", 3) == 0) {
        *out = negative ? -INFINITY : INFINITY;
        return at + 3;
    }
    if (!is_digit(at, end))
        return NULL;
    at = take_digits(at, end, &mantissa, &whole, &dropped);
    if (at < end && *at == '.')
        at = take_digits(at + 1, end, &mantissa, &fraction, &ignored);
    exponent = dropped - fraction;
    at = take_exponent(at, end, &exponent);
    value = scale((double)mantissa, exponent);
    if (!at || value >= 0x1.ffffffp127)
        return NULL;
    *out = (float)(negative ? -value : value);
    return at;
}
