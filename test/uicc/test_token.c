/* Tests of uicc/isd/token.h. Goal: who manages with tokens does exactly what each of them says, and
 * gets a receipt that its maker can check; what a domain must vouch for does not load without it.
 */
#include "test/uicc/load_fixture.h"

#define TOKEN_KEY   0x70
#define RECEIPT_KEY 0x71
#define DAP_KEY     0x73
#define FIRST_KEY   new_key(GP_KEY_AES, 0x80, 16) /* that put_keys() puts */

#define INSTALL_SSD(privileges) \
    "80E60C0038 07A0000001515350 08A000000151535041 06" SSD " 03" privileges " 0000"

static void setup_open(void)
{
    setup();
    open_isd();
}

static void put_key(uint8_t version)
{
    ck_assert_str_eq(put_keys(0, version, GP_KEY_AES, 16, 1) + 8, "9000");
}

static void make_domain(const char *install)
{
    offcard_expect(h, install, "00 9000");
}

static void open_ssd(void)
{
    ck_assert_str_eq(offcard_open(h, SSD, 0x31, 0x13), "9000");
}

/* AES-CMAC of what hex says, under the key that was put; as hex. */
static const char *cmac_of(const char *hex, char out[33])
{
    struct gp_key key = FIRST_KEY;
    struct hexrow row;
    struct rd message = hexrow(&row, hex);
    uint8_t mac[16];

    ck_assert_int_eq(crypto_cmac(h->crypto, &key.key, &message, 1, mac), ERR_OK);
    ck_assert_int_eq(hex_encode(RD_ARRAY(mac), out, 33), ERR_OK);
    return out;
}

/* ---- DAPs ---- */

/* The load file with a DAP block of this domain before it. */
static size_t with_dap(const char *domain, bool spoil, uint8_t *out, size_t cap)
{
    struct gp_key key = FIRST_KEY;
    uint8_t file[700], hash[SHA256_LEN], mac[16];
    size_t n = load_file(file, sizeof file);
    struct rd message = RD_ARRAY(hash);
    struct wr w = WR(out, cap);
    struct hexrow row;
    size_t mark;

    ck_assert_int_eq(crypto_sha256(h->crypto, RD(file + 3, n - 3), hash), ERR_OK);
    ck_assert_int_eq(crypto_cmac(h->crypto, &key.key, &message, 1, mac), ERR_OK);
    mac[15] ^= spoil;
    mark = tlv_open(&w, 0xE2);
    tlv_write(&w, 0x4F, hexrow(&row, domain));
    tlv_write(&w, 0xC3, RD_ARRAY(mac));
    tlv_close(&w, mark);
    wr_bytes(&w, file, n);
    ck_assert_int_eq(wr_result(&w), ERR_OK);
    return w.len;
}

/* privileges of the domain, whose file it is; what loading answers without a DAP, with a wrong one
 * and with the right one */
static const struct {
    const char *privileges, *install_for_load;
    const char *without, *wrong, *right;
} daps[] = {
    {"C00000", "80E6020011 06" PACKAGE " 06" SSD " 00 00 00", "6A80", "6A80", "009000"},
    {"C00000", "80E602000B 06" PACKAGE " 00 00 00 00", "009000", "6A80", "009000"},
    {"C10000", "80E602000B 06" PACKAGE " 00 00 00 00", "6A80", "6A80", "009000"},
    {"800000", "80E602000B 06" PACKAGE " 00 00 00 00", "009000", "6A80", "6A80"},
};

