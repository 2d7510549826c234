/* Tests of uicc/applet. Goal: an installed applet is selected, asked, triggered and removed as Java
 * Card has it; one that waits for the terminal is parked while others run; nothing an applet does
 * reaches beyond itself. */
#include "test/support/runner.h"
#include "test/support/uicc/card.h"
#include "uicc/applet/manage.h"
#include "uicc/applet/native.h"
#include "uicc/pin/pin.h"

#include <stdio.h>
#include <string.h>

#define ALL        "8010000014 FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
#define SELECT_ONE "00A4040408 F0AA000000000001"
#define SELECT_TWO "00A4040408 F0AA000000000002"

static struct test_card *t;

static void setup(void)
{
    t = card_new();
}

static void teardown(void)
{
    card_free(&t);
}

/* Module 0 is hello, 1 the watch. */
static struct applet_installation wanted(unsigned module, uint8_t name)
{
    const struct native_package *p = applet_native_package(1);
    const uint8_t aid[] = {0xF0, 0xAA, 0, 0, 0, 0, 0, name};
    struct applet_installation w = {
        .entry = {.package = APPLET_NATIVE + 1,
                  .module = p->modules[module].aid,
                  .life = APPLET_SELECTABLE,
                  .domain = APPLET_ISD,
                  .rights = PIN_BIT_PIN1},
        .toolkit = {.priority = 1, .max_text = 16, .entry_count = 1},
    };

    ck_assert(applet_aid_set(&w.entry.aid, RD_ARRAY(aid)));
    return w;
}

static uint8_t install_as(struct applet_installation *w)
{
    enum err e = applet_install(t->card, w);

    ck_assert_msg(e == ERR_OK, "%s", err_text(e));
    ck_assert_int_eq(store_commit(&t->card->store), ERR_OK);
    return w->entry.number;
}

static uint8_t install(unsigned module, uint8_t name)
{
    static const char number[] = "+4917279119183";
    struct applet_installation w = wanted(module, name);

    if (module == 1)
        w.parameters = RD((const uint8_t *)number, sizeof number - 1);
    return install_as(&w);
}

/* ---- registry ---- */

START_TEST(registry_keeps_entries_over_a_power_cut)
{
    struct applet_entry e;
    uint8_t number = install(0, 1);

    ck_assert_int_eq(card_power_cycle(t), ERR_OK);
    ck_assert_int_eq(applet_registry_read(&t->card->store, number, &e), ERR_OK);
    ck_assert_uint_eq(e.life, APPLET_SELECTABLE);
    ck_assert_uint_eq(e.aid.len, 8);
    ck_assert_uint_eq(e.rights, PIN_BIT_PIN1);
    ck_assert_uint_eq(e.order, 1);
    card_expect_run(t, SELECT_ONE, "6F0C8408F0AA000000000001A500 9000");
}
END_TEST

START_TEST(registry_does_not_keep_what_was_not_committed)
{
    struct applet_installation w = wanted(0, 1);
    struct applet_entry e;

    ck_assert_int_eq(applet_install(t->card, &w), ERR_OK);
    ck_assert_int_eq(card_power_cycle(t), ERR_OK);
    ck_assert_int_eq(applet_registry_read(&t->card->store, 2, &e), ERR_NOT_FOUND);
}
END_TEST

START_TEST(registry_lists_the_card_s_own)
{
    struct applet_entry e;

    ck_assert_int_eq(applet_registry_next(&t->card->store, 0, &e), ERR_OK);
    ck_assert_uint_eq(e.number, APPLET_ISD);
    ck_assert_int_eq(applet_registry_next(&t->card->store, APPLET_ISD, &e), ERR_OK);
    ck_assert_uint_eq(e.number, APPLET_NATIVE);
    ck_assert_int_eq(applet_registry_next(&t->card->store, APPLET_NATIVE + 1, &e), ERR_NOT_FOUND);
    ck_assert_int_eq(applet_registry_remove(&t->card->store, APPLET_ISD), ERR_DENIED);
    ck_assert_int_eq(applet_registry_remove(&t->card->store, APPLET_NATIVE), ERR_DENIED);
}
END_TEST

