/* Tests of uicc/applet/registrar.c and setup.c, and of who has the terminal. Goal: timers,
 * channels, services and polling belong to whom they were given; activations that wait for the
 * terminal do not mix, and a reset ends them. */
#include "test/uicc/probe_fixture.h"

#include <stdio.h>

static struct probe *granted(uint8_t name, uint8_t event, const struct toolkit_registration *grant)
{
    struct applet_installation w = wanted(0, name);

    w.toolkit = *grant;
    w.toolkit.priority = name;
    return &probes[probe_as(&w, &event, event != 0)];
}

static struct applet handle(const struct probe *p)
{
    return (struct applet){.card = t->card, .number = (uint8_t)(p - probes)};
}

static void ready(void)
{
    card_send(t, ALL);
}

/* FETCH of this length; the bytes begin so. */
static void fetched(const char *length, const char *want)
{
    char command[16];

    (void)snprintf(command, sizeof command, "80120000%s", length);
    card_expect(t, command, want);
}

/* What p is to send when it is triggered next. */
static void sends(struct probe *p, void (*build)(struct cat_command *c), unsigned times)
{
    build(&p->command);
    p->sends = times;
}

static void text(struct cat_command *c)
{
    cat_display_text(c, 0, "hi");
}

static void timer(struct cat_command *c)
{
    cat_timer_start(c, 1, 60);
}

static void link_up(struct cat_command *c)
{
    const struct cat_link link = {.transport = CAT_UDP_CLIENT,
                                  .address = {192, 0, 2, 1},
                                  .address_len = 4,
                                  .port = 4000,
                                  .buffer = 256};

    cat_open_channel(c, CAT_LINK_IMMEDIATE, &link);
}

static void link_down(struct cat_command *c)
{
    cat_close_channel(c, 1);
}

/* ---- timers ---- */

START_TEST(timer_expires_for_its_owner_alone)
{
    const struct toolkit_registration grant = {.max_timers = 1};
    struct probe *one = granted(1, 0, &grant), *two = granted(2, 0, &grant);
    struct applet a = handle(one), b = handle(two);
    uint8_t mine = 0, other = 0;

    ck_assert_int_eq(applet_allocate_timer(&a, &mine), ERR_OK);
    ck_assert_int_eq(applet_allocate_timer(&b, &other), ERR_OK);
    ck_assert_uint_eq(mine, 1);
    ck_assert_uint_eq(other, 2);
    card_expect(t, "80C200000E D70C 82028281 A40102 A503001000", "9000");
    ck_assert_uint_eq(one->count, 0);
    probe_expect(two, 1, APPLET_TIMER_EXPIRATION);
    ck_assert_uint_eq(two->log[0].item, 2);
    card_expect(t, "80C200000E D70C 82028281 A40108 A503001000", "9000");
    ck_assert_uint_eq(one->count + two->count, 1);
}
END_TEST

START_TEST(timer_of_somebody_else_cannot_be_started)
{
    const struct toolkit_registration grant = {.max_timers = 1};
    struct probe *one = granted(1, APPLET_STATUS_COMMAND, &grant),
                 *two = granted(2, APPLET_STATUS_COMMAND, &grant);
    struct applet a = handle(one);
    uint8_t id;

    ck_assert_int_eq(applet_allocate_timer(&a, &id), ERR_OK);
    ck_assert_int_eq(store_commit(&t->card->store), ERR_OK);
    ready();
    sends(two, timer, 1);
    card_expect(t, "80F2000C00", "9000");
    ck_assert_int_eq(two->sent, ERR_DENIED);
    sends(one, timer, 1);
    card_expect(t, "80F2000C00", "9113");
    ck_assert_int_eq(one->sent, ERR_OK);
}
END_TEST

/* ---- services, TS 102 223 8.63 ---- */

