/* Tests of uicc/cat/proactive.h. Goal: every command reads as TS 102 223 has it, byte by byte; what
 * cannot be said fails instead of being cut.
 * Method: rows with the whole command as FETCH shows it, those of the fact sheet first. */
#include "test/support/hexrow.h"
#include "test/support/runner.h"
#include "test/support/uicc/air.h"
#include "uicc/cat/proactive.h"
#include "uicc/core/card.h"

#include <string.h>

static struct air *o;

static void setup(void)
{
    o = air_new(NULL, SECPKT_AES);
    ck_assert_uint_eq(air_hex(o, "8010000014FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"), 0x9000);
}

static void teardown(void)
{
    air_free(&o);
}

static struct sms_address number(const char *text)
{
    struct sms_address a;

    ck_assert_int_eq(sms_address_from_text(&a, text), ERR_OK);
    return a;
}

/* The command of a row. */
static void build(int row, struct cat_command *c)
{
    static const uint8_t bytes[] = {0xAA, 0xBB, 0xCC, 0xDD};
    struct cat_link link = {.transport = CAT_TCP_CLIENT,
                            .address = {192, 0, 2, 1},
                            .address_len = 4,
                            .port = 4000,
                            .buffer = 0x0400};
    struct sms_address a = number("+491710760000");

    switch (row) {
    case 0:
        cat_more_time(c);
        break;
    case 1:
        cat_poll_interval(c, CAT_SECONDS, 30);
        break;
    case 2:
        cat_set_up_event_list(c, 1ULL << EVENT_LOCATION_STATUS);
        break;
    case 3:
        cat_local_information(c, 0x00);
        break;
    case 4:
        cat_timer_start(c, 1, 300);
        break;
    case 5:
        cat_display_text(c, 0x00, "Text");
        break;
    case 6:
        cat_open_channel(c, CAT_LINK_IMMEDIATE, &link);
        break;
    case 7:
        cat_send_data(c, 1, CAT_SEND_NOW, RD_ARRAY(bytes));
        break;
    case 8:
        cat_receive_data(c, 1, 0xF0);
        break;
    case 9:
        cat_close_channel(c, 1);
        break;
    case 10:
        cat_channel_status(c);
        break;
    case 11:
        cat_polling_off(c);
        break;
    case 12:
        cat_set_up_menu(c, "Menu");
        cat_add_item(c, 1, "One");
        cat_add_item(c, 2, "Two");
        break;
    case 13:
        cat_select_item(c, "Which");
        cat_add_item(c, 0x7F, "Last");
        break;
    case 14:
        cat_get_input(c, CAT_INPUT_DIGITS, "PIN", 4, 8);
        break;
    case 15:
        cat_get_inkey(c, CAT_INPUT_YES_NO, "Go?");
        break;
    case 16:
        cat_send_short_message(c, &a, RD_ARRAY(bytes));
        break;
    case 17:
        cat_set_up_call(c, &a);
        break;
    case 18:
        cat_send_ussd(c, 0x0F, RD_ARRAY(bytes));
        break;
    case 19:
        cat_send_ss(c, RD_ARRAY(bytes));
        break;
    case 20:
        cat_send_dtmf(c, RD_ARRAY(bytes));
        break;
    case 21:
        cat_play_tone(c, 0x01, CAT_TENTHS, 5);
        break;
    case 22:
        cat_launch_browser(c, "http://a");
        break;
    case 23:
        cat_language_notification(c, "en");
        break;
    case 24:
        cat_run_at_command(c, "AT");
        break;
    case 25:
        cat_idle_mode_text(c, "Hi");
        break;
    case 26:
        cat_timer_stop(c, 8);
        break;
    case 27:
        cat_timer_value(c, 2);
        break;
    case 28:
        link.network = "iot.example";
        link.transport = CAT_UDP_CLIENT;
        cat_open_channel(c, 0, &link);
        break;
    case 29:
        cat_display_text(c, CAT_TEXT_WAIT, "\xD0\x96"); /* a Cyrillic letter */
        break;
    default:
        cat_language_notification(c, NULL);
        break;
    }
}

