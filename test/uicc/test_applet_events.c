/* Tests of uicc/applet/trigger.c. Goal: whatever reaches the card reaches the applets that
 * registered for it, and no other; who may answer is heard, once. Method: a probe that does as it
 * is told, behind the vtable; every event by the command that brings it. */
#include "test/uicc/probe_fixture.h"

#include <stdio.h>

/* A text message: class 1, "hello" in 8 bit. */
#define TEXT                                                                                  \
    "C2000029 D127 82028381 0607919471194321F6 8B18 04 0B919471176543F1 00 F5 00010203040500" \
    " 05 68656C6C6F"
#define TEXT_PP "80" TEXT

/* ---- one event after the other ---- */

static const struct {
    const char *what;
    uint8_t event;
    const char *command;
    uint8_t tag;
} rows[] = {
    {"TERMINAL PROFILE", APPLET_PROFILE_DOWNLOAD, "8010000001FF", 0},
    {"STATUS", APPLET_STATUS_COMMAND, "80F2000C00", 0},
    {"STATUS in class A0", APPLET_STATUS_COMMAND, "A0F2000016", 0},
    {"call control", APPLET_CALL_CONTROL, "80C200000A D408 82028281 86029121", 0xD4},
    {"call control of USSD", APPLET_CALL_CONTROL, "80C200000A D408 82028281 8A020F2A", 0xD4},
    {"control of messages", APPLET_MO_SMS_CONTROL, "80C200000A D508 82028281 86029121", 0xD5},
    {"cell broadcast", APPLET_CELL_BROADCAST, "80C200000A D208 82028381 8C020102", 0xD2},
    {"USSD data", APPLET_USSD, "80C200000A D908 82028381 8A020F2A", 0xD9},
    {"an envelope nobody knows", APPLET_UNRECOGNIZED_ENVELOPE, "80C2000006 DC04 82028281", 0xDC},
    {"MT call", APPLET_MT_CALL, "80C2000009 D607 990100 82028381", 0xD6},
    {"call connected", APPLET_CALL_CONNECTED, "80C2000009 D607 990101 82028381", 0xD6},
    {"call disconnected", APPLET_CALL_DISCONNECTED, "80C2000009 D607 990102 82028381", 0xD6},
    {"location", APPLET_LOCATION_STATUS, "80C2000009 D607 990103 82028281", 0xD6},
    {"user activity", APPLET_USER_ACTIVITY, "80C2000009 D607 990104 82028281", 0xD6},
    {"idle screen", APPLET_IDLE_SCREEN, "80C2000009 D607 990105 82020281", 0xD6},
    {"card reader", APPLET_CARD_READER, "80C2000009 D607 990106 82028281", 0xD6},
    {"language", APPLET_LANGUAGE_SELECTION, "80C2000009 D607 990107 82028281", 0xD6},
    {"browser", APPLET_BROWSER_TERMINATION, "80C2000009 D607 990108 82028281", 0xD6},
    {"access technology", APPLET_ACCESS_TECHNOLOGY, "80C2000009 D607 99010B 82028281", 0xD6},
    {"display", APPLET_DISPLAY_PARAMETERS, "80C2000009 D607 99010C 82028281", 0xD6},
    {"search mode", APPLET_SEARCH_MODE, "80C2000009 D607 99010E 82028281", 0xD6},
    {"browsing", APPLET_BROWSING_STATUS, "80C2000009 D607 99010F 82028281", 0xD6},
    {"network rejection", APPLET_NETWORK_REJECTION, "80C2000009 D607 990112 82028381", 0xD6},
    {"CSG", APPLET_CSG_CELL, "80C2000009 D607 990115 82028281", 0xD6},
    {"IMS registration", APPLET_IMS_REGISTRATION, "80C2000009 D607 990117 82028381", 0xD6},
    {"IMS data", APPLET_IMS_DATA, "80C2000009 D607 990118 82028381", 0xD6},
    {"data connection", APPLET_DATA_CONNECTION, "80C2000009 D607 99011D 82028281", 0xD6},
    {"a text", APPLET_UNFORMATTED_SMS, TEXT_PP, 0xD1},
};

