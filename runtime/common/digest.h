// SHA-256 (FIPS 180-4): tells damaged bytes from whole ones, and names by content.
#ifndef CVY_DIGEST_H
#define CVY_DIGEST_H

#include "common/common.h"

enum { DIGEST_BYTES = 32, DIGEST_BLOCK = 64 };

struct digest {
    uint32_t state[8];
    uint64_t length;                    // bytes so far
    unsigned char block[DIGEST_BLOCK];  // of which length % DIGEST_BLOCK are filled
};

void digest_begin(struct digest *digest);
void digest_add(struct digest *digest, const void *data, size_t bytes);
void digest_end(struct digest *digest, unsigned char out[DIGEST_BYTES]);    // begin before the next

// The same at once.
void digest_of(const void *data, size_t bytes, unsigned char out[DIGEST_BYTES]);

#endif