static const char *const commands[] = {
    "D009 8103010200 82028182",
    "D00D 8103010300 82028182 8402011E",
    "D00C 8103010500 82028182 990103",
    "D009 8103012600 82028182",
    "D011 8103012700 82028182 A40101 A503005000",
    "D010 8103012100 82028102 8D0504 54657874",
    "D01C 8103014001 82028182 B50103 B9020400 BC03020FA0 BE0521C0000201",
    "D00F 8103014301 82028121 B604 AABBCCDD",
    "D00C 8103014200 82028121 B701F0",
    "D009 8103014100 82028121",
    "D009 8103014400 82028182",
    "D009 8103010400 82028182",
    "D01B 8103012500 82028182 85044D656E75 8F04014F6E65 8F040254776F",
    "D017 8103012400 82028182 85055768696368 8F057F4C617374",
    "D013 8103012300 82028182 8D04 0450494E 91020408",
    "D00F 8103012204 82028182 8D04 04476F3F",
    "D01A 8103011300 82028183 0500 8607 91947101670000 8B04AABBCCDD",
    "D012 8103011000 82028183 8607 91947101670000",
    "D010 8103011200 82028183 8A05 0FAABBCCDD",
    "D00F 8103011100 82028183 8904 AABBCCDD",
    "D00F 8103011400 82028183 AC04 AABBCCDD",
    "D010 8103012000 82028103 8E0101 84020205",
    "D013 8103011500 82028182 B108 687474703A2F2F61",
    "D00D 8103013501 82028182 AD02656E",
    "D00D 8103013400 82028182 A8024154",
    "D00E 8103012800 82028182 8D03 044869",
    "D00C 8103012701 82028182 A40108",
    "D00C 8103012702 82028182 A40102",
    "D02A 8103014000 82028182 B50103 B9020400 C70C 03696F74 076578616D706C65 BC03010FA0 "
    "BE0521C0000201",
    "D00E 8103012180 82028102 8D03 080416",
    "D009 8103013500 82028182",
};

START_TEST(cat_command_reads_as_the_standard_has_it)
{
    struct cat_command c;

    build(_i, &c);
    ck_assert_int_eq(cat_command_queue(o->card, &c, NULL), ERR_OK);
    ck_assert_uint_eq(air_hex(o, "80F2000C00") >> 8, 0x91);
    ck_assert(air_fetch(o));
    hexrow_assert(RD(o->answer, o->answer_len), commands[_i], "command");
}
END_TEST

static void build_bad(int row, struct cat_command *c)
{
    static char text[300];
    struct cat_link link = {.address_len = 4, .network = "a..b"};

    memset(text, 'a', sizeof text - 1);
    switch (row) {
    case 0:
        cat_display_text(c, 0, text);
        break;
    case 1:
        cat_timer_start(c, 9, 1);
        break;
    case 2:
        cat_timer_start(c, 1, 24 * 3600);
        break;
    case 3:
        cat_poll_interval(c, CAT_SECONDS, 0);
        break;
    case 4:
        cat_get_input(c, 0, "x", 5, 4);
        break;
    case 5:
        cat_close_channel(c, 8);
        break;
    case 6:
        cat_open_channel(c, 0, &link);
        break;
    case 7:
        link = (struct cat_link){.address_len = 5};
        cat_open_channel(c, 0, &link);
        break;
    case 8:
        cat_set_up_menu(c, "m");
        cat_add_item(c, 0, "zero");
        break;
    case 9:
        cat_language_notification(c, "eng");
        break;
    case 10:
        cat_display_text(c, 0, "\xFF");
        break;
    default:
        cat_select_item(c, "m");
        for (uint8_t i = 1; i < 60; i++)
            cat_add_item(c, i, "entry");
        break;
    }
}

static const enum err bad[] = {
    ERR_SPACE, ERR_RANGE, ERR_RANGE, ERR_RANGE, ERR_RANGE,  ERR_RANGE,
    ERR_RANGE, ERR_RANGE, ERR_RANGE, ERR_RANGE, ERR_FORMAT, ERR_SPACE,
};

START_TEST(cat_command_fails_rather_than_cut)
{
    struct cat_command c;
    struct rd body = RD(NULL, 0);

    build_bad(_i, &c);
    ck_assert_int_eq(cat_command_body(&c, &body), bad[_i]);
    ck_assert_int_eq(cat_command_queue(o->card, &c, NULL), bad[_i]);
    ck_assert_uint_eq(air_hex(o, "80F2000C00"), 0x9000);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("proactive");
    TCase *t = tcase_create("TS 102 223 6.6");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, cat_command_reads_as_the_standard_has_it, 0, (int)ARRAY_LEN(commands));
    tcase_add_loop_test(t, cat_command_fails_rather_than_cut, 0, (int)ARRAY_LEN(bad));
    suite_add_tcase(s, t);
    return s;
}
