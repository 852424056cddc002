// The judge's memory: one buffer for each slot, its bytes on the host, and canaries around it.
#ifndef CONVOY_TESTS_JUDGE_MEMORY_H
#define CONVOY_TESTS_JUDGE_MEMORY_H

#include "judge.h"

enum { CANARY_BYTES = 4096 };

// One tensor in its buffer: canary, tensor, canary. Gaps between strided elements are canary too.
struct memory_slot {
    cvy_buffer *buffer;
    size_t buffer_bytes;
    uint8_t *image, *back;      // what the buffer must hold, and what came back
    size_t host_bytes;
    bool used;
    cvy_desc desc;              // strides filled in
    int64_t count;
    size_t offset, bytes, total;
    float *values;              // float slots, in N, C, spatial order
    double *doubles;            // the same, for the reference
    int64_t *indices;           // index slots; their values are the same, in float
    int64_t *places;            // element offset of each
    int64_t capacity;
};

// Makes room for a tensor at `offset` bytes and covers it with canaries.
cvy_status memory_open(struct memory_slot *slot, cvy_context *context, const cvy_desc *desc,
                       size_t offset);
// The same for raw bytes filled with NaN.
cvy_status memory_open_raw(struct memory_slot *slot, cvy_context *context, size_t bytes);
void memory_close(struct memory_slot *slot);

void memory_scatter(struct memory_slot *slot);      // values or indices into the image
void memory_prefill(struct memory_slot *slot);      // every element gets the "not written" pattern
// Takes the elements out of `back`, leaving in `image` what must be there around them.
void memory_gather(struct memory_slot *slot);
bool memory_not_written(const struct memory_slot *slot, int64_t i);
// Bytes from the tensor's first one to the first that changed and should not have; false if none.
bool memory_damage(const struct memory_slot *slot, int64_t *byte);

cvy_status memory_upload(struct memory_slot *slot, cvy_queue *queue);
cvy_status memory_download(struct memory_slot *slot, cvy_queue *queue);
cvy_tensor memory_tensor(const struct memory_slot *slot);

#endif
