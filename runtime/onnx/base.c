// Memory, error texts, and the list of what is not supported.
#include "onnx/base.h"

#include <stdarg.h>
#include <stdio.h>

// Memory ------------------------------------------------------------------------------------------

cvy_status onnx_zalloc(size_t count, size_t bytes, void *out)
{
    void *memory = calloc(count ? count : 1, bytes ? bytes : 1);

    memcpy(out, &memory, sizeof memory);
    return memory ? CVY_OK : onnx_fail(CVY_ERR_NOMEM_HOST, "no memory for %zu items", count);
}

cvy_status onnx_copy(const void *data, size_t bytes, void *out)
{
    void *memory = malloc(bytes ? bytes : 1);

    memcpy(out, &memory, sizeof memory);
    if (!memory)
        return onnx_fail(CVY_ERR_NOMEM_HOST, "no memory for %zu bytes", bytes);
    if (bytes)
        memcpy(memory, data, bytes);
    return CVY_OK;
}

cvy_status onnx_string_copy(const char *text, char **out)
{
    return onnx_copy(text, strlen(text) + 1, out);
}

// Texts -------------------------------------------------------------------------------------------

// Bytes of the UTF-8 character at text, 0 if it is none.
static size_t utf8_character(const unsigned char *text, uint32_t *out)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t bytes = text[0] < 0x80 ? 1 : text[0] >= 0xc2 && text[0] < 0xe0 ? 2
                 : text[0] >= 0xe0 && text[0] < 0xf0 ? 3
                 : text[0] >= 0xf0 && text[0] < 0xf5 ? 4 : 0;
    uint32_t code = bytes == 1 ? text[0] : text[0] & (0x7fu >> bytes);

    for (size_t i = 1; i < bytes; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3f);
    }
    if (bytes && (code < least[bytes] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)))
        return 0;
    *out = code;
    return bytes;
}

// Control characters, and those that turn text around or break its line.
static bool is_harmless(uint32_t code)
{
    return code >= 0x20 && (code < 0x7f || code > 0x9f) && code != 0xad && code != 0x61c
        && !(code >= 0x200b && code <= 0x200f) && !(code >= 0x2028 && code <= 0x202e)
        && !(code >= 0x2060 && code <= 0x206f) && code != 0xfeff
        && !(code >= 0xfff9 && code <= 0xfffb) && !(code >= 0xe0000 && code <= 0xe007f);
}

const char *onnx_escape(const char *text, char *out, size_t cap)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t length = 0, cut = 0;

    while (*at) {
        uint32_t code = 0;
        size_t bytes = utf8_character(at, &code);
        bool plain = bytes && is_harmless(code);
        char piece[8];

        bytes = bytes && plain ? bytes : 1;
        if (plain)
            memcpy(piece, at, bytes);
        else
            snprintf(piece, sizeof piece, "\\x%02x", *at);
        size_t more = plain ? bytes : 4;
        if (length + more >= cap) {
            memcpy(out + cut, "...", 4);
            return out;
        }
        memcpy(out + length, piece, more);
        length += more;
        at += bytes;
        if (length + 4 <= cap)
            cut = length;
    }
    out[length] = '\0';
    return out;
}

cvy_status onnx_fail(cvy_status status, const char *format, ...)
{
    char text[2 * ONNX_TEXT_BYTES], clean[ONNX_TEXT_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return cvy_error_report(status, onnx_escape(text, clean, sizeof clean));
}

// Gaps --------------------------------------------------------------------------------------------

// More than the text can hold, and few enough to search one by one.
enum { GAPS_MOST = 256 };

struct onnx_gap {
    char text[ONNX_QUOTE_BYTES];
    size_t count;
};

static cvy_status gaps_grow(struct onnx_gaps *gaps)
{
    size_t cap = gaps->cap ? 2 * gaps->cap : 16;
    struct onnx_gap *grown = realloc(gaps->list, cap * sizeof *grown);

    if (!grown)
        return onnx_fail(CVY_ERR_NOMEM_HOST, "no memory for %zu items", cap);
    gaps->list = grown;
    gaps->cap = cap;
    return CVY_OK;
}

cvy_status onnx_gaps_add(struct onnx_gaps *gaps, const char *format, ...)
{
    char text[ONNX_TEXT_BYTES];
    struct onnx_gap gap = { .count = 1 };
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    onnx_escape(text, gap.text, sizeof gap.text);
    for (size_t i = 0; i < gaps->count; i++)
        if (strcmp(gaps->list[i].text, gap.text) == 0) {
            gaps->list[i].count++;
            return CVY_OK;
        }
    if (gaps->count == GAPS_MOST) {
        gaps->others++;
        return CVY_OK;
    }
    if (gaps->count == gaps->cap) {
        cvy_status st = gaps_grow(gaps);
        if (st != CVY_OK)
            return st;
    }
    gaps->list[gaps->count++] = gap;
    return CVY_OK;
}

cvy_status onnx_gaps_status(const struct onnx_gaps *gaps)
{
    // Room for the end: "; and N more".
    enum { ROOM = ONNX_TEXT_BYTES - 48 };
    char text[ONNX_TEXT_BYTES] = "not supported: ";
    size_t length = strlen(text), i;

    if (!gaps->count)
        return CVY_OK;
    for (i = 0; i < gaps->count; i++) {
        char piece[ONNX_QUOTE_BYTES + 32];
        int bytes = snprintf(piece, sizeof piece, "%s%s (%zu)", i ? "; " : "",
                             gaps->list[i].text, gaps->list[i].count);

        if (length + (size_t)bytes > ROOM)
            break;
        memcpy(text + length, piece, (size_t)bytes + 1);
        length += (size_t)bytes;
    }
    if (i < gaps->count)
        snprintf(text + length, sizeof text - length, "; and %zu more",
                 gaps->count - i + gaps->others);
    return onnx_fail(CVY_ERR_MODEL_OP, "%s", text);
}

const char *onnx_gaps_get(const struct onnx_gaps *gaps, size_t i, size_t *count)
{
    *count = gaps->list[i].count;
    return gaps->list[i].text;
}

void onnx_gaps_free(struct onnx_gaps *gaps)
{
    free(gaps->list);
    memset(gaps, 0, sizeof *gaps);
}
