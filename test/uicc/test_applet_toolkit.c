/* Tests of uicc/applet with the toolkit. Goal: an applet is triggered by what it registered for;
 * one that waits for the terminal is parked while others run. */
#include "test/uicc/applet_fixture.h"
#include "uicc/cat/session.h"

#include <stdio.h>
#include <string.h>

/* ---- toolkit ---- */

static void fetch(const char *length, const char *want)
{
    char command[16];

    snprintf(command, sizeof command, "80120000%s", length);
    card_expect(t, command, want);
}

/* TERMINAL RESPONSE to command number, type, with this result. */
static void respond(const char *number, const char *type, const char *result, const char *want)
{
    char command[64];

    snprintf(command, sizeof command, "801400000C 8103%s%s00 82028281 8301%s", number, type,
             result);
    card_expect(t, command, want);
}

START_TEST(menu_is_set_up_after_terminal_profile)
{
    install(0, 1);
    card_expect(t, ALL, "9121");
    fetch("21", "D01F810301250082028182850C53494D2073657276696365738F060148656C6C6F9000");
    respond("01", "25", "00", "9000");
}
END_TEST

START_TEST(menu_selection_parks_the_applet_until_the_terminal_responds)
{
    install(0, 1);
    card_send(t, ALL);
    card_send(t, "8012000021");
    respond("01", "25", "00", "9000");
    card_expect(t, "80C2000009 D30782020181900101", "911A");
    fetch("1A", "D018 8103022180 82028102 8D0D04 48656C6C6F2C20776F726C64 9000");
    /* many commands later */
    for (int i = 0; i < 20; i++)
        card_expect(t, "80F2000C00", "9000");
    card_expect(t, "801400000C 810302218082028281 830112", "911A"); /* no response: once more */
    fetch("1A", "D018 8103032180 82028102 8D0D04 48656C6C6F2C20776F726C64 9000");
    card_expect(t, "801400000C 810303218082028281 830100", "9000");
    ck_assert_ptr_null(t->card->applets->first);
}
END_TEST

START_TEST(menu_selection_of_nobody_s_entry_does_nothing)
{
    install(0, 1);
    card_send(t, ALL);
    card_send(t, "8012000021");
    respond("01", "25", "00", "9000");
    card_expect(t, "80C2000009 D30782020181900102", "9000");
    card_expect(t, "80C2000006 D30482020181", "9000");
}
END_TEST

START_TEST(two_applets_take_turns_with_the_terminal)
{
    install(0, 1);
    install(0, 2);
    card_send(t, ALL);
    card_send(t, "8012000029");
    respond("01", "25", "00", "9000");
    card_expect(t, "80C2000009 D30782020181900101", "911A");
    card_expect(t, "80C2000009 D30782020181900102", "911A"); /* the first one's is still there */
    ck_assert_uint_eq(t->card->applets->count, 2);
    card_send(t, "801200001A");
    card_expect(t, "801400000C 810302218082028281 830100", "911A");
    card_send(t, "801200001A");
    card_expect(t, "801400000C 810303218082028281 830100", "9000");
    ck_assert_uint_eq(t->card->applets->count, 0);
}
END_TEST

START_TEST(an_applet_is_entered_once_at_a_time)
{
    const struct applet_activation *first, *second;

    install(0, 1);
    card_send(t, ALL);
    card_send(t, "8012000021");
    respond("01", "25", "00", "9000");
    card_expect(t, "80C2000009 D30782020181900101", "911A");
    card_expect(t, "80C2000009 D30782020181900101", "911A");
    first = t->card->applets->first;
    second = first->next;
    ck_assert_int_eq(first->state, APPLET_PARKED);
    ck_assert_int_eq(second->state, APPLET_READY);
    ck_assert_uint_eq(second->stage, 0);
    card_send(t, "801200001A");
    card_expect(t, "801400000C 810302218082028281 830100", "911A");
    ck_assert_ptr_eq(t->card->applets->first, second);
    ck_assert_int_eq(second->state, APPLET_PARKED);
}
END_TEST