START_TEST(load_asks_for_the_word_of_who_verifies)
{
    uint8_t bytes[900];
    char install[100];
    size_t n;

    (void)snprintf(install, sizeof install, INSTALL_SSD("%s"), daps[_i].privileges);
    make_domain(install);
    open_ssd();
    put_key(DAP_KEY);
    open_isd();
    for (int spoil = 1; spoil >= 0; spoil--) {
        offcard_expect(h, daps[_i].install_for_load, "00 9000");
        n = with_dap(SSD, spoil != 0, bytes, sizeof bytes);
        ck_assert_str_eq(load(bytes, n, 150), spoil != 0 ? daps[_i].wrong : daps[_i].right);
        if (strcmp(h->answer, "009000") == 0)
            offcard_expect(h, "80E4000008 4F06" PACKAGE, "00 9000");
    }
    offcard_expect(h, daps[_i].install_for_load, "00 9000");
    n = load_file(bytes, sizeof bytes);
    ck_assert_str_eq(load(bytes, n, 200), daps[_i].without);
}
END_TEST

START_TEST(a_dap_of_nobody_is_refused)
{
    uint8_t bytes[900];
    size_t n;

    make_domain(INSTALL_SSD("C00000")); /* it has no key for DAPs */
    offcard_expect(h, INSTALL_FOR_LOAD, "00 9000");
    n = with_dap(SSD, false, bytes, sizeof bytes);
    ck_assert_str_eq(load(bytes, n, 150), "6A80");
    offcard_expect(h, INSTALL_FOR_LOAD, "00 9000");
    n = with_dap(APP, false, bytes, sizeof bytes);
    ck_assert_str_eq(load(bytes, n, 150), "6A80");
}
END_TEST

START_TEST(privileges_that_do_not_agree_are_refused)
{
    static const char *const wrong[] = {
        INSTALL_SSD("810000"), /* for all, but not for its own */
        INSTALL_SSD("A04000"), /* with and without tokens */
        INSTALL_SSD("800080"), /* receipts are the issuer's */
        INSTALL_SSD("802000"), /* and tokens */
        INSTALL_SSD("880000"), /* nobody ends a card */
        INSTALL_SSD("840000"),
    };

    offcard_expect(h, wrong[_i], "6A80");
}
END_TEST

/* ---- tokens ---- */

static void make_delegate(void)
{
    put_key(TOKEN_KEY);
    make_domain(INSTALL_SSD("A00000"));
    open_ssd();
}

/* As INSTALL_HELLO: 56 bytes. */
#define HELLO_AS_APP                                                 \
    "08" SAMPLES " 09" HELLO " 06" APP " 0100 1B C900 EF17 C8020200" \
    " CA11 020100 01 00 14 01 0000 00 02 0116 03 0A0B0C"

START_TEST(a_token_is_for_one_command)
{
    char token[33], command[300];

    make_delegate();
    offcard_expect(h, "80E60C0039" HELLO_AS_APP " 00", "6982"); /* without a token */
    cmac_of("0C0038" HELLO_AS_APP, token);
    (void)snprintf(command, sizeof command, "80E6040049" HELLO_AS_APP " 10%s", token);
    offcard_expect(h, command, "6985"); /* for another form */
    (void)snprintf(command, sizeof command, "80E60C0049" HELLO_AS_APP " 10%s", token);
    command[strlen(command) - 1] ^= 1;
    offcard_expect(h, command, "6985"); /* a wrong one */
    command[strlen(command) - 1] ^= 1;
    offcard_expect(h, command, "00 9000");
    offcard_expect(h, "80F24002034F01F0",
                   "E324 4F06" SSD " 9F700107 C503A00000 C407A0000001515350 CC08" ISD
                   "E323 4F06" APP " 9F700107 C503000000 C408" SAMPLES " CC06" SSD " 9000");
    offcard_expect(h, "80E4000008 4F06" APP, "6982");
    (void)snprintf(command, sizeof command, "80E400001A 4F06" APP " 9E10%s",
                   cmac_of("000008 4F06" APP, token));
    offcard_expect(h, command, "00 9000");
    offcard_expect(h, command, "6A88");
}
END_TEST

