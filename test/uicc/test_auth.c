/* Tests of uicc/usim: AUTHENTICATE, through APDUs. Goal: the answers of the
 * standards' own test sets; MAC before SQN before RES; nothing moves on a wrong MAC; a challenge
 * is answered once, also after the power was cut. */
#include "apdu/hex.h"
#include "test/support/runner.h"
#include "test/support/uicc/card.h"
#include "test/support/vectors.h"
#include "uicc/aka/sqn.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SELECT_USIM "00A4040C07A0000000871002"
#define MILENAGE    "test/vectors/milenage-35208.csv"
#define TUAK        "test/vectors/tuak-35233.csv"
#define SJA5        "test/vectors/aka_realcard_sja5.csv"

/* The jump from 0 to the sets' SQN is wider than a network's ever is. */
#define ANY_JUMP "sqn-delta = 8796093022207\n"

static struct vectors *v;
static struct test_card *t;

static void teardown(void)
{
    card_free(&t);
    if (v != NULL)
        vectors_close(v);
    v = NULL;
}

static const char *field(size_t row, const char *column)
{
    return vectors_text(v, row, column);
}

static void set_secret(struct secret *s, const char *hex)
{
    ck_assert_int_eq(secret_from_hex(s, hex), ERR_OK);
}

/* A card with these keys in slot 1, USIM selected. */
static void make(enum aka_algorithm algorithm, const char *k, const char *opc, const char *profile)
{
    struct aka_key *key;

    t = card_defaults();
    key = &t->perso.pairs[0].aka;
    aka_key_defaults(key, algorithm);
    set_secret(&key->k, k);
    if (*opc != '\0')
        set_secret(&key->opc, opc);
    t->profile = profile;
    card_make(t);
    card_expect(t, SELECT_USIM, "9000");
}

static char *upper(char *text)
{
    for (char *c = text; *c != '\0'; c++)
        *c = (char)(*c >= 'a' && *c <= 'f' ? *c - 'a' + 'A' : *c);
    return text;
}

/* 00 88 00 81 22 10 RAND 10 AUTN */
static const char *challenge(const char *rand, const char *autn)
{
    static char apdu[128];

    (void)snprintf(apdu, sizeof apdu, "008800812210%s10%s", rand, autn);
    return apdu;
}

/* AUTHENTICATE, followed up; the answer must be what the format spells. */
__attribute__((format(printf, 3, 4))) static void expect(const char *rand, const char *autn,
                                                         const char *format, ...)
{
    char want[400];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(want, sizeof want, format, args);
    va_end(args);
    card_expect_run(t, challenge(rand, autn), upper(want));
}

/* ---- TS 35.208 sets ---- */

START_TEST(authenticate_answers_milenage_set)
{
    v = vectors_open(MILENAGE);
    make(AKA_MILENAGE, field((size_t)_i, "k"), field((size_t)_i, "opc"), ANY_JUMP);
    expect(field((size_t)_i, "rand"), field((size_t)_i, "autn"), "DB08%s10%s10%s08%s 9000",
           field((size_t)_i, "f2_res"), field((size_t)_i, "f3_ck"), field((size_t)_i, "f4_ik"),
           field((size_t)_i, "c3_kc"));
    /* The same again is a replay: AUTS with the SQN just accepted. */
    expect(field((size_t)_i, "rand"), field((size_t)_i, "autn"), "DC0E%s 9000",
           field((size_t)_i, "auts_with_amf0000"));
}
END_TEST

START_TEST(authenticate_answers_gsm_context)
{
    char apdu[64], want[64];

    v = vectors_open(MILENAGE);
    make(AKA_MILENAGE, field((size_t)_i, "k"), field((size_t)_i, "opc"), NULL);
    (void)snprintf(apdu, sizeof apdu, "008800801110%s", field((size_t)_i, "rand"));
    (void)snprintf(want, sizeof want, "04%s08%s 9000", field((size_t)_i, "c2_sres_55205_alg1"),
                   field((size_t)_i, "c3_kc"));
    card_expect_run(t, apdu, upper(want));
}
END_TEST

