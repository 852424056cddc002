// The judge's memory: buffers that are used again from problem to problem, canaries, and tensors
// laid out by their strides.
#include "judge_memory.h"

#include <stdlib.h>
#include <string.h>

enum { CANARY_WORDS = CANARY_BYTES / 4 };

static const uint32_t prefill_word = 0x7fe5adbau;       // a NaN that no operator makes

// A NaN whose payload tells where it is: reading a canary poisons a result, and moving one shows.
// C10, D11.
static uint32_t canary_word(size_t i)
{
    return 0x7fc00001u | ((uint32_t)(i * 2654435761u) >> 11 & 0x1fffffu);
}

static void cover(uint8_t *image, size_t bytes)
{
    uint32_t words[CANARY_WORDS];

    for (size_t i = 0; i < CANARY_WORDS; i++) {
        words[i] = canary_word(i);
    }
    for (size_t done = 0; done < bytes; done += sizeof words) {
        memcpy(image + done, words, bytes - done < sizeof words ? bytes - done : sizeof words);
    }
}

static cvy_status reserve(struct memory_slot *s, cvy_context *context)
{
    cvy_buffer_params params = { .bytes = 16384 };
    cvy_status st;

    while (params.bytes < s->total) {
        params.bytes *= 2;
    }
    if (params.bytes > s->host_bytes) {
        free(s->image);
        free(s->back);
        s->image = ref_alloc(params.bytes);
        s->back = ref_alloc(params.bytes);
        s->host_bytes = params.bytes;
    }
    if (params.bytes <= s->buffer_bytes) {
        return CVY_OK;
    }
    cvy_buffer_destroy(&s->buffer);
    s->buffer_bytes = 0;
    st = cvy_buffer_create(context, &params, &s->buffer);
    s->buffer_bytes = st == CVY_OK ? params.bytes : 0;
    return st;
}

static void reserve_elements(struct memory_slot *s)
{
    if (s->count >= s->capacity) {
        size_t n = (size_t)s->count * 2 + 64;

        free(s->values);
        free(s->doubles);
        free(s->indices);
        free(s->places);
        s->values = ref_alloc(n * sizeof *s->values);
        s->doubles = ref_alloc(n * sizeof *s->doubles);
        s->indices = ref_alloc(n * sizeof *s->indices);
        s->places = ref_alloc(n * sizeof *s->places);
        s->capacity = (int64_t)n;
    }
}

static void place_elements(struct memory_slot *s)
{
    int64_t at[CVY_MAX_RANK] = { 0 }, place = 0;

    for (int64_t i = 0; i < s->count; i++) {
        s->places[i] = place;
        for (int32_t a = s->desc.rank - 1; a >= 0; a--) {
            place += s->desc.stride[a];
            if (++at[a] < s->desc.size[a]) {
                break;
            }
            place -= at[a] * s->desc.stride[a];
            at[a] = 0;
        }
    }
}

static int64_t extent(const cvy_desc *desc)
{
    int64_t last = 0;

    for (int32_t a = 0; a < desc->rank; a++) {
        if (desc->size[a] == 0) {
            return 0;
        }
        last += (desc->size[a] - 1) * desc->stride[a];
    }
    return last + 1;
}

cvy_status memory_open(struct memory_slot *s, cvy_context *context, const cvy_desc *desc,
                       size_t offset)
{
    cvy_status st;

    s->desc = judge_dense(desc);
    s->desc.dtype = desc->dtype == CVY_DTYPE_DEFAULT ? CVY_F32 : desc->dtype;
    s->count = 1;
    for (int32_t a = 0; a < desc->rank; a++) {
        s->count *= desc->size[a];
    }
    s->offset = offset;
    s->bytes = (size_t)extent(&s->desc) * cvy_dtype_bytes(s->desc.dtype);
    s->total = (s->offset + s->bytes + CANARY_BYTES + 3) / 4 * 4;
    st = reserve(s, context);
    reserve_elements(s);
    place_elements(s);
    cover(s->image, s->total);
    s->used = st == CVY_OK;
    return st;
}