START_TEST(registry_refuses_a_damaged_entry)
{
    struct applet_entry e;
    uint8_t number = install(0, 1), bytes[128];
    struct rd r;
    size_t len;

    ck_assert(store_get(&t->card->store, OBJ_APPLET(number), &r));
    len = r.left;
    memcpy(bytes, r.at, len);
    for (size_t n = 0; n < len; n++) {
        ck_assert_int_eq(store_put(&t->card->store, OBJ_APPLET(number), RD(bytes, n)), ERR_OK);
        ck_assert_int_eq(applet_registry_read(&t->card->store, number, &e), ERR_CORRUPT);
    }
    card_expect(t, SELECT_ONE, "6A82");
}
END_TEST

START_TEST(registry_is_full_at_its_limit)
{
    struct applet_installation w = wanted(0, 200);
    uint8_t n = 1;

    w.toolkit = (struct toolkit_registration){0};
    for (; applet_registry_free(&t->card->store) != 0; n++) {
        w = wanted(1, n);
        w.toolkit.entry_count = 0;
        w.parameters = RD((const uint8_t *)"123", 3);
        ck_assert_int_eq(applet_install(t->card, &w), ERR_OK);
    }
    ck_assert_uint_eq(n, APPLET_ENTRIES_MAX);
    w = wanted(0, 200);
    ck_assert_int_eq(applet_install(t->card, &w), ERR_SPACE);
}
END_TEST

/* ---- installation ---- */

START_TEST(install_refuses_an_aid_twice)
{
    struct applet_installation w = wanted(0, 1);

    install(0, 1);
    ck_assert_int_eq(applet_install(t->card, &w), ERR_EXISTS);
}
END_TEST

START_TEST(install_gives_back_what_the_applet_refused)
{
    struct applet_installation w = wanted(1, 1); /* without a number to tell */
    struct applet_entry e;

    ck_assert_int_ne(applet_install(t->card, &w), ERR_OK);
    ck_assert_int_eq(applet_registry_find(&t->card->store, RD_AID(&w.entry.aid), &e),
                     ERR_NOT_FOUND);
    ck_assert_uint_eq(applet_registry_free(&t->card->store), 2);
}
END_TEST

START_TEST(install_refuses_more_than_there_is)
{
    struct applet_installation w = wanted(0, 1);

    w.entry.quota = card_free_memory(t->card) + 1;
    ck_assert_int_eq(applet_install(t->card, &w), ERR_SPACE);
    w = wanted(0, 1);
    w.toolkit.max_timers = TOOLKIT_TIMERS_MAX + 1;
    ck_assert_int_eq(applet_install(t->card, &w), ERR_SPACE);
    w = wanted(0, 1);
    w.toolkit.max_timers = 5;
    install_as(&w);
    w = wanted(0, 2);
    w.toolkit.max_timers = 4;
    ck_assert_int_eq(applet_install(t->card, &w), ERR_SPACE);
}
END_TEST

START_TEST(install_numbers_menu_entries_over_the_card)
{
    struct applet_installation w = wanted(0, 1);

    w.toolkit.entries[0].id = 2;
    install_as(&w);
    w = wanted(0, 2);
    w.toolkit.entries[0].id = 2;
    ck_assert_int_eq(applet_install(t->card, &w), ERR_EXISTS);
    w = wanted(0, 2);
    install_as(&w);
    ck_assert_uint_eq(w.toolkit.entries[0].id, 1);
    w = wanted(0, 3);
    install_as(&w);
    ck_assert_uint_eq(w.toolkit.entries[0].id, 3);
}
END_TEST

START_TEST(data_stays_within_its_quota)
{
    struct applet_installation w = wanted(0, 1);
    struct applet a = {.card = t->card};
    uint8_t bytes[65] = {1};

    w.entry.quota = 64;
    a.number = install_as(&w);
    ck_assert_int_eq(applet_write_data(&a, RD(bytes, 65)), ERR_SPACE);
    ck_assert_int_eq(applet_write_data(&a, RD(bytes, 64)), ERR_OK);
    ck_assert_uint_eq(applet_data(&a).left, 64);
}
END_TEST

/* The firewall: a handle reaches what is its own. */
START_TEST(data_of_one_applet_is_not_another_s)
{
    struct applet one = {.card = t->card}, two = {.card = t->card};

    one.number = install(0, 1);
    two.number = install(0, 2);
    ck_assert_int_eq(applet_write_data(&one, RD((const uint8_t *)"secret", 6)), ERR_OK);
    ck_assert_uint_eq(applet_data(&two).left, 0);
    ck_assert_ptr_ne(applet_transient(&one, 16), applet_transient(&two, 16));
    ck_assert_int_eq(applet_uninstall(t->card, one.number), ERR_OK);
    one.number = install(0, 3); /* the same number again */
    ck_assert_uint_eq(applet_data(&one).left, 0);
}
END_TEST