START_TEST(event_reaches_who_registered_for_it_alone)
{
    struct probe *hears = probe(1, 5, rows[_i].event);
    struct probe *deaf = probe(2, 1, 0);

    card_send(t, "80F2000C00");
    hears->count = 0;
    card_send(t, rows[_i].command);
    ck_assert_msg(hears->count == 1, "%s: %u calls", rows[_i].what, hears->count);
    probe_expect(hears, 1, rows[_i].event);
    ck_assert_uint_eq(hears->log[0].tag, rows[_i].tag);
    ck_assert_uint_eq(hears->log[0].stage, 0);
    ck_assert_uint_eq(deaf->count, 0);
    ck_assert_uint_eq(t->card->applets->count, 0);
}
END_TEST

START_TEST(event_is_not_told_after_it_was_cleared)
{
    struct probe *p = probe(1, 5, rows[_i].event);
    struct applet a = {.card = t->card, .number = (uint8_t)(p - probes)};

    card_send(t, "80F2000C00");
    p->count = 0;
    ck_assert(applet_is_event_set(&a, rows[_i].event));
    ck_assert_int_eq(applet_clear_event(&a, rows[_i].event), ERR_OK);
    ck_assert_int_eq(store_commit(&t->card->store), ERR_OK);
    card_send(t, rows[_i].command);
    ck_assert_msg(p->count == 0, "%s", rows[_i].what);
}
END_TEST

START_TEST(first_command_is_told_once_after_each_reset)
{
    struct probe *p = probe(1, 5, APPLET_FIRST_COMMAND);

    card_reset(t);
    card_expect(t, "00A4000C02FFFF", "6A82"); /* also when it fails */
    probe_expect(p, 1, APPLET_FIRST_COMMAND);
    card_expect(t, "00A4000C023F00", "9000");
    probe_expect(p, 1, APPLET_FIRST_COMMAND);
    card_reset(t);
    card_expect(t, "00A4000C023F00", "9000");
    probe_expect(p, 2, APPLET_FIRST_COMMAND);
}
END_TEST

START_TEST(envelope_that_nobody_knows_is_refused)
{
    probe(1, 1, APPLET_USSD);
    card_expect(t, "80C2000006 DC04 82028281", "6A80");
}
END_TEST

START_TEST(envelope_is_handed_over_whole)
{
    struct probe *p = probe(1, 1, APPLET_USSD);

    card_send(t, "80C200000A D908 82028381 8A020F2A");
    ck_assert_uint_eq(p->log[0].envelope_len, 8);
    ck_assert_int_eq(memcmp(p->log[0].envelope, "\x82\x02\x83\x81\x8A\x02\x0F\x2A", 8), 0);
}
END_TEST

/* A registration that was undone with its command interests nobody. */
START_TEST(registration_that_was_rolled_back_does_not_trigger)
{
    struct probe *p = probe(1, 1, 0);
    struct applet a = {.card = t->card, .number = (uint8_t)(p - probes)};

    card_send(t, "80F2000C00");
    ck_assert_int_eq(applet_set_event(&a, APPLET_STATUS_COMMAND), ERR_OK);
    ck_assert(applet_is_listened(t->card, APPLET_STATUS_COMMAND));
    store_rollback(&t->card->store);
    card_send(t, "80F2000C00");
    ck_assert_uint_eq(p->count, 0);
}
END_TEST

START_TEST(registration_outlives_a_change_that_was_rolled_back)
{
    struct probe *p = probe(1, 1, APPLET_STATUS_COMMAND);
    struct applet a = {.card = t->card, .number = (uint8_t)(p - probes)};

    ck_assert_int_eq(applet_clear_event(&a, APPLET_STATUS_COMMAND), ERR_OK);
    ck_assert(!applet_is_listened(t->card, APPLET_STATUS_COMMAND));
    store_rollback(&t->card->store);
    card_send(t, "80F2000C00");
    ck_assert_uint_eq(p->count, 1);
}
END_TEST

/* ---- answers (EnvelopeResponseHandler) ---- */

static void answers(struct probe *p, const char *text)
{
    p->posts = true;
    p->answer_len = (uint8_t)strlen(text);
    memcpy(p->answer, text, p->answer_len);
}

#define CALL "80C200000A D408 82028281 86029121"

