/* Tests of uicc/cat. Goal: one proactive command at a time, nothing before TERMINAL PROFILE and
 * nothing it does not allow, and no order of commands that confuses the session. */
#include "apdu/hex.h"
#include "test/support/hexrow.h"
#include "test/support/runner.h"
#include "test/support/uicc/air.h"
#include "uicc/cat/cat.h"
#include "uicc/cat/refresh.h"
#include "uicc/core/card.h"

#include <stdio.h>
#include <string.h>

static struct air *o;

static unsigned ended;
static uint8_t ended_result;

static void setup(void)
{
    o = air_new(NULL, SECPKT_AES);
    ended = 0;
    ended_result = 0xFF;
}

static void teardown(void)
{
    air_free(&o);
}

static void done(struct card *card, uint8_t command_type, uint8_t result, struct rd response)
{
    (void)card;
    (void)command_type;
    (void)response;
    ended++;
    ended_result = result;
}

static enum err queue(uint8_t type)
{
    return cat_queue(o->card, type, 0x00, 0x82, RD(NULL, 0), done);
}

static void profile(const char *bits)
{
    char text[96];

    ck_assert_uint_le(strlen(bits), 64);
    (void)snprintf(text, sizeof text, "80100000%02X%s", (unsigned)strlen(bits) / 2, bits);
    ck_assert_uint_eq(air_hex(o, text) & 0xF000, 0x9000);
}

#define ALL "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"

START_TEST(cat_queue_waits_for_terminal_profile)
{
    ck_assert_int_eq(queue(PROACTIVE_MORE_TIME), ERR_CONDITIONS);
    ck_assert_uint_eq(air_hex(o, "80F2000C00"), 0x9000);
    profile(ALL);
    ck_assert_int_eq(queue(PROACTIVE_MORE_TIME), ERR_OK);
    ck_assert_uint_eq(air_hex(o, "80F2000C00"), 0x910B);
    air_reset(o);
    ck_assert_int_eq(queue(PROACTIVE_MORE_TIME), ERR_CONDITIONS);
}
END_TEST

/* The small modem of the fact sheet: MORE TIME, POLL INTERVAL, POLLING OFF, REFRESH, SEND SHORT
 * MESSAGE, PROVIDE LOCAL INFORMATION, SET UP EVENT LIST, TIMER MANAGEMENT. */
static const struct {
    uint8_t type;
    bool small, all;
} allowed[] = {
    {PROACTIVE_REFRESH, true, true},
    {PROACTIVE_MORE_TIME, true, true},
    {PROACTIVE_POLL_INTERVAL, true, true},
    {PROACTIVE_POLLING_OFF, true, true},
    {PROACTIVE_SEND_SHORT_MESSAGE, true, true},
    {PROACTIVE_LOCAL_INFORMATION, true, true},
    {PROACTIVE_SET_UP_EVENT_LIST, true, true},
    {PROACTIVE_TIMER_MANAGEMENT, true, true},
    {PROACTIVE_DISPLAY_TEXT, false, true},
    {PROACTIVE_GET_INPUT, false, true},
    {PROACTIVE_SET_UP_MENU, false, true},
    {PROACTIVE_OPEN_CHANNEL, false, true},
    {PROACTIVE_RUN_AT_COMMAND, false, true},
    {0x99, false, false},
};

START_TEST(cat_allowed_by_bit)
{
    profile(_i == 0 ? "3301E84211000007" : _i == 1 ? ALL : "");
    for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
        bool want = _i == 0 ? allowed[i].small : _i == 1 ? allowed[i].all : false;

        ck_assert_msg(cat_allowed(o->card, allowed[i].type) == want, "type %02X", allowed[i].type);
        ck_assert_int_eq(queue(allowed[i].type) == ERR_UNSUPPORTED, !want);
    }
}
END_TEST