START_TEST(transient_memory_is_zero_after_reset)
{
    struct applet a = {.card = t->card};
    uint8_t *p;

    a.number = install(0, 1);
    p = applet_transient(&a, 8);
    memset(p, 0x55, 8);
    ck_assert_ptr_eq(applet_transient(&a, 8), p);
    ck_assert_ptr_null(applet_transient(&a, 9));
    card_reset(t);
    p = applet_transient(&a, 8);
    ck_assert_mem_eq(p, "\0\0\0\0\0\0\0\0", 8);
}
END_TEST

START_TEST(files_are_read_with_the_rights_of_the_access_domain)
{
    static const uint8_t imsi[] = {0x7F, 0xFF, 0x6F, 0x07};
    struct applet_installation w = wanted(0, 1);
    struct applet a = {.card = t->card};
    struct rd body;

    card_free(&t);
    t = card_defaults();
    t->perso.pin1_enabled = true;
    card_make(t);
    a.card = t->card;
    a.number = install_as(&w);
    ck_assert_int_eq(applet_read_file(&a, RD_ARRAY(imsi), &body), ERR_OK);
    ck_assert_uint_eq(body.left, 9);
    ck_assert_int_eq(applet_update_file(&a, RD_ARRAY(imsi), 0, RD_ARRAY(imsi)), ERR_DENIED);
    w = wanted(0, 2);
    w.entry.rights = 0;
    a.number = install_as(&w);
    ck_assert_int_eq(applet_read_file(&a, RD_ARRAY(imsi), &body), ERR_DENIED);
    ck_assert_int_eq(applet_read_file(&a, RD(imsi, 2), &body), ERR_NOT_FOUND);
}
END_TEST

/* ---- selection ---- */

START_TEST(select_finds_an_applet_by_its_name)
{
    static const struct card_step steps[] = {
        {"00A4040007 F0AA0000000000", "6F0C8408F0AA000000000001A500 9000"}, /* first so named */
        {"00A4040207 F0AA0000000000", "6F0C8408F0AA000000000002A500 9000"}, /* next */
        {"00A4040207 F0AA0000000000", "6A82"},
        {"00A404040A F0AA0000000000010203", "6A82"},
        {"00A4040C08 F0AA000000000001", "9000"},
    };

    install(0, 1);
    install(0, 2);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        card_expect_run(t, steps[i].send, steps[i].want);
}
END_TEST

START_TEST(process_takes_commands_until_something_else_is_selected)
{
    install(0, 1);
    card_expect(t, "80CA000000", "6D00");
    card_expect_run(t, SELECT_ONE, "6F0C8408F0AA000000000001A500 9000");
    card_expect_run(t, "80CA000000", "48656C6C6F2C20776F726C64 9000");
    card_expect_run(t, "00B0000000", "48656C6C6F2C20776F726C64 9000");
    card_expect(t, "80CA00000B", "6C0C");
    card_expect(t, "80F2000C00", "9000"); /* STATUS stays the card's */
    card_expect_run(t, "0070000001", "01 9000");
    card_expect(t, "81CA000000", "6D00"); /* not selected there */
    card_expect_run(t, "00A4000C023F00", "9000");
    card_expect(t, "80CA000000", "6D00");
}
END_TEST

START_TEST(select_leaves_the_applet_when_it_fails)
{
    install(0, 1);
    card_run(t, SELECT_ONE);
    card_expect(t, "00A4040408 F0AA000000000009", "6A82");
    card_expect(t, "00A4000C026FFF", "6A82");
    card_expect_run(t, "80CA000000", "48656C6C6F2C20776F726C64 9000");
}
END_TEST

START_TEST(select_works_on_several_channels)
{
    uint8_t number = install(0, 1);

    card_run(t, SELECT_ONE);
    card_expect_run(t, "0070000001", "01 9000");
    card_expect_run(t, "01A4040C08 F0AA000000000001", "9000");
    card_expect_run(t, "81CA000000", "48656C6C6F2C20776F726C64 9000");
    ck_assert_int_eq(applet_uninstall(t->card, number), ERR_BUSY);
    card_expect(t, "00708001", "9000");
    card_run(t, "00A4000C023F00");
    ck_assert_int_eq(applet_uninstall(t->card, number), ERR_OK);
    card_expect(t, SELECT_ONE, "6A82");
}
END_TEST