START_TEST(triggers_are_bounded)
{
    install(0, 1);
    card_send(t, ALL);
    card_send(t, "8012000021");
    respond("01", "25", "00", "9000");
    for (int i = 0; i < TOOLKIT_ACTIVATIONS_MAX; i++)
        card_expect(t, "80C2000009 D30782020181900101", "911A");
    card_expect(t, "80C2000009 D30782020181900101", "9300");
    card_reset(t);
    ck_assert_uint_eq(t->card->applets->count, 0);
    ck_assert_ptr_null(t->card->applets->first);
}
END_TEST

START_TEST(removed_applet_takes_its_activations_along)
{
    uint8_t number = install(0, 1);

    card_send(t, ALL);
    card_send(t, "8012000021");
    respond("01", "25", "00", "9000");
    card_expect(t, "80C2000009 D30782020181900101", "911A");
    card_send(t, "801200001A");
    ck_assert_int_eq(applet_uninstall(t->card, number), ERR_OK);
    ck_assert_int_eq(store_commit(&t->card->store), ERR_OK);
    /* its answer comes, and the menu goes */
    card_expect(t, "801400000C 810302218082028281 830100", "911B");
    fetch("1B", "D019810303250082028182850C53494D2073657276696365738F009000");
}
END_TEST

/* The card's own commands, as a script asks for them, may be as many as wait at a time. */
START_TEST(an_applet_waits_while_the_terminal_s_queue_is_full)
{
    install(0, 1);
    card_send(t, ALL);
    card_send(t, "8012000021");
    respond("01", "25", "00", "9000");
    for (unsigned i = 0; i < CAT_QUEUE_MAX; i++)
        ck_assert_int_eq(
            cat_queue(t->card, PROACTIVE_MORE_TIME, 0, DEVICE_TERMINAL, RD(NULL, 0), NULL), ERR_OK);
    card_expect(t, "80C2000009 D30782020181900101", "910B");
    ck_assert_uint_eq(t->card->applets->count, 1);
    fetch("0B", "D009 8103020200 82028182 9000");
    respond("02", "02", "00", "910B");
    ck_assert_uint_eq(t->card->cat->count, CAT_QUEUE_MAX); /* it has the place that is free now */
}
END_TEST

START_TEST(terminal_that_cannot_display_ends_the_activation)
{
    install(0, 1);
    card_expect(t, "8010000004 09000000", "9000");
    card_expect(t, "80C2000009 D30782020181900101", "9000");
    ck_assert_uint_eq(t->card->applets->count, 0);
}
END_TEST

START_TEST(location_status_is_told_by_short_message_once)
{
    install(1, 1);
    card_expect(t, ALL, "910E");
    fetch("0E", "D00C8103010500820281829901039000");
    respond("01", "05", "00", "9000");
    card_expect(t, "80C2000015 D613 990103 82028281 9B0100 930762F210000A0001", "9140");
    fetch("40", "D03E 8103021300 82028183 8500 8B31 01000D91947172199181F3000028"
                "C9E6340982C162B0182C269BD16AB61B2E0782329B4E90CC2683C540CCE0100483C182 9000");
    card_expect(t, "801400000C 810302130082028281 830100", "9000");
    card_expect(t, "80C2000015 D613 990103 82028281 9B0100 930762F210000A0001", "9000");
    card_expect(t, "80C2000015 D613 990103 82028281 9B0100 930762F210000B0001", "9140");
    /* the network did not take it: the same news again */
    card_send(t, "8012000040");
    card_expect(t, "801400000D 810303130082028281 83022103", "9000");
    card_expect(t, "80C2000015 D613 990103 82028281 9B0100 930762F210000B0001", "9140");
}
END_TEST

