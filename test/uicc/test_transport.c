/* Tests of uicc/core/transport.c and cmd.c. Goal: T=0 as TS 102 221 7.3.1.1 has it, byte by byte as
 * terminals see it, and a command table in which no class byte and instruction is taken twice.
 * Method: raw commands; all 65,536 pairs of CLA and INS against the standards' table written here
 * a second time. */
#include "test/support/runner.h"
#include "test/support/uicc/lab.h"
#include "uicc/cat/cat.h"
#include "uicc/core/transport.h"

#include <stdio.h>
#include <string.h>

static struct test_card *t;

static void set_up(void)
{
    t = lab_new(true);
}

static void tear_down(void)
{
    card_free(&t);
}

static void expect_all(const struct card_step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++)
        card_expect(t, steps[i].send, steps[i].want);
}

/* ---- GET RESPONSE ---- */

START_TEST(answers_wait_for_get_response)
{
    static const struct card_step steps[] = {
        {"00A40004022FE2", "6121"},
        {"00C0000000", "6C21"}, /* how much */
        {"00C0000022", "6C21"},
        {"00C0000021", "621F8202412183022FE2A506C00100C101FF8A01058B032F06058002000A880110 9000"},
        {"00C0000021", "6985"}, /* once */
    };

    expect_all(steps, ARRAY_LEN(steps));
}
END_TEST

START_TEST(get_response_gives_no_more_than_asked)
{
    static const struct card_step steps[] = {
        {"00A40004022FE2", "6121"},
        {"00C0000002", "621F 611F"},
        {"00C0000004", "82024121 611B"},
        {"00C000001C", "6C1B"},
        {"00C000001B", "83022FE2A506C00100C101FF8A01058B032F06058002000A880110 9000"},
        {"00C0000001", "6985"},
    };

    expect_all(steps, ARRAY_LEN(steps));
}
END_TEST

START_TEST(another_command_on_the_channel_drops_the_answer)
{
    static const struct card_step steps[] = {
        {"00A40004022FE2", "6121"}, {"00B000000A", "988812010000400310F0 9000"},
        {"00C0000021", "6985"},     {"00A40004022FE2", "6121"},
        {"0000000000", "6D00"},     {"00C0000021", "6985"},
        {"00A40004022FE2", "6121"}, {"00A400040212", "6700"},
        {"00C0000021", "6985"},
    };

    expect_all(steps, ARRAY_LEN(steps));
}
END_TEST

START_TEST(answers_belong_to_their_channel)
{
    static const struct card_step steps[] = {
        {"0070000100", "9000"},     {"00A40004022FE2", "6121"}, {"01C0000019", "6985"},
        {"01A4000C023F00", "9000"}, {"00C0000001", "62 6120"},  {"02C0000001", "6881"},
        {"04C0000001", "6882"},     {"00C0010001", "6A86"},
    };

    expect_all(steps, ARRAY_LEN(steps));
}
END_TEST

START_TEST(warnings_come_before_the_data)
{
    static const struct card_step steps[] = {
        {"00A4040C09" LAB_AID1, "9000"},
        {"0004000002 6F14", "9000"},
        {"00A40004026F14", "6283"},
        {"00C0000000", "6C20"},
        {"00C0000020", "621E8202412183026F14A506C001C0C101FF8A01048B032F0607800200048800 9000"},
    };

    expect_all(steps, ARRAY_LEN(steps));
}
END_TEST

START_TEST(long_answers_are_cut_into_256_bytes)
{
    card_expect(t, "00A4000C027F10", "9000");
    card_expect(t, "00A4000C026F01", "9000");
    ck_assert_uint_eq(strlen(card_send(t, "00B0000000")), 512 + 5);
    card_expect(t, "00B0010000", "6C2C"); /* 44 are left */
    ck_assert_uint_eq(strlen(card_send(t, "00B001002C")), 88 + 5);
}
END_TEST

/* ---- cases ---- */

START_TEST(lengths_are_refused_before_anything_else)
{
    static const struct card_step steps[] = {
        {"", "6700"},
        {"00", "6700"},
        {"00A4", "6700"},
        {"00A400", "6700"},
        {"00B0000003 AABBCC", "6700"},
        {"00D6000003", "6700"},
        {"00D6000003 AABB", "6700"},
        {"00D6000003 AABBCCDDEE", "6700"},
        {"00A40004002FE2", "6700"},
        {"80320000", "6700"},
        {"80AA0000", "6700"},
        {"00E00000", "6700"},
        {"00FE000001", "6700"},
        {"00D60000", "6700"},
    };

    expect_all(steps, ARRAY_LEN(steps));
}
END_TEST

