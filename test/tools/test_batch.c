/* Tests of tools/uicc/batch.h. Goal: numbers count up with their check digits, what was given is
 * the first card's, a seed makes the same cards again, and no two cards share a key. */
#include "test/support/runner.h"
#include "tools/uicc/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct crypto *crypto;

static void setup(void)
{
    crypto = crypto_new();
    ck_assert_ptr_nonnull(crypto);
}

static void teardown(void)
{
    crypto_free(&crypto);
}

static struct batch blank(uint64_t count)
{
    return (struct batch){.count = count,
                          .slot_count = 4,
                          .algorithm = AKA_MILENAGE,
                          .ota = SECPKT_AES,
                          .crypto = crypto};
}

static void prepare(struct batch *b)
{
    const char *what = "";
    enum err e = batch_prepare(b, &what);

    ck_assert_msg(e == ERR_OK, "%s: %s", what, err_text(e));
}

static struct perso_card card_of(const struct batch *b, uint64_t n, struct batch_codes *codes)
{
    struct perso_card card;

    ck_assert_int_eq(batch_card(b, n, &card, codes), ERR_OK);
    return card;
}

static const struct {
    const char *plmn, *imsi, *iccid, *msisdn; /* given */
    uint64_t n;
    const char *want_imsi, *want_iccid, *want_msisdn;
    uint8_t mnc_len;
} numbers[] = {
    {"", "", "", "", 0, "001010000000001", "8999900000000000014", "+9990000000001", 2},
    {"310410", "", "", "", 1, "310410000000002", "8999900000000000022", "+9990000000002", 3},
    /* ICCID 8988211000000430010 of the sheet: its check digit is right, so are the next ones */
    {"", "901700000000999", "8988211000000430010", "+882360000099", 0, "901700000000999",
     "8988211000000430010", "+882360000099", 2},
    {"", "901700000000999", "8988211000000430010", "882360000099", 1, "901700000001000",
     "8988211000000430028", "+882360000100", 2},
    /* 18 digits get a check digit; 20 keep their length */
    {"", "", "898821100000043001", "", 0, "001010000000001", "8988211000000430010",
     "+9990000000001", 2},
    {"", "", "89882110000004300104", "", 9, "001010000000010", "89882110000004300192",
     "+9990000000010", 2},
    /* an IMSI alone tells the network */
    {"", "310410123456789", "", "", 0, "310410123456789", "8999900000000000014", "+9990123456789",
     3},
};

START_TEST(batch_card_counts_numbers_up)
{
    struct batch b = blank(100);
    struct batch_codes codes;
    struct perso_card card;
    char check;

    snprintf(b.plmn, sizeof b.plmn, "%s", numbers[_i].plmn);
    snprintf(b.imsi, sizeof b.imsi, "%s", numbers[_i].imsi);
    snprintf(b.iccid, sizeof b.iccid, "%s", numbers[_i].iccid);
    snprintf(b.msisdn, sizeof b.msisdn, "%s", numbers[_i].msisdn);
    prepare(&b);
    card = card_of(&b, numbers[_i].n, &codes);
    ck_assert_str_eq(card.imsi, numbers[_i].want_imsi);
    ck_assert_str_eq(card.msisdn, numbers[_i].want_msisdn);
    ck_assert_str_eq(card.iccid, numbers[_i].want_iccid);
    ck_assert_uint_eq(card.mnc_len, numbers[_i].mnc_len);
    ck_assert(batch_has(&b, card.iccid));
    if (numbers[_i].n > 0) {
        char last = card.iccid[strlen(card.iccid) - 1];

        card.iccid[strlen(card.iccid) - 1] = '\0';
        ck_assert_int_eq(bcd_luhn(card.iccid, &check), ERR_OK);
        ck_assert_int_eq(check, last);
    }
}
END_TEST

START_TEST(batch_has_knows_its_own)
{
    struct batch b = blank(3);

    prepare(&b);
    ck_assert(batch_has(&b, "8999900000000000030"));
    ck_assert(!batch_has(&b, "8999900000000000048"));
    ck_assert(!batch_has(&b, "899990000000000003"));
    ck_assert(!batch_has(&b, ""));
}
END_TEST