START_TEST(authenticate_answers_as_a_real_card)
{
    struct aka_key key;
    struct secret op = {.len = 0};
    char opc[33];
    struct crypto *crypto = crypto_new();

    v = vectors_open(SJA5);
    aka_key_defaults(&key, AKA_MILENAGE);
    set_secret(&key.k, field(0, "k"));
    set_secret(&op, field(0, "op"));
    ck_assert_int_eq(aka_derive_opc(crypto, &key, &op, &key.opc), ERR_OK);
    ck_assert_int_eq(hex_encode(RD_SECRET(&key.opc), opc, sizeof opc), ERR_OK);
    crypto_free(&crypto);
    make(AKA_MILENAGE, field(0, "k"), opc, NULL);
    expect(field(0, "rand"), field(0, "autn"), "DB08%s10%s10%s08%s 9000", field(0, "res"),
           field(0, "ck"), field(0, "ik"), field(0, "kc"));
}
END_TEST

/* Set 1 of TS 35.233: a RES of 4 bytes; AUTN put together from the set's f1 and f5. */
START_TEST(authenticate_answers_tuak_set)
{
    uint8_t sqn[6], ak[6];
    char hidden[13], autn[33];

    v = vectors_open(TUAK);
    t = card_defaults();
    aka_key_defaults(&t->perso.pairs[0].aka, AKA_TUAK);
    t->perso.pairs[0].aka.res_len = 4;
    set_secret(&t->perso.pairs[0].aka.k, field(0, "k"));
    set_secret(&t->perso.pairs[0].aka.opc, field(0, "topc"));
    t->profile = ANY_JUMP;
    card_make(t);
    card_expect(t, SELECT_USIM, "9000");
    ck_assert_uint_eq(vectors_bytes(v, 0, "sqn", sqn, 6), 6);
    ck_assert_uint_eq(vectors_bytes(v, 0, "f5_ak", ak, 6), 6);
    for (size_t i = 0; i < 6; i++)
        sqn[i] ^= ak[i];
    ck_assert_int_eq(hex_encode(RD_ARRAY(sqn), hidden, sizeof hidden), ERR_OK);
    (void)snprintf(autn, sizeof autn, "%s%s%s", hidden, field(0, "amf"), field(0, "f1_mac_a"));
    expect(field(0, "rand"), autn, "DB04%s10%s10%s08XXXXXXXXXXXXXXXX 9000", field(0, "f2_res"),
           field(0, "f3_ck"), field(0, "f4_ik"));
}
END_TEST

/* TS 34.108 8.1.2, the vector of the fact sheet: AUTS of SQN 20. */
START_TEST(authenticate_answers_xor)
{
    static const char rand[] = "00112233445566778899AABBCCDDEEFF";
    static const char autn[] = "3040506070A08000001020304070E070";

    make(AKA_XOR, "000102030405060708090A0B0C0D0E0F", "", NULL);
    expect(rand, autn, "DB08%s10%s10%s08%s 9000", "0010203040506070",
           "102030405060708090A0B0C0D0E0F000", "2030405060708090A0B0C0D0E0F00010",
           "XXXXXXXXXXXXXXXX");
    expect(rand, autn, "DC0E%s 9000", "3040506070A00010203040706070");
}
END_TEST

/* ---- order of checks (TS 33.102 6.3.3) ---- */

static void make_set_1(const char *profile)
{
    v = vectors_open(MILENAGE);
    make(AKA_MILENAGE, field(0, "k"), field(0, "opc"), profile);
}

/* Every bit of the MAC, of AMF and of the hidden SQN: 9862, and nothing has moved. */
START_TEST(authenticate_refuses_a_wrong_mac_and_changes_nothing)
{
    uint8_t autn[16];
    char text[33];

    make_set_1(ANY_JUMP);
    ck_assert_uint_eq(vectors_bytes(v, 0, "autn", autn, sizeof autn), 16);
    for (size_t bit = 0; bit < 128; bit++) {
        uint64_t commits = t->nvm.writes;

        autn[bit / 8] ^= (uint8_t)(1U << bit % 8);
        ck_assert_int_eq(hex_encode(RD_ARRAY(autn), text, sizeof text), ERR_OK);
        card_expect_run(t, challenge(field(0, "rand"), text), "9862");
        autn[bit / 8] ^= (uint8_t)(1U << bit % 8);
        ck_assert_uint_eq(t->nvm.writes, commits);
    }
    expect(field(0, "rand"), field(0, "autn"), "DB08%s10%s10%s08%s 9000", field(0, "f2_res"),
           field(0, "f3_ck"), field(0, "f4_ik"), field(0, "c3_kc"));
}
END_TEST

