/* Tests of apdu/suci.h and apdu/ecdh.h. Goal: the examples of TS 33.501, and no other scheme
 * output opens. */
#include "apdu/suci.h"
#include "test/support/runner.h"
#include "test/support/vectors.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <string.h>

static struct crypto *c;
static struct vectors *v;

static void setup(void)
{
    c = crypto_new();
    ck_assert_ptr_nonnull(c);
    v = vectors_open("test/vectors/suci_ecies_ts33501.csv");
}

static void teardown(void)
{
    vectors_close(v);
    crypto_free(&c);
}

/* One row: profile, keys, and the scheme output put together. */
struct row {
    enum suci_profile profile;
    enum ecdh_curve curve;
    struct secret hn_private, ephemeral;
    uint8_t hn_public[33], ephemeral_public[33], plaintext[16], output[64];
    size_t public_len, plaintext_len, output_len;
};

static struct row load(size_t index)
{
    struct row r = {.profile = SUCI_PROFILE_A, .curve = ECDH_X25519};
    struct wr w = WR_ARRAY(r.output);
    uint8_t part[33];

    if (strcmp(vectors_text(v, index, "profile"), "B") == 0) {
        r.profile = SUCI_PROFILE_B;
        r.curve = ECDH_P256;
    }
    ck_assert_int_eq(secret_from_hex(&r.hn_private, vectors_text(v, index, "hn_priv")), ERR_OK);
    ck_assert_int_eq(secret_from_hex(&r.ephemeral, vectors_text(v, index, "eph_priv")), ERR_OK);
    r.public_len = vectors_bytes(v, index, "hn_pub", r.hn_public, sizeof r.hn_public);
    vectors_bytes(v, index, "eph_pub", r.ephemeral_public, sizeof r.ephemeral_public);
    r.plaintext_len = vectors_bytes(v, index, "plaintext", r.plaintext, sizeof r.plaintext);
    wr_bytes(&w, r.ephemeral_public, r.public_len);
    wr_bytes(&w, part, vectors_bytes(v, index, "ciphertext", part, sizeof part));
    wr_bytes(&w, part, vectors_bytes(v, index, "mactag", part, sizeof part));
    r.output_len = w.len;
    return r;
}

START_TEST(ecdh_matches_the_examples)
{
    ck_assert_uint_eq(vectors_count(v), 2);
    for (size_t i = 0; i < vectors_count(v); i++) {
        struct row r = load(i);
        uint8_t public_key[33], want[32];
        struct wr w = WR_ARRAY(public_key);
        struct secret shared;

        ck_assert_int_eq(ecdh_public(r.curve, &r.hn_private, &w), ERR_OK);
        ck_assert(rd_equal(RD_WR(&w), RD(r.hn_public, r.public_len)));
        ck_assert_uint_eq(ecdh_public_len(r.curve), r.public_len);
        ck_assert_int_eq(ecdh_shared(r.curve, &r.ephemeral, RD(r.hn_public, r.public_len), &shared),
                         ERR_OK);
        vectors_bytes(v, i, "shared", want, sizeof want);
        ck_assert_mem_eq(shared.bytes, want, sizeof want);
    }
}
END_TEST

START_TEST(suci_conceal_makes_the_examples)
{
    for (size_t i = 0; i < vectors_count(v); i++) {
        struct row r = load(i);
        uint8_t out[64];
        struct wr w = WR_ARRAY(out), tight = WR(out, r.output_len - 1);

        ck_assert_int_eq(suci_conceal(c, r.profile, RD(r.hn_public, r.public_len), &r.ephemeral,
                                      RD(r.plaintext, r.plaintext_len), &w),
                         ERR_OK);
        ck_assert(rd_equal(RD_WR(&w), RD(r.output, r.output_len)));
        ck_assert_int_eq(suci_conceal(c, r.profile, RD(r.hn_public, r.public_len), &r.ephemeral,
                                      RD(r.plaintext, r.plaintext_len), &tight),
                         ERR_SPACE);
    }
}
END_TEST