START_TEST(batch_card_uses_what_was_given_for_the_first_card_only)
{
    struct batch b = blank(2);
    struct batch_codes first_codes, second_codes;
    struct perso_card first, second;

    ck_assert_int_eq(secret_from_hex(&b.k, "000102030405060708090A0B0C0D0E0F"), ERR_OK);
    ck_assert_int_eq(secret_from_hex(&b.opc, "101112131415161718191A1B1C1D1E1F"), ERR_OK);
    ck_assert_int_eq(secret_from_hex(&b.kid, "202122232425262728292A2B2C2D2E2F"), ERR_OK);
    ck_assert_int_eq(secret_from_hex(&b.adm1, "3030303030303030"), ERR_OK);
    snprintf(b.pin1, sizeof b.pin1, "4711");
    snprintf(b.puk1, sizeof b.puk1, "12345678");
    prepare(&b);
    first = card_of(&b, 0, &first_codes);
    second = card_of(&b, 1, &second_codes);
    ck_assert(secret_equal(&first.pairs[0].aka.k, &b.k));
    ck_assert(secret_equal(&first.pairs[0].aka.opc, &b.opc));
    ck_assert(secret_equal(&first.pairs[0].kid.key, &b.kid));
    ck_assert(!secret_equal(&first.pairs[1].aka.k, &b.k));
    ck_assert(!secret_equal(&second.pairs[0].aka.k, &b.k));
    ck_assert_mem_eq(first.adm1, "00000000", 8);
    ck_assert(memcmp(second.adm1, "00000000", 8) != 0);
    ck_assert_mem_eq(first.pin1, "4711\xFF\xFF\xFF\xFF", 8);
    ck_assert(first.pin1_enabled && second.pin1_enabled);
    ck_assert_str_eq(first_codes.puk1, "12345678");
    ck_assert_str_ne(second_codes.puk1, "12345678");
}
END_TEST

START_TEST(batch_card_leaves_pin1_disabled_unless_given)
{
    struct batch b = blank(1);
    struct batch_codes codes;

    prepare(&b);
    ck_assert(!card_of(&b, 0, &codes).pin1_enabled);
    ck_assert_uint_eq(strlen(codes.pin1), 4);
    ck_assert_uint_eq(strlen(codes.puk1), 8);
    snprintf(b.pin1, sizeof b.pin1, "4711");
    b.pin1_disabled = true;
    ck_assert(!card_of(&b, 0, &codes).pin1_enabled);
}
END_TEST

/* All keys of some cards, one behind the other. */
static size_t keys_of(const struct batch *b, uint64_t cards, struct secret *out)
{
    size_t count = 0;

    for (uint64_t n = 0; n < cards; n++) {
        struct batch_codes codes;
        struct perso_card card = card_of(b, n, &codes);

        for (uint8_t i = 0; i < card.slot_count; i++) {
            const struct perso_pair *p = &card.pairs[i];

            out[count++] = p->aka.k;
            out[count++] = p->aka.opc;
            out[count++] = p->kic.key;
            out[count++] = p->kid.key;
            out[count++] = p->kik.key;
        }
    }
    return count;
}

START_TEST(batch_card_gives_no_key_twice)
{
    struct batch b = blank(20);
    struct secret *keys = calloc(20 * 4 * 5, sizeof *keys);
    size_t count;

    ck_assert_ptr_nonnull(keys);
    if (_i == 1)
        ck_assert_int_eq(secret_from_hex(&b.seed, "00"), ERR_OK);
    prepare(&b);
    count = keys_of(&b, 20, keys);
    ck_assert_uint_eq(count, 400);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++)
            ck_assert(!secret_equal(&keys[i], &keys[j]));
    }
    free(keys);
}
END_TEST

START_TEST(batch_card_makes_the_same_from_the_same_seed)
{
    struct batch b = blank(2), other = blank(2);
    struct secret keys[40], again[40], others[40];

    ck_assert_int_eq(secret_from_hex(&b.seed, "0011223344"), ERR_OK);
    ck_assert_int_eq(secret_from_hex(&other.seed, "0011223345"), ERR_OK);
    prepare(&b);
    prepare(&other);
    ck_assert_uint_eq(keys_of(&b, 2, keys), 40);
    ck_assert_uint_eq(keys_of(&b, 2, again), 40);
    ck_assert_uint_eq(keys_of(&other, 2, others), 40);
    for (size_t i = 0; i < 40; i++) {
        ck_assert(secret_equal(&keys[i], &again[i]));
        ck_assert(!secret_equal(&keys[i], &others[i]));
    }
}
END_TEST

/* Computed outside with python3 hmac: HMAC-SHA-256 (00112233, "reseat-make-1" 00
 * "8999900000000000014" 00 01 "k") begins like this. */
START_TEST(batch_card_derives_as_documented)
{
    struct batch b = blank(1);
    struct secret want SECRET_WIPED = {.len = 0};
    struct batch_codes codes;
    struct perso_card card;

    ck_assert_int_eq(secret_from_hex(&b.seed, "00112233"), ERR_OK);
    ck_assert_int_eq(secret_from_hex(&want, "5F0754766694DD59FDFC40572B51AD1D"), ERR_OK);
    prepare(&b);
    card = card_of(&b, 0, &codes);
    ck_assert(secret_equal(&card.pairs[0].aka.k, &want));
}
END_TEST

/* TS 35.208 4.3.1: OP and K of set 1 make this OPc. */
START_TEST(batch_card_derives_opc_from_op)
{
    struct batch b = blank(2);
    struct secret want SECRET_WIPED = {.len = 0};
    struct batch_codes codes;
    struct perso_card card;

    ck_assert_int_eq(secret_from_hex(&b.k, "465b5ce8b199b49faa5f0a2ee238a6bc"), ERR_OK);
    ck_assert_int_eq(secret_from_hex(&b.op, "cdc202d5123e20f62b6d676ac72cb318"), ERR_OK);
    ck_assert_int_eq(secret_from_hex(&want, "cd63cb71954a9f4e48a5994e37a02baf"), ERR_OK);
    prepare(&b);
    card = card_of(&b, 0, &codes);
    ck_assert(secret_equal(&card.pairs[0].aka.opc, &want));
}
END_TEST