/* With another K even an old SQN gives no AUTS: a wrong MAC tells nothing. */
START_TEST(authenticate_gives_no_auts_under_a_wrong_key)
{
    v = vectors_open(MILENAGE);
    make(AKA_MILENAGE, "00000000000000000000000000000000", field(0, "opc"), ANY_JUMP);
    expect(field(0, "rand"), field(0, "autn"), "9862");
    expect(field(0, "rand"), field(0, "autn"), "9862");
}
END_TEST

START_TEST(authenticate_refuses_a_jump_beyond_delta)
{
    make_set_1(NULL);
    /* AUTS of SQN_MS 0: nothing was accepted yet. */
    expect(field(0, "rand"), field(0, "autn"), "DC0E%s", "XXXXXXXXXXXXXXXXXXXXXXXXXXXX 9000");
    expect(field(0, "rand"), field(0, "autn"), "DC0E%s", "XXXXXXXXXXXXXXXXXXXXXXXXXXXX 9000");
}
END_TEST

/* A challenge that was answered is a replay also after the power was gone (TS 33.102 C.2). */
START_TEST(authenticate_makes_sqn_durable_before_it_answers)
{
    make_set_1(ANY_JUMP);
    card_expect(t, challenge(field(0, "rand"), field(0, "autn")), "6135");
    ck_assert_int_eq(card_power_cycle(t), ERR_OK);
    card_expect(t, SELECT_USIM, "9000");
    expect(field(0, "rand"), field(0, "autn"), "DC0E%s 9000", field(0, "auts_with_amf0000"));
}
END_TEST

START_TEST(authenticate_answers_nothing_when_memory_fails)
{
    make_set_1(ANY_JUMP);
    t->nvm.fail_at = t->nvm.ops + 1;
    t->nvm.fail_sticky = true;
    card_expect(t, challenge(field(0, "rand"), field(0, "autn")), "6581");
    card_expect(t, "00C0000035", "6985");
}
END_TEST

/* AUTS of ours opens at the authentication centre's side, and says what was accepted last. */
START_TEST(authenticate_resynchronises_with_the_highest_sqn)
{
    const struct aka_key *key;
    struct aka_result result;
    struct crypto *crypto = crypto_new();
    uint8_t rand[16], autn[16], auts[14];
    uint64_t sqns[] = {0x20 * 5 + 3, 0x20 * 9 + 1, 0x20 * 7 + 3, 0x20 * 9 + 1};
    static const uint8_t amf[2] = {0x80, 0};
    char rand_text[33], autn_text[33];
    struct wr w = WR_ARRAY(auts);
    uint64_t sqn_ms = 0;

    make_set_1(NULL);
    key = &t->perso.pairs[0].aka;
    for (size_t i = 0; i < ARRAY_LEN(sqns); i++) {
        memset(rand, (int)(0x30 + i), sizeof rand);
        ck_assert_int_eq(aka_autn(crypto, key, rand, sqns[i], amf, &result, autn), ERR_OK);
        ck_assert_int_eq(hex_encode(RD_ARRAY(rand), rand_text, sizeof rand_text), ERR_OK);
        ck_assert_int_eq(hex_encode(RD_ARRAY(autn), autn_text, sizeof autn_text), ERR_OK);
        (void)card_run(t, challenge(rand_text, autn_text));
        /* Another IND counts for itself: 7 on IND 3 is fresh though 9 was seen on IND 1. */
        ck_assert_msg(strncmp(t->answer, i < 3 ? "DB" : "DC", 2) == 0, "%zu: %s", i, t->answer);
    }
    t->answer[4 + 28] = '\0';
    ck_assert_int_eq(hex_decode(t->answer + 4, &w), ERR_OK);
    ck_assert_int_eq(aka_open_auts(crypto, key, rand, auts, &sqn_ms), ERR_OK);
    ck_assert_uint_eq(sqn_ms, 0x20 * 9 + 1);
    crypto_free(&crypto);
}
END_TEST

/* ---- conditions of use (TS 31.102 7.1.1) ---- */