/* Some qualifiers have a bit of their own: one byte of the profile, and what it allows. */
static const struct {
    uint8_t byte, bits, type, qualifier;
    bool allowed;
} qualified[] = {
    {4, 0x40, PROACTIVE_LOCAL_INFORMATION, 0x00, true},
    {4, 0x40, PROACTIVE_LOCAL_INFORMATION, 0x01, true},
    {4, 0x40, PROACTIVE_LOCAL_INFORMATION, 0x02, false},
    {4, 0x80, PROACTIVE_LOCAL_INFORMATION, 0x02, true},
    {4, 0x40, PROACTIVE_LOCAL_INFORMATION, 0x03, false},
    {8, 0x04, PROACTIVE_LOCAL_INFORMATION, 0x03, true},
    {8, 0x04, PROACTIVE_LOCAL_INFORMATION, 0x00, false},
    {9, 0x80, PROACTIVE_LOCAL_INFORMATION, 0x06, true},
    {18, 0x40, PROACTIVE_LOCAL_INFORMATION, 0x08, true},
    {8, 0x01, PROACTIVE_TIMER_MANAGEMENT, 0x00, true},
    {8, 0x01, PROACTIVE_TIMER_MANAGEMENT, 0x01, true},
    {8, 0x01, PROACTIVE_TIMER_MANAGEMENT, 0x02, false},
    {8, 0x02, PROACTIVE_TIMER_MANAGEMENT, 0x02, true},
    {3, 0x80, PROACTIVE_REFRESH, 0x04, true},
    {3, 0x80, PROACTIVE_REFRESH, 0x07, false},
    {30, 0x08, PROACTIVE_REFRESH, 0x07, true},
};

static void profile_byte(uint8_t byte, uint8_t bits)
{
    char text[80] = "";

    for (uint8_t i = 1; i <= 32; i++)
        (void)snprintf(text + 2 * (i - 1), 3, "%02X", (unsigned)(i == byte ? bits : 0));
    profile(text);
}

START_TEST(cat_allowed_as_by_bit_of_qualifier)
{
    profile_byte(qualified[_i].byte, qualified[_i].bits);
    ck_assert_int_eq(cat_allowed_as(o->card, qualified[_i].type, qualified[_i].qualifier),
                     qualified[_i].allowed);
}
END_TEST

START_TEST(cat_events_allowed_by_bit)
{
    const uint64_t spoken_of = 0x4FFFFULL & ~(1ULL << 0x10 | 1ULL << 0x11);

    profile_byte(1, 0xFF);
    ck_assert_uint_eq(cat_events_allowed(o->card), ~spoken_of);
    profile_byte(5, 0x10);
    ck_assert_uint_eq(cat_events_allowed(o->card) & spoken_of, 1ULL << EVENT_LOCATION_STATUS);
    profile_byte(6, 0x0C);
    ck_assert_uint_eq(cat_events_allowed(o->card) & spoken_of, 1ULL << 0x09 | 1ULL << 0x0A);
    profile_byte(25, 0x40);
    ck_assert_uint_eq(cat_events_allowed(o->card) & spoken_of, 1ULL << EVENT_NETWORK_REJECTION);
}
END_TEST

START_TEST(cat_cmd_fetch_hands_over_once)
{
    profile(ALL);
    ck_assert_int_eq(queue(PROACTIVE_MORE_TIME), ERR_OK);
    ck_assert_int_eq(queue(PROACTIVE_POLLING_OFF), ERR_OK);
    ck_assert_uint_eq(air_hex(o, "8012000000"), 0x6C0B); /* said before anything happens */
    ck_assert_uint_eq(air_hex(o, "801200000C"), 0x6C0B);
    ck_assert_uint_eq(air_hex(o, "801200000B"), 0x9000);
    hexrow_assert(RD(o->answer, o->answer_len), "D009 8103010200 82028182", "MORE TIME");
    ck_assert_uint_eq(air_hex(o, "801200000B"), 0x6985);
    ck_assert_uint_eq(air_hex(o, "80F2000C00"), 0x9000);
    ck_assert_uint_eq(air_hex(o, "801400000C 8103010200 82028281 830100"), 0x910B);
    ck_assert_uint_eq(ended, 1);
    ck_assert_uint_eq(ended_result, 0);
    ck_assert_uint_eq(air_hex(o, "801200000B"), 0x9000);
    hexrow_assert(RD(o->answer, o->answer_len), "D009 8103020400 82028182", "POLLING OFF");
    ck_assert_uint_eq(air_hex(o, "801400000C 8103020400 82028281 830100"), 0x9000);
    ck_assert_uint_eq(ended, 2);
    ck_assert(!cat_busy(o->card));
}
END_TEST

static const struct {
    const char *what, *response;
    uint16_t sw;
    unsigned ended;
    uint8_t result;
} responses[] = {
    {"good", "801400000C 8103010200 82028281 830100", 0x9000, 1, 0x00},
    {"without comprehension bits", "801400000C 0103010200 02028281 030100", 0x9000, 1, 0x00},
    {"with additional information", "801400000D 8103010200 82028281 83022001", 0x9000, 1, 0x20},
    {"to another number", "801400000C 8103020200 82028281 830100", 0x6A80, 0, 0xFF},
    {"to another command", "801400000C 8103010400 82028281 830100", 0x6A80, 0, 0xFF},
    {"without result", "8014000009 8103010200 82028281", 0x6A80, 1, 0x36},
    {"with an empty result", "801400000B 8103010200 82028281 8300", 0x6A80, 1, 0x36},
    {"no objects", "8014000002 FFFF", 0x6A80, 1, 0x36},
    {"cut", "801400000A 8103010200 82028281 83", 0x6A80, 1, 0x36},
    {"wrong P1", "801401000C 8103010200 82028281 830100", 0x6A86, 0, 0xFF},
};

