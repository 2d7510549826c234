/*
 * Tests of apdu/aka.h. Goal: every published set of Milenage, its GSM functions, TUAK and
 * the XOR algorithm; lengths an algorithm does not have are refused.
 */
#include "apdu/aka.h"
#include "test/support/runner.h"
#include "test/support/vectors.h"

#include <string.h>

static struct crypto *c;

static void setup(void)
{
    c = crypto_new();
    ck_assert_ptr_nonnull(c);
}

static void teardown(void)
{
    crypto_free(&c);
}

static struct secret secret(const char *hex)
{
    struct secret s = {.len = 0};

    ck_assert_int_eq(secret_from_hex(&s, hex), ERR_OK);
    return s;
}

static struct aka_key key_of(enum aka_algorithm algorithm, const char *k, const char *opc)
{
    struct aka_key key;

    aka_key_defaults(&key, algorithm);
    key.k = secret(k);
    key.opc = secret(opc);
    return key;
}

static uint64_t sqn_of(const struct vectors *v, size_t row)
{
    uint8_t bytes[6];
    struct rd r = RD(bytes, vectors_bytes(v, row, "sqn", bytes, sizeof bytes));
    uint64_t sqn = 0;

    ck_assert_int_eq(rd_u48(&r, &sqn), ERR_OK);
    return sqn;
}

/* got is what the column says, which is len bytes. */
static void same(const struct vectors *v, size_t row, const char *column, const void *got,
                 size_t len)
{
    uint8_t want[64];

    ck_assert_msg(vectors_bytes(v, row, column, want, sizeof want) == len, "row %zu %s length", row,
                  column);
    ck_assert_msg(memcmp(got, want, len) == 0, "row %zu %s", row, column);
}

static void check_auts(const struct vectors *v, size_t row, const struct aka_key *key,
                       const uint8_t *rand)
{
    uint8_t auts[AKA_AUTS_LEN];
    uint64_t sqn = 0;

    ck_assert_int_eq(aka_auts(c, key, rand, sqn_of(v, row), auts), ERR_OK);
    same(v, row, "auts_with_amf0000", auts, sizeof auts);
    ck_assert_int_eq(aka_open_auts(c, key, rand, auts, &sqn), ERR_OK);
    ck_assert_uint_eq(sqn, sqn_of(v, row));
}

static void check_gsm(const struct vectors *v, size_t row, const struct aka_result *r)
{
    uint8_t sres[4], kc[8];

    aka_sres(r->res, 8, sres);
    aka_kc(r->ck, r->ik, kc);
    same(v, row, "c2_sres_55205_alg1", sres, 4);
    same(v, row, "sres_55205_alg2", r->res, 4);
    same(v, row, "c3_kc", kc, 8);
}

START_TEST(aka_milenage_matches_every_set)
{
    struct vectors *v = vectors_open("test/vectors/milenage-35208.csv");

    ck_assert_uint_eq(vectors_count(v), 21);
    for (size_t row = 0; row < vectors_count(v); row++) {
        struct aka_key key =
            key_of(AKA_MILENAGE, vectors_text(v, row, "k"), vectors_text(v, row, "opc"));
        struct secret op = secret(vectors_text(v, row, "op")), opc;
        uint8_t rand[16], amf[2], mac_a[8], mac_s[8], autn[AKA_AUTN_LEN];
        struct aka_result r;

        vectors_bytes(v, row, "rand", rand, 16);
        vectors_bytes(v, row, "amf", amf, 2);
        ck_assert_int_eq(aka_derive_opc(c, &key, &op, &opc), ERR_OK);
        ck_assert(secret_equal(&opc, &key.opc));
        ck_assert_int_eq(aka_f1(c, &key, rand, sqn_of(v, row), amf, mac_a, mac_s), ERR_OK);
        same(v, row, "f1_mac_a", mac_a, 8);
        same(v, row, "f1star_mac_s", mac_s, 8);
        for (unsigned whole = 0; whole < 2; whole++) {
            memset(&r, 0xEE, sizeof r);
            if (whole)
                ck_assert_int_eq(aka_autn(c, &key, rand, sqn_of(v, row), amf, &r, autn), ERR_OK);
            else
                ck_assert_int_eq(aka_f2345(c, &key, rand, &r), ERR_OK);
            same(v, row, "f2_res", r.res, 8);
            same(v, row, "f3_ck", r.ck, 16);
            same(v, row, "f4_ik", r.ik, 16);
            same(v, row, "f5_ak", r.ak, 6);
            same(v, row, "f5star_ak", r.ak_star, 6);
        }
        same(v, row, "autn", autn, sizeof autn);
        check_auts(v, row, &key, rand);
        check_gsm(v, row, &r);
    }
    vectors_close(v);
}
END_TEST