START_TEST(authenticate_needs_pin1)
{
    const char *apdu;

    v = vectors_open(MILENAGE);
    t = card_defaults();
    t->perso.pin1_enabled = true;
    t->profile = ANY_JUMP;
    card_make(t);
    card_expect(t, SELECT_USIM, "9000");
    apdu = challenge(field(0, "rand"), field(0, "autn"));
    card_expect(t, apdu, "6982");
    card_verify(t, "PIN1");
    card_expect(t, apdu, "6135");
}
END_TEST

START_TEST(authenticate_needs_the_usim)
{
    make_set_1(ANY_JUMP);
    card_expect(t, "00A4000C023F00", "9000");
    card_expect(t, challenge(field(0, "rand"), field(0, "autn")), "6985");
    card_expect(t, "00A4000C027F10", "9000");
    card_expect(t, challenge(field(0, "rand"), field(0, "autn")), "6985");
    card_reset(t);
    card_expect(t, challenge(field(0, "rand"), field(0, "autn")), "6985");
    card_expect(t, SELECT_USIM, "9000");
    card_expect(t, "00A4000C025FC0", "9000");
    card_expect(t, challenge(field(0, "rand"), field(0, "autn")), "6135");
}
END_TEST

static const struct {
    const char *what, *send, *want;
} refusals[] = {
    {"P1", "008801811100112233445566778899AABBCCDDEEFF00", "6A86"},
    {"no specific key", "008800011110112233445566778899AABBCCDDEEFF00", "6A86"},
    {"RFU bits of P2", "008800911110112233445566778899AABBCCDDEEFF00", "6A86"},
    {"voice groups", "0088008203010203", "9864"},
    {"GBA", "0088008403DD0102", "9864"},
    {"3G without AUTN", "0088008111 10 00112233445566778899AABBCCDDEEFF", "6700"},
    {"3G, RAND of 15",
     "0088008122 0F 00112233445566778899AABBCCDDEEFF 10 00112233445566778899AABBCCDDEEFF", "6A80"},
    {"3G, AUTN of 15",
     "0088008122 10 00112233445566778899AABBCCDDEEFF 0F 00112233445566778899AABBCCDDEEFF", "6A80"},
    {"GSM, RAND of 15", "0088008010 0F 00112233445566778899AABBCCDDEE", "6700"},
    {"GSM, length lies", "0088008011 0F 00112233445566778899AABBCCDDEEFF", "6A80"},
    {"odd instruction", "008980850401020304", "9864"},
    {"odd instruction, local key", "008980860401020304", "9864"},
    {"odd instruction, no data", "0089808500", "6700"},
    {"odd instruction, no chain to go on with", "008900850401020304", "6985"},
    {"odd instruction, no answer to go on with", "0089A08500", "6985"},
    {"odd instruction, P1", "008981850401020304", "6A86"},
    {"odd instruction, P2", "008980810401020304", "6A86"},
    {"P2 that is reserved", "008800830401020304", "6A86"},
    {"P2 of the odd instruction", "008800850401020304", "6A86"},
};

START_TEST(authenticate_refuses)
{
    make_set_1(NULL);
    card_expect(t, refusals[_i].send, refusals[_i].want);
}
END_TEST

/* TS 31.102 4.2.8: services 27 and 38 decide on Kc and on the GSM context. */
START_TEST(authenticate_follows_the_service_table)
{
    make_set_1("sim-mode = no\nservices = 12 28 85\n" ANY_JUMP);
    expect(field(0, "rand"), field(0, "autn"), "DB08%s10%s10%s 9000", field(0, "f2_res"),
           field(0, "f3_ck"), field(0, "f4_ik"));
    card_expect(t, "0088008011 10 00112233445566778899AABBCCDDEEFF", "9864");
}
END_TEST

/* TS 31.103 7.1: the ISIM authenticates as the USIM does, but has no GSM context and no SUPI. */
START_TEST(authenticate_answers_in_the_isim)
{
    make_set_1("isim = yes\n" ANY_JUMP);
    card_expect(t, "00A4040C07A0000000871004", "9000");
    expect(field(0, "rand"), field(0, "autn"), "DB08%s10%s10%s 9000", field(0, "f2_res"),
           field(0, "f3_ck"), field(0, "f4_ik"));
    card_expect(t, "0088008011 10 00112233445566778899AABBCCDDEEFF", "9864");
    card_expect(t, "8078000100", "6985");
}
END_TEST