START_TEST(a_command_that_is_cut_anywhere_is_answered)
{
    static const uint8_t whole[] = {0x00, 0xA4, 0x00, 0x04, 0x02, 0x2F, 0xE2, 0x00, 0x00, 0x00};

    for (size_t n = 0; n <= sizeof whole; n++) {
        uint8_t response[APDU_RESPONSE_MAX];
        struct wr w = WR_ARRAY(response);

        uicc_transmit(t->card, RD(whole, n), &w);
        ck_assert_uint_eq(w.len, 2);
    }
}
END_TEST

/* A case 4 command that brings its Le is answered in the same way (TS 102 221 7.3.1.1.4). */
START_TEST(le_behind_the_data_is_allowed)
{
    card_expect(t, "00A40004022FE200", "6121");
}
END_TEST

START_TEST(unpowered_card_says_so)
{
    t->card->powered = false;
    card_expect(t, "00A4000C", "6F00");
}
END_TEST

/* ---- proactive commands ---- */

static void queue_one(void)
{
    card_expect(t, "801000000A FFFFFFFFFFFFFFFFFFFF", "9000");
    ck_assert_int_eq(cat_queue(t->card, PROACTIVE_MORE_TIME, 0, 0x82, RD(NULL, 0), NULL), ERR_OK);
}

START_TEST(waiting_commands_are_announced_on_9000_only)
{
    static const struct card_step steps[] = {
        {"00A4000C023F00", "910B"},
        {"00A40004022FE2", "6121"},
        {"00C0000000", "6C21"},
        {"00C0000001", "62 6120"},
        {"00C0000020", "1F8202412183022FE2A506C00100C101FF8A01058B032F06058002000A880110 910B"},
        {"00B000000B", "6C0A"},
        {"00B000000A", "988812010000400310F0 910B"},
        {"00A4000C021234", "6A82"},
        {"0070000001", "01 910B"},
        {"01A4000C022FE2", "910B"},
        {"0070800200", "6200"},
    };

    queue_one();
    expect_all(steps, ARRAY_LEN(steps));
    card_expect(t, "801200000B", "D009810301020082028182 9000");
    card_expect(t, "00A4000C023F00", "9000");
}
END_TEST

START_TEST(nothing_is_announced_before_terminal_profile)
{
    ck_assert_int_eq(cat_queue(t->card, PROACTIVE_MORE_TIME, 0, 0x82, RD(NULL, 0), NULL),
                     ERR_CONDITIONS);
    card_expect(t, "00A4000C023F00", "9000");
}
END_TEST

/* What peers died of. */
START_TEST(unsolicited_fetch_and_terminal_response_are_refused)
{
    const char *got;

    card_expect(t, "8012000000", "6985");
    got = card_send(t, "801400000C 810301010082028281830100");
    ck_assert_msg(got[0] == '6', "TERMINAL RESPONSE to nothing: %s", got);
    card_expect(t, "00A4000C023F00", "9000");
}
END_TEST

/* ---- durability ---- */

START_TEST(success_is_said_only_when_it_is_durable)
{
    card_expect(t, "00A4040C09" LAB_AID1, "9000");
    card_verify(t, "PIN1");
    card_expect(t, "00A4000C026F10", "9000");
    t->nvm.ops = 0;
    t->nvm.fail_at = (uint64_t)_i + 1;
    t->nvm.fail_sticky = true;
    if (strcmp(card_send(t, "00DC010406 111111111111"), "6581") == 0)
        card_expect(t, "00B2010406", "010101AABBCC 9000"); /* as before */
    nvm_sim_heal(&t->nvm);
    card_expect(t, "00DC010406 222222222222", "9000");
    ck_assert_int_eq(card_power_cycle(t), ERR_OK);
    card_expect(t, "00A4040C09" LAB_AID1, "9000");
    card_expect(t, "00A4000C026F10", "9000");
    card_expect(t, "00B2010406", "222222222222 9000");
}
END_TEST

/* ---- the table ---- */

#define CLA_0X 1U
#define CLA_8X 2U
#define CLA_80 4U
#define CLA_A0 8U