START_TEST(service_is_connected_to_its_owner)
{
    const struct toolkit_registration grant = {.max_services = 2};
    struct probe *one = granted(1, APPLET_LOCAL_CONNECTION, &grant),
                 *two = granted(2, APPLET_LOCAL_CONNECTION, &grant);
    struct applet a = handle(one), b = handle(two);
    uint8_t id = 9, other = 9;

    ck_assert_int_eq(applet_allocate_service(&a, &id), ERR_OK);
    ck_assert_uint_eq(id, 0);
    ck_assert_int_eq(applet_allocate_service(&b, &other), ERR_OK);
    ck_assert_uint_eq(other, 1);
    ck_assert_int_eq(applet_allocate_service(&b, &other), ERR_OK);
    ck_assert_int_eq(applet_allocate_service(&b, &other), ERR_SPACE);
    ck_assert_int_eq(applet_release_service(&a, 1), ERR_NOT_FOUND);
    card_expect(t, "80C200000D D60B 99010D 82028281 C1020001", "9000");
    ck_assert_uint_eq(one->count, 0);
    probe_expect(two, 1, APPLET_LOCAL_CONNECTION);
    ck_assert_uint_eq(two->log[0].item, 1);
    ck_assert_int_eq(applet_release_service(&a, 0), ERR_OK);
    card_expect(t, "80C200000D D60B 99010D 82028281 C1020000", "9000");
    ck_assert_uint_eq(one->count, 0);
}
END_TEST

/* ---- channels ---- */

#define DATA "80C2000010 D60E 990109 82028281 B8028100 B70110"

/* one opens channel 1; the session is idle again. */
static void open_channel(struct probe *one)
{
    sends(one, link_up, 1);
    card_expect(t, "80F2000C00", "911E");
    card_send(t, "801200001E");
    card_expect(t, "8014000010 810301400182028281 830100 B8028100", "9000");
    ck_assert_uint_eq(one->log[one->count - 1].stage, 1);
}

START_TEST(channel_belongs_to_who_opened_it)
{
    const struct toolkit_registration grant = {.max_channels = 1};
    struct probe *one = granted(1, APPLET_STATUS_COMMAND, &grant),
                 *two = granted(2, APPLET_DATA_AVAILABLE, &grant);
    struct applet a = handle(one), b = handle(two);

    ck_assert_int_eq(applet_set_event(&a, APPLET_DATA_AVAILABLE), ERR_OK);
    ck_assert_int_eq(store_commit(&t->card->store), ERR_OK);
    card_send(t, "8010000014 FFFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"); /* no event list */
    card_send(t, "80F2000C00");
    open_channel(one);
    one->count = two->count = 0;
    card_expect(t, DATA, "9000");
    probe_expect(one, 1, APPLET_DATA_AVAILABLE);
    ck_assert_uint_eq(one->log[0].item, 1);
    ck_assert_uint_eq(two->count, 0);
    ck_assert_int_eq(applet_set_event(&b, APPLET_STATUS_COMMAND), ERR_OK);
    ck_assert_int_eq(store_commit(&t->card->store), ERR_OK);
    sends(two, link_down, 1);
    sends(one, link_up, 1); /* one more than granted */
    card_expect(t, "80F2000C00", "9000");
    ck_assert_int_eq(two->sent, ERR_DENIED);
    ck_assert_int_eq(one->sent, ERR_DENIED);
    sends(one, link_down, 1);
    card_expect(t, "80F2000C00", "910B");
    card_send(t, "801200000B");
    card_expect(t, "801400000C 810302410082028281 830100", "9000");
    one->count = 0;
    card_expect(t, DATA, "9000");
    ck_assert_uint_eq(one->count, 0);
}
END_TEST

START_TEST(commands_of_the_framework_are_not_for_applets)
{
    static const uint8_t types[] = {PROACTIVE_SET_UP_MENU, PROACTIVE_SET_UP_EVENT_LIST,
                                    PROACTIVE_POLL_INTERVAL, PROACTIVE_POLLING_OFF};
    const struct toolkit_registration grant = {.max_text = 0};
    struct probe *p = granted(1, APPLET_STATUS_COMMAND, &grant);

    ready();
    for (size_t i = 0; i < sizeof types; i++) {
        p->command = (struct cat_command){.type = types[i], .destination = DEVICE_TERMINAL};
        p->sends = 1;
        card_expect(t, "80F2000C00", "9000");
        ck_assert_int_eq(p->sent, ERR_DENIED);
    }
}
END_TEST

