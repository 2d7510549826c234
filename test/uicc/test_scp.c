/* Tests of uicc/isd/scp.h. Goal: sessions that another implementation recorded with real cards come
 * out bit by bit; whatever is not exactly right closes the channel. Method: the host's bytes of the
 * vectors go in, the card's must come out. */
#include "test/support/hexrow.h"
#include "test/support/runner.h"
#include "test/support/vectors.h"
#include "uicc/isd/scp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VECTORS "test/vectors/scp03_euicc.csv"
#define PLAIN   "80E2910006BF3E035C015A"
#define ANSWER  "BF3E125A1089882119900000000000000000000005"

static struct crypto *crypto;
static struct vectors *v;
static struct isd_scp s;
static struct isd_keys keys;

static void setup(void)
{
    crypto = crypto_new();
    v = vectors_open(VECTORS);
    memset(&s, 0, sizeof s);
}

static void teardown(void)
{
    crypto_free(&crypto);
    vectors_close(v);
}

static void sequential(struct secret *k, uint8_t first, uint8_t len)
{
    for (uint8_t i = 0; i < len; i++)
        k->bytes[i] = (uint8_t)(first + i % 16);
    k->len = len;
}

/* AES-192 and -256 go on with the same bytes again. */
static void aes_keys(uint8_t len)
{
    keys = (struct isd_keys){.type = GP_KEY_AES};
    sequential(&keys.enc, 0x00, len);
    sequential(&keys.mac, 0x10, len);
    sequential(&keys.dek, 0x20, len);
}

static struct apdu command(const uint8_t *bytes, size_t n)
{
    struct apdu cmd;

    ck_assert_int_eq(apdu_parse(RD(bytes, n), &cmd), ERR_OK);
    return cmd;
}

static enum err authenticate(const char *hex)
{
    struct hexrow row;
    struct rd r = hexrow(&row, hex);
    struct apdu cmd = command(r.at, r.left);

    return isd_scp_authenticate(crypto, &s, &cmd);
}

/* INITIALIZE UPDATE as in a vector; its answer must be that of the card there. */
static void begin(size_t row)
{
    static const uint8_t aid[] = {0xA0, 0x00, 0x00, 0x05, 0x59, 0x10, 0x10, 0xFF,
                                  0xFF, 0xFF, 0xFF, 0x89, 0x00, 0x00, 0x01, 0x00};
    struct isd_scp_begin b = {
        .protocol = SCP03, .option = 0x70, .size = 8, .keys = &keys, .aid = RD_ARRAY(aid)};
    uint8_t answer[64], want[64];
    struct wr w = WR_ARRAY(answer);
    size_t n = vectors_bytes(v, row, "initialize_update", want, sizeof want);

    aes_keys((uint8_t)(strtoul(vectors_text(v, row, "keys"), NULL, 10) / 8));
    keys.version = want[10];
    keys.sequence = (uint32_t)want[n - 2] << 8 | want[n - 1];
    vectors_bytes(v, row, "host_challenge", b.host_challenge, b.size);
    ck_assert_int_eq(isd_scp_initialise(crypto, &s, &b, &w), ERR_OK);
    hexrow_assert(RD_WR(&w), vectors_text(v, row, "initialize_update"), "INITIALIZE UPDATE");
}

static void open_session(size_t row)
{
    begin(row);
    ck_assert_int_eq(authenticate(vectors_text(v, row, "external_authenticate")), ERR_OK);
}

static enum err unwrap(const char *hex, uint8_t *plain, struct apdu *out)
{
    struct hexrow row;
    struct rd r = hexrow(&row, hex);
    struct apdu cmd = command(r.at, r.left);
    struct wr w = WR(plain, 256);

    return isd_scp_unwrap(crypto, &s, &cmd, &w, out);
}

static void expect_plain(const char *hex, const char *want)
{
    uint8_t plain[256], bytes[300];
    struct apdu out;
    struct wr w = WR_ARRAY(bytes);

    ck_assert_int_eq(unwrap(hex, plain, &out), ERR_OK);
    wr_u8(&w, out.cla);
    wr_u8(&w, out.ins);
    wr_u8(&w, out.p1);
    wr_u8(&w, out.p2);
    wr_u8(&w, out.p3);
    wr_rd(&w, out.data);
    hexrow_assert(RD_WR(&w), want, hex);
}