START_TEST(cat_cmd_terminal_response_obeys)
{
    profile(ALL);
    ck_assert_int_eq(queue(PROACTIVE_MORE_TIME), ERR_OK);
    ck_assert_uint_eq(air_hex(o, "801200000B"), 0x9000);
    ck_assert_msg(air_hex(o, responses[_i].response) == responses[_i].sw, "%s: %04X",
                  responses[_i].what, o->sw);
    ck_assert_uint_eq(ended, responses[_i].ended);
    ck_assert_uint_eq(ended_result, responses[_i].result);
}
END_TEST

START_TEST(cat_cmd_terminal_response_unasked)
{
    ck_assert_uint_eq(air_hex(o, "801400000C 8103010200 82028281 830100"), 0x6985);
    profile(ALL);
    ck_assert_int_eq(queue(PROACTIVE_MORE_TIME), ERR_OK);
    ck_assert_uint_eq(air_hex(o, "801400000C 8103010200 82028281 830100"), 0x6985);
    ck_assert_uint_eq(ended, 0);
}
END_TEST

START_TEST(cat_profile_again_offers_command_again)
{
    profile(ALL);
    ck_assert_int_eq(queue(PROACTIVE_MORE_TIME), ERR_OK);
    ck_assert_uint_eq(air_hex(o, "801200000B"), 0x9000);
    ck_assert_uint_eq(air_hex(o, "8010000001FF"), 0x910B);
    ck_assert_uint_eq(air_hex(o, "801200000B"), 0x9000);
}
END_TEST

START_TEST(cat_queue_is_bounded)
{
    uint8_t body[300] = {0};
    size_t used;

    profile(ALL);
    ck_assert_int_eq(cat_queue(o->card, PROACTIVE_SEND_DATA, 0, 0x21, RD(body, 242), NULL), ERR_OK);
    ck_assert_uint_eq(cat_pending(o->card), CAT_COMMAND_MAX - 1);
    ck_assert_int_eq(cat_queue(o->card, PROACTIVE_SEND_DATA, 0, 0x21, RD(body, 244), NULL),
                     ERR_SPACE);
    for (int i = 1; i < CAT_QUEUE_MAX; i++)
        ck_assert_int_eq(queue(PROACTIVE_MORE_TIME), ERR_OK);
    ck_assert_int_eq(queue(PROACTIVE_MORE_TIME), ERR_SPACE);
    used = o->arena.used;
    for (int round = 0; round < 300; round++) {
        air_session(o);
        ck_assert_uint_eq(air_hex(o, "80F2000C00") & 0xF000, 0x9000);
        air_session(o);
        ck_assert_int_eq(queue(PROACTIVE_MORE_TIME), ERR_OK); /* numbers go round, 1 to FE */
    }
    ck_assert_uint_eq(o->arena.used, used);
}
END_TEST

START_TEST(cat_91xx_on_every_good_ending_alone)
{
    profile(ALL);
    ck_assert_int_eq(queue(PROACTIVE_MORE_TIME), ERR_OK);
    ck_assert_uint_eq(air_hex(o, "00A4000C023F00"), 0x910B);
    ck_assert_uint_eq(air_hex(o, "00A4000C02AAAA"), 0x6A82);
    ck_assert_uint_eq(air_hex(o, "00A40004023F00"), 0x910B); /* behind GET RESPONSE */
    ck_assert_uint_eq(air_hex(o, "0070000001"), 0x910B);
    ck_assert_uint_eq(air_hex(o, "01A4000C023F00"), 0x910B);
}
END_TEST

static const struct {
    uint8_t mode;
    const char *files, *command;
} refreshes[] = {
    {REFRESH_UICC_RESET, "", "D009 8103010104 82028182"},
    {REFRESH_INIT_FULL, "", "D009 8103010100 82028182"},
    {REFRESH_FILES, "3F007FFF6F07", "D012 8103010101 82028182 9207013F007FFF6F07"},
    {REFRESH_INIT_FILES, "3F007FFF6F07 3F007FFF6F78",
     "D018 8103010102 82028182 920D02 3F007FFF6F07 3F007FFF6F78"},
};