/* TS 102 221 table 10.5, TS 102 222 6, TS 51.011 9.2, in the order of the instruction. */
static const struct {
    uint8_t ins, cla;
} standard[] = {
    {0x04, CLA_0X | CLA_A0}, {0x10, CLA_80 | CLA_A0}, {0x12, CLA_80 | CLA_A0},
    {0x14, CLA_80 | CLA_A0}, {0x20, CLA_0X | CLA_A0}, {0x24, CLA_0X | CLA_A0},
    {0x26, CLA_0X | CLA_A0}, {0x28, CLA_0X | CLA_A0}, {0x2C, CLA_0X | CLA_A0},
    {0x32, CLA_8X | CLA_A0}, {0x44, CLA_0X | CLA_A0}, {0x70, CLA_0X},
    {0x76, CLA_80},          {0x78, CLA_8X},          {0x84, CLA_0X},
    {0x88, CLA_0X | CLA_A0}, {0x89, CLA_0X},          {0xA2, CLA_0X | CLA_A0},
    {0xA4, CLA_0X | CLA_A0}, {0xAA, CLA_8X},          {0xB0, CLA_0X | CLA_A0},
    {0xB2, CLA_0X | CLA_A0}, {0xC0, CLA_0X | CLA_A0}, {0xC2, CLA_80 | CLA_A0},
    {0xCB, CLA_8X},          {0xD4, CLA_8X},          {0xD6, CLA_0X | CLA_A0},
    {0xDB, CLA_8X},          {0xDC, CLA_0X | CLA_A0}, {0xE0, CLA_0X},
    {0xE4, CLA_0X},          {0xE6, CLA_0X},          {0xE8, CLA_0X},
    {0xF2, CLA_8X | CLA_A0}, {0xFA, CLA_A0},          {0xFE, CLA_0X},
};

/* Columns of a class byte; 0: no card knows it. */
static unsigned columns(unsigned cla)
{
    unsigned high = cla >> 4;

    if (cla == 0x80)
        return CLA_8X | CLA_80;
    if (high == 0x0 || high == 0x4 || high == 0x6)
        return CLA_0X;
    if (high == 0x8 || high == 0xC || high == 0xE)
        return CLA_8X;
    return cla == 0xA0 ? CLA_A0 : 0;
}

static bool in_standard(unsigned cla, unsigned ins)
{
    for (size_t i = 0; i < ARRAY_LEN(standard); i++) {
        if (standard[i].ins == ins && (standard[i].cla & columns(cla)) != 0)
            return true;
    }
    return false;
}

START_TEST(the_table_takes_what_the_standard_has_once)
{
    for (unsigned cla = 0; cla < 256; cla++) {
        for (unsigned ins = 0; ins < 256; ins++) {
            uint8_t command[5] = {(uint8_t)cla, (uint8_t)ins, 0xFF, 0xFF, 0};
            uint8_t response[APDU_RESPONSE_MAX];
            struct wr w = WR_ARRAY(response);
            bool known = in_standard(cla, ins);
            unsigned sw;

            ck_assert_uint_eq(cmd_transport_rows(t->card, (uint8_t)cla, (uint8_t)ins),
                              known && ins != 0xC0);
            uicc_transmit(t->card, RD_ARRAY(command), &w);
            sw = (unsigned)(response[w.len - 2] << 8 | response[w.len - 1]);
            if (columns(cla) == 0)
                ck_assert_msg(sw == 0x6E00, "%02X%02X: %04X", cla, ins, sw);
            else if (!known)
                ck_assert_msg(sw == 0x6D00, "%02X%02X: %04X", cla, ins, sw);
            else
                ck_assert_msg(sw != 0x6D00 && sw != 0x6E00, "%02X%02X: %04X", cla, ins, sw);
        }
    }
}
END_TEST

Suite *suite_under_test(void)
{
    const struct lab_case cases[] = {
        {"TS 102 221 7.3.1.1.4", answers_wait_for_get_response, 0},
        {"TS 102 221 7.3.1.1.4", get_response_gives_no_more_than_asked, 0},
        {"TS 102 221 7.3.1.1.4", another_command_on_the_channel_drops_the_answer, 0},
        {"TS 102 221 7.3.1.1.4", answers_belong_to_their_channel, 0},
        {"TS 102 221 7.3.1.1.4", warnings_come_before_the_data, 0},
        {"TS 102 221 7.3.1.1.2", long_answers_are_cut_into_256_bytes, 0},
        {"TS 102 221 10.2.1.5", lengths_are_refused_before_anything_else, 0},
        {"C31", a_command_that_is_cut_anywhere_is_answered, 0},
        {"TS 102 221 7.3.1.1.4", le_behind_the_data_is_allowed, 0},
        {"TS 102 221 6.3", unpowered_card_says_so, 0},
        {"TS 102 221 7.4.2.1", waiting_commands_are_announced_on_9000_only, 0},
        {"TS 102 223 5.2", nothing_is_announced_before_terminal_profile, 0},
        {"C20", unsolicited_fetch_and_terminal_response_are_refused, 0},
        {"C14", success_is_said_only_when_it_is_durable, 4},
        {"TS 102 221 10.1.2", the_table_takes_what_the_standard_has_once, 0},
    };

    return lab_suite("transport", cases, ARRAY_LEN(cases), set_up, tear_down);
}