START_TEST(suci_reveal_opens_the_examples)
{
    for (size_t i = 0; i < vectors_count(v); i++) {
        struct row r = load(i);
        uint8_t out[16];
        struct wr w = WR_ARRAY(out), tight = WR(out, r.plaintext_len - 1);

        ck_assert_int_eq(suci_reveal(c, r.profile, &r.hn_private, RD(r.output, r.output_len), &w),
                         ERR_OK);
        ck_assert(rd_equal(RD_WR(&w), RD(r.plaintext, r.plaintext_len)));
        ck_assert_int_eq(
            suci_reveal(c, r.profile, &r.hn_private, RD(r.output, r.output_len), &tight),
            ERR_SPACE);
    }
}
END_TEST

/* Bit 255 of an X25519 public key is no part of it (RFC 7748 5), but it is of SharedInfo1. */
START_TEST(suci_reveal_refuses_each_flipped_bit_and_truncation)
{
    for (size_t i = 0; i < vectors_count(v); i++) {
        struct row r = load(i);

        for (size_t bit = 0; bit < 8 * r.output_len; bit++) {
            uint8_t out[16];
            struct wr w = WR_ARRAY(out);

            r.output[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
            ck_assert_int_ne(
                suci_reveal(c, r.profile, &r.hn_private, RD(r.output, r.output_len), &w), ERR_OK);
            ck_assert_uint_eq(w.len, 0);
            r.output[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
        }
        for (size_t n = 0; n < r.output_len; n++) {
            uint8_t out[16];
            struct wr w = WR_ARRAY(out);

            ck_assert_int_eq(suci_reveal(c, r.profile, &r.hn_private, RD(r.output, n), &w),
                             n < r.public_len + SUCI_MAC_LEN ? ERR_SHORT : ERR_MAC);
        }
    }
}
END_TEST

/* CTR over several blocks, with the KDF's own keys on both ends. */
START_TEST(suci_round_trip_of_every_length)
{
    uint8_t plaintext[SUCI_PLAINTEXT_MAX + 1], output[400], back[400];

    for (size_t i = 0; i < sizeof plaintext; i++)
        plaintext[i] = (uint8_t)(5 * i);
    for (size_t i = 0; i < vectors_count(v); i++) {
        struct row r = load(i);
        struct rd hn_public = RD(r.hn_public, r.public_len);

        for (size_t n = 0; n <= sizeof plaintext; n += n < 34 ? 1 : 37) {
            struct wr w = WR_ARRAY(output), opened = WR_ARRAY(back);
            enum err e = suci_conceal(c, r.profile, hn_public, &r.ephemeral, RD(plaintext, n), &w);

            ck_assert_int_eq(e, n > SUCI_PLAINTEXT_MAX ? ERR_RANGE : ERR_OK);
            if (e != ERR_OK)
                continue;
            ck_assert_int_eq(suci_reveal(c, r.profile, &r.hn_private, RD_WR(&w), &opened), ERR_OK);
            ck_assert(rd_equal(RD_WR(&opened), RD(plaintext, n)));
        }
        ck_assert_int_eq(suci_conceal(c, r.profile, hn_public, &r.ephemeral,
                                      RD(plaintext, sizeof plaintext), &WR_ARRAY(output)),
                         ERR_RANGE);
    }
}
END_TEST

/* The ciphertext as OpenSSL's own X9.63 KDF and AES-128-CTR make it. */
static void reference(const struct secret *shared, struct rd ephemeral_public,
                      const uint8_t *plaintext, uint8_t *ciphertext, size_t n)
{
    uint8_t keys[64], z[32], info[33];
    char sha256[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, sha256, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, z, sizeof z),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, ephemeral_public.left),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "X963KDF", NULL);
    EVP_KDF_CTX *kdf_ctx = EVP_KDF_CTX_new(kdf);
    EVP_CIPHER_CTX *ctr = EVP_CIPHER_CTX_new();
    int len = 0;

    memcpy(z, shared->bytes, sizeof z);
    memcpy(info, ephemeral_public.at, ephemeral_public.left);
    ck_assert_int_eq(EVP_KDF_derive(kdf_ctx, keys, sizeof keys, params), 1);
    ck_assert_int_eq(EVP_EncryptInit_ex2(ctr, EVP_aes_128_ctr(), keys, keys + 16, NULL), 1);
    ck_assert_int_eq(EVP_EncryptUpdate(ctr, ciphertext, &len, plaintext, (int)n), 1);
    EVP_CIPHER_CTX_free(ctr);
    EVP_KDF_CTX_free(kdf_ctx);
    EVP_KDF_free(kdf);
}