START_TEST(scp03_answers_as_the_recorded_card)
{
    uint8_t data[256];
    struct hexrow row;
    struct rd answer = hexrow(&row, ANSWER);
    struct wr w = WR_ARRAY(data);

    open_session((size_t)_i);
    expect_plain(vectors_text(v, (size_t)_i, "command"), PLAIN);
    wr_rd(&w, answer);
    ck_assert_int_eq(isd_scp_wrap(crypto, &s, &(struct apdu){0}, SW_OK, &w), ERR_OK);
    hexrow_assert(RD_WR(&w), vectors_text(v, (size_t)_i, "answer"), "answer");
    expect_plain(vectors_text(v, (size_t)_i, "case1"), "80F2200200");
    expect_plain(vectors_text(v, (size_t)_i, "case2"), "80CA006600");
    expect_plain(vectors_text(v, (size_t)_i, "case3"), "80F220020A4F0212345C054F9F70C5");
    expect_plain(vectors_text(v, (size_t)_i, "case4"), "80F28002024F00");
}
END_TEST

START_TEST(scp03_notices_every_flipped_bit_of_the_authentication)
{
    uint8_t bytes[64];
    size_t n = vectors_bytes(v, 2, "external_authenticate", bytes, sizeof bytes);

    for (size_t bit = 0; bit < n * 8; bit++) {
        struct apdu cmd;

        begin(2);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (apdu_parse(RD(bytes, n), &cmd) == ERR_OK && bit / 8 != 0) {
            ck_assert_msg(isd_scp_authenticate(crypto, &s, &cmd) != ERR_OK || bit / 8 == 1,
                          "bit %zu", bit);
        }
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}
END_TEST

START_TEST(scp03_notices_every_flipped_bit_of_a_command)
{
    uint8_t bytes[64], plain[256];
    size_t n = vectors_bytes(v, 2, "command", bytes, sizeof bytes);
    struct apdu cmd, out;

    for (size_t bit = 8; bit < (n - 1) * 8; bit++) {
        struct wr w = WR_ARRAY(plain);

        open_session(2);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (apdu_parse(RD(bytes, n), &cmd) == ERR_OK) {
            ck_assert_msg(isd_scp_unwrap(crypto, &s, &cmd, &w, &out) != ERR_OK, "bit %zu", bit);
            ck_assert_int_eq(s.state, SCP_CLOSED);
        }
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}
END_TEST

START_TEST(scp03_refuses_a_command_twice)
{
    uint8_t plain[256];
    struct apdu out;

    open_session(2);
    expect_plain(vectors_text(v, 2, "command"), PLAIN);
    ck_assert_int_eq(unwrap(vectors_text(v, 2, "command"), plain, &out), ERR_MAC);
    ck_assert_int_eq(unwrap(vectors_text(v, 2, "case1"), plain, &out), ERR_CONDITIONS);
}
END_TEST

START_TEST(scp03_protects_no_answer_of_failure)
{
    uint8_t data[64];
    struct wr w = WR_ARRAY(data);

    open_session(2);
    ck_assert_int_eq(isd_scp_wrap(crypto, &s, &(struct apdu){0}, SW_BAD_DATA, &w), ERR_OK);
    ck_assert_uint_eq(w.len, 0);
    ck_assert_int_eq(isd_scp_wrap(crypto, &s, &(struct apdu){0}, SW_OK, &w), ERR_OK);
    ck_assert_uint_eq(w.len, SCP_S8);
}
END_TEST

/* ---- SCP02 ---- */

static struct isd_scp_begin begin02(uint8_t option)
{
    static const uint8_t enc[] = {0x10, 0x01}, mac[] = {0x10, 0x11}, dek[] = {0x10, 0x21};
    static const uint8_t host[] = {0x40, 0xA6, 0x2C, 0x37, 0xFA, 0x63, 0x04, 0xF8};
    static const uint8_t card[] = {0x6B, 0x45, 0x24, 0xAB, 0xEE, 0x7C};
    static const uint8_t isd[] = {0xA0, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00};
    struct isd_scp_begin b = {
        .protocol = SCP02, .option = option, .size = 8, .keys = &keys, .aid = RD_ARRAY(isd)};

    keys = (struct isd_keys){.version = 0x70, .type = GP_KEY_DES, .sequence = 1};
    sequential(&keys.enc, 0x00, 16);
    keys.mac = keys.dek = keys.enc;
    memcpy(keys.enc.bytes, enc, 2);
    memcpy(keys.mac.bytes, mac, 2);
    memcpy(keys.dek.bytes, dek, 2);
    memcpy(b.host_challenge, host, sizeof host);
    memcpy(b.random, card, sizeof card);
    return b;
}

static void open02(void)
{
    struct isd_scp_begin b = begin02(0x15);
    uint8_t answer[64];
    struct wr w = WR_ARRAY(answer);

    ck_assert_int_eq(isd_scp_initialise(crypto, &s, &b, &w), ERR_OK);
    hexrow_assert(RD_WR(&w), "00000000000000000000700200016B4524ABEE7CF32EA3838BC148F3",
                  "INITIALIZE UPDATE");
    ck_assert_int_eq(authenticate("8482010010BA6961667737C5BCEBECE14C7D6A4376"), ERR_OK);
}

START_TEST(scp02_answers_as_the_recorded_card)
{
    open02();
    expect_plain("84F220020814DB34FA4341DCA8", "80F2200200");
    expect_plain("84CA00660855ED7C5FF069512B00", "80CA006600");
    expect_plain("84F22002124F0212345C054F9F70C58FC1B380C4228AF8",
                 "80F220020A4F0212345C054F9F70C5");
    expect_plain("84F280020A4F003B95F09317DE6A4E00", "80F28002024F00");
}
END_TEST

START_TEST(scp02_computes_the_challenge_where_its_option_says_so)
{
    struct isd_scp_begin b = begin02(0x55);
    uint8_t one[64], two[64];
    struct wr w = WR_ARRAY(one), x = WR_ARRAY(two);

    ck_assert_int_eq(isd_scp_initialise(crypto, &s, &b, &w), ERR_OK);
    memset(b.random, 0, sizeof b.random);
    ck_assert_int_eq(isd_scp_initialise(crypto, &s, &b, &x), ERR_OK);
    ck_assert(rd_equal(RD_WR(&w), RD_WR(&x)));
    keys.sequence = 2;
    x.len = 0;
    ck_assert_int_eq(isd_scp_initialise(crypto, &s, &b, &x), ERR_OK);
    ck_assert(!rd_equal(RD_WR(&w), RD_WR(&x)));
}
END_TEST

START_TEST(scp02_notices_every_flipped_bit_of_a_command)
{
    struct hexrow row;
    struct rd good;
    uint8_t plain[256];
    struct apdu cmd, out;

    good = hexrow(&row, "84F220020814DB34FA4341DCA8");
    for (size_t bit = 8; bit < good.left * 8; bit++) {
        struct wr w = WR_ARRAY(plain);

        open02();
        row.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (apdu_parse(good, &cmd) == ERR_OK)
            ck_assert_msg(isd_scp_unwrap(crypto, &s, &cmd, &w, &out) != ERR_OK, "bit %zu", bit);
        row.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}
END_TEST

/* ---- sessions that GlobalPlatformPro and gpshell had with a card of these keys ---- */

static const struct session {
    uint8_t protocol, option, version, size, sequence;
    const char *aid, *challenge, *initialised, *authenticate;
    const char *command, *plain, *answer, *wrapped;
} sessions[] = {
    /* S16, every protection (GlobalPlatformPro) */
    {SCP03, 0x70, 0x31, SCP_S16, 8, "A000000151000000", "07E71590251DFCA261A2AEE970D26FC6",
     "989909000000000010F4 310371 FEEBAEA31B9CC17745FE9CC7A75EE960"
     "21B5A8D8AC05C1B3450DF7521543382E 000008",
     "8482330020 07F5044A189852DB89DE237F28011E04 13188BAFF2F19EDC02FF0BCCD34187DA",
     "84F2800220 B1992535C85D1EB981D0B15A8D924133 C8A0CF684E4D88FD602B2BAD438DFF03 00",
     "80F28002024F00", "E313 4F08A000000151000000 9F70010F C5039EFE80",
     "6404E7B9931BB28D28EB897606D632AC56E3B01BE27ED7E325D6B99274254578"
     "C11195C40AFC701BB703B62B6D82D2B8"},
    /* R-MAC of SCP02 (gpshell) */
    {SCP02, 0x75, 0x21, SCP_S8, 5, "F0BB00000001", "5E04EA8E474EE471",
     "989909000000000010F4 2102 0005E8C4AE867926 4C2642F7E6193A72",
     "8482130010 C10AF4464523F213 BF4309EA45650727",
     "84CA00E010 2C4D06183A2132B2 41B2DA74E38116FB 00", "80CA00E000", "E000",
     "E000 8398B76EB56B6660"},
};

static void set_secret(struct secret *k, const char *hex)
{
    ck_assert_int_eq(secret_from_hex(k, hex), ERR_OK);
}

START_TEST(clients_of_others_take_the_answers)
{
    const struct session *w = &sessions[_i];
    struct hexrow aid, row, plain;
    struct rd challenge = hexrow(&row, w->challenge), data;
    struct isd_scp_begin b = {.protocol = w->protocol,
                              .option = w->option,
                              .size = w->size,
                              .keys = &keys,
                              .aid = hexrow(&aid, w->aid),
                              .diversification = {0x98, 0x99, 0x09, 0, 0, 0, 0, 0, 0x10, 0xF4}};
    uint8_t answer[256], bytes[256];
    struct wr out = WR_ARRAY(answer), p = WR_ARRAY(bytes);
    struct apdu cmd, clear;

    keys = (struct isd_keys){.version = w->version,
                             .type = w->protocol == SCP02 ? GP_KEY_DES : GP_KEY_AES,
                             .sequence = w->sequence};
    set_secret(&keys.enc, "00112233445566778899AABBCCDDEEFF");
    set_secret(&keys.mac, "0102030405060708090A0B0C0D0E0F10");
    set_secret(&keys.dek, "1112131415161718191A1B1C1D1E1F20");
    memcpy(b.host_challenge, challenge.at, challenge.left);
    ck_assert_int_eq(isd_scp_initialise(crypto, &s, &b, &out), ERR_OK);
    hexrow_assert(RD_WR(&out), w->initialised, "INITIALIZE UPDATE");
    ck_assert_int_eq(authenticate(w->authenticate), ERR_OK);
    data = hexrow(&row, w->command);
    cmd = command(data.at, data.left);
    ck_assert_int_eq(isd_scp_unwrap(crypto, &s, &cmd, &p, &clear), ERR_OK);
    data = hexrow(&plain, w->plain);
    ck_assert_uint_eq(clear.ins, data.at[1]);
    if (data.left > 5)
        hexrow_assert(clear.data, w->plain + 10, "command");
    out.len = 0;
    wr_rd(&out, hexrow(&row, w->answer));
    ck_assert_int_eq(isd_scp_wrap(crypto, &s, &clear, SW_OK, &out), ERR_OK);
    hexrow_assert(RD_WR(&out), w->wrapped, "answer");
}
END_TEST

/* A challenge of 16 bytes is for SCP03; SCP02 without the bit for it has no R-MAC. */
START_TEST(scp02_has_neither_long_challenges_nor_unasked_r_macs)
{
    struct isd_scp_begin b = begin02(0x55);
    uint8_t answer[64];
    struct wr w = WR_ARRAY(answer);

    b.size = SCP_S16;
    ck_assert_int_eq(isd_scp_initialise(crypto, &s, &b, &w), ERR_FORMAT);
    b.size = SCP_S8;
    ck_assert_int_eq(isd_scp_initialise(crypto, &s, &b, &w), ERR_OK);
    ck_assert_int_eq(authenticate("8482110010BA6961667737C5BCEBECE14C7D6A4376"), ERR_UNSUPPORTED);
}
END_TEST

/* ---- options and levels ---- */

static const struct {
    uint8_t protocol, option;
    bool known;
} options[] = {
    {SCP02, 0x15, true},  {SCP02, 0x55, true},  {SCP02, 0x05, false}, {SCP02, 0x35, true},
    {SCP02, 0x75, true},  {SCP03, 0x00, true},  {SCP03, 0x10, true},  {SCP03, 0x20, true},
    {SCP03, 0x60, true},  {SCP03, 0x70, true},  {SCP03, 0x40, false}, {SCP03, 0x71, true},
    {SCP03, 0x02, false}, {SCP03, 0x80, false}, {0x01, 0x15, false},
};

START_TEST(options_that_are_none_are_refused)
{
    struct isd_scp_begin b = begin02(0x15);
    uint8_t answer[64];
    struct wr w = WR_ARRAY(answer);
    enum err e;

    aes_keys(16);
    if (options[_i].protocol == SCP02)
        b = begin02(options[_i].option);
    b.protocol = options[_i].protocol;
    b.option = options[_i].option;
    e = isd_scp_initialise(crypto, &s, &b, &w);
    ck_assert_int_eq(isd_scp_option_is_known(b.protocol, b.option), options[_i].known);
    ck_assert_int_eq(e, options[_i].known ? ERR_OK : ERR_UNSUPPORTED);
}
END_TEST

/* Level 00 would leave every command open to whoever holds the wire. */
START_TEST(levels_that_the_option_does_not_offer_are_refused)
{
    static const struct {
        uint8_t level;
        enum err want;
    } levels[] = {
        {0x00, ERR_UNSUPPORTED}, {0x02, ERR_UNSUPPORTED}, {0x10, ERR_UNSUPPORTED},
        {0x21, ERR_UNSUPPORTED}, {0x31, ERR_UNSUPPORTED}, {0x01, ERR_MAC},
        {0x03, ERR_MAC},         {0x13, ERR_MAC},         {0x33, ERR_MAC},
        {0x80, ERR_UNSUPPORTED},
    };
    char hex[64];

    for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
        begin(0);
        (void)snprintf(hex, sizeof hex, "8482%02X0010%032d", levels[i].level, 0);
        ck_assert_int_eq(authenticate(hex), levels[i].want);
        ck_assert_int_eq(s.state, SCP_CLOSED);
    }
    open02();
    ck_assert_int_eq(isd_scp_initialise(crypto, &s, &(struct isd_scp_begin){0}, NULL),
                     ERR_UNSUPPORTED);
}
END_TEST

START_TEST(authentication_needs_a_beginning_and_its_length)
{
    ck_assert_int_eq(authenticate("8482010010BA6961667737C5BCEBECE14C7D6A4376"), ERR_CONDITIONS);
    begin(0);
    ck_assert_int_eq(authenticate("848211000F7D5F5826A993EBC89EEA24957FA0B3"), ERR_FORMAT);
}
END_TEST

static TCase *add(Suite *suite, const char *clause)
{
    TCase *c = tcase_create(clause);

    tcase_add_checked_fixture(c, setup, teardown);
    suite_add_tcase(suite, c);
    return c;
}

Suite *suite_under_test(void)
{
    Suite *suite = suite_create("scp");
    TCase *c = add(suite, "GP amendment D 6, 7");

    tcase_add_loop_test(c, scp03_answers_as_the_recorded_card, 0, 9);
    tcase_add_test(c, scp03_notices_every_flipped_bit_of_the_authentication);
    tcase_add_test(c, scp03_notices_every_flipped_bit_of_a_command);
    tcase_add_test(c, scp03_refuses_a_command_twice);
    tcase_add_test(c, scp03_protects_no_answer_of_failure);
    c = add(suite, "GP annex E");
    tcase_add_test(c, scp02_answers_as_the_recorded_card);
    tcase_add_test(c, scp02_computes_the_challenge_where_its_option_says_so);
    tcase_add_test(c, scp02_notices_every_flipped_bit_of_a_command);
    tcase_add_test(c, scp02_has_neither_long_challenges_nor_unasked_r_macs);
    c = add(suite, "GP E.4.5, amendment D 6.2.5");
    tcase_add_loop_test(c, clients_of_others_take_the_answers, 0, (int)ARRAY_LEN(sessions));
    c = add(suite, "GP 10.6, E.1.1");
    tcase_add_loop_test(c, options_that_are_none_are_refused, 0, (int)ARRAY_LEN(options));
    tcase_add_test(c, levels_that_the_option_does_not_offer_are_refused);
    tcase_add_test(c, authentication_needs_a_beginning_and_its_length);
    return suite;
}