START_TEST(aka_gsm_conversions_match_every_set)
{
    struct vectors *v = vectors_open("test/vectors/gsm_milenage_ts55205.csv");

    ck_assert_uint_eq(vectors_count(v), 19);
    for (size_t row = 0; row < vectors_count(v); row++) {
        struct aka_key key =
            key_of(AKA_MILENAGE, vectors_text(v, row, "k"), vectors_text(v, row, "opc"));
        uint8_t rand[16], sres[4], kc[8];
        struct aka_result r;

        vectors_bytes(v, row, "rand", rand, 16);
        ck_assert_int_eq(aka_f2345(c, &key, rand, &r), ERR_OK);
        aka_sres(r.res, 8, sres);
        aka_kc(r.ck, r.ik, kc);
        same(v, row, "sres_func1", sres, 4);
        same(v, row, "sres_func2", r.res, 4);
        same(v, row, "kc", kc, 8);
    }
    vectors_close(v);
}
END_TEST

START_TEST(aka_milenage_matches_a_real_card)
{
    struct vectors *v = vectors_open("test/vectors/aka_realcard_sja5.csv");
    struct aka_key key = key_of(AKA_MILENAGE, vectors_text(v, 0, "k"), "");
    struct secret op = secret(vectors_text(v, 0, "op"));
    uint8_t rand[16], amf[2], autn[AKA_AUTN_LEN], kc[8];
    struct aka_result r;

    vectors_bytes(v, 0, "rand", rand, 16);
    vectors_bytes(v, 0, "amf", amf, 2);
    ck_assert_int_eq(aka_derive_opc(c, &key, &op, &key.opc), ERR_OK);
    ck_assert_int_eq(aka_autn(c, &key, rand, sqn_of(v, 0), amf, &r, autn), ERR_OK);
    aka_kc(r.ck, r.ik, kc);
    same(v, 0, "autn", autn, sizeof autn);
    same(v, 0, "res", r.res, 8);
    same(v, 0, "ck", r.ck, 16);
    same(v, 0, "ik", r.ik, 16);
    same(v, 0, "kc", kc, 8);
    vectors_close(v);
}
END_TEST

/* osmo-auc-gen: a vector, and an AUTS it took SQN 23 from. */
START_TEST(aka_milenage_matches_another_authentication_centre)
{
    static const uint8_t amf[2] = {0, 0};
    struct aka_key key = key_of(AKA_MILENAGE, "1dc4f974325cce611e54f516dc1fec56",
                                "2a48162ff3edca4adf0b7b5e527d6c16");
    struct secret rand = secret("6a61050765caa32c90371370e5d6dc2d");
    struct secret want = secret("790c5d80c46c0000e74d796ec095dbee");
    struct secret auts = secret("979498b1f72d3e28c59fa2e72f9c");
    uint8_t autn[AKA_AUTN_LEN];
    struct aka_result r;
    uint64_t sqn = 0;

    ck_assert_int_eq(aka_autn(c, &key, rand.bytes, 23, amf, &r, autn), ERR_OK);
    ck_assert_mem_eq(autn, want.bytes, sizeof autn);
    key = key_of(AKA_MILENAGE, "EB215756028D60E3275E613320AEC880",
                 "FB2A3D1B360F599ABAB99DB8669F8308");
    rand = secret("39fa2f4e3d523d8619a73b4f65c3e14d");
    ck_assert_int_eq(aka_open_auts(c, &key, rand.bytes, auts.bytes, &sqn), ERR_OK);
    ck_assert_uint_eq(sqn, 23);
}
END_TEST

