/* Tests of uicc/core/terminal.c, card.c and uicc.c: TERMINAL CAPABILITY, GET CHALLENGE, SUSPEND
 * UICC, the answer to reset, and what a card tells of itself. */
#include "test/support/runner.h"
#include "test/support/uicc/lab.h"

#include <stdio.h>
#include <string.h>

#define ALTERED_BYTES    6000
#define FURTHER_CARD_MAX 1536

static struct test_card *t;

static void set_up(void)
{
    t = lab_new(true);
}

static void tear_down(void)
{
    card_free(&t);
}

START_TEST(terminal_capability_is_read)
{
    static const struct card_step steps[] = {
        {"80AA000005 A903800107", "6A80"},
        {"80AA000007 A905800307 2D0A", "9000"},
        {"80AA000009 A90780030709FF8100", "9000"},
        {"80AA000002 A900", "9000"},
        {"80AA00000A A908820101830401020304", "6A80"},
        {"80AA000002 A800", "6A80"},
        {"80AA000003 A90000", "6A80"},
        {"80AA000003 A90281", "6A80"},
        {"80AA010002 A900", "6A86"},
        {"80AA000102 A900", "6A86"},
        {"80AA000000", "6700"},
        {"00AA000002 A900", "6D00"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(get_challenge_gives_what_is_asked)
{
    char first[64];

    (void)snprintf(first, sizeof first, "%s", card_send(t, "0084000008"));
    ck_assert_uint_eq(strlen(first), 16 + 5);
    ck_assert_str_ne(card_send(t, "0084000008"), first);
    ck_assert_uint_eq(strlen(card_send(t, "0084000000")), 512 + 5);
    card_expect(t, "0084010008", "6A86");
    card_expect(t, "0084000008 0102030405060708", "6700");
    t->random_fails = true;
    card_expect(t, "0084000008", "6F00");
}
END_TEST

/* ---- SUSPEND UICC ---- */

/* Suspend for at least a minute and at most an hour; the command that resumes goes to resume. */
static void suspend(char resume[64])
{
    const char *got = card_run(t, "8076000004 01010201");

    ck_assert_int_eq(strncmp(got, "0201", 4), 0);
    ck_assert_str_eq(got + 20, " 9000");
    (void)snprintf(resume, 64, "8076010008%.16s", got + 4);
}

START_TEST(suspension_keeps_the_session)
{
    char resume[64];

    card_expect(t, "00A4040C09" LAB_AID1, "9000");
    card_verify(t, "PIN1");
    card_expect(t, "00A4000C026F07", "9000");
    suspend(resume);
    card_expect(t, "00B0000001", "6985"); /* asleep */
    card_reset(t);
    card_expect(t, resume, "9000");
    card_expect(t, "00B0000001", "08 9000");
    card_expect(t, resume, "6985"); /* a token is good once */
}
END_TEST

/* A terminal that said what it can do before says so again, and then resumes (TS 102
 * 221 11.1.22.3). */
START_TEST(suspension_outlasts_terminal_capability)
{
    char resume[64];

    card_expect(t, "00A4040C09" LAB_AID1, "9000");
    card_verify(t, "PIN1");
    suspend(resume);
    card_reset(t);
    card_expect(t, "80AA000004 A9028100", "9000");
    card_expect(t, resume, "9000");
    card_expect(t, "00B0870001", "08 9000");
}
END_TEST

START_TEST(suspension_ends_with_another_command)
{
    char resume[64];

    card_expect(t, "00A4040C09" LAB_AID1, "9000");
    card_verify(t, "PIN1");
    suspend(resume);
    card_reset(t);
    card_expect(t, "00A4000C022FE2", "9000");
    card_expect(t, resume, "6985");
    card_expect(t, "00A4040C09" LAB_AID1, "9000");
    card_expect(t, "00B0870001", "6982");
}
END_TEST

START_TEST(suspension_ends_with_a_wrong_token)
{
    char resume[64];

    card_expect(t, "00A4040C09" LAB_AID1, "9000");
    card_verify(t, "PIN1");
    suspend(resume);
    card_reset(t);
    card_expect(t, "8076010008 0000000000000000", "6982");
    card_expect(t, resume, "6985");
    card_expect(t, "00B0870001", "6A82");
}
END_TEST

START_TEST(suspension_refuses)
{
    static const struct card_step steps[] = {
        {"8076000004 01010100", "6A80"},
        {"8076000004 01010501", "6A80"},
        {"8076000004 02010101", "6A80"}, /* at least longer than at most */
        {"8076000004 04FF04FF", "9864"},
        {"8076000003 010101", "6700"},
        {"8076000104 01010201", "6A86"},
        {"8076020004 01010201", "6A86"},
        {"8076010008 0000000000000000", "6985"},
        {"8076010007 00000000000000", "6700"},
        {"8076000004 010104FF", "040AXXXXXXXXXXXXXXXX 9000"}, /* not that long */
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(suspension_must_be_offered)
{
    card_verify(t, "ADM1");
    card_expect(t, "00A4000C022F08", "9000");
    card_expect(t, "00D6000201 00", "9000");
    card_expect(t, "8076000004 01010201", "6985");
}
END_TEST

/* ---- reset ---- */

START_TEST(atr_is_sound)
{
    uint8_t bytes[ATR_LEN_MAX];
    struct wr w = WR_ARRAY(bytes);
    struct atr atr;

    ck_assert_int_eq(uicc_reset(t->card, &w), ERR_OK);
    ck_assert_int_eq(atr_parse(RD_WR(&w), &atr), ERR_OK);
    ck_assert_uint_eq(atr_channels(&atr), 8);
    ck_assert_mem_eq(bytes, "\x3B\x97\x96\x80\x1F\x87\x80\x31\xE0\x73\xFE\x21\x1F", 13);
}
END_TEST

START_TEST(atr_has_the_profiles_historical_bytes)
{
    struct test_card *usim = card_new();
    uint8_t bytes[ATR_LEN_MAX];
    struct wr w = WR_ARRAY(bytes), small = WR(bytes, 5);
    struct atr atr;

    ck_assert_int_eq(uicc_reset(usim->card, &w), ERR_OK);
    ck_assert_int_eq(atr_parse(RD_WR(&w), &atr), ERR_OK);
    ck_assert(rd_equal(atr.historical,
                       RD(usim->card->profile->historical, usim->card->profile->historical_len)));
    ck_assert_int_eq(uicc_reset(usim->card, &small), ERR_SPACE);
    card_free(&usim);
}
END_TEST

/* ---- info ---- */

START_TEST(info_tells_who_the_card_is)
{
    struct test_card *usim = card_new();
    struct uicc_info info;

    ck_assert_int_eq(uicc_info(usim->card, &info), ERR_OK);
    ck_assert_str_eq(info.iccid, "8988211000000430010");
    ck_assert_str_eq(info.imsi, "001010123456789");
    ck_assert_uint_eq(info.slot_count, 3);
    ck_assert_uint_eq(info.slot_in_force, 1);
    ck_assert_str_eq(info.slots[0].state, "active");
    ck_assert_str_eq(info.slots[0].algorithm, "milenage");
    ck_assert_str_eq(info.slots[0].ota, "aes-128");
    ck_assert_str_eq(info.slots[2].state, "spare");
    ck_assert_uint_eq(info.pin1_tries, 3);
    ck_assert_uint_eq(info.puk1_tries, 10);
    ck_assert_uint_eq(info.adm1_tries, 10);
    ck_assert(!info.pin1_enabled);
    ck_assert_uint_gt(info.file_count, 50);
    card_free(&usim);
}
END_TEST

/* Its keys and files: what the store keeps, with the arena's rounding. */
static size_t own_content(const struct card *card)
{
    size_t n = 0;

    for (uint32_t i = 0; i < card->store.count; i++)
        n += sizeof card->store.objects[i] + (card->store.objects[i].len + 15U) / 16 * 16;
    return n;
}

/* What a card of a fleet costs beyond the engine and profile it shares (design.md 3). */
START_TEST(a_further_card_is_small)
{
    struct test_card *usim = card_new();
    struct uicc_host host = usim->card->host;
    struct card *further[20];
    size_t used = usim->arena.used;

    for (size_t i = 0; i < ARRAY_LEN(further); i++)
        ck_assert_int_eq(uicc_create(usim->engine, &host, &further[i]), ERR_OK);
    ck_assert_uint_le((usim->arena.used - used) / ARRAY_LEN(further),
                      FURTHER_CARD_MAX + own_content(usim->card));
    for (size_t i = 0; i < ARRAY_LEN(further); i++)
        uicc_destroy(&further[i]);
    ck_assert_int_eq(uicc_create(usim->engine, &host, &further[0]), ERR_OK);
    uicc_destroy(&further[0]);
    card_free(&usim);
}
END_TEST

/* ---- C24: memory that was altered ---- */

/* Does this card give out the IMSI to somebody who has verified nothing? */
static bool is_open(struct card *card)
{
    static const struct {
        uint8_t bytes[16], len;
    } commands[] = {
        {{0x00, 0xA4, 0x04, 0x0C, 0x09, 0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02, 0xFF, 0x01}, 14},
        {{0x00, 0xB0, 0x87, 0x00, 0x09}, 5},
    };
    uint8_t response[APDU_RESPONSE_MAX];
    struct wr w = WR_ARRAY(response);

    ck_assert_int_eq(uicc_reset(card, &w), ERR_OK);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        w = WR_ARRAY(response);
        uicc_transmit(card, RD(commands[i].bytes, commands[i].len), &w);
    }
    return w.len > 2;
}

START_TEST(sec_C24_altered_memory_is_refused_or_harmless)
{
    static struct nvm_sim copy;
    size_t refused = 0;

    card_verify(t, "ADM1");
    card_expect(t, "00A4000C027F10", "9000");
    card_expect(t, "00E0000019 6217 82024121 83026F99 8A0105 8B032F0605 8002000A 880148", "9000");
    card_expect(t, "80D400000A 620883026F0180020002", "9000");
    card_expect(t, "00E4000002 5F01", "9000");
    nvm_sim_copy(&copy, &t->nvm);
    for (uint64_t offset = 0; offset < ALTERED_BYTES; offset++) {
        struct uicc_host host = t->card->host;
        struct card *card = NULL;

        copy.view[offset] ^= 0x5A;
        host.nvm = &copy.device;
        if (uicc_create(t->engine, &host, &card) == ERR_OK) {
            ck_assert_msg(!is_open(card), "byte %u", (unsigned)offset);
            uicc_destroy(&card);
        } else {
            refused++;
        }
        memcpy(copy.view, t->nvm.media, ALTERED_BYTES);
    }
    ck_assert_uint_gt(refused, 100);
    nvm_sim_free(&copy);
}
END_TEST

Suite *suite_under_test(void)
{
    const struct lab_case cases[] = {
        {"TS 102 221 11.1.19", terminal_capability_is_read, 0},
        {"TS 102 221 11.1.18", get_challenge_gives_what_is_asked, 0},
        {"TS 102 221 11.1.22", suspension_keeps_the_session, 0},
        {"TS 102 221 11.1.22", suspension_outlasts_terminal_capability, 0},
        {"TS 102 221 11.1.22", suspension_ends_with_another_command, 0},
        {"TS 102 221 11.1.22", suspension_ends_with_a_wrong_token, 0},
        {"TS 102 221 11.1.22", suspension_refuses, 0},
        {"TS 102 221 11.1.22", suspension_must_be_offered, 0},
        {"TS 102 221 6.3", atr_is_sound, 0},
        {"TS 102 221 6.3", atr_has_the_profiles_historical_bytes, 0},
        {"design.md 3", info_tells_who_the_card_is, 0},
        {"design.md 3", a_further_card_is_small, 0},
        {"C24", sec_C24_altered_memory_is_refused_or_harmless, 0},
    };

    return lab_suite("terminal", cases, ARRAY_LEN(cases), set_up, tear_down);
}