/* ---- polling ---- */

START_TEST(poll_interval_is_the_shortest_that_is_wanted)
{
    const struct toolkit_registration grant = {.max_text = 0};
    struct applet a = handle(granted(1, 0, &grant)), b = handle(granted(2, 0, &grant));

    ck_assert_int_eq(applet_request_poll_interval(&a, 600), ERR_OK);
    ck_assert_int_eq(applet_request_poll_interval(&b, 15301), ERR_RANGE);
    ck_assert_int_eq(store_commit(&t->card->store), ERR_OK);
    card_expect(t, ALL, "910F");
    fetched("0F", "D00D 8103010300 82028182 8402000A 9000"); /* 10 minutes */
    ck_assert_uint_eq(applet_poll_interval(&a), 0);
    card_expect(t, "8014000010 810301030082028281 830100 84020009", "9000");
    ck_assert_uint_eq(applet_poll_interval(&a), 540); /* as the terminal has it */
    ck_assert_uint_eq(applet_poll_interval(&b), 0);
    ck_assert_int_eq(applet_request_poll_interval(&b, 30), ERR_OK);
    card_expect(t, "80F2000C00", "910F");
    fetched("0F", "D00D 8103020300 82028182 8402011E 9000");
    card_expect(t, "801400000C 810302030082028281 830100", "9000");
    ck_assert_uint_eq(applet_poll_interval(&a), 30);
    ck_assert_int_eq(applet_request_poll_interval(&a, 0), ERR_OK);
    ck_assert_int_eq(applet_request_poll_interval(&b, 0), ERR_OK);
    card_expect(t, "80F2000C00", "910B");
    fetched("0B", "D009 8103030400 82028182 9000");
}
END_TEST

/* ---- menu ---- */

START_TEST(menu_entry_is_changed_and_told_again)
{
    struct toolkit_registration grant = {.max_text = 8, .entry_count = 1};
    const struct applet_menu_text said = {"Second", PROACTIVE_SEND_SHORT_MESSAGE, true};
    const struct applet_menu_text long_one = {"too long a", 0, false};
    struct applet a = handle(granted(1, 0, &grant));
    uint8_t id = 0;

    ck_assert_int_eq(applet_add_menu_entry(&a, "First", &id), ERR_OK);
    ck_assert_int_eq(applet_change_menu_entry(&a, (uint8_t)(id + 1), &said), ERR_NOT_FOUND);
    ck_assert_int_eq(applet_change_menu_entry(&a, id, &long_one), ERR_RANGE);
    ck_assert_int_eq(applet_change_menu_entry(&a, id, &said), ERR_OK);
    ck_assert_int_eq(store_commit(&t->card->store), ERR_OK);
    card_expect(t, ALL, "9125");
    fetched("25", "D023 8103012580 82028182 850C 53494D207365727669636573 8F07 015365636F6E64"
                  " 980113 9000");
    card_expect(t, "801400000C 810301258082028281 830100", "9000");
    card_expect(t, "80C200000B D309 82020181 900101 9500", "9000");
    probe_expect(&probes[a.number], 1, APPLET_MENU_HELP);
}
END_TEST

/* ---- who has the terminal ---- */

#define DONE(number) "801400000C 8103" number "210082028281 830100"