/* A token for loading vouches for the bytes, by their hash. */
START_TEST(a_token_loads_one_file)
{
    uint8_t bytes[700], hash[SHA256_LEN];
    char token[33], hex[65], body[150], message[160], command[300];
    size_t n = load_file(bytes, sizeof bytes);

    make_delegate();
    ck_assert_int_eq(crypto_sha256(h->crypto, RD(bytes + 3, n - 3), hash), ERR_OK);
    ck_assert_int_eq(hex_encode(RD_ARRAY(hash), hex, sizeof hex), ERR_OK);
    (void)snprintf(command, sizeof command, "80E602001B 06" PACKAGE " 00 00 00 10%s",
                   cmac_of("02000A 06" PACKAGE " 00 00 00", token));
    offcard_expect(h, command, "6A80"); /* for no file in particular */
    (void)snprintf(body, sizeof body, "06%s0020%s00", PACKAGE, hex);
    (void)snprintf(message, sizeof message, "02002A%s", body);
    (void)snprintf(command, sizeof command, "80E602003B%s10%s", body, cmac_of(message, token));
    offcard_expect(h, command, "00 9000");
    bytes[n - 1] ^= 1;
    ck_assert_str_eq(load(bytes, n, 200), "6A80");
    bytes[n - 1] ^= 1;
    offcard_expect(h, command, "00 9000");
    ck_assert_str_eq(load(bytes, n, 200), "009000");
}
END_TEST

START_TEST(the_issuer_needs_no_token_and_brings_no_wrong_one)
{
    char command[300];

    (void)snprintf(command, sizeof command, "80E60C0049" HELLO_AS_APP " 10%032d", 0);
    offcard_expect(h, command, "6985");
    offcard_expect(h, "80E60C0039" HELLO_AS_APP " 00", "00 9000");
}
END_TEST

/* ---- receipts ---- */

#define CONFIRMATION(counter) "02" counter " 0A 988812010000400310F0"

START_TEST(a_receipt_says_what_was_done_and_counts)
{
    char token[33], receipt[33], command[300], want[300];

    put_key(RECEIPT_KEY);
    offcard_expect(h, "80CA00C200", "C2020000 9000");
    make_delegate();
    (void)snprintf(command, sizeof command, "80E60C0049" HELLO_AS_APP " 10%s",
                   cmac_of("0C0038" HELLO_AS_APP, token));
    (void)snprintf(want, sizeof want, "10 %s " CONFIRMATION("0001") " 9000",
                   cmac_of(CONFIRMATION("0001") "08" SAMPLES "06" APP, receipt));
    offcard_expect(h, command, want);
    offcard_expect(h, command, "6A80"); /* once more: nothing happens, nothing is confirmed */
    (void)snprintf(command, sizeof command, "80E400001A 4F06" APP " 9E10%s",
                   cmac_of("000008 4F06" APP, token));
    (void)snprintf(want, sizeof want, "10 %s " CONFIRMATION("0002") " 9000",
                   cmac_of(CONFIRMATION("0002") "06" APP, receipt));
    offcard_expect(h, command, want);
    open_isd();
    offcard_expect(h, "80CA00C200", "C2020002 9000");
    offcard_expect(h, "80E60C0039" HELLO_AS_APP " 00", "00 9000"); /* the issuer's own has none */
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("token");
    TCase *c = add(s, "GP 9.2, C.3", setup_open);

    tcase_add_loop_test(c, load_asks_for_the_word_of_who_verifies, 0, (int)ARRAY_LEN(daps));
    tcase_add_test(c, a_dap_of_nobody_is_refused);
    c = add(s, "GP 6.6.1", setup_open);
    tcase_add_loop_test(c, privileges_that_do_not_agree_are_refused, 0, 6);
    c = add(s, "GP 9.1.3, C.4", setup_open);
    tcase_add_test(c, a_token_is_for_one_command);
    tcase_add_test(c, a_token_loads_one_file);
    tcase_add_test(c, the_issuer_needs_no_token_and_brings_no_wrong_one);
    c = add(s, "GP C.5", setup_open);
    tcase_add_test(c, a_receipt_says_what_was_done_and_counts);
    return s;
}