START_TEST(call_is_controlled_by_a_tlv)
{
    struct probe *p = probe(1, 1, APPLET_CALL_CONTROL);

    p->posts_tlv = true;
    p->answer_tag = 0x02; /* allowed with modification */
    memcpy(p->answer, "\x86\x02\x91\x43", 4);
    p->answer_len = 4;
    card_expect(t, CALL, "6106");
    card_expect(t, "00C0000006", "0204 86029143 9000");
    p->answer_tag = 0x01;
    p->answer_len = 0;
    card_expect_run(t, CALL, "0100 9000");
}
END_TEST

START_TEST(call_without_an_answer_is_allowed_as_it_is)
{
    probe(1, 1, APPLET_CALL_CONTROL);
    card_expect(t, CALL, "9000");
}
END_TEST

START_TEST(message_refused_by_an_applet_is_an_error_to_the_network)
{
    struct probe *p = probe(1, 1, APPLET_UNFORMATTED_SMS);

    answers(p, "no");
    p->refuses = true;
    card_expect(t, TEXT_PP, "6200");
    card_expect(t, "00C0000002", "6E6F 9000");
    card_expect(t, "A0" TEXT, "9E02");
    card_expect(t, "A0C0000002", "6E6F 9000");
}
END_TEST

START_TEST(message_is_answered_by_who_posts_first)
{
    struct probe *late = probe(1, 9, APPLET_UNFORMATTED_SMS);
    struct probe *early = probe(2, 1, APPLET_UNFORMATTED_SMS);

    answers(early, "one");
    answers(late, "two");
    card_expect_run(t, TEXT_PP, "6F6E65 9000");
    ck_assert_int_eq(early->posted, ERR_OK);
    ck_assert_int_eq(late->posted, ERR_CONDITIONS);
    early->posts = false;
    card_expect_run(t, TEXT_PP, "74776F 9000");
}
END_TEST

START_TEST(answer_has_its_limits)
{
    struct probe *p = probe(1, 1, APPLET_UNFORMATTED_SMS);

    p->posts = true;
    p->answer_len = 129;
    card_expect(t, TEXT_PP, "9000");
    ck_assert_int_eq(p->posted, ERR_SPACE);
    p->answer_len = 128;
    card_expect(t, TEXT_PP, "6180");
}
END_TEST

START_TEST(what_is_no_question_has_no_answer)
{
    struct probe *p = probe(1, 1, APPLET_LOCATION_STATUS);

    answers(p, "here");
    card_expect(t, "80C2000009 D607 990103 82028281", "9000");
    ck_assert_int_eq(p->posted, ERR_CONDITIONS);
}
END_TEST

/* An applet that is called again by TERMINAL RESPONSE answers no ENVELOPE any more, and not the
 * next one that comes meanwhile. */
START_TEST(answer_is_lost_once_a_command_was_sent)
{
    struct probe *p = probe(1, 1, APPLET_CALL_CONTROL);

    card_send(t, "8010000014 FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF");
    cat_display_text(&p->command, 0, "hi");
    p->sends = 1;
    card_expect(t, CALL, "9110");
    card_send(t, "8012000010");
    answers(p, "late");
    card_expect(t, CALL, "9000"); /* waits behind the one that is parked */
    ck_assert_uint_eq(p->count, 1);
    card_expect(t, "801400000C 810301210082028281 830100", "9000");
    ck_assert_uint_eq(p->count, 3);
    ck_assert_int_eq(p->posted, ERR_CONDITIONS);
}
END_TEST

START_TEST(command_whose_applet_meets_a_failing_store_fails)
{
    struct probe *p = probe(1, 1, APPLET_STATUS_COMMAND);

    card_send(t, "80F2000C00");
    p->fails = ERR_IO;
    card_expect(t, "80F2000C00", "6581");
    p->fails = ERR_OK;
    card_expect(t, "80F2000C00", "9000");
}
END_TEST

/* ---- the registry ---- */