START_TEST(aka_open_auts_refuses_each_flipped_bit)
{
    struct aka_key key = key_of(AKA_MILENAGE, "EB215756028D60E3275E613320AEC880",
                                "FB2A3D1B360F599ABAB99DB8669F8308");
    struct secret rand = secret("39fa2f4e3d523d8619a73b4f65c3e14d");
    struct secret auts = secret("979498b1f72d3e28c59fa2e72f9c");
    uint64_t sqn = 7;

    for (size_t bit = 0; bit < 8 * AKA_AUTS_LEN; bit++) {
        auts.bytes[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
        ck_assert_int_eq(aka_open_auts(c, &key, rand.bytes, auts.bytes, &sqn), ERR_MAC);
        ck_assert_uint_eq(sqn, 7);
        auts.bytes[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
    }
}
END_TEST

START_TEST(aka_milenage_cuts_res_from_the_front)
{
    struct aka_key key = key_of(AKA_MILENAGE, "465b5ce8b199b49faa5f0a2ee238a6bc",
                                "cd63cb71954a9f4e48a5994e37a02baf");
    struct secret rand = secret("23553cbe9637a89d218ae64dae47bf35");
    static const uint8_t want[8] = {0xA5, 0x42, 0x11, 0xD5, 0x00, 0x00, 0x00, 0x00};
    struct aka_result r;

    key.res_len = 4;
    ck_assert_int_eq(aka_f2345(c, &key, rand.bytes, &r), ERR_OK);
    ck_assert_mem_eq(r.res, want, sizeof want);
}
END_TEST

static uint8_t length_of(const struct vectors *v, size_t row, const char *column)
{
    unsigned bits = 0;

    for (const char *p = vectors_text(v, row, column); *p != '\0'; p++)
        bits = bits * 10 + (unsigned)(*p - '0');
    return (uint8_t)(bits / 8);
}

static struct aka_key tuak_key(const struct vectors *v, size_t row)
{
    struct aka_key key = key_of(AKA_TUAK, vectors_text(v, row, "k"), vectors_text(v, row, "topc"));

    key.mac_len = length_of(v, row, "mac_bits");
    key.res_len = length_of(v, row, "res_bits");
    key.ck_len = length_of(v, row, "ck_bits");
    key.ik_len = length_of(v, row, "ik_bits");
    key.keccak_iterations = (uint8_t)(*vectors_text(v, row, "keccak_iterations") - '0');
    return key;
}

START_TEST(aka_tuak_matches_every_set)
{
    struct vectors *v = vectors_open("test/vectors/tuak-35233.csv");

    ck_assert_uint_eq(vectors_count(v), 6);
    for (size_t row = 0; row < vectors_count(v); row++) {
        struct aka_key key = tuak_key(v, row);
        struct secret top = secret(vectors_text(v, row, "top")), topc;
        uint8_t rand[16], amf[2], mac_a[32], mac_s[32];
        struct aka_result r;

        vectors_bytes(v, row, "rand", rand, 16);
        vectors_bytes(v, row, "amf", amf, 2);
        ck_assert_int_eq(aka_derive_opc(c, &key, &top, &topc), ERR_OK);
        ck_assert(secret_equal(&topc, &key.opc));
        ck_assert_int_eq(aka_f1(c, &key, rand, sqn_of(v, row), amf, mac_a, mac_s), ERR_OK);
        same(v, row, "f1_mac_a", mac_a, key.mac_len);
        same(v, row, "f1star_mac_s", mac_s, key.mac_len);
        ck_assert_int_eq(aka_f2345(c, &key, rand, &r), ERR_OK);
        same(v, row, "f2_res", r.res, key.res_len);
        same(v, row, "f3_ck", r.ck, key.ck_len);
        same(v, row, "f4_ik", r.ik, key.ik_len);
        same(v, row, "f5_ak", r.ak, 6);
        same(v, row, "f5star_ak", r.ak_star, 6);
    }
    vectors_close(v);
}
END_TEST

START_TEST(aka_tuak_autn_and_auts_are_made_of_its_functions)
{
    struct vectors *v = vectors_open("test/vectors/tuak-35233.csv");
    struct aka_key key = tuak_key(v, 0);
    uint8_t rand[16], amf[2], autn[AKA_AUTN_LEN], auts[AKA_AUTS_LEN];
    /* SQN 11.. xor f5 71 9F 1E 9B 90 54 */
    static const uint8_t want[8] = {0x60, 0x8E, 0x0F, 0x8A, 0x81, 0x45, 0xFF, 0xFF};
    struct aka_result r;
    uint64_t sqn = 0;

    vectors_bytes(v, 0, "rand", rand, 16);
    vectors_bytes(v, 0, "amf", amf, 2);
    ck_assert_int_eq(aka_autn(c, &key, rand, sqn_of(v, 0), amf, &r, autn), ERR_OK);
    ck_assert_mem_eq(autn, want, sizeof want);
    same(v, 0, "f1_mac_a", autn + 8, 8);
    ck_assert_int_eq(aka_auts(c, &key, rand, 0x123456789ABC, auts), ERR_OK);
    ck_assert_int_eq(aka_open_auts(c, &key, rand, auts, &sqn), ERR_OK);
    ck_assert_uint_eq(sqn, 0x123456789ABC);
    key.mac_len = 16; /* does not fit AUTN */
    ck_assert_int_eq(aka_autn(c, &key, rand, 1, amf, &r, autn), ERR_KEY);
    ck_assert_int_eq(aka_auts(c, &key, rand, 1, auts), ERR_KEY);
    ck_assert_int_eq(aka_open_auts(c, &key, rand, auts, &sqn), ERR_KEY);
    vectors_close(v);
}
END_TEST

/* First row: osmo-hlr's tests. Second: computed by hand from the definition. */
START_TEST(aka_xor_matches_known_answers)
{
    static const uint8_t amf_0[2] = {0x00, 0x00}, amf_8[2] = {0x80, 0x00};
    struct aka_key key = key_of(AKA_XOR, "000102030405060708090a0b0c0d0e0f", "");
    struct secret rand = secret("b5039c57e4a75051551d1a390a71ce48");
    struct secret autn_want = secret("54e0a256565d0000b5029e54e0a25656");
    struct secret ck = secret("029e54e0a256565d141032067cc047b5");
    struct secret ik = secret("9e54e0a256565d141032067cc047b502");
    struct secret res = secret("b5029e54e0a256565d141032067cc047");
    struct secret kc_want = secret("98e880384887f9fe"), sres_want = secret("0ec81877");
    struct secret auts_want = secret("3040506070a00010203040706070");
    uint8_t autn[AKA_AUTN_LEN], auts[AKA_AUTS_LEN], kc[8], sres[4];
    struct aka_result r;
    uint64_t sqn = 0;

    key.res_len = 16;
    ck_assert_int_eq(aka_autn(c, &key, rand.bytes, 0, amf_0, &r, autn), ERR_OK);
    aka_kc(r.ck, r.ik, kc);
    aka_sres(r.res, 16, sres);
    ck_assert_mem_eq(autn, autn_want.bytes, 16);
    ck_assert_mem_eq(r.ck, ck.bytes, 16);
    ck_assert_mem_eq(r.ik, ik.bytes, 16);
    ck_assert_mem_eq(r.res, res.bytes, 16);
    ck_assert_mem_eq(kc, kc_want.bytes, 8);
    ck_assert_mem_eq(sres, sres_want.bytes, 4);

    rand = secret("00112233445566778899aabbccddeeff");
    autn_want = secret("3040506070a08000001020304070e070");
    ck_assert_int_eq(aka_autn(c, &key, rand.bytes, 0x20, amf_8, &r, autn), ERR_OK);
    ck_assert_mem_eq(autn, autn_want.bytes, 16);
    ck_assert_int_eq(aka_auts(c, &key, rand.bytes, 0x20, auts), ERR_OK);
    ck_assert_mem_eq(auts, auts_want.bytes, AKA_AUTS_LEN);
    ck_assert_int_eq(aka_open_auts(c, &key, rand.bytes, auts, &sqn), ERR_OK);
    ck_assert_uint_eq(sqn, 0x20);
}
END_TEST

#define BIT(n) (1ULL << (n))

/* One row per algorithm: the lengths it has, bit n for n bytes. */
static const struct {
    enum aka_algorithm algorithm;
    const char *k, *opc;
    uint64_t k_lens, opc_lens, res_lens, mac_lens, ck_lens;
} length_rows[] = {
    {AKA_MILENAGE, "465b5ce8b199b49faa5f0a2ee238a6bc", "cd63cb71954a9f4e48a5994e37a02baf", BIT(16),
     BIT(16), 0x1F0, BIT(8), BIT(16)},
    {AKA_TUAK, "465b5ce8b199b49faa5f0a2ee238a6bc",
     "305425427e18c503c8a4b294ea72c95d0c36c6c6b29d0c65de5974d5977f8524", BIT(16) | BIT(32), BIT(32),
     BIT(4) | BIT(8) | BIT(16) | BIT(32), BIT(8) | BIT(16) | BIT(32), BIT(16) | BIT(32)},
    {AKA_XOR, "465b5ce8b199b49faa5f0a2ee238a6bc", "", BIT(16), BIT(33) - 1, 0x1FFF0, BIT(8),
     BIT(16)},
};

START_TEST(aka_refuses_lengths_the_algorithm_does_not_have)
{
    struct aka_key good = key_of(length_rows[_i].algorithm, length_rows[_i].k, length_rows[_i].opc);
    uint8_t rand[16] = {0}, amf[2] = {0}, mac[32], autn[AKA_AUTN_LEN], auts[AKA_AUTS_LEN];
    struct {
        uint64_t lens;
        uint8_t *field;
    } fields[6];
    struct aka_key key;
    struct aka_result r;

    fields[0].lens = length_rows[_i].k_lens, fields[0].field = &key.k.len;
    fields[1].lens = length_rows[_i].opc_lens, fields[1].field = &key.opc.len;
    fields[2].lens = length_rows[_i].res_lens, fields[2].field = &key.res_len;
    fields[3].lens = length_rows[_i].mac_lens, fields[3].field = &key.mac_len;
    fields[4].lens = length_rows[_i].ck_lens, fields[4].field = &key.ck_len;
    fields[5].lens = length_rows[_i].ck_lens, fields[5].field = &key.ik_len;
    for (size_t f = 0; f < ARRAY_LEN(fields); f++) {
        for (unsigned len = 0; len < 256; len++) {
            enum err want = len < 64 && (fields[f].lens >> len & 1) != 0 ? ERR_OK : ERR_KEY;

            key = good;
            *fields[f].field = (uint8_t)len;
            ck_assert_int_eq(aka_f2345(c, &key, rand, &r), want);
            ck_assert_int_eq(aka_f1(c, &key, rand, 0, amf, mac, mac), want);
            if (key.mac_len != 8)
                want = ERR_KEY; /* fits neither AUTN nor AUTS */
            ck_assert_int_eq(aka_autn(c, &key, rand, 0, amf, &r, autn), want);
            ck_assert_int_eq(aka_auts(c, &key, rand, 0, auts), want);
        }
    }
}
END_TEST

START_TEST(aka_refuses_unknown_algorithms_and_no_iterations)
{
    uint8_t rand[16] = {0};
    struct aka_key key = key_of(length_rows[1].algorithm, length_rows[1].k, length_rows[1].opc);
    struct secret opc;
    struct aka_result r;

    ck_assert_int_eq(aka_derive_opc(c, &key, &key.opc, &opc), ERR_OK);
    ck_assert_int_eq(aka_derive_opc(c, &key, &key.k, &opc), ERR_KEY);
    key.keccak_iterations = 255;
    ck_assert_int_eq(aka_f2345(c, &key, rand, &r), ERR_OK);
    key.keccak_iterations = 0;
    ck_assert_int_eq(aka_f2345(c, &key, rand, &r), ERR_KEY);
    ck_assert_int_eq(aka_derive_opc(c, &key, &key.opc, &opc), ERR_KEY);
    for (int algorithm = -1; algorithm < 8; algorithm++) {
        if (algorithm >= AKA_MILENAGE && algorithm <= AKA_XOR)
            continue;
        key.keccak_iterations = 1;
        key.algorithm = (enum aka_algorithm)algorithm;
        ck_assert_int_eq(aka_f2345(c, &key, rand, &r), ERR_KEY);
        ck_assert_int_eq(aka_derive_opc(c, &key, &key.opc, &opc), ERR_KEY);
    }
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("apdu/aka");
    TCase *milenage = tcase_create("TS 35.206 4.1");
    TCase *tuak = tcase_create("TS 35.231 6");
    TCase *xor_case = tcase_create("TS 34.108 8.1.2");
    TCase *t = tcase_create("TS 33.102 6.3");

    tcase_add_checked_fixture(milenage, setup, teardown);
    tcase_add_test(milenage, aka_milenage_matches_every_set);
    tcase_add_test(milenage, aka_gsm_conversions_match_every_set);
    tcase_add_test(milenage, aka_milenage_matches_a_real_card);
    tcase_add_test(milenage, aka_milenage_matches_another_authentication_centre);
    tcase_add_test(milenage, aka_milenage_cuts_res_from_the_front);
    suite_add_tcase(s, milenage);
    tcase_add_checked_fixture(tuak, setup, teardown);
    tcase_add_test(tuak, aka_tuak_matches_every_set);
    tcase_add_test(tuak, aka_tuak_autn_and_auts_are_made_of_its_functions);
    suite_add_tcase(s, tuak);
    tcase_add_checked_fixture(xor_case, setup, teardown);
    tcase_add_test(xor_case, aka_xor_matches_known_answers);
    suite_add_tcase(s, xor_case);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, aka_open_auts_refuses_each_flipped_bit);
    tcase_add_loop_test(t, aka_refuses_lengths_the_algorithm_does_not_have, 0,
                        ARRAY_LEN(length_rows));
    tcase_add_test(t, aka_refuses_unknown_algorithms_and_no_iterations);
    suite_add_tcase(s, t);
    return s;
}