/* The watch is no MultiSelectable. */
START_TEST(select_keeps_a_single_applet_on_one_channel)
{
    install(1, 1);
    card_run(t, SELECT_ONE);
    card_expect_run(t, "0070000001", "01 9000");
    card_expect(t, "01A4040408 F0AA000000000001", "6985");
    card_expect_run(t, "80CA000000", "0000000000 9000");
    card_expect_run(t, "00A4000C023F00", "9000");
    card_expect_run(t, "01A4040C08 F0AA000000000001", "9000");
}
END_TEST

START_TEST(select_refuses_what_is_not_selectable)
{
    struct applet_entry e;
    uint8_t number = install(0, 1);

    ck_assert_int_eq(applet_registry_read(&t->card->store, number, &e), ERR_OK);
    e.life = APPLET_INSTALLED;
    ck_assert_int_eq(applet_registry_write(&t->card->store, &e), ERR_OK);
    card_expect(t, SELECT_ONE, "6A82");
    e.life = APPLET_SELECTABLE | APPLET_LOCKED;
    ck_assert_int_eq(applet_registry_write(&t->card->store, &e), ERR_OK);
    card_expect(t, SELECT_ONE, "6A82");
}
END_TEST

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
    ck_assert_int_eq(applet_set_event(&a, APPLET_EVENTS), ERR_RANGE);
    ck_assert_int_eq(applet_set_event(&a, APPLET_LOCATION_STATUS), ERR_OK);
    ck_assert(applet_is_event_set(&a, APPLET_LOCATION_STATUS));
    ck_assert_int_eq(applet_clear_event(&a, APPLET_LOCATION_STATUS), ERR_OK);
    ck_assert(!applet_is_event_set(&a, APPLET_LOCATION_STATUS));
}
END_TEST

static TCase *add(Suite *s, const char *clause)
{
    TCase *c = tcase_create(clause);

    tcase_add_checked_fixture(c, setup, teardown);
    suite_add_tcase(s, c);
    return c;
}

Suite *suite_under_test(void)
{
    Suite *s = suite_create("applet");
    TCase *c = add(s, "GP 5.3, 6.6");

    tcase_add_test(c, registry_keeps_entries_over_a_power_cut);
    tcase_add_test(c, registry_does_not_keep_what_was_not_committed);
    tcase_add_test(c, registry_lists_the_card_s_own);
    tcase_add_test(c, registry_refuses_a_damaged_entry);
    tcase_add_test(c, registry_is_full_at_its_limit);
    c = add(s, "TS 102 226 8.2.1.3.2");
    tcase_add_test(c, install_refuses_an_aid_twice);
    tcase_add_test(c, install_gives_back_what_the_applet_refused);
    tcase_add_test(c, install_refuses_more_than_there_is);
    tcase_add_test(c, install_numbers_menu_entries_over_the_card);
    tcase_add_test(c, data_stays_within_its_quota);
    tcase_add_test(c, data_of_one_applet_is_not_another_s);
    tcase_add_test(c, transient_memory_is_zero_after_reset);
    tcase_add_test(c, files_are_read_with_the_rights_of_the_access_domain);
    c = add(s, "TS 102 221 8.3, 11.1.1");
    tcase_add_test(c, select_finds_an_applet_by_its_name);
    tcase_add_test(c, process_takes_commands_until_something_else_is_selected);
    tcase_add_test(c, select_leaves_the_applet_when_it_fails);
    tcase_add_test(c, select_works_on_several_channels);
    tcase_add_test(c, select_keeps_a_single_applet_on_one_channel);
    tcase_add_test(c, select_refuses_what_is_not_selectable);
    c = add(s, "TS 102 223 6, TS 102 241");
    tcase_add_test(c, menu_is_set_up_after_terminal_profile);
    tcase_add_test(c, menu_selection_parks_the_applet_until_the_terminal_responds);
    tcase_add_test(c, menu_selection_of_nobody_s_entry_does_nothing);
    tcase_add_test(c, two_applets_take_turns_with_the_terminal);
    tcase_add_test(c, an_applet_is_entered_once_at_a_time);
    tcase_add_test(c, triggers_are_bounded);
    tcase_add_test(c, removed_applet_takes_its_activations_along);
    tcase_add_test(c, terminal_that_cannot_display_ends_the_activation);
    tcase_add_test(c, location_status_is_told_by_short_message_once);
    tcase_add_test(c, events_trigger_by_priority_then_the_youngest);
    tcase_add_test(c, timers_belong_to_whom_they_were_given);
    tcase_add_test(c, menu_entry_can_be_disabled);
    return s;
}