/* CK of 256 bits has no Kc (TS 33.102 6.8.1.2 converts 128 bits). */
START_TEST(authenticate_gives_long_ck_without_kc)
{
    static const uint8_t amf[2] = {0x80, 0};
    struct aka_result result;
    struct crypto *crypto = crypto_new();
    uint8_t rand[16] = {1}, autn[16];
    char rand_text[33], autn_text[33];

    t = card_defaults();
    aka_key_defaults(&t->perso.pairs[0].aka, AKA_TUAK);
    t->perso.pairs[0].aka.ck_len = 32;
    set_secret(&t->perso.pairs[0].aka.k, "ABABABABABABABABABABABABABABABAB");
    set_secret(&t->perso.pairs[0].aka.opc,
               "BD04D9530E87513C5D837AC2AD954623A8E2330C115305A73EB45D1F40CCCBFF");
    card_make(t);
    card_expect(t, SELECT_USIM, "9000");
    ck_assert_int_eq(aka_autn(crypto, &t->perso.pairs[0].aka, rand, 0x20, amf, &result, autn),
                     ERR_OK);
    crypto_free(&crypto);
    ck_assert_int_eq(hex_encode(RD_ARRAY(rand), rand_text, sizeof rand_text), ERR_OK);
    ck_assert_int_eq(hex_encode(RD_ARRAY(autn), autn_text, sizeof autn_text), ERR_OK);
    /* DB, 08 RES, 20 CK, 10 IK */
    card_expect(t, challenge(rand_text, autn_text), "613C");
    card_expect(t, "0088008011 10 00112233445566778899AABBCCDDEEFF", "6A81");
}
END_TEST

/* TS 51.011 9.2.16 answers from the same keys. */
START_TEST(run_gsm_algorithm_answers_as_gsm_context)
{
    char apdu[64], want[64];

    v = vectors_open(MILENAGE);
    make(AKA_MILENAGE, field(4, "k"), field(4, "opc"), NULL);
    card_reset(t);
    (void)card_run(t, "A0A40000027F20");
    (void)snprintf(apdu, sizeof apdu, "A088000010%s", field(4, "rand"));
    (void)snprintf(want, sizeof want, "%s%s 9000", field(4, "c2_sres_55205_alg1"),
                   field(4, "c3_kc"));
    card_expect_run(t, apdu, upper(want));
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("uicc/usim");
    TCase *c = tcase_create("TS 35.208 4.3");

    tcase_add_checked_fixture(c, NULL, teardown);
    tcase_add_loop_test(c, authenticate_answers_milenage_set, 0, 21);
    tcase_add_loop_test(c, authenticate_answers_gsm_context, 0, 21);
    tcase_add_test(c, authenticate_answers_as_a_real_card);
    tcase_add_test(c, authenticate_answers_tuak_set);
    tcase_add_test(c, authenticate_answers_xor);
    suite_add_tcase(s, c);
    c = tcase_create("TS 33.102 6.3.3");
    tcase_add_checked_fixture(c, NULL, teardown);
    tcase_add_test(c, authenticate_refuses_a_wrong_mac_and_changes_nothing);
    tcase_add_test(c, authenticate_gives_no_auts_under_a_wrong_key);
    tcase_add_test(c, authenticate_refuses_a_jump_beyond_delta);
    tcase_add_test(c, authenticate_makes_sqn_durable_before_it_answers);
    tcase_add_test(c, authenticate_answers_nothing_when_memory_fails);
    tcase_add_test(c, authenticate_resynchronises_with_the_highest_sqn);
    suite_add_tcase(s, c);
    c = tcase_create("TS 31.102 7.1.1");
    tcase_add_checked_fixture(c, NULL, teardown);
    tcase_add_test(c, authenticate_needs_pin1);
    tcase_add_test(c, authenticate_needs_the_usim);
    tcase_add_loop_test(c, authenticate_refuses, 0, (int)ARRAY_LEN(refusals));
    tcase_add_test(c, authenticate_follows_the_service_table);
    tcase_add_test(c, authenticate_answers_in_the_isim);
    tcase_add_test(c, authenticate_gives_long_ck_without_kc);
    tcase_add_test(c, run_gsm_algorithm_answers_as_gsm_context);
    suite_add_tcase(s, c);
    return s;
}