START_TEST(cat_refresh_as_the_sheet_has_it)
{
    struct hexrow row;

    profile(ALL);
    ck_assert_int_eq(cat_refresh(o->card, refreshes[_i].mode, hexrow(&row, refreshes[_i].files), 6),
                     ERR_OK);
    ck_assert_uint_eq(air_hex(o, "80F2000C00") >> 8, 0x91);
    ck_assert(air_fetch(o));
    hexrow_assert(RD(o->answer, o->answer_len), refreshes[_i].command, "REFRESH");
}
END_TEST

START_TEST(cat_refresh_list_belongs_to_its_modes)
{
    const uint8_t path[] = {0x3F, 0x00, 0x7F, 0xFF, 0x6F, 0x07};

    profile(ALL);
    ck_assert_int_eq(cat_refresh(o->card, REFRESH_UICC_RESET, RD_ARRAY(path), 6), ERR_RANGE);
    ck_assert_int_eq(cat_refresh(o->card, REFRESH_FILES, RD(NULL, 0), 6), ERR_RANGE);
    ck_assert_int_eq(cat_refresh(o->card, REFRESH_FILES, RD_ARRAY(path), 4), ERR_RANGE);
    ck_assert_int_eq(cat_refresh(o->card, REFRESH_FILES, RD_ARRAY(path), 0), ERR_RANGE);
}
END_TEST

START_TEST(cat_busy_until_the_reset_it_asked_for)
{
    profile(ALL);
    ck_assert_int_eq(cat_refresh(o->card, REFRESH_UICC_RESET, RD(NULL, 0), 0), ERR_OK);
    ck_assert(cat_busy(o->card));
    ck_assert_uint_eq(air_hex(o, "8012000000"), 0x6C0B);
    ck_assert_uint_eq(air_hex(o, "801200000B"), 0x9000);
    ck_assert(cat_busy(o->card));
    air_reset(o);
    ck_assert(!cat_busy(o->card));
}
END_TEST

static const struct {
    const char *what, *envelope;
    uint16_t sw;
} envelopes[] = {
    {"cell broadcast", "80C2000006 D204 82028381", 0x9000},
    {"menu selection", "80C2000009 D307 82020181 900101", 0x9000},
    {"call control: allowed", "80C2000006 D404 82028281", 0x9000},
    {"MO-SMS control: allowed", "80C2000006 D504 82028281", 0x9000},
    {"location status", "80C200000C D60A 990103 82028281 9B0100", 0x9000},
    {"timer expiration", "80C200000E D70C 82028281 A40101 A503005000", 0x9000},
    {"unknown", "80C2000002 DE00", 0x6A80},
    {"two objects", "80C2000004 D300 D300", 0x6A80},
    {"longer than it is", "80C2000003 D30500", 0x6A80},
    {"wrong P2", "80C2000102 D300", 0x6A86},
};

START_TEST(cat_cmd_envelope_obeys)
{
    ck_assert_msg(air_hex(o, envelopes[_i].envelope) == envelopes[_i].sw, "%s: %04X",
                  envelopes[_i].what, o->sw);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("cat");
    TCase *t = tcase_create("TS 102 223 6");
    TCase *e = tcase_create("TS 102 223 7");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, cat_queue_waits_for_terminal_profile);
    tcase_add_loop_test(t, cat_allowed_by_bit, 0, 3);
    tcase_add_loop_test(t, cat_allowed_as_by_bit_of_qualifier, 0, (int)ARRAY_LEN(qualified));
    tcase_add_test(t, cat_events_allowed_by_bit);
    tcase_add_test(t, cat_cmd_fetch_hands_over_once);
    tcase_add_loop_test(t, cat_cmd_terminal_response_obeys, 0, (int)ARRAY_LEN(responses));
    tcase_add_test(t, cat_cmd_terminal_response_unasked);
    tcase_add_test(t, cat_profile_again_offers_command_again);
    tcase_add_test(t, cat_queue_is_bounded);
    tcase_add_test(t, cat_91xx_on_every_good_ending_alone);
    tcase_add_loop_test(t, cat_refresh_as_the_sheet_has_it, 0, (int)ARRAY_LEN(refreshes));
    tcase_add_test(t, cat_refresh_list_belongs_to_its_modes);
    tcase_add_test(t, cat_busy_until_the_reset_it_asked_for);
    suite_add_tcase(s, t);
    tcase_add_checked_fixture(e, setup, teardown);
    tcase_add_loop_test(e, cat_cmd_envelope_obeys, 0, (int)ARRAY_LEN(envelopes));
    suite_add_tcase(s, e);
    return s;
}
