// SHA-256 (FIPS 180-4): tells damaged bytes from whole ones, and names by content.
#ifndef CVY_DIGEST_H
#define CVY_DIGEST_H

#include "common/common.h"

enum { DIGEST_BYTES = 32, DIGEST_BLOCK = 64, DIGEST_TEXT = 2 * DIGEST_BYTES + 1 };

struct digest {
    uint32_t state[8];
    uint64_t length;                    // bytes so far
    unsigned char block[DIGEST_BLOCK];  // of which length % DIGEST_BLOCK are filled
};

void digest_begin(struct digest *digest);
void digest_add(struct digest *digest, const void *data, size_t bytes);
void digest_end(struct digest *digest, unsigned char out[DIGEST_BYTES]);    // begin before the next

// As hexadecimal digits and a NUL.
void digest_text(const unsigned char digest[DIGEST_BYTES], char out[DIGEST_TEXT]);

// The same as begin, add and end at once.
void digest_of(const void *data, size_t bytes, unsigned char out[DIGEST_BYTES]);

#endif
