/* Tests of uicc/applet. Goal: an installed applet is selected, asked and removed as Java Card has
 * it; nothing an applet does reaches beyond itself. */
#include "test/uicc/applet_fixture.h"

#include <string.h>

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
    ck_assert_uint_eq(e.number, APPLET_MANAGER);
    ck_assert_int_eq(applet_registry_next(&t->card->store, APPLET_MANAGER, &e), ERR_OK);
    ck_assert_uint_eq(e.number, APPLET_NATIVE);
    ck_assert_int_eq(applet_registry_next(&t->card->store, APPLET_NATIVE + 2, &e), ERR_NOT_FOUND);
    ck_assert_int_eq(applet_registry_remove(&t->card->store, APPLET_MANAGER), ERR_DENIED);
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
    return s;
}