cvy_status memory_open_raw(struct memory_slot *s, cvy_context *context, size_t bytes)
{
    cvy_desc desc = { .dtype = CVY_F32, .layout = CVY_PLAIN, .rank = 1,
                      .size = { (int64_t)((bytes + 3) / 4) } };
    cvy_status st = memory_open(s, context, &desc, CANARY_BYTES);

    if (st == CVY_OK) {
        memory_prefill(s);
    }
    return st;
}

void memory_close(struct memory_slot *s)
{
    cvy_buffer_destroy(&s->buffer);
    free(s->image);
    free(s->back);
    free(s->values);
    free(s->doubles);
    free(s->indices);
    free(s->places);
    *s = (struct memory_slot) { 0 };
}

static uint8_t *element(const struct memory_slot *s, uint8_t *bytes, int64_t i)
{
    return bytes + s->offset + (size_t)s->places[i] * cvy_dtype_bytes(s->desc.dtype);
}

// Floats are their values, all else its bits.
static void put(struct memory_slot *s, int64_t i)
{
    uint64_t bits = (uint64_t)s->indices[i];

    if (s->desc.dtype == CVY_F32) {
        memcpy(element(s, s->image, i), &s->values[i], sizeof s->values[i]);
        return;
    }
    for (size_t byte = 0; byte < cvy_dtype_bytes(s->desc.dtype); byte++) {
        element(s, s->image, i)[byte] = (uint8_t)(bits >> 8 * byte);
    }
}

static void get(struct memory_slot *s, int64_t i)
{
    uint64_t bits = 0;

    for (size_t byte = 0; byte < cvy_dtype_bytes(s->desc.dtype); byte++) {
        bits |= (uint64_t)element(s, s->back, i)[byte] << 8 * byte;
    }
    s->indices[i] = s->desc.dtype == CVY_I32 ? (int32_t)bits : (int64_t)bits;
    s->values[i] = (float)s->indices[i];
    if (s->desc.dtype == CVY_F32) {
        memcpy(&s->values[i], element(s, s->back, i), sizeof s->values[i]);
    }
}

void memory_scatter(struct memory_slot *s)
{
    for (int64_t i = 0; i < s->count; i++) {
        put(s, i);
    }
}

void memory_prefill(struct memory_slot *s)
{
    size_t bytes = cvy_dtype_bytes(s->desc.dtype);

    for (int64_t i = 0; i < s->count; i++) {
        for (size_t byte = 0; byte < bytes; byte++) {
            element(s, s->image, i)[byte] = ((const uint8_t *)&prefill_word)[byte % 4];
        }
    }
}

void memory_gather(struct memory_slot *s)
{
    size_t bytes = cvy_dtype_bytes(s->desc.dtype);

    for (int64_t i = 0; i < s->count; i++) {
        get(s, i);
        memcpy(element(s, s->image, i), element(s, s->back, i), bytes);
    }
}

// One or two bytes say so only where they may not be a result.
bool memory_not_written(const struct memory_slot *s, int64_t i)
{
    if (cvy_dtype_bytes(s->desc.dtype) < sizeof prefill_word) {
        return s->desc.dtype == CVY_BOOL && *element(s, s->back, i) > 1;
    }
    return memcmp(element(s, s->back, i), &prefill_word, sizeof prefill_word) == 0;
}

bool memory_damage(const struct memory_slot *s, int64_t *byte)
{
    if (memcmp(s->image, s->back, s->total) == 0) {
        return false;
    }
    for (size_t i = 0; i < s->total; i++) {
        if (s->image[i] != s->back[i]) {
            *byte = (int64_t)i - (int64_t)s->offset;
            return true;
        }
    }
    return false;
}

cvy_status memory_upload(struct memory_slot *s, cvy_queue *queue)
{
    cvy_tensor whole = { .buffer = s->buffer };

    return cvy_queue_write(queue, whole, s->image, s->total, NULL, NULL);
}

cvy_status memory_download(struct memory_slot *s, cvy_queue *queue)
{
    cvy_tensor whole = { .buffer = s->buffer };

    return cvy_queue_read(queue, whole, s->back, s->total, NULL, NULL);
}

cvy_tensor memory_tensor(const struct memory_slot *s)
{
    return (cvy_tensor) { .buffer = s->buffer, .offset = s->offset };
}