START_TEST(events_trigger_by_priority_then_the_youngest)
{
    static const uint8_t priority[] = {5, 1, 5, 9};
    uint8_t numbers[4];

    for (unsigned i = 0; i < 4; i++) {
        struct applet_installation w = wanted(1, (uint8_t)(i + 1));

        w.toolkit.priority = priority[i];
        w.toolkit.entry_count = 0;
        w.parameters = RD((const uint8_t *)"123", 3);
        numbers[i] = install_as(&w);
    }
    card_send(t, ALL);
    card_send(t, "801200000E");
    respond("01", "05", "00", "9000");
    card_send(t, "80C2000015 D613 990103 82028281 9B0100 930762F210000A0001");
    {
        static const uint8_t order[] = {1, 2, 0, 3};
        const struct applet_activation *act = t->card->applets->first;

        for (unsigned i = 0; i < 4; i++, act = act->next)
            ck_assert_uint_eq(act->number, numbers[order[i]]);
        ck_assert_ptr_null(act);
    }
}
END_TEST

START_TEST(timers_belong_to_whom_they_were_given)
{
    struct applet_installation w = wanted(0, 1);
    struct applet one = {.card = t->card}, two = {.card = t->card};
    uint8_t a = 0, b = 0, c = 0;

    w.toolkit.max_timers = 2;
    one.number = install_as(&w);
    w = wanted(0, 2);
    w.toolkit.max_timers = 1;
    two.number = install_as(&w);
    ck_assert_int_eq(applet_allocate_timer(&one, &a), ERR_OK);
    ck_assert_int_eq(applet_allocate_timer(&two, &b), ERR_OK);
    ck_assert_uint_ne(a, b);
    ck_assert_int_eq(applet_allocate_timer(&two, &c), ERR_SPACE);
    ck_assert_int_eq(applet_release_timer(&two, a), ERR_NOT_FOUND);
    ck_assert_int_eq(applet_release_timer(&one, a), ERR_OK);
    ck_assert_int_eq(applet_allocate_timer(&one, &c), ERR_OK);
    ck_assert_uint_eq(c, a);
}
END_TEST

START_TEST(menu_entry_can_be_disabled)
{
    struct applet a = {.card = t->card};

    a.number = install(0, 1);
    ck_assert_int_eq(applet_enable_menu_entry(&a, 1, false), ERR_OK);
    ck_assert_int_eq(applet_enable_menu_entry(&a, 2, false), ERR_NOT_FOUND);
    card_expect(t, ALL, "9000");
    card_expect(t, "80C2000009 D30782020181900101", "9000");
    ck_assert_int_eq(applet_set_event(&a, APPLET_MENU_SELECTION), ERR_RANGE);
    ck_assert_int_eq(applet_set_event(&a, 0x80), ERR_RANGE);
    ck_assert_int_eq(applet_set_event(&a, APPLET_LOCATION_STATUS), ERR_OK);
    ck_assert(applet_is_event_set(&a, APPLET_LOCATION_STATUS));
    ck_assert_int_eq(applet_clear_event(&a, APPLET_LOCATION_STATUS), ERR_OK);
    ck_assert(!applet_is_event_set(&a, APPLET_LOCATION_STATUS));
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("applet, toolkit");
    TCase *c = add(s, "TS 102 223 6, TS 102 241");

    tcase_add_test(c, menu_is_set_up_after_terminal_profile);
    tcase_add_test(c, menu_selection_parks_the_applet_until_the_terminal_responds);
    tcase_add_test(c, menu_selection_of_nobody_s_entry_does_nothing);
    tcase_add_test(c, two_applets_take_turns_with_the_terminal);
    tcase_add_test(c, an_applet_is_entered_once_at_a_time);
    tcase_add_test(c, triggers_are_bounded);
    tcase_add_test(c, removed_applet_takes_its_activations_along);
    tcase_add_test(c, an_applet_waits_while_the_terminal_s_queue_is_full);
    tcase_add_test(c, terminal_that_cannot_display_ends_the_activation);
    tcase_add_test(c, location_status_is_told_by_short_message_once);
    tcase_add_test(c, events_trigger_by_priority_then_the_youngest);
    tcase_add_test(c, timers_belong_to_whom_they_were_given);
    tcase_add_test(c, menu_entry_can_be_disabled);
    return s;
}
