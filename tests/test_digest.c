// SHA-256 against the vectors that NIST publishes with FIPS 180-4 and in its test files.
#include "common/digest.h"

#include <criterion/criterion.h>
#include <stdio.h>

static void as_text(const unsigned char sum[DIGEST_BYTES], char out[2 * DIGEST_BYTES + 1])
{
    for (int i = 0; i < DIGEST_BYTES; i++)
        snprintf(out + 2 * i, 3, "%02x", sum[i]);
}

static const struct {
    const char *text, *sum;
} vectors[] = {
    { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { "\xbd", "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b" },
    { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { "\xc9\x8c\x8e\x55", "7abc22c0ae5af26ce93dbb94433a0e0b2e119d014f8e7f65bd56c61ccccd9504" },
    { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
    { "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
      "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
};

Test(digest, is_that_of_published_texts)
{
    unsigned char sum[DIGEST_BYTES];
    char text[2 * DIGEST_BYTES + 1];

    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        digest_of(vectors[i].text, strlen(vectors[i].text), sum);
        as_text(sum, text);
        cr_expect_str_eq(text, vectors[i].sum, "row %zu", i);
    }
}

static const struct {
    unsigned char byte;
    size_t count;
    const char *sum;
} runs[] = {
    { 0, 55, "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7" },
    { 0, 56, "d4817aa5497628e7c77e6b606107042bbba3130888c5f47a375e6179be789fbb" },
    { 0, 57, "65a16cb7861335d5ace3c60718b5052e44660726da4cd13bb745381b235a1785" },
    { 0, 64, "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b" },
    { 0, 1000, "541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53" },
    { 'A', 1000, "c2e686823489ced2017f6059b8b239318b6364f6dcd835d0a519105a1eadd6e4" },
    { 'U', 1005, "f4d62ddec0f3dd90ea1380fa16a5ff8dc4c54b21740650f24afc4120903552b0" },
    { 'a', 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
};

Test(digest, is_that_of_published_runs)
{
    unsigned char sum[DIGEST_BYTES], *data = malloc(1000000);
    char text[2 * DIGEST_BYTES + 1];

    for (size_t i = 0; i < COUNT_OF(runs); i++) {
        memset(data, runs[i].byte, runs[i].count);
        digest_of(data, runs[i].count, sum);
        as_text(sum, text);
        cr_expect_str_eq(text, runs[i].sum, "row %zu", i);
    }
    free(data);
}

Test(digest, is_the_same_in_pieces)
{
    unsigned char data[600], whole[DIGEST_BYTES], pieces[DIGEST_BYTES];

    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)(i * 7 + 1);
    digest_of(data, sizeof data, whole);
    for (size_t step = 1; step <= sizeof data; step++) {
        struct digest digest;

        digest_begin(&digest);
        for (size_t at = 0; at < sizeof data; at += step)
            digest_add(&digest, data + at, MIN(step, sizeof data - at));
        digest_end(&digest, pieces);
        cr_expect_arr_eq(pieces, whole, DIGEST_BYTES, "pieces of %zu", step);
    }
}
