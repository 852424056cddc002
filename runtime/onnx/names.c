// Names as keys. A file chooses its names, so the hash is SipHash-2-4 (Aumasson and Bernstein,
// 2012) with a random key: no file can make the table slow.
#include "onnx/base.h"

#include <sys/random.h>

struct onnx_name_slot {
    const char *name;           // NULL: free
    uint64_t hash;
    size_t number;
};

static uint64_t rotate(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static void sip_rounds(uint64_t v[4], int count)
{
    while (count--) {
        v[0] += v[1], v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0], v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32);
        v[2] += v[1], v[0] += v[3];
        v[1] = rotate(v[1], 17) ^ v[2], v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
    }
}

static uint64_t sip_hash(const uint64_t key[2], const char *text)
{
    uint64_t v[4] = {
        key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
        key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573),
    };
    size_t bytes = strlen(text), at = 0;
    uint64_t last = (uint64_t)bytes << 56, word;

    for (; at + 8 <= bytes; at += 8) {
        memcpy(&word, text + at, 8);
        v[3] ^= word;
        sip_rounds(v, 2);
        v[0] ^= word;
    }
    for (size_t i = 0; at + i < bytes; i++)
        last |= (uint64_t)(unsigned char)text[at + i] << 8 * i;
    v[3] ^= last;
    sip_rounds(v, 2);
    v[0] ^= last;
    v[2] ^= 0xff;
    sip_rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

cvy_status onnx_names_open(struct onnx_names *names, size_t most)
{
    size_t cap = 16;

    memset(names, 0, sizeof *names);
    while (cap / 2 < most)
        cap *= 2;
    // Without a source of random numbers the key is an address, which is better than nothing.
    if (getrandom(names->key, sizeof names->key, GRND_NONBLOCK) != (ssize_t)sizeof names->key)
        names->key[0] = (uint64_t)(uintptr_t)names, names->key[1] = ~names->key[0];
    names->cap = cap;
    return onnx_zalloc(cap, sizeof *names->slots, &names->slots);
}

void onnx_names_close(struct onnx_names *names)
{
    free(names->slots);
    memset(names, 0, sizeof *names);
}

static struct onnx_name_slot *find_slot(const struct onnx_names *names, const char *name,
                                        uint64_t hash)
{
    size_t at = (size_t)hash & (names->cap - 1);

    while (names->slots[at].name
           && (names->slots[at].hash != hash || strcmp(names->slots[at].name, name)))
        at = (at + 1) & (names->cap - 1);
    return &names->slots[at];
}

size_t onnx_names_add(struct onnx_names *names, const char *name, bool *added)
{
    uint64_t hash = sip_hash(names->key, name);
    struct onnx_name_slot *slot = find_slot(names, name, hash);

    *added = !slot->name;
    if (*added)
        *slot = (struct onnx_name_slot) { name, hash, names->count++ };
    return slot->number;
}

size_t onnx_names_find(const struct onnx_names *names, const char *name)
{
    const struct onnx_name_slot *slot = find_slot(names, name, sip_hash(names->key, name));

    return slot->name ? slot->number : SIZE_MAX;
}
