// Writes the head of an entry, and finds whatever may be wrong with one.
#include "cl/cache_entry.h"

static const char magic[8] = "CVYCACHE";

static void put_number(unsigned char *out, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        out[i] = (unsigned char)(value >> 8 * i);
}

static uint64_t number_at(const unsigned char *from, int bytes)
{
    uint64_t value = 0;

    for (int i = bytes; i-- > 0;)
        value = value << 8 | from[i];
    return value;
}

static void name_of(const struct entry_key *key, char name[DIGEST_TEXT])
{
    const unsigned char format = ENTRY_FORMAT;
    unsigned char sum[DIGEST_BYTES];
    struct digest digest;

    digest_begin(&digest);
    digest_add(&digest, &format, sizeof format);
    digest_add(&digest, key->source, sizeof key->source);
    digest_add(&digest, key->device, sizeof key->device);
    digest_end(&digest, sum);
    digest_text(sum, name);
}

void entry_key_of(const struct cache_key *key, struct entry_key *out)
{
    digest_of(key->source, strlen(key->source), out->source);
    digest_of(key->device, strlen(key->device), out->device);
    digest_of(key->build, strlen(key->build), out->build);
    name_of(out, out->name);
}

static void digest_entry(const unsigned char *head, const void *data, size_t length,
                         unsigned char out[DIGEST_BYTES])
{
    struct digest digest;

    digest_begin(&digest);
    digest_add(&digest, head, ENTRY_DIGEST_AT);
    digest_add(&digest, data, length);
    digest_end(&digest, out);
}

void entry_write_head(const struct entry_key *key, const void *data, size_t length,
                      unsigned char head[ENTRY_HEAD])
{
    memcpy(head, magic, sizeof magic);
    put_number(head + 8, ENTRY_FORMAT, 4);
    put_number(head + 12, ~(uint32_t)ENTRY_FORMAT, 4);
    put_number(head + 16, length, 8);
    memcpy(head + 24, key->source, DIGEST_BYTES);
    memcpy(head + 56, key->device, DIGEST_BYTES);
    memcpy(head + 88, key->build, DIGEST_BYTES);
    digest_entry(head, data, length, head + ENTRY_DIGEST_AT);
}

enum cache_count entry_check_head(const unsigned char *head, uint64_t size)
{
    uint64_t format, length;

    if (size < 16)
        return COUNT_TRUNCATED;
    format = number_at(head + 8, 4);
    if (memcmp(head, magic, sizeof magic) != 0 || number_at(head + 12, 4) != (format ^ UINT32_MAX))
        return COUNT_CORRUPT;
    if (format != ENTRY_FORMAT)
        return format > ENTRY_FORMAT ? COUNT_NEWER_FORMAT : COUNT_OUTDATED;
    if (size < ENTRY_HEAD)
        return COUNT_TRUNCATED;
    length = number_at(head + 16, 8);
    if (length != size - ENTRY_HEAD)
        return length > size - ENTRY_HEAD ? COUNT_TRUNCATED : COUNT_EXTENDED;
    return COUNT_HITS;
}

enum cache_count entry_check(const unsigned char *entry, size_t size, const struct entry_key *key)
{
    enum cache_count found = entry_check_head(entry, size);
    unsigned char sum[DIGEST_BYTES];

    if (found != COUNT_HITS)
        return found;
    digest_entry(entry, entry + ENTRY_HEAD, size - ENTRY_HEAD, sum);
    if (memcmp(sum, entry + ENTRY_DIGEST_AT, DIGEST_BYTES) != 0)
        return COUNT_CORRUPT;
    if (memcmp(entry + 56, key->device, DIGEST_BYTES) != 0)
        return COUNT_OTHER_DEVICE;
    if (memcmp(entry + 24, key->source, DIGEST_BYTES) != 0)
        return COUNT_CORRUPT;
    return memcmp(entry + 88, key->build, DIGEST_BYTES) == 0 ? COUNT_HITS : COUNT_OUTDATED;
}