static void bad_plmn(struct batch *b)
{
    snprintf(b->plmn, sizeof b->plmn, "0010");
}
static void bad_plmn_of_imsi(struct batch *b)
{
    snprintf(b->plmn, sizeof b->plmn, "00102");
    snprintf(b->imsi, sizeof b->imsi, "001010000000001");
}
static void bad_imsi(struct batch *b)
{
    snprintf(b->imsi, sizeof b->imsi, "00101A");
}
static void bad_imsi_runs_out(struct batch *b)
{
    snprintf(b->imsi, sizeof b->imsi, "001019999999999");
}
static void bad_iccid(struct batch *b)
{
    snprintf(b->iccid, sizeof b->iccid, "8988");
}
static void bad_iccid_runs_out(struct batch *b)
{
    snprintf(b->iccid, sizeof b->iccid, "9999999999999999999");
}
static void bad_k(struct batch *b)
{
    ck_assert_int_eq(secret_from_hex(&b->k, "00"), ERR_OK);
}
static void bad_xor_opc(struct batch *b)
{
    b->algorithm = AKA_XOR;
    ck_assert_int_eq(secret_from_hex(&b->opc, "101112131415161718191A1B1C1D1E1F"), ERR_OK);
}
static void bad_kic(struct batch *b)
{
    b->ota = SECPKT_3DES2;
    ck_assert_int_eq(secret_from_hex(&b->kic, "101112131415161718191A1B1C1D1E1F2021222324252627"),
                     ERR_OK);
}
static void bad_adm1(struct batch *b)
{
    ck_assert_int_eq(secret_from_hex(&b->adm1, "3030"), ERR_OK);
}
static void bad_pin1(struct batch *b)
{
    snprintf(b->pin1, sizeof b->pin1, "123");
}
static void bad_puk1(struct batch *b)
{
    snprintf(b->puk1, sizeof b->puk1, "1234567");
}

static const struct {
    void (*spoil)(struct batch *b);
    const char *option;
} bad[] = {
    {bad_plmn, "--plmn"},   {bad_plmn_of_imsi, "--imsi"},
    {bad_imsi, "--imsi"},   {bad_imsi_runs_out, "--imsi"},
    {bad_iccid, "--iccid"}, {bad_iccid_runs_out, "--iccid"},
    {bad_k, "--k"},         {bad_xor_opc, "--opc"},
    {bad_kic, "--kic"},     {bad_adm1, "--adm1"},
    {bad_pin1, "--pin1"},   {bad_puk1, "--puk1"},
};

START_TEST(batch_prepare_names_the_wrong_option)
{
    struct batch b = blank(2);
    const char *what = "";

    bad[_i].spoil(&b);
    ck_assert_int_ne(batch_prepare(&b, &what), ERR_OK);
    ck_assert_str_eq(what, bad[_i].option);
}
END_TEST

static const struct {
    enum aka_algorithm algorithm;
    uint8_t opc_len;
} algorithms[] = {{AKA_MILENAGE, 16}, {AKA_TUAK, 32}, {AKA_XOR, 0}};

START_TEST(batch_card_makes_keys_of_the_algorithm)
{
    struct batch b = blank(1);
    struct batch_codes codes;
    struct perso_card card;

    b.algorithm = algorithms[_i].algorithm;
    b.ota = SECPKT_3DES2;
    prepare(&b);
    card = card_of(&b, 0, &codes);
    ck_assert_uint_eq(card.pairs[0].aka.opc.len, algorithms[_i].opc_len);
    ck_assert_uint_eq(card.pairs[0].aka.k.len, 16);
    ck_assert_int_eq(card.pairs[3].kik.algorithm, SECPKT_3DES2);
    ck_assert_uint_eq(card.pairs[3].kik.key.len, 16);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("tools/uicc/batch");
    TCase *t = tcase_create("ITU-T E.118");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, batch_card_counts_numbers_up, 0, (int)ARRAY_LEN(numbers));
    tcase_add_test(t, batch_has_knows_its_own);
    tcase_add_loop_test(t, batch_prepare_names_the_wrong_option, 0, (int)ARRAY_LEN(bad));
    suite_add_tcase(s, t);
    t = tcase_create("keys");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, batch_card_uses_what_was_given_for_the_first_card_only);
    tcase_add_test(t, batch_card_leaves_pin1_disabled_unless_given);
    tcase_add_loop_test(t, batch_card_gives_no_key_twice, 0, 2);
    tcase_add_test(t, batch_card_makes_the_same_from_the_same_seed);
    tcase_add_test(t, batch_card_derives_as_documented);
    tcase_add_test(t, batch_card_derives_opc_from_op);
    tcase_add_loop_test(t, batch_card_makes_keys_of_the_algorithm, 0, (int)ARRAY_LEN(algorithms));
    suite_add_tcase(s, t);
    return s;
}