START_TEST(control_of_calls_and_messages_is_for_one)
{
    static const uint8_t events[] = {APPLET_CALL_CONTROL, APPLET_MO_SMS_CONTROL};

    for (size_t i = 0; i < sizeof events; i++) {
        struct probe *one = probe((uint8_t)(2 * i + 1), 1, events[i]);
        struct probe *two = probe((uint8_t)(2 * i + 2), 1, 0);
        struct applet a = {.card = t->card, .number = (uint8_t)(one - probes)};
        struct applet b = {.card = t->card, .number = (uint8_t)(two - probes)};

        ck_assert_int_eq(applet_set_event(&b, events[i]), ERR_EXISTS);
        ck_assert_int_eq(applet_set_event(&a, events[i]), ERR_OK); /* its own */
        ck_assert_int_eq(applet_clear_event(&a, events[i]), ERR_OK);
        ck_assert_int_eq(applet_set_event(&b, events[i]), ERR_OK);
    }
}
END_TEST

START_TEST(secured_packets_need_a_tar)
{
    struct applet a = {.card = t->card};

    a.number = (uint8_t)(probe(1, 1, 0) - probes);
    ck_assert_int_eq(applet_set_event(&a, APPLET_FORMATTED_SMS), ERR_CONDITIONS);
    ck_assert_int_eq(applet_set_event(&a, APPLET_FORMATTED_SMS_UPDATE), ERR_CONDITIONS);
}
END_TEST

START_TEST(events_that_come_with_something_are_not_for_asking)
{
    static const uint8_t events[] = {
        0, APPLET_MENU_SELECTION, APPLET_MENU_HELP, APPLET_TIMER_EXPIRATION, 24, 0x80};
    struct applet a = {.card = t->card};

    a.number = (uint8_t)(probe(1, 1, 0) - probes);
    for (size_t i = 0; i < sizeof events; i++)
        ck_assert_int_eq(applet_set_event(&a, events[i]), ERR_RANGE);
}
END_TEST

START_TEST(event_list_tells_the_terminal_of_all)
{
    probe(1, 1, APPLET_NETWORK_REJECTION);
    probe(2, 1, APPLET_LANGUAGE_SELECTION);
    probe(3, 1, APPLET_STATUS_COMMAND); /* which is none of the terminal's */
    card_expect(t,
                "8010000028 FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
                "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
                "910F");
    card_expect(t, "801200000F", "D00D 8103010500 82028182 99020712 9000");
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("applet, events");
    TCase *events = tcase_create("TS 102 241 4.3, TS 31.130 6"), *c = tcase_create("answers"),
          *registry = tcase_create("TS 102 241 annex A, ToolkitRegistry");

    tcase_add_checked_fixture(events, probe_setup, teardown);
    tcase_add_loop_test(events, event_reaches_who_registered_for_it_alone, 0, (int)ARRAY_LEN(rows));
    tcase_add_loop_test(events, event_is_not_told_after_it_was_cleared, 0, (int)ARRAY_LEN(rows));
    tcase_add_test(events, first_command_is_told_once_after_each_reset);
    tcase_add_test(events, envelope_that_nobody_knows_is_refused);
    tcase_add_test(events, envelope_is_handed_over_whole);
    tcase_add_test(events, registration_outlives_a_change_that_was_rolled_back);
    tcase_add_test(events, registration_that_was_rolled_back_does_not_trigger);
    suite_add_tcase(s, events);
    tcase_add_checked_fixture(c, probe_setup, teardown);
    tcase_add_test(c, call_is_controlled_by_a_tlv);
    tcase_add_test(c, call_without_an_answer_is_allowed_as_it_is);
    tcase_add_test(c, message_refused_by_an_applet_is_an_error_to_the_network);
    tcase_add_test(c, message_is_answered_by_who_posts_first);
    tcase_add_test(c, answer_has_its_limits);
    tcase_add_test(c, what_is_no_question_has_no_answer);
    tcase_add_test(c, answer_is_lost_once_a_command_was_sent);
    tcase_add_test(c, command_whose_applet_meets_a_failing_store_fails);
    suite_add_tcase(s, c);
    tcase_add_checked_fixture(registry, probe_setup, teardown);
    tcase_add_test(registry, control_of_calls_and_messages_is_for_one);
    tcase_add_test(registry, secured_packets_need_a_tar);
    tcase_add_test(registry, events_that_come_with_something_are_not_for_asking);
    tcase_add_test(registry, event_list_tells_the_terminal_of_all);
    suite_add_tcase(s, registry);
    return s;
}