START_TEST(applets_parked_in_turn_do_not_mix)
{
    const struct toolkit_registration grant = {.max_text = 0};
    struct probe *one = granted(1, APPLET_STATUS_COMMAND, &grant),
                 *two = granted(2, APPLET_STATUS_COMMAND, &grant),
                 *three = granted(3, APPLET_IDLE_SCREEN, &grant);

    card_send(t, "8010000014 FFFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF");
    sends(one, text, 2);
    sends(two, text, 1);
    card_expect(t, "80F2000C00", "9110");
    card_send(t, "8012000010");
    /* one is parked, two waits for the terminal; a third one comes and goes */
    card_expect(t, "80C2000009 D607 990105 82020281", "9000");
    probe_expect(three, 1, APPLET_IDLE_SCREEN);
    ck_assert_uint_eq(one->count, 1);
    ck_assert_uint_eq(two->count, 1);
    /* many commands later the first one goes on, and wants the terminal again, behind the other */
    for (int i = 0; i < 50; i++)
        card_expect(t, "00A4000C023F00", "9000");
    card_expect(t, "801400000C 810301210082028281 830106", "9110");
    ck_assert_uint_eq(one->count, 2);
    ck_assert_uint_eq(one->log[1].stage, 1);
    ck_assert_uint_eq(one->log[1].result, 0x06);
    ck_assert_uint_eq(two->count, 1);
    fetched("10", "D00E 8103022100 82028102 8D03046869 9000");
    card_expect(t, DONE("02"), "9110");
    fetched("10", "D00E 8103032100 82028102 8D03046869 9000");
    card_expect(t, DONE("03"), "9000");
    ck_assert_uint_eq(one->count, 3);
    ck_assert_uint_eq(two->count, 2);
    ck_assert_uint_eq(two->log[1].result, 0x00);
    ck_assert_uint_eq(t->card->applets->count, 0);
}
END_TEST

START_TEST(applet_that_fails_when_it_goes_on_fails_that_command_alone)
{
    const struct toolkit_registration grant = {.max_text = 0};
    struct probe *p = granted(1, APPLET_STATUS_COMMAND, &grant);

    ready();
    sends(p, text, 1);
    card_expect(t, "80F2000C00", "9110");
    card_send(t, "8012000010");
    p->fails = ERR_IO;
    card_expect(t, DONE("01"), "6581");
    p->fails = ERR_OK;
    card_expect(t, "80F2000C00", "9000");
}
END_TEST

/* The terminal still answers the command of an applet that is gone; nobody else hears of it. */
START_TEST(answer_to_a_removed_applet_is_nobody_s)
{
    const struct toolkit_registration grant = {.max_text = 0};
    struct probe *gone = granted(1, APPLET_STATUS_COMMAND, &grant),
                 *other = granted(2, APPLET_IDLE_SCREEN, &grant);

    card_send(t, "8010000014 FFFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF");
    sends(gone, text, 1);
    sends(other, text, 1);
    card_expect(t, "80F2000C00", "9110");
    card_send(t, "8012000010");
    ck_assert_int_eq(applet_uninstall(t->card, (uint8_t)(gone - probes)), ERR_OK);
    ck_assert_int_eq(store_commit(&t->card->store), ERR_OK);
    card_expect(t, "80C2000009 D607 990105 82020281", "9000");
    ck_assert_uint_eq(other->count, 1);
    card_expect(t, "801400000C 810301210082028281 830120", "9110");
    ck_assert_uint_eq(gone->count, 1);
    ck_assert_uint_eq(other->count, 1); /* the terminal is its own only now */
    fetched("10", "D00E 8103022100 82028102 8D03046869 9000");
    card_expect(t, DONE("02"), "9000");
    ck_assert_uint_eq(other->count, 2);
    ck_assert_uint_eq(other->log[1].result, 0x00);
    ck_assert_uint_eq(t->card->applets->count, 0);
}
END_TEST

START_TEST(reset_drops_who_was_parked)
{
    const struct toolkit_registration grant = {.max_text = 0};
    struct probe *p = granted(1, APPLET_STATUS_COMMAND, &grant);

    ready();
    sends(p, text, 1);
    card_expect(t, "80F2000C00", "9110");
    card_send(t, "8012000010");
    card_reset(t);
    ready();
    card_expect(t, DONE("01"), "6985");
    ck_assert_uint_eq(p->count, 1);
    card_expect(t, "80F2000C00", "9000"); /* and it is free for the next event */
    ck_assert_uint_eq(p->log[1].stage, 0);
    ck_assert_uint_eq(p->count, 2);
}
END_TEST

