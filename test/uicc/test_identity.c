/* Tests of uicc/usim/identity.c, through APDUs. Goal: the SUCI in each of its codings, of an IMSI
 * and of a network's own name; it reveals to the home network what it concealed; it is never in
 * clear unless the home network says so, and never twice alike. */
#include "apdu/hex.h"
#include "apdu/suci.h"
#include "test/support/runner.h"
#include "test/support/uicc/card.h"
#include "test/support/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SELECT_USIM "00A4040C07A0000000871002"
#define SUCI        "test/vectors/suci_ecies_ts33501.csv"

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

#define IMSI_C4 "274012001002086" /* TS 33.501 C.4: its MSIN is 001002086 */

static void make_c4(const char *profile)
{
    t = card_defaults();
    (void)snprintf(t->perso.imsi, sizeof t->perso.imsi, "%s", IMSI_C4);
    t->perso.mnc_len = 3;
    t->profile = profile;
    card_make(t);
    card_expect(t, SELECT_USIM, "9000");
}

START_TEST(get_identity_gives_the_null_scheme_where_listed)
{
    make_c4(NULL);
    /* 01 type; 274-012; routing indicator 0; null scheme, key 0; MSIN */
    card_expect(t, "8078000100", "6C0F");
    card_expect_run(t, "8078000100", "A10D 01 722410 F0FF 00 00 00012080F6 9000");
}
END_TEST

START_TEST(get_identity_never_falls_back_to_the_null_scheme)
{
    make_c4("content 7FFF/5FD0/4F01 = FF\n");
    card_expect(t, "8078000100", "6985");
    card_free(&t);
    /* a scheme this card does not know, and one whose key is missing */
    make_c4("content 7FFF/5FD0/4F01 = A004 0501 0102 A106 80011B 810100\n");
    card_expect(t, "8078000100", "6985");
}
END_TEST

START_TEST(get_identity_conceals)
{
    char profile[256], want[128];
    uint8_t bytes[128], msin[16];
    struct wr w = WR_ARRAY(bytes), plain = WR_ARRAY(msin);
    struct secret priv SECRET_WIPED = {.len = 0};
    struct crypto *crypto = crypto_new();
    bool a = _i == 0;
    size_t concealed = a ? 32 + 5 + 8 : 33 + 5 + 8;

    v = vectors_open(SUCI);
    (void)snprintf(profile, sizeof profile, "suci = %s 27 %s\n", a ? "a" : "b",
                   field((size_t)_i, "hn_pub"));
    make_c4(profile);
    (void)card_run(t, "8078000100");
    (void)snprintf(want, sizeof want, "A1%02zX01722410F0FF%s1B", 8 + concealed, a ? "01" : "02");
    ck_assert_msg(strncmp(t->answer, want, strlen(want)) == 0, "%s", t->answer);
    t->answer[strlen(t->answer) - 5] = '\0';
    ck_assert_int_eq(hex_decode(t->answer + strlen(want), &w), ERR_OK);
    ck_assert_uint_eq(w.len, concealed);
    set_secret(&priv, field((size_t)_i, "hn_priv"));
    ck_assert_int_eq(
        suci_reveal(crypto, a ? SUCI_PROFILE_A : SUCI_PROFILE_B, &priv, RD_WR(&w), &plain), ERR_OK);
    ck_assert_uint_eq(plain.len, 5);
    ck_assert_mem_eq(msin, "\x00\x01\x20\x80\xF6", 5);
    crypto_free(&crypto);
}
END_TEST

START_TEST(get_identity_never_repeats_itself)
{
    static char seen[200][160];
    char profile[128];

    v = vectors_open(SUCI);
    (void)snprintf(profile, sizeof profile, "suci = a 27 %s\n", field(0, "hn_pub"));
    make_c4(profile);
    for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
        (void)snprintf(seen[i], sizeof seen[i], "%s", card_run(t, "8078000100"));
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(seen[i], seen[j]);
    }
}
END_TEST

START_TEST(get_identity_follows_its_conditions)
{
    make_c4(NULL);
    card_expect(t, "8078010100", "6A86");
    card_expect(t, "8078000000", "6A86");
    card_expect(t, "8078000300", "6A86");
    card_expect(t, "00A4000C023F00", "9000");
    card_expect(t, "8078000100", "6985");
    card_free(&t);
    make_c4("services = -125\n");
    card_expect(t, "8078000100", "6A81");
    card_free(&t);
    make_c4(NULL);
    card_verify(t, "ADM1");
    card_expect(t, "00A4080C047FFF6FAD", "9000");
    card_expect(t, "00D600030104", "9000");
    card_expect(t, "8078000100", "6581");
    card_free(&t);
    t = card_defaults();
    t->perso.pin1_enabled = true;
    card_make(t);
    card_expect(t, SELECT_USIM, "9000");
    card_expect(t, "8078000100", "6982");
}
END_TEST

START_TEST(get_identity_fails_without_randomness)
{
    v = vectors_open(SUCI);
    make_c4("suci = a 27 5A8D38864820197C3394B92613B20B91633CBD897119273BF8E4A6F4EEC0A650\n");
    t->random_fails = true;
    card_expect(t, "8078000100", "6F00");
}
END_TEST

/* ---- as a network access identifier ---- */

/* The value of A1 as text. */
static const char *nai(void)
{
    static char text[400];
    uint8_t bytes[400];
    struct wr w = WR_ARRAY(bytes);
    size_t n = strlen(t->answer);

    ck_assert_msg(n > 8 && strcmp(t->answer + n - 5, " 9000") == 0, "%s", t->answer);
    t->answer[n - 5] = '\0';
    ck_assert_int_eq(strncmp(t->answer, "A1", 2), 0);
    ck_assert_int_eq(hex_decode(t->answer, &w), ERR_OK);
    n = bytes[1] == 0x81 ? 3 : 2;
    ck_assert_uint_eq(w.len - n, bytes[n - 1]);
    memcpy(text, bytes + n, w.len - n);
    text[w.len - n] = '\0';
    return text;
}

