/* Tests of apdu/crypto.h. Goal: the known answers, the same whatever way a message is cut,
 * and no allocation once a context exists. */
#include "apdu/crypto.h"
#include "test/support/runner.h"
#include "test/support/vectors.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static struct crypto *c;
static size_t allocations; /* OpenSSL's, counted from process start */

static void *count_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    allocations++;
    return malloc(n);
}

static void *count_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    allocations++;
    return realloc(p, n);
}

static void count_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

static void setup(void)
{
    c = crypto_new();
    ck_assert_ptr_nonnull(c);
}

static void teardown(void)
{
    crypto_free(&c);
    ck_assert_ptr_null(c);
}

static struct secret secret(const char *hex)
{
    struct secret s = {.len = 0};

    ck_assert_int_eq(secret_from_hex(&s, hex), ERR_OK);
    return s;
}

/* One MAC over a message in two parts, cut at cut. */
static enum err mac_of(const char *algorithm, const struct secret *key, struct rd message,
                       size_t cut, uint8_t mac[16])
{
    struct rd parts[] = {RD(message.at, cut), RD(message.at + cut, message.left - cut)};

    if (strstr(algorithm, "CMAC") != NULL)
        return crypto_cmac(c, key, parts, 2, mac);
    if (strncmp(algorithm, "DES_", 4) == 0)
        return crypto_cbc_mac(c, CRYPTO_DES_CBC, key, parts, 2, mac);
    return crypto_cbc_mac(c, CRYPTO_3DES_CBC, key, parts, 2, mac);
}

START_TEST(crypto_macs_match_known_answers_at_every_cut)
{
    struct vectors *v = vectors_open("test/vectors/ota-checksums.csv");
    unsigned seen = 0;

    for (size_t row = 0; row < vectors_count(v); row++) {
        const char *algorithm = vectors_text(v, row, "algorithm");
        struct secret key = secret(vectors_text(v, row, "key"));
        uint8_t message[80], want[8], mac[16];
        size_t n = vectors_bytes(v, row, "message", message, sizeof message);
        size_t want_len = vectors_bytes(v, row, "expected", want, sizeof want);

        if (key.len == 0)
            continue; /* checksums without a key */
        for (size_t cut = 0; cut <= n; cut++) {
            ck_assert_int_eq(mac_of(algorithm, &key, RD(message, n), cut, mac), ERR_OK);
            ck_assert_mem_eq(mac, want, want_len);
        }
        seen++;
    }
    ck_assert_uint_eq(seen, 13);
    vectors_close(v);
}
END_TEST

START_TEST(crypto_integrity_file_agrees)
{
    struct vectors *v = vectors_open("test/vectors/ota_integrity_kat.csv");
    unsigned seen = 0;

    for (size_t row = 0; row < vectors_count(v); row++) {
        struct secret key = secret(vectors_text(v, row, "key"));
        uint8_t message[80], want[8], mac[16];
        size_t n = vectors_bytes(v, row, "input", message, sizeof message);
        size_t want_len = vectors_bytes(v, row, "output", want, sizeof want);

        if (key.len == 0)
            continue;
        ck_assert_int_eq(mac_of(vectors_text(v, row, "alg"), &key, RD(message, n), 0, mac), ERR_OK);
        ck_assert_mem_eq(mac, want, want_len);
        seen++;
    }
    ck_assert_uint_eq(seen, 2);
    vectors_close(v);
}
END_TEST

/* A long message takes the path in chunks; the same bytes one by one take the other. */
START_TEST(crypto_cmac_of_long_message_is_the_same_in_single_bytes)
{
    struct secret key = secret("2B7E151628AED2A6ABF7158809CF4F3C");
    uint8_t message[1000], whole[16], single[16];
    struct rd parts[1000];

    for (size_t i = 0; i < sizeof message; i++) {
        message[i] = (uint8_t)(i * 7);
        parts[i] = RD(message + i, 1);
    }
    for (size_t n = 0; n <= sizeof message; n += 8) {
        struct rd all = RD(message, n);

        ck_assert_int_eq(crypto_cmac(c, &key, &all, 1, whole), ERR_OK);
        ck_assert_int_eq(crypto_cmac(c, &key, parts, n, single), ERR_OK);
        ck_assert_mem_eq(whole, single, 16);
    }
}
END_TEST