/* An applet is selected and works while another one waits for the user. */
START_TEST(commands_go_on_while_an_applet_is_parked)
{
    const struct toolkit_registration grant = {.max_text = 0};
    struct probe *p = granted(1, APPLET_STATUS_COMMAND, &grant);

    ready();
    sends(p, text, 1);
    card_expect(t, "80F2000C00", "9110");
    card_send(t, "8012000010");
    card_send(t, "00A4040008A000000151000000");
    card_send(t, "80CA00E000");
    card_send(t, "0070000001");
    card_expect(t, "80C200000A D408 82028281 86029121", "9000");
    ck_assert_uint_eq(p->count, 1);
    card_expect(t, DONE("01"), "9000");
    ck_assert_uint_eq(p->count, 2);
}
END_TEST

START_TEST(terminal_is_offered_once_to_who_asked)
{
    const struct toolkit_registration grant = {.max_text = 0};
    struct probe *busy = granted(3, APPLET_STATUS_COMMAND, &grant),
                 *late = granted(2, APPLET_HANDLER_AVAILABLE, &grant),
                 *early = granted(1, APPLET_HANDLER_AVAILABLE, &grant);
    struct applet a = handle(early);

    card_expect(t, "80F2000C00", "9000");
    ck_assert_uint_eq(early->count, 0); /* no terminal has spoken */
    sends(busy, text, 1);
    sends(early, text, 1);
    ck_assert_int_eq(applet_clear_event(&a, APPLET_HANDLER_AVAILABLE), ERR_OK);
    ck_assert_int_eq(store_commit(&t->card->store), ERR_OK);
    ready();
    probe_expect(late, 1, APPLET_HANDLER_AVAILABLE);
    ck_assert_int_eq(applet_set_event(&a, APPLET_HANDLER_AVAILABLE), ERR_OK);
    ck_assert_int_eq(store_commit(&t->card->store), ERR_OK);
    card_expect(t, "80F2000C00", "9110"); /* busy has it */
    ck_assert_uint_eq(early->count, 0);
    card_send(t, "8012000010");
    card_expect(t, DONE("01"), "9110"); /* and now early */
    probe_expect(early, 1, APPLET_HANDLER_AVAILABLE);
    ck_assert(!applet_is_event_set(&a, APPLET_HANDLER_AVAILABLE));
    card_send(t, "8012000010");
    card_expect(t, DONE("02"), "9000");
    ck_assert_uint_eq(late->count, 1);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("applet, resources");
    TCase *c = tcase_create("TS 102 241 4.6, annex A");

    tcase_add_checked_fixture(c, probe_setup, teardown);
    tcase_add_test(c, timer_expires_for_its_owner_alone);
    tcase_add_test(c, timer_of_somebody_else_cannot_be_started);
    tcase_add_test(c, service_is_connected_to_its_owner);
    tcase_add_test(c, channel_belongs_to_who_opened_it);
    tcase_add_test(c, commands_of_the_framework_are_not_for_applets);
    tcase_add_test(c, poll_interval_is_the_shortest_that_is_wanted);
    tcase_add_test(c, menu_entry_is_changed_and_told_again);
    tcase_add_test(c, applets_parked_in_turn_do_not_mix);
    tcase_add_test(c, answer_to_a_removed_applet_is_nobody_s);
    tcase_add_test(c, applet_that_fails_when_it_goes_on_fails_that_command_alone);
    tcase_add_test(c, reset_drops_who_was_parked);
    tcase_add_test(c, commands_go_on_while_an_applet_is_parked);
    tcase_add_test(c, terminal_is_offered_once_to_who_asked);
    suite_add_tcase(s, c);
    return s;
}