START_TEST(nswo_gives_the_null_scheme_as_nai)
{
    make_c4(NULL);
    (void)card_run(t, "8078000200");
    ck_assert_str_eq(nai(), "type0.rid0.schid0.userid001002086@"
                            "5gc-nswo.mnc012.mcc274.3gppnetwork.org");
    card_free(&t);
    t = card_defaults();
    t->profile = "content 7FFF/5FC0/4F0A = 7698\n";
    card_make(t);
    card_expect(t, SELECT_USIM, "9000");
    (void)card_run(t, "8078008200"); /* and a network code of two digits */
    ck_assert_str_eq(nai(), "type0.rid6789.schid0.userid0123456789@"
                            "5gc-nswo.mnc001.mcc001.3gppnetwork.org");
}
END_TEST

/* The hex behind a field of the NAI, up to the next dot or @, appended. */
static void take_field(const char *text, const char *name, struct wr *out)
{
    const char *at = strstr(text, name);
    char hex[200];
    size_t n;

    ck_assert_ptr_nonnull(at);
    at += strlen(name);
    n = strcspn(at, ".@");
    ck_assert_uint_lt(n, sizeof hex);
    memcpy(hex, at, n);
    hex[n] = '\0';
    ck_assert_int_eq(hex_decode(hex, out), ERR_OK);
}

/* What the home network reads in the NAI. */
static struct rd reveal(const char *text, size_t row, uint8_t *bytes, size_t cap)
{
    uint8_t output[200];
    struct wr w = WR_ARRAY(output), plain = WR(bytes, cap);
    struct secret priv SECRET_WIPED = {.len = 0};
    struct crypto *crypto = crypto_new();

    take_field(text, ".ecckey", &w);
    take_field(text, ".cip", &w);
    take_field(text, ".mac", &w);
    set_secret(&priv, field(row, "hn_priv"));
    ck_assert_int_eq(
        suci_reveal(crypto, row == 0 ? SUCI_PROFILE_A : SUCI_PROFILE_B, &priv, RD_WR(&w), &plain),
        ERR_OK);
    crypto_free(&crypto);
    return RD_WR(&plain);
}

START_TEST(nswo_conceals)
{
    char profile[256];
    uint8_t bytes[16];
    const char *text;
    struct rd msin;

    v = vectors_open(SUCI);
    (void)snprintf(profile, sizeof profile, "suci = %s 27 %s\n", _i == 0 ? "a" : "b",
                   field((size_t)_i, "hn_pub"));
    make_c4(profile);
    (void)card_run(t, "8078000200");
    text = nai();
    ck_assert_int_eq(
        strncmp(text,
                _i == 0 ? "type0.rid0.schid1.hnkey27.ecckey" : "type0.rid0.schid2.hnkey27.ecckey",
                32),
        0);
    msin = reveal(text, (size_t)_i, bytes, sizeof bytes);
    ck_assert_uint_eq(msin.left, 5);
    ck_assert_mem_eq(msin.at, "\x00\x01\x20\x80\xF6", 5);
}
END_TEST

/* 80 0C "user@example" in EF.SUPI_NAI, service 130 */
#define WITH_NAME                                                        \
    "services = 27 28 33 38 85 122 123 124 125 130 142\nsim-mode = no\n" \
    "content 7FFF/5FC0/4F09 = 800C 75736572 40 6578616D706C65\n"

START_TEST(a_networks_own_name_goes_out_as_nai)
{
    char profile[400];
    uint8_t bytes[16];
    struct rd user;
    const char *text;

    v = vectors_open(SUCI);
    make_c4(WITH_NAME);
    (void)card_run(t, "8078000100");
    ck_assert_str_eq(nai(), "\x11"
                            "type1.rid0.schid0.useriduser@example");
    card_free(&t);
    (void)snprintf(profile, sizeof profile, WITH_NAME "suci = a 27 %s\n", field(0, "hn_pub"));
    make_c4(profile);
    (void)card_run(t, "8078000200");
    text = nai();
    user = reveal(text, 0, bytes, sizeof bytes);
    ck_assert_uint_eq(user.left, 4);
    ck_assert_mem_eq(user.at, "user", 4);
    ck_assert_str_eq(text + strlen(text) - 8, "@example");
}
END_TEST

START_TEST(nswo_needs_its_service)
{
    make_c4("services = -142\n");
    card_expect(t, "8078000200", "6A81");
    card_expect_run(t, "8078000100", "A10D 01 722410 F0FF 00 00 00012080F6 9000");
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("uicc/usim/identity");
    TCase *c;

    c = tcase_create("TS 31.102 7.5");
    tcase_add_checked_fixture(c, NULL, teardown);
    tcase_add_test(c, get_identity_gives_the_null_scheme_where_listed);
    tcase_add_test(c, get_identity_never_falls_back_to_the_null_scheme);
    tcase_add_loop_test(c, get_identity_conceals, 0, 2);
    tcase_add_test(c, get_identity_never_repeats_itself);
    tcase_add_test(c, get_identity_follows_its_conditions);
    tcase_add_test(c, get_identity_fails_without_randomness);
    tcase_add_test(c, nswo_gives_the_null_scheme_as_nai);
    tcase_add_loop_test(c, nswo_conceals, 0, 2);
    tcase_add_test(c, a_networks_own_name_goes_out_as_nai);
    tcase_add_test(c, nswo_needs_its_service);
    suite_add_tcase(s, c);
    return s;
}