/* SP 800-38A F.2.1, F.2.5 (CBC with the IV folded into the block), FIPS 197 C.1 and C.3. */
static const struct {
    enum crypto_cipher cipher;
    const char *key, *plain, *cipher_text;
} cipher_rows[] = {
    {CRYPTO_AES_CBC, "2B7E151628AED2A6ABF7158809CF4F3C", "6BC0BCE12A459991E134741A7F9E1925",
     "7649ABAC8119B246CEE98E9B12E9197D"},
    {CRYPTO_AES_CBC, "000102030405060708090A0B0C0D0E0F1011121314151617",
     "00112233445566778899AABBCCDDEEFF", "DDA97CA4864CDFE06EAF70A0EC0D7191"},
    {CRYPTO_AES_CBC, "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
     "00112233445566778899AABBCCDDEEFF", "8EA2B7CA516745BFEAFC49904B496089"},
    {CRYPTO_DES_CBC, "0123456789ABCDEF", "4E6F772069732074", "3FA40E8A984D4815"},
    {CRYPTO_3DES_CBC, "0123456789ABCDEF23456789ABCDEF01456789ABCDEF0123", "5468652071756663",
     "A826FD8CE53B855F"},
};

START_TEST(crypto_ciphers_match_published_blocks)
{
    struct secret key = secret(cipher_rows[_i].key);
    struct secret plain = secret(cipher_rows[_i].plain);
    struct secret want = secret(cipher_rows[_i].cipher_text);
    uint8_t block[16];

    ck_assert_int_eq(crypto_encrypt(c, cipher_rows[_i].cipher, &key, plain.bytes, block, plain.len),
                     ERR_OK);
    ck_assert_mem_eq(block, want.bytes, want.len);
    ck_assert_int_eq(crypto_decrypt(c, cipher_rows[_i].cipher, &key, block, block, want.len),
                     ERR_OK);
    ck_assert_mem_eq(block, plain.bytes, plain.len);
}
END_TEST

START_TEST(crypto_refuses_key_and_data_lengths)
{
    static const struct {
        enum crypto_cipher cipher;
        uint64_t good_lengths; /* bit n: n bytes */
    } rows[] = {
        {CRYPTO_DES_CBC, 1ULL << 8},
        {CRYPTO_3DES_CBC, 1ULL << 16 | 1ULL << 24},
        {CRYPTO_AES_CBC, 1ULL << 16 | 1ULL << 24 | 1ULL << 32},
    };
    uint8_t block[32] = {0}, mac[16];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (uint8_t len = 0; len <= SECRET_LEN_MAX; len++) {
            struct secret key = {.len = len};
            enum err want = rows[i].good_lengths >> len & 1 ? ERR_OK : ERR_KEY;

            ck_assert_int_eq(crypto_encrypt(c, rows[i].cipher, &key, block, block, 16), want);
            ck_assert_int_eq(crypto_decrypt(c, rows[i].cipher, &key, block, block, 16), want);
            ck_assert_int_eq(crypto_decrypt(c, rows[i].cipher, &key, block, block, 17), ERR_RANGE);
            if (rows[i].cipher == CRYPTO_AES_CBC)
                ck_assert_int_eq(crypto_cmac(c, &key, NULL, 0, mac), want);
            ck_assert_int_eq(crypto_cbc_mac(c, rows[i].cipher, &key, NULL, 0, mac),
                             rows[i].cipher == CRYPTO_AES_CBC ? ERR_KEY : want);
        }
    }
}
END_TEST

START_TEST(crypto_aes_more_goes_on_under_the_last_key)
{
    struct secret key = secret("000102030405060708090A0B0C0D0E0F");
    struct secret short_key = secret("00");
    uint8_t in[48] = {1, 2, 3}, all[48], single[48];

    ck_assert_int_eq(crypto_aes_more(c, in, single, 1), ERR_KEY);
    ck_assert_int_eq(crypto_aes_blocks(c, &key, in, all, 3), ERR_OK);
    ck_assert_int_eq(crypto_aes_block(c, &key, in, single), ERR_OK);
    ck_assert_int_eq(crypto_aes_more(c, in + 16, single + 16, 2), ERR_OK);
    ck_assert_mem_eq(all, single, 48);
    ck_assert_int_eq(crypto_aes_block(c, &short_key, in, single), ERR_KEY);
    ck_assert_int_eq(crypto_forget(c), ERR_OK);
    ck_assert_int_eq(crypto_aes_more(c, in, single, 1), ERR_KEY);
}
END_TEST

