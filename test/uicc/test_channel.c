/* Tests of uicc/core/channel.c. Goal: 19 channels beside the basic one, opened and closed as
 * TS 102 221 11.1.17 says, each with a selection of its own, and none of them left behind. */
#include "test/support/runner.h"
#include "test/support/uicc/lab.h"

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

START_TEST(manage_channel_opens_all_and_no_more)
{
    for (unsigned i = 1; i < 20; i++) {
        char want[16];

        (void)snprintf(want, sizeof want, "%02X 9000", i);
        card_expect(t, "0070000001", want);
    }
    card_expect(t, "0070000001", "6A81");
    card_expect(t, "0070800700", "9000");
    card_expect(t, "0070000001", "07 9000");
    card_reset(t);
    card_expect(t, "01A4000C", "6881");
    card_expect(t, "0070000001", "01 9000");
}
END_TEST

START_TEST(manage_channel_opens_the_number_asked_for)
{
    static const struct card_step steps[] = {
        {"0070001300", "9000"}, {"4FA4000C", "9000"}, /* channel 19 */
        {"0070001300", "6A81"}, {"0070001400", "6A86"}, {"0070000300", "9000"},
        {"03A4000C", "9000"},   {"0070800300", "9000"}, {"03A4000C", "6881"},
        {"0070800300", "6200"}, {"0070800000", "6A86"}, {"0070801400", "6A86"},
        {"0070400100", "6A86"}, {"0070000101", "6700"}, {"0070800101", "6700"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(manage_channel_says_how_much_it_answers)
{
    ck_assert_str_eq(card_send(t, "0070000000"), "6C01");
    ck_assert_str_eq(card_send(t, "0070000002"), "6C01");
    ck_assert_str_eq(card_send(t, "0070000001"), "01 9000"); /* nothing was opened by the others */
}
END_TEST

START_TEST(class_bytes_name_channels)
{
    static const struct card_step steps[] = {
        {"01A4000C", "6881"}, {"02A4000C", "6881"}, {"03A4000C", "6881"}, {"40A4000C", "6881"},
        {"4FA4000C", "6881"}, {"81F2000C", "6881"}, {"C0F2000C", "6881"}, {"0070000400", "9000"},
        {"40A4000C", "9000"}, {"C0F2000C", "9000"}, {"04A4000C", "6882"}, {"08A4000C", "6882"},
        {"0CA4000C", "6882"}, {"60A4000C", "6882"}, {"6FA4000C", "6882"}, {"E0F2000C", "6882"},
        {"84F2000C", "6882"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

/* Instructions of TS 102 221 10.1.2 by the class that they have: 0X, 8X, 80 alone. */
static const uint8_t plain_rows[] = {0xA4, 0xB0, 0xD6, 0xB2, 0xDC, 0xA2, 0x20, 0x24,
                                     0x26, 0x28, 0x2C, 0x04, 0x44, 0x88, 0x89, 0x70,
                                     0x84, 0xE0, 0xE4, 0xE6, 0xE8, 0xFE};
static const uint8_t etsi_rows[] = {0xF2, 0x32, 0xCB, 0xDB, 0xAA, 0x78, 0xD4};
static const uint8_t basic_rows[] = {0x10, 0xC2, 0x12, 0x14, 0x76};

static uint8_t class_of(bool etsi, unsigned channel)
{
    if (channel < 4)
        return (uint8_t)((etsi ? 0x80 : 0x00) | channel);
    return (uint8_t)((etsi ? 0xC0 : 0x40) | (channel - 4));
}

/* The status word of a command whose P1 P2 no row has, so that nothing comes of it. */
static const char *status_of(unsigned cla, uint8_t ins)
{
    char apdu[16];

    (void)snprintf(apdu, sizeof apdu, "%02X%02XFFFF00", cla, ins);
    return card_send(t, apdu);
}

static bool is_header_refusal(const char *sw)
{
    return strcmp(sw, "6881") == 0 || strcmp(sw, "6882") == 0 || strcmp(sw, "6D00") == 0 ||
           strcmp(sw, "6E00") == 0;
}

static void expect_rows(const uint8_t *rows, size_t count, bool etsi, bool all_open)
{
    for (unsigned channel = 0; channel < 20; channel++) {
        uint8_t cla = class_of(etsi, channel);
        uint8_t secure = channel < 4 ? 0x0C : 0x20;

        for (size_t i = 0; i < count; i++) {
            const char *sw = status_of(cla, rows[i]);
            bool fine = all_open || channel == 0 ? !is_header_refusal(sw) : strcmp(sw, "6881") == 0;

            ck_assert_msg(fine, "%02X %02X: %s", cla, rows[i], sw);
            ck_assert_str_eq(status_of(cla | secure, rows[i]), "6882");
        }
    }
}

START_TEST(every_command_knows_every_channel)
{
    bool all_open = _i == 1;

    for (unsigned i = 1; all_open && i < 20; i++) {
        char apdu[16];

        (void)snprintf(apdu, sizeof apdu, "007000%02X00", i);
        card_expect(t, apdu, "9000");
    }
    expect_rows(plain_rows, sizeof plain_rows, false, all_open);
    expect_rows(etsi_rows, sizeof etsi_rows, true, all_open);
    for (size_t i = 0; i < sizeof basic_rows; i++) {
        ck_assert(!is_header_refusal(status_of(0x80, basic_rows[i])));
        for (unsigned channel = 1; channel < 20; channel++)
            ck_assert_str_eq(status_of(class_of(true, channel), basic_rows[i]), "6D00");
    }
}
END_TEST

START_TEST(channels_select_apart_from_each_other)
{
    static const struct card_step steps[] = {
        {"0070000100", "9000"},          {"00A4000C027F10", "9000"},
        {"00A4000C026F01", "9000"},      {"01A4000C022FE2", "9000"},
        {"00B0000002", "0001 9000"},     {"01B0000002", "9888 9000"},
        {"01A4040C09" LAB_AID1, "9000"}, {"00A4080C047FFF6F10", "6A82"},
        {"01A4080C047FFF6F10", "9000"},  {"00A4040C09" LAB_AID1, "9000"},
    };

    CARD_STEPS(t, steps);
    /* record pointers too */
    card_expect(t, "00A4000C026F10", "9000");
    card_expect(t, "00B2000206", "010101AABBCC 9000");
    card_expect(t, "00B2000206", "020202AABBFF 9000");
    card_expect(t, "01B2000206", "010101AABBCC 9000");
    card_expect(t, "00B2000206", "0303CCAABB03 9000");
}
END_TEST

START_TEST(a_channel_begins_where_its_opener_is)
{
    static const struct card_step steps[] = {
        {"00A4040C09" LAB_AID1, "9000"}, {"0070000100", "9000"}, {"01A4000C022FE2", "9000"},
        {"01A4040C09" LAB_AID1, "9000"}, {"0170000200", "9000"}, {"02B0000001", "6986"},
        {"02A4000C026F10", "9000"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(a_channel_may_close_itself)
{
    card_expect(t, "0070000100", "9000");
    card_expect(t, "0170800100", "9000");
    card_expect(t, "01A4000C", "6881");
    card_expect(t, "00A4000C", "9000");
}
END_TEST

START_TEST(channels_leave_no_memory_behind)
{
    size_t used;

    card_expect(t, "0070000100", "9000");
    card_expect(t, "0070800100", "9000");
    used = t->arena.used;
    for (unsigned i = 0; i < 100000; i++) {
        card_expect(t, "0070000100", "9000");
        card_expect(t, "0070800100", "9000");
    }
    ck_assert_uint_eq(t->arena.used, used);
}
END_TEST

Suite *suite_under_test(void)
{
    const struct lab_case cases[] = {
        {"TS 102 221 11.1.17", manage_channel_opens_all_and_no_more, 0},
        {"TS 102 221 11.1.17", manage_channel_opens_the_number_asked_for, 0},
        {"TS 102 221 11.1.17", manage_channel_says_how_much_it_answers, 0},
        {"TS 102 221 10.1.1", class_bytes_name_channels, 0},
        {"TS 102 221 10.1.1", every_command_knows_every_channel, 2},
        {"TS 102 221 8.7", channels_select_apart_from_each_other, 0},
        {"TS 102 221 8.7", a_channel_begins_where_its_opener_is, 0},
        {"TS 102 221 11.1.17", a_channel_may_close_itself, 0},
        {"C29", channels_leave_no_memory_behind, 0},
    };

    return lab_suite("channel", cases, ARRAY_LEN(cases), set_up, tear_down);
}