/* Many ephemeral keys, so that some counter blocks carry from one byte to the next. */
START_TEST(suci_long_ciphertext_is_what_openssl_makes)
{
    static const uint8_t plaintext[SUCI_PLAINTEXT_MAX];
    struct row r = load(0);
    struct rd hn_public = RD(r.hn_public, r.public_len);

    for (uint8_t i = 0; i < 64; i++) {
        uint8_t output[400], want[SUCI_PLAINTEXT_MAX];
        struct wr w = WR_ARRAY(output);
        struct secret shared;

        r.ephemeral.bytes[5] = i;
        ck_assert_int_eq(
            suci_conceal(c, r.profile, hn_public, &r.ephemeral, RD_ARRAY(plaintext), &w), ERR_OK);
        ck_assert_int_eq(ecdh_shared(r.curve, &r.ephemeral, hn_public, &shared), ERR_OK);
        reference(&shared, RD(output, 32), plaintext, want, sizeof want);
        ck_assert_mem_eq(output + 32, want, sizeof want);
    }
}
END_TEST

START_TEST(suci_refuses_bad_keys_and_profiles)
{
    struct row a = load(0), b = load(1);
    struct rd plaintext = RD(a.plaintext, a.plaintext_len);
    uint8_t out[128], small_order[32] = {1}, off_curve[33] = {2}, infinity = 0;
    struct wr w = WR_ARRAY(out);

    memset(off_curve + 1, 0xFF, 32); /* x above the prime */
    ck_assert_int_eq(
        suci_conceal(c, SUCI_PROFILE_A, RD_ARRAY(small_order), &a.ephemeral, plaintext, &w),
        ERR_FORMAT);
    ck_assert_int_eq(
        suci_conceal(c, SUCI_PROFILE_B, RD_ARRAY(off_curve), &b.ephemeral, plaintext, &w),
        ERR_FORMAT);
    ck_assert_int_eq(suci_conceal(c, SUCI_PROFILE_B, RD(off_curve, 1), &b.ephemeral, plaintext, &w),
                     ERR_FORMAT);
    ck_assert_int_eq(suci_conceal(c, SUCI_PROFILE_B, RD(&infinity, 1), &b.ephemeral, plaintext, &w),
                     ERR_FORMAT);
    ck_assert_int_eq(
        suci_conceal(c, (enum suci_profile)0, RD(a.hn_public, 32), &a.ephemeral, plaintext, &w),
        ERR_UNSUPPORTED);
    memset(b.ephemeral.bytes, 0xFF, 32); /* above the order */
    ck_assert_int_eq(
        suci_conceal(c, SUCI_PROFILE_B, RD(b.hn_public, 33), &b.ephemeral, plaintext, &w), ERR_KEY);
    memset(b.ephemeral.bytes, 0, 32);
    ck_assert_int_eq(
        suci_conceal(c, SUCI_PROFILE_B, RD(b.hn_public, 33), &b.ephemeral, plaintext, &w), ERR_KEY);
    a.ephemeral.len = 31;
    ck_assert_int_eq(
        suci_conceal(c, SUCI_PROFILE_A, RD(a.hn_public, 32), &a.ephemeral, plaintext, &w), ERR_KEY);
    ck_assert_uint_eq(w.len, 0);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("apdu/suci");
    TCase *t = tcase_create("TS 33.501 C.3");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, ecdh_matches_the_examples);
    tcase_add_test(t, suci_conceal_makes_the_examples);
    tcase_add_test(t, suci_reveal_opens_the_examples);
    tcase_add_test(t, suci_reveal_refuses_each_flipped_bit_and_truncation);
    tcase_add_test(t, suci_round_trip_of_every_length);
    tcase_add_test(t, suci_long_ciphertext_is_what_openssl_makes);
    tcase_add_test(t, suci_refuses_bad_keys_and_profiles);
    suite_add_tcase(s, t);
    return s;
}