/* FIPS 180-4 "abc", FIPS 202 SHAKE256 of nothing, RFC 4231 case 1. */
START_TEST(crypto_hashes_match_published_values)
{
    struct secret abc = secret("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD");
    struct secret shake =
        secret("46B9DD2B0BA88D13233B3FEB743EEB243FCD52EA62B81B82B50C27646ED5762F");
    struct secret hmac = secret("B0344C61D8DB38535CA8AFCEAF0BF12B881DC200C9833DA726E9376C2E32CFF7");
    struct secret key = secret("0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B");
    uint8_t got[32];

    for (unsigned twice = 0; twice < 2; twice++) {
        ck_assert_int_eq(crypto_sha256(c, RD((const uint8_t *)"abc", 3), got), ERR_OK);
        ck_assert_mem_eq(got, abc.bytes, 32);
        ck_assert_int_eq(crypto_shake256(c, RD(NULL, 0), got, sizeof got), ERR_OK);
        ck_assert_mem_eq(got, shake.bytes, 32);
        ck_assert_int_eq(crypto_hmac_sha256(c, &key, RD((const uint8_t *)"Hi There", 8), got),
                         ERR_OK);
        ck_assert_mem_eq(got, hmac.bytes, 32);
    }
}
END_TEST

START_TEST(crypto_equal_sees_each_byte)
{
    uint8_t a[16] = {0}, b[16] = {0};

    ck_assert(crypto_equal(a, b, sizeof a));
    for (size_t i = 0; i < sizeof a; i++) {
        b[i] = 0x80;
        ck_assert(!crypto_equal(a, b, sizeof a));
        b[i] = 0;
    }
}
END_TEST

START_TEST(crypto_allocates_nothing_after_the_first_use)
{
    struct secret aes = secret("000102030405060708090A0B0C0D0E0F");
    struct secret des = secret("000102030405060708090A0B0C0D0E0F");
    uint8_t block[32] = {0}, mac[16];
    struct rd part = RD_ARRAY(block);
    size_t before = 0;

    for (unsigned pass = 0; pass < 3; pass++) {
        if (pass == 1)
            before = allocations;
        ck_assert_int_eq(crypto_encrypt(c, CRYPTO_AES_CBC, &aes, block, block, 32), ERR_OK);
        ck_assert_int_eq(crypto_decrypt(c, CRYPTO_AES_CBC, &aes, block, block, 32), ERR_OK);
        ck_assert_int_eq(crypto_encrypt(c, CRYPTO_3DES_CBC, &des, block, block, 32), ERR_OK);
        ck_assert_int_eq(crypto_decrypt(c, CRYPTO_3DES_CBC, &des, block, block, 32), ERR_OK);
        ck_assert_int_eq(crypto_aes_blocks(c, &aes, block, block, 2), ERR_OK);
        ck_assert_int_eq(crypto_cmac(c, &aes, &part, 1, mac), ERR_OK);
        ck_assert_int_eq(crypto_cbc_mac(c, CRYPTO_3DES_CBC, &des, &part, 1, mac), ERR_OK);
    }
    ck_assert_uint_gt(before, 0); /* else nothing was counted */
    ck_assert_uint_eq(allocations, before);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("apdu/crypto");
    TCase *mac = tcase_create("TS 102 225 5.1.3");
    TCase *t = tcase_create("crypto");

    if (!CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free))
        abort(); /* OpenSSL allocated before the first test: the counter would see nothing */
    tcase_add_checked_fixture(mac, setup, teardown);
    tcase_add_test(mac, crypto_macs_match_known_answers_at_every_cut);
    tcase_add_test(mac, crypto_integrity_file_agrees);
    tcase_add_test(mac, crypto_cmac_of_long_message_is_the_same_in_single_bytes);
    suite_add_tcase(s, mac);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, crypto_ciphers_match_published_blocks, 0, ARRAY_LEN(cipher_rows));
    tcase_add_test(t, crypto_refuses_key_and_data_lengths);
    tcase_add_test(t, crypto_aes_more_goes_on_under_the_last_key);
    tcase_add_test(t, crypto_hashes_match_published_values);
    tcase_add_test(t, crypto_equal_sees_each_byte);
    tcase_add_test(t, crypto_allocates_nothing_after_the_first_use);
    suite_add_tcase(s, t);
    return s;
}
